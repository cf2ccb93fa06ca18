//! What clients send in their upgrade requests, and what others might.

use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::*;
use crate::error::Error;

/// The header object of Amplify with an API key, and one whose base64 has every character that the alphabets differ in.
const API_KEY: &str = r#"{"host":"127.0.0.1:4000","x-amz-date":"20261122T075028Z","x-api-key":"da2-1"}"#;
const ODD: &str = r#"{"x-api-key":"da2-1","x":"~~~???>>>"}"#;

fn read(protocols: &[&str], query: &str) -> Handshake {
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", "of the upgrade".parse().expect("a header"));
    for list in protocols {
        headers.append(SEC_WEBSOCKET_PROTOCOL, list.parse().expect("a header"));
    }
    Handshake::read(&headers, query)
}

fn key(handshake: &Handshake) -> (&str, Source) {
    let credentials = handshake.credentials.as_ref().expect("credentials");
    (credentials.headers["x-api-key"].to_str().expect("text"), credentials.source)
}

fn refusal(handshake: Handshake) -> String {
    let refusal = handshake.credentials.expect_err("a refusal");
    assert_eq!(refusal.code, 400);
    refusal.error.message.expect("a message").into_owned()
}

#[test]
fn credentials_come_in_any_of_three_places() {
    for json in [API_KEY, ODD] {
        let (url_safe, standard) = (URL_SAFE_NO_PAD.encode(json), STANDARD.encode(json));
        let escaped = standard.replace('+', "%2B").replace('/', "%2f").replace('=', "%3D");
        // Amplify and the subscription link.
        for protocols in [
            &[format!("graphql-ws, header-{url_safe}")][..],
            &[format!("header-{url_safe},graphql-ws")],
            &["graphql-ws".to_owned(), format!("header-{url_safe}")],
            &[format!("graphql-ws, header-{standard}")],
            &[format!(" , graphql-ws ,, header-{url_safe}== ,mqtt").replace("==", &"=".repeat((4 - url_safe.len() % 4) % 4))],
        ] {
            let protocols: Vec<_> = protocols.iter().map(String::as_str).collect();
            let handshake = read(&protocols, "x-custom=1");
            assert_eq!(handshake.sub_protocol, Some("graphql-ws"), "never the one with the header");
            assert_eq!(key(&handshake), ("da2-1", Source::SubProtocol));
        }
        // aws-appsync and gql.
        for query in [
            format!("header={standard}&payload=e30="),
            format!("payload=e30%3D&header={escaped}"),
            format!("header={}", standard.trim_end_matches('=')),
            format!("a&b=&header={url_safe}&=c"),
        ] {
            let handshake = read(&["graphql-ws"], &query);
            assert_eq!(key(&handshake), ("da2-1", Source::Query), "{query}");
            assert_eq!(handshake.credentials.expect("credentials").payload, "{}");
        }
    }
    let handshake = read(&["graphql-ws"], "headers=e30=&payload=");
    assert_eq!(key(&handshake), ("of the upgrade", Source::Upgrade));
    assert_eq!(handshake.credentials.expect("credentials").payload, "{}");
}

/// Only then does a test of base64 with both alphabets and a plus in the query say something.
#[test]
fn the_odd_header_object_has_the_characters_that_differ() {
    let standard = STANDARD.encode(ODD);
    assert!(standard.contains('+') && standard.contains('/'), "{standard}");
}

