//! Literals as text: what a string token means, and how a value is named in validation messages.
//!
//! AppSync's messages show values in the form Java's `toString` gives them (contract: errors, 5.2), for example
//! `ObjectValue{objectFields=[ObjectField{name='upvotes', value=IntValue{value=10}}]}`.

use super::ast::Literal;

/// `literal` as validation messages show it.
#[must_use]
pub fn java_text(literal: &Literal) -> String {
    let mut out = String::new();
    write_java(literal, &mut out);
    out
}

/// Recursion is bounded by [`super::gates::MAX_NESTING`], as every literal comes through the parser.
fn write_java(literal: &Literal, out: &mut String) {
    let mut wrapped = |parts: [&str; 3]| parts.iter().for_each(|part| out.push_str(part));
    match literal {
        Literal::Variable(name) => wrapped(["VariableReference{name='", name, "'}"]),
        Literal::Null => out.push_str("NullValue{}"),
        Literal::Boolean(value) => wrapped(["BooleanValue{value=", if *value { "true" } else { "false" }, "}"]),
        Literal::Int(text) => wrapped(["IntValue{value=", if &**text == "-0" { "0" } else { text }, "}"]),
        Literal::Float(text) => wrapped(["FloatValue{value=", &decimal_text(text), "}"]),
        Literal::String(text) => wrapped(["StringValue{value='", text, "'}"]),
        Literal::Enum(name) => wrapped(["EnumValue{name='", name, "'}"]),
        Literal::List(items) => {
            out.push_str("ArrayValue{values=[");
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write_java(item, out);
            }
            out.push_str("]}");
        }
        Literal::Object(fields) => {
            out.push_str("ObjectValue{objectFields=[");
            for (index, (name, value)) in fields.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                out.push_str("ObjectField{name='");
                out.push_str(name);
                out.push_str("', value=");
                write_java(value, out);
                out.push('}');
            }
            out.push_str("]}");
        }
    }
}

