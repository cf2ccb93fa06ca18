//! Schemas from SDL to tables: what is accepted, what is refused or warned about and where, what introspection shows.

use std::sync::Arc;

use value::{Object, Str, Value, value};

use super::type_system::{AuthorizationDirective, TypeKind};
use super::{Loaded, Options, TypeSystem, introspection, load};
use crate::diagnostic::{Severity, Source};
use crate::execution::ast::{Argument, Document, Field, FragmentDefinition, FragmentSpread, Literal, Position, Selection};

fn load_all(texts: &[&str], strict: bool) -> Loaded {
    let documents: Vec<Arc<Source>> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| Arc::new(Source { path: format!("{at}.graphql"), text: (*text).to_owned() }))
        .collect();
    load(&documents, Options { strict, ..Options::default() })
}

/// The findings as `error rule line:column`.
fn findings(loaded: &Loaded) -> Vec<String> {
    let place = |place: &crate::diagnostic::Place| {
        let (line, column) = place.source.line_column(place.span.start);
        format!(" {line}:{column}")
    };
    loaded
        .diagnostics
        .iter()
        .map(|found| {
            let severity = if found.severity == Severity::Error { "error" } else { "warning" };
            format!("{severity} {}{}", found.rule, found.place.as_ref().map(place).unwrap_or_default())
        })
        .collect()
}

fn types(text: &str) -> TypeSystem {
    let loaded = load_all(&[text], false);
    let found = findings(&loaded);
    loaded.type_system.unwrap_or_else(|| panic!("refused: {found:?}\n{text}"))
}

