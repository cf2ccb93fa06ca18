//! A definition that changes under its subscribers: connections stay, and so does every subscription that the new one still has.
//!
//! The library serves here: `ServedApi::reload` is what a change of the definition comes to.

use std::sync::Arc;
use std::time::Duration;

use syncgate::api::{Api, Options};
use syncgate::auth::{ApiKey, ApiKeys, Authenticator};
use syncgate::data_source::Services;
use syncgate::definition::{self, DynamodbSettings, Overrides, ServerSettings, ServiceEndpoint};
use syncgate::realtime::{Hub, HubSettings};
use syncgate::server::{ServedApi, Server, Settings};
use syncgate::table::DataFolderTables;
use tokio::runtime::Runtime;
use value::{Value, value};

use crate::harness::websocket::{Listener, acknowledgement};
use crate::harness::{Client, Definition};

const RESOLVER: &str = "\
// @dataSource none
export function request(ctx) { return { payload: ctx.args.with }; }
export function response(ctx) { return ctx.result; }
";

const FILTERED: &str = "\
// @dataSource none
import { extensions } from '@aws-appsync/utils';
export function request(ctx) { return { payload: null }; }
export function response(ctx) {
  extensions.setSubscriptionFilter({ filterGroup: [{ filters: [{ fieldName: 'id', operator: 'gt', value: 'm' }] }] });
  return null;
}
";

const REFUSED: &str = "\
// @dataSource none
import { util } from '@aws-appsync/utils';
export function request(ctx) { return { payload: null }; }
export function response(ctx) { util.unauthorized(); }
";

