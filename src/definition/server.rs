//! How the process listens and what it bounds: `[server]`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use value::Str;

use super::Secret;
use crate::diagnostic::Place;

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
    /// `max_connections`: how many connections are open at a time, WebSockets included; further ones wait. Default 10000.
    pub max_connections: u32,
    /// `shutdown_grace`: how long open requests may finish after the signal to stop. Default `10s`.
    pub shutdown_grace: Duration,
    /// `secret`: what keys of tokens are derived from, at least 32 characters; absent: one that the data folder keeps.
    pub secret: Option<Secret>,
    /// `--ephemeral`: nothing is stored, the data folder is not touched. Default `false`.
    pub ephemeral: bool,
    /// `trusted_proxies`: whose `x-forwarded-for` counts for `ctx.identity.sourceIp`. Default none.
    pub trusted_proxies: Vec<IpRange>,
    /// `[server.cors]`: what browsers of other origins may do.
    pub cors: Cors,
    /// `[server.tls]`: the certificate of HTTPS.
    pub tls: Tls,
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
            max_connections: 10_000,
            shutdown_grace: Duration::from_secs(10),
            secret: None,
            ephemeral: false,
            trusted_proxies: Vec::new(),
            cors: Cors::default(),
            tls: Tls::default(),
        }
    }
}

/// TLS on the port that HTTP has: `[server.tls]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// `certificate` and `private_key`. Without, development has a certificate of its own, and production no TLS.
    pub given: Option<GivenCertificate>,
    /// `names`: further host names and addresses of the certificate that development has of its own. Default none.
    pub names: Vec<Str>,
}

/// A certificate that somebody issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenCertificate {
    /// `certificate`: the server's certificate and those between it and its authority, in PEM.
    pub certificate: NamedFile,
    /// `private_key`: its key, in PEM.
    pub private_key: NamedFile,
}

/// A file, and where it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// Where it is.
    pub path: PathBuf,
    /// The key's value.
    pub place: Place,
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

/// Addresses that begin alike: one address, or a range in CIDR notation (RFC 4632).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpRange {
    first: IpAddr,
    /// How many leading bits are fixed.
    prefix: u32,
}

impl IpRange {
    /// Whether the address is one of them. An IPv4 address that is written as IPv6 is the same address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let differ = u32::from(first) ^ u32::from(address);
                differ.leading_zeros() >= self.prefix
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let differ = u128::from(first) ^ u128::from(address);
                differ.leading_zeros() >= self.prefix
            }
            _ => false,
        }
    }
}

impl std::str::FromStr for IpRange {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let first: IpAddr = address.parse().map_err(|_| ())?;
        let longest = if first.is_ipv4() { 32 } else { 128 };
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = match prefix {
            None => longest,
            Some(prefix) if is_number(prefix) => prefix.parse().ok().filter(|prefix| *prefix <= longest).ok_or(())?,
            Some(_) => return Err(()),
        };
        Ok(Self { first, prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_the_addresses_that_begin_alike() {
        for (range, address, holds) in [
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("0.0.0.0/0", "::1", false),
            ("2001:db8::/32", "2001:db8:1::", true),
            ("2001:db8::/32", "2001:db9::", false),
            ("::1", "::1", true),
        ] {
            let parsed: IpRange = range.parse().expect("a range");
            assert_eq!(parsed.contains(address.parse().expect("an address")), holds, "{range} {address}");
        }
        for text in ["", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "::/129", "example.com"] {
            assert!(text.parse::<IpRange>().is_err(), "{text}");
        }
    }
}
