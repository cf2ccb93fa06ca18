//! Whole operations on small APIs of `NONE` data sources: limits, deadlines, panics, what has no effect yet.

mod authorization;
mod lambda;

use std::fs;
use std::time::{Duration, Instant};

use value::value;

use super::*;
use crate::data_source::Services;
use crate::definition::{self, Overrides};
use crate::diagnostic::Severity;
use crate::table::DataFolderTables;

/// A definition in a folder of its own: `config.toml` (the tables after `[api]`), schema and other files.
struct Folder {
    root: tempfile::TempDir,
}

impl Folder {
    fn new(config: &str, schema: &str, files: &[(&str, &str)]) -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let head =
            "[api]\nname = \"test\"\napi_id = \"test\"\nauthentication_type = \"API_KEY\"\nschema = [\"schema.graphql\"]\n";
        let none = "[api.data_sources.none]\ntype = \"NONE\"\n";
        fs::write(root.path().join("config.toml"), format!("{head}{config}\n{none}")).expect("written");
        fs::write(root.path().join("schema.graphql"), schema).expect("written");
        fs::create_dir_all(root.path().join("resolvers/functions")).expect("a folder");
        for (name, text) in files {
            fs::write(root.path().join("resolvers").join(name), text).expect("written");
        }
        Self { root }
    }

    fn compile(&self) -> (Option<Arc<Api>>, Vec<crate::diagnostic::Diagnostic>) {
        self.compile_with(services())
    }

    fn compile_with(&self, services: Arc<Services>) -> (Option<Arc<Api>>, Vec<crate::diagnostic::Diagnostic>) {
        let config = self.root.path().join("config.toml");
        let loaded = definition::read(&config, std::iter::empty::<(String, String)>(), &Overrides::default());
        let mut found = loaded.diagnostics;
        let definition = loaded.definition.unwrap_or_else(|| panic!("{found:?}"));
        let compiled = Api::compile(&definition.apis[0], &Options::new(&config, &definition.server, services));
        found.extend(compiled.diagnostics);
        (compiled.api.map(Arc::new), found)
    }

    fn api(&self) -> Arc<Api> {
        let (api, found) = self.compile();
        assert!(found.iter().all(|diagnostic| diagnostic.severity != Severity::Error), "{found:?}");
        api.unwrap_or_else(|| panic!("{found:?}"))
    }
}

/// The plan of a document over a schema without resolvers.
pub(super) fn plan(schema: &str, document: &str) -> Arc<Plan> {
    let request = GraphqlRequest { query: document.into(), operation_name: None, variables: Object::new() };
    match Folder::new("[[api.api_keys]]\nid = \"da2-test\"", schema, &[]).api().prepared(&request, None) {
        Prepared::Plan(plan) => plan,
        refused => panic!("{refused:?}"),
    }
}

/// Tables that are there for whoever asks; these APIs do not.
fn services() -> Arc<Services> {
    Arc::new(unshared_services())
}

fn unshared_services() -> Services {
    let server = definition::ServerSettings { ephemeral: true, ..definition::ServerSettings::default() };
    let tables = DataFolderTables::new(&server, &definition::DynamodbSettings::default());
    Services::new(Arc::new(tables), definition::ServiceEndpoint::Embedded)
}

async fn body_within(api: &Arc<Api>, query: &str, time: Duration) -> String {
    let request = GraphqlRequest { query: query.into(), operation_name: None, variables: Object::new() };
    let context = RequestContext {
        identity: Identity::ApiKey,
        headers: RequestHeaders::default(),
        source_ip: Vec::new(),
        domain_name: None,
        request_id: "id".into(),
        deadline: Instant::now() + time,
        watch: crate::trace::Watch::default(),
    };
    let response = api.execute(request, context).await.expect("a document");
    String::from_utf8(response.body).expect("UTF-8")
}

async fn ask_within(api: &Arc<Api>, query: &str, time: Duration) -> Value {
    Value::parse(body_within(api, query, time).await.as_bytes()).expect("JSON")
}

async fn ask(api: &Arc<Api>, query: &str) -> Value {
    ask_within(api, query, Duration::from_secs(30)).await
}

