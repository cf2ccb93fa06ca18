//! Velocity templates as AppSync runs them: `$ctx`, `$util`, `$extensions`, `$runtime` around the template engine.
//!
//! The utilities themselves are in `appsync-utils`; only those that must not copy their arguments (`qr`, `defaultIfNull` and
//! its kind, which give the very list or map they were given) are answered here.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use appsync_utils::{Failure, Languages, Session, Utility};
use value::{Object, Str, Value};
use velocity::{Context, EvaluateError, Host, HostError, Limits, Options, Template, Val};

use super::evaluate::{Attempt, Evaluation, Fault, OutOfTime, TOO_LARGE};
use super::{EvaluationLimits, Step};

/// The switches of AppSync's templates: Velocity 1.7, where `#set` to null makes a variable null and `null` may be written.
pub(super) fn options() -> Options {
    Options { null_assignment: true, null_literal: true, ..Options::default() }
}

/// Evaluates one template with `ctx` made of `members`.
pub(super) fn evaluate(
    template: &Template,
    step: Step,
    members: &Object,
    session: Session,
    bounds: &EvaluationLimits,
    budget: Duration,
) -> Attempt {
    let session = Rc::new(RefCell::new(session));
    let ctx = Members::new(members.clone(), &[]);
    let mut context = Context::new();
    context.set("ctx", Val::Host(Rc::clone(&ctx) as Rc<dyn Host>));
    context.set("context", Val::Host(Rc::clone(&ctx) as Rc<dyn Host>));
    let host = |namespace: &'static Namespace, language_name: &'static str| {
        Val::Host(Rc::new(Utilities { namespace, session: Rc::clone(&session), name: language_name }))
    };
    let util = host(&UTIL, "util");
    context.set("util", util.clone());
    context.set("utils", util);
    context.set("extensions", host(&EXTENSIONS, "extensions"));
    context.set("runtime", host(&RUNTIME, "runtime"));
    let limits = Limits {
        max_iterations: bounds.loop_iterations,
        max_output: bounds.result_bytes,
        deadline: Some(Instant::now() + budget),
        ..Limits::default()
    };
    let outcome = template.evaluate(&mut context, &limits);
    let result = match outcome {
        Ok(outcome) => match outcome.returned {
            Some(value) => returned(&value, step, bounds),
            None => rendered(&outcome.text, step),
        },
        Err(error) if error.is_out_of_time() => return Err(OutOfTime),
        Err(error) => Err(fault(error)),
    };
    // The stash is read back even after an early return; a template that failed loses what it changed.
    let keeps = matches!(result, Ok(_) | Err(Fault::Failure(Failure::EarlyReturn { .. })));
    let stash = if keeps { ctx.plain("stash") } else { None };
    drop(context);
    let effects = std::mem::take(&mut session.borrow_mut().effects);
    Ok(Evaluation { result, stash, effects })
}

/// `#return(value)` in a request template skips the data source; in a response template it is the result.
fn returned(value: &Val, step: Step, bounds: &EvaluationLimits) -> Result<Value, Fault> {
    let value = value.to_value().map_err(|error| Fault::Code { message: format!("#return: {error}") })?;
    if value.to_json().len() > bounds.result_bytes {
        let message = format!("{TOO_LARGE}: #return gives more than {} bytes (limit evaluation_result)", bounds.result_bytes);
        return Err(Fault::Code { message });
    }
    match step {
        Step::Request => Err(Fault::Failure(Failure::EarlyReturn { value, skip_to: None })),
        Step::Response => Ok(value),
    }
}

/// The text of a template as JSON.
fn rendered(text: &str, step: Step) -> Result<Value, Fault> {
    if text.trim().is_empty() {
        return match step {
            Step::Request => Err(Fault::Code { message: "Template transformation yielded an empty response.".to_owned() }),
            Step::Response => Ok(Value::Null),
        };
    }
    Value::parse(text.as_bytes()).map_err(|error| {
        let reason = error.to_string();
        let shown: String = text.trim().chars().take(200).collect();
        // AppSync's own sentences, as public reports quote them.
        let message = match step {
            _ if reason.starts_with("trailing characters") => {
                "Trailing characters at the end of the JSON string are not allowed.".to_owned()
            }
            Step::Request => format!("Unable to parse the JSON document: '{reason}'. The template gave: {shown}"),
            Step::Response => format!("Unable to convert {shown} to Object."),
        };
        Fault::Code { message }
    })
}

