//! What can be set about the server. The defaults are AppSync's limits where it has them.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::realtime::RealtimeSettings;

pub use super::cors::Cors;

/// How the server listens and what it allows.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0 takes a free one.
    pub port: u16,
    /// The main switch of safety.
    pub mode: Mode,
    /// Which web pages may call the APIs.
    pub cors: Cors,
    /// Whose `x-forwarded-for` counts.
    pub trusted_proxies: Vec<crate::definition::IpRange>,
    /// How many bytes the body of a request may have.
    pub body_limit: usize,
    /// How many bytes the head of a request may have.
    pub header_limit: usize,
    /// How long an operation may take.
    pub request_timeout: Duration,
    /// How long a client may take to send the head of a request. A kept-alive connection that stays silent for this long is closed.
    pub header_read_timeout: Duration,
    /// How long a client may take for its part of a TLS handshake.
    pub handshake_timeout: Duration,
    /// How long a client may take to send the body of a request.
    pub body_read_timeout: Duration,
    /// How long a client may leave an answer unread before its connection is closed.
    pub write_timeout: Duration,
    /// How many connections are open at a time; further ones wait in the system's backlog.
    pub max_connections: usize,
    /// What bounds WebSockets.
    pub realtime: RealtimeSettings,
    /// How long requests in flight may take to finish when the server stops.
    pub shutdown_grace: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 4000,
            mode: Mode::Development,
            cors: Cors::default(),
            trusted_proxies: Vec::new(),
            body_limit: 1024 * 1024,
            header_limit: 64 * 1024,
            request_timeout: Duration::from_secs(30),
            header_read_timeout: Duration::from_secs(60),
            handshake_timeout: Duration::from_secs(10),
            body_read_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(60),
            max_connections: 10_000,
            realtime: RealtimeSettings::default(),
            shutdown_grace: Duration::from_secs(10),
        }
    }
}

/// What a server without protection may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// On a developer's machine: the pages under `/_upstream` exist, for loopback callers only.
    Development,
    /// Nothing but the APIs.
    Production,
}
