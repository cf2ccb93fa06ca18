//! Loops. Each turn is a unit of work.

use value::Str;

use super::statement::Flow;
use super::{Completion, Evaluator};
use crate::builtins::Iteration;
use crate::code::{For, ForEach, While};
use crate::heap::{Kind, Val};

/// What a turn of a loop says of the next one.
enum Turn {
    Next,
    Leave(Flow),
}

/// What the body's end means to the loop `id`.
#[inline]
fn turn(flow: Flow, id: u32) -> Turn {
    match flow {
        Flow::Next => Turn::Next,
        Flow::Continue(target) if target == id => Turn::Next,
        Flow::Break(target) if target == id => Turn::Leave(Flow::Next),
        flow => Turn::Leave(flow),
    }
}

impl<'e> Evaluator<'e> {
    pub(super) fn for_loop(&mut self, statement: &'e For) -> Completion<Flow> {
        self.enter(&statement.enter)?;
        if let Some(init) = &statement.init {
            self.execute(init)?;
        }
        self.renew(&statement.renewed);
        loop {
            if let Some(test) = &statement.test
                && !self.test(test)?
            {
                return Ok(Flow::Next);
            }
            self.work(1)?;
            if let Turn::Leave(flow) = turn(self.execute(&statement.body)?, statement.id) {
                return Ok(flow);
            }
            self.renew(&statement.renewed);
            if let Some(update) = &statement.update {
                self.evaluate(update)?;
            }
        }
    }

    /// Each turn has its own variables, so that closures keep those of theirs.
    #[inline]
    fn renew(&mut self, cells: &[u32]) {
        for cell in cells {
            let value = self.heap.cell(self.cells[self.frame.cells + *cell as usize]);
            self.fresh(*cell, value);
        }
    }

    pub(super) fn while_loop(&mut self, statement: &'e While) -> Completion<Flow> {
        while self.test(&statement.test)? {
            self.work(1)?;
            if let Turn::Leave(flow) = turn(self.execute(&statement.body)?, statement.id) {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    pub(super) fn do_while(&mut self, statement: &'e While) -> Completion<Flow> {
        loop {
            self.work(1)?;
            if let Turn::Leave(flow) = turn(self.execute(&statement.body)?, statement.id) {
                return Ok(flow);
            }
            if !self.test(&statement.test)? {
                return Ok(Flow::Next);
            }
        }
    }

    pub(super) fn for_of(&mut self, statement: &'e ForEach) -> Completion<Flow> {
        self.enter(&statement.enter)?;
        let object = self.evaluate(&statement.object)?;
        if !self.is_iterable(object) {
            return self.not_iterable(object, statement.text);
        }
        let iteration = Iteration::new(self, object);
        let mut iteration = self.placed(iteration, statement.text.0)?;
        while let Some(item) = iteration.next(self)? {
            self.enter(&statement.enter)?;
            self.bind(&statement.head, item)?;
            if let Turn::Leave(flow) = turn(self.execute(&statement.body)?, statement.id) {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    pub(super) fn for_in(&mut self, statement: &'e ForEach) -> Completion<Flow> {
        self.enter(&statement.enter)?;
        let object = self.evaluate(&statement.object)?;
        // Numbers are made one at a time; an array has as many as there are at the beginning.
        let numbers = match object {
            Val::Object(id) => self.heap.array_len(id),
            Val::String(id) => Some(self.heap.units(id)),
            _ => None,
        };
        let names = if numbers.is_some() { Vec::new() } else { self.keys(object)? };
        let numbers = (0..numbers.unwrap_or_default()).map(|at| Str::from(at.to_string()));
        for key in names.into_iter().chain(numbers) {
            self.work(1)?;
            // What was deleted meanwhile is not visited.
            if !self.has_own(object, &key)? {
                continue;
            }
            let key = self.heap.shared(&key);
            self.enter(&statement.enter)?;
            self.bind(&statement.head, key)?;
            if let Turn::Leave(flow) = turn(self.execute(&statement.body)?, statement.id) {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    /// Whether `for…of` and spread can go over a value.
    pub(super) fn is_iterable(&self, value: Val) -> bool {
        match value {
            Val::String(_) => true,
            Val::Object(id) => {
                matches!(self.heap.obj(id).kind, Kind::Array(_) | Kind::HostList(_) | Kind::Map(_) | Kind::Set(_))
            }
            _ => false,
        }
    }

    /// The error of going over what cannot be gone over, with the text of what it is.
    #[cold]
    pub(super) fn not_iterable<T>(&mut self, value: Val, text: (u32, u32)) -> Completion<T> {
        let what = self.kind_name(value);
        let message = match self.short_source(text.0, text.1) {
            Some(source) => format!("{source} is not iterable: it is {what}"),
            None => format!("{what} is not iterable"),
        };
        let result = self.type_error(message);
        self.placed(result, text.0)
    }

    /// A value in words.
    pub(crate) fn kind_name(&self, value: Val) -> &'static str {
        match value {
            Val::Null => "null",
            Val::Undefined | Val::Uninitialized => "undefined",
            Val::Bool(_) => "a boolean",
            Val::Number(_) | Val::Exact(_) => "a number",
            Val::String(_) => "a string",
            _ if self.is_callable(value) => "a function",
            _ => "an object",
        }
    }

    /// The keys that `for…in` and spread see.
    pub(super) fn keys(&mut self, object: Val) -> Completion<Vec<Str>> {
        let count = match object {
            Val::Object(id) => self.heap.own_count(id),
            Val::String(id) => self.heap.units(id),
            _ => 0,
        };
        self.work(count)?;
        // Numbers are made, names are shared.
        let made = match object {
            Val::Object(id) if self.heap.array_len(id).is_none() => 0,
            _ => 32,
        };
        self.reserve(count * (16 + made))?;
        Ok(match object {
            Val::Object(id) => self.heap.own_keys(id),
            Val::String(id) => (0..self.heap.units(id)).map(|at| at.to_string().into()).collect(),
            Val::Host(node) => node.members.keys().map(|name| Str::from(*name)).collect(),
            _ => Vec::new(),
        })
    }
}
