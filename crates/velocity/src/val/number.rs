//! Numbers with Java's rules: promotion of integers on overflow, doubles, comparison across types, `hashCode`.

use std::cmp::Ordering;
use std::fmt::Write;

use num_bigint::BigInt;

use super::Val;
use crate::ast::Op;
use crate::error::Fault;

/// The integer in a value, exact, if it is one of up to 127 bits.
pub(crate) fn as_integer(value: &Val) -> Option<i128> {
    match value {
        Val::Int(number) => Some(i128::from(*number)),
        Val::Long(number) => Some(i128::from(*number)),
        Val::Big(number) => Some(*number),
        Val::Decimal(number) if number.is_integer() => number.to_string().parse().ok(),
        _ => None,
    }
}

/// The nearest double of a number.
#[expect(clippy::cast_precision_loss, reason = "the nearest double is what is asked for")]
pub(crate) fn as_double(value: &Val) -> Option<f64> {
    match value {
        Val::Int(number) => Some(f64::from(*number)),
        Val::Long(number) => Some(*number as f64),
        Val::Big(number) => Some(*number as f64),
        Val::Double(number) => Some(*number),
        Val::Decimal(number) => Some(number.as_f64()),
        _ => None,
    }
}

/// The smallest type that holds `number`, but none smaller than that of an operand (0 `Integer`, 1 `Long`, 2 `BigInteger`).
fn from_integer(number: i128, rank: u8) -> Val {
    if rank == 0
        && let Ok(number) = i32::try_from(number)
    {
        return Val::Int(number);
    }
    match i64::try_from(number) {
        Ok(number) if rank <= 1 => Val::Long(number),
        _ => Val::Big(number),
    }
}

fn rank(value: &Val) -> u8 {
    match value {
        Val::Int(_) => 0,
        Val::Long(_) => 1,
        _ => 2,
    }
}

/// `+ - * / %` of two numbers. Division by zero is null, as anything that is no number.
pub(crate) fn arithmetic(op: Op, left: &Val, right: &Val) -> Result<Val, Fault> {
    if !left.is_number() || !right.is_number() {
        return Ok(Val::Null);
    }
    let is_double = |value: &Val| match value {
        Val::Double(_) => true,
        Val::Decimal(number) => !number.is_integer(),
        _ => false,
    };
    if is_double(left) || is_double(right) {
        let (Some(a), Some(b)) = (as_double(left), as_double(right)) else { return Ok(Val::Null) };
        return Ok(match op {
            Op::Add => Val::Double(a + b),
            Op::Subtract => Val::Double(a - b),
            Op::Multiply => Val::Double(a * b),
            Op::Divide | Op::Remainder if b == 0.0 => Val::Null,
            Op::Divide => Val::Double(a / b),
            _ => Val::Double(a % b),
        });
    }
    let (Some(a), Some(b)) = (as_integer(left), as_integer(right)) else { return big_arithmetic(op, left, right) };
    let result = match op {
        Op::Add => a.checked_add(b),
        Op::Subtract => a.checked_sub(b),
        Op::Multiply => a.checked_mul(b),
        Op::Divide | Op::Remainder if b == 0 => return Ok(Val::Null),
        Op::Divide => a.checked_div(b),
        _ => a.checked_rem(b),
    };
    result.map_or_else(|| big_arithmetic(op, left, right), |result| Ok(from_integer(result, rank(left).max(rank(right)))))
}

/// The most decimal digits that an integer may have where one computes with it: the time grows with their square.
pub(crate) const MAX_DIGITS: usize = 5_000;

/// The same of integers of any length.
#[cold]
fn big_arithmetic(op: Op, left: &Val, right: &Val) -> Result<Val, Fault> {
    let too_long = || Fault::new(format!("Arithmetic with integers of more than {MAX_DIGITS} digits is not supported"));
    let (Some(a), Some(b)) = (as_big(left), as_big(right)) else { return Err(too_long()) };
    let result = match op {
        Op::Add => a + b,
        Op::Subtract => a - b,
        Op::Multiply => a * b,
        Op::Divide | Op::Remainder if b == BigInt::ZERO => return Ok(Val::Null),
        Op::Divide => a / b,
        _ => a % b,
    };
    // Three bits are less than a digit.
    if result.bits() > MAX_DIGITS as u64 * 3 { Err(too_long()) } else { Ok(from_big(&result)) }
}

/// The integer in a value, of up to [`MAX_DIGITS`]; none for other numbers.
pub(crate) fn as_big(value: &Val) -> Option<BigInt> {
    match value {
        Val::Decimal(number) if number.is_integer() => {
            let text = number.to_string();
            if text.len() > MAX_DIGITS + 1 { None } else { text.parse().ok() }
        }
        other => as_integer(other).map(BigInt::from),
    }
}

/// A `BigInteger`.
pub(crate) fn from_big(number: &BigInt) -> Val {
    match i128::try_from(number) {
        Ok(number) => Val::Big(number),
        Err(_) => value::Number::from_text(&number.to_string()).map_or(Val::Null, Val::Decimal),
    }
}

/// Compares two numbers by value, whatever their types; none if one is no number.
pub(crate) fn compare_numbers(left: &Val, right: &Val) -> Option<Ordering> {
    if let (Some(a), Some(b)) = (as_integer(left), as_integer(right)) {
        return Some(a.cmp(&b));
    }
    if let (Some(a), Some(b)) = (as_big(left), as_big(right)) {
        return Some(a.cmp(&b));
    }
    as_double(left)?.partial_cmp(&as_double(right)?)
}

/// `< <= > >=`; false, too, where one side is no number.
pub(crate) fn compare(op: Op, left: &Val, right: &Val) -> bool {
    compare_numbers(left, right).is_some_and(|order| match op {
        Op::Less => order.is_lt(),
        Op::LessOrEqual => order.is_le(),
        Op::Greater => order.is_gt(),
        _ => order.is_ge(),
    })
}

/// `Double.toString`: plain from a thousandth up to ten millions, else with an exponent; always a digit behind the point.
pub(crate) fn write_double(number: f64, out: &mut String) {
    let written = if number.is_nan() {
        out.push_str("NaN");
        Ok(())
    } else if number.is_infinite() {
        out.push_str(if number > 0.0 { "Infinity" } else { "-Infinity" });
        Ok(())
    } else if number == 0.0 || (1e-3..1e7).contains(&number.abs()) {
        write!(out, "{number:?}")
    } else {
        let text = format!("{number:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let point = if mantissa.contains('.') { "" } else { ".0" };
        write!(out, "{mantissa}{point}E{exponent}")
    };
    debug_assert!(written.is_ok(), "writing to a string cannot fail");
}

/// `String.hashCode`.
pub(crate) fn string_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// `hashCode` of a scalar.
#[expect(clippy::cast_possible_truncation, reason = "Java folds the upper half in and cuts it off")]
pub(crate) fn hash(value: &Val) -> Option<i32> {
    let fold = |bits: u64| (bits ^ (bits >> 32)) as i32;
    Some(match value {
        Val::Bool(value) => {
            if *value {
                1231
            } else {
                1237
            }
        }
        Val::Int(number) => *number,
        Val::Long(number) => fold(number.cast_unsigned()),
        Val::Double(number) => fold(number.to_bits()),
        Val::Decimal(number) => fold(number.as_f64().to_bits()),
        Val::Str(text) => string_hash(text),
        _ => return None,
    })
}
