//! `syncgate test`: runs the cases of resolvers that [`crate::cases`] finds, and tells how they ended.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use resolver_cases::report::{Report, junit, pretty, tap};

use super::engines::Engines;
use super::{colors, error, findings, print, print_error};
use crate::cases::{self, CaseText, Run, Suite, discover, fingerprint};
use crate::definition::{self, DynamodbSettings, Overrides};
use crate::diagnostic::{Diagnostic, Severity};
use crate::kept::write_whole;

pub(super) const HELP: &str = "\
Case files end in .test.yaml, .test.yml or .test.json; docs/guide/testing.md shows how they are written.

Nothing is called and no table is opened: data sources answer what the cases say. The clock stands still, ids and random
numbers are the same in each run.

The exit code is 0 if all cases passed, 1 if some failed, 2 if cases could not be run: a definition or a case file with
errors, no case at all.

  syncgate test
  syncgate test resolvers/tests --filter Mutation.createPost
  syncgate test --update
  syncgate test --format junit --output target/resolvers.xml";

/// Where the configuration is when nobody says.
const DEFAULT_CONFIG: &str = "config.toml";

/// How often files are looked at with `--watch`.
const WATCH_INTERVAL: Duration = Duration::from_millis(300);

/// The exit code where cases failed.
const FAILED: u8 = 1;

/// The exit code where cases could not be run.
const NOT_RUN: u8 = 2;

/// What `syncgate test` is asked.
#[derive(Clone, Debug, Args)]
pub(super) struct TestArguments {
    /// Case files, and folders that are searched for them; without any, the folder of the configuration.
    paths: Vec<PathBuf>,
    /// The configuration file of the definition; by default config.toml, if there is one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write what came out into the case files, as what is expected.
    #[arg(long, short)]
    update: bool,
    /// Only cases whose file, resolver or name contains this text; several times: any of them.
    #[arg(long, short, value_name = "TEXT")]
    filter: Vec<String>,
    /// How the outcome is told.
    #[arg(long, value_name = "FORMAT", default_value = "pretty")]
    format: ReportFormat,
    /// The file that gets the outcome; standard output then has it for people.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Run the cases again whenever a file changes, until Ctrl-C.
    #[arg(long, short)]
    watch: bool,
    /// How many cases are run at a time; by default as many as there are processors.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For people: a line for each case, what differs, a summary.
    Pretty,
    /// The Test Anything Protocol, version 14.
    Tap,
    /// JUnit's XML.
    Junit,
}

pub(super) fn run(arguments: &TestArguments) -> ExitCode {
    if !arguments.watch {
        return ExitCode::from(once(arguments).code);
    }
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(watch(arguments)),
        Err(problem) => {
            print_error(&error(format!("cannot start the runtime: {problem}"), ""));
            ExitCode::from(NOT_RUN)
        }
    }
}

/// What one run came to.
struct Ran {
    code: u8,
    /// What it depended on: folders, and single files.
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
    /// Whether it wrote case files.
    wrote: bool,
}

/// Runs again after each change; ends with the code of the last run.
async fn watch(arguments: &TestArguments) -> ExitCode {
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    let (mut known, mut ran) = (None, None::<Ran>);
    loop {
        // Looked at before the run, so that a change during it is seen after it.
        let before = ran.as_ref().map(|ran| fingerprint(&ran.folders, &ran.files));
        if ran.is_none() || before != known {
            if ran.is_some() {
                print("\n");
            }
            let now = once(arguments);
            known = match before {
                Some(_) if !now.wrote && is_same_place(ran.as_ref(), &now) => before,
                _ => Some(fingerprint(&now.folders, &now.files)),
            };
            print("Waiting for changes; Ctrl-C ends this.\n");
            ran = Some(now);
        }
        tokio::select! {
            _ = &mut interrupted => return ExitCode::from(ran.map_or(NOT_RUN, |ran| ran.code)),
            () = tokio::time::sleep(WATCH_INTERVAL) => {}
        }
    }
}

fn is_same_place(before: Option<&Ran>, now: &Ran) -> bool {
    before.is_some_and(|before| before.folders == now.folders && before.files == now.files)
}

fn once(arguments: &TestArguments) -> Ran {
    let config = arguments.config.clone().unwrap_or_else(|| DEFAULT_CONFIG.into());
    let folder = match config.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let paths = if arguments.paths.is_empty() { vec![folder.clone()] } else { arguments.paths.clone() };
    let mut ran = Ran { code: NOT_RUN, folders: paths.clone(), files: vec![config.clone()], wrote: false };
    ran.folders.push(folder);
    let (files, found) = discover(&paths);
    let suite = suite(&config, arguments.config.is_some(), &mut ran.files);
    let is_refused = found.iter().any(|found| found.severity == Severity::Error);
    print_error(&findings(&found));
    let Some(suite) = suite.filter(|_| !is_refused) else { return ran };
    if files.is_empty() {
        let shown: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        let help = "case files end in .test.yaml, .test.yml or .test.json; docs/guide/testing.md shows how they are written";
        print_error(&error(format!("there are no case files in {}", shown.join(", ")), help));
        return ran;
    }
    let options = cases::Options { filters: arguments.filter.clone(), update: arguments.update, jobs: arguments.jobs };
    let done = cases::run(&suite, &files, &options);
    print_error(&findings(&done.diagnostics));
    ran.code = match finish(arguments, &files, &done, &mut ran.wrote) {
        Ok(()) => code(&done),
        Err(message) => {
            print_error(&message);
            NOT_RUN
        }
    };
    ran
}