#[test]
fn findings_have_rule_and_place() {
    const CASES: &[(&str, &[&str])] = &[
        ("type Query { a: Int }", &[]),
        ("schema { query: Q }\ntype Q { a: AWSDate b: AWSJSON }", &[]),
        ("scalar AWSDate\ntype Query { a: AWSDate }", &[]),
        ("directive @aws_iam on OBJECT | FIELD_DEFINITION\ntype Query @aws_iam { a: Int @aws_api_key }", &[]),
        ("directive @deprecated(reason: String) on FIELD_DEFINITION\ntype Query { a: Int @deprecated }", &[]),
        ("interface A { a: Int } interface B { b: Int }\ntype Query implements A, B { a: Int b: Int }", &[]),
        ("interface A { a: Int } interface B { b: Int }\ntype Query implements A B { a: Int b: Int }", &[]),
        ("\"d\" type Query {\n # c\n a: Int }", &[]),
        ("type Query { a: Long }", &[]),
        ("", &["error missing-query"]),
        ("type Mutation { a: Int }", &["error missing-query"]),
        ("schema { mutation: M }\ntype M { a: Int }", &["error missing-query 1:1"]),
        ("type Query { a: X b: Y }", &["error unknown-type 1:17", "error unknown-type 1:22"]),
        ("type Query { a: Int\n a: Int }", &["error duplicate-name 2:2"]),
        ("type Query { a: Int }\ntype Query { b: Int }", &["error duplicate-type 2:6"]),
        ("type Query { a: Int\n", &["error syntax 2:1"]),
        ("type Query {\n  a(b: Int:) : Int\n}", &["error syntax 2:11"]),
        ("type Query { a: Int } query { a }", &["error executable-definition 1:23"]),
        ("type Query { a: [Int] }\nextend type Query { b: Int }", &["warning type-extension 2:1"]),
        ("type Query { a: Int }\nextend type X { b: Int }", &["warning type-extension 2:1", "error orphan-extension 2:13"]),
        ("type Query @model {\n  a: Int @nope(x: 1)\n}", &["warning unknown-directive 1:12", "warning unknown-directive 2:10"]),
        ("scalar Money\ntype Query { a: Money }", &["warning custom-scalar 1:8"]),
        ("scalar AWSMoney\ntype Query { a: AWSMoney }", &["error reserved-name 1:8"]),
        ("type AWSThing { a: Int }\ntype Query { a: AWSThing }", &["error reserved-name 1:6"]),
        ("type __T { a: Int }\ntype Query { a: __T }", &["error reserved-name 1:6"]),
        ("type Query { __a: Int }", &["error reserved-name 1:14"]),
        (
            "interface A { a: Int }\ninterface B implements A { a: Int }\ntype Query implements A & B { a: Int }",
            &["warning interface-inheritance 2:24"],
        ),
        ("type Query { a(b: Int = 1): Int }", &["warning default-value 1:25"]),
        ("type Query { a(b: Int = \"x\"): Int }", &["error invalid-value 1:25"]),
        ("type Query { a(b: AWSDate = \"2020-02-30\"): Int }", &["error invalid-value 1:29"]),
        ("type Query { a(b: Query): Int }", &["error input-type 1:16"]),
        ("input I { a: Int }\ntype Query { a: I }", &["error output-type 2:14"]),
        ("input I { a: I! }\ntype Query { a(i: I): Int }", &["error recursive-definition 1:1"]),
        ("interface A { a: Int }\ntype Query implements A { b: Int }", &["error missing-interface-field 2:1"]),
        ("interface A { a: Int }\ntype Query implements A { a: String }", &["error interface-mismatch 2:27"]),
        ("union U = Int\ntype Query { u: U }", &["error union-member-type 1:11"]),
        ("enum E { A A }\ntype Query { e: E }", &["error duplicate-name 1:12"]),
        ("type Query { a: Int }\nenum E @aws_iam { A }", &["warning misplaced-directive 2:8"]),
        ("type Query { a: U }\nunion U @aws_api_key = Query", &["warning misplaced-directive 2:9"]),
        ("interface I @aws_iam { a: Int }\ntype Query implements I { a: Int }", &["warning misplaced-directive 1:13"]),
        ("interface I { a: Int @aws_iam }\ntype Query implements I { a: Int }", &["warning misplaced-directive 1:22"]),
        ("interface I { a: Int }\ntype Query implements I { a: Int @aws_iam }", &[]),
        (
            "input I @aws_cognito_user_pools(cognito_groups: [\"g\"]) { a: Int }\ntype Query { a(i: I): Int }",
            &["warning misplaced-directive 1:9"],
        ),
        (
            "type Query {\n  a: Int;\n  b: Int;\n};",
            &["warning stray-semicolon 2:9", "warning stray-semicolon 3:9", "warning stray-semicolon 4:2"],
        ),
        ("type Query { a: Int }\nenum E @deprecated { A }", &["error misplaced-directive 2:8"]),
        ("type Query { a: Int @aws_subscribe(mutations: [\"m\"]) }", &["error misplaced-directive 1:21"]),
        (
            "type Query { a: Int } type Mutation { m: Int! n: [Int] }\n\
             type Subscription { s: Int @aws_subscribe(mutations: [\"m\"]) }",
            &[],
        ),
        (
            "type Query { a: Int } type Mutation { m: Int }\n\
             type Subscription { s: Int @aws_subscribe(mutations: [\"m\", \"x\"]) }",
            &["error subscription-mutation 2:54"],
        ),
        (
            "type Query { a: Int } type Mutation { m: Int }\ntype Subscription { s: String @aws_subscribe(mutations: [\"m\"]) }",
            &["error subscription-type 2:24"],
        ),
        (
            "type Query { a: Int }\ntype Subscription { s: String @aws_subscribe(mutations: []) }",
            &["warning subscription-mutation 2:31"],
        ),
        ("type Query { a(i: I): Int } input I @oneOf { a: Int b: Int! }", &["warning one-of 1:35", "error one-of 1:53"]),
        ("type Query { a: Int @aws_auth(groups: [\"a\"]) }", &["error unknown-argument 1:31"]),
    ];
    for (text, expected) in CASES {
        let loaded = load_all(&[text], false);
        assert_eq!(findings(&loaded), *expected, "{text}\n{:#?}", loaded.diagnostics);
        let vague = |help: &Option<String>| help.as_deref().is_none_or(|help| help == super::findings::way_out(""));
        assert!(!loaded.diagnostics.iter().any(|found| vague(&found.help)), "a way out: {:#?}", loaded.diagnostics);
        let refused = expected.iter().any(|finding| finding.starts_with("error"));
        assert_eq!(loaded.type_system.is_none(), refused, "{text}");
    }
}

