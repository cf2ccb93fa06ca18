//! Requests that proxies and servers read differently, with credentials where they should not count and without where they should.

use crate::harness::attack::Expected::{self, NotHttp, Preflight, Refused};
use crate::harness::attack::{Request, Suite, exchange};
use crate::world::{ANN, HIT, KEY, ONE, TWO, ask, signer};

const NO: Expected = Refused(401, "UnauthorizedException");
const NO_METHOD: Expected = Refused(405, "com.amazon.coral.service#UnknownOperationException");

pub(crate) fn rows(suite: &mut Suite<'_>) {
    let good = || ask(ONE).with("x-api-key", KEY);
    for method in ["PUT", "DELETE", "PATCH", "TRACE", "post", "Post", "QUERY", "GRAPHQL"] {
        suite.row(&format!("the method {method}"), &good().method(method), NO_METHOD);
        suite.row(&format!("the method {method} without a key"), &ask(ONE).method(method), NO_METHOD);
    }
    suite.row("a preflight with a document and a key", &good().method("OPTIONS"), Preflight);
    suite.row("a preflight with a document", &ask(ONE).method("OPTIONS"), Preflight);
    let text = good().with("content-type", "text/plain").target("/graphql?query=mutation%7Bhit%7D");
    suite.row("a document in the query of a POST without one", &text.body(""), Refused(400, "MalformedHttpRequestException"));
    for (name, content_type) in [
        ("a form", "application/x-www-form-urlencoded"),
        ("a form in parts", "multipart/form-data; boundary=x"),
        ("text", "text/plain"),
        ("GraphQL", "application/graphql"),
        ("a type of 10 KB", &"a".repeat(10_000)),
    ] {
        suite.row(&format!("{name} without a key"), &ask(ONE).set("content-type", content_type), NO);
    }
    framing(suite);
    smuggled(suite);
}

fn framing(suite: &mut Suite<'_>) {
    let good = || ask(ONE).with("x-api-key", KEY);
    let length = ask(ONE).body.len();
    let malformed = Refused(400, "MalformedHttpRequestException");
    let rows = [
        (
            "two lengths",
            good().with("content-length", length.to_string()).with("content-length", (length - 1).to_string()),
            NotHttp,
        ),
        ("a negative length", good().with("content-length", "-1"), NotHttp),
        ("a length with a sign", good().with("content-length", format!("+{length}")), NotHttp),
        ("a length in hexadecimal digits", good().with("content-length", format!("0x{length:x}")), NotHttp),
        ("a length beyond all numbers", good().with("content-length", "99999999999999999999999"), NotHttp),
        ("an unknown coding", good().with("transfer-encoding", "gzip"), NotHttp),
        ("a coding that ends in no chunks", good().with("transfer-encoding", "chunked, identity"), NotHttp),
        ("a chunk that is no number", good().with("transfer-encoding", "chunked").body("zz\r\nx\r\n0\r\n\r\n"), malformed),
        ("chunks without an end", good().with("transfer-encoding", "chunked").body("5\r\nabc").ending(), malformed),
        ("chunks of nothing", good().with("transfer-encoding", "chunked").body("0\r\n\r\n"), malformed),
        ("a body that ends early", good().with("content-length", "500").ending(), malformed),
        (
            "a version that is none",
            {
                let mut request = good();
                request.version = "HTTP/9.9";
                request
            },
            NotHttp,
        ),
        (
            "the preface of HTTP/2",
            {
                let mut request = good().method("PRI").target("*");
                request.version = "HTTP/2.0";
                request
            },
            NotHttp,
        ),
        ("a blank in the target", good().target("/graphql ?x"), NotHttp),
        ("NUL in the target", good().target("/graphql\0"), NotHttp),
        ("200 headers", (0..200).fold(ask(ONE), |request, at| request.with(&format!("x-{at}"), "x")), NotHttp),
        (
            "HTTP/1.0 without a host, and without a key",
            {
                let mut request = ask(ONE).without("host").target("/apis/one/graphql");
                request.version = "HTTP/1.0";
                request
            },
            NO,
        ),
        ("a target of another scheme", good().target(&format!("ftp://{TWO}/graphql")), Refused(400, "BadRequestException")),
        (
            "a target that is an authority",
            ask(ONE).method("CONNECT").target(&format!("{ONE}:80")),
            Refused(400, "BadRequestException"),
        ),
    ];
    for (name, request, expected) in &rows {
        suite.row(name, request, *expected);
    }
}

/// A second request inside of the first one's body must not be answered with the first one's rights.
fn smuggled(suite: &mut Suite<'_>) {
    let inner = Request::post(ONE, "/graphql", HIT);
    let inside = format!(
        "POST /graphql HTTP/1.1\r\nhost: {ONE}\r\ncontent-length: {}\r\n\r\n{}",
        inner.body.len(),
        String::from_utf8_lossy(&inner.body)
    );
    // The length covers all, the chunks end at once: whoever goes by the chunks finds another request behind them.
    let both = |request: Request, body: String| {
        let length = body.len().to_string();
        request.with("content-length", length).with("transfer-encoding", "chunked").body(body)
    };
    let malformed = Refused(400, "MalformedHttpRequestException");
    let keyed = both(ask(ONE).with("x-api-key", KEY), format!("0\r\n\r\n{inside}"));
    suite.row("a length and chunks, a request behind", &keyed, malformed);
    let signed = both(signer(ANN).sign(ask(ONE)), format!("0\r\n\r\n{inside}"));
    suite.row("a length and chunks, a request behind, signed", &signed, Refused(403, "InvalidSignatureException"));
    let unkeyed = both(ask(ONE), format!("0\r\n\r\n{inside}"));
    suite.row("a length and chunks, a request behind, without a key", &unkeyed, NO);
    let odd = ask(ONE).with("transfer-encoding", "xchunked").with("content-length", "4").body(&inside);
    suite.row("a coding almost like chunks", &odd, NotHttp);
    // Two requests on one connection are two: the first one's key is not the second one's.
    let before = suite.counter.hits();
    let pipelined = ask(ONE).with("x-api-key", KEY);
    let mut first = pipelined.clone().with("content-length", pipelined.body.len().to_string());
    first.body.extend_from_slice(inside.as_bytes());
    let reply = exchange(suite.address, &first);
    assert_eq!(reply.status, 200, "{reply:?}");
    suite.accepted += 1;
    // The second one has been answered when a third one on a new connection has.
    suite.row("a third request, without a key", &ask(ONE), NO);
    assert_eq!(suite.counter.hits() - before, 1, "the request behind the first one has no key");
}
