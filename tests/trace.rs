//! What can be seen of a request: `extensions.trace`, what errors say in development, log lines in AppSync's form, and recorded cases.

mod harness;

use harness::{API_KEY, Answer, Definition, Server, config};
use value::{Value, value};

const SCHEMA: &str = "type Query { posts(n: Int): [Post] one: Post faulty: String imported: String broken: String source: String
  raised: String noted: String early: String large: String items: [Item]
  login(password: String): String }
type Mutation { add(id: ID!): Post }
type Subscription { added: Post @aws_subscribe(mutations: [\"add\"]) }
type Post @aws_api_key { id: ID! author: String }
type Item { id: Int double: Int fails: String }
";

fn definition(more: &str) -> Definition {
    let members =
        "[[api.resolvers]]\ntype = \"Query\"\nfield = \"posts\"\nfunctions = [\"check\", \"load\"]\ncode = \"code/posts.js\"\n";
    let sources = "[api.data_sources.down]\ntype = \"HTTP\"\nendpoint = \"http://127.0.0.1:9\"\n\n\
        [api.data_sources.double]\ntype = \"AWS_LAMBDA\"\nlambda_function_arn = \"double\"\n\n\
        [[lambda_function]]\nfunction_name = \"double\"\nruntime = \"nodejs22.x\"\ncode = \"functions/double.mjs\"\n";
    let js = |request: &str, response: &str| {
        format!(
            "// @dataSource none\nimport {{ util, runtime }} from '@aws-appsync/utils';\nexport function request(ctx) {{ {request} }}\n\
             export function response(ctx) {{ {response} }}\n"
        )
    };
    Definition::of(&[
        ("config.toml", &(config(members) + sources + more)),
        ("schema.graphql", SCHEMA),
        (
            "code/posts.js",
            &js(
                "ctx.stash.n = ctx.args.n; console.log('before', ctx.args.n); console.error('bad'); return {};",
                "return ctx.prev.result;",
            ),
        ),
        ("resolvers/functions/check.js", &js("runtime.earlyReturn({ checked: true });", "return ctx.result;")),
        (
            "resolvers/functions/load.js",
            &js(
                "return { payload: { id: util.autoId(), at: util.time.nowISO8601(), key: ctx.request.headers['x-api-key'] } };",
                "return [{ id: ctx.result.id, author: 'x' }, { id: 'two' }];",
            ),
        ),
        (
            "resolvers/Post.author.request.vtl",
            "## @dataSource none\n{\"version\": \"2018-05-29\", \"payload\": $util.toJson($ctx.source.id)}",
        ),
        ("resolvers/Post.author.response.vtl", "$util.toJson(\"by $ctx.result\")"),
        ("resolvers/Query.one.js", &js("return { payload: { id: '1' } };", "return ctx.result;")),
        ("resolvers/Query.faulty.js", &js("return { payload: null };", "\n  return ctx.result.deep.er;\n")),
        (
            "resolvers/Query.broken.request.vtl",
            "## @dataSource none\n{\n  \"version\": \"2018-05-29\",\n  \"payload\": $ctx.args.nothing\n}",
        ),
        (
            "resolvers/Query.noted.request.vtl",
            "## @dataSource none\n$util.log.debug(\"deep\"){\"version\": \"2018-05-29\", \"payload\": 1}",
        ),
        ("resolvers/Query.noted.response.vtl", "$util.toJson($ctx.result)"),
        ("resolvers/Query.broken.response.vtl", "$util.toJson($ctx.result)"),
        (
            "resolvers/Query.source.js",
            &js(
                "return { method: 'GET', resourcePath: '/', params: { headers: { Authorization: 'secret-value' } } };",
                "util.error(ctx.error.message, ctx.error.type)",
            )
            .replace("@dataSource none", "@dataSource down"),
        ),
        (
            "resolvers/Query.raised.js",
            &js("util.appendError('first', 'A'); return { payload: 1 };", "util.error('second', 'B', null, { why: 1 });"),
        ),
        ("resolvers/Query.early.js", &js("runtime.earlyReturn('soon');", "return ctx.result;")),
        ("resolvers/Query.large.js", &js("return { payload: 'x'.repeat(100000) };", "return ctx.result;")),
        ("resolvers/Query.items.js", &js("return { payload: [{ id: 1 }, { id: 2 }, { id: 3 }] };", "return ctx.result;")),
        (
            "resolvers/Item.double.js",
            &js("return { operation: 'BatchInvoke', payload: ctx.source.id };", "return ctx.result;")
                .replace("@dataSource none", "@dataSource double"),
        ),
        (
            "resolvers/Item.fails.request.vtl",
            "## @dataSource none\n{\n  \"version\": \"2018-05-29\",\n  \"payload\": $ctx.args.nothing\n}",
        ),
        ("resolvers/Item.fails.response.vtl", "$util.toJson($ctx.result)"),
        ("resolvers/Query.login.js", &js("return { payload: { pw: ctx.args.password, as: 'u' } };", "return ctx.result.as;")),
        ("resolvers/Mutation.add.js", &js("return { payload: { id: ctx.args.id } };", "return ctx.result;")),
        ("functions/double.mjs", "export const handler = async (event) => event.map((id) => 2 * id);\n"),
    ])
}

fn ask(server: &Server, query: &str, headers: &[(&str, &str)]) -> Answer {
    let body = value!({"query": query}).to_json();
    let all: Vec<_> = [("x-api-key", API_KEY)].iter().chain(headers).copied().collect();
    server.client().request("POST", "/graphql", &all, &body)
}

/// `extensions.trace` of an answer.
#[track_caller]
fn trace(server: &Server, query: &str) -> Value {
    let answer = ask(server, query, &[("x-syncgate-trace", "1")]);
    assert_eq!(answer.status, 200, "{}", answer.body);
    // `da2-test` is the key, and stands in the headers of the request.
    assert!(!answer.body.contains(API_KEY), "{}", answer.body);
    let value = Value::parse(answer.body.as_bytes()).expect("JSON");
    value.at(&["extensions", "trace"]).clone()
}

fn item(list: &Value, at: usize) -> &Value {
    list.as_list().and_then(|items| items.get(at)).unwrap_or(&value::NULL)
}

/// The names of the steps, and of their functions.
fn steps(field: &Value) -> Vec<String> {
    let name = |step: &Value| {
        let function = step.get("function").and_then(Value::as_str).map_or(String::new(), |name| format!(" {name}"));
        format!("{}{function}", step.at(&["step"]).as_str().unwrap_or_default())
    };
    field.at(&["steps"]).as_list().into_iter().flatten().map(name).collect()
}

/// The step of that name.
#[track_caller]
fn step<'a>(field: &'a Value, name: &str) -> &'a Value {
    let steps = field.at(&["steps"]).as_list().unwrap_or_default();
    steps.iter().find(|step| step.at(&["step"]).as_str() == Some(name)).unwrap_or_else(|| panic!("no step {name}: {field}"))
}

#[test]
fn a_trace_shows_every_step_of_every_field() {
    let definition = definition("");
    let server = definition.serve();

    let shown = trace(&server, "query Some { posts(n: 7) { id author } }");
    assert_eq!(shown.at(&["operation", "type"]), &value!("query"));
    assert_eq!(shown.at(&["plan", "cached"]), &value!(false));
    let posts = item(shown.at(&["fields"]), 0);
    assert_eq!(posts.at(&["path"]), &value!(["posts"]));
    assert_eq!((posts.at(&["kind"]), posts.at(&["returnType"])), (&value!("PIPELINE"), &value!("[Post]")));
    assert_eq!(posts.at(&["arguments"]), &value!({"n": 7}));
    let expected = ["before", "request check", "request load", "dataSource load", "response load", "after"];
    assert_eq!(steps(posts), expected);
    let before = step(posts, "before");
    assert_eq!(before.at(&["stash"]), &value!({"n": 7}));
    assert_eq!(before.at(&["file"]).as_str().map(|file| file.ends_with("code/posts.js")), Some(true), "{before}");
    let levels: Vec<_> = before.at(&["logs"]).as_list().into_iter().flatten().map(|log| log.at(&["level"]).clone()).collect();
    assert_eq!(levels, [value!("INFO"), value!("ERROR")]);
    let early = item(posts.at(&["steps"]), 1);
    assert_eq!((early.at(&["earlyReturn"]), early.at(&["result"])), (&value!(true), &value!({"checked": true})));
    let call = step(posts, "dataSource");
    assert_eq!(call.at(&["dataSource"]), &value!({"name": "none", "type": "NONE"}));
    assert!(call.at(&["request", "payload", "key"]).as_str().is_some_and(|key| !key.contains("test")), "{call}");
    assert_eq!(call.at(&["result", "id"]), call.at(&["request", "payload", "id"]));
    assert_eq!(item(posts.at(&["result"]), 1), &value!({"id": "two"}));

    // The fields below, each by its place in the answer, in VTL.
    let below = posts.at(&["fields"]);
    assert_eq!(item(below, 1).at(&["path"]), &value!(["posts", 1, "author"]));
    assert_eq!(steps(item(below, 1)), ["request", "dataSource", "response"]);
    assert_eq!(item(below, 1).at(&["source"]), &value!({"id": "two"}));
    assert_eq!(step(item(below, 1), "request").at(&["runtime"]), &value!("VTL"));
    assert_eq!(step(item(below, 1), "request").at(&["result", "payload"]), &value!("two"));
    assert_eq!(item(below, 1).at(&["result"]), &value!("by two"));

    // Times are in order and inside each other.
    let time = |value: &Value, name: &str| value.at(&[name]).as_i64().unwrap_or(-1);
    let steps = posts.at(&["steps"]).as_list().unwrap_or_default();
    for pair in steps.windows(2) {
        assert!(time(&pair[0], "startOffset") + time(&pair[0], "duration") <= time(&pair[1], "startOffset"), "{posts}");
    }
    assert!(time(posts, "startOffset") + time(posts, "duration") <= time(&shown, "duration"), "{shown}");

    assert_eq!(trace(&server, "query Some { posts(n: 7) { id author } }").at(&["plan", "cached"]), &value!(true));
    // A request without the header has nothing of it.
    assert!(!ask(&server, "{ one { id } }", &[]).body.contains("extensions"));
}

#[test]
fn a_trace_shows_batches_errors_bounds_and_publications() {
    let definition = definition("");
    let server = definition.serve();

    let shown = trace(&server, "{ items { double } }");
    let items = item(shown.at(&["fields"]), 0);
    assert_eq!(items.at(&["fields"]).as_list().map(<[Value]>::len), Some(3));
    for at in 0..3 {
        let call = step(item(items.at(&["fields"]), at), "dataSource");
        let batch = call.at(&["batch"]);
        assert_eq!((batch.at(&["size"]), batch.at(&["position"])), (&value!(3), &Value::from(at)), "{call}");
        assert_eq!(call.at(&["request", "payload"]), &Value::from(at + 1));
        assert_eq!(call.at(&["result"]), &Value::from(2 * (at + 1)));
    }

    // An error in the request step, of the data source, in the response step; appended and raised ones; an early end.
    let broken = trace(&server, "{ broken }");
    let broken = item(broken.at(&["fields"]), 0);
    assert_eq!(steps(broken), ["request"]);
    let detail = step(broken, "request").at(&["error", "detail"]);
    assert_eq!(
        (detail.at(&["line"]), detail.at(&["sourceLine"]).as_str()),
        (&value!(4), Some("  \"payload\": $ctx.args.nothing")),
        "{broken}"
    );
    let source = trace(&server, "{ source }");
    let source = item(source.at(&["fields"]), 0);
    assert_eq!(step(source, "dataSource").at(&["error", "errorType"]), &value!("Http:ConnectionException"));
    assert!(!source.to_json().contains("secret-value"), "{source}");
    let faulty = trace(&server, "{ faulty }");
    let detail = step(item(faulty.at(&["fields"]), 0), "response").at(&["error", "detail"]);
    assert_eq!(
        (detail.at(&["line"]), detail.at(&["sourceLine"])),
        (&value!(5), &value!("  return ctx.result.deep.er;")),
        "{faulty}"
    );
    let raised = trace(&server, "{ raised }");
    let raised = item(raised.at(&["fields"]), 0);
    assert_eq!(item(step(raised, "request").at(&["appendedErrors"]), 0).at(&["message"]), &value!("first"));
    assert_eq!(step(raised, "response").at(&["error", "errorInfo"]), &value!({"why": 1}));
    let early = trace(&server, "{ early }");
    assert_eq!(steps(item(early.at(&["fields"]), 0)), ["request"]);

    let large = trace(&server, "{ large }");
    let cut = item(large.at(&["fields"]), 0).at(&["result", "$truncated"]);
    assert_eq!((cut.at(&["reason"]), cut.at(&["bytes"])), (&value!("too long"), &value!(100_002)));
    assert!(large.to_json().len() < 40_000, "{}", large.to_json().len());
    let many: String = (0..600).map(|at| format!("a{at}: large ")).collect();
    let answer = ask(&server, &format!("{{ {many} }}"), &[("x-syncgate-trace", "1")]);
    let value = Value::parse(answer.body.as_bytes()).expect("JSON");
    let fields = value.at(&["extensions", "trace", "fields"]).as_list().unwrap_or_default();
    assert_eq!(fields.len(), 600);
    let reason = fields.last().map(|field| field.at(&["result", "$truncated", "reason"]).clone());
    assert!(value.at(&["extensions"]).to_json().len() < 16 << 20, "{}", answer.body.len());
    assert!(reason.is_some_and(|reason| !reason.is_null()), "{:?}", fields.last());

    // A refused document has a trace without fields.
    let refused = trace(&server, "{ nosuch }");
    assert_eq!(refused.at(&["fields"]).as_list().map(<[Value]>::len), Some(0));
}

#[test]
fn only_a_developer_on_this_machine_sees_what_appsync_does_not_say() {
    let definition = definition("");
    let server = definition.serve();
    let foreign = ask(&server, "{ faulty }", &[("x-syncgate-trace", "1"), ("x-forwarded-for", "10.0.0.1")]);
    let expected = r#","extensions":{"trace":{"refused":"the request was forwarded"}}}"#;
    assert!(foreign.body.ends_with(expected) && !foreign.body.contains("sourceLine"), "{}", foreign.body);
    let answer = ask(&server, "{ faulty broken }", &[]);
    let value = Value::parse(answer.body.as_bytes()).expect("JSON");
    let js = item(value.at(&["errors"]), 0).at(&["extensions"]);
    assert_eq!((js.at(&["line"]), js.at(&["sourceLine"])), (&value!(5), &value!("  return ctx.result.deep.er;")), "{value}");
    assert!(js.at(&["file"]).as_str().is_some_and(|file| file.ends_with("resolvers/Query.faulty.js")), "{value}");
    let vtl = item(value.at(&["errors"]), 1).at(&["extensions"]);
    assert_eq!(vtl.at(&["nullReference"]), &value!("$ctx.args.nothing"), "{value}");
    assert!(value.get("extensions").is_none(), "{value}");

    // In production the same errors are AppSync's, and the headers mean nothing.
    let server = definition.serve_with(&[("SYNCGATE_SERVER__MODE", "production")]);
    let query = "{ faulty broken items { fails } }";
    let answer = ask(&server, query, &[("x-syncgate-trace", "1"), ("x-syncgate-record", "1")]);
    assert!(!answer.body.contains("extensions") && answer.body.contains("code.js:5:"), "{}", answer.body);
    assert!(answer.body.contains(r#""path":["items",2,"fails"]"#), "{}", answer.body);
}

#[test]
fn what_an_author_raises_has_no_extensions() {
    let definition = definition("");
    let server = definition.serve();
    let answer = ask(&server, "{ raised }", &[]);
    assert!(answer.body.contains("second") && !answer.body.contains("extensions"), "{}", answer.body);
}

#[test]
fn a_secret_is_not_shown_under_another_name() {
    const SECRET: &str = "hunter2-of-ann";
    let query = format!("{{ login(password: \"{SECRET}\") }}");
    let definition = definition("[api.log_config]\nfield_log_level = \"ALL\"\nexclude_verbose_content = false\n");
    let server = definition.serve();
    let answer = ask(&server, &query, &[("x-syncgate-trace", "1"), ("x-syncgate-record", "1")]);
    assert!(!answer.body.contains(SECRET), "{}", answer.body);
    let value = Value::parse(answer.body.as_bytes()).expect("JSON");
    let field = item(value.at(&["extensions", "trace", "fields"]), 0).clone();
    let payload = value!({"pw": "(not shown)", "as": "u"});
    assert_eq!(step(&field, "dataSource").at(&["request", "payload"]), &payload);
    assert_eq!(value.at(&["data", "login"]), &value!("u"));
    drop(answer);
    let log = server.log();
    assert!(log.contains("RequestFunctionEvaluation") && !log.contains(SECRET), "{log}");
}

#[test]
fn log_lines_stand_in_spans() {
    let definition = definition("[api.log_config]\nfield_log_level = \"ALL\"\n");
    let server = definition.serve_with(&[("SYNCGATE_LOG", "info,syncgate::trace=debug,syncgate::resolver=debug")]);
    ask(&server, "{ posts(n: 7) { id } }", &[]);
    let log = server.log();
    let line = log.lines().find(|line| line.contains("syncgate::resolver") && line.contains("before")).unwrap_or_default();
    for span in ["request{", "operation{", "field{"] {
        assert!(line.contains(span), "{span}\n{log}");
    }
}

/// The lines in AppSync's form, each without what the process's log puts before it.
fn lines(server: &Server) -> Vec<String> {
    let log = server.log();
    let after = |line: &str| line.split_once("syncgate::appsync: ").map(|(_, line)| line.to_owned());
    log.lines().filter_map(after).collect()
}

/// The lines of one request at this level.
fn logged(level: &str, verbose: bool, query: &str) -> Vec<String> {
    let definition =
        definition(&format!("[api.log_config]\nfield_log_level = \"{level}\"\nexclude_verbose_content = {}\n", !verbose));
    let server = definition.serve();
    let answer = ask(&server, query, &[]);
    let id = answer.header("x-amzn-requestid").expect("an id").to_owned();
    let lines = lines(&server);
    assert!(lines.iter().all(|line| line.contains(&id)), "{lines:#?}");
    assert!(!server.log().contains(API_KEY), "{}", server.log());
    lines.into_iter().map(|line| line.replace(&id, "ID")).collect()
}

/// Documents by their `logType`, other lines as they are.
fn kinds(lines: &[String]) -> Vec<String> {
    let kind = |line: &String| match Value::parse(line.as_bytes()) {
        Ok(document) => document.at(&["logType"]).as_str().unwrap_or_default().to_owned(),
        Err(_) => line.clone(),
    };
    lines.iter().map(kind).collect()
}

#[test]
fn log_lines_follow_the_level() {
    const END: [&str; 3] = ["ExecutionSummary", "RequestSummary", "ID End Request"];
    let check = |level: &str, query: &str, expected: &[&str]| {
        let expected: Vec<_> = ["ID Begin Request"].iter().chain(expected).chain(&END).copied().collect();
        assert_eq!(kinds(&logged(level, false, query)), expected, "{level} {query}");
    };
    check("NONE", "{ raised }", &[]);
    check("ERROR", "{ one { id } }", &[]);
    check("ERROR", "{ raised }", &["RequestFunctionEvaluation", "ResponseFunctionEvaluation"]);
    check("INFO", "{ posts(n: 1) { id } }", &["ID INFO - \"before\" 1", "ID ERROR - \"bad\""]);
    check("INFO", "{ noted }", &[]);
    check("DEBUG", "{ noted }", &["ID DEBUG - deep"]);
    check(
        "ALL",
        "{ broken }",
        &["ID Begin Execution - Type Name: Query and Field Name: broken", "RequestMapping", "Tracing", "ID End Field Execution"],
    );
    check(
        "ALL",
        "{ posts(n: 1) { id } }",
        &[
            "ID Begin Execution - Type Name: Query and Field Name: posts",
            "ID INFO - \"before\" 1",
            "ID ERROR - \"bad\"",
            "BeforeRequestFunctionEvaluation",
            "RequestFunctionEvaluation",
            "RequestFunctionEvaluation",
            "ResponseFunctionEvaluation",
            "AfterResponseFunctionEvaluation",
            "Tracing",
            "ID End Field Execution",
        ],
    );
}

#[test]
fn log_lines_have_appsync_s_form() {
    let lines = logged("ALL", true, "query Q { raised }");
    assert_eq!(lines[1], "ID GraphQL Query: query Q { raised }, Operation: null, Variables: {}");
    assert!(lines[2].starts_with("ID Request Headers: {") && lines[2].contains("\"x-api-key\":\"(not shown)\""), "{}", lines[2]);
    let arn = "arn:aws:appsync:us-east-1:000000000000:apis/test/types/Query/fields/raised";
    let request = format!(
        r#"{{"logType":"RequestFunctionEvaluation","path":["raised"],"fieldName":"raised","resolverArn":"{arn}","requestId":"ID","context":{{"arguments":{{}},"stash":{{}},"outErrors":[]}},"fieldInError":true,"evaluationResult":{{"payload":1}},"errors":["CustomTemplateException(message=first, errorType=A, data=null, errorInfo=null)"],"parentType":"Query","graphQLAPIId":"test"}}"#
    );
    assert!(lines.contains(&request), "{request}\n{lines:#?}");
    let documents: Vec<Value> = lines.iter().filter_map(|line| Value::parse(line.as_bytes()).ok()).collect();
    let of = |kind: &str| documents.iter().find(|line| line.at(&["logType"]).as_str() == Some(kind)).expect("a line");
    let names = |value: &Value| value.as_object().map(|object| object.keys().map(ToString::to_string).collect::<Vec<_>>());
    let check = |kind: &str, expected: &[&str]| assert_eq!(names(of(kind)).unwrap_or_default(), expected, "{kind}");
    check(
        "Tracing",
        &[
            "duration",
            "logType",
            "path",
            "fieldName",
            "startOffset",
            "resolverArn",
            "requestId",
            "parentType",
            "returnType",
            "graphQLAPIId",
        ],
    );
    check(
        "ExecutionSummary",
        &["duration", "logType", "requestId", "startTime", "endTime", "parsing", "version", "validation", "graphQLAPIId"],
    );
    check("RequestSummary", &["logType", "requestId", "graphQLAPIId", "statusCode", "latency"]);
    assert_eq!(of("RequestSummary").at(&["statusCode"]), &value!(200));
    // Templates are logged as text.
    let lines = logged("ALL", true, "{ one { author } }");
    assert!(
        lines.iter().any(|line| line.contains(r#""transformedTemplate":"{\"version\":\"2018-05-29\",\"payload\":\"1\"}""#)),
        "{lines:#?}"
    );
}

#[test]
fn a_recorded_request_is_a_file_of_cases() {
    let definition = definition("");
    let server = definition.serve();
    let url = format!("http://{}", server.address);
    let record = |query: &str, out: &str| {
        definition.run(&["record", query, "--url", &url, "--data", "data", "--as", "key:da2-test", "--out", out])
    };
    let output = record("{ posts(n: 7) { author } raised source broken faulty early items { double } }", "cases/all.test.yaml");
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(output.stdout.starts_with("12 cases written to cases/all.test.yaml."), "{}", output.stdout);
    let text = definition.read("cases/all.test.yaml");
    assert!(!text.contains(API_KEY) && !text.contains("secret-value"), "{text}");
    for line in ["resolver: Query.posts", "name: \"posts[1].author\"", "clock: ", "random: "] {
        assert!(text.contains(line) || text.contains(&line.replace('"', "")), "{line}\n{text}");
    }
    // It is not written over, and says so.
    let again = record("{ early }", "cases/all.test.yaml");
    assert!(again.code == Some(2) && again.stderr.contains("is there already"), "{}", again.stderr);
    let wrong = record("{ early }", "cases/all.yaml");
    assert!(wrong.code == Some(2) && wrong.stderr.contains(".test.yaml"), "{}", wrong.stderr);
    let nothing = record("{ __typename }", "cases/none.test.yaml");
    assert!(nothing.code == Some(2) && nothing.stderr.contains("no resolver ran"), "{}", nothing.stderr);
    drop(server);
    // Without the server, and without data sources.
    let replayed = definition.run(&["test", "cases"]);
    assert_eq!(replayed.code, Some(0), "{}{}", replayed.stdout, replayed.stderr);
}
