//! `ctx.identity.sourceIp`: what a client says about its address counts only as far as the definition trusts who passed it on.

use crate::harness::attack::{Request, exchange};
use crate::world::{ANN, ONE, World, signer};

/// The addresses that a resolver sees for a request with these headers.
fn seen(world: &World, headers: &[(&str, &str)]) -> String {
    let request = signer(ANN).sign(Request::post(ONE, "/graphql", "{ address }"));
    let request = headers.iter().fold(request, |request, (name, value)| request.with(name, value));
    let reply = exchange(world.server.address, &request);
    assert_eq!(reply.status, 200, "{reply:?}");
    let (_, list) = reply.body.split_once("\"address\":").expect("the field");
    list.trim_end_matches('}').to_owned()
}

#[test]
fn forged_forwarding_headers_do_not_move_the_source_address() {
    let world = World::with("");
    let forged: [&[(&str, &str)]; 9] = [
        &[],
        &[("x-forwarded-for", "203.0.113.9")],
        &[("x-forwarded-for", "203.0.113.9, 127.0.0.1")],
        &[("X-Forwarded-For", "203.0.113.9"), ("x-forwarded-for", "198.51.100.7")],
        &[("forwarded", "for=203.0.113.9;by=127.0.0.1;host=two.appsync-api.localhost")],
        &[("x-real-ip", "203.0.113.9"), ("x-client-ip", "203.0.113.9"), ("true-client-ip", "203.0.113.9")],
        &[("x-forwarded-for", "not an address")],
        &[("x-forwarded-host", "two.appsync-api.localhost"), ("x-forwarded-proto", "https")],
        &[("x-amzn-source-ip", "203.0.113.9"), ("cf-connecting-ip", "203.0.113.9")],
    ];
    for headers in forged {
        assert_eq!(seen(&world, headers), "[\"127.0.0.1\"]", "{headers:?}");
    }
}

#[test]
fn only_what_trusted_proxies_wrote_is_the_source_address() {
    let world = World::with("[server]\ntrusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]\n");
    for (headers, expected) in [
        (&[][..], "[\"127.0.0.1\"]"),
        (&[("x-forwarded-for", "203.0.113.9")], "[\"203.0.113.9\",\"127.0.0.1\"]"),
        // The client wrote the first entry.
        (&[("x-forwarded-for", "198.51.100.7, 203.0.113.9")], "[\"203.0.113.9\",\"127.0.0.1\"]"),
        (&[("x-forwarded-for", "198.51.100.7"), ("x-forwarded-for", "203.0.113.9")], "[\"203.0.113.9\",\"127.0.0.1\"]"),
        (&[("x-forwarded-for", "198.51.100.7, 203.0.113.9, 10.1.2.3")], "[\"203.0.113.9\",\"10.1.2.3\",\"127.0.0.1\"]"),
        // A client that claims to be a proxy of ours, seen by one that is.
        (&[("x-forwarded-for", "10.9.9.9, 203.0.113.9")], "[\"203.0.113.9\",\"127.0.0.1\"]"),
        (&[("x-forwarded-for", "\u{661}.2.3.4")], "[\"127.0.0.1\"]"),
        (&[("x-forwarded-for", "203.0.113.9 evil")], "[\"127.0.0.1\"]"),
        (&[("x-real-ip", "203.0.113.9"), ("forwarded", "for=203.0.113.9")], "[\"127.0.0.1\"]"),
    ] {
        assert_eq!(seen(&world, headers), expected, "{headers:?}");
    }
}
