//! `syncgate evaluate`: one step of resolver code or a template, without a server, answered as AppSync's `EvaluateCode` and
//! `EvaluateMappingTemplate` answer. `--batch` (`batch`) does so for a line of standard input after the other.

mod batch;

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use value::{Object, Value};

use super::check::{import_root, read_source};
use super::{error, findings, print, print_error};
use crate::definition::{self, Limits, Overrides};
use crate::diagnostic::{render, wants_color};
use crate::resolver::offline::{
    CompileSettings, Conditions, EvaluationRequest, FixedClock, NoTarget, Program, SeededIds, evaluate, find_target,
};
use crate::resolver::{EvaluationLimits, Step};

/// The exit code where nothing was evaluated.
const NOT_EVALUATED: u8 = 2;

/// The longest context, in bytes.
const LONGEST_CONTEXT: u64 = 64 << 20;

pub(super) const HELP: &str = "\
What is evaluated is a file of code (.js, .ts) or a template (.vtl), or, by the definition, a resolver (Type.field) or a
pipeline's function by its name. A template in a file may give any text, as in EvaluateMappingTemplate; with --step, or
out of a definition, it must give what the step needs.

The answer is JSON on standard output with the members of EvaluateCode's answer: `evaluationResult` or `error`, `logs`,
`stash`, `outErrors`; on a terminal indented. What is wrong stands on standard error as well, with its place.
The exit code is 0; 1 if the answer has an error; 2 if nothing was evaluated.

With --batch, each line of standard input is a request of EvaluateCode or EvaluateMappingTemplate as one JSON object, the
context a string or an object; each is answered by one line, in order, at once. A line that is no request is answered with
an `error`. The exit code is then 0.

  syncgate evaluate resolvers/Query.post.js --context context.json
  syncgate evaluate Query.post --step response --context '{\"result\": {\"id\": \"p1\"}}'
  echo '{}' | syncgate evaluate savePost --context - --clock 2024-05-01T12:00:00Z --seed 1
  syncgate evaluate --batch < requests.jsonl > answers.jsonl";

