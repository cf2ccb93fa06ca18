//! `API_KEY`: wrong keys, right keys in the wrong place, right keys at the wrong API.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::harness::attack::Expected::{self, Accepted, Closed, NotHttp, Refused};
use crate::harness::attack::{Request, Suite, encode};
use crate::world::{EXPIRED_KEY, HIT, KEY, ONE, ONE_DOMAIN, TWO, TWO_DOMAIN, ask};

const NO: Expected = Refused(401, "UnauthorizedException");
const NO_PATH: Expected = Refused(404, "com.amazon.coral.service#UnknownOperationException");

pub(crate) fn rows(suite: &mut Suite<'_>) {
    accepted(suite);
    wrong_keys(suite);
    wrong_places(suite);
    repeated(suite);
    wrong_api(suite);
}

/// The same requests without an attack in them.
fn accepted(suite: &mut Suite<'_>) {
    let good = || ask(ONE).with("x-api-key", KEY);
    let rows = [
        ("the key", good()),
        ("the key, its header in capitals", ask(ONE).with("X-API-KEY", KEY)),
        ("the key between blanks and tabs, which HTTP takes away", ask(ONE).with("x-api-key", format!("\t {KEY} \t"))),
        ("the key at the API's path", ask(ONE).target("/apis/one/graphql").with("x-api-key", KEY)),
        ("the key at the API's domain name", ask(ONE_DOMAIN).with("x-api-key", KEY)),
        ("the key at the domain name in capitals, with a dot and a port", ask("API.ONE.Example.:443").with("x-api-key", KEY)),
        ("the key with a GET", Request::get(ONE, "/graphql", HIT).with("x-api-key", KEY)),
        ("the key with a body in chunks", good().chunked()),
        ("the key with another mode's token, which is not configured", good().with("authorization", "Bearer x.y.z")),
        ("the key, absolute target", ask(ONE).target(&format!("http://{ONE}/graphql")).with("x-api-key", KEY)),
        ("a field for keys", Request::post(ONE, "/graphql", "{ forKeys }").with("x-api-key", KEY)),
        ("a mutation", Request::post(ONE, "/graphql", "mutation { hit }").with("x-api-key", KEY)),
    ];
    for (name, request) in &rows {
        suite.row(name, request, Accepted);
    }
}

fn wrong_keys(suite: &mut Suite<'_>) {
    let last = |with: &str| format!("{}{with}", &KEY[..KEY.len() - 1]);
    let mut not_utf8 = KEY.as_bytes().to_vec();
    not_utf8[10] = 0xff;
    let mut bare_surrogate = KEY.as_bytes().to_vec();
    bare_surrogate.extend_from_slice(b"\xed\xa0\x80");
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("an empty key", b"".to_vec()),
        ("a key of blanks", b"   \t ".to_vec()),
        ("an expired key", EXPIRED_KEY.into()),
        ("a key that nobody has", b"da2-zzzzzzzzzzzzzzzzzzzzzzzzzz".to_vec()),
        ("the key without its end", last("").into()),
        ("the key with another end", last("k").into()),
        ("the key and more", format!("{KEY}0").into()),
        ("the prefix of keys", b"da2-".to_vec()),
        ("the key without its prefix", KEY[4..].into()),
        ("the key in capitals", KEY.to_uppercase().into()),
        ("the key with one capital", KEY.replace("onekey", "oneKey").into()),
        ("the key twice in one header", format!("{KEY},{KEY}").into()),
        ("the key twice with a blank", format!("{KEY}, {KEY}").into()),
        ("the key and another one", format!("{KEY}, da2-zzzzzzzzzzzzzzzzzzzzzzzzzz").into()),
        ("the key in quotes", format!("\"{KEY}\"").into()),
        ("the key with a semicolon", format!("{KEY};").into()),
        ("the key as a bearer token", format!("Bearer {KEY}").into()),
        ("the key in Base64", STANDARD.encode(KEY).into()),
        ("the key percent-encoded", encode(KEY, "").replace("da2", "%64a2").into()),
        ("the key with a tab inside", KEY.replace('-', "-\t").into()),
        ("the key with a blank inside", KEY.replace('-', "- ").into()),
        ("the key with full-width digits", KEY.replace("0123", "\u{ff10}\u{ff11}\u{ff12}\u{ff13}").into()),
        ("the key with Arabic digits", KEY.replace("0123", "\u{0660}\u{0661}\u{0662}\u{0663}").into()),
        ("the key with a Cyrillic letter", KEY.replacen('a', "\u{0430}", 1).into()),
        ("the key with a Greek letter", KEY.replacen('o', "\u{03bf}", 1).into()),
        ("the key with a non-breaking hyphen", KEY.replacen('-', "\u{2011}", 1).into()),
        ("the key with a soft hyphen", KEY.replacen('-', "-\u{ad}", 1).into()),
        ("the key behind a byte order mark", format!("\u{feff}{KEY}").into()),
        ("the key with a zero-width space", format!("{KEY}\u{200b}").into()),
        ("the key with a no-break space", format!("{KEY}\u{a0}").into()),
        ("the key with a right-to-left override", format!("\u{202e}{KEY}").into()),
        ("the key with a combining mark", format!("{KEY}\u{301}").into()),
        ("the key, decomposed by compatibility", KEY.replacen("da2", "\u{ff44}\u{ff41}\u{ff12}", 1).into()),
        ("bytes that are no UTF-8", not_utf8),
        ("the key with half a surrogate", bare_surrogate),
        ("a pattern", b"da2-*".to_vec()),
        ("SQL", b"' OR '1'='1".to_vec()),
        ("null", b"null".to_vec()),
        ("8 KB that begin with the key", format!("{KEY}{}", "a".repeat(8_000)).into()),
        ("60 KB", "a".repeat(60_000).into()),
    ];
    for (name, key) in &rows {
        suite.row(name, &ask(ONE).with("x-api-key", key), NO);
        // A wrong key opens nothing with a GET either.
        if key.len() < 40 {
            suite.row(&format!("{name}, GET"), &Request::get(ONE, "/graphql", HIT).with("x-api-key", key), NO);
        }
    }
    for (name, key) in [
        ("the key with NUL", format!("{KEY}\0")),
        ("the key with a control character", KEY.replace('-', "-\u{1}")),
        ("the key with a delete character", format!("{KEY}\u{7f}")),
        ("the key with a vertical tab", format!("\u{b}{KEY}")),
        ("the key behind a bare carriage return", format!("x\rx-api-key: {KEY}")),
        ("the key on a folded line", format!("\r\n {KEY}")),
        ("half of the key on a folded line", KEY.replace('-', "-\r\n\t")),
    ] {
        suite.row(name, &ask(ONE).with("x-api-key", key), NotHttp);
    }
    suite.row("a megabyte of key", &ask(ONE).with("x-api-key", "a".repeat(1 << 20)), NotHttp);
}

