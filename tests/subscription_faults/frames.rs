//! Frames that break RFC 6455, frames that are merely unusual, and messages that are none.

use crate::harness::feed::{ALL, Publisher, assert_alive, assert_nothing_is_left, definition, serve};
use crate::harness::raw_socket::{
    BINARY, CLOSE, FINAL, Frame, Hanging, PING, RawSocket, TEXT, descriptors, frame, frame_head, start_message,
};
use value::value;

#[test]
fn frames_that_break_the_protocol_close_their_connection_alone() {
    let masked = |first: u8, payload: &[u8]| frame(first, payload);
    let with = |parts: &[Vec<u8>]| parts.concat();
    let long_control = masked(FINAL | PING, &[0; 126]);
    let ten_megabytes = frame_head(FINAL | TEXT, 10 << 20, true);
    let half = vec![b' '; 600 << 10];
    let cases: Vec<(&str, Vec<u8>, u16)> = vec![
        ("an unmasked frame", with(&[frame_head(FINAL | TEXT, 2, false), b"{}".to_vec()]), 1002),
        ("the first reserved bit (compression)", masked(FINAL | 0x40 | TEXT, b"{}"), 1002),
        ("the second reserved bit", masked(FINAL | 0x20 | TEXT, b"{}"), 1002),
        ("the third reserved bit", masked(FINAL | 0x10 | TEXT, b"{}"), 1002),
        ("a data frame of an unknown kind", masked(FINAL | 0x3, b"{}"), 1002),
        ("a control frame of an unknown kind", masked(FINAL | 0xb, b""), 1002),
        ("a fragmented ping", masked(PING, b""), 1002),
        ("a ping that is too long", long_control, 1002),
        ("a continuation of nothing", masked(FINAL, b"{}"), 1002),
        ("a message inside another", with(&[masked(TEXT, b"{"), masked(FINAL | TEXT, b"}")]), 1002),
        ("text that is no UTF-8", masked(FINAL | TEXT, b"{\"type\":\"\xff\"}"), 1007),
        ("half a character", with(&[masked(TEXT, b"\xc3"), masked(FINAL, b"(")]), 1007),
        ("a close frame with half a code", masked(FINAL | CLOSE, b"\x03"), 1002),
        ("a close frame with a code that must not be sent", masked(FINAL | CLOSE, &1005_u16.to_be_bytes()), 1002),
        ("a message of ten megabytes", with(&[ten_megabytes, vec![0; 4 + (64 << 10)]]), 1009),
        ("a length of 2^63 - 1", with(&[frame_head(FINAL | TEXT, i64::MAX as u64, true), vec![0; 4]]), 1009),
        ("a length of 2^64 - 1", with(&[frame_head(FINAL | TEXT, u64::MAX, true), vec![0; 4]]), 1009),
        ("a message that grows too long", with(&[masked(TEXT, &half), masked(FINAL, &half)]), 1009),
        ("another protocol", b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec(), 1002),
        ("zeros", vec![0; 1 << 16], 1002),
        ("ones", vec![0xff; 1 << 16], 1002),
    ];
    let hanging = Hanging::start();
    let definition = definition(hanging.address, "");
    let server = serve(&definition);
    assert_alive(&server, "before");
    let before = descriptors(&server);
    let mut bystander = RawSocket::open(server.address);
    bystander.subscribe("1", ALL);
    let mut publisher = Publisher::new(server.client());
    for (name, bytes, expected) in &cases {
        // Before init, and live.
        for is_live in [false, true] {
            let mut socket = RawSocket::silent(server.address);
            if is_live {
                socket.init();
                socket.subscribe("1", ALL);
            }
            // The server may have closed it before it is all sent.
            socket.try_send(bytes);
            match socket.closing() {
                Frame::Close(code, reason) => {
                    assert_eq!(code, *expected, "{name}, live: {is_live}: {reason}");
                    assert!(!reason.is_empty(), "{name}: a reason is given");
                }
                other => panic!("{name}, live: {is_live}: {other:?}"),
            }
            publisher.send(name, "", "");
            assert_eq!(bystander.event("1", "onMessage", "id"), *name);
        }
    }
    drop((bystander, publisher));
    assert_nothing_is_left(server, before);
}

