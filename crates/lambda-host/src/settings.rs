//! What holds for every function of a host. The defaults are AWS's where AWS has one.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The largest payload of an invocation that is waited for (Lambda quotas: 6 MB).
pub const REQUEST_LIMIT: usize = 6 << 20;
/// The largest payload of an `Event` (Lambda quotas: 1 MB since October 2025).
pub const EVENT_LIMIT: usize = 1 << 20;
/// The largest answer of a function: 6 MB, and what Lambda adds to it.
pub const RESPONSE_LIMIT: usize = (6 << 20) + 100;

/// Settings of a [`LambdaHost`](crate::LambdaHost).
#[derive(Clone, Debug)]
pub struct Settings {
    /// The Node.js program: a path, or a name that is looked up in `PATH`.
    pub node: PathBuf,
    /// The Python program, likewise.
    pub python: PathBuf,
    /// `AWS_REGION`, also in the functions' ARNs.
    pub region: String,
    /// The account id in the functions' ARNs.
    pub account_id: String,
    /// How long a process may take to its first `next`. AWS: 10 seconds; afterwards the initialization runs once more as part of
    /// the invocation, under the function's own timeout.
    pub init_timeout: Duration,
    /// A process that had nothing to do for so long is ended.
    pub idle_timeout: Duration,
    /// How many invocations of one function may wait for a process. One more gets
    /// [`TooManyRequests`](crate::InvokeError::TooManyRequests).
    pub queue_limit: usize,
    /// How many bytes of `RequestResponse` payloads the host holds, waiting or running, over all functions. One more gets
    /// [`TooManyRequests`](crate::InvokeError::TooManyRequests).
    pub payload_bytes: usize,
    /// How many bytes of `Event` payloads the host holds, waiting or running; each counts as 64 KiB at least.
    pub event_queue_bytes: usize,
    /// The waits before an `Event` whose function failed is tried again. AWS: one minute, then two minutes.
    pub event_retry_delays: Vec<Duration>,
    /// How often at most the code folder is looked through for changes; zero: at every invocation; `None`: never.
    pub reload_interval: Option<Duration>,
    /// Folders whose files are no code, wherever a code folder holds them: data that the process itself writes.
    pub reload_left_out: Vec<PathBuf>,
    /// The largest payload of a `RequestResponse` invocation: 6 MiB.
    pub request_limit: usize,
    /// The largest payload of an `Event` invocation: 1 MiB (256 KiB until October 2025).
    pub event_limit: usize,
    /// The largest answer of a function: 6 MiB and 100 bytes.
    pub response_limit: usize,
    /// Where the functions' output goes besides `tracing`.
    pub log_sink: Option<LogSink>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            node: "node".into(),
            python: "python3".into(),
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            init_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(300),
            queue_limit: 5_000,
            payload_bytes: 512 << 20,
            event_queue_bytes: 64 << 20,
            event_retry_delays: vec![Duration::from_secs(60), Duration::from_secs(120)],
            reload_interval: Some(Duration::from_millis(500)),
            reload_left_out: Vec::new(),
            request_limit: REQUEST_LIMIT,
            event_limit: EVENT_LIMIT,
            response_limit: RESPONSE_LIMIT,
            log_sink: None,
        }
    }
}

/// Called with each line that a function writes. It runs on the thread that serves the function: it must neither block nor call
/// the host.
#[derive(Clone)]
pub struct LogSink(Arc<dyn Fn(&LogLine<'_>) + Send + Sync>);

impl LogSink {
    /// A sink that calls `write` with each line.
    pub fn new(write: impl Fn(&LogLine<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(write))
    }

    pub(crate) fn write(&self, line: &LogLine<'_>) {
        (self.0)(line);
    }
}

impl fmt::Debug for LogSink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("LogSink")
    }
}

/// A line that a function wrote.
#[derive(Clone, Copy, Debug)]
pub struct LogLine<'a> {
    /// The function's name.
    pub function: &'a str,
    /// `AWS_LAMBDA_LOG_STREAM_NAME` of the process.
    pub log_stream: &'a str,
    /// The invocation that runs, or ran last; `None` during initialization.
    pub request_id: Option<&'a str>,
    /// Who wrote it.
    pub stream: Stream,
    /// The text without its line end.
    pub text: &'a str,
}

/// Who wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// Lambda itself: that the process ended, or that the time was up.
    Platform,
}
