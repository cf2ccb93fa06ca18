//! What the server sends, byte for byte.
//!
//! Every function gives the text of one WebSocket message. A `data` frame is cut in three, because the payload in the middle is
//! the same for every subscription that selects the same: [`data_prefix`], the payload, [`DATA_SUFFIX`].

use bytes::Bytes;
use value::write_json_string;

use crate::error::{Error, Refusal};

/// The answer to `connection_init`. A client that sees no `ka` for the five minutes it names gives the connection up.
pub const CONNECTION_ACK: Bytes = Bytes::from_static(br#"{"type":"connection_ack","payload":{"connectionTimeoutMs":300000}}"#);

/// The sign of life.
pub const KEEP_ALIVE: Bytes = Bytes::from_static(br#"{"type":"ka"}"#);

/// What follows the payload in a `data` frame.
pub const DATA_SUFFIX: &[u8] = b"}";

/// What precedes the payload in the `data` frames of a subscription. Kept with the subscription: it is written once, not per event.
#[must_use]
pub fn data_prefix(id: &str) -> Bytes {
    with_id(id, br#","type":"data","payload":"#)
}

/// A whole `data` frame, for where there is only one to send.
#[must_use]
pub fn data(id: &str, payload: &[u8]) -> Bytes {
    let prefix = data_prefix(id);
    [&prefix[..], payload, DATA_SUFFIX].concat().into()
}

/// The answer to `start`.
#[must_use]
pub fn start_ack(id: &str) -> Bytes {
    with_id(id, br#","type":"start_ack"}"#)
}

/// The end of a subscription without an error.
#[must_use]
pub fn complete(id: &str) -> Bytes {
    with_id(id, br#","type":"complete"}"#)
}

/// What is wrong with the message that has this id, or with one that has none. Always an array: some AWS answers have a single
/// object there, which the JavaScript clients do not read.
#[must_use]
pub fn error(id: Option<&str>, errors: &[Error]) -> Bytes {
    let mut out = Vec::with_capacity(160);
    out.push(b'{');
    if let Some(id) = id {
        out.extend_from_slice(br#""id":"#);
        write_json_string(id, &mut out);
        out.push(b',');
    }
    out.extend_from_slice(br#""type":"error","payload":{"errors":["#);
    for (at, error) in errors.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"{" } else { b",{" });
        error.write_members(&mut out);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}}");
    out.into()
}

/// The connection is not let in; the server closes it next.
#[must_use]
pub fn connection_error(refusal: &Refusal) -> Bytes {
    let mut out = Vec::with_capacity(160);
    out.extend_from_slice(br#"{"type":"connection_error","payload":{"errors":["#);
    refusal.write_json(&mut out);
    out.extend_from_slice(b"]}}");
    out.into()
}

fn with_id(id: &str, rest: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(r#"{"id":"#.len() + id.len() + 2 + rest.len());
    out.extend_from_slice(br#"{"id":"#);
    write_json_string(id, &mut out);
    out.extend_from_slice(rest);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(frame: &Bytes) -> &str {
        std::str::from_utf8(frame).expect("frames are text")
    }

    /// The frames of the contract, which were captured or are quoted from AppSync.
    #[test]
    fn frames_are_those_of_appsync() {
        let unauthorized = Refusal::new("UnauthorizedException", "You are not authorized to make this call.", 401);
        let authorizer = Refusal { error: Error { error_type: Some("BadRequestException".into()), message: None }, code: 400 };
        let frames = [
            (CONNECTION_ACK, r#"{"type":"connection_ack","payload":{"connectionTimeoutMs":300000}}"#),
            (KEEP_ALIVE, r#"{"type":"ka"}"#),
            (start_ack("1"), r#"{"id":"1","type":"start_ack"}"#),
            (data("1", br#"{"data":{"onMessage":{}}}"#), r#"{"id":"1","type":"data","payload":{"data":{"onMessage":{}}}}"#),
            (complete("1"), r#"{"id":"1","type":"complete"}"#),
            (
                connection_error(&unauthorized),
                r#"{"type":"connection_error","payload":{"errors":[{"errorType":"UnauthorizedException","message":"You are not authorized to make this call.","errorCode":401}]}}"#,
            ),
            (
                connection_error(&Refusal::sub_protocol_not_supported()),
                r#"{"type":"connection_error","payload":{"errors":[{"message":"SubProtocolNotSupportedError","errorCode":400}]}}"#,
            ),
            (
                connection_error(&Refusal::no_protocol()),
                r#"{"type":"connection_error","payload":{"errors":[{"message":"NoProtocolError","errorCode":400}]}}"#,
            ),
            (
                connection_error(&authorizer),
                r#"{"type":"connection_error","payload":{"errors":[{"errorType":"BadRequestException","errorCode":400}]}}"#,
            ),
            (
                connection_error(&Refusal { error: Error::default(), code: 500 }),
                r#"{"type":"connection_error","payload":{"errors":[{"errorCode":500}]}}"#,
            ),
            (
                error(None, &[Error::unsupported_operation("unknown")]),
                r#"{"type":"error","payload":{"errors":[{"errorType":"UnsupportedOperation","message":"unknown not supported through the realtime channel"}]}}"#,
            ),
            (
                error(Some("1"), &[Error::new("Unauthorized", "Not Authorized to access onCreateClient on type Subscription")]),
                r#"{"id":"1","type":"error","payload":{"errors":[{"errorType":"Unauthorized","message":"Not Authorized to access onCreateClient on type Subscription"}]}}"#,
            ),
            (
                error(Some("1"), &[Error::message("Validation error of type X"), Error::default(), Error::message("b")]),
                r#"{"id":"1","type":"error","payload":{"errors":[{"message":"Validation error of type X"},{},{"message":"b"}]}}"#,
            ),
            (error(Some("1"), &[]), r#"{"id":"1","type":"error","payload":{"errors":[]}}"#),
            (
                error(Some("1"), &[Error::max_subscriptions_reached(100)]),
                r#"{"id":"1","type":"error","payload":{"errors":[{"errorType":"MaxSubscriptionsReachedError","message":"Max number of 100 subscriptions reached"}]}}"#,
            ),
            (
                error(Some("a"), &[Error::duplicated_operation("a")]),
                r#"{"id":"a","type":"error","payload":{"errors":[{"errorType":"DuplicatedOperationError","message":"Duplicated operation with id a"}]}}"#,
            ),
            (
                error(Some("a"), &[Error::unknown_operation("a")]),
                r#"{"id":"a","type":"error","payload":{"errors":[{"errorType":"UnknownOperationError","message":"Unknown operation id a"}]}}"#,
            ),
            (
                error(Some("a"), &[Error::payload_too_large(300_000, 245_760)]),
                r#"{"id":"a","type":"error","payload":{"errors":[{"errorType":"LimitExceededError","message":"The payload has 300000 bytes, more than the 245760 that a subscription may be sent."}]}}"#,
            ),
        ];
        for (frame, expected) in &frames {
            assert_eq!(text(frame), *expected);
        }
    }

    #[test]
    fn ids_and_messages_are_escaped() {
        let id = "a\"b\\c\n\u{1}é\u{2028}😀";
        for frame in [start_ack(id), complete(id), data(id, b"{}"), error(Some(id), &[Error::message(id)])] {
            let parsed = value::Value::parse(&frame).expect("JSON");
            assert_eq!(parsed.get("id").and_then(value::Value::as_str), Some(id));
        }
        let parsed = value::Value::parse(&error(None, &[Error::new(id, id)])).expect("JSON");
        let error = &parsed.at(&["payload", "errors"]).as_list().expect("a list")[0];
        assert_eq!((error.at(&["errorType"]).as_str(), error.at(&["message"]).as_str()), (Some(id), Some(id)));
    }
}
