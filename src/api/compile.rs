//! Definition to [`Api`]: schema, code and templates, data sources, authorization. Every problem is reported, not the first.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;
use value::Str;

use super::authorization::{Authorization, MOST_GROUPS};
use super::denied::DeniedMemo;
use super::{Api, Limits};
use crate::data_source::{DataSource, Services};
use crate::definition::{self, ApiDefinition, DataSourceConfig, ResolverKind};
use crate::diagnostic::{Diagnostic, Place, Severity, closest};
use crate::execution::cache::PlanCache;
use crate::resolver::compile::{CodeCompiler, Steps, compile_runtime};
use crate::resolver::{Function, Kind, Origin, Resolver, ResolverSet};
use crate::schema::{self, FieldNames, TypeSystem};
use crate::trace::log::Logging;

/// What compiling needs beside the definition.
#[derive(Clone, Debug)]
pub struct Options {
    /// What data sources reach.
    pub services: Arc<Services>,
    /// The folder of the definition: relative imports of resolver code stay inside it.
    pub folder: PathBuf,
    /// The largest answer, in bytes.
    pub response_limit: usize,
}

/// What became of a definition.
#[derive(Debug)]
pub struct Compiled {
    /// The API; `None` when there are errors.
    pub api: Option<Api>,
    /// Everything that was found.
    pub diagnostics: Vec<Diagnostic>,
}

impl Api {
    /// Compiles a definition.
    #[must_use]
    pub fn compile(definition: &ApiDefinition, options: &Options) -> Compiled {
        let max_bytes = usize::try_from(definition.limits.schema_size).unwrap_or(usize::MAX);
        let loaded = schema::load(&definition.schema, schema::Options { strict: definition.strict, max_bytes });
        let mut compiler = Compiler { definition, options, diagnostics: loaded.diagnostics };
        compiler.without_effect();
        let authorization = loaded.type_system.as_ref().and_then(|type_system| compiler.authorization(type_system));
        let data_sources = compiler.data_sources();
        let functions = compiler.functions(&data_sources);
        let resolvers = compiler.resolvers(loaded.field_names.as_ref(), &data_sources, &functions);
        let diagnostics = compiler.diagnostics;
        let refused = diagnostics.iter().any(|found| found.severity == Severity::Error);
        let api = loaded.type_system.filter(|_| !refused).zip(authorization).map(|(type_system, authorization)| Api {
            api_id: Arc::clone(&definition.api_id),
            name: Arc::clone(&definition.name),
            account_id: Arc::clone(&definition.account_id),
            resolvers: ResolverSet { resolvers, env: crate::resolver::env(&definition.environment_variables) },
            authorization,
            arn: definition.arn().into(),
            introspection_enabled: definition.introspection_config,
            limits: Limits {
                query_tokens: definition.limits.query_tokens as usize,
                query_depth: definition.query_depth_limit,
                resolver_count: definition.resolver_count_limit as usize,
                response: options.response_limit,
            },
            plans: PlanCache::default(),
            denied: DeniedMemo::default(),
            triggers: triggers(&type_system),
            logging: definition.log_config.map(|config| Logging {
                config,
                api_id: Str::clone(&definition.api_id),
                arn: definition.arn().into(),
            }),
            publisher: None,
            type_system,
        });
        Compiled { api, diagnostics }
    }
}

struct Compiler<'a> {
    definition: &'a ApiDefinition,
    options: &'a Options,
    diagnostics: Vec<Diagnostic>,
}

