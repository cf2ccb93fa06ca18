//! Whole conversations, byte by byte: what a client sends, what it is answered, and how that ends. The bytes are written by hand
//! after the specifications, not by a codec. Every conversation is held three times: in one piece, in single bytes, and in pieces
//! that cut across packets.

use std::time::{Duration, Instant};

use bytes::Bytes;
use mqtt_session::{Action, ConnectRefusal, DeliverFault, Grant, Limits, Reason, Session, Version};

const A: &str = "account/api/onMessage/";
const B: &str = "account/api/onMessage/0f";
const C: &str = "account/api/onNote/";

fn session(limits: Limits, now: Instant) -> Session {
    Session::new(Grant::new("client", [A, B, C]).expect("well-formed"), limits, now)
}

fn packet(control: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![control];
    let mut rest = body.len();
    while rest > 127 {
        packet.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    packet.push(rest as u8);
    packet.extend_from_slice(body);
    packet
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u16).to_be_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// CONNECT with these flags, the client id, and `more` behind it.
fn connect(name: &str, level: u8, flags: u8, more: &[&str]) -> Vec<u8> {
    let texts = more.iter().flat_map(|more| text(more)).collect::<Vec<_>>();
    packet(0x10, &[text(name), vec![level, flags, 0, 60], texts].concat())
}

fn connect_3_1() -> Vec<u8> {
    connect("MQIsdp", 3, 0x02, &["client"])
}

fn connect_3_1_1() -> Vec<u8> {
    connect("MQTT", 4, 0x02, &["client"])
}

fn subscribe(id: u8, topics: &[(&str, u8)]) -> Vec<u8> {
    let topics = topics.iter().flat_map(|(topic, qos)| [text(topic), vec![*qos]].concat()).collect::<Vec<_>>();
    packet(0x82, &[vec![0, id], topics].concat())
}

fn unsubscribe(id: u8, topics: &[&str]) -> Vec<u8> {
    packet(0xa2, &[vec![0, id], topics.iter().flat_map(|topic| text(topic)).collect()].concat())
}

/// What came of a conversation.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    out: Vec<u8>,
    /// The owner's part: `+` a topic to make live, `-` one that is no more.
    told: Vec<String>,
    end: Option<Reason>,
}

/// Feeds pieces of the input, with an owner who makes every topic live but [`C`].
fn converse(input: &[u8], pieces: impl Iterator<Item = usize>) -> Outcome {
    let now = Instant::now();
    let mut session = session(Limits::default(), now);
    let mut outcome = Outcome::default();
    let mut rest = input;
    for length in pieces {
        let (mut piece, behind) = rest.split_at(length.min(rest.len()));
        rest = behind;
        while let Some(action) = session.receive(&mut piece, now) {
            assert_eq!(outcome.end, None, "{action:?} after the end");
            match action {
                Action::Send(frame) => outcome.out.extend(frame.to_vec()),
                Action::Subscribe(topics) => {
                    outcome.told.extend(topics.iter().map(|topic| format!("+{topic}")));
                    outcome.out.extend(session.subscribed(|topic| **topic != *C).expect("asked").to_vec());
                }
                Action::Unsubscribed(topics) => outcome.told.extend(topics.iter().map(|topic| format!("-{topic}"))),
                Action::Connected { .. } => {}
                Action::Close(reason) => outcome.end = Some(reason),
            }
        }
        assert!(piece.is_empty(), "something was left");
        assert_eq!(session.is_ended(), outcome.end.is_some());
        if rest.is_empty() {
            break;
        }
    }
    outcome
}

