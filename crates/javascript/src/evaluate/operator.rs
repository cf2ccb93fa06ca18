//! Binary operators (ECMA-262, 13.6 to 13.12), numbers first.

use super::coerce::wrap_int32;
use super::{Completion, Evaluator};
use crate::builtins;
use crate::code::BinaryOp;
use crate::heap::{Kind, Val};

impl Evaluator<'_> {
    #[inline]
    pub(super) fn binary(&mut self, op: BinaryOp, left: Val, right: Val) -> Completion {
        if let (Val::Number(left), Val::Number(right)) = (left, right)
            && let Some(result) = numbers(op, left, right)
        {
            return Ok(result);
        }
        self.binary_slow(op, left, right)
    }

    fn binary_slow(&mut self, op: BinaryOp, left: Val, right: Val) -> Completion {
        Ok(match op {
            BinaryOp::StrictEqual => Val::Bool(self.strict_equals(left, right)?),
            BinaryOp::StrictNotEqual => Val::Bool(!self.strict_equals(left, right)?),
            BinaryOp::Equal => Val::Bool(self.loose_equals(left, right)?),
            BinaryOp::NotEqual => Val::Bool(!self.loose_equals(left, right)?),
            BinaryOp::Add => return self.add(left, right),
            BinaryOp::Less => Val::Bool(self.less_than(left, right)? == Some(true)),
            BinaryOp::Greater => Val::Bool(self.greater_than(left, right)? == Some(true)),
            // `a <= b` is `!(b < a)`, unless one of them is no number.
            BinaryOp::LessOrEqual => Val::Bool(self.greater_than(left, right)? == Some(false)),
            BinaryOp::GreaterOrEqual => Val::Bool(self.less_than(left, right)? == Some(false)),
            BinaryOp::In => Val::Bool(self.has_property(left, right)?),
            BinaryOp::InstanceOf => Val::Bool(self.instance_of(left, right)?),
            op => {
                let left = self.to_number(left)?;
                let right = self.to_number(right)?;
                numbers(op, left, right).unwrap_or_default()
            }
        })
    }

    fn instance_of(&mut self, value: Val, of: Val) -> Completion<bool> {
        match of {
            Val::Builtin(builtin) if builtin.construct.is_some() || builtin.call.is_some() => {
                Ok(builtins::instance_of(&self.heap, value, builtin))
            }
            // No function of the code makes instances.
            Val::Object(id) if matches!(self.heap.obj(id).kind, Kind::Closure(_)) => Ok(false),
            _ => self.type_error("the right side of 'instanceof' is not a constructor"),
        }
    }
}

/// The operators on two numbers; `None` for those that are about other values.
#[inline(always)]
fn numbers(op: BinaryOp, left: f64, right: f64) -> Option<Val> {
    Some(match op {
        BinaryOp::Add => Val::Number(left + right),
        BinaryOp::Subtract => Val::Number(left - right),
        BinaryOp::Multiply => Val::Number(left * right),
        BinaryOp::Divide => Val::Number(left / right),
        BinaryOp::Less => Val::Bool(left < right),
        BinaryOp::Greater => Val::Bool(left > right),
        BinaryOp::LessOrEqual => Val::Bool(left <= right),
        BinaryOp::GreaterOrEqual => Val::Bool(left >= right),
        #[expect(clippy::float_cmp, reason = "the language compares so")]
        BinaryOp::StrictEqual | BinaryOp::Equal => Val::Bool(left == right),
        #[expect(clippy::float_cmp, reason = "the language compares so")]
        BinaryOp::StrictNotEqual | BinaryOp::NotEqual => Val::Bool(left != right),
        // Rust's remainder has the sign of the left side, as the language's.
        BinaryOp::Remainder => Val::Number(remainder(left, right)),
        BinaryOp::Power => Val::Number(builtins::power(left, right)),
        BinaryOp::ShiftLeft => Val::Number(f64::from(wrap_int32(left).wrapping_shl(bits(right)))),
        BinaryOp::ShiftRight => Val::Number(f64::from(wrap_int32(left).wrapping_shr(bits(right)))),
        #[expect(clippy::cast_sign_loss, reason = "the bits are kept")]
        BinaryOp::ShiftRightUnsigned => Val::Number(f64::from((wrap_int32(left) as u32).wrapping_shr(bits(right)))),
        BinaryOp::Or => Val::Number(f64::from(wrap_int32(left) | wrap_int32(right))),
        BinaryOp::Xor => Val::Number(f64::from(wrap_int32(left) ^ wrap_int32(right))),
        BinaryOp::And => Val::Number(f64::from(wrap_int32(left) & wrap_int32(right))),
        BinaryOp::In | BinaryOp::InstanceOf => return None,
    })
}

/// `left % right`. For small whole numbers, of which the left one is not negative, integers give the same at a tenth of the cost.
#[inline]
fn remainder(left: f64, right: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, reason = "what does not come back the same is not taken")]
    let (dividend, divisor) = (left as i32, right as i32);
    if dividend > 0 && divisor > 0 && f64::from(dividend) == left && f64::from(divisor) == right {
        return f64::from(dividend % divisor);
    }
    left % right
}

#[expect(clippy::cast_sign_loss, reason = "five bits count")]
fn bits(number: f64) -> u32 {
    (wrap_int32(number) as u32) & 31
}
