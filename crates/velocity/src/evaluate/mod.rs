//! Evaluation of a template's tree.

mod directive;
mod expression;
mod reference;

use std::borrow::Cow;
use std::sync::Arc;

use value::{Str, Value};

use crate::ast::{Argument, Block, Macros, Slot, Symbols};
use crate::error::{EvaluateError, Fault};
use crate::limits::Meter;
use crate::{Limits, Template, Truthiness, Val};

/// How deeply evaluation may nest: blocks in macros in `#evaluate` in `#define`, each at most as deep as its text.
const MAX_NESTING: usize = 250;

/// The largest buffer that is kept for the next capture.
const MAX_SPARE: usize = 64 << 10;

/// As many nodes of the output are told apart.
const MAX_MARKS: usize = 1 << 16;

/// The variables of an evaluation, by name.
#[derive(Clone, Debug, Default)]
pub struct Context {
    variables: Vec<(Str, Val)>,
}

impl Context {
    /// No variables.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The variable `$name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Val> {
        self.variables.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }

    /// Sets `$name`.
    pub fn set(&mut self, name: impl Into<Str>, value: impl Into<Val>) {
        let (name, value) = (name.into(), value.into());
        match self.variables.iter_mut().find(|(known, _)| *known == name) {
            Some((_, place)) => *place = value,
            None => self.variables.push((name, value)),
        }
    }

    /// Removes `$name`.
    pub fn remove(&mut self, name: &str) -> Option<Val> {
        let at = self.variables.iter().position(|(known, _)| **known == *name)?;
        Some(self.variables.remove(at).1)
    }
}

impl Drop for Context {
    /// Frees the variables, also those that refer to each other in a circle. Values that are in use elsewhere stay whole.
    fn drop(&mut self) {
        self.variables.clear();
        crate::val::collect_cycles();
    }
}

/// What an evaluation gives.
#[derive(Debug)]
pub struct Outcome {
    /// The text that was written.
    pub text: String,
    /// The value of `#return`, if one ended the evaluation; `#return` alone gives null.
    pub returned: Option<Val>,
    /// The value whose JSON the whole output is; `text` then holds only the white space around it.
    pub json: Option<Value>,
    marks: Vec<Mark>,
}

/// Where in the output a node began to write.
#[derive(Clone, Copy, Debug)]
struct Mark {
    out: u32,
    at: u32,
    /// Whether it is a reference without value.
    is_null: bool,
}

/// Where a part of the output came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The line of the template, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The same as a byte of the source.
    pub at: usize,
    /// Whether it is a reference that had no value: what is printed is the reference's own text, or nothing for a quiet one.
    pub is_null: bool,
}

impl Outcome {
    /// Where the byte at `offset` of the text came from. A reference without value that printed nothing just before it counts.
    /// Text that `#evaluate` or a library's macro wrote has its place within that source, which is not the template's.
    #[must_use]
    pub fn origin(&self, template: &Template, offset: usize) -> Option<Origin> {
        let after = self.marks.partition_point(|mark| mark.out as usize <= offset);
        let mut found = self.marks[..after].last().filter(|_| after < MAX_MARKS)?;
        let is_blank = |mark: &&Mark| self.text.get(mark.out as usize..offset).is_some_and(|between| between.trim().is_empty());
        if let Some(before) = self.marks[..after].iter().rev().skip(1).take_while(is_blank).find(|mark| mark.is_null) {
            found = if found.is_null { found } else { before };
        }
        let within = if found.is_null { 0 } else { offset - found.out as usize };
        // Text stands in the output as in the template, unless directives were taken out of it.
        let is_verbatim = template.source.get(found.at as usize..found.at as usize + within)
            == self.text.get(found.out as usize..found.out as usize + within);
        let at = found.at as usize + if is_verbatim { within } else { 0 };
        let (line, column) = crate::error::line_and_column(&template.source, at);
        Some(Origin { line, column, at, is_null: found.is_null })
    }
}

/// How evaluation goes on behind a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Stop,
}

/// The arguments of a macro that runs.
struct Frame {
    call: Arc<crate::ast::Call>,
    parameters: Vec<Slot>,
    /// Parameters that the macro has set.
    changed: Vec<(Slot, Val)>,
    /// The frame that the arguments belong to.
    caller: Option<usize>,
}

impl Frame {
    /// The argument for a parameter.
    fn argument(&self, slot: Slot) -> Option<&Argument> {
        let at = self.parameters.iter().position(|parameter| *parameter == slot)?;
        self.call.args.get(at)
    }
}

/// A value that stands in the output instead of its JSON text.
struct Deferred {
    value: Value,
    /// Where in the output its text would stand.
    out: usize,
    /// How many marks were there.
    marks: usize,
}

