//! The engine's errors as the service's: code, message, status, the item of a failed condition, cancellation reasons.
//!
//! The engine's request types raise marked messages while they are read: `VALIDATION:` for a plain `ValidationException`,
//! `VALIDATION_REQUEST:` for one that `PutItem`, `UpdateItem` and `DeleteItem` report as `1 validation error detected: …`,
//! `SERIALIZATION:` for a `SerializationException`, and `…_AS_READ:` for those two with the message left as it is. No mark may
//! be seen outside. Which errors keep that opening, [`super::wording`] decides.

use dynoxide::DynoxideError;
use value::{Str, Value};

use super::decode::DecodeError;
use super::encode::to_value;
use super::engine::{Failure, without_paths};
use super::wording::ENVELOPE;
use crate::{CancellationReason, Operation, ServiceError};

/// A request that could not be read.
pub(super) fn unreadable(operation: Operation, request: &Value, error: &DecodeError, id: &Str) -> ServiceError {
    let message = error.0.as_str();
    let validation = |message: String| ServiceError::new("ValidationException", message, 400, Str::clone(id));
    let serialization = |message: String| ServiceError::new("SerializationException", message, 400, Str::clone(id));
    for mark in ["SERIALIZATION_AS_READ:", "SERIALIZATION:"] {
        if let Some(rest) = message.strip_prefix(mark) {
            return serialization(rest.to_owned());
        }
    }
    if let Some(rest) = message.strip_prefix("VALIDATION_REQUEST:") {
        let enveloped = has_envelope(operation) && !reads_on_older_layer(request);
        return validation(if enveloped { format!("{ENVELOPE}{rest}") } else { rest.to_owned() });
    }
    for mark in ["VALIDATION_AS_READ:", "VALIDATION:"] {
        if let Some(rest) = message.strip_prefix(mark) {
            return validation(rest.to_owned());
        }
    }
    if message.contains("empty AttributeValue") {
        return validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes".to_owned());
    }
    if message.contains("Supplied AttributeValue") {
        return validation(message.to_owned());
    }
    if message.contains("missing field") || message.contains("unknown variant") || message.contains("invalid type: null") {
        return validation(message.to_owned());
    }
    if message.contains("invalid base64") {
        return serialization("Base64 input is not valid".to_owned());
    }
    if message.starts_with("expected string") {
        return serialization(format!("{} cannot be converted to String", mistyped_text(request)));
    }
    if message.starts_with("expected array") || message.starts_with("expected object") {
        return serialization("Unexpected field type".to_owned());
    }
    serialization(message.to_owned())
}

/// What the engine answered instead of a response.
pub(super) fn refused(operation: Operation, failure: Failure, id: &Str) -> ServiceError {
    match failure {
        Failure::Engine(error) => engine(operation, error, id),
        Failure::Panic => internal(id, "Internal server error"),
        Failure::Sync(error) => {
            tracing::error!(%error, operation = operation.name(), "a write is not on the disk");
            internal(id, "Internal server error: the write could not be made durable")
        }
        Failure::Closed => internal(id, "Internal server error: the tables are closed"),
    }
}

/// An error of ours.
pub(super) fn internal(id: &Str, message: &str) -> ServiceError {
    ServiceError::new("InternalServerError", message, 500, Str::clone(id))
}

#[expect(clippy::needless_pass_by_value, reason = "the items in it are moved")]
fn engine(operation: Operation, error: DynoxideError, id: &Str) -> ServiceError {
    let code = error.error_type().rsplit('#').next().unwrap_or_default();
    let mut message = unmarked(error.to_string());
    match &error {
        DynoxideError::SqliteError(_) | DynoxideError::InternalServerError(_) => {
            tracing::error!(%error, operation = operation.name(), "the engine of the tables failed");
            return internal(id, &format!("Internal server error: {}", without_paths(&message)));
        }
        DynoxideError::UnsupportedCapability(_) => {
            tracing::error!(%error, operation = operation.name(), "the engine of the tables cannot do this");
            return internal(id, &message);
        }
        DynoxideError::SerializationException(_) => message = late(message),
        DynoxideError::EnvelopedValidation(_) if has_envelope(operation) => message.insert_str(0, ENVELOPE),
        _ => {}
    }
    let mut refused = ServiceError::new(code, message, error.status_code(), Str::clone(id));
    match &error {
        DynoxideError::ConditionalCheckFailedException(_, Some(item))
        | DynoxideError::StatementConditionalCheckFailed(_, item) => {
            refused.item = to_value(item).ok();
        }
        DynoxideError::TransactionCanceledException(_, reasons) => {
            refused.cancellation_reasons = reasons
                .iter()
                .map(|reason| CancellationReason {
                    code: reason.code.as_str().into(),
                    message: reason.message.as_deref().map(Into::into),
                    item: reason.item.as_ref().and_then(|item| to_value(item).ok()),
                })
                .collect();
        }
        _ => {}
    }
    refused
}

/// What the service says of a value that the engine read late, from JSON it had kept.
fn late(mut message: String) -> String {
    if message.contains("invalid base64") {
        return "Base64 input is not valid".to_owned();
    }
    if let Some(at) = message.rfind(" at line ").filter(|at| message[*at..].contains(" column ")) {
        message.truncate(at);
    }
    message
}

/// A message without a mark: values that the engine reads late come back with theirs.
fn unmarked(mut message: String) -> String {
    for mark in ["VALIDATION_REQUEST:", "VALIDATION_AS_READ:", "SERIALIZATION_AS_READ:", "VALIDATION:", "SERIALIZATION:"] {
        if message.starts_with(mark) {
            message.drain(..mark.len());
        }
    }
    message
}

fn has_envelope(operation: Operation) -> bool {
    matches!(operation, Operation::PutItem | Operation::UpdateItem | Operation::DeleteItem)
}

/// Whether the service reads the request with its older validation, which knows no envelope: it holds a boolean written as a
/// string, or a value of more than one type.
fn reads_on_older_layer(request: &Value) -> bool {
    const TYPES: [&str; 10] = ["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"];
    any(request, |value| {
        let Value::Object(object) = value else { return false };
        let flag = ["BOOL", "NULL", "Exists"].iter().any(|name| matches!(object.get(name), Some(Value::String(_))));
        let mut types = TYPES.iter().filter_map(|name| object.get(name)).filter(|value| !value.is_null()).peekable();
        let first = types.next();
        let several = types.peek().is_some();
        flag || several && first.into_iter().chain(types).any(|value| value.as_object().is_none())
    })
}

/// What stands where the text of a string, number or binary belongs, as the service calls it.
fn mistyped_text(request: &Value) -> &'static str {
    let mut found = "TRUE_VALUE";
    any(request, |value| {
        let Value::Object(object) = value else { return false };
        if object.len() != 1 {
            return false;
        }
        ["S", "N", "B"].iter().any(|name| {
            found = match object.get(name) {
                Some(Value::Bool(false)) => "FALSE_VALUE",
                Some(Value::Number(number)) if number.is_integer() => "NUMBER_VALUE",
                Some(Value::Number(_)) => "DECIMAL_VALUE",
                Some(Value::Bool(true)) => "TRUE_VALUE",
                _ => return false,
            };
            true
        })
    });
    found
}

/// Whether `found` holds for a value anywhere in the request.
fn any(request: &Value, mut found: impl FnMut(&Value) -> bool) -> bool {
    let mut open = vec![request];
    while let Some(value) = open.pop() {
        if found(value) {
            return true;
        }
        match value {
            Value::List(items) => open.extend(items.iter()),
            Value::Object(object) => open.extend(object.values()),
            _ => {}
        }
    }
    false
}
