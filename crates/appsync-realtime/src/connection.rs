//! One connection, from the upgrade to its end.
//!
//! ```text
//! Waiting ──connection_init, another message, or init_wait over──> Judging ──connected()──> Open
//!    └─ credentials that cannot be read ──> Closed <── refused() ──┘                          │
//!                                              ^────── age, invalidation, going away ─────────┘
//! ```
//!
//! `connection_init` is optional. A client that sends it waits for the ack, and what it sends before that is ignored, as AWS does.
//! A client that begins with `start` is judged at once; what it sends meanwhile is held, within [`Limits::message_bytes`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use value::Str;

use crate::error::{Error, Refusal};
use crate::frame;
use crate::handshake::{Credentials, Handshake};
use crate::limits::Limits;
use crate::message::{ClientMessage, Start};

/// Close codes of WebSocket (RFC 6455 §7.4.1). No client of AppSync looks at them; people in a debugger do.
mod close_code {
    pub(super) const NORMAL: u16 = 1000;
    pub(super) const GOING_AWAY: u16 = 1001;
    pub(super) const POLICY_VIOLATION: u16 = 1008;
}

/// Messages that are held while the connection is judged, besides their bytes: empty ones cost memory too.
const MAX_HELD: usize = 1000;

/// One subscription of one connection. A client may use an id again; a key never comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionKey(u64);

/// What the host does next.
#[derive(Debug)]
pub enum Action {
    /// Judge the connection; answer with [`Connection::connected`] or [`Connection::refused`].
    Authenticate(Box<Credentials>),
    /// Judge and start a subscription; answer with [`Connection::started`] or [`Connection::start_refused`].
    Start(SubscriptionKey, Box<Start>),
    /// Take a subscription out, whether it is live or still being started. No answer.
    Stop(SubscriptionKey),
    /// Send a text message.
    Send(Bytes),
    /// Close the WebSocket. Nothing follows; what is left is to be taken out ([`Connection::closed`] names it for hosts that keep no list).
    Close {
        /// The status code.
        code: u16,
        /// The reason, for people.
        reason: &'static str,
    },
}

