//! DynamoDB's typed JSON: `util.dynamodb.*` and the conversions for other Rust code.
//!
//! As the service does it, `N` and `NS` hold JSON numbers (`{"N": 12345}`) and the null attribute is `{"NULL": null}`.

mod requests;
mod update;

use std::sync::LazyLock;

use value::{MAX_DEPTH, Number, Object, Str, Value};

use crate::arguments::Arguments;
use crate::{Failure, Session, Utility};

pub(crate) use requests::MODULE;

macro_rules! conversions {
    ($($name:literal, $json:literal, $convert:expr;)*) => {
        pub(crate) const TABLE: &[Utility] = &[
            $(
                Utility::both($name, |_, values| ($convert)(Arguments::new($name, values))),
                Utility::vtl($json, |_, values| json(($convert)(Arguments::new($json, values)))),
            )*
            Utility::both("dynamodb.fromS3ObjectJson", from_s3_object_json),
        ];
    };
}

conversions! {
    "dynamodb.toDynamoDB", "dynamodb.toDynamoDBJson", convert_any;
    "dynamodb.toString", "dynamodb.toStringJson", |arguments: Arguments<'_>| scalar(arguments, "S");
    "dynamodb.toStringSet", "dynamodb.toStringSetJson", |arguments: Arguments<'_>| set(arguments, "SS");
    "dynamodb.toNumber", "dynamodb.toNumberJson", |arguments: Arguments<'_>| scalar(arguments, "N");
    "dynamodb.toNumberSet", "dynamodb.toNumberSetJson", |arguments: Arguments<'_>| set(arguments, "NS");
    "dynamodb.toBinary", "dynamodb.toBinaryJson", |arguments: Arguments<'_>| scalar(arguments, "B");
    "dynamodb.toBinarySet", "dynamodb.toBinarySetJson", |arguments: Arguments<'_>| set(arguments, "BS");
    "dynamodb.toBoolean", "dynamodb.toBooleanJson", |arguments: Arguments<'_>| scalar(arguments, "BOOL");
    "dynamodb.toNull", "dynamodb.toNullJson", |_: Arguments<'_>| Ok(typed("NULL", Value::Null));
    "dynamodb.toList", "dynamodb.toListJson", |arguments: Arguments<'_>| container(arguments, "L");
    "dynamodb.toMap", "dynamodb.toMapJson", |arguments: Arguments<'_>| container(arguments, "M");
    "dynamodb.toMapValues", "dynamodb.toMapValuesJson", map_values;
    "dynamodb.toS3Object", "dynamodb.toS3ObjectJson", to_s3_object;
}

fn json(result: Result<Value, Failure>) -> Result<Value, Failure> {
    result.map(|value| value.to_json().into())
}

/// The names of types, the most common first.
static TYPES: LazyLock<[Str; 10]> = LazyLock::new(|| ["S", "N", "BOOL", "M", "L", "NULL", "SS", "NS", "BS", "B"].map(Str::from));

fn typed(name: &'static str, value: impl Into<Value>) -> Value {
    let name = TYPES.iter().find(|known| ***known == *name).cloned().unwrap_or_else(|| name.into());
    Object::from_distinct(vec![(name, value.into())]).into()
}

/// A plain value as a DynamoDB attribute value: lists become `L`, never sets. The result is about twice as deep.
#[must_use]
pub fn to_dynamodb(value: &Value) -> Value {
    match value {
        Value::Null => typed("NULL", Value::Null),
        Value::Bool(_) => typed("BOOL", value.clone()),
        Value::Number(_) => typed("N", value.clone()),
        Value::String(_) => typed("S", value.clone()),
        Value::List(items) => typed("L", items.iter().map(to_dynamodb).collect::<Value>()),
        Value::Object(object) => typed("M", attributes(object)),
    }
}

/// As [`to_dynamodb`], but what `toStringSet`, `toNumberSet` and `toBinarySet` gave is a set already and stays one: that is what
/// the functions of the module are there for.
pub(crate) fn to_attribute(value: &Value) -> Value {
    match value {
        Value::Object(object) if is_set(object) => value.clone(),
        Value::Object(object) => {
            typed("M", object.iter().map(|(key, value)| (key.clone(), to_attribute(value))).collect::<Object>())
        }
        Value::List(items) => typed("L", items.iter().map(to_attribute).collect::<Value>()),
        _ => to_dynamodb(value),
    }
}

