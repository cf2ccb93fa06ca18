//! What can go wrong with a template: mistakes in its text, and failures while it is evaluated.

use std::error::Error;
use std::fmt;
use std::ops::Range;

/// A mistake in the text of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong, and where it helps what to write instead.
    pub message: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The bytes of the source that the message is about.
    pub span: Range<usize>,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (line {}, column {})", self.message, self.line, self.column)
    }
}

impl Error for ParseError {}

/// A failure while a template was evaluated.
#[derive(Debug)]
pub struct EvaluateError {
    /// What failed.
    pub message: String,
    /// The line of the directive or reference, counted from 1.
    pub line: usize,
    /// Its column in characters, counted from 1.
    pub column: usize,
    /// The first argument of the method that failed that was a reference without value, as it is written.
    pub null_reference: Option<String>,
    /// The error of the host object that ended the evaluation, unchanged, where there was one.
    pub host: Option<Box<dyn Error + Send + Sync>>,
}

/// The fault of an evaluation that took too long.
pub(crate) const OUT_OF_TIME: &str = "The template takes more time than it may (limit deadline)";

impl EvaluateError {
    /// Whether it reached [`Limits::deadline`](crate::Limits::deadline), so that another try with more time may succeed.
    #[must_use]
    pub fn is_out_of_time(&self) -> bool {
        self.message == OUT_OF_TIME
    }
}

impl fmt::Display for EvaluateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (line {}, column {})", self.message, self.line, self.column)
    }
}

impl Error for EvaluateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.host.as_deref().map(|host| host as &(dyn Error + 'static))
    }
}

/// A failure before it is known where in the template it happened.
#[derive(Debug)]
pub(crate) struct Fault(Box<FaultParts>);

#[derive(Debug)]
struct FaultParts {
    message: String,
    /// The offset in the source, once known.
    at: Option<u32>,
    null_reference: Option<Box<str>>,
    host: Option<Box<dyn Error + Send + Sync>>,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Fault(Box::new(FaultParts { message: message.into(), at: None, null_reference: None, host: None }))
    }

    pub(crate) fn host(error: Box<dyn Error + Send + Sync>) -> Self {
        Fault(Box::new(FaultParts { message: error.to_string(), at: None, null_reference: None, host: Some(error) }))
    }

    /// Notes where it happened, unless an inner place is known already.
    pub(crate) fn at(mut self, at: u32) -> Self {
        self.0.at.get_or_insert(at);
        self
    }

    /// Notes a reference without value that the method which failed was given, unless an inner one is known already.
    pub(crate) fn given_null(mut self, literal: &str) -> Self {
        self.0.null_reference.get_or_insert_with(|| literal.into());
        self
    }

    /// Moves the place to `at`: the inner one belongs to another source.
    pub(crate) fn moved_to(mut self, at: u32) -> Self {
        self.0.at = Some(at);
        self
    }

    pub(crate) fn into_error(self, source: &str) -> EvaluateError {
        let parts = *self.0;
        let (line, column) = line_and_column(source, parts.at.unwrap_or(0) as usize);
        let null_reference = parts.null_reference.map(String::from);
        EvaluateError { message: parts.message, line, column, null_reference, host: parts.host }
    }
}

/// Line and column, both from 1, of a byte offset; an offset inside a character counts for that character.
#[must_use]
pub fn line_and_column(source: &str, offset: usize) -> (usize, usize) {
    let mut offset = offset.min(source.len());
    while !source.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &source[..offset];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.bytes().filter(|&byte| byte == b'\n').count() + 1, before[line_start..].chars().count() + 1)
}
