//! The gate before the parser: one linear scan that bounds a query text and cuts it into tokens.
//!
//! The library that parses recurses per bracket and would overflow the stack on a literal some thousand levels deep, so the
//! scan refuses deep nesting and too many tokens first. The tokens it leaves are also what [`super::parser`] reads names and
//! literals from, because they keep every digit and the exact place of each. Grammar: GraphQL specification §2.1.

use super::ast::Position;

/// How deeply `{`, `[` and `(` together may be nested in a query text.
pub const MAX_NESTING: usize = value::MAX_DEPTH;

/// How many tokens a query text may have (AWS General Reference, AppSync quotas: "Number of tokens allowed in a query").
pub const MAX_TOKENS: usize = 15_000;

/// Why a query text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseFault {
    /// It does not follow the grammar; AppSync answers HTTP 400, `Unable to parse GraphQL query.`
    #[error("{message} (line {}, column {})", position.line, position.column)]
    Syntax {
        /// What is wrong.
        message: String,
        /// Where.
        position: Position,
    },
    /// It has more tokens than it may. The first words are AWS's.
    #[error("Maximum char length exceeded: a query has at most {limit} tokens")]
    TooManyTokens {
        /// The limit.
        limit: usize,
    },
    /// Its brackets are nested more than [`MAX_NESTING`] deep.
    #[error("Maximum nesting exceeded: the brackets of a query are nested at most {MAX_NESTING} levels (line {}, column {})",
        position.line, position.column)]
    TooDeep {
        /// The first bracket too many.
        position: Position,
    },
}

impl ParseFault {
    pub(crate) fn syntax(message: impl Into<String>, position: Position) -> Self {
        ParseFault::Syntax { message: message.into(), position }
    }
}

/// What a [`Token`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A name or keyword.
    Name,
    /// Digits only.
    Int,
    /// With fraction or exponent.
    Float,
    /// `"…"`
    String,
    /// `"""…"""`
    BlockString,
    /// One of `! $ & ( ) : = @ [ ] { | }`, or `.` for `...`.
    Punctuator(u8),
}

/// A lexical token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    /// Byte range in the text.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) position: Position,
    /// Of an opening bracket: the index of the closing one.
    pub(crate) partner: usize,
}

impl Token {
    pub(crate) fn is(&self, punctuator: u8) -> bool {
        self.kind == TokenKind::Punctuator(punctuator)
    }
}

