//! Servers that are killed, frozen and restarted while events flow, connections that are cut, and what does not belong.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use broker::{Broker, Limits, State, Subscription, connect};
use bytes::Bytes;

use crate::servers::{Kind, Server, Setup, skipped};
use crate::{connected, eventually, node, nodes, number, read_number, run, subject, take, with_servers, within};

/// The event after which nothing comes.
const LAST: u64 = u64::MAX;

fn kills() -> u64 {
    std::env::var("SYNCGATE_KILLS").ok().map_or(3, |kills| kills.parse().expect("SYNCGATE_KILLS is a number"))
}

/// Publishes numbers until it is told to stop, and says how many.
struct Load {
    broker: Arc<dyn Broker>,
    stop: Arc<AtomicBool>,
    published: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Load {
    fn on(broker: &Arc<dyn Broker>) -> Self {
        let (stop, published) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let task = {
            let (broker, stop, published) = (Arc::clone(broker), Arc::clone(&stop), Arc::clone(&published));
            tokio::spawn(async move {
                while !stop.load(SeqCst) {
                    for _ in 0..10 {
                        broker.publish(&subject(), number(published.fetch_add(1, SeqCst)));
                    }
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            })
        };
        Self { broker: Arc::clone(broker), stop, published, task }
    }

    /// Goes on until so many more are published.
    async fn more(&self, events: u64) {
        let until = self.published.load(SeqCst) + events;
        eventually("published", || self.published.load(SeqCst) >= until).await;
    }

    /// Stops, and sends the last event once the others are sent.
    async fn end(self) -> u64 {
        self.stop.store(true, SeqCst);
        self.task.await.expect("it ends");
        eventually("sent", || self.broker.counters().waiting == 0).await;
        self.broker.publish(&subject(), number(LAST));
        // A broker that is dropped does not send what waits.
        eventually("the last too", || self.broker.counters().waiting == 0).await;
        self.published.load(SeqCst)
    }
}

/// Every event up to the last.
async fn rest(subscription: &mut Subscription) -> Vec<u64> {
    let mut events = Vec::new();
    loop {
        match take(subscription, 1).await.first().map(read_number) {
            Some(LAST) | None => return events,
            Some(event) => events.push(event),
        }
    }
}

/// Each node got each event once, or counted it.
fn account(events: &[u64], published: u64, broker: &Arc<dyn Broker>) {
    let counters = broker.counters();
    let different: HashSet<_> = events.iter().collect();
    assert_eq!(different.len(), events.len(), "once each");
    assert!(counters.late > 0 || events.is_sorted(), "in order");
    let missed = counters.lost.missed - counters.late;
    assert_eq!(events.len() as u64 + missed, published, "{counters:?}");
    assert_eq!(counters.lost.total(), counters.lost.missed, "{counters:?}");
    assert!(missed * 4 < published, "most arrives: {counters:?}");
}

/// A node that publishes, and others whose first event has come, so that they know it.
async fn under_load(server: &Server) -> (Load, Vec<(Arc<dyn Broker>, Subscription)>) {
    let mut nodes = nodes(Some(server), 3).await;
    let (publisher, _) = nodes.remove(0);
    (Load::on(&publisher), nodes)
}

#[test]
fn servers_that_are_killed_and_restarted_lose_nothing_that_is_not_counted() {
    with_servers(|mut server| async move {
        let (load, mut nodes) = under_load(&server).await;
        for round in 0..kills() {
            let confirmed = load.broker.counters().confirmed;
            // What waited is sent, and events flow as they come.
            eventually("events flow", || {
                let counters = load.broker.counters();
                counters.confirmed > confirmed + 500 && counters.waiting < 100
            })
            .await;
            load.more(200).await;
            server.kill();
            load.more(300).await;
            server.start();
            connected(&load.broker).await;
            for (broker, _) in &nodes {
                eventually("it is connected again", || broker.counters().connects > round + 1).await;
            }
        }
        load.more(500).await;
        let publisher = Arc::clone(&load.broker);
        let published = load.end().await;
        for (broker, subscription) in &mut nodes {
            account(&rest(subscription).await, published, broker);
        }
        // The connection stands: nothing is missed any more.
        let before: Vec<_> = nodes.iter().map(|(broker, _)| broker.counters().lost).collect();
        for event in 0..1000 {
            publisher.publish(&subject(), number(event));
        }
        for ((broker, subscription), before) in nodes.iter_mut().zip(before) {
            assert_eq!(take(subscription, 1000).await, (0..1000).map(number).collect::<Vec<_>>());
            assert_eq!(broker.counters().lost, before);
        }
        assert_eq!(publisher.counters().lost.total(), 0, "nothing was lost on the way out");
    });
}

#[test]
fn connections_to_redis_that_are_cut_lose_nothing() {
    if skipped() {
        return;
    }
    run(async {
        let server = Server::started(Kind::Redis, Setup::Open);
        let (load, mut nodes) = under_load(&server).await;
        for round in 0..kills() {
            load.more(500).await;
            server.cut();
            for (broker, _) in &nodes {
                eventually("it is connected again", || broker.counters().connects > round + 1).await;
            }
        }
        let published = load.end().await;
        for (broker, subscription) in &mut nodes {
            let events = rest(subscription).await;
            assert_eq!(events, (0..published).collect::<Vec<_>>());
            assert_eq!(broker.counters().lost.total(), 0, "{:?}", broker.counters());
        }
    });
}

#[test]
fn a_server_that_hangs_stops_nobody_and_delivery_resumes() {
    with_servers(|server| async move {
        let (load, mut nodes) = under_load(&server).await;
        load.more(100).await;
        server.freeze(true);
        eventually("it is noticed", || load.broker.state() == State::Disconnected).await;
        load.more(500).await;
        server.freeze(false);
        connected(&load.broker).await;
        load.more(500).await;
        let published = load.end().await;
        for (broker, subscription) in &mut nodes {
            account(&rest(subscription).await, published, broker);
        }
    });
}

#[test]
fn what_cannot_wait_is_counted_on_both_sides() {
    with_servers(|mut server| async move {
        let limits = Limits { outgoing_bytes: 100 * 1024, ..Limits::default() };
        let (publisher, broker) = (connect(&server.url(), limits).expect("a broker"), node(&server.url()));
        let mut subscription = broker.subscribe(&subject());
        within("active", subscription.active()).await;
        publisher.publish(&subject(), number(0));
        assert_eq!(take(&mut subscription, 1).await, [number(0)]);
        server.kill();
        for node in [&publisher, &broker] {
            eventually("it is noticed", || node.state() == State::Disconnected).await;
        }
        let events = 10_000;
        for event in 1..=events {
            publisher.publish(&subject(), number(event));
        }
        let counters = publisher.counters();
        assert!(counters.waiting_bytes <= 100 * 1024 && counters.waiting > 1_000, "{counters:?}");
        assert_eq!(counters.lost.overflow, events - counters.waiting);
        server.start();
        connected(&broker).await;
        let kept: Vec<_> = (events - counters.waiting + 1..=events).map(number).collect();
        assert_eq!(take(&mut subscription, kept.len()).await, kept, "the newest");
        assert_eq!(broker.counters().lost.missed, counters.lost.overflow);
    });
}

#[test]
fn a_node_that_was_away_learns_what_it_missed_though_nothing_more_is_published() {
    with_servers(|mut server| async move {
        // Only what waits is sent, and nothing fits but the first event.
        let limits = Limits { outgoing_bytes: 100, ..Limits::default() };
        let (publisher, broker) = (connect(&server.url(), limits).expect("a broker"), node(&server.url()));
        let mut subscription = broker.subscribe(&subject());
        within("active", subscription.active()).await;
        connected(&publisher).await;
        publisher.publish(&subject(), number(0));
        assert_eq!(take(&mut subscription, 1).await, [number(0)]);
        eventually("confirmed", || publisher.counters().waiting == 0).await;
        server.kill();
        eventually("it is noticed", || publisher.state() == State::Disconnected).await;
        for _ in 0..5 {
            publisher.publish(&subject(), Bytes::from(vec![0; 100]));
        }
        server.start();
        eventually("the five are counted", || broker.counters().lost.missed == 5).await;
    });
}

#[test]
fn an_event_that_the_server_does_not_take_holds_up_no_other() {
    with_servers(|server| async move {
        let mut nodes = nodes(Some(&server), 2).await;
        let publisher = Arc::clone(&nodes[0].0);
        let too_large = if server.kind == Kind::Nats { 70_000 } else { 5_000_000 };
        publisher.publish(&subject(), number(1));
        publisher.publish(&subject(), Bytes::from(vec![0; too_large]));
        publisher.publish(&subject(), number(2));
        assert_eq!(take(&mut nodes[1].1, 2).await, [number(1), number(2)]);
        eventually("confirmed", || publisher.counters().waiting == 0).await;
        let counters = publisher.counters();
        assert_eq!((counters.confirmed, counters.lost.too_large, counters.connects), (2, 1, 1));
        assert_eq!(nodes[1].0.counters().lost.missed, 1);
    });
}

#[test]
fn what_others_publish_on_the_subject_is_counted_and_passed_over() {
    with_servers(|server| async move {
        let mut nodes = nodes(Some(&server), 2).await;
        for bytes in ["x", "\u{1}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"] {
            server.intrude(subject().as_str(), bytes);
        }
        nodes[0].0.publish(&subject(), number(1));
        assert_eq!(take(&mut nodes[1].1, 1).await, [number(1)]);
        assert!(nodes[1].0.counters().lost.malformed >= 2, "{:?}", nodes[1].0.counters());
    });
}

#[test]
fn a_stream_of_redis_is_bounded() {
    if skipped() {
        return;
    }
    run(async {
        let server = Server::started(Kind::Redis, Setup::Open);
        let limits = Limits { stream_bytes: 1024 * 1024, ..Limits::default() };
        let publisher = connect(&server.url(), limits).expect("a broker");
        for _ in 0..5_000 {
            publisher.publish(&subject(), Bytes::from(vec![0; 2_000]));
        }
        eventually("confirmed", || publisher.counters().waiting == 0).await;
        assert_eq!(publisher.counters().confirmed, 5_000);
        let length: u64 = server.ask(&format!("XLEN {}", subject())).trim_start_matches(':').parse().expect("a number");
        assert!((256..2_000).contains(&length), "{length}");
        assert!(server.ask(&format!("TTL {}", subject())).trim_start_matches(':').parse::<u64>().is_ok_and(|ttl| ttl > 3_000));
    });
}
