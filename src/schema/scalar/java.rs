//! What Java calls a value: class names and `toString` texts, as AppSync's messages and String coercion show them.

use std::borrow::Cow;
use std::fmt::Write as _;

use value::{Number, Value};

use crate::execution::ast::Literal;

/// The simple class name of a JSON value as AppSync's JSON reader makes it: `Integer`, `LinkedHashMap`, …
#[must_use]
pub fn class_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "Boolean",
        Value::String(_) => "String",
        Value::List(_) => "ArrayList",
        Value::Object(_) => "LinkedHashMap",
        Value::Number(number) => match number.as_i64() {
            Some(number) if i32::try_from(number).is_ok() => "Integer",
            Some(_) => "Long",
            None if number.is_integer() => "BigInteger",
            None if number.as_f64().is_finite() => "Double",
            None => "BigDecimal",
        },
    }
}

/// graphql-java's class name of a literal.
#[must_use]
pub fn literal_class(literal: &Literal) -> &'static str {
    match literal {
        Literal::Variable(_) => "VariableReference",
        Literal::Null => "NullValue",
        Literal::Boolean(_) => "BooleanValue",
        Literal::Int(_) => "IntValue",
        Literal::Float(_) => "FloatValue",
        Literal::String(_) => "StringValue",
        Literal::Enum(_) => "EnumValue",
        Literal::List(_) => "ArrayValue",
        Literal::Object(_) => "ObjectValue",
    }
}

/// `value.toString()`: strings as they are, `{a=1, b=[x, y]}`, `10.0`, `null`.
#[must_use]
pub fn to_string(value: &Value) -> String {
    let mut text = String::new();
    append(value, &mut text);
    text
}

/// As [`to_string`], borrowed for strings.
#[must_use]
pub fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(to_string(other)),
    }
}

fn append(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => append_number(number, text),
        Value::String(string) => text.push_str(string),
        Value::List(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push_str(", ");
                }
                append(item, text);
            }
            text.push(']');
        }
        Value::Object(object) => {
            text.push('{');
            for (at, (key, member)) in object.iter().enumerate() {
                if at > 0 {
                    text.push_str(", ");
                }
                text.push_str(key);
                text.push('=');
                append(member, text);
            }
            text.push('}');
        }
    }
}

/// Integers by their digits, everything else as `Double.toString` prints it.
fn append_number(number: &Number, text: &mut String) {
    let double = number.as_f64();
    if number.is_integer() || !double.is_finite() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{number}");
        return;
    }
    let magnitude = double.abs();
    if magnitude == 0.0 || (1e-3..1e7).contains(&magnitude) {
        let _ = write!(text, "{double:?}");
        return;
    }
    // Computerized scientific notation: one digit before the point, at least one after it.
    let scientific = format!("{double:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    text.push_str(mantissa);
    if !mantissa.contains('.') {
        text.push_str(".0");
    }
    text.push('E');
    text.push_str(exponent);
}
