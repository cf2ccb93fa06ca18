//! One resolver for one parent: before-step, functions, after-step (contract: execution, "Resolvers" and "Template versions").

use std::sync::Arc;

use appsync_utils::{Effects, Failure, Raised, SkipTo};
use value::Value;

use super::context::Context;
use super::evaluate::{self, Evaluation, Fault};
use super::{Code, Function, Kind, Resolver, Step};
use crate::data_source::{Call, DataSourceError};
use crate::execution::error::FieldError;
use crate::execution::executor::Resolved;

/// What the steps of a run may use, and what they caused beside the field's value.
pub(super) struct Run<'a> {
    pub(super) resolver: &'a Resolver,
    pub(super) call: Call,
    /// When the request must be answered.
    pub(super) deadline: std::time::Instant,
    pub(super) identity: &'a Value,
    /// Receives what the code asks of the request as a whole.
    pub(super) effects: &'a (dyn Fn(Effects) + Sync),
    pub(super) context: Context,
    pub(super) errors: Vec<FieldError>,
}

/// How a function ended.
enum Ended {
    /// With its result.
    Result(Value),
    /// With a result, and no further function runs.
    Skip(Value),
}

impl Run<'_> {
    /// Runs the resolver to its end.
    pub(super) async fn run(mut self) -> Resolved {
        let resolver = self.resolver;
        let outcome = match &resolver.kind {
            Kind::Unit(function) => self.function(function, true).await.map(|ended| match ended {
                Ended::Result(value) | Ended::Skip(value) => value,
            }),
            Kind::Pipeline { code, functions } => self.pipeline(code, functions).await,
        };
        let mut errors = self.errors;
        let value = outcome.unwrap_or_else(|error| {
            errors.push(*error);
            Value::Null
        });
        Resolved { value, errors }
    }

    async fn pipeline(&mut self, code: &Code, functions: &[Arc<Function>]) -> Result<Value, Box<FieldError>> {
        let (before, skip) = match self.step(code, Step::Request).await? {
            Some(Evaluated::Value(value)) => (value, false),
            // The functions are skipped and the after-step runs at once (runtime utilities page).
            Some(Evaluated::Early { value, .. }) => (value, true),
            None => (Value::Null, false),
        };
        let mut last = before.clone();
        self.context.set_prev(before);
        if !skip {
            for function in functions {
                self.context.result = Value::Null;
                self.context.error = Value::Null;
                let ended = self.function(function, false).await?;
                let skip = matches!(ended, Ended::Skip(_));
                let (Ended::Result(value) | Ended::Skip(value)) = ended;
                last = value.clone();
                self.context.set_prev(value);
                if skip {
                    break;
                }
            }
        }
        self.context.result = last.clone();
        self.context.error = Value::Null;
        match self.step(code, Step::Response).await? {
            Some(Evaluated::Value(value) | Evaluated::Early { value, .. }) => Ok(value),
            None => Ok(last),
        }
    }

    /// A function, or a unit resolver: request, data source, response.
    async fn function(&mut self, function: &Function, unit: bool) -> Result<Ended, Box<FieldError>> {
        let request = match self.step(&function.code, Step::Request).await? {
            Some(Evaluated::Value(request)) => request,
            Some(Evaluated::Early { value, skip_to }) => {
                return Ok(if skip_to == Some(SkipTo::End) { Ended::Skip(value) } else { Ended::Result(value) });
            }
            None => Value::Null,
        };
        // Only a unit resolver's template chooses its version; functions and code always have the newer one.
        let legacy =
            unit && matches!(function.code, Code::Vtl(_)) && request.get("version").and_then(Value::as_str) == Some("2017-02-28");
        let deadline = self.deadline.into();
        let Ok(outcome) = tokio::time::timeout_at(deadline, function.data_source.invoke(request, &self.call)).await else {
            return Err(Box::new(timed_out()));
        };
        match outcome {
            Ok(result) => {
                if legacy && result.is_null() {
                    return Ok(Ended::Result(Value::Null));
                }
                self.context.result = result;
            }
            Err(error) => {
                self.context.set_error(&error.message, &error.error_type);
                self.context.result = error.data.clone();
                if legacy {
                    return Err(self.legacy_failure(function, error).await);
                }
                if !function.code.has(Step::Response) {
                    return Err(Box::new(raised_by_source(error)));
                }
            }
        }
        match self.step(&function.code, Step::Response).await? {
            Some(Evaluated::Value(value)) => Ok(Ended::Result(value)),
            Some(Evaluated::Early { value, skip_to: Some(SkipTo::End) }) => Ok(Ended::Skip(value)),
            Some(Evaluated::Early { value, .. }) => Ok(Ended::Result(value)),
            None => Ok(Ended::Result(self.context.result.clone())),
        }
    }

    /// Version 2017-02-28: the response template is evaluated, its value becomes the `data` of the source's error.
    async fn legacy_failure(&mut self, function: &Function, error: DataSourceError) -> Box<FieldError> {
        let data = match self.step(&function.code, Step::Response).await {
            Ok(Some(Evaluated::Value(value) | Evaluated::Early { value, .. })) => value,
            Ok(None) => error.data.clone(),
            Err(own) => return own,
        };
        Box::new(FieldError { data, ..raised_by_source(error) })
    }

    /// Evaluates one step; `None` when the code has none.
    async fn step(&mut self, code: &Code, step: Step) -> Result<Option<Evaluated>, Box<FieldError>> {
        if !code.has(step) {
            return Ok(None);
        }
        let outcome = evaluate::evaluate(code, step, self.context.members(), self.identity, self.deadline).await;
        let Evaluation { result, stash, mut effects } = outcome;
        for error in std::mem::take(&mut effects.errors) {
            let error = self.raised(error);
            self.context.out_errors.push(out_error(&error));
            self.errors.push(error);
        }
        (self.effects)(effects);
        match result {
            Ok(value) => {
                if let Some(stash) = stash {
                    self.context.stash = stash;
                }
                Ok(Some(Evaluated::Value(value)))
            }
            Err(Fault::Failure(Failure::EarlyReturn { value, skip_to })) => {
                if let Some(stash) = stash {
                    self.context.stash = stash;
                }
                Ok(Some(Evaluated::Early { value, skip_to }))
            }
            Err(Fault::Failure(Failure::Raised(raised))) => Err(Box::new(self.raised(raised))),
            Err(Fault::Failure(Failure::Unauthorized)) => Err(Box::new(FieldError::new(
                "Unauthorized",
                format!("Not Authorized to access {} on type {}", self.resolver.field_name, self.resolver.type_name),
            ))),
            Err(Fault::Failure(failure @ Failure::Invalid { .. })) => {
                Err(Box::new(FieldError::new(code.error_type(), failure.to_string())))
            }
            Err(Fault::Deadline) => Err(Box::new(timed_out())),
            Err(Fault::Code { message }) => Err(Box::new(FieldError::new(code.error_type(), message))),
        }
    }

    fn raised(&self, raised: Raised) -> FieldError {
        FieldError { message: raised.message, error_type: raised.error_type, data: raised.data, error_info: raised.error_info }
    }
}

