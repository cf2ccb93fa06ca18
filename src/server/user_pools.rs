//! The Cognito endpoint: the JSON API of user pools over HTTP, so that Amplify, AWS SDKs and the AWS CLI sign in to the pools of the
//! definition, with their keys and discovery documents beside it.
//!
//! It answers at [`PATH`] in development on a loopback address, for programs of this machine and pages of this machine's origins,
//! and no web page of someone else's (`super::aws::access`). Everywhere else it does not exist: anybody may sign up here.
//!
//! Administrators' operations (`Admin…`, `List…`, `CreateGroup` …) are for programs that sign with AWS credentials, as on AWS. Any
//! credentials do, as for the tables and functions of a development server: every program on this machine is trusted with them. Web
//! pages never count as administrators, however they sign.

use std::sync::Arc;

use ::user_pool::{Caller, Response as PoolResponse};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderName, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use value::{Object, Value};

use super::answer::HttpResponse;
use super::aws::access::{Access, Refusal, Service};
use super::aws::body::{self, Fault};
use super::aws::places::Places;
use super::request_id;
use super::routes::host;
use super::service::Peer;
use super::{Mode, Settings};
use crate::auth::sigv4::{Authorization, SignatureError};
use crate::user_pool::{LocalUserPools, with_cause};

/// Where the endpoint is, with or without a slash at the end; each pool's documents are below its id.
pub const PATH: &str = "/cognito-idp";

const SERVICE: Service = Service {
    signing_name: "cognito-idp",
    name: "Cognito",
    exposed_headers: "x-amzn-requestid,x-amzn-errortype,x-amzn-errormessage",
};
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// How large a request may be; those of Cognito have some attributes at most.
const LIMIT: usize = 256 << 10;
/// How many operations run at a time: they compute for milliseconds and write files, on threads that may block.
const OPERATIONS: usize = 4;

/// The endpoint of a server that listens.
#[derive(Debug)]
pub(super) struct Endpoint {
    pools: Arc<LocalUserPools>,
    access: Access,
    /// Places for requests with a large body.
    places: Places,
    operations: Arc<Semaphore>,
}

