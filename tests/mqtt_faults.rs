//! Clients of MQTT that send garbage, borrow tickets, or vanish: each is refused or closed with its reason, and nothing of it stays.

mod harness;

use harness::feed::{Progress, Publisher, assert_nothing_is_left, definition, serve};
use harness::raw_socket::{BINARY, FINAL, Frame, Hanging, RawSocket, TEXT, descriptors, frame, until, upgrade_request};
use harness::{API_KEY, Definition, Server};
use value::{Value, value};

/// Brings a connection into a state.
type Reach = fn(&Server, &Ticket) -> RawSocket;

/// What a handshake over HTTP gives.
#[derive(Clone, Debug)]
struct Ticket {
    target: String,
    client: String,
    topic: String,
}

/// Asks for a subscription over HTTP.
fn handshake(server: &Server, room: &str) -> Ticket {
    handshake_at(server, "/graphql", room)
}

fn handshake_at(server: &Server, path: &str, room: &str) -> Ticket {
    let document = format!("subscription {{ onMessage(room: \"{room}\") {{ id room text }} }}");
    let body = value!({"query": document}).to_json();
    let answer = server.client().request("POST", path, &[("x-api-key", API_KEY)], &body);
    let body = Value::parse(answer.body.as_bytes()).unwrap_or_else(|error| panic!("{error}: {answer:?}"));
    let subscription = body.at(&["extensions", "subscription"]);
    let connection = subscription.at(&["mqttConnections"]).as_list().and_then(|all| all.first()).expect("a connection");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let url = text(connection.at(&["url"]));
    let target = url.split_once("/mqtt").map(|(_, query)| format!("/mqtt{query}")).expect("our path");
    Ticket {
        target,
        client: text(connection.at(&["client"])),
        topic: text(subscription.at(&["newSubscriptions", "onMessage", "topic"])),
    }
}

fn open(server: &Server, target: &str) -> RawSocket {
    RawSocket::upgrade(server.address, target, "mqttv3.1")
}

fn text(text: &str) -> Vec<u8> {
    [&u16::try_from(text.len()).expect("short").to_be_bytes(), text.as_bytes()].concat()
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut left = body.len();
    loop {
        let more = left > 127;
        packet.push((left % 128) as u8 | if more { 0x80 } else { 0 });
        left /= 128;
        if !more {
            break;
        }
    }
    packet.extend_from_slice(body);
    packet
}

fn connect(client: &str) -> Vec<u8> {
    packet(0x10, &[text("MQIsdp"), vec![3, 2, 0, 60], text(client)].concat())
}

fn subscribe(topic: &str, qos: u8) -> Vec<u8> {
    packet(0x82, &[vec![0, 1], text(topic), vec![qos]].concat())
}

fn send(socket: &mut RawSocket, bytes: &[u8]) {
    socket.try_send(&frame(FINAL | BINARY, bytes));
}

/// A connection that hears its room.
fn live(server: &Server, ticket: &Ticket) -> RawSocket {
    let mut socket = open(server, &ticket.target);
    send(&mut socket, &[connect(&ticket.client), subscribe(&ticket.topic, 0)].concat());
    assert_eq!(socket.next(), Frame::Binary(vec![0x20, 2, 0, 0]));
    assert_eq!(socket.next(), Frame::Binary(vec![0x90, 3, 0, 1, 0]));
    socket
}

fn assert_hears(socket: &mut RawSocket, ticket: &Ticket, id: &str) {
    match socket.next() {
        Frame::Binary(bytes) => {
            let payload = bytes.windows(ticket.topic.len()).position(|window| window == ticket.topic.as_bytes());
            let payload = &bytes[payload.expect("the topic") + ticket.topic.len()..];
            let event = Value::parse(payload).expect("JSON");
            assert_eq!(event.at(&["data", "onMessage", "id"]).as_str(), Some(id));
        }
        other => panic!("{other:?} instead of {id}"),
    }
}

fn start(more: &str) -> (Hanging, Definition, Server) {
    let hanging = Hanging::start();
    let definition = definition(hanging.address, more);
    let server = serve(&definition);
    Publisher::new(server.client()).send("before", "", "");
    (hanging, definition, server)
}

