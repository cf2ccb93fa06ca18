//! The real binary as a child process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::NamedTempFile;

use super::Client;

/// The binary under test, free of the caller's environment.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_syncgate"));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("SYNCGATE_")) {
            command.env_remove(name);
        }
    }
    command.env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// What a process that has ended left behind.
#[derive(Debug)]
pub(crate) struct Output {
    /// Its exit code.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

/// Runs a command to its end.
pub(crate) fn run(mut command: Command) -> Output {
    let output = command.output().expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("output in UTF-8");
    Output { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A serving process. It is stopped when this goes away, and what it wrote to standard error is shown if the test has failed.
pub(crate) struct Server {
    child: Child,
    log: NamedTempFile,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What it printed when it was ready.
    pub(crate) summary: String,
}

impl Server {
    /// Starts the command and waits for its summary.
    pub(crate) fn start(mut command: Command) -> Self {
        let log = tempfile::NamedTempFile::new().expect("a temporary file");
        command.stderr(log.reopen().expect("the same file")).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let mut out = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
        let summary = read_summary(&mut out);
        let address = address(&summary);
        let server = Self { child, log, address: address.unwrap_or(([127, 0, 0, 1], 0).into()), summary };
        assert!(address.is_some(), "the server did not start:\n{}{}", server.summary, server.log());
        server
    }

    /// A client of it.
    pub(crate) fn client(&self) -> Client {
        Client { address: self.address }
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to standard error so far.
    pub(crate) fn log(&self) -> String {
        super::read(self.log.path())
    }

    /// Asks it to stop, as a service manager does.
    pub(crate) fn terminate(&self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("the id of a child");
        kill_process(pid, Signal::TERM).expect("the child is there");
    }

    /// Kills it, without a chance to say anything.
    pub(crate) fn kill(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("the child is ours");
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("the child ends")
    }
}

impl Drop for Server {
    #[expect(clippy::print_stderr, reason = "shown with the failure of the test")]
    fn drop(&mut self) {
        // Both fail only for a child that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            eprintln!("--- the server's standard error:\n{log}---");
        }
    }
}

/// The lines up to the summary's last one.
pub(crate) fn read_summary(out: &mut impl BufRead) -> String {
    let mut summary = String::new();
    loop {
        let at = summary.len();
        match out.read_line(&mut summary) {
            Ok(0) | Err(_) => return summary,
            Ok(_) if summary[at..].trim_start().starts_with("Warnings") => return summary,
            Ok(_) => {}
        }
    }
}

/// The address in a summary's first endpoint.
fn address(summary: &str) -> Option<SocketAddr> {
    let (_, rest) = summary.split_once("http://")?;
    let (host, _) = rest.split_once('/')?;
    host.replace("localhost", "127.0.0.1").parse().ok()
}
