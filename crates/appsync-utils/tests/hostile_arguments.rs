//! No utility panics, whatever it is given: every function with every unpleasant value as each of its arguments, beside others of them.
//!
//! Which others is a part of all, another one for each value and function. `SYNCGATE_HOSTILE_ALL=1` takes every pair of the first two
//! arguments, each with an eleventh of the values as the third one: five times as much.

use appsync_utils::{Session, extensions, module, runtime, utilities};
use value::{Value, value};

fn unpleasant() -> Vec<Value> {
    let deep = (0..199).fold(value!({"eq": 1}), |inner, at| if at % 2 == 0 { value!([inner]) } else { value!({"and": inner}) });
    let wide: Value = (0..2_000i64).collect();
    let mut values: Vec<Value> = [
        "",
        "a",
        "é😀",
        "\u{0}",
        "%",
        "%é",
        "((",
        "[",
        "\\",
        "\\u12",
        "$1",
        "yyyy-MM-dd'T'HH:mm:ss[.SSS]XXX",
        "GMTVVzOXx",
        "ppppB[zzzzvvvv]gWFA",
        "(?<=a+)(\\1|b)*+\\X",
        "\u{301}\u{200d}",
        "2018-02-01T00:00:00Z",
        "+é",
        "+1é",
        "UTC+",
        "99999999999999999999",
        "nfc",
        "{\"s3\":{}}",
        "<a><b/>",
        "<a é='1'/>",
        "=",
        "[]",
        "{",
    ]
    .into_iter()
    .map(Value::from)
    .collect();
    values.extend([
        Value::Null,
        value!(true),
        value!(0),
        value!(-1),
        value!(i64::MAX),
        value!(i64::MIN),
        value!(u64::MAX),
        value!(1.5),
        value!(f64::MAX),
        Value::parse(b"1e999").expect("a number"),
        value!([null]),
        value!({"": ""}),
        value!({"a": {"eq": 1, "size": {"between": [1]}}}),
        value!({"or": [{"a": {"in": ["x"]}}], "not": {}}),
        value!({"table": "t", "values": {"a": null}, "where": {"a": {"eq": {"type": "UUID", "value": 1}}}}),
        value!({"type": "SELECT", "properties": {"from": {"a": {"type": "SELECT", "properties": {}}}}}),
        value!({"key": {"id": 1}, "update": {"a": {"type": "OPERATION_APPEND"}}, "query": {"a": {"eq": 1}}, "item": {}, "tables": {"t": [1]}, "items": [{"putItem": {}}]}),
        value!({"sqlStatementResults": [{"records": [[{}], 1, [{"arrayValue": {}}]], "columnMetadata": [1]}]}),
        deep,
        wide,
    ]);
    values
}

/// One in so many values stands third.
const AMONG_THIRDS: usize = 11;

#[test]
fn no_utility_panics() {
    let values = unpleasant();
    let mut session = Session::system(Value::Null);
    let modules = ["dynamodb", "rds", "ai"].map(|name| module(name).expect("a module"));
    let tables = [utilities(), extensions(), runtime()].into_iter().chain(modules);
    let all = std::env::var_os("SYNCGATE_HOSTILE_ALL").is_some_and(|text| text == "1");
    let among_seconds = if all { 1 } else { 5 };
    for (number, utility) in tables.flatten().enumerate() {
        let mut call = |arguments: &[Value]| {
            // Whatever it answers: that it answers is the test.
            let _ = (utility.call)(&mut session, arguments);
            session.effects = appsync_utils::Effects::default();
        };
        call(&[]);
        for (at, first) in values.iter().enumerate() {
            call(std::slice::from_ref(first));
            // The steps shift by one, so that each value stands at each place of each function.
            for (second_at, second) in values.iter().enumerate().skip((number + at) % among_seconds).step_by(among_seconds) {
                call(&[first.clone(), second.clone()]);
                for third in values.iter().skip((number + at + second_at) % AMONG_THIRDS).step_by(AMONG_THIRDS) {
                    call(&[first.clone(), second.clone(), third.clone()]);
                }
            }
        }
    }
}

#[test]
fn refusals_name_the_utility_and_the_argument() {
    for (name, arguments, part) in [
        ("time.nowFormatted", vec![value!(1)], "time.nowFormatted expects a string as argument 1"),
        ("time.nowFormatted", vec![value!("yyyy"), value!("Mars/Base")], "Unknown time-zone ID: Mars/Base"),
        ("time.nowFormatted", vec![value!("yyyy b")], "Unknown pattern letter: b"),
        ("matches", vec![value!("("), value!("a")], "Unclosed group near index 1"),
        ("base64Decode", vec![value!({})], "base64Decode expects a string as argument 1, not"),
        ("math.minVal", vec![value!(1), value!("2")], "math.minVal expects a number as argument 2"),
        ("list.sortList", vec![value!({})], "list.sortList expects a list as argument 1"),
        ("xml.toMap", vec![value!("<!DOCTYPE a><a/>")], "document type definitions are not supported"),
    ] {
        let utility = appsync_utils::find(utilities(), name).expect("a utility");
        let failure = (utility.call)(&mut Session::system(Value::Null), &arguments).expect_err(name);
        assert!(failure.to_string().contains(part), "{name} {arguments:?}: {failure}");
    }
}

#[test]
fn everything_becomes_json() {
    let utility = appsync_utils::find(utilities(), "toJson").expect("a utility");
    for value in unpleasant() {
        let Ok(Value::String(text)) = (utility.call)(&mut Session::system(Value::Null), std::slice::from_ref(&value)) else {
            panic!("toJson {value}");
        };
        assert_eq!(Value::parse(text.as_bytes()), Ok(value));
    }
}
