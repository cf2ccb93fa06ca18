//! Resolver code and templates evaluated by themselves, as AppSync's `EvaluateCode` and `EvaluateMappingTemplate` do: no API, no
//! data source, a context from the caller, and a clock and randomness that can be fixed.
//!
//! A [`Program`] is made once and evaluated as often as wanted with [`evaluate`]; [`evaluate_code`] and [`evaluate_template`] do both
//! at once. What an [`EvaluationResult`] looks like as the operations answer it is `answer`'s business; the operations' own
//! requests and errors are `operation`'s.

mod answer;
mod conditions;
pub mod operation;
mod program;
mod target;

use std::path::Path;
use std::sync::Arc;

use appsync_utils::{Effects, Failure, LogEntry, Raised, Session, SkipTo};
use value::{Object, Value};

pub use conditions::{Conditions, FixedClock, SeededIds};
pub use program::{CompileSettings, Program};
pub use target::{NoTarget, Target, find_target};

use super::evaluate::Fault;
use super::{EvaluationLimits, Step, vtl};
use crate::diagnostic::{Diagnostic, Place, Severity, Source};
use program::Language;

/// One evaluation.
#[derive(Clone, Copy)]
pub struct EvaluationRequest<'a> {
    /// The code or templates.
    pub program: &'a Program,
    /// Which of its steps. Without one, code runs its `request`, and a template may give any text, as in
    /// `EvaluateMappingTemplate`; with one, a template must give what the step needs.
    pub step: Option<Step>,
    /// `ctx`: `arguments`, `source`, `result`, `identity`, `request`, `stash`, `prev`, `info`, `env`, `error`, `outErrors` and
    /// whatever else the code shall see.
    pub context: &'a Object,
    /// Clock, randomness, limits.
    pub conditions: &'a Conditions,
}

/// What an evaluation gave.
#[derive(Clone, Debug)]
pub struct EvaluationResult {
    /// `evaluationResult`: the JSON text of what code returned, or the text of a template as it is.
    pub evaluation_result: Option<String>,
    /// The step's value, as a resolver goes on with it; `None` after an error and for a template's text that is no JSON.
    pub value: Option<Value>,
    /// The code returned early, and this is where a pipeline goes on.
    pub early_return: Option<Option<SkipTo>>,
    /// The lines that the code wrote.
    pub logs: Vec<LogEntry>,
    /// `ctx.stash` afterwards; `None` when it was lost with a failure.
    pub stash: Option<Value>,
    /// `ctx.outErrors` afterwards: what the context had, and what `util.appendError` added.
    pub out_errors: Vec<Value>,
    /// What else the code caused: response headers, subscription filters, evictions.
    pub effects: Effects,
    /// Why there is no value.
    pub error: Option<EvaluationError>,
    /// What AppSync would refuse, although it runs here.
    pub warnings: Vec<Diagnostic>,
    /// Whether code was evaluated, or a template.
    pub is_code: bool,
}

/// Why an evaluation gave nothing.
#[derive(Clone, Debug)]
pub struct EvaluationError {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// `error.message`.
    pub message: String,
    /// `errorType` of the GraphQL error that the field would have.
    pub error_type: Option<String>,
    /// `data` of that error, before the selection set filters it.
    pub data: Value,
    /// `errorInfo` of that error.
    pub error_info: Value,
    /// `error.codeErrors`: what is wrong with the code itself.
    pub code_errors: Vec<CodeError>,
    /// The same for people, with the real file, the line of source and a way out.
    pub diagnostics: Vec<Diagnostic>,
}

/// Kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The code is not accepted, so nothing ran.
    Refused,
    /// `util.error`, `util.validate`.
    Raised,
    /// `util.unauthorized`.
    Unauthorized,
    /// The code or template failed, or reached a limit.
    Failed,
}

/// A `CodeError` of the operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeError {
    /// `errorType`: `LINT_ERROR`, `PARSE_ERROR`, `MISSING_MAPPING_EXPORT`.
    pub error_type: &'static str,
    /// `value`: the sentence, with its place.
    pub value: String,
    /// `location.line`, from 1; 0 where no place is known.
    pub line: usize,
    /// `location.column`, from 1; 0 where no place is known.
    pub column: usize,
    /// `location.span`: how many characters.
    pub span: usize,
}

/// Compiles and evaluates APPSYNC_JS. Its relative imports stay inside `folder`; without one there are none.
#[must_use]
pub fn evaluate_code(
    code: &Arc<Source>,
    step: Step,
    context: &Object,
    folder: Option<&Path>,
    strict: bool,
    conditions: &Conditions,
) -> EvaluationResult {
    let program =
        Program::code(code, &CompileSettings { folder: folder.map(Path::to_path_buf), strict, ..CompileSettings::default() });
    evaluate(&EvaluationRequest { program: &program, step: Some(step), context, conditions })
}

/// Parses and evaluates a template. Without a step it may give any text.
#[must_use]
pub fn evaluate_template(
    template: &Arc<Source>,
    step: Option<Step>,
    context: &Object,
    conditions: &Conditions,
) -> EvaluationResult {
    let program = Program::template(template, &CompileSettings::default());
    evaluate(&EvaluationRequest { program: &program, step, context, conditions })
}