/// `errorType: message` of every error.
fn errors(answer: &Value) -> Vec<String> {
    let text = |error: &Value, name: &str| error.get(name).and_then(Value::as_str).unwrap_or("null").to_owned();
    let list = answer.get("errors").and_then(Value::as_list).unwrap_or_default();
    list.iter().map(|error| format!("{}: {}", text(error, "errorType"), text(error, "message"))).collect()
}

/// A resolver that gives `payload`, a JavaScript expression.
fn gives(payload: &str) -> String {
    format!(
        "// @dataSource none\nexport function request(ctx) {{ return {{ payload: {payload} }}; }}\n\
         export function response(ctx) {{ return ctx.result; }}\n"
    )
}

#[tokio::test]
async fn results_are_bounded_by_the_definition_s_limits() {
    let api = Folder::new(
        "[api.limits]\nevaluation_result = \"1KiB\"\nloop_iterations = 3\n",
        "type Query { small: String js: String vtl: String returned: String loop: String }",
        &[
            ("Query.small.js", &gives("'x'")),
            ("Query.js.js", &gives("[1,2,3,4,5,6,7,8].map(() => '0123456789'.split('').join('0123456789 0123456789')).join('')")),
            ("Query.vtl.request.vtl", "## @dataSource none\n{\"payload\": \"a\"}"),
            ("Query.vtl.response.vtl", &format!("\"{}\"", "x".repeat(2_000))),
            ("Query.returned.request.vtl", "## @dataSource none\n{\"payload\": \"a\"}"),
            ("Query.returned.response.vtl", &format!("#return(\"{}\")", "x".repeat(2_000))),
            ("Query.loop.request.vtl", "## @dataSource none\n#foreach($i in [1..4])#end{}"),
            ("Query.loop.response.vtl", "{}"),
        ],
    )
    .api();
    let answer = ask(&api, "{ small js vtl returned loop }").await;
    assert_eq!(answer.get("data").and_then(|data| data.get("small")), Some(&value!("x")));
    let errors = errors(&answer);
    assert_eq!(errors.len(), 4, "{errors:?}");
    assert!(errors[0].starts_with("Code: Transformation too large: the result is longer than 1024 bytes"), "{errors:?}");
    for template in &errors[1..3] {
        assert!(template.starts_with("MappingTemplate: Transformation too large: "), "{errors:?}");
    }
    assert!(errors[3].starts_with("MappingTemplate: ") && errors[3].contains('3'), "{errors:?}");
}

#[tokio::test]
async fn an_answer_is_bounded_while_it_is_written() {
    let mut api = Folder::new(
        "",
        "type Query { t: T }\ntype T { s: String }",
        &[("Query.t.js", &gives("{ s: '0123456789'.split('').join('0123456789 0123456789') }"))],
    )
    .api();
    Arc::get_mut(&mut api).expect("its only owner").limits.response = 1_000;
    let aliases: String = (0..2_000).map(|at| format!("a{at}: s ")).collect();
    let answer = ask(&api, &format!("{{ t {{ {aliases} }} }}")).await;
    assert!(answer.get("data").is_some_and(Value::is_null));
    assert!(errors(&answer)[0].contains("larger than 1000 bytes, the limit of this API"), "{answer}");
}

#[tokio::test]
async fn resolvers_beyond_the_limit_do_not_run_and_say_so() {
    let api = Folder::new(
        "resolver_count_limit = 4\n",
        "type Query { list: [T] }\ntype T { id: Int n: Int o: O }\ntype O { n: Int }",
        &[
            ("Query.list.js", &gives("[{ id: 1, o: {} }, { id: 2, o: {} }, { id: 3, o: {} }]")),
            ("T.n.js", &gives("ctx.source.id")),
            ("O.n.js", &gives("1")),
        ],
    )
    .api();
    let answer = ask(&api, "{ list { n m: n o { n } } }").await;
    let expected = value!([
        {"n": 1, "m": null, "o": {"n": null}},
        {"n": 2, "m": null, "o": {"n": null}},
        {"n": 3, "m": null, "o": {"n": null}}
    ]);
    assert_eq!(answer.get("data").and_then(|data| data.get("list")), Some(&expected), "{answer}");
    let errors = errors(&answer);
    assert_eq!(errors.len(), 6);
    assert!(
        errors.iter().all(|error| error.starts_with("ResolverExecutionLimitReached: Resolver invocation limit reached")),
        "{errors:?}"
    );
}

