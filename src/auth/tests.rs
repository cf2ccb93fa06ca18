//! Which mode judges a request, what it says, and whom it lets in. Issuers are user pools in memory.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue};
use jwt_verifier::KeySource;
use user_pool::{
    ClientDefinition, OidcToken, Options, PoolDefinition, TokenRequest, TokenUse, UserDefinition, UserPool, UserPools,
};
use value::{Object, Str, Value, value};

use super::sigv4::SignedRequest;
use super::{ApiKey, ApiKeys, Arrived, Authenticator, AuthorizerRequest, Identity, Issuers, LocalIssuer, compile};
use crate::api::RequestHeaders;
use crate::data_source::Services;
use crate::data_source::lambda::fake::FakeFunctions;
use crate::definition::{self, Overrides};
use crate::diagnostic::Diagnostic;
use crate::table::DataFolderTables;

const POOL: &str = "eu-west-1_Readers01";
const OTHER_POOL: &str = "eu-west-1_Writers01";
const CLIENT: &str = "webclient";

/// Two user pools, the second of which serves as an OpenID Connect provider too.
struct World {
    pools: UserPools,
}

impl World {
    fn new() -> Self {
        let pool = |id: &str, clients: &[&str]| {
            let mut pool = PoolDefinition::new(id);
            pool.clients.extend(clients.iter().map(|client| ClientDefinition::new(*client)));
            pool.users.push(UserDefinition::new("ann").with_password("Correct-horse-1").in_group("editors"));
            pool
        };
        let pools =
            UserPools::open(vec![pool(POOL, &[CLIENT, "otherclient"]), pool(OTHER_POOL, &["writer"])], &Options::in_memory())
                .expect("two pools");
        Self { pools }
    }

    fn pool(&self, id: &str) -> &Arc<UserPool> {
        self.pools.pool(id).expect("a pool")
    }

    fn issuers(&self) -> Issuers {
        let local = |pool: &Arc<UserPool>| {
            let issuer = Str::from(pool.issuer());
            let held = Arc::clone(pool);
            let keys = KeySource::provided(Str::clone(&issuer), Arc::new(move || held.jwks().map_err(|error| error.to_string())));
            (Str::from(pool.id()), LocalIssuer { issuer, keys: Arc::new(keys) })
        };
        Issuers::new(self.pools.pools().iter().map(local))
    }

    fn token(&self, pool: &str, token_use: TokenUse, client: &str) -> String {
        self.pool(pool).issue(&TokenRequest::new("ann", client, token_use)).expect("a token")
    }

    fn oidc(&self, audience: &str, claims: &Value) -> String {
        let mut token = OidcToken::new("ann", audience);
        token.claims = claims.as_object().cloned().unwrap_or_default();
        self.pool(OTHER_POOL).issue_oidc(&token).expect("a token")
    }
}

fn read(modes: &str) -> definition::ApiDefinition {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("schema.graphql"), "type Query { a: Int }").expect("written");
    let config = folder.path().join("config.toml");
    fs::write(&config, format!("[api]\nname = \"test\"\nschema = [\"schema.graphql\"]\n{modes}\n")).expect("written");
    let loaded = definition::read(&config, std::iter::empty::<(String, String)>(), &Overrides::default());
    let mut definition = loaded.definition.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    definition.apis.remove(0)
}

fn compiled(modes: &str, issuers: &Issuers) -> (Option<Authenticator>, Vec<Diagnostic>) {
    let server = definition::ServerSettings { ephemeral: true, ..definition::ServerSettings::default() };
    let tables = DataFolderTables::new(&server, &definition::DynamodbSettings::default());
    let services = Services::new(Arc::new(tables), definition::ServiceEndpoint::Embedded);
    let functions = FakeFunctions::giving(|_| value!({"isAuthorized": true}));
    compile(&read(modes), issuers, &services.fake_functions(functions as _))
}