impl Compiler<'_> {
    fn report(&mut self, mut diagnostic: Diagnostic, place: Option<&Place>) {
        diagnostic.place = place.cloned();
        self.diagnostics.push(diagnostic);
    }

    /// Settings that a later version will honour: said by name, because an API that behaves otherwise than configured without a
    /// word is the worst of answers.
    fn without_effect(&mut self) {
        const CONFLICTS: &str = "conflicts are neither detected nor resolved";
        let definition = self.definition;
        let mut found = Vec::new();
        if definition.api_cache.is_some() {
            found.push(("api_cache".to_owned(), "nothing is cached", &definition.place));
        }
        for resolver in &definition.resolvers {
            let owner = format!("resolver {}.{}", resolver.type_name, resolver.field_name);
            if resolver.caching_config.is_some() {
                found.push((format!("caching_config of {owner}"), "its result is not cached", &resolver.place));
            }
            if resolver.sync_config.is_some() {
                found.push((format!("sync_config of {owner}"), CONFLICTS, &resolver.place));
            }
        }
        for (name, function) in &definition.functions {
            if function.sync_config.is_some() {
                found.push((format!("sync_config of function {name}"), CONFLICTS, &function.place));
            }
        }
        for (setting, effect, place) in found {
            let message = format!("{setting} has no effect in this version: {effect}");
            let diagnostic =
                Diagnostic::warning("not-supported-yet", message).help("It may stay: a later version will honour it.");
            self.report(diagnostic, place.as_ref());
        }
    }

    /// Who may read which field.
    fn authorization(&mut self, type_system: &TypeSystem) -> Option<Authorization> {
        match Authorization::new(self.definition).with_groups(type_system) {
            Ok(authorization) => {
                self.closed_fields(&authorization.closed(type_system));
                self.ignored_directives(&authorization.ignored(type_system));
                Some(authorization)
            }
            Err(count) => {
                let message = format!("the schema's directives name {count} groups, {MOST_GROUPS} are the most");
                let diagnostic = Diagnostic::error("too-many-groups", message)
                    .help("Decide by groups in a resolver (ctx.identity.groups) where there are so many.");
                self.report(diagnostic, self.definition.place.as_ref());
                None
            }
        }
    }

    /// Fields that answer Unauthorized to everyone: their directives name only modes that this API does not have, or there are
    /// none and the default action is to deny.
    fn closed_fields(&mut self, closed: &[String]) {
        if closed.is_empty() {
            return;
        }
        let message = format!("nobody can read {}: no authorization mode that this API has opens them", shown(closed));
        let diagnostic = Diagnostic::warning("closed-field", message).help(
            "Add the mode to additional_authentication_providers, or its directive (@aws_api_key, …) to the field or its type.",
        );
        self.report(diagnostic, self.definition.place.as_ref());
    }

    /// `@aws_auth` beside additional modes: whoever wrote it believes that the groups are checked.
    fn ignored_directives(&mut self, ignored: &[String]) {
        if ignored.is_empty() {
            return;
        }
        let mode = self.definition.authentication.authentication_type().name();
        let message = format!(
            "@aws_auth on {} has no effect: it counts only where AMAZON_COGNITO_USER_POOLS is the single mode; without another \
             directive everyone of {mode}, the default mode, is let in",
            shown(ignored)
        );
        let diagnostic = Diagnostic::warning("ignored-directive", message)
            .help("Write @aws_cognito_user_pools(cognito_groups: […]), which counts beside other modes, too.");
        self.report(diagnostic, self.definition.place.as_ref());
    }

    fn data_sources(&mut self) -> IndexMap<Str, Arc<dyn DataSource>> {
        let mut built = IndexMap::new();
        for (name, source) in &self.definition.data_sources {
            match self.options.services.data_source(source, self.definition) {
                Ok(data_source) => {
                    built.insert(Arc::clone(name), data_source);
                }
                Err(diagnostic) => self.report(diagnostic, source.place.as_ref()),
            }
        }
        built
    }

    fn data_source_type(&self, name: &Str) -> &'static str {
        self.definition.data_sources.get(name).map_or("NONE", |source| source.data_source_type().name())
    }

    fn code(&self) -> CodeCompiler<'_> {
        CodeCompiler {
            folder: &self.options.folder,
            strict: self.definition.strict,
            limits: &self.definition.limits,
            velocity: self.definition.velocity,
        }
    }

    /// Whether a function on this data source may be direct. One that is missing was reported where it is named.
    fn steps(&self, data_source: &Str) -> Steps {
        let config = self.definition.data_sources.get(data_source).map(|source| &source.config);
        if matches!(config, None | Some(DataSourceConfig::AwsLambda(_))) { Steps::Direct } else { Steps::Needed }
    }

    fn functions(&mut self, data_sources: &IndexMap<Str, Arc<dyn DataSource>>) -> IndexMap<Str, Arc<Function>> {
        let mut built = IndexMap::new();
        for (name, function) in &self.definition.functions {
            let steps = self.steps(&function.data_source);
            let (code, mut found) = compile_runtime(&self.code(), &function.runtime, steps, name, function.place.as_ref());
            self.diagnostics.append(&mut found);
            // A data source that is missing here was reported where it is defined.
            if let (Some(code), Some(data_source)) = (code, data_sources.get(&function.data_source)) {
                let function = Function {
                    name: Some(Arc::clone(name)),
                    code,
                    origin: Origin::from(&function.runtime),
                    data_source_name: Arc::clone(&function.data_source),
                    data_source_type: self.data_source_type(&function.data_source),
                    data_source: Arc::clone(data_source),
                    max_batch_size: function.max_batch_size,
                };
                built.insert(Arc::clone(name), Arc::new(function));
            }
        }
        built
    }

    fn resolvers(
        &mut self,
        field_names: Option<&FieldNames>,
        data_sources: &IndexMap<Str, Arc<dyn DataSource>>,
        functions: &IndexMap<Str, Arc<Function>>,
    ) -> IndexMap<(Str, Str), Resolver> {
        let mut built = IndexMap::new();
        for resolver in &self.definition.resolvers {
            let coordinate: Str = format!("{}.{}", resolver.type_name, resolver.field_name).into();
            if let Some(field_names) = field_names {
                self.coordinate(field_names, resolver);
            }
            let steps = match &resolver.kind {
                // Its result is then its last function's.
                ResolverKind::Pipeline { .. } => Steps::Pipeline,
                ResolverKind::Unit { data_source } => self.steps(data_source),
            };
            let (code, mut found) = compile_runtime(&self.code(), &resolver.runtime, steps, &coordinate, resolver.place.as_ref());
            self.diagnostics.append(&mut found);
            let Some(code) = code else { continue };
            let kind = match &resolver.kind {
                ResolverKind::Unit { data_source } => {
                    let function = |built: &Arc<dyn DataSource>| Function {
                        name: None,
                        code,
                        origin: Origin::from(&resolver.runtime),
                        data_source_name: Arc::clone(data_source),
                        data_source_type: self.data_source_type(data_source),
                        data_source: Arc::clone(built),
                        max_batch_size: resolver.max_batch_size,
                    };
                    data_sources.get(data_source).map(function).map(Kind::Unit)
                }
                ResolverKind::Pipeline { functions: names } => {
                    let steps: Option<Vec<_>> = names.iter().map(|name| functions.get(name).cloned()).collect();
                    steps.map(|functions| Kind::Pipeline { code, functions })
                }
            };
            let Some(kind) = kind else { continue };
            built.insert(
                (Arc::clone(&resolver.type_name), Arc::clone(&resolver.field_name)),
                Resolver {
                    type_name: Arc::clone(&resolver.type_name),
                    field_name: Arc::clone(&resolver.field_name),
                    kind,
                    origin: Origin::from(&resolver.runtime),
                },
            );
        }
        built
    }

    /// Whether the field that a resolver is attached to exists.
    fn coordinate(&mut self, field_names: &FieldNames, resolver: &definition::Resolver) {
        let (type_name, field_name) = (&resolver.type_name, &resolver.field_name);
        let diagnostic = match field_names.get(type_name) {
            None => Diagnostic::error(
                "unknown-type",
                format!("resolver {type_name}.{field_name}: the schema has no type {type_name}"),
            )
            .help(suggestion(type_name, field_names.iter().filter_map(|(name, fields)| fields.as_ref().map(|_| name)))),
            Some(Some(fields)) if fields.contains(field_name) => return,
            Some(Some(fields)) => Diagnostic::error(
                "unknown-field",
                format!("resolver {type_name}.{field_name}: type {type_name} has no field {field_name}"),
            )
            .help(suggestion(field_name, fields.iter())),
            Some(None) => Diagnostic::error(
                "unknown-field",
                format!("resolver {type_name}.{field_name}: {type_name} is not an object type, so its fields have no resolvers"),
            )
            .help("Attach the resolver to a field of an object type."),
        };
        self.report(diagnostic, resolver.place.as_ref());
    }
}

