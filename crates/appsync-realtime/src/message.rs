//! What a client sends.

use std::fmt;

use http::HeaderMap;
use value::{Object, Str, Value};

use crate::error::Error;
use crate::header_object;

/// Bytes of an id. AWS names a bound for its Events API only, 128; clients use UUIDs and small numbers.
pub const MAX_ID_BYTES: usize = 256;

/// A message of a client.
#[derive(Debug)]
pub enum ClientMessage {
    /// `connection_init`
    ConnectionInit,
    /// `start`
    Start(Box<Start>),
    /// `stop`
    Stop {
        /// `id`
        id: Str,
    },
    /// Anything else, with what is wrong with it.
    Invalid {
        /// `id`, where the error is one of the operation that has it.
        id: Option<Str>,
        /// What is wrong.
        error: Error,
    },
}

/// A subscription that a client asks for.
pub struct Start {
    /// `id`, the client's name for the subscription.
    pub id: Str,
    /// `payload.extensions.authorization`: what the subscription is judged by. Empty without one.
    pub headers: HeaderMap,
    /// `payload.data` byte for byte: a signature covers it as the body of `POST /graphql`.
    pub data: Str,
    /// The document in `data`.
    pub query: Str,
    /// `operationName` in `data`.
    pub operation_name: Option<Str>,
    /// `variables` in `data`.
    pub variables: Object,
}

/// Without headers and variables, which hold what is nobody else's business.
impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start").field("id", &self.id).field("query", &self.query).finish_non_exhaustive()
    }
}

impl ClientMessage {
    /// Reads a message. What is none is [`ClientMessage::Invalid`], as AppSync answers it.
    #[must_use]
    pub fn parse(message: &[u8]) -> Self {
        // AppSync names the id of nothing that is not its own: https://github.com/enisdenjo/graphql-ws/issues/602.
        let unknown = || Self::Invalid { id: None, error: Error::unsupported_operation("unknown") };
        let Ok(message) = Value::parse(message) else { return unknown() };
        match message.at(&["type"]).as_str() {
            Some("connection_init") => Self::ConnectionInit,
            Some("start") => start(&message).map_or_else(|invalid| invalid, |start| Self::Start(Box::new(start))),
            Some("stop") => id(&message).map_or_else(|invalid| invalid, |id| Self::Stop { id }),
            _ => unknown(),
        }
    }
}

/// The id of an operation, or the message as what it then is.
fn id(message: &Value) -> Result<Str, ClientMessage> {
    let invalid = |id, text| ClientMessage::Invalid { id, error: Error::bad_request(text) };
    match message.at(&["id"]) {
        Value::String(id) if id.is_empty() => Err(invalid(None, "The id of an operation must not be empty.".to_owned())),
        Value::String(id) if id.len() > MAX_ID_BYTES => {
            Err(invalid(Some(id.clone()), format!("The id of an operation must not be longer than {MAX_ID_BYTES} bytes.")))
        }
        Value::String(id) => Ok(id.clone()),
        other => Err(invalid(None, format!("The id of an operation must be a string, not {}.", other.kind()))),
    }
}