/// Runs for far longer than any budget.
const ENDLESS: &str = "// @dataSource none
const many = [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20];
export function request(ctx) {
  let n = 0;
  for (const a of many) for (const b of many) for (const c of many) for (const d of many)
    for (const e of many) for (const f of many) for (const g of many) { n = n + 1; }
  return { payload: n };
}
export function response(ctx) { return ctx.result; }
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_resolvers_stop_neither_the_workers_nor_their_request() {
    let schema = "type Query { quick: String a: Int b: Int c: Int }";
    let files = [("Query.a.js", ENDLESS), ("Query.b.js", ENDLESS), ("Query.c.js", ENDLESS), ("Query.quick.js", &gives("'x'"))];
    let api = Folder::new("", schema, &files).api();
    let time = Duration::from_millis(900);
    let bad: Vec<_> = (0..4)
        .map(|_| {
            let api = Arc::clone(&api);
            tokio::spawn(async move { ask_within(&api, "{ quick a b c }", time).await })
        })
        .collect();
    // Meanwhile others are served, as often as they ask.
    while !bad.iter().all(tokio::task::JoinHandle::is_finished) {
        assert_eq!(ask(&api, "{ quick }").await.to_json(), r#"{"data":{"quick":"x"}}"#);
        tokio::task::yield_now().await;
    }
    for answer in bad {
        let answer = answer.await.expect("no panic");
        // What was done by the deadline is answered.
        assert_eq!(answer.get("data"), Some(&value!({"quick": "x", "a": null, "b": null, "c": null})), "{answer}");
        assert_eq!(errors(&answer), ["ExecutionTimeout: Execution timed out."; 3]);
    }
}

#[tokio::test]
async fn a_data_source_fails_before_its_request_so_that_the_response_step_sees_it() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = silent.local_addr().expect("bound").port();
    let config = format!("[api.data_sources.silent]\ntype = \"HTTP\"\nendpoint = \"http://127.0.0.1:{port}\"\n");
    let call = "// @dataSource silent
export function request(ctx) { return { method: 'GET', resourcePath: '/', params: {} }; }
export function response(ctx) { return `${ctx.error.type}: ${ctx.error.message}`; }
";
    let files = [("Query.slow.js", call), ("Query.quick.js", &gives("'x'"))];
    let api = Folder::new(&config, "type Query { slow: String quick: String }", &files).api();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let answer = ask_within(&api, "{ slow quick }", Duration::from_millis(1_500)).await;
    let seen = "Http:ExecutionTimeoutException: execution timed out";
    assert_eq!(answer, value!({"data": {"slow": seen, "quick": "x"}}));
    // Nothing is begun when the time is up already.
    let answer = ask_within(&api, "{ slow quick }", Duration::ZERO).await;
    assert_eq!(errors(&answer), ["ExecutionTimeout: Execution timed out."; 2]);
}

