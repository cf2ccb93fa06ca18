//! A server that stops while it is used, and all of it over TLS.

use std::thread;

use crate::harness::API_KEY;
use crate::harness::feed::{ALL, Progress, Publisher, assert_alive, definition, serve};
use crate::harness::raw_socket::{
    CLOSE, FINAL, Frame, Hanging, RawSocket, TEXT, event_member, frame, frame_head, protocols, until,
};
use crate::states::states;
use value::{Value, value};

#[test]
fn a_stop_during_load_closes_every_client_and_another_server_takes_them() {
    const SUBSCRIBERS: usize = 40;
    let hanging = Hanging::start();
    let definition = definition(hanging.address, "[server]\nshutdown_grace = \"2m\"\n");
    let mut server = serve(&definition);
    let address = server.address;
    let open = |number: usize| {
        let mut socket = RawSocket::open(address);
        socket.subscribe(&number.to_string(), ALL);
        socket
    };
    let subscribers: Vec<RawSocket> = (0..SUBSCRIBERS).map(open).collect();
    let readers: Vec<_> = subscribers
        .into_iter()
        .map(|mut socket| {
            thread::spawn(move || {
                let mut heard = [0_u64; 3];
                loop {
                    match socket.next() {
                        Frame::Text(text) => {
                            let message = Value::parse(text.as_bytes()).expect("messages are JSON");
                            let part = |member| event_member(&message, "onMessage", member).expect("an event");
                            let (room, id) = (part("room"), part("id"));
                            let heard = &mut heard[room.parse::<usize>().expect("a number")];
                            assert_eq!(id, heard.to_string(), "none is lost, none comes twice");
                            *heard += 1;
                        }
                        frame => {
                            assert_eq!(frame, Frame::Close(1001, "the server is going away".into()));
                            // The client's part of the handshake.
                            socket.send(&frame_bytes_of_close());
                            assert_eq!(socket.next(), Frame::End);
                            return heard;
                        }
                    }
                }
            })
        })
        .collect();
    let (progress, is_under_way) = std::sync::mpsc::channel();
    let publishers: Vec<_> = (0..3)
        .map(|number| {
            let (client, progress) = (server.client(), progress.clone());
            thread::spawn(move || {
                let mut publisher = Publisher::new(client);
                let mut sent = 0_u64;
                while publisher.try_send(&sent.to_string(), &number.to_string(), "") {
                    sent += 1;
                    if sent == 50 {
                        progress.send(()).expect("the test waits");
                    }
                }
                sent
            })
        })
        .collect();
    for _ in 0..3 {
        is_under_way.recv().expect("all publish");
    }
    // Clients in other states, which answer no close frame.
    let asked = hanging.seen();
    let odd: Vec<RawSocket> = states().into_iter().map(|(_, reach)| reach(&server)).collect();
    until("starts are under way", || hanging.seen() > asked);
    server.terminate();
    let status = server.wait();
    let log = server.log();
    assert!(status.success(), "{status}: {log}");
    assert!(!log.contains("panic") && !log.contains("cut off"), "{log}");
    assert!(log.contains("connections=0 subscriptions=0 queue_depth=0 "), "{log}");
    let sent: Vec<u64> = publishers.into_iter().map(|publisher| publisher.join().expect("a publisher")).collect();
    for reader in readers {
        let heard = reader.join().expect("a reader gets its close frame");
        // What is sent after the close frame is for whoever comes next.
        assert!(heard.iter().zip(&sent).all(|(heard, sent)| *heard >= 50 && *heard <= sent + 1), "{heard:?} of {sent:?}");
    }
    drop(odd);
    let server = serve(&definition);
    assert_alive(&server, "after the restart");
}

fn frame_bytes_of_close() -> Vec<u8> {
    frame(FINAL | CLOSE, &1001_u16.to_be_bytes())
}

#[test]
fn over_tls_the_same_holds() {
    const EVENTS: usize = 60;
    let hanging = Hanging::start();
    let definition = definition(hanging.address, "[realtime]\noutbox_limit = \"300KiB\"\n");
    let mut server = serve(&definition);
    let ca = definition.path("data/tls/ca.pem");
    assert_alive(&server, "before");
    let headers = protocols(&value!({"x-api-key": API_KEY}));
    let connect = || RawSocket::connect_tls(server.address, &ca);
    let silent = || connect().upgraded("/graphql/realtime", &headers);
    let live = || {
        let mut socket = silent();
        socket.init();
        socket.subscribe("1", ALL);
        socket
    };
    let mut publisher = Publisher::new(server.client());
    let mut bystander = live();
    for round in 0..10 {
        let mut torn = live();
        torn.send(&frame(FINAL | TEXT, &[b' '; 70_000])[..40_000]);
        let mut closing = live();
        closing.send(&frame_head(FINAL | TEXT, 5, false));
        for socket in [connect(), silent(), live(), torn, closing] {
            socket.reset();
        }
        publisher.send(&round.to_string(), "", "");
        assert_eq!(bystander.event("1", "onMessage", "id"), round.to_string());
    }
    let mut slow = live();
    slow.small_buffer();
    let progress = Progress::of(1);
    let reading = progress.clone();
    let reader = thread::spawn(move || {
        for at in 0..EVENTS {
            assert_eq!(bystander.event("1", "onMessage", "id"), at.to_string());
            reading.heard(0);
        }
        bystander
    });
    let text = "x".repeat(20_000);
    for at in 0..EVENTS {
        progress.wait(at, 10);
        publisher.send(&at.to_string(), "", &text);
    }
    let mut bystander = reader.join().expect("one that reads gets everything");
    // Nobody is told who takes too long for that, too.
    assert!(matches!(slow.closing(), Frame::Close(1013, _) | Frame::End));
    // One that does not even read its close frame does not hold the stop.
    let _silent = live();
    drop((slow, publisher));
    server.terminate();
    assert_eq!(bystander.next(), Frame::Close(1001, "the server is going away".into()));
    bystander.send(&frame_bytes_of_close());
    assert_eq!(bystander.next(), Frame::End);
    let status = server.wait();
    let log = server.log();
    assert!(status.success() && !log.contains("panic") && !log.contains("cut off"), "{status}: {log}");
    assert!(log.contains("dropped_slow_consumer=1 "), "{log}");
    assert!(log.contains("connections=0 subscriptions=0 queue_depth=0 "), "{log}");
}
