//! The validated SDL as look-up tables: names become indices, directives data, default values values.

use std::sync::Arc;

use apollo_compiler::ast::{self, Directive, InputValueDefinition as SdlInput, Value as SdlValue};
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::schema::{ComponentName, ExtendedType, FieldDefinition as SdlField};
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Node, Schema, collections};
use indexmap::IndexMap;
use value::{MAX_DEPTH, Object, Str, Value};

use super::load::Places;
use super::rules::strings;
use super::type_system::{
    AuthorizationDirective, DirectiveDefinition, FieldDefinition, Fields, InputValueDefinition, TypeDefinition, TypeId,
    TypeKind, TypeRef, TypeSystem,
};
use super::{Scalar, ScalarFault};
use crate::diagnostic::Diagnostic;
use crate::execution::ast::Literal;

/// Builds the tables. A default value that is none of its type is an error, and then there are no tables.
pub(super) fn build(schema: Valid<Schema>, places: &Places<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<TypeSystem> {
    let mut defaults = Defaults { schema: &schema, faults: Vec::new() };
    let names = Names { schema: &schema };
    let mut types = IndexMap::with_capacity(schema.types.len());
    for (name, definition) in &schema.types {
        types.insert(Str::from(name.as_str()), names.definition(name, definition, &mut defaults)?);
    }
    let mut directives = IndexMap::new();
    for (name, directive) in &schema.directive_definitions {
        if directive.locations.iter().any(|location| is_executable(*location)) {
            directives.insert(Str::from(name.as_str()), names.directive(directive, &mut defaults)?);
        }
    }
    let faults = defaults.faults;
    if !faults.is_empty() {
        for (message, span) in faults {
            diagnostics.push(places.at(Diagnostic::error("invalid-value", message), span));
        }
        return None;
    }
    let root = |root: &Option<ComponentName>| root.as_ref().and_then(|root| names.id(&root.name));
    let query = root(&schema.schema_definition.query)?;
    let mutation = root(&schema.schema_definition.mutation);
    let subscription = root(&schema.schema_definition.subscription);
    Some(TypeSystem { types, query, mutation, subscription, directives, document: schema })
}

/// From names to ids; both tables have the same order.
struct Names<'a> {
    schema: &'a Schema,
}

