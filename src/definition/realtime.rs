//! Subscriptions over WebSocket and MQTT, and how nodes hear of each other's mutations: `[realtime]`.

use std::time::Duration;

use super::Secret;

/// What bounds subscribers, and what connects the nodes: `[realtime]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RealtimeSettings {
    /// `broker`: the URL of what carries events between the nodes that serve the same APIs, `nats://…` or `redis://…`. Default: none,
    /// this process is alone.
    pub broker: Option<Secret>,
    /// `mqtt`: whether MQTT over WebSocket is served, which AppSync had until 2022 and the SDKs of that time speak. Default `true`.
    pub mqtt: bool,
    /// `max_connections`: how many WebSockets are open at a time; further ones are answered 503. Default: four fifths of the server's
    /// `max_connections`, so that requests have room beside them.
    pub max_connections: Option<u32>,
    /// `subscriptions_per_connection`: AppSync's quota. Default 200.
    pub subscriptions_per_connection: u32,
    /// `payload_limit`: the largest payload of a subscription, AppSync's 240 KB. Default `240KiB`.
    pub payload_limit: u64,
    /// `message_limit`: the largest message that a client may send. The documents and variables of all subscriptions of a connection
    /// may be twice as long together. Default `1MiB`.
    pub message_limit: u64,
    /// `outbox_limit`: how many bytes may wait for a client that reads slowly before its connection is closed. Default `2MiB`.
    pub outbox_limit: u64,
    /// `connection_age`: when a connection is closed however it is used, AppSync's 24 hours. Default `1d`.
    pub connection_age: Duration,
    /// `keep_alive`: how often a connection gets its `ka`, AppSync's minute. Default `60s`.
    pub keep_alive: Duration,
}

impl Default for RealtimeSettings {
    fn default() -> Self {
        Self {
            broker: None,
            mqtt: true,
            max_connections: None,
            subscriptions_per_connection: 200,
            payload_limit: 240 << 10,
            message_limit: 1 << 20,
            outbox_limit: 2 << 20,
            connection_age: Duration::from_secs(86_400),
            keep_alive: Duration::from_secs(60),
        }
    }
}
