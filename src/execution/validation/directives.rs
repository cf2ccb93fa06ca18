//! The rule KnownDirectives: a directive exists and stands where it may.

use super::super::ast::{Directive, OperationKind};
use super::walk::Walk;
use crate::schema::type_system::DirectiveDefinition;

/// What a directive stands on.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Operation(OperationKind),
    VariableDefinition,
    Field,
    FragmentSpread,
    FragmentDefinition,
    InlineFragment,
}

impl Place {
    /// The names of this place in a directive's definition.
    fn locations(self) -> &'static [&'static str] {
        match self {
            Place::Operation(OperationKind::Query) => &["QUERY"],
            Place::Operation(OperationKind::Mutation) => &["MUTATION"],
            // graphql-java 11 asks for MUTATION here; the specification for SUBSCRIPTION.
            Place::Operation(OperationKind::Subscription) => &["SUBSCRIPTION", "MUTATION"],
            Place::VariableDefinition => &["VARIABLE_DEFINITION"],
            Place::Field => &["FIELD"],
            Place::FragmentSpread => &["FRAGMENT_SPREAD"],
            Place::FragmentDefinition => &["FRAGMENT_DEFINITION"],
            Place::InlineFragment => &["INLINE_FRAGMENT"],
        }
    }
}

pub(super) fn known_directives(
    walk: &mut Walk<'_>,
    directive: &Directive,
    definition: Option<&DirectiveDefinition>,
    place: Place,
) {
    match definition {
        None => walk.error("UnknownDirective", &format!("Unknown directive {}", directive.name), directive.position),
        Some(definition) if !definition.locations.iter().any(|location| place.locations().contains(&&**location)) => {
            let text = format!("Directive {} not allowed here", directive.name);
            walk.error("MisplacedDirective", &text, directive.position);
        }
        Some(_) => {}
    }
}