/// The tokens of `text`, with balanced brackets, within the limits.
pub(crate) fn scan(text: &str, max_tokens: usize) -> Result<Vec<Token>, ParseFault> {
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: 0, position: Position { line: 1, column: 1 } };
    let mut tokens: Vec<Token> = Vec::with_capacity((text.len() / 6).min(max_tokens));
    let mut open: Vec<usize> = Vec::new();
    while let Some(mut token) = scanner.token()? {
        let index = tokens.len();
        if index == max_tokens {
            return Err(ParseFault::TooManyTokens { limit: max_tokens });
        }
        match token.kind {
            TokenKind::Punctuator(b'{' | b'[' | b'(') => {
                if open.len() == MAX_NESTING {
                    return Err(ParseFault::TooDeep { position: token.position });
                }
                open.push(index);
            }
            TokenKind::Punctuator(closing @ (b'}' | b']' | b')')) => {
                let wanted = match closing {
                    b'}' => b'{',
                    b']' => b'[',
                    _ => b'(',
                };
                match open.pop() {
                    Some(opening) if tokens[opening].is(wanted) => {
                        if closing == b')' && opening + 1 == index {
                            return Err(ParseFault::syntax("`()` must not be empty", token.position));
                        }
                        tokens[opening].partner = index;
                    }
                    _ => return Err(ParseFault::syntax(format!("unexpected `{}`", char::from(closing)), token.position)),
                }
                token.partner = index;
            }
            _ => {}
        }
        tokens.push(token);
    }
    match open.pop() {
        Some(opening) => Err(ParseFault::syntax("this bracket is not closed", tokens[opening].position)),
        None => Ok(tokens),
    }
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    position: Position,
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Moves over one byte, keeping line and column; only the first byte of a character counts.
    fn step(&mut self) {
        match self.bytes[self.at] {
            b'\n' => {
                self.position.line += 1;
                self.position.column = 1;
            }
            0x80..=0xBF => {}
            _ => self.position.column += 1,
        }
        self.at += 1;
    }

    fn steps(&mut self, count: usize) {
        for _ in 0..count {
            self.step();
        }
    }

    fn skip_ignored(&mut self) {
        loop {
            match self.peek(0) {
                b' ' | b'\t' | b'\n' | b'\r' | b',' if self.at < self.bytes.len() => self.step(),
                b'#' => {
                    while self.at < self.bytes.len() && !matches!(self.bytes[self.at], b'\n' | b'\r') {
                        self.step();
                    }
                }
                // The byte order mark.
                0xEF if self.bytes[self.at..].starts_with("\u{feff}".as_bytes()) => self.steps(3),
                _ => return,
            }
        }
    }

    fn token(&mut self) -> Result<Option<Token>, ParseFault> {
        self.skip_ignored();
        let (start, position) = (self.at, self.position);
        if start == self.bytes.len() {
            return Ok(None);
        }
        let kind = match self.bytes[start] {
            byte @ (b'!' | b'$' | b'&' | b'(' | b')' | b':' | b'=' | b'@' | b'[' | b']' | b'{' | b'|' | b'}') => {
                self.step();
                TokenKind::Punctuator(byte)
            }
            b'.' if self.peek(1) == b'.' && self.peek(2) == b'.' => {
                self.steps(3);
                TokenKind::Punctuator(b'.')
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                while matches!(self.peek(0), b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'0'..=b'9') {
                    self.step();
                }
                TokenKind::Name
            }
            b'-' | b'0'..=b'9' => self.number()?,
            b'"' => self.string()?,
            _ => {
                let character = self.text[start..].chars().next().unwrap_or_default();
                return Err(ParseFault::syntax(format!("unexpected character {character:?}"), position));
            }
        };
        Ok(Some(Token { kind, start, end: self.at, position, partner: 0 }))
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while self.peek(0).is_ascii_digit() {
            self.step();
        }
        self.at - from
    }

    fn number(&mut self) -> Result<TokenKind, ParseFault> {
        let position = self.position;
        let mut kind = TokenKind::Int;
        let mut valid = true;
        if self.peek(0) == b'-' {
            self.step();
        }
        let leading_zero = self.peek(0) == b'0';
        let digits = self.digits();
        valid &= digits == 1 || (digits > 1 && !leading_zero);
        if self.peek(0) == b'.' {
            kind = TokenKind::Float;
            self.step();
            valid &= self.digits() > 0;
        }
        if matches!(self.peek(0), b'e' | b'E') {
            kind = TokenKind::Float;
            self.step();
            if matches!(self.peek(0), b'+' | b'-') {
                self.step();
            }
            valid &= self.digits() > 0;
        }
        valid &= !matches!(self.peek(0), b'.' | b'_' | b'a'..=b'z' | b'A'..=b'Z');
        if valid { Ok(kind) } else { Err(ParseFault::syntax("this is not a number", position)) }
    }

    fn string(&mut self) -> Result<TokenKind, ParseFault> {
        let opening = self.position;
        let unclosed = || ParseFault::syntax("this string is not closed", opening);
        if self.bytes[self.at..].starts_with(b"\"\"\"") {
            self.steps(3);
            loop {
                let rest = &self.bytes[self.at..];
                if rest.is_empty() {
                    return Err(unclosed());
                } else if rest.starts_with(b"\\\"\"\"") {
                    self.steps(4);
                } else if rest.starts_with(b"\"\"\"") {
                    self.steps(3);
                    return Ok(TokenKind::BlockString);
                } else {
                    self.step();
                }
            }
        }
        self.step();
        loop {
            if self.at == self.bytes.len() {
                return Err(unclosed());
            }
            match self.bytes[self.at] {
                b'"' => {
                    self.step();
                    return Ok(TokenKind::String);
                }
                b'\n' | b'\r' => return Err(unclosed()),
                b'\\' if self.at + 1 < self.bytes.len() => self.steps(2),
                _ => self.step(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let tokens = scan("{ a(x: \"é😀\") b\r\n\tc # é\n d }", MAX_TOKENS).expect("valid");
        let places: Vec<_> = tokens.iter().map(|token| (token.position.line, token.position.column)).collect();
        assert_eq!(
            places,
            [(1, 1), (1, 3), (1, 4), (1, 5), (1, 6), (1, 8), (1, 12), (1, 14), (2, 2), (3, 2), (3, 4)],
            "{tokens:?}"
        );
    }

    #[test]
    fn nesting_is_bounded_for_each_bracket_and_skips_strings_and_comments() {
        for (open, close) in [("{", "}"), ("[", "]"), ("(", ")")] {
            let nested = |levels: usize| format!("{}a{}", open.repeat(levels), close.repeat(levels));
            assert!(scan(&nested(MAX_NESTING), MAX_TOKENS).is_ok(), "{open}");
            assert!(matches!(scan(&nested(MAX_NESTING + 1), MAX_TOKENS), Err(ParseFault::TooDeep { .. })), "{open}");
            assert!(matches!(scan(&open.repeat(100_000), MAX_TOKENS), Err(ParseFault::TooDeep { .. })), "{open}");
            let hidden = open.repeat(300);
            for text in [format!("\"{hidden}\""), format!("\"\"\"{hidden}\n{hidden}\"\"\""), format!("# {hidden}\na")] {
                assert!(scan(&text, MAX_TOKENS).is_ok(), "{text}");
            }
        }
    }

    #[test]
    fn tokens_are_bounded() {
        assert_eq!(scan(&"a ".repeat(MAX_TOKENS), MAX_TOKENS).expect("within the limit").len(), MAX_TOKENS);
        let fault = scan(&"a ".repeat(MAX_TOKENS + 1), MAX_TOKENS).expect_err("one too many");
        assert_eq!(fault.to_string(), "Maximum char length exceeded: a query has at most 15000 tokens");
    }

    #[test]
    fn malformed_tokens_are_refused_where_they_begin() {
        for (text, line, column) in [
            ("{ a(x: 01) }", 1, 8),
            ("{ a(x: -) }", 1, 8),
            ("{ a(x: 1.) }", 1, 8),
            ("{ a(x: 1e) }", 1, 8),
            ("{ a(x: 1x) }", 1, 8),
            ("{ a(x: \"b) }", 1, 8),
            ("{ a(x: \"b\n\") }", 1, 8),
            ("{\n a(x: \"\"\"b) }", 2, 7),
            ("{ a. }", 1, 4),
            ("{ é }", 1, 3),
            ("{ a ", 1, 1),
            ("{ a ]", 1, 5),
            ("}", 1, 1),
            ("{ a() }", 1, 5),
            ("{ \u{0} }", 1, 3),
            ("\"\\", 1, 1),
        ] {
            match scan(text, MAX_TOKENS) {
                Err(ParseFault::Syntax { position, .. }) => {
                    assert_eq!((position.line, position.column), (line, column), "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
