//! Answers that are remembered, and questions that are under way.
//!
//! Tokens are not kept, only their SHA-256. The store is bounded in bytes; who is pushed out is asked about again. An answer counts
//! only while the clock stands between the time it was asked for and the time it ends, so a clock that is set back opens nothing.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use jwt_verifier::TokenDigest;
use moka::sync::Cache;
use tokio::sync::watch;

use super::LONGEST;
use super::answer::Answer;

/// What the answers of one API may take, in bytes.
const CAPACITY: u64 = 16 << 20;
/// What an entry takes beside its answer.
const ENTRY: usize = 256;
/// How much larger an answer is in memory than as JSON.
const GROWTH: usize = 4;

/// The memory of one authorizer.
pub(super) struct Memory {
    kept: Cache<TokenDigest, Kept>,
    flights: Arc<Flights>,
}

/// Who is being asked about. There is at most one entry for each request in flight.
type Flights = Mutex<HashMap<TokenDigest, watch::Receiver<Option<Outcome>>>>;

#[derive(Clone)]
struct Kept {
    answer: Answer,
    size: usize,
    from: SystemTime,
    until: SystemTime,
}

/// What asking the function came to.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// It counts for every request with this token.
    Kept(Answer),
    /// It counts for the request that it was asked for.
    NotKept(Answer),
}

impl Outcome {
    pub(super) fn into_answer(self) -> Answer {
        match self {
            Self::Kept(answer) | Self::NotKept(answer) => answer,
        }
    }
}

/// Whose turn it is to ask.
pub(super) enum Turn {
    /// This request's.
    First(Flight),
    /// Somebody else is asking already.
    Behind(Waiting),
}

/// A question under way. Gone without [`Flight::land`], those behind it begin anew.
pub(super) struct Flight {
    digest: TokenDigest,
    flights: Arc<Flights>,
    tell: watch::Sender<Option<Outcome>>,
}

/// A request behind another one.
pub(super) struct Waiting(watch::Receiver<Option<Outcome>>);

impl Default for Memory {
    fn default() -> Self {
        let weight = |_: &TokenDigest, kept: &Kept| {
            u32::try_from(kept.size.saturating_mul(GROWTH).saturating_add(ENTRY)).unwrap_or(u32::MAX)
        };
        let kept = Cache::builder().max_capacity(CAPACITY).weigher(weight).time_to_live(LONGEST).build();
        Self { kept, flights: Arc::default() }
    }
}

impl Memory {
    /// What was said about a token and still counts.
    pub(super) fn recall(&self, digest: &TokenDigest, now: SystemTime) -> Option<Answer> {
        let kept = self.kept.get(digest)?;
        (kept.from <= now && now < kept.until).then_some(kept.answer)
    }

    /// Remembers an answer of `size` bytes.
    pub(super) fn keep(&self, digest: TokenDigest, answer: Answer, size: usize, from: SystemTime, ttl: Duration) {
        if let Some(until) = from.checked_add(ttl) {
            self.kept.insert(digest, Kept { answer, size, from, until });
        }
    }

    /// Whether to ask about a token or to wait for somebody who does.
    pub(super) fn turn(&self, digest: TokenDigest) -> Turn {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        match flights.entry(digest) {
            Entry::Occupied(flight) => Turn::Behind(Waiting(flight.get().clone())),
            Entry::Vacant(place) => {
                let (tell, told) = watch::channel(None);
                place.insert(told);
                Turn::First(Flight { digest, flights: Arc::clone(&self.flights), tell })
            }
        }
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> u64 {
        self.kept.run_pending_tasks();
        self.kept.weighted_size()
    }

    #[cfg(test)]
    pub(super) fn questions(&self) -> usize {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Flight {
    /// Tells those behind what came of it. A failure is nothing to share: it may have been this request's own lack of time.
    pub(super) fn land(self, outcome: Option<&Outcome>) {
        let outcome = outcome.cloned().unwrap_or(Outcome::NotKept(Answer::Silent));
        self.tell.send_replace(Some(outcome));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.digest);
    }
}

impl Waiting {
    /// What came of it; `None` when nothing did.
    pub(super) async fn outcome(&mut self) -> Option<Outcome> {
        self.0.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone())
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}
