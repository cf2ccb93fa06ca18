//! What cases name, found in the definition and compiled.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use resolver_cases::{SourceCall, Step, Target};
use value::{Object, Str, Value};

use super::discover::read;
use super::source::{Script, ScriptedSource};
use crate::data_source::{DataSource, Services};
use crate::definition::{self, ApiDefinition, DataSourceConfig, ResolverKind, Runtime, ServerDefinition};
use crate::diagnostic::{Diagnostic, Severity, Source};
use crate::resolver::compile::{CodeCompiler, Steps, compile_runtime};
use crate::resolver::offline::{CompileSettings, NoTarget, Program, find_target};
use crate::resolver::{Code, EvaluationLimits, Function, Kind, Origin, Resolver, env};

/// The rule of a case that needs a definition where there is none.
pub(super) const NO_DEFINITION: &str = "no-definition";

/// How long a target may take where no definition says it.
const WITHOUT_DEFINITION: std::time::Duration = std::time::Duration::from_secs(30);

/// The definition that cases are about.
#[derive(Debug)]
pub struct Suite {
    definition: Option<(ServerDefinition, Arc<Services>)>,
    /// The folder of the definition.
    folder: PathBuf,
}

/// Something that cases run, compiled.
pub(super) struct Prepared {
    pub(super) parts: Parts,
    /// The members of `ctx` that belong to the target: `env`, `info`.
    pub(super) context: Object,
    pub(super) limits: EvaluationLimits,
    pub(super) timeout: std::time::Duration,
}

pub(super) enum Parts {
    Step(Program),
    Resolver(Resolver),
    Function(Arc<Function>),
}

/// Everything that the cases of a run name, each once.
#[derive(Default)]
pub(super) struct PreparedTargets(HashMap<Key, Result<Arc<Prepared>, Vec<Diagnostic>>>);

/// What tells targets apart.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    api: Option<Str>,
    target: Target,
    step: Option<Step>,
    folder: PathBuf,
}

impl PreparedTargets {
    /// What a case of the file in `folder` runs.
    pub(super) fn get(
        &mut self,
        suite: &Suite,
        api: Option<&Str>,
        target: &Target,
        step: Option<Step>,
        folder: &Path,
    ) -> Result<Arc<Prepared>, Vec<Diagnostic>> {
        // Paths start from the case file; everything else is the same for all files.
        let folder = if matches!(target, Target::Code { .. }) { folder.to_path_buf() } else { PathBuf::new() };
        let key = Key { api: api.cloned(), target: target.clone(), step, folder };
        let prepared = self.0.entry(key).or_insert_with_key(|Key { api, target, step, folder }| {
            suite.prepare(api.as_deref(), target, *step, folder).map(Arc::new)
        });
        prepared.clone()
    }
}

impl Suite {
    /// Cases about a definition in `folder` that is compiled without errors, and what its data sources are built with.
    #[must_use]
    pub fn new(definition: ServerDefinition, services: Arc<Services>, folder: &Path) -> Self {
        Self { definition: Some((definition, services)), folder: folder.to_path_buf() }
    }

    /// Cases about files of code and templates only.
    #[must_use]
    pub fn without_definition() -> Self {
        Self { definition: None, folder: PathBuf::new() }
    }

