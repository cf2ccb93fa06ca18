//! The functions of a server through the programs that people use (boto3, the AWS CLI, plain HTTP), who is let in, and that
//! nothing of them outlives the server.

mod harness;

use std::time::{Duration, Instant};

use harness::aws_clients::{Cli, check_with_boto3};
use harness::dynamodb_servers::{python_program, servers_are_wanted};
use harness::{API_KEY, Answer, Definition, Server};
use value::{Value, value};

const NODE: &str = r"
exports.handler = async (event, context) => {
    console.log('got', event);
    if (event.fail) throw new TypeError(event.fail);
    return { event, custom: context.clientContext?.custom, pid: process.pid, secret: process.env.SYNCGATE_SERVER__SECRET };
};
exports.pass = async (event) => event;
exports.slow = () => new Promise((resolve) => setTimeout(resolve, 1e6));
";
const PYTHON: &str = "import os\ndef handler(event, context):\n    return {'event': event, 'pid': os.getpid()}\n";
// One process, so that it counts for all.
const COUNTER: &str =
    "count = 0\ndef handler(event, context):\n    global count\n    count += 0 if event.get('read') else 1\n    return count\n";
const SHELL: &str = r#"#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
headers=$(mktemp)
while :; do
    event=$(curl -sS -D "$headers" "$api/next") || exit 1
    id=$(tr -d '\r' < "$headers" | sed -n 's/^lambda-runtime-aws-request-id: //ip')
    curl -sS -o /dev/null -d "{\"event\":$event,\"pid\":$$}" "$api/$id/response"
done
"#;
const CONFIG: &str = r#"
[[lambda_function]]
function_name = "echo"
runtime = "nodejs20.x"
handler = "index.handler"
code = "functions/echo"

[[lambda_function]]
function_name = "pass"
runtime = "nodejs20.x"
handler = "index.pass"
code = "functions/echo"
timeout = "1m"

[[lambda_function]]
function_name = "slow"
runtime = "nodejs20.x"
handler = "index.slow"
code = "functions/echo"
timeout = 1

[[lambda_function]]
function_name = "greet"
runtime = "python3.13"
code = "functions/greet.py"

[[lambda_function]]
function_name = "counter"
runtime = "python3.13"
code = "functions/counter.py"
reserved_concurrent_executions = 1

[[lambda_function]]
function_name = "shell"
runtime = "provided.al2023"
code = "functions/shell"
timeout = "20s"
"#;
const INVOKE: &str = "/2015-03-31/functions/echo/invocations";
const PRODUCTION: [(&str, &str); 2] =
    [("SYNCGATE_SERVER__MODE", "production"), ("SYNCGATE_SERVER__SECRET", "a secret of production that is long enough")];

fn definition() -> Definition {
    use std::os::unix::fs::PermissionsExt;
    let definition = Definition::of(&[
        ("config.toml", &format!("{CONFIG}\n{}", harness::config(""))),
        ("schema.graphql", "type Query { ping: String }"),
        ("functions/echo/index.js", NODE),
        ("functions/greet.py", PYTHON),
        ("functions/counter.py", COUNTER),
        ("functions/shell/bootstrap", SHELL),
    ]);
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(definition.path("functions/shell/bootstrap"), executable).expect("it is ours");
    definition
}

/// A function that puts the event which called it again, as boto3 does it.
const AGAIN: &str = r#"
import boto3, json
def handler(event, context):
    client = boto3.client('events', endpoint_url=event['detail']['url'], region_name='us-east-1',
                          aws_access_key_id='any', aws_secret_access_key='thing')
    entry = {'Source': event['source'], 'DetailType': 'again', 'Detail': json.dumps(event['detail'])}
    for result in client.put_events(Entries=[entry])['Entries']:
        print('result', result.get('ErrorCode', 'accepted'))
"#;

