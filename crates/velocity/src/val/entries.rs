//! The entries of a map in insertion order: a vector, and a hash table once there are many.
//!
//! Most maps of a template have a handful of members, where looking along is several times faster than hashing.

use std::hash::{Hash, Hasher};

use indexmap::{Equivalent, IndexMap};

use super::{Key, Val};

/// From this many entries on they are hashed.
const HASHED_FROM: usize = 16;

pub(super) enum Entries {
    Few(Vec<(Key, Val)>),
    Many(IndexMap<Key, Val>),
}

/// A string key, borrowed.
struct Name<'n>(&'n str);

impl Hash for Name<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Equivalent<Key> for Name<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        matches!(key, Key::Text(text) if **text == *self.0)
    }
}

impl Entries {
    pub(super) fn new() -> Self {
        Entries::Few(Vec::new())
    }

    /// No entries, with room for `capacity` of them.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        if capacity < HASHED_FROM {
            Entries::Few(Vec::with_capacity(capacity))
        } else {
            Entries::Many(IndexMap::with_capacity(capacity))
        }
    }

    /// Entries with different keys.
    pub(super) fn from_distinct(entries: Vec<(Key, Val)>) -> Self {
        if entries.len() < HASHED_FROM { Entries::Few(entries) } else { Entries::Many(entries.into_iter().collect()) }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Entries::Few(entries) => entries.len(),
            Entries::Many(entries) => entries.len(),
        }
    }

    #[inline]
    pub(super) fn get(&self, name: &str) -> Option<&Val> {
        match self {
            Entries::Few(entries) => {
                entries.iter().find(|(key, _)| matches!(key, Key::Text(text) if **text == *name)).map(|(_, value)| value)
            }
            Entries::Many(entries) => entries.get(&Name(name)),
        }
    }

    pub(super) fn get_key(&self, key: &Key) -> Option<&Val> {
        match self {
            Entries::Few(entries) => entries.iter().find(|(known, _)| known == key).map(|(_, value)| value),
            Entries::Many(entries) => entries.get(key),
        }
    }

    pub(super) fn at_mut(&mut self, at: usize) -> Option<&mut Val> {
        match self {
            Entries::Few(entries) => entries.get_mut(at).map(|(_, value)| value),
            Entries::Many(entries) => entries.get_index_mut(at).map(|(_, value)| value),
        }
    }

    /// Sets an entry: a known key keeps its place. Returns the former value.
    pub(super) fn insert(&mut self, key: Key, value: Val) -> Option<Val> {
        match self {
            Entries::Few(entries) => {
                if let Some((_, place)) = entries.iter_mut().find(|(known, _)| *known == key) {
                    return Some(std::mem::replace(place, value));
                }
                entries.push((key, value));
                if entries.len() >= HASHED_FROM {
                    *self = Entries::Many(std::mem::take(entries).into_iter().collect());
                }
                None
            }
            Entries::Many(entries) => entries.insert(key, value),
        }
    }

    /// Removes an entry; the others keep their order.
    pub(super) fn remove(&mut self, key: &Key) -> Option<Val> {
        match self {
            Entries::Few(entries) => {
                let at = entries.iter().position(|(known, _)| known == key)?;
                Some(entries.remove(at).1)
            }
            Entries::Many(entries) => entries.shift_remove(key),
        }
    }

    /// Makes it empty and returns the values.
    pub(super) fn take_values(&mut self) -> Vec<Val> {
        match std::mem::replace(self, Entries::new()) {
            Entries::Few(entries) => entries.into_iter().map(|(_, value)| value).collect(),
            Entries::Many(entries) => entries.into_values().collect(),
        }
    }

    #[inline]
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &Val)> {
        let (few, many) = match self {
            Entries::Few(entries) => (Some(entries), None),
            Entries::Many(entries) => (None, Some(entries)),
        };
        let few = few.into_iter().flatten().map(|(key, value)| (key, value));
        few.chain(many.into_iter().flatten())
    }
}

impl FromIterator<(Key, Val)> for Entries {
    fn from_iter<I: IntoIterator<Item = (Key, Val)>>(items: I) -> Self {
        let mut entries = Entries::new();
        for (key, value) in items {
            entries.insert(key, value);
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_entries_behave_alike() {
        for count in [0, 1, HASHED_FROM - 1, HASHED_FROM, HASHED_FROM + 1, 100] {
            let count = i32::try_from(count).expect("it is small");
            let name = |at: i32| format!("k{at}");
            let mut entries: Entries = (0..count).map(|at| (Key::Text(name(at).into()), Val::Int(at))).collect();
            entries.insert(Key::Int(7), Val::Null);
            assert_eq!(entries.len(), usize::try_from(count).expect("it is positive") + 1);
            for at in 0..count {
                assert_eq!(entries.get(&name(at)).and_then(Val::as_i64), Some(i64::from(at)), "{count}");
                let before = entries.insert(Key::Text(name(at).into()), Val::Int(-at));
                assert_eq!(before.and_then(|before| before.as_i64()), Some(i64::from(at)), "{count}");
            }
            assert!(entries.get("7").is_none(), "a number is no text");
            assert!(entries.get_key(&Key::Int(7)).is_some_and(Val::is_null));
            assert_eq!(entries.remove(&Key::Text(name(0).into())).is_some(), count > 0);
            let order: Vec<_> = entries.iter().filter_map(|(_, value)| value.as_i64()).collect();
            assert_eq!(order, (1..count).map(|at| i64::from(-at)).collect::<Vec<_>>(), "{count}");
            assert_eq!(entries.take_values().len(), entries.len() + order.len() + 1);
        }
    }
}