fn start(message: &Value) -> Result<Start, ClientMessage> {
    let id = id(message)?;
    let invalid = |error| ClientMessage::Invalid { id: Some(id.clone()), error };
    // What AppSync, and we, say of such a body over HTTP.
    let malformed = |text: String| invalid(Error::new("MalformedHttpRequestException", text));
    let unreadable = || malformed("Unable to parse GraphQL query.".to_owned());
    let Value::String(data) = message.at(&["payload", "data"]) else { return Err(unreadable()) };
    let request = Value::parse(data.as_bytes()).map_err(|_| unreadable())?;
    let Value::String(query) = request.at(&["query"]) else { return Err(unreadable()) };
    if query.is_empty() {
        return Err(unreadable());
    }
    let operation_name = match request.at(&["operationName"]) {
        Value::Null => None,
        Value::String(name) => Some(name.clone()),
        other => return Err(malformed(format!("operationName must be a string, found {}.", other.kind()))),
    };
    let variables = match request.at(&["variables"]) {
        Value::Null => Object::new(),
        Value::Object(variables) => (**variables).clone(),
        other => return Err(malformed(format!("variables must be an object, found {}.", other.kind()))),
    };
    let headers = match message.at(&["payload", "extensions", "authorization"]) {
        Value::Null => HeaderMap::new(),
        authorization => header_object::headers(authorization)
            .map_err(|error| invalid(Error::bad_request(format!("{error} (In payload.extensions.authorization.)"))))?,
    };
    Ok(Start { id: id.clone(), headers, data: data.clone(), query: query.clone(), operation_name, variables })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame;

    /// A message and what becomes of it: the answer to an invalid one, else the parts of a start.
    #[test]
    fn messages_are_read_as_clients_send_them() {
        let long = format!(r#"{{"type":"stop","id":"{}"}}"#, "i".repeat(MAX_ID_BYTES + 1));
        let long_answer = format!(
            r#"{{"id":"{}","type":"error","payload":{{"errors":[{{"errorType":"BadRequestException","message":"The id of an operation must not be longer than 256 bytes."}}]}}}}"#,
            "i".repeat(MAX_ID_BYTES + 1)
        );
        let unknown = r#"{"type":"error","payload":{"errors":[{"errorType":"UnsupportedOperation","message":"unknown not supported through the realtime channel"}]}}"#;
        let unreadable = r#"{"id":"1","type":"error","payload":{"errors":[{"errorType":"MalformedHttpRequestException","message":"Unable to parse GraphQL query."}]}}"#;
        let deep = "[".repeat(100_000);
        let cases = [
            (r#"{"type":"connection_init"}"#, "init"),
            (r#"{"type":"connection_init","payload":{}}"#, "init"),
            (r#" { "payload" : null , "type" : "connection\u005finit" } "#, "init"),
            (r#"{"id":"a-1","type":"stop"}"#, "stop a-1"),
            // Amplify, the subscription link and gql write the members in this order.
            (
                r#"{"id":"1","payload":{"data":"{\"query\":\"subscription { a }\",\"variables\":{\"b\":1.0}}","extensions":{"authorization":{"Authorization":"t","host":"h"}}},"type":"start"}"#,
                r#"start 1 {"query":"subscription { a }","variables":{"b":1.0}} | subscription { a } None {"b":1.0} | authorization=t host=h"#,
            ),
            // What is signed is kept as it came: blanks, escapes, order, repeated members.
            (
                r#"{"type":"start","id":"é","payload":{"data":" {\"variables\":null, \"query\":\"\\u0061\",\"x\":1,\"operationName\":\"A\",\"extensions\":{}}\n"}}"#,
                "start é  {\"variables\":null, \"query\":\"\\u0061\",\"x\":1,\"operationName\":\"A\",\"extensions\":{}}\n | a Some(\"A\") {} | ",
            ),
            ("", unknown),
            ("meow", unknown),
            ("[]", unknown),
            ("{}", unknown),
            ("\u{feff}{}", unknown),
            (&deep, unknown),
            (r#"{"type":1}"#, unknown),
            (r#"{"type":"ka"}"#, unknown),
            // graphql-transport-ws, of which AppSync knows nothing.
            (r#"{"id":"1","type":"subscribe","payload":{"query":"subscription { a }"}}"#, unknown),
            (r#"{"type":"ping"}"#, unknown),
            (r#"{"type":"connection_terminate"}"#, unknown),
            (
                r#"{"type":"stop"}"#,
                r#"{"type":"error","payload":{"errors":[{"errorType":"BadRequestException","message":"The id of an operation must be a string, not null."}]}}"#,
            ),
            (
                r#"{"type":"start","id":1,"payload":{"data":"{\"query\":\"{a}\"}"}}"#,
                r#"{"type":"error","payload":{"errors":[{"errorType":"BadRequestException","message":"The id of an operation must be a string, not number."}]}}"#,
            ),
            (
                r#"{"type":"stop","id":""}"#,
                r#"{"type":"error","payload":{"errors":[{"errorType":"BadRequestException","message":"The id of an operation must not be empty."}]}}"#,
            ),
            (&long, &long_answer),
            (r#"{"type":"start","id":"1"}"#, unreadable),
            (r#"{"type":"start","id":"1","payload":{"query":"{a}"}}"#, unreadable),
            (r#"{"type":"start","id":"1","payload":{"data":{"query":"{a}"}}}"#, unreadable),
            (r#"{"type":"start","id":"1","payload":{"data":""}}"#, unreadable),
            (r#"{"type":"start","id":"1","payload":{"data":"[]"}}"#, unreadable),
            (r#"{"type":"start","id":"1","payload":{"data":"{}"}}"#, unreadable),
            (r#"{"type":"start","id":"1","payload":{"data":"{\"query\":\"\"}"}}"#, unreadable),
            (
                r#"{"type":"start","id":"1","payload":{"data":"{\"query\":\"{a}\",\"operationName\":1}"}}"#,
                r#"{"id":"1","type":"error","payload":{"errors":[{"errorType":"MalformedHttpRequestException","message":"operationName must be a string, found number."}]}}"#,
            ),
            (
                r#"{"type":"start","id":"1","payload":{"data":"{\"query\":\"{a}\",\"variables\":[]}"}}"#,
                r#"{"id":"1","type":"error","payload":{"errors":[{"errorType":"MalformedHttpRequestException","message":"variables must be an object, found list."}]}}"#,
            ),
            (
                r#"{"type":"start","id":"1","payload":{"data":"{\"query\":\"{a}\"}","extensions":{"authorization":"t"}}}"#,
                r#"{"id":"1","type":"error","payload":{"errors":[{"errorType":"BadRequestException","message":"The header object is a JSON string, not an object. (In payload.extensions.authorization.)"}]}}"#,
            ),
        ];
        for (message, expected) in cases {
            let found = match ClientMessage::parse(message.as_bytes()) {
                ClientMessage::ConnectionInit => "init".to_owned(),
                ClientMessage::Stop { id } => format!("stop {id}"),
                ClientMessage::Invalid { id, error } => {
                    String::from_utf8(frame::error(id.as_deref(), &[error]).to_vec()).expect("frames are text")
                }
                ClientMessage::Start(start) => {
                    let headers = start.headers.iter().map(|(name, value)| format!("{name}={}", value.to_str().expect("ASCII")));
                    format!(
                        "start {} {} | {} {:?} {} | {}",
                        start.id,
                        start.data,
                        start.query,
                        start.operation_name,
                        Value::from(start.variables.clone()),
                        headers.collect::<Vec<_>>().join(" ")
                    )
                }
            };
            assert_eq!(found, expected, "{}", message.chars().take(200).collect::<String>());
        }
    }

    #[test]
    fn debug_output_shows_neither_headers_nor_variables() {
        let message = br#"{"type":"start","id":"1","payload":{"data":"{\"query\":\"{a}\",\"variables\":{\"x\":\"secret\"}}","extensions":{"authorization":{"Authorization":"secret"}}}}"#;
        let shown = format!("{:?}", ClientMessage::parse(message));
        assert!(shown.contains("{a}") && !shown.contains("secret"), "{shown}");
    }
}
