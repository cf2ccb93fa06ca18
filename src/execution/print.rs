//! The tree of an executable document as GraphQL text, in the form graphql-java prints: two blanks of indentation, one
//! selection a line, `name : value` inside objects. The compact form is for machines.
//!
//! `ctx.info.selectionSetGraphQL` is made here. Recursion is as deep as the document, which its parser bounds.

use super::ast::{
    Argument, Directive, Document, Field, FragmentDefinition, Literal, Operation, OperationKind, Selection, VariableDefinition,
};

/// How text is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// One selection a line.
    #[default]
    Pretty,
    /// Everything on one line, without needless blanks.
    Compact,
}

/// A selection set: `{`, its selections, `}`. An empty one prints as nothing.
///
/// ```text
/// {
///   id
///   title
/// }
/// ```
#[must_use]
pub fn print_selection_set(selections: &[Selection]) -> String {
    print(Layout::Pretty, |printer| printer.selection_set(selections))
}

/// A whole document: operations, then fragments.
#[must_use]
pub fn print_document(document: &Document, layout: Layout) -> String {
    print(layout, |printer| {
        for operation in &document.operations {
            printer.between_definitions();
            printer.operation(operation);
        }
        for fragment in &document.fragments {
            printer.between_definitions();
            printer.fragment(fragment);
        }
    })
}

/// One operation.
#[must_use]
pub fn print_operation(operation: &Operation, layout: Layout) -> String {
    print(layout, |printer| printer.operation(operation))
}

/// One fragment definition.
#[must_use]
pub fn print_fragment(fragment: &FragmentDefinition, layout: Layout) -> String {
    print(layout, |printer| printer.fragment(fragment))
}

/// One field with its selection set.
#[must_use]
pub fn print_field(field: &Field, layout: Layout) -> String {
    print(layout, |printer| printer.field(field))
}

/// A value.
#[must_use]
pub fn print_literal(literal: &Literal, layout: Layout) -> String {
    print(layout, |printer| printer.literal(literal))
}

fn print(layout: Layout, body: impl FnOnce(&mut Printer)) -> String {
    let mut printer = Printer { out: String::with_capacity(128), layout, level: 0 };
    body(&mut printer);
    printer.out
}

struct Printer {
    out: String,
    layout: Layout,
    level: usize,
}

