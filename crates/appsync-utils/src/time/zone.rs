//! Time zones as `java.time.ZoneId.of` names them, and the forms of offsets.

use jiff::tz::{Offset, TimeZone};

/// An id of the time zone database, `Z`, an offset, or `UTC`, `GMT`, `UT` with an offset behind it.
pub(super) fn find(name: &str) -> Result<TimeZone, String> {
    let unknown = || format!("Unknown time-zone ID: {name}");
    if matches!(name, "Z" | "UTC" | "GMT" | "UT") {
        return Ok(TimeZone::UTC);
    }
    let offset = ["UTC", "GMT", "UT"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    if offset.starts_with(['+', '-']) {
        return match read_offset(offset) {
            Some((seconds, "")) => Offset::from_seconds(seconds).map(TimeZone::fixed).map_err(|_| unknown()),
            _ => Err(unknown()),
        };
    }
    TimeZone::get(name).map_err(|_| unknown())
}

/// Reads `±h`, `±hh`, `±hhmm`, `±hh:mm`, `±hhmmss`, `±hh:mm:ss` from the start; the seconds and what follows.
pub(super) fn read_offset(text: &str) -> Option<(i32, &str)> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, mut rest) = match two_digits(rest) {
        Some(found) => found,
        None => (i32::try_from(char::from(*rest.as_bytes().first()?).to_digit(10)?).ok()?, &rest[1..]),
    };
    let mut seconds = hours * 3600;
    let colon = rest.starts_with(':');
    for unit in [60, 1] {
        let digits = if colon { rest.strip_prefix(':') } else { Some(rest) };
        match digits.and_then(two_digits) {
            Some((number, after)) if number < 60 => {
                seconds += number * unit;
                rest = after;
            }
            _ => break,
        }
    }
    (seconds <= 18 * 3600).then_some((sign * seconds, rest))
}

fn two_digits(text: &str) -> Option<(i32, &str)> {
    let digits = text.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some((digits.parse().ok()?, &text[2..]))
}

/// Hours, minutes and seconds of an offset, each two digits where `padded`, `:` between where `colon`; minutes and seconds as
/// asked.
pub(super) fn write_offset(seconds: i32, padded: bool, colon: &str, minutes: bool, with_seconds: bool, out: &mut String) {
    out.push(if seconds < 0 { '-' } else { '+' });
    let total = seconds.unsigned_abs();
    let (h, m, s) = (total / 3600, total / 60 % 60, total % 60);
    out.push_str(&if padded { format!("{h:02}") } else { h.to_string() });
    if minutes {
        out.push_str(&format!("{colon}{m:02}"));
    }
    if with_seconds {
        out.push_str(&format!("{colon}{s:02}"));
    }
}

/// The id that Java prints for a zone: the database's name, `Z`, or the offset.
pub(super) fn id(zone: &TimeZone, seconds: i32) -> String {
    match zone.iana_name() {
        Some(name) if name != "UTC" => name.to_owned(),
        _ if seconds == 0 => "Z".to_owned(),
        _ => {
            let mut out = String::new();
            write_offset(seconds, true, ":", true, seconds % 60 != 0, &mut out);
            out
        }
    }
}
