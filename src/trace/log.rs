//! Log lines in the form in which AppSync writes them to CloudWatch Logs (developer guide, "CloudWatch logs"): one JSON document for
//! each evaluation, `Tracing` for each resolver, and summaries; some lines about the request as a whole are plain text, as there.
//!
//! The lines of a request are written together when it has ended, each as the message of one event of the process's own log.
//! Differs from AppSync: only fields that have a resolver have a `Tracing` line, and there is no `Tokens Consumed`: AppSync counts
//! what it bills.

use appsync_utils::{Level, LogEntry};
use value::{Object, Str, Value};

use super::bounds::LOG_TOTAL;
use super::secrecy::Mask;
use super::show::{About, level_name, nanoseconds};
use super::{Evaluation, Language, Logged, Outcome, Phase, Placed, Recorder, RunTrace, Step};
use crate::definition::{FieldLogLevel, LogConfig};
use crate::execution::error::FieldError;

/// Where the lines go: `SYNCGATE_LOG=info,syncgate::appsync=off` keeps them out.
macro_rules! write_line {
    ($level:expr, $line:expr) => {
        match $level {
            Level::Error => tracing::error!(target: "syncgate::appsync", "{}", $line),
            Level::Info => tracing::info!(target: "syncgate::appsync", "{}", $line),
            Level::Debug => tracing::debug!(target: "syncgate::appsync", "{}", $line),
        }
    };
}

/// What an API writes to the log.
#[derive(Clone, Debug)]
pub struct Logging {
    /// `logConfig`
    pub config: LogConfig,
    /// The API's id.
    pub api_id: Str,
    /// The API's ARN.
    pub arn: Str,
}

/// What is asked of the API, for the first lines.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The document.
    pub query: &'a str,
    /// The variables.
    pub variables: &'a Object,
    /// The headers as resolvers see them.
    pub headers: &'a Value,
}

impl Logging {
    /// What a record needs to have for these lines.
    #[must_use]
    pub fn wants(&self) -> Logged {
        let verbose = self.is_verbose();
        match self.config.field_log_level {
            FieldLogLevel::None => Logged::Summaries,
            FieldLogLevel::Error => Logged::Errors { verbose },
            FieldLogLevel::Info | FieldLogLevel::Debug | FieldLogLevel::All => Logged::Fields { verbose },
        }
    }

    fn is_verbose(&self) -> bool {
        !self.config.exclude_verbose_content
    }

    /// Writes the lines of an operation that has ended.
    pub fn operation(&self, recorder: &Recorder, about: &About<'_>, asked: &Asked<'_>) {
        for (level, line) in self.lines(recorder, about, asked) {
            write_line!(level, line);
        }
    }

    /// Writes the last lines of a request. `headers` are those of the answer, `mask` is what hides the request's secrets, `latency` is
    /// in nanoseconds.
    pub fn request_summary(&self, request_id: &str, status: u16, headers: &http::HeaderMap, mask: &Mask, latency: u64) {
        if self.is_verbose() {
            let shown: Object = headers
                .iter()
                .map(|(name, value)| (Str::from(name.as_str()), Value::from(String::from_utf8_lossy(value.as_bytes()).as_ref())))
                .collect();
            let shown = on_one_line(Value::from(mask.object(&shown)).to_json());
            tracing::info!(target: "syncgate::appsync", "{request_id} Response Headers: {shown}");
        }
        let mut line = Object::with_capacity(5);
        line.insert("logType", "RequestSummary");
        line.insert("requestId", request_id);
        line.insert("graphQLAPIId", &self.api_id);
        line.insert("statusCode", i64::from(status));
        line.insert("latency", latency);
        let line = Value::from(line).to_json();
        tracing::info!(target: "syncgate::appsync", "{line}");
        tracing::info!(target: "syncgate::appsync", "{request_id} End Request");
    }

    /// The lines of an operation, in order.
    #[must_use]
    pub fn lines(&self, recorder: &Recorder, about: &About<'_>, asked: &Asked<'_>) -> Vec<(Level, String)> {
        let id = about.request_id;
        let mut lines = Lines { lines: Vec::new(), bytes: 0, is_full: false };
        lines.push(Level::Info, format!("{id} Begin Request"));
        if self.is_verbose() {
            let query = recorder.mask().document(asked.query);
            let variables = Value::from(recorder.mask().object(asked.variables)).to_json();
            let name = recorder.mask().text(about.operation_name.unwrap_or("null"));
            lines.push(Level::Info, format!("{id} GraphQL Query: {query}, Operation: {name}, Variables: {variables}"));
            lines.push(Level::Info, format!("{id} Request Headers: {}", recorder.mask().value(asked.headers).to_json()));
        }
        if self.config.field_log_level != FieldLogLevel::None {
            let (placed, left_out) = recorder.placed();
            for field in placed {
                self.field(field, recorder, about, &mut lines);
            }
            if left_out > 0 {
                lines.push(Level::Info, format!("{id} {left_out} more fields are not logged: one request has too many."));
            }
        }
        if lines.is_full {
            let text = format!("{id} Log output is truncated: a request has at most {LOG_TOTAL} bytes of it.");
            lines.lines.push((Level::Info, text));
        }
        lines.lines.push((Level::Info, self.execution_summary(recorder, about)));
        lines.lines
    }

