//! Case files as text: what they say, and what is wrong with them.

use proptest::prelude::*;
use resolver_cases::{Answer, Expectation, Help, Language, Step, Target, Updates, read, update};
use value::value;

const FILE: &str = r#"
# About posts.
api: club
defaults:
  clock: 2024-05-04T12:00:00Z
  context:
    identity: &ada { username: ada }
    env: { MOST_POSTS: "2" }
cases:
  - name: an unknown id is an error
    resolver: Query.post
    context:
      args: { id: nope }
    expect:
      error: { message: There is no post 'nope'., type: NotFound }
  - name: boats are asked for by seats
    resolver: Query.boats
    step: request
    seed: 18446744073709551615
    ids: [0D9f3a52-5a30-4d4e-8b0e-d9f1d2c3b4a5]
    context: { arguments: { seats: 2 }, identity: *ada }
    random: "00fF"
    match: { value: { statements: <any> } }
  - name: a boat is added
    resolver: Mutation.addBoat
    calls:
      - data_source: boats
        request: { sql: "INSERT" }
        result: null
      - match: {}
        error: { message: No., type: DynamoDB:ConditionalCheckFailedException, data: { id: 1 } }
    expect:
  - { name: a function, function: savePost, skip: not yet }
  - { name: a template, code: ../a.request.vtl, step: request, expect: { value: 1.50 } }
"#;

#[test]
fn a_file_says_all_there_is() {
    let file = read(FILE, Language::Yaml).expect("a case file");
    assert_eq!(file.api.as_deref(), Some("club"));
    assert_eq!(file.defaults.clock, Some(1_714_824_000_000));
    let [error, request, calls, function, code] = &file.cases[..] else { panic!("{} cases", file.cases.len()) };
    assert_eq!(error.target, Target::Resolver { type_name: "Query".into(), field_name: "post".into() });
    assert_eq!(value::Value::from(error.setting.context.clone()), value!({"arguments": {"id": "nope"}}));
    let expected = value!({"error": {"message": "There is no post 'nope'.", "type": "NotFound"}});
    assert_eq!(error.expectation, Expectation::Exactly(expected));
    assert_eq!(FILE[error.span.clone()].lines().next(), Some("name: an unknown id is an error"));
    assert_eq!((request.step, request.setting.seed), (Some(Step::Request), Some(u64::MAX)));
    let bytes = [0x0d, 0x9f, 0x3a, 0x52, 0x5a, 0x30, 0x4d, 0x4e, 0x8b, 0x0e, 0xd9, 0xf1, 0xd2, 0xc3, 0xb4, 0xa5];
    assert_eq!(request.setting.ids.as_deref(), Some(&[bytes][..]));
    assert_eq!(request.setting.random.as_deref(), Some(&[0, 255][..]));
    assert_eq!(request.setting.context.get("identity"), Some(&value!({"username": "ada"})));
    assert_eq!(request.expectation, Expectation::AtLeast(value!({"value": {"statements": "<any>"}})));
    assert_eq!(calls.calls[0].answer, Answer::Result(value!(null)));
    assert_eq!(calls.calls[1].request, Expectation::AtLeast(value!({})));
    let Answer::Error(refused) = &calls.calls[1].answer else { panic!("an error") };
    assert_eq!((&*refused.error_type, &refused.data), ("DynamoDB:ConditionalCheckFailedException", &value!({"id": 1})));
    assert_eq!(calls.expectation, Expectation::Missing, "nothing under expect is no expectation");
    assert_eq!(function.skip.as_deref(), Some("not yet"));
    assert_eq!(code.expectation, Expectation::Exactly(value!({"value": 1.50})));
    let effective = error.setting.over(&file.defaults);
    assert_eq!(effective.context.len(), 3, "members of the defaults and the case's own");
}

#[test]
fn what_is_written_is_read_as_it_was() {
    let mut file = read(FILE, Language::Yaml).expect("a case file");
    for case in &mut file.cases {
        (case.span, case.target_span) = (0..0, 0..0);
        case.calls.iter_mut().for_each(|call| call.span = 0..0);
    }
    for language in [Language::Yaml, Language::Json] {
        let text = file.to_text(language);
        let mut again = read(&text, language).unwrap_or_else(|found| panic!("{found:?}\n{text}"));
        for case in &mut again.cases {
            (case.span, case.target_span) = (0..0, 0..0);
            case.calls.iter_mut().for_each(|call| call.span = 0..0);
        }
        assert_eq!(again, file, "{text}");
    }
}

/// Checks the only finding in a text: where it is, what it says, its way out.
fn check(language: Language, text: &str, place: &str, message: &str, help: &str) {
    let found = read(text, language).expect_err(text);
    let [finding] = &found[..] else { panic!("{text}: {found:#?}") };
    let way_out = match &finding.help {
        Help::Say(sentence) => sentence.clone(),
        Help::OneOf { name, known } => format!("{name} of {}", known.join(" ")),
    };
    let before = &text[..finding.span.start];
    let column = before[before.rfind('\n').map_or(0, |at| at + 1)..].chars().count() + 1;
    let line = before.matches('\n').count() + 1;
    assert_eq!((format!("{line}:{column}").as_str(), &*finding.message), (place, message), "{text}");
    assert!(way_out.contains(help), "{text}: {way_out}");
}

