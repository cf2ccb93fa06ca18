//! Signed requests against real sockets, judged by the verifier of this server. One that others wrote judges them in
//! `tests/aws_signatures.rs`.

use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use super::*;
use crate::definition::Secret;
use crate::http_client::stub::{SECRET, answer, endpoint};

const LIMIT: usize = 1000;

fn settings(url: &str, token: Option<&str>) -> ServiceSettings {
    ServiceSettings {
        signing_name: "lambda",
        endpoint_prefix: "lambda",
        region: Some("eu-central-1".into()),
        endpoint: Some(url.into()),
        credentials: Some(AwsCredentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: Secret::new(SECRET),
            session_token: token.map(Secret::new),
        }),
    }
}

fn service(settings: ServiceSettings) -> AwsService {
    AwsClients::default().service(settings).expect("a service")
}

fn request(path: &str) -> AwsRequest {
    AwsRequest { method: Method::POST, path: path.into(), query: Vec::new(), headers: HeaderMap::new(), body: Bytes::new() }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

#[tokio::test]
async fn what_is_sent_is_what_was_signed() {
    let (url, mut arrived) = endpoint(answer("200 OK", b"{}")).await;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    for (path, query) in [
        ("/", vec![]),
        ("/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-central-1%3A1%3Afunction%3Af/invocations", vec![]),
        ("/a//b/", vec![pair("q", "a b+c&d=é/~*"), pair("a", ""), pair("Q", "1"), pair("q", "%20")]),
        ("/caf%C3%A9/100%25/x:y@z,(1)'!$&+;=", vec![pair("x-y_z.~", "")]),
    ] {
        for token in [None, Some("a/token+==")] {
            let mut request = AwsRequest { query: query.clone(), body: Bytes::from_static(b"{\"a\": 1}"), ..request(path) };
            request.headers.insert("content-type", http::HeaderValue::from_static("application/json"));
            request.headers.insert("x-amz-invocation-type", http::HeaderValue::from_static(" a  b "));
            request.headers.insert("x-forwarded-for", http::HeaderValue::from_static("10.0.0.1"));
            request.headers.insert("authorization", http::HeaderValue::from_static("Bearer mine"));
            let answer = service(settings(&url, token)).send(request, soon(), LIMIT).await.expect("an answer");
            assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &b"{}"[..]));
            let arrived = arrived.recv().await.expect("a request");
            let principal = arrived.verify("lambda", "eu-central-1", token).expect(path);
            assert_eq!((principal.access_key_id.as_str(), principal.region.as_str()), ("AKIDEXAMPLE", "eu-central-1"));
            assert_eq!(arrived.path, path);
            let signed = arrived.headers["authorization"].to_str().expect("text");
            assert!(signed.contains("content-type;host;") && !signed.contains("x-forwarded-for"), "{signed}");
        }
    }
}

#[tokio::test]
async fn a_service_below_a_path_is_signed_with_it() {
    let (url, mut arrived) = endpoint(answer("403 Forbidden", b"no")).await;
    let answer = service(settings(&format!("{url}/base/"), None)).send(request("/x"), soon(), LIMIT).await.expect("an answer");
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let arrived = arrived.recv().await.expect("a request");
    assert_eq!(arrived.path, "/base/x");
    arrived.verify("lambda", "eu-central-1", None).expect("a signature");
}

#[tokio::test]
async fn s3_and_serverless_search_send_the_hash_of_the_body() {
    let (url, mut arrived) = endpoint(answer("200 OK", b"")).await;
    for (name, expected) in [("lambda", false), ("aoss", true), ("s3", true)] {
        let service = service(ServiceSettings { signing_name: name, ..settings(&url, None) });
        service.send(request("/plain"), soon(), LIMIT).await.expect("an answer");
        let arrived = arrived.recv().await.expect("a request");
        assert_eq!(arrived.headers.contains_key("x-amz-content-sha256"), expected, "{name}");
        arrived.verify(name, "eu-central-1", None).expect(name);
    }
}

