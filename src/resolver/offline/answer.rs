//! Results as the operations answer them.

use appsync_utils::{Level, LogEntry, LogPlace};
use value::{Object, Value};

use super::{CodeError, EvaluationError, EvaluationResult};

impl EvaluationResult {
    /// The members of `EvaluateCode`'s answer: `evaluationResult` or `error`, `logs`, and as JSON in strings `stash` and
    /// `outErrors`. Code that is refused has only `error`, since nothing ran.
    #[must_use]
    pub fn to_answer(&self) -> Value {
        let mut members = Object::with_capacity(5);
        if let Some(result) = &self.evaluation_result {
            members.insert("evaluationResult", result.as_str());
        }
        if let Some(error) = &self.error {
            members.insert("error", error.to_answer(self.is_code));
            if error.kind == super::ErrorKind::Refused {
                return members.into();
            }
        }
        members.insert("logs", self.log_lines());
        if let Some(stash) = &self.stash {
            members.insert("stash", stash.to_json());
        }
        members.insert("outErrors", Value::from(self.out_errors.clone()).to_json());
        members.into()
    }

    /// `logs`.
    #[must_use]
    pub fn log_lines(&self) -> Vec<String> {
        self.logs.iter().map(log_line).collect()
    }
}

impl EvaluationError {
    /// `EvaluateCodeErrorDetail`, or the `ErrorDetail` of a template.
    fn to_answer(&self, of_code: bool) -> Value {
        let mut members = Object::with_capacity(2);
        members.insert("message", self.message.as_str());
        if of_code {
            members.insert("codeErrors", self.code_errors.iter().map(CodeError::to_answer).collect::<Vec<_>>());
        }
        members.into()
    }
}

impl CodeError {
    fn to_answer(&self) -> Value {
        let mut location = Object::with_capacity(3);
        location.insert("line", self.line);
        location.insert("column", self.column);
        location.insert("span", self.span);
        let mut members = Object::with_capacity(3);
        members.insert("errorType", self.error_type);
        members.insert("value", self.value.as_str());
        members.insert("location", location);
        members.into()
    }
}

/// A line of the log with its level in front (developer guide, "Testing and debugging resolvers").
fn log_line(entry: &LogEntry) -> String {
    let level = match entry.level {
        Level::Debug => "DEBUG",
        Level::Info => "INFO",
        Level::Error => "ERROR",
    };
    match &entry.place {
        Some(LogPlace { file, line, column }) => format!("{level} - {file}:{line}:{column}: {}", entry.message),
        None => format!("{level} - {}", entry.message),
    }
}