/// Whether this is a set as the functions of the module write it.
pub(crate) fn is_set(object: &Object) -> bool {
    let mut members = object.iter();
    match (members.next(), members.next()) {
        (Some((name, Value::List(_))), None) => matches!(&**name, "SS" | "NS" | "BS"),
        _ => false,
    }
}

/// Every member as an attribute value.
pub(crate) fn attributes(object: &Object) -> Object {
    object.iter().map(|(key, value)| (key.clone(), to_dynamodb(value))).collect()
}

/// An attribute value that is none.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct AttributeError(String);

/// A DynamoDB attribute value as a plain value. `N` may hold a JSON number or its text; sets become lists.
///
/// # Errors
/// Anything that is not `{<type>: <value>}` with one of DynamoDB's types and a fitting value.
pub fn from_dynamodb(attribute: &Value) -> Result<Value, AttributeError> {
    let fault = || AttributeError(format!("not a DynamoDB attribute value: {}", brief(attribute)));
    let object = attribute.as_object().filter(|object| object.len() == 1).ok_or_else(fault)?;
    let (kind, value) = object.iter().next().ok_or_else(fault)?;
    match (&**kind, value) {
        ("S" | "B", Value::String(_)) | ("BOOL", Value::Bool(_)) => Ok(value.clone()),
        ("N", value) => number(value).ok_or_else(fault),
        ("NULL", Value::Null | Value::Bool(_)) => Ok(Value::Null),
        ("SS" | "BS", Value::List(items)) if items.iter().all(|item| item.as_str().is_some()) => Ok(value.clone()),
        ("NS", Value::List(items)) => items.iter().map(number).collect::<Option<Vec<Value>>>().map(Value::from).ok_or_else(fault),
        ("L", Value::List(items)) => items.iter().map(from_dynamodb).collect::<Result<Vec<Value>, _>>().map(Value::from),
        ("M", Value::Object(members)) => {
            let members = members.iter().map(|(key, value)| Ok((key.clone(), from_dynamodb(value)?)));
            Ok(members.collect::<Result<Object, AttributeError>>()?.into())
        }
        _ => Err(fault()),
    }
}

fn number(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => Number::from_text(text).map(Value::from),
        _ => None,
    }
}

