//! Requests meant to harm: each gets an answer of the right status, none brings the server down or makes it panic.

mod harness;

use harness::{API_KEY, Definition, config};

const SCHEMA: &str = "type Query { n(id: ID, limit: Int): Int q: Query }\n";
const RESOLVER: &str = "// @dataSource none\nexport function request() { return { payload: 1 }; }\nexport function response(ctx) { return ctx.result; }\n";

fn query(text: &str) -> String {
    format!("{{\"query\":{}}}", value::Value::from(text).to_json())
}

#[test]
fn hostile_bodies_are_answered_and_the_server_goes_on() {
    let definition =
        Definition::of(&[("config.toml", &config("")), ("schema.graphql", SCHEMA), ("resolvers/Query.n.js", RESOLVER)]);
    let server = definition.serve();
    let client = server.client();
    let many = 100_000;
    let doubling: String = (0..30).map(|at| format!(" fragment f{at} on Query {{ ...f{0} ...f{0} }}", at + 1)).collect();
    let aliases: String = (0..50_000).map(|at| format!(" a{at}: __typename")).collect();
    let mut cases = vec![
        ("an empty body", String::new(), 400, "Request body is empty."),
        ("no JSON", "meow".to_owned(), 400, "MalformedHttpRequestException"),
        ("a lone surrogate", "{\"query\":\"{ n(id: \\\"\\ud800\\\") }\"}".to_owned(), 400, "MalformedHttpRequestException"),
        ("NUL", "{\"query\":\"{ n\\u0000 }\"}".to_owned(), 400, "MalformedHttpRequestException"),
        ("variables that are a list", "{\"query\":\"{ n }\",\"variables\":[]}".to_owned(), 400, "must be an object"),
        ("a cycle", query("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }"), 200, "FragmentCycle"),
        (
            "fragments that double",
            query(&format!("{{ ...f0 }}{doubling} fragment f30 on Query {{ n }}")),
            200,
            "{\"data\":{\"n\":1}}",
        ),
        ("aliases", query(&format!("{{{aliases} }}")), 200, "15000 tokens"),
        ("a huge number", query(&format!("{{ n(limit: {}) }}", "9".repeat(many))), 200, "WrongType"),
        (
            "an operation name of 900 kB",
            format!("{{\"query\":\"{{ n }}\",\"operationName\":\"{}\"}}", "a".repeat(900_000)),
            200,
            "Unknown operation",
        ),
        ("a body over the limit", query(&"a".repeat(2_000_000)), 413, "RequestEntityTooLargeException"),
    ];
    for open in ["{", "[", "("] {
        cases.push(("brackets in a query", query(&open.repeat(many)), 200, "Maximum nesting exceeded"));
        cases.push(("brackets as the body", open.repeat(many), 400, "MalformedHttpRequestException"));
        let variables = format!("{{\"query\":\"{{ n }}\",\"variables\":{}", open.repeat(many));
        cases.push(("brackets in variables", variables, 400, "MalformedHttpRequestException"));
    }
    for (name, body, status, expected) in &cases {
        // A body over the limit may be refused before it is read; only its announcement is sent then.
        let answer = if *status == 413 {
            client.request("POST", "/graphql", &[("x-api-key", API_KEY), ("content-length", "2000000")], "")
        } else {
            client.post(body)
        };
        assert_eq!(answer.status, *status, "{name}: {}", answer.body);
        assert!(answer.body.contains(expected), "{name}: {expected:?} is missing in {:.300}", answer.body);
        assert_eq!(client.query("{ n }").body, "{\"data\":{\"n\":1}}", "after {name}");
    }
    assert!(!server.log().contains("panic"), "{}", server.log());
}
