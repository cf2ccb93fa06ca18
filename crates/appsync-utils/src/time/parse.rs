//! Reading an instant by a pattern, as Java's smart resolver does.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

use super::pattern::{DAYS, MONTHS, Part, Pattern};
use super::zone;

/// What the text said.
#[derive(Clone, Default)]
struct Fields {
    year: Option<i64>,
    before_christ: bool,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: Option<i64>,
    hour_of_half: Option<i64>,
    afternoon: Option<bool>,
    minute: Option<i64>,
    second: Option<i64>,
    nano: Option<i64>,
    nano_of_day: Option<i64>,
    zone: Option<TimeZone>,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    fields: Fields,
}

/// The instant in `text`; a zone in the text goes before `zone`.
pub(super) fn parse(pattern: &Pattern, text: &str, zone: Option<&TimeZone>) -> Result<Timestamp, String> {
    let mut reader = Reader { text, at: 0, fields: Fields::default() };
    let shown = || text.chars().take(100).collect::<String>();
    if reader.parts(&pattern.parts).is_none() {
        return Err(format!("Text '{}' could not be parsed at index {}", shown(), reader.at));
    }
    if reader.at < text.len() {
        return Err(format!("Text '{}' could not be parsed, unparsed text found at index {}", shown(), reader.at));
    }
    let fields = reader.fields;
    let unable = |what: &str| format!("Text '{}' could not be parsed: Unable to obtain {what}", shown());
    let invalid = || format!("Text '{}' could not be parsed: a value is out of range", shown());
    let zone = fields.zone.as_ref().or(zone).ok_or_else(|| unable("a time zone: name it in the text or as the last argument"))?;
    let date = fields.date().ok_or_else(|| unable("a date"))?.ok_or_else(invalid)?;
    let time = fields.time().ok_or_else(|| unable("a time"))?.ok_or_else(invalid)?;
    let zoned = zone.to_ambiguous_timestamp(DateTime::from_parts(date, time)).compatible();
    zoned.map_err(|_| invalid())
}

impl Fields {
    /// `None` for missing parts, `Some(None)` for impossible ones.
    fn date(&self) -> Option<Option<Date>> {
        let year = self.year.map(|year| if self.before_christ { 1 - year } else { year })?;
        let year = i16::try_from(year).ok();
        if let (Some(month), Some(day)) = (self.month, self.day) {
            let date = || {
                let month = i8::try_from(month).ok().filter(|month| (1..=12).contains(month))?;
                let last = Date::new(year?, month, 1).ok()?.days_in_month();
                let day = i8::try_from(day).ok().filter(|day| (1..=31).contains(day))?;
                // Smart: the 31st of a shorter month is its last day.
                Date::new(year?, month, day.min(last)).ok()
            };
            return Some(date());
        }
        let day = self.day_of_year?;
        let date = || {
            let first = Date::new(year?, 1, 1).ok()?;
            if day < 1 || day > i64::from(first.days_in_year()) {
                return None;
            }
            first.checked_add(jiff::Span::new().days(day - 1)).ok()
        };
        Some(date())
    }

    fn time(&self) -> Option<Option<Time>> {
        if let Some(nano) = self.nano_of_day {
            let within = (0..86_400_000_000_000).contains(&nano);
            let time = || Time::midnight().checked_add(jiff::Span::new().nanoseconds(nano)).ok();
            return Some(within.then(time).flatten());
        }
        let half = || {
            let hour = self.hour_of_half.filter(|hour| (0..12).contains(hour))?;
            Some(hour + if self.afternoon? { 12 } else { 0 })
        };
        let hour = self.hour.or_else(half)?;
        let (minute, second, nano) = (self.minute.unwrap_or(0), self.second.unwrap_or(0), self.nano.unwrap_or(0));
        let time = || {
            let (hour, minute, second) = (i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, i8::try_from(second).ok()?);
            // A leap second would be accepted by no Java formatter.
            (second < 60).then(|| Time::new(hour, minute, second, i32::try_from(nano).ok()?).ok()).flatten()
        };
        Some(time())
    }
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn parts(&mut self, parts: &[Part]) -> Option<()> {
        for (index, part) in parts.iter().enumerate() {
            match part {
                Part::Literal(literal) => {
                    if !self.rest().starts_with(literal.as_str()) {
                        return None;
                    }
                    self.at += literal.len();
                }
                Part::Optional(section) => {
                    let (at, fields) = (self.at, self.fields.clone());
                    if self.parts(section).is_none() {
                        (self.at, self.fields) = (at, fields);
                    }
                }
                Part::Field(letter, count) => {
                    let reserved = parts[index + 1..].iter().map_while(fixed_width).sum();
                    self.field(*letter, *count, reserved)?;
                }
            }
        }
        Some(())
    }

    /// Digits: at least `least`, at most `most`, leaving `reserved` digits to the fixed fields that follow directly.
    fn digits(&mut self, least: usize, most: usize, reserved: usize) -> Option<i64> {
        let present = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let take = present.saturating_sub(reserved).min(most).max(least);
        if present < take {
            return None;
        }
        let number = self.rest()[..take].parse().ok()?;
        self.at += take;
        Some(number)
    }

