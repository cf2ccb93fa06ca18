//! One process and what it is doing: the states of Lambda's execution environment as its Runtime API sees them.
//!
//! `Init` until the first `next`; then `Idle` while a `next` is parked, `Running` from the event to the answer, `Responded` until
//! the following `next`; `Ended` for good. A call that does not fit the state is refused, so nobody else can take an event or
//! answer it.

use std::net::SocketAddrV4;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rustix::process::Pid;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::function::Function;
use crate::logs::Logs;

/// A process of a function.
#[derive(Debug)]
pub(crate) struct Environment {
    /// Whose it is.
    pub(crate) function: Arc<Function>,
    /// Which state of the code it runs.
    pub(crate) generation: u64,
    /// The process, which leads a process group of its own.
    pub(crate) process: Pid,
    /// Where its Runtime API listens.
    pub(crate) api: SocketAddrV4,
    /// Its output.
    pub(crate) logs: Logs,
    /// Whether the pool counts it.
    pub(crate) counted: AtomicBool,
    /// Whether the pool expects it to be idle in a moment.
    pub(crate) settling: AtomicBool,
    state: Mutex<State>,
    settled: Notify,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    init: Option<oneshot::Sender<Result<(), Failure>>>,
    idle_since: Instant,
}

#[derive(Debug)]
enum Phase {
    Init,
    Idle { next: oneshot::Sender<Box<Delivery>> },
    Running { request_id: Arc<str>, answer: oneshot::Sender<Answer> },
    Responded { request_id: Arc<str> },
    Ended,
}

impl Phase {
    /// The Runtime API's names, which its refusals tell.
    fn name(&self) -> &'static str {
        match self {
            Self::Init => "Started",
            Self::Idle { .. } => "Ready",
            Self::Running { .. } => "Running",
            Self::Responded { .. } => "ResponseSent",
            Self::Ended => "Exited",
        }
    }
}

/// What a `next` is answered with.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) request_id: Arc<str>,
    pub(crate) payload: Bytes,
    pub(crate) deadline_ms: u64,
    pub(crate) trace_id: String,
    pub(crate) client_context: Option<String>,
    pub(crate) cognito_identity: Option<String>,
}

/// What a process answered.
pub(crate) type Answer = Result<Bytes, Failure>;

/// Why a call of the Runtime API was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The call does not fit what the process is doing: from this state to that.
    InvalidStateTransition(&'static str, &'static str),
    /// The id is not that of the running invocation.
    InvalidRequestId,
}

impl Environment {
    /// A process that was started, and where the end of its initialization will be told.
    pub(crate) fn new(
        function: Arc<Function>,
        generation: u64,
        process: Pid,
        api: SocketAddrV4,
        logs: Logs,
    ) -> (Arc<Self>, oneshot::Receiver<Result<(), Failure>>) {
        let (init, initialized) = oneshot::channel();
        let state = State { phase: Phase::Init, init: Some(init), idle_since: Instant::now() };
        let environment = Self {
            function,
            generation,
            process,
            api,
            logs,
            counted: AtomicBool::new(false),
            settling: AtomicBool::new(false),
            state: Mutex::new(state),
            settled: Notify::new(),
        };
        (Arc::new(environment), initialized)
    }

    /// `GET /runtime/invocation/next`: the event will come through the receiver.
    pub(crate) fn next(self: &Arc<Self>) -> Result<oneshot::Receiver<Box<Delivery>>, Refusal> {
        let (next, delivery) = oneshot::channel();
        let init = {
            let mut state = self.state();
            let again = match &state.phase {
                Phase::Init | Phase::Responded { .. } => false,
                // The connection that waited is gone, and the process asks again.
                Phase::Idle { next } if next.is_closed() => true,
                phase => return Err(Refusal::InvalidStateTransition(phase.name(), "Ready")),
            };
            state.phase = Phase::Idle { next };
            if again {
                return Ok(delivery);
            }
            state.idle_since = Instant::now();
            state.init.take()
        };
        match init {
            // Nobody listens any more when the initialization took too long; then the process is being killed.
            Some(init) => drop(init.send(Ok(()))),
            None => {
                self.settled.notify_waiters();
                self.function.idle(Arc::clone(self));
            }
        }
        Ok(delivery)
    }

