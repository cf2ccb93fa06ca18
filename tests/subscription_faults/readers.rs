//! Clients that read too slowly, or say nothing.

use std::thread;

use crate::INIT;
use crate::harness::feed::{ALL, Progress, Publisher, STUCK, assert_alive, assert_nothing_is_left, definition, serve};
use crate::harness::raw_socket::{
    FINAL, Frame, Hanging, PING, RawSocket, TEXT, descriptors, event_member, frame, resident, start_message, until,
};
use crate::harness::{Server, read};
use value::Value;

#[test]
fn a_slow_reader_is_closed_with_its_reason_and_holds_nobody() {
    /// Several times what the outbox and the kernel hold.
    const EVENTS: usize = 60;
    let hanging = Hanging::start();
    let definition = definition(hanging.address, "[realtime]\noutbox_limit = \"300KiB\"\n");
    let server = serve(&definition);
    assert_alive(&server, "before");
    let before = descriptors(&server);
    let progress = Progress::of(3);
    let readers: Vec<_> = (0..3)
        .map(|number| {
            let progress = progress.clone();
            let mut socket = RawSocket::open(server.address);
            socket.subscribe("1", ALL);
            thread::spawn(move || {
                for at in 0.. {
                    match &*socket.event("1", "onMessage", "id") {
                        "the end" => return at,
                        id => assert_eq!(id, at.to_string()),
                    }
                    progress.heard(number);
                }
                unreachable!("numbers do not end")
            })
        })
        .collect();
    let mut publisher = Publisher::new(server.client());
    let text = "x".repeat(20_000);
    let (mut sent, mut rounds, mut told) = (0, 0, false);
    let mut never_read = Vec::new();
    // The server waits some seconds for who has to read the close frame. On a machine that is busy for longer nobody is told.
    while !told && rounds < 10 {
        rounds += 1;
        let mut slow = [(); 2].map(|()| {
            let mut socket = RawSocket::open(server.address);
            socket.small_buffer();
            socket.subscribe("slow", ALL);
            socket
        });
        let first = sent;
        for _ in 0..EVENTS {
            progress.wait(sent, 10);
            publisher.send(&sent.to_string(), "", &text);
            sent += 1;
        }
        // What was written before is there, in order and whole; what was dropped is told.
        let mut heard = first;
        let end = loop {
            match slow[0].next() {
                Frame::Text(text) => {
                    let message = Value::parse(text.as_bytes()).expect("messages are JSON");
                    assert_eq!(event_member(&message, "onMessage", "id"), Some(heard.to_string()));
                    heard += 1;
                }
                end => break end,
            }
        };
        assert!((first + 1..sent).contains(&heard), "{first} {heard} {sent}");
        told = end == Frame::Close(1013, "slow consumer".into());
        assert!(told || end == Frame::End, "{end:?}");
        never_read.extend(slow.into_iter().skip(1));
    }
    assert!(told, "nobody is told");
    publisher.send("the end", "", "");
    for reader in readers {
        assert_eq!(reader.join().expect("a reader that reads gets everything"), sent);
    }
    drop(publisher);
    until("those that never read are given up", || descriptors(&server) <= before);
    drop(never_read);
    let log = stop(server, before);
    assert!(log.contains(&format!("dropped_slow_consumer={} ", 2 * rounds)), "{log}");
}

/// As [`assert_nothing_is_left`], and gives the log.
fn stop(mut server: Server, before: usize) -> String {
    until("everything is closed", || descriptors(&server) <= before);
    server.terminate();
    assert!(server.wait().success());
    let log = server.log();
    assert!(!log.contains("panic"), "{log}");
    log
}

