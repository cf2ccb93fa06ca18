//! One resolver for one parent: before-step, functions, after-step (contract: execution, "Resolvers" and "Template versions").

use std::sync::Arc;

use appsync_utils::{Effects, Failure, Raised, SkipTo};
use value::Value;

use super::context::Context;
use super::evaluate::{self, Evaluation, Fault};
use super::{Code, Function, Kind, Resolver, Step, direct};
use crate::data_source::{Call, DataSourceError, Gathering, Placed};
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
pub(super) enum Ended {
    /// With its result.
    Result(Value),
    /// With a result, and no further function runs.
    Skip(Value),
}

/// What a function's request step came to.
pub(super) enum Asked {
    /// A request for its data source.
    Request(Request),
    /// The function has ended without one.
    Ended(Ended),
}

/// A request on its way to a data source.
pub(super) struct Request {
    pub(super) value: Value,
    /// Template version 2017-02-28, whose rules for null and errors are other.
    legacy: bool,
}

/// What a data source gave.
pub(super) struct Answer {
    pub(super) outcome: Result<Value, DataSourceError>,
    /// It is an item of the answer to a batch.
    pub(super) in_batch: bool,
}

/// The outcome of a step; an error ends the resolver for this parent.
pub(super) type Stepped<T> = Result<T, Box<FieldError>>;

