//! Tokens that their issuers signed, and that open nothing here: claims of another time, for another client, of another pool, groups
//! that somebody gives himself, and right tokens in wrong places.

use value::{Value, value};

use crate::harness::attack::Expected::{self, Closed, NotHttp, Refused};
use crate::harness::attack::{Request, Suite, moment};
use crate::issuer::{By, changed, keys, token};
use crate::tokens::{MIXED, OIDC, OTHER, POOLS, World, ask, ask_for, pool_a, pool_b, rs256};
use crate::world::{ANN, CAROL, HIT, KEY, signer};

const NO: Expected = Refused(401, "UnauthorizedException");

pub(crate) fn times(suite: &mut Suite<'_>, world: &World) {
    let now = world.now;
    let with = |changes: &Value| rs256(&changed(&world.claims(), changes));
    let text = |name: &str, json: &str| {
        let without = changed(
            &world.claims(),
            &Value::from(
                [(name, Value::Null)].into_iter().map(|(name, value)| (value::Str::from(name), value)).collect::<value::Object>(),
            ),
        );
        rs256(&without.replacen('{', &format!("{{\"{name}\":{json},"), 1))
    };
    let rows = [
        ("expired a second ago", with(&value!({"exp": (now - 1)}))),
        ("expired an hour ago", with(&value!({"exp": (now - 3_600)}))),
        ("expired in 1970", with(&value!({"exp": 1}))),
        ("expired at zero", with(&value!({"exp": 0}))),
        ("exp in the past of the past", with(&value!({"exp": (-1)}))),
        ("no exp", with(&value!({"exp": null}))),
        ("exp as text", text("exp", &format!("\"{}\"", now + 3_600))),
        ("exp null", text("exp", "null")),
        ("exp true", text("exp", "true")),
        ("exp a list", text("exp", &format!("[{}]", now + 3_600))),
        ("exp in milliseconds", text("exp", &format!("{}000", now + 3_600))),
        ("exp beyond all numbers", text("exp", "1e400")),
        ("exp of forty digits", text("exp", &"9".repeat(40))),
        ("exp beyond the calendar", text("exp", "253402300800")),
        ("exp a moment in words", text("exp", "\"2999-01-01T00:00:00Z\"")),
        ("exp of 64 bits", text("exp", "9223372036854775807")),
        ("EXP", with(&value!({"exp": null, "EXP": (now + 3_600)}))),
        ("nbf in an hour", with(&value!({"nbf": (now + 3_600)}))),
        ("nbf in two minutes", with(&value!({"nbf": (now + 120)}))),
        ("nbf as text", text("nbf", "\"0\"")),
        ("nbf null", text("nbf", "null")),
        ("nbf negative", with(&value!({"nbf": (-1)}))),
        ("iat in an hour", with(&value!({"iat": (now + 3_600)}))),
        ("iat in two minutes", with(&value!({"iat": (now + 120)}))),
        ("no iat", with(&value!({"iat": null}))),
        ("iat as text", text("iat", &format!("\"{now}\""))),
        ("iat null", text("iat", "null")),
        ("iat negative", with(&value!({"iat": (-1)}))),
    ];
    for (name, token) in &rows {
        suite.row(&format!("times: {name}"), &ask(OIDC, token), NO);
    }
}