struct Evaluator<'e> {
    template: &'e Template,
    context: &'e Context,
    symbols: Cow<'e, Symbols>,
    macros: Cow<'e, Macros>,
    variables: Vec<Option<Val>>,
    changed: Vec<bool>,
    out: String,
    /// Where the nodes began to write to the output itself; what is captured has no marks.
    marks: Vec<Mark>,
    captures: usize,
    /// Whether the output may still be a value instead of its JSON text.
    may_defer: bool,
    /// So much of the output is known to be white space.
    blank: usize,
    deferred: Option<Deferred>,
    /// A buffer for what is captured.
    spare: String,
    meter: Meter<'e>,
    frames: Vec<Frame>,
    frame: Option<usize>,
    nesting: usize,
    returned: Option<Val>,
}

pub(crate) fn evaluate(
    template: &Template,
    context: &mut Context,
    limits: &Limits,
    may_defer: bool,
) -> Result<Outcome, EvaluateError> {
    let (result, text, returned, json, marks, changes) = {
        let mut evaluator = Evaluator {
            template,
            context,
            symbols: Cow::Borrowed(&template.symbols),
            macros: Cow::Borrowed(&template.macros),
            variables: Vec::with_capacity(template.symbols.names().len()),
            changed: Vec::new(),
            out: String::with_capacity(template.source.len()),
            marks: Vec::with_capacity(template.nodes.len()),
            captures: 0,
            may_defer,
            blank: 0,
            deferred: None,
            spare: String::new(),
            meter: Meter::new(limits),
            frames: Vec::new(),
            frame: None,
            nesting: 0,
            returned: None,
        };
        evaluator.load_variables();
        let result = evaluator.nodes(&template.nodes).and_then(|_| evaluator.meter.output(evaluator.out.len()));
        let result = result.and_then(|()| evaluator.settle());
        let json = evaluator.deferred.take().map(|deferred| deferred.value);
        let variables = evaluator.symbols.names().iter().zip(evaluator.variables);
        let changes = variables.zip(evaluator.changed).filter(|(_, changed)| *changed);
        let changes: Vec<(Str, Option<Val>)> = changes.map(|((name, value), _)| (Str::clone(name), value)).collect();
        (result, evaluator.out, evaluator.returned, json, evaluator.marks, changes)
    };
    for (name, value) in changes {
        match value {
            Some(value) => context.set(name, value),
            None => drop(context.remove(&name)),
        }
    }
    match result {
        Ok(()) => Ok(Outcome { text, returned, json, marks }),
        Err(fault) => Err(fault.into_error(&template.source)),
    }
}

