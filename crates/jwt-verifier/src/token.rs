//! The compact form of a token (RFC 7515 §7.1), taken apart strictly; nothing here is verified yet.
//!
//! Strict means: exactly three parts, base64url without padding or stray bits, JSON objects without a repeated member (two readers
//! could otherwise see different claims), bounded size and nesting. Header members that offer a key (`jku`, `jwk`, `x5u`, `x5c`) are
//! not looked at: a token does not choose who vouches for it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use value::{Str, Value};

use crate::algorithm::Algorithm;
use crate::error::Error;

/// Known `kid`s are thumbprints or short names; one of this length names no key.
pub(crate) const MAX_KEY_ID_BYTES: usize = 512;
/// Headers are a handful of short members, or a certificate chain that some issuers add.
const MAX_HEADER_BYTES: usize = 8 * 1024;
/// Claims are flat, with an object or two inside; a tenth of what the JSON reader allows is plenty.
const MAX_DEPTH: usize = 20;

/// A token in parts.
pub(crate) struct Token<'a> {
    /// What the signature covers: header and claims as they were sent.
    pub(crate) signed: &'a [u8],
    pub(crate) signature: Vec<u8>,
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Str,
    pub(crate) token_type: Option<Str>,
    /// An object.
    pub(crate) claims: Value,
}

impl<'a> Token<'a> {
    pub(crate) fn read(token: &'a [u8]) -> Result<Self, Error> {
        let parts = Parts::split(token)?;
        let header = object(parts.header, &HEADER)?;
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        let algorithm = match header.get("alg") {
            None => return Err(Error::Malformed("the header has no `alg`")),
            Some(name) => name.as_str().and_then(Algorithm::from_name).ok_or(Error::UnsupportedAlgorithm)?,
        };
        // `crit` names members that must be understood (RFC 7515 §4.1.11), and none is here; `b64` changes what is signed (RFC 7797),
        // `enc` and `zip` belong to encryption. A nested token (`cty` JWT, RFC 7519 §5.2) has no claims of its own.
        for name in ["crit", "b64", "enc", "zip"] {
            if header.get(name).is_some() {
                return Err(Error::UnsupportedHeader(name));
            }
        }
        if header.get("cty").is_some_and(|kind| kind.as_str().is_none_or(|kind| media_type(kind) == "jwt")) {
            return Err(Error::UnsupportedHeader("cty"));
        }
        // Explicit types (RFC 8725 §3.11): a logout token or a proof of possession is signed by the same keys, but grants nothing.
        let token_type = match header.get("typ") {
            None => None,
            Some(kind) => match kind.as_str() {
                Some(kind) if matches!(media_type(kind).as_str(), "jwt" | "at+jwt") => Some(Str::from(kind)),
                _ => return Err(Error::UnsupportedHeader("typ")),
            },
        };
        let key_id = text("kid").filter(|id| !id.is_empty() && id.len() <= MAX_KEY_ID_BYTES).ok_or(Error::MissingKeyId)?;
        let key_id = Str::from(key_id);
        let claims = object(parts.claims, &CLAIMS)?;
        let signature =
            URL_SAFE_NO_PAD.decode(parts.signature).map_err(|_| Error::Malformed("the signature is not base64url"))?;
        Ok(Self { signed: parts.signed, signature, algorithm, key_id, token_type, claims })
    }
}

/// What a token claims before anything of it was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverified {
    /// `iss`, if it is a string.
    pub issuer: Option<Str>,
}

/// Reads whether bytes look like a JSON Web Token, and whose it claims to be: enough to choose a [`Verifier`](crate::Verifier), and
/// not enough to believe anything. Tokens that no verifier would take (`alg` of `none`) are told apart from other credentials too.
///
/// # Errors
/// [`Error::Malformed`] when this is no token in compact form, [`Error::TooLong`] when it exceeds `max_bytes`.
pub fn peek(token: &[u8], max_bytes: usize) -> Result<Unverified, Error> {
    if token.len() > max_bytes {
        return Err(Error::TooLong { limit: max_bytes });
    }
    let parts = Parts::split(token)?;
    if object(parts.header, &HEADER)?.get("alg").and_then(Value::as_str).is_none() {
        return Err(Error::Malformed("the header has no `alg`"));
    }
    let claims = object(parts.claims, &CLAIMS)?;
    Ok(Unverified { issuer: claims.get("iss").and_then(Value::as_str).map(Str::from) })
}

struct Parts<'a> {
    header: &'a [u8],
    claims: &'a [u8],
    signature: &'a [u8],
    signed: &'a [u8],
}

