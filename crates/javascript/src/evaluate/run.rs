//! One evaluation from outside: the modules' bodies, then an exported function with one object as its argument.

use std::cell::RefCell;

use value::{Object, Str, Value};

use super::{Abrupt, Completion, Evaluator, Frame, LOOK_EVERY, Stop};
use crate::compile::{Found, Program};
use crate::convert::{Exporter, Unfit};
use crate::heap::{CellId, Heap, Kind, Properties, Val};
use crate::host::Host;
use crate::native::ErrorKind;
use crate::{LimitKind, Limits, Place};

/// What is called, and with what.
#[derive(Clone, Copy, Debug)]
pub struct Invocation<'i> {
    /// The exported function.
    pub export: &'i str,
    /// Its argument.
    pub argument: &'i Object,
    /// Members that the argument has where [`argument`](Self::argument) lacks them; no name twice. Quickest in the same order.
    pub defaults: &'i [(Str, Value)],
    /// Further names of members, which are the same objects: `args` for `arguments`.
    pub aliases: &'i [(Str, &'i str)],
    /// Names inside of members that can be read, but are not enumerated.
    pub hidden: &'i [(&'i str, &'static [&'static str])],
    /// The member that the caller wants back as code left it.
    pub read_back: &'i str,
}

/// What came of an evaluation.
#[derive(Debug)]
pub struct Outcome {
    /// What the function returned.
    pub result: Result<Returned, Fault>,
    /// The member to read back, when the function returned or the host stopped it.
    pub read_back: Option<Value>,
    /// Units of work done: turns of loops, calls, elements that built-ins looked at.
    pub steps: u64,
    /// Bytes of the heap taken.
    pub memory: usize,
}

/// What a function returned.
#[derive(Clone, Debug, PartialEq)]
pub struct Returned {
    /// The value; `undefined` is null.
    pub value: Value,
    /// It was `undefined`.
    pub undefined: bool,
}

/// Why a function did not return.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Code threw.
    Thrown {
        /// `TypeError: …`; the message alone where a function of the host threw.
        message: String,
        /// Where.
        place: Option<Place>,
        /// The text of what was null or undefined, if that is why.
        nullish: Option<String>,
    },
    /// A function of the host ended it; it knows why.
    Stopped,
    /// It reached a limit.
    Limit {
        /// Which.
        which: LimitKind,
        /// What reached it: `the code`, `the result`, `ctx.stash`.
        what: String,
    },
    /// It returned what cannot leave it.
    Unfit {
        /// What, and where in the result.
        message: String,
    },
}

/// Memory that the next evaluation of the thread uses again.
struct Buffers {
    heap: Heap,
    stack: Vec<Val>,
    cells: Vec<CellId>,
    globals: Vec<Val>,
    strings: Vec<Val>,
}

/// Evaluations can be nested, but rarely are.
const KEPT: usize = 2;

/// Slots of the stack that are kept.
const KEPT_SLOTS: usize = 16 * 1024;

thread_local! {
    static BUFFERS: RefCell<Vec<Buffers>> = const { RefCell::new(Vec::new()) };
}

impl Buffers {
    fn take(memory: usize) -> Buffers {
        let kept = BUFFERS.with_borrow_mut(Vec::pop);
        let mut buffers = kept.unwrap_or_else(|| Buffers {
            heap: Heap::new(memory),
            stack: Vec::with_capacity(64),
            cells: Vec::new(),
            globals: Vec::new(),
            strings: Vec::new(),
        });
        buffers.heap.set_limit(memory);
        buffers
    }

    fn give_back(mut self) {
        self.heap.recycle();
        self.stack.clear();
        self.cells.clear();
        self.globals.clear();
        self.strings.clear();
        self.stack.shrink_to(KEPT_SLOTS);
        self.cells.shrink_to(KEPT_SLOTS);
        self.globals.shrink_to(KEPT_SLOTS);
        self.strings.shrink_to(KEPT_SLOTS);
        BUFFERS.with_borrow_mut(|kept| {
            if kept.len() < KEPT {
                kept.push(self);
            }
        });
    }
}

