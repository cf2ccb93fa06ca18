//! The host: functions by name, and the way of one invocation from its caller to a process and back.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::HeaderValue;
use tempfile::TempDir;
use tokio::sync::{OnceCell, Semaphore, oneshot, watch};
use tokio::time::Instant;
use uuid::Uuid;

use crate::definition::{DefinitionError, FunctionDefinition};
use crate::environment::{Answer, Delivery, Environment};
use crate::failure::Failure;
use crate::function::{Function, NotStarted};
use crate::guard::Guard;
use crate::invocation::{FunctionError, Invocation, InvocationType, InvokeError, InvokeRequest};
use crate::settings::Settings;

pub(crate) const NODE_BOOTSTRAP: &str = "bootstrap.mjs";
pub(crate) const PYTHON_BOOTSTRAP: &str = "bootstrap.py";
const LATEST: &str = "$LATEST";
/// So long after its answer a process is expected to ask for the next event; afterwards another one may be started for who waits.
const SETTLING: Duration = Duration::from_millis(20);
/// How much of a failure's text is logged, in characters: an error object may have megabytes.
const LOGGED: usize = 1_000;
/// An `Event` counts as so many bytes at least, which bounds how many small ones there may be.
const SMALLEST_EVENT: usize = 64 << 10;

/// Runs functions on this machine. Clones share the same functions; when the last one is dropped, every process is killed.
#[derive(Clone, Debug)]
pub struct LambdaHost {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    functions: RwLock<HashMap<String, Arc<Function>>>,
    /// Bytes of payloads that may still be held.
    payloads: Semaphore,
    events: Arc<Semaphore>,
}

/// What every function needs.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    ground: OnceCell<Ground>,
    /// How many processes live.
    pub(crate) live: watch::Sender<usize>,
    closed: watch::Sender<bool>,
}

/// What processes stand on. It is made for the first of them: a host that nobody asks anything of has neither a folder nor a shell.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) guard: Guard,
    /// Holds the bootstraps: `LAMBDA_RUNTIME_DIR`.
    pub(crate) folder: TempDir,
}

impl Ground {
    fn make() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("lambda-host-").tempdir()?;
        std::fs::write(folder.path().join(NODE_BOOTSTRAP), include_str!("bootstrap/bootstrap.mjs"))?;
        std::fs::write(folder.path().join(PYTHON_BOOTSTRAP), include_str!("bootstrap/bootstrap.py"))?;
        let guard = Guard::start(folder.path())?;
        Ok(Self { guard, folder })
    }
}

impl Shared {
    /// Folder and guard, made now if they are not there.
    pub(crate) async fn ground(&self) -> io::Result<&Ground> {
        self.ground.get_or_try_init(|| async { Ground::make() }).await
    }

    /// The guard of the processes that there are.
    pub(crate) fn guard(&self) -> Option<&Guard> {
        self.ground.get().map(|ground| &ground.guard)
    }

    pub(crate) fn arn(&self, name: &str) -> String {
        format!("arn:aws:lambda:{}:{}:function:{name}", self.settings.region, self.settings.account_id)
    }

    /// Whether the host is shut down.
    pub(crate) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

impl Inner {
    fn close(&self) {
        self.shared.closed.send_replace(true);
        let functions = std::mem::take(&mut *self.functions.write().unwrap_or_else(PoisonError::into_inner));
        for function in functions.values() {
            function.close();
        }
        if let Some(guard) = self.shared.guard() {
            guard.kill_all();
        }
    }
}

impl LambdaHost {
    /// A host without functions. It takes nothing of the system before the first invocation.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let payloads = Semaphore::new(settings.payload_bytes.min(Semaphore::MAX_PERMITS));
        let events = Arc::new(Semaphore::new(settings.event_queue_bytes.min(Semaphore::MAX_PERMITS)));
        let (live, closed) = (watch::Sender::new(0), watch::Sender::new(false));
        let shared = Arc::new(Shared { settings, ground: OnceCell::new(), live, closed });
        Self { inner: Arc::new(Inner { shared, functions: RwLock::default(), payloads, events }) }
    }

