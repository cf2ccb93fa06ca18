//! The EventBridge endpoint: `PutEvents` over HTTP, so that `aws events put-events --endpoint-url` and SDKs put events on the buses
//! that data sources use.
//!
//! It answers at [`PATH`] in development on a loopback address, for programs of this machine and no web page of someone else's
//! (`super::aws::access`). Everywhere else it does not exist: an event can run a mutation, and nobody is authenticated here.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use value::{Object, Str, Value};

use super::answer::HttpResponse;
use super::aws::access::{Access, Refusal, Service};
use super::aws::body::{self, Fault};
use super::aws::places::Places;
use super::request_id;
use super::service::Peer;
use super::{Mode, Settings};
use crate::event_bus::{BusAddress, EventBuses, PutEventsEntry, put_events_result};
use crate::lineage;

/// Where the endpoint is, with or without a slash at the end.
pub const PATH: &str = "/eventbridge";

const SERVICE: Service =
    Service { signing_name: "events", name: "EventBridge", exposed_headers: "x-amzn-requestid,x-amzn-errortype" };
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
/// What a body may have, in bytes: entries of 256 KiB, every character of them written as `\u0000`, and names.
const LIMIT: usize = 2 * 1024 * 1024;
/// The one operation that there is.
const PUT_EVENTS: &str = "AWSEvents.PutEvents";

/// The endpoint of a server that listens.
#[derive(Debug)]
pub(super) struct Endpoint {
    buses: Arc<EventBuses>,
    access: Access,
    /// Places for requests with a large body.
    places: Places,
}

/// A status, an exception's name, a sentence.
type Fail = (StatusCode, &'static str, String);

impl Endpoint {
    /// The endpoint as the server's mode and address allow it; `None` where it must not exist.
    pub(super) fn new(buses: Arc<EventBuses>, mode: Mode, loopback: bool) -> Option<Self> {
        let access = Access::new(SERVICE, mode == Mode::Development && loopback, Vec::new())?;
        Some(Self { buses, access, places: Places::new() })
    }
}

/// Whether a path of the server's listener is the endpoint's.
pub(super) fn is_endpoint(path: &str) -> bool {
    path.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest == "/")
}

/// Answers one request; every way out is an answer of the service's form.
pub(super) async fn answer(endpoint: &Endpoint, settings: &Settings, peer: &Peer, parts: Parts, body: Incoming) -> HttpResponse {
    let mut response = if let Err(refusal) = endpoint.access.admit(&parts, peer.address.ip()) {
        super::body::discard(&parts.headers, body).await;
        respond(Err(refused(refusal)))
    } else if endpoint.access.is_preflight(&parts) {
        Response::new(Bytes::new())
    } else {
        respond(put_events(endpoint, settings, &parts, body).await)
    };
    tracing::debug!(status = response.status().as_u16(), "EventBridge request answered");
    endpoint.access.write_cors(&parts, response.headers_mut());
    response.map(|body| Either::Left(Full::new(body)))
}

async fn put_events(endpoint: &Endpoint, settings: &Settings, parts: &Parts, body: Incoming) -> Result<Value, Fail> {
    let received = body::read(&parts.headers, body, LIMIT, &endpoint.places, settings.body_read_timeout).await;
    let body::Received { bytes, place: _place } = received.map_err(|fault| refused_body(&fault))?;
    let target = parts.headers.get(TARGET).and_then(|target| target.to_str().ok()).unwrap_or_default();
    if parts.method != Method::POST || target != PUT_EVENTS {
        let operation = if target.is_empty() { "a request without x-amz-target" } else { target };
        let message = format!("Only PutEvents is served here, not {operation}; rules stand in the definition as [[event_rule]].");
        return Err((StatusCode::BAD_REQUEST, "UnknownOperationException", message));
    }
    let entries = body::work(bytes.len(), move || entries(&bytes)).await.ok_or_else(internal)??;
    let put = endpoint.buses.put_events(entries, lineage::read(&parts.headers)).await;
    let results = put.map_err(|refused| (StatusCode::BAD_REQUEST, "ValidationException", refused.to_string()))?;
    Ok(put_events_result(&results))
}

/// The entries of a request.
fn entries(body: &[u8]) -> Result<Vec<(BusAddress, PutEventsEntry)>, Fail> {
    let request = Value::parse(body).map_err(|error| serialization(error.to_string()))?;
    match request.get("Entries") {
        Some(Value::List(entries)) => entries.iter().map(entry).collect(),
        None | Some(Value::Null) => {
            let message = "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must not be null";
            Err((StatusCode::BAD_REQUEST, "ValidationException", message.to_owned()))
        }
        Some(other) => Err(serialization(format!("Entries is a {}, not a list", other.kind()))),
    }
}

