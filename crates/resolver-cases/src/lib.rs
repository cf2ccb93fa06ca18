//! Test cases of resolvers: files in YAML or JSON, what they expect, and how the outcome is told.
//!
//! [`read`] makes a [`CaseFile`] of a text, or says what is wrong with it and where. Whoever evaluates resolvers makes an
//! [`Outcome`] and the [`Called`] data sources of each [`Case`]; [`judge`] compares, [`update`] writes the outcome into the text,
//! and nothing else, and `report` tells a terminal, TAP or JUnit. This crate evaluates nothing, does no I/O, and knows neither the
//! definition of an API nor a data source.

mod case;
mod diff;
mod finding;
mod json;
mod judge;
mod matching;
mod node;
mod outcome;
mod read;
pub mod report;
mod update;
mod write;
mod yaml;
mod yaml_text;

pub use case::{Answer, Case, CaseFile, DEFAULT_CLOCK, Expectation, Setting, SourceCall, SourceError, Step, Target};
pub use diff::{Diff, Line};
pub use finding::{Finding, Help};
pub use judge::{Failure, judge};
pub use node::MAX_FILE_BYTES;
pub use outcome::{Called, Outcome};
pub use read::read;
pub use update::{NotUpdated, Updates, update};

/// The language of a case file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `.yaml`, `.yml`
    Yaml,
    /// `.json`
    Json,
}

impl Language {
    /// The language of a case file with this name; `None` where the name is not that of a case file.
    #[must_use]
    pub fn of_file(name: &str) -> Option<Self> {
        let (before, extension) = name.rsplit_once('.')?;
        let before = before.strip_suffix(".test")?;
        match extension {
            _ if before.is_empty() => None,
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}
