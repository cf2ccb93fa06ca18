//! What every client can do, and what each does in its own way.

use value::{Value, value};

use super::script::{Script, frame, is, said, text};
use super::{ALL, post};
use crate::harness::Server;

/// What a client does in its own way.
#[derive(Clone, Debug)]
pub(crate) struct Ways {
    pub(crate) wire: Wire,
    /// It asks for `__typename` wherever it selects.
    pub(crate) typenames: bool,
    /// Data with errors ends the subscription, as far as the client is concerned.
    pub(crate) errors_end: bool,
    /// More that it is told with each subscription.
    pub(crate) more: Value,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wire {
    /// AppSync's messages.
    Frames,
    /// MQTT by a JavaScript client, whose packets are told in hexadecimal digits.
    Packets,
    /// MQTT by paho for Python, which tells what it gets.
    Paho,
}

/// A client that is told no more than what to subscribe to.
pub(crate) fn ways(wire: Wire, typenames: bool, errors_end: bool) -> Ways {
    Ways { wire, typenames, errors_end, more: value!({}) }
}

impl Ways {
    /// Subscribes and waits for the server's word that the subscription lives; its id, if it has one.
    #[track_caller]
    pub(crate) fn subscribe(&self, script: &mut Script, name: &str, query: &str, variables: Value) -> String {
        subscribe(script, name, query, with(value!({"variables": (variables)}), self.more.clone()));
        match self.wire {
            Wire::Frames => {
                let sent = script.until("the frame start", |event| is(event, "sent") && text(&frame(event), "type") == "start");
                let id = text(&frame(&sent), "id").to_owned();
                let answer = script.frame("start_ack");
                assert_eq!(text(&answer, "id"), id, "{answer}");
                id
            }
            Wire::Packets => {
                // SUBACK: what was asked for, QoS 0, is granted.
                let answer = script.until("SUBACK", |event| is(event, "received") && text(event, "hex").starts_with("90"));
                assert_eq!(
                    (text(&answer, "hex").get(..4), text(&answer, "hex").get(8..)),
                    (Some("9003"), Some("00")),
                    "{answer}"
                );
                String::new()
            }
            Wire::Paho => {
                let answer = script.event_of("subscribed", name);
                assert_eq!(answer.at(&["codes"]), &value!([(self.more.at(&["qos"]).clone())]), "{answer}");
                String::new()
            }
        }
    }

    /// The next thing that a subscription gets is this data, without errors.
    #[track_caller]
    pub(crate) fn gets(&self, script: &mut Script, name: &str, field: &str, mut expected: Value) {
        if !self.typenames {
            expected = without_typenames(&expected);
        }
        let event = script.next(name);
        let mut data = value!({});
        data.as_object_mut().expect("an object").insert(field, expected);
        assert_eq!(event.get("data"), Some(&data), "{name}: {event}");
        assert_eq!((event.get("message"), event.get("errors")), (None, None), "{name}: {event}");
    }

    /// The next thing that a subscription gets is no data and an error.
    #[track_caller]
    pub(crate) fn gets_error(&self, script: &mut Script, name: &str, words: &str) {
        let event = script.next(name);
        assert_eq!(is(&event, "error"), self.errors_end, "{event}");
        assert!(said(&event).contains(words), "{words}: {event}");
        if !self.errors_end {
            assert_eq!(event.at(&["data"]), &value!({"onPost": null}), "{event}");
        }
    }
}

fn without_typenames(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().filter(|(name, _)| &***name != "__typename");
            members.map(|(name, value)| (&**name, without_typenames(value))).collect::<value::Object>().into()
        }
        _ => value.clone(),
    }
}