fn brief(value: &Value) -> String {
    let text = value.to_json();
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Refuses what would nest deeper than a value may once every level is wrapped in its type.
pub(crate) fn check_depth(arguments: &Arguments<'_>, value: &Value) -> Result<(), Failure> {
    const DEEPEST: usize = (MAX_DEPTH - 8) / 2;
    if value.depth_up_to(DEEPEST) > DEEPEST {
        return Err(arguments.refuse(format!("lists and objects are nested deeper than {DEEPEST} levels")));
    }
    Ok(())
}

fn convert_any(arguments: Arguments<'_>) -> Result<Value, Failure> {
    check_depth(&arguments, arguments.get(0))?;
    Ok(to_dynamodb(arguments.get(0)))
}

fn fits(kind: &str, value: &Value) -> bool {
    match kind {
        "S" | "B" => value.as_str().is_some(),
        "N" => value.as_number().is_some(),
        _ => value.as_bool().is_some(),
    }
}

fn scalar(arguments: Arguments<'_>, kind: &'static str) -> Result<Value, Failure> {
    let value = arguments.get(0);
    if value.is_null() {
        return Ok(Value::Null);
    }
    if !fits(kind, value) {
        return Err(arguments.refuse(format!("a value of type {kind} cannot be made from {}: {}", value.kind(), brief(value))));
    }
    Ok(typed(kind, value.clone()))
}

fn set(arguments: Arguments<'_>, kind: &'static str) -> Result<Value, Failure> {
    if arguments.get(0).is_null() {
        return Ok(Value::Null);
    }
    if let Some(other) = arguments.list(0)?.iter().find(|item| !fits(&kind[..1], item)) {
        return Err(arguments.refuse(format!("a set of type {kind} cannot hold {}: {}", other.kind(), brief(other))));
    }
    Ok(typed(kind, arguments.get(0).clone()))
}

fn container(arguments: Arguments<'_>, kind: &'static str) -> Result<Value, Failure> {
    if arguments.get(0).is_null() {
        return Ok(Value::Null);
    }
    match kind {
        "L" => arguments.list(0).map(|_| ())?,
        _ => arguments.object(0).map(|_| ())?,
    }
    convert_any(arguments)
}

fn map_values(arguments: Arguments<'_>) -> Result<Value, Failure> {
    if arguments.get(0).is_null() {
        return Ok(Value::Null);
    }
    let object = arguments.object(0)?;
    check_depth(&arguments, arguments.get(0))?;
    Ok(attributes(object).into())
}

/// `(key, bucket, region)` or `(key, bucket, region, version)`.
fn to_s3_object(arguments: Arguments<'_>) -> Result<Value, Failure> {
    let mut object = Object::with_capacity(4);
    for (at, name) in ["key", "bucket", "region"].into_iter().enumerate() {
        object.insert(name, arguments.str(at)?);
    }
    if let Some(version) = arguments.optional_str(3)? {
        object.insert("version", version);
    }
    Ok(typed("S", typed("s3", object).to_json()))
}

fn from_s3_object_json(_: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new("dynamodb.fromS3ObjectJson", values);
    let text: Str = match arguments.get(0) {
        Value::Null => return Ok(Value::Null),
        Value::String(text) => text.clone(),
        _ => arguments.text(0)?,
    };
    let parsed = Value::parse(text.as_bytes()).map_err(|fault| arguments.refuse(format!("not an S3 object: {fault}")))?;
    match parsed.get("s3") {
        Some(object @ Value::Object(_)) => Ok(object.clone()),
        _ => Err(arguments.refuse("not an S3 object: the member 's3' is missing")),
    }
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;
    use crate::testing::{call, check};

    #[test]
    fn values_become_typed() {
        check(&[
            ("dynamodb.toDynamoDB", vec![Value::Null], value!({"NULL": null})),
            (
                "dynamodb.toMapValues",
                vec![value!({"a": null, "b": [true]})],
                value!({"a": {"NULL": null}, "b": {"L": [{"BOOL": true}]}}),
            ),
            ("dynamodb.toMapValuesJson", vec![value!({"a": 1})], value!(r#"{"a":{"N":1}}"#)),
            ("dynamodb.toString", vec![Value::Null], Value::Null),
            ("dynamodb.toStringJson", vec![value!("a")], value!(r#"{"S":"a"}"#)),
            ("dynamodb.toStringSet", vec![value!(["a"])], value!({"SS": ["a"]})),
            ("dynamodb.toNumberSet", vec![], Value::Null),
            ("dynamodb.toNull", vec![], value!({"NULL": null})),
            (
                "dynamodb.fromS3ObjectJson",
                vec![value!(r#"{"s3":{"key":"k","bucket":"b"}}"#)],
                value!({"key": "k", "bucket": "b"}),
            ),
        ]);
    }

    #[test]
    fn every_digit_of_a_number_survives() {
        let long = Value::parse(b"12345678901234567890123456789012345678").expect("a number");
        assert_eq!(to_dynamodb(&long).to_json(), r#"{"N":12345678901234567890123456789012345678}"#);
        let text = value!({"N": "12345678901234567890123456789012345678"});
        assert_eq!(from_dynamodb(&text), Ok(long));
        assert_eq!(from_dynamodb(&value!({"N": "1.10"})).expect("a number").to_json(), "1.10");
    }

    #[test]
    fn typed_values_come_back() {
        let plain = value!({"a": [1, "x", null, true, {"b": 2.5}]});
        assert_eq!(from_dynamodb(&to_dynamodb(&plain)), Ok(plain));
        assert_eq!(from_dynamodb(&value!({"NS": ["1", 2]})), Ok(value!([1, 2])));
        for wrong in [
            value!(1),
            value!({}),
            value!({"S": 1}),
            value!({"X": 1}),
            value!({"S": "a", "N": 1}),
            value!({"N": "x"}),
            value!({"L": [1]}),
        ] {
            assert!(from_dynamodb(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn wrong_types_and_too_deep_values_are_refused() {
        let deep = (0..150).fold(value!(1), |inner, _| Value::from(vec![inner]));
        for (name, argument) in [
            ("dynamodb.toString", value!(1)),
            ("dynamodb.toNumber", value!("1")),
            ("dynamodb.toNumberSet", value!(["1"])),
            ("dynamodb.toList", value!({})),
            ("dynamodb.toMap", Value::List(Default::default())),
            ("dynamodb.toDynamoDB", deep),
            ("dynamodb.fromS3ObjectJson", value!("{}")),
        ] {
            assert!(matches!(call(name, &[argument]), Err(Failure::Invalid { .. })), "{name}");
        }
    }
}
