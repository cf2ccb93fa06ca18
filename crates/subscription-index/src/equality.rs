//! When two values are the same, which one is greater, and a hash that agrees with both.
//!
//! [`Value`]'s own equality answers for machine numbers; a filter needs more: `1`, `1.0` and `10e-1` must fall into one slot of
//! a hash table, and numbers of any length must have an order. So a number is brought to one canonical form here.

use std::cmp::Ordering;
use std::hash::{BuildHasher, Hasher};

use value::{Number, Value};

/// Whether two values are the same: numbers by their exact value, objects whatever the order of their members.
pub(crate) fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(one), Value::Bool(other)) => one == other,
        (Value::Number(one), Value::Number(other)) => compare_numbers(one, other) == Ordering::Equal,
        (Value::String(one), Value::String(other)) => one == other,
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other.iter()).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len() && one.iter().all(|(name, one)| other.get(name).is_some_and(|other| equal(one, other)))
        }
        _ => false,
    }
}

/// The order of two numbers or of two strings (by code point); nothing else has one.
pub(crate) fn order(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => Some(compare_numbers(one, other)),
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

/// Feeds a value to a hasher, so that values that are [`equal`] feed the same.
pub(crate) fn hash_value(value: &Value, hashers: &impl BuildHasher, state: &mut impl Hasher) {
    match value {
        Value::Null => state.write_u8(0),
        Value::Bool(value) => state.write_u8(1 + u8::from(*value)),
        Value::Number(number) => match Canonical::of(number) {
            Canonical::Integer(number) => {
                state.write_u8(3);
                state.write_i64(number);
            }
            Canonical::Decimal(decimal) => {
                state.write_u8(4 + u8::from(decimal.negative));
                state.write_i64(decimal.exponent);
                state.write_usize(decimal.digits.len());
                state.write(&decimal.digits);
            }
        },
        Value::String(value) => {
            state.write_u8(6);
            state.write_usize(value.len());
            state.write(value.as_bytes());
        }
        Value::List(items) => {
            state.write_u8(7);
            state.write_usize(items.len());
            for item in items.iter() {
                hash_value(item, hashers, state);
            }
        }
        Value::Object(members) => {
            // The order of members does not matter, so their hashes are added up.
            let member = |(name, value): (&value::Str, &Value)| {
                let mut state = hashers.build_hasher();
                state.write_usize(name.len());
                state.write(name.as_bytes());
                hash_value(value, hashers, &mut state);
                state.finish()
            };
            state.write_u8(8);
            state.write_u64(members.iter().map(member).fold(0, u64::wrapping_add));
        }
    }
}

fn compare_numbers(one: &Number, other: &Number) -> Ordering {
    if let (Some(one), Some(other)) = (one.as_i64(), other.as_i64()) {
        return one.cmp(&other);
    }
    // Rounding keeps the order, so doubles that differ decide; only those that are the same may stand for different numbers.
    match one.as_f64().partial_cmp(&other.as_f64()) {
        Some(order @ (Ordering::Less | Ordering::Greater)) => return order,
        Some(Ordering::Equal) | None => {}
    }
    match (Canonical::of(one), Canonical::of(other)) {
        (Canonical::Integer(one), Canonical::Integer(other)) => one.cmp(&other),
        (one, other) => one.into_decimal().compare(&other.into_decimal()),
    }
}

/// A number in the one form that all ways of writing it have in common.
enum Canonical {
    /// Whole, and in the range of `i64`.
    Integer(i64),
    /// Everything else.
    Decimal(Decimal),
}

/// `0.DIGITS × 10^exponent`; the digits begin and end with another one than 0, zero has none.
struct Decimal {
    negative: bool,
    exponent: i64,
    digits: Vec<u8>,
}

impl Canonical {
    fn of(number: &Number) -> Canonical {
        if let Some(number) = number.as_i64() {
            return Canonical::Integer(number);
        }
        let mut text = Vec::with_capacity(32);
        number.write(&mut text);
        let decimal = Decimal::read(&text);
        decimal.to_integer().map_or(Canonical::Decimal(decimal), Canonical::Integer)
    }

    fn into_decimal(self) -> Decimal {
        match self {
            Canonical::Integer(number) => Decimal::read(number.to_string().as_bytes()),
            Canonical::Decimal(decimal) => decimal,
        }
    }
}

impl Decimal {
    /// From JSON number text. An exponent beyond `i64` is taken for the largest one.
    fn read(text: &[u8]) -> Decimal {
        let (negative, text) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
        let (mantissa, power) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
            Some(at) => (&text[..at], power(&text[at + 1..])),
            None => (text, 0),
        };
        let whole = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(mantissa.len());
        let mut digits: Vec<u8> = mantissa.iter().copied().filter(u8::is_ascii_digit).collect();
        let leading = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.drain(..leading);
        digits.truncate(digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1));
        if digits.is_empty() {
            return Decimal { negative: false, exponent: 0, digits };
        }
        let length = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        let exponent = power.saturating_add(length(whole)).saturating_sub(length(leading));
        Decimal { negative, exponent, digits }
    }

    fn to_integer(&self) -> Option<i64> {
        let places = usize::try_from(self.exponent).ok().filter(|places| (self.digits.len()..=19).contains(places))?;
        let digit = |at| i128::from(self.digits.get(at).map_or(0, |digit| digit - b'0'));
        let amount = (0..places).fold(0_i128, |amount, at| amount * 10 + digit(at));
        i64::try_from(if self.negative { -amount } else { amount }).ok()
    }

    fn compare(&self, other: &Decimal) -> Ordering {
        let sign = |decimal: &Decimal| match (decimal.digits.is_empty(), decimal.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let magnitude = || self.exponent.cmp(&other.exponent).then_with(|| self.digits.cmp(&other.digits));
        sign(self).cmp(&sign(other)).then_with(|| if self.negative { magnitude().reverse() } else { magnitude() })
    }
}

