//! RFC 6455 byte by byte: what a peer may send, what it is answered, and how the connection ends.

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use websocket_server::{CloseCode, CloseFrame, Closed, InvalidCloseCode, Limits, Message, ProtocolError, accept};

const LIMITS: Limits = Limits { message_bytes: 1000, outbox_bytes: 64 * 1024, close_timeout: std::time::Duration::from_secs(5) };
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

const CONTINUE: u8 = 0x00;
const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
/// Without the bit for the last fragment.
const FIRST: u8 = 0x7f;
const LAST: u8 = 0x80;

/// A client's frame.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = header(first, payload.len() as u64);
    out.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    out
}

fn header(first: u8, length: u64) -> Vec<u8> {
    let mut out = vec![first];
    match length {
        0..126 => out.push(0x80 | length as u8),
        126..65_536 => {
            out.push(0x80 | 126);
            out.extend((length as u16).to_be_bytes());
        }
        _ => {
            out.push(0x80 | 127);
            out.extend(length.to_be_bytes());
        }
    }
    out.extend(MASK);
    out
}

fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(CLOSE, &[&code.to_be_bytes(), reason].concat())
}

/// A server's frame that is short.
fn answer(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, payload.len() as u8], payload].concat()
}

fn close_answer(code: u16, reason: &str) -> Vec<u8> {
    answer(CLOSE, &[&code.to_be_bytes(), reason.as_bytes()].concat())
}

fn text(text: &str) -> Message {
    Message::Text(text.into())
}

fn by_peer(code: u16, reason: &str) -> Closed {
    Closed::ByPeer(Some(CloseFrame { code: CloseCode::try_from(code).expect("valid"), reason: reason.into() }))
}

fn broken(error: ProtocolError) -> (Closed, Vec<u8>) {
    (Closed::Protocol(error), close_answer(error.close_code().as_u16(), &error.to_string()))
}

/// Sends `input` in pieces of `piece` bytes, then ends the stream; gives what the server understood and answered.
async fn converse(input: &[u8], piece: usize) -> (Vec<Message>, Closed, Vec<u8>) {
    let (server, client) = duplex(1 << 16);
    let (_sender, mut receiver) = accept(server, Bytes::new(), LIMITS);
    let host = async move {
        let mut messages = Vec::new();
        loop {
            match receiver.next().await {
                Ok(message) => messages.push(message),
                Err(closed) => return (messages, closed),
            }
        }
    };
    let ((messages, closed), answers) = tokio::join!(host, peer(client, input, piece));
    (messages, closed, answers)
}

