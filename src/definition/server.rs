//! How the process listens and what it bounds: `[server]`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use value::Str;

use super::Secret;

/// The settings of the process: `[server]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// `host`: the address to listen on. Default `127.0.0.1`.
    pub host: IpAddr,
    /// `port`: the TCP port; 0 lets the system choose. Default 4000.
    pub port: u16,
    /// `mode`: the main switch of safety. Default `development` on a loopback host, else `production`.
    pub mode: Mode,
    /// `data`: the folder of everything the server stores; relative to the configuration file. Default `.syncgate`.
    pub data: PathBuf,
    /// `request_timeout`: how long one request may take, AppSync's 30 seconds. Default `30s`.
    pub request_timeout: Duration,
    /// `request_body_limit`: the largest request body, in bytes. Default `1MiB`.
    pub request_body_limit: u64,
    /// `response_limit`: the largest response, in bytes. Default `5MiB`.
    pub response_limit: u64,
    /// `shutdown_grace`: how long open requests may finish after the signal to stop. Default `10s`.
    pub shutdown_grace: Duration,
    /// `secret`: what keys of tokens are derived from, at least 32 characters; absent: one that the data folder keeps.
    pub secret: Option<Secret>,
    /// `--ephemeral`: nothing is stored, the data folder is not touched. Default `false`.
    pub ephemeral: bool,
    /// `[server.cors]`: what browsers of other origins may do.
    pub cors: Cors,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 4000,
            mode: Mode::Development,
            data: PathBuf::from(".syncgate"),
            request_timeout: Duration::from_secs(30),
            request_body_limit: 1 << 20,
            response_limit: 5 << 20,
            shutdown_grace: Duration::from_secs(10),
            secret: None,
            ephemeral: false,
            cors: Cors::default(),
        }
    }
}

/// The main switch of safety: conveniences that are harmless on one's own machine exist in development only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One person's machine.
    Development,
    /// Anything that others can reach.
    Production,
}

/// Cross-origin requests: `[server.cors]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cors {
    /// `allowed_origins`: origins that may call from a browser; `*` is every one, as AppSync answers. Default `["*"]`.
    pub allowed_origins: Vec<Str>,
    /// `max_age`: how long a browser may remember a preflight answer. Default `2d`.
    pub max_age: Duration,
}

impl Default for Cors {
    fn default() -> Self {
        Self { allowed_origins: vec!["*".into()], max_age: Duration::from_secs(172_800) }
    }
}
