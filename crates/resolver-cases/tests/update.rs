//! Snapshots rewritten in place: what changes, and that nothing else does.

use proptest::prelude::*;
use resolver_cases::{Expectation, Language, Updates, read, update};
use value::{Object, Value, value};

fn nothing() -> Value {
    Value::from(Vec::<Value>::new())
}

fn expect(value: Value) -> Updates {
    Updates { expect: Some(value), ..Updates::default() }
}

/// Updates the first case, twice: the second time says nothing new.
fn updated(language: Language, text: &str, updates: &Updates) -> String {
    let once = update(text, language, &[(0, updates.clone())]).unwrap_or_else(|refused| panic!("{refused:?}: {text}"));
    let again = update(&once, language, &[(0, updates.clone())]).expect("what was written");
    assert_eq!(again, once, "a second update is none");
    once
}

#[test]
fn the_rest_of_a_yaml_file_stays_as_it_is() {
    let text = "\
# Head.
cases:   # all of them
  - name:   'a'   # odd blanks
    resolver: Query.a

    expect: # what must come
      # of the value
      value:
        id: p1    # the id
        'title': Old   # the title
        tags: [a,   b]
      # of errors
      appended_errors: []

    context: {   args: {a: 1} }   # after
  # the other one
  - name: b
    function: b
    expect: {value: 1}
# Tail.
";
    let new = value!({"value": {"id": "p1", "title": "New: it", "tags": ["a", "c"]}, "appended_errors": (nothing())});
    insta::assert_snapshot!(updated(Language::Yaml, text, &expect(new)), @r#"
    # Head.
    cases:   # all of them
      - name:   'a'   # odd blanks
        resolver: Query.a

        expect: # what must come
          # of the value
          value:
            id: p1    # the id
            'title': "New: it"   # the title
            tags: [a,   "c"]
          # of errors
          appended_errors: []

        context: {   args: {a: 1} }   # after
      # the other one
      - name: b
        function: b
        expect: {value: 1}
    # Tail.
    "#);
    let other = value!({"value": {"id": null, "list": [1, {"a": "b\nc"}]}});
    insta::assert_snapshot!(updated(Language::Yaml, text, &expect(other)), @r#"
    # Head.
    cases:   # all of them
      - name:   'a'   # odd blanks
        resolver: Query.a

        expect: # what must come
          value:
            id: null
            list:
              - 1
              - a: |-
                  b
                  c

        context: {   args: {a: 1} }   # after
      # the other one
      - name: b
        function: b
        expect: {value: 1}
    # Tail.
    "#);
    let both = update(text, Language::Yaml, &[(1, expect(value!({"value": [true]}))), (0, expect(value!({"value": 1})))]);
    insta::assert_snapshot!(both.expect("two updates"), @r#"
    # Head.
    cases:   # all of them
      - name:   'a'   # odd blanks
        resolver: Query.a

        expect: # what must come
          value: 1

        context: {   args: {a: 1} }   # after
      # the other one
      - name: b
        function: b
        expect: {value: [true]}
    # Tail.
    "#);
}

#[test]
fn snapshots_are_added_where_there_is_none() {
    for (text, expected) in [
        (
            "cases:\n- name: a\n  resolver: Query.a # c\n\n# d\n- name: b\n  function: c\n",
            "cases:\n- name: a\n  resolver: Query.a # c\n  expect:\n    value: 1\n\n# d\n- name: b\n  function: c\n",
        ),
        ("cases:\n- name: a\n  resolver: Query.a", "cases:\n- name: a\n  resolver: Query.a\n  expect:\n    value: 1"),
        (
            "cases:\n- name: a\n  expect:   # later\n  resolver: Query.a\n",
            "cases:\n- name: a\n  expect:   # later\n    value: 1\n  resolver: Query.a\n",
        ),
        ("cases:\n- name: a\n  resolver: Query.a\n  expect:", "cases:\n- name: a\n  resolver: Query.a\n  expect:\n    value: 1"),
        ("cases: [{name: a, resolver: Query.a}]\n", "cases: [{name: a, resolver: Query.a, expect: {\"value\":1}}]\n"),
        (
            "cases:\r\n  - name: a\r\n    resolver: Query.a\r\n    context:\r\n      args: {}\r\n",
            "cases:\r\n  - name: a\r\n    resolver: Query.a\r\n    context:\r\n      args: {}\r\n    expect:\r\n      value: 1\r\n",
        ),
        (
            "cases:\n  - name: a\n    resolver: Query.a\n    context:\n      source: |\n        text\n        more\n\n\n  - name: b\n    function: b\n",
            "cases:\n  - name: a\n    resolver: Query.a\n    context:\n      source: |\n        text\n        more\n    expect:\n      value: 1\n\n\n  - name: b\n    function: b\n",
        ),
    ] {
        assert_eq!(updated(Language::Yaml, text, &expect(value!({"value": 1}))), expected);
    }
    let requests = Updates { expect: None, requests: vec![(1, value!({"a": [1]})), (0, value!("x"))] };
    let text = "cases:\n- name: a\n  resolver: Query.a\n  calls:\n  - result: 1 # one\n  - {data_source: b, error: {message: a, type: b}}\n";
    let expected = "cases:\n- name: a\n  resolver: Query.a\n  calls:\n  - request: x\n    result: 1 # one\n  - {data_source: b, request: {\"a\":[1]}, error: {message: a, type: b}}\n";
    assert_eq!(updated(Language::Yaml, text, &requests), expected);
}

#[test]
fn a_json_file_keeps_its_layout() {
    let text = "{\n    \"cases\": [\n        {\n            \"name\": \"a\",\n            \"resolver\": \"Query.a\"\n        },\n        {\"name\": \"b\", \"function\": \"b\", \"expect\": {\"value\": [1, 2]}}\n    ]\n}\n";
    let once = updated(Language::Json, text, &expect(value!({"value": {"a": (nothing())}})));
    let both = update(&once, Language::Json, &[(1, expect(value!({"value": [1, 3]})))]).expect("an update");
    insta::assert_snapshot!(both, @r#"
    {
        "cases": [
            {
                "name": "a",
                "resolver": "Query.a",
                "expect": {
                    "value": {
                        "a": []
                    }
                }
            },
            {"name": "b", "function": "b", "expect": {"value": [1, 3]}}
        ]
    }
    "#);
}

#[test]
fn values_of_every_form_replace_each_other() {
    let forms = [
        "1",
        "text",
        "'quoted'",
        "\"q\\n\"",
        "|\n        a\n        b",
        ">-\n        folded\n        text",
        "[1, [2]]",
        "{a: 1, b: {c: 2}}",
        "\n        a: 1\n        b:\n          - 1\n          - c: 2",
        "\n        - 1\n        - a: b\n          c: d\n        - - x",
        "",
        "~",
        "!!str 5",
        "{}",
        "[]",
        "plain\n        over lines",
        "# comment\n        a: 1 # more",
        "|+ # c\n        keep\n\n",
    ];
    let values: Vec<Value> = forms
        .iter()
        .map(|form| {
            let text = format!("cases:\n  - name: a\n    function: b\n    expect:\n      value: {form}\n");
            let file = read(&text, Language::Yaml).unwrap_or_else(|found| panic!("{text}: {found:?}"));
            let Expectation::Exactly(value) = &file.cases[0].expectation else { panic!("{text}") };
            value.clone()
        })
        .collect();
    for form in forms {
        for tail in ["", " # tail", "\n      # below\n      stash: {}"] {
            if tail == " # tail" && (form.contains('|') || form.contains('#') || form.contains(">-")) {
                continue;
            }
            let text = format!(
                "cases:\n  - name: a\n    function: b\n    expect:\n      value: {form}{tail}\n    seed: 5 # five\n  # end\n"
            );
            for value in &values {
                let value = if tail.contains("stash") {
                    let mut value = value.clone();
                    value.as_object_mut().expect("an object").insert("stash", Value::from(Object::new()));
                    value
                } else {
                    value.clone()
                };
                let new = updated(Language::Yaml, &text, &expect(value));
                assert!(new.starts_with("cases:\n  - name: a\n    function: b\n    expect:"), "{new}");
                assert!(new.ends_with("\n    seed: 5 # five\n  # end\n"), "{new}");
                assert_eq!(new.contains("# below"), tail.contains("# below"), "{new}");
            }
        }
    }
}

#[test]
fn what_stands_behind_an_alias_is_refused_by_name() {
    let text = "defaults: { context: { source: &s { value: 1 } } }\ncases:\n- { name: a, function: b, expect: { value: 2 } }\n- &c\n  name: b\n  function: c\n  expect: *s\n";
    let refused = update(text, Language::Yaml, &[(0, expect(value!({"value": 3}))), (1, expect(value!({"value": 1})))]);
    assert!(refused.is_ok(), "an alias that is right may stay");
    let replaced = updated(Language::Yaml, text, &expect(value!({"value": 5})));
    assert!(replaced.contains("expect: *s"));
    let anchored = "cases:\n- name: a\n  function: b\n  expect: &x { value: 2 }\n- name: b\n  function: b\n  expect: *x\n";
    let refused = update(anchored, Language::Yaml, &[(0, expect(value!({"value": 3})))]);
    let refused = refused.expect_err("the other case would change");
    assert_eq!((refused.case, &anchored[refused.span]), (0, "name: a\n  function: b\n  expect: &x { value: 2 }"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn any_snapshot_can_be_written_over_any_other(old in any_value(), new in any_value()) {
        for language in [Language::Yaml, Language::Json] {
            let blank = match language {
                Language::Yaml => "# head\ncases:\n  - name: a # x\n    function: b\n  - name: b\n    function: c\n".to_owned(),
                Language::Json => "{\"cases\": [{\"name\": \"a\",\n \"function\": \"b\"}, {\"name\": \"b\", \"function\": \"c\"}]}".to_owned(),
            };
            let first = updated(language, &blank, &expect(value!({"value": (old.clone())})));
            let second = updated(language, &first, &expect(value!({"value": (new.clone())})));
            let file = read(&second, language).expect("a case file");
            prop_assert_eq!(&file.cases[0].expectation, &Expectation::Exactly(value!({"value": (new.clone())})));
        }
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![any::<String>(), "[a-z:# \\-\\n|>]{0,12}", "(null|true|5|a|b|c)"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.clone().prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text.clone(), inner), 0..4).prop_map(|members| Value::from(
                members.into_iter().map(|(key, value)| (value::Str::from(key), value)).collect::<Object>()
            )),
        ]
    })
}
