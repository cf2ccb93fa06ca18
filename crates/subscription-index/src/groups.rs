//! The tables: which conjunctions can an event fulfil at all?
//!
//! Conjunctions that compare the same members (their *shape*) form a group. In a group, the values that a conjunction wants
//! there are the key of a bucket: an event has one value per member, so it looks into one bucket. A conjunction that also wants
//! an element (`contains`, `containsAny`) lies in a second table inside of the bucket, by element.
//!
//! What remains is looked at one by one within the bucket: operators of order (`lt`, `between`, …), the negative ones,
//! `beginsWith`, and `contains` once the event's member turns out to be a string. A filter of nothing else has an empty key, so
//! all of those share a bucket; many different ones of that kind on one field cost time per event.

use std::hash::{BuildHasher, Hasher, RandomState};

use hashbrown::HashTable;
use indexmap::{IndexMap, IndexSet};
use value::{NULL, Value};

use crate::condition::{Operator, Path};
use crate::equality::{equal, hash_value};
use crate::matcher::{Conjunction, Plan, distinct};

/// A conjunction, by its entry and its place in the entry's plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Candidate {
    pub(crate) entry: u32,
    pub(crate) conjunction: u32,
}

/// All groups of one field.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    groups: IndexMap<Shape, Group>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Shape {
    enhanced: bool,
    paths: Box<[Path]>,
    element: Option<Path>,
}

#[derive(Debug, Default)]
struct Group {
    buckets: HashTable<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    hash: u64,
    key: Box<[Value]>,
    /// Those to look at one by one: all of them in a group without elements, else those that may want a part of a string.
    scanned: Candidates,
    elements: HashTable<Element>,
}

#[derive(Debug)]
struct Element {
    hash: u64,
    value: Value,
    candidates: Candidates,
}

impl Shape {
    fn of(plan: &Plan, conjunction: &Conjunction) -> Shape {
        Shape {
            enhanced: plan.enhanced,
            paths: conjunction.paths().cloned().collect(),
            element: conjunction.element().map(|condition| condition.path.clone()),
        }
    }
}

impl Groups {
    /// Enters a conjunction.
    pub(crate) fn insert(&mut self, plan: &Plan, conjunction: &Conjunction, candidate: Candidate, hashers: &RandomState) {
        let group = self.groups.entry(Shape::of(plan, conjunction)).or_default();
        conjunction.each_key(|key| {
            let hash = hash_all(key.iter(), hashers);
            let bucket = group
                .buckets
                .entry(hash, |bucket| bucket.has(hash, key), |bucket| bucket.hash)
                .or_insert_with(|| Bucket { hash, key: key.into(), scanned: Candidates::default(), elements: HashTable::new() })
                .into_mut();
            if is_scanned(conjunction) {
                bucket.scanned.insert(candidate);
            }
            for value in elements(conjunction) {
                let hash = hash_all([value], hashers);
                bucket
                    .elements
                    .entry(hash, |element| element.has(hash, value), |element| element.hash)
                    .or_insert_with(|| Element { hash, value: value.clone(), candidates: Candidates::default() })
                    .into_mut()
                    .candidates
                    .insert(candidate);
            }
        });
    }

    /// Takes a conjunction out again, and what it leaves empty.
    pub(crate) fn remove(&mut self, plan: &Plan, conjunction: &Conjunction, candidate: Candidate, hashers: &RandomState) {
        let shape = Shape::of(plan, conjunction);
        let Some(group) = self.groups.get_mut(&shape) else { return };
        conjunction.each_key(|key| {
            let hash = hash_all(key.iter(), hashers);
            let Ok(mut bucket) = group.buckets.find_entry(hash, |bucket| bucket.has(hash, key)) else { return };
            let Bucket { scanned, elements: table, .. } = bucket.get_mut();
            scanned.remove(candidate);
            for value in elements(conjunction) {
                let hash = hash_all([value], hashers);
                if let Ok(mut element) = table.find_entry(hash, |element| element.has(hash, value)) {
                    element.get_mut().candidates.remove(candidate);
                    if element.get().candidates.is_empty() {
                        element.remove();
                    }
                }
            }
            if scanned.is_empty() && table.is_empty() {
                bucket.remove();
            }
        });
        if group.buckets.is_empty() {
            self.groups.swap_remove(&shape);
        }
    }

