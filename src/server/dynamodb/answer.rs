//! Answers as the service writes them: headers, checksum, compression, and errors as `{"__type":…,"message":…}`. The one place
//! that knows the namespace of an error and how its message is spelled.

use std::io::Write;

use bytes::Bytes;
use dynamodb::{Operation, Response, ServiceError};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, SERVER, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Response as HttpMessage, StatusCode};
use http_body_util::{Either, Full};
use value::{Object, Str, Value};

use crate::server::answer::HttpResponse;
use crate::server::aws::access::Refusal;
use crate::server::aws::body::{BLOCKING_FROM, work};
use crate::server::request_id;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const CHECKSUM: HeaderName = HeaderName::from_static("x-amz-crc32");

/// The service compresses larger answers only; this is where it begins.
const COMPRESSED_FROM: usize = 4096;

/// What is answered to a method or a content type that the service does not know.
const NOT_FOUND: &str = "<UnknownOperationException/>\n";

/// An answer before it is written.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    body: Vec<u8>,
    request_id: Option<Str>,
    json: bool,
    chunked: bool,
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Elsewhere(message) => Self::error_with_status(StatusCode::FORBIDDEN, "AccessDeniedException", &message),
            Refusal::Signature(error) => Self::error(error.code(), Some(&error.to_string())),
            Refusal::Internal => Self::internal(),
        }
    }
}

impl Reply {
    fn new(status: StatusCode, body: Vec<u8>) -> Self {
        Self { status, body, request_id: None, json: true, chunked: false }
    }

    fn plain(status: StatusCode, text: impl Into<String>) -> Self {
        Self { json: false, ..Self::new(status, text.into().into_bytes()) }
    }

    /// The page for health checks.
    pub(super) fn healthy(region: &str) -> Self {
        Self::plain(StatusCode::OK, format!("healthy: dynamodb.{region}.amazonaws.com "))
    }

    /// No such page.
    pub(super) fn not_found() -> Self {
        Self::plain(StatusCode::NOT_FOUND, NOT_FOUND)
    }

    /// Nothing, which is what a preflight is answered with beside its headers.
    pub(super) fn empty() -> Self {
        Self::plain(StatusCode::OK, "")
    }

    /// What an operation gave.
    pub(super) async fn outcome(operation: Operation, outcome: Result<Response, ServiceError>) -> Self {
        let size = match &outcome {
            Ok(response) => size([&response.body]),
            Err(error) => {
                let reasons = error.cancellation_reasons.iter().filter_map(|reason| reason.item.as_ref());
                size(error.item.iter().chain(reasons))
            }
        };
        let written = work(size, move || match outcome {
            Ok(response) => Self::response(&response),
            Err(error) => Self::service_error(Some(operation), &error),
        });
        written.await.unwrap_or_else(Self::internal)
    }

    /// What went wrong here is not told.
    pub(super) fn internal() -> Self {
        Self::service_error(None, &ServiceError::new("InternalServerError", "Internal server error", 500, ""))
    }

    /// A result.
    fn response(response: &Response) -> Self {
        let mut body = Vec::with_capacity(256);
        response.body.write_json(&mut body);
        Self { request_id: Some(Str::clone(&response.request_id)), ..Self::new(StatusCode::OK, body) }
    }

    /// An error of the front, before the service is asked.
    pub(super) fn error(code: &str, message: Option<&str>) -> Self {
        let error = ServiceError::new(code, message.unwrap_or_default(), 400, "");
        Self::service_error(None, &error)
    }

    /// An error with a status of its own.
    pub(super) fn error_with_status(status: StatusCode, code: &str, message: &str) -> Self {
        Self { status, ..Self::error(code, Some(message)) }
    }

