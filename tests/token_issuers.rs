//! The modes `OPENID_CONNECT` and `AMAZON_COGNITO_USER_POOLS` with issuers that are not ours: oidc-provider and cognito-local.

mod harness;
#[path = "clients/issuers.rs"]
mod issuers;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use harness::dynamodb_servers::servers_are_wanted;
use harness::node::node;
use harness::{Answer, Definition, Server};
use issuers::{Pool, provider, token};
use value::{Value, value};

const UNAUTHORIZED: &str = "You are not authorized to make this call.";
const UNPARSABLE: &str = "Unable to parse JWT token.";
const IDENTITY: &str = "{ identity }";

/// An API whose `identity` shows who asks; `modes` are members of `[api]`.
fn definition(modes: &str, schema: &str) -> Definition {
    let config =
        format!("[api]\nname = \"club\"\nschema = \"schema.graphql\"\n{modes}\n[api.data_sources.none]\ntype = \"NONE\"\n");
    let definition = Definition::of(&[("config.toml", &config), ("schema.graphql", schema)]);
    for (field, payload) in [("identity", "ctx.identity"), ("minutes", "'the minutes'"), ("plans", "'the plans'")] {
        if !schema.contains(field) {
            continue;
        }
        let code = format!(
            "// @dataSource none\nexport function request(ctx) {{ return {{ payload: {payload} }}; }}\n\
             export function response(ctx) {{ return ctx.result; }}\n"
        );
        definition.write(&format!("resolvers/Query.{field}.js"), &code);
    }
    definition
}

fn ask(server: &Server, authorization: &str, query: &str) -> Answer {
    let body = value!({"query": (query)}).to_json();
    server.client().request("POST", "/graphql", &[("authorization", authorization)], &body)
}

/// `ctx.identity` of the caller.
#[track_caller]
fn identity(server: &Server, authorization: &str) -> Value {
    let answer = ask(server, authorization, IDENTITY);
    assert_eq!(answer.status, 200, "{}\n{}", answer.body, server.log());
    let body = Value::parse(answer.body.as_bytes()).expect("JSON");
    let text = body.at(&["data", "identity"]).as_str().unwrap_or_else(|| panic!("{}", answer.body));
    Value::parse(text.as_bytes()).expect("JSON in a text")
}

#[track_caller]
fn refused(answer: &Answer, message: &str) {
    let body = format!(r#"{{"errors":[{{"errorType":"UnauthorizedException","message":"{message}"}}]}}"#);
    assert_eq!((answer.status, answer.body.as_str()), (401, body.as_str()));
    assert_eq!(answer.header("x-amzn-errortype"), Some("UnauthorizedException"));
}

fn oidc(issuer: &str, more: &str) -> String {
    format!("authentication_type = \"OPENID_CONNECT\"\nopen_id_connect_config = {{ issuer = \"{issuer}\"{more} }}\n")
}

const OPEN: &str = "type Query { identity: AWSJSON }";

/// The token with a change in its claims, and the signature that it had.
fn forged(token: &str, from: &str, to: &str) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { panic!("{token}") };
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(claims).expect("Base64")).expect("UTF-8");
    assert!(claims.contains(from), "{claims}");
    format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.replacen(from, to, 1)))
}

#[test]
fn tokens_of_an_openid_connect_provider_are_verified() {
    if !servers_are_wanted() {
        return;
    }
    let folder = Definition::new();
    let provider = provider(&folder, "0");
    let definition = definition(&oidc(&provider.url, ", client_id = \"club-(web|api)\""), OPEN);
    let server = definition.serve();
    for algorithm in ["RS256", "RS512", "PS256", "ES256", "ES384", "EdDSA"] {
        let token = token(&provider, algorithm);
        for authorization in [token.clone(), format!("Bearer {token}"), token.clone()] {
            let identity = identity(&server, &authorization);
            let members: Vec<&str> = identity.as_object().expect("an object").keys().map(|key| &**key).collect();
            assert_eq!(members, ["sub", "issuer", "claims"], "{algorithm}");
            for (path, expected) in [
                (&["sub"][..], "club-robot"),
                (&["issuer"], &provider.url),
                (&["claims", "iss"], &provider.url),
                (&["claims", "aud"], "club-api"),
                (&["claims", "client_id"], "club-robot"),
                (&["claims", "scope"], "read"),
            ] {
                assert_eq!(identity.at(path).as_str(), Some(expected), "{algorithm} {path:?}");
            }
        }
        refused(&ask(&server, &forged(&token, "club-robot", "club-owner"), IDENTITY), UNAUTHORIZED);
        let (signed, _) = token.rsplit_once('.').expect("a signature");
        refused(&ask(&server, &format!("{signed}."), IDENTITY), UNAUTHORIZED);
    }
    refused(&ask(&server, "no-token", IDENTITY), UNPARSABLE);
    refused(&server.client().request("POST", "/graphql", &[], "{}"), "Valid authorization header not provided.");
    let token = token(&provider, "RS256");
    assert!(!server.log().contains(&token[..60]), "no token is in the log");

    // The pattern names the whole client; another API of the same issuer.
    for pattern in ["club", "api", "web", "club-web"] {
        let definition = self::definition(&oidc(&provider.url, &format!(", client_id = \"{pattern}\"")), OPEN);
        refused(&ask(&definition.serve(), &token, IDENTITY), UNAUTHORIZED);
    }
    let definition = self::definition(&oidc(&provider.url, ""), OPEN);
    assert_eq!(identity(&definition.serve(), &token).at(&["sub"]).as_str(), Some("club-robot"));
}

