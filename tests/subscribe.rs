//! `syncgate subscribe`: a subscription at the running server, as somebody whom the definition knows.

mod harness;

use std::process::Command;

use harness::{Definition, Output, Server, Subscriber, answering, command, run};

const KEY: &str = "da2-roomskey000000000000000000";

/// What must not be seen anywhere.
const SECRETS: [&str; 3] = [KEY, "ann/secret", "eyJ"];

const CONFIG: &str = r#"
[api]
name = "rooms"
region = "eu-west-1"
account_id = "123456789012"
authentication_type = "API_KEY"
schema = "schema.graphql"

[[api.additional_authentication_providers]]
authentication_type = "AWS_IAM"
[[api.additional_authentication_providers]]
authentication_type = "AMAZON_COGNITO_USER_POOLS"
user_pool_config = { user_pool_id = "eu-west-1_Rooms" }

[[api.api_keys]]
id = "da2-roomskey000000000000000000"

[[api.iam_principals]]
name = "ann"
access_key_id = "AKIDANN"
secret_access_key = "ann/secret+access/key"
policies = ["arn:aws:iam::aws:policy/AWSAppSyncInvokeFullAccess"]

[api.data_sources.none]
type = "NONE"

[[user_pool]]
user_pool_id = "eu-west-1_Rooms"
clients = [{ client_id = "web" }]
users = [{ username = "bo" }]
"#;

const SCHEMA: &str = r#"
schema { query: Query mutation: Mutation subscription: Subscription }
type Query @aws_api_key @aws_iam @aws_cognito_user_pools { nothing: Int }
type Mutation @aws_api_key @aws_iam @aws_cognito_user_pools {
  send(room: String!, text: String!): Message
  expel(who: String!): Message
}
type Subscription @aws_api_key @aws_iam @aws_cognito_user_pools {
  onMessage(room: String): Message @aws_subscribe(mutations: ["send"])
  onInvited(who: String!): Message @aws_subscribe(mutations: ["send"])
}
type Message @aws_api_key @aws_iam @aws_cognito_user_pools { room: String text: String! }
"#;

const SEND: &str = "// @dataSource none\nexport const request = (ctx) => ({ payload: ctx.args });\nexport const response = (ctx) => ctx.result;\n";

const EXPEL: &str = "// @dataSource none
import { extensions } from '@aws-appsync/utils';
export const request = (ctx) => ({ payload: { text: 'gone' } });
export function response(ctx) {
  extensions.invalidateSubscriptions({ subscriptionField: 'onInvited', payload: { who: ctx.args.who } });
  return ctx.result;
}
";

const INVITED: &str = "// @dataSource none
import { util, extensions } from '@aws-appsync/utils';
export const request = () => ({ payload: null });
export function response(ctx) {
  if (ctx.args.who === 'nobody') util.unauthorized();
  extensions.setSubscriptionInvalidationFilter(util.transform.toSubscriptionFilter({ who: { eq: ctx.args.who } }));
  extensions.setSubscriptionFilter(util.transform.toSubscriptionFilter({ text: { contains: ctx.args.who } }));
  return null;
}
";

fn definition() -> Definition {
    Definition::of(&[
        ("config.toml", CONFIG),
        ("schema.graphql", SCHEMA),
        ("resolvers/Mutation.send.js", SEND),
        ("resolvers/Mutation.expel.js", EXPEL),
        ("resolvers/Subscription.onInvited.js", INVITED),
    ])
}

/// The command, as somebody types it who knows the port by the definition.
fn typed(definition: &Definition, server: &Server, arguments: &[&str]) -> Command {
    let mut command = command();
    command.current_dir(definition.path(".")).env("SYNCGATE_SERVER__PORT", server.address.port().to_string());
    command.args(arguments).args(["--data", "data"]);
    command
}

/// A subscription that is live.
#[track_caller]
fn subscribe(definition: &Definition, server: &Server, arguments: &[&str]) -> Subscriber {
    let mut subscriber = Subscriber::start(typed(definition, server, &[&["subscribe"], arguments].concat()));
    let said = subscriber.said();
    assert!(said.starts_with("Subscribed at http"), "{said}\n{:?}", subscriber.end());
    assert!(!SECRETS.iter().any(|secret| said.contains(secret)), "{said}");
    subscriber
}

/// A subscription that ends by itself.
fn end(definition: &Definition, server: &Server, arguments: &[&str]) -> Output {
    let output = run(typed(definition, server, &[&["subscribe"], arguments].concat()));
    let said = format!("{}{}", output.stdout, output.stderr);
    assert!(!SECRETS.iter().any(|secret| said.contains(secret)), "{said}");
    output
}

