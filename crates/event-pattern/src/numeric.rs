//! Numbers as EventBridge compares them: as doubles, and only those that a double holds. `300` is `300.0`; an integer too long for
//! a double equals its own text alone.

use value::Number;

/// The double that equals the number, if one does.
pub(crate) fn comparable(number: &Number) -> Option<f64> {
    let double = number.as_f64();
    (double.is_finite() && number.is_exact_in_f64() && (double != 0.0 || is_zero(number))).then_some(double)
}

/// Whether the number is zero, and not merely too small for a double.
fn is_zero(number: &Number) -> bool {
    let mut text = Vec::new();
    number.write(&mut text);
    let digits = text.iter().take_while(|byte| !matches!(byte, b'e' | b'E'));
    digits.filter(|byte| byte.is_ascii_digit()).all(|digit| *digit == b'0')
}

/// Whether two numbers are one to EventBridge.
pub(crate) fn equal(left: &Number, right: &Number) -> bool {
    match (comparable(left), comparable(right)) {
        (Some(left), Some(right)) => left == right,
        (None, None) => text(left) == text(right),
        _ => false,
    }
}

fn text(number: &Number) -> Vec<u8> {
    let mut out = Vec::new();
    number.write(&mut out);
    out
}

/// `numeric`: an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    pub(crate) bottom: Bound,
    pub(crate) top: Bound,
}

/// One end of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    None,
    Included(f64),
    Excluded(f64),
}

impl Range {
    pub(crate) fn contains(self, number: &Number) -> bool {
        let Some(number) = comparable(number) else { return false };
        let above = match self.bottom {
            Bound::None => true,
            Bound::Included(bottom) => number >= bottom,
            Bound::Excluded(bottom) => number > bottom,
        };
        let below = match self.top {
            Bound::None => true,
            Bound::Included(top) => number <= top,
            Bound::Excluded(top) => number < top,
        };
        above && below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::from_text(text).expect(text)
    }

    #[test]
    fn numbers_are_equal_by_value() {
        for (left, right, expected) in [
            ("300", "300.0", true),
            ("300", "3e2", true),
            ("3.018e2", "301.8", true),
            ("0", "-0.0", true),
            ("1", "2", false),
            ("123456789012", "123456789012", true),
            ("12345678901234567890123", "12345678901234567890123", true),
            ("12345678901234567890123", "12345678901234567890124", false),
            ("9007199254740993", "9007199254740992", false),
            ("1e-400", "0", false),
        ] {
            assert_eq!(equal(&number(left), &number(right)), expected, "{left} {right}");
        }
    }
}
