//! What a connection says to what a client sends: handshakes, ids, and what is no subscription.

use tungstenite::Message;
use value::{Value, value};

use crate::chat::Room;
use crate::harness::API_KEY;
use crate::harness::websocket::{ACK, Frame, KEEP_ALIVE, Place, Socket, acknowledgement, complete, error};

fn refusal(error: &str) -> String {
    format!(r#"{{"type":"connection_error","payload":{{"errors":[{error}]}}}}"#)
}

const REFUSED: &str = "1008 the connection was refused";

#[test]
fn a_refusal_comes_after_connection_init() {
    let room = Room::of("handshakes");
    let address = room.client().address;
    let path = format!("{}/realtime", room.path());
    let host = address.to_string();
    let unauthorized =
        r#"{"errorType":"UnauthorizedException","message":"You are not authorized to make this call.","errorCode":401}"#;
    let nothing = r#"{"errorType":"UnauthorizedException","message":"Valid authorization header not provided.","errorCode":401}"#;
    let wrong_host =
        r#"{"errorType":"BadRequestException","message":"The host of the credentials is not that of this API.","errorCode":400}"#;
    for (credentials, error) in [
        (value!({"host": (&*host), "x-api-key": "da2-wrong"}), unauthorized),
        (value!({"host": (&*host)}), nothing),
        (value!({"host": (&*host), "Authorization": "nothing"}), nothing),
        // A name in two spellings is two headers, of which nobody knows which one counts.
        (value!({"host": (&*host), "x-api-key": API_KEY, "X-API-Key": "da2-wrong"}), unauthorized),
        (value!({"host": (&*host), "x-api-key": "da2-wrong", "X-API-Key": API_KEY}), unauthorized),
        // Credentials for another API.
        (value!({"host": "neighbour.appsync-api.localhost", "x-api-key": API_KEY}), wrong_host),
    ] {
        for place in [Place::SubProtocol, Place::Query, Place::EncodedQuery] {
            let mut socket = Socket::with_credentials(address, &path, &credentials, place);
            socket.assert_silent();
            socket.init();
            assert_eq!(socket.rest(), [refusal(error), REFUSED.to_owned()], "{credentials} {place:?}");
        }
    }
    for (target, protocols, chosen, error) in [
        (path.clone(), "", None, r#"{"message":"NoProtocolError","errorCode":400}"#),
        (path.clone(), "graphql-transport-ws", None, r#"{"message":"SubProtocolNotSupportedError","errorCode":400}"#),
        (
            format!("{path}?header=%25%25&payload=e30="),
            "graphql-ws",
            Some("graphql-ws"),
            r#"{"errorType":"BadRequestException","message":"The query parameter 'header' is not base64 of at most 65536 bytes.","errorCode":400}"#,
        ),
    ] {
        let headers: &[(&str, &str)] = if protocols.is_empty() { &[] } else { &[("sec-websocket-protocol", protocols)] };
        let mut socket = Socket::open(address, &target, headers).unwrap_or_else(|answer| panic!("{answer:?}"));
        assert_eq!(socket.sub_protocol.as_deref(), chosen);
        socket.assert_silent();
        socket.init();
        assert_eq!(socket.rest(), [refusal(error), REFUSED.to_owned()], "{target} {protocols}");
    }
}

#[test]
fn both_paths_and_all_hosts_of_an_api_open_a_connection() {
    let room = Room::of("doors");
    let address = room.client().address;
    for (path, host) in [
        ("/apis/doors/graphql/realtime", address.to_string()),
        ("/apis/doors/graphql", address.to_string()),
        ("/apis/doors/graphql/realtime", "doors.appsync-api.localhost".to_owned()),
        ("/graphql/realtime", format!("doors.appsync-api.localhost:{}", address.port())),
        ("/graphql", "doors.appsync-api.localhost".to_owned()),
    ] {
        let headers = [("host", host.as_str()), ("sec-websocket-protocol", "graphql-ws"), ("x-api-key", API_KEY)];
        let mut socket = Socket::open(address, path, &headers).unwrap_or_else(|answer| panic!("{path} {host}: {answer:?}"));
        socket.init();
        assert_eq!(socket.frame(), Frame::Text(ACK.to_owned()), "{path} {host}");
        assert_eq!(socket.frame(), Frame::Text(KEEP_ALIVE.to_owned()));
        // Each start brings its own credentials; those of the upgrade are not its.
        socket.start("1", "subscription { onSend { id } }", &value!({}), &value!({"host": (&*host)}));
        assert!(socket.text().contains("UnauthorizedException"));
        socket.start("1", "subscription { onSend { id } }", &value!({}), &value!({"host": (&*host), "x-api-key": API_KEY}));
        assert_eq!(socket.text(), acknowledgement("1"));
    }
    for (target, host, status) in [
        ("/apis/nobody/graphql/realtime", "localhost", 404),
        ("/graphql/realtime", "nobody.example", 404),
        ("/realtime", "localhost", 404),
    ] {
        let answer = Socket::open(address, target, &[("host", host), ("sec-websocket-protocol", "graphql-ws")]).err();
        assert_eq!(answer.map(|answer| answer.status), Some(status), "{target} {host}");
    }
}

/// AWS's guide calls `connection_init` optional.
#[test]
fn a_client_may_begin_with_a_start() {
    let room = Room::of("doors");
    let address = room.client().address;
    let credentials = value!({"host": (address.to_string()), "x-api-key": API_KEY});
    let mut socket = Socket::with_credentials(address, "/apis/doors/graphql/realtime", &credentials, Place::SubProtocol);
    socket.start("1", "subscription { onSend { id } }", &value!({}), &credentials);
    assert_eq!(socket.text(), acknowledgement("1"));
    // A late one is answered all the same.
    socket.init();
    assert_eq!(socket.text(), ACK);
}

#[test]
fn an_id_has_one_subscription_at_a_time() {
    let mut room = Room::of("ids");
    let document = "subscription { onSend(room: \"a\") { id } }";
    let long = "i".repeat(256);
    for id in ["1", "b6c9b7a0-2c1e-4a8e-9d5e-0e3f7f6f5a11", "é ☃ \\u0001", &*long] {
        let id = &*id.replace("\\u0001", "x");
        room.listener.subscribe(id, document);
        let answer = room.listener.start(id, "subscription { onSend(room: \"b\") { id } }", &value!({}));
        let duplicate = format!(r#"[{{"errorType":"DuplicatedOperationError","message":"Duplicated operation with id {id}"}}]"#);
        assert_eq!(answer, error(id, &duplicate));
        // The first one goes on, and it is the only one.
        for (number, to) in [("1", "a"), ("2", "b")] {
            room.mutate("send(with: $with) { id room }", &value!({"value": {"id": number, "room": to}}));
        }
        assert_eq!(room.heard(), [format!(r#"{id} {{"data":{{"onSend":{{"id":"1"}}}}}}"#)]);
        room.listener.stop(id);
        room.mutate("send(with: $with) { id room }", &value!({"value": {"id": "3", "room": "a"}}));
        assert_eq!(room.heard(), [""; 0]);
        // Free again after its end, and after a refusal.
        let refused = room.listener.start(id, "subscription { onNobody { id } }", &value!({}));
        assert!(refused.contains(r#""type":"error""#), "{refused}");
        room.listener.subscribe(id, document);
        room.listener.stop(id);
        room.listener.socket.stop(id);
        let unknown = format!(r#"[{{"errorType":"UnknownOperationError","message":"Unknown operation id {id}"}}]"#);
        assert_eq!(room.listener.socket.text(), error(id, &unknown));
    }
}

#[test]
fn what_is_no_subscription_is_refused_with_its_id() {
    let mut room = Room::of("answers");
    const NOT_ONE: &str = r#"[{"errorType":"BadRequestException","message":"A subscription must select exactly one field of the subscription type; start one subscription for each field."}]"#;
    let unreadable = r#"[{"errorType":"MalformedHttpRequestException","message":"Unable to parse GraphQL query."}]"#;
    for (document, variables, errors) in [
        ("{ a }", "{}", r#"[{"errorType":"UnsupportedOperation","message":"query not supported through the realtime channel"}]"#),
        (
            "mutation { send(with: \"{}\") { id } }",
            "{}",
            r#"[{"errorType":"UnsupportedOperation","message":"mutation not supported through the realtime channel"}]"#,
        ),
        ("subscription {", "{}", unreadable),
        ("", "{}", unreadable),
        (
            "subscription { onNobody { id } }",
            "{}",
            r#"[{"message":"Validation error of type FieldUndefined: Field 'onNobody' in type 'Subscription' is undefined @ 'onNobody'"}]"#,
        ),
        (
            "subscription { onSend }",
            "{}",
            r#"[{"message":"Validation error of type SubSelectionRequired: Sub selection required for type Message of field onSend @ 'onSend'"}]"#,
        ),
        (
            "subscription($n: Int) { onSend(n: $n) { id } }",
            r#"{"n":"five"}"#,
            r#"[{"message":"Variable 'n' has an invalid value. Expected type 'Int' but was 'String'."}]"#,
        ),
        ("subscription { __typename }", "{}", NOT_ONE),
        ("subscription { a: onSend { id } b: onSend { id } }", "{}", NOT_ONE),
        ("subscription { onSend @skip(if: true) { id } }", "{}", NOT_ONE),
        ("subscription($s: Boolean!) { onSend @skip(if: $s) { id } }", r#"{"s":true}"#, NOT_ONE),
        ("subscription($s: Boolean!) { onSend @skip(if: $s) { id } onNothing @include(if: $s) }", r#"{"s":true}"#, NOT_ONE),
        (
            "subscription($n: Int!) { onSend(n: $n) { id } }",
            "{}",
            r#"[{"message":"Variable 'n' has coerced Null value for NonNull type 'Int!'"}]"#,
        ),
        (
            "subscription { onSend { id } } { a }",
            "{}",
            r#"[{"message":"Validation error of type LoneAnonymousOperationViolation: Anonymous operation with other operations."}]"#,
        ),
        (
            "subscription { __schema { types { name } } }",
            "{}",
            r#"[{"message":"Validation error of type FieldUndefined: Field '__schema' in type 'Subscription' is undefined @ '__schema'"}]"#,
        ),
    ] {
        let answer = room.listener.start("s", document, &Value::parse(variables.as_bytes()).expect("JSON"));
        assert_eq!(answer, error("s", errors), "{document}");
    }
    // A document with several operations needs a name.
    let credentials = value!({"host": "localhost", "x-api-key": API_KEY});
    let document = "subscription A { onSend(room: \"a\") { id } } subscription B { onSend(room: \"b\") { id } }";
    for (name, accepted) in [(value!("B"), true), (value!("C"), false), (Value::Null, false)] {
        let data = value!({"query": document, "operationName": (name.clone())}).to_json();
        room.listener.socket.start_data("n", &data, &credentials);
        assert_eq!(room.listener.socket.text() == acknowledgement("n"), accepted, "{name}");
    }
    room.mutate("a: send(with: $with) { id room }", &value!({"value": {"id": "1", "room": "a"}}));
    room.mutate("b: send(with: $with) { id room }", &value!({"value": {"id": "2", "room": "b"}}));
    assert_eq!(room.heard(), [r#"n {"data":{"onSend":{"id":"2"}}}"#]);
    // A field that nothing triggers may be subscribed to.
    room.listener.subscribe("quiet", "subscription { onNothing }");
}

#[test]
fn what_is_no_message_is_answered_and_does_no_harm() {
    let mut room = Room::of("messages");
    room.listener.subscribe("s", "subscription { onSend { id } }");
    let unknown = r#"{"type":"error","payload":{"errors":[{"errorType":"UnsupportedOperation","message":"unknown not supported through the realtime channel"}]}}"#;
    let socket = &mut room.listener.socket;
    for message in
        ["", "no JSON", "[]", "{}", r#"{"type":"ka"}"#, r#"{"type":"ping"}"#, r#"{"id":"1","type":"subscribe","payload":{}}"#]
    {
        socket.send(message);
        assert_eq!(socket.text(), unknown, "{message}");
    }
    // A binary message is read as the text that it holds (inferred).
    socket.send_message(Message::binary(&b"\xff\xfe"[..]));
    assert_eq!(socket.text(), unknown);
    socket.send_message(Message::binary(&br#"{"type":"stop","id":"s"}"#[..]));
    assert_eq!(socket.text(), complete("s"));
    for (message, answer) in [
        (r#"{"type":"start","id":"1"}"#, "Unable to parse GraphQL query."),
        (r#"{"type":"start","id":1,"payload":{}}"#, "The id of an operation must be a string, not number."),
        (r#"{"type":"stop"}"#, "The id of an operation must be a string, not null."),
    ] {
        socket.send(message);
        let text = socket.text();
        assert!(text.contains(answer), "{message}: {text}");
    }
    // A second one is answered, too.
    socket.init();
    assert_eq!(socket.text(), ACK);
    room.listener.subscribe("s", "subscription { onSend { id } }");
    room.mutate("send(with: $with) { id }", &value!({"value": {"id": "1"}}));
    assert_eq!(room.heard(), [r#"s {"data":{"onSend":{"id":"1"}}}"#]);
}