fn authenticator(modes: &str, issuers: &Issuers) -> Authenticator {
    let (authenticator, found) = compiled(modes, issuers);
    let authenticator = authenticator.unwrap_or_else(|| panic!("{found:?}"));
    if modes.contains("\"API_KEY\"") { authenticator.api_keys(ApiKeys::new([ApiKey::new("da2-right")])) } else { authenticator }
}

/// The mode that let a request in, or what it was told.
async fn judge(authenticator: &Authenticator, headers: &[(&'static str, &str)]) -> String {
    match identity(authenticator, headers).await {
        Ok(identity) => match identity {
            Identity::ApiKey => "API_KEY",
            Identity::Iam(_) => "AWS_IAM",
            Identity::Oidc(_) => "OPENID_CONNECT",
            Identity::UserPool(_) => "AMAZON_COGNITO_USER_POOLS",
            Identity::Lambda(_) => "AWS_LAMBDA",
            Identity::Named { .. } => "named",
        }
        .to_owned(),
        Err(text) => text,
    }
}

async fn identity(authenticator: &Authenticator, headers: &[(&'static str, &str)]) -> Result<Identity, String> {
    let mut map = HeaderMap::new();
    for (name, text) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_str(text).expect("a header"));
    }
    let signed = SignedRequest { method: "POST", path: "/graphql", query: "", headers: &map, body: b"{}" };
    let headers = RequestHeaders::from(map.clone());
    let variables = Object::new();
    let operation =
        AuthorizerRequest { request_id: "id", query: "{a}", operation_name: None, variables: &variables, headers: &headers };
    let deadline = Instant::now() + Duration::from_secs(30);
    let request = Arrived { signed, operation: Some(operation), deadline };
    let way = match authenticator.way(&map, "") {
        Ok(way) => way,
        Err(fault) => return Err(fault.to_string()),
    };
    authenticator.authenticate(way, &request, SystemTime::now()).await.map_err(|fault| fault.to_string())
}

const NO_CREDENTIALS: &str = "Valid authorization header not provided.";
const NOT_AUTHORIZED: &str = "You are not authorized to make this call.";
const UNPARSABLE: &str = "Unable to parse JWT token.";
const USER_POOLS: &str = "AMAZON_COGNITO_USER_POOLS";

fn user_pools(key: &str, pool: &str, more: &str) -> String {
    format!(
        "{key}authentication_type = \"{USER_POOLS}\"\n[{}user_pool_config]\nuser_pool_id = \"{pool}\"\n{more}\n",
        if key.is_empty() { "api." } else { "api.additional_authentication_providers." }
    )
}

fn additional(text: &str) -> String {
    format!("[[api.additional_authentication_providers]]\n{text}")
}

fn open_id_connect(prefix: &str, more: &str) -> String {
    format!(
        "authentication_type = \"OPENID_CONNECT\"\n[{prefix}open_id_connect_config]\n\
         issuer = \"https://cognito-idp.eu-west-1.amazonaws.com/{OTHER_POOL}\"\n{more}\n"
    )
}

#[tokio::test]
async fn the_credential_chooses_the_mode() {
    const MORE: &str = "api.additional_authentication_providers.";
    let world = World::new();
    let issuers = world.issuers();
    let pool = user_pools("", POOL, "");
    let second_pool = additional(&user_pools("\n", OTHER_POOL, ""));
    let key = additional("authentication_type = \"API_KEY\"\n");
    let iam = additional("authentication_type = \"AWS_IAM\"\n");
    let oidc = additional(&open_id_connect(MORE, ""));
    let (access, id) = (world.token(POOL, TokenUse::Access, CLIENT), world.token(POOL, TokenUse::Id, CLIENT));
    let other = world.token(OTHER_POOL, TokenUse::Access, "writer");
    let bearer = |token: &str| format!("Bearer {token}");
    let signature = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/appsync/aws4_request, SignedHeaders=host, Signature=00";
    let unknown_key = "The security token included in the request is invalid.";
    let dated = ("x-amz-date", "20260101T000000Z");

    let only_pool = authenticator(&pool, &issuers);
    let pool_and_key = authenticator(&format!("{pool}{key}"), &issuers);
    let pool_and_iam = authenticator(&format!("{pool}{iam}"), &issuers);
    let pools = authenticator(&format!("{pool}{second_pool}"), &issuers);
    let pool_and_oidc = authenticator(&format!("{pool}{oidc}"), &issuers);
    let lambda = additional(
        "authentication_type = \"AWS_LAMBDA\"\n[api.additional_authentication_providers.lambda_authorizer_config]\n\
         authorizer_uri = \"arn:aws:lambda:eu-west-1:123456789012:function:decide\"\n",
    );
    let pool_and_lambda = authenticator(&format!("{pool}{lambda}"), &issuers);
    let iam_and_lambda = authenticator(&format!("authentication_type = \"AWS_IAM\"\n{lambda}"), &issuers);
    let only_oidc = authenticator(&open_id_connect("api.", ""), &issuers);

    let right = ("x-api-key", "da2-right");
    let wrong = ("x-api-key", "da2-wrong");
    let with = |token: &str| ("authorization", Box::leak(token.to_owned().into_boxed_str()) as &str);
    for (name, api, headers, expected) in [
        ("an access token", &only_pool, &[with(&access)][..], USER_POOLS),
        ("an ID token", &only_pool, &[with(&id)], USER_POOLS),
        ("with Bearer", &only_pool, &[with(&bearer(&access))], USER_POOLS),
        ("with bearer", &only_pool, &[with(&format!("bearer  {access}"))], USER_POOLS),
        ("Bearer twice", &only_pool, &[with(&bearer(&bearer(&access)))], UNPARSABLE),
        ("another scheme", &only_pool, &[with(&format!("Basic {access}"))], UNPARSABLE),
        ("no token", &only_pool, &[with("garbage")], UNPARSABLE),
        ("nothing", &only_pool, &[], NO_CREDENTIALS),
        ("an empty header", &only_pool, &[with("  ")], NO_CREDENTIALS),
        ("two headers", &only_pool, &[with(&access), with(&access)], NOT_AUTHORIZED),
        ("another pool's token", &only_pool, &[with(&other)], NOT_AUTHORIZED),
        ("a key where there are none", &only_pool, &[right], NO_CREDENTIALS),
        ("a key beside a token where there are none", &only_pool, &[right, with(&access)], USER_POOLS),
        ("a signature where there are none", &only_pool, &[with(signature), dated], UNPARSABLE),
        ("a key", &pool_and_key, &[right], "API_KEY"),
        ("a token", &pool_and_key, &[with(&access)], USER_POOLS),
        ("a key decides over a token", &pool_and_key, &[right, with(&access)], "API_KEY"),
        ("an empty key is none", &pool_and_key, &[("x-api-key", ""), with(&access)], USER_POOLS),
        ("an empty key alone", &pool_and_key, &[("x-api-key", "")], NO_CREDENTIALS),
        ("a wrong key does not fall through to a token", &pool_and_key, &[wrong, with(&access)], NOT_AUTHORIZED),
        ("a signature decides over a key", &pool_and_iam, &[with(signature), dated, right], unknown_key),
        ("a token beside signatures", &pool_and_iam, &[with(&access)], USER_POOLS),
        ("the first pool", &pools, &[with(&access)], USER_POOLS),
        ("the second pool", &pools, &[with(&other)], USER_POOLS),
        ("a pool beside a provider", &pool_and_oidc, &[with(&access)], USER_POOLS),
        ("a provider beside a pool", &pool_and_oidc, &[with(&world.oidc("web", &Value::Null))], "OPENID_CONNECT"),
        ("a single provider", &only_oidc, &[with(&world.oidc("web", &Value::Null))], "OPENID_CONNECT"),
        ("anything else goes to the function", &pool_and_lambda, &[with("garbage")], "AWS_LAMBDA"),
        ("a prefixed token goes to the function", &pool_and_lambda, &[with(&format!("custom-{access}"))], "AWS_LAMBDA"),
        ("a token does not go to the function", &pool_and_lambda, &[with(&access)], USER_POOLS),
        ("a tampered token does not", &pool_and_lambda, &[with(&format!("{}AAAA", &access[..access.len() - 4]))], NOT_AUTHORIZED),
        ("another issuer's token does", &pool_and_lambda, &[with(&other)], "AWS_LAMBDA"),
        ("a signature that nobody verifies does", &pool_and_lambda, &[with(signature), dated], "AWS_LAMBDA"),
        ("a signature does not", &iam_and_lambda, &[with(signature), dated], unknown_key),
        ("a token where only the function reads them", &iam_and_lambda, &[with(&access)], "AWS_LAMBDA"),
        ("nothing is not shown to the function", &pool_and_lambda, &[], NO_CREDENTIALS),
        ("a single provider, another issuer's token", &only_oidc, &[with(&access)], NOT_AUTHORIZED),
    ] {
        // The second time the token is remembered.
        for time in ["first", "second"] {
            assert_eq!(judge(api, headers).await, expected, "{name}, {time} time");
        }
    }
}

#[tokio::test]
async fn clients_are_matched_whole() {
    let world = World::new();
    let issuers = world.issuers();
    for (pattern, client, token_use, admitted) in [
        ("webclient", CLIENT, TokenUse::Access, true),
        ("webclient", CLIENT, TokenUse::Id, true),
        ("mobile|webclient", CLIENT, TokenUse::Id, true),
        ("web.*", CLIENT, TokenUse::Access, true),
        ("web", CLIENT, TokenUse::Access, false),
        ("client", CLIENT, TokenUse::Id, false),
        ("webclient", "otherclient", TokenUse::Access, false),
        ("webclient", "otherclient", TokenUse::Id, false),
        ("WEBCLIENT", CLIENT, TokenUse::Access, false),
    ] {
        let api = authenticator(&user_pools("", POOL, &format!("app_id_client_regex = \"{pattern}\"")), &issuers);
        let token = world.token(POOL, token_use, client);
        let expected = if admitted { USER_POOLS } else { NOT_AUTHORIZED };
        assert_eq!(judge(&api, &[("authorization", &token)]).await, expected, "{pattern} {client} {token_use:?}");
    }
    for (pattern, audience, claims, admitted) in [
        ("web", "web", Value::Null, true),
        ("web|app", "app", Value::Null, true),
        ("web", "api", value!({"azp": "web"}), true),
        ("web", "api", value!({"client_id": "web"}), false),
        ("web", "webs", Value::Null, false),
        ("web", "xweb", value!({"azp": ["web"]}), false),
    ] {
        let api = authenticator(&open_id_connect("api.", &format!("client_id = \"{pattern}\"")), &issuers);
        let token = world.oidc(audience, &claims);
        let expected = if admitted { "OPENID_CONNECT" } else { NOT_AUTHORIZED };
        assert_eq!(judge(&api, &[("authorization", &token)]).await, expected, "{pattern} {audience} {claims:?}");
    }
}

/// One issuer may stand twice, with different clients.
#[tokio::test]
async fn one_of_several_providers_of_an_issuer_is_enough() {
    let world = World::new();
    let issuers = world.issuers();
    let first = user_pools("", POOL, "app_id_client_regex = \"webclient\"");
    let second = additional(&user_pools("\n", POOL, "app_id_client_regex = \"otherclient\""));
    let api = authenticator(&format!("{first}{second}"), &issuers);
    for client in [CLIENT, "otherclient"] {
        let token = world.token(POOL, TokenUse::Access, client);
        assert_eq!(judge(&api, &[("authorization", &token)]).await, USER_POOLS, "{client}");
    }
}

#[tokio::test]
async fn a_user_pool_identity_has_appsync_s_shape() {
    let world = World::new();
    let api = authenticator(&user_pools("", POOL, "default_action = \"DENY\""), &world.issuers());
    for token_use in [TokenUse::Access, TokenUse::Id] {
        let token = world.token(POOL, token_use, CLIENT);
        let identity = identity(&api, &[("authorization", &token)]).await.expect("a user").to_value(&["192.0.2.1".into()]);
        let names: Vec<&str> = identity.as_object().expect("an object").keys().map(|name| &**name).collect();
        assert_eq!(names, ["sub", "issuer", "username", "claims", "sourceIp", "defaultAuthStrategy", "groups"]);
        let member = |name: &str| identity.get(name).cloned().unwrap_or_default();
        assert_eq!(member("issuer"), value!("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Readers01"));
        assert_eq!(member("username"), value!("ann"), "{token_use:?}");
        assert_eq!(member("groups"), value!(["editors"]));
        assert_eq!(member("sourceIp"), value!(["192.0.2.1"]));
        assert_eq!(member("defaultAuthStrategy"), value!("DENY"));
        assert_eq!(identity.at(&["claims", "sub"]), &member("sub"));
        assert!(member("sub").as_str().is_some_and(|sub| !sub.is_empty()));
    }
}

#[tokio::test]
async fn an_open_id_connect_identity_has_appsync_s_shape() {
    let world = World::new();
    let api = authenticator(&open_id_connect("api.", ""), &world.issuers());
    let token = world.oidc("web", &value!({"cognito:groups": ["editors"]}));
    let identity = identity(&api, &[("authorization", &token)]).await.expect("a user").to_value(&["192.0.2.1".into()]);
    let names: Vec<&str> = identity.as_object().expect("an object").keys().map(|name| &**name).collect();
    assert_eq!(names, ["sub", "issuer", "claims"]);
    assert_eq!(identity.at(&["sub"]), &value!("ann"));
    assert_eq!(identity.at(&["claims", "aud"]), &value!("web"));
}

#[tokio::test]
async fn tokens_are_too_old_by_their_ttls() {
    let world = World::new();
    let issuers = world.issuers();
    let token = world.oidc("web", &Value::Null);
    for (more, expected) in [
        ("iat_ttl = \"1h\"", "OPENID_CONNECT"),
        // Issued a moment ago, and that is too long.
        ("iat_ttl = \"1ms\"", "Token has expired."),
    ] {
        let api = authenticator(&open_id_connect("api.", more), &issuers);
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(judge(&api, &[("authorization", &token)]).await, expected, "{more}");
    }
}

#[test]
fn what_cannot_be_verified_is_not_served() {
    let issuers = Issuers::default();
    let rule = |modes: &str| {
        let (authenticator, found) = compiled(modes, &issuers);
        assert_eq!(authenticator.is_none(), found.iter().any(|found| found.severity == crate::diagnostic::Severity::Error));
        found.iter().map(|found| found.rule).collect::<Vec<_>>().join(" ")
    };
    let pool = |more: &str| user_pools("", POOL, more);
    assert_eq!(rule(&pool("")), "");
    assert_eq!(rule(&pool("app_id_client_regex = \"(\"")), "invalid-pattern");
    assert_eq!(rule(&pool("issuer = \"http://192.0.2.1/pool\"")), "invalid-issuer");
    assert_eq!(rule(&pool("issuer = \"http://127.0.0.1:9229/pool\"")), "");
    assert_eq!(
        rule("authentication_type = \"OPENID_CONNECT\"\n[api.open_id_connect_config]\nissuer = \"http://id.example.com\""),
        "invalid-issuer"
    );
    assert_eq!(
        rule(
            "authentication_type = \"OPENID_CONNECT\"\n[api.open_id_connect_config]\nissuer = \"https://id.example.com\"\nclient_id = \"[\""
        ),
        "invalid-pattern"
    );
    assert_eq!(rule("authentication_type = \"AWS_IAM\""), "no-iam-principal");
}

#[test]
fn debug_output_hides_what_is_secret() {
    let world = World::new();
    let api = authenticator(
        &format!("{}{}", user_pools("", POOL, ""), additional("authentication_type = \"API_KEY\"\n")),
        &world.issuers(),
    );
    let text = format!("{api:?}");
    assert!(!text.contains("da2-right"), "{text}");
}
