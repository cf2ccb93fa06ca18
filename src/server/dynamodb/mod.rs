//! The DynamoDB endpoint: the service's own HTTP protocol in front of whatever answers its operations, so that `aws dynamodb`, SDKs
//! and NoSQL Workbench see the tables that resolvers use.
//!
//! It answers at [`PATH`] of the server's listener and, when asked, at the root of a port of its own. Who may call it, `access`
//! decides; the rest is the order in which the service looks at a request: content type, JSON, target, signature, types
//! (`serialization`, along `shapes`), required members (`constraints`), and then the operation. Nothing here knows what an operation does.

mod answer;
mod constraints;
mod nesting;
mod serialization;
mod shapes;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use dynamodb::{Dynamodb, Operation, ServiceError};
use futures_util::FutureExt;
use http::request::Parts;
use http::{Method, StatusCode};
use hyper::body::Incoming;
use value::{Str, Value};

use super::answer::HttpResponse;
use super::aws::access::{Access, Service};
use super::aws::body::{self, Fault};
use super::aws::places::{Place, Places};
use super::service::Peer;
use super::{Mode, Settings};
use crate::auth::sigv4::Credential;
use answer::Reply;
use serialization::{Deep, Mismatch};

const SERVICE: Service = Service { signing_name: "dynamodb", name: "DynamoDB", exposed_headers: "x-amzn-requestid,x-amz-crc32" };

/// Where the endpoint is on the server's listener.
pub const PATH: &str = "/dynamodb";

/// The operations that the service has and this endpoint does not, so that a client is told what is missing.
const OTHER_OPERATIONS: &[&str] = &[
    "CreateBackup",
    "CreateGlobalTable",
    "DeleteBackup",
    "DeleteResourcePolicy",
    "DescribeBackup",
    "DescribeContinuousBackups",
    "DescribeContributorInsights",
    "DescribeEndpoints",
    "DescribeExport",
    "DescribeGlobalTable",
    "DescribeGlobalTableSettings",
    "DescribeImport",
    "DescribeKinesisStreamingDestination",
    "DescribeLimits",
    "DescribeTableReplicaAutoScaling",
    "DisableKinesisStreamingDestination",
    "EnableKinesisStreamingDestination",
    "ExportTableToPointInTime",
    "GetResourcePolicy",
    "ImportTable",
    "ListBackups",
    "ListContributorInsights",
    "ListExports",
    "ListGlobalTables",
    "ListImports",
    "PutResourcePolicy",
    "RestoreTableFromBackup",
    "RestoreTableToPointInTime",
    "SearchVectors",
    "UpdateContinuousBackups",
    "UpdateContributorInsights",
    "UpdateGlobalTable",
    "UpdateGlobalTableSettings",
    "UpdateKinesisStreamingDestination",
    "UpdateTableReplicaAutoScaling",
];

/// Tables to serve over DynamoDB's protocol.
#[derive(Clone, Debug)]
pub struct TablesEndpoint {
    /// What answers the operations.
    pub service: Arc<dyn Dynamodb>,
    /// The region that the health page names.
    pub region: Str,
    /// A port of its own beside [`PATH`], on the server's address; 0 takes a free one.
    pub port: Option<u16>,
    /// Who may call where not every client on this machine may. Without any, the endpoint does not exist there.
    pub credentials: Vec<Credential>,
}

/// The endpoint of a server that listens.
#[derive(Debug)]
pub(super) struct Endpoint {
    service: Arc<dyn Dynamodb>,
    region: Str,
    access: Access,
    /// Places for requests with a large body.
    places: Places,
}

impl Endpoint {
    /// The endpoint as the server's mode and address allow it; `None` where it must not exist.
    pub(super) fn new(tables: TablesEndpoint, mode: Mode, loopback: bool) -> Option<Self> {
        let TablesEndpoint { service, region, port: _, credentials } = tables;
        let access = Access::new(SERVICE, mode == Mode::Development && loopback, credentials)?;
        Some(Self { service, region, access, places: Places::new() })
    }
}