    /// Adds a function, or replaces the one of that name: what runs is finished by the old processes, what waits goes to new ones.
    /// An equal definition changes nothing.
    pub fn register(&self, definition: FunctionDefinition) -> Result<(), DefinitionError> {
        definition.check()?;
        if self.function(&definition.name).is_ok_and(|function| function.definition == definition) {
            return Ok(());
        }
        let function = Function::new(definition, Arc::clone(&self.inner.shared));
        let mut functions = self.inner.functions.write().unwrap_or_else(PoisonError::into_inner);
        let replaced = functions.insert(function.definition.name.clone(), function);
        drop(functions);
        if let Some(replaced) = replaced {
            replaced.close();
        }
        Ok(())
    }

    /// Takes a function away; tells whether there was one.
    pub fn remove(&self, name: &str) -> bool {
        let removed = self.inner.functions.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        removed.inspect(|function| function.close()).is_some()
    }

    /// The names of all functions, sorted.
    #[must_use]
    pub fn functions(&self) -> Vec<String> {
        let mut names: Vec<_> = self.inner.functions.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect();
        names.sort();
        names
    }

    /// The ARN that a function of this name has here.
    #[must_use]
    pub fn arn(&self, name: &str) -> String {
        self.inner.shared.arn(name)
    }

    /// How many processes of the function's newest code there are, and how many of them are idle; `None` without such a function.
    #[must_use]
    pub fn processes(&self, name: &str) -> Option<(usize, usize)> {
        self.function(name).ok().map(|function| function.counts())
    }

    /// Invokes a function. A function that fails gives an [`Invocation`] whose `function_error` is set.
    pub async fn invoke(&self, name: &str, request: InvokeRequest) -> Result<Invocation, InvokeError> {
        let function = self.function(name)?;
        let settings = &self.inner.shared.settings;
        let invocation_type = request.invocation_type;
        let (size, limit) = match invocation_type {
            InvocationType::Event => (request.payload.len(), settings.event_limit),
            InvocationType::RequestResponse | InvocationType::DryRun => (request.payload.len(), settings.request_limit),
        };
        if size > limit {
            return Err(InvokeError::RequestTooLarge { size, limit, invocation_type });
        }
        let texts = [
            ("trace id", &request.trace_id),
            ("client context", &request.client_context),
            ("Cognito identity", &request.cognito_identity),
        ];
        for (what, text) in texts {
            if text.as_ref().is_some_and(|text| HeaderValue::from_str(text).is_err()) {
                return Err(InvokeError::InvalidRequest { what });
            }
        }
        // One id for all tries: what the caller is told is what the handler sees.
        let id = Uuid::new_v4();
        match invocation_type {
            InvocationType::RequestResponse => {
                let bytes = u32::try_from(size).unwrap_or(u32::MAX);
                let _place = self.inner.payloads.try_acquire_many(bytes).map_err(|_| InvokeError::TooManyRequests)?;
                self.run(function, request, id).await
            }
            InvocationType::Event => self.queue_event(name, request, id),
            InvocationType::DryRun => Ok(nothing_yet(id)),
        }
    }

    /// Kills every process and waits until they are gone. The host has no functions afterwards.
    pub async fn shutdown(&self) {
        self.inner.close();
        let mut live = self.inner.shared.live.subscribe();
        // A process that was about to start is killed by its own task, since its function is closed.
        let gone = async {
            while *live.borrow_and_update() > 0 {
                if let Some(guard) = self.inner.shared.guard() {
                    guard.kill_all();
                }
                if live.changed().await.is_err() {
                    return;
                }
            }
        };
        if tokio::time::timeout(Duration::from_secs(5), gone).await.is_err() {
            tracing::warn!("processes of functions are still there five seconds after they were killed");
        }
    }

    fn function(&self, name: &str) -> Result<Arc<Function>, InvokeError> {
        let functions = self.inner.functions.read().unwrap_or_else(PoisonError::into_inner);
        functions.get(name).cloned().ok_or_else(|| InvokeError::FunctionNotFound { arn: self.inner.shared.arn(name) })
    }

