//! Starts a process: its Runtime API, its environment variables, its limits, and the task that owns it until it is gone.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Pid;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::definition::{FunctionDefinition, Runtime};
use crate::environment::Environment;
use crate::failure::{Failure, exit_reason};
use crate::function::{Function, NotStarted};
use crate::host::{NODE_BOOTSTRAP, PYTHON_BOOTSTRAP};
use crate::invocation::InvokeError;
use crate::logs::Logs;
use crate::runtime_api;
use crate::stragglers;

/// A process may hold so many connections to its Runtime API at once.
const CONNECTIONS: usize = 16;
/// What a process may map beyond its function's memory: thread stacks and code space count as they are reserved here, while
/// Lambda counts the pages that are touched.
const MEMORY_ALLOWANCE: u64 = 64 << 20;

/// Starts a process and waits until it asks for its first event.
///
/// Lambda gives the initialization 10 seconds, and when they are over runs it once more as part of the invocation, under the
/// function's own timeout ("Lambda execution environment lifecycle", failures during the init phase).
pub(crate) async fn start(function: &Arc<Function>, generation: u64) -> Result<Arc<Environment>, NotStarted> {
    let timeout = function.definition.timeout;
    match attempt(function, generation, function.shared.settings.init_timeout).await? {
        Ok(environment) => Ok(environment),
        Err(_) => {
            tracing::warn!(
                function = &*function.name,
                "initialization took too long: trying once more under the function's timeout"
            );
            attempt(function, generation, timeout).await?.map_err(|log| NotStarted::Failed(Failure::TimedOut(timeout), log))
        }
    }
}

/// One start. The inner error is a timeout, with the log.
async fn attempt(
    function: &Arc<Function>,
    generation: u64,
    limit: Duration,
) -> Result<Result<Arc<Environment>, String>, NotStarted> {
    let deadline = Instant::now() + limit;
    let (environment, initialized) = spawn(function, generation).await?;
    match timeout_at(deadline, initialized).await {
        Ok(Ok(Ok(()))) => Ok(Ok(environment)),
        Ok(Ok(Err(failure))) => {
            environment.kill();
            Err(NotStarted::Failed(failure, environment.logs.tail()))
        }
        Ok(Err(_)) => Err(NotStarted::Refused(InvokeError::Closed { function: function.definition.name.clone() })),
        Err(_) => {
            environment.kill();
            Ok(Err(environment.logs.tail()))
        }
    }
}

type Initialized = oneshot::Receiver<Result<(), Failure>>;

async fn spawn(function: &Arc<Function>, generation: u64) -> Result<(Arc<Environment>, Initialized), NotStarted> {
    let refused = |error: io::Error| {
        NotStarted::Refused(InvokeError::Start { function: function.definition.name.clone(), reason: error.to_string() })
    };
    let ground = function.shared.ground().await.map_err(refused)?;
    // A port of its own for each process: the path of the Runtime API is fixed, so the port is what tells processes apart.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(refused)?;
    let SocketAddr::V4(api) = listener.local_addr().map_err(refused)? else {
        return Err(refused(io::Error::other("the Runtime API has no IPv4 address")));
    };
    let log_stream = log_stream_name();
    let mut child =
        command(function, ground.folder.path(), api, &log_stream).spawn().map_err(|error| spawn_error(function, &error))?;
    let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let pid = pid.ok_or_else(|| refused(io::Error::other("the process has no id")))?;
    // Dropping the child on the way out kills it.
    ground.guard.add(pid).map_err(refused)?;
    let set_up = || -> io::Result<Logs> {
        limit(pid, &function.definition)?;
        let missing = || io::Error::other("the process has no output");
        let stdout: OwnedFd = child.stdout.take().ok_or_else(missing)?.into_owned_fd()?;
        let stderr: OwnedFd = child.stderr.take().ok_or_else(missing)?.into_owned_fd()?;
        Logs::new(Arc::clone(&function.name), log_stream, function.shared.settings.log_sink.clone(), stdout, stderr)
    };
    let logs = match { set_up }() {
        Ok(logs) => logs,
        Err(error) => {
            ground.guard.remove(pid);
            return Err(refused(error));
        }
    };
    let (environment, initialized) = Environment::new(Arc::clone(function), generation, pid, api, logs);
    function.shared.live.send_modify(|live| *live += 1);
    // A host that was closed in this moment may not have seen the new group.
    if function.shared.is_closed() {
        environment.kill();
    }
    tokio::spawn(own(Arc::clone(&environment), child, listener));
    Ok((environment, initialized))
}

