//! The API that tests of subscriptions share, `tests/clients/realtime/api/`, served, and the clients that ask it.
//!
//! Start at [`Served`]; `rounds` has what every client is put through.

#![allow(dead_code, reason = "every test binary uses another part")]

#[path = "realtime/rounds.rs"]
pub(crate) mod rounds;
#[path = "realtime/script.rs"]
pub(crate) mod script;

use std::path::Path;
use std::process::Command;

use value::{Value, value};

use crate::harness::node::{node, old_node};
use crate::harness::{API_KEY, Definition, Server, aws_clients};
use rounds::with;
use script::Script;

/// What most subscribe to.
pub(crate) const ALL: &str = "subscription { onPost { id room text stars author { name } } }";
/// What a subscriber is told who may not have the field.
pub(crate) const FORBIDDEN: &str = "Not Authorized to access onMinutes on type Subscription";
/// What somebody is told whom no mode knows.
pub(crate) const REFUSED: &str = "You are not authorized to make this call.";

/// The password of everybody in the pool.
pub(crate) const PASSWORD: &str = "Correct-horse-1";

/// The definition, in a folder of its own.
pub(crate) fn definition() -> Definition {
    macro_rules! files {
        ($($path:literal,)*) => { Definition::of(&[$(($path, include_str!(concat!("realtime/api/", $path)))),*]) };
    }
    files![
        "config.toml",
        "schema.graphql",
        "functions/doorkeeper.mjs",
        "resolvers/Mutation.expel.js",
        "resolvers/Mutation.post.js",
        "resolvers/Query.ping.js",
        "resolvers/Subscription.onClosed.js",
        "resolvers/Subscription.onParty.js",
        "resolvers/Subscription.onPraise.js",
    ]
}

/// Posts a message with the API key; `selection` is what the mutation selects, and so what subscribers can get.
#[track_caller]
pub(crate) fn post(server: &Server, arguments: &str, selection: &str) {
    let answer = server.client().query(&format!("mutation {{ post({arguments}) {{ {selection} }} }}"));
    assert!(answer.status == 200 && !answer.body.contains("errors"), "{arguments}: {answer:?}");
}

/// An access token of `ann`, who belongs to the group `editors`.
pub(crate) fn token(server: &Server) -> String {
    let parameters = value!({"USERNAME": "ann", "PASSWORD": PASSWORD});
    let body = value!({"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "web", "AuthParameters": (parameters)});
    let headers =
        [("x-amz-target", "AWSCognitoIdentityProviderService.InitiateAuth"), ("content-type", "application/x-amz-json-1.1")];
    let answer = server.client().request("POST", "/cognito-idp", &headers, &body.to_json());
    let body = Value::parse(answer.body.as_bytes()).expect("JSON");
    body.at(&["AuthenticationResult", "AccessToken"]).as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

/// A Python script of `tests/clients/realtime/`.
pub(crate) fn python(definition: &Definition, script: &str) -> Command {
    let mut command = aws_clients::program("python", &definition.path("."), ("any", "thing"));
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/realtime").join(script));
    command
}

/// The API, served.
pub(crate) struct Served {
    pub(crate) definition: Definition,
    pub(crate) server: Server,
}

impl Served {
    /// Serves it.
    pub(crate) fn start() -> Self {
        let definition = definition();
        let server = definition.serve();
        Self { definition, server }
    }

    /// Its endpoint.
    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}/graphql", self.server.address.port())
    }

    /// The certificate of the authority that signed the server's.
    fn authority(&self) -> String {
        self.definition.path("data/tls/ca.pem").to_str().expect("a path in UTF-8").to_owned()
    }

    /// Runs a script of Node.js that trusts the server's certificate.
    fn run(&self, mut command: Command, configuration: &Value) -> Script {
        command.env("NODE_EXTRA_CA_CERTS", self.authority());
        Script::start(command, configuration)
    }

    /// Amplify, configured for the API, with these changes.
    pub(crate) fn amplify(&self, changes: Value) -> Script {
        self.definition.write("node/console.mjs", include_str!("realtime/console.mjs"));
        let script = include_str!("realtime/amplify.mjs");
        let configuration = with(
            value!({
                "url": (self.url("http")), "region": "eu-west-1", "apiKey": API_KEY,
                "credentials": {"accessKeyId": "AKIDBO", "secretAccessKey": "bo/secret+access/key"},
            }),
            changes,
        );
        let mut script = self.run(node(&self.definition.path("node"), "amplify.mjs", script), &configuration);
        script.event("configured");
        script
    }

    /// Apollo Client with AWS's links.
    pub(crate) fn apollo(&self, scheme: &str, auth: Value) -> Script {
        self.definition.write("node/console.mjs", include_str!("realtime/console.mjs"));
        let script = include_str!("realtime/apollo.mjs");
        let configuration = value!({"url": (self.url(scheme)), "region": "eu-west-1", "auth": (auth)});
        let mut script = self.run(node(&self.definition.path("node"), "apollo.mjs", script), &configuration);
        script.event("configured");
        script
    }

    /// aws-appsync in this version.
    pub(crate) fn aws_appsync(&self, version: i64, scheme: &str, auth: Value) -> Script {
        self.definition.write("old_node/console.mjs", include_str!("realtime/console.mjs"));
        let script = include_str!("realtime/aws_appsync.mjs");
        let configuration = value!({"version": version, "url": (self.url(scheme)), "region": "eu-west-1", "auth": (auth)});
        let mut script = self.run(old_node(&self.definition.path("old_node"), "aws_appsync.mjs", script), &configuration);
        script.event("configured");
        script
    }

    /// gql's transport; whether it is configured, the script tells.
    pub(crate) fn gql(&self, url: &str, auth: Value) -> Script {
        let certificate = if url.starts_with("https") { Value::from(self.authority()) } else { Value::Null };
        let configuration = value!({"url": url, "certificate": (certificate), "auth": (auth)});
        Script::start(python(&self.definition, "gql_subscriber.py"), &configuration)
    }

    /// paho, which subscribes with this API key.
    pub(crate) fn paho(&self, scheme: &str, key: &str) -> Script {
        let configuration = value!({"url": (self.url(scheme)), "headers": {"x-api-key": key}, "certificate": (self.authority())});
        let mut script = Script::start(python(&self.definition, "paho_subscriber.py"), &configuration);
        script.event("configured");
        script
    }

    /// What the modes of the API want, as AWS's links and SDK take it.
    pub(crate) fn modes(&self) -> [Value; 3] {
        let credentials = value!({"accessKeyId": "AKIDBO", "secretAccessKey": "bo/secret+access/key"});
        [
            value!({"type": "API_KEY", "apiKey": API_KEY}),
            value!({"type": "AWS_IAM", "credentials": (credentials)}),
            value!({"type": "AMAZON_COGNITO_USER_POOLS", "jwtToken": (token(&self.server))}),
        ]
    }
}
