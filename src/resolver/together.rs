//! One resolver for several parents in step: all request steps of a function, then its calls, then all response steps. That is how
//! the requests of a list become one call (`BatchInvoke`, direct resolvers with `maxBatchSize`).
//!
//! A parent whose step fails or returns early leaves; the others keep their places. Nothing waits for a parent while it holds one
//! of the permits of calls: such a permit covers one call and the response steps of its results, never a wait for another call. So
//! parents that wait for the batch cannot keep those out that the batch waits for.

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{self, StreamExt};
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};
use tracing::Instrument;
use value::Value;

use super::request::{CONCURRENT_PARENTS, Ledger, weight};
use super::run::{Answer, Asked, Ended, Request, Run, Stepped, timed_out};
use super::traced::call_span;
use super::{Code, Function, Kind};
use crate::data_source::{Batch, Call, DataSourceError, Gathering, Placed};
use crate::execution::executor::Resolved;
use crate::trace::BatchPlace;

/// Parents that are at least resolved together, so that several small batches are under way at a time.
const GROUP: usize = 32;

/// How much the requests of a group may hold before those calls are made that nothing more is to come to.
const WAITING_BYTES: usize = 4 << 20;

/// How many request steps begin together: they compute, so a few keep all threads that there are for them busy.
const CONCURRENT_REQUESTS: usize = 8;

/// How many parents of a field with this resolver are resolved together; `None` when each goes its own way.
pub(super) fn group_size(kind: &Kind) -> Option<usize> {
    let sizes = kind.functions().filter_map(|function| batch_size(function).map(|(_, size)| size));
    // A multiple of the batch size: a group's end does not cut a batch off.
    sizes.max().map(|size| if size >= GROUP { size } else { GROUP / size * size })
}

fn batch_size(function: &Function) -> Option<(&dyn Gathering, usize)> {
    let gathering = function.data_source.gathering()?;
    Some((gathering, gathering.batch_size(function.max_batch_size).max(1)))
}

/// What the parents of a group share.
pub(super) struct Together<'a> {
    /// Permits of the request's calls.
    pub(super) running: &'a Semaphore,
    /// Those of them that one field may have, so that it leaves some to the others.
    pub(super) of_field: &'a Semaphore,
    /// What the request holds in memory.
    pub(super) ledger: &'a Ledger,
}

/// A parent.
struct Member<'a> {
    run: Run<'a>,
    state: State,
    /// Bytes of its intermediate results in the ledger.
    held: usize,
}

/// How far a parent has come.
enum State {
    /// The next function runs for it.
    Going,
    /// No further function runs for it.
    Skipping,
    /// It is done.
    Ended(Stepped<Value>),
}

impl Member<'_> {
    fn is_going(&self) -> bool {
        matches!(self.state, State::Going)
    }

    /// Moves on after a function. A unit resolver's only one gives the field's value.
    fn end_function(&mut self, unit: bool, ended: Stepped<Ended>) {
        if unit {
            self.state = State::Ended(ended.map(Ended::into_value));
        } else {
            let stepped = ended.map(|ended| self.run.end_function(ended));
            self.step(stepped);
        }
        // Nobody looks at the raw result any more, and there may be thousands.
        self.run.context.result = Value::Null;
    }

    /// Moves on after a step of a pipeline; the value tells whether the next function runs.
    fn step(&mut self, stepped: Stepped<bool>) {
        self.state = match stepped {
            Ok(true) => State::Going,
            Ok(false) => State::Skipping,
            Err(error) => State::Ended(Err(error)),
        };
    }
}