#[test]
fn unusual_frames_and_messages_that_are_no_messages_leave_the_connection_open() {
    let hanging = Hanging::start();
    let definition = definition(hanging.address, "");
    let server = serve(&definition);
    assert_alive(&server, "before");
    let before = descriptors(&server);
    let mut socket = RawSocket::open(server.address);
    let mut publisher = Publisher::new(server.client());
    // Fragments, empty ones too, with control frames between them.
    let start = start_message("fragments", ALL).into_bytes();
    let (first, rest) = start.split_at(20);
    socket.send(&frame(TEXT, first));
    socket.send(&frame(FINAL | PING, b"between"));
    assert_eq!(socket.next(), Frame::Pong(b"between".to_vec()));
    socket.send(&frame(FINAL | 0xa, b"a pong that nobody asked for"));
    socket.send(&frame(0, b""));
    for byte in &rest[..rest.len() - 1] {
        socket.send(&frame(0, &[*byte]));
    }
    socket.send(&frame(FINAL, &rest[rest.len() - 1..]));
    assert_eq!(socket.message(), value!({"id": "fragments", "type": "start_ack"}));
    // A message in a binary frame, and one that comes byte by byte.
    socket.send(&frame(FINAL | BINARY, start_message("binary", ALL).as_bytes()));
    assert_eq!(socket.message(), value!({"id": "binary", "type": "start_ack"}));
    for byte in frame(FINAL | TEXT, start_message("bytes", ALL).as_bytes()) {
        socket.send(&[byte]);
    }
    assert_eq!(socket.message(), value!({"id": "bytes", "type": "start_ack"}));
    let deep = "[".repeat(200_000);
    let unknown = "unknown not supported through the realtime channel";
    let cases: Vec<(&str, &str, &str)> = vec![
        ("", "UnsupportedOperation", unknown),
        ("meow", "UnsupportedOperation", unknown),
        (&deep, "UnsupportedOperation", unknown),
        ("\0\0\0\0", "UnsupportedOperation", unknown),
        (r#"{"type":"data"}"#, "UnsupportedOperation", unknown),
        (r#"{"type":"start","id":{}}"#, "BadRequestException", "The id of an operation must be a string, not object."),
        (r#"{"type":"start","id":"x","payload":7}"#, "MalformedHttpRequestException", "Unable to parse GraphQL query."),
        (r#"{"type":"stop","id":"nobody"}"#, "UnknownOperationError", "Unknown operation id nobody"),
    ];
    for (message, error_type, text) in &cases {
        for kind in [TEXT, BINARY] {
            socket.send(&frame(FINAL | kind, message.as_bytes()));
            let answer = socket.message();
            assert_eq!(answer.at(&["type"]).as_str(), Some("error"), "{message:.50}: {answer}");
            let error = answer.at(&["payload", "errors"]).as_list().and_then(|errors| errors.first()).expect("an error");
            assert_eq!(error.at(&["errorType"]).as_str(), Some(*error_type), "{message:.50}: {answer}");
            assert_eq!(error.at(&["message"]).as_str(), Some(*text), "{message:.50}: {answer}");
        }
    }
    let no_utf8 = frame(FINAL | BINARY, b"{\"type\":\"\xff\xfe\"}");
    socket.send(&no_utf8);
    assert_eq!(socket.message().at(&["type"]).as_str(), Some("error"));
    publisher.send("still", "", "");
    let mut heard: Vec<String> = (0..3).map(|_| socket.message().at(&["id"]).as_str().expect("an id").to_owned()).collect();
    heard.sort();
    assert_eq!(heard, ["binary", "bytes", "fragments"]);
    // The closing handshake is answered with the client's own code.
    socket.send(&frame(FINAL | CLOSE, b"\x0f\xa0done"));
    assert_eq!(socket.next(), Frame::Close(4000, "done".into()));
    assert_eq!(socket.next(), Frame::End);
    drop((socket, publisher));
    assert_nothing_is_left(server, before);
}
