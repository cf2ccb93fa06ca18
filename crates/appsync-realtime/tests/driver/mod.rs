//! Plays a script of bytes against a connection: a client that says anything, a host that answers in any order, time that passes.
//! What the connection does is held against a model of what must be. The property tests and the fuzz target run the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use appsync_realtime::{Action, ClientMessage, Connection, End, Error, Handshake, Limits, Refusal, SubscriptionKey, frame};
use http::HeaderMap;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use value::Value;

const MAX_SUBSCRIPTIONS: usize = 4;
const IDS: [&str; 7] = ["1", "2", "3", "a\"b\\", "é\n😀", "", "\u{7f}6a1c7f3e-0000-4000-8000-000000000000"];

/// Reads a script; at its end everything is zero.
struct Script<'a>(&'a [u8]);

impl Script<'_> {
    fn byte(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first)
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = self.byte().min(self.0.len());
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken.to_vec()
    }

    fn id(&mut self) -> &'static str {
        IDS[self.byte() % IDS.len()]
    }
}

struct World {
    connection: Connection,
    now: Instant,
    opened: Instant,
    /// What the model knows to be there: `true` once it is live.
    subscriptions: BTreeMap<SubscriptionKey, (String, bool)>,
    seen: BTreeSet<SubscriptionKey>,
    last_keep_alive: Option<Instant>,
    judged: bool,
    open: bool,
    closed: bool,
}

/// Plays a script to its end.
pub(crate) fn play(script: &[u8]) {
    let mut script = Script(script);
    let now = Instant::now();
    let handshake = handshake(&mut script);
    let limits = Limits { subscriptions: MAX_SUBSCRIPTIONS, message_bytes: 2000, ..Limits::default() };
    let mut world = World {
        connection: Connection::new(handshake, Arc::new(limits), now),
        now,
        opened: now,
        subscriptions: BTreeMap::new(),
        seen: BTreeSet::new(),
        last_keep_alive: None,
        judged: false,
        open: false,
        closed: false,
    };
    while !script.0.is_empty() {
        world.step(&mut script);
        world.check();
    }
    let left: BTreeSet<_> = world.connection.closed().into_iter().collect();
    assert_eq!(left, world.subscriptions.keys().copied().collect(), "what is left is what was not taken out");
    assert!(world.connection.is_closed() && world.connection.closed().is_empty() && world.connection.next_deadline().is_none());
}

/// An upgrade: three of four times one of a client, else anything.
fn handshake(script: &mut Script<'_>) -> Handshake {
    let mut headers = HeaderMap::new();
    if script.byte() % 4 != 3 {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, "graphql-ws, header-e30".parse().expect("a header"));
        return Handshake::read(&headers, "");
    }
    if let Ok(protocols) = http::HeaderValue::from_bytes(&script.bytes()) {
        headers.append(SEC_WEBSOCKET_PROTOCOL, protocols);
    }
    let query = String::from_utf8_lossy(&script.bytes()).into_owned();
    let handshake = Handshake::read(&headers, &query);
    if let Ok(credentials) = &handshake.credentials {
        assert_eq!(handshake.sub_protocol, Some("graphql-ws"));
        assert!(matches!(Value::parse(&credentials.payload), Ok(Value::Object(_))));
    }
    handshake
}

