//! Every row of the contract's table of variable errors, and what arguments become.

use value::{Object, Value, value};

use super::super::parser::parse;
use super::super::validation::testing::types;
use super::super::validation::{ValidationOptions, validate};
use super::*;

/// The coerced variables of the first operation, or the error with its places.
fn coerced(query: &str, provided: &str) -> Result<String, String> {
    let types = types();
    let document = parse(query).unwrap_or_else(|fault| panic!("{query}: {fault}"));
    assert_eq!(validate(&types, &document, ValidationOptions::default()), [], "{query}");
    let provided = Value::parse(provided.as_bytes()).expect("JSON");
    match coerce_variables(&types, &document.operations[0].variables, provided.as_object().expect("an object")) {
        Ok(object) => Ok(Value::from(object).to_json()),
        Err(error) => {
            let places = error.locations.map(|places| {
                places.iter().map(|place| format!("{}:{}", place.line, place.column)).collect::<Vec<_>>().join(" ")
            });
            Err(format!("{} [{}]", error.message, places.unwrap_or_else(|| "null".to_owned())))
        }
    }
}

#[test]
fn variables_follow_the_contract() {
    let id = "query ($id: ID!) { id(id: $id) }";
    let int = "query ($v: Int) { int(value: $v) }";
    let list = "query ($v: [Int!]) { list(values: $v) }";
    let point = "query ($p: Point) { point(point: $p) }";
    let create = "mutation ($outside_input: Create!) { create(input: $outside_input) { id } }";
    let required = r#""input_name": "n", "test": "t""#;
    for (query, provided, expected) in [
        (id, r#"{}"#, Err("Variable 'id' has coerced Null value for NonNull type 'ID!' [1:8]")),
        (id, r#"{"id": null}"#, Err("Variable 'id' has coerced Null value for NonNull type 'ID!' [1:8]")),
        (id, r#"{"id": "a", "other": 1}"#, Ok(r#"{"id":"a"}"#)),
        (id, r#"{"id": 7}"#, Ok(r#"{"id":"7"}"#)),
        (int, r#"{}"#, Ok(r#"{}"#)),
        (int, r#"{"v": null}"#, Ok(r#"{"v":null}"#)),
        (int, r#"{"v": "x"}"#, Err("Variable 'v' has an invalid value. Expected type 'Int' but was 'String'. [1:8]")),
        (int, r#"{"v": {}}"#, Err("Variable 'v' has an invalid value. Expected type 'Int' but was 'LinkedHashMap'. [1:8]")),
        ("query ($v: Int = 3) { int(value: $v) }", r#"{}"#, Ok(r#"{"v":3}"#)),
        ("query ($v: Int = 3) { int(value: $v) }", r#"{"v": null}"#, Ok(r#"{"v":3}"#)),
        ("query ($v: [Int!] = 3) { list(values: $v) }", r#"{}"#, Ok(r#"{"v":[3]}"#)),
        (list, r#"{"v": 1}"#, Ok(r#"{"v":[1]}"#)),
        (list, r#"{"v": [1, 2]}"#, Ok(r#"{"v":[1,2]}"#)),
        (list, r#"{"v": [1, null]}"#, Err("Variable 'v' has coerced Null value for NonNull type 'Int!' [1:8]")),
        ("query ($v: [[Int]]) { nested(values: $v) }", r#"{"v": [1, [2], null]}"#, Ok(r#"{"v":[[1],[2],null]}"#)),
        ("query ($c: Color) { color(value: $c) }", r#"{"c": "RED"}"#, Ok(r#"{"c":"RED"}"#)),
        (
            "query ($c: Color) { color(value: $c) }",
            r#"{"c": "PINK"}"#,
            Err("Variable 'c' has an invalid value. Invalid input for Enum 'Color'. No value found for name 'PINK' [1:8]"),
        ),
        (point, r#"{"p": {"label": "l", "x": 1}}"#, Ok(r#"{"p":{"x":1,"y":0,"label":"l"}}"#)),
        (point, r#"{"p": {"x": 1, "y": null}}"#, Ok(r#"{"p":{"x":1,"y":0}}"#)),
        (point, r#"{"p": {"x": 1, "label": null}}"#, Ok(r#"{"p":{"x":1,"y":0,"label":null}}"#)),
        (point, r#"{"p": {"x": 1, "at": {"x": 2}}}"#, Ok(r#"{"p":{"x":1,"y":0,"at":{"x":2,"y":0}}}"#)),
        (point, r#"{"p": {"x": 1, "at": {}}}"#, Err("Variable 'p' has coerced Null value for NonNull type 'Int!' [1:8]")),
        (
            point,
            r#"{"p": "s"}"#,
            Err("Variable 'p' has an invalid value. Expected type 'Map' but was 'String'. \
                 Variables for input objects must be an instance of type 'Map'. [1:8]"),
        ),
        (
            point,
            r#"{"p": {"x": 1, "at": 5}}"#,
            Err("Variable 'at' has an invalid value. Expected type 'Map' but was 'Integer'. \
                 Variables for input objects must be an instance of type 'Map'. [1:8]"),
        ),
        (
            point,
            r#"{"p": {"zz": 1}}"#,
            Err("The variables input contains a field that is not defined for input object type 'Point'  [null]"),
        ),
        (
            create,
            r#"{"outside_input": {"input_name": "n"}}"#,
            Err("Variable 'outside_input' has coerced Null value for NonNull type 'String!' [1:11]"),
        ),
        (
            create,
            &format!(r#"{{"outside_input": {{{required}, "phone": "1110004444"}}}}"#),
            Err("Variable 'phone' has an invalid value. Unable to parse `1110004444` as a valid phone number. [1:11]"),
        ),
        (
            create,
            &format!(r#"{{"outside_input": {{{required}, "updatedAt": "2019"}}}}"#),
            Err("Variable 'updatedAt' has an invalid value. Unable to parse `2019` as a valid DateTime Object. [1:11]"),
        ),
        (
            create,
            &format!(r#"{{"outside_input": {{{required}, "json": "{{\"a\":1}}"}}}}"#),
            Ok(r#"{"outside_input":{"input_name":"n","test":"t","json":{"a":1},"color":"RED"}}"#),
        ),
        ("query ($c: Choice) { choice(choice: $c) }", r#"{"c": {"b": "x"}}"#, Ok(r#"{"c":{"b":"x"}}"#)),
        (
            "query ($c: Choice) { choice(choice: $c) }",
            r#"{"c": {"a": 1, "b": "x"}}"#,
            Err("Variable 'c' has an invalid value. Exactly one key must be specified for OneOf type 'Choice'. [1:8]"),
        ),
        (
            "query ($s: Strict) { strict(strict: $s) }",
            r#"{"s": {}}"#,
            Err("Variable 's' has coerced Null value for NonNull type 'Int!' [1:8]"),
        ),
    ] {
        let got = coerced(query, provided);
        assert_eq!(got.as_deref().map_err(String::as_str), expected, "{query} {provided}");
    }
}

#[test]
fn operations_are_selected_by_name() {
    let one = parse("query A { int }").expect("valid");
    let two = parse("query A { int } query B { int }").expect("valid");
    let none = parse("fragment F on Query { int }").expect("valid");
    let several = "Must provide operation name if query contains multiple operations.";
    for (document, name, expected) in [
        (&one, None, Ok(Some("A"))),
        (&one, Some(""), Ok(Some("A"))),
        (&one, Some("A"), Ok(Some("A"))),
        (&one, Some("X"), Err("Unknown operation named 'X'.")),
        (&two, Some("B"), Ok(Some("B"))),
        (&two, None, Err(several)),
        (&none, None, Err("Must provide an operation.")),
    ] {
        let got = select_operation(document, name);
        assert_eq!(
            got.map(|operation| operation.name.as_deref()).map_err(|error| error.message),
            expected.map_err(str::to_owned)
        );
    }
}

#[test]
fn a_missing_root_is_named() {
    let types = super::super::validation::testing::type_system("type Query { a: Int }");
    for (query, expected) in [
        ("mutation { a }", Some("Schema is not configured for mutations.")),
        ("subscription { a }", Some("Schema is not configured for subscriptions.")),
        ("{ a }", None),
    ] {
        let document = parse(query).expect("valid");
        let got = root_type(&types, &document.operations[0]);
        assert_eq!(got.err().map(|error| error.message).as_deref(), expected, "{query}");
    }
}

/// The arguments of the first field as JSON.
fn arguments(query: &str, variables: &Object) -> String {
    let types = types();
    let document = parse(query).unwrap_or_else(|fault| panic!("{query}: {fault}"));
    assert_eq!(validate(&types, &document, ValidationOptions::default()), [], "{query}");
    let super::super::ast::Selection::Field(field) = &document.operations[0].selection_set[0] else {
        panic!("{query} begins with a field");
    };
    let definition = types.field(types.query, &field.name).expect("a field of the query root");
    let compiled = compile_arguments(&types, &definition.arguments, &field.arguments);
    if !query.contains('$') {
        assert!(compiled.iter().all(|(_, template)| template.as_constant().is_some()), "{query}");
    }
    let object: Object = compiled.into_iter().map(|(name, template)| (name, template.instantiate(variables))).collect();
    Value::from(object).to_json()
}

#[test]
fn arguments_are_compiled_once_and_filled_with_variables() {
    let given: Object = [("v", value!(9)), ("n", Value::Null)].into_iter().collect();
    for (query, expected) in [
        ("{ int }", r#"{}"#),
        ("{ color }", r#"{"value":"GREEN"}"#),
        ("{ color(value: null) }", r#"{"value":null}"#),
        ("{ default }", r#"{"value":5}"#),
        ("{ required(b: \"x\", a: 1) }", r#"{"a":1,"b":"x"}"#),
        ("{ int(value: 1, value: 2) }", r#"{"value":2}"#),
        ("{ list(values: 1) }", r#"{"values":[1]}"#),
        ("{ nested(values: [1, [2]]) }", r#"{"values":[[1],[2]]}"#),
        ("{ id(id: 7) }", r#"{"id":"7"}"#),
        ("{ json(data: \"{\\\"a\\\":1}\") }", r#"{"data":{"a":1}}"#),
        ("{ json(anything: {b: [1, RED, 1.50], a: null}) }", r#"{"anything":{"b":[1,"RED",1.50],"a":null}}"#),
        ("{ point(point: {label: \"l\", x: 1}) }", r#"{"point":{"x":1,"y":0,"label":"l"}}"#),
        ("{ point(point: {x: 1, y: null}) }", r#"{"point":{"x":1,"y":null}}"#),
        ("{ points(points: {x: 1}) }", r#"{"points":[{"x":1,"y":0}]}"#),
        ("query ($u: Int) { int(value: $u) }", r#"{"value":null}"#),
        ("query ($u: Color) { color(value: $u) }", r#"{"value":null}"#),
        ("query ($v: Int) { int(value: $v) }", r#"{"value":9}"#),
        ("query ($v: Int!, $u: Int) { point(point: {x: $v, y: $u}) }", r#"{"point":{"x":9}}"#),
        ("query ($v: Int!, $n: Int) { point(point: {x: $v, y: $n}) }", r#"{"point":{"x":9,"y":0}}"#),
        ("query ($v: Int!, $n: String) { point(point: {x: $v, label: $n}) }", r#"{"point":{"x":9,"y":0,"label":null}}"#),
        ("query ($v: Int, $u: Int) { nested(values: [[$v, $u], [1]]) }", r#"{"values":[[9,null],[1]]}"#),
    ] {
        assert_eq!(arguments(query, &given), expected, "{query}");
    }
}
