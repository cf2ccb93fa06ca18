//! The Lambda endpoint: the service's `Invoke` over HTTP, so that `aws lambda invoke` and SDKs call the functions that data sources
//! use.
//!
//! It answers on the server's listener at the paths that Lambda has on AWS, `/2015-03-31/functions/NAME/invocations`; each begins
//! with the date of an API version, which no path of an API does. Who may call it, `aws::access` decides; what a request
//! means, [`lambda_host::invoke_api`].

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use lambda_host::{LambdaHost, REQUEST_LIMIT};
use value::{Object, Value};

use super::answer::HttpResponse;
use super::aws::access::{Access, Refusal, Service};
use super::aws::body::{self, Fault};
use super::aws::places::Places;
use super::request_id;
use super::service::Peer;
use super::{Mode, Settings};
use crate::auth::sigv4::Credential;

const SERVICE: Service = Service {
    signing_name: "lambda",
    name: "Lambda",
    exposed_headers: "x-amzn-requestid,x-amzn-errortype,x-amz-function-error,x-amz-log-result,x-amz-executed-version",
};
/// What a body may have, in bytes: somewhat more than a payload, so that Lambda itself says what it takes.
const LIMIT: usize = REQUEST_LIMIT + (64 << 10);
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// Functions to serve over Lambda's protocol.
#[derive(Clone, Debug)]
pub struct FunctionsEndpoint {
    /// What runs them.
    pub host: Arc<LambdaHost>,
    /// Who may call where not every client on this machine may. Without any, the endpoint does not exist there.
    pub credentials: Vec<Credential>,
}

/// The endpoint of a server that listens.
#[derive(Debug)]
pub(super) struct Endpoint {
    host: Arc<LambdaHost>,
    access: Access,
    /// Places for requests with a large body.
    places: Places,
}

impl Endpoint {
    /// The endpoint as the server's mode and address allow it; `None` where it must not exist.
    pub(super) fn new(functions: FunctionsEndpoint, mode: Mode, loopback: bool) -> Option<Self> {
        let FunctionsEndpoint { host, credentials } = functions;
        let access = Access::new(SERVICE, mode == Mode::Development && loopback, credentials)?;
        Some(Self { host, access, places: Places::new() })
    }
}

/// Whether a path is Lambda's: it begins with the date of an API version.
pub(super) fn is_endpoint(path: &str) -> bool {
    let Some((version, _)) = path.strip_prefix('/').and_then(|path| path.split_once('/')) else { return false };
    let mut parts = version.split('-');
    let mut is_number =
        |digits: usize| parts.next().is_some_and(|part| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()));
    is_number(4) && is_number(2) && is_number(2) && parts.next().is_none()
}

/// Answers one request; every way out is an answer of the service's form.
pub(super) async fn answer(endpoint: &Endpoint, settings: &Settings, peer: &Peer, parts: Parts, body: Incoming) -> HttpResponse {
    let mut response = if let Err(refusal) = endpoint.access.admit(&parts, peer.address.ip()) {
        super::body::discard(&parts.headers, body).await;
        refused(refusal)
    } else if endpoint.access.is_preflight(&parts) {
        Response::new(Bytes::new())
    } else {
        match read(endpoint, settings, &parts, body).await {
            Ok(payload) => invoke(endpoint, &parts, payload).await,
            Err(response) => response,
        }
    };
    tracing::debug!(status = response.status().as_u16(), "Lambda request answered");
    endpoint.access.write_cors(&parts, response.headers_mut());
    response.map(|body| Either::Left(Full::new(body)))
}

/// A body that was let in. It has its place among the large ones until then only: a function may run for minutes, and what runs is
/// bounded by its host.
async fn read(endpoint: &Endpoint, settings: &Settings, parts: &Parts, body: Incoming) -> Result<Bytes, Response<Bytes>> {
    let received = body::read(&parts.headers, body, LIMIT, &endpoint.places, settings.body_read_timeout).await;
    let body::Received { bytes, place } = received.map_err(|fault| refused_body(&fault))?;
    endpoint.access.verify(parts, &bytes, SystemTime::now()).await.map_err(refused)?;
    drop(place);
    Ok(bytes)
}

/// Invokes; how long it may take is the function's own timeout, as on AWS. Who goes away is not waited for: the function runs on.
async fn invoke(endpoint: &Endpoint, parts: &Parts, payload: Bytes) -> Response<Bytes> {
    let mut request = Request::new(payload);
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = parts.uri.clone();
    *request.headers_mut() = parts.headers.clone();
    let answer = AssertUnwindSafe(lambda_host::invoke_api(&endpoint.host, request)).catch_unwind().await;
    answer.unwrap_or_else(|_| {
        tracing::error!(path = parts.uri.path(), "an invocation panicked");
        internal()
    })
}

fn refused(refusal: Refusal) -> Response<Bytes> {
    match refusal {
        Refusal::Elsewhere(message) => error(StatusCode::FORBIDDEN, "AccessDeniedException", &message),
        Refusal::Signature(fault) => error(StatusCode::FORBIDDEN, fault.code(), &fault.to_string()),
        Refusal::Internal => internal(),
    }
}

fn refused_body(fault: &Fault) -> Response<Bytes> {
    match fault {
        Fault::TooLarge => {
            let message = format!("Request must be smaller than {REQUEST_LIMIT} bytes for the InvokeFunction operation");
            error(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException", &message)
        }
        Fault::Incomplete => {
            let message = "The request body did not arrive completely in time.";
            error(StatusCode::REQUEST_TIMEOUT, "RequestTimeoutException", message)
        }
        Fault::Busy => {
            let message = "Too many requests with large bodies are under way.";
            error(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException", message)
        }
        Fault::Encoding(message) => error(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message),
    }
}

fn internal() -> Response<Bytes> {
    error(StatusCode::INTERNAL_SERVER_ERROR, "ServiceException", "Service encountered an error.")
}

/// What the front of the service says, before Lambda itself is asked: `message` is written small there.
fn error(status: StatusCode, error_type: &'static str, message: &str) -> Response<Bytes> {
    let mut members = Object::with_capacity(1);
    members.insert("message", message);
    let mut body = Vec::with_capacity(128);
    Value::from(members).write_json(&mut body);
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ERROR_TYPE, HeaderValue::from_static(error_type));
    if let Ok(id) = HeaderValue::from_str(&request_id::next()) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_lambda_begin_with_the_date_of_a_version() {
        for (path, expected) in [
            ("/2015-03-31/functions/f/invocations", true),
            ("/2014-11-13/functions/f/invoke-async/", true),
            ("/2021-10-31/functions/f/url", true),
            ("/2015-03-31", false),
            ("/2015-03/functions", false),
            ("/2015-03-31-1/functions", false),
            ("/15-03-31/functions", false),
            ("/2015-0a-31/functions", false),
            ("/graphql", false),
            ("2015-03-31/functions", false),
            ("", false),
        ] {
            assert_eq!(is_endpoint(path), expected, "{path}");
        }
    }
}
