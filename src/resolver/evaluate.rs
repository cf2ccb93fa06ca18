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

use super::offline::Conditions;
use super::{Code, Step, vtl};
use crate::trace::tape::Tape;

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
    /// What is known of a fault beyond what AppSync says of it; nothing where the step went well.
    pub(super) detail: Option<Box<FaultDetail>>,
}

/// What is known of a fault beyond AppSync's message: for development and traces, never for the clients of a production server.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FaultDetail {
    /// The file of `place`, where that is not the resolver's own but one that it imports.
    pub(super) file: Option<String>,
    /// Where in the code it happened.
    pub(super) place: Option<CodePlace>,
    /// Where in the text that a template rendered it was found; `place` is then where that text most likely came from.
    pub(super) rendered: Option<CodePlace>,
    /// The reference that had no value, as it is written, where that is the cause.
    pub(super) null_reference: Option<String>,
    /// What is wrong in our words, where the message is AppSync's and says less.
    pub(super) explanation: Option<String>,
}

impl std::fmt::Display for FaultDetail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { file: _, place, rendered, null_reference, explanation } = self;
        let mut parts: Vec<String> = explanation.iter().cloned().collect();
        parts.extend(null_reference.iter().map(|reference| format!("{reference} has no value")));
        let line = |place: &CodePlace| format!("line {}, column {}: {}", place.line, place.column, place.source_line);
        parts.extend(place.iter().map(line));
        parts.extend(rendered.iter().map(|place| format!("in the rendered text {}", line(place))));
        f.write_str(&parts.join("; "))
    }
}

/// A place in a text, with its line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct CodePlace {
    /// The line, from 1.
    pub(super) line: usize,
    /// The column in characters, from 1.
    pub(super) column: usize,
    /// The text of that line, at most [`CodePlace::SOURCE_LINE`] characters of it.
    pub(super) source_line: String,
}

impl CodePlace {
    /// How many characters of a line are kept.
    const SOURCE_LINE: usize = 200;

    /// The place with the text of its line, cut around the column where the line is long.
    pub(super) fn of(text: &str, line: usize, column: usize) -> Self {
        let whole = text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default().trim_end_matches('\r');
        let skipped = column.saturating_sub(Self::SOURCE_LINE * 3 / 4);
        Self { line, column, source_line: whole.chars().skip(skipped).take(Self::SOURCE_LINE).collect() }
    }
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

/// The time and the random numbers that a step sees.
pub(super) enum Around<'a> {
    /// The system's.
    System,
    /// The system's, recorded.
    Recorded(Arc<Tape>),
    /// Those of a test: nothing else decides what comes out.
    Given(&'a Conditions),
}

impl Around<'_> {
    fn session(&self, identity: Value) -> Session {
        match self {
            Around::System => Session::system(identity),
            Around::Recorded(tape) => tape.session(identity),
            Around::Given(conditions) => conditions.session(identity),
        }
    }
}

/// Evaluates one step with `ctx` made of `members`. Neither the code nor the wait for the pool outlives `deadline`.
pub(super) async fn evaluate(
    code: &Code,
    step: Step,
    members: Object,
    identity: &Value,
    around: Around<'_>,
    deadline: Instant,
) -> Evaluation {
    let session = |identity: &Value| around.session(identity.clone());
    let left = || deadline.saturating_duration_since(Instant::now());
    let failed = |fault: Fault| Evaluation { result: Err(fault), stash: None, effects: Effects::default(), detail: None };
    let budget = left();
    if budget.is_zero() {
        return failed(Fault::Deadline);
    }
    if let Around::Given(conditions) = around {
        // Once, and here: a second try would draw other numbers, and the one who waits has nothing else to do.
        let limit = conditions.budget;
        return match attempt(code, step, &members, session(identity), budget.min(limit)) {
            Ok(evaluation) => evaluation,
            Err(OutOfTime) if budget < limit => failed(Fault::Deadline),
            Err(OutOfTime) => failed(too_slow(step, limit)),
        };
    }
    if !code.pace().is_slow() {
        match attempt(code, step, &members, session(identity), budget.min(INLINE_BUDGET)) {
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
    let (code, session) = (code.clone(), session(identity));
    let attempt = tokio::task::spawn_blocking(move || {
        // Held by the work itself: a request that is given up must not let another one in beside work that still goes on.
        let _permit = permit;
        let began = Instant::now();
        let attempt = attempt(&code, step, &members, session, budget.min(POOL_BUDGET));
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
        Ok(Err(OutOfTime)) => failed(too_slow(step, POOL_BUDGET)),
        Err(error) => match error.try_into_panic() {
            // As a panic on the worker: caught, logged and answered where the request is.
            Ok(panic) => std::panic::resume_unwind(panic),
            // Cancelled: the runtime is going away.
            Err(_) => failed(Fault::Deadline),
        },
    }
}

fn too_slow(step: Step, limit: Duration) -> Fault {
    let step = match step {
        Step::Request => "request step",
        Step::Response => "response step",
    };
    Fault::Code { message: format!("The {step} ran longer than {} ms, the limit for one evaluation.", limit.as_millis()) }
}

fn attempt(code: &Code, step: Step, members: &Object, mut session: Session, budget: Duration) -> Attempt {
    match code {
        Code::Js(code) => {
            let handler = match step {
                Step::Request => appsync_js::Handler::Request,
                Step::Response => appsync_js::Handler::Response,
            };
            let result_bytes = code.limits.result_bytes;
            let limits = appsync_js::Limits { deadline: budget, result_bytes, ..appsync_js::Limits::default() };
            let outcome = code.module.evaluate(handler, members, &mut session, &limits);
            let detail = outcome.as_ref().err().and_then(place_of);
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
            Ok(Evaluation { result, stash, effects: session.effects, detail })
        }
        Code::Vtl(code) => {
            let template = match step {
                Step::Request => &code.request,
                Step::Response => &code.response,
            };
            match template {
                Some(template) => vtl::evaluate(template, step, members, session, &code.limits, budget),
                None => Ok(Evaluation { result: Ok(Value::Null), stash: None, effects: session.effects, detail: None }),
            }
        }
    }
}

/// Where code threw. Its text is known to whoever compiled it.
fn place_of(fault: &appsync_js::Fault) -> Option<Box<FaultDetail>> {
    match fault {
        appsync_js::Fault::Runtime { file, line, column, null_reference, .. } if *line > 0 => {
            let place = CodePlace { line: *line, column: *column, source_line: String::new() };
            let (file, place, null_reference) = (Some(file.clone()), Some(place), null_reference.clone());
            Some(Box::new(FaultDetail { file, place, null_reference, ..FaultDetail::default() }))
        }
        _ => None,
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
