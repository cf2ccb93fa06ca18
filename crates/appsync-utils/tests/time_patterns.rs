//! Times by any pattern, in any zone, of any text: the functions answer or refuse, soon; and what was printed by a pattern that keeps
//! all parts of an instant is read back as that instant.
//!
//! `PROPTEST_CASES` is how many of each are tried.

use std::time::{Duration, Instant};

use appsync_utils::{Session, find, utilities};
use proptest::prelude::*;
use value::Value;

fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    let utility = find(utilities(), name).expect("a utility");
    let began = Instant::now();
    let answer = (utility.call)(&mut Session::system(Value::Null), arguments).map_err(|failure| failure.to_string());
    assert!(began.elapsed() < Duration::from_secs(5), "{name} took {:?}: {arguments:?}", began.elapsed());
    answer
}

fn format(ms: i64, pattern: &str, zone: &str) -> Result<String, String> {
    let answer = call("time.epochMilliSecondsToFormatted", &[ms.into(), pattern.into(), zone.into()])?;
    Ok(answer.as_str().expect("a text").to_owned())
}

fn parse(text: &str, pattern: &str, zone: Option<&str>) -> Result<i64, String> {
    let answer = call("time.parseFormattedToEpochMilliSeconds", &[text.into(), pattern.into(), zone.into()])?;
    Ok(answer.as_i64().expect("milliseconds"))
}

/// Every letter in every count that may have a meaning, and what stands between letters.
fn piece() -> impl Strategy<Value = String> {
    let letters: Vec<char> = ('a'..='z').chain('A'..='Z').collect();
    let run = (prop::sample::select(letters), 1usize..=6).prop_map(|(letter, count)| letter.to_string().repeat(count));
    let meant = prop::sample::select(vec![
        "uuuu",
        "yyyy",
        "yy",
        "Y",
        "YYYY",
        "MM",
        "MMM",
        "d",
        "dd",
        "HH",
        "mm",
        "ss",
        "SSS",
        "SSSSSSSSS",
        "w",
        "e",
        "XXX",
        "VV",
        "z",
        "zzzz",
        "vvvv",
        "O",
        "OOOO",
        "ZZZZ",
        "GGGG",
        "BBBB",
        "g",
        "A",
        "N",
        "n",
    ])
    .prop_map(str::to_owned);
    let between = prop::sample::select(vec![
        "-", ":", " ", "[", "]", "[", "]", "'T'", "'", "''", "'é😀'", "p", "ppppp", "é", "😀", "\u{301}", "{", "#", "\0",
    ])
    .prop_map(str::to_owned);
    prop_oneof![4 => meant, 2 => run, 3 => between, 1 => "\\PC{0,3}"]
}

fn pattern() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => prop::collection::vec(piece(), 0..12).prop_map(|pieces| pieces.concat()),
        1 => (piece(), 1usize..400).prop_map(|(piece, count)| piece.repeat(count)),
    ]
}

const ZONES: [&str; 18] = [
    "Z",
    "UTC",
    "GMT",
    "UT",
    "+1",
    "-18",
    "+18:00",
    "-07:00:30",
    "+053015",
    "UTC+8",
    "GMT-03:30",
    "America/New_York",
    "Europe/Dublin",
    "Africa/Monrovia",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
];

fn zone() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(&ZONES[..]).prop_map(str::to_owned),
        1 => "(UTC|GMT|UT)?[+-][0-9é:]{0,9}",
        1 => "\\PC{0,20}",
    ]
}

/// Milliseconds of our time, of all time that dates have, and of the ends of both.
fn instant() -> impl Strategy<Value = i64> {
    prop_oneof![
        0i64..4_102_444_800_000,
        -377_705_116_800_000i64..=253_402_207_200_000,
        any::<i64>(),
        prop::sample::select(vec![i64::MIN, i64::MAX, 0, -1, -62_135_596_800_000, -62_135_596_800_001]),
    ]
}

