//! How the outcome of many cases is told: to people, as TAP, as JUnit.

mod junit;
mod pretty;
mod tap;

use std::time::Duration;

use crate::judge::Failure;

pub use junit::junit;
pub use pretty::pretty;
pub use tap::tap;

/// The outcome of some files of cases.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// By file, in order.
    pub files: Vec<FileReport>,
    /// How long all of it took.
    pub duration: Duration,
}

/// The outcome of the cases of one file.
#[derive(Clone, Debug, Default)]
pub struct FileReport {
    /// The file's path, as it is shown.
    pub path: String,
    /// Why its cases were not run: what is wrong with the file, in a line.
    pub refused: Option<String>,
    /// Its cases, in order.
    pub cases: Vec<CaseReport>,
}

/// The outcome of one case.
#[derive(Clone, Debug)]
pub struct CaseReport {
    /// Its name.
    pub name: String,
    /// What it runs: `Query.post`.
    pub target: String,
    /// The line in its file, from 1.
    pub line: usize,
    /// How it ended.
    pub status: Status,
    /// How long it took.
    pub duration: Duration,
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// As expected.
    Passed,
    /// Its snapshot was written.
    Updated,
    /// Not run; this is why.
    Skipped(String),
    /// Not as expected.
    Failed(Vec<Failure>),
}

/// How many there are of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Cases that passed, those with a new snapshot, too.
    pub passed: usize,
    /// Of those, the ones with a new snapshot.
    pub updated: usize,
    /// Cases that were not run.
    pub skipped: usize,
    /// Cases that failed.
    pub failed: usize,
    /// Files whose cases could not be run.
    pub refused: usize,
}

impl Report {
    /// How many there are of each.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for file in &self.files {
            let own = file.counts();
            counts.passed += own.passed;
            counts.updated += own.updated;
            counts.skipped += own.skipped;
            counts.failed += own.failed;
            counts.refused += own.refused;
        }
        counts
    }
}

impl FileReport {
    fn counts(&self) -> Counts {
        let mut counts = Counts { refused: usize::from(self.refused.is_some()), ..Counts::default() };
        for case in &self.cases {
            match &case.status {
                Status::Passed => counts.passed += 1,
                Status::Updated => {
                    counts.passed += 1;
                    counts.updated += 1;
                }
                Status::Skipped(_) => counts.skipped += 1,
                Status::Failed(_) => counts.failed += 1,
            }
        }
        counts
    }
}

/// The lines of some failures, without colours.
fn details(failures: &[Failure]) -> String {
    let mut text = String::new();
    for failure in failures {
        text.push_str(&failure.message);
        text.push('\n');
        if let Some(diff) = &failure.diff {
            text.push_str(&diff.to_string());
        }
        for note in &failure.notes {
            text.push_str(note);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
pub(crate) fn sample() -> Report {
    use value::value;

    use crate::diff::Diff;

    let case = |name: &str, line, status| CaseReport {
        name: name.into(),
        target: "Query.post".into(),
        line,
        status,
        duration: Duration::from_micros(1_234),
    };
    let failures = vec![
        Failure { notes: vec!["a: \u{1b}[31m \u{0} <b> & ]]>".into()], ..Failure::new("call 1 (boats) is \"not\" made") },
        Failure {
            diff: Some(Diff::new(&value!({"value": 1}), &value!({"value": 2}))),
            updatable: true,
            ..Failure::new("the outcome is not as expected")
        },
    ];
    let cases = vec![
        case("gives a post", 4, Status::Passed),
        case("is an error # with <characters> & \\ in it", 12, Status::Failed(failures)),
        case("is written", 20, Status::Updated),
        case("waits", 30, Status::Skipped("until #7 is done".into())),
    ];
    Report {
        files: vec![
            FileReport { path: "resolvers/tests/post.test.yaml".into(), refused: None, cases },
            FileReport {
                path: "broken.test.json".into(),
                refused: Some("broken.test.json:1:1: `,` is expected".into()),
                cases: vec![],
            },
        ],
        duration: Duration::from_millis(12),
    }
}