/// Owns the process until it is gone: serves its Runtime API, reads its output, ends it when it was idle for long.
async fn own(environment: Arc<Environment>, mut child: Child, listener: TcpListener) {
    let idle_timeout = environment.function.shared.settings.idle_timeout;
    let mut connections = JoinSet::new();
    let status = {
        let logs = environment.logs.pump();
        let idle = tokio::time::sleep(idle_timeout);
        tokio::pin!(logs, idle);
        let mut logs_ended = false;
        loop {
            tokio::select! {
                status = child.wait() => break status,
                accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                    Ok((stream, SocketAddr::V4(peer))) => {
                        connections.spawn(runtime_api::serve(Arc::clone(&environment), stream, peer));
                    }
                    Ok((_, SocketAddr::V6(_))) => {}
                    // Out of descriptors: the next attempt may find one, and must not spin.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
                Some(_) = connections.join_next() => {}
                () = &mut logs, if !logs_ended => logs_ended = true,
                () = &mut idle => {
                    let left = match environment.idle_for() {
                        Some(idle_for) if idle_for >= idle_timeout => {
                            environment.kill();
                            idle_timeout
                        }
                        Some(idle_for) => idle_timeout - idle_for,
                        None => idle_timeout,
                    };
                    idle.as_mut().reset(Instant::now() + left);
                }
            }
        }
    };
    // What the process left running in its group dies with it.
    if let Some(guard) = environment.function.shared.guard() {
        guard.remove(environment.process);
    }
    // It may have written its answer just before it ended: let the requests that arrived whole be answered.
    let answered = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(Duration::from_secs(1), answered).await;
    connections.shutdown().await;
    let reason = status.map_or_else(|error| format!("Runtime exited with error: {error}"), exit_reason);
    tracing::debug!(function = &*environment.function.name, process = environment.process.as_raw_nonzero(), "{reason}");
    environment.exited(&reason);
    if let Ok(ground) = environment.function.shared.ground().await {
        let (api, folder) = (environment.api, ground.folder.path().to_owned());
        let _ = tokio::task::spawn_blocking(move || stragglers::kill(api, &folder)).await;
    }
    drop(listener);
    environment.function.shared.live.send_modify(|live| *live -= 1);
}