fn check(name: &str, input: &[Vec<u8>], out: &[&[u8]], told: &[&str], end: Option<Reason>) {
    let input = input.concat();
    let told = told.iter().map(|told| (*told).to_owned()).collect();
    let expected = Outcome { out: out.concat(), told, end };
    assert_eq!(converse(&input, [input.len()].into_iter()), expected, "{name}, in one piece");
    assert_eq!(converse(&input, std::iter::repeat(1)), expected, "{name}, in single bytes");
    assert_eq!(converse(&input, [3, 1, 7, 2, 19, 5].into_iter().cycle()), expected, "{name}, in pieces");
}

const ACCEPTED: &[u8] = &[0x20, 2, 0, 0];
const PONG: &[u8] = &[0xd0, 0];

#[test]
fn a_client_connects_in_both_versions() {
    type Case = (&'static str, Vec<u8>, &'static [u8], Option<Reason>);
    let refused = |refusal| Some(Reason::Refused(refusal));
    let cases: Vec<Case> = vec![
        ("3.1", connect_3_1(), ACCEPTED, None),
        ("3.1.1", connect_3_1_1(), ACCEPTED, None),
        ("clean session 0 is accepted, and no session is there", connect("MQTT", 4, 0, &["client"]), ACCEPTED, None),
        ("a user name and a password mean nothing", connect("MQTT", 4, 0xc2, &["client", "?SDK=x", "pw"]), ACCEPTED, None),
        ("3.1 may have a password alone", connect("MQIsdp", 3, 0x42, &["client", "pw"]), ACCEPTED, None),
        ("5", connect("MQTT", 5, 2, &["client"]), &[0x20, 2, 0, 1], refused(ConnectRefusal::Version { level: 5 })),
        ("a bridge", connect("MQTT", 0x84, 2, &["client"]), &[0x20, 2, 0, 1], refused(ConnectRefusal::Version { level: 0x84 })),
        ("a mix", connect("MQIsdp", 4, 2, &["client"]), &[0x20, 2, 0, 1], refused(ConnectRefusal::Version { level: 4 })),
        ("another client", connect("MQTT", 4, 2, &["clienT"]), &[0x20, 2, 0, 2], refused(ConnectRefusal::ClientId)),
        ("no client id", connect("MQTT", 4, 2, &[""]), &[0x20, 2, 0, 2], refused(ConnectRefusal::ClientId)),
        ("a will", connect("MQTT", 4, 0x06, &["client", A, "gone"]), &[0x20, 2, 0, 5], refused(ConnectRefusal::Will)),
    ];
    for (name, input, out, end) in cases {
        check(name, &[input], &[out], &[], end);
    }
}

#[test]
fn what_is_no_connect_packet_is_not_answered() {
    let malformed = |fault| Reason::Malformed { packet: "CONNECT", fault };
    let first = |packet| Reason::NotConnected { packet };
    let cases: Vec<(&str, Vec<u8>, Reason)> = vec![
        ("another protocol", connect("AMQP", 4, 2, &["client"]), malformed("it is not of MQTT")),
        ("the reserved flag", connect("MQTT", 4, 3, &["client"]), malformed("its flags are reserved")),
        ("flags of the header", packet(0x11, &connect_3_1_1()[2..]), malformed("its flags are reserved")),
        ("a password alone", connect("MQTT", 4, 0x42, &["client", "pw"]), malformed("it has a password and no user name")),
        ("a will's QoS alone", connect("MQTT", 4, 0x0a, &["client"]), malformed("its flags are reserved")),
        ("a will's retain alone", connect("MQTT", 4, 0x22, &["client"]), malformed("it describes a will that it does not have")),
        ("a will of QoS 3", connect("MQTT", 4, 0x1e, &["client", A, "x"]), malformed("there is no such QoS")),
        ("no client id at all", connect("MQTT", 4, 2, &[]), malformed("it ends too early")),
        ("no body", vec![0x10, 0], malformed("it ends too early")),
        ("more than it says", connect("MQTT", 4, 2, &["client", "client"]), malformed("bytes follow its end")),
        ("not UTF-8", packet(0x10, b"\0\x04MQTT\x04\x02\0\x3c\0\x01\xff"), malformed("a text is not UTF-8")),
        ("five digits", vec![0x10, 0xff, 0xff, 0xff, 0xff, 0x7f], malformed("its length has more than four digits")),
        ("PINGREQ", vec![0xc0, 0], first("PINGREQ")),
        ("SUBSCRIBE", subscribe(1, &[(A, 0)]), first("SUBSCRIBE")),
        ("CONNACK", ACCEPTED.to_vec(), first("CONNACK")),
        ("HTTP", b"GET /mqtt HTTP/1.1\r\n".to_vec(), first("PUBACK")),
        ("TLS", vec![0x16, 3, 1, 2, 0, 1], malformed("its flags are reserved")),
        ("type 0", vec![0, 0], Reason::Malformed { packet: "packet of type 0", fault: "no such type" }),
        ("type 15", vec![0xf0, 0], Reason::Malformed { packet: "packet of type 15", fault: "no such type" }),
    ];
    for (name, input, reason) in cases {
        // What follows is not looked at any more.
        check(name, &[input, connect_3_1(), vec![0xc0, 0]], &[], &[], Some(reason));
    }
}

