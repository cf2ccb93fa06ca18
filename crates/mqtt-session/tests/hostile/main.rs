//! Properties of a session: whatever comes in, [`judge`] finds nothing, and a well-behaved client is treated like by a broker so
//! simple that it is obviously right.

mod judge;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use judge::{TOPICS, judge};
use mqtt_session::{Action, DeliverFault, Grant, Limits, Reason, Session};
use proptest::collection::vec;
use proptest::prelude::*;

fn text() -> impl Strategy<Value = Vec<u8>> {
    let known =
        proptest::sample::select(vec!["a", "a/b/", "a/b/c", "c", "#", "a/+", "", "$share/g/a", "$SYS/a", "é", "MQTT", "MQIsdp"]);
    prop_oneof![8 => known.prop_map(|text| text.as_bytes().to_vec()), 1 => vec(any::<u8>(), 0..40)].prop_map(|text| {
        let mut bytes = (text.len() as u16).to_be_bytes().to_vec();
        bytes.extend(text);
        bytes
    })
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

/// Packets that are right or nearly so.
fn plausible() -> impl Strategy<Value = Vec<u8>> {
    let flags = prop_oneof![6 => Just(0_u8), 1 => 0..16_u8];
    let id = prop_oneof![8 => 1..4_u16, 1 => any::<u16>()].prop_map(u16::to_be_bytes);
    let subscribe = (flags.clone(), id.clone(), vec((text(), 0..4_u8), 0..5)).prop_map(|(flags, id, topics)| {
        let topics = topics.into_iter().flat_map(|(topic, qos)| [topic, vec![qos]].concat()).collect::<Vec<_>>();
        packet(0x82 ^ flags, &[id.to_vec(), topics].concat())
    });
    let unsubscribe = (flags.clone(), id.clone(), vec(text(), 0..5))
        .prop_map(|(flags, id, topics)| packet(0xa2 ^ flags, &[id.to_vec(), topics.concat()].concat()));
    let connect =
        (prop_oneof![4 => Just(4_u8), 4 => Just(3), 1 => any::<u8>()], any::<u8>(), any::<[u8; 2]>(), vec(text(), 0..6))
            .prop_map(|(level, flags, keep_alive, texts)| {
                let name: &[u8] = if level == 3 { b"\0\x06MQIsdp" } else { b"\0\x04MQTT" };
                packet(0x10, &[name, &[level, flags], &keep_alive, &texts.concat()].concat())
            });
    prop_oneof![
        4 => subscribe,
        2 => unsubscribe,
        1 => connect,
        4 => (flags, id).prop_map(|(flags, id)| packet(0x40 ^ flags, &id)),
        3 => Just(vec![0xc0, 0]),
        1 => (any::<u8>(), vec(any::<u8>(), 0..200)).prop_map(|(control, body)| packet(control, &body)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_survived(choice: u8, sent in vec(any::<u8>(), 0..2000)) {
        judge(&[vec![choice], sent].concat());
    }

    #[test]
    fn nearly_right_packets_are_survived(choice: u8, packets in vec(plausible(), 0..30)) {
        judge(&[vec![choice], packets.concat()].concat());
    }

    #[test]
    fn damaged_streams_are_survived(
        choice: u8,
        packets in vec(plausible(), 1..10),
        damage in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<proptest::sample::Index>(),
    ) {
        let mut sent = packets.concat();
        for (place, byte) in damage {
            let place = place.index(sent.len());
            sent[place] = byte;
        }
        sent.truncate(cut.index(sent.len()) + 1);
        judge(&[vec![choice], sent].concat());
    }
}

/// What a client and its surroundings do.
#[derive(Clone, Debug)]
enum Step {
    Subscribe(Vec<(usize, u8)>),
    Unsubscribe(Vec<usize>),
    Ping,
    Acknowledge(u16),
    Deliver(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    // One topic more than there are: nobody granted it.
    let topic = 0..=TOPICS.len();
    prop_oneof![
        2 => vec((topic.clone(), 0..3_u8), 1..5).prop_map(Step::Subscribe),
        1 => vec(topic.clone(), 1..4).prop_map(Step::Unsubscribe),
        1 => Just(Step::Ping),
        3 => (0..12_u16).prop_map(Step::Acknowledge),
        6 => topic.prop_map(Step::Deliver),
        2 => (0..60_u64).prop_map(Step::Wait),
    ]
}

fn spelled(topic: usize) -> Vec<u8> {
    let name = TOPICS.get(topic).copied().unwrap_or("stranger");
    [&[0, name.len() as u8][..], name.as_bytes()].concat()
}

const IN_FLIGHT: u16 = 10;

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn a_session_behaves_like_the_plainest_broker(is_3_1: bool, steps in vec(step(), 0..80)) {
        let start = Instant::now();
        let limits = Limits { in_flight: IN_FLIGHT, ..Limits::default() };
        let mut session = Session::new(Grant::new("c", TOPICS).expect("well-formed"), limits, start);
        let connect: &[u8] =
            if is_3_1 { b"\x10\x0f\0\x06MQIsdp\x03\x02\0\x3c\0\x01c" } else { b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01c" };
        let mut input = connect;
        while session.receive(&mut input, start).is_some() {}

        // The broker: who gets what, which ids wait, and the time.
        let (mut granted, mut waiting, mut now, mut deadline) = (BTreeMap::new(), BTreeSet::new(), start, start + Duration::from_secs(90));
        let mut ended = false;
        for step in steps {
            if let Step::Wait(seconds) = step {
                now += Duration::from_secs(seconds);
                let expired = session.expire(now);
                prop_assert_eq!(expired, (!ended && deadline <= now).then_some(Reason::KeepAliveTimeout { limit: Duration::from_secs(90) }));
                ended |= expired.is_some();
                continue;
            }
            if let Step::Deliver(topic) = step {
                let name = TOPICS.get(topic).copied().unwrap_or("stranger");
                let delivered = session.deliver(name, &Bytes::from_static(b"!"));
                match granted.get(&topic).filter(|_| !ended) {
                    None => prop_assert_eq!(delivered, Err(DeliverFault::NotSubscribed)),
                    Some(0) => prop_assert_eq!(delivered.expect("QoS 0").head[0], 0x30),
                    Some(_) if waiting.len() == usize::from(IN_FLIGHT) => {
                        prop_assert_eq!(delivered, Err(DeliverFault::Ended(Reason::Unacknowledged { limit: IN_FLIGHT })));
                        ended = true;
                    }
                    Some(_) => {
                        let head = delivered.expect("QoS 1").head;
                        prop_assert_eq!(head[0], 0x32);
                        let id = u16::from_be_bytes([head[head.len() - 2], head[head.len() - 1]]);
                        prop_assert!(id != 0 && waiting.insert(id), "packet id {} is in use", id);
                    }
                }
                continue;
            }
            let (sent, expected) = match &step {
                Step::Subscribe(topics) => {
                    let body = topics.iter().flat_map(|(topic, qos)| [spelled(*topic), vec![*qos]].concat());
                    let mut codes = vec![0x90, 2 + topics.len() as u8, 0, 7];
                    for (topic, qos) in topics {
                        let is_known = *topic < TOPICS.len();
                        codes.push(if is_known { (*qos).min(1) } else { 0x80 });
                        if is_known && !ended {
                            granted.insert(*topic, (*qos).min(1));
                        }
                    }
                    (packet(0x82, &[0, 7].into_iter().chain(body).collect::<Vec<_>>()), codes)
                }
                Step::Unsubscribe(topics) => {
                    granted.retain(|topic, _| !topics.contains(topic));
                    let body = topics.iter().flat_map(|topic| spelled(*topic));
                    (packet(0xa2, &[0, 8].into_iter().chain(body).collect::<Vec<_>>()), vec![0xb0, 2, 0, 8])
                }
                Step::Ping => (vec![0xc0, 0], vec![0xd0, 0]),
                Step::Acknowledge(nth) => {
                    let id = waiting.iter().nth(usize::from(*nth)).copied().unwrap_or(999);
                    waiting.remove(&id);
                    (packet(0x40, &id.to_be_bytes()), vec![])
                }
                Step::Deliver(_) | Step::Wait(_) => unreachable!("done above"),
            };
            let (mut input, mut out) = (&sent[..], Vec::new());
            while let Some(action) = session.receive(&mut input, now) {
                match action {
                    Action::Send(frame) => out.extend(frame.to_vec()),
                    Action::Subscribe(_) => out.extend(session.subscribed(|_| true).expect("asked").to_vec()),
                    Action::Unsubscribed(_) => {}
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            prop_assert_eq!(out, if ended { vec![] } else { expected });
            deadline = now + Duration::from_secs(90);
            if !ended {
                prop_assert_eq!(session.subscriptions().count(), granted.len());
                prop_assert_eq!(session.in_flight(), waiting.len());
                prop_assert_eq!(session.next_deadline(), Some(deadline));
            }
        }
    }
}