/// A status, an exception's name, a sentence.
type Fail = (StatusCode, &'static str, String);

impl Endpoint {
    /// The endpoint as the server's mode and address allow it; `None` where it must not exist.
    pub(super) fn new(pools: Arc<LocalUserPools>, mode: Mode, loopback: bool) -> Option<Self> {
        let access = Access::new(SERVICE, mode == Mode::Development && loopback, Vec::new())?;
        Some(Self { pools, access, places: Places::new(), operations: Arc::new(Semaphore::new(OPERATIONS)) })
    }
}

/// Whether a path of the server's listener is the endpoint's.
pub(super) fn is_endpoint(path: &str) -> bool {
    path.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers one request; every way out is an answer of the service's form.
pub(super) async fn answer(endpoint: &Endpoint, settings: &Settings, peer: &Peer, parts: Parts, body: Incoming) -> HttpResponse {
    let mut response = if let Err(refusal) = endpoint.access.admit(&parts, peer.address.ip()) {
        super::body::discard(&parts.headers, body).await;
        fail(refused(refusal))
    } else if endpoint.access.is_preflight(&parts) {
        Response::new(Bytes::new())
    } else {
        let answered = match parts.uri.path().strip_prefix(PATH).unwrap_or_default() {
            "" | "/" => operation(endpoint, settings, &parts, body).await,
            path => {
                super::body::discard(&parts.headers, body).await;
                document(endpoint, settings, &parts, path).await
            }
        };
        answered.unwrap_or_else(fail)
    };
    tracing::debug!(status = response.status().as_u16(), "Cognito request answered");
    if let Ok(id) = HeaderValue::from_str(&request_id::next()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    endpoint.access.write_cors(&parts, response.headers_mut());
    response.map(|body| Either::Left(Full::new(body)))
}

/// An operation of the API.
async fn operation(endpoint: &Endpoint, settings: &Settings, parts: &Parts, body: Incoming) -> Result<Response<Bytes>, Fail> {
    let received = body::read(&parts.headers, body, LIMIT, &endpoint.places, settings.body_read_timeout).await;
    let body::Received { bytes, place } = received.map_err(|fault| refused_body(&fault))?;
    let target = parts.headers.get(TARGET).and_then(|target| target.to_str().ok());
    let Some(target) = target.filter(|_| parts.method == Method::POST) else {
        let message = format!("POST {PATH} with the header X-Amz-Target: AWSCognitoIdentityProviderService.OPERATION");
        return Err((StatusCode::BAD_REQUEST, "UnknownOperationException", message));
    };
    let (target, caller) = (target.to_owned(), caller(parts).map_err(|error| refused(Refusal::Signature(error)))?);
    let pools = Arc::clone(endpoint.pools.pools());
    let answer = run(endpoint, settings, move || {
        let answer = pools.handle(&target, &bytes, caller);
        drop(place);
        answer
    });
    written(&answer.await?)
}

/// Who signs is an administrator, as long as he is no web page.
fn caller(parts: &Parts) -> Result<Caller, SignatureError> {
    let authorization = parts.headers.get(AUTHORIZATION).map_or(&b""[..], HeaderValue::as_bytes);
    if !authorization.starts_with(b"AWS4-") || is_page(parts) {
        return Ok(Caller::Client);
    }
    Authorization::read(&parts.headers, parts.uri.query().unwrap_or_default()).map(|_| Caller::Administrator)
}

/// Whether a browser sends this for a page: they say the origin of every request that is no plain navigation.
fn is_page(parts: &Parts) -> bool {
    parts.headers.contains_key(ORIGIN) || parts.headers.contains_key("sec-fetch-site")
}

/// Whether a person opens this in a browser, by the address bar or a bookmark. What a page does is never so: its navigations tell
/// their site, and its requests do not navigate.
fn is_typed(parts: &Parts) -> bool {
    let says = |name: &str, text: &str| parts.headers.get(name).is_some_and(|value| value == text);
    !parts.headers.contains_key(ORIGIN) && says("sec-fetch-site", "none") && says("sec-fetch-mode", "navigate")
}

/// What Cognito has at a pool's issuer, and the messages that its users would get.
async fn document(endpoint: &Endpoint, settings: &Settings, parts: &Parts, path: &str) -> Result<Response<Bytes>, Fail> {
    let unknown = || {
        let message = format!(
            "Unknown path. There are POST {PATH} and, for each user pool, GET {PATH}/POOL_ID/.well-known/jwks.json, \
             {PATH}/POOL_ID/.well-known/openid-configuration and {PATH}/POOL_ID/messages."
        );
        (StatusCode::NOT_FOUND, "UnknownOperationException", message)
    };
    let (pool_id, name) = path.strip_prefix('/').and_then(|path| path.split_once('/')).ok_or_else(unknown)?;
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return Err(unknown());
    }
    let Some(pool) = endpoint.pools.pool(pool_id) else {
        let message = format!("There is no such user pool here; there are {}.", endpoint.pools.ids());
        return Err((StatusCode::NOT_FOUND, "ResourceNotFoundException", message));
    };
    let body = match name {
        ".well-known/jwks.json" => {
            let pool = Arc::clone(pool);
            // The first call may have to make the key.
            run(endpoint, settings, move || pool.jwks()).await?.map_err(|error| {
                tracing::error!(error = with_cause(&error), "a user pool has no key");
                internal()
            })?
        }
        ".well-known/openid-configuration" => {
            let mut document = pool.openid_configuration();
            // Whatever the issuer is called, its keys are here.
            if let Some(document) = document.as_object_mut() {
                document.insert("jwks_uri", format!("http://{}{PATH}/{pool_id}/.well-known/jwks.json", host(parts)));
            }
            document
        }
        // Codes and temporary passwords: for programs, as administrators' operations are.
        "messages" if !is_page(parts) || is_typed(parts) => endpoint.pools.messages(pool_id),
        "messages" => {
            let message = "Messages are shown to programs and in the address bar of a browser, not to web pages.".to_owned();
            return Err((StatusCode::FORBIDDEN, "AccessDeniedException", message));
        }
        _ => return Err(unknown()),
    };
    Ok(json(StatusCode::OK, &body, "application/json"))
}

/// Runs something that blocks, in turn.
async fn run<T: Send + 'static>(
    endpoint: &Endpoint,
    settings: &Settings,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fail> {
    let turn = Arc::clone(&endpoint.operations).acquire_owned();
    let Ok(Ok(turn)) = tokio::time::timeout(settings.request_timeout, turn).await else {
        return Err((StatusCode::BAD_REQUEST, "TooManyRequestsException", "Too many requests".to_owned()));
    };
    let done = tokio::task::spawn_blocking(move || {
        let done = work();
        // Held to the end even if the client goes away.
        drop(turn);
        done
    });
    done.await.map_err(|error| {
        tracing::error!(panicked = error.is_panic(), "an operation of a user pool ended early");
        internal()
    })
}

/// A pool's answer on the wire.
fn written(answer: &PoolResponse) -> Result<Response<Bytes>, Fail> {
    if let Some(error) = answer.error.as_ref().filter(|_| answer.status >= 500) {
        tracing::error!(message = error.message, "a user pool failed");
    }
    let status = StatusCode::from_u16(answer.status).map_err(|_| internal())?;
    let mut response = Response::new(Bytes::from(answer.body.to_json()));
    *response.status_mut() = status;
    for (name, text) in answer.headers() {
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(name, value);
        }
    }
    no_store(response.headers_mut());
    Ok(response)
}

fn refused(refusal: Refusal) -> Fail {
    match refusal {
        Refusal::Elsewhere(message) => (StatusCode::FORBIDDEN, "AccessDeniedException", message),
        Refusal::Signature(fault) => (StatusCode::BAD_REQUEST, fault.code(), fault.to_string()),
        Refusal::Internal => internal(),
    }
}

fn refused_body(fault: &Fault) -> Fail {
    match fault {
        Fault::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "SerializationException", "The request body is too large.".to_owned()),
        Fault::Incomplete => {
            let message = "The request body did not arrive completely in time.";
            (StatusCode::REQUEST_TIMEOUT, "RequestTimeoutException", message.to_owned())
        }
        Fault::Busy => (StatusCode::BAD_REQUEST, "TooManyRequestsException", "Too many requests".to_owned()),
        Fault::Encoding(message) => (StatusCode::BAD_REQUEST, "SerializationException", message.clone()),
    }
}

