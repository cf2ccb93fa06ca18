//! Which operation runs, the values of its variables, and the arguments of its fields (specification §6.1, §6.1.2, §6.4.1).
//!
//! AppSync's deviations from the specification are kept (contract: errors 5.3, 5.5):
//!
//! - a nullable variable that was not given leaves the result of [`coerce_variables`], but an argument that uses it is
//!   *present with null*; the argument's own default value is not used;
//! - an explicit null for a variable with a default value takes the default value;
//! - a non-null field of an input object must be given even when it has a default value;
//! - arguments and members of input objects stand in the schema's order, not in the document's.
//!
//! Literals are converted once, when the plan is made: [`compile_arguments`] leaves [`ArgumentTemplate`]s, and
//! [`ArgumentTemplate::instantiate`] only puts the variables in place. Values of every source are at most
//! [`value::MAX_DEPTH`] deep, so the recursion here is bounded.

use std::sync::Arc;

use indexmap::IndexMap;
use value::{NULL, Object, Str, Value};

use super::ast::{Argument, Document, Literal, Operation, OperationKind, VariableDefinition};
use super::error::RequestError;
use super::validation::resolve_type;
use crate::schema::scalar::java;
use crate::schema::type_system::{InputValueDefinition, TypeId, TypeKind, TypeRef};
use crate::schema::{Scalar, TypeSystem};

/// The operation to run (specification §6.1, GetOperation).
///
/// # Errors
/// [`RequestError`]: several operations and no name, or no operation of that name.
pub fn select_operation<'a>(document: &'a Document, operation_name: Option<&str>) -> Result<&'a Operation, RequestError> {
    let several = "Must provide operation name if query contains multiple operations.";
    match (operation_name, document.operations.as_slice()) {
        // A document of fragments only; graphql-java 11 fails without words of its own here.
        (_, []) => Err(RequestError::new("Must provide an operation.", None)),
        (None | Some(""), [operation]) => Ok(operation),
        (None | Some(""), _) => Err(RequestError::new(several, None)),
        (Some(name), operations) => operations
            .iter()
            .find(|operation| operation.name.as_deref() == Some(name))
            .ok_or_else(|| RequestError::new(format!("Unknown operation named '{name}'."), None)),
    }
}

/// The root type an operation selects from.
///
/// # Errors
/// [`RequestError`]: the schema has no such root.
pub fn root_type(types: &TypeSystem, operation: &Operation) -> Result<TypeId, RequestError> {
    let missing = |what| RequestError::new(format!("Schema is not configured for {what}."), Some(operation.position));
    match operation.kind {
        OperationKind::Query => Ok(types.query),
        OperationKind::Mutation => types.mutation.ok_or_else(|| missing("mutations")),
        OperationKind::Subscription => types.subscription.ok_or_else(|| missing("subscriptions")),
    }
}

/// The values of the operation's variables, in the order of their definitions. Variables that are not defined are left out,
/// and so are nullable ones that were not given and have no default value.
///
/// # Errors
/// [`RequestError`] for the first value that does not fit.
pub fn coerce_variables(
    types: &TypeSystem,
    definitions: &[VariableDefinition],
    provided: &Object,
) -> Result<Object, RequestError> {
    let mut coerced = Object::with_capacity(definitions.len());
    for definition in definitions {
        let Some(ty) = resolve_type(types, &definition.ty) else {
            // Validation refuses unknown types, so this document was not validated.
            return Err(RequestError::new(format!("Unknown type {}", definition.ty.name()), Some(definition.position)));
        };
        let coercion = Coercion { types, definition };
        let given = provided.get(&definition.name);
        let value = match (given, &definition.default) {
            (None | Some(Value::Null), Some(default)) => compile_literal(types, default, &ty).instantiate(&Object::new()),
            (None, None) if !ty.is_non_null() => continue,
            (given, _) => coercion.value(&definition.name, &ty, given.unwrap_or(&NULL))?,
        };
        coerced.insert(Arc::clone(&definition.name), value);
    }
    Ok(coerced)
}

/// The coercion of one variable.
struct Coercion<'a> {
    types: &'a TypeSystem,
    definition: &'a VariableDefinition,
}