    /// A body that is too large. The service sends this in chunks.
    pub(super) fn too_large(limit: usize) -> Self {
        let message = format!("The request body is larger than the limit of {limit} bytes.");
        let reply = Self::error_with_status(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException", &message);
        Self { chunked: true, ..reply }
    }

    /// An error of the service.
    pub(super) fn service_error(operation: Option<Operation>, error: &ServiceError) -> Self {
        let mut members = Object::with_capacity(3);
        members.insert("__type", format!("{}#{}", namespace(&error.code), error.code));
        if !error.message.is_empty() {
            let of_statement = operation == Some(Operation::ExecuteStatement) && error.item.is_some();
            let capital = of_statement
                || matches!(&*error.code, "SerializationException" | "TransactionCanceledException" | "AccessDeniedException");
            members.insert(if capital { "Message" } else { "message" }, error.message.as_str());
        }
        if let Some(item) = &error.item {
            members.insert("Item", item.clone());
        }
        if !error.cancellation_reasons.is_empty() {
            let reasons = error.cancellation_reasons.iter().map(|reason| {
                let mut members = Object::with_capacity(3);
                members.insert("Code", Str::clone(&reason.code));
                if let Some(message) = &reason.message {
                    members.insert("Message", Str::clone(message));
                }
                if let Some(item) = &reason.item {
                    members.insert("Item", item.clone());
                }
                Value::from(members)
            });
            members.insert("CancellationReasons", reasons.collect::<Value>());
        }
        let mut body = Vec::with_capacity(256);
        Value::from(members).write_json(&mut body);
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { request_id: Some(Str::clone(&error.request_id)), ..Self::new(status, body) }
    }

    /// The answer on the wire, to a request with the headers `asked`.
    pub(super) async fn write(self, asked: &HeaderMap) -> HttpResponse {
        let mut headers = HeaderMap::with_capacity(10);
        headers.insert(SERVER, HeaderValue::from_static("Server"));
        if self.json {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(asked).unwrap_or(JSON)));
        }
        let id = self.request_id.filter(|id| !id.is_empty()).unwrap_or_else(request_id::dynamodb);
        if let Ok(id) = HeaderValue::from_str(&id) {
            headers.insert(REQUEST_ID, id);
        }
        let compressed = self.json && self.body.len() >= COMPRESSED_FROM && accepts_gzip(asked);
        let (size, body) = (self.body.len(), self.body);
        let mut status = self.status;
        let packed = work(size, move || Packed::new(body, compressed)).await.unwrap_or_else(|| {
            status = StatusCode::INTERNAL_SERVER_ERROR;
            Packed::new(Self::internal().body, false)
        });
        let Packed { bytes: body, checksum, compressed } = packed;
        if compressed {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        headers.insert(CHECKSUM, HeaderValue::from(checksum));
        let content = if self.chunked {
            headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
            let stream = futures_util::stream::once(async move { Ok::<_, std::convert::Infallible>(body) });
            Either::Right(axum::body::Body::from_stream(stream))
        } else {
            Either::Left(Full::new(body))
        };
        let mut message = HttpMessage::new(content);
        *message.status_mut() = status;
        *message.headers_mut() = headers;
        message
    }
}

const JSON: &str = "application/json";
const AMAZON_JSON: &str = "application/x-amz-json-1.0";

/// The content type of a request, if it is one of the two that the service reads. Version 1.1 of Amazon's is not.
pub(super) fn media_type(headers: &HeaderMap) -> Option<&'static str> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let media = text.split(';').next().unwrap_or_default().trim();
    [AMAZON_JSON, JSON].into_iter().find(|known| known.eq_ignore_ascii_case(media))
}

/// The namespace of an error code.
fn namespace(code: &str) -> &'static str {
    match code {
        "ValidationException" => "com.amazon.coral.validate",
        "ThrottlingException" => "com.amazon.coral.availability",
        "SerializationException"
        | "UnknownOperationException"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignatureException"
        | "InvalidSignatureException"
        | "UnrecognizedClientException"
        | "ExpiredTokenException"
        | "AccessDeniedException"
        | "RequestEntityTooLargeException"
        | "RequestTimeoutException" => "com.amazon.coral.service",
        _ => "com.amazonaws.dynamodb.v20120810",
    }
}

/// Whether gzip is accepted: named, or any, and not with a weight of zero.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let weight = |parameters: &str| {
        parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0)
    };
    let mut any = None;
    for value in headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()) {
        for coding in value.split(',') {
            let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
            match name.trim() {
                name if name.eq_ignore_ascii_case("gzip") => return weight(parameters) > 0.0,
                "*" => any = Some(weight(parameters) > 0.0),
                _ => {}
            }
        }
    }
    any.unwrap_or(false)
}

/// A body as it goes on the wire.
struct Packed {
    bytes: Bytes,
    /// Of the bytes on the wire: SDKs check it before they decompress.
    checksum: u32,
    compressed: bool,
}

impl Packed {
    fn new(body: Vec<u8>, compress: bool) -> Self {
        let packed = if compress { deflate(&body) } else { None };
        let compressed = packed.is_some();
        let bytes = Bytes::from(packed.unwrap_or(body));
        Self { checksum: crc32fast::hash(&bytes), bytes, compressed }
    }
}

/// About how many bytes values are as JSON, counted until they are work for another thread.
fn size<'a>(values: impl IntoIterator<Item = &'a Value>) -> usize {
    let mut size = 0;
    values.into_iter().for_each(|value| count(value, &mut size));
    size
}

/// Recursion is bounded by [`value::MAX_DEPTH`], as the values of the service are.
fn count(value: &Value, size: &mut usize) {
    if *size >= BLOCKING_FROM {
        return;
    }
    *size += 4;
    match value {
        Value::String(text) => *size += text.len(),
        Value::List(items) => items.iter().for_each(|item| count(item, size)),
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            *size += name.len() + 2;
            count(value, size);
        }),
        _ => {}
    }
}

