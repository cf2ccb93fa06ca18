//! Who is let in: every mode at the connection and at every start, several modes on one connection, and what each may hear.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use value::{Object, Value, value};

use crate::harness::attack::{Request, Signer, moment, sha256};
use crate::harness::websocket::{ACK, Frame, KEEP_ALIVE, Place, Socket, acknowledgement, complete, data, error};
use crate::world::{CALLERS, Caller, KEY, MODES, World};

const ALL: &str = "@aws_api_key @aws_iam @aws_oidc @aws_cognito_user_pools @aws_lambda";
const REALTIME: &str = "/graphql/realtime";
const NOTHING_GIVEN: &str = r#"{"errorType":"UnauthorizedException","message":"Valid authorization header not provided."}"#;

/// Says who it is that subscribes.
const WHO: &str = "\
// @dataSource none
import { util } from '@aws-appsync/utils';
export function request(ctx) { return { payload: null }; }
export function response(ctx) {
  const who = ctx.identity ?? {};
  util.error(`${who.username} ${who.sub} ${who.groups} ${who.resolverContext?.k}`, util.authType());
}
";

fn world() -> World {
    let schema = format!(
        "type Query {{ a: String }}
         input ItemInput {{ id: ID open: String secret: String keyed: String }}
         type Item {ALL} {{
           id: ID
           open: String
           secret: String @aws_cognito_user_pools(cognito_groups: [\"admins\"]) @aws_iam
           keyed: String @aws_api_key @aws_cognito_user_pools
           must: String! @aws_cognito_user_pools
         }}
         type Mutation {{ put(item: ItemInput): Item {ALL} }}
         type Subscription {{
           onPut(id: ID): Item @aws_subscribe(mutations: [\"put\"]) {ALL}
           onKey: Item @aws_subscribe(mutations: [\"put\"]) @aws_api_key
           onMine: Item @aws_subscribe(mutations: [\"put\"]) {ALL}
           onAdmins: Item @aws_subscribe(mutations: [\"put\"]) @aws_cognito_user_pools(cognito_groups: [\"admins\"])
         }}"
    );
    World::new(&MODES, "", &schema, &[("Mutation.put", "{ ...ctx.args.item, must: 'm' }"), ("Subscription.onMine", WHO)])
}

/// The header object of a request with this body for this path.
fn header_object(world: &World, caller: Caller<'_>, path: &str, body: &str) -> Value {
    object(&world.by(caller, unsigned(world, path, body)))
}

fn unsigned(world: &World, path: &str, body: &str) -> Request {
    Request::post(&world.address().to_string(), path, "").body(body)
}

fn object(request: &Request) -> Value {
    let headers = request.headers.iter();
    headers
        .map(|(name, value)| (name.as_str(), Value::from(std::str::from_utf8(value).expect("text"))))
        .collect::<Object>()
        .into()
}

/// A connection of this caller.
fn connect(world: &World, caller: Caller<'_>) -> Socket {
    let credentials = header_object(world, caller, "/graphql/connect", "{}");
    let mut socket = Socket::with_credentials(world.address(), REALTIME, &credentials, Place::SubProtocol);
    socket.init();
    assert_eq!(socket.text(), ACK, "{caller:?}");
    socket
}

/// Begins a subscription as this caller and gives the answer.
fn start(world: &World, socket: &mut Socket, caller: Caller<'_>, id: &str, document: &str) -> String {
    let data = data(document, &value!({}));
    let credentials = header_object(world, caller, "/graphql", &data);
    socket.start_data(id, &data, &credentials);
    socket.text()
}

fn put(world: &World, id: &str) {
    let item = format!(
        "mutation {{ put(item: {{id: \"{id}\", open: \"o\", secret: \"s\", keyed: \"k\"}}) {{ id open secret keyed must }} }}"
    );
    assert_eq!(world.refused(Caller::Pool(&["admins"]), &item), [""; 0]);
}

#[test]
fn every_mode_opens_a_connection_and_a_subscription_from_every_place() {
    let world = world();
    for caller in CALLERS {
        for place in [Place::SubProtocol, Place::Query, Place::EncodedQuery, Place::Headers] {
            let credentials = header_object(&world, caller, "/graphql/connect", "{}");
            let mut socket = Socket::with_credentials(world.address(), REALTIME, &credentials, place);
            socket.init();
            assert_eq!(socket.frame(), Frame::Text(ACK.to_owned()), "{caller:?} {place:?}");
            assert_eq!(socket.frame(), Frame::Text(KEEP_ALIVE.to_owned()), "{caller:?} {place:?}");
            let answer = start(&world, &mut socket, caller, "1", "subscription { onPut { id } }");
            assert_eq!(answer, acknowledgement("1"), "{caller:?} {place:?}");
        }
    }
}

#[test]
fn several_modes_share_a_connection_and_each_hears_what_it_may() {
    let world = world();
    let mut socket = connect(&world, Caller::Key);
    let callers = [
        ("key", Caller::Key, r#""secret":null,"keyed":"k""#, "secret"),
        ("iam", Caller::Iam("full"), r#""secret":"s","keyed":null"#, "keyed"),
        ("oidc", Caller::Oidc(&["admins"]), r#""secret":null,"keyed":null"#, "secret keyed"),
        ("user", Caller::Pool(&["users"]), r#""secret":null,"keyed":"k""#, "secret"),
        ("admin", Caller::Pool(&["users", "admins"]), r#""secret":"s","keyed":"k""#, ""),
        (
            "lambda",
            Caller::Lambda(r#"{"isAuthorized":true,"deniedFields":["Item.id"]}"#),
            r#""secret":null,"keyed":null"#,
            "id secret keyed",
        ),
        // An explicit deny of a policy closes a field below.
        ("denied", Caller::Iam("denied"), r#""secret":null,"keyed":null"#, "secret keyed"),
    ];
    for (id, caller, ..) in callers {
        let answer = start(&world, &mut socket, caller, id, "subscription { onPut { id secret keyed } }");
        assert_eq!(answer, acknowledgement(id));
    }
    put(&world, "1");
    for _ in callers {
        let frame = Value::parse(socket.text().as_bytes()).expect("JSON");
        let id = frame.get("id").and_then(Value::as_str).expect("an id");
        let (_, _, shown, denied) = callers.iter().find(|(known, ..)| *known == id).expect("a subscription");
        let item = if denied.starts_with("id") { "null" } else { "\"1\"" };
        assert_eq!(frame.at(&["payload", "data"]).to_json(), format!(r#"{{"onPut":{{"id":{item},{shown}}}}}"#), "{id}");
        // Whoever may not read a field is told so (inferred).
        let errors = frame.at(&["payload", "errors"]).as_list().unwrap_or_default();
        let refused: Vec<String> =
            denied.split_whitespace().map(|field| format!("Not Authorized to access {field} on type Item")).collect();
        let messages: Vec<&str> = errors.iter().filter_map(|error| error.at(&["message"]).as_str()).collect();
        assert_eq!(messages, refused, "{id}");
        assert!(errors.iter().all(|error| error.at(&["errorType"]).as_str() == Some("Unauthorized")), "{frame}");
    }
    // A field that may not be null and may not be read: nothing is left of the item.
    let answer = start(&world, &mut socket, Caller::Oidc(&[]), "must", "subscription { onPut(id: 2) { id must } }");
    assert_eq!(answer, acknowledgement("must"));
    for (id, ..) in callers {
        socket.stop(id);
        assert_eq!(socket.text(), complete(id));
    }
    put(&world, "2");
    assert!(socket.text().starts_with(r#"{"id":"must","type":"data","payload":{"data":{"onPut":null},"errors":["#));
}

#[test]
fn a_root_field_that_is_closed_is_refused_at_its_start() {
    let world = world();
    let mut socket = connect(&world, Caller::Lambda(r#"{"isAuthorized":true}"#));
    let denied = |field: &str| {
        format!(r#"[{{"errorType":"Unauthorized","message":"Not Authorized to access {field} on type Subscription"}}]"#)
    };
    for (caller, field, open) in [
        (Caller::Key, "onKey", true),
        (Caller::Iam("full"), "onKey", false),
        (Caller::Oidc(&[]), "onKey", false),
        (Caller::Pool(&["admins"]), "onKey", false),
        (Caller::Lambda(r#"{"isAuthorized":true}"#), "onKey", false),
        (Caller::Pool(&["admins"]), "onAdmins", true),
        (Caller::Pool(&["users"]), "onAdmins", false),
        (Caller::Pool(&[]), "onAdmins", false),
        (Caller::Oidc(&["admins"]), "onAdmins", false),
        (Caller::Key, "onAdmins", false),
        // Policies: nothing is open without an Allow.
        (Caller::Iam("nobody"), "onPut", false),
        (Caller::Iam("narrow"), "onPut", false),
        (Caller::Iam("elsewhere"), "onPut", false),
        (Caller::Iam("denied"), "onPut", true),
        (Caller::Lambda(r#"{"isAuthorized":true,"deniedFields":["Subscription.onPut"]}"#), "onPut", false),
        (Caller::Lambda(r#"{"isAuthorized":true,"deniedFields":["Mutation.put"]}"#), "onPut", true),
    ] {
        let answer = start(&world, &mut socket, caller, "s", &format!("subscription {{ {field} {{ id }} }}"));
        if open {
            assert_eq!(answer, acknowledgement("s"), "{caller:?} {field}");
            socket.stop("s");
            assert_eq!(socket.text(), complete("s"));
        } else {
            assert_eq!(answer, error("s", &denied(field)), "{caller:?} {field}");
        }
    }
}

/// Credentials that are wrong in some way, and what is said of them with which status.
fn wrong(world: &World, path: &str, body: &str) -> Vec<(&'static str, Value, &'static str, u16)> {
    let plain = || unsigned(world, path, body);
    let signer = || Signer::new("AKIAFULL", "secret of full");
    let oidc = world.outside.oidc_token(&[]);
    let (head, _) = oidc.rsplit_once('.').expect("a signature");
    let own = if path.ends_with("/connect") { "/graphql/connect" } else { "/graphql" };
    let other = if path.ends_with("/connect") { "/graphql" } else { "/graphql/connect" };
    let signed_as = |target: &str, body: &str| object(&signer().sign(unsigned(world, target, body)));
    let host = world.address().to_string();
    const NO: &str = "UnauthorizedException";
    const SIGNATURE: &str = "InvalidSignatureException";
    vec![
        ("nothing", object(&plain()), NO, 401),
        ("another key", object(&plain().with("x-api-key", "da2-wrong")), NO, 401),
        ("a part of the key", object(&plain().with("x-api-key", &KEY[..KEY.len() - 1])), NO, 401),
        ("a token without signature", object(&plain().with("authorization", format!("{head}."))), NO, 401),
        ("a token that has expired", object(&plain().with("authorization", world.outside.short_token(&[], 0))), NO, 401),
        ("a function that says no", object(&plain().with("authorization", "custom {\"isAuthorized\":false}")), NO, 401),
        ("another secret", object(&Signer::new("AKIAFULL", "another").sign(plain())), SIGNATURE, 403),
        ("nobody's key", object(&Signer::new("AKIANOONE", "secret of full").sign(plain())), "UnrecognizedClientException", 403),
        ("a signature for another API", signed_as(&own.replace("/graphql", "/apis/other/graphql"), body), SIGNATURE, 403),
        ("a signature for another path", signed_as(other, body), SIGNATURE, 403),
        ("a signature over other bytes", signed_as(path, &format!("{body} ")), SIGNATURE, 403),
        ("a signature over nothing", signed_as(path, ""), SIGNATURE, 403),
        (
            "a signature for another host",
            object(&signer().sign(plain().set("host", "other.example")).set("host", host)),
            SIGNATURE,
            403,
        ),
        (
            "the hash of another body in a header",
            object(
                &Signer { signed_headers: "content-type;host;x-amz-content-sha256;x-amz-date".into(), ..signer() }
                    .sign(plain().with("x-amz-content-sha256", sha256(b"{}{}"))),
            ),
            SIGNATURE,
            403,
        ),
        ("a signature of yesterday", object(&Signer { moment: moment(-86_400), ..signer() }.sign(plain())), SIGNATURE, 403),
    ]
}

#[test]
fn wrong_credentials_open_no_connection() {
    let world = world();
    for (name, credentials, error_type, code) in wrong(&world, "/graphql/connect", "{}") {
        for place in [Place::SubProtocol, Place::Query] {
            let mut socket = Socket::with_credentials(world.address(), REALTIME, &credentials, place);
            socket.assert_silent();
            socket.init();
            let frames = socket.rest();
            let [refusal, close] = &frames[..] else { panic!("{name}: {frames:?}") };
            let refusal = Value::parse(refusal.as_bytes()).expect("JSON");
            assert_eq!(refusal.at(&["type"]).as_str(), Some("connection_error"), "{name}");
            let error = &refusal.at(&["payload", "errors"]).as_list().expect("a list")[0];
            assert_eq!(
                (error.at(&["errorType"]).as_str(), error.at(&["errorCode"]).as_i64()),
                (Some(error_type), Some(code.into())),
                "{name}: {refusal}"
            );
            assert_eq!(close, "1008 the connection was refused", "{name}");
        }
    }
}

#[test]
fn wrong_credentials_start_no_subscription_and_leave_the_connection() {
    let world = world();
    let mut socket = connect(&world, Caller::Key);
    assert_eq!(start(&world, &mut socket, Caller::Key, "key", "subscription { onPut { id } }"), acknowledgement("key"));
    let data = data("subscription { onPut { id } }", &value!({}));
    for (name, credentials, error_type, _) in wrong(&world, "/graphql", &data) {
        socket.start_data("s", &data, &credentials);
        let answer = socket.text();
        assert!(
            answer.starts_with(&format!(r#"{{"id":"s","type":"error","payload":{{"errors":[{{"errorType":"{error_type}""#)),
            "{name}: {answer}"
        );
    }
    put(&world, "1");
    assert_eq!(socket.text(), r#"{"id":"key","type":"data","payload":{"data":{"onPut":{"id":"1"}}}}"#);
    assert_eq!(start(&world, &mut socket, Caller::Iam("full"), "s", "subscription { onPut { id } }"), acknowledgement("s"));
}

#[test]
fn a_signature_covers_the_bytes_of_data_as_they_came() {
    let world = world();
    let mut socket = connect(&world, Caller::Key);
    // Blanks, escapes, order, a member that nobody reads: re-written it would have another hash.
    let data = " {\"variables\" : {} ,\"extensions\":{\"x\":1.0},\"query\":\"subscription { \\u006fnPut { id } }\"}\n";
    let credentials = header_object(&world, Caller::Iam("full"), "/graphql", data);
    socket.start_data("s", data, &credentials);
    assert_eq!(socket.text(), acknowledgement("s"));
    let signed = header_object(&world, Caller::Iam("full"), "/graphql", data.trim());
    socket.start_data("t", data, &signed);
    assert!(socket.text().contains("InvalidSignatureException"));
}

/// The handshake's body is the query parameter `payload`, which clients leave at `{}`.
#[test]
fn a_signature_of_the_handshake_covers_its_payload() {
    let world = world();
    let payload = r#"{"a": [1.0, "+/"]}"#;
    for (signed, is_let_in) in [(payload, true), ("{}", false)] {
        let credentials = header_object(&world, Caller::Iam("full"), "/graphql/connect", signed).to_json();
        let target = format!("{REALTIME}?header={}&payload={}", STANDARD.encode(credentials), STANDARD.encode(payload));
        let socket = Socket::open(world.address(), &target, &[("sec-websocket-protocol", "graphql-ws")]);
        let mut socket = socket.unwrap_or_else(|answer| panic!("{answer:?}"));
        socket.init();
        let answer = socket.text();
        assert!(if is_let_in { answer == ACK } else { answer.contains("InvalidSignatureException") }, "{signed}: {answer}");
    }
}

#[test]
fn the_end_of_a_token_ends_its_subscription_only() {
    let world = world();
    let mut socket = connect(&world, Caller::Key);
    assert_eq!(start(&world, &mut socket, Caller::Key, "key", "subscription { onPut { id } }"), acknowledgement("key"));
    let data = data("subscription { onPut { id } }", &value!({}));
    // On a machine that is busy a token may end before its subscription begins.
    let begun = [2, 8, 32].into_iter().any(|seconds| {
        let request = unsigned(&world, "/graphql", &data).with("authorization", world.outside.short_token(&[], seconds));
        socket.start_data("token", &data, &object(&request));
        socket.text() == acknowledgement("token")
    });
    assert!(begun);
    let expired = r#"[{"errorType":"UnauthorizedException","message":"Token has expired."}]"#;
    assert_eq!(socket.text(), error("token", expired));
    put(&world, "1");
    assert_eq!(socket.text(), r#"{"id":"key","type":"data","payload":{"data":{"onPut":{"id":"1"}}}}"#);
    socket.stop("key");
    assert_eq!(socket.text(), complete("key"), "and nothing of the other one");
    // Its id is free.
    assert_eq!(start(&world, &mut socket, Caller::Oidc(&[]), "token", "subscription { onPut { id } }"), acknowledgement("token"));
}

#[test]
fn a_start_without_credentials_is_refused() {
    let world = world();
    let mut socket = connect(&world, Caller::Key);
    for message in [
        value!({"id": "s", "type": "start", "payload": {"data": (data("subscription { onPut { id } }", &value!({})))}}),
        value!({"id": "s", "type": "start", "payload": {"data": (data("subscription { onPut { id } }", &value!({}))), "extensions": {}}}),
    ] {
        socket.send(&message.to_json());
        assert_eq!(socket.text(), error("s", &format!("[{NOTHING_GIVEN}]")));
    }
}

#[test]
fn the_resolver_of_a_subscription_knows_who_starts_it() {
    let world = world();
    let mut socket = connect(&world, Caller::Key);
    for (caller, error_type, message) in [
        (Caller::Key, "API Key Authorization", "undefined undefined undefined undefined"),
        (Caller::Iam("full"), "IAM Authorization", "full undefined undefined undefined"),
        (Caller::Oidc(&["a"]), "Open ID Connect Authorization", "undefined s-2 undefined undefined"),
        (Caller::Pool(&["a", "b"]), "User Pool Authorization", "ann s-1 a,b undefined"),
        (
            Caller::Lambda(r#"{"isAuthorized":true,"resolverContext":{"k":"v"}}"#),
            "Lambda Authorization",
            "undefined undefined undefined v",
        ),
    ] {
        let answer = start(&world, &mut socket, caller, "s", "subscription { onMine { id } }");
        assert_eq!(answer, error("s", &format!(r#"[{{"errorType":"{error_type}","message":"{message}"}}]"#)), "{caller:?}");
    }
}

/// The authorizer function is shown what the client asks for, at the start; the handshake asks for nothing yet.
#[test]
fn the_authorizer_function_sees_the_document_of_a_start() {
    let world = world();
    let caller = Caller::Lambda(r#"{"isAuthorized":true}"#);
    let mut socket = connect(&world, caller);
    let document = "subscription Mine($id: ID) { onPut(id: $id) { id } }";
    let data = value!({"query": document, "operationName": "Mine", "variables": {"id": "7"}}).to_json();
    let credentials = header_object(&world, caller, "/graphql", &data);
    socket.start_data("s", &data, &credentials);
    assert_eq!(socket.text(), acknowledgement("s"));
    let seen: Vec<String> = world
        .outside
        .events()
        .iter()
        .map(|event| {
            let context = |name: &str| event.at(&["requestContext", name]).to_json();
            format!("{} {} {}", context("queryString"), context("operationName"), context("variables"))
        })
        .collect();
    assert_eq!(seen, [r#""" null {}"#.to_owned(), format!(r#""{document}" "Mine" {{"id":"7"}}"#)]);
}
