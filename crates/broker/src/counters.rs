//! What is counted, and the log of what was lost.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a broker has done since it was set up, and what waits in it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Events given to [`crate::Broker::publish`].
    pub published: u64,
    /// Events that the broker's server said it has, or that other hubs of this process got.
    pub confirmed: u64,
    /// Events of other nodes that came and were new.
    pub received: u64,
    /// Events that came again, which happens where a connection broke, and were dropped.
    pub duplicates: u64,
    /// Events that were counted in [`Lost::missed`] and came after all.
    pub late: u64,
    /// Connections that were made.
    pub connects: u64,
    /// Events that wait to be sent, or to be confirmed.
    pub waiting: u64,
    /// The bytes of those.
    pub waiting_bytes: u64,
    /// Events that did not arrive.
    pub lost: Lost,
}

/// Events that did not arrive, by reason. What its sender could not send is in [`overflow`](Self::overflow),
/// [`too_large`](Self::too_large) or [`closed`](Self::closed) there, and in [`missed`](Self::missed) of each node that waited for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Lost {
    /// Not sent: more waited than [`crate::Limits::outgoing_bytes`], because the broker was down or too slow. The oldest go first.
    pub overflow: u64,
    /// Not sent: larger than the broker takes.
    pub too_large: u64,
    /// Not sent: the broker was closed before.
    pub closed: u64,
    /// Sent by another node and not received.
    pub missed: u64,
    /// Received, and not taken by the subscription in time: more waited than [`crate::Limits::subscription_bytes`].
    pub slow_subscription: u64,
    /// Received messages that are none of ours, or of another version.
    pub malformed: u64,
}

impl Lost {
    /// All of them. Not the number of events that anybody missed: see [`Lost`].
    pub fn total(&self) -> u64 {
        self.overflow + self.too_large + self.closed + self.missed + self.slow_subscription + self.malformed
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Overflow,
    TooLarge,
    Closed,
    Missed,
    SlowSubscription,
    Malformed,
}

const REASONS: usize = 6;

impl Reason {
    fn sentence(self) -> &'static str {
        match self {
            Self::Overflow => "Events for other nodes were dropped: the broker is down or slow, and too much waits for it",
            Self::TooLarge => "An event was not sent to other nodes: it is larger than the broker takes",
            Self::Closed => "Events were not sent to other nodes: the broker is closed",
            Self::Missed => "Events of another node did not arrive",
            Self::SlowSubscription => "Events of other nodes were dropped: they are not taken in time",
            Self::Malformed => "Messages on this API's subject are not Syncgate's, or of another version",
        }
    }
}

/// Counts, and logs losses, each reason at most once in ten seconds.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) published: AtomicU64,
    pub(crate) confirmed: AtomicU64,
    pub(crate) received: AtomicU64,
    pub(crate) duplicates: AtomicU64,
    pub(crate) late: AtomicU64,
    pub(crate) connects: AtomicU64,
    lost: [AtomicU64; REASONS],
    logged: Mutex<[Logged; REASONS]>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Logged {
    at: Option<Instant>,
    unsaid: u64,
}

const QUIET: Duration = Duration::from_secs(10);

impl Recorder {
    pub(crate) fn lost(&self, reason: Reason, subject: &str, count: u64) {
        if count == 0 {
            return;
        }
        let total = self.lost[reason as usize].fetch_add(count, Relaxed).saturating_add(count);
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let logged = &mut logged[reason as usize];
        logged.unsaid = logged.unsaid.saturating_add(count);
        if logged.at.is_none_or(|at| at.elapsed() >= QUIET) {
            tracing::warn!(subject, count = logged.unsaid, total, "{}", reason.sentence());
            *logged = Logged { at: Some(Instant::now()), unsaid: 0 };
        }
    }

    pub(crate) fn snapshot(&self) -> Counters {
        let lost = |reason: Reason| self.lost[reason as usize].load(Relaxed);
        Counters {
            published: self.published.load(Relaxed),
            confirmed: self.confirmed.load(Relaxed),
            received: self.received.load(Relaxed),
            duplicates: self.duplicates.load(Relaxed),
            late: self.late.load(Relaxed),
            connects: self.connects.load(Relaxed),
            waiting: 0,
            waiting_bytes: 0,
            lost: Lost {
                overflow: lost(Reason::Overflow),
                too_large: lost(Reason::TooLarge),
                closed: lost(Reason::Closed),
                missed: lost(Reason::Missed),
                slow_subscription: lost(Reason::SlowSubscription),
                malformed: lost(Reason::Malformed),
            },
        }
    }
}

/// Counts one more.
pub(crate) fn count(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Relaxed);
}
