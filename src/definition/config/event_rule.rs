//! Reads `[[event_rule]]`.

use std::collections::HashSet;
use std::time::Duration;

use value::{MAX_DEPTH, Number, Object, Str, Value};

use super::authentication;
use super::data_source::url;
use super::node::{Kind, Node};
use super::table::{Report, Table};
use super::values::{Problem, within, wrong_type};
use crate::definition::{EventInput, EventRule, EventTarget, EventTargetKind, GraphqlTarget, RetryPolicy, RuleIdentity};
use crate::diagnostic::Diagnostic;

/// EventBridge quotas: targets of a rule.
const MOST_TARGETS: usize = 5;
/// EventBridge API reference: lengths of the names of rules and targets, and of buses.
const LONGEST_NAME: usize = 64;
const LONGEST_BUS_NAME: usize = 256;
/// What says which kind a target is.
const KINDS: [&str; 4] = ["lambda_function", "http", "log", "graphql_operation"];

/// The rules; names differ within a bus.
pub(super) fn rules(tables: Vec<Table<'_>>, report: &Report) -> Vec<EventRule> {
    let mut names = HashSet::new();
    let mut rules = Vec::new();
    for table in tables {
        let place = table.place_of("name");
        let Some(rule) = rule(table) else { continue };
        if !names.insert((Str::clone(&rule.event_bus_name), Str::clone(&rule.name))) {
            let message = format!("two event rules of the bus `{}` are called `{}`", rule.event_bus_name, rule.name);
            report.error("duplicate-event-rule", &place, message, "give one of them a `name` of its own");
        }
        rules.push(rule);
    }
    rules
}

fn rule(mut table: Table<'_>) -> Option<EventRule> {
    let place = table.place_of("name");
    let pattern_place = table.place_of("event_pattern");
    table.require("name", "the rule's name, for instance name = \"order-placed\"");
    let name = table.checked("name", |text| name(text, LONGEST_NAME));
    let event_bus_name = table.checked("event_bus_name", bus_name).unwrap_or_else(|| "default".into());
    table.require("event_pattern", "which events it wants, for instance event_pattern = { source = [\"shop\"] }");
    let event_pattern = json(&mut table, "event_pattern");
    let enabled = table.choice("state", &[("ENABLED", true), ("DISABLED", false)]).unwrap_or(true);
    table.optional::<Str>("description");
    refuse_schedule(&mut table);
    table.without_effect(&["role_arn", "tags"], "nothing on this machine reads it; a target says who it acts as: identity");
    table.require("targets", "where its events go: [[event_rule.targets]]");
    let targets_place = table.place_of("targets");
    let (mut targets, mut ids) = (Vec::new(), HashSet::new());
    for inner in table.tables("targets") {
        let place = inner.place_of("id");
        let Some(target) = target(inner) else { continue };
        if !ids.insert(Str::clone(&target.id)) {
            let message = format!("two targets of this rule have the id `{}`", target.id);
            table.report.error("duplicate-event-target", &place, message, "give one of them an `id` of its own");
        }
        targets.push(target);
    }
    if targets.len() > MOST_TARGETS {
        let message = format!("{} targets, {MOST_TARGETS} are allowed", targets.len());
        table.report.error("too-many", &targets_place, message, "EventBridge has the same limit; write a second rule");
    }
    table.finish();
    Some(EventRule {
        name: name?,
        event_bus_name,
        event_pattern: event_pattern?,
        enabled,
        targets,
        place: Some(place),
        pattern_place: Some(pattern_place),
    })
}

fn refuse_schedule(table: &mut Table<'_>) {
    if table.node("schedule_expression").is_some() {
        let help = "remove it, and let a timer of the system put an event";
        let message = "rules on a schedule are not supported";
        table.report.error("unsupported-event-rule", &table.place_of("schedule_expression"), message, help);
    }
}

fn name(text: Str, longest: usize) -> Result<Str, Problem> {
    let valid = text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_'));
    if valid && (1..=longest).contains(&text.len()) {
        return Ok(text);
    }
    Err(Problem::new(format!("cannot be `{text}`")).help(format!("letters, digits, `.`, `-` and `_`, at most {longest}")))
}

fn bus_name(text: Str) -> Result<Str, Problem> {
    // An ARN names its bus at the end.
    let last: Str = text.rsplit('/').next().unwrap_or_default().into();
    name(if text.starts_with("arn:") { last } else { text }, LONGEST_BUS_NAME)
}

fn target(mut table: Table<'_>) -> Option<EventTarget> {
    let place = table.place.clone();
    table.require("id", "what tells the targets of a rule apart, for instance id = \"store\"");
    let id = table.checked("id", |text| name(text, LONGEST_NAME));
    let written: Vec<&str> = KINDS.into_iter().filter(|kind| table.has(kind)).collect();
    let lambda_function = table.optional("lambda_function").map(EventTargetKind::LambdaFunction);
    let http = table.checked("http", url).map(EventTargetKind::Http);
    let log = table.optional::<bool>("log");
    let graphql = graphql(&mut table);
    let input = input(&mut table);
    let retry_policy = table.table("retry_policy").map_or_else(RetryPolicy::default, retry_policy);
    table.without_effect(&["role_arn", "arn"], "a target is named by lambda_function, http, log or graphql_operation");
    table.without_effect(&["dead_letter_config"], "events that cannot be delivered are written to the log");
    if written.len() != 1 {
        let message = match written.as_slice() {
            [] => format!("`{}` says nothing about where its events go", table.name),
            several => format!("`{}` is one target and names several: {}", table.name, several.join(", ")),
        };
        table.report.error("invalid-event-target", &place, message, format!("exactly one of: {}", KINDS.join(", ")));
    }
    if log == Some(false) {
        table.report.error("invalid-event-target", &table.place_of("log"), "`log` can only be true", "remove the target");
    }
    table.finish();
    let kind = lambda_function.or(http).or(graphql).or_else(|| (log == Some(true)).then_some(EventTargetKind::Log));
    Some(EventTarget { id: id?, kind: kind.filter(|_| written.len() == 1)?, input: input?, retry_policy, place: Some(place) })
}

