//! A connection that speaks AppSync's WebSocket protocol. The protocol itself is the crate `appsync-realtime`; here it meets the
//! socket, the judges and the hub.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use appsync_realtime::{Action, Connection, Credentials, End, Error, Handshake, Limits, Refusal, Start, SubscriptionKey, frame};
use bytes::Bytes;
use futures_util::future::{AbortHandle, Abortable, Aborted, BoxFuture, OptionFuture, abortable};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use http::header::HOST;
use http::{HeaderMap, HeaderName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::coop;
use value::Str;
use websocket_server::{CloseCode, Message, Receiver, Sender};

use super::counters::Dropped;
use super::gate::{Arriving, Gate};
use super::hub::Hub;
use super::mailbox::Mailbox;
use super::subscriber::{self, Sink, Subscriber};
use crate::api::{GraphqlRequest, RequestContext, RequestHeaders};
use crate::auth::AuthFault;
use crate::execution::error::FieldError;
use crate::panicked;

/// What a connection is served with.
pub struct Session {
    /// Where its subscriptions are registered.
    pub hub: Arc<Hub>,
    /// Who judges its credentials.
    pub gate: Arc<dyn Gate>,
    /// What bounds it.
    pub limits: Arc<Limits>,
    /// What its socket may cost.
    pub socket: websocket_server::Limits,
    /// How long the start of a subscription may take.
    pub request_timeout: Duration,
    /// The paths that signatures cover: of the handshake, and of a start.
    pub signed_paths: (String, String),
    /// The headers of the upgrade. Resolvers see them below those that come with a start.
    pub headers: HeaderMap,
    /// The addresses the connection came by, the client's first.
    pub source_ip: Vec<Str>,
    /// The custom domain it came by.
    pub domain_name: Option<Str>,
    /// Makes request ids.
    pub request_id: fn() -> Str,
}

/// A start that was judged: whom to acknowledge and until when, or why not.
type Started = (SubscriptionKey, Result<(Subscriber, Option<SystemTime>), Vec<Error>>);

/// Serves a connection until it ends. `stopping` is done when the server stops.
pub async fn serve<S>(stream: S, read_ahead: Bytes, handshake: Handshake, session: Session, stopping: impl Future<Output = ()>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, receiver) = websocket_server::accept(stream, read_ahead, session.socket);
    let session = Arc::new(session);
    session.hub.counters().connected();
    let connection = Connection::new(handshake, Arc::clone(&session.limits), Instant::now());
    let mut live = Live { session, connection, sender, mailbox: Arc::default(), subscribers: Vec::new() };
    live.run(receiver, stopping).await;
}

/// A subscription that is registered.
struct Subscribed {
    key: SubscriptionKey,
    subscriber: Subscriber,
    /// Until when its credentials hold.
    until: Option<SystemTime>,
}

struct Live {
    session: Arc<Session>,
    connection: Connection,
    sender: Sender,
    mailbox: Arc<Mailbox<SubscriptionKey>>,
    /// As few as `subscriptions_per_connection`.
    subscribers: Vec<Subscribed>,
}

/// However a connection ends, cut off or in a panic too, nothing of it stays behind.
impl Drop for Live {
    fn drop(&mut self) {
        self.take_all_out();
        self.session.hub.counters().disconnected();
    }
}

/// What is under way for a connection.
#[derive(Default)]
struct Pending {
    judging: OptionFuture<BoxFuture<'static, Result<(), Refusal>>>,
    /// A start that is aborted has registered nothing: that is the last thing it does.
    starts: FuturesUnordered<Abortable<BoxFuture<'static, Started>>>,
    aborts: Vec<(SubscriptionKey, AbortHandle)>,
}

impl Pending {
    fn start(&mut self, key: SubscriptionKey, start: BoxFuture<'static, Started>) {
        let (start, abort) = abortable(start);
        self.starts.push(start);
        self.aborts.push((key, abort));
    }

