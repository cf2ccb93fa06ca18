//! A compiled module: the bundle's text, and the way back from its places to the user's files.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Compiled resolver code, ready to be evaluated on any thread. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Module(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: u64,
    code: String,
    segments: Vec<Segment>,
    entry: String,
    has_request: bool,
    has_response: bool,
}

/// The lines of the bundle that hold one file.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) first_line: usize,
    pub(crate) last_line: usize,
    pub(crate) file: String,
    pub(crate) places: Vec<Mapping>,
}

/// A place of printed code and where it comes from; all count from 0, columns in UTF-16 units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mapping {
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) source_line: u32,
    pub(crate) source_column: u32,
}

/// A place in a file of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourcePlace {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Module {
    pub(crate) fn new(code: String, segments: Vec<Segment>, entry: String, has_request: bool, has_response: bool) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(Arc::new(Inner { id, code, segments, entry, has_request, has_response }))
    }

    /// Whether the module exports a `request` handler.
    #[must_use]
    pub fn has_request(&self) -> bool {
        self.0.has_request
    }

    /// Whether the module exports a `response` handler.
    #[must_use]
    pub fn has_response(&self) -> bool {
        self.0.has_response
    }

    /// The path of the entry file.
    #[must_use]
    pub fn entry(&self) -> &str {
        &self.0.entry
    }

    pub(crate) fn id(&self) -> u64 {
        self.0.id
    }

    pub(crate) fn code(&self) -> &str {
        &self.0.code
    }

    /// The user's place for a line and column (from 1) of the bundle; `None` for lines that the bundle added.
    pub(crate) fn place(&self, line: usize, column: usize) -> Option<SourcePlace> {
        let segment = self.0.segments.iter().find(|segment| (segment.first_line..=segment.last_line).contains(&line))?;
        let wanted = (line - segment.first_line, column.saturating_sub(1));
        let after = segment.places.partition_point(|place| (place.line as usize, place.column as usize) <= wanted);
        let place = segment.places.get(after.saturating_sub(1))?;
        Some(SourcePlace {
            file: segment.file.clone(),
            line: place.source_line as usize + 1,
            column: place.source_column as usize + 1,
        })
    }

    /// How messages name a file: AppSync knows one file only and calls it `code.js`.
    pub(crate) fn display_name<'a>(&self, file: &'a str) -> &'a str {
        if file == self.0.entry { "code.js" } else { file }
    }
}