    /// `POST /runtime/invocation/ID/response` and `/error`.
    pub(crate) fn report(self: &Arc<Self>, request_id: &str, answer: Answer) -> Result<(), Refusal> {
        let waiting = {
            let mut state = self.state();
            match &state.phase {
                Phase::Running { request_id: running, .. } if **running == *request_id => {}
                Phase::Init => return Err(Refusal::InvalidStateTransition(state.phase.name(), "InvocationResponse")),
                _ => return Err(Refusal::InvalidRequestId),
            }
            self.logs.finish();
            std::mem::replace(&mut state.phase, Phase::Responded { request_id: request_id.into() })
        };
        // Before the caller knows: its next invocation shall wait for this process rather than start another.
        self.function.settling(self);
        if let Phase::Running { answer: waiting, .. } = waiting {
            // The receiver is gone when the time was up in this moment.
            let _ = waiting.send(answer);
        }
        Ok(())
    }

    /// `POST /runtime/init/error`
    pub(crate) fn init_error(&self, report: Bytes) -> Result<(), Refusal> {
        let mut state = self.state();
        if !matches!(state.phase, Phase::Init) {
            return Err(Refusal::InvalidStateTransition(state.phase.name(), "InitError"));
        }
        self.logs.finish();
        state.phase = Phase::Ended;
        if let Some(init) = state.init.take() {
            let _ = init.send(Err(Failure::Reported(report)));
        }
        Ok(())
    }

    /// The process ended.
    pub(crate) fn exited(self: &Arc<Self>, reason: &str) {
        self.logs.finish();
        {
            let mut state = self.state();
            let failure = || Failure::Exited(reason.to_owned());
            if let Some(init) = state.init.take() {
                let _ = init.send(Err(failure()));
            }
            if let Phase::Running { answer, .. } = std::mem::replace(&mut state.phase, Phase::Ended) {
                let _ = answer.send(Err(failure()));
            }
        }
        self.settled.notify_waiters();
        self.function.gone(self);
    }

    /// Hands an event to the parked `next`; gives it back when there is none.
    pub(crate) fn deliver(&self, delivery: Box<Delivery>) -> Result<oneshot::Receiver<Answer>, Box<Delivery>> {
        let mut state = self.state();
        let Phase::Idle { next } = std::mem::replace(&mut state.phase, Phase::Ended) else { return Err(delivery) };
        let request_id = Arc::clone(&delivery.request_id);
        self.logs.begin(&request_id);
        next.send(delivery)?;
        let (answer, receiver) = oneshot::channel();
        state.phase = Phase::Running { request_id, answer };
        Ok(receiver)
    }

    /// Whether a `next` is parked.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(&self.state().phase, Phase::Idle { next } if !next.is_closed())
    }

    /// Whether it is over.
    pub(crate) fn is_ended(&self) -> bool {
        matches!(self.state().phase, Phase::Ended)
    }

    /// Accepts nothing more and kills the process with its group.
    pub(crate) fn kill(&self) {
        self.state().phase = Phase::Ended;
        self.settled.notify_waiters();
        if let Some(guard) = self.function.shared.guard() {
            guard.kill(self.process);
        }
    }

    /// Kills the process if it still is with this invocation.
    pub(crate) fn kill_if_busy_with(&self, request_id: &str) {
        if self.is_busy_with(request_id) {
            self.kill();
        }
    }

    /// Whether it runs this invocation, or answered it and did not ask for the next event yet.
    pub(crate) fn is_busy_with(&self, wanted: &str) -> bool {
        match &self.state().phase {
            Phase::Running { request_id, .. } | Phase::Responded { request_id } => **request_id == *wanted,
            Phase::Init | Phase::Idle { .. } | Phase::Ended => false,
        }
    }

    /// Waits until the process is done with this invocation: asks for the next event, or ends. Tells whether it was in time.
    pub(crate) async fn settle(&self, request_id: &str, deadline: Instant) -> bool {
        let settled = self.settled.notified();
        tokio::pin!(settled);
        settled.as_mut().enable();
        if !self.is_busy_with(request_id) {
            return true;
        }
        tokio::time::timeout_at(deadline, settled).await.is_ok() || !self.is_busy_with(request_id)
    }

    /// How long it has been idle; `None` when it is not.
    pub(crate) fn idle_for(&self) -> Option<Duration> {
        let state = self.state();
        matches!(state.phase, Phase::Idle { .. }).then(|| state.idle_since.elapsed())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
