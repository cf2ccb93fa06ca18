//! What nobody may read in a trace, a log line or a test case: credentials of the caller and of data sources.
//!
//! Two rules. Members whose names are those of secrets are not shown, wherever they stand. And what is secret by its name in what the
//! request was given (its headers, variables, arguments, identity, stash) is not shown under another name either, wherever code has
//! copied it to.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use aho_corasick::{AhoCorasick, MatchKind};
use value::{Object, Str, Value};

use crate::diagnostic::sounds_secret;

/// What stands in place of a secret.
pub const HIDDEN: &str = "(not shown)";

/// Names of headers that are credentials, in lower case; names that sound like secrets are not listed.
const CREDENTIALS: [&str; 7] =
    ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-amz-security-token", "x-amz-signature"];
/// What is shorter is no secret, and may be a part of every second word.
const SHORTEST: usize = 6;
/// Bytes of secrets that are looked for. Beyond them no text at all is shown: what is not known cannot be hidden.
const MOST: usize = 1 << 20;
/// How keys of AppSync's begin.
const API_KEY: &str = "da2-";

/// The secrets of one request, as they become known.
#[derive(Debug, Default)]
pub struct Secrets(Mutex<Known>);

#[derive(Default)]
struct Known {
    texts: HashSet<Str>,
    bytes: usize,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Known({} secrets)", self.texts.len())
    }
}

impl Known {
    fn add(&mut self, text: &str) {
        if text.len() < SHORTEST || self.bytes > MOST || self.texts.contains(text) {
            return;
        }
        self.bytes += text.len();
        self.texts.insert(Str::from(text));
        // As it stands in JSON that is text itself.
        let json = Value::from(text).to_json();
        let inner = json.get(1..json.len() - 1).unwrap_or_default();
        if inner != text {
            self.bytes += inner.len();
            self.texts.insert(Str::from(inner));
        }
    }

    /// Adds what stands below names of secrets. Values are at most `value::MAX_DEPTH` deep.
    fn add_members(&mut self, value: &Value, is_below: bool) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(_) if is_below => self.add(&value.to_json()),
            Value::Number(_) => {}
            Value::String(text) if is_below => self.add(text),
            Value::String(_) => {}
            Value::List(items) => items.iter().for_each(|item| self.add_members(item, is_below)),
            Value::Object(object) => {
                object.iter().for_each(|(name, value)| self.add_members(value, is_below || is_secret(name)));
            }
        }
    }
}

impl Secrets {
    /// Those in the headers of a request.
    #[must_use]
    pub fn of(headers: &http::HeaderMap) -> Self {
        let mut known = Known::default();
        for name in CREDENTIALS {
            for value in headers.get_all(name) {
                if let Ok(text) = value.to_str() {
                    credentials(name, text, &mut |part| known.add(part));
                }
            }
        }
        Self(Mutex::new(known))
    }

    /// Remembers what is secret in something that the request was given.
    pub fn learn(&self, value: &Value) {
        if matches!(value, Value::List(_) | Value::Object(_)) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).add_members(value, false);
        }
    }

    /// What hides them.
    #[must_use]
    pub fn mask(&self) -> Mask {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.bytes > MOST {
            return Mask(Hides::Everything);
        }
        if known.texts.is_empty() {
            return Mask(Hides::Names);
        }
        // Of those that begin at one place the longest counts, so that no part of it is left.
        let built = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(known.texts.iter().map(|text| &**text));
        Mask(built.map_or(Hides::Everything, |automaton| Hides::These(Box::new(automaton))))
    }
}

/// What of a credential header's text is secret, by its scheme.
fn credentials(name: &str, text: &str, found: &mut dyn FnMut(&str)) {
    if name == "cookie" || name == "set-cookie" {
        // Of an answer's cookie the first pair is the cookie, the others are attributes of it.
        let pairs = text.split(';').take(if name == "cookie" { usize::MAX } else { 1 });
        for value in pairs.filter_map(|pair| pair.split_once('=')).map(|(_, value)| value.trim()) {
            found(value);
            found(value.trim_matches('"'));
        }
        return;
    }
    let text = text.trim();
    match text.split_once(' ') {
        // The credential scope and the names of the signed headers are public.
        Some((scheme, parameters)) if scheme.starts_with("AWS4-") => {
            for parameter in parameters.split(',') {
                if let Some(signature) = parameter.trim().strip_prefix("Signature=") {
                    found(signature);
                }
            }
        }
        Some((_, token)) if name.ends_with("authorization") => found(token.trim()),
        _ => found(text),
    }
}