#[tokio::test]
async fn steps_see_the_documented_context() {
    let seen = "// @dataSource none
export function request(ctx) { return { payload: [ctx.prev, ctx.result, ctx.error, ctx.outErrors, ctx.stash, ctx.args, ctx.arguments] }; }
export function response(ctx) { return JSON.stringify([ctx.result, ctx.prev]); }
";
    let before = "// @functions one, two
export function request(ctx) { ctx.stash.a = [ctx.prev, ctx.result, ctx.error]; return 'before'; }
export function response(ctx) { return JSON.stringify({ result: ctx.result, prev: ctx.prev, stash: ctx.stash }); }
";
    let function = |name: &str| {
        format!(
            "// @dataSource none\nimport {{ util }} from '@aws-appsync/utils';\n\
             export function request(ctx) {{ util.appendError('{name}', 'T', {{ d: 1 }}, {{ i: 1 }}); return {{ payload: [ctx.prev.result, ctx.result, ctx.error] }}; }}\n\
             export function response(ctx) {{ ctx.stash.{name} = ctx.outErrors.length; return '{name}'; }}\n"
        )
    };
    let folder = Folder::new(
        "",
        "type Query { unit(x: Int): String pipe: String }",
        &[("Query.unit.js", seen), ("Query.pipe.js", before)],
    );
    let functions = folder.root.path().join("resolvers/functions");
    fs::create_dir_all(&functions).expect("a folder");
    for name in ["one", "two"] {
        fs::write(functions.join(format!("{name}.js")), function(name)).expect("written");
    }
    let answer = ask(&folder.api(), "{ unit(x: 1) pipe }").await;
    let data =
        |name: &str| answer.get("data").and_then(|data| data.get(name)).and_then(Value::as_str).unwrap_or_default().to_owned();
    assert_eq!(data("unit"), r#"[[null,null,null,[],{},{"x":1},{"x":1}],null]"#, "{answer}");
    let expected = r#"{"result":"two","prev":{"result":"two"},"stash":{"a":[null,null,null],"one":1,"two":2}}"#;
    assert_eq!(data("pipe"), expected, "{answer}");
    assert_eq!(errors(&answer), ["T: one", "T: two"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_deepest_document_runs_on_a_worker_s_stack() {
    let api = Folder::new(
        "",
        "type Query { t: T }\ntype T { t: [T!] p: T n: Int }",
        &[("Query.t.js", &gives("{ n: 1 }")), ("T.t.js", &gives("[{ n: 1, p: { n: 2 } }]"))],
    )
    .api();
    let depth = 95;
    let query = format!("{{ t {} n {} }}", "{ t { p ".repeat(depth) + "{", "} ".repeat(2 * depth + 1));
    let answer = tokio::spawn(async move { body_within(&api, &query, Duration::from_secs(30)).await }).await.expect("no panic");
    assert_eq!(answer.matches("\"p\":").count(), depth, "{answer}");
    assert!(!answer.contains("\"errors\""), "{answer}");
}

#[test]
fn settings_without_effect_are_named() {
    let config = "[api.api_cache]\napi_caching_behavior = \"PER_RESOLVER_CACHING\"\nttl = \"5m\"\n
[[api.resolvers]]\ntype = \"Query\"\nfield = \"a\"\ndata_source = \"none\"\ncode = \"resolvers/a.js\"\n\
caching_config = { ttl = \"60s\", caching_keys = [\"$context.arguments.id\"] }\n";
    let folder = Folder::new(config, "type Query { a(id: ID): String }", &[("a.js", &gives("'x'"))]);
    let (api, found) = folder.compile();
    assert!(api.is_some());
    let found: Vec<_> = found
        .iter()
        .filter(|diagnostic| diagnostic.rule == "not-supported-yet" && diagnostic.severity == Severity::Warning)
        .map(|diagnostic| (diagnostic.message.as_str(), diagnostic.place.is_some()))
        .collect();
    assert_eq!(
        found,
        [
            ("api_cache has no effect in this version: nothing is cached", true),
            ("caching_config of resolver Query.a has no effect in this version: its result is not cached", true),
        ]
    );
}

#[tokio::test]
async fn the_results_of_one_request_are_bounded_together() {
    let large = "// @dataSource none
export function request() { return { payload: 1 }; }
export function response() { return { small: 's', unasked: 'x'.repeat(4000000) }; }
";
    let api = Folder::new("", "type Query { large: Large } type Large { small: String }", &[("Query.large.js", large)]).api();
    let query: String = (0..20).map(|at| format!("a{at}: large {{ small }} ")).collect();
    let answer = ask(&api, &format!("{{ {query} }}")).await;
    let errors = errors(&answer);
    assert_eq!(errors.len(), 4, "{errors:?}");
    assert!(errors.iter().all(|error| error.starts_with("ResultSizeLimitReached: ")), "{errors:?}");
    assert_eq!(answer.at(&["data", "a0", "small"]), &value!("s"));
}
