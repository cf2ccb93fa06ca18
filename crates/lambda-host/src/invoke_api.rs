//! Lambda's `Invoke` as a REST operation: `POST /2015-03-31/functions/NAME/invocations`, for SDKs and `aws lambda invoke`.
//!
//! Its predecessor `InvokeAsync` (`POST /2014-11-13/functions/NAME/invoke-async/`) is here, too. Requests and responses are data;
//! whoever mounts this has read the body, with a limit, and checked the signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::json;

use crate::host::LambdaHost;
use crate::invocation::{InvocationType, InvokeError, InvokeRequest};
use crate::name::FunctionReference;

const PREFIX: &str = "/2015-03-31/functions/";
const SUFFIX: &str = "/invocations";
const ASYNC_PREFIX: &str = "/2014-11-13/functions/";
const ASYNC_SUFFIX: &str = "/invoke-async";
/// `X-Amz-Client-Context` has at most so many characters of base64.
const CLIENT_CONTEXT: usize = 3_583;
/// A payload of this size is read away from the threads that serve connections.
const BLOCKING_FROM: usize = 256 << 10;

/// Answers a request as Lambda's `Invoke` does, errors included.
pub async fn invoke_api(host: &LambdaHost, request: Request<Bytes>) -> Response<Bytes> {
    match answer(host, request).await {
        Ok(response) => response,
        Err(error) => error.response(),
    }
}

async fn answer(host: &LambdaHost, request: Request<Bytes>) -> Result<Response<Bytes>, ApiError> {
    let (parts, payload) = request.into_parts();
    let path = parts.uri.path();
    let Some((reference, is_async)) = operation(path) else {
        let message = format!("Lambda has no operation at `{path}` here: `Invoke` is `POST {PREFIX}NAME{SUFFIX}`");
        return Err(ApiError::new(StatusCode::NOT_FOUND, "UnknownOperationException", message));
    };
    if parts.method != Method::POST {
        let message = format!("`Invoke` is a POST, not a {}", parts.method);
        return Err(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "UnknownOperationException", message));
    }
    let name = function_name(host, reference, parts.uri.query())?;
    let headers = &parts.headers;
    let invocation_type = if is_async { InvocationType::Event } else { invocation_type(headers)? };
    let log_tail = match text(headers, "x-amz-log-type")? {
        None | Some("None") => false,
        Some("Tail") => true,
        Some(other) => return Err(invalid_parameter("logType", other, "[Tail, None]")),
    };
    let client_context = client_context(headers)?;
    check_payload(&payload).await?;
    let trace_id = text(headers, "x-amzn-trace-id")?.map(str::to_owned);
    // The log comes with a synchronous answer only.
    let log_tail = log_tail && invocation_type == InvocationType::RequestResponse;
    let invocation = host
        .invoke(&name, InvokeRequest { payload, invocation_type, client_context, trace_id, log_tail, ..InvokeRequest::default() })
        .await?;

    let mut response = Response::new(invocation.payload);
    *response.status_mut() = match invocation_type {
        InvocationType::RequestResponse => StatusCode::OK,
        InvocationType::Event => StatusCode::ACCEPTED,
        InvocationType::DryRun => StatusCode::NO_CONTENT,
    };
    let headers = response.headers_mut();
    let mut insert = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    insert("x-amzn-requestid", invocation.request_id);
    if invocation_type == InvocationType::RequestResponse {
        insert("content-type", "application/json".to_owned());
        insert("x-amz-executed-version", invocation.executed_version.to_owned());
    }
    if let Some(error) = invocation.function_error {
        insert("x-amz-function-error", error.as_str().to_owned());
    }
    if let Some(log) = invocation.log_tail {
        insert("x-amz-log-result", STANDARD.encode(log));
    }
    Ok(response)
}

/// Which function a path names, and whether by `InvokeAsync`.
fn operation(path: &str) -> Option<(&str, bool)> {
    let (rest, suffix, is_async) = match path.strip_prefix(PREFIX) {
        Some(rest) => (rest, SUFFIX, false),
        // The path of the API has a slash at its end.
        None => (path.strip_prefix(ASYNC_PREFIX)?.trim_end_matches('/'), ASYNC_SUFFIX, true),
    };
    let reference = rest.strip_suffix(suffix)?;
    (!reference.is_empty() && !reference.contains('/')).then_some((reference, is_async))
}

