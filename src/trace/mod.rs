//! The record of a request: every field with a resolver, every step of it, every call of a data source.
//!
//! A [`Recorder`] exists for the requests that somebody watches and for no others: a resolver run asks once whether there is one.
//! Runs write their steps into a [`RunTrace`] of their own, which the recorder gets when the run has ended. Three readers make
//! something of the record: [`show`] the tree in `extensions.trace`, [`log`] the lines that AppSync writes to CloudWatch, and
//! [`record`] what test cases are made of.
//!
//! Values are kept within [`Bounds`] and leave here through a [`secrecy::Mask`] only. This room knows no resolver language, no data
//! source and no HTTP.

pub mod bounds;
pub mod log;
pub mod record;
pub mod secrecy;
pub mod show;
pub mod tape;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use appsync_utils::{Effects, Level, LogEntry, SkipTo};
use jiff::Timestamp;
use value::{Object, Str, Value};

use self::bounds::{Bounds, cut, is_cut};
use self::secrecy::{Mask, Secrets};
use self::tape::{Reading, Tape};
use crate::data_source::DataSourceError;
use crate::execution::error::FieldError;
use crate::execution::executor::{Request, Results};
use crate::execution::paths::each_result;
use crate::execution::plan::Plan;

/// The target of spans: `SYNCGATE_LOG=info,syncgate::trace=debug` shows them around log lines. They stand in each other as
/// `request`, `operation`, `field`, `resolver_step` and `data_source_call`, and have names of OpenTelemetry's semantic conventions
/// where there are some.
pub const SPANS: &str = "syncgate::trace";

/// What a client asked to see of its request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// `extensions.trace` of the answer.
    pub trace: bool,
    /// `extensions.record` of the answer: what test cases are made of.
    pub record: bool,
    /// What is known of errors beyond AppSync's words: `extensions` of each.
    pub details: bool,
    /// Why the caller does not get what he asked for.
    pub refused: Option<&'static str>,
}

/// What is kept of a request, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wants {
    /// For `extensions.trace`.
    pub trace: bool,
    /// For test cases.
    pub record: bool,
    /// For the log.
    pub log: Logged,
}

/// What the log has of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logged {
    /// Nothing.
    Nothing,
    /// The request as a whole.
    Summaries,
    /// Also fields in error.
    Errors {
        /// With contexts and results.
        verbose: bool,
    },
    /// Also all fields.
    Fields {
        /// With contexts and results.
        verbose: bool,
    },
}

impl Wants {
    /// Whether anybody wants anything.
    #[must_use]
    pub fn anything(self) -> bool {
        self.trace || self.record || self.log != Logged::Nothing
    }

    /// Whether somebody wants to know of resolver runs.
    #[must_use]
    pub fn runs(self) -> bool {
        self.values() || matches!(self.log, Logged::Errors { .. } | Logged::Fields { .. })
    }

    /// Whether all that a run was given and gave is wanted.
    fn values(self) -> bool {
        self.trace || self.record
    }

    fn verbose_log(self) -> bool {
        matches!(self.log, Logged::Errors { verbose: true } | Logged::Fields { verbose: true })
    }

    /// Those of an evaluation's log entries that somebody wants.
    #[must_use]
    pub fn of_logs(self, logs: &[LogEntry]) -> Vec<LogEntry> {
        let is_wanted = |entry: &&LogEntry| match self.log {
            _ if self.trace => true,
            Logged::Nothing | Logged::Summaries => false,
            Logged::Errors { .. } => entry.level == Level::Error,
            Logged::Fields { .. } => true,
        };
        logs.iter().filter(is_wanted).cloned().collect()
    }
}

/// Members of `ctx` that a run is given, and that its steps do not make themselves. The environment is the definition's.
const GIVEN: [&str; 5] = ["arguments", "identity", "source", "request", "info"];
/// Members of `ctx` in AppSync's log lines. What a step was given beside them, the lines before it say.
const LOGGED: [&str; 7] = ["arguments", "source", "result", "error", "prev", "stash", "outErrors"];
/// About how many bytes a step takes beside its values.
const STEP: usize = 256;

/// The record of one request.
#[derive(Debug)]
pub struct Recorder {
    wants: Wants,
    bounds: Bounds,
    began: Instant,
    began_at: Timestamp,
    secrets: Secrets,
    /// What is secret in members that all runs are given alike is known.
    knows_shared: AtomicBool,
    mask: OnceLock<Arc<Mask>>,
    preparation: OnceLock<Preparation>,
    runs: Mutex<Vec<RunTrace>>,
    placed: OnceLock<Vec<Placed>>,
    /// About how many bytes are kept.
    kept: AtomicUsize,
    /// Runs that were not kept.
    left_out: AtomicUsize,
    calls: AtomicU64,
}

