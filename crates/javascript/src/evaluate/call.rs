//! Calls: of functions of the code, of built-in ones and of the host's.

use value::Value;

use super::statement::Flow;
use super::{Abrupt, Completion, Evaluator, Frame, MAX_CALLS, Stop};
use crate::LimitKind;
use crate::code::{Args, Body, Enter, FunctionCode, Item, Prelude, Slot};
use crate::heap::{Closure, ELEMENT_COST, Kind, ObjId, Properties, Val};
use crate::host::{HostFault, HostNode};
use crate::native::{Builtin, ErrorKind, NativeFn};

/// Calls of built-in functions with no more arguments need no memory for them.
const FEW: usize = 6;

impl<'e> Evaluator<'e> {
    /// Calls a function of any kind; what is none throws a `TypeError`.
    pub(crate) fn call(&mut self, function: Val, this: Val, arguments: &[Val]) -> Completion {
        match function {
            Val::Object(id) if matches!(self.heap.obj(id).kind, Kind::Closure(_)) => {
                let base = self.stack.len();
                self.stack.extend_from_slice(arguments);
                self.invoke(id, this, base)
            }
            // Built-ins that call built-ins need no function of the code between them to go round in circles.
            Val::Native(native) => self.nested(|ev| {
                ev.work(1)?;
                (native.call)(ev, this, arguments)
            }),
            other => self.nested(|ev| {
                let base = ev.stack.len();
                ev.stack.extend_from_slice(arguments);
                ev.call_stacked(other, this, base)
            }),
        }
    }

    /// Runs what may come back here: counts the depth, and looks after the stack.
    #[inline]
    pub(crate) fn nested<T>(&mut self, run: impl FnOnce(&mut Self) -> Completion<T>) -> Completion<T> {
        if self.depth >= MAX_CALLS {
            return Err(Box::new(Abrupt::Stop(Stop::Limit(LimitKind::Stack))));
        }
        self.depth += 1;
        let result = crate::with_stack(|| run(self));
        self.depth -= 1;
        result
    }

    /// Calls a function whose arguments are on the stack from `base` on; they are gone afterwards.
    #[inline]
    pub(super) fn call_stacked(&mut self, function: Val, this: Val, base: usize) -> Completion {
        match function {
            Val::Object(id) if matches!(self.heap.obj(id).kind, Kind::Closure(_)) => self.invoke(id, this, base),
            Val::Native(native) => self.call_native(native.call, this, base),
            Val::Host(HostNode { function: Some(function), name, .. }) => self.call_host(*function, name, base),
            Val::Builtin(Builtin { call: Some(function), .. }) => self.call_native(*function, this, base),
            _ => {
                self.stack.truncate(base);
                self.type_error("not a function")
            }
        }
    }

    #[inline]
    pub(super) fn call_native(&mut self, function: NativeFn, this: Val, base: usize) -> Completion {
        let count = self.stack.len() - base;
        let result = self.work(1);
        if count <= FEW {
            let mut few = [Val::Undefined; FEW];
            few[..count].copy_from_slice(&self.stack[base..]);
            self.stack.truncate(base);
            result?;
            return function(self, this, &few[..count]);
        }
        let many = self.stack.split_off(base);
        result?;
        function(self, this, &many)
    }

    fn call_host(&mut self, function: u32, name: &str, base: usize) -> Completion {
        let count = self.stack.len() - base;
        let mut values: Vec<Value> = Vec::with_capacity(count);
        for at in 0..count {
            let argument = self.stack[base + at];
            let exported = match argument {
                // What is no container cannot be unfit, so that nobody has to name it.
                Val::Undefined | Val::Null | Val::Bool(_) | Val::Number(_) => self.export(argument, true, String::new),
                _ => self.export_argument(argument, at, name),
            };
            match exported {
                Ok(value) => values.push(value),
                Err(abrupt) => {
                    self.stack.truncate(base);
                    return Err(abrupt);
                }
            }
        }
        self.stack.truncate(base);
        self.work(1)?;
        let answer = self.host.call(function, &values);
        let work = usize::try_from(self.host.take_work()).unwrap_or(usize::MAX);
        if work > 0 {
            self.work(work)?;
        }
        match answer {
            Ok(value) => {
                self.reserve(size_of(&value))?;
                Ok(self.heap.take(value))
            }
            Err(HostFault::Throw(message)) => self.throw(ErrorKind::Host, message),
            Err(HostFault::Stop) => Err(Box::new(Abrupt::Stop(Stop::Host))),
        }
    }

    fn export_argument(&mut self, argument: Val, at: usize, name: &str) -> Completion<Value> {
        match argument {
            Val::String(_) | Val::Exact(_) => self.export(argument, true, String::new),
            _ => self.export(argument, true, || format!("argument {} of {name}", at + 1)),
        }
    }

    /// Calls a function of the code whose arguments are on the stack from `base` on.
    fn invoke(&mut self, id: ObjId, this: Val, base: usize) -> Completion {
        if self.depth >= MAX_CALLS {
            return Err(Box::new(Abrupt::Stop(Stop::Limit(LimitKind::Stack))));
        }
        let counted = self.work(1);
        self.depth += 1;
        let result = match counted {
            Ok(()) => crate::with_stack(|| self.invoke_here(id, this, base)),
            Err(abrupt) => Err(abrupt),
        };
        self.depth -= 1;
        self.stack.truncate(base);
        result
    }

