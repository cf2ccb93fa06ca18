//! Evaluation of a template's tree.

mod directive;
mod expression;
mod reference;

use std::borrow::Cow;
use std::sync::Arc;

use value::Str;

use crate::ast::{Argument, Block, Macros, Slot, Symbols};
use crate::error::{EvaluateError, Fault};
use crate::limits::Meter;
use crate::{Limits, Template, Truthiness, Val};

/// How deeply evaluation may nest: blocks in macros in `#evaluate` in `#define`, each at most as deep as its text.
const MAX_NESTING: usize = 250;

/// The largest buffer that is kept for the next capture.
const MAX_SPARE: usize = 64 << 10;

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

struct Evaluator<'e> {
    template: &'e Template,
    context: &'e Context,
    symbols: Cow<'e, Symbols>,
    macros: Cow<'e, Macros>,
    variables: Vec<Option<Val>>,
    changed: Vec<bool>,
    out: String,
    /// A buffer for what is captured.
    spare: String,
    meter: Meter<'e>,
    frames: Vec<Frame>,
    frame: Option<usize>,
    nesting: usize,
    returned: Option<Val>,
}

pub(crate) fn evaluate(template: &Template, context: &mut Context, limits: &Limits) -> Result<Outcome, EvaluateError> {
    let (result, text, returned, changes) = {
        let mut evaluator = Evaluator {
            template,
            context,
            symbols: Cow::Borrowed(&template.symbols),
            macros: Cow::Borrowed(&template.macros),
            variables: Vec::with_capacity(template.symbols.names().len()),
            changed: Vec::new(),
            out: String::with_capacity(template.source.len()),
            spare: String::new(),
            meter: Meter::new(limits),
            frames: Vec::new(),
            frame: None,
            nesting: 0,
            returned: None,
        };
        evaluator.load_variables();
        let result = evaluator.nodes(&template.nodes).and_then(|_| evaluator.meter.output(evaluator.out.len()));
        let variables = evaluator.symbols.names().iter().zip(evaluator.variables);
        let changes = variables.zip(evaluator.changed).filter(|(_, changed)| *changed);
        let changes: Vec<(Str, Option<Val>)> = changes.map(|((name, value), _)| (Str::clone(name), value)).collect();
        (result, evaluator.out, evaluator.returned, changes)
    };
    for (name, value) in changes {
        match value {
            Some(value) => context.set(name, value),
            None => drop(context.remove(&name)),
        }
    }
    match result {
        Ok(()) => Ok(Outcome { text, returned }),
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
        let result = inner(self);
        let mut text = std::mem::replace(&mut self.out, outer);
        let result = result.and_then(|()| self.meter.string(text.len())).map(|()| Str::from(&*text));
        // The next capture writes to the same buffer, unless this one was unusually large.
        if text.capacity() <= MAX_SPARE {
            text.clear();
            self.spare = text;
        }
        result
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
