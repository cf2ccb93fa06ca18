//! Which subscriptions want an event?
//!
//! When a mutation has succeeded, AppSync compares its result with the arguments of every subscription to it, or with the
//! enhanced filter that the subscription's resolver set. An [`Index`] answers that for tens of thousands of subscriptions at the
//! price of those that match: it groups matchers by the members they compare and finds the values there by hash. Invalidation
//! is the same question with other words: the event is the payload of `extensions.invalidateSubscriptions`, the matchers are
//! the invalidation filters, in an index of their own.
//!
//! Start at [`Index`]; [`Matcher`] says what a subscription wants, [`FilterGroup::parse`] reads a filter and names the limit it
//! breaks. What an operator means is told in `condition`, what is looked up and what is looked at one by one in `groups`.
//!
//! This crate knows no GraphQL, no sockets and no ids: the caller names a field, hands in the mutation's result by the names of
//! its fields, and chooses what an id is.
//!
//! ```
//! use subscription_index::{Index, Matcher, Matches};
//! use value::value;
//!
//! let index = Index::new();
//! let room = value!({"room": "lobby"});
//! index.insert(1, "onMessage", Matcher::Arguments(room.as_object().cloned().unwrap_or_default()));
//! index.insert(2, "onMessage", Matcher::all());
//!
//! let mut matches = Matches::new();
//! index.find("onMessage", &value!({"room": "cellar", "text": "Hello?"}), &mut matches);
//! assert!(matches.iter().eq(&[2]));
//! ```

mod condition;
mod equality;
mod field;
mod filter;
mod groups;
mod ids;
mod matcher;

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use value::Value;

pub use condition::Operator;
pub use filter::{Error, FilterGroup, MAX_CONTAINS_ANY_VALUES, MAX_DEPTH, MAX_FIELDS, MAX_FILTERS, MAX_IN_VALUES, MAX_STRING};
pub use ids::Matches;
pub use matcher::Matcher;

use field::Field;
use matcher::Plan;

/// How many threads can insert and remove at a time without meeting; a power of two.
const DIRECTORIES: usize = 16;

/// Subscriptions by field and by what they want.
///
/// An `Id` is cloned when it is given out alone, so it should be a number or an `Arc`. All methods may be called from any
/// thread. The locks of one field never delay another one, and none is held while a caller looks at what it got.
///
/// What an event costs does not depend on the subscriptions that it does not match, with these exceptions: each set of members
/// that the field's subscriptions compare costs one look-up, and conditions that no table can answer for (see the crate's
/// `groups` module) are looked at one by one, among those subscriptions whose other conditions hold.
#[derive(Debug)]
pub struct Index<Id> {
    /// The field that an id is in. Its lock is taken first and held for the whole change, so that changes of one id come one
    /// after the other.
    directories: [Mutex<HashMap<Id, Arc<Field<Id>>>>; DIRECTORIES],
    fields: RwLock<HashMap<Box<str>, Arc<Field<Id>>>>,
    /// Keys come from clients: they must not be able to choose them so that they collide.
    hashers: RandomState,
    len: AtomicUsize,
}

impl<Id: Clone + Eq + Hash> Index<Id> {
    /// An index without subscriptions.
    #[must_use]
    pub fn new() -> Self {
        Index {
            directories: std::array::from_fn(|_| Mutex::default()),
            fields: RwLock::default(),
            hashers: RandomState::new(),
            len: AtomicUsize::new(0),
        }
    }

    /// Enters a subscription. Once this returns, every later event is matched against it. An id that is in already leaves its
    /// former place; the answer is whether there was one.
    pub fn insert(&self, id: Id, field: &str, matcher: Matcher) -> bool {
        let plan = Plan::new(matcher);
        let mut directory = self.directory(&id);
        let former = directory.remove(&id);
        if let Some(former) = &former {
            self.leave(&id, former);
        }
        let field = self.enter(id.clone(), field, plan);
        directory.insert(id, field);
        self.len.fetch_add(1, Ordering::Relaxed);
        former.is_some()
    }