#[test]
fn what_breaks_mqtt_closes_its_connection_alone() {
    let (_hanging, _definition, server) = start("");
    let before = descriptors(&server);
    let ticket = handshake(&server, "lobby");
    let mut bystander = live(&server, &ticket);
    let mut publisher = Publisher::new(server.client());
    let other = handshake(&server, "cellar");
    assert_ne!(ticket.topic, other.topic);
    let connected = connect(&ticket.client);
    let after = |bytes: Vec<u8>| [connected.clone(), bytes].concat();
    let will = packet(0x10, &[text("MQIsdp"), vec![3, 0x06, 0, 60], text(&ticket.client), text("t"), text("gone")].concat());
    let level = packet(0x10, &[text("MQTT"), vec![5, 2, 0, 60], text(&ticket.client)].concat());
    // What is sent, and the CONNACK that answers it before the close.
    let cases: Vec<(&str, Vec<u8>, Option<u8>)> = vec![
        ("zeros", vec![0; 1000], None),
        ("ones", vec![0xff; 1000], None),
        ("an endless length", vec![0x10, 0xff, 0xff, 0xff, 0xff, 0xff], None),
        ("a packet before CONNECT", subscribe(&ticket.topic, 0), None),
        ("JSON", b"{\"type\":\"connection_init\"}".to_vec(), None),
        ("another client id", connect(&other.client), Some(2)),
        ("an empty client id", connect(""), Some(2)),
        ("a will", will, Some(5)),
        ("MQTT 5", level, Some(1)),
        ("CONNECT twice", after(connected.clone()), Some(0)),
        ("a publication", after(packet(0x30, &[text(&ticket.topic), b"{}".to_vec()].concat())), Some(0)),
        ("a packet of servers", after(vec![0x20, 2, 0, 0]), Some(0)),
        ("a packet that is too long", after(vec![0x82, 0xff, 0xff, 0xff, 0x7f]), Some(0)),
    ];
    for (name, bytes, connack) in &cases {
        let mut socket = open(&server, &ticket.target);
        send(&mut socket, bytes);
        if let Some(code) = connack {
            assert_eq!(socket.next(), Frame::Binary(vec![0x20, 2, 0, *code]), "{name}");
        }
        match socket.next() {
            Frame::Close(code, reason) => {
                assert!([1002, 1003, 1008, 1009].contains(&code) && !reason.is_empty(), "{name}: {code} {reason}");
            }
            other => panic!("{name}: {other:?}"),
        }
        publisher.send(name, "lobby", "");
        assert_hears(&mut bystander, &ticket, name);
    }
    // Text is no MQTT.
    let mut socket = open(&server, &ticket.target);
    socket.try_send(&frame(FINAL | TEXT, &connected));
    assert!(matches!(socket.closing(), Frame::Close(1003 | 1007, _)));
    // A topic of somebody else, and wildcards, are refused; the connection goes on.
    for topic in [&*other.topic, "#", "+/+/+/+", ""] {
        let mut socket = open(&server, &ticket.target);
        send(&mut socket, &[connected.clone(), subscribe(topic, 0)].concat());
        assert_eq!(socket.next(), Frame::Binary(vec![0x20, 2, 0, 0]));
        match socket.next() {
            Frame::Binary(suback) => assert_eq!(suback, [0x90, 3, 0, 1, 0x80], "{topic}"),
            // MQTT allows to close for a filter that breaks its grammar.
            Frame::Close(..) => assert!(topic.is_empty(), "{topic}"),
            other => panic!("{topic}: {other:?}"),
        }
    }
    // Subscribed twice is heard once; unsubscribed not at all; half a million pings hold nobody.
    let mut socket = live(&server, &ticket);
    send(&mut socket, &subscribe(&ticket.topic, 0));
    assert_eq!(socket.next(), Frame::Binary(vec![0x90, 3, 0, 1, 0]));
    publisher.send("once", "lobby", "");
    publisher.send("and again", "lobby", "");
    for id in ["once", "and again"] {
        assert_hears(&mut socket, &ticket, id);
        assert_hears(&mut bystander, &ticket, id);
    }
    send(&mut socket, &packet(0xa2, &[vec![0, 2], text(&ticket.topic)].concat()));
    assert_eq!(socket.next(), Frame::Binary(vec![0xb0, 2, 0, 2]));
    publisher.send("unheard", "lobby", "");
    assert_hears(&mut bystander, &ticket, "unheard");
    send(&mut socket, &[0xc0, 0].repeat(1000));
    for _ in 0..1000 {
        assert_eq!(socket.next(), Frame::Binary(vec![0xd0, 0]));
    }
    send(&mut socket, &[0xc0, 0].repeat(500_000));
    publisher.send("meanwhile", "lobby", "");
    assert_hears(&mut bystander, &ticket, "meanwhile");
    drop((socket, bystander, publisher));
    assert_nothing_is_left(server, before);
}

