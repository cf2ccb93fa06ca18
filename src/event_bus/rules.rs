//! From the rules of a definition to rules that can be asked. Every problem is reported.

use std::collections::HashMap;

use event_pattern::EventPattern;
use reqwest::Url;
use value::{Str, Value};

use super::entry::BusAddress;
use super::input::Input;
use crate::api::Api;
use crate::auth::Identity;
use crate::data_source::lambda::FunctionReference;
use crate::definition::{
    ApiDefinition, DataSourceConfig, EventRule, EventTarget, EventTargetKind, GraphqlTarget, RetryPolicy, ServiceEndpoint,
};
use crate::diagnostic::{Diagnostic, Place, closest};
use crate::http_client::parse_endpoint;

/// The members of an event's envelope.
const ENVELOPE: [&str; 9] = ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"];

/// A rule that is ready.
#[derive(Clone, Debug)]
pub struct CompiledRule {
    pub(super) name: Str,
    pub(super) event_bus_name: Str,
    pub(super) pattern: EventPattern,
    pub(super) targets: Vec<CompiledTarget>,
}

/// A target that is ready.
#[derive(Clone, Debug)]
pub(super) struct CompiledTarget {
    pub(super) id: Str,
    pub(super) input: Input,
    pub(super) kind: CompiledKind,
    pub(super) retry_policy: RetryPolicy,
}

#[derive(Clone, Debug)]
pub(super) enum CompiledKind {
    /// A function's name.
    Function(Str),
    Http(Url),
    Log,
    /// The place of the API among those of the definition.
    Mutation {
        api: usize,
        document: Str,
        identity: Identity,
    },
}

/// What rules may name.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The APIs of the definition.
    pub apis: &'a [ApiDefinition],
    /// The same, compiled; `None` for one that is refused.
    pub compiled: &'a [Option<&'a Api>],
    /// The functions of the definition.
    pub functions: &'a [Str],
}

/// Compiles rules. A rule that is disabled is judged too, and left out.
#[must_use]
pub fn compile(rules: &[EventRule], surroundings: Surroundings<'_>) -> (Vec<CompiledRule>, Vec<Diagnostic>) {
    let mut compiler = Compiler { surroundings, found: Vec::new() };
    let mut compiled = Vec::new();
    for rule in rules {
        let pattern = compiler.pattern(rule);
        let targets: Vec<_> = rule.targets.iter().filter_map(|target| compiler.target(rule, target)).collect();
        if let Some(pattern) = pattern.filter(|_| rule.enabled) {
            let (name, event_bus_name) = (Str::clone(&rule.name), Str::clone(&rule.event_bus_name));
            compiled.push(CompiledRule { name, event_bus_name, pattern, targets });
        }
    }
    compiler.unread_buses(rules);
    (compiled, compiler.found)
}

struct Compiler<'a> {
    surroundings: Surroundings<'a>,
    found: Vec<Diagnostic>,
}

