//! The time and the random numbers that a step saw, so that it can be evaluated again to the same result.
//!
//! While a resolver is recorded its clock stands still: one time is all that a test case has to say.

use std::sync::{Arc, Mutex, PoisonError};

use appsync_utils::{Clock, IdSource, Session, SystemClock, SystemIds};
use value::Value;

/// How many random bytes of a step are kept: ids and numbers take 16 at most, and code has fewer than this many calls.
const LONGEST: usize = 64 << 10;

/// Records what the evaluations of one resolver run see.
#[derive(Debug)]
pub struct Tape {
    now_ms: i64,
    drawn: Mutex<Drawn>,
}

#[derive(Debug, Default)]
struct Drawn {
    bytes: Vec<u8>,
    /// More was drawn than is kept.
    cut: bool,
    /// The clock was read.
    timed: bool,
}

/// What an evaluation saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Milliseconds since 1970, if the code asked for the time.
    pub now_ms: Option<i64>,
    /// All random bytes, in the order in which they were drawn; `None` when they were too many to be kept.
    pub random: Option<Vec<u8>>,
}

impl Tape {
    /// Records from the system's clock and randomness.
    #[must_use]
    pub fn recording() -> Self {
        Self { now_ms: SystemClock.now_ms(), drawn: Mutex::default() }
    }

    /// Before an evaluation: forgets what the one before it saw.
    pub fn begin(&self) {
        *self.drawn.lock().unwrap_or_else(PoisonError::into_inner) = Drawn::default();
    }

    /// A session that goes through this tape. What another one of the same evaluation drew is forgotten: a step that took too long is
    /// tried twice.
    #[must_use]
    pub fn session(self: &Arc<Self>, identity: Value) -> Session {
        self.begin();
        Session::new(Arc::clone(self) as Arc<dyn Clock>, Arc::clone(self) as Arc<dyn IdSource>, identity)
    }

    /// What was seen.
    #[must_use]
    pub fn reading(&self) -> Reading {
        let drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        Reading { now_ms: drawn.timed.then_some(self.now_ms), random: (!drawn.cut).then(|| drawn.bytes.clone()) }
    }
}

impl Clock for Tape {
    fn now_ms(&self) -> i64 {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner).timed = true;
        self.now_ms
    }
}

impl IdSource for Tape {
    fn fill(&self, bytes: &mut [u8]) {
        SystemIds.fill(bytes);
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if drawn.bytes.len() + bytes.len() > LONGEST {
            drawn.cut = true;
        } else {
            drawn.bytes.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_has_what_was_seen() {
        let tape = Arc::new(Tape::recording());
        let session = tape.session(Value::Null);
        assert_eq!(tape.reading(), Reading { now_ms: None, random: Some(Vec::new()) });
        let mut drawn = [0; 16];
        session.ids.fill(&mut drawn);
        let now = session.clock.now_ms();
        assert_eq!(tape.reading(), Reading { now_ms: Some(now), random: Some(drawn.to_vec()) });
        session.ids.fill(&mut vec![0; LONGEST]);
        assert_eq!(tape.reading().random, None);
        let _ = tape.session(Value::Null);
        assert_eq!(tape.reading(), Reading { now_ms: None, random: Some(Vec::new()) });
    }
}
