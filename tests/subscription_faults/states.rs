//! Connections that are reset, in each state that one can be in.

use crate::INIT;
use crate::harness::feed::{ALL, Publisher, STUCK, assert_alive, assert_nothing_is_left, definition, serve};
use crate::harness::raw_socket::{
    CLOSE, FINAL, Hanging, RawSocket, TEXT, descriptors, frame, frame_head, protocols, start_message, until, upgrade_request,
};
use crate::harness::{API_KEY, Server};
use value::value;

/// The token that the authorizer never answers for.
const SLOW_TOKEN: &str = "a token that takes its time";

/// Brings a connection into a state.
pub(crate) type Reach = fn(&Server) -> RawSocket;

/// A socket in each state that a connection can be in, by name.
pub(crate) fn states() -> Vec<(&'static str, Reach)> {
    vec![
        ("connected", |server| RawSocket::connect(server.address)),
        ("in a TLS handshake", |server| {
            let mut socket = RawSocket::connect(server.address);
            socket.send(b"\x16\x03\x01\x02\x00\x01");
            socket
        }),
        ("in the upgrade", |server| {
            let mut socket = RawSocket::connect(server.address);
            socket.send(&upgrade_request("/graphql/realtime", "graphql-ws").as_bytes()[..90]);
            socket
        }),
        ("with the upgrade's answer unread", |server| {
            let mut socket = RawSocket::connect(server.address);
            let headers = protocols(&value!({"x-api-key": API_KEY}));
            socket.send(upgrade_request("/graphql/realtime", &headers).as_bytes());
            socket
        }),
        ("upgraded", |server| RawSocket::silent(server.address)),
        ("with all of its life in one write", |server| {
            let mut socket = RawSocket::connect(server.address);
            let headers = protocols(&value!({"x-api-key": API_KEY}));
            let mut all = upgrade_request("/graphql/realtime", &headers).into_bytes();
            all.extend(frame(FINAL | TEXT, INIT.as_bytes()));
            all.extend(frame(FINAL | TEXT, start_message("1", ALL).as_bytes()));
            all.extend(frame(FINAL | TEXT, start_message("2", STUCK).as_bytes()));
            socket.send(&all);
            socket
        }),
        ("in a frame's header", |server| {
            let mut socket = RawSocket::open(server.address);
            socket.send(&frame_head(FINAL | TEXT, 70_000, true)[..3]);
            socket
        }),
        ("in a frame", |server| {
            let mut socket = RawSocket::open(server.address);
            socket.send(&frame(FINAL | TEXT, &[b' '; 70_000])[..40_000]);
            socket
        }),
        ("in a fragmented message", |server| {
            let mut socket = RawSocket::open(server.address);
            socket.send(&frame(TEXT, b"{"));
            socket
        }),
        ("judged", |server| {
            let headers = protocols(&value!({"Authorization": SLOW_TOKEN}));
            let mut socket = RawSocket::upgrade(server.address, "/graphql/realtime", &headers);
            socket.text(INIT);
            socket
        }),
        ("open", |server| RawSocket::open(server.address)),
        ("starting", |server| {
            let mut socket = RawSocket::open(server.address);
            for id in 0..20 {
                socket.start(&id.to_string(), STUCK);
            }
            socket
        }),
        ("live", |server| {
            let mut socket = RawSocket::open(server.address);
            socket.subscribe("1", ALL);
            socket
        }),
        ("live with two hundred subscriptions", |server| {
            let mut socket = RawSocket::open(server.address);
            for id in 0..200 {
                socket.start(&id.to_string(), ALL);
            }
            let mut live = 0;
            while live < 200 {
                // Events come to the first ones already.
                live += usize::from(socket.message().at(&["type"]).as_str() == Some("start_ack"));
            }
            socket
        }),
        ("stopped, the answer unread", |server| {
            let mut socket = RawSocket::open(server.address);
            socket.subscribe("1", ALL);
            socket.stop("1");
            socket
        }),
        ("closing by its own close frame", |server| {
            let mut socket = RawSocket::open(server.address);
            socket.subscribe("1", ALL);
            socket.send(&frame(FINAL | CLOSE, b"\x03\xe8"));
            socket
        }),
        ("closing for a broken frame", |server| {
            let mut socket = RawSocket::open(server.address);
            socket.subscribe("1", ALL);
            socket.send(&frame_head(FINAL | TEXT, 5, false));
            socket
        }),
        ("closing for a refusal", |server| {
            let headers = protocols(&value!({"x-api-key": "wrong"}));
            let mut socket = RawSocket::upgrade(server.address, "/graphql/realtime", &headers);
            socket.text(INIT);
            socket
        }),
    ]
}

#[test]
fn resets_in_every_state_leave_nothing_behind() {
    let hanging = Hanging::start();
    let definition = definition(hanging.address, "");
    let server = serve(&definition);
    assert_alive(&server, "before");
    let before = descriptors(&server);
    let mut bystander = RawSocket::open(server.address);
    bystander.subscribe("1", ALL);
    let mut publisher = Publisher::new(server.client());
    for (state, reach) in states() {
        for round in 0..10 {
            let asked = hanging.seen();
            let socket = reach(&server);
            // At once, and after the server has come to it.
            match (state, round % 2) {
                ("judged", 1) => until("the authorizer is asked", || hanging.seen() > asked),
                ("starting", 1) => until("the resolvers ask", || hanging.seen() >= asked + 20),
                (_, 1) => publisher.send("an event for it", "", ""),
                _ => {}
            }
            socket.reset();
            let id = format!("{state} {round}");
            publisher.send(&id, "", "");
            while bystander.event("1", "onMessage", "id") != id {}
        }
    }
    until("nothing is asked for those that are gone", || hanging.open() == 0);
    drop((bystander, publisher));
    assert_nothing_is_left(server, before);
}