/// A run, and where its result stands in the answer.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Response keys and places in lists, from the root; empty where the answer does not have it.
    pub path: Vec<Value>,
    /// The run.
    pub run: RunTrace,
}

/// How the document became a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preparation {
    /// The plan was known.
    pub cached: bool,
    /// Since the beginning of the request.
    pub start_offset: Duration,
    /// Up to the end of parsing.
    pub parsing: Duration,
    /// Validation and planning.
    pub validation: Duration,
}

/// One resolver for one parent.
#[derive(Clone, Debug)]
pub struct RunTrace {
    /// `PlanField::index` of the field.
    pub field: usize,
    /// Which of the field's parents.
    pub parent: usize,
    /// The parent type.
    pub parent_type: Str,
    /// The field.
    pub field_name: Str,
    /// Its type as the schema writes it.
    pub return_type: String,
    /// Whether it is a pipeline.
    pub pipeline: bool,
    /// `ctx.arguments`
    pub arguments: Value,
    /// `ctx.source`
    pub source: Value,
    /// Since the beginning of the request.
    pub start_offset: Duration,
    /// From the first step to the end of the last.
    pub duration: Duration,
    /// In order.
    pub steps: Vec<Step>,
    /// Steps that were not kept: the record had reached its bounds.
    pub steps_left_out: usize,
    /// A part of something is missing.
    pub is_cut: bool,
    /// The field's value before it is completed.
    pub result: Value,
    /// The field's errors.
    pub errors: Vec<FieldError>,
}

/// A step of a run.
#[derive(Clone, Debug)]
pub enum Step {
    /// Code or a template was evaluated.
    Evaluation(Box<Evaluation>),
    /// A data source was called.
    Call(Box<Call>),
}

/// Which of a resolver's pieces of code ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// A pipeline's before-step.
    Before,
    /// A function's, or a unit resolver's, request step.
    Request,
    /// A function's, or a unit resolver's, response step.
    Response,
    /// A pipeline's after-step.
    After,
}

impl Phase {
    /// The name in a trace.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Phase::Before => "before",
            Phase::Request => "request",
            Phase::Response => "response",
            Phase::After => "after",
        }
    }

    /// Whether it is the code's `request` handler or template.
    #[must_use]
    pub fn is_request(self) -> bool {
        matches!(self, Phase::Before | Phase::Request)
    }
}

/// The runtime of a piece of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `APPSYNC_JS`
    Js,
    /// Velocity templates.
    Vtl,
}

impl Language {
    /// The name in a trace.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Language::Js => "APPSYNC_JS",
            Language::Vtl => "VTL",
        }
    }
}

/// One evaluation.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// Which.
    pub phase: Phase,
    /// The language.
    pub language: Language,
    /// The pipeline's function.
    pub function: Option<Str>,
    /// The file of the code, as the definition names it.
    pub file: Option<String>,
    /// Since the beginning of the request.
    pub start_offset: Duration,
    /// How long it took, with the wait for a place where it could run.
    pub duration: Duration,
    /// `ctx` before it, where somebody wants it.
    pub context: Option<Object>,
    /// What it gave.
    pub outcome: Outcome,
    /// `ctx.stash` after it, where it changed.
    pub stash: Option<Value>,
    /// Errors that it appended.
    pub appended: Vec<FieldError>,
    /// What it wrote to the log.
    pub logs: Vec<LogEntry>,
    /// The time and the random numbers it saw, where somebody wants them.
    pub reading: Option<Reading>,
    /// What it asked of the request as a whole, where somebody wants that.
    pub effects: Option<Box<Effects>>,
}

/// How an evaluation ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// With this.
    Value(Value),
    /// Early, with this.
    Early(Value, Option<SkipTo>),
    /// It failed.
    Failed(FieldError),
}

/// One call of a data source, on behalf of one parent.
#[derive(Clone, Debug)]
pub struct Call {
    /// The data source's name.
    pub data_source: Str,
    /// Its type, as AppSync names it.
    pub kind: &'static str,
    /// The pipeline's function.
    pub function: Option<Str>,
    /// What the request step rendered, or what stands for it where there is none.
    pub request: Value,
    /// Since the beginning of the request, where the call was made.
    pub start_offset: Option<Duration>,
    /// How long it took.
    pub duration: Duration,
    /// What came back; `None` when nothing had come when the request's time was up.
    pub outcome: Option<Result<Value, DataSourceError>>,
    /// The call carried the requests of several parents.
    pub batch: Option<BatchPlace>,
    /// Another equal request was under way, whose answer this is.
    pub shared: bool,
}

