//! What a resolver may write, and what it gets: from a bus of this process, and from one behind the API.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use value::{Object, Value, value};

use super::*;
use crate::aws::{AwsClients, ServiceSettings};
use crate::definition::{AwsCredentials, Secret};

fn call() -> Call {
    Call::new(&"Mutation".into(), &"put".into(), Instant::now() + Duration::from_secs(10))
}

async fn embedded(request: Value) -> Result<Value, DataSourceError> {
    EventBridgeDataSource::embedded(Arc::default(), "default").invoke(request, &call()).await
}

fn request(events: Value) -> Value {
    value!({"operation": "PutEvents", "events": (events)})
}

#[tokio::test]
async fn each_entry_has_its_result() {
    let event = value!({"source": "s", "detail": {}, "detailType": "t", "resources": ["r"], "time": "2023-01-01T00:30:00.000Z"});
    let empty = value!({"source": "s", "detailType": null});
    let result = embedded(request(vec![event, empty].into())).await.expect("a result");
    assert_eq!(result.get("FailedEntryCount"), Some(&value!(1)));
    let entries = result.get("Entries").and_then(Value::as_list).expect("entries");
    assert_eq!(entries[0].get("EventId").and_then(Value::as_str).map(str::len), Some(36));
    assert_eq!(
        entries[1],
        value!({
            "ErrorCode": "InvalidArgument",
            "ErrorMessage": "Parameter DetailType is not valid. Reason: DetailType is a required argument."
        })
    );
}

#[tokio::test]
async fn a_request_of_another_form_is_refused_with_its_place() {
    let event = |name: &str, value: Value| {
        let mut event = Object::new();
        event.insert(name, value);
        request(vec![Value::from(event)].into())
    };
    for (request, message) in [
        (Vec::<Value>::new().into(), "Expected JSON object for field '$' but got 'ARRAY' instead."),
        (value!({"events": [1]}), "Value for field '$[operation]' not found."),
        (value!({"operation": "PutEvents"}), "Value for field '$[events]' not found."),
        (value!({"operation": "Put", "events": [1]}), "Unsupported operation 'Put'. The operations are PutEvents."),
        (
            value!({"operation": "PutEvents", "version": "2017-02-28", "events": [1]}),
            "Unsupported operation 'PutEvents' for version 2017-02-28. It needs version 2018-05-29.",
        ),
        (value!({"operation": "PutEvents", "event": [1]}), "Unsupported element '$[event]'."),
        (value!({"operation": "PutEvents", "events": {}}), "Expected JSON array for field '$[events]' but got 'OBJECT' instead."),
        (request(value!([1])), "Expected JSON object for field '$[events][0]' but got 'NUMBER' instead."),
        (event("detailtype", value!("t")), "Unsupported element '$[events][0][detailtype]'."),
        (event("source", value!(1)), "Expected JSON string for field '$[events][0][source]' but got 'NUMBER' instead."),
        (
            event("resources", value!(["a", null])),
            "Expected JSON string for field '$[events][0][resources][1]' but got 'NULL' instead.",
        ),
        (event("time", value!("soon")), "Value for field '$[events][0][time]' is no RFC 3339 timestamp: 'soon'."),
    ] {
        let refused = embedded(request.clone()).await.expect_err("refused");
        assert_eq!((&*refused.error_type, &*refused.message), ("MappingTemplate", message), "{request}");
    }
}

#[tokio::test]
async fn what_the_bus_refuses_as_a_whole_is_an_error() {
    let event = value!({"source": "s", "detail": {}, "detailType": "t"});
    let refused = embedded(request(vec![event; 11].into())).await.expect_err("eleven");
    assert_eq!(refused.error_type, "EventBridge:EventBridgeException");
    assert!(refused.message.contains("Member must have length less than or equal to 10"), "{}", refused.message);
    assert!(refused.message.contains("(Service: EventBridge, Status Code: 400, Request ID: "), "{}", refused.message);
}