#[test]
fn a_ticket_opens_what_it_was_made_for_and_nothing_else() {
    let (_hanging, definition, server) = start("[realtime]\nconnection_age = \"2s\"\n");
    let before = descriptors(&server);
    let ticket = handshake(&server, "lobby");
    let refused = |target: &str, why: &str| {
        let mut socket = RawSocket::connect(server.address);
        socket.send(upgrade_request(target, "mqttv3.1").as_bytes());
        let head = socket.head();
        assert!(head.starts_with("HTTP/1.1 403 "), "{why}: {head}");
    };
    let (prefix, sealed) = ticket.target.split_once("ticket=").expect("a ticket");
    refused("/mqtt", "no ticket");
    refused(prefix, "an empty one");
    refused(&format!("{prefix}ticket="), "an empty one");
    refused(&format!("{prefix}ticket=AAAA"), "too short");
    refused(&format!("{prefix}ticket=%FF%FE"), "no base64");
    for at in [0, sealed.len() / 2, sealed.len() - 2] {
        let mut forged = sealed.as_bytes().to_vec();
        forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
        refused(&format!("{prefix}ticket={}", String::from_utf8_lossy(&forged)), "a letter is another");
    }
    refused(&format!("{prefix}ticket={sealed}{}", "A".repeat(4000)), "longer");
    refused(&format!("/mqtt?api=other&ticket={sealed}"), "an API that is not there");
    // Used again while it counts, also side by side: a client that reconnects has the same URL.
    let mut publisher = Publisher::new(server.client());
    let mut first = live(&server, &ticket);
    let mut second = live(&server, &ticket);
    publisher.send("both", "lobby", "");
    assert_hears(&mut first, &ticket, "both");
    assert_hears(&mut second, &ticket, "both");
    // Its time ends the connections that it opened, and then it opens none.
    for mut socket in [first, second] {
        match socket.closing() {
            Frame::Close(code, reason) => assert_eq!((code, reason.contains("expired")), (1008, true), "{reason}"),
            other => panic!("{other:?}"),
        }
    }
    until("the ticket has expired", || {
        let mut socket = RawSocket::connect(server.address);
        socket.send(upgrade_request(&ticket.target, "mqttv3.1").as_bytes());
        socket.head().starts_with("HTTP/1.1 403 ")
    });
    drop(publisher);
    assert_nothing_is_left(server, before);
    // Another server has another secret.
    let stranger = definition_of_a_stranger(&definition);
    let server = serve(&stranger);
    let mut socket = RawSocket::connect(server.address);
    socket.send(upgrade_request(&ticket.target, "mqttv3.1").as_bytes());
    assert!(socket.head().starts_with("HTTP/1.1 403 "));
}

/// The same definition with a data folder, and so a secret, of its own.
fn definition_of_a_stranger(definition: &Definition) -> Definition {
    let stranger = Definition::new();
    for path in ["config.toml", "schema.graphql", "resolvers/Mutation.send.js", "resolvers/Subscription.onStuck.js"] {
        stranger.write(path, &definition.read(path));
    }
    stranger
}

