//! What java.time answers, recorded (`tests/java/time.tsv`): printing and reading by patterns, zones, ISO 8601.

#![expect(clippy::print_stdout, reason = "a test reports how many cases it ran")]

use appsync_utils::{Session, find, utilities};
use value::Value;

const CASES: &str = include_str!("java/time.tsv");

/// Cases that differ, by a part of their line, with the reason.
const KNOWN: &[(&str, &str)] = &[
    ("SystemV/", "a folder of the time zone database that the database itself has given up"),
    ("999999999-", "the overflow is told together with the text"),
];

fn answer(operation: &str, text: &str, pattern: &str, zone: &str) -> Result<String, String> {
    let mut session = Session::system(Value::Null);
    let zone = if zone.is_empty() { Value::Null } else { zone.into() };
    let (name, arguments) = match operation {
        "format" => {
            let ms: i64 = text.parse().expect("milliseconds");
            ("time.epochMilliSecondsToFormatted", vec![ms.into(), pattern.into(), zone])
        }
        "parse" => ("time.parseFormattedToEpochMilliSeconds", vec![text.into(), pattern.into(), zone]),
        _ => ("time.parseISO8601ToEpochMilliSeconds", vec![text.into()]),
    };
    let utility = find(utilities(), name).expect("a utility");
    match (utility.call)(&mut session, &arguments) {
        Ok(Value::String(text)) => Ok(text.to_string()),
        Ok(other) => Ok(other.to_json()),
        Err(failure) => Err(failure.to_string()),
    }
}

#[test]
fn java_answers_the_same() {
    let (mut passed, mut known, mut failed) = (0, 0, Vec::new());
    for (number, line) in CASES.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [operation, text, pattern, zone, expected] = columns[..] else { panic!("line {}: {line}", number + 1) };
        let outcome = answer(operation, text, pattern, zone);
        let (equal, shown) = match (expected.strip_prefix('!'), outcome) {
            // What Java says of its own classes is said in other words.
            (Some(message), Err(error)) => {
                let same = match message.split_once("Unable to obtain ") {
                    Some((before, _)) => error.starts_with(before) && error.contains("Unable to obtain a"),
                    None => error == message,
                };
                (same, format!("!{error}"))
            }
            (Some(_), Ok(answer)) => (false, answer),
            (None, Ok(answer)) => (answer == expected, answer),
            (None, Err(error)) => (false, format!("!{error}")),
        };
        if equal {
            passed += 1;
        } else if KNOWN.iter().any(|(part, _)| line.contains(part)) {
            known += 1;
        } else {
            failed.push(format!("line {}: {line}\n    got {shown}", number + 1));
        }
    }
    println!("passed {passed}, known to differ {known}, failed {}", failed.len());
    assert!(failed.is_empty(), "{} cases differ:\n{}", failed.len(), failed.join("\n"));
    assert!(passed >= 600, "only {passed} cases were run");
}
