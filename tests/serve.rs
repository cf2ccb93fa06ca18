//! `syncgate serve` as a process: what it prints, keeps, refuses, and how it stops.

mod harness;

use std::fs::File;
use std::io::{BufReader, Read};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use harness::{Definition, Server, command, config};

const SCHEMA: &str = "type Query { n: Int slow: String }\n";
const RESOLVER: &str = "// @dataSource none\nexport function request() { return { payload: 1 }; }\nexport function response(ctx) { return ctx.result; }\n";

fn small() -> Definition {
    Definition::of(&[("config.toml", &config("")), ("schema.graphql", SCHEMA), ("resolvers/Query.n.js", RESOLVER)])
}

/// An API that has no key of its own.
fn without_key() -> Definition {
    let definition = small();
    let config = config("").replace("[[api.api_keys]]\nid = \"da2-test\"\n", "");
    definition.write("config.toml", &config);
    definition
}

#[test]
fn the_summary_says_what_is_served() {
    let definition = Definition::example();
    let server = definition.serve();
    let port = server.address.port();
    for expected in [
        "Mode          development",
        "API           club (club)",
        &format!("Endpoint      http://localhost:{port}/graphql"),
        &format!("http://localhost:{port}/apis/club/graphql"),
        &format!("Real time     ws://localhost:{port}/graphql/realtime (and wss://)\n"),
        "API key       …0000",
        "Data sources  1 AMAZON_DYNAMODB, 1 AMAZON_EVENTBRIDGE, 2 AWS_LAMBDA, 1 HTTP, 1 NONE, 1 RELATIONAL_DATABASE",
        "1 PIPELINE APPSYNC_JS",
        "3 UNIT VTL",
        &format!("Tables        1 (http://localhost:{port}/dynamodb/)"),
        "Databases     club (SQLite, ",
        &format!("Functions     2 (http://localhost:{port})"),
        &format!("Event rules   1 (http://localhost:{port}/eventbridge/)"),
        "Warnings      none",
    ] {
        assert!(server.summary.contains(expected), "{expected:?} is missing in\n{}", server.summary);
    }
    assert!(!server.summary.contains("da2-"), "a key is a secret where nobody sits at a terminal");
    assert!(!server.summary.contains("Broker"), "{}", server.summary);
}

#[test]
fn a_broker_is_shown_without_its_password_and_need_not_be_there() {
    let server = small().serve_with(&[("SYNCGATE_REALTIME__BROKER", "nats://app:hunter2@127.0.0.1:1")]);
    assert!(server.summary.contains("Broker        nats://…@127.0.0.1:1\n"), "{}", server.summary);
    assert!(!server.summary.contains("Real time"), "there are no subscriptions\n{}", server.summary);
    assert_eq!(server.client().query("{ n }").body, r#"{"data":{"n":1}}"#);
    assert!(!server.log().contains("hunter2"), "{}", server.log());
}

#[test]
fn the_limit_of_open_files_is_raised_as_far_as_it_goes() {
    let definition = small();
    let serve = |max_connections: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -S -n 300; ulimit -H -n 2000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_syncgate"), "serve"]);
        command.args(["--port", "0", "--config"]).arg(definition.path("config.toml")).arg("--data").arg(definition.path("data"));
        command.env("NO_COLOR", "1").env("SYNCGATE_SERVER__MAX_CONNECTIONS", max_connections).stdin(Stdio::null());
        Server::start(command)
    };
    assert_eq!(serve("1700").log(), "");
    let log = serve("1800").log();
    assert!(log.contains("fewer files than `max_connections`") && log.contains("fitting=1744"), "{log}");
}

