//! Where the mutations of an API meet its subscribers: one hub for each served API, for as long as the process serves it.
//!
//! Publications queue up and are brought to their subscribers in order by one task ([`Hub::run`]), so that a mutation waits for
//! none of them; it waits when the queue is long. Each goes to the subscribers of this process directly and to other nodes through
//! the broker. An index finds those whom an event concerns without looking at the others, and an event is written once for all
//! whose answer is the same ([`Shape`]).

use std::collections::HashSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hashbrown::HashMap;
use subscription_index::{FilterGroup, Index, Matcher, Matches};
use tokio::sync::{Notify, mpsc, oneshot};
use value::{Str, Value};

use super::counters::{Counters, Dropped};
use super::inbox::{Entry, Inbox, Peers, Queued};
use super::message;
use super::subscriber::{End, SharedShape, Sink, Subscriber};
use crate::api::{Api, GraphqlRequest, Publication, Publisher, Shape, Subscription};
use crate::auth::{AuthFault, Authenticator, Identity};
use crate::execution::error::FieldError;
use crate::execution::writer::TooLarge;

/// From how many publications that wait, or bytes of them, mutations wait, too.
const LONG_QUEUE: usize = 1_024;
const LONG_QUEUE_BYTES: usize = 16 << 20;
/// Where the writing of a payload stops, however much is missing: it was too long before.
const LONGEST_WRITTEN: usize = 8 << 20;
/// After how many deliveries the task lets others have their turn.
const TURN: usize = 128;

/// What bounds the payloads of an API.
#[derive(Clone, Copy, Debug)]
pub struct HubSettings {
    /// The largest payload, in bytes.
    pub payload_limit: usize,
}

/// The meeting place of one API.
pub struct Hub {
    api_id: Str,
    settings: HubSettings,
    /// Whom events concern.
    events: Index<Subscriber>,
    /// Whom invalidations concern.
    invalidations: Index<Subscriber>,
    registry: Mutex<Registry>,
    /// Written to while the indexes are made anew: an event must find a subscription in its old place or its new one.
    indexing: RwLock<()>,
    queue: mpsc::UnboundedSender<Entry>,
    /// Taken by [`Hub::run`].
    inbox: Mutex<Option<Inbox>>,
    waiting: Waiting,
    peers: Option<Peers>,
    counters: Counters,
}

/// Who is there, and under which definition.
struct Registry {
    api: Option<Arc<Api>>,
    subscribers: HashSet<Subscriber>,
    /// The shapes in use, and by how many.
    shapes: HashMap<SharedShape, usize>,
}

#[derive(Default)]
struct Waiting {
    publications: AtomicUsize,
    bytes: AtomicUsize,
    room: Notify,
}

impl Hub {
    /// Without subscribers. Events wait until [`Hub::run`].
    #[must_use]
    pub fn new(api_id: Str, settings: HubSettings, peers: Option<Peers>) -> Arc<Self> {
        let (queue, queued) = mpsc::unbounded_channel();
        let inbox = Inbox::new(queued, peers.as_ref());
        let registry = Registry { api: None, subscribers: HashSet::new(), shapes: HashMap::new() };
        Arc::new(Self {
            api_id,
            settings,
            events: Index::default(),
            invalidations: Index::default(),
            registry: Mutex::new(registry),
            indexing: RwLock::default(),
            queue,
            inbox: Mutex::new(Some(inbox)),
            waiting: Waiting::default(),
            counters: Counters::new(peers.as_ref().map(|peers| Arc::clone(&peers.broker))),
            peers,
        })
    }

    /// The counters.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Waits until what has been published so far is with its subscribers' connections. Only while [`Hub::run`] runs.
    pub async fn flush(&self) {
        let (done, is_done) = oneshot::channel();
        let _ = self.queue.send(Entry::Flush(done));
        let _ = is_done.await;
    }