    /// Gives up a start. One whose subscription was taken out must not run on, or clients could pile them up.
    fn abort(&mut self, key: SubscriptionKey) {
        if let Some(abort) = self.forget(key) {
            abort.abort();
        }
    }

    fn forget(&mut self, key: SubscriptionKey) -> Option<AbortHandle> {
        let at = self.aborts.iter().position(|(known, _)| *known == key)?;
        Some(self.aborts.swap_remove(at).1)
    }
}

impl Live {
    async fn run(&mut self, mut receiver: Receiver, stopping: impl Future<Output = ()>) {
        let mut stopping = pin!(stopping);
        let mut pending = Pending::default();
        let mailbox = Arc::clone(&self.mailbox);
        loop {
            // One read may hold thousands of messages, each of which has its answer: others have their turn between them.
            coop::consume_budget().await;
            // Closing: what is still to be written is written, and nothing new begins.
            let Some(deadline) = self.connection.next_deadline() else {
                drop(pending);
                self.take_all_out();
                receiver.finish().await;
                return;
            };
            let actions = tokio::select! {
                message = receiver.next() => match message {
                    Ok(Message::Text(message)) => self.connection.on_message(message.as_bytes(), Instant::now()),
                    Ok(Message::Binary(message)) => self.connection.on_message(&message, Instant::now()),
                    Err(closed) => {
                        tracing::debug!(%closed, "WebSocket ended");
                        return;
                    }
                },
                Some(judged) = &mut pending.judging, if !self.connection.is_open() => {
                    pending.judging = None.into();
                    match judged {
                        Ok(()) => self.connection.connected(Instant::now()),
                        Err(refusal) => self.connection.refused(&refusal),
                    }
                }
                Some(started) = pending.starts.next(), if !pending.starts.is_empty() => match started {
                    Ok((key, started)) => {
                        pending.forget(key);
                        self.started(key, started)
                    }
                    Err(Aborted) => Vec::new(),
                },
                ended = mailbox.next() => self.ended(ended),
                () = tokio::time::sleep_until(deadline.into()) => {
                    let mut actions = self.connection.on_tick(Instant::now());
                    actions.extend(self.expired(SystemTime::now()));
                    actions
                }
                () = &mut stopping => self.connection.going_away(),
            };
            for action in actions {
                self.carry_out(action, &mut pending);
            }
        }
    }

    fn carry_out(&mut self, action: Action, pending: &mut Pending) {
        match action {
            Action::Authenticate(credentials) => {
                pending.judging = Some(Arc::clone(&self.session).connect(credentials).boxed()).into();
            }
            Action::Start(key, start) => {
                let sink = WebSocketSink {
                    sender: self.sender.clone(),
                    prefix: frame::data_prefix(&start.id),
                    key,
                    mailbox: Arc::clone(&self.mailbox),
                };
                let session = Arc::clone(&self.session);
                pending.start(key, async move { (key, session.start_caught(start, sink).await) }.boxed());
            }
            Action::Stop(key) => {
                pending.abort(key);
                self.take_out(key);
            }
            Action::Send(frame) => self.send(&frame),
            Action::Close { code, reason } => {
                self.sender.close(CloseCode::try_from(code).unwrap_or(CloseCode::NORMAL), reason);
            }
        }
    }

    /// A connection that does not take a frame is closing, which its receiver says next.
    fn send(&self, frame: &Bytes) {
        let _ = self.sender.send_shared_text(b"", frame, b"");
    }

    fn take_out(&mut self, key: SubscriptionKey) {
        if let Some(at) = self.subscribers.iter().position(|subscribed| subscribed.key == key) {
            let subscribed = self.subscribers.swap_remove(at);
            self.session.hub.remove(&subscribed.subscriber);
        }
    }

    /// Ends what has expired by the wall clock. Timers go by another one, which stands still while the machine sleeps and does not
    /// notice when the clock is set.
    fn expired(&mut self, now: SystemTime) -> Vec<Action> {
        let expired = self.subscribers.iter().filter(|subscribed| subscribed.until.is_some_and(|until| until <= now));
        let expired: Vec<SubscriptionKey> = expired.map(|subscribed| subscribed.key).collect();
        let mut actions = Vec::new();
        for key in expired {
            self.take_out(key);
            actions.extend(self.connection.ended(key, &End::Failed(&[Error::token_expired()])));
        }
        actions
    }