    /// Calls with all candidates whose key an event has, some of them repeatedly. Whether the rest of their conditions holds is
    /// the caller's to look at; `true` comes along if even the looked-up element is still to be checked.
    pub(crate) fn candidates(&self, event: &Value, hashers: &RandomState, mut call: impl FnMut(Candidate, Check)) {
        let list = event.as_list().is_some();
        for (shape, group) in &self.groups {
            if shape.enhanced && list {
                continue;
            }
            let member = |path: &Path| path.find(event).unwrap_or(&NULL);
            let hash = hash_all(shape.paths.iter().map(member), hashers);
            let has_key = |bucket: &Bucket| {
                bucket.hash == hash && bucket.key.iter().zip(&shape.paths).all(|(value, path)| equal(value, member(path)))
            };
            let Some(bucket) = group.buckets.find(hash, has_key) else { continue };
            let Some(path) = &shape.element else {
                bucket.scanned.each(|candidate| call(candidate, Check::Rest));
                continue;
            };
            let mut found = |element: &Element| element.candidates.each(|candidate| call(candidate, Check::Rest));
            match path.find(event) {
                None | Some(Value::Null) => {}
                Some(Value::List(items)) => {
                    let mut elements: Vec<&Element> = items.iter().filter_map(|item| bucket.element(item, hashers)).collect();
                    // A list may repeat an element a thousand times.
                    elements.sort_unstable_by_key(|element| std::ptr::from_ref(*element));
                    elements.dedup_by(|one, other| std::ptr::eq(*one, *other));
                    elements.into_iter().for_each(&mut found);
                }
                Some(item) => {
                    bucket.element(item, hashers).into_iter().for_each(&mut found);
                    if matches!(item, Value::String(_)) {
                        bucket.scanned.each(|candidate| call(candidate, Check::All));
                    }
                }
            }
        }
    }

    /// How many groups there are: what an event without any match costs.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.groups.len()
    }
}

/// What is left to check of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// The conditions that no table answers for.
    Rest,
    /// Every condition.
    All,
}

impl Bucket {
    fn has(&self, hash: u64, key: &[Value]) -> bool {
        self.hash == hash && self.key.iter().zip(key).all(|(one, other)| equal(one, other))
    }

    fn element(&self, value: &Value, hashers: &RandomState) -> Option<&Element> {
        // The values of filters are never containers, whose hash may cost much.
        if matches!(value, Value::List(_) | Value::Object(_)) {
            return None;
        }
        let hash = hash_all([value], hashers);
        self.elements.find(hash, |element| element.has(hash, value))
    }
}

impl Element {
    fn has(&self, hash: u64, value: &Value) -> bool {
        self.hash == hash && equal(&self.value, value)
    }
}

/// Whether a conjunction must be looked at for every event with its key (without an element), or for every string.
fn is_scanned(conjunction: &Conjunction) -> bool {
    conjunction.element().is_none_or(|condition| {
        condition.operator == Operator::Contains && condition.values.iter().any(|value| matches!(value, Value::String(_)))
    })
}

fn elements(conjunction: &Conjunction) -> impl Iterator<Item = &Value> {
    conjunction.element().into_iter().flat_map(|condition| distinct(&condition.values))
}

fn hash_all<'a>(values: impl IntoIterator<Item = &'a Value>, hashers: &RandomState) -> u64 {
    let mut state = hashers.build_hasher();
    for value in values {
        hash_value(value, hashers, &mut state);
    }
    state.finish()
}

/// A set of candidates. Most hold one.
#[derive(Debug, Default)]
enum Candidates {
    #[default]
    None,
    One(Candidate),
    Many(Box<IndexSet<Candidate>>),
}

impl Candidates {
    fn insert(&mut self, candidate: Candidate) {
        match self {
            Candidates::None => *self = Candidates::One(candidate),
            Candidates::One(first) => *self = Candidates::Many(Box::new(IndexSet::from([*first, candidate]))),
            Candidates::Many(set) => {
                set.insert(candidate);
            }
        }
    }

    fn remove(&mut self, candidate: Candidate) {
        match self {
            Candidates::One(only) if *only == candidate => *self = Candidates::None,
            Candidates::Many(set) => {
                set.swap_remove(&candidate);
                if set.is_empty() {
                    *self = Candidates::None;
                }
            }
            _ => {}
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Candidates::None)
    }

    fn each(&self, mut call: impl FnMut(Candidate)) {
        match self {
            Candidates::None => {}
            Candidates::One(candidate) => call(*candidate),
            Candidates::Many(set) => set.iter().copied().for_each(call),
        }
    }
}