/// A decimal as Java's `BigDecimal.toString` prints it: plain while the exponent is small, else `d.ddE+n`.
fn decimal_text(text: &str) -> String {
    let (sign, unsigned) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let Ok(exponent) = exponent.parse::<i32>() else {
        return text.to_owned();
    };
    let joined = format!("{whole}{fraction}");
    let trimmed = joined.trim_start_matches('0');
    let digits = if trimmed.is_empty() { "0" } else { trimmed };
    let sign = if digits == "0" { "" } else { sign };
    let scale = i64::try_from(fraction.len()).unwrap_or(i64::MAX) - i64::from(exponent);
    let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    let adjusted = length - 1 - scale;
    if scale >= 0 && adjusted >= -6 {
        let scale = usize::try_from(scale).unwrap_or(0);
        if scale == 0 {
            return format!("{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (left, right) = padded.split_at(padded.len() - scale);
        return format!("{sign}{left}.{right}");
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let plus = if adjusted > 0 { "+" } else { "" };
    if adjusted == 0 { format!("{sign}{first}{point}{rest}") } else { format!("{sign}{first}{point}{rest}E{plus}{adjusted}") }
}

/// The text between the quotes of a `"…"` token, escapes resolved (specification §2.9.4). The fault names the bad escape.
pub(crate) fn string_text(raw: &str) -> Result<String, String> {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let escape = rest.chars().next().ok_or("a backslash ends the string")?;
        rest = &rest[escape.len_utf8()..];
        out.push(match escape {
            '"' | '\\' | '/' => escape,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let mut code = code_point(&mut rest)?;
                if (0xD800..0xDC00).contains(&code) && rest.starts_with("\\u") {
                    rest = &rest[2..];
                    let low = code_point(&mut rest)?;
                    if !(0xDC00..0xE000).contains(&low) {
                        return Err("\\u of a high surrogate needs a low surrogate after it".to_owned());
                    }
                    code = 0x1_0000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                }
                char::from_u32(code).ok_or_else(|| format!("\\u{code:04X} is not a character"))?
            }
            other => return Err(format!("\\{other} is not an escape")),
        });
    }
    out.push_str(rest);
    Ok(out)
}

/// The four hexadecimal digits, or the ones in braces, that follow `\u`.
fn code_point(rest: &mut &str) -> Result<u32, String> {
    let (digits, after) = match rest.strip_prefix('{') {
        Some(braced) => braced.split_once('}').ok_or("\\u{ is not closed")?,
        None => rest.split_at_checked(4).ok_or("\\u needs four hexadecimal digits")?,
    };
    let valid = (1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = if valid { u32::from_str_radix(digits, 16).ok() } else { None };
    *rest = after;
    code.ok_or_else(|| format!("\\u{digits} does not name a character"))
}

/// The text between the quotes of a `"""…"""` token: common indentation and blank border lines removed (§2.9.4).
pub(crate) fn block_string_text(raw: &str) -> String {
    let raw = raw.replace("\\\"\"\"", "\"\"\"").replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = raw.split('\n').collect();
    let indentation = |line: &str| line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let blank = |line: &str| indentation(line) == line.len();
    let common = lines.iter().skip(1).filter(|line| !blank(line)).map(|line| indentation(line)).min().unwrap_or(0);
    let Some(first) = lines.iter().position(|line| !blank(line)) else {
        return String::new();
    };
    let last = lines.iter().rposition(|line| !blank(line)).unwrap_or(first);
    let kept: Vec<&str> = lines[first..=last]
        .iter()
        .enumerate()
        .map(|(index, line)| if first + index == 0 { line } else { line.get(common..).unwrap_or("") })
        .collect();
    kept.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_named_as_java_prints_them() {
        let object = Literal::Object(vec![("n".into(), Literal::List(vec![Literal::Int("1".into()), Literal::Null]))]);
        for (literal, expected) in [
            (Literal::String("x".into()), "StringValue{value='x'}"),
            (Literal::Int("1".into()), "IntValue{value=1}"),
            (Literal::Float("1.5".into()), "FloatValue{value=1.5}"),
            (Literal::Boolean(true), "BooleanValue{value=true}"),
            (Literal::Enum("RED".into()), "EnumValue{name='RED'}"),
            (Literal::Null, "NullValue{}"),
            (Literal::Variable("v".into()), "VariableReference{name='v'}"),
            (
                object,
                "ObjectValue{objectFields=[ObjectField{name='n', value=ArrayValue{values=[IntValue{value=1}, NullValue{}]}}]}",
            ),
        ] {
            assert_eq!(java_text(&literal), expected);
        }
    }

    #[test]
    fn decimals_print_as_big_decimals_do() {
        for (text, expected) in [
            ("1.50", "1.50"),
            ("1e2", "1E+2"),
            ("-1.25e3", "-1.25E+3"),
            ("1.25e1", "12.5"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1E-7"),
            ("12345678901234567890.5", "12345678901234567890.5"),
            ("0.0", "0.0"),
            ("1e0", "1"),
        ] {
            assert_eq!(decimal_text(text), expected, "{text}");
        }
    }

    #[test]
    fn escapes_resolve_and_bad_ones_are_refused() {
        for (raw, expected) in [
            (r#"a\"\\\/\b\f\n\r\tz"#, Some("a\"\\/\u{8}\u{c}\n\r\tz")),
            (r"\u00e9\u{1F600}\uD83D\uDE00é", Some("é😀😀é")),
            (r"\uD83D", None),
            (r"\uDE00", None),
            (r"\uD83Dx", None),
            (r"\uD83D\u0041", None),
            (r"\u12", None),
            (r"\u{110000}", None),
            (r"\u{", None),
            (r"\u+123", None),
            (r"\x", None),
            (r"\u12é", None),
        ] {
            assert_eq!(string_text(raw).ok().as_deref(), expected, "{raw}");
        }
    }

    #[test]
    fn block_strings_lose_indentation_and_blank_borders() {
        for (raw, expected) in [
            ("", ""),
            ("a", "a"),
            ("\n    Hello,\n      World!\n\n    Yours,\r\n      GraphQL.\n  ", "Hello,\n  World!\n\nYours,\n  GraphQL."),
            ("  a\n    b\n   c", "  a\n b\nc"),
            (r#"x \""" y \n"#, r#"x """ y \n"#),
            ("\n \n  é\n \n", "é"),
        ] {
            assert_eq!(block_string_text(raw), expected, "{raw:?}");
        }
    }
}
