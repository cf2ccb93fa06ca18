//! Destructuring: of declarations and parameters, and of assignments.

use std::sync::atomic::AtomicU32;

use oxc::ast::ast::{
    AssignmentTarget, AssignmentTargetMaybeDefault, AssignmentTargetProperty, BindingPattern, Expression, PropertyKey,
};
use oxc::span::GetSpan;

use super::Compiler;
use crate::code::{ArrayPattern, Expr, Key, ObjectPattern, Pattern, PropertyPattern, Slot, Target};
use crate::heap::Val;

/// What a pattern names a function that is bound to it.
pub(super) fn binding_name<'p>(pattern: &'p BindingPattern<'_>) -> &'p str {
    match pattern {
        BindingPattern::BindingIdentifier(id) => id.name.as_str(),
        _ => "",
    }
}

fn target_name<'p>(target: &'p AssignmentTarget<'_>) -> &'p str {
    match target {
        AssignmentTarget::AssignmentTargetIdentifier(id) => id.name.as_str(),
        _ => "",
    }
}

impl Compiler<'_> {
    /// The pattern of a declaration. Its variables count as declared from here on.
    pub(super) fn binding(&mut self, pattern: &BindingPattern<'_>) -> Pattern {
        let compiled = self.deeper(pattern.span(), |compiler| compiler.binding_here(pattern));
        compiled.map_or(Pattern::Declare(Slot::Local(0)), |(pattern, _)| pattern)
    }

    fn binding_here(&mut self, pattern: &BindingPattern<'_>) -> Pattern {
        match pattern {
            BindingPattern::BindingIdentifier(id) => {
                let symbol = id.symbol_id.get();
                let Some((symbol, home)) = symbol.and_then(|symbol| Some((symbol, *self.homes.get(&symbol)?))) else {
                    self.error(id.span, format!("'{}' has no declaration", id.name), None);
                    return Pattern::Declare(Slot::Local(0));
                };
                self.mark_declared(symbol);
                Pattern::Declare(self.slot_here(symbol, home))
            }
            BindingPattern::ObjectPattern(object) => {
                let mut properties = Vec::with_capacity(object.properties.len());
                for property in &object.properties {
                    let key = self.key(&property.key, property.computed);
                    let (pattern, default) = self.binding_with_default(&property.value);
                    properties.push(PropertyPattern { key, value: pattern, default, at: property.span.start });
                }
                let rest = object.rest.as_ref().map(|rest| self.binding(&rest.argument));
                Pattern::Object(Box::new(ObjectPattern { properties: properties.into(), rest, at: object.span.start }))
            }
            BindingPattern::ArrayPattern(array) => {
                let mut elements = Vec::with_capacity(array.elements.len());
                for element in &array.elements {
                    elements.push(element.as_ref().map(|element| self.binding_with_default(element)));
                }
                let rest = array.rest.as_ref().map(|rest| self.binding(&rest.argument));
                Pattern::Array(Box::new(ArrayPattern { elements: elements.into(), rest, at: array.span.start }))
            }
            BindingPattern::AssignmentPattern(pattern) => {
                self.error(pattern.span, "a default cannot stand here", None);
                Pattern::Declare(Slot::Local(0))
            }
        }
    }

    fn binding_with_default(&mut self, pattern: &BindingPattern<'_>) -> (Pattern, Option<Expr>) {
        match pattern {
            BindingPattern::AssignmentPattern(pattern) => {
                let default = self.named_expression(&pattern.right, binding_name(&pattern.left));
                (self.binding(&pattern.left), Some(default))
            }
            pattern => (self.binding(pattern), None),
        }
    }

    /// The left side of an assignment.
    pub(super) fn assignment_target(&mut self, target: &AssignmentTarget<'_>) -> Pattern {
        let compiled = self.deeper(target.span(), |compiler| compiler.assignment_target_here(target));
        compiled.map_or(Pattern::Declare(Slot::Local(0)), |(pattern, _)| pattern)
    }

    fn assignment_target_here(&mut self, target: &AssignmentTarget<'_>) -> Pattern {
        match target {
            AssignmentTarget::ObjectAssignmentTarget(object) => {
                let mut properties = Vec::with_capacity(object.properties.len());
                for property in &object.properties {
                    properties.push(match property {
                        AssignmentTargetProperty::AssignmentTargetPropertyIdentifier(property) => {
                            let name = property.binding.name.as_str();
                            let default = property.init.as_ref().map(|init| self.named_expression(init, name));
                            PropertyPattern {
                                key: Key::Name { name: name.into(), hint: AtomicU32::new(0) },
                                value: Pattern::Assign(self.variable_target(&property.binding)),
                                default,
                                at: property.span.start,
                            }
                        }
                        AssignmentTargetProperty::AssignmentTargetPropertyProperty(property) => {
                            let key = self.key(&property.name, property.computed);
                            let (value, default) = self.target_with_default(&property.binding);
                            PropertyPattern { key, value, default, at: property.span.start }
                        }
                    });
                }
                let rest = object.rest.as_ref().map(|rest| self.assignment_target(&rest.target));
                Pattern::Object(Box::new(ObjectPattern { properties: properties.into(), rest, at: object.span.start }))
            }
            AssignmentTarget::ArrayAssignmentTarget(array) => {
                let mut elements = Vec::with_capacity(array.elements.len());
                for element in &array.elements {
                    elements.push(element.as_ref().map(|element| self.target_with_default(element)));
                }
                let rest = array.rest.as_ref().map(|rest| self.assignment_target(&rest.target));
                Pattern::Array(Box::new(ArrayPattern { elements: elements.into(), rest, at: array.span.start }))
            }
            target => match target.as_simple_assignment_target() {
                Some(target) => Pattern::Assign(self.simple_target(target)),
                None => {
                    self.error(target.span(), "nothing can be assigned to this", None);
                    Pattern::Assign(Target::Local(0))
                }
            },
        }
    }

    fn target_with_default(&mut self, target: &AssignmentTargetMaybeDefault<'_>) -> (Pattern, Option<Expr>) {
        match target {
            AssignmentTargetMaybeDefault::AssignmentTargetWithDefault(target) => {
                let default = self.named_expression(&target.init, target_name(&target.binding));
                (self.assignment_target(&target.binding), Some(default))
            }
            target => (self.assignment_target(target.to_assignment_target()), None),
        }
    }

    /// The key of a property.
    pub(super) fn key(&mut self, key: &PropertyKey<'_>, computed: bool) -> Key {
        let named = |name: &str| Key::Name { name: name.into(), hint: AtomicU32::new(0) };
        match key {
            PropertyKey::StaticIdentifier(id) if !computed => named(&id.name),
            PropertyKey::StringLiteral(text) if !text.lone_surrogates => named(&text.value),
            PropertyKey::NumericLiteral(number) => named(ryu_js::Buffer::new().format(number.value)),
            PropertyKey::PrivateIdentifier(id) => {
                self.unsupported(id.span, "private names");
                named("")
            }
            key => match key.as_expression() {
                Some(Expression::BigIntLiteral(literal)) => {
                    self.unsupported(literal.span, "BigInt values");
                    named("")
                }
                Some(expression) => Key::Computed(self.expression(expression)),
                None => Key::Computed(Expr::Value(Val::Undefined)),
            },
        }
    }
}
