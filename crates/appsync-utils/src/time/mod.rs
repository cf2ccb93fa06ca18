//! `util.time.*`: instants as AppSync prints and reads them, in `java.time`'s pattern language.

mod fields;
mod format;
mod iso;
mod parse;
mod pattern;
mod zone;

use std::sync::LazyLock;

use value::Value;

use crate::arguments::Arguments;
use crate::{Failure, Session, Utility};
use pattern::Pattern;

pub(crate) const TABLE: &[Utility] = &[
    Utility::both("time.nowISO8601", |session, _| iso8601(Arguments::new("time.nowISO8601", &[]), session.clock.now_ms())),
    Utility::both("time.nowEpochSeconds", |session, _| Ok(session.clock.now_ms().div_euclid(1000).into())),
    Utility::both("time.nowEpochMilliSeconds", |session, _| Ok(session.clock.now_ms().into())),
    Utility::both("time.nowFormatted", |session, values| {
        formatted(Arguments::new("time.nowFormatted", values), session.clock.now_ms(), 0)
    }),
    Utility::both("time.parseFormattedToEpochMilliSeconds", parse_formatted),
    Utility::both("time.parseISO8601ToEpochMilliSeconds", parse_iso8601),
    Utility::both("time.epochMilliSecondsToSeconds", |_, values| {
        Ok(Arguments::new("time.epochMilliSecondsToSeconds", values).long(0)?.div_euclid(1000).into())
    }),
    Utility::both("time.epochMilliSecondsToISO8601", |_, values| {
        let arguments = Arguments::new("time.epochMilliSecondsToISO8601", values);
        iso8601(arguments, arguments.long(0)?)
    }),
    Utility::both("time.epochMilliSecondsToFormatted", |_, values| {
        let arguments = Arguments::new("time.epochMilliSecondsToFormatted", values);
        formatted(arguments, arguments.long(0)?, 1)
    }),
];

/// Always with milliseconds and `Z`.
fn iso8601(arguments: Arguments<'_>, ms: i64) -> Result<Value, Failure> {
    static PATTERN: LazyLock<Result<Pattern, String>> = LazyLock::new(|| Pattern::new("uuuu-MM-dd'T'HH:mm:ss.SSSX"));
    let pattern = PATTERN.as_ref().map_err(|fault| arguments.refuse(fault.clone()))?;
    let zone = zone::find("Z").map_err(|fault| arguments.refuse(fault))?;
    format::format(pattern, ms, &zone).map(Value::from).map_err(|fault| arguments.refuse(fault))
}

/// The pattern is argument `at`, the zone the one behind it; UTC without one.
fn formatted(arguments: Arguments<'_>, ms: i64, at: usize) -> Result<Value, Failure> {
    let pattern = Pattern::new(arguments.str(at)?).map_err(|fault| arguments.refuse(fault))?;
    let zone = zone::find(arguments.optional_str(at + 1)?.unwrap_or("Z")).map_err(|fault| arguments.refuse(fault))?;
    let text = format::format(&pattern, ms, &zone).map_err(|fault| arguments.refuse(fault))?;
    Ok(text.into())
}

fn parse_formatted(_: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new("time.parseFormattedToEpochMilliSeconds", values);
    let (text, pattern) = (arguments.str(0)?, Pattern::new(arguments.str(1)?).map_err(|fault| arguments.refuse(fault))?);
    let zone = arguments.optional_str(2)?.map(zone::find).transpose().map_err(|fault| arguments.refuse(fault))?;
    parse::parse(&pattern, text, zone.as_ref()).map(Value::from).map_err(|fault| arguments.refuse(fault))
}

fn parse_iso8601(_: &mut Session, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new("time.parseISO8601ToEpochMilliSeconds", values);
    iso::parse(arguments.str(0)?).map(Value::from).map_err(|fault| arguments.refuse(fault))
}

#[cfg(test)]
mod tests {
    use value::value;

    use crate::testing::{call, check};

    const MS: i64 = 1_517_943_695_758;

    #[test]
    fn instants_are_printed() {
        let formatted = |pattern: &str, zone: Option<&str>, expected: &str| {
            let arguments = [value!(MS), value!(pattern), zone.into()];
            assert_eq!(call("time.epochMilliSecondsToFormatted", &arguments), Ok(value!(expected)), "{pattern} {zone:?}");
        };
        formatted("yyyy-MM-dd HH:mm:ssZ", None, "2018-02-06 19:01:35+0000");
        formatted("yyyy-MM-dd HH:mm:ssZ", Some("+08:00"), "2018-02-07 03:01:35+0800");
        formatted("yyyy-MM-dd HH:mm:ssZ", Some("Australia/Perth"), "2018-02-07 03:01:35+0800");
        formatted("yyyy-MM-dd'T'HH:mm:ss.SSS[XXX]", Some("-07:00:30"), "2018-02-06T12:01:05.758-07:00");
        formatted(
            "[XXXXX] X x XX xxx O OOOO ZZZZ VV",
            Some("-07:00:30"),
            "-07:00:30 -07 -07 -0700 -07:00 GMT-7:00:30 GMT-07:00:30 GMT-07:00:30 -07:00:30",
        );
        formatted("X x XXX O z", None, "Z +00 Z GMT Z");
        formatted("EEE EEEE EEEEE MMM MMMM MMMMM d/M/yy", None, "Tue Tuesday T Feb February F 6/2/18");
        formatted(
            "h a K k A n N D DDD Q QQQ QQQQ G u",
            None,
            "7 PM 7 19 68495758 758000000 68495758000000 37 037 1 Q1 1st quarter AD 2018",
        );
        formatted("''yyyy'''at' S SS", None, "'2018'at 7 75");
        formatted("YYYY w e z", Some("America/New_York"), "2018 6 3 EST");
    }

