//! `java.lang.Number`, and the static methods of its classes that templates reach through any variable of the type.

use super::{Answer, found, text_arg, threw, unsupported};
use crate::limits::Meter;
use crate::val::{Val, as_double, as_integer, compare_numbers, text_of};

#[expect(clippy::cast_possible_truncation, reason = "Java's conversions cut off, too")]
pub(super) fn call(receiver: &Val, method: &str, args: &[Val], meter: &mut Meter<'_>) -> Answer {
    // Java wraps integers around and lets doubles end at the bounds, as `as` does.
    let integer = as_integer(receiver);
    let double = as_double(receiver).unwrap_or(f64::NAN);
    let parse_error = |text: &str| threw(receiver, method, format_args!("For input string: {text:?}"));
    match (method, args) {
        ("intValue", []) => found(Val::Int(integer.map_or(double as i32, |number| number as i32))),
        ("longValue", []) => found(Val::Long(integer.map_or(double as i64, |number| number as i64))),
        ("shortValue", []) => found(Val::Int(i32::from(integer.map_or(double as i32 as i16, |number| number as i16)))),
        ("byteValue", []) => found(Val::Int(i32::from(integer.map_or(double as i32 as i8, |number| number as i8)))),
        ("doubleValue", []) => found(double),
        ("floatValue", []) => found(f64::from(double as f32)),
        ("compareTo" | "compare", [other]) if other.is_number() => {
            Ok(compare_numbers(receiver, other).map(|order| Val::Int(order as i32)))
        }
        ("hashCode", []) => match crate::val::hash(receiver) {
            Some(hash) => found(hash),
            None => unsupported(receiver, method),
        },
        ("isNaN", []) => found(double.is_nan()),
        ("isInfinite", []) => found(double.is_infinite()),
        ("isNaN", [number]) => Ok(as_double(number).map(|number| Val::Bool(number.is_nan()))),
        ("toString", [number]) if number.is_number() => found(text_of(number, meter)?),
        ("parseInt", [text]) | ("valueOf", [text]) if matches!(receiver, Val::Int(_)) => match text {
            Val::Str(text) => text.parse().map(|number| Some(Val::Int(number))).map_err(|_| parse_error(text)),
            Val::Int(_) if method == "valueOf" => found(text.clone()),
            _ => Ok(None),
        },
        ("parseLong", [text]) | ("valueOf", [text]) if matches!(receiver, Val::Long(_)) => match text {
            Val::Str(text) => text.parse().map(|number| Some(Val::Long(number))).map_err(|_| parse_error(text)),
            Val::Int(number) if method == "valueOf" => found(i64::from(*number)),
            Val::Long(_) if method == "valueOf" => found(text.clone()),
            _ => Ok(None),
        },
        ("parseDouble" | "valueOf", [text]) if matches!(receiver, Val::Double(_) | Val::Decimal(_)) => match text_arg(text) {
            Some(text) => {
                let digits = text.trim();
                let number =
                    if digits.ends_with(|last: char| last.is_ascii_digit() || last == '.') { digits.parse() } else { "".parse() };
                number.map(|number| Some(Val::Double(number))).map_err(|_| parse_error(text))
            }
            None => Ok(as_double(text).map(Val::Double)),
        },
        ("max" | "min" | "sum", [a, b]) => {
            let Some(order) = compare_numbers(a, b) else { return Ok(None) };
            match method {
                "max" => found(if order.is_ge() { a.clone() } else { b.clone() }),
                "min" => found(if order.is_le() { a.clone() } else { b.clone() }),
                _ => crate::val::arithmetic(crate::ast::Op::Add, a, b).map(Some),
            }
        }
        ("signum", []) if matches!(receiver, Val::Big(_) | Val::Decimal(_)) => found(if double > 0.0 {
            1
        } else if double < 0.0 {
            -1
        } else {
            0
        }),
        ("toHexString", [Val::Int(number)]) => found(format!("{number:x}")),
        ("toBinaryString", [Val::Int(number)]) => found(format!("{number:b}")),
        ("toOctalString", [Val::Int(number)]) => found(format!("{number:o}")),
        (
            "add" | "subtract" | "multiply" | "divide" | "setScale" | "scale" | "negate" | "pow" | "mod" | "abs"
            | "toPlainString" | "remainder" | "bitCount" | "reverse" | "parseUnsignedInt" | "decode" | "round",
            _,
        ) => unsupported(receiver, method),
        _ => Ok(None),
    }
}
