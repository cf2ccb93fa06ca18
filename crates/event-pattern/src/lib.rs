//! EventBridge's event patterns: whether a rule wants an event.
//!
//! A pattern is JSON of the form of the events that it matches, with lists of alternatives in the place of values (EventBridge user
//! guide, "Event patterns" and "Comparison operators"). What the guide leaves open (arrays, dots in names, the order of
//! absent fields, the words of refusals) follows the matcher that EventBridge publishes, `aws/event-ruler`.
//!
//! ```
//! use event_pattern::EventPattern;
//! use value::value;
//!
//! let pattern = EventPattern::parse(br#"{"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}]}}"#)?;
//! assert!(pattern.matches(&value!({"source": "shop", "detail": {"total": 120}})));
//! assert!(!pattern.matches(&value!({"source": "shop", "detail": {"total": 80}})));
//! # Ok::<(), event_pattern::PatternError>(())
//! ```
//!
//! Matching takes time proportional to the size of the event times that of the pattern, whatever either holds: values are found by
//! structure instead of trying choices, all combinations of `$or` are judged in one walk, and wildcards never backtrack.
//! [`EventPattern::parse`] bounds the pattern.

mod address;
mod combinations;
mod compile;
mod dotted;
mod matcher;
mod matching;
mod numeric;
mod wildcard;

use std::borrow::Cow;

use value::{Object, Value};

use matching::Node;

/// The most characters of a pattern (EventBridge quotas).
pub const MAX_LENGTH: usize = 4_096;
/// The most combinations that the `$or`s of a pattern make (EventBridge user guide, "Comparison operators").
pub const MAX_COMBINATIONS: usize = 1_000;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct EventPattern {
    /// What all combinations of the alternatives of `$or` want.
    root: Node,
}

/// An event to be held against patterns: the work that is the same for all of them is done once.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// With names that have no dots. What is no object has none.
    object: Option<Cow<'a, Object>>,
}

/// Why a pattern is refused, in EventBridge's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Event pattern is not valid. Reason: {reason}")]
pub struct PatternError {
    /// What is wrong.
    pub reason: String,
    /// The names that lead to the place, from the top.
    pub path: Vec<String>,
}

impl EventPattern {
    /// Reads a pattern from JSON text.
    ///
    /// # Errors
    /// [`PatternError`] for text that is no JSON, that is no pattern, or that is beyond a limit.
    pub fn parse(text: &[u8]) -> Result<Self, PatternError> {
        let value = Value::parse(text).map_err(|error| PatternError { reason: error.to_string(), path: Vec::new() })?;
        Self::compile(&value)
    }

    /// Compiles a pattern that was read already.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn compile(pattern: &Value) -> Result<Self, PatternError> {
        let length = pattern.to_json().chars().count();
        if length > MAX_LENGTH {
            let reason = format!("the pattern has {length} characters; at most {MAX_LENGTH} are allowed");
            return Err(PatternError { reason, path: Vec::new() });
        }
        Ok(Self { root: compile::compile(pattern)? })
    }

    /// Whether the pattern wants this event. What is no object matches nothing.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        self.matches_event(&Event::new(event))
    }

    /// As [`Self::matches`], for an event that many patterns are asked about.
    #[must_use]
    pub fn matches_event(&self, event: &Event<'_>) -> bool {
        event.object.as_ref().is_some_and(|object| self.root.matches_object(object))
    }
}

impl<'a> Event<'a> {
    /// Prepares an event.
    #[must_use]
    pub fn new(event: &'a Value) -> Self {
        let object = event.as_object();
        Self { object: object.map(|object| dotted::spread(object).map_or(Cow::Borrowed(object), Cow::Owned)) }
    }
}
