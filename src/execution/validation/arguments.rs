//! Rules on arguments: ArgumentsOfCorrectType, KnownArgumentNames, ProvidedNonNullArguments.

use std::fmt::Write as _;

use super::super::ast::{Argument, Directive, Field, Literal, TypeReference};
use super::super::literal::java_text;
use super::walk::Walk;
use crate::schema::TypeSystem;
use crate::schema::type_system::{DirectiveDefinition, FieldDefinition, InputValueDefinition, TypeKind, TypeRef};

/// The type a document names, if the schema has it.
#[must_use]
pub fn resolve_type(types: &TypeSystem, reference: &TypeReference) -> Option<TypeRef> {
    Some(match reference {
        TypeReference::Named(name) => TypeRef::Named(types.by_name(name)?.0),
        TypeReference::List(item) => TypeRef::List(Box::new(resolve_type(types, item)?)),
        TypeReference::NonNull(inner) => TypeRef::NonNull(Box::new(resolve_type(types, inner)?)),
    })
}

pub(super) fn of_correct_type(walk: &mut Walk<'_>, argument: &Argument, definition: &InputValueDefinition) {
    if let Some(invalid) = invalid_literal(walk.types, &argument.value, &definition.ty) {
        let value = java_text(invalid.value.unwrap_or(&argument.value));
        let text = format!("argument '{}{}' with value '{value}' {}", argument.name, invalid.path, invalid.reason);
        walk.error("WrongType", &text, argument.position);
    }
}

pub(super) fn unknown(walk: &mut Walk<'_>, argument: &Argument, of_directive: bool) {
    if of_directive {
        walk.error("UnknownDirective", &format!("Unknown directive argument {}", argument.name), argument.position);
    } else {
        walk.error("UnknownArgument", &format!("Unknown field argument {}", argument.name), argument.position);
    }
}

pub(super) fn provided_to_field(walk: &mut Walk<'_>, field: &Field, definition: &FieldDefinition) {
    for missing in definition.arguments.values().filter(|argument| argument.ty.is_non_null() && argument.default.is_none()) {
        if !field.arguments.iter().any(|argument| argument.name == missing.name) {
            walk.error("MissingFieldArgument", &format!("Missing field argument {}", missing.name), field.position);
        }
    }
}

pub(super) fn provided_to_directive(walk: &mut Walk<'_>, directive: &Directive, definition: &DirectiveDefinition) {
    for missing in definition.arguments.values().filter(|argument| argument.ty.is_non_null()) {
        if !directive.arguments.iter().any(|argument| argument.name == missing.name) {
            let text = format!("Missing directive argument {}", missing.name);
            walk.error("MissingDirectiveArgument", &text, directive.position);
        }
    }
}

/// Why a literal is no value of a type.
pub(super) struct Invalid<'a> {
    /// From the argument to the value: `.field[0]`
    path: String,
    /// The value that is named; `None` for the whole argument's.
    value: Option<&'a Literal>,
    reason: String,
}

/// The first reason why `literal` is no value of `ty`. Recursion is bounded by the literal's nesting, and that by the gates.
pub(super) fn invalid_literal<'a>(types: &TypeSystem, literal: &'a Literal, ty: &TypeRef) -> Option<Invalid<'a>> {
    let invalid = |value, reason: String| Some(Invalid { path: String::new(), value, reason });
    match (literal, ty) {
        (Literal::Null, TypeRef::NonNull(_)) => return invalid(Some(literal), "must not be null".to_owned()),
        (Literal::Null | Literal::Variable(_), _) => return None,
        (_, TypeRef::NonNull(inner)) => return invalid_literal(types, literal, inner),
        (Literal::List(items), TypeRef::List(item_type)) => {
            return items.iter().enumerate().find_map(|(index, item)| {
                let mut invalid = invalid_literal(types, item, item_type)?;
                invalid.path = format!("[{index}]{}", invalid.path);
                Some(invalid)
            });
        }
        (_, TypeRef::List(item_type)) => return invalid_literal(types, literal, item_type),
        (_, TypeRef::Named(_)) => {}
    }
    let definition = types.get(ty.named());
    let (fields, one_of) = match &definition.kind {
        TypeKind::Scalar(crate::schema::Scalar::Custom) => return None,
        TypeKind::Scalar(scalar) if scalar.coerce_literal(literal).is_ok() => return None,
        TypeKind::Enum(values) if matches!(literal, Literal::Enum(name) if values.contains_key(name)) => return None,
        TypeKind::Scalar(_) | TypeKind::Enum(_) => {
            return invalid(Some(literal), format!("is not a valid '{}'", definition.name));
        }
        TypeKind::InputObject { fields, one_of } => (fields, *one_of),
        _ => return invalid(Some(literal), format!("is not a valid '{}'", definition.name)),
    };
    let Literal::Object(members) = literal else {
        return invalid(None, "must be an object type".to_owned());
    };
    // A field with a default value counts as missing too, as in graphql-java 11.
    let mut missing = String::new();
    for field in fields.values().filter(|field| field.ty.is_non_null()) {
        if !members.iter().any(|(name, _)| *name == field.name) {
            let separator = if missing.is_empty() { "" } else { ", " };
            let _ = write!(missing, "{separator}{}", field.name);
        }
    }
    if !missing.is_empty() {
        return invalid(None, format!("is missing required fields '[{missing}]'"));
    }
    for (name, value) in members {
        let Some(field) = fields.get(name) else {
            return invalid(None, format!("contains a field not in '{}': '{name}'", definition.name));
        };
        if let Some(mut invalid) = invalid_literal(types, value, &field.ty) {
            invalid.path = format!(".{name}{}", invalid.path);
            return Some(invalid);
        }
    }
    // AppSync has no `@oneOf`; a schema that uses it gets the rule (specification of September 2025, §5.6.5).
    if one_of && !matches!(members.as_slice(), [(_, value)] if *value != Literal::Null) {
        return invalid(None, format!("must have exactly one field of '{}', not null", definition.name));
    }
    None
}
