//! `java.lang.Number` and its classes, with the static methods that templates reach through any variable of the type.

use num_bigint::{BigInt, Sign};

use super::{Answer, cast, found, null_pointer, number_format, text_arg, threw, unsupported};
use crate::error::Fault;
use crate::limits::Meter;
use crate::val::{Val, as_big, as_double, as_integer, compare_numbers, from_big, text_of};

/// The longest integer that a method may give; three bits are less than a digit.
const MAX_BITS: u64 = crate::val::MAX_DIGITS as u64 * 3;

#[expect(clippy::cast_possible_truncation, reason = "Java's conversions cut off, too")]
pub(super) fn call(receiver: &Val, method: &str, args: &[Val], meter: &mut Meter<'_>) -> Answer {
    // Java wraps integers around and lets doubles end at the bounds, as `as` does.
    let integer = as_integer(receiver);
    let double = as_double(receiver).unwrap_or(f64::NAN);
    let wrapped = || integer.or_else(|| as_big(receiver).map(|number| low_bits(&number)));
    match (method, args) {
        ("intValue", []) => return found(Val::Int(wrapped().map_or(double as i32, |number| number as i32))),
        ("longValue", []) => return found(Val::Long(wrapped().map_or(double as i64, |number| number as i64))),
        ("shortValue", []) => return found(Val::Int(i32::from(wrapped().map_or(double as i32 as i16, |number| number as i16)))),
        ("byteValue", []) => return found(Val::Int(i32::from(wrapped().map_or(double as i32 as i8, |number| number as i8)))),
        ("doubleValue", []) => return found(double),
        // A float prints with its own, shorter digits.
        ("floatValue", []) => return found((double as f32).to_string().parse::<f64>().unwrap_or(double)),
        ("compareTo", [other]) => return compare_to(receiver, other, method),
        ("hashCode", []) => {
            return match as_big(receiver).filter(|_| super::java_class(receiver) == "java.math.BigInteger") {
                Some(number) => found(big_hash(&number)),
                None => crate::val::hash(receiver).map_or_else(|| unsupported(receiver, method), found),
            };
        }
        _ => {}
    }
    match super::java_class(receiver) {
        "java.lang.Integer" => whole(receiver, method, args, 32, meter),
        "java.lang.Long" => whole(receiver, method, args, 64, meter),
        "java.math.BigInteger" => big(receiver, method, args, meter),
        _ => floating(receiver, double, method, args, meter),
    }
}

/// `compareTo`, which takes its own type only.
fn compare_to(receiver: &Val, other: &Val, method: &str) -> Answer {
    let class = super::java_class(receiver);
    if other.is_null() {
        let (field, parameter) = match class {
            "java.lang.Integer" => ("value", "anotherInteger"),
            "java.lang.Long" => ("value", "anotherLong"),
            "java.lang.Double" => ("value", "anotherDouble"),
            _ => ("signum", "val"),
        };
        return Err(null_pointer(receiver, method, &format!("Cannot read field \"{field}\" because \"{parameter}\" is null")));
    }
    if super::java_class(other) != class {
        return Err(cast(receiver, method, other, class));
    }
    Ok(compare_numbers(receiver, other).map(|order| Val::Int(order as i32)))
}