    /// Takes a subscription out; the answer is whether it was in. An event that is being matched meanwhile may still find it.
    pub fn remove(&self, id: &Id) -> bool {
        let mut directory = self.directory(id);
        let Some(field) = directory.remove(id) else { return false };
        self.leave(id, &field);
        true
    }

    /// Replaces `matches` by the ids of all subscriptions to a field that want an event, each once.
    ///
    /// No lock is held any more when this returns.
    pub fn find(&self, field: &str, event: &Value, matches: &mut Matches<Id>) {
        matches.clear();
        let field = self.fields.read().unwrap_or_else(PoisonError::into_inner).get(field).cloned();
        if let Some(field) = field {
            field.find(event, &self.hashers, matches);
        }
    }

    /// As [`find`](Self::find), calling with each id; no lock is held during the calls.
    pub fn matches(&self, field: &str, event: &Value, call: impl FnMut(&Id)) {
        let mut matches = Matches::new();
        self.find(field, event, &mut matches);
        matches.iter().for_each(call);
    }

    /// Whether anybody has subscribed to a field: if not, an event need not be made.
    #[must_use]
    pub fn has_field(&self, field: &str) -> bool {
        self.fields.read().unwrap_or_else(PoisonError::into_inner).contains_key(field)
    }

    /// How many subscriptions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// Whether there is no subscription.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn directory(&self, id: &Id) -> MutexGuard<'_, HashMap<Id, Arc<Field<Id>>>> {
        #[expect(clippy::cast_possible_truncation, reason = "any bits of the hash will do")]
        let at = self.hashers.hash_one(id) as usize % DIRECTORIES;
        self.directories[at].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, id: Id, name: &str, plan: Plan) -> Arc<Field<Id>> {
        {
            let fields = self.fields.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(field) = fields.get(name) {
                // Still under the lock: a field without subscriptions would otherwise be dropped meanwhile.
                field.insert(id, plan, &self.hashers);
                return Arc::clone(field);
            }
        }
        let mut fields = self.fields.write().unwrap_or_else(PoisonError::into_inner);
        let field = fields.entry(name.into()).or_insert_with(|| Arc::new(Field::new(name)));
        field.insert(id, plan, &self.hashers);
        Arc::clone(field)
    }

    fn leave(&self, id: &Id, field: &Arc<Field<Id>>) {
        field.remove(id, &self.hashers);
        self.len.fetch_sub(1, Ordering::Relaxed);
        if field.is_empty() {
            let mut fields = self.fields.write().unwrap_or_else(PoisonError::into_inner);
            // Somebody may have entered, or dropped it already.
            if fields.get(&field.name).is_some_and(|known| Arc::ptr_eq(known, field) && known.is_empty()) {
                fields.remove(&field.name);
            }
        }
    }
}

