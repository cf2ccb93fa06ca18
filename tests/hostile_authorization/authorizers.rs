//! `AWS_LAMBDA` beside the other modes: what they judge never reaches the function, and what reaches it comes in only if it says so.
//!
//! The function is one of the server's own; it reports to a counter whenever it is asked.

use value::value;

use crate::harness::Definition;
use crate::harness::attack::Expected::{self, Accepted, NotHttp, Refused};
use crate::harness::attack::{Counter, Request, Suite, moment};
use crate::issuer::{By, Issuers, base64url, changed, keys, token};
use crate::world::{ANN, CAROL, HIT, KEY, signer};

const NO: Expected = Refused(401, "UnauthorizedException");

/// Opens to one token, and would to anything that looks like a token of the issuers' or a signature.
const FUNCTION: &str = "export const handler = async (event) => {
  await fetch(process.env.COUNTER);
  const token = event.authorizationToken;
  return { isAuthorized: token === 'custom-open' || token.includes('eyJpc3Mi') || token.startsWith('AWS4-') };
};
";

const RESOLVER: &str = "// @dataSource upstream
export function request() { return { method: 'GET', resourcePath: '/' }; }
export function response(ctx) { return ctx.result.body; }
";

fn definition(issuers: &Issuers, counter: &Counter, asked: &Counter) -> Definition {
    let config = format!(
        "[api]\nname = \"guarded\"\nregion = \"us-east-1\"\nschema = \"schema.graphql\"\nauthentication_type = \"AWS_LAMBDA\"\n\
         lambda_authorizer_config = {{ authorizer_uri = \"guard\" }}\n\
         [[api.additional_authentication_providers]]\nauthentication_type = \"OPENID_CONNECT\"\n\
         open_id_connect_config = {{ issuer = \"{}\", client_id = \"web\" }}\n\
         [[api.additional_authentication_providers]]\nauthentication_type = \"AMAZON_COGNITO_USER_POOLS\"\n\
         user_pool_config = {{ user_pool_id = \"us-east-1_PoolA\", issuer = \"{}\" }}\n\
         [[api.additional_authentication_providers]]\nauthentication_type = \"API_KEY\"\n\
         [[api.additional_authentication_providers]]\nauthentication_type = \"AWS_IAM\"\n\
         [[api.api_keys]]\nid = \"{KEY}\"\n\
         [[api.iam_principals]]\nname = \"ann\"\naccess_key_id = \"{}\"\nsecret_access_key = \"{}\"\n\
         policies = [\"arn:aws:iam::aws:policy/AWSAppSyncInvokeFullAccess\"]\n\
         [api.data_sources.upstream]\ntype = \"HTTP\"\nendpoint = \"http://{}\"\n\n\
         [[lambda_function]]\nfunction_name = \"guard\"\nruntime = \"nodejs20.x\"\ncode = \"guard.mjs\"\n\
         environment = {{ COUNTER = \"http://{}/\" }}\n",
        issuers.oidc(),
        issuers.pool("A"),
        ANN.0,
        ANN.1,
        counter.address,
        asked.address
    );
    let modes = "@aws_lambda @aws_oidc @aws_cognito_user_pools @aws_api_key @aws_iam";
    Definition::of(&[
        ("config.toml", &config),
        ("schema.graphql", &format!("type Query {{ hit: String {modes} }}\n")),
        ("guard.mjs", FUNCTION),
        ("resolvers/Query.hit.js", RESOLVER),
    ])
}

fn ask(token: impl AsRef<[u8]>) -> Request {
    Request::post("localhost", "/graphql", HIT).with("authorization", token)
}

