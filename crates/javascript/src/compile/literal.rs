//! Objects, arrays and template strings.

use oxc::ast::ast::{
    ArrayExpression, ArrayExpressionElement, Expression, ObjectExpression, ObjectPropertyKind, PropertyKind, TemplateLiteral,
};
use oxc::span::GetSpan;

use super::Compiler;
use crate::code::{Expr, Item, Key, ObjectLiteral, ObjectPart, Record, Template};
use crate::heap::{Val, array_index};

/// From this many keys on a table of properties has an index, which is not made ahead.
const RECORD_KEYS: usize = 16;

impl Compiler<'_> {
    pub(super) fn object(&mut self, object: &ObjectExpression<'_>) -> Expr {
        let mut parts = Vec::with_capacity(object.properties.len());
        for property in &object.properties {
            match property {
                ObjectPropertyKind::ObjectProperty(property) => {
                    if property.kind != PropertyKind::Init {
                        self.unsupported(property.span, "getters and setters");
                        continue;
                    }
                    let key = self.key(&property.key, property.computed);
                    let name = match &key {
                        Key::Name { name, .. } => name.to_string(),
                        Key::Computed(_) => String::new(),
                    };
                    let value = self.named_expression(&property.value, &name);
                    if let (true, Expr::Function(function)) = (property.method, &value)
                        && let Some(method) = self.functions.get_mut(*function as usize)
                    {
                        // oxc's function begins at its parameters, its text at its name.
                        method.text.0 = property.span.start;
                    }
                    parts.push(ObjectPart::Property(key, value, property.span.start));
                }
                ObjectPropertyKind::SpreadProperty(spread) => {
                    parts.push(ObjectPart::Spread(self.expression(&spread.argument)));
                }
            }
        }
        if !is_record(&parts) {
            return Expr::Object(Box::new(ObjectLiteral { parts: parts.into() }));
        }
        let (mut keys, mut values) = (Vec::with_capacity(parts.len()), Vec::with_capacity(parts.len()));
        for part in parts {
            if let ObjectPart::Property(Key::Name { name, .. }, value, _) = part {
                keys.push(name);
                values.push(value);
            }
        }
        let has_indices = keys.iter().any(|key| array_index(key).is_some());
        Expr::Record(Box::new(Record { keys: keys.into(), values: values.into(), has_indices }))
    }

    pub(super) fn array(&mut self, array: &ArrayExpression<'_>) -> Expr {
        let mut items = Vec::with_capacity(array.elements.len());
        for element in &array.elements {
            items.push(match element {
                ArrayExpressionElement::SpreadElement(spread) => {
                    let span = spread.argument.span();
                    Item::Spread(self.expression(&spread.argument), (span.start, span.end))
                }
                ArrayExpressionElement::Elision(_) => Item::One(Expr::Value(Val::Undefined)),
                element => Item::One(self.expression(element.to_expression())),
            });
        }
        Expr::Array(items.into())
    }

    pub(super) fn template(&mut self, template: &TemplateLiteral<'_>) -> Expr {
        let mut strings = Vec::with_capacity(template.quasis.len());
        for part in &template.quasis {
            let text = part.value.cooked.as_ref().unwrap_or(&part.value.raw);
            strings.push(self.string(super::constant(text, part.lone_surrogates)));
        }
        self.template_of(&strings, &template.expressions)
    }

    pub(super) fn template_of(&mut self, strings: &[u32], expressions: &[Expression<'_>]) -> Expr {
        if let ([only], []) = (strings, expressions) {
            return Expr::String(*only);
        }
        let values = expressions.iter().map(|expression| (self.expression(expression), expression.span().start)).collect();
        Expr::Template(Box::new(Template { strings: strings.into(), values }))
    }
}

/// Whether all keys are constant and different.
fn is_record(parts: &[ObjectPart]) -> bool {
    let mut keys = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            ObjectPart::Property(Key::Name { name, .. }, ..) if !keys.contains(&name) && keys.len() < RECORD_KEYS - 1 => {
                keys.push(name);
            }
            _ => return false,
        }
    }
    true
}