/// A mutation and who runs it: without that it is refused, since it would act as nobody.
fn graphql(table: &mut Table<'_>) -> Option<EventTargetKind> {
    let operation_place = table.place_of("graphql_operation");
    let graphql_operation = table.optional("graphql_operation");
    let api = table.optional("api");
    if graphql_operation.is_some() {
        let help = "name who runs the mutation, for instance identity = { authentication_type = \"API_KEY\" }";
        table.require("identity", help);
    }
    for key in ["api", "identity"] {
        if graphql_operation.is_none() && table.has(key) {
            let message = format!("`{}` belongs to a graphql_operation", table.path(key));
            table.report.warning("without-effect", &table.place_of(key), message, "remove it, or write the operation");
        }
    }
    let identity = table.table("identity").and_then(|mut table| {
        table.require("authentication_type", "one of the API's authorization modes");
        let types = authentication::TYPES.map(|mode| (mode.name(), mode));
        let authentication_type = table.choice("authentication_type", &types);
        let context = json(&mut table, "context");
        table.finish();
        Some(RuleIdentity { authentication_type: authentication_type?, context: context.unwrap_or_default() })
    });
    let target =
        GraphqlTarget { api, graphql_operation: graphql_operation?, identity: identity?, operation_place: Some(operation_place) };
    Some(EventTargetKind::GraphqlOperation(target))
}

fn input(table: &mut Table<'_>) -> Option<EventInput> {
    let written: Vec<&str> = ["input", "input_path", "input_transformer"].into_iter().filter(|key| table.has(key)).collect();
    if written.len() > 1 {
        let message = format!("`{}` has {}", table.name, written.join(" and "));
        table.report.error(
            "invalid-event-target",
            &table.place_of(written[1]),
            message,
            "one of them decides what the target gets",
        );
    }
    let constant = json(table, "input").map(EventInput::Constant);
    let path = table.optional("input_path").map(EventInput::Path);
    let transformer = table.table("input_transformer").and_then(|mut table| {
        let mut input_paths_map = Vec::new();
        for (name, _, node) in table.members("input_paths_map") {
            match &node.kind {
                Kind::String(path) => input_paths_map.push((name.into(), path.as_str().into())),
                _ => report_all(table.report, wrong_type(node, name, "a string")),
            }
        }
        let help = "what the target gets, with <variables>, for instance input_template = '{\"id\": <id>}'";
        let input_template = table.required("input_template", help);
        table.finish();
        Some(EventInput::Transformer { input_paths_map, input_template: input_template? })
    });
    match written.first() {
        None => Some(EventInput::Event),
        Some(_) => constant.or(path).or(transformer),
    }
}

fn retry_policy(mut table: Table<'_>) -> RetryPolicy {
    let default = RetryPolicy::default();
    let attempts = table.checked("maximum_retry_attempts", within(0..=185));
    let age = table.checked("maximum_event_age_in_seconds", within::<u64>(1..=86_400)).map(Duration::from_secs);
    table.finish();
    RetryPolicy {
        maximum_retry_attempts: attempts.unwrap_or(default.maximum_retry_attempts),
        maximum_event_age: age.unwrap_or(default.maximum_event_age),
    }
}

/// JSON, written as a table of TOML or as the text that CloudFormation takes. TOML has no null, so the text can say more.
fn json(table: &mut Table<'_>, key: &'static str) -> Option<Value> {
    let path = table.path(key);
    let node = table.node(key)?;
    let read = match &node.kind {
        Kind::String(text) | Kind::Override(text) => Value::parse(text.as_bytes()).map_err(|error| {
            let problem = Problem::new(format!("is no JSON: {error}")).help("write a table, or JSON in quotes: '{\"a\": 1}'");
            vec![problem.diagnostic(&path, &node.place)]
        }),
        Kind::Table(_) => value_of(node, &path, 0),
        _ => Err(wrong_type(node, &path, "a table")),
    };
    match read {
        Ok(value) => Some(value),
        Err(found) => {
            report_all(table.report, found);
            None
        }
    }
}

fn value_of(node: &Node, name: &str, depth: usize) -> Result<Value, Vec<Diagnostic>> {
    if depth >= MAX_DEPTH {
        return Err(vec![Problem::new("is nested too deeply").diagnostic(name, &node.place)]);
    }
    Ok(match &node.kind {
        Kind::String(text) | Kind::Override(text) => Value::from(text.as_str()),
        Kind::Integer(number) => Value::from(*number),
        Kind::Float(number) => match Number::from_f64(*number) {
            Some(number) => Value::Number(number),
            None => return Err(wrong_type(node, name, "a number of JSON")),
        },
        Kind::Boolean(boolean) => Value::from(*boolean),
        Kind::DateTime(_) => return Err(wrong_type(node, name, "a string")),
        Kind::List(items) => {
            let items: Result<Vec<Value>, _> = items.iter().map(|item| value_of(item, name, depth + 1)).collect();
            Value::from(items?)
        }
        Kind::Table(entries) => {
            let mut object = Object::with_capacity(entries.len());
            for (key, entry) in entries {
                object.insert(key.as_str(), value_of(&entry.node, &format!("{name}.{key}"), depth + 1)?);
            }
            Value::from(object)
        }
    })
}

fn report_all(report: &Report, found: Vec<Diagnostic>) {
    found.into_iter().for_each(|diagnostic| report.push(diagnostic));
}
