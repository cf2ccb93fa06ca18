//! The resolvers of an API, for one request: the executor's [`Resolvers`].

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use appsync_utils::{Effects, LogEntry};
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{self, StreamExt};
use indexmap::IndexMap;
use tokio::sync::Semaphore;
use tracing::Instrument;
use value::{Str, Value};

use super::Resolver;
use super::context::{Context, RequestMembers, info};
use super::run::Run;
use super::together::{Together, group_size};
use super::traced::run_of;
use crate::data_source::Call;
use crate::execution::error::FieldError;
use crate::execution::executor::{FieldCall, Resolved, Resolvers};
use crate::execution::plan::ResolverId;
use crate::trace::{Recorder, Tracer};

/// How many parents of one field are resolved at a time: fewer than [`CONCURRENT_RUNS`], so that a long list whose calls are slow
/// does not keep the other fields waiting.
pub(super) const CONCURRENT_PARENTS: usize = 48;

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

/// How many parents of one request may be resolved in groups at a time, where a group counts as [`GROUP_WEIGHT`] at most. What the
/// requests of a group hold is bounded by `together::WAITING_BYTES` and by what one call may send.
const GATHERED_PARENTS: usize = 128;

/// A group that waits for its one call must not keep those of other fields waiting, however many parents it has.
const GROUP_WEIGHT: usize = 16;

/// How many groups of one field are under way at a time: fewer than [`GATHERED_PARENTS`] allow, as with [`CONCURRENT_PARENTS`].
/// Permits are given in the order in which they are asked for, so those that wait stand before a field that comes later.
const CONCURRENT_GROUPS: usize = GATHERED_PARENTS / GROUP_WEIGHT * 3 / 4;

/// Bytes of results that one request may hold until its answer is written. One result has its own limit, but a document can ask
/// for thousands of them.
const MAX_RESULT_BYTES: usize = 64 << 20;

/// How often a request may call `extensions.invalidateSubscriptions` (developer guide, "extensions").
const MOST_INVALIDATIONS: usize = 5;

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
    gathered: Semaphore,
    ledger: Ledger,
    recorder: Option<&'a Recorder>,
}

/// What resolvers asked of the request as a whole.
#[derive(Debug, Default)]
pub struct RequestEffects {
    /// `util.http.addResponseHeader`: the last one of a name wins.
    pub headers: IndexMap<Str, Str>,
    /// Errors that belong to no field.
    pub errors: Vec<FieldError>,
    /// `extensions.setSubscriptionFilter`
    pub subscription_filter: Option<Value>,
    /// `extensions.setSubscriptionInvalidationFilter`
    pub invalidation_filter: Option<Value>,
    /// `extensions.invalidateSubscriptions`: subscription field and payload, in order.
    pub invalidations: Vec<(Str, Value)>,
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
            gathered: Semaphore::new(GATHERED_PARENTS),
            ledger: Ledger::default(),
            recorder: None,
        }
    }

    /// Recorded by somebody who watches.
    #[must_use]
    pub fn watched_by(mut self, recorder: Option<&'a Recorder>) -> Self {
        self.recorder = recorder;
        self
    }

    /// What the resolvers asked for, once all have run.
    #[must_use]
    pub fn into_effects(self) -> RequestEffects {
        self.effects.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn take(&self, resolver: &Resolver, effects: Effects) {
        for LogEntry { level, message, .. } in &effects.logs {
            tracing::debug!(target: "syncgate::resolver", ?level, resolver = %format_args!("{}.{}", resolver.type_name, resolver.field_name), "{message}");
        }
        let mut unavailable = Vec::new();
        if !effects.evictions.is_empty() {
            unavailable.push(FieldError::new(
                "UnsupportedOperation",
                "extensions.evictFromApiCache has no effect yet: this version of Syncgate does not have the API cache.",
            ));
        }
        if effects.response_headers.is_empty()
            && effects.header_faults.is_empty()
            && unavailable.is_empty()
            && effects.invalidations.is_empty()
            && effects.subscription_filter.is_none()
            && effects.invalidation_filter.is_none()
        {
            return;
        }
        let mut all = self.effects.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        all.headers.extend(effects.response_headers);
        all.errors.extend(effects.header_faults.into_iter().map(|message| FieldError::new("ResponseHeaderError", message)));
        all.errors.append(&mut unavailable);
        // Of several the last counts, as within one evaluation.
        all.subscription_filter = effects.subscription_filter.or(all.subscription_filter.take());
        all.invalidation_filter = effects.invalidation_filter.or(all.invalidation_filter.take());
        for invalidation in effects.invalidations {
            if all.invalidations.len() == MOST_INVALIDATIONS {
                let message = format!(
                    "extensions.invalidateSubscriptions was called more than {MOST_INVALIDATIONS} times in one request; the calls \
                     beyond had no effect."
                );
                all.errors.push(FieldError::new("LimitExceededError", message));
                break;
            }
            let subscription = invalidation.get("subscriptionField").and_then(Value::as_str).unwrap_or_default();
            let payload = invalidation.get("payload").cloned().unwrap_or_default();
            all.invalidations.push((subscription.into(), payload));
        }
    }
}

