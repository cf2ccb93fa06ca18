//! Whether a document may run: the rules of graphql-java 11 (June 2018), in its order and words.
//!
//! AppSync's engine is an old graphql-java (contract: errors, 5.2). It runs all rules in one walk over the document, so
//! errors come in the order of the walk; within one node, in the order of the rules:
//!
//! ExecutableDefinitions, ArgumentsOfCorrectType, FieldsOnCorrectType, FragmentsOnCompositeType, KnownArgumentNames,
//! KnownDirectives, KnownFragmentNames, KnownTypeNames, NoFragmentCycles, NoUndefinedVariables, NoUnusedFragments,
//! NoUnusedVariables, OverlappingFieldsCanBeMerged, PossibleFragmentSpreads, ProvidedNonNullArguments, ScalarLeafs,
//! VariableDefaultValuesOfCorrectType, VariablesAreInputTypes, VariableTypesMatch, LoneAnonymousOperation,
//! UniqueOperationNames.
//!
//! Start at [`validate`]; `walk` is the walk, the other files hold the rules by subject.

mod arguments;
mod directives;
mod fields;
mod fragments;
mod operations;
mod overlap;
mod variables;
mod walk;

#[cfg(test)]
mod oracle;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use super::ast::{Document, Position};
use crate::schema::TypeSystem;

pub use arguments::resolve_type;

/// After this many errors a document is not looked at further (later lines of graphql-java stop here too).
pub const MAX_ERRORS: usize = 100;

/// How deeply selection sets may be nested once fragments are put in place of their spreads; counted in selection sets,
/// spreads and inline fragments.
pub const MAX_EXPANDED_DEPTH: usize = value::MAX_DEPTH;

/// How many selections the check of overlapping fields may look at.
pub const MAX_OVERLAP_WORK: usize = 1_000_000;

/// What may be asked besides the schema's own fields.
#[derive(Clone, Copy, Debug)]
pub struct ValidationOptions {
    /// Whether `__schema` and `__type` have fields (`introspectionConfig: ENABLED`).
    pub introspection: bool,
}

impl Default for ValidationOptions {
    fn default() -> Self {
        Self { introspection: true }
    }
}

/// Why a document is refused; AppSync answers HTTP 200, `data: null`, one entry of `errors` each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationError {
    /// The rule's error type, as in the message.
    pub kind: &'static str,
    /// `Validation error of type <kind>: <text> @ '<path>'`
    pub message: String,
    /// Where.
    pub locations: Vec<Position>,
}

impl ValidationError {
    fn new(kind: &'static str, text: &str, path: &[&str], locations: Vec<Position>) -> Self {
        let place = if path.is_empty() { String::new() } else { format!(" @ '{}'", path.join("/")) };
        Self { kind, message: format!("Validation error of type {kind}: {text}{place}"), locations }
    }
}

/// Judges `document`; an empty list means that it may run.
#[must_use]
pub fn validate(types: &TypeSystem, document: &Document, options: ValidationOptions) -> Vec<ValidationError> {
    let meta = fields::MetaFields::new(types);
    let mut walk = walk::Walk::new(types, document, options, &meta);
    walk.document();
    walk.errors
}
