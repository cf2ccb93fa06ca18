//! Resolvers over a small pool of real Node processes: a thousand invocations of one field end, and keep nobody else waiting.

mod harness;

use std::time::{Duration, Instant};

use harness::{Definition, config};
use value::Value;

const FUNCTIONS: &str = r#"
[api.data_sources.slow]
type = "AWS_LAMBDA"
lambda_function_arn = "slow"

[api.data_sources.quick]
type = "AWS_LAMBDA"
lambda_function_arn = "quick"

[[lambda_function]]
function_name = "slow"
runtime = "nodejs22.x"
code = "functions/slow.mjs"
timeout = "30s"
reserved_concurrent_executions = 4

[[lambda_function]]
function_name = "quick"
runtime = "nodejs22.x"
code = "functions/quick.mjs"
"#;

/// Ten milliseconds each: 1,000 over four processes take two and a half seconds at least.
const SLOW: &str = "let calls = 0;
export const handler = async (event) => {
  await new Promise((resolve) => setTimeout(resolve, 10));
  calls += 1;
  return { event, calls };
};
";

fn invoke(source: &str, payload: &str, result: &str) -> String {
    format!(
        "// @dataSource {source}\nexport function request(ctx) {{ return {{ operation: 'Invoke', payload: {payload} }}; }}\n\
         export function response(ctx) {{ return {result}; }}\n"
    )
}

#[test]
fn a_thousand_invocations_over_four_processes_end_and_starve_nobody() {
    let items = "'0123456789'.split('').flatMap((a) => '0123456789'.split('').flatMap((b) => \
                 '0123456789'.split('').map((c) => ({ id: +(a + b + c) }))))";
    let definition = Definition::of(&[
        ("config.toml", &(config("") + FUNCTIONS)),
        ("schema.graphql", "type Query { items: [Item] quick: Int }\ntype Item { id: Int slow: AWSJSON }"),
        ("functions/slow.mjs", SLOW),
        ("functions/quick.mjs", "export const handler = async (event) => event + 1;"),
        (
            "resolvers/Query.items.js",
            &format!(
                "// @dataSource none\nexport function request(ctx) {{ return {{ payload: {items} }}; }}\n\
             export function response(ctx) {{ return ctx.result; }}\n"
            ),
        ),
        ("resolvers/Item.slow.js", &invoke("slow", "ctx.source.id", "[ctx.result.event, ctx.result.calls]")),
        ("resolvers/Query.quick.js", &invoke("quick", "1", "ctx.result")),
    ]);
    let server = definition.serve();
    let client = server.client();
    let ask = |query: &str| {
        let answer = client.post(&format!("{{\"query\":\"{query}\"}}"));
        assert_eq!(answer.status, 200);
        Value::parse(answer.body.as_bytes()).expect("JSON")
    };
    assert_eq!(ask("{ quick }").at(&["data", "quick"]).as_i64(), Some(2));
    let began = Instant::now();
    let thousand = std::thread::scope(|scope| {
        let thousand = scope.spawn(|| ask("{ items { slow } }"));
        let mut asked = 0;
        while !thousand.is_finished() {
            assert_eq!(ask("{ quick }").at(&["data", "quick"]).as_i64(), Some(2));
            asked += 1;
        }
        assert!(asked > 20, "{asked} others were answered meanwhile");
        thousand.join().expect("an answer")
    });
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(2_400), "more than four ran at a time: {took:?}");
    let items = thousand.at(&["data", "items"]).as_list().expect("items");
    assert_eq!((items.len(), thousand.get("errors")), (1_000, None));
    let mut calls = 0;
    for (id, item) in items.iter().enumerate() {
        let slow = item.at(&["slow"]).as_str().and_then(|text| Value::parse(text.as_bytes()).ok()).expect("a result");
        let slow = slow.as_list().expect("two numbers").to_vec();
        assert_eq!(slow[0].as_i64(), i64::try_from(id).ok());
        calls = calls.max(slow[1].as_i64().expect("a number"));
    }
    assert!(calls >= 250, "the processes were used again: one had {calls} calls");
}