#[test]
fn hostile_credentials_of_other_modes_do_not_reach_the_authorizer() {
    let (issuers, counter, asked) = (Issuers::start(), Counter::start(), Counter::start());
    let definition = definition(&issuers, &counter, &asked);
    let server = definition.serve_with(&[("SYNCGATE_LOG", "trace")]);
    let mut suite = Suite::new(server.address, &counter);
    let now = jiff::Timestamp::now().as_second();
    let claims = value!({"iss": (issuers.oidc()), "sub": "ann", "aud": "web", "iat": (now - 60), "exp": (now + 3_600)});
    let rs256 = |claims: &str| token(r#"{"alg":"RS256","kid":"k"}"#, claims, &By::Rs256(&keys().rsa));
    let good = rs256(&claims.to_json());
    let with = |changes: &value::Value| rs256(&changed(&claims, changes));
    let plain = || Request::post("localhost", "/graphql", HIT);

    // What the other modes let in does not ask the function either.
    for (name, request) in [
        ("a token of the provider", ask(&good)),
        ("a signature", signer(ANN).sign(plain())),
        ("a key", plain().with("x-api-key", KEY)),
        ("a key beside the function's token", ask("custom-open").with("x-api-key", KEY)),
    ] {
        suite.row(name, &request, Accepted);
    }
    let pool = |claims: &value::Value| token(r#"{"alg":"RS256","kid":"a"}"#, &claims.to_json(), &By::Rs256(&keys().pool_a));
    let refused = [
        ("no credential", plain(), NO),
        ("an empty one", ask(""), NO),
        ("blanks", ask("  "), NO),
        ("an expired token", ask(with(&value!({"exp": (now - 1)}))), NO),
        ("a token of tomorrow", ask(with(&value!({"iat": (now + 86_400)}))), NO),
        ("a token for another client", ask(with(&value!({"aud": "api"}))), NO),
        (
            "a token by somebody else",
            ask(token(r#"{"alg":"RS256","kid":"k"}"#, &claims.to_json(), &By::Rs256(&keys().attacker))),
            NO,
        ),
        ("a token by an unknown key", ask(token(r#"{"alg":"RS256","kid":"x"}"#, &claims.to_json(), &By::Rs256(&keys().rsa))), NO),
        ("an unsigned token", ask(token(r#"{"alg":"none","kid":"k"}"#, &claims.to_json(), &By::Bytes(b""))), NO),
        (
            "a token signed with the public key",
            ask(token(r#"{"alg":"HS256","kid":"k"}"#, &claims.to_json(), &By::Hs256(b"x"))),
            NO,
        ),
        ("a token without a name of its key", ask(token(r#"{"alg":"RS256"}"#, &claims.to_json(), &By::Rs256(&keys().rsa))), NO),
        (
            "a token with a critical header",
            ask(token(r#"{"alg":"RS256","kid":"k","crit":["x"]}"#, &claims.to_json(), &By::Rs256(&keys().rsa))),
            NO,
        ),
        ("a token of the provider's with a slash", ask(with(&value!({"iss": (format!("{}/", issuers.oidc()))}))), NO),
        (
            "a refresh token of the pool",
            ask(pool(&value!({"iss": (issuers.pool("A")), "token_use": "refresh", "iat": now, "exp": (now + 60)}))),
            NO,
        ),
        ("an expired token with Bearer", ask(format!("Bearer {}", with(&value!({"exp": (now - 1)})))), NO),
        ("a token of 20 KB", ask(with(&value!({"x": ("a".repeat(15_000))}))), NO),
        ("the function's token twice", ask("custom-open").with("authorization", "custom-open"), NO),
        ("the function's token beside a signature", signer(ANN).sign(ask("custom-open")), NO),
        (
            "the function's token and a wrong key: the key decides",
            ask("custom-open").with("x-api-key", "da2-zzzzzzzzzzzzzzzzzzzzzzzzzz"),
            NO,
        ),
        ("the function's token as key", plain().with("x-api-key", "custom-open"), NO),
        ("the function's token in the query string", plain().target("/graphql?authorization=custom-open"), NO),
        ("the function's token in a cookie", plain().with("cookie", "authorization=custom-open"), NO),
        ("bytes that are no text", ask(b"custom-open\xff"), NO),
        (
            "a late signature",
            {
                let mut late = signer(ANN);
                late.moment = moment(-3_600);
                late.sign(plain())
            },
            Refused(403, "InvalidSignatureException"),
        ),
        ("a signature of somebody else", signer(CAROL).sign(plain()), Refused(403, "UnrecognizedClientException")),
        ("a signature of another body", signer(ANN).sign(plain()).body("{}"), Refused(403, "InvalidSignatureException")),
        ("half a signature", ask("AWS4-HMAC-SHA256 x"), Refused(403, "IncompleteSignatureException")),
        ("the beginning of a signature", ask("AWS4-"), Refused(403, "IncompleteSignatureException")),
        ("a token with NUL", ask("custom-open\0"), NotHttp),
    ];
    for (name, request, expected) in &refused {
        suite.row(name, request, *expected);
        assert_eq!(asked.hits(), 0, "the function was asked about: {name}");
    }

    // What is none of theirs is the function's, and it says no.
    let (header, body) = (base64url(r#"{"alg":"HS256"}"#), base64url(r#"{"sub":"ann"}"#));
    let its = [
        "custom-closed".to_owned(),
        "custom-open ,".to_owned(),
        "Custom-Open".to_owned(),
        "Bearer custom-open".to_owned(),
        "x.y.z".to_owned(),
        format!("{header}.{body}.AAAA"),
        "Basic YTpi".to_owned(),
        "aws4-hmac-sha256 x".to_owned(),
    ];
    for (at, credential) in its.iter().enumerate() {
        suite.row(&format!("the function refuses {credential}"), &ask(credential), NO);
        assert_eq!(asked.hits(), at + 1, "the function was not asked about {credential}");
    }
    suite.row("the function's token", &ask("custom-open"), Accepted);
    assert_eq!(asked.hits(), its.len() + 1);
    suite.end();
    assert_eq!(counter.hits(), suite.accepted, "requests that were let in");
    assert!(suite.refused > 30, "{}", suite.refused);
    suite.check_secrecy(&server, &[KEY, ANN.1]);
}