impl Run<'_> {
    /// Runs the resolver to its end.
    pub(super) async fn run(mut self) -> Resolved {
        let resolver = self.resolver;
        let outcome = match &resolver.kind {
            Kind::Unit(function) => self.function(function, true).await.map(Ended::into_value),
            Kind::Pipeline { code, functions } => self.pipeline(code, functions).await,
        };
        self.resolved(outcome)
    }

    /// The field, once the resolver has ended.
    pub(super) fn resolved(self, outcome: Stepped<Value>) -> Resolved {
        let mut errors = self.errors;
        let value = outcome.unwrap_or_else(|error| {
            errors.push(*error);
            Value::Null
        });
        Resolved { value, errors }
    }

    async fn pipeline(&mut self, code: &Code, functions: &[Arc<Function>]) -> Stepped<Value> {
        if self.before(code).await? {
            for function in functions {
                if !self.pipeline_function(function).await? {
                    break;
                }
            }
        }
        self.after(code).await
    }

    /// A pipeline's before-step; tells whether the functions run.
    pub(super) async fn before(&mut self, code: &Code) -> Stepped<bool> {
        let (value, runs) = match self.step(code, Step::Request).await? {
            Some(Evaluated::Value(value)) => (value, true),
            // The functions are skipped and the after-step runs at once (runtime utilities page).
            Some(Evaluated::Early { value, .. }) => (value, false),
            None => (Value::Null, true),
        };
        self.context.set_prev(value);
        Ok(runs)
    }

    /// One function of a pipeline; tells whether the next one runs.
    pub(super) async fn pipeline_function(&mut self, function: &Function) -> Stepped<bool> {
        self.begin_function();
        let ended = self.function(function, false).await?;
        Ok(self.end_function(ended))
    }

    /// What a pipeline's function finds in `ctx`.
    pub(super) fn begin_function(&mut self) {
        self.context.result = Value::Null;
        self.context.error = Value::Null;
    }

    /// What a pipeline's function leaves in `ctx`; tells whether the next one runs.
    pub(super) fn end_function(&mut self, ended: Ended) -> bool {
        let runs = matches!(ended, Ended::Result(_));
        self.context.set_prev(ended.into_value());
        runs
    }

    /// A pipeline's after-step: the field's value.
    pub(super) async fn after(&mut self, code: &Code) -> Stepped<Value> {
        let last = self.context.last().clone();
        self.context.result = last.clone();
        self.context.error = Value::Null;
        match self.step(code, Step::Response).await? {
            Some(Evaluated::Value(value) | Evaluated::Early { value, .. }) => Ok(value),
            None => Ok(last),
        }
    }

    /// A function, or a unit resolver: request, data source, response.
    async fn function(&mut self, function: &Function, unit: bool) -> Stepped<Ended> {
        let mut request = match self.ask(function, unit).await? {
            Asked::Request(request) => request,
            Asked::Ended(ended) => return Ok(ended),
        };
        let value = std::mem::take(&mut request.value);
        let answer = match function.data_source.gathering() {
            Some(gathering) => self.batch_of_one(function, gathering, value).await?,
            None => self.invoke(function, value).await?,
        };
        self.answer(function, &request, answer).await
    }

    /// The request step.
    pub(super) async fn ask(&mut self, function: &Function, unit: bool) -> Stepped<Asked> {
        let value = match self.step(&function.code, Step::Request).await? {
            Some(Evaluated::Value(request)) => request,
            Some(Evaluated::Early { value, skip_to }) => {
                let skips = skip_to == Some(SkipTo::End);
                return Ok(Asked::Ended(if skips { Ended::Skip(value) } else { Ended::Result(value) }));
            }
            None => {
                let direct = function.data_source.direct_request(self.context.event(), function.max_batch_size > 0);
                direct.unwrap_or_default()
            }
        };
        // Only a unit resolver's template chooses its version; functions and code always have the newer one.
        let legacy =
            unit && matches!(function.code, Code::Vtl(_)) && value.get("version").and_then(Value::as_str) == Some("2017-02-28");
        Ok(Asked::Request(Request { value, legacy }))
    }

    /// Calls the data source for this parent alone.
    pub(super) async fn invoke(&self, function: &Function, request: Value) -> Stepped<Answer> {
        let outcome = tokio::time::timeout_at(self.deadline.into(), function.data_source.invoke(request, &self.call)).await;
        let outcome = outcome.map_err(|_| Box::new(timed_out()))?;
        Ok(Answer { outcome, in_batch: false })
    }

    async fn batch_of_one(&self, function: &Function, gathering: &dyn Gathering, request: Value) -> Stepped<Answer> {
        let mut batch = gathering.batch(1);
        match batch.add(&request) {
            Ok(Placed::Here) => {
                drop(request);
                let results = tokio::time::timeout_at(self.deadline.into(), batch.send(&self.call)).await;
                let result = results.map_err(|_| Box::new(timed_out()))?.pop();
                Ok(Answer { outcome: result.unwrap_or(Ok(Value::Null)), in_batch: true })
            }
            Ok(Placed::Alone | Placed::Elsewhere) => self.invoke(function, request).await,
            Err(error) => Ok(Answer { outcome: Err(error), in_batch: false }),
        }
    }

    /// The response step.
    pub(super) async fn answer(&mut self, function: &Function, request: &Request, answer: Answer) -> Stepped<Ended> {
        // Templates may be left to the service; code has its response or none.
        let direct = matches!(function.code, Code::Vtl(_)) && !function.code.has(Step::Response);
        match answer.outcome {
            Ok(result) => {
                if request.legacy && result.is_null() {
                    return Ok(Ended::Result(Value::Null));
                }
                if direct && answer.in_batch && function.max_batch_size > 0 {
                    return direct::item(&result).map(Ended::Result);
                }
                self.context.result = result;
            }
            Err(error) => {
                self.context.set_error(&error);
                self.context.result = error.data.clone();
                if request.legacy {
                    return Err(self.legacy_failure(function, error).await);
                }
                if direct {
                    return Err(Box::new(direct::failure(error)));
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
    async fn step(&mut self, code: &Code, step: Step) -> Stepped<Option<Evaluated>> {
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

impl Ended {
    /// The function's result.
    pub(super) fn into_value(self) -> Value {
        let (Ended::Result(value) | Ended::Skip(value)) = self;
        value
    }
}

/// The field's error when the request's time is up; fields that were done by then keep their values.
pub(super) fn timed_out() -> FieldError {
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
