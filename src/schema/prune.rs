//! Takes away the predeclared scalars and directives that a schema does not use, so that introspection shows the rest.

use std::collections::HashSet;

use apollo_compiler::Schema;
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::schema::ExtendedType;

use super::prelude;

/// Removes what the prelude declared and nothing uses; `by_user` tells the user's places (and none at all) from the
/// prelude's.
pub(super) fn unused(schema: &mut Schema, by_user: impl Fn(Option<SourceSpan>) -> bool) {
    let mut types: HashSet<String> = HashSet::new();
    let mut directives: HashSet<String> = HashSet::new();
    for definition in schema.types.values() {
        directives.extend(definition.directives().iter().map(|directive| directive.name.to_string()));
        let fields = match definition {
            ExtendedType::Object(node) => node.fields.values().collect::<Vec<_>>(),
            ExtendedType::Interface(node) => node.fields.values().collect(),
            _ => Vec::new(),
        };
        for field in fields {
            types.insert(field.ty.inner_named_type().to_string());
            directives.extend(field.directives.iter().map(|directive| directive.name.to_string()));
            for argument in &field.arguments {
                types.insert(argument.ty.inner_named_type().to_string());
                directives.extend(argument.directives.iter().map(|directive| directive.name.to_string()));
            }
        }
        if let ExtendedType::InputObject(node) = definition {
            for field in node.fields.values() {
                types.insert(field.ty.inner_named_type().to_string());
                directives.extend(field.directives.iter().map(|directive| directive.name.to_string()));
            }
        }
        if let ExtendedType::Enum(node) = definition {
            let on_values = node.values.values().flat_map(|value| value.directives.iter());
            directives.extend(on_values.map(|directive| directive.name.to_string()));
        }
    }
    directives.extend(schema.schema_definition.directives.iter().map(|directive| directive.name.to_string()));
    for definition in schema.directive_definitions.values() {
        if by_user(definition.location()) {
            types.extend(definition.arguments.iter().map(|argument| argument.ty.inner_named_type().to_string()));
        }
    }
    schema.types.retain(|name, definition| {
        !prelude::is_scalar(name) || types.contains(name.as_str()) || by_user(definition.name().location())
    });
    schema.directive_definitions.retain(|name, definition| {
        !prelude::is_directive(name) || directives.contains(name.as_str()) || by_user(definition.name.location())
    });
}