impl Printer {
    fn text(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn either(&mut self, pretty: &str, compact: &str) {
        self.out.push_str(if self.layout == Layout::Pretty { pretty } else { compact });
    }

    fn between_definitions(&mut self) {
        if !self.out.is_empty() {
            self.either("\n\n", " ");
        }
    }

    fn line(&mut self) {
        if self.layout == Layout::Pretty {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", self.level));
        }
    }

    fn operation(&mut self, operation: &Operation) {
        let keyword = match operation.kind {
            OperationKind::Query => "query",
            OperationKind::Mutation => "mutation",
            OperationKind::Subscription => "subscription",
        };
        let shorthand = operation.kind == OperationKind::Query
            && operation.name.is_none()
            && operation.variables.is_empty()
            && operation.directives.is_empty();
        if !shorthand {
            self.text(keyword);
            if let Some(name) = &operation.name {
                self.text(" ");
                self.text(name);
            } else if !operation.variables.is_empty() {
                self.either(" ", "");
            }
            self.variables(&operation.variables);
            self.directives(&operation.directives);
            self.either(" ", "");
        }
        self.selection_set(&operation.selection_set);
    }

    fn variables(&mut self, variables: &[VariableDefinition]) {
        for (at, variable) in variables.iter().enumerate() {
            if at == 0 {
                self.text("(");
            } else {
                self.either(", ", ",");
            }
            self.text("$");
            self.text(&variable.name);
            self.either(": ", ":");
            self.text(&variable.ty.to_string());
            if let Some(default) = &variable.default {
                self.either(" = ", "=");
                self.literal(default);
            }
            self.directives(&variable.directives);
        }
        if !variables.is_empty() {
            self.text(")");
        }
    }

    fn fragment(&mut self, fragment: &FragmentDefinition) {
        self.text("fragment ");
        self.text(&fragment.name);
        self.text(" on ");
        self.text(&fragment.type_condition);
        self.directives(&fragment.directives);
        self.either(" ", "");
        self.selection_set(&fragment.selection_set);
    }

    fn selection_set(&mut self, selections: &[Selection]) {
        if selections.is_empty() {
            return;
        }
        self.text("{");
        self.level += 1;
        for (at, selection) in selections.iter().enumerate() {
            if at > 0 {
                self.either("", " ");
            }
            self.line();
            match selection {
                Selection::Field(field) => self.field(field),
                Selection::FragmentSpread(spread) => {
                    self.text("...");
                    self.text(&spread.name);
                    self.directives(&spread.directives);
                }
                Selection::InlineFragment(inline) => {
                    self.text("...");
                    if let Some(condition) = &inline.type_condition {
                        self.either(" on ", "on ");
                        self.text(condition);
                    }
                    self.directives(&inline.directives);
                    self.either(" ", "");
                    self.selection_set(&inline.selection_set);
                }
            }
        }
        self.level -= 1;
        self.line();
        self.text("}");
    }

    fn field(&mut self, field: &Field) {
        if let Some(alias) = &field.alias {
            self.text(alias);
            self.either(": ", ":");
        }
        self.text(&field.name);
        self.arguments(&field.arguments);
        self.directives(&field.directives);
        if !field.selection_set.is_empty() {
            self.either(" ", "");
            self.selection_set(&field.selection_set);
        }
    }

    fn directives(&mut self, directives: &[Directive]) {
        for directive in directives {
            self.either(" @", "@");
            self.text(&directive.name);
            self.arguments(&directive.arguments);
        }
    }

    fn arguments(&mut self, arguments: &[Argument]) {
        for (at, argument) in arguments.iter().enumerate() {
            if at == 0 {
                self.text("(");
            } else {
                self.either(", ", ",");
            }
            self.text(&argument.name);
            self.either(": ", ":");
            self.literal(&argument.value);
        }
        if !arguments.is_empty() {
            self.text(")");
        }
    }

    fn literal(&mut self, literal: &Literal) {
        match literal {
            Literal::Variable(name) => {
                self.text("$");
                self.text(name);
            }
            Literal::Null => self.text("null"),
            Literal::Boolean(value) => self.text(if *value { "true" } else { "false" }),
            Literal::Int(text) | Literal::Float(text) | Literal::Enum(text) => self.text(text),
            Literal::String(text) => self.string(text),
            Literal::List(items) => {
                self.text("[");
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.either(", ", ",");
                    }
                    self.literal(item);
                }
                self.text("]");
            }
            Literal::Object(members) => {
                self.text("{");
                for (at, (name, member)) in members.iter().enumerate() {
                    if at > 0 {
                        self.either(", ", ",");
                    }
                    self.text(name);
                    self.either(" : ", ":");
                    self.literal(member);
                }
                self.text("}");
            }
        }
    }

    /// The escapes of GraphQL strings are those of JSON.
    fn string(&mut self, text: &str) {
        let mut json = Vec::with_capacity(text.len() + 2);
        value::write_json_string(text, &mut json);
        self.out.push_str(&String::from_utf8_lossy(&json));
    }
}

#[cfg(test)]
mod tests {
    use super::super::ast::{FragmentSpread, InlineFragment, Position, TypeReference};
    use super::*;

    fn field(name: &str, selection_set: Vec<Selection>) -> Field {
        Field {
            alias: None,
            name: name.into(),
            arguments: Vec::new(),
            directives: Vec::new(),
            selection_set,
            position: Position::default(),
        }
    }

    fn leaf(name: &str) -> Selection {
        Selection::Field(field(name, Vec::new()))
    }

