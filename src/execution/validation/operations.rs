//! Rules on whole definitions: ExecutableDefinitions, LoneAnonymousOperation, UniqueOperationNames.

use std::collections::HashSet;

use super::super::ast::{Operation, OperationKind};
use super::walk::Walk;
use crate::schema::TypeSystem;
use crate::schema::type_system::TypeId;

/// The operations walked so far.
#[derive(Default)]
pub(super) struct Seen<'a> {
    count: usize,
    anonymous: bool,
    names: HashSet<&'a str>,
}

/// The root type of a kind of operation. A document that uses a root the schema lacks passes validation (its selections have
/// no type to be judged by) and is refused by [`crate::execution::coercion::root_type`].
pub(super) fn root_type(types: &TypeSystem, kind: OperationKind) -> Option<TypeId> {
    match kind {
        OperationKind::Query => Some(types.query),
        OperationKind::Mutation => types.mutation,
        OperationKind::Subscription => types.subscription,
    }
}

pub(super) fn executable_definitions(walk: &mut Walk<'_>) {
    for definition in &walk.document.non_executable {
        let text = format!("The {} definition is not executable.", definition.name);
        walk.error("NonExecutableDefinition", &text, definition.position);
    }
}

pub(super) fn lone_anonymous_operation(walk: &mut Walk<'_>, operation: &Operation) {
    let text = match &operation.name {
        None if walk.operations.count > 0 => Some("Anonymous operation with other operations.".to_owned()),
        Some(name) if walk.operations.anonymous => Some(format!("Operation {name} is following anonymous operation.")),
        _ => None,
    };
    walk.operations.anonymous |= operation.name.is_none();
    walk.operations.count += 1;
    if let Some(text) = text {
        walk.error("LoneAnonymousOperationViolation", &text, operation.position);
    }
}

pub(super) fn unique_operation_names<'a>(walk: &mut Walk<'a>, operation: &'a Operation) {
    if let Some(name) = &operation.name
        && !walk.operations.names.insert(name)
    {
        let text = format!("There can be only one operation named '{name}'");
        walk.error("DuplicateOperationName", &text, operation.position);
    }
}