/// A service that gives one answer; what it was sent.
async fn service(answer: &'static str) -> (EventBridgeDataSource, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let sent = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&sent);
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let mut request = Vec::new();
        while !request.ends_with(b"]}") {
            let mut part = [0; 1024];
            let length = socket.read(&mut part).await.expect("a request");
            request.extend_from_slice(&part[..length]);
        }
        *seen.lock().expect("no panic") = String::from_utf8(request).expect("text");
        socket.write_all(answer.as_bytes()).await.expect("an answer");
    });
    let settings = ServiceSettings {
        signing_name: "events",
        endpoint_prefix: "events",
        region: Some("eu-west-1".into()),
        endpoint: Some(endpoint.into()),
        credentials: Some(AwsCredentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: Secret::new("verysecret"),
            session_token: None,
        }),
    };
    let service = AwsClients::default().service(settings).expect("a service");
    let arn = "arn:aws:events:eu-west-1:123456789012:event-bus/shop";
    (EventBridgeDataSource::remote(service, arn.into(), 1 << 20), sent)
}

#[tokio::test]
async fn a_bus_behind_the_api_gets_signed_requests() {
    let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n\
                  {\"FailedEntryCount\":1,\"Entries\":[{\"EventId\":\"e\"},{\"ErrorCode\":\"C\",\"ErrorMessage\":\"M\"}]}";
    let (source, sent) = service(answer).await;
    let events = value!([
        {"source": "s", "detail": {"a": [1, "x"]}, "detailType": "t", "resources": ["r"], "time": "2022-01-10T05:00:10Z"},
        {"source": "s2", "detail": {}, "detailType": "t2"}
    ]);
    let result = crate::lineage::behind(3, source.invoke(request(events), &call())).await.expect("a result");
    let expected = r#"{"Entries":[{"EventId":"e"},{"ErrorCode":"C","ErrorMessage":"M"}],"FailedEntryCount":1}"#;
    assert_eq!(result.to_json(), expected);
    let sent = sent.lock().expect("no panic").clone();
    let (head, body) = sent.split_once("\r\n\r\n").expect("a head");
    let head = head.to_lowercase();
    assert!(head.starts_with("post / http/1.1\r\n"), "{head}");
    assert!(head.contains("x-amz-target: awsevents.putevents\r\n"), "{head}");
    assert!(head.contains("content-type: application/x-amz-json-1.1\r\n"), "{head}");
    assert!(head.contains("/eu-west-1/events/aws4_request"), "{head}");
    let trace = head.lines().find_map(|line| line.strip_prefix("x-amzn-trace-id: ")).expect("a trace header");
    let trace = trace.replace("lineage", "Lineage").parse().expect("a header");
    assert_eq!(crate::lineage::read(&http::HeaderMap::from_iter([(crate::lineage::TRACE_HEADER, trace)])), 3, "{head}");
    let arn = "arn:aws:events:eu-west-1:123456789012:event-bus/shop";
    let expected = format!(
        r#"{{"Entries":[{{"Time":1641790810,"Source":"s","DetailType":"t","Detail":"{{\"a\":[1,\"x\"]}}","Resources":["r"],"EventBusName":"{arn}"}},{{"Source":"s2","DetailType":"t2","Detail":"{{}}","Resources":[],"EventBusName":"{arn}"}}]}}"#
    );
    assert_eq!(body, expected);
}

#[tokio::test]
async fn errors_of_the_api_are_errors_of_the_field() {
    let event = value!([{"source": "s", "detail": {}, "detailType": "t"}]);
    for (answer, error_type, message) in [
        (
            "HTTP/1.1 400 Bad Request\r\nx-amzn-RequestId: R1\r\nconnection: close\r\n\r\n\
             {\"__type\":\"com.amazon.coral.validate#ValidationException\",\"message\":\"No.\"}",
            "EventBridge:EventBridgeException",
            "No. (Service: EventBridge, Status Code: 400, Request ID: R1)",
        ),
        (
            "HTTP/1.1 500 X\r\nx-amzn-RequestId: R2\r\nconnection: close\r\n\r\n{\"__type\":\"InternalException\"}",
            "EventBridge:InternalException",
            "InternalException (Service: EventBridge, Status Code: 500, Request ID: R2)",
        ),
        (
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<html>",
            "EventBridge:SdkClientException",
            "The answer of the service is no result of PutEvents.",
        ),
    ] {
        let (source, _) = service(answer).await;
        let failed = source.invoke(request(event.clone()), &call()).await.expect_err("an error");
        assert_eq!((&*failed.error_type, &*failed.message), (error_type, message));
    }
}
