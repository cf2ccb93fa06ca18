//! What a case expects against what came out.

use value::{Str, Value};

use crate::case::{Case, Expectation};
use crate::diff::Diff;
use crate::matching::differences;
use crate::outcome::{Called, Outcome};
use crate::update::Updates;
use crate::yaml_text;

/// One thing that is not as the case expects it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// What, in a line.
    pub message: String,
    /// The lines that differ.
    pub diff: Option<Diff>,
    /// Further lines: what is there, the way out.
    pub notes: Vec<String>,
    /// `--update` makes it right: [`judge`] says what it writes.
    pub updatable: bool,
}

impl Failure {
    /// A failure without a diff, which no update makes right.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }
}

/// The lines of a value that are shown at most.
const MOST_LINES: usize = 40;

/// What of the case does not hold, and what `--update` would write. The case's setting is the whole one, with its file's defaults.
#[must_use]
pub fn judge(case: &Case, outcome: &Outcome, called: &[Called]) -> (Vec<Failure>, Updates) {
    let (mut failures, mut updates) = (Vec::new(), Updates::default());
    // Once the calls are others than the case's, what came out is nobody's expectation.
    let mut are_others = false;
    for (at, (call, called)) in case.calls.iter().zip(called).enumerate() {
        let source = &called.data_source;
        if let Some(wanted) = call.data_source.as_ref().filter(|wanted| *wanted != source) {
            failures.push(Failure::new(format!("call {} is of the data source {source}, expected {wanted}", at + 1)));
            are_others = true;
            continue;
        }
        let what = format!("the request of call {} ({source})", at + 1);
        if let Some(failure) = compare(&what, "request", &call.request, &called.request) {
            if failure.updatable {
                updates.requests.push((at, called.request.clone()));
            }
            failures.push(failure);
        }
    }
    if let Some(first) = called.get(case.calls.len()) {
        let message = match case.calls.len() {
            0 => format!("the data source {} is called, and the case has no `calls`", first.data_source),
            count => format!("call {} (of the data source {}) has no answer: `calls` has {count}", count + 1, first.data_source),
        };
        let mut notes = vec!["add it to `calls`, with a `result` or an `error`:".to_owned()];
        let request = Value::from(
            [(Str::from("data_source"), Value::from(&first.data_source)), ("request".into(), first.request.clone())]
                .into_iter()
                .collect::<value::Object>(),
        );
        notes.extend(shown(&Value::from(vec![request])));
        failures.push(Failure { notes, ..Failure::new(message) });
        are_others = true;
    }
    for (at, call) in case.calls.iter().enumerate().skip(called.len()) {
        let source = call.data_source.as_ref().map(|source| format!(" ({source})")).unwrap_or_default();
        failures.push(Failure::new(format!("call {}{source} is not made", at + 1)));
        are_others = true;
    }
    if are_others {
        return (failures, updates);
    }
    let actual = match &case.expectation {
        Expectation::Missing => outcome.first_snapshot(case.step, case.setting.context.get("stash")),
        Expectation::Exactly(written) => outcome.snapshot_like(written),
        Expectation::AtLeast(_) => outcome.members().into(),
    };
    if let Some(failure) = compare("the outcome", "expect", &case.expectation, &actual) {
        if failure.updatable {
            updates.expect = Some(actual);
        }
        failures.push(failure);
    }
    (failures, updates)
}

fn compare(what: &str, key: &str, expectation: &Expectation, actual: &Value) -> Option<Failure> {
    match expectation {
        Expectation::Missing => Some(Failure {
            message: format!("{what} has no `{key}` to be compared with; --update writes it:"),
            notes: shown(actual),
            updatable: true,
            ..Failure::default()
        }),
        Expectation::Exactly(expected) if expected == actual => None,
        Expectation::Exactly(expected) => Some(Failure {
            message: format!("{what} is not as expected"),
            diff: Some(Diff::new(expected, actual)),
            updatable: true,
            ..Failure::default()
        }),
        Expectation::AtLeast(pattern) => {
            let differences = differences(pattern, actual);
            (!differences.is_empty()).then(|| Failure {
                message: format!("{what} does not match"),
                notes: differences.into_iter().take(MOST_LINES).collect(),
                ..Failure::default()
            })
        }
    }
}

