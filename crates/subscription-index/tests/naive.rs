//! The index against a matcher that knows no index: every subscription looked at with every event.
//!
//! The naive side reads the filters as JSON once more and judges with numbers as doubles, so that it shares nothing with the
//! index but the rules. Names and values are few, so that much matches, repeats and collides.

use std::cmp::Ordering;

use proptest::prelude::*;
use subscription_index::{FilterGroup, Index, Matcher, Matches, Operator};
use value::{Object, Value, value};

const FIELDS: [&str; 2] = ["onMessage", "onOther"];
const PATHS: [&str; 5] = ["a", "b", "c", "c.d", "c.e.a"];

/// What a subscription was given.
#[derive(Clone, Debug)]
enum Wish {
    Arguments(Value),
    Filter(Value),
}

#[derive(Clone, Debug)]
enum Step {
    Insert { id: u8, field: usize, wish: Wish },
    Remove { id: u8 },
    Event { field: usize, event: Value },
}

fn scalar() -> impl Strategy<Value = Value> {
    const TEXTS: &[&str] = &["", "a", "b", "ab", "ba", "1"];
    const NUMBERS: &[&str] = &["0", "1", "1.0", "10e-1", "2", "1.5", "-1"];
    prop_oneof![
        prop::sample::select(TEXTS).prop_map(|text| value!(text)),
        prop::sample::select(NUMBERS).prop_map(|text| Value::parse(text.as_bytes()).expect("a number")),
    ]
}

fn member() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![8 => scalar(), 1 => any::<bool>().prop_map(Value::from), 1 => Just(Value::Null)];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| items.into_iter().collect::<Value>()),
            object(inner),
        ]
    })
}

fn object(member: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec!["a", "b", "c", "d", "e"]);
    prop::collection::vec((names, member), 0..5).prop_map(|members| Value::from(members.into_iter().collect::<Object>()))
}

fn condition() -> impl Strategy<Value = Value> {
    // Those that are looked up come more often: their combinations are what can go wrong.
    let looked_up = [Operator::Eq, Operator::In, Operator::In, Operator::Contains, Operator::ContainsAny];
    let operators = prop::sample::select(Operator::ALL.into_iter().chain(looked_up).map(Operator::name).collect::<Vec<_>>());
    (prop::sample::select(&PATHS[..]), operators, prop::collection::vec(scalar(), 2..4), any::<bool>()).prop_map(
        |(path, operator, values, other)| {
            let value = match operator {
                "in" | "notIn" | "containsAny" => values.into_iter().collect(),
                "between" if values[0].kind() == values[1].kind() => value!([(values[0].clone()), (values[1].clone())]),
                "between" => value!([0, 2]),
                "beginsWith" if values[0].as_str().is_none() => value!("a"),
                "eq" | "ne" if other => value!(true),
                _ => values[0].clone(),
            };
            value!({"fieldName": path, "operator": operator, "value": value})
        },
    )
}

fn filter() -> impl Strategy<Value = Value> {
    let filter = prop::collection::vec(condition(), 1..4).prop_map(|mut conditions| {
        let mut seen: Vec<Value> = Vec::new();
        conditions.retain(|condition| {
            let name = condition.at(&["fieldName"]).clone();
            let new = !seen.contains(&name);
            seen.push(name);
            new
        });
        value!({"filters": (conditions.into_iter().collect::<Value>())})
    });
    prop::collection::vec(filter, 0..4).prop_map(|filters| value!({"filterGroup": (filters.into_iter().collect::<Value>())}))
}

fn step() -> impl Strategy<Value = Step> {
    let wish = prop_oneof![object(member()).prop_map(Wish::Arguments), filter().prop_map(Wish::Filter)];
    let event = prop_oneof![9 => object(member()), 1 => member()];
    prop_oneof![
        3 => (0..40_u8, 0..2_usize, wish).prop_map(|(id, field, wish)| Step::Insert { id, field, wish }),
        1 => (0..40_u8).prop_map(|id| Step::Remove { id }),
        3 => (0..2_usize, event).prop_map(|(field, event)| Step::Event { field, event }),
    ]
}

/// Equality as the rules have it, by doubles.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other.iter()).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len() && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

