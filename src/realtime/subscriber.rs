//! One live subscription: what it hears, and where to.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::counters::Dropped;
use crate::api::{GraphqlRequest, Shape, Subscription};
use crate::auth::Identity;
use crate::execution::error::FieldError;

/// How many payloads, and bytes of them, may wait for an acknowledgement to be written.
const MOST_WAITING: usize = 1_024;
const MOST_WAITING_BYTES: usize = 1 << 20;

/// The end of a subscription's way: a connection, by whatever protocol.
pub trait Sink: fmt::Debug + Send + Sync {
    /// Hands a payload to the connection, without waiting.
    ///
    /// # Errors
    /// Why the connection does not take it.
    fn deliver(&self, payload: &Bytes) -> Result<(), Dropped>;

    /// Ends the subscription from the server's side.
    fn end(&self, end: End);
}

/// Why the server ends a subscription.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// Its invalidation filter matched (developer guide, "Invalidating subscriptions"): its connection is closed, too.
    Invalidated,
    /// It is no subscription of the API any more.
    Refused(Vec<FieldError>),
    /// An event's payload has that many bytes, more than it may.
    TooLarge(usize),
    /// More has come than may wait for its acknowledgement. To leave some of it out would be a gap that nobody knows of.
    Overrun,
}

/// How events are written, shared by all whose answer is the same.
pub(super) type SharedShape = Arc<Shape>;

/// A subscription that is registered. Compares and hashes by what it is, not by what it holds.
#[derive(Clone)]
pub struct Subscriber(Arc<Inner>);

struct Inner {
    id: u64,
    sink: Box<dyn Sink>,
    /// What it was started with, for when the definition changes.
    request: GraphqlRequest,
    state: Mutex<State>,
}

struct State {
    phase: Phase,
    /// Who listens.
    identity: Identity,
    subscription: Subscription,
    shape: SharedShape,
}

enum Phase {
    /// Registered, but its acknowledgement is not written yet: what arrives waits.
    Starting(Vec<Bytes>),
    Live,
    Ended,
}

impl Subscriber {
    pub(super) fn new(
        request: GraphqlRequest,
        identity: Identity,
        (subscription, shape): (Subscription, SharedShape),
        sink: Box<dyn Sink>,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let state = State { phase: Phase::Starting(Vec::new()), identity, subscription, shape };
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(Arc::new(Inner { id, sink, request, state: Mutex::new(state) }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it was started with.
    pub(super) fn request(&self) -> &GraphqlRequest {
        &self.0.request
    }

    /// Who listens, and to what.
    pub(super) fn state_now(&self) -> (Identity, Subscription) {
        let state = self.state();
        (state.identity.clone(), state.subscription.clone())
    }

    /// How it is written.
    pub(super) fn shape(&self) -> SharedShape {
        Arc::clone(&self.state().shape)
    }

    /// From now on it is written another way, for somebody with other rights perhaps.
    pub(super) fn reshape(&self, identity: Identity, subscription: Subscription, shape: SharedShape) {
        let mut state = self.state();
        state.identity = identity;
        state.subscription = subscription;
        state.shape = shape;
    }

    /// Brings an event to it; `payload` gives its bytes for a shape. `None` when it does not listen any more.
    pub(super) fn deliver(&self, payload: impl FnOnce(&SharedShape) -> Result<Bytes, usize>) -> Option<Result<(), Dropped>> {
        let mut state = self.state();
        let State { phase, shape, .. } = &mut *state;
        if matches!(phase, Phase::Ended) {
            return None;
        }
        // The lock is held while the connection takes the payload, so that an end never overtakes it.
        Some(match payload(shape) {
            Err(bytes) => {
                // Clients give a subscription up that got an error.
                *phase = Phase::Ended;
                self.0.sink.end(End::TooLarge(bytes));
                Err(Dropped::TooLarge)
            }
            Ok(payload) => match phase {
                Phase::Starting(waiting) => {
                    let bytes: usize = waiting.iter().map(Bytes::len).sum();
                    if waiting.len() >= MOST_WAITING || bytes + payload.len() > MOST_WAITING_BYTES {
                        *phase = Phase::Ended;
                        self.0.sink.end(End::Overrun);
                        Err(Dropped::SlowConsumer)
                    } else {
                        waiting.push(payload);
                        Ok(())
                    }
                }
                Phase::Live => self.0.sink.deliver(&payload),
                Phase::Ended => return None,
            },
        })
    }

    /// Writes the acknowledgement, then what has arrived since the registration.
    pub fn acknowledge(&self, acknowledge: impl FnOnce()) {
        let mut state = self.state();
        if let Phase::Starting(waiting) = &mut state.phase {
            let waiting = std::mem::take(waiting);
            acknowledge();
            for payload in &waiting {
                // A connection that does not take them is closing.
                let _ = self.0.sink.deliver(payload);
            }
            state.phase = Phase::Live;
        }
    }

    /// Nothing is brought to it any more.
    pub(super) fn silence(&self) {
        self.state().phase = Phase::Ended;
    }

    /// Ends it from the server's side.
    pub(super) fn end(&self, end: End) {
        let mut state = self.state();
        if !matches!(state.phase, Phase::Ended) {
            state.phase = Phase::Ended;
            self.0.sink.end(end);
        }
    }
}

impl PartialEq for Subscriber {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Subscriber {}

impl Hash for Subscriber {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

/// Without what it was started with, which is personal.
impl fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber").field("id", &self.0.id).field("sink", &self.0.sink).finish_non_exhaustive()
    }
}
