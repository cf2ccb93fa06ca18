//! Every row of the contract's table of validation errors: document -> full messages with places.

use super::super::parser::parse;
use super::testing::types;
use super::{MAX_ERRORS, ValidationOptions, validate};

fn messages(query: &str, options: ValidationOptions) -> Vec<String> {
    let document = parse(query).unwrap_or_else(|fault| panic!("{query}: {fault}"));
    let place = |place: &super::Position| format!("{}:{}", place.line, place.column);
    validate(&types(), &document, options)
        .into_iter()
        .map(|error| {
            let rest = error.message.strip_prefix("Validation error of type ").expect("every message begins so");
            assert!(rest.starts_with(&format!("{}: ", error.kind)), "{rest}");
            let places: Vec<_> = error.locations.iter().map(place).collect();
            format!("{rest} [{}]", places.join(" "))
        })
        .collect()
}

#[track_caller]
fn check(query: &str, expected: &[&str]) {
    assert_eq!(messages(query, ValidationOptions::default()), expected, "{query}");
}

#[test]
fn valid_documents_have_no_errors() {
    for query in [
        "{ __typename dog { name } }",
        "{ __schema { types { name fields { name } } } __type(name: \"Dog\") { kind } }",
        "query Q($id: ID!, $c: Color = RED) { id(id: $id) color(value: $c) }",
        "{ pet { ...P ... on Dog { barks } } } fragment P on Pet { name mate { ...on Cat { meows } } }",
        "{ catOrDog { __typename ... on Pet { name } ... on Cat { color } } }",
        "query($x: Int!, $y: Int) { point(point: {x: $x, y: $y, at: {x: 1}, tags: \"a\"}) }",
        "{ list(values: 1) nested(values: [[1], 2, null]) float(value: 1) id(id: 7) }",
        "query($yes: Boolean!) { dog @include(if: $yes) { name @skip(if: false) @note(text: \"t\") } }",
        "query($a: Int @note(text: \"t\")) { int(value: $a) }",
        "{ json(data: \"{\\\"a\\\": 1}\", anything: {a: [1, \"x\"]}) default }",
        "subscription { onAny { id } }",
        "{ int(value: 1) int(value: 1) dog { name } dog { name barks } }",
        "{ a: int(value: 1, value: 2) }",
    ] {
        check(query, &[]);
    }
}

#[test]
fn fields_and_selections() {
    check("{ badfield }", &["FieldUndefined: Field 'badfield' in type 'Query' is undefined @ 'badfield' [1:3]"]);
    check(
        "subscription {\n  onAny {\n    _deleted\n  }\n}",
        &["FieldUndefined: Field '_deleted' in type 'Dog' is undefined @ 'onAny/_deleted' [3:5]"],
    );
    check("{ alias: nope }", &["FieldUndefined: Field 'nope' in type 'Query' is undefined @ 'nope' [1:3]"]);
    check("{ catOrDog { name } }", &["FieldUndefined: Field 'name' in type 'CatOrDog' is undefined @ 'catOrDog/name' [1:14]"]);
    check(
        "{ dog { __schema { types { name } } } }",
        &["FieldUndefined: Field '__schema' in type 'Dog' is undefined @ 'dog/__schema' [1:9]"],
    );
    check(
        "{ human { friend } }",
        &["SubSelectionRequired: Sub selection required for type Human of field friend @ 'human/friend' [1:11]"],
    );
    check("{ pets }", &["SubSelectionRequired: Sub selection required for type null of field pets @ 'pets' [1:3]"]);
    check("{ int { a } }", &["SubSelectionNotAllowed: Sub selection not allowed on leaf type Int of field int @ 'int' [1:3]"]);
}

#[test]
fn introspection_can_be_disabled() {
    let disabled = ValidationOptions { introspection: false };
    assert_eq!(
        messages(
            "{ __typename __schema { types { name } queryType { name } __typename } __type(name: \"Dog\") { name } }",
            disabled
        ),
        [
            "FieldUndefined: Field 'types' in type '__Schema' is undefined @ '__schema/types' [1:25]",
            "FieldUndefined: Field 'queryType' in type '__Schema' is undefined @ '__schema/queryType' [1:40]",
            "FieldUndefined: Field 'name' in type '__Type' is undefined @ '__type/name' [1:94]",
        ]
    );
    assert!(messages("{ __typename dog { __typename } }", disabled).is_empty());
}