impl Resolvers for RequestResolvers<'_> {
    fn resolve<'a>(&'a self, call: FieldCall<'a>) -> BoxFuture<'a, Vec<Resolved>> {
        let span = tracing::debug_span!(
            target: crate::trace::SPANS,
            "field",
            graphql.field.name = &*call.field.name,
            graphql.field.parent_type = &*call.field.parent_type,
            parents = call.parents.len(),
        );
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
            let run = |(at, source): (usize, &Value)| Run {
                resolver,
                call: Call::new(&resolver.type_name, &resolver.field_name, self.data_source_deadline).on_behalf(
                    Value::Object(Arc::clone(&call.arguments)),
                    &shared.identity,
                    call.field.ty.name(),
                ),
                deadline: self.deadline,
                identity: &shared.identity,
                effects: &take,
                context: Context::new(&call, &info, source, shared),
                errors: Vec::new(),
                conditions: None,
                tracer: self
                    .recorder
                    .filter(|recorder| recorder.wants().runs())
                    .map(|recorder| Box::new(Tracer::new(recorder, run_of(resolver, &call, at)))),
            };
            let one = |(at, source): (usize, &Value)| {
                let run = run((at, source));
                async move {
                    let _running = self.running.acquire().await;
                    if self.ledger.is_full() {
                        return Resolved::failed(too_large());
                    }
                    let resolved = self.ledger.keep(run.run().await);
                    // A list of thousands of parents must let other requests of this worker have their turn.
                    tokio::task::consume_budget().await;
                    resolved
                }
            };
            let of_field = Semaphore::new(CONCURRENT_PARENTS);
            let group = |(first, sources): (usize, &'a [Value])| {
                let (run, of_field) = (&run, &of_field);
                async move {
                    let _gathered = self.gathered.acquire_many(sources.len().min(GROUP_WEIGHT) as u32).await;
                    if self.ledger.is_full() {
                        return sources.iter().map(|_| Resolved::failed(too_large())).collect();
                    }
                    let together = Together { running: &self.running, of_field, ledger: &self.ledger };
                    let resolved = together
                        .run(&resolver.kind, sources.iter().enumerate().map(|(at, source)| run((first + at, source))).collect())
                        .await;
                    resolved.into_iter().map(|resolved| self.ledger.keep(resolved)).collect::<Vec<_>>()
                }
            };
            match (call.parents, group_size(&resolver.kind)) {
                ([parent], _) => vec![one((0, parent)).await],
                (parents, None) => stream::iter(parents.iter().enumerate().map(one)).buffered(CONCURRENT_PARENTS).collect().await,
                (parents, Some(size)) => {
                    let groups: Vec<_> =
                        parents.chunks(size).enumerate().map(|(at, parents)| group((at * size, parents))).collect();
                    let groups: Vec<Vec<Resolved>> = stream::iter(groups).buffered(CONCURRENT_GROUPS).collect().await;
                    groups.into_iter().flatten().collect()
                }
            }
        }
        .instrument(span)
        .boxed()
    }
}

/// What one request holds in memory, about, in bytes.
#[derive(Debug, Default)]
pub(super) struct Ledger(AtomicUsize);

impl Ledger {
    fn is_full(&self) -> bool {
        self.0.load(Ordering::Relaxed) > MAX_RESULT_BYTES
    }

    /// Counts values that are kept for a while; gives what to [`release`](Self::release).
    pub(super) fn take(&self, values: &[&Value]) -> Result<usize, FieldError> {
        let bytes = values.iter().map(|value| weight(value)).sum();
        if self.add(bytes) {
            return Ok(bytes);
        }
        self.release(bytes);
        Err(too_large())
    }

    /// The values that were counted are gone.
    pub(super) fn release(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Counts a result that is kept until the answer is written.
    fn keep(&self, resolved: Resolved) -> Resolved {
        let errors = resolved.errors.iter().map(error_weight).sum::<usize>();
        if self.add(weight(&resolved.value) + errors) { resolved } else { Resolved::failed(too_large()) }
    }

    fn add(&self, bytes: usize) -> bool {
        self.0.fetch_add(bytes, Ordering::Relaxed) + bytes <= MAX_RESULT_BYTES
    }
}

fn too_large() -> FieldError {
    let message =
        format!("The results of this request are larger than {MAX_RESULT_BYTES} bytes together; ask for less at a time.");
    FieldError::new("ResultSizeLimitReached", message)
}

/// About how many bytes an error takes in memory.
fn error_weight(error: &FieldError) -> usize {
    let FieldError { message, error_type, data, error_info, detail } = error;
    let texts = message.len() + error_type.as_ref().map_or(0, String::len);
    size_of::<FieldError>() + texts + weight(data) + weight(error_info) + weight(detail)
}

/// About how many bytes a value takes in memory. Values are at most `value::MAX_DEPTH` deep.
pub(crate) fn weight(value: &Value) -> usize {
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
