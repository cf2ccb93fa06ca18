//! `#` comments as descriptions: where a definition has none, AppSync's introspection gives the comment above it.

use apollo_compiler::ast::InputValueDefinition;
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Node, Schema};

/// Gives every definition without a description the comment that `comment` knows for its place.
pub(super) fn from_comments<'a>(schema: &mut Schema, comment: impl Fn(SourceSpan) -> Option<&'a str>) {
    let describe = |description: &mut Option<Node<str>>, text: &str| *description = Some(Node::new_str(text));
    let describe_inputs = |inputs: &mut dyn Iterator<Item = &mut Node<InputValueDefinition>>| {
        for input in inputs {
            if input.description.is_none()
                && let Some(text) = input.location().and_then(&comment)
            {
                describe(&mut input.make_mut().description, text);
            }
        }
    };
    for definition in schema.types.values_mut() {
        if definition.is_built_in() {
            continue;
        }
        macro_rules! definition {
            ($node:expr) => {{
                if $node.description.is_none()
                    && let Some(text) = $node.location().and_then(&comment)
                {
                    describe(&mut $node.make_mut().description, text);
                }
            }};
        }
        macro_rules! fields {
            ($node:expr) => {{
                definition!($node);
                for field in $node.make_mut().fields.values_mut() {
                    if field.description.is_none()
                        && let Some(text) = field.location().and_then(&comment)
                    {
                        describe(&mut field.node.make_mut().description, text);
                    }
                    if !field.arguments.is_empty() {
                        describe_inputs(&mut field.node.make_mut().arguments.iter_mut());
                    }
                }
            }};
        }
        match definition {
            ExtendedType::Scalar(node) => definition!(node),
            ExtendedType::Union(node) => definition!(node),
            ExtendedType::Object(node) => fields!(node),
            ExtendedType::Interface(node) => fields!(node),
            ExtendedType::Enum(node) => {
                definition!(node);
                for value in node.make_mut().values.values_mut() {
                    if value.description.is_none()
                        && let Some(text) = value.location().and_then(&comment)
                    {
                        describe(&mut value.node.make_mut().description, text);
                    }
                }
            }
            ExtendedType::InputObject(node) => {
                definition!(node);
                describe_inputs(&mut node.make_mut().fields.values_mut().map(|field| &mut field.node));
            }
        }
    }
}
