//! How much of a request is kept. A field may give megabytes, and a document may ask for thousands of fields.

use value::{Value, value};

use super::Wants;
use crate::resolver::weight;

/// The bounds of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of one value.
    pub value: usize,
    /// Bytes of all values together.
    pub total: usize,
    /// Resolver runs.
    pub runs: usize,
}

/// Bytes of one value in a trace.
pub const TRACE_VALUE: usize = 16 << 10;
/// Bytes of all values in a trace.
pub const TRACE_TOTAL: usize = 4 << 20;
/// A test case with a part of a value would be wrong, so that cases get whole ones, up to here.
const RECORD_VALUE: usize = 1 << 20;
const RECORD_TOTAL: usize = 32 << 20;
/// AppSync sends 1 MB of log lines for a request, and cuts off what is beyond (developer guide, "Log size limits").
pub const LOG_TOTAL: usize = 1 << 20;
/// As many resolvers as may run for one request by AppSync's quota.
const RUNS: usize = 10_000;
/// Levels of a value: what is deeper could not be read back from the middle of a trace.
const DEEPEST: usize = 100;

impl Bounds {
    /// The bounds for these readers.
    #[must_use]
    pub fn of(wants: Wants) -> Self {
        if wants.record {
            Self { value: RECORD_VALUE, total: RECORD_TOTAL, runs: RUNS }
        } else if wants.trace {
            Self { value: TRACE_VALUE, total: TRACE_TOTAL, runs: RUNS }
        } else {
            Self { value: LOG_TOTAL, total: LOG_TOTAL, runs: RUNS }
        }
    }
}

/// The key of what stands for a value that is not shown whole.
pub const TRUNCATED: &str = "$truncated";

/// What stands for a value once [`Bounds::total`] is reached.
#[must_use]
pub fn left_out() -> Value {
    value!({"$truncated": {"reason": "the trace has reached its size limit"}})
}

/// The value if it is no longer than `limit` bytes of JSON, else what stands for it; and about how many bytes that is.
#[must_use]
pub fn cut(value: &Value, limit: usize) -> (Value, usize) {
    let heavy = weight(value);
    let deep = value.depth_up_to(DEEPEST + 1) > DEEPEST;
    // The weight is more than the length, but for texts with many escapes.
    if heavy <= limit && !deep {
        return (value.clone(), heavy);
    }
    let json = value.to_json();
    if json.len() <= limit && !deep {
        return (value.clone(), json.len());
    }
    let reason = if deep { "nested too deeply" } else { "too long" };
    let start = cut_text(&json, limit.min(4 << 10));
    let bytes = start.len();
    (value!({"$truncated": {"reason": reason, "bytes": (json.len()), "start": (start)}}), bytes)
}

/// The text, or its beginning with an ellipsis.
#[must_use]
pub fn cut_text(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

/// Whether a part of this value is missing.
#[must_use]
pub fn is_cut(value: &Value) -> bool {
    value.as_object().is_some_and(|object| object.len() == 1 && object.contains_key(TRUNCATED))
}
