//! Exact numbers: integers as `i64` or `u64`, doubles that print as they were written, and everything else as its text.

use std::sync::Arc;

/// A JSON number that keeps what was written: `1.0` stays `1.0`, 38-digit numbers keep every digit.
#[derive(Clone, Debug)]
pub struct Number(Repr);

#[derive(Clone, Debug)]
enum Repr {
    Int(i64),
    /// Above `i64::MAX` only.
    UInt(u64),
    /// Finite; prints by ryu exactly as it was written.
    Double(f64),
    /// JSON number text that neither of the above would print the same.
    Text(Arc<str>),
}

impl Number {
    /// A number from JSON number text; `None` if the text is not one.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Number> {
        is_json_number(text.as_bytes()).then(|| Number::from_valid_text(text))
    }

    /// As [`Number::from_text`], for text already known to follow the grammar.
    pub(crate) fn from_valid_text(text: &str) -> Number {
        let integer = !text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'));
        if integer && text != "-0" {
            if let Ok(number) = text.parse::<i64>() {
                return Number(Repr::Int(number));
            }
            if let Ok(number) = text.parse::<u64>() {
                return Number(Repr::UInt(number));
            }
        } else if let Ok(number) = text.parse::<f64>()
            && number.is_finite()
            && (prints_as_written(text) || ryu::Buffer::new().format_finite(number) == text)
        {
            return Number(Repr::Double(number));
        }
        Number(Repr::Text(text.into()))
    }

    /// A number from a double; `None` for NaN and infinities, which JSON does not have.
    #[must_use]
    pub fn from_f64(number: f64) -> Option<Number> {
        number.is_finite().then_some(Number(Repr::Double(number)))
    }

    /// A number from a double as JavaScript would print it: whole numbers in the safe range become integers.
    #[must_use]
    pub fn from_js(number: f64) -> Option<Number> {
        const SAFE: f64 = 9_007_199_254_740_991.0;
        if number.fract() == 0.0 && number.abs() <= SAFE {
            #[expect(clippy::cast_possible_truncation, reason = "whole and within the safe range")]
            return Some(Number(Repr::Int(number as i64)));
        }
        Number::from_f64(number)
    }

    /// The integer, if this is one written without fraction and exponent, in range.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Repr::Int(number) => Some(number),
            _ => None,
        }
    }

    /// The integer as `u64`, likewise.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self.0 {
            Repr::Int(number) => u64::try_from(number).ok(),
            Repr::UInt(number) => Some(number),
            _ => None,
        }
    }

    /// The exact whole value, also of `1.0` and `1e3`, when it fits an `i64`.
    #[must_use]
    pub fn to_whole_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Int(number) => Some(*number),
            Repr::UInt(_) => None,
            Repr::Double(number) => whole(*number),
            Repr::Text(text) => {
                let number: f64 = text.parse().ok()?;
                // A text with more digits than a double holds may only look whole as a double.
                let digits = text.bytes().filter(u8::is_ascii_digit).count();
                if digits <= 15 { whole(number) } else { None }
            }
        }
    }

    /// The nearest double.
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        match &self.0 {
            #[expect(clippy::cast_precision_loss, reason = "the nearest double is what is asked for")]
            Repr::Int(number) => *number as f64,
            #[expect(clippy::cast_precision_loss, reason = "the nearest double is what is asked for")]
            Repr::UInt(number) => *number as f64,
            Repr::Double(number) => *number,
            Repr::Text(text) => text.parse().unwrap_or(f64::NAN),
        }
    }

    /// Whether this was written without fraction and exponent, of any length.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Repr::Int(_) | Repr::UInt(_) => true,
            Repr::Double(_) => false,
            Repr::Text(text) => !text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')),
        }
    }

    /// Whether a double holds this number without loss of a digit.
    #[must_use]
    pub fn is_exact_in_f64(&self) -> bool {
        match &self.0 {
            Repr::Int(number) => number.unsigned_abs() <= 1 << 53,
            Repr::UInt(_) => false,
            Repr::Double(_) => true,
            Repr::Text(text) => text.bytes().filter(u8::is_ascii_digit).count() <= 15 && self.as_f64().is_finite(),
        }
    }

    /// Appends the number as JSON text.
    pub fn write(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Repr::Int(number) => write_int(*number, out),
            Repr::UInt(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Repr::Double(number) => out.extend_from_slice(ryu::Buffer::new().format_finite(*number).as_bytes()),
            Repr::Text(text) => out.extend_from_slice(text.as_bytes()),
        }
    }
}