async fn peer(mut client: DuplexStream, input: &[u8], piece: usize) -> Vec<u8> {
    for piece in input.chunks(piece) {
        // The server may have ended the connection by then.
        if client.write_all(piece).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let _ = client.shutdown().await;
    let mut answers = Vec::new();
    client.read_to_end(&mut answers).await.expect("memory can be read");
    answers
}

#[track_caller]
fn check(name: &str, input: &[Vec<u8>], messages: &[Message], end: &(Closed, Vec<u8>)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let input = input.concat();
    for piece in [1, 2, 3, 7, input.len().max(1)] {
        let (seen, closed, answers) = runtime.block_on(converse(&input, piece));
        assert_eq!(seen, messages, "{name}, in pieces of {piece}");
        assert_eq!(closed, end.0, "{name}, in pieces of {piece}");
        assert_eq!(answers, end.1, "{name}, in pieces of {piece}");
    }
}

#[test]
fn messages_are_put_together() {
    let gone = &(Closed::Disconnected, Vec::new());
    check("nothing", &[], &[], gone);
    check("empty text", &[frame(TEXT, b"")], &[text("")], gone);
    check("text", &[frame(TEXT, "Hällo €".as_bytes())], &[text("Hällo €")], gone);
    for length in [125, 126, 127, 128, 999, 1000] {
        let long = "y".repeat(length);
        check("lengths", &[frame(TEXT, long.as_bytes())], &[text(&long)], gone);
    }
    let binary = Message::Binary(Bytes::from_static(&[0xff, 0, 0x80]));
    check("binary", &[frame(BINARY, &[0xff, 0, 0x80])], &[binary], gone);
    check("two in one read", &[frame(TEXT, b"a"), frame(TEXT, b"b")], &[text("a"), text("b")], gone);
    check(
        "fragments, one of them empty, split inside a character",
        &[frame(TEXT & FIRST, b"\xe2"), frame(CONTINUE, b""), frame(CONTINUE, b"\x82"), frame(LAST, b"\xac!")],
        &[text("€!")],
        gone,
    );
    check("a length not as short as possible", &[vec![TEXT, 0xfe, 0, 1, 0, 0, 0, 0, b'a']], &[text("a")], gone);
    check("cut off in a header", &[vec![TEXT]], &[], gone);
    check("cut off in a payload", &[header(TEXT, 10), MASK.to_vec()], &[], gone);
}

#[test]
fn pings_are_answered_and_pongs_ignored() {
    let gone = |answers| (Closed::Disconnected, answers);
    check("ping", &[frame(PING, b"Hello")], &[], &gone(answer(PONG, b"Hello")));
    check("the longest ping", &[frame(PING, &[0xfe; 125])], &[], &gone(answer(PONG, &[0xfe; 125])));
    let pings: Vec<Vec<u8>> = (0..10).map(|i| frame(PING, &[i])).collect();
    let pongs: Vec<Vec<u8>> = (0..10).map(|i| answer(PONG, &[i])).collect();
    check("ten pings", &pings, &[], &gone(pongs.concat()));
    check("pong", &[frame(PONG, b"unasked"), frame(TEXT, b"a")], &[text("a")], &gone(Vec::new()));
    check(
        "between fragments",
        &[frame(TEXT & FIRST, b"a"), frame(PING, b"1"), frame(CONTINUE, b"b"), frame(PONG, b"2"), frame(LAST, b"c")],
        &[text("abc")],
        &gone(answer(PONG, b"1")),
    );
}

#[test]
fn a_close_frame_is_answered_with_the_same() {
    check("empty", &[frame(CLOSE, b"")], &[], &(Closed::ByPeer(None), answer(CLOSE, b"")));
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999] {
        check("codes", &[close(code, b"")], &[], &(by_peer(code, ""), close_answer(code, "")));
    }
    let reason = "r".repeat(123);
    check("reason", &[close(3001, reason.as_bytes())], &[], &(by_peer(3001, &reason), close_answer(3001, &reason)));
    check(
        "what follows is not looked at",
        &[frame(TEXT, b"a"), close(1000, b"bye"), frame(TEXT, b"b"), frame(PING, b""), vec![0xff; 40]],
        &[text("a")],
        &(by_peer(1000, "bye"), close_answer(1000, "bye")),
    );
    check(
        "inside a fragmented message",
        &[frame(TEXT & FIRST, b"a"), close(1000, b"")],
        &[],
        &(by_peer(1000, ""), close_answer(1000, "")),
    );
}

