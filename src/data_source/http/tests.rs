//! The HTTP data source against real sockets: each test scripts the bytes of one endpoint.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use value::value;

use super::*;

/// `"0"` 200,000 times, compressed with gzip to 230 bytes.
fn bomb() -> Vec<u8> {
    let mut bytes =
        vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0xed, 0xc1, 0x31, 1, 0, 0, 0, 0xc2, 0xa0, 0x4a, 0xeb, 0x9f, 0xce, 0x0c];
    bytes.extend([0xfe, 0x40, 1]);
    bytes.resize(230 - 10, 0);
    bytes.extend([0xaf, 1, 0x94, 0x7d, 0x23, 0x36, 0x40, 0x0d, 3, 0]);
    bytes
}

struct Endpoint {
    url: String,
    connections: Arc<AtomicUsize>,
    heads: tokio::sync::mpsc::UnboundedReceiver<String>,
}

/// An endpoint that answers every request head with `answer`; `None` never answers. The connection stays open.
async fn endpoint(answer: Option<Vec<u8>>) -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let connections = Arc::new(AtomicUsize::new(0));
    let (seen, heads) = tokio::sync::mpsc::unbounded_channel();
    let counter = Arc::clone(&connections);
    tokio::spawn(async move {
        loop {
            let Ok((mut socket, _)) = listener.accept().await else { return };
            counter.fetch_add(1, Ordering::SeqCst);
            let (answer, seen) = (answer.clone(), seen.clone());
            tokio::spawn(async move {
                let mut text = Vec::new();
                while socket.read_buf(&mut text).await.is_ok_and(|read| read > 0) {
                    let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
                    let length: usize = String::from_utf8_lossy(&text[..end])
                        .lines()
                        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
                        .unwrap_or(0);
                    if text.len() < end + 4 + length {
                        continue;
                    }
                    let _ = seen.send(String::from_utf8_lossy(&text).into_owned());
                    text.clear();
                    if let Some(answer) = &answer {
                        let _ = socket.write_all(answer).await;
                    }
                }
            });
        }
    });
    Endpoint { url, connections, heads }
}

fn source(url: &str) -> HttpDataSource {
    HttpDataSource::new(url, 5 << 20).expect("a data source")
}

fn within(time: Duration) -> Call {
    Call::new(&"Query".into(), &"f".into(), Instant::now() + time)
}

fn minute() -> Call {
    within(Duration::from_secs(60))
}

fn get() -> Value {
    value!({"version": "2018-05-29", "method": "GET", "resourcePath": "/"})
}

fn answer(head: &str, body: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    Some(bytes)
}

#[tokio::test]
async fn an_answer_has_status_headers_and_text() {
    let endpoint =
        endpoint(answer("404 Not Found\r\nX-Kind: a\r\nx-kind: b\r\ncontent-type: application/json", b"{\"a\":1}")).await;
    let result = source(&endpoint.url).invoke(get(), &minute()).await.expect("an answer");
    let headers = value!({"x-kind": "a, b", "content-type": "application/json", "content-length": "7"});
    assert_eq!(result, value!({"statusCode": 404, "headers": headers, "body": "{\"a\":1}"}));
}

