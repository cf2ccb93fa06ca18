//! The own properties of an object, in order of creation: a vector of entries, with a hash index beside it once it is large.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use value::Str;

use super::Val;

/// From this many properties on there is an index.
const INDEXED_FROM: usize = 16;

/// Own properties.
#[derive(Debug, Default)]
pub(crate) struct Properties {
    entries: Vec<(Str, Val)>,
    index: Option<Box<Index>>,
    /// Whether a key looks like an array index: such keys come first, in ascending order (ECMA-262, 10.1.11).
    has_indices: bool,
}

#[derive(Debug, Default)]
struct Index {
    hasher: DefaultHashBuilder,
    table: HashTable<usize>,
}

impl Properties {
    /// None yet, with room for `capacity`.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { entries: Vec::with_capacity(capacity), index: None, has_indices: false }
    }

    /// Those of a table whose keys are different and few enough to need no index.
    pub(crate) fn of(table: Vec<(Str, Val)>, has_indices: bool) -> Self {
        Self { entries: table, index: None, has_indices }
    }

    /// None yet, in an empty table.
    pub(crate) fn in_table(table: Vec<(Str, Val)>) -> Self {
        Self { entries: table, index: None, has_indices: false }
    }

    /// The table.
    pub(crate) fn into_entries(self) -> Vec<(Str, Val)> {
        self.entries
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are so many that there is an index.
    #[inline]
    pub(crate) fn is_indexed(&self) -> bool {
        self.index.is_some()
    }

    /// The place of `key` in order of creation.
    #[inline]
    pub(crate) fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            None => self.entries.iter().position(|(name, _)| **name == *key),
            Some(index) => {
                let hash = index.hasher.hash_one(key);
                index.table.find(hash, |&at| *self.entries[at].0 == *key).copied()
            }
        }
    }

    #[inline]
    pub(crate) fn get(&self, key: &str) -> Option<Val> {
        self.position(key).map(|at| self.entries[at].1)
    }

    /// The value at a place, if `key` stands there.
    #[inline]
    pub(crate) fn get_at(&self, at: usize, key: &str) -> Option<Val> {
        self.entries.get(at).filter(|(name, _)| **name == *key).map(|(_, value)| *value)
    }

    /// Sets a property: a known key keeps its place, a new one goes to the end. Whether it is new.
    pub(crate) fn set(&mut self, key: &Str, value: Val) -> bool {
        if let Some(at) = self.position(key) {
            self.entries[at].1 = value;
            return false;
        }
        self.append(Str::clone(key), value);
        true
    }

    /// Adds a property whose key no other one has.
    pub(crate) fn append(&mut self, key: Str, value: Val) {
        let at = self.entries.len();
        if let Some(index) = &mut self.index {
            let hash = index.hasher.hash_one(&*key);
            let (entries, hasher) = (&self.entries, &index.hasher);
            index.table.insert_unique(hash, at, |&other| hasher.hash_one(&*entries[other].0));
        }
        self.has_indices = self.has_indices || array_index(&key).is_some();
        self.entries.push((key, value));
        if self.index.is_none() && self.entries.len() >= INDEXED_FROM {
            self.build_index();
        }
    }

    /// Makes room for so many more.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.entries.reserve(more);
    }

    /// Removes a property. How many entries moved up, if there was one.
    pub(crate) fn remove(&mut self, key: &str) -> Option<usize> {
        let at = self.position(key)?;
        if let Some(index) = &mut self.index {
            let hash = index.hasher.hash_one(key);
            if let Ok(found) = index.table.find_entry(hash, |&other| other == at) {
                found.remove();
            }
            if at + 1 < self.entries.len() {
                index.table.iter_mut().filter(|other| **other > at).for_each(|other| *other -= 1);
            }
        }
        self.entries.remove(at);
        Some(self.entries.len() - at)
    }

    /// The entries in order of creation.
    pub(crate) fn entries(&self) -> &[(Str, Val)] {
        &self.entries
    }

    /// The keys in the language's order.
    pub(crate) fn keys(&self) -> Vec<Str> {
        ordered(self.entries.iter().map(|(key, _)| key), self.has_indices)
    }

    /// Whether [`keys`](Self::keys) differs from the order of creation.
    pub(crate) fn has_indices(&self) -> bool {
        self.has_indices
    }

    fn build_index(&mut self) {
        let mut index = Index { hasher: DefaultHashBuilder::default(), table: HashTable::with_capacity(self.entries.len() * 2) };
        for (at, (key, _)) in self.entries.iter().enumerate() {
            let hash = index.hasher.hash_one(&**key);
            let (entries, hasher) = (&self.entries, &index.hasher);
            index.table.insert_unique(hash, at, |&other| hasher.hash_one(&*entries[other].0));
        }
        self.index = Some(Box::new(index));
    }
}

/// `keys` in the language's order: array indices ascending, then the others as they were created.
pub(super) fn ordered<'k>(keys: impl Iterator<Item = &'k Str>, has_indices: bool) -> Vec<Str> {
    let mut keys: Vec<Str> = keys.cloned().collect();
    if has_indices {
        // The sort is stable, and everything that is no index is equal.
        keys.sort_by_key(|key| array_index(key).map_or(u64::MAX, u64::from));
    }
    keys
}

/// The array index that a key is (ECMA-262, 6.1.7): a canonical decimal number below 2^32 - 1.
#[inline]
pub(crate) fn array_index(key: &str) -> Option<u32> {
    let first = *key.as_bytes().first()?;
    if !first.is_ascii_digit() || key.len() > 10 || (first == b'0' && key.len() > 1) {
        return None;
    }
    key.parse::<u32>().ok().filter(|index| *index != u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_come_first_and_in_order() {
        let mut properties = Properties::default();
        for key in ["b", "10", "a", "2", "01"] {
            properties.set(&key.into(), Val::Null);
        }
        let keys: Vec<String> = properties.keys().iter().map(ToString::to_string).collect();
        assert_eq!(keys, ["2", "10", "b", "a", "01"]);
    }

    #[test]
    fn small_and_large_objects_behave_alike() {
        for size in [3u32, 15, 16, 17, 500] {
            let mut properties = Properties::default();
            for at in 0..size {
                assert!(properties.set(&format!("k{at}").into(), Val::Number(f64::from(at))));
            }
            assert!(!properties.set(&"k1".into(), Val::Null));
            assert_eq!((properties.remove("k0"), properties.remove("k0")), (Some(size as usize - 1), None));
            assert!(matches!(properties.get("k1"), Some(Val::Null)));
            assert!(matches!(properties.get("k2"), Some(Val::Number(2.0))));
            assert_eq!(properties.len(), size as usize - 1);
            assert!(properties.set(&"k0".into(), Val::Bool(true)));
            for at in (1..size).rev().step_by(2) {
                assert!(properties.remove(&format!("k{at}")).is_some());
            }
            for at in 3..size {
                let kept = (size - 1 - at) % 2 == 1;
                assert_eq!(properties.get(&format!("k{at}")).is_some(), kept, "k{at} of {size}");
            }
            assert!(matches!(properties.get("k0"), Some(Val::Bool(true))));
        }
    }
}
