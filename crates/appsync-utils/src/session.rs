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
}

impl Session {
    /// A session with the given clock, randomness and `ctx.identity`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>, identity: Value) -> Self {
        Self { clock, ids, identity, effects: Effects::default(), sql_templates: Vec::new() }
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
}

/// How many entries each list in [`Effects`] may have.
pub const MAX_EFFECTS: usize = 1_000;

impl Effects {
    /// Adds a log line. From [`MAX_EFFECTS`] lines on nothing more is kept; the last line kept says so.
    pub fn log(&mut self, level: Level, message: impl Into<String>) {
        match self.logs.len() {
            count if count + 1 < MAX_EFFECTS => self.logs.push(LogEntry { level, message: message.into() }),
            count if count < MAX_EFFECTS => {
                let message = format!("this evaluation wrote more than {} log lines; the rest is left out", MAX_EFFECTS - 1);
                self.logs.push(LogEntry { level: Level::Error, message });
            }
            _ => {}
        }
    }
}

/// One line of a resolver's log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEntry {
    /// How severe.
    pub level: Level,
    /// The text, placeholders filled in.
    pub message: String,
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
    /// `util.error`, `util.unauthorized`, `util.validate`: ends the resolver with this error.
    #[error("{}", .0.message)]
    Raised(Raised),
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
}
