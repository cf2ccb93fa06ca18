//! What a text said of a date and a time, and the instant that follows: Java's smart resolver, with its words for what is wrong.

use std::collections::BTreeMap;

use jiff::Span;
use jiff::civil::{Date, DateTime, Time, Weekday};

use super::format::week_of_month;
use super::pattern::PERIODS;
use super::zone::Zone;

/// What the text said, by the letters of patterns: `L` is `M`, `q` is `Q`, `c` is `e`, `E` counts from Monday, `X` is an offset in
/// seconds.
#[derive(Clone, Default)]
pub(super) struct Fields {
    values: BTreeMap<char, i64>,
    pub(super) zone: Option<Zone>,
}

/// `Unable to obtain` a part of the instant.
type Missing = &'static str;

/// Java's names of the fields, and their ranges as it prints them.
fn named(letter: char) -> (&'static str, i64, i64, &'static str) {
    match letter {
        'u' => ("Year", -999_999_999, 999_999_999, "-999999999 - 999999999"),
        'y' => ("YearOfEra", 1, 999_999_999, "1 - 999999999/1000000000"),
        'M' => ("MonthOfYear", 1, 12, "1 - 12"),
        'd' => ("DayOfMonth", 1, 31, "1 - 28/31"),
        'D' => ("DayOfYear", 1, 366, "1 - 365/366"),
        'Y' => ("WeekBasedYear[WeekFields[SUNDAY,1]]", -999_999_999, 999_999_999, "-999999999 - 999999999"),
        'E' => ("DayOfWeek", 1, 7, "1 - 7"),
        'e' => ("DayOfWeek[WeekFields[SUNDAY,1]]", 1, 7, "1 - 7"),
        'Q' => ("QuarterOfYear", 1, 4, "1 - 4"),
        'F' => ("AlignedDayOfWeekInMonth", 1, 7, "1 - 7"),
        'w' => ("WeekOfWeekBasedYear[WeekFields[SUNDAY,1]]", 1, 53, "1 - 52/53"),
        'W' => ("WeekOfMonth[WeekFields[SUNDAY,1]]", 0, 6, "0 - 1/4 - 6"),
        'a' => ("AmPmOfDay", 0, 1, "0 - 1"),
        'H' => ("HourOfDay", 0, 23, "0 - 23"),
        'k' => ("ClockHourOfDay", 0, 24, "1 - 24"),
        'K' => ("HourOfAmPm", 0, 11, "0 - 11"),
        'h' => ("ClockHourOfAmPm", 0, 12, "1 - 12"),
        'm' => ("MinuteOfHour", 0, 59, "0 - 59"),
        's' => ("SecondOfMinute", 0, 59, "0 - 59"),
        'n' => ("NanoOfSecond", 0, 999_999_999, "0 - 999999999"),
        'A' => ("MilliOfDay", 0, 86_399_999, "0 - 86399999"),
        'N' => ("NanoOfDay", 0, 86_399_999_999_999, "0 - 86399999999999"),
        _ => ("Field", i64::MIN, i64::MAX, ""),
    }
}

impl Fields {
    /// Keeps a value; whether it agrees with what was said before.
    pub(super) fn set(&mut self, letter: char, value: i64) -> bool {
        *self.values.entry(letter).or_insert(value) == value
    }

    fn get(&self, letter: char) -> Option<i64> {
        self.values.get(&letter).copied()
    }

    fn checked(&self, letter: char) -> Result<Option<i64>, String> {
        let Some(value) = self.get(letter) else { return Ok(None) };
        let (name, least, most, range) = named(letter);
        if (least..=most).contains(&value) {
            return Ok(Some(value));
        }
        Err(format!("Invalid value for {name} (valid values {range}): {value}"))
    }

    /// The milliseconds of the instant; the zone of the text goes before `zone`, and an offset in the text before both.
    pub(super) fn instant(&self, zone: Option<&Zone>) -> Result<i64, String> {
        let unable = |what: Missing| format!("Unable to obtain {what}");
        let offset = match self.get('X') {
            Some(seconds) => Some(Zone::offset(i32::try_from(seconds).unwrap_or(i32::MAX))?),
            None => None,
        };
        let (date, cycles) = self.date()?.map_or((None, 0), |(date, cycles)| (Some(date), cycles));
        let (time, next_day) = self.time()?;
        if let Some(date) = date {
            self.check_date(date)?;
        }
        if let Some(time) = time {
            self.check_time(time)?;
        }
        let zone = offset.as_ref().or(self.zone.as_ref()).or(zone);
        let date = date.ok_or_else(|| unable("a date"))?;
        let time = time.ok_or_else(|| unable("a time"))?;
        let zone = zone.ok_or_else(|| unable("a time zone: name it in the text or as the last argument"))?;
        let too_late = |_| "the instant is out of range".to_owned();
        let date = if next_day { date.tomorrow().map_err(too_late)? } else { date };
        let timestamp = zone.zone.to_ambiguous_timestamp(DateTime::from_parts(date, time)).compatible().map_err(too_late)?;
        // Rounded down, also before 1970.
        let ms = timestamp.as_nanosecond().div_euclid(1_000_000) + i128::from(cycles) * i128::from(CYCLE_MS);
        i64::try_from(ms).map_err(|_| "long overflow".to_owned())
    }

