//! The crate against real servers: NATS and Redis from the system's packages, and between the hubs of this process.
//!
//! SYNCGATE_KILLS=200 kills and restarts the servers that often instead of three times.

mod delivery;
mod faults;
mod logs;
mod security;
#[path = "../servers.rs"]
mod servers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::{Broker, Exchange, Limits, State, Subject, Subscription, connect};
use bytes::Bytes;

use servers::{Kind, Server, Setup};

pub(crate) const KINDS: [Kind; 2] = [Kind::Nats, Kind::Redis];

/// Runs a test on a runtime of its own.
pub(crate) fn run(test: impl Future<Output = ()>) {
    logs::collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(test);
}

/// Runs a test with each server; not at all where servers are to be skipped.
pub(crate) fn with_servers<T: Future<Output = ()>>(test: impl Fn(Server) -> T) {
    if servers::skipped() {
        return;
    }
    for kind in KINDS {
        run(test(Server::started(kind, Setup::Open)));
    }
}

pub(crate) fn subject() -> Subject {
    Subject::new("syncgate.api").expect("a subject")
}

pub(crate) fn node(url: &str) -> Arc<dyn Broker> {
    connect(url, Limits::default()).expect("a broker")
}

/// Nodes that reach each other, each with a subscription that is active.
pub(crate) async fn nodes(server: Option<&Server>, count: usize) -> Vec<(Arc<dyn Broker>, Subscription)> {
    let exchange = Exchange::new();
    let mut nodes = Vec::new();
    for _ in 0..count {
        let broker = server.map_or_else(|| exchange.join(Limits::default()), |server| node(&server.url()));
        let subscription = broker.subscribe(&subject());
        nodes.push((broker, subscription));
    }
    for (broker, subscription) in &nodes {
        within("the subscription is active", subscription.active()).await;
        connected(broker).await;
    }
    nodes
}

pub(crate) async fn connected(broker: &Arc<dyn Broker>) {
    within("it is connected", async {
        broker.watch().wait_for(|state| *state == State::Connected).await.expect("a broker");
    })
    .await;
}

/// A bound against hanging, far above what anything takes.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.unwrap_or_else(|_| panic!("never: {what}"))
}

pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn number(number: u64) -> Bytes {
    Bytes::copy_from_slice(&number.to_be_bytes())
}

pub(crate) fn read_number(event: &Bytes) -> u64 {
    u64::from_be_bytes(event[..].try_into().expect("eight bytes"))
}

/// The next events, which must come.
pub(crate) async fn take(subscription: &mut Subscription, count: usize) -> Vec<Bytes> {
    let mut events = Vec::new();
    while events.len() < count {
        let what = format!("event {} of {count}", events.len());
        events.push(within(&what, subscription.next()).await.expect("not closed"));
    }
    events
}