impl Evaluator<'_> {
    /// Takes the variables of the context for all names that are numbered since the last time.
    fn load_variables(&mut self) {
        let names = self.symbols.names();
        for name in &names[self.variables.len()..] {
            self.variables.push(self.context.get(name).cloned());
        }
        self.changed.resize(self.variables.len(), false);
    }

    /// The value of a variable; none if it is not set.
    fn variable(&mut self, slot: Slot) -> Result<Option<Val>, Fault> {
        if let Some(at) = self.frame {
            let frame = &self.frames[at];
            if let Some((_, value)) = frame.changed.iter().find(|(changed, _)| *changed == slot) {
                return Ok(Some(value.clone()));
            }
            if frame.argument(slot).is_some() {
                // Arguments are handed over by name: they are evaluated where they are used, with the caller's variables.
                let call = Arc::clone(&frame.call);
                let parameter = frame.parameters.iter().position(|parameter| *parameter == slot);
                let caller = std::mem::replace(&mut self.frame, frame.caller);
                let value = match parameter.and_then(|at| call.args.get(at)) {
                    Some(argument) => self.nested(|this| this.expression(&argument.expr)),
                    None => Ok(Val::Null),
                };
                self.frame = caller;
                return value.map(Some);
            }
        }
        Ok(self.variables[slot as usize].clone())
    }

    /// Sets a variable, or makes it unset.
    fn set_variable(&mut self, slot: Slot, value: Option<Val>) {
        if let Some(at) = self.frame {
            let frame = &mut self.frames[at];
            if frame.parameters.contains(&slot) {
                frame.changed.retain(|(changed, _)| *changed != slot);
                frame.changed.push((slot, value.clone().unwrap_or(Val::Null)));
            }
        }
        self.changed[slot as usize] = true;
        self.variables[slot as usize] = value;
    }

    /// Runs `inner` one level deeper.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.nesting >= MAX_NESTING {
            return Err(Fault::new(format!("The evaluation is nested more than {MAX_NESTING} levels deep")));
        }
        self.nesting += 1;
        let result = inner(self);
        self.nesting -= 1;
        result
    }

    /// What `inner` writes, as a string of its own.
    fn captured(&mut self, inner: impl FnOnce(&mut Self) -> Result<(), Fault>) -> Result<Str, Fault> {
        let outer = std::mem::replace(&mut self.out, std::mem::take(&mut self.spare));
        self.captures += 1;
        let result = inner(self);
        self.captures -= 1;
        let mut text = std::mem::replace(&mut self.out, outer);
        let result = result.and_then(|()| self.meter.string(text.len())).map(|()| Str::from(&*text));
        // The next capture writes to the same buffer, unless this one was unusually large.
        if text.capacity() <= MAX_SPARE {
            text.clear();
            self.spare = text;
        }
        result
    }

    /// Notes where the output stands as a node begins to write.
    #[inline]
    fn mark(&mut self, at: u32, is_null: bool) {
        if self.captures == 0 && self.marks.len() < MAX_MARKS {
            // Output is limited to far less than 4 GB.
            let out = u32::try_from(self.out.len()).unwrap_or(u32::MAX);
            self.marks.push(Mark { out, at, is_null });
        }
    }

    /// Whether what is written so far is white space of JSON.
    fn is_blank(&self, from: usize) -> bool {
        self.out.as_bytes()[from..].iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
    }

    /// Whether the reference that comes next may be the first to write to the output.
    fn starts_output(&mut self) -> bool {
        if !self.may_defer || self.captures > 0 || self.deferred.is_some() {
            return false;
        }
        self.may_defer = self.is_blank(self.blank);
        self.blank = self.out.len();
        self.may_defer
    }

    /// Refuses a value whose text is too long for the output; it is written for that only where it may be.
    fn room_for(&self, value: &Value) -> Result<(), Fault> {
        let limit = self.meter.limits.max_output;
        if self.out.len() + json_bound(value, limit) <= limit {
            return Ok(());
        }
        self.meter.output(self.out.len() + value.to_json().len())
    }

    /// Writes the value that stands in the output after all, unless it is the whole of it.
    fn settle(&mut self) -> Result<(), Fault> {
        let Some(Deferred { value, out, marks }) = self.deferred.take() else { return Ok(()) };
        if self.is_blank(out) {
            self.room_for(&value)?;
            self.deferred = Some(Deferred { value, out, marks });
            return Ok(());
        }
        let text = value.to_json();
        self.meter.output(self.out.len() + text.len())?;
        self.out.insert_str(out, &text);
        let moved = u32::try_from(text.len()).unwrap_or(u32::MAX);
        for mark in &mut self.marks[marks..] {
            mark.out = mark.out.saturating_add(moved);
        }
        Ok(())
    }

    /// Whether a value counts as true.
    fn is_true(&self, value: &Val) -> bool {
        match value {
            Val::Null => false,
            Val::Bool(value) => *value,
            _ if self.template.truthiness == Truthiness::NotNull => true,
            Val::Str(text) => !text.is_empty(),
            Val::List(list) => !list.is_empty(),
            Val::Map(map) => !map.is_empty(),
            number => number.as_f64() != Some(0.0),
        }
    }

    /// Reads text that was made at run time.
    fn parse(&mut self, source: &str) -> Result<Block, Fault> {
        self.meter.work(source.len())?;
        // The tree takes a multiple of its text.
        self.meter.memory(source.len().saturating_mul(8))?;
        let block = crate::parser::parse(source, false, self.symbols.to_mut(), self.macros.to_mut());
        self.load_variables();
        block.map_err(|errors| {
            let first = errors.first().map(ToString::to_string).unwrap_or_default();
            Fault::new(format!("The text of #evaluate is no template: {first}"))
        })
    }
}

/// At least as many bytes as a value's JSON text has; counting ends beyond `most`. Containers are nested at most
/// [`value::MAX_DEPTH`] deep.
fn json_bound(value: &Value, most: usize) -> usize {
    // Each byte of a string becomes at most `\u00XX`; no number is written with more than 24 characters unless it came so.
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(number) if number.is_exact_in_f64() => 24,
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => text.len().saturating_mul(6) + 2,
        Value::List(items) => {
            let mut sum = 2;
            for item in items.iter() {
                if sum > most {
                    break;
                }
                sum = json_bound(item, most).saturating_add(sum + 1);
            }
            sum
        }
        Value::Object(object) => {
            let mut sum = 2;
            for (name, item) in object.iter() {
                if sum > most {
                    break;
                }
                sum = json_bound(item, most).saturating_add(name.len().saturating_mul(6) + sum + 4);
            }
            sum
        }
    }
}
