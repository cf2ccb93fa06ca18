//! The characters of a body: UTF-8, unless the content type names another charset (resolver reference for HTTP). Beside UTF-8
//! there are the two that are subsets of Unicode's first characters; whatever else is named is refused or left as bytes, never guessed.

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderValue;

use crate::data_source::DataSourceError;
use crate::data_source::fields::refuse;

/// A charset that is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Charset {
    Utf8,
    /// ISO-8859-1, byte for character.
    Latin1,
}

impl Charset {
    /// The charset of a content type; the name when it is none of ours.
    fn of(content_type: Option<&HeaderValue>) -> Result<Self, String> {
        let text = content_type.map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase()).unwrap_or_default();
        let parameters = text.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
        let mut names =
            parameters.filter(|(name, _)| name.trim() == "charset").map(|(_, charset)| charset.trim().trim_matches('"'));
        match names.next() {
            None | Some("" | "utf-8" | "utf8" | "us-ascii" | "ascii") => Ok(Self::Utf8),
            Some("iso-8859-1" | "iso8859-1" | "latin1" | "latin-1") => Ok(Self::Latin1),
            Some(other) => Err(other.to_owned()),
        }
    }
}

/// The bytes of a request's body.
pub(super) fn encode(text: &str, content_type: Option<&HeaderValue>) -> Result<Bytes, DataSourceError> {
    match Charset::of(content_type) {
        Ok(Charset::Utf8) => Ok(Bytes::copy_from_slice(text.as_bytes())),
        Ok(Charset::Latin1) => {
            let bytes: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
            bytes.map(Bytes::from).map_err(|_| refuse("params.body has characters that the charset of its content type has not."))
        }
        Err(name) => Err(refuse(format!("A body cannot be sent in the charset {name:?}: UTF-8 and ISO-8859-1 are known."))),
    }
}

/// The text of an answer's body; nothing when its bytes are no text.
pub(super) fn decode<'b>(body: &'b [u8], content_type: Option<&HeaderValue>) -> Option<Cow<'b, str>> {
    match Charset::of(content_type) {
        Ok(Charset::Latin1) => Some(body.iter().copied().map(char::from).collect()),
        Ok(Charset::Utf8) => std::str::from_utf8(body).ok().map(Cow::Borrowed),
        // ASCII is part of nearly every charset; UTF-16, which is not, has zeros between its characters.
        Err(_) => std::str::from_utf8(body).ok().filter(|text| text.is_ascii() && !text.contains('\0')).map(Cow::Borrowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content_type(text: &'static str) -> Option<HeaderValue> {
        (!text.is_empty()).then(|| HeaderValue::from_static(text))
    }

    #[test]
    fn a_body_is_sent_in_the_charset_of_its_content_type() {
        for (name, text, expected) in [
            ("", "é", Ok(&b"\xc3\xa9"[..])),
            ("text/plain; charset=\"UTF-8\"", "é", Ok(b"\xc3\xa9")),
            ("text/plain; format=flowed; Charset=ISO-8859-1", "é", Ok(b"\xe9")),
            ("text/plain;charset=iso-8859-1", "€", Err("characters that the charset")),
            ("text/plain;charset=utf-16", "x", Err("the charset \"utf-16\"")),
        ] {
            match (encode(text, content_type(name).as_ref()), expected) {
                (Ok(bytes), Ok(expected)) => assert_eq!(bytes, expected, "{name}"),
                (Err(error), Err(expected)) => assert!(error.message.contains(expected), "{name}: {}", error.message),
                (found, _) => panic!("{name}: {found:?}"),
            }
        }
    }

    #[test]
    fn an_answer_is_text_where_its_bytes_are() {
        for (name, body, expected) in [
            ("", &b"\xc3\xa9"[..], Some("é")),
            ("application/json", b"{}", Some("{}")),
            ("text/html; charset=iso-8859-1", b"caf\xe9", Some("café")),
            ("text/html; charset=shift_jis", b"ascii", Some("ascii")),
            ("text/html; charset=shift_jis", b"\x83\x65", None),
            ("text/html; charset=utf-16", b"\xc3\xa9", None),
            ("text/html; charset=utf-16", b"a\0b\0", None),
            ("image/png", b"\x89PNG", None),
        ] {
            assert_eq!(decode(body, content_type(name).as_ref()).as_deref(), expected, "{name}");
        }
    }
}
