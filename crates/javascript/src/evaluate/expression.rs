//! Expressions.

use std::sync::LazyLock;

use value::Str;

use super::{Completion, Evaluator};
use crate::builtins;
use crate::code::{Binary, Conditional, Expr, Fold, Logical, LogicalOp, New, RegExp, UnaryOp, Variable};
use crate::heap::Val;

/// What `typeof` gives, the most common first.
static TYPES: LazyLock<[Str; 6]> =
    LazyLock::new(|| ["string", "undefined", "object", "number", "boolean", "function"].map(Str::from));

impl<'e> Evaluator<'e> {
    /// The value of an expression. What needs no call gets none.
    #[inline]
    pub(super) fn evaluate(&mut self, expression: &'e Expr) -> Completion {
        match expression {
            Expr::Value(value) => Ok(*value),
            Expr::Local(slot) => Ok(self.stack[self.frame.base + *slot as usize]),
            other => self.evaluate_here(other),
        }
    }

    /// Only chooses: what is inlined here makes each nested expression pay for its frame.
    #[inline(never)]
    fn evaluate_here(&mut self, expression: &'e Expr) -> Completion {
        match expression {
            Expr::Value(value) => Ok(*value),
            Expr::String(id) => Ok(self.constant(*id)),
            Expr::Local(slot) => Ok(self.stack[self.frame.base + *slot as usize]),
            Expr::Chain(chain) => self.chain(chain),
            Expr::Variable(variable) => self.variable(variable),
            Expr::Binary(binary) => self.binary_expression(binary),
            Expr::Logical(logical) => self.logical(logical),
            Expr::Conditional(conditional) => self.conditional(conditional),
            Expr::Record(record) => self.record(record),
            Expr::Template(template) => self.template(template),
            Expr::TemplateTexts(texts) => self.template_texts(texts),
            Expr::Unary(op, operand) => self.unary(*op, &operand.0, operand.1),
            Expr::Assign(assign) => self.assign(assign),
            Expr::Function(function) => Ok(self.closure(*function)),
            Expr::Array(items) => self.array(items),
            Expr::Object(object) => self.object_literal(object),
            Expr::Fold(fold) => self.fold(fold),
            Expr::Update(update) => self.update(update),
            Expr::LogicalAssign(assign) => self.logical_assign(assign),
            Expr::This => Ok(self.frame.this),
            Expr::Sequence(expressions) => self.sequence(expressions),
            Expr::New(new) => self.new_expression(new),
            Expr::Delete(delete) => self.delete_expression(delete),
            Expr::RegExp(literal) => self.regexp(literal),
            Expr::Deep(expression) => crate::with_stack(|| self.evaluate(expression)),
        }
    }

    #[inline(never)]
    fn sequence(&mut self, expressions: &'e [Expr]) -> Completion {
        let mut last = Val::Undefined;
        for expression in expressions {
            last = self.evaluate(expression)?;
        }
        Ok(last)
    }

    #[inline(never)]
    fn regexp(&mut self, literal: &RegExp) -> Completion {
        let made = builtins::new_regexp(self, &literal.pattern, &literal.flags);
        self.placed(made, literal.at)
    }

    /// Whether an expression counts as true.
    #[inline]
    pub(super) fn test(&mut self, expression: &'e Expr) -> Completion<bool> {
        match self.evaluate(expression)? {
            Val::Bool(value) => Ok(value),
            value => Ok(self.to_boolean(value)),
        }
    }

    #[inline]
    fn variable(&mut self, variable: &'e Variable) -> Completion {
        match self.slot(variable.slot) {
            Val::Uninitialized => self.uninitialized(&variable.name, variable.at),
            value => Ok(value),
        }
    }

    #[inline(never)]
    fn binary_expression(&mut self, binary: &'e Binary) -> Completion {
        let left = self.evaluate(&binary.left)?;
        let right = self.evaluate(&binary.right)?;
        let result = self.binary(binary.op, left, right);
        self.placed(result, binary.at)
    }

    #[inline(never)]
    fn fold(&mut self, fold: &'e Fold) -> Completion {
        let mut left = self.evaluate(&fold.first)?;
        for (op, right, at) in &fold.rest {
            let right = self.evaluate(right)?;
            let result = self.binary(*op, left, right);
            left = self.placed(result, *at)?;
        }
        Ok(left)
    }

    #[inline(never)]
    fn logical(&mut self, logical: &'e Logical) -> Completion {
        let mut value = self.evaluate(&logical.first)?;
        for (op, right) in &logical.rest {
            if self.goes_on(*op, value) {
                value = self.evaluate(right)?;
            }
        }
        Ok(value)
    }

    /// Whether a logical operator looks at its right side.
    #[inline]
    pub(super) fn goes_on(&self, op: LogicalOp, left: Val) -> bool {
        match op {
            LogicalOp::And => self.to_boolean(left),
            LogicalOp::Or => !self.to_boolean(left),
            LogicalOp::Coalesce => matches!(left, Val::Undefined | Val::Null),
        }
    }

    #[inline(never)]
    fn conditional(&mut self, conditional: &'e Conditional) -> Completion {
        for (test, consequent) in &conditional.arms {
            if self.test(test)? {
                return self.evaluate(consequent);
            }
        }
        self.evaluate(&conditional.otherwise)
    }

    #[inline(never)]
    fn unary(&mut self, op: UnaryOp, operand: &'e Expr, at: u32) -> Completion {
        let value = self.evaluate(operand)?;
        match op {
            UnaryOp::Not => Ok(Val::Bool(!self.to_boolean(value))),
            UnaryOp::TypeOf => {
                let name = self.type_of(value);
                Ok(match TYPES.iter().find(|known| &***known == name) {
                    Some(known) => self.heap.shared(known),
                    None => self.heap.string(name),
                })
            }
            UnaryOp::Void => Ok(Val::Undefined),
            UnaryOp::Plus => {
                let number = self.to_number(value);
                self.placed(number, at).map(Val::Number)
            }
            UnaryOp::Minus => {
                let number = self.to_number(value);
                self.placed(number, at).map(|number| Val::Number(-number))
            }
            UnaryOp::BitNot => {
                let number = self.to_int32(value);
                self.placed(number, at).map(|number| Val::Number(f64::from(!number)))
            }
        }
    }

    #[inline(never)]
    fn new_expression(&mut self, new: &'e New) -> Completion {
        let callee = self.evaluate(&new.callee)?;
        let base = self.stack.len();
        self.push_args(&new.args)?;
        let arguments = self.stack.split_off(base);
        self.at = new.at;
        let result = match callee {
            Val::Builtin(builtin) => {
                self.work(1)?;
                builtins::construct(self, builtin, &arguments)
            }
            _ => {
                let name = self.short_source(new.text.0, new.text.1).unwrap_or("this");
                self.type_error(format!("{name} is not a constructor"))
            }
        };
        self.placed(result, new.at)
    }
}
