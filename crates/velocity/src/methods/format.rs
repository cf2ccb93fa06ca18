//! `String.format`: the conversions `s d x X o f e b c % n` with index, flags, width and precision (java.util.Formatter).

use num_bigint::{BigInt, Sign};

use super::{java_class, threw};
use crate::error::Fault;
use crate::limits::Meter;
use crate::val::{Val, as_big, as_double, text_of};

/// The widest field, and the most digits behind the point.
const MAX_WIDTH: usize = 10_000;

/// One `%..` of a pattern.
#[derive(Default)]
struct Specifier<'p> {
    text: &'p str,
    index: Option<usize>,
    left: bool,
    zero: bool,
    comma: bool,
    plus: bool,
    blank: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
    conversion: char,
}

/// The pattern with its arguments put in.
pub(super) fn format(receiver: &Val, method: &str, pattern: &str, args: &[Val], meter: &mut Meter<'_>) -> Result<String, Fault> {
    let mut out = String::new();
    let mut rest = pattern;
    let mut next = 0;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let specifier = read(&rest[at..]).ok_or_else(|| {
            let conversion = rest[at + 1..].chars().find(|char| !char.is_ascii_digit()).unwrap_or('%');
            threw(receiver, method, format_args!("java.util.UnknownFormatConversionException: Conversion = '{conversion}'"))
        })?;
        rest = &rest[at + specifier.text.len()..];
        match specifier.conversion {
            'n' => out.push('\n'),
            '%' => pad(&specifier, "%", &mut out),
            _ => {
                let place = specifier.index.map_or(next, |index| index - 1);
                if specifier.index.is_none() {
                    next += 1;
                }
                let argument = args.get(place).ok_or_else(|| {
                    let text = specifier.text;
                    threw(receiver, method, format_args!("java.util.MissingFormatArgumentException: Format specifier '{text}'"))
                })?;
                one(receiver, method, &specifier, argument, &mut out, meter)?;
            }
        }
        meter.string(out.len())?;
    }
    out.push_str(rest);
    meter.string(out.len())?;
    Ok(out)
}

fn read(text: &str) -> Option<Specifier<'_>> {
    let mut found = Specifier::default();
    let mut at = 1;
    let bytes = text.as_bytes();
    let digits = |at: usize| bytes.get(at..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
    let count = digits(at);
    if count > 0 && bytes.get(at + count) == Some(&b'$') {
        found.index = Some(text[at..at + count].parse().ok().filter(|index| *index > 0)?);
        at += count + 1;
    }
    while let Some(flag) = bytes.get(at) {
        match flag {
            b'-' => found.left = true,
            b'0' => found.zero = true,
            b',' => found.comma = true,
            b'+' => found.plus = true,
            b' ' => found.blank = true,
            b'#' => found.alternate = true,
            _ => break,
        }
        at += 1;
    }
    let count = digits(at);
    if count > 0 {
        found.width = text[at..at + count].parse().ok().filter(|width| *width <= MAX_WIDTH)?;
        at += count;
    }
    if bytes.get(at) == Some(&b'.') {
        let count = digits(at + 1);
        found.precision = Some(text[at + 1..at + 1 + count].parse().ok().filter(|precision| *precision <= MAX_WIDTH)?);
        at += 1 + count;
    }
    found.conversion = text[at..].chars().next().filter(|conversion| "sSdxXofeEbBcCn%".contains(*conversion))?;
    found.text = &text[..=at];
    Some(found)
}

fn one(
    receiver: &Val,
    method: &str,
    specifier: &Specifier<'_>,
    argument: &Val,
    out: &mut String,
    meter: &mut Meter<'_>,
) -> Result<(), Fault> {
    let illegal = || {
        let conversion = specifier.conversion.to_ascii_lowercase();
        let class = java_class(argument);
        threw(receiver, method, format_args!("java.util.IllegalFormatConversionException: {conversion} != {class}"))
    };
    let text = match specifier.conversion {
        'b' | 'B' => match argument {
            Val::Null => "false".to_owned(),
            Val::Bool(value) => value.to_string(),
            _ => "true".to_owned(),
        },
        's' | 'S' => {
            let text = text_of(argument, meter)?;
            specifier.precision.map_or_else(|| text.to_string(), |most| text.chars().take(most).collect())
        }
        _ if argument.is_null() => "null".to_owned(),
        'c' | 'C' => match argument {
            Val::Int(code) => u32::try_from(*code).ok().and_then(char::from_u32).ok_or_else(illegal)?.to_string(),
            _ => return Err(illegal()),
        },
        'd' | 'x' | 'X' | 'o' => {
            let class = java_class(argument);
            let number = as_big(argument).filter(|_| class != "java.lang.Double").ok_or_else(illegal)?;
            let bits = match class {
                "java.lang.Integer" => 32u32,
                "java.lang.Long" => 64,
                _ => 0,
            };
            let digits = whole(specifier, number, bits);
            return {
                signed(specifier, &digits, out);
                Ok(())
            };
        }
        _ => {
            let number = as_double(argument).filter(|_| java_class(argument) == "java.lang.Double").ok_or_else(illegal)?;
            let digits = real(specifier, number);
            return {
                signed(specifier, &digits, out);
                Ok(())
            };
        }
    };
    let text = if specifier.conversion.is_ascii_uppercase() { text.to_uppercase() } else { text };
    pad(specifier, &text, out);
    Ok(())
}

