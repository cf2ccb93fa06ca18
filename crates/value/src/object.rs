//! An object in insertion order: a vector of entries, with a hash index beside it once it is large.
//!
//! Most objects have a handful of members, where a linear scan is several times faster than hashing; the index keeps large
//! ones (a map of ten thousand keys from a client) from becoming quadratic.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::{Str, Value};

/// From this many members on there is an index.
const INDEXED_FROM: usize = 24;

/// A JSON object in insertion order.
#[derive(Clone, Default)]
pub struct Object {
    entries: Vec<(Str, Value)>,
    index: Option<Box<Index>>,
}

#[derive(Clone, Default)]
struct Index {
    hasher: DefaultHashBuilder,
    table: HashTable<usize>,
}

impl Object {
    /// An empty object.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty object with room for `capacity` members.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { entries: Vec::with_capacity(capacity), index: None }
    }

    /// An object of members whose keys are known to be different: those of another table of distinct keys.
    #[must_use]
    pub fn from_distinct(entries: Vec<(Str, Value)>) -> Self {
        let mut object = Self { entries, index: None };
        if object.entries.len() >= INDEXED_FROM {
            object.build_index();
        }
        object
    }

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The place of `key` in insertion order.
    #[inline]
    #[must_use]
    pub fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            None => self.entries.iter().position(|(name, _)| **name == *key),
            Some(index) => {
                let hash = index.hasher.hash_one(key);
                index.table.find(hash, |&at| *self.entries[at].0 == *key).copied()
            }
        }
    }

    /// The member named `key`.
    #[inline]
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.position(key).map(|at| &self.entries[at].1)
    }

    /// The member named `key`, looked for at place `hint` first. Lists of like-shaped objects find every member there.
    #[inline]
    #[must_use]
    pub fn get_near(&self, key: &str, hint: &mut usize) -> Option<&Value> {
        if let Some((name, value)) = self.entries.get(*hint)
            && **name == *key
        {
            return Some(value);
        }
        let at = self.position(key)?;
        *hint = at;
        Some(&self.entries[at].1)
    }

    /// The member at a place in insertion order.
    #[inline]
    #[must_use]
    pub fn entry(&self, at: usize) -> Option<(&Str, &Value)> {
        self.entries.get(at).map(|(key, value)| (key, value))
    }

    /// The member named `key`, for change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.position(key).map(|at| &mut self.entries[at].1)
    }

    /// Whether there is a member named `key`.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Sets a member: a known key keeps its place, a new one goes to the end. Returns the former value.
    pub fn insert(&mut self, key: impl Into<Str>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        if let Some(at) = self.position(&key) {
            return Some(std::mem::replace(&mut self.entries[at].1, value));
        }
        let at = self.entries.len();
        if let Some(index) = &mut self.index {
            let hash = index.hasher.hash_one(&*key);
            let (entries, hasher) = (&self.entries, &index.hasher);
            index.table.insert_unique(hash, at, |&other| hasher.hash_one(&*entries[other].0));
        }
        self.entries.push((key, value));
        if self.index.is_none() && self.entries.len() >= INDEXED_FROM {
            self.build_index();
        }
        None
    }

    /// Removes a member; the others keep their order.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.position(key)?;
        let (_, value) = self.entries.remove(at);
        self.index = None;
        if self.entries.len() >= INDEXED_FROM {
            self.build_index();
        }
        Some(value)
    }

    /// Keeps only the members that `keep` wants.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut Value) -> bool) {
        self.entries.retain_mut(|(key, value)| keep(key, value));
        self.index = None;
        if self.entries.len() >= INDEXED_FROM {
            self.build_index();
        }
    }

    /// The members in order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.entries.iter())
    }

    /// The members in order, values for change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&Str, &mut Value)> {
        self.entries.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// The keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &Str> {
        self.entries.iter().map(|(key, _)| key)
    }

    /// The values in order.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.entries.iter().map(|(_, value)| value)
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

/// The members of an [`Object`] in order.
#[derive(Clone)]
pub struct Iter<'a>(std::slice::Iter<'a, (Str, Value)>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a Str, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl<'a> IntoIterator for &'a Object {
    type Item = (&'a Str, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// The members of an [`Object`] in order, by value.
pub struct IntoIter(std::vec::IntoIter<(Str, Value)>);

impl Iterator for IntoIter {
    type Item = (Str, Value);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

impl IntoIterator for Object {
    type Item = (Str, Value);
    type IntoIter = IntoIter;

    fn into_iter(self) -> IntoIter {
        IntoIter(self.entries.into_iter())
    }
}

impl<K: Into<Str>, V: Into<Value>> FromIterator<(K, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(members: I) -> Self {
        let members = members.into_iter();
        // Whoever names a size may name any.
        let mut object = Object::with_capacity(members.size_hint().0.min(1024));
        for (key, value) in members {
            object.insert(key, value);
        }
        object
    }
}

impl PartialEq for Object {
    /// Equal members; the order does not matter.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_objects_behave_alike() {
        for size in [3i64, 23, 24, 25, 1000] {
            let mut object = Object::new();
            for number in 0..size {
                assert_eq!(object.insert(format!("k{number}"), number), None);
            }
            assert_eq!(object.insert("k1", -1i64), Some(Value::from(1i64)));
            assert_eq!(object.remove("k0"), Some(Value::from(0i64)));
            assert_eq!(object.get("k0"), None);
            assert_eq!(object.get("k1"), Some(&Value::from(-1i64)));
            let order: Vec<_> = object.keys().map(ToString::to_string).collect();
            let expected: Vec<_> = (1..size).map(|number| format!("k{number}")).collect();
            assert_eq!(order, expected);
        }
    }

    #[test]
    fn distinct_entries_are_an_object() {
        for size in [0i64, 3, 23, 24, 100] {
            let entries: Vec<(Str, Value)> = (0..size).map(|number| (format!("k{number}").into(), number.into())).collect();
            let object = Object::from_distinct(entries.clone());
            assert_eq!(object, entries.into_iter().collect());
            assert_eq!(object.get("k2"), (size > 2).then(|| Value::from(2i64)).as_ref());
        }
    }

    #[test]
    fn hint_follows_the_member() {
        let object: Object = [("a", 1i64), ("b", 2)].into_iter().collect();
        let mut hint = 0;
        assert_eq!(object.get_near("b", &mut hint), Some(&Value::from(2i64)));
        assert_eq!(hint, 1);
        assert_eq!(object.get_near("c", &mut hint), None);
    }
}
