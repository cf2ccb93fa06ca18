//! One step of code, within limits, where it cannot stall the server.
//!
//! A step takes tens of microseconds, so it runs inline on the worker that drives its request; a hop to another thread would
//! double its cost. Code that exceeds the inline budget is marked and from then on runs on a small pool with a longer one, so
//! that a few bad resolvers cannot stop the workers. It comes back when it has been quick there for a while: the clock also
//! runs while the system gives the processor to others, and a busy moment must not banish good code until the next start.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use appsync_utils::{Effects, Failure, Session};
use tokio::sync::Semaphore;
use value::{Object, Value};

use super::{Code, Step, vtl};

/// How long a step may take on a worker.
const INLINE_BUDGET: Duration = Duration::from_millis(50);

/// How long a step may take on the pool.
const POOL_BUDGET: Duration = Duration::from_millis(1500);

/// How many marked steps run at a time.
const POOL_SIZE: usize = 2;

/// How many quick evaluations in a row bring code back from the pool. Code that is slow now and then costs a worker one
/// inline budget in so many evaluations.
const PROBATION: u32 = 32;

/// Whether code runs on the workers or beside them.
#[derive(Debug, Default)]
pub struct Pace(AtomicU32);

impl Pace {
    fn is_slow(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    fn was_slow(&self) {
        self.0.store(PROBATION, Ordering::Relaxed);
    }

    fn was_quick(&self) {
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    }
}

/// AppSync's words for a result beyond its limit (developer guide, "Troubleshooting").
pub(super) const TOO_LARGE: &str = "Transformation too large";

static POOL: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(POOL_SIZE)));

/// What evaluating a step gave.
pub(super) struct Evaluation {
    pub(super) result: Result<Value, Fault>,
    /// `ctx.stash` afterwards; `None` when the step was cut short.
    pub(super) stash: Option<Value>,
    pub(super) effects: Effects,
}

/// Why a step gave no value.
pub(super) enum Fault {
    /// A utility ended it: `util.error`, `runtime.earlyReturn`, wrong arguments.
    Failure(Failure),
    /// The code itself failed, or reached a limit that `message` names.
    Code { message: String },
    /// The request's time was up.
    Deadline,
}

/// The one fault that leads to a second try.
pub(super) struct OutOfTime;

/// An evaluation, unless its budget ended first.
pub(super) type Attempt = Result<Evaluation, OutOfTime>;

/// Evaluates one step with `ctx` made of `members`. Neither the code nor the wait for the pool outlives `deadline`.
pub(super) async fn evaluate(code: &Code, step: Step, members: Object, identity: &Value, deadline: Instant) -> Evaluation {
    let left = || deadline.saturating_duration_since(Instant::now());
    let failed = |fault: Fault| Evaluation { result: Err(fault), stash: None, effects: Effects::default() };
    let budget = left();
    if budget.is_zero() {
        return failed(Fault::Deadline);
    }
    if !code.pace().is_slow() {
        match attempt(code, step, &members, identity.clone(), budget.min(INLINE_BUDGET)) {
            Ok(evaluation) => return evaluation,
            // With little time left the code has not shown that it is slow.
            Err(OutOfTime) if budget < INLINE_BUDGET => return failed(Fault::Deadline),
            Err(OutOfTime) => code.pace().was_slow(),
        }
    }
    let Ok(permit) = tokio::time::timeout_at(deadline.into(), Arc::clone(&POOL).acquire_owned()).await else {
        return failed(Fault::Deadline);
    };
    let permit = permit.expect("the pool is never closed");
    let budget = left();
    let (code, identity) = (code.clone(), identity.clone());
    let attempt = tokio::task::spawn_blocking(move || {
        // Held by the work itself: a request that is given up must not let another one in beside work that still goes on.
        let _permit = permit;
        let began = Instant::now();
        let attempt = attempt(&code, step, &members, identity, budget.min(POOL_BUDGET));
        if began.elapsed() < INLINE_BUDGET / 2 {
            code.pace().was_quick();
        } else {
            code.pace().was_slow();
        }
        attempt
    });
    match attempt.await {
        Ok(Ok(evaluation)) => evaluation,
        Ok(Err(OutOfTime)) if budget < POOL_BUDGET => failed(Fault::Deadline),
        Ok(Err(OutOfTime)) => {
            let step = match step {
                Step::Request => "request step",
                Step::Response => "response step",
            };
            let message = format!("The {step} ran longer than {} ms, the limit for one evaluation.", POOL_BUDGET.as_millis());
            failed(Fault::Code { message })
        }
        Err(error) => match error.try_into_panic() {
            // As a panic on the worker: caught, logged and answered where the request is.
            Ok(panic) => std::panic::resume_unwind(panic),
            // Cancelled: the runtime is going away.
            Err(_) => failed(Fault::Deadline),
        },
    }
}

fn attempt(code: &Code, step: Step, members: &Object, identity: Value, budget: Duration) -> Attempt {
    let mut session = Session::system(identity);
    match code {
        Code::Js(code) => {
            let handler = match step {
                Step::Request => appsync_js::Handler::Request,
                Step::Response => appsync_js::Handler::Response,
            };
            let result_bytes = code.limits.result_bytes;
            let limits = appsync_js::Limits { deadline: budget, result_bytes, ..appsync_js::Limits::default() };
            let outcome = code.module.evaluate(handler, members, &mut session, &limits);
            let (result, stash) = match outcome {
                Ok(evaluation) => (Ok(evaluation.value), Some(evaluation.stash)),
                Err(appsync_js::Fault::Limit { which: appsync_js::LimitKind::Deadline, .. }) => return Err(OutOfTime),
                Err(appsync_js::Fault::Limit { which: appsync_js::LimitKind::ResultSize, message }) => {
                    (Err(Fault::Code { message: format!("{TOO_LARGE}: {message} (limit evaluation_result)") }), None)
                }
                Err(appsync_js::Fault::EarlyReturn { value, skip_to, stash }) => {
                    (Err(Fault::Failure(Failure::EarlyReturn { value, skip_to })), Some(stash))
                }
                Err(appsync_js::Fault::Failure(failure)) => (Err(Fault::Failure(failure)), None),
                Err(appsync_js::Fault::Limit { message, .. } | appsync_js::Fault::Runtime { message, .. }) => {
                    (Err(Fault::Code { message }), None)
                }
            };
            Ok(Evaluation { result, stash, effects: session.effects })
        }
        Code::Vtl(code) => {
            let template = match step {
                Step::Request => &code.request,
                Step::Response => &code.response,
            };
            match template {
                Some(template) => vtl::evaluate(template, step, members, session, &code.limits, budget),
                None => Ok(Evaluation { result: Ok(Value::Null), stash: None, effects: session.effects }),
            }
        }
    }
}

impl Code {
    fn pace(&self) -> &Pace {
        match self {
            Code::Js(code) => &code.pace,
            Code::Vtl(code) => &code.pace,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_comes_back_after_being_quick_for_a_while() {
        let pace = Pace::default();
        pace.was_quick();
        assert!(!pace.is_slow());
        pace.was_slow();
        for _ in 1..PROBATION {
            pace.was_quick();
        }
        assert!(pace.is_slow());
        pace.was_slow();
        for _ in 0..PROBATION {
            assert!(pace.is_slow());
            pace.was_quick();
        }
        assert!(!pace.is_slow());
    }
}
