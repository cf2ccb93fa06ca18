//! What is wrong with a case file, and where. Whoever shows it puts the file's name in front.

use std::ops::Range;

/// A problem of a case file; none of its cases can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name, kebab-case, stable: `unknown-key`, `invalid-value`, `yaml-syntax`.
    pub rule: &'static str,
    /// What is wrong, naming the thing.
    pub message: String,
    /// The way out.
    pub help: Help,
    /// Byte range in the file.
    pub span: Range<usize>,
}

/// The way out of a [`Finding`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Help {
    /// A sentence.
    Say(String),
    /// A name is none of these: the nearest is to be suggested.
    OneOf {
        /// The name that was written.
        name: String,
        /// The names there are.
        known: Vec<&'static str>,
    },
}

impl Finding {
    /// A finding with its way out in a sentence.
    #[must_use]
    pub fn new(rule: &'static str, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { rule, message: message.into(), help: Help::Say(help.into()), span }
    }
}