    /// Writes to the log what there was, and what is left, unless nothing ever was.
    pub fn log_counters(&self) {
        let counters = self.counters.snapshot();
        if counters == Counters::default().snapshot() {
            return;
        }
        let dropped = |why| counters.dropped.iter().find(|(known, _)| *known == why).map_or(0, |(_, count)| *count);
        tracing::info!(
            api = %self.api_id,
            connections = counters.connections,
            subscriptions = counters.subscriptions,
            queue_depth = counters.queue_depth,
            published = counters.published,
            received = counters.received,
            matched = counters.matched,
            delivered = counters.delivered,
            dropped_closed = dropped(Dropped::Closed),
            dropped_slow_consumer = dropped(Dropped::SlowConsumer),
            dropped_too_large = dropped(Dropped::TooLarge),
            dropped_broker = dropped(Dropped::Broker),
            dropped_missed = dropped(Dropped::Missed),
            dropped_unreadable = dropped(Dropped::Unreadable),
            "subscribers"
        );
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes `api` the definition that subscriptions are judged and written by, and `authenticator` who is let in. Those that are none
    /// any more get an error and end; all others go on without noticing.
    pub fn serve(&self, api: &Arc<Api>, authenticator: &Authenticator) {
        // Judging plans their documents anew. Starts, stops and events wait for the lock, so it is not held meanwhile: those who come
        // in between are judged under it.
        let known: Vec<Subscriber> = self.registry().subscribers.iter().cloned().collect();
        let judge = |subscriber: Subscriber| {
            let judged = readmit(api, authenticator, &subscriber);
            (subscriber, judged)
        };
        let mut judged: HashMap<Subscriber, Result<(Identity, Subscription), Vec<FieldError>>> =
            known.into_iter().map(judge).collect();
        let mut registry = self.registry();
        registry.api = Some(Arc::clone(api));
        let _indexing = self.indexing.write().unwrap_or_else(PoisonError::into_inner);
        let subscribers: Vec<Subscriber> = registry.subscribers.iter().cloned().collect();
        for subscriber in subscribers {
            match judged.remove(&subscriber).unwrap_or_else(|| readmit(api, authenticator, &subscriber)) {
                Ok((identity, subscription)) => {
                    self.unindex(&subscriber);
                    let shape = registry.shape(&subscription.shape);
                    registry.release(&subscriber.shape());
                    let indexed = self.index(&subscriber, &subscription);
                    subscriber.reshape(identity, subscription, shape);
                    // Its filter was accepted before.
                    debug_assert!(indexed.is_ok());
                }
                Err(errors) => {
                    self.leave(&mut registry, &subscriber);
                    subscriber.end(End::Refused(errors));
                }
            }
        }
    }

    /// The definition that is served now.
    #[must_use]
    pub fn api(&self) -> Option<Arc<Api>> {
        self.registry().api.clone()
    }

    /// Registers a subscription; from now on it hears events, which wait until it is [acknowledged](Subscriber::acknowledge).
    ///
    /// # Errors
    /// Why it cannot be: its filter is not one, or the definition has changed meanwhile and does not have it any more.
    pub fn register(
        &self,
        request: GraphqlRequest,
        identity: Identity,
        mut subscription: Subscription,
        sink: Box<dyn Sink>,
    ) -> Result<Subscriber, Vec<FieldError>> {
        // It is kept for as long as the subscription lives.
        let request = subscription.shape.essence(request);
        let mut registry = self.registry();
        if let Some(api) = registry.api.as_ref().filter(|api| !subscription.shape.is_of(api)) {
            subscription = api.resubscribe(filters(&subscription), &request, &identity)?;
        }
        let shape = registry.shape(&subscription.shape);
        let subscriber = Subscriber::new(request, identity, (subscription.clone(), Arc::clone(&shape)), sink);
        if let Err(errors) = self.index(&subscriber, &subscription) {
            registry.release(&shape);
            return Err(errors);
        }
        registry.subscribers.insert(subscriber.clone());
        self.counters.subscribed();
        Ok(subscriber)
    }

    /// Removes a subscription. Nothing is brought to it once this has returned.
    pub fn remove(&self, subscriber: &Subscriber) {
        subscriber.silence();
        self.leave(&mut self.registry(), subscriber);
    }

    /// Takes a subscription out; the answer is whether it was in.
    fn leave(&self, registry: &mut Registry, subscriber: &Subscriber) -> bool {
        let was_in = registry.subscribers.remove(subscriber);
        if was_in {
            self.unindex(subscriber);
            self.counters.unsubscribed();
            registry.release(&subscriber.shape());
        }
        was_in
    }

    fn index(&self, subscriber: &Subscriber, subscription: &Subscription) -> Result<(), Vec<FieldError>> {
        let matcher = match &subscription.filter {
            Some(filter) => Matcher::Filter(parse(filter)?),
            None => Matcher::Arguments(subscription.arguments.clone()),
        };
        let invalidation = subscription.invalidation_filter.as_ref().map(parse).transpose()?;
        if let Some(filter) = invalidation {
            self.invalidations.insert(subscriber.clone(), &subscription.field, Matcher::Filter(filter));
        }
        self.events.insert(subscriber.clone(), &subscription.field, matcher);
        Ok(())
    }

    fn unindex(&self, subscriber: &Subscriber) {
        self.events.remove(subscriber);
        self.invalidations.remove(subscriber);
    }

    /// Brings publications to subscribers, until the future is dropped. The second call for the same hub ends at once.
    pub async fn run(self: Arc<Self>) {
        let inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut inbox) = inbox else { return };
        let mut found = Matches::new();
        loop {
            let next = inbox.next(&self.api_id, &self.counters).await;
            // One event that cannot be brought to anybody must not end the delivery of all that come after it.
            if AssertUnwindSafe(self.dispatch(&next, &mut found)).catch_unwind().await.is_err() {
                tracing::error!(api = %self.api_id, "an event could not be brought to its subscribers: that panicked");
                found = Matches::new();
                self.counters.dispatched(0, 0, next.at.elapsed());
            }
            self.waiting.done(&next);
        }
    }