    /// Runs a `RequestResponse`; goes on with the new function when the old one was replaced meanwhile.
    async fn run(&self, mut function: Arc<Function>, request: InvokeRequest, id: Uuid) -> Result<Invocation, InvokeError> {
        loop {
            match run(&function, &request, id).await {
                Err(closed @ InvokeError::Closed { .. }) => match self.function(&function.definition.name) {
                    Ok(newer) if !Arc::ptr_eq(&newer, &function) => function = newer,
                    _ => return Err(closed),
                },
                result => return result,
            }
        }
    }

    fn queue_event(&self, name: &str, request: InvokeRequest, id: Uuid) -> Result<Invocation, InvokeError> {
        let weight = u32::try_from(request.payload.len().max(SMALLEST_EVENT)).unwrap_or(u32::MAX);
        let Ok(place) = Arc::clone(&self.inner.events).try_acquire_many_owned(weight) else {
            return Err(InvokeError::TooManyRequests);
        };
        let (shared, name) = (Arc::clone(&self.inner.shared), name.to_owned());
        // The task must not keep the host alive: dropping the host ends it.
        let inner = Arc::downgrade(&self.inner);
        let mut closed = shared.closed.subscribe();
        tokio::spawn(async move {
            let request = InvokeRequest { invocation_type: InvocationType::RequestResponse, deadline: None, ..request };
            let mut delays = shared.settings.event_retry_delays.iter();
            loop {
                let Some(host) = inner.upgrade().map(|inner| LambdaHost { inner }) else {
                    tracing::warn!(function = name, "an event is dropped, as its host ends");
                    return;
                };
                let result = match host.function(&name) {
                    Ok(function) => {
                        drop(host);
                        run(&function, &request, id).await
                    }
                    Err(error) => Err(error),
                };
                let problem = match result {
                    Ok(Invocation { function_error: None, .. }) => break,
                    // It was replaced or taken away while the event waited: look again.
                    Err(InvokeError::Closed { .. }) => continue,
                    Ok(invocation) => String::from_utf8_lossy(&invocation.payload).chars().take(LOGGED).collect(),
                    Err(error) => error.to_string(),
                };
                let Some(delay) = delays.next() else {
                    tracing::warn!(function = name, problem, "an event failed for good and is dropped");
                    break;
                };
                tracing::info!(function = name, problem, ?delay, "an event failed and will be tried again");
                tokio::select! {
                    () = tokio::time::sleep(*delay) => {}
                    _ = closed.wait_for(|closed| *closed) => {
                        tracing::warn!(function = name, problem, "an event is dropped, as its host ends");
                        break;
                    }
                }
            }
            drop(place);
        });
        Ok(nothing_yet(id))
    }
}

/// The answer to an `Event` and a `DryRun`.
fn nothing_yet(id: Uuid) -> Invocation {
    Invocation {
        payload: Bytes::new(),
        function_error: None,
        log_tail: None,
        request_id: id.to_string(),
        executed_version: LATEST,
        duration: Duration::ZERO,
    }
}

async fn run(function: &Arc<Function>, request: &InvokeRequest, id: Uuid) -> Result<Invocation, InvokeError> {
    match request.deadline {
        None => invoke(function, request, id).await,
        Some(deadline) => match tokio::time::timeout_at(deadline, invoke(function, request, id)).await {
            Ok(result) => result,
            Err(_) => Err(InvokeError::DeadlineExceeded { function: function.definition.name.clone() }),
        },
    }
}

async fn invoke(function: &Arc<Function>, request: &InvokeRequest, id: Uuid) -> Result<Invocation, InvokeError> {
    let request_id: Arc<str> = id.to_string().into();
    function.reload_if_changed().await;
    let timeout = function.definition.timeout;
    let payload = if request.payload.is_empty() { Bytes::from_static(b"{}") } else { request.payload.clone() };
    let mut delivery = Box::new(Delivery {
        request_id: Arc::clone(&request_id),
        payload,
        deadline_ms: 0,
        trace_id: request.trace_id.clone().unwrap_or_else(|| trace_id(id)),
        client_context: request.client_context.clone(),
        cognito_identity: request.cognito_identity.clone(),
    });
    loop {
        let environment = match function.acquire().await {
            Ok(lease) => lease.take(),
            Err(NotStarted::Refused(error)) => return Err(error),
            Err(NotStarted::Failed(failure, log)) => return Ok(failed_start(request, &request_id, &failure, log)),
        };
        let Some(environment) = environment else { continue };
        let started = Instant::now();
        delivery.deadline_ms = unix_milliseconds(SystemTime::now() + timeout);
        match environment.deliver(delivery) {
            Ok(answer) => {
                let deadline = started + timeout;
                let running = Running { environment, request_id, answer, answered: false, started, deadline, timeout };
                return Ok(running.finish(request.log_tail).await);
            }
            Err(back) => {
                // The process is going; it never saw the event.
                environment.kill();
                delivery = back;
            }
        }
    }
}