fn whole(specifier: &Specifier<'_>, number: BigInt, bits: u32) -> String {
    let radix = match specifier.conversion {
        'd' => return number.to_string(),
        'o' => 8,
        _ => 16,
    };
    // Negative integers show their bits.
    let number = if bits > 0 && number.sign() == Sign::Minus { number + (BigInt::from(1) << bits) } else { number };
    let digits = number.to_str_radix(radix);
    let prefix = match (specifier.alternate, radix) {
        (true, 16) => "0x",
        (true, _) => "0",
        _ => "",
    };
    let text = format!("{prefix}{digits}");
    if specifier.conversion == 'X' { text.to_uppercase() } else { text }
}

fn real(specifier: &Specifier<'_>, number: f64) -> String {
    if !number.is_finite() {
        return if number.is_nan() {
            "NaN".to_owned()
        } else if number < 0.0 {
            "-Infinity".to_owned()
        } else {
            "Infinity".to_owned()
        };
    }
    let precision = specifier.precision.unwrap_or(6);
    // Java rounds the shortest decimal that means the number half up, not the number itself.
    let shortest = format!("{number:e}");
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let sign = if mantissa.starts_with('-') { "-" } else { "" };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    if specifier.conversion == 'f' {
        let point = exponent + 1;
        let (whole, fraction) = rounded(&digits, point, precision);
        let dot = if precision > 0 { "." } else { "" };
        return format!("{sign}{whole}{dot}{fraction}");
    }
    let (mut whole, mut fraction) = rounded(&digits, 1, precision);
    let mut exponent = if number == 0.0 { 0 } else { exponent };
    if whole.len() > 1 {
        // 9.99 became 10.0.
        fraction = format!("{}{fraction}", &whole[1..]).chars().take(precision).collect();
        whole.truncate(1);
        exponent += 1;
    }
    let dot = if precision > 0 { "." } else { "" };
    let letter = specifier.conversion;
    let mark = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{whole}{dot}{fraction}{letter}{mark}{:02}", exponent.abs())
}

/// Digits with the point behind the first `point` of them, rounded half up to `precision` places: before and behind it.
fn rounded(digits: &str, point: i64, precision: usize) -> (String, String) {
    let zeros = usize::try_from(-point.min(0)).unwrap_or(0);
    let mut all: Vec<u8> = std::iter::repeat_n(b'0', zeros.min(MAX_WIDTH + 400)).chain(digits.bytes()).collect();
    let mut point = usize::try_from(point.max(0)).unwrap_or(0);
    while all.len() < point {
        all.push(b'0');
    }
    let end = point + precision;
    let up = all.get(end).is_some_and(|digit| *digit >= b'5');
    all.resize(end, b'0');
    if up {
        let nine = all.iter().rposition(|digit| *digit != b'9');
        let from = nine.map_or(0, |at| at + 1);
        all[from..].fill(b'0');
        match nine {
            Some(at) => all[at] += 1,
            None => {
                all.insert(0, b'1');
                point += 1;
            }
        }
    }
    let fraction = String::from_utf8_lossy(&all[point..]).into_owned();
    let whole = String::from_utf8_lossy(&all[..point]).into_owned();
    (if whole.is_empty() { "0".to_owned() } else { whole }, fraction)
}

/// Appends a number with its sign, groups and padding.
fn signed(specifier: &Specifier<'_>, digits: &str, out: &mut String) {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None if specifier.plus => ("+", digits),
        None if specifier.blank => (" ", digits),
        None => ("", digits),
    };
    let digits = if specifier.comma { grouped(digits) } else { digits.to_owned() };
    let missing = specifier.width.saturating_sub(sign.len() + digits.len());
    if specifier.zero && !specifier.left {
        out.push_str(sign);
        out.extend(std::iter::repeat_n('0', missing));
        out.push_str(&digits);
    } else {
        pad(specifier, &format!("{sign}{digits}"), out);
    }
}

fn grouped(digits: &str) -> String {
    let (whole, fraction) = digits.find('.').map_or((digits, ""), |at| digits.split_at(at));
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text + fraction
}

fn pad(specifier: &Specifier<'_>, text: &str, out: &mut String) {
    let missing = specifier.width.saturating_sub(text.encode_utf16().count());
    let blanks = std::iter::repeat_n(' ', missing);
    if specifier.left {
        out.push_str(text);
        out.extend(blanks);
    } else {
        out.extend(blanks);
        out.push_str(text);
    }
}
