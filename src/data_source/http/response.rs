//! The answer of an HTTP endpoint as `ctx.result`: `{ statusCode, headers, body }`.
//!
//! The body is text. Bytes that are none (an image) arrive as Base64, which `isBase64Encoded: true` says, as in the events of API
//! Gateway; what AppSync makes of them is not documented.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use value::{Object, Value};

use super::charset;
use crate::http_client::Answer;

/// An answer as resolvers see it.
pub(super) fn result(answer: &Answer) -> Value {
    let mut result = Object::with_capacity(4);
    result.insert("statusCode", u64::from(answer.status.as_u16()));
    result.insert("headers", headers(&answer.headers));
    match charset::decode(&answer.body, answer.headers.get(CONTENT_TYPE)) {
        Some(text) => result.insert("body", &*text),
        None => {
            result.insert("body", STANDARD.encode(&answer.body));
            result.insert("isBase64Encoded", true)
        }
    };
    result.into()
}

/// Repeated headers are joined as RFC 9110 (section 5.3) allows.
fn headers(headers: &HeaderMap) -> Object {
    let mut object = Object::with_capacity(headers.keys_len());
    for name in headers.keys() {
        let values: Vec<_> = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        object.insert(name.as_str(), values.join(", "));
    }
    object
}
