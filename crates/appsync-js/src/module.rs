//! A compiled module: the program, and the texts that its places are in.

use std::sync::Arc;

use javascript::{Place, Program};

use crate::finding::line_column;

/// Compiled resolver code, ready to be evaluated on any thread. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Module(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    program: Program,
    /// Path and text of each file of the program.
    files: Vec<(String, String)>,
    entry: String,
}

impl Module {
    pub(crate) fn new(program: Program, files: Vec<(String, String)>, entry: String) -> Self {
        Self(Arc::new(Inner { program, files, entry }))
    }

    /// Whether the module exports a `request` handler.
    #[must_use]
    pub fn has_request(&self) -> bool {
        self.0.program.exports("request")
    }

    /// Whether the module exports a `response` handler.
    #[must_use]
    pub fn has_response(&self) -> bool {
        self.0.program.exports("response")
    }

    /// The path of the entry file.
    #[must_use]
    pub fn entry(&self) -> &str {
        &self.0.entry
    }

    pub(crate) fn program(&self) -> &Program {
        &self.0.program
    }

    /// File, line and column (both from 1) of a place.
    pub(crate) fn place(&self, place: Place) -> (&str, usize, usize) {
        let Some((file, text)) = self.0.files.get(place.file) else { return (&self.0.entry, 0, 0) };
        let (line, column) = line_column(text, place.offset);
        (file, line, column)
    }

    /// How messages name a file: AppSync knows one file only and calls it `code.js`.
    pub(crate) fn display_name<'a>(&self, file: &'a str) -> &'a str {
        if file == self.0.entry { "code.js" } else { file }
    }
}
