//! OpenSearch against sockets: what is sent, how it is signed, what becomes of the answer.

use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use value::value;

use super::*;
use crate::definition::{AwsCredentials, Secret};
use crate::http_client::stub::{SECRET, answer, endpoint};

fn config(endpoint: &str, authorization: Option<OpenSearchAuthorization>) -> OpenSearchServiceConfig {
    OpenSearchServiceConfig { endpoint: endpoint.into(), aws_region: Some("eu-west-1".into()), authorization }
}

fn signing() -> OpenSearchAuthorization {
    OpenSearchAuthorization::AwsIam(Some(AwsCredentials {
        access_key_id: "AKIDEXAMPLE".into(),
        secret_access_key: Secret::new(SECRET),
        session_token: None,
    }))
}

fn source(endpoint: &str, authorization: Option<OpenSearchAuthorization>) -> OpenSearchDataSource {
    OpenSearchDataSource::new(&config(endpoint, authorization), &AwsClients::default(), 10_000).expect("a data source")
}

fn call() -> Call {
    Call::new(&"Query".into(), &"posts".into(), Instant::now() + Duration::from_secs(20))
}

fn search() -> Value {
    value!({"operation": "GET", "path": "/post/_search", "params": {"queryString": {"q": "a b"}, "body": {"size": 2}}})
}

#[tokio::test]
async fn the_json_of_the_cluster_is_the_result() {
    let (url, mut arrived) = endpoint(answer("200 OK", br#"{"hits":{"hits":[{"_source":{"id":"1"}}]}}"#)).await;
    let result = source(&url, Some(signing())).invoke(search(), &call()).await.expect("a result");
    assert_eq!(result, value!({"hits": {"hits": [{"_source": {"id": "1"}}]}}));
    let arrived = arrived.recv().await.expect("a request");
    arrived.verify("es", "eu-west-1", None).expect("a signature");
    assert_eq!((arrived.method.as_str(), arrived.path.as_str(), arrived.query.as_str()), ("GET", "/post/_search", "q=a%20b"));
    assert_eq!((arrived.headers["content-type"].as_bytes(), &arrived.body[..]), (&b"application/json"[..], &b"{\"size\":2}"[..]));
}

#[tokio::test]
async fn every_operation_is_sent_and_head_has_no_result() {
    let (url, mut arrived) = endpoint(answer("200 OK", b"{\"ok\":true}")).await;
    for operation in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
        let request = value!({"operation": (operation), "path": "/post/_doc/1", "params": {"body": {"a": 1}}});
        let result = source(&url, Some(signing())).invoke(request, &call()).await.expect("a result");
        assert_eq!(result, value!({"ok": true}), "{operation}");
        let arrived = arrived.recv().await.expect("a request");
        assert_eq!(arrived.method, operation);
        arrived.verify("es", "eu-west-1", None).expect(operation);
    }
    let (url, mut arrived) = endpoint(b"HTTP/1.1 200 OK\r\ncontent-length: 120\r\n\r\n".to_vec()).await;
    let result = source(&url, None).invoke(value!({"operation": "HEAD", "path": "/post"}), &call()).await;
    assert_eq!(result, Ok(Value::Null));
    assert_eq!(arrived.recv().await.expect("a request").method, "HEAD");
}

#[tokio::test]
async fn who_calls_is_said_as_configured() {
    let basic = OpenSearchAuthorization::Basic { username: "admin".into(), password: Secret::new("hush:é") };
    for (authorization, expected) in [
        (None, None),
        (Some(OpenSearchAuthorization::None), None),
        (Some(basic), Some("Basic YWRtaW46aHVzaDrDqQ==")),
        (Some(signing()), Some("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")),
    ] {
        let (url, mut arrived) = endpoint(answer("200 OK", b"{}")).await;
        let source = source(&url, authorization);
        source.invoke(search(), &call()).await.expect("a result");
        let arrived = arrived.recv().await.expect("a request");
        let sent = arrived.headers.get("authorization").map(|value| value.to_str().expect("text"));
        match expected {
            None => assert_eq!(sent, None, "an endpoint on this machine is asked without a signature"),
            Some(expected) => assert!(sent.is_some_and(|sent| sent.starts_with(expected)), "{sent:?}"),
        }
        let shown = format!("{source:?}");
        assert!(!shown.contains(SECRET) && !shown.contains("hush") && !shown.contains("YWRt"), "{shown}");
    }
}

#[test]
fn what_is_not_on_this_machine_is_signed() {
    for (endpoint, expected) in [
        ("http://localhost:9200", false),
        ("http://127.0.0.1:9200", false),
        ("https://search-a.eu-west-1.es.amazonaws.com", true),
        ("http://opensearch:9200", true),
    ] {
        assert_eq!(matches!(source(endpoint, None).authorization, Authorization::Signed(_)), expected, "{endpoint}");
    }
}

#[tokio::test]
async fn a_status_of_failure_is_an_error_in_appsyncs_words() {
    for (head, error_type, message) in [
        ("400 Bad Request", "Elasticsearch:UserIllegalArgumentException", "Elasticsearch responded with an error: Bad Request"),
        ("403 Forbidden", "Elasticsearch:UserIllegalArgumentException", "Elasticsearch responded with an error: Forbidden"),
        ("404 Not Found", "Elasticsearch:UserIllegalArgumentException", "Elasticsearch responded with an error: Not Found"),
        ("503 x", "Elasticsearch:RuntimeException", "Elasticsearch responded with an error: Service Unavailable"),
        ("302 Found", "Elasticsearch:RuntimeException", "Elasticsearch responded with an error: Found"),
    ] {
        let (url, _arrived) = endpoint(answer(head, br#"{"error":{"reason":"why"}}"#)).await;
        let error = source(&url, None).invoke(search(), &call()).await.expect_err(head);
        assert_eq!((error.error_type.as_str(), error.message.as_str()), (error_type, message));
    }
}

#[tokio::test]
async fn no_answer_is_a_communication_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let dead = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let (text, _text) = endpoint(answer("200 OK", b"green open post")).await;
    let (large, _large) = endpoint(answer("200 OK", &[b' '; 10_001])).await;
    for (url, cause) in [
        (&dead, format!("{dead} cannot be reached: ")),
        (&text, format!("The answer of {text} is not JSON (")),
        (&large, format!("The answer of {large} is larger than the limit of 10000 bytes.")),
    ] {
        let error = source(url, None).invoke(search(), &call()).await.expect_err(&cause);
        assert_eq!(error.error_type, "Elasticsearch:RuntimeException");
        assert!(error.message.starts_with(&format!("{COMMUNICATION} {cause}")), "{}", error.message);
    }
    let (silent, _silent) = endpoint(Vec::new()).await;
    let short = Call { deadline: Instant::now() + Duration::from_millis(50), ..call() };
    let error = source(&silent, None).invoke(search(), &short).await.expect_err("silent");
    assert_eq!(error, DataSourceError::new("Elasticsearch:ExecutionTimeoutException", "execution timed out"));
}
