//! The programs that people use on AWS's services: boto3 and the AWS CLI, as `scripts/clients` installs them.

use std::path::Path;
use std::process::Command;

use value::Value;

use super::dynamodb_servers::python_program;
use super::{Definition, Output, run};

/// A program with credentials, and nothing of the caller's settings for AWS or proxies.
pub(crate) fn program(name: &str, folder: &Path, credentials: (&str, &str)) -> Command {
    prepared(Command::new(python_program(name)), folder, credentials)
}

/// Runs a shell's commands in a folder; `aws` is the one that `scripts/clients` installed.
pub(crate) fn shell(script: &str, folder: &Path, credentials: (&str, &str)) -> Output {
    let mut command = prepared(Command::new("sh"), folder, credentials);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = python_program("aws").parent().map(Path::to_owned);
    let path = std::env::join_paths(installed.into_iter().chain(std::env::split_paths(&path))).expect("folders");
    command.args(["-c", script]).env("PATH", path);
    run(command)
}

fn prepared(mut command: Command, folder: &Path, (key, secret): (&str, &str)) -> Command {
    for (name, _) in std::env::vars_os() {
        let upper = name.to_string_lossy().to_uppercase();
        if upper.starts_with("AWS_") || upper.ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
    command.envs([("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret)]);
    command.envs([("AWS_DEFAULT_REGION", "us-east-1"), ("AWS_EC2_METADATA_DISABLED", "true"), ("PYTHONUTF8", "1")]);
    command.env("HOME", folder).current_dir(folder);
    command
}

/// Runs a script of `tests/clients/` with boto3, which says `passed`.
#[track_caller]
pub(crate) fn check_with_boto3(script: &str, folder: &Path, credentials: (&str, &str), arguments: &[&str]) {
    let mut command = program("python", folder, credentials);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script)).args(arguments);
    let output = run(command);
    assert_eq!((output.code, output.stdout.as_str()), (Some(0), "passed\n"), "{script} {arguments:?}\n{}", output.stderr);
}

/// The AWS CLI on an endpoint.
pub(crate) struct Cli<'a> {
    pub(crate) definition: &'a Definition,
    pub(crate) endpoint: String,
    pub(crate) credentials: (&'a str, &'a str),
}

impl Cli<'_> {
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = program("aws", &self.definition.path("."), self.credentials);
        command.args(["--output", "json", "--endpoint-url", &self.endpoint]).args(arguments);
        run(command)
    }

    #[track_caller]
    pub(crate) fn succeeds(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        match output.stdout.trim() {
            "" => Value::Null,
            text => Value::parse(text.as_bytes()).expect("JSON"),
        }
    }

    #[track_caller]
    pub(crate) fn fails(&self, arguments: &[&str], expected: &str) {
        let output = self.run(arguments);
        assert!(output.code != Some(0) && output.stderr.contains(expected), "{expected}: {output:?}");
    }
}