/// Hides the secrets of one request.
#[derive(Debug)]
pub struct Mask(Hides);

#[derive(Debug)]
enum Hides {
    /// Members by their names only.
    Names,
    /// These texts too.
    These(Box<AhoCorasick>),
    /// Every text: there are too many secrets.
    Everything,
}

impl Mask {
    /// The text without the secrets.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let shown = match &self.0 {
            Hides::Everything if !text.is_empty() => return HIDDEN.into(),
            Hides::These(automaton) if automaton.is_match(text) => {
                let mut shown = String::with_capacity(text.len());
                automaton.replace_all_with(text, &mut shown, |_, _, shown| {
                    shown.push_str(HIDDEN);
                    true
                });
                Cow::Owned(shown)
            }
            _ => Cow::Borrowed(text),
        };
        if shown.contains(API_KEY) { hide_api_keys(&shown).into() } else { shown }
    }

    /// A GraphQL document without the secrets: also what is given for arguments and input fields with names of secrets.
    #[must_use]
    pub fn document(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let (mut rest, mut name, mut depth) = (text, "", 0_usize);
        // How deep in brackets the name stands whose value is secret.
        let mut hides: Option<usize> = None;
        while let Some(first) = rest.chars().next() {
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let length = match first {
                '#' => rest.find(['\n', '\r']).unwrap_or(rest.len()),
                '"' => string_length(rest),
                c if is_name(c) => rest.find(|c| !is_name(c)).unwrap_or(rest.len()),
                c => c.len_utf8(),
            };
            let (token, after) = rest.split_at(length);
            rest = after;
            match first {
                '"' if hides.is_some() => {
                    shown.extend(["\"", HIDDEN, "\""]);
                    continue;
                }
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => {
                    depth = depth.saturating_sub(1);
                    hides = hides.filter(|at| *at <= depth);
                }
                ':' if hides.is_none_or(|at| at == depth) => hides = is_secret(name).then_some(depth),
                c if is_name(c) => name = token,
                _ => {}
            }
            shown.push_str(token);
        }
        self.text(&shown).into_owned()
    }

    /// The value without the secrets. Values are at most `value::MAX_DEPTH` deep.
    #[must_use]
    pub fn value(&self, value: &Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(_) => {
                let Hides::These(automaton) = &self.0 else { return value.clone() };
                let text = value.to_json();
                let is_all = automaton.find(&text).is_some_and(|found| found.len() == text.len());
                if is_all { HIDDEN.into() } else { value.clone() }
            }
            Value::String(text) => match self.text(text) {
                Cow::Borrowed(_) => value.clone(),
                Cow::Owned(shown) => shown.into(),
            },
            Value::List(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(object) => self.object(object).into(),
        }
    }

    /// As [`value`](Self::value).
    #[must_use]
    pub fn object(&self, object: &Object) -> Object {
        let shown = |(name, value): (&Str, &Value)| {
            let value = if is_secret(name) && !value.is_null() { HIDDEN.into() } else { self.value(value) };
            (Arc::clone(name), value)
        };
        object.iter().map(shown).collect()
    }
}

/// How long the string is that the text begins with, quotes and all.
fn string_length(text: &str) -> usize {
    let quotes = if text.starts_with("\"\"\"") { "\"\"\"" } else { "\"" };
    let mut at = quotes.len();
    while at < text.len() {
        if text[at..].starts_with(quotes) {
            return at + quotes.len();
        }
        let escaped = text[at..].starts_with('\\');
        at += usize::from(escaped);
        at += text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
    }
    text.len()
}

/// Whether a member of this name is a credential.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    CREDENTIALS.contains(&name.as_str()) || sounds_secret(&name)
}

