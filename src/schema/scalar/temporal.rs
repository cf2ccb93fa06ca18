//! The formats of AWSDate, AWSTime, AWSDateTime and the range of AWSTimestamp (AppSync developer guide, "Scalar types").
//!
//! They are checked, not converted: AppSync hands the text on as it came. Days are real calendar days.

use std::ops::RangeInclusive;

/// The seconds an AWSTimestamp may have: Java's `Instant` for the years of an ISO calendar.
pub(super) const TIMESTAMPS: RangeInclusive<i64> = -31_557_014_167_219_200..=31_556_889_864_403_199;

/// `[-]YYYY-MM-DD` and an optional offset.
pub(super) fn is_date(text: &str) -> bool {
    date(text.as_bytes()).is_some_and(|rest| rest.is_empty() || is_offset(rest))
}

/// `hh:mm[:ss[.f{1,9}]]` and an optional offset. AWS's page gives `12:00:34.` as an example, so that is taken too.
pub(super) fn is_time(text: &str) -> bool {
    time(text.as_bytes(), true).is_some_and(|rest| rest.is_empty() || is_offset(rest))
}

/// Date, `T`, time and an offset, which is required.
pub(super) fn is_date_time(text: &str) -> bool {
    let after_date = date(text.as_bytes()).and_then(|rest| rest.strip_prefix(b"T"));
    after_date.and_then(|rest| time(rest, false)).is_some_and(is_offset)
}

/// Two digits up to `max`, and what follows.
fn pair(text: &[u8], max: u8) -> Option<(u8, &[u8])> {
    let ([tens, ones], rest) = text.split_first_chunk()?;
    if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
        return None;
    }
    let number = (tens - b'0') * 10 + (ones - b'0');
    (number <= max).then_some((number, rest))
}

/// Reads a date; what follows it.
fn date(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let (century, rest) = pair(text, 99)?;
    let (year_of_century, rest) = pair(rest, 99)?;
    let (month, rest) = pair(rest.strip_prefix(b"-")?, 12)?;
    let (day, rest) = pair(rest.strip_prefix(b"-")?, 31)?;
    let year = u16::from(century) * 100 + u16::from(year_of_century);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        2 => 28 + u8::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (month >= 1 && (1..=last).contains(&day)).then_some(rest)
}

/// Reads a time; what follows it.
fn time(text: &[u8], bare_point: bool) -> Option<&[u8]> {
    let (_, rest) = pair(text, 23)?;
    let (_, rest) = pair(rest.strip_prefix(b":")?, 59)?;
    let Some(seconds) = rest.strip_prefix(b":") else {
        return Some(rest);
    };
    let (_, rest) = pair(seconds, 59)?;
    let Some(fraction) = rest.strip_prefix(b".") else {
        return Some(rest);
    };
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits <= 9 && (digits > 0 || bare_point)).then_some(&fraction[digits..])
}

/// `Z`, `±hh:mm` or `±hh:mm:ss`, at most 18 hours as in `java.time.ZoneOffset`; `+0800` is refused (amplify-swift#3393).
fn is_offset(text: &[u8]) -> bool {
    fn signed(text: &[u8]) -> Option<bool> {
        let rest = text.strip_prefix(b"+").or_else(|| text.strip_prefix(b"-"))?;
        let (hours, rest) = pair(rest, 18)?;
        let (minutes, rest) = pair(rest.strip_prefix(b":")?, 59)?;
        let (seconds, rest) = match rest.strip_prefix(b":") {
            Some(rest) => pair(rest, 59)?,
            None => (0, rest),
        };
        Some(rest.is_empty() && (hours < 18 || (minutes == 0 && seconds == 0)))
    }
    text == b"Z" || signed(text) == Some(true)
}
