//! What holds for every client whatever it sends; shared by the property tests here and the fuzz target `mqtt`.
//!
//! Input: its first byte chooses, the rest is what the client sends. Bit 0: an accepted CONNECT goes before; bit 1: that is of
//! MQTT 3.1; bit 2: so does a SUBSCRIBE to everything, with QoS 1; bit 3: the owner refuses the second topic.

use std::time::{Duration, Instant};

use bytes::Bytes;
use mqtt_session::{Action, DeliverFault, Grant, Limits, Reason, Session};

/// What may be subscribed. `a` is easy to guess for a fuzzer.
pub(crate) const TOPICS: [&str; 3] = ["a", "a/b/", "a/b/c"];

const LIMITS: Limits =
    Limits { payload: 64, request: 512, in_flight: 40, connect_timeout: Duration::from_secs(10), keep_alive: 30..=1200 };

const CONNECT_3_1: &[u8] = b"\x10\x0f\0\x06MQIsdp\x03\x02\0\x3c\0\x01c";
const CONNECT_3_1_1: &[u8] = b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01c";
const SUBSCRIBE_ALL: &[u8] = b"\x82\x15\0\x01\0\x01a\x01\0\x04a/b/\x01\0\x05a/b/c\x01";

/// Panics if something holds not.
pub(crate) fn judge(data: &[u8]) {
    let Some((choice, sent)) = data.split_first() else { return };
    let connect = if choice & 2 == 0 { CONNECT_3_1_1 } else { CONNECT_3_1 };
    let mut input = Vec::new();
    if choice & 1 != 0 {
        input.extend_from_slice(connect);
        if choice & 4 != 0 {
            input.extend_from_slice(SUBSCRIBE_ALL);
        }
    }
    input.extend_from_slice(sent);
    let refuses = choice & 8 != 0;
    // However it is cut, it means the same.
    let whole = converse(&input, usize::MAX, refuses);
    assert_eq!(converse(&input, 1, refuses), whole, "in single bytes");
    assert_eq!(converse(&input, 5, refuses), whole, "in pieces");
}

/// What came of a conversation: the bytes that went out, and the end.
type Outcome = (Vec<u8>, Option<Reason>);

fn converse(input: &[u8], piece: usize, refuses: bool) -> Outcome {
    let now = Instant::now();
    let mut session = Session::new(Grant::new("c", TOPICS).expect("well-formed"), LIMITS, now);
    let (mut out, mut end, mut live, mut actions) = (Vec::new(), None, Vec::<String>::new(), 0);
    for bytes in input.chunks(piece.min(input.len().max(1))) {
        let mut bytes = bytes;
        while let Some(action) = session.receive(&mut bytes, now) {
            assert_eq!(end, None, "{action:?} after the end");
            actions += 1;
            match action {
                Action::Connected { .. } => assert!(out.is_empty() && live.is_empty()),
                Action::Send(frame) => {
                    assert!(frame.payload.is_empty());
                    judge_packet(&frame.to_vec());
                    out.extend(frame.to_vec());
                }
                Action::Subscribe(topics) => {
                    assert!(!topics.is_empty());
                    for topic in topics {
                        assert!(TOPICS.contains(&&*topic), "{topic} is not granted");
                        assert!(!live.contains(&topic.to_string()), "{topic} is live already");
                        if !refuses || &*topic != TOPICS[1] {
                            live.push(topic.to_string());
                        }
                    }
                    let frame = session.subscribed(|topic| !refuses || **topic != *TOPICS[1]).expect("asked");
                    judge_packet(&frame.to_vec());
                    out.extend(frame.to_vec());
                }
                Action::Unsubscribed(topics) => {
                    assert!(!topics.is_empty());
                    for topic in topics {
                        let place = live.iter().position(|live| **live == *topic).expect("it was live");
                        live.swap_remove(place);
                    }
                }
                Action::Close(reason) => {
                    assert!(!reason.to_string().is_empty() && reason.to_string().len() <= 123);
                    end = Some(reason);
                    live.clear();
                }
            }
            end = end.or(deliver_all(&mut session, &live, &mut out));
            if end.is_some() {
                live.clear();
            }
            live.sort_unstable();
            assert!(session.subscriptions().map(|topic| &**topic).eq(live.iter().map(String::as_str)));
        }
        assert!(bytes.is_empty(), "nothing waits, and yet something is left");
        assert_eq!(session.is_ended(), end.is_some());
        // Twice, since a vector grows by doubling.
        assert!(session.held_bytes() <= 2 * (LIMITS.request + 5), "{} bytes are held", session.held_bytes());
    }
    // Each packet has two bytes at least, and three actions at most: a CONNECT is told of, answered, and in the end refused.
    assert!(actions <= 2 * input.len() + 1, "{actions} actions of {} bytes", input.len());
    assert_eq!(session.next_deadline().is_none(), end.is_some());
    (out, end)
}

/// Delivers to every topic: exactly those that are live take it.
fn deliver_all(session: &mut Session, live: &[String], out: &mut Vec<u8>) -> Option<Reason> {
    let payload = Bytes::from_static(b"{\"data\":{}}");
    for topic in TOPICS {
        match session.deliver(topic, &payload) {
            Ok(frame) => {
                assert!(live.iter().any(|live| live == topic), "{topic} is not live");
                assert_eq!(frame.payload.as_ptr(), payload.as_ptr(), "the payload is shared");
                judge_packet(&frame.to_vec());
                out.extend(frame.to_vec());
            }
            Err(DeliverFault::NotSubscribed) => assert!(!live.iter().any(|live| live == topic), "{topic} is live"),
            Err(DeliverFault::Ended(reason)) => {
                assert_eq!(reason, Reason::Unacknowledged { limit: LIMITS.in_flight });
                return Some(reason);
            }
            Err(fault @ DeliverFault::TooLarge { .. }) => panic!("{fault}"),
        }
        assert!(session.in_flight() <= usize::from(LIMITS.in_flight));
    }
    None
}

/// One packet, whole, of those that a server sends here.
fn judge_packet(packet: &[u8]) {
    let digits = packet[1..].iter().take_while(|digit| **digit & 0x80 != 0).count() + 1;
    let remaining = packet[1..=digits].iter().rev().fold(0, |length, digit| length << 7 | usize::from(digit & 0x7f));
    assert_eq!(packet.len(), 1 + digits + remaining, "{packet:?}");
    let body = &packet[1 + digits..];
    match packet[0] {
        0x20 => assert!(matches!(body, [0, 0 | 1 | 2 | 5])),
        0x30 | 0x32 => {
            let topic = &body[2..2 + usize::from(u16::from_be_bytes([body[0], body[1]]))];
            assert!(TOPICS.iter().any(|known| known.as_bytes() == topic));
            assert!(packet[0] == 0x30 || body[2 + topic.len()..][..2] != [0, 0], "packet id 0");
        }
        0x90 => assert!(body.len() > 2 && body[2..].iter().all(|code| matches!(code, 0 | 1 | 0x80))),
        0xb0 => assert_eq!(body.len(), 2),
        0xd0 => assert!(body.is_empty()),
        other => panic!("a server does not send {other:#x}"),
    }
}
