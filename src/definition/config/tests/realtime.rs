//! `[realtime]`.

use super::*;
use crate::definition::{RealtimeSettings, Secret};

#[test]
fn the_settings_are_read() {
    let folder = complete(COMPLETE);
    let definition = load(folder.path(), &[]).definition.expect("it is valid");
    assert_eq!(definition.server.max_connections, 20_000);
    let realtime = RealtimeSettings {
        broker: Some(Secret::new("nats://app:nats-password@127.0.0.1:4222")),
        mqtt: false,
        subscriptions_per_connection: 100,
        max_connections: Some(5_000),
        payload_limit: 100 << 10,
        message_limit: 64 << 10,
        outbox_limit: 4 << 20,
        connection_age: Duration::from_secs(7_200),
        keep_alive: Duration::from_secs(30),
    };
    assert_eq!(definition.realtime, realtime);
}

#[test]
fn bounds_of_subscribers_are_not_nothing_and_fit_each_other() {
    for (setting, expected) in [
        ("mqtt = true", None),
        ("keep_alive = \"0s\"", Some("invalid-value 6:14")),
        ("keep_alive = \"65s\"", None),
        ("keep_alive = \"66s\"", Some("keep-alive 6:14")),
        ("connection_age = \"0s\"", Some("invalid-value 6:18")),
        ("subscriptions_per_connection = 0", Some("invalid-value 6:32")),
        ("subscriptions_per_connection = 100001", Some("invalid-value 6:32")),
        ("payload_limit = \"0KiB\"", Some("invalid-value 6:17")),
        ("message_limit = \"0KiB\"", Some("invalid-value 6:17")),
        ("outbox_limit = \"0KiB\"", Some("invalid-value 6:16")),
        ("outbox_limit = \"200KiB\"", Some("outbox-limit 6:16")),
        ("payload_limit = \"3MiB\"", Some("outbox-limit 5:1")),
        ("brokers = 1", Some("unknown-key 6:1")),
    ] {
        check(&format!("[realtime]\n{setting}\n"), expected.as_slice());
    }
    check("[server]\nmax_connections = 0\n", &["invalid-value 6:19"]);
}

#[test]
fn a_broker_is_judged_without_being_asked_and_its_password_is_not_shown() {
    for (url, is_one) in [
        ("nats://127.0.0.1:4222", true),
        ("nats://app:hunter2@10.0.0.1,10.0.0.2", true),
        ("tls://nats.example.com", true),
        ("redis://:hunter2@127.0.0.1/1", true),
        ("rediss://app:hunter2@redis.example.com:6380", true),
        ("127.0.0.1:4222", false),
        ("amqp://app:hunter2@127.0.0.1", false),
        ("redis://app:hunter2@127.0.0.1:many", false),
        ("redis://app:hunter2@", false),
        ("nats://app:hunter2@127.0.0.1?password=x", false),
    ] {
        let expected: &[&str] = if is_one { &[] } else { &["invalid-value 6:10"] };
        let config = format!("{API}[realtime]\nbroker = \"{url}\"\n");
        let folder = folder(&[("config.toml", &config)]);
        let loaded = load(folder.path(), &[]);
        assert_eq!(found(folder.path(), &loaded), expected, "{url}");
        // The line of the file is shown below a finding, as it is for every other key.
        let said: Vec<_> =
            loaded.diagnostics.iter().map(|diagnostic| format!("{} {:?}", diagnostic.message, diagnostic.help)).collect();
        assert!(!said.concat().contains("hunter2"), "{said:?}");
        assert!(!format!("{:?}", loaded.definition).contains("hunter2"), "{url}");
    }
}