#[tokio::test]
async fn the_request_arrives_as_written() {
    let mut endpoint = endpoint(answer("200 OK", b"")).await;
    let request = value!({
        "method": "POST", "resourcePath": "/v1/users",
        "params": {"query": {"q": "a b"}, "headers": {"X-Key": "k", "Host": "evil.test"}, "body": {"n": (Value::parse(b"1.10").expect("a number"))}},
    });
    source(&endpoint.url).invoke(request, &minute()).await.expect("an answer");
    let head = endpoint.heads.recv().await.expect("a request");
    assert!(head.starts_with("POST /v1/users?q=a%20b HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("host: {}\r\n", endpoint.url.trim_start_matches("http://"))), "{head}");
    assert!(head.contains("x-key: k\r\n") && !head.contains("evil"), "{head}");
    assert!(head.ends_with("\r\n\r\n{\"n\":1.10}"), "{head}");
}

#[tokio::test]
async fn connections_are_reused() {
    let endpoint = endpoint(answer("200 OK", b"x")).await;
    let source = source(&endpoint.url);
    for _ in 0..5 {
        source.invoke(get(), &minute()).await.expect("an answer");
    }
    assert_eq!(endpoint.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let endpoint = endpoint(answer("302 Found\r\nlocation: http://127.0.0.1:1/elsewhere", b"")).await;
    let result = source(&endpoint.url).invoke(get(), &minute()).await.expect("an answer");
    assert_eq!(result.get("statusCode"), Some(&value!(302)));
    assert_eq!(result.at(&["headers", "location"]), &value!("http://127.0.0.1:1/elsewhere"));
}

#[tokio::test]
async fn time_covers_head_and_body() {
    let dripping = Some(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc".to_vec());
    let short = Duration::from_millis(100);
    for script in [None, dripping] {
        let endpoint = endpoint(script).await;
        let limited = source(&endpoint.url).timeout(short);
        let patient = source(&endpoint.url);
        for result in [limited.invoke(get(), &minute()).await, patient.invoke(get(), &within(short)).await] {
            let error = result.expect_err("too slow");
            assert_eq!(
                (error.error_type.as_str(), error.message.as_str()),
                ("Http:ExecutionTimeoutException", "execution timed out")
            );
        }
    }
}

#[tokio::test]
async fn size_is_limited_after_decompression() {
    let plain = "0".repeat(20_000).into_bytes();
    let chunked = Some([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4e20\r\n".to_vec(), plain.clone()].concat());
    let compressed = "200 OK\r\ncontent-encoding: gzip";
    for script in [answer("200 OK", &plain), chunked, answer(compressed, &bomb())] {
        let endpoint = endpoint(script).await;
        let small = HttpDataSource::new(&endpoint.url, 10_000).expect("a data source");
        let error = small.invoke(get(), &minute()).await.expect_err("too large");
        assert_eq!(error.error_type, "Http:ResponseTooLargeException");
        assert_eq!(error.message, format!("The answer of {} is larger than the limit of 10000 bytes.", endpoint.url));
    }
    let endpoint = endpoint(answer(compressed, &bomb())).await;
    let result = source(&endpoint.url).invoke(get(), &minute()).await.expect("an answer");
    assert_eq!(result.get("body").and_then(Value::as_str).map(str::len), Some(200_000));
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let error = source(&url).invoke(get(), &minute()).await.expect_err("refused");
    assert_eq!(error.error_type, "Http:ConnectionException");
    assert!(error.message.starts_with(&format!("{url} cannot be reached: ")), "{}", error.message);
}

#[tokio::test]
async fn an_endpoint_that_speaks_no_tls_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("https://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = socket.read_to_end(&mut Vec::new()).await;
    });
    let error = source(&url).invoke(get(), &minute()).await.expect_err("no TLS");
    assert_eq!(error.error_type, "Http:ConnectionException");
    assert!(error.message.starts_with(&format!("{url} cannot be reached: ")), "{}", error.message);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let _ = socket.read(&mut [0; 1024]).await;
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await;
    });
    let error = source(&url).invoke(get(), &minute()).await.expect_err("broken");
    assert_eq!(error.error_type, "Http:ConnectionException");
    assert!(error.message.starts_with(&format!("The answer of {url} broke off: ")), "{}", error.message);
}

#[tokio::test]
async fn data_sources_may_share_their_connections() {
    let endpoint = endpoint(answer("200 OK", b"x")).await;
    let clients = HttpClients::default();
    for _ in 0..2 {
        source(&endpoint.url).clients(&clients).invoke(get(), &minute()).await.expect("an answer");
    }
    assert_eq!(endpoint.connections.load(Ordering::SeqCst), 1);
}

#[test]
fn a_bad_endpoint_is_refused_by_name() {
    let error = HttpDataSource::new("api.test", 1).expect_err("refused");
    assert_eq!(error.to_string(), "endpoint 'api.test' is not a URL: relative URL without a base");
}

#[tokio::test]
async fn bytes_that_are_no_text_arrive_as_base64() {
    for (head, body, expected) in [
        ("200 OK\r\ncontent-type: image/png", &b"\x89PNG\r\n"[..], value!({"body": "iVBORw0K", "isBase64Encoded": true})),
        ("200 OK\r\ncontent-type: text/plain; charset=iso-8859-1", b"caf\xe9", value!({"body": "caf\u{e9}"})),
        ("200 OK", "caf\u{e9}".as_bytes(), value!({"body": "caf\u{e9}"})),
        ("204 No Content", b"", value!({"body": ""})),
    ] {
        let endpoint = endpoint(answer(head, body)).await;
        let result = source(&endpoint.url).invoke(get(), &minute()).await.expect("an answer");
        assert_eq!(result.get("body"), expected.get("body"), "{head}");
        assert_eq!(result.get("isBase64Encoded"), expected.get("isBase64Encoded"), "{head}");
    }
}

#[tokio::test]
async fn a_coding_that_was_not_asked_for_is_refused() {
    for coding in ["zstd", "deflate", "gzip, br", "GZIP"] {
        let endpoint = endpoint(answer(&format!("200 OK\r\ncontent-encoding: {coding}"), b"\x28\xb5\x2f\xfd")).await;
        let error = source(&endpoint.url).invoke(get(), &minute()).await.expect_err(coding);
        assert_eq!(error.error_type, "Http:ConnectionException");
        assert!(error.message.contains(&format!("the content-encoding {coding:?}")), "{}", error.message);
    }
    // Nothing is encoded in an empty body, and `identity` is no coding.
    for (coding, body) in [("zstd", &b""[..]), ("identity", b"x"), ("Identity", b"x")] {
        let endpoint = endpoint(answer(&format!("200 OK\r\ncontent-encoding: {coding}"), body)).await;
        source(&endpoint.url).invoke(get(), &minute()).await.expect(coding);
    }
    // What says gzip and is none cannot be read.
    let endpoint = endpoint(answer("200 OK\r\ncontent-encoding: gzip", b"plain")).await;
    let error = source(&endpoint.url).invoke(get(), &minute()).await.expect_err("no gzip");
    assert!(error.message.starts_with(&format!("The answer of {} broke off: ", endpoint.url)), "{}", error.message);
}

#[tokio::test]
async fn requests_are_signed_where_configured() {
    use crate::http_client::stub;
    let (url, mut arrived) = stub::endpoint(stub::answer("200 OK", b"ok")).await;
    let credentials = AwsCredentials {
        access_key_id: "AKIDEXAMPLE".into(),
        secret_access_key: crate::definition::Secret::new(stub::SECRET),
        session_token: Some(crate::definition::Secret::new("token")),
    };
    let aws = AwsClients::default();
    let source = source(&url).signed(&aws, &"execute-api".into(), Some(&"eu-west-1".into()), Some(&credentials));
    for (path, query) in [("/v1/users", value!({})), ("/a+b/c%20d?x=1+2&flag", value!({"q": "\u{e9} &=+", "list": [2, 1]}))] {
        let headers = value!({"Authorization": "mine", "x-amz-date": "mine", "x-amz-content-sha256": "mine", "X-Custom": "a  b"});
        let params = value!({"query": (query), "headers": (headers), "body": {"a": 1}});
        let request = value!({"method": "PUT", "resourcePath": (path), "params": (params)});
        source.invoke(request, &minute()).await.expect("an answer");
        let arrived = arrived.recv().await.expect("a request");
        arrived.verify("execute-api", "eu-west-1", Some("token")).expect(path);
        assert_eq!(arrived.body, b"{\"a\":1}");
    }
    assert!(!format!("{source:?}").contains(stub::SECRET) && !format!("{source:?}").contains("\"token\""));
}

/// What a rule's mutation asks for carries the rule's lineage, and what nobody's rule asks for carries none.
#[tokio::test]
async fn the_lineage_of_event_rules_is_sent_on() {
    use crate::http_client::stub;
    use crate::lineage;
    let (url, mut arrived) = stub::endpoint(stub::answer("200 OK", b"ok")).await;
    for coalesce in [false, true] {
        for depth in [0, 3] {
            let source = source(&url).coalesce_gets(coalesce);
            lineage::behind(depth, source.invoke(get(), &minute())).await.expect("an answer");
            let headers = arrived.recv().await.expect("a request").headers;
            assert_eq!((lineage::read(&headers), headers.contains_key(lineage::TRACE_HEADER)), (depth, depth > 0));
        }
    }
}

#[tokio::test]
async fn equal_gets_under_way_are_one_where_configured() {
    let (asked, mut asks) = tokio::sync::mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let asked = asked.clone();
            tokio::spawn(async move {
                let mut head = vec![0; 4096];
                while socket.read(&mut head).await.is_ok_and(|read| read > 0) {
                    // Whoever asked says when.
                    let (go, wait) = tokio::sync::oneshot::channel::<()>();
                    let _ = asked.send(go);
                    let _ = wait.await;
                    let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx").await;
                }
            });
        }
    });
    let source = source(&url).coalesce_gets(true);
    let under_way = source.under_way.clone().expect("it is configured");
    let other = value!({"method": "GET", "resourcePath": "/", "params": {"headers": {"authorization": "other"}}});
    let post = value!({"method": "POST", "resourcePath": "/"});

    // Three equal ones ask once; another caller's and a POST ask for themselves.
    let call = minute();
    let equal = futures_util::future::join_all((0..3).map(|_| source.invoke(get(), &call)));
    let others = futures_util::future::join(source.invoke(other, &call), source.invoke(post, &call));
    let answering = async {
        for _ in 0..3 {
            asks.recv().await.expect("a request").send(()).expect("it waits");
        }
    };
    let (equal, (other, post), ()) = futures_util::join!(equal, others, answering);
    for result in equal.into_iter().chain([other, post]) {
        assert_eq!(result.expect("an answer").get("body"), Some(&value!("x")));
    }
    assert!(asks.try_recv().is_err(), "nobody else asked");
    assert_eq!(under_way.len(), 0);

    // The one that began it gives up; the other still gets its answer.
    let short = within(Duration::from_millis(50));
    let giving_up = async { source.invoke(get(), &short).await };
    let waiting = source.invoke(get(), &call);
    let answering = async {
        let go = asks.recv().await.expect("a request");
        tokio::time::sleep(Duration::from_millis(120)).await;
        go.send(()).expect("it waits");
    };
    let (gave_up, waited, ()) = futures_util::join!(giving_up, waiting, answering);
    assert_eq!(gave_up.expect_err("too slow").error_type, "Http:ExecutionTimeoutException");
    waited.expect("an answer");

    // All give up: nothing stays behind.
    source.invoke(get(), &within(Duration::from_millis(20))).await.expect_err("too slow");
    assert_eq!(under_way.len(), 0);
}
