//! Reading dates: the format of the specification (ECMA-262, 21.4.1.32), and what people write beside it.
//!
//! A text without a zone is UTC, whether it has a time or not.

use super::time::{clip, make};

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Milliseconds since 1970, or NaN.
pub(super) fn parse(text: &str) -> f64 {
    let text = text.trim_matches(crate::number::is_space);
    // No date is longer, and reading takes time.
    if text.len() > 256 {
        return f64::NAN;
    }
    iso(text.as_bytes()).or_else(|| loose(text)).map_or(f64::NAN, clip)
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Exactly so many digits.
    fn digits(&mut self, count: usize) -> Option<f64> {
        let digits = self.text.get(self.at..self.at + count)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        self.at += count;
        Some(digits.iter().fold(0.0, |number, digit| number * 10.0 + f64::from(digit - b'0')))
    }
}

fn within(number: f64, least: f64, most: f64) -> Option<f64> {
    (least..=most).contains(&number).then_some(number)
}

/// `2024-01-31T12:30:00.000Z` and what may be left out of it.
fn iso(text: &[u8]) -> Option<f64> {
    let mut reader = Reader { text, at: 0 };
    let year = match reader.peek()? {
        sign @ (b'+' | b'-') => {
            reader.at += 1;
            let year = reader.digits(6)?;
            if sign == b'-' && year == 0.0 {
                return None;
            }
            if sign == b'-' { -year } else { year }
        }
        _ => reader.digits(4)?,
    };
    let mut fields = [year, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0];
    let mut offset = 0.0;
    if reader.take(b'-') {
        fields[1] = within(reader.digits(2)?, 1.0, 12.0)? - 1.0;
        if reader.take(b'-') {
            fields[2] = within(reader.digits(2)?, 1.0, 31.0)?;
        }
    }
    if reader.take(b'T') || reader.take(b't') || (reader.peek() == Some(b' ') && reader.text.len() > 10 && reader.take(b' ')) {
        fields[3] = within(reader.digits(2)?, 0.0, 24.0)?;
        if !reader.take(b':') {
            return None;
        }
        fields[4] = within(reader.digits(2)?, 0.0, 59.0)?;
        if reader.take(b':') {
            fields[5] = within(reader.digits(2)?, 0.0, 59.0)?;
            if reader.take(b'.') || reader.take(b',') {
                let mut scale = 100.0;
                let start = reader.at;
                while let Some(digit) = reader.digits(1) {
                    fields[6] += digit * scale;
                    scale /= 10.0;
                }
                if reader.at == start {
                    return None;
                }
                fields[6] = fields[6].floor();
            }
        }
        if fields[3] == 24.0 && (fields[4] > 0.0 || fields[5] > 0.0 || fields[6] > 0.0) {
            return None;
        }
        offset = zone(&mut reader)?;
    }
    (reader.at == text.len()).then(|| make(&fields) - offset)
}

/// `Z`, `+01:00` or nothing, in milliseconds.
fn zone(reader: &mut Reader<'_>) -> Option<f64> {
    if reader.take(b'Z') || reader.take(b'z') {
        return Some(0.0);
    }
    let sign = match reader.peek() {
        Some(b'+') => 1.0,
        Some(b'-') => -1.0,
        _ => return Some(0.0),
    };
    reader.at += 1;
    let hours = within(reader.digits(2)?, 0.0, 23.0)?;
    reader.take(b':');
    let minutes = within(reader.digits(2)?, 0.0, 59.0)?;
    Some(sign * (hours * 60.0 + minutes) * 60_000.0)
}