/// Whether a path of the server's listener is the endpoint's.
pub(super) fn is_endpoint(path: &str) -> bool {
    path.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest == "/")
}

/// Answers one request; every way out is an answer of the service's form.
pub(super) async fn answer(endpoint: &Endpoint, settings: &Settings, peer: &Peer, parts: Parts, body: Incoming) -> HttpResponse {
    let reply = if endpoint.access.is_health_check(&parts) {
        super::body::discard(&parts.headers, body).await;
        Reply::healthy(&endpoint.region)
    } else if let Err(refusal) = endpoint.access.admit(&parts, peer.address.ip()) {
        super::body::discard(&parts.headers, body).await;
        refusal.into()
    } else {
        match read(endpoint, settings, &parts, body).await {
            Ok(request) => call(endpoint, settings, request).await,
            Err(reply) => reply,
        }
    };
    tracing::debug!(status = reply.status.as_u16(), "DynamoDB request answered");
    let mut response = reply.write(&parts.headers).await;
    endpoint.access.write_cors(&parts, response.headers_mut());
    response
}

/// An operation and its request.
struct Request {
    operation: Operation,
    body: Value,
    place: Option<Place>,
}

/// Reads a request, looking at it in the order in which the service does.
async fn read(endpoint: &Endpoint, settings: &Settings, parts: &Parts, body: Incoming) -> Result<Request, Reply> {
    let headers = &parts.headers;
    let (places, time) = (&endpoint.places, settings.body_read_timeout);
    let body::Received { bytes, mut place } = body::read(headers, body, body::LIMIT, places, time).await.map_err(refuse_body)?;
    endpoint.access.verify(parts, &bytes, SystemTime::now()).await?;
    match parts.method {
        Method::POST => {}
        Method::GET => return Err(Reply::healthy(&endpoint.region)),
        Method::OPTIONS if endpoint.access.is_preflight(parts) => return Err(Reply::empty()),
        _ => return Err(Reply::not_found()),
    }
    let typed = headers.contains_key(http::header::CONTENT_TYPE);
    if answer::media_type(headers).is_none() && (typed || !bytes.is_empty()) {
        return Err(Reply::not_found());
    }
    let content = body::decode(headers, bytes, &mut place, places, time).await.map_err(refuse_body)?;
    let parsed = parse(content.clone()).await?;
    let operation = operation(headers.get("x-amz-target").and_then(|target| target.to_str().ok()))?;
    endpoint.access.check_form(parts, content.is_empty())?;
    let (body, cut) = parsed.ok_or_else(|| Reply::error("SerializationException", None))?;
    let body = judge(operation, body, cut, content.len()).await?;
    Ok(Request { operation, body, place })
}

/// Judges a request of so many bytes, away from the threads that serve connections if they are many.
async fn judge(operation: Operation, body: Value, cut: bool, size: usize) -> Result<Value, Reply> {
    let judged = body::work(size, move || judge_now(operation, body, cut)).await;
    judged.unwrap_or_else(|| Err(Reply::internal()))
}

/// The types and required members of a request, which was `cut` where it was nested too deep.
fn judge_now(operation: Operation, mut body: Value, cut: bool) -> Result<Value, Reply> {
    let seen = serialization::check(operation, &body)
        .map_err(|Mismatch(message)| Reply::error("SerializationException", message.as_deref()))?;
    if seen.fraction {
        serialization::cut_fractions(operation, &mut body);
    }
    if let Some(message) = constraints::missing(operation, &body) {
        return Err(Reply::error("ValidationException", Some(&message)));
    }
    match (cut, seen.deep) {
        (false, _) => Ok(body),
        // The depth is somewhere the service does not expect any.
        (true, None) => Err(Reply::error("SerializationException", None)),
        (true, Some(deep)) => Err(Reply::error("ValidationException", Some(&too_deep(&deep)))),
    }
}