#[test]
fn topics_of_the_grant_are_subscribed_and_no_others() {
    let (plus_a, plus_b, plus_c) = (format!("+{A}"), format!("+{B}"), format!("+{C}"));
    type Case<'told> = (&'static str, Vec<Vec<u8>>, Vec<&'static [u8]>, Vec<&'told str>);
    let cases: Vec<Case<'_>> = vec![
        ("QoS as asked, at most 1", vec![subscribe(7, &[(A, 0), (B, 2)])], vec![&[0x90, 4, 0, 7, 0, 1]], vec![&plus_a, &plus_b]),
        ("QoS 1", vec![subscribe(7, &[(B, 1)])], vec![&[0x90, 3, 0, 7, 1]], vec![&plus_b]),
        (
            "wildcards, parts and strangers are refused",
            vec![subscribe(1, &[("#", 0), ("account/api/+/", 1), ("account/api/onMessage", 0), ("x", 0)])],
            vec![&[0x90, 6, 0, 1, 0x80, 0x80, 0x80, 0x80]],
            vec![],
        ),
        ("the others count", vec![subscribe(1, &[("x", 0), (A, 1)])], vec![&[0x90, 4, 0, 1, 0x80, 1]], vec![&plus_a]),
        (
            "the owner may refuse too",
            vec![subscribe(1, &[(C, 0), (A, 1)])],
            vec![&[0x90, 4, 0, 1, 0x80, 1]],
            vec![&plus_c, &plus_a],
        ),
        (
            "one topic twice is told once, and the last counts",
            vec![subscribe(1, &[(A, 0), (A, 1)]), subscribe(2, &[(A, 0)])],
            vec![&[0x90, 4, 0, 1, 0, 1], &[0x90, 3, 0, 2, 0]],
            vec![&plus_a],
        ),
    ];
    for (name, packets, out, told) in cases {
        for connect in [connect_3_1(), connect_3_1_1()] {
            let input = [vec![connect, vec![0xc0, 0]], packets.clone(), vec![vec![0xc0, 0]]].concat();
            check(name, &input, &[&[ACCEPTED, PONG], &out[..], &[PONG]].concat(), &told, None);
        }
    }
}

#[test]
fn what_is_unsubscribed_is_gone_and_may_come_back() {
    let (plus, minus, plus_b, minus_b) = (format!("+{A}"), format!("-{A}"), format!("+{B}"), format!("-{B}"));
    check(
        "a topic comes and goes",
        &[
            connect_3_1(),
            subscribe(1, &[(A, 1), (B, 0)]),
            unsubscribe(2, &[A, "x", A]),
            unsubscribe(3, &[A]),
            subscribe(4, &[(A, 0)]),
            unsubscribe(5, &[B, A]),
            vec![0xe0, 0],
        ],
        &[ACCEPTED, &[0x90, 4, 0, 1, 1, 0], &[0xb0, 2, 0, 2], &[0xb0, 2, 0, 3], &[0x90, 3, 0, 4, 0], &[0xb0, 2, 0, 5]],
        &[&plus, &plus_b, &minus, &plus, &minus_b, &minus],
        Some(Reason::Disconnected),
    );
}

