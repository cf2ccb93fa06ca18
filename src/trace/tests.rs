//! What a record keeps, and how much of it.

use value::value;

use super::*;

fn recorder(trace: bool, record: bool, log: Logged) -> Recorder {
    Recorder::new(Wants { trace, record, log }, Secrets::default())
}

fn run() -> RunTrace {
    RunTrace {
        field: 0,
        parent: 0,
        parent_type: "Query".into(),
        field_name: "f".into(),
        return_type: "String".to_owned(),
        pipeline: false,
        arguments: value!({"id": "1"}),
        source: Value::Null,
        start_offset: Duration::ZERO,
        duration: Duration::ZERO,
        steps: Vec::new(),
        steps_left_out: 0,
        is_cut: false,
        result: Value::Null,
        errors: Vec::new(),
    }
}

fn evaluation(outcome: Outcome) -> Evaluation {
    Evaluation {
        phase: Phase::Request,
        language: Language::Js,
        function: None,
        file: None,
        start_offset: Duration::ZERO,
        duration: Duration::ZERO,
        context: None,
        outcome,
        stash: None,
        appended: Vec::new(),
        logs: Vec::new(),
        reading: None,
        effects: None,
    }
}

fn members() -> Object {
    let members: Value =
        value!({"arguments": {"id": "1"}, "stash": {"n": 1}, "outErrors": [1], "result": "r", "identity": {"sub": "s"}});
    members.as_object().cloned().expect("an object")
}

/// A run with one evaluation of this outcome, as it is kept.
fn kept(recorder: &Recorder, change: impl Fn(&mut Evaluation), errors: &[FieldError]) -> Option<RunTrace> {
    let mut tracer = Tracer::new(recorder, run());
    let begun = tracer.begin(&members());
    let mut evaluation = evaluation(Outcome::Value(value!("out")));
    change(&mut evaluation);
    tracer.evaluated(begun, evaluation);
    tracer.finish(&value!("out"), errors);
    recorder.runs.lock().expect("no panic before").pop()
}

/// About how many bytes of texts are kept.
fn bytes_of(error: &FieldError) -> usize {
    let FieldError { message, error_type, data, error_info, detail } = error;
    let values = [data, error_info, detail].into_iter().map(|value| value.to_json().len()).sum::<usize>();
    message.len() + error_type.as_ref().map_or(0, String::len) + values
}

