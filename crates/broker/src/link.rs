//! A broker over the network: what both servers have in common.
//!
//! [`Remote`] is what callers hold. Its [`Link`] is shared with one task that keeps a connection: a [`Transport`] connects, serves both
//! directions until the connection ends, and is asked again, for ever, at growing intervals. Publishing only puts the event into the
//! [`Outbox`] and wakes that task.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::counters::{Reason, Recorder, count};
use crate::envelope::{Envelope, Kind, NodeId};
use crate::error::{Error, LinkError};
use crate::outbox::{Batch, Outbox};
use crate::sequence::{Arrival, Arrivals};
use crate::subject::Subject;
use crate::subscription::{Queue, Subscription};
use crate::{BoxFuture, Broker, Counters, Limits, State};

/// The first pause between two attempts, and the longest. Each is shortened by chance, so that nodes do not come in step.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How often a broker that stays down is logged.
const STILL_DOWN: Duration = Duration::from_secs(60);

/// Speaks with one kind of server.
pub(crate) trait Transport: Send + 'static {
    /// Connects, calls [`Link::connected`] once the subjects of [`Link::subjects`] are received, and serves until the connection ends.
    fn run(&mut self, link: &Link) -> impl Future<Output = LinkError> + Send;

    /// Where the server is, for logs: without secrets.
    fn address(&self) -> String;
}

/// What callers, the connection's task and subscriptions share.
pub(crate) struct Link {
    pub(crate) node: NodeId,
    limits: Limits,
    pub(crate) recorder: Recorder,
    outbox: Mutex<Outbox>,
    /// Something waits in the outbox, or may be sent again.
    outgoing: Notify,
    /// The outbox became empty.
    emptied: Notify,
    topics: Mutex<HashMap<Subject, Topic>>,
    /// Counts changes of the set of subjects.
    subjects: watch::Sender<u64>,
    state: watch::Sender<State>,
}