const BEFORE: &str = "
type Query { a: String }
type Message @aws_api_key @aws_iam { id: ID text: String old: String secret: String }
type Mutation { send(with: AWSJSON): Message post(with: AWSJSON): Message }
type Subscription {
  onSend(id: ID, old: String): Message @aws_subscribe(mutations: [\"send\"])
  onFiltered: Message @aws_subscribe(mutations: [\"send\"])
  onGone: Message @aws_subscribe(mutations: [\"send\"])
  onClosed: Message @aws_subscribe(mutations: [\"send\"])
  onRetyped: Message @aws_subscribe(mutations: [\"send\"])
}
";

const AFTER: &str = "
type Query { a: String }
type Message @aws_api_key @aws_iam { id: ID text: String! new: String secret: String @aws_iam }
type Mutation { send(with: AWSJSON): Message post(with: AWSJSON): Message say(with: AWSJSON): String }
type Subscription {
  onSend(id: ID): Message @aws_subscribe(mutations: [\"send\", \"post\"])
  onFiltered: Message @aws_subscribe(mutations: [\"send\"])
  onClosed: Message @aws_subscribe(mutations: [\"send\"]) @aws_iam
  onRetyped: String @aws_subscribe(mutations: [\"say\"])
  onNew: Message @aws_subscribe(mutations: [\"send\"])
}
";

/// A server of one API whose definition may change.
struct World {
    definition: Definition,
    served: ServedApi,
    client: Client,
    _runtime: Runtime,
}

fn keys(key: &str) -> Authenticator {
    Authenticator::new().api_keys(ApiKeys::new([ApiKey::new(key)]))
}

fn compile(definition: &Definition, hub: &Arc<Hub>) -> Arc<Api> {
    let config = definition.path("config.toml");
    let loaded = definition::read(&config, std::iter::empty::<(String, String)>(), &Overrides::default());
    let read = loaded.definition.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    let server = ServerSettings { ephemeral: true, ..ServerSettings::default() };
    let tables = DataFolderTables::new(&server, &DynamodbSettings::default());
    let services = Arc::new(Services::new(Arc::new(tables), ServiceEndpoint::Embedded));
    let compiled = Api::compile(&read.apis[0], &Options::new(&config, &read.server, services));
    let api = compiled.api.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
    Arc::new(api.publishing_to(hub))
}

impl World {
    fn start() -> Self {
        let definition = Definition::new();
        definition.write(
            "config.toml",
            "[api]\nname = \"test\"\nauthentication_type = \"API_KEY\"\nschema = \"schema.graphql\"\n\
             [[api.additional_authentication_providers]]\nauthentication_type = \"AWS_IAM\"\n\
             [[api.iam_principals]]\nname = \"ann\"\naccess_key_id = \"AKIAANN\"\nsecret_access_key = \"secret\"\n\
             policies = [\"arn:aws:iam::aws:policy/AdministratorAccess\"]\n\
             [[api.api_keys]]\nid = \"unused\"\n[api.data_sources.none]\ntype = \"NONE\"\n",
        );
        definition.write("schema.graphql", BEFORE);
        for mutation in ["send", "post"] {
            definition.write(&format!("resolvers/Mutation.{mutation}.js"), RESOLVER);
        }
        definition.write("resolvers/Subscription.onFiltered.js", FILTERED);
        let hub = Hub::new("test".into(), HubSettings { payload_limit: 240 << 10 }, None);
        let served = ServedApi::new("test", Vec::new(), compile(&definition, &hub), keys("before"), hub);
        let runtime = Runtime::new().expect("a runtime");
        let bound = runtime.block_on(Server::bind(Settings { port: 0, ..Settings::default() }, vec![served.clone()]));
        let server = bound.expect("a listener");
        let client = Client { address: server.local_addr() };
        runtime.spawn(server.run(std::future::pending()));
        Self { definition, served, client, _runtime: runtime }
    }

    /// Serves another schema from now on, with another key.
    fn reload(&self, schema: &str, key: &str) {
        self.definition.write("schema.graphql", schema);
        self.served.reload(compile(&self.definition, &self.served.hub), keys(key));
    }

    fn connect(&self, key: &str) -> Listener {
        Listener::connect(self.client.address, "/graphql/realtime", value!({"host": "localhost", "x-api-key": key}))
    }

    fn mutate(&self, key: &str, fields: &str, with: &Value) {
        let body =
            value!({"query": (format!("mutation($with: AWSJSON) {{ {fields} }}")), "variables": {"with": (with.to_json())}});
        let answer = self.client.request("POST", "/graphql", &[("x-api-key", key)], &body.to_json());
        assert!(answer.status == 200 && !answer.body.contains("errors"), "{answer:?}");
    }
}

/// So many frames, in the order of their ids: which of several subscriptions hears first is nobody's business.
fn frames(listener: &mut Listener, count: usize) -> Vec<String> {
    let mut frames: Vec<String> = (0..count).map(|_| listener.socket.text()).collect();
    // An error stays before its `complete`.
    frames.sort_by_key(|frame| frame.split(',').next().map(str::to_owned));
    frames
}

#[test]
fn subscriptions_that_the_new_definition_has_stay_and_the_others_are_told() {
    let world = World::start();
    let mut listener = world.connect("before");
    for (id, field) in [
        ("1-stays", "onSend { id text }"),
        ("2-argument", "onSend(id: \"x\") { id }"),
        ("3-filtered", "onFiltered { id }"),
        ("4-secret", "onSend { id secret }"),
        ("5-gone", "onGone { id }"),
        ("6-member", "onSend { id old }"),
        ("7-argument", "onSend(old: \"o\") { id }"),
        ("8-closed", "onClosed { id }"),
        ("9-retyped", "onRetyped { id }"),
    ] {
        listener.subscribe(id, &format!("subscription {{ {field} }}"));
    }
    // A resolver does not run again for who is there.
    world.definition.write("resolvers/Subscription.onFiltered.js", REFUSED);
    world.definition.write("resolvers/Mutation.say.js", RESOLVER);
    world.reload(AFTER, "after");
    let undefined = |id: &str, text: &str| {
        [
            format!(r#"{{"id":"{id}","type":"error","payload":{{"errors":[{{"message":"Validation error of type {text}"}}]}}}}"#),
            format!(r#"{{"id":"{id}","type":"complete"}}"#),
        ]
    };
    let expected = [
        undefined("5-gone", "FieldUndefined: Field 'onGone' in type 'Subscription' is undefined @ 'onGone'"),
        undefined("6-member", "FieldUndefined: Field 'old' in type 'Message' is undefined @ 'onSend/old'"),
        undefined("7-argument", "UnknownArgument: Unknown field argument old @ 'onSend'"),
        [
            r#"{"id":"8-closed","type":"error","payload":{"errors":[{"errorType":"Unauthorized","message":"Not Authorized to access onClosed on type Subscription"}]}}"#
                .to_owned(),
            r#"{"id":"8-closed","type":"complete"}"#.to_owned(),
        ],
        undefined(
            "9-retyped",
            "SubSelectionNotAllowed: Sub selection not allowed on leaf type String of field onRetyped @ 'onRetyped'",
        ),
    ];
    assert_eq!(frames(&mut listener, 10), expected.concat());

    // Those that stay are judged and written by the new definition.
    world.mutate("after", "post(with: $with) { id text }", &value!({"id": "x", "text": "t"}));
    assert_eq!(
        frames(&mut listener, 3),
        [
            r#"{"id":"1-stays","type":"data","payload":{"data":{"onSend":{"id":"x","text":"t"}}}}"#,
            r#"{"id":"2-argument","type":"data","payload":{"data":{"onSend":{"id":"x"}}}}"#,
            r#"{"id":"4-secret","type":"data","payload":{"data":{"onSend":{"id":"x","secret":null}},"errors":[{"path":["onSend","secret"],"data":null,"errorType":"Unauthorized","errorInfo":null,"locations":[{"line":1,"column":28,"sourceName":null}],"message":"Not Authorized to access secret on type Message"}]}}"#,
        ]
    );
    listener.stop("4-secret");
    world.mutate("after", "send(with: $with) { id }", &value!({"id": "y"}));
    assert_eq!(
        frames(&mut listener, 2),
        [
            r#"{"id":"1-stays","type":"data","payload":{"data":{"onSend":null},"errors":[{"path":["onSend","text"],"locations":null,"message":"Cannot return null for non-nullable type: 'String' within parent 'Message' (/onSend/text)"}]}}"#,
            r#"{"id":"3-filtered","type":"data","payload":{"data":{"onFiltered":{"id":"y"}}}}"#,
        ]
    );

    // Or the event may still be on its way to those who subscribe next.
    while world.served.hub.counters().snapshot().queue_depth > 0 {
        std::thread::yield_now();
    }

    // Who comes now meets the new definition and the new keys, on an old connection and on a new one.
    let document = "subscription { onNew { id } }";
    let before = value!({"host": "localhost", "x-api-key": "before"});
    listener.socket.start("5-gone", document, &value!({}), &before);
    assert!(listener.socket.text().contains("UnauthorizedException"));
    let after = value!({"host": "localhost", "x-api-key": "after"});
    listener.socket.start("5-gone", document, &value!({}), &after);
    assert_eq!(listener.socket.text(), acknowledgement("5-gone"));
    let mut other = world.connect("after");
    assert!(other.start("f", "subscription { onFiltered { id } }", &value!({})).contains(r#""errorType":"Unauthorized""#));

    // There and back again: nobody notices.
    let counters = || world.served.hub.counters().snapshot();
    assert_eq!((counters().connections, counters().subscriptions), (2, 4));
    world.reload(AFTER, "after");
    assert_eq!((counters().connections, counters().subscriptions), (2, 4));
    world.mutate("after", "send(with: $with) { id text }", &value!({"id": "z", "text": "t"}));
    assert_eq!(
        frames(&mut listener, 3),
        [
            r#"{"id":"1-stays","type":"data","payload":{"data":{"onSend":{"id":"z","text":"t"}}}}"#,
            r#"{"id":"3-filtered","type":"data","payload":{"data":{"onFiltered":{"id":"z"}}}}"#,
            r#"{"id":"5-gone","type":"data","payload":{"data":{"onNew":{"id":"z"}}}}"#,
        ]
    );
}

/// Events while definitions come and go: each is heard once, in order, by a subscription that all of them have.
#[test]
fn no_event_is_lost_or_doubled_by_a_reload() {
    const EVENTS: usize = 200;
    let world = World::start();
    let mut listener = world.connect("before");
    listener.subscribe("all", "subscription { onSend { id } }");
    listener.subscribe("one", "subscription { onSend(id: \"7\") { id } }");
    let apis: Vec<Arc<Api>> = (0..4).map(|_| compile(&world.definition, &world.served.hub)).collect();
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            for number in 0..EVENTS {
                world.mutate("before", "send(with: $with) { id }", &value!({"id": (number.to_string())}));
            }
        });
        while !sending.is_finished() {
            for api in &apis {
                world.served.reload(Arc::clone(api), keys("before"));
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    });
    let mut all = Vec::new();
    let mut one = 0;
    while all.len() < EVENTS || one < 1 {
        let frame = Value::parse(listener.socket.text().as_bytes()).expect("JSON");
        let id = frame.at(&["payload", "data", "onSend", "id"]).as_str().expect("an id").to_owned();
        match frame.at(&["id"]).as_str() {
            Some("all") => all.push(id),
            Some("one") => {
                assert_eq!(id, "7");
                one += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(all, (0..EVENTS).map(|number| number.to_string()).collect::<Vec<_>>());
    listener.stop("one");
    listener.stop("all");
}
