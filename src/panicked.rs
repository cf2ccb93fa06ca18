//! Panics that were caught: the log has what happened, the caller an id to find it by.

use std::any::Any;

/// What a panic said.
pub(crate) fn cause(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown")
}

/// What the caller is told.
pub(crate) fn message(request_id: &str) -> String {
    format!("An internal failure has occurred. The server's log has it as request {request_id}.")
}
