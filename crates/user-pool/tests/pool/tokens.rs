//! Tokens: what they say, and that the published keys verify them.

use std::time::Duration;

use user_pool::{GroupDefinition, IssueError, OidcToken, TokenRequest, TokenUse};
use value::{Object, Value, value};

use crate::support::{Bench, PASSWORD, POOL, START, definition, text, verified};

fn names(claims: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = claims.as_object().expect("an object").keys().map(AsRef::as_ref).collect();
    names.sort_unstable();
    names
}

#[test]
fn tokens_of_a_sign_in_have_cognitos_claims() {
    let bench = Bench::new(definition());
    let tokens = bench.sign_in("ann", PASSWORD);
    let jwks = bench.pool().jwks().expect("keys");
    let (access, id) = (verified(&jwks, text(&tokens, &["AccessToken"])), verified(&jwks, text(&tokens, &["IdToken"])));
    assert_eq!(
        names(&access),
        [
            "auth_time",
            "client_id",
            "cognito:groups",
            "event_id",
            "exp",
            "iat",
            "iss",
            "jti",
            "origin_jti",
            "scope",
            "sub",
            "token_use",
            "username"
        ]
    );
    assert_eq!(
        names(&id),
        [
            "aud",
            "auth_time",
            "cognito:groups",
            "cognito:username",
            "custom:team",
            "email",
            "email_verified",
            "event_id",
            "exp",
            "iat",
            "iss",
            "jti",
            "origin_jti",
            "sub",
            "token_use"
        ]
    );
    assert_eq!(text(&access, &["iss"]), format!("https://cognito-idp.eu-west-1.amazonaws.com/{POOL}"));
    assert_eq!((text(&access, &["token_use"]), text(&id, &["token_use"])), ("access", "id"));
    assert_eq!((text(&access, &["client_id"]), text(&id, &["aud"])), ("web", "web"));
    assert_eq!((text(&access, &["username"]), text(&id, &["cognito:username"])), ("ann", "ann"));
    assert_eq!(text(&access, &["scope"]), "aws.cognito.signin.user.admin");
    assert_eq!(id.at(&["email_verified"]), &Value::Bool(true));
    for name in ["sub", "iss", "origin_jti", "event_id", "auth_time", "iat", "exp", "cognito:groups"] {
        assert_eq!(access.get(name), id.get(name), "{name}");
    }
    assert_ne!(access.get("jti"), id.get("jti"));
    assert_eq!(access.at(&["iat"]).as_i64(), Some(START));
    assert_eq!(access.at(&["exp"]).as_i64(), Some(START + 3600));

    // A refresh keeps when and how the user signed in.
    bench.pass(100);
    let refreshed = bench
        .call("GetTokensFromRefreshToken", value!({ "ClientId": "web", "RefreshToken": (text(&tokens, &["RefreshToken"])) }));
    let again = verified(&jwks, text(&refreshed, &["AuthenticationResult", "AccessToken"]));
    assert_eq!((again.get("auth_time"), again.get("origin_jti")), (access.get("auth_time"), access.get("origin_jti")));
    assert_ne!(again.get("jti"), access.get("jti"));
    assert_eq!(again.at(&["iat"]).as_i64(), Some(START + 100));
}

#[test]
fn a_token_can_be_issued_without_a_sign_in() {
    let bench = Bench::new(definition());
    let pool = bench.pool();
    let jwks = pool.jwks().expect("keys");
    let issue = |request: &TokenRequest| verified(&jwks, &pool.issue(request).expect("a token"));
    let id = issue(&TokenRequest::new("ann", "web", TokenUse::Id));
    assert_eq!((text(&id, &["email"]), id.at(&["cognito:groups"])), ("ann@example.com", &value!(["editors"])));
    assert!(id.get("origin_jti").is_none());
    let mut claims = Object::new();
    claims.insert("tenant", "t1");
    let access = issue(&TokenRequest {
        groups: Some(vec!["admins".to_owned()]),
        lifetime: Some(Duration::from_secs(5)),
        claims,
        ..TokenRequest::new("ann", "web", TokenUse::Access)
    });
    assert_eq!((text(&access, &["tenant"]), access.at(&["cognito:groups"])), ("t1", &value!(["admins"])));
    assert_eq!(access.at(&["exp"]).as_i64(), Some(START + 5));
    assert_eq!(access.get("sub"), id.get("sub"));
    // A user who does not exist has a `sub` that stays, and differs from that of others.
    let (eve, again) =
        (issue(&TokenRequest::new("eve", "web", TokenUse::Id)), issue(&TokenRequest::new("eve", "web", TokenUse::Id)));
    assert_eq!(eve.get("sub"), again.get("sub"));
    assert_ne!(eve.get("sub"), id.get("sub"));
    assert_eq!(text(&eve, &["cognito:username"]), "eve");
}