fn hide_api_keys(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(API_KEY) {
        let start = at + API_KEY.len();
        let length = rest[start..].bytes().take_while(u8::is_ascii_alphanumeric).count();
        shown.push_str(&rest[..start]);
        if length > 0 {
            shown.push('…');
        }
        rest = &rest[start + length..];
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};
    use value::value;

    use super::*;

    fn secrets(headers: &[(&str, &str)]) -> Secrets {
        let mut map = HeaderMap::new();
        for (name, text) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            map.append(name, HeaderValue::from_str(text).expect("a value"));
        }
        Secrets::of(&map)
    }

    fn mask(headers: &[(&str, &str)]) -> Mask {
        secrets(headers).mask()
    }

    #[test]
    fn credentials_are_hidden_by_name_and_by_what_they_are() {
        let mask = mask(&[
            ("authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.signature"),
            ("x-api-key", "da2-abcdefghijklmnopqrstuvwxyz"),
            ("accept", "application/json"),
        ]);
        let shown = mask.value(&value!({
            "headers": {"Authorization": "other", "X-Api-Key": "k", "accept": "application/json", "x-amz-security-token": null},
            "copied": ["eyJhbGciOiJIUzI1NiJ9.e30.signature", "token=eyJhbGciOiJIUzI1NiJ9.e30.signature;"],
            "env": {"DB_PASSWORD": "p", "TABLE": "t"},
            "text": "key da2-zzzzzzzzzzzzzzzzzzzzzzzzzz, da2-",
        }));
        assert_eq!(
            shown,
            value!({
                "headers": {"Authorization": HIDDEN, "X-Api-Key": HIDDEN, "accept": "application/json", "x-amz-security-token": null},
                "copied": [HIDDEN, "token=(not shown);"],
                "env": {"DB_PASSWORD": HIDDEN, "TABLE": "t"},
                "text": "key da2-…, da2-",
            })
        );
    }

    #[test]
    fn only_the_secret_part_of_a_credential_is_one() {
        let check = |name: &str, header: &str, text: &str, expected: &str| {
            assert_eq!(mask(&[(name, header)]).text(text), expected, "{name}: {header}");
        };
        let signed = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/appsync/aws4_request, \
                      SignedHeaders=content-type;host;x-amz-date, Signature=0123456789abcdef";
        let said = "AWS4-HMAC-SHA256 content-type x-amz-date AKIDEXAMPLE us-east-1 appsync aws4_request Signature";
        check("authorization", signed, said, said);
        check("authorization", signed, "is 0123456789abcdef", "is (not shown)");
        check("cookie", "session-name=abcdef123; preference=\"dark-mode\"", "session-name abcdef123", "session-name (not shown)");
        check("cookie", "session-name=abcdef123; preference=\"dark-mode\"", "preference dark-mode", "preference (not shown)");
        check("authorization", "raw-token.abc", "raw-token.abc", HIDDEN);
        check("authorization", "Bearer token-of-it", "Bearer of token-of-it", "Bearer of (not shown)");
    }

    #[test]
    fn what_was_secret_by_its_name_is_hidden_under_every_name() {
        let secrets = Secrets::default();
        secrets.learn(&value!({"input": {"password": "hunter2!", "name": "ann-of-it", "secrets": ["line\n\"two", 12_345_678]}}));
        let mask = secrets.mask();
        let shown = mask.value(&value!({"pw": "hunter2!", "n": "ann-of-it", "sql": "x = 'hunter2!'", "number": 12_345_678}));
        assert_eq!(shown, value!({"pw": HIDDEN, "n": "ann-of-it", "sql": "x = '(not shown)'", "number": HIDDEN}));
        assert_eq!(mask.text(r#"{"a":"line\n\"two"}"#), r#"{"a":"(not shown)"}"#);
        // Those that are too many to look for hide everything.
        secrets.learn(&value!({"password": ("x".repeat(MOST + 1))}));
        assert_eq!(secrets.mask().text("anything"), HIDDEN);
    }

    #[test]
    fn a_document_does_not_show_literals_of_secrets() {
        for (document, expected) in [
            (
                "mutation { login(name: \"ann\", password: \"hun\\\"ter\") { id } }",
                "mutation { login(name: \"ann\", password: \"(not shown)\") { id } }",
            ),
            (
                "{ f(input: {secret : [\"a\", \"b\"], other: \"c\"}) }",
                "{ f(input: {secret : [\"(not shown)\", \"(not shown)\"], other: \"c\"}) }",
            ),
            ("{ f(password: \"\"\"a \"b\" c\"\"\", x: \"y\") }", "{ f(password: \"(not shown)\", x: \"y\") }"),
            ("{ f(password: # one\n \"abc\") g(x: \"y\") }", "{ f(password: # one\n \"(not shown)\") g(x: \"y\") }"),
            ("{ f(password: \"open", "{ f(password: \"(not shown)\""),
            ("query($password: String = \"abc\") { f }", "query($password: String = \"(not shown)\") { f }"),
            ("{ f(password: {it: \"abc\"}, x: \"y\") }", "{ f(password: {it: \"(not shown)\"}, x: \"y\") }"),
        ] {
            assert_eq!(Secrets::default().mask().document(document), expected);
        }
    }
}
