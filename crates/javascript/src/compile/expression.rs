//! Expressions.

use oxc::ast::ast::{
    BinaryExpression, ConditionalExpression, Expression, IdentifierReference, LogicalExpression, UnaryExpression,
};
use oxc::span::GetSpan;
use oxc::syntax::operator::{BinaryOperator, LogicalOperator, UnaryOperator};

use super::Compiler;
use super::scope::Name;
use crate::builtins;
use crate::code::{Binary, BinaryOp, Conditional, Expr, Fold, Logical, LogicalOp, New, RegExp, Slot, UnaryOp, Variable};
use crate::heap::Val;

/// The operator of the evaluator.
pub(super) fn binary_op(operator: BinaryOperator) -> BinaryOp {
    match operator {
        BinaryOperator::Equality => BinaryOp::Equal,
        BinaryOperator::Inequality => BinaryOp::NotEqual,
        BinaryOperator::StrictEquality => BinaryOp::StrictEqual,
        BinaryOperator::StrictInequality => BinaryOp::StrictNotEqual,
        BinaryOperator::LessThan => BinaryOp::Less,
        BinaryOperator::LessEqualThan => BinaryOp::LessOrEqual,
        BinaryOperator::GreaterThan => BinaryOp::Greater,
        BinaryOperator::GreaterEqualThan => BinaryOp::GreaterOrEqual,
        BinaryOperator::Addition => BinaryOp::Add,
        BinaryOperator::Subtraction => BinaryOp::Subtract,
        BinaryOperator::Multiplication => BinaryOp::Multiply,
        BinaryOperator::Division => BinaryOp::Divide,
        BinaryOperator::Remainder => BinaryOp::Remainder,
        BinaryOperator::Exponential => BinaryOp::Power,
        BinaryOperator::ShiftLeft => BinaryOp::ShiftLeft,
        BinaryOperator::ShiftRight => BinaryOp::ShiftRight,
        BinaryOperator::ShiftRightZeroFill => BinaryOp::ShiftRightUnsigned,
        BinaryOperator::BitwiseOR => BinaryOp::Or,
        BinaryOperator::BitwiseXOR => BinaryOp::Xor,
        BinaryOperator::BitwiseAnd => BinaryOp::And,
        BinaryOperator::In => BinaryOp::In,
        BinaryOperator::Instanceof => BinaryOp::InstanceOf,
    }
}

fn logical_op(operator: LogicalOperator) -> LogicalOp {
    match operator {
        LogicalOperator::And => LogicalOp::And,
        LogicalOperator::Or => LogicalOp::Or,
        LogicalOperator::Coalesce => LogicalOp::Coalesce,
    }
}

/// An expression without the parentheses around it.
fn bare<'e, 'a>(mut expression: &'e Expression<'a>) -> &'e Expression<'a> {
    loop {
        expression = match expression {
            Expression::ParenthesizedExpression(inner) => &inner.expression,
            Expression::TSAsExpression(inner) => &inner.expression,
            Expression::TSSatisfiesExpression(inner) => &inner.expression,
            Expression::TSNonNullExpression(inner) => &inner.expression,
            Expression::TSTypeAssertion(inner) => &inner.expression,
            other => return other,
        };
    }
}

