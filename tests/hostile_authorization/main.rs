//! Requests of people who have no business here: each is refused as AppSync refuses it, and no resolver runs.
//!
//! One server, written against by hand, byte by byte, where a client library would tidy the attack away. Every field of its APIs is
//! resolved by an upstream that counts, so that a row which is let in by mistake is seen even if its answer looks right. Rows of
//! requests that are accepted stand beside them: they show that an attack differs from them in what it attacks only.
//!
//! What waits for real-time subscriptions is not here: a header object of a WebSocket whose host is none of the API's.

#[path = "../harness/mod.rs"]
mod harness;

mod api_keys;
mod authorizers;
mod claims;
mod issuer;
mod properties;
mod requests;
mod secrecy;
mod signatures;
mod source_addresses;
mod tokens;
mod world;

use harness::attack::Suite;
use world::World;

/// The least number of hostile rows.
const LEAST: usize = 200;

#[test]
fn hostile_requests_are_refused_and_no_resolver_runs() {
    let world = World::start();
    let mut suite = Suite::new(world.server.address, &world.counter);
    api_keys::rows(&mut suite);
    signatures::rows(&mut suite);
    requests::rows(&mut suite);
    suite.end();
    // The counter counts: it has seen what was accepted, and nothing else.
    assert_eq!(world.counter.hits(), suite.accepted, "requests that were let in");
    assert!(suite.accepted >= 20 && suite.refused >= LEAST, "{} accepted, {} refused", suite.accepted, suite.refused);
    suite.check_secrecy(&world.server, &world::SECRETS);
}
