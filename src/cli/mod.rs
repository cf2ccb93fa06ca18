//! The command line: one thin file per subcommand. Results go to standard output, logs to standard error.

mod check;
mod client;
mod engines;
mod evaluate;
mod event_rule;
mod open_files;
mod query;
mod realtime;
mod record;
mod seed;
mod serve;
mod subscribe;
mod summary;
mod test;
pub mod token;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use self::evaluate::EvaluateArguments;
use self::query::QueryArguments;
use self::record::RecordArguments;
use self::subscribe::SubscribeArguments;
use self::test::TestArguments;
use self::token::TokenArguments;
use crate::diagnostic::{Diagnostic, render, wants_color};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// AWS AppSync on your own machine.
#[derive(Debug, Parser)]
#[command(name = "syncgate", version, about, args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the APIs of a configuration file (the default command).
    Serve(ServeArguments),
    /// Report everything that is wrong with a definition, or with single files, and run nothing.
    Check(CheckArguments),
    /// Evaluate a step of resolver code, or a template, with a context of your own.
    #[command(after_help = evaluate::HELP)]
    Evaluate(EvaluateArguments),
    /// Run test cases of resolvers, offline: no data source is called.
    #[command(after_help = test::HELP)]
    Test(TestArguments),
    /// Write files of items into tables, which are made when missing.
    #[command(after_help = SEED_HELP)]
    Seed(SeedArguments),
    /// Send a query or mutation to the running server, as somebody whom the definition knows.
    #[command(after_help = query::HELP)]
    Query(QueryArguments),
    /// Send a query or mutation to the running server, and write what its resolvers did as test cases.
    #[command(after_help = record::HELP)]
    Record(RecordArguments),
    /// Subscribe at the running server, as somebody whom the definition knows, and print what comes until Ctrl-C.
    #[command(after_help = subscribe::HELP)]
    Subscribe(SubscribeArguments),
    /// Print a token that a local user pool signs, for a user of the definition or of any name.
    #[command(after_help = token::HELP)]
    Token(TokenArguments),
}

#[derive(Clone, Debug, Args)]
struct ServeArguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "config.toml")]
    config: PathBuf,
    /// The port to listen on; 0 takes a free one.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// The address to listen on.
    #[arg(long, value_name = "ADDRESS")]
    host: Option<String>,
    /// The folder that keeps what the server must remember.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Store nothing: tables are empty at each start, and the data folder is not touched.
    #[arg(long)]
    ephemeral: bool,
    /// How log lines look.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: Format,
}

#[derive(Clone, Debug, Args)]
struct CheckArguments {
    /// Schema documents (.graphql), templates (.vtl) and resolver code (.js, .ts) to check each for itself, instead of a
    /// definition.
    files: Vec<PathBuf>,
    /// The configuration file of the definition.
    #[arg(long, value_name = "FILE", default_value = "config.toml")]
    config: PathBuf,
    /// How findings are printed; single files always give one JSON object each with `json`.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Refuse what AppSync refuses, also where Syncgate could run it.
    #[arg(long)]
    strict: bool,
}

const SEED_HELP: &str = "\
A file is a JSON list of items, JSON Lines (an item on each line), what `aws dynamodb scan` prints, or what
`aws dynamodb batch-write-item` takes, which names its tables itself.

Items are plain JSON, {\"id\": \"1\", \"n\": 3}, or DynamoDB's, {\"id\": {\"S\": \"1\"}, \"n\": {\"N\": \"3\"}}, by itself or as
{\"Item\": ...} as in exports. The first item of a file decides: DynamoDB's if each of its attributes is an object with
one member that is named after a type and has its form, else plain.

An item that is there already is replaced. The first item that is refused stops the command, which says where it stands
and how many were written.";

#[derive(Clone, Debug, Args)]
struct SeedArguments {
    /// The files; without any, those that `seed` of each [[table]] names.
    files: Vec<PathBuf>,
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "config.toml")]
    config: PathBuf,
    /// The table; else the one that is called like the file, or the only one of the configuration.
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// How items are written, instead of what the first item of each file says.
    #[arg(long, value_name = "FORMAT")]
    format: Option<SeedFormat>,
    /// Delete the table with its items first, and make it as the configuration says.
    #[arg(long, requires = "table")]
    recreate: bool,
    /// The address of DynamoDB's API to write to, a running server's for instance, instead of the data folder.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// The folder that keeps what the server must remember.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SeedFormat {
    /// Plain JSON.
    Plain,
    /// DynamoDB's JSON.
    Dynamodb,
}

impl SeedFormat {
    fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Dynamodb => "dynamodb",
        }
    }
}

impl From<SeedFormat> for crate::table::ItemFormat {
    fn from(format: SeedFormat) -> Self {
        match format {
            SeedFormat::Plain => Self::Plain,
            SeedFormat::Dynamodb => Self::Dynamodb,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Runs the command line `arguments` (the program's name first).
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let line = match CommandLine::try_parse_from(arguments) {
        Ok(line) => line,
        Err(error) => {
            // Printing can only fail when nobody listens.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match line.command {
        Some(Command::Check(arguments)) => check::run(&arguments),
        Some(Command::Evaluate(arguments)) => evaluate::run(&arguments),
        Some(Command::Test(arguments)) => test::run(&arguments),
        Some(Command::Seed(arguments)) => seed::run(&arguments),
        Some(Command::Query(arguments)) => query::run(&arguments),
        Some(Command::Record(arguments)) => record::run(&arguments),
        Some(Command::Subscribe(arguments)) => subscribe::run(&arguments),
        Some(Command::Token(arguments)) => token::run(&arguments),
        Some(Command::Serve(arguments)) => serve::run(&arguments),
        None => serve::run(&line.serve),
    }
}

/// Whether standard output is a terminal that wants colours.
fn colors() -> bool {
    wants_color(std::io::stdout().is_terminal(), std::env::var_os("NO_COLOR").as_deref())
}

/// Prints to standard output; a closed pipe is not an error of ours.
fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Prints to standard error.
fn print_error(text: &str) {
    use std::io::Write;
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// What is said on standard error when a command cannot do what was asked; each line of `help` is a way out.
fn error(message: impl std::fmt::Display, help: &str) -> String {
    let help: String = help.lines().map(|line| format!("  = help: {line}\n")).collect();
    format!("error: {message}\n{help}")
}

/// Findings about a definition, as they stand on standard error.
fn findings(diagnostics: &[Diagnostic]) -> String {
    render(diagnostics, wants_color(std::io::stderr().is_terminal(), std::env::var_os("NO_COLOR").as_deref()))
}
