//! User pools inside Syncgate, from outside: Cognito's API over HTTP, keys and discovery, `syncgate token`, who is let in, what a
//! restart keeps, and what a served API makes of the tokens. Unmodified clients are in tests/user_pool_clients.rs.

mod harness;

use harness::{Answer, Definition, Server};
use value::{Value, value};

const POOL: &str = "eu-west-1_Club";
const PASSWORD: &str = "Correct-horse-1";

const CONFIG: &str = r#"
[api]
name = "club"
authentication_type = "AMAZON_COGNITO_USER_POOLS"
schema = "schema.graphql"
user_pool_config = { user_pool_id = "eu-west-1_Club", app_id_client_regex = "web.*" }

[[api.additional_authentication_providers]]
authentication_type = "OPENID_CONNECT"
open_id_connect_config = { issuer = "http://localhost:4000/cognito-idp/eu-west-1_Partners", client_id = "partners" }

[api.data_sources.none]
type = "NONE"

[[api.resolvers]]
type = "Query"
field = "identity"
data_source = "none"
code = "identity.js"

[[api.resolvers]]
type = "Query"
field = "minutes"
data_source = "none"
code = "minutes.js"

[[api.resolvers]]
type = "Query"
field = "partners"
data_source = "none"
code = "minutes.js"

[[user_pool]]
user_pool_id = "eu-west-1_Club"
auto_verified_attributes = ["email"]

[[user_pool.clients]]
client_id = "web"
explicit_auth_flows = ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]

[[user_pool.clients]]
client_id = "other"
explicit_auth_flows = ["ALLOW_USER_PASSWORD_AUTH"]

[[user_pool.groups]]
group_name = "editors"

[[user_pool.users]]
username = "ann"
password = "Correct-horse-1"
attributes = { email = "ann@example.com", email_verified = true }
groups = ["editors"]

[[user_pool.users]]
username = "bob"
password = "Correct-horse-1"

[[user_pool]]
user_pool_id = "eu-west-1_Partners"
issuer = "http://localhost:4000/cognito-idp/eu-west-1_Partners"
clients = [{ client_id = "partners" }]
"#;

const SCHEMA: &str = r#"
type Query {
  identity: AWSJSON
  minutes: String @aws_cognito_user_pools(cognito_groups: ["editors"])
  partners: String @aws_oidc
}
"#;

fn definition() -> Definition {
    let code = |payload: &str| {
        format!("export const request = (ctx) => ({{ payload: {payload} }});\nexport const response = (ctx) => ctx.result;\n")
    };
    Definition::of(&[
        ("config.toml", CONFIG),
        ("schema.graphql", SCHEMA),
        ("identity.js", &code("ctx.identity")),
        ("minutes.js", &code("'the minutes'")),
    ])
}

/// What a program sends that signs with any credentials.
const SIGNED: [(&str, &str); 2] = [
    (
        "authorization",
        "AWS4-HMAC-SHA256 Credential=any/20260101/eu-west-1/cognito-idp/aws4_request, SignedHeaders=host, Signature=00",
    ),
    ("x-amz-date", "20260101T000000Z"),
];

fn call(server: &Server, operation: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    let mut all = vec![("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.1")];
    all.extend_from_slice(headers);
    server.client().request("POST", "/cognito-idp", &all, &body.to_json())
}

#[track_caller]
fn ok(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    Value::parse(answer.body.as_bytes()).expect("JSON")
}

#[track_caller]
fn succeeds(server: &Server, operation: &str, body: &Value) -> Value {
    ok(&call(server, operation, body, &[]))
}

#[track_caller]
fn fails(answer: &Answer, status: u16, error_type: &str) -> String {
    let body = Value::parse(answer.body.as_bytes()).expect("JSON");
    let found = (answer.status, body.get("__type").and_then(Value::as_str));
    assert_eq!(found, (status, Some(error_type)), "{}", answer.body);
    assert_eq!(answer.header("x-amzn-errortype"), Some(&*format!("{error_type}:")));
    body.get("message").and_then(Value::as_str).expect("a message").to_owned()
}