/// An invocation that a process has.
#[derive(Debug)]
struct Running {
    environment: Arc<Environment>,
    request_id: Arc<str>,
    answer: oneshot::Receiver<Answer>,
    answered: bool,
    started: Instant,
    deadline: Instant,
    timeout: Duration,
}

impl Running {
    async fn finish(mut self, log_tail: bool) -> Invocation {
        let answer = match tokio::time::timeout_at(self.deadline, &mut self.answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Failure::Exited("Runtime exited without providing a reason".to_owned())),
            Err(_) => {
                self.environment.kill();
                self.environment.logs.finish();
                Err(Failure::TimedOut(self.timeout))
            }
        };
        self.answered = true;
        let line = answer.as_ref().err().and_then(|failure| failure.log_line(&self.request_id));
        line.inspect(|line| self.environment.logs.platform(line));
        let duration = self.started.elapsed();
        let (payload, failure) = match answer {
            Ok(payload) => (payload, None),
            Err(failure) => (failure.payload(&self.request_id), Some(failure)),
        };
        Invocation {
            payload,
            log_tail: log_tail.then(|| self.log_tail(duration)),
            function_error: failure.map(|_| FunctionError::Unhandled),
            request_id: self.request_id.as_ref().to_owned(),
            executed_version: LATEST,
            duration,
        }
    }

    /// The log with the lines that Lambda itself adds at the end.
    fn log_tail(&self, duration: Duration) -> String {
        let (logs, request_id) = (&self.environment.logs, &self.request_id);
        logs.note(&format!("END RequestId: {request_id}"));
        let milliseconds = duration.as_secs_f64() * 1_000.0;
        let memory = self.environment.function.definition.memory_mb;
        logs.note(&format!(
            "REPORT RequestId: {request_id}\tDuration: {milliseconds:.2} ms\tBilled Duration: {} ms\tMemory Size: {memory} MB\t",
            milliseconds.ceil()
        ));
        logs.tail()
    }
}

/// The answer is there, or its caller is gone: the process has until the function's timeout to answer and to ask for the next event.
/// Without a caller it runs on, as on AWS.
impl Drop for Running {
    fn drop(&mut self) {
        if !self.environment.is_busy_with(&self.request_id) {
            return;
        }
        let (environment, request_id) = (Arc::clone(&self.environment), Arc::clone(&self.request_id));
        let (answered, deadline) = (self.answered, self.deadline);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            environment.kill();
            return;
        };
        runtime.spawn(async move {
            if answered && environment.settle(&request_id, Instant::now() + SETTLING).await {
                return;
            }
            environment.function.overdue(&environment);
            if !environment.settle(&request_id, deadline).await {
                environment.kill_if_busy_with(&request_id);
            }
        });
    }
}

fn failed_start(request: &InvokeRequest, request_id: &str, failure: &Failure, mut log: String) -> Invocation {
    if let Some(line) = failure.log_line(request_id) {
        log.push_str(&line);
        log.push('\n');
    }
    Invocation {
        payload: failure.payload(request_id),
        function_error: Some(FunctionError::Unhandled),
        log_tail: request.log_tail.then_some(log),
        request_id: request_id.to_owned(),
        executed_version: LATEST,
        duration: Duration::ZERO,
    }
}

fn unix_milliseconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// An X-Ray header that is not sampled: version, seconds, 96 bits of chance.
fn trace_id(id: Uuid) -> String {
    let chance = id.simple().to_string();
    format!("Root=1-{:08x}-{};Sampled=0", unix_milliseconds(SystemTime::now()) / 1_000, &chance[..24])
}
