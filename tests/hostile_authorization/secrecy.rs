//! Secrets are never written: not by `Debug` of anything that holds one, not in findings about a definition, however wrong it is,
//! not in the log of a server that hands out tokens.

use http::{HeaderMap, HeaderValue};
use syncgate::auth::sigv4::{Authorization, Credential, SignedRequest};
use syncgate::auth::{ApiKey, ApiKeys, Authenticator, CognitoIdentity, IamAuthenticator, Identity, LambdaIdentity, Principal};
use syncgate::definition;
use value::{Value, value};

use crate::harness::{Definition, Output};

/// In the place of every secret.
const SECRET: &str = "SECRETSECRET";

/// Everything that a definition may keep secret.
const CONFIG: &str = r#"
[server]
secret = "SECRETSECRETSECRETSECRETSECRETSECRET"

[api]
name = "x"
authentication_type = "API_KEY"
additional_authentication_providers = [{ authentication_type = "AWS_IAM" }]
schema = "schema.graphql"

[[api.api_keys]]
id = "da2-SECRETSECRET"

[[api.iam_principals]]
name = "ann"
access_key_id = "AKIAANN"
secret_access_key = "SECRETSECRET"
session_token = "SECRETSECRET"

[api.data_sources.tables]
type = "HTTP"
endpoint = "https://example.com"
authorization_config = { authorization_type = "AWS_IAM", aws_iam_config = { signing_region = "us-east-1", signing_service_name = "execute-api" } }
access_key_id = "AKIAX"
secret_access_key = "SECRETSECRET"
session_token = "SECRETSECRET"

[[user_pool]]
user_pool_id = "eu-west-1_Club"
clients = [{ client_id = "web", client_secret = "SECRETSECRET" }]
users = [{ username = "ann", password = "SECRETSECRET-1a" }]
"#;

fn definition(config: &str) -> Definition {
    Definition::of(&[("config.toml", config), ("schema.graphql", "type Query { a: String }\n")])
}

#[test]
fn debug_forms_hide_what_definitions_keep() {
    let folder = definition(CONFIG);
    let none: [(&str, &str); 0] = [];
    let loaded = definition::read(&folder.path("config.toml"), none, &definition::Overrides::default());
    let shown = format!("{loaded:?}");
    let definition = loaded.definition.expect("a definition");
    assert!(definition.apis[0].api_keys.len() == 1 && definition.apis[0].iam_principals.len() == 1, "{shown}");
    assert!(!definition.user_pools.is_empty() && definition.server.secret.is_some(), "{shown}");
    assert!(shown.contains("AKIAANN") && !shown.contains(SECRET), "{shown}");
}

#[test]
fn debug_forms_hide_what_judges_hold() {
    let principal = Principal {
        name: "ann".into(),
        access_key_id: "AKIAANN".into(),
        secret_access_key: SECRET.into(),
        session_token: Some(SECRET.into()),
        policies: Vec::new(),
        account_id: "123456789012".into(),
        user_arn: "arn:aws:iam::123456789012:user/ann".into(),
        username: "ann".into(),
        cognito: CognitoIdentity::default(),
    };
    let key = ApiKey::new(SECRET).description("web");
    let keys = ApiKeys::new([key.clone()]);
    let iam = IamAuthenticator::new([principal.clone()], None);
    let api = Authenticator::new().api_keys(keys.clone()).iam(IamAuthenticator::new([principal.clone()], None));
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", HeaderValue::from_static(SECRET));
    headers.insert("x-amz-date", HeaderValue::from_static("20260101T000000Z"));
    let text = format!(
        "AWS4-HMAC-SHA256 Credential=AKIAANN/20260101/us-east-1/appsync/aws4_request, SignedHeaders=host, Signature={SECRET}"
    );
    headers.insert("authorization", HeaderValue::from_str(&text).expect("a value"));
    let request = SignedRequest { method: "POST", path: "/graphql", query: SECRET, headers: &headers, body: SECRET.as_bytes() };
    let credential = Credential { access_key_id: "AKIAANN".into(), secret_access_key: SECRET.into() };
    let authorization = Authorization::read(&headers, "").expect("readable").expect("a signature");
    for shown in [
        format!("{principal:?}"),
        format!("{key:?}"),
        format!("{keys:?}"),
        format!("{iam:?}"),
        format!("{api:?}"),
        format!("{request:?}"),
        format!("{credential:?}"),
        format!("{authorization:?}"),
        format!("{:?}", api.way(&headers, "")),
        format!("{:?}", Identity::Lambda(LambdaIdentity::new(value!({"token": SECRET}), Vec::new()).into())),
    ] {
        assert!(!shown.is_empty() && !shown.contains(SECRET), "{shown}");
    }
    // A way by a token holds the token.
    let way = syncgate::auth::Way::Token { token: SECRET.as_bytes(), issuer: None };
    let shown = format!("{way:?} {:?}", syncgate::auth::Way::Lambda(SECRET));
    let bytes = format!("{:?}", SECRET.as_bytes());
    assert!(!shown.contains(SECRET) && !shown.contains(bytes.trim_matches(['[', ']'])), "{shown}");
}

