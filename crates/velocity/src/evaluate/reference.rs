//! References: reading, printing and assigning them.

use std::rc::Rc;

use super::Evaluator;
use crate::ast::{Expr, Reference, Tail, TailKind, TextReference};
use crate::error::Fault;
use crate::methods;
use crate::val::{Val, print};

/// How often a `#define`d block may be within itself (`directive.define.maxdepth`).
const DEFINE_DEPTH: usize = 2;

/// Notes the first argument that is a reference without value.
#[cold]
fn blame(fault: Fault, args: &[Expr], given: &[Val]) -> Fault {
    let missing = args.iter().zip(given).find_map(|(arg, value)| match arg {
        Expr::Reference(reference) if value.is_null() => Some(&*reference.literal),
        _ => None,
    });
    match missing {
        Some(literal) => fault.given_null(literal),
        None => fault,
    }
}

impl Evaluator<'_> {
    /// The value of a reference; null where any part of the way is missing.
    pub(super) fn reference(&mut self, reference: &Reference) -> Result<Val, Fault> {
        let value = self.walk(reference, &reference.tail)?;
        self.rendered(value)
    }

    /// A value as an operand.
    fn rendered(&mut self, value: Val) -> Result<Val, Fault> {
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
            value = self.step(&value, step)?;
        }
        Ok(value)
    }

    /// One step of the way: a property, a method, an index.
    fn step(&mut self, value: &Val, step: &Tail) -> Result<Val, Fault> {
        let next = match &step.kind {
            TailKind::Property(name) => methods::property(value, name),
            TailKind::Index(index) => {
                let index = self.expression(index)?;
                methods::index(value, &index, &mut self.meter)
            }
            TailKind::Method(name, args) => match &**args {
                [] => methods::call(value, name, &[], &mut self.meter),
                [only] => {
                    let given = [self.expression(only)?];
                    methods::call(value, name, &given, &mut self.meter).map_err(|fault| blame(fault, args, &given))
                }
                args => {
                    let given = args.iter().map(|arg| self.expression(arg)).collect::<Result<Vec<_>, _>>()?;
                    methods::call(value, name, &given, &mut self.meter).map_err(|fault| blame(fault, args, &given))
                }
            },
        };
        Ok(next.map_err(|fault| fault.at(step.at))?.unwrap_or(Val::Null))
    }

    /// The value of a reference that is the first to write to an output that may be a value; none when the value itself now stands
    /// in the output.
    fn defer(&mut self, reference: &Reference) -> Result<Option<Val>, Fault> {
        let Some((last, way)) = reference.tail.split_last() else { return self.reference(reference).map(Some) };
        let TailKind::Method(name, args) = &last.kind else { return self.reference(reference).map(Some) };
        let owner = self.walk(reference, way)?;
        let (Val::Host(host), [only]) = (&owner, &**args) else {
            let value = if owner.is_null() { Val::Null } else { self.step(&owner, last)? };
            return self.rendered(value).map(Some);
        };
        let given = [self.expression(only)?];
        self.meter.work(1)?;
        let placed = |fault: Fault| blame(fault, args, &given).at(last.at);
        match host.json(name, &given) {
            None => {
                let value = methods::call(&owner, name, &given, &mut self.meter).map_err(placed)?;
                self.rendered(value.unwrap_or(Val::Null)).map(Some)
            }
            Some(Err(error)) => Err(placed(Fault::host(error.0))),
            Some(Ok(value)) => {
                self.mark(reference.at, false);
                let (out, marks) = (self.out.len(), self.marks.len());
                self.room_for(&value).map_err(|fault| fault.at(reference.at))?;
                self.deferred = Some(super::Deferred { value, out, marks });
                Ok(None)
            }
        }
    }

    /// Prints a reference that stands in text.
    pub(super) fn text_reference(&mut self, text: &TextReference) -> Result<(), Fault> {
        let reference = &text.reference;
        let value = if text.backslashes == 0 && self.starts_output() {
            match self.defer(reference)? {
                Some(value) => value,
                None => return Ok(()),
            }
        } else {
            self.reference(reference)?
        };
        self.mark(reference.at, value.is_null());
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
