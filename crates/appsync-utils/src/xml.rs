//! `util.xml.*`: XML to JSON as the guide's examples show: elements become members, repeated elements lists, attributes members,
//! texts that read as numbers or booleans those.
//!
//! The reader is bounded in depth, knows the five predefined entities and character references, and refuses document type
//! definitions, so that no entity can expand.

use value::{MAX_DEPTH, Number, Object, Value};

use crate::arguments::Arguments;
use crate::{Failure, Session, Utility};

pub(crate) const TABLE: &[Utility] = &[
    Utility::both("xml.toMap", |_, values| to_map(Arguments::new("xml.toMap", values))),
    Utility::both("xml.toJsonString", to_json_string),
];

/// Wrapped in a list as well, when repeated: each level of XML may be two levels of JSON.
const DEEPEST: usize = MAX_DEPTH / 2 - 2;

fn to_map(arguments: Arguments<'_>) -> Result<Value, Failure> {
    if arguments.get(0).is_null() {
        return Ok(Value::Null);
    }
    let text = arguments.str(0)?;
    Reader { text, at: 0 }.document().map_err(|(message, at)| {
        let line = text.get(..at).unwrap_or(text).matches('\n').count() + 1;
        arguments.refuse(format!("invalid XML at line {line}: {message}"))
    })
}

fn to_json_string(_: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new("xml.toJsonString", values);
    let text = Value::from(to_map(arguments)?.to_json());
    let encode = !arguments.get(1).is_null() && arguments.bool(1)?;
    Ok(if encode { text.to_json().into() } else { text })
}

type Fault = (String, usize);

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn fault<T>(&self, message: impl Into<String>) -> Result<T, Fault> {
        Err((message.into(), self.at))
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn until(&mut self, token: &str, what: &str) -> Result<&'a str, Fault> {
        match self.rest().find(token) {
            Some(end) => {
                let found = &self.rest()[..end];
                self.at += end + token.len();
                Ok(found)
            }
            None => self.fault(format!("unterminated {what}")),
        }
    }

    /// Blanks, comments, processing instructions.
    fn prolog(&mut self) -> Result<(), Fault> {
        loop {
            self.blanks();
            if self.eat("<!--") {
                self.until("-->", "comment")?;
            } else if self.eat("<?") {
                self.until("?>", "processing instruction")?;
            } else if self.rest().starts_with("<!") {
                return self.fault("document type definitions are not supported");
            } else {
                return Ok(());
            }
        }
    }

    fn document(mut self) -> Result<Value, Fault> {
        self.eat("\u{feff}");
        self.prolog()?;
        if !self.eat("<") {
            return self.fault("expected an element");
        }
        let mut root = Object::new();
        let name = self.name()?;
        root.insert(name, self.element(name, 1)?);
        self.prolog()?;
        if !self.rest().is_empty() {
            return self.fault("content after the root element");
        }
        Ok(root.into())
    }

    fn name(&mut self) -> Result<&'a str, Fault> {
        let end = self.rest().find(|character: char| character.is_whitespace() || "/>=<\"'&".contains(character));
        let name = &self.rest()[..end.unwrap_or(self.rest().len())];
        if name.is_empty() {
            return self.fault("expected a name");
        }
        self.at += name.len();
        Ok(name)
    }

    /// From behind the name of the start tag to behind the end tag.
    fn element(&mut self, name: &str, depth: usize) -> Result<Value, Fault> {
        if depth > DEEPEST {
            return self.fault(format!("elements are nested deeper than {DEEPEST} levels"));
        }
        let mut members = Object::new();
        loop {
            self.blanks();
            if self.eat("/>") {
                return Ok(finish(members, Vec::new()));
            }
            if self.eat(">") {
                break;
            }
            let attribute = self.name()?;
            self.blanks();
            if !self.eat("=") {
                return self.fault("expected '=' after the name of an attribute");
            }
            self.blanks();
            let quote = if self.eat("\"") {
                "\""
            } else if self.eat("'") {
                "'"
            } else {
                return self.fault("expected a quote");
            };
            let raw = self.until(quote, "attribute")?;
            add(&mut members, attribute, scalar(&self.unescape(raw)?));
        }
        let mut texts = Vec::new();
        loop {
            let plain = match self.rest().find('<') {
                Some(end) => &self.rest()[..end],
                None => return self.fault(format!("the element '{name}' is not closed")),
            };
            let text = self.unescape(plain)?;
            if !text.trim().is_empty() {
                texts.push(scalar(text.trim()));
            }
            self.at += plain.len();
            if self.eat("<!--") {
                self.until("-->", "comment")?;
            } else if self.eat("<![CDATA[") {
                // As it is: neither trimmed nor read as a number.
                let data = self.until("]]>", "CDATA section")?;
                if !data.is_empty() {
                    texts.push(data.into());
                }
            } else if self.eat("<?") {
                self.until("?>", "processing instruction")?;
            } else if self.eat("</") {
                if self.name()? != name {
                    return self.fault(format!("the end tag does not close '{name}'"));
                }
                self.blanks();
                return if self.eat(">") { Ok(finish(members, texts)) } else { self.fault("expected '>'") };
            } else {
                self.at += 1;
                let child = self.name()?;
                let value = self.element(child, depth + 1)?;
                add(&mut members, child, value);
            }
        }
    }

    fn unescape(&self, raw: &str) -> Result<String, Fault> {
        let mut out = String::with_capacity(raw.len());
        let mut pieces = raw.split('&');
        out.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let Some((entity, after)) = piece.split_once(';') else { return self.fault("'&' without an entity") };
            let character = match entity {
                "lt" => Some('<'),
                "gt" => Some('>'),
                "amp" => Some('&'),
                "quot" => Some('"'),
                "apos" => Some('\''),
                _ => entity
                    .strip_prefix('#')
                    .and_then(|code| match code.strip_prefix('x') {
                        Some(code) => u32::from_str_radix(code, 16).ok(),
                        None => code.parse().ok(),
                    })
                    .and_then(char::from_u32),
            };
            match character {
                Some(character) => out.push(character),
                None => return self.fault(format!("unknown entity '&{entity};'")),
            }
            out.push_str(after);
        }
        Ok(out)
    }
}

