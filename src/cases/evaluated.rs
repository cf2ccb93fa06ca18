//! What evaluations give, in the words of snapshots.

use appsync_utils::{Effects, Level, LogEntry, Raised, SkipTo};
use resolver_cases::Outcome;
use value::{Object, Str, Value};

use crate::execution::error::FieldError;
use crate::resolver::offline::EvaluationResult;
use crate::resolver::whole::WholeResult;

/// The outcome of a single step.
pub(super) fn step(result: EvaluationResult) -> Outcome {
    let EvaluationResult { value, evaluation_result, early_return, logs, stash, effects, error, .. } = result;
    let mut outcome = Outcome { stash: stash.unwrap_or_default(), ..Outcome::default() };
    match error {
        Some(failed) => {
            outcome.error = Some(error_of(&failed.message, failed.error_type.as_deref(), &failed.data, &failed.error_info));
        }
        None => outcome.value = value.or(evaluation_result.map(Value::from)),
    }
    outcome.early_return = early_return.map(|skip_to| match skip_to {
        None => Value::Bool(true),
        Some(SkipTo::End) => Value::from("END"),
        Some(SkipTo::Next) => Value::from("NEXT"),
    });
    outcome.logs = logs.iter().map(log_line).collect();
    outcome.appended_errors = effects.errors.iter().map(raised).collect();
    add(effects, &mut outcome);
    outcome
}

/// The outcome of a whole run.
pub(super) fn whole(result: WholeResult) -> Outcome {
    let mut outcome = Outcome { stash: result.stash, ..Outcome::default() };
    match result.outcome {
        Ok(value) => outcome.value = Some(value),
        Err(error) => outcome.error = Some(field_error(&error)),
    }
    outcome.early_return = result.ends_pipeline.then(|| Value::from("END"));
    outcome.appended_errors = result.appended.iter().map(field_error).collect();
    for effects in result.effects {
        outcome.logs.extend(effects.logs.iter().map(log_line));
        add(effects, &mut outcome);
    }
    outcome
}

/// What a step causes beyond its field. Of what can be said once, the last word counts.
fn add(effects: Effects, outcome: &mut Outcome) {
    for (name, value) in effects.response_headers {
        outcome.response_headers.insert(name, value);
    }
    let refused =
        effects.header_faults.iter().map(|message| error_of(message, Some("ResponseHeaderError"), &Value::Null, &Value::Null));
    outcome.appended_errors.extend(refused);
    outcome.subscription_filter = effects.subscription_filter.or(outcome.subscription_filter.take());
    outcome.invalidation_filter = effects.invalidation_filter.or(outcome.invalidation_filter.take());
    outcome.invalidations.extend(effects.invalidations);
    outcome.evictions.extend(effects.evictions);
}

fn log_line(entry: &LogEntry) -> Value {
    let level = match entry.level {
        Level::Debug => "DEBUG",
        Level::Info => "INFO",
        Level::Error => "ERROR",
    };
    // Without its place: a line that moves is no other line.
    Value::from(format!("{level} {}", entry.message))
}

fn raised(raised: &Raised) -> Value {
    error_of(&raised.message, raised.error_type.as_deref(), &raised.data, &raised.error_info)
}

fn field_error(error: &FieldError) -> Value {
    error_of(&error.message, error.error_type.as_deref(), &error.data, &error.error_info)
}

fn error_of(message: &str, error_type: Option<&str>, data: &Value, info: &Value) -> Value {
    let mut members = Object::with_capacity(4);
    members.insert("message", message);
    if let Some(error_type) = error_type {
        members.insert("type", error_type);
    }
    for (name, member) in [("data", data), ("info", info)] {
        if !member.is_null() {
            members.insert(Str::from(name), member);
        }
    }
    members.into()
}
