//! One condition on one member of an event, and how AppSync's operators judge it.
//!
//! From the developer guide's page on extensions: strings are compared case-sensitively, `eq` is strict (no number equals a
//! string), `between` leaves its two ends out (`[1,5]` wants 2, 3 and 4), `contains` looks for a substring of a string, for an
//! element of a list, or takes a single item for a list of one, `containsAny` for a common element.
//!
//! The guide is silent on members without a value. Here a member that the event does not have fails every operator, also the
//! negative ones: the mutation did not select it, so nobody can tell, and what cannot be judged is not delivered. The same
//! holds behind a null or a list on the path. A member that is null is there; it differs from every value, so `ne`, `notIn` and
//! `notContains` hold and nothing else does.

use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash, Hasher};

use value::{Str, Value};

use crate::equality::{equal, hash_value, order};

/// The way to a member: its name, or several for a nested one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Path(Box<[Str]>);

impl Path {
    /// A member of the event itself.
    pub(crate) fn top(name: Str) -> Path {
        Path(Box::new([name]))
    }

    /// `a.b.c`
    pub(crate) fn nested(names: &str) -> Path {
        Path(names.split('.').map(Str::from).collect())
    }

    /// How many names it has.
    pub(crate) fn depth(&self) -> usize {
        self.0.len()
    }

    /// The member of an event, if it has one there.
    #[inline]
    pub(crate) fn find<'a>(&self, event: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(event, |value, name| value.get(name))
    }
}

/// The operators of enhanced filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `eq`: the member is the value.
    Eq,
    /// `ne`: the member is another value.
    Ne,
    /// `lt`: the member is less than the value.
    Lt,
    /// `le`: the member is at most the value.
    Le,
    /// `gt`: the member is greater than the value.
    Gt,
    /// `ge`: the member is at least the value.
    Ge,
    /// `in`: the member is one of the values.
    In,
    /// `notIn`: the member is none of the values.
    NotIn,
    /// `between`: the member lies between two values.
    Between,
    /// `contains`: the member is a string with the value in it, or a list with the value among its items.
    Contains,
    /// `notContains`: the member does not contain the value.
    NotContains,
    /// `beginsWith`: the member is a string that begins with the value.
    BeginsWith,
    /// `containsAny`: the member is a list with one of the values among its items.
    ContainsAny,
}

impl Operator {
    /// All of them, in the order of the developer guide.
    pub const ALL: [Operator; 13] = [
        Operator::Eq,
        Operator::Ne,
        Operator::Le,
        Operator::Lt,
        Operator::Ge,
        Operator::Gt,
        Operator::Contains,
        Operator::NotContains,
        Operator::BeginsWith,
        Operator::In,
        Operator::NotIn,
        Operator::Between,
        Operator::ContainsAny,
    ];

    /// The name that filters use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Operator::Eq => "eq",
            Operator::Ne => "ne",
            Operator::Lt => "lt",
            Operator::Le => "le",
            Operator::Gt => "gt",
            Operator::Ge => "ge",
            Operator::In => "in",
            Operator::NotIn => "notIn",
            Operator::Between => "between",
            Operator::Contains => "contains",
            Operator::NotContains => "notContains",
            Operator::BeginsWith => "beginsWith",
            Operator::ContainsAny => "containsAny",
        }
    }
}

impl std::fmt::Display for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A member, an operator and the values it compares with: two for `between`, any number for `in`, `notIn` and `containsAny`,
/// else one.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) path: Path,
    pub(crate) operator: Operator,
    pub(crate) values: Box<[Value]>,
}

impl Condition {
    /// An argument of the subscription: a null stands for null and for absent.
    pub(crate) fn argument(name: Str, value: Value) -> Condition {
        Condition { path: Path::top(name), operator: Operator::Eq, values: Box::new([value]) }
    }

    /// Whether an event fulfils it.
    pub(crate) fn holds(&self, event: &Value) -> bool {
        match self.path.find(event) {
            Some(member) => self.passes(member),
            // Only arguments compare with null; a filter's values never are.
            None => self.operator == Operator::Eq && self.values.iter().all(Value::is_null),
        }
    }

    fn passes(&self, member: &Value) -> bool {
        let is = |wanted: &Value| equal(member, wanted);
        let ordered = |bound: &Value, pass: fn(Ordering) -> bool| order(member, bound).is_some_and(pass);
        match (self.operator, &*self.values) {
            (Operator::Eq | Operator::In, wanted) => wanted.iter().any(is),
            (Operator::Ne | Operator::NotIn, unwanted) => !unwanted.iter().any(is),
            (Operator::Lt, [bound]) => ordered(bound, Ordering::is_lt),
            (Operator::Le, [bound]) => ordered(bound, Ordering::is_le),
            (Operator::Gt, [bound]) => ordered(bound, Ordering::is_gt),
            (Operator::Ge, [bound]) => ordered(bound, Ordering::is_ge),
            (Operator::Between, [low, high]) => ordered(low, Ordering::is_gt) && ordered(high, Ordering::is_lt),
            (Operator::Contains, [wanted]) => contains(member, wanted),
            (Operator::NotContains, [unwanted]) => !contains(member, unwanted),
            (Operator::ContainsAny, wanted) => match member {
                Value::List(items) => items.iter().any(|item| wanted.iter().any(|wanted| equal(item, wanted))),
                _ => wanted.iter().any(is),
            },
            (Operator::BeginsWith, [Value::String(prefix)]) => {
                member.as_str().is_some_and(|member| member.starts_with(&**prefix))
            }
            // Whoever makes a condition sees to it that the number of values fits the operator.
            _ => false,
        }
    }