#[test]
fn a_rule_that_leads_to_itself_through_a_function_ends() {
    if !servers_are_wanted() {
        return;
    }
    let config = r#"
[[lambda_function]]
function_name = "again"
runtime = "python3.13"
code = "functions/again.py"
timeout = "1m"

[[event_rule]]
name = "again"
event_pattern = { source = ["shop"] }
[[event_rule.targets]]
id = "f"
lambda_function = "again"
"#;
    let definition = Definition::of(&[
        ("config.toml", &format!("{config}\n{}", harness::config(""))),
        ("schema.graphql", "type Query { ping: String }"),
        ("functions/again.py", AGAIN),
    ]);
    let server = definition.serve();
    let detail = format!(r#"{{\"url\": \"http://{}/eventbridge/\"}}"#, server.address);
    let event = format!(r#"{{"Entries": [{{"Source": "shop", "DetailType": "first", "Detail": "{detail}"}}]}}"#);
    let answer = server.client().request("POST", "/eventbridge/", &[("x-amz-target", "AWSEvents.PutEvents")], &event);
    assert_eq!(answer.status, 200, "{}", answer.body);
    eventually("the last is refused", || server.log().contains("result RecursiveInvocationException"));
    let log = server.log();
    assert_eq!(log.matches("result accepted").count(), 15, "{log}");
    assert!(log.contains("rules that put events which rules want make a loop"), "{log}");
}

fn invoke(server: &Server, name: &str, event: &str) -> Answer {
    server.client().request("POST", &format!("/2015-03-31/functions/{name}/invocations"), &[], event)
}

fn json(answer: &Answer) -> Value {
    Value::parse(answer.body.as_bytes()).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

/// Whether a process lives; one that ended and waits for its parent does not.
fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, fields)| !matches!(fields.trim_start().chars().next(), Some('Z' | 'X')))
}

#[track_caller]
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn boto3_invokes_functions_of_every_language() {
    if !servers_are_wanted() {
        return;
    }
    let definition = definition();
    let server = definition.serve();
    check_with_boto3("lambda_check.py", &definition.path("."), ("any", "thing"), &[&format!("http://{}", server.address)]);
}