#[test]
fn keys_may_change_and_their_issuer_may_be_away() {
    if !servers_are_wanted() {
        return;
    }
    let folder = Definition::new();
    let mut first = provider(&folder, "0");
    let port = first.url.rsplit_once(':').expect("a port").1.to_owned();
    let definition = definition(&oidc(&first.url, ""), OPEN);
    let server = definition.serve();
    let seen = token(&first, "RS256");
    identity(&server, &seen);
    let unseen = token(&first, "RS256");
    let unseen_too = token(&first, "ES256");

    // Nobody is there: the keys that were fetched serve, also for a token that comes for the first time.
    first.kill();
    for token in [&seen, &unseen] {
        assert_eq!(identity(&server, token).at(&["sub"]).as_str(), Some("club-robot"));
    }
    // A server that never had them lets nobody in.
    let fresh = definition.serve();
    refused(&ask(&fresh, &seen, IDENTITY), "The keys of the token's issuer are not available.");

    // Other keys at the same address: found when a token names one, and not more often than every ten seconds.
    let second = provider(&folder, &port);
    assert_eq!(second.url, first.url);
    let new = token(&second, "ES256");
    let start = Instant::now();
    let answer = loop {
        let answer = ask(&server, &new, IDENTITY);
        if answer.status == 200 {
            break answer;
        }
        refused(&answer, UNAUTHORIZED);
        assert!(start.elapsed() < Duration::from_secs(60), "the new keys are not found");
        std::thread::sleep(Duration::from_millis(200));
    };
    assert!(answer.body.contains("club-robot"), "{}", answer.body);
    // What the old keys signed is over, whether it was seen before or not.
    for token in [&seen, &unseen, &unseen_too] {
        refused(&ask(&server, token, IDENTITY), UNAUTHORIZED);
    }
    // The server that had none gets them, too.
    let start = Instant::now();
    while ask(&fresh, &new, IDENTITY).status != 200 {
        assert!(start.elapsed() < Duration::from_secs(60), "the keys are not fetched");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn an_issuer_that_does_not_answer_is_not_waited_for_longer_than_its_deadline() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let issuer = format!("http://{}", silent.local_addr().expect("an address"));
    let definition = definition(&oidc(&issuer, ""), OPEN);
    let server = definition.serve();
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_json());
    let claims = value!({"iss": (issuer), "sub": "x", "iat": 1_700_000_000, "exp": 4_000_000_000_u64});
    let token = format!("{}.{}.c2lnbmF0dXJl", part(value!({"alg": "RS256", "kid": "a"})), part(claims));
    // Without a deadline there would be no answer: the client gives up at last.
    refused(&ask(&server, &token, IDENTITY), "The keys of the token's issuer are not available.");
}

fn user_pool(pool: &Pool, more: &str) -> String {
    format!(
        "authentication_type = \"AMAZON_COGNITO_USER_POOLS\"\n\
         user_pool_config = {{ user_pool_id = \"{}\", issuer = \"{}\"{more} }}\n",
        pool.id,
        pool.issuer()
    )
}

