//! The validated SDL as look-up tables: names become indices, directives data, default values values.

use std::collections::HashMap;
use std::sync::Arc;

use apollo_compiler::ast::{self, Directive, InputValueDefinition as SdlInput};
use apollo_compiler::schema::{ComponentName, ExtendedType, FieldDefinition as SdlField};
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Node, Schema, collections};
use indexmap::IndexMap;
use value::Str;

use super::rules::strings;
use super::type_system::{
    AuthorizationDirective, DirectiveDefinition, FieldDefinition, Fields, InputValueDefinition, TypeDefinition, TypeId, TypeKind,
    TypeRef, TypeSystem,
};
use super::{Scalar, defaults};

/// Builds the tables; `None` if a name leads nowhere, which a valid schema excludes.
pub(super) fn build(schema: Valid<Schema>) -> Option<TypeSystem> {
    let names = Names { schema: &schema, implementers: implementers(&schema) };
    let mut types = IndexMap::with_capacity(schema.types.len());
    for (name, definition) in &schema.types {
        types.insert(Str::from(name.as_str()), names.definition(name, definition)?);
    }
    let mut directives = IndexMap::new();
    for (name, directive) in &schema.directive_definitions {
        if directive.locations.iter().any(|location| is_executable(*location)) {
            directives.insert(Str::from(name.as_str()), names.directive(directive)?);
        }
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
    implementers: HashMap<&'a Name, Vec<TypeId>>,
}

/// The object types that implement each interface, in order of definition.
fn implementers(schema: &Schema) -> HashMap<&Name, Vec<TypeId>> {
    let mut implementers: HashMap<&Name, Vec<TypeId>> = HashMap::new();
    for (at, definition) in (0..).zip(schema.types.values()) {
        if let ExtendedType::Object(node) = definition {
            for interface in &node.implements_interfaces {
                implementers.entry(&interface.name).or_default().push(TypeId(at));
            }
        }
    }
    implementers
}

impl Names<'_> {
    fn id(&self, name: &str) -> Option<TypeId> {
        self.schema.types.get_index_of(name).and_then(|at| u32::try_from(at).ok()).map(TypeId)
    }

    fn ids<'n>(&self, names: impl IntoIterator<Item = &'n Name>) -> Vec<TypeId> {
        names.into_iter().filter_map(|name| self.id(name)).collect()
    }

    fn definition(&self, name: &Name, definition: &ExtendedType) -> Option<TypeDefinition> {
        let authorization = authorization(definition.directives().iter().map(|directive| &directive.node));
        let kind = match definition {
            ExtendedType::Scalar(_) => TypeKind::Scalar(Scalar::by_name(name)),
            ExtendedType::Object(node) => TypeKind::Object(self.fields(&node.fields, &node.implements_interfaces)?),
            ExtendedType::Interface(node) => TypeKind::Interface {
                fields: self.fields(&node.fields, &node.implements_interfaces)?,
                possible_types: self.implementers.get(name).cloned().unwrap_or_default(),
            },
            ExtendedType::Union(node) => {
                TypeKind::Union { possible_types: self.ids(node.members.iter().map(|member| &member.name)) }
            }
            ExtendedType::Enum(node) => TypeKind::Enum(node.values.keys().map(|value| (Str::from(value.as_str()), ())).collect()),
            ExtendedType::InputObject(node) => TypeKind::InputObject {
                fields: self.inputs(node.fields.values().map(|field| &field.node))?,
                one_of: node.directives.has("oneOf"),
            },
        };
        Some(TypeDefinition { name: name.as_str().into(), kind, authorization })
    }

    fn fields(
        &self,
        fields: &collections::IndexMap<Name, apollo_compiler::schema::Component<SdlField>>,
        implements: &collections::IndexSet<ComponentName>,
    ) -> Option<Fields> {
        let mut table = IndexMap::with_capacity(fields.len());
        for (name, field) in fields {
            let name = Str::from(name.as_str());
            let definition = FieldDefinition {
                name: Arc::clone(&name),
                arguments: self.inputs(&field.arguments)?,
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

    fn inputs<'n>(&self, inputs: impl IntoIterator<Item = &'n Node<SdlInput>>) -> Option<IndexMap<Str, InputValueDefinition>> {
        let mut table = IndexMap::new();
        for input in inputs {
            let name = Str::from(input.name.as_str());
            let default = defaults::value(self.schema, input).ok().flatten();
            table.insert(Arc::clone(&name), InputValueDefinition { name, ty: self.reference(&input.ty)?, default });
        }
        Some(table)
    }

    fn directive(&self, directive: &ast::DirectiveDefinition) -> Option<DirectiveDefinition> {
        Some(DirectiveDefinition {
            name: directive.name.as_str().into(),
            arguments: self.inputs(&directive.arguments)?,
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
            "aws_auth" => Some(AuthorizationDirective::Auth { groups: groups(directive) }),
            _ => None,
        })
        .collect()
}