impl<Id: Clone + Eq + Hash> Default for Index<Id> {
    fn default() -> Self {
        Index::new()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use value::value;

    use super::*;

    const FIELD: &str = "onMessage";

    fn arguments(arguments: &Value) -> Matcher {
        Matcher::Arguments(arguments.as_object().cloned().expect("an object"))
    }

    fn filter(group: Value) -> Matcher {
        Matcher::Filter(FilterGroup::parse(&value!({"filterGroup": group})).expect("a filter"))
    }

    fn found(index: &Index<u32>, event: &Value) -> Vec<u32> {
        let mut ids = Vec::new();
        index.matches(FIELD, event, |id| ids.push(*id));
        ids.sort_unstable();
        ids
    }

    /// Matchers numbered from 0, and events with the numbers of those that want them.
    fn check(matchers: &[Matcher], events: &[(Value, &[u32])]) {
        let index = Index::new();
        for (id, matcher) in (0..).zip(matchers) {
            assert!(!index.insert(id, FIELD, matcher.clone()));
        }
        for (event, expected) in events {
            assert_eq!(found(&index, event), *expected, "{event}");
            for (id, matcher) in (0..).zip(matchers) {
                assert_eq!(matcher.matches(event), expected.contains(&id), "{id} by itself on {event}");
            }
        }
        for id in (0..).take(matchers.len()) {
            assert!(index.remove(&id));
            assert!(!index.remove(&id));
        }
        assert!(index.is_empty() && !index.has_field(FIELD));
    }

    #[test]
    fn all_arguments_must_equal_the_event() {
        check(
            &[
                Matcher::all(),
                arguments(&value!({"a": 1})),
                arguments(&value!({"a": 1, "b": "x"})),
                arguments(&value!({"a": null})),
                arguments(&value!({"a": null, "b": "x"})),
                arguments(&value!({"c": [1, {"d": 2}]})),
            ],
            &[
                (value!({"a": 1.0, "b": "y"}), &[0, 1]),
                (value!({"a": 1, "b": "x"}), &[0, 1, 2]),
                (value!({"a": null}), &[0, 3]),
                (value!({"b": "x"}), &[0, 3, 4]),
                (value!({"a": "1"}), &[0]),
                (value!({"a": 2, "c": [1, {"d": 2.0}]}), &[0, 5]),
                (value!(null), &[0, 3]),
                (value!([{"a": 1}]), &[0, 3]),
            ],
        );
    }

    #[test]
    fn one_filter_of_a_group_is_enough_and_counts_once() {
        check(
            &[
                filter(value!([
                    {"filters": [{"fieldName": "severity", "operator": "ge", "value": 7}, {"fieldName": "priority", "operator": "in", "value": ["high", "medium"]}]},
                    {"filters": [{"fieldName": "category", "operator": "eq", "value": "security"}, {"fieldName": "group", "operator": "in", "value": ["admin", "operators"]}]},
                    {"filters": [{"fieldName": "location.address.country", "operator": "eq", "value": "USA"}]}
                ])),
                filter(Value::List(Default::default())),
            ],
            &[
                (value!({"severity": 7, "priority": "medium"}), &[0, 1]),
                (value!({"severity": 6, "priority": "medium"}), &[1]),
                (
                    value!({"severity": 9, "priority": "high", "category": "security", "group": "admin", "location": {"address": {"country": "USA"}}}),
                    &[0, 1],
                ),
                (value!({"location": {"address": null}}), &[1]),
                (value!([{"severity": 7, "priority": "medium"}]), &[]),
            ],
        );
    }

    #[test]
    fn elements_are_found_in_lists_strings_and_single_items() {
        let on = |field: &str, operator: &str, value: Value| {
            filter(
                value!([{"filters": [{"fieldName": "tenant", "operator": "eq", "value": "t"}, {"fieldName": field, "operator": operator, "value": value}]}]),
            )
        };
        check(
            &[
                on("members", "contains", value!("ann")),
                on("members", "containsAny", value!(["ann", "bob"])),
                on("members", "contains", value!(1)),
                on("members", "notContains", value!("ann")),
                filter(
                    value!([{"filters": [{"fieldName": "members", "operator": "contains", "value": "n"}, {"fieldName": "other", "operator": "contains", "value": "o"}]}]),
                ),
            ],
            &[
                (value!({"tenant": "t", "members": ["ann", "ann", "bob"]}), &[0, 1]),
                (value!({"tenant": "u", "members": ["ann"]}), &[]),
                (value!({"tenant": "t", "members": "joann", "other": "ooo"}), &[0, 4]),
                (value!({"tenant": "t", "members": "bob"}), &[1, 3]),
                (value!({"tenant": "t", "members": 1.0}), &[2, 3]),
                (value!({"tenant": "t", "members": [1, ["ann"], {"ann": 1}]}), &[2, 3]),
                (value!({"tenant": "t", "members": null}), &[3]),
                (value!({"tenant": "t"}), &[]),
                (value!({"members": ["n"], "other": ["o"]}), &[4]),
            ],
        );
    }

    #[test]
    fn every_combination_of_two_in_is_found() {
        check(
            &[filter(value!([{"filters": [
                {"fieldName": "a", "operator": "in", "value": [1, 2, 2.0, 3]}, {"fieldName": "b", "operator": "in", "value": ["x", "y"]}
            ]}]))],
            &[
                (value!({"a": 1, "b": "x"}), &[0]),
                (value!({"a": 1, "b": "y"}), &[0]),
                (value!({"a": 2, "b": "x"}), &[0]),
                (value!({"a": 2, "b": "y"}), &[0]),
                (value!({"a": 3, "b": "x"}), &[0]),
                (value!({"a": 3, "b": "y"}), &[0]),
                (value!({"a": 3, "b": "z"}), &[]),
                (value!({"a": 3}), &[]),
            ],
        );
    }

    #[test]
    fn a_filter_and_arguments_of_the_same_words_stay_apart() {
        let same = filter(value!([{"filters": [{"fieldName": "a", "operator": "eq", "value": 1}]}]));
        check(
            &[arguments(&value!({"a": 1})), same, Matcher::all(), filter(Value::List(Default::default()))],
            &[(value!({"a": 1}), &[0, 1, 2, 3]), (value!({"a": null}), &[2, 3]), (value!([{"a": 1}]), &[2])],
        );
    }

    #[test]
    fn the_same_wish_is_one_entry_and_nothing_is_left_behind() {
        let index = Index::new();
        let wishes = |id: u32| match id % 3 {
            0 => Matcher::all(),
            1 => arguments(&value!({"a": 1.0, "b": (id % 2)})),
            _ => filter(value!([{"filters": [{"fieldName": "a", "operator": "containsAny", "value": [1, 2]}]}])),
        };
        (0..3_000).for_each(|id| {
            index.insert(id, FIELD, wishes(id));
        });
        let field = index.fields.read().expect("not poisoned").get(FIELD).cloned().expect("subscribed to");
        assert_eq!(field.sizes(), (4, 3, 3_000));
        let expected: Vec<u32> = (0..3_000).filter(|id| id % 3 == 0 || id % 3 == 2 || id % 2 == 0).collect();
        assert_eq!(found(&index, &value!({"a": 1, "b": 0})), expected);
        (0..3_000).rev().step_by(2).chain((0..3_000).step_by(2)).for_each(|id| assert!(index.remove(&id)));
        assert_eq!((field.sizes(), index.len()), ((0, 0, 0), 0));
        assert!(!index.has_field(FIELD));
    }

    #[test]
    fn an_id_that_comes_again_moves() {
        let index = Index::new();
        assert!(!index.insert(1, FIELD, Matcher::all()));
        assert!(index.insert(1, FIELD, arguments(&value!({"a": 1}))));
        assert_eq!((found(&index, &value!({})), found(&index, &value!({"a": 1}))), (vec![], vec![1]));
        assert!(index.insert(1, "onOther", Matcher::all()));
        assert_eq!((found(&index, &value!({"a": 1})), index.len(), index.has_field(FIELD)), (vec![], 1, false));
    }

    #[test]
    fn a_subscription_is_found_from_the_moment_it_is_in() {
        const THREADS: u32 = 4;
        const ROUNDS: u32 = 300;
        let (index, barrier) = (Index::new(), Barrier::new(THREADS as usize));
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (index, barrier) = (&index, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let mut matches = Matches::new();
                    for round in 0..ROUNDS {
                        let id = thread * ROUNDS + round;
                        let (matcher, event) = match round % 3 {
                            0 => (Matcher::all(), value!({})),
                            1 => (arguments(&value!({"a": id})), value!({"a": id})),
                            _ => (arguments(&value!({"a": thread})), value!({"a": thread})),
                        };
                        // Fields come and go with their only subscription.
                        let field = if round % 2 == 0 { FIELD } else { "onOther" };
                        index.insert(id, field, matcher);
                        index.find(field, &event, &mut matches);
                        assert_eq!(matches.iter().filter(|other| **other == id).count(), 1);
                        assert!(index.remove(&id));
                        index.find(field, &event, &mut matches);
                        assert!(matches.iter().all(|other| *other != id));
                    }
                });
            }
        });
        assert!(index.is_empty() && !index.has_field(FIELD) && !index.has_field("onOther"));
    }
}