#[test]
fn what_breaks_the_protocol_closes_the_connection() {
    use ProtocolError::*;
    let too_long = MessageTooLong { limit: 1000 };
    let first = |payload: &[u8]| frame(TEXT & FIRST, payload);
    let cases: Vec<(&str, Vec<Vec<u8>>, ProtocolError)> = vec![
        ("no mask", vec![vec![TEXT, 1, b'a']], Unmasked),
        ("no HTTP here", vec![b"GET / HTTP/1.1\r\n\r\n".to_vec()], UnknownOpcode(7)),
        ("compressed without an extension", vec![frame(TEXT | 0x40, b"a")], ReservedBits),
        ("reserved bit 2", vec![frame(TEXT | 0x20, b"a")], ReservedBits),
        ("reserved bit 3 of a ping", vec![frame(PING | 0x10, b"")], ReservedBits),
        ("unknown data frame", vec![frame(0x83, b"")], UnknownOpcode(3)),
        ("unknown data frame 7", vec![frame(0x87, b"a")], UnknownOpcode(7)),
        ("unknown control frame", vec![frame(0x8b, b"")], UnknownOpcode(11)),
        ("unknown control frame 15", vec![frame(0x8f, b"a")], UnknownOpcode(15)),
        ("fragmented ping", vec![frame(PING & FIRST, b"a")], FragmentedControl),
        ("fragmented close", vec![frame(CLOSE & FIRST, b"")], FragmentedControl),
        ("ping of 126 bytes", vec![frame(PING, &[0; 126])], ControlTooLong),
        ("close of 126 bytes", vec![close(1000, &[b'a'; 124])], ControlTooLong),
        ("nothing to continue", vec![frame(LAST, b"a")], UnexpectedContinuation),
        ("message in a message", vec![first(b"a"), frame(TEXT, b"b")], Interleaved),
        ("binary in a text", vec![first(b"a"), frame(BINARY & FIRST, b"b")], Interleaved),
        ("half a status code", vec![frame(CLOSE, &[3])], InvalidClose),
        ("reason of a close", vec![close(1000, b"\xce\xba\xe1")], InvalidUtf8),
        ("text", vec![frame(TEXT, b"a\xff")], InvalidUtf8),
        ("text that ends inside a character", vec![frame(TEXT, b"a\xe2\x82")], InvalidUtf8),
        ("a surrogate", vec![frame(TEXT, b"\xed\xa0\x80")], InvalidUtf8),
        ("a fragment, told before the last one", vec![first(b"a\xc0"), frame(CONTINUE, b"a")], InvalidUtf8),
        ("fragments that end inside a character", vec![first(b"\xe2"), frame(LAST, b"\x82")], InvalidUtf8),
        ("a long message", vec![frame(TEXT, &[b'a'; 1001])], too_long),
        ("a long message, told by its header", vec![header(BINARY, 1001)], too_long),
        ("the longest length", vec![header(TEXT, u64::MAX)], too_long),
        ("long fragments", vec![first(&[b'a'; 600]), frame(CONTINUE, &[b'a'; 401])], too_long),
    ];
    for (name, input, error) in cases {
        check(name, &input, &[], &broken(error));
    }
    for code in [0, 999, 1004, 1005, 1006, 1014, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        check("codes", &[close(code, b"")], &[], &broken(InvalidClose));
        assert_eq!(CloseCode::try_from(code), Err(InvalidCloseCode(code)));
    }
}

#[test]
fn what_was_understood_before_a_fault_is_delivered() {
    let (closed, answer) = broken(ProtocolError::UnknownOpcode(3));
    check("text, then garbage", &[frame(TEXT, b"a"), frame(0x83, b""), vec![0x55; 300]], &[text("a")], &(closed, answer));
    let end = broken(ProtocolError::UnexpectedContinuation);
    let input = [frame(TEXT & FIRST, b"a"), frame(LAST, b""), frame(CONTINUE, b"")];
    check("nothing to continue any more", &input, &[text("a")], &end);
}

#[test]
fn every_reason_fits_into_a_close_frame() {
    let longest = ProtocolError::MessageTooLong { limit: usize::MAX };
    assert!(longest.to_string().len() <= 123);
    assert!(ProtocolError::ReservedBits.to_string().len() <= 123);
}

#[tokio::test]
async fn bytes_behind_the_upgrade_are_read_first() {
    let (server, mut client) = duplex(1024);
    let whole = [frame(TEXT, b"early"), frame(TEXT, b"late")].concat();
    let (early, late) = whole.split_at(13);
    let (_sender, mut receiver) = accept(server, Bytes::copy_from_slice(early), LIMITS);
    assert_eq!(receiver.next().await, Ok(text("early")));
    client.write_all(late).await.expect("room");
    assert_eq!(receiver.next().await, Ok(text("late")));
}
