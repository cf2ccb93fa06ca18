//! What arrives while nothing is wrong.

use broker::{Exchange, Limits, State, Subject, connect};
use bytes::Bytes;

use crate::servers::Server;
use crate::{connected, eventually, node, nodes, number, read_number, run, subject, take, with_servers, within};
use std::time::Duration;

/// With each server, and with none.
fn everywhere<T: Future<Output = ()>>(test: impl Fn(Option<Server>) -> T) {
    run(test(None));
    with_servers(|server| test(Some(server)));
}

#[test]
fn every_other_node_gets_each_event_once_and_in_order() {
    everywhere(|server| async move {
        let mut nodes = nodes(server.as_ref(), 3).await;
        const EVENTS: u64 = 5_000;
        for event in 0..EVENTS {
            nodes[0].0.publish(&subject(), number(event));
            if event % 2 == 0 {
                nodes[1].0.publish(&subject(), number(1_000_000 + event));
            }
            if event % 100 == 0 {
                tokio::task::yield_now().await;
            }
        }
        let all = |first: bool, second: bool| {
            let first = (0..EVENTS).filter(move |_| first);
            first.chain((0..EVENTS).step_by(2).filter(move |_| second).map(|event| 1_000_000 + event)).collect::<Vec<_>>()
        };
        for (at, expected) in [(0, all(false, true)), (1, all(true, false)), (2, all(true, true))] {
            let came = take(&mut nodes[at].1, expected.len()).await;
            let came: Vec<_> = came.iter().map(read_number).collect();
            let of_the_first: Vec<_> = came.iter().copied().filter(|event| *event < 1_000_000).collect();
            assert!(of_the_first.is_sorted(), "in order");
            let mut sorted = came;
            sorted.sort_unstable();
            assert_eq!(sorted, expected);
        }
        // Whatever came twice, or came back, would come before this.
        nodes[2].0.publish(&subject(), number(0));
        for at in [0, 1] {
            assert_eq!(take(&mut nodes[at].1, 1).await, [number(0)]);
        }
        for (broker, _) in &nodes {
            eventually("everything is confirmed", || broker.counters().waiting == 0).await;
            let counters = broker.counters();
            assert_eq!((counters.lost.total(), counters.confirmed), (0, counters.published), "{counters:?}");
        }
        assert_eq!(nodes[0].0.counters().published, EVENTS);
        assert_eq!(nodes[2].0.counters().received, EVENTS + EVENTS / 2);
    });
}

#[test]
fn an_event_is_any_bytes() {
    everywhere(|server| async move {
        let mut nodes = nodes(server.as_ref(), 2).await;
        let events = [Bytes::new(), Bytes::from_static(b"\r\n\0\xff*1\r\n"), Bytes::from(vec![7; 60_000]), number(1)];
        for event in &events {
            nodes[0].0.publish(&subject(), event.clone());
        }
        assert_eq!(take(&mut nodes[1].1, events.len()).await, events);
    });
}

#[test]
fn subjects_do_not_mix_and_come_and_go() {
    everywhere(|server| async move {
        let nodes = nodes(server.as_ref(), 2).await;
        let (publisher, broker) = (&nodes[0].0, &nodes[1].0);
        for round in 0..5 {
            let other = Subject::new(&format!("syncgate.other-{round}")).expect("a subject");
            let (mut first, mut second) = (broker.subscribe(&other), broker.subscribe(&other));
            within("active", first.active()).await;
            within("active", second.active()).await;
            publisher.publish(&subject(), number(1));
            publisher.publish(&other, number(round));
            assert_eq!(take(&mut first, 1).await, [number(round)]);
            assert_eq!(take(&mut second, 1).await, [number(round)], "each subscription gets it");
            drop(first);
            publisher.publish(&other, number(100));
            assert_eq!(take(&mut second, 1).await, [number(100)]);
        }
        // Three events of each round.
        eventually("the first subject's too", || broker.counters().received >= 15).await;
        assert_eq!(broker.counters().received, 15);
    });
}

