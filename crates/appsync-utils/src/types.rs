//! Questions about a value's type, and defaults: `isNull`, `typeOf`, `defaultIfNull` and their kin; `qr` and `quiet`.

use value::Value;

use crate::arguments::Arguments;
use crate::{Failure, Session, Utility};

pub(crate) const TABLE: &[Utility] = &[
    Utility::vtl("qr", |_, _| Ok("".into())),
    Utility::vtl("quiet", |_, _| Ok("".into())),
    Utility::vtl("isNull", |_, values| test(values, Value::is_null)),
    Utility::vtl("isNullOrEmpty", |_, values| test(values, is_null_or_empty)),
    Utility::vtl("isNullOrBlank", |_, values| test(values, is_null_or_blank)),
    Utility::vtl("defaultIfNull", |_, values| default_if(values, Value::is_null)),
    Utility::vtl("defaultIfNullOrEmpty", |_, values| default_if(values, is_null_or_empty)),
    Utility::vtl("defaultIfNullOrBlank", |_, values| default_if(values, is_null_or_blank)),
    Utility::vtl("isString", |_, values| test(values, |value| matches!(value, Value::String(_)))),
    Utility::vtl("isNumber", |_, values| test(values, |value| matches!(value, Value::Number(_)))),
    Utility::vtl("isBoolean", |_, values| test(values, |value| matches!(value, Value::Bool(_)))),
    Utility::vtl("isList", |_, values| test(values, |value| matches!(value, Value::List(_)))),
    Utility::vtl("isMap", |_, values| test(values, |value| matches!(value, Value::Object(_)))),
    Utility::vtl("typeOf", type_of),
];

fn test(values: &[Value], question: fn(&Value) -> bool) -> Result<Value, Failure> {
    Ok(question(Arguments::new("isNull", values).get(0)).into())
}

fn default_if(values: &[Value], question: fn(&Value) -> bool) -> Result<Value, Failure> {
    let arguments = Arguments::new("defaultIfNull", values);
    Ok(if question(arguments.get(0)) { arguments.get(1).clone() } else { arguments.get(0).clone() })
}

fn is_null_or_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_null_or_blank(value: &Value) -> bool {
    match value {
        Value::String(text) => text.trim().is_empty(),
        other => is_null_or_empty(other),
    }
}

fn type_of(_: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    Ok(match Arguments::new("typeOf", values).get(0) {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(_) => "Number",
        Value::String(_) => "String",
        Value::List(_) => "List",
        Value::Object(_) => "Map",
    }
    .into())
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;
    use crate::testing::check;

    #[test]
    fn questions_and_defaults() {
        check(&[
            ("qr", vec![value!(1)], value!("")),
            ("isNull", vec![], value!(true)),
            ("isNull", vec![value!("")], value!(false)),
            ("isNullOrEmpty", vec![value!("")], value!(true)),
            ("isNullOrEmpty", vec![value!("a")], value!(false)),
            ("isNullOrEmpty", vec![value!(0)], value!(false)),
            ("isNullOrEmpty", vec![Value::List(Default::default())], value!(true)),
            ("isNullOrBlank", vec![value!(" \t")], value!(true)),
            ("defaultIfNull", vec![Value::Null, value!(2)], value!(2)),
            ("defaultIfNull", vec![value!(""), value!(2)], value!("")),
            ("defaultIfNullOrEmpty", vec![value!(""), value!("d")], value!("d")),
            ("defaultIfNullOrBlank", vec![value!(" "), value!("d")], value!("d")),
            ("isString", vec![value!("a")], value!(true)),
            ("isNumber", vec![value!("1")], value!(false)),
            ("isBoolean", vec![value!(false)], value!(true)),
            ("isList", vec![value!([1])], value!(true)),
            ("isMap", vec![value!({})], value!(true)),
            ("typeOf", vec![value!({})], value!("Map")),
            ("typeOf", vec![Value::Null], value!("Null")),
            ("typeOf", vec![value!(1.5)], value!("Number")),
        ]);
    }
}
