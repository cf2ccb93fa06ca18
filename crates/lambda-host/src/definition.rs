//! What a function is: plain data, checked once when it is registered. Nothing here starts a process.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use crate::name::is_function_name;

/// The longest [`FunctionDefinition::timeout`].
pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(900);
/// What [`FunctionDefinition::memory_mb`] may be.
pub const MEMORY_MB: RangeInclusive<u32> = 128..=10_240;

/// A function, as Lambda's `CreateFunction` describes one, with its code in a folder of this machine. `Debug` tells the names of
/// its environment variables and hides their values.
#[derive(Clone, PartialEq, Eq)]
pub struct FunctionDefinition {
    /// `FunctionName`: letters, digits, `-` and `_`, at most 64.
    pub name: String,
    /// What runs the code.
    pub runtime: Runtime,
    /// The folder that holds the code; the handler's process starts in it and sees it as `LAMBDA_TASK_ROOT`.
    pub code: PathBuf,
    /// `Handler`, such as `index.handler`. Passed on as `_HANDLER`; a custom runtime reads it as it likes.
    pub handler: String,
    /// `Environment.Variables`
    pub environment: BTreeMap<String, String>,
    /// `Timeout`: how long one invocation may take, 1 second to 15 minutes.
    pub timeout: Duration,
    /// `MemorySize` in MB, 128 to 10,240.
    pub memory_mb: u32,
    /// How many processes may run at once, so how many invocations; more of them wait in a queue.
    pub concurrency: usize,
    /// What the handler finds as `AWS_ACCESS_KEY_ID` and so on; `None` leaves them unset.
    pub credentials: Option<Credentials>,
}

impl FunctionDefinition {
    /// A function with AWS's defaults (3 seconds, 128 MB) and a pool of 10 processes.
    #[must_use]
    pub fn new(name: impl Into<String>, runtime: Runtime, code: impl Into<PathBuf>, handler: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            runtime,
            code: code.into(),
            handler: handler.into(),
            environment: BTreeMap::new(),
            timeout: Duration::from_secs(3),
            memory_mb: 128,
            concurrency: 10,
            credentials: None,
        }
    }

    /// Every rule that the definition breaks.
    pub(crate) fn check(&self) -> Result<(), DefinitionError> {
        let mut problems = Vec::new();
        if !is_function_name(&self.name) {
            problems.push("the name has 1 to 64 letters, digits, `-` or `_`".to_owned());
        }
        if !self.code.is_dir() {
            problems.push(format!("the code folder `{}` does not exist or is no folder", self.code.display()));
        }
        let handler_is_needed = self.runtime != Runtime::Provided;
        if handler_is_needed && !self.handler.contains('.') {
            problems.push(format!("the handler `{}` has the form `file.function`, such as `index.handler`", self.handler));
        }
        // Lambda's own pattern is `[^\s]+`; `..` would leave the code folder.
        if self.handler.chars().any(char::is_whitespace) || self.handler.len() > 128 || self.handler.contains("..") {
            problems.push("the handler has at most 128 characters, no white space and no `..`".to_owned());
        }
        if self.timeout.is_zero() || self.timeout > LONGEST_TIMEOUT {
            problems.push(format!("the timeout is more than 0 and at most {} seconds", LONGEST_TIMEOUT.as_secs()));
        }
        if !MEMORY_MB.contains(&self.memory_mb) {
            problems.push(format!("the memory is {} to {} MB", MEMORY_MB.start(), MEMORY_MB.end()));
        }
        if self.concurrency == 0 {
            problems.push("the concurrency is at least 1".to_owned());
        }
        for (key, value) in &self.environment {
            let letters = key.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
            if RESERVED.contains(&key.as_str()) {
                problems.push(format!("the environment variable `{key}` is reserved by Lambda"));
            } else if !letters || !key.starts_with(|character: char| character.is_ascii_alphabetic() || character == '_') {
                problems.push(format!("the environment variable `{key}` has letters, digits and `_`, a letter or `_` first"));
            } else if value.contains('\0') {
                problems.push(format!("the environment variable `{key}` holds a NUL character"));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(DefinitionError { function: self.name.clone(), problems }) }
    }
}

