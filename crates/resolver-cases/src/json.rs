//! JSON text to [`Node`]s. `value` reads JSON as well, without places; of what it reads this keeps where it stands.

use std::ops::Range;

use value::{MAX_DEPTH, Number, Value};

use crate::finding::Finding;
use crate::node::{Entry, Kind, Node, Style, check_distinct, too_deep};

pub(crate) fn parse(text: &str) -> Result<Node, Finding> {
    let mut reader = Reader { text, at: 0 };
    let node = reader.node(0)?;
    reader.skip_blanks();
    if reader.at < text.len() {
        return Err(reader.fault("there is something after the value"));
    }
    Ok(node)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn fault(&self, message: &str) -> Finding {
        Finding::new("json-syntax", self.at..self.at, message, "comments and commas at the end need a .yaml file")
    }

    fn node(&mut self, depth: usize) -> Result<Node, Finding> {
        self.skip_blanks();
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.object(depth + 1)?,
            Some(b'[') => self.list(depth + 1)?,
            Some(b'"') => Kind::Scalar(self.string()?.0),
            Some(_) => self.bare()?,
            None => return Err(self.fault("the text ends where a value is expected")),
        };
        Ok(Node { kind, span: start..self.at, style: Style::Flow })
    }

    fn bare(&mut self) -> Result<Kind, Finding> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))).unwrap_or(rest.len());
        let value = match &rest[..end] {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            number => Value::Number(Number::from_text(number).ok_or_else(|| self.fault("a value is expected here"))?),
        };
        self.at += end;
        Ok(Kind::Scalar(value))
    }

    /// A string, which is read by `value`: escapes and their faults are its business.
    fn string(&mut self) -> Result<(Value, Range<usize>), Finding> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        loop {
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => at += 2,
                Some(_) => at += 1,
                None => return Err(self.fault("the text in quotes does not end")),
            }
        }
        self.at = at + 1;
        let span = start..self.at;
        let value = Value::parse(&bytes[span.clone()]).map_err(|error| {
            let at = start + error.column.saturating_sub(1);
            Finding::new("json-syntax", at..at, error.message, "see RFC 8259, section 7")
        })?;
        Ok((value, span))
    }

    fn enter(&mut self, depth: usize) -> Result<(), Finding> {
        if depth > MAX_DEPTH {
            return Err(too_deep(self.at));
        }
        self.at += 1;
        self.skip_blanks();
        Ok(())
    }

    /// After a part of a collection: whether another one follows.
    fn goes_on(&mut self, end: u8) -> Result<bool, Finding> {
        self.skip_blanks();
        let found = self.peek();
        if found != Some(b',') && found != Some(end) {
            return Err(self.fault(if end == b']' { "`,` or `]` is expected here" } else { "`,` or `}` is expected here" }));
        }
        self.at += 1;
        self.skip_blanks();
        Ok(found == Some(b','))
    }

    fn list(&mut self, depth: usize) -> Result<Kind, Finding> {
        self.enter(depth)?;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Kind::List(items));
        }
        loop {
            items.push(self.node(depth)?);
            if !self.goes_on(b']')? {
                return Ok(Kind::List(items));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Kind, Finding> {
        self.enter(depth)?;
        let mut entries = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Kind::Object(entries));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.fault("a key in double quotes is expected here"));
            }
            let (key, key_span) = self.string()?;
            self.skip_blanks();
            if self.peek() != Some(b':') {
                return Err(self.fault("`:` is expected here"));
            }
            self.at += 1;
            let node = self.node(depth)?;
            let key = key.as_str().unwrap_or_default().into();
            entries.push(Entry { key, key_span, node });
            if !self.goes_on(b'}')? {
                check_distinct(&entries)?;
                return Ok(Kind::Object(entries));
            }
        }
    }
}