    async fn dispatch(&self, queued: &Queued, found: &mut Matches<Subscriber>) {
        let (matched, delivered) = match &queued.publication {
            Publication::Event(event) => {
                let api = self.registry().api.clone();
                let mut counts = (0, 0);
                for field in api.iter().flat_map(|api| api.subscriptions_of(&event.mutation)) {
                    self.concerned(&self.events, field, &event.value, found);
                    counts.0 += found.len();
                    counts.1 += self.deliver(found, &event.value).await;
                }
                counts
            }
            Publication::Invalidation { subscription, payload } => {
                self.concerned(&self.invalidations, subscription, payload, found);
                for subscriber in found.iter() {
                    if self.leave(&mut self.registry(), subscriber) {
                        subscriber.end(End::Invalidated);
                    }
                }
                (found.len(), found.len())
            }
        };
        found.clear();
        self.counters.dispatched(matched, delivered, queued.at.elapsed());
    }

    fn concerned(&self, index: &Index<Subscriber>, field: &str, value: &Value, found: &mut Matches<Subscriber>) {
        let _indexing = self.indexing.read().unwrap_or_else(PoisonError::into_inner);
        index.find(field, value, found);
    }

    /// Brings one value to those it concerns; gives how many got it.
    async fn deliver(&self, found: &Matches<Subscriber>, value: &Value) -> usize {
        let limit = self.settings.payload_limit;
        // By the address of the shape, which is kept beside it.
        let mut written: HashMap<usize, (SharedShape, Result<Bytes, usize>)> = HashMap::new();
        let mut delivered = 0;
        for (at, subscriber) in found.iter().enumerate() {
            if at % TURN == TURN - 1 {
                tokio::task::yield_now().await;
            }
            let payload_of = |shape: &SharedShape| {
                if let Some((_, payload)) = written.get(&Arc::as_ptr(shape).addr()) {
                    return payload.clone();
                }
                let payload = match shape.write(value, LONGEST_WRITTEN) {
                    Ok(payload) if payload.len() > limit => Err(payload.len()),
                    Ok(payload) => Ok(Bytes::from(payload)),
                    Err(TooLarge) => Err(LONGEST_WRITTEN),
                };
                written.insert(Arc::as_ptr(shape).addr(), (Arc::clone(shape), payload.clone()));
                payload
            };
            // One that breaks would break with every event, and those behind it would never hear anything again.
            let outcome = catch_unwind(AssertUnwindSafe(|| subscriber.deliver(payload_of))).unwrap_or_else(|_| {
                tracing::error!(api = %self.api_id, "an event could not be brought to a subscriber: that panicked");
                None
            });
            match outcome {
                Some(Ok(())) => delivered += 1,
                Some(Err(why)) => {
                    self.counters.dropped(why, 1);
                }
                None => {}
            }
        }
        delivered
    }
}

