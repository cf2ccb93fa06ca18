//! The GraphQL library's findings as ours: stable rule names, clear sentences, a way out.

use apollo_compiler::Schema;
use apollo_compiler::diagnostic::ToCliReport;
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::validation::DiagnosticData;

use crate::diagnostic::Diagnostic;

/// The rule of syntax errors.
pub(super) const SYNTAX: &str = "syntax";

/// Where a finding is.
pub(super) fn span(finding: &DiagnosticData) -> Option<SourceSpan> {
    finding.location()
}

/// The names of a schema's types, to find what a misspelt one may have meant.
pub(super) struct KnownTypes<'a> {
    /// The names without what [`alike`] does not see, beside the names; made when first asked for.
    names: Option<Vec<(String, &'a str)>>,
    schema: &'a Schema,
    /// How many times it may still be asked: a large schema with a large mistake must not take minutes.
    left: usize,
}

impl<'a> KnownTypes<'a> {
    pub(super) fn of(schema: &'a Schema) -> Self {
        Self { names: None, schema, left: super::load::MAX_FINDINGS }
    }

    fn near(&mut self, name: &str) -> Option<&'a str> {
        self.left = self.left.checked_sub(1)?;
        let schema = self.schema;
        let names = self.names.get_or_insert_with(|| {
            let own = schema.types.keys().map(apollo_compiler::Name::as_str).filter(|name| !name.starts_with("__"));
            own.map(|name| (plain(name), name)).collect()
        });
        let name = plain(name);
        names.iter().find(|(known, _)| alike(known, &name)).map(|(_, known)| *known)
    }
}

/// A finding without its place.
pub(super) fn translate(finding: &DiagnosticData, known_types: &mut KnownTypes<'_>) -> Diagnostic {
    let text = finding.to_string();
    let name = quoted(&text, 0);
    let Some(rule) = finding.unstable_error_name().map(rule_of) else {
        return build_error(&text);
    };
    match rule {
        "unknown-directive" => unknown_directive(name.trim_start_matches('@')),
        "unknown-type" => {
            let help = match known_types.near(name) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("define `{name}` in one of the schema documents, or correct the name"),
            };
            Diagnostic::error(rule, format!("there is no type `{name}`")).help(help)
        }
        "missing-query" => Diagnostic::error(rule, "the schema has no query root")
            .help("define `type Query { … }`, or name another object type in `schema { query: … }`"),
        "misplaced-directive" => misplaced_directive(&text),
        "input-type" => {
            Diagnostic::error(rule, format!("`{name}` takes input, so its type must be a scalar, enum or input type"))
                .help("declare an `input` with the fields that may be sent")
        }
        "output-type" => Diagnostic::error(rule, format!("`{name}` gives output, so its type cannot be an input type"))
            .help("declare a `type` with the fields that may be selected"),
        _ => Diagnostic::error(rule, text),
    }
}

/// The library says `NAME directive is not supported for LOCATION location`.
fn misplaced_directive(text: &str) -> Diagnostic {
    let Some((name, rest)) = text.split_once(" directive is not supported for ") else {
        return Diagnostic::error("misplaced-directive", text.to_owned());
    };
    let location = rest.trim_end_matches(" location");
    if name != "aws_subscribe" && super::prelude::ACTED_ON.contains(&name) {
        // AppSync does not judge the location: schemas with `union U @aws_iam = …` and `input I @aws_iam { … }` are deployed.
        return Diagnostic::warning("misplaced-directive", format!("`@{name}` has no effect at {location}"))
            .help("AWS accepts it there; it protects object types and fields only, so write it on those");
    }
    let error = Diagnostic::error("misplaced-directive", format!("`@{name}` may not stand at {location}"));
    if name == "aws_subscribe" { error.help("it belongs on fields of the subscription root") } else { error }
}

