//! JSON text to value: one pass, no intermediate tree, exact numbers, bounded depth.
//!
//! `serde_json` cannot keep numbers exact without its `arbitrary_precision` feature, which would change every crate of the
//! build. Keys repeat from object to object in a list, so recently seen ones are shared instead of allocated again.

use std::borrow::Cow;
use std::sync::Arc;

use crate::{MAX_DEPTH, Number, Object, Str, Value};

/// Why a text is not a value, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at line {line} column {column}")]
pub struct ParseError {
    /// What is wrong.
    pub message: &'static str,
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
}

pub(crate) fn parse(text: &[u8]) -> Result<Value, ParseError> {
    let located = |(message, at): (&'static str, usize)| {
        let before = &text[..at.min(text.len())];
        ParseError {
            message,
            line: before.iter().filter(|&&byte| byte == b'\n').count() + 1,
            column: at.min(text.len()) - before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1) + 1,
        }
    };
    // Checked once for the whole text, so that every slice between ASCII bytes is known to be UTF-8.
    let text_str = std::str::from_utf8(text).map_err(|error| located(("invalid UTF-8", error.valid_up_to())))?;
    let mut parser = Parser { text: text_str, bytes: text, at: 0, keys: KeyCache::default(), last_members: 0 };
    parser.document().map_err(located)
}

type Fault = (&'static str, usize);

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    keys: KeyCache,
    /// How many members the last object had: objects of a list are mostly alike.
    last_members: usize,
}

impl<'a> Parser<'a> {
    fn document(&mut self) -> Result<Value, Fault> {
        let value = self.value(0)?;
        self.skip_blanks();
        if self.at < self.bytes.len() { Err(("trailing characters after the JSON value", self.at)) } else { Ok(value) }
    }

    #[inline]
    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Fault> {
        self.skip_blanks();
        match self.bytes.get(self.at) {
            None => Err(("unexpected end of JSON", self.at)),
            Some(b'"') => Ok(Value::String(self.string()?.into())),
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.list(depth + 1),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => Err(("expected a JSON value", self.at)),
        }
    }

    fn word(&mut self, word: &'static str, value: Value) -> Result<Value, Fault> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(("expected a JSON value", self.at))
        }
    }

    fn number(&mut self) -> Result<Value, Fault> {
        let start = self.at;
        let mut plain = true;
        self.at += 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'0'..=b'9' => {}
                b'.' | b'e' | b'E' | b'+' | b'-' => plain = false,
                _ => break,
            }
            self.at += 1;
        }
        let text = &self.text[start..self.at];
        let digits = text.strip_prefix('-').unwrap_or(text);
        if plain && digits.len() <= 18 && !digits.is_empty() && (digits.len() == 1 || !digits.starts_with('0')) && text != "-0" {
            let magnitude = digits.bytes().fold(0i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
            return Ok(Value::from(if digits.len() < text.len() { -magnitude } else { magnitude }));
        }
        Number::from_text(text).map(Value::Number).ok_or(("invalid number", start))
    }

    fn list(&mut self, depth: usize) -> Result<Value, Fault> {
        self.enter(depth)?;
        let mut items = Vec::new();
        self.skip_blanks();
        if self.bytes.get(self.at) == Some(&b']') {
            self.at += 1;
            return Ok(Value::List(Arc::new(items)));
        }
        loop {
            items.push(self.value(depth)?);
            self.skip_blanks();
            match self.bytes.get(self.at) {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::List(Arc::new(items)));
                }
                _ => return Err(("expected ',' or ']'", self.at)),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Fault> {
        self.enter(depth)?;
        self.skip_blanks();
        if self.bytes.get(self.at) == Some(&b'}') {
            self.at += 1;
            return Ok(Value::from(Object::new()));
        }
        let mut object = Object::with_capacity(self.last_members.min(64));
        loop {
            self.skip_blanks();
            if self.bytes.get(self.at) != Some(&b'"') {
                return Err(("expected a key in double quotes", self.at));
            }
            let key = self.string()?;
            let key = self.keys.share(&key);
            self.skip_blanks();
            if self.bytes.get(self.at) != Some(&b':') {
                return Err(("expected ':'", self.at));
            }
            self.at += 1;
            let value = self.value(depth)?;
            object.insert(key, value);
            self.skip_blanks();
            match self.bytes.get(self.at) {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    self.last_members = object.len();
                    return Ok(Value::from(object));
                }
                _ => return Err(("expected ',' or '}'", self.at)),
            }
        }
    }

    fn enter(&mut self, depth: usize) -> Result<(), Fault> {
        if depth > MAX_DEPTH {
            return Err(("lists and objects are nested deeper than 200 levels", self.at));
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        let open = self.at;
        let start = open + 1;
        let mut at = start;
        loop {
            match self.bytes.get(at) {
                None => return Err(("unterminated string", open)),
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(Cow::Borrowed(&self.text[start..at]));
                }
                Some(b'\\') => break,
                Some(0..=0x1f) => return Err(("control character in a string", at)),
                Some(_) => at += 1,
            }
        }
        let mut owned = String::with_capacity(at - start + 16);
        let mut clean_from = start;
        loop {
            match self.bytes.get(at) {
                None => return Err(("unterminated string", open)),
                Some(b'"') => {
                    owned.push_str(&self.text[clean_from..at]);
                    self.at = at + 1;
                    return Ok(Cow::Owned(owned));
                }
                Some(b'\\') => {
                    owned.push_str(&self.text[clean_from..at]);
                    at = self.escape(at, &mut owned)?;
                    clean_from = at;
                }
                Some(0..=0x1f) => return Err(("control character in a string", at)),
                Some(_) => at += 1,
            }
        }
    }

    /// Reads the escape that begins at `at`; returns where it ends.
    fn escape(&self, at: usize, owned: &mut String) -> Result<usize, Fault> {
        let plain = match self.bytes.get(at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let unit = self.hex(at + 2)?;
                if !(0xd800..0xe000).contains(&unit) {
                    owned.push(char::from_u32(unit).ok_or(("invalid escape", at))?);
                    return Ok(at + 6);
                }
                if unit < 0xdc00 && self.bytes.get(at + 6..at + 8) == Some(b"\\u") {
                    let low = self.hex(at + 8)?;
                    if (0xdc00..0xe000).contains(&low) {
                        let scalar = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                        owned.push(char::from_u32(scalar).ok_or(("invalid escape", at))?);
                        return Ok(at + 12);
                    }
                }
                return Err(("lone surrogate in a string", at));
            }
            _ => return Err(("invalid escape", at)),
        };
        owned.push(plain);
        Ok(at + 2)
    }

    fn hex(&self, at: usize) -> Result<u32, Fault> {
        let digits = self.bytes.get(at..at + 4).ok_or(("invalid escape", at))?;
        digits
            .iter()
            .try_fold(0, |sum, &digit| char::from(digit).to_digit(16).map(|digit| sum * 16 + digit).ok_or(("invalid escape", at)))
    }
}