#[test]
fn strict_refuses_what_aws_refuses() {
    for text in [
        "scalar Money type Query { a: Money }",
        "type Query { a: Int } extend type Query { b: Int }",
        "interface A { a: Int } interface B implements A { a: Int } type Query implements A & B { a: Int }",
        "input I @oneOf { a: Int } type Query { a(i: I): Int }",
    ] {
        assert!(load_all(&[text], false).type_system.is_some(), "{text}");
        assert!(load_all(&[text], true).type_system.is_none(), "{text}");
    }
    assert!(load_all(&["type Query @model { a(b: Int = 1): Int }"], true).type_system.is_some());
}

#[test]
fn findings_stand_in_their_own_document_and_in_order() {
    let loaded = load_all(&["type Query {\n  b: B\n  x: X\n}", "# ü\ntype B {\n  é: Int }", "type B { a: Y }"], false);
    let found: Vec<String> = loaded
        .diagnostics
        .iter()
        .map(|found| format!("{} {}", found.place.as_ref().map_or("", |place| &place.source.path), found.rule))
        .collect();
    assert_eq!(found.first().map(String::as_str), Some("1.graphql syntax"), "{found:?}");

    let loaded = load_all(&["type Query {\n  b: B\n  x: X\n}", "# ü\ntype B { a: Int }", "type C { a: Y }\nscalar D"], false);
    let found: Vec<String> = loaded
        .diagnostics
        .iter()
        .map(|found| {
            let place = found.place.as_ref().expect("a place");
            let (line, column) = place.source.line_column(place.span.start);
            format!("{}:{line}:{column} {} `{}`", place.source.path, found.rule, &place.source.text[place.span.clone()])
        })
        .collect();
    assert_eq!(found, ["0.graphql:3:6 unknown-type `X`", "2.graphql:1:13 unknown-type `Y`", "2.graphql:2:8 custom-scalar `D`"]);
}

#[test]
fn messages_name_the_thing_and_the_way_out() {
    for (text, message, help) in [
        ("type Query { a: X }", "there is no type `X`", "define `X` in one of the schema documents, or correct the name"),
        ("type Post { a: Int } type Query { a: post }", "there is no type `post`", "did you mean `Post`?"),
        ("type Query { a: Strin }", "there is no type `Strin`", "did you mean `String`?"),
        ("type Query { a: Int", "expected `}`, found the end of the document", ""),
        ("type Query { a(b: Int:): Int }", "expected `)`, found `:`", ""),
        ("scalar X @aws_iam type Query { a: X }", "`@aws_iam` has no effect at SCALAR", "protects object types and fields only"),
        ("type Query { a(b: Int = 1.5): Int }", "the default value of `Query.a(b:)` is not a value of `Int`", ""),
        ("type Mutation { a: Int }", "the schema has no query root", "define `type Query { … }`"),
        ("type Query @model { a: Int }", "the directive `@model` is unknown and has no effect", "Amplify's transformer"),
        ("type Query @aws_apikey { a: Int }", "`@aws_apikey` is unknown", "did you mean `@aws_api_key`?"),
        ("type Query @aws_cognito_user_pool { a: Int }", "is unknown", "did you mean `@aws_cognito_user_pools`?"),
        ("type Query { a(b: Int = 1): Int }", "AWS drops the default value of `Query.a(b:)`", "it works here"),
    ] {
        let loaded = load_all(&[text], false);
        let first = loaded.diagnostics.iter().max_by_key(|found| found.severity).expect("a finding");
        assert!(first.message.contains(message), "{first:?}");
        assert!(first.help.as_deref().unwrap_or_default().contains(help), "{first:?}");
    }
}