impl Together<'_> {
    /// Runs the resolver for these parents to its end; the results stand in their order.
    pub(super) fn run<'a>(&'a self, kind: &'a Kind, runs: Vec<Run<'a>>) -> BoxFuture<'a, Vec<Resolved>> {
        self.steps(kind, runs).boxed()
    }

    async fn steps(&self, kind: &Kind, runs: Vec<Run<'_>>) -> Vec<Resolved> {
        let mut members: Vec<_> = runs.into_iter().map(|run| Member { run, state: State::Going, held: 0 }).collect();
        match kind {
            Kind::Unit(function) => members = self.function(function, true, members).await,
            Kind::Pipeline { code, functions } => {
                members = all(members.into_iter().map(|member| self.before(code, member)).collect()).await;
                for function in functions {
                    members = self.function(function, false, members).await;
                }
                members = all(members.into_iter().map(|member| after(code, member)).collect()).await;
            }
        }
        members.into_iter().map(|member| self.resolved(member)).collect()
    }

    fn resolved(&self, member: Member<'_>) -> Resolved {
        self.ledger.release(member.held);
        match member.state {
            State::Ended(outcome) => member.run.resolved(outcome),
            // A unit's function and a pipeline's after-step end every parent.
            State::Going | State::Skipping => member.run.resolved(Ok(Value::Null)),
        }
    }

    /// Counts what a parent keeps from one step to the next: there may be thousands of parents, each with a result.
    fn hold(&self, member: &mut Member<'_>) {
        self.ledger.release(std::mem::take(&mut member.held));
        let taken = match &member.state {
            State::Going | State::Skipping => self.ledger.take(&[member.run.context.last(), &member.run.context.stash]),
            State::Ended(Ok(value)) => self.ledger.take(&[value]),
            State::Ended(Err(error)) => self.ledger.take(&[&error.data, &error.error_info]),
        };
        match taken {
            Ok(bytes) => member.held = bytes,
            Err(error) => member.state = State::Ended(Err(Box::new(error))),
        }
    }

    /// A pipeline's before-step.
    async fn before<'a>(&self, code: &Code, mut member: Member<'a>) -> Member<'a> {
        let stepped = member.run.before(code).await;
        member.step(stepped);
        self.hold(&mut member);
        tokio::task::consume_budget().await;
        member
    }

    /// One function for all parents that are still going.
    async fn function<'a>(&self, function: &Function, unit: bool, members: Vec<Member<'a>>) -> Vec<Member<'a>> {
        let Some((gathering, size)) = batch_size(function) else {
            return all(members.into_iter().map(|member| self.function_alone(function, member)).collect()).await;
        };
        let mut silent = members.into_iter();
        let mut members: Vec<Option<Member<'a>>> = Vec::new();
        let (mut calls, mut waiting) = (Vec::new(), 0);
        loop {
            // To their ends: while calls are made, no request step may be left alone with what it waits for.
            let asking: Vec<_> = silent.by_ref().take(CONCURRENT_REQUESTS).map(|member| ask(function, unit, member)).collect();
            if asking.is_empty() {
                break;
            }
            for (member, request) in all(asking).await {
                let Some(request) = request else {
                    members.push(Some(member));
                    continue;
                };
                waiting += weight(&request.value);
                place(gathering, size, &mut calls, Part { at: members.len(), member, request, refused: None });
                members.push(None);
            }
            if waiting > WAITING_BYTES {
                let complete = calls.extract_if(.., |call| call.batch.as_ref().is_none_or(|batch| batch.is_full()));
                self.calls(function, unit, complete.collect(), &mut members).await;
                waiting = 0;
            }
        }
        self.calls(function, unit, calls, &mut members).await;
        members.into_iter().map(|member| member.expect("every parent comes back from its call")).collect()
    }

    /// Makes these calls; the parents come back to their places.
    async fn calls<'a>(&self, function: &Function, unit: bool, calls: Vec<Prepared<'_, 'a>>, members: &mut [Option<Member<'a>>]) {
        let answered = all(calls.into_iter().map(|call| self.call(function, unit, call)).collect()).await;
        for (at, member) in answered.into_iter().flatten() {
            members[at] = Some(member);
        }
    }

    /// What a call needs while it lasts.
    async fn permits(&self) -> [Result<SemaphorePermit<'_>, AcquireError>; 2] {
        let of_field = self.of_field.acquire().await;
        [of_field, self.running.acquire().await]
    }

    /// A function whose data source takes each request by itself.
    async fn function_alone<'a>(&self, function: &Function, mut member: Member<'a>) -> Member<'a> {
        if member.is_going() {
            let _permits = self.permits().await;
            let stepped = member.run.pipeline_function(function).await;
            member.step(stepped);
            member.run.context.result = Value::Null;
            self.hold(&mut member);
            tokio::task::consume_budget().await;
        }
        member
    }

    /// One call, and the response steps of those for whom it was made.
    async fn call<'a>(&self, function: &Function, unit: bool, call: Prepared<'_, 'a>) -> Vec<(usize, Member<'a>)> {
        let _permits = self.permits().await;
        let Prepared { batch, mut parts } = call;
        let Some(first) = parts.first() else { return Vec::new() };
        let (context, deadline): (Call, _) = (first.member.run.call.clone(), first.member.run.deadline);
        let began = first.member.run.tracer.as_ref().map(|tracer| (tracer.recorder.offset(), tracer.recorder.call_number()));
        let mut results = match batch {
            None => None,
            Some(batch) => {
                let call = batch.send(&context).instrument(call_span(function, parts.len()));
                let results = tokio::time::timeout_at(deadline.into(), call).await;
                if let Some((began, call)) = began {
                    let size = parts.len();
                    let tracers = parts.iter_mut().filter_map(|part| part.member.run.tracer.as_mut());
                    for (position, tracer) in tracers.enumerate() {
                        tracer.called(began, Some(BatchPlace { call, size, position }), false);
                    }
                }
                Some(results.map(Vec::into_iter).map_err(|_| Box::new(timed_out())))
            }
        };
        let mut next = || match results.as_mut()? {
            Ok(results) => {
                let missing = || Err(DataSourceError::new("InternalFailure", "The data source gave no result for this request."));
                Some(Ok(Answer { outcome: results.next().unwrap_or_else(missing), in_batch: true }))
            }
            Err(late) => Some(Err(late.clone())),
        };
        all(parts.into_iter().map(|part| self.answer(function, unit, part, next())).collect()).await
    }

    /// The response step for one parent; a request that stands alone is sent first.
    async fn answer<'a>(
        &self,
        function: &Function,
        unit: bool,
        part: Part<'a>,
        answer: Option<Stepped<Answer>>,
    ) -> (usize, Member<'a>) {
        let Part { at, mut member, mut request, refused } = part;
        let run = &mut member.run;
        let answer = match (refused, answer) {
            (Some(error), _) => Ok(Answer { outcome: Err(error), in_batch: false }),
            (None, Some(answer)) => answer,
            (None, None) => {
                let value = std::mem::take(&mut request.value);
                run.invoke(function, value).await
            }
        };
        let ended = match answer {
            Ok(answer) => run.answer(function, &request, answer).await,
            Err(error) => Err(error),
        };
        member.end_function(unit, ended);
        self.hold(&mut member);
        tokio::task::consume_budget().await;
        (at, member)
    }
}

