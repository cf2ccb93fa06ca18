//! Reads `[[api.resolvers]]` and `[api.functions.NAME]`, joined with the files that attach themselves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use value::Str;

use super::convention::{Annotations, Convention, Files, is_name};
use super::files::Folder;
use super::table::{Report, Table};
use super::values::{Problem, Spanned, within};
use crate::definition::{
    CachingConfig, ConflictDetection, ConflictHandler, DataSourceType, Function, FunctionVersion, Limits, Resolver, ResolverKind,
    Runtime, SyncConfig,
};
use crate::diagnostic::{Place, Source, closest};

/// AppSync's largest `maxBatchSize` and its number of caching keys.
const LARGEST_BATCH: i64 = 2_000;
const MOST_CACHING_KEYS: usize = 25;

/// What resolvers and functions are read with.
pub(super) struct Reader<'a> {
    pub(super) folder: &'a Folder,
    pub(super) report: &'a Report,
    pub(super) limits: Limits,
    /// The data sources by name; `None` for one that is defined, but wrongly.
    pub(super) data_sources: &'a BTreeMap<&'a str, Option<DataSourceType>>,
}

/// What resolvers and functions have in common, as written.
struct Step {
    data_source: Option<Spanned<String>>,
    runtime: Runtime,
    max_batch_size: Option<Spanned<i64>>,
    place: Place,
    /// Whether code that was named could not be read, which was reported; nothing can be made of such a step.
    is_unreadable: bool,
}