fn wrong_places(suite: &mut Suite<'_>) {
    let basic = format!("Basic {}", STANDARD.encode(format!("x:{KEY}")));
    let in_body = format!("{{\"query\":\"{HIT}\",\"x-api-key\":\"{KEY}\",\"extensions\":{{\"x-api-key\":\"{KEY}\"}}}}");
    let trailer = {
        let mut request = ask(ONE).chunked().with("trailer", "x-api-key");
        let end = request.body.len() - 2;
        request.body.splice(end.., format!("x-api-key: {KEY}\r\n\r\n").into_bytes());
        request
    };
    let rows = [
        ("no credential at all", ask(ONE)),
        ("the key in the query string", ask(ONE).target(&format!("/graphql?x-api-key={KEY}"))),
        ("the key in the query string, as apiKey", ask(ONE).target(&format!("/graphql?apiKey={KEY}&api_key={KEY}"))),
        ("the key in a cookie", ask(ONE).with("cookie", format!("x-api-key={KEY}"))),
        ("the key in the body", ask(ONE).body(in_body)),
        ("the key in a trailer", trailer),
        ("the key as Authorization", ask(ONE).with("authorization", KEY)),
        ("the key as bearer token", ask(ONE).with("authorization", format!("Bearer {KEY}"))),
        ("the key as Authorization of a scheme", ask(ONE).with("authorization", format!("x-api-key {KEY}"))),
        ("the key by basic authentication", ask(ONE).with("authorization", basic)),
        ("the key in a header with underscores", ask(ONE).with("x_api_key", KEY)),
        ("the key in a header like it", ask(ONE).with("x-api-keys", KEY).with("api-key", KEY).with("x-apikey", KEY)),
        ("the key in the value of another header", ask(ONE).with("x-forwarded-for", format!("x-api-key: {KEY}"))),
        ("the key for a proxy", ask(ONE).with("proxy-authorization", KEY).with("x-forwarded-api-key", KEY)),
        ("the key named as a connection header", ask(ONE).with("connection", format!("x-api-key, {KEY}"))),
        ("headers of gateways that have let somebody in", {
            let request = ask(ONE).with("x-amzn-oidc-identity", "ann").with("x-forwarded-user", "ann");
            request.with("x-amzn-iam-user-arn", "arn:aws:iam::000000000000:user/ann").with("x-remote-user", "ann")
        }),
        (
            "the method that asks nothing, by override",
            ask(ONE).with("x-http-method-override", "OPTIONS").with("x-method-override", "OPTIONS"),
        ),
        ("the health check's path, by override", ask(ONE).with("x-original-url", "/ping").with("x-rewrite-url", "/ping")),
        ("the address of this machine, by claim", ask(ONE).with("x-forwarded-for", "127.0.0.1").with("x-real-ip", "127.0.0.1")),
        ("a session token alone", ask(ONE).with("x-amz-security-token", "IQoJb3JpZ2luX2VjEannannann")),
        ("introspection without a key", Request::post(ONE, "/graphql", "{ __schema { types { name } } }")),
        ("a type name without a key", Request::post(ONE, "/graphql", "{ __typename }")),
        ("garbage without a key", ask(ONE).body("meow")),
        ("nothing without a key", ask(ONE).body("")),
        ("a mutation by GET without a key", Request::get(ONE, "/graphql", "mutation { hit }")),
        (
            "an origin of our own",
            ask(ONE).with("origin", format!("http://{ONE}")).with("referer", format!("http://{ONE}/graphql")),
        ),
    ];
    for (name, request) in &rows {
        suite.row(name, request, NO);
    }
    suite.row("a blank behind the header's name", &ask(ONE).with("x-api-key ", KEY), NotHttp);
    suite.row("a header without a name", &ask(ONE).with("", KEY), NotHttp);
    suite.row("a name with a zero-width space", &ask(ONE).with("x-api-key\u{200b}", KEY), NotHttp);
    let target = format!("http://{KEY}@{ONE}/graphql");
    suite.row("the key as the user of the target", &ask(ONE).target(&target), Refused(400, "BadRequestException"));
    let for_signers = Request::post(ONE, "/graphql", "{ forSigners }").with("x-api-key", KEY);
    suite.row("the key at a field for signers", &for_signers, Closed);
    let aliased = Request::post(ONE, "/graphql", "{ forKeys: forSigners ...f } fragment f on Query { a: forSigners }");
    suite.row("the key at a field for signers, under other names", &aliased.with("x-api-key", KEY), Closed);
}

