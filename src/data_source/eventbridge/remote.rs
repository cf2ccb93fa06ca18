//! `PutEvents` over EventBridge's HTTP API: JSON 1.1, signed for the service `events`.

use std::time::Instant;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use value::{Object, Str, Value};

use super::refusal;
use crate::aws::{AwsRequest, AwsResponse, AwsService, SendError};
use crate::data_source::DataSourceError;
use crate::event_bus::PutEventsEntry;
use crate::lineage;

/// Puts entries on the bus. Nothing is tried twice: an event that came twice is worse than one whose failure is seen.
pub(super) async fn put_events(
    service: &AwsService,
    event_bus_arn: &Str,
    entries: &[PutEventsEntry],
    deadline: Instant,
    response_limit: usize,
) -> Result<Value, DataSourceError> {
    let mut headers = HeaderMap::with_capacity(2);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
    headers.insert("x-amz-target", HeaderValue::from_static("AWSEvents.PutEvents"));
    lineage::write(&mut headers, lineage::depth());
    let body = Bytes::from(body(event_bus_arn, entries));
    let request = AwsRequest { method: Method::POST, path: "/".to_owned(), query: Vec::new(), headers, body };
    match service.send(request, deadline, response_limit).await {
        Ok(response) => answer(&response),
        Err(error) => Err(failed(&error)),
    }
}

fn body(event_bus_arn: &Str, entries: &[PutEventsEntry]) -> String {
    let entries = entries.iter().map(|entry| {
        let mut object = Object::with_capacity(6);
        if let Some(time) = entry.time {
            // Whole seconds: the protocol's timestamps are numbers, and EventBridge keeps no fraction.
            object.insert("Time", time.as_second());
        }
        let mut text = |name: &str, text: Option<Value>| {
            if let Some(text) = text {
                object.insert(name, text);
            }
        };
        text("Source", entry.source.clone().map(Value::from));
        text("DetailType", entry.detail_type.clone().map(Value::from));
        text("Detail", entry.detail.as_ref().map(|detail| Value::from(detail.to_json())));
        object.insert("Resources", entry.resources.iter().map(|text| Value::from(Str::clone(text))).collect::<Vec<_>>());
        object.insert("EventBusName", Str::clone(event_bus_arn));
        Value::from(object)
    });
    let mut request = Object::with_capacity(1);
    request.insert("Entries", entries.collect::<Vec<_>>());
    Value::from(request).to_json()
}

/// The answer: the result, or the service's exception.
fn answer(response: &AwsResponse) -> Result<Value, DataSourceError> {
    if !response.status.is_success() {
        let (code, sentence) = response.sdk_exception("EventBridge");
        return Err(refusal(&code, sentence));
    }
    let body = Value::parse(&response.body).unwrap_or_default();
    let (Some(entries @ Value::List(_)), Some(failed @ Value::Number(_))) = (body.get("Entries"), body.get("FailedEntryCount"))
    else {
        let message = "The answer of the service is no result of PutEvents.";
        return Err(DataSourceError::new("EventBridge:SdkClientException", message));
    };
    let mut result = Object::with_capacity(2);
    result.insert("Entries", entries.clone());
    result.insert("FailedEntryCount", failed.clone());
    Ok(result.into())
}

fn failed(error: &SendError) -> DataSourceError {
    match error {
        SendError::Timeout => DataSourceError::new("EventBridge:ExecutionTimeoutException", "Execution timed out."),
        // No answer came: the SDK's own exception.
        other => DataSourceError::new("EventBridge:SdkClientException", other.to_string()),
    }
}