#[test]
fn a_client_that_never_answers_is_kept_alive_and_watched_by_the_kernel() {
    let hanging = Hanging::start();
    let definition = definition(hanging.address, "[realtime]\nkeep_alive = \"200ms\"\n");
    let server = serve(&definition);
    assert_alive(&server, "before");
    let before = descriptors(&server);
    let mut socket = RawSocket::open(server.address);
    socket.subscribe("1", ALL);
    for _ in 0..5 {
        assert_eq!(socket.next(), Frame::Text(r#"{"type":"ka"}"#.into()));
    }
    // A peer that is gone without a word is found by keep-alive probes. How long they take is in `websocket-server`'s own tests.
    let probed = |socket: &RawSocket| timer(&server, socket) == Some(2);
    until("the socket has a keep-alive timer", || probed(&socket));
    let plain = RawSocket::connect(server.address);
    until("another connection is there", || timer(&server, &plain).is_some());
    assert!(!probed(&plain), "a connection that is no WebSocket has other limits");
    // One that says it writes no more is gone for the protocol: nobody could stop its subscriptions.
    socket.end_writing();
    assert_eq!(socket.closing(), Frame::End);
    drop((socket, plain));
    assert_nothing_is_left(server, before);
}

/// The kind of timer that the server's end of a connection has, from the kernel's table: 0 none, 1 retransmission, 2 keep-alive.
fn timer(server: &Server, socket: &RawSocket) -> Option<u32> {
    let ends = format!(":{:04X} 0100007F:{:04X} ", server.address.port(), socket.local().port());
    let table = read("/proc/net/tcp".as_ref());
    let row = table.lines().find(|row| row.contains(&ends))?;
    let timer = row.split_whitespace().nth(5)?;
    u32::from_str_radix(timer.split(':').next()?, 16).ok()
}

#[test]
fn a_client_that_asks_and_never_reads_is_closed_before_it_costs_much() {
    let hanging = Hanging::start();
    let definition = definition(hanging.address, "[realtime]\noutbox_limit = \"300KiB\"\n");
    let server = serve(&definition);
    assert_alive(&server, "before");
    let before = descriptors(&server);
    let memory = resident(&server);
    let long = "y".repeat(200);
    let messages: [(&str, Vec<u8>); 4] = [
        ("messages that are none", frame(FINAL | TEXT, b"meow")),
        ("inits", frame(FINAL | TEXT, INIT.as_bytes())),
        ("stops of nothing", frame(FINAL | TEXT, format!("{{\"type\":\"stop\",\"id\":\"{long}\"}}").as_bytes())),
        ("starts that are refused", frame(FINAL | TEXT, start_message(&long, "{ ping }").as_bytes())),
    ];
    for (name, message) in &messages {
        let mut socket = RawSocket::open(server.address);
        // The server answers until it has had enough.
        let batch = message.repeat(100);
        until(name, || !socket.try_send(&batch));
    }
    // Pings wait for nobody: only the newest is answered.
    let mut socket = RawSocket::open(server.address);
    let pings = frame(FINAL | PING, &[0; 125]).repeat(1_000);
    for _ in 0..50 {
        socket.send(&pings);
    }
    let mut pongs = 0;
    socket.start("after", STUCK);
    socket.stop("after");
    loop {
        match socket.next() {
            Frame::Pong(payload) if payload == [0; 125] => pongs += 1,
            Frame::Text(text) if text.contains("complete") => break,
            other => panic!("{other:?}"),
        }
    }
    assert!((1..=50_000).contains(&pongs), "{pongs}");
    let grown = resident(&server).saturating_sub(memory);
    assert!(grown < 32 << 20, "the server has grown by {grown} bytes");
    drop(socket);
    assert_nothing_is_left(server, before);
}

#[test]
fn long_documents_are_kept_within_bounds() {
    const LENGTH: usize = 900_000;
    let hanging = Hanging::start();
    let definition = definition(hanging.address, "");
    let server = serve(&definition);
    assert_alive(&server, "before");
    let before = descriptors(&server);
    let memory = resident(&server);
    let document = format!("{ALL}{}", ",".repeat(LENGTH));
    let mut socket = RawSocket::open(server.address);
    let mut live = 0;
    for id in 0..50 {
        socket.start(&id.to_string(), &document);
        let answer = socket.message();
        if answer.at(&["type"]).as_str() == Some("start_ack") {
            live += 1;
        } else {
            assert!(answer.to_json().contains("LimitExceededError"), "{answer}");
        }
    }
    assert_eq!(live, (2 << 20) / LENGTH, "so many are kept");
    let grown = resident(&server).saturating_sub(memory);
    assert!(grown < 48 << 20, "the server has grown by {grown} bytes");
    // Others have room, on the same connection too.
    socket.subscribe("short", ALL);
    drop(socket);
    assert_nothing_is_left(server, before);
}
