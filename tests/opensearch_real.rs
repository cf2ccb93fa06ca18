//! `AMAZON_OPENSEARCH_SERVICE` against a real cluster, where `TEST_OPENSEARCH_URL` names one, with or without a user before the `@`:
//!
//! ```sh
//! docker run -p 9200:9200 -e discovery.type=single-node -e DISABLE_SECURITY_PLUGIN=true opensearchproject/opensearch:2
//! TEST_OPENSEARCH_URL=http://localhost:9200 cargo test --test opensearch_real
//! ```
//!
//! It writes into an index of its own and removes it.

mod harness;

use harness::{Definition, config};
use value::{Value, value};

const RESOLVERS: [(&str, &str); 6] = [
    (
        "Mutation.put",
        "{ operation: 'PUT', path: `/${ctx.env.INDEX}/_doc/${ctx.args.id}`, params: { queryString: { refresh: 'true' }, body: ctx.args } }",
    ),
    ("Mutation.drop", "{ operation: 'DELETE', path: `/${ctx.env.INDEX}` }"),
    ("Query.get", "{ operation: 'GET', path: `/${ctx.env.INDEX}/_doc/${ctx.args.id}`, params: { body: {} } }"),
    ("Query.exists", "{ operation: 'HEAD', path: `/${ctx.env.INDEX}/_doc/${ctx.args.id}` }"),
    (
        "Query.search",
        "{ operation: 'GET', path: `/${ctx.env.INDEX}/_search`, params: { queryString: { pretty: true },\n\
         \x20   body: { query: JSON.parse(util.transform.toElasticsearchQueryDSL(ctx.args.filter)), sort: [{ ups: 'desc' }] } } }",
    ),
    ("Query.wrong", "{ operation: 'POST', path: `/${ctx.env.INDEX}/_search`, params: { body: { query: { nonsense: {} } } } }"),
];

#[test]
fn a_cluster_is_written_searched_and_cleaned() {
    let Some(url) = std::env::var("TEST_OPENSEARCH_URL").ok().filter(|url| !url.is_empty()) else {
        #[expect(clippy::print_stderr, reason = "a test that does not run must be seen")]
        {
            eprintln!("SKIPPED: TEST_OPENSEARCH_URL names no cluster, so that none was asked");
        }
        return;
    };
    let (scheme, rest) = url.split_once("://").expect("TEST_OPENSEARCH_URL is a URL");
    let (user, host) = rest.split_once('@').map_or((None, rest), |(user, host)| (Some(user), host));
    let user = user.map(|user| user.split_once(':').expect("user:password"));
    let authorization = user.map_or("authorization = \"NONE\"\n".to_owned(), |(name, password)| {
        format!("username = \"{name}\"\npassword = \"{password}\"\n")
    });
    let index = format!("syncgate-test-{}", std::process::id());
    let members = format!("environment_variables = {{ INDEX = \"{index}\" }}\n");
    let source = format!(
        "\n[api.data_sources.search]\ntype = \"AMAZON_OPENSEARCH_SERVICE\"\nendpoint = \"{scheme}://{}\"\n{authorization}",
        host.trim_end_matches('/')
    );
    let definition = Definition::of(&[
        ("config.toml", &(config(&members) + &source)),
        (
            "schema.graphql",
            "type Query { get(id: ID!): AWSJSON exists(id: ID!): AWSJSON search(filter: Filter!): AWSJSON wrong: AWSJSON }\n\
             type Mutation { put(id: ID!, title: String!, ups: Int!): AWSJSON drop: AWSJSON }\n\
             input Filter { title: Text ups: Number }\ninput Text { match: String }\ninput Number { gt: Int }\n",
        ),
    ]);
    for (field, request) in RESOLVERS {
        let code = format!(
            "// @dataSource search\nimport {{ util }} from '@aws-appsync/utils';\nexport function request(ctx) {{\n  return {request};\n}}\n\
             export function response(ctx) {{ return {{ error: ctx.error, result: ctx.result }}; }}\n"
        );
        definition.write(&format!("resolvers/{field}.js"), &code);
    }
    let server = definition.serve();
    let ask = |query: &str, field: &str| {
        let answer = server.client().query(query);
        let body = Value::parse(answer.body.as_bytes()).expect("JSON");
        let text = body.at(&["data", field]).as_str().unwrap_or_else(|| panic!("{query}: {}", answer.body)).to_owned();
        Value::parse(text.as_bytes()).expect("JSON in JSON")
    };
    for (id, title, ups) in [("1", "green tea", 3), ("2", "black tea", 5), ("3", "coffee", 7)] {
        let answer = ask(&format!("mutation {{ put(id: \"{id}\", title: \"{title}\", ups: {ups}) }}"), "put");
        assert_eq!(answer.at(&["result", "result"]), &value!("created"), "{answer}");
    }
    let found = ask("{ search(filter: { title: { match: \"tea\" }, ups: { gt: 1 } }) }", "search");
    let hits = found.at(&["result", "hits", "hits"]).as_list().expect("hits");
    let ids: Vec<_> = hits.iter().map(|hit| hit.at(&["_source", "id"]).clone()).collect();
    assert_eq!(ids, [value!("2"), value!("1")], "{found}");
    assert_eq!(ask("{ get(id: \"3\") }", "get").at(&["result", "_source", "title"]), &value!("coffee"));
    assert_eq!(ask("{ exists(id: \"3\") }", "exists"), value!({"error": null, "result": null}));
    let refused = |status: &str| {
        let message = format!("Elasticsearch responded with an error: {status}");
        value!({"message": (message), "type": "Elasticsearch:UserIllegalArgumentException"})
    };
    for (query, field, status) in [
        ("{ get(id: \"9\") }", "get", "Not Found"),
        ("{ exists(id: \"9\") }", "exists", "Not Found"),
        ("{ wrong }", "wrong", "Bad Request"),
    ] {
        assert_eq!(ask(query, field).get("error"), Some(&refused(status)), "{query}");
    }
    assert_eq!(ask("mutation { drop }", "drop").at(&["result", "acknowledged"]), &value!(true));
}
