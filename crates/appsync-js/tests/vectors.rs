//! What AppSync's EvaluateCode answered, replayed through check, bundle and evaluation.
//!
//! `shared/vectors/appsync-js/README.md` describes the file. Groups are the first words of the vectors' names.

use std::collections::BTreeMap;

use appsync_js::{CompileOptions, Entry, Fault, Handler, Limits, compile};
use appsync_utils::Session;
use value::{Number, Value};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/appsync-js/evaluate_aws.jsonl");

/// How many of the 362 pass: all.
const FLOOR: usize = 362;

const IMPORTS: &str = "import { util, extensions, runtime } from '@aws-appsync/utils';
import * as ddb from '@aws-appsync/utils/dynamodb';
import * as rds from '@aws-appsync/utils/rds';
";

/// What a vector's code gives: a value, or the message it fails with.
fn replay(vector: &Value) -> Result<Value, String> {
    let text = match (vector.get("code"), vector.get("expr")) {
        (Some(code), _) => format!("{IMPORTS}{}", code.as_str().unwrap_or_default()),
        (_, Some(expression)) => {
            format!("{IMPORTS}export function request(ctx) {{\nreturn {};\n}}", expression.as_str().unwrap_or_default())
        }
        _ => return Err("the vector has no code".into()),
    };
    let handler =
        if vector.get("function").and_then(Value::as_str) == Some("response") { Handler::Response } else { Handler::Request };
    let compiled = compile(Entry { path: "code.js", text: &text }, &|_| None, &CompileOptions::default());
    let Some(module) = compiled.module else {
        return Err(format!(
            "not compiled: {}",
            compiled.findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        ));
    };
    let context = vector.get("context").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut session = Session::system(context.get("identity").cloned().unwrap_or_default());
    let limits = Limits { deadline: std::time::Duration::from_secs(10), ..Limits::default() };
    match module.evaluate(handler, &context, &mut session, &limits) {
        Ok(evaluation) => Ok(evaluation.value),
        // The vectors leave out the position.
        Err(Fault::Runtime { message, line, column, .. }) => {
            Err(message.strip_prefix(&format!("code.js:{line}:{column}: ")).unwrap_or(&message).to_owned())
        }
        Err(Fault::EarlyReturn { value, .. }) => Ok(value),
        Err(fault) => Err(fault.to_string()),
    }
}

/// Keys in order and numbers by value, because the service keeps neither order nor form.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.to_whole_i64().map_or_else(|| value.clone(), |whole| Value::Number(Number::from(whole))),
        Value::List(items) => items.iter().map(canonical).collect(),
        Value::Object(object) => {
            let sorted: BTreeMap<_, _> = object.iter().map(|(key, item)| (key.clone(), canonical(item))).collect();
            let mut members = value::Object::new();
            for (key, item) in sorted {
                members.insert(key, item);
            }
            Value::from(members)
        }
        other => other.clone(),
    }
}

fn verdict(vector: &Value) -> Result<(), String> {
    let actual = replay(vector);
    let expected: Result<Value, String> = if let Some(message) = vector.get("expected_error_message") {
        Err(message.as_str().unwrap_or_default().to_owned())
    } else if let Some(text) = vector.get("expected_json_string") {
        let parse =
            |value: &Value| Value::parse(value.as_str().unwrap_or_default().as_bytes()).map_err(|error| error.to_string());
        // In some vectors the expectation is already parsed.
        let expected = if text.as_str().is_some() { parse(text)? } else { text.clone() };
        let actual = parse(&actual?)?;
        return if canonical(&actual) == canonical(&expected) {
            Ok(())
        } else {
            Err(format!("got {actual}, expected {expected}"))
        };
    } else {
        Ok(vector.get("expected").cloned().unwrap_or_default())
    };
    let same = match (&actual, &expected) {
        (Ok(actual), Ok(expected)) => canonical(actual) == canonical(expected),
        (Err(actual), Err(expected)) => actual == expected,
        _ => false,
    };
    if same { Ok(()) } else { Err(format!("got {actual:?}, expected {expected:?}")) }
}

#[test]
#[expect(clippy::print_stdout, reason = "the counts are what one runs this test for")]
fn recorded_answers_are_reproduced() {
    let text = std::fs::read_to_string(VECTORS).expect("the vectors are laid beside the worktree");
    let mut groups: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut passed = 0;
    let mut total = 0;
    for line in text.lines() {
        let vector = Value::parse(line.as_bytes()).expect("one JSON object per line");
        let text = |key: &str| vector.get(key).and_then(Value::as_str).unwrap_or_default();
        let group: Vec<&str> = text("name").split(' ').take(2).collect();
        let counts = groups.entry(group.join(" ")).or_default();
        total += 1;
        match verdict(&vector) {
            Ok(()) => {
                counts.0 += 1;
                passed += 1;
            }
            Err(difference) => {
                counts.1 += 1;
                println!("{} {}: {difference}", text("id"), text("name"));
            }
        }
    }
    for (group, (passed, failed)) in &groups {
        println!("{group}: {passed} passed, {failed} failed");
    }
    println!("{passed} passed, {} failed, {total} in all", total - passed);
    assert!(passed >= FLOOR, "{passed} of {total} pass, {FLOOR} did before");
}
