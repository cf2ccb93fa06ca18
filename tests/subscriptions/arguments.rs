//! Which events a subscription's arguments let through: they are compared with what the mutation gave and selected.

use value::Value;

use crate::chat::Room;
use crate::harness::websocket::acknowledgement;

/// A subscription with arguments and variables, and whether it hears the event.
type Case = (&'static str, &'static str, bool);

/// Starts all of them, runs the mutation, and compares who has heard it.
fn check(room: &mut Room, field: &str, cases: &[Case], mutation: &str, with: &str) {
    for (number, (signature, variables, _)) in cases.iter().enumerate() {
        // `$a: Int | (n: $a)` declares a variable first.
        let (declared, arguments) = match signature.split_once(" | ") {
            Some((declared, arguments)) => (format!("({declared})"), arguments),
            None => (String::new(), *signature),
        };
        let document = format!("subscription{declared} {{ {field}{arguments} {{ id }}\n}}");
        let variables = Value::parse(variables.as_bytes()).expect("JSON");
        let id = number.to_string();
        assert_eq!(room.listener.start(&id, &document, &variables), acknowledgement(&id), "{document}");
    }
    let answer = room.mutate(mutation, &Value::parse(with.as_bytes()).expect("JSON"));
    assert!(answer.get("errors").is_none(), "{answer}");
    let heard = room.heard();
    let mut wrong = String::new();
    for (number, (signature, variables, expected)) in cases.iter().enumerate() {
        let times = heard.iter().filter(|line| line.starts_with(&format!("{number} "))).count();
        if times != usize::from(*expected) {
            wrong += &format!("{signature} {variables}: heard {times} times, expected {expected}\n");
        }
    }
    assert!(wrong.is_empty(), "{mutation} {with}\n{wrong}");
    for number in 0..cases.len() {
        room.listener.stop(&number.to_string());
    }
}

const ALL: &str = "send(with: $with) { id room text kind n big flag at tags blob computed }";

