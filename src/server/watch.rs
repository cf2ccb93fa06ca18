//! Who may look into a request: `x-syncgate-trace`, `x-syncgate-record`, and what errors say beyond AppSync's words.
//!
//! In production there is nothing to see, and the headers mean as little as any other that nobody knows. In development callers on
//! this machine see everything; others, who reach a server that was opened to a network, are told why they do not.

use std::net::IpAddr;

use http::request::Parts;

use super::{Mode, local};
use crate::trace::Watch;

/// Asks for `extensions.trace`.
const TRACE: &str = "x-syncgate-trace";
/// Asks for `extensions.record`.
const RECORD: &str = "x-syncgate-record";

/// What this request may see, and asks for.
pub(super) fn watch(mode: Mode, parts: &Parts, peer: IpAddr) -> Watch {
    if mode == Mode::Production {
        return Watch::default();
    }
    let asks = |name: &str| parts.headers.get(name).is_some_and(|value| value == "1" || value == "true");
    let (trace, record) = (asks(TRACE), asks(RECORD));
    match local::refusal(parts, peer) {
        None => Watch { trace, record, details: true, refused: None },
        Some(reason) => Watch { refused: (trace || record).then_some(reason), ..Watch::default() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_developers_on_this_machine_see_anything() {
        let check = |mode: Mode, peer: &str, headers: &[(&str, &str)], expected: Watch| {
            let mut request = http::Request::builder().uri("/graphql").header("host", "localhost:4000");
            for (name, text) in headers {
                request = request.header(*name, *text);
            }
            let parts = request.body(()).expect("a request").into_parts().0;
            assert_eq!(watch(mode, &parts, peer.parse().expect("an address")), expected, "{mode:?} {peer} {headers:?}");
        };
        let (here, nothing) = ("127.0.0.1", Watch::default());
        let details = Watch { details: true, ..nothing };
        check(Mode::Development, here, &[], details);
        check(Mode::Development, here, &[(TRACE, "1")], Watch { trace: true, ..details });
        check(Mode::Development, here, &[(TRACE, "0")], details);
        check(Mode::Development, "::1", &[(RECORD, "1")], Watch { record: true, ..details });
        check(Mode::Development, "192.0.2.1", &[], nothing);
        let refused = Some("the connection comes from elsewhere");
        check(Mode::Development, "192.0.2.1", &[(TRACE, "1")], Watch { refused, ..nothing });
        let refused = Some("the Origin is foreign");
        check(Mode::Development, here, &[(TRACE, "1"), ("origin", "https://evil.test")], Watch { refused, ..nothing });
        let refused = Some("the request was forwarded");
        check(Mode::Development, here, &[(TRACE, "1"), ("x-forwarded-for", "127.0.0.1")], Watch { refused, ..nothing });
        check(Mode::Production, here, &[(TRACE, "1"), (RECORD, "1")], nothing);
    }
}
