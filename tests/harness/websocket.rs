//! A client of AppSync's WebSocket protocol that shows frames as they came, text by text.
//!
//! [`Socket`] is the bare connection, with a handshake of its own so that a test can send any; [`Listener`] is a client that was let
//! in. Frames are masked and read by tungstenite's client, not by the code that the server writes them with.

use std::net::{SocketAddr, TcpStream};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};
use value::{Object, Value, value};

use super::attack::encode;
use super::{Answer, Client};

/// The answer to `connection_init`.
pub(crate) const ACK: &str = r#"{"type":"connection_ack","payload":{"connectionTimeoutMs":300000}}"#;
/// The sign of life.
pub(crate) const KEEP_ALIVE: &str = r#"{"type":"ka"}"#;

/// One WebSocket.
pub(crate) struct Socket {
    stream: WebSocket<TcpStream>,
    /// The sub-protocol that the server chose.
    pub(crate) sub_protocol: Option<String>,
}

/// What a server sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Frame {
    /// A text message.
    Text(String),
    /// The close frame, with its code and reason.
    Close(u16, String),
    /// The end of the connection.
    End,
}

/// Where the credentials of a handshake stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    /// `header-…` among the sub-protocols, as Amplify sends them.
    SubProtocol,
    /// In the query, the base64 as it is, as gql sends them.
    Query,
    /// In the query, percent-encoded.
    EncodedQuery,
    /// The headers of the upgrade.
    Headers,
}

impl Socket {
    /// Asks for an upgrade with these headers, besides those that every upgrade has.
    pub(crate) fn open(address: SocketAddr, target: &str, headers: &[(&str, &str)]) -> Result<Self, Answer> {
        let mut connection = Client { address }.connect();
        let key = STANDARD.encode([7; 16]);
        let mut all = vec![
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", &key),
        ];
        all.extend_from_slice(headers);
        connection.send("GET", target, &all, "");
        let answer = connection.answer();
        if answer.status != 101 {
            return Err(answer);
        }
        let sub_protocol = answer.header("sec-websocket-protocol").map(str::to_owned);
        let (stream, read) = connection.into_parts();
        stream.set_nodelay(true).expect("an option");
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        Ok(Self { stream: WebSocket::from_partially_read(stream, read, Role::Client, Some(config)), sub_protocol })
    }

    /// Asks for an upgrade of AppSync's protocol with these credentials.
    pub(crate) fn with_credentials(address: SocketAddr, path: &str, credentials: &Value, place: Place) -> Self {
        let text = credentials.to_json();
        let (mut target, mut protocols) = (path.to_owned(), "graphql-ws".to_owned());
        let mut headers = Vec::new();
        match place {
            Place::SubProtocol => protocols = format!("graphql-ws, header-{}", URL_SAFE_NO_PAD.encode(text)),
            Place::Query => target = format!("{path}?header={}&payload=e30=", STANDARD.encode(text)),
            Place::EncodedQuery => target = format!("{path}?header={}&payload=e30%3D", encode(&STANDARD.encode(text), "")),
            Place::Headers => {
                let members = credentials.as_object().expect("a header object");
                headers =
                    members.iter().map(|(name, value)| (name.to_string(), value.as_str().expect("a text").to_owned())).collect();
            }
        }
        headers.push(("sec-websocket-protocol".to_owned(), protocols));
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        match Self::open(address, &target, &headers) {
            Ok(socket) => {
                assert_eq!(socket.sub_protocol.as_deref(), Some("graphql-ws"));
                socket
            }
            Err(answer) => panic!("no upgrade: {answer:?}"),
        }
    }

    /// Sends a text message.
    pub(crate) fn send(&mut self, text: &str) {
        self.send_message(Message::text(text));
    }

    /// Sends a message of any kind.
    pub(crate) fn send_message(&mut self, message: Message) {
        self.stream.send(message).expect("the message is sent");
    }

    /// Shows that the server has sent nothing so far that nobody has read: its answer to a ping comes first.
    pub(crate) fn assert_silent(&mut self) {
        self.send_message(Message::Ping("silent?".into()));
        match self.stream.read() {
            Ok(Message::Pong(pong)) => assert_eq!(&pong[..], b"silent?"),
            other => panic!("no pong but {other:?}"),
        }
    }