/// Evaluates one step. Runs on the calling thread for at most [`Conditions::budget`].
#[must_use]
pub fn evaluate(request: &EvaluationRequest<'_>) -> EvaluationResult {
    let EvaluationRequest { program, step, conditions, .. } = *request;
    let context = completed(request.context);
    let session = Session::new(
        Arc::clone(&conditions.clock),
        Arc::clone(&conditions.ids),
        context.get("identity").cloned().unwrap_or_default(),
    );
    let raw = match program.language(step.unwrap_or(Step::Request)) {
        Ok(Language::Code { module, handler }) => run_code(program, module, handler, &context, session, conditions),
        Ok(Language::Template { template, source }) => run_template(template, source, step, &context, session, conditions),
        Err(refused) => Raw::failed(refused),
    };
    let warnings = program.findings().iter().filter(|found| found.severity == Severity::Warning).cloned().collect();
    raw.into_result(&context, warnings, program.is_code())
}

/// The context with the members that code can rely on.
fn completed(context: &Object) -> Object {
    let mut members = context.clone();
    let is_absent = |members: &Object, name: &str| members.get(name).is_none_or(Value::is_null);
    if is_absent(&members, "arguments") {
        let arguments = members.get("args").filter(|args| !args.is_null()).cloned();
        members.insert("arguments", arguments.unwrap_or_else(|| Object::new().into()));
    }
    // `ctx.args` is another name of the same.
    members.remove("args");
    if is_absent(&members, "stash") {
        members.insert("stash", Object::new());
    }
    if is_absent(&members, "outErrors") {
        members.insert("outErrors", Vec::<Value>::new());
    }
    members
}

/// How an evaluation ended, before it is told.
struct Raw {
    outcome: Result<Ended, Box<EvaluationError>>,
    stash: Option<Value>,
    effects: Effects,
}

struct Ended {
    text: String,
    value: Option<Value>,
    early_return: Option<Option<SkipTo>>,
}

impl Ended {
    fn value(value: Value, early_return: Option<Option<SkipTo>>) -> Self {
        Self { text: value.to_json(), value: Some(value), early_return }
    }
}

impl Raw {
    fn failed(error: Box<EvaluationError>) -> Self {
        Self { outcome: Err(error), stash: None, effects: Effects::default() }
    }

    fn into_result(self, context: &Object, warnings: Vec<Diagnostic>, is_code: bool) -> EvaluationResult {
        let Self { outcome, stash, mut effects } = self;
        let mut out_errors = context.get("outErrors").and_then(Value::as_list).map(<[Value]>::to_vec).unwrap_or_default();
        out_errors.extend(effects.errors.iter().map(out_error));
        let logs = std::mem::take(&mut effects.logs);
        let mut result = EvaluationResult {
            evaluation_result: None,
            value: None,
            early_return: None,
            logs,
            stash,
            out_errors,
            effects,
            error: None,
            warnings,
            is_code,
        };
        match outcome {
            Ok(Ended { text, value, early_return }) => {
                result.evaluation_result = Some(text);
                result.value = value;
                result.early_return = early_return;
            }
            Err(error) => result.error = Some(*error),
        }
        result
    }
}

fn run_code(
    program: &Program,
    module: &appsync_js::Module,
    handler: appsync_js::Handler,
    context: &Object,
    mut session: Session,
    conditions: &Conditions,
) -> Raw {
    let limits = appsync_js::Limits {
        deadline: conditions.time_left(),
        result_bytes: conditions.limits.result_bytes,
        ..appsync_js::Limits::default()
    };
    let outcome = module.evaluate(handler, context, &mut session, &limits);
    let (outcome, stash) = match outcome {
        Ok(evaluation) => (Ok(Ended::value(evaluation.value, None)), Some(evaluation.stash)),
        Err(appsync_js::Fault::EarlyReturn { value, skip_to, stash }) => (Ok(Ended::value(value, Some(skip_to))), Some(stash)),
        Err(appsync_js::Fault::Failure(Failure::EarlyReturn { value, skip_to })) => {
            (Ok(Ended::value(value, Some(skip_to))), None)
        }
        Err(appsync_js::Fault::Failure(failure)) => (Err(failed("Code", failure, None)), None),
        Err(appsync_js::Fault::Runtime { message, file, line, column, .. }) => {
            let place = program.place(&file, line, column);
            (Err(EvaluationError::failed("Code", message, place)), None)
        }
        Err(appsync_js::Fault::Limit { which: appsync_js::LimitKind::ResultSize, message }) => {
            let message = format!("{}: {message} (limit evaluation_result)", super::evaluate::TOO_LARGE);
            (Err(EvaluationError::failed("Code", message, None)), None)
        }
        Err(appsync_js::Fault::Limit { which: appsync_js::LimitKind::Deadline, .. }) => {
            (Err(EvaluationError::failed("Code", out_of_time("code", conditions), None)), None)
        }
        Err(appsync_js::Fault::Limit { message, .. }) => (Err(EvaluationError::failed("Code", message, None)), None),
    };
    Raw { outcome, stash, effects: session.effects }
}