#[test]
fn the_aws_cli_invokes_functions() {
    if !servers_are_wanted() {
        return;
    }
    let definition = definition();
    let server = definition.serve();
    let endpoint = format!("http://{}", server.address);
    assert!(
        server.summary.contains(&format!("Functions     6 (http://localhost:{})", server.address.port())),
        "{}",
        server.summary
    );
    let cli = Cli { definition: &definition, endpoint, credentials: ("any", "thing") };
    let invoke = |more: &[&'static str]| [&["lambda", "invoke", "--function-name", "greet"], more, &["out.json"]].concat();
    let answer = cli.succeeds(&invoke(&["--payload", r#"{"name":"Ada"}"#]));
    assert_eq!(answer, value!({"StatusCode": 200, "ExecutedVersion": "$LATEST"}));
    let out = Value::parse(definition.read("out.json").as_bytes()).expect("JSON");
    assert_eq!(out.at(&["event"]), &value!({"name": "Ada"}));
    let answer = cli.succeeds(&invoke(&["--invocation-type", "Event"]));
    assert_eq!(answer, value!({"StatusCode": 202}));
    cli.fails(
        &["lambda", "invoke", "--function-name", "gret", "out.json"],
        "An error occurred (ResourceNotFoundException) when calling the Invoke operation: Function not found: arn:aws:lambda:",
    );
}

#[test]
fn what_functions_write_is_logged_with_function_and_request_id() {
    let definition = definition();
    let server = definition.serve();
    let answer = invoke(&server, "echo", r#"{"a":"line"}"#);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(json(&answer).at(&["secret"]), &Value::Null, "a function sees nothing of the server's environment");
    let id = answer.header("x-amzn-requestid").expect("an id").to_owned();
    let is_it = |line: &str| {
        line.contains("INFO") && line.contains("got { a: 'line' }") && line.contains("function=\"echo\"") && line.contains(&id)
    };
    eventually("the line is in the log", || server.log().lines().any(is_it));
}

#[test]
fn an_sdk_in_a_function_reaches_the_tables_of_a_server() {
    if !servers_are_wanted() {
        return;
    }
    let tables = Definition::of(&[
        ("schema.graphql", "type Query { ping: String }"),
        (
            "config.toml",
            &format!(
                "[[table]]\ntable_name = \"posts\"\nkey_schema = [{{ attribute_name = \"id\", key_type = \"HASH\" }}]\n{}",
                harness::config("")
            ),
        ),
    ]);
    let tables = tables.serve();
    let code = "import boto3\ndef handler(event, context):\n    table = boto3.resource('dynamodb').Table('posts')\n    table.put_item(Item={'id': event})\n    return [item['id'] for item in table.scan()['Items']]\n";
    let function = format!(
        "[lambda]\npython = \"{}\"\n[[lambda_function]]\nfunction_name = \"put\"\nruntime = \"python3.13\"\ncode = \"put.py\"\ntimeout = \"1m\"\n\
         access_key_id = \"local\"\nsecret_access_key = \"anything\"\nenvironment = {{ AWS_ENDPOINT_URL_DYNAMODB = \"http://{}/dynamodb/\" }}\n",
        python_program("python").display(),
        tables.address
    );
    let definition = Definition::of(&[
        ("schema.graphql", "type Query { ping: String }"),
        ("put.py", code),
        ("config.toml", &format!("{function}{}", harness::config(""))),
    ]);
    let server = definition.serve();
    assert_eq!(invoke(&server, "put", "\"one\"").body, "[\"one\"]");
}

#[test]
fn changed_code_runs_at_the_next_invocation() {
    let definition = definition();
    let server = definition.serve();
    let pass = |event: &str| invoke(&server, "pass", event).body;
    assert_eq!(pass("1"), "1");
    definition.write("functions/echo/index.js", "exports.pass = async (event) => [event];");
    // Looked for twice a second.
    eventually("the new code runs", || pass("1") == "[1]");
    definition.write("functions/echo/index.js", "exports.pass = async (event) => [[event]]; syntax error");
    eventually("its error is told", || pass("1").contains("Runtime.UserCodeSyntaxError"));
    definition.write("functions/echo/index.js", NODE);
    eventually("mended", || pass("1") == "1");
}

#[test]
fn pages_of_others_do_not_reach_functions() {
    let definition = definition();
    let server = definition.serve();
    let send = |method: &str, headers: &[(&str, &str)]| server.client().request(method, INVOKE, headers, "{}");
    assert_eq!(send("POST", &[]).status, 200);
    for (name, text) in
        [("host", "evil.test"), ("origin", "https://evil.test"), ("x-forwarded-for", "10.0.0.1"), ("origin", "null")]
    {
        for method in ["POST", "OPTIONS"] {
            let answer = send(method, &[(name, text)]);
            assert_eq!(
                (answer.status, answer.header("x-amzn-errortype")),
                (403, Some("AccessDeniedException")),
                "{name}: {answer:?}"
            );
            assert_eq!(answer.header("access-control-allow-origin"), None, "{answer:?}");
        }
    }
    // Those of this machine may, as with Lambda's own CORS.
    let origin = ("origin", "http://localhost:3000");
    let answer = send("OPTIONS", &[origin, ("access-control-request-method", "POST")]);
    assert_eq!((answer.status, answer.header("access-control-allow-methods")), (200, Some("POST")), "{answer:?}");
    let answer = send("POST", &[origin]);
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some(origin.1)));
    assert!(answer.header("access-control-expose-headers").is_some_and(|headers| headers.contains("x-amz-function-error")));
    // What the service does not have is its error, not a page of ours.
    let answer = send("GET", &[]);
    assert_eq!((answer.status, answer.header("x-amzn-errortype")), (405, Some("UnknownOperationException")), "{answer:?}");
}

#[test]
fn in_production_functions_open_to_signed_requests_only() {
    const KEY: (&str, &str) = ("AKIALOCAL", "wJalrXUtnFEMI");
    let definition = definition();
    // Without an access key nobody could be let in, so there is no endpoint.
    let server = definition.serve_with(&PRODUCTION);
    assert!(server.summary.contains("Functions     6\n"), "{}", server.summary);
    let answer = server.client().request("POST", INVOKE, &[], "{}");
    assert_eq!(answer.status, 404, "{answer:?}");
    assert!(answer.body.contains("The GraphQL endpoint is POST /graphql"), "{answer:?}");
    drop(server);

    let config = definition.read("config.toml");
    let keys = format!("\n[[lambda.access_keys]]\naccess_key_id = \"{}\"\nsecret_access_key = \"{}\"\n", KEY.0, KEY.1);
    definition.write("config.toml", &format!("{config}{keys}"));
    let server = definition.serve_with(&PRODUCTION);
    for (headers, error_type) in [
        (&[][..], "MissingAuthenticationTokenException"),
        (&[("x-api-key", API_KEY)], "MissingAuthenticationTokenException"),
        (
            &[("authorization", "AWS4-HMAC-SHA256 Credential=AKIALOCAL/20260101/us-east-1/lambda/aws4_request")],
            "IncompleteSignatureException",
        ),
    ] {
        let answer = server.client().request("POST", INVOKE, headers, "{}");
        assert_eq!((answer.status, answer.header("x-amzn-errortype")), (403, Some(error_type)), "{answer:?}");
    }
    if !servers_are_wanted() {
        return;
    }
    let endpoint = format!("http://{}", server.address);
    let cli = |credentials| Cli { definition: &definition, endpoint: endpoint.clone(), credentials };
    let invoke = ["lambda", "invoke", "--function-name", "greet", "out.json"];
    assert_eq!(cli(KEY).succeeds(&invoke).at(&["StatusCode"]), &value!(200));
    cli(("AKIALOCAL", "another")).fails(&invoke, "InvalidSignatureException");
    cli(("AKIAOTHER", KEY.1)).fails(&invoke, "UnrecognizedClientException");
    // A signature of another service is none of this one's.
    let dynamodb = server.client().request("POST", "/dynamodb/", &[], "{}");
    assert_eq!(dynamodb.status, 404, "the keys of functions open nothing else: {dynamodb:?}");
}

#[test]
fn no_process_outlives_its_server() {
    for graceful in [true, false] {
        let definition = definition();
        let mut server = definition.serve();
        assert_eq!(children(&server), 0, "nothing is started before the first invocation");
        let pids: Vec<String> =
            ["echo", "greet", "shell"].iter().map(|name| json(&invoke(&server, name, "{}")).at(&["pid"]).to_json()).collect();
        assert!(pids.iter().all(|pid| lives(pid)), "{pids:?}");
        // One that is busy.
        let mut waiting = server.client().connect();
        waiting.send("POST", "/2015-03-31/functions/slow/invocations", &[], "{}");
        eventually("it runs", || children(&server) == 5);
        if graceful {
            server.terminate();
            assert!(server.wait().success());
            assert!(pids.iter().all(|pid| !lives(pid)), "the server waits for them");
        } else {
            server.kill();
            for pid in &pids {
                eventually("it is gone", || !lives(pid));
            }
        }
    }
}

/// How many processes the server has started that live.
fn children(server: &Server) -> usize {
    let id = server.id();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let stats = entries.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok());
    let parents = stats.filter_map(|stat| {
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_ascii_whitespace();
        let lives = fields.next()? != "Z";
        fields.next()?.parse::<u32>().ok().filter(|_| lives)
    });
    parents.filter(|parent| *parent == id).count()
}

#[test]
fn a_missing_program_is_told_before_it_is_needed() {
    let definition = definition();
    let config = definition.read("config.toml");
    let programs = "[lambda]\nnode = \"node-that-is-not-there\"\npython = \"./python\"\n";
    definition.write("config.toml", &format!("{config}\n{programs}"));
    let checked = definition.run(&["check"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert_eq!(checked.stdout.matches("warning[missing-program]").count(), 2, "{checked:?}");
    assert!(checked.stdout.contains("function `echo` needs Node.js, and `node-that-is-not-there` is not here"), "{checked:?}");
    // In development the rest of the API is served, and the function says why it cannot run.
    let server = definition.serve();
    assert!(server.log().contains("install it (https://nodejs.org)"), "{}", server.log());
    let answer = invoke(&server, "echo", "{}");
    assert_eq!((answer.status, answer.header("x-amzn-errortype")), (502, Some("InvalidRuntimeException")), "{answer:?}");
    assert!(answer.body.contains("needs the program `node-that-is-not-there`, which was not found"), "{answer:?}");
    assert_eq!(json(&invoke(&server, "shell", "{}")).at(&["event"]), &value!({}));
    drop(server);
    definition.write("config.toml", &format!("{config}\n{programs}[server]\nmode = \"production\"\n"));
    let served = definition.run(&["serve", "--port", "0", "--ephemeral"]);
    assert_eq!(served.code, Some(1), "{served:?}");
    assert!(served.stderr.contains("Nothing is served") && served.stderr.contains("error[missing-program]"), "{served:?}");
}

#[test]
fn rules_of_lambda_are_told_by_check() {
    let definition = definition();
    let config =
        definition.read("config.toml").replacen("timeout = 1\n", "environment = { AWS_REGION = \"here\", \"a-b\" = \"1\" }\n", 1);
    definition.write("config.toml", &config);
    let checked = definition.run(&["check"]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert_eq!(checked.stdout.matches("[invalid-function]").count(), 2, "{checked:?}");
    assert!(
        checked.stdout.contains("function `slow`: the environment variable `AWS_REGION` is reserved by Lambda"),
        "{checked:?}"
    );
}
