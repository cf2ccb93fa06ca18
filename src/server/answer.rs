//! Answers on the wire: AppSync's headers, and errors before execution in AppSync's transport form
//! (`{"errors":[{"errorType":…,"message":…}]}`, no `data`). The one place that writes them.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::{Either, Full};
use value::{Str, write_json_string};

use super::Cors;
use super::cors::Grant;
use crate::api::{GraphqlResponse, RequestFault};
use crate::auth::AuthFault;
use crate::panicked;

/// Bytes for GraphQL, a stream for pages.
pub(super) type Body = Either<Full<Bytes>, axum::body::Body>;
pub(super) type HttpResponse = Response<Body>;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const TOKENS_CONSUMED: HeaderName = HeaderName::from_static("x-amzn-appsync-tokensconsumed");

const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=UTF-8");
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, OPTIONS");

/// A request that is refused before execution.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    status: StatusCode,
    error_type: &'static str,
    /// A few faults of AppSync's have none.
    message: Option<Cow<'static, str>>,
}

impl Fault {
    pub(super) fn new(status: StatusCode, error_type: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, error_type, message: Some(message.into()) }
    }

    /// Its HTTP status.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// A request that is not GraphQL over HTTP.
    pub(super) fn malformed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, MALFORMED, message)
    }

    /// A path or method that nothing answers to.
    pub(super) fn unknown_operation(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(status, "com.amazon.coral.service#UnknownOperationException", message)
    }

    /// An operation that ended in a panic. What happened is in the log, under the request id.
    pub(super) fn internal(request_id: &str) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", panicked::message(request_id))
    }

    /// The body. AppSync writes `message` first for malformed requests and `errorType` first for all others.
    fn body(&self) -> Vec<u8> {
        let mut members = vec![("errorType", self.error_type)];
        members.extend(self.message.as_deref().map(|message| ("message", message)));
        if self.error_type == MALFORMED {
            members.reverse();
        }
        let mut out = Vec::with_capacity(128);
        out.extend_from_slice(b"{\"errors\":[{");
        for (at, (name, text)) in members.into_iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            write_json_string(name, &mut out);
            out.push(b':');
            write_json_string(text, &mut out);
        }
        out.extend_from_slice(b"}]}");
        out
    }
}

const MALFORMED: &str = "MalformedHttpRequestException";

impl From<AuthFault> for Fault {
    fn from(fault: AuthFault) -> Self {
        Self { status: fault.status(), error_type: fault.error_type(), message: fault.message().map(Cow::Owned) }
    }
}

impl From<RequestFault> for Fault {
    fn from(fault: RequestFault) -> Self {
        match fault {
            RequestFault::Unparsable => Self::malformed(fault.to_string()),
            RequestFault::PermissionDenied => Self {
                status: StatusCode::UNAUTHORIZED,
                error_type: "UnauthorizedException",
                message: Some(Cow::Owned(fault.to_string())),
            },
        }
    }
}

/// The answer to an operation. Headers of resolvers come first, so that ours win.
pub(super) fn graphql(response: GraphqlResponse, request_id: &str, grant: &Grant) -> HttpResponse {
    let mask = response.mask;
    let mut headers = HeaderMap::with_capacity(8 + response.headers.len());
    for (name, text) in &response.headers {
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(text)) {
            (Ok(name), Ok(text)) => {
                headers.insert(name, text);
            }
            _ => tracing::warn!(header = &**name, request_id, "a response header of a resolver cannot be sent"),
        }
    }
    common(&mut headers, request_id, grant);
    headers.insert(TOKENS_CONSUMED, HeaderValue::from_static("1"));
    let mut answer = respond(StatusCode::OK, headers, response.body);
    // For the log lines about the answer.
    if let Some(mask) = mask {
        answer.extensions_mut().insert(mask);
    }
    answer
}

/// The answer to a refused request.
pub(super) fn fault(fault: &Fault, request_id: &str, grant: &Grant) -> HttpResponse {
    let mut headers = HeaderMap::with_capacity(8);
    common(&mut headers, request_id, grant);
    let short = fault.error_type.rsplit('#').next().unwrap_or(fault.error_type);
    headers.insert(ERROR_TYPE, HeaderValue::from_static(short));
    if fault.status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, METHODS);
    }
    respond(fault.status, headers, fault.body())
}

/// The answer to a preflight.
pub(super) fn preflight(asked: &HeaderMap, request_id: &str, cors: &Cors, grant: &Grant) -> HttpResponse {
    let mut headers = HeaderMap::with_capacity(8);
    common(&mut headers, request_id, grant);
    headers.remove(CONTENT_TYPE);
    grant.write_preflight(asked, cors, &mut headers);
    respond(StatusCode::OK, headers, Vec::new())
}

/// A plain text.
pub(super) fn text(text: &'static str) -> HttpResponse {
    let mut headers = HeaderMap::with_capacity(2);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
    respond(StatusCode::OK, headers, text)
}

fn common(headers: &mut HeaderMap, request_id: &str, grant: &Grant) {
    headers.insert(CONTENT_TYPE, JSON);
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    grant.write(headers);
}

fn respond(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> HttpResponse {
    let mut response = Response::new(Either::Left(Full::new(body.into())));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The error for an operation that has used up its time. AppSync gives the field this type and message; a whole request that is
/// late gets them in the transport form.
pub(super) fn timed_out() -> Fault {
    Fault::new(StatusCode::GATEWAY_TIMEOUT, "ExecutionTimeout", "Execution timed out.")
}

/// Texts of a fault for logs: the first line. What a signature should have been made of, which AWS appends, has headers in it.
impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let first = self.message.as_deref().and_then(|message| message.lines().next()).unwrap_or("no message");
        write!(f, "{} {}: {}", self.status.as_u16(), self.error_type, first)
    }
}

/// Sets what pages and APIs share: the request id.
pub(super) fn stamp(response: &mut Response<axum::body::Body>, request_id: &Str) {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_order_is_appsyncs() {
        let check = |fault: Fault, expected: &str| assert_eq!(String::from_utf8_lossy(&fault.body()), expected);
        check(
            Fault::malformed("Request body is empty."),
            r#"{"errors":[{"message":"Request body is empty.","errorType":"MalformedHttpRequestException"}]}"#,
        );
        check(
            AuthFault::NotAuthorized.into(),
            r#"{"errors":[{"errorType":"UnauthorizedException","message":"You are not authorized to make this call."}]}"#,
        );
        check(AuthFault::Authorizer.into(), r#"{"errors":[{"errorType":"BadRequestException"}]}"#);
        check(Fault::malformed("a \"b\""), r#"{"errors":[{"message":"a \"b\"","errorType":"MalformedHttpRequestException"}]}"#);
    }
}
