//! An issuer's keys, kept fresh.
//!
//! Nothing is fetched before the first token asks. From then on one fetch at a time runs, as a task of its own, so that a client that
//! goes away does not take it along; everyone who needs its result waits for it, at most until its deadline. The rules:
//!
//! - Fresh keys serve at once. From four fifths of their age on, a fetch runs beside them.
//! - Stale keys are fetched anew first. If the issuer is down they go on serving, up to [`KeySourceSettings::max_stale`], and nobody
//!   waits for the following attempts, which come at growing intervals.
//! - A `kid` that nobody knows causes one fetch, and none when the last one began less than [`KeySourceSettings::refetch_interval`]
//!   ago: random `kid`s cannot make this a weapon against the issuer.
//! - Without keys there is an error, never a pass.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use value::Str;

use crate::clock::{Clock, SystemClock};
use crate::error::{Error, FetchError};
use crate::fetch::{Fetched, Fetcher};
use crate::key_set::KeySet;
use crate::location::{KeyLocation, LocationKind};
use crate::provided::{KeyProvider, Provided};

/// How a [`KeySource`] treats its issuer.
#[derive(Clone, Debug)]
pub struct KeySourceSettings {
    /// How long a fetch may take, discovery included; so long may a token wait.
    pub deadline: Duration,
    /// How long keys are fresh when the issuer does not say.
    pub default_max_age: Duration,
    /// The bounds of what an issuer may say.
    pub max_age_bounds: (Duration, Duration),
    /// How long keys may serve after they became stale, while the issuer does not answer.
    pub max_stale: Duration,
    /// The shortest time from the beginning of one fetch to the next that an unknown `kid` may cause.
    pub refetch_interval: Duration,
    /// The shortest and the longest pause after a failed fetch; it doubles from failure to failure.
    pub retry_pause: (Duration, Duration),
    /// The largest answer that is read, in bytes.
    pub max_response_bytes: usize,
}

impl Default for KeySourceSettings {
    /// 5 s deadline; fresh for an hour, or what the issuer says between 5 minutes and a day; another day while it is down; unknown
    /// `kid`s refetch every 10 s; failures pause for 1 to 60 s; 512 KiB.
    fn default() -> Self {
        const MINUTE: u64 = 60;
        const DAY: u64 = 24 * 60 * MINUTE;
        Self {
            deadline: Duration::from_secs(5),
            default_max_age: Duration::from_secs(60 * MINUTE),
            max_age_bounds: (Duration::from_secs(5 * MINUTE), Duration::from_secs(DAY)),
            max_stale: Duration::from_secs(DAY),
            refetch_interval: Duration::from_secs(10),
            retry_pause: (Duration::from_secs(1), Duration::from_secs(MINUTE)),
            max_response_bytes: 512 * 1024,
        }
    }
}

/// The keys of one issuer, fetched or provided; share it between the verifiers of that issuer. It must be used inside a Tokio runtime.
pub struct KeySource {
    shared: Arc<Shared>,
}

impl KeySource {
    /// A source with the usual settings and this machine's clock.
    #[must_use]
    pub fn new(location: KeyLocation) -> Self {
        Self::with(location, KeySourceSettings::default(), Arc::new(SystemClock))
    }

    /// A source with these settings and clock.
    #[must_use]
    pub fn with(location: KeyLocation, settings: KeySourceSettings, clock: Arc<dyn Clock>) -> Self {
        let fetcher = Fetcher::new(location, settings.max_response_bytes);
        Self::of(Origin::Fetched(Box::new(fetcher)), settings, clock)
    }

    /// The keys of an issuer inside this process: `keys` answers with a JSON Web Key Set. It is asked when a fetch would be, on a
    /// thread where it may block, and only tokens whose `iss` is `issuer` pass.
    #[must_use]
    pub fn provided(issuer: impl Into<Str>, keys: KeyProvider) -> Self {
        Self::provided_with(issuer, keys, KeySourceSettings::default(), Arc::new(SystemClock))
    }

    /// As [`KeySource::provided`], with these settings and clock.
    #[must_use]
    pub fn provided_with(issuer: impl Into<Str>, keys: KeyProvider, settings: KeySourceSettings, clock: Arc<dyn Clock>) -> Self {
        Self::of(Origin::Provided(Provided::new(issuer.into(), keys)), settings, clock)
    }

    fn of(origin: Origin, settings: KeySourceSettings, clock: Arc<dyn Clock>) -> Self {
        let (current, state) = (ArcSwapOption::empty(), Mutex::new(State::default()));
        Self { shared: Arc::new(Shared { origin, settings, clock, current, state }) }
    }

    /// Where the keys are fetched; `None` if they are provided in this process.
    #[must_use]
    pub fn location(&self) -> Option<&KeyLocation> {
        match &self.shared.origin {
            Origin::Fetched(fetcher) => Some(fetcher.location()),
            Origin::Provided(_) => None,
        }
    }

