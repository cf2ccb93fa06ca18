//! Reads `[lambda]` and `[[lambda_function]]`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indexmap::IndexMap;
use lambda_host::{LONGEST_TIMEOUT, MEMORY_MB, is_function_name};
use value::Str;

use super::data_source::{own_credentials, service_endpoint};
use super::dynamodb::access_keys;
use super::files::{FileProblem, Folder};
use super::handler;
use super::node::Kind;
use super::server::some_time;
use super::table::{Report, Table};
use super::values::{FromNode, Problem, Spanned, within};
use crate::definition::{LambdaFunction, LambdaRuntime, LambdaSettings, Mode, Secret};
use crate::diagnostic::{Place, closest};

/// What CloudFormation has and nothing here reads.
const WITHOUT_EFFECT: &[&str] = &[
    "architectures",
    "code_signing_config_arn",
    "dead_letter_config",
    "description",
    "ephemeral_storage",
    "file_system_configs",
    "image_config",
    "kms_key_arn",
    "layers",
    "logging_config",
    "package_type",
    "recursive_loop",
    "role",
    "runtime_management_config",
    "snap_start",
    "tags",
    "tracing_config",
    "vpc_config",
];
const REASON: &str = "CloudFormation has it; on your own machine nothing reads it";
/// Names for "did you mean": AWS's runtimes that run here.
const RUNTIMES: [&str; 14] = [
    "nodejs18.x",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "python3.8",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "provided",
    "provided.al2",
    "provided.al2023",
];
/// How many processes a function has when nothing else is said.
const CONCURRENCY: usize = 10;

/// The settings; `table` is absent when there is no `[lambda]`.
pub(super) fn settings(table: Option<Table<'_>>, root: &Path, mode: Mode, has_functions: bool) -> LambdaSettings {
    let mut settings = LambdaSettings { reload: mode == Mode::Development, ..LambdaSettings::default() };
    let Some(mut table) = table else { return settings };
    settings.endpoint = service_endpoint(&mut table).unwrap_or_default();
    settings.aws_region = table.checked("aws_region", region).unwrap_or(settings.aws_region);
    settings.access_keys = access_keys(&mut table);
    settings.idle_timeout = table.checked("idle_timeout", some_time).unwrap_or(settings.idle_timeout);
    settings.reload = table.or("reload", settings.reload);
    settings.node = table.checked("node", |text| program(text, root)).unwrap_or(settings.node);
    settings.python = table.checked("python", |text| program(text, root)).unwrap_or(settings.python);
    if !has_functions {
        for key in ["access_keys", "idle_timeout", "node", "python", "reload"] {
            if table.has(key) {
                let message = format!("`lambda.{key}` has no effect: there is no function");
                table.report.warning(
                    "without-effect",
                    &table.place_of(key),
                    message,
                    "define one with [[lambda_function]], or remove it",
                );
            }
        }
    }
    table.finish();
    settings
}

/// What stands in ARNs and headers.
fn region(text: Str) -> Result<Str, Problem> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return Ok(text);
    }
    Err(Problem::new(format!("is no region: `{text}`")).help("for instance \"eu-west-1\""))
}

/// A program's name, or its path, which is relative to the configuration file.
fn program(text: String, root: &Path) -> Result<PathBuf, Problem> {
    if text.is_empty() || text.contains('\0') {
        return Err(Problem::new("must be a program").help("a name that is looked up in PATH, or a path"));
    }
    Ok(if text.contains('/') { root.join(text) } else { text.into() })
}

/// The functions; of several with one name the first counts.
pub(super) fn functions(tables: Vec<Table<'_>>, folder: &Folder, report: &Report) -> Vec<LambdaFunction> {
    let mut read: Vec<LambdaFunction> = Vec::new();
    let mut places: HashMap<Str, Place> = HashMap::new();
    for table in tables {
        let place = table.place_of("function_name");
        let Some(function) = function(table, folder) else { continue };
        if let Some(first) = places.get(&function.function_name) {
            let (line, column) = first.source.line_column(first.span.start);
            let message = format!(
                "two functions are called `{}`: the other one stands at {}:{line}:{column}",
                function.function_name, first.source.path
            );
            report.error("duplicate-function", &place, message, "remove one of them, or give it a `function_name` of its own");
            continue;
        }
        places.insert(Str::clone(&function.function_name), place);
        read.push(function);
    }
    read
}

fn function(mut table: Table<'_>, folder: &Folder) -> Option<LambdaFunction> {
    let place = table.place_of("function_name");
    table.require("function_name", "the function's name, for instance function_name = \"greet\"");
    let function_name = table.checked("function_name", name);
    table.require("runtime", "for instance runtime = \"nodejs22.x\", \"python3.13\" or \"provided.al2023\"");
    let runtime = table.checked("runtime", |text: String| runtime(&text));
    table.require("code", "the folder of the code, or its only file, for instance code = \"functions/greet\"");
    let code: Option<Spanned<String>> = table.optional("code");
    let written: Option<Spanned<String>> = table.optional("handler");
    let located = match (runtime, &code) {
        (Some(runtime), Some(code)) => located(runtime, code, written.as_ref(), folder, &table),
        _ => None,
    };
    let timeout = timeout(&mut table).unwrap_or(Duration::from_secs(3));
    let memory_size =
        table.checked("memory_size", within(i64::from(*MEMORY_MB.start())..=i64::from(*MEMORY_MB.end()))).unwrap_or(128);
    let environment = environment(&mut table);
    let reserved_concurrent_executions =
        table.checked("reserved_concurrent_executions", within(1..=1_000)).unwrap_or(CONCURRENCY);
    let credentials = own_credentials(&mut table);
    table.without_effect(WITHOUT_EFFECT, REASON);
    table.finish();
    let (code, handler) = located?;
    Some(LambdaFunction {
        function_name: function_name?,
        runtime: runtime?,
        handler,
        code,
        timeout,
        memory_size,
        environment,
        reserved_concurrent_executions,
        credentials,
        place: Some(place),
    })
}

