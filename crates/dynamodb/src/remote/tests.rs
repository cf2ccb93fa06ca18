//! The client against servers that answer what each test wants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use aws_smithy_types::retry::RetryConfig;
use value::value;

use super::*;

/// A request as it came.
#[derive(Debug)]
struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    fn read(stream: &TcpStream) -> Option<Self> {
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let mut request = Self { head: head.to_ascii_lowercase(), body: Vec::new() };
        let length: u64 = request.header("content-length")?.parse().ok()?;
        stream.take(length).read_to_end(&mut request.body).ok()?;
        Some(request)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn json(&self) -> Value {
        Value::parse(&self.body).expect("a request in JSON")
    }
}

/// A server that gives one answer after the other, one connection each, and then listens no more.
fn server(answers: Vec<String>) -> (SocketAddr, Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (seen, requests) = channel();
    std::thread::spawn(move || {
        for answer in answers {
            let Ok((mut stream, _)) = listener.accept() else { return };
            if let Some(request) = Request::read(&stream) {
                let _ = seen.send(request);
            }
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, requests)
}

fn answer(status: u16, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.0\r\nx-amzn-RequestId: REQUEST\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

fn remote(endpoint: impl std::fmt::Display) -> Remote {
    let limits = Limits { call: Duration::from_secs(10), answer: 10_000, ..Limits::default() };
    Remote::with_limits(settings(endpoint), limits)
}

fn settings(endpoint: impl std::fmt::Display) -> RemoteSettings {
    RemoteSettings {
        region: Some("eu-central-1".into()),
        endpoint: Some(format!("http://{endpoint}").into()),
        credentials: Some(Credentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "secret-of-the-test".into(),
            session_token: Some("token-of-the-test".into()),
        }),
    }
}

#[tokio::test]
async fn requests_and_responses_pass_as_they_are() {
    let body = r#"{"Item":{"n":{"N":"12345678901234567890123456789012345678"}},"New":1.10,"Big":123456789012345678901234567890}"#;
    let (address, requests) = server(vec![answer(200, body)]);
    // A member and a number that no typed request has a place for.
    let request = Value::parse(br#"{"TableName":"t","Unknown":{"x":1.50,"y":98765432109876543210}}"#).expect("JSON");
    let response = remote(address).call(Operation::GetItem, request.clone()).await.expect("an answer");
    assert_eq!(response.body.to_json(), body);
    assert_eq!(&*response.request_id, "REQUEST");

    let sent = requests.recv().expect("a request");
    assert_eq!(String::from_utf8_lossy(&sent.body), request.to_json());
    assert_eq!(sent.header("x-amz-target"), Some("dynamodb_20120810.getitem"));
    assert_eq!(sent.header("content-type"), Some("application/x-amz-json-1.0"));
    assert_eq!(sent.header("x-amz-security-token"), Some("token-of-the-test"));
    let authorization = sent.header("authorization").expect("a signature");
    assert!(authorization.starts_with("aws4-hmac-sha256 credential=akidexample/"), "{authorization}");
    assert!(authorization.contains("/eu-central-1/dynamodb/aws4_request"), "{authorization}");
    assert!(!sent.head.contains("secret-of-the-test"));
}

#[tokio::test]
async fn every_operation_is_spoken() {
    let (address, requests) = server(vec![answer(200, "{}"); Operation::ALL.len()]);
    let remote = remote(address);
    for &operation in Operation::ALL {
        let response = remote.call(operation, value!({})).await.unwrap_or_else(|error| panic!("{operation:?}: {error}"));
        assert_eq!(response.body, value!({}));
        let service = if operation.is_streams() { "dynamodbstreams_20120810" } else { "dynamodb_20120810" };
        let expected = format!("{service}.{}", operation.name().to_ascii_lowercase());
        let sent = requests.recv().expect("a request");
        assert_eq!(sent.header("x-amz-target"), Some(&*expected));
        let agent = sent.header("user-agent").unwrap_or_default();
        assert!(agent.contains("aws-sdk-rust"), "{agent}");
    }
}

#[tokio::test]
async fn errors_are_the_services_own() {
    let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message":"The conditional request failed","Item":{"id":{"S":"1"}}}"#;
    let (address, _requests) = server(vec![answer(400, body)]);
    let error = remote(address).call(Operation::PutItem, value!({})).await.expect_err("an error");
    let mut expected = ServiceError::new("ConditionalCheckFailedException", "The conditional request failed", 400, "REQUEST");
    expected.item = Some(value!({"id": {"S": "1"}}));
    assert_eq!(error, expected);
}

#[tokio::test]
async fn what_may_pass_is_tried_again_with_the_same_token() {
    let throttled = r#"{"__type":"x#ProvisionedThroughputExceededException","message":"slow"}"#;
    let broken = r#"{"__type":"x#InternalServerError","message":"broken"}"#;
    let (address, requests) = server(vec![answer(400, throttled), answer(500, broken), answer(200, "{}")]);
    remote(address).call(Operation::TransactWriteItems, value!({"TransactItems": null})).await.expect("the third answer");
    let tokens: Vec<_> = requests.iter().map(|request| request.json().at(&["ClientRequestToken"]).clone()).collect();
    assert_eq!(tokens.len(), 3);
    assert!(tokens[0].as_str().is_some_and(|token| token.len() == 36), "{tokens:?}");
    assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
}

#[tokio::test]
async fn the_last_answer_counts_when_all_attempts_fail() {
    let broken = |text: &str| answer(500, &format!(r#"{{"__type":"x#InternalServerError","message":"{text}"}}"#));
    let (address, _requests) = server(vec![broken("first"), broken("second"), broken("third"), broken("fourth")]);
    let error = remote(address).call(Operation::GetItem, value!({})).await.expect_err("an error");
    assert_eq!((&*error.code, error.status), ("InternalServerError", 500));
    assert_ne!(error.message, "first");
}

#[tokio::test]
async fn what_fails_before_an_answer_names_the_place() {
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let long = format!(r#"{{"Item":"{}"}}"#, "x".repeat(20_000));
    let short = "HTTP/1.1 200 X\r\ncontent-length: 1000\r\n\r\n{".to_owned();
    for (answers, expected) in [
        (vec![answer(200, &long); 4], "length limit exceeded"),
        (vec![short; 4], "broke off"),
        (vec!["HTTP/1.1 200 X\r\ncontent-length: 6\r\n\r\n<html>".to_owned()], "is this the endpoint of a DynamoDB?"),
        (vec!["SSH-2.0-OpenSSH\r\n".to_owned(); 4], "invalid HTTP version"),
        (vec![String::new(); 4], "Unable to execute HTTP request"),
    ] {
        let (address, _requests) = server(answers);
        let error = remote(address).call(Operation::GetItem, value!({})).await.expect_err("an error");
        assert_eq!(&*error.code, "SdkClientException", "{}", error.message);
        assert!(error.message.contains(expected) && error.message.contains(&address.to_string()), "{}", error.message);
    }
    for (endpoint, expected) in [
        (closed.to_string(), "Connection refused"),
        // RFC 6761, section 6.4: never a name.
        ("dynamodb.invalid:8000".to_owned(), "failed to lookup address"),
    ] {
        let error = remote(&endpoint).call(Operation::GetItem, value!({})).await.expect_err("an error");
        assert_eq!((&*error.code, error.status), ("SdkClientException", 0), "{}", error.message);
        assert!(error.message.contains(&endpoint) && error.message.contains(expected), "{}", error.message);
        assert!(!error.message.contains("secret") && !error.message.contains("AKID"), "{}", error.message);
    }
}

#[test]
fn attempts_at_a_server_that_is_not_up_follow_each_other_soon() {
    let chosen = RetryConfig::standard().with_max_attempts(7);
    for environment in [None, Some(&chosen)] {
        let retries = super::connect::retries(environment);
        assert_eq!(retries.max_attempts(), environment.map_or(3, |_| 7));
        assert!(format!("{retries:?}").contains("25ms"), "{retries:?}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_no_url_is_refused() {
    let settings = RemoteSettings { endpoint: Some("localhost:8000".into()), ..settings("x") };
    let error = Remote::new(settings).call(Operation::ListTables, value!({})).await.expect_err("an error");
    assert!(error.message.contains("write scheme, host and port"), "{}", error.message);
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let limits = Limits { call: Duration::from_millis(300), ..Limits::default() };
    let remote = Remote::with_limits(settings(address), limits);
    let error = remote.call(Operation::GetItem, value!({})).await.expect_err("an error");
    assert_eq!((&*error.code, error.status), ("ApiCallTimeoutException", 0));
    assert!(error.message.contains(&address.to_string()) && error.message.contains("300 millis"), "{}", error.message);
}

#[tokio::test]
async fn clones_share_their_client() {
    let (address, requests) = server(vec![answer(200, "{}"), answer(200, "{}")]);
    let one = remote(address);
    let other = one.clone();
    one.call(Operation::ListTables, value!({})).await.expect("an answer");
    other.call(Operation::ListTables, value!({})).await.expect("an answer");
    assert!(Arc::ptr_eq(&one.inner, &other.inner));
    assert_eq!(requests.iter().count(), 2);
}

#[test]
fn credentials_are_not_shown() {
    let shown = format!("{:?}", Remote::new(settings("localhost:1")));
    assert!(shown.contains("localhost:1") && !shown.contains("AKID") && !shown.contains("-of-the-test"), "{shown}");
}
