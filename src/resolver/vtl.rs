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
use velocity::{
    Context, EvaluateError, Host, HostError, Key, Limits, MapRef, MemberKind, Options, Outcome, ReferenceUse, Template,
    Truthiness, Val,
};

use super::evaluate::{Attempt, CodePlace, Evaluation, Fault, FaultDetail, OutOfTime, TOO_LARGE};
use super::rendered::{self, NotJson};
use super::{EvaluationLimits, Step};
use crate::definition::VelocityVersion;
use crate::diagnostic::{Diagnostic, Source, closest};

/// The switches of AppSync's templates: Velocity 1.7, where `#set` to null makes a variable null and `null` may be written.
pub(super) fn options(version: VelocityVersion) -> Options {
    let truthiness = match version {
        VelocityVersion::V1 => Truthiness::NotNull,
        VelocityVersion::V2 => Truthiness::NotEmpty,
    };
    Options { null_assignment: true, null_literal: true, truthiness, ..Options::default() }
}

/// What a template gave, before anybody asks whether it is fit for a step.
pub(super) struct Rendering {
    pub(super) outcome: Result<Outcome, EvaluateError>,
    /// `ctx.stash` afterwards.
    pub(super) stash: Option<Value>,
    pub(super) effects: appsync_utils::Effects,
}

/// Renders one template with `ctx` made of `members`; with `as_json`, a text that would be the JSON of one value may be left out
/// for that value.
pub(super) fn render(
    template: &Template,
    members: &Object,
    session: Session,
    bounds: &EvaluationLimits,
    budget: Duration,
    as_json: bool,
) -> Rendering {
    let (mut context, ctx, session) = variables(members, session);
    let limits = Limits {
        max_iterations: bounds.loop_iterations,
        max_output: bounds.result_bytes,
        deadline: Some(Instant::now() + budget),
        ..Limits::default()
    };
    let outcome = if as_json { template.evaluate_json(&mut context, &limits) } else { template.evaluate(&mut context, &limits) };
    let stash = ctx.plain("stash");
    drop(context);
    let effects = std::mem::take(&mut session.borrow_mut().effects);
    Rendering { outcome, stash, effects }
}

/// Evaluates one template for a step.
pub(super) fn evaluate(
    template: &Template,
    step: Step,
    members: &Object,
    session: Session,
    bounds: &EvaluationLimits,
    budget: Duration,
) -> Attempt {
    let Rendering { outcome, stash, effects } = render(template, members, session, bounds, budget, true);
    let result = match outcome {
        Ok(outcome) => judged(template, &outcome, step, bounds),
        Err(error) if error.is_out_of_time() => return Err(OutOfTime),
        Err(error) => Err(failed(template, error)),
    };
    let (result, detail) = match result {
        Ok(value) => (Ok(value), None),
        Err((fault, detail)) => (Err(fault), detail),
    };
    // The stash is read back even after an early return; a template that failed loses what it changed.
    let keeps = matches!(result, Ok(_) | Err(Fault::Failure(Failure::EarlyReturn { .. })));
    Ok(Evaluation { result, stash: stash.filter(|_| keeps), effects, detail })
}

/// A fault, with what is known of it.
pub(super) type Explained = (Fault, Option<Box<FaultDetail>>);

/// What a template that came to its end is worth to a step.
pub(super) fn judged(template: &Template, outcome: &Outcome, step: Step, bounds: &EvaluationLimits) -> Result<Value, Explained> {
    match &outcome.returned {
        Some(value) => returned(value, step, bounds).map_err(|fault| (fault, None)),
        None => outcome.json.clone().map_or_else(|| rendered::read(&outcome.text, step), Ok).map_err(|error| {
            let detail = Box::new(not_json(template, outcome, &error));
            (Fault::Code { message: error.message }, Some(detail))
        }),
    }
}