    /// Whether the source itself says whose keys these are, so that `iss` is compared even if the rules name no issuer.
    pub(crate) fn knows_issuer(&self) -> bool {
        self.location().is_none_or(|location| location.kind == LocationKind::Discovery)
    }

    /// The clock that everything about this issuer goes by.
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.shared.clock
    }

    /// The keys, if they are fresh. Starts a fetch beside when they soon will not be.
    pub(crate) fn fresh(&self, now: i64) -> Option<Arc<Snapshot>> {
        let snapshot = self.shared.current.load_full()?;
        match snapshot.age(now) {
            Age::Fresh => Some(snapshot),
            Age::Ripe => {
                // Whatever comes of it comes for a later token.
                let _ = self.shared.fetch(now, Need::Renewal);
                Some(snapshot)
            }
            Age::Stale | Age::Useless => None,
        }
    }

    /// The keys, fetched if need be.
    pub(crate) async fn current(&self) -> Result<Arc<Snapshot>, Error> {
        let now = self.clock().unix_millis();
        if let Some(fresh) = self.fresh(now) {
            return Ok(fresh);
        }
        let stale = self.shared.current.load_full().filter(|snapshot| snapshot.age(now) != Age::Useless);
        match (self.shared.fetch(now, Need::Renewal), stale) {
            (Attempt::TooEarly(_) | Attempt::Running { after_failure: true, .. }, Some(stale)) => Ok(stale),
            (Attempt::TooEarly(failure), None) => {
                Err(Error::KeysUnavailable(failure.unwrap_or_else(|| Arc::new(FetchError::Interrupted))))
            }
            (Attempt::Running { done, .. }, stale) => match (self.wait(done).await, stale) {
                (Ok(snapshot), _) | (Err(_), Some(snapshot)) => Ok(snapshot),
                (Err(failure), None) => Err(Error::KeysUnavailable(failure)),
            },
        }
    }

    /// The keys after a look for newer ones than `known`, which lack a key; `known` again if it is too early to ask.
    pub(crate) async fn newer_than(&self, known: &Arc<Snapshot>) -> Result<Arc<Snapshot>, Error> {
        if let Some(current) = self.shared.current.load_full().filter(|current| !Arc::ptr_eq(current, known)) {
            return Ok(current);
        }
        match self.shared.fetch(self.clock().unix_millis(), Need::UnknownKey) {
            Attempt::Running { done, .. } => self.wait(done).await.map_err(Error::KeysUnavailable),
            Attempt::TooEarly(Some(failure)) => Err(Error::KeysUnavailable(failure)),
            Attempt::TooEarly(None) => Ok(Arc::clone(known)),
        }
    }

    /// Waits for a fetch. It has its deadline, but only while its runtime is driven; the waiter's own is for the case that it is not.
    async fn wait(&self, mut done: watch::Receiver<Outcome>) -> Result<Arc<Snapshot>, Arc<FetchError>> {
        let patience = self.shared.settings.deadline.saturating_add(Duration::from_secs(1));
        let settled = tokio::time::timeout(patience, done.wait_for(Option::is_some)).await;
        let outcome = settled.ok().and_then(Result::ok).and_then(|outcome| outcome.clone());
        outcome.unwrap_or_else(|| Err(Arc::new(FetchError::Interrupted)))
    }
}

impl Drop for KeySource {
    fn drop(&mut self) {
        if let Some(flight) = self.shared.state().flight.take() {
            flight.task.abort();
        }
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySource").field("origin", &self.shared.origin.name()).finish_non_exhaustive()
    }
}

/// The keys of one fetch and how long they are good for, in Unix milliseconds.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) keys: KeySet,
    /// `issuer` of the discovery document or of the provider, where there is one.
    pub(crate) issuer: Option<Str>,
    /// Counts the fetches of this source.
    pub(crate) sequence: u64,
    fetched_at: i64,
    ripe_at: i64,
    stale_at: i64,
    useless_at: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    Fresh,
    Ripe,
    Stale,
    Useless,
}

impl Snapshot {
    fn age(&self, now: i64) -> Age {
        // When the clock was set back nobody knows the age any more; the keys need a look, and are no worse than before.
        match now {
            _ if now < self.fetched_at => Age::Stale,
            _ if now < self.ripe_at => Age::Fresh,
            _ if now < self.stale_at => Age::Ripe,
            _ if now < self.useless_at => Age::Stale,
            _ => Age::Useless,
        }
    }
}

/// What became of a fetch; `None` while it runs.
type Outcome = Option<Result<Arc<Snapshot>, Arc<FetchError>>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    /// There are no keys, or they are getting old.
    Renewal,
    /// A token names a key that is not among them.
    UnknownKey,
}

