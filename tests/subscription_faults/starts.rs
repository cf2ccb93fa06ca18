//! Too many starts, ids that are taken, and starts that are stopped before they are done.

use std::io::Write as _;
use std::thread;

use crate::harness::feed::{ALL, Publisher, STUCK, assert_alive, assert_nothing_is_left, definition, serve};
use crate::harness::raw_socket::{
    FINAL, Hanging, RawSocket, TEXT, descriptors, event_member, frame, resident, start_message, until,
};
use value::value;

#[test]
fn ten_thousand_starts_on_one_socket_get_what_one_may_have() {
    const STARTS: usize = 10_000;
    const MOST: usize = 200;
    let hanging = Hanging::start();
    let definition = definition(hanging.address, "");
    let server = serve(&definition);
    assert_alive(&server, "before");
    let before = descriptors(&server);
    let mut socket = RawSocket::open(server.address);
    let memory = resident(&server);
    let mut writer = socket.writer();
    let sent = thread::spawn(move || {
        for id in 0..STARTS {
            writer.write_all(&frame(FINAL | TEXT, start_message(&id.to_string(), ALL).as_bytes())).expect("the server reads");
        }
    });
    let (mut acknowledged, mut refused) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let answer = socket.message();
        let id: usize = answer.at(&["id"]).as_str().and_then(|id| id.parse().ok()).expect("an id");
        if answer.at(&["type"]).as_str() == Some("start_ack") {
            acknowledged.push(id);
        } else {
            let error =
                value!({"errorType": "MaxSubscriptionsReachedError", "message": "Max number of 200 subscriptions reached"});
            assert_eq!(answer, value!({"id": (id.to_string()), "type": "error", "payload": {"errors": [error]}}));
            refused.push(id);
        }
    }
    sent.join().expect("all are sent");
    acknowledged.sort_unstable();
    refused.sort_unstable();
    assert_eq!(acknowledged, (0..MOST).collect::<Vec<_>>());
    assert_eq!(refused, (MOST..STARTS).collect::<Vec<_>>());
    let grown = resident(&server).saturating_sub(memory);
    assert!(grown < 32 << 20, "the server has grown by {grown} bytes");
    let mut publisher = Publisher::new(server.client());
    publisher.send("for all", "", "");
    for _ in 0..MOST {
        let message = socket.message();
        assert_eq!(event_member(&message, "onMessage", "id").as_deref(), Some("for all"), "{message}");
    }
    // One place is free again.
    socket.stop("7");
    assert_eq!(socket.message(), value!({"id": "7", "type": "complete"}));
    socket.subscribe("one more", ALL);
    socket.start("one too many", ALL);
    assert_eq!(socket.message().at(&["type"]).as_str(), Some("error"));
    drop((socket, publisher));
    assert_nothing_is_left(server, before);
}

#[test]
fn ids_are_taken_until_their_subscription_is_over_and_a_stop_ends_its_start() {
    let hanging = Hanging::start();
    let definition = definition(hanging.address, "");
    let server = serve(&definition);
    assert_alive(&server, "before");
    let before = descriptors(&server);
    let mut socket = RawSocket::open(server.address);
    let duplicated = |id: &str| {
        let error = value!({"errorType": "DuplicatedOperationError", "message": (format!("Duplicated operation with id {id}"))});
        value!({"id": id, "type": "error", "payload": {"errors": [error]}})
    };
    let complete = |id: &str| value!({"id": id, "type": "complete"});
    // While it starts, and while it is live, which the second one does not change.
    socket.start("a", STUCK);
    socket.start("a", ALL);
    assert_eq!(socket.message(), duplicated("a"));
    socket.subscribe("b", ALL);
    socket.start("b", STUCK);
    assert_eq!(socket.message(), duplicated("b"));
    let mut publisher = Publisher::new(server.client());
    publisher.send("1", "", "");
    assert_eq!(socket.event("b", "onMessage", "id"), "1");
    // Stopped before its acknowledgement, an id is free at once, and nothing is asked for it any more.
    until("the start is under way", || hanging.open() == 1);
    socket.stop("a");
    assert_eq!(socket.message(), complete("a"));
    socket.subscribe("a", ALL);
    until("the start is given up", || hanging.open() == 0);
    socket.stop("b");
    assert_eq!(socket.message(), complete("b"));
    publisher.send("2", "", "");
    assert_eq!(socket.event("a", "onMessage", "id"), "2");
    socket.stop("a");
    assert_eq!(socket.message(), complete("a"));
    // Starts that are stopped at once must not pile up.
    let memory = resident(&server);
    let mut writer = socket.writer();
    let churn = thread::spawn(move || {
        let stop = value!({"id": "x", "type": "stop"}).to_json();
        for at in 0..3_000 {
            let document = if at % 2 == 0 { STUCK } else { ALL };
            writer.write_all(&frame(FINAL | TEXT, start_message("x", document).as_bytes())).expect("the server reads");
            writer.write_all(&frame(FINAL | TEXT, stop.as_bytes())).expect("the server reads");
        }
    });
    let mut completed = 0;
    while completed < 3_000 {
        let message = socket.message();
        match message.at(&["type"]).as_str() {
            Some("complete") => completed += 1,
            Some("start_ack") => {}
            _ => panic!("{message}"),
        }
    }
    churn.join().expect("all are sent");
    until("all starts are given up", || hanging.open() == 0);
    let grown = resident(&server).saturating_sub(memory);
    assert!(grown < 32 << 20, "the server has grown by {grown} bytes");
    publisher.send("3", "", "");
    socket.subscribe("c", ALL);
    publisher.send("4", "", "");
    assert_eq!(socket.event("c", "onMessage", "id"), "4", "what was stopped hears nothing");
    drop((socket, publisher));
    assert_nothing_is_left(server, before);
}
