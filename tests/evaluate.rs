//! `syncgate evaluate` and the endpoint of `EvaluateCode` and `EvaluateMappingTemplate`: what AWS answered and documents, bad input,
//! exit codes, and who is let in.

mod harness;

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Stdio;
use std::sync::Arc;

use harness::attack::{Request, Signer};
use harness::{Answer, Definition, Output, Server, command, config};
use syncgate::resolver::offline::operation::{Form, Operation, Operations};
use syncgate::resolver::offline::{Conditions, FixedClock};
use value::{Number, Object, Value, value};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/vectors");
const IMPORTS: &str = "import { util, extensions, runtime } from '@aws-appsync/utils';
import * as ddb from '@aws-appsync/utils/dynamodb';
import * as rds from '@aws-appsync/utils/rds';
";

fn lines(path: &str) -> Vec<Value> {
    let text = harness::read(&std::path::Path::new(VECTORS).join(path));
    text.lines().map(|line| Value::parse(line.as_bytes()).expect("one JSON object per line")).collect()
}

/// `syncgate evaluate ARGUMENTS < input`
fn evaluate(arguments: &[&str], input: &str) -> Output {
    let mut command = command();
    command.arg("evaluate").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    let _ = writer.join();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Output { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn parse(text: &str) -> Value {
    Value::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Keys in order and numbers by value: the service keeps neither order nor form.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.to_whole_i64().map_or_else(|| value.clone(), |whole| Value::Number(Number::from(whole))),
        Value::List(items) => items.iter().map(canonical).collect(),
        Value::Object(object) => {
            let sorted: BTreeMap<_, _> = object.iter().map(|(key, item)| (key.clone(), canonical(item))).collect();
            Value::from(sorted.into_iter().collect::<Object>())
        }
        other => other.clone(),
    }
}

/// A recorded evaluation as a request of `EvaluateCode`.
fn request(vector: &Value) -> Value {
    let code = match vector.get("code") {
        Some(code) => format!("{IMPORTS}{}", code.as_str().expect("a text")),
        None => format!("{IMPORTS}export function request(ctx) {{\nreturn {};\n}}", text(vector, "expr")),
    };
    let mut members = Object::new();
    members.insert("code", code);
    members.insert("context", vector.get("context").map_or_else(|| "{}".to_owned(), Value::to_json));
    members.insert("function", vector.get("function").cloned().unwrap_or_else(|| value!("request")));
    members.insert("runtime", value!({"name": "APPSYNC_JS", "runtimeVersion": "1.0.0"}));
    members.into()
}

/// Whether an answer is the recorded one.
fn verdict(vector: &Value, answer: &Value) -> Result<(), String> {
    let result = || match answer.get("evaluationResult") {
        Some(result) => Ok(parse(result.as_str().expect("a text"))),
        None => Err(answer.to_json()),
    };
    let (actual, expected) = if let Some(message) = vector.get("expected_error_message") {
        let actual = answer.get("error").map(|error| text(error, "message")).unwrap_or_default();
        // The vectors leave the place out.
        let place = actual.strip_prefix("code.js:").and_then(|rest| rest.split_once(": ")).map_or(actual, |(_, rest)| rest);
        (value!(place), message.clone())
    } else if let Some(expected) = vector.get("expected_json_string") {
        let expected = expected.as_str().map_or_else(|| expected.clone(), parse);
        (parse(result()?.as_str().ok_or("no string")?), expected)
    } else {
        (result()?, vector.get("expected").cloned().unwrap_or_default())
    };
    if canonical(&actual) == canonical(&expected) { Ok(()) } else { Err(format!("got {actual}, expected {expected}")) }
}

#[test]
#[expect(clippy::print_stdout, reason = "the counts are what one runs this test for")]
fn all_recorded_answers_come_through_the_batch() {
    let vectors = lines("appsync-js/evaluate_aws.jsonl");
    let input: String = vectors.iter().map(|vector| format!("{}\n", request(vector))).collect();
    let output = evaluate(&["--batch"], &input);
    assert_eq!((output.code, &*output.stderr), (Some(0), ""));
    let answers: Vec<Value> = output.stdout.lines().map(parse).collect();
    assert_eq!(answers.len(), vectors.len());
    let mut passed = 0;
    for (vector, answer) in vectors.iter().zip(&answers) {
        match verdict(vector, answer) {
            Ok(()) => passed += 1,
            Err(difference) => println!("{}: {difference}", text(vector, "id")),
        }
    }
    println!("evaluate_aws: {passed} passed, {} failed, {} in all", vectors.len() - passed, vectors.len());
    assert_eq!((passed, vectors.len()), (362, 362));
}

#[test]
#[expect(clippy::print_stdout, reason = "the counts are what one runs this test for")]
fn all_documented_templates_come_through_the_operation() {
    let vectors = lines("vtl/vtl_docs.jsonl");
    let mut passed = 0;
    for vector in &vectors {
        let mut conditions = Conditions::default();
        if let Some(milliseconds) = vector.get("clock_ms").and_then(Value::as_i64) {
            conditions.clock = Arc::new(FixedClock(milliseconds));
        }
        let operations = Operations::new(conditions, Form::Exact, true);
        let mut members = Object::new();
        members.insert("template", text(vector, "template"));
        members.insert("context", vector.get("context").map_or_else(|| "{}".to_owned(), Value::to_json));
        let answer = operations.answer(Operation::EvaluateMappingTemplate, &members.into()).expect("a request");
        let rendered = answer.get("evaluationResult").and_then(Value::as_str);
        let same = if let Some(expected) = vector.get("expected_text") {
            rendered == expected.as_str()
        } else if let Some(expected) = vector.get("expected_json") {
            rendered.is_some_and(|rendered| canonical(&parse(rendered)) == canonical(expected))
        } else {
            answer.get("error").is_some()
        };
        if same {
            passed += 1;
        } else {
            println!("{}: {answer}", text(vector, "id"));
        }
    }
    println!("vtl_docs: {passed} passed, {} failed, {} in all", vectors.len() - passed, vectors.len());
    assert_eq!((passed, vectors.len()), (66, 66));
}

/// What code answers that returns something JSON does not have.
#[test]
fn bad_results_are_answered_by_name() {
    // Each is the body of `request`, with what the answer's `evaluationResult` or `error.message` is.
    let cases: &[(&str, Result<&str, &str>)] = &[
        ("", Ok("null")),
        ("return undefined", Ok("null")),
        ("return null", Ok("null")),
        ("return [undefined, null, , 1]", Ok("[null,null,null,1]")),
        ("return {a: undefined, b: null}", Ok(r#"{"b":null}"#)),
        ("return [NaN, Infinity, -Infinity, -0]", Ok("[null,null,null,0]")),
        ("return [0.1 + 0.2, 1.50, 1e3, -7]", Ok("[0.30000000000000004,1.5,1000,-7]")),
        ("return 'a\\u2028\\u0000\"'", Ok("\"a\u{2028}\\u0000\\\"\"")),
        // Half of a surrogate pair is no character; what is written is one that says so.
        ("return '\\ud800'", Ok("\"\u{fffd}\"")),
        ("return {'\\udc00': '\\ud83d'}", Ok("{\"\u{fffd}\":\"\u{fffd}\"}")),
        ("return new Date(0)", Ok("\"1970-01-01T00:00:00.000Z\"")),
        ("return 1n", Err("no-bigint")),
        ("return {a: [10n]}", Err("no-bigint")),
        ("return Symbol('a')", Err("error TS2304: Cannot find name 'Symbol'.")),
        ("return () => 1", Err("the result is a function")),
        ("return {toJSON: () => 1}", Err("the result.toJSON is a function")),
        ("return new Map([[1, 2]])", Err("the result is a Map or a Set")),
        ("const a = {}; a.a = a; return a", Err("refers to itself")),
        ("const a = []; a.push(a); return a", Err("refers to itself")),
        ("ctx.stash.own = ctx.stash; return 1", Err("refers to itself")),
        ("let a = 1; for (let i = 0; i < 300; i++) { a = [a] } return a", Err("is nested deeper than 200 levels")),
        ("return 'x'.repeat(5 * 1024 * 1024 + 1)", Err("Transformation too large: the result")),
        ("ctx.stash.long = 'x'.repeat(5 * 1024 * 1024 + 1)", Err("Transformation too large: ctx.stash")),
        ("return util.time.nowFormatted('yyyy', 'Nowhere/Land')", Err("Unknown time-zone ID: Nowhere/Land")),
        ("return util.time.parseFormattedToEpochMilliSeconds('x', 'yyyy')", Err("Text 'x' could not be parsed at index 0")),
        ("return util.toJson(1)", Err("error TS2339: Property 'toJson' does not exist on type 'Util'.")),
        ("throw new Error('own')", Err("Error: own")),
        ("return ctx.args.none.id", Err("TypeError")),
    ];
    let mut input = String::new();
    for (body, _) in cases {
        let code = format!("import {{ util }} from '@aws-appsync/utils'\nexport function request(ctx) {{ {body} }}");
        input.push_str(&format!("{}\n", value!({"code": code, "context": "{}"})));
    }
    let output = evaluate(&["--batch", "--lenient"], &input);
    let answers: Vec<Value> = output.stdout.lines().map(parse).collect();
    assert_eq!((output.code, answers.len()), (Some(0), cases.len()), "{}", output.stderr);
    let mut wrong = Vec::new();
    for ((body, expected), answer) in cases.iter().zip(&answers) {
        let result = answer.get("evaluationResult").and_then(Value::as_str);
        let message = answer.get("error").map(|error| text(error, "message"));
        let same = match expected {
            Ok(expected) => result == Some(expected) && message.is_none(),
            Err(expected) => result.is_none() && message.is_some_and(|message| message.contains(expected)),
        };
        if !same {
            wrong.push(format!("{body}: {expected:?}, not {:.300}", answer.to_json()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn bad_templates_and_contexts_are_answered_by_name() {
    let definition = Definition::new();
    for (name, template, arguments, code, expected) in [
        ("a.vtl", "{\"a\": $ctx.args.none}", &["--step", "request"][..], 1, "Unable to parse the JSON document"),
        ("b.vtl", "{\"a\": $ctx.args.none}", &["--step", "response"], 1, "Unable to convert"),
        ("c.vtl", "{} {}", &["--step", "request"], 1, "Trailing characters"),
        ("d.vtl", " ", &["--step", "request"], 1, "Template transformation yielded an empty response."),
        ("e.vtl", " ", &["--step", "response"], 0, "\"evaluationResult\":\" \""),
        ("f.vtl", "no JSON", &[], 0, "\"evaluationResult\":\"no JSON\""),
        ("g.vtl", "#set($a = {})$util.qr($a.put('a', $a))$util.toJson($a)", &[], 1, "A value contains itself"),
        ("p.vtl", "$util.toJson($util)", &[], 1, "cannot be written as JSON"),
        (
            "q.vtl",
            "$util.toJson($none) $util.toJson('a\"') $util.toJson([1, 2.50, {}])",
            &[],
            0,
            r#""null \"a\\\"\" [1,2.5,{}]""#,
        ),
        ("r.vtl", "$util.time.nowFormatted('yyyy', 'Nowhere/Land')", &[], 1, "Unknown time-zone ID: Nowhere/Land"),
        ("h.vtl", "#if($a)", &[], 1, "\"error\""),
        ("i.vtl", "#foreach($i in [1..2000])$i#end", &[], 1, "1000"),
        ("j.vtl", "$util.unauthorized()", &[], 1, "{\"error\":{\"message\":\"Unauthorized\"}"),
        ("k.vtl", "$util.error('m', 'T', {}, {})", &[], 1, "{\"error\":{\"message\":\"m\"}"),
        ("l.vtl", "$ctx.args.a.b.c $!ctx.args.a", &["--context", "{\"arguments\":{\"a\":\"\\ud800\"}}"], 2, "not JSON"),
        ("m.vtl", "x", &["--context", "nowhere.json"], 2, "cannot be read"),
        ("n.vtl", "x", &["--context", "{]"], 2, "not JSON"),
        ("o.vtl", "x", &["--clock", "yesterday"], 2, "--clock"),
    ] {
        definition.write(name, template);
        let mut all = vec!["evaluate", name];
        all.extend(arguments);
        let output = definition.run(&all);
        let shown = format!("{}{}", output.stdout, output.stderr);
        assert!(output.code == Some(code) && shown.contains(expected), "{name} {arguments:?}: {output:?}");
    }
}

const CODE: &str = "import { util } from '@aws-appsync/utils'
import { named } from './lib/names'
export function request(ctx) {
  console.log('asked', ctx.args)
  return { payload: { id: util.autoId(), at: util.time.nowEpochSeconds(), club: ctx.env.CLUB, name: named(ctx.args.name) } }
}
export function response(ctx) {
  return ctx.result.payload.name
}
";

fn definition() -> Definition {
    let more = "[api.environment_variables]\nCLUB = \"Lakeside\"\n\
                [[api.resolvers]]\ntype = \"Query\"\nfield = \"one\"\ndata_source = \"none\"\ncode = \"code/one.js\"\n\
                [[api.resolvers]]\ntype = \"Query\"\nfield = \"two\"\ndata_source = \"none\"\n\
                request_mapping_template = \"two.request.vtl\"\nresponse_mapping_template = \"two.response.vtl\"\n";
    Definition::of(&[
        ("config.toml", &config(more)),
        ("schema.graphql", "type Query { one(name: String): String two: String }"),
        ("code/one.js", CODE),
        ("code/lib/names.js", "export function named(name) { return name.toUpperCase() }\n"),
        ("two.request.vtl", "{\"version\": \"2018-05-29\", \"payload\": $util.toJson($ctx.info.fieldName)}"),
        ("two.response.vtl", "$ctx.result"),
        ("context.json", "{\"arguments\": {\"name\": \"ann\"}}"),
    ])
}

#[test]
fn files_and_names_are_evaluated_the_same_each_time() {
    let definition = definition();
    let fixed = ["--clock", "2024-05-01T12:00:00Z", "--seed", "5"];
    let run = |arguments: &[&str]| {
        let mut all = vec!["evaluate"];
        all.extend(arguments);
        all.extend(fixed);
        definition.run(&all)
    };
    let named = run(&["Query.one", "--context", "context.json"]);
    assert_eq!((named.code, &*named.stderr), (Some(0), ""), "{named:?}");
    assert_eq!(named.stdout, run(&["Query.one", "--context", "context.json"]).stdout);
    let answer = parse(&named.stdout);
    let payload = parse(text(&answer, "evaluationResult")).at(&["payload"]).clone();
    assert_eq!((payload.at(&["at"]), payload.at(&["club"])), (&value!(1_714_564_800), &value!("Lakeside")));
    assert_eq!(payload.at(&["name"]), &value!("ANN"));
    let logged = answer.at(&["logs"]).as_list().and_then(<[Value]>::first).and_then(Value::as_str).expect("a line");
    assert!(logged.starts_with("INFO - code.js:4:") && logged.ends_with(": \"asked\" {\"name\":\"ann\"}"), "{logged}");

    // A file knows no definition: there is no `env`.
    let file = run(&["code/one.js", "--context", "context.json"]);
    assert!(file.code == Some(0) && !file.stdout.contains("Lakeside"), "{file:?}");

    let id = "6f1ed002-ab5d-4b4a-9d4c-0b1d3c6b5c11";
    let given = run(&["Query.one", "--context", "{\"arguments\":{\"name\":\"x\"}}", "--ids", id]);
    assert!(given.stdout.contains(id), "{given:?}");
    let template = run(&["Query.two"]);
    assert!(template.stdout.contains(r#"\"payload\": \"two\""#), "{template:?}");
    let response = run(&["Query.two", "--step", "response", "--context", "{\"result\": 5}"]);
    assert!(response.stdout.starts_with(r#"{"evaluationResult":"5","#), "{response:?}");
}

#[test]
fn failures_show_the_line_and_the_exit_code_tells_them_apart() {
    let definition = definition();
    let check = |arguments: &[&str], code: i32, expected: &[&str]| {
        let mut all = vec!["evaluate"];
        all.extend(arguments);
        let output = definition.run(&all);
        assert_eq!(output.code, Some(code), "{arguments:?}: {output:?}");
        for expected in expected {
            assert!(output.stderr.contains(expected), "{arguments:?}: {expected} is not in {}", output.stderr);
        }
        assert_eq!(output.stdout.is_empty(), code == 2, "{arguments:?}: {output:?}");
    };
    // In an imported file.
    check(&["Query.one"], 1, &["--> code/lib/names.js:1:", "name.toUpperCase()"]);
    check(&["Query.two", "--step", "response", "--context", "{\"result\": {\"a\": 1}}"], 1, &["--> two.response.vtl:1:1"]);
    check(&["Query.twoo"], 2, &["there is no resolver \"Query.twoo\"", "did you mean Query.two?"]);
    check(&["three"], 2, &["there is no function \"three\""]);
    check(&["Query.one", "--api", "other"], 2, &["there is no API \"other\"", "there are: "]);
    check(&["Query.one", "--config", "none.toml"], 2, &["none.toml"]);
    check(&["nothing.js"], 2, &["nothing.js", "cannot be read"]);
    check(&["config.toml"], 2, &["cannot tell what config.toml is"]);
    check(&[], 2, &["Usage"]);
    check(&["Query.one", "--batch"], 2, &["cannot be used with"]);
    definition.write("loop.js", "export function request() { for (let i = 0; i < 2; i++) {} return 1 }");
    check(&["loop.js"], 0, &["warning[no-for]"]);
    check(&["loop.js", "--strict"], 1, &["error[no-for]", "--> loop.js:1:29"]);
}

const EVALUATE_CODE: &str = "/v1/dataplane-evaluatecode";
const EVALUATE_TEMPLATE: &str = "/v1/dataplane-evaluatetemplate";
const PRODUCTION: [(&str, &str); 2] =
    [("SYNCGATE_SERVER__MODE", "production"), ("SYNCGATE_SERVER__SECRET", "a secret of production that is long enough")];

fn ask(server: &Server, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    server.client().request("POST", path, headers, body)
}

fn code_request(code: &str, context: &str) -> Value {
    value!({"code": code, "context": context, "function": "request", "runtime": {"name": "APPSYNC_JS", "runtimeVersion": "1.0.0"}})
}

#[test]
fn the_endpoint_answers_in_the_form_of_the_service() {
    let server = definition().serve();
    let good = code_request("export function request(ctx) { return ctx.args }", "{\"arguments\":{\"a\":1}}");
    let answer = ask(&server, EVALUATE_CODE, &[], &good.to_json());
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert!(answer.header("x-amzn-requestid").is_some());
    assert_eq!(answer.body, r#"{"evaluationResult":"{\"a\":1}","logs":[],"stash":"{}","outErrors":"[]"}"#);
    let template = value!({"template": "$ctx.args.a", "context": "{\"arguments\":{\"a\":1}}"});
    let answer = ask(&server, EVALUATE_TEMPLATE, &[], &template.to_json());
    assert_eq!((answer.status, &*answer.body), (200, r#"{"evaluationResult":"1","logs":[],"stash":"{}","outErrors":"[]"}"#));
    // What AppSync refuses is refused, whatever the definition's `strict` is; files of this machine are not imported.
    for code in [
        "export function request() { while (true) {} }",
        "import { named } from './code/lib/names'\nexport function request() { return named('x') }",
    ] {
        let answer = ask(&server, EVALUATE_CODE, &[], &code_request(code, "{}").to_json());
        assert!(answer.status == 200 && answer.body.contains("\"codeErrors\":[{"), "{}", answer.body);
    }

    let without = |name: &str| {
        let mut members = good.as_object().expect("an object").clone();
        members.remove(name);
        Value::from(members).to_json()
    };
    let with = |name: &str, value: Value| {
        let mut members = good.as_object().expect("an object").clone();
        members.insert(name, value);
        Value::from(members).to_json()
    };
    let runtime = |name: &str, version: &str| with("runtime", value!({"name": name, "runtimeVersion": version}));
    for (body, error_type, expected) in [
        (String::new(), "SerializationException", "no JSON"),
        ("{".to_owned(), "SerializationException", "no JSON"),
        ("[]".to_owned(), "BadRequestException", "not an object"),
        (without("code"), "BadRequestException", "Value at 'code' failed to satisfy constraint: Member must not be null"),
        (without("context"), "BadRequestException", "Value at 'context'"),
        (without("runtime"), "BadRequestException", "Value at 'runtime'"),
        (with("code", value!("")), "BadRequestException", "greater than or equal to 1"),
        (with("code", Value::from("ä".repeat(32_769))), "BadRequestException", "less than or equal to 32768"),
        (with("context", value!("{")), "BadRequestException", "greater than or equal to 2"),
        (with("context", value!("{]")), "BadRequestException", "The context is no JSON"),
        (with("context", value!("[]")), "BadRequestException", "not a JSON object"),
        (with("context", Value::from(format!("{{\"a\":\"{}\"}}", "x".repeat(28_000)))), "BadRequestException", "28000"),
        (with("function", value!("both")), "BadRequestException", "'both' at 'function'"),
        (runtime("NODE", "1.0.0"), "BadRequestException", "'NODE' at 'runtime.name'"),
        (runtime("APPSYNC_JS", "2.0.0"), "BadRequestException", "'2.0.0' at 'runtime.runtimeVersion'"),
    ] {
        let answer = ask(&server, EVALUATE_CODE, &[], &body);
        let told = (answer.status, answer.header("x-amzn-errortype"));
        assert_eq!(told, (400, Some(error_type)), "{body:.100}: {}", answer.body);
        assert!(text(&parse(&answer.body), "message").contains(expected), "{body:.100}: {}", answer.body);
    }
    let get = server.client().request("GET", EVALUATE_CODE, &[], "");
    assert_eq!((get.status, get.header("x-amzn-errortype")), (404, Some("UnknownOperationException")));
    let large = ask(&server, EVALUATE_CODE, &[], &"x".repeat((1 << 20) + 1));
    assert_eq!(large.status, 413, "{}", large.body);
    for (header, reason) in [
        (("origin", "https://evil.example"), "Origin"),
        (("host", "evil.example"), "Host"),
        (("x-forwarded-for", "203.0.113.7"), "forwarded"),
    ] {
        for path in [EVALUATE_CODE, EVALUATE_TEMPLATE] {
            let foreign = ask(&server, path, &[header], &good.to_json());
            assert_eq!((foreign.status, foreign.header("x-amzn-errortype")), (403, Some("AccessDeniedException")), "{header:?}");
            assert!(foreign.body.contains(reason), "{}", foreign.body);
        }
    }
}

#[test]
fn in_production_nobody_evaluates_without_a_signature() {
    let good = code_request("export function request(ctx) { return 1 }", "{}").to_json();
    // Without principals there is no endpoint.
    let definition = definition();
    let server = definition.serve_with(&PRODUCTION);
    let answer = ask(&server, EVALUATE_CODE, &[], &good);
    assert_eq!(answer.status, 404, "{}", answer.body);
    drop(server);

    let principal = "[[api.additional_authentication_providers]]\nauthentication_type = \"AWS_IAM\"\n\
        [[api.iam_principals]]\nname = \"ann\"\naccess_key_id = \"AKIDANN\"\nsecret_access_key = \"a long secret of ann\"\n\
        policies = [\"evaluate.json\"]\n";
    let statement = r#"{"Effect": "Allow", "Action": "appsync:EvaluateCode", "Resource": "*"}"#;
    definition.write("evaluate.json", &format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#));
    definition.write("config.toml", &format!("{}\n{principal}", definition.read("config.toml")));
    let server = definition.serve_with(&PRODUCTION);
    for path in [EVALUATE_CODE, EVALUATE_TEMPLATE] {
        let answer = ask(&server, path, &[], &good);
        assert_eq!((answer.status, answer.header("x-amzn-errortype")), (403, Some("MissingAuthenticationTokenException")));
        // An API key of the same API is no credential here.
        let answer = ask(&server, path, &[("x-api-key", harness::API_KEY)], &good);
        assert_eq!(answer.status, 403, "{}", answer.body);
        // Signed it is let in, as far as its policies go.
        for (secret, allowed) in [("a long secret of ann", path == EVALUATE_CODE), ("another secret", false)] {
            let mut request = Request::post(&server.address.to_string(), path, "");
            request.body = good.clone().into_bytes();
            let request = Signer::new("AKIDANN", secret).sign(request);
            let headers: Vec<(&str, &str)> =
                request.headers.iter().map(|(name, value)| (&**name, std::str::from_utf8(value).expect("ASCII"))).collect();
            let answer = ask(&server, path, &headers, &good);
            if allowed {
                let expected = r#"{"evaluationResult":"1","logs":[],"stash":"{}","outErrors":"[]"}"#;
                assert_eq!((answer.status, &*answer.body), (200, expected));
            } else {
                let expected = if secret == "another secret" { "InvalidSignatureException" } else { "AccessDeniedException" };
                assert_eq!((answer.status, answer.header("x-amzn-errortype")), (403, Some(expected)), "{}", answer.body);
            }
        }
    }
}

#[test]
fn refused_code_is_told_in_the_words_and_columns_of_appsync() {
    let code = "export function request() { /* 🐕 */ for (;;) {} }";
    let output = evaluate(&["--batch"], &format!("{}\n", code_request(code, "{}")));
    let answer = parse(&output.stdout);
    let first = answer.at(&["error", "codeErrors"]).as_list().and_then(<[Value]>::first).expect("a code error");
    let found = appsync_js::compile(
        appsync_js::Entry { path: "code.js", text: code },
        &|_| None,
        &appsync_js::CompileOptions { strict: true, ..appsync_js::CompileOptions::default() },
    );
    let finding = found.findings.iter().find(|finding| finding.rule == "no-for").expect("a finding");
    assert_ne!(finding.appsync_message(), finding.message, "AppSync's words are its own");
    assert_eq!(text(first, "value").trim_end(), finding.compiler_line("code.js"));
    assert_eq!(text(first, "errorType"), "LINT_ERROR");
    // The dog counts for two.
    assert_eq!(first.at(&["location", "column"]), &value!(38));
}

#[test]
fn a_log_of_long_lines_makes_no_long_answer() {
    let server = definition().serve();
    let template =
        "#set($s=\"xxxxxxxxxx\")#foreach($i in [1..15])#set($s=\"$s$s\")#end#foreach($i in [1..900])$util.log.info($s)#end";
    let body = value!({"template": template, "context": "{}"}).to_json();
    let answer = ask(&server, EVALUATE_TEMPLATE, &[], &body);
    assert!(answer.status == 200 && answer.body.len() < 2 << 20, "{} bytes, status {}", answer.body.len(), answer.status);
    let logs = parse(&answer.body).at(&["logs"]).as_list().map(<[Value]>::to_vec).expect("lines");
    assert_eq!(logs.len(), (1 << 20) / (10 << 15) + 1);
    assert!(logs.last().and_then(Value::as_str).is_some_and(|last| last.contains("1048576 bytes")), "{:?}", logs.last());
}