/// Whether a number's text is surely what ryu prints for its double: at most 15 digits, which a double always keeps, no
/// exponent, no digit that could be left out, and not so small that an exponent is printed.
fn prints_as_written(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let Some((whole, fraction)) = digits.split_once('.') else { return false };
    whole.len() + fraction.len() <= 15
        && (fraction == "0" || !fraction.ends_with('0'))
        && (whole != "0" || fraction == "0" || !fraction.starts_with('0'))
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

fn whole(number: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole and within the range of i64")]
    (number.fract() == 0.0 && (-LIMIT..LIMIT).contains(&number)).then_some(number as i64)
}

fn write_int(number: i64, out: &mut Vec<u8>) {
    let mut digits = [0u8; 20];
    let mut start = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        start -= 1;
        digits[start] = b'0' + u8::try_from(rest % 10).expect("a digit");
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[start..]);
}

/// RFC 8259 §6.
fn is_json_number(text: &[u8]) -> bool {
    let mut rest = text.strip_prefix(b"-").unwrap_or(text);
    let digits = |rest: &mut &[u8]| {
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        *rest = &rest[count..];
        count
    };
    let leading_zero = rest.first() == Some(&b'0');
    let count = digits(&mut rest);
    if count == 0 || (leading_zero && count > 1) {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        rest = fraction;
        if digits(&mut rest) == 0 {
            return false;
        }
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        rest = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
        if digits(&mut rest) == 0 {
            return false;
        }
    }
    rest.is_empty()
}

impl PartialEq for Number {
    /// Equal by value where both are exact in a machine number, else by text.
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Int(a), Repr::Int(b)) => a == b,
            (Repr::UInt(a), Repr::UInt(b)) => a == b,
            (Repr::Text(a), Repr::Text(b)) if a == b => true,
            _ => self.is_exact_in_f64() && other.is_exact_in_f64() && self.as_f64() == other.as_f64(),
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Repr::Int(number) => write!(f, "{number}"),
            Repr::UInt(number) => write!(f, "{number}"),
            Repr::Double(number) => f.write_str(ryu::Buffer::new().format_finite(*number)),
            Repr::Text(text) => f.write_str(text),
        }
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Number(Repr::Int(number))
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        i64::try_from(number).map_or(Number(Repr::UInt(number)), Number::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_every_number_as_written() {
        for text in [
            "0",
            "-0",
            "1",
            "-1",
            "1.0",
            "1.10",
            "1e2",
            "1E+2",
            "0.30000000000000004",
            "9223372036854775807",
            "-9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "12345678901234567890123456789012345678",
            "1e400",
            "-0.0",
            "3.14",
        ] {
            assert_eq!(Number::from_text(text).expect(text).to_string(), text);
        }
    }

    #[test]
    fn text_that_surely_prints_as_written_does() {
        let mut seen = 0;
        for whole in ["0", "1", "-1", "7", "12", "123456789012", "-0", "99999999999999"] {
            for fraction in ["0", "1", "5", "05", "50", "25", "001", "123", "999", "9999999999999", "00000000000001"] {
                let text = format!("{whole}.{fraction}");
                if prints_as_written(&text) {
                    seen += 1;
                    let number: f64 = text.parse().expect("a number");
                    assert_eq!(ryu::Buffer::new().format_finite(number), text);
                }
            }
        }
        assert!(seen > 30);
    }

    #[test]
    fn refuses_text_outside_the_grammar() {
        for text in ["", "-", "01", "1.", ".5", "1e", "1e+", "+1", "NaN", "0x1", "1 ", "--1", "1.e3"] {
            assert!(Number::from_text(text).is_none(), "{text}");
        }
    }

    #[test]
    fn compares_by_value() {
        let number = |text| Number::from_text(text).expect("a number");
        assert_eq!(number("1"), number("1.0"));
        assert_eq!(number("100"), number("1e2"));
        assert_ne!(number("12345678901234567890123"), number("12345678901234567890124"));
        assert_ne!(number("9223372036854775807"), number("9223372036854775806"));
    }

    #[test]
    fn whole_values_are_exact_or_absent() {
        let whole = |text| Number::from_text(text).expect("a number").to_whole_i64();
        assert_eq!(whole("1.0"), Some(1));
        assert_eq!(whole("1e3"), Some(1000));
        assert_eq!(whole("1.5"), None);
        assert_eq!(whole("9007199254740993.0000001"), None);
        assert_eq!(whole("9223372036854775807"), Some(i64::MAX));
    }
}