#[test]
fn the_engines_of_the_example_work_together() {
    let definition = Definition::example();
    let server = definition.serve();
    let ask = |query: &str| {
        let body = serde_json::json!({"query": query}).to_string();
        let answer = server.client().request("POST", "/graphql", &[("x-api-key", "da2-exampleclubkey000000000000")], &body);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    };
    // SQL: written by a builder, read by another.
    assert_eq!(
        ask("mutation { addBoat(input: {name: \"Coot\", seats: 1}) { id name seats inRepair } }"),
        r#"{"data":{"addBoat":{"id":4,"name":"Coot","seats":1,"inRepair":false}}}"#
    );
    assert_eq!(ask("{ boats(seats: 1) { name } }"), r#"{"data":{"boats":[{"name":"Coot"}]}}"#);
    // An event: its rule runs a mutation, which writes an item; a Python function judges what a query reads back.
    let reported = "mutation { reportOuting(input: {boat: \"Coot\", day: \"2024-06-01\", kilometres: 17, crew: [\"ada\"]}) }";
    assert!(ask(reported).starts_with(r#"{"data":{"reportOuting":""#));
    let logged = r#"{"data":{"outings":{"items":[{"day":"2024-06-01","kilometres":17.0,"award":"long haul"}]}}}"#;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let body = ask("{ outings(boat: \"Coot\") { items { day kilometres award } } }");
        if body == logged {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "the rule never wrote the outing: {body}\n{}", server.log());
    }
}

#[test]
fn a_development_key_is_made_and_kept() {
    let definition = without_key();
    let server = definition.serve();
    let key = definition.read("data/test/api-key").trim().to_owned();
    let ask =
        |server: &Server, key: &str| server.client().request("POST", "/graphql", &[("x-api-key", key)], "{\"query\":\"{ n }\"}");
    assert_eq!(ask(&server, &key).body, "{\"data\":{\"n\":1}}");
    assert_eq!(ask(&server, "da2-other").status, 401);
    assert!(!server.summary.contains(&key) && !server.log().contains(&key), "{}{}", server.summary, server.log());
    drop(server);
    let again = definition.serve();
    assert_eq!(definition.read("data/test/api-key").trim(), key);
    assert_eq!(ask(&again, &key).status, 200);
}

#[test]
fn a_terminal_sees_the_key() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let definition = without_key();
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&terminal).and_then(|()| unlockpt(&terminal)).expect("its other end");
    let name = ptsname(&terminal, Vec::new()).expect("its name").into_string().expect("UTF-8");
    let end = File::options().read(true).write(true).open(name).expect("the other end");
    let mut command = command();
    command.args(["serve", "--port", "0", "--config"]).arg(definition.path("config.toml"));
    command.arg("--data").arg(definition.path("data"));
    let mut child = command.stdout(end).stderr(Stdio::null()).spawn().expect("the binary starts");
    // The command holds an end of the terminal: without it, reading ends with the child.
    drop(command);
    let summary = harness::read_summary(&mut BufReader::new(File::from(terminal)));
    child.kill().expect("the child is there");
    child.wait().expect("the child ends");
    let key = definition.read("data/test/api-key");
    assert!(summary.contains(key.trim()), "{summary}");
}

#[test]
fn a_port_in_use_is_an_error_with_its_address() {
    let busy = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = busy.local_addr().expect("its address");
    let output = small().run(&["serve", "--port", &address.port().to_string()]);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains(&format!("error: cannot listen on {address}")), "{output:?}");
    assert!(output.stderr.to_lowercase().contains("in use"), "{output:?}");
}

