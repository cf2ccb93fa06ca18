//! What a warm invocation costs: wall time, processor time of this process, and processor time of the handler's process.
//!
//! `cargo bench -p lambda-host --bench warm`. Processor time comes from `/proc`, so it runs on Linux only. "Of ours" is what the
//! host spends, plus what the bootstrap spends beyond the bare handler (JSON in, JSON out), which a second function measures inside
//! one process without the Runtime API.

use std::fs;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use lambda_host::{FunctionDefinition, InvokeRequest, LambdaHost, Runtime, Settings};

const ROUNDS: u32 = 5_000;
const NODE: &str = "exports.handler = async (event) => event === 0 ? process.pid : event;";
/// The handler's own work as often as asked, in microseconds of processor time for each call.
const NODE_BARE: &str = "exports.handler = async ([text, rounds]) => { const handler = async (event) => event; const call = async () => JSON.stringify(await handler(JSON.parse(text))); for (let i = 0; i < rounds; i++) await call(); const start = process.cpuUsage(); for (let i = 0; i < rounds; i++) await call(); const { user, system } = process.cpuUsage(start); return (user + system) / rounds; };";
const PYTHON: &str = "import os\ndef handler(event, context):\n    return os.getpid() if event == 0 else event\n";

/// The processor time of all threads of a process. The scheduler counts nanoseconds; the ticks of `/proc/PID/stat` would miss most
/// of such short turns.
fn processor_time(process: &str) -> Duration {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let schedstats = threads.filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok());
    schedstats.filter_map(|text| text.split_ascii_whitespace().next()?.parse().ok()).map(Duration::from_nanos).sum()
}

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    // In a task, as a server's handlers run.
    runtime.block_on(async { tokio::spawn(measure()).await.map_err(io::Error::other)? })
}

async fn measure() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    for (file, code) in [("index.js", NODE), ("bare.js", NODE_BARE), ("app.py", PYTHON)] {
        fs::write(folder.path().join(file), code)?;
    }
    let host = LambdaHost::new(Settings::default());
    for (name, runtime, handler) in [
        ("node", Runtime::Node, "index.handler"),
        ("bare", Runtime::Node, "bare.handler"),
        ("python", Runtime::Python, "app.handler"),
    ] {
        let mut definition = FunctionDefinition::new(name, runtime, folder.path(), handler);
        definition.timeout = Duration::from_secs(60);
        host.register(definition).map_err(io::Error::other)?;
    }
    let mut out = io::stdout();
    let event = r#"{"arguments":{"id":"42"},"identity":null,"source":{"title":"A title","tags":["a","b","c"]}}"#;
    let request = || InvokeRequest::new(event);
    let bare = format!("[{},20000]", serde_json::Value::from(event));
    let bare = host.invoke("bare", InvokeRequest::new(bare)).await.map_err(io::Error::other)?;
    writeln!(out, "node: bare handler {} us of processor time", String::from_utf8_lossy(&bare.payload))?;
    for name in ["node", "python"] {
        let started = Instant::now();
        let pid = host.invoke(name, InvokeRequest::new("0")).await.map_err(io::Error::other)?.payload;
        writeln!(out, "{name}: cold start {:?}", started.elapsed())?;
        let pid = String::from_utf8_lossy(&pid).into_owned();
        for _ in 0..ROUNDS {
            let invocation = host.invoke(name, request()).await.map_err(io::Error::other)?;
            if invocation.function_error.is_some() {
                return Err(io::Error::other(String::from_utf8_lossy(&invocation.payload).into_owned()));
            }
        }
        let (own, handler, started) = (processor_time("self"), processor_time(&pid), Instant::now());
        for _ in 0..ROUNDS {
            let invocation = host.invoke(name, request()).await.map_err(io::Error::other)?;
            if invocation.function_error.is_some() {
                return Err(io::Error::other(String::from_utf8_lossy(&invocation.payload).into_owned()));
            }
        }
        let same = host.invoke(name, InvokeRequest::new("0")).await.map_err(io::Error::other)?.payload == pid;
        if !same {
            return Err(io::Error::other("the process was replaced meanwhile: measure again"));
        }
        let each = |total: Duration| total.as_secs_f64() * 1e6 / f64::from(ROUNDS);
        writeln!(
            out,
            "{name}: {:.1} us wall, {:.1} us processor time of the host, {:.1} us of the process",
            each(started.elapsed()),
            each(processor_time("self").saturating_sub(own)),
            each(processor_time(&pid).saturating_sub(handler))
        )?;
    }
    host.shutdown().await;
    Ok(())
}