/// Texts that look like times: numbers of all widths, names, offsets.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[0-9]{1,4}",
        "[+-]?[0-9]{1,20}",
        "[+-][0-9]{2}:?[0-9]{0,2}(:[0-9]{2})?",
        prop::sample::select(vec![
            "-",
            ":",
            " ",
            "T",
            "Z",
            ".",
            "é",
            "😀",
            "AM",
            "PM",
            "AD",
            "BC",
            "Feb",
            "February",
            "Mon",
            "Sunday",
            "GMT",
            "GMT+8:30",
            "UTC",
            "EST",
            "Central European Time",
            "Europe/Berlin",
            "in the morning",
            "noon",
            "2018-02-02",
            "01:19:22",
            "Q1",
            "9223372036854775807",
            "-9223372036854775807",
            "-9223372036854775808",
            "999999999",
            "-999999999",
            "1000000000",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,5}",
    ];
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

/// A pattern that has each part of an instant once, in any order, with something between them that is no part of them.
fn whole_pattern() -> impl Strategy<Value = String> {
    let date = prop::sample::select(vec![
        "uuuu-MM-dd",
        "u-M-d",
        "uuuuuu MMM d",
        "d. MMMM uuuu",
        "yyyy G DDD",
        "y GGGG D",
        "G y/L/d",
        "EEEE, d LLL y G",
        "uuuuMMdd",
        "u QQQ q M d F W e",
        "uuuu[-MM][-dd]",
        "pppppppppppu ppMM d",
        "uuuu-MM-dd E e GGGGG Y w g",
    ]);
    let time = prop::sample::select(vec![
        "HH:mm:ss.SSS",
        "H:m:s.SSSSSS",
        "HHmmssSSS",
        "k:m:s n",
        "hh:mm:ss.SSSSSSSSS a",
        "K/m/s a nnnnnnnnn",
        "a h m s SSS",
        "A",
        "N",
        "'at' HH 'o''clock' mm ss SSS",
        "AAAAAAAAA",
        "H[:mm[:ss[.SSS]]]",
        "HH:mm:ss.SSS B a",
    ]);
    let offset = prop::sample::select(vec![
        "XXXXX",
        "xxxxx",
        "XXXX",
        "xxxx",
        "ZZZZ",
        "ZZZZZ",
        "OOOO",
        "O",
        "XXXXX VV",
        "XXXXX z",
        "VV XXXXX",
        "zzzz xxxxx",
    ]);
    let between = prop::sample::select(vec![" ", "'T'", " é ", "'😀'", ", ", "[ ]"]);
    let parts = (date, time, offset).prop_map(|(date, time, offset)| vec![date, time, offset]).prop_shuffle();
    (parts, between.clone(), between).prop_map(|(parts, first, second)| [parts[0], first, parts[1], second, parts[2]].concat())
}

proptest! {
    #[test]
    fn any_pattern_prints_or_is_refused(ms in instant(), pattern in pattern(), zone in zone()) {
        if let Ok(printed) = format(ms, &pattern, &zone) {
            // Its own text fits the pattern or not, as numbers run together: it is answered.
            let _ = parse(&printed, &pattern, Some(&zone));
            let _ = parse(&printed, &pattern, None);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in text(), pattern in pattern(), zone in prop::option::of(zone())) {
        let _ = parse(&text, &pattern, zone.as_deref());
        if let Ok(answer) = call("time.parseISO8601ToEpochMilliSeconds", &[text.as_str().into()]) {
            prop_assert!(answer.as_i64().is_some());
        }
    }

    #[test]
    fn iso_8601_is_read_back(ms in -377_705_116_800_000i64..=253_402_207_200_000) {
        let printed = call("time.epochMilliSecondsToISO8601", &[ms.into()]).expect("a text");
        prop_assert_eq!(call("time.parseISO8601ToEpochMilliSeconds", &[printed]), Ok(ms.into()));
    }

    #[test]
    fn what_keeps_all_parts_is_read_back(
        ms in prop_oneof![0i64..4_102_444_800_000, -377_705_000_000_000i64..=253_402_000_000_000],
        pattern in whole_pattern(),
        zone in prop::sample::select(&ZONES[..]),
    ) {
        let printed = format(ms, &pattern, zone).expect("a pattern of what there is");
        prop_assert_eq!(parse(&printed, &pattern, None), Ok(ms), "{} by {}", printed, pattern);
    }
}
