//! What subscribers hear of the mutations of other nodes while nothing is wrong.

use value::{Value, value};

use crate::servers::Setup;
use crate::subscriber::MqttSubscriber;
use crate::{Node, definition, with_brokers};

#[test]
fn a_mutation_reaches_the_subscribers_of_every_node_once_each_and_in_order() {
    const ROUNDS: usize = 40;
    with_brokers(Setup::Open, |broker| {
        let definition = definition();
        let nodes: Vec<_> = (0..3).map(|_| Node::start(&definition, &broker.url())).collect();
        let mut subscribers: Vec<_> = nodes.iter().flat_map(|node| [node.listen(), node.listen()]).collect();
        std::thread::scope(|scope| {
            for (at, node) in nodes.iter().enumerate() {
                scope.spawn(move || (0..ROUNDS).for_each(|round| node.send(&format!("{at}-{round}"))));
            }
        });
        for (which, subscriber) in subscribers.iter_mut().enumerate() {
            let came: Vec<_> = (0..3 * ROUNDS).map(|_| subscriber.next_id()).collect();
            for at in 0..3 {
                let of_one: Vec<_> = came.iter().filter(|id| id.starts_with(&format!("{at}-"))).cloned().collect();
                let sent: Vec<_> = (0..ROUNDS).map(|round| format!("{at}-{round}")).collect();
                assert_eq!(of_one, sent, "subscriber {which} of the messages of node {at}");
            }
        }
        // Whatever came twice would come before the last ones.
        for (at, node) in nodes.iter().enumerate() {
            let last = format!("last of {at}");
            node.send(&last);
            for subscriber in &mut subscribers {
                assert_eq!(subscriber.next_id(), last);
            }
        }
    });
}

#[test]
fn an_event_arrives_at_another_node_as_it_is_heard_at_its_own() {
    with_brokers(Setup::Open, |broker| {
        let definition = definition();
        let (a, b) = (Node::start(&definition, &broker.url()), Node::start(&definition, &broker.url()));
        let query = "subscription { m: onMessage { i: id room level text details __typename } }";
        let mut subscribers = [a.subscribe(query), b.subscribe(query)];
        for (arguments, selection, expected) in [
            (r#"text: "\u0000\n\"é🦀", level: -7"#, "id text level", value!({"text": "\u{0}\n\"é🦀", "level": (-7)})),
            (r#"details: "{\"n\":12345678901234567890.10,\"s\":[null]}""#, "id d: details", {
                value!({"details": r#"{"n":12345678901234567890.10,"s":[null]}"#})
            }),
            (r#"room: "not selected""#, "id", value!({})),
            ("room: null", "id room", value!({})),
        ] {
            b.mutate(&format!(r#"alias: send(id: "1", {arguments}) {{ {selection} }}"#));
            let [here, there] = [subscribers[1].next(), subscribers[0].next()];
            assert_eq!(here, there, "{arguments}");
            let message = here.get("data").and_then(|data| data.get("m")).expect("a message");
            for member in ["room", "level", "text", "details"] {
                assert_eq!(message.get(member), Some(expected.get(member).unwrap_or(&Value::Null)), "{arguments}: {message}");
            }
            assert_eq!(message.get("__typename"), Some(&Value::from("Message")));
        }
    });
}

#[test]
fn arguments_filters_and_invalidations_hold_across_nodes() {
    with_brokers(Setup::Open, |broker| {
        let definition = definition();
        let (a, b) = (Node::start(&definition, &broker.url()), Node::start(&definition, &broker.url()));
        let mut in_x = b.subscribe(r#"subscription { onMessage(room: "x") { id room } }"#);
        let mut nowhere = b.subscribe("subscription { onMessage(room: null) { id } }");
        let mut above_5 = b.subscribe("subscription { onLevel(above: 5) { id level } }");
        let mut above_7 = b.subscribe("subscription { onLevel(above: 7) { id level } }");
        for (id, room, level) in
            [("1", "\"x\"", "9"), ("2", "\"y\"", "6"), ("3", "null", "5"), ("4", "\"x\"", "null"), ("5", "\"x\"", "8")]
        {
            a.mutate(&format!(r#"send(id: "{id}", room: {room}, level: {level}) {{ id room level }}"#));
        }
        a.mutate(r#"send(id: "last", room: "x", level: 10) { id room level }"#);
        a.mutate(r#"send(id: "last", room: null, level: 0) { id room level }"#);
        assert_eq!(in_x.ids_until("last"), ["1", "4", "5"]);
        assert_eq!(nowhere.ids_until("last"), ["3"]);
        assert_eq!(above_5.ids_until("last"), ["1", "2", "5"]);
        assert_eq!(above_7.ids_until("last"), ["1", "5"]);

        a.mutate(r#"close(id: "1", room: "room-6") { id }"#);
        a.mutate(r#"close(id: "2", room: "room-7") { id }"#);
        let end = above_7.end();
        assert!(!end.is_empty() && end.iter().all(|frame| !frame.contains(r#""type":"data""#)), "{end:?}");
        a.mutate(r#"send(id: "after", level: 10) { id level }"#);
        assert_eq!(above_5.next_id(), "after", "it goes on");
    });
}

#[test]
fn a_node_opens_the_mqtt_url_of_another_with_the_same_secret_only() {
    with_brokers(Setup::Open, |broker| {
        let definition = definition();
        let (a, b) = (Node::start(&definition, &broker.url()), Node::start(&definition, &broker.url()));
        let other_secret = [("SYNCGATE_SERVER__SECRET", "a secret that no other node has at all")];
        let stranger = Node::start_with(&definition, &broker.url(), &other_secret);
        let answer = a.server.client().query(r#"subscription { onMessage(room: "x") { id } }"#);
        let body = Value::parse(answer.body.as_bytes()).expect("JSON");
        let connections = body.get("extensions").and_then(|extensions| extensions.get("subscription")?.get("mqttConnections"));
        let connection = connections.and_then(|all| all.as_list()?.first()).unwrap_or_else(|| panic!("{body}"));
        let text = |member: &str| connection.get(member).and_then(Value::as_str).expect("a text").to_owned();
        let topic = connection.get("topics").and_then(|topics| topics.as_list()?.first()?.as_str()).expect("a topic");
        let target = text("url").replace(&format!("ws://{}", a.address()), "").replace("ws://localhost", "");
        assert!(target.starts_with('/'), "{target}");

        let mut at_b = MqttSubscriber::start(b.address(), &target, &text("client"), topic).expect("it opens");
        let refused = MqttSubscriber::start(stranger.address(), &target, &text("client"), topic).err();
        assert_eq!(refused, Some(403), "another secret");
        a.mutate(r#"send(id: "1", room: "y") { id room }"#);
        a.mutate(r#"send(id: "2", room: "x") { id room }"#);
        b.mutate(r#"send(id: "3", room: "x") { id room }"#);
        let mut came = [at_b.next(topic), at_b.next(topic)].map(|payload| payload.to_string());
        came.sort();
        assert_eq!(came, [r#"{"data":{"onMessage":{"id":"2"}}}"#, r#"{"data":{"onMessage":{"id":"3"}}}"#]);
    });
}