#[tokio::test]
async fn failures_name_place_and_cause() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let dead = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let error = service(settings(&dead, None)).send(request("/"), soon(), LIMIT).await.expect_err("nobody there");
    assert!(
        matches!(&error, SendError::Unreachable(text) if text.starts_with(&format!("{dead} cannot be reached: "))),
        "{error:?}"
    );

    let (url, _arrived) = endpoint(Vec::new()).await;
    let short = Instant::now() + Duration::from_millis(100);
    assert_eq!(service(settings(&url, None)).send(request("/"), short, LIMIT).await.expect_err("silent"), SendError::Timeout);

    let (url, _arrived) = endpoint(answer("200 OK", &[b'x'; LIMIT + 1])).await;
    let error = service(settings(&url, None)).send(request("/"), soon(), LIMIT).await.expect_err("large");
    assert_eq!(error, SendError::TooLarge { limit: LIMIT });

    let (url, _arrived) = endpoint(answer("200 OK\r\ncontent-encoding: zstd", b"x")).await;
    let error = service(settings(&url, None)).send(request("/"), soon(), LIMIT).await.expect_err("unknown");
    assert!(error.to_string().contains("content-encoding \"zstd\""), "{error}");

    for path in ["/../x", "//evil.test/", "x", "/a b"] {
        let error = service(settings(&url, None)).send(request(path), soon(), LIMIT).await.expect_err(path);
        assert!(matches!(error, SendError::InvalidRequest(_)), "{error:?}");
    }
}

#[tokio::test]
async fn hosts_of_aws_follow_from_the_region() {
    for (region, expected) in [
        ("eu-central-1", "https://bedrock-runtime.eu-central-1.amazonaws.com/x?a=b%20c"),
        ("cn-north-1", "https://bedrock-runtime.cn-north-1.amazonaws.com.cn/x?a=b%20c"),
    ] {
        let settings = ServiceSettings {
            endpoint_prefix: "bedrock-runtime",
            signing_name: "bedrock",
            region: Some(region.into()),
            endpoint: None,
            ..settings("", None)
        };
        let request = AwsRequest { query: vec![("a".into(), "b c".into())], ..request("/x") };
        let signed = service(settings).signed(request).await.expect("a request");
        assert_eq!(signed.url().as_str(), expected);
        let authorization = signed.headers()["authorization"].to_str().expect("text");
        assert!(authorization.contains(&format!("/{region}/bedrock/aws4_request")), "{authorization}");
    }
}

#[test]
fn a_bad_endpoint_or_region_is_refused() {
    for (endpoint, region, expected) in [
        (Some("localhost:1"), "us-east-1", "must begin with http"),
        (Some("http://key:secret@localhost"), "us-east-1", "must not contain credentials"),
        (None, "us-east-1.evil.test/", "has a region that is none"),
    ] {
        let settings = ServiceSettings { endpoint: endpoint.map(Into::into), region: Some(region.into()), ..settings("", None) };
        let error = AwsClients::default().service(settings).expect_err(expected).to_string();
        assert!(error.contains(expected) && !error.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn debug_forms_hold_no_secret() {
    let service = service(settings("http://localhost:1", Some("the-session-token")));
    let signed = service.signed(request("/")).await.expect("a request");
    for text in [format!("{service:?}"), format!("{:?}", settings("", Some("the-session-token"))), format!("{signed:?}")] {
        assert!(!text.contains(SECRET) && !text.contains("the-session-token") && !text.contains("Signature="), "{text}");
    }
}

/// The environment of the test names no credentials and no home, so that only the made-up key is left.
#[tokio::test]
async fn an_emulator_on_loopback_needs_no_credentials() {
    if ["AWS_ACCESS_KEY_ID", "AWS_PROFILE"].iter().any(|name| std::env::var_os(name).is_some()) {
        return;
    }
    let (url, mut arrived) = endpoint(answer("200 OK", b"")).await;
    let settings = ServiceSettings { credentials: None, ..settings(&url, None) };
    service(settings).send(request("/"), soon(), LIMIT).await.expect("an answer");
    let arrived = arrived.recv().await.expect("a request");
    assert!(arrived.headers["authorization"].to_str().expect("text").contains("Credential=local/"));
}
