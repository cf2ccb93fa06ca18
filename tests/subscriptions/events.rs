//! What an event says: selected fields only, and what becomes of results that are null or have errors.

use value::Value;

use crate::chat::Room;

/// A subscription, fields of a mutation, what it is told to give, and what the subscriber hears of it.
struct Case {
    rule: &'static str,
    subscription: &'static str,
    mutation: &'static str,
    with: &'static str,
    heard: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        rule: "fields that both selected",
        subscription: "{ onSend { id text } }",
        mutation: "send(with: $with) { id text }",
        with: r#"{"value":{"id":"1","text":"hi","room":"a"}}"#,
        heard: &[r#"{"data":{"onSend":{"id":"1","text":"hi"}}}"#],
    },
    Case {
        rule: "a field that the mutation did not select is null",
        subscription: "{ onSend { id text room } }",
        mutation: "send(with: $with) { id }",
        with: r#"{"value":{"id":"1","text":"hi","room":"a"}}"#,
        heard: &[r#"{"data":{"onSend":{"id":"1","text":null,"room":null}}}"#],
    },
    Case {
        rule: "a field that the subscription did not select is not there",
        subscription: "{ onSend { id } }",
        mutation: "send(with: $with) { id text }",
        with: r#"{"value":{"id":"1","text":"hi"}}"#,
        heard: &[r#"{"data":{"onSend":{"id":"1"}}}"#],
    },
    Case {
        rule: "a non-null field that the mutation did not select",
        subscription: "{ onSend { id must } }",
        mutation: "send(with: $with) { id }",
        with: r#"{"value":{"id":"1","must":"m"}}"#,
        heard: &[
            r#"{"data":{"onSend":null},"errors":[{"path":["onSend","must"],"locations":null,"message":"Cannot return null for non-nullable type: 'String' within parent 'Message' (/onSend/must)"}]}"#,
        ],
    },
    Case {
        rule: "a non-null field that the mutation selected",
        subscription: "{ onSend { id must } }",
        mutation: "send(with: $with) { must }",
        with: r#"{"value":{"id":"1","must":"m"}}"#,
        heard: &[r#"{"data":{"onSend":{"id":null,"must":"m"}}}"#],
    },
    Case {
        rule: "a nested non-null field that the mutation did not select",
        subscription: "{ onSend { id author { name label } } }",
        mutation: "send(with: $with) { id author { label } }",
        with: r#"{"value":{"id":"1","author":{"name":"Ann","label":"l"}}}"#,
        heard: &[
            r#"{"data":{"onSend":{"id":"1","author":null}},"errors":[{"path":["onSend","author","name"],"locations":null,"message":"Cannot return null for non-nullable type: 'String' within parent 'Author' (/onSend/author/name)"}]}"#,
        ],
    },
    Case {
        rule: "an object that the mutation did not select",
        subscription: "{ onSend { id author { name } } }",
        mutation: "send(with: $with) { id }",
        with: r#"{"value":{"id":"1","author":{"name":"Ann"}}}"#,
        heard: &[r#"{"data":{"onSend":{"id":"1","author":null}}}"#],
    },
    Case {
        rule: "aliases of the mutation are its own (inferred)",
        subscription: "{ onSend { id text } }",
        mutation: "m: send(with: $with) { number: id id: text text: room }",
        with: r#"{"value":{"id":"1","text":"hi","room":"a"}}"#,
        heard: &[r#"{"data":{"onSend":{"id":"1","text":"hi"}}}"#],
    },
    Case {
        rule: "a field of the mutation under several aliases (inferred)",
        subscription: "{ onSend { id author { name label } child { id must computed } nodes { id label } } }",
        mutation: "send(with: $with) { id a: author { label } b: author { name } child { id } c: child { must computed } nodes { id } n: nodes { label } }",
        with: r#"{"value":{"id":"1","author":{"name":"Ann","label":"l"},"nodes":[{"__typename":"Robot","id":"2","label":"r"}]}}"#,
        heard: &[
            r#"{"data":{"onSend":{"id":"1","author":{"name":"Ann","label":"l"},"child":{"id":"1.1","must":"m","computed":"1.1!"},"nodes":[{"id":"2","label":"r"}]}}}"#,
        ],
    },
    Case {
        rule: "a field with other arguments is another value: the first one is heard (inferred)",
        subscription: "{ onSend { id child { id text } } }",
        mutation: "send(with: $with) { id a: child(of: 1) { id } b: child(of: 2) { text } c: child(of: 1) { room } }",
        with: r#"{"value":{"id":"1"}}"#,
        heard: &[r#"{"data":{"onSend":{"id":"1","child":{"id":"1.1","text":null}}}}"#],
    },
    Case {
        rule: "aliases of the subscription are its own",
        subscription: "{ heard: onSend { number: id id: text } }",
        mutation: "send(with: $with) { id text }",
        with: r#"{"value":{"id":"1","text":"hi"}}"#,
        heard: &[r#"{"data":{"heard":{"number":"1","id":"hi"}}}"#],
    },
    Case {
        rule: "__typename",
        subscription: "{ __typename onSend { __typename id } }",
        mutation: "send(with: $with) { id }",
        with: r#"{"value":{"id":"1"}}"#,
        heard: &[r#"{"data":{"__typename":"Subscription","onSend":{"__typename":"Message","id":"1"}}}"#],
    },
    Case {
        rule: "fragments",
        subscription: "{ onSend { ...F } } fragment F on Message { id ... on Message { text } ... @skip(if: true) { room } }",
        mutation: "send(with: $with) { id ... { text room } }",
        with: r#"{"value":{"id":"1","text":"hi","room":"a"}}"#,
        heard: &[r#"{"data":{"onSend":{"id":"1","text":"hi"}}}"#],
    },
    Case {
        rule: "several fields of one mutation, in order",
        subscription: "{ onSend { id } }",
        mutation: "a: send(with: $with) { id } b: send(with: \"{\\\"value\\\":{\\\"id\\\":\\\"2\\\"}}\") { id } quiet(with: $with) { id }",
        with: r#"{"value":{"id":"1"}}"#,
        heard: &[r#"{"data":{"onSend":{"id":"1"}}}"#, r#"{"data":{"onSend":{"id":"2"}}}"#],
    },
    Case {
        rule: "each of the mutations of @aws_subscribe, in order",
        subscription: "{ onEither { id } }",
        mutation: "a: post(with: $with) { id } b: send(with: \"{\\\"value\\\":{\\\"id\\\":\\\"2\\\"}}\") { id } c: post(with: \"{\\\"value\\\":{\\\"id\\\":\\\"3\\\"}}\") { id }",
        with: r#"{"value":{"id":"1"}}"#,
        heard: &[
            r#"{"data":{"onEither":{"id":"1"}}}"#,
            r#"{"data":{"onEither":{"id":"2"}}}"#,
            r#"{"data":{"onEither":{"id":"3"}}}"#,
        ],
    },
    Case {
        rule: "a mutation of another subscription",
        subscription: "{ onSend { id } }",
        mutation: "post(with: $with) { id }",
        with: r#"{"value":{"id":"1"}}"#,
        heard: &[],
    },
    Case {
        rule: "a field of the mutation that is skipped",
        subscription: "{ onSend { id } }",
        mutation: "send(with: $with) @skip(if: true) { id } quiet(with: $with) { id }",
        with: r#"{"value":{"id":"1"}}"#,
        heard: &[],
    },
    Case {
        rule: "a field below that is skipped is not selected",
        subscription: "{ onSend { id text } }",
        mutation: "send(with: $with) { id text @include(if: false) }",
        with: r#"{"value":{"id":"1","text":"hi"}}"#,
        heard: &[r#"{"data":{"onSend":{"id":"1","text":null}}}"#],
    },
    Case {
        rule: "a null result is published",
        subscription: "{ onSend { id } }",
        mutation: "send(with: $with) { id }",
        with: r#"{"value":null}"#,
        heard: &[r#"{"data":{"onSend":null}}"#],
    },
    Case {
        rule: "an error is not published",
        subscription: "{ onSend { id } }",
        mutation: "send(with: $with) { id }",
        with: r#"{"value":null,"error":"no"}"#,
        heard: &[],
    },
    Case {
        rule: "an error with data is not published (inferred)",
        subscription: "{ onSend { id } }",
        mutation: "send(with: $with) { id }",
        with: r#"{"value":{"id":"1"},"error":"no"}"#,
        heard: &[],
    },
    Case {
        rule: "one field fails and the other is published",
        subscription: "{ onSend { id } }",
        mutation: "a: send(with: $with) { id } b: send(with: \"{\\\"value\\\":{\\\"id\\\":\\\"2\\\"}}\") { id }",
        with: r#"{"error":"no"}"#,
        heard: &[r#"{"data":{"onSend":{"id":"2"}}}"#],
    },
    Case {
        rule: "an appended error does not keep the result back",
        subscription: "{ onSend { id } }",
        mutation: "send(with: $with) { id }",
        with: r#"{"value":{"id":"1"},"append":"beside"}"#,
        heard: &[r#"{"data":{"onSend":{"id":"1"}}}"#],
    },
    Case {
        rule: "an appended error beside null is a failure (inferred)",
        subscription: "{ onSend { id } }",
        mutation: "send(with: $with) { id }",
        with: r#"{"value":null,"append":"beside"}"#,
        heard: &[],
    },
    Case {
        rule: "a result that cannot be completed is not published (inferred)",
        subscription: "{ onSend { id must } }",
        mutation: "send(with: $with) { id must }",
        with: r#"{"value":{"id":"1","must":null}}"#,
        heard: &[],
    },
    Case {
        rule: "a text in the place of an object has no members, for subscribers neither (inferred)",
        subscription: "{ onSend { id } }",
        mutation: "send(with: $with) { id }",
        with: r#"{"value":"text"}"#,
        heard: &[r#"{"data":{"onSend":{"id":null}}}"#],
    },
    Case {
        rule: "a member that cannot be completed is null",
        subscription: "{ onSend { id n author { name } } }",
        mutation: "send(with: $with) { id n author { name } }",
        with: r#"{"value":{"id":"1","n":"x","author":{"name":null}}}"#,
        heard: &[r#"{"data":{"onSend":{"id":"1","n":null,"author":null}}}"#],
    },
    Case {
        rule: "a null of a non-null mutation is not published",
        subscription: "{ onSure { id } }",
        mutation: "sure(with: $with) { id }",
        with: r#"{"value":null}"#,
        heard: &[],
    },
    Case {
        rule: "a non-null mutation",
        subscription: "{ onSure { id } }",
        mutation: "sure(with: $with) { id }",
        with: r#"{"value":{"id":"1"}}"#,
        heard: &[r#"{"data":{"onSure":{"id":"1"}}}"#],
    },
    Case {
        rule: "a non-null subscription whose field the mutation did not select",
        subscription: "{ onSure { id must } }",
        mutation: "sure(with: $with) { id }",
        with: r#"{"value":{"id":"1","must":"m"}}"#,
        heard: &[
            r#"{"data":null,"errors":[{"path":["onSure","must"],"locations":null,"message":"Cannot return null for non-nullable type: 'String' within parent 'Message' (/onSure/must)"}]}"#,
        ],
    },
    Case {
        rule: "fields with resolvers give what they gave the mutation",
        subscription: "{ onSend { id computed child { id computed author { name } } } }",
        mutation: "send(with: $with) { id computed child { id computed author { name } } }",
        with: r#"{"value":{"id":"1","computed":"not this"}}"#,
        heard: &[
            r#"{"data":{"onSend":{"id":"1","computed":"1!","child":{"id":"1.1","computed":"1.1!","author":{"name":"Ann"}}}}}"#,
        ],
    },
    Case {
        rule: "fields with resolvers do not run for the subscription",
        subscription: "{ onSend { id computed child { id } } }",
        mutation: "send(with: $with) { id }",
        with: r#"{"value":{"id":"1","computed":"not this"}}"#,
        heard: &[r#"{"data":{"onSend":{"id":"1","computed":null,"child":null}}}"#],
    },
    Case {
        rule: "a field below that fails is null",
        subscription: "{ onSend { id broken } }",
        mutation: "send(with: $with) { id broken }",
        with: r#"{"value":{"id":"1"}}"#,
        heard: &[r#"{"data":{"onSend":{"id":"1","broken":null}}}"#],
    },
    Case {
        rule: "a list",
        subscription: "{ onMany { id text } }",
        mutation: "many(with: $with) { id }",
        with: r#"{"value":[{"id":"1","text":"a"},null,{"id":"2"}]}"#,
        heard: &[r#"{"data":{"onMany":[{"id":"1","text":null},null,{"id":"2","text":null}]}}"#],
    },
    Case {
        rule: "an empty list",
        subscription: "{ onMany { id } }",
        mutation: "many(with: $with) { id }",
        with: r#"{"value":[]}"#,
        heard: &[r#"{"data":{"onMany":[]}}"#],
    },
    Case {
        rule: "a list's items have results of their own",
        subscription: "{ onMany { id computed } }",
        mutation: "many(with: $with) { id computed }",
        with: r#"{"value":[{"id":"1"},null,{"id":"2"}]}"#,
        heard: &[r#"{"data":{"onMany":[{"id":"1","computed":"1!"},null,{"id":"2","computed":"2!"}]}}"#],
    },
    Case {
        rule: "a string",
        subscription: "{ onText }",
        mutation: "text(with: $with)",
        with: r#"{"value":"é \"x\" \u0000"}"#,
        heard: &[r#"{"data":{"onText":"é \"x\" \u0000"}}"#],
    },
    Case {
        rule: "AWSJSON",
        subscription: "{ onRaw }",
        mutation: "raw(with: $with)",
        with: r#"{"value":{"a":[1,2.50,null]}}"#,
        heard: &[r#"{"data":{"onRaw":"{\"a\":[1,2.50,null]}"}}"#],
    },
    Case {
        rule: "AWSJSON that is a string",
        subscription: "{ onRaw }",
        mutation: "raw(with: $with)",
        with: r#"{"value":"{\"a\":1}"}"#,
        heard: &[r#"{"data":{"onRaw":"\"{\\\"a\\\":1}\""}}"#],
    },
    Case {
        rule: "AWSJSON in a member",
        subscription: "{ onSend { blob } }",
        mutation: "send(with: $with) { blob }",
        with: r#"{"value":{"blob":{"a":"b"}}}"#,
        heard: &[r#"{"data":{"onSend":{"blob":"{\"a\":\"b\"}"}}}"#],
    },
    Case {
        rule: "an enum",
        subscription: "{ onKind }",
        mutation: "kind(with: $with)",
        with: r#"{"value":"ALARM"}"#,
        heard: &[r#"{"data":{"onKind":"ALARM"}}"#],
    },
    Case {
        rule: "an enum that has no such value is not published (inferred)",
        subscription: "{ onKind }",
        mutation: "kind(with: $with)",
        with: r#"{"value":"LOUD"}"#,
        heard: &[],
    },
    Case {
        rule: "a number",
        subscription: "{ onNumber }",
        mutation: "number(with: $with)",
        with: r#"{"value":-7}"#,
        heard: &[r#"{"data":{"onNumber":-7}}"#],
    },
    Case {
        rule: "a time",
        subscription: "{ onTime }",
        mutation: "time(with: $with)",
        with: r#"{"value":"2026-11-22T07:50:28.000Z"}"#,
        heard: &[r#"{"data":{"onTime":"2026-11-22T07:50:28.000Z"}}"#],
    },
    Case {
        rule: "a boolean",
        subscription: "{ onFlag }",
        mutation: "flag(with: $with)",
        with: r#"{"value":false}"#,
        heard: &[r#"{"data":{"onFlag":false}}"#],
    },
    Case {
        rule: "an interface",
        subscription: "{ onNode { id label ... on Author { name } ... on Robot { model } } }",
        mutation: "node(with: $with) { id ... on Author { name } }",
        with: r#"{"value":{"__typename":"Author","id":"1","label":"l","name":"Ann"}}"#,
        heard: &[r#"{"data":{"onNode":{"id":"1","label":null,"name":"Ann"}}}"#],
    },
    Case {
        rule: "an interface whose type only the subscription asks for",
        subscription: "{ onNode { __typename id } }",
        mutation: "node(with: $with) { id }",
        with: r#"{"value":{"__typename":"Robot","id":"1"}}"#,
        heard: &[r#"{"data":{"onNode":{"__typename":"Robot","id":"1"}}}"#],
    },
    Case {
        rule: "an interface's fields of a type are selected by type",
        subscription: "{ onNode { id ... on Robot { model } } }",
        mutation: "node(with: $with) { ... on Author { id } ... on Robot { id } }",
        with: r#"{"value":{"__typename":"Robot","id":"1","model":"m"}}"#,
        heard: &[r#"{"data":{"onNode":{"id":"1","model":null}}}"#],
    },
    Case {
        rule: "a union",
        subscription: "{ onActor { ... on Author { name } ... on Robot { id model } } }",
        mutation: "actor(with: $with) { ... on Robot { id model } }",
        with: r#"{"value":{"__typename":"Robot","id":"1","model":"m"}}"#,
        heard: &[r#"{"data":{"onActor":{"id":"1","model":"m"}}}"#],
    },
    Case {
        rule: "a union whose type is unknown is not published (inferred)",
        subscription: "{ onActor { __typename } }",
        mutation: "actor(with: $with) { __typename }",
        with: r#"{"value":{"__typename":"Nobody"}}"#,
        heard: &[],
    },
    Case {
        rule: "interfaces in members and lists",
        subscription: "{ onSend { node { id } nodes { __typename id ... on Author { name } } actor { __typename } } }",
        mutation: "send(with: $with) { node { id } nodes { ... on Author { id name } ... on Robot { label } } actor { __typename } }",
        with: r#"{"value":{"node":{"__typename":"Robot","id":"1"},"nodes":[{"__typename":"Author","id":"2","name":"Ann"},{"__typename":"Robot","id":"3"}],"actor":{"__typename":"Author"}}}"#,
        heard: &[
            r#"{"data":{"onSend":{"node":{"id":"1"},"nodes":[{"__typename":"Author","id":"2","name":"Ann"},{"__typename":"Robot","id":null}],"actor":{"__typename":"Author"}}}}"#,
        ],
    },
    Case {
        rule: "numbers of any size",
        subscription: "{ onSend { n big } }",
        mutation: "send(with: $with) { n big }",
        with: r#"{"value":{"n":2147483647,"big":1e300}}"#,
        heard: &[r#"{"data":{"onSend":{"n":2147483647,"big":1e300}}}"#],
    },
];

#[test]
fn events_hold_what_the_mutation_selected() {
    let mut room = Room::of("events");
    let mut wrong = String::new();
    for Case { rule, subscription, mutation, with, heard } in CASES {
        room.listener.subscribe("s", &format!("subscription {subscription}"));
        let with = Value::parse(with.as_bytes()).unwrap_or_else(|error| panic!("{rule}: {error}"));
        let answer = room.mutate(mutation, &with);
        let found = room.heard();
        let expected: Vec<String> = heard.iter().map(|payload| format!("s {payload}")).collect();
        if found != expected {
            wrong +=
                &format!("{rule}\n  answer   {answer}\n  heard    {}\n  expected {}\n", found.join(" | "), expected.join(" | "));
        }
        room.listener.stop("s");
    }
    assert!(wrong.is_empty(), "{wrong}");
}
