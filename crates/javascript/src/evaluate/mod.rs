//! The evaluator: runs compiled code over a heap.
//!
//! Code is walked as the tree that it is. Variables are slots of one stack, arguments are put where the called function has its
//! first slots, and whatever ends early is a [`Completion`]'s error. Start at [`run`] for one evaluation, at [`call`] for a call.

mod assign;
mod call;
mod chain;
pub(crate) mod coerce;
mod expression;
mod literal;
mod loops;
mod operator;
mod pattern;
mod property;
mod run;
mod statement;

use std::time::Instant;

use value::Str;

use crate::code::{Slot, StringId};
use crate::compile::{FileData, Found, ProgramData};
use crate::convert::{Exporter, Unfit};
use crate::heap::{CellId, Heap, Kind, ObjId, OutOfMemory, Properties, StrId, Text, Val};
use crate::host::Host;
use crate::native::ErrorKind;
use crate::{LimitKind, Place};

pub use run::{Fault, Invocation, Outcome, Returned};

/// What an operation gives, unless it ends early.
pub(crate) type Completion<T = Val> = Result<T, Box<Abrupt>>;

/// Why an operation ended early.
#[derive(Debug)]
pub(crate) enum Abrupt {
    /// Code, or the evaluator on its behalf, threw. `try` catches it.
    Throw {
        value: Val,
        /// Where; filled in by the innermost expression that knows its place.
        at: Option<At>,
    },
    /// The evaluation is over; nothing catches it.
    Stop(Stop),
}

/// A place in the program: a file and a byte offset into its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) file: u32,
    pub(crate) offset: u32,
}

/// What ended an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A function of the host; it knows why.
    Host,
    Limit(LimitKind),
}

impl From<OutOfMemory> for Box<Abrupt> {
    fn from(_: OutOfMemory) -> Self {
        Box::new(Abrupt::Stop(Stop::Limit(LimitKind::Memory)))
    }
}

/// So many units of work are done between two looks at the clock.
const LOOK_EVERY: u64 = 512;

/// How deep calls may be nested.
const MAX_CALLS: usize = 1_000;

/// One evaluation under way.
pub(crate) struct Evaluator<'e> {
    pub(crate) heap: Heap,
    pub(crate) host: &'e mut dyn Host,
    program: &'e ProgramData,
    /// Slots of the functions that run, and what their expressions hold meanwhile.
    stack: Vec<Val>,
    cells: Vec<CellId>,
    globals: Vec<Val>,
    /// The program's string constants that were used.
    strings: Vec<Val>,
    frame: Frame<'e>,
    /// What `return` gave, until its function is left.
    returned: Val,
    depth: usize,
    steps: u64,
    next_look: u64,
    deadline: Instant,
    /// A cell that stands for those that are not made yet.
    no_cell: CellId,
    /// Where the call is that runs a built-in.
    at: u32,
    /// The error that reading from `null` threw last, and the text of what was null.
    nullish: Option<(Val, Subject)>,
}

/// A part of a file's text.
#[derive(Clone, Copy, Debug)]
struct Subject {
    file: u32,
    start: u32,
    end: u32,
}

/// The function that runs.
#[derive(Clone, Copy)]
struct Frame<'e> {
    /// Where its slots begin.
    base: usize,
    /// Where its cells begin.
    cells: usize,
    /// Where the cells begin that it took along.
    captured: usize,
    file: &'e FileData,
    file_index: u32,
    this: Val,
}

impl<'e> Evaluator<'e> {
    /// Counts `units` of work and looks at the limits: time, memory. Built-ins that loop call it once per element (or once per some
    /// known number of bytes).
    #[inline]
    pub(crate) fn work(&mut self, units: usize) -> Completion<()> {
        self.steps = self.steps.saturating_add(units as u64);
        if self.steps >= self.next_look || self.heap.is_full() { self.look() } else { Ok(()) }
    }

    #[cold]
    fn look(&mut self) -> Completion<()> {
        if self.heap.is_full() {
            return Err(OutOfMemory.into());
        }
        self.next_look = self.steps.saturating_add(LOOK_EVERY);
        if Instant::now() >= self.deadline {
            return Err(Box::new(Abrupt::Stop(Stop::Limit(LimitKind::Deadline))));
        }
        Ok(())
    }

    /// Counts memory before it is taken.
    #[inline]
    pub(crate) fn reserve(&mut self, bytes: usize) -> Completion<()> {
        Ok(self.heap.reserve(bytes)?)
    }

    /// The place of the call that runs a built-in.
    pub(crate) fn place(&self) -> Place {
        Place { file: self.frame.file.number as usize, offset: self.at as usize }
    }

    /// An error of the language, ready to be returned.
    #[cold]
    pub(crate) fn throw<T>(&mut self, kind: ErrorKind, message: impl AsRef<str>) -> Completion<T> {
        let value = self.error(kind, message);
        Err(Box::new(Abrupt::Throw { value, at: None }))
    }

    /// `throw new TypeError(message)`.
    #[cold]
    pub(crate) fn type_error<T>(&mut self, message: impl AsRef<str>) -> Completion<T> {
        self.throw(ErrorKind::TypeError, message)
    }

    /// An error object.
    pub(crate) fn error(&mut self, kind: ErrorKind, message: impl AsRef<str>) -> Val {
        let message = self.heap.string(message);
        let mut properties = Properties::with_capacity(1);
        properties.set(&Str::from("message"), message);
        Val::Object(self.heap.allocate(Kind::Error(kind, properties)))
    }

