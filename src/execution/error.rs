//! The two kinds of error an answer can carry, and their wire form (contract: shapes).
//!
//! This is the one place that writes `errors[]` members.

use value::{Value, write_json_string};

use super::ast::Position;

/// An error of the request as a whole: parsing, validation, variables. Nothing was executed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RequestError {
    /// What is wrong, in AppSync's words.
    pub message: String,
    /// Where in the document; `None` where AppSync gives `null`.
    pub locations: Option<Vec<Position>>,
}

impl RequestError {
    /// An error at a place, or at none in particular.
    #[must_use]
    pub fn new(message: impl Into<String>, position: Option<Position>) -> Self {
        Self { message: message.into(), locations: position.map(|position| vec![position]) }
    }
}

/// An error that a resolver raised for its field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldError {
    /// What is wrong.
    pub message: String,
    /// `errorType`; null when the resolver gave none.
    pub error_type: Option<String>,
    /// `data`; cut to the selection set when it is written.
    pub data: Value,
    /// `errorInfo`; written as it is.
    pub error_info: Value,
    /// What is known beyond AppSync's words, an object, or null: written as `extensions` for whom [`Request::details`] says.
    ///
    /// [`Request::details`]: super::executor::Request::details
    pub detail: Value,
}

impl FieldError {
    /// An error with a type and a message.
    #[must_use]
    pub fn new(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self { message: message.into(), error_type: Some(error_type.into()), ..Self::default() }
    }
}

/// One step of the way from the root of the answer to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    /// A response key.
    Key(&'a str),
    /// A place in a list.
    Index(usize),
}

/// The body for a request that was refused as a whole.
#[must_use]
pub fn refused(errors: &[RequestError]) -> Vec<u8> {
    let mut out = Vec::with_capacity(128 + errors.len() * 160);
    out.extend_from_slice(br#"{"data":null,"errors":["#);
    for (at, error) in errors.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(br#"{"path":null,"locations":"#);
        match &error.locations {
            Some(locations) => write_locations(locations, &mut out),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(br#","message":"#);
        write_json_string(&error.message, &mut out);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    out
}

/// Appends a resolver's error, with what AppSync does not say of it if `details`; gives the bytes of that, which are no part of the
/// answer that AppSync would limit.
pub(super) fn write_field_error(
    path: &[Segment<'_>],
    position: Position,
    (error, details): (&FieldError, bool),
    data: &Value,
    out: &mut Vec<u8>,
) -> usize {
    out.extend_from_slice(br#"{"path":"#);
    write_path(path, out);
    out.extend_from_slice(br#","data":"#);
    data.write_json(out);
    out.extend_from_slice(br#","errorType":"#);
    match &error.error_type {
        Some(error_type) => write_json_string(error_type, out),
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(br#","errorInfo":"#);
    error.error_info.write_json(out);
    out.extend_from_slice(br#","locations":"#);
    write_locations(&[position], out);
    out.extend_from_slice(br#","message":"#);
    write_json_string(&error.message, out);
    let before = out.len();
    if details && !error.detail.is_null() {
        out.extend_from_slice(br#","extensions":"#);
        error.detail.write_json(out);
    }
    let beyond = out.len() - before;
    out.push(b'}');
    beyond
}

/// Appends an error of completing a value: no type, no locations.
pub(super) fn write_completion_error(path: &[Segment<'_>], message: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"path":"#);
    write_path(path, out);
    out.extend_from_slice(br#","locations":null,"message":"#);
    write_json_string(message, out);
    out.push(b'}');
}

/// A path as graphql-java prints it: `/listX/items[0]/createdAt`.
pub(super) fn display_path(path: &[Segment<'_>]) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Key(key) => {
                text.push('/');
                text.push_str(key);
            }
            Segment::Index(index) => write!(text, "[{index}]").expect("writing to a String"),
        }
    }
    text
}

fn write_path(path: &[Segment<'_>], out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, segment) in path.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        match segment {
            Segment::Key(key) => write_json_string(key, out),
            Segment::Index(index) => out.extend_from_slice(index.to_string().as_bytes()),
        }
    }
    out.push(b']');
}

fn write_locations(locations: &[Position], out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, position) in locations.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(
            format!(r#"{{"line":{},"column":{},"sourceName":null}}"#, position.line, position.column).as_bytes(),
        );
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_errors_have_the_request_shape() {
        let error = RequestError { message: "Validation error".into(), locations: Some(vec![Position { line: 1, column: 2 }]) };
        assert_eq!(
            String::from_utf8(refused(&[error, RequestError::new("x", None)])).expect("UTF-8"),
            r#"{"data":null,"errors":[{"path":null,"locations":[{"line":1,"column":2,"sourceName":null}],"message":"Validation error"},{"path":null,"locations":null,"message":"x"}]}"#
        );
    }

    #[test]
    fn paths_print_as_graphql_java_prints_them() {
        let path = [Segment::Key("listX"), Segment::Key("items"), Segment::Index(0), Segment::Key("createdAt")];
        assert_eq!(display_path(&path), "/listX/items[0]/createdAt");
    }
}
