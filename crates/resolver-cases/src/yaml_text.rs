//! Values as YAML in block style: what `--update` writes, what a diff shows.

use std::fmt::Write as _;

use value::{Object, Value};

use crate::yaml;

/// The value as lines that begin at the left, without a newline at the end.
pub(crate) fn document(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(object) if !object.is_empty() => entries(object, 0, &mut out),
        Value::List(items) if !items.is_empty() => list(items, 0, &mut out),
        scalar => inline(scalar, 0, &mut out),
    }
    out
}

/// What follows `key:`, whose own parts are indented by `indent`. `comment` ends the line of the key.
pub(crate) fn after_key(value: &Value, indent: usize, comment: &str, out: &mut String) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            out.push_str(comment);
            line(indent, out);
            entries(object, indent, out);
        }
        Value::List(items) if !items.is_empty() => {
            out.push_str(comment);
            line(indent, out);
            list(items, indent, out);
        }
        scalar => {
            out.push(' ');
            let start = out.len();
            inline(scalar, indent, out);
            let end = out[start..].find('\n').map_or(out.len(), |at| start + at);
            out.insert_str(end, comment);
        }
    }
}

/// What stands at a place that is indented by `indent`: after `- `, for instance.
pub(crate) fn in_place(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(object) if !object.is_empty() => entries(object, indent, out),
        Value::List(items) if !items.is_empty() => list(items, indent, out),
        scalar => inline(scalar, indent, out),
    }
}

fn line(indent: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

fn entries(object: &Object, indent: usize, out: &mut String) {
    for (at, (key, value)) in object.iter().enumerate() {
        if at > 0 {
            line(indent, out);
        }
        text(key, out);
        out.push(':');
        after_key(value, indent + 2, "", out);
    }
}

fn list(items: &[Value], indent: usize, out: &mut String) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            line(indent, out);
        }
        out.push_str("- ");
        in_place(item, indent + 2, out);
    }
}

/// A scalar, or an empty collection. Text of several lines is a literal block, indented by `indent`.
fn inline(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::List(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
        Value::String(string) if is_literal(string) => {
            let (body, header) = string.strip_suffix('\n').map_or((&**string, "|-"), |body| (body, "|"));
            out.push_str(header);
            for part in body.split('\n') {
                line(if part.is_empty() { 0 } else { indent.max(1) }, out);
                out.push_str(part);
            }
        }
        Value::String(string) => text(string, out),
        other => out.push_str(&other.to_json()),
    }
}

/// Whether a text is readable, and surely the same again, as a literal block.
fn is_literal(text: &str) -> bool {
    text.trim_end_matches('\n').contains('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n'])
        && text.split('\n').all(|line| !line.ends_with(' ') && line.chars().all(is_printable))
}

fn is_printable(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{e000}'..='\u{f8ff}')
}

/// A text on one line: bare where nobody can take it for anything else, else in quotes.
fn text(text: &str, out: &mut String) {
    if is_plain(text) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            plain if is_printable(plain) => out.push(plain),
            other => {
                let _ = match u32::from(other) {
                    code @ 0..=0xff => write!(out, "\\x{code:02x}"),
                    code @ 0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    code => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push('"');
}

fn is_plain(text: &str) -> bool {
    let begins = |first: char| first.is_alphanumeric() || matches!(first, '_' | '/' | '$' | '(');
    // What other readers of YAML (1.1) take for a boolean.
    let is_word = ["y", "n", "yes", "no", "on", "off"].iter().any(|word| text.eq_ignore_ascii_case(word));
    text.starts_with(begins)
        && !is_word
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && text.chars().all(is_printable)
        && yaml::is_text(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use value::value;

    use super::*;
    use crate::yaml::parse;

    fn nothing() -> Value {
        Value::from(Vec::<Value>::new())
    }

    #[test]
    fn values_are_readable() {
        let value = value!({
            "text": "a post", "number": 1.50, "none": null, "empty": {}, "nothing": (nothing()), "list": [1, [2, {"a": "b", "c": (nothing())}]],
            "lines": "one\ntwo\n", "cut": "one\n\ttwo", "true": "true", "date": "2024-01-01", "colon": "a: b", "12": "012",
            "dash": "- x", "yes": "no", "ü": "é \u{7f}", "nested": {"deep": {"er": "x"}}
        });
        insta::assert_snapshot!(document(&value), @r#"
        text: a post
        number: 1.5
        none: null
        empty: {}
        nothing: []
        list:
          - 1
          - - 2
            - a: b
              c: []
        lines: |
          one
          two
        cut: "one\n\ttwo"
        "true": "true"
        date: 2024-01-01
        colon: "a: b"
        "12": "012"
        dash: "- x"
        "yes": "no"
        ü: "é \x7f"
        nested:
          deep:
            er: x
        "#);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            any::<String>(),
            "[a-z:#\\-\\[\\]{},&*!|>'\"%@` \\t\\r\\n?~.0-9]{0,12}",
            "(null|true|0x1f|1e5|\\+1|\\.5|1_000|\\.nan|<<|=|---|\\.\\.\\.|y|off)",
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e9..1e9f64).prop_map(|number| Value::Number(value::Number::from_text(&format!("{number:e}")).expect("a number"))),
            text.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((text.clone(), inner), 0..5).prop_map(|members| Value::from(
                    members.into_iter().map(|(key, value)| (value::Str::from(key), value)).collect::<Object>()
                )),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_it_was(value in any_value()) {
            let text = document(&value);
            let read = parse(&text).map_err(|finding| TestCaseError::fail(format!("{finding:?} in {text:?}")))?;
            prop_assert_eq!(read.value(), value, "{}", text);
        }
    }
}
