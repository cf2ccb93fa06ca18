//! A function's processes and the invocations that wait for one.
//!
//! A process that finished last is used first, so that a pool shrinks to what is needed. When none is idle, an invocation joins a
//! first-in, first-out queue and, below the concurrency limit, one more process is started; whichever process is free first takes
//! the head of the queue. Processes of older code finish what they run and are not given more.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::definition::FunctionDefinition;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::host::Shared;
use crate::invocation::InvokeError;
use crate::launch;
use crate::reload::Watch;

/// A registered function.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) definition: FunctionDefinition,
    pub(crate) name: Arc<str>,
    pub(crate) arn: String,
    pub(crate) shared: Arc<Shared>,
    watch: Option<Arc<Watch>>,
    pool: Mutex<Pool>,
}

#[derive(Debug, Default)]
struct Pool {
    /// Counts the states of the code; `running` and `starting` are about the newest.
    generation: u64,
    /// The one that became idle last is at the end.
    idle: Vec<Arc<Environment>>,
    queue: VecDeque<oneshot::Sender<Result<Lease, NotStarted>>>,
    /// Processes, those that still initialize included.
    running: usize,
    starting: usize,
    /// Processes that gave their answer and will ask for the next event in a moment.
    settling: usize,
    closed: bool,
}

impl Pool {
    /// One that was expected to be idle is, or is expected no longer.
    fn settled(&mut self, environment: &Environment) {
        if environment.settling.swap(false, Ordering::AcqRel) && environment.generation == self.generation {
            self.settling = self.settling.saturating_sub(1);
        }
    }
}

/// Why no process could take an invocation.
#[derive(Clone, Debug)]
pub(crate) enum NotStarted {
    /// Nothing of the function ran.
    Refused(InvokeError),
    /// The initialization failed, which is the function's own failure; with the log it wrote.
    Failed(Failure, String),
}

/// The right to hand one event to an idle process. Dropped unused, the process is idle again.
#[derive(Debug)]
pub(crate) struct Lease(Option<Arc<Environment>>);

impl Lease {
    /// The process, for the one event.
    pub(crate) fn take(mut self) -> Option<Arc<Environment>> {
        self.0.take()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(environment) = self.0.take() {
            let function = Arc::clone(&environment.function);
            function.idle(environment);
        }
    }
}

impl Function {
    pub(crate) fn new(definition: FunctionDefinition, shared: Arc<Shared>) -> Arc<Self> {
        let left_out = &shared.settings.reload_left_out;
        let watch = shared.settings.reload_interval.map(|interval| Arc::new(Watch::new(&definition.code, left_out, interval)));
        Arc::new(Self {
            name: definition.name.as_str().into(),
            arn: shared.arn(&definition.name),
            definition,
            shared,
            watch,
            pool: Mutex::default(),
        })
    }

    /// Retires the processes when the code changed.
    pub(crate) async fn reload_if_changed(self: &Arc<Self>) {
        if let Some(watch) = &self.watch
            && let Some(changed) = watch.changed().await
        {
            let changed = changed.display().to_string();
            tracing::info!(function = &*self.name, changed, "code changed: new invocations run the new code");
            let idle = {
                let mut pool = self.pool();
                pool.generation += 1;
                pool.running = 0;
                pool.starting = 0;
                pool.settling = 0;
                self.start_what_is_missing(&mut pool);
                std::mem::take(&mut pool.idle)
            };
            idle.iter().for_each(|environment| environment.kill());
        }
    }

    /// Waits for a process. Dropping the future leaves the queue.
    pub(crate) async fn acquire(self: &Arc<Self>) -> Result<Lease, NotStarted> {
        let turn = {
            let mut pool = self.pool();
            if pool.closed {
                return Err(NotStarted::Refused(self.closed()));
            }
            while let Some(environment) = pool.idle.pop() {
                if environment.is_idle() {
                    return Ok(Lease(Some(environment)));
                }
                // Its connection is closed and it did not ask again: it is about to end, or as good as that.
                environment.kill();
            }
            if pool.queue.len() >= self.shared.settings.queue_limit {
                // Those who left are not counted.
                pool.queue.retain(|waiting| !waiting.is_closed());
                if pool.queue.len() >= self.shared.settings.queue_limit {
                    return Err(NotStarted::Refused(InvokeError::TooManyRequests));
                }
            }
            let (waiting, turn) = oneshot::channel();
            pool.queue.push_back(waiting);
            self.start_what_is_missing(&mut pool);
            turn
        };
        turn.await.unwrap_or_else(|_| Err(NotStarted::Refused(self.closed())))
    }