fn fault(error: EvaluateError) -> Fault {
    let place = format!(" (line {}, column {})", error.line, error.column);
    match error.host.and_then(|host| host.downcast::<Failure>().ok()) {
        Some(failure) => Fault::Failure(*failure),
        // The engine knows its own name for the limit only.
        None if error.message.ends_with("max_output)") => {
            let message =
                error.message.replace("max_string or max_output", "max_output").replace("max_output", "evaluation_result");
            Fault::Code { message: format!("{TOO_LARGE}: {message}{place}") }
        }
        None => Fault::Code { message: format!("{}{place}", error.message) },
    }
}

/// `$ctx` or `$ctx.info`: an object whose members become template values when a template first looks at them. Most templates
/// read two or three of `$ctx`'s eleven.
struct Members {
    object: Object,
    /// What was looked at, by place in `object`.
    seen: RefCell<Vec<Option<Val>>>,
    /// What a template set or put.
    added: RefCell<Vec<(Str, Val)>>,
    /// Members that can be read, but are left out where the whole is printed or passed on.
    hidden: &'static [&'static str],
}

/// Left out of `$util.toJson($ctx)` (developer guide, "Context reference", info).
const SELECTION_SETS: &[&str] = &["selectionSetList", "selectionSetGraphQL"];

impl Members {
    fn new(object: Object, hidden: &'static [&'static str]) -> Rc<Self> {
        let seen = RefCell::new(vec![None; object.len()]);
        Rc::new(Self { object, seen, added: RefCell::default(), hidden })
    }

    fn member(&self, name: &str) -> Option<Val> {
        if let Some((_, value)) = self.added.borrow().iter().find(|(known, _)| **known == *name) {
            return Some(value.clone());
        }
        let at = self.object.position(if name == "args" { "arguments" } else { name })?;
        let mut seen = self.seen.borrow_mut();
        let slot = seen.get_mut(at)?;
        if slot.is_none() {
            let value = self.object.values().nth(at)?;
            *slot = Some(match value {
                Value::Object(info) if name == "info" => Val::Host(Members::new((**info).clone(), SELECTION_SETS)),
                value => Val::from(value),
            });
        }
        slot.clone()
    }

    fn put(&self, name: &str, value: Val) {
        let mut added = self.added.borrow_mut();
        match added.iter_mut().find(|(known, _)| **known == *name) {
            Some((_, place)) => *place = value,
            None => added.push((name.into(), value)),
        }
    }

    fn names(&self) -> Vec<Str> {
        let mut names: Vec<Str> = self.object.keys().cloned().collect();
        for (name, _) in self.added.borrow().iter() {
            if !names.contains(name) {
                names.push(Arc::clone(name));
            }
        }
        names
    }

    /// A member as a plain value: as it came, if no template looked at it.
    fn plain(&self, name: &str) -> Option<Value> {
        let untouched = self.object.position(name).filter(|at| self.seen.borrow().get(*at).is_some_and(Option::is_none));
        match untouched {
            Some(_) if !self.added.borrow().iter().any(|(known, _)| **known == *name) && name != "info" => {
                self.object.get(name).cloned()
            }
            _ => self.member(name)?.to_value().ok(),
        }
    }
}

impl Host for Members {
    fn type_name(&self) -> &'static str {
        "Map"
    }

    fn get(&self, name: &str) -> Option<Val> {
        self.member(name)
    }

    fn set(&self, name: &str, value: Val) -> Result<bool, HostError> {
        self.put(name, value);
        Ok(true)
    }

    fn call(&self, method: &str, args: &[Val]) -> Result<Option<Val>, HostError> {
        Ok(match (method, args) {
            ("get", [key]) => Some(key.as_str().and_then(|key| self.member(key)).unwrap_or(Val::Null)),
            ("put", [key, value]) => match key.as_str() {
                Some(key) => {
                    let former = self.member(key).unwrap_or(Val::Null);
                    self.put(key, value.clone());
                    Some(former)
                }
                None => None,
            },
            ("containsKey", [key]) => Some(Val::Bool(key.as_str().is_some_and(|key| self.member(key).is_some()))),
            ("keySet", []) => Some(Val::from(self.names().into_iter().map(Val::from).collect::<Vec<_>>())),
            ("size", []) => i32::try_from(self.names().len()).ok().map(Val::Int),
            ("isEmpty", []) => Some(Val::Bool(self.names().is_empty())),
            _ => None,
        })
    }

    fn to_text(&self, out: &mut String) {
        out.push_str(&self.to_value().unwrap_or_default().to_json());
    }

    fn to_value(&self) -> Option<Value> {
        let names = self.names().into_iter().filter(|name| !self.hidden.contains(&&**name));
        let members: Option<Object> = names.map(|name| self.plain(&name).map(|value| (name, value))).collect();
        members.map(Value::from)
    }
}

