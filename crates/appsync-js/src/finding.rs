//! What the checker found in resolver code, and where.

use std::ops::Range;

/// Whether code with this finding can be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It is evaluated here, but AppSync would refuse it.
    Warning,
    /// It is refused.
    Error,
}

/// One finding in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Error or warning.
    pub severity: Severity,
    /// The rule's name; for forbidden constructs the one of AppSync's lint plugin, `no-for`.
    pub rule: &'static str,
    /// What is wrong, naming the thing.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
    /// The path of the file, as given to [`compile`](crate::compile).
    pub file: String,
    /// Byte range in that file.
    pub span: Range<usize>,
    /// Line of the start, from 1.
    pub line: usize,
    /// Column of the start, from 1, in characters.
    pub column: usize,
}

impl std::fmt::Display for Finding {
    /// `code.js:3:5: message (rule)`, as a compiler prints it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}: {} ({})", self.file, self.line, self.column, self.message, self.rule)
    }
}

/// Collects the findings of one file.
pub(crate) struct Findings<'a> {
    file: &'a str,
    text: &'a str,
    pub(crate) found: Vec<Finding>,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, found: Vec::new() }
    }

    pub(crate) fn push(
        &mut self,
        severity: Severity,
        rule: &'static str,
        span: Range<usize>,
        message: String,
        help: Option<String>,
    ) {
        let (line, column) = line_column(self.text, span.start);
        self.found.push(Finding { severity, rule, message, help, file: self.file.to_owned(), span, line, column });
    }

    pub(crate) fn text_at(&self, span: Range<usize>) -> &'a str {
        self.text.get(span).unwrap_or_default()
    }

    pub(crate) fn error(&mut self, rule: &'static str, span: Range<usize>, message: String, help: Option<String>) {
        self.push(Severity::Error, rule, span, message, help);
    }
}

/// Line and column (both from 1, the column in characters) of a byte offset.
pub(crate) fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