/// `Integer` and `Long`: their static methods.
fn whole(receiver: &Val, method: &str, args: &[Val], bits: u32, meter: &mut Meter<'_>) -> Answer {
    let is_int = bits == 32;
    let number =
        |value: &Val| as_integer(value).filter(|_| matches!(value, Val::Int(_)) || (!is_int && matches!(value, Val::Long(_))));
    let made = |number: i128| if is_int { Val::Int(number as i32) } else { Val::Long(number as i64) };
    // The bits of a number as its type has them.
    let pattern = |number: i128| if is_int { u64::from(number as i32 as u32) } else { (number as i64).cast_unsigned() };
    let parse = |text: &str, radix: u32| parse(receiver, method, text, radix, bits).map(|number| Some(made(number)));
    let parses = if is_int { "parseInt" } else { "parseLong" };
    match (method, args) {
        (name, [text]) if name == parses || name == "valueOf" => match text {
            Val::Str(text) => parse(text, 10),
            Val::Null => Err(number_format(receiver, method, "Cannot parse null string")),
            other if name == "valueOf" => Ok(number(other).map(made)),
            _ => Ok(None),
        },
        (name, [Val::Str(text), Val::Int(radix)]) if name == parses || name == "valueOf" => {
            parse(text, u32::try_from(*radix).unwrap_or(0))
        }
        ("decode", [Val::Str(text)]) => {
            let (sign, digits) = text.strip_prefix('-').map_or(("", &**text), |digits| ("-", digits));
            let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).or_else(|| digits.strip_prefix('#'));
            match hex {
                Some(hex) => parse(&format!("{sign}{hex}"), 16),
                None if digits.len() > 1 && digits.starts_with('0') => parse(&format!("{sign}{}", &digits[1..]), 8),
                None => parse(text, 10),
            }
        }
        ("parseUnsignedInt", [Val::Str(text)]) if is_int => match text.parse::<u32>() {
            Ok(number) => found(number.cast_signed()),
            Err(_) => Err(number_format(receiver, method, &format!("For input string: \"{text}\""))),
        },
        ("max" | "min" | "sum" | "compare", [a, b]) => {
            let (Some(a), Some(b)) = (number(a), number(b)) else { return Ok(None) };
            found(match method {
                "max" => made(a.max(b)),
                "min" => made(a.min(b)),
                "sum" => made(a + b),
                _ => Val::Int(a.cmp(&b) as i32),
            })
        }
        ("signum", [value]) => Ok(number(value).map(|value| Val::Int(value.signum() as i32))),
        ("toString", [value]) => match number(value) {
            Some(_) => found(text_of(value, meter)?),
            None => Ok(None),
        },
        ("toString", [value, Val::Int(radix)]) => {
            let Some(value) = number(value) else { return Ok(None) };
            let radix = u32::try_from(*radix).ok().filter(|radix| (2..=36).contains(radix)).unwrap_or(10);
            found(BigInt::from(value).to_str_radix(radix))
        }
        ("hashCode", [value]) => Ok(number(value).and_then(|value| crate::val::hash(&made(value))).map(Val::Int)),
        ("toHexString" | "toBinaryString" | "toOctalString", [value]) => {
            let Some(value) = number(value).map(pattern) else { return Ok(None) };
            found(match method {
                "toHexString" => format!("{value:x}"),
                "toBinaryString" => format!("{value:b}"),
                _ => format!("{value:o}"),
            })
        }
        ("bitCount" | "numberOfLeadingZeros" | "numberOfTrailingZeros", [value]) => {
            let Some(value) = number(value).map(pattern) else { return Ok(None) };
            let count = match method {
                "bitCount" => value.count_ones(),
                "numberOfLeadingZeros" => value.leading_zeros() - (64 - bits),
                _ => value.trailing_zeros().min(bits),
            };
            found(count.cast_signed())
        }
        ("highestOneBit" | "lowestOneBit" | "reverse", [value]) => {
            let Some(value) = number(value).map(pattern) else { return Ok(None) };
            let result = match method {
                "highestOneBit" => value.checked_ilog2().map_or(0, |bit| 1u64 << bit),
                "lowestOneBit" => value & value.wrapping_neg(),
                _ => value.reverse_bits() >> (64 - bits),
            };
            found(made(i128::from(result)))
        }
        ("parseUnsignedLong" | "divideUnsigned" | "remainderUnsigned" | "rotateLeft" | "rotateRight" | "reverseBytes", _) => {
            unsupported(receiver, method)
        }
        _ => Ok(None),
    }
}

fn parse(receiver: &Val, method: &str, text: &str, radix: u32, bits: u32) -> Result<i128, Fault> {
    let failed = || {
        let under = if radix == 10 { String::new() } else { format!(" under radix {radix}") };
        number_format(receiver, method, &format!("For input string: \"{text}\"{under}"))
    };
    if !(2..=36).contains(&radix) {
        return Err(number_format(receiver, method, &format!("radix {radix} is not between 2 and 36")));
    }
    let number = i128::from_str_radix(text, radix).map_err(|_| failed())?;
    if number >> (bits - 1) == 0 || number >> (bits - 1) == -1 { Ok(number) } else { Err(failed()) }
}