#[test]
fn a_closed_broker_has_sent_what_waited_and_ends_its_subscriptions() {
    everywhere(|server| async move {
        let mut nodes = nodes(server.as_ref(), 2).await;
        for event in 0..1000 {
            nodes[0].0.publish(&subject(), number(event));
        }
        let (broker, mut subscription) = nodes.remove(0);
        assert_eq!(within("it closes", broker.close(Duration::from_secs(30))).await, 0);
        assert_eq!((within("it ends", subscription.next()).await, broker.state()), (None, State::Closed));
        assert_eq!(take(&mut nodes[0].1, 1000).await.len(), 1000);
        broker.publish(&subject(), number(0));
        assert_eq!(broker.counters().lost.closed, 1);
        assert_eq!(within("it ends", broker.subscribe(&subject()).next()).await, None);
    });
}

#[test]
fn a_slow_subscription_loses_its_own_events_and_no_others() {
    let events = 2_000;
    let slow = |limits| Limits { subscription_bytes: 1_000, ..limits };
    everywhere(|server| async move {
        let exchange = Exchange::new();
        let join = |limits| match &server {
            None => exchange.join(limits),
            Some(server) => connect(&server.url(), limits).expect("a broker"),
        };
        let (publisher, slow, quick) = (join(Limits::default()), join(slow(Limits::default())), join(Limits::default()));
        let (mut waits, mut takes) = (slow.subscribe(&subject()), quick.subscribe(&subject()));
        for subscription in [&waits, &takes] {
            within("active", subscription.active()).await;
        }
        for event in 0..events {
            publisher.publish(&subject(), number(event));
        }
        assert_eq!(take(&mut takes, 2_000).await.len(), 2_000);
        eventually("all came", || slow.counters().received == events).await;
        let lost = slow.counters().lost.slow_subscription;
        assert!(lost > 0 && slow.counters().lost.total() == lost, "{:?}", slow.counters());
        let came = take(&mut waits, usize::try_from(events - lost).expect("small")).await;
        assert_eq!(came, (0..events - lost).map(number).collect::<Vec<_>>());
        publisher.publish(&subject(), number(7));
        assert_eq!(take(&mut waits, 1).await, [number(7)], "it has room again");
    });
}

#[test]
fn a_hub_that_is_alone_reaches_nobody() {
    run(async {
        let exchange = Exchange::new();
        let broker = exchange.join(Limits::default());
        let _own = broker.subscribe(&subject());
        assert!(!broker.reaches_others(&subject()));
        let other = exchange.join(Limits::default());
        assert!(!broker.reaches_others(&subject()), "it does not listen");
        let subscription = other.subscribe(&subject());
        assert!(broker.reaches_others(&subject()));
        assert!(!broker.reaches_others(&Subject::new("syncgate.b").expect("a subject")));
        drop(subscription);
        assert!(!broker.reaches_others(&subject()));
        let _again = other.subscribe(&subject());
        drop(other);
        assert!(!broker.reaches_others(&subject()), "a broker that is dropped is closed");
    });
}

#[test]
fn a_broker_that_starts_before_its_server_sends_what_waited() {
    if crate::servers::skipped() {
        return;
    }
    for kind in crate::KINDS {
        run(async {
            let mut server = Server::new(kind, crate::Setup::Open);
            let (publisher, broker) = (node(&server.url()), node(&server.url()));
            let mut subscription = broker.subscribe(&subject());
            for event in 0..100 {
                publisher.publish(&subject(), number(event));
            }
            assert_eq!((publisher.state(), publisher.counters().waiting), (State::Disconnected, 100));
            server.start();
            connected(&broker).await;
            connected(&publisher).await;
            within("active", subscription.active()).await;
            // Who came first is chance; from now on everything arrives.
            eventually("sent", || publisher.counters().confirmed == 100).await;
            publisher.publish(&subject(), number(1_000));
            while take(&mut subscription, 1).await != [number(1_000)] {}
            assert_eq!(publisher.counters().lost.total(), 0);
        });
    }
}
