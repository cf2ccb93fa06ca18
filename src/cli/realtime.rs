//! `[realtime]`, as the server is given it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use broker::{Broker, State, Subject};
use value::Str;

use super::serve::size;
use crate::definition::RealtimeSettings;
use crate::http_client::without_credentials;
use crate::realtime::{Hub, HubSettings, Peers, ticket};
use crate::sealing::Sealer;
use crate::server;

/// What connects this node with the others.
pub(super) fn broker(realtime: &RealtimeSettings) -> anyhow::Result<Option<Arc<dyn Broker>>> {
    let Some(url) = &realtime.broker else { return Ok(None) };
    broker::connect(url.expose(), broker::Limits::default()).map(Some).context("cannot use the broker of `realtime.broker`")
}

/// What a stop waits for the broker though the grace is over: one that is there takes milliseconds.
const LEAST_LEAVE: Duration = Duration::from_millis(500);
/// How long a start waits for the broker. One that is there takes milliseconds.
const BROKER_PATIENCE: Duration = Duration::from_secs(2);

/// Joins the other nodes that serve these APIs, before anybody can subscribe here and miss what they publish. A broker that is not
/// there keeps nobody from starting.
pub(super) async fn join<'a>(
    broker: Option<&Arc<dyn Broker>>,
    api_ids: impl Iterator<Item = &'a Str>,
) -> anyhow::Result<Vec<Option<Peers>>> {
    let mut joined = Vec::new();
    let patience = tokio::time::Instant::now() + BROKER_PATIENCE;
    let mut waiting = None;
    for api_id in api_ids {
        let Some(broker) = broker else {
            joined.push(None);
            continue;
        };
        let subject = Subject::new(&format!("syncgate.{api_id}"));
        let subject = subject.with_context(|| format!("API {api_id} cannot be named to the broker"))?;
        let mut peers = Peers::join(Arc::clone(broker), subject);
        if waiting.is_none() && tokio::time::timeout_at(patience, peers.joined()).await.is_err() {
            waiting = Some(api_id);
        }
        joined.push(Some(peers));
    }
    if waiting.is_some() {
        tracing::warn!("starting without the broker: subscribers here do not hear other nodes until it is there");
    }
    Ok(joined)
}

/// Sends what the last mutations left for other nodes, until `deadline`, but for a moment in any case.
pub(super) async fn leave(broker: Option<Arc<dyn Broker>>, deadline: Instant) {
    if let Some(broker) = broker {
        let wait = deadline.saturating_duration_since(Instant::now()).max(LEAST_LEAVE);
        let waiting = broker.counters().waiting;
        if waiting > 0 && broker.state() != State::Connected {
            tracing::info!(events = waiting, "waiting for the broker to come back: events for other nodes have not left");
        }
        broker.close(wait).await;
    }
}

/// The broker's URL without its password.
pub(super) fn shown_broker(realtime: &RealtimeSettings) -> Option<String> {
    realtime.broker.as_ref().map(|url| without_credentials(url.expose()))
}

/// Where the mutations of an API meet its subscribers.
pub(super) fn hub(api_id: &Str, realtime: &RealtimeSettings, peers: Option<Peers>) -> Arc<Hub> {
    let settings = HubSettings { payload_limit: size(realtime.payload_limit) };
    Hub::new(Str::clone(api_id), settings, peers)
}

/// What bounds WebSockets.
pub(super) fn settings(realtime: &RealtimeSettings, secret: Option<&[u8]>) -> server::RealtimeSettings {
    server::RealtimeSettings {
        limits: Arc::new(appsync_realtime::Limits {
            subscriptions: realtime.subscriptions_per_connection as usize,
            message_bytes: size(realtime.message_limit),
            subscription_bytes: size(realtime.message_limit).saturating_mul(2),
            payload_bytes: size(realtime.payload_limit),
            keep_alive: realtime.keep_alive,
            connection_age: realtime.connection_age,
            ..appsync_realtime::Limits::default()
        }),
        socket: websocket_server::Limits {
            message_bytes: size(realtime.message_limit),
            outbox_bytes: size(realtime.outbox_limit),
            ..websocket_server::Limits::default()
        },
        max_connections: realtime.max_connections.map(|most| most as usize),
        mqtt: secret.filter(|_| realtime.mqtt).map(|secret| Arc::new(Sealer::derive(secret, ticket::PURPOSE))),
    }
}
