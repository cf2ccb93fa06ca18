//! Mapping templates: whatever is written, reading it and evaluating it ends, in bounded time and memory, without a panic; a place that
//! is told lies within the text.
#![no_main]

use std::rc::Rc;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use value::value;
use velocity::{Context, Host, HostError, Limits, Options, Template, Truthiness, Val};

/// A `$util` of a few functions: one that prints nothing, one that fails, one that needs plain values.
struct Util;

impl Host for Util {
    fn type_name(&self) -> &str {
        "util"
    }

    fn call(&self, method: &str, args: &[Val]) -> Result<Option<Val>, HostError> {
        Ok(match (method, args) {
            ("qr", [_]) => Some(Val::from("")),
            ("error", _) => return Err(HostError::new("raised")),
            ("toJson", [value]) => Some(Val::from(value.to_value().map_err(HostError::new)?.to_json())),
            _ => None,
        })
    }
}

fn context() -> Context {
    let mut context = Context::new();
    context.set("s", "héllo wörld 😀");
    context.set("n", Val::from(&value!(7)));
    context.set("d", Val::from(&value!(2.5)));
    context.set("l", Val::from(&value!([1, "b", [2.5], {"k": null}])));
    context.set("m", Val::from(&value!({"k": {"l": [1]}, "n": 3, "b": true})));
    context.set("util", Val::Host(Rc::new(Util)));
    context
}

fuzz_target!(|data: &[u8]| {
    let Some((switches, text)) = data.split_first() else { return };
    let Ok(source) = std::str::from_utf8(text) else { return };
    let truthiness = if switches & 1 == 0 { Truthiness::NotNull } else { Truthiness::NotEmpty };
    let options = Options { null_assignment: switches & 2 == 0, null_literal: switches & 4 == 0, truthiness, ..Options::default() };
    let template = match Template::parse(source, &options) {
        Ok(template) => template,
        Err(errors) => {
            assert!(!errors.is_empty(), "a refusal without a reason");
            for error in errors {
                assert!(source.get(error.span.clone()).is_some(), "a span outside the text: {error:?}");
            }
            return;
        }
    };
    for reference in template.references() {
        for member in &reference.members {
            assert_eq!(source.get(member.span.clone()), Some(&*member.name), "a member that does not stand there");
        }
    }
    let limits = Limits {
        max_steps: 100_000,
        max_memory: 64 << 20,
        deadline: Some(Instant::now() + Duration::from_secs(3)),
        ..Limits::default()
    };
    let mut variables = context();
    match template.evaluate(&mut variables, &limits) {
        Ok(outcome) => {
            assert!(outcome.text.len() <= limits.max_output, "more output than allowed");
            for offset in [0, outcome.text.len() / 2, outcome.text.len()] {
                if let Some(origin) = outcome.origin(&template, offset) {
                    assert!(origin.line <= source.matches('\n').count() + 1, "a line outside the template");
                }
            }
        }
        Err(error) => assert!(error.line <= source.matches('\n').count() + 1, "a line outside the template"),
    }
    for name in ["s", "l", "m"] {
        if let Some(value) = variables.get(name) {
            drop(value.to_value());
        }
    }
});
