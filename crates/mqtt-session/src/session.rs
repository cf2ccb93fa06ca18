//! The state of one connection: what came, what that means, and what may go out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mqtt_proto::v3::{Connect, Subscribe, Unsubscribe};
use mqtt_proto::{Protocol, QoS};

use crate::frame::{Frame, MAX_REMAINING};
use crate::grant::{Grant, Limits};
use crate::in_flight::InFlight;
use crate::inbox::{Inbox, Request};
use crate::reason::{ConnectRefusal, Reason};

/// A version of MQTT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// MQTT 3.1, level 3, `MQIsdp`.
    V3_1,
    /// MQTT 3.1.1, level 4, `MQTT`.
    V3_1_1,
}

/// What the owner of a session has to do, in the order in which it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The client's CONNECT was accepted; its CONNACK follows. Nothing needs to be done.
    Connected {
        /// What it speaks.
        version: Version,
        /// For how long it may be silent.
        silence: Duration,
    },
    /// Make these topics live, then say so with [`Session::subscribed`], which has the SUBACK. Until then
    /// [`Session::receive`] leaves what follows in the input. All are within the grant, and none of them is subscribed already.
    Subscribe(Vec<Arc<str>>),
    /// These topics were subscribed and are no more; the UNSUBACK follows.
    Unsubscribed(Vec<Arc<str>>),
    /// Send this.
    Send(Frame),
    /// Send what is waiting, then end the connection, and forget all that was subscribed. Nothing follows.
    Close(Reason),
}

/// Why a message is not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliverFault {
    /// The client does not subscribe to the topic, or not any more, or it is gone.
    #[error("the client does not subscribe to the topic")]
    NotSubscribed,
    /// The payload is longer than [`Limits::payload`]. The session goes on.
    #[error("a message of {bytes} bytes; at most {limit} are delivered")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// This delivery was one too many: the session has ended, and its connection has to.
    #[error("{0}")]
    Ended(Reason),
}

/// One connection of a client, from its first byte on.
///
/// ```
/// # use std::time::Instant;
/// # use bytes::Bytes;
/// # use mqtt_session::{Action, Grant, Limits, Session};
/// # let mut out = Vec::new();
/// let grant = Grant::new("client", ["account/api/onMessage/"]).expect("well-formed");
/// let mut session = Session::new(grant, Limits::default(), Instant::now());
/// // CONNECT (3.1), SUBSCRIBE with QoS 1.
/// let mut input: &[u8] = b"\x10\x14\0\x06MQIsdp\x03\x02\0\x3c\0\x06client\x82\x1b\0\x01\0\x16account/api/onMessage/\x01";
/// while let Some(action) = session.receive(&mut input, Instant::now()) {
///     match action {
///         Action::Send(frame) => out.extend(frame.to_vec()),
///         // Register them, then answer.
///         Action::Subscribe(topics) => out.extend(session.subscribed(|topic| topics.contains(topic)).expect("asked").to_vec()),
///         Action::Connected { .. } | Action::Unsubscribed(_) => {}
///         Action::Close(reason) => panic!("{reason}"),
///     }
/// }
/// assert_eq!(out, b"\x20\x02\0\0\x90\x03\0\x01\x01");
/// let frame = session.deliver("account/api/onMessage/", &Bytes::from_static(b"{}")).expect("subscribed");
/// assert_eq!(frame.to_vec(), b"\x32\x1c\0\x16account/api/onMessage/\0\x01{}");
/// ```
#[derive(Debug)]
pub struct Session {
    state: State,
    limits: Limits,
    client_id: Arc<str>,
    expires_at: Option<Instant>,
    /// The granted topics, sorted.
    topics: Vec<Topic>,
    inbox: Inbox,
    /// What belongs to the packet that was read last and comes after what was told of it.
    next: Option<Action>,
    /// The SUBSCRIBE that waits for [`Session::subscribed`].
    asked: Option<Asked>,
    in_flight: InFlight,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Waits for CONNECT.
    New {
        until: Instant,
    },
    Connected {
        version: Protocol,
        silence: Duration,
        until: Instant,
    },
    Ended,
}

#[derive(Debug)]
struct Topic {
    name: Arc<str>,
    /// As it was granted in a SUBACK.
    subscribed: Option<QoS>,
}

#[derive(Debug)]
struct Asked {
    packet_id: u16,
    /// For each topic of the packet its place in the grant, if it has one, and the QoS that is granted.
    topics: Vec<(Option<usize>, QoS)>,
}