#[test]
fn findings_hide_secrets_beside_them() {
    let keys = |entry: &str| format!("[[api.api_keys]]\n{entry}");
    let principal = |entry: &str| format!("[[api.iam_principals]]\nname = \"ann\"\naccess_key_id = \"AKIA\"\n{entry}");
    let pool = |entry: &str| format!("[[user_pool]]\nuser_pool_id = \"eu-west-1_Club\"\n{entry}");
    for entry in [
        keys(r#"key = "da2-SECRETSECRET""#),
        keys(r#"key = "SECRETSECRET""#),
        keys(r#"id = ["da2-SECRETSECRET"]"#),
        keys(r#"id = "da2-SECRETSECRET"#),
        keys(r#"id = "da2-SECRETSECRET SECRETSECRET""#),
        keys("id = \"SECRETSECRET\"\n[[api.api_keys]]\nid = \"SECRETSECRET\""),
        r#"api_keys = ["da2-SECRETSECRET"]"#.to_owned(),
        r#"api_key = "SECRETSECRET""#.to_owned(),
        principal(r#"secret_acces_key = "SECRETSECRET""#),
        principal(r#"secret_access_key = ["SECRETSECRET"]"#),
        principal(r#"secret_access_key = "SECRETSECRET"#),
        principal("secret_access_key = SECRETSECRET"),
        principal("secret_access_key = \"x\"\nsessiontoken = \"SECRETSECRET\""),
        principal("secret_access_key = \"x\"\nsession_token = [\"SECRETSECRET\"]"),
        principal("\"secret_access_key\" = \"SECRETSECRET\" x"),
        "[[api.iam_principals]]\nname = \"ann\"\naccess_key_id = \"AKIA\", secret_access_key = \"SECRETSECRET\"".to_owned(),
        "[[api.iam_principals]]\nsecret_access_key = \"SECRETSECRET\"".to_owned(),
        pool(r#"users = [{ username = "ann", passwort = "x", password = "SECRETSECRET" }]"#),
        pool(r#"clients = [{ client_id = "web", client_secrets = "SECRETSECRET" }]"#),
        "[server]\nsecret = [\"SECRETSECRET\"]".to_owned(),
        "[server]\nsecrets = \"SECRETSECRET\"".to_owned(),
    ] {
        let config = format!(
            "[api]\nname = \"x\"\nauthentication_type = \"API_KEY\"\n\
             additional_authentication_providers = [{{ authentication_type = \"AWS_IAM\" }}]\nschema = \"schema.graphql\"\n{entry}\n"
        );
        let folder = definition(&config);
        for arguments in [&["check"][..], &["check", "--format", "json"], &["serve", "--port", "0", "--data", "data"]] {
            let Output { code, stdout, stderr } = folder.run(arguments);
            assert!(code != Some(0) && !(stdout.is_empty() && stderr.is_empty()), "{arguments:?} {entry}: {stdout}{stderr}");
            assert!(!stdout.contains(SECRET) && !stderr.contains(SECRET), "{arguments:?} {entry}:\n{stdout}{stderr}");
        }
    }
}

#[test]
fn a_server_of_user_pools_logs_neither_passwords_nor_tokens() {
    let folder = definition(
        "[api]\nname = \"x\"\nauthentication_type = \"AMAZON_COGNITO_USER_POOLS\"\nschema = \"schema.graphql\"\n\
         user_pool_config = { user_pool_id = \"eu-west-1_Club\" }\n\n[[user_pool]]\nuser_pool_id = \"eu-west-1_Club\"\n\
         [[user_pool.clients]]\nclient_id = \"web\"\n\
         explicit_auth_flows = [\"ALLOW_USER_PASSWORD_AUTH\", \"ALLOW_REFRESH_TOKEN_AUTH\"]\n\
         [[user_pool.users]]\nusername = \"ann\"\npassword = \"Correct-horse-1\"\n",
    );
    let server = folder.serve_with(&[("SYNCGATE_LOG", "trace")]);
    let call = |operation: &str, body: &Value| {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        let headers = [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.1")];
        let answer = server.client().request("POST", "/cognito-idp", &headers, &body.to_json());
        (answer.status, Value::parse(answer.body.as_bytes()).expect("JSON"))
    };
    let sign_in = |password: &str| {
        let parameters = value!({"USERNAME": "ann", "PASSWORD": password});
        call("InitiateAuth", &value!({"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "web", "AuthParameters": parameters}))
    };
    assert_eq!(sign_in("Wrong-horse-12345").0, 400);
    let (status, result) = sign_in("Correct-horse-1");
    assert_eq!(status, 200, "{result}");
    let token = |name: &str| result.at(&["AuthenticationResult", name]).as_str().expect("a token").to_owned();
    let [access, id, refresh] = ["AccessToken", "IdToken", "RefreshToken"].map(token);
    let sign_up = value!({"ClientId": "web", "Username": "bob", "Password": "New-horse-123456"});
    assert_eq!(call("SignUp", &sign_up).0, 200);
    assert_eq!(call("SignUp", &sign_up).0, 400, "bob is there");
    let refreshed = |token: &str| {
        let parameters = value!({"REFRESH_TOKEN": token});
        call("InitiateAuth", &value!({"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": "web", "AuthParameters": parameters})).0
    };
    assert_eq!((refreshed(&refresh), refreshed(&format!("{refresh}x"))), (200, 400));
    assert_eq!(call("GetUser", &value!({"AccessToken": (access.as_str())})).0, 200);
    assert_eq!(call("GetUser", &value!({"AccessToken": (format!("{access}x"))})).0, 400);
    for token in [&access, &id, &format!("{access}x")] {
        server.client().request("POST", "/graphql", &[("authorization", token)], "{\"query\":\"{ a }\"}");
    }
    let log = server.log();
    assert!(log.contains("DEBUG"), "{log}");
    let parts = [&access, &id, &refresh].into_iter().flat_map(|token| token.split('.')).filter(|part| part.len() > 60);
    let parts: Vec<&str> = parts.chain(["Correct-horse-1", "Wrong-horse-12345", "New-horse-123456"]).collect();
    assert!(parts.len() >= 7, "{parts:?}");
    for part in parts {
        assert!(!log.contains(part) && !server.summary.contains(part), "{part} is in\n{log}");
    }
}
