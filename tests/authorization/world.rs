//! An API with its modes, and its callers.

use std::net::SocketAddr;

use value::Value;

use crate::harness::attack::{Reply, Request, Signer, exchange};
use crate::harness::{Definition, Server};
use crate::issuer::{CLIENT, Outside};

pub(crate) const KEY: &str = "da2-test0123456789abcdefghijkl";

/// Every mode.
pub(crate) const MODES: [&str; 5] = ["API_KEY", "AWS_IAM", "OPENID_CONNECT", "AMAZON_COGNITO_USER_POOLS", "AWS_LAMBDA"];

/// Principals and what their policies say, `EFFECT RESOURCE` for each statement.
const PRINCIPALS: [(&str, &[&str]); 5] = [
    ("full", &["Allow *"]),
    ("nobody", &[]),
    ("narrow", &["Allow arn:aws:appsync:us-east-1:000000000000:apis/test/types/Query/fields/item"]),
    ("denied", &["Allow *", "Deny arn:aws:appsync:*:*:apis/test/types/Item/fields/secret"]),
    ("elsewhere", &["Allow arn:aws:appsync:us-east-1:000000000000:apis/other/*"]),
];

/// Somebody with a credential.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Caller<'a> {
    /// With the API key.
    Key,
    /// A principal.
    Iam(&'a str),
    /// Of the OpenID Connect provider, claiming these groups.
    Oidc(&'a [&'a str]),
    /// Of the user pool, in these groups.
    Pool(&'a [&'a str]),
    /// Whom the function answers this.
    Lambda(&'a str),
}