/// SUBACK's code for a topic that is refused (3.1.1, section 3.9.3).
const REFUSED: u8 = 0x80;

impl Session {
    /// A connection that was opened now.
    pub fn new(grant: Grant, limits: Limits, now: Instant) -> Self {
        let topics = grant.topics.into_iter().map(|name| Topic { name, subscribed: None }).collect();
        Self {
            state: State::New { until: now + limits.connect_timeout },
            limits,
            client_id: grant.client_id,
            expires_at: grant.expires_at,
            topics,
            inbox: Inbox::default(),
            next: None,
            asked: None,
            in_flight: InFlight::default(),
        }
    }

    /// Reads `input` up to the next thing to do, and takes what was read off it. `None`: there is nothing to do until more
    /// comes, or until [`Session::subscribed`] was called, or ever if the session has ended.
    ///
    /// One action at a time, so that a long input of short packets needs no room.
    pub fn receive(&mut self, input: &mut &[u8], now: Instant) -> Option<Action> {
        if let Some(action) = self.next.take() {
            return Some(action);
        }
        while self.asked.is_none() {
            let version = match self.state {
                State::New { .. } => None,
                State::Connected { version, .. } => Some(version),
                State::Ended => {
                    *input = &[];
                    return None;
                }
            };
            let action = match self.inbox.next(input, version, self.limits.request) {
                Ok(None) => return None,
                Ok(Some(request)) => self.handle(request, now),
                Err(reason) => Some(self.refuse(reason)),
            };
            if action.is_some() {
                return action;
            }
        }
        None
    }

    /// Answers [`Action::Subscribe`]: whether each of its topics is live. Returns the SUBACK to send: what is delivered from now
    /// on follows it. `None` if nothing was asked, or the session has ended since.
    pub fn subscribed(&mut self, mut is_live: impl FnMut(&Arc<str>) -> bool) -> Option<Frame> {
        let asked = self.asked.take()?;
        let mut codes = Vec::with_capacity(asked.topics.len());
        for (place, qos) in asked.topics {
            let topic = place.and_then(|place| self.topics.get_mut(place));
            // What was subscribed before is live; asked for once more, only its QoS changes (3.1.1, section 3.8.4).
            let code = match topic {
                Some(topic) if topic.subscribed.is_some() || is_live(&topic.name) => {
                    topic.subscribed = Some(qos);
                    qos as u8
                }
                _ => REFUSED,
            };
            codes.push(code);
        }
        Some(Frame::suback(asked.packet_id, codes.into_iter()))
    }

    /// A message for the client, whose payload is shared. The frame is to be sent in the order of these calls.
    pub fn deliver(&mut self, topic: &str, payload: &Bytes) -> Result<Frame, DeliverFault> {
        let place = self.place(topic).ok_or(DeliverFault::NotSubscribed)?;
        let topic = &self.topics[place];
        let qos = topic.subscribed.ok_or(DeliverFault::NotSubscribed)?;
        // With topic and packet id it has to be shorter than what MQTT can say.
        let limit = self.limits.payload.min(MAX_REMAINING - 4 - topic.name.len());
        let too_large = DeliverFault::TooLarge { bytes: payload.len(), limit };
        if payload.len() > limit {
            return Err(too_large);
        }
        let packet_id = match qos {
            QoS::Level0 => None,
            QoS::Level1 | QoS::Level2 => match self.in_flight.take(self.limits.in_flight) {
                Some(packet_id) => Some(packet_id),
                None => {
                    let reason = Reason::Unacknowledged { limit: self.limits.in_flight };
                    self.close();
                    return Err(DeliverFault::Ended(reason));
                }
            },
        };
        Frame::publish(&topic.name, packet_id, payload).ok_or(too_large)
    }

    /// When [`Session::expire`] has something to say, if nothing is received before.
    pub fn next_deadline(&self) -> Option<Instant> {
        let own = match self.state {
            State::New { until } | State::Connected { until, .. } => until,
            State::Ended => return None,
        };
        Some(self.expires_at.map_or(own, |expiry| expiry.min(own)))
    }

    /// Ends the session if it is time to: no CONNECT, silence for one and a half of the keep-alive, or the end of the grant.
    pub fn expire(&mut self, now: Instant) -> Option<Reason> {
        if self.next_deadline()? > now {
            return None;
        }
        let reason = match self.state {
            _ if self.expires_at.is_some_and(|expiry| expiry <= now) => Reason::Expired,
            State::New { .. } => Reason::ConnectTimeout { limit: self.limits.connect_timeout },
            State::Connected { silence, .. } => Reason::KeepAliveTimeout { limit: silence },
            State::Ended => return None,
        };
        self.close();
        Some(reason)
    }