#[test]
fn everything_that_is_kept_is_counted() {
    let long = "x".repeat(15 << 10);
    let error = || FieldError {
        message: long.clone(),
        error_type: Some(long.clone()),
        data: Value::from(long.as_str()),
        error_info: Value::from(long.as_str()),
        detail: Value::from(long.as_str()),
    };
    let log = || LogEntry { level: Level::Info, message: long.clone(), place: None };
    type Change<'a> = &'a dyn Fn(&mut Evaluation);
    let changes: [(&str, Change<'_>); 4] = [
        ("failed", &|evaluation| evaluation.outcome = Outcome::Failed(error())),
        ("appended", &|evaluation| evaluation.appended = vec![error()]),
        ("logs", &|evaluation| evaluation.logs = vec![log()]),
        ("value", &|evaluation| evaluation.outcome = Outcome::Value(Value::from(long.as_str()))),
    ];
    for (name, change) in changes {
        let recorder = recorder(true, false, Logged::Nothing);
        let mut bytes = 0;
        for _ in 0..1_000 {
            let run = kept(&recorder, change, &[error()]).expect("it is kept");
            bytes += run.errors.iter().map(bytes_of).sum::<usize>();
            for step in &run.steps {
                let Step::Evaluation(evaluation) = step else { continue };
                bytes += evaluation.appended.iter().map(bytes_of).sum::<usize>();
                bytes += evaluation.logs.iter().map(|entry| entry.message.len()).sum::<usize>();
                bytes += match &evaluation.outcome {
                    Outcome::Failed(error) => bytes_of(error),
                    Outcome::Value(value) | Outcome::Early(value, _) => value.to_json().len(),
                };
            }
        }
        // What stands for a value that is not kept is small, but not nothing.
        assert!(bytes < bounds::TRACE_TOTAL + 1_000 * 400, "{name}: {bytes}");
    }
}

#[test]
fn errors_of_data_sources_are_counted() {
    let recorder = recorder(true, false, Logged::Nothing);
    let mut tracer = Tracer::new(&recorder, run());
    let long = "x".repeat(1 << 20);
    let error = DataSourceError { error_info: Value::from(long.as_str()), ..DataSourceError::new(long.clone(), long) };
    for _ in 0..1_000 {
        tracer.requested(call());
        tracer.answered(&Err(error.clone()));
    }
    tracer.finish(&Value::Null, &[]);
    let run = recorder.runs.lock().expect("no panic before").pop().expect("it is kept");
    assert!(run.is_cut && run.steps_left_out > 0 && run.steps.len() + run.steps_left_out == 1_000);
    let text = |step: &Step| match step {
        Step::Call(call) => format!("{:?}", call.outcome).len(),
        Step::Evaluation(_) => 0,
    };
    let bytes = run.steps.iter().map(text).sum::<usize>();
    assert!(bytes < bounds::TRACE_TOTAL + (64 << 10), "{bytes}");
}

fn call() -> Call {
    Call {
        data_source: "none".into(),
        kind: "NONE",
        function: None,
        request: Value::Null,
        start_offset: None,
        duration: Duration::ZERO,
        outcome: None,
        batch: None,
        shared: false,
    }
}

#[test]
fn the_log_has_only_what_its_level_shows() {
    let has_context = |log: Logged, errors: &[FieldError]| {
        let run = kept(&recorder(false, false, log), |_| {}, errors)?;
        let Some(Step::Evaluation(evaluation)) = run.steps.first() else { return Some(false) };
        assert!(run.arguments.is_null() && run.result.is_null());
        Some(evaluation.context.is_some())
    };
    let failed = [FieldError::new("E", "it failed")];
    for (log, errors, expected) in [
        (Logged::Fields { verbose: true }, &[][..], Some(true)),
        (Logged::Fields { verbose: false }, &[], Some(false)),
        (Logged::Errors { verbose: true }, &[], None),
        (Logged::Errors { verbose: true }, &failed, Some(true)),
        (Logged::Errors { verbose: false }, &failed, Some(false)),
    ] {
        assert_eq!(has_context(log, errors), expected, "{log:?} {}", errors.len());
    }
    for (log, expected) in [(Logged::Nothing, false), (Logged::Summaries, false), (Logged::Errors { verbose: false }, true)] {
        assert_eq!(Wants { trace: false, record: false, log }.runs(), expected, "{log:?}");
    }
    // What succeeded gives its place back.
    let recorder = recorder(false, false, Logged::Errors { verbose: true });
    assert!(kept(&recorder, |_| {}, &[]).is_none());
    assert_eq!(recorder.kept.load(Ordering::Relaxed), 0);
}

/// The only case of a recorded run.
fn case(recorder: &Recorder, run: RunTrace) -> Value {
    recorder.placed.set(vec![Placed { path: vec!["f".into()], run }]).expect("it is set once");
    let file = record::file(recorder);
    let cases = file.at(&["file", "cases"]).as_list().map(<[Value]>::to_vec).unwrap_or_default();
    cases.into_iter().next().expect("a case")
}

#[test]
fn cases_that_lack_something_are_skipped_with_the_reason() {
    let skip = |arguments: Value, result: Value, errors: &[FieldError]| {
        let recorder = recorder(false, true, Logged::Nothing);
        let mut tracer = Tracer::new(&recorder, RunTrace { arguments: arguments.clone(), ..run() });
        let mut members = members();
        members.insert("arguments", arguments);
        let begun = tracer.begin(&members);
        tracer.evaluated(begun, evaluation(Outcome::Value(Value::Null)));
        tracer.finish(&result, errors);
        let run = recorder.runs.lock().expect("no panic before").pop().expect("it is kept");
        let case = case(&recorder, run);
        assert!(!case.to_json().contains("hunter2!"), "{case}");
        case.get("skip").and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let secret = || value!({"id": "1", "password": "hunter2!"});
    assert_eq!(skip(secret(), value!({"id": "1"}), &[]), "");
    let hands_on = "it hands on a secret that it was given, which is not recorded";
    assert_eq!(skip(secret(), value!({"id": "1", "pw": "hunter2!"}), &[]), hands_on);
    let lost = "what came out is a secret, which is not recorded";
    assert_eq!(skip(secret(), value!("is hunter2!"), &[]), lost);
    assert_eq!(skip(secret(), Value::Null, &[FieldError::new("E", "no hunter2!")]), lost);
    let long = FieldError::new("E", "x".repeat(2 << 20));
    assert_eq!(skip(value!({}), Value::Null, &[long]), "a value was too long to be recorded");
}
