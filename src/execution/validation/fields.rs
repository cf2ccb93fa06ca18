//! Rules on fields: FieldsOnCorrectType, ScalarLeafs; and the fields every schema has (`__typename`, `__schema`, `__type`).

use indexmap::IndexMap;

use super::super::ast::Field;
use super::walk::Walk;
use crate::schema::TypeSystem;
use crate::schema::type_system::{FieldDefinition, InputValueDefinition, TypeId, TypeRef};

/// The definitions of the introspection fields (specification §4); absent when the type system lacks their types.
pub(super) struct MetaFields {
    typename: Option<FieldDefinition>,
    schema: Option<FieldDefinition>,
    ty: Option<FieldDefinition>,
    schema_type: Option<TypeId>,
    type_type: Option<TypeId>,
}

impl MetaFields {
    pub(super) fn new(types: &TypeSystem) -> Self {
        let id = |name| types.by_name(name).map(|(id, _)| id);
        let non_null = |id| TypeRef::NonNull(Box::new(TypeRef::Named(id)));
        let field = |name: &str, ty, arguments| FieldDefinition {
            name: name.into(),
            arguments,
            ty,
            authorization: Vec::new(),
            subscribe_mutations: Vec::new(),
        };
        let string = id("String");
        let (schema_type, type_type) = (id("__Schema"), id("__Type"));
        let name_argument = |string| {
            let definition = InputValueDefinition { name: "name".into(), ty: non_null(string), default: None };
            IndexMap::from([("name".into(), definition)])
        };
        Self {
            typename: string.map(|string| field("__typename", non_null(string), IndexMap::new())),
            schema: schema_type.map(|schema| field("__schema", non_null(schema), IndexMap::new())),
            ty: type_type.zip(string).map(|(ty, string)| field("__type", TypeRef::Named(ty), name_argument(string))),
            schema_type,
            type_type,
        }
    }
}

/// The definition of `name` in the composite type `parent`.
pub(super) fn definition<'a>(walk: &Walk<'a>, parent: TypeId, name: &str) -> Option<&'a FieldDefinition> {
    let meta = walk.meta;
    if let Some(rest) = name.strip_prefix("__") {
        return match rest {
            "typename" => meta.typename.as_ref(),
            "schema" if parent == walk.types.query => meta.schema.as_ref(),
            "type" if parent == walk.types.query => meta.ty.as_ref(),
            _ => None,
        };
    }
    // With introspection disabled these two types show no fields, and nothing below them is reached.
    if !walk.options.introspection && (Some(parent) == meta.schema_type || Some(parent) == meta.type_type) {
        return None;
    }
    walk.types.field(parent, name)
}

pub(super) fn field_undefined(walk: &mut Walk<'_>, field: &Field, parent: TypeId) {
    let text = format!("Field '{}' in type '{}' is undefined", field.name, walk.types.get(parent).name);
    walk.error("FieldUndefined", &text, field.position);
}

/// The name graphql-java 11 gives a type in these messages: lists and non-null types have none.
pub(super) fn unwrapped_name<'a>(types: &'a TypeSystem, ty: &TypeRef) -> &'a str {
    match ty {
        TypeRef::Named(id) => &types.get(*id).name,
        _ => "null",
    }
}

pub(super) fn scalar_leafs(walk: &mut Walk<'_>, field: &Field, definition: &FieldDefinition) {
    let leaf = walk.types.get(definition.ty.named()).is_leaf();
    let type_name = unwrapped_name(walk.types, &definition.ty);
    if leaf && !field.selection_set.is_empty() {
        let text = format!("Sub selection not allowed on leaf type {type_name} of field {}", field.name);
        walk.error("SubSelectionNotAllowed", &text, field.position);
    } else if !leaf && field.selection_set.is_empty() {
        let text = format!("Sub selection required for type {type_name} of field {}", field.name);
        walk.error("SubSelectionRequired", &text, field.position);
    }
}