/// Recently seen keys by a cheap hash, so that a list of like-shaped objects shares its keys.
#[derive(Default)]
struct KeyCache {
    slots: [Option<Str>; KeyCache::SLOTS],
}

impl KeyCache {
    const SLOTS: usize = 32;

    fn share(&mut self, key: &str) -> Str {
        let bytes = key.as_bytes();
        let (first, last) = (bytes.first().copied().unwrap_or(0), bytes.last().copied().unwrap_or(0));
        let mixed = usize::from(first).wrapping_mul(31) ^ usize::from(last).wrapping_mul(7) ^ bytes.len();
        let slot = &mut self.slots[mixed % Self::SLOTS];
        match slot {
            Some(known) if **known == *key => Arc::clone(known),
            _ => {
                let shared: Str = key.into();
                *slot = Some(Arc::clone(&shared));
                shared
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(text: &str) -> String {
        Value::parse(text.as_bytes()).expect(text).to_json()
    }

    #[test]
    fn text_survives_a_round_trip() {
        for text in [
            "null",
            "true",
            "[]",
            "{}",
            "[1,2.0,1.10,1e5,-0]",
            r#"{"b":1,"a":{"c":[null,""]}}"#,
            r#""\u0001\n\"é😀""#,
            "123456789012345678901234567890.5",
            "[[[[1]]]]",
            "-999999999999999999",
            "9999999999999999999",
        ] {
            assert_eq!(round_trip(text), text);
        }
        assert_eq!(round_trip(r#" { "a" : [ 1 , 2 ] } "#), r#"{"a":[1,2]}"#);
        assert_eq!(round_trip(r#""\ud83d\ude00\/\u00e9""#), "\"😀/é\"");
        assert_eq!(round_trip(r#"{"a":1,"b":2,"a":3}"#), r#"{"a":3,"b":2}"#);
    }

    #[test]
    fn faults_name_their_place() {
        let fault = |text: &[u8]| Value::parse(text).expect_err("a fault").to_string();
        assert_eq!(fault(b""), "unexpected end of JSON at line 1 column 1");
        assert_eq!(fault(b"{\n  \"a\": x}"), "expected a JSON value at line 2 column 8");
        assert_eq!(fault(b"[1,]"), "expected a JSON value at line 1 column 4");
        assert_eq!(fault(b"[01]"), "invalid number at line 1 column 2");
        assert_eq!(fault(b"{} {}"), "trailing characters after the JSON value at line 1 column 4");
        assert_eq!(fault(br#""\ud800""#), "lone surrogate in a string at line 1 column 2");
        assert_eq!(fault(b"\"\xff\""), "invalid UTF-8 at line 1 column 2");
        assert_eq!(fault(b"\"a\nb\""), "control character in a string at line 1 column 3");
        assert_eq!(fault(b"{\"a\":1"), "expected ',' or '}' at line 1 column 7");
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert!(Value::parse(&nested(MAX_DEPTH)).is_ok());
        let fault = Value::parse(&nested(MAX_DEPTH + 1)).expect_err("too deep");
        assert_eq!(fault.message, "lists and objects are nested deeper than 200 levels");
        assert!(Value::parse(&vec![b'['; 1_000_000]).is_err());
    }
}