fn run_template(
    template: &velocity::Template,
    source: &Arc<Source>,
    step: Option<Step>,
    context: &Object,
    session: Session,
    conditions: &Conditions,
) -> Raw {
    let vtl::Rendering { outcome, stash, effects } =
        vtl::render(template, context, session, &conditions.limits, conditions.time_left(), false);
    let outcome = match outcome {
        Ok(outcome) => template_ended(template, &outcome, step, &conditions.limits),
        Err(error) if error.is_out_of_time() => Err((Fault::Code { message: out_of_time("template", conditions) }, None)),
        Err(error) => match vtl::failed(template, error) {
            (Fault::Failure(Failure::EarlyReturn { value, skip_to }), _) => Ok(Ended::value(value, Some(skip_to))),
            explained => Err(explained),
        },
    };
    let stash = stash.filter(|_| outcome.is_ok());
    Raw { outcome: outcome.map_err(|explained| EvaluationError::of_template(explained, source)), stash, effects }
}

fn out_of_time(what: &str, conditions: &Conditions) -> String {
    let counted = if conditions.spent.is_zero() { "" } else { ", compiling included" };
    format!("The {what} ran longer than {} ms, the limit for one evaluation{counted}.", conditions.budget.as_millis())
}

/// The text of a template, and what it is worth to the step.
fn template_ended(
    template: &velocity::Template,
    outcome: &velocity::Outcome,
    step: Option<Step>,
    limits: &EvaluationLimits,
) -> Result<Ended, vtl::Explained> {
    let judged = vtl::judged(template, outcome, step.unwrap_or(Step::Response), limits);
    let (value, early_return) = match judged {
        Ok(value) => (Some(value), None),
        Err((Fault::Failure(Failure::EarlyReturn { value, skip_to }), _)) => (Some(value), Some(skip_to)),
        // A text is all that is asked for.
        Err((Fault::Code { .. }, _)) if step.is_none() && outcome.returned.is_none() => (None, None),
        Err(explained) => return Err(explained),
    };
    let text = match (&outcome.returned, &value) {
        (Some(_), Some(value)) => value.to_json(),
        _ => outcome.text.clone(),
    };
    Ok(Ended { text, value, early_return })
}

fn failed(own_type: &str, failure: Failure, place: Option<Place>) -> Box<EvaluationError> {
    match failure {
        Failure::Raised(Raised { message, error_type, data, error_info }) => {
            let mut error = EvaluationError::failed("", message, place);
            error.kind = ErrorKind::Raised;
            (error.error_type, error.data, error.error_info) = (error_type, data, error_info);
            error
        }
        Failure::Unauthorized => {
            let mut error = EvaluationError::failed("Unauthorized", "Unauthorized".to_owned(), place);
            error.kind = ErrorKind::Unauthorized;
            error
        }
        failure => EvaluationError::failed(own_type, failure.to_string(), place),
    }
}

impl EvaluationError {
    fn failed(error_type: &str, message: String, place: Option<Place>) -> Box<Self> {
        let diagnostic = Diagnostic { place, ..Diagnostic::error("evaluation", message.clone()) };
        Box::new(Self {
            kind: ErrorKind::Failed,
            message,
            error_type: Some(error_type.to_owned()),
            data: Value::Null,
            error_info: Value::Null,
            code_errors: Vec::new(),
            diagnostics: vec![diagnostic],
        })
    }

    /// A fault of a template.
    fn of_template((fault, detail): vtl::Explained, source: &Arc<Source>) -> Box<Self> {
        let detail = detail.map(|detail| *detail).unwrap_or_default();
        let place = detail.place.as_ref().map(|place| program::place_in(source, place.line, place.column));
        let mut error = match fault {
            Fault::Failure(failure) => failed("MappingTemplate", failure, place),
            Fault::Code { message } => Self::failed("MappingTemplate", message, place),
            Fault::Deadline => Self::failed("ExecutionTimeout", "Execution timed out.".to_owned(), place),
        };
        let mut help: Vec<String> = detail.explanation.into_iter().collect();
        help.extend(detail.null_reference.map(|reference| format!("{reference} has no value.")));
        if let Some(place) = detail.rendered {
            help.push(format!("Line {}, column {} of the rendered text: {}", place.line, place.column, place.source_line));
        }
        if let (false, Some(diagnostic)) = (help.is_empty(), error.diagnostics.first_mut()) {
            diagnostic.help = Some(help.join("\n"));
        }
        error
    }

    /// Where it happened, if that is known.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.diagnostics.first()?.place.as_ref()
    }
}

/// A member of `ctx.outErrors`, as `util.appendError` leaves it.
fn out_error(error: &Raised) -> Value {
    let mut members = Object::with_capacity(4);
    members.insert("message", error.message.as_str());
    members.insert("type", error.error_type.clone());
    members.insert("data", error.data.clone());
    members.insert("errorInfo", error.error_info.clone());
    members.into()
}

#[cfg(test)]
mod tests;