fn internal() -> Fail {
    (StatusCode::INTERNAL_SERVER_ERROR, "InternalErrorException", "An internal error occurred.".to_owned())
}

fn fail((status, error_type, message): Fail) -> Response<Bytes> {
    let mut members = Object::with_capacity(2);
    members.insert("__type", error_type);
    members.insert("message", message.as_str());
    let mut response = json(status, &members.into(), "application/x-amz-json-1.1");
    if let Ok(error_type) = HeaderValue::from_str(&format!("{error_type}:")) {
        response.headers_mut().insert("x-amzn-errortype", error_type);
    }
    response
}

fn json(status: StatusCode, body: &Value, content_type: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_json()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    no_store(response.headers_mut());
    response
}

/// Nothing here is for a cache: tokens and codes, and keys that a new data folder changes.
fn no_store(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_matched_by_segment() {
        for (path, expected) in [
            ("/cognito-idp", true),
            ("/cognito-idp/", true),
            ("/cognito-idp/eu-west-1_A/.well-known/jwks.json", true),
            ("/cognito-idps", false),
            ("/cognito-identity", false),
            ("/", false),
        ] {
            assert_eq!(is_endpoint(path), expected, "{path}");
        }
    }

    #[test]
    fn a_person_who_types_an_address_is_no_page() {
        let check = |headers: &[(&str, &str)], expected: bool| {
            let mut request = http::Request::builder().uri(PATH);
            for (name, text) in headers {
                request = request.header(*name, *text);
            }
            assert_eq!(is_typed(&request.body(()).expect("a request").into_parts().0), expected, "{headers:?}");
        };
        let typed = [("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")];
        check(&typed, true);
        check(&[], false);
        check(&typed[..1], false);
        check(&[("sec-fetch-site", "cross-site"), typed[1]], false);
        check(&[("sec-fetch-site", "same-site"), typed[1]], false);
        check(&[typed[0], ("sec-fetch-mode", "no-cors")], false);
        check(&[typed[0], typed[1], ("origin", "http://localhost:3000")], false);
    }

    #[test]
    fn who_signs_is_an_administrator_unless_he_is_a_page() {
        let signature =
            "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/cognito-idp/aws4_request, SignedHeaders=host, Signature=00";
        let check = |headers: &[(&str, &str)], expected: Option<Caller>| {
            let mut request = http::Request::builder().method("POST").uri(PATH);
            for (name, text) in headers {
                request = request.header(*name, *text);
            }
            assert_eq!(caller(&request.body(()).expect("a request").into_parts().0).ok(), expected, "{headers:?}");
        };
        let signed = [("authorization", signature), ("x-amz-date", "20260101T000000Z")];
        let with = |more: (&'static str, &'static str)| [signed[0], signed[1], more];
        check(&[], Some(Caller::Client));
        check(&signed, Some(Caller::Administrator));
        check(&with(("origin", "http://localhost:3000")), Some(Caller::Client));
        check(&with(("sec-fetch-site", "same-origin")), Some(Caller::Client));
        check(&[("authorization", "Bearer abc")], Some(Caller::Client));
        check(&[("authorization", "AWS4-HMAC-SHA256 nonsense")], None);
    }
}