impl Compiler<'_> {
    fn report(&mut self, mut diagnostic: Diagnostic, place: Option<&Place>) {
        diagnostic.place = place.cloned();
        self.found.push(diagnostic);
    }

    fn pattern(&mut self, rule: &EventRule) -> Option<EventPattern> {
        let name = &rule.name;
        match EventPattern::compile(&rule.event_pattern) {
            Ok(pattern) => {
                let members = rule.event_pattern.as_object().into_iter().flat_map(value::Object::keys);
                let first = |member: &Str| member.split('.').next().unwrap_or_default().to_owned();
                let unknown = members.map(first).find(|member| member != "$or" && !ENVELOPE.contains(&member.as_str()));
                if let Some(member) = unknown {
                    let message =
                        format!("event rule {name}: no event has a member {member:?}, so the pattern depends on its absence");
                    let help = match closest(&member, ENVELOPE) {
                        Some(near) => format!("Did you mean {near}?"),
                        None => format!(
                            "What an event is about stands below \"detail\"; beside it there are {}.",
                            ENVELOPE.join(", ")
                        ),
                    };
                    self.report(Diagnostic::warning("unknown-event-member", message).help(help), rule.pattern_place.as_ref());
                }
                Some(pattern)
            }
            Err(error) => {
                let at = if error.path.is_empty() { String::new() } else { format!(" (at {})", error.path.join(".")) };
                let help = "Each field has a list of what it may be, for instance { source = [\"shop\"] }.";
                let diagnostic = Diagnostic::error("invalid-event-pattern", format!("event rule {name}: {error}{at}"));
                self.report(diagnostic.help(help), rule.pattern_place.as_ref());
                None
            }
        }
    }

    fn target(&mut self, rule: &EventRule, target: &EventTarget) -> Option<CompiledTarget> {
        let owner = format!("target {} of event rule {}", target.id, rule.name);
        let input = match Input::compile(&target.input) {
            Ok(input) => Some(input),
            Err(reason) => {
                let help = "Paths are such as $.detail.id; a template is JSON with <variables>.";
                let diagnostic = Diagnostic::error("invalid-event-input", format!("{owner}: {reason}")).help(help);
                self.report(diagnostic, target.place.as_ref());
                None
            }
        };
        let kind = match &target.kind {
            EventTargetKind::Log => Some(CompiledKind::Log),
            EventTargetKind::LambdaFunction(function) => self.function(&owner, function, target.place.as_ref()),
            EventTargetKind::Http(url) => match parse_endpoint(url) {
                Ok(url) => Some(CompiledKind::Http(url)),
                Err(error) => {
                    let help = "A URL of http:// or https:// without credentials, query or fragment.";
                    let diagnostic = Diagnostic::error("invalid-endpoint", format!("{owner}: {error}")).help(help);
                    self.report(diagnostic, target.place.as_ref());
                    None
                }
            },
            EventTargetKind::GraphqlOperation(operation) => self.mutation(&owner, operation, target.place.as_ref()),
        };
        Some(CompiledTarget { id: Str::clone(&target.id), input: input?, kind: kind?, retry_policy: target.retry_policy })
    }

    fn function(&mut self, owner: &str, function: &Str, place: Option<&Place>) -> Option<CompiledKind> {
        let name = FunctionReference::read(function).map_or(&**function, |reference| reference.name);
        if let Some(known) = self.surroundings.functions.iter().find(|known| ***known == *name) {
            return Some(CompiledKind::Function(Str::clone(known)));
        }
        let known = self.surroundings.functions;
        let help = match closest(name, known.iter().map(|known| &**known)) {
            Some(near) => format!("Did you mean {near}?"),
            None => "Define it with [[lambda_function]].".to_owned(),
        };
        self.report(Diagnostic::error("unknown-function", format!("{owner}: there is no function {name}")).help(help), place);
        None
    }

    fn mutation(&mut self, owner: &str, target: &GraphqlTarget, place: Option<&Place>) -> Option<CompiledKind> {
        let at = self.api(owner, target, place)?;
        let definition = &self.surroundings.apis[at];
        let mode = target.identity.authentication_type;
        if !definition.allows(mode) {
            let message = format!("{owner}: {} is no authorization mode of the API {}", mode.name(), definition.name);
            let modes = definition.authentication_providers().map(|provider| provider.authentication_type().name());
            let help = format!("Its modes are: {}.", modes.collect::<Vec<_>>().join(", "));
            self.report(Diagnostic::error("unknown-authentication-type", message).help(help), place);
            return None;
        }
        // Without a schema there is nothing to hold the document against; the API's own errors come first.
        let api = self.surroundings.compiled.get(at).copied().flatten()?;
        let problems = api.check_mutation(&target.graphql_operation);
        let refused = !problems.is_empty();
        for problem in problems {
            let help = "The operation is one mutation of that API; its variables are what the target's input gives.";
            let diagnostic = Diagnostic::error("invalid-graphql-operation", format!("{owner}: {problem}")).help(help);
            self.report(diagnostic, target.operation_place.as_ref());
        }
        let identity = Identity::Named { authentication_type: mode, context: target.identity.context.clone() };
        (!refused).then(|| CompiledKind::Mutation { api: at, document: Str::clone(&target.graphql_operation), identity })
    }

    /// The API that a target names: by name, by id, or by an ARN that ends in the id.
    fn api(&mut self, owner: &str, target: &GraphqlTarget, place: Option<&Place>) -> Option<usize> {
        let apis = self.surroundings.apis;
        let Some(name) = &target.api else {
            if apis.len() == 1 {
                return Some(0);
            }
            let names: Vec<&str> = apis.iter().map(|api| &*api.name).collect();
            let help = format!("Write api = \"…\" with one of: {}.", names.join(", "));
            self.report(Diagnostic::error("unknown-api", format!("{owner}: there are several APIs")).help(help), place);
            return None;
        };
        let last = name.rsplit('/').next().unwrap_or_default();
        let found = apis.iter().position(|api| *api.name == **name || *api.api_id == *last);
        if found.is_none() {
            let help = match closest(name, apis.iter().flat_map(|api| [&*api.name, &*api.api_id])) {
                Some(near) => format!("Did you mean {near}?"),
                None => "Write the name or the id of an [api] of this file.".to_owned(),
            };
            self.report(Diagnostic::error("unknown-api", format!("{owner}: there is no API {name}")).help(help), place);
        }
        found
    }

    /// Events that no rule can want are most likely a slip in a name.
    fn unread_buses(&mut self, rules: &[EventRule]) {
        let read: HashMap<&str, ()> = rules.iter().map(|rule| (&*rule.event_bus_name, ())).collect();
        for source in self.surroundings.apis.iter().flat_map(|api| api.data_sources.values()) {
            let DataSourceConfig::AmazonEventbridge(config) = &source.config else { continue };
            if !matches!(config.endpoint, None | Some(ServiceEndpoint::Embedded)) {
                continue;
            }
            let bus = BusAddress::read(&config.event_bus_arn).name;
            if read.contains_key(&*bus) {
                continue;
            }
            let message = format!("data source {}: no event rule reads the bus {bus}, so its events go nowhere", source.name);
            let help = match closest(&bus, read.keys().copied()) {
                Some(near) => format!("Did you mean {near}?"),
                None => {
                    format!("Add an [[event_rule]] with event_bus_name = \"{bus}\", or say where the bus is: endpoint = \"aws\".")
                }
            };
            self.report(Diagnostic::warning("unread-event-bus", message).help(help), source.place.as_ref());
        }
    }
}

/// The ARN that a rule has in the words of AWS.
pub(super) fn arn(rule: &str, bus: &BusAddress) -> String {
    let BusAddress { name, region, account } = bus;
    let bus = if **name == *"default" { String::new() } else { format!("{name}/") };
    format!("arn:aws:events:{region}:{account}:rule/{bus}{rule}")
}

/// The variables of a mutation, or why there are none.
pub(super) fn variables(input: Value) -> Result<value::Object, String> {
    match input {
        Value::Object(object) => Ok(std::sync::Arc::unwrap_or_clone(object)),
        other => Err(format!("the variables of a mutation are an object, and the target's input is a {}", other.kind())),
    }
}
