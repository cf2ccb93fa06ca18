//! Issuers that are not ours, for tests of tokens: oidc-provider and cognito-local.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use value::{Value, value};

use crate::harness::Definition;
use crate::harness::node::NodeServer;

/// A provider of OpenID Connect, on `port` or a free one, with keys that nobody has seen.
pub(crate) fn provider(definition: &Definition, port: &str) -> NodeServer {
    let script = include_str!("issuers/oidc_provider.mjs");
    NodeServer::script(&definition.path("node"), "oidc_provider.mjs", script, &[port])
}

/// An access token of the provider's only client.
pub(crate) fn token(provider: &NodeServer, algorithm: &str) -> String {
    let authorization = format!("Basic {}", STANDARD.encode("club-robot:the-robots-own-secret"));
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let body = format!("grant_type=client_credentials&scope=read&resource=urn:club:{algorithm}");
    let answer = provider.client().request("POST", "/token", &headers, &body);
    let answer = Value::parse(answer.body.as_bytes()).unwrap_or_else(|error| panic!("{error}: {}", answer.body));
    answer.get("access_token").and_then(Value::as_str).unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// A pool of cognito-local with a user, a group, and a client.
pub(crate) struct Pool {
    server: NodeServer,
    pub(crate) id: String,
    /// The id of its first client.
    pub(crate) client: String,
}

impl Pool {
    pub(crate) fn start(folder: &Definition) -> Self {
        folder.write("cognito/.gitkeep", "");
        let server = NodeServer::program(&folder.path("cognito"), "cognito-local", "running on ");
        let pool = call(&server, "CreateUserPool", &value!({"PoolName": "club"}));
        let id = pool.at(&["UserPool", "Id"]).as_str().unwrap_or_else(|| panic!("{pool}")).to_owned();
        let mut pool = Self { server, id, client: String::new() };
        pool.client = pool.client("web");
        let of_pool = |more: Value| {
            let mut members = value!({"UserPoolId": (pool.id.as_str()), "Username": "ann@example.com", "GroupName": "editors"});
            for (name, value) in more.as_object().expect("an object") {
                members.as_object_mut().expect("an object").insert(&**name, value.clone());
            }
            members
        };
        call(&pool.server, "CreateGroup", &of_pool(value!({})));
        let attributes = value!([{"Name": "email", "Value": "ann@example.com"}]);
        call(&pool.server, "AdminCreateUser", &of_pool(value!({"UserAttributes": (attributes), "MessageAction": "SUPPRESS"})));
        call(&pool.server, "AdminSetUserPassword", &of_pool(value!({"Password": "Passw0rd!", "Permanent": true})));
        call(&pool.server, "AdminAddUserToGroup", &of_pool(value!({})));
        pool
    }

    /// The id of a new client.
    pub(crate) fn client(&self, name: &str) -> String {
        let flows = value!(["ALLOW_USER_PASSWORD_AUTH"]);
        let asked = value!({"UserPoolId": (self.id.as_str()), "ClientName": (name), "ExplicitAuthFlows": (flows)});
        let client = call(&self.server, "CreateUserPoolClient", &asked);
        client.at(&["UserPoolClient", "ClientId"]).as_str().unwrap_or_else(|| panic!("{client}")).to_owned()
    }

    pub(crate) fn issuer(&self) -> String {
        format!("{}/{}", self.server.url, self.id)
    }

    /// Access token and ID token.
    pub(crate) fn sign_in(&self, client: &str) -> (String, String) {
        let asked = value!({
            "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": (client), "AuthParameters": {"USERNAME": "ann@example.com", "PASSWORD": "Passw0rd!"},
        });
        let answer = call(&self.server, "InitiateAuth", &asked);
        let token = |name| answer.at(&["AuthenticationResult", name]).as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        (token("AccessToken"), token("IdToken"))
    }
}

#[track_caller]
fn call(server: &NodeServer, operation: &str, body: &Value) -> Value {
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    let headers = [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.1")];
    let answer = server.client().request("POST", "/", &headers, &body.to_json());
    assert_eq!(answer.status, 200, "{operation}: {}", answer.body);
    if answer.body.is_empty() { Value::Null } else { Value::parse(answer.body.as_bytes()).expect("JSON") }
}
