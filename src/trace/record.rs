//! `extensions.record`: the resolvers of a request as test cases, which `syncgate test` replays without data sources.
//!
//! A case is one resolver for one parent: what it was given, the time and the random numbers that it saw, what its data sources
//! were asked and answered, and what came out.

use resolver_cases::{Answer, Case, CaseFile, Expectation, Language, Setting, SourceCall, SourceError, Target};
use value::{Object, Str, Value};

use super::secrecy::{HIDDEN, Mask};
use super::{Call, Evaluation, Placed, Recorder, RunTrace, Step};
use crate::execution::error::FieldError;

/// The cases, in the order of the answer, as a case file in JSON has them.
pub(super) fn file(recorder: &Recorder) -> Value {
    let (placed, left_out) = recorder.placed();
    let cases = placed.iter().map(|placed| case(placed, recorder.mask())).collect();
    let file = CaseFile { cases: distinct(cases), ..CaseFile::default() };
    let shown = Value::parse(file.to_text(Language::Json).as_bytes()).unwrap_or_default();
    let mut record = Object::with_capacity(2);
    record.insert("file", recorder.mask().value(&shown));
    if left_out > 0 {
        record.insert("casesLeftOut", left_out);
    }
    record.into()
}

/// Names in a file are distinct; paths are, too, but those that the answer does not have.
fn distinct(mut cases: Vec<Case>) -> Vec<Case> {
    let mut seen = std::collections::HashMap::<String, usize>::new();
    for case in &mut cases {
        let count = seen.entry(case.name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            case.name = format!("{} ({count})", case.name);
        }
    }
    cases
}

fn case(placed: &Placed, mask: &Mask) -> Case {
    let Placed { path, run } = placed;
    let target = Target::Resolver { type_name: Str::clone(&run.parent_type), field_name: Str::clone(&run.field_name) };
    let mut case = Case::new(name(path, run), target);
    let evaluations = || {
        run.steps.iter().filter_map(|step| match step {
            Step::Evaluation(evaluation) => Some(&**evaluation),
            Step::Call(_) => None,
        })
    };
    let readings = || evaluations().filter_map(|evaluation| evaluation.reading.as_ref());
    let random: Option<Vec<u8>> = readings().try_fold(Vec::new(), |mut all, reading| {
        all.extend_from_slice(reading.random.as_deref()?);
        Some(all)
    });
    case.setting = Setting {
        clock: readings().find_map(|reading| reading.now_ms),
        random: random.clone().filter(|random| !random.is_empty()),
        context: evaluations().next().map(given).unwrap_or_default(),
        ..Setting::default()
    };
    // Those without a real data source are not made by the one who replays: there is nothing to be answered.
    let calls = || {
        run.steps.iter().filter_map(|step| match step {
            Step::Call(call) if call.kind != "NONE" => Some(&**call),
            _ => None,
        })
    };
    let expected = expected(run, evaluations());
    case.calls = calls().filter_map(|call| source_call(call, mask)).collect();
    case.expectation = expectation(&expected, mask);
    case.skip = why_not(run, random.is_none(), &calls().collect::<Vec<_>>());
    if case.skip.is_none() && is_lost(&expected, mask) {
        case.skip = Some("what came out is a secret, which is not recorded".to_owned());
    }
    let asked_all = case.calls.iter().map(|call| &call.request).chain([&case.expectation]);
    let lacks = asked_all.into_iter().any(|expectation| matches!(expectation, Expectation::AtLeast(_)));
    // Credentials of the caller's are in the headers of all requests.
    let mut inputs = case.setting.context.clone();
    inputs.remove("request");
    if case.skip.is_none() && lacks && mask.object(&inputs) != inputs {
        case.skip = Some("it hands on a secret that it was given, which is not recorded".to_owned());
    }
    case
}

/// The place in the answer: `posts[0].author`.
fn name(path: &[Value], run: &RunTrace) -> String {
    let mut name = String::new();
    for segment in path {
        match segment {
            Value::String(key) if name.is_empty() => name.push_str(key),
            Value::String(key) => name.extend([".", key]),
            index => name.extend(["[", &index.to_json(), "]"]),
        }
    }
    if name.is_empty() { format!("{}.{}", run.parent_type, run.field_name) } else { name }
}

/// What the run was given: members of `ctx` that its steps do not make themselves. The environment is the definition's.
fn given(evaluation: &Evaluation) -> Object {
    let context = evaluation.context.iter().flat_map(Object::iter);
    let members = context.filter(|(name, value)| super::GIVEN.contains(&&***name) && !value.is_null());
    let mut given: Object = members.map(|(name, value)| (Str::clone(name), value.clone())).collect();
    // What asked for the record is no part of it.
    let request = given.get_mut("request").and_then(Value::as_object_mut);
    if let Some(headers) = request.and_then(|request| request.get_mut("headers")).and_then(Value::as_object_mut) {
        headers.remove("x-syncgate-record");
    }
    given
}