#[test]
fn hostile_schemas_are_refused_without_harm() {
    let nested_type = format!("type Query {{ a: {}Int{} }}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(findings(&load_all(&[&nested_type], false)), ["error nesting-too-deep 1:216"]);
    let nested_value = format!("type Query {{ a(b: [Int] = {}1{}): Int }}", "[".repeat(50_000), "]".repeat(50_000));
    assert!(findings(&load_all(&[&nested_value], false))[0].starts_with("error nesting-too-deep"));
    let unclosed = "{".repeat(100_000);
    assert!(findings(&load_all(&[&unclosed], false))[0].starts_with("error nesting-too-deep"));
    let large = format!("type Query {{ a: Int }} #{}", "x".repeat(super::MAX_SCHEMA_BYTES));
    assert_eq!(findings(&load_all(&[&large], false)), ["error schema-too-large 1:1"]);
    let document = Arc::new(Source { path: "large.graphql".into(), text: large });
    assert!(load(&[document], Options { max_bytes: 2 << 20, ..Options::default() }).type_system.is_some());
    // Nesting that is allowed must not overflow either: 198 brackets inside the braces.
    let deep = format!("type Query {{ a: {}Int{} }}", "[".repeat(198), "]".repeat(198));
    assert!(load_all(&[&deep], false).type_system.is_some());
    // A default value whose input type defaults to itself.
    let endless = "input I { i: I = {} } type Query { a(i: I = {}): Int }";
    assert!(load_all(&[endless], false).type_system.is_none());
    // Breadth; and a report stays readable.
    let unknown = load_all(&[&format!("type Query {{ a: Int {} }}", "@x ".repeat(5_000))], false);
    assert_eq!(unknown.diagnostics.len(), super::load::MAX_FINDINGS + 1);
    assert_eq!(findings(&unknown).last().map(String::as_str), Some("warning more-findings"));
    assert!(unknown.type_system.is_some());
    let fields: String = (0..20_000).map(|at| format!("f{at}: Int\n")).collect();
    assert!(load_all(&[&format!("type Query {{ {fields} }}")], false).type_system.is_some());
    // A large mistake: each unknown name is looked for among many that exist.
    let unknown: String = (0..15_000).map(|at| format!("type T{at} {{ a: X{at} }}\n")).collect();
    assert!(load_all(&[&unknown], false).type_system.is_none());
    let members = "| A ".repeat(50_000);
    assert!(load_all(&[&format!("type Query {{ a: Int }} union U = {members}")], false).type_system.is_none());
    let interfaces = "A, ".repeat(50_000);
    assert!(load_all(&[&format!("type Query implements {interfaces} B {{ a: Int }}")], false).type_system.is_none());
}

#[test]
fn tables_hold_what_the_schema_says() {
    let types = types(
        "interface Node { id: ID! }\nunion U = B | A\nenum E { X Y }\n\
         input I { a: [Int!]! = [1, 2] b: E = Y c: I d: F = 3 }\nscalar F\n\
         type A implements Node @aws_iam { id: ID! u(i: I = {}, e: [E] = X): U }\n\
         type B implements Node { id: ID! @aws_cognito_user_pools(cognito_groups: [\"a\", \"b\"]) @aws_api_key }\n\
         type Query { node: Node @aws_auth(cognito_groups: \"g\") pools: Int @aws_cognito_user_pools }\n\
         type Mutation { m: A n: A }\n\
         type Subscription { s: A @aws_subscribe(mutations: [\"m\", \"n\"]) }",
    );
    let id = |name: &str| types.by_name(name).expect(name).0;
    assert_eq!(types.query, id("Query"));
    assert_eq!((types.mutation, types.subscription), (Some(id("Mutation")), Some(id("Subscription"))));
    assert_eq!(types.possible_types(id("Node")), [id("A"), id("B")]);
    assert_eq!(types.possible_types(id("U")), [id("B"), id("A")]);
    assert_eq!(types.get(id("E")).enum_values().map(|values| values.keys().map(|key| &**key).collect()), Some(vec!["X", "Y"]));
    let argument = &types.field(id("A"), "u").expect("u").arguments;
    assert_eq!(argument["i"].default, Some(value!({"a": [1, 2], "b": "Y", "d": 3})));
    assert_eq!(argument["e"].default, Some(value!(["X"])));
    assert_eq!(types.display(&types.input_field(id("I"), "a").expect("a").ty), "[Int!]!");
    assert_eq!(types.get(id("A")).authorization, [AuthorizationDirective::Iam]);
    let groups = |groups: &[&str]| Some(groups.iter().map(|group| Str::from(*group)).collect());
    assert_eq!(
        types.field(id("B"), "id").expect("id").authorization,
        [AuthorizationDirective::CognitoUserPools { groups: groups(&["a", "b"]) }, AuthorizationDirective::ApiKey]
    );
    assert_eq!(
        types.field(id("Query"), "node").expect("node").authorization,
        [AuthorizationDirective::Auth { groups: groups(&["g"]) }]
    );
    assert_eq!(
        types.field(id("Query"), "pools").expect("pools").authorization,
        [AuthorizationDirective::CognitoUserPools { groups: None }]
    );
    assert_eq!(types.field(id("Subscription"), "s").expect("s").subscribe_mutations, [Str::from("m"), Str::from("n")]);
    assert!(matches!(types.get(id("F")).kind, TypeKind::Scalar(super::Scalar::Custom)));
    assert_eq!(types.directives.keys().map(|name| &**name).collect::<Vec<_>>(), ["skip", "include"]);
    assert!(types.by_name("AWSDate").is_none(), "unused scalars do not exist");
}

#[test]
fn subtypes_and_overlaps_follow_the_specification() {
    let types = types(
        "interface N { a: Int } interface M { a: Int } union U = A | C\n\
         type A implements N { a: Int s: [N!]! t: [N] u: [A!]! } type B implements N & M { a: Int } type C { a: Int }\n\
         type Query { a: A b: B c: C }",
    );
    let id = |name: &str| types.by_name(name).expect(name).0;
    for (a, b, overlap) in [
        ("A", "A", true),
        ("A", "B", false),
        ("A", "N", true),
        ("C", "N", false),
        ("U", "N", true),
        ("U", "M", false),
        ("N", "M", true),
        ("U", "C", true),
        ("U", "B", false),
    ] {
        assert_eq!(types.types_overlap(id(a), id(b)), overlap, "{a} {b}");
        assert_eq!(types.types_overlap(id(b), id(a)), overlap, "{b} {a}");
    }
    let ty = |field: &str| &types.field(id("A"), field).expect(field).ty;
    for (sub, of, holds) in [("s", "t", true), ("t", "s", false), ("u", "s", true), ("u", "t", true), ("s", "u", false)] {
        assert_eq!(types.is_subtype(ty(sub), ty(of)), holds, "{sub} {of}");
    }
    assert!(types.implements(id("A"), id("N")) && !types.implements(id("C"), id("N")));
    assert!(types.is_possible(id("U"), id("C")) && !types.is_possible(id("U"), id("B")));
}

fn field(name: &str, arguments: &[(&str, Literal)], selection_set: Vec<Selection>) -> Field {
    let argument =
        |(name, value): &(&str, Literal)| Argument { name: (*name).into(), value: value.clone(), position: Position::default() };
    Field {
        alias: None,
        name: name.into(),
        arguments: arguments.iter().map(argument).collect(),
        directives: Vec::new(),
        selection_set,
        position: Position::default(),
    }
}

fn select(name: &str, selection_set: Vec<Selection>) -> Selection {
    Selection::Field(field(name, &[], selection_set))
}

fn names(names: &[&str]) -> Vec<Selection> {
    names.iter().map(|name| select(name, Vec::new())).collect()
}

fn spread(name: &str) -> Selection {
    Selection::FragmentSpread(FragmentSpread { name: name.into(), directives: Vec::new(), position: Position::default() })
}

fn fragment(name: &str, on: &str, selection_set: Vec<Selection>) -> FragmentDefinition {
    FragmentDefinition {
        name: name.into(),
        type_condition: on.into(),
        directives: Vec::new(),
        selection_set,
        position: Position::default(),
    }
}

/// The query of graphql-js's `getIntrospectionQuery`, as our tree.
fn full_query() -> (Field, Document) {
    let all = |name: &str, selections: Vec<Selection>| {
        Selection::Field(field(name, &[("includeDeprecated", Literal::Boolean(true))], selections))
    };
    let with = |mut leaves: Vec<Selection>, more: Vec<Selection>| {
        leaves.extend(more);
        leaves
    };
    let mut reference = names(&["kind", "name"]);
    for _ in 0..7 {
        reference = with(names(&["kind", "name"]), vec![select("ofType", reference)]);
    }
    let schema = vec![
        select("queryType", names(&["name"])),
        select("mutationType", names(&["name"])),
        select("subscriptionType", names(&["name"])),
        select("types", vec![spread("FullType")]),
        select(
            "directives",
            with(names(&["name", "description", "locations"]), vec![select("args", vec![spread("InputValue")])]),
        ),
    ];
    let deprecation = || names(&["isDeprecated", "deprecationReason"]);
    let full = with(
        names(&["kind", "name", "description"]),
        vec![
            all(
                "fields",
                with(
                    with(names(&["name", "description"]), deprecation()),
                    vec![select("args", vec![spread("InputValue")]), select("type", vec![spread("TypeRef")])],
                ),
            ),
            select("inputFields", vec![spread("InputValue")]),
            select("interfaces", vec![spread("TypeRef")]),
            all("enumValues", with(names(&["name", "description"]), deprecation())),
            select("possibleTypes", vec![spread("TypeRef")]),
        ],
    );
    let fragments = vec![
        fragment("FullType", "__Type", full),
        fragment(
            "InputValue",
            "__InputValue",
            with(names(&["name", "description", "defaultValue"]), vec![select("type", vec![spread("TypeRef")])]),
        ),
        fragment("TypeRef", "__Type", reference),
        fragment("Unused", "Query", names(&["nothing"])),
    ];
    (field("__schema", &[], schema), Document { fragments, ..Document::default() })
}

fn introspect(types: &TypeSystem) -> Value {
    let (root, document) = full_query();
    Value::from(introspection::execute(types, &[&root], &document, &[], &Object::new()).expect("an answer"))
}

fn type_named<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    let types = schema.at(&["__schema", "types"]).as_list()?;
    types.iter().find(|ty| ty.at(&["name"]).as_str() == Some(name))
}

