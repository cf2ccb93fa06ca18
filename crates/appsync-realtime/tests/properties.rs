//! Laws of a connection that hold whatever the client sends, whenever the host answers, and however time passes.

#[path = "driver/mod.rs"]
mod driver;

use appsync_realtime::{ClientMessage, Handshake, frame};
use proptest::prelude::*;
use value::Value;

/// A script that opens a connection first, so that most of it is about subscriptions.
fn opened(rest: &[u8]) -> Vec<u8> {
    [&[0, 0, 8][..], rest].concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn any_script_of_events_keeps_the_rules(script in prop::collection::vec(any::<u8>(), 0..400)) {
        driver::play(&script);
        driver::play(&opened(&script));
    }

    /// Small numbers choose steps, ids and keys without many bytes that only change lengths and times.
    #[test]
    fn any_dense_script_keeps_the_rules(script in prop::collection::vec(0u8..16, 0..600)) {
        driver::play(&script);
        driver::play(&opened(&script));
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let ClientMessage::Invalid { id: None, .. } = ClientMessage::parse(&bytes) else {
            return Err(TestCaseError::fail("no random bytes are a message"));
        };
    }

    #[test]
    fn any_id_makes_frames_of_json(id in any::<String>(), payload in "[a-z]{0,9}") {
        let payload = Value::from(payload.as_str()).to_json();
        for (text, kind) in [
            (frame::data(&id, payload.as_bytes()), "data"),
            (frame::start_ack(&id), "start_ack"),
            (frame::complete(&id), "complete"),
        ] {
            let message = Value::parse(&text).expect("JSON");
            prop_assert_eq!(message.at(&["id"]).as_str(), Some(id.as_str()));
            prop_assert_eq!(message.at(&["type"]).as_str(), Some(kind));
        }
    }

    /// A header object is found again wherever a client puts it, in either alphabet, padded or not.
    #[test]
    fn any_header_object_is_found(value in "[ -~]{0,60}", url_safe: bool, padded: bool, in_query: bool) {
        use base64::Engine;
        use base64::engine::general_purpose::{STANDARD, URL_SAFE};
        let json = value::value!({"X-Value": (value.as_str())}).to_json();
        let mut encoded = if url_safe { URL_SAFE.encode(&json) } else { STANDARD.encode(&json) };
        if !padded {
            encoded.truncate(encoded.trim_end_matches('=').len());
        }
        let mut headers = http::HeaderMap::new();
        let (protocols, query) = if in_query {
            ("graphql-ws".to_owned(), format!("header={encoded}&payload=e30="))
        } else {
            (format!("graphql-ws, header-{encoded}"), String::new())
        };
        headers.insert("sec-websocket-protocol", protocols.parse().expect("a header"));
        let credentials = Handshake::read(&headers, &query).credentials.expect("credentials");
        prop_assert_eq!(credentials.headers["x-value"].as_bytes(), value.as_bytes());
    }
}