    fn invoke_here(&mut self, id: ObjId, this: Val, base: usize) -> Completion {
        let Kind::Closure(closure) = &self.heap.obj(id).kind else { return self.type_error("not a function") };
        let code: &'e FunctionCode = &self.program.functions[closure.function as usize];
        let captured = self.cells.len();
        self.cells.extend_from_slice(&closure.captured);
        let this = if code.arrow { closure.this } else { this };
        let parameters = base + code.parameters as usize;
        if code.rest {
            let others: Vec<Val> = self.stack.drain(parameters.min(self.stack.len())..).collect();
            self.reserve(others.len() * ELEMENT_COST)?;
            let others = self.heap.array(others);
            self.stack.resize(parameters, Val::Undefined);
            self.stack.push(others);
        } else {
            self.stack.truncate(parameters);
        }
        self.stack.resize(base + code.locals as usize, Val::Undefined);
        let cells = self.cells.len();
        let frame = Frame { base, cells, captured, file: &self.program.files[code.file as usize], file_index: code.file, this };
        let outer = std::mem::replace(&mut self.frame, frame);
        if code.cells > 0 {
            self.cells.resize(cells + code.cells as usize, self.no_cell);
        }
        let result = self.run_function(code, id);
        self.frame = outer;
        self.cells.truncate(captured);
        result
    }

    fn run_function(&mut self, code: &'e FunctionCode, id: ObjId) -> Completion {
        if let Some(slot) = code.own_name {
            if let Slot::Cell(cell) = slot {
                self.fresh(cell, Val::Undefined);
            }
            self.set_slot(slot, Val::Object(id));
        }
        for step in &code.prelude {
            self.prelude(step)?;
        }
        match &code.body {
            Body::Expression(expression) => self.evaluate(expression),
            Body::Block(block) => {
                self.enter(&block.enter)?;
                for statement in &block.body {
                    if let Flow::Return = self.execute(statement)? {
                        return Ok(std::mem::take(&mut self.returned));
                    }
                }
                Ok(Val::Undefined)
            }
        }
    }

    fn prelude(&mut self, step: &'e Prelude) -> Completion<()> {
        match step {
            Prelude::Default { slot, value } => {
                let at = self.frame.base + *slot as usize;
                if matches!(self.stack[at], Val::Undefined) {
                    self.stack[at] = self.evaluate(value)?;
                }
            }
            Prelude::Share { slot, cell } => {
                let value = self.stack[self.frame.base + *slot as usize];
                self.set_slot(Slot::Cell(*cell), value);
            }
            Prelude::Bind { slot, pattern } => {
                let value = self.stack[self.frame.base + *slot as usize];
                self.bind(pattern, value)?;
            }
            Prelude::Fresh(cell) => self.fresh(*cell, Val::Uninitialized),
        }
        Ok(())
    }

    /// A new cell for a variable.
    #[inline]
    pub(super) fn fresh(&mut self, cell: u32, value: Val) {
        let made = self.heap.new_cell(value);
        self.cells[self.frame.cells + cell as usize] = made;
    }

    #[inline]
    pub(super) fn enter(&mut self, steps: &'e [Enter]) -> Completion<()> {
        for step in steps {
            match step {
                Enter::Dead(slot) => self.set_slot(*slot, Val::Uninitialized),
                Enter::Fresh(cell) => self.fresh(*cell, Val::Uninitialized),
                Enter::FreshVar(cell) => self.fresh(*cell, Val::Undefined),
                Enter::Function { slot, function } => {
                    let closure = self.closure(*function);
                    self.set_slot(*slot, closure);
                }
            }
        }
        Ok(())
    }

    /// A function with the variables around it.
    #[inline(never)]
    pub(super) fn closure(&mut self, function: u32) -> Val {
        let function = self.frame.file.functions + function;
        let code: &'e FunctionCode = &self.program.functions[function as usize];
        let captured = code.captures.iter().map(|slot| match slot {
            Slot::Cell(at) => self.cells[self.frame.cells + *at as usize],
            Slot::Captured(at) => self.cells[self.frame.captured + *at as usize],
            _ => self.no_cell,
        });
        let captured: Box<[_]> = captured.collect();
        let this = if code.arrow { self.frame.this } else { Val::Undefined };
        let closure = Closure { function, captured, this, properties: Properties::default() };
        Val::Object(self.heap.allocate(Kind::Closure(Box::new(closure))))
    }

    /// Evaluates arguments onto the stack.
    #[inline]
    pub(super) fn push_args(&mut self, args: &'e Args) -> Completion<()> {
        if args.spread {
            return self.push_spread(&args.items);
        }
        for item in &args.items {
            if let Item::One(expression) = item {
                let value = self.evaluate(expression)?;
                self.stack.push(value);
            }
        }
        Ok(())
    }

    pub(super) fn push_spread(&mut self, items: &'e [Item]) -> Completion<()> {
        for item in items {
            match item {
                Item::One(expression) => {
                    let value = self.evaluate(expression)?;
                    self.stack.push(value);
                }
                Item::Spread(expression, text) => {
                    let value = self.evaluate(expression)?;
                    if !self.is_iterable(value) {
                        return self.not_iterable(value, *text);
                    }
                    let mut spread = Vec::new();
                    let result = crate::builtins::spread(self, value, &mut spread);
                    self.placed(result, text.0)?;
                    self.stack.append(&mut spread);
                }
            }
        }
        Ok(())
    }
}

/// About what a value takes that the host made.
fn size_of(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 0,
        Value::Number(_) => 8,
        Value::String(text) => text.len(),
        Value::List(items) => items.iter().map(|item| 16 + size_of(item)).sum(),
        Value::Object(object) => object.iter().map(|(key, item)| 40 + key.len() + size_of(item)).sum(),
    }
}