impl Reader<'_> {
    /// All functions: entries first, then files, by name.
    pub(super) fn functions(
        &self,
        entries: Vec<(&str, &Place, Table<'_>)>,
        convention: &mut Convention,
    ) -> IndexMap<Str, Function> {
        let mut functions = IndexMap::new();
        for (name, place, mut table) in entries {
            if !is_name(name) {
                let message = format!("a function cannot be called `{name}`");
                self.report.error("invalid-value", place, message, "letters, digits and `_`, not a digit first");
            }
            let files = convention.functions.remove(name);
            let annotations = files.as_ref().map(|files| &files.annotations);
            self.functions_are_no_pipelines(annotations);
            let description = table.optional("description");
            let function_version =
                table.choice("function_version", &[("2018-05-29", FunctionVersion::V2018_05_29)]).unwrap_or_default();
            let sync_config = table.table("sync_config").and_then(sync_config);
            let mut step = self.step(&mut table, files.as_ref(), place);
            table.without_effect(&["runtime", "metrics_config"], "code is always APPSYNC_JS 1.0.0");
            table.finish();
            step.place = place.clone();
            if let Some(mut function) = self.function(name, step) {
                function.description = description;
                function.function_version = function_version;
                function.sync_config = sync_config;
                functions.insert(Str::from(name), function);
            }
        }
        for (name, files) in std::mem::take(&mut convention.functions) {
            self.functions_are_no_pipelines(Some(&files.annotations));
            if let Some(function) = self.function(&name, file_step(files)) {
                functions.insert(Str::from(name), function);
            }
        }
        functions
    }

    fn functions_are_no_pipelines(&self, annotations: Option<&Annotations>) {
        if let Some(first) = annotations.and_then(|annotations| annotations.functions.as_ref()?.first()) {
            let help = "a pipeline is the resolver of a field: TYPE.FIELD.js";
            self.report.error("conflicting-keys", &first.place, "a function has no functions of its own", help);
        }
    }

    fn function(&self, name: &str, step: Step) -> Option<Function> {
        let Some(data_source) = &step.data_source else {
            self.missing_data_source(&step, &format!("the function `{name}`"), "");
            return None;
        };
        let data_source_type = self.data_source_type(data_source);
        self.check_step(&step, data_source_type, &format!("the function `{name}`"));
        if step.is_unreadable {
            return None;
        }
        Some(Function {
            name: name.into(),
            description: None,
            data_source: data_source.value.as_str().into(),
            max_batch_size: self.max_batch_size(&step, data_source_type),
            runtime: step.runtime,
            function_version: FunctionVersion::default(),
            sync_config: None,
            place: Some(step.place),
        })
    }

    /// All resolvers: entries first, then files, by name. `functions` are the names that pipelines may use.
    pub(super) fn resolvers(&self, entries: Vec<Table<'_>>, mut convention: Convention, functions: &[&str]) -> Vec<Resolver> {
        let mut resolvers: Vec<Resolver> = Vec::new();
        let mut seen: BTreeMap<(String, String), Place> = BTreeMap::new();
        for mut table in entries {
            let name = |name: String| {
                let problem =
                    || Problem::new(format!("cannot be `{name}`")).help("a name of the schema: letters, digits and `_`");
                if is_name(&name) { Ok(name) } else { Err(problem()) }
            };
            table.require("type", "the type of the schema, for instance type = \"Query\"");
            table.require("field", "the field of that type, for instance field = \"getPost\"");
            let field_place = table.place_of("field");
            let coordinates = table.checked("type", name).zip(table.checked("field", name));
            let files = coordinates.as_ref().and_then(|coordinates| convention.resolvers.remove(coordinates));
            let resolver = self.entry(&mut table, files, functions);
            table.finish();
            let Some((type_name, field_name)) = coordinates else { continue };
            if let Some(first) = seen.get(&(type_name.clone(), field_name.clone())) {
                let (line, _) = first.source.line_column(first.span.start);
                let message = format!("{type_name}.{field_name} has two resolvers; the other is in line {line}");
                self.report.error("duplicate-resolver", &field_place, message, "remove one of them");
                continue;
            }
            seen.insert((type_name.clone(), field_name.clone()), field_place);
            resolvers.extend(resolver.map(|resolver| Resolver {
                type_name: type_name.into(),
                field_name: field_name.into(),
                ..resolver
            }));
        }
        for ((type_name, field_name), files) in convention.resolvers {
            let pipeline = files.annotations.functions.clone();
            let what = format!("the resolver of {type_name}.{field_name}");
            if let Some(resolver) = self.resolver(file_step(files), pipeline, functions, &what) {
                resolvers.push(Resolver { type_name: type_name.into(), field_name: field_name.into(), ..resolver });
            }
        }
        resolvers
    }

    /// An entry; type and field are the caller's.
    fn entry(&self, table: &mut Table<'_>, files: Option<Files>, functions: &[&str]) -> Option<Resolver> {
        let kind = table.choice("kind", &[("UNIT", false), ("PIPELINE", true)]);
        let mut pipeline: Option<Vec<Spanned<String>>> = table.optional("functions");
        let caching_config = table.table("caching_config").and_then(caching_config);
        let sync_config = table.table("sync_config").and_then(sync_config);
        let place = table.place.clone();
        let mut step = self.step(table, files.as_ref(), &place);
        table.without_effect(&["runtime", "metrics_config"], "code is always APPSYNC_JS 1.0.0");
        if let Some(files) = files {
            // What the entry says wins over the file's comments.
            if table.has("functions") {
                step.data_source = step.data_source.filter(|_| table.has("data_source"));
            } else if !table.has("data_source") {
                pipeline = files.annotations.functions;
            }
        }
        let wrong_kind = match kind {
            Some(true) if step.data_source.is_some() => Some("a PIPELINE has functions, no data source of its own"),
            Some(false) if pipeline.is_some() => Some("a UNIT resolver has a data source, no functions"),
            Some(true) if pipeline.is_none() && !table.has("functions") => {
                table.require("functions", "a PIPELINE names its functions: functions = [\"first\", \"second\"]");
                return None;
            }
            _ => None,
        };
        if let Some(message) = wrong_kind {
            self.report.error(
                "conflicting-keys",
                &table.place_of("kind"),
                message,
                "the kind follows from the other keys: leave it out",
            );
            return None;
        }
        // A key that was there and wrong was reported; nothing more can be said.
        if (table.has("functions") && pipeline.is_none()) || (table.has("data_source") && step.data_source.is_none()) {
            return None;
        }
        let resolver = self.resolver(step, pipeline, functions, "this resolver")?;
        Some(Resolver { caching_config, sync_config, ..resolver })
    }

    fn resolver(&self, step: Step, pipeline: Option<Vec<Spanned<String>>>, functions: &[&str], what: &str) -> Option<Resolver> {
        let data_source_type = step.data_source.as_ref().and_then(|name| self.data_source_type(name));
        let kind = match (&step.data_source, pipeline) {
            (Some(name), Some(_)) => {
                let message = format!("{what} has a data source and functions");
                self.report.error(
                    "conflicting-keys",
                    &name.place,
                    message,
                    "a unit resolver has a data source, a pipeline functions",
                );
                return None;
            }
            (None, None) => {
                self.missing_data_source(&step, what, ", or functions");
                return None;
            }
            (Some(name), None) => {
                self.check_step(&step, data_source_type, what);
                ResolverKind::Unit { data_source: name.value.as_str().into() }
            }
            (None, Some(pipeline)) => {
                self.check_pipeline(&pipeline, functions, &step, what);
                ResolverKind::Pipeline { functions: pipeline.into_iter().map(|name| Str::from(name.value)).collect() }
            }
        };
        if step.is_unreadable {
            return None;
        }
        Some(Resolver {
            type_name: Str::from(""),
            field_name: Str::from(""),
            kind,
            max_batch_size: self.max_batch_size(&step, data_source_type),
            runtime: step.runtime,
            caching_config: None,
            sync_config: None,
            place: Some(step.place),
        })
    }

    fn check_pipeline(&self, pipeline: &[Spanned<String>], functions: &[&str], step: &Step, what: &str) {
        let most = self.limits.pipeline_functions as usize;
        if let Some(beyond) = pipeline.get(most) {
            let message = format!("{what} has {} functions, {most} are allowed", pipeline.len());
            self.report.error(
                "too-many",
                &beyond.place,
                message,
                "join some of them, or raise `pipeline_functions` in [api.limits]",
            );
        }
        for name in pipeline.iter().filter(|name| !functions.contains(&name.value.as_str())) {
            let help = match closest(&name.value, functions.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("define [api.functions.{}]", name.value),
            };
            self.report.error("unknown-function", &name.place, format!("there is no function `{}`", name.value), help);
        }
        self.check_lengths(&step.runtime);
    }

    /// The keys of an entry that resolvers and functions share. A file that attaches itself gives what the entry leaves out.
    fn step(&self, table: &mut Table<'_>, files: Option<&Files>, place: &Place) -> Step {
        let mut data_source: Option<Spanned<String>> = table.optional("data_source");
        let mut max_batch_size: Option<Spanned<i64>> = table.optional("max_batch_size");
        let mut file =
            |key| table.optional(key).and_then(|reference: Spanned<String>| self.folder.named(&reference, self.report));
        let code = file("code");
        let request = file("request_mapping_template");
        let response = file("response_mapping_template");
        let is_unreadable = (table.has("code") && code.is_none())
            || (table.has("request_mapping_template") && request.is_none())
            || (table.has("response_mapping_template") && response.is_none());
        let has_templates = table.has("request_mapping_template") || table.has("response_mapping_template");
        if table.has("code") && has_templates {
            let message = format!("`{}` and mapping templates exclude each other", table.path("code"));
            self.report.error("conflicting-keys", &table.place_of("code"), message, "keep one of them");
        }
        let mut runtime = match code {
            Some(code) => Runtime::Code(code),
            None if has_templates => Runtime::Templates { request, response },
            None => Runtime::Direct,
        };
        let own_code = table.has("code") || has_templates;
        if let Some(files) = files {
            if !own_code {
                runtime = files.runtime.clone();
            } else if !same_files(&runtime, &files.runtime) {
                let (line, _) = place.source.line_column(place.span.start);
                let message = format!("{} is not used", files.place.source.path);
                let help =
                    format!("the entry in {}:{line} names other code, and wins; remove the file or the key", place.source.path);
                self.report.warning("unattached-file", &files.place, message, help);
            }
            if !table.has("data_source") && !table.has("functions") {
                data_source.clone_from(&files.annotations.data_source);
            }
            max_batch_size = max_batch_size.or_else(|| files.annotations.max_batch_size.clone());
        }
        Step { data_source, runtime, max_batch_size, place: place.clone(), is_unreadable }
    }

    fn missing_data_source(&self, step: &Step, what: &str, or: &str) {
        let help = match &step.place.source.path {
            path if path.ends_with(".vtl") => {
                format!("begin the template with `## @dataSource NAME`{}", or.replace("functions", "`## @functions A, B`"))
            }
            path if path.ends_with(".js") || path.ends_with(".ts") => {
                format!("begin the file with `// @dataSource NAME`{}", or.replace("functions", "`// @functions A, B`"))
            }
            _ => format!("data_source = \"NAME\"{}", or.replace("functions", "functions = [\"A\", \"B\"]")),
        };
        self.report.error("missing-data-source", &step.place, format!("{what} has no data source"), help);
    }

    /// The type of a data source; an unknown name is reported.
    fn data_source_type(&self, name: &Spanned<String>) -> Option<DataSourceType> {
        if let Some(known) = self.data_sources.get(name.value.as_str()) {
            return *known;
        }
        let help = match closest(&name.value, self.data_sources.keys().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("define [api.data_sources.{}]", name.value),
        };
        self.report.error("unknown-data-source", &name.place, format!("there is no data source `{}`", name.value), help);
        None
    }

    /// What a step with a data source must have. Only Lambda can do without a request.
    fn check_step(&self, step: &Step, data_source_type: Option<DataSourceType>, what: &str) {
        let has_request = matches!(step.runtime, Runtime::Code(_) | Runtime::Templates { request: Some(_), .. });
        if let (false, Some(kind)) =
            (has_request || step.is_unreadable, data_source_type.filter(|kind| *kind != DataSourceType::AwsLambda))
        {
            let message = format!("{what} has no code and no request template");
            let help = format!("only AWS_LAMBDA works without, and this data source is {}", kind.name());
            self.report.error("missing-code", &step.place, message, help);
        }
        self.check_lengths(&step.runtime);
    }

    fn check_lengths(&self, runtime: &Runtime) {
        match runtime {
            // TypeScript is judged by what it becomes, where it is compiled.
            Runtime::Code(code) if code.path.ends_with(".ts") => {}
            Runtime::Code(code) => self.check_length(code, "code-too-long", "code_characters", self.limits.code_characters),
            Runtime::Templates { request, response } => {
                for template in [request, response].into_iter().flatten() {
                    let most = self.limits.template_characters;
                    self.check_length(template, "template-too-long", "template_characters", most);
                }
            }
            Runtime::Direct => {}
        }
    }

    fn check_length(&self, source: &Arc<Source>, rule: &'static str, key: &str, most: u32) {
        let count = source.text.chars().count();
        if count > most as usize {
            let place = Place { source: Arc::clone(source), span: 0..0 };
            let message = format!("{} has {count} characters, {most} are allowed", source.path);
            self.report.error(rule, &place, message, format!("shorten it, or raise `{key}` in [api.limits]"));
        }
    }

    fn max_batch_size(&self, step: &Step, data_source_type: Option<DataSourceType>) -> u32 {
        let Some(size) = &step.max_batch_size else { return 0 };
        match within(0..=LARGEST_BATCH)(size.value) {
            Ok(number) => {
                if number > 0
                    && (step.data_source.is_none() || data_source_type.is_some_and(|kind| kind != DataSourceType::AwsLambda))
                {
                    let message = "a batch size has no effect here";
                    self.report.warning(
                        "without-effect",
                        &size.place,
                        message,
                        "only AWS_LAMBDA data sources are called in batches",
                    );
                }
                number
            }
            Err(problem) => {
                self.report.push(problem.diagnostic("max_batch_size", &size.place));
                0
            }
        }
    }
}