    /// As the strict resolver: no hour 24, no day beyond the end of its month.
    pub(super) fn strict(&self) -> Result<(), String> {
        for letter in ['u', 'M', 'd', 'H'] {
            self.checked(letter)?;
        }
        let (Some(year), Some(month), Some(day)) = (self.get('u'), self.get('M'), self.get('d')) else { return Ok(()) };
        let Some(first) = i8::try_from(month).ok().and_then(|month| Date::new(cycle(year).0, month, 1).ok()) else {
            return Ok(());
        };
        if day <= i64::from(first.days_in_month()) {
            return Ok(());
        }
        Err(match (month, day) {
            (2, 29) => format!("Invalid date 'February 29' as '{year}' is not a leap year"),
            _ => format!("Invalid date '{} {day}'", first.strftime("%B").to_string().to_uppercase()),
        })
    }

    fn year(&self) -> Result<Option<i64>, String> {
        let of_era = match (self.checked('y')?, self.get('G')) {
            (Some(year), Some(0)) => Some(1 - year),
            (year, _) => year,
        };
        match (of_era, self.checked('u')?) {
            (Some(first), Some(second)) if first != second => {
                Err(format!("Conflict found: Year {second} differs from Year {first}"))
            }
            (first, second) => Ok(first.or(second)),
        }
    }

    fn date(&self) -> Result<Option<(Date, i64)>, String> {
        let weekday = self.weekday()?;
        let Some(year) = self.year()? else { return self.week_based(weekday) };
        let (civil_year, cycles) = cycle(year);
        let civil = |month: i64, day: i64| {
            let parts = (i8::try_from(month).ok(), i8::try_from(day).ok());
            let date = if let (Some(month), Some(day)) = parts { Date::new(civil_year, month, day).ok() } else { None };
            date.ok_or_else(|| "the date is out of range".to_owned())
        };
        if let (Some(month), Some(day)) = (self.get('M'), self.get('d')) {
            let (month, day) = (self.checked('M')?.unwrap_or(month), self.checked('d')?.unwrap_or(day));
            // Smart: the 31st of a shorter month is its last day.
            let last = i64::from(civil(month, 1)?.days_in_month());
            return civil(month, day.min(last)).map(|date| Some((date, cycles)));
        }
        if let (Some(month), Some(week), Some(weekday)) = (self.checked('M')?, self.checked('W')?, weekday) {
            let first = civil(month, 1)?;
            let days = (week - week_of_month(first)) * 7 + weekday - i64::from(first.weekday().to_sunday_one_offset());
            return shifted(first, days).map(|date| Some((date, cycles)));
        }
        if let Some(day) = self.checked('D')? {
            let first = civil(1, 1)?;
            if day > i64::from(first.days_in_year()) {
                return Err(format!("Invalid date 'DayOfYear {day}' as '{year}' is not a leap year"));
            }
            return shifted(first, day - 1).map(|date| Some((date, cycles)));
        }
        Ok(None)
    }

    /// The day of the week, from Sunday.
    fn weekday(&self) -> Result<Option<i64>, String> {
        let named = self.checked('E')?.map(|day| day % 7 + 1);
        Ok(named.or(self.checked('e')?))
    }

    fn week_based(&self, weekday: Option<i64>) -> Result<Option<(Date, i64)>, String> {
        let (Some(year), Some(week), Some(weekday)) = (self.checked('Y')?, self.checked('w')?, weekday) else { return Ok(None) };
        let (civil_year, cycles) = cycle(year);
        let first = Date::new(civil_year, 1, 1).map_err(|_| "the date is out of range".to_owned())?;
        let days = (week - 1) * 7 + weekday - 1 - i64::from(first.weekday().since(Weekday::Sunday));
        shifted(first, days).map(|date| Some((date, cycles)))
    }