#[test]
fn what_a_subscriber_must_not_send_is_the_end() {
    let malformed = |packet, fault| Reason::Malformed { packet, fault };
    let unexpected = |packet| Reason::UnexpectedPacket { packet };
    let long = "t".repeat(20_000);
    let cases: Vec<(&str, Vec<u8>, Reason)> = vec![
        ("DISCONNECT", vec![0xe0, 0], Reason::Disconnected),
        ("PUBLISH", packet(0x30, &[text(A), b"{}".to_vec()].concat()), Reason::PublishRefused),
        ("the first byte of PUBLISH", vec![0x3d], Reason::PublishRefused),
        ("CONNECT twice", connect_3_1(), Reason::ConnectedTwice),
        ("CONNACK", ACCEPTED.to_vec(), unexpected("CONNACK")),
        ("PUBREC", vec![0x50, 2, 0, 1], unexpected("PUBREC")),
        ("PUBREL", vec![0x62, 2, 0, 1], unexpected("PUBREL")),
        ("PUBCOMP", vec![0x70, 2, 0, 1], unexpected("PUBCOMP")),
        ("SUBACK", vec![0x90, 3, 0, 1, 0], unexpected("SUBACK")),
        ("UNSUBACK", vec![0xb0, 2, 0, 1], unexpected("UNSUBACK")),
        ("PINGRESP", PONG.to_vec(), unexpected("PINGRESP")),
        ("AUTH of MQTT 5", vec![0xf0, 0], malformed("packet of type 15", "no such type")),
        ("a PINGREQ with a body", vec![0xc0, 1, 0], malformed("PINGREQ", "it has another length")),
        ("a DISCONNECT with a body", vec![0xe0, 2, 0, 0], malformed("DISCONNECT", "it has another length")),
        ("a PUBACK that is short", vec![0x40, 1, 0], malformed("PUBACK", "it has another length")),
        ("a PUBACK of 0", vec![0x40, 2, 0, 0], malformed("PUBACK", "its packet id is 0")),
        ("SUBSCRIBE to nothing", packet(0x82, &[0, 1]), malformed("SUBSCRIBE", "it names no topic")),
        ("SUBSCRIBE without an id", packet(0x82, &[0]), malformed("SUBSCRIBE", "it ends too early")),
        ("SUBSCRIBE with id 0", subscribe(0, &[(A, 0)]), malformed("SUBSCRIBE", "its packet id is 0")),
        (
            "SUBSCRIBE without its QoS",
            packet(0x80, &subscribe(1, &[(A, 0)])[2..]),
            malformed("SUBSCRIBE", "its flags are reserved"),
        ),
        ("QoS 3", subscribe(1, &[(A, 3)]), malformed("SUBSCRIBE", "there is no such QoS")),
        ("an empty topic", subscribe(1, &[("", 0)]), malformed("SUBSCRIBE", "a topic is misspelled")),
        ("a wildcard within a level", subscribe(1, &[("a#b", 0)]), malformed("SUBSCRIBE", "a topic is misspelled")),
        ("U+0000", subscribe(1, &[("a\0", 0)]), malformed("SUBSCRIBE", "a topic is misspelled")),
        ("half a topic", packet(0x82, &[0, 1, 0, 9, b'a']), malformed("SUBSCRIBE", "it ends too early")),
        ("UNSUBSCRIBE of nothing", packet(0xa2, &[0, 1]), malformed("UNSUBSCRIBE", "it names no topic")),
        (
            "more than is read",
            subscribe(1, &[(&long, 0)])[..4].to_vec(),
            Reason::TooLarge { packet: "SUBSCRIBE", bytes: 20_005, limit: 16 * 1024 },
        ),
    ];
    for (name, input, reason) in cases {
        check(name, &[connect_3_1_1(), input, vec![0xc0, 0]], &[ACCEPTED], &[], Some(reason));
    }
}

