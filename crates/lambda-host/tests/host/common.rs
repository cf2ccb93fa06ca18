//! A host with functions from texts, for the tests of this folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lambda_host::{FunctionDefinition, Invocation, InvokeRequest, LambdaHost, LogSink, Runtime, Settings};
use serde_json::Value;
use tempfile::TempDir;

/// A host, its functions' folders, and the lines that they wrote.
pub(crate) struct Fixture {
    pub(crate) host: LambdaHost,
    pub(crate) lines: Arc<Mutex<Vec<Line>>>,
    folders: Vec<TempDir>,
}

/// A captured line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) request_id: Option<String>,
    pub(crate) text: String,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let mut settings = Settings {
            // Handlers of these tests write to their folders; those about reload set it.
            reload_interval: None,
            event_retry_delays: vec![Duration::from_millis(20), Duration::from_millis(40)],
            log_sink: Some(LogSink::new(move |line| {
                let line = Line { request_id: line.request_id.map(str::to_owned), text: line.text.to_owned() };
                sink.lock().expect("nobody panicked").push(line);
            })),
            ..Settings::default()
        };
        change(&mut settings);
        Self { host: LambdaHost::new(settings), lines, folders: Vec::new() }
    }

    /// Registers a function from files and gives its folder.
    pub(crate) fn add(
        &mut self,
        name: &str,
        runtime: Runtime,
        handler: &str,
        files: &[(&str, &str)],
        change: impl FnOnce(&mut FunctionDefinition),
    ) -> std::path::PathBuf {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().to_owned();
        for (file, text) in files {
            write(&path, file, text);
        }
        let mut definition = FunctionDefinition::new(name, runtime, &path, handler);
        // Long enough for a loaded machine; tests about time set their own.
        definition.timeout = Duration::from_secs(60);
        change(&mut definition);
        self.host.register(definition).expect("the definition is valid");
        self.folders.push(folder);
        path
    }

    /// A Node.js function of one CommonJS file.
    pub(crate) fn node(&mut self, name: &str, code: &str) -> std::path::PathBuf {
        self.add(name, Runtime::Node, "index.handler", &[("index.js", code)], |_| {})
    }

    /// A Python function of one file.
    pub(crate) fn python(&mut self, name: &str, code: &str) -> std::path::PathBuf {
        self.add(name, Runtime::Python, "app.handler", &[("app.py", code)], |_| {})
    }

    pub(crate) async fn invoke(&self, name: &str, event: &str) -> Invocation {
        self.host.invoke(name, InvokeRequest::new(event.to_owned())).await.expect("the function is there")
    }

    /// The answer of a function that succeeds.
    pub(crate) async fn answer(&self, name: &str, event: &str) -> Value {
        let invocation = self.invoke(name, event).await;
        assert_eq!(invocation.function_error, None, "{name}: {}", start(&invocation));
        serde_json::from_slice(&invocation.payload).expect("the answer is JSON")
    }

    /// Type and message of a function's failure.
    pub(crate) async fn failure(&self, name: &str, event: &str) -> (String, String) {
        let invocation = self.invoke(name, event).await;
        assert!(invocation.function_error.is_some(), "{name}: {}", start(&invocation));
        let error: Value = serde_json::from_slice(&invocation.payload).expect("the error is JSON");
        let text = |key: &str| error[key].as_str().unwrap_or_default().replace(&invocation.request_id, "ID");
        (text("errorType"), text("errorMessage"))
    }
}

/// The beginning of a payload, for messages.
fn start(invocation: &Invocation) -> String {
    String::from_utf8_lossy(&invocation.payload).chars().take(500).collect()
}

pub(crate) fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().expect("it is in a folder")).expect("the folder is writable");
    fs::write(&path, text).expect("the folder is writable");
    if file == "bootstrap" {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    }
}

/// Whether a process lives; one that ended and waits for its parent does not.
pub(crate) fn lives(pid: i64) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, fields)| !matches!(fields.trim_start().chars().next(), Some('Z' | 'X')))
}

/// Waits until the condition holds; a test that hangs here fails by the limit.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}