/// The subscription fields by the mutation fields that `@aws_subscribe` names on them.
fn triggers(type_system: &TypeSystem) -> HashMap<Str, Vec<Str>> {
    let mut triggers: HashMap<Str, Vec<Str>> = HashMap::new();
    let fields = type_system.subscription.and_then(|id| type_system.get(id).fields());
    for field in fields.into_iter().flat_map(|fields| fields.fields.values()) {
        for mutation in &field.subscribe_mutations {
            let subscriptions = triggers.entry(Arc::clone(mutation)).or_default();
            if !subscriptions.contains(&field.name) {
                subscriptions.push(Arc::clone(&field.name));
            }
        }
    }
    triggers
}

/// The first of some names, and how many more there are.
fn shown(names: &[String]) -> String {
    let more = if names.len() > 5 { format!(" and {} more", names.len() - 5) } else { String::new() };
    names.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ") + &more
}

/// "Did you mean" for a name, else the names there are.
fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a Str>) -> String {
    let names: Vec<&Str> = known.filter(|name| !name.starts_with("__")).collect();
    match closest(name, names.iter().map(|known| &***known)) {
        Some(near) => format!("Did you mean {near}?"),
        None if names.is_empty() => "There are none; correct the schema first.".to_owned(),
        None => {
            let mut shown: Vec<&str> = names.iter().take(8).map(|name| &***name).collect();
            if names.len() > shown.len() {
                shown.push("…");
            }
            format!("There are: {}.", shown.join(", "))
        }
    }
}

impl Options {
    /// For a definition read from `config`.
    #[must_use]
    pub fn new(config: &std::path::Path, server: &definition::ServerSettings, services: Arc<Services>) -> Self {
        let bytes = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
        Self {
            services,
            folder: config.parent().map_or_else(PathBuf::new, std::path::Path::to_path_buf),
            response_limit: bytes(server.response_limit),
        }
    }
}