#[test]
fn introspection_of_a_plain_schema_is_what_the_plain_library_gives() {
    const SDL: &str = "\"the root\" type Query { \"a field\" a(b: Int = 5, c: [I!]): [A!]! @deprecated(reason: \"old\") }\n\
        interface N { id: ID! }\ntype A implements N { id: ID! e: E u: U f: Float }\nunion U = A | Query\n\
        enum E { X @deprecated Y }\ninput I { s: String = \"x\" e: E = X }\n\
        directive @mine(a: Int) repeatable on FIELD | OBJECT\nschema { query: Query }";
    let ours = introspect(&types(SDL));
    let plain = apollo_compiler::Schema::parse_and_validate(SDL, "plain").expect("valid");
    let plain = TypeSystem { document: plain, ..types(SDL) };
    let theirs = introspect(&plain);
    assert_eq!(ours.to_json(), theirs.to_json());
    assert!(ours.to_json().len() > 10_000);
}

#[test]
fn introspection_shows_used_aws_names_and_no_others() {
    let schema =
        introspect(&types("type Query @aws_iam { d: AWSDate j(t: [AWSTime]): Int # not a description\n # of x\n x: Int }"));
    let known = |name: &str| type_named(&schema, name).is_some();
    assert!(known("AWSDate") && known("AWSTime") && !known("AWSJSON") && !known("Long"));
    let directives: Vec<_> =
        schema.at(&["__schema", "directives"]).as_list().expect("a list").iter().map(|one| one.at(&["name"]).clone()).collect();
    assert_eq!(directives, ["skip", "include", "deprecated", "specifiedBy", "aws_iam"].map(Value::from));
    let fields = type_named(&schema, "Query").expect("Query").at(&["fields"]).as_list().expect("fields");
    assert_eq!(fields[2].at(&["description"]), &value!("of x"));
    assert_eq!(fields[1].at(&["description"]), &Value::Null);
}