#[test]
fn arguments_known_and_given() {
    check("subscription { onCreate { id } }", &["MissingFieldArgument: Missing field argument owner @ 'onCreate' [1:16]"]);
    check(
        "{ required }",
        &[
            "MissingFieldArgument: Missing field argument a @ 'required' [1:3]",
            "MissingFieldArgument: Missing field argument b @ 'required' [1:3]",
        ],
    );
    check("{ dog { knows(zz: 1) } }", &["UnknownArgument: Unknown field argument zz @ 'dog/knows' [1:15]"]);
    check("{ __type { name } }", &["MissingFieldArgument: Missing field argument name @ '__type' [1:3]"]);
}

#[test]
fn directives() {
    check("{ dog @nope { name } }", &["UnknownDirective: Unknown directive nope @ 'dog' [1:7]"]);
    check("{ dog @skip(if: true, x: 1) { name } }", &["UnknownDirective: Unknown directive argument x @ 'dog' [1:23]"]);
    check("{ dog @skip { name } }", &["MissingDirectiveArgument: Missing directive argument if @ 'dog' [1:7]"]);
    check("query @skip(if: true) { dog { name } }", &["MisplacedDirective: Directive skip not allowed here [1:7]"]);
    check(
        "{ dog @skip(if: 1) { name } }",
        &["WrongType: argument 'if' with value 'IntValue{value=1}' is not a valid 'Boolean' @ 'dog' [1:13]"],
    );
    check(
        "{ int @nope(x: 1) }",
        &["UnknownDirective: Unknown directive nope @ 'int' [1:7]", "UnknownArgument: Unknown field argument x @ 'int' [1:13]"],
    );
    check(
        "{ ...F @note(text: \"a\") } fragment F on Query @skip(if: true) { int }",
        &[
            "MisplacedDirective: Directive note not allowed here [1:8]",
            "MisplacedDirective: Directive skip not allowed here @ 'F' [1:47]",
        ],
    );
}

#[test]
fn literals_of_the_wrong_type() {
    check(
        "mutation { sendEmail(data: {upvotes: 10}) }",
        &[
            "WrongType: argument 'data' with value 'ObjectValue{objectFields=[ObjectField{name='upvotes', value=IntValue{value=10}}]}' \
         is not a valid 'AWSJSON' @ 'sendEmail' [1:22]",
        ],
    );
    check(
        "mutation { createTest(input: {input_name: \"a\"}) { id } }",
        &["WrongType: argument 'input' with value 'ObjectValue{objectFields=[ObjectField{name='input_name', \
         value=StringValue{value='a'}}]}' is missing required fields '[test]' @ 'createTest' [1:23]"],
    );
    check(
        "mutation { createTest(input: {}) { id } }",
        &[
            "WrongType: argument 'input' with value 'ObjectValue{objectFields=[]}' is missing required fields '[input_name, test]' \
         @ 'createTest' [1:23]",
        ],
    );
    check(
        "{ point(point: 1) }",
        &["WrongType: argument 'point' with value 'IntValue{value=1}' must be an object type @ 'point' [1:9]"],
    );
    check(
        "{ point(point: {x: null}) }",
        &["WrongType: argument 'point.x' with value 'NullValue{}' must not be null @ 'point' [1:9]"],
    );
    check(
        "{ point(point: {x: 1, fooBar: 2}) }",
        &["WrongType: argument 'point' with value 'ObjectValue{objectFields=[ObjectField{name='x', value=IntValue{value=1}}, \
         ObjectField{name='fooBar', value=IntValue{value=2}}]}' contains a field not in 'Point': 'fooBar' @ 'point' [1:9]"],
    );
    check(
        "{ points(points: [{x: 1}, {x: 1, at: {x: \"a\"}}]) }",
        &["WrongType: argument 'points[1].at.x' with value 'StringValue{value='a'}' is not a valid 'Int' @ 'points' [1:10]"],
    );
    check(
        "{ list(values: [1, null]) }",
        &["WrongType: argument 'values[1]' with value 'NullValue{}' must not be null @ 'list' [1:8]"],
    );
    check(
        "{ color(value: \"RED\") }",
        &["WrongType: argument 'value' with value 'StringValue{value='RED'}' is not a valid 'Color' @ 'color' [1:9]"],
    );
    check(
        "{ color(value: PINK) int(value: 1.5) boolean(value: \"true\") string(value: 1) }",
        &[
            "WrongType: argument 'value' with value 'EnumValue{name='PINK'}' is not a valid 'Color' @ 'color' [1:9]",
            "WrongType: argument 'value' with value 'FloatValue{value=1.5}' is not a valid 'Int' @ 'int' [1:26]",
            "WrongType: argument 'value' with value 'StringValue{value='true'}' is not a valid 'Boolean' @ 'boolean' [1:46]",
            "WrongType: argument 'value' with value 'IntValue{value=1}' is not a valid 'String' @ 'string' [1:68]",
        ],
    );
    check(
        "{ int(value: 12345678901234567890123) }",
        &["WrongType: argument 'value' with value 'IntValue{value=12345678901234567890123}' is not a valid 'Int' @ 'int' [1:7]"],
    );
    check(
        "{ a: choice(choice: {a: 1}) b: choice(choice: {a: null}) }",
        &["WrongType: argument 'choice' with value 'ObjectValue{objectFields=[ObjectField{name='a', value=NullValue{}}]}' \
         must have exactly one field of 'Choice', not null @ 'choice' [1:39]"],
    );
    // graphql-java 11 asks for it although it has a default value.
    check(
        "{ strict(strict: {}) }",
        &[
            "WrongType: argument 'strict' with value 'ObjectValue{objectFields=[]}' is missing required fields '[must]' @ 'strict' [1:10]",
        ],
    );
}

