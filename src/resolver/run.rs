//! One resolver for one parent: before-step, functions, after-step (contract: execution, "Resolvers" and "Template versions").

use std::sync::Arc;
use std::sync::atomic::Ordering;

use appsync_utils::{Effects, Failure, Raised, SkipTo};
use tracing::Instrument;
use value::Value;

use super::context::Context;
use super::evaluate::{self, Around, Evaluation, Fault};
use super::offline::Conditions;
use super::traced::{Part, call_of, call_span, outcome_of};
use super::{Code, Function, Kind, Resolver, Step, direct};
use crate::data_source::{Call, DataSourceError, Gathering, Placed};
use crate::execution::error::FieldError;
use crate::execution::executor::Resolved;
use crate::trace::{self, BatchPlace, Tracer};

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
    /// Time and random numbers that are not the system's.
    pub(super) conditions: Option<&'a Conditions>,
    /// Where somebody watches.
    pub(super) tracer: Option<Box<Tracer<'a>>>,
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
        if let Some(tracer) = self.tracer {
            tracer.finish(&value, &errors);
        }
        Resolved { value, errors }
    }

    pub(super) async fn pipeline(&mut self, code: &Code, functions: &[Arc<Function>]) -> Stepped<Value> {
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
        let (value, runs) = match self.step(code, Step::Request, Part::Pipeline).await? {
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
        match self.step(code, Step::Response, Part::Pipeline).await? {
            Some(Evaluated::Value(value) | Evaluated::Early { value, .. }) => Ok(value),
            None => Ok(last),
        }
    }

    /// A function, or a unit resolver: request, data source, response.
    pub(super) async fn function(&mut self, function: &Function, unit: bool) -> Stepped<Ended> {
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
        let value = match self.step(&function.code, Step::Request, Part::Function(function)).await? {
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
        if let Some(tracer) = &mut self.tracer {
            tracer.requested(call_of(function, &value));
        }
        Ok(Asked::Request(Request { value, legacy }))
    }

    /// Calls the data source for this parent alone.
    pub(super) async fn invoke(&mut self, function: &Function, request: Value) -> Stepped<Answer> {
        let began = self.tracer.as_ref().map(|tracer| tracer.recorder.offset());
        if began.is_some() {
            self.call.shared = Some(Arc::default());
        }
        let call = function.data_source.invoke(request, &self.call).instrument(call_span(function, 1));
        let outcome = tokio::time::timeout_at(self.deadline.into(), call).await;
        if let (Some(tracer), Some(began)) = (&mut self.tracer, began) {
            let shared = self.call.shared.take().is_some_and(|shared| shared.load(Ordering::Relaxed));
            tracer.called(began, None, shared);
        }
        let outcome = outcome.map_err(|_| Box::new(timed_out()))?;
        Ok(Answer { outcome, in_batch: false })
    }

    async fn batch_of_one(&mut self, function: &Function, gathering: &dyn Gathering, request: Value) -> Stepped<Answer> {
        let mut batch = gathering.batch(1);
        match batch.add(&request) {
            Ok(Placed::Here) => {
                drop(request);
                let began = self.tracer.as_ref().map(|tracer| tracer.recorder.offset());
                let call = batch.send(&self.call).instrument(call_span(function, 1));
                let results = tokio::time::timeout_at(self.deadline.into(), call).await;
                if let (Some(tracer), Some(began)) = (&mut self.tracer, began) {
                    let call = tracer.recorder.call_number();
                    tracer.called(began, Some(BatchPlace { call, size: 1, position: 0 }), false);
                }
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
        if let Some(tracer) = &mut self.tracer {
            tracer.answered(&answer.outcome);
        }
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
        match self.step(&function.code, Step::Response, Part::Function(function)).await? {
            Some(Evaluated::Value(value)) => Ok(Ended::Result(value)),
            Some(Evaluated::Early { value, skip_to: Some(SkipTo::End) }) => Ok(Ended::Skip(value)),
            Some(Evaluated::Early { value, .. }) => Ok(Ended::Result(value)),
            None => Ok(Ended::Result(self.context.result.clone())),
        }
    }

    /// Version 2017-02-28: the response template is evaluated, its value becomes the `data` of the source's error.
    async fn legacy_failure(&mut self, function: &Function, error: DataSourceError) -> Box<FieldError> {
        let data = match self.step(&function.code, Step::Response, Part::Function(function)).await {
            Ok(Some(Evaluated::Value(value) | Evaluated::Early { value, .. })) => value,
            Ok(None) => error.data.clone(),
            Err(own) => return own,
        };
        Box::new(FieldError { data, ..raised_by_source(error) })
    }

    /// Evaluates one step; `None` when the code has none.
    async fn step(&mut self, code: &Code, step: Step, part: Part<'_>) -> Stepped<Option<Evaluated>> {
        if !code.has(step) {
            return Ok(None);
        }
        let members = self.context.members();
        let begun = self.tracer.as_mut().map(|tracer| tracer.begin(&members));
        let around = match (self.conditions, &begun) {
            (Some(conditions), _) => Around::Given(conditions),
            (None, Some(begun)) => begun.tape.clone().map_or(Around::System, Around::Recorded),
            (None, None) => Around::System,
        };
        let span = tracing::debug_span!(target: trace::SPANS, "resolver_step", step = ?step, function = part.function().map(|name| &**name));
        let evaluation = evaluate::evaluate(code, step, members, self.identity, around, self.deadline);
        let outcome = evaluation.instrument(span).await;
        let Evaluation { result, stash, mut effects, detail } = outcome;
        let begun = begun.map(|begun| {
            let wants = self.tracer.as_ref().map(|tracer| tracer.recorder.wants());
            let logs = wants.map(|wants| wants.of_logs(&effects.logs)).unwrap_or_default();
            // Cases do not say what was logged.
            let recorded = wants.filter(|wants| wants.record).map(|_| {
                let logs = std::mem::take(&mut effects.logs);
                let recorded = Box::new(effects.clone());
                effects.logs = logs;
                recorded
            });
            (begun, self.errors.len(), logs, recorded)
        });
        if let Some(detail) = &detail {
            // The place only: what stands there may be a secret, and rendered text often has some.
            let (line, column) = detail.place.as_ref().map(|place| (place.line, place.column)).unzip();
            tracing::debug!(
                type_name = &*self.resolver.type_name,
                field = &*self.resolver.field_name,
                ?step,
                line,
                column,
                "a step failed"
            );
        }
        for error in std::mem::take(&mut effects.errors) {
            let error = self.raised(error);
            self.context.out_errors.push(out_error(&error));
            self.errors.push(error);
        }
        (self.effects)(effects);
        let mut changed = None;
        // What code raises by itself is the answer that its author wants, to the letter, also in development.
        let deliberate = matches!(result, Err(Fault::Failure(Failure::Raised(_) | Failure::Unauthorized)));
        let evaluated = match result {
            Ok(value) => {
                changed = stash;
                Ok(Evaluated::Value(value))
            }
            Err(Fault::Failure(Failure::EarlyReturn { value, skip_to })) => {
                changed = stash;
                Ok(Evaluated::Early { value, skip_to })
            }
            Err(Fault::Failure(Failure::Raised(raised))) => Err(self.raised(raised)),
            Err(Fault::Failure(Failure::Unauthorized)) => Err(FieldError::new(
                "Unauthorized",
                format!("Not Authorized to access {} on type {}", self.resolver.field_name, self.resolver.type_name),
            )),
            Err(Fault::Failure(failure @ Failure::Invalid { .. })) => {
                Err(FieldError::new(code.error_type(), failure.to_string()))
            }
            Err(Fault::Deadline) => Err(timed_out()),
            Err(Fault::Code { message }) => Err(FieldError::new(code.error_type(), message)),
        };
        let evaluated =
            evaluated.map_err(|error| FieldError { detail: part.detail(self.resolver, step, detail.as_deref()), ..error });
        if let (Some(tracer), Some((begun, before, logs, effects))) = (&mut self.tracer, begun) {
            let appended = self.errors[before..].to_vec();
            let stash = changed.clone().filter(|stash| *stash != self.context.stash);
            let evaluation = part.evaluation(self.resolver, code, step);
            let outcome = outcome_of(&evaluated);
            tracer.evaluated(begun, trace::Evaluation { outcome, stash, appended, logs, effects, ..evaluation });
        }
        if let Some(stash) = changed {
            self.context.stash = stash;
        }
        evaluated.map(Some).map_err(|mut error| {
            if deliberate {
                error.detail = Value::Null;
            }
            Box::new(error)
        })
    }

    fn raised(&self, raised: Raised) -> FieldError {
        FieldError {
            message: raised.message,
            error_type: raised.error_type,
            data: raised.data,
            error_info: raised.error_info,
            detail: Value::Null,
        }
    }
}

/// What a step gave.
pub(super) enum Evaluated {
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
    FieldError {
        message: error.message,
        error_type: Some(error.error_type),
        data: error.data,
        error_info: error.error_info,
        detail: Value::Null,
    }
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