#[test]
fn arguments_are_compared_with_the_result_of_the_mutation() {
    let mut room = Room::of("arguments");
    let cases: &[Case] = &[
        ("", "{}", true),
        ("(room: \"a\")", "{}", true),
        ("(room: \"A\") { __typename id } __typename #", "{}", false),
        ("(room: \"A\")", "{}", false),
        ("(room: \"\")", "{}", false),
        // All that are given must be equal.
        ("(room: \"a\", id: 1)", "{}", true),
        ("(room: \"a\", id: 2)", "{}", false),
        ("(room: \"b\", id: \"1\")", "{}", false),
        ("(room: \"a\", id: \"1\", kind: ALARM, n: 5, big: 2, flag: false, computed: \"1!\")", "{}", true),
        ("(room: \"a\", id: \"1\", kind: ALARM, n: 5, big: 2, flag: true, computed: \"1!\")", "{}", false),
        // Each type compares as its values do.
        ("(id: 1)", "{}", true),
        ("(kind: ALARM)", "{}", true),
        ("(kind: INFO)", "{}", false),
        ("(n: 5)", "{}", true),
        ("(n: 50)", "{}", false),
        ("(big: 2)", "{}", true),
        ("(big: 2.0)", "{}", true),
        ("(big: 2.1)", "{}", false),
        ("(flag: false)", "{}", true),
        ("(flag: true)", "{}", false),
        ("(at: \"2026-11-22T07:50:28Z\")", "{}", true),
        ("(at: \"2026-11-22T07:50:29Z\")", "{}", false),
        ("(tags: [\"x\", \"y\"])", "{}", true),
        ("(tags: [\"y\", \"x\"])", "{}", false),
        ("(tags: [\"x\"])", "{}", false),
        ("(blob: \"{\\\"a\\\":[1,{\\\"b\\\":null}]}\")", "{}", true),
        ("(blob: \"{\\\"a\\\":[1]}\")", "{}", false),
        // What a resolver below gave.
        ("(computed: \"1!\")", "{}", true),
        ("(computed: \"1\")", "{}", false),
        // A null is one that was given.
        ("(text: null)", "{}", true),
        ("(room: null)", "{}", false),
        ("(text: \"null\")", "{}", false),
        // An argument that is no field of the type is compared with nothing.
        ("(other: \"o\")", "{}", false),
        ("(other: null)", "{}", true),
        // A variable without a value is no argument (inferred).
        ("$a: String | (room: $a)", "{}", true),
        ("$a: String | (room: $a)", r#"{"a":"a"}"#, true),
        ("$a: String | (room: $a)", r#"{"a":"b"}"#, false),
        ("$a: String | (room: $a)", r#"{"a":null}"#, false),
        ("$a: String | (text: $a)", r#"{"a":null}"#, true),
        ("$a: String = \"b\" | (room: $a)", "{}", false),
        ("$a: String = \"a\" | (room: $a)", "{}", true),
        ("$a: String, $b: Int | (room: $a, n: $b)", r#"{"b":6}"#, false),
        ("$a: [String] | (tags: $a)", r#"{"a":["x","y"]}"#, true),
        ("$a: ID | (id: $a)", r#"{"a":1}"#, true),
    ];
    check(
        &mut room,
        "onSend",
        cases,
        ALL,
        r#"{"value":{"id":"1","room":"a","text":null,"kind":"ALARM","n":5,"big":2,"flag":false,"at":"2026-11-22T07:50:28Z","tags":["x","y"],"blob":{"a":[1,{"b":null}]},"other":"o"}}"#,
    );
    // Not selected: it matches nothing, and a null matches it.
    let cases: &[Case] = &[
        ("", "{}", true),
        ("(room: \"a\")", "{}", false),
        ("(room: null)", "{}", true),
        ("(id: 1, room: \"a\")", "{}", false),
        ("(id: 1, room: null)", "{}", true),
        ("(id: 1)", "{}", true),
    ];
    check(&mut room, "onSend", cases, "send(with: $with) { id }", r#"{"value":{"id":"1","room":"a"}}"#);
    // An alias is no other field.
    let cases: &[Case] = &[("(room: \"a\")", "{}", true), ("(text: \"a\")", "{}", false), ("(text: \"t\")", "{}", true)];
    check(&mut room, "onSend", cases, "send(with: $with) { text: room x: text }", r#"{"value":{"room":"a","text":"t"}}"#);
    // Nothing in the result is equal to anything.
    let cases: &[Case] = &[("", "{}", true), ("(room: \"a\")", "{}", false)];
    check(&mut room, "onSend", cases, "send(with: $with) { room }", r#"{"value":null}"#);
    // What the schema says for an argument that is left out is one that was given (inferred).
    let cases: &[Case] = &[("", "{}", true), ("(room: \"a\")", "{}", true), ("(room: \"b\")", "{}", false)];
    check(&mut room, "onDefault", cases, "send(with: $with) { id room }", r#"{"value":{"room":"a"}}"#);
    let cases: &[Case] = &[("", "{}", false), ("(room: \"b\")", "{}", true), ("(room: null)", "{}", false)];
    check(&mut room, "onDefault", cases, "send(with: $with) { id room }", r#"{"value":{"room":"b"}}"#);
    // A list has no members (inferred).
    let cases: &[Case] = &[("", "{}", true), ("(id: 1)", "{}", false)];
    check(&mut room, "onMany", cases, "many(with: $with) { id }", r#"{"value":[{"id":"1"}]}"#);
}

#[test]
fn a_mutation_is_heard_by_each_subscription_field_that_names_it() {
    let mut room = Room::of("several");
    let mut other = room.another();
    room.listener.subscribe("send", "subscription { onSend(room: \"a\") { id } }");
    room.listener.subscribe("either", "subscription { onEither(room: \"a\") { room } }");
    other.listener.subscribe("either", "subscription { onEither { id room } }");
    room.mutate("post(with: $with) { id room }", &value::value!({"value": {"id": "1", "room": "a"}}));
    room.mutate("send(with: $with) { id room }", &value::value!({"value": {"id": "2", "room": "a"}}));
    room.mutate("post(with: $with) { id room }", &value::value!({"value": {"id": "3", "room": "b"}}));
    let mut heard = room.heard();
    // Which of two fields of one mutation comes first is nobody's business.
    heard.sort();
    assert_eq!(
        heard,
        [
            r#"either {"data":{"onEither":{"room":"a"}}}"#,
            r#"either {"data":{"onEither":{"room":"a"}}}"#,
            r#"send {"data":{"onSend":{"id":"2"}}}"#,
        ]
    );
    assert_eq!(
        other.heard(),
        [
            r#"either {"data":{"onEither":{"id":"1","room":"a"}}}"#,
            r#"either {"data":{"onEither":{"id":"2","room":"a"}}}"#,
            r#"either {"data":{"onEither":{"id":"3","room":"b"}}}"#,
        ]
    );
}

#[test]
fn apis_of_one_process_do_not_hear_each_other() {
    let (mut alone, mut neighbour) = (Room::of("alone"), Room::of("neighbour"));
    for room in [&mut alone, &mut neighbour] {
        room.listener.subscribe("s", "subscription { onSend { id } }");
    }
    alone.mutate("send(with: $with) { id }", &value::value!({"value": {"id": "1"}}));
    neighbour.mutate("send(with: $with) { id }", &value::value!({"value": {"id": "2"}}));
    assert_eq!(alone.heard(), [r#"s {"data":{"onSend":{"id":"1"}}}"#]);
    assert_eq!(neighbour.heard(), [r#"s {"data":{"onSend":{"id":"2"}}}"#]);
}
