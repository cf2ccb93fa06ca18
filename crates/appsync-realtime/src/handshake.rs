//! The upgrade request: which sub-protocol is answered, and the credentials, which come in three places.
//!
//! Nothing is refused here, not even what cannot be read: a `connection_error` that is sent before the client has asked for
//! anything gets lost (browsers set their handler only once the socket is open). [`crate::Connection`] refuses when the client has
//! spoken.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::HeaderMap;
use http::header::{HOST, SEC_WEBSOCKET_PROTOCOL};
use value::Value;

use crate::error::Refusal;
use crate::header_object::{self, MAX_CREDENTIAL_BYTES};

/// The sub-protocol of this protocol, the only one that is ever answered.
pub const SUB_PROTOCOL: &str = "graphql-ws";

/// How a sub-protocol begins that carries the header object.
const HEADER_PREFIX: &str = "header-";

/// Bytes of the `payload` parameter's JSON; all clients send `{}`.
const MAX_PAYLOAD_BYTES: usize = 1024;

/// Clients pad or do not, whichever alphabet they use.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What an upgrade request says.
#[derive(Debug)]
pub struct Handshake {
    /// What the upgrade is answered with as `Sec-WebSocket-Protocol`; without one the answer has no such header.
    pub sub_protocol: Option<&'static str>,
    /// What the connection is judged by, or why it cannot be.
    pub credentials: Result<Credentials, Refusal>,
}

/// Where credentials were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// In a sub-protocol `header-…`.
    SubProtocol,
    /// In the query parameter `header`.
    Query,
    /// In the headers of the upgrade request itself.
    Upgrade,
}

/// What a connection is judged by: the request `POST …/connect` that the client would have sent.
pub struct Credentials {
    /// The headers; `host` is that of the HTTP endpoint.
    pub headers: HeaderMap,
    /// The body that a signature covers: `{}`, or what the query parameter `payload` says.
    pub payload: Bytes,
    /// Where they were found.
    pub source: Source,
}

impl Credentials {
    /// The host they are made for.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.headers.get(HOST)?.to_str().ok()
    }
}

/// Without headers and payload.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Handshake {
    /// Reads an upgrade request: its headers, and its query as it arrived, without the question mark.
    ///
    /// Of several credentials the sub-protocol's count, then the query's, then those of the headers. The first two were put there
    /// for this protocol, whereas headers may also come from a proxy on the way. In one place there may be only one.
    #[must_use]
    pub fn read(headers: &HeaderMap, query: &str) -> Self {
        let protocols = || {
            let lists = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|list| list.to_str().ok());
            lists.flat_map(|list| list.split(',')).map(str::trim).filter(|protocol| !protocol.is_empty())
        };
        let sub_protocol = protocols().any(|protocol| protocol == SUB_PROTOCOL).then_some(SUB_PROTOCOL);
        let credentials = if sub_protocol.is_some() {
            credentials(only(protocols().filter_map(|protocol| protocol.strip_prefix(HEADER_PREFIX))), headers, query)
        } else if protocols().next().is_none() {
            Err(Refusal::no_protocol())
        } else {
            Err(Refusal::sub_protocol_not_supported())
        };
        Self { sub_protocol, credentials }
    }
}

/// The paths that signatures cover, of the handshake and of a `start`, for an upgrade of `path`: that of the HTTP endpoint.
///
/// ```
/// assert_eq!(appsync_realtime::signed_paths("/graphql/realtime"), ("/graphql/connect".to_owned(), "/graphql".to_owned()));
/// assert_eq!(appsync_realtime::signed_paths("/graphql"), ("/graphql/connect".to_owned(), "/graphql".to_owned()));
/// ```
#[must_use]
pub fn signed_paths(path: &str) -> (String, String) {
    let endpoint = path.strip_suffix("/realtime").unwrap_or(path);
    (format!("{endpoint}/connect"), endpoint.to_owned())
}

/// More than one where one is expected.
struct Several;

fn only<'a>(mut found: impl Iterator<Item = &'a str>) -> Result<Option<&'a str>, Several> {
    let first = found.next();
    if found.next().is_some() { Err(Several) } else { Ok(first) }
}

fn credentials(sub_protocol: Result<Option<&str>, Several>, upgrade: &HeaderMap, query: &str) -> Result<Credentials, Refusal> {
    let sub_protocol = sub_protocol.map_err(|Several| Refusal::bad_request("There are several sub-protocols header-…."))?;
    let parameter = |name: &'static str| {
        let parameters = query.split('&').filter_map(|parameter| parameter.split_once('='));
        let values = parameters.filter(|(key, _)| *key == name).map(|(_, value)| value);
        only(values).map_err(|Several| Refusal::bad_request(format!("The query parameter '{name}' comes several times.")))
    };
    let payload = match parameter("payload")? {
        None | Some("") => Bytes::from_static(b"{}"),
        Some(encoded) => {
            let payload = decode(&percent_decoded(encoded), MAX_PAYLOAD_BYTES)
                .filter(|payload| matches!(Value::parse(payload), Ok(Value::Object(_))))
                .ok_or_else(|| Refusal::bad_request("The query parameter 'payload' is not the base64 of a JSON object."))?;
            payload.into()
        }
    };
    let (encoded, source, place) = match (sub_protocol, parameter("header")?) {
        (Some(encoded), _) => (Cow::Borrowed(encoded.as_bytes()), Source::SubProtocol, "sub-protocol header-…"),
        (None, Some(encoded)) => (percent_decoded(encoded), Source::Query, "query parameter 'header'"),
        (None, None) => return Ok(Credentials { headers: upgrade.clone(), payload, source: Source::Upgrade }),
    };
    if encoded.is_empty() {
        // What a client sends that has no credentials: it is for the judge to say so.
        return Ok(Credentials { headers: HeaderMap::new(), payload, source });
    }
    let json = decode(&encoded, MAX_CREDENTIAL_BYTES)
        .ok_or_else(|| Refusal::bad_request(format!("The {place} is not base64 of at most {MAX_CREDENTIAL_BYTES} bytes.")))?;
    let headers = header_object::parse(&json).map_err(|invalid| Refusal::bad_request(format!("{invalid} (In the {place}.)")))?;
    Ok(Credentials { headers, payload, source })
}

/// A query parameter's bytes. A `+` stays one: clients write standard base64 into the query as it is.
fn percent_decoded(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('%') {
        return Cow::Borrowed(text.as_bytes());
    }
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                // Two digits of four bits each fit.
                decoded.push((high << 4 | low) as u8);
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    Cow::Owned(decoded)
}

/// Base64 in either alphabet, padded or not, of at most `limit` bytes.
fn decode(encoded: &[u8], limit: usize) -> Option<Vec<u8>> {
    if encoded.len() > limit.div_ceil(3) * 4 {
        return None;
    }
    let standard: Vec<u8> = encoded
        .iter()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    BASE64.decode(standard).ok().filter(|decoded| decoded.len() <= limit)
}

#[cfg(test)]
mod tests;