#[test]
fn tokens_of_a_user_pool_are_verified() {
    if !servers_are_wanted() {
        return;
    }
    let folder = Definition::new();
    let pool = Pool::start(&folder);
    let schema = "type Query {\n  identity: AWSJSON\n  minutes: String @aws_cognito_user_pools(cognito_groups: [\"editors\", \"chairs\"])\n\
                  \x20 plans: String @aws_cognito_user_pools(cognito_groups: [\"chairs\"])\n}";
    let definition = definition(&user_pool(&pool, &format!(", app_id_client_regex = \"{}\"", pool.client)), schema);
    let server = definition.serve();
    let (access, id) = pool.sign_in(&pool.client);
    for (token, token_use) in [(&access, "access"), (&id, "id")] {
        let identity = identity(&server, token);
        for (path, expected) in [
            (&["issuer"][..], pool.issuer().as_str()),
            (&["defaultAuthStrategy"], "ALLOW"),
            (&["claims", "token_use"], token_use),
            (&["claims", "iss"], &pool.issuer()),
        ] {
            assert_eq!(identity.at(path).as_str(), Some(expected), "{token_use} {path:?}");
        }
        let claimed = if token_use == "access" { "username" } else { "cognito:username" };
        for (member, claim) in [("sub", "sub"), ("username", claimed)] {
            assert!(identity.at(&[member]).as_str().is_some_and(|text| !text.is_empty()), "{identity}");
            assert_eq!(identity.at(&[member]), identity.at(&["claims", claim]));
        }
        assert_eq!(identity.at(&["groups"]), &value!(["editors"]));
        assert_eq!(identity.at(&["sourceIp"]), &value!(["127.0.0.1"]));
        let answer = ask(&server, token, "{ minutes plans }");
        let expected = r#"{"data":{"minutes":"the minutes","plans":null},"errors":[{"path":["plans"],"data":null,"errorType":"Unauthorized","errorInfo":null,"locations":[{"line":1,"column":11,"sourceName":null}],"message":"Not Authorized to access plans on type Query"}]}"#;
        assert_eq!((answer.status, answer.body.as_str()), (200, expected));
        refused(&ask(&server, &forged(token, "editors", "chairs"), IDENTITY), UNAUTHORIZED);
    }
    // Another client of the same pool.
    let (access, id) = pool.sign_in(&pool.client("other"));
    refused(&ask(&server, &access, IDENTITY), UNAUTHORIZED);
    refused(&ask(&server, &id, IDENTITY), UNAUTHORIZED);
    // Without a pattern every client will do; DENY closes what names no group.
    let deny = self::definition(&user_pool(&pool, ", default_action = \"DENY\""), schema);
    let answer = ask(&deny.serve(), &access, "{ minutes identity }");
    assert!(answer.body.starts_with(r#"{"data":{"minutes":"the minutes","identity":null}"#), "{}", answer.body);
}

#[test]
fn several_issuers_are_told_apart() {
    if !servers_are_wanted() {
        return;
    }
    let folder = Definition::new();
    let pool = Pool::start(&folder);
    let provider = provider(&folder, "0");
    let modes = format!(
        "authentication_type = \"API_KEY\"\n[[api.api_keys]]\nid = \"da2-test\"\n\
         [[api.additional_authentication_providers]]\n{}\n[[api.additional_authentication_providers]]\n{}\n",
        user_pool(&pool, ""),
        oidc(&provider.url, "")
    );
    let schema = "type Query {\n  identity: AWSJSON @aws_oidc @aws_cognito_user_pools @aws_api_key\n  minutes: String @aws_oidc\n\
                  \x20 plans: String @aws_cognito_user_pools(cognito_groups: [\"editors\"])\n}";
    let definition = definition(&modes, schema);
    let server = definition.serve();
    let (access, _) = pool.sign_in(&pool.client);
    let robot = token(&provider, "RS256");
    assert_eq!(identity(&server, &access).at(&["groups"]), &value!(["editors"]));
    assert_eq!(identity(&server, &robot).at(&["sub"]).as_str(), Some("club-robot"));
    let data = |token: &str| {
        let answer = ask(&server, token, "{ minutes plans }");
        let body = Value::parse(answer.body.as_bytes()).expect("JSON");
        assert_eq!(body.at(&["errors"]).as_list().map(<[Value]>::len), Some(1), "{}", answer.body);
        body.at(&["data"]).to_json()
    };
    assert_eq!(data(&access), r#"{"minutes":null,"plans":"the plans"}"#);
    assert_eq!(data(&robot), r#"{"minutes":"the minutes","plans":null}"#);
    // A token that says it is the pool's, signed by the provider; and one of neither.
    let token = |issuer: &str| forged(&robot, &provider.url, issuer);
    refused(&ask(&server, &token(&pool.issuer()), IDENTITY), UNAUTHORIZED);
    refused(&ask(&server, &token("https://example.com"), IDENTITY), UNAUTHORIZED);
    // `syncgate query` sends what it is given.
    let url = format!("http://localhost:{}", server.address.port());
    let output = definition.run(&["query", "{ minutes }", "--url", &url, "--as", &format!("token:{robot}")]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(0), "{\"data\":{\"minutes\":\"the minutes\"}}\n"), "{output:?}");
    let output = definition.run(&["query", "{ minutes }", "--url", &url, "--as", &format!("token:{robot}x")]);
    assert_eq!(output.code, Some(2), "{output:?}");
    assert!(!format!("{}{}", output.stdout, output.stderr).contains(&robot), "{output:?}");
}

#[test]
fn amplify_is_understood_in_every_mode() {
    if !servers_are_wanted() {
        return;
    }
    let folder = Definition::new();
    let pool = Pool::start(&folder);
    let provider = provider(&folder, "0");
    let function = "arn:aws:lambda:eu-west-1:123456789012:function:doorkeeper";
    let modes = format!(
        "region = \"eu-west-1\"\nauthentication_type = \"API_KEY\"\n[[api.api_keys]]\nid = \"da2-test\"\n\
         [[api.additional_authentication_providers]]\nauthentication_type = \"AWS_IAM\"\n\
         [[api.iam_principals]]\nname = \"bo\"\naccess_key_id = \"AKIDBO\"\nsecret_access_key = \"secret of bo\"\n\
         policies = [\"arn:aws:iam::aws:policy/AdministratorAccess\"]\n\
         [[api.additional_authentication_providers]]\n{}\n[[api.additional_authentication_providers]]\n{}\n\
         [[api.additional_authentication_providers]]\nauthentication_type = \"AWS_LAMBDA\"\n\
         lambda_authorizer_config = {{ authorizer_uri = \"{function}\" }}\n\
         [[lambda_function]]\nfunction_name = \"doorkeeper\"\nruntime = \"nodejs20.x\"\ncode = \"functions/doorkeeper.mjs\"\n",
        user_pool(&pool, ""),
        oidc(&provider.url, "")
    );
    let schema = "type Query { identity: AWSJSON @aws_api_key @aws_iam @aws_cognito_user_pools @aws_oidc @aws_lambda }";
    let definition = definition(&modes, schema);
    definition.write(
        "functions/doorkeeper.mjs",
        "export const handler = async ({ authorizationToken }) => ({\n  isAuthorized: authorizationToken === 'custom-zoe',\n  \
         resolverContext: { visitor: 'zoe' },\n});\n",
    );
    let server = definition.serve();
    let (access, _) = pool.sign_in(&pool.client);
    let robot = token(&provider, "ES256");
    let task = value!({
        "url": (format!("http://localhost:{}/graphql", server.address.port())), "region": "eu-west-1", "api_key": "da2-test",
        "credentials": {"accessKeyId": "AKIDBO", "secretAccessKey": "secret of bo"}, "pool_token": (access), "oidc_token": (robot),
        "custom_token": "custom-zoe", "query": (IDENTITY),
    });
    let script = include_str!("clients/signers/amplify_modes.mjs");
    let mut amplify = node(&definition.path("node"), "amplify_modes.mjs", script);
    definition.write("task.json", &task.to_json());
    amplify.stdin(std::fs::File::open(definition.path("task.json")).expect("the task"));
    let output = harness::run(amplify);
    assert_eq!(output.code, Some(0), "{output:?}");
    let answers = Value::parse(output.stdout.as_bytes()).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    for (mode, path, expected) in [
        ("apiKey", &[][..], Value::Null),
        ("iam", &["userArn"], "arn:aws:iam::000000000000:user/bo".into()),
        ("userPool", &["groups"], value!(["editors"])),
        ("oidc", &["claims", "client_id"], "club-robot".into()),
        ("lambda", &["resolverContext", "visitor"], "zoe".into()),
    ] {
        let answer = answers.at(&[mode]);
        assert_eq!(answer.get("error_types"), None, "{mode}: {answer}");
        let identity = answer.at(&["data", "identity"]);
        let identity = identity.as_str().map_or(Value::Null, |text| Value::parse(text.as_bytes()).expect("JSON in a text"));
        assert_eq!(identity.at(path), &expected, "{mode}: {answer}");
    }
    for mode in ["wrong apiKey", "wrong oidc", "wrong lambda"] {
        assert_eq!(answers.at(&[mode, "error_types"]), &value!(["UnauthorizedException"]), "{mode}: {answers}");
    }
}
