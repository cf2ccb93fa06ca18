//! EventBridge in this process: buses, their rules, and the way of events to targets.
//!
//! [`EventBuses::put_events`] is the door, for data sources and for the endpoint alike. It judges entries as EventBridge does,
//! asks the rules of the bus and puts each event that is wanted into the queues of its targets; `delivery` takes them from there.
//! [`compile`] makes rules of definitions, [`EventBuses::open`] begins to deliver, [`EventBuses::close`] ends it.
//!
//! What is held is bounded: the events of a queue, and the bytes of all events together. An entry for which there is no room
//! is refused with `ThrottlingException`; nothing that was accepted is dropped without a line in the log. Events are in memory:
//! they do not survive the process.

mod delivery;
mod entry;
mod input;
mod path;
mod rules;
mod target;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use event_pattern::EventPattern;
use lambda_host::LambdaHost;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use value::Str;

use self::delivery::{Event, Target};
pub use self::entry::{BusAddress, PutEventsEntry, PutEventsResultEntry, ValidationException, put_events_result};
use self::rules::CompiledKind;
pub use self::rules::{CompiledRule, Surroundings, compile};
pub use self::target::Mutations;
use self::target::Place;
use crate::http_client::HttpClients;
use crate::lineage::MAX_DEPTH;

/// How many KiB of memory the events take that are held.
const ROOM: u32 = 64 << 10;
/// Requests of so many bytes are judged away from the threads that serve connections: each rule looks through all of an event.
const BLOCKING_FROM: usize = 16 << 10;

/// All buses of a process. Until they are open, events are accepted and nothing wants them.
#[derive(Debug)]
pub struct EventBuses {
    rules: ArcSwap<Vec<Rule>>,
    room: Arc<Semaphore>,
    counts: Counts,
    open: watch::Sender<usize>,
    tasks: Mutex<JoinSet<()>>,
}

/// What became of events, for logs and tests.
#[derive(Clone, Debug, Default)]
struct Counts {
    delivered: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Rule {
    event_bus_name: Str,
    pattern: EventPattern,
    targets: Vec<Target>,
}

/// What targets are reached with.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The APIs of the definition, in its order.
    pub apis: Vec<Arc<dyn Mutations>>,
    /// The functions, where there are any.
    pub functions: Option<Arc<LambdaHost>>,
    /// Connections for HTTP targets.
    pub http: HttpClients,
    /// How long a mutation may take.
    pub request_timeout: Duration,
}

impl Default for EventBuses {
    fn default() -> Self {
        Self {
            rules: ArcSwap::default(),
            room: Arc::new(Semaphore::new(ROOM as usize)),
            counts: Counts::default(),
            open: watch::Sender::new(0),
            tasks: Mutex::default(),
        }
    }
}