/// The definition's suite; `None` when the definition has errors, which have been told.
fn suite(config: &Path, is_named: bool, read: &mut Vec<PathBuf>) -> Option<Suite> {
    if !is_named && !config.exists() {
        return Some(Suite::without_definition());
    }
    // Ephemeral: the data folder is not touched.
    let overrides = Overrides { ephemeral: true, ..Overrides::default() };
    let loaded = definition::read(config, std::env::vars_os(), &overrides);
    read.extend(loaded.sources_read);
    let mut found: Vec<Diagnostic> = loaded.diagnostics;
    let suite = loaded.definition.map(|definition| {
        // Hosts, tables and connections that are asked nothing start nothing.
        let (engines, more) = Engines::new(&definition, &DynamodbSettings::default(), Severity::Warning);
        // Functions are not run: it does not matter what this machine lacks for them.
        found.extend(more.into_iter().filter(|found| found.severity == Severity::Error));
        found.extend(engines.compile(config, &definition).1);
        let folder = config.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        Suite::new(definition, engines.services, &folder)
    });
    print_error(&findings(&found));
    suite.filter(|_| found.iter().all(|found| found.severity == Severity::Warning))
}

/// Writes what is to be written, and tells the outcome; both as far as they can be, whatever fails.
fn finish(arguments: &TestArguments, files: &[CaseText], done: &Run, wrote: &mut bool) -> Result<(), String> {
    let mut problems = String::new();
    for (at, text) in &done.rewritten {
        let path = &files[*at].path;
        // Somebody may be editing it.
        if std::fs::read_to_string(path).ok().as_deref() != files[*at].text.as_deref().ok() {
            let message = format!("{} has changed meanwhile: its snapshots are not written", path.display());
            problems.push_str(&error(message, "run the command again"));
            continue;
        }
        match write_whole(path, text) {
            Ok(()) => *wrote = true,
            Err(problem) => problems.push_str(&error(format!("cannot write {}: {problem}", path.display()), "")),
        }
    }
    let told = |color: bool| match arguments.format {
        ReportFormat::Pretty => pretty(&done.report, color),
        ReportFormat::Tap => tap(&done.report),
        ReportFormat::Junit => junit(&done.report),
    };
    match &arguments.output {
        None => print(&told(colors())),
        Some(path) => {
            print(&pretty(&done.report, colors()));
            if let Err(problem) = write_whole(path, &told(false)) {
                problems.push_str(&error(format!("cannot write {}: {problem}", path.display()), ""));
            }
        }
    }
    if is_empty(&done.report) {
        let help = "without --filter, all cases of the files are run";
        problems.push_str(&error("no case was run: there is none, or none that the filter wants", help));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn is_empty(report: &Report) -> bool {
    report.files.iter().all(|file| file.cases.is_empty() && file.refused.is_none())
}

fn code(done: &Run) -> u8 {
    let counts = done.report.counts();
    match (counts.refused, counts.failed) {
        (0, 0) => 0,
        (0, _) => FAILED,
        _ => NOT_RUN,
    }
}

#[cfg(test)]
mod tests {
    use resolver_cases::Language;
    use resolver_cases::report::FileReport;

    use super::*;

    #[test]
    fn a_file_that_is_not_written_costs_neither_the_others_nor_the_report() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let files: Vec<CaseText> = ["a.test.yaml", "b.test.yaml"]
            .map(|name| CaseText { path: path(name), language: Language::Yaml, text: Ok("as it was read".to_owned()) })
            .to_vec();
        std::fs::write(path("a.test.yaml"), "somebody's own change").expect("a file");
        std::fs::write(path("b.test.yaml"), "as it was read").expect("a file");
        let mut done = Run { rewritten: vec![(0, "new a".to_owned()), (1, "new b".to_owned())], ..Run::default() };
        done.report.files.push(FileReport { path: "a".to_owned(), refused: Some("refused".to_owned()), ..FileReport::default() });
        let arguments = |output: &str| TestArguments {
            paths: Vec::new(),
            config: None,
            update: true,
            filter: Vec::new(),
            format: ReportFormat::Junit,
            output: Some(path(output)),
            watch: false,
            jobs: None,
        };
        let mut wrote = false;
        let told = finish(&arguments("report.xml"), &files, &done, &mut wrote).expect_err("a problem");
        assert!(wrote && told.contains("a.test.yaml has changed meanwhile") && !told.contains("b.test.yaml"), "{told}");
        let read = |name: &str| std::fs::read_to_string(path(name)).expect("a file");
        assert_eq!((read("a.test.yaml").as_str(), read("b.test.yaml").as_str()), ("somebody's own change", "new b"));
        assert!(read("report.xml").contains("<testsuite"));
        let told = finish(&arguments("none/report.xml"), &files, &done, &mut wrote).expect_err("two problems");
        assert!(told.contains("a.test.yaml has changed") && told.contains("cannot write"), "{told}");
    }
}
