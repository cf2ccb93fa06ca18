//! `mosquitto_sub` and `mosquitto_pub`.

use std::process::{Command, Output};
use std::time::Duration;

use bytes::Bytes;
use mqtt_session::{ConnectRefusal, Grant, Limits, Reason, Version};

use super::server::{Server, Settings};
use super::{is_wanted, run, text};

const CLIENT: &str = "abcdefghijklmnopqrstuvwxyz";
const NOTES: &str = "012345678901/api/onNote/";
const MESSAGES: &str = "012345678901/api/onMessage/0f0f";

const VERSIONS: [(&str, Version); 2] = [("mqttv31", Version::V3_1), ("mqttv311", Version::V3_1_1)];

fn server(messages: &[Bytes], limits: Limits) -> Server {
    let grant = Grant::new(CLIENT, [NOTES, MESSAGES]).expect("well-formed");
    Server::start(Settings { grant, limits, messages: messages.to_vec() })
}

/// Runs one of the programs as the granted client, if the arguments name no other.
fn client(program: &str, server: &Server, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    let port = server.address.port().to_string();
    command.args(["-h", "127.0.0.1", "-p", &port]);
    if !arguments.contains(&"-i") {
        command.args(["-i", CLIENT]);
    }
    run(command.args(arguments), "mosquitto-clients")
}

#[test]
fn mosquitto_receives_every_message_in_order() {
    if !is_wanted("mosquitto_receives_every_message_in_order") {
        return;
    }
    // Short ones, and one with three digits of length.
    let mut messages = (0..200).map(|n| format!(r#"{{"data":{{"onNote":{{"n":{n}}}}}}}"#)).collect::<Vec<_>>();
    messages.push("x".repeat(100_000));
    let payloads = messages.iter().cloned().map(Bytes::from).collect::<Vec<_>>();
    for (name, version) in VERSIONS {
        // QoS 2 is granted as QoS 1.
        for qos in ["0", "1", "2"] {
            let server = server(&payloads, Limits::default());
            let count = (2 * messages.len()).to_string();
            let output =
                client("mosquitto_sub", &server, &["-V", name, "-q", qos, "-t", NOTES, "-t", MESSAGES, "-C", &count, "-v"]);
            assert!(output.status.success(), "{name}, QoS {qos}: {}", text(&output.stderr));
            let lines = |topic: &str| messages.iter().map(|message| format!("{topic} {message}\n")).collect::<String>();
            assert_eq!(text(&output.stdout), lines(NOTES) + &lines(MESSAGES), "{name}, QoS {qos}");
            let seen = server.seen();
            assert_eq!((seen.version, seen.end), (Some(version), Some(Reason::Disconnected)), "{name}, QoS {qos}");
            assert_eq!(seen.subscribed, [NOTES, MESSAGES]);
        }
    }
}

#[test]
fn mosquitto_understands_a_refused_topic() {
    if !is_wanted("mosquitto_understands_a_refused_topic") {
        return;
    }
    for (name, _) in VERSIONS {
        for topic in ["#", "012345678901/api/+/", "012345678901/api/onSecret/"] {
            let server = server(&[], Limits::default());
            let output = client("mosquitto_sub", &server, &["-V", name, "-t", topic]);
            let said = text(&output.stdout) + &text(&output.stderr);
            assert!(said.contains("All subscription requests were denied."), "{name} {topic}: {said}");
            let seen = server.seen();
            assert_eq!((&seen.subscribed[..], seen.end), (&[][..], Some(Reason::Disconnected)));
        }
    }
}

#[test]
fn mosquitto_understands_a_refused_connect() {
    if !is_wanted("mosquitto_understands_a_refused_connect") {
        return;
    }
    let cases: [(&[&str], &str, ConnectRefusal); 4] = [
        (&["-V", "mqttv31", "-i", "stranger"], "identifier rejected", ConnectRefusal::ClientId),
        (&["-V", "mqttv311", "-i", "stranger"], "identifier rejected", ConnectRefusal::ClientId),
        (
            &["-V", "mqttv311", "--will-topic", NOTES, "--will-payload", "gone", "--will-qos", "1"],
            "not authorised",
            ConnectRefusal::Will,
        ),
        (&["-V", "mqttv5"], "", ConnectRefusal::Version { level: 5 }),
    ];
    for (arguments, expected, refusal) in cases {
        let server = server(&[], Limits::default());
        let output = client("mosquitto_sub", &server, &[arguments, &["-t", NOTES]].concat());
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(!output.status.success() && said.contains(expected), "{arguments:?}: {said}");
        assert_eq!(server.seen().end, Some(Reason::Refused(refusal)));
    }
}

#[test]
fn mosquitto_unsubscribes() {
    if !is_wanted("mosquitto_unsubscribes") {
        return;
    }
    for (name, _) in VERSIONS {
        let server = server(&[Bytes::from_static(b"note")], Limits::default());
        let output =
            client("mosquitto_sub", &server, &["-V", name, "-q", "1", "-t", NOTES, "-U", MESSAGES, "-U", NOTES, "-W", "2"]);
        assert_eq!(text(&output.stdout), "note\n", "{}", text(&output.stderr));
        let seen = server.seen();
        assert_eq!((&seen.subscribed[..], seen.in_flight), (&[NOTES.to_owned()][..], 0), "{seen:?}");
        assert_eq!(seen.end, Some(Reason::Disconnected));
    }
}

#[test]
fn mosquitto_publishes_nothing() {
    if !is_wanted("mosquitto_publishes_nothing") {
        return;
    }
    for (name, _) in VERSIONS {
        let server = server(&[], Limits::default());
        let output = client("mosquitto_pub", &server, &["-V", name, "-q", "1", "-t", NOTES, "-m", "forged", "--repeat", "1"]);
        // It sees its connection go and tries again, or gives up: that is its own affair.
        assert!(!text(&output.stdout).contains("forged"));
        assert_eq!(server.seen().end, Some(Reason::PublishRefused));
    }
}

#[test]
fn pings_of_mosquitto_keep_its_session() {
    if !is_wanted("pings_of_mosquitto_keep_its_session") {
        return;
    }
    // Its shortest keep-alive is 5 seconds, and so it pings after five: a session that did not count pings would end before
    // the 9 seconds are over.
    let limits = Limits { keep_alive: 1..=5, ..Limits::default() };
    let server = server(&[Bytes::from_static(b"note")], limits);
    let output = client("mosquitto_sub", &server, &["-V", "mqttv31", "-k", "5", "-t", NOTES, "-W", "9"]);
    assert_eq!(text(&output.stdout), "note\n", "{}", text(&output.stderr));
    assert_eq!(server.seen().end, Some(Reason::Disconnected));
}

#[test]
fn mosquitto_that_does_not_ping_in_time_is_gone() {
    if !is_wanted("mosquitto_that_does_not_ping_in_time_is_gone") {
        return;
    }
    // It asks for 60 seconds, and gets less.
    let server = server(&[], Limits { keep_alive: 1..=1, ..Limits::default() });
    let output = client("mosquitto_sub", &server, &["-V", "mqttv31", "-k", "60", "-t", NOTES, "-W", "3"]);
    assert_eq!(text(&output.stdout), "");
    assert_eq!(server.seen().end, Some(Reason::KeepAliveTimeout { limit: Duration::from_millis(1500) }));
}