fn deflate(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::dynamodb::body::run;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn errors_have_the_namespace_and_spelling_of_the_service() {
        let check = |error: &ServiceError, operation, expected: &str| {
            let reply = Reply::service_error(operation, error);
            assert_eq!(String::from_utf8_lossy(&reply.body), expected);
        };
        let error = |code: &str| ServiceError::new(code, "m", 400, "");
        check(&error("ValidationException"), None, r#"{"__type":"com.amazon.coral.validate#ValidationException","message":"m"}"#);
        check(
            &error("ResourceNotFoundException"),
            None,
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"m"}"#,
        );
        check(
            &ServiceError::new("SerializationException", "", 400, ""),
            None,
            r#"{"__type":"com.amazon.coral.service#SerializationException"}"#,
        );
        let mut failed = error("ConditionalCheckFailedException");
        failed.item = Some(value::value!({"id": {"S": "1"}}));
        check(
            &failed,
            Some(Operation::PutItem),
            r##"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"m","Item":{"id":{"S":"1"}}}"##,
        );
        check(
            &failed,
            Some(Operation::ExecuteStatement),
            r##"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","Message":"m","Item":{"id":{"S":"1"}}}"##,
        );
        let mut cancelled = error("TransactionCanceledException");
        let reason = |code: &str, message: Option<&str>| dynamodb::CancellationReason {
            code: code.into(),
            message: message.map(Into::into),
            item: None,
        };
        cancelled.cancellation_reasons = vec![reason("None", None), reason("ConditionalCheckFailed", Some("n"))];
        check(
            &cancelled,
            None,
            r##"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"m","CancellationReasons":[{"Code":"None"},{"Code":"ConditionalCheckFailed","Message":"n"}]}"##,
        );
    }

    #[test]
    fn encodings_and_types_are_negotiated() {
        for (accepted, expected) in [
            ("gzip", true),
            ("deflate, GZIP;q=0.5", true),
            ("*", true),
            ("gzip;q=0, *", false),
            ("gzip; q=0.0", false),
            ("identity", false),
            ("br", false),
        ] {
            assert_eq!(accepts_gzip(&headers(&[("accept-encoding", accepted)])), expected, "{accepted}");
        }
        for (given, expected) in [
            ("application/x-amz-json-1.0", Some(AMAZON_JSON)),
            ("  Application/JSON  ;   x", Some(JSON)),
            ("application/x-amz-json-1.1", None),
            ("application/jsonx", None),
        ] {
            assert_eq!(media_type(&headers(&[("content-type", given)])), expected, "{given}");
        }
    }

    #[test]
    fn a_large_answer_is_written_away_from_the_threads_that_serve_connections() {
        for (items, at_once) in [(100, true), (10_000, false)] {
            let items: Value = (0..items).map(|n| value::value!({"id": {"S": (format!("{n:032}"))}})).collect();
            let response = || Response { body: value::value!({"Items": (items.clone())}), request_id: "A".into() };
            let mut failed = ServiceError::new("TransactionCanceledException", "m", 400, "");
            failed.item = Some(items.clone());
            for outcome in [Ok(response()), Err(failed)] {
                let (written, here) = run(Reply::outcome(Operation::Scan, outcome));
                assert_eq!(here, at_once);
                assert!(Value::parse(&written.body).is_ok());
                assert_eq!(run(written.write(&HeaderMap::new())).1, at_once, "the checksum");
            }
        }
    }

    #[tokio::test]
    async fn the_checksum_is_of_the_bytes_on_the_wire() {
        let reply = |size: usize| Reply::new(StatusCode::OK, vec![b' '; size]);
        let small = reply(4095).write(&headers(&[("accept-encoding", "gzip")])).await;
        assert!(!small.headers().contains_key(CONTENT_ENCODING));
        let large = reply(BLOCKING_FROM).write(&headers(&[("accept-encoding", "gzip")])).await;
        assert_eq!(large.headers()[CONTENT_ENCODING], "gzip");
        let checksum = large.headers()[CHECKSUM].clone();
        let bytes = http_body_util::BodyExt::collect(large.into_body()).await.expect("memory").to_bytes();
        assert_eq!(checksum.to_str().expect("digits"), crc32fast::hash(&bytes).to_string());
        assert!(bytes.starts_with(&[0x1f, 0x8b]) && bytes.len() < 4096);
        let not_found = Reply::not_found().write(&HeaderMap::new()).await;
        assert_eq!(not_found.headers()[CHECKSUM], "3552371480");
    }
}
