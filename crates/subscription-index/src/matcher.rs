//! What one subscription wants, brought to the form that the index looks it up by.

use std::hash::{BuildHasher, Hasher};

use value::{Object, Value};

use crate::condition::{Condition, Operator, Path};
use crate::equality::equal;
use crate::filter::FilterGroup;

/// Which events of its field a subscription wants.
///
/// An enhanced filter replaces the arguments, it never adds to them (developer guide, enhanced filtering).
#[derive(Clone, Debug)]
pub enum Matcher {
    /// The arguments that the client gave, by name; an omitted one must not be among them. All must equal the event's members
    /// of these names. An explicit null wants a member that is null or absent, any other value one that is there: what the
    /// mutation did not select matches nothing. Without arguments every event matches.
    Arguments(Object),
    /// The filter that the subscription's resolver set.
    Filter(FilterGroup),
}

impl Matcher {
    /// Every event: no arguments, no filter.
    #[must_use]
    pub fn all() -> Matcher {
        Matcher::Arguments(Object::new())
    }

    /// Whether an event matches.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        match self {
            Matcher::Arguments(arguments) => {
                arguments.iter().all(|(name, value)| Condition::argument(name.clone(), value.clone()).holds(event))
            }
            Matcher::Filter(group) => group.matches(event),
        }
    }
}

/// A matcher in the index's own form: one of the conjunctions must hold.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Of an enhanced filter, which no list matches.
    pub(crate) enhanced: bool,
    pub(crate) conjunctions: Box<[Conjunction]>,
}

impl Plan {
    pub(crate) fn new(matcher: Matcher) -> Plan {
        match matcher {
            Matcher::Arguments(arguments) => {
                let conditions = arguments.into_iter().map(|(name, value)| Condition::argument(name, value)).collect();
                Plan { enhanced: false, conjunctions: Box::new([Conjunction::new(conditions)]) }
            }
            Matcher::Filter(group) => Plan { enhanced: true, conjunctions: group.into_conjunctions() },
        }
    }

    /// Whether two plans want the same events for the same reason.
    pub(crate) fn same(&self, other: &Plan) -> bool {
        self.enhanced == other.enhanced
            && self.conjunctions.len() == other.conjunctions.len()
            && self.conjunctions.iter().zip(&other.conjunctions).all(|(one, other)| one.same(other))
    }

    /// A hash that is the same for plans that are the [`same`](Self::same).
    pub(crate) fn hash(&self, hashers: &impl BuildHasher) -> u64 {
        let mut state = hashers.build_hasher();
        state.write_u8(u8::from(self.enhanced));
        for conjunction in &self.conjunctions {
            state.write_usize(conjunction.conditions().count());
            conjunction.conditions().for_each(|condition| condition.feed(hashers, &mut state));
        }
        state.finish()
    }
}

/// Conditions that must all hold, sorted by what an index can do with them.
#[derive(Clone, Debug)]
pub(crate) struct Conjunction {
    /// `eq` and `in`, by path: found by hash.
    keyed: Box<[Condition]>,
    /// A `containsAny` or `contains`: found by hash of the event's elements.
    element: Option<Condition>,
    /// Everything else: looked at one by one.
    rest: Box<[Condition]>,
}

impl Conjunction {
    pub(crate) fn new(mut conditions: Vec<Condition>) -> Conjunction {
        conditions.sort_by(|one, other| one.path.cmp(&other.path));
        let (keyed, mut rest): (Vec<_>, Vec<_>) =
            conditions.into_iter().partition(|condition| matches!(condition.operator, Operator::Eq | Operator::In));
        let element = rest.iter().position(|condition| matches!(condition.operator, Operator::Contains | Operator::ContainsAny));
        let element = element.map(|at| rest.remove(at));
        Conjunction { keyed: keyed.into(), element, rest: rest.into() }
    }

    pub(crate) fn holds(&self, event: &Value) -> bool {
        self.conditions().all(|condition| condition.holds(event))
    }

    /// Whether the conditions hold that no table answers for.
    #[inline]
    pub(crate) fn rest_holds(&self, event: &Value) -> bool {
        self.rest.iter().all(|condition| condition.holds(event))
    }

    /// The condition whose values are looked up as elements.
    pub(crate) fn element(&self) -> Option<&Condition> {
        self.element.as_ref()
    }

    /// The paths whose values are a key.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.keyed.iter().map(|condition| &condition.path)
    }

    /// Calls with every key under which an event can fulfil this: the combinations of the values of `in`.
    pub(crate) fn each_key(&self, mut call: impl FnMut(&[Value])) {
        let choices: Vec<Vec<&Value>> = self.keyed.iter().map(|condition| distinct(&condition.values).collect()).collect();
        let mut chosen = vec![0; choices.len()];
        loop {
            let key: Vec<Value> = choices.iter().zip(&chosen).map(|(values, at)| values[*at].clone()).collect();
            call(&key);
            // The next combination, counted like digits.
            let Some(place) = (0..choices.len()).rfind(|place| chosen[*place] + 1 < choices[*place].len()) else { return };
            chosen[place] += 1;
            chosen[place + 1..].fill(0);
        }
    }

    fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.keyed.iter().chain(&self.element).chain(&self.rest)
    }

    fn same(&self, other: &Conjunction) -> bool {
        self.conditions().count() == other.conditions().count()
            && self.conditions().zip(other.conditions()).all(|(one, other)| one.same(other))
    }
}

/// The values without repetitions; lists are short.
pub(crate) fn distinct(values: &[Value]) -> impl Iterator<Item = &Value> {
    values
        .iter()
        .enumerate()
        .filter(|(at, value)| !values[..*at].iter().any(|earlier| equal(earlier, value)))
        .map(|(_, value)| value)
}
