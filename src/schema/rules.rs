//! What AppSync demands of a schema beyond the GraphQL rules, and what it does not have.

use apollo_compiler::Schema;
use apollo_compiler::ast::{InputValueDefinition, Type, Value};
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::schema::{ExtendedType, FieldDefinition};

use super::load::{Options, Places, unsupported};
use super::{defaults, prelude};
use crate::diagnostic::Diagnostic;

/// Checks everything.
pub(super) fn check(schema: &Schema, options: Options, places: &Places<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut check = Check { schema, options, places, diagnostics };
    for (name, definition) in &schema.types {
        if definition.is_built_in() || places_none(places, definition.name().location()) {
            continue;
        }
        check.type_name(name, definition);
        match definition {
            ExtendedType::Object(node) => {
                for field in node.fields.values() {
                    check.field(name, field);
                }
            }
            ExtendedType::Interface(node) => {
                if let Some(interface) = node.implements_interfaces.first() {
                    let message = format!("the interface `{name}` implements `{}`: this works here, not on AWS", interface.name);
                    check.unsupported("interface-inheritance", message, interface.name.location());
                }
                for field in node.fields.values() {
                    check.field(name, field);
                    check.interface_field(name, field);
                }
            }
            ExtendedType::InputObject(node) => {
                let one_of = node.directives.has("oneOf");
                if one_of {
                    let message = format!("`@oneOf` on `{name}` works here, not on AWS");
                    check.unsupported("one-of", message, node.name.location());
                }
                for field in node.fields.values() {
                    check.default(&format!("{name}.{}", field.name), field);
                    if one_of && (field.ty.is_non_null() || field.default_value.is_some()) {
                        let message =
                            format!("`{name}.{}` must be nullable and without default, because `{name}` is `@oneOf`", field.name);
                        check.error("one-of", message, field.name.location());
                    }
                }
            }
            ExtendedType::Scalar(_) | ExtendedType::Union(_) | ExtendedType::Enum(_) => {}
        }
    }
    for (name, directive) in &schema.directive_definitions {
        for argument in &directive.arguments {
            if let Err(fault) = defaults::value(schema, argument) {
                let message =
                    format!("the default value of `@{name}({}:)` is not a value of `{}`: {fault}", argument.name, argument.ty);
                check.error("invalid-value", message, argument.default_value.as_ref().and_then(apollo_compiler::Node::location));
            }
        }
    }
}

fn places_none(places: &Places<'_>, span: Option<SourceSpan>) -> bool {
    span.and_then(|span| places.place(span)).is_none()
}

struct Check<'a, 'b> {
    schema: &'a Schema,
    options: Options,
    places: &'a Places<'a>,
    diagnostics: &'b mut Vec<Diagnostic>,
}

impl Check<'_, '_> {
    fn add(&mut self, diagnostic: Diagnostic, span: Option<SourceSpan>) {
        self.diagnostics.push(self.places.at(diagnostic, span));
    }

    fn error(&mut self, rule: &'static str, message: String, span: Option<SourceSpan>) {
        self.add(Diagnostic::error(rule, message), span);
    }

    fn unsupported(&mut self, rule: &'static str, message: String, span: Option<SourceSpan>) {
        self.add(unsupported(self.options, rule, message), span);
    }

    /// `AWS` is a reserved prefix (developer guide, "Scalar types"), and there are no custom scalars.
    fn type_name(&mut self, name: &str, definition: &ExtendedType) {
        let span = definition.name().location();
        if definition.is_scalar() && prelude::is_scalar(name) {
            return;
        }
        if name.starts_with("AWS") {
            let message = format!("`{name}`: names of types that begin with `AWS` are reserved");
            self.add(Diagnostic::error("reserved-name", message).help("give the type another name"), span);
        } else if definition.is_scalar() {
            let message = format!("the custom scalar `{name}` works here, not on AWS");
            let finding = unsupported(self.options, "custom-scalar", message);
            self.add(finding.help("use `AWSJSON`, `String` or another of AppSync's scalars"), span);
        }
    }