fn password_sign_in(username: &str, client: &str) -> Value {
    value!({
        "AuthFlow": "USER_PASSWORD_AUTH",
        "ClientId": client,
        "AuthParameters": {"USERNAME": username, "PASSWORD": PASSWORD},
    })
}

/// The tokens of a sign-in: access, ID, refresh.
fn tokens(result: &Value) -> [String; 3] {
    ["AccessToken", "IdToken", "RefreshToken"].map(|name| {
        let token = result.at(&["AuthenticationResult", name]);
        token.as_str().unwrap_or_else(|| panic!("no {name}: {result}")).to_owned()
    })
}

fn get(server: &Server, path: &str) -> Value {
    ok(&server.client().request("GET", path, &[], ""))
}

/// What an API answers to a token.
fn graphql(server: &Server, token: &str, query: &str) -> (u16, String) {
    let mut body = value::Object::new();
    body.insert("query", query);
    let answer = server.client().request("POST", "/graphql", &[("authorization", token)], &Value::from(body).to_json());
    (answer.status, answer.body)
}

/// The part of a token, 0 its header, 1 its claims.
fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).expect("three parts");
    Value::parse(&base64_url(text)).expect("JSON")
}

fn base64_url(text: &str) -> Vec<u8> {
    let digit =
        |byte: u8| b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".iter().position(|digit| *digit == byte);
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for byte in text.bytes() {
        bits = bits << 6 | u32::try_from(digit(byte).expect("Base64url")).expect("six bits");
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).expect("a byte"));
        }
    }
    bytes
}

/// Verifies a token as somebody would who has the key set only.
fn verifies(jwks: &Value, issuer: &str, token: &str) -> Result<Value, String> {
    let (jwks, issuer, token) = (jwks.clone(), issuer.to_owned(), token.to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async move {
        let keys = jwt_verifier::KeySource::provided(issuer, std::sync::Arc::new(move || Ok(jwks.clone())));
        let verifier = jwt_verifier::Verifier::new(jwt_verifier::Rules::default(), keys.into()).expect("sound rules");
        verifier.verify(token.as_bytes()).await.map(|verified| verified.claims.clone()).map_err(|error| error.to_string())
    })
}

#[test]
fn who_signs_up_signs_in_and_the_key_set_verifies_the_tokens() {
    let definition = definition();
    let server = definition.serve();
    let endpoint = format!("(http://localhost:{}/cognito-idp)", server.address.port());
    assert!(server.summary.contains(&format!("User pools    {POOL}, eu-west-1_Partners {endpoint}")), "{}", server.summary);
    assert!(!definition.path("data/user-pools").exists(), "nothing is made before it is needed");

    let signed_up = succeeds(
        &server,
        "SignUp",
        &value!({
            "ClientId": "web", "Username": "cleo", "Password": PASSWORD,
            "UserAttributes": [{"Name": "email", "Value": "cleo@example.com"}],
        }),
    );
    assert_eq!(signed_up.get("UserConfirmed"), Some(&Value::Bool(true)));
    let result = succeeds(&server, "InitiateAuth", &password_sign_in("cleo", "web"));
    let [access, id, refresh] = tokens(&result);

    let jwks = get(&server, &format!("/cognito-idp/{POOL}/.well-known/jwks.json"));
    let issuer = format!("https://cognito-idp.eu-west-1.amazonaws.com/{POOL}");
    let claims = verifies(&jwks, &issuer, &access).expect("the key set verifies the access token");
    assert_eq!(claims.get("sub"), signed_up.get("UserSub"));
    assert_eq!(claims.get("token_use").and_then(Value::as_str), Some("access"));
    let claims = verifies(&jwks, &issuer, &id).expect("the key set verifies the ID token");
    assert_eq!(claims.get("email").and_then(Value::as_str), Some("cleo@example.com"));
    assert!(verifies(&jwks, &issuer, &format!("{access}A")).is_err());
    let others = get(&server, "/cognito-idp/eu-west-1_Partners/.well-known/jwks.json");
    assert!(verifies(&others, &issuer, &access).is_err(), "each pool has a key of its own");

    let discovery = get(&server, &format!("/cognito-idp/{POOL}/.well-known/openid-configuration"));
    assert_eq!(discovery.get("issuer").and_then(Value::as_str), Some(issuer.as_str()));
    let keys = discovery.get("jwks_uri").and_then(Value::as_str).expect("an address");
    assert_eq!(keys, format!("http://localhost/cognito-idp/{POOL}/.well-known/jwks.json"), "of the host that was asked");

    let user = succeeds(&server, "GetUser", &value!({"AccessToken": (access.as_str())}));
    assert_eq!(user.get("Username").and_then(Value::as_str), Some("cleo"));
    let refresh_request =
        value!({"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": "web", "AuthParameters": {"REFRESH_TOKEN": (refresh.as_str())}});
    let refreshed = succeeds(&server, "InitiateAuth", &refresh_request);
    let fresh = refreshed.at(&["AuthenticationResult", "AccessToken"]).as_str().expect("a token");
    verifies(&jwks, &issuer, fresh).expect("a refreshed token");

    succeeds(&server, "GlobalSignOut", &value!({"AccessToken": (access.as_str())}));
    fails(&call(&server, "InitiateAuth", &refresh_request, &[]), 400, "NotAuthorizedException");
    fails(&call(&server, "GetUser", &value!({"AccessToken": (access.as_str())}), &[]), 400, "NotAuthorizedException");
    let log = server.log();
    for secret in [PASSWORD, &*access, &*id, &*refresh] {
        assert!(!log.contains(secret), "no password and no token is logged");
    }
}

