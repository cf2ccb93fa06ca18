//! Clients of the nodes: a subscriber that speaks AppSync's protocol, and one that speaks just enough MQTT.

use std::net::{SocketAddr, TcpStream};

use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};
use value::{Value, value};

use crate::harness::websocket::Listener;
use crate::harness::{API_KEY, Client};

/// One subscription on a connection of its own.
pub(crate) struct Subscriber(Listener);

impl Subscriber {
    /// Returns once the subscription is acknowledged.
    pub(crate) fn start(address: SocketAddr, query: &str) -> Self {
        let credentials = value!({"host": (address.to_string()), "x-api-key": (API_KEY)});
        let mut listener = Listener::connect(address, "/graphql/realtime", credentials);
        listener.subscribe("1", query);
        Self(listener)
    }

    /// The answer to the next event.
    pub(crate) fn next(&mut self) -> Value {
        let text = self.0.socket.text();
        let message = Value::parse(text.as_bytes()).expect("JSON");
        assert_eq!(message.get("type"), Some(&Value::from("data")), "{text}");
        message.get("payload").cloned().expect("a payload")
    }

    /// The `id` of the next event.
    pub(crate) fn next_id(&mut self) -> String {
        let payload = self.next();
        let id = payload.get("data").and_then(|data| data.as_object()?.values().next()?.get("id")?.as_str());
        id.unwrap_or_else(|| panic!("no event: {payload}")).to_owned()
    }

    /// The ids of the events before `last`.
    pub(crate) fn ids_until(&mut self, last: &str) -> Vec<String> {
        let mut ids = Vec::new();
        loop {
            match self.next_id() {
                id if id == last => return ids,
                id => ids.push(id),
            }
        }
    }

    /// What the server says until it closes the connection.
    pub(crate) fn end(&mut self) -> Vec<String> {
        self.0.socket.rest()
    }
}

/// A subscriber over MQTT 3.1.1, whose packets are made by hand.
pub(crate) struct MqttSubscriber {
    socket: WebSocket<TcpStream>,
    unread: Vec<u8>,
}

impl MqttSubscriber {
    /// Connects with what a handshake gave, to the node of that address; where it is refused, gives the status.
    pub(crate) fn start(address: SocketAddr, target: &str, client_id: &str, topic: &str) -> Result<Self, u16> {
        let mut subscriber = Self { socket: mqtt(address, target)?, unread: Vec::new() };
        let connect = [b"\0\x04MQTT\x04\x02\0\x3c", &text(client_id)[..]].concat();
        subscriber.say(0x10, &connect);
        assert_eq!(subscriber.packet(), (0x20, vec![0, 0]), "CONNACK");
        let subscribe = [b"\0\x01", &text(topic)[..], b"\0"].concat();
        subscriber.say(0x82, &subscribe);
        assert_eq!(subscriber.packet(), (0x90, vec![0, 1, 0]), "SUBACK");
        Ok(subscriber)
    }

    fn say(&mut self, head: u8, body: &[u8]) {
        let mut packet = vec![head];
        let mut length = body.len();
        while length > 127 {
            packet.push(u8::try_from(length % 128).expect("seven bits") | 128);
            length /= 128;
        }
        packet.push(u8::try_from(length).expect("seven bits"));
        packet.extend_from_slice(body);
        self.socket.send(Message::binary(packet)).expect("sent");
    }

    /// The next packet: its first byte, and what comes after its length.
    fn packet(&mut self) -> (u8, Vec<u8>) {
        let head = self.byte();
        let (mut length, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            length |= usize::from(byte & 127) << shift;
            shift += 7;
            if byte < 128 {
                break;
            }
        }
        (head, (0..length).map(|_| self.byte()).collect())
    }

    fn byte(&mut self) -> u8 {
        while self.unread.is_empty() {
            if let Message::Binary(bytes) = self.socket.read().expect("a packet") {
                self.unread = bytes.to_vec();
            }
        }
        self.unread.remove(0)
    }

    /// The payload of the next message of the topic.
    pub(crate) fn next(&mut self, topic: &str) -> Value {
        let (head, body) = self.packet();
        assert_eq!(head & 0xf0, 0x30, "PUBLISH");
        let payload = body.strip_prefix(&text(topic)[..]).expect("the topic");
        Value::parse(payload).expect("JSON")
    }
}

/// A text as MQTT has it.
fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("short");
    [&length.to_be_bytes()[..], text.as_bytes()].concat()
}

/// Opens a WebSocket for MQTT; where it is refused, gives the status.
fn mqtt(address: SocketAddr, target: &str) -> Result<WebSocket<TcpStream>, u16> {
    let mut connection = Client { address }.connect();
    let headers = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ("sec-websocket-protocol", "mqtt"),
    ];
    connection.send("GET", target, &headers, "");
    let answer = connection.answer();
    if answer.status != 101 {
        return Err(answer.status);
    }
    let (stream, read) = connection.into_parts();
    Ok(WebSocket::from_partially_read(stream, read, Role::Client, None))
}
