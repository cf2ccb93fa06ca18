//! The answer of an HTTP endpoint as `ctx.result`: `{ statusCode, headers, body }`, the body as text whatever its type.

use reqwest::Response;
use value::{Object, Value};

use crate::data_source::DataSourceError;

/// Reads an answer. `limit` counts decompressed bytes, so that a small compressed body cannot fill the memory.
pub(super) async fn read(mut answer: Response, limit: usize, origin: &str) -> Result<Value, DataSourceError> {
    let too_large = || {
        let message = format!("The answer of {origin} is larger than the limit of {limit} bytes.");
        DataSourceError::new("Http:ResponseTooLargeException", message)
    };
    // The length is absent when the body is compressed; then the chunks are counted.
    if answer.content_length().is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit)) {
        return Err(too_large());
    }
    let mut result = Object::with_capacity(3);
    result.insert("statusCode", u64::from(answer.status().as_u16()));
    result.insert("headers", headers(answer.headers()));
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| broken(&error, origin))? {
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    let body = String::from_utf8(body).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    result.insert("body", body);
    Ok(result.into())
}

/// Repeated headers are joined as RFC 9110 (section 5.3) allows.
fn headers(headers: &reqwest::header::HeaderMap) -> Object {
    let mut object = Object::with_capacity(headers.keys_len());
    for name in headers.keys() {
        let values: Vec<_> = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        object.insert(name.as_str(), values.join(", "));
    }
    object
}

fn broken(error: &reqwest::Error, origin: &str) -> DataSourceError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    DataSourceError::new("Http:ConnectionException", format!("The answer of {origin} broke off: {cause}"))
}