/// Runs these to their ends, some at a time; the results stand in the same order. All that have begun are polled: one that was
/// left alone in the middle could keep a permit from those that it waits for.
async fn all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    stream::iter(futures).buffered(CONCURRENT_PARENTS).collect().await
}

/// Puts a request where it belongs: into the newest batch that takes it, into a new one, or into a call of its own.
fn place<'s, 'a>(gathering: &'s dyn Gathering, size: usize, calls: &mut Vec<Prepared<'s, 'a>>, mut part: Part<'a>) {
    let mut placed = Ok(Placed::Elsewhere);
    for call in calls.iter_mut().rev() {
        let Some(batch) = &mut call.batch else { continue };
        placed = batch.add(&part.request.value);
        match placed {
            Ok(Placed::Elsewhere) => {}
            Ok(Placed::Here) => {
                part.request.value = Value::Null;
                call.parts.push(part);
                return;
            }
            Ok(Placed::Alone) | Err(_) => break,
        }
    }
    let mut batch = None;
    if placed == Ok(Placed::Elsewhere) {
        let mut new = gathering.batch(size);
        placed = new.add(&part.request.value);
        if placed == Ok(Placed::Here) {
            batch = Some(new);
        }
    }
    match placed {
        Ok(Placed::Here) => part.request.value = Value::Null,
        Ok(Placed::Alone | Placed::Elsewhere) => {}
        Err(error) => {
            part.request.value = Value::Null;
            part.refused = Some(error);
        }
    }
    calls.push(Prepared { batch, parts: vec![part] });
}

/// A call that is ready to be made.
struct Prepared<'s, 'a> {
    /// `None`: the only part is sent by itself, or not at all.
    batch: Option<Box<dyn Batch + 's>>,
    /// For whom it is made, in the order of the batch.
    parts: Vec<Part<'a>>,
}

/// A parent in a call.
struct Part<'a> {
    /// Its place in the group.
    at: usize,
    member: Member<'a>,
    /// Its request; empty once a batch has taken it.
    request: Request,
    /// What was wrong with the request.
    refused: Option<DataSourceError>,
}

/// A pipeline's after-step.
async fn after<'a>(code: &Code, mut member: Member<'a>) -> Member<'a> {
    if !matches!(member.state, State::Ended(_)) {
        member.state = State::Ended(member.run.after(code).await);
        tokio::task::consume_budget().await;
    }
    member
}

/// The request step; without a request the function has ended for this parent.
async fn ask<'a>(function: &Function, unit: bool, mut member: Member<'a>) -> (Member<'a>, Option<Request>) {
    if !member.is_going() {
        return (member, None);
    }
    if !unit {
        member.run.begin_function();
    }
    let asked = member.run.ask(function, unit).await;
    // A list of thousands of parents must let other requests of this worker have their turn.
    tokio::task::consume_budget().await;
    match asked {
        Ok(Asked::Request(request)) => return (member, Some(request)),
        Ok(Asked::Ended(ended)) => member.end_function(unit, Ok(ended)),
        Err(error) => member.end_function(unit, Err(error)),
    }
    (member, None)
}
