//! Eclipse Paho for Python, by the script beside this file: its JavaScript sister is what AppSync's older SDKs hold.

use std::process::Command;

use bytes::Bytes;
use mqtt_session::{Grant, Limits, Reason, Version};

use super::server::{Server, Settings};
use super::{is_wanted, run, text};

const TOPIC: &str = "012345678901/api/onMessage/";

/// The Python that has Paho: the system's, whose package it is.
fn python() -> String {
    std::env::var("SYNCGATE_PYTHON_WITH_PAHO").unwrap_or_else(|_| "/usr/bin/python3".into())
}

/// Runs a scenario of the script, which fails if the client saw something else than it should.
fn check(scenario: &str, version: &str, server: &Server) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/paho_check.py");
    let port = server.address.port().to_string();
    let output = run(Command::new(python()).args([script, scenario, version, &port]), "python3-paho-mqtt");
    assert!(output.status.success(), "{scenario} {version}: {}{}", text(&output.stdout), text(&output.stderr));
}

fn server(messages: usize, limits: Limits) -> Server {
    let grant = Grant::new("client", [TOPIC]).expect("well-formed");
    let messages = (0..messages).map(|n| Bytes::from(format!("message {n}"))).collect();
    Server::start(Settings { grant, limits, messages })
}

#[test]
fn paho_subscribes_receives_pings_and_unsubscribes() {
    if !is_wanted("paho_subscribes_receives_pings_and_unsubscribes") {
        return;
    }
    for (name, version) in [("3.1", Version::V3_1), ("3.1.1", Version::V3_1_1)] {
        let server = server(500, Limits::default());
        check("whole", name, &server);
        let seen = server.seen();
        assert_eq!((seen.version, seen.end, seen.in_flight), (Some(version), Some(Reason::Disconnected), 0), "{seen:?}");
        assert_eq!((&seen.subscribed[..], &seen.unsubscribed[..]), (&[TOPIC.to_owned()][..], &[TOPIC.to_owned()][..]));
    }
}

#[test]
fn paho_that_acknowledges_nothing_is_cut_off() {
    if !is_wanted("paho_that_acknowledges_nothing_is_cut_off") {
        return;
    }
    let server = server(101, Limits { in_flight: 100, ..Limits::default() });
    check("cut", "3.1.1", &server);
    assert_eq!(server.seen().end, Some(Reason::Unacknowledged { limit: 100 }));
}

#[test]
fn paho_that_publishes_is_cut_off() {
    if !is_wanted("paho_that_publishes_is_cut_off") {
        return;
    }
    for version in ["3.1", "3.1.1"] {
        let server = server(0, Limits::default());
        check("publish", version, &server);
        assert_eq!(server.seen().end, Some(Reason::PublishRefused));
    }
}
