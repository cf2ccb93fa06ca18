//! `Number` (ECMA-262, 21.1).

use super::{arg, clamp, globals, natives};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::Val;
use crate::native::{Builtin, ErrorKind, Native, Prototype};
use crate::number;

const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

fn this_number(ev: &mut Evaluator<'_>, this: Val) -> Completion<f64> {
    match ev.as_double(this) {
        Some(number) => Ok(number),
        None => ev.type_error("not a number"),
    }
}

/// An argument that says how many digits are wanted.
fn digits(ev: &mut Evaluator<'_>, value: Val, least: f64) -> Completion<usize> {
    let digits = ev.to_integer(value)?;
    if !(least..=100.0).contains(&digits) {
        return ev.throw(ErrorKind::RangeError, "invalid number of digits");
    }
    Ok(clamp(digits, 100))
}

fn to_string(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let number = this_number(ev, this)?;
    let radix = match arg(arguments, 0) {
        Val::Undefined => 10.0,
        given => ev.to_integer(given)?,
    };
    if !(2.0..=36.0).contains(&radix) {
        return ev.throw(ErrorKind::RangeError, "radix must be between 2 and 36");
    }
    if radix == 10.0 {
        return Ok(Val::String(ev.to_string(this)?));
    }
    let radix = u32::try_from(clamp(radix, 36)).unwrap_or(10);
    Ok(ev.heap.string(number::to_radix(number, radix)))
}

fn to_fixed(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let number = this_number(ev, this)?;
    let fraction = digits(ev, arg(arguments, 0), 0.0)?;
    Ok(ev.heap.string(number::to_fixed(number, u8::try_from(fraction).unwrap_or(100))))
}

fn to_exponential(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let number = this_number(ev, this)?;
    let fraction = match arg(arguments, 0) {
        Val::Undefined => None,
        given if number.is_finite() => Some(digits(ev, given, 0.0)?),
        given => {
            ev.to_integer(given)?;
            None
        }
    };
    Ok(ev.heap.string(number::to_exponential(number, fraction)))
}

fn to_precision(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let number = this_number(ev, this)?;
    let given = arg(arguments, 0);
    if matches!(given, Val::Undefined) || !number.is_finite() {
        return Ok(Val::String(ev.to_string(this)?));
    }
    let precision = digits(ev, given, 1.0)?;
    Ok(ev.heap.string(number::to_precision(number, precision)))
}

fn test(ev: &Evaluator<'_>, arguments: &[Val], holds: impl Fn(f64) -> bool) -> Completion {
    Ok(Val::Bool(ev.as_double(arg(arguments, 0)).is_some_and(holds)))
}

fn is_whole(number: f64) -> bool {
    number.is_finite() && number.fract() == 0.0
}

/// `Number`. Objects that wrap numbers are not offered: `new Number()` refuses.
pub(super) static NUMBER: Builtin = Builtin {
    name: "Number",
    call: Some(|ev, _, arguments| match arguments.first() {
        None => Ok(Val::Number(0.0)),
        // It keeps its digits.
        Some(&exact @ Val::Exact(_)) => Ok(exact),
        Some(&value) => Ok(Val::Number(ev.to_number(value)?)),
    }),
    construct: Some(|ev, _, _| ev.type_error("new Number is not supported: use Number(value)")),
    functions: natives! {
        "isFinite" / 1 => |ev, _, arguments| test(ev, arguments, f64::is_finite),
        "isInteger" / 1 => |ev, _, arguments| test(ev, arguments, is_whole),
        "isNaN" / 1 => |ev, _, arguments| test(ev, arguments, f64::is_nan),
        "isSafeInteger" / 1 => |ev, _, arguments| test(ev, arguments, |number| is_whole(number) && number.abs() <= MAX_SAFE),
        "parseFloat" / 1 => globals::parse_float,
        "parseInt" / 2 => globals::parse_int,
    },
    numbers: &[
        ("EPSILON", f64::EPSILON),
        ("MAX_SAFE_INTEGER", MAX_SAFE),
        ("MAX_VALUE", f64::MAX),
        ("MIN_SAFE_INTEGER", -MAX_SAFE),
        ("MIN_VALUE", 5e-324),
        ("NEGATIVE_INFINITY", f64::NEG_INFINITY),
        ("NaN", f64::NAN),
        ("POSITIVE_INFINITY", f64::INFINITY),
    ],
    prototype: Some(Prototype::Number),
};

/// `Number.prototype`.
pub(super) static METHODS: &[Native] = natives! {
    "toExponential" / 1 => to_exponential,
    "toFixed" / 1 => to_fixed,
    "toLocaleString" / 0 => |ev, this, _| to_string(ev, this, &[]),
    "toPrecision" / 1 => to_precision,
    "toString" / 1 => to_string,
    "valueOf" / 0 => |ev, this, _| {
        this_number(ev, this)?;
        Ok(this)
    },
};
