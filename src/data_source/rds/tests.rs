//! The RDS Data API against a stub that verifies each signature and scripts the answers.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use http::HeaderMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use value::{Value, value};

use super::{Cluster, DataApi, RdsDataSource};
use crate::auth::sigv4::{Credential, Scope, SignedRequest, TOLERANCE, verify};
use crate::aws::{AwsClients, ServiceSettings};
use crate::data_source::{Call, DataSource, DataSourceError};
use crate::definition::{AwsCredentials, Secret};

const SECRET: &str = "never-to-be-shown-5a1f";
const ARN: &str = "arn:aws:rds:eu-central-1:123456789012:cluster:club";

/// What arrived, `PATH BODY`, in order.
type Arrived = Arc<Mutex<Vec<(String, Value)>>>;

/// Answers by what is asked; a request whose signature is wrong fails the test that looks at the answer.
async fn stub(answer: fn(&str, &Value) -> Option<(u16, String)>) -> (String, Arrived) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let arrived = Arrived::default();
    let seen = Arc::clone(&arrived);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                while socket.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
                    let Some((path, headers, body)) = whole_request(&bytes) else { continue };
                    bytes.clear();
                    let request = SignedRequest { method: "POST", path: &path, query: "", headers: &headers, body: &body };
                    let scope = Scope { region: Some("eu-central-1"), service: "rds-data" };
                    let signed = verify(&request, scope, SystemTime::now(), TOLERANCE, |id, _| {
                        (id == "AKIDEXAMPLE")
                            .then(|| Credential { access_key_id: id.to_owned(), secret_access_key: SECRET.to_owned() })
                    });
                    let body = Value::parse(&body).expect("JSON");
                    seen.lock().expect("no panic").push((path.clone(), body.clone()));
                    let answered = match signed {
                        Ok(_) => answer(&path, &body),
                        Err(error) => Some((403, value!({"message": (error.to_string())}).to_json())),
                    };
                    // Nothing to say leaves the caller waiting.
                    let Some((status, body)) = answered else { continue };
                    let head = format!(
                        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                        body.len()
                    );
                    let _ = socket.write_all(format!("{head}{body}").as_bytes()).await;
                }
            });
        }
    });
    (url, arrived)
}

fn whole_request(bytes: &[u8]) -> Option<(String, HeaderMap, Vec<u8>)> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&bytes[..head]).expect("text");
    let mut lines = text.lines();
    let path = lines.next()?.split(' ').nth(1).expect("a path").to_owned();
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        headers.append(http::HeaderName::from_bytes(name.as_bytes()).expect("a name"), value.parse().expect("a value"));
    }
    let length: usize =
        headers.get("content-length").map_or(0, |length| length.to_str().expect("text").parse().expect("a number"));
    let body = bytes.get(head + 4..head + 4 + length)?;
    Some((path, headers, body.to_vec()))
}

fn source(url: &str) -> RdsDataSource {
    let service = AwsClients::default().service(ServiceSettings {
        signing_name: "rds-data",
        endpoint_prefix: "rds-data",
        region: Some("eu-central-1".into()),
        endpoint: Some(url.into()),
        credentials: Some(AwsCredentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: Secret::new(SECRET),
            session_token: None,
        }),
    });
    let cluster = Cluster {
        resource_arn: ARN.into(),
        secret_arn: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:club".into(),
        database: Some("club".into()),
        schema: None,
    };
    RdsDataSource::data_api(DataApi::new(service.expect("a service"), cluster, 1 << 20))
}

async fn invoke(source: &RdsDataSource, request: Value, time: Duration) -> Result<Value, DataSourceError> {
    let call = Call::new(&"Query".into(), &"f".into(), Instant::now() + time);
    source.invoke(request, &call).await
}

fn soon() -> Duration {
    Duration::from_secs(20)
}

