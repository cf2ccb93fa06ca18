//! What a query text becomes, and what it may not be.

use proptest::prelude::*;

use super::super::gates::MAX_NESTING;
use super::super::literal::java_text;
use super::*;

/// The document, written again in a plain form with the place of every node.
fn shown(document: &Document) -> String {
    fn place(position: Position) -> String {
        format!("{}:{}", position.line, position.column)
    }
    fn arguments(list: &[Argument]) -> String {
        let one =
            |argument: &Argument| format!("({}={}@{})", argument.name, java_text(&argument.value), place(argument.position));
        list.iter().map(one).collect()
    }
    fn directives(list: &[Directive]) -> String {
        let one = |directive: &Directive| format!(" @{}{}", directive.name, arguments(&directive.arguments));
        list.iter().map(one).collect()
    }
    fn set(selections: &[Selection]) -> String {
        let one = |selection: &Selection| match selection {
            Selection::Field(field) => format!(
                "{}{}{}{}{}@{}",
                field.alias.as_ref().map_or(String::new(), |alias| format!("{alias}:")),
                field.name,
                arguments(&field.arguments),
                directives(&field.directives),
                if field.selection_set.is_empty() { String::new() } else { set(&field.selection_set) },
                place(field.position)
            ),
            Selection::FragmentSpread(spread) => {
                format!("...{}{}@{}", spread.name, directives(&spread.directives), place(spread.position))
            }
            Selection::InlineFragment(fragment) => format!(
                "...on {:?}{}{}@{}",
                fragment.type_condition.as_deref(),
                directives(&fragment.directives),
                set(&fragment.selection_set),
                place(fragment.position)
            ),
        };
        format!("{{{}}}", selections.iter().map(one).collect::<Vec<_>>().join(" "))
    }
    let mut out = Vec::new();
    for operation in &document.operations {
        let variable = |definition: &VariableDefinition| {
            let default = definition.default.as_ref().map_or(String::new(), |default| format!("={}", java_text(default)));
            format!(
                "${}:{}{default}{}@{}",
                definition.name,
                definition.ty,
                directives(&definition.directives),
                place(definition.position)
            )
        };
        out.push(format!(
            "{:?} {:?}({}){}{}@{}",
            operation.kind,
            operation.name.as_deref(),
            operation.variables.iter().map(variable).collect::<String>(),
            directives(&operation.directives),
            set(&operation.selection_set),
            place(operation.position)
        ));
    }
    for fragment in &document.fragments {
        out.push(format!(
            "fragment {} on {}{}{}@{}",
            fragment.name,
            fragment.type_condition,
            directives(&fragment.directives),
            set(&fragment.selection_set),
            place(fragment.position)
        ));
    }
    out.join("\n")
}

