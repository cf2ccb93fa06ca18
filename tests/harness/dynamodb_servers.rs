//! Independent servers of DynamoDB's API that tests compare with: dynalite (Node.js) and moto's server (Python).
//!
//! `scripts/clients` installs them, with the versions pinned in `tests/clients/`. Each test gets a server of its own: on a free
//! port, its data in memory, gone with the value, and gone as well when the test process is killed. Tests of other packages
//! take this file in by its path.

#![allow(dead_code, reason = "every test binary uses another part")]

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

/// How long a server may take until it listens; a Python that starts for the first time on a busy machine takes its time.
const PATIENCE: Duration = Duration::from_secs(120);

/// The file in a server's folder that it writes to.
const LOG: &str = "log";

/// Whether tests that need installed programs run. They fail where the programs are missing, unless they are to be left out,
/// which is said loudly.
pub(crate) fn servers_are_wanted() -> bool {
    let skipped = std::env::var_os("SYNCGATE_SKIP_SERVERS").is_some_and(|text| text == "1");
    if skipped {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        #[allow(clippy::print_stderr, reason = "a test that does not run must be seen")]
        {
            eprintln!("SKIPPED: {test}: SYNCGATE_SKIP_SERVERS=1 leaves out what runs against other servers of DynamoDB's API");
        }
    }
    !skipped
}

/// A program that npm installed, `dynalite` for instance.
pub(crate) fn node_program(name: &str) -> PathBuf {
    let pins = ("package-lock.json", include_str!("../clients/node/package-lock.json"));
    installed("node", pins).join("node_modules/.bin").join(name)
}

/// The folder of the packages that npm installed by the pins of `tests/clients/node_old/`: clients that want a graphql of their time.
pub(crate) fn old_node_packages() -> PathBuf {
    installed("node_old", ("package-lock.json", include_str!("../clients/node_old/package-lock.json"))).join("node_modules")
}

/// A program that pip installed: `moto_server`, `aws`, or a `python` that has boto3.
pub(crate) fn python_program(name: &str) -> PathBuf {
    installed("python", ("requirements.txt", include_str!("../clients/python/requirements.txt"))).join("bin").join(name)
}

/// The folder below `kind` whose copy of the pins is the one that this was built with.
fn installed(kind: &str, (file, pins): (&str, &str)) -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let root = cache.or_else(home).expect("HOME or XDG_CACHE_HOME").join("syncgate/clients").join(kind);
    let folders = std::fs::read_dir(&root).into_iter().flatten().flatten().map(|entry| entry.path());
    // Not through the link `current`, which may come to lead elsewhere while a test runs.
    let folders = folders.filter(|path| !path.is_symlink());
    let complete = |folder: &PathBuf| {
        folder.join(".complete").exists() && std::fs::read_to_string(folder.join(file)).is_ok_and(|text| text == pins)
    };
    folders.into_iter().find(complete).unwrap_or_else(|| {
        panic!(
            "the programs of tests/clients/{kind} are not installed below {}: run scripts/clients, or set \
             SYNCGATE_SKIP_SERVERS=1 to leave out the tests that need them",
            root.display()
        )
    })
}

/// A program in a process group of its own that ends with this process, however that goes: a shell holds the pipe from it.
pub(crate) fn held(program: &Path) -> Command {
    const HOLD: &str = r#"exec 3<&0; "$@" </dev/null 3<&- & server=$!
        { cat <&3 >/dev/null; kill -9 "$server"; } 2>/dev/null & wait "$server""#;
    let mut command = Command::new("sh");
    command.args(["-c", HOLD, "sh"]).arg(program).process_group(0).stdin(Stdio::piped());
    command
}

/// Kills what [`held`] started, and what that started.
pub(crate) fn kill_held(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
}

/// A running server. It is stopped when this goes away.
pub(crate) struct DynamodbServer {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl DynamodbServer {
    /// dynalite 4: items and expressions are checked as AWS does; no transactions, no PartiQL, no time to live.
    pub(crate) fn dynalite() -> Self {
        let arguments = ["--host", "127.0.0.1", "--createTableMs", "0", "--deleteTableMs", "0", "--updateTableMs", "0"];
        Self::start(&node_program("dynalite"), &arguments, "--port", "listening at")
    }

    /// moto's server: has transactions and PartiQL, checks little, closes each connection.
    pub(crate) fn moto() -> Self {
        Self::start(&python_program("moto_server"), &["-H", "127.0.0.1"], "-p", "Running on")
    }

    /// Its URL.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn start(program: &Path, arguments: &[&str], port_option: &str, ready: &str) -> Self {
        // Between finding a free port and listening on it somebody else may take it.
        for _ in 0..5 {
            let mut server = Self::spawn(program, arguments, port_option);
            let start = Instant::now();
            loop {
                // Its own word, not an answer on the port, which could be another server's.
                if server.log().contains(ready) {
                    return server;
                }
                if server.child.try_wait().expect("the state of a child").is_some() {
                    break;
                }
                assert!(start.elapsed() < PATIENCE, "{} does not listen:\n{}", program.display(), server.log());
                std::thread::sleep(Duration::from_millis(20));
            }
            let log = server.log();
            let taken = log.contains("EADDRINUSE") || log.contains("in use");
            assert!(taken, "{} has ended:\n{log}", program.display());
        }
        panic!("{} found no free port", program.display())
    }

    fn spawn(program: &Path, arguments: &[&str], port_option: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = std::fs::File::create(folder.path().join(LOG)).expect("a file for what the server writes");
        let child = held(program)
            .args(arguments)
            .args([port_option, &free.port().to_string()])
            .env("PYTHONUNBUFFERED", "1")
            .current_dir(folder.path())
            .stdout(log.try_clone().expect("the same file"))
            .stderr(log)
            .spawn()
            .expect("a shell");
        Self { child, folder, port: free.port() }
    }

    /// What it has written so far.
    pub(crate) fn log(&self) -> String {
        let log = std::fs::read(self.folder.path().join(LOG)).expect("the file that the server writes to");
        String::from_utf8_lossy(&log).into_owned()
    }
}

impl Drop for DynamodbServer {
    fn drop(&mut self) {
        kill_held(&mut self.child);
    }
}
