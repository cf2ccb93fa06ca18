//! Numbers as text and text as numbers (ECMA-262, 6.1.6.1.20 and 7.1.4.1).

/// Whether a character is white space or a line terminator of the language (ECMA-262, 12.2 and 12.3).
pub(crate) fn is_space(character: char) -> bool {
    character == '\u{feff}' || (character.is_whitespace() && character != '\u{85}')
}

/// `Number::toString` for base ten.
pub(crate) fn format(number: f64) -> String {
    ryu_js::Buffer::new().format(number).to_owned()
}

/// Appends [`format`](self::format), which for whole numbers is quick.
#[inline]
pub(crate) fn write(number: f64, out: &mut String) {
    const SAFE: u64 = 1 << 53;
    #[expect(clippy::cast_possible_truncation, reason = "what does not come back the same is not taken")]
    let whole = number as i64;
    #[expect(clippy::float_cmp, clippy::cast_precision_loss, reason = "whole numbers in the safe range are exact")]
    let is_whole = whole as f64 == number && whole.unsigned_abs() <= SAFE;
    if is_whole {
        write_whole(whole, out);
    } else {
        out.push_str(ryu_js::Buffer::new().format(number));
    }
}

fn write_whole(number: i64, out: &mut String) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push('-');
    }
    out.push_str(std::str::from_utf8(&digits[at..]).unwrap_or_default());
}

/// `StringToNumber`: the whole text is one numeric literal, or nothing but white space; NaN for anything else.
pub(crate) fn parse(text: &str) -> f64 {
    let text = text.trim_matches(is_space);
    let bytes = text.as_bytes();
    match bytes {
        [] => 0.0,
        [digit] if digit.is_ascii_digit() => f64::from(digit - b'0'),
        [b'0', b'x' | b'X', ..] => digits(&text[2..], 16),
        [b'0', b'o' | b'O', ..] => digits(&text[2..], 8),
        [b'0', b'b' | b'B', ..] => digits(&text[2..], 2),
        _ => match decimal_prefix(bytes) {
            Some(length) if length == bytes.len() => decimal(text),
            _ => f64::NAN,
        },
    }
}

/// `parseFloat`: the longest beginning that is a decimal literal.
pub(crate) fn parse_beginning(text: &str) -> f64 {
    let text = text.trim_start_matches(is_space);
    decimal_prefix(text.as_bytes()).map_or(f64::NAN, |length| decimal(&text[..length]))
}

/// `parseInt`.
pub(crate) fn parse_integer(text: &str, radix: i32) -> f64 {
    let text = text.trim_start_matches(is_space);
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let mut radix = radix;
    if radix != 0 && !(2..=36).contains(&radix) {
        return f64::NAN;
    }
    if (radix == 0 || radix == 16) && matches!(rest.as_bytes(), [b'0', b'x' | b'X', ..]) {
        (radix, rest) = (16, &rest[2..]);
    }
    let radix = if radix == 0 { 10 } else { radix.unsigned_abs() };
    let end = rest.find(|character: char| !character.is_digit(radix)).unwrap_or(rest.len());
    let number = digits(&rest[..end], radix);
    if negative { -number } else { number }
}

/// Digits of any base; NaN if there is none, or something else.
fn digits(text: &str, radix: u32) -> f64 {
    if text.is_empty() || !text.chars().all(|character| character.is_digit(radix)) {
        return f64::NAN;
    }
    if radix == 10 {
        return text.parse().unwrap_or(f64::NAN);
    }
    if let Ok(number) = u128::from_str_radix(text, radix) {
        #[expect(clippy::cast_precision_loss, reason = "the nearest double is what is asked for")]
        return number as f64;
    }
    text.chars()
        .filter_map(|character| character.to_digit(radix))
        .fold(0.0, |number, digit| number * f64::from(radix) + f64::from(digit))
}

/// The length of the longest beginning that is a `StrDecimalLiteral`.
fn decimal_prefix(text: &[u8]) -> Option<usize> {
    let count = |from: usize| text.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    if text.get(at..).is_some_and(|rest| rest.starts_with(b"Infinity")) {
        return Some(at + 8);
    }
    let whole = count(at);
    at += whole;
    if text.get(at) == Some(&b'.') {
        let fraction = count(at + 1);
        if whole == 0 && fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    } else if whole == 0 {
        return None;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = count(at + 1 + sign);
        if exponent > 0 {
            at += 1 + sign + exponent;
        }
    }
    Some(at)
}