#[test]
fn a_type_is_found_by_name_and_variable() {
    use crate::execution::ast::{TypeReference, VariableDefinition};
    let types = types("type Query { a: Int }");
    let definition = |name: &str, ty: TypeReference| VariableDefinition {
        name: name.into(),
        ty,
        default: None,
        directives: Vec::new(),
        position: Position::default(),
    };
    let string = TypeReference::NonNull(Box::new(TypeReference::Named("String".into())));
    let definitions = [definition("n", string), definition("unused", TypeReference::Named("Nowhere".into()))];
    let mut root = field("__type", &[("name", Literal::Variable("n".into()))], names(&["kind", "__typename"]));
    root.alias = Some("t".into());
    let document = Document::default();
    assert!(introspection::depends_on_variables(&[&root], &document));
    for (name, expected) in [
        ("Query", r#"{"t":{"kind":"OBJECT","__typename":"__Type"}}"#),
        ("Int", r#"{"t":{"kind":"SCALAR","__typename":"__Type"}}"#),
        ("Nope", r#"{"t":null}"#),
    ] {
        let mut variables = Object::new();
        variables.insert("n", name);
        variables.insert("other", 1);
        let answer = introspection::execute(&types, &[&root], &document, &definitions, &variables).expect("an answer");
        assert_eq!(Value::from(answer).to_json(), expected);
    }
    let missing = introspection::execute(&types, &[&root], &document, &definitions, &Object::new());
    assert!(matches!(missing, Err(introspection::IntrospectionFault::Invalid(_))), "{missing:?}");
}

#[test]
fn introspection_refuses_what_would_explode_or_is_not_its_own() {
    let types = types("type Query { a: Int }");
    let mut selections = names(&["name"]);
    for _ in 0..6 {
        selections = vec![select("fields", vec![select("type", selections)])];
    }
    let root = field("__schema", &[], vec![select("types", selections)]);
    let run = |root: &Field| introspection::execute(&types, &[root], &Document::default(), &[], &Object::new());
    assert_eq!(run(&root), Err(introspection::IntrospectionFault::TooDeep));
    assert!(matches!(run(&field("a", &[], Vec::new())), Err(introspection::IntrospectionFault::Invalid(_))));
    let unknown = run(&field("__schema", &[], names(&["nope"])));
    assert!(matches!(unknown, Err(introspection::IntrospectionFault::Invalid(_))));
}

#[test]
fn no_text_makes_loading_panic_and_every_place_is_in_its_text() {
    use proptest::prelude::*;
    let token = prop_oneof![
        Just("type"),
        Just("Query"),
        Just("interface"),
        Just("implements"),
        Just("A"),
        Just("B"),
        Just(","),
        Just("&"),
        Just("{"),
        Just("}"),
        Just("("),
        Just(")"),
        Just("["),
        Just("]"),
        Just("!"),
        Just(":"),
        Just("="),
        Just("|"),
        Just("@aws_iam"),
        Just("@"),
        Just("union"),
        Just("enum"),
        Just("input"),
        Just("scalar"),
        Just("directive"),
        Just("extend"),
        Just("schema"),
        Just("query"),
        Just("on"),
        Just("\"d\""),
        Just("\"\"\"é\n\"\"\""),
        Just("\""),
        Just("# é\n"),
        Just("\n"),
        Just("1"),
        Just("-1.5e3"),
        Just("$x"),
        Just("..."),
        Just("Int"),
        Just("a: Int"),
        Just("{ a: Int }"),
        Just("(a: [Int!]! = [1])"),
        Just("é"),
        Just("\u{feff}"),
        Just("\0"),
    ];
    let soup = prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.join(" "));
    proptest!(ProptestConfig::with_cases(300), |(text in prop_oneof![4 => soup, 1 => ".*"])| {
        let loaded = load_all(&["type Query { a: Int }", &text], false);
        let errors = loaded.diagnostics.iter().any(|found| found.severity == Severity::Error);
        prop_assert_eq!(errors, loaded.type_system.is_none());
        for place in loaded.diagnostics.iter().filter_map(|found| found.place.as_ref()) {
            prop_assert!(place.source.text.get(place.span.clone()).is_some(), "{place:?}");
        }
    });
}
