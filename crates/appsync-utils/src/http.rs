//! `util.http.*`: which headers may be passed on and which may be added to the response.

use value::{Object, Str, Value};

use crate::arguments::Arguments;
use crate::session::{Effects, MAX_EFFECTS};
use crate::{Failure, Session, Utility};

pub(crate) const TABLE: &[Utility] = &[
    Utility::both("http.copyHeaders", copy_headers),
    Utility::both("http.addResponseHeader", add_response_header),
    Utility::both("http.addResponseHeaders", add_response_headers),
];

/// Headers that `copyHeaders` leaves out (developer guide, HTTP helpers).
const HOP_BY_HOP: &[&str] = &[
    "transfer-encoding",
    "connection",
    "host",
    "expect",
    "keep-alive",
    "upgrade",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "content-length",
];

const RESERVED: &[&str] = &[
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "vary",
    "content-type",
];

/// All added headers together, names and values.
const MAX_HEADER_BYTES: usize = 4 * 1024;

/// Whether resolver code may not set this response header: names that belong to HTTP framing, CORS or AWS.
#[must_use]
pub fn is_forbidden_response_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    HOP_BY_HOP.contains(&&*name) || RESERVED.contains(&&*name) || name.starts_with("x-amzn-") || name.starts_with("x-amz-")
}

fn copy_headers(_: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new("http.copyHeaders", values);
    if arguments.get(0).is_null() {
        return Ok(Object::new().into());
    }
    let kept = arguments.object(0)?.iter().filter(|(name, _)| !HOP_BY_HOP.contains(&&*name.to_ascii_lowercase()));
    Ok(kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Object>().into())
}

fn add_response_header(session: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new("http.addResponseHeader", values);
    add(&mut session.effects, arguments.get(0), arguments.get(1));
    Ok(Value::Null)
}

fn add_response_headers(session: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    for (name, value) in Arguments::new("http.addResponseHeaders", values).object(0)? {
        add(&mut session.effects, &Value::String(name.clone()), value);
    }
    Ok(Value::Null)
}

/// A refused header does not end the evaluation; it leaves a fault (developer guide: "ResponseHeaderError").
fn add(effects: &mut Effects, name: &Value, value: &Value) {
    match accept(effects, name, value) {
        Ok((name, value)) => match effects.response_headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            Some(known) => *known = (name, value),
            None => effects.response_headers.push((name, value)),
        },
        Err(fault) if effects.header_faults.len() < MAX_EFFECTS => effects.header_faults.push(fault),
        Err(_) => {}
    }
}

fn accept(effects: &Effects, name: &Value, value: &Value) -> Result<(Str, Str), String> {
    let name = match name {
        Value::String(name) if !name.is_empty() => name.clone(),
        _ => return Err("The name of a response header must not be empty".to_owned()),
    };
    // As messages show it: a name may have any length.
    let shown: String = name.chars().take(200).collect();
    if is_forbidden_response_header(&name) {
        return Err(format!("The response header '{shown}' is restricted and cannot be set"));
    }
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !name.bytes().all(token) {
        return Err(format!("'{shown}' is not a valid name of a response header"));
    }
    let value: Str = match value {
        Value::Null => return Err(format!("The value of the response header '{shown}' must not be null")),
        Value::String(text) => text.clone(),
        other => other.to_json().into(),
    };
    if value.bytes().any(|byte| byte < 0x20 && byte != b'\t' || byte == 0x7f) {
        return Err(format!("The value of the response header '{shown}' contains control characters"));
    }
    let others = effects.response_headers.iter().filter(|(known, _)| !known.eq_ignore_ascii_case(&name));
    let total = others.map(|(name, value)| name.len() + value.len()).sum::<usize>() + name.len() + value.len();
    if total > MAX_HEADER_BYTES {
        return Err(format!("The response header '{shown}' exceeds the limit of {MAX_HEADER_BYTES} bytes for all added headers"));
    }
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;
    use crate::testing::{check, session};

    #[test]
    fn copied_headers_leave_out_framing() {
        check(&[(
            "http.copyHeaders",
            vec![value!({"Host": "h", "te": "t", "Content-Length": "3", "x-keep": "yes"})],
            value!({"x-keep": "yes"}),
        )]);
    }

    #[test]
    fn added_headers_replace_and_are_refused_by_rule() {
        let mut session = session();
        for (name, value) in [
            (value!("itemsCount"), value!(7)),
            (value!("ItemsCount"), value!(8)),
            (value!("Set-Cookie"), value!("a=b")),
            (value!(""), value!("x")),
            (value!("X-Amzn-Trace"), value!("x")),
            (value!("Vary"), value!("x")),
            (value!("a b"), value!("x")),
            (value!("ok"), Value::Null),
            (value!("split"), value!("a\r\nb: c")),
            (value!("big"), value!("x".repeat(5_000))),
        ] {
            add_response_header(&mut session, &[name, value]).expect("never ends the evaluation");
        }
        let kept: Vec<_> = session.effects.response_headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(kept, [("ItemsCount", "8"), ("Set-Cookie", "a=b")]);
        assert_eq!(session.effects.header_faults.len(), 7);
        add_response_headers(&mut session, &[value!({"a": 1, "b": true})]).expect("headers");
        assert_eq!(session.effects.response_headers.len(), 4);
    }
}
