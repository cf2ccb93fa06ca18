//! Answers `__schema` and `__type(name:)` (GraphQL specification §4) from the validated SDL.
//!
//! The fields are printed as a query of their own and executed by the library that validated the schema. That costs more
//! than a resolver does, so callers keep the answer; it changes only with the schema, and with the variables when
//! [`depends_on_variables`] says so.

use std::collections::HashSet;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::introspection::{check_max_depth, partial_execute};
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::response::JsonMap;
use value::{Object, Value};

use super::TypeSystem;
use crate::execution::ast::{
    Argument, Directive, Document, Field, FragmentDefinition, Literal, Operation, OperationKind, Selection, VariableDefinition,
};
use crate::execution::print::{Layout, print_document};

/// Why introspection is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntrospectionFault {
    /// `fields`, `interfaces`, `possibleTypes` and `inputFields` are nested so deeply that the answer would explode.
    #[error("Maximum introspection depth exceeded")]
    TooDeep,
    /// The selection or a variable does not fit the introspection schema; the validator should have refused it before.
    #[error("{0}")]
    Invalid(String),
}

/// Executes root fields named `__schema` or `__type`; other fields are refused. `document` gives the fragments,
/// `definitions` and `variables` the operation's variables. Returns the members of `data`, by response key.
///
/// # Errors
/// [`IntrospectionFault`]; nothing was answered then.
pub fn execute(
    types: &TypeSystem,
    fields: &[&Field],
    document: &Document,
    definitions: &[VariableDefinition],
    variables: &Object,
) -> Result<Object, IntrospectionFault> {
    if let Some(other) = fields.iter().find(|field| !matches!(&*field.name, "__schema" | "__type")) {
        return Err(IntrospectionFault::Invalid(format!("`{}` is no introspection field", other.name)));
    }
    let used = Used::by(fields, document);
    let text = query(fields, &used, definitions);
    let schema = &types.document;
    let invalid = |message: &dyn std::fmt::Display| IntrospectionFault::Invalid(message.to_string());
    let parsed = ExecutableDocument::parse_and_validate(schema, text, "introspection").map_err(|faults| {
        let first = faults.errors.iter().next().map(|fault| fault.error.to_string());
        IntrospectionFault::Invalid(first.unwrap_or_default())
    })?;
    let operation = parsed.operations.get(None).map_err(|fault| invalid(&fault.message()))?;
    check_max_depth(&parsed, operation).map_err(|_| IntrospectionFault::TooDeep)?;

    let mut sent = Object::new();
    for (name, value) in variables.iter().filter(|(name, _)| used.variables.contains(&***name)) {
        sent.insert(std::sync::Arc::clone(name), value.clone());
    }
    let sent: JsonMap = serde_json::from_str(&Value::from(sent).to_json()).map_err(|fault| invalid(&fault))?;
    let coerced = coerce_variable_values(schema, operation, &sent).map_err(|fault| invalid(&fault.message()))?;
    let response = partial_execute(schema, &schema.implementers_map(), &parsed, operation, &coerced)
        .map_err(|fault| invalid(&fault.message()))?;
    if let Some(error) = response.errors.first() {
        return Err(invalid(&error.message));
    }
    let json = serde_json::to_vec(&response.data).map_err(|fault| invalid(&fault))?;
    match Value::parse(&json).map_err(|fault| invalid(&fault))? {
        Value::Object(data) => Ok(std::sync::Arc::unwrap_or_clone(data)),
        _ => Err(invalid(&"introspection gave no object")),
    }
}

/// Whether the answer to these fields changes with the request's variables.
#[must_use]
pub fn depends_on_variables(fields: &[&Field], document: &Document) -> bool {
    !Used::by(fields, document).variables.is_empty()
}

/// The fields as a document of their own: with the fragments and variables they use and no others, because unused ones
/// are not valid.
fn query(fields: &[&Field], used: &Used<'_>, definitions: &[VariableDefinition]) -> String {
    let operation = Operation {
        kind: OperationKind::Query,
        name: None,
        variables: definitions.iter().filter(|definition| used.variables.contains(&*definition.name)).cloned().collect(),
        directives: Vec::new(),
        selection_set: fields.iter().map(|field| Selection::Field((*field).clone())).collect(),
        position: fields.first().map(|field| field.position).unwrap_or_default(),
    };
    let fragments = used.fragments.iter().map(|fragment| (*fragment).clone()).collect();
    print_document(&Document { operations: vec![operation], fragments, ..Document::default() }, Layout::Compact)
}

/// The fragments and variables that some fields use, also through fragments.
#[derive(Default)]
struct Used<'a> {
    fragments: Vec<&'a FragmentDefinition>,
    names: HashSet<&'a str>,
    variables: HashSet<&'a str>,
}

impl<'a> Used<'a> {
    fn by(fields: &[&'a Field], document: &'a Document) -> Self {
        let mut used = Used::default();
        for field in fields {
            used.field(field, document);
        }
        // Grows while it is walked; each fragment comes in once, so cycles end.
        let mut at = 0;
        while let Some(fragment) = used.fragments.get(at).copied() {
            used.directives(&fragment.directives);
            used.selections(&fragment.selection_set, document);
            at += 1;
        }
        used
    }

    fn selections(&mut self, selections: &'a [Selection], document: &'a Document) {
        for selection in selections {
            match selection {
                Selection::Field(field) => self.field(field, document),
                Selection::InlineFragment(inline) => {
                    self.directives(&inline.directives);
                    self.selections(&inline.selection_set, document);
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.directives);
                    if self.names.insert(&spread.name) {
                        self.fragments.extend(document.fragment(&spread.name));
                    }
                }
            }
        }
    }

    fn field(&mut self, field: &'a Field, document: &'a Document) {
        self.arguments(&field.arguments);
        self.directives(&field.directives);
        self.selections(&field.selection_set, document);
    }

    fn directives(&mut self, directives: &'a [Directive]) {
        for directive in directives {
            self.arguments(&directive.arguments);
        }
    }

    fn arguments(&mut self, arguments: &'a [Argument]) {
        for argument in arguments {
            self.literal(&argument.value);
        }
    }

    fn literal(&mut self, literal: &'a Literal) {
        match literal {
            Literal::Variable(name) => {
                self.variables.insert(name);
            }
            Literal::List(items) => items.iter().for_each(|item| self.literal(item)),
            Literal::Object(members) => members.iter().for_each(|(_, member)| self.literal(member)),
            _ => {}
        }
    }
}
