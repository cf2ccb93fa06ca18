//! The way of an event from its bus to a target: a bounded queue for each target, a few deliveries at a time, a few tries for each.
//! Whatever is not delivered is in the log, with its rule, target and event.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{OwnedPermit, Receiver, Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::JoinSet;
use value::{Str, Value};

use super::Counts;
use super::entry::{BusAddress, moment};
use super::input::{Circumstances, Input};
use super::rules::arn;
use super::target::{Failure, Place, Subject};
use crate::definition::RetryPolicy;

/// How many events wait for one target.
const QUEUE: usize = 1_000;
/// How many are delivered to it at a time.
const CONCURRENCY: usize = 16;
/// The pause after the first failed try; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause between tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// An event on its way.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) id: Str,
    pub(super) value: Value,
    pub(super) bus: BusAddress,
    pub(super) ingested: jiff::Timestamp,
    pub(super) accepted: Instant,
    /// How many rules lie behind it.
    pub(super) depth: u8,
    /// Its place in memory.
    pub(super) _room: OwnedSemaphorePermit,
}

/// A target with its queue.
#[derive(Clone, Debug)]
pub(super) struct Target {
    shared: Arc<Shared>,
    queue: Sender<Delivery>,
}

#[derive(Debug)]
struct Shared {
    rule: Str,
    id: Str,
    input: Input,
    place: Place,
    retry_policy: RetryPolicy,
    counts: Counts,
    /// How many deliveries of the process have not ended.
    open: watch::Sender<usize>,
}

/// A place in a target's queue.
#[derive(Debug)]
pub(super) struct Reserved {
    place: OwnedPermit<Delivery>,
    shared: Arc<Shared>,
}

impl Target {
    /// Makes the queue, and the task that empties it.
    pub(super) fn start(
        rule: Str,
        id: Str,
        input: Input,
        place: Place,
        retry_policy: RetryPolicy,
        (counts, open): (Counts, watch::Sender<usize>),
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let shared = Arc::new(Shared { rule, id, input, place, retry_policy, counts, open });
        let (queue, waiting) = channel(QUEUE);
        tasks.spawn(work(Arc::clone(&shared), waiting));
        Self { shared, queue }
    }

    /// A place in the queue; `None` when it is full.
    pub(super) fn reserve(&self) -> Option<Reserved> {
        let place = self.queue.clone().try_reserve_owned().ok()?;
        Some(Reserved { place, shared: Arc::clone(&self.shared) })
    }

    /// The rule's and the target's name.
    pub(super) fn names(&self) -> (&str, &str) {
        (&self.shared.rule, &self.shared.id)
    }
}

impl Reserved {
    pub(super) fn send(self, event: Arc<Event>) {
        let Self { place, shared } = self;
        shared.open.send_modify(|open| *open += 1);
        place.send(Delivery { event, shared, ended: AtomicBool::new(false) });
    }
}

/// An event on its way to one target.
#[derive(Debug)]
struct Delivery {
    event: Arc<Event>,
    shared: Arc<Shared>,
    ended: AtomicBool,
}

impl Delivery {
    fn end(&self, result: Result<(), (u32, String)>) {
        self.ended.store(true, Ordering::Relaxed);
        let Shared { rule, id, counts, .. } = &*self.shared;
        match result {
            Ok(()) => counts.delivered.fetch_add(1, Ordering::Relaxed),
            Err((tries, reason)) => {
                tracing::error!(
                    rule = &**rule,
                    target = &**id,
                    event_id = &*self.event.id,
                    tries,
                    reason,
                    "an event could not be delivered"
                );
                counts.failed.fetch_add(1, Ordering::Relaxed)
            }
        };
    }
}

impl Drop for Delivery {
    /// A delivery that is cut off says so.
    fn drop(&mut self) {
        if !self.ended.load(Ordering::Relaxed) {
            self.end(Err((0, "the server was stopped before".to_owned())));
        }
        self.shared.open.send_modify(|open| *open -= 1);
    }
}

/// Delivers what waits for a target.
async fn work(shared: Arc<Shared>, mut waiting: Receiver<Delivery>) {
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            delivery = waiting.recv(), if running.len() < CONCURRENCY => match delivery {
                Some(delivery) => {
                    running.spawn(deliver(delivery));
                }
                None => break,
            },
            Some(ended) = running.join_next() => report(&shared, ended),
        }
    }
    while let Some(ended) = running.join_next().await {
        report(&shared, ended);
    }
}

fn report(shared: &Shared, ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(rule = &*shared.rule, target = &*shared.id, %error, "a delivery panicked");
    }
}

async fn deliver(delivery: Delivery) {
    let Delivery { event, shared, .. } = &delivery;
    let (rule_arn, ingestion_time) = (arn(&shared.rule, &event.bus), moment(event.ingested));
    let circumstances = Circumstances { rule_name: &shared.rule, rule_arn: &rule_arn, ingestion_time: &ingestion_time };
    let input = shared.input.of(&event.value, &circumstances);
    let subject = Subject { rule: &shared.rule, target: &shared.id, event_id: &event.id, depth: event.depth };
    let RetryPolicy { maximum_retry_attempts, maximum_event_age } = shared.retry_policy;
    let last = event.accepted + maximum_event_age;
    let mut tries = 0;
    let result = loop {
        tries += 1;
        match shared.place.deliver(input.clone(), subject).await {
            Ok(()) => break Ok(()),
            Err(Failure::Final(reason)) => break Err((tries, reason)),
            Err(Failure::Passing(reason)) => {
                let pause = pause(tries);
                if tries > maximum_retry_attempts || Instant::now() + pause > last {
                    break Err((tries, reason));
                }
                tracing::debug!(
                    rule = &*shared.rule,
                    target = &*shared.id,
                    event_id = &*event.id,
                    tries,
                    reason,
                    "tried in vain"
                );
                tokio::time::sleep(pause).await;
            }
        }
    };
    delivery.end(result);
}

/// The pause after so many tries, somewhat shorter at random so that many events do not come back at once.
fn pause(tries: u32) -> Duration {
    let whole = FIRST_PAUSE.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(LONGEST_PAUSE);
    let part = u32::from(uuid::Uuid::new_v4().as_bytes()[0]);
    whole - whole / 4 * part / 255
}