    /// The time of the day, and whether it is midnight at the end of the day.
    fn time(&self) -> Result<(Option<Time>, bool), String> {
        for whole in ['N', 'A'] {
            if let Some(value) = self.checked(whole)? {
                let nano = value * if whole == 'A' { 1_000_000 } else { 1 };
                return Ok((Time::midnight().checked_add(Span::new().nanoseconds(nano)).ok(), false));
            }
        }
        let of_half = match (self.checked('h')?, self.checked('K')?) {
            (Some(hour), _) => Some(hour % 12),
            (None, hour) => hour,
        };
        let period = self.get('B').and_then(|at| PERIODS.get(usize::try_from(at).ok()?));
        let hour = match (self.get('H'), self.checked('k')?, of_half, self.get('a'), period) {
            (Some(hour), ..) => Some(hour),
            (_, Some(hour), ..) => Some(hour % 24),
            (_, _, Some(hour), Some(half), _) => Some(half * 12 + hour),
            (_, _, Some(hour), None, Some((_, _, from, to))) => {
                // The one of the two hours that is in this part of the day.
                let within = |hour: i64| (*from..*to).contains(&(hour * 60)) || (*from..*to).contains(&(hour * 60 + 1_440));
                Some(if within(hour) { hour } else { hour + 12 })
            }
            // The middle of the half, or of the part.
            (_, _, None, Some(half), _) => Some(half * 12 + 6),
            (_, _, None, None, Some((_, _, from, to))) => {
                let middle = (from + to - i64::from(to - from == 1)) / 2 % 1_440;
                let (hour, minute) = (i8::try_from(middle / 60).unwrap_or(0), i8::try_from(middle % 60).unwrap_or(0));
                return Ok((Time::new(hour, minute, 0, 0).ok(), false));
            }
            _ => None,
        };
        let (minute, second, nano) = (self.get('m'), self.get('s'), self.get('n'));
        let rest = [minute, second, nano].map(|part| part.unwrap_or(0));
        if hour == Some(24) && rest == [0, 0, 0] && self.get('H').is_some() {
            return Ok((Some(Time::midnight()), true));
        }
        for letter in ['H', 'm', 's', 'n'] {
            self.checked(letter)?;
        }
        // A part that is missing between others makes no time.
        let has_gap = (minute.is_none() && (second.is_some() || nano.is_some())) || (second.is_none() && nano.is_some());
        let Some(hour) = hour.filter(|_| !has_gap) else { return Ok((None, false)) };
        let small = |value: i64| i8::try_from(value).ok();
        let parts = (small(hour), small(rest[0]), small(rest[1]), i32::try_from(rest[2]).ok());
        let (Some(hour), Some(minute), Some(second), Some(nano)) = parts else { return Ok((None, false)) };
        Ok((Time::new(hour, minute, second, nano).ok(), false))
    }

    fn check_date(&self, date: Date) -> Result<(), String> {
        let actual = [
            ('M', i64::from(date.month())),
            ('d', i64::from(date.day())),
            ('D', i64::from(date.day_of_year())),
            ('E', i64::from(date.weekday().to_monday_one_offset())),
            ('e', i64::from(date.weekday().to_sunday_one_offset())),
            ('Q', i64::from((date.month() - 1) / 3 + 1)),
            ('F', i64::from((date.day() - 1) % 7 + 1)),
            ('W', week_of_month(date)),
        ];
        for (letter, actual) in actual {
            // A day that the smart resolver moved is no conflict.
            let moved = match letter {
                'd' => self.get('M').is_some(),
                'M' | 'W' => self.get('W').is_some() && self.get('d').is_none(),
                _ => false,
            };
            if let Some(said) = self.get(letter).filter(|said| *said != actual && !moved) {
                let name = if letter == 'e' { "DayOfWeek" } else { named(letter).0 };
                let from_monday = |day: i64| if letter == 'e' { (day + 5) % 7 + 1 } else { day };
                let (actual, said) = (from_monday(actual), from_monday(said));
                return Err(format!("Conflict found: Field {name} {actual} differs from {name} {said} derived from {date}"));
            }
        }
        Ok(())
    }

    fn check_time(&self, time: Time) -> Result<(), String> {
        let hour = i64::from(time.hour());
        for (letter, actual) in [('a', hour / 12), ('K', hour % 12), ('h', hour % 12)] {
            let said = self.get(letter).map(|said| if letter == 'h' { said % 12 } else { said });
            if let Some(said) = said.filter(|said| *said != actual) {
                let name = if letter == 'h' { "HourOfAmPm" } else { named(letter).0 };
                let (hour, minute) = (time.hour(), time.minute());
                return Err(format!(
                    "Conflict found: Field {name} {actual} differs from {name} {said} derived from {hour:02}:{minute:02}"
                ));
            }
        }
        Ok(())
    }
}

/// The calendar repeats every 400 years, which are whole weeks. That carries dates beyond those that `jiff` knows: so many
/// milliseconds.
pub(super) const CYCLE_MS: i64 = 146_097 * 86_400_000;

/// A year that the calendar library knows, and how many cycles of 400 years later the given one is.
fn cycle(year: i64) -> (i16, i64) {
    let cycles = if (-9_000..=9_000).contains(&year) { 0 } else { (year - 2_000).div_euclid(400) };
    (i16::try_from(year - cycles * 400).unwrap_or(2_000), cycles)
}

fn shifted(date: Date, days: i64) -> Result<Date, String> {
    let span = Span::new().try_days(days);
    span.and_then(|span| date.checked_add(span)).map_err(|_| "the date is out of range".to_owned())
}