fn shown(value: &Value) -> Vec<String> {
    let text = yaml_text::document(value);
    let mut lines: Vec<String> = text.lines().take(MOST_LINES).map(str::to_owned).collect();
    let more = text.lines().count() - lines.len();
    if more > 0 {
        lines.push(format!("… {more} more lines"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;
    use crate::{Answer, SourceCall, Step, Target};

    fn case(expectation: Expectation) -> Case {
        Case { expectation, ..Case::new("a", Target::Function { name: "f".into() }) }
    }

    fn outcome() -> Outcome {
        Outcome { value: Some(value!({"a": 1})), stash: value!({"b": 2}), logs: vec![value!("INFO c")], ..Outcome::default() }
    }

    #[test]
    fn inner_members_count_where_they_are_written_and_others_always() {
        let appended = Outcome { appended_errors: vec![value!({"message": "m"})], ..outcome() };
        let early = Outcome { early_return: Some(value!(true)), ..outcome() };
        for (expected, outcome, passes) in [
            (value!({"value": {"a": 1.0}}), outcome(), true),
            (value!({"value": {"a": 1}, "stash": {"b": 2}}), outcome(), true),
            (value!({"value": {"a": 1}, "stash": {"b": 3}}), outcome(), false),
            (value!({"value": {"a": 1}, "logs": ["INFO c"]}), outcome(), true),
            (value!({"value": {"a": 1}, "logs": ["INFO d"]}), outcome(), false),
            (value!({"value": {"a": 2}}), outcome(), false),
            (value!({"value": {"a": 1}}), appended.clone(), false),
            (value!({"value": {"a": 1}, "appended_errors": [{"message": "m"}]}), appended, true),
            (value!({"value": {"a": 1}}), early, false),
            (value!({"error": {"message": "m"}}), outcome(), false),
        ] {
            let (failures, updates) = judge(&case(Expectation::Exactly(expected.clone())), &outcome, &[]);
            assert_eq!((failures.is_empty(), updates.is_empty()), (passes, passes), "{expected}");
            if let Some(snapshot) = updates.expect {
                let again = judge(&case(Expectation::Exactly(snapshot)), &outcome, &[]);
                assert_eq!(again, (Vec::new(), Updates::default()), "what is written passes");
            }
        }
    }

    #[test]
    fn a_first_snapshot_has_the_stash_of_a_step_that_changed_it() {
        let written = |step, before: Option<Value>| {
            let mut case = Case { step, ..case(Expectation::Missing) };
            if let Some(before) = before {
                case.setting.context.insert("stash", before);
            }
            judge(&case, &outcome(), &[]).1.expect.expect("a snapshot")
        };
        assert_eq!(written(None, None), value!({"value": {"a": 1}}));
        assert_eq!(written(Some(Step::Request), None), value!({"value": {"a": 1}, "stash": {"b": 2}}));
        assert_eq!(written(Some(Step::Request), Some(value!({"b": 2}))), value!({"value": {"a": 1}}));
    }

    #[test]
    fn where_calls_are_others_than_the_cases_the_outcome_is_not_judged() {
        let call = |name: &str| SourceCall {
            data_source: Some(name.into()),
            request: Expectation::Exactly(value!(1)),
            answer: Answer::Result(Value::Null),
            span: 0..0,
        };
        let called = |name: &str| Called { data_source: name.into(), request: value!(1) };
        for (calls, made, message) in [
            (vec![call("a")], vec![called("b")], "call 1 is of the data source b, expected a"),
            (vec![call("a")], vec![], "call 1 (a) is not made"),
        ] {
            for expectation in [Expectation::Missing, Expectation::Exactly(value!({"value": 0}))] {
                let case = Case { calls: calls.clone(), ..case(expectation) };
                let (failures, updates) = judge(&case, &outcome(), &made);
                let messages: Vec<_> = failures.iter().map(|failure| failure.message.as_str()).collect();
                assert_eq!((messages, updates), (vec![message], Updates::default()));
            }
        }
    }

    #[test]
    fn after_a_call_without_answer_the_outcome_is_nobodys_expectation() {
        let call = SourceCall {
            data_source: None,
            request: Expectation::Exactly(value!(1)),
            answer: Answer::Result(Value::Null),
            span: 0..0,
        };
        let called = |request| Called { data_source: "s".into(), request };
        let case = Case { calls: vec![call], ..case(Expectation::Missing) };
        let (failures, updates) = judge(&case, &outcome(), &[called(value!(2)), called(value!(3))]);
        let messages: Vec<_> = failures.iter().map(|failure| (failure.message.as_str(), failure.updatable)).collect();
        let second = "call 2 (of the data source s) has no answer: `calls` has 1";
        assert_eq!(messages, [("the request of call 1 (s) is not as expected", true), (second, false)]);
        assert_eq!(updates, Updates { expect: None, requests: vec![(0, value!(2))] });
        assert_eq!(failures[1].notes[1..], ["- data_source: s", "  request: 3"]);
    }
}