impl Coercion<'_> {
    /// `input_name` is the variable or, inside an input object, the innermost field.
    fn value(&self, input_name: &str, ty: &TypeRef, input: &Value) -> Result<Value, RequestError> {
        match ty {
            TypeRef::NonNull(inner) => {
                let value = if input.is_null() { Value::Null } else { self.value(input_name, inner, input)? };
                if value.is_null() {
                    return Err(self.null(ty));
                }
                Ok(value)
            }
            _ if input.is_null() => Ok(Value::Null),
            TypeRef::List(item_type) => match input {
                Value::List(items) => items
                    .iter()
                    .map(|item| self.value(input_name, item_type, item))
                    .collect::<Result<Vec<_>, _>>()
                    .map(Value::from),
                single => Ok(Value::from(vec![self.value(input_name, item_type, single)?])),
            },
            TypeRef::Named(id) => self.named(input_name, *id, input),
        }
    }

    fn named(&self, input_name: &str, id: TypeId, input: &Value) -> Result<Value, RequestError> {
        let ty = self.types.get(id);
        match &ty.kind {
            TypeKind::Scalar(scalar) => {
                scalar.coerce_variable(input).map_err(|fault| self.invalid(input_name, &fault.to_string()))
            }
            TypeKind::Enum(values) => match input {
                Value::String(name) if values.contains_key(name) => Ok(input.clone()),
                other => {
                    let text = java::text(other);
                    let fault = format!("Invalid input for Enum '{}'. No value found for name '{text}'", ty.name);
                    Err(self.invalid(input_name, &fault))
                }
            },
            TypeKind::InputObject { fields, one_of } => match input {
                Value::Object(members) => {
                    let object = self.input_object(&ty.name, fields, members)?;
                    // AppSync has no `@oneOf`; a schema that uses it gets the rule.
                    if *one_of && (members.len() != 1 || members.values().any(Value::is_null)) {
                        let fault = format!("Exactly one key must be specified for OneOf type '{}'.", ty.name);
                        return Err(self.invalid(input_name, &fault));
                    }
                    Ok(object)
                }
                other => {
                    let class = java::class_name(other);
                    Err(self.invalid(
                        input_name,
                        &format!(
                            "Expected type 'Map' but was '{class}'. Variables for input objects must be an instance of type 'Map'."
                        ),
                    ))
                }
            },
            TypeKind::Object(_) | TypeKind::Interface { .. } | TypeKind::Union { .. } => {
                // Validation refuses output types, so this document was not validated.
                Err(RequestError::new(format!("Wrong type for a variable: {}", ty.name), Some(self.definition.position)))
            }
        }
    }

    fn input_object(
        &self,
        type_name: &str,
        fields: &IndexMap<Str, InputValueDefinition>,
        members: &Object,
    ) -> Result<Value, RequestError> {
        if members.keys().any(|name| !fields.contains_key(name)) {
            // AppSync names no field, ends with a blank and gives no location.
            let message =
                format!("The variables input contains a field that is not defined for input object type '{type_name}' ");
            return Err(RequestError::new(message, None));
        }
        let mut object = Object::with_capacity(members.len());
        for (name, field) in fields {
            let given = members.get(name);
            if given.is_some() || field.default.is_some() || field.ty.is_non_null() {
                let value = self.value(name, &field.ty, given.unwrap_or(&NULL))?;
                let value = if value.is_null() { field.default.clone().unwrap_or_default() } else { value };
                object.insert(Arc::clone(name), value);
            }
        }
        Ok(Value::from(object))
    }

    fn null(&self, ty: &TypeRef) -> RequestError {
        let (variable, ty) = (&self.definition.name, self.types.display(ty));
        let message = format!("Variable '{variable}' has coerced Null value for NonNull type '{ty}'");
        RequestError::new(message, Some(self.definition.position))
    }

    fn invalid(&self, input_name: &str, fault: &str) -> RequestError {
        RequestError::new(format!("Variable '{input_name}' has an invalid value. {fault}"), Some(self.definition.position))
    }
}

/// An argument as far as it is known before the variables are.
#[derive(Clone, Debug, PartialEq)]
pub enum ArgumentTemplate {
    /// The value.
    Constant(Value),
    /// The value of a variable; null when it was not given.
    Variable(Str),
    /// A list in which variables stand.
    List(Vec<ArgumentTemplate>),
    /// An input object in which variables stand, in the schema's order.
    Object(Vec<MemberTemplate>),
}

/// A member of an input object in which variables stand.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberTemplate {
    /// Its name.
    pub name: Str,
    /// Its value. A variable that was not given leaves the member out.
    pub value: ArgumentTemplate,
    /// What stands in for a variable that is null.
    pub default: Option<Value>,
}

impl ArgumentTemplate {
    /// The value, given the coerced variables.
    #[must_use]
    pub fn instantiate(&self, variables: &Object) -> Value {
        match self {
            ArgumentTemplate::Constant(value) => value.clone(),
            ArgumentTemplate::Variable(name) => variables.get(name).cloned().unwrap_or_default(),
            ArgumentTemplate::List(items) => items.iter().map(|item| item.instantiate(variables)).collect(),
            ArgumentTemplate::Object(members) => {
                let mut object = Object::with_capacity(members.len());
                for member in members {
                    if let ArgumentTemplate::Variable(name) = &member.value
                        && !variables.contains_key(name)
                    {
                        continue;
                    }
                    let value = member.value.instantiate(variables);
                    let value = if value.is_null() { member.default.clone().unwrap_or_default() } else { value };
                    object.insert(Arc::clone(&member.name), value);
                }
                Value::from(object)
            }
        }
    }

