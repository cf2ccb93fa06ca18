//! What is wrong with a definition, where, by which rule, and the way out.
//!
//! Every room that reads the user's files reports [`Diagnostic`]s, all of them together; rendering for terminals and as JSON
//! lives here too, so that they look alike everywhere.

mod closest;
mod json;
mod secrecy;
mod terminal;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

pub use closest::closest;
pub use json::json_lines;
pub(crate) use secrecy::sounds_secret;
pub use terminal::{render, summary, wants_color};

/// A text the user wrote: a configuration file, a schema document, resolver code. Its `Debug` form leaves the text out, which
/// is long and may hold secrets.
#[derive(PartialEq, Eq)]
pub struct Source {
    /// The path as the user knows it, relative to the working directory where possible.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// Line and column (both from 1, the column in characters) of a byte offset.
    #[must_use]
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Source({:?}, {} bytes)", self.path, self.text.len())
    }
}

/// A place in a [`Source`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The text.
    pub source: Arc<Source>,
    /// Byte range in it.
    pub span: Range<usize>,
}

/// Whether a definition with this finding can be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It is served; something deserves a look.
    Warning,
    /// It is refused.
    Error,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// The rule's name, kebab-case, stable: `unknown-key`, `missing-file`, `unknown-field`.
    pub rule: &'static str,
    /// What is wrong, naming the thing.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
    /// Where.
    pub place: Option<Place>,
}

impl Diagnostic {
    /// An error of `rule`.
    #[must_use]
    pub fn error(rule: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, rule, message: message.into(), help: None, place: None }
    }

    /// A warning of `rule`.
    #[must_use]
    pub fn warning(rule: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, rule, message: message.into(), help: None, place: None }
    }

    /// With the way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With its place.
    #[must_use]
    pub fn at(mut self, source: &Arc<Source>, span: Range<usize>) -> Self {
        self.place = Some(Place { source: Arc::clone(source), span });
        self
    }
}

/// The findings in the order in which a person works through them (by file, then place, errors and warnings mixed), each once.
/// Findings without a place come first.
#[must_use]
pub fn in_order(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    fn key(diagnostic: &Diagnostic) -> (Option<(&str, usize, usize)>, &str, &str) {
        let place = diagnostic.place.as_ref().map(|place| (place.source.path.as_str(), place.span.start, place.span.end));
        (place, diagnostic.rule, &diagnostic.message)
    }
    let mut ordered: Vec<&Diagnostic> = diagnostics.iter().collect();
    ordered.sort_by(|a, b| key(a).cmp(&key(b)).then(b.severity.cmp(&a.severity)));
    ordered.dedup_by(|a, b| key(a) == key(b));
    ordered
}