impl fmt::Debug for FunctionDefinition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No field is forgotten here.
        let Self { name, runtime, code, handler, environment, timeout, memory_mb, concurrency, credentials } = self;
        let mut shown = formatter.debug_struct("FunctionDefinition");
        shown.field("name", name).field("runtime", runtime).field("code", code).field("handler", handler);
        shown.field("environment", &environment.keys()).field("timeout", timeout).field("memory_mb", memory_mb);
        shown.field("concurrency", concurrency).field("credentials", credentials).finish()
    }
}

/// What Lambda calls reserved environment variables: a definition may not set them ("Using Lambda environment variables").
const RESERVED: [&str; 17] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

/// What runs a function's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Runtime {
    /// The machine's `node` (18 or later) with a bootstrap of ours: CommonJS and ES modules.
    Node,
    /// The machine's `python3` (3.9 or later) with a bootstrap of ours.
    Python,
    /// An executable named `bootstrap` in the code folder that speaks the Runtime API by itself.
    Provided,
}

/// What the handler's AWS SDK signs with. `Debug` hides the secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`
    pub session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// A definition breaks rules; all of them are told.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("function `{function}` is not valid: {}", problems.join("; "))]
pub struct DefinitionError {
    /// The function's name as given.
    pub function: String,
    /// One sentence per broken rule.
    pub problems: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_lambda_refuses() {
        let folder = std::env::temp_dir();
        let valid = FunctionDefinition::new("echo", Runtime::Node, &folder, "index.handler");
        assert_eq!(valid.check(), Ok(()));
        type Change = fn(&mut FunctionDefinition);
        let cases: [(&str, Change); 9] = [
            ("the name has", |definition| definition.name = "a b".to_owned()),
            ("the code folder", |definition| definition.code = "/nowhere/at/all".into()),
            ("the handler `index`", |definition| definition.handler = "index".to_owned()),
            ("no `..`", |definition| definition.handler = "../index.handler".to_owned()),
            ("the timeout", |definition| definition.timeout = Duration::from_secs(901)),
            ("the memory", |definition| definition.memory_mb = 64),
            ("the concurrency", |definition| definition.concurrency = 0),
            ("`AWS_REGION` is reserved", |definition| {
                definition.environment.insert("AWS_REGION".to_owned(), String::new());
            }),
            ("`1A` has letters", |definition| {
                definition.environment.insert("1A".to_owned(), String::new());
            }),
        ];
        for (expected, change) in cases {
            let mut definition = valid.clone();
            change(&mut definition);
            let problems = definition.check().expect_err(expected).problems;
            assert!(problems.len() == 1 && problems[0].contains(expected), "{expected}: {problems:?}");
        }
        let custom = FunctionDefinition { runtime: Runtime::Provided, handler: "main".to_owned(), ..valid };
        assert_eq!(custom.check(), Ok(()), "a custom runtime reads its handler as it likes");
    }

    #[test]
    fn debug_hides_the_values_of_variables() {
        let mut definition = FunctionDefinition::new("echo", Runtime::Node, "/code", "index.handler");
        definition.environment.insert("DB_PASSWORD".to_owned(), "hidden-value".to_owned());
        let debug = format!("{definition:?}");
        assert!(debug.contains("DB_PASSWORD") && !debug.contains("hidden"), "{debug}");
    }

    #[test]
    fn debug_hides_the_secret() {
        let credentials = Credentials {
            access_key_id: "AKID".to_owned(),
            secret_access_key: "hidden-secret".to_owned(),
            session_token: Some("hidden-token".to_owned()),
        };
        let debug = format!("{credentials:?}");
        assert!(debug.contains("AKID") && !debug.contains("hidden"), "{debug}");
    }
}
