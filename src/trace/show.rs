//! `extensions.trace`: the record of a request as one value.

use std::time::Duration;

use appsync_utils::{Level, LogEntry, SkipTo};
use value::{Object, Value, value};

use super::{Call, Evaluation, Outcome, Placed, Recorder, RunTrace, Step, Watch, record};
use crate::execution::error::FieldError;

/// How deep fields stand in each other. What is below stands beside the last of them: a value has a deepest level.
const DEEPEST: usize = 24;

/// What a trace says of the request as a whole.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// `x-amzn-requestid`
    pub request_id: &'a str,
    /// `query` or `mutation`; unknown where the document has no plan.
    pub operation_type: Option<&'static str>,
    /// The operation's name, as the client asked for it.
    pub operation_name: Option<&'a str>,
    /// How many publications went to subscribers.
    pub publications: usize,
}

/// Puts what the caller asked to see into an answer's JSON body.
pub fn extend(body: &mut Vec<u8>, watch: Watch, recorder: &Recorder, about: &About<'_>) {
    let mut extensions = Object::new();
    if watch.trace {
        extensions.insert("trace", trace(recorder, about));
    }
    if watch.record {
        extensions.insert("record", record::file(recorder));
    }
    if let Some(reason) = watch.refused {
        extensions.insert("trace", value!({"refused": reason}));
    }
    insert(body, extensions);
}

/// Says in an answer's JSON body why there is no trace.
pub fn refuse(body: &mut Vec<u8>, reason: &str) {
    let mut extensions = Object::new();
    extensions.insert("trace", value!({"refused": reason}));
    insert(body, extensions);
}

