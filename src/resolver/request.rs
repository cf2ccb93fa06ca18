//! The resolvers of an API, for one request: the executor's [`Resolvers`].

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use appsync_utils::{Effects, LogEntry};
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{self, StreamExt};
use indexmap::IndexMap;
use tokio::sync::Semaphore;
use value::{Str, Value};

use super::Resolver;
use super::context::{Context, RequestMembers, info};
use super::run::Run;
use crate::data_source::Call;
use crate::execution::error::FieldError;
use crate::execution::executor::{FieldCall, Resolved, Resolvers};
use crate::execution::plan::ResolverId;

/// How many parents of one field are resolved at a time.
const CONCURRENT_PARENTS: usize = 64;

/// The compiled resolvers of an API, by type and field.
#[derive(Debug, Default)]
pub struct ResolverSet {
    /// By `(type, field)`; [`ResolverId`] is the place in here.
    pub resolvers: IndexMap<(Str, Str), Resolver>,
    /// `ctx.env`
    pub env: Value,
}

impl ResolverSet {
    /// The resolver attached to a field.
    #[must_use]
    pub fn find(&self, type_name: &str, field_name: &str) -> Option<ResolverId> {
        let at = self.resolvers.get_index_of(&(Str::from(type_name), Str::from(field_name)))?;
        u32::try_from(at).ok().map(ResolverId)
    }
}

/// How many resolvers of one request run at a time, whatever its fields: each may hold a connection and an answer.
const CONCURRENT_RUNS: usize = 64;

/// Bytes of results that one request may hold until its answer is written. One result has its own limit, but a document can ask
/// for thousands of them.
const MAX_RESULT_BYTES: usize = 64 << 20;

/// A [`ResolverSet`] in the hands of one request.
pub struct RequestResolvers<'a> {
    set: &'a ResolverSet,
    members: &'a (dyn Fn() -> (Value, Value) + Sync),
    /// Made when the first resolver runs.
    shared: OnceLock<RequestMembers>,
    deadline: Instant,
    data_source_deadline: Instant,
    effects: Mutex<RequestEffects>,
    running: Semaphore,
    result_bytes: AtomicUsize,
}

/// What resolvers asked of the request as a whole.
#[derive(Debug, Default)]
pub struct RequestEffects {
    /// `util.http.addResponseHeader`: the last one of a name wins.
    pub headers: IndexMap<Str, Str>,
    /// Errors that belong to no field.
    pub errors: Vec<FieldError>,
}

impl<'a> RequestResolvers<'a> {
    /// For a request whose `ctx.identity` and `ctx.request` are what `members` makes, to be answered by `deadline`.
    #[must_use]
    pub fn new(set: &'a ResolverSet, members: &'a (dyn Fn() -> (Value, Value) + Sync), deadline: Instant) -> Self {
        // A data source that is too slow must fail a little earlier than its request, so that the response step sees its error.
        let data_source_deadline =
            deadline.checked_sub(deadline.saturating_duration_since(Instant::now()) / 20).unwrap_or(deadline);
        Self {
            set,
            members,
            shared: OnceLock::new(),
            deadline,
            data_source_deadline,
            effects: Mutex::default(),
            running: Semaphore::new(CONCURRENT_RUNS),
            result_bytes: AtomicUsize::new(0),
        }
    }

    /// What the resolvers asked for, once all have run.
    #[must_use]
    pub fn into_effects(self) -> RequestEffects {
        self.effects.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn take(&self, resolver: &Resolver, effects: Effects) {
        for LogEntry { level, message } in &effects.logs {
            tracing::debug!(target: "syncgate::resolver", ?level, resolver = %format_args!("{}.{}", resolver.type_name, resolver.field_name), "{message}");
        }
        let mut unavailable = Vec::new();
        for (what, used) in [
            ("extensions.evictFromApiCache", !effects.evictions.is_empty()),
            ("extensions.invalidateSubscriptions", !effects.invalidations.is_empty()),
            ("extensions.setSubscriptionFilter", effects.subscription_filter.is_some()),
            ("extensions.setSubscriptionInvalidationFilter", effects.invalidation_filter.is_some()),
        ] {
            if used {
                unavailable.push(FieldError::new(
                    "UnsupportedOperation",
                    format!("{what} has no effect yet: this version of Syncgate has neither the API cache nor subscriptions."),
                ));
            }
        }
        if effects.response_headers.is_empty() && effects.header_faults.is_empty() && unavailable.is_empty() {
            return;
        }
        let mut all = self.effects.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        all.headers.extend(effects.response_headers);
        all.errors.extend(effects.header_faults.into_iter().map(|message| FieldError::new("ResponseHeaderError", message)));
        all.errors.append(&mut unavailable);
    }
}

impl Resolvers for RequestResolvers<'_> {
    fn resolve<'a>(&'a self, call: FieldCall<'a>) -> BoxFuture<'a, Vec<Resolved>> {
        async move {
            let Some((_, resolver)) = self.set.resolvers.get_index(call.resolved.resolver.0 as usize) else {
                return Vec::new();
            };
            let shared = self.shared.get_or_init(|| {
                let (identity, request) = (self.members)();
                RequestMembers { identity, request, env: self.set.env.clone() }
            });
            let info = info(&call);
            let take = |effects: Effects| self.take(resolver, effects);
            let one = |source: &Value| {
                let context = Context::new(&call, &info, source, shared);
                let run = Run {
                    resolver,
                    call: Call::new(&resolver.type_name, &resolver.field_name, self.data_source_deadline),
                    deadline: self.deadline,
                    identity: &shared.identity,
                    effects: &take,
                    context,
                    errors: Vec::new(),
                };
                async move {
                    let _running = self.running.acquire().await;
                    if self.result_bytes.load(Ordering::Relaxed) > MAX_RESULT_BYTES {
                        return too_large();
                    }
                    let resolved = run.run().await;
                    let bytes = weight(&resolved.value)
                        + resolved.errors.iter().map(|error| weight(&error.data) + weight(&error.error_info)).sum::<usize>();
                    if self.result_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > MAX_RESULT_BYTES {
                        return too_large();
                    }
                    // A list of thousands of parents must let other requests of this worker have their turn.
                    tokio::task::consume_budget().await;
                    resolved
                }
            };
            match call.parents {
                [parent] => vec![one(parent).await],
                parents => stream::iter(parents.iter().map(one)).buffered(CONCURRENT_PARENTS).collect().await,
            }
        }
        .boxed()
    }
}

fn too_large() -> Resolved {
    let message =
        format!("The results of this request are larger than {MAX_RESULT_BYTES} bytes together; ask for less at a time.");
    Resolved::failed(FieldError::new("ResultSizeLimitReached", message))
}

/// About how many bytes a value takes in memory. Values are at most `value::MAX_DEPTH` deep.
fn weight(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::List(items) => items.iter().map(weight).sum(),
            // Keys are mostly shared between the objects of a list.
            Value::Object(object) => object.values().map(|value| size_of::<Str>() + weight(value)).sum(),
        }
}

impl std::fmt::Debug for RequestResolvers<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestResolvers").finish_non_exhaustive()
    }
}

/// `ctx.env` of an API with these environment variables.
#[must_use]
pub fn env(variables: &IndexMap<Str, Str>) -> Value {
    Value::from(variables.iter().map(|(name, value)| (Arc::clone(name), value)).collect::<value::Object>())
}