    fn execution_summary(&self, recorder: &Recorder, about: &About<'_>) -> String {
        let preparation = recorder.preparation();
        let duration = recorder.offset();
        let stage = |start_offset, duration| {
            let mut stage = Object::with_capacity(2);
            stage.insert("startOffset", nanoseconds(start_offset));
            stage.insert("duration", nanoseconds(duration));
            stage
        };
        let validation_offset = preparation.start_offset + preparation.parsing;
        let mut line = Object::with_capacity(9);
        line.insert("duration", nanoseconds(duration));
        line.insert("logType", "ExecutionSummary");
        line.insert("requestId", about.request_id);
        line.insert("startTime", rfc3339(recorder.began_at));
        line.insert("endTime", rfc3339(recorder.began_at + duration));
        line.insert("parsing", stage(preparation.start_offset, preparation.parsing));
        line.insert("version", 1);
        line.insert("validation", stage(validation_offset, preparation.validation));
        line.insert("graphQLAPIId", &self.api_id);
        Value::from(line).to_json()
    }

    fn field(&self, placed: &Placed, recorder: &Recorder, about: &About<'_>, lines: &mut Lines) {
        use FieldLogLevel::{All, Debug, Error, Info, None};
        let level = self.config.field_log_level;
        let Placed { path, run } = placed;
        let in_error = !run.errors.is_empty();
        // "If field-level logging is set to INFO or higher with verbose-content included", the results of evaluations are there.
        let has_evaluations = match level {
            None => false,
            Error => in_error,
            Info | Debug => in_error || self.is_verbose(),
            All => true,
        };
        let is_written = |entry: &LogEntry| match level {
            None => false,
            Error => entry.level == Level::Error,
            Info => entry.level != Level::Debug,
            Debug | All => true,
        };
        let id = about.request_id;
        if level == All {
            let text = format!("{id} Begin Execution - Type Name: {} and Field Name: {}", run.parent_type, run.field_name);
            lines.push(Level::Info, text);
        }
        for step in &run.steps {
            let Step::Evaluation(evaluation) = step else { continue };
            for entry in evaluation.logs.iter().filter(|entry| is_written(entry)) {
                let message = recorder.mask().text(&entry.message);
                // What a developer logs as debug is wanted once the API's level says so, whatever the process's is.
                let level = if entry.level == Level::Error { Level::Error } else { Level::Info };
                lines.push(level, format!("{id} {} - {message}", level_name(entry.level)));
            }
            if has_evaluations {
                let failed = failures(evaluation).next().is_some();
                let line = self.evaluation(path, run, evaluation, recorder, about);
                lines.push(if failed { Level::Error } else { Level::Info }, line);
            }
        }
        if run.steps_left_out > 0 {
            let text =
                format!("{id} {} more steps of {}.{} are not logged.", run.steps_left_out, run.parent_type, run.field_name);
            lines.push(Level::Info, text);
        }
        if level == All {
            lines.push(Level::Info, self.tracing(path, run, about));
            lines.push(Level::Info, format!("{id} End Field Execution"));
        }
    }

    fn resolver_arn(&self, run: &RunTrace) -> String {
        format!("{}/types/{}/fields/{}", self.arn, run.parent_type, run.field_name)
    }

    fn evaluation(
        &self,
        path: &[Value],
        run: &RunTrace,
        evaluation: &Evaluation,
        recorder: &Recorder,
        about: &About<'_>,
    ) -> String {
        let mask = recorder.mask();
        let errors: Vec<String> = failures(evaluation).map(|error| mask.text(&displayed(error)).into_owned()).collect();
        let mut line = Object::with_capacity(14);
        line.insert("logType", log_type(evaluation));
        line.insert("path", path.to_vec());
        line.insert("fieldName", &run.field_name);
        line.insert("resolverArn", self.resolver_arn(run));
        if let Some(function) = &evaluation.function {
            line.insert("functionName", function);
            line.insert("functionArn", format!("{}/functions/{function}", self.arn));
        }
        line.insert("requestId", about.request_id);
        if self.is_verbose() {
            line.insert("context", mask.object(&evaluation.context.clone().unwrap_or_default()));
        }
        line.insert("fieldInError", !errors.is_empty());
        if self.is_verbose()
            && let Outcome::Value(value) | Outcome::Early(value, _) = &evaluation.outcome
        {
            match evaluation.language {
                Language::Js => line.insert("evaluationResult", mask.value(value)),
                Language::Vtl => line.insert("transformedTemplate", mask.value(value).to_json()),
            };
        }
        line.insert("errors", errors);
        line.insert("parentType", &run.parent_type);
        line.insert("graphQLAPIId", &self.api_id);
        Value::from(line).to_json()
    }

