//! The examples of `docs/reference/utilities.md`, run: expressions by the JavaScript runtime, templates by the template engine with
//! `$util`, `$extensions` and `$runtime` bound to the utilities.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use appsync_js::{CompileOptions, Entry, Handler, compile};
use appsync_utils::{Clock, Effects, Example, Failure, IdSource, Languages, Session, SkipTo, Utility, reference};
use value::{Object, Value, value};
use velocity::{Context, Host, HostError, Options, Template, Val};

/// 2018-02-06T19:01:35.750Z.
struct FixedClock;

impl Clock for FixedClock {
    fn now_ms(&self) -> i64 {
        1_517_943_695_750
    }
}

/// The same bytes again and again.
struct FixedIds;

impl IdSource for FixedIds {
    fn fill(&self, bytes: &mut [u8]) {
        let pattern = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
        bytes.iter_mut().zip(pattern.into_iter().cycle()).for_each(|(byte, next)| *byte = next);
    }
}

fn session() -> Session {
    Session::new(Arc::new(FixedClock), Arc::new(FixedIds), Value::Null)
}

/// What an evaluation caused besides its result, as JSON; empty for nothing.
fn caused(effects: &Effects) -> String {
    let mut out = Object::new();
    let errors: Vec<Value> = effects
        .errors
        .iter()
        .map(|error| value!({"message": (error.message.clone()), "errorType": (error.error_type.clone().map_or(Value::Null, Value::from))}))
        .collect();
    let headers: Object = effects.response_headers.iter().map(|(name, value)| (name.clone(), Value::from(value))).collect();
    let list = |items: Vec<Value>| if items.is_empty() { Value::Null } else { Value::from(items) };
    let members = [
        ("errors", list(errors)),
        ("log", list(effects.logs.iter().map(|line| format!("{:?}: {}", line.level, line.message).into()).collect())),
        ("headers", if headers.is_empty() { Value::Null } else { headers.into() }),
        ("headerErrors", list(effects.header_faults.iter().map(|fault| Value::from(&**fault)).collect())),
        ("subscriptionFilter", effects.subscription_filter.clone().unwrap_or_default()),
        ("invalidationFilter", effects.invalidation_filter.clone().unwrap_or_default()),
        ("invalidations", list(effects.invalidations.clone())),
        ("evictions", list(effects.evictions.clone())),
    ];
    for (name, value) in members {
        if !value.is_null() {
            out.insert(name, value);
        }
    }
    if out.is_empty() { String::new() } else { format!(" with {}", Value::from(out).to_json()) }
}

fn failed(failure: &Failure) -> String {
    match failure {
        Failure::EarlyReturn { value, skip_to } => returned(value, *skip_to),
        other => format!("!{other}"),
    }
}

/// A value that a handler returned early.
fn returned(value: &Value, skip_to: Option<SkipTo>) -> String {
    let place = match skip_to {
        Some(SkipTo::End) => value!("END"),
        Some(SkipTo::Next) => value!("NEXT"),
        None => Value::Null,
    };
    format!("{} with {}", value.to_json(), value!({"skipTo": place}).to_json())
}

fn run_js(code: &str) -> String {
    let text = format!(
        "import {{ util, extensions, runtime }} from '@aws-appsync/utils'\n\
         import * as ddb from '@aws-appsync/utils/dynamodb'\n\
         import * as rds from '@aws-appsync/utils/rds'\n\
         import * as ai from '@aws-appsync/utils/ai'\n\
         export function request(ctx) {{ return {code} }}"
    );
    let compiled = compile(Entry { path: "code.js", text: &text }, &|_| None, &CompileOptions::default());
    let Some(module) = compiled.module else { return format!("!{:?}", compiled.findings) };
    let mut session = session();
    let limits = appsync_js::Limits { deadline: Duration::from_secs(10), ..appsync_js::Limits::default() };
    match module.evaluate(Handler::Request, &Object::new(), &mut session, &limits) {
        Ok(evaluation) => evaluation.value.to_json() + &caused(&session.effects),
        Err(appsync_js::Fault::Failure(failure)) => failed(&failure),
        Err(appsync_js::Fault::EarlyReturn { value, skip_to, .. }) => returned(&value, skip_to),
        // The place is that of this test's code.
        Err(fault) => {
            let message = fault.to_string();
            let plain = message.strip_prefix("code.js:").and_then(|rest| Some(rest.split_once(": ")?.1));
            format!("!{}", plain.unwrap_or(&message))
        }
    }
}

/// `$util` and its like: the members of a table below a path.
struct Bound {
    table: &'static [Utility],
    path: String,
    session: Rc<RefCell<Session>>,
}

impl Bound {
    fn named(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

impl Host for Bound {
    fn type_name(&self) -> &str {
        "util"
    }

    fn get(&self, name: &str) -> Option<Val> {
        let path = self.named(name);
        let within = format!("{path}.");
        let known = self.table.iter().any(|utility| utility.name.starts_with(&within));
        known.then(|| Val::Host(Rc::new(Bound { table: self.table, path, session: Rc::clone(&self.session) })))
    }

    fn call(&self, method: &str, arguments: &[Val]) -> Result<Option<Val>, HostError> {
        let name = self.named(method);
        let Some(utility) = self.table.iter().find(|utility| utility.name == name && utility.languages != Languages::Js) else {
            return Ok(None);
        };
        let values: Vec<Value> = arguments.iter().map(|argument| argument.to_value().expect("a plain value")).collect();
        let result = (utility.call)(&mut self.session.borrow_mut(), &values).map_err(HostError::new)?;
        Ok(Some(if result.is_null() { Val::from("") } else { Val::from(result) }))
    }
}

fn run_vtl(template: &str) -> String {
    let options = Options { null_assignment: true, null_literal: true, ..Options::default() };
    let template = match Template::parse(template, &options) {
        Ok(template) => template,
        Err(faults) => return format!("!{faults:?}"),
    };
    let session = Rc::new(RefCell::new(session()));
    let mut context = Context::new();
    for (name, table) in
        [("util", appsync_utils::utilities()), ("extensions", appsync_utils::extensions()), ("runtime", appsync_utils::runtime())]
    {
        context.set(name, Val::Host(Rc::new(Bound { table, path: String::new(), session: Rc::clone(&session) })));
    }
    context.set("ctx", Val::from(value!({"args": {}})));
    match template.evaluate(&mut context, &velocity::Limits::default()) {
        Ok(outcome) => outcome.text + &caused(&session.borrow().effects),
        Err(error) => {
            let failure = error.host.as_ref().and_then(|error| error.downcast_ref::<Failure>());
            failure.map_or_else(|| format!("!{error}"), failed)
        }
    }
}

fn run(example: &Example) -> String {
    if example.language == Languages::Js { run_js(example.code) } else { run_vtl(example.code) }
}

#[test]
fn the_examples_of_the_reference_give_what_it_says() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for example in reference().iter().flat_map(|section| &section.entries).flat_map(|entry| &entry.examples) {
        count += 1;
        let found = run(example);
        if found != example.result {
            wrong.push(format!("{} => {found}\n    instead of {}", example.code, example.result));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} examples:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 190, "only {count} examples were run");
}
