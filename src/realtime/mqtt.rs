//! A connection that speaks MQTT over WebSocket, for the SDKs of before 2020 (developer guide, "Real-time data", MQTT). The protocol
//! itself is the crate `mqtt-session`; what a connection may do stands in its [`Ticket`].

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use mqtt_session::{Action, DeliverFault, Frame, Grant, Limits, Reason, Session};
use tokio::io::{AsyncRead, AsyncWrite};
use value::Str;
use websocket_server::{CloseCode, Message, Receiver, SendError, Sender};

use super::counters::Dropped;
use super::hub::Hub;
use super::mailbox::Mailbox;
use super::subscriber::{End, Sink, Subscriber};
use super::ticket::Ticket;

/// After how many packets of one message the task lets others have their turn: a message has room for half a million.
const TURN: usize = 64;

/// What a connection is served with.
pub struct MqttSession {
    /// Where its subscription is registered.
    pub hub: Arc<Hub>,
    /// What it may do.
    pub ticket: Ticket,
    /// What its socket may cost.
    pub socket: websocket_server::Limits,
}

/// Serves a connection until it ends. `stopping` is done when the server stops.
pub async fn serve<S>(stream: S, read_ahead: Bytes, session: MqttSession, stopping: impl Future<Output = ()>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let MqttSession { hub, ticket, socket } = session;
    let now = Instant::now();
    let left = ticket.expires.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO);
    let grant = match Grant::new(&ticket.client_id, [Str::clone(&ticket.topic)]) {
        Ok(grant) => grant.until(now + left),
        // We have made the ticket, and its names are short.
        Err(fault) => {
            tracing::error!(%fault, "an MQTT ticket names what cannot be granted");
            return;
        }
    };
    let (sender, receiver) = websocket_server::accept(stream, read_ahead, socket);
    let line = Arc::new(Line {
        session: Mutex::new(Session::new(grant, Limits::default(), now)),
        sender,
        topic: Str::clone(&ticket.topic),
        mailbox: Mailbox::default(),
    });
    hub.counters().connected();
    let mut live = Live { hub, ticket, line, subscriber: None };
    live.run(receiver, stopping).await;
}

/// A connection as those who write to it see it. Its session is locked last of all.
#[derive(Debug)]
struct Line {
    session: Mutex<Session>,
    sender: Sender,
    topic: Str,
    mailbox: Mailbox<()>,
}

impl Line {
    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, frame: &Frame) -> Result<(), SendError> {
        self.sender.send_binary(&frame.head, &frame.payload)
    }

    fn close(&self, code: u16, reason: &str) {
        self.sender.close(CloseCode::try_from(code).unwrap_or(CloseCode::NORMAL), reason);
    }
}

struct Live {
    hub: Arc<Hub>,
    ticket: Ticket,
    line: Arc<Line>,
    subscriber: Option<Subscriber>,
}

/// However a connection ends, cut off or in a panic too, nothing of it stays behind.
impl Drop for Live {
    fn drop(&mut self) {
        self.take_out();
        self.hub.counters().disconnected();
    }
}

impl Live {
    async fn run(&mut self, mut receiver: Receiver, stopping: impl Future<Output = ()>) {
        let mut stopping = pin!(stopping);
        let line = Arc::clone(&self.line);
        loop {
            // Timers go by a clock that stands still while the machine sleeps and does not notice when the other one is set.
            if self.ticket.expires <= SystemTime::now() && !line.session().is_ended() {
                let reason = Reason::Expired;
                line.session().close();
                line.close(reason.close_code(), &reason.to_string());
            }
            let Some(deadline) = line.session().next_deadline() else {
                self.take_out();
                receiver.finish().await;
                return;
            };
            tokio::select! {
                message = receiver.next() => match message {
                    Ok(Message::Binary(message)) => self.receive(&message).await,
                    Ok(Message::Text(_)) => self.end(CloseCode::UNSUPPORTED_DATA, "MQTT is binary"),
                    Err(closed) => {
                        tracing::debug!(%closed, "MQTT connection ended");
                        return;
                    }
                },
                _ended = line.mailbox.next() => self.end(CloseCode::NORMAL, "the subscription has ended"),
                () = tokio::time::sleep_until(deadline.into()) => {
                    let expired = line.session().expire(Instant::now());
                    if let Some(reason) = expired {
                        line.close(reason.close_code(), &reason.to_string());
                    }
                }
                () = &mut stopping => self.end(CloseCode::GOING_AWAY, "the server is going away"),
            }
        }
    }

