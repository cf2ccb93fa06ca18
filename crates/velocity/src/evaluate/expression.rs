//! Expressions.

use super::Evaluator;
use crate::ast::{Expr, Op, Operand};
use crate::error::Fault;
use crate::val::{Key, ListRef, MapRef, Val, arithmetic, as_integer, compare, equals, text_of};

impl Evaluator<'_> {
    pub(super) fn expression(&mut self, expr: &Expr) -> Result<Val, Fault> {
        self.meter.work(1)?;
        match expr {
            Expr::Null => Ok(Val::Null),
            Expr::Bool(value) => Ok(Val::Bool(*value)),
            Expr::Int(number) => Ok(Val::Int(*number)),
            Expr::Text(text) => Ok(Val::Str(value::Str::clone(text))),
            _ => self.nested(|this| this.inner_expression(expr)),
        }
    }

    fn inner_expression(&mut self, expr: &Expr) -> Result<Val, Fault> {
        Ok(match expr {
            Expr::Null => Val::Null,
            Expr::Bool(value) => Val::Bool(*value),
            Expr::Int(number) => Val::Int(*number),
            Expr::Long(number) => Val::Long(*number),
            Expr::Big(number) => Val::Big(*number),
            Expr::Double(number) => Val::Double(*number),
            Expr::Text(text) => Val::Str(value::Str::clone(text)),
            Expr::Interpolated(nodes) => {
                let text = self.captured(|this| this.nodes(nodes).map(drop))?;
                Val::from(text)
            }
            Expr::Reference(reference) => self.reference(reference)?,
            Expr::List(items) => {
                self.meter.elements(items.len())?;
                let items = items.iter().map(|item| self.expression(item)).collect::<Result<Vec<_>, _>>()?;
                Val::List(ListRef::new(items))
            }
            Expr::Range(ends, at) => self.range(&ends.0, &ends.1).map_err(|fault| fault.at(*at))?,
            Expr::Map(entries, at) => {
                self.meter.elements(entries.len())?;
                let map = MapRef::new();
                for (key, value) in entries {
                    let key = self.expression(key)?;
                    let key = Key::from_val(&key).ok_or_else(|| {
                        Fault::new(format!("A value of type {} cannot be the key of a map", key.type_name())).at(*at)
                    })?;
                    let value = self.expression(value)?;
                    map.insert(key, value);
                }
                Val::Map(map)
            }
            Expr::Not(_) | Expr::And(_) | Expr::Or(_) => Val::Bool(self.condition(expr)?),
            Expr::Chain(first, more) => self.chain(first, more)?,
        })
    }

    /// Whether a condition holds. A literal number is false in 1.7, although a variable that holds it is true.
    pub(super) fn condition(&mut self, expr: &Expr) -> Result<bool, Fault> {
        match expr {
            Expr::Not(_) | Expr::And(_) | Expr::Or(_) => self.nested(|this| this.inner_condition(expr)),
            _ => self.inner_condition(expr),
        }
    }

    fn inner_condition(&mut self, expr: &Expr) -> Result<bool, Fault> {
        match expr {
            Expr::Not(inner) => {
                self.meter.work(1)?;
                Ok(!self.condition(inner)?)
            }
            Expr::And(operands) => {
                for operand in operands {
                    if !self.condition(operand)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Expr::Or(operands) => {
                for operand in operands {
                    if self.condition(operand)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Expr::Reference(_) | Expr::Bool(_) => {
                let value = self.expression(expr)?;
                Ok(self.is_true(&value))
            }
            literal => {
                let value = self.expression(literal)?;
                Ok(match self.template.truthiness {
                    // Only references, comparisons and booleans can be true in 1.7.
                    crate::Truthiness::NotNull => matches!(value, Val::Bool(true)),
                    crate::Truthiness::NotEmpty => self.is_true(&value),
                })
            }
        }
    }

    fn chain(&mut self, first: &Operand, more: &[(Op, Operand)]) -> Result<Val, Fault> {
        let mut left = self.expression(&first.expr)?;
        let mut literal = Some(&*first.literal);
        for (op, operand) in more {
            let right = self.expression(&operand.expr)?;
            let result = match op {
                Op::Equal => equals(&left, &right, &mut self.meter).map(Val::Bool),
                Op::NotEqual => equals(&left, &right, &mut self.meter).map(|equal| Val::Bool(!equal)),
                Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual => Ok(Val::Bool(compare(*op, &left, &right))),
                Op::Add if matches!(left, Val::Str(_)) || matches!(right, Val::Str(_)) => {
                    self.concatenation(&left, literal, &right, &operand.literal)
                }
                op => arithmetic(*op, &left, &right),
            };
            left = result.map_err(|fault| fault.at(operand.at))?;
            literal = None;
        }
        Ok(left)
    }

    /// A string and something else; null takes the text that it was written with.
    fn concatenation(&mut self, left: &Val, left_literal: Option<&str>, right: &Val, right_literal: &str) -> Result<Val, Fault> {
        let left = match (left, left_literal) {
            (Val::Null, Some(literal)) => literal.into(),
            (left, _) => text_of(left, &mut self.meter)?,
        };
        let right = if right.is_null() { right_literal.into() } else { text_of(right, &mut self.meter)? };
        self.meter.string(left.len() + right.len())?;
        let mut text = String::with_capacity(left.len() + right.len());
        text.push_str(&left);
        text.push_str(&right);
        Ok(Val::from(text))
    }

    /// `[from..to]`, upwards or downwards; null unless both are integers.
    fn range(&mut self, from: &Expr, to: &Expr) -> Result<Val, Fault> {
        let (from, to) = (self.expression(from)?, self.expression(to)?);
        let small = |value: &Val| as_integer(value).and_then(|number| i32::try_from(number).ok());
        let (Some(from), Some(to)) = (small(&from), small(&to)) else { return Ok(Val::Null) };
        let length = from.abs_diff(to) as usize + 1;
        self.meter.elements(length)?;
        let items = if from <= to { (from..=to).map(Val::Int).collect() } else { (to..=from).rev().map(Val::Int).collect() };
        Ok(Val::List(ListRef::new(items)))
    }
}
