//! Dates and times as the RDS Data API writes them: `2024-05-01`, `12:00:00[.123456]`, `2024-05-01 12:00:00[.123456]`.

/// A day of the proleptic Gregorian calendar; year 0 is 1 BC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i64,
    pub(crate) month: u8,
    pub(crate) day: u8,
}

/// Days from 1970-01-01 to 2000-01-01, PostgreSQL's first day.
pub(crate) const DAYS_TO_2000: i64 = 10_957;

/// Microseconds in a day.
pub(crate) const DAY: i64 = 86_400_000_000;

impl Date {
    /// The date so many days after 1970-01-01.
    pub(crate) fn from_days(days: i64) -> Self {
        // Years begin in March here, so that the leap day is the last of its year; 400 years have 146,097 days.
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self { year, month: u8::try_from(month).unwrap_or(1), day: u8::try_from(day).unwrap_or(1) }
    }

    /// Days since 1970-01-01.
    pub(crate) fn to_days(self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month_from_march = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// Reads `YYYY-MM-DD`; month and day may have one digit.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || year.len() != 4 {
            return None;
        }
        let date =
            Self { year: i64::from(digits(year)?), month: digits(month)?.try_into().ok()?, day: digits(day)?.try_into().ok()? };
        // Days that do not exist come back as others.
        ((1..=12).contains(&date.month) && Self::from_days(date.to_days()) == date).then_some(date)
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, era) = if self.year > 0 { (self.year, "") } else { (1 - self.year, " BC") };
        write!(f, "{year:04}-{:02}-{:02}{era}", self.month, self.day)
    }
}

/// Microseconds of `HH:MM:SS[.FFF]`, up to nine digits of fraction.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text, None),
    };
    let mut parts = clock.split(':');
    let (hours, minutes, seconds) = (digits(parts.next()?)?, digits(parts.next()?)?, digits(parts.next()?)?);
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let micros = match fraction {
        None => 0,
        Some(fraction) if fraction.len() <= 9 && !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit()) => {
            let nanos: i64 = format!("{fraction:0<9}").parse().ok()?;
            (nanos + 500) / 1_000
        }
        Some(_) => return None,
    };
    Some((i64::from(hours) * 3_600 + i64::from(minutes) * 60 + i64::from(seconds)) * 1_000_000 + micros)
}

/// Microseconds since 1970-01-01 of `YYYY-MM-DD HH:MM:SS[.FFF]`.
pub(crate) fn parse_timestamp(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(' ')?;
    Some(Date::parse(date)?.to_days() * DAY + parse_time(time)?)
}

/// `HH:MM:SS`, with as much fraction as there is.
pub(crate) fn time_text(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    let mut text = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    push_fraction(&mut text, micros % 1_000_000);
    text
}

/// Appends `.` and the digits of so many microseconds, without trailing zeros.
pub(crate) fn push_fraction(text: &mut String, micros: i64) {
    if micros != 0 {
        text.push_str(format!(".{micros:06}").trim_end_matches('0'));
    }
}

/// The moment so many microseconds after 1970-01-01.
pub(crate) fn timestamp_text(micros: i64) -> String {
    let date = Date::from_days(micros.div_euclid(DAY));
    let time = time_text(micros.rem_euclid(DAY));
    match date.to_string().split_once(" BC") {
        Some((date, _)) => format!("{date} {time} BC"),
        None => format!("{date} {time}"),
    }
}

fn digits(text: &str) -> Option<u16> {
    (!text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree() {
        for (days, text) in [
            (0, "1970-01-01"),
            (DAYS_TO_2000, "2000-01-01"),
            (19_844, "2024-05-01"),
            (11_016, "2000-02-29"),
            (-719_528, "0000-01-01"),
            (-25_509, "1900-02-28"),
            (-25_508, "1900-03-01"),
        ] {
            let date = Date::from_days(days);
            assert_eq!(date.to_days(), days, "{text}");
            if days > -719_000 {
                assert_eq!(date.to_string(), text);
                assert_eq!(Date::parse(text), Some(date));
            }
        }
        assert_eq!(Date::from_days(-719_528).to_string(), "0001-01-01 BC");
        for days in (-800_000..800_000).step_by(13) {
            assert_eq!(Date::from_days(days).to_days(), days);
        }
    }

    #[test]
    fn days_and_times_that_do_not_exist_are_refused() {
        for text in ["2023-02-29", "2023-13-01", "2023-00-01", "2023-01-00", "23-01-01", "2023-01", "2023-01-01-01", "x"] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
        for text in ["24:00:00", "1:2", "12:60:00", "12:00:61", "12:00:00.", "12:00:00.1234567890", "12:00:00Z"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
        for text in ["2024-05-01", "2024-05-01T12:00:00", "2024-05-01  12:00:00"] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn moments_have_the_apis_text() {
        for text in ["2024-05-01 12:00:00", "2024-05-01 12:00:00.5", "1969-12-31 23:59:59.999999", "0099-01-01 00:00:00"] {
            assert_eq!(parse_timestamp(text).map(timestamp_text).as_deref(), Some(text));
        }
    }
}