/// AppSync ignores directives it does not know, and so do we; saying so helps whoever misspelt one.
fn unknown_directive(name: &str) -> Diagnostic {
    const AMPLIFY: [&str; 20] = [
        "model",
        "key",
        "auth",
        "connection",
        "searchable",
        "function",
        "http",
        "predictions",
        "versioned",
        "index",
        "primaryKey",
        "hasOne",
        "hasMany",
        "belongsTo",
        "manyToMany",
        "default",
        "mapsTo",
        "sql",
        "refersTo",
        "conversation",
    ];
    let warning = Diagnostic::warning("unknown-directive", format!("the directive `@{name}` is unknown and has no effect"));
    if AMPLIFY.contains(&name) {
        return warning.help("it instructs Amplify's transformer; serve the schema that Amplify builds from this one");
    }
    if let Some(known) = super::prelude::ACTED_ON.iter().find(|known| alike(&plain(known), &plain(name))) {
        return warning.help(format!("did you mean `@{known}`?"));
    }
    warning.help(format!("correct the name, or declare it: `directive @{name} on …`"))
}

/// A name without case, hyphens and underscores.
fn plain(text: &str) -> String {
    text.chars().filter(|char| !matches!(char, '_' | '-')).collect::<String>().to_lowercase()
}

/// Whether two [`plain`] names are equal but for one letter.
fn alike(known: &str, name: &str) -> bool {
    let (known, name) = (known.as_bytes(), name.as_bytes());
    if known.len().abs_diff(name.len()) > 1 {
        return false;
    }
    let common = known.iter().zip(name).take_while(|(a, b)| a == b).count();
    let (known, name) = (&known[common..], &name[common..]);
    known == name
        || known.get(1..).unwrap_or_default() == name
        || name.get(1..).unwrap_or_default() == known
        || (!known.is_empty() && !name.is_empty() && known[1..] == name[1..])
}

/// Findings from before validation have no name in the library; their sentences tell them apart.
fn build_error(text: &str) -> Diagnostic {
    if let Some(message) = text.strip_prefix("syntax error: ") {
        return Diagnostic::error(SYNTAX, message);
    }
    let rule = if text.starts_with("a schema document must not contain") {
        return Diagnostic::error("executable-definition", text.to_owned())
            .help("queries, mutations and fragments belong to the client; a schema holds definitions only");
    } else if text.contains("multiple `schema` definitions") {
        "duplicate-schema-definition"
    } else if text.contains("directive `@") && text.contains("defined multiple times") {
        "duplicate-directive"
    } else if text.contains("defined multiple times") {
        "duplicate-type"
    } else if text.contains("root operation type") {
        "duplicate-root-operation"
    } else if text.contains("implements interface") {
        "duplicate-interface"
    } else if text.starts_with("duplicate definitions") {
        "duplicate-name"
    } else if text.contains("extension") || text.starts_with("adding ") {
        "orphan-extension"
    } else {
        // Only the parser's limits are left.
        "nesting-too-deep"
    };
    Diagnostic::error(rule, text.to_owned())
}

/// The way out of a finding that has none of its own: by its rule.
pub(super) fn way_out(rule: &str) -> &'static str {
    match rule {
        SYNTAX => "compare with the schema language: https://spec.graphql.org/draft/#sec-Type-System",
        "duplicate-type" => "rename one, or join them: a type is defined once, in one of the documents",
        "duplicate-name" => "remove or rename one of them",
        "duplicate-directive" => "write the directive once",
        "duplicate-schema-definition" => "keep one `schema { … }`",
        "duplicate-root-operation" => "name each of query, mutation and subscription once",
        "duplicate-interface" => "name the interface once",
        "orphan-extension" => "define the type that is extended, or make the extension the definition",
        "nesting-too-deep" => "nest less: no schema needs that much",
        "unknown-argument" => "remove the argument, or correct its name",
        "unknown-enum-value" => "use one of the enum's values",
        "unknown-input-field" => "remove the field, or add it to the input type",
        "missing-argument" => "give the argument a value",
        "missing-input-field" => "give the field a value",
        "missing-interface-field" => "a type has all fields of its interfaces, with their arguments",
        "interface-mismatch" => "take over the interface's types; further arguments must be optional",
        "missing-interface" => "name the interfaces of the interface as well",
        "root-operation-type" => "roots are object types: `type Query { … }`",
        "union-member-type" => "members of a union are object types",
        "misplaced-directive" => "move the directive to where its definition lets it stand",
        "invalid-value" => "write a value of that type, or change the type",
        "recursive-definition" => "make one field of the circle nullable, or break it",
        "empty-type" => "give it at least one member, or remove it",
        "reserved-name" => "choose a name that does not begin with two underscores",
        "interface-inheritance" => "name every interface on the object types instead",
        "one-of" => "make the fields nullable and without defaults; for AWS, check in the resolver that one is given",
        "subscription-mutation" => "name fields of the mutation root",
        _ => "see the type system of the GraphQL specification",
    }
}