    fn prepare(
        &self,
        api: Option<&str>,
        target: &Target,
        step: Option<Step>,
        folder: &Path,
    ) -> Result<Prepared, Vec<Diagnostic>> {
        if let Target::Code { path } = target {
            return self.file(&folder.join(&**path), api);
        }
        let Some((definition, services)) = &self.definition else {
            let diagnostic = Diagnostic::error(NO_DEFINITION, format!("{target} is in no definition: there is none"))
                .help("Name the configuration file with --config.");
            return Err(vec![diagnostic]);
        };
        let (api, named) = find(definition, api, target).map_err(|diagnostic| vec![diagnostic])?;
        let runtime = match named {
            Named::Resolver(resolver) => &resolver.runtime,
            Named::Function(function) => &function.runtime,
        };
        let (type_name, field_name) = match target {
            Target::Resolver { type_name, field_name } => (&**type_name, &**field_name),
            _ => ("", ""),
        };
        let parts = match step {
            Some(_) => {
                let settings = CompileSettings { folder: Some(self.folder.clone()), ..settings(api) };
                Parts::Step(Program::of(runtime, &settings))
            }
            None => {
                let compiler = Compiler { api, services, folder: &self.folder };
                match named {
                    Named::Resolver(resolver) => compiler.resolver(resolver)?,
                    Named::Function(function) => Parts::Function(Arc::new(compiler.function(function)?)),
                }
            }
        };
        let mut context = context(type_name, field_name, &api.environment_variables);
        if let Target::Function { .. } = target {
            // A function is never the first step of its pipeline.
            context.insert("prev", Value::from([(Str::from("result"), Value::Null)].into_iter().collect::<Object>()));
        }
        Ok(Prepared { parts, context, limits: EvaluationLimits::from(&api.limits), timeout: definition.server.request_timeout })
    }

    /// A file of code, or a template. It belongs to the API that its cases name, or else to the only one, and is held to its
    /// settings; where there are several, to those that hold where nothing is said.
    fn file(&self, path: &Path, api: Option<&str>) -> Result<Prepared, Vec<Diagnostic>> {
        let shown = path.display().to_string();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let is_code = match extension {
            "js" | "mjs" | "ts" | "mts" => true,
            "vtl" | "vm" => false,
            other => {
                let message = format!("cannot tell what a file ending in {other:?} is");
                let help = "Resolver code ends in .js or .ts, a template in .vtl.";
                return Err(vec![Diagnostic::error("unknown-file-kind", message).help(help)]);
            }
        };
        let api = self.api(api).map_err(|diagnostic| vec![diagnostic])?;
        let text = read(path).map_err(|problem| {
            let help = "The path of `code` starts from the folder of the case file.";
            vec![Diagnostic::error("missing-file", format!("{shown} {problem}")).help(help)]
        })?;
        let source = Arc::new(Source { path: shown, text });
        let settings = CompileSettings { folder: Some(self.imports(path)), ..api.map(settings).unwrap_or_default() };
        let program = if is_code { Program::code(&source, &settings) } else { Program::template(&source, &settings) };
        let refused: Vec<Diagnostic> =
            program.findings().iter().filter(|found| found.severity == Severity::Error).cloned().collect();
        if !refused.is_empty() {
            return Err(refused);
        }
        let timeout = self.definition.as_ref().map_or(WITHOUT_DEFINITION, |(definition, _)| definition.server.request_timeout);
        Ok(Prepared {
            parts: Parts::Step(program),
            context: context("", "", &IndexMap::new()),
            limits: EvaluationLimits::from(&settings.limits),
            timeout,
        })
    }

    /// The API that the cases of a file name, or the only one.
    fn api(&self, name: Option<&str>) -> Result<Option<&ApiDefinition>, Diagnostic> {
        let apis = self.definition.as_ref().map_or(&[][..], |(definition, _)| &definition.apis);
        match (name, apis) {
            (None, [only]) => Ok(Some(only)),
            (None, _) | (Some(_), []) => Ok(None),
            (Some(name), apis) => {
                let found = apis.iter().find(|api| *name == *api.api_id || *name == *api.name);
                let ids: Vec<&str> = apis.iter().map(|api| &*api.api_id).collect();
                let unknown = || Diagnostic::error("unknown-target", format!("there is no API {name:?}"));
                found.map(Some).ok_or_else(|| unknown().help(format!("There are: {}.", ids.join(", "))))
            }
        }
    }

    /// Where imports of a file may lead: anywhere in the definition's folder, or else in the file's own.
    fn imports(&self, path: &Path) -> PathBuf {
        let own = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let folder = if self.folder.as_os_str().is_empty() { Path::new(".") } else { &*self.folder };
        let inside =
            folder.canonicalize().ok().zip(path.canonicalize().ok()).is_some_and(|(folder, path)| path.starts_with(folder));
        if inside && self.definition.is_some() { folder.to_path_buf() } else { own }
    }
}

