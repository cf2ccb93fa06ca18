//! One server for the whole suite, with the same API under many ids: every test has one for itself.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

use value::{Value, value};

use crate::harness::websocket::Listener;
use crate::harness::{API_KEY, Answer, Client, Definition, Server};

/// The ids of the APIs, each for one test.
const APIS: [&str; 26] = [
    "events",
    "arguments",
    "several",
    "alone",
    "neighbour",
    "filters",
    "transformed",
    "unfiltered",
    "lists",
    "excessive",
    "invalidation",
    "order",
    "five",
    "invalid",
    "resolvers",
    "chosen",
    "thrown",
    "headers",
    "ids",
    "answers",
    "many",
    "payloads",
    "rules",
    "handshakes",
    "messages",
    "doors",
];

const SCHEMA: &str = include_str!("chat/schema.graphql");

/// A mutation gives what its argument says: `value`, with `error`, `append` (an error beside the value) and `invalidate`.
const MUTATION: &str = "\
// @dataSource none
import { util, extensions } from '@aws-appsync/utils';
export function request(ctx) {
  return { payload: ctx.args.with };
}
export function response(ctx) {
  const { value, error, append, invalidate } = ctx.result;
  for (const one of invalidate ?? []) {
    extensions.invalidateSubscriptions(one);
  }
  if (append) {
    util.appendError(append, 'Appended');
  }
  if (error) {
    util.error(error, 'Failed', value);
  }
  return value;
}
";

const MUTATIONS: [&str; 14] =
    ["send", "post", "sure", "many", "text", "raw", "kind", "node", "actor", "number", "time", "flag", "quiet", "seldom"];

/// Resolvers by `TYPE.FIELD`: the code of the response step, after imports.
const RESOLVERS: [(&str, &str); 5] = [
    ("Mutation.fence", "return { id: ctx.args.id };"),
    ("Message.computed", "return `${ctx.source.id}!`;"),
    ("Message.broken", "util.error('never', 'Broken');"),
    ("Message.child", "return { id: `${ctx.source.id}.1`, must: 'm', text: 't', author: { name: 'Ann' } };"),
    (
        "Subscription.onFiltered",
        "if (ctx.args.filter) { extensions.setSubscriptionFilter(ctx.args.filter); }
         if (ctx.args.transform) { extensions.setSubscriptionFilter(util.transform.toSubscriptionFilter(ctx.args.transform)); }
         if (ctx.args.invalidation) { extensions.setSubscriptionInvalidationFilter(ctx.args.invalidation); }
         return null;",
    ),
];

/// The server.
pub(crate) struct Chat {
    _definition: Definition,
    pub(crate) server: Server,
}

/// The server that all tests share, for as long as one of them has it: nobody would stop one in a static.
pub(crate) fn chat() -> Arc<Chat> {
    static SHARED: Mutex<Weak<Chat>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().expect("no test fails while it starts the server");
    shared.upgrade().unwrap_or_else(|| {
        let chat = Arc::new(Chat::start());
        *shared = Arc::downgrade(&chat);
        chat
    })
}

impl Chat {
    fn start() -> Self {
        let definition = Definition::new();
        let apis: String = APIS
            .iter()
            .map(|id| {
                format!(
                    "[[api]]\nname = \"{id}\"\napi_id = \"{id}\"\nauthentication_type = \"API_KEY\"\nschema = \"schema.graphql\"\n\
                     resolvers_directory = \"resolvers\"\n[[api.api_keys]]\nid = \"{API_KEY}\"\n\
                     [api.data_sources.none]\ntype = \"NONE\"\n"
                )
            })
            .collect();
        definition.write("config.toml", &format!("{apis}{}", crate::rules::RULE));
        definition.write("schema.graphql", SCHEMA);
        for mutation in MUTATIONS {
            definition.write(&format!("resolvers/Mutation.{mutation}.js"), MUTATION);
        }
        for (field, code) in RESOLVERS {
            let code = format!(
                "// @dataSource none\nimport {{ util, extensions }} from '@aws-appsync/utils';\n\
                 export function request(ctx) {{ return {{ payload: null }}; }}\nexport function response(ctx) {{\n{code}\n}}\n"
            );
            definition.write(&format!("resolvers/{field}.js"), &code);
        }
        crate::resolvers::write(&definition);
        let server = definition.serve();
        Self { _definition: definition, server }
    }
}

/// An API of the server, and somebody who listens to it.
pub(crate) struct Room {
    chat: Arc<Chat>,
    api: &'static str,
    /// What shows that everything before has arrived: only this listener hears of this id.
    fence: String,
    pub(crate) listener: Listener,
}

impl Room {
    /// The API with this id, for one test.
    pub(crate) fn of(api: &'static str) -> Self {
        assert!(APIS.contains(&api), "{api}");
        let chat = chat();
        Self::connect(chat, api)
    }

    fn connect(chat: Arc<Chat>, api: &'static str) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let fence = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        let address = chat.server.address;
        let credentials = value!({"host": (address.to_string()), "x-api-key": API_KEY});
        let mut listener = Listener::connect(address, &format!("/apis/{api}/graphql/realtime"), credentials);
        listener.subscribe("fence", &format!("subscription {{ onFence(id: {fence}) {{ id }} }}"));
        Self { chat, api, fence, listener }
    }

    /// Another connection to it.
    pub(crate) fn another(&self) -> Self {
        Self::connect(Arc::clone(&self.chat), self.api)
    }

    pub(crate) fn client(&self) -> Client {
        self.chat.server.client()
    }

    pub(crate) fn path(&self) -> String {
        format!("/apis/{}/graphql", self.api)
    }

    /// Sends an operation over HTTP.
    pub(crate) fn post(&self, document: &str, variables: &Value) -> Answer {
        let body = value!({"query": document, "variables": (variables.clone())}).to_json();
        self.client().request("POST", &self.path(), &[("x-api-key", API_KEY)], &body)
    }

    /// Runs a mutation whose fields give what `with` says; gives its answer.
    pub(crate) fn mutate(&self, fields: &str, with: &Value) -> Value {
        let document = if fields.contains("$with") {
            format!("mutation($with: AWSJSON) {{ {fields} }}")
        } else {
            format!("mutation {{ {fields} }}")
        };
        let answer = self.post(&document, &value!({"with": (with.to_json())}));
        Value::parse(answer.body.as_bytes()).unwrap_or_else(|_| panic!("{document}: {answer:?}"))
    }

    /// `ID PAYLOAD` of every event that has reached the listener, and other frames as they are.
    pub(crate) fn heard(&mut self) -> Vec<String> {
        let answer = self.post("mutation($id: ID!) { fence(id: $id) { id } }", &value!({"id": (&*self.fence)}));
        assert_eq!(answer.status, 200, "{answer:?}");
        let mut heard = Vec::new();
        loop {
            let text = self.listener.socket.text();
            match event(&text) {
                Some(("fence", _)) => return heard,
                Some((id, payload)) => heard.push(format!("{id} {payload}")),
                None => heard.push(text),
            }
        }
    }
}

/// The id and the payload of a `data` frame, cut out byte by byte.
fn event(frame: &str) -> Option<(&str, &str)> {
    frame.strip_prefix(r#"{"id":""#)?.strip_suffix('}')?.split_once(r#"","type":"data","payload":"#)
}