/// The utilities below a dotted name.
#[derive(Default)]
struct Namespace {
    functions: HashMap<&'static str, &'static Utility>,
    children: HashMap<&'static str, Namespace>,
}

impl Namespace {
    fn of(table: &'static [Utility]) -> Self {
        let mut root = Self::default();
        for utility in table.iter().filter(|utility| utility.languages != Languages::Js) {
            let mut at = &mut root;
            let mut name = utility.name;
            while let Some((first, rest)) = name.split_once('.') {
                at = at.children.entry(first).or_default();
                name = rest;
            }
            at.functions.insert(name, utility);
        }
        root
    }
}

static UTIL: LazyLock<Namespace> = LazyLock::new(|| Namespace::of(appsync_utils::utilities()));
static EXTENSIONS: LazyLock<Namespace> = LazyLock::new(|| Namespace::of(appsync_utils::extensions()));
static RUNTIME: LazyLock<Namespace> = LazyLock::new(|| Namespace::of(appsync_utils::runtime()));

/// `$util`, or one of its namespaces.
struct Utilities {
    namespace: &'static Namespace,
    session: Rc<RefCell<Session>>,
    name: &'static str,
}

impl Host for Utilities {
    fn type_name(&self) -> &str {
        self.name
    }

    fn get(&self, name: &str) -> Option<Val> {
        let (name, namespace) = self.namespace.children.get_key_value(name)?;
        Some(Val::Host(Rc::new(Utilities { namespace, session: Rc::clone(&self.session), name })))
    }

    fn call(&self, method: &str, args: &[Val]) -> Result<Option<Val>, HostError> {
        if std::ptr::eq(self.namespace, &raw const *UTIL)
            && let Some(value) = by_reference(method, args)
        {
            return Ok(Some(value));
        }
        let Some(utility) = self.namespace.functions.get(method) else { return Ok(None) };
        let mut values = Vec::with_capacity(args.len());
        for argument in args {
            values.push(argument.to_value().map_err(|error| {
                HostError::new(Failure::Invalid { utility: utility.name, message: format!("${}.{method}: {error}", self.name) })
            })?);
        }
        let result = (utility.call)(&mut self.session.borrow_mut(), &values).map_err(HostError::new)?;
        // A utility called for what it does prints nothing.
        let silent =
            matches!(method, "appendError" | "addResponseHeader" | "addResponseHeaders" | "validate") || self.name == "log";
        Ok(Some(if silent || self.name == "extensions" { Val::from("") } else { Val::from(result) }))
    }
}