fn command(function: &Function, runtime_folder: &Path, api: SocketAddrV4, log_stream: &str) -> Command {
    let (definition, shared) = (&function.definition, &function.shared);
    let settings = &shared.settings;
    let mut command = match definition.runtime {
        Runtime::Node => {
            let mut command = Command::new(&settings.node);
            // Nine tenths for the heap, as Lambda sets it: the rest is for buffers and code.
            command
                .arg(format!("--max-old-space-size={}", definition.memory_mb / 10 * 9))
                .arg(runtime_folder.join(NODE_BOOTSTRAP));
            command
        }
        Runtime::Python => {
            let mut command = Command::new(&settings.python);
            // Not `-u`: lines are flushed by the bootstrap, which costs less than a write per piece.
            command.arg(runtime_folder.join(PYTHON_BOOTSTRAP));
            command
        }
        Runtime::Provided => Command::new(absolute(&definition.code).join("bootstrap")),
    };
    let code = absolute(&definition.code);
    command.current_dir(&code).env_clear();
    for key in ["PATH", "HOME", "TMPDIR"] {
        command.envs(std::env::var_os(key).map(|value| (key, value)));
    }
    command.env("LANG", "en_US.UTF-8").env("TZ", ":UTC");
    command.envs(&definition.environment);
    command
        .env("_HANDLER", &definition.handler)
        .env("AWS_REGION", &settings.region)
        .env("AWS_DEFAULT_REGION", &settings.region)
        .env("AWS_LAMBDA_FUNCTION_NAME", &definition.name)
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", definition.memory_mb.to_string())
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", definition.name))
        .env("AWS_LAMBDA_LOG_STREAM_NAME", log_stream)
        .env("AWS_LAMBDA_RUNTIME_API", api.to_string())
        .env("LAMBDA_TASK_ROOT", &code)
        .env("LAMBDA_RUNTIME_DIR", runtime_folder);
    if let Some(credentials) = &definition.credentials {
        command
            .env("AWS_ACCESS_KEY_ID", &credentials.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &credentials.secret_access_key)
            .envs(credentials.session_token.as_ref().map(|token| ("AWS_SESSION_TOKEN", token)));
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own, so that whatever it starts ends with it, and Ctrl-C in a terminal reaches the host alone.
    command.process_group(0).kill_on_drop(true);
    command
}

fn absolute(path: &Path) -> std::path::PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn spawn_error(function: &Function, error: &io::Error) -> NotStarted {
    let definition = &function.definition;
    let program = match definition.runtime {
        Runtime::Node => &function.shared.settings.node,
        Runtime::Python => &function.shared.settings.python,
        Runtime::Provided => return NotStarted::Failed(invalid_entrypoint(&definition.code, error), String::new()),
    };
    // The folder the process starts in may be what was not found.
    if error.kind() == io::ErrorKind::NotFound && definition.code.is_dir() {
        let program = program.display().to_string();
        return NotStarted::Refused(InvokeError::RuntimeNotFound { function: definition.name.clone(), program });
    }
    let reason = format!("`{}` in `{}`: {error}", program.display(), definition.code.display());
    NotStarted::Refused(InvokeError::Start { function: definition.name.clone(), reason })
}

/// The words have the path that the file has on Lambda: who invokes a function need not know where its code lies on this machine.
fn invalid_entrypoint(code: &Path, error: &io::Error) -> Failure {
    let bootstrap = code.join("bootstrap");
    tracing::warn!("cannot run {}: {error}", bootstrap.display());
    let reason = match std::fs::metadata(&bootstrap) {
        Err(_) => "Couldn't find valid bootstrap(s): [/var/task/bootstrap]".to_owned(),
        Ok(metadata) if metadata.permissions().mode() & 0o111 == 0 => {
            "fork/exec /var/task/bootstrap: permission denied (is the file executable?)".to_owned()
        }
        Ok(_) => format!("fork/exec /var/task/bootstrap: {error}"),
    };
    Failure::InvalidEntrypoint(reason)
}

/// Caps what the process and each of its children may allocate. The limit of memory is on private writable memory: a limit on address space
/// would refuse Node.js and Go, which reserve far more than they use; a control group would need rights that a developer's shell
/// seldom has.
#[cfg(target_os = "linux")]
fn limit(process: Pid, definition: &FunctionDefinition) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, prlimit};

    let memory = (u64::from(definition.memory_mb) << 20) + MEMORY_ALLOWANCE;
    // Without core dumps, which would be written to the code folder, as large as the process.
    for (resource, limit) in [(Resource::Data, memory), (Resource::Core, 0)] {
        match prlimit(Some(process), resource, Rlimit { current: Some(limit), maximum: Some(limit) }) {
            // It ended already, which its exit status will explain.
            Ok(_) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Only Linux limits another process.
#[cfg(not(target_os = "linux"))]
fn limit(_process: Pid, _definition: &FunctionDefinition) -> io::Result<()> {
    Ok(())
}

fn log_stream_name() -> String {
    let date = jiff::Timestamp::now().strftime("%Y/%m/%d").to_string();
    format!("{date}/[$LATEST]{}", uuid::Uuid::new_v4().simple())
}