/// `FunctionName` without account and region.
fn name(text: Str) -> Result<Str, Problem> {
    if is_function_name(&text) {
        return Ok(text);
    }
    Err(Problem::new(format!("is no function's name: `{text}`")).help("1 to 64 letters, digits, `-` and `_`; not an ARN"))
}

fn runtime(text: &str) -> Result<LambdaRuntime, Problem> {
    let is_number = |number: &str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if text.strip_prefix("nodejs").and_then(|rest| rest.strip_suffix(".x")).is_some_and(is_number) {
        return Ok(LambdaRuntime::Nodejs);
    }
    if text.strip_prefix("python3.").is_some_and(is_number) {
        return Ok(LambdaRuntime::Python);
    }
    if text == "provided" || text.strip_prefix("provided.al").is_some_and(is_number) {
        return Ok(LambdaRuntime::Provided);
    }
    let help = match closest(text, RUNTIMES) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            "Node.js (nodejs22.x) and Python (python3.13) run here as they are; every other language runs as a custom runtime, \
                 an executable named `bootstrap` (provided.al2023)"
                .to_owned()
        }
    };
    Err(Problem::new(format!("cannot be `{text}`")).help(help))
}

/// The folder of the code, and the handler in it.
fn located(
    runtime: LambdaRuntime,
    code: &Spanned<String>,
    written: Option<&Spanned<String>>,
    folder: &Folder,
    table: &Table<'_>,
) -> Option<(PathBuf, Str)> {
    let located = match folder.code(&code.value) {
        Ok(located) => located,
        Err(problem) => {
            table.report.push(problem.diagnostic(Some(&code.place)));
            return None;
        }
    };
    let handler = match handler::judge(runtime, &located, &code.value, written.map(|written| written.value.as_str())) {
        Ok(handler) => handler,
        Err(handler::Fault { rule, message, help, of_handler }) => {
            let place = match written.filter(|_| of_handler) {
                Some(written) => &written.place,
                None => &code.place,
            };
            table.report.error(rule, place, message, help);
            return None;
        }
    };
    Some((located.folder, handler.into()))
}

/// Seconds as CloudFormation writes them, or a duration as everywhere in this file.
fn timeout(table: &mut Table<'_>) -> Option<Duration> {
    let node = table.node("timeout")?;
    let read = match &node.kind {
        Kind::Integer(seconds) => Ok(Duration::from_secs(u64::try_from(*seconds).unwrap_or_default())),
        Kind::Override(text) if text.parse::<u64>().is_ok() => Ok(Duration::from_secs(text.parse().unwrap_or_default())),
        _ => Duration::from_node(node, &table.path("timeout")),
    };
    match read {
        Ok(timeout) if !timeout.is_zero() && timeout <= LONGEST_TIMEOUT => Some(timeout),
        Ok(_) => {
            let message = format!("`{}` must be more than nothing and at most 15 minutes", table.path("timeout"));
            table.report.error("invalid-value", &node.place, message, "seconds, or a duration: 30 or \"30s\"");
            None
        }
        Err(diagnostics) => {
            diagnostics.into_iter().for_each(|diagnostic| table.report.push(diagnostic));
            None
        }
    }
}

/// Which names may not be set is Lambda's to judge, when the function is registered.
fn environment(table: &mut Table<'_>) -> IndexMap<Str, Secret> {
    let mut variables = IndexMap::new();
    for (name, place, node) in table.members("environment") {
        if matches!(node.kind, Kind::Table(_)) {
            let message = format!("`{}` is a table", table.path(&format!("environment.{name}")));
            let help = "write the variables themselves: environment = { TABLE = \"posts\" }";
            table.report.error("wrong-type", place, message, help);
            continue;
        }
        match Str::from_node(node, &table.path(&format!("environment.{name}"))) {
            Ok(text) => {
                variables.insert(Str::from(name), Secret::new(text));
            }
            Err(diagnostics) => diagnostics.into_iter().for_each(|diagnostic| table.report.push(diagnostic)),
        }
    }
    variables
}

/// Where a function's code is.
#[derive(Debug)]
pub(super) struct Code {
    /// The folder, as the user knows it.
    pub(super) folder: PathBuf,
    /// The only file, without its folder, when one was named.
    pub(super) file: Option<String>,
}

impl Folder {
    /// The folder of a function's code; of a file, the one it is in.
    fn code(&self, reference: &str) -> Result<Code, FileProblem> {
        let path = self.existing(reference)?;
        if path.is_dir() {
            return Ok(Code { folder: path, file: None });
        }
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(Code { folder, file })
    }
}
