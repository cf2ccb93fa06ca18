//! Printing an instant by a pattern, with English texts and the weeks of the United States as Java's default locale has them.

use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, Zoned};

use super::fields::CYCLE_MS;
use super::pattern::{Number, PERIODS, Part, Pattern, Sign, texts};
use super::zone::{self, Zone};

/// What is printed.
struct Moment<'a> {
    time: Zoned,
    /// Years to add: see [`CYCLE_MS`].
    years: i64,
    zone: &'a Zone,
}

pub(super) fn format(pattern: &Pattern, ms: i64, zone: &Zone) -> Result<String, String> {
    // From about the year -9000 to 9000 as it is.
    const KNOWN: std::ops::Range<i64> = -340_000_000_000_000..220_000_000_000_000;
    let cycles = if KNOWN.contains(&ms) { 0 } else { ms.div_euclid(CYCLE_MS) };
    let instant = Timestamp::from_millisecond(if cycles == 0 { ms } else { ms.rem_euclid(CYCLE_MS) })
        .map_err(|_| format!("{ms} milliseconds are out of range"))?;
    let mut out = String::new();
    Moment { time: instant.to_zoned(zone.zone.clone()), years: cycles * 400, zone }.parts(&pattern.parts, &mut out)?;
    Ok(out)
}

impl Moment<'_> {
    fn parts(&self, parts: &[Part], out: &mut String) -> Result<(), String> {
        parts.iter().try_for_each(|part| self.part(part, out))
    }

    fn part(&self, part: &Part, out: &mut String) -> Result<(), String> {
        match part {
            Part::Literal(text) => out.push_str(text),
            Part::Optional(section) => self.parts(section, out)?,
            Part::Padded(width, inner) => {
                let mut text = String::new();
                self.part(inner, &mut text)?;
                let length = text.chars().count();
                if length > *width {
                    return Err(format!("Cannot print as output of {length} characters exceeds pad width of {width}"));
                }
                out.extend(std::iter::repeat_n(' ', width - length));
                out.push_str(&text);
            }
            Part::Number(number) => out.push_str(&print(number, self.number(number.letter))?),
            Part::Fraction(width) => out.push_str(&format!("{:09}", self.time.subsec_nanosecond())[..*width]),
            Part::Text(letter, count) => {
                let value = self.number(if matches!(letter, 'e' | 'c') { 'E' } else { *letter });
                let found = texts(*letter, *count).into_iter().find(|(_, known)| *known == value);
                out.push_str(&found.map_or_else(|| value.to_string(), |(text, _)| text));
            }
            Part::Zone('V', _) => out.push_str(&self.zone.id),
            Part::Zone(letter, count) => out.push_str(&self.zone.name(self.time.timestamp(), *count == 4, *letter == 'v')),
            Part::Offset(letter, count) => out.push_str(&offset(*letter, *count, self.time.offset().seconds())),
        }
        Ok(())
    }

    /// The number that a letter stands for; of a text the number that names it.
    fn number(&self, letter: char) -> i64 {
        let time = &self.time;
        let year = i64::from(time.year()) + self.years;
        let hour = i64::from(time.hour());
        let nano_of_day = ((hour * 60 + i64::from(time.minute())) * 60 + i64::from(time.second())) * 1_000_000_000
            + i64::from(time.subsec_nanosecond());
        match letter {
            'u' => year,
            'y' => {
                if year > 0 {
                    year
                } else {
                    1 - year
                }
            }
            'G' => i64::from(year > 0),
            'Y' => i64::from(week_of_year(time.date()).0) + self.years,
            'w' => week_of_year(time.date()).1,
            'W' => week_of_month(time.date()),
            'M' | 'L' => i64::from(time.month()),
            'Q' | 'q' => i64::from((time.month() - 1) / 3 + 1),
            'd' => i64::from(time.day()),
            'D' => i64::from(time.day_of_year()),
            'F' => i64::from((time.day() - 1) % 7 + 1),
            'g' => modified_julian_day(time.date()) + self.years / 400 * 146_097,
            'E' => i64::from(time.weekday().to_monday_one_offset()),
            // As a number weeks begin on Sunday, as a text the day names itself.
            'e' | 'c' => i64::from(time.weekday().to_sunday_one_offset()),
            'a' => i64::from(hour >= 12),
            'B' => period(hour * 60 + i64::from(time.minute())),
            'H' => hour,
            'k' => {
                if hour == 0 {
                    24
                } else {
                    hour
                }
            }
            'K' => hour % 12,
            'h' => {
                if hour % 12 == 0 {
                    12
                } else {
                    hour % 12
                }
            }
            'm' => i64::from(time.minute()),
            's' => i64::from(time.second()),
            'n' => i64::from(time.subsec_nanosecond()),
            'A' => nano_of_day / 1_000_000,
            _ => nano_of_day,
        }
    }
}

/// The place of a minute of the day in [`PERIODS`].
fn period(minute: i64) -> i64 {
    let within =
        |(_, _, from, to): &&(_, _, i64, i64)| (*from..*to).contains(&minute) || (*from..*to).contains(&(minute + 1_440));
    PERIODS.iter().zip(0..).find(|(period, _)| within(period)).map_or(0, |(_, at)| at)
}

fn print(number: &Number, value: i64) -> Result<String, String> {
    if number.reduced {
        return Ok(format!("{:02}", value.unsigned_abs() % 100));
    }
    let digits = value.unsigned_abs().to_string();
    if digits.len() > number.most {
        let most = number.most;
        return Err(format!(
            "the value {value} of the pattern letter {} exceeds the maximum print width of {most}",
            number.letter
        ));
    }
    let sign = match number.sign {
        _ if value < 0 => "-",
        Sign::ExceedsPad if digits.len() > number.least => "+",
        _ => "",
    };
    Ok(format!("{sign}{digits:0>width$}", width = number.least))
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
fn week_of_year(date: Date) -> (i16, i64) {
    let start = |year: i16| {
        let first = Date::new(year, 1, 1).unwrap_or(date);
        i64::from(first.weekday().since(Weekday::Sunday))
    };
    let index = i64::from(date.day_of_year()) - 1 + start(date.year());
    let next = i64::from(date.days_in_year()) + start(date.year());
    let starts_next = next / 7 * 7;
    if index >= starts_next && next % 7 != 0 { (date.year() + 1, 1) } else { (date.year(), index / 7 + 1) }
}

pub(super) fn week_of_month(date: Date) -> i64 {
    let start = i64::from(date.first_of_month().weekday().since(Weekday::Sunday));
    (i64::from(date.day()) - 1 + start) / 7 + 1
}

fn modified_julian_day(date: Date) -> i64 {
    const EPOCH: Date = Date::constant(1858, 11, 17);
    EPOCH.until(date).map_or(0, |span| i64::from(span.get_days()))
}