impl World {
    fn step(&mut self, script: &mut Script<'_>) {
        match script.byte() % 16 {
            0 => self.message(br#"{"type":"connection_init"}"#),
            1..=3 => {
                let mut message = br#"{"type":"start","payload":{"data":"{\"query\":\"subscription{a}\"}"},"id":"#.to_vec();
                value::write_json_string(script.id(), &mut message);
                message.push(b'}');
                self.message(&message);
            }
            4 | 5 => {
                let mut message = br#"{"type":"stop","id":"#.to_vec();
                value::write_json_string(script.id(), &mut message);
                message.push(b'}');
                self.message(&message);
            }
            6 => {
                let message = script.bytes();
                self.message(&message);
            }
            // A whole message, somewhere changed.
            7 => {
                let mut message = br#"{"id":"1","type":"start","payload":{"data":"{\"query\":\"subscription{a}\",\"variables\":{}}","extensions":{"authorization":{"Host":"h","x-api-key":"k"}}}}"#.to_vec();
                let at = script.byte() % message.len();
                message.splice(at..(at + script.byte() % 4).min(message.len()), script.bytes());
                self.message(&message);
            }
            8 => {
                let was_judging = self.judged && !self.open && !self.closed;
                let actions = self.connection.connected(self.now);
                self.open |= was_judging;
                assert_eq!(actions.is_empty(), !was_judging, "the ack or the keep-alive, once");
                self.carry_out(actions);
            }
            9 => {
                let was_judging = self.judged && !self.open && !self.closed;
                let actions = self.connection.refused(&Refusal::new("UnauthorizedException", "no", 401));
                assert_eq!(actions.len(), if was_judging { 2 } else { 0 });
                self.carry_out(actions);
            }
            10 => self.started(script),
            11 => self.ended(script),
            12 => {
                let keys: Vec<_> = self.seen.iter().copied().filter(|_| script.byte() % 2 == 1).collect();
                let actions = self.connection.invalidated(&keys);
                let known = keys.iter().filter(|key| self.subscriptions.remove(key).is_some()).count();
                let expected = if known > 0 && !self.closed { known + 1 } else { 0 };
                assert_eq!(actions.len(), expected, "an error for each, then the end");
                self.carry_out(actions);
            }
            13 => {
                self.now += Duration::from_secs(script.byte() as u64);
                self.tick();
            }
            14 => {
                // As a host does that sleeps until it is due.
                if let Some(deadline) = self.connection.next_deadline() {
                    self.now = self.now.max(deadline);
                    self.tick();
                }
            }
            _ if script.byte() == 255 => {
                let actions = self.connection.going_away();
                self.carry_out(actions);
            }
            _ => self.tick(),
        }
    }

    fn message(&mut self, message: &[u8]) {
        let actions = self.connection.on_message(message, self.now);
        if self.open && !self.closed {
            // Nothing that a client says goes unanswered.
            let parsed = if message.len() > 2000 { None } else { Some(ClientMessage::parse(message)) };
            let frames: Vec<_> = actions.iter().map(kind).collect();
            match parsed {
                Some(ClientMessage::ConnectionInit) => assert_eq!(frames, ["connection_ack", "ka"]),
                Some(ClientMessage::Start(start)) => {
                    let is_taken = self.subscriptions.values().any(|(id, _)| **id == *start.id);
                    let is_full = self.subscriptions.len() >= MAX_SUBSCRIPTIONS;
                    assert_eq!(frames, if is_taken || is_full { ["error"] } else { ["Start"] });
                }
                Some(ClientMessage::Stop { id }) => {
                    let is_there = self.subscriptions.values().any(|(known, _)| **known == *id);
                    assert_eq!(frames, if is_there { &["Stop", "complete"][..] } else { &["error"] });
                }
                Some(ClientMessage::Invalid { .. }) | None => assert_eq!(frames, ["error"]),
            }
        }
        self.carry_out(actions);
    }

    fn started(&mut self, script: &mut Script<'_>) {
        let Some(key) = self.pick(script) else { return };
        let expires = match script.byte() % 4 {
            0 => Some(self.now + Duration::from_secs(script.byte() as u64)),
            _ => None,
        };
        let ack = self.connection.started(key, expires);
        match self.subscriptions.get_mut(&key) {
            Some((id, is_live)) if !self.closed => {
                *is_live = true;
                assert_eq!(ack, Some(frame::start_ack(id)));
            }
            _ => assert_eq!(ack, None, "it is gone"),
        }
    }

    fn ended(&mut self, script: &mut Script<'_>) {
        let Some(key) = self.pick(script) else { return };
        let errors = [Error::new("T", "m")];
        let (actions, frames) = match script.byte() % 4 {
            0 => (self.connection.ended(key, &End::Failed(&errors)), &["error"][..]),
            1 => (self.connection.ended(key, &End::Withdrawn(&errors)), &["error", "complete"][..]),
            2 => (self.connection.ended(key, &End::PayloadTooLarge(script.byte())), &["error"][..]),
            _ => (self.connection.start_refused(key, &errors), &["error"][..]),
        };
        let was_there = self.subscriptions.remove(&key).is_some();
        let expected = if was_there && !self.closed { frames } else { &[] };
        assert_eq!(actions.iter().map(kind).collect::<Vec<_>>(), expected);
        self.carry_out(actions);
    }

    /// Any key that ever was: hosts are late.
    fn pick(&self, script: &mut Script<'_>) -> Option<SubscriptionKey> {
        self.seen.iter().rev().nth(script.byte() % self.seen.len().clamp(1, 8)).copied()
    }

    fn tick(&mut self) {
        let was_due = self.connection.next_deadline().is_some_and(|deadline| deadline <= self.now);
        let actions = self.connection.on_tick(self.now);
        assert_eq!(actions.is_empty(), !was_due, "what is due is done, and nothing else");
        self.carry_out(actions);
        if let Some(deadline) = self.connection.next_deadline() {
            assert!(deadline > self.now, "a host that sleeps until the next deadline does not spin");
        }
    }

    fn carry_out(&mut self, actions: Vec<Action>) {
        for action in actions {
            assert!(!self.closed, "nothing follows a close: {action:?}");
            match action {
                Action::Authenticate(_) => {
                    assert!(!self.judged, "once");
                    self.judged = true;
                }
                Action::Start(key, start) => {
                    assert!(self.open, "nothing starts before the connection is let in");
                    assert!(self.seen.insert(key), "a key is used once");
                    assert!(self.subscriptions.values().all(|(id, _)| **id != *start.id), "an id has one subscription");
                    self.subscriptions.insert(key, (start.id.to_string(), false));
                    assert!(self.subscriptions.len() <= MAX_SUBSCRIPTIONS);
                }
                Action::Stop(key) => assert!(self.subscriptions.remove(&key).is_some(), "there was one"),
                Action::Send(frame) => self.sent(&frame),
                Action::Close { reason, .. } => {
                    assert!(reason.len() <= 123, "what a close frame holds");
                    self.closed = true;
                }
            }
        }
    }

    fn sent(&mut self, frame: &[u8]) {
        let message = Value::parse(frame).expect("a frame is JSON");
        let kind = message.at(&["type"]).as_str().expect("with a type");
        assert!(self.open || kind == "connection_error", "{kind} before the connection is let in");
        match kind {
            "ka" => self.last_keep_alive = Some(self.now),
            "connection_ack" => {}
            "connection_error" => {
                assert!(!self.open && message.at(&["payload", "errors"]).as_list().is_some_and(|errors| errors.len() == 1));
            }
            "error" => assert!(message.at(&["payload", "errors"]).as_list().is_some_and(|errors| errors.len() == 1)),
            "complete" => {
                let id = message.at(&["id"]).as_str().expect("of a subscription");
                assert!(self.subscriptions.values().all(|(known, _)| known != id), "complete comes when it is gone");
            }
            other => panic!("{other} is not sent by itself"),
        }
    }

    fn check(&self) {
        assert_eq!(self.connection.is_closed(), self.closed);
        assert_eq!(self.connection.is_open(), self.open && !self.closed);
        assert_eq!(self.connection.subscriptions(), self.subscriptions.len());
        for (key, (id, _)) in &self.subscriptions {
            assert_eq!(self.connection.id(*key).map(|id| &**id), Some(id.as_str()));
        }
        let Some(deadline) = self.connection.next_deadline() else {
            assert!(self.closed);
            return;
        };
        assert!(deadline <= self.opened + Duration::from_secs(24 * 60 * 60));
        if self.open {
            let since = self.last_keep_alive.expect("the first comes with the opening");
            assert!(deadline <= since + Duration::from_secs(60), "a keep-alive at least every minute");
        } else if !self.judged {
            assert!(deadline <= self.opened + Duration::from_secs(5));
        }
    }
}

/// What an action is: its own name, or the type of its frame.
fn kind(action: &Action) -> String {
    match action {
        Action::Authenticate(_) => "Authenticate".to_owned(),
        Action::Start(..) => "Start".to_owned(),
        Action::Stop(_) => "Stop".to_owned(),
        Action::Close { .. } => "Close".to_owned(),
        Action::Send(frame) => {
            let message = Value::parse(frame).expect("a frame is JSON");
            message.at(&["type"]).as_str().expect("with a type").to_owned()
        }
    }
}