    /// A process asks for work.
    pub(crate) fn idle(&self, environment: Arc<Environment>) {
        let mut lease = Lease(Some(environment));
        loop {
            let waiting = {
                let mut pool = self.pool();
                let Some(environment) = &lease.0 else { return };
                pool.settled(environment);
                if environment.is_ended() {
                    // Counted out already, or about to be.
                    drop(pool);
                    drop(lease.take());
                    return;
                }
                if pool.closed || environment.generation != pool.generation {
                    drop(pool);
                    if let Some(environment) = lease.take() {
                        environment.kill();
                    }
                    return;
                }
                match pool.queue.pop_front() {
                    Some(waiting) => waiting,
                    None => {
                        pool.idle.extend(lease.take());
                        return;
                    }
                }
            };
            // Who stopped waiting gives the process back for the next one in the queue. This is not left to `Lease::drop`, which
            // would come back here once per such waiter, ever deeper.
            match waiting.send(Ok(lease)) {
                Err(Ok(back)) => lease = back,
                Ok(()) | Err(Err(_)) => return,
            }
        }
    }

    /// A process is gone.
    pub(crate) fn gone(self: &Arc<Self>, environment: &Arc<Environment>) {
        let mut pool = self.pool();
        pool.idle.retain(|idle| !Arc::ptr_eq(idle, environment));
        pool.settled(environment);
        if environment.counted.swap(false, Ordering::AcqRel) && environment.generation == pool.generation {
            pool.running = pool.running.saturating_sub(1);
        }
        self.start_what_is_missing(&mut pool);
    }

    /// A process gave its answer: it will be idle in a moment, and no other need be started for the next invocation.
    pub(crate) fn settling(&self, environment: &Environment) {
        let mut pool = self.pool();
        // Counted once, even when a process asks for the next event over another connection before this is known.
        if environment.generation == pool.generation && !environment.settling.swap(true, Ordering::AcqRel) {
            pool.settling += 1;
        }
    }

    /// A process takes its time after its answer: others may be started.
    pub(crate) fn overdue(self: &Arc<Self>, environment: &Environment) {
        let mut pool = self.pool();
        pool.settled(environment);
        self.start_what_is_missing(&mut pool);
    }

    /// Takes no more invocations; processes end when they have finished what they run.
    pub(crate) fn close(&self) {
        let (idle, queue) = {
            let mut pool = self.pool();
            pool.closed = true;
            (std::mem::take(&mut pool.idle), std::mem::take(&mut pool.queue))
        };
        idle.iter().for_each(|environment| environment.kill());
        for waiting in queue {
            let _ = waiting.send(Err(NotStarted::Refused(self.closed())));
        }
    }

    /// How many processes of the newest code there are, and how many of them are idle.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let pool = self.pool();
        (pool.running, pool.idle.len())
    }

    /// One start for each invocation that waits for none yet, as far as the limit allows.
    fn start_what_is_missing(self: &Arc<Self>, pool: &mut Pool) {
        if pool.closed {
            return;
        }
        while pool.starting + pool.settling < pool.queue.len() && pool.running < self.definition.concurrency {
            pool.starting += 1;
            pool.running += 1;
            let (function, generation) = (Arc::clone(self), pool.generation);
            tokio::spawn(async move {
                match launch::start(&function, generation).await {
                    Ok(environment) => function.started(environment),
                    Err(error) => function.not_started(generation, &error),
                }
            });
        }
    }

    fn started(self: &Arc<Self>, environment: Arc<Environment>) {
        {
            let mut pool = self.pool();
            environment.counted.store(true, Ordering::Release);
            if environment.generation == pool.generation {
                pool.starting = pool.starting.saturating_sub(1);
            }
        }
        if environment.is_ended() {
            // It ended in this moment, perhaps before it was counted.
            self.gone(&environment);
        } else {
            self.idle(environment);
        }
    }

    fn not_started(self: &Arc<Self>, generation: u64, error: &NotStarted) {
        let failed: Vec<_> = {
            let mut pool = self.pool();
            if generation == pool.generation {
                pool.starting = pool.starting.saturating_sub(1);
                pool.running = pool.running.saturating_sub(1);
                // One start was for one invocation. When nothing else runs or starts, the others would only meet the same error
                // one by one.
                pool.queue.retain(|waiting| !waiting.is_closed());
                let count = if pool.running == 0 { pool.queue.len() } else { 1.min(pool.queue.len()) };
                let failed = pool.queue.drain(..count).collect();
                self.start_what_is_missing(&mut pool);
                failed
            } else {
                // Old code: those who wait get a process of the new.
                Vec::new()
            }
        };
        for waiting in failed {
            let _ = waiting.send(Err(error.clone()));
        }
    }

    fn closed(&self) -> InvokeError {
        InvokeError::Closed { function: self.definition.name.clone() }
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