#[test]
fn a_request_in_flight_is_finished_before_the_end() {
    let upstream = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = upstream.local_addr().expect("its address");
    let definition = small();
    let source = format!("\n[api.data_sources.upstream]\ntype = \"HTTP\"\nendpoint = \"http://{address}\"\n");
    definition.write("config.toml", &(config("") + &source));
    definition.write(
        "resolvers/Query.slow.js",
        "// @dataSource upstream\nexport function request() { return { method: 'GET', resourcePath: '/' }; }\nexport function response(ctx) { return ctx.result.body; }\n",
    );
    let mut server = definition.serve();
    let mut connection = server.client().connect();
    connection.send("POST", "/graphql", &[("x-api-key", harness::API_KEY)], "{\"query\":\"{ slow }\"}");
    // The request is in flight: its data source has been called.
    let (mut called, _) = upstream.accept().expect("the call");
    let _ = called.read(&mut [0; 64]).expect("its beginning");
    server.terminate();
    // The listener is gone while the request is not.
    while std::net::TcpStream::connect(server.address).is_ok() {
        std::thread::yield_now();
    }
    std::io::Write::write_all(&mut called, b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone").expect("the answer");
    assert_eq!(connection.answer().body, "{\"data\":{\"slow\":\"done\"}}");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn an_endless_evaluation_does_not_stop_other_requests() {
    let definition = small();
    definition.write(
        "resolvers/Query.slow.js",
        "// @dataSource none\nexport function request() {\n  const a = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];\n  let n = 0;\n  \
         for (const b of a) for (const c of a) for (const d of a) for (const e of a) for (const f of a) for (const g of a) \
         for (const h of a) for (const i of a) for (const j of a) for (const k of a) n += 1;\n  return { payload: n };\n}\n",
    );
    let server = definition.serve();
    let client = server.client();
    let mut endless: Vec<_> = (0..4)
        .map(|_| {
            let mut connection = client.connect();
            connection.send("POST", "/graphql", &[("x-api-key", harness::API_KEY)], "{\"query\":\"{ slow }\"}");
            connection
        })
        .collect();
    for _ in 0..20 {
        assert_eq!(client.query("{ n }").body, "{\"data\":{\"n\":1}}");
    }
    for connection in &mut endless {
        let answer = connection.answer();
        assert!(answer.body.contains("ran longer than 1500 ms, the limit for one evaluation."), "{}", answer.body);
    }
}

/// What must not be served is named, and nothing is printed that looks like a start.
#[test]
fn what_cannot_be_served_is_refused_by_name() {
    let with = |from: &str, to: &str| {
        let config = config("");
        assert!(config.contains(from), "{from}");
        config.replace(from, to)
    };
    let mode = |name: &str, settings: &str| {
        let provider = format!("[[api.additional_authentication_providers]]\nauthentication_type = \"{name}\"\n{settings}");
        with("schema = \"schema.graphql\"", &format!("schema = \"schema.graphql\"\n{provider}"))
    };
    for (config, expected) in [
        (with("type = \"NONE\"", "type = \"NON\""), "NON"),
        (
            with(
                "type = \"NONE\"",
                "type = \"NONE\"\n[api.data_sources.table]\ntype = \"AMAZON_DYNAMODB\"\ntable_name = \"t\"\nversioned = true",
            ),
            "data source table: versioned = true (conflict detection) is not supported yet",
        ),
        (
            with(
                "type = \"NONE\"",
                "type = \"NONE\"\n[api.data_sources.f]\ntype = \"AWS_LAMBDA\"\nlambda_function_arn = \"arn:aws:lambda:us-east-1:1:function:f\"",
            ),
            "data source f: there is no function f here",
        ),
        (
            mode("OPENID_CONNECT", "open_id_connect_config = { issuer = \"http://login.example.com\" }"),
            "http://login.example.com",
        ),
        (
            mode(
                "AMAZON_COGNITO_USER_POOLS",
                "user_pool_config = { user_pool_id = \"us-east-1_x\", app_id_client_regex = \"(\" }",
            ),
            "`app_id_client_regex`",
        ),
        (
            mode("AWS_LAMBDA", "lambda_authorizer_config = { authorizer_uri = \"arn:aws:lambda:us-east-1:1:function:f\" }"),
            "function f",
        ),
        (with("schema = \"schema.graphql\"", "schema = \"none.graphql\""), "none.graphql"),
    ] {
        let definition = small();
        definition.write("config.toml", &config);
        let output = definition.run(&["serve", "--port", "0"]);
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{config}\n{output:?}");
        assert!(output.stderr.contains(expected), "{expected:?} is missing in\n{}", output.stderr);
        assert!(output.stderr.contains("Nothing is served"), "{output:?}");
        assert!(!definition.path(".syncgate").exists(), "nothing is kept for what is not served");
    }
}

#[test]
fn the_environment_wins_over_the_file_and_flags_over_both() {
    let definition = small();
    let server = definition.serve_with(&[("SYNCGATE_API__NAME", "renamed"), ("SYNCGATE_SERVER__PORT", "1")]);
    assert!(server.summary.contains("API           renamed (renamed)"), "{}", server.summary);
    assert_ne!(server.address.port(), 1);
}

/// Makes an authority and a certificate of it for `localhost`, and serves JSON with it; the port is the first line.
const PRIVATE: &str = r#"
import http.server, os, ssl, subprocess, sys
os.chdir(sys.argv[1])
def openssl(*arguments):
    subprocess.run(['openssl', *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
openssl('req', '-x509', *key, '-days', '2', '-subj', '/CN=Private authority', '-keyout', 'ca.key', '-out', 'ca.pem')
openssl('req', *key, '-subj', '/CN=localhost', '-keyout', 'key.pem', '-out', 'request.pem')
open('extensions', 'w').write('subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n')
openssl('x509', '-req', '-in', 'request.pem', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2',
        '-extfile', 'extensions', '-out', 'cert.pem')
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('content-length', '7')
        self.end_headers()
        self.wfile.write(b'private')
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('cert.pem', 'key.pem')
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
import threading
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
"#;

#[test]
fn a_private_authority_counts_when_ssl_cert_file_names_it() {
    if !harness::dynamodb_servers::servers_are_wanted() {
        return;
    }
    let definition = Definition::new();
    let mut upstream = std::process::Command::new("python3")
        .args(["-c", PRIVATE])
        .arg(definition.path("."))
        // It ends when its input does: with this process.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python is installed");
    let mut port = String::new();
    let mut output = BufReader::new(upstream.stdout.take().expect("it is piped"));
    std::io::BufRead::read_line(&mut output, &mut port).expect("text");
    let source = format!("[api.data_sources.private]\ntype = \"HTTP\"\nendpoint = \"https://localhost:{}\"\n", port.trim());
    definition.write("config.toml", &format!("{}\n{source}", config("")));
    definition.write("schema.graphql", "type Query { private: String }");
    let code = "// @dataSource private\nimport { util } from '@aws-appsync/utils';\n\
        export function request() { return { method: 'GET', resourcePath: '/' }; }\n\
        export function response(ctx) {\n  if (ctx.error) { util.error(ctx.error.message, ctx.error.type); }\n  return ctx.result.body;\n}\n";
    definition.write("resolvers/Query.private.js", code);
    let authority = definition.path("ca.pem");
    let authority = authority.to_str().expect("text");
    for (environment, expected) in [(&[][..], "Http:ConnectionException"), (&[("SSL_CERT_FILE", authority)], "\"private\"")] {
        let server = definition.serve_with(environment);
        let answer = server.client().query("{ private }");
        assert!(answer.body.contains(expected), "{environment:?}: {}", answer.body);
    }
    drop(upstream.stdin.take());
    upstream.wait().expect("it is ours");
}
