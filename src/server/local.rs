//! Whether a caller is on this machine, for what a developer's server shows without asking who it is.

use std::net::IpAddr;

use http::header::{FORWARDED, HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderValue, Uri};

use super::routes::{host, normalize};
use crate::http_client::is_loopback;

/// Why a caller is not on this machine, or is a web page of someone else: a peer, a `Host` (against DNS rebinding) and an `Origin`
/// must be on loopback, and no proxy in between.
pub(super) fn refusal(parts: &Parts, peer: IpAddr) -> Option<&'static str> {
    let headers = &parts.headers;
    if !peer.to_canonical().is_loopback() {
        return Some("the connection comes from elsewhere");
    }
    if headers.get_all(HOST).iter().count() > 1 || !is_loopback(&normalize(host(parts))) {
        return Some("the Host header names no loopback host");
    }
    let forwarded = ["x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];
    if headers.contains_key(FORWARDED) || forwarded.iter().any(|name| headers.contains_key(*name)) {
        return Some("the request was forwarded");
    }
    if headers.get_all(ORIGIN).iter().any(|origin| !is_local_origin(origin)) {
        return Some("the Origin is foreign");
    }
    None
}

/// Whether a page comes from this machine.
pub(super) fn is_local_origin(origin: &HeaderValue) -> bool {
    let uri = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    uri.as_ref().and_then(Uri::host).is_some_and(is_loopback)
}
