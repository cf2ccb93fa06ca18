//! `Math` (ECMA-262, 21.3).

use super::{arg, natives};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::Val;
use crate::native::Builtin;

/// Applies a function of one number.
fn one(ev: &mut Evaluator<'_>, arguments: &[Val], function: impl Fn(f64) -> f64) -> Completion {
    Ok(Val::Number(function(ev.to_number(arg(arguments, 0))?)))
}

/// To the nearest whole number, halves up.
fn round(number: f64) -> f64 {
    let floor = number.floor();
    let rounded = if number - floor >= 0.5 { floor + 1.0 } else { floor };
    rounded.copysign(number)
}

/// `base ** exponent` (ECMA-262, 6.1.6.1.3), which is no number where C's `pow` is 1.
pub(crate) fn power(base: f64, exponent: f64) -> f64 {
    if exponent.is_nan() || (base.abs() == 1.0 && exponent.is_infinite()) { f64::NAN } else { base.powf(exponent) }
}

fn max(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let mut found = f64::NEG_INFINITY;
    for &value in arguments {
        let number = ev.to_number(value)?;
        if number.is_nan() || found.is_nan() {
            found = f64::NAN;
        } else if number > found || (number == 0.0 && found == 0.0 && found.is_sign_negative()) {
            found = number;
        }
    }
    Ok(Val::Number(found))
}

fn min(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let mut found = f64::INFINITY;
    for &value in arguments {
        let number = ev.to_number(value)?;
        if number.is_nan() || found.is_nan() {
            found = f64::NAN;
        } else if number < found || (number == 0.0 && found == 0.0 && number.is_sign_negative()) {
            found = number;
        }
    }
    Ok(Val::Number(found))
}

fn hypot(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let mut numbers = Vec::with_capacity(arguments.len());
    for &value in arguments {
        numbers.push(ev.to_number(value)?);
    }
    if numbers.iter().any(|number| number.is_infinite()) {
        return Ok(Val::Number(f64::INFINITY));
    }
    Ok(Val::Number(numbers.iter().fold(0.0, |sum: f64, number| sum.hypot(*number))))
}

fn sign(number: f64) -> f64 {
    if number.is_nan() || number == 0.0 { number } else { number.signum() }
}

/// `Math`.
pub(super) static MATH: Builtin = Builtin {
    name: "Math",
    call: None,
    construct: None,
    functions: natives! {
        "abs" / 1 => |ev, _, arguments| one(ev, arguments, f64::abs),
        "acos" / 1 => |ev, _, arguments| one(ev, arguments, f64::acos),
        "acosh" / 1 => |ev, _, arguments| one(ev, arguments, f64::acosh),
        "asin" / 1 => |ev, _, arguments| one(ev, arguments, f64::asin),
        "asinh" / 1 => |ev, _, arguments| one(ev, arguments, f64::asinh),
        "atan" / 1 => |ev, _, arguments| one(ev, arguments, f64::atan),
        "atan2" / 2 => |ev, _, arguments| {
            let (y, x) = (ev.to_number(arg(arguments, 0))?, ev.to_number(arg(arguments, 1))?);
            Ok(Val::Number(y.atan2(x)))
        },
        "atanh" / 1 => |ev, _, arguments| one(ev, arguments, f64::atanh),
        "cbrt" / 1 => |ev, _, arguments| one(ev, arguments, f64::cbrt),
        "ceil" / 1 => |ev, _, arguments| one(ev, arguments, f64::ceil),
        "clz32" / 1 => |ev, _, arguments| Ok(Val::Number(f64::from(ev.to_uint32(arg(arguments, 0))?.leading_zeros()))),
        "cos" / 1 => |ev, _, arguments| one(ev, arguments, f64::cos),
        "cosh" / 1 => |ev, _, arguments| one(ev, arguments, f64::cosh),
        "exp" / 1 => |ev, _, arguments| one(ev, arguments, f64::exp),
        "expm1" / 1 => |ev, _, arguments| one(ev, arguments, f64::exp_m1),
        "floor" / 1 => |ev, _, arguments| one(ev, arguments, f64::floor),
        "fround" / 1 => |ev, _, arguments| one(ev, arguments, |number| {
            #[expect(clippy::cast_possible_truncation, reason = "rounding to single precision is what is asked for")]
            f64::from(number as f32)
        }),
        "hypot" / 2 => hypot,
        "imul" / 2 => |ev, _, arguments| {
            let (left, right) = (ev.to_int32(arg(arguments, 0))?, ev.to_int32(arg(arguments, 1))?);
            Ok(Val::Number(f64::from(left.wrapping_mul(right))))
        },
        "log" / 1 => |ev, _, arguments| one(ev, arguments, f64::ln),
        "log10" / 1 => |ev, _, arguments| one(ev, arguments, f64::log10),
        "log1p" / 1 => |ev, _, arguments| one(ev, arguments, f64::ln_1p),
        "log2" / 1 => |ev, _, arguments| one(ev, arguments, f64::log2),
        "max" / 2 => max,
        "min" / 2 => min,
        "pow" / 2 => |ev, _, arguments| {
            let (base, exponent) = (ev.to_number(arg(arguments, 0))?, ev.to_number(arg(arguments, 1))?);
            Ok(Val::Number(power(base, exponent)))
        },
        "random" / 0 => |ev, _, _| Ok(Val::Number(ev.host.random())),
        "round" / 1 => |ev, _, arguments| one(ev, arguments, round),
        "sign" / 1 => |ev, _, arguments| one(ev, arguments, sign),
        "sin" / 1 => |ev, _, arguments| one(ev, arguments, f64::sin),
        "sinh" / 1 => |ev, _, arguments| one(ev, arguments, f64::sinh),
        "sqrt" / 1 => |ev, _, arguments| one(ev, arguments, f64::sqrt),
        "tan" / 1 => |ev, _, arguments| one(ev, arguments, f64::tan),
        "tanh" / 1 => |ev, _, arguments| one(ev, arguments, f64::tanh),
        "trunc" / 1 => |ev, _, arguments| one(ev, arguments, f64::trunc),
    },
    numbers: &[
        ("E", std::f64::consts::E),
        ("LN10", std::f64::consts::LN_10),
        ("LN2", std::f64::consts::LN_2),
        ("LOG10E", std::f64::consts::LOG10_E),
        ("LOG2E", std::f64::consts::LOG2_E),
        ("PI", std::f64::consts::PI),
        ("SQRT1_2", std::f64::consts::FRAC_1_SQRT_2),
        ("SQRT2", std::f64::consts::SQRT_2),
    ],
    prototype: None,
};