/// Why a template did not come to its end.
pub(super) fn failed(template: &Template, error: EvaluateError) -> Explained {
    let place = Some(CodePlace::of(template.source(), error.line, error.column));
    let null_reference = error.null_reference.clone();
    let fault = fault(error);
    // An error that a template raises by itself has no such cause.
    let null_reference = null_reference.filter(|_| matches!(fault, Fault::Code { .. }));
    (fault, Some(Box::new(FaultDetail { place, null_reference, ..FaultDetail::default() })))
}

/// The variables that AppSync gives a template, with the two that are looked at afterwards.
fn variables(members: &Object, session: Session) -> (Context, Rc<Members>, Rc<RefCell<Session>>) {
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
    (context, ctx, session)
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

/// What is known of a rendered text that is no JSON: where it is wrong, and what in the template wrote that.
fn not_json(template: &Template, outcome: &Outcome, error: &NotJson) -> FaultDetail {
    let (line, column) = velocity::line_and_column(&outcome.text, error.offset);
    let origin = outcome.origin(template, error.offset);
    let null_reference = origin.as_ref().filter(|origin| origin.is_null).and_then(|origin| template.reference_at(origin.at));
    FaultDetail {
        file: None,
        place: origin.map(|origin| CodePlace::of(template.source(), origin.line, origin.column)),
        rendered: Some(CodePlace::of(&outcome.text, line, column)),
        null_reference: null_reference.map(str::to_owned),
        explanation: Some(error.explanation.clone()),
    }
}

fn fault(error: EvaluateError) -> Fault {
    // As AppSync's own messages end, for which every template is called `velocity`.
    let place = format!(" at velocity[line {}, column {}]", error.line, error.column);
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
            _ => None,
        })
    }

    fn as_map(&self) -> Option<MapRef> {
        Some(self.names().into_iter().filter_map(|name| Some((Key::Text(Str::clone(&name)), self.member(&name)?))).collect())
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

impl Utilities {
    /// An argument as a plain value.
    fn plain(&self, argument: &Val, utility: &'static str) -> Result<Value, HostError> {
        argument.to_value().map_err(|error| {
            let method = utility.rsplit('.').next().unwrap_or(utility);
            HostError::new(Failure::Invalid { utility, message: format!("${}.{method}: {error}", self.name) })
        })
    }
}

impl Host for Utilities {
    fn type_name(&self) -> &str {
        self.name
    }

    fn get(&self, name: &str) -> Option<Val> {
        let (name, namespace) = self.namespace.children.get_key_value(name)?;
        Some(Val::Host(Rc::new(Utilities { namespace, session: Rc::clone(&self.session), name })))
    }

    fn take_work(&self) -> u64 {
        self.session.borrow_mut().take_work()
    }

    fn json(&self, method: &str, args: &[Val]) -> Option<Result<Value, HostError>> {
        match args {
            [value] if method == "toJson" && std::ptr::eq(self.namespace, &raw const *UTIL) => Some(self.plain(value, "toJson")),
            _ => None,
        }
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
            values.push(self.plain(argument, utility.name)?);
        }
        let result = (utility.call)(&mut self.session.borrow_mut(), &values).map_err(HostError::new)?;
        // A utility called for what it does prints nothing.
        let silent =
            matches!(method, "appendError" | "addResponseHeader" | "addResponseHeaders" | "validate") || self.name == "log";
        Ok(Some(if silent || self.name == "extensions" { Val::from("") } else { Val::from(result) }))
    }
}

/// What `$util` has besides its table: it is answered here.
const BY_REFERENCE: &[&str] = &["qr", "quiet", "isNull", "defaultIfNull", "defaultIfNullOrEmpty", "defaultIfNullOrBlank"];

