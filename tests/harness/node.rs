//! Scripts and servers for Node.js with the packages that `scripts/clients` installs.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use super::Client;
use super::dynamodb_servers::{held, kill_held, node_program, old_node_packages};

/// How long a server may take until it listens; Node.js with many packages takes its time on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Node.js on a script. It is copied into `folder`, where its imports find the packages: Node.js looks for them beside the script.
pub(crate) fn node(folder: &Path, name: &str, script: &str) -> Command {
    with_packages(folder, name, script);
    on(folder, name)
}

/// As [`node`], with the packages of `tests/clients/node_old/`.
pub(crate) fn old_node(folder: &Path, name: &str, script: &str) -> Command {
    beside(&old_node_packages(), folder, name, script);
    on(folder, name)
}

fn on(folder: &Path, name: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(name).current_dir(folder);
    without_settings(&mut command);
    command
}

fn with_packages(folder: &Path, name: &str, script: &str) {
    let packages = node_program("any").ancestors().nth(2).expect("node_modules/.bin/any").to_owned();
    beside(&packages, folder, name, script);
}

fn beside(packages: &Path, folder: &Path, name: &str, script: &str) {
    std::fs::create_dir_all(folder).expect("a folder for the script");
    std::fs::write(folder.join(name), script).expect("a script");
    let link = folder.join("node_modules");
    if !link.exists() {
        std::os::unix::fs::symlink(packages, link).expect("a link to the packages");
    }
}

/// Takes the caller's settings for AWS, Node.js and proxies away.
fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let upper = name.to_string_lossy().to_uppercase();
        if upper.starts_with("AWS_") || upper.starts_with("NODE_") || upper.ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
}

/// A server that Node.js runs beside the one under test, on a free port. It is stopped when this goes away.
pub(crate) struct NodeServer {
    /// `None` when it was killed.
    child: Option<Child>,
    log: NamedTempFile,
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub(crate) url: String,
}

impl NodeServer {
    /// Runs a script with these arguments; it prints `ready URL` when it listens.
    pub(crate) fn script(folder: &Path, name: &str, script: &str, arguments: &[&str]) -> Self {
        with_packages(folder, name, script);
        let mut command = held(Path::new("node"));
        command.arg(name).args(arguments).current_dir(folder);
        Self::start(command, "ready ").unwrap_or_else(|log| panic!("{name} does not listen:\n{log}"))
    }

    /// Runs an installed program that takes its address from `HOST` and `PORT`, and prints it after the words `ready`.
    pub(crate) fn program(folder: &Path, name: &str, ready: &str) -> Self {
        let mut said = String::new();
        // Between finding a free port and listening on it somebody else may take it.
        for _ in 0..5 {
            let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
            let mut command = held(&node_program(name));
            command.envs([("HOST", "127.0.0.1"), ("PORT", &free.port().to_string())]).current_dir(folder);
            match Self::start(command, ready) {
                Ok(server) => return server,
                Err(log) => said = log,
            }
            assert!(said.contains("EADDRINUSE"), "{name} does not listen:\n{said}");
        }
        panic!("{name} finds no free port:\n{said}")
    }

    /// Starts it, and waits for the address after the words `ready`; what it said instead.
    fn start(mut command: Command, ready: &str) -> Result<Self, String> {
        without_settings(&mut command);
        let log = NamedTempFile::new().expect("a temporary file");
        command.stdout(log.reopen().expect("the same file")).stderr(log.reopen().expect("the same file"));
        let child = command.spawn().expect("a shell");
        let mut server = Self { child: Some(child), log, url: String::new() };
        let start = Instant::now();
        loop {
            let ended = server.child.as_mut().is_none_or(|child| child.try_wait().expect("the state of a child").is_some());
            let log = super::read(server.log.path());
            if let Some((line, _)) = log.split_once(ready).and_then(|(_, rest)| rest.split_once('\n')) {
                // Colours follow the address on some lines.
                server.url = line.split(['\u{1b}', ' ']).next().unwrap_or_default().to_owned();
                return Ok(server);
            }
            if ended || start.elapsed() > PATIENCE {
                return Err(log);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A client of it.
    pub(crate) fn client(&self) -> Client {
        let address = self.url.strip_prefix("http://").and_then(|address| address.parse().ok());
        Client { address: address.unwrap_or_else(|| panic!("no address: {}", self.url)) }
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            kill_held(&mut child);
        }
    }
}

impl Drop for NodeServer {
    fn drop(&mut self) {
        self.kill();
    }
}