enum Attempt {
    Running {
        done: watch::Receiver<Outcome>,
        /// The fetch before this one failed.
        after_failure: bool,
    },
    /// Not now; with the failure of the last fetch, if it failed.
    TooEarly(Option<Arc<FetchError>>),
}

/// Where a source's keys come from.
enum Origin {
    Fetched(Box<Fetcher>),
    Provided(Provided),
}

impl Origin {
    async fn fetch(&self) -> Result<Fetched, FetchError> {
        match self {
            Self::Fetched(fetcher) => fetcher.fetch().await,
            Self::Provided(provided) => provided.fetch().await,
        }
    }

    /// The address or the issuer, for messages.
    fn name(&self) -> &str {
        match self {
            Self::Fetched(fetcher) => fetcher.location().url(),
            Self::Provided(provided) => provided.issuer(),
        }
    }
}

struct Shared {
    origin: Origin,
    settings: KeySourceSettings,
    clock: Arc<dyn Clock>,
    current: ArcSwapOption<Snapshot>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    flight: Option<Flight>,
    fetches: u64,
    last_start: Option<i64>,
    failure: Option<Failure>,
}

struct Flight {
    task: AbortHandle,
    done: watch::Receiver<Outcome>,
}

/// The failures since the last success.
struct Failure {
    count: u32,
    last: i64,
    error: Arc<FetchError>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // No code under this lock can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the running fetch or starts one, if it is time.
    fn fetch(self: &Arc<Self>, now: i64, need: Need) -> Attempt {
        let mut state = self.state();
        let failure = state.failure.as_ref().map(|failure| Arc::clone(&failure.error));
        if let Some(flight) = state.flight.as_ref().filter(|flight| !flight.task.is_finished()) {
            return Attempt::Running { done: flight.done.clone(), after_failure: failure.is_some() };
        }
        let pausing = state.failure.as_ref().is_some_and(|failure| within(failure.last, now, self.pause(failure.count)));
        let asked_lately = state.last_start.is_some_and(|start| within(start, now, self.settings.refetch_interval));
        if pausing || (need == Need::UnknownKey && asked_lately) {
            return Attempt::TooEarly(failure);
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return Attempt::TooEarly(failure) };
        let (sender, done) = watch::channel(None);
        let shared = Arc::clone(self);
        let task = runtime.spawn(async move {
            let deadline = shared.settings.deadline;
            let outcome = tokio::time::timeout(deadline, shared.origin.fetch()).await.unwrap_or_else(|_| {
                Err(FetchError::Deadline { url: shared.origin.name().to_owned(), millis: deadline.as_millis() })
            });
            sender.send_replace(Some(shared.settle(outcome)));
        });
        state.last_start = Some(now);
        state.flight = Some(Flight { task: task.abort_handle(), done: done.clone() });
        Attempt::Running { done, after_failure: failure.is_some() }
    }

    /// Takes over what a fetch brought.
    fn settle(&self, outcome: Result<Fetched, FetchError>) -> Result<Arc<Snapshot>, Arc<FetchError>> {
        let now = self.clock.unix_millis();
        let mut state = self.state();
        state.flight = None;
        match outcome {
            Ok(fetched) => {
                state.failure = None;
                state.fetches += 1;
                let snapshot = Arc::new(self.snapshot(fetched, state.fetches, now));
                self.current.store(Some(Arc::clone(&snapshot)));
                Ok(snapshot)
            }
            Err(error) => {
                let count = state.failure.as_ref().map_or(0, |failure| failure.count).saturating_add(1);
                tracing::warn!(failures = count, %error, "an issuer's keys could not be fetched");
                let error = Arc::new(error);
                state.failure = Some(Failure { count, last: now, error: Arc::clone(&error) });
                Err(error)
            }
        }
    }

    fn snapshot(&self, fetched: Fetched, sequence: u64, now: i64) -> Snapshot {
        let (shortest, longest) = self.settings.max_age_bounds;
        let max_age = fetched.max_age.unwrap_or(self.settings.default_max_age).min(longest).max(shortest);
        let after = |duration: Duration| now.saturating_add(millis(duration));
        Snapshot {
            keys: fetched.keys,
            issuer: fetched.issuer,
            sequence,
            fetched_at: now,
            ripe_at: after(max_age - max_age / 5),
            stale_at: after(max_age),
            useless_at: after(max_age.saturating_add(self.settings.max_stale)),
        }
    }

    /// How long to leave an issuer alone after this many failures.
    fn pause(&self, failures: u32) -> Duration {
        let (shortest, longest) = self.settings.retry_pause;
        shortest.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(longest)
    }
}

/// Whether `now` lies within `duration` after `start`. Not so when the clock was set back: a pause must not become endless.
fn within(start: i64, now: i64, duration: Duration) -> bool {
    (start..start.saturating_add(millis(duration))).contains(&now)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