    async fn receive(&mut self, message: &[u8]) {
        let mut input = message;
        for taken in 1_usize.. {
            if taken.is_multiple_of(TURN) {
                tokio::task::yield_now().await;
            }
            let action = self.line.session().receive(&mut input, Instant::now());
            match action {
                None => return,
                Some(Action::Connected { .. }) => {}
                Some(Action::Subscribe(_)) => self.subscribe(),
                Some(Action::Unsubscribed(_)) => self.take_out(),
                // A connection that does not take a frame is closing, which its receiver says next.
                Some(Action::Send(frame)) => {
                    let _ = self.line.send(&frame);
                }
                Some(Action::Close(reason)) => {
                    self.line.close(reason.close_code(), &reason.to_string());
                    return;
                }
            }
        }
    }

    /// Registers what the ticket is for: it names one topic, and a client asks for no other.
    fn subscribe(&mut self) {
        let line = Arc::clone(&self.line);
        let acknowledge = |is_live: bool| {
            let frame = line.session().subscribed(|_| is_live);
            if let Some(frame) = frame {
                let _ = line.send(&frame);
            }
        };
        let Ticket { request, filter, invalidation_filter, identity, .. } = &self.ticket;
        let filters = (filter.clone(), invalidation_filter.clone());
        // By the definition that is served now: the connection may be older.
        let api = self.hub.api().ok_or_else(Vec::new);
        let registered = api.and_then(|api| api.resubscribe(filters, request, identity)).and_then(|subscription| {
            let sink = MqttSink { line: Arc::clone(&self.line) };
            self.hub.register(request.clone(), identity.clone(), subscription, Box::new(sink))
        });
        match registered {
            Ok(subscriber) => {
                subscriber.acknowledge(|| acknowledge(true));
                self.subscriber = Some(subscriber);
            }
            Err(errors) => {
                let reason = errors.first().map(|error| &*error.message);
                // Whoever has a ticket could have this line as often as he likes.
                tracing::debug!(reason, "a subscription over MQTT is refused: the API has changed since its handshake");
                acknowledge(false);
            }
        }
    }

    fn take_out(&mut self) {
        if let Some(subscriber) = self.subscriber.take() {
            self.hub.remove(&subscriber);
        }
    }

    fn end(&mut self, code: CloseCode, reason: &str) {
        self.take_out();
        self.line.session().close();
        self.line.sender.close(code, reason);
    }
}

/// Where the payloads of a subscription go.
#[derive(Debug)]
struct MqttSink {
    line: Arc<Line>,
}

impl Sink for MqttSink {
    fn deliver(&self, payload: &Bytes) -> Result<(), Dropped> {
        // Frames leave in the order in which the session has numbered them.
        let mut session = self.line.session();
        match session.deliver(&self.line.topic, payload) {
            Ok(frame) => self.line.send(&frame).map_err(Dropped::from),
            Err(DeliverFault::NotSubscribed) => Err(Dropped::Closed),
            Err(fault @ DeliverFault::TooLarge { .. }) => {
                static WARNED: AtomicBool = AtomicBool::new(false);
                let topic = &*self.line.topic;
                if WARNED.swap(true, Ordering::Relaxed) {
                    tracing::debug!(topic, %fault, "an event is dropped: MQTT clients cannot be told");
                } else {
                    tracing::warn!(
                        topic,
                        %fault,
                        "an event is dropped: MQTT clients cannot be told; further ones are counted, and told at the level debug"
                    );
                }
                Err(Dropped::TooLarge)
            }
            Err(DeliverFault::Ended(reason)) => {
                self.line.close(reason.close_code(), &reason.to_string());
                Err(Dropped::SlowConsumer)
            }
        }
    }

    fn end(&self, end: End) {
        if let End::TooLarge(bytes) = end {
            tracing::warn!(
                topic = &*self.line.topic,
                bytes,
                "a subscription over MQTT ends: an event is larger than payload_limit"
            );
        }
        self.line.mailbox.put((), end);
    }
}