fn insert(body: &mut Vec<u8>, extensions: Object) {
    if extensions.is_empty() || body.pop_if(|last| *last == b'}').is_none() {
        return;
    }
    body.extend_from_slice(br#","extensions":"#);
    Value::from(extensions).write_json(body);
    body.push(b'}');
}

/// The whole trace.
fn trace(recorder: &Recorder, about: &About<'_>) -> Value {
    let preparation = recorder.preparation();
    let mut trace = Object::new();
    trace.insert("version", 1);
    trace.insert("requestId", about.request_id);
    trace.insert("startTime", recorder.began_at.to_string());
    trace.insert("duration", nanoseconds(recorder.offset()));
    trace.insert("operation", value!({"type": (about.operation_type), "name": (about.operation_name)}));
    trace.insert(
        "plan",
        value!({
            "cached": (preparation.cached),
            "startOffset": (nanoseconds(preparation.start_offset)),
            "parsing": (nanoseconds(preparation.parsing)),
            "validation": (nanoseconds(preparation.validation)),
        }),
    );
    if about.publications > 0 {
        trace.insert("publications", about.publications);
    }
    let (placed, left_out) = recorder.placed();
    trace.insert("fields", tree(placed));
    if left_out > 0 {
        trace.insert("fieldsLeftOut", left_out);
    }
    recorder.mask().object(&trace).into()
}

/// The fields, each with those below it. They come in the order of the answer, so that a field stands before those below it.
fn tree(placed: &[Placed]) -> Value {
    let mut roots: Vec<Value> = Vec::new();
    // The fields that are still open, each with the length of its path.
    let mut open: Vec<(&[Value], Object, Vec<Value>)> = Vec::new();
    let close = |open: &mut Vec<(&[Value], Object, Vec<Value>)>, roots: &mut Vec<Value>| {
        if let Some((_, mut field, below)) = open.pop() {
            if !below.is_empty() {
                field.insert("fields", below);
            }
            open.last_mut().map_or(roots, |(_, _, below)| below).push(field.into());
        }
    };
    for Placed { path, run } in placed {
        while open.last().is_some_and(|(above, _, _)| !path.starts_with(above) || above.is_empty()) {
            close(&mut open, &mut roots);
        }
        while open.len() >= DEEPEST {
            close(&mut open, &mut roots);
        }
        open.push((path, field(path, run), Vec::new()));
    }
    while !open.is_empty() {
        close(&mut open, &mut roots);
    }
    roots.into()
}

fn field(path: &[Value], run: &RunTrace) -> Object {
    let mut field = Object::with_capacity(14);
    field.insert("path", path.to_vec());
    field.insert("parentType", &run.parent_type);
    field.insert("fieldName", &run.field_name);
    field.insert("returnType", run.return_type.as_str());
    field.insert("kind", if run.pipeline { "PIPELINE" } else { "UNIT" });
    field.insert("startOffset", nanoseconds(run.start_offset));
    field.insert("duration", nanoseconds(run.duration));
    field.insert("arguments", &run.arguments);
    if !run.source.is_null() {
        field.insert("source", &run.source);
    }
    let steps = run.steps.iter().map(|step| match step {
        Step::Evaluation(evaluation) => self::evaluation(evaluation),
        Step::Call(call) => self::call(call),
    });
    field.insert("steps", steps.collect::<Vec<Value>>());
    if run.steps_left_out > 0 {
        field.insert("stepsLeftOut", run.steps_left_out);
    }
    field.insert("result", &run.result);
    if !run.errors.is_empty() {
        field.insert("errors", run.errors.iter().map(error).collect::<Vec<Value>>());
    }
    field
}

fn evaluation(evaluation: &Evaluation) -> Value {
    let mut step = Object::with_capacity(12);
    step.insert("step", evaluation.phase.name());
    if let Some(function) = &evaluation.function {
        step.insert("function", function);
    }
    step.insert("runtime", evaluation.language.name());
    if let Some(file) = &evaluation.file {
        step.insert("file", file.as_str());
    }
    step.insert("startOffset", nanoseconds(evaluation.start_offset));
    step.insert("duration", nanoseconds(evaluation.duration));
    match &evaluation.outcome {
        Outcome::Value(value) => {
            step.insert("result", value);
        }
        Outcome::Early(value, skip_to) => {
            step.insert("result", value);
            step.insert("earlyReturn", true);
            if let Some(skip_to) = skip_to {
                step.insert("skipTo", skip_name(*skip_to));
            }
        }
        Outcome::Failed(failed) => {
            step.insert("error", error(failed));
        }
    }
    if let Some(stash) = &evaluation.stash {
        step.insert("stash", stash);
    }
    if !evaluation.appended.is_empty() {
        step.insert("appendedErrors", evaluation.appended.iter().map(error).collect::<Vec<Value>>());
    }
    if !evaluation.logs.is_empty() {
        step.insert("logs", evaluation.logs.iter().map(log).collect::<Vec<Value>>());
    }
    step.into()
}

fn call(call: &Call) -> Value {
    let mut step = Object::with_capacity(10);
    step.insert("step", "dataSource");
    if let Some(function) = &call.function {
        step.insert("function", function);
    }
    step.insert("dataSource", value!({"name": (&call.data_source), "type": (call.kind)}));
    if let Some(start_offset) = call.start_offset {
        step.insert("startOffset", nanoseconds(start_offset));
        step.insert("duration", nanoseconds(call.duration));
    }
    step.insert("request", &call.request);
    match &call.outcome {
        Some(Ok(result)) => {
            step.insert("result", result);
        }
        Some(Err(failed)) => {
            let shown = value!({
                "message": (failed.message.as_str()), "errorType": (failed.error_type.as_str()),
                "data": (&failed.data), "errorInfo": (&failed.error_info),
            });
            step.insert("error", shown);
        }
        None => {
            step.insert("timedOut", true);
        }
    }
    if let Some(batch) = call.batch {
        step.insert("batch", value!({"call": (batch.call), "size": (batch.size), "position": (batch.position)}));
    }
    if call.shared {
        step.insert("shared", true);
    }
    step.into()
}

/// An error with all that is known of it.
pub(super) fn error(error: &FieldError) -> Value {
    let mut shown = Object::with_capacity(5);
    shown.insert("message", error.message.as_str());
    shown.insert("errorType", error.error_type.as_deref());
    shown.insert("data", &error.data);
    shown.insert("errorInfo", &error.error_info);
    if !error.detail.is_null() {
        shown.insert("detail", &error.detail);
    }
    shown.into()
}

fn log(entry: &LogEntry) -> Value {
    value!({"level": (level_name(entry.level)), "message": (entry.message.as_str())})
}

/// The level as AppSync writes it.
pub(super) fn level_name(level: Level) -> &'static str {
    match level {
        Level::Debug => "DEBUG",
        Level::Info => "INFO",
        Level::Error => "ERROR",
    }
}

/// The option of `runtime.earlyReturn`.
pub(super) fn skip_name(skip_to: SkipTo) -> &'static str {
    match skip_to {
        SkipTo::End => "END",
        SkipTo::Next => "NEXT",
    }
}

pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
