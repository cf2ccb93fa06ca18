//! All cases of some files: read, found in the definition, run side by side, judged, and rewritten if that is asked.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use resolver_cases::report::{CaseReport, FileReport, Report, Status};
use resolver_cases::{
    Called, Case, CaseFile, DEFAULT_CLOCK, Failure, Finding, Help, Outcome, Step, Updates, judge, read, update,
};
use value::{Object, Str};

use super::discover::CaseText;
use super::evaluated;
use super::random::CaseIds;
use super::suite::{NO_DEFINITION, Parts, Prepared, PreparedTargets, Scripted, Suite};
use crate::diagnostic::{Diagnostic, Source, closest};
use crate::resolver;
use crate::resolver::offline::{Conditions, EvaluationRequest, FixedClock, evaluate};
use crate::resolver::whole::{self, Whole};

/// How cases are run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only cases whose file, target or name contains one of these, in any case of letters; all when there are none.
    pub filters: Vec<String>,
    /// Whether snapshots are rewritten.
    pub update: bool,
    /// How many cases are run at a time; by default as many as there are processors.
    pub jobs: Option<NonZeroUsize>,
}

/// What running gave.
#[derive(Debug, Default)]
pub struct Run {
    /// The cases.
    pub report: Report,
    /// What is wrong with case files.
    pub diagnostics: Vec<Diagnostic>,
    /// Files with new snapshots, by their place among the files that were given.
    pub rewritten: Vec<(usize, String)>,
}

/// A case that is ready to be run.
struct Job {
    file: usize,
    /// Its place in its file.
    at: usize,
    case: Case,
    prepared: Arc<Prepared>,
}

/// What became of a [`Job`].
struct Done {
    failures: Vec<Failure>,
    updates: Updates,
    duration: Duration,
}

/// Runs the cases of `files`. Nothing is written: that is left to the caller.
#[must_use]
pub fn run(suite: &Suite, files: &[CaseText], options: &Options) -> Run {
    let began = Instant::now();
    let mut run = Run::default();
    let mut targets = PreparedTargets::default();
    let mut jobs = Vec::new();
    for (at, file) in files.iter().enumerate() {
        let mut report = FileReport { path: file.path.display().to_string(), ..FileReport::default() };
        match open(suite, file, &mut targets) {
            Ok((text, cases)) => {
                let mut lines = Lines { text: &text.text, at: 0, line: 1 };
                for (place, (case, prepared)) in cases.into_iter().enumerate() {
                    let target = case.target.to_string();
                    if !is_wanted(&options.filters, &report.path, &target, &case.name) {
                        continue;
                    }
                    let status = case.skip.clone().map_or(Status::Passed, Status::Skipped);
                    let line = lines.line(case.span.start);
                    let target = case.step.map_or(target.clone(), |step| format!("{target} {}", step.name()));
                    if status == Status::Passed {
                        jobs.push((report.cases.len(), Job { file: at, at: place, case: case.clone(), prepared }));
                    }
                    report.cases.push(CaseReport { name: case.name, target, line, status, duration: Duration::ZERO });
                }
            }
            Err(found) => {
                report.refused = found.first().map(line_of);
                run.diagnostics.extend(found);
            }
        }
        run.report.files.push(report);
    }
    let done = run_all(&jobs, options);
    let mut updates: Vec<Vec<(usize, Updates)>> = vec![Vec::new(); files.len()];
    for ((place, job), done) in jobs.into_iter().zip(done) {
        let report = &mut run.report.files[job.file].cases[place];
        report.duration = done.duration;
        // A case that would go on failing keeps its snapshots: they may be right, and what came out wrong.
        let is_made_right = options.update && done.failures.iter().all(|failure| failure.updatable);
        report.status = match done.failures.is_empty() {
            true => Status::Passed,
            false if is_made_right => Status::Updated,
            false => Status::Failed(done.failures),
        };
        if is_made_right && !done.updates.is_empty() {
            updates[job.file].push((job.at, done.updates));
        }
    }
    for (at, updates) in updates.iter().enumerate().filter(|(_, updates)| !updates.is_empty()) {
        let file = &files[at];
        let text = file.text.as_deref().unwrap_or_default();
        match update(text, file.language, updates) {
            Ok(text) => run.rewritten.push((at, text)),
            Err(refused) => {
                let source = Arc::new(Source { path: file.path.display().to_string(), text: text.to_owned() });
                let message = "the snapshot of this case cannot be rewritten in place: this file stays as it is";
                let help =
                    "Others refer to it by an anchor, or it is written in an unusual way: write it in plain lines, or remove it.";
                run.diagnostics.push(Diagnostic::error("snapshot-in-place", message).help(help).at(&source, refused.span));
                not_updated(&mut run.report.files[at]);
            }
        }
    }
    run.report.files.retain(|file| !file.cases.is_empty() || file.refused.is_some());
    run.report.duration = began.elapsed();
    run
}

/// The cases whose snapshots were to be written and are not.
fn not_updated(report: &mut FileReport) {
    for case in &mut report.cases {
        if case.status == Status::Updated {
            case.status = Status::Failed(vec![Failure::new("its snapshot is not the outcome, and was not rewritten")]);
        }
    }
}

/// Counts lines from place to place: a file may have many cases.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line of a place. What stands behind an alias lies before it, and is counted anew.
    fn line(&mut self, place: usize) -> usize {
        if place < self.at {
            (self.at, self.line) = (0, 1);
        }
        self.line += self.text.as_bytes()[self.at..place].iter().filter(|&&byte| byte == b'\n').count();
        self.at = place;
        self.line
    }
}

fn is_wanted(filters: &[String], path: &str, target: &str, name: &str) -> bool {
    let whole = format!("{path} > {target}: {name}").to_lowercase();
    filters.is_empty() || filters.iter().any(|filter| whole.contains(&filter.to_lowercase()))
}