#[test]
fn a_token_that_would_mislead_is_not_issued() {
    let bench = Bench::new(definition());
    let request = || TokenRequest::new("ann", "web", TokenUse::Access);
    let claim = |name: &str| {
        let mut claims = Object::new();
        claims.insert(name, "x");
        claims
    };
    for name in ["sub", "iss", "exp", "aud", "cognito:groups", "username", "token_use", "client_id"] {
        let refused = bench.pool().issue(&TokenRequest { claims: claim(name), ..request() });
        assert!(matches!(refused, Err(IssueError::ReservedClaim(_))), "{name}");
    }
    for lifetime in [Duration::ZERO, Duration::from_millis(999), Duration::MAX] {
        let refused = bench.pool().issue(&TokenRequest { lifetime: Some(lifetime), ..request() });
        assert!(matches!(refused, Err(IssueError::Lifetime)), "{lifetime:?}");
    }
    let error = bench.pool().issue(&TokenRequest::new("ann", "nope", TokenUse::Id)).expect_err("no such client").to_string();
    assert_eq!(error, format!("user pool {POOL} has no app client \"nope\"; its app clients are: web, legacy, plain, secret"));
    assert!(bench.pool().issue_oidc(&OidcToken { claims: claim("iss"), ..OidcToken::new("ann", "api") }).is_err());
}

#[test]
fn a_plain_token_of_openid_connect_has_only_its_claims() {
    let bench = Bench::new(definition());
    let mut token = OidcToken::new("ann", "api");
    token.claims.insert("azp", "web");
    let jwks = bench.pool().jwks().expect("keys");
    let claims = verified(&jwks, &bench.pool().issue_oidc(&token).expect("a token"));
    assert_eq!(names(&claims), ["aud", "auth_time", "azp", "exp", "iat", "iss", "jti", "sub"]);
    assert_eq!((text(&claims, &["sub"]), text(&claims, &["aud"])), ("ann", "api"));
}

#[test]
fn the_documents_lead_to_the_keys() {
    let mut pool = definition();
    pool.issuer = format!("http://localhost:4000/{POOL}");
    let bench = Bench::new(pool);
    let document = bench.pool().openid_configuration();
    assert_eq!(text(&document, &["issuer"]), format!("http://localhost:4000/{POOL}"));
    assert_eq!(text(&document, &["jwks_uri"]), format!("http://localhost:4000/{POOL}/.well-known/jwks.json"));
    let jwks = bench.pool().jwks().expect("keys");
    let key = &jwks.at(&["keys"]).as_list().expect("keys")[0];
    assert_eq!(names(key), ["alg", "e", "kid", "kty", "n", "use"]);
    assert_eq!(
        (text(key, &["alg"]), text(key, &["kty"]), text(key, &["use"]), text(key, &["e"])),
        ("RS256", "RSA", "sig", "AQAB")
    );
    assert_eq!(bench.pool().jwks().expect("keys"), jwks, "the key stays");
}

#[test]
fn of_several_roles_the_one_of_the_lowest_precedence_is_preferred() {
    let role = |name: &str, precedence: Option<u32>, role: &str| GroupDefinition {
        precedence,
        role_arn: Some(role.to_owned()),
        ..GroupDefinition::new(name)
    };
    for (groups, preferred) in [
        (vec![role("editors", Some(5), "five"), role("b", Some(1), "one")], Some("one")),
        (vec![role("editors", Some(1), "one"), role("b", Some(1), "other")], None),
        (vec![role("editors", Some(1), "one"), role("b", Some(1), "one")], Some("one")),
        (vec![role("editors", None, "none"), role("b", Some(9), "nine")], Some("nine")),
    ] {
        let mut pool = definition();
        pool.groups = groups;
        pool.users[0].groups.push("b".to_owned());
        let bench = Bench::new(pool);
        let token = bench.pool().issue(&TokenRequest::new("ann", "web", TokenUse::Id)).expect("a token");
        let claims = verified(&bench.pool().jwks().expect("keys"), &token);
        assert_eq!(claims.get("cognito:preferred_role").and_then(Value::as_str), preferred);
    }
}