#[test]
fn documents_are_read_with_places() {
    for (query, expected) in [
        ("{a}", "Query None(){a@1:2}@1:1"),
        ("\u{feff}{ a }", "Query None(){a@1:4}@1:2"),
        (
            "# c { [\nquery  Q ( $a : [ Int ! ] = [ 1 ] , $b:[\n[ID] ] @d ) @e(x: $a) {\r\n\te: b }",
            "Query Some(\"Q\")($a:[Int!]=ArrayValue{values=[IntValue{value=1}]}@2:12$b:[[ID]] @d@2:37) \
             @e(x=VariableReference{name='a'}@3:16){e:b@4:2}@2:1",
        ),
        (
            "mutation { m(s: \"é\\u0041\", t: \"\"\"\n  x\n   \\\"\"\" y\n\"\"\", e: trueish, n: [null nullable false]) }",
            "Mutation None(){m(s=StringValue{value='éA'}@1:14)(t=StringValue{value='x\n \"\"\" y'}@1:28)\
             (e=EnumValue{name='trueish'}@4:6)\
             (n=ArrayValue{values=[NullValue{}, EnumValue{name='nullable'}, BooleanValue{value=false}]}@4:18)@1:12}@1:1",
        ),
        (
            "{ a(o: {k: 123456789012345678901234567890, k: -0.10, j: {}}) }",
            "Query None(){a(o=ObjectValue{objectFields=[ObjectField{name='k', value=IntValue{value=123456789012345678901234567890}}, \
             ObjectField{name='k', value=FloatValue{value=-0.10}}, ObjectField{name='j', value=ObjectValue{objectFields=[]}}]}@1:5)@1:3}@1:1",
        ),
        ("{ a(x: 1e999) }", "Query None(){a(x=FloatValue{value=1E+999}@1:5)@1:3}@1:1"),
        (
            "subscription S { ...F @x ... on # c\n T { on } ... { query: fragment } ... @y { trueName } }",
            "Subscription Some(\"S\")(){...F @x@1:18 ...on Some(\"T\"){on@2:6}@1:26 ...on None{query:fragment@2:17}@2:11 \
             ...on None @y{trueName@2:44}@2:35}@1:1",
        ),
        (
            "fragment F on T @d { a } query A { a } query A { b } { c } fragment F on U { d }",
            "Query Some(\"A\")(){a@1:36}@1:26\nQuery Some(\"A\")(){b@1:50}@1:40\nQuery None(){c@1:56}@1:54\n\
             fragment F on T @d{a@1:22}@1:1\nfragment F on U{d@1:78}@1:60",
        ),
        ("{ a(s: \"\\uD83D\\uDE00 😀\") b }", "Query None(){a(s=StringValue{value='😀 😀'}@1:5)@1:3 b@1:26}@1:1"),
    ] {
        let document = parse(query).unwrap_or_else(|fault| panic!("{query}: {fault}"));
        assert_eq!(shown(&document), expected, "{query}");
    }
}

#[test]
fn the_last_of_two_fragments_counts() {
    let document = parse("{ ...F } fragment F on A { a } fragment F on B { b }").expect("valid");
    assert_eq!(document.fragment("F").map(|fragment| &*fragment.type_condition), Some("B"));
}

