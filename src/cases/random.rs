//! The random numbers of a case: what a recorder saw, then ids that the case names, then those of its seed.

use std::sync::{Mutex, PoisonError};

use appsync_utils::IdSource;
use resolver_cases::Setting;

use crate::resolver::offline::SeededIds;

/// The randomness of one case.
#[derive(Debug)]
pub(super) struct CaseIds {
    /// Bytes that are not drawn yet, the next one last.
    recorded: Mutex<Vec<u8>>,
    seeded: SeededIds,
}

impl CaseIds {
    pub(super) fn new(setting: &Setting) -> Self {
        let recorded = setting.random.iter().flatten().rev().copied().collect();
        let ids = setting.ids.clone().unwrap_or_default();
        Self { recorded: Mutex::new(recorded), seeded: SeededIds::new(setting.seed.unwrap_or(0), ids) }
    }
}

impl IdSource for CaseIds {
    fn fill(&self, bytes: &mut [u8]) {
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        let known = bytes.len().min(recorded.len());
        let (first, rest) = bytes.split_at_mut(known);
        first.fill_with(|| recorded.pop().unwrap_or_default());
        if !rest.is_empty() {
            self.seeded.fill(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_recorded_comes_first_and_the_seed_last() {
        let setting = Setting { random: Some(vec![1, 2, 3]), ids: Some(vec![[7; 16]]), seed: Some(5), ..Setting::default() };
        let ids = CaseIds::new(&setting);
        let draw = |ids: &CaseIds, length| {
            let mut bytes = vec![0; length];
            ids.fill(&mut bytes);
            bytes
        };
        assert_eq!(draw(&ids, 2), [1, 2]);
        assert_eq!(draw(&ids, 1), [3]);
        assert_eq!(draw(&ids, 16), [7; 16]);
        // The generator SplitMix64 at 5: snapshots hold ids that are made of it.
        let other = CaseIds::new(&Setting { seed: Some(5), ..Setting::default() });
        assert_eq!(draw(&ids, 8), draw(&other, 8));
        let reference = CaseIds::new(&Setting { seed: Some(1_234_567), ..Setting::default() });
        assert_eq!(draw(&reference, 8), 6_457_827_717_110_365_317u64.to_le_bytes());
    }
}
