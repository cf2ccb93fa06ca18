//! The functions of a definition and the host that runs them.
//!
//! [`host`] registers the functions; nothing of them runs before the first invocation, and a definition without any has no host.
//! [`missing_programs`] finds functions whose language is not on this machine. What a function may be is judged by
//! [`lambda_host`]'s own rules, how it is run is known there only.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lambda_host::{Credentials, FunctionDefinition, LambdaHost, Runtime, Settings};

use crate::definition::{LambdaFunction, LambdaRuntime, ServerDefinition};
use crate::diagnostic::{Diagnostic, Severity};

/// The host of a definition's functions, and what is wrong with them; `None` when there are none.
#[must_use]
pub fn host(definition: &ServerDefinition) -> (Option<Arc<LambdaHost>>, Vec<Diagnostic>) {
    if definition.lambda_functions.is_empty() {
        return (None, Vec::new());
    }
    let host = LambdaHost::new(settings(definition));
    let mut found = Vec::new();
    for function in &definition.lambda_functions {
        if let Err(error) = host.register(registered(function)) {
            found.extend(error.problems.into_iter().map(|problem| {
                let message = format!("function `{}`: {problem}", function.function_name);
                let help = "the rules are Lambda's: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html";
                at(Diagnostic::error("invalid-function", message).help(help), function)
            }));
        }
    }
    (Some(Arc::new(host)), found)
}

/// Functions whose language this machine does not have: one finding per program, at the first function that needs it.
#[must_use]
pub fn missing_programs(definition: &ServerDefinition, severity: Severity) -> Vec<Diagnostic> {
    let settings = &definition.lambda;
    let languages = [
        (LambdaRuntime::Nodejs, &settings.node, "Node.js", "https://nodejs.org", "node"),
        (LambdaRuntime::Python, &settings.python, "Python", "https://www.python.org", "python"),
    ];
    let mut found = Vec::new();
    for (runtime, program, language, origin, key) in languages {
        let needs = |function: &&LambdaFunction| function.runtime == runtime;
        let Some(function) = definition.lambda_functions.iter().find(needs) else { continue };
        if is_program(program, env::var_os("PATH").as_deref()) {
            continue;
        }
        let message = format!("function `{}` needs {language}, and `{}` is not here", function.function_name, program.display());
        let help = format!("install it ({origin}), or name the program: [lambda] {key} = \"/path/to/{key}\"");
        let finding = match severity {
            Severity::Error => Diagnostic::error("missing-program", message),
            Severity::Warning => Diagnostic::warning("missing-program", message),
        };
        found.push(at(finding.help(help), function));
    }
    found
}

fn settings(definition: &ServerDefinition) -> Settings {
    let lambda = &definition.lambda;
    let defaults = Settings::default();
    Settings {
        reload_interval: defaults.reload_interval.filter(|_| lambda.reload),
        // The server itself writes there.
        reload_left_out: vec![definition.server.data.clone()],
        node: absolute(&lambda.node),
        python: absolute(&lambda.python),
        region: lambda.aws_region.to_string(),
        idle_timeout: lambda.idle_timeout,
        ..defaults
    }
}

/// A path means the same wherever a process starts; a name stays one.
fn absolute(program: &Path) -> PathBuf {
    if program.components().count() < 2 {
        return program.to_owned();
    }
    std::path::absolute(program).unwrap_or_else(|_| program.to_owned())
}

fn registered(function: &LambdaFunction) -> FunctionDefinition {
    let runtime = match function.runtime {
        LambdaRuntime::Nodejs => Runtime::Node,
        LambdaRuntime::Python => Runtime::Python,
        LambdaRuntime::Provided => Runtime::Provided,
    };
    let environment = function.environment.iter().map(|(name, value)| (name.to_string(), value.expose().to_owned()));
    FunctionDefinition {
        environment: environment.collect(),
        timeout: function.timeout,
        memory_mb: function.memory_size,
        concurrency: function.reserved_concurrent_executions,
        credentials: function.credentials.as_ref().map(|credentials| Credentials {
            access_key_id: credentials.access_key_id.to_string(),
            secret_access_key: credentials.secret_access_key.expose().to_owned(),
            session_token: credentials.session_token.as_ref().map(|token| token.expose().to_owned()),
        }),
        ..FunctionDefinition::new(&*function.function_name, runtime, function.code.clone(), &*function.handler)
    }
}

/// Whether there is such a program: at its path, or by its name in one of the folders of `path`.
fn is_program(program: &Path, path: Option<&OsStr>) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let executable = |file: &Path| {
        std::fs::metadata(file).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    };
    if program.components().count() > 1 {
        return executable(program);
    }
    path.is_some_and(|path| env::split_paths(path).any(|folder| executable(&folder.join(program))))
}

fn at(diagnostic: Diagnostic, function: &LambdaFunction) -> Diagnostic {
    match &function.place {
        Some(place) => diagnostic.at(&place.source, place.span.clone()),
        None => diagnostic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_by_name_or_path() {
        let here = env::current_exe().expect("this is a program");
        let folder = here.parent().expect("it is in a folder").as_os_str();
        let name = Path::new(here.file_name().expect("it has a name"));
        for (program, path, expected) in [
            (here.as_path(), None, true),
            (name, Some(folder), true),
            (name, Some(OsStr::new("/nowhere")), false),
            (name, None, false),
            (Path::new("/nowhere/node"), Some(folder), false),
            // A folder is no program.
            (Path::new("/tmp/"), None, false),
        ] {
            assert_eq!(is_program(program, path), expected, "{} in {path:?}", program.display());
        }
    }
}