#[test]
fn the_sub_protocol_counts_before_the_query_and_both_before_the_headers() {
    let header = |key: &str| URL_SAFE_NO_PAD.encode(format!(r#"{{"x-api-key":"{key}"}}"#));
    let query = format!("header={}", header("query"));
    let protocols = format!("graphql-ws, header-{}", header("protocol"));
    assert_eq!(key(&read(&[&protocols], &query)), ("protocol", Source::SubProtocol));
    assert_eq!(key(&read(&["graphql-ws"], &query)), ("query", Source::Query));
    assert_eq!(key(&read(&["graphql-ws"], "")), ("of the upgrade", Source::Upgrade));
}

#[test]
fn an_empty_header_object_holds_no_credentials() {
    for (protocols, query) in
        [("graphql-ws, header-", ""), ("graphql-ws", "header=&payload=e30="), ("graphql-ws, header-e30", "")]
    {
        let credentials = read(&[protocols], query).credentials.expect("to be judged");
        assert!(credentials.headers.is_empty(), "and not those of the upgrade");
    }
}

#[test]
fn a_payload_is_what_the_signature_covers() {
    let query = format!("header=e30=&payload={}", STANDARD.encode(r#"{"a":1}"#));
    assert_eq!(read(&["graphql-ws"], &query).credentials.expect("credentials").payload, r#"{"a":1}"#);
}

#[test]
fn no_other_sub_protocol_is_spoken() {
    for (protocols, error) in [
        (&[][..], Refusal::no_protocol()),
        (&[" , "], Refusal::no_protocol()),
        (&["graphql-transport-ws"], Refusal::sub_protocol_not_supported()),
        (&["header-e30"], Refusal::sub_protocol_not_supported()),
        (&["GraphQL-WS"], Refusal::sub_protocol_not_supported()),
    ] {
        let handshake = read(protocols, "header=e30=");
        assert_eq!((handshake.sub_protocol, handshake.credentials.err()), (None, Some(error)), "{protocols:?}");
    }
}

#[test]
fn what_cannot_be_read_is_said_and_not_shown() {
    let long = format!("graphql-ws, header-{}", URL_SAFE_NO_PAD.encode(vec![b' '; MAX_CREDENTIAL_BYTES + 1]));
    let large = format!("payload={}", STANDARD.encode(format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_PAYLOAD_BYTES))));
    for (protocols, query, message) in [
        ("graphql-ws, header-c2VjcmV0", "", "The header object is not JSON"),
        ("graphql-ws, header-secret!", "", "The sub-protocol header-… is not base64"),
        ("graphql-ws, header-e", "", "The sub-protocol header-… is not base64"),
        ("graphql-ws, header-e30, header-e30", "", "several sub-protocols"),
        ("graphql-ws", "header=e30=&header=e30=", "'header' comes several times"),
        ("graphql-ws", "header=secret%zz", "The query parameter 'header' is not base64"),
        ("graphql-ws", "header=e30%", "The query parameter 'header' is not base64"),
        ("graphql-ws", "header=e30=&payload=W10=", "'payload' is not the base64 of a JSON object"),
        ("graphql-ws", "header=e30=&payload=secret!", "'payload' is not the base64 of a JSON object"),
        ("graphql-ws", "payload=e30=&payload=e30=", "'payload' comes several times"),
        ("graphql-ws", &large, "'payload' is not the base64 of a JSON object"),
        (&long, "", "is not base64 of at most 65536 bytes"),
    ] {
        let found = refusal(read(&[protocols], query));
        assert!(found.contains(message), "{found} <> {message}");
        assert!(!found.contains("secret"), "{found}");
    }
}

#[test]
fn debug_output_shows_no_credential() {
    let handshake = read(&[&format!("graphql-ws, header-{}", URL_SAFE_NO_PAD.encode(API_KEY))], "");
    assert!(!format!("{handshake:?}").contains("da2"));
    assert!(!format!("{:?}", read(&["graphql-ws"], "")).contains("of the upgrade"));
    let refusal = Refusal { error: Error::default(), code: 400 };
    assert_ne!(Some(refusal), handshake.credentials.err());
}

#[test]
fn the_host_is_that_of_the_endpoint() {
    let handshake = read(&[&format!("graphql-ws, header-{}", URL_SAFE_NO_PAD.encode(API_KEY))], "");
    assert_eq!(handshake.credentials.expect("credentials").host(), Some("127.0.0.1:4000"));
}

#[test]
fn signatures_cover_the_paths_of_the_endpoint() {
    for (path, connect, start) in [
        ("/graphql/realtime", "/graphql/connect", "/graphql"),
        ("/graphql", "/graphql/connect", "/graphql"),
        ("/v1/graphql/realtime", "/v1/graphql/connect", "/v1/graphql"),
        ("/realtime", "/connect", ""),
    ] {
        assert_eq!(signed_paths(path), (connect.to_owned(), start.to_owned()));
    }
}