/// What people write: `Jan 31, 2024 12:30 PM GMT+1`, `31 January 2024`, `1/31/2024`, `Wed, 31 Jan 2024 12:30:00 GMT`.
fn loose(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    let bytes = lower.as_bytes();
    let mut numbers: Vec<f64> = Vec::new();
    let (mut month, mut clock, mut half) = (None, None, None);
    // Minutes, and whether they were given as such.
    let mut offset: Option<(f64, bool)> = None;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'(' => {
                let mut depth = 0;
                while let Some(&inner) = bytes.get(at) {
                    at += 1;
                    match inner {
                        b'(' => depth += 1,
                        b')' => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            b'0'..=b'9' => {
                let (number, length) = number_at(bytes, at);
                let next = bytes.get(at + length);
                if next == Some(&b':') && clock.is_none() {
                    let (time, end) = clock_at(bytes, at)?;
                    clock = Some(time);
                    at = end;
                } else {
                    numbers.push(number);
                    at += length;
                }
            }
            b'+' | b'-'
                if clock.is_some()
                    && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
                    && offset.is_none_or(|(_, fixed)| !fixed) =>
            {
                let (value, end) = offset_at(bytes, at)?;
                offset = Some((value, true));
                at = end;
            }
            b'a'..=b'z' => {
                let end = at + bytes[at..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
                let word = &lower[at..end];
                at = end;
                if let Some(found) = MONTHS.iter().position(|name| word.starts_with(name)) {
                    month = month.or(Some(found));
                } else if DAYS.iter().any(|name| word.starts_with(name)) {
                    // The weekday says nothing new.
                } else {
                    match word {
                        "am" => half = Some(0.0),
                        "pm" => half = Some(12.0),
                        "z" | "gmt" | "utc" | "ut" => offset = offset.or(Some((0.0, false))),
                        "est" => offset = Some((-300.0, true)),
                        "edt" => offset = Some((-240.0, true)),
                        "cst" => offset = Some((-360.0, true)),
                        "cdt" => offset = Some((-300.0, true)),
                        "mst" => offset = Some((-420.0, true)),
                        "mdt" => offset = Some((-360.0, true)),
                        "pst" => offset = Some((-480.0, true)),
                        "pdt" => offset = Some((-420.0, true)),
                        "t" if !numbers.is_empty() => {}
                        _ => return None,
                    }
                }
            }
            _ if byte.is_ascii() => at += 1,
            _ => return None,
        }
    }
    let (month, day, year) = match (month, &*numbers) {
        #[expect(clippy::cast_precision_loss, reason = "below 12")]
        (Some(month), [first, second]) if *first > 31.0 => (month as f64, *second, *first),
        #[expect(clippy::cast_precision_loss, reason = "below 12")]
        (Some(month), [first, second]) => (month as f64, *first, *second),
        #[expect(clippy::cast_precision_loss, reason = "below 12")]
        (Some(month), [only]) => {
            if *only > 31.0 {
                (month as f64, 1.0, *only)
            } else {
                (month as f64, *only, 2001.0)
            }
        }
        (None, [year, month, day]) if *year > 31.0 => (*month - 1.0, *day, *year),
        (None, [month, day, year]) => (*month - 1.0, *day, *year),
        (None, [year, month]) if *year > 31.0 => (*month - 1.0, 1.0, *year),
        (None, [month, day]) => (*month - 1.0, *day, 2001.0),
        _ => return None,
    };
    let year = if (0.0..50.0).contains(&year) {
        year + 2000.0
    } else if year < 100.0 {
        year + 1900.0
    } else {
        year
    };
    within(month, 0.0, 11.0)?;
    within(day, 1.0, 31.0)?;
    let mut time = clock.unwrap_or([0.0; 4]);
    if let Some(half) = half {
        within(time[0], 1.0, 12.0)?;
        time[0] = time[0] % 12.0 + half;
    }
    let minutes = offset.map_or(0.0, |(minutes, _)| minutes);
    Some(make(&[year, month, day, time[0], time[1], time[2], time[3]]) - minutes * 60_000.0)
}

fn number_at(bytes: &[u8], at: usize) -> (f64, usize) {
    let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.clone().count();
    (digits.fold(0.0, |number, digit| number * 10.0 + f64::from(digit - b'0')), length)
}

/// `12:30`, `12:30:15`, `12:30:15.250`.
fn clock_at(bytes: &[u8], at: usize) -> Option<([f64; 4], usize)> {
    let mut time = [0.0; 4];
    let mut at = at;
    for (place, field) in time.iter_mut().take(3).enumerate() {
        let (number, length) = number_at(bytes, at);
        if length == 0 {
            return None;
        }
        *field = number;
        at += length;
        if place == 2 || bytes.get(at) != Some(&b':') {
            break;
        }
        at += 1;
    }
    if bytes.get(at) == Some(&b'.') {
        let (_, length) = number_at(bytes, at + 1);
        let digits = bytes.get(at + 1..at + 1 + length.min(3)).unwrap_or_default();
        let scale = [0.0, 100.0, 10.0, 1.0][digits.len()];
        time[3] = digits.iter().fold(0.0, |number, digit| number * 10.0 + f64::from(digit - b'0')) * scale;
        at += 1 + length;
    }
    within(time[0], 0.0, 24.0)?;
    within(time[1], 0.0, 59.0)?;
    within(time[2], 0.0, 59.0)?;
    Some((time, at))
}

/// `+0100`, `+01:00`, `+1`, in minutes.
fn offset_at(bytes: &[u8], at: usize) -> Option<(f64, usize)> {
    let sign = if bytes.get(at) == Some(&b'-') { -1.0 } else { 1.0 };
    let (number, length) = number_at(bytes, at + 1);
    let end = at + 1 + length;
    if bytes.get(end) == Some(&b':') {
        let (minutes, more) = number_at(bytes, end + 1);
        return Some((sign * (number * 60.0 + minutes), end + 1 + more));
    }
    let minutes = if length <= 2 { number * 60.0 } else { (number / 100.0).floor() * 60.0 + number % 100.0 };
    (length <= 4).then_some((sign * minutes, end))
}