#[track_caller]
fn mutate(definition: &Definition, server: &Server, field: &str) {
    let document = format!("mutation {{ {field} {{ room text }} }}");
    let output = run(typed(definition, server, &["query", &document]));
    assert_eq!(output.code, Some(0), "{output:?}");
}

#[track_caller]
fn check(output: &Output, code: i32, stdout: &str, stderr: &[&str]) {
    assert_eq!((output.code, output.stdout.as_str()), (Some(code), stdout), "{}", output.stderr);
    assert_eq!(output.stderr.is_empty(), stderr.is_empty(), "{}", output.stderr);
    for words in stderr {
        assert!(output.stderr.contains(words), "{words}\n{}", output.stderr);
    }
}

fn message(text: &str) -> String {
    format!(r#"{{"data":{{"onMessage":{{"text":"{text}"}}}}}}"#)
}

const ALL: &str = "subscription { onMessage { text } }";

#[test]
fn answers_are_lines_until_ctrl_c_whoever_asks() {
    let definition = definition();
    let server = definition.serve();
    for (identity, who) in [
        ("key", "the API key …0000"),
        ("iam:ann", "iam:ann (access key AKIDANN)"),
        ("user:bo", "user:bo"),
        ("user:zoe", "user:zoe"),
    ] {
        let arguments = ["subscribe", "subscription On($room: String) { onMessage(room: $room) { text } }"];
        let more = ["--variables", r#"{"room": "a"}"#, "--operation", "On", "--as", identity];
        let mut subscriber = Subscriber::start(typed(&definition, &server, &[&arguments[..], &more].concat()));
        let said = format!("Subscribed at http://{}/graphql as {who}. Ctrl-C ends.", server.address);
        assert_eq!(subscriber.said(), said);
        mutate(&definition, &server, r#"send(room: "b", text: "elsewhere")"#);
        for text in ["one", "two ü \\\" \\n"] {
            mutate(&definition, &server, &format!(r#"send(room: "a", text: "{text}")"#));
            assert_eq!(subscriber.answer(), message(text), "{identity}");
        }
        subscriber.interrupt();
        check(&subscriber.end(), 0, "", &[]);
    }
}

#[test]
fn a_count_ends_it_and_so_does_a_reader_who_leaves() {
    let definition = definition();
    let server = definition.serve();
    let counted = subscribe(&definition, &server, &[ALL, "--count", "2"]);
    let mut left = subscribe(&definition, &server, &[ALL]);
    left.ignore();
    for text in ["1", "2", "3"] {
        mutate(&definition, &server, &format!(r#"send(room: "a", text: "{text}")"#));
    }
    check(&counted.end(), 0, &format!("{}\n{}\n", message("1"), message("2")), &[]);
    check(&left.end(), 0, "", &[]);
    let output = end(&definition, &server, &[ALL, "--count", "0"]);
    check(&output, 2, "", &["error: invalid value '0' for '--count <N>'"]);
}

#[test]
fn an_answer_with_errors_is_an_answer() {
    let definition = definition();
    let server = definition.serve();
    let subscriber = subscribe(&definition, &server, &[ALL, "--count", "1"]);
    // It does not select `text`, which is not nullable.
    let output = run(typed(&definition, &server, &["query", r#"mutation { send(room: "a", text: "x") { room } }"#]));
    assert_eq!(output.code, Some(0), "{output:?}");
    let output = subscriber.end();
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{output:?}");
    let words = "Cannot return null for non-nullable type: 'String' within parent 'Message' (/onMessage/text)";
    assert!(
        output.stdout.starts_with(r#"{"data":{"onMessage":null},"errors":[{"#) && output.stdout.contains(words),
        "{output:?}"
    );
}

#[test]
fn what_is_refused_is_told_with_a_way_out() {
    let definition = definition();
    let server = definition.serve();
    let end = |arguments: &[&str]| end(&definition, &server, arguments);

    let undefined = "Validation error of type FieldUndefined: Field 'txt' in type 'Message' is undefined @ 'onMessage/txt'";
    let output = end(&["subscription { onMessage { txt } }"]);
    check(&output, 1, &format!("{{\"errors\":[{{\"message\":\"{undefined}\"}}]}}\n"), &[]);
    let output = end(&[r#"subscription { onInvited(who: "nobody") { text } }"#]);
    let unauthorized =
        r#"{"errors":[{"errorType":"Unauthorized","message":"Not Authorized to access onInvited on type Subscription"}]}"#;
    check(&output, 1, &format!("{unauthorized}\n"), &[]);

    let unsupported = "query not supported through the realtime channel";
    let output = end(&["{ nothing }"]);
    let stdout = format!("{{\"errors\":[{{\"errorType\":\"UnsupportedOperation\",\"message\":\"{unsupported}\"}}]}}\n");
    check(&output, 2, &stdout, &["error: the document is no subscription\n", "= help: syncgate query sends queries"]);
    let output = end(&["subscription {\n  onMessage(room: ) { text } }"]);
    let words = ["error: the request is refused: 400 MalformedHttpRequestException\n", "(line 2, column 19)\n"];
    check(&output, 2, &output.stdout, &words);

    let output = end(&[ALL, "--as", "key:da2-wrong00000000000000000000"]);
    let stdout = r#"{"errors":[{"errorType":"UnauthorizedException","message":"You are not authorized to make this call.","errorCode":401}]}"#;
    let words = ["error: the API key …0000 is refused: 401 UnauthorizedException\n", "= help: a server reads its definition"];
    check(&output, 2, &format!("{stdout}\n"), &words);
    check(&end(&[ALL, "--as", "iam:anne"]), 2, "", &["error: no IAM principal", "= help: did you mean iam:ann?"]);
    check(&end(&[ALL, "--as", "key:zwölf"]), 2, "", &["error: the key or token has characters that no header can hold"]);
    check(&end(&["  "]), 2, "", &["error: the document is empty", "syncgate subscribe 'subscription {"]);

    // Another secret than the server's.
    definition.write("config.toml", &CONFIG.replace("ann/secret+access/key", "ann/secret+access/kez"));
    let output = end(&[ALL, "--as", "iam:ann"]);
    let words = ["error: iam:ann (access key AKIDANN) is refused: 403 InvalidSignatureException", "= help: a server reads"];
    check(&output, 2, &output.stdout, &words);
}

#[test]
fn secrets_stay_on_this_machine_and_in_development() {
    let definition = definition();
    let server = definition.serve();
    for option in ["--url", "--endpoint"] {
        let output = end(&definition, &server, &[ALL, option, "http://192.0.2.1:4000"]);
        check(&output, 2, "", &["error: --url must lead to this machine"]);
    }
    let mut command = typed(&definition, &server, &["subscribe", ALL]);
    command.env("SYNCGATE_SERVER__MODE", "production");
    definition.write("config.toml", CONFIG.split("[[user_pool]]").next().expect("the part before the pool"));
    check(&run(command), 2, "", &["`syncgate subscribe` exists in development mode only"]);
}

#[test]
fn tls_is_trusted_by_what_the_data_folder_keeps() {
    let definition = definition();
    let server = definition.serve();
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{}", server.address.port());
        let subscriber = subscribe(&definition, &server, &[ALL, "--url", &url, "--as", "iam:ann", "--count", "1"]);
        mutate(&definition, &server, r#"send(room: "a", text: "over TLS")"#);
        check(&subscriber.end(), 0, &format!("{}\n", message("over TLS")), &[]);
        let output = run(typed(&definition, &server, &["query", "{ nothing }", "--url", &url]));
        check(&output, 0, "{\"data\":{\"nothing\":null}}\n", &[]);
        let output = definition.run(&["subscribe", ALL, "--url", &url, "--as", "iam:ann", "--data", "other"]);
        check(
            &output,
            2,
            "",
            &["cannot be trusted: ", "= help: a server in development keeps the certificate to trust in other/tls/ca.pem"],
        );
    }
}

#[test]
fn a_server_that_comes_back_is_found_again() {
    let definition = definition();
    let mut server = definition.serve();
    let mut subscriber = subscribe(&definition, &server, &[ALL, "--as", "user:bo", "--count", "1"]);
    let port = server.address.port().to_string();
    server.terminate();
    server.wait();
    let said = subscriber.said();
    let words = "Looking for the server for 60 seconds; what happens meanwhile is not heard.";
    assert!(said.starts_with("Lost: the server closed the connection") && said.ends_with(words), "{said}");
    let mut command = command();
    command.arg("serve").arg("--config").arg(definition.path("config.toml"));
    command.args(["--port", &port, "--data"]).arg(definition.path("data"));
    let server = Server::start(command);
    let said = subscriber.said();
    assert!(said.starts_with("Subscribed again at http"), "{said}");
    mutate(&definition, &server, r#"send(room: "a", text: "back")"#);
    check(&subscriber.end(), 0, &format!("{}\n", message("back")), &[]);
}

#[test]
fn ctrl_c_ends_the_search_for_a_server() {
    let definition = definition();
    let mut server = definition.serve();
    let mut subscriber = subscribe(&definition, &server, &[ALL]);
    server.kill();
    let said = subscriber.said();
    assert!(said.starts_with("Lost: the connection broke off. "), "{said}");
    subscriber.interrupt();
    check(&subscriber.end(), 0, "", &[]);
    // One that was never there is not waited for.
    let url = format!("error: no server answers at http://{}/graphql: ", server.address);
    check(&end(&definition, &server, &[ALL]), 2, "", &[&url, "= help: start it: syncgate serve\n"]);
}

#[test]
fn an_invalidation_ends_it() {
    let definition = definition();
    let server = definition.serve();
    let ann = subscribe(&definition, &server, &[r#"subscription { onInvited(who: "ann") { text } }"#]);
    let bo = subscribe(&definition, &server, &[r#"subscription { onInvited(who: "bo") { text } }"#, "--count", "1"]);
    mutate(&definition, &server, r#"expel(who: "ann")"#);
    let errors = "{\"errors\":[{\"message\":\"Subscription complete.\"}]}\n";
    check(&ann.end(), 1, errors, &["error: the server ended the subscription\n"]);
    mutate(&definition, &server, r#"send(room: "a", text: "dear bo")"#);
    check(&bo.end(), 0, "{\"data\":{\"onInvited\":{\"text\":\"dear bo\"}}}\n", &[]);
}

#[test]
fn a_token_that_expires_ends_it() {
    let definition = definition();
    let server = definition.serve();
    let token = definition.run(&["token", "--user", "bo", "--expires", "3s", "--data", "data"]);
    let mut subscriber = subscribe(&definition, &server, &[ALL, "--as", &format!("token:{}", token.stdout.trim_end())]);
    let said = subscriber.said();
    assert!(said.starts_with("Lost: Token has expired."), "{said}");
    let output = subscriber.end();
    let words = ["error: the token is refused: 401 UnauthorizedException\n", "= help: why a token does not hold stands in"];
    check(&output, 2, &output.stdout, &words);
}

#[test]
fn another_program_on_the_port_is_told() {
    let address = answering([
        "HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\ncontent-length: 5\r\n\r\n<p>ho",
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: x\r\n\r\n",
    ]);
    let definition = definition();
    let url = format!("http://{address}");
    for why in ["status 404", "it answers the upgrade of another client"] {
        let words = format!("error: what answers at {url}/graphql/realtime is no real-time endpoint: {why}\n");
        check(&definition.run(&["subscribe", ALL, "--url", &url]), 2, "", &[&words, "--url http://localhost:PORT"]);
    }
}

#[test]
fn one_of_several_apis_is_named() {
    let api = |name: &str, key: &str| {
        format!(
            "[[api]]\nname = \"{name}\"\nauthentication_type = \"API_KEY\"\nschema = \"schema.graphql\"\n\
             [[api.api_keys]]\nid = \"{key}\"\n[api.data_sources.none]\ntype = \"NONE\"\n"
        )
    };
    let send = "[[api.resolvers]]\ntype = \"Mutation\"\nfield = \"send\"\ncode = \"send.js\"\ndata_source = \"none\"\n";
    let config = format!("{}{send}{}{send}", api("One", "da2-one"), api("Two", "da2-two"));
    let schema =
        "type Query { a: Int } type Mutation { send: Int } type Subscription { on: Int @aws_subscribe(mutations: [\"send\"]) }";
    let resolver = "export const request = () => ({ payload: 7 });\nexport const response = (ctx) => ctx.result;\n";
    let definition = Definition::of(&[("config.toml", &config), ("schema.graphql", schema), ("send.js", resolver)]);
    let server = definition.serve();
    let subscriber = subscribe(&definition, &server, &["subscription { on }", "--api", "two", "--count", "1"]);
    let send = |api: &str| {
        let output = run(typed(&definition, &server, &["query", "mutation { send }", "--api", api]));
        check(&output, 0, "{\"data\":{\"send\":7}}\n", &[]);
    };
    send("one");
    send("two");
    check(&subscriber.end(), 0, "{\"data\":{\"on\":7}}\n", &[]);
    assert!(server.summary.contains(&format!("ws://localhost:{}/apis/two/graphql/realtime", server.address.port())));
}