    fn argument(name: &str, value: Literal) -> Argument {
        Argument { name: name.into(), value, position: Position::default() }
    }

    fn directive(name: &str, value: Literal) -> Directive {
        Directive { name: name.into(), arguments: vec![argument("if", value)], position: Position::default() }
    }

    fn document() -> Document {
        let mut posts = field("posts", vec![leaf("id")]);
        posts.alias = Some("p".into());
        posts.arguments = vec![
            argument("limit", Literal::Int("5".into())),
            argument(
                "filter",
                Literal::Object(vec![
                    ("title".into(), Literal::String("a\"\n\u{1}é".into())),
                    ("in".into(), Literal::List(vec![Literal::Enum("RED".into()), Literal::Null, Literal::Float("1.50".into())])),
                ]),
            ),
        ];
        posts.directives = vec![directive("include", Literal::Variable("on".into()))];
        let inline = InlineFragment {
            type_condition: Some("Query".into()),
            directives: vec![directive("skip", Literal::Boolean(false))],
            selection_set: vec![leaf("b")],
            position: Position::default(),
        };
        let spread = FragmentSpread { name: "F".into(), directives: Vec::new(), position: Position::default() };
        Document {
            operations: vec![Operation {
                kind: OperationKind::Query,
                name: Some("Q".into()),
                variables: vec![VariableDefinition {
                    name: "on".into(),
                    ty: TypeReference::NonNull(Box::new(TypeReference::Named("Boolean".into()))),
                    default: Some(Literal::Boolean(true)),
                    directives: Vec::new(),
                    position: Position::default(),
                }],
                directives: Vec::new(),
                selection_set: vec![
                    Selection::Field(posts),
                    Selection::InlineFragment(inline),
                    Selection::FragmentSpread(spread),
                ],
                position: Position::default(),
            }],
            fragments: vec![FragmentDefinition {
                name: "F".into(),
                type_condition: "Query".into(),
                directives: Vec::new(),
                selection_set: vec![leaf("c")],
                position: Position::default(),
            }],
            ..Document::default()
        }
    }

    #[test]
    fn a_selection_set_has_one_selection_a_line() {
        let selections = [leaf("id"), Selection::Field(field("author", vec![leaf("name")])), leaf("title")];
        assert_eq!(print_selection_set(&selections), "{\n  id\n  author {\n    name\n  }\n  title\n}");
        assert_eq!(print_selection_set(&[]), "");
    }

    #[test]
    fn every_part_of_a_document_is_printed() {
        assert_eq!(
            print_document(&document(), Layout::Pretty),
            "query Q($on: Boolean! = true) {\n  p: posts(limit: 5, filter: {title : \"a\\\"\\n\\u0001é\", in : [RED, null, 1.50]}) \
             @include(if: $on) {\n    id\n  }\n  ... on Query @skip(if: false) {\n    b\n  }\n  ...F\n}\n\n\
             fragment F on Query {\n  c\n}"
        );
        assert_eq!(
            print_document(&document(), Layout::Compact),
            "query Q($on:Boolean!=true){p:posts(limit:5,filter:{title:\"a\\\"\\n\\u0001é\",in:[RED,null,1.50]})@include(if:$on){id} \
             ...on Query@skip(if:false){b} ...F} fragment F on Query{c}"
        );
    }

    #[test]
    fn an_anonymous_query_is_its_selection_set() {
        let mut operation = document().operations.remove(0);
        operation.name = None;
        operation.selection_set = vec![leaf("a")];
        assert_eq!(print_operation(&operation, Layout::Pretty), "query ($on: Boolean! = true) {\n  a\n}");
        operation.variables.clear();
        assert_eq!(print_operation(&operation, Layout::Pretty), "{\n  a\n}");
        operation.kind = OperationKind::Mutation;
        assert_eq!(print_operation(&operation, Layout::Pretty), "mutation {\n  a\n}");
    }
}
