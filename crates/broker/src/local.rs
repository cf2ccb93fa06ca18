//! Several hubs in one process, without a server: events go straight from one to the others' subscriptions.
//!
//! A hub that is alone pays one read of an atomic number per publication: [`Broker::reaches_others`] is false for it, so that its caller
//! does not even write the event.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use crate::counters::{Reason, Recorder, count};
use crate::envelope::NodeId;
use crate::subject::Subject;
use crate::subscription::{Queue, Subscription};
use crate::{BoxFuture, Broker, Counters, Limits, State};

/// What the hubs of one process share. Each takes a broker of its own with [`Exchange::join`].
#[derive(Clone, Default)]
pub struct Exchange(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Subscriptions of all nodes. Zero or those of one node: nobody else listens.
    topics: RwLock<HashMap<Subject, Vec<Listener>>>,
    /// Nodes that joined and are not closed.
    nodes: AtomicUsize,
}

struct Listener {
    node: Arc<Node>,
    queues: Vec<Arc<Queue>>,
}

struct Node {
    id: NodeId,
    recorder: Recorder,
}

impl Exchange {
    /// One that nobody has joined.
    pub fn new() -> Self {
        Self::default()
    }

    /// A broker for one hub: it reaches all the others of this exchange.
    pub fn join(&self, limits: Limits) -> Arc<dyn Broker> {
        self.0.nodes.fetch_add(1, Ordering::Relaxed);
        let id = NodeId::random();
        Arc::new(Local {
            shared: Arc::clone(&self.0),
            node: Arc::new(Node { id, recorder: Recorder::default() }),
            limits,
            own: Mutex::default(),
            state: watch::Sender::new(State::Connected),
        })
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("nodes", &self.0.nodes.load(Ordering::Relaxed)).finish()
    }
}

struct Local {
    shared: Arc<Shared>,
    node: Arc<Node>,
    limits: Limits,
    /// Its subscriptions, to be closed with it. Those that were dropped go with the next one.
    own: Mutex<Vec<Weak<Queue>>>,
    state: watch::Sender<State>,
}

impl Local {
    fn own(&self) -> MutexGuard<'_, Vec<Weak<Queue>>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        // Under the lock that subscribing takes.
        let own = self.own();
        if self.state.send_replace(State::Closed) == State::Closed {
            return;
        }
        self.shared.nodes.fetch_sub(1, Ordering::Relaxed);
        let mut topics = self.shared.topics.write().unwrap_or_else(PoisonError::into_inner);
        topics.retain(|_, listeners| {
            listeners.retain(|listener| !Arc::ptr_eq(&listener.node, &self.node));
            !listeners.is_empty()
        });
        own.iter().filter_map(Weak::upgrade).for_each(|queue| queue.close());
    }
}

impl Broker for Local {
    fn reaches_others(&self, subject: &Subject) -> bool {
        // A node that joins at this moment has not heard of anything yet.
        if self.shared.nodes.load(Ordering::Relaxed) < 2 {
            return false;
        }
        let topics = self.shared.topics.read().unwrap_or_else(PoisonError::into_inner);
        topics.get(subject).is_some_and(|listeners| listeners.iter().any(|listener| !Arc::ptr_eq(&listener.node, &self.node)))
    }

    fn publish(&self, subject: &Subject, payload: Bytes) {
        count(&self.node.recorder.published, 1);
        if *self.state.borrow() == State::Closed {
            return self.node.recorder.lost(Reason::Closed, subject.as_str(), 1);
        }
        count(&self.node.recorder.confirmed, 1);
        if self.shared.nodes.load(Ordering::Relaxed) < 2 {
            return;
        }
        let topics = self.shared.topics.read().unwrap_or_else(PoisonError::into_inner);
        let others = topics.get(subject).into_iter().flatten().filter(|listener| !Arc::ptr_eq(&listener.node, &self.node));
        for Listener { node, queues } in others {
            count(&node.recorder.received, 1);
            for queue in queues {
                if !queue.push(payload.clone()) {
                    node.recorder.lost(Reason::SlowSubscription, subject.as_str(), 1);
                }
            }
        }
    }

    fn subscribe(&self, subject: &Subject) -> Subscription {
        let queue = Queue::new(self.limits.subscription_bytes);
        queue.activate();
        let mut own = self.own();
        if *self.state.borrow() == State::Closed {
            queue.close();
            return Subscription::new(queue, |_| {});
        }
        own.retain(|queue| queue.strong_count() > 0);
        own.push(Arc::downgrade(&queue));
        let mut topics = self.shared.topics.write().unwrap_or_else(PoisonError::into_inner);
        let listeners = topics.entry(subject.clone()).or_default();
        match listeners.iter_mut().find(|listener| Arc::ptr_eq(&listener.node, &self.node)) {
            Some(listener) => listener.queues.push(Arc::clone(&queue)),
            None => listeners.push(Listener { node: Arc::clone(&self.node), queues: vec![Arc::clone(&queue)] }),
        }
        let (shared, subject) = (Arc::downgrade(&self.shared), subject.clone());
        Subscription::new(queue, move |queue| {
            let Some(shared) = shared.upgrade() else { return };
            let mut topics = shared.topics.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(listeners) = topics.get_mut(&subject) {
                listeners.iter_mut().for_each(|listener| listener.queues.retain(|other| !Arc::ptr_eq(other, queue)));
                listeners.retain(|listener| !listener.queues.is_empty());
                if listeners.is_empty() {
                    topics.remove(&subject);
                }
            }
        })
    }

    fn state(&self) -> State {
        *self.state.borrow()
    }

    fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    fn counters(&self) -> Counters {
        self.node.recorder.snapshot()
    }

    fn close(&self, _: Duration) -> BoxFuture<'_, usize> {
        self.end();
        Box::pin(std::future::ready(0))
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").field("node", &self.node.id).field("state", &self.state()).finish_non_exhaustive()
    }
}
