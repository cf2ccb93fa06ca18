//! The DynamoDB endpoint over real sockets: protocol, bounds, and who is let in.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use aws_lc_rs::{digest, hmac};
use dynamodb::{Dynamodb, Embedded, Operation, Response, ServiceError};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::future::BoxFuture;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use syncgate::api::Api;
use syncgate::auth::sigv4::Credential;
use syncgate::server::{Mode, Server, Settings, TablesEndpoint};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use value::{Value, value};

const KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A server with the endpoint; it stops when this is dropped.
struct Running {
    main: SocketAddr,
    tables: Option<SocketAddr>,
    _stop: oneshot::Sender<()>,
}

async fn start_with(service: Arc<dyn Dynamodb>, credentials: Vec<Credential>, change: impl FnOnce(&mut Settings)) -> Running {
    let mut settings = Settings { port: 0, ..Settings::default() };
    change(&mut settings);
    let endpoint = TablesEndpoint { service, region: "eu-central-1".into(), port: Some(0), credentials };
    let server = Server::<Api>::bind(settings, Vec::new()).await.expect("a listener");
    let server = server.with_tables(endpoint).await.expect("an endpoint");
    let (main, tables) = (server.local_addr(), server.tables_addr());
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(server.run(async { drop(stopped.await) }));
    Running { main, tables, _stop: stop }
}

async fn start() -> Running {
    start_with(Arc::new(Embedded::memory().expect("an engine")), Vec::new(), |_| ()).await
}

async fn start_production(credentials: bool) -> Running {
    let credential = Credential { access_key_id: KEY_ID.into(), secret_access_key: SECRET.into() };
    let credentials = if credentials { vec![credential] } else { Vec::new() };
    let service = Arc::new(Embedded::memory().expect("an engine"));
    start_with(service, credentials, |settings| settings.mode = Mode::Production).await
}

impl Running {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let client = Client::builder().no_proxy().no_gzip().no_brotli().build().expect("a client");
        client.request(method, format!("http://{}{path}", self.main))
    }

    fn operation(&self, operation: &str, body: &str) -> RequestBuilder {
        self.request(Method::POST, "/dynamodb/")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .body(body.to_owned())
    }
}

/// Sends and reads; checks what every answer has.
async fn send(request: RequestBuilder) -> (StatusCode, reqwest::header::HeaderMap, Vec<u8>) {
    let answer = request.send().await.expect("an answer");
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.expect("a body").to_vec();
    let id = headers["x-amzn-requestid"].to_str().expect("text");
    assert!(id.len() == 52 && id.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()), "{id}");
    assert_eq!(headers["x-amz-crc32"].to_str().expect("text"), crc32fast::hash(&body).to_string());
    (status, headers, body)
}

async fn shown(request: RequestBuilder) -> String {
    let (status, _, body) = send(request).await;
    format!("{} {}", status.as_u16(), String::from_utf8_lossy(&body))
}

fn table() -> String {
    let table = value!({
        "TableName": "Posts", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    });
    table.to_json()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory")
}

