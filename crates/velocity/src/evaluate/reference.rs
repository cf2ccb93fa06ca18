//! References: reading, printing and assigning them.

use std::rc::Rc;

use super::Evaluator;
use crate::ast::{Reference, Tail, TailKind, TextReference};
use crate::error::Fault;
use crate::methods;
use crate::val::{Val, print};

/// How often a `#define`d block may be within itself (`directive.define.maxdepth`).
const DEFINE_DEPTH: usize = 2;

impl Evaluator<'_> {
    /// The value of a reference; null where any part of the way is missing.
    pub(super) fn reference(&mut self, reference: &Reference) -> Result<Val, Fault> {
        let value = self.walk(reference, &reference.tail)?;
        match &value {
            Val::Block(definition) if definition.running.get() >= DEFINE_DEPTH => Ok(Val::Null),
            Val::Block(definition) => {
                // As an operand, a block is the text that it renders to.
                let definition = Rc::clone(definition);
                let text = self.nested(|this| {
                    this.captured(|this| {
                        definition.running.set(definition.running.get() + 1);
                        let result = this.nodes(&definition.body).map(drop);
                        definition.running.set(definition.running.get() - 1);
                        result
                    })
                })?;
                Ok(Val::from(text))
            }
            _ => Ok(value),
        }
    }

    /// The value at the end of `tail`.
    fn walk(&mut self, reference: &Reference, tail: &[Tail]) -> Result<Val, Fault> {
        self.meter.work(1)?;
        let (mut value, tail) = match tail {
            // Most references are `$variable.name`: outside of macros the variable need not be shared for that.
            [Tail { kind: TailKind::Property(name), at }, tail @ ..] if self.frame.is_none() => {
                let Some(root) = &self.variables[reference.root as usize] else { return Ok(Val::Null) };
                (methods::property(root, name).map_err(|fault| fault.at(*at))?.unwrap_or(Val::Null), tail)
            }
            tail => match self.variable(reference.root)? {
                Some(root) => (root, tail),
                None => return Ok(Val::Null),
            },
        };
        for step in tail {
            if value.is_null() {
                return Ok(Val::Null);
            }
            let next = match &step.kind {
                TailKind::Property(name) => methods::property(&value, name),
                TailKind::Index(index) => {
                    let index = self.expression(index)?;
                    methods::index(&value, &index, &mut self.meter)
                }
                TailKind::Method(name, args) => match &**args {
                    [] => methods::call(&value, name, &[], &mut self.meter),
                    [only] => {
                        let only = self.expression(only)?;
                        methods::call(&value, name, &[only], &mut self.meter)
                    }
                    args => {
                        let args = args.iter().map(|arg| self.expression(arg)).collect::<Result<Vec<_>, _>>()?;
                        methods::call(&value, name, &args, &mut self.meter)
                    }
                },
            };
            value = next.map_err(|fault| fault.at(step.at))?.unwrap_or(Val::Null);
        }
        Ok(value)
    }

    /// Prints a reference that stands in text.
    pub(super) fn text_reference(&mut self, text: &TextReference) -> Result<(), Fault> {
        let reference = &text.reference;
        let value = self.reference(reference)?;
        let kept = text.backslashes / 2;
        let escaped = text.backslashes % 2 == 1;
        match value {
            Val::Null => {
                // An escape before something that is not there is none: the backslash stays.
                self.backslashes(if escaped { kept + 1 } else { kept * 2 });
                if escaped || !reference.quiet {
                    let literal = self.null_literal(reference);
                    self.out.push_str(&literal);
                }
            }
            _ if escaped => {
                self.backslashes(kept);
                self.out.push_str(&reference.literal);
            }
            value => {
                self.backslashes(kept);
                print(&value, &mut self.out, self.meter.limits.max_output, &mut self.meter)
                    .map_err(|fault| fault.at(reference.at))?;
            }
        }
        self.meter.output(self.out.len()).map_err(|fault| fault.at(reference.at))
    }

    fn backslashes(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n('\\', count));
    }

    /// What is printed for a reference without value: its own text, or for a macro's parameter that of the argument.
    fn null_literal(&self, reference: &Reference) -> String {
        if reference.tail.is_empty()
            && let Some(at) = self.frame
            && let Some(argument) = self.frames[at].argument(reference.root)
            && matches!(argument.expr, crate::ast::Expr::Reference(_))
        {
            return argument.literal.to_string();
        }
        reference.literal.to_string()
    }

    /// `#set` of a reference.
    pub(super) fn assign(&mut self, target: &Reference, value: Val) -> Result<(), Fault> {
        let Some((last, way)) = target.tail.split_last() else {
            // 1.7 assigns only to a plain `$name`: `${name}` and `$!name` name another variable there.
            if !target.braced && !target.quiet {
                let value = if value.is_null() { None } else { Some(value) };
                self.set_variable(target.root, value);
            }
            return Ok(());
        };
        let owner = self.walk(target, way)?;
        if owner.is_null() {
            return Ok(());
        }
        let set = match &last.kind {
            TailKind::Property(name) => methods::set_property(&owner, name, value, &mut self.meter),
            TailKind::Index(index) => {
                let index = self.expression(index)?;
                methods::set_index(&owner, &index, value, &mut self.meter)
            }
            TailKind::Method(..) => Ok(false),
        };
        // Velocity logs an assignment that nothing takes, and goes on.
        set.map(drop).map_err(|fault| fault.at(last.at))
    }
}
