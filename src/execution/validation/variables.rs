//! Rules on variables: NoUndefinedVariables, NoUnusedVariables, VariableDefaultValuesOfCorrectType, VariablesAreInputTypes,
//! VariableTypesMatch.

use std::collections::{HashMap, HashSet};

use super::super::ast::{Operation, Position, VariableDefinition};
use super::super::literal::java_text;
use super::walk::Walk;
use super::{arguments, fields};
use crate::schema::type_system::TypeRef;

/// The variables of the operation being walked.
#[derive(Default)]
pub(super) struct Variables<'a> {
    defined: HashMap<&'a str, Defined>,
    used: HashSet<&'a str>,
}

struct Defined {
    /// `None` when the schema does not have it.
    ty: Option<TypeRef>,
    has_default: bool,
}

impl<'a> Variables<'a> {
    pub(super) fn begin_operation(&mut self) {
        self.defined.clear();
        self.used.clear();
    }

    pub(super) fn define(&mut self, definition: &'a VariableDefinition, ty: Option<TypeRef>) {
        self.defined.insert(&definition.name, Defined { ty, has_default: definition.default.is_some() });
    }
}

pub(super) fn default_of_correct_type(walk: &mut Walk<'_>, definition: &VariableDefinition, ty: &TypeRef) {
    let Some(default) = &definition.default else {
        return;
    };
    if !walk.types.get(ty.named()).is_input() {
        return;
    }
    if ty.is_non_null() {
        walk.error("DefaultForNonNullArgument", "Missing value for non null type", definition.position);
    }
    if arguments::invalid_literal(walk.types, default, ty).is_some() {
        let text = format!("Bad default value {} for type {}", java_text(default), fields::unwrapped_name(walk.types, ty));
        walk.error("BadValueForDefaultArg", &text, definition.position);
    }
}

pub(super) fn variables_are_input_types(walk: &mut Walk<'_>, definition: &VariableDefinition) {
    if let Some((_, ty)) = walk.types.by_name(definition.ty.name())
        && !ty.is_input()
    {
        walk.error("NonInputTypeOnVariable", "Wrong type for a variable", definition.position);
    }
}

/// A variable used where `expected` is wanted: NoUndefinedVariables, VariableTypesMatch.
pub(super) fn used<'a>(walk: &mut Walk<'a>, name: &'a str, expected: Option<&TypeRef>, location: Position) {
    let types = walk.types;
    walk.variables.used.insert(name);
    let Some(defined) = walk.variables.defined.get(name) else {
        walk.error("UndefinedVariable", &format!("Undefined variable {name}"), location);
        return;
    };
    let (Some(ty), Some(expected)) = (&defined.ty, expected) else {
        return;
    };
    let effective = if defined.has_default && !ty.is_non_null() { TypeRef::NonNull(Box::new(ty.clone())) } else { ty.clone() };
    if !is_usable(&effective, expected) {
        let (actual, expected) = (types.display(&effective), types.display(expected));
        walk.error(
            "VariableTypeMismatch",
            &format!("Variable type '{actual}' doesn't match expected type '{expected}'"),
            location,
        );
    }
}

/// Whether a value of type `actual` may stand where `expected` is wanted (specification §5.8.5, without its rule on the
/// default value of the place, which graphql-java 11 does not have).
fn is_usable(actual: &TypeRef, expected: &TypeRef) -> bool {
    match (actual, expected) {
        (TypeRef::NonNull(actual), TypeRef::NonNull(expected)) => is_usable(actual, expected),
        (_, TypeRef::NonNull(_)) => false,
        (TypeRef::NonNull(actual), _) => is_usable(actual, expected),
        (TypeRef::List(actual), TypeRef::List(expected)) => is_usable(actual, expected),
        (TypeRef::Named(actual), TypeRef::Named(expected)) => actual == expected,
        _ => false,
    }
}

pub(super) fn no_unused_variables(walk: &mut Walk<'_>, operation: &Operation) {
    for definition in &operation.variables {
        if !walk.variables.used.contains(&*definition.name) {
            walk.error("UnusedVariable", &format!("Unused variable {}", definition.name), definition.position);
        }
    }
}