#[test]
fn variables() {
    check(
        "{ id(id: $x) dog { knows(command: $y) } }",
        &[
            "UndefinedVariable: Undefined variable x @ 'id' [1:10]",
            "UndefinedVariable: Undefined variable y @ 'dog/knows' [1:35]",
        ],
    );
    check("query($q: Int) { int }", &["UnusedVariable: Unused variable q [1:7]"]);
    check(
        "query($id: String!) {\n id(id: $id) }",
        &["VariableTypeMismatch: Variable type 'String!' doesn't match expected type 'ID!' @ 'id' [2:9]"],
    );
    check(
        "query($x: Int, $p: [Int]) { point(point: {y: 1, x: $x}) list(values: [$x]) l: list(values: $p) }",
        &[
            "VariableTypeMismatch: Variable type 'Int' doesn't match expected type 'Int!' @ 'point' [1:52]",
            "VariableTypeMismatch: Variable type 'Int' doesn't match expected type 'Int!' @ 'list' [1:71]",
            "VariableTypeMismatch: Variable type '[Int]' doesn't match expected type '[Int!]' @ 'list' [1:92]",
        ],
    );
    check(
        "query($v: Int) { default(value: $v) }",
        &["VariableTypeMismatch: Variable type 'Int' doesn't match expected type 'Int!' @ 'default' [1:33]"],
    );
    check(
        "query($d: Dog) { json(anything: $d) }",
        &[
            "NonInputTypeOnVariable: Wrong type for a variable [1:7]",
            "VariableTypeMismatch: Variable type 'Dog' doesn't match expected type 'Anything' @ 'json' [1:33]",
        ],
    );
    check(
        "query($a: Int = \"x\", $b: Int! = 1) { int(value: $a) i: int(value: $b) }",
        &[
            "BadValueForDefaultArg: Bad default value StringValue{value='x'} for type Int [1:7]",
            "DefaultForNonNullArgument: Missing value for non null type [1:22]",
        ],
    );
    check("query($at: AWSTimestamp) { json(anything: $at) }", &["UnknownType: Unknown type AWSTimestamp [1:12]"]);
    check("query(\n $at:\n  [ Nope ! ]) { json(anything: $at) }", &["UnknownType: Unknown type Nope [3:5]"]);
}

#[test]
fn variables_are_followed_through_fragments() {
    check(
        "query A($x: Int) { ...F } query B { ...F } fragment F on Query { int(value: $x) ...G } fragment G on Query { dog { id } }",
        &["UndefinedVariable: Undefined variable x @ 'F/int' [1:77]"],
    );
    check(
        "query A($x: String) { dog { ...D } } fragment D on Dog { ...E } fragment E on Dog { knows(times: $x) }",
        &["VariableTypeMismatch: Variable type 'String' doesn't match expected type 'Int' @ 'dog/D/E/knows' [1:98]"],
    );
}