#[test]
fn bad_grammar_is_refused_with_its_place() {
    let mut wrong = Vec::new();
    for (query, line, column) in [
        ("", 1, 1),
        ("   # only a comment", 1, 1),
        ("meow", 1, 1),
        ("{}", 1, 2),
        ("{ a { } }", 1, 7),
        ("queryFoo { a }", 1, 1),
        ("query { a }\n}", 2, 1),
        ("query", 1, 1),
        ("query Q", 1, 7),
        ("{ a(b) }", 1, 5),
        ("{ a(b: ) }", 1, 8),
        ("{ a:: b }", 1, 5),
        ("{ a }\n{ b", 2, 1),
        ("query ($a Int) { a }", 1, 8),
        ("query ($a: [Int) { a }", 1, 16),
        ("query () { a }", 1, 8),
        ("fragment on T { a }", 1, 13),
        ("fragment F T { a }", 1, 12),
        ("{ a(x: \"\\q\") }", 1, 8),
        ("{ a(x: \"\\uD83D\") }", 1, 8),
        ("{ a(x: 00) }", 1, 8),
        ("{ a } b", 1, 7),
        ("query ($a: Int = $b) { a }", 1, 18),
        ("type", 1, 1),
    ] {
        match parse(query) {
            Err(ParseFault::Syntax { position, message }) if (position.line, position.column) != (line, column) => {
                wrong.push(format!("{query}: {message} {position:?}"));
            }
            Err(ParseFault::Syntax { .. }) => {}
            other => panic!("{query}: {other:?}"),
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn nesting_reaches_the_limit_of_the_gates_and_no_further() {
    // On the stack a worker thread has.
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(|| {
        for (open, close, around) in [
            ("{a", "}", ["", ""]),
            ("[", "]", ["{a(x:", ")}"]),
            ("{a:", "}", ["{a(x:", "1)}"]),
            ("(a:", ")", ["{a", "}"]),
            ("...on A{", "}", ["{", "}"]),
            ("@a(b:[", "])", ["{a", "}"]),
            ("...", "", ["{", "}"]),
            ("{", "", ["", ""]),
            ("[", "", ["query($a:", "){a}"]),
            ("\"", "", ["{a(x:", ")}"]),
        ] {
            for levels in [100_000, 1_600, 201] {
                let text = format!("{}{}{}{}", around[0], open.repeat(levels), close.repeat(levels), around[1]);
                assert!(parse(&text).is_err(), "{open} {levels}");
            }
        }
        for levels in [59, 60, 61, 64, 65, 120, 121, MAX_NESTING] {
            let text = format!("{}{}", "{\na".repeat(levels), "}".repeat(levels));
            let document = parse(&text).unwrap_or_else(|fault| panic!("{levels}: {fault}"));
            let mut set = &document.operations[0].selection_set;
            let mut depth: u32 = 0;
            while let Some(Selection::Field(field)) = set.first() {
                depth += 1;
                assert_eq!(field.position, Position { line: depth + 1, column: 1 });
                set = &field.selection_set;
            }
            assert_eq!(depth as usize, levels);
        }
        let list = format!("{{a(x:{}1{})}}", "[".repeat(MAX_NESTING - 2), "]".repeat(MAX_NESTING - 2));
        assert!(parse(&list).is_ok());
        let ty = format!("query($a:{}Int{}){{a}}", "[".repeat(MAX_NESTING - 1), "]".repeat(MAX_NESTING - 1));
        assert!(parse(&ty).is_ok());
    });
    thread.expect("a thread starts").join().expect("no overflow, no panic");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_tokens_is_read_or_refused(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "{", "}", "(", ")", "[", "]", "a", "b", "on", "query", "fragment", "type", "true", "nullish", "$", "@", ":", "!", "=",
            "...", "|", "&", "\"s\"", "\"\"\"b\n\"\"\"", "12", "1.5", "\n", " ", ",", "# c\n", "é", "\\", "mutation", "extend",
        ]), 0..40),
        space in prop::bool::ANY,
    ) {
        let text = parts.join(if space { " " } else { "" });
        if let Ok(document) = parse(&text) {
            prop_assert!(document.operations.len() + document.fragments.len() + document.non_executable.len() > 0);
        }
    }

    #[test]
    fn blanks_between_tokens_change_nothing_but_places(blanks in proptest::collection::vec(
        proptest::sample::select(vec!["", " ", "\n", ",", "\t", "\r\n", "#é{\n", " \n "]), 60,
    )) {
        let tokens = [
            "query ", "Q", "(", "$", "a", ":", "[", "Int", "!", "]", "=", "[", "1", "]", "$", "b", ":", "T", ")", "@", "d", "{",
            "x", ":", "y", "(", "l", ":", "[", "$", "a", "]", "s", ":", "\"t\"", ")", "...", "F ", "...", "on ", "T", "{", "z",
            "}", "...", "@", "e", "{", "w", "}", "}", "fragment ", "F ", "on ", "U", "{", "v", "}",
        ];
        let plain = shown(&parse(&tokens.join(" ")).expect("valid"));
        let text: String = tokens.iter().zip(&blanks).flat_map(|(token, blank)| [*token, *blank]).collect();
        let spaced = parse(&text);
        prop_assert!(spaced.is_ok(), "{text:?}: {spaced:?}");
        let without_places = |shown: &str| {
            let mut out = String::new();
            let mut rest = shown.chars().peekable();
            while let Some(character) = rest.next() {
                if character == '@' && rest.peek().is_some_and(char::is_ascii_digit) {
                    while rest.peek().is_some_and(|next| next.is_ascii_digit() || *next == ':') {
                        rest.next();
                    }
                } else {
                    out.push(character);
                }
            }
            out
        };
        prop_assert_eq!(without_places(&shown(&spaced.expect("checked"))), without_places(&plain));
    }
}
