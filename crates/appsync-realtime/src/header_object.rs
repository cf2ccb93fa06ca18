//! The header object: the HTTP headers a WebSocket client cannot send, as JSON. One comes with the handshake, one with each
//! `start`.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use value::Value;

/// Bytes of a header object's JSON. Ample for any token that a proxy would let through as a header.
pub const MAX_CREDENTIAL_BYTES: usize = 64 * 1024;

/// Members of a header object.
pub const MAX_CREDENTIAL_HEADERS: usize = 100;

/// What is wrong with a header object. Never shows a value, which may be a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invalid(String);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The headers in the JSON text of a header object.
pub(crate) fn parse(json: &[u8]) -> Result<HeaderMap, Invalid> {
    if json.len() > MAX_CREDENTIAL_BYTES {
        return Err(Invalid(format!("The header object is longer than {MAX_CREDENTIAL_BYTES} bytes.")));
    }
    let value = Value::parse(json).map_err(|error| Invalid(format!("The header object is not JSON: {error}")))?;
    headers(&value)
}

/// The headers of a header object. Names come in any case and are kept in lower case. A name that comes twice with different
/// values is kept twice, so that whoever judges the headers sees it; AWS's links send `x-api-key` and `X-Api-Key` in one object.
pub(crate) fn headers(object: &Value) -> Result<HeaderMap, Invalid> {
    let Some(object) = object.as_object() else {
        return Err(Invalid(format!("The header object is a JSON {}, not an object.", object.kind())));
    };
    if object.len() > MAX_CREDENTIAL_HEADERS {
        return Err(Invalid(format!("The header object has more than {MAX_CREDENTIAL_HEADERS} members.")));
    }
    let mut headers = HeaderMap::with_capacity(object.len());
    let mut bytes = 0;
    for (name, value) in object {
        let text = match value {
            Value::String(text) => HeaderValue::from_str(text),
            // A custom header that somebody gave as a number; `fetch` would write it out too.
            Value::Number(_) | Value::Bool(_) => HeaderValue::from_str(&value.to_json()),
            _ => return Err(Invalid(format!("The header '{}' is a JSON {}, not a string.", shown(name), value.kind()))),
        };
        let (Ok(header), Ok(mut text)) = (HeaderName::from_bytes(name.as_bytes()), text) else {
            return Err(Invalid(format!("The header '{}' cannot be a header of HTTP.", shown(name))));
        };
        bytes += header.as_str().len() + text.len();
        if bytes > MAX_CREDENTIAL_BYTES {
            return Err(Invalid(format!("The header object is longer than {MAX_CREDENTIAL_BYTES} bytes.")));
        }
        text.set_sensitive(true);
        if headers.get_all(&header).iter().any(|known| *known == text) {
            continue;
        }
        if headers.try_append(header, text).is_err() {
            return Err(Invalid("The header object has too many members.".to_owned()));
        }
    }
    Ok(headers)
}

/// As much of a name as a message needs.
fn shown(name: &str) -> String {
    name.chars().take(64).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_in_any_case_and_values_are_text() {
        let headers =
            parse(br#"{"Authorization":"tok\u00e9n","HOST":"127.0.0.1:4000","x-n":1.50,"x-b":true,"x-e":""}"#).expect("headers");
        assert_eq!(headers["authorization"].as_bytes(), "tokén".as_bytes());
        for (name, value) in [("host", "127.0.0.1:4000"), ("x-n", "1.50"), ("x-b", "true"), ("x-e", "")] {
            assert_eq!(headers[name], value);
        }
        assert!(!format!("{headers:?}").contains("tok"), "values are not shown");
    }

    #[test]
    fn a_name_in_two_spellings_is_kept_twice_unless_the_value_is_the_same() {
        for (json, count) in [
            (&br#"{"Authorization":"a","authorization":"b"}"#[..], 2),
            (br#"{"Authorization":"a","authorization":"b","AUTHORIZATION":"a"}"#, 2),
            (br#"{"authorization":"a","Authorization":"a"}"#, 1),
        ] {
            let headers = parse(json).expect("headers");
            assert_eq!(headers.get_all("authorization").iter().count(), count);
        }
    }

    #[test]
    fn what_is_no_header_is_named_but_not_its_value() {
        let many = format!("{{{}}}", (0..101).map(|n| format!("\"x{n}\":\"\"")).collect::<Vec<_>>().join(","));
        let long = format!("{{\"x\":\"{}\"}}", "s".repeat(MAX_CREDENTIAL_BYTES));
        for (json, message) in [
            ("", "not JSON"),
            ("{", "not JSON"),
            ("[]", "is a JSON list"),
            ("null", "is a JSON null"),
            (r#"{"x y":"secret"}"#, "'x y' cannot be a header"),
            (r#"{"":"secret"}"#, "'' cannot be a header"),
            (r#"{"x":"secret\n"}"#, "'x' cannot be a header"),
            (r#"{"x\n":"secret"}"#, "'x\\n' cannot be a header"),
            (r#"{"x":null}"#, "'x' is a JSON null"),
            (r#"{"x":{"secret":1}}"#, "'x' is a JSON object"),
            (&many, "more than 100 members"),
            (&long, "longer than 65536 bytes"),
        ] {
            let error = parse(json.as_bytes()).expect_err(message).to_string();
            assert!(error.contains(message), "{error} <> {message}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
