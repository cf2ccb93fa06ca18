//! Template text to tree.
//!
//! Velocity's grammar depends on the place: in text nearly everything stands for itself ([`text`]), behind `#name(` there are
//! arguments ([`directive`]), and within them expressions ([`expression`]). One cursor walks the bytes; every slice is cut at
//! ASCII characters, so none can split a character.

mod directive;
mod expression;
mod text;

use crate::ast::{Block, Macros, Symbols};
use crate::error::{ParseError, line_and_column};

/// How deeply blocks, expressions and strings may be nested.
const MAX_NESTING: usize = value::MAX_DEPTH;
/// After so many mistakes the rest is not worth reading.
const MAX_ERRORS: usize = 50;

/// A mistake, as offsets.
#[derive(Debug)]
pub(crate) struct Mistake {
    message: String,
    start: usize,
    end: usize,
    /// Nothing after it can be read sensibly.
    fatal: bool,
}

type Parsed<T> = Result<T, Mistake>;

/// Reads `source`; `whole` is false for text made at run time, where a lone `$` may stand at the end.
pub(crate) fn parse(source: &str, whole: bool, symbols: &mut Symbols, macros: &mut Macros) -> Result<Block, Vec<ParseError>> {
    let mut mistakes = Vec::new();
    let mut shared = Shared { symbols, macros, mistakes: &mut mistakes, nesting: 0 };
    let block = if u32::try_from(source.len()).is_ok() {
        Parser { source, at: 0, places: &Places::default(), whole, shared: &mut shared }.template()
    } else {
        shared.mistakes.push(Mistake { message: "The template is too long".into(), start: 0, end: 0, fatal: true });
        Block::from([])
    };
    if mistakes.is_empty() {
        return Ok(block);
    }
    mistakes.sort_by_key(|mistake| mistake.start);
    let errors = mistakes.into_iter().map(|mistake| {
        let (line, column) = line_and_column(source, mistake.start);
        ParseError { message: mistake.message, line, column, span: mistake.start..mistake.end.max(mistake.start) }
    });
    Err(errors.collect())
}

/// What a template and the strings in it have in common.
struct Shared<'p> {
    symbols: &'p mut Symbols,
    macros: &'p mut Macros,
    mistakes: &'p mut Vec<Mistake>,
    nesting: usize,
}

/// Where a text that is read stands in the template: the template itself at its start, a string within what it is written in.
#[derive(Default)]
struct Places<'o> {
    /// Of the text that the string is written in.
    outer: Option<&'o Places<'o>>,
    /// Where in that text it begins, behind its quote.
    start: usize,
    /// The places in the string of the quotes that are written `""`: what stands behind one is a byte further in the template.
    quotes: Vec<usize>,
}

impl Places<'_> {
    /// The place in the template. This goes up as often as strings are written in strings, which is seldom: the quotes of each
    /// level double those of the next.
    fn of(&self, at: usize) -> usize {
        let outside = self.start + at + self.quotes.partition_point(|quote| *quote < at);
        self.outer.map_or(outside, |outer| outer.of(outside))
    }
}

/// A cursor over the template, or over one string in it.
struct Parser<'s, 'p, 'q> {
    source: &'s str,
    at: usize,
    /// Where `source` stands in the template.
    places: &'s Places<'s>,
    whole: bool,
    shared: &'q mut Shared<'p>,
}

impl<'s> Parser<'s, '_, '_> {
    fn byte(&self) -> Option<u8> {
        self.byte_at(self.at)
    }

    fn byte_at(&self, at: usize) -> Option<u8> {
        self.source.as_bytes().get(at).copied()
    }

    /// Whether `expected` (ASCII) stands at the cursor.
    fn looking_at(&self, expected: &str) -> bool {
        self.source.as_bytes()[self.at..].starts_with(expected.as_bytes())
    }

    /// Steps over `expected` if it stands here.
    fn take(&mut self, expected: &str) -> bool {
        let found = self.looking_at(expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    /// Steps over blanks and line ends.
    fn skip_space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The end of the blanks from `at` on.
    fn after_blanks(&self, mut at: usize) -> usize {
        while matches!(self.byte_at(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        at
    }

    /// Steps over the rest of a line that holds blanks only, with its end.
    fn skip_line_end(&mut self) {
        let at = self.after_blanks(self.at);
        match self.byte_at(at) {
            Some(b'\n') => self.at = at + 1,
            Some(b'\r') if self.byte_at(at + 1) == Some(b'\n') => self.at = at + 2,
            Some(b'\r') => self.at = at + 1,
            _ => {}
        }
    }

    /// The end of the name that begins at `at`; none if there is no name.
    fn name_end(&self, at: usize) -> Option<usize> {
        if !self.byte_at(at)?.is_ascii_alphabetic() && self.byte_at(at) != Some(b'_') {
            return None;
        }
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        Some(at + self.source.as_bytes()[at..].iter().take_while(|byte| is_name(byte)).count())
    }

    /// The place in the template.
    fn place(&self, at: usize) -> u32 {
        u32::try_from(self.places.of(at)).unwrap_or(u32::MAX)
    }

    fn mistake(&self, message: impl Into<String>, start: usize, end: usize) -> Mistake {
        Mistake { message: message.into(), start: self.places.of(start), end: self.places.of(end), fatal: false }
    }

    /// A mistake about what stands at the cursor.
    fn unexpected(&self, wanted: &str) -> Mistake {
        match self.source.get(self.at..).and_then(|rest| rest.chars().next()) {
            None => self.mistake(format!("The text ends where {wanted} should stand"), self.at, self.at),
            Some(found) => {
                let end = self.name_end(self.at).unwrap_or(self.at + found.len_utf8());
                let shown = &self.source[self.at..end];
                self.mistake(format!("`{}` stands where {wanted} should", shown.escape_debug()), self.at, end)
            }
        }
    }

    fn note(&mut self, mistake: Mistake) {
        if self.shared.mistakes.len() < MAX_ERRORS {
            self.shared.mistakes.push(mistake);
        }
    }

    /// Whether reading on makes sense.
    fn gave_up(&self) -> bool {
        self.shared.mistakes.len() >= MAX_ERRORS || self.shared.mistakes.iter().any(|mistake| mistake.fatal)
    }

    /// Runs `inner` one level deeper.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.shared.nesting >= MAX_NESTING {
            let message = format!("The template is nested more than {MAX_NESTING} levels deep");
            return Err(Mistake { fatal: true, ..self.mistake(message, self.at, self.at) });
        }
        self.shared.nesting += 1;
        let result = inner(self);
        self.shared.nesting -= 1;
        result
    }
}
