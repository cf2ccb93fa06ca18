//! A subscription's own resolver, which runs at its start: units and pipelines, in JavaScript and VTL.

use value::value;

use crate::chat::Room;
use crate::harness::API_KEY;
use crate::harness::Definition;
use crate::harness::websocket::{Listener, acknowledgement, error};

/// The same four times: it filters by room, or does what `way` says.
const JS: &str = "\
  const way = ctx.args.way;
  if (way === 'error') { util.error('no way', 'Refused', { a: 1 }, { b: 2 }); }
  if (way === 'plain') { util.error('no way'); }
  if (way === 'append') { util.appendError('one', 'First'); util.appendError('two', 'Second'); }
  if (way === 'unauthorized') { util.unauthorized(); }
  if (way === 'value') { return { id: 'of the resolver', must: 'm' }; }
  if (way === 'text') { return 'text'; }
  if (way === 'filter') { extensions.setSubscriptionFilter({ filterGroup: [{ filters: [{ fieldName: 'room', operator: 'eq', value: 'set' }] }] }); }
  if (way === 'headers') { const { headers } = ctx.request; util.error(`${headers['x-mine']} ${headers['x-theirs']} ${headers['x-api-key'] === undefined}`); }
  if (way === 'throw') { const nothing = null; return nothing.member; }
  return null;
";

const VTL: &str = r##"
#set($way = $ctx.args.way)
#if($way == "error") $util.error("no way", "Refused", {"a": 1}, {"b": 2}) #end
#if($way == "plain") $util.error("no way") #end
#if($way == "append") $util.qr($util.appendError("one", "First")) $util.qr($util.appendError("two", "Second")) #end
#if($way == "unauthorized") $util.unauthorized() #end
#if($way == "filter") $extensions.setSubscriptionFilter({"filterGroup": [{"filters": [{"fieldName": "room", "operator": "eq", "value": "set"}]}]}) #end
#if($way == "value") {"id": "of the resolver", "must": "m"} #elseif($way == "text") "text" #else null #end
"##;

const IMPORT: &str = "import { util, extensions } from '@aws-appsync/utils';\n";
const NONE: &str = r#"{"version": "2018-05-29", "payload": null}"#;

const FIELDS: [&str; 4] = ["onJs", "onVtl", "onJsPipeline", "onVtlPipeline"];

/// Puts the resolvers into the definition of the suite.
pub(crate) fn write(definition: &Definition) {
    let request = "export function request(ctx) { return { payload: null }; }\n";
    definition.write(
        "resolvers/Subscription.onJs.js",
        &format!("// @dataSource none\n{IMPORT}{request}export function response(ctx) {{\n{JS}}}\n"),
    );
    definition.write("resolvers/Subscription.onVtl.request.vtl", &format!("## @dataSource none\n{NONE}"));
    definition.write("resolvers/Subscription.onVtl.response.vtl", VTL);
    definition.write(
        "resolvers/functions/judge.js",
        &format!("// @dataSource none\n{IMPORT}{request}export function response(ctx) {{\n{JS}}}\n"),
    );
    definition.write(
        "resolvers/Subscription.onJsPipeline.js",
        "// @functions judge\nexport function request(ctx) { return {}; }\nexport function response(ctx) { return ctx.prev.result; }\n",
    );
    definition.write("resolvers/functions/judgeVtl.request.vtl", &format!("## @dataSource none\n{NONE}"));
    definition.write("resolvers/functions/judgeVtl.response.vtl", VTL);
    definition.write("resolvers/Subscription.onVtlPipeline.request.vtl", "## @functions judgeVtl\n{}");
    definition.write("resolvers/Subscription.onVtlPipeline.response.vtl", "$util.toJson($ctx.prev.result)");
}

#[test]
fn a_resolver_may_refuse_and_what_it_gives_is_ignored() {
    let mut room = Room::of("resolvers");
    for field in FIELDS {
        for (way, refused) in [
            ("error", Some(r#"[{"errorType":"Refused","message":"no way"}]"#)),
            ("plain", Some(r#"[{"message":"no way"}]"#)),
            ("append", Some(r#"[{"errorType":"First","message":"one"},{"errorType":"Second","message":"two"}]"#)),
            (
                "unauthorized",
                Some(r#"[{"errorType":"Unauthorized","message":"Not Authorized to access FIELD on type Subscription"}]"#),
            ),
            ("value", None),
            ("text", None),
            ("none", None),
        ] {
            let document = format!("subscription {{ {field}(room: \"a\", way: \"{way}\") {{ id }} }}");
            let answer = room.listener.start("s", &document, &value!({}));
            match refused {
                Some(errors) => assert_eq!(answer, error("s", &errors.replace("FIELD", field)), "{field} {way}"),
                None => {
                    assert_eq!(answer, acknowledgement("s"), "{field} {way}");
                    // Nothing was sent for what it gave: the next frame is that of the stop.
                    room.listener.stop("s");
                }
            }
        }
    }
}

#[test]
fn the_filter_of_a_resolver_counts() {
    let mut room = Room::of("chosen");
    for field in FIELDS {
        room.listener.subscribe("s", &format!("subscription {{ {field}(way: \"filter\", room: \"given\") {{ id }} }}"));
        for (id, to) in [("1", "given"), ("2", "set"), ("3", "other")] {
            room.mutate("send(with: $with) { id room }", &value!({"value": {"id": id, "room": to}}));
        }
        assert_eq!(room.heard(), [format!(r#"s {{"data":{{"{field}":{{"id":"2"}}}}}}"#)]);
        room.listener.stop("s");
    }
}

#[test]
fn a_resolver_that_fails_refuses_its_subscription_only() {
    let mut room = Room::of("thrown");
    room.listener.subscribe("other", "subscription { onSend { id } }");
    let answer = room.listener.start("s", "subscription { onJs(way: \"throw\") { id } }", &value!({}));
    assert!(answer.starts_with(r#"{"id":"s","type":"error","payload":{"errors":[{"errorType":"#), "{answer}");
    room.mutate("send(with: $with) { id }", &value!({"value": {"id": "1"}}));
    assert_eq!(room.heard(), [r#"other {"data":{"onSend":{"id":"1"}}}"#]);
}

/// What a start brings wins over what the upgrade brought (inferred).
#[test]
fn a_resolver_sees_the_headers_of_the_start() {
    let room = Room::of("headers");
    let address = room.client().address;
    let credentials = value!({"host": (address.to_string()), "x-api-key": API_KEY, "x-mine": "connect"});
    let mut listener = Listener::connect(address, &format!("{}/realtime", room.path()), credentials);
    let start = value!({"host": (address.to_string()), "x-api-key": API_KEY, "X-Mine": "start", "x-theirs": "too"});
    listener.socket.start("s", "subscription { onJs(way: \"headers\") { id } }", &value!({}), &start);
    assert_eq!(listener.socket.text(), error("s", r#"[{"message":"start too false"}]"#));
}