/// `Double`, and decimals, which are one in Java's place.
fn floating(receiver: &Val, double: f64, method: &str, args: &[Val], meter: &mut Meter<'_>) -> Answer {
    match (method, args) {
        ("isNaN", []) => found(double.is_nan()),
        ("isInfinite", []) => found(double.is_infinite()),
        ("isNaN" | "isInfinite" | "isFinite", [number]) => Ok(as_double(number).map(|number| {
            Val::Bool(match method {
                "isNaN" => number.is_nan(),
                "isInfinite" => number.is_infinite(),
                _ => number.is_finite(),
            })
        })),
        ("parseDouble", [Val::Null]) => {
            Err(null_pointer(receiver, method, "Cannot invoke \"String.trim()\" because \"in\" is null"))
        }
        ("parseDouble" | "valueOf", [text]) => match text_arg(text) {
            Some(text) => parse_double(receiver, method, text),
            None if method == "valueOf" => Ok(as_double(text).map(Val::Double)),
            None => Ok(None),
        },
        ("max" | "min" | "sum" | "compare", [a, b]) => {
            let (Some(a), Some(b)) = (as_double(a), as_double(b)) else { return Ok(None) };
            found(match method {
                "max" => Val::Double(a.max(b)),
                "min" => Val::Double(a.min(b)),
                "sum" => Val::Double(a + b),
                _ => Val::Int(a.total_cmp(&b) as i32),
            })
        }
        ("toString", [number]) => match as_double(number) {
            Some(number) => found(text_of(&Val::Double(number), meter)?),
            None => Ok(None),
        },
        ("hashCode", [number]) => Ok(as_double(number).and_then(|number| crate::val::hash(&Val::Double(number))).map(Val::Int)),
        ("toHexString" | "doubleToLongBits" | "longBitsToDouble", _) => unsupported(receiver, method),
        _ => Ok(None),
    }
}

/// `Double.parseDouble`: white space around it and a type suffix are allowed.
fn parse_double(receiver: &Val, method: &str, text: &str) -> Answer {
    let trimmed = text.trim_matches(|char| char <= ' ');
    if trimmed.is_empty() {
        return Err(number_format(receiver, method, "empty String"));
    }
    let unsigned = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    let special = match unsigned {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        _ => None,
    };
    if let Some(number) = special {
        return found(if trimmed.starts_with('-') { -number } else { number });
    }
    if unsigned.starts_with("0x") || unsigned.starts_with("0X") {
        return Err(Fault::new(format!("{method} of a hexadecimal number is not supported: {text}")));
    }
    let digits = trimmed.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(trimmed);
    let is_number = digits.ends_with(|last: char| last.is_ascii_digit() || last == '.');
    match digits.parse::<f64>() {
        Ok(number) if is_number => found(number),
        _ => Err(number_format(receiver, method, &format!("For input string: \"{text}\""))),
    }
}