/// The utilities that hand on what they are given, without copying it.
fn by_reference(method: &str, args: &[Val]) -> Option<Val> {
    let choose = |empty: bool| args.get(usize::from(empty)).cloned();
    let first = args.first();
    let is_null = first.is_none_or(Val::is_null);
    let is_empty = || match first {
        Some(Val::Str(text)) => text.is_empty(),
        Some(Val::List(list)) => list.is_empty(),
        Some(Val::Map(map)) => map.is_empty(),
        _ => is_null,
    };
    match (method, args.len()) {
        ("qr" | "quiet", _) => Some(Val::from("")),
        ("isNull", 1) => Some(Val::Bool(is_null)),
        ("defaultIfNull", 2) => choose(is_null),
        ("defaultIfNullOrEmpty", 2) => choose(is_empty()),
        ("defaultIfNullOrBlank", 2) => match first {
            Some(Val::Str(text)) => choose(text.trim().is_empty()),
            _ => choose(is_empty()),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    fn run(template: &str, step: Step, members: &Value) -> (Result<Value, String>, Value) {
        let template = Template::parse(template, &options()).expect("a template");
        let members = members.as_object().expect("an object");
        let bounds = EvaluationLimits { result_bytes: 5_000, loop_iterations: 1_000 };
        match evaluate(&template, step, members, Session::system(Value::Null), &bounds, Duration::from_secs(1)) {
            Ok(evaluation) => {
                let result = evaluation.result.map_err(|fault| match fault {
                    Fault::Failure(failure) => format!("{failure:?}"),
                    Fault::Code { message } => message,
                    Fault::Deadline => "late".to_owned(),
                });
                (result, evaluation.stash.unwrap_or_default())
            }
            Err(OutOfTime) => (Err("out of time".to_owned()), Value::Null),
        }
    }

    fn members() -> Value {
        value!({
            "arguments": {"id": "7", "tags": ["a"]},
            "stash": {},
            "result": {"items": [1, 2]},
            "info": {"fieldName": "f", "selectionSetList": ["id"], "selectionSetGraphQL": "{ id }"}
        })
    }

    #[test]
    fn templates_see_ctx_and_util() {
        let check = |template: &str, expected: Value| {
            assert_eq!(run(template, Step::Response, &members()).0, Ok(expected), "{template}");
        };
        check("$util.toJson($ctx.args.id)", value!("7"));
        check("$utils.toJson($context.arguments)", value!({"id": "7", "tags": ["a"]}));
        check("$util.toJson($util.defaultIfNull($ctx.args.none, \"x\"))", value!("x"));
        check("#set($m = {})$util.qr($m.put(\"a\", $ctx.result.items[1]))$util.toJson($m)", value!({"a": 2}));
        check("#return($ctx.result)", value!({"items": [1, 2]}));
        check("$util.toJson($ctx.info.selectionSetList)", value!(["id"]));
        check("#set($n = null)#if($n == null && !$util.isNull($ctx.args.id) && $ctx.args.none == null)true#{end}", value!(true));
        let whole = value!({
            "arguments": {"id": "7", "tags": ["a"]}, "stash": {}, "result": {"items": [1, 2]}, "info": {"fieldName": "f"}
        });
        check("$util.toJson($ctx)", whole);
        let own = "#set($ctx.own = $ctx.args.id)$util.qr($ctx.put('other', 1))$util.toJson([$ctx.own, $ctx.other, $ctx.size()])";
        check(own, value!(["7", 1, 6]));
        check("$util.toJson($ctx.info)", value!({"fieldName": "f"}));
        check("$util.dynamodb.toDynamoDBJson($ctx.args.id)", value!({"S": "7"}));
        check(
            "#set($t = $util.defaultIfNull($ctx.args.tags, []))$util.qr($t.add(\"b\"))$util.toJson($ctx.args.tags)",
            value!(["a", "b"]),
        );
    }

    #[test]
    fn the_stash_outlives_the_template() {
        let (result, stash) =
            run("$util.qr($ctx.stash.put(\"k\", $ctx.args.tags)){\"version\":\"2018-05-29\"}", Step::Request, &members());
        assert_eq!(result, Ok(value!({"version": "2018-05-29"})));
        assert_eq!(stash, value!({"k": ["a"]}));
    }

    #[test]
    fn failures_come_out_as_what_they_are() {
        let check = |template: &str, step: Step, expected: &str| {
            let error = run(template, step, &members()).0.expect_err(template);
            assert!(error.contains(expected), "{template}: {error}");
        };
        check("$util.error(\"no\", \"Bad\")", Step::Request, "Raised(Raised { message: \"no\", error_type: Some(\"Bad\")");
        check("$util.unauthorized()", Step::Request, "Unauthorized");
        check("#return({\"a\": 1})", Step::Request, "EarlyReturn");
        check("hello", Step::Response, "Unable to convert hello to Object.");
        check("hello", Step::Request, "Unable to parse the JSON document");
        check("{} {}", Step::Request, "Trailing characters at the end of the JSON string are not allowed.");
        check("  ", Step::Request, "Template transformation yielded an empty response.");
        check("#foreach($i in [1..2000])$i#end", Step::Response, "1000");
        let too_large = "Transformation too large: ";
        check("#foreach($i in [1..1000])0123456789#end", Step::Response, too_large);
        check("#set($t = [])#foreach($i in [1..1000])$util.qr($t.add(\"0123456789\"))#end#return($t)", Step::Response, too_large);
    }
}