/// How code and templates of an API are compiled.
fn settings(api: &ApiDefinition) -> CompileSettings {
    CompileSettings { folder: None, strict: api.strict, limits: api.limits, velocity: api.velocity }
}

/// What a name leads to.
#[derive(Clone, Copy)]
enum Named<'a> {
    Resolver(&'a definition::Resolver),
    Function(&'a definition::Function),
}

fn find<'a>(
    definition: &'a ServerDefinition,
    api: Option<&str>,
    target: &Target,
) -> Result<(&'a ApiDefinition, Named<'a>), Diagnostic> {
    let name = target.to_string();
    // It knows the ways in which a name can lead nowhere. What has no code of its own is a target here.
    if let Err(problem) = find_target(definition, &name, api)
        && !matches!(problem, NoTarget::Direct { .. })
    {
        let help = match &problem {
            NoTarget::Unknown { near: Some(near), .. } => format!("Did you mean {near}?"),
            NoTarget::Unknown { kind, .. } => {
                format!("The definition has no such {kind}; `syncgate check` says what is wrong with it.")
            }
            NoTarget::Ambiguous { .. } => "Say which one with `api:` at the top of the file.".to_owned(),
            NoTarget::UnknownApi { apis, .. } => format!("There are: {}.", apis.join(", ")),
            NoTarget::Direct { .. } => String::new(),
        };
        return Err(Diagnostic::error("unknown-target", problem.to_string()).help(help));
    }
    let of_api = |definition: &'a ApiDefinition| {
        if api.is_some_and(|api| *api != *definition.api_id && *api != *definition.name) {
            return None;
        }
        let named = match target {
            Target::Resolver { type_name, field_name } => definition
                .resolvers
                .iter()
                .find(|resolver| resolver.type_name == *type_name && resolver.field_name == *field_name)
                .map(Named::Resolver),
            Target::Function { name } => definition.functions.get(name).map(Named::Function),
            Target::Code { .. } => None,
        };
        Some((definition, named?))
    };
    definition
        .apis
        .iter()
        .find_map(of_api)
        .ok_or_else(|| Diagnostic::error("unknown-target", format!("there is no {name:?}")).help("See `syncgate check`."))
}

/// Members of `ctx` as they are for a request of which nothing is known.
fn context(type_name: &str, field_name: &str, variables: &IndexMap<Str, Str>) -> Object {
    let mut info = Object::with_capacity(5);
    info.insert("fieldName", field_name);
    info.insert("parentTypeName", type_name);
    info.insert("variables", Object::new());
    info.insert("selectionSetList", Vec::<Value>::new());
    info.insert("selectionSetGraphQL", "");
    let mut request = Object::with_capacity(2);
    request.insert("headers", Object::new());
    request.insert("domainName", Value::Null);
    let mut context = Object::with_capacity(11);
    context.insert("arguments", Object::new());
    for absent in ["identity", "source", "result"] {
        context.insert(absent, Value::Null);
    }
    context.insert("request", request);
    context.insert("info", info);
    for absent in ["error", "prev"] {
        context.insert(absent, Value::Null);
    }
    context.insert("stash", Object::new());
    context.insert("env", env(variables));
    context.insert("outErrors", Vec::<Value>::new());
    context
}

struct Compiler<'a> {
    api: &'a ApiDefinition,
    services: &'a Services,
    folder: &'a Path,
}

