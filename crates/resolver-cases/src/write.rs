//! [`CaseFile`] to text: what a recorder writes, and what [`read`](crate::read) reads as the same again.

use value::{Object, Str, Value};

use crate::case::{Answer, Case, CaseFile, Expectation, Setting, SourceCall, SourceError, Target};
use crate::{Language, yaml_text};

impl CaseFile {
    /// The text of a file with these cases.
    #[must_use]
    pub fn to_text(&self, language: Language) -> String {
        let value = self.to_value();
        match language {
            Language::Yaml => yaml_text::document(&value) + "\n",
            Language::Json => value.to_json_pretty() + "\n",
        }
    }

    fn to_value(&self) -> Value {
        let mut file = Object::new();
        if let Some(api) = &self.api {
            file.insert("api", api);
        }
        let defaults = self.defaults.members();
        if !defaults.is_empty() {
            file.insert("defaults", defaults);
        }
        file.insert("cases", self.cases.iter().map(Case::to_value).collect::<Vec<_>>());
        file.into()
    }
}

impl Setting {
    fn members(&self) -> Object {
        let mut members = Object::new();
        if let Some(clock) = self.clock {
            members.insert("clock", instant(clock));
        }
        if let Some(seed) = self.seed {
            members.insert("seed", Value::from(seed));
        }
        if let Some(ids) = &self.ids {
            members.insert("ids", ids.iter().map(uuid).map(Value::from).collect::<Vec<_>>());
        }
        if let Some(random) = &self.random {
            members.insert("random", random.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        }
        if !self.context.is_empty() {
            members.insert("context", self.context.clone());
        }
        members
    }
}

/// The usual form of a UUID.
fn uuid(bytes: &[u8; 16]) -> String {
    let digits = format!("{:032x}", u128::from_be_bytes(*bytes));
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// An instant as `clock` has it; one beyond the years 1 to 9999 becomes the nearest that can be written.
fn instant(clock: i64) -> String {
    let nearest = if clock < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_millisecond(clock).unwrap_or(nearest).to_string()
}

impl Case {
    fn to_value(&self) -> Value {
        let mut case = Object::new();
        case.insert("name", self.name.as_str());
        let key = match &self.target {
            Target::Resolver { .. } => "resolver",
            Target::Function { .. } => "function",
            Target::Code { .. } => "code",
        };
        case.insert(key, self.target.to_string());
        if let Some(step) = self.step {
            case.insert("step", step.name());
        }
        if let Some(skip) = &self.skip {
            case.insert("skip", skip.as_str());
        }
        for (key, member) in self.setting.members() {
            case.insert(key, member);
        }
        if !self.calls.is_empty() {
            case.insert("calls", self.calls.iter().map(SourceCall::to_value).collect::<Vec<_>>());
        }
        expectation("expect", &self.expectation, &mut case);
        case.into()
    }
}

fn expectation(key: &str, expectation: &Expectation, members: &mut Object) {
    match expectation {
        Expectation::Missing => None,
        Expectation::Exactly(value) => members.insert(key, value),
        Expectation::AtLeast(value) => members.insert("match", value),
    };
}

impl SourceCall {
    fn to_value(&self) -> Value {
        let mut call = Object::new();
        if let Some(data_source) = &self.data_source {
            call.insert("data_source", Str::clone(data_source));
        }
        expectation("request", &self.request, &mut call);
        match &self.answer {
            Answer::Result(result) => call.insert("result", result),
            Answer::Error(error) => call.insert("error", error.to_value()),
        };
        call.into()
    }
}

impl SourceError {
    fn to_value(&self) -> Value {
        let mut members = Object::new();
        members.insert("message", self.message.as_str());
        members.insert("type", self.error_type.as_str());
        for (key, member) in [("data", &self.data), ("info", &self.info)] {
            if !member.is_null() {
                members.insert(key, member);
            }
        }
        if let Some(own) = &self.unhandled_type {
            members.insert("unhandled_type", own);
        }
        members.into()
    }
}