    /// Whether two conditions are one and the same.
    pub(crate) fn same(&self, other: &Condition) -> bool {
        self.operator == other.operator
            && self.path == other.path
            && self.values.len() == other.values.len()
            && self.values.iter().zip(&other.values).all(|(one, other)| equal(one, other))
    }

    /// Feeds it to a hasher, so that conditions that are the [`same`](Self::same) feed the same.
    pub(crate) fn feed(&self, hashers: &impl BuildHasher, state: &mut impl Hasher) {
        self.path.hash(state);
        self.operator.hash(state);
        state.write_usize(self.values.len());
        for value in &self.values {
            hash_value(value, hashers, state);
        }
    }
}

fn contains(member: &Value, wanted: &Value) -> bool {
    match (member, wanted) {
        (Value::List(items), _) => items.iter().any(|item| equal(item, wanted)),
        (Value::String(member), Value::String(wanted)) => member.contains(&**wanted),
        _ => equal(member, wanted),
    }
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    fn check(operator: Operator, values: Value, passing: &[Value], failing: &[Value]) {
        let values = match values {
            Value::List(values) => values.to_vec(),
            value => vec![value],
        };
        let condition = Condition { path: Path::nested("a.b"), operator, values: values.into() };
        for (members, expected) in [(passing, true), (failing, false)] {
            for member in members {
                let event = value!({"a": {"b": (member.clone())}});
                assert_eq!(condition.holds(&event), expected, "{operator} {:?} on {member}", condition.values);
            }
        }
        for event in [value!(null), value!({}), value!({"a": null}), value!({"a": {}}), value!({"a": [{"b": 1}]}), value!("a")] {
            assert!(!condition.holds(&event), "{operator} on a member that {event} does not have");
        }
    }

    #[test]
    fn operators_judge_as_the_guide_says() {
        let null = || value!(null);
        check(Operator::Eq, value!("AWS"), &[value!("AWS")], &[value!("aws"), null(), value!(["AWS"]), value!(1)]);
        check(Operator::Eq, value!(1), &[value!(1), value!(1.0)], &[value!("1"), value!(true), value!(2)]);
        check(Operator::Eq, value!(false), &[value!(false)], &[value!(true), null(), value!(0), value!("")]);
        check(Operator::Ne, value!("AWS"), &[value!("aws"), null(), value!(["AWS"]), value!(1)], &[value!("AWS")]);
        check(Operator::Lt, value!(5), &[value!(4), value!(4.9)], &[value!(5), value!(6), value!("4"), null()]);
        check(Operator::Le, value!(5), &[value!(4), value!(5.0)], &[value!(6), value!("5"), null()]);
        check(Operator::Gt, value!("b"), &[value!("c"), value!("ba")], &[value!("b"), value!("B"), value!(9), null()]);
        check(Operator::Ge, value!(5), &[value!(5), value!(5.1)], &[value!(4), value!("6"), null(), value!([6])]);
        check(Operator::In, value!([1, "a"]), &[value!(1), value!("a")], &[value!("1"), null(), value!([1])]);
        check(Operator::NotIn, value!([1, "a"]), &[value!("1"), null(), value!([1])], &[value!(1.0), value!("a")]);
        let between = [value!(2), value!(3), value!(4), value!(1.1)];
        check(Operator::Between, value!([1, 5]), &between, &[value!(1), value!(5), value!("3"), null()]);
        check(Operator::Between, value!(["a", "c"]), &[value!("b"), value!("aa")], &[value!("a"), value!("c"), value!(1)]);
    }

    #[test]
    fn containing_looks_into_strings_lists_and_single_items() {
        let null = || value!(null);
        let (with, without) =
            ([value!([9, 10]), value!(10), value!([10.0])], [value!([9]), value!("10"), Value::List(Default::default()), null()]);
        check(Operator::Contains, value!(10), &with, &without);
        check(Operator::NotContains, value!(10), &without, &with);
        let (with, without) =
            ([value!("a launch"), value!("launch"), value!(["launch"])], [value!("Launch"), value!(["a launch"]), null()]);
        check(Operator::Contains, value!("launch"), &with, &without);
        check(Operator::NotContains, value!("launch"), &without, &with);
        check(
            Operator::ContainsAny,
            value!([10, 15]),
            &[value!([10, 11]), value!([15, 20, 30]), value!(10)],
            &[value!([1]), Value::List(Default::default()), value!("10"), null(), value!([[10]])],
        );
        check(Operator::BeginsWith, value!("AWS"), &[value!("AWS AppSync"), value!("AWS")], &[value!("aws"), value!(["AWS"])]);
    }

    #[test]
    fn an_argument_that_is_null_wants_null_or_nothing() {
        let null = Condition::argument("a".into(), Value::Null);
        let one = Condition::argument("a".into(), value!(1));
        for (event, null_holds, one_holds) in [
            (value!({"a": null}), true, false),
            (value!({}), true, false),
            (value!([{"a": 1}]), true, false),
            (value!({"a": 1}), false, true),
            (value!({"a": 2}), false, false),
        ] {
            assert_eq!((null.holds(&event), one.holds(&event)), (null_holds, one_holds), "{event}");
        }
    }
}