fn decimal(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

/// `Number.prototype.toString` with a radix other than ten: the shortest digits that read as the same double.
pub(crate) fn to_radix(number: f64, radix: u32) -> String {
    if !number.is_finite() || number == 0.0 {
        return format(number);
    }
    let base = f64::from(radix);
    let digit = |value: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the radix")]
        char::from_digit(value as u32, radix).unwrap_or('0')
    };
    let (mut whole, mut fraction) = (number.abs().floor(), number.abs().fract());
    let mut behind: Vec<u32> = Vec::new();
    let mut delta = (0.5 * (number.abs().next_up() - number.abs())).max(f64::from_bits(1));
    if fraction >= delta {
        loop {
            fraction *= base;
            delta *= base;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the radix")]
            let next = fraction as u32;
            behind.push(next);
            fraction -= f64::from(next);
            if (fraction > 0.5 || (fraction == 0.5 && next & 1 == 1)) && fraction + delta > 1.0 {
                // Up: a digit that is full gives way to the one before it.
                loop {
                    match behind.pop() {
                        None => {
                            whole += 1.0;
                            break;
                        }
                        Some(last) if last + 1 < radix => {
                            behind.push(last + 1);
                            break;
                        }
                        Some(_) => {}
                    }
                }
                break;
            }
            if fraction < delta {
                break;
            }
        }
    }
    let mut front: Vec<char> = Vec::new();
    // Whole numbers of this size are exact in 128 bits; beyond, the last digits are those of the double's precision.
    if (9_007_199_254_740_992.0..3e38).contains(&whole) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and below 2^128")]
        let mut exact = whole as u128;
        while exact >= 1 << 53 {
            let next = u32::try_from(exact % u128::from(radix)).unwrap_or_default();
            front.push(char::from_digit(next, radix).unwrap_or('0'));
            exact /= u128::from(radix);
        }
        #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
        {
            whole = exact as f64;
        }
    }
    while whole >= 9_007_199_254_740_992.0 {
        whole = (whole / base).trunc();
        front.push('0');
    }
    loop {
        front.push(digit(whole % base));
        whole = (whole / base).trunc();
        if whole == 0.0 {
            break;
        }
    }
    let mut text = String::with_capacity(front.len() + behind.len() + 2);
    if number < 0.0 {
        text.push('-');
    }
    text.extend(front.iter().rev());
    if !behind.is_empty() {
        text.push('.');
        text.extend(behind.iter().filter_map(|&value| char::from_digit(value, radix)));
    }
    text
}

/// The first `count` significant digits of a positive finite number, rounded half up on its exact value, and its exponent.
fn significant(number: f64, count: usize) -> (String, i32) {
    // A double has at most 767 significant digits.
    let exact = format!("{number:.780e}");
    let (mantissa, exponent) = exact.split_once('e').unwrap_or((&exact, "0"));
    let mut exponent: i32 = exponent.parse().unwrap_or(0);
    let mut digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    let up = digits.get(count).is_some_and(|digit| *digit >= b'5');
    digits.truncate(count);
    if up {
        let mut at = digits.len();
        loop {
            if at == 0 {
                digits.insert(0, b'1');
                digits.pop();
                exponent += 1;
                break;
            }
            at -= 1;
            if digits[at] < b'9' {
                digits[at] += 1;
                break;
            }
            digits[at] = b'0';
        }
    }
    (digits.into_iter().map(char::from).collect(), exponent)
}

fn signed(exponent: i32) -> String {
    if exponent < 0 { exponent.to_string() } else { format!("+{exponent}") }
}