#[test]
fn only_3_1_says_that_it_repeats_a_packet() {
    let repeated = |mut packet: Vec<u8>| {
        packet[0] |= 0x08;
        packet
    };
    let input = |connect| vec![connect, repeated(subscribe(1, &[(A, 0)])), repeated(unsubscribe(2, &[A]))];
    let told = [&*format!("+{A}"), &*format!("-{A}")];
    check("3.1", &input(connect_3_1()), &[ACCEPTED, &[0x90, 3, 0, 1, 0, 0xb0, 2, 0, 2]], &told, None);
    let reason = Reason::Malformed { packet: "SUBSCRIBE", fault: "its flags are reserved" };
    check("3.1.1", &input(connect_3_1_1()), &[ACCEPTED], &[], Some(reason));
}

/// Everything up to the next need of input; subscriptions are granted.
fn feed(session: &mut Session, input: &[Vec<u8>], now: Instant) -> Vec<Action> {
    let input = input.concat();
    let mut input = &input[..];
    let mut actions = Vec::new();
    while let Some(action) = session.receive(&mut input, now) {
        if let Action::Subscribe(_) = &action {
            session.subscribed(|_| true).expect("asked");
        }
        actions.push(action);
    }
    actions
}

#[test]
fn messages_reach_subscribed_topics_with_the_granted_qos() {
    let now = Instant::now();
    let mut session = session(Limits::default(), now);
    let payload = Bytes::from_static(b"{}");
    assert_eq!(session.deliver(A, &payload), Err(DeliverFault::NotSubscribed), "before CONNECT");
    let silence = Duration::from_secs(90);
    assert_eq!(
        feed(&mut session, &[connect_3_1()], now)[0],
        Action::Connected { version: Version::V3_1, silence },
        "and the version is told"
    );
    assert_eq!(session.deliver(A, &payload), Err(DeliverFault::NotSubscribed));
    feed(&mut session, &[subscribe(1, &[(A, 0), (B, 1), (C, 2)])], now);
    assert_eq!(session.subscriptions().map(|topic| &**topic).collect::<Vec<_>>(), [A, B, C]);

    let mut delivered = |topic: &str| session.deliver(topic, &payload).map(|frame| frame.to_vec());
    assert_eq!(delivered(A), Ok(packet(0x30, &[text(A), b"{}".to_vec()].concat())));
    assert_eq!(delivered(B), Ok(packet(0x32, &[text(B), vec![0, 1], b"{}".to_vec()].concat())));
    assert_eq!(delivered(C), Ok(packet(0x32, &[text(C), vec![0, 2], b"{}".to_vec()].concat())));
    assert_eq!(delivered("account/api/onMessage/0"), Err(DeliverFault::NotSubscribed));
    assert_eq!(delivered("#"), Err(DeliverFault::NotSubscribed));

    let ids = [vec![0x40, 2, 0, 1], vec![0x40, 2, 0, 1], vec![0x40, 2, 0, 9]];
    assert_eq!(feed(&mut session, &ids, now), [], "late and unknown PUBACKs are nobody's");
    assert_eq!(session.in_flight(), 1);
    feed(&mut session, &[unsubscribe(2, &[B])], now);
    assert_eq!(session.deliver(B, &payload), Err(DeliverFault::NotSubscribed));
    // The QoS of a topic changes with a new SUBSCRIBE.
    feed(&mut session, &[subscribe(3, &[(A, 1)])], now);
    assert_eq!(session.deliver(A, &payload).expect("subscribed").head[0], 0x32);
    feed(&mut session, &[vec![0xe0, 0]], now);
    assert_eq!(session.deliver(A, &payload), Err(DeliverFault::NotSubscribed), "after DISCONNECT");
    assert_eq!((session.in_flight(), session.subscriptions().count()), (0, 0));
}

