//! What an evaluation finds around itself: time, randomness, limits. Fixed ones make it repeatable.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use appsync_utils::{Clock, IdSource, Session, SystemClock, SystemIds};
use value::Value;

use crate::definition::Limits;
use crate::resolver::EvaluationLimits;

/// How long one evaluation may take: as long as slow code may on a server.
const BUDGET: Duration = Duration::from_millis(1500);

/// Clock, randomness and limits of evaluations.
#[derive(Clone)]
pub struct Conditions {
    /// The time of `util.time.now*` and of ids with a time.
    pub clock: Arc<dyn Clock>,
    /// The randomness of ids and of `Math.random`.
    pub ids: Arc<dyn IdSource>,
    /// What one evaluation may use.
    pub limits: EvaluationLimits,
    /// How long it may take.
    pub budget: Duration,
    /// How much of that is over when it begins: what compiling took.
    pub spent: Duration,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            limits: EvaluationLimits::from(&Limits::default()),
            budget: BUDGET,
            spent: Duration::ZERO,
        }
    }
}

impl Conditions {
    /// How long an evaluation that begins now may take.
    #[must_use]
    pub fn time_left(&self) -> Duration {
        self.budget.saturating_sub(self.spent)
    }

    /// A session of one evaluation under these conditions.
    #[must_use]
    pub fn session(&self, identity: Value) -> Session {
        Session::new(Arc::clone(&self.clock), Arc::clone(&self.ids), identity)
    }
}

/// A clock that stands still.
#[derive(Clone, Copy, Debug)]
pub struct FixedClock(
    /// Milliseconds since 1970.
    pub i64,
);

impl Clock for FixedClock {
    fn now_ms(&self) -> i64 {
        self.0
    }
}

/// Randomness that is the same each time: first the given UUIDs, one for each 16 bytes that are asked for, then a sequence that
/// only depends on the seed. Not for secrets.
#[derive(Debug)]
pub struct SeededIds(Mutex<Sequence>);

#[derive(Debug)]
struct Sequence {
    given: VecDeque<[u8; 16]>,
    state: u64,
}

impl SeededIds {
    /// The sequence of `seed`, after the ids of `given`.
    #[must_use]
    pub fn new(seed: u64, given: impl IntoIterator<Item = [u8; 16]>) -> Self {
        Self(Mutex::new(Sequence { given: given.into_iter().collect(), state: seed }))
    }
}

impl IdSource for SeededIds {
    fn fill(&self, bytes: &mut [u8]) {
        let mut sequence = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(whole) = <&mut [u8; 16]>::try_from(&mut *bytes)
            && let Some(given) = sequence.given.pop_front()
        {
            *whole = given;
            return;
        }
        for chunk in bytes.chunks_mut(8) {
            let next = sequence.next().to_le_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
    }
}

impl Sequence {
    /// SplitMix64 (Steele, Lea and Flood 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_its_sequence_after_the_given_ids() {
        let draw = |seed: u64, given: &[[u8; 16]]| {
            let ids = SeededIds::new(seed, given.iter().copied());
            let mut drawn = Vec::new();
            for length in [16, 3, 16] {
                let mut bytes = vec![0; length];
                ids.fill(&mut bytes);
                drawn.push(bytes);
            }
            drawn
        };
        assert_eq!(draw(7, &[]), draw(7, &[]));
        assert_ne!(draw(7, &[]), draw(8, &[]));
        let given = draw(7, &[[9; 16]]);
        assert_eq!(given[0], [9; 16]);
        assert_eq!(given[1], draw(7, &[])[0][..3]);
    }
}