/// The JSON of a body and whether it had to be cut; `None` for an empty one.
async fn parse(content: Bytes) -> Result<Option<(Value, bool)>, Reply> {
    fn parse(content: &[u8]) -> Option<(Value, bool)> {
        match Value::parse(content) {
            Ok(body) => Some((body, false)),
            Err(error) if nesting::is_depth(&error) => nesting::cut(content).map(|body| (body, true)),
            Err(_) => None,
        }
    }
    if content.is_empty() {
        return Ok(None);
    }
    let parsed = body::work(content.len(), move || parse(&content)).await;
    parsed.flatten().map(Some).ok_or_else(|| Reply::error("SerializationException", None))
}

/// The operation that a target names.
fn operation(target: Option<&str>) -> Result<Operation, Reply> {
    let unknown = || Reply::error("UnknownOperationException", None);
    let (version, name) = target.and_then(|target| target.split_once('.')).ok_or_else(unknown)?;
    let streams = match version {
        "DynamoDB_20120810" => false,
        "DynamoDBStreams_20120810" => true,
        _ => return Err(unknown()),
    };
    if !streams && OTHER_OPERATIONS.contains(&name) {
        let message = format!("{name} is not supported by this endpoint.");
        return Err(Reply::error("UnknownOperationException", Some(&message)));
    }
    Operation::from_name(name).filter(|operation| operation.is_streams() == streams).ok_or_else(unknown)
}

/// The service's sentence for an attribute value that is nested too deep, which depends on where it stands.
fn too_deep(deep: &Deep) -> String {
    let sentence =
        "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit";
    match deep {
        Deep::Plain => sentence.to_owned(),
        Deep::ExpressionValue(key) => format!("ExpressionAttributeValues contains invalid value: {sentence} for key {key}"),
        Deep::StartKey => format!("The provided starting key is invalid: {sentence}"),
    }
}

fn refuse_body(fault: Fault) -> Reply {
    match fault {
        Fault::TooLarge => Reply::too_large(body::LIMIT),
        Fault::Incomplete => {
            let message = "The request body did not arrive completely in time.";
            Reply::error_with_status(StatusCode::REQUEST_TIMEOUT, "RequestTimeoutException", message)
        }
        Fault::Busy => {
            let message = "Too many requests with large bodies are under way.";
            Reply::error_with_status(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message)
        }
        // A strange status for a client's fault, but the service's.
        Fault::Encoding(message) => Reply::error_with_status(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", &message),
    }
}

/// Runs an operation within the server's time. What does not end in time may still be done, as on AWS.
async fn call(endpoint: &Endpoint, settings: &Settings, request: Request) -> Reply {
    let Request { operation, body, place } = request;
    let service = Arc::clone(&endpoint.service);
    let run = AssertUnwindSafe(async move { service.call(operation, body).await }).catch_unwind();
    let run = async {
        let Some(place) = place else { return run.await };
        // The service holds the request until it has ended, also when nobody waits for it any more; so long it has its place.
        let run = tokio::spawn(async move {
            let outcome = run.await;
            drop(place);
            outcome
        });
        run.await.unwrap_or_else(|error| Err(Box::new(error)))
    };
    match tokio::time::timeout(settings.request_timeout, run).await {
        Ok(Ok(outcome)) => Reply::outcome(operation, outcome).await,
        Ok(Err(_)) => {
            tracing::error!(operation = operation.name(), "a DynamoDB operation panicked");
            Reply::internal()
        }
        Err(_) => {
            tracing::warn!(operation = operation.name(), "a DynamoDB operation was given up at its deadline");
            let message = format!("{} did not end within {} ms.", operation.name(), settings.request_timeout.as_millis());
            Reply::service_error(None, &ServiceError::new("InternalServerError", message, 500, ""))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_request_is_judged_away_from_the_threads_that_serve_connections() {
        for (size, at_once) in [(body::BLOCKING_FROM - 1, true), (body::BLOCKING_FROM, false)] {
            let content = Bytes::from("{}".to_owned() + &" ".repeat(size - 2));
            assert_eq!(body::run(parse(content)).1, at_once, "{size}");
            let (judged, here) = body::run(judge(Operation::BatchGetItem, value::value!({}), false, size));
            assert_eq!(here, at_once, "{size}");
            assert_eq!(judged.map_err(|reply| reply.status), Err(StatusCode::BAD_REQUEST), "{size}");
        }
    }
}
