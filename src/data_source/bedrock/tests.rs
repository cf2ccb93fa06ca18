//! Bedrock against sockets: what is sent, how it is signed, what becomes of the answer.

use tokio::net::TcpListener;
use value::value;

use super::*;
use crate::aws::{AwsClients, ServiceSettings};
use crate::definition::{AwsCredentials, Secret};
use crate::http_client::stub::{SECRET, answer, endpoint};

fn source(url: &str) -> BedrockRuntimeDataSource {
    let settings = ServiceSettings {
        signing_name: "bedrock",
        endpoint_prefix: "bedrock-runtime",
        region: Some("us-east-1".into()),
        endpoint: Some(url.into()),
        credentials: Some(AwsCredentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: Secret::new(SECRET),
            session_token: None,
        }),
    };
    BedrockRuntimeDataSource::new(AwsClients::default().service(settings).expect("a service"), 10_000)
}

fn call() -> Call {
    Call::new(&"Query".into(), &"ask".into(), Instant::now() + Duration::from_secs(20))
}

fn invoke_model() -> Value {
    value!({"operation": "InvokeModel", "modelId": "us.anthropic.claude:0", "body": {"prompt": "hi"}, "guardrailIdentifier": "g"})
}

#[tokio::test]
async fn the_models_json_is_the_result() {
    let (url, mut arrived) = endpoint(answer("200 OK", br#"{"results":[{"outputText":"hello"}]}"#)).await;
    let result = source(&url).invoke(invoke_model(), &call()).await.expect("a result");
    assert_eq!(result, value!({"results": [{"outputText": "hello"}]}));
    let arrived = arrived.recv().await.expect("a request");
    arrived.verify("bedrock", "us-east-1", None).expect("a signature");
    assert_eq!((arrived.method.as_str(), arrived.path.as_str()), ("POST", "/model/us.anthropic.claude%3A0/invoke"));
    assert_eq!(arrived.body, br#"{"prompt":"hi"}"#);
    assert_eq!(arrived.headers["x-amzn-bedrock-guardrailidentifier"], "g");
}

#[tokio::test]
async fn errors_are_those_of_the_sdk() {
    for (head, body, error_type, message) in [
        (
            "400 Bad Request\r\nx-amzn-errortype: ValidationException:http://internal.amazon.com/\r\nx-amzn-requestid: R1",
            r#"{"message":"Malformed input request"}"#,
            "BedrockRuntime:ValidationException",
            "Malformed input request (Service: BedrockRuntime, Status Code: 400, Request ID: R1)",
        ),
        (
            "403 Forbidden",
            r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"No access"}"#,
            "BedrockRuntime:AccessDeniedException",
            "No access (Service: BedrockRuntime, Status Code: 403, Request ID: null)",
        ),
        (
            "403 Forbidden\r\nx-amzn-errortype: UnrecognizedClientException",
            r#"{"message":"The security token included in the request is invalid."}"#,
            "BedrockRuntime:BedrockRuntimeException",
            "The security token included in the request is invalid. (Service: BedrockRuntime, Status Code: 403, Request ID: null)",
        ),
        (
            "429 Too Many Requests",
            "slow down",
            "BedrockRuntime:ThrottlingException",
            "Too Many Requests (Service: BedrockRuntime, Status Code: 429, Request ID: null)",
        ),
    ] {
        let (url, _arrived) = endpoint(answer(head, body.as_bytes())).await;
        let error = source(&url).invoke(invoke_model(), &call()).await.expect_err(head);
        assert_eq!((error.error_type.as_str(), error.message.as_str()), (error_type, message));
    }
}

#[tokio::test]
async fn no_answer_is_an_error_of_the_client() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let dead = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let (text, _text) = endpoint(answer("200 OK", b"hello")).await;
    let (large, _large) = endpoint(answer("200 OK", &[b' '; 10_001])).await;
    for (url, cause) in [
        (&dead, format!("Unable to execute HTTP request: {dead} cannot be reached: ")),
        (&text, "Unable to unmarshall response: the model's answer is not JSON (".to_owned()),
        (&large, "The answer is larger than the limit of 10000 bytes.".to_owned()),
    ] {
        let error = source(url).invoke(invoke_model(), &call()).await.expect_err(&cause);
        assert_eq!(error.error_type, "BedrockRuntime:SdkClientException");
        assert!(error.message.starts_with(&cause), "{}", error.message);
    }
    let (silent, _silent) = endpoint(Vec::new()).await;
    let hasty = source(&silent).timeout(Duration::from_millis(50));
    let error = hasty.invoke(invoke_model(), &call()).await.expect_err("silent");
    assert_eq!(error, DataSourceError::new("BedrockRuntime:ExecutionTimeoutException", "execution timed out"));
}