fn repeated(suite: &mut Suite<'_>) {
    let two = |first: &str, second: &str| ask(ONE).with("x-api-key", first).with("X-Api-Key", second);
    for (name, request) in [
        ("the key twice", two(KEY, KEY)),
        ("the key before a wrong one", two(KEY, "da2-zzzzzzzzzzzzzzzzzzzzzzzzzz")),
        ("the key behind a wrong one", two("da2-zzzzzzzzzzzzzzzzzzzzzzzzzz", KEY)),
        ("the key before an empty one", two(KEY, "")),
        ("the key behind an empty one", two("", KEY)),
        ("the key before an expired one", two(KEY, EXPIRED_KEY)),
        ("the key fifty times", (0..50).fold(ask(ONE), |request, _| request.with("x-api-key", KEY))),
        ("the key beside two tokens", {
            ask(ONE).with("x-api-key", KEY).with("authorization", "Bearer a").with("Authorization", "Bearer b")
        }),
    ] {
        suite.row(name, &request, NO);
    }
}

fn wrong_api(suite: &mut Suite<'_>) {
    let rows = [
        ("the key at another API, by host", ask(TWO).with("x-api-key", KEY)),
        ("the key at another API, by domain name", ask(TWO_DOMAIN).with("x-api-key", KEY)),
        ("the key at another API, by path", ask(ONE).target("/apis/two/graphql").with("x-api-key", KEY)),
        ("the key at another API, forwarded", ask(TWO).with("x-forwarded-host", ONE).with("x-api-key", KEY)),
        ("the key at another API, by Forwarded", ask(TWO).with("forwarded", format!("host={ONE}")).with("x-api-key", KEY)),
        ("the key at another API, X-Host", ask(TWO).with("x-host", ONE).with("x-original-host", ONE).with("x-api-key", KEY)),
        ("an empty key at an API without keys", ask(TWO).with("x-api-key", "")),
        ("any key at an API without keys", ask(TWO).with("x-api-key", "da2-zzzzzzzzzzzzzzzzzzzzzzzzzz")),
        ("a host with a port, of another API", ask(&format!("{TWO}:443")).with("x-api-key", KEY)),
    ];
    for (name, request) in &rows {
        suite.row(name, request, NO);
    }
    for host in
        ["localhost", "127.0.0.1", "", "one", "two.one.appsync-api.localhost", "one.appsync-api.localhost.evil.example", "*"]
    {
        suite.row(&format!("the key at the host '{host}'"), &ask(host).with("x-api-key", KEY), NO_PATH);
    }
}