/// A parent's place in a call for several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchPlace {
    /// Equal for all that went into one call.
    pub call: u64,
    /// How many did.
    pub size: usize,
    /// Which of them this is.
    pub position: usize,
}

impl Recorder {
    /// A recorder that begins now; `secrets` are those in the headers of the request.
    #[must_use]
    pub fn new(wants: Wants, secrets: Secrets) -> Self {
        Self {
            wants,
            bounds: Bounds::of(wants),
            began: Instant::now(),
            began_at: Timestamp::now(),
            secrets,
            knows_shared: AtomicBool::new(false),
            mask: OnceLock::new(),
            preparation: OnceLock::new(),
            runs: Mutex::default(),
            placed: OnceLock::new(),
            kept: AtomicUsize::new(0),
            left_out: AtomicUsize::new(0),
            calls: AtomicU64::new(0),
        }
    }

    /// For whom it is.
    #[must_use]
    pub fn wants(&self) -> Wants {
        self.wants
    }

    /// Time since the beginning.
    #[must_use]
    pub fn offset(&self) -> Duration {
        self.began.elapsed()
    }

    /// Says how the document became a plan.
    pub fn prepared(&self, preparation: Preparation) {
        // A request has one document.
        let _ = self.preparation.set(preparation);
    }

    /// A number for a call that several share.
    #[must_use]
    pub fn call_number(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Remembers what is secret in something that the request was given.
    pub fn learn(&self, value: &Value) {
        self.secrets.learn(value);
    }

    /// What hides the secrets that were known when it was asked for first: once all runs have ended.
    #[must_use]
    pub fn mask(&self) -> &Arc<Mask> {
        self.mask.get_or_init(|| Arc::new(self.secrets.mask()))
    }

    /// Counts what shall be kept, and tells whether there is room for it. Everything that a record holds comes through here.
    fn count(&self, bytes: usize, share: &mut Share) -> bool {
        share.bytes += bytes;
        let fits = self.kept.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.bounds.total;
        share.is_cut |= !fits;
        fits
    }

    /// What is kept of a value: all of it, or its beginning.
    fn keep(&self, value: &Value, share: &mut Share) -> Value {
        if value.is_null() {
            return Value::Null;
        }
        let (kept, bytes) = cut(value, self.bounds.value);
        share.is_cut |= is_cut(&kept);
        if self.count(bytes, share) { kept } else { bounds::left_out() }
    }

    /// What is kept of a text: all of it, or its beginning.
    fn keep_text(&self, text: &str, share: &mut Share) -> String {
        share.is_cut |= text.len() > self.bounds.value;
        let length = text.len().min(self.bounds.value);
        if self.count(length, share) { bounds::cut_text(text, self.bounds.value) } else { "…".to_owned() }
    }

    /// `ctx` of a step, as far as somebody wants it.
    fn context(&self, members: &Object, is_first: bool, share: &mut Share) -> Option<Object> {
        let (given, logged) = (self.wants.record && is_first, self.wants.verbose_log());
        if !given && !logged {
            return None;
        }
        let is_shown = |name: &str, value: &Value| match name {
            "arguments" | "stash" | "outErrors" => true,
            name => LOGGED.contains(&name) && !value.is_null(),
        };
        let is_wanted = |name: &str, value: &Value| given && GIVEN.contains(&name) || logged && is_shown(name, value);
        let members = members.iter().filter(|(name, value)| is_wanted(name, value));
        Some(members.map(|(name, value)| (Arc::clone(name), self.keep(value, share))).collect())
    }

    /// Keeps a run that has ended.
    pub fn keep_run(&self, mut run: RunTrace) {
        run.duration = self.offset().saturating_sub(run.start_offset);
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if runs.len() < self.bounds.runs {
            runs.push(run);
        } else {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Once all runs have ended: finds out where their results stand in the answer.
    pub fn place(&self, plan: &Plan, request: &Request<'_>, results: &Results) {
        let runs = std::mem::take(&mut *self.runs.lock().unwrap_or_else(PoisonError::into_inner));
        if runs.is_empty() {
            return;
        }
        let mut runs: HashMap<(usize, usize), RunTrace> = runs.into_iter().map(|run| ((run.field, run.parent), run)).collect();
        let mut placed = Vec::with_capacity(runs.len());
        // Paths repeat what stands above them: a long alias over a long list is written once for each item.
        let mut room = self.bounds.total;
        each_result(plan, request, results, &mut |found| {
            if let Some(run) = runs.remove(&(found.field.index, found.parent)) {
                let bytes = found.path.iter().map(crate::resolver::weight).sum();
                let Some(left) = room.checked_sub(bytes) else {
                    self.left_out.fetch_add(1, Ordering::Relaxed);
                    return;
                };
                room = left;
                placed.push(Placed { path: found.path.to_vec(), run });
            }
        });
        let mut rest: Vec<RunTrace> = runs.into_values().collect();
        rest.sort_by_key(|run| run.start_offset);
        placed.extend(rest.into_iter().map(|run| Placed { path: Vec::new(), run }));
        // A request is executed once.
        let _ = self.placed.set(placed);
    }

    /// The runs in the order of the answer, and how many more there were.
    fn placed(&self) -> (&[Placed], usize) {
        (self.placed.get().map_or(&[], Vec::as_slice), self.left_out.load(Ordering::Relaxed))
    }

    fn preparation(&self) -> Preparation {
        self.preparation.get().copied().unwrap_or_default()
    }
}

/// What a run takes of the record's bounds.
#[derive(Debug, Default)]
struct Share {
    bytes: usize,
    /// Something is missing.
    is_cut: bool,
}

/// A run that is being recorded.
#[derive(Debug)]
pub struct Tracer<'a> {
    /// The request's recorder.
    pub recorder: &'a Recorder,
    run: RunTrace,
    share: Share,
    /// What time and randomness go through where they are to be known afterwards.
    tape: Option<Arc<Tape>>,
}

/// When an evaluation began, and with what.
pub struct Begun {
    start_offset: Duration,
    context: Option<Object>,
    /// What the evaluation's time and randomness go through.
    pub tape: Option<Arc<Tape>>,
}

impl<'a> Tracer<'a> {
    /// A run that begins now.
    #[must_use]
    pub fn new(recorder: &'a Recorder, mut run: RunTrace) -> Self {
        run.start_offset = recorder.offset();
        recorder.learn(&run.arguments);
        let mut share = Share::default();
        let mut given = |value: &mut Value| {
            let kept = if recorder.wants.values() { recorder.keep(value, &mut share) } else { Value::Null };
            *value = kept;
        };
        given(&mut run.arguments);
        given(&mut run.source);
        let tape = recorder.wants.record.then(|| Arc::new(Tape::recording()));
        Self { recorder, run, share, tape }
    }

    /// Before an evaluation.
    #[must_use]
    pub fn begin(&mut self, members: &Object) -> Begun {
        let recorder = self.recorder;
        let learn = |name: &str| members.get(name).into_iter().for_each(|value| recorder.learn(value));
        if !recorder.knows_shared.swap(true, Ordering::Relaxed) {
            learn("identity");
            learn("env");
        }
        learn("stash");
        let is_first = self.run.steps.is_empty();
        let context = recorder.context(members, is_first, &mut self.share);
        if let Some(tape) = &self.tape {
            tape.begin();
        }
        Begun { start_offset: recorder.offset(), context, tape: self.tape.clone() }
    }

    /// Whether one step more is kept. After one that is not, none is: a case or a trace with a gap would mislead.
    fn has_room(&mut self) -> bool {
        let fits = self.run.steps_left_out == 0 && self.recorder.count(STEP, &mut self.share);
        self.run.steps_left_out += usize::from(!fits);
        fits
    }

    /// After an evaluation. `stash` is what it left, where that is not what it found.
    pub fn evaluated(&mut self, begun: Begun, mut evaluation: Evaluation) {
        let (recorder, wants) = (self.recorder, self.recorder.wants);
        evaluation.stash.iter().for_each(|stash| recorder.learn(stash));
        if !self.has_room() {
            return;
        }
        let share = &mut self.share;
        evaluation.start_offset = begun.start_offset;
        evaluation.duration = recorder.offset().saturating_sub(begun.start_offset);
        evaluation.context = begun.context;
        evaluation.reading = begun.tape.map(|tape| tape.reading());
        if let Some(reading) = &mut evaluation.reading
            && !recorder.count(reading.random.as_ref().map_or(0, Vec::len), share)
        {
            reading.random = None;
        }
        evaluation.stash = evaluation.stash.filter(|_| wants.trace).map(|stash| recorder.keep(&stash, share));
        let has_results = wants.trace || wants.verbose_log();
        let mut kept = |value: &Value| if has_results { recorder.keep(value, share) } else { Value::Null };
        evaluation.outcome = match evaluation.outcome {
            Outcome::Value(value) => Outcome::Value(kept(&value)),
            Outcome::Early(value, skip_to) => Outcome::Early(kept(&value), skip_to),
            Outcome::Failed(error) => Outcome::Failed(recorder.keep_error(&error, share)),
        };
        let appended = evaluation.appended.iter().map(|error| recorder.keep_error(error, share));
        evaluation.appended = appended.collect();
        let bytes = evaluation.logs.iter().map(|entry| size_of::<LogEntry>() + entry.message.len()).sum();
        if !recorder.count(bytes, share) {
            evaluation.logs.clear();
        }
        let bytes = evaluation.effects.as_ref().map_or(0, |effects| weight_of(effects));
        if !recorder.count(bytes, share) {
            evaluation.effects = None;
        }
        self.run.steps.push(Step::Evaluation(Box::new(evaluation)));
    }

    /// There is a request for a data source.
    pub fn requested(&mut self, mut call: Call) {
        if self.recorder.wants.values() && self.has_room() {
            call.request = self.recorder.keep(&call.request, &mut self.share);
            self.run.steps.push(Step::Call(Box::new(call)));
        }
    }

    /// The request has been sent and something has come back, or the time was up.
    pub fn called(&mut self, start_offset: Duration, batch: Option<BatchPlace>, shared: bool) {
        let now = self.recorder.offset();
        if let Some(call) = call_in(&mut self.run) {
            call.start_offset = Some(start_offset);
            call.duration = now.saturating_sub(start_offset);
            (call.batch, call.shared) = (batch, shared);
        }
    }

    /// What has come back.
    pub fn answered(&mut self, outcome: &Result<Value, DataSourceError>) {
        let (recorder, share) = (self.recorder, &mut self.share);
        if let Some(call) = call_in(&mut self.run) {
            call.outcome = Some(match outcome {
                Ok(value) => Ok(recorder.keep(value, share)),
                Err(error) => Err(DataSourceError {
                    message: recorder.keep_text(&error.message, share),
                    error_type: recorder.keep_text(&error.error_type, share),
                    data: recorder.keep(&error.data, share),
                    error_info: recorder.keep(&error.error_info, share),
                    unhandled_error_type: error.unhandled_error_type.as_ref().map(|value| recorder.keep(value, share)),
                }),
            });
        }
    }

    /// The run has ended.
    pub fn finish(mut self, value: &Value, errors: &[FieldError]) {
        let (recorder, wants) = (self.recorder, self.recorder.wants);
        if wants.values() {
            self.run.result = recorder.keep(value, &mut self.share);
        } else if errors.is_empty() && matches!(wants.log, Logged::Errors { .. }) {
            // Only now it is known that nobody wants the contexts.
            self.run.steps.retain_mut(|step| match step {
                Step::Evaluation(evaluation) => {
                    (evaluation.context, evaluation.outcome) = (None, Outcome::Value(Value::Null));
                    !evaluation.logs.is_empty()
                }
                Step::Call(_) => false,
            });
            if self.run.steps.is_empty() {
                recorder.kept.fetch_sub(self.share.bytes, Ordering::Relaxed);
                return;
            }
        }
        for error in errors {
            // That there was one must be known in any case.
            if self.run.errors.is_empty() || recorder.count(size_of::<FieldError>(), &mut self.share) {
                self.run.errors.push(recorder.keep_error(error, &mut self.share));
            }
        }
        self.run.is_cut = self.share.is_cut;
        recorder.keep_run(self.run);
    }
}

/// The call that is under way.
fn call_in(run: &mut RunTrace) -> Option<&mut Call> {
    match run.steps.last_mut() {
        Some(Step::Call(call)) if run.steps_left_out == 0 => Some(call),
        _ => None,
    }
}

/// About how many bytes these take.
fn weight_of(effects: &Effects) -> usize {
    use crate::resolver::weight;
    let Effects { response_headers, header_faults, subscription_filter, invalidation_filter, invalidations, evictions, .. } =
        effects;
    let headers = response_headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
    let faults = header_faults.iter().map(String::len).sum::<usize>();
    let values = subscription_filter.iter().chain(invalidation_filter).chain(invalidations).chain(evictions);
    headers + faults + values.map(weight).sum::<usize>()
}

impl Recorder {
    fn keep_error(&self, error: &FieldError, share: &mut Share) -> FieldError {
        FieldError {
            message: self.keep_text(&error.message, share),
            error_type: error.error_type.as_deref().map(|text| self.keep_text(text, share)),
            data: self.keep(&error.data, share),
            error_info: self.keep(&error.error_info, share),
            detail: self.keep(&error.detail, share),
        }
    }
}

#[cfg(test)]
mod tests;