/// Members of `$util`, `$extensions` and `$runtime` that do not exist, each with the name that was probably meant. Velocity would
/// print such a reference as it stands, which is hardly ever what anybody wants.
pub(super) fn unknown_members(template: &Template, source: &Arc<Source>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for reference in template.references() {
        let namespace: &'static Namespace = match &*reference.name {
            "util" | "utils" => &UTIL,
            "extensions" => &EXTENSIONS,
            "runtime" => &RUNTIME,
            _ => continue,
        };
        // A template may have a variable of its own by that name.
        if !reference.is_assigned {
            found.extend(unknown_member(namespace, &reference, source));
        }
    }
    found
}

fn unknown_member(root: &'static Namespace, reference: &ReferenceUse, source: &Arc<Source>) -> Option<Diagnostic> {
    let mut namespace = root;
    let mut path = format!("${}", reference.name);
    for member in &reference.members {
        let name = &*member.name;
        if member.kind == MemberKind::Property {
            if let Some(inner) = namespace.children.get(name) {
                path = format!("{path}.{name}");
                namespace = inner;
                continue;
            }
        } else if namespace.functions.contains_key(name) || (std::ptr::eq(namespace, root) && BY_REFERENCE.contains(&name)) {
            return None;
        }
        let functions = || {
            namespace
                .functions
                .keys()
                .chain(BY_REFERENCE.iter().filter(|_| std::ptr::eq(root, &raw const *UTIL) && std::ptr::eq(namespace, root)))
        };
        let (what, help) = if namespace.functions.contains_key(name) {
            (format!("{path}.{name} is a function and is not called"), Some(format!("write {path}.{name}(…)")))
        } else if namespace.children.contains_key(name) {
            (format!("{path}.{name} is no function"), None)
        } else {
            let nearest = closest(name, functions().copied().chain(namespace.children.keys().copied()));
            (format!("{path} has no member `{name}`"), nearest.map(|nearest| format!("did you mean {path}.{nearest}?")))
        };
        let help = help.unwrap_or_else(|| {
            let mut names: Vec<&str> = functions().copied().collect();
            names.sort_unstable();
            format!("{path} has {}", names.join(", "))
        });
        return Some(Diagnostic::error("unknown-utility", what).help(help).at(source, member.span.clone()));
    }
    None
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
        let template = Template::parse(template, &options(VelocityVersion::V1)).expect("a template");
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
        check(
            "[#foreach($e in $ctx.entrySet())\"$e.key\"#if($foreach.hasNext),#end#end]",
            value!(["arguments", "stash", "result", "info"]),
        );
        check("[$ctx.containsKey('args'), $ctx.keySet().size(), $ctx.info.getOrDefault('x', 5)]", value!([true, 4, 5]));
        check("#foreach($v in $ctx.values())#if($v.id)$util.qr($v.put(\"n\", 1))#end#end$util.toJson($ctx.args.n)", value!(1));
        check("$util.dynamodb.toDynamoDBJson($ctx.args.id)", value!({"S": "7"}));
        check(
            "#set($t = $util.defaultIfNull($ctx.args.tags, []))$util.qr($t.add(\"b\"))$util.toJson($ctx.args.tags)",
            value!(["a", "b"]),
        );
    }

    #[test]
    fn members_that_do_not_exist_are_found_at_load() {
        let check = |text: &str, expected: &[&str]| {
            let source = Arc::new(Source { path: "t.vtl".into(), text: text.into() });
            let template = Template::parse(text, &options(VelocityVersion::V1)).expect("a template");
            let shown = |found: &Diagnostic| {
                let place = found.place.as_ref().expect("a place");
                let (line, column) = place.source.line_column(place.span.start);
                format!("{line}:{column} {}; {}", found.message, found.help.as_deref().unwrap_or_default())
            };
            let found: Vec<String> = unknown_members(&template, &source).iter().map(shown).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("$util.toJson($ctx.args) $util.qr($x.y()) $utils.dynamodb.toDynamoDBJson(1) $util.time.nowISO8601()", &[]);
        check("$extensions.setSubscriptionFilter({}) $runtime.earlyReturn({}) $util.isNull($a.b)", &[]);
        check("#set($util = {})$util.anything", &[]);
        check("\n $util.tojson($x)", &["2:8 $util has no member `tojson`; did you mean $util.toJson?"]);
        check("#if($util.isNul($x))#end", &["1:11 $util has no member `isNul`; did you mean $util.isNull?"]);
        check(
            "$ctx.a.b($!{utils.dynamodb.toDynamoDBJsn(1)}) \"$util.time.nowIso8601()\"",
            &[
                "1:28 $utils.dynamodb has no member `toDynamoDBJsn`; did you mean $utils.dynamodb.toDynamoDBJson?",
                "1:59 $util.time has no member `nowIso8601`; did you mean $util.time.nowISO8601?",
            ],
        );
        check("#set($x = \"a $util.autoIdd()\")", &["1:20 $util has no member `autoIdd`; did you mean $util.autoId?"]);
        check("$util.dynamo.toX(1)", &["1:7 $util has no member `dynamo`; did you mean $util.dynamodb?"]);
        check("$util.autoId", &["1:7 $util.autoId is a function and is not called; write $util.autoId(…)"]);
    }

    #[test]
    fn the_stash_outlives_the_template() {
        let (result, stash) =
            run("$util.qr($ctx.stash.put(\"k\", $ctx.args.tags)){\"version\":\"2018-05-29\"}", Step::Request, &members());
        assert_eq!(result, Ok(value!({"version": "2018-05-29"})));
        assert_eq!(stash, value!({"k": ["a"]}));
    }

    /// What is known of the fault of a template, as text.
    fn detail(source: &str, step: Step) -> String {
        let template = Template::parse(source, &options(VelocityVersion::V1)).expect("a template");
        let members = members();
        let members = members.as_object().expect("an object");
        let bounds = EvaluationLimits { result_bytes: 5_000, loop_iterations: 1_000 };
        let evaluation = evaluate(&template, step, members, Session::system(Value::Null), &bounds, Duration::from_secs(1))
            .ok()
            .expect("in time");
        evaluation.detail.map(|detail| detail.to_string()).unwrap_or_default()
    }

    #[test]
    fn faults_tell_their_place_and_what_was_null() {
        let check = |template: &str, step: Step, expected: &str| assert_eq!(detail(template, step), expected, "{template}");
        check("{}", Step::Request, "");
        check("{\n  \"a\": $ctx.args.id.substring(9)\n}", Step::Request, "line 2, column 21:   \"a\": $ctx.args.id.substring(9)");
        check(
            "#set($x = 1)\n#if($ctx.args.id.contains($ctx.args.none))#end",
            Step::Request,
            "$ctx.args.none has no value; line 2, column 18: #if($ctx.args.id.contains($ctx.args.none))#end",
        );
        // The rendered text is no JSON: an unquoted string, a reference without value, a quiet one, a comma too many.
        let no_json = |at: &str| format!("The rendered text is no JSON: {at}");
        for (template, expected) in [
            (
                "#set($x = 1)\n{\n  \"a\": $ctx.args.none\n}",
                no_json(
                    "expected a JSON value at line 2 column 8; $ctx.args.none has no value; line 3, column 8:   \"a\": $ctx.args.none; in the rendered text line 2, column 8:   \"a\": $ctx.args.none",
                ),
            ),
            (
                "{\n#if(true)\n  \"b\": 1,\n  \"a\": $!ctx.args.none\n#end\n}",
                no_json(
                    "expected a JSON value at line 4 column 1; $!ctx.args.none has no value; line 4, column 8:   \"a\": $!ctx.args.none; in the rendered text line 4, column 1: }",
                ),
            ),
            (
                "## a comment\n{ \"a\": 1,\n  \"b\": 2,,\n}",
                no_json(
                    "expected a key in double quotes at line 2 column 10; line 3, column 10:   \"b\": 2,,; in the rendered text line 2, column 10:   \"b\": 2,,",
                ),
            ),
        ] {
            check(template, Step::Request, &expected);
        }
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

    /// A clock that stands still.
    struct Stopped(i64);

    impl appsync_utils::Clock for Stopped {
        fn now_ms(&self) -> i64 {
            self.0
        }
    }

    /// What a template renders with the context of a vector.
    fn rendering(source: &str, context: &Value, clock: Option<i64>) -> Result<String, String> {
        let template = Template::parse(source, &options(VelocityVersion::V1)).map_err(|errors| errors[0].to_string())?;
        let mut members = Object::new();
        for name in ["arguments", "source", "result", "identity", "request", "prev"] {
            members.insert(name, context.at(&[name]).clone());
        }
        members.insert("stash", context.get("stash").cloned().unwrap_or_else(|| Value::from(Object::new())));
        let identity = context.at(&["identity"]).clone();
        let session = match clock {
            Some(now) => Session::new(Arc::new(Stopped(now)), Arc::new(appsync_utils::SystemIds), identity),
            None => Session::system(identity),
        };
        let bounds = EvaluationLimits { result_bytes: 5 << 20, loop_iterations: 1_000 };
        let rendering = render(&template, &members, session, &bounds, Duration::from_secs(5), false);
        rendering.outcome.map(|outcome| outcome.text).map_err(|error| error.to_string())
    }

    /// Vectors that may differ, each with the evidence.
    const EXCEPTED: &[(&str, &str)] = &[];

    /// Runs the vectors of a file and prints how many agree. They lie beside the repository.
    #[expect(clippy::print_stdout, reason = "the counts are the report of this test")]
    fn check_vectors(name: &str, least: usize) {
        let path = format!("{}/../shared/vectors/vtl/{name}", env!("CARGO_MANIFEST_DIR"));
        let Ok(text) = std::fs::read_to_string(&path) else {
            assert!(std::env::var_os("SYNCGATE_VECTORS").is_none(), "{path} is missing");
            println!("{name}: not compared, the file is absent");
            return;
        };
        let (mut total, mut excepted, mut failures) = (0, 0, Vec::new());
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let vector = Value::parse(line.as_bytes()).expect("a vector is JSON");
            let (id, source) =
                (vector.at(&["id"]).as_str().expect("an id"), vector.at(&["template"]).as_str().expect("a template"));
            total += 1;
            let outcome = rendering(source, vector.at(&["context"]), vector.at(&["clock_ms"]).as_i64());
            let agrees = match (vector.get("expected_text"), vector.get("expected_json"), &outcome) {
                (Some(expected), _, Ok(text)) => expected.as_str() == Some(text),
                (None, Some(expected), Ok(text)) => Value::parse(text.as_bytes()).as_ref() == Ok(expected),
                (None, None, outcome) => vector.at(&["expected_error"]).as_bool() == Some(outcome.is_err()),
                _ => false,
            };
            match EXCEPTED.iter().find(|(known, _)| *known == id) {
                Some((_, evidence)) => {
                    assert!(!agrees, "{id} agrees and is excepted: {evidence}");
                    excepted += 1;
                }
                None if agrees => {}
                None => failures.push(format!("{id}: {source}\n  {vector:?}\n  got {outcome:?}")),
            }
        }
        println!(
            "{name}: {} passed, {} failed, {excepted} excepted, {total} in all",
            total - failures.len() - excepted,
            failures.len()
        );
        assert!(failures.is_empty(), "{}", failures.join("\n"));
        assert!(total >= least, "{name} has lost vectors");
    }

    #[test]
    fn the_developer_guides_examples_render_as_printed() {
        check_vectors("vtl_docs.jsonl", 66);
    }

    #[test]
    fn the_simulators_expectations_hold() {
        check_vectors("vtl_amplify_simulator.jsonl", 96);
    }
}