impl<'a> Parts<'a> {
    fn split(token: &'a [u8]) -> Result<Self, Error> {
        let mut dots = token.iter().enumerate().filter_map(|(at, byte)| (*byte == b'.').then_some(at));
        let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else {
            return Err(Error::Malformed("a token has three parts"));
        };
        let parts = Self {
            header: &token[..first],
            claims: &token[first + 1..second],
            signature: &token[second + 1..],
            signed: &token[..second],
        };
        if parts.header.len() > MAX_HEADER_BYTES {
            return Err(Error::Malformed("the header is longer than 8 KiB"));
        }
        Ok(parts)
    }
}

/// The faults of a part, in the words of that part.
struct Faults {
    base64: &'static str,
    json: &'static str,
    object: &'static str,
    depth: &'static str,
    twice: &'static str,
}

const HEADER: Faults = Faults {
    base64: "the header is not base64url",
    json: "the header is not JSON",
    object: "the header is no JSON object",
    depth: "the header is nested too deeply",
    twice: "the header has a member twice",
};

const CLAIMS: Faults = Faults {
    base64: "the claims are not base64url",
    json: "the claims are not JSON",
    object: "the claims are no JSON object",
    depth: "the claims are nested too deeply",
    twice: "the claims have a member twice",
};

fn object(part: &[u8], faults: &Faults) -> Result<Value, Error> {
    let text = URL_SAFE_NO_PAD.decode(part).map_err(|_| Error::Malformed(faults.base64))?;
    let value = Value::parse(&text).map_err(|_| Error::Malformed(faults.json))?;
    if value.as_object().is_none() {
        return Err(Error::Malformed(faults.object));
    }
    let mut members = 0;
    if !survey(&value, 1, &mut members) {
        return Err(Error::Malformed(faults.depth));
    }
    if members != written_members(&text) {
        return Err(Error::Malformed(faults.twice));
    }
    Ok(value)
}

/// Counts the members of all objects; false when containers are nested deeper than [`MAX_DEPTH`].
fn survey(value: &Value, depth: usize, members: &mut usize) -> bool {
    match value {
        Value::List(items) => depth <= MAX_DEPTH && items.iter().all(|item| survey(item, depth + 1, members)),
        Value::Object(object) => {
            *members += object.len();
            depth <= MAX_DEPTH && object.values().all(|item| survey(item, depth + 1, members))
        }
        _ => true,
    }
}

/// How many members valid JSON text spells out: the colons outside of strings. The reader keeps the last of equal keys, so a
/// difference to what it kept is a repetition, however the key was escaped.
fn written_members(text: &[u8]) -> usize {
    let (mut members, mut in_string, mut escaped) = (0, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b':' if !in_string => members += 1,
            _ => {}
        }
    }
    members
}

