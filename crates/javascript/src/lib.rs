//! The part of JavaScript that resolver code is written in.
//!
//! Code is compiled once from oxc's tree to a tree whose variables are slots, and evaluated over a heap of its own that goes with the
//! evaluation. Time, memory and nesting are bounded and counted exactly. The crate knows no name of the host: what code can
//! reach beyond the language is given as a tree of [`HostNode`]s and called through [`Host`].

mod builtins;
mod code;
mod compile;
mod convert;
mod evaluate;
mod heap;
mod host;
mod native;
mod number;

pub use compile::{
    CompileError, ExportSlot, ExportedName, FileCode, Implicit, Imported, ImportedFrom, ImportedName, LinkError, MAX_NESTING,
    Program, Target, compile_file, link,
};
pub use evaluate::{Fault, Invocation, Outcome, Returned};
pub use host::{Host, HostFault, HostNode};

/// A place in a source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which of the program's files, in the order they were given.
    pub file: usize,
    /// Byte offset into its text.
    pub offset: usize,
}

/// The limits that an evaluation can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// Time.
    Deadline,
    /// Memory.
    Memory,
    /// Nesting of calls.
    Stack,
    /// The size of the result.
    ResultSize,
}

/// What one evaluation may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// When to give up.
    pub deadline: std::time::Instant,
    /// Bytes of the heap.
    pub memory: usize,
    /// Bytes of a result as JSON.
    pub result_bytes: usize,
}

/// Runs what may recurse deep: on more stack, if little is left.
#[inline]
pub(crate) fn with_stack<T>(run: impl FnOnce() -> T) -> T {
    // Frames of a build without optimization are several times as large.
    const LEFT: usize = if cfg!(debug_assertions) { 640 * 1024 } else { 192 * 1024 };
    const SEGMENT: usize = 4 * 1024 * 1024;
    stacker::maybe_grow(LEFT, SEGMENT, run)
}
