//! What handlers may look like, what they see, and what their failures become: Node.js, Python and custom runtimes.

use lambda_host::{InvokeError, InvokeRequest, Runtime};
use serde_json::{Value, json};

use crate::common::{Fixture, eventually};

/// Files, handler, event, answer.
type Answers = (&'static [(&'static str, &'static str)], &'static str, &'static str, Value);

async fn check_answers(runtime: Runtime, cases: &[Answers]) {
    let mut fixture = Fixture::new();
    for (number, (files, handler, event, expected)) in cases.iter().enumerate() {
        let name = format!("case-{number}");
        fixture.add(&name, runtime, handler, files, |_| {});
        assert_eq!(fixture.answer(&name, event).await, *expected, "{files:?}");
        assert_eq!(fixture.answer(&name, event).await, *expected, "warm: {files:?}");
        fixture.host.remove(&name);
    }
}

#[tokio::test]
async fn node_runs_every_style_of_handler() {
    let cases: [Answers; 19] = [
        (
            &[("index.js", "exports.handler = async (event) => event;")],
            "index.handler",
            r#"{"a":[1,"ü\n"]}"#,
            json!({"a": [1, "ü\n"]}),
        ),
        (&[("index.mjs", "export const handler = async ({ a }) => a + 1;")], "index.handler", r#"{"a":1}"#, json!(2)),
        (&[("index.cjs", "exports.handler = async () => 'c';")], "index.handler", "{}", json!("c")),
        (
            &[
                ("package.json", r#"{"type":"module"}"#),
                ("index.js", "export const handler = async () => import.meta.url !== '';"),
            ],
            "index.handler",
            "{}",
            json!(true),
        ),
        (
            &[("index.mjs", "const value = await Promise.resolve(7); export const handler = () => Promise.resolve(value);")],
            "index.handler",
            "{}",
            json!(7),
        ),
        (
            &[("index.js", "exports.handler = (event, context, callback) => setTimeout(() => callback(null, 'late'), 5);")],
            "index.handler",
            "{}",
            json!("late"),
        ),
        (
            // The result waits for the event loop, what happens after the callback included.
            &[(
                "index.js",
                "exports.handler = (event, context, callback) => { const seen = []; callback(null, seen); setTimeout(() => seen.push('after'), 5); };",
            )],
            "index.handler",
            "{}",
            json!(["after"]),
        ),
        (
            &[(
                "index.js",
                "exports.handler = (event, context, callback) => { context.callbackWaitsForEmptyEventLoop = false; setInterval(() => {}, 1e6); callback(null, 'now'); };",
            )],
            "index.handler",
            "{}",
            json!("now"),
        ),
        (
            &[("index.js", "exports.handler = (event, context) => { setInterval(() => {}, 1e6); context.succeed('s'); };")],
            "index.handler",
            "{}",
            json!("s"),
        ),
        (
            &[("index.js", "exports.handler = () => 'ignored, as it is neither a promise nor a callback';")],
            "index.handler",
            "{}",
            json!(null),
        ),
        (&[("index.js", "exports.handler = async () => {};")], "index.handler", "{}", json!(null)),
        (
            &[
                ("lib/api.js", "exports.users = { get: async () => require('./name.js') };"),
                ("lib/name.js", "module.exports = 'n';"),
            ],
            "lib/api.users.get",
            "{}",
            json!("n"),
        ),
        (&[("index.mjs", "export default { handler: async () => 'default' };")], "index.handler", "", json!("default")),
        (&[("index.js", "exports.handler = async (event) => event.length;")], "index.handler", "[1,2,3]", json!(3)),
        (
            // Both at once: what came first counts, and the promise comes last.
            &[("index.js", "exports.handler = async (event, context, callback) => { callback(null, 'c'); return 'p'; };")],
            "index.handler",
            "{}",
            json!("c"),
        ),
        (
            &[(
                "index.js",
                "exports.handler = (event, context, callback) => { callback(null, 'c'); context.done(null, 'd'); throw new Error(); };",
            )],
            "index.handler",
            "{}",
            json!("c"),
        ),
        (
            &[(
                "index.js",
                "exports.handler = async (event, context, callback) => { setTimeout(() => callback(null, 'c'), 5); return 'p'; };",
            )],
            "index.handler",
            "{}",
            json!("p"),
        ),
        (
            &[("index.js", "exports.handler = (event, context) => { setInterval(() => {}, 1e6); context.done(null, 'd'); };")],
            "index.handler",
            "{}",
            json!("d"),
        ),
        (
            &[("index.js", "exports.handler = async () => console.fatal('a level of Lambda alone');")],
            "index.handler",
            "{}",
            json!(null),
        ),
    ];
    check_answers(Runtime::Node, &cases).await;
}

#[tokio::test]
async fn python_writes_nothing_beside_the_code() {
    let mut fixture = Fixture::new();
    let code = "import helper\n\ndef handler(event, context):\n    return helper.WORD\n";
    let files = [("app.py", code), ("helper.py", "WORD = 'compiled'\n")];
    let folder = fixture.add("python", Runtime::Python, "app.handler", &files, |_| {});
    assert_eq!(fixture.answer("python", "{}").await, "compiled");
    let mut names: Vec<_> =
        std::fs::read_dir(folder).expect("its folder").map(|entry| entry.expect("a file").file_name()).collect();
    names.sort();
    assert_eq!(names, ["app.py", "helper.py"]);
}

#[tokio::test]
async fn python_runs_every_style_of_handler() {
    let cases: [Answers; 6] = [
        (
            &[("app.py", "def handler(event, context):\n    return event\n")],
            "app.handler",
            r#"{"a":[1,"ü\n"]}"#,
            json!({"a": [1, "ü\n"]}),
        ),
        (&[("pkg/__init__.py", ""), ("pkg/app.py", "def run(event, context):\n    return 1\n")], "pkg.app.run", "{}", json!(1)),
        (
            &[("lib/app.py", "import other\ndef run(event, context):\n    return other.x\n"), ("other.py", "x = 'o'\n")],
            "lib/app.run",
            "{}",
            json!("o"),
        ),
        (&[("app.py", "def handler(event, context):\n    pass\n")], "app.handler", "", json!(null)),
        (
            &[(
                "app.py",
                "from decimal import Decimal\ndef handler(event, context):\n    return [Decimal('3'), Decimal('0.5')]\n",
            )],
            "app.handler",
            "{}",
            json!([3, 0.5]),
        ),
        (&[("app.py", "def handler(event, context):\n    return b'[1]'\n")], "app.handler", "{}", json!([1])),
    ];
    check_answers(Runtime::Python, &cases).await;
}

/// A runtime of its own kind, in shell: it has the whole Runtime API to itself, with a connection per request.
const SHELL: &str = r#"#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
while :; do
    event=$(curl -sS -D "$0.$$.headers" "$api/invocation/next") || exit 1
    id=$(tr -d '\r' < "$0.$$.headers" | sed -n 's/^lambda-runtime-aws-request-id: //ip')
    curl -sS -o /dev/null -d "{\"handler\":\"$_HANDLER\",\"event\":$event}" "$api/invocation/$id/response"
done
"#;

#[tokio::test]
async fn a_custom_runtime_is_an_executable_named_bootstrap() {
    let cases: [Answers; 1] = [(&[("bootstrap", SHELL)], "any", r#"{"a":1}"#, json!({"handler": "any", "event": {"a": 1}}))];
    check_answers(Runtime::Provided, &cases).await;
}

#[tokio::test]
async fn failures_have_lambdas_types_and_words() {
    // Runtime, file, code, handler, event, type, message (or its beginning, before `…`).
    let node = Runtime::Node;
    let python = Runtime::Python;
    let cases = [
        (node, "index.js", "exports.handler = async () => { throw new TypeError('bad'); };", "index.handler", "TypeError", "bad"),
        (node, "index.js", "exports.handler = () => { throw new Error('sync'); };", "index.handler", "Error", "sync"),
        (
            node,
            "index.js",
            "class Mine extends Error { constructor(m) { super(m); this.name = 'UnauthorizedException'; } } exports.handler = async () => { throw new Mine('no'); };",
            "index.handler",
            "UnauthorizedException",
            "no",
        ),
        (
            node,
            "index.js",
            "exports.handler = (event, context, callback) => callback('text');",
            "index.handler",
            "string",
            "text",
        ),
        (node, "index.js", "exports.handler = async () => { throw { a: 1 }; };", "index.handler", "object", "[object Object]"),
        (node, "index.js", "exports.handler = async () => { throw null; };", "index.handler", "string", "handled"),
        (
            node,
            "index.js",
            "exports.handler = async () => { throw { name: 'Odd', message: 'like an error', stack: 'Odd' }; };",
            "index.handler",
            "Odd",
            "like an error",
        ),
        (
            node,
            "index.js",
            "exports.handler = async () => { throw Object.create(null); };",
            "index.handler",
            "handled",
            "callback called with Error argument, but there was a problem while retrieving…",
        ),
        (
            node,
            "index.js",
            "exports.handler = (event, context, callback) => { setInterval(() => {}, 1e6); callback(new RangeError('now')); };",
            "index.handler",
            "RangeError",
            "now",
        ),
        (
            node,
            "index.js",
            "exports.handler = async () => 1n;",
            "index.handler",
            "Runtime.UnmarshalableResult",
            "Unable to stringify response body: …",
        ),
        (
            node,
            "index.js",
            "exports.handler = () => new Promise(() => {});",
            "index.handler",
            "Runtime.NodeJsExit",
            "The event loop is empty…",
        ),
        (
            node,
            "index.js",
            "exports.handler = () => { setTimeout(() => { throw new RangeError('late'); }, 1); return new Promise(() => {}); };",
            "index.handler",
            "RangeError",
            "late",
        ),
        (
            node,
            "index.js",
            "exports.handler = () => { Promise.reject(new Error('lost')); return new Promise(() => {}); };",
            "index.handler",
            "Runtime.UnhandledPromiseRejection",
            "Error: lost",
        ),
        (
            node,
            "index.js",
            "exports.handler = () => { Promise.reject('text'); return new Promise(() => {}); };",
            "index.handler",
            "Runtime.UnhandledPromiseRejection",
            "text",
        ),
        (
            node,
            "index.js",
            "exports.handler = async () => process.exit(1);",
            "index.handler",
            "Runtime.ExitError",
            "RequestId: ID Error: Runtime exited with error: exit status 1",
        ),
        (
            node,
            "index.js",
            "exports.handler = async () => process.exit(0);",
            "index.handler",
            "Runtime.ExitError",
            "RequestId: ID Error: Runtime exited without providing a reason",
        ),
        (
            node,
            "index.js",
            "exports.handler = async () => { process.kill(process.pid, 'SIGKILL'); await new Promise(() => {}); };",
            "index.handler",
            "Runtime.ExitError",
            "RequestId: ID Error: Runtime exited with error: signal: killed",
        ),
        (
            node,
            "index.js",
            "process.exit(3);",
            "index.handler",
            "Runtime.ExitError",
            "RequestId: ID Error: Runtime exited with error: exit status 3",
        ),
        (node, "index.js", "throw new Error('init');", "index.handler", "Error", "init"),
        (node, "index.js", "syntax error here", "index.handler", "Runtime.UserCodeSyntaxError", "SyntaxError: …"),
        (
            node,
            "index.js",
            "require('nowhere-to-be-found');",
            "index.handler",
            "Runtime.ImportModuleError",
            "Error: Cannot find module 'nowhere-to-be-found'…",
        ),
        (node, "other.js", "", "index.handler", "Runtime.ImportModuleError", "Error: Cannot find module 'index'…"),
        (
            node,
            "index.js",
            "exports.handler = awslambda.streamifyResponse(async () => {});",
            "index.handler",
            "Runtime.StreamingUnsupported",
            "awslambda.streamifyResponse: …",
        ),
        (
            node,
            "index.js",
            "exports.other = 1;",
            "index.handler",
            "Runtime.HandlerNotFound",
            "index.handler is undefined or not exported",
        ),
        (node, "index.js", "exports.handler = 1;", "index.handler", "Runtime.HandlerNotFound", "index.handler is not a function"),
        (node, "index.js", "", "index.", "Runtime.MalformedHandlerName", "Bad handler: index."),
        (python, "app.py", "def handler(event, context):\n    raise ValueError('bad')\n", "app.handler", "ValueError", "bad"),
        (
            python,
            "app.py",
            "import sys\ndef handler(event, context):\n    sys.exit(3)\n",
            "app.handler",
            "Runtime.ExitError",
            "RequestId: ID Error: Runtime exited with error: exit status 3",
        ),
        (
            python,
            "app.py",
            "import os\ndef handler(event, context):\n    os.kill(os.getpid(), 11)\n",
            "app.handler",
            "Runtime.ExitError",
            "RequestId: ID Error: Runtime exited with error: signal: segmentation fault…",
        ),
        (python, "app.py", "raise KeyError('init')", "app.handler", "Exception", ""),
        (python, "app.py", "def f(:", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app': …"),
        (
            python,
            "app.py",
            "import nowhere",
            "app.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'nowhere'",
        ),
        (python, "app.py", "handler = 1", "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        (
            python,
            "app.py",
            "def handler(event, context):\n    return {1, 2}\n",
            "app.handler",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type set is not JSON serializable",
        ),
        (
            Runtime::Provided,
            "bootstrap",
            "#!/bin/sh\nexit 126\n",
            "any",
            "Runtime.ExitError",
            "RequestId: ID Error: Runtime exited with error: exit status 126",
        ),
        (
            Runtime::Provided,
            "bootstrap",
            "#!/nowhere\n",
            "any",
            "Runtime.InvalidEntrypoint",
            "RequestId: ID Error: fork/exec /var/task/bootstrap: …",
        ),
        (
            Runtime::Provided,
            "other",
            "",
            "any",
            "Runtime.InvalidEntrypoint",
            "RequestId: ID Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap]",
        ),
    ];
    let mut fixture = Fixture::new();
    for (number, (runtime, file, code, handler, error_type, message)) in cases.into_iter().enumerate() {
        let name = format!("case-{number}");
        fixture.add(&name, runtime, handler, &[(file, code)], |_| {});
        let (actual_type, actual_message) = fixture.failure(&name, "{}").await;
        if code.starts_with("raise KeyError") {
            assert_eq!((actual_type.as_str(), actual_message.as_str()), ("KeyError", "'init'"));
            continue;
        }
        assert_eq!(actual_type, error_type, "{code}: {actual_message}");
        match message.strip_suffix('…') {
            Some(start) => assert!(actual_message.starts_with(start), "{code}: {actual_message}"),
            None => assert_eq!(actual_message, message, "{code}"),
        }
        fixture.host.remove(&name);
    }
}

#[tokio::test]
async fn every_digit_of_a_decimal_is_kept() {
    let mut fixture = Fixture::new();
    let code =
        "from decimal import Decimal\ndef handler(event, context):\n    return {'all': [Decimal(text) for text in event]}\n";
    fixture.python("decimals", code);
    let event = r#"["0.12345678901234567890123456789012345678","12345678901234567890123456789012345678","3.0","-1E+5","0"]"#;
    let expected =
        r#"{"all": [0.12345678901234567890123456789012345678, 12345678901234567890123456789012345678, 3.0, -1E+5, 0]}"#;
    assert_eq!(fixture.invoke("decimals", event).await.payload, expected);
}

#[tokio::test]
async fn errors_carry_a_trace() {
    let mut fixture = Fixture::new();
    fixture.node("node", "exports.handler = async () => { throw new Error('bad'); };");
    fixture.python("python", "def handler(event, context):\n    raise ValueError('bad')\n");
    let node: Value = serde_json::from_slice(&fixture.invoke("node", "{}").await.payload).expect("JSON");
    assert_eq!(node["trace"][0], "Error: bad");
    assert!(node["trace"][1].as_str().is_some_and(|line| line.contains("index.js:1:")), "{node}");
    let invocation = fixture.invoke("python", "{}").await;
    let python: Value = serde_json::from_slice(&invocation.payload).expect("JSON");
    assert_eq!(python["requestId"], invocation.request_id);
    let trace = python["stackTrace"].as_array().expect("a list");
    assert_eq!(trace.len(), 1, "the bootstrap's own frames are left out: {python}");
    assert!(trace[0].as_str().is_some_and(|frame| frame.contains("app.py\", line 2, in handler")), "{python}");
}

#[tokio::test]
async fn typescript_on_an_old_node_says_what_to_do() {
    let mut fixture = Fixture::new();
    fixture.add(
        "ts",
        Runtime::Node,
        "index.handler",
        &[("index.ts", "export const handler = async (n: number): Promise<number> => 1;")],
        |_| {},
    );
    let invocation = fixture.invoke("ts", "1").await;
    let payload: Value = serde_json::from_slice(&invocation.payload).expect("JSON");
    // A Node.js that runs TypeScript by itself is welcome to.
    if payload != json!(1) {
        assert_eq!(payload["errorType"], "Runtime.ImportModuleError");
        let message = payload["errorMessage"].as_str().unwrap_or_default();
        assert!(message.contains("index.ts is TypeScript") && message.contains("compile it"), "{message}");
    }
}

const NODE_CONTEXT: &str = r"exports.handler = async (event, context) => ({
    ...context, remaining: context.getRemainingTimeInMillis(), env: process.env, cwd: process.cwd(),
});";
const PYTHON_CONTEXT: &str = r#"
import os
def handler(event, context):
    return {
        "functionName": context.function_name, "functionVersion": context.function_version,
        "memoryLimitInMB": context.memory_limit_in_mb, "logGroupName": context.log_group_name,
        "logStreamName": context.log_stream_name, "invokedFunctionArn": context.invoked_function_arn,
        "awsRequestId": context.aws_request_id, "remaining": context.get_remaining_time_in_millis(),
        "clientContext": {"custom": context.client_context.custom},
        "identity": {"cognitoIdentityId": context.identity.cognito_identity_id}, "env": dict(os.environ), "cwd": os.getcwd(),
    }
"#;

#[tokio::test]
async fn handlers_see_lambdas_context_and_environment_and_nothing_of_the_hosts() {
    let mut fixture = Fixture::new();
    let user = |definition: &mut lambda_host::FunctionDefinition| {
        definition.environment.insert("TABLE".to_owned(), "posts".to_owned());
        definition.memory_mb = 256;
    };
    let node = fixture.add("ctx-node", Runtime::Node, "index.handler", &[("index.js", NODE_CONTEXT)], user);
    let python = fixture.add("ctx-python", Runtime::Python, "app.handler", &[("app.py", PYTHON_CONTEXT)], user);
    for (name, folder, handler) in [("ctx-node", node, "index.handler"), ("ctx-python", python, "app.handler")] {
        let request = InvokeRequest {
            client_context: Some(r#"{"custom":{"k":"ü"}}"#.to_owned()),
            cognito_identity: Some(r#"{"cognitoIdentityId":"id-1","cognitoIdentityPoolId":"pool-1"}"#.to_owned()),
            trace_id: Some("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1".to_owned()),
            ..InvokeRequest::new("{}")
        };
        let invocation = fixture.host.invoke(name, request).await.expect("it is registered");
        let seen: Value = serde_json::from_slice(&invocation.payload).expect("JSON");
        let folder = folder.display().to_string();
        let expected = [
            ("/functionName", json!(name)),
            ("/functionVersion", json!("$LATEST")),
            ("/memoryLimitInMB", json!("256")),
            ("/logGroupName", json!(format!("/aws/lambda/{name}"))),
            ("/invokedFunctionArn", json!(format!("arn:aws:lambda:us-east-1:000000000000:function:{name}"))),
            ("/awsRequestId", json!(invocation.request_id)),
            ("/clientContext/custom/k", json!("ü")),
            ("/identity/cognitoIdentityId", json!("id-1")),
            ("/cwd", json!(folder)),
            ("/env/TABLE", json!("posts")),
            ("/env/_HANDLER", json!(handler)),
            ("/env/LAMBDA_TASK_ROOT", json!(folder)),
            ("/env/AWS_REGION", json!("us-east-1")),
            ("/env/AWS_DEFAULT_REGION", json!("us-east-1")),
            ("/env/AWS_LAMBDA_FUNCTION_NAME", json!(name)),
            ("/env/AWS_LAMBDA_FUNCTION_MEMORY_SIZE", json!("256")),
            ("/env/AWS_LAMBDA_INITIALIZATION_TYPE", json!("on-demand")),
            ("/env/TZ", json!(":UTC")),
            ("/env/_X_AMZN_TRACE_ID", json!("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1")),
        ];
        for (pointer, value) in expected {
            assert_eq!(seen.pointer(pointer), Some(&value), "{name} {pointer}");
        }
        let remaining = seen["remaining"].as_i64().expect("a number");
        assert!((1..=60_000).contains(&remaining), "{remaining}");
        assert!(seen["env"]["AWS_EXECUTION_ENV"].as_str().is_some_and(|env| env.starts_with("AWS_Lambda_")));
        // Cargo sets it for this process: whatever it is, a function must not see what its host sees.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some() && seen["env"].get("CARGO_MANIFEST_DIR").is_none());
        assert_eq!(seen["env"].get("AWS_ACCESS_KEY_ID"), None);
    }
}

#[tokio::test]
async fn what_could_not_stand_in_a_header_is_refused() {
    let mut fixture = Fixture::new();
    fixture.node("echo", "exports.handler = async (event) => event;");
    let context = InvokeRequest { client_context: Some("{\n}".to_owned()), ..InvokeRequest::new("1") };
    let trace = InvokeRequest { trace_id: Some("a\r\nb".to_owned()), ..InvokeRequest::new("1") };
    for (request, expected) in [(context, "client context"), (trace, "trace id")] {
        let refused = fixture.host.invoke("echo", request).await;
        assert!(matches!(refused, Err(InvokeError::InvalidRequest { what }) if what == expected), "{refused:?}");
    }
}

#[tokio::test]
async fn an_error_between_invocations_ends_the_process_and_harms_none() {
    let mut fixture = Fixture::new();
    let code = "exports.handler = async () => { setTimeout(() => { throw new Error('afterwards'); }, 1); return process.pid; };";
    fixture.node("later", code);
    let mut last = None;
    for _ in 0..3 {
        let pid = fixture.answer("later", "{}").await.as_i64();
        assert_ne!(pid, last);
        eventually("the process ended", || fixture.host.processes("later") == Some((0, 0))).await;
        last = pid;
    }
    let lines = fixture.lines.lock().expect("nobody panicked");
    assert!(lines.iter().any(|line| line.text.contains("afterwards")), "{lines:?}");
}

#[tokio::test]
async fn large_payloads_go_both_ways_and_too_large_ones_are_refused() {
    let mut fixture = Fixture::new();
    fixture.node("node", "exports.handler = async (event) => typeof event === 'number' ? 'x'.repeat(event) : event;");
    fixture.python("python", "def handler(event, context):\n    return 'x' * event if isinstance(event, int) else event\n");
    for name in ["node", "python"] {
        let event = format!("\"{}\"", "ü".repeat((6 << 20) / 2 - 1));
        assert_eq!(event.len(), 6 << 20);
        assert!(fixture.invoke(name, &event).await.payload == event.as_bytes(), "{name} gives back what it was given");
        let limit = (6 << 20) + 100;
        assert_eq!(fixture.invoke(name, &(limit - 2).to_string()).await.payload.len(), limit);
        let expected =
            ("Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (6291556 bytes).");
        let (error_type, message) = fixture.failure(name, &(limit - 1).to_string()).await;
        assert_eq!((error_type.as_str(), message.as_str()), expected);
        assert_eq!(fixture.answer(name, "1").await, json!("x"), "the process goes on");
        assert_eq!(fixture.host.processes(name), Some((1, 1)), "the same one");
    }
}