/// Completes a syntax error, which says what was expected, with the text that stands there.
pub(super) fn name_what_was_found(diagnostic: &mut Diagnostic) {
    let found = diagnostic.place.as_ref().and_then(|place| place.source.text.get(place.span.clone())).unwrap_or_default();
    let found = if found.is_empty() { "the end of the document".to_owned() } else { format!("`{found}`") };
    let expected = diagnostic.message.trim_end_matches('.').split(", got ").next().unwrap_or_default();
    diagnostic.message = match expected.strip_prefix("expected ") {
        Some("definition" | "a StringValue, Name or OperationDefinition") => format!("expected a definition, found {found}"),
        Some(expected) => {
            let expected = match expected {
                "R_CURLY" => "`}`",
                "L_CURLY" => "`{`",
                "R_PAREN" => "`)`",
                "L_PAREN" => "`(`",
                "R_BRACK" => "`]`",
                "COLON" => "`:`",
                other => other,
            };
            format!("expected {expected}, found {found}")
        }
        None if expected == "Unexpected <EOF>" => "unexpected end of the document".to_owned(),
        None => format!("{expected}, found {found}"),
    };
}

fn rule_of(name: &str) -> &'static str {
    match name {
        "UndefinedDefinition" => "unknown-type",
        "UndefinedDirective" => "unknown-directive",
        "UndefinedArgument" => "unknown-argument",
        "UndefinedEnumValue" => "unknown-enum-value",
        "UndefinedInputValue" => "unknown-input-field",
        "UniqueArgument" | "UniqueInputValue" => "duplicate-name",
        "UniqueDirective" => "duplicate-directive",
        "DuplicateRootOperationType" => "duplicate-root-operation",
        "MissingInterfaceField" | "MissingInterfaceFieldArgument" => "missing-interface-field",
        "InvalidImplementationFieldType"
        | "InvalidImplementationFieldArgumentType"
        | "ExtraRequiredImplementationFieldArgument" => "interface-mismatch",
        "TransitiveImplementedInterfaces" => "missing-interface",
        "RequiredArgument" => "missing-argument",
        "RequiredField" => "missing-input-field",
        "OutputType" => "output-type",
        "InputType" | "VariableInputType" => "input-type",
        "QueryRootOperationType" => "missing-query",
        "RootOperationObjectType" => "root-operation-type",
        "UnionMemberObjectType" => "union-member-type",
        "UnsupportedLocation" => "misplaced-directive",
        "UnsupportedValueType" | "IntCoercionError" | "FloatCoercionError" => "invalid-value",
        "RecursiveDirectiveDefinition" | "RecursiveInterfaceDefinition" | "RecursiveInputObjectDefinition" => {
            "recursive-definition"
        }
        "DeeplyNestedType" | "RecursionError" | "RecursionLimitError" => "nesting-too-deep",
        "EmptyFieldSet" | "EmptyValueSet" | "EmptyMemberSet" | "EmptyInputValueSet" => "empty-type",
        "ReservedName" => "reserved-name",
        _ => "invalid-schema",
    }
}

/// The `n`th text between backquotes.
fn quoted(text: &str, n: usize) -> &str {
    text.split('`').nth(2 * n + 1).unwrap_or_default()
}
