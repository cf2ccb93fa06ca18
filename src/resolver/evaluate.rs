//! One step of code, within limits, where it cannot stall the server.
//!
//! A step takes tens of microseconds, so it runs inline on the worker that drives its request; a hop to another thread would
//! double its cost. Code that ever exceeds the inline budget is marked and from then on runs on a small pool with a longer
//! one, so that a few bad resolvers cannot stop the workers.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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

static POOL: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(POOL_SIZE));

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
}

/// As [`Evaluation`], with the one fault that leads to a second try.
pub(super) enum Attempt {
    Done(Evaluation),
    OutOfTime,
}

/// Evaluates one step with `ctx` made of `members`.
pub(super) async fn evaluate(code: &Code, step: Step, members: Object, identity: &Value) -> Evaluation {
    if !code.slow().load(Ordering::Relaxed) {
        match attempt(code, step, &members, identity.clone(), INLINE_BUDGET) {
            Attempt::Done(evaluation) => return evaluation,
            Attempt::OutOfTime => code.slow().store(true, Ordering::Relaxed),
        }
    }
    let out_of_time = || Evaluation {
        result: Err(Fault::Code {
            message: format!(
                "The {} ran longer than {} ms, the limit for one evaluation.",
                match step {
                    Step::Request => "request step",
                    Step::Response => "response step",
                },
                POOL_BUDGET.as_millis()
            ),
        }),
        stash: None,
        effects: Effects::default(),
    };
    let permit = POOL.acquire().await.expect("the pool is never closed");
    let (code, identity) = (code.clone(), identity.clone());
    let attempt = tokio::task::spawn_blocking(move || attempt(&code, step, &members, identity, POOL_BUDGET)).await;
    drop(permit);
    match attempt {
        Ok(Attempt::Done(evaluation)) => evaluation,
        Ok(Attempt::OutOfTime) | Err(_) => out_of_time(),
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
            let limits = appsync_js::Limits { deadline: budget, ..appsync_js::Limits::default() };
            let outcome = code.module.evaluate(handler, members, &mut session, &limits);
            let (result, stash) = match outcome {
                Ok(evaluation) => (Ok(evaluation.value), Some(evaluation.stash)),
                Err(appsync_js::Fault::Limit { which: appsync_js::LimitKind::Deadline, .. }) => return Attempt::OutOfTime,
                Err(appsync_js::Fault::EarlyReturn { value, skip_to, stash }) => {
                    (Err(Fault::Failure(Failure::EarlyReturn { value, skip_to })), Some(stash))
                }
                Err(appsync_js::Fault::Failure(failure)) => (Err(Fault::Failure(failure)), None),
                Err(appsync_js::Fault::Limit { message, .. } | appsync_js::Fault::Runtime { message, .. }) => {
                    (Err(Fault::Code { message }), None)
                }
            };
            Attempt::Done(Evaluation { result, stash, effects: session.effects })
        }
        Code::Vtl(code) => {
            let template = match step {
                Step::Request => &code.request,
                Step::Response => &code.response,
            };
            match template {
                Some(template) => vtl::evaluate(template, step, members, session, budget),
                None => Attempt::Done(Evaluation { result: Ok(Value::Null), stash: None, effects: session.effects }),
            }
        }
    }
}

impl Code {
    fn slow(&self) -> &AtomicBool {
        match self {
            Code::Js(code) => &code.slow,
            Code::Vtl(code) => &code.slow,
        }
    }
}