impl Compiler<'_> {
    fn code(&self, runtime: &Runtime, steps: Steps, name: &str) -> Result<Code, Vec<Diagnostic>> {
        let compiler =
            CodeCompiler { folder: self.folder, strict: self.api.strict, limits: &self.api.limits, velocity: self.api.velocity };
        let (code, found) = compile_runtime(&compiler, runtime, steps, name, None);
        code.ok_or(found)
    }

    fn resolver(&self, resolver: &definition::Resolver) -> Result<Parts, Vec<Diagnostic>> {
        let name = format!("{}.{}", resolver.type_name, resolver.field_name);
        let (type_name, field_name) = (Str::clone(&resolver.type_name), Str::clone(&resolver.field_name));
        let origin = Origin::from(&resolver.runtime);
        match &resolver.kind {
            ResolverKind::Unit { data_source } => {
                let function = self.step(None, &name, &resolver.runtime, data_source, resolver.max_batch_size)?;
                Ok(Parts::Resolver(Resolver { type_name, field_name, kind: Kind::Unit(function), origin }))
            }
            ResolverKind::Pipeline { functions } => {
                let code = self.code(&resolver.runtime, Steps::Pipeline, &name)?;
                let functions = functions.iter().map(|name| {
                    let function = self.api.functions.get(name).ok_or_else(|| {
                        vec![Diagnostic::error(
                            "unknown-target",
                            format!("the pipeline {type_name}.{field_name} names the function {name}, which is missing"),
                        )]
                    })?;
                    Ok(Arc::new(self.function(function)?))
                });
                let functions = functions.collect::<Result<_, Vec<Diagnostic>>>()?;
                Ok(Parts::Resolver(Resolver { type_name, field_name, kind: Kind::Pipeline { code, functions }, origin }))
            }
        }
    }

    fn function(&self, function: &definition::Function) -> Result<Function, Vec<Diagnostic>> {
        let name = Some(Str::clone(&function.name));
        self.step(name, &function.name, &function.runtime, &function.data_source, function.max_batch_size)
    }

    fn step(
        &self,
        name: Option<Str>,
        shown: &str,
        runtime: &Runtime,
        data_source_name: &Str,
        max_batch_size: u32,
    ) -> Result<Function, Vec<Diagnostic>> {
        let Some(source) = self.api.data_sources.get(data_source_name) else {
            let message = format!("{shown} names the data source {data_source_name}, which is missing");
            return Err(vec![Diagnostic::error("unknown-data-source", message)]);
        };
        let steps = if matches!(source.config, DataSourceConfig::AwsLambda(_)) { Steps::Direct } else { Steps::Needed };
        let data_source = self.services.data_source(source, self.api).map_err(|diagnostic| vec![diagnostic])?;
        Ok(Function {
            name,
            code: self.code(runtime, steps, shown)?,
            origin: Origin::from(runtime),
            data_source_name: Str::clone(data_source_name),
            data_source_type: source.data_source_type().name(),
            data_source,
            max_batch_size,
        })
    }
}

/// The function with a data source that answers what the case says. `NONE` calls nothing, and stays itself.
fn scripted_function(function: &Function, script: &Arc<Script>) -> Function {
    let data_source: Arc<dyn DataSource> = if function.data_source_type == "NONE" {
        Arc::clone(&function.data_source)
    } else {
        let (name, real) = (Str::clone(&function.data_source_name), Arc::clone(&function.data_source));
        Arc::new(ScriptedSource { name, real, script: Arc::clone(script) })
    };
    Function {
        name: function.name.clone(),
        code: function.code.clone(),
        origin: function.origin.clone(),
        data_source_name: Str::clone(&function.data_source_name),
        data_source_type: function.data_source_type,
        data_source,
        max_batch_size: function.max_batch_size,
    }
}

/// A whole target of one case.
pub(super) enum Scripted {
    Resolver(Resolver),
    Function(Function),
}

impl Prepared {
    /// The whole target with data sources that answer `calls`; `None` when a single step is run.
    pub(super) fn scripted(&self, calls: &[SourceCall]) -> Option<(Scripted, Arc<Script>)> {
        let script = Script::new(calls);
        let scripted = match &self.parts {
            Parts::Step(_) => return None,
            Parts::Function(function) => Scripted::Function(scripted_function(function, &script)),
            Parts::Resolver(resolver) => {
                let kind = match &resolver.kind {
                    Kind::Unit(function) => Kind::Unit(scripted_function(function, &script)),
                    Kind::Pipeline { code, functions } => Kind::Pipeline {
                        code: code.clone(),
                        functions: functions.iter().map(|function| Arc::new(scripted_function(function, &script))).collect(),
                    },
                };
                Scripted::Resolver(Resolver {
                    type_name: Str::clone(&resolver.type_name),
                    field_name: Str::clone(&resolver.field_name),
                    kind,
                    origin: resolver.origin.clone(),
                })
            }
        };
        Some((scripted, script))
    }
}