impl Names<'_> {
    fn id(&self, name: &str) -> Option<TypeId> {
        self.schema.types.get_index_of(name).and_then(|at| u32::try_from(at).ok()).map(TypeId)
    }

    fn ids<'n>(&self, names: impl IntoIterator<Item = &'n Name>) -> Vec<TypeId> {
        names.into_iter().filter_map(|name| self.id(name)).collect()
    }

    fn definition(&self, name: &Name, definition: &ExtendedType, defaults: &mut Defaults<'_>) -> Option<TypeDefinition> {
        let authorization = authorization(definition.directives().iter().map(|directive| &directive.node));
        let kind = match definition {
            ExtendedType::Scalar(_) => TypeKind::Scalar(Scalar::by_name(name)),
            ExtendedType::Object(node) => TypeKind::Object(self.fields(&node.fields, &node.implements_interfaces, defaults)?),
            ExtendedType::Interface(node) => TypeKind::Interface {
                fields: self.fields(&node.fields, &node.implements_interfaces, defaults)?,
                possible_types: self.implementers(name),
            },
            ExtendedType::Union(node) => {
                TypeKind::Union { possible_types: self.ids(node.members.iter().map(|member| &member.name)) }
            }
            ExtendedType::Enum(node) => {
                TypeKind::Enum(node.values.keys().map(|value| (Str::from(value.as_str()), ())).collect())
            }
            ExtendedType::InputObject(node) => TypeKind::InputObject {
                fields: self.inputs(node.fields.values().map(|field| &field.node), defaults)?,
                one_of: node.directives.has("oneOf"),
            },
        };
        Some(TypeDefinition { name: name.as_str().into(), kind, authorization })
    }

    /// The object types that implement an interface, in order of definition.
    fn implementers(&self, interface: &Name) -> Vec<TypeId> {
        let implementing = self.schema.types.iter().filter(|(_, definition)| match definition {
            ExtendedType::Object(node) => node.implements_interfaces.contains(interface),
            _ => false,
        });
        self.ids(implementing.map(|(name, _)| name))
    }

    fn fields(
        &self,
        fields: &collections::IndexMap<Name, apollo_compiler::schema::Component<SdlField>>,
        implements: &collections::IndexSet<ComponentName>,
        defaults: &mut Defaults<'_>,
    ) -> Option<Fields> {
        let mut table = IndexMap::with_capacity(fields.len());
        for (name, field) in fields {
            let name = Str::from(name.as_str());
            let definition = FieldDefinition {
                name: Arc::clone(&name),
                arguments: self.inputs(&field.arguments, defaults)?,
                ty: self.reference(&field.ty)?,
                authorization: authorization(field.directives.iter()),
                subscribe_mutations: field
                    .directives
                    .get_all("aws_subscribe")
                    .flat_map(|directive| strings(directive.specified_argument_by_name("mutations").map(|value| &**value)))
                    .map(Str::from)
                    .collect(),
            };
            table.insert(name, definition);
        }
        Some(Fields { fields: table, implements: self.ids(implements.iter().map(|interface| &interface.name)) })
    }

    fn inputs<'n>(
        &self,
        inputs: impl IntoIterator<Item = &'n Node<SdlInput>>,
        defaults: &mut Defaults<'_>,
    ) -> Option<IndexMap<Str, InputValueDefinition>> {
        let mut table = IndexMap::new();
        for input in inputs {
            let name = Str::from(input.name.as_str());
            let default = input.default_value.as_ref().and_then(|value| defaults.value(input, value));
            table.insert(Arc::clone(&name), InputValueDefinition { name, ty: self.reference(&input.ty)?, default });
        }
        Some(table)
    }

    fn directive(&self, directive: &ast::DirectiveDefinition, defaults: &mut Defaults<'_>) -> Option<DirectiveDefinition> {
        Some(DirectiveDefinition {
            name: directive.name.as_str().into(),
            arguments: self.inputs(&directive.arguments, defaults)?,
            locations: directive.locations.iter().map(|location| Str::from(location.name())).collect(),
            repeatable: directive.repeatable,
        })
    }

    fn reference(&self, ty: &ast::Type) -> Option<TypeRef> {
        Some(match ty {
            ast::Type::Named(name) => TypeRef::Named(self.id(name)?),
            ast::Type::NonNullNamed(name) => TypeRef::NonNull(Box::new(TypeRef::Named(self.id(name)?))),
            ast::Type::List(item) => TypeRef::List(Box::new(self.reference(item)?)),
            ast::Type::NonNullList(item) => TypeRef::NonNull(Box::new(TypeRef::List(Box::new(self.reference(item)?)))),
        })
    }
}

fn is_executable(location: ast::DirectiveLocation) -> bool {
    use ast::DirectiveLocation as Location;
    matches!(
        location,
        Location::Query
            | Location::Mutation
            | Location::Subscription
            | Location::Field
            | Location::FragmentDefinition
            | Location::FragmentSpread
            | Location::InlineFragment
            | Location::VariableDefinition
    )
}

/// The authorization directives among `directives`, in order.
fn authorization<'a>(directives: impl Iterator<Item = &'a Node<Directive>>) -> Vec<AuthorizationDirective> {
    let groups = |directive: &Directive| {
        let value = directive.specified_argument_by_name("cognito_groups")?;
        (!value.is_null()).then(|| strings(Some(value)).into_iter().map(Str::from).collect::<Vec<_>>())
    };
    directives
        .filter_map(|directive| match directive.name.as_str() {
            "aws_api_key" => Some(AuthorizationDirective::ApiKey),
            "aws_iam" => Some(AuthorizationDirective::Iam),
            "aws_oidc" => Some(AuthorizationDirective::Oidc),
            "aws_lambda" => Some(AuthorizationDirective::Lambda),
            "aws_cognito_user_pools" => Some(AuthorizationDirective::CognitoUserPools { groups: groups(directive) }),
            "aws_auth" => Some(AuthorizationDirective::Auth { groups: groups(directive).unwrap_or_default() }),
            _ => None,
        })
        .collect()
}

/// Default values as values of their types (specification §3.10: an input object's own defaults fill what is left out).
struct Defaults<'a> {
    schema: &'a Schema,
    faults: Vec<(String, Option<SourceSpan>)>,
}

impl Defaults<'_> {
    fn value(&mut self, input: &SdlInput, value: &Node<SdlValue>) -> Option<Value> {
        match self.coerce(&input.ty, value, 0) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.faults.push((format!("the default value of `{}`: {fault}", input.name), value.location()));
                None
            }
        }
    }

    fn coerce(&self, ty: &ast::Type, value: &SdlValue, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err("it contains itself, or is nested too deeply".to_owned());
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

    fn named(&self, name: &Name, value: &SdlValue, depth: usize) -> Result<Value, String> {
        match (self.schema.types.get(name), value) {
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