/// `java.math.BigInteger`.
fn big(receiver: &Val, method: &str, args: &[Val], meter: &mut Meter<'_>) -> Answer {
    let Some(number) = as_big(receiver) else { return Ok(None) };
    let arithmetic = |message: &str| threw(receiver, method, format_args!("java.lang.ArithmeticException: {message}"));
    let mut made = |number: BigInt| {
        if number.bits() > MAX_BITS {
            return Err(Fault::new(format!("{method} gives an integer of more than {} digits", crate::val::MAX_DIGITS)));
        }
        meter.memory(usize::try_from(number.bits()).unwrap_or(usize::MAX) / 2)?;
        meter.work(usize::try_from(number.bits() / 64).unwrap_or(usize::MAX))?;
        found(from_big(&number))
    };
    match (method, args) {
        ("add" | "subtract" | "multiply" | "divide" | "mod" | "remainder" | "gcd" | "max" | "min", [other]) => {
            let Some(other) = as_big(other).filter(|_| super::java_class(other) == "java.math.BigInteger") else {
                return Ok(None);
            };
            match method {
                "add" => made(number + other),
                "subtract" => made(number - other),
                "multiply" => made(number * other),
                "max" => made(number.max(other)),
                "min" => made(number.min(other)),
                "gcd" => made(gcd(&number, &other)),
                _ if other.sign() == Sign::NoSign => Err(arithmetic("BigInteger divide by zero")),
                "divide" => made(number / other),
                "remainder" => made(number % other),
                _ if other.sign() == Sign::Minus => Err(arithmetic("BigInteger: modulus not positive")),
                _ => {
                    let rest = number % &other;
                    made(if rest.sign() == Sign::Minus { rest + other } else { rest })
                }
            }
        }
        ("pow", [Val::Int(exponent)]) => match u32::try_from(*exponent) {
            Ok(exponent) if number.bits().saturating_mul(exponent.into()) > MAX_BITS => {
                Err(Fault::new(format!("pow({exponent}) has too many digits")))
            }
            Ok(exponent) => made(number.pow(exponent)),
            Err(_) => Err(arithmetic("Negative exponent")),
        },
        ("negate", []) => made(-number),
        ("abs", []) => made(BigInt::from(number.magnitude().clone())),
        ("signum", []) => found(match number.sign() {
            Sign::Minus => -1,
            Sign::NoSign => 0,
            Sign::Plus => 1,
        }),
        ("bitLength", []) => {
            // That of two's complement: a negative power of two needs a bit less.
            let bits = if number.sign() == Sign::Minus { (number + 1u8).bits() } else { number.bits() };
            found(i32::try_from(bits).unwrap_or(i32::MAX))
        }
        ("bitCount", []) => {
            let pattern = if number.sign() == Sign::Minus { -(number + 1u8) } else { number };
            let ones: u32 = pattern.magnitude().iter_u64_digits().map(u64::count_ones).sum();
            found(ones.cast_signed())
        }
        ("toString", [Val::Int(radix)]) => {
            let radix = u32::try_from(*radix).ok().filter(|radix| (2..=36).contains(radix)).unwrap_or(10);
            found(number.to_str_radix(radix))
        }
        ("intValueExact", []) => {
            i32::try_from(&number).map(|number| Some(Val::Int(number))).map_err(|_| arithmetic("BigInteger out of int range"))
        }
        ("longValueExact", []) => {
            i64::try_from(&number).map(|number| Some(Val::Long(number))).map_err(|_| arithmetic("BigInteger out of long range"))
        }
        ("valueOf", [Val::Int(_) | Val::Long(_)]) => made(as_big(&args[0]).unwrap_or_default()),
        (
            "and" | "or" | "xor" | "not" | "shiftLeft" | "shiftRight" | "sqrt" | "modPow" | "modInverse" | "isProbablePrime"
            | "toByteArray" | "testBit",
            _,
        ) => unsupported(receiver, method),
        _ => Ok(None),
    }
}

fn gcd(a: &BigInt, b: &BigInt) -> BigInt {
    let (mut a, mut b) = (BigInt::from(a.magnitude().clone()), BigInt::from(b.magnitude().clone()));
    while b.sign() != Sign::NoSign {
        let rest = &a % &b;
        a = std::mem::replace(&mut b, rest);
    }
    a
}

/// The lowest 127 bits of a number that has more.
fn low_bits(number: &BigInt) -> i128 {
    let mask = (BigInt::from(1) << 64u32) - 1;
    let low = number & mask;
    i128::try_from(low).unwrap_or(0)
}

/// `BigInteger.hashCode`.
fn big_hash(number: &BigInt) -> i32 {
    let digits: Vec<u32> = number.magnitude().iter_u32_digits().collect();
    let hash = digits.iter().rev().fold(0i32, |hash, digit| hash.wrapping_mul(31).wrapping_add(digit.cast_signed()));
    if number.sign() == Sign::Minus { hash.wrapping_neg() } else { hash }
}
