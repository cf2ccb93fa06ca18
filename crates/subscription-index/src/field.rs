//! The subscriptions of one field.
//!
//! Subscriptions that want the same share an *entry*, with the ids of all of them; the [`Groups`] know entries only. So a
//! thousand clients with the same arguments cost an event as much as one.

use std::collections::HashMap;
use std::hash::{Hash, RandomState};
use std::sync::{PoisonError, RwLock};

use hashbrown::HashTable;
use value::Value;

use crate::groups::{Candidate, Check, Groups};
use crate::ids::{Ids, Matches, Removed};
use crate::matcher::Plan;

/// A field with its subscriptions, to be shared between threads.
#[derive(Debug)]
pub(crate) struct Field<Id> {
    pub(crate) name: Box<str>,
    state: RwLock<State<Id>>,
}

#[derive(Debug)]
struct State<Id> {
    places: HashMap<Id, Place>,
    entries: Vec<Option<Entry<Id>>>,
    /// Places of `entries` without an entry.
    free: Vec<u32>,
    by_plan: HashTable<u32>,
    groups: Groups,
}

/// Where an id is: its entry, and its position there.
#[derive(Clone, Copy, Debug)]
struct Place {
    entry: u32,
    position: usize,
}

#[derive(Debug)]
struct Entry<Id> {
    plan: Plan,
    hash: u64,
    ids: Ids<Id>,
}

impl<Id: Clone + Eq + Hash> Field<Id> {
    pub(crate) fn new(name: &str) -> Self {
        let state = State {
            places: HashMap::new(),
            entries: Vec::new(),
            free: Vec::new(),
            by_plan: HashTable::new(),
            groups: Groups::default(),
        };
        Field { name: name.into(), state: RwLock::new(state) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.state.read().unwrap_or_else(PoisonError::into_inner).places.is_empty()
    }

    /// Enters an id that is not in yet.
    pub(crate) fn insert(&self, id: Id, plan: Plan, hashers: &RandomState) {
        let hash = plan.hash(hashers);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let State { places, entries, free, by_plan, groups } = &mut *state;
        let known = by_plan.find(
            hash,
            |at| matches!(entries.get(*at as usize), Some(Some(entry)) if entry.hash == hash && entry.plan.same(&plan)),
        );
        if let Some(&at) = known
            && let Some(Some(entry)) = entries.get_mut(at as usize)
        {
            let position = entry.ids.push(id.clone());
            places.insert(id, Place { entry: at, position });
            return;
        }
        let at = free.pop().unwrap_or_else(|| {
            entries.push(None);
            u32::try_from(entries.len() - 1).expect("memory ends before 2^32 entries do")
        });
        for (number, conjunction) in (0..).zip(&plan.conjunctions) {
            groups.insert(&plan, conjunction, Candidate { entry: at, conjunction: number }, hashers);
        }
        entries[at as usize] = Some(Entry { plan, hash, ids: Ids::One(id.clone()) });
        let hash_of = |at: &u32| entries.get(*at as usize).and_then(Option::as_ref).map_or(0, |entry| entry.hash);
        by_plan.insert_unique(hash, at, hash_of);
        places.insert(id, Place { entry: at, position: 0 });
    }

    /// Takes an id out.
    pub(crate) fn remove(&self, id: &Id, hashers: &RandomState) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let State { places, entries, free, by_plan, groups } = &mut *state;
        let Some(Place { entry: at, position }) = places.remove(id) else { return };
        let Some(slot) = entries.get_mut(at as usize) else { return };
        let Some(entry) = slot else { return };
        match entry.ids.remove(position) {
            Removed::End => {}
            Removed::Moved(moved) => {
                if let Some(place) = places.get_mut(moved) {
                    place.position = position;
                }
            }
            Removed::Last => {
                for (number, conjunction) in (0..).zip(&entry.plan.conjunctions) {
                    groups.remove(&entry.plan, conjunction, Candidate { entry: at, conjunction: number }, hashers);
                }
                if let Ok(known) = by_plan.find_entry(entry.hash, |other| *other == at) {
                    known.remove();
                }
                *slot = None;
                free.push(at);
            }
        }
    }

    /// Adds the ids of all subscriptions that want an event, each once.
    pub(crate) fn find(&self, event: &Value, hashers: &RandomState, matches: &mut Matches<Id>) {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = std::mem::take(&mut matches.entries);
        found.clear();
        state.groups.candidates(event, hashers, |candidate, check| {
            let Some(Some(entry)) = state.entries.get(candidate.entry as usize) else { return };
            let Some(conjunction) = entry.plan.conjunctions.get(candidate.conjunction as usize) else { return };
            let holds = match check {
                Check::Rest => conjunction.rest_holds(event),
                Check::All => conjunction.holds(event),
            };
            if holds {
                found.push(candidate.entry);
            }
        });
        // Filters of one group may match together, and elements of one list.
        found.sort_unstable();
        found.dedup();
        for at in &found {
            if let Some(Some(entry)) = state.entries.get(*at as usize) {
                matches.take(&entry.ids);
            }
        }
        matches.entries = found;
    }

    /// Entries, groups and places in use, for tests: nothing may be left behind.
    #[cfg(test)]
    pub(crate) fn sizes(&self) -> (usize, usize, usize) {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        (state.by_plan.len(), state.groups.len(), state.places.len())
    }
}