impl Program {
    /// Evaluates the modules and calls an exported function. Nothing outlives it.
    pub fn evaluate(&self, invocation: &Invocation<'_>, host: &mut dyn Host, limits: &Limits) -> Outcome {
        let Buffers { mut heap, stack, cells, mut globals, mut strings } = Buffers::take(limits.memory);
        let no_cell = heap.new_cell(Val::Undefined);
        globals.resize(self.data.globals, Val::Undefined);
        strings.resize(self.data.strings.len(), Val::Uninitialized);
        let Some(file) = self.data.files.last() else {
            let message = "the program has no files".to_owned();
            return Outcome { result: Err(Fault::Unfit { message }), read_back: None, steps: 0, memory: 0 };
        };
        let frame = Frame { base: 0, cells: 0, captured: 0, file, file_index: 0, this: Val::Undefined };
        let mut evaluator = Evaluator {
            heap,
            host,
            program: &self.data,
            stack,
            cells,
            globals,
            strings,
            frame,
            returned: Val::Undefined,
            depth: 0,
            steps: 0,
            next_look: LOOK_EVERY,
            deadline: limits.deadline,
            no_cell,
            at: 0,
            nullish: None,
        };
        let outcome = evaluator.invocation(invocation, limits);
        let Evaluator { heap, stack, cells, globals, strings, .. } = evaluator;
        Buffers { heap, stack, cells, globals, strings }.give_back();
        outcome
    }
}

