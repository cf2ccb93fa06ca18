//! Services that behave badly, round after round: each is an error of its own field, the good one is answered all the same, and
//! neither descriptors nor memory stay behind.
//!
//! `SYNCGATE_ROUNDS` says how many rounds there are; `scripts/soak` has 1,000.

#![cfg(target_os = "linux")]

mod harness;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use harness::{Definition, Server, config};
use value::Value;

/// The largest growth of the resident memory, in KiB, between the rounds that warm up and the last.
const MEMORY: u64 = 48 << 10;

/// A service on a thread for each connection.
fn service(serve: impl Fn(&mut TcpStream, &str) -> std::io::Result<()> + Send + Sync + Clone + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let serve = serve.clone();
            std::thread::spawn(move || {
                let mut head = Vec::new();
                let mut piece = [0; 4096];
                while let Ok(read @ 1..) = stream.read(&mut piece) {
                    head.extend_from_slice(&piece[..read]);
                    if head[0] == 0x16 {
                        // A TLS handshake, which this service does not speak.
                        let _ = stream.write_all(plain("400 Bad Request", "").as_bytes());
                        return;
                    }
                    if head.windows(4).any(|four| four == b"\r\n\r\n") {
                        let text = String::from_utf8_lossy(&head).into_owned();
                        head.clear();
                        if serve(&mut stream, &text).is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    address
}

fn plain(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// The services, by the first segment of the path.
fn upstream() -> SocketAddr {
    service(|stream, head| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        match path.split('/').nth(1).unwrap_or_default() {
            "good" => stream.write_all(plain("200 OK", "fine").as_bytes()),
            "forbidden" => stream.write_all(plain("403 Forbidden", "{\"message\":\"no\"}").as_bytes()),
            "text" => stream.write_all(plain("200 OK", "no JSON").as_bytes()),
            // A byte now and then, for as long as somebody listens.
            "drip" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")?;
                loop {
                    stream.write_all(b"x")?;
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
            "dripping-head" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
                loop {
                    stream.write_all(b"x-drip: x\r\n")?;
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
            // 100 MB, said before or found on the way.
            "announced" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n")?;
                (0..100).try_for_each(|_| stream.write_all(&vec![b'x'; 1 << 20]))
            }
            "chunked" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")?;
                for _ in 0..100 {
                    stream.write_all(b"100000\r\n")?;
                    stream.write_all(&vec![b'x'; 1 << 20])?;
                    stream.write_all(b"\r\n")?;
                }
                stream.write_all(b"0\r\n\r\n")
            }
            "broken" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")?;
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            "coded" => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-encoding: zstd\r\ncontent-length: 1\r\n\r\nx"),
            _ => stream.write_all(plain("404 Not Found", "").as_bytes()),
        }
    })
}

/// Every field, what it is resolved from, and the beginning of its error; nothing for those that are answered.
const FIELDS: [(&str, &str, &str, &str); 25] = [
    ("good", "upstream", "/good", ""),
    ("forbidden", "upstream", "/forbidden", ""),
    ("text", "upstream", "/text", ""),
    ("drip", "upstream", "/drip", "Http:ExecutionTimeoutException"),
    ("drippingHead", "upstream", "/dripping-head", "Http:ExecutionTimeoutException"),
    ("announced", "upstream", "/announced", "Http:ResponseTooLargeException"),
    ("chunked", "upstream", "/chunked", "Http:ResponseTooLargeException"),
    ("broken", "upstream", "/broken", "Http:ConnectionException"),
    ("coded", "upstream", "/coded", "Http:ConnectionException"),
    ("dead", "dead", "/", "Http:ConnectionException"),
    ("secure", "secure", "/good", "Http:ConnectionException"),
    ("shared", "shared", "/drip", "Http:ExecutionTimeoutException"),
    ("searchText", "search", "/text", "Elasticsearch:RuntimeException"),
    ("searchForbidden", "search", "/forbidden", "Elasticsearch:UserIllegalArgumentException"),
    ("searchDrip", "search", "/drip", "Elasticsearch:ExecutionTimeoutException"),
    ("model", "models", "", "BedrockRuntime:BedrockRuntimeException"),
    ("modelDrip", "slowModels", "", "BedrockRuntime:ExecutionTimeoutException"),
    ("events", "bus", "", "EventBridge:EventBridgeException"),
    ("eventsDrip", "slowBus", "", "EventBridge:ExecutionTimeoutException"),
    ("functionText", "functionsText", "", "Lambda:IllegalArgument"),
    ("functionForbidden", "functionsForbidden", "", "Lambda:LambdaException"),
    ("functionDrip", "functionsDrip", "", "Lambda:ExecutionTimeoutException"),
    ("functionAnnounced", "functionsAnnounced", "", "Lambda:Unhandled"),
    ("functionDead", "functionsDead", "", "Lambda:SdkClientException"),
    ("functionSecure", "functionsSecure", "", "Lambda:SdkClientException"),
];

fn definition(upstream: SocketAddr, dead: SocketAddr) -> Definition {
    let definition = Definition::new();
    let source = |name: &str, kind: &str, endpoint: &str, more: &str| {
        format!("[api.data_sources.{name}]\ntype = \"{kind}\"\nendpoint = \"{endpoint}\"\n{more}\n")
    };
    let key = "access_key_id = \"x\"\nsecret_access_key = \"y\"";
    let bus = format!("event_bus_arn = \"arn:aws:events:eu-west-1:123456789012:event-bus/default\"\n{key}");
    let function =
        |name: &str, endpoint: &str| source(name, "AWS_LAMBDA", endpoint, &format!("lambda_function_arn = \"f\"\n{key}"));
    let sources = [
        function("functionsText", &format!("http://{upstream}/text")),
        function("functionsForbidden", &format!("http://{upstream}/forbidden")),
        function("functionsDrip", &format!("http://{upstream}/drip")),
        function("functionsAnnounced", &format!("http://{upstream}/announced")),
        function("functionsDead", &format!("http://{dead}")),
        function("functionsSecure", &format!("https://{upstream}")),
        source("upstream", "HTTP", &format!("http://{upstream}"), ""),
        source("dead", "HTTP", &format!("http://{dead}"), ""),
        source("secure", "HTTP", &format!("https://{upstream}"), ""),
        source("shared", "HTTP", &format!("http://{upstream}"), "coalesce_gets = true"),
        source("search", "AMAZON_OPENSEARCH_SERVICE", &format!("http://{upstream}"), key),
        source("models", "AMAZON_BEDROCK_RUNTIME", &format!("http://{upstream}"), key),
        source("slowModels", "AMAZON_BEDROCK_RUNTIME", &format!("http://{upstream}/drip"), key),
        source("bus", "AMAZON_EVENTBRIDGE", &format!("http://{upstream}/forbidden"), &bus),
        source("slowBus", "AMAZON_EVENTBRIDGE", &format!("http://{upstream}/drip"), &bus),
    ];
    // Short, so that what drips ends soon, and long enough for the rest on a busy machine.
    definition.write("config.toml", &format!("[server]\nrequest_timeout = \"3s\"\n\n{}\n{}", config(""), sources.concat()));
    let fields: String = FIELDS.iter().map(|(name, ..)| format!("  {name}: String\n")).collect();
    definition.write("schema.graphql", &format!("type Query {{\n{fields}}}\n"));
    for (name, source, path, _) in FIELDS {
        let request = match source {
            "search" => format!("{{ operation: 'GET', path: '{path}' }}"),
            "models" | "slowModels" => "{ operation: 'InvokeModel', modelId: 'm', body: {} }".to_owned(),
            "bus" | "slowBus" => "{ operation: 'PutEvents', events: [{ source: 's', detailType: 't', detail: {} }] }".to_owned(),
            function if function.starts_with("functions") => "{ operation: 'Invoke', payload: 1 }".to_owned(),
            _ => format!("{{ method: 'GET', resourcePath: '{path}' }}"),
        };
        let code = format!(
            "// @dataSource {source}\nimport {{ util }} from '@aws-appsync/utils';\nexport function request() {{ return {request}; }}\n\
             export function response(ctx) {{\n  if (ctx.error) {{ util.error(ctx.error.message, ctx.error.type); }}\n\
             \x20 return ctx.result.body;\n}}\n"
        );
        definition.write(&format!("resolvers/Query.{name}.js"), &code);
    }
    definition
}

/// One round: all fields at once.
fn round(server: &Server) {
    let fields: Vec<&str> = FIELDS.iter().map(|(name, ..)| *name).collect();
    let answer = server.client().query(&format!("{{ {} }}", fields.join(" ")));
    let body = Value::parse(answer.body.as_bytes()).expect("JSON");
    let errors = body.get("errors").and_then(Value::as_list).expect("errors");
    for (name, _, _, expected) in FIELDS {
        let error = errors.iter().find(|error| error.at(&["path"]).as_list().is_some_and(|path| path[0].as_str() == Some(name)));
        let found = error.and_then(|error| error.get("errorType")?.as_str()).unwrap_or_default();
        // What takes until the request's own time is up may be told by either.
        let is_late = expected.ends_with(":ExecutionTimeoutException") && found == "ExecutionTimeout";
        assert!(found == expected || is_late, "{name}: expected {expected:?}, found {found:?} in {}", answer.body);
        assert_eq!(body.at(&["data", name]).is_null(), !expected.is_empty(), "{name}: {}", answer.body);
    }
}

/// Open descriptors and resident memory in KiB.
fn held(server: &Server) -> (usize, u64) {
    let process = format!("/proc/{}", server.id());
    let descriptors = std::fs::read_dir(format!("{process}/fd")).expect("the descriptors of the child").count();
    let status = harness::read(format!("{process}/status").as_ref());
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the memory of the child");
    (descriptors, line.trim().trim_end_matches(" kB").parse().expect("a number"))
}

#[test]
fn bad_services_leave_nothing_behind() {
    let rounds = std::env::var("SYNCGATE_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    let dead = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address")
    };
    let server = definition(upstream(), dead).serve();
    (0..2).for_each(|_| round(&server));
    let (descriptors, memory) = held(&server);
    (0..rounds).for_each(|_| round(&server));
    let (descriptors_after, memory_after) = held(&server);
    // Connections that are kept for the next request come and go by a few.
    assert!(descriptors_after <= descriptors + 8, "{descriptors} descriptors before, {descriptors_after} after {rounds} rounds");
    assert!(memory_after <= memory + MEMORY, "{memory} KiB before, {memory_after} KiB after {rounds} rounds");
}
