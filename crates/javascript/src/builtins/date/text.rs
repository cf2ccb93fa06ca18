//! Dates as text. The local zone is UTC, and `toString` gives what `toUTCString` gives, as in AppSync's runtime.

use super::time::{Parts, parts};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const INVALID: &str = "Invalid Date";

fn name(names: &'static [&'static str], at: i64) -> &'static str {
    usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or_default()
}

fn year(year: i64) -> String {
    if year < 0 { format!("-{:04}", -year) } else { format!("{year:04}") }
}

/// A date as `toISOString` gives it; `None` for an invalid one.
pub(crate) fn iso_date(time: f64) -> Option<String> {
    if time.is_nan() {
        return None;
    }
    let Parts { year, month, day, hour, minute, second, millisecond, .. } = parts(time);
    let year = match year {
        0..=9999 => format!("{year:04}"),
        _ if year < 0 => format!("-{:06}", -year),
        _ => format!("+{year:06}"),
    };
    Some(format!("{year}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z", month + 1))
}

/// A date as `toString` gives it.
pub(crate) fn date_text(time: f64) -> String {
    if time.is_nan() {
        return INVALID.to_owned();
    }
    let date = parts(time);
    format!(
        "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
        name(&DAYS, date.weekday),
        date.day,
        name(&MONTHS, date.month),
        year(date.year),
        date.hour,
        date.minute,
        date.second
    )
}

/// `toDateString`.
pub(super) fn day_text(time: f64) -> String {
    if time.is_nan() {
        return INVALID.to_owned();
    }
    let date = parts(time);
    format!("{} {} {:02} {}", name(&DAYS, date.weekday), name(&MONTHS, date.month), date.day, year(date.year))
}

/// `toTimeString`.
pub(super) fn clock_text(time: f64) -> String {
    if time.is_nan() {
        return INVALID.to_owned();
    }
    let date = parts(time);
    format!("{:02}:{:02}:{:02} GMT+0000", date.hour, date.minute, date.second)
}

/// `toLocaleDateString`.
pub(super) fn locale_day(time: f64) -> String {
    if time.is_nan() {
        return INVALID.to_owned();
    }
    let date = parts(time);
    format!("{:02}/{:02}/{}", date.month + 1, date.day, year(date.year))
}

/// `toLocaleTimeString`.
pub(super) fn locale_clock(time: f64) -> String {
    if time.is_nan() {
        return INVALID.to_owned();
    }
    let date = parts(time);
    let half = if date.hour < 12 { "AM" } else { "PM" };
    format!("{:02}:{:02}:{:02} {half}", (date.hour + 11) % 12 + 1, date.minute, date.second)
}

/// `toLocaleString`.
pub(super) fn locale(time: f64) -> String {
    if time.is_nan() { INVALID.to_owned() } else { format!("{}, {}", locale_day(time), locale_clock(time)) }
}