#[derive(Default)]
struct Topic {
    arrivals: Arrivals,
    queues: Vec<Arc<Queue>>,
    active: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Link {
    fn new(limits: Limits) -> Self {
        let node = NodeId::random();
        Self {
            node,
            limits,
            recorder: Recorder::default(),
            outbox: Mutex::new(Outbox::new(node, limits.outgoing_bytes)),
            outgoing: Notify::new(),
            emptied: Notify::new(),
            topics: Mutex::default(),
            subjects: watch::Sender::new(0),
            state: watch::Sender::new(State::Disconnected),
        }
    }

    /// What is to be received now, in order of name.
    pub(crate) fn subjects(&self) -> Vec<Subject> {
        let mut subjects: Vec<_> = lock(&self.topics).keys().cloned().collect();
        subjects.sort();
        subjects
    }

    /// Changes with [`Link::subjects`].
    pub(crate) fn subjects_changed(&self) -> watch::Receiver<u64> {
        self.subjects.subscribe()
    }

    /// The server has these subscriptions: each other node is asked what its last number is, and told ours.
    pub(crate) fn activated(&self, subjects: &[Subject]) {
        let mut topics = lock(&self.topics);
        let mut outbox = lock(&self.outbox);
        for subject in subjects {
            outbox.control(subject, Kind::Hello);
            outbox.control(subject, Kind::Beacon);
            if let Some(topic) = topics.get_mut(subject) {
                topic.active = true;
                topic.queues.iter().for_each(|queue| queue.activate());
            }
        }
        drop((topics, outbox));
        self.outgoing.notify_one();
    }

    /// The connection stands, and these subjects are received. What the last one left unconfirmed goes again, after the last that it confirmed. No larger
    /// message is handed out.
    pub(crate) fn connected(&self, subjects: &[Subject], max_message: usize) {
        lock(&self.outbox).rewind(max_message);
        count(&self.recorder.connects, 1);
        self.activated(subjects);
        self.state.send_if_modified(|state| {
            *state == State::Disconnected && {
                *state = State::Connected;
                true
            }
        });
    }

    /// The next messages to send. Cancel-safe. Each batch's events are to be confirmed in order.
    pub(crate) async fn next_batch(&self) -> Batch {
        loop {
            let notified = self.outgoing.notified();
            let (batch, is_empty) = {
                let mut outbox = lock(&self.outbox);
                (outbox.batch(), outbox.len() == 0)
            };
            for subject in &batch.refused {
                self.recorder.lost(Reason::TooLarge, subject.as_str(), 1);
            }
            if !batch.messages.is_empty() {
                return batch;
            }
            if is_empty {
                self.emptied.notify_waiters();
            }
            notified.await;
        }
    }

    /// The server has the next so many events.
    pub(crate) fn confirm(&self, events: usize) {
        let (confirmed, is_empty) = {
            let mut outbox = lock(&self.outbox);
            (outbox.confirm(events), outbox.len() == 0)
        };
        count(&self.recorder.confirmed, confirmed as u64);
        self.outgoing.notify_one();
        if is_empty {
            self.emptied.notify_waiters();
        }
    }

    /// A message has come.
    pub(crate) fn receive(&self, subject: &Subject, message: &Bytes) {
        let Some(envelope) = Envelope::decode(message) else {
            return self.recorder.lost(Reason::Malformed, subject.as_str(), 1);
        };
        if envelope.node == self.node {
            return;
        }
        let mut topics = lock(&self.topics);
        let Some(topic) = topics.get_mut(subject) else { return };
        match envelope.kind {
            Kind::Hello => {
                lock(&self.outbox).control(subject, Kind::Beacon);
                self.outgoing.notify_one();
            }
            Kind::Beacon => {
                let missed = topic.arrivals.beacon(envelope.node, envelope.sequence);
                self.recorder.lost(Reason::Missed, subject.as_str(), missed);
            }
            Kind::Event | Kind::Again => {
                let arrival = if envelope.kind == Kind::Event { Arrivals::event } else { Arrivals::again };
                match arrival(&mut topic.arrivals, envelope.node, envelope.sequence) {
                    Arrival::New { missed } => self.recorder.lost(Reason::Missed, subject.as_str(), missed),
                    Arrival::Late => count(&self.recorder.late, 1),
                    Arrival::Duplicate => return count(&self.recorder.duplicates, 1),
                }
                count(&self.recorder.received, 1);
                // A copy, so that an event that waits does not hold the buffer which it came in with others.
                let payload = Bytes::copy_from_slice(&envelope.payload);
                for queue in &topic.queues {
                    if !queue.push(payload.clone()) {
                        self.recorder.lost(Reason::SlowSubscription, subject.as_str(), 1);
                    }
                }
            }
        }
    }

    fn subscribe(self: &Arc<Self>, subject: &Subject) -> Subscription {
        let queue = Queue::new(self.limits.subscription_bytes);
        {
            let mut topics = lock(&self.topics);
            let topic = topics.entry(subject.clone()).or_default();
            topic.queues.push(Arc::clone(&queue));
            if topic.active {
                queue.activate();
            }
            if *self.state.borrow() == State::Closed {
                queue.close();
            }
        }
        self.subjects.send_modify(|version| *version += 1);
        let (link, subject) = (Arc::downgrade(self), subject.clone());
        Subscription::new(queue, move |queue| {
            if let Some(link) = link.upgrade() {
                link.leave(&subject, queue);
            }
        })
    }

    fn leave(&self, subject: &Subject, queue: &Arc<Queue>) {
        let mut topics = lock(&self.topics);
        let Some(topic) = topics.get_mut(subject) else { return };
        topic.queues.retain(|other| !Arc::ptr_eq(other, queue));
        if topic.queues.is_empty() {
            topics.remove(subject);
            drop(topics);
            self.subjects.send_modify(|version| *version += 1);
        }
    }

    fn end(&self) -> usize {
        self.state.send_replace(State::Closed);
        let unsent = lock(&self.outbox).clear();
        for topic in lock(&self.topics).values() {
            topic.queues.iter().for_each(|queue| queue.close());
        }
        self.recorder.lost(Reason::Closed, "", unsent as u64);
        unsent
    }
}

/// Keeps the connection, for ever.
async fn keep(mut transport: impl Transport, link: Arc<Link>) {
    let mut pause = FIRST_PAUSE;
    let mut logged: Option<Instant> = None;
    loop {
        let announce = async {
            let mut state = link.state.subscribe();
            // Its sender is the link, which is held here.
            let _ = state.wait_for(|state| *state == State::Connected).await;
        };
        let address = transport.address();
        let was_down = logged.is_some();
        let error = {
            let session = std::pin::pin!(transport.run(&link));
            let announced = std::pin::pin!(announce);
            match futures_util::future::select(session, announced).await {
                futures_util::future::Either::Left((error, _)) => error,
                futures_util::future::Either::Right(((), session)) => {
                    if was_down {
                        tracing::warn!(broker = %address, "Connected to the broker again");
                    } else {
                        tracing::info!(broker = %address, "Connected to the broker");
                    }
                    let error = session.await;
                    pause = FIRST_PAUSE;
                    logged = None;
                    error
                }
            }
        };
        link.state.send_if_modified(|state| {
            *state == State::Connected && {
                *state = State::Disconnected;
                true
            }
        });
        if logged.is_none_or(|at| at.elapsed() >= STILL_DOWN) {
            let waiting = lock(&link.outbox).len();
            tracing::warn!(
                broker = %address, %error, waiting,
                "The broker cannot be reached: events do not reach other nodes until it is back"
            );
            logged = Some(Instant::now());
        }
        tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..1.0))).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// A broker behind a [`Transport`].
