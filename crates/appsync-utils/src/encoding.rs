//! Text encodings: JSON, Base64, `application/x-www-form-urlencoded`, JavaScript string escapes.

use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use value::Value;

use crate::arguments::Arguments;
use crate::{Failure, Session, Utility};

pub(crate) const TABLE: &[Utility] = &[
    Utility::vtl("toJson", |_, values| Ok(Arguments::new("toJson", values).get(0).to_json().into())),
    Utility::vtl("parseJson", parse_json),
    Utility::both("base64Encode", |_, values| {
        Ok(STANDARD.encode(Arguments::new("base64Encode", values).text(0)?.as_bytes()).into())
    }),
    Utility::both("base64Decode", base64_decode),
    Utility::both("urlEncode", |_, values| Ok(url_encode(&Arguments::new("urlEncode", values).text(0)?).into())),
    Utility::both("urlDecode", url_decode),
    Utility::both("escapeJavaScript", |_, values| {
        Ok(escape_java_script(&Arguments::new("escapeJavaScript", values).text(0)?).into())
    }),
];

/// Java's decoder accepts text with and without padding.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&ALPHABET, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

fn parse_json(_: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new("parseJson", values);
    if arguments.get(0).is_null() {
        return Ok(Value::Null);
    }
    let text = arguments.text(0)?;
    Value::parse(text.as_bytes()).map_err(|fault| arguments.refuse(format!("Invalid JSON passed to parseJson: {fault}")))
}

fn base64_decode(_: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new("base64Decode", values);
    let text = arguments.text(0)?;
    let bytes =
        LENIENT.decode(text.as_bytes()).map_err(|fault| arguments.refuse(format!("Input is not valid Base64: {fault}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned().into())
}

/// `java.net.URLEncoder` with UTF-8.
fn url_encode(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            other => {
                out.push('%');
                out.push(char::from(HEX[usize::from(other >> 4)]));
                out.push(char::from(HEX[usize::from(other & 15)]));
            }
        }
    }
    out
}

fn url_decode(_: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new("urlDecode", values);
    let text = arguments.text(0)?;
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
                let (Some(high), Some(low)) = (digit(), digit()) else {
                    return Err(arguments.refuse("URLDecoder: Incomplete or illegal hex characters in escape (%) pattern"));
                };
                u8::try_from(high * 16 + low).expect("two hexadecimal digits are one byte")
            }
            other => other,
        });
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned().into())
}

/// Apache Commons' `StringEscapeUtils.escapeJavaScript`: quotes, backslash and slash, controls, and everything outside ASCII.
fn escape_java_script(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut units = [0u16; 2];
    for character in text.chars() {
        match character {
            '\'' | '"' | '\\' | '/' => out.extend(['\\', character]),
            '\u{8}' => out.push_str("\\b"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            ' '..='\u{7f}' => out.push(character),
            other => {
                for unit in other.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04X}"));
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;
    use crate::testing::{call, check};

    #[test]
    fn texts_are_encoded_as_java_does() {
        check(&[
            ("toJson", vec![value!({"a": [1, null, "x\n"]})], value!(r#"{"a":[1,null,"x\n"]}"#)),
            ("toJson", vec![], value!("null")),
            ("parseJson", vec![value!(r#"{"a": 1.10}"#)], Value::parse(b"{\"a\":1.10}").expect("JSON")),
            ("parseJson", vec![Value::Null], Value::Null),
            ("base64Encode", vec![value!("hällo")], value!("aMOkbGxv")),
            ("base64Decode", vec![value!("aMOkbGxv")], value!("hällo")),
            ("base64Decode", vec![value!("YQ")], value!("a")),
            ("urlEncode", vec![value!("a b&c=ü*~")], value!("a+b%26c%3D%C3%BC*%7E")),
            ("urlDecode", vec![value!("a+b%26c%3D%C3%BC")], value!("a b&c=ü")),
            (
                "escapeJavaScript",
                vec![value!("it's \"a\"/\\\n\u{1}é😀")],
                value!("it\\'s \\\"a\\\"\\/\\\\\\n\\u0001\\u00E9\\uD83D\\uDE00"),
            ),
        ]);
    }

    #[test]
    fn malformed_text_is_refused() {
        for (name, argument) in [("parseJson", "{"), ("base64Decode", "*"), ("urlDecode", "%4"), ("urlDecode", "%zz")] {
            assert!(matches!(call(name, &[value!(argument)]), Err(Failure::Invalid { .. })), "{name} {argument}");
        }
    }
}