#[test]
fn fragments() {
    check("{ ...F }", &["UndefinedFragment: Undefined fragment F [1:3]"]);
    check("{ int } fragment F on Dog { name }", &["UnusedFragment: Unused fragment F [1:9]"]);
    check(
        "{ dog { ...A } } fragment A on Dog { ...B } fragment B on Dog { ...A }",
        &["FragmentCycle: Fragment cycles not allowed @ 'A' [1:38]", "FragmentCycle: Fragment cycles not allowed @ 'B' [1:65]"],
    );
    check(
        "{ dog { ...A } } fragment A on Dog { mate { ... on Dog { ...A } } }",
        &["FragmentCycle: Fragment cycles not allowed @ 'A' []"],
    );
    check(
        "{ ... on Color { a } ...F } fragment F on Int { b }",
        &[
            "InlineFragmentTypeConditionInvalid: Inline fragment type condition is invalid, must be on Object/Interface/Union [1:3]",
            "InlineFragmentTypeConditionInvalid: Fragment type condition is invalid, must be on Object/Interface/Union @ 'F' [1:29]",
        ],
    );
    check(
        "{ dog { ... on Cat { name } ...R ... on CatOrDog { __typename } } } fragment R on Rock { weight }",
        &[
            "InvalidFragmentType: Fragment cannot be spread here as objects of type Dog can never be of type Cat @ 'dog' [1:9]",
            "InvalidFragmentType: Fragment R cannot be spread here as objects of type Dog can never be of type Rock @ 'dog' [1:29]",
        ],
    );
    check(
        "{ ... on Nope { a } dog { ...F } } fragment F on Nada { b }",
        &["UnknownType: Unknown type Nope [1:10]", "UnknownType: Unknown type Nada @ 'F' [1:50]"],
    );
}

#[test]
fn overlapping_fields() {
    check("{ dog { x: name x: barks } }", &["FieldsConflict: x: they return differing types String and Int @ 'dog' [1:9 1:17]"]);
    check("{ dog { x: name x: id } }", &["FieldsConflict: x: they return differing types String and ID @ 'dog' [1:9 1:17]"]);
    check("{ x: int x: strict }", &["FieldsConflict: x: int and strict are different fields [1:3 1:10]"]);
    check(
        "{ dog { knows(command: \"a\") knows(command: \"b\") } }",
        &["FieldsConflict: knows: they have differing arguments @ 'dog' [1:9 1:29]"],
    );
    check(
        "{ pet { ... on Dog { scalar: size } ... on Cat { scalar: size } } }",
        &["FieldsConflict: scalar: they return differing types Int and String @ 'pet' [1:22 1:50]"],
    );
    check(
        "{ pet { ... on Dog { x: barks } ... on Cat { x: meows } } }",
        &["FieldsConflict: x: fields have different nullability shapes @ 'pet' [1:22 1:46]"],
    );
    check(
        "{ pet { ... on Dog { tags } ... on Cat { tags } } }",
        &["FieldsConflict: tags: fields have different nullability shapes @ 'pet' [1:22 1:42]"],
    );
    check("{ x: int x: list }", &["FieldsConflict: x: fields have different list shapes [1:3 1:10]"]);
    check(
        "{ f: human { a: id } f: human { a: friend { id } } }",
        &["FieldsConflict: f: (a: fields have different nullability shapes) [1:3 1:22 1:14 1:33]"],
    );
    check(
        "{ dog { ...A ...B } } fragment A on Dog { mate { n: name } } fragment B on Dog { mate { ...C } } fragment C on Pet { n: mate { name } }",
        &["FieldsConflict: mate: (n: fields have different nullability shapes) @ 'dog' [1:43 1:82 1:50 1:118]"],
    );
    check("{ pet { ... on Dog { name owner { id } } ... on Cat { name: name owner { id: id } } } }", &[]);
}

#[test]
fn whole_definitions() {
    check("{ int } { list }", &["LoneAnonymousOperationViolation: Anonymous operation with other operations. [1:9]"]);
    check("{ int } query X { list }", &["LoneAnonymousOperationViolation: Operation X is following anonymous operation. [1:9]"]);
    check(
        "query A { int } mutation A { sendEmail(data: \"1\") }",
        &["DuplicateOperationName: There can be only one operation named 'A' [1:17]"],
    );
    check(
        "query Q { int }\ntype Foo { a: Int }\nschema { query: Q } extend type Bar @x directive @d on FIELD scalar S query R { list } union U = A | type",
        &[
            "NonExecutableDefinition: The Foo definition is not executable. [2:1]",
            "NonExecutableDefinition: The schema definition is not executable. [3:1]",
            "NonExecutableDefinition: The Bar definition is not executable. [3:21]",
            "NonExecutableDefinition: The provided definition is not executable. [3:40]",
            "NonExecutableDefinition: The S definition is not executable. [3:62]",
            "NonExecutableDefinition: The U definition is not executable. [3:88]",
        ],
    );
}

