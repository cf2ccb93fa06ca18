//! Dots in the names of events. EventBridge joins the names on the way to a value with dots, so `{"a.b": 1}` and
//! `{"a": {"b": 1}}` are one event to it. Here the first form is turned into the second, for the few events that have it.

use value::{MAX_DEPTH, Object, Value};

/// The object with every dotted name spread into objects; `None` when there is none to spread.
pub(crate) fn spread(object: &Object) -> Option<Object> {
    has_dots(object).then(|| spread_object(object, 0))
}

fn has_dots(object: &Object) -> bool {
    object.iter().any(|(name, value)| name.contains('.') || value_has_dots(value))
}

fn value_has_dots(value: &Value) -> bool {
    match value {
        Value::Object(object) => has_dots(object),
        Value::List(items) => items.iter().any(value_has_dots),
        _ => false,
    }
}

/// `depth` counts the names on the way here. Below as many as a pattern can have, nothing matters; without a bound, names of many
/// dots inside of each other would become a tree too deep for the stack.
fn spread_object(object: &Object, depth: usize) -> Object {
    let mut out = Object::with_capacity(object.len());
    for (name, value) in object {
        let depth = depth + 1 + name.matches('.').count();
        if depth > MAX_DEPTH {
            continue;
        }
        let value = spread_value(value, depth);
        let mut parts = name.rsplit('.');
        let mut inner = value;
        let mut outermost = parts.next().unwrap_or_default();
        for part in parts {
            let mut wrapped = Object::with_capacity(1);
            wrapped.insert(outermost, inner);
            inner = Value::from(wrapped);
            outermost = part;
        }
        merge(&mut out, outermost, inner);
    }
    out
}

fn spread_value(value: &Value, depth: usize) -> Value {
    match value {
        Value::Object(object) => Value::from(spread_object(object, depth)),
        Value::List(items) => items.iter().map(|item| spread_value(item, depth)).collect::<Vec<_>>().into(),
        other => other.clone(),
    }
}

/// Adds a member beside those that are there. Two objects become one; anything else stands side by side, as in an array.
fn merge(out: &mut Object, name: &str, value: Value) {
    match (out.get_mut(name), value) {
        (None, value) => {
            out.insert(name, value);
        }
        (Some(Value::Object(known)), Value::Object(more)) => {
            let known = std::sync::Arc::make_mut(known);
            for (name, value) in more.iter() {
                merge(known, name, value.clone());
            }
        }
        (Some(Value::List(known)), value) => std::sync::Arc::make_mut(known).push(value),
        (Some(known), value) => *known = Value::from(vec![std::mem::take(known), value]),
    }
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    #[test]
    fn dotted_names_become_objects() {
        for (event, expected) in [
            (value!({"a": {"b": 1}}), None),
            (value!({"a.b": 1}), Some(value!({"a": {"b": 1}}))),
            (value!({"a.b": 1, "a": {"c": 2}}), Some(value!({"a": {"b": 1, "c": 2}}))),
            (value!({"a": 1, "a.b": 2}), Some(value!({"a": [1, {"b": 2}]}))),
            (value!({"a": 1, "a.b": 2, "a.c": 3}), Some(value!({"a": [1, {"b": 2}, {"c": 3}]}))),
            (value!({"l": [{"x.y": 1}]}), Some(value!({"l": [{"x": {"y": 1}}]}))),
        ] {
            let object = event.as_object().expect("an object");
            assert_eq!(spread(object).map(Value::from), expected, "{event}");
        }
    }

    #[test]
    fn names_of_dots_alone_are_bounded() {
        let mut object = Object::new();
        object.insert(".".repeat(500_000), 1);
        assert_eq!(spread(&object), Some(Object::new()));
    }

    #[test]
    fn what_comes_out_is_not_deeper_than_a_pattern() {
        let name = "a.".repeat(150) + "a";
        let mut value = Value::from(1);
        for _ in 0..150 {
            let mut object = Object::new();
            object.insert(name.as_str(), value);
            value = object.into();
        }
        let spread = spread(value.as_object().expect("an object")).expect("dots");
        assert!(Value::from(spread).depth_up_to(2 * MAX_DEPTH) <= MAX_DEPTH);
        let mut wide = Object::new();
        wide.insert("a", 1);
        (0..20_000).for_each(|at| {
            wide.insert(format!("a.b{at}"), at);
        });
        let spread = super::spread(&wide).expect("dots");
        assert!(Value::from(spread).depth_up_to(10) <= 3);
    }
}