    fn take_all_out(&mut self) {
        for subscribed in self.subscribers.drain(..) {
            self.session.hub.remove(&subscribed.subscriber);
        }
    }

    fn started(&mut self, key: SubscriptionKey, started: Result<(Subscriber, Option<SystemTime>), Vec<Error>>) -> Vec<Action> {
        match started {
            Err(errors) => return self.connection.start_refused(key, &errors),
            Ok((subscriber, until)) => match self.connection.started(key, until.map(instant)) {
                Some(acknowledgement) => {
                    subscriber.acknowledge(|| self.send(&acknowledgement));
                    self.subscribers.push(Subscribed { key, subscriber, until });
                }
                None => self.session.hub.remove(&subscriber),
            },
        }
        Vec::new()
    }

    fn ended(&mut self, ended: Vec<(SubscriptionKey, subscriber::End)>) -> Vec<Action> {
        let mut actions = Vec::new();
        let mut invalidated = Vec::new();
        for (key, end) in ended {
            self.take_out(key);
            match end {
                subscriber::End::Invalidated => invalidated.push(key),
                subscriber::End::Refused(errors) => {
                    let errors: Vec<Error> = errors.into_iter().map(error).collect();
                    actions.extend(self.connection.ended(key, &End::Withdrawn(&errors)));
                }
                subscriber::End::TooLarge(bytes) => actions.extend(self.connection.ended(key, &End::PayloadTooLarge(bytes))),
                subscriber::End::Overrun => {
                    let error = Error::new("LimitExceededError", "More events came than can wait for a start. Subscribe again.");
                    actions.extend(self.connection.ended(key, &End::Withdrawn(&[error])));
                }
            }
        }
        actions.extend(self.connection.invalidated(&invalidated));
        actions
    }
}

impl Session {
    /// Judges the handshake.
    async fn connect(self: Arc<Self>, credentials: Box<Credentials>) -> Result<(), Refusal> {
        self.check_host(&credentials.headers).map_err(|error| Refusal { error, code: 400 })?;
        let arriving = Arriving {
            path: &self.signed_paths.0,
            headers: &credentials.headers,
            body: &credentials.payload,
            operation: None,
            shown: &self.shown(&credentials.headers),
            request_id: &(self.request_id)(),
            deadline: Instant::now() + self.request_timeout,
        };
        match self.gate.admit(arriving).await {
            Ok(_) => Ok(()),
            Err(fault) => Err(Refusal { error: auth_error(&fault), code: fault.status().as_u16() }),
        }
    }

    /// A panic of one start is not the end of its connection.
    async fn start_caught(
        self: Arc<Self>,
        start: Box<Start>,
        sink: WebSocketSink,
    ) -> Result<(Subscriber, Option<SystemTime>), Vec<Error>> {
        let request_id = (self.request_id)();
        let started = AssertUnwindSafe(self.start(start, sink, &request_id)).catch_unwind().await;
        started.unwrap_or_else(|panic| {
            let cause = panicked::cause(&*panic);
            tracing::error!(request_id = &*request_id, cause, "the start of a subscription panicked");
            Err(vec![Error::new("InternalFailure", panicked::message(&request_id))])
        })
    }