fn file_step(files: Files) -> Step {
    Step {
        data_source: files.annotations.data_source,
        runtime: files.runtime,
        max_batch_size: files.annotations.max_batch_size,
        place: files.place,
        is_unreadable: false,
    }
}

fn same_files(a: &Runtime, b: &Runtime) -> bool {
    fn sources(runtime: &Runtime) -> Vec<&Arc<Source>> {
        match runtime {
            Runtime::Code(code) => vec![code],
            Runtime::Templates { request, response } => [request, response].into_iter().flatten().collect(),
            Runtime::Direct => Vec::new(),
        }
    }
    sources(b).iter().all(|source| sources(a).iter().any(|other| Arc::ptr_eq(source, other)))
}

/// A time to live of caches: AppSync's 1 to 3,600 seconds.
pub(super) fn ttl(duration: Duration) -> Result<Duration, Problem> {
    if (Duration::from_secs(1)..=Duration::from_secs(3_600)).contains(&duration) {
        Ok(duration)
    } else {
        Err(Problem::new("must be between 1s and 1h").help("for instance \"60s\""))
    }
}

fn caching_config(mut table: Table<'_>) -> Option<CachingConfig> {
    table.require("ttl", "how long a result is kept, for instance ttl = \"60s\"");
    let time = table.checked("ttl", ttl);
    let caching_keys = table.checked("caching_keys", |keys: Vec<Str>| {
        if keys.len() > MOST_CACHING_KEYS {
            return Err(Problem::new(format!("has {} keys, {MOST_CACHING_KEYS} are allowed", keys.len()))
                .help("AppSync has the same limit"));
        }
        let is_key = |key: &Str| {
            let path = key.strip_prefix("$context.").or_else(|| key.strip_prefix("$ctx."));
            path.is_some_and(|path| matches!(path.split('.').next(), Some("arguments" | "args" | "source" | "identity")))
        };
        match keys.iter().find(|key| !is_key(key)) {
            Some(key) => Err(Problem::new(format!("cannot have `{key}`"))
                .help("keys are paths below $context.arguments, $context.source and $context.identity")),
            None => Ok(keys),
        }
    });
    table.finish();
    Some(CachingConfig { ttl: time?, caching_keys: caching_keys.unwrap_or_default() })
}