/// An entry and its bus.
fn entry(entry: &Value) -> Result<(BusAddress, PutEventsEntry), Fail> {
    let Some(entry) = entry.as_object() else { return Err(serialization(format!("an entry is a {}", entry.kind()))) };
    let text = |name: &str| match entry.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(Str::clone(text))),
        Some(other) => Err(serialization(format!("{name} is a {}, not a string", other.kind()))),
    };
    let resources = match entry.get("Resources") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::List(items)) => {
            let texts = items.iter().map(|item| match item {
                Value::String(text) => Ok(Str::clone(text)),
                other => Err(serialization(format!("a resource is a {}, not a string", other.kind()))),
            });
            texts.collect::<Result<_, _>>()?
        }
        Some(other) => return Err(serialization(format!("Resources is a {}, not a list", other.kind()))),
    };
    let time = match entry.get("Time") {
        None | Some(Value::Null) => None,
        Some(Value::Number(number)) => {
            let time = std::time::Duration::try_from_secs_f64(number.as_f64()).ok();
            let time = time.and_then(|time| jiff::Timestamp::try_from(std::time::UNIX_EPOCH + time).ok());
            Some(time.ok_or_else(|| serialization("Time is no number of seconds since 1970".to_owned()))?)
        }
        Some(other) => return Err(serialization(format!("Time is a {}, not a number", other.kind()))),
    };
    // What is no JSON stays a text, and no text is a detail.
    let detail = text("Detail")?.map(|text| Value::parse(text.as_bytes()).unwrap_or(Value::String(text)));
    let bus = BusAddress::read(&text("EventBusName")?.unwrap_or_default());
    Ok((bus, PutEventsEntry { source: text("Source")?, detail_type: text("DetailType")?, detail, resources, time }))
}

fn serialization(message: String) -> Fail {
    (StatusCode::BAD_REQUEST, "SerializationException", message)
}

fn refused(refusal: Refusal) -> Fail {
    match refusal {
        Refusal::Elsewhere(message) => (StatusCode::FORBIDDEN, "AccessDeniedException", message),
        Refusal::Signature(fault) => (StatusCode::FORBIDDEN, fault.code(), fault.to_string()),
        Refusal::Internal => internal(),
    }
}

fn internal() -> Fail {
    (StatusCode::INTERNAL_SERVER_ERROR, "InternalException", "An internal error occurred.".to_owned())
}

fn refused_body(fault: &Fault) -> Fail {
    match fault {
        Fault::TooLarge => {
            let message = "Total size of the entries in the request is over the limit.";
            (StatusCode::PAYLOAD_TOO_LARGE, "ValidationException", message.to_owned())
        }
        Fault::Incomplete => {
            let message = "The request body did not arrive completely in time.";
            (StatusCode::REQUEST_TIMEOUT, "RequestTimeoutException", message.to_owned())
        }
        Fault::Busy => {
            let message = "Too many requests with large bodies are under way.";
            (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException", message.to_owned())
        }
        Fault::Encoding(message) => serialization(message.clone()),
    }
}

fn respond(result: Result<Value, Fail>) -> Response<Bytes> {
    let (status, body) = match result {
        Ok(body) => (StatusCode::OK, body),
        Err((status, error_type, message)) => {
            let mut members = Object::with_capacity(2);
            members.insert("__type", error_type);
            members.insert("message", message.as_str());
            (status, Value::from(members))
        }
    };
    let mut response = Response::new(Bytes::from(body.to_json()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
    if let Ok(id) = HeaderValue::from_str(&request_id::next()) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    #[test]
    fn what_takes_long_leaves_the_threads_that_serve() {
        let buses = Arc::new(EventBuses::default());
        for (bytes, inline) in [(100, true), (100_000, false)] {
            let detail = Some(value!({"text": ("x".repeat(bytes))}));
            let entry = PutEventsEntry { source: Some("s".into()), detail_type: Some("t".into()), detail, ..Default::default() };
            let (results, was_inline) = body::run(buses.put_events(vec![(BusAddress::read(""), entry)], 0));
            let results = results.expect("a request");
            assert!(matches!(results[..], [crate::event_bus::PutEventsResultEntry::Accepted { .. }]), "{results:?}");
            assert_eq!(was_inline, inline, "{bytes}");
        }
    }

    #[test]
    fn the_limit_holds_every_request_that_eventbridge_takes() {
        let escaped = "\\u0041".repeat(256 << 10);
        let body = format!(r#"{{"Entries": [{{"Detail": "{escaped}"}}]}}"#);
        assert!(body.len() <= LIMIT, "{}", body.len());
        assert_eq!(entries(body.as_bytes()).map(|entries| entries.len()), Ok(1));
    }
}
