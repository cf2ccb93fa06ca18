//! The engine against Apache Velocity 1.7: `velocity17.json` holds templates with what that engine, run on Java 17, made of them.
//!
//! Where this engine knowingly differs is said in the crate's documentation; such templates are not in the file.

use value::Value;
use velocity::{Context, Host, HostError, Limits, MapRef, Options, Template, Val};

/// `$util.qr(..)` and `$util.quiet(..)`, which print nothing.
struct Util;

impl Host for Util {
    fn type_name(&self) -> &str {
        "Util"
    }

    fn call(&self, method: &str, args: &[Val]) -> Result<Option<Val>, HostError> {
        Ok((matches!(method, "qr" | "quiet") && args.len() == 1).then(|| Val::from("")))
    }
}

/// Compares the cases of a file; where a method failed, its message, too.
fn check(name: &str, text: &[u8], least: usize) {
    let file = Value::parse(text).expect("the file is JSON");
    let cases = file.at(&["cases"]).as_list().expect("the file has cases");
    assert!(cases.len() >= least, "{name} has lost cases");
    let mut failures = Vec::new();
    for case in cases {
        let source = case.at(&["template"]).as_str().expect("a case has a template");
        let expected = case.at(&["output"]).as_str();
        assert_eq!(expected.is_none(), case.at(&["fails"]).as_bool() == Some(true));
        let outcome = match Template::parse(source, &Options::default()) {
            Err(errors) => Err(errors[0].to_string()),
            Ok(template) => {
                let arguments = Val::from(file.at(&["arguments"]));
                let ctx: MapRef = [("args", arguments), ("stash", Val::empty_map())].into_iter().collect();
                let mut context = Context::new();
                context.set("ctx", ctx);
                context.set("x", "X");
                context.set("util", Val::Host(std::rc::Rc::new(Util)));
                let result = template.evaluate(&mut context, &Limits::default());
                result
                    .map(|outcome| outcome.text)
                    .map_err(|error| format!("{} at velocity[line {}, column {}]", error.message, error.line, error.column))
            }
        };
        let message = case.at(&["message"]).as_str();
        let same = match (&outcome, expected) {
            (Ok(text), Some(expected)) => text == expected,
            (Err(own), None) => match message {
                // What is wrong with a pattern is said in other words than Java's.
                Some(message) if message.contains("PatternSyntaxException") || message.contains("Illegal group") => {
                    message.split_once("Exception: ").is_some_and(|(before, _)| own.starts_with(before))
                }
                Some(message) if message.starts_with("Invocation") || message.starts_with("E") && !message.starts_with("Enc") => {
                    own == message
                }
                _ => true,
            },
            _ => false,
        };
        if !same {
            let expected = expected.or(message);
            failures.push(format!("{source:?}\n  expected {expected:?}\n  got      {outcome:?}"));
        }
    }
    assert!(failures.is_empty(), "{name}: {} of {} differ:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

#[test]
fn templates_give_what_velocity_gives() {
    check("velocity17.json", include_bytes!("velocity17.json"), 400);
}

#[test]
fn methods_give_what_java_gives() {
    check("methods17.json", include_bytes!("methods17.json"), 600);
}
