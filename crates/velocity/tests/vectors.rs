//! The engine against recorded outputs of Apache Velocity 1.7.
//!
//! The vectors lie beside the workspace; without them there is nothing to compare with and the tests say so.

use std::path::PathBuf;
use std::rc::Rc;

use value::Value;
use velocity::{Context, Host, HostError, Limits, MapRef, Options, Template, Truthiness, Val};

/// The `$util` that the vectors were recorded with.
struct Util;

impl Host for Util {
    fn type_name(&self) -> &str {
        "Util"
    }

    fn call(&self, method: &str, args: &[Val]) -> Result<Option<Val>, HostError> {
        Ok(match (method, args) {
            ("qr" | "quiet", [_]) => Some(Val::from("")),
            ("isNull", [value]) => Some(Val::Bool(value.is_null())),
            _ => None,
        })
    }
}

fn vectors(name: &str) -> Option<String> {
    let path = PathBuf::from(format!("{}/../../../shared/vectors/vtl/{name}", env!("CARGO_MANIFEST_DIR")));
    if !path.exists() {
        // A checkout without the vectors cannot compare; where they are required, their absence is a failure.
        assert!(std::env::var_os("SYNCGATE_VECTORS").is_none(), "{} is missing", path.display());
        show(&format!("{name}: not compared, the file is absent"));
        return None;
    }
    Some(std::fs::read_to_string(&path).expect("the vectors can be read"))
}

/// Text, or what failed.
fn run(template: &str, arguments: &Value, options: &Options) -> Result<String, String> {
    let template = Template::parse(template, options)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    let arguments = Val::from(arguments);
    let ctx: MapRef = [("args", arguments.clone()), ("arguments", arguments), ("stash", Val::empty_map())].into_iter().collect();
    let mut context = Context::new();
    context.set("ctx", ctx.clone());
    context.set("context", ctx);
    context.set("util", Val::Host(Rc::new(Util)));
    template.evaluate(&mut context, &Limits::default()).map(|outcome| outcome.text).map_err(|error| error.to_string())
}

/// Compares one case; `None` expects a failure.
fn check(failures: &mut Vec<String>, id: &str, template: &str, arguments: &Value, options: &Options, expected: Option<&str>) {
    match (run(template, arguments, options), expected) {
        (Ok(text), Some(expected)) if text == expected => {}
        (Err(_), None) => {}
        (result, expected) => failures.push(format!("{id}: {template:?}\n  expected {expected:?}\n  got      {result:?}")),
    }
}

fn report(name: &str, total: usize, failures: &[String]) {
    let passed = total - failures.len();
    let summary = format!("{name}: {passed} passed, {} failed, {total} in all", failures.len());
    assert!(failures.is_empty(), "{summary}\n{}", failures.join("\n"));
    assert!(total > 100, "{summary}: the file has lost cases");
    show(&summary);
}

/// Prints a line, which the test harness shows with `--nocapture`.
#[expect(clippy::print_stdout, reason = "the counts are the report of this test")]
fn show(line: &str) {
    println!("{line}");
}

#[test]
fn core_vectors() {
    let Some(text) = vectors("vtl_core_velocity17.jsonl") else { return };
    let (mut total, mut failures) = (0, Vec::new());
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let case = Value::parse(line.as_bytes()).expect("a vector is JSON");
        let template = case.at(&["template"]).as_str().expect("a vector has a template");
        let expected = case.at(&["expected_text"]).as_str();
        assert_eq!(expected.is_none(), case.at(&["expected_error"]).as_bool() == Some(true));
        total += 1;
        let arguments = case.at(&["context", "arguments"]);
        let id = case.at(&["id"]).as_str().unwrap_or("?");
        check(&mut failures, id, template, arguments, &Options::default(), expected);
        // Where the versions differ, it is in what counts as true.
        if case.get("version_sensitive").is_some() && failures.is_empty() {
            let options = Options { truthiness: Truthiness::NotEmpty, ..Options::default() };
            assert_eq!(expected, Some("yes"), "{id}");
            check(&mut failures, id, template, arguments, &options, Some("no"));
        }
    }
    report("vtl_core_velocity17.jsonl", total, &failures);
}

#[test]
fn engine_vectors() {
    let Some(text) = vectors("vtl_engine_velocity17.json") else { return };
    let file = Value::parse(text.as_bytes()).expect("the file is JSON");
    let arguments = file.at(&["context", "args"]);
    let null_assignment = Options { null_assignment: true, ..Options::default() };
    // All cases were run by one engine, in order: the macro that one of them defines is known to those after it.
    let mut library = String::new();
    let (mut total, mut failures) = (0, Vec::new());
    for case in file.at(&["cases"]).as_list().expect("the file has cases") {
        let template = case.at(&["template"]).as_str().expect("a vector has a template");
        let id = case.at(&["id"]).as_str().unwrap_or("?");
        // Reflection gives class names in plain Velocity; here it is refused.
        let reflects = template.contains("getClass") || template.contains(".class");
        let expected = if reflects { None } else { case.at(&["output"]).as_str() };
        let mut options = null_assignment.clone();
        if !library.is_empty() {
            options.macro_library = Some(library.as_str().into());
        }
        total += 1;
        let before = failures.len();
        check(&mut failures, id, template, arguments, &options, expected);
        if let Some(kept) = case.at(&["outputWhenNullAssignmentRefused"]).as_str()
            && failures.len() == before
        {
            options.null_assignment = false;
            check(&mut failures, id, template, arguments, &options, Some(kept));
        }
        if let Some(start) = template.find("#macro(")
            && let Some(end) = template.find("#end")
        {
            library.push_str(&template[start..end + 4]);
        }
    }
    report("vtl_engine_velocity17.json", total, &failures);
}
