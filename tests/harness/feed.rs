//! The API that fault suites subscribe to, a publisher for it, and what must be true of a server once its subscribers are gone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use value::value;

use super::raw_socket::{RawSocket, descriptors, until};
use super::{API_KEY, Client, Connection, Definition, Server, config};

/// Hears every message.
pub(crate) const ALL: &str = "subscription { onMessage { id room text } }";
/// Never starts: its resolver asks a service that does not answer.
pub(crate) const STUCK: &str = "subscription { onStuck { id } }";

const SCHEMA: &str = "\
type Query { ping: String }
type Message @aws_api_key @aws_lambda { id: ID! room: String! text: String }
type Mutation { send(id: ID!, room: String!, text: String): Message @aws_api_key @aws_lambda }
type Subscription {
  onMessage(room: String): Message @aws_subscribe(mutations: [\"send\"]) @aws_api_key @aws_lambda
  onStuck: Message @aws_subscribe(mutations: [\"send\"])
}
schema { query: Query mutation: Mutation subscription: Subscription }
";
const SEND: &str = "// @dataSource none\nexport function request(ctx) { return { payload: ctx.args }; }\n\
                    export function response(ctx) { return ctx.result; }\n";
const ASK: &str = "// @dataSource hanging\nexport function request() { return { method: 'GET', resourcePath: '/' }; }\n\
                   export function response() { return null; }\n";

/// The API. `hanging` is a service that does not answer: the authorizer of tokens, and what [`STUCK`] asks. `more` stands at the top
/// of the configuration.
pub(crate) fn definition(hanging: SocketAddr, more: &str) -> Definition {
    let modes = "[[api.additional_authentication_providers]]\nauthentication_type = \"AWS_LAMBDA\"\n\
                 lambda_authorizer_config = { authorizer_uri = \"arn:aws:lambda:us-east-1:123456789012:function:doorkeeper\" }\n";
    let sources = format!("[api.data_sources.hanging]\ntype = \"HTTP\"\nendpoint = \"http://{hanging}\"\ntimeout = \"5m\"\n");
    let top = format!("{more}\n[lambda]\nendpoint = \"http://{hanging}\"\n");
    Definition::of(&[
        ("config.toml", &format!("{top}\n{}\n{sources}", config(modes))),
        ("schema.graphql", SCHEMA),
        ("resolvers/Mutation.send.js", SEND),
        ("resolvers/Subscription.onStuck.js", ASK),
    ])
}

/// Serves it.
pub(crate) fn serve(definition: &Definition) -> Server {
    definition.serve_with(&[("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "secret")])
}

/// Sends messages over one connection.
pub(crate) struct Publisher(Connection);

impl Publisher {
    pub(crate) fn new(client: Client) -> Self {
        Self(client.connect())
    }

    /// Sends one message and waits until the mutation is answered.
    pub(crate) fn send(&mut self, id: &str, room: &str, text: &str) {
        assert!(self.try_send(id, room, text), "the server stops");
    }

    /// As [`Publisher::send`]; `false` when the server has closed the connection.
    pub(crate) fn try_send(&mut self, id: &str, room: &str, text: &str) -> bool {
        const MUTATION: &str =
            "mutation($id: ID!, $room: String!, $text: String) { send(id: $id, room: $room, text: $text) { id room text } }";
        let body = value!({"query": MUTATION, "variables": {"id": id, "room": room, "text": text}}).to_json();
        let headers = [("x-api-key", API_KEY), ("content-type", "application/json")];
        match self.0.try_ask("POST", "/graphql", &headers, &body) {
            Some(answer) => {
                let ok = answer.status == 200 && answer.body.starts_with(&format!(r#"{{"data":{{"send":{{"id":"{id}""#));
                assert!(ok, "{:.300}", answer.body);
                true
            }
            None => false,
        }
    }
}

/// How far readers have come, so that a publisher does not run ahead of one that reads as fast as the machine lets it.
#[derive(Clone, Default)]
pub(crate) struct Progress(Arc<Vec<AtomicUsize>>);

impl Progress {
    pub(crate) fn of(readers: usize) -> Self {
        Self(Arc::new((0..readers).map(|_| AtomicUsize::new(0)).collect()))
    }

    /// The reader has heard one more.
    pub(crate) fn heard(&self, reader: usize) {
        self.0[reader].fetch_add(1, Ordering::SeqCst);
    }

    /// Waits until no reader is more than `ahead` behind the event `at`.
    pub(crate) fn wait(&self, at: usize, ahead: usize) {
        until("readers keep up", || self.0.iter().all(|heard| heard.load(Ordering::SeqCst) + ahead > at));
    }
}

/// Whether subscribers of this server still hear what is sent.
pub(crate) fn assert_alive(server: &Server, after: &str) {
    let mut socket = RawSocket::open(server.address);
    socket.subscribe("alive", ALL);
    Publisher::new(server.client()).send(after, "alive", "");
    assert_eq!(socket.event("alive", "onMessage", "id"), after);
}

/// Waits until a server has no more open than `before`, stops it, and looks whether anything was left behind or panicked.
pub(crate) fn assert_nothing_is_left(mut server: Server, before: usize) {
    until("connections and what they hold are closed", || descriptors(&server) <= before);
    server.terminate();
    let status = server.wait();
    let log = server.log();
    assert!(status.success(), "{status}: {log}");
    assert!(!log.contains("panic"), "{log}");
    assert!(!log.contains("cut off"), "{log}");
    assert!(log.contains("connections=0 subscriptions=0 queue_depth=0 "), "{log}");
}