pub(crate) struct Remote {
    link: Arc<Link>,
    address: String,
    task: JoinHandle<()>,
}

impl Remote {
    pub(crate) fn start(transport: impl Transport, limits: Limits) -> Result<Self, Error> {
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let link = Arc::new(Link::new(limits));
        let address = transport.address();
        let task = runtime.spawn(keep(transport, Arc::clone(&link)));
        Ok(Self { link, address, task })
    }
}

impl Broker for Remote {
    fn reaches_others(&self, _: &Subject) -> bool {
        true
    }

    fn publish(&self, subject: &Subject, payload: Bytes) {
        let recorder = &self.link.recorder;
        count(&recorder.published, 1);
        let dropped = {
            let mut outbox = lock(&self.link.outbox);
            // Under the lock that closing takes after it has changed the state.
            if *self.link.state.borrow() == State::Closed {
                drop(outbox);
                return recorder.lost(Reason::Closed, subject.as_str(), 1);
            }
            outbox.push(subject, payload)
        };
        self.link.outgoing.notify_one();
        for subject in dropped {
            recorder.lost(Reason::Overflow, subject.as_str(), 1);
        }
    }

    fn subscribe(&self, subject: &Subject) -> Subscription {
        self.link.subscribe(subject)
    }

    fn state(&self) -> State {
        *self.link.state.borrow()
    }

    fn watch(&self) -> watch::Receiver<State> {
        self.link.state.subscribe()
    }

    fn counters(&self) -> Counters {
        let outbox = lock(&self.link.outbox);
        Counters { waiting: outbox.len() as u64, waiting_bytes: outbox.bytes() as u64, ..self.link.recorder.snapshot() }
    }

    fn close(&self, wait: Duration) -> BoxFuture<'_, usize> {
        Box::pin(async move {
            let emptied = async {
                loop {
                    let emptied = self.link.emptied.notified();
                    if lock(&self.link.outbox).len() == 0 {
                        return;
                    }
                    emptied.await;
                }
            };
            // Whether it became empty is in what is left.
            let _ = tokio::time::timeout(wait, emptied).await;
            let unsent = self.link.end();
            self.task.abort();
            unsent
        })
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.link.end();
        self.task.abort();
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("address", &self.address).field("state", &self.state()).finish_non_exhaustive()
    }
}