/// Why a case cannot be replayed.
fn why_not(run: &RunTrace, lacks_random: bool, calls: &[&Call]) -> Option<String> {
    if lacks_random {
        return Some("more random numbers were drawn than are recorded".to_owned());
    }
    if run.is_cut {
        return Some("a value was too long to be recorded".to_owned());
    }
    calls.iter().any(|call| call.outcome.is_none()).then(|| "a data source did not answer in time".to_owned())
}

fn source_call(call: &Call, mask: &Mask) -> Option<SourceCall> {
    let answer = match call.outcome.as_ref()? {
        Ok(result) => Answer::Result(result.clone()),
        Err(error) => Answer::Error(SourceError {
            message: error.message.clone(),
            error_type: error.error_type.clone(),
            data: error.data.clone(),
            info: error.error_info.clone(),
            unhandled_type: error.unhandled_error_type.clone(),
        }),
    };
    Some(SourceCall {
        data_source: Some(Str::clone(&call.data_source)),
        request: expectation(&call.request, mask),
        answer,
        span: 0..0,
    })
}

/// Exactly this; where credentials are in it, which are not written, all but those.
fn expectation(value: &Value, mask: &Mask) -> Expectation {
    let shown = mask.value(value);
    if shown == *value { Expectation::Exactly(shown) } else { Expectation::AtLeast(without_hidden(&shown)) }
}

/// Whether nothing would be left of the outcome to compare with.
fn is_lost(expected: &Value, mask: &Mask) -> bool {
    let is_hidden = |value: &Value| hides(&mask.value(value));
    expected.get("value").is_some_and(is_hidden) || expected.at(&["error"]).get("message").is_some_and(is_hidden)
}

/// Whether it is a secret, or made of secrets only, or has them in a list, where they cannot be left out.
fn hides(shown: &Value) -> bool {
    match shown {
        Value::String(text) => text.contains(HIDDEN),
        Value::List(items) => items.iter().any(hides),
        Value::Object(object) => !object.is_empty() && object.values().all(hides),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The value without the members that are not shown. Values are at most `value::MAX_DEPTH` deep.
fn without_hidden(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let is_shown = |value: &Value| value.as_str().is_none_or(|text| !text.contains(HIDDEN));
            let members = object.iter().filter(|(_, value)| is_shown(value));
            members.map(|(name, value)| (Str::clone(name), without_hidden(value))).collect::<Object>().into()
        }
        Value::List(items) => items.iter().map(without_hidden).collect(),
        other => other.clone(),
    }
}

/// The outcome as a snapshot has it: what others than the resolver itself see.
fn expected<'a>(run: &RunTrace, evaluations: impl Iterator<Item = &'a Evaluation>) -> Value {
    let mut expected = Object::new();
    // Errors that were appended come first, the one that ended the run comes last.
    let mut headers = Object::new();
    let (mut subscription_filter, mut invalidation_filter) = (None, None);
    let (mut invalidations, mut evictions, mut refused, mut appended) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for evaluation in evaluations {
        appended += evaluation.appended.len();
        let Some(effects) = &evaluation.effects else { continue };
        for (name, value) in &effects.response_headers {
            headers.insert(Str::clone(name), value);
        }
        let faults = effects.header_faults.iter();
        refused.extend(faults.map(|message| snapshot(&FieldError::new("ResponseHeaderError", message.as_str()))));
        subscription_filter = effects.subscription_filter.clone().or(subscription_filter);
        invalidation_filter = effects.invalidation_filter.clone().or(invalidation_filter);
        invalidations.extend(effects.invalidations.iter().cloned());
        evictions.extend(effects.evictions.iter().cloned());
    }
    let (appended, failed) = run.errors.split_at(appended.min(run.errors.len()));
    match failed.first() {
        Some(error) => expected.insert("error", snapshot(error)),
        None => expected.insert("value", &run.result),
    };
    let appended: Vec<Value> = appended.iter().map(snapshot).chain(refused).collect();
    let mut put = |name: &str, member: Option<Value>| member.map(|member| expected.insert(name, member));
    let list = |items: Vec<Value>| (!items.is_empty()).then(|| Value::from(items));
    put("appended_errors", list(appended));
    put("response_headers", (!headers.is_empty()).then(|| headers.into()));
    put("subscription_filter", subscription_filter);
    put("invalidation_filter", invalidation_filter);
    put("invalidations", list(invalidations));
    put("evictions", list(evictions));
    expected.into()
}

/// An error as snapshots write it.
fn snapshot(error: &FieldError) -> Value {
    let mut members = Object::with_capacity(4);
    members.insert("message", error.message.as_str());
    if let Some(error_type) = &error.error_type {
        members.insert("type", error_type.as_str());
    }
    for (name, member) in [("data", &error.data), ("info", &error.error_info)] {
        if !member.is_null() {
            members.insert(name, member);
        }
    }
    members.into()
}