    #[test]
    fn texts_become_instants() {
        let parsed = |text: &str, pattern: &str, zone: Option<&str>| {
            call("time.parseFormattedToEpochMilliSeconds", &[value!(text), value!(pattern), zone.into()])
                .map(|value| value.as_i64())
        };
        for (text, pattern, zone, expected) in [
            ("2018-02-02 01:19:22+0800", "yyyy-MM-dd HH:mm:ssZ", None, 1_517_505_562_000),
            ("2018-02-02 01:19:22", "yyyy-MM-dd HH:mm:ss", Some("+08:00"), 1_517_505_562_000),
            ("20180202011922Z", "yyyyMMddHHmmssX", None, 1_517_534_362_000),
            ("2 Feb 2018 1:19:22 AM GMT", "d MMM yyyy h:mm:ss a z", None, 1_517_534_362_000),
            ("Friday, February 02 18 12:00 AM", "EEEE, MMMM dd yy hh:mm a", Some("UTC"), 1_517_529_600_000),
            ("2018-02-02T01:19:22.5", "yyyy-MM-dd'T'HH:mm:ss[.S]", Some("Z"), 1_517_534_362_500),
            ("2018-02-02T01:19:22", "yyyy-MM-dd'T'HH:mm:ss[.S]", Some("Z"), 1_517_534_362_000),
            ("2018-033 00", "yyyy-DDD HH", Some("Z"), 1_517_529_600_000),
            ("2018-02-31 00:00", "yyyy-MM-dd HH:mm", Some("Z"), 1_519_776_000_000),
            ("2018-07-01 00:00 Europe/Berlin", "yyyy-MM-dd HH:mm VV", None, 1_530_396_000_000),
            ("2018-07-01 00:00-07:00:30", "yyyy-MM-dd HH:mmXXXXX", None, 1_530_428_430_000),
        ] {
            assert_eq!(parsed(text, pattern, zone), Ok(Some(expected)), "{text} {pattern}");
        }
        for (text, pattern, zone, part) in [
            ("2018-02-02", "yyyy-MM-dd", Some("Z"), "Unable to obtain"),
            ("2018-02-02 00:00", "yyyy-MM-dd HH:mm", None, "Unable to obtain"),
            ("2018-13-02 00", "yyyy-MM-dd HH", Some("Z"), "could not be parsed"),
            ("2018-02-02 00x", "yyyy-MM-dd HH", Some("Z"), "unparsed text found at index 13"),
            ("2018-02-xx 00", "yyyy-MM-dd HH", Some("Z"), "could not be parsed at index 8"),
            ("-9223372036854775807 1 1 00", "Y w e HH", Some("Z"), "Invalid value for WeekBasedYear"),
            ("a", "yyyy b", Some("Z"), "Unknown pattern letter: b"),
            ("a", "yyyy'", Some("Z"), "incomplete string literal"),
            ("a", "yyyy", Some("Mars/Base"), "Mars/Base"),
        ] {
            let message = parsed(text, pattern, zone).expect_err(text).to_string();
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn iso_8601_and_seconds() {
        check(&[
            ("time.nowISO8601", vec![], value!("2018-02-06T19:01:35.750Z")),
            ("time.nowEpochSeconds", vec![], value!(1_517_943_695)),
            ("time.epochMilliSecondsToSeconds", vec![value!(MS)], value!(1_517_943_695)),
            ("time.epochMilliSecondsToISO8601", vec![value!(0)], value!("1970-01-01T00:00:00.000Z")),
            ("time.parseISO8601ToEpochMilliSeconds", vec![value!("2018-02-01T17:21:05.180+08:00")], value!(1_517_476_865_180i64)),
            ("time.parseISO8601ToEpochMilliSeconds", vec![value!("1969-12-31T23:59:59.9995Z")], value!(-1)),
        ]);
        for text in ["2018-02-01T17:21:05", "2018-02-01", "x", ""] {
            assert!(call("time.parseISO8601ToEpochMilliSeconds", &[value!(text)]).is_err(), "{text}");
        }
        let latest = call("time.epochMilliSecondsToISO8601", &[value!(i64::MAX)]);
        assert_eq!(latest, Ok(value!("+292278994-08-17T07:12:55.807Z")));
    }
}