/// What a step gave.
enum Evaluated {
    Value(Value),
    Early { value: Value, skip_to: Option<SkipTo> },
}

/// The field's error when the request's time is up; fields that were done by then keep their values.
fn timed_out() -> FieldError {
    FieldError::new("ExecutionTimeout", "Execution timed out.")
}

fn raised_by_source(error: DataSourceError) -> FieldError {
    FieldError { message: error.message, error_type: Some(error.error_type), data: error.data, error_info: error.error_info }
}

/// A member of `ctx.outErrors`.
fn out_error(error: &FieldError) -> Value {
    let mut members = value::Object::with_capacity(4);
    members.insert("message", error.message.as_str());
    members.insert("type", error.error_type.clone());
    members.insert("data", error.data.clone());
    members.insert("errorInfo", error.error_info.clone());
    members.into()
}

impl Code {
    /// Whether there is code for that step.
    fn has(&self, step: Step) -> bool {
        match (self, step) {
            (Code::Js(code), Step::Request) => code.module.has_request(),
            (Code::Js(code), Step::Response) => code.module.has_response(),
            (Code::Vtl(code), Step::Request) => code.request.is_some(),
            (Code::Vtl(code), Step::Response) => code.response.is_some(),
        }
    }

    /// The `errorType` of a fault in the code itself.
    fn error_type(&self) -> &'static str {
        match self {
            Code::Js(_) => "Code",
            Code::Vtl(_) => "MappingTemplate",
        }
    }
}