/// `Number.prototype.toExponential`; without a number of digits as many as needed.
pub(crate) fn to_exponential(number: f64, fraction: Option<usize>) -> String {
    if !number.is_finite() {
        return format(number);
    }
    let sign = if number < 0.0 { "-" } else { "" };
    let (digits, exponent) = match fraction {
        _ if number == 0.0 => ("0".repeat(fraction.unwrap_or(0) + 1), 0),
        Some(fraction) => significant(number.abs(), fraction + 1),
        None => {
            let shortest = format!("{:e}", number.abs());
            let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
            (mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
        }
    };
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{first}{point}{rest}e{}", signed(exponent))
}

/// `Number.prototype.toPrecision`.
pub(crate) fn to_precision(number: f64, precision: usize) -> String {
    if !number.is_finite() {
        return format(number);
    }
    let sign = if number < 0.0 { "-" } else { "" };
    let (digits, exponent) = if number == 0.0 { ("0".repeat(precision), 0) } else { significant(number.abs(), precision) };
    let places = i32::try_from(precision).unwrap_or(i32::MAX);
    if exponent < -6 || exponent >= places {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        return format!("{sign}{first}{point}{rest}e{}", signed(exponent));
    }
    match usize::try_from(exponent) {
        Ok(whole) if whole + 1 == precision => format!("{sign}{digits}"),
        Ok(whole) => format!("{sign}{}.{}", &digits[..=whole], &digits[whole + 1..]),
        Err(_) => format!("{sign}0.{}{digits}", "0".repeat((-exponent - 1).unsigned_abs() as usize)),
    }
}

/// `Number.prototype.toFixed`.
pub(crate) fn to_fixed(number: f64, fraction: u8) -> String {
    if !number.is_finite() || number.abs() >= 1e21 {
        return format(number);
    }
    ryu_js::Buffer::new().format_to_fixed(number, fraction).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_written_as_all_others() {
        for number in [
            0.0,
            -0.0,
            7.0,
            -10.0,
            99.0,
            100.0,
            1e15,
            9_007_199_254_740_992.0,
            -9_007_199_254_740_993.0,
            1e21,
            1e300,
            0.5,
            f64::NAN,
            f64::INFINITY,
        ] {
            let mut written = String::new();
            write(number, &mut written);
            assert_eq!(written, format(number));
        }
    }

    #[test]
    fn text_reads_as_the_language_reads_it() {
        for (text, number) in [
            ("", 0.0),
            (" \n\u{feff}12\u{a0}", 12.0),
            ("0x1F", 31.0),
            ("0b101", 5.0),
            ("0o17", 15.0),
            ("-Infinity", f64::NEG_INFINITY),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e3", 1000.0),
            ("+7", 7.0),
        ] {
            assert_eq!(parse(text), number, "{text:?}");
        }
        for text in ["inf", "nan", "infinity", "1_000", "0x", "-0x1", "1e", "e1", ".", "1 2", "\u{85}1", "12px"] {
            assert!(parse(text).is_nan(), "{text:?}");
        }
        assert_eq!(parse_beginning(" 3.25abc"), 3.25);
        assert_eq!(parse_beginning("1e+"), 1.0);
        assert!(parse_beginning("e5").is_nan());
        assert_eq!(parse_integer("0x1fz", 0), 31.0);
        assert_eq!(parse_integer("-12.9", 10), -12.0);
        assert_eq!(parse_integer("zz", 36), 1295.0);
        assert!(parse_integer("9", 8).is_nan() && parse_integer("1", 1).is_nan());
    }

    #[test]
    fn numbers_print_as_the_language_prints_them() {
        assert_eq!(to_radix(255.0, 16), "ff");
        assert_eq!(to_radix(-0.5, 2), "-0.1");
        assert_eq!(to_radix(0.1, 3), "0.0022002200220022002200220022002201");
        assert_eq!(to_exponential(123_456.0, Some(2)), "1.23e+5");
        assert_eq!(to_exponential(0.00015, None), "1.5e-4");
        assert_eq!(to_exponential(0.0, Some(2)), "0.00e+0");
        assert_eq!(to_precision(2.5, 1), "3");
        assert_eq!(to_precision(99.99, 3), "100");
        assert_eq!(to_precision(99.99, 2), "1.0e+2");
        assert_eq!(to_precision(0.000_123, 2), "0.00012");
        assert_eq!(to_precision(123_456.0, 2), "1.2e+5");
        assert_eq!(to_precision(12.34, 3), "12.3");
        assert_eq!(to_fixed(1.005, 2), "1.00");
        assert_eq!(to_fixed(1e21, 2), "1e+21");
        assert_eq!(to_fixed(-1.5, 0), "-2");
        assert_eq!(to_fixed(0.000_001, 7), "0.0000010");
    }
}