/// Why the host ends a subscription.
#[derive(Debug)]
pub enum End<'a> {
    /// Something went wrong with it: `error`.
    Failed(&'a [Error]),
    /// There is no such field any more: `error`, then `complete`.
    Withdrawn(&'a [Error]),
    /// A payload of so many bytes, over [`Limits::payload_bytes`]: `error`. Clients give a subscription up that got one, without
    /// a `stop`; so it ends here too, or it would count for ever.
    PayloadTooLarge(usize),
}

/// The state of one connection; some 200 bytes with one subscription.
#[derive(Debug)]
pub struct Connection {
    limits: Arc<Limits>,
    phase: Phase,
    closes_at: Instant,
    next_key: u64,
    /// Few, and looked up only when a client or the end of one asks: never for an event.
    subscriptions: Vec<Subscription>,
}

#[derive(Debug)]
enum Phase {
    /// The client has said nothing yet.
    Waiting { credentials: Result<Box<Credentials>, Box<Refusal>>, until: Instant },
    /// The host judges the credentials.
    Judging(Box<Judging>),
    /// Let in.
    Open { next_keep_alive: Instant },
    /// Over.
    Closed,
}

#[derive(Debug, Default)]
struct Judging {
    /// `connection_init` was sent.
    wants_ack: bool,
    /// What came before it, as it came: a parsed message can be many times as large.
    held: Vec<Box<[u8]>>,
    held_bytes: usize,
}

#[derive(Debug)]
struct Subscription {
    id: Str,
    key: SubscriptionKey,
    /// Of its `data`.
    bytes: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    Starting,
    Live { expires: Option<Instant> },
}

impl Connection {
    /// A connection whose upgrade was answered at the time `now`.
    #[must_use]
    pub fn new(handshake: Handshake, limits: Arc<Limits>, now: Instant) -> Self {
        let credentials = handshake.credentials.map(Box::new).map_err(Box::new);
        let phase = Phase::Waiting { credentials, until: after(now, limits.init_wait) };
        let closes_at = after(now, limits.connection_age);
        Self { limits, phase, closes_at, next_key: 0, subscriptions: Vec::new() }
    }

    /// A message has arrived, text or binary.
    #[must_use]
    pub fn on_message(&mut self, message: &[u8], now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        if matches!(self.phase, Phase::Closed) {
            return actions;
        }
        let parsed = if message.len() > self.limits.message_bytes {
            ClientMessage::Invalid { id: None, error: Error::message_too_large(message.len(), self.limits.message_bytes) }
        } else {
            ClientMessage::parse(message)
        };
        if matches!(self.phase, Phase::Waiting { .. }) {
            self.judge(&mut actions);
        }
        match &mut self.phase {
            Phase::Judging(judging) => match parsed {
                ClientMessage::ConnectionInit => judging.wants_ack = true,
                // It has to wait for the ack (AWS developer guide, real-time WebSocket client).
                _ if judging.wants_ack => {}
                _ => {
                    judging.held_bytes += message.len();
                    if judging.held_bytes > self.limits.message_bytes || judging.held.len() >= MAX_HELD {
                        self.close(
                            close_code::POLICY_VIOLATION,
                            "too many messages before the connection was let in",
                            &mut actions,
                        );
                    } else {
                        judging.held.push(message.into());
                    }
                }
            },
            Phase::Open { .. } => self.handle(parsed, now, &mut actions),
            // Refused just now.
            Phase::Waiting { .. } | Phase::Closed => {}
        }
        actions
    }

    /// The connection is let in.
    #[must_use]
    pub fn connected(&mut self, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        let Phase::Judging(judging) = &mut self.phase else { return actions };
        let judging = std::mem::take(&mut **judging);
        self.phase = Phase::Open { next_keep_alive: after(now, self.limits.keep_alive) };
        if judging.wants_ack {
            actions.push(Action::Send(frame::CONNECTION_ACK));
        }
        // Right away: the subscription link of Apollo watches over the connection only from the first one on.
        actions.push(Action::Send(frame::KEEP_ALIVE));
        for message in judging.held {
            self.handle(ClientMessage::parse(&message), now, &mut actions);
        }
        actions
    }

    /// The connection is not let in.
    #[must_use]
    pub fn refused(&mut self, refusal: &Refusal) -> Vec<Action> {
        let mut actions = Vec::new();
        if matches!(self.phase, Phase::Judging(_)) {
            self.refuse(refusal, &mut actions);
        }
        actions
    }

    /// A subscription goes live, until `expires` where its token has a time. The frame is the `start_ack`, to be sent once events
    /// reach the subscription; without one the subscription is gone (stopped meanwhile, or the connection is over), and whatever
    /// was registered is to be taken out.
    #[must_use]
    pub fn started(&mut self, key: SubscriptionKey, expires: Option<Instant>) -> Option<Bytes> {
        if self.is_closed() {
            return None;
        }
        let subscription = self.subscriptions.iter_mut().find(|subscription| subscription.key == key)?;
        subscription.state = State::Live { expires };
        Some(frame::start_ack(&subscription.id))
    }

    /// A subscription was not started, for these reasons.
    #[must_use]
    pub fn start_refused(&mut self, key: SubscriptionKey, errors: &[Error]) -> Vec<Action> {
        self.ended(key, &End::Failed(errors))
    }

    /// The host has taken a subscription out. Does nothing for one that is gone.
    #[must_use]
    pub fn ended(&mut self, key: SubscriptionKey, end: &End<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        let Some(id) = self.remove(key) else { return actions };
        if self.is_closed() {
            return actions;
        }
        let mut fail = |errors: &[Error]| actions.push(Action::Send(frame::error(Some(&id), errors)));
        match end {
            End::Failed(errors) => fail(errors),
            End::PayloadTooLarge(bytes) => fail(&[Error::payload_too_large(*bytes, self.limits.payload_bytes)]),
            End::Withdrawn(errors) => {
                fail(errors);
                actions.push(Action::Send(frame::complete(&id)));
            }
        }
        actions
    }

    /// The host has taken these subscriptions out because their invalidation filters matched: each is told with AppSync's sentence,
    /// then the WebSocket is closed with all that is left (AWS developer guide, enhanced filtering). Does nothing when all are gone.
    #[must_use]
    pub fn invalidated(&mut self, keys: &[SubscriptionKey]) -> Vec<Action> {
        let mut actions = Vec::new();
        for id in keys.iter().filter_map(|key| self.remove(*key)) {
            actions.push(Action::Send(frame::error(Some(&id), &[Error::message("Subscription complete.")])));
        }
        if self.is_closed() {
            actions.clear();
        } else if !actions.is_empty() {
            self.close(close_code::NORMAL, "subscription complete", &mut actions);
        }
        actions
    }

    /// The server stops: the client connects again, to another one.
    #[must_use]
    pub fn going_away(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        if !matches!(self.phase, Phase::Closed) {
            self.close(close_code::GOING_AWAY, "the server is going away", &mut actions);
        }
        actions
    }

    /// The socket is gone, or is about to be: the subscriptions that are left to take out.
    #[must_use]
    pub fn closed(&mut self) -> Vec<SubscriptionKey> {
        self.phase = Phase::Closed;
        std::mem::take(&mut self.subscriptions).into_iter().map(|subscription| subscription.key).collect()
    }

    /// When [`Connection::on_tick`] is due; `None` when the connection is over.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let next = match &self.phase {
            Phase::Waiting { until, .. } => *until,
            Phase::Judging(_) => self.closes_at,
            Phase::Open { next_keep_alive } => {
                self.subscriptions.iter().filter_map(Subscription::expires).fold(*next_keep_alive, Instant::min)
            }
            Phase::Closed => return None,
        };
        Some(next.min(self.closes_at))
    }

    /// Does what is due at the time `now`. May be called at any time.
    #[must_use]
    pub fn on_tick(&mut self, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        if !matches!(self.phase, Phase::Closed) && now >= self.closes_at {
            self.close(close_code::GOING_AWAY, "the connection has reached its age", &mut actions);
            return actions;
        }
        match &mut self.phase {
            Phase::Waiting { until, .. } if now >= *until => self.judge(&mut actions),
            Phase::Open { next_keep_alive } => {
                if now >= *next_keep_alive {
                    *next_keep_alive = after(*next_keep_alive, self.limits.keep_alive);
                    if *next_keep_alive <= now {
                        // Late by more than one: what was missed is not made up for.
                        *next_keep_alive = after(now, self.limits.keep_alive);
                    }
                    actions.push(Action::Send(frame::KEEP_ALIVE));
                }
                self.subscriptions.retain(|subscription| {
                    let has_expired = subscription.expires().is_some_and(|expires| now >= expires);
                    if has_expired {
                        actions.push(Action::Stop(subscription.key));
                        actions.push(Action::Send(frame::error(Some(&subscription.id), &[Error::token_expired()])));
                    }
                    !has_expired
                });
            }
            Phase::Waiting { .. } | Phase::Judging(_) | Phase::Closed => {}
        }
        actions
    }

    /// The client's name of a subscription, as long as there is one.
    #[must_use]
    pub fn id(&self, key: SubscriptionKey) -> Option<&Str> {
        self.subscriptions.iter().find(|subscription| subscription.key == key).map(|subscription| &subscription.id)
    }

    /// How many subscriptions there are, those that are starting included.
    #[must_use]
    pub fn subscriptions(&self) -> usize {
        self.subscriptions.len()
    }

    /// Whether the connection is let in.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
    }

    /// Whether the connection is over: what arrives is ignored.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    /// Out of waiting: has the host judge the credentials, or refuses those that cannot be read.
    fn judge(&mut self, actions: &mut Vec<Action>) {
        match std::mem::replace(&mut self.phase, Phase::Judging(Box::default())) {
            Phase::Waiting { credentials: Ok(credentials), .. } => actions.push(Action::Authenticate(credentials)),
            Phase::Waiting { credentials: Err(refusal), .. } => self.refuse(&refusal, actions),
            other => self.phase = other,
        }
    }

    fn refuse(&mut self, refusal: &Refusal, actions: &mut Vec<Action>) {
        actions.push(Action::Send(frame::connection_error(refusal)));
        self.close(close_code::POLICY_VIOLATION, "the connection was refused", actions);
    }

    fn close(&mut self, code: u16, reason: &'static str, actions: &mut Vec<Action>) {
        self.phase = Phase::Closed;
        actions.push(Action::Close { code, reason });
    }

    /// A message of a client that is let in.
    fn handle(&mut self, message: ClientMessage, now: Instant, actions: &mut Vec<Action>) {
        match message {
            // A late one, or one more: whoever asks is waiting for the ack.
            ClientMessage::ConnectionInit => {
                self.phase = Phase::Open { next_keep_alive: after(now, self.limits.keep_alive) };
                actions.extend([Action::Send(frame::CONNECTION_ACK), Action::Send(frame::KEEP_ALIVE)]);
            }
            ClientMessage::Start(start) => match self.add(&start.id, start.data.len()) {
                Ok(key) => actions.push(Action::Start(key, start)),
                Err(error) => actions.push(Action::Send(frame::error(Some(&start.id), &[error]))),
            },
            ClientMessage::Stop { id } => match self.subscriptions.iter().position(|subscription| subscription.id == id) {
                Some(at) => {
                    let subscription = self.take(at);
                    actions.extend([Action::Stop(subscription.key), Action::Send(frame::complete(&id))]);
                }
                None => actions.push(Action::Send(frame::error(Some(&id), &[Error::unknown_operation(&id)]))),
            },
            ClientMessage::Invalid { id, error } => actions.push(Action::Send(frame::error(id.as_deref(), &[error]))),
        }
    }

    fn remove(&mut self, key: SubscriptionKey) -> Option<Str> {
        let at = self.subscriptions.iter().position(|subscription| subscription.key == key)?;
        Some(self.take(at).id)
    }

    fn take(&mut self, at: usize) -> Subscription {
        let subscription = self.subscriptions.swap_remove(at);
        // A connection that once had two hundred is not to keep the room for them.
        if self.subscriptions.capacity() > 4 * self.subscriptions.len().max(1) {
            self.subscriptions.shrink_to(2 * self.subscriptions.len());
        }
        subscription
    }

    fn add(&mut self, id: &Str, bytes: usize) -> Result<SubscriptionKey, Error> {
        if self.subscriptions.iter().any(|subscription| subscription.id == *id) {
            return Err(Error::duplicated_operation(id));
        }
        if self.subscriptions.len() >= self.limits.subscriptions {
            return Err(Error::max_subscriptions_reached(self.limits.subscriptions));
        }
        let held: usize = self.subscriptions.iter().map(|subscription| subscription.bytes).sum();
        if bytes > self.limits.subscription_bytes.saturating_sub(held) {
            return Err(Error::subscriptions_too_large(self.limits.subscription_bytes));
        }
        if self.subscriptions.is_empty() {
            // Most connections have one subscription, and a vector would start with room for four.
            self.subscriptions.reserve_exact(1);
        }
        let key = SubscriptionKey(self.next_key);
        self.next_key += 1;
        self.subscriptions.push(Subscription { id: id.clone(), key, bytes, state: State::Starting });
        Ok(key)
    }
}

/// So much later; a duration that no clock can count ends where one stops being of interest.
fn after(now: Instant, duration: Duration) -> Instant {
    const THIRTY_YEARS: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    now + duration.min(THIRTY_YEARS)
}

impl Subscription {
    fn expires(&self) -> Option<Instant> {
        match self.state {
            State::Starting => None,
            State::Live { expires } => expires,
        }
    }
}

#[cfg(test)]
mod tests;