    fn tracing(&self, path: &[Value], run: &RunTrace, about: &About<'_>) -> String {
        let mut line = Object::with_capacity(10);
        line.insert("duration", nanoseconds(run.duration));
        line.insert("logType", "Tracing");
        line.insert("path", path.to_vec());
        line.insert("fieldName", &run.field_name);
        line.insert("startOffset", nanoseconds(run.start_offset));
        line.insert("resolverArn", self.resolver_arn(run));
        line.insert("requestId", about.request_id);
        line.insert("parentType", &run.parent_type);
        line.insert("returnType", run.return_type.as_str());
        line.insert("graphQLAPIId", &self.api_id);
        Value::from(line).to_json()
    }
}

/// What went wrong in an evaluation.
fn failures(evaluation: &Evaluation) -> impl Iterator<Item = &FieldError> {
    let failed = match &evaluation.outcome {
        Outcome::Failed(error) => Some(error),
        Outcome::Value(_) | Outcome::Early(..) => None,
    };
    evaluation.appended.iter().chain(failed)
}

/// An error as AppSync's lines print it.
fn displayed(error: &FieldError) -> String {
    let FieldError { message, error_type, data, error_info, .. } = error;
    let error_type = error_type.as_deref().unwrap_or("null");
    format!(
        "CustomTemplateException(message={message}, errorType={error_type}, data={}, errorInfo={})",
        data.to_json(),
        error_info.to_json()
    )
}

fn log_type(evaluation: &Evaluation) -> &'static str {
    match (evaluation.language, evaluation.phase) {
        (Language::Js, Phase::Before) => "BeforeRequestFunctionEvaluation",
        (Language::Js, Phase::Request) => "RequestFunctionEvaluation",
        (Language::Js, Phase::Response) => "ResponseFunctionEvaluation",
        (Language::Js, Phase::After) => "AfterResponseFunctionEvaluation",
        (Language::Vtl, Phase::Before) => "BeforeMapping",
        (Language::Vtl, Phase::Request) => "RequestMapping",
        (Language::Vtl, Phase::Response) => "ResponseMapping",
        (Language::Vtl, Phase::After) => "AfterMapping",
    }
}

/// With milliseconds, as in AppSync's lines.
fn rfc3339(time: jiff::Timestamp) -> String {
    format!("{time:.3}")
}

/// The line with JSON's escapes for what could end it, or change how what follows is shown: a document or a resolver's text must not
/// look like further lines of the log. Lines that are JSON stay JSON with the same value, as such characters are in its strings only.
fn on_one_line(line: String) -> String {
    let is_harmful =
        |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !line.contains(is_harmful) {
        return line;
    }
    let mut shown = String::with_capacity(line.len() + 16);
    for c in line.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if is_harmful(c) => shown.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => shown.push(c),
        }
    }
    shown
}

/// Lines up to AppSync's limit for one request.
struct Lines {
    lines: Vec<(Level, String)>,
    bytes: usize,
    is_full: bool,
}

impl Lines {
    fn push(&mut self, level: Level, line: String) {
        let line = on_one_line(line);
        if self.is_full || self.bytes + line.len() > LOG_TOTAL {
            self.is_full = true;
            return;
        }
        self.bytes += line.len();
        self.lines.push((level, line));
    }
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    #[test]
    fn lines_stay_one_line_and_json() {
        let harmful: Vec<char> = ('\u{0}'..='\u{9f}').chain('\u{2028}'..='\u{202e}').chain('\u{2066}'..='\u{2069}').collect();
        for c in harmful {
            let document = value!({"text": (format!("a{c}b"))});
            let line = on_one_line(document.to_json());
            assert_eq!(Value::parse(line.as_bytes()).as_ref(), Ok(&document), "{line:?}");
            let is_plain = (' '..='~').contains(&c);
            assert!(is_plain || !line.contains(c), "{line:?}");
            assert!(is_plain || !on_one_line(format!("a{c}b")).contains(c), "{c:?}");
        }
        assert_eq!(on_one_line("a\nb\u{85}ü".to_owned()), "a\\nb\\u0085ü");
    }
}
