//! Findings for people: severity, rule, message, place, the line of source, the way out.
//!
//! The layout is rustc's, which terminals and editors link to (`--> file:line:column`). Only a window of the line around the
//! place is looked at and shown, so that a minified file of one line costs nothing; positions are always those of the whole
//! file. Characters that would steer a terminal are replaced: a resolver's text is not ours.

use std::ffi::OsStr;
use std::fmt::Write as _;

use super::secrecy::hidden;
use super::{Diagnostic, Place, Severity, in_order};

/// Characters shown before the place when the line must be cut.
const BEFORE: usize = 50;
/// Characters of a line shown at most.
const WINDOW: usize = 140;

const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const BLUE: &str = "\x1b[1;34m";
const CYAN: &str = "\x1b[1;36m";
const RESET: &str = "\x1b[0m";

/// Whether to colour: the stream is a terminal and `NO_COLOR` (its value, <https://no-color.org>) is not set or empty.
#[must_use]
pub fn wants_color(is_terminal: bool, no_color: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

/// All findings, in order, each once; empty when there are none.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], color: bool) -> String {
    let mut output = String::new();
    for diagnostic in in_order(diagnostics) {
        if !output.is_empty() {
            output.push('\n');
        }
        Painter { output: &mut output, color }.diagnostic(diagnostic);
    }
    output
}

/// `2 errors, 1 warning`, or `no problems`.
#[must_use]
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let ordered = in_order(diagnostics);
    let counted = |severity, word: &str| {
        let count = ordered.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        (count > 0).then(|| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
    };
    let parts: Vec<String> =
        [counted(Severity::Error, "error"), counted(Severity::Warning, "warning")].into_iter().flatten().collect();
    if parts.is_empty() { "no problems".into() } else { parts.join(", ") }
}

struct Painter<'a> {
    output: &'a mut String,
    color: bool,
}

impl Painter<'_> {
    fn paint(&mut self, style: &str, text: &str) {
        if self.color && !text.is_empty() {
            self.output.extend([style, text, RESET]);
        } else {
            self.output.push_str(text);
        }
    }

    fn diagnostic(&mut self, diagnostic: &Diagnostic) {
        let (word, style) = match diagnostic.severity {
            Severity::Error => ("error", RED),
            Severity::Warning => ("warning", YELLOW),
        };
        self.paint(style, &format!("{word}[{}]", diagnostic.rule));
        self.paint(BOLD, &format!(": {}", harmless(&diagnostic.message)));
        self.output.push('\n');
        let margin = match &diagnostic.place {
            Some(place) => self.place(place, style),
            None => 2,
        };
        if let Some(help) = &diagnostic.help {
            for (index, line) in help.lines().enumerate() {
                let lead = if index == 0 { "= help:" } else { "       " };
                let _ = write!(self.output, "{:margin$}", "");
                self.paint(CYAN, lead);
                let _ = writeln!(self.output, " {}", harmless(line));
            }
        }
    }

    /// Writes the place and returns the width of the margin.
    fn place(&mut self, place: &Place, style: &str) -> usize {
        let (line, column) = place.source.line_column(place.span.start);
        let number = line.to_string();
        let margin = number.len() + 1;
        let _ = write!(self.output, "{:width$}", "", width = margin - 1);
        self.paint(BLUE, "-->");
        let _ = writeln!(self.output, " {}:{line}:{column}", harmless(&place.source.path));
        if place.source.text.is_empty() {
            return margin;
        }
        let excerpt = Excerpt::new(place);
        self.margin(margin, "");
        self.output.push('\n');
        self.margin(margin, &number);
        let _ = writeln!(self.output, " {}", excerpt.text);
        self.margin(margin, "");
        let _ = write!(self.output, " {:width$}", "", width = excerpt.indent);
        self.paint(style, &"^".repeat(excerpt.marked));
        self.output.push('\n');
        margin
    }

    fn margin(&mut self, width: usize, number: &str) {
        self.paint(BLUE, &format!("{number:<width$}|"));
    }
}

/// The shown part of a line and where the mark goes, in terminal columns.
struct Excerpt {
    text: String,
    indent: usize,
    marked: usize,
}