#[test]
fn mistakes_are_named_with_their_place() {
    let in_case = |lines: &str| format!("cases:\n  - name: a\n    resolver: Query.a\n    {}\n", lines.replace('\n', "\n    "));
    for (text, place, message, help) in [
        ("cases: 1\n".to_owned(), "1:8", "`cases` is a list, found number", "write a list"),
        ("- name: a\n".to_owned(), "1:1", "a case file is an object, found list", "write an object"),
        ("defaults: {}\n".to_owned(), "1:1", "a case file has a list of `cases`", "- name"),
        ("casse: []\ncases: []\n".to_owned(), "1:1", "a case file has no `casse`", "casse of api defaults cases"),
        ("cases:\n  - resolver: Query.a\n".to_owned(), "2:5", "this case has no `name`", "in a line"),
        ("cases:\n  - name: a\n".to_owned(), "2:5", "this case does not say what it runs", "resolver: Type.field"),
        ("cases:\n  - name: a\n    resolver: post\n".to_owned(), "3:15", "`post` does not name a resolver", "Query.post"),
        (in_case("function: b"), "4:5", "`function`: a case runs one thing, and names another one already", "keep one"),
        (in_case("contxt: {}"), "4:5", "a case has no `contxt`", "contxt of name resolver"),
        (in_case("context: { argument: {} }"), "4:16", "`context` has no `argument`", "argument of arguments"),
        (in_case("context: { args: [] }"), "4:22", "`args` of the context is an object, found list", "write an object"),
        (in_case("context: { args: {}, arguments: {} }"), "4:26", "`args` is another name of `arguments`", "keep one"),
        (
            in_case("context: { result: 1 }"),
            "4:16",
            "`result` of the context is made by the run itself when a whole resolver is run",
            "calls",
        ),
        (in_case("step: requst"), "4:11", "`step` is request or response, not `requst`", "requst of request response"),
        (in_case("step: request\ncalls: []"), "5:5", "a single step calls no data source", "leave `step` out"),
        (in_case("clock: yesterday"), "4:12", "`clock`: `yesterday` is no instant", "2025-01-01T00:00:00Z"),
        (in_case("clock: 2024-01-01"), "4:12", "`clock`: `2024-01-01` is no instant", "with its offset"),
        (in_case("ids: [0d9f3a52]"), "4:11", "`0d9f3a52` is no UUID", "0d9f3a52-5a30"),
        (in_case("random: 0f0"), "4:13", "`random` is bytes in hexadecimal", "00ff"),
        (in_case("ids: 5"), "4:10", "`ids` is a list, found number", "write a list"),
        (in_case("seed: -1"), "4:11", "`seed` is a whole number from 0, found number", "write"),
        (in_case("expect: 5"), "4:13", "`expect` is an object, found number", "write"),
        (in_case("expect: { vlaue: 5 }"), "4:15", "`expect` has no `vlaue`", "vlaue of value"),
        (in_case("expect: {}\nmatch: {}"), "5:5", "`match` stands beside `expect`, which says all there is to say", "keep one"),
        (in_case("calls: [{ result: 1, rquest: 2 }]"), "4:26", "a call has no `rquest`", "rquest of data_source request"),
        (in_case("calls: [{ request: 1 }]"), "4:13", "this call has no answer", "result"),
        (
            in_case("calls: [{ result: 1, error: { message: a, type: b } }]"),
            "4:26",
            "a call answers with `result` or `error`",
            "`data`",
        ),
        (in_case("calls: [{ error: { message: a } }]"), "4:22", "`error` has no `type`", "DynamoDB"),
        (in_case("name: b"), "4:5", "`name` stands here a second time", "remove"),
        (
            "cases:\n- { name: a, function: b }\n- { name: a, function: c }\n".to_owned(),
            "3:11",
            "two cases of this file are called `a`",
            "by name",
        ),
        (
            "cases:\n- { name: a, code: b.js }\n".to_owned(),
            "2:14",
            "of a file, one step is run: this case does not say which",
            "step: request",
        ),
        ("cases:\n\t- a\n".to_owned(), "2:2", "tabs disallowed within this context (block indentation)", "spaces"),
        ("cases: []\n---\ncases: []\n".to_owned(), "2:1", "a second document begins here", "one list"),
        ("cases: *a\n".to_owned(), "1:8", "while parsing node, found unknown anchor", "&name"),
        ("cases: &a [*a]\n".to_owned(), "1:12", "this alias names what it is itself a part of", "complete"),
        (in_case("context: { source: !foo 1 }"), "4:24", "the tag !foo means nothing here", "!!str"),
        (in_case("context: { source: .inf }"), "4:24", "`.inf` is a number that resolvers never see", "quotes"),
        (in_case("context: { source: { {any}: 1 } }"), "4:26", "a key is text, this is a object", "quotes"),
        (in_case("context: { source: !!int x }"), "4:24", "`x` is no int", "tag"),
        (String::new(), "1:1", "the file is empty", "cases"),
        ("ü: &a\n".to_owned(), "1:1", "a case file has no `ü`", "ü of"),
    ] {
        if text.starts_with('ü') {
            let found = read(&text, Language::Yaml).expect_err("two findings");
            assert_eq!(found.len(), 2);
            continue;
        }
        check(Language::Yaml, &text, place, message, help);
    }
    for (text, place, message, help) in [
        ("{\"cases\": [],}", "1:14", "a key in double quotes is expected here", ".yaml"),
        ("{\"cases\": [1 2]}", "1:14", "`,` or `]` is expected here", ".yaml"),
        ("{\"cases\": []} x", "1:15", "there is something after the value", ".yaml"),
        ("{\"cases\": [tru]}", "1:12", "a value is expected here", ".yaml"),
        ("{\"cases\": [01]}", "1:12", "a value is expected here", ".yaml"),
        ("{\"cases\": [\"\\ud800\"]}", "1:13", "lone surrogate in a string", "RFC 8259"),
        ("{\"cases\": [\"a", "1:12", "the text in quotes does not end", ""),
        ("{\"cases\": [], \"cases\": []}", "1:15", "`cases` stands here a second time", "remove"),
        ("", "1:1", "the text ends where a value is expected", ""),
    ] {
        check(Language::Json, text, place, message, help);
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = "cases:\n  - name: a\n    resolver: x\n    step: y\n    clock: z\n  - nam: b\n";
    let rules: Vec<_> = read(text, Language::Yaml).expect_err("mistakes").into_iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, ["invalid-value", "invalid-value", "invalid-value", "unknown-key", "missing-key", "missing-key"]);
}