impl Evaluator<'_> {
    fn invocation(&mut self, invocation: &Invocation<'_>, limits: &Limits) -> Outcome {
        let argument = self.argument(invocation);
        let completion = self.modules().and_then(|()| self.call_export(invocation.export, argument));
        let completion = match completion {
            Ok(_) if self.heap.is_full() => Err(Box::new(Abrupt::Stop(Stop::Limit(LimitKind::Memory)))),
            completion => completion,
        };
        let (steps, memory) = (self.steps, self.heap.used());
        let mut result = match completion {
            Ok(value) => self.returned(value, limits),
            Err(abrupt) => Err(self.fault(&abrupt)),
        };
        let mut read_back = None;
        if matches!(result, Ok(_) | Err(Fault::Stopped))
            && let Val::Object(id) = argument
        {
            let member = self.heap.own(id, invocation.read_back).unwrap_or_default();
            match self.leave(member, limits.result_bytes, || format!("ctx.{}", invocation.read_back)) {
                Ok(value) => read_back = Some(value),
                // What the host stopped stays stopped.
                Err(fault) if result.is_ok() => result = Err(fault),
                Err(_) => {}
            }
        }
        Outcome { result, read_back, steps, memory }
    }

    fn argument(&mut self, invocation: &Invocation<'_>) -> Val {
        let Invocation { argument, defaults, aliases, .. } = invocation;
        let table = self.heap.table(argument.len() + aliases.len() + 4);
        let mut properties = Properties::in_table(table);
        for (name, value) in *argument {
            let member = self.heap.import(value);
            properties.append(Str::clone(name), member);
        }
        for (at, (name, value)) in defaults.iter().enumerate() {
            // Where the members come in the order of the defaults, none has to be looked for.
            let mut near = at;
            if argument.get_near(name, &mut near).is_none() {
                let member = self.heap.import(value);
                properties.append(Str::clone(name), member);
            }
        }
        for (of, names) in invocation.hidden {
            if let Some(Val::Object(id)) = properties.get(of) {
                self.heap.hide(id, names);
            }
        }
        for (alias, name) in *aliases {
            if let Some(member) = properties.get(name) {
                properties.set(alias, member);
            }
        }
        self.heap.object(properties)
    }

    /// Runs the modules' bodies, in order of dependency.
    fn modules(&mut self) -> Completion<()> {
        for (at, file) in self.program.files.iter().enumerate() {
            let body = self.module_closure(file.body);
            self.frame.file = file;
            self.frame.file_index = u32::try_from(at).unwrap_or(u32::MAX);
            self.call(body, Val::Undefined, &[])?;
            if let Some((slot, members)) = &file.namespace {
                let mut properties = Properties::with_capacity(members.len());
                for (name, found) in members {
                    let value = self.found(*found);
                    properties.set(name, value);
                }
                let namespace = self.heap.object(properties);
                if let Val::Object(id) = namespace {
                    self.heap.obj_mut(id).frozen = true;
                }
                self.globals[*slot as usize] = namespace;
            }
        }
        Ok(())
    }

    fn module_closure(&mut self, function: u32) -> Val {
        let closure =
            crate::heap::Closure { function, captured: Box::default(), this: Val::Undefined, properties: Properties::default() };
        Val::Object(self.heap.allocate(Kind::Closure(Box::new(closure))))
    }

    fn call_export(&mut self, name: &str, argument: Val) -> Completion {
        let function = match self.program.export(name) {
            Some(Found::Value(value)) => value,
            Some(Found::Global(slot)) => self.globals[slot as usize],
            None => return self.type_error(format!("the code does not export '{name}'")),
        };
        if !self.is_callable(function) {
            return self.type_error(format!("the export '{name}' is not a function"));
        }
        self.call(function, Val::Undefined, &[argument])
    }

    fn returned(&mut self, value: Val, limits: &Limits) -> Result<Returned, Fault> {
        let undefined = matches!(value, Val::Undefined);
        self.leave(value, limits.result_bytes, || "the result".to_owned()).map(|value| Returned { value, undefined })
    }

    fn leave(&mut self, value: Val, budget: usize, root: impl FnOnce() -> String) -> Result<Value, Fault> {
        // A result that is not too long may leave even where code took all there was.
        let room = self.heap.remaining().max(budget.saturating_mul(4));
        Exporter::new(&mut self.heap, false, budget, room, self.deadline).read(value).map_err(|unfit| match unfit {
            Unfit::TooLarge => Fault::Limit { which: LimitKind::ResultSize, what: root() },
            Unfit::OutOfMemory => Fault::Limit { which: LimitKind::Memory, what: root() },
            Unfit::OutOfTime => Fault::Limit { which: LimitKind::Deadline, what: root() },
            Unfit::Part { what, path } => Fault::Unfit { message: Unfit::describe(&what, &path, &root()) },
        })
    }

    fn fault(&mut self, abrupt: &Abrupt) -> Fault {
        match *abrupt {
            Abrupt::Stop(Stop::Host) => Fault::Stopped,
            Abrupt::Stop(Stop::Limit(which)) => Fault::Limit { which, what: "the code".to_owned() },
            Abrupt::Throw { value, at } => {
                let place = at.map(|at| Place { file: at.file as usize, offset: at.offset as usize });
                let nullish = match (value, self.nullish) {
                    (Val::Object(id), Some((Val::Object(error), subject))) if id == error => {
                        let file = &self.program.files[subject.file as usize];
                        Some(super::balanced(&file.text, subject.start as usize, subject.end as usize).to_owned())
                    }
                    _ => None,
                };
                Fault::Thrown { message: self.describe_thrown(value), place, nullish }
            }
        }
    }

    /// What was thrown, in words.
    fn describe_thrown(&mut self, value: Val) -> String {
        let mut name = "Error".to_owned();
        let mut message = value;
        if let Val::Object(id) = value {
            let is_host = matches!(self.heap.obj(id).kind, Kind::Error(ErrorKind::Host, _));
            if let Kind::Error(kind, _) = &self.heap.obj(id).kind {
                name = kind.name().to_owned();
                message = Val::Undefined;
            }
            if let Some(own) = self.heap.own(id, "message") {
                message = own;
            }
            if is_host {
                return self.plain_text(message);
            }
            if let Some(Val::String(own)) = self.heap.own(id, "name")
                && let Ok(own) = self.text(own)
            {
                name = own.well_formed().to_string();
            }
            if matches!(message, Val::Undefined) {
                return name;
            }
        }
        let message = self.plain_text(message);
        if message.is_empty() { name } else { format!("{name}: {message}") }
    }

    /// A value as text without running any code: JSON where it is no primitive.
    fn plain_text(&mut self, value: Val) -> String {
        match value {
            Val::Object(_) => {
                self.leave(value, 4096, String::new).map_or_else(|_| "[object Object]".to_owned(), |value| value.to_json())
            }
            Val::Native(_) | Val::Builtin(_) | Val::Host(_) => "a function".to_owned(),
            value => self.to_text(value).map(|text| text.well_formed().to_string()).unwrap_or_default(),
        }
    }
}
