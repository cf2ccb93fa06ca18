//! Where a request comes from: `ctx.identity.sourceIp`.
//!
//! The other end of the connection cannot lie about its address; `x-forwarded-for` says what it likes. Its entries count as far as
//! they were written by proxies that the definition trusts (`trusted_proxies`), from the last one back to the first address that is
//! none of them: that is the client.

use std::net::IpAddr;

use http::HeaderMap;
use value::Str;

use crate::definition::IpRange;

/// How many entries of `x-forwarded-for` are looked at.
const MOST_ENTRIES: usize = 32;

/// The addresses the request came by, the client's first.
pub(super) fn source_ip(peer: IpAddr, headers: &HeaderMap, trusted: &[IpRange]) -> Vec<Str> {
    let is_trusted = |address: IpAddr| trusted.iter().any(|range| range.contains(address));
    let mut path = vec![peer.to_canonical()];
    if is_trusted(path[0]) {
        // Several header lines are one list (RFC 9110 §5.3).
        let lines = headers.get_all("x-forwarded-for").iter().rev();
        // What is no text is an entry that is no address: passed over, it would hand the word to what stands before it.
        let entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        let entries = entries.map(|entry| std::str::from_utf8(entry).unwrap_or_default().trim()).take(MOST_ENTRIES);
        for entry in entries {
            let Some(address) = address(entry) else { break };
            path.push(address);
            if !is_trusted(address) {
                break;
            }
        }
    }
    path.iter().rev().map(|address| Str::from(address.to_string())).collect()
}

/// An entry: an address, perhaps with a port.
fn address(entry: &str) -> Option<IpAddr> {
    let parsed = entry.parse().ok().or_else(|| entry.parse().ok().map(|address: std::net::SocketAddr| address.ip()));
    parsed.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_entries_of_trusted_proxies_count() {
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|range| range.parse().expect("a range"));
        for (peer, forwarded, expected) in [
            ("203.0.113.9", &[][..], "203.0.113.9"),
            // Forged: the peer is no proxy of ours.
            ("203.0.113.9", &["1.2.3.4"][..], "203.0.113.9"),
            ("10.0.0.1", &["1.2.3.4"], "1.2.3.4 10.0.0.1"),
            // The client forged the first entry; our proxy wrote the second.
            ("10.0.0.1", &["9.9.9.9, 1.2.3.4"], "1.2.3.4 10.0.0.1"),
            ("10.0.0.1", &["9.9.9.9, 1.2.3.4, 10.0.0.2"], "1.2.3.4 10.0.0.2 10.0.0.1"),
            ("10.0.0.1", &["9.9.9.9", "1.2.3.4", "10.0.0.2"], "1.2.3.4 10.0.0.2 10.0.0.1"),
            ("10.0.0.1", &["1.2.3.4:5678"], "1.2.3.4 10.0.0.1"),
            ("10.0.0.1", &["[2001:db8::1]:443"], "2001:db8::1 10.0.0.1"),
            ("::ffff:10.0.0.1", &["1.2.3.4"], "1.2.3.4 10.0.0.1"),
            ("fd00::1", &["unknown, 10.0.0.2"], "10.0.0.2 fd00::1"),
            ("10.0.0.1", &["unknown"], "10.0.0.1"),
            // The client forged the first line, and damaged the one that our proxy appends to.
            ("10.0.0.1", &["9.9.9.9", "\u{661}"], "10.0.0.1"),
            ("10.0.0.1", &["9.9.9.9", "\u{661}, 1.2.3.4"], "1.2.3.4 10.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            for line in forwarded {
                headers.append("x-forwarded-for", HeaderValue::from_bytes(line.as_bytes()).expect("a header"));
            }
            let found = source_ip(peer.parse().expect("an address"), &headers, &trusted);
            assert_eq!(found.join(" "), expected, "{peer} {forwarded:?}");
        }
    }
}