impl Compiler<'_> {
    pub(super) fn expression(&mut self, expression: &Expression<'_>) -> Expr {
        self.named_expression(expression, "")
    }

    /// An expression; a function without a name of its own gets `name`.
    pub(super) fn named_expression(&mut self, expression: &Expression<'_>, name: &str) -> Expr {
        let expression = bare(expression);
        match self.deeper(expression.span(), |compiler| compiler.expression_here(expression, name)) {
            Some((compiled, true)) => Expr::Deep(Box::new(compiled)),
            Some((compiled, false)) => compiled,
            None => Expr::Value(Val::Undefined),
        }
    }

    fn expression_here(&mut self, expression: &Expression<'_>, name: &str) -> Expr {
        match expression {
            Expression::BooleanLiteral(literal) => Expr::Value(Val::Bool(literal.value)),
            Expression::NullLiteral(_) => Expr::Value(Val::Null),
            Expression::NumericLiteral(literal) => Expr::Value(Val::Number(literal.value)),
            Expression::StringLiteral(literal) => {
                Expr::String(self.string(super::constant(&literal.value, literal.lone_surrogates)))
            }
            Expression::TemplateLiteral(template) => self.template(template),
            Expression::RegExpLiteral(literal) => {
                let (pattern, flags) = (literal.regex.pattern.text.as_str(), literal.regex.flags.to_string());
                if let Err(message) = builtins::check_regexp(pattern, &flags) {
                    self.error(literal.span, message, None);
                }
                Expr::RegExp(Box::new(RegExp { pattern: pattern.into(), flags: flags.into(), at: literal.span.start }))
            }
            Expression::Identifier(id) => self.identifier(id),
            Expression::ThisExpression(_) => Expr::This,
            Expression::ArrayExpression(array) => self.array(array),
            Expression::ObjectExpression(object) => self.object(object),
            Expression::FunctionExpression(function) => Expr::Function(self.function(function, name)),
            Expression::ArrowFunctionExpression(arrow) => Expr::Function(self.arrow(arrow, name)),
            Expression::AssignmentExpression(assignment) => self.assignment(assignment),
            Expression::UpdateExpression(update) => self.update(update),
            Expression::BinaryExpression(binary) => self.binary(binary),
            Expression::LogicalExpression(logical) => self.logical(logical),
            Expression::UnaryExpression(unary) => self.unary(unary),
            Expression::ConditionalExpression(conditional) => self.conditional(conditional),
            Expression::SequenceExpression(sequence) => {
                Expr::Sequence(sequence.expressions.iter().map(|expression| self.expression(expression)).collect())
            }
            Expression::CallExpression(_) | Expression::StaticMemberExpression(_) | Expression::ComputedMemberExpression(_) => {
                self.chain(expression)
            }
            Expression::ChainExpression(chain) => self.optional_chain(&chain.expression),
            Expression::NewExpression(new) => {
                let span = new.callee.span();
                let callee = self.expression(&new.callee);
                let args = self.arguments(&new.arguments);
                Expr::New(Box::new(New { callee, args, at: new.span.start, text: (span.start, span.end) }))
            }
            Expression::TaggedTemplateExpression(tagged) => self.tagged_template(tagged),
            Expression::BigIntLiteral(_) => self.refused(expression, "BigInt values"),
            Expression::ClassExpression(_) => self.refused(expression, "classes"),
            Expression::AwaitExpression(_) => self.refused(expression, "`await` expressions"),
            Expression::YieldExpression(_) => self.refused(expression, "generator functions"),
            Expression::Super(_) => self.refused(expression, "`super` references"),
            Expression::ImportExpression(_) => self.refused(expression, "dynamic imports"),
            Expression::ImportMeta(_) => self.refused(expression, "`import.meta` references"),
            Expression::NewTarget(_) => self.refused(expression, "`new.target` references"),
            Expression::PrivateInExpression(_) | Expression::PrivateFieldExpression(_) => {
                self.refused(expression, "private names")
            }
            _ => self.refused(expression, "expressions of this kind"),
        }
    }

    fn refused(&mut self, expression: &Expression<'_>, what: &str) -> Expr {
        self.unsupported(expression.span(), what);
        Expr::Value(Val::Undefined)
    }

    fn identifier(&mut self, id: &IdentifierReference<'_>) -> Expr {
        match self.resolve_name(id) {
            Name::Sure(Slot::Local(slot)) => Expr::Local(slot),
            Name::Sure(slot) | Name::Checked(slot) => {
                Expr::Variable(Box::new(Variable { slot, name: id.name.as_str().into(), at: id.span.start }))
            }
            Name::Unresolved => match builtins::global(id.name.as_str()) {
                Some(value) => Expr::Value(value),
                None => {
                    let help = (id.name == "arguments").then_some("take them as a rest parameter: (...args)");
                    self.error(id.span, format!("'{}' is not defined", id.name), help);
                    Expr::Value(Val::Undefined)
                }
            },
        }
    }

    fn binary(&mut self, binary: &BinaryExpression<'_>) -> Expr {
        let mut rest = Vec::new();
        let mut at = binary;
        let first = loop {
            rest.push((binary_op(at.operator), &at.right, at.span.start));
            match bare(&at.left) {
                Expression::BinaryExpression(left) => at = left,
                first => break first,
            }
        };
        rest.reverse();
        let first = self.expression(first);
        let mut rest: Vec<_> = rest.into_iter().map(|(op, right, at)| (op, self.expression(right), at)).collect();
        if rest.len() == 1
            && let Some((op, right, at)) = rest.pop()
        {
            return Expr::Binary(Box::new(Binary { op, left: first, right, at }));
        }
        Expr::Fold(Box::new(Fold { first, rest: rest.into() }))
    }

    fn logical(&mut self, logical: &LogicalExpression<'_>) -> Expr {
        let mut rest = Vec::new();
        let mut at = logical;
        let first = loop {
            rest.push((logical_op(at.operator), &at.right));
            match bare(&at.left) {
                Expression::LogicalExpression(left) => at = left,
                first => break first,
            }
        };
        rest.reverse();
        let first = self.expression(first);
        let rest = rest.into_iter().map(|(op, right)| (op, self.expression(right))).collect();
        Expr::Logical(Box::new(Logical { first, rest }))
    }

    fn unary(&mut self, unary: &UnaryExpression<'_>) -> Expr {
        let op = match unary.operator {
            UnaryOperator::UnaryPlus => UnaryOp::Plus,
            UnaryOperator::UnaryNegation => UnaryOp::Minus,
            UnaryOperator::LogicalNot => UnaryOp::Not,
            UnaryOperator::BitwiseNot => UnaryOp::BitNot,
            UnaryOperator::Typeof => UnaryOp::TypeOf,
            UnaryOperator::Void => UnaryOp::Void,
            UnaryOperator::Delete => return self.delete(unary),
        };
        // Names that nothing declares have a type: `typeof window`.
        if op == UnaryOp::TypeOf
            && let Expression::Identifier(id) = bare(&unary.argument)
            && matches!(self.resolve_name(id), Name::Unresolved)
            && builtins::global(id.name.as_str()).is_none()
        {
            return Expr::String(self.text_constant("undefined"));
        }
        match (op, self.expression(&unary.argument)) {
            (UnaryOp::Minus, Expr::Value(Val::Number(number))) => Expr::Value(Val::Number(-number)),
            (op, argument) => Expr::Unary(op, Box::new((argument, unary.span.start))),
        }
    }

    fn conditional(&mut self, conditional: &ConditionalExpression<'_>) -> Expr {
        let mut arms = Vec::with_capacity(1);
        let mut at = conditional;
        let otherwise = loop {
            arms.push((self.expression(&at.test), self.expression(&at.consequent)));
            match bare(&at.alternate) {
                Expression::ConditionalExpression(next) => at = next,
                otherwise => break otherwise,
            }
        };
        let otherwise = self.expression(otherwise);
        Expr::Conditional(Box::new(Conditional { arms: arms.into(), otherwise }))
    }
}