fn sync_config(mut table: Table<'_>) -> Option<SyncConfig> {
    table.require("conflict_detection", "\"VERSION\" or \"NONE\"");
    let detections = [("VERSION", ConflictDetection::Version), ("NONE", ConflictDetection::None)];
    let conflict_detection = table.choice("conflict_detection", &detections);
    let arn = table.table("lambda_conflict_handler_config").and_then(|mut table| {
        let arn = table.required("lambda_conflict_handler_arn", "the ARN of the function");
        table.finish();
        arn
    });
    let has_arn = table.has("lambda_conflict_handler_config");
    let handlers = [
        ("OPTIMISTIC_CONCURRENCY", Some(ConflictHandler::OptimisticConcurrency)),
        ("AUTOMERGE", Some(ConflictHandler::Automerge)),
        ("LAMBDA", arn.map(|lambda_conflict_handler_arn| ConflictHandler::Lambda { lambda_conflict_handler_arn })),
        ("NONE", Some(ConflictHandler::None)),
    ];
    let written = table.has("conflict_handler");
    let chosen = table.choice("conflict_handler", &handlers);
    if matches!(chosen, Some(None)) && !has_arn {
        table
            .require("lambda_conflict_handler_config", "LAMBDA needs lambda_conflict_handler_config.lambda_conflict_handler_arn");
    }
    table.finish();
    let conflict_handler = if written { chosen?? } else { ConflictHandler::None };
    Some(SyncConfig { conflict_detection: conflict_detection?, conflict_handler })
}
