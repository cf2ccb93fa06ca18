//! Days, months and the time within a day (ECMA-262, 21.4.1). The local zone is UTC.

/// Milliseconds of a day.
pub(super) const DAY: f64 = 86_400_000.0;
/// The largest distance from 1970 that a date can have.
const MAX_TIME: f64 = 8.64e15;

/// The parts of a date.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Parts {
    pub(super) year: i64,
    /// From 0.
    pub(super) month: i64,
    /// From 1.
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) millisecond: i64,
    /// From Sunday, 0.
    pub(super) weekday: i64,
}

/// The parts of a valid time.
pub(super) fn parts(time: f64) -> Parts {
    #[expect(clippy::cast_possible_truncation, reason = "valid times are whole and within the range")]
    let time = time as i64;
    let (days, rest) = (time.div_euclid(86_400_000), time.rem_euclid(86_400_000));
    // The civil calendar in eras of 400 years that begin on the first of March.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let month = (march_month + 2) % 12;
    Parts {
        year: year_of_era + era * 400 + i64::from(month < 2),
        month,
        day: of_year - (153 * march_month + 2) / 5 + 1,
        hour: rest / 3_600_000,
        minute: rest / 60_000 % 60,
        second: rest / 1000 % 60,
        millisecond: rest % 1000,
        weekday: (days + 4).rem_euclid(7),
    }
}

/// `MakeDay`: the day that a year, a month and a day of the month are, which may all be beyond their ranges.
fn make_day(year: f64, month: f64, day: f64) -> f64 {
    if !(year.is_finite() && month.is_finite() && day.is_finite()) {
        return f64::NAN;
    }
    let (year, month, day) = (year.trunc(), month.trunc(), day.trunc());
    let year = year + (month / 12.0).floor();
    if year.abs() > 400_000.0 {
        return f64::NAN;
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
    let (year, month) = (year as i64, month.rem_euclid(12.0) as i64);
    let march_year = if month < 2 { year - 1 } else { year };
    let era = march_year.div_euclid(400);
    let year_of_era = march_year.rem_euclid(400);
    let of_year = (153 * ((month + 10) % 12) + 2) / 5;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468;
    #[expect(clippy::cast_precision_loss, reason = "bounded above")]
    let days = days as f64;
    days + day - 1.0
}

/// `MakeDate` of `MakeDay` and `MakeTime`; fields are year, month, day, hour, minute, second, millisecond.
pub(super) fn make(fields: &[f64; 7]) -> f64 {
    let [year, month, day, hour, minute, second, millisecond] = *fields;
    if ![hour, minute, second, millisecond].iter().all(|field| field.is_finite()) {
        return f64::NAN;
    }
    let time = hour.trunc() * 3_600_000.0 + minute.trunc() * 60_000.0 + second.trunc() * 1000.0 + millisecond.trunc();
    make_day(year, month, day) * DAY + time
}

/// `TimeClip`.
pub(super) fn clip(time: f64) -> f64 {
    if time.abs() <= MAX_TIME { time.trunc() + 0.0 } else { f64::NAN }
}

impl Parts {
    /// As the fields that [`make`] takes.
    pub(super) fn fields(self) -> [f64; 7] {
        #[expect(clippy::cast_precision_loss, reason = "small")]
        [self.year, self.month, self.day, self.hour, self.minute, self.second, self.millisecond].map(|field| field as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_the_same() {
        for day in (-100_000_000..=100_000_000).step_by(9_973) {
            let time = f64::from(day) * DAY;
            assert_eq!(make(&parts(time).fields()), time);
        }
        let leap = parts(951_782_400_000.0);
        assert_eq!((leap.year, leap.month, leap.day, leap.weekday), (2000, 1, 29, 2));
        let before = parts(-1.0);
        assert_eq!((before.year, before.month, before.day, before.millisecond, before.weekday), (1969, 11, 31, 999, 3));
    }
}
