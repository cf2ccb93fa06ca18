//! Whole resolvers and functions run by themselves: with a context that is given, data sources that the caller brings, and a clock
//! and randomness that can be fixed. The run itself is the server's own.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use appsync_utils::Effects;
use value::{Object, Str, Value};

use super::context::Context;
use super::offline::Conditions;
use super::run::{Ended, Run};
use super::{Function, Kind, Resolver};
use crate::data_source::Call;
use crate::execution::error::FieldError;

/// What is run.
#[derive(Clone, Copy, Debug)]
pub enum Whole<'a> {
    /// A resolver: the whole pipeline, or request, data source, response.
    Resolver(&'a Resolver),
    /// A function of pipelines, as one of them runs it.
    Function(&'a Function),
}

/// What a run gave.
#[derive(Debug)]
pub struct WholeResult {
    /// The value, or the error that ended the run.
    pub outcome: Result<Value, FieldError>,
    /// A function ended its pipeline: no further one runs.
    pub ends_pipeline: bool,
    /// Errors of `util.appendError`.
    pub appended: Vec<FieldError>,
    /// `ctx.stash` at the end.
    pub stash: Value,
    /// What else the steps caused, one after the other; errors stand in `appended`.
    pub effects: Vec<Effects>,
}

/// Runs `whole` with the members of `ctx` that `context` gives. Neither code nor a data source may go on after `deadline`.
pub async fn run(whole: Whole<'_>, context: &Object, conditions: &Conditions, deadline: Instant) -> WholeResult {
    let effects = Mutex::new(Vec::new());
    let take = |caused: Effects| effects.lock().unwrap_or_else(PoisonError::into_inner).push(caused);
    let identity = context.get("identity").cloned().unwrap_or_default();
    // A function does not know whose it is; messages name the field that the context names.
    let nameless;
    let resolver = match whole {
        Whole::Resolver(resolver) => resolver,
        Whole::Function(_) => {
            let info = |name: &str| -> Str {
                let info = context.get("info").and_then(|info| info.get(name));
                info.and_then(Value::as_str).unwrap_or_default().into()
            };
            let (type_name, field_name) = (info("parentTypeName"), info("fieldName"));
            let kind = Kind::Pipeline { code: super::Code::none(), functions: Vec::new() };
            nameless = Resolver { type_name, field_name, kind, origin: super::Origin::default() };
            &nameless
        }
    };
    let arguments = context.get("arguments").cloned().unwrap_or_default();
    let call = Call::new(&resolver.type_name, &resolver.field_name, deadline);
    let mut run = Run {
        resolver,
        call: call.on_behalf(arguments, &identity, &Str::default()),
        deadline,
        identity: &identity,
        effects: &take,
        context: Context::given(context),
        errors: Vec::new(),
        conditions: Some(conditions),
        tracer: None,
    };
    let outcome = match (whole, &resolver.kind) {
        (Whole::Function(function), _) => {
            run.begin_function();
            run.function(function, false).await
        }
        (_, Kind::Unit(function)) => run.function(function, true).await,
        (_, Kind::Pipeline { code, functions }) => run.pipeline(code, functions).await.map(Ended::Result),
    };
    let ends_pipeline = matches!((whole, &outcome), (Whole::Function(_), Ok(Ended::Skip(_))));
    let (appended, stash) = (std::mem::take(&mut run.errors), std::mem::take(&mut run.context.stash));
    drop(run);
    let outcome = outcome.map(Ended::into_value).map_err(|error| *error);
    WholeResult { outcome, ends_pipeline, appended, stash, effects: effects.into_inner().unwrap_or_else(PoisonError::into_inner) }
}