pub(crate) fn issuers_and_clients(suite: &mut Suite<'_>, world: &World) {
    let issuer = world.issuers.oidc();
    let with = |changes: &Value| rs256(&changed(&world.claims(), changes));
    let issuers = [
        format!("{issuer}/"),
        format!("{issuer}//"),
        format!("{issuer}/x"),
        format!("{issuer}x"),
        format!(" {issuer}"),
        format!("{issuer} "),
        format!("{issuer}\0"),
        format!("{issuer}?"),
        format!("{issuer}#x"),
        issuer[..issuer.len() - 1].to_owned(),
        issuer.to_uppercase(),
        issuer.replace("/oidc", "/OIDC"),
        issuer.replace("http:", "https:"),
        issuer.replace("http://", ""),
        issuer.replace("127.0.0.1", "localhost"),
        issuer.replace("127.0.0.1", "127.0.0.1."),
        issuer.replace("//", "//ann@"),
        issuer.replace("oidc", "\u{43e}idc"),
        issuer.replace("oidc", "%6fidc"),
        issuer.replace("oidc", "./oidc"),
        world.issuers.pool("A"),
        "accounts.google.com".to_owned(),
        "*".to_owned(),
        String::new(),
    ];
    for iss in &issuers {
        let token = with(&value!({"iss": (iss.as_str())}));
        suite.row(&format!("iss {iss:?}"), &ask(OIDC, &token), NO);
        suite.row(&format!("iss {iss:?} among other modes"), &ask(MIXED, &token), NO);
    }
    for (name, changes) in [
        ("no iss", value!({"iss": null})),
        ("iss a list", value!({"iss": [(issuer.as_str())]})),
        ("iss an object", value!({"iss": {"url": (issuer.as_str())}})),
        ("iss true", value!({"iss": true})),
        ("another client", value!({"aud": "api"})),
        ("a client that begins alike", value!({"aud": "web2"})),
        ("a client that ends alike", value!({"aud": "myweb"})),
        ("a client in capitals", value!({"aud": "WEB"})),
        ("a client with a blank", value!({"aud": "web "})),
        ("a client with a line feed", value!({"aud": "web\n"})),
        ("a client that is the pattern", value!({"aud": "web|mobile"})),
        ("a client that is a pattern", value!({"aud": ".*"})),
        ("a client with NUL", value!({"aud": "web\u{0}"})),
        ("a client in full-width letters", value!({"aud": "\u{ff57}eb"})),
        ("clients in one text", value!({"aud": "api web"})),
        ("clients with a comma", value!({"aud": "api,web"})),
        ("no client", value!({"aud": null})),
        ("an empty client", value!({"aud": ""})),
        ("an empty list of clients", value!({"aud": (Vec::<Value>::new())})),
        ("other clients", value!({"aud": ["api", "other"]})),
        ("a list in the list of clients", value!({"aud": [["web"]]})),
        ("an object as clients", value!({"aud": {"web": "web"}})),
        ("a number as client", value!({"aud": 1})),
        ("the client as client_id", value!({"aud": null, "client_id": "web"})),
        ("azp of another client", value!({"aud": "api", "azp": "api"})),
        ("azp a list", value!({"aud": "api", "azp": ["web"]})),
    ] {
        suite.row(name, &ask(OIDC, &with(&changes)), NO);
    }
}