#[test]
fn hostile_files_are_refused_at_once() {
    let bomb: String = (1..40).map(|at| format!("a{at}: &a{at} [*a{0}, *a{0}, *a{0}]\n", at - 1)).collect();
    let bomb = format!("a0: &a0 [x, x, x]\n{bomb}cases: []\n");
    let began = std::time::Instant::now();
    for (language, text, rule) in [
        (Language::Yaml, bomb, "too-many-values"),
        (Language::Yaml, "[".repeat(1_000_000), "nested-too-deep"),
        (Language::Yaml, "- ".repeat(1_000_000), "nested-too-deep"),
        (Language::Yaml, "a: {".repeat(100_000), "nested-too-deep"),
        (Language::Yaml, "? ".repeat(100_000), "nested-too-deep"),
        (Language::Json, "[".repeat(1_000_000), "nested-too-deep"),
        (Language::Json, "{\"a\":".repeat(1_000_000), "nested-too-deep"),
        (Language::Json, " ".repeat(9 << 20), "file-too-large"),
        (Language::Yaml, "&a ".repeat(1_000_000), "yaml-syntax"),
        (Language::Yaml, "a\0b: 1".to_owned(), "yaml-syntax"),
        (Language::Yaml, format!("cases: [\"{}", "x".repeat(5 << 20)), "yaml-syntax"),
    ] {
        let found = read(&text, language).expect_err("refused");
        assert_eq!(found.first().map(|finding| finding.rule), Some(rule), "{}", text.chars().take(40).collect::<String>());
    }
    let unknown: String = (0..100_000).map(|at| format!("k{at}: 1\n")).collect();
    assert_eq!(read(&unknown, Language::Yaml).expect_err("unknown keys").len(), 100);
    let nested = format!("cases: []\ndefaults: {{ context: {{ source: &a {}1{} }} }}\n", "[".repeat(150), "]".repeat(150));
    let aliased = nested.replace("source: &a", "identity: &a").replace("} }", ", source: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]] } }");
    assert!(read(&nested, Language::Yaml).is_ok());
    assert_eq!(read(&aliased, Language::Yaml).expect_err("too deep")[0].rule, "nested-too-deep");
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn no_text_panics_and_places_lie_in_it(text in prop_oneof![
        any::<String>(),
        "[a-c:#\\-\\[\\]{},&*!|>'\"%@`é \\n\\t\\r?~.0-9]{0,60}",
        "cases:\\n(  - (name|resolver|code|step|expect|calls|context|ids|clock): [a-cQ.{}\\[\\]:, \\-\"é&*]{0,12}\\n){0,8}",
    ]) {
        for language in [Language::Yaml, Language::Json] {
            match read(&text, language) {
                Ok(file) => {
                    for case in file.cases {
                        prop_assert!(text.get(case.span.clone()).is_some(), "{:?}", case.span);
                        let updates = Updates { expect: Some(value!({"value": [1, {"a": "b\nc"}]})), requests: Vec::new() };
                        drop(update(&text, language, &[(0, updates)]));
                    }
                }
                Err(found) => {
                    prop_assert!(!found.is_empty());
                    for finding in found {
                        prop_assert!(text.get(finding.span.clone()).is_some(), "{finding:?}");
                    }
                }
            }
        }
    }
}
