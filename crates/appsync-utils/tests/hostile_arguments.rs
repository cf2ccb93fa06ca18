//! No utility panics, whatever it is given: every function with every combination of some unpleasant arguments.

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

#[test]
fn no_utility_panics() {
    let values = unpleasant();
    let mut session = Session::system(Value::Null);
    let modules = ["dynamodb", "rds", "ai"].map(|name| module(name).expect("a module"));
    let tables = [utilities(), extensions(), runtime()].into_iter().chain(modules);
    for utility in tables.flatten() {
        let mut call = |arguments: &[Value]| {
            // Whatever it answers: that it answers is the test.
            let _ = (utility.call)(&mut session, arguments);
            session.effects = appsync_utils::Effects::default();
        };
        call(&[]);
        for first in &values {
            call(std::slice::from_ref(first));
            for second in &values {
                call(&[first.clone(), second.clone()]);
                for third in values.iter().step_by(5) {
                    call(&[first.clone(), second.clone(), third.clone()]);
                }
            }
        }
    }
}