    /// The value, if no variable stands in it.
    #[must_use]
    pub fn as_constant(&self) -> Option<&Value> {
        match self {
            ArgumentTemplate::Constant(value) => Some(value),
            _ => None,
        }
    }
}

/// The arguments of a field or directive, in the order of their definitions: those the document gives, and the default
/// values of others. An argument that is neither given nor has a default value is absent.
///
/// The document must have passed validation; a literal that does not fit its type becomes null.
#[must_use]
pub fn compile_arguments(
    types: &TypeSystem,
    definitions: &IndexMap<Str, InputValueDefinition>,
    arguments: &[Argument],
) -> Vec<(Str, ArgumentTemplate)> {
    let compile = |(name, definition): (&Str, &InputValueDefinition)| {
        // Of a repeated argument the last counts, as in graphql-java 11.
        let given = arguments.iter().rev().find(|argument| argument.name == *name);
        let template = match given {
            Some(argument) => compile_literal(types, &argument.value, &definition.ty),
            None => ArgumentTemplate::Constant(definition.default.clone().filter(|default| !default.is_null())?),
        };
        Some((Arc::clone(name), template))
    };
    definitions.iter().filter_map(compile).collect()
}

/// A literal as a value of `ty`, with places for its variables.
#[must_use]
pub fn compile_literal(types: &TypeSystem, literal: &Literal, ty: &TypeRef) -> ArgumentTemplate {
    match (literal, ty) {
        (Literal::Variable(name), _) => ArgumentTemplate::Variable(Arc::clone(name)),
        (Literal::Null, _) => ArgumentTemplate::Constant(Value::Null),
        (_, TypeRef::NonNull(inner)) => compile_literal(types, literal, inner),
        (Literal::List(items), TypeRef::List(item_type)) => {
            list(items.iter().map(|item| compile_literal(types, item, item_type)).collect())
        }
        (_, TypeRef::List(item_type)) => list(vec![compile_literal(types, literal, item_type)]),
        (_, TypeRef::Named(id)) => match (&types.get(*id).kind, literal) {
            (TypeKind::Scalar(Scalar::Custom), _) => untyped(literal),
            (TypeKind::Scalar(scalar), _) => ArgumentTemplate::Constant(scalar.coerce_literal(literal).unwrap_or_default()),
            (TypeKind::Enum(_), Literal::Enum(name)) => ArgumentTemplate::Constant(Value::from(name)),
            (TypeKind::InputObject { fields, .. }, Literal::Object(members)) => input_object(types, fields, members),
            _ => ArgumentTemplate::Constant(Value::Null),
        },
    }
}

fn input_object(
    types: &TypeSystem,
    fields: &IndexMap<Str, InputValueDefinition>,
    members: &[(Str, Literal)],
) -> ArgumentTemplate {
    let mut templates = Vec::with_capacity(members.len());
    for (name, field) in fields {
        let given = members.iter().rev().find(|(member, _)| member == name);
        let template = match given {
            Some((_, literal)) => MemberTemplate {
                name: Arc::clone(name),
                value: compile_literal(types, literal, &field.ty),
                default: if *literal == Literal::Null { None } else { field.default.clone() },
            },
            None => match &field.default {
                Some(default) if !default.is_null() => {
                    MemberTemplate { name: Arc::clone(name), value: ArgumentTemplate::Constant(default.clone()), default: None }
                }
                _ => continue,
            },
        };
        templates.push(template);
    }
    object(templates)
}

/// A literal for a scalar AppSync does not have: as JSON, an enum value by its name.
fn untyped(literal: &Literal) -> ArgumentTemplate {
    match literal {
        Literal::Variable(name) => ArgumentTemplate::Variable(Arc::clone(name)),
        Literal::List(items) => list(items.iter().map(untyped).collect()),
        Literal::Object(members) => object(
            members
                .iter()
                .map(|(name, literal)| MemberTemplate { name: Arc::clone(name), value: untyped(literal), default: None })
                .collect(),
        ),
        other => ArgumentTemplate::Constant(Scalar::Custom.coerce_literal(other).unwrap_or_default()),
    }
}

/// A list, already a value if no variable stands in it.
fn list(items: Vec<ArgumentTemplate>) -> ArgumentTemplate {
    let template = ArgumentTemplate::List(items);
    match &template {
        ArgumentTemplate::List(items) if items.iter().all(|item| item.as_constant().is_some()) => {
            ArgumentTemplate::Constant(template.instantiate(&Object::new()))
        }
        _ => template,
    }
}

/// Likewise an object.
fn object(members: Vec<MemberTemplate>) -> ArgumentTemplate {
    let constant = members.iter().all(|member| member.value.as_constant().is_some());
    let template = ArgumentTemplate::Object(members);
    if constant { ArgumentTemplate::Constant(template.instantiate(&Object::new())) } else { template }
}

#[cfg(test)]
mod tests;
