//! The command line: one thin file per subcommand. Results go to standard output, logs to standard error.

mod check;
mod serve;
mod summary;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::diagnostic::wants_color;
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
