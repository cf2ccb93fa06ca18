//! Printing an instant by a pattern, with English texts and the weeks of the United States as Java's default locale has them.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::pattern::{DAYS, MONTHS, Part, Pattern};
use super::zone;

pub(super) fn format(pattern: &Pattern, instant: Timestamp, zone: &TimeZone) -> Result<String, String> {
    let mut out = String::new();
    write(&pattern.parts, &instant.to_zoned(zone.clone()), &mut out)?;
    Ok(out)
}

fn write(parts: &[Part], time: &Zoned, out: &mut String) -> Result<(), String> {
    for part in parts {
        match part {
            Part::Literal(text) => out.push_str(text),
            Part::Optional(section) => write(section, time, out)?,
            Part::Field(letter, count) => field(*letter, *count, time, out)?,
        }
    }
    Ok(())
}

fn field(letter: char, count: usize, time: &Zoned, out: &mut String) -> Result<(), String> {
    let padded = |number: i64| format!("{number:0count$}");
    let nano_of_day = i64::from(time.hour()) * 3_600_000_000_000
        + i64::from(time.minute()) * 60_000_000_000
        + i64::from(time.second()) * 1_000_000_000
        + i64::from(time.subsec_nanosecond());
    let hour = i64::from(time.hour());
    let text = match letter {
        'u' => year(i64::from(time.year()), count),
        'y' => year(if time.year() > 0 { i64::from(time.year()) } else { 1 - i64::from(time.year()) }, count),
        'Y' => year(i64::from(week(time.date()).0), count),
        'w' => padded(week(time.date()).1),
        'G' => match (count, time.year() > 0) {
            (4, true) => "Anno Domini".to_owned(),
            (4, false) => "Before Christ".to_owned(),
            (5, true) => "A".to_owned(),
            (5, false) => "B".to_owned(),
            (_, true) => "AD".to_owned(),
            (_, false) => "BC".to_owned(),
        },
        'M' | 'L' => match count {
            1 | 2 => padded(i64::from(time.month())),
            _ => name(&MONTHS, usize::try_from(time.month() - 1).unwrap_or_default(), count),
        },
        'Q' | 'q' => {
            let quarter = (time.month() - 1) / 3 + 1;
            match count {
                1 | 2 => padded(i64::from(quarter)),
                3 => format!("Q{quarter}"),
                4 => format!("{quarter}{} quarter", ["st", "nd", "rd", "th"][usize::try_from(quarter - 1).unwrap_or_default()]),
                _ => quarter.to_string(),
            }
        }
        'd' => padded(i64::from(time.day())),
        'D' => padded(i64::from(time.day_of_year())),
        'E' => name(&DAYS, usize::try_from(time.weekday().to_monday_zero_offset()).unwrap_or_default(), count.max(3)),
        'e' | 'c' if count <= 2 => padded(i64::from(time.weekday().to_sunday_one_offset())),
        'e' | 'c' => name(&DAYS, usize::try_from(time.weekday().to_monday_zero_offset()).unwrap_or_default(), count),
        'a' => if hour < 12 { "AM" } else { "PM" }.to_owned(),
        'H' => padded(hour),
        'k' => padded(if hour == 0 { 24 } else { hour }),
        'K' => padded(hour % 12),
        'h' => padded(if hour % 12 == 0 { 12 } else { hour % 12 }),
        'm' => padded(i64::from(time.minute())),
        's' => padded(i64::from(time.second())),
        'S' => format!("{:09}", time.subsec_nanosecond())[..count].to_owned(),
        'n' => padded(i64::from(time.subsec_nanosecond())),
        'A' => padded(nano_of_day / 1_000_000),
        'N' => padded(nano_of_day),
        'V' => zone::id(time.time_zone(), time.offset().seconds()),
        'z' => match time.time_zone().iana_name() {
            Some(name) if name != "UTC" => time.strftime("%Z").to_string(),
            _ => zone::id(time.time_zone(), time.offset().seconds()),
        },
        'O' | 'X' | 'x' | 'Z' => offset(letter, count, time.offset().seconds()),
        other => return Err(format!("the pattern letter {other} cannot be printed")),
    };
    out.push_str(&text);
    Ok(())
}

/// Two letters are the last two digits; four and more pad, and a longer year then carries its sign.
fn year(year: i64, count: usize) -> String {
    match count {
        2 => format!("{:02}", year.rem_euclid(100)),
        _ if year < 0 => format!("-{:0count$}", year.unsigned_abs()),
        4.. if year >= 10i64.saturating_pow(u32::try_from(count).unwrap_or(19)) => format!("+{year}"),
        _ => format!("{year:0count$}"),
    }
}

fn name(names: &[&str], at: usize, count: usize) -> String {
    let name = names.get(at).copied().unwrap_or_default();
    match count {
        3 => name[..3].to_owned(),
        4 => name.to_owned(),
        _ => name[..1].to_owned(),
    }
}

fn offset(letter: char, count: usize, seconds: i32) -> String {
    let mut out = String::new();
    let (minutes, odd) = (seconds / 60 % 60 != 0, seconds % 60 != 0);
    match (letter, count) {
        ('O', _) | ('Z', 4) => {
            out.push_str("GMT");
            if seconds != 0 {
                let long = letter == 'Z' || count == 4;
                zone::write_offset(seconds, long, ":", long || minutes || odd, odd, &mut out);
            }
        }
        ('X', _) | ('Z', 5) if seconds == 0 => out.push('Z'),
        ('Z', 1..=3) | ('X' | 'x', 2) => zone::write_offset(seconds, true, "", true, false, &mut out),
        (_, 1) => zone::write_offset(seconds, true, "", minutes, false, &mut out),
        (_, 3) => zone::write_offset(seconds, true, ":", true, false, &mut out),
        (_, 4) => zone::write_offset(seconds, true, "", true, odd, &mut out),
        _ => zone::write_offset(seconds, true, ":", true, odd, &mut out),
    }
    out
}

/// The week-based year and week: weeks begin on Sunday, the first one holds January 1.
fn week(date: Date) -> (i16, i64) {
    let start = |year: i16| {
        let first = Date::new(year, 1, 1).unwrap_or(date);
        i64::from(first.weekday().since(Weekday::Sunday))
    };
    let index = i64::from(date.day_of_year()) - 1 + start(date.year());
    let next = i64::from(date.days_in_year()) + start(date.year());
    let starts_next = next / 7 * 7;
    if index >= starts_next && next % 7 != 0 { (date.year() + 1, 1) } else { (date.year(), index / 7 + 1) }
}
