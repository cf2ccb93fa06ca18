//! Text to [`CaseFile`]: everything that is wrong with it, each with its place.

use std::collections::HashSet;
use std::ops::Range;

use value::{Object, Str, Value};

use crate::case::{Answer, Case, CaseFile, Expectation, Setting, SourceCall, SourceError, Step, Target};
use crate::finding::{Finding, Help};
use crate::node::{self, Entry, Kind, Node};
use crate::{Language, outcome};

const FILE_KEYS: [&str; 3] = ["api", "defaults", "cases"];
const SETTING_KEYS: [&str; 5] = ["clock", "seed", "ids", "random", "context"];
const CASE_KEYS: [&str; 14] = [
    "name", "resolver", "function", "code", "step", "skip", "clock", "seed", "ids", "random", "context", "calls", "expect",
    "match",
];
const CALL_KEYS: [&str; 5] = ["data_source", "request", "match", "result", "error"];
const ERROR_KEYS: [&str; 5] = ["message", "type", "data", "info", "unhandled_type"];
const CONTEXT_KEYS: [&str; 12] =
    ["arguments", "args", "identity", "source", "result", "error", "request", "info", "stash", "prev", "env", "outErrors"];

/// How many findings of one file are told.
const MOST_FINDINGS: usize = 100;

/// Reads a case file.
///
/// # Errors
/// What is wrong with it, in the order of the text: the first hundred findings.
pub fn read(text: &str, language: Language) -> Result<CaseFile, Vec<Finding>> {
    let root = node::parse(text, language).map_err(|finding| vec![finding])?;
    let mut reader = Reader::default();
    let file = reader.file(&root);
    reader.found.sort_by_key(|finding| finding.span.start);
    // Beyond these nobody reads on.
    reader.found.truncate(MOST_FINDINGS);
    match file {
        Some(file) if reader.found.is_empty() => Ok(file),
        _ => Err(reader.found),
    }
}

#[derive(Default)]
struct Reader {
    found: Vec<Finding>,
}

impl Reader {
    fn say(&mut self, rule: &'static str, span: &Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.found.push(Finding::new(rule, span.clone(), message, help));
    }

    fn wrong_type(&mut self, node: &Node, what: &str, wanted: &str) {
        self.say("wrong-type", &node.span, format!("{what} is {wanted}, found {}", node.kind_name()), format!("write {wanted}"));
    }