fn power(text: &[u8]) -> i64 {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let amount =
        digits.iter().fold(0_i64, |amount, digit| amount.saturating_mul(10).saturating_add(i64::from(digit.wrapping_sub(b'0'))));
    if negative { -amount } else { amount }
}

#[cfg(test)]
mod tests {
    use std::hash::RandomState;

    use value::value;

    use super::*;

    fn parsed(text: &str) -> Value {
        Value::parse(text.as_bytes()).expect(text)
    }

    /// Ascending; what stands in one row is one and the same number.
    const NUMBERS: &[&[&str]] = &[
        &["-1e400", "-10e399"],
        &["-18446744073709551616"],
        &["-9223372036854775808", "-9.223372036854775808e18"],
        &["-2", "-2.0", "-0.2e1"],
        &["-1.5", "-15e-1"],
        &["-1e-400"],
        &["0", "-0", "0.0", "-0.0", "0e5", "0.000e-99999999999999999999"],
        &["1e-400", "0.1e-399"],
        &["0.1", "1e-1", "0.10"],
        &["0.1000000000000000000001"],
        &["1", "1.0", "10e-1", "1.00", "1000000000000000000000e-21"],
        &["1.0000000000000000000001"],
        &["9", "9.0"],
        &["10", "1e1", "1.0e+1"],
        &["9007199254740993", "9007199254740993.0"],
        &["9007199254740994"],
        &["9223372036854775807", "9223372036854775807.0"],
        &["9223372036854775808", "9.223372036854775808E18"],
        &["18446744073709551615"],
        &["18446744073709551616", "1.8446744073709551616e19"],
        &["1e400"],
        &["1e99999999999999999999"],
    ];

    #[test]
    fn numbers_have_one_order_whatever_their_form() {
        let hashers = RandomState::new();
        let hash = |value: &Value| {
            let mut state = hashers.build_hasher();
            hash_value(value, &hashers, &mut state);
            state.finish()
        };
        let numbers: Vec<(usize, &str)> =
            NUMBERS.iter().enumerate().flat_map(|(rank, texts)| texts.iter().map(move |text| (rank, *text))).collect();
        for (one_rank, one) in &numbers {
            for (other_rank, other) in &numbers {
                let (left, right) = (parsed(one), parsed(other));
                assert_eq!(order(&left, &right), Some(one_rank.cmp(other_rank)), "{one} {other}");
                assert_eq!(equal(&left, &right), one_rank == other_rank, "{one} {other}");
                if one_rank == other_rank {
                    assert_eq!(hash(&left), hash(&right), "{one} {other}");
                }
            }
        }
    }

    #[test]
    fn containers_are_compared_by_their_contents() {
        let hashers = RandomState::new();
        let hash = |value: &Value| {
            let mut state = hashers.build_hasher();
            hash_value(value, &hashers, &mut state);
            state.finish()
        };
        let one = parsed(r#"{"a":[1,{"b":null}],"c":"x"}"#);
        let same = parsed(r#"{"c":"x","a":[1.0,{"b":null}]}"#);
        assert!(equal(&one, &same));
        assert_eq!(hash(&one), hash(&same));
        for other in [r#"{"a":[1,{"b":null}]}"#, r#"{"a":[1,{"b":0}],"c":"x"}"#, r#"{"a":[{"b":null},1],"c":"x"}"#] {
            assert!(!equal(&one, &parsed(other)), "{other}");
        }
    }

    #[test]
    fn kinds_are_never_mixed() {
        let values = [value!(null), value!(false), value!(0), value!("0"), Value::List(Default::default()), value!({})];
        for (at, one) in values.iter().enumerate() {
            for (other_at, other) in values.iter().enumerate() {
                assert_eq!(equal(one, other), at == other_at, "{one} {other}");
                let ordered = at == other_at && matches!(one, Value::Number(_) | Value::String(_));
                assert_eq!(order(one, other).is_some(), ordered, "{one} {other}");
            }
        }
    }
}
