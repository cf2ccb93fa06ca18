//! Default values of the schema as values of their types.
//!
//! An input object's own defaults fill what a default value leaves out (specification §3.10), so this walks from type to
//! type and must be bounded.

use apollo_compiler::ast::{self, InputValueDefinition, Value as SdlValue};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Name, Schema};
use value::{MAX_DEPTH, Object, Value};

use super::{Scalar, ScalarFault};
use crate::execution::ast::Literal;

/// The default value of `input`, if it has one.
///
/// # Errors
/// Why it is no value of the type.
pub(super) fn value(schema: &Schema, input: &InputValueDefinition) -> Result<Option<Value>, String> {
    let mut defaults = Defaults { schema, steps: 0 };
    input.default_value.as_ref().map(|value| defaults.coerce(&input.ty, value, 0)).transpose()
}

/// How many values one default value may expand to; defaults that fill each other in can grow without end in breadth too.
const MAX_STEPS: usize = 10_000;

struct Defaults<'a> {
    schema: &'a Schema,
    steps: usize,
}

impl Defaults<'_> {
    fn coerce(&mut self, ty: &ast::Type, value: &SdlValue, depth: usize) -> Result<Value, String> {
        self.steps += 1;
        if depth > MAX_DEPTH || self.steps > MAX_STEPS {
            return Err("it contains itself, or is too large".to_owned());
        }
        match (ty, value) {
            (ast::Type::NonNullNamed(_) | ast::Type::NonNullList(_), SdlValue::Null) => Err("null is not allowed".to_owned()),
            (_, SdlValue::Null) => Ok(Value::Null),
            (ast::Type::List(item) | ast::Type::NonNullList(item), SdlValue::List(items)) => {
                items.iter().map(|value| self.coerce(item, value, depth + 1)).collect::<Result<Vec<_>, _>>().map(Value::from)
            }
            // A single value stands for a list of one (specification §3.11).
            (ast::Type::List(item) | ast::Type::NonNullList(item), single) => {
                self.coerce(item, single, depth + 1).map(|value| Value::from(vec![value]))
            }
            (ast::Type::Named(name) | ast::Type::NonNullNamed(name), value) => self.named(name, value, depth),
        }
    }

    fn named(&mut self, name: &Name, value: &SdlValue, depth: usize) -> Result<Value, String> {
        let schema = self.schema;
        match (schema.types.get(name), value) {
            (Some(ExtendedType::Scalar(_)), value) => {
                let literal = literal(value);
                Scalar::by_name(name).coerce_literal(&literal).map_err(|fault: ScalarFault| fault.to_string())
            }
            (Some(ExtendedType::Enum(node)), SdlValue::Enum(member)) if node.values.contains_key(member) => {
                Ok(Value::from(member.as_str()))
            }
            (Some(ExtendedType::InputObject(node)), SdlValue::Object(members)) => {
                let mut object = Object::with_capacity(node.fields.len());
                for (field_name, field) in &node.fields {
                    let given = members.iter().find(|(member, _)| member == field_name).map(|(_, value)| value);
                    match given.or(field.default_value.as_ref()) {
                        Some(value) => {
                            object.insert(field_name.as_str(), self.coerce(&field.ty, value, depth + 1)?);
                        }
                        None if field.ty.is_non_null() => return Err(format!("`{field_name}` of `{name}` is missing")),
                        None => {}
                    }
                }
                match members.iter().find(|(member, _)| !node.fields.contains_key(member)) {
                    Some((member, _)) => Err(format!("`{name}` has no field `{member}`")),
                    None => Ok(Value::from(object)),
                }
            }
            // An unknown type is reported by itself.
            (None, _) => Ok(Value::Null),
            _ => Err(format!("it is not a value of `{name}`")),
        }
    }
}

/// The library's literal as ours.
fn literal(value: &SdlValue) -> Literal {
    match value {
        SdlValue::Null => Literal::Null,
        SdlValue::Enum(name) => Literal::Enum(name.as_str().into()),
        SdlValue::Variable(name) => Literal::Variable(name.as_str().into()),
        SdlValue::String(text) => Literal::String(text.as_str().into()),
        SdlValue::Float(number) => Literal::Float(number.as_str().into()),
        SdlValue::Int(number) => Literal::Int(number.as_str().into()),
        SdlValue::Boolean(value) => Literal::Boolean(*value),
        SdlValue::List(items) => Literal::List(items.iter().map(|item| literal(item)).collect()),
        SdlValue::Object(members) => {
            Literal::Object(members.iter().map(|(name, member)| (name.as_str().into(), literal(member))).collect())
        }
    }
}