    fn unknown(&mut self, rule: &'static str, span: &Range<usize>, message: String, name: &str, known: &[&'static str]) {
        let help = Help::OneOf { name: name.to_owned(), known: known.to_vec() };
        self.found.push(Finding { rule, message, help, span: span.clone() });
    }

    /// The members of an object that has no others than `known`.
    fn entries<'n>(&mut self, node: &'n Node, what: &str, known: &[&'static str]) -> &'n [Entry] {
        let Some(entries) = node.entries() else {
            self.wrong_type(node, what, "an object");
            return &[];
        };
        for entry in entries.iter().filter(|entry| !known.contains(&&*entry.key)) {
            self.unknown("unknown-key", &entry.key_span, format!("{what} has no `{}`", entry.key), &entry.key, known);
        }
        entries
    }

    fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.kind {
            Kind::List(items) => items,
            _ => {
                self.wrong_type(node, what, "a list");
                &[]
            }
        }
    }

    /// Text on one line.
    fn text(&mut self, entry: &Entry) -> Option<Str> {
        let what = format!("`{}`", entry.key);
        let Kind::Scalar(Value::String(text)) = &entry.node.kind else {
            self.wrong_type(&entry.node, &what, "a text");
            return None;
        };
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            self.say("invalid-value", &entry.node.span, format!("{what} is a line of text"), "write one line that is not empty");
            return None;
        }
        Some(Str::clone(text))
    }

    fn file(&mut self, root: &Node) -> Option<CaseFile> {
        let entries = self.entries(root, "a case file", &FILE_KEYS);
        let mut file = CaseFile::default();
        for entry in entries {
            match &*entry.key {
                "api" => file.api = self.text(entry),
                "defaults" => {
                    let members = self.entries(&entry.node, "`defaults`", &SETTING_KEYS);
                    file.defaults = self.setting(members);
                }
                _ => {}
            }
        }
        let Some(cases) = root.get("cases") else {
            if root.entries().is_some() {
                self.say(
                    "missing-key",
                    &(0..0),
                    "a case file has a list of `cases`",
                    "write `cases:` and below it a case: `- name: …`",
                );
            }
            return None;
        };
        let mut names = HashSet::new();
        for node in self.list(&cases.node, "`cases`") {
            let Some(case) = self.case(node) else { continue };
            if !names.insert(case.name.clone()) {
                let span = node.get("name").map_or(&node.span, |entry| &entry.node.span);
                let message = format!("two cases of this file are called `{}`", case.name);
                self.say("duplicate-name", span, message, "reports and --filter tell cases apart by name");
            }
            file.cases.push(case);
        }
        Some(file)
    }

    fn setting(&mut self, entries: &[Entry]) -> Setting {
        let mut setting = Setting::default();
        for entry in entries {
            match &*entry.key {
                "clock" => setting.clock = self.clock(entry),
                "seed" => {
                    let number = match &entry.node.kind {
                        Kind::Scalar(value) => value.as_number().and_then(value::Number::as_u64),
                        _ => None,
                    };
                    if number.is_none() {
                        self.wrong_type(&entry.node, "`seed`", "a whole number from 0");
                    }
                    setting.seed = number;
                }
                "ids" => setting.ids = self.ids(entry),
                "random" => setting.random = self.random(entry),
                "context" => setting.context = self.context(&entry.node),
                _ => {}
            }
        }
        setting
    }

    fn ids(&mut self, entry: &Entry) -> Option<Vec<[u8; 16]>> {
        let mut ids = Vec::new();
        for node in self.list(&entry.node, "`ids`") {
            let text = node.value();
            match text.as_str().and_then(uuid) {
                Some(id) => ids.push(id),
                None => {
                    let message = format!("`{}` is no UUID", text.as_str().unwrap_or(node.kind_name()));
                    self.say("invalid-value", &node.span, message, "write one like 0d9f3a52-5a30-4d4e-8b0e-d9f1d2c3b4a5");
                }
            }
        }
        Some(ids)
    }

    fn random(&mut self, entry: &Entry) -> Option<Vec<u8>> {
        let text = entry.node.value();
        let bytes = text.as_str().and_then(hexadecimal);
        if bytes.is_none() {
            let help = "two hexadecimal digits for each byte, in quotes: \"00ff\"";
            self.say("invalid-value", &entry.node.span, "`random` is bytes in hexadecimal", help);
        }
        bytes
    }

    fn clock(&mut self, entry: &Entry) -> Option<i64> {
        let text = self.text(entry)?;
        let Ok(timestamp) = text.parse::<jiff::Timestamp>() else {
            let help = "an instant with its offset, to the millisecond at most: 2025-01-01T00:00:00Z";
            self.say("invalid-value", &entry.node.span, format!("`clock`: `{text}` is no instant"), help);
            return None;
        };
        Some(timestamp.as_millisecond())
    }

    fn context(&mut self, node: &Node) -> Object {
        let mut context = Object::new();
        for entry in self.entries(node, "`context`", &CONTEXT_KEYS) {
            let key = if &*entry.key == "args" { "arguments" } else { &*entry.key };
            let wanted = match key {
                "arguments" | "request" | "info" | "stash" | "env" => Some("an object"),
                "prev" | "error" if entry.node.kind != Kind::Scalar(Value::Null) => Some("an object"),
                "outErrors" => Some("a list"),
                _ => None,
            };
            match (wanted, &entry.node.kind) {
                (Some("an object"), Kind::Object(_)) | (Some("a list"), Kind::List(_)) | (None, _) => {}
                (Some(wanted), _) => self.wrong_type(&entry.node, &format!("`{}` of the context", entry.key), wanted),
            }
            if context.insert(key, entry.node.value()).is_some() {
                self.say("duplicate-key", &entry.key_span, "`args` is another name of `arguments`", "keep one of them");
            }
        }
        context
    }

    fn case(&mut self, node: &Node) -> Option<Case> {
        let before = self.found.len();
        let entries = self.entries(node, "a case", &CASE_KEYS);
        let target = self.target(node);
        let Some(name) = node.get("name") else {
            if node.entries().is_some() {
                self.say(
                    "missing-key",
                    &(node.span.start..node.span.start),
                    "this case has no `name`",
                    "say in a line what holds",
                );
            }
            return None;
        };
        let name = self.text(name);
        let step = node.get("step").and_then(|entry| self.step(entry));
        let skip = node.get("skip").and_then(|entry| self.text(entry)).map(|reason| reason.to_string());
        let setting = self.setting(entries);
        let calls = node.get("calls").map(|entry| self.list(&entry.node, "`calls`").iter().map(|call| self.call(call)).collect());
        let expectation = self.expectation(node);
        let (name, (target, target_span)) = (name?.to_string(), target?);
        self.whole_or_step(node, &target, step);
        (before == self.found.len()).then_some(Case {
            name,
            target,
            step,
            skip,
            setting,
            calls: calls.unwrap_or_default(),
            expectation,
            span: node.span.clone(),
            target_span,
        })
    }

    fn target(&mut self, node: &Node) -> Option<(Target, Range<usize>)> {
        let named: Vec<&Entry> = ["resolver", "function", "code"].into_iter().filter_map(|key| node.get(key)).collect();
        let entry = match named[..] {
            [entry] => entry,
            [] => {
                if node.entries().is_some() {
                    let help = "write `resolver: Type.field`, `function: NAME`, or `code: FILE`";
                    self.say("missing-key", &(node.span.start..node.span.start), "this case does not say what it runs", help);
                }
                return None;
            }
            [_, second, ..] => {
                let message = format!("`{}`: a case runs one thing, and names another one already", second.key);
                self.say("conflicting-keys", &second.key_span, message, "keep one of `resolver`, `function` and `code`");
                return None;
            }
        };
        let text = self.text(entry)?;
        let target = match &*entry.key {
            "function" => Target::Function { name: text },
            "code" => Target::Code { path: text },
            _ => match text.split_once('.') {
                Some((type_name, field_name)) if is_name(type_name) && is_name(field_name) => {
                    Target::Resolver { type_name: type_name.into(), field_name: field_name.into() }
                }
                _ => {
                    let message = format!("`{text}` does not name a resolver");
                    self.say("invalid-value", &entry.node.span, message, "write type and field: Query.post");
                    return None;
                }
            },
        };
        Some((target, entry.node.span.clone()))
    }

    fn step(&mut self, entry: &Entry) -> Option<Step> {
        match self.text(entry)?.as_ref() {
            "request" => Some(Step::Request),
            "response" => Some(Step::Response),
            other => {
                let message = format!("`step` is request or response, not `{other}`");
                self.unknown("invalid-value", &entry.node.span, message, other, &["request", "response"]);
                None
            }
        }
    }

    /// What says nothing in a case of this kind.
    fn whole_or_step(&mut self, node: &Node, target: &Target, step: Option<Step>) {
        let code = node.get("code");
        if let (Some(code), Target::Code { .. }, None) = (code, target, step) {
            let help = "add `step: request` or `step: response`; a whole resolver is run with `resolver: Type.field`";
            self.say("missing-key", &code.key_span, "of a file, one step is run: this case does not say which", help);
        }
        if let (Some(_), Some(calls)) = (step, node.get("calls")) {
            let help = "give the response step its `context: { result: … }`, or leave `step` out to run the whole resolver";
            self.say("conflicting-keys", &calls.key_span, "a single step calls no data source", help);
        }
        let Some(context) = node.get("context").filter(|_| step.is_none()) else { return };
        let given: &[&str] = match target {
            Target::Function { .. } => &["result", "error"],
            _ => &["result", "error", "prev", "stash", "outErrors"],
        };
        for entry in context.node.entries().unwrap_or_default().iter().filter(|entry| given.contains(&&*entry.key)) {
            let message = format!(
                "`{}` of the context is made by the run itself when a whole {} is run",
                entry.key,
                match target {
                    Target::Function { .. } => "function",
                    _ => "resolver",
                }
            );
            let help = match &*entry.key {
                "result" | "error" => "put it into `calls`, as what a data source answers; or add a `step`",
                _ => "remove it, or add a `step`",
            };
            self.say("conflicting-keys", &entry.key_span, message, help);
        }
    }

    fn expectation(&mut self, node: &Node) -> Expectation {
        for key in ["expect", "match"] {
            let Some(entry) = node.get(key) else { continue };
            if let Kind::Scalar(Value::Null) = entry.node.kind {
                continue;
            }
            self.entries(&entry.node, &format!("`{key}`"), &outcome::MEMBERS);
        }
        self.one_of(node, "expect", |entry| match &entry.node.kind {
            Kind::Scalar(Value::Null) => Expectation::Missing,
            _ => Expectation::Exactly(entry.node.value()),
        })
    }

    /// What stands under `key`, or under `match`.
    fn one_of(&mut self, node: &Node, key: &str, exactly: impl Fn(&Entry) -> Expectation) -> Expectation {
        match (node.get(key), node.get("match")) {
            (Some(_), Some(partial)) => {
                let message = format!("`match` stands beside `{key}`, which says all there is to say");
                self.say("conflicting-keys", &partial.key_span, message, "keep one of them");
                Expectation::Missing
            }
            (Some(entry), None) => exactly(entry),
            (None, Some(partial)) => Expectation::AtLeast(partial.node.value()),
            (None, None) => Expectation::Missing,
        }
    }

    fn call(&mut self, node: &Node) -> SourceCall {
        self.entries(node, "a call", &CALL_KEYS);
        let data_source = node.get("data_source").and_then(|entry| self.text(entry));
        let request = self.one_of(node, "request", |entry| Expectation::Exactly(entry.node.value()));
        let answer = match (node.get("result"), node.get("error")) {
            (Some(_), Some(error)) => {
                let help = "what `ctx.result` is beside an error is the `data` of the error";
                self.say("conflicting-keys", &error.key_span, "a call answers with `result` or `error`", help);
                Answer::Result(Value::Null)
            }
            (Some(result), None) => Answer::Result(result.node.value()),
            (None, Some(error)) => Answer::Error(self.error(&error.node)),
            (None, None) => {
                if node.entries().is_some() {
                    let help = "write `result:` with what the data source gives, null if need be, or `error: { message, type }`";
                    self.say("missing-key", &(node.span.start..node.span.start), "this call has no answer", help);
                }
                Answer::Result(Value::Null)
            }
        };
        SourceCall { data_source, request, answer, span: node.span.clone() }
    }

    fn error(&mut self, node: &Node) -> SourceError {
        let mut error = SourceError::default();
        for entry in self.entries(node, "`error`", &ERROR_KEYS) {
            let value = entry.node.value();
            match &*entry.key {
                "message" | "type" => {
                    let Some(text) = value.as_str() else {
                        self.wrong_type(&entry.node, &format!("`{}`", entry.key), "a text");
                        continue;
                    };
                    let place = if &*entry.key == "type" { &mut error.error_type } else { &mut error.message };
                    text.clone_into(place);
                }
                "data" => error.data = value,
                "info" => error.info = value,
                "unhandled_type" => error.unhandled_type = Some(value),
                _ => {}
            }
        }
        for key in ["message", "type"] {
            if node.entries().is_some() && node.get(key).is_none() {
                let help = "a data source's error has both: { message: …, type: \"DynamoDB:ConditionalCheckFailedException\" }";
                self.say("missing-key", &(node.span.start..node.span.start), format!("`error` has no `{key}`"), help);
            }
        }
        error
    }
}

/// A name as GraphQL has them (October 2021, section 2.1.9).
fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The bytes of hexadecimal digits.
fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<_>>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let byte = |[high, low]: &[u32; 2]| u8::try_from(high * 16 + low).ok();
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

/// The bytes of a UUID in its usual form.
fn uuid(text: &str) -> Option<[u8; 16]> {
    let parts: Vec<&str> = text.split('-').collect();
    let is_uuid = parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]);
    let digits = parts.concat();
    if !is_uuid || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    u128::from_str_radix(&digits, 16).ok().map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_has_every_key() {
        let reference = include_str!("../../../docs/reference/resolver-tests.md");
        let keys =
            [&FILE_KEYS[..], &SETTING_KEYS, &CASE_KEYS, &CALL_KEYS, &ERROR_KEYS, &CONTEXT_KEYS, &outcome::MEMBERS].concat();
        let missing: Vec<_> = keys.into_iter().filter(|key| !reference.contains(&format!("`{key}`"))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