#[test]
fn a_message_too_long_is_refused_and_the_session_goes_on() {
    let now = Instant::now();
    let mut session = session(Limits { payload: 100, ..Limits::default() }, now);
    feed(&mut session, &[connect_3_1(), subscribe(1, &[(A, 1)])], now);
    let message = |length| Bytes::from(vec![b' '; length]);
    assert_eq!(session.deliver(A, &message(101)), Err(DeliverFault::TooLarge { bytes: 101, limit: 100 }));
    assert_eq!(session.in_flight(), 0);
    assert_eq!(session.deliver(A, &message(100)).map(|frame| frame.len()), Ok(2 + 2 + A.len() + 2 + 100));
}

#[test]
fn a_client_that_acknowledges_nothing_meets_its_end() {
    let now = Instant::now();
    let mut session = session(Limits { in_flight: 3, ..Limits::default() }, now);
    feed(&mut session, &[connect_3_1_1(), subscribe(1, &[(A, 0), (B, 1)])], now);
    let payload = Bytes::new();
    for _ in 0..3 {
        session.deliver(B, &payload).expect("there is room");
    }
    session.deliver(A, &payload).expect("QoS 0 waits for nothing");
    feed(&mut session, &[vec![0x40, 2, 0, 2]], now);
    session.deliver(B, &payload).expect("there is room again");
    let reason = Reason::Unacknowledged { limit: 3 };
    assert_eq!(session.deliver(B, &payload), Err(DeliverFault::Ended(reason)));
    assert!(session.is_ended());
    assert_eq!(session.deliver(A, &payload), Err(DeliverFault::NotSubscribed));
    assert_eq!(feed(&mut session, &[vec![0xc0, 0]], now), []);
}

#[test]
fn what_follows_a_subscribe_waits_for_its_answer() {
    let now = Instant::now();
    let mut session = session(Limits::default(), now);
    feed(&mut session, &[connect_3_1_1()], now);
    assert_eq!(session.subscribed(|_| true), None, "nothing was asked");
    let input = [subscribe(1, &[(A, 0)]), unsubscribe(2, &[A]), vec![0xc0, 0]].concat();
    let mut input = &input[..];
    assert_eq!(session.receive(&mut input, now), Some(Action::Subscribe(vec![A.into()])));
    let left = input.len();
    assert_eq!((session.receive(&mut input, now), input.len()), (None, left));
    assert_eq!(session.deliver(A, &Bytes::new()), Err(DeliverFault::NotSubscribed), "no SUBACK yet");
    assert_eq!(session.subscribed(|_| true).map(|frame| frame.to_vec()), Some(vec![0x90, 3, 0, 1, 0]));
    assert_eq!(session.subscribed(|_| true), None);
    assert_eq!(session.receive(&mut input, now), Some(Action::Unsubscribed(vec![A.into()])));
    assert!(matches!(session.receive(&mut input, now), Some(Action::Send(frame)) if frame.head[0] == 0xb0));
    assert!(matches!(session.receive(&mut input, now), Some(Action::Send(frame)) if frame.head[0] == 0xd0));
    assert_eq!((session.receive(&mut input, now), input.len()), (None, 0));
    // The connection may be gone before the answer.
    let again = subscribe(3, &[(A, 0)]);
    assert!(matches!(session.receive(&mut &again[..], now), Some(Action::Subscribe(_))));
    session.close();
    assert_eq!(session.subscribed(|_| true), None);
}

