//! `OPENID_CONNECT` and `AMAZON_COGNITO_USER_POOLS`: tokens that nobody signed, that were signed for something else, and claims of
//! somebody who has no say.
//!
//! Four APIs: `oidc` has an OpenID Connect provider as its only mode, `pools` user pool A, `other` user pool B, `mixed` the provider
//! and pool A beside keys and signatures. The issuers count who asks for their keys, and so does a server of the attacker's.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use value::{Value, value};

use crate::claims::{groups, issuers_and_clients, places, pools, times};
use crate::harness::attack::Expected::{self, Accepted, NotHttp, Refused};
use crate::harness::attack::{Counter, Request, Suite, encode};
use crate::harness::{Definition, Server};
use crate::issuer::{By, Issuers, base64url, changed, keys, public_forms, rsa_jwk, sign_text, token};
use crate::world::{ANN, CAROL, HIT, KEY, signer};

const NO: Expected = Refused(401, "UnauthorizedException");

pub(crate) const OIDC: &str = "oidc.appsync-api.localhost";
pub(crate) const POOLS: &str = "pools.appsync-api.localhost";
pub(crate) const OTHER: &str = "other.appsync-api.localhost";
pub(crate) const MIXED: &str = "mixed.appsync-api.localhost";

const SCHEMA: &str = "type Query {
  hit: String @aws_oidc @aws_cognito_user_pools @aws_api_key @aws_iam
  forOidc: String @aws_oidc
  forPools: String @aws_cognito_user_pools
  forAdmins: String @aws_cognito_user_pools(cognito_groups: [\"admins\"])
}
schema { query: Query }
";

const RESOLVER: &str = "// @dataSource upstream
export function request() { return { method: 'GET', resourcePath: '/' }; }
export function response(ctx) { return ctx.result.body; }
";

pub(crate) struct World {
    pub(crate) issuers: Issuers,
    /// A server of the attacker's, to which tokens point.
    evil: Counter,
    counter: Counter,
    _definition: Definition,
    server: Server,
    /// Seconds since 1970.
    pub(crate) now: i64,
}

impl World {
    fn start() -> Self {
        let (issuers, evil, counter) = (Issuers::start(), Counter::start(), Counter::start());
        let oidc = format!(
            "authentication_type = \"OPENID_CONNECT\"\nopen_id_connect_config = {{ issuer = \"{}\", client_id = \"web|mobile\" }}\n",
            issuers.oidc()
        );
        let pool = |name: &str| {
            format!(
                "authentication_type = \"AMAZON_COGNITO_USER_POOLS\"\nuser_pool_config = {{ user_pool_id = \"us-east-1_Pool{name}\", \
                 app_id_client_regex = \"web|mobile\", issuer = \"{}\" }}\n",
                issuers.pool(name)
            )
        };
        let another = "[[api.additional_authentication_providers]]\n";
        let mixed = format!(
            "{another}{}{another}authentication_type = \"API_KEY\"\n{another}authentication_type = \"AWS_IAM\"\n\
             [[api.api_keys]]\nid = \"{KEY}\"\n[[api.iam_principals]]\nname = \"ann\"\naccess_key_id = \"{}\"\n\
             secret_access_key = \"{}\"\npolicies = [\"arn:aws:iam::aws:policy/AWSAppSyncInvokeFullAccess\"]\n",
            pool("A"),
            ANN.0,
            ANN.1
        );
        let apis: String = [
            ("oidc", oidc.as_str(), ""),
            ("pools", &pool("A"), ""),
            ("other", &pool("B"), ""),
            ("mixed", &oidc, &mixed),
        ]
        .into_iter()
        .map(|(name, mode, more)| {
            format!(
                "[[api]]\nname = \"{name}\"\nregion = \"us-east-1\"\nschema = \"schema.graphql\"\nresolvers_directory = \"resolvers\"\n\
                 {mode}{more}[api.data_sources.upstream]\ntype = \"HTTP\"\nendpoint = \"http://{}\"\n",
                counter.address
            )
        })
        .collect();
        let mut files = vec![("config.toml", apis.as_str()), ("schema.graphql", SCHEMA)];
        let resolvers = ["hit", "forOidc", "forPools", "forAdmins"].map(|field| format!("resolvers/Query.{field}.js"));
        files.extend(resolvers.iter().map(|path| (path.as_str(), RESOLVER)));
        let definition = Definition::of(&files);
        let server = definition.serve_with(&[("SYNCGATE_LOG", "trace")]);
        let now = jiff::Timestamp::now().as_second();
        Self { issuers, evil, counter, _definition: definition, server, now }
    }

    /// Claims of a good token of the OpenID Connect provider.
    pub(crate) fn claims(&self) -> Value {
        value!({
            "iss": (self.issuers.oidc()), "sub": "ann", "aud": "web", "iat": (self.now - 60), "exp": (self.now + 3_600),
            "nbf": (self.now - 60), "email": "ann@example.com",
        })
    }

    /// Claims of a good access token of a pool.
    pub(crate) fn access(&self, pool: &str) -> Value {
        value!({
            "iss": (self.issuers.pool(pool)), "sub": "0f0f", "username": "ann", "client_id": "web", "token_use": "access",
            "iat": (self.now - 60), "exp": (self.now + 3_600), "cognito:groups": ["editors"],
        })
    }

    /// The good token.
    pub(crate) fn good(&self) -> String {
        rs256(&self.claims().to_json())
    }
}

/// Signed by the provider.
pub(crate) fn rs256(claims: &str) -> String {
    token(r#"{"alg":"RS256","kid":"k","typ":"JWT"}"#, claims, &By::Rs256(&keys().rsa))
}

/// Signed by pool A.
pub(crate) fn pool_a(claims: &str) -> String {
    token(r#"{"alg":"RS256","kid":"a"}"#, claims, &By::Rs256(&keys().pool_a))
}

/// Signed by pool B.
pub(crate) fn pool_b(claims: &str) -> String {
    token(r#"{"alg":"RS256","kid":"b"}"#, claims, &By::Rs256(&keys().pool_b))
}

pub(crate) fn ask(host: &str, token: &str) -> Request {
    Request::post(host, "/graphql", HIT).with("authorization", token)
}

pub(crate) fn ask_for(host: &str, field: &str, token: &str) -> Request {
    Request::post(host, "/graphql", &format!("{{ {field} }}")).with("authorization", token)
}

#[test]
fn hostile_tokens_are_refused_and_no_resolver_runs() {
    let world = World::start();
    let start = Instant::now();
    let mut suite = Suite::new(world.server.address, &world.counter);
    accepted(&mut suite, &world);
    algorithms(&mut suite, &world);
    key_ids(&mut suite, &world);
    keys_of_ones_own(&mut suite, &world);
    forms(&mut suite, &world);
    times(&mut suite, &world);
    issuers_and_clients(&mut suite, &world);
    pools(&mut suite, &world);
    groups(&mut suite, &world);
    places(&mut suite, &world);
    suite.end();
    assert_eq!(world.counter.hits(), suite.accepted, "requests that were let in");
    assert!(suite.accepted >= 12 && suite.refused >= 150, "{} accepted, {} refused", suite.accepted, suite.refused);
    assert_eq!(world.evil.hits(), 0, "a token does not say where its key is");
    // A fetch when the first token came, and one for unknown keys every ten seconds at most.
    let most = 2 + usize::try_from(start.elapsed().as_secs() / 10).expect("a few");
    let hits = world.issuers.hits();
    assert!(hits.values().all(|hits| *hits <= most), "the issuers were asked too often: {hits:?}");
    assert!(hits.keys().all(|path| path.ends_with("/keys") || path.contains("/.well-known/")), "{hits:?}");
    suite.check_secrecy(&world.server, &[KEY, ANN.1, CAROL.1]);
}

fn accepted(suite: &mut Suite<'_>, world: &World) {
    let good = world.good();
    let id =
        changed(&world.access("A"), &value!({"token_use": "id", "client_id": null, "aud": "web", "cognito:username": "ann"}));
    let admin = pool_a(&changed(&world.access("A"), &value!({"cognito:groups": ["admins"]})));
    let rows = [
        ("a token", ask(OIDC, &good)),
        ("a token that was seen before", ask(OIDC, &good)),
        ("a token with Bearer", ask(OIDC, &format!("Bearer {good}"))),
        ("a token with bearer", ask(OIDC, &format!("bearer {good}"))),
        ("a token of another key", ask(OIDC, &token(r#"{"alg":"ES256","kid":"e"}"#, &world.claims().to_json(), &By::Es256))),
        (
            "a token of the other form of RSA",
            ask(OIDC, &token(r#"{"alg":"PS256","kid":"k"}"#, &world.claims().to_json(), &By::Ps256(&keys().rsa))),
        ),
        ("a token by azp", ask(OIDC, &rs256(&changed(&world.claims(), &value!({"aud": "api", "azp": "mobile"}))))),
        ("a token for several", ask(OIDC, &rs256(&changed(&world.claims(), &value!({"aud": ["api", "web"]}))))),
        ("a provider's token among others", ask(MIXED, &good)),
        ("an access token", ask(POOLS, &pool_a(&world.access("A").to_json()))),
        ("an ID token", ask(POOLS, &pool_a(&id))),
        ("a pool's token among others", ask(MIXED, &pool_a(&id))),
        ("a token of pool B at its API", ask(OTHER, &pool_b(&world.access("B").to_json()))),
        ("an admin", ask_for(MIXED, "forAdmins", &admin)),
        ("a signature where tokens are", signer(ANN).sign(Request::post(MIXED, "/graphql", HIT))),
        ("a key where tokens are", Request::post(MIXED, "/graphql", HIT).with("x-api-key", KEY)),
    ];
    for (name, request) in &rows {
        suite.row(name, request, Accepted);
    }
}

fn algorithms(suite: &mut Suite<'_>, world: &World) {
    let claims = world.claims().to_json();
    for name in ["none", "None", "NONE", "nOnE", "none ", " none", "", "n\u{43e}ne", "null", "\u{ff4e}one"] {
        let header = value!({"alg": name, "kid": "k"}).to_json();
        suite.row(&format!("alg '{name}', unsigned"), &ask(OIDC, &token(&header, &claims, &By::Bytes(b""))), NO);
        suite.row(&format!("alg '{name}', signed"), &ask(MIXED, &token(&header, &claims, &By::Rs256(&keys().rsa))), NO);
    }
    for (name, secret) in public_forms(&keys().rsa) {
        for alg in ["HS256", "RS256"] {
            let header = value!({"alg": alg, "kid": "k"}).to_json();
            suite.row(&format!("{alg} with {name} as secret"), &ask(OIDC, &token(&header, &claims, &By::Hs256(&secret))), NO);
        }
    }
    let other = |alg: &str, kid: &str, by: &By<'_>| token(&value!({"alg": alg, "kid": kid}).to_json(), &claims, by);
    let rsa = &keys().rsa;
    let rows = [
        ("HS512", other("HS512", "k", &By::Hs256(b"secret"))),
        ("another's key", other("RS256", "k", &By::Rs256(&keys().attacker))),
        ("RS1", other("RS1", "k", &By::Rs256(rsa))),
        ("RS512 as RS256", other("RS256", "k", &By::Rs512(rsa))),
        ("RS256 as RS512", other("RS512", "k", &By::Rs256(rsa))),
        ("RS256 as PS256", other("PS256", "k", &By::Rs256(rsa))),
        ("PS256 as RS256", other("RS256", "k", &By::Ps256(rsa))),
        ("rs256", other("rs256", "k", &By::Rs256(rsa))),
        ("RS256 in full-width letters", other("\u{ff32}\u{ff33}256", "k", &By::Rs256(rsa))),
        ("RS256 with a blank", other("RS256 ", "k", &By::Rs256(rsa))),
        ("ES256 by the RSA key's name", other("ES256", "k", &By::Es256)),
        ("RS256 by the EC key's name", other("RS256", "e", &By::Rs256(rsa))),
        ("ES256 of zeros", other("ES256", "e", &By::Bytes(&[0; 64]))),
        ("ES256 of nothing", other("ES256", "e", &By::Bytes(b""))),
        ("ES256 in X.509's form", other("ES256", "e", &By::Es256Asn1)),
        ("ES256 of the order of the curve", other("ES256", "e", &By::Bytes(&[0xff; 64]))),
        ("ES384 by a P-256 key", other("ES384", "e", &By::Es256)),
        ("ES256K", other("ES256K", "e", &By::Es256)),
        ("EdDSA by a P-256 key", other("EdDSA", "e", &By::Es256)),
        ("RSA of zeros", other("RS256", "k", &By::Bytes(&[0; 256]))),
        (
            "RSA of ones",
            other(
                "RS256",
                "k",
                &By::Bytes(&{
                    let mut one = [0; 256];
                    one[255] = 1;
                    one
                }),
            ),
        ),
        ("RSA-OAEP", other("RSA-OAEP", "k", &By::Rs256(rsa))),
        ("dir", other("dir", "k", &By::Rs256(rsa))),
        ("a number as alg", token(r#"{"alg":256,"kid":"k"}"#, &claims, &By::Rs256(rsa))),
        ("null as alg", token(r#"{"alg":null,"kid":"k"}"#, &claims, &By::Rs256(rsa))),
        ("a list as alg", token(r#"{"alg":["RS256"],"kid":"k"}"#, &claims, &By::Rs256(rsa))),
        ("no alg", token(r#"{"kid":"k"}"#, &claims, &By::Rs256(rsa))),
        ("Alg", token(r#"{"Alg":"RS256","kid":"k"}"#, &claims, &By::Rs256(rsa))),
    ];
    for (name, token) in &rows {
        suite.row(&format!("algorithm: {name}"), &ask(OIDC, token), NO);
    }
}

fn key_ids(suite: &mut Suite<'_>, world: &World) {
    let claims = world.claims().to_json();
    let evil = world.evil.address;
    let kids = [
        "../../../../../../dev/null".to_owned(),
        "/etc/passwd".to_owned(),
        "/proc/sys/kernel/randomize_va_space".to_owned(),
        format!("http://{evil}/key"),
        format!("//{evil}/key"),
        format!("k@{evil}"),
        "k' OR '1'='1".to_owned(),
        "x' UNION SELECT 'secret';--".to_owned(),
        "k\"; cat /etc/passwd #".to_owned(),
        "$(id)".to_owned(),
        "`id`".to_owned(),
        "{{7*7}}".to_owned(),
        "${jndi:ldap://evil/a}".to_owned(),
        "k\r\nx-api-key: x".to_owned(),
        "k\0".to_owned(),
        "\u{2044}k".to_owned(),
        "K".to_owned(),
        "k ".to_owned(),
        "\u{212a}".to_owned(),
        "\u{ff4b}".to_owned(),
        "k\u{200b}".to_owned(),
        "__proto__".to_owned(),
        "constructor".to_owned(),
        "0".to_owned(),
        String::new(),
        "k".repeat(600),
        "k".repeat(5_000),
        "a".to_owned(),
    ];
    // Signed by the attacker with a key that such a name might lead to: none of these is the name of a published key.
    for kid in &kids {
        let header = value!({"alg": "RS256", "kid": (kid.as_str())}).to_json();
        let name: String = kid.chars().take(30).collect();
        let attacker = token(&header, &claims, &By::Rs256(&keys().attacker));
        suite.row(&format!("kid {name:?}"), &ask(OIDC, &attacker), NO);
        // Signed by the provider, but under a name that is not its key's.
        suite.row(&format!("kid {name:?} of the provider"), &ask(MIXED, &token(&header, &claims, &By::Rs256(&keys().rsa))), NO);
    }
    let empty = token(r#"{"alg":"HS256","kid":"../../dev/null"}"#, &claims, &By::Hs256(b""));
    suite.row("kid of an empty file, HS256", &ask(OIDC, &empty), NO);
    for header in [
        r#"{"alg":"RS256"}"#,
        r#"{"alg":"RS256","kid":null}"#,
        r#"{"alg":"RS256","kid":0}"#,
        r#"{"alg":"RS256","kid":true}"#,
        r#"{"alg":"RS256","kid":["k"]}"#,
        r#"{"alg":"RS256","kid":{"k":"k"}}"#,
        r#"{"alg":"RS256","KID":"k"}"#,
        r#"{"alg":"RS256","kid":"x","kid":"k"}"#,
        r#"{"alg":"RS256","kid":"k","kid":"x"}"#,
        r#"{"alg":"RS256","kid":"k","\u006bid":"k"}"#,
    ] {
        suite.row(&format!("header {header}"), &ask(OIDC, &token(header, &claims, &By::Rs256(&keys().rsa))), NO);
    }
    // Random names do not make us ask the issuer again and again; the hits are counted.
    for at in 0..60 {
        let header = value!({"alg": "RS256", "kid": (format!("random-{at}"))}).to_json();
        suite.row(&format!("random kid {at}"), &ask(OIDC, &token(&header, &claims, &By::Rs256(&keys().attacker))), NO);
    }
}

/// Headers that offer a key, or say where one is.
fn keys_of_ones_own(suite: &mut Suite<'_>, world: &World) {
    let claims = world.claims().to_json();
    let evil = format!("http://{}/keys", world.evil.address);
    let own = rsa_jwk(&keys().attacker, "own").to_json();
    let members = [
        format!(r#""kid":"own","jku":"{evil}""#),
        format!(r#""kid":"k","jku":"{evil}""#),
        format!(r#""kid":"own","jku":"{}#@{evil}""#, world.issuers.oidc()),
        format!(r#""kid":"own","x5u":"{evil}""#),
        format!(r#""kid":"k","x5u":"{evil}""#),
        format!(r#""kid":"own","jwk":{own}"#),
        format!(r#""kid":"k","jwk":{own}"#),
        format!(r#""jwk":{own}"#),
        r#""kid":"k","x5c":["MIIB"],"x5t":"AAAA","x5t#S256":"AAAA""#.to_owned(),
        format!(r#""kid":"k","url":"{evil}","iss":"{evil}""#),
    ];
    for members in &members {
        let header = format!(r#"{{"alg":"RS256",{members}}}"#);
        let name: String = members.chars().take(40).collect();
        suite.row(&format!("a key of one's own: {name}"), &ask(OIDC, &token(&header, &claims, &By::Rs256(&keys().attacker))), NO);
    }
    let elsewhere = |issuer: &str| {
        let header = r#"{"alg":"RS256","kid":"k"}"#;
        token(header, &changed(&world.claims(), &value!({"iss": issuer})), &By::Rs256(&keys().attacker))
    };
    for host in [OIDC, POOLS, MIXED] {
        suite.row(
            &format!("an issuer of one's own at {host}"),
            &ask(host, &elsewhere(&format!("http://{}", world.evil.address))),
            NO,
        );
    }
    let signed = [
        r#""crit":["exp"],"exp":1"#,
        r#""crit":["b64"],"b64":false"#,
        r#""crit":[]"#,
        r#""crit":["kid"]"#,
        r#""b64":false"#,
        r#""b64":true"#,
        r#""enc":"A256GCM""#,
        r#""zip":"DEF""#,
        r#""cty":"JWT""#,
        r#""typ":"dpop+jwt""#,
        r#""typ":"logout+jwt""#,
        r#""typ":"JOSE+JSON""#,
        r#""typ":["JWT"]"#,
    ];
    for members in signed {
        let header = format!(r#"{{"alg":"RS256","kid":"k",{members}}}"#);
        suite.row(&format!("header {members}"), &ask(OIDC, &token(&header, &claims, &By::Rs256(&keys().rsa))), NO);
    }
    // What is signed without Base64 (RFC 7797).
    let header = base64url(r#"{"alg":"RS256","kid":"k","b64":false,"crit":["b64"]}"#);
    suite.row(
        "claims without Base64",
        &ask(OIDC, &sign_text(&format!("{header}.{}", claims.replace('.', "")), &By::Rs256(&keys().rsa))),
        NO,
    );
}

fn forms(suite: &mut Suite<'_>, world: &World) {
    let good = world.good();
    let parts: Vec<&str> = good.split('.').collect();
    let [header, claims, signature] = [parts[0], parts[1], parts[2]];
    let plain = world.claims().to_json();
    let flip = |text: &str, at: usize| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).expect("ASCII")
    };
    // The last character of 256 bytes carries two bits; another one with the same bits is another text of the same signature.
    let garbage = {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let last = signature.as_bytes()[signature.len() - 1];
        let at = ALPHABET.iter().position(|byte| *byte == last).expect("of the alphabet");
        format!("{}{}", &signature[..signature.len() - 1], char::from(ALPHABET[at | 1]))
    };
    let standard = STANDARD_NO_PAD.encode(URL_SAFE.decode(format!("{signature}==")).expect("Base64"));
    let deep = |levels: usize| rs256(&plain.replacen('{', &format!("{{\"x\":{}{},", "[".repeat(levels), "]".repeat(levels)), 1));
    let twice = |members: &str| rs256(&plain.replacen('{', &format!("{{{members},"), 1));
    let rows = [
        ("a signature changed at its beginning", format!("{header}.{claims}.{}", flip(signature, 0))),
        ("a signature changed in its middle", format!("{header}.{claims}.{}", flip(signature, 170))),
        ("claims changed", format!("{header}.{}.{signature}", base64url(plain.replace("\"ann\"", "\"bob\"")))),
        ("claims with a blank more", format!("{header}.{}.{signature}", base64url(format!("{plain} ")))),
        (
            "claims of another order",
            format!(
                "{header}.{}.{signature}",
                base64url(plain.replace("\"sub\":\"ann\",", "").replacen('{', "{\"sub\":\"ann\",", 1))
            ),
        ),
        ("the header changed", format!("{}.{claims}.{signature}", base64url(r#"{"alg":"RS256","kid":"k"}"#))),
        ("the header of another token", format!("{}.{claims}.{signature}", base64url(r#"{"alg":"ES256","kid":"e"}"#))),
        (
            "the signature of another token",
            format!(
                "{header}.{claims}.{}",
                rs256(&changed(&world.claims(), &value!({"sub": "bob"}))).rsplit('.').next().expect("a signature")
            ),
        ),
        ("a signature cut off", format!("{header}.{claims}.{}", &signature[..signature.len() - 4])),
        ("a signature and more", format!("{header}.{claims}.{signature}AAAA")),
        ("no signature", format!("{header}.{claims}.")),
        ("two parts", format!("{header}.{claims}")),
        ("one part", header.to_owned()),
        ("dots alone", "..".to_owned()),
        ("a dot", ".".to_owned()),
        ("a dot behind", format!("{good}.")),
        ("a dot in front", format!(".{good}")),
        ("two dots", format!("{header}..{claims}.{signature}")),
        ("claims apart from the signature", format!("{header}..{signature}")),
        ("four parts", format!("{good}.{signature}")),
        ("the five parts of encryption", format!("{header}.{claims}.{signature}.AAAA.AAAA")),
        ("encryption", format!("{}.AAAA.AAAA.AAAA.AAAA", base64url(r#"{"alg":"dir","enc":"A256GCM"}"#))),
        ("the JSON form", format!(r#"{{"payload":"{claims}","protected":"{header}","signature":"{signature}"}}"#)),
        ("a full-width full stop", good.replace('.', "\u{ff0e}")),
        ("an ideographic full stop", good.replace('.', "\u{3002}")),
        ("a one-dot leader", good.replacen('.', "\u{2024}", 1)),
        ("an encoded dot", good.replace('.', "%2e")),
        ("percent-encoded", encode(&good, "").replacen('e', "%65", 1)),
        ("padding", format!("{good}==")),
        ("padding of the header", format!("{header}=.{claims}.{signature}")),
        ("the standard alphabet", format!("{header}.{claims}.{standard}+/")),
        ("stray bits in the last character", format!("{header}.{claims}.{garbage}")),
        ("a blank inside", good.replacen('.', ". ", 1)),
        ("a tab inside", good.replacen('.', "\t.", 1)),
        ("quotes around it", format!("\"{good}\"")),
        ("a comma behind", format!("{good},")),
        ("a semicolon behind", format!("{good};")),
        ("two tokens", format!("{good},{good}")),
        ("two tokens with a blank", format!("{good} {good}")),
        ("a byte order mark", format!("\u{feff}{good}")),
        ("a zero-width space", format!("{good}\u{200b}")),
        ("full-width letters", good.replacen('e', "\u{ff45}", 1)),
        ("Base64 of the token", STANDARD.encode(&good)),
        ("Bearer twice", format!("Bearer Bearer {good}")),
        ("Bearer without a blank", format!("Bearer{good}")),
        ("Bearer alone", "Bearer".to_owned()),
        ("Bearer with a colon", format!("Bearer: {good}")),
        ("Bearer behind it", format!("{good} Bearer")),
        ("Bearer with a tab", format!("Bearer\t{good}")),
        ("Bearer in full-width letters", format!("\u{ff22}earer {good}")),
        ("Token", format!("Token {good}")),
        ("JWT", format!("JWT {good}")),
        ("Basic", format!("Basic {good}")),
        ("Basic with the token as password", format!("Basic {}", STANDARD.encode(format!("ann:{good}")))),
        ("DPoP", format!("DPoP {good}")),
        ("an empty token", String::new()),
        ("blanks", "  ".to_owned()),
        ("null", "null".to_owned()),
        ("undefined", "Bearer undefined".to_owned()),
        ("[object Object]", "Bearer [object Object]".to_owned()),
        ("17 KB", rs256(&changed(&world.claims(), &value!({"x": ("a".repeat(13_000))})))),
        ("60 KB", rs256(&changed(&world.claims(), &value!({"x": ("a".repeat(45_000))})))),
        ("60 KB of dots", ".".repeat(60_000)),
        (
            "a header of 9 KB",
            token(&value!({"alg": "RS256", "kid": "k", "x": ("a".repeat(9_000))}).to_json(), &plain, &By::Rs256(&keys().rsa)),
        ),
        ("claims 25 levels deep", deep(25)),
        ("claims 5,000 levels deep", deep(5_000)),
        ("claims with iss twice", twice(&format!("\"iss\":\"{}\"", world.issuers.oidc()))),
        ("claims with exp twice", twice("\"exp\":1")),
        ("claims with aud twice, once escaped", twice("\"\\u0061ud\":\"api\"")),
        ("claims with a member twice deep inside", twice("\"x\":{\"y\":1,\"y\":2}")),
        ("claims that are a list", rs256("[]")),
        ("claims that are a text", rs256("\"ann\"")),
        ("claims that are null", rs256("null")),
        ("claims that are empty", rs256("{}")),
        ("claims that are no JSON", rs256("{")),
        ("claims with something behind", rs256(&format!("{plain}{plain}"))),
        ("claims with NUL", rs256(&format!("{plain}\0"))),
        ("claims with a comment", rs256(&plain.replacen('{', "{/**/", 1))),
        ("claims with a byte order mark", rs256(&format!("\u{feff}{plain}"))),
        ("a header that is a list", token("[]", &plain, &By::Rs256(&keys().rsa))),
        (
            "a header that is no UTF-8",
            sign_text(
                &format!("{}.{claims}", base64url(b"{\"alg\":\"RS256\",\"kid\":\"k\",\"x\":\"\xff\"}")),
                &By::Rs256(&keys().rsa),
            ),
        ),
    ];
    for (name, token) in &rows {
        suite.row(&format!("form: {name}"), &ask(OIDC, token), NO);
        suite.row(&format!("form: {name}, among other modes"), &ask(MIXED, token), NO);
    }
    for (name, token) in [
        ("NUL", format!("{good}\0")),
        ("a control character", format!("\u{1}{good}")),
        ("a line feed", good.replacen('.', ".\n", 1)),
        ("a folded line", good.replacen('.', "\r\n .", 1)),
        ("a megabyte", "a".repeat(1 << 20)),
    ] {
        suite.row(&format!("form: {name}"), &ask(OIDC, &token), NotHttp);
    }
}