#[test]
fn errors_come_in_the_order_of_the_walk() {
    check(
        "query($u: Int, $n: Nope) { a dog { b ...F } c(x: $v) @nope } fragment F on Dog { d } fragment G on Dog { e }",
        &[
            "UnknownType: Unknown type Nope [1:20]",
            "FieldUndefined: Field 'a' in type 'Query' is undefined @ 'a' [1:28]",
            "FieldUndefined: Field 'b' in type 'Dog' is undefined @ 'dog/b' [1:36]",
            "FieldUndefined: Field 'c' in type 'Query' is undefined @ 'c' [1:45]",
            "UndefinedVariable: Undefined variable v @ 'c' [1:50]",
            "UnknownDirective: Unknown directive nope @ 'c' [1:54]",
            "UnusedVariable: Unused variable u [1:7]",
            "UnusedVariable: Unused variable n [1:16]",
            "FieldUndefined: Field 'd' in type 'Dog' is undefined @ 'F/d' [1:82]",
            "FieldUndefined: Field 'e' in type 'Dog' is undefined @ 'G/e' [1:106]",
            "UnusedFragment: Unused fragment G [1:86]",
        ],
    );
}

/// Runs on the stack a worker thread has.
fn on_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(work).expect("a thread starts");
    thread.join().expect("no overflow, no panic");
}

#[test]
fn hostile_documents_end_soon() {
    on_small_stack(|| {
        // 30 levels of doubling: valid, as far as the rules here go.
        let mut doubling = String::from("{ dog { ...F0 } }");
        for level in 0..30 {
            let next = if level == 29 { "name".to_owned() } else { format!("...F{}", level + 1) };
            doubling += &format!(
                " fragment F{level} on Dog {{ a: mate {{ ...on Dog {{ {next} }} }} b: mate {{ ...on Dog {{ {next} }} }} {next} }}"
            );
        }
        check(&doubling, &[]);
        // The same, with an undefined variable at the bottom: errors stop at the limit.
        let undefined = doubling.replace("name", "knows(command: $nope)");
        assert_eq!(messages(&undefined, ValidationOptions::default()).len(), MAX_ERRORS);
        // As many aliases as fit.
        let aliases: String = (0..4900).map(|index| format!("a{index}: int ")).collect();
        check(&format!("{{ {aliases} }}"), &[]);
        check(&format!("{{ {} }}", "int ".repeat(14_000)), &[]);
        let found = messages(&format!("{{ {} x: list }}", "x: int ".repeat(4900)), ValidationOptions::default());
        assert!(found[0].starts_with("FieldsConflict: x: fields have different list shapes"), "{}", found[0]);
        assert!(found.len() <= MAX_ERRORS);
        // Chains of fragments, with and without an end.
        for (end, first) in [("name", "DocumentLimitExceeded"), ("...F0", "DocumentLimitExceeded")] {
            let mut chain = String::from("{ dog { ...F0 } }");
            for index in 0..1500 {
                let next = if index == 1499 { end.to_owned() } else { format!("...F{}", index + 1) };
                chain += &format!(" fragment F{index} on Dog {{ {next} }}");
            }
            let found = messages(&chain, ValidationOptions::default());
            assert!(found[0].starts_with(first), "{}", found[0]);
            assert_eq!(found.len() == 1, end == "name");
        }
        let cycle = "fragment A on Dog { ...B ...B x: mate { ...A ...B } } fragment B on Dog { ...A y: mate { ...A ...B ...A } }";
        assert!(!messages(&format!("{{ dog {{ ...A ...B }} }} {cycle}"), ValidationOptions::default()).is_empty());
        // The deepest document the gates let through.
        let deep = format!("{{ human {} {{ id }} {} }}", "{ friend ".repeat(197), "}".repeat(197));
        check(&deep, &[]);
        let values = format!("{{ nested(values: {}1{}) }}", "[".repeat(198), "]".repeat(198));
        assert_eq!(messages(&values, ValidationOptions::default()).len(), 1);
    });
}

#[test]
fn a_fragment_reached_too_deep_is_refused_also_when_it_was_seen_before() {
    let inner = format!("{}{}{}", "friend { ".repeat(120), "id", " }".repeat(120));
    let outer = format!("{}{}{}", "friend { ".repeat(120), "...F", " }".repeat(120));
    check(
        &format!("{{ human {{ ...F friend {{ ...G }} }} }} fragment F on Human {{ {inner} }} fragment G on Human {{ {outer} }}"),
        &["DocumentLimitExceeded: Selection sets are nested at most 200 levels, fragments included \
         @ 'human/friend/G/friend/friend/friend/friend/friend' [1:58]"],
    );
}
