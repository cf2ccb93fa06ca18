//! The canonical request: the form that signer and verifier agree on.

use std::borrow::Cow;
use std::fmt::Write as _;

use aws_lc_rs::digest;
use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

use super::SignedRequest;

/// Everything but the unreserved characters of RFC 3986 is encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// The canonical request; bytes, because header values need not be UTF-8.
pub(super) fn request(request: &SignedRequest<'_>, signed_headers: &[String], payload: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    let mut line = |bytes: &[u8]| {
        out.extend_from_slice(bytes);
        out.push(b'\n');
    };
    line(request.method.as_bytes());
    line(path(request.path).as_bytes());
    line(query(request.query).as_bytes());
    for name in signed_headers {
        line(&header(request.headers, name));
    }
    line(b"");
    line(signed_headers.join(";").as_bytes());
    out.extend_from_slice(payload.as_bytes());
    out
}

/// The path, normalized as RFC 3986 says and encoded. A path that arrived encoded is thereby encoded twice, as every service but S3
/// wants it.
pub(super) fn path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut normal = String::with_capacity(path.len() + 1);
    for segment in &segments {
        normal.push('/');
        normal.push_str(segment);
    }
    if normal.is_empty() || path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..") {
        normal.push('/');
    }
    percent_encode(normal.as_bytes(), RESERVED_IN_PATH).to_string()
}

/// A canonical request as errors show it, AWS's do, but without the values of headers that let somebody in.
pub(super) fn shown(canonical: &[u8]) -> String {
    const SECRET: [&str; 4] = ["x-amz-security-token:", "x-api-key:", "authorization:", "cookie:"];
    let text = String::from_utf8_lossy(canonical);
    let lines: Vec<_> = text
        .split('\n')
        .map(|line| match SECRET.iter().find(|name| line.starts_with(**name)) {
            Some(name) => Cow::from(format!("{name}…")),
            None => Cow::from(line),
        })
        .collect();
    lines.join("\n")
}

/// The parameters of a query, each encoded once, by name and then value. A plus is a blank, as who reads the parameters takes it:
/// one that stood for itself could otherwise be made a blank after it was signed.
pub(super) fn query(query: &str) -> String {
    let encode = |text: &str| {
        let text = text.replace('+', " ");
        let bytes: Vec<u8> = percent_decode(text.as_bytes()).collect();
        percent_encode(&bytes, RESERVED).to_string()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    pairs.sort_unstable();
    let mut out = String::with_capacity(query.len());
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        let _ = write!(out, "{name}={value}");
    }
    out
}

/// `name:value,value`, each value trimmed and with single blanks inside.
fn header(headers: &HeaderMap, name: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    out.extend_from_slice(name.as_bytes());
    out.push(b':');
    for (at, value) in headers.get_all(name).iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let words = value.as_bytes().split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
        for (at, word) in words.enumerate() {
            if at > 0 {
                out.push(b' ');
            }
            out.extend_from_slice(word);
        }
    }
    out
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Hexadecimal digits.
pub(crate) mod hex {
    /// In lower case.
    pub(crate) fn encode(bytes: &[u8]) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).map(char::from).collect()
    }

    /// `None` when these are no such digits.
    pub(in super::super) fn decode(text: &str) -> Option<Vec<u8>> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        rest.is_empty().then_some(())?;
        pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
    }
}
