//! What requests over HTTP have in common, whatever their data source calls it: query parameters and headers, as objects of
//! resolver code.

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use value::{Object, Value};

use crate::data_source::DataSourceError;
use crate::data_source::fields::refuse;
use crate::http_client::percent_encoded;

/// Headers that belong to the connection, not to the message. They are what `util.http.copyHeaders` leaves out: a resolver that
/// forwards all headers of its client must not be able to redirect or split the call.
const RESTRICTED: [&str; 15] = [
    // The client answers for what it can decode; a body in another coding would reach the resolver as garbage.
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    // AppSync's own as well (resolver reference for HTTP).
    "user-agent",
];

/// The object at `name`; null counts as absent. `shown` is its place, for messages.
pub(in crate::data_source) fn member_object<'a>(
    parent: &'a Object,
    name: &str,
    shown: &str,
) -> Result<Option<&'a Object>, DataSourceError> {
    match parent.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(other) => Err(refuse(format!("{shown} must be an object, found {}.", other.kind()))),
    }
}

/// Appends the members of `query`: a list repeats its name, null leaves it out.
pub(in crate::data_source) fn add_query(url: &mut Url, query: &Object, shown: &str) -> Result<(), DataSourceError> {
    let mut text = url.query().unwrap_or_default().to_owned();
    for (name, value) in query {
        let values = match value {
            Value::List(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        for value in values {
            let Some(value) = scalar(value, &format!("{shown}.{name}"))? else { continue };
            if !text.is_empty() {
                text.push('&');
            }
            text.extend(percent_encoded(name));
            text.push('=');
            text.extend(percent_encoded(&value));
        }
    }
    url.set_query((!text.is_empty()).then_some(text.as_str()));
    Ok(())
}

/// `params.headers`: a list repeats its name, null leaves it out, headers of the connection are ours.
pub(in crate::data_source) fn headers(given: &Object) -> Result<HeaderMap, DataSourceError> {
    let mut headers = HeaderMap::with_capacity(given.len() + 1);
    for (name, value) in given {
        let header = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| refuse(format!("params.headers: {} is not a header name.", Value::from(name))))?;
        if RESTRICTED.contains(&header.as_str()) {
            tracing::debug!(header = header.as_str(), "a header of the connection is not sent");
            continue;
        }
        let values = match value {
            Value::List(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        for value in values {
            let Some(text) = scalar(value, &format!("params.headers.{name}"))? else { continue };
            // The value stays out of the message: it may be a credential.
            let value = HeaderValue::from_bytes(text.as_bytes())
                .map_err(|_| refuse(format!("params.headers.{name} contains a line break or control character.")))?;
            headers.append(&header, value);
        }
    }
    Ok(headers)
}

/// The text of a scalar; nothing for null.
fn scalar(value: &Value, shown: &str) -> Result<Option<String>, DataSourceError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.to_string())),
        Value::Bool(_) | Value::Number(_) => Ok(Some(value.to_json())),
        Value::List(_) | Value::Object(_) => {
            Err(refuse(format!("{shown} must be a string, number, boolean or a list of them, found {}.", value.kind())))
        }
    }
}