#[test]
fn a_ticket_of_another_api_opens_nothing() {
    let hanging = Hanging::start();
    let definition = definition(hanging.address, "");
    let config = definition.read("config.toml");
    let (top, api) = config.split_once("[api]\n").expect("an API");
    definition.write("config.toml", &format!("{top}[[api]]\napi_id = \"first\"\n{api}\n[[api]]\napi_id = \"second\"\n{api}"));
    let server = serve(&definition);
    for (own, other) in [("first", "second"), ("second", "first")] {
        let ticket = handshake_at(&server, &format!("/apis/{own}/graphql"), "lobby");
        drop(live(&server, &ticket));
        let borrowed = ticket.target.replacen(&format!("api={own}"), &format!("api={other}"), 1);
        assert_ne!(borrowed, ticket.target);
        let mut socket = RawSocket::connect(server.address);
        socket.send(upgrade_request(&borrowed, "mqttv3.1").as_bytes());
        let head = socket.head();
        assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
    }
}

#[test]
fn resets_and_slow_readers_leave_nothing_behind() {
    const EVENTS: usize = 60;
    let (_hanging, _definition, server) = start("[realtime]\noutbox_limit = \"300KiB\"\n");
    let before = descriptors(&server);
    let ticket = handshake(&server, "lobby");
    let mut bystander = live(&server, &ticket);
    let mut publisher = Publisher::new(server.client());
    let states: [(&str, Reach); 5] = [
        ("upgraded", |server, ticket| open(server, &ticket.target)),
        ("in CONNECT", |server, ticket| {
            let mut socket = open(server, &ticket.target);
            send(&mut socket, &connect(&ticket.client)[..9]);
            socket
        }),
        ("connected", |server, ticket| {
            let mut socket = open(server, &ticket.target);
            send(&mut socket, &connect(&ticket.client));
            assert_eq!(socket.next(), Frame::Binary(vec![0x20, 2, 0, 0]));
            socket
        }),
        ("live", live),
        ("disconnecting", |server, ticket| {
            let mut socket = live(server, ticket);
            send(&mut socket, &[0xe0, 0]);
            socket
        }),
    ];
    for (state, reach) in states {
        for round in 0..10 {
            reach(&server, &ticket).reset();
            let id = format!("{state} {round}");
            publisher.send(&id, "lobby", "");
            assert_hears(&mut bystander, &ticket, &id);
        }
    }
    let mut slow = live(&server, &ticket);
    slow.small_buffer();
    // As a client with QoS 1 that acknowledges nothing.
    let mut silent = open(&server, &ticket.target);
    send(&mut silent, &[connect(&ticket.client), subscribe(&ticket.topic, 1)].concat());
    assert_eq!(silent.next(), Frame::Binary(vec![0x20, 2, 0, 0]));
    assert_eq!(silent.next(), Frame::Binary(vec![0x90, 3, 0, 1, 1]));
    let large = "x".repeat(20_000);
    let progress = Progress::of(2);
    let (reading, heard) = (ticket.clone(), progress.clone());
    let reader = std::thread::spawn(move || {
        for at in 0..EVENTS {
            assert_hears(&mut bystander, &reading, &at.to_string());
            heard.heard(0);
        }
        bystander
    });
    let (all, heard) = (ticket.clone(), progress.clone());
    let unacknowledged = std::thread::spawn(move || {
        for at in 0..EVENTS {
            assert_hears_acknowledged(&mut silent, &all, &at.to_string());
            heard.heard(1);
        }
    });
    for at in 0..EVENTS {
        progress.wait(at, 10);
        publisher.send(&at.to_string(), "lobby", &large);
    }
    let bystander = reader.join().expect("one that reads hears everything");
    unacknowledged.join().expect("what is not acknowledged is delivered up to the limit");
    // Nobody is told who takes too long for that, too.
    assert!(matches!(slow.closing(), Frame::Close(1013, _) | Frame::End));
    drop((slow, bystander, publisher));
    assert_nothing_is_left(server, before);
}

/// As [`assert_hears`], with the packet id that QoS 1 has behind the topic.
fn assert_hears_acknowledged(socket: &mut RawSocket, ticket: &Ticket, id: &str) {
    match socket.next() {
        Frame::Binary(bytes) => {
            let at = bytes.windows(ticket.topic.len()).position(|window| window == ticket.topic.as_bytes()).expect("the topic");
            let event = Value::parse(&bytes[at + ticket.topic.len() + 2..]).expect("JSON");
            assert_eq!(event.at(&["data", "onMessage", "id"]).as_str(), Some(id));
        }
        other => panic!("{other:?} instead of {id}"),
    }
}