/// A media type as RFC 7515 §4.1.9 compares it: without `application/`, in lower case.
fn media_type(text: &str) -> String {
    let text = text.to_ascii_lowercase();
    match text.strip_prefix("application/") {
        Some(rest) if !rest.contains('/') => rest.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
    }

    fn fault(token: impl AsRef<[u8]>) -> Option<Error> {
        Token::read(token.as_ref()).err()
    }

    #[test]
    fn form_is_strict() {
        let good = token(r#"{"alg":"RS256","kid":"k"}"#, "{}");
        assert_eq!(fault(&good), None);
        let cases: &[(&str, String)] = &[
            ("a token has three parts", String::new()),
            ("a token has three parts", "x".into()),
            ("a token has three parts", "a.b".into()),
            ("a token has three parts", format!("{good}.")),
            ("a token has three parts", format!("{good}.x.y")),
            ("the header is not JSON", "..".into()),
            ("the header is not base64url", format!(" {good}")),
            ("the header is not base64url", good.replacen('.', "=.", 1)),
            ("the signature is not base64url", format!("{good}\n")),
            ("the signature is not base64url", format!("{good}==")),
            ("the signature is not base64url", good.replace("c2ln", "c2lnc")),
            ("the signature is not base64url", good.replace("c2ln", "+/+/")),
            // The last character carries two bits that mean nothing; another value would be a second text of the same signature.
            ("the signature is not base64url", good.replace("c2ln", "c2l")),
            ("the header is no JSON object", token("[]", "{}")),
            ("the header is no JSON object", token("null", "{}")),
            ("the header is not JSON", token("{", "{}")),
            ("the header is not JSON", token("{}{}", "{}")),
            ("the header is not JSON", token("\u{feff}{}", "{}")),
            ("the header has no `alg`", token("{}", "{}")),
            ("the header has a member twice", token(r#"{"alg":"none","alg":"RS256","kid":"k"}"#, "{}")),
            ("the header has a member twice", token(r#"{"alg":"RS256","\u0061lg":"RS256","kid":"k"}"#, "{}")),
            ("the claims are no JSON object", token(r#"{"alg":"RS256","kid":"k"}"#, "7")),
            ("the claims have a member twice", token(r#"{"alg":"RS256","kid":"k"}"#, r#"{"a":{"b":1,"b":1}}"#)),
            ("the header is longer than 8 KiB", token(&format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(9000)), "{}")),
        ];
        for (message, token) in cases {
            assert_eq!(fault(token), Some(Error::Malformed(message)), "{token}");
        }
        assert_eq!(fault(b"\xff\xfe.e30.e30"), Some(Error::Malformed("the header is not base64url")));
        let text = URL_SAFE_NO_PAD.encode(b"{\"alg\":\"\xff\"}");
        assert_eq!(fault(format!("{text}.e30.e30")), Some(Error::Malformed("the header is not JSON")));
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        let header = r#"{"alg":"RS256","kid":"k"}"#;
        assert_eq!(fault(token(header, &nested(MAX_DEPTH - 1))), None);
        assert_eq!(fault(token(header, &nested(MAX_DEPTH))), Some(Error::Malformed("the claims are nested too deeply")));
        assert_eq!(fault(token(header, &nested(100_000))), Some(Error::Malformed("the claims are not JSON")));
    }

    #[test]
    fn header_members_are_judged_one_by_one() {
        let long = format!(r#""kid":"{}""#, "k".repeat(MAX_KEY_ID_BYTES + 1));
        let cases: &[(&str, Option<Error>)] = &[
            (r#""kid":"k","typ":"JWT""#, None),
            (r#""kid":"k","typ":"jwt""#, None),
            (r#""kid":"k","typ":"at+jwt""#, None),
            (r#""kid":"k","typ":"application/at+JWT""#, None),
            (r#""kid":"k","cty":"json""#, None),
            (r#""kid":"k","jku":"https://evil.example/keys","x5u":"https://evil.example","jwk":{"kty":"oct"},"x5c":[]"#, None),
            (r#""kid":"k:\"k\":""#, None),
            (r#""kid":"k","typ":"dpop+jwt""#, Some(Error::UnsupportedHeader("typ"))),
            (r#""kid":"k","typ":"logout+jwt""#, Some(Error::UnsupportedHeader("typ"))),
            (r#""kid":"k","typ":"J\u0057T\u0000""#, Some(Error::UnsupportedHeader("typ"))),
            (r#""kid":"k","typ":"ＪWT""#, Some(Error::UnsupportedHeader("typ"))),
            (r#""kid":"k","typ":["JWT"]"#, Some(Error::UnsupportedHeader("typ"))),
            (r#""kid":"k","typ":null"#, Some(Error::UnsupportedHeader("typ"))),
            (r#""kid":"k","cty":"JWT""#, Some(Error::UnsupportedHeader("cty"))),
            (r#""kid":"k","cty":"application/jwt""#, Some(Error::UnsupportedHeader("cty"))),
            (r#""kid":"k","cty":1"#, Some(Error::UnsupportedHeader("cty"))),
            (r#""kid":"k","crit":["exp"]"#, Some(Error::UnsupportedHeader("crit"))),
            (r#""kid":"k","crit":[]"#, Some(Error::UnsupportedHeader("crit"))),
            (r#""kid":"k","crit":null"#, Some(Error::UnsupportedHeader("crit"))),
            (r#""kid":"k","b64":false"#, Some(Error::UnsupportedHeader("b64"))),
            (r#""kid":"k","enc":"A128GCM""#, Some(Error::UnsupportedHeader("enc"))),
            (r#""kid":"k","zip":"DEF""#, Some(Error::UnsupportedHeader("zip"))),
            (r#""kid":"""#, Some(Error::MissingKeyId)),
            (r#""kid":7"#, Some(Error::MissingKeyId)),
            (r#""x":1"#, Some(Error::MissingKeyId)),
            (&long, Some(Error::MissingKeyId)),
        ];
        for (members, expected) in cases {
            assert_eq!(fault(token(&format!(r#"{{"alg":"RS256",{members}}}"#), "{}")), *expected, "{members}");
        }
    }

    #[test]
    fn peek_tells_the_claimed_issuer_only() {
        let issuer = |claims: &str| peek(token(r#"{"alg":"none"}"#, claims).as_bytes(), 1000).map(|unverified| unverified.issuer);
        assert_eq!(issuer(r#"{"iss":"https://a.example"}"#), Ok(Some("https://a.example".into())));
        assert_eq!(issuer(r#"{"iss":["https://a.example"]}"#), Ok(None));
        assert_eq!(issuer("{}"), Ok(None));
        for other in ["", "secret", "a.b.c", "prefix.eyJhbGciOiJub25lIn0.e30.", "e30.e30."] {
            assert!(matches!(peek(other.as_bytes(), 1000), Err(Error::Malformed(_))), "{other}");
        }
        assert_eq!(peek(&[b'a'; 11], 10), Err(Error::TooLong { limit: 10 }));
    }
}
