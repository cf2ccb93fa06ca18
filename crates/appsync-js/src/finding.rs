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
    /// What AppSync says of it, where that is known: `For statements are not supported.`
    pub appsync: Option<String>,
    /// The way out.
    pub help: Option<String>,
    /// The path of the file, as given to [`compile`](crate::compile).
    pub file: String,
    /// Byte range in that file.
    pub span: Range<usize>,
    /// Line of the start, from 1.
    pub line: usize,
    /// Column of the start, from 1, in UTF-16 units, as AppSync and editors count.
    pub column: usize,
}

impl Finding {
    /// What EvaluateCode and CreateResolver call it in `codeErrors[].errorType`.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self.rule {
            "missing-handlers" | "unexported-handler" => "MISSING_MAPPING_EXPORT",
            rule if rule.starts_with("no-") => "LINT_ERROR",
            _ => "PARSE_ERROR",
        }
    }

    /// AppSync's own words; ours where AppSync's are not known.
    #[must_use]
    pub fn appsync_message(&self) -> &str {
        self.appsync.as_deref().unwrap_or(&self.message)
    }

    /// The line as AppSync writes it, `codeErrors[].value`: `code.js(5,14): error TS2339: Property ...` of the compiler,
    /// `code.js(2,3): error @aws-appsync/no-for: For ...` of the linter. AppSync knows one file, `code.js`.
    #[must_use]
    pub fn compiler_line(&self, file: &str) -> String {
        let linter = if self.rule.starts_with("no-") { format!("@aws-appsync/{}: ", self.rule) } else { String::new() };
        format!("{file}({},{}): error {linter}{}", self.line, self.column, self.appsync_message())
    }
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
    /// Where the last finding was: most come in order, and there may be as many as code has characters.
    last: Place,
    pub(crate) found: Vec<Finding>,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, last: Place::START, found: Vec::new() }
    }

    pub(crate) fn push(
        &mut self,
        severity: Severity,
        rule: &'static str,
        span: Range<usize>,
        message: String,
        help: Option<String>,
    ) -> &mut Finding {
        self.last = self.last.to(self.text, span.start);
        let Place { line, column, .. } = self.last;
        let file = self.file.to_owned();
        self.found.push(Finding { severity, rule, message, appsync: None, help, file, span, line, column });
        self.found.last_mut().expect("it was pushed")
    }

    pub(crate) fn text_at(&self, span: Range<usize>) -> &'a str {
        self.text.get(span).unwrap_or_default()
    }

    pub(crate) fn error(&mut self, rule: &'static str, span: Range<usize>, message: String, help: Option<String>) {
        self.push(Severity::Error, rule, span, message, help);
    }
}

/// A place in a text: AppSync's compiler and lint plugin count both from 1, columns in UTF-16 units; a byte order mark takes no
/// column, and a line ends as ECMAScript says (LF, CR, CR LF, U+2028, U+2029).
#[derive(Clone, Copy, Debug)]
struct Place {
    offset: usize,
    line: usize,
    column: usize,
}

impl Place {
    const START: Self = Self { offset: 0, line: 1, column: 1 };

    /// The place of a byte offset, counted on from here if it lies ahead.
    fn to(self, text: &str, offset: usize) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let Self { offset: from, mut line, mut column } = if offset < self.offset { Self::START } else { self };
        for (at, character) in text[from..offset].char_indices() {
            match character {
                '\u{feff}' if from + at == 0 => {}
                '\r' if text[from + at + 1..].starts_with('\n') => {}
                '\n' | '\r' | '\u{2028}' | '\u{2029}' => (line, column) = (line + 1, 1),
                character => column += character.len_utf16(),
            }
        }
        Self { offset, line, column }
    }
}

/// Line and column (both from 1) of a byte offset, as findings count them.
pub(crate) fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let Place { line, column, .. } = Place::START.to(text, offset);
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::Place;

    fn place(text: &str, from: usize, offset: usize) -> (usize, usize) {
        let Place { line, column, .. } = Place::START.to(text, from).to(text, offset);
        (line, column)
    }

    #[test]
    fn places_are_counted_as_appsync_counts() {
        for (before, expected) in [
            ("", (1, 1)),
            ("ab", (1, 3)),
            ("a\nb", (2, 2)),
            ("a\r\nb", (2, 2)),
            ("a\rb", (2, 2)),
            ("a\u{2028}b\u{2029}", (3, 1)),
            ("\t\t", (1, 3)),
            ("é", (1, 2)),
            ("😀", (1, 3)),
            ("\u{feff}a", (1, 2)),
            ("a\u{feff}", (1, 3)),
            ("\n\r\n\r", (4, 1)),
        ] {
            let text = format!("{before}x");
            for from in 0..=text.len() {
                assert_eq!(place(&text, from, before.len()), expected, "{before:?} from {from}");
            }
        }
        assert_eq!(place("é", 0, 1), (1, 1), "inside of a character");
        assert_eq!(place("a", 0, 9), (1, 2), "behind the end");
    }
}
