//! Several server processes with one definition and one broker: real NATS and Redis servers, which are stopped, killed, frozen and
//! started again.
//!
//! SYNCGATE_KILLS=200 kills the broker that often instead of twice, SYNCGATE_SKIP_SERVERS=1 leaves everything out.

#[path = "../harness/mod.rs"]
mod harness;
#[allow(dead_code, reason = "the broker's own tests use more of it")]
#[path = "../../crates/broker/tests/servers.rs"]
mod servers;

mod delivery;
mod faults;
mod subscriber;
mod versions;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use harness::{Definition, Server};
use servers::{Kind, Setup};
use value::Value;

/// A bound against hanging, far above what anything takes.
const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const SECRET: &str = "the secret that all nodes have in common";

const SCHEMA: &str = r#"
type Query { ping: String }
type Message { id: ID! room: String level: Int text: String details: AWSJSON }
type Mutation {
  send(id: ID!, room: String, level: Int, text: String, details: AWSJSON): Message
  close(id: ID!, room: String!): Message
}
type Subscription {
  onMessage(room: String): Message @aws_subscribe(mutations: ["send"])
  onLevel(above: Int!): Message @aws_subscribe(mutations: ["send"])
}
schema { query: Query mutation: Mutation subscription: Subscription }
"#;

const SEND: &str = "// @dataSource none
export function request(ctx) { return { payload: ctx.args } }
export function response(ctx) { return ctx.result }
";

const CLOSE: &str = "// @dataSource none
import { extensions } from '@aws-appsync/utils';
export function request(ctx) { return { payload: ctx.args } }
export function response(ctx) {
  extensions.invalidateSubscriptions({ subscriptionField: 'onLevel', payload: { room: ctx.args.room } });
  return ctx.result;
}
";

const ON_LEVEL: &str = "// @dataSource none
import { extensions } from '@aws-appsync/utils';
export function request() { return { payload: null } }
export function response(ctx) {
  extensions.setSubscriptionFilter({ filterGroup: [{ filters: [{ fieldName: 'level', operator: 'gt', value: ctx.args.above }] }] });
  extensions.setSubscriptionInvalidationFilter({
    filterGroup: [{ filters: [{ fieldName: 'room', operator: 'eq', value: `room-${ctx.args.above}` }] }],
  });
  return null;
}
";

/// The definition that nodes share.
pub(crate) fn definition() -> Definition {
    Definition::of(&[
        ("config.toml", &harness::config("")),
        ("schema.graphql", SCHEMA),
        ("resolvers/Mutation.send.js", SEND),
        ("resolvers/Mutation.close.js", CLOSE),
        ("resolvers/Subscription.onLevel.js", ON_LEVEL),
    ])
}

/// Runs a test with each broker.
pub(crate) fn with_brokers(setup: Setup, test: impl Fn(servers::Server)) {
    if servers::skipped() {
        return;
    }
    for kind in [Kind::Nats, Kind::Redis] {
        test(servers::Server::started(kind, setup));
    }
}

/// One server process.
pub(crate) struct Node {
    pub(crate) server: Server,
    _data: tempfile::TempDir,
}

impl Node {
    /// One whose broker is there. On a busy machine it may be slower than a start waits for it.
    pub(crate) fn start(definition: &Definition, broker: &str) -> Self {
        let node = Self::start_with(definition, broker, &[("SYNCGATE_SERVER__SECRET", SECRET)]);
        node.logs(1, &["Connected to the broker"]);
        node
    }

    pub(crate) fn start_with(definition: &Definition, broker: &str, environment: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        let mut command = harness::command();
        command.arg("serve").arg("--config").arg(definition.path("config.toml")).args(["--port", "0", "--data"]).arg(data.path());
        command.env("SYNCGATE_REALTIME__BROKER", broker).envs(environment.iter().copied());
        Self { server: Server::start(command), _data: data }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Runs a mutation, which must succeed.
    pub(crate) fn mutate(&self, field: &str) -> Value {
        let answer = self.server.client().query(&format!("mutation {{ {field} }}"));
        let body = Value::parse(answer.body.as_bytes()).expect("JSON");
        assert!(answer.status == 200 && body.get("errors").is_none(), "{}", answer.body);
        body
    }

    /// Sends a message with this id.
    pub(crate) fn send(&self, id: &str) {
        self.mutate(&format!(r#"send(id: "{id}", room: "x") {{ id room }}"#));
    }

    /// Waits until the log has a line with all these parts, so many times.
    pub(crate) fn logs(&self, times: usize, parts: &[&str]) {
        eventually(&format!("{times} of {parts:?} in the log"), || {
            let log = self.server.log();
            log.lines().filter(|line| parts.iter().all(|part| line.contains(part))).count() >= times
        });
    }

    pub(crate) fn subscribe(&self, query: &str) -> subscriber::Subscriber {
        subscriber::Subscriber::start(self.address(), query)
    }

    /// Subscribes to every message.
    pub(crate) fn listen(&self) -> subscriber::Subscriber {
        self.subscribe("subscription { onMessage { id } }")
    }
}

pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
