//! Assignments, `++`, `--` and `delete`.

use std::sync::atomic::AtomicU32;

use oxc::ast::ast::{
    AssignmentExpression, AssignmentTarget, Expression, IdentifierReference, MemberExpression, SimpleAssignmentTarget,
    UnaryExpression, UpdateExpression,
};
use oxc::span::GetSpan;
use oxc::syntax::operator::{AssignmentOperator, UpdateOperator};

use super::Compiler;
use super::scope::Name;
use crate::code::{Assign, Delete, Expr, Key, LogicalAssign, LogicalOp, Pattern, Slot, Target, Update};
use crate::heap::Val;

impl Compiler<'_> {
    pub(super) fn assignment(&mut self, assignment: &AssignmentExpression<'_>) -> Expr {
        let at = assignment.span.start;
        let operator = assignment.operator;
        let target = if operator == AssignmentOperator::Assign {
            self.assignment_target(&assignment.left)
        } else {
            match assignment.left.as_simple_assignment_target() {
                Some(target) => Pattern::Assign(self.simple_target(target)),
                None => {
                    self.error(assignment.left.span(), "nothing can be assigned to this", None);
                    Pattern::Assign(Target::Local(0))
                }
            }
        };
        let name = match &assignment.left {
            AssignmentTarget::AssignmentTargetIdentifier(id) => id.name.as_str(),
            _ => "",
        };
        let value = self.named_expression(&assignment.right, name);
        let logical = match operator {
            AssignmentOperator::LogicalAnd => Some(LogicalOp::And),
            AssignmentOperator::LogicalOr => Some(LogicalOp::Or),
            AssignmentOperator::LogicalNullish => Some(LogicalOp::Coalesce),
            _ => None,
        };
        match (logical, target) {
            (Some(op), Pattern::Assign(target)) => Expr::LogicalAssign(Box::new(LogicalAssign { target, op, value })),
            (_, target) => {
                let op = operator.to_binary_operator().map(super::expression::binary_op);
                Expr::Assign(Box::new(Assign { target, op, value, at }))
            }
        }
    }

    pub(super) fn update(&mut self, update: &UpdateExpression<'_>) -> Expr {
        let target = self.simple_target(&update.argument);
        let by = if update.operator == UpdateOperator::Increment { 1.0 } else { -1.0 };
        Expr::Update(Box::new(Update { target, by, prefix: update.prefix, at: update.span.start }))
    }

    pub(super) fn simple_target(&mut self, target: &SimpleAssignmentTarget<'_>) -> Target {
        match target {
            SimpleAssignmentTarget::AssignmentTargetIdentifier(id) => self.variable_target(id),
            target => match target.as_member_expression() {
                Some(member) => self.member_target(member),
                None => match target.get_expression() {
                    Some(Expression::Identifier(id)) => self.variable_target(id),
                    Some(expression) if expression.is_member_expression() => {
                        self.member_target(expression.to_member_expression())
                    }
                    _ => {
                        self.error(target.span(), "nothing can be assigned to this", None);
                        Target::Local(0)
                    }
                },
            },
        }
    }

    pub(super) fn variable_target(&mut self, id: &IdentifierReference<'_>) -> Target {
        let (name, at) = (id.name.as_str().into(), id.span.start);
        let reference = id.reference_id.get();
        let constant = self.symbol_of(reference).is_some_and(|symbol| self.is_constant(symbol));
        match self.resolve(reference) {
            Name::Sure(slot) | Name::Checked(slot) if constant => Target::Constant { slot, name, at },
            Name::Sure(Slot::Local(slot)) => Target::Local(slot),
            Name::Sure(slot) | Name::Checked(slot) => Target::Variable { slot, name, at },
            Name::Unresolved => {
                self.error(id.span, format!("'{name}' is not declared"), Some("declare it with let or const"));
                Target::Local(0)
            }
        }
    }

    fn member_target(&mut self, member: &MemberExpression<'_>) -> Target {
        let object = self.expression(member.object());
        let (key, at) = self.member_key(member);
        let span = member.object().span();
        Target::Member { object, key, at, text: (span.start, span.end) }
    }

    /// A key in brackets; a constant name is like one after a dot.
    pub(super) fn index_key(&mut self, expression: &Expression<'_>) -> Key {
        match expression {
            Expression::StringLiteral(text) if !text.lone_surrogates => {
                Key::Name { name: text.value.as_str().into(), hint: AtomicU32::new(0) }
            }
            expression => Key::Computed(self.expression(expression)),
        }
    }

    pub(super) fn delete(&mut self, unary: &UnaryExpression<'_>) -> Expr {
        let mut argument = &unary.argument;
        while let Expression::ParenthesizedExpression(inner) = argument {
            argument = &inner.expression;
        }
        if let Expression::ChainExpression(chain) = argument
            && let Some(member) = chain.expression.as_member_expression()
        {
            return self.delete_optional(member);
        }
        let Some(member) = argument.as_member_expression() else {
            // Anything else is not removed; strict code cannot name a variable here.
            let value = self.expression(argument);
            return Expr::Sequence(Box::new([value, Expr::Value(Val::Bool(true))]));
        };
        let span = member.object().span();
        let object = self.expression(member.object());
        let (key, at) = self.member_key(member);
        Expr::Delete(Box::new(Delete { object, key, at, text: (span.start, span.end) }))
    }

    /// The key of a member, and where its errors are placed.
    pub(super) fn member_key(&mut self, member: &MemberExpression<'_>) -> (Key, u32) {
        match member {
            MemberExpression::StaticMemberExpression(member) => {
                let name = member.property.name.as_str().into();
                (Key::Name { name, hint: AtomicU32::new(0) }, member.property.span.start)
            }
            MemberExpression::ComputedMemberExpression(member) => {
                (self.index_key(&member.expression), member.expression.span().start)
            }
            MemberExpression::PrivateFieldExpression(member) => {
                self.unsupported(member.span, "private names");
                (Key::Computed(Expr::Value(Val::Undefined)), member.span.start)
            }
        }
    }
}
