//! What one resolver evaluation brings to a utility (clock, randomness, identity) and what the utilities leave behind.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use value::{Str, Value};

/// The time that `util.time.*` and the ids see. A fixed clock makes evaluations repeatable.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> i64;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
        }
    }
}

/// Randomness for ids and `util.math.random*`.
pub trait IdSource: Send + Sync {
    /// Fills `bytes` with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// The process's cryptographically secure random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    fn fill(&self, bytes: &mut [u8]) {
        rand::fill(bytes);
    }
}

/// One evaluation of resolver code; made anew for each, so nothing survives from one to the next.
pub struct Session {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The randomness.
    pub ids: Arc<dyn IdSource>,
    /// `ctx.identity`, from whose shape `util.authType` answers.
    pub identity: Value,
    /// What the code caused so far.
    pub effects: Effects,
    /// The literal parts of the `sql` templates this evaluation made. Only these may stand as raw SQL, so that an object from
    /// a client that looks like a template cannot become one.
    pub(crate) sql_templates: Vec<Value>,
    /// Work beyond that of a call, which whoever runs the code has not counted yet.
    work: u64,
}

impl Session {
    /// A session with the given clock, randomness and `ctx.identity`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>, identity: Value) -> Self {
        Self { clock, ids, identity, effects: Effects::default(), sql_templates: Vec::new(), work: 0 }
    }

    /// Notes work that takes time: some ten nanoseconds each.
    pub(crate) fn note_work(&mut self, units: u64) {
        self.work = self.work.saturating_add(units);
    }

    /// The work that utilities did since this was last asked, for the account of the code that called them.
    pub fn take_work(&mut self) -> u64 {
        std::mem::take(&mut self.work)
    }

    /// A session with the machine's clock and randomness.
    #[must_use]
    pub fn system(identity: Value) -> Self {
        Self::new(Arc::new(SystemClock), Arc::new(SystemIds), identity)
    }
}

/// What resolver code caused besides its result.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// Errors from `util.appendError`, in order.
    pub errors: Vec<Raised>,
    /// Lines from `util.log.*` and `console.*`.
    pub logs: Vec<LogEntry>,
    /// Headers to add to the response, names as written, the last definition of a name only.
    pub response_headers: Vec<(Str, Str)>,
    /// Messages of refused headers: the operation's errors of type `ResponseHeaderError`.
    pub header_faults: Vec<String>,
    /// From `extensions.setSubscriptionFilter`.
    pub subscription_filter: Option<Value>,
    /// From `extensions.setSubscriptionInvalidationFilter`.
    pub invalidation_filter: Option<Value>,
    /// From `extensions.invalidateSubscriptions`: `{subscriptionField, payload}`.
    pub invalidations: Vec<Value>,
    /// From `extensions.evictFromApiCache`: `{typeName, fieldName, keyValuePair}`.
    pub evictions: Vec<Value>,
    /// Bytes of [`Effects::logs`].
    log_bytes: usize,
    /// The log is full, and its last line says so.
    log_is_full: bool,
    /// Bytes of everything else.
    other_bytes: usize,
}

/// How many entries each list in [`Effects`] may have.
pub const MAX_EFFECTS: usize = 1_000;

/// How many bytes the lines of one evaluation's log may have together.
pub const MAX_LOG_BYTES: usize = 1 << 20;

/// How many bytes appended errors, filters, invalidations and evictions of one evaluation may have together, about.
pub const MAX_EFFECT_BYTES: usize = 5 << 20;

/// About how many bytes a value has as JSON, counted until there are more than `limit`: a small value may stand for a huge text,
/// because its parts are shared.
#[must_use]
pub fn bytes_up_to(value: &Value, limit: usize) -> usize {
    let (mut bytes, mut left) = (0_usize, vec![value]);
    while let Some(next) = left.pop() {
        bytes = bytes.saturating_add(match next {
            Value::String(text) => text.len() + 2,
            Value::Number(_) => 8,
            _ => 4,
        });
        match next {
            Value::List(items) => left.extend(items.iter()),
            Value::Object(members) => {
                bytes = bytes.saturating_add(members.iter().map(|(name, _)| name.len() + 4).sum());
                left.extend(members.iter().map(|(_, member)| member));
            }
            _ => {}
        }
        // What waits has at least a byte for each.
        if bytes.saturating_add(left.len()) > limit {
            return limit.saturating_add(1);
        }
    }
    bytes
}

impl Effects {
    /// Adds a log line. From [`MAX_EFFECTS`] lines on nothing more is kept; the last line kept says so.
    pub fn log(&mut self, level: Level, message: impl Into<String>) {
        self.log_at(level, message, None);
    }

    /// Adds a log line that was written at `place`, as [`Effects::log`] does. Nothing more is kept either once all lines together
    /// would have more than [`MAX_LOG_BYTES`].
    pub fn log_at(&mut self, level: Level, message: impl Into<String>, place: Option<LogPlace>) {
        if self.log_is_full {
            return;
        }
        let message = message.into();
        if self.logs.len() + 1 >= MAX_EFFECTS {
            self.end_log(&format!("{} log lines", MAX_EFFECTS - 1));
        } else if message.len() > self.log_bytes_left() {
            self.end_log(&format!("{MAX_LOG_BYTES} bytes of log"));
        } else {
            self.log_bytes += message.len();
            self.logs.push(LogEntry { level, message, place });
        }
    }