#[test]
fn a_restart_keeps_users_and_keys_and_ephemeral_pools_keep_nothing() {
    let definition = definition();
    let sign_up = value!({"ClientId": "web", "Username": "cleo", "Password": PASSWORD});
    let keys = |server: &Server| get(server, &format!("/cognito-idp/{POOL}/.well-known/jwks.json"));
    let (before, token) = {
        let server = definition.serve();
        succeeds(&server, "SignUp", &sign_up);
        let [access, ..] = tokens(&succeeds(&server, "InitiateAuth", &password_sign_in("cleo", "web")));
        (keys(&server), access)
    };
    let server = definition.serve();
    assert_eq!(keys(&server), before);
    succeeds(&server, "InitiateAuth", &password_sign_in("cleo", "web"));
    assert_eq!(graphql(&server, &token, "{ __typename }"), (200, r#"{"data":{"__typename":"Query"}}"#.to_owned()));
    assert_eq!(
        succeeds(&server, "GetUser", &value!({"AccessToken": token})).get("Username").and_then(Value::as_str),
        Some("cleo")
    );
    drop(server);
    #[cfg(unix)]
    for file in ["signing-key.pem", "users.json"] {
        use std::os::unix::fs::PermissionsExt;
        let mode =
            std::fs::metadata(definition.path(&format!("data/user-pools/{POOL}/{file}"))).expect(file).permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file} is its owner's only");
    }

    let other = self::definition();
    let server = other.serve_as(&["--ephemeral"], &[]);
    succeeds(&server, "SignUp", &sign_up);
    assert_ne!(keys(&server), before);
    assert!(!other.path("data").exists(), "the data folder is not touched");
}

#[test]
fn an_api_accepts_the_pools_tokens_by_client_and_group() {
    let definition = definition();
    let server = definition.serve();
    let [access, id, _] = tokens(&succeeds(&server, "InitiateAuth", &password_sign_in("ann", "web")));
    for token in [&access, &id, &format!("Bearer {access}")] {
        assert_eq!(graphql(&server, token, "{ minutes }"), (200, r#"{"data":{"minutes":"the minutes"}}"#.to_owned()));
    }
    let (_, body) = graphql(&server, &access, "{ identity }");
    let body = Value::parse(body.as_bytes()).expect("JSON");
    let identity = body.at(&["data", "identity"]).as_str().expect("a text").to_owned();
    let identity = Value::parse(identity.as_bytes()).expect("JSON");
    let claims = part(&access, 1);
    let mut names: Vec<&str> = identity.as_object().expect("an object").keys().map(AsRef::as_ref).collect();
    names.sort_unstable();
    assert_eq!(names, ["claims", "defaultAuthStrategy", "groups", "issuer", "sourceIp", "sub", "username"]);
    assert_eq!(identity.get("claims"), Some(&claims));
    assert_eq!(identity.get("groups"), Some(&value!(["editors"])));
    assert_eq!(identity.get("sub"), claims.get("sub"));
    assert_eq!(identity.get("username").and_then(Value::as_str), Some("ann"));
    assert_eq!(identity.get("issuer"), claims.get("iss"));
    assert_eq!(identity.get("defaultAuthStrategy").and_then(Value::as_str), Some("ALLOW"));

    // No group, another client, another pool's token, nobody's token.
    let [bob, ..] = tokens(&succeeds(&server, "InitiateAuth", &password_sign_in("bob", "web")));
    let (status, body) = graphql(&server, &bob, "{ minutes }");
    assert!(status == 200 && body.contains(r#""errorType":"Unauthorized""#), "{status} {body}");
    let client = value!({
        "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "other", "AuthParameters": {"USERNAME": "ann", "PASSWORD": PASSWORD},
    });
    let result = succeeds(&server, "InitiateAuth", &client);
    let foreign = result.at(&["AuthenticationResult", "AccessToken"]).as_str().expect("a token").to_owned();
    assert_eq!(graphql(&server, &foreign, "{ minutes }").0, 401);
    assert_eq!(graphql(&server, &format!("{access}x"), "{ minutes }").0, 401);
}

fn token(definition: &Definition, arguments: &[&str]) -> String {
    let mut all = vec!["token", "--data", "data"];
    all.extend_from_slice(arguments);
    let output = definition.run(&all);
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    output.stdout.trim_end().to_owned()
}

#[test]
fn a_token_is_printed_with_and_without_a_running_server() {
    let definition = definition();
    let club = ["--pool", POOL];
    let before = token(&definition, &[&club[..], &["--user", "zoe", "--group", "editors", "--group", "guests"]].concat());
    let server = definition.serve();
    let after = token(&definition, &[&club[..], &["--user", "zoe", "--group", "editors", "--group", "guests"]].concat());
    for token in [&before, &after] {
        assert_eq!(graphql(&server, token, "{ minutes }"), (200, r#"{"data":{"minutes":"the minutes"}}"#.to_owned()));
        assert_eq!(part(token, 1).get("cognito:groups"), Some(&value!(["editors", "guests"])));
    }
    let subs = [&before, &after].map(|token| part(token, 1).get("sub").cloned());
    assert_eq!(subs[0], subs[1], "a user whom nobody defined is always the same");

    // A user of the definition has its groups and attributes, one who signed up likewise.
    let ann = part(&token(&definition, &[&club[..], &["--user", "ann", "--use", "id", "--expires", "2h"]].concat()), 1);
    assert_eq!(ann.get("cognito:groups"), Some(&value!(["editors"])));
    assert_eq!(ann.get("email").and_then(Value::as_str), Some("ann@example.com"));
    let number = |name: &str| ann.get(name).and_then(Value::as_i64).expect("a time");
    assert_eq!(number("exp") - number("iat"), 7_200);
    let signed_up = succeeds(&server, "SignUp", &value!({"ClientId": "web", "Username": "cleo", "Password": PASSWORD}));
    let cleo = part(&token(&definition, &[&club[..], &["--user", "cleo"]].concat()), 1);
    assert_eq!(cleo.get("sub"), signed_up.get("UserSub"));

    let partner = token(
        &definition,
        &["--pool", "eu-west-1_Partners", "--mode", "oidc", "--user", "kim", "--audience", "partners", "--claim", "tier=[1]"],
    );
    assert_eq!(graphql(&server, &partner, "{ partners }"), (200, r#"{"data":{"partners":"the minutes"}}"#.to_owned()));
    let claims = part(&partner, 1);
    assert_eq!((claims.get("aud"), claims.get("tier")), (Some(&value!("partners")), Some(&value!([1]))));
    assert_eq!(claims.get("token_use"), None);
}

#[test]
fn a_token_for_an_api_has_the_form_and_client_that_it_accepts() {
    use syncgate::cli::token::for_api;
    use syncgate::definition::{Overrides, read};

    let definition = definition();
    let text = definition.read("config.toml");
    let with_providers = |providers: &str| {
        let (before, rest) = text.split_once("authentication_type").expect("a mode");
        let (_, after) = rest.split_once("[api.data_sources.none]").expect("a data source");
        definition
            .write("config.toml", &format!("{before}schema = \"schema.graphql\"\n{providers}\n[api.data_sources.none]{after}"));
        let overrides = Overrides { data: Some(definition.path("data")), ..Overrides::default() };
        let loaded = read(&definition.path("config.toml"), [("", ""); 0], &overrides);
        assert!(loaded.is_valid(), "{:?}", loaded.diagnostics);
        loaded.definition.expect("it is valid")
    };
    let pool = |pattern: &str| {
        let config = format!("{{ user_pool_id = \"{POOL}\", app_id_client_regex = \"{pattern}\" }}");
        with_providers(&format!("authentication_type = \"AMAZON_COGNITO_USER_POOLS\"\nuser_pool_config = {config}"))
    };
    let issued = |read: &syncgate::definition::ServerDefinition, groups: &[String]| {
        for_api(read, &read.apis[0], "ann", groups).map(|token| part(token.expose(), 1)).map_err(|error| error.to_string())
    };
    let claims = issued(&pool("o.*"), &[]).expect("a token");
    assert_eq!((claims.get("client_id"), claims.get("cognito:groups")), (Some(&value!("other")), Some(&value!(["editors"]))));
    let claims = issued(&pool(".*"), &["guests".to_owned()]).expect("a token");
    assert_eq!((claims.get("client_id"), claims.get("cognito:groups")), (Some(&value!("web")), Some(&value!(["guests"]))));
    assert!(issued(&pool("mobile"), &[]).is_err_and(|error| error.contains("matches `mobile`")));
    let oidc = "authentication_type = \"OPENID_CONNECT\"\nopen_id_connect_config = { issuer = \
                \"http://localhost:4000/cognito-idp/eu-west-1_Partners\", client_id = \"shop\" }";
    let claims = issued(&with_providers(oidc), &[]).expect("a token");
    assert_eq!((claims.get("aud"), claims.get("token_use")), (Some(&value!("shop")), None));
    let key = with_providers("authentication_type = \"API_KEY\"");
    assert!(issued(&key, &[]).is_err_and(|error| error.contains("accepts no token of a local user pool")));
}

#[test]
fn a_token_that_cannot_be_made_is_refused_with_the_reason() {
    let definition = definition();
    for (arguments, expected) in [
        (&["--user", "ann"][..], "choose one with --pool: eu-west-1_Club, eu-west-1_Partners"),
        (&["--user", "ann", "--pool", "x"], "no user pool `x`"),
        (&["--user", "ann", "--pool", POOL, "--client", "x"], "has no app client \"x\"; its app clients are: web, other"),
        (&["--user", "ann", "--pool", POOL, "--claim", "sub=1"], "set by the user pool"),
        (&["--user", "ann", "--pool", POOL, "--expires", "0s"], "at least one second"),
        (&["--user", "ann", "--pool", POOL, "--audience", "x"], "--audience is for --mode oidc"),
        (&["--user", "ann", "--pool", POOL, "--mode", "oidc", "--group", "x"], "--group is for --mode cognito"),
        (&["--user", "", "--pool", POOL], "--user needs a name"),
    ] {
        let mut all = vec!["token", "--data", "data"];
        all.extend_from_slice(arguments);
        let output = definition.run(&all);
        assert!(output.code == Some(1) && output.stdout.is_empty(), "{output:?}");
        assert!(output.stderr.contains(expected), "{expected}: {output:?}");
    }
    let production = Definition::of(&[
        ("config.toml", &format!("{CONFIG}\n[server]\nmode = \"production\"\n")),
        ("schema.graphql", SCHEMA),
        ("identity.js", "export const request = () => ({}); export const response = () => null;"),
        ("minutes.js", "export const request = () => ({}); export const response = () => null;"),
    ]);
    for arguments in [&["token", "--user", "ann", "--pool", POOL][..], &["serve", "--port", "0"], &["check"]] {
        let output = production.run(arguments);
        let said = format!("{}{}", output.stdout, output.stderr);
        assert_eq!(output.code, Some(1), "{output:?}");
        assert!(said.contains("development-only") && said.contains("user_pool_config"), "{said}");
    }
    assert!(!production.path(".syncgate").exists(), "no key is made");
}

#[test]
fn processes_that_need_the_key_at_the_same_moment_agree_on_one() {
    let definition = definition();
    let kids: Vec<String> = std::thread::scope(|scope| {
        let run = || part(&token(&definition, &["--pool", POOL, "--user", "ann"]), 0);
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(run)).collect();
        let headers = threads.into_iter().map(|thread| thread.join().expect("a token"));
        headers.map(|header| header.get("kid").and_then(Value::as_str).expect("a key id").to_owned()).collect()
    });
    assert!(kids.iter().all(|kid| *kid == kids[0]), "{kids:?}");
    let folder = definition.path(&format!("data/user-pools/{POOL}"));
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
    files.sort();
    assert_eq!(files, [".gitignore", "signing-key.pem"], "no draft is left, and git takes nothing along");
}

#[test]
fn only_programs_and_pages_of_this_machine_are_let_in() {
    let definition = definition();
    let server = definition.serve();
    let sign_in = password_sign_in("ann", "web");
    for (headers, expected) in [
        (&[("host", "pools.evil.test")][..], "Host"),
        (&[("origin", "https://evil.test")], "Origin"),
        (&[("origin", "null")], "Origin"),
        (&[("origin", "http://localhost.evil.test")], "Origin"),
        (&[("x-forwarded-for", "10.0.0.1")], "forwarded"),
        (&[("forwarded", "for=10.0.0.1")], "forwarded"),
    ] {
        let answer = call(&server, "InitiateAuth", &sign_in, headers);
        let message = fails(&answer, 403, "AccessDeniedException");
        assert!(message.contains(expected), "{headers:?}: {message}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        for path in ["/.well-known/jwks.json", "/messages"] {
            let answer = server.client().request("GET", &format!("/cognito-idp/{POOL}{path}"), headers, "");
            fails(&answer, 403, "AccessDeniedException");
        }
    }
    // A page of a development server on this machine signs in as Amplify does, after a preflight.
    let page = ("origin", "http://localhost:3000");
    let asked = [
        page,
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "cache-control,content-type,x-amz-target,x-amz-user-agent"),
    ];
    let preflight = server.client().request("OPTIONS", "/cognito-idp", &asked, "");
    assert_eq!(preflight.status, 200);
    for (name, expected) in [
        ("access-control-allow-origin", "http://localhost:3000"),
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", asked[2].1),
    ] {
        assert_eq!(preflight.header(name), Some(expected));
    }
    let answer = call(&server, "InitiateAuth", &sign_in, &[page]);
    ok(&answer);
    assert_eq!(answer.header("access-control-allow-origin"), Some("http://localhost:3000"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[test]
fn administrators_are_programs_that_sign() {
    let definition = definition();
    let server = definition.serve();
    let pool = value!({"UserPoolId": POOL});
    fails(&call(&server, "ListUsers", &pool, &[]), 400, "MissingAuthenticationTokenException");
    let page = [SIGNED[0], SIGNED[1], ("origin", "http://localhost:3000")];
    fails(&call(&server, "ListUsers", &pool, &page), 400, "MissingAuthenticationTokenException");
    let half = [("authorization", "AWS4-HMAC-SHA256 Credential=any")];
    fails(&call(&server, "ListUsers", &pool, &half), 400, "IncompleteSignatureException");
    let listed = ok(&call(&server, "ListUsers", &pool, &SIGNED));
    assert_eq!(listed.get("Users").and_then(Value::as_list).map(<[Value]>::len), Some(2));
    let created = value!({
        "UserPoolId": POOL, "Username": "dan", "UserAttributes": [{"Name": "email", "Value": "dan@example.com"}],
    });
    ok(&call(&server, "AdminCreateUser", &created, &SIGNED));
    // The temporary password waits where programs of this machine can read it, and in no log.
    let path = format!("/cognito-idp/{POOL}/messages");
    let messages = get(&server, &path);
    let message = messages.as_list().and_then(<[Value]>::first).expect("a message").clone();
    assert_eq!(message.get("purpose").and_then(Value::as_str), Some("INVITATION"));
    let password = message.get("temporaryPassword").and_then(Value::as_str).expect("a password").to_owned();
    assert!(!server.log().contains(&password));
    let sign_in = value!({
        "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "web", "AuthParameters": {"USERNAME": "dan", "PASSWORD": password},
    });
    let challenge = succeeds(&server, "InitiateAuth", &sign_in);
    assert_eq!(challenge.get("ChallengeName").and_then(Value::as_str), Some("NEW_PASSWORD_REQUIRED"));
    let browser = server.client().request("GET", &path, &[("sec-fetch-site", "same-origin")], "");
    fails(&browser, 403, "AccessDeniedException");
    let page = server.client().request("GET", &path, &[("origin", "http://localhost:3000")], "");
    fails(&page, 403, "AccessDeniedException");
    let typed = server.client().request("GET", &path, &[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")], "");
    assert_eq!(typed.status, 200, "a person opens it in a browser");
}

#[test]
fn other_paths_and_operations_are_refused_by_name() {
    let definition = definition();
    let server = definition.serve();
    let client = server.client();
    fails(&call(&server, "CreateUserPool", &value!({}), &SIGNED), 400, "UnknownOperationException");
    fails(&client.request("POST", "/cognito-idp", &[], "{}"), 400, "UnknownOperationException");
    fails(&client.request("GET", "/cognito-idp", &[], ""), 400, "UnknownOperationException");
    fails(&client.request("GET", "/cognito-idp/x", &[], ""), 404, "UnknownOperationException");
    fails(&client.request("GET", &format!("/cognito-idp/{POOL}/oauth2/token"), &[], ""), 404, "UnknownOperationException");
    let unknown = client.request("GET", "/cognito-idp/eu-west-1_Nobody/.well-known/jwks.json", &[], "");
    assert!(fails(&unknown, 404, "ResourceNotFoundException").contains(POOL));
    fails(
        &client.request("POST", &format!("/cognito-idp/{POOL}/.well-known/jwks.json"), &[], "{}"),
        404,
        "UnknownOperationException",
    );
    let target = [("x-amz-target", "AWSCognitoIdentityProviderService.SignUp")];
    fails(&client.request("POST", "/cognito-idp", &target, "no JSON"), 400, "SerializationException");
    fails(&client.request("POST", "/cognito-idp", &target, &" ".repeat(300_000)), 413, "SerializationException");
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    fails(&client.request("POST", "/cognito-idp", &target, &deep), 400, "SerializationException");
}

#[test]
fn nothing_is_served_beyond_loopback_or_without_pools() {
    let definition = definition();
    let text = definition.read("config.toml");
    definition.write("config.toml", &format!("{text}\n[server]\nmode = \"development\"\nhost = \"0.0.0.0\"\n"));
    let server = definition.serve();
    assert!(server.log().contains("user-pool-not-served"), "{}", server.log());
    let reached = harness::Client { address: ([127, 0, 0, 1], server.address.port()).into() };
    for path in ["/cognito-idp", &format!("/cognito-idp/{POOL}/.well-known/jwks.json")] {
        assert_eq!(reached.request("GET", path, &[], "").status, 404, "{path}");
    }
    assert!(!server.summary.contains("/cognito-idp"), "{}", server.summary);

    let (before, _) = text.split_once("[[user_pool]]").expect("pools");
    let plain = self::definition();
    plain.write("config.toml", before);
    let server = plain.serve();
    let answer = server.client().request("POST", "/cognito-idp", &[("x-amz-target", "x")], "{}");
    assert_eq!(answer.status, 404);
    assert!(!server.summary.contains("User pools"));
}

#[test]
fn many_sign_ins_at_once_all_get_their_tokens() {
    let definition = definition();
    let server = definition.serve();
    std::thread::scope(|scope| {
        for _ in 0..24 {
            scope.spawn(|| tokens(&succeeds(&server, "InitiateAuth", &password_sign_in("ann", "web"))));
        }
        assert_eq!(server.client().request("GET", "/ping", &[], "").status, 200, "others are answered meanwhile");
    });
}
