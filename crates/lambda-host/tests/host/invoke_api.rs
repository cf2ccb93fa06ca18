//! Lambda's `Invoke` REST operation.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use lambda_host::{LambdaHost, invoke_api};
use serde_json::{Value, json};

use crate::common::{Fixture, eventually};

const ECHO: &str = "exports.handler = async (event, context) => { console.log('logged'); if (event.fail) throw new Error(event.fail); return event.context ? context.clientContext : event; };";

async fn call(host: &LambdaHost, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response<Bytes> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    invoke_api(host, request.body(Bytes::from(body.to_owned())).expect("a request")).await
}

fn header<'a>(response: &'a Response<Bytes>, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

#[tokio::test]
async fn answers_have_lambdas_status_headers_and_body() {
    let mut fixture = Fixture::new();
    fixture.node("echo", ECHO);
    let host = &fixture.host;
    let path = "/2015-03-31/functions/echo/invocations";
    let response = call(host, "POST", path, &[], r#"{"a":1}"#).await;
    assert_eq!((response.status().as_u16(), &response.body()[..]), (200, &br#"{"a":1}"#[..]));
    assert_eq!(header(&response, "x-amz-executed-version"), Some("$LATEST"));
    assert_eq!(header(&response, "content-type"), Some("application/json"));
    assert!(header(&response, "x-amzn-requestid").is_some_and(|id| id.len() == 36));
    assert_eq!(header(&response, "x-amz-function-error").or(header(&response, "x-amz-log-result")), None);

    let response = call(host, "POST", path, &[("X-Amz-Log-Type", "Tail")], r#"{"fail":"bad"}"#).await;
    assert_eq!((response.status().as_u16(), header(&response, "x-amz-function-error")), (200, Some("Unhandled")));
    let error: Value = serde_json::from_slice(response.body()).expect("JSON");
    assert_eq!((&error["errorType"], &error["errorMessage"]), (&json!("Error"), &json!("bad")));
    let log = STANDARD.decode(header(&response, "x-amz-log-result").expect("it was asked for")).expect("base64");
    assert!(String::from_utf8_lossy(&log).contains("\tINFO\tlogged\n"));

    for (invocation_type, status) in [("Event", 202), ("DryRun", 204), ("RequestResponse", 200)] {
        let response = call(host, "POST", path, &[("x-amz-invocation-type", invocation_type)], "").await;
        let body: &[u8] = if status == 200 { b"{}" } else { b"" };
        assert_eq!((response.status().as_u16(), &response.body()[..]), (status, body));
    }
    let context = STANDARD.encode("{\n\"custom\": {\"k\": \"v\"}}");
    let response = call(host, "POST", path, &[("x-amz-client-context", &context)], r#"{"context":true}"#).await;
    assert_eq!(response.body(), r#"{"custom":{"k":"v"}}"#);
}

#[tokio::test]
async fn every_form_of_a_name_is_understood() {
    let mut fixture = Fixture::new();
    fixture.node("echo", ECHO);
    let cases = [
        ("echo", 200),
        ("echo:$LATEST", 200),
        ("echo%3A%24LATEST", 200),
        ("000000000000:function:echo", 200),
        ("arn:aws:lambda:us-east-1:000000000000:function:echo", 200),
        ("arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aecho%3A%24LATEST", 200),
        ("echo:1", 404),
        ("other", 404),
        ("a:b:c", 400),
        ("a%20b", 400),
        ("echo:", 400),
    ];
    for (name, status) in cases {
        let response = call(&fixture.host, "POST", &format!("/2015-03-31/functions/{name}/invocations"), &[], "1").await;
        assert_eq!(response.status().as_u16(), status, "{name}: {:?}", response.body());
    }
    for (query, status) in [("Qualifier=%24LATEST", 200), ("Qualifier=live", 404)] {
        let response = call(&fixture.host, "POST", &format!("/2015-03-31/functions/echo/invocations?{query}"), &[], "1").await;
        assert_eq!(response.status().as_u16(), status, "{query}");
    }
}

#[tokio::test]
async fn invoke_async_queues_an_event() {
    let mut fixture = Fixture::new();
    fixture.node("echo", ECHO);
    for path in ["/2014-11-13/functions/echo/invoke-async/", "/2014-11-13/functions/echo/invoke-async"] {
        let response = call(&fixture.host, "POST", path, &[], r#"{"a":1}"#).await;
        assert_eq!((response.status().as_u16(), response.body().len()), (202, 0), "{path}");
        let id = header(&response, "x-amzn-requestid").expect("an id").to_owned();
        let ran = || fixture.lines.lock().expect("no panic").iter().any(|line| line.request_id.as_deref() == Some(&*id));
        eventually("the function ran", ran).await;
    }
    for path in ["/2014-11-13/functions//invoke-async/", "/2014-11-13/functions/echo/invocations"] {
        assert_eq!(call(&fixture.host, "POST", path, &[], "{}").await.status().as_u16(), 404, "{path}");
    }
}

#[tokio::test]
async fn errors_of_the_api_have_lambdas_names() {
    let mut fixture = Fixture::with(|settings| settings.event_queue_bytes = 0);
    fixture.node("echo", ECHO);
    let large = format!("\"{}\"", "x".repeat(6 << 20));
    let path = "/2015-03-31/functions/echo/invocations";
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let cases: [(&str, &str, Headers<'_>, &str, u16, &str, &str); 12] = [
        (
            "POST",
            "/2015-03-31/functions/other/invocations",
            &[],
            "",
            404,
            "ResourceNotFoundException",
            "Function not found: arn:aws:lambda:us-east-1:000000000000:function:other",
        ),
        (
            "POST",
            "/2015-03-31/functions/echo:2/invocations",
            &[],
            "",
            404,
            "ResourceNotFoundException",
            "Function not found: arn:aws:lambda:us-east-1:000000000000:function:echo:2",
        ),
        ("POST", path, &[], "{nonsense", 400, "InvalidRequestContentException", "Could not parse request body into json: "),
        (
            "POST",
            path,
            &[],
            &large,
            413,
            "RequestEntityTooLargeException",
            "6291458 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)",
        ),
        (
            "POST",
            path,
            &[("x-amz-invocation-type", "Event")],
            &large[..(1 << 20)].replace(['"', 'x'], "1"),
            429,
            "TooManyRequestsException",
            "Rate Exceeded.",
        ),
        (
            "POST",
            path,
            &[("x-amz-invocation-type", "Event")],
            &large[..=(1 << 20)].replace(['"', 'x'], "1"),
            413,
            "RequestEntityTooLargeException",
            "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)",
        ),
        (
            "POST",
            path,
            &[("x-amz-invocation-type", "Later")],
            "",
            400,
            "InvalidParameterValueException",
            "1 validation error detected: Value 'Later' at 'invocationType'",
        ),
        (
            "POST",
            path,
            &[("x-amz-log-type", "All")],
            "",
            400,
            "InvalidParameterValueException",
            "1 validation error detected: Value 'All' at 'logType'",
        ),
        ("POST", path, &[("x-amz-client-context", "?")], "", 400, "InvalidRequestContentException", "Client context must be"),
        ("POST", path, &[("x-amz-client-context", "MQ==")], "", 400, "InvalidRequestContentException", "Client context must be"),
        ("GET", path, &[], "", 405, "UnknownOperationException", "`Invoke` is a POST"),
        ("POST", "/2015-03-31/functions", &[], "", 404, "UnknownOperationException", "Lambda has no operation"),
    ];
    for (method, path, headers, body, status, error_type, message) in cases {
        let response = call(&fixture.host, method, path, headers, body).await;
        assert_eq!((response.status().as_u16(), header(&response, "x-amzn-errortype")), (status, Some(error_type)), "{message}");
        let body: Value = serde_json::from_slice(response.body()).expect("JSON");
        let actual = body.get("Message").or(body.get("message")).and_then(Value::as_str).unwrap_or_default();
        assert!(actual.starts_with(message), "{actual}");
        assert_eq!(body["Type"], "User");
    }
}
