//! Events between the nodes that serve one API.
//!
//! A [`Broker`] carries bytes on a [`Subject`] from the node that publishes them to every other node that subscribes; local delivery is
//! the caller's, and a node never gets its own events back. [`connect`] gives one over NATS or Redis, [`Exchange`] one for the hubs of a
//! single process. The crate knows nothing of GraphQL, nor of what the bytes are.
//!
//! # What is promised
//!
//! While its connection stands, each node gets each event of each other node **once**, those of one node in order. Publishing never waits:
//! over a network an event is put into a bounded buffer, and sent by a task that keeps the connection for ever. When the broker is down
//! events wait there; what was sent and not confirmed is sent again after a reconnect, with a short history of what was, and dropped where it
//! had come. What cannot be kept
//! is dropped, counted by reason in [`Counters`], and logged at most once in ten seconds; a node that missed something counts it as soon
//! as it hears from the sender again. How much a break can lose depends on the server:
//!
//! - **NATS** keeps nothing: a node whose own connection breaks misses what is published meanwhile. When the server restarts, senders
//!   wait a moment for the others to come back, and then send again what it may have held in its buffers.
//! - **Redis** is used through streams (5.0 or later) rather than pub/sub: a node whose connection breaks reads on where it stopped, and
//!   a slow one is not disconnected by an output buffer limit. A server that restarts without what it had stored gets the senders'
//!   history again. A stream is limited to about [`Limits::stream_bytes`], and is gone an hour after the last event.

mod counters;
mod envelope;
mod error;
mod link;
mod local;
mod nats;
mod outbox;
mod redis;
mod sequence;
mod server_url;
mod subject;
mod subscription;
mod tls;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

pub use crate::counters::{Counters, Lost};
pub use crate::error::Error;
pub use crate::local::Exchange;
pub use crate::subject::{InvalidSubject, Subject};
pub use crate::subscription::Subscription;

use crate::link::Remote;
use crate::server_url::{Kind, ServerUrl};

/// A future of a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Carries events from one node to the others.
pub trait Broker: fmt::Debug + Send + Sync {
    /// Whether anybody else may get what is published on this subject: where not, the caller need not write it. Costs next to nothing.
    fn reaches_others(&self, subject: &Subject) -> bool;

    /// Publishes to every other node that subscribes. Returns at once, whatever the broker does; what becomes of the event is counted.
    fn publish(&self, subject: &Subject, payload: Bytes);

    /// The events of the other nodes from now on ([`Subscription::active`] says from when exactly). Ends when it is dropped. Several
    /// subscriptions on one subject each get every event.
    fn subscribe(&self, subject: &Subject) -> Subscription;

    /// Whether there is a connection now.
    fn state(&self) -> State;

    /// Tells when that changes.
    fn watch(&self) -> watch::Receiver<State>;

    /// What was done so far.
    fn counters(&self) -> Counters;

    /// Waits so long for what is not sent yet, then ends the connection and every subscription. Gives how many events were not confirmed.
    /// Dropping the broker does the same without waiting.
    fn close(&self, wait: Duration) -> BoxFuture<'_, usize>;
}

/// Whether a broker has a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It has none, and tries to get one. Events wait.
    Disconnected,
    /// It has one, on which every subscription is active.
    Connected,
    /// It was closed, for good.
    Closed,
}

/// What a broker may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of events that wait to be sent, 64 of which are counted for each event itself. 16 MiB.
    pub outgoing_bytes: usize,
    /// Bytes of events that wait in one subscription, counted alike. 16 MiB.
    pub subscription_bytes: usize,
    /// About how many bytes Redis keeps of one subject. 32 MiB.
    pub stream_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { outgoing_bytes: 16 * 1024 * 1024, subscription_bytes: 16 * 1024 * 1024, stream_bytes: 32 * 1024 * 1024 }
    }
}

/// The broker that a URL names: `nats://[user:password@|token@]host[:4222][,host…]`, `tls://…` for NATS over TLS,
/// `redis://[[user]:password@]host[:6379][/database]`, `rediss://…` for Redis over TLS.
///
/// `?ca=FILE` names the certificate authorities (PEM) that the server's certificate is checked against instead of the system's, and
/// `?certificate=FILE&private_key=FILE` what this node shows the server. User names and passwords are percent-encoded.
///
/// Succeeds when the server is down: it is tried for ever. Must be called on a Tokio runtime, whose task keeps the connection.
pub fn connect(url: &str, limits: Limits) -> Result<Arc<dyn Broker>, Error> {
    let url = ServerUrl::parse(url)?;
    let remote = match url.kind {
        Kind::Nats => Remote::start(nats::Nats::new(url)?, limits)?,
        Kind::Redis => Remote::start(redis::Redis::new(url, limits.stream_bytes)?, limits)?,
    };
    Ok(Arc::new(remote))
}

/// Judges a broker's URL as [`connect`] does, and connects to nothing. Files that it names are not read.
///
/// # Errors
/// What is wrong with it. The text holds no password.
pub fn check_url(url: &str) -> Result<(), Error> {
    ServerUrl::parse(url).map(|_| ())
}