/// What `syncgate evaluate` is asked.
#[derive(Clone, Debug, Args)]
pub(super) struct EvaluateArguments {
    /// A file, Type.field, or the name of a function.
    #[arg(required_unless_present = "batch", conflicts_with = "batch")]
    target: Option<String>,
    /// The context: a file, - for standard input, or a JSON object.
    #[arg(long, value_name = "FILE", conflicts_with = "batch")]
    context: Option<String>,
    /// Which step; code has its request evaluated if nothing is said.
    #[arg(long, value_name = "STEP", visible_alias = "function", conflicts_with = "batch")]
    step: Option<StepName>,
    /// Answer a request on each line of standard input.
    #[arg(long)]
    batch: bool,
    /// Run also what AppSync refuses, where Syncgate can.
    #[arg(long, requires = "batch")]
    lenient: bool,
    /// Refuse what AppSync refuses, also where Syncgate could run it.
    #[arg(long, conflicts_with = "batch")]
    strict: bool,
    /// Stop the clock there: 2024-05-01T12:00:00Z, or milliseconds since 1970.
    #[arg(long, value_name = "TIME", value_parser = time)]
    clock: Option<i64>,
    /// Draw ids and random numbers from a sequence that is always the same for this number.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The first ids that util.autoId() gives, in order.
    #[arg(long, value_name = "UUID,…", value_delimiter = ',')]
    ids: Vec<uuid::Uuid>,
    /// The configuration file, for a target that is no file.
    #[arg(long, value_name = "FILE", default_value = "config.toml")]
    config: PathBuf,
    /// The API's id or name, where several have a target of that name.
    #[arg(long, value_name = "NAME")]
    api: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum StepName {
    /// The request handler or template.
    Request,
    /// The response handler or template.
    Response,
}

impl From<StepName> for Step {
    fn from(name: StepName) -> Self {
        match name {
            StepName::Request => Step::Request,
            StepName::Response => Step::Response,
        }
    }
}

/// Milliseconds since 1970.
fn time(text: &str) -> Result<i64, String> {
    if let Ok(milliseconds) = text.parse() {
        return Ok(milliseconds);
    }
    let time: Result<jiff::Timestamp, _> = text.parse();
    time.map(jiff::Timestamp::as_millisecond).map_err(|_| "write 2024-05-01T12:00:00Z, or milliseconds since 1970".to_owned())
}

pub(super) fn run(arguments: &EvaluateArguments) -> ExitCode {
    let conditions = conditions(arguments);
    if arguments.batch {
        return batch::run(conditions, !arguments.lenient);
    }
    match attempt(arguments, conditions) {
        Ok(code) => code,
        Err(message) => {
            print_error(&message);
            ExitCode::from(NOT_EVALUATED)
        }
    }
}

fn conditions(arguments: &EvaluateArguments) -> Conditions {
    let mut conditions = Conditions::default();
    if let Some(milliseconds) = arguments.clock {
        conditions.clock = Arc::new(FixedClock(milliseconds));
    }
    if arguments.seed.is_some() || !arguments.ids.is_empty() {
        let given = arguments.ids.iter().map(|id| *id.as_bytes());
        conditions.ids = Arc::new(SeededIds::new(arguments.seed.unwrap_or_default(), given));
    }
    conditions
}

/// What is evaluated, and what a definition adds to the context.
struct Found {
    program: Program,
    step: Option<Step>,
    limits: Option<Limits>,
    /// Members for a context that has none of these names.
    members: Object,
}

fn attempt(arguments: &EvaluateArguments, mut conditions: Conditions) -> Result<ExitCode, String> {
    let target = arguments.target.as_deref().unwrap_or_default();
    let step = arguments.step.map(Step::from);
    let found = if is_file(target) {
        in_file(Path::new(target), step, arguments.strict)?
    } else {
        in_definition(target, step, arguments)?
    };
    let mut context = context(arguments.context.as_deref())?;
    for (name, value) in found.members {
        if !context.contains_key(&name) {
            context.insert(name, value);
        }
    }
    if let Some(limits) = &found.limits {
        conditions.limits = EvaluationLimits::from(limits);
    }
    let request = EvaluationRequest { program: &found.program, step: found.step, context: &context, conditions: &conditions };
    let result = evaluate(&request);
    let color = wants_color(std::io::stderr().is_terminal(), std::env::var_os("NO_COLOR").as_deref());
    let mut told = result.warnings.clone();
    told.extend(result.error.iter().flat_map(|error| error.diagnostics.iter().cloned()));
    print_error(&render(&told, color));
    let answer = result.to_answer();
    let text = if std::io::stdout().is_terminal() { answer.to_json_pretty() } else { answer.to_json() };
    print(&format!("{text}\n"));
    Ok(if result.error.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

const CODE: [&str; 4] = ["js", "mjs", "ts", "mts"];
const TEMPLATES: [&str; 2] = ["vtl", "vm"];

/// Whether a target is a file: by its ending, or because it is there.
fn is_file(target: &str) -> bool {
    let path = Path::new(target);
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    CODE.contains(&ending) || TEMPLATES.contains(&ending) || path.is_file()
}

fn in_file(path: &Path, step: Option<Step>, strict: bool) -> Result<Found, String> {
    let source = read_source(path).map_err(|found| findings(&[found]))?;
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let program = if TEMPLATES.contains(&ending) {
        Program::template(&source, &CompileSettings::default())
    } else if CODE.contains(&ending) {
        let settings = CompileSettings { folder: Some(import_root(path)), strict, ..CompileSettings::default() };
        Program::code(&source, &settings)
    } else {
        let help = "resolver code ends in .js or .ts, templates end in .vtl";
        return Err(error(format!("cannot tell what {} is", path.display()), help));
    };
    Ok(Found { program, step, limits: None, members: Object::new() })
}

fn in_definition(name: &str, step: Option<Step>, arguments: &EvaluateArguments) -> Result<Found, String> {
    let overrides = Overrides { strict: arguments.strict, ephemeral: true, ..Overrides::default() };
    let loaded = definition::read(&arguments.config, std::env::vars_os(), &overrides);
    let Some(definition) = loaded.definition.as_ref().filter(|_| loaded.is_valid()) else {
        return Err(findings(&loaded.diagnostics));
    };
    let target = find_target(definition, name, arguments.api.as_deref()).map_err(|problem| {
        let help = match &problem {
            NoTarget::Unknown { near: Some(near), .. } => format!("did you mean {near}?"),
            NoTarget::Unknown { .. } => "write a file, Type.field, or the name of a function".to_owned(),
            NoTarget::Ambiguous { .. } => "say which with --api".to_owned(),
            NoTarget::UnknownApi { apis, .. } => format!("there are: {}", apis.join(", ")),
            NoTarget::Direct { .. } => String::new(),
        };
        error(problem, &help)
    })?;
    let folder = arguments.config.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    Ok(Found {
        program: target.program(&folder),
        step: Some(step.unwrap_or(Step::Request)),
        limits: Some(target.api.limits),
        members: target.members(),
    })
}

fn context(given: Option<&str>) -> Result<Object, String> {
    let (name, text) = match given {
        None => return Ok(Object::new()),
        Some(text) if text.trim_start().starts_with('{') => ("the context".to_owned(), text.to_owned()),
        Some("-") => ("standard input".to_owned(), text_of("standard input", std::io::stdin().lock())?),
        Some(path) => {
            let file = std::fs::File::open(path);
            let help = "--context takes a file, - for standard input, or a JSON object";
            let file = file.map_err(|problem| error(format!("the context {path} cannot be read: {problem}"), help))?;
            (path.to_owned(), text_of(path, file)?)
        }
    };
    match Value::parse(text.as_bytes()) {
        Ok(Value::Object(context)) => Ok(Arc::unwrap_or_clone(context)),
        Ok(other) => Err(error(
            format!("the context is a {}, not an object", other.kind()),
            "for instance {\"arguments\": {\"id\": \"1\"}}",
        )),
        Err(problem) => Err(error(format!("{name}: the context is not JSON: {problem}"), "")),
    }
}

fn text_of(name: &str, from: impl Read) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = from.take(LONGEST_CONTEXT + 1).read_to_end(&mut bytes);
    read.map_err(|problem| error(format!("{name} cannot be read: {problem}"), ""))?;
    if bytes.len() as u64 > LONGEST_CONTEXT {
        return Err(error(format!("{name} is longer than {LONGEST_CONTEXT} bytes"), ""));
    }
    String::from_utf8(bytes).map_err(|_| error(format!("{name} is not UTF-8 text"), ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_two_ways() {
        assert_eq!(time("1517943695750"), Ok(1_517_943_695_750));
        assert_eq!(time("2018-02-06T19:01:35.750Z"), Ok(1_517_943_695_750));
        assert_eq!(time("2018-02-06T20:01:35.750+01:00"), Ok(1_517_943_695_750));
        assert!(time("yesterday").is_err());
    }

    #[test]
    fn files_are_told_from_names() {
        for (target, expected) in
            [("a.js", true), ("x/Query.post.ts", true), ("t.request.vtl", true), ("Query.post", false), ("savePost", false)]
        {
            assert_eq!(is_file(target), expected, "{target}");
        }
    }
}