type Opened = (Arc<Source>, Vec<(Case, Arc<Prepared>)>);

/// The cases of a file, each with its defaults and what it runs; or all that is wrong with the file.
fn open(suite: &Suite, file: &CaseText, targets: &mut PreparedTargets) -> Result<Opened, Vec<Diagnostic>> {
    let path = file.path.display().to_string();
    let text = file.text.clone().map_err(|problem| {
        let source = Arc::new(Source { path: path.clone(), text: String::new() });
        vec![Diagnostic::error("case-file", format!("the file {problem}")).at(&source, 0..0)]
    })?;
    let source = Arc::new(Source { path, text });
    let CaseFile { api, defaults, cases } = read(&source.text, file.language)
        .map_err(|found| found.into_iter().map(|finding| diagnostic(finding, &source)).collect::<Vec<_>>())?;
    let folder = file.path.parent().unwrap_or(Path::new(""));
    let (mut opened, mut found) = (Vec::with_capacity(cases.len()), Vec::new());
    for mut case in cases {
        match targets.get(suite, api.as_ref(), &case.target, case.step, folder) {
            Ok(prepared) => {
                case.setting = case.setting.over(&defaults);
                opened.push((case, prepared));
            }
            Err(problems) => found.extend(problems.into_iter().map(|problem| match problem.place {
                Some(_) => problem,
                None => problem.at(&source, case.target_span.clone()),
            })),
        }
    }
    // Of a definition that is missing is said once what would be true of every case.
    let first = found.iter().position(|found: &Diagnostic| found.rule == NO_DEFINITION);
    let mut at = 0;
    found.retain(|problem| {
        at += 1;
        problem.rule != NO_DEFINITION || Some(at - 1) == first
    });
    if found.is_empty() { Ok((source, opened)) } else { Err(found) }
}

fn diagnostic(finding: Finding, source: &Arc<Source>) -> Diagnostic {
    let help = match finding.help {
        Help::Say(sentence) => sentence,
        Help::OneOf { name, known } => match closest(&name, known.iter().copied()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("There are: {}.", known.join(", ")),
        },
    };
    Diagnostic::error(finding.rule, finding.message).help(help).at(source, finding.span)
}

fn line_of(diagnostic: &Diagnostic) -> String {
    match &diagnostic.place {
        Some(place) => {
            let (line, column) = place.source.line_column(place.span.start);
            format!("{}:{line}:{column}: {}", place.source.path, diagnostic.message)
        }
        None => diagnostic.message.clone(),
    }
}

/// Runs all jobs; the results are in their order, however long each takes.
fn run_all(jobs: &[(usize, Job)], options: &Options) -> Vec<Done> {
    let processors = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let workers = options.jobs.map_or_else(processors, NonZeroUsize::get).min(jobs.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((_, job)) = jobs.get(at) else { return done };
            done.push((at, run_one(job)));
        }
    };
    let mut done: Vec<(usize, Done)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, done)| done).collect()
}

fn run_one(job: &Job) -> Done {
    let began = Instant::now();
    let evaluated = catch_unwind(AssertUnwindSafe(|| evaluated_case(&job.case, &job.prepared)));
    let (failures, updates) = match evaluated {
        Ok(Ok((outcome, called))) => judge(&job.case, &outcome, &called),
        Ok(Err(message)) => (vec![Failure::new(message)], Updates::default()),
        Err(panic) => {
            let message = format!("an internal failure of Syncgate: {}", crate::panicked::cause(&*panic));
            (vec![Failure::new(message)], Updates::default())
        }
    };
    Done { failures, updates, duration: began.elapsed() }
}

/// The case's `ctx`: what the target brings, and over it what the case says. Of objects that have members of their own meaning,
/// those that the case leaves out stay.
fn context(case: &Case, prepared: &Prepared) -> Object {
    let mut context = prepared.context.clone();
    for (name, member) in &case.setting.context {
        match (context.get_mut(name).and_then(|known| known.as_object_mut()), member.as_object()) {
            (Some(known), Some(given)) if matches!(&**name, "request" | "info") => {
                for (name, member) in given {
                    known.insert(Str::clone(name), member.clone());
                }
            }
            _ => drop(context.insert(Str::clone(name), member.clone())),
        }
    }
    context
}

/// Runs a case; an error is what keeps it from running at all.
fn evaluated_case(case: &Case, prepared: &Prepared) -> Result<(Outcome, Vec<Called>), String> {
    let context = context(case, prepared);
    let conditions = Conditions {
        clock: Arc::new(FixedClock(case.setting.clock.unwrap_or(DEFAULT_CLOCK))),
        ids: Arc::new(CaseIds::new(&case.setting)),
        limits: prepared.limits,
        ..Conditions::default()
    };
    if let Parts::Step(program) = &prepared.parts {
        let step = case.step.map(|step| match step {
            Step::Request => resolver::Step::Request,
            Step::Response => resolver::Step::Response,
        });
        let result = evaluate(&EvaluationRequest { program, step, context: &context, conditions: &conditions });
        return Ok((evaluated::step(result), Vec::new()));
    }
    let Some((scripted, script)) = prepared.scripted(&case.calls) else { return Ok(Default::default()) };
    let whole = match &scripted {
        Scripted::Resolver(resolver) => Whole::Resolver(resolver),
        Scripted::Function(function) => Whole::Function(function),
    };
    // The runner asks the clock of a runtime whether its time is up; nothing else of it is used.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| format!("cannot start the runtime: {error}"))?;
    let result = runtime.block_on(whole::run(whole, &context, &conditions, Instant::now() + prepared.timeout));
    Ok((evaluated::whole(result), script.called()))
}