    fn field(&mut self, type_name: &str, field: &FieldDefinition) {
        for argument in &field.arguments {
            self.default(&format!("{type_name}.{}({}:)", field.name, argument.name), argument);
        }
        for directive in field.directives.get_all("aws_subscribe") {
            self.subscribe(type_name, field, directive);
        }
    }

    /// Objects are answered, never interfaces: what counts is what their own fields and types say.
    fn interface_field(&mut self, interface: &str, field: &FieldDefinition) {
        let acted_on = |name: &str| name != "aws_subscribe" && prelude::ACTED_ON.contains(&name);
        for directive in field.directives.iter().filter(|directive| acted_on(&directive.name)) {
            let message =
                format!("`@{}` on `{interface}.{}` has no effect: `{interface}` is an interface", directive.name, field.name);
            let help = "write it on the field of the object types that implement it";
            self.add(Diagnostic::warning("misplaced-directive", message).help(help), directive.location());
        }
    }

    /// A default value must be one; and on AWS it does not reach resolvers (aws-appsync-community#59).
    fn default(&mut self, owner: &str, input: &InputValueDefinition) {
        let Some(value) = &input.default_value else {
            return;
        };
        if let Err(fault) = defaults::value(self.schema, input) {
            let message = format!("the default value of `{owner}` is not a value of `{}`: {fault}", input.ty);
            self.error("invalid-value", message, value.location());
            return;
        }
        let message = format!("AWS drops the default value of `{owner}`");
        let help = "it works here; give it in the resolver as well";
        self.add(Diagnostic::warning("default-value", message).help(help), value.location());
    }

    /// `@aws_subscribe(mutations:)` (developer guide, "Real-time data").
    fn subscribe(
        &mut self,
        type_name: &str,
        field: &FieldDefinition,
        directive: &apollo_compiler::Node<apollo_compiler::ast::Directive>,
    ) {
        let owner = format!("{type_name}.{}", field.name);
        let root = self.schema.schema_definition.subscription.as_ref();
        if root.is_none_or(|root| root.name != type_name) {
            let message = format!("`@aws_subscribe` on `{owner}` has no effect: it belongs on fields of the subscription root");
            self.add(Diagnostic::error("misplaced-directive", message), directive.location());
            return;
        }
        let mutations = strings(directive.specified_argument_by_name("mutations").map(|value| &**value));
        if mutations.is_empty() {
            let message = format!("`@aws_subscribe` on `{owner}` names no mutation, so nothing triggers it");
            let help = "write `@aws_subscribe(mutations: [\"nameOfAMutation\"])`";
            self.add(Diagnostic::warning("subscription-mutation", message).help(help), directive.location());
        }
        let root = self.schema.schema_definition.mutation.as_ref();
        let root = root.and_then(|root| self.schema.get_object(&root.name)).map(|root| (&root.name, &root.fields));
        for mutation in mutations {
            let span = directive.specified_argument_by_name("mutations").and_then(apollo_compiler::Node::location);
            match root.and_then(|(root, fields)| fields.get(mutation).map(|found| (root, found))) {
                None => {
                    let message = format!("`{owner}` subscribes to the mutation `{mutation}`, which does not exist");
                    self.error("subscription-mutation", message, span);
                }
                Some((root, found)) if bare(&found.ty) != bare(&field.ty) => {
                    let message = format!(
                        "`{owner}` returns `{}`, but `{root}.{mutation}`, which triggers it, returns `{}`",
                        field.ty, found.ty
                    );
                    let help = "a subscription returns the type of its mutations";
                    self.add(Diagnostic::error("subscription-type", message).help(help), field.ty.inner_named_type().location());
                }
                Some(_) => {}
            }
        }
    }
}

/// A type without its `!`: only they may differ between a mutation and its subscription.
fn bare(ty: &Type) -> String {
    ty.to_string().replace('!', "")
}

/// The strings of a list, or the one string that stands for a list.
pub(super) fn strings(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text.as_str()],
        Some(Value::List(items)) => items.iter().filter_map(|item| item.as_str()).collect(),
        _ => Vec::new(),
    }
}