/// What every client can do, in one API and one mode. At the end it has no subscriptions.
#[track_caller]
pub(crate) fn rounds(script: &mut Script, server: &Server, ways: &Ways) {
    // A subscriber gets what it selected; what the mutation did not select is null.
    ways.subscribe(script, "all", ALL, value!({}));
    post(server, r#"id: "1", room: "a", text: "hé \"ho\"", stars: 3, author: "ann""#, "id kind room text author { name phone }");
    let author = value!({"name": "ann", "__typename": "Person"});
    let all = |id: &str, room: Value| value!({"id": id, "room": (room), "text": null, "stars": null, "author": null, "__typename": "Message"});
    let first = value!({
        "id": "1", "room": "a", "text": "hé \"ho\"", "stars": null, "author": (author), "__typename": "Message",
    });
    ways.gets(script, "all", "onPost", first);

    // Arguments are compared with the result; a member that the mutation did not select equals nothing.
    let by_room = "subscription ($room: String) { onPost(room: $room) { id room } }";
    let id = ways.subscribe(script, "room", by_room, value!({"room": "b"}));
    post(server, r#"id: "2", room: "a""#, "id room");
    post(server, r#"id: "3", room: "b""#, "id");
    post(server, r#"id: "4", room: "b""#, "id room");
    ways.gets(script, "all", "onPost", all("2", "a".into()));
    ways.gets(script, "all", "onPost", all("3", Value::Null));
    ways.gets(script, "all", "onPost", all("4", "b".into()));
    ways.gets(script, "room", "onPost", value!({"id": "4", "room": "b", "__typename": "Message"}));

    // An explicit null equals null; a variable that is not given does not filter.
    let untitled = "subscription { onPost(title: null) { id title } }";
    ways.subscribe(script, "untitled", untitled, value!({}));
    ways.subscribe(script, "any room", by_room, value!({}));
    post(server, r#"id: "5", title: "t""#, "id title");
    post(server, r#"id: "6""#, "id title");
    ways.gets(script, "all", "onPost", all("5", Value::Null));
    ways.gets(script, "all", "onPost", all("6", Value::Null));
    ways.gets(script, "untitled", "onPost", value!({"id": "6", "title": null, "__typename": "Message"}));
    ways.gets(script, "any room", "onPost", value!({"id": "5", "room": null, "__typename": "Message"}));
    ways.gets(script, "any room", "onPost", value!({"id": "6", "room": null, "__typename": "Message"}));

    // A filter of the subscription's resolver.
    ways.subscribe(script, "praise", "subscription { onPraise(stars: 4) { id stars } }", value!({}));
    post(server, r#"id: "7", stars: 3"#, "id stars");
    post(server, r#"id: "8", stars: 5"#, "id stars");
    ways.gets(script, "praise", "onPraise", value!({"id": "8", "stars": 5, "__typename": "Message"}));
    for (id, stars) in [("7", 3), ("8", 5)] {
        ways.gets(script, "all", "onPost", with(all(id, Value::Null), value!({"stars": stars})));
    }

    // What must not be null, and was not selected, is an error.
    ways.subscribe(script, "kind", "subscription { onPost { id kind } }", value!({}));
    post(server, r#"id: "9""#, "id");
    let missing = "Cannot return null for non-nullable type: 'String' within parent 'Message' (/onPost/kind)";
    ways.gets_error(script, "kind", missing);
    ways.gets(script, "all", "onPost", all("9", Value::Null));

    // A subscription that was ended gets nothing more; the others do.
    script.tell("unsubscribe", &value!({"name": "room"}));
    if ways.wire == Wire::Frames {
        let of_type = |event: &Value, kind| text(&frame(event), "id") == id && text(&frame(event), "type") == kind;
        script.until("stop", |event| is(event, "sent") && of_type(event, "stop"));
        script.until("complete", |event| is(event, "received") && of_type(event, "complete"));
    } else {
        // What ended with an error closed its connection as well.
        script.event("closed");
        script.event("closed");
    }
    let of_room = |event: &Value| {
        let told = is(event, "next") && text(event, "name") == "room";
        told || !id.is_empty() && is(event, "received") && text(&frame(event), "id") == id
    };
    let heard = script.counted(of_room);
    post(server, r#"id: "10", room: "b""#, "id room");
    post(server, r#"id: "11", room: "b""#, "id room");
    ways.gets(script, "all", "onPost", all("10", "b".into()));
    ways.gets(script, "all", "onPost", all("11", "b".into()));
    assert_eq!(script.counted(of_room), heard);

    for name in ["all", "untitled", "any room", "praise", "kind"] {
        if name != "kind" || !ways.errors_end {
            script.tell("unsubscribe", &value!({"name": name}));
        }
    }
}

/// The client ends its only socket when it has nothing more to hear.
#[track_caller]
pub(crate) fn ends(script: &mut Script) {
    let closed = script.event("closed");
    assert_eq!((script.count("opened"), script.count("closed")), (1, 1), "{closed}");
}

/// The client asks over HTTP as well.
#[track_caller]
pub(crate) fn asks(script: &mut Script) {
    script.tell("ask", &value!({"name": "ping", "query": "{ ping }"}));
    let answer = script.event("answer");
    assert_eq!(answer.at(&["data"]), &value!({"ping": "pong"}), "{answer}");
    let mutation = "mutation ($id: ID!) { post(id: $id, author: \"bo\") { id author { name } } }";
    script.tell("ask", &value!({"name": "post", "query": mutation, "variables": {"id": "20"}}));
    let author = value!({"name": "bo", "__typename": "Person"});
    let data = value!({"post": {"id": "20", "author": (author), "__typename": "Message"}});
    let answer = script.event("answer");
    assert_eq!(answer.at(&["data"]), &data, "{answer}");
}

/// What it opened first: a URL that begins so, with this sub-protocol.
#[track_caller]
pub(crate) fn opens(script: &mut Script, url: &str, protocol: &str) {
    let opened = script.event("opened");
    assert!(text(&opened, "url").starts_with(url), "{url}: {opened}");
    assert_eq!(text(&opened, "protocol"), protocol);
    if protocol == "graphql-ws" {
        assert_eq!(script.frame("connection_ack").at(&["payload"]), &value!({"connectionTimeoutMs": 300_000}));
        // AWS's link watches for silence only when it has got one.
        script.frame("ka");
    }
}

/// An object with the members of another.
pub(crate) fn with(base: Value, more: Value) -> Value {
    let mut members = value::Object::new();
    for object in [base, more] {
        for (name, value) in object.as_object().expect("an object") {
            members.insert(&**name, value.clone());
        }
    }
    members.into()
}

/// Subscribes, and waits for nothing.
pub(crate) fn subscribe(script: &mut Script, name: &str, query: &str, more: Value) {
    script.tell("subscribe", &with(value!({"name": name, "query": query}), more));
}