fn judge(operator: &str, member: &Value, value: &Value) -> bool {
    let listed = |item: &Value| value.as_list().expect("a list").iter().any(|value| same(value, item));
    let compared = |value: &Value| match (member, value) {
        (Value::Number(member), Value::Number(value)) => member.as_f64().partial_cmp(&value.as_f64()),
        (Value::String(member), Value::String(value)) => Some(member.chars().cmp(value.chars())),
        _ => None,
    };
    let contained = || match member {
        Value::List(items) => items.iter().any(|item| same(item, value)),
        Value::String(member) if value.as_str().is_some() => member.contains(value.as_str().expect("checked")),
        member => same(member, value),
    };
    match operator {
        "eq" => same(member, value),
        "ne" => !same(member, value),
        "lt" => compared(value).is_some_and(Ordering::is_lt),
        "le" => compared(value).is_some_and(Ordering::is_le),
        "gt" => compared(value).is_some_and(Ordering::is_gt),
        "ge" => compared(value).is_some_and(Ordering::is_ge),
        "in" => listed(member),
        "notIn" => !listed(member),
        "between" => {
            let pair = value.as_list().expect("a pair");
            compared(&pair[0]).is_some_and(Ordering::is_gt) && compared(&pair[1]).is_some_and(Ordering::is_lt)
        }
        "contains" => contained(),
        "notContains" => !contained(),
        "beginsWith" => member.as_str().is_some_and(|member| member.starts_with(value.as_str().expect("a string"))),
        "containsAny" => match member {
            Value::List(items) => items.iter().any(listed),
            member => listed(member),
        },
        operator => panic!("{operator}"),
    }
}

fn wants(wish: &Wish, event: &Value) -> bool {
    match wish {
        Wish::Arguments(arguments) => {
            arguments.as_object().expect("an object").iter().all(|(name, argument)| match event.get(name) {
                Some(member) => same(member, argument),
                None => argument.is_null(),
            })
        }
        Wish::Filter(filter) => {
            let group = filter.at(&["filterGroup"]).as_list().expect("a group");
            let holds = |condition: &Value| {
                let mut path = condition.at(&["fieldName"]).as_str().expect("a name").split('.');
                let member = path.try_fold(event, |value, name| value.get(name));
                let operator = condition.at(&["operator"]).as_str().expect("an operator");
                member.is_some_and(|member| judge(operator, member, condition.at(&["value"])))
            };
            let all = |filter: &Value| filter.at(&["filters"]).as_list().expect("conditions").iter().all(holds);
            event.as_list().is_none() && (group.is_empty() || group.iter().any(all))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn the_index_finds_what_a_look_at_everything_finds(steps in prop::collection::vec(step(), 1..120)) {
        let index = Index::new();
        let mut all: Vec<(u8, usize, Wish, Matcher)> = Vec::new();
        let mut matches = Matches::new();
        for step in steps {
            match step {
                Step::Insert { id, field, wish } => {
                    let matcher = match &wish {
                        Wish::Arguments(arguments) => Matcher::Arguments(arguments.as_object().cloned().expect("an object")),
                        Wish::Filter(filter) => match FilterGroup::parse(filter) {
                            Ok(group) => Matcher::Filter(group),
                            // Some filters with two `in` each come to more than ten.
                            Err(error) => {
                                prop_assert!(error.to_string().starts_with("Filters combination exceed"), "{}", error);
                                continue;
                            }
                        },
                    };
                    let known = all.iter().position(|(other, ..)| *other == id);
                    known.map(|at| all.swap_remove(at));
                    prop_assert_eq!(index.insert(id, FIELDS[field], matcher.clone()), known.is_some());
                    all.push((id, field, wish, matcher));
                }
                Step::Remove { id } => {
                    let known = all.iter().position(|(other, ..)| *other == id);
                    known.map(|at| all.swap_remove(at));
                    prop_assert_eq!(index.remove(&id), known.is_some());
                }
                Step::Event { field, event } => {
                    index.find(FIELDS[field], &event, &mut matches);
                    let mut found: Vec<u8> = matches.iter().copied().collect();
                    found.sort_unstable();
                    let mut expected = Vec::new();
                    for (id, other, wish, matcher) in &all {
                        prop_assert_eq!(matcher.matches(&event), wants(wish, &event), "{:?} alone on {}", wish, event);
                        if *other == field && wants(wish, &event) {
                            expected.push(*id);
                        }
                    }
                    expected.sort_unstable();
                    prop_assert_eq!(found, expected, "{}", event);
                }
            }
            prop_assert_eq!(index.len(), all.len());
        }
        for (id, ..) in all {
            prop_assert!(index.remove(&id));
        }
        prop_assert!(index.is_empty() && !FIELDS.iter().any(|field| index.has_field(field)));
    }

    #[test]
    fn any_json_is_read_or_refused(group in prop::collection::vec(member(), 0..3), wrap in any::<bool>()) {
        let group: Value = group.into_iter().collect();
        let filter = if wrap { value!({"filterGroup": [{"filters": group}]}) } else { value!({"filterGroup": group}) };
        if let Err(error) = FilterGroup::parse(&filter) {
            prop_assert!(error.to_string().contains("filter"));
        }
    }
}