/// A member that comes again becomes a list.
fn add(members: &mut Object, name: &str, value: Value) {
    match members.get_mut(name) {
        None => {
            members.insert(name, value);
        }
        Some(known) => match known.as_list_mut() {
            Some(list) => list.push(value),
            None => *known = Value::from(vec![known.clone(), value]),
        },
    }
}

/// Only text: the scalar; text beside members is the member `content`. Texts apart from each other are a list, as with elements
/// that come again.
fn finish(mut members: Object, mut texts: Vec<Value>) -> Value {
    let content = match texts.len() {
        0 if members.is_empty() => return "".into(),
        0 => return members.into(),
        1 => texts.swap_remove(0),
        _ => texts.into(),
    };
    if members.is_empty() {
        return content;
    }
    add(&mut members, "content", content);
    members.into()
}

fn scalar(text: &str) -> Value {
    match text {
        "true" => true.into(),
        "false" => false.into(),
        "null" => Value::Null,
        _ => Number::from_text(text).map_or_else(|| text.into(), Value::from),
    }
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;
    use crate::testing::{call, check};

    #[test]
    fn documents_become_objects() {
        for (xml, expected) in [
            ("<a/>", value!({"a": ""})),
            ("<?xml version=\"1.0\"?>\n<!-- c --><a><b>1</b><b> x </b></a>", value!({"a": {"b": [1, "x"]}})),
            ("<a id='7' t=\"&lt;&#65;\">text</a>", value!({"a": {"id": 7, "t": "<A", "content": "text"}})),
            ("<a><![CDATA[<b>&]]></a>", value!({"a": "<b>&"})),
            ("<a><![CDATA[ 1 ]]></a>", value!({"a": " 1 "})),
            ("<a>x<b/>y</a>", value!({"a": {"b": "", "content": ["x", "y"]}})),
            ("<a>1<!-- c -->2</a>", value!({"a": [1, 2]})),
            ("<a><b>true</b><c>007</c><d>1.10</d></a>", value!({"a": {"b": true, "c": "007", "d": 1.1}})),
            ("<n:a xmlns:n='u'><n:b/></n:a>", value!({"n:a": {"xmlns:n": "u", "n:b": ""}})),
        ] {
            assert_eq!(call("xml.toMap", &[value!(xml)]), Ok(expected), "{xml}");
        }
        check(&[
            ("xml.toJsonString", vec![value!("<a>1</a>")], value!(r#"{"a":1}"#)),
            ("xml.toJsonString", vec![value!("<a>1</a>"), value!(true)], value!(r#""{\"a\":1}""#)),
        ]);
    }

    #[test]
    fn malformed_and_dangerous_documents_are_refused() {
        let deep = "<a>".repeat(100_000);
        for xml in ["", "x", "<a>", "<a></b>", "<a b></a>", "<a>&x;</a>", "<a>&", "<a/><b/>", "<!DOCTYPE a []><a/>", &*deep] {
            assert!(matches!(call("xml.toMap", &[value!(xml)]), Err(Failure::Invalid { .. })), "{xml:.40}");
        }
    }
}
