//! The server over real sockets on port 0, with a scripted executor in the place of an API.

mod tls;

pub(super) use tls::encrypted;

use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use value::{Value, value};

use super::*;
use crate::auth::{ApiKey, ApiKeys};
use crate::lineage;
use crate::realtime::HubSettings;

/// Runs what the query's text says.
#[derive(Debug, Default)]
struct Script {
    /// An operation that waits has begun.
    begun: Notify,
    /// Lets an operation that waits go on.
    go_on: Notify,
    /// An operation that waited has ended.
    ended: Notify,
    finished: Mutex<Vec<String>>,
}

impl Execute for Script {
    fn execute(
        self: &Arc<Self>,
        request: GraphqlRequest,
        context: RequestContext,
    ) -> impl Future<Output = Result<GraphqlResponse, RequestFault>> + Send + 'static {
        let script = Arc::clone(self);
        async move {
            match &*request.query {
                "{unparsable" => return Err(RequestFault::Unparsable),
                "{panic}" => panic!("a scripted panic"),
                // More than the buffers of a connection take.
                "{big}" => return Ok(GraphqlResponse::new(vec![b' '; 64 << 20], Vec::new())),
                query if query.contains("wait") => {
                    script.begun.notify_one();
                    script.go_on.notified().await;
                    script.finished.lock().expect("the list").push(query.to_owned());
                    script.ended.notify_one();
                }
                _ => {}
            }
            let shown = value!({
                "query": (&request.query), "operationName": (request.operation_name.clone()), "variables": (request.variables.clone()),
                "domainName": (context.domain_name.clone()), "headers": (context.headers.value().clone()),
                "peer": (context.source_ip.join(" ")), "rules": (u32::from(lineage::depth())),
            });
            let headers =
                vec![("x-mine".into(), "1".into()), ("content-type".into(), "text/html".into()), ("bad name".into(), "1".into())];
            Ok(GraphqlResponse::new(value!({"data": shown}).to_json().into_bytes(), headers))
        }
    }
}

/// Where nobody subscribes.
fn hub(api_id: &str) -> Arc<Hub> {
    Hub::new(api_id.into(), HubSettings { payload_limit: 1 << 20 }, None)
}

struct Running {
    address: SocketAddr,
    script: Arc<Script>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

async fn start_with(apis: &[(&str, &[&str])], change: impl FnOnce(&mut Settings)) -> Running {
    start_speaking(None, apis, change).await
}

async fn start_speaking(tls: Option<Tls>, apis: &[(&str, &[&str])], change: impl FnOnce(&mut Settings)) -> Running {
    let mut settings = Settings { port: 0, ..Settings::default() };
    change(&mut settings);
    let script = Arc::new(Script::default());
    let apis = apis
        .iter()
        .map(|(api_id, hosts)| {
            let keys = ApiKeys::new([ApiKey::new(format!("da2-{api_id}"))]);
            let hosts = hosts.iter().map(ToString::to_string).collect();
            ServedApi::new(*api_id, hosts, Arc::clone(&script), Authenticator::new().api_keys(keys), hub(api_id))
        })
        .collect();
    let server = Server::bind(settings, apis).await.expect("a listener").with_tls(tls);
    let address = server.local_addr();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    Running { address, script, stop, task }
}

async fn start() -> Running {
    start_with(&[("one", &[])], |_| ()).await
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn json(&self) -> Value {
        Value::parse(self.body.as_bytes()).expect("JSON")
    }
}

/// Reads one answer from a connection; `None` when it was closed without one.
async fn receive(socket: &mut (impl AsyncRead + Unpin)) -> Option<Answer> {
    let reading = async {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            if socket.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        };
        let head = String::from_utf8(bytes[..end].to_vec()).expect("a head");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        let mut body = bytes.split_off(end + 4);
        while body.len() < length {
            if socket.read_buf(&mut body).await.ok()? == 0 {
                return None;
            }
        }
        let status = head.get(9..12)?.parse().ok()?;
        Some(Answer { status, head, body: String::from_utf8(body).expect("a body") })
    };
    timeout(Duration::from_secs(20), reading).await.expect("an answer or the end within 20 s")
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    async fn send(&self, request: &str) -> Answer {
        let mut socket = self.connect().await;
        socket.write_all(request.as_bytes()).await.expect("sent");
        receive(&mut socket).await.expect("an answer")
    }

