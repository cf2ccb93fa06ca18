//! Passwords, certificates, and what is said about them.

use std::time::Duration;

use broker::{Limits, State, connect};

use crate::servers::{Kind, PASSWORD, Server, Setup, skipped};
use crate::{KINDS, connected, eventually, logs, node, number, run, subject, take, within};

fn with_setup<T: Future<Output = ()>>(setup: Setup, test: impl Fn(Server) -> T) {
    if !skipped() {
        for kind in KINDS {
            run(test(Server::started(kind, setup)));
        }
    }
}

#[test]
fn a_password_opens_the_server_and_is_never_shown() {
    with_setup(Setup::Password, |server| async move {
        let (publisher, broker) = (node(&server.url_with(PASSWORD)), node(&server.url_with(PASSWORD)));
        let mut subscription = broker.subscribe(&subject());
        within("active", subscription.active()).await;
        publisher.publish(&subject(), number(1));
        assert_eq!(take(&mut subscription, 1).await, [number(1)]);
        assert!(!format!("{publisher:?} {:?}", publisher.counters()).contains(PASSWORD));

        let port = server.port.to_string();
        let said = match server.kind {
            Kind::Nats => ["authorization violation"; 2],
            Kind::Redis => ["NOAUTH", "WRONGPASS"],
        };
        for (url, said) in [server.url(), server.url_with("never-to-be-shown-either")].into_iter().zip(said) {
            let refused = node(&url);
            let says = |line: &str| ["cannot be reached", &port, said].iter().all(|part| line.contains(part));
            eventually("it is said why", || logs::any(says)).await;
            assert_eq!(refused.state(), State::Disconnected);
            refused.publish(&subject(), number(2));
            assert_eq!(within("it closes", refused.close(Duration::ZERO)).await, 1);
        }
        assert!(!logs::any(|line| line.contains("never-to-be-shown")));
    });
}

#[test]
fn tls_checks_the_server_and_shows_our_certificate() {
    with_setup(Setup::Tls, |server| async move {
        let mut nodes = Vec::new();
        for host in ["127.0.0.1", "localhost"] {
            let broker = node(&server.tls_url(host, true));
            let subscription = broker.subscribe(&subject());
            within("active", subscription.active()).await;
            connected(&broker).await;
            nodes.push((broker, subscription));
        }
        nodes[0].0.publish(&subject(), number(1));
        assert_eq!(take(&mut nodes[1].1, 1).await, [number(1)]);

        let stranger = node(&server.tls_url("localhost", false));
        let port = format!("localhost:{}", server.port);
        eventually("it is said why", || {
            logs::any(|line| line.contains("cannot be reached") && line.contains(&port) && line.contains("UnknownIssuer"))
        })
        .await;
        assert_eq!((stranger.state(), stranger.counters().connects), (State::Disconnected, 0));
    });
}

#[test]
fn a_broker_needs_a_runtime() {
    let error = connect("nats://127.0.0.1:1", Limits::default()).expect_err("refused");
    assert!(error.to_string().contains("runtime"), "{error}");
}