    async fn start(
        &self,
        start: Box<Start>,
        sink: WebSocketSink,
        request_id: &Str,
    ) -> Result<(Subscriber, Option<SystemTime>), Vec<Error>> {
        let Start { headers, data, query, operation_name, variables, .. } = *start;
        self.check_host(&headers).map_err(|error| vec![error])?;
        let request = GraphqlRequest { query, operation_name, variables };
        let shown = self.shown(&headers);
        let deadline = Instant::now() + self.request_timeout;
        let arriving = Arriving {
            path: &self.signed_paths.1,
            headers: &headers,
            body: data.as_bytes(),
            operation: Some(&request),
            shown: &shown,
            request_id,
            deadline,
        };
        let admitted = self.gate.admit(arriving).await.map_err(|fault| vec![auth_error(&fault)])?;
        let context = RequestContext {
            identity: admitted.identity.clone(),
            headers: shown,
            source_ip: self.source_ip.clone(),
            domain_name: self.domain_name.clone(),
            request_id: Str::clone(request_id),
            deadline,
            watch: crate::trace::Watch::default(),
        };
        // Execution minds the deadline itself; this is for when it does not.
        let last = deadline + self.request_timeout / 20;
        let errors = |errors: Vec<FieldError>| errors.into_iter().map(error).collect::<Vec<_>>();
        let subscription = match tokio::time::timeout_at(last.into(), admitted.api.subscribe(&request, context)).await {
            Ok(subscribed) => subscribed.map_err(errors)?,
            Err(_) => return Err(vec![Error::new("ExecutionTimeout", "The start of the subscription took too long.")]),
        };
        let subscriber = self.hub.register(request, admitted.identity, subscription, Box::new(sink)).map_err(errors)?;
        Ok((subscriber, admitted.until))
    }

    /// Credentials name the host that they are for; a signature covers it, nothing else does.
    fn check_host(&self, headers: &HeaderMap) -> Result<(), Error> {
        let mut hosts = headers.get_all(HOST).iter();
        match (hosts.next().map(|host| host.to_str()), hosts.next()) {
            (None, _) => Ok(()),
            (Some(Ok(host)), None) if self.gate.is_host(host) => Ok(()),
            (Some(_), None) => Err(Error::bad_request("The host of the credentials is not that of this API.")),
            (Some(_), Some(_)) => Err(Error::bad_request("The credentials name several hosts.")),
        }
    }

    fn shown(&self, headers: &HeaderMap) -> RequestHeaders {
        merged(&self.headers, headers).into()
    }
}

/// The headers of the upgrade, under those of the message: but what proxies say of the way that the connection took is theirs alone,
/// or a client could replace it.
fn merged(upgrade: &HeaderMap, message: &HeaderMap) -> HeaderMap {
    let mut all = upgrade.clone();
    for name in message.keys().filter(|name| !is_of_the_way(name)) {
        all.remove(name);
    }
    for (name, value) in message.iter().filter(|(name, _)| !is_of_the_way(name)) {
        all.append(name, value.clone());
    }
    all
}

/// Whether proxies and load balancers write the header.
fn is_of_the_way(name: &HeaderName) -> bool {
    let name = name.as_str();
    matches!(name, "forwarded" | "via" | "x-real-ip") || name.starts_with("x-forwarded-") || name.starts_with("x-amzn-")
}

/// A time of the wall clock as one of the clock that timers go by.
fn instant(time: SystemTime) -> Instant {
    let left = time.duration_since(SystemTime::now()).unwrap_or_default();
    // What lies beyond the age of any connection is never reached.
    Instant::now() + left.min(Duration::from_secs(30 * 86_400))
}

fn auth_error(fault: &AuthFault) -> Error {
    Error { error_type: Some(fault.error_type().into()), message: fault.message().map(Into::into) }
}

fn error(error: FieldError) -> Error {
    Error { error_type: error.error_type.map(Into::into), message: Some(error.message.into()) }
}

/// Where the payloads of one subscription go.
#[derive(Debug)]
struct WebSocketSink {
    sender: Sender,
    prefix: Bytes,
    key: SubscriptionKey,
    mailbox: Arc<Mailbox<SubscriptionKey>>,
}

impl Sink for WebSocketSink {
    fn deliver(&self, payload: &Bytes) -> Result<(), Dropped> {
        self.sender.send_shared_text(&self.prefix, payload, frame::DATA_SUFFIX).map_err(Dropped::from)
    }

    fn end(&self, end: subscriber::End) {
        self.mailbox.put(self.key, end);
    }
}

#[cfg(test)]
mod tests;