/// A caller of each of [`MODES`].
pub(crate) const CALLERS: [Caller<'_>; 5] =
    [Caller::Key, Caller::Iam("full"), Caller::Oidc(&[]), Caller::Pool(&[]), Caller::Lambda(r#"{"isAuthorized":true}"#)];

/// A server with one API, `test`.
pub(crate) struct World {
    _definition: Definition,
    server: Server,
    pub(crate) outside: Outside,
}

impl World {
    /// An API with these modes, the first of them its default; `settings` are further members of the default mode's settings. A
    /// resolver is its payload, in JavaScript, or all of its code.
    pub(crate) fn new(modes: &[&str], settings: &str, schema: &str, resolvers: &[(&str, &str)]) -> Self {
        let outside = Outside::start();
        let [default, additional @ ..] = modes else { panic!("an API has a mode") };
        let more: String = additional
            .iter()
            .map(|mode| {
                let table = "api.additional_authentication_providers";
                format!("[[{table}]]\nauthentication_type = \"{mode}\"\n{}", settings_of(mode, table, "", &outside))
            })
            .collect();
        let mut members = settings_of(default, "api", settings, &outside);
        members += &more;
        if modes.contains(&"API_KEY") {
            members += &format!("[[api.api_keys]]\nid = \"{KEY}\"\n");
        }
        let mut files: Vec<(String, String)> = vec![("schema.graphql".into(), schema.into())];
        if modes.contains(&"AWS_IAM") {
            for (name, statements) in PRINCIPALS {
                members += &format!(
                    "[[api.iam_principals]]\nname = \"{name}\"\naccess_key_id = \"{}\"\nsecret_access_key = \"secret of {name}\"\n",
                    access_key(name)
                );
                if !statements.is_empty() {
                    members += &format!("policies = [\"{name}.json\"]\n");
                    files.push((format!("{name}.json"), policy(statements)));
                }
            }
        }
        let config = format!(
            "[lambda]\nendpoint = \"{url}\"\n[api]\nname = \"test\"\napi_id = \"test\"\nregion = \"us-east-1\"\n\
             authentication_type = \"{default}\"\nschema = \"schema.graphql\"\n{members}\n[api.data_sources.none]\ntype = \"NONE\"\n\
             [api.data_sources.upstream]\ntype = \"HTTP\"\nendpoint = \"{url}\"\n",
            url = outside.url
        );
        files.push(("config.toml".into(), config));
        for (field, payload) in resolvers {
            let code = if *payload == "upstream" {
                "// @dataSource upstream\nexport function request() { return { method: 'GET', resourcePath: '/' }; }\n\
                 export function response(ctx) { return ctx.result.body; }\n"
                    .to_owned()
            } else if payload.starts_with("// @dataSource") {
                (*payload).to_owned()
            } else {
                format!(
                    "// @dataSource none\nexport function request(ctx) {{ return {{ payload: {payload} }}; }}\n\
                     export function response(ctx) {{ return ctx.result; }}\n"
                )
            };
            files.push((format!("resolvers/{field}.js"), code));
        }
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
        let definition = Definition::of(&files);
        let server = definition.serve();
        Self { _definition: definition, server, outside }
    }

    /// Where the server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// What the API answers to a request.
    pub(crate) fn send(&self, caller: Caller<'_>, query: &str) -> Reply {
        exchange(self.address(), &self.by(caller, Request::post("localhost", "/graphql", query)))
    }

    /// The request with the caller's credentials.
    pub(crate) fn by(&self, caller: Caller<'_>, request: Request) -> Request {
        match caller {
            Caller::Key => request.with("x-api-key", KEY),
            Caller::Iam(name) => Signer::new(&access_key(name), &format!("secret of {name}")).sign(request),
            Caller::Oidc(groups) => request.with("authorization", self.outside.oidc_token(groups)),
            Caller::Pool(groups) => request.with("authorization", self.outside.pool_token(groups)),
            Caller::Lambda(answer) => request.with("authorization", format!("custom {answer}")),
        }
    }

    /// The answer's JSON.
    pub(crate) fn ask(&self, caller: Caller<'_>, query: &str) -> Value {
        let reply = self.send(caller, query);
        assert_eq!(reply.status, 200, "{caller:?} {query}: {}", reply.body);
        Value::parse(reply.body.as_bytes()).expect("JSON")
    }

    /// `data` as JSON, and behind it `!path Type.field` of every refusal, or another error as it is.
    pub(crate) fn shown(&self, caller: Caller<'_>, query: &str) -> String {
        let answer = self.ask(caller, query);
        let mut shown = answer.get("data").unwrap_or_else(|| panic!("{answer}")).to_json();
        for error in answer.get("errors").and_then(Value::as_list).unwrap_or_default() {
            shown += &refusal(error).unwrap_or_else(|| format!(" {error}"));
        }
        shown
    }

    /// `Type.field` of every refusal; nothing else may have gone wrong.
    pub(crate) fn refused(&self, caller: Caller<'_>, query: &str) -> Vec<String> {
        let answer = self.ask(caller, query);
        let errors = answer.get("errors").and_then(Value::as_list).unwrap_or_default();
        errors.iter().map(|error| refusal(error).unwrap_or_else(|| panic!("{error}")).split_off(1)).collect()
    }
}

/// ` !path Type.field` of a field that is refused, in AppSync's form.
fn refusal(error: &Value) -> Option<String> {
    let path = error.get("path").and_then(Value::as_list)?;
    let steps: Vec<String> = path.iter().map(|step| step.as_str().map_or_else(|| step.to_json(), str::to_owned)).collect();
    let (field, type_name) =
        error.get("message")?.as_str()?.strip_prefix("Not Authorized to access ")?.split_once(" on type ")?;
    let members: Vec<&str> = error.as_object()?.iter().map(|(name, _)| &**name).collect();
    let whole = members == ["path", "data", "errorType", "errorInfo", "locations", "message"]
        && error.get("errorType").and_then(Value::as_str) == Some("Unauthorized")
        && error.get("data").is_some_and(Value::is_null)
        && error.get("errorInfo").is_some_and(Value::is_null);
    whole.then(|| format!(" !{} {type_name}.{field}", steps.join("/")))
}

fn settings_of(mode: &str, table: &str, more: &str, outside: &Outside) -> String {
    match mode {
        "OPENID_CONNECT" => {
            format!("[{table}.open_id_connect_config]\nissuer = \"{}\"\nclient_id = \"{CLIENT}\"\n{more}\n", outside.oidc())
        }
        "AMAZON_COGNITO_USER_POOLS" => {
            format!(
                "[{table}.user_pool_config]\nuser_pool_id = \"us-east-1_Readers01\"\nissuer = \"{}\"\n\
                 app_id_client_regex = \"{CLIENT}\"\n{more}\n",
                outside.pool()
            )
        }
        "AWS_LAMBDA" => format!(
            "[{table}.lambda_authorizer_config]\n\
             authorizer_uri = \"arn:aws:lambda:us-east-1:000000000000:function:authorizer\"\n{more}\n"
        ),
        _ => format!("{more}\n"),
    }
}

fn access_key(name: &str) -> String {
    format!("AKIA{}", name.to_uppercase())
}

fn policy(statements: &[&str]) -> String {
    let statement = |text: &&str| {
        let (effect, resource) = text.split_once(' ').expect("two words");
        format!(r#"{{"Effect":"{effect}","Action":"appsync:GraphQL","Resource":"{resource}"}}"#)
    };
    let statements: Vec<String> = statements.iter().map(statement).collect();
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}