impl EventBuses {
    /// Begins to deliver. Must be called inside a runtime.
    pub fn open(&self, rules: Vec<CompiledRule>, reach: &Reach) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let rules = rules.into_iter().map(|rule| {
            let targets = rule.targets.into_iter().filter_map(|target| {
                let Some(place) = place(target.kind, reach) else {
                    tracing::error!(rule = &*rule.name, target = &*target.id, "the target cannot be reached");
                    return None;
                };
                let shared = (self.counts.clone(), self.open.clone());
                Some(Target::start(
                    Str::clone(&rule.name),
                    target.id,
                    target.input,
                    place,
                    target.retry_policy,
                    shared,
                    &mut tasks,
                ))
            });
            Rule { event_bus_name: rule.event_bus_name, pattern: rule.pattern, targets: targets.collect() }
        });
        self.rules.store(Arc::new(rules.collect()));
    }

    /// `PutEvents` from behind `depth` rules. Each entry stands for itself; the results are in the order of the entries.
    ///
    /// # Errors
    /// [`ValidationException`] when the request is refused as a whole.
    pub async fn put_events(
        self: &Arc<Self>,
        entries: Vec<(BusAddress, PutEventsEntry)>,
        depth: u8,
    ) -> Result<Vec<PutEventsResultEntry>, ValidationException> {
        let sizes: Vec<usize> = entries.iter().map(|(_, entry)| entry::size(entry)).collect();
        entry::validate(&sizes)?;
        if sizes.iter().sum::<usize>() < BLOCKING_FROM {
            return Ok(self.put_all(&entries, &sizes, depth));
        }
        let (buses, count) = (Arc::clone(self), entries.len());
        let results = tokio::task::spawn_blocking(move || buses.put_all(&entries, &sizes, depth)).await;
        Ok(results.unwrap_or_else(|error| {
            tracing::error!(%error, "events could not be judged");
            let error_message = "An internal error occurred.".to_owned();
            vec![PutEventsResultEntry::Refused { error_code: "InternalFailure", error_message }; count]
        }))
    }

    fn put_all(&self, entries: &[(BusAddress, PutEventsEntry)], sizes: &[usize], depth: u8) -> Vec<PutEventsResultEntry> {
        entries.iter().zip(sizes).map(|((bus, entry), size)| self.put(bus, entry, *size, depth)).collect()
    }

    fn put(&self, bus: &BusAddress, entry: &PutEventsEntry, size: usize, depth: u8) -> PutEventsResultEntry {
        let ingested = jiff::Timestamp::now();
        let (id, value) = match entry::event(entry, bus, ingested) {
            Ok(event) => event,
            Err(refused) => return refused,
        };
        let rules = self.rules.load();
        let wanted: Vec<&Target> = {
            let event = event_pattern::Event::new(&value);
            let wants = |rule: &&Rule| rule.event_bus_name == bus.name && rule.pattern.matches_event(&event);
            rules.iter().filter(wants).flat_map(|rule| &rule.targets).collect()
        };
        if wanted.is_empty() {
            return PutEventsResultEntry::Accepted { event_id: id };
        }
        let refused = |error_code, error_message| PutEventsResultEntry::Refused { error_code, error_message };
        if depth >= MAX_DEPTH {
            let (rule, target) = wanted[0].names();
            tracing::error!(rule, target, depth, "an event was refused: rules that put events which rules want make a loop");
            let message = format!(
                "{depth} event rules lie behind this event and rule {rule} wants it: what a rule runs must not put events that lead \
                 to the same rule again."
            );
            return refused("RecursiveInvocationException", message);
        }
        let throttled = |what: &str| {
            let message = format!("Rate exceeded: {what} holds as many events as it can; put them again later.");
            tracing::warn!(bus = &*bus.name, what, "an event was refused");
            refused("ThrottlingException", message)
        };
        let kibibytes = u32::try_from((size + entry::overhead(&value)) / 1024 + 1).unwrap_or(u32::MAX);
        let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(kibibytes) else { return throttled("the event bus") };
        // All targets or none: an entry that is put again must not come twice to some of them.
        let mut places = Vec::with_capacity(wanted.len());
        for target in wanted {
            let Some(place) = target.reserve() else {
                let (rule, id) = target.names();
                return throttled(&format!("target {id} of rule {rule}"));
            };
            places.push(place);
        }
        let event_id = Str::clone(&id);
        let event = Event { id, value, bus: bus.clone(), ingested, accepted: Instant::now(), depth, _room: room };
        let event = Arc::new(event);
        for place in places {
            place.send(Arc::clone(&event));
        }
        PutEventsResultEntry::Accepted { event_id }
    }

    /// How many deliveries succeeded and failed.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        (self.counts.delivered.load(Ordering::Relaxed), self.counts.failed.load(Ordering::Relaxed))
    }

    /// Delivers what waits until `deadline`, and gives up the rest, each with its line in the log.
    pub async fn close(&self, deadline: Instant) {
        let mut open = self.open.subscribe();
        let waiting = *open.borrow();
        if waiting > 0 {
            tracing::info!(waiting, "delivering the last events");
        }
        let _ = tokio::time::timeout_at(deadline.into(), open.wait_for(|open| *open == 0)).await;
        self.rules.store(Arc::default());
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
        // What was cut off ends in its own time, which is short.
        let _ = tokio::time::timeout(Duration::from_secs(1), open.wait_for(|open| *open == 0)).await;
        let (delivered, failed) = self.counts();
        if delivered + failed > 0 {
            tracing::info!(delivered, failed, "the event buses are closed");
        }
    }
}

fn place(kind: CompiledKind, reach: &Reach) -> Option<Place> {
    Some(match kind {
        CompiledKind::Log => Place::Log,
        CompiledKind::Http(url) => Place::Http { clients: reach.http.clone(), url },
        CompiledKind::Function(name) => Place::Function { host: Arc::clone(reach.functions.as_ref()?), name },
        CompiledKind::Mutation { api, document, identity } => {
            let api = Arc::clone(reach.apis.get(api)?);
            Place::Mutation { api, document, identity, request_timeout: reach.request_timeout }
        }
    })
}