    /// Ends the session because its connection is gone, or for a cause of the owner's. Nothing is received or delivered any more.
    pub fn close(&mut self) {
        self.state = State::Ended;
        self.topics = Vec::new();
        self.in_flight = InFlight::default();
        self.inbox.clear();
        self.next = None;
        self.asked = None;
    }

    /// Whether the session has ended.
    pub fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// The topics that are subscribed.
    pub fn subscriptions(&self) -> impl Iterator<Item = &Arc<str>> {
        self.topics.iter().filter(|topic| topic.subscribed.is_some()).map(|topic| &topic.name)
    }

    /// How many deliveries wait for their PUBACK.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// The bytes that are held of a packet that has not come as a whole.
    pub fn held_bytes(&self) -> usize {
        self.inbox.held()
    }

    fn place(&self, topic: &str) -> Option<usize> {
        self.topics.binary_search_by(|known| (*known.name).cmp(topic)).ok()
    }

    fn handle(&mut self, request: Request, now: Instant) -> Option<Action> {
        if let State::Connected { silence, until, .. } = &mut self.state {
            *until = now + *silence;
        }
        match request {
            Request::Connect(connect) => Some(self.connect(&connect, now)),
            Request::Subscribe(subscribe) => Some(self.subscribe(&subscribe)),
            Request::Unsubscribe(unsubscribe) => Some(self.unsubscribe(&unsubscribe)),
            Request::Puback(packet_id) => {
                self.in_flight.acknowledge(packet_id);
                None
            }
            Request::Pingreq => Some(Action::Send(Frame::pingresp())),
            Request::Disconnect => Some(self.refuse(Reason::Disconnected)),
        }
    }

    fn connect(&mut self, connect: &Connect, now: Instant) -> Action {
        if *connect.client_id != *self.client_id {
            return self.refuse(Reason::Refused(ConnectRefusal::ClientId));
        }
        if connect.last_will.is_some() {
            return self.refuse(Reason::Refused(ConnectRefusal::Will));
        }
        let silence = self.limits.silence(connect.keep_alive);
        self.state = State::Connected { version: connect.protocol, silence, until: now + silence };
        self.next = Some(Action::Send(Frame::connack(0)));
        let version = if connect.protocol == Protocol::V310 { Version::V3_1 } else { Version::V3_1_1 };
        Action::Connected { version, silence }
    }

    fn subscribe(&mut self, subscribe: &Subscribe) -> Action {
        let mut new = Vec::<Arc<str>>::new();
        let mut topics = Vec::with_capacity(subscribe.topics.len());
        let mut is_asked = vec![false; self.topics.len()];
        for (filter, qos) in &subscribe.topics {
            // A filter with wildcards is no topic, so the grant does not have it.
            let place = self.place(filter);
            if let Some(place) = place
                && self.topics[place].subscribed.is_none()
                && !std::mem::replace(&mut is_asked[place], true)
            {
                new.push(Arc::clone(&self.topics[place].name));
            }
            topics.push((place, (*qos).min(QoS::Level1)));
        }
        self.asked = Some(Asked { packet_id: subscribe.pid.value(), topics });
        if new.is_empty()
            && let Some(frame) = self.subscribed(|_| false)
        {
            return Action::Send(frame);
        }
        Action::Subscribe(new)
    }

    fn unsubscribe(&mut self, unsubscribe: &Unsubscribe) -> Action {
        let mut gone = Vec::new();
        for filter in &unsubscribe.topics {
            if let Some(place) = self.place(filter)
                && self.topics[place].subscribed.take().is_some()
            {
                gone.push(Arc::clone(&self.topics[place].name));
            }
        }
        let answer = Action::Send(Frame::unsuback(unsubscribe.pid.value()));
        if gone.is_empty() {
            return answer;
        }
        self.next = Some(answer);
        Action::Unsubscribed(gone)
    }

    /// Ends the session, with a CONNACK before if CONNECT has one for that.
    fn refuse(&mut self, reason: Reason) -> Action {
        self.close();
        match reason {
            Reason::Refused(refusal) => {
                self.next = Some(Action::Close(reason));
                Action::Send(Frame::connack(refusal.return_code()))
            }
            _ => Action::Close(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_session_is_small() {
        let size = std::mem::size_of::<Session>() + std::mem::size_of::<Topic>();
        assert!(size <= 400, "{size} bytes beside its topics' names");
    }
}