impl Excerpt {
    fn new(place: &Place) -> Self {
        let text = place.source.text.as_str();
        let start = floor_boundary(text, place.span.start);
        let end = floor_boundary(text, place.span.end).max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let line_end = line_start.max(if text[..line_end].ends_with('\r') { line_end - 1 } else { line_end });
        let start = start.min(line_end);

        let fits = text[line_start..line_end].chars().nth(WINDOW).is_none();
        let from = match text[line_start..start].char_indices().rev().nth(BEFORE - 1) {
            Some((index, _)) if !fits => line_start + index,
            _ => line_start,
        };
        let to = text[from..line_end].char_indices().nth(WINDOW).map_or(line_end, |(index, _)| from + index);

        let hidden = hidden(&place.source, line_start..line_end);
        let mut excerpt = Excerpt { text: String::new(), indent: 0, marked: 0 };
        let mut columns = 0;
        if from > line_start {
            excerpt.text.push('…');
            columns += 1;
        }
        for (index, character) in text[from..to].char_indices() {
            if from + index == start {
                excerpt.indent = columns;
            }
            let is_hidden = hidden.iter().any(|range| range.contains(&(from + index)));
            let width = push_harmless(&mut excerpt.text, if is_hidden { '*' } else { character });
            columns += width;
            if (start..end).contains(&(from + index)) {
                excerpt.marked += width;
            }
        }
        if start >= to {
            excerpt.indent = columns;
        }
        if to < line_end {
            excerpt.text.push('…');
        }
        excerpt.marked = excerpt.marked.max(1);
        excerpt
    }
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

fn harmless(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    for character in text.chars() {
        push_harmless(&mut output, character);
    }
    output
}

/// Appends a character as it may be shown and returns its width in columns.
fn push_harmless(output: &mut String, character: char) -> usize {
    match character {
        '\t' => {
            output.push_str("    ");
            4
        }
        // Control characters, and those that reorder text (trojan source).
        _ if character.is_control()
            || matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}') =>
        {
            output.push(char::REPLACEMENT_CHARACTER);
            1
        }
        _ => {
            output.push(character);
            // East Asian wide characters and emoji take two columns.
            let wide = matches!(u32::from(character), 0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF
                | 0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x1F300..=0x1FAFF | 0x20000..=0x3FFFD);
            if wide { 2 } else { 1 }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::Source;

    fn source(path: &str, text: &str) -> Arc<Source> {
        Arc::new(Source { path: path.into(), text: text.into() })
    }

    #[test]
    fn findings_are_ordered_by_file_and_place_and_shown_once() {
        let config = source("config.toml", "[server]\r\n\tprot = 4000\r\n");
        let code = source("resolvers/Query.get.js", "// 文字 bad\x1b[2J\nlast");
        let findings = [
            Diagnostic::warning("last", "at the end of the file").at(&code, 99..99),
            Diagnostic::error("unknown-key", "unknown key `prot`").help("did you mean `port`?\nor nothing").at(&config, 11..15),
            Diagnostic::warning("text", "two wide characters and a bad one").at(&code, 3..19),
            Diagnostic::error("no-config", "there is no config.toml").help("write one"),
            Diagnostic::error("unknown-key", "unknown key `prot`").help("did you mean `port`?\nor nothing").at(&config, 11..15),
        ];
        insta::assert_snapshot!(render(&findings, false), @r"
        error[no-config]: there is no config.toml
          = help: write one

        error[unknown-key]: unknown key `prot`
         --> config.toml:2:2
          |
        2 |     prot = 4000
          |     ^^^^
          = help: did you mean `port`?
                  or nothing

        warning[text]: two wide characters and a bad one
         --> resolvers/Query.get.js:1:4
          |
        1 | // 文字 bad�[2J
          |    ^^^^^^^^^^^^
        
        warning[last]: at the end of the file
         --> resolvers/Query.get.js:2:5
          |
        2 | last
          |     ^
        ");
        assert_eq!(summary(&findings), "2 errors, 2 warnings");
        assert_eq!(summary(&[]), "no problems");
    }

    #[test]
    fn a_line_of_a_megabyte_is_cut_around_the_place() {
        let text = format!("{}BAD{}", "ä".repeat(500_000), "ö".repeat(500_000));
        let finding = Diagnostic::error("bad", "bad").at(&source("min.js", &text), 1_000_000..1_000_003);
        let rendered = render(&[finding], false);
        assert!(rendered.len() < 1_000, "{} bytes", rendered.len());
        assert!(rendered.contains("--> min.js:1:500001\n"), "{rendered}");
        let lines: Vec<&str> = rendered.lines().collect();
        assert_eq!(lines[3].chars().skip(4 + 1 + BEFORE).take(3).collect::<String>(), "BAD");
        assert_eq!(lines[4].find('^'), Some(4 + 1 + BEFORE));
    }

    #[test]
    fn any_span_in_any_text_renders() {
        for text in ["", "\n", "\r\n", "a\r\nb", "ä\u{2028}b", "\r"] {
            for start in 0..6 {
                for end in 0..6 {
                    let finding = Diagnostic::error("any", "any").at(&source("x", text), start..end);
                    assert!(render(&[finding], true).contains("-->"));
                }
            }
        }
    }

    #[test]
    fn colors_are_an_explicit_choice() {
        assert!(wants_color(true, None) && wants_color(true, Some(OsStr::new(""))));
        assert!(!wants_color(true, Some(OsStr::new("1"))) && !wants_color(false, None));
        let finding = [Diagnostic::error("rule", "message")];
        assert!(!render(&finding, false).contains('\x1b'));
        assert!(render(&finding, true).starts_with("\x1b[1;31merror[rule]\x1b[0m"));
    }
}