pub(crate) fn pools(suite: &mut Suite<'_>, world: &World) {
    let access = world.access("A");
    let with = |changes: &Value| pool_a(&changed(&access, changes));
    let good = with(&value!({}));
    let of_b = pool_b(&world.access("B").to_json());
    let as_a = |by: &By<'_>, kid: &str| token(&value!({"alg": "RS256", "kid": kid}).to_json(), &access.to_json(), by);
    let rows = [
        ("pool A's token at pool B's API", ask(OTHER, &good)),
        ("pool B's token at pool A's API", ask(POOLS, &of_b)),
        ("pool B's token among other modes", ask(MIXED, &of_b)),
        ("pool A's token at the provider's API", ask(OIDC, &good)),
        ("the provider's token at pool A's API", ask(POOLS, &world.good())),
        ("pool A's claims by pool B", ask(POOLS, &as_a(&By::Rs256(&keys().pool_b), "b"))),
        ("pool A's claims by pool B under A's name", ask(POOLS, &as_a(&By::Rs256(&keys().pool_b), "a"))),
        ("pool A's claims by the provider", ask(MIXED, &as_a(&By::Rs256(&keys().rsa), "k"))),
        ("pool A's claims by the provider under A's name", ask(MIXED, &as_a(&By::Rs256(&keys().rsa), "a"))),
        ("the provider's claims by pool A", ask(MIXED, &pool_a(&world.claims().to_json()))),
        (
            "the provider's claims by pool A under its name",
            ask(MIXED, &token(r#"{"alg":"RS256","kid":"k"}"#, &world.claims().to_json(), &By::Rs256(&keys().pool_a))),
        ),
        ("pool A's issuer with a slash", ask(POOLS, &with(&value!({"iss": (format!("{}/", world.issuers.pool("A")))})))),
        ("pool A's issuer in capitals", ask(POOLS, &with(&value!({"iss": (world.issuers.pool("A").to_uppercase())})))),
        (
            "pool A's issuer at AWS",
            ask(POOLS, &with(&value!({"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_PoolA"}))),
        ),
        ("a refresh token", ask(POOLS, &with(&value!({"token_use": "refresh"})))),
        ("no use", ask(POOLS, &with(&value!({"token_use": null})))),
        ("a use in capitals", ask(POOLS, &with(&value!({"token_use": "ACCESS"})))),
        ("a list of uses", ask(POOLS, &with(&value!({"token_use": ["access"]})))),
        ("an unknown use", ask(POOLS, &with(&value!({"token_use": "access "})))),
        ("another client", ask(POOLS, &with(&value!({"client_id": "api"})))),
        ("no client", ask(POOLS, &with(&value!({"client_id": null})))),
        ("an access token with the client as aud", ask(POOLS, &with(&value!({"client_id": null, "aud": "web"})))),
        ("an ID token with the client as client_id", ask(POOLS, &with(&value!({"token_use": "id"})))),
        ("an ID token for another client", ask(POOLS, &with(&value!({"token_use": "id", "aud": "api"})))),
        ("expired", ask(POOLS, &with(&value!({"exp": (world.now - 1)})))),
        ("issued in an hour", ask(POOLS, &with(&value!({"iat": (world.now + 3_600)})))),
    ];
    for (name, request) in &rows {
        suite.row(&format!("pools: {name}"), request, NO);
    }
}

/// Groups that somebody gives himself.
pub(crate) fn groups(suite: &mut Suite<'_>, world: &World) {
    let pool = |groups: &Value| pool_a(&changed(&world.access("A"), &value!({"cognito:groups": groups})));
    let named = |changes: &Value| pool_a(&changed(&world.access("A"), changes));
    let oidc = |changes: &Value| rs256(&changed(&world.claims(), changes));
    let rows = [
        ("a provider's cognito:groups", oidc(&value!({"cognito:groups": ["admins"]}))),
        ("a provider's groups", oidc(&value!({"groups": ["admins"], "roles": ["admins"], "cognito:username": "ann"}))),
        (
            "a provider's token with a pool's claims",
            oidc(&value!({"cognito:groups": ["admins"], "token_use": "access", "client_id": "web", "username": "ann"})),
        ),
        ("groups as text", pool(&value!("admins"))),
        ("groups as text with a comma", pool(&value!("editors,admins"))),
        ("groups as JSON in text", pool(&value!("[\"admins\"]"))),
        ("groups as an object", pool(&value!({"admins": "admins", "0": "admins"}))),
        ("groups in a list in the list", pool(&value!([["admins"]]))),
        ("groups as objects", pool(&value!([{"name": "admins"}]))),
        ("no group", pool(&Vec::<Value>::new().into())),
        ("no groups", named(&value!({"cognito:groups": null}))),
        ("another group", pool(&value!(["editors"]))),
        ("the group in capitals", pool(&value!(["Admins", "ADMINS"]))),
        ("the group with a blank", pool(&value!(["admins ", " admins"]))),
        ("the group with NUL", pool(&value!(["admins\u{0}"]))),
        ("the group with a Cyrillic letter", pool(&value!(["\u{430}dmins"]))),
        ("the group in full-width letters", pool(&value!(["\u{ff41}dmins"]))),
        ("the group with a zero-width space", pool(&value!(["admins\u{200b}"]))),
        ("the group's beginning and more", pool(&value!(["admin", "admins2", "admins,editors"]))),
        ("a pattern of groups", pool(&value!(["*", ".*", "admins|x"]))),
        ("true as groups", pool(&value!(true))),
        (
            "another claim of groups",
            named(
                &value!({"groups": ["admins"], "custom:groups": ["admins"], "cognito:roles": ["admins"], "Cognito:Groups": ["admins"]}),
            ),
        ),
        ("the scope of admins", named(&value!({"scope": "aws.cognito.signin.user.admin admins"}))),
        ("the name of the group as user", named(&value!({"username": "admins"}))),
    ];
    for (name, token) in &rows {
        suite.row(&format!("groups: {name}"), &ask_for(MIXED, "forAdmins", token), Closed);
    }
    let twice = pool_a(&world.access("A").to_json().replacen('{', "{\"cognito:groups\":[\"admins\"],", 1));
    suite.row("groups: twice", &ask_for(MIXED, "forAdmins", &twice), NO);
    let escaped = pool_a(&world.access("A").to_json().replacen('{', "{\"cognito\\u003agroups\":[\"admins\"],", 1));
    suite.row("groups: twice, once escaped", &ask_for(MIXED, "forAdmins", &escaped), NO);
    let of_b = pool_b(&changed(&world.access("B"), &value!({"cognito:groups": ["admins"]})));
    suite.row("groups: of another pool", &ask_for(MIXED, "forAdmins", &of_b), NO);
    suite.row("groups: an admin of pool B at pool A's API", &ask_for(POOLS, "forAdmins", &of_b), NO);
    let key = Request::post(MIXED, "/graphql", "{ forAdmins }").with("x-api-key", KEY);
    suite.row("groups: an API key", &key, Closed);
    let signed = signer(ANN).sign(Request::post(MIXED, "/graphql", "{ forAdmins }"));
    suite.row("groups: a signature", &signed, Closed);
    let access = pool_a(&world.access("A").to_json());
    suite.row("a pool's token at the provider's field", &ask_for(MIXED, "forOidc", &access), Closed);
    suite.row("a provider's token at the pools' field", &ask_for(MIXED, "forPools", &world.good()), Closed);
}

/// Right tokens in wrong places, and beside other credentials.
pub(crate) fn places(suite: &mut Suite<'_>, world: &World) {
    let good = world.good();
    let plain = |host: &str| Request::post(host, "/graphql", HIT);
    let rows = [
        ("no token", plain(OIDC), NO),
        ("the token in the query string", plain(OIDC).target(&format!("/graphql?authorization={good}&access_token={good}")), NO),
        ("the token in a cookie", plain(OIDC).with("cookie", format!("authorization={good}; token={good}")), NO),
        ("the token as x-api-key", plain(MIXED).with("x-api-key", &good), NO),
        ("the token for a proxy", plain(OIDC).with("proxy-authorization", format!("Bearer {good}")), NO),
        ("the token in a header like it", plain(OIDC).with("x-authorization", &good).with("x-amzn-oidc-data", &good), NO),
        ("the token as session token", plain(OIDC).with("x-amz-security-token", &good), NO),
        ("the token twice", ask(OIDC, &good).with("Authorization", &good), NO),
        ("the token before another", ask(OIDC, &good).with("authorization", "Bearer x.y.z"), NO),
        ("the token behind another", plain(OIDC).with("authorization", "x.y.z").with("authorization", &good), NO),
        ("the token behind an empty one", plain(OIDC).with("authorization", "").with("authorization", &good), NO),
        (
            "a wrong key beside a right token: the key decides",
            ask(MIXED, &good).with("x-api-key", "da2-zzzzzzzzzzzzzzzzzzzzzzzzzz"),
            NO,
        ),
        ("a key at an API of tokens", plain(OIDC).with("x-api-key", KEY), NO),
        ("a signature at an API of tokens", signer(ANN).sign(plain(OIDC)), NO),
        ("a signature of nobody where tokens are", signer(CAROL).sign(plain(MIXED)), Refused(403, "UnrecognizedClientException")),
        (
            "a token that says it is a signature",
            ask(MIXED, &format!("AWS4-HMAC-SHA256 {good}")),
            Refused(403, "IncompleteSignatureException"),
        ),
        (
            "a token as credential of a signature",
            ask(MIXED, &format!("AWS4-HMAC-SHA256 Credential={good}, SignedHeaders=host, Signature=00")),
            Refused(403, "IncompleteSignatureException"),
        ),
        (
            "a token as credential of a signature with a date",
            ask(MIXED, &format!("AWS4-HMAC-SHA256 Credential={good}, SignedHeaders=host;x-amz-date, Signature=00"))
                .with("x-amz-date", moment(0)),
            Refused(403, "UnrecognizedClientException"),
        ),
        ("a token as algorithm", ask(MIXED, &format!("AWS4-{good} Credential=a")), Refused(403, "IncompleteSignatureException")),
        (
            "a token as signature",
            ask(MIXED, &format!("AWS4-HMAC-SHA256 Signature={good}")),
            Refused(403, "IncompleteSignatureException"),
        ),
        ("a blank behind the header's name", plain(OIDC).with("authorization ", &good), NotHttp),
        ("a GET with a wrong token", Request::get(OIDC, "/graphql", HIT).with("authorization", "x.y.z"), NO),
        (
            "the token at a host of nobody",
            ask("localhost", &good),
            Refused(404, "com.amazon.coral.service#UnknownOperationException"),
        ),
    ];
    for (name, request, expected) in &rows {
        suite.row(name, request, *expected);
    }
}