#[test]
fn nothing_is_told_of_a_session_that_was_closed() {
    let now = Instant::now();
    let mut session = session(Limits::default(), now);
    let input = connect_3_1();
    assert!(matches!(session.receive(&mut &input[..], now), Some(Action::Connected { .. })));
    // Its CONNACK would come next.
    session.close();
    assert_eq!(feed(&mut session, &[subscribe(1, &[(A, 0)])], now), []);
    assert_eq!((session.is_ended(), session.next_deadline(), session.subscriptions().count()), (true, None, 0));
}

#[test]
fn silence_ends_a_session_and_packets_alone_break_it() {
    let start = Instant::now();
    let at = |millis| start + Duration::from_millis(millis);
    let mut session = session(Limits::default(), start);
    assert_eq!((session.next_deadline(), session.expire(at(9_999))), (Some(at(10_000)), None));
    feed(&mut session, &[connect_3_1()], at(5_000));
    assert_eq!(session.next_deadline(), Some(at(95_000)));
    feed(&mut session, &[vec![0xc0, 0]], at(60_000));
    assert_eq!((session.next_deadline(), session.expire(at(149_999))), (Some(at(150_000)), None));
    // A byte of a packet is no packet.
    feed(&mut session, &[vec![0xc0]], at(149_000));
    assert_eq!(session.next_deadline(), Some(at(150_000)));
    assert_eq!(session.expire(at(150_000)), Some(Reason::KeepAliveTimeout { limit: Duration::from_secs(90) }));
    assert_eq!((session.next_deadline(), session.expire(at(999_000))), (None, None));
    assert_eq!(feed(&mut session, &[vec![0, 0xc0, 0]], at(150_001)), []);
}

#[test]
fn a_session_without_connect_and_a_grant_have_their_ends() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let mut silent = session(Limits::default(), start);
    feed(&mut silent, &[connect_3_1()[..9].to_vec()], at(9));
    assert!(silent.held_bytes() >= 9);
    assert_eq!(silent.expire(at(10)), Some(Reason::ConnectTimeout { limit: Duration::from_secs(10) }));
    assert_eq!(silent.held_bytes(), 0);

    let grant = Grant::new("client", [A]).expect("well-formed").until(at(40));
    let mut session = Session::new(grant, Limits::default(), start);
    assert_eq!(session.next_deadline(), Some(at(10)));
    feed(&mut session, &[connect_3_1(), subscribe(1, &[(A, 0)])], at(1));
    assert_eq!((session.next_deadline(), session.expire(at(39))), (Some(at(40)), None));
    assert_eq!(session.expire(at(41)), Some(Reason::Expired));
    assert_eq!(session.deliver(A, &Bytes::new()), Err(DeliverFault::NotSubscribed));
}

#[test]
fn every_end_has_a_close_code_and_a_text() {
    let cases = [
        (Reason::Disconnected, 1000, "the client disconnected"),
        (Reason::Refused(ConnectRefusal::Version { level: 5 }), 1008, "CONNECT refused: neither MQTT 3.1 nor 3.1.1, but level 5"),
        (Reason::Malformed { packet: "SUBSCRIBE", fault: "it names no topic" }, 1002, "malformed SUBSCRIBE: it names no topic"),
        (
            Reason::KeepAliveTimeout { limit: Duration::from_millis(46_500) },
            1008,
            "no packet for 46.5s, one and a half of the keep-alive",
        ),
        (Reason::PublishRefused, 1008, "PUBLISH is not allowed: clients of this endpoint subscribe"),
        (
            Reason::TooLarge { packet: "CONNECT", bytes: 70_000, limit: 16_384 },
            1009,
            "CONNECT of 70000 bytes; at most 16384 are taken",
        ),
    ];
    for (reason, code, text) in cases {
        assert_eq!((reason.close_code(), &*reason.to_string()), (code, text));
        // What fits a WebSocket's close frame.
        assert!(reason.to_string().len() <= 123);
    }
}