    fn field(&mut self, letter: char, count: usize, reserved: usize) -> Option<()> {
        let two = |count: usize| if count == 1 { (1, 2) } else { (2, 2) };
        let (least, most) = two(count);
        match letter {
            'u' | 'y' => self.fields.year = Some(self.year(count, reserved)?),
            'G' => self.fields.before_christ = self.one_of(&["AD", "BC"], 4)? == 1,
            'M' | 'L' if count > 2 => self.fields.month = Some(i64::try_from(self.one_of(&MONTHS, count)?).ok()? + 1),
            'M' | 'L' => self.fields.month = Some(self.digits(least, most, reserved)?),
            'E' => {
                self.one_of(&DAYS, count.max(3))?;
            }
            'd' => self.fields.day = Some(self.digits(least, most, reserved)?),
            'D' => self.fields.day_of_year = Some(self.digits(count, 3, reserved)?),
            'H' => self.fields.hour = Some(self.digits(least, most, reserved)?),
            'k' => self.fields.hour = Some(self.digits(least, most, reserved).filter(|hour| (1..=24).contains(hour))? % 24),
            'h' => {
                self.fields.hour_of_half = Some(self.digits(least, most, reserved).filter(|hour| (1..=12).contains(hour))? % 12);
            }
            'K' => self.fields.hour_of_half = Some(self.digits(least, most, reserved)?),
            'a' => self.fields.afternoon = Some(self.one_of(&["AM", "PM"], 4)? == 1),
            'm' => self.fields.minute = Some(self.digits(least, most, reserved)?),
            's' => self.fields.second = Some(self.digits(least, most, reserved)?),
            'S' => {
                let number = self.digits(count, count, 0)?;
                self.fields.nano = Some(number * 10i64.pow(u32::try_from(9 - count).ok()?));
            }
            'n' => self.fields.nano = Some(self.digits(count, 19, reserved)?),
            'A' => self.fields.nano_of_day = Some(self.digits(count, 19, reserved)?.checked_mul(1_000_000)?),
            'N' => self.fields.nano_of_day = Some(self.digits(count, 19, reserved)?),
            'V' | 'z' => self.zone()?,
            'O' => {
                self.literal("GMT")?;
                if self.rest().starts_with(['+', '-']) { self.offset()? } else { self.fields.zone = Some(TimeZone::UTC) }
            }
            'Z' if count == 4 => return self.field('O', 4, reserved),
            'X' | 'Z' if (letter == 'X' || count == 5) && self.literal("Z").is_some() => self.fields.zone = Some(TimeZone::UTC),
            'X' | 'x' | 'Z' => self.offset()?,
            // Weeks, quarters and eras alone name no date.
            _ => return None,
        }
        Some(())
    }

    fn year(&mut self, count: usize, reserved: usize) -> Option<i64> {
        match count {
            2 => Some(2000 + self.digits(2, 2, 0)?),
            _ => {
                let sign = match self.rest().as_bytes().first()? {
                    b'-' => -1,
                    b'+' => 1,
                    _ => 0,
                };
                if sign != 0 {
                    self.at += 1;
                }
                // Without a sign a year has no more digits than letters, from four on.
                let most = if sign == 0 && count >= 4 { count } else { 19 };
                Some(self.digits(count, most, reserved)? * if sign < 0 { -1 } else { 1 })
            }
        }
    }

    fn literal(&mut self, literal: &str) -> Option<()> {
        let found = self.rest().starts_with(literal);
        self.at += if found { literal.len() } else { 0 };
        found.then_some(())
    }

    /// Which of the names stands here, in the form of `count` letters.
    fn one_of(&mut self, names: &[&str], count: usize) -> Option<usize> {
        let form = |name: &str| match count {
            3 => name[..3].len(),
            4 => name.len(),
            _ => 1,
        };
        let found = names.iter().position(|name| self.rest().starts_with(&name[..form(name)]))?;
        self.at += form(names[found]);
        Some(found)
    }

    fn offset(&mut self) -> Option<()> {
        let (seconds, rest) = zone::read_offset(self.rest())?;
        self.at = self.text.len() - rest.len();
        self.fields.zone = Some(TimeZone::fixed(Offset::from_seconds(seconds).ok()?));
        Some(())
    }

    /// A zone's id, up to the first character that no id has.
    fn zone(&mut self) -> Option<()> {
        let end = self.rest().find(|character: char| !character.is_ascii_alphanumeric() && !"/_+-:".contains(character));
        let name = &self.rest()[..end.unwrap_or(self.rest().len())];
        let zone = zone::find(name).ok()?;
        self.at += name.len();
        self.fields.zone = Some(zone);
        Some(())
    }
}

/// The width of a number that always has the same count of digits.
fn fixed_width(part: &Part) -> Option<usize> {
    match part {
        Part::Field('M' | 'L' | 'd' | 'H' | 'h' | 'K' | 'k' | 'm' | 's', 2) => Some(2),
        Part::Field('y' | 'u', 2) => Some(2),
        Part::Field('D', 3) => Some(3),
        Part::Field('S', count) => Some(*count),
        _ => None,
    }
}
