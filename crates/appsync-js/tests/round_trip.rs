//! The law of the border: what code hands on untouched comes out as it went in.

use appsync_js::{CompileOptions, Entry, Handler, Limits, Module, compile};
use appsync_utils::Session;
use proptest::prelude::*;
use value::{MAX_DEPTH, Number, Object, Value};

fn handing_on() -> Module {
    let text = "export function request(ctx) { return ctx.args.v }";
    compile(Entry { path: "code.js", text }, &|_| None, &CompileOptions::default()).module.expect("compiles")
}

fn handed_on(module: &Module, value: Value) -> Result<Value, String> {
    let mut arguments = Object::new();
    arguments.insert("v", value);
    let mut context = Object::new();
    context.insert("arguments", arguments);
    let limits = Limits { deadline: std::time::Duration::from_secs(10), ..Limits::default() };
    let outcome = module.evaluate(Handler::Request, &context, &mut Session::system(Value::Null), &limits);
    outcome.map(|evaluation| evaluation.value).map_err(|fault| fault.to_string())
}

/// Any value whose keys are no array indexes: JavaScript puts those first.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        // Doubles as JavaScript prints them; whole ones come back as integers.
        (-1.0e15..1.0e15f64).prop_map(|number| Number::from_js(number).map_or(Value::Null, Value::Number)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        let key = prop_oneof![
            "[a-zA-Z_$][a-zA-Z0-9_$]{0,8}",
            Just("__proto__".to_owned()),
            Just("constructor".to_owned()),
            Just("toString".to_owned()),
            Just("é 😀".to_owned()),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..30).prop_map(|members| {
                let mut object = Object::new();
                for (key, value) in members {
                    object.insert(key, value);
                }
                Value::from(object)
            }),
        ]
    })
}

proptest! {
    #[test]
    fn values_come_out_as_they_went_in(value in any_value()) {
        prop_assert_eq!(handed_on(&handing_on(), value.clone()), Ok(value));
    }
}

#[test]
fn nesting_is_bounded_both_ways() {
    let nested = |depth: usize| (0..depth).fold(Value::from(1), |inner, _| Value::from(vec![inner]));
    let module = handing_on();
    // What stands around a value on its way in does not count on its way out.
    let deepest = nested(MAX_DEPTH);
    assert_eq!(handed_on(&module, deepest.clone()), Ok(deepest));
    let refused = handed_on(&module, nested(MAX_DEPTH + 1)).expect_err("too deep");
    assert!(refused.contains("nested deeper than 200 levels"), "{refused}");
}