/// What `subscriber` is under another definition.
fn readmit(
    api: &Arc<Api>,
    authenticator: &Authenticator,
    subscriber: &Subscriber,
) -> Result<(Identity, Subscription), Vec<FieldError>> {
    let (identity, subscription) = subscriber.state_now();
    let Some(identity) = authenticator.readmit(&identity) else {
        return Err(vec![FieldError::new("UnauthorizedException", AuthFault::NotAuthorized.to_string())]);
    };
    let subscription = api.resubscribe(filters(&subscription), subscriber.request(), &identity)?;
    Ok((identity, subscription))
}

fn filters(subscription: &Subscription) -> (Option<Value>, Option<Value>) {
    (subscription.filter.clone(), subscription.invalidation_filter.clone())
}

fn parse(filter: &Value) -> Result<FilterGroup, Vec<FieldError>> {
    let group = FilterGroup::parse(filter).map_err(|error| vec![FieldError::new("BadRequestException", error.to_string())])?;
    for place in group.ignored() {
        tracing::debug!(%place, "a subscription filter matches nothing: its path has more than five names");
    }
    Ok(group)
}

impl Registry {
    /// The one shape for all that are equal, for one more of them.
    fn shape(&mut self, shape: &Shape) -> SharedShape {
        if let Some((known, _)) = self.shapes.get_key_value(shape) {
            let known = Arc::clone(known);
            self.shapes.entry(Arc::clone(&known)).and_modify(|users| *users += 1);
            return known;
        }
        let shape = Arc::new(shape.clone());
        self.shapes.insert(Arc::clone(&shape), 1);
        shape
    }

    /// One of those that are equal has left. With the last the shape goes, too: strangers choose how many there are.
    fn release(&mut self, shape: &Shape) {
        if let Some(users) = self.shapes.get_mut(shape) {
            *users -= 1;
            if *users == 0 {
                self.shapes.remove(shape);
            }
        }
    }
}

impl Waiting {
    fn is_long(&self) -> bool {
        self.publications.load(Ordering::SeqCst) > LONG_QUEUE || self.bytes.load(Ordering::SeqCst) > LONG_QUEUE_BYTES
    }

    fn add(&self, weight: usize) {
        self.publications.fetch_add(1, Ordering::SeqCst);
        self.bytes.fetch_add(weight, Ordering::SeqCst);
    }

    fn done(&self, queued: &Queued) {
        // What came from another node was not counted.
        if queued.weight > 0 {
            self.publications.fetch_sub(1, Ordering::SeqCst);
            self.bytes.fetch_sub(queued.weight, Ordering::SeqCst);
            // Whether it was long before is no question: another publication may have made it so in between, and its mutation would
            // wait for a change that has been.
            if !self.is_long() {
                self.room.notify_waiters();
            }
        }
    }

    async fn room(&self, deadline: Instant) {
        while self.is_long() {
            let room = self.room.notified();
            if self.is_long() && tokio::time::timeout_at(deadline.into(), room).await.is_err() {
                return;
            }
        }
    }
}

impl Publisher for Hub {
    fn is_heard(&self) -> bool {
        // Not the index: it is without a subscription for a moment while another definition comes into force.
        self.counters.has_subscriptions() || self.peers.as_ref().is_some_and(Peers::hear)
    }

    fn publish(&self, publications: Vec<Publication>, deadline: Instant) -> BoxFuture<'_, ()> {
        for publication in publications {
            if let Some(peers) = self.peers.as_ref().filter(|peers| peers.hear()) {
                peers.broker.publish(&peers.subject, message::write(&publication));
            }
            let weight = 64
                + crate::resolver::weight(match &publication {
                    Publication::Event(event) => &event.value,
                    Publication::Invalidation { payload, .. } => payload,
                });
            self.waiting.add(weight);
            self.counters.queued();
            let queued = Queued { publication, at: Instant::now(), weight };
            if let Err(unsent) = self.queue.send(Entry::Publication(queued)) {
                // The server has stopped, and nobody is left here to hear it.
                self.counters.dropped(Dropped::Closed, 1);
                self.counters.dispatched(0, 0, Duration::ZERO);
                if let Entry::Publication(queued) = &unsent.0 {
                    self.waiting.done(queued);
                }
            }
        }
        Box::pin(self.waiting.room(deadline))
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("api_id", &self.api_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(super) mod tests;