    /// How many bytes the log still takes.
    pub(crate) fn log_bytes_left(&self) -> usize {
        if self.log_is_full { 0 } else { MAX_LOG_BYTES - self.log_bytes }
    }

    pub(crate) fn log_is_full(&self) -> bool {
        self.log_is_full
    }

    pub(crate) fn log_is_too_long(&mut self) {
        if !self.log_is_full {
            self.end_log(&format!("{MAX_LOG_BYTES} bytes of log"));
        }
    }

    fn end_log(&mut self, limit: &str) {
        self.log_is_full = true;
        let message = format!("this evaluation wrote more than {limit}; the rest is left out");
        self.logs.push(LogEntry { level: Level::Error, message, place: None });
    }

    /// Counts values that are about to be kept in another list than the log.
    ///
    /// # Errors
    /// A sentence that names the limit, when there is no room for them.
    pub(crate) fn charge(&mut self, values: &[Value]) -> Result<(), String> {
        for value in values {
            let left = MAX_EFFECT_BYTES - self.other_bytes;
            let bytes = bytes_up_to(value, left);
            if bytes > left {
                return Err(format!(
                    "one evaluation may append errors, set filters, invalidate and evict with at most {MAX_EFFECT_BYTES} bytes together"
                ));
            }
            self.other_bytes += bytes;
        }
        Ok(())
    }
}

/// One line of a resolver's log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEntry {
    /// How severe.
    pub level: Level,
    /// The text, placeholders filled in.
    pub message: String,
    /// Where the code wrote it, if that is known.
    pub place: Option<LogPlace>,
}

/// A place in code that writes to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPlace {
    /// The file, as messages name it: `code.js`.
    pub file: Str,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

/// The level of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `util.log.debug`.
    Debug,
    /// `util.log.info`, `console.log`.
    Info,
    /// `util.log.error`, `console.error`.
    Error,
}

/// An error that resolver code raised by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Raised {
    /// `message`.
    pub message: String,
    /// `errorType`; AppSync answers null when the code gave none.
    pub error_type: Option<String>,
    /// `data`, to be filtered by the field's selection set.
    pub data: Value,
    /// `errorInfo`, passed on as it is.
    pub error_info: Value,
}

/// Where an early return goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipTo {
    /// The pipeline's response step.
    End,
    /// The next function.
    Next,
}

/// Why a utility did not return.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// `util.error`, `util.validate`: ends the resolver with this error.
    #[error("{}", .0.message)]
    Raised(Raised),
    /// `util.unauthorized`: ends the resolver; who answers the field knows its name and type.
    #[error("Unauthorized")]
    Unauthorized,
    /// `runtime.earlyReturn`: ends the step with a value.
    #[error("early return")]
    EarlyReturn {
        /// The step's value.
        value: Value,
        /// Where to go on, if the code said.
        skip_to: Option<SkipTo>,
    },
    /// Arguments the utility refuses. AppSync's own words where they are known; runtimes put a position in front.
    #[error("{message}")]
    Invalid {
        /// The utility's name in its table.
        utility: &'static str,
        /// What is wrong.
        message: String,
    },
}

impl Failure {
    pub(crate) fn invalid(utility: &'static str, message: impl Into<String>) -> Self {
        Failure::Invalid { utility, message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_bounded_and_says_so() {
        let mut effects = Effects::default();
        for at in 0..5_000 {
            effects.log(Level::Info, at.to_string());
        }
        assert_eq!(effects.logs.len(), MAX_EFFECTS);
        let last = effects.logs.last().expect("lines");
        assert_eq!((last.level, last.message.contains("999 log lines")), (Level::Error, true));
    }

    #[test]
    fn the_log_is_bounded_in_bytes_whatever_lines_are_long() {
        for length in [300_000, MAX_LOG_BYTES, MAX_LOG_BYTES + 1] {
            let mut effects = Effects::default();
            for _ in 0..900 {
                effects.log(Level::Info, "x".repeat(length));
            }
            effects.log(Level::Info, "a short line after the long ones");
            let bytes: usize = effects.logs.iter().map(|line| line.message.len()).sum();
            assert!(bytes <= MAX_LOG_BYTES + 100, "{bytes} bytes of lines of {length}");
            assert_eq!(effects.logs.len(), MAX_LOG_BYTES / length + 1);
            assert!(effects.logs.last().is_some_and(|last| last.message.contains("1048576 bytes")));
        }
    }

    #[test]
    fn the_bytes_of_a_value_with_shared_parts_are_counted_in_no_time() {
        let mut doubled = Value::from("0123456789".repeat(10));
        for _ in 0..60 {
            doubled = Value::from(vec![doubled.clone(), doubled]);
        }
        assert_eq!(bytes_up_to(&doubled, 1_000_000), 1_000_001);
        assert_eq!(bytes_up_to(&value::value!({"ab": ["c", null]}), 100), 6 + 4 + 4 + 3 + 4);
    }
}