#[tokio::test]
async fn tables_are_seen_by_every_door() {
    let server = start().await;
    let (status, headers, body) = send(server.operation("CreateTable", &table())).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    assert_eq!(headers["content-type"], "application/x-amz-json-1.0");
    let put = r#"{"TableName":"Posts","Item":{"id":{"S":"1"},"n":{"N":"12345678901234567890123456789012345678"}}}"#;
    assert_eq!(shown(server.operation("PutItem", put)).await, "200 {}");
    let own = format!("http://{}/", server.tables.expect("an own port"));
    for url in [format!("http://{}/dynamodb", server.main), format!("http://{}/dynamodb/", server.main), own] {
        let request = Client::builder().no_proxy().build().expect("a client").post(&url);
        let request = request.header("x-amz-target", "DynamoDB_20120810.GetItem").header("content-type", "application/json");
        let (status, headers, body) = send(request.body(r#"{"TableName":"Posts","Key":{"id":{"S":"1"}}}"#)).await;
        assert_eq!((status.as_u16(), headers["content-type"].as_bytes()), (200, &b"application/json"[..]), "{url}");
        let item = Value::parse(&body).expect("JSON");
        assert_eq!(item.at(&["Item", "n", "N"]).as_str(), Some("12345678901234567890123456789012345678"), "{url}");
    }
}

#[tokio::test]
async fn requests_are_looked_at_in_the_order_of_the_service() {
    let server = start().await;
    let serialization = r#"400 {"__type":"com.amazon.coral.service#SerializationException"}"#;
    let unknown = r#"400 {"__type":"com.amazon.coral.service#UnknownOperationException"}"#;
    let missing = concat!(
        r#"400 {"__type":"com.amazon.coral.service#MissingAuthenticationTokenException","#,
        r#""message":"Request is missing Authentication Token"}"#
    );
    let not_found = "404 <UnknownOperationException/>\n";
    let json = ("content-type", "application/x-amz-json-1.0");
    let list = ("x-amz-target", "DynamoDB_20120810.ListTables");
    type Case = (Method, &'static str, Vec<(&'static str, &'static str)>, String, String);
    let nested = |levels: usize| {
        let value = format!(r#"{}{{"S":"x"}}{}"#, r#"{"L":["#.repeat(levels), "]}".repeat(levels));
        format!(r#"{{"TableName":"Posts","Item":{{"id":{value}}}}}"#)
    };
    let put = ("x-amz-target", "DynamoDB_20120810.PutItem");
    let cases: Vec<Case> = vec![
        (Method::GET, "", vec![], String::new(), "200 healthy: dynamodb.eu-central-1.amazonaws.com ".into()),
        (Method::PUT, "", vec![], String::new(), not_found.into()),
        (Method::DELETE, "", vec![json, list], "{}".into(), not_found.into()),
        (Method::OPTIONS, "", vec![], String::new(), not_found.into()),
        (Method::POST, "", vec![], "hi".into(), not_found.into()),
        (Method::POST, "", vec![("content-type", "application/x-amz-json-1.1"), list], "{}".into(), not_found.into()),
        (Method::POST, "", vec![json, list], "hi".into(), serialization.into()),
        (Method::POST, "", vec![json], "{}".into(), unknown.into()),
        (Method::POST, "", vec![], String::new(), unknown.into()),
        (Method::POST, "", vec![json, ("x-amz-target", "DynamoDB_20120810.ListTable")], "{}".into(), unknown.into()),
        (Method::POST, "", vec![json, ("x-amz-target", "DynamoDB_20120810.ListStreams")], "{}".into(), unknown.into()),
        (Method::POST, "", vec![json, ("x-amz-target", "DynamoDBStreams_20120810.ListTables")], "{}".into(), unknown.into()),
        (
            Method::POST,
            "",
            vec![json, ("x-amz-target", "DynamoDB_20120810.CreateBackup")],
            "{}".into(),
            r#"400 {"__type":"com.amazon.coral.service#UnknownOperationException","message":"CreateBackup is not supported by this endpoint."}"#
                .into(),
        ),
        (Method::POST, "", vec![json, list], "{}".into(), r#"200 {"TableNames":[]}"#.into()),
        (Method::POST, "", vec![list], String::new(), missing.into()),
        (Method::POST, "", vec![json, list, ("authorization", "AWS4")], "{}".into(), missing.into()),
        (Method::POST, "?X-Amz-Date=d", vec![json, list], "{}".into(), missing.into()),
        (
            Method::POST,
            "",
            vec![json, list, ("date", "a"), ("authorization", "AWS4- Signature=b,Credential=a")],
            "{}".into(),
            concat!(
                r#"400 {"__type":"com.amazon.coral.service#IncompleteSignatureException","message":"Authorization header requires "#,
                r#"'SignedHeaders' parameter. Authorization=AWS4- Signature=…, Credential=…"}"#
            )
            .into(),
        ),
        (
            Method::POST,
            "?X-Amz-Algorithm",
            vec![json, list, ("authorization", "X")],
            "{}".into(),
            concat!(
                r#"400 {"__type":"com.amazon.coral.service#InvalidSignatureException","message":"Found both 'X-Amz-Algorithm' as a "#,
                r#"query-string param and 'Authorization' as HTTP header."}"#
            )
            .into(),
        ),
        (
            Method::POST,
            "",
            vec![json, list],
            r#"{"Limit":"1"}"#.into(),
            r#"400 {"__type":"com.amazon.coral.service#SerializationException","Message":"STRING_VALUE cannot be converted to Integer"}"#
                .into(),
        ),
        (
            Method::POST,
            "",
            vec![json, put],
            nested(1_500),
            concat!(
                r#"400 {"__type":"com.amazon.coral.validate#ValidationException","message":"Nesting Levels have exceeded supported "#,
                r#"limits: Attributes in the item have nested levels beyond supported limit"}"#
            )
            .into(),
        ),
        (Method::POST, "", vec![json, put], nested(200_000), serialization.into()),
        (Method::POST, "", vec![json, put], "[".repeat(300), serialization.into()),
    ];
    for (method, query, headers, body, expected) in cases {
        let mut request = server.request(method.clone(), &format!("/dynamodb/{query}")).body(body.clone());
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        let body: String = body.chars().take(100).collect();
        assert_eq!(shown(request).await, expected, "{method} {query} {headers:?} {body}");
    }
}

#[tokio::test]
async fn bodies_may_be_compressed_both_ways() {
    let server = start().await;
    send(server.operation("CreateTable", &table())).await;
    let text = "z".repeat(50_000);
    let put = value!({"TableName": "Posts", "Item": {"id": {"S": "1"}, "text": {"S": (text.as_str())}}}).to_json();
    let request = server.operation("PutItem", "").header("content-encoding", "GZIP").body(gzip(put.as_bytes()));
    assert_eq!(shown(request).await, "200 {}");
    let get = r#"{"TableName":"Posts","Key":{"id":{"S":"1"}}}"#;
    let (_, headers, plain) = send(server.operation("GetItem", get)).await;
    assert!(!headers.contains_key("content-encoding"));
    let (_, headers, packed) = send(server.operation("GetItem", get).header("accept-encoding", "gzip")).await;
    assert_eq!(headers["content-encoding"], "gzip");
    let mut unpacked = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed[..]), &mut unpacked).expect("gzip");
    assert!(unpacked == plain && packed.len() < 1_000);

    // What is not gzip is an internal error on AWS, and writes nothing.
    for (encoding, body) in [("gzip", &b"{}"[..]), ("br", b"{}"), ("gzip", b"")] {
        let request = server.operation("ListTables", "").header("content-encoding", encoding).body(body.to_vec());
        let answer = shown(request).await;
        assert!(answer.starts_with(r#"500 {"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError""#), "{answer}");
    }
}

#[tokio::test]
async fn bodies_end_at_sixteen_megabytes() {
    let server = start().await;
    let whole = 16 * 1024 * 1024;
    let (status, ..) = send(server.operation("ListTables", &" ".repeat(whole))).await;
    assert_eq!(status, 400, "a body of the limit is read");
    let (status, headers, body) = send(server.operation("ListTables", &" ".repeat(whole + 1))).await;
    assert_eq!((status.as_u16(), headers["transfer-encoding"].as_bytes()), (413, &b"chunked"[..]));
    assert!(String::from_utf8_lossy(&body).contains("larger than the limit of 16777216 bytes"));
    let bomb = gzip(&vec![b' '; 64 * 1024 * 1024]);
    let request = server.operation("ListTables", "").header("content-encoding", "gzip").body(bomb);
    assert_eq!(send(request).await.0, 413);
    let chunks = futures_util::stream::iter((0..17).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024 * 1024])));
    assert_eq!(send(server.operation("ListTables", "").body(reqwest::Body::wrap_stream(chunks))).await.0, 413);
    assert_eq!(shown(server.operation("ListTables", "{}")).await, r#"200 {"TableNames":[]}"#);
}

#[tokio::test]
async fn in_development_pages_of_others_are_kept_out() {
    let server = start().await;
    for (name, value, reason) in [
        ("host", "evil.test", "the Host header names no loopback host"),
        ("host", "localhost.evil.test:4000", "the Host header names no loopback host"),
        ("origin", "https://evil.test", "the Origin is foreign"),
        ("origin", "null", "the Origin is foreign"),
        ("x-forwarded-for", "10.0.0.1", "the request was forwarded"),
        ("forwarded", "for=10.0.0.1", "the request was forwarded"),
    ] {
        let (status, headers, body) = send(server.operation("ListTables", "{}").header(name, value)).await;
        assert_eq!(status, 403, "{name}: {value}");
        let expected = format!(
            r#"{{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"The DynamoDB endpoint answers callers on this machine only: {reason}."}}"#
        );
        assert_eq!(String::from_utf8_lossy(&body), expected);
        assert!(!headers.contains_key("access-control-allow-origin"));
        let preflight = server.request(Method::OPTIONS, "/dynamodb/").header(name, value);
        assert_ne!(send(preflight).await.0, 200, "{name}: {value}");
    }
    let page = "http://localhost:3000";
    let (status, headers, _) = send(server.operation("ListTables", "{}").header("origin", page)).await;
    assert_eq!((status.as_u16(), headers["access-control-allow-origin"].as_bytes()), (200, page.as_bytes()));
    let preflight = server.request(Method::OPTIONS, "/dynamodb/").header("origin", page);
    let preflight =
        preflight.header("access-control-request-headers", "x-amz-target").header("access-control-request-method", "POST");
    let (status, headers, body) = send(preflight).await;
    assert_eq!((status.as_u16(), body.len()), (200, 0));
    for (name, value) in [
        ("access-control-allow-origin", page),
        ("access-control-allow-headers", "x-amz-target"),
        ("access-control-allow-methods", "POST"),
        ("access-control-max-age", "172800"),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
}

#[tokio::test]
async fn in_production_there_is_no_endpoint_without_credentials() {
    let server = start_production(false).await;
    assert_eq!(server.tables, None);
    for path in ["/dynamodb", "/dynamodb/"] {
        let answer = server.request(Method::POST, path).body("{}").send().await.expect("an answer");
        assert_eq!(answer.status(), 404);
        assert!(answer.text().await.expect("a body").contains("Unknown path."));
    }
}

/// Signs as an SDK does.
struct Signer<'a> {
    secret: &'a str,
    key_id: &'a str,
    /// Seconds from now.
    offset: i64,
}

impl Signer<'_> {
    fn sign(&self, server: &Running, target: &str, encoding: Option<&str>, body: &[u8]) -> RequestBuilder {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let sha256 = |bytes: &[u8]| hex(digest::digest(&digest::SHA256, bytes).as_ref());
        let hmac =
            |key: &[u8], text: &str| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec();
        let now = jiff::Timestamp::try_from(SystemTime::now()).expect("now") + jiff::SignedDuration::from_secs(self.offset);
        let date = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = &date[..8];
        let host = server.main.to_string();
        let canonical = format!(
            "POST\n/dynamodb/\n\ncontent-type:application/x-amz-json-1.0\nhost:{host}\nx-amz-date:{date}\n\
             x-amz-target:{target}\n\ncontent-type;host;x-amz-date;x-amz-target\n{}",
            sha256(body)
        );
        let scope = format!("{day}/eu-central-1/dynamodb/aws4_request");
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256(canonical.as_bytes()));
        let key = ["eu-central-1", "dynamodb", "aws4_request"]
            .iter()
            .fold(hmac(format!("AWS4{}", self.secret).as_bytes(), day), |key, part| hmac(&key, part));
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={}",
            self.key_id,
            hex(&hmac(&key, &text))
        );
        let mut request = server
            .request(Method::POST, "/dynamodb/")
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-date", date)
            .header("x-amz-target", target)
            .header("authorization", authorization)
            .body(body.to_vec());
        if let Some(encoding) = encoding {
            request = request.header("content-encoding", encoding);
        }
        request
    }
}

#[tokio::test]
async fn in_production_every_request_is_signed() {
    let server = start_production(true).await;
    let signer = Signer { secret: SECRET, key_id: KEY_ID, offset: 0 };
    let list = "DynamoDB_20120810.ListTables";
    let code = |answer: String| {
        let (status, body) = answer.split_once(' ').expect("a status");
        let body = Value::parse(body.as_bytes()).expect("JSON");
        let code = body.get("__type").and_then(Value::as_str).unwrap_or("none").rsplit('#').next().unwrap_or_default().to_owned();
        format!("{status} {code}")
    };
    assert_eq!(shown(signer.sign(&server, list, None, b"{}")).await, r#"200 {"TableNames":[]}"#);
    let packed = gzip(b"{}");
    assert_eq!(shown(signer.sign(&server, list, Some("gzip"), &packed)).await, r#"200 {"TableNames":[]}"#);

    let missing = "400 MissingAuthenticationTokenException";
    assert_eq!(code(shown(server.operation("ListTables", "{}")).await), missing);
    // A load balancer cannot sign.
    let healthy = "200 healthy: dynamodb.eu-central-1.amazonaws.com ";
    for path in ["/dynamodb", "/dynamodb/"] {
        assert_eq!(shown(server.request(Method::GET, path)).await, healthy);
    }
    let half = server.request(Method::GET, "/dynamodb/").header("authorization", "AWS4-HMAC-SHA256 Credential=a");
    assert_eq!(code(shown(half).await), "400 IncompleteSignatureException");
    assert_eq!(code(shown(server.request(Method::OPTIONS, "/dynamodb/").header("origin", "http://localhost")).await), missing);
    for (signer, expected) in [
        (Signer { key_id: "AKIDOTHER", ..signer }, "400 UnrecognizedClientException"),
        (Signer { secret: "other", ..signer }, "400 InvalidSignatureException"),
        (Signer { offset: -400, ..signer }, "400 InvalidSignatureException"),
        (Signer { offset: 400, ..signer }, "400 InvalidSignatureException"),
    ] {
        assert_eq!(code(shown(signer.sign(&server, list, None, b"{}")).await), expected);
    }
    // What is changed after signing is refused: the operation, the body.
    let swapped = signer.sign(&server, list, None, b"{}").header("x-amz-target", "DynamoDB_20120810.DeleteTable");
    assert_eq!(code(shown(swapped).await), "400 InvalidSignatureException");
    let changed = signer.sign(&server, list, None, b"{}").body(r#"{"Limit":1}"#);
    assert_eq!(code(shown(changed).await), "400 InvalidSignatureException");
    let presigned =
        "/dynamodb/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Signature=b&X-Amz-SignedHeaders=host&X-Amz-Date=c";
    assert_eq!(code(shown(server.request(Method::POST, presigned)).await), "400 InvalidSignatureException");
    // A stranger's large body is not read into memory before it is refused.
    assert_eq!(code(shown(server.operation("ListTables", &" ".repeat(8 * 1024 * 1024))).await), missing);
}

/// How many requests with large bodies are under way at a time.
const LARGE_BODIES: usize = 16;

/// As many senders as there are places for large bodies. They know an access key id, send a head and so much of a body, and stall.
async fn stall(server: &Running, headers: &str, sent: &[u8]) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for _ in 0..LARGE_BODIES {
        let mut stream = TcpStream::connect(server.main).await.expect("a connection");
        let head = format!(
            "POST /dynamodb/ HTTP/1.1\r\nhost: {}\r\nx-amz-date: 20260101T000000Z\r\n{headers}authorization: AWS4-HMAC-SHA256 \
             Credential={KEY_ID}/20260101/r/dynamodb/aws4_request, SignedHeaders=host, Signature=00\r\n\r\n",
            server.main
        );
        stream.write_all(head.as_bytes()).await.expect("a head is read");
        stream.write_all(sent).await.expect("a body is read");
        streams.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    streams
}

#[tokio::test]
async fn who_knows_an_access_key_id_keeps_nobody_out() {
    let part = vec![b' '; 1_200_000];
    let large = "{}".to_owned() + &" ".repeat(2_000_000);
    for (headers, sent) in [
        ("content-encoding: gzip\r\ncontent-length: 1000\r\n", &b""[..]),
        ("transfer-encoding: chunked\r\n", b""),
        ("content-length: 2000000\r\n", b""),
        ("content-length: 2000000\r\n", &part),
    ] {
        let server = start_production(true).await;
        let stalled = stall(&server, headers, sent).await;
        let signer = Signer { secret: SECRET, key_id: KEY_ID, offset: 0 };
        let list = "DynamoDB_20120810.ListTables";
        for (encoding, body) in
            [(Some("gzip"), gzip(b"{}")), (None, large.clone().into_bytes()), (Some("gzip"), gzip(large.as_bytes()))]
        {
            let answer = tokio::time::timeout(Duration::from_secs(6), shown(signer.sign(&server, list, encoding, &body)));
            let answer = answer.await.expect("an answer soon");
            assert_eq!(answer, r#"200 {"TableNames":[]}"#, "{headers} {encoding:?} {}", body.len());
        }
        drop(stalled);
    }
}

/// A service whose scans last until they may end.
#[derive(Debug)]
struct Slow {
    begun: AtomicUsize,
    end: Semaphore,
}

impl Dynamodb for Slow {
    fn call(&self, operation: Operation, _: Value) -> BoxFuture<'_, Result<Response, ServiceError>> {
        Box::pin(async move {
            if operation == Operation::Scan {
                self.begun.fetch_add(1, Ordering::SeqCst);
                self.end.acquire().await.expect("open").forget();
            }
            Ok(Response { body: value!({}), request_id: "A".repeat(52).into() })
        })
    }
}

#[tokio::test]
async fn a_large_request_has_its_place_until_the_service_has_ended() {
    let large = r#"{"TableName":"Posts"}"#.to_owned() + &" ".repeat(1_200_000);
    for client_gone in [false, true] {
        let service = Arc::new(Slow { begun: AtomicUsize::new(0), end: Semaphore::new(0) });
        let server = start_with(Arc::clone(&service) as Arc<dyn Dynamodb>, Vec::new(), |settings| {
            settings.body_read_timeout = Duration::from_secs(2);
            if !client_gone {
                settings.request_timeout = Duration::from_millis(100);
            }
        })
        .await;
        let scans: Vec<_> = (0..LARGE_BODIES).map(|_| tokio::spawn(send(server.operation("Scan", &large)))).collect();
        let all_begin = async {
            while service.begun.load(Ordering::SeqCst) < LARGE_BODIES {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), all_begin).await.expect("all scans begin");
        for scan in scans {
            if client_gone {
                scan.abort();
            } else {
                assert_eq!(scan.await.expect("an answer").0, 500, "given up at the deadline");
            }
        }
        assert_eq!(send(server.operation("DescribeTable", &large)).await.0, 503, "the service still holds all: {client_gone}");
        assert_eq!(send(server.operation("ListTables", "{}")).await.0, 200, "small requests need no place: {client_gone}");
        service.end.add_permits(LARGE_BODIES);
        assert_eq!(send(server.operation("DescribeTable", &large)).await.0, 200, "all have ended: {client_gone}");
    }
}

/// A service that goes wrong.
#[derive(Debug)]
struct Faulty;

impl Dynamodb for Faulty {
    fn call(&self, operation: Operation, _: Value) -> BoxFuture<'_, Result<Response, ServiceError>> {
        Box::pin(async move {
            match operation {
                Operation::ListTables => panic!("a scripted panic"),
                Operation::Scan => std::future::pending().await,
                _ => Ok(Response { body: value!({}), request_id: "A".repeat(52).into() }),
            }
        })
    }
}

#[tokio::test]
async fn a_fault_of_the_service_is_an_answer() {
    let server = start_with(Arc::new(Faulty), Vec::new(), |settings| settings.request_timeout = Duration::from_millis(100)).await;
    let internal = |message: &str| {
        format!(r#"500 {{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"{message}"}}"#)
    };
    assert_eq!(shown(server.operation("ListTables", "{}")).await, internal("Internal server error"));
    assert_eq!(shown(server.operation("Scan", "{}")).await, internal("Scan did not end within 100 ms."));
    let (_, headers, _) = send(server.operation("GetItem", "{}")).await;
    assert_eq!(headers["x-amzn-requestid"], "A".repeat(52).as_str());
}
