//! `util.list.*` and `util.map.*`.

use std::cmp::Ordering;
use std::collections::HashSet;

use value::{Number, Object, Value};

use crate::arguments::Arguments;
use crate::{Failure, Session, Utility};

pub(crate) const TABLE: &[Utility] = &[
    Utility::vtl("list.copyAndRetainAll", |_, values| copy_list("list.copyAndRetainAll", values, true)),
    Utility::vtl("list.copyAndRemoveAll", |_, values| copy_list("list.copyAndRemoveAll", values, false)),
    Utility::vtl("list.sortList", sort_list),
    Utility::vtl("map.copyAndRetainAllKeys", |_, values| copy_map("map.copyAndRetainAllKeys", values, true)),
    Utility::vtl("map.copyAndRemoveAllKeys", |_, values| copy_map("map.copyAndRemoveAllKeys", values, false)),
];

/// "Only lists containing a maximum of 1000 objects are supported" (developer guide, `$util.list.sortList`).
const MAX_SORTED: usize = 1_000;

fn copy_list(name: &'static str, values: &[Value], keep: bool) -> Result<Value, Failure> {
    let arguments = Arguments::new(name, values);
    let (list, other) = (arguments.list(0)?, arguments.list(1)?);
    // By text, so that two long lists do not take quadratic time.
    let other: HashSet<String> = other.iter().map(Value::to_json).collect();
    Ok(list.iter().filter(|item| other.contains(&item.to_json()) == keep).cloned().collect())
}

fn copy_map(name: &'static str, values: &[Value], keep: bool) -> Result<Value, Failure> {
    let arguments = Arguments::new(name, values);
    let (map, keys) = (arguments.object(0)?, arguments.list(1)?);
    let keys: HashSet<&str> = keys.iter().filter_map(Value::as_str).collect();
    let members = map.iter().filter(|(key, _)| keys.contains(&***key) == keep);
    Ok(members.map(|(key, value)| (key.clone(), value.clone())).collect::<Object>().into())
}

/// `sortList(list, descending, property)`: of objects by the property, of scalars by themselves; a list of mixed types is
/// returned as it is.
fn sort_list(_: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new("list.sortList", values);
    let (list, descending) = (arguments.list(0)?, arguments.bool(1)?);
    let property = arguments.optional_str(2)?.unwrap_or_default();
    if list.len() > MAX_SORTED {
        return Err(arguments.refuse(format!("sortList supports at most {MAX_SORTED} items, the list has {}", list.len())));
    }
    let key = |item: &Value| match item {
        Value::Object(object) => object.get(property).cloned().unwrap_or_default(),
        other => other.clone(),
    };
    let mut keyed: Vec<(Value, Value)> = list.iter().map(|item| (key(item), item.clone())).collect();
    let same_kind = list.windows(2).all(|pair| pair[0].kind() == pair[1].kind())
        && keyed.windows(2).all(|pair| pair[0].0.kind() == pair[1].0.kind());
    if !same_kind {
        return Ok(arguments.get(0).clone());
    }
    keyed.sort_by(|a, b| if descending { compare(&b.0, &a.0) } else { compare(&a.0, &b.0) });
    Ok(keyed.into_iter().map(|(_, item)| item).collect())
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => compare_numbers(a, b),
        (Value::String(a), Value::String(b)) => a.encode_utf16().cmp(b.encode_utf16()),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}

/// By value: exact for integers, else as doubles.
pub(crate) fn compare_numbers(a: &Number, b: &Number) -> Ordering {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.as_f64().total_cmp(&b.as_f64()),
    }
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;
    use crate::testing::{call, check};

    #[test]
    fn lists_and_maps_are_copied_in_part() {
        let letters = value!(["a", "b", "c", "d"]);
        let other = value!(["c", "a", "z"]);
        check(&[
            ("list.copyAndRetainAll", vec![letters.clone(), other.clone()], value!(["a", "c"])),
            ("list.copyAndRemoveAll", vec![letters, other], value!(["b", "d"])),
            ("map.copyAndRetainAllKeys", vec![value!({"a": 1, "b": 2}), value!(["a", "z"])], value!({"a": 1})),
            ("map.copyAndRemoveAllKeys", vec![value!({"a": 1, "b": 2}), value!(["a", "z"])], value!({"b": 2})),
        ]);
    }

    #[test]
    fn lists_are_sorted_unless_mixed() {
        check(&[
            ("list.sortList", vec![value!([3, 1, 2]), value!(false), value!("any")], value!([1, 2, 3])),
            ("list.sortList", vec![value!(["a", "c", "b"]), value!(true), value!("any")], value!(["c", "b", "a"])),
            ("list.sortList", vec![value!([3, "1", 2]), value!(false), value!("any")], value!([3, "1", 2])),
            (
                "list.sortList",
                vec![value!([{"n": 2}, {"n": 10}, {"n": 1.5}]), value!(false), value!("n")],
                value!([{"n": 1.5}, {"n": 2}, {"n": 10}]),
            ),
        ]);
        let long: Value = (0..1_001).collect();
        assert!(matches!(call("list.sortList", &[long, value!(true), value!("x")]), Err(Failure::Invalid { .. })));
    }
}