/// As the service answers statements and transactions; a statement with the word `fails` is refused.
fn service(path: &str, body: &Value) -> Option<(u16, String)> {
    let sql = body.get("sql").and_then(Value::as_str).unwrap_or_default();
    Some(match path {
        "/Execute" if sql.contains("hangs") => return None,
        "/Execute" if sql.contains("fails") => {
            (400, r#"{"message":"ERROR: relation \"x\" does not exist; Position: 15; SQLState: 42P01"}"#.to_owned())
        }
        "/Execute" => {
            (200, r#"{"numberOfRecordsUpdated":0,"records":[[{"longValue":1}]],"columnMetadata":[{"label":"id"}]}"#.to_owned())
        }
        "/BeginTransaction" => (200, r#"{"transactionId":"T1"}"#.to_owned()),
        "/CommitTransaction" | "/RollbackTransaction" => (200, r#"{"transactionStatus":"Done"}"#.to_owned()),
        _ => (404, "{}".to_owned()),
    })
}

fn paths(arrived: &Arrived) -> Vec<String> {
    arrived.lock().expect("no panic").iter().map(|(path, _)| path.clone()).collect()
}

#[tokio::test]
async fn one_statement_is_one_signed_request() {
    let (url, arrived) = stub(service).await;
    let source = source(&url);
    let request = value!({
        "statements": ["SELECT * FROM t WHERE a = :a AND b = :b_2 AND c = :c AND d = :d AND e = :e"],
        "variableMap": {":a": "x' OR '1'='1", ":b_2": 7, ":c": null, ":d": {"x": [1]}, ":e": 1.5, ":b": "not named", ":unused": [1]},
        "variableTypeHintMap": {":d": "JSON"},
    });
    let result = invoke(&source, request, soon()).await.expect("a result");
    let expected = value!({"sqlStatementResults": [
        {"numberOfRecordsUpdated": 0, "records": [[{"longValue": 1}]], "columnMetadata": [{"label": "id"}]}
    ]});
    assert_eq!(result, expected);
    let arrived = arrived.lock().expect("no panic").clone();
    let [(path, body)] = &arrived[..] else { panic!("one request: {arrived:?}") };
    assert_eq!(path, "/Execute");
    let expected = value!({
        "resourceArn": ARN,
        "secretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:club",
        "database": "club",
        "sql": "SELECT * FROM t WHERE a = :a AND b = :b_2 AND c = :c AND d = :d AND e = :e",
        "parameters": [
            {"name": "a", "value": {"stringValue": "x' OR '1'='1"}},
            {"name": "b_2", "value": {"longValue": 7}},
            {"name": "c", "value": {"isNull": true}},
            {"name": "d", "value": {"stringValue": "{\"x\":[1]}"}, "typeHint": "JSON"},
            {"name": "e", "value": {"doubleValue": 1.5}},
        ],
        "includeResultMetadata": true,
    });
    assert_eq!(*body, expected);
}

#[tokio::test]
async fn two_statements_are_one_transaction() {
    let (url, arrived) = stub(service).await;
    let source = source(&url);
    let request = value!({"statements": ["INSERT INTO t VALUES (:a)", "SELECT 1"], "variableMap": {":a": 1}});
    let result = invoke(&source, request, soon()).await.expect("a result");
    assert_eq!(result.at(&["sqlStatementResults"]).as_list().map(<[Value]>::len), Some(2));
    assert_eq!(paths(&arrived), ["/BeginTransaction", "/Execute", "/Execute", "/CommitTransaction"]);
    for (path, body) in &*arrived.lock().expect("no panic") {
        assert_eq!(body.get("transactionId").is_some(), path != "/BeginTransaction", "{path}");
        assert_eq!(body.get("database").is_some(), path == "/BeginTransaction", "{path}");
    }
}

#[tokio::test]
async fn what_is_not_committed_is_rolled_back() {
    for (second, time, expected) in [
        (
            "SELECT fails",
            soon(),
            "RDSHttp:{\"message\":\"ERROR: relation \\\"x\\\" does not exist; Position: 15; SQLState: 42P01\"}",
        ),
        ("SELECT hangs", Duration::from_millis(300), "RDSHttp:{\"message\":\"Request timed out\"}"),
    ] {
        let (url, arrived) = stub(service).await;
        let source = source(&url);
        let request = value!({"statements": ["INSERT INTO t VALUES (1)", second]});
        let error = invoke(&source, request, time).await.expect_err("refused");
        assert_eq!(error.message, expected);
        let rolled_back = async {
            while paths(&arrived).last().is_none_or(|path| path != "/RollbackTransaction") {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(soon(), rolled_back).await.expect("a rollback");
        assert_eq!(paths(&arrived), ["/BeginTransaction", "/Execute", "/Execute", "/RollbackTransaction"], "{second}");
        let last = arrived.lock().expect("no panic").last().cloned().expect("a request").1;
        assert_eq!(last.at(&["transactionId"]), &value!("T1"));
    }
}

#[tokio::test]
async fn answers_that_are_errors_have_appsyncs_form() {
    let (url, _) = stub(|_, body| {
        Some(match body.get("sql").and_then(Value::as_str).unwrap_or_default() {
            "forbidden" => (403, r#"{"message":"User is not authorized"}"#.to_owned()),
            "upper" => (400, r#"{"Message":"Invalid"}"#.to_owned()),
            "page" => (503, "<html>".to_owned()),
            "text" => (200, "fine".to_owned()),
            "large" => (200, format!("\"{}\"", "x".repeat(2 << 20))),
            other => (500, format!("{{\"message\":\"{other}\"}}")),
        })
    })
    .await;
    let source = source(&url);
    for (sql, error_type, message) in [
        ("forbidden", "403 Forbidden", "User is not authorized"),
        ("upper", "400 Bad Request", "Invalid"),
        ("page", "503 Service Unavailable", "the answer has no message"),
        ("text", "502 Bad Gateway", "the answer is not JSON"),
        ("large", "400 Bad Request", "Database returned more than the allowed response size limit"),
        ("other", "500 Internal Server Error", "other"),
    ] {
        let error = invoke(&source, value!({"statements": [sql]}), soon()).await.expect_err(sql);
        assert_eq!((&*error.error_type, &*error.message), (error_type, &*format!("RDSHttp:{{\"message\":\"{message}\"}}")));
        assert!(!format!("{error:?} {source:?}").contains(SECRET));
    }
    let dead = self::source("http://127.0.0.1:1");
    let error = invoke(&dead, value!({"statements": ["SELECT 1"]}), soon()).await.expect_err("dead");
    assert_eq!(error.error_type, "504 Gateway Timeout");
    let error = invoke(&dead, value!({"statements": ["a", "b", "c"]}), soon()).await.expect_err("three");
    assert_eq!(error, DataSourceError::mapping_template("statements must hold 1 to 2 SQL texts, found 3"));
}
