//! AppSync's quotas on a connection: how many subscriptions, how large a payload, how large a message.

use value::value;

use crate::chat::Room;
use crate::harness::websocket::{Frame, KEEP_ALIVE, Listener, error};
use crate::harness::{API_KEY, Definition, config};

#[test]
fn two_hundred_subscriptions_of_a_connection_are_the_most() {
    let mut room = Room::of("many");
    let mut other = room.another();
    // The room itself has one.
    for number in 1..200 {
        room.listener.subscribe(&number.to_string(), &format!("subscription {{ onSend(n: {number}) {{ id }} }}"));
    }
    let reached = r#"[{"errorType":"MaxSubscriptionsReachedError","message":"Max number of 200 subscriptions reached"}]"#;
    for id in ["200", "201"] {
        assert_eq!(room.listener.start(id, "subscription { onSend { id } }", &value!({})), error(id, reached));
    }
    // The others go on, other connections have their own count, and one that ends makes room.
    room.mutate("send(with: $with) { id n }", &value!({"value": {"id": "1", "n": 199}}));
    assert_eq!(room.heard(), [r#"199 {"data":{"onSend":{"id":"1"}}}"#]);
    other.listener.subscribe("200", "subscription { onSend { id } }");
    room.listener.stop("7");
    room.listener.subscribe("200", "subscription { onSend(n: 7) { id } }");
    room.mutate("send(with: $with) { id n }", &value!({"value": {"id": "2", "n": 7}}));
    assert_eq!(room.heard(), [r#"200 {"data":{"onSend":{"id":"2"}}}"#]);
}

/// AWS drops such a payload and tells nobody; here the subscriber is told.
#[test]
fn a_payload_over_240_kb_is_an_error() {
    const LIMIT: usize = 240 * 1024;
    let mut room = Room::of("payloads");
    room.listener.subscribe("whole", "subscription { onSend { text } }");
    room.listener.subscribe("small", "subscription { onSend { id } }");
    let around = r#"{"data":{"onSend":{"text":""}}}"#.len();
    for (id, length) in [("1", LIMIT), ("2", LIMIT + 1)] {
        let text = "x".repeat(length - around);
        let answer = room.mutate("send(with: $with) { id text }", &value!({"value": {"id": id, "text": (&*text)}}));
        assert!(answer.get("errors").is_none(), "{answer}");
        let mut heard = room.heard();
        // The end of a subscription takes a way of its own, and may come later.
        while heard.len() < 2 {
            heard.push(room.listener.socket.text());
        }
        heard.sort();
        let small = format!(r#"small {{"data":{{"onSend":{{"id":"{id}"}}}}}}"#);
        let whole = if length <= LIMIT {
            format!(r#"whole {{"data":{{"onSend":{{"text":"{text}"}}}}}}"#)
        } else {
            error(
                "whole",
                r#"[{"errorType":"LimitExceededError","message":"The payload has 245761 bytes, more than the 245760 that a subscription may be sent."}]"#,
            )
        };
        let mut expected = [small, whole];
        expected.sort();
        assert!(heard == expected, "{length} bytes: {heard:.200?}");
    }
    // Clients give up a subscription that got an error; its id is free.
    room.listener.subscribe("whole", "subscription { onSend { text } }");
    room.mutate("send(with: $with) { text }", &value!({"value": {"text": "short"}}));
    assert!(room.heard().contains(&r#"whole {"data":{"onSend":{"text":"short"}}}"#.to_owned()));
}

#[test]
fn a_message_over_a_megabyte_is_refused() {
    const LIMIT: usize = 1 << 20;
    let mut room = Room::of("messages");
    let message = |length: usize| {
        let start = r#"{"type":"stop","id":"none","#;
        let rest = r#""x":""}"#;
        format!(r#"{start}"x":"{}"}}"#, "x".repeat(length - start.len() - rest.len()))
    };
    room.listener.socket.send(&message(LIMIT));
    assert!(room.listener.socket.text().contains("UnknownOperationError"));
    room.listener.socket.send(&message(LIMIT + 1));
    assert_eq!(room.listener.socket.rest(), ["1009 messages are limited to 1048576 bytes"]);
}

#[test]
fn the_limits_are_those_of_the_configuration() {
    let realtime = "[realtime]\nsubscriptions_per_connection = 2\npayload_limit = \"100B\"\nmessage_limit = \"2KiB\"\n\
                    keep_alive = \"20ms\"\n";
    let definition = |more: &str| {
        let schema = "type Query { a: String } type Mutation { say(text: String): String }
                      type Subscription { onSay: String @aws_subscribe(mutations: [\"say\"]) }";
        let code = "// @dataSource none\nexport function request(ctx) { return { payload: ctx.args.text }; }\n\
                    export function response(ctx) { return ctx.result; }\n";
        let config = format!("{}{realtime}{more}", config(""));
        Definition::of(&[("config.toml", &config), ("schema.graphql", schema), ("resolvers/Mutation.say.js", code)])
    };
    let first = definition("");
    let server = first.serve();
    let credentials = value!({"host": "localhost", "x-api-key": API_KEY});
    let mut listener = Listener::connect(server.address, "/graphql/realtime", credentials.clone());
    // A sign of life comes without being asked for, again and again.
    for _ in 0..3 {
        assert_eq!(listener.socket.frame(), Frame::Text(KEEP_ALIVE.to_owned()));
    }
    for id in ["1", "2"] {
        listener.subscribe(id, "subscription { onSay }");
    }
    let reached = r#"[{"errorType":"MaxSubscriptionsReachedError","message":"Max number of 2 subscriptions reached"}]"#;
    assert_eq!(listener.start("3", "subscription { onSay }", &value!({})), error("3", reached));
    server.client().query(&format!("mutation {{ say(text: \"{}\") }}", "x".repeat(80)));
    let too_large = r#"[{"errorType":"LimitExceededError","message":"The payload has 101 bytes, more than the 100 that a subscription may be sent."}]"#;
    let mut ends = [listener.socket.text(), listener.socket.text()];
    ends.sort();
    assert_eq!(ends, [error("1", too_large), error("2", too_large)]);
    listener.socket.send(&" ".repeat(2_049));
    assert_eq!(listener.socket.rest(), ["1009 messages are limited to 2048 bytes"]);

    let aging = definition("connection_age = \"100ms\"\n");
    let server = aging.serve();
    let mut listener = Listener::connect(server.address, "/graphql/realtime", credentials);
    assert_eq!(listener.socket.rest(), ["1001 the connection has reached its age"]);
}