/// The function that `FunctionName` and `Qualifier` mean: a name, a partial or a whole ARN, each with or without a qualifier.
fn function_name(host: &LambdaHost, reference: &str, query: Option<&str>) -> Result<String, ApiError> {
    let decoded = percent_decode_str(reference).decode_utf8_lossy();
    let not_found = |name: &str| {
        let error = InvokeError::FunctionNotFound { arn: host.arn(name) };
        Err(ApiError::from(error))
    };
    let Some(FunctionReference { name, qualifier, .. }) = FunctionReference::read(&decoded) else {
        return Err(invalid_parameter("functionName", &decoded, "a function's name or ARN"));
    };
    let in_query = query.into_iter().flat_map(|query| query.split('&')).find_map(|pair| pair.strip_prefix("Qualifier="));
    let in_query = in_query.map(|qualifier| percent_decode_str(qualifier).decode_utf8_lossy().into_owned());
    // Versions and aliases are not published here: what is not the newest code does not exist.
    match qualifier.map(str::to_owned).or(in_query) {
        Some(qualifier) if qualifier != "$LATEST" => not_found(&format!("{name}:{qualifier}")),
        _ => Ok(name.to_owned()),
    }
}

/// Whether the payload is JSON; none stands for `{}`.
async fn check_payload(payload: &Bytes) -> Result<(), ApiError> {
    let check =
        |payload: &Bytes| serde_json::from_slice::<serde::de::IgnoredAny>(payload).map(drop).map_err(|error| error.to_string());
    let checked = if payload.is_empty() {
        Ok(())
    } else if payload.len() < BLOCKING_FROM {
        check(payload)
    } else {
        let payload = Bytes::clone(payload);
        tokio::task::spawn_blocking(move || check(&payload)).await.unwrap_or_else(|error| Err(error.to_string()))
    };
    checked.map_err(|problem| {
        let message = format!("Could not parse request body into json: {problem}");
        ApiError::new(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message)
    })
}

fn invocation_type(headers: &HeaderMap) -> Result<InvocationType, ApiError> {
    match text(headers, "x-amz-invocation-type")? {
        None | Some("RequestResponse") => Ok(InvocationType::RequestResponse),
        Some("Event") => Ok(InvocationType::Event),
        Some("DryRun") => Ok(InvocationType::DryRun),
        Some(other) => Err(invalid_parameter("invocationType", other, "[Event, RequestResponse, DryRun]")),
    }
}

fn client_context(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(encoded) = text(headers, "x-amz-client-context")? else { return Ok(None) };
    let invalid = |reason: &str| {
        let message = format!("Client context must be a valid Base64-encoded JSON object: {reason}");
        ApiError::new(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message)
    };
    if encoded.len() > CLIENT_CONTEXT {
        return Err(invalid(&format!("it has more than {CLIENT_CONTEXT} bytes")));
    }
    let bytes = STANDARD.decode(encoded).map_err(|error| invalid(&error.to_string()))?;
    let parsed: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| invalid(&error.to_string()))?;
    if !parsed.is_object() {
        return Err(invalid("it is no object"));
    }
    // Written again, since line breaks between tokens could not stand in a header of the Runtime API.
    Ok(Some(parsed.to_string()))
}

fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, ApiError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    value.to_str().map(Some).map_err(|_| {
        let message = format!("the header {name} holds characters other than visible ASCII");
        ApiError::new(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message)
    })
}

fn invalid_parameter(name: &str, value: &str, allowed: &str) -> ApiError {
    let message = format!(
        "1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: Member must satisfy enum value set: \
         {allowed}"
    );
    ApiError::new(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message)
}

/// An error of the API itself: the function did not run.
#[derive(Debug)]
struct ApiError {
    status: StatusCode,
    error_type: &'static str,
    body: serde_json::Value,
}

impl ApiError {
    fn new(status: StatusCode, error_type: &'static str, message: impl Into<String>) -> Self {
        let fault = if status.is_server_error() { "Service" } else { "User" };
        Self { status, error_type, body: json!({ "Type": fault, "Message": message.into() }) }
    }

    fn response(self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(self.body.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("x-amzn-errortype", HeaderValue::from_static(self.error_type));
        if let Ok(id) = HeaderValue::try_from(uuid::Uuid::new_v4().to_string()) {
            headers.insert("x-amzn-requestid", id);
        }
        response
    }
}

impl From<InvokeError> for ApiError {
    fn from(error: InvokeError) -> Self {
        let message = error.to_string();
        match error {
            InvokeError::FunctionNotFound { .. } => Self::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message),
            // The model of the API names it RequestTooLargeException; this is what the service sends.
            InvokeError::RequestTooLarge { .. } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException", message)
            }
            InvokeError::InvalidRequest { .. } => Self::new(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message),
            InvokeError::TooManyRequests => {
                let body = json!({ "Reason": "ConcurrentInvocationLimitExceeded", "Type": "User", "message": message });
                Self { status: StatusCode::TOO_MANY_REQUESTS, error_type: "TooManyRequestsException", body }
            }
            InvokeError::RuntimeNotFound { .. } => Self::new(StatusCode::BAD_GATEWAY, "InvalidRuntimeException", message),
            InvokeError::DeadlineExceeded { .. } | InvokeError::Start { .. } | InvokeError::Closed { .. } => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "ServiceException", message)
            }
        }
    }
}