    /// What comes next, pings and pongs left out.
    pub(crate) fn frame(&mut self) -> Frame {
        loop {
            match self.stream.read() {
                Ok(Message::Text(text)) => return Frame::Text(text.to_string()),
                Ok(Message::Close(Some(close))) => return Frame::Close(close.code.into(), close.reason.to_string()),
                Ok(Message::Close(None)) => return Frame::Close(1005, String::new()),
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(other) => panic!("the server sent {other:?}"),
                Err(tungstenite::Error::Io(error))
                    if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
                {
                    panic!("the server sends nothing")
                }
                Err(_) => return Frame::End,
            }
        }
    }

    /// The next text message but for signs of life.
    pub(crate) fn text(&mut self) -> String {
        loop {
            match self.frame() {
                Frame::Text(text) if text == KEEP_ALIVE => {}
                Frame::Text(text) => return text,
                other => panic!("no text but {other:?}"),
            }
        }
    }

    /// Everything up to the end, signs of life left out; the last is the close frame's code and reason.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        let mut frames = Vec::new();
        loop {
            match self.frame() {
                Frame::Text(text) if text == KEEP_ALIVE => {}
                Frame::Text(text) => frames.push(text),
                Frame::Close(code, reason) => frames.push(format!("{code} {reason}")),
                Frame::End => return frames,
            }
        }
    }

    /// Sends `connection_init`.
    pub(crate) fn init(&mut self) {
        self.send(r#"{"type":"connection_init"}"#);
    }

    /// Begins a subscription: `data` is what AppSync takes for the request's body.
    pub(crate) fn start_data(&mut self, id: &str, data: &str, credentials: &Value) {
        let message = value!({
            "id": id, "payload": {"data": data, "extensions": {"authorization": (credentials.clone())}}, "type": "start"
        });
        self.send(&message.to_json());
    }

    /// Begins a subscription.
    pub(crate) fn start(&mut self, id: &str, document: &str, variables: &Value, credentials: &Value) {
        self.start_data(id, &data(document, variables), credentials);
    }

    /// Ends a subscription.
    pub(crate) fn stop(&mut self, id: &str) {
        self.send(&value!({"id": id, "type": "stop"}).to_json());
    }
}

/// The `data` of a start.
pub(crate) fn data(document: &str, variables: &Value) -> String {
    value!({"query": document, "variables": (variables.clone())}).to_json()
}

/// A client that was let in; it starts its subscriptions with the credentials of its handshake.
pub(crate) struct Listener {
    pub(crate) socket: Socket,
    credentials: Value,
}

impl Listener {
    /// Connects with these credentials in the sub-protocol, and is let in.
    pub(crate) fn connect(address: SocketAddr, path: &str, credentials: Value) -> Self {
        let mut socket = Socket::with_credentials(address, path, &credentials, Place::SubProtocol);
        socket.init();
        assert_eq!(socket.frame(), Frame::Text(ACK.to_owned()));
        assert_eq!(socket.frame(), Frame::Text(KEEP_ALIVE.to_owned()));
        Self { socket, credentials }
    }

    /// Begins a subscription and gives what came back.
    pub(crate) fn start(&mut self, id: &str, document: &str, variables: &Value) -> String {
        let credentials = self.credentials.clone();
        self.socket.start(id, document, variables, &credentials);
        self.socket.text()
    }

    /// Begins a subscription that is acknowledged.
    pub(crate) fn subscribe(&mut self, id: &str, document: &str) {
        let answer = self.start(id, document, &Object::new().into());
        assert_eq!(answer, acknowledgement(id), "{document}");
    }

    /// Ends a subscription.
    pub(crate) fn stop(&mut self, id: &str) {
        self.socket.stop(id);
        assert_eq!(self.socket.text(), complete(id));
    }
}

/// The frame `start_ack`.
pub(crate) fn acknowledgement(id: &str) -> String {
    format!(r#"{{"id":"{id}","type":"start_ack"}}"#)
}

/// The frame `complete`.
pub(crate) fn complete(id: &str) -> String {
    format!(r#"{{"id":"{id}","type":"complete"}}"#)
}

/// The frame `error`, with its `errors` as JSON.
pub(crate) fn error(id: &str, errors: &str) -> String {
    format!(r#"{{"id":"{id}","type":"error","payload":{{"errors":{errors}}}}}"#)
}