    /// Places an error that has no place yet.
    #[inline]
    fn placed<T>(&self, result: Completion<T>, at: u32) -> Completion<T> {
        match result {
            Ok(value) => Ok(value),
            Err(abrupt) => Err(self.place_abrupt(abrupt, at)),
        }
    }

    #[cold]
    fn place_abrupt(&self, mut abrupt: Box<Abrupt>, offset: u32) -> Box<Abrupt> {
        if let Abrupt::Throw { at: at @ None, .. } = &mut *abrupt {
            *at = Some(At { file: self.frame.file.number, offset });
        }
        abrupt
    }

    /// The text of a part of the file that runs, for messages.
    fn source(&self, start: u32, end: u32) -> &'e str {
        balanced(&self.frame.file.text, start as usize, end as usize)
    }

    /// As [`source`](Self::source), if it is short enough to read well.
    fn short_source(&self, start: u32, end: u32) -> Option<&'e str> {
        let text = self.source(start, end);
        (!text.is_empty() && text.len() <= 60 && !text.contains('\n')).then_some(text)
    }

    /// A string in one piece. Cheap to clone, so that two can be had at a time.
    pub(crate) fn text(&mut self, id: StrId) -> Completion<Text> {
        Ok(self.heap.text(id)?.clone())
    }

    /// A value for somebody outside, who knows it as `root`.
    pub(crate) fn export(&mut self, value: Val, keep_undefined: bool, root: impl FnOnce() -> String) -> Completion<value::Value> {
        let budget = self.heap.remaining();
        let mut exporter = Exporter::new(&mut self.heap, keep_undefined, budget, budget, self.deadline);
        let read = exporter.read(value);
        let spent = exporter.spent();
        // Also what cannot leave was walked over, and somebody has to walk over what leaves.
        self.work(spent.parts / 8 + spent.json / 64)?;
        match read {
            Ok(value) => {
                // The host may keep it, or write it.
                self.reserve(spent.json.max(spent.bytes))?;
                Ok(value)
            }
            Err(Unfit::TooLarge | Unfit::OutOfMemory) => Err(OutOfMemory.into()),
            Err(Unfit::OutOfTime) => Err(Box::new(Abrupt::Stop(Stop::Limit(LimitKind::Deadline)))),
            Err(Unfit::Part { what, path }) => self.throw(ErrorKind::Host, Unfit::describe(&what, &path, &root())),
        }
    }

    /// A string constant of the file that runs.
    #[inline]
    fn constant(&mut self, id: StringId) -> Val {
        let at = (self.frame.file.strings + id) as usize;
        match self.strings[at] {
            Val::Uninitialized => self.new_constant(at),
            known => known,
        }
    }

    #[cold]
    fn new_constant(&mut self, at: usize) -> Val {
        let made = match &self.program.strings[at] {
            crate::code::Constant::Text(text) => self.heap.shared(text),
            crate::code::Constant::Units(units) => self.heap.text_value(Text::Wide(std::sync::Arc::clone(units))),
        };
        self.strings[at] = made;
        made
    }

    /// What a variable holds.
    #[inline]
    fn slot(&self, slot: Slot) -> Val {
        match slot {
            Slot::Local(at) => self.stack[self.frame.base + at as usize],
            Slot::Cell(at) => self.heap.cell(self.cells[self.frame.cells + at as usize]),
            Slot::Captured(at) => self.heap.cell(self.cells[self.frame.captured + at as usize]),
            Slot::Global(at) => self.globals[(self.frame.file.globals + at) as usize],
            Slot::Import(at) => self.found(self.frame.file.imports[at as usize]),
        }
    }

    fn found(&self, found: Found) -> Val {
        match found {
            Found::Value(value) => value,
            Found::Global(at) => self.globals[at as usize],
        }
    }

    #[inline]
    fn set_slot(&mut self, slot: Slot, value: Val) {
        match slot {
            Slot::Local(at) => self.stack[self.frame.base + at as usize] = value,
            Slot::Cell(at) => self.heap.set_cell(self.cells[self.frame.cells + at as usize], value),
            Slot::Captured(at) => self.heap.set_cell(self.cells[self.frame.captured + at as usize], value),
            Slot::Global(at) => self.globals[(self.frame.file.globals + at) as usize] = value,
            // The compiler makes imports constants.
            Slot::Import(_) => {}
        }
    }

    #[cold]
    fn uninitialized<T>(&mut self, name: &str, at: u32) -> Completion<T> {
        let result = self.throw(ErrorKind::ReferenceError, format!("'{name}' is used before it is initialized"));
        self.placed(result, at)
    }

    /// Remembers that `error` came of reading from what stands from `start` to `end`.
    fn remember_subject(&mut self, error: ObjId, start: u32, end: u32) {
        let subject = Subject { file: self.frame.file_index, start, end };
        self.nullish = Some((Val::Object(error), subject));
    }
}

/// A part of a text, and the parentheses that open right before it and are closed in it.
fn balanced(text: &str, mut start: usize, end: usize) -> &str {
    let Some(part) = text.get(start..end) else { return "" };
    let count = |paren: char| part.matches(paren).count();
    for _ in count('(')..count(')') {
        match text[..start].trim_end().strip_suffix('(') {
            Some(before) => start = before.len(),
            None => break,
        }
    }
    &text[start..end]
}
