//! `util.math.*`.

use std::cmp::Ordering;

use value::{Number, Value};

use crate::arguments::Arguments;
use crate::collections::compare_numbers;
use crate::{Failure, Session, Utility};

pub(crate) const TABLE: &[Utility] = &[
    Utility::both("math.roundNum", round_num),
    Utility::both("math.minVal", |_, values| pick("math.minVal", values, Ordering::Greater)),
    Utility::both("math.maxVal", |_, values| pick("math.maxVal", values, Ordering::Less)),
    Utility::both("math.randomDouble", |session, _| Ok(random_unit(session).into())),
    Utility::both("math.randomWithinRange", random_within_range),
];

/// `java.lang.Math.round`: halves go up.
fn round_num(_: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let number = Arguments::new("math.roundNum", values).number(0)?;
    if number.is_integer() {
        return Ok(number.clone().into());
    }
    let double = number.as_f64();
    let floor = double.floor();
    let rounded = if double - floor >= 0.5 { floor + 1.0 } else { floor };
    #[expect(clippy::cast_possible_truncation, reason = "saturates, as Math.round does")]
    Ok((rounded as i64).into())
}

/// The second argument if the first compares as `when` to it, else the first.
fn pick(name: &'static str, values: &[Value], when: Ordering) -> Result<Value, Failure> {
    let arguments = Arguments::new(name, values);
    let (a, b) = (arguments.number(0)?, arguments.number(1)?);
    Ok(if compare_numbers(a, b) == when { b.clone() } else { a.clone() }.into())
}

fn random_unit(session: &Session) -> f64 {
    let mut bytes = [0; 8];
    session.ids.fill(&mut bytes);
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact in a double")]
    let bits = (u64::from_le_bytes(bytes) >> 11) as f64;
    bits / (1u64 << 53) as f64
}

/// From the first argument (inclusive) to the second (exclusive).
fn random_within_range(session: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new("math.randomWithinRange", values);
    let (start, end) = (arguments.long(0)?, arguments.long(1)?);
    if end <= start {
        return Err(arguments.refuse("bound must be greater than origin"));
    }
    let mut bytes = [0; 16];
    session.ids.fill(&mut bytes);
    let span = u128::from(end.abs_diff(start));
    let offset = u64::try_from(u128::from_le_bytes(bytes) % span).expect("below a span of 64 bits");
    Ok(Number::from(start.wrapping_add_unsigned(offset)).into())
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;
    use crate::testing::{call, check};

    #[test]
    fn numbers() {
        check(&[
            ("math.roundNum", vec![value!(2.5)], value!(3)),
            ("math.roundNum", vec![value!(-2.5)], value!(-2)),
            ("math.roundNum", vec![value!(0.49999999999999994)], value!(0)),
            ("math.roundNum", vec![value!(9007199254740993i64)], value!(9007199254740993i64)),
            ("math.minVal", vec![value!(1), value!(2.5)], value!(1)),
            ("math.maxVal", vec![value!(1), value!(2.5)], value!(2.5)),
            ("math.maxVal", vec![value!(9007199254740993i64), value!(9007199254740992i64)], value!(9007199254740993i64)),
        ]);
        for _ in 0..100 {
            let unit = call("math.randomDouble", &[]).expect("a number").as_f64().expect("a number");
            assert!((0.0..1.0).contains(&unit));
            let die = call("math.randomWithinRange", &[value!(1), value!(7)]).expect("a number").as_i64().expect("whole");
            assert!((1..7).contains(&die));
        }
        for arguments in [[value!(1), value!(1)], [value!("1"), value!(2)]] {
            assert!(matches!(call("math.randomWithinRange", &arguments), Err(Failure::Invalid { .. })));
        }
        assert!(call("math.randomWithinRange", &[value!(i64::MIN), value!(i64::MAX)]).is_ok());
    }
}