    async fn post(&self, body: &str) -> Answer {
        self.send(&post(body)).await
    }
}

fn request(method: &str, target: &str, headers: &[&str], body: &str) -> String {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let length = if body.is_empty() && method != "POST" { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let host = if headers.starts_with("host:") { "" } else { "host: localhost\r\n" };
    format!("{method} {target} HTTP/1.1\r\n{host}{headers}{length}\r\n{body}")
}

fn post(body: &str) -> String {
    request("POST", "/graphql", &["x-api-key: da2-one"], body)
}

fn query(text: &str) -> String {
    post(&value!({"query": text}).to_json())
}

#[tokio::test]
async fn an_operation_is_answered_with_appsyncs_headers() {
    let server = start().await;
    let headers = ["X-Api-Key: da2-one", "Cookie: a=1", "X-Twice: 1", "x-twice: 2", "content-type: application/graphql"];
    let body = r#"{"operationName":"A","variables":{"n":1.10},"extensions":{},"query":"{a}"}"#;
    let answer = server.send(&request("POST", "/graphql", &headers, body)).await;
    assert_eq!(answer.status, 200);
    let expected = value!({
        "query": "{a}", "operationName": "A", "variables": {"n": (Value::parse(b"1.10").expect("a number"))}, "domainName": null,
        "headers": {
            "host": "localhost", "x-api-key": "da2-one", "x-twice": ["1", "2"], "content-type": "application/graphql",
            "content-length": (body.len().to_string()),
        },
        "peer": "127.0.0.1", "rules": 0,
    });
    assert_eq!(answer.json(), value!({"data": expected}));
    for (name, text) in [
        ("content-type", Some("application/json;charset=UTF-8")),
        ("x-amzn-appsync-tokensconsumed", Some("1")),
        ("access-control-allow-origin", Some("*")),
        (
            "access-control-expose-headers",
            Some("x-amzn-RequestId,x-amzn-ErrorType,x-amz-user-agent,x-amzn-ErrorMessage,Date,x-amz-schema-version"),
        ),
        ("x-amzn-errortype", None),
        ("x-mine", Some("1")),
        ("bad name", None),
    ] {
        assert_eq!(answer.header(name), text, "{name}");
    }
    uuid::Uuid::parse_str(answer.header("x-amzn-requestid").expect("an id")).expect("a UUID");
}

#[tokio::test]
async fn a_get_is_answered_too() {
    let server = start().await;
    let target = "/graphql?query=mutation+M%7Ba%7D&operationName=M&variables=%7B%22a%22%3A%5B1%5D%7D";
    let answer = server.send(&request("GET", target, &["x-api-key: da2-one"], "")).await;
    assert_eq!(answer.status, 200);
    let json = answer.json();
    assert_eq!(json.at(&["data", "query"]), &value!("mutation M{a}"));
    assert_eq!(json.at(&["data", "variables"]), &value!({"a": [1]}));
}

#[tokio::test]
async fn refused_requests_are_answered_in_appsyncs_form() {
    let server = start().await;
    let malformed =
        |message: &str| format!(r#"{{"errors":[{{"message":"{message}","errorType":"MalformedHttpRequestException"}}]}}"#);
    let empty = malformed("Request body is empty.");
    let unparsable = malformed("Unable to parse GraphQL query.");
    let unauthorized = |message: &str| format!(r#"{{"errors":[{{"errorType":"UnauthorizedException","message":"{message}"}}]}}"#);
    let (missing, wrong) =
        (unauthorized("Valid authorization header not provided."), unauthorized("You are not authorized to make this call."));
    let key = "x-api-key: da2-one";
    let bad = "MalformedHttpRequestException";
    let no = "UnauthorizedException";
    for (text, status, error_type, body) in [
        (post(""), 400, bad, &empty),
        (post("meow"), 400, bad, &unparsable),
        (post("{}"), 400, bad, &unparsable),
        (post("{}}"), 400, bad, &unparsable),
        (post("[]"), 400, bad, &unparsable),
        (query("{unparsable"), 400, bad, &unparsable),
        (request("GET", "/graphql", &[key], ""), 400, bad, &unparsable),
        (request("POST", "/graphql", &[], "{}"), 401, no, &missing),
        (request("POST", "/graphql", &["authorization: x"], "{}"), 401, no, &missing),
        (request("POST", "/graphql", &["x-api-key: da2-two"], "{}"), 401, no, &wrong),
        (request("POST", "/graphql", &[key, key], "{}"), 401, no, &wrong),
        (request("GET", "/graphql?query={a}", &[], ""), 401, no, &missing),
    ] {
        let answer = server.send(&text).await;
        assert_eq!((answer.status, &answer.body), (status, body), "{text}");
        assert_eq!(answer.header("x-amzn-errortype"), Some(error_type), "{text}");
        assert_eq!(answer.header("content-type"), Some("application/json;charset=UTF-8"));
        assert!(answer.header("x-amzn-requestid").is_some() && answer.header("access-control-expose-headers").is_some());
    }
}

#[tokio::test]
async fn a_request_for_a_websocket_that_is_none_is_told_why() {
    const GOOD: [&str; 4] =
        ["connection: Upgrade", "upgrade: websocket", "sec-websocket-version: 13", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="];
    let server = start().await;
    let change = |at: usize, header: &'static str| {
        let mut headers = GOOD.to_vec();
        headers[at] = header;
        headers
    };
    for (method, target, headers, part) in [
        ("GET", "/graphql/realtime", Vec::new(), "'Connection: Upgrade'"),
        ("POST", "/graphql/realtime", GOOD.to_vec(), "GET request"),
        ("GET", "/graphql/realtime", change(0, "connection: close"), "'Connection: Upgrade'"),
        ("GET", "/graphql/realtime", change(1, "upgrade: h2c"), "'Upgrade: websocket'"),
        ("GET", "/graphql", change(2, "sec-websocket-version: 8"), "'Sec-WebSocket-Version' must be 13"),
        ("GET", "/apis/one/graphql/realtime", change(3, "sec-websocket-key: short"), "base64 of 16 bytes"),
        ("GET", "/graphql", [&GOOD[..], &["sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="]].concat(), "one header"),
    ] {
        let answer = server.send(&request(method, target, &headers, "")).await;
        assert_eq!(answer.status, 400, "{method} {target} {headers:?}");
        assert_eq!(answer.header("x-amzn-errortype"), Some("MalformedHttpRequestException"));
        assert!(answer.body.contains(part), "{headers:?}: {}", answer.body);
    }
}

#[tokio::test]
async fn requests_have_room_beside_websockets() {
    let server = start_with(&[("one", &[])], |settings| settings.realtime.max_connections = Some(0)).await;
    let headers =
        ["connection: Upgrade", "upgrade: websocket", "sec-websocket-version: 13", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="];
    let answer = server.send(&request("GET", "/graphql/realtime", &headers, "")).await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("`max_connections` of `[realtime]`"), "{}", answer.body);
    assert_eq!(server.send(&query("{a}")).await.status, 200);
}

#[tokio::test]
async fn other_paths_and_methods_are_unknown_operations() {
    let server = start().await;
    for (method, target, status, part) in [
        ("GET", "/", 404, "POST /graphql"),
        ("POST", "/graphq", 404, "POST /graphql"),
        ("POST", "/apis/two/graphql", 404, "no API with the id 'two'"),
        ("PUT", "/graphql", 405, "PUT is not an operation of /graphql"),
        ("DELETE", "/apis/one/graphql", 405, "DELETE is not an operation of /apis/one/graphql"),
    ] {
        let answer = server.send(&request(method, target, &["x-api-key: da2-one"], "")).await;
        assert_eq!(answer.status, status, "{method} {target}");
        let json = answer.json();
        let error = &json.get("errors").and_then(Value::as_list).expect("errors")[0];
        assert_eq!(error.get("errorType"), Some(&value!("com.amazon.coral.service#UnknownOperationException")));
        assert!(error.get("message").and_then(Value::as_str).is_some_and(|message| message.contains(part)), "{}", answer.body);
        assert_eq!(answer.header("x-amzn-errortype"), Some("UnknownOperationException"));
        assert_eq!(answer.header("allow").is_some(), status == 405);
    }
    // The answer to HEAD has no body, so the connection is still in step afterwards.
    let mut socket = server.connect().await;
    socket.write_all(request("HEAD", "/graphql", &[], "").as_bytes()).await.expect("sent");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.expect("a byte"));
    }
    assert!(head.starts_with(b"HTTP/1.1 405 "));
    socket.write_all(query("{a}").as_bytes()).await.expect("sent");
    assert_eq!(receive(&mut socket).await.expect("an answer").status, 200);
}

#[tokio::test]
async fn several_apis_are_told_apart_by_host_and_path() {
    let server = start_with(&[("one", &[]), ("two", &["api.example.com"])], |_| ()).await;
    for (target, host, key, status, domain) in [
        ("/graphql", "one.appsync-api.localhost:1", "one", 200, Value::Null),
        ("/graphql", "TWO.appsync-api.localhost", "two", 200, Value::Null),
        ("/graphql", "API.example.com:443", "two", 200, value!("api.example.com")),
        ("/graphql", "api.example.com", "one", 401, Value::Null),
        ("/apis/one/graphql", "localhost", "one", 200, Value::Null),
        ("/apis/one/graphql", "localhost", "two", 401, Value::Null),
        ("/graphql", "localhost", "one", 404, Value::Null),
    ] {
        let body = r#"{"query":"{a}"}"#;
        let length = body.len();
        let text =
            format!("POST {target} HTTP/1.1\r\nhost: {host}\r\nx-api-key: da2-{key}\r\ncontent-length: {length}\r\n\r\n{body}");
        let answer = server.send(&text).await;
        assert_eq!(answer.status, status, "{host}{target}");
        assert_eq!(answer.json().at(&["data", "domainName"]), &domain);
        if status == 404 {
            assert!(answer.body.contains("No API answers to the host 'localhost'"), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_preflight_lets_pages_in_as_configured() {
    let server = start().await;
    let asked =
        ["origin: https://app.test", "access-control-request-method: POST", "access-control-request-headers: x-api-key,x-own"];
    let answer = server.send(&request("OPTIONS", "/graphql", &asked, "")).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("x-api-key,x-own"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET, POST, OPTIONS"));
    assert_eq!(answer.header("access-control-max-age"), Some("172800"));

    let closed = start_with(&[("one", &[])], |settings| settings.cors = Cors::new(Vec::<&str>::new(), Duration::ZERO)).await;
    for text in [request("OPTIONS", "/graphql", &asked, ""), query("{a}"), post("")] {
        let answer = closed.send(&text).await;
        assert!(!answer.head.contains("access-control"), "{}", answer.head);
    }

    let listed =
        start_with(&[("one", &[])], |settings| settings.cors = Cors::new(["https://app.test"], Duration::from_secs(60))).await;
    let answer = listed.send(&request("OPTIONS", "/graphql", &asked, "")).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.test"));
    assert_eq!((answer.header("access-control-max-age"), answer.header("vary")), (Some("60"), Some("origin")));
    let answer = listed.send(&request("OPTIONS", "/graphql", &["origin: https://evil.test"], "")).await;
    assert!(!answer.head.contains("access-control"), "{}", answer.head);
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let server = start().await;
    let mut socket = server.connect().await;
    let mut ids = std::collections::HashSet::new();
    for text in [query("{a}"), post("meow"), request("POST", "/graphql", &[], "{}"), query("{panic}"), query("{b}")] {
        socket.write_all(text.as_bytes()).await.expect("sent");
        let answer = receive(&mut socket).await.expect("an answer");
        ids.insert(answer.header("x-amzn-requestid").expect("an id").to_owned());
    }
    assert_eq!(ids.len(), 5);
}

#[tokio::test]
async fn a_panic_is_an_internal_failure_of_its_request_only() {
    let server = start().await;
    let mut waiting = server.connect().await;
    waiting.write_all(query("{wait}").as_bytes()).await.expect("sent");
    server.script.begun.notified().await;
    let answer = server.post(r#"{"query":"{panic}"}"#).await;
    assert_eq!(answer.status, 500);
    let id = answer.header("x-amzn-requestid").expect("an id");
    let expected = format!(
        r#"{{"errors":[{{"errorType":"InternalFailure","message":"An internal failure has occurred. The server's log has it as request {id}."}}]}}"#
    );
    assert_eq!(answer.body, expected);
    server.script.go_on.notify_one();
    assert_eq!(receive(&mut waiting).await.expect("an answer").status, 200);
}

#[tokio::test]
async fn an_operation_ends_at_its_deadline() {
    let server = start_with(&[("one", &[])], |settings| settings.request_timeout = Duration::from_millis(50)).await;
    let answer = server.post(r#"{"query":"{wait}"}"#).await;
    assert_eq!(answer.status, 504);
    assert_eq!(answer.body, r#"{"errors":[{"errorType":"ExecutionTimeout","message":"Execution timed out."}]}"#);
    assert!(server.script.finished.lock().expect("the list").is_empty());
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_by_its_size() {
    let server = start_with(&[("one", &[])], |settings| settings.body_limit = 1000).await;
    let padded = |length: usize| {
        let text = r#"{"query":"{a}"}"#;
        format!("{text}{}", " ".repeat(length - text.len()))
    };
    assert_eq!(server.post(&padded(1000)).await.status, 200);
    let chunked = |length: usize| {
        let body = padded(length);
        format!(
            "POST /graphql HTTP/1.1\r\nhost: h\r\nx-api-key: da2-one\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n"
        )
    };
    assert_eq!(server.send(&chunked(1000)).await.status, 200);
    for text in [post(&padded(1001)), post(&padded(3_000_000)), chunked(1001), chunked(100_000)] {
        let answer = server.send(&text).await;
        assert_eq!(answer.status, 413);
        assert_eq!(answer.header("x-amzn-errortype"), Some("RequestEntityTooLargeException"));
        assert!(answer.body.contains("larger than the limit of 1000 bytes"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on() {
    let server = start_with(&[("one", &[])], |settings| settings.body_limit = 1000).await;
    let body = r#"{"query":"{a}"}"#;
    let head = |length: usize| {
        format!(
            "POST /graphql HTTP/1.1\r\nhost: h\r\nx-api-key: da2-one\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    let mut socket = server.connect().await;
    socket.write_all(head(body.len()).as_bytes()).await.expect("sent");
    assert_eq!(receive(&mut socket).await.expect("an answer").status, 100);
    socket.write_all(body.as_bytes()).await.expect("sent");
    assert_eq!(receive(&mut socket).await.expect("an answer").status, 200);
    // A body that would be refused is not asked for.
    assert_eq!(server.send(&head(1001)).await.status, 413);
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_place() {
    let server = start_with(&[("one", &[])], |settings| {
        settings.max_connections = 1;
        settings.write_timeout = Duration::from_millis(100);
    })
    .await;
    let mut deaf = server.connect().await;
    deaf.write_all(query("{big}").as_bytes()).await.expect("sent");
    assert_eq!(server.post(r#"{"query":"{a}"}"#).await.status, 200);
}

#[tokio::test]
async fn a_compressed_body_is_refused_by_name() {
    let server = start().await;
    let with = |encoding: &str| {
        request("POST", "/graphql", &["x-api-key: da2-one", &format!("content-encoding: {encoding}")], r#"{"query":"{a}"}"#)
    };
    let answer = server.send(&with("gzip")).await;
    assert_eq!(answer.status, 415);
    assert!(answer.body.contains("Content-Encoding 'gzip' is not supported"), "{}", answer.body);
    assert_eq!(server.send(&with("identity")).await.status, 200);
}

#[tokio::test]
async fn slow_clients_are_let_go() {
    let short = Duration::from_millis(50);
    let server = start_with(&[("one", &[])], |settings| {
        settings.header_read_timeout = short;
        settings.body_read_timeout = short;
    })
    .await;
    // A head that never ends: the connection is closed.
    let mut head = server.connect().await;
    head.write_all(b"POST /graphql HTTP/1.1\r\nhost: localhost\r\nx-").await.expect("sent");
    assert!(receive(&mut head).await.is_none_or(|answer| answer.status == 408));
    // A body that never ends: an answer says so.
    let mut body = server.connect().await;
    body.write_all(b"POST /graphql HTTP/1.1\r\nhost: h\r\nx-api-key: da2-one\r\ncontent-length: 10\r\n\r\n{")
        .await
        .expect("sent");
    let answer = receive(&mut body).await.expect("an answer");
    assert_eq!(answer.status, 408);
    assert!(answer.body.contains("did not arrive within 50 ms"), "{}", answer.body);
}

#[tokio::test]
async fn a_head_beyond_the_limit_is_refused() {
    let server = start().await;
    let long = format!("x-long: {}", "a".repeat(70_000));
    let mut socket = server.connect().await;
    // The server may close before everything is written.
    let _ = socket.write_all(request("GET", "/graphql", &[&long], "").as_bytes()).await;
    assert!(receive(&mut socket).await.is_none_or(|answer| answer.status == 431));
    assert_eq!(server.post(r#"{"query":"{a}"}"#).await.status, 200);
}

#[tokio::test]
async fn connections_are_bounded() {
    let server = start_with(&[("one", &[])], |settings| settings.max_connections = 1).await;
    let mut first = server.connect().await;
    first.write_all(query("{wait}").as_bytes()).await.expect("sent");
    server.script.begun.notified().await;
    // The second waits in the backlog, its request unread, until the first is gone.
    let mut second = server.connect().await;
    second.write_all(query("{a}").as_bytes()).await.expect("sent");
    let mut byte = [0];
    assert!(timeout(Duration::from_millis(50), second.read(&mut byte)).await.is_err());
    server.script.go_on.notify_one();
    assert_eq!(receive(&mut first).await.expect("an answer").status, 200);
    drop(first);
    assert_eq!(receive(&mut second).await.expect("an answer").status, 200);
}

#[tokio::test]
async fn a_shutdown_finishes_requests_and_closes_idle_connections() {
    let server = start().await;
    let mut idle = server.connect().await;
    idle.write_all(query("{a}").as_bytes()).await.expect("sent");
    assert_eq!(receive(&mut idle).await.expect("an answer").status, 200);
    let mut fresh = server.connect().await;
    let mut busy = server.connect().await;
    busy.write_all(query("{wait}").as_bytes()).await.expect("sent");
    server.script.begun.notified().await;

    server.stop.send(()).expect("a running server");
    assert!(receive(&mut idle).await.is_none(), "the idle connection is closed");
    assert!(receive(&mut fresh).await.is_none(), "the unused connection is closed");
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody is accepted any more");
    server.script.go_on.notify_one();
    let answer = receive(&mut busy).await.expect("an answer");
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    timeout(Duration::from_secs(10), server.task).await.expect("the server ends").expect("without a panic");
}

#[tokio::test]
async fn a_shutdown_ends_with_its_grace() {
    let server = start_with(&[("one", &[])], |settings| settings.shutdown_grace = Duration::from_millis(50)).await;
    let mut busy = server.connect().await;
    busy.write_all(query("mutation {wait}").as_bytes()).await.expect("sent");
    server.script.begun.notified().await;
    server.stop.send(()).expect("a running server");
    timeout(Duration::from_secs(10), server.task).await.expect("the server ends").expect("without a panic");
    assert!(receive(&mut busy).await.is_none());
    assert!(server.script.finished.lock().expect("the list").is_empty());
}

#[tokio::test]
async fn a_mutation_outlives_its_client_and_a_query_does_not() {
    let server = start_with(&[("one", &[])], |settings| settings.max_connections = 2).await;
    for text in ["{wait}", "mutation {wait}"] {
        let mut socket = server.connect().await;
        socket.write_all(query(text).as_bytes()).await.expect("sent");
        server.script.begun.notified().await;
    }
    // Once both places are needed, the query's connection is known to be gone; the mutation's place is still taken.
    assert_eq!(server.post(r#"{"query":"{a}"}"#).await.status, 200);
    server.stop.send(()).expect("a running server");
    server.script.go_on.notify_one();
    timeout(Duration::from_secs(10), server.script.ended.notified()).await.expect("the mutation ends");
    timeout(Duration::from_secs(10), server.task).await.expect("the server ends").expect("without a panic");
    assert_eq!(*server.script.finished.lock().expect("the list"), ["mutation {wait}"]);
}

#[tokio::test]
async fn a_reload_is_seen_by_the_next_request() {
    let script = Arc::new(Script::default());
    let keys = |key: &str| Authenticator::new().api_keys(ApiKeys::new([ApiKey::new(key)]));
    let api = ServedApi::new("one", Vec::new(), Arc::clone(&script), keys("da2-old"), hub("one"));
    let handle = api.clone();
    let server = Server::bind(Settings { port: 0, ..Settings::default() }, vec![api]).await.expect("a listener");
    let address = server.local_addr();
    tokio::spawn(server.run(std::future::pending()));
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    for (key, status) in [("da2-one", 401), ("da2-one", 200)] {
        socket.write_all(query("{a}").as_bytes()).await.expect("sent");
        assert_eq!(receive(&mut socket).await.expect("an answer").status, status);
        handle.reload(Arc::clone(&script), keys(key));
    }
}

/// A rule's function may ask us by HTTP, which AWS's SDKs tell in this header.
#[tokio::test]
async fn an_operation_knows_the_rules_behind_its_request() {
    let server = start().await;
    let body = value!({"query": "{a}"}).to_json();
    let ours = format!("x-amzn-trace-id: {}", lineage::trace_header(3).expect("a header"));
    for (header, expected) in
        [("x-a: b", 0), (&*ours, 3), ("x-amzn-trace-id: Root=1-0-0", 0), ("x-amzn-trace-id: Root=1-0-0;Lineage=1:73796e63:16", 0)]
    {
        let answer = server.send(&request("POST", "/graphql", &["x-api-key: da2-one", header], &body)).await.json();
        assert_eq!(answer.at(&["data", "rules"]), &Value::from(expected), "{header}");
    }
}

#[tokio::test]
async fn the_development_upstream_is_for_this_machine_only() {
    let server = start().await;
    let get = |target: &str, headers: &[&str]| request("GET", target, headers, "");
    let answer = server.send(&get("/_upstream/venues", &[])).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert!(answer.header("access-control-allow-origin").is_none());
    let json = answer.json();
    let venues = json.get("venues").and_then(Value::as_list).expect("venues");
    assert_eq!(venues.len(), 3);
    let one = server.send(&get("/_upstream/venues/north-hall", &[])).await.json();
    assert_eq!(&one, &venues[1]);
    let zug = server.send(&get("/_upstream/venues?city=Zug", &[])).await.json();
    assert_eq!(zug.get("venues").and_then(Value::as_list).map(<[Value]>::len), Some(1));
    assert_eq!(server.send(&get("/_upstream/venues/nowhere", &[])).await.status, 404);
    assert_eq!(server.send(&get("/_upstream/venues", &["origin: https://evil.test"])).await.status, 403);
    assert_eq!(server.send(&get("/_upstream/venues", &["host: evil.test"])).await.status, 403);
    assert_eq!(server.send(&get("/_upstream/venues", &["host: localhost", "host: evil.test"])).await.status, 400);
    assert_eq!(server.send(&get("/ping", &[])).await.body, "healthy");

    let production = start_with(&[("one", &[])], |settings| settings.mode = Mode::Production).await;
    assert_eq!(production.send(&get("/_upstream/venues", &[])).await.status, 404);
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let server = start().await;
    let settings = Settings { port: server.address.port(), ..Settings::default() };
    let error = Server::<Script>::bind(settings, Vec::new()).await.map(|_| ()).expect_err("taken");
    assert!(error.to_string().starts_with(&format!("cannot listen on {}: ", server.address)), "{error}");
}
