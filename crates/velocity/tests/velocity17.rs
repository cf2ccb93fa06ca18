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

#[test]
fn templates_give_what_velocity_gives() {
    let file = Value::parse(include_bytes!("velocity17.json")).expect("the file is JSON");
    let cases = file.at(&["cases"]).as_list().expect("the file has cases");
    assert!(cases.len() > 400);
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
                result.map(|outcome| outcome.text).map_err(|error| error.to_string())
            }
        };
        if outcome.as_deref().ok() != expected {
            failures.push(format!("{source:?}\n  expected {expected:?}\n  got      {outcome:?}"));
        }
    }
    assert!(failures.is_empty(), "{} of {} differ:\n{}", failures.len(), cases.len(), failures.join("\n"));
}
