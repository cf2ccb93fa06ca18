//! `AWS_IAM`: requests that were changed after they were signed, and signatures that are wrong from the start.

use crate::harness::attack::Expected::{self, Accepted, Closed, NotHttp, Refused};
use crate::harness::attack::{Request, Signer, Suite, encode, moment, sha256};
use crate::world::{
    ANN, BOB, BOB_TOKEN, CAROL, DAVE, ERIN, FAYE, HIT, KEY, ONE, ONE_DOMAIN, SHARED, TWO, TWO_DOMAIN, ask, bob, signer,
};

const BAD: Expected = Refused(403, "InvalidSignatureException");
const HALF: Expected = Refused(403, "IncompleteSignatureException");
const UNKNOWN: Expected = Refused(403, "UnrecognizedClientException");
const NO: Expected = Refused(401, "UnauthorizedException");
const NO_PATH: Expected = Refused(404, "com.amazon.coral.service#UnknownOperationException");

pub(crate) fn rows(suite: &mut Suite<'_>) {
    accepted(suite);
    changed(suite);
    changed_headers(suite);
    paths(suite);
    dates(suite);
    scopes(suite);
    algorithms(suite);
    signed_headers(suite);
    payloads(suite);
    queries(suite);
    sessions(suite);
    principals(suite);
    other_api(suite);
    both(suite);
}

fn ann() -> Signer {
    signer(ANN)
}

/// A good request of Ann's to API One, changed after it was signed.
fn signed() -> Request {
    ann().sign(ask(ONE))
}

/// A request by a signer who was told something wrong.
fn by(change: impl FnOnce(&mut Signer)) -> Request {
    let mut signer = ann();
    change(&mut signer);
    signer.sign(ask(ONE))
}

/// Signed with these further headers, which are listed as well.
fn with_signed(headers: &[(&str, &str)]) -> Request {
    let request = headers.iter().fold(ask(ONE), |request, (name, value)| request.with(name, value));
    let mut names: Vec<&str> = headers.iter().map(|(name, _)| *name).chain(["content-type", "host", "x-amz-date"]).collect();
    names.sort_unstable();
    names.dedup();
    Signer { signed_headers: names.join(";"), ..ann() }.sign(request)
}

fn accepted(suite: &mut Suite<'_>) {
    let upper = |request: Request| {
        request.edit("authorization", |text| {
            let (rest, signature) = text.split_once("Signature=").expect("a signature");
            format!("{rest}Signature={}", signature.to_uppercase())
        })
    };
    let rows = [
        ("Ann", signed()),
        ("Bob in his session", bob().sign(ask(ONE))),
        ("Carol at her API", signer(CAROL).sign(ask(TWO))),
        ("the one known to both, at One", signer(SHARED).sign(ask(ONE))),
        ("the one known to both, at Two", signer(SHARED).sign(ask(TWO))),
        ("Carol by path, at any host", signer(CAROL).sign(ask("localhost").target("/apis/two/graphql"))),
        ("Carol at the domain name", signer(CAROL).sign(ask(TWO_DOMAIN))),
        ("four and a half minutes late", by(|signer| signer.moment = moment(-270))),
        ("four and a half minutes early", by(|signer| signer.moment = moment(270))),
        ("a signed header of one's own", with_signed(&[("x-mine", "a b")])),
        ("a signed header, its blanks folded on the way", with_signed(&[("x-mine", "a b")]).set("x-mine", "  a \t  b ")),
        ("a signed header twice, in order", with_signed(&[("x-mine", "a"), ("x-mine", "b")])),
        ("an unsigned header of a proxy", signed().with("x-forwarded-for", "203.0.113.9")),
        ("the name of a client, added after signing", signed().with("x-amz-user-agent", "aws-amplify/3.0.7")),
        ("an unsigned header of a browser", signed().with("origin", "https://app.example")),
        ("the body's hash, signed", with_signed(&[("x-amz-content-sha256", &sha256(&ask(ONE).body))])),
        ("a body in chunks, as HTTP has them", signed().chunked()),
        ("a GET", ann().sign(Request::get(ONE, "/graphql", HIT))),
        ("a query string in another order", { ann().sign(ask(ONE).target("/graphql?a=1&b=2")).target("/graphql?b=2&a=1") }),
        ("no blanks between the parts", signed().edit("authorization", |text| text.replace(", ", ","))),
        ("the digits in capitals", upper(signed())),
        ("with a wrong API key beside it: the signature decides", signed().with("x-api-key", "da2-zzzzzzzzzzzzzzzzzzzzzzzzzz")),
        ("absolute target of the same host", signed().target(&format!("http://{ONE}/graphql"))),
    ];
    for (name, request) in &rows {
        suite.row(name, request, Accepted);
    }
}

fn changed(suite: &mut Suite<'_>) {
    let body = String::from_utf8(ask(ONE).body).expect("text");
    let other = Request::post(ONE, "/graphql", "mutation { hit }").body;
    let signature = |change: &dyn Fn(&str) -> String| {
        signed().edit("authorization", |text| {
            let (rest, signature) = text.split_once("Signature=").expect("a signature");
            format!("{rest}Signature={}", change(signature))
        })
    };
    let flip = |text: &str| format!("{}{}", &text[..63], if text.ends_with('0') { '1' } else { '0' });
    let rows = [
        ("another body", signed().body(other), BAD),
        ("a body with a blank more", signed().body(format!("{body} ")), BAD),
        ("a body with one letter changed", signed().body(body.replace("hit", "Hit")), BAD),
        ("a body with a member more", signed().body(body.replace('}', ",\"variables\":{}}")), BAD),
        ("a body with a byte order mark", signed().body(format!("\u{feff}{body}")), BAD),
        ("no body", signed().body(""), BAD),
        (
            "a body shorter than announced",
            signed().with("content-length", body.len().to_string()).body(&body[..10]).ending(),
            Refused(400, "MalformedHttpRequestException"),
        ),
        ("a body longer than announced", signed().with("content-length", "10"), BAD),
        ("a body in chunks, one changed", signed().body(body.replace("hit", "hot")).chunked(), BAD),
        ("another method", signed().method("GET"), BAD),
        ("a GET signed for POST", ann().sign(Request::get(ONE, "/graphql", HIT).method("POST")).method("GET"), BAD),
        ("a POST signed as GET", ann().sign(ask(ONE).method("GET")).method("POST"), BAD),
        (
            "a method that is none here",
            ann().sign(ask(ONE).method("PUT")),
            Refused(405, "com.amazon.coral.service#UnknownOperationException"),
        ),
        (
            "a method in small letters",
            ann().sign(ask(ONE).method("post")),
            Refused(405, "com.amazon.coral.service#UnknownOperationException"),
        ),
        ("a signature without its end", signature(&|text| text[..62].to_owned()), BAD),
        ("a signature and more", signature(&|text| format!("{text}00")), BAD),
        ("a signature with a digit changed", signature(&flip), BAD),
        ("a signature of zeros", signature(&|text| "0".repeat(text.len())), BAD),
        ("an empty signature", signature(&|_| String::new()), HALF),
        ("a signature that is no hexadecimal number", signature(&|_| "z".repeat(64)), BAD),
        ("a signature in full-width digits", signature(&|_| "\u{ff10}".repeat(64)), BAD),
        ("a signature in quotes", signature(&|text| format!("\"{text}\"")), BAD),
        ("a signature of a megabyte", signature(&|_| "0".repeat(1 << 20)), NotHttp),
        ("a signature of 50 KB", signature(&|_| "0".repeat(50_000)), BAD),
        ("a signature twice, the right one first", signature(&|text| format!("{text}, Signature={}", "0".repeat(64))), HALF),
        (
            "a signature twice, the right one last",
            signed()
                .edit("authorization", |text| text.replace("Signature=", &format!("Signature={}, Signature=", "0".repeat(64)))),
            HALF,
        ),
        (
            "the signature of another request",
            signed().set("authorization", ann().sign(ask(ONE).body("{}")).header("authorization").expect("signed")),
            BAD,
        ),
        ("a signature with another's secret", Signer { secret: CAROL.1.into(), ..ann() }.sign(ask(ONE)), BAD),
        ("a signature with an empty secret", Signer { secret: String::new(), ..ann() }.sign(ask(ONE)), BAD),
        ("a signature with the access key as secret", Signer { secret: ANN.0.into(), ..ann() }.sign(ask(ONE)), BAD),
        ("a signature with the API key as secret", Signer { secret: KEY.into(), ..ann() }.sign(ask(ONE)), BAD),
    ];
    for (name, request, expected) in &rows {
        suite.row(name, request, *expected);
    }
}

fn changed_headers(suite: &mut Suite<'_>) {
    let mine = || with_signed(&[("x-mine", "a")]);
    let rows = [
        ("another content type", signed().set("content-type", "application/graphql"), BAD),
        ("the content type in capitals", signed().set("content-type", "Application/JSON"), BAD),
        ("a content type with a parameter", signed().set("content-type", "application/json; charset=utf-8"), BAD),
        ("no content type", signed().without("content-type"), HALF),
        ("the content type twice", signed().with("content-type", "application/json"), BAD),
        ("a content type more", signed().with("content-type", "text/html"), BAD),
        ("another host", signed().set("host", TWO), UNKNOWN),
        ("the host with a port", signed().set("host", format!("{ONE}:80")), BAD),
        ("the host in capitals", signed().set("host", ONE.to_uppercase()), BAD),
        ("the host with a dot", signed().set("host", format!("{ONE}.")), BAD),
        ("the domain name instead", signed().set("host", ONE_DOMAIN), BAD),
        ("the host twice", signed().with("host", ONE), Refused(400, "BadRequestException")),
        ("the host twice, of two APIs", signed().with("host", TWO), Refused(400, "BadRequestException")),
        ("no host", signed().without("host").target("/apis/one/graphql"), Refused(400, "BadRequestException")),
        ("a signed header with another value", mine().set("x-mine", "b"), BAD),
        ("a signed header with more", mine().set("x-mine", "a,b"), BAD),
        ("a signed header again", mine().with("x-mine", "b"), BAD),
        ("a signed header again, empty", mine().with("x-mine", ""), BAD),
        ("a signed header away", mine().without("x-mine"), HALF),
        ("a signed header emptied", mine().set("x-mine", ""), BAD),
        ("a signed header in capitals", with_signed(&[("x-mine", "a")]).set("x-mine", "A"), BAD),
        (
            "signed headers in another order",
            with_signed(&[("x-mine", "b"), ("x-mine", "a")]).set("x-mine", "a").with("x-mine", "b"),
            BAD,
        ),
        (
            "Authorization twice",
            {
                let request = signed();
                let again = request.header("authorization").expect("signed");
                request.with("authorization", again)
            },
            NO,
        ),
        ("Authorization twice, of two schemes", signed().with("Authorization", "Bearer a.b.c"), NO),
        (
            "Authorization twice, another scheme first",
            ann().sign(ask(ONE).with("Authorization", "Bearer a.b.c").with("x-first", "1")),
            NO,
        ),
        ("Authorization twice, the other one empty", signed().with("Authorization", ""), NO),
        ("Authorization twice, beside the right API key", signed().with("Authorization", "x").with("x-api-key", KEY), NO),
        ("two signatures in one header", signed().edit("authorization", |text| format!("{text}, {text}")), HALF),
        ("a bearer token behind the signature", signed().edit("authorization", |text| format!("{text}, Bearer a.b.c")), HALF),
        (
            "Authorization on a folded line",
            signed().edit("authorization", |text| text.replace(", Signed", ",\r\n Signed")),
            NotHttp,
        ),
        ("Authorization with NUL", signed().edit("authorization", |text| format!("{text}\0")), NotHttp),
        (
            "Authorization with bytes that are no text",
            signed().edit("authorization", |text| text.replace("Signature=", "Signature=\u{e9}")),
            BAD,
        ),
        (
            "a blank behind the name of Authorization",
            signed().without("authorization").with("authorization ", "AWS4-HMAC-SHA256 x"),
            NotHttp,
        ),
        (
            "the signature for a proxy",
            {
                let request = signed();
                let text = request.header("authorization").expect("signed");
                request.without("authorization").with("proxy-authorization", &text).with("x-authorization", text)
            },
            NO,
        ),
        (
            "the signature in a cookie",
            {
                let request = signed();
                let text = request.header("authorization").expect("signed");
                request.without("authorization").with("cookie", format!("authorization={text}"))
            },
            NO,
        ),
    ];
    for (name, request, expected) in &rows {
        suite.row(name, request, *expected);
    }
}

fn paths(suite: &mut Suite<'_>) {
    let rows = [
        ("the path of an API, signed for the host's", signed().target("/apis/one/graphql"), BAD),
        ("the host's path, signed for that of an API", ann().sign(ask(ONE).target("/apis/one/graphql")).target("/graphql"), BAD),
        ("the path of another API", ann().sign(ask(ONE).target("/apis/one/graphql")).target("/apis/two/graphql"), UNKNOWN),
        ("a query more", signed().target("/graphql?a=1"), BAD),
        ("a query less", ann().sign(ask(ONE).target("/graphql?a=1")).target("/graphql"), BAD),
        ("another query", ann().sign(ask(ONE).target("/graphql?a=1")).target("/graphql?a=2"), BAD),
        ("a query in capitals", ann().sign(ask(ONE).target("/graphql?a=b")).target("/graphql?a=B"), BAD),
        ("a query again", ann().sign(ask(ONE).target("/graphql?a=1")).target("/graphql?a=1&a=2"), BAD),
        ("a document in the query of a POST", signed().target("/graphql?query=%7B%20forSigners%20%7D"), BAD),
        (
            "another document in the query of a GET",
            {
                let document = encode("{ forSigners }", "");
                ann().sign(Request::get(ONE, "/graphql", HIT)).target(&format!("/graphql?query={document}"))
            },
            BAD,
        ),
        (
            "a second document in a signed GET",
            { ann().sign(Request::get(ONE, "/graphql", HIT).target("/graphql?query=%7B%20hit%20%7D&query=%7B%20x%20%7D")) },
            Refused(400, "MalformedHttpRequestException"),
        ),
        (
            "a plus in a signed GET, turned into a blank",
            {
                let target = |plus: &str| format!("/graphql?query=%7Ba%3Ahit%7D&variables=%7B%22x%22%3A%22a{plus}b%22%7D");
                ann().sign(Request::get(ONE, "/graphql", HIT).target(&target("%2B"))).target(&target("+"))
            },
            BAD,
        ),
        ("two slashes", signed().target("//graphql"), NO_PATH),
        ("a slash behind", signed().target("/graphql/"), NO_PATH),
        ("a letter percent-encoded", signed().target("/%67raphql"), NO_PATH),
        ("a segment of one dot", signed().target("/./graphql"), NO_PATH),
        ("a segment of two dots", signed().target("/x/../graphql"), NO_PATH),
        ("dots that leave the path", signed().target("/apis/one/graphql/../../../graphql"), NO_PATH),
        ("dots to another API", ann().sign(ask(ONE).target("/apis/one/graphql")).target("/apis/two/../one/graphql"), NO_PATH),
        ("dots from another API", ann().sign(ask(ONE).target("/apis/one/graphql")).target("/apis/one/../two/graphql"), NO_PATH),
        ("encoded dots", signed().target("/%2e%2e/graphql"), NO_PATH),
        ("an encoded slash", signed().target("/apis/one%2fgraphql"), NO_PATH),
        ("a backslash", signed().target("/apis\\one\\graphql"), NO_PATH),
        ("capitals", signed().target("/GraphQL"), NO_PATH),
        ("an API in capitals", ann().sign(ask(ONE).target("/apis/ONE/graphql")), NO_PATH),
        ("no API", ann().sign(ask(ONE).target("/apis//graphql")), NO_PATH),
        ("an API with an encoded letter", ann().sign(ask(ONE).target("/apis/%6fne/graphql")), NO_PATH),
        ("a parameter of a segment", signed().target("/graphql;a=b"), NO_PATH),
        ("an encoded NUL", signed().target("/graphql%00"), NO_PATH),
        ("an encoded line feed", signed().target("/graphql%0a"), NO_PATH),
        ("a full-width letter", signed().target("/graph\u{ff51}l"), NO_PATH),
        ("the real-time path", signed().target("/graphql/realtime"), Refused(400, "MalformedHttpRequestException")),
    ];
    for (name, request, expected) in &rows {
        suite.row(name, request, *expected);
    }
}

fn dates(suite: &mut Suite<'_>) {
    let dated = |text: &str| by(|signer| signer.moment = text.into());
    let now = moment(0);
    let extended = format!("{}-{}-{}T{}:{}:{}Z", &now[..4], &now[4..6], &now[6..8], &now[9..11], &now[11..13], &now[13..15]);
    let rows = [
        ("five minutes and ten seconds late", dated(&moment(-310)), BAD),
        ("five minutes and ten seconds early", dated(&moment(310)), BAD),
        ("an hour late", dated(&moment(-3_600)), BAD),
        ("an hour early", dated(&moment(3_600)), BAD),
        ("a day late", dated(&moment(-86_400)), BAD),
        ("a day early", dated(&moment(86_400)), BAD),
        ("the beginning of time", dated("19700101T000000Z"), BAD),
        ("the end of time", dated("99991229T235959Z"), BAD),
        ("a moment beyond all calendars", dated("99991231T235959Z"), HALF),
        ("the year zero", dated("00000101T000000Z"), BAD),
        ("another date than was signed", signed().set("x-amz-date", moment(-5)), BAD),
        ("an old request with a new date", dated(&moment(-3_600)).set("x-amz-date", moment(0)), BAD),
        ("no date", signed().without("x-amz-date"), HALF),
        ("the date twice", signed().with("x-amz-date", moment(0)), BAD),
        ("the date twice, another one", signed().with("X-Amz-Date", moment(-7)), BAD),
        ("a new Date beside an old x-amz-date", dated(&moment(-3_600)).with("date", moment(0)), BAD),
        (
            "a Date in the place of x-amz-date",
            {
                let request = dated(&moment(-3_600));
                let old = request.header("x-amz-date").expect("signed");
                request.without("x-amz-date").with("date", old)
            },
            BAD,
        ),
        ("the extended form", dated(&extended), HALF),
        ("seconds since 1970", dated("1700000000"), HALF),
        ("a date without time", dated(&now[..8]), HALF),
        ("a date without zone", dated(&now[..15]), HALF),
        ("a zone of its own", dated(&format!("{}+0000", &now[..15])), HALF),
        ("small letters", dated(&now.to_lowercase()), HALF),
        ("a fraction", dated(&format!("{}.5Z", &now[..15])), HALF),
        ("a thirteenth month", dated("20241301T000000Z"), HALF),
        ("a thirtieth of February", dated("20240230T000000Z"), HALF),
        ("a 25th hour", dated("20240101T250000Z"), HALF),
        ("two dates with a comma", dated(&format!("{now},{now}")), HALF),
        ("full-width digits", dated(&now.replace('0', "\u{ff10}")), BAD),
        ("an empty date", signed().set("x-amz-date", ""), HALF),
        ("a name instead", dated("now"), HALF),
        ("another day in the scope", by(|signer| signer.day = Some(moment(-86_400)[..8].to_owned())), BAD),
        ("tomorrow in the scope", by(|signer| signer.day = Some(moment(86_400)[..8].to_owned())), BAD),
        ("a moment in the scope", by(|signer| signer.day = Some(moment(0))), BAD),
        ("no day in the scope", by(|signer| signer.day = Some(String::new())), BAD),
    ];
    for (name, request, expected) in &rows {
        suite.row(name, request, *expected);
    }
}

fn scopes(suite: &mut Suite<'_>) {
    let credential = |from: &str, to: &str| signed().edit("authorization", |text| text.replacen(from, to, 1));
    let day = &moment(0)[..8];
    let rows = [
        ("another region, signed for it", by(|signer| signer.region = "eu-west-1".into()), BAD),
        ("another region, written in", credential("/us-east-1/", "/eu-west-1/"), BAD),
        ("the region in capitals", by(|signer| signer.region = "US-EAST-1".into()), BAD),
        ("no region", by(|signer| signer.region = String::new()), BAD),
        ("a pattern of regions", by(|signer| signer.region = "*".into()), BAD),
        ("another service, signed for it", by(|signer| signer.service = "execute-api".into()), BAD),
        ("another service, written in", credential("/appsync/", "/dynamodb/"), BAD),
        ("the service in capitals", by(|signer| signer.service = "AppSync".into()), BAD),
        ("no service", by(|signer| signer.service = String::new()), BAD),
        ("another end", by(|signer| signer.terminator = "aws5_request".into()), BAD),
        ("no end", by(|signer| signer.terminator = String::new()), BAD),
        ("the end in capitals", by(|signer| signer.terminator = "AWS4_REQUEST".into()), BAD),
        ("four parts", credential("/appsync/", "/"), HALF),
        ("six parts", credential("/appsync/", "/appsync/appsync/"), HALF),
        ("an extra slash", credential("/appsync/", "//appsync/"), HALF),
        ("a slash behind", credential("/aws4_request", "/aws4_request/"), HALF),
        ("a slash in front", credential("Credential=", "Credential=/"), UNKNOWN),
        ("a slash in the access key", credential(ANN.0, "AKIAANN/ANN"), UNKNOWN),
        ("no access key", credential(ANN.0, ""), UNKNOWN),
        ("an empty credential", credential(&format!("{}/{day}/us-east-1/appsync/aws4_request", ANN.0), ""), HALF),
        ("no credential", credential("Credential=", "Cred="), HALF),
        ("the credential's name in capitals", credential("Credential=", "CREDENTIAL="), HALF),
        ("the credential twice", credential("Credential=", &format!("Credential={}/x, Credential=", CAROL.0)), HALF),
        ("an encoded slash", credential("/appsync/", "%2Fappsync%2F"), HALF),
        ("an access key that nobody has", by(|signer| signer.access_key_id = "AKIANOBODYNOBODYNOBO".into()), UNKNOWN),
        ("the access key in small letters", by(|signer| signer.access_key_id = ANN.0.to_lowercase()), UNKNOWN),
        ("the access key and more", by(|signer| signer.access_key_id.push('1')), UNKNOWN),
        ("the access key with a full-width digit", credential(ANN.0, &ANN.0.replace('1', "\u{ff11}")), BAD),
        ("an access key of 20 KB", by(|signer| signer.access_key_id = "A".repeat(20_000)), UNKNOWN),
        ("a name in the place of the access key", by(|signer| signer.access_key_id = "ann".into()), UNKNOWN),
        ("an ARN in the place of the access key", credential(ANN.0, "arn:aws:iam::000000000000:user"), UNKNOWN),
    ];
    for (name, request, expected) in &rows {
        suite.row(name, request, *expected);
    }
}

fn algorithms(suite: &mut Suite<'_>) {
    let algorithm = |name: &str| by(|signer| signer.algorithm = name.into());
    let rows = [
        ("AWS4-HMAC-SHA512", algorithm("AWS4-HMAC-SHA512"), HALF),
        ("AWS4-HMAC-SHA1", algorithm("AWS4-HMAC-SHA1"), HALF),
        ("AWS4-HMAC-SHA256-PAYLOAD", algorithm("AWS4-HMAC-SHA256-PAYLOAD"), HALF),
        ("AWS4-ECDSA-P256-SHA256", algorithm("AWS4-ECDSA-P256-SHA256"), HALF),
        ("AWS4-HMAC-sha256", algorithm("AWS4-HMAC-sha256"), HALF),
        ("AWS4-", algorithm("AWS4-"), HALF),
        ("AWS4-none", algorithm("AWS4-none"), HALF),
        ("aws4-hmac-sha256", algorithm("aws4-hmac-sha256"), NO),
        ("AWS4", algorithm("AWS4"), NO),
        ("AWS", algorithm("AWS"), NO),
        ("AWS3-HTTPS", algorithm("AWS3-HTTPS"), NO),
        ("AWS5-HMAC-SHA256", algorithm("AWS5-HMAC-SHA256"), NO),
        ("a full-width letter", algorithm("AWS4-HMAC-SH\u{ff21}256"), BAD),
        ("Bearer in front", signed().edit("authorization", |text| format!("Bearer {text}")), NO),
        ("the algorithm alone", ask(ONE).with("x-amz-date", moment(0)).with("authorization", "AWS4-HMAC-SHA256"), HALF),
        ("the algorithm twice", algorithm("AWS4-HMAC-SHA256 AWS4-HMAC-SHA256"), HALF),
        ("a comma behind the algorithm", algorithm("AWS4-HMAC-SHA256,"), HALF),
        ("quotes around it", signed().edit("authorization", |text| format!("\"{text}\"")), NO),
        ("no blank behind it", signed().edit("authorization", |text| text.replacen("256 ", "256", 1)), HALF),
    ];
    for (name, request, expected) in &rows {
        suite.row(&format!("the algorithm {name}"), request, *expected);
    }
}

fn signed_headers(suite: &mut Suite<'_>) {
    let listed = |list: &str| by(|signer| signer.signed_headers = list.into());
    let unlisted = |name: &str, value: &str| signed().with(name, value);
    let rows = [
        ("no host in the list", listed("content-type;x-amz-date"), BAD),
        ("no date in the list", listed("content-type;host"), BAD),
        ("only the date", listed("x-amz-date"), BAD),
        ("an empty list", listed(""), HALF),
        ("a semicolon alone", listed(";"), HALF),
        ("a header that is not there", listed("content-type;host;x-amz-date;x-nobody"), HALF),
        ("the pseudo-header :authority", listed(":authority;content-type;x-amz-date"), HALF),
        ("a name twice", listed("content-type;host;host;x-amz-date"), BAD),
        ("not sorted", listed("x-amz-date;host;content-type"), BAD),
        ("names in capitals", listed("Content-Type;Host;X-Amz-Date"), BAD),
        ("blanks between", listed("content-type; host; x-amz-date"), HALF),
        ("commas between", listed("content-type,host,x-amz-date"), HALF),
        ("a semicolon behind", listed("content-type;host;x-amz-date;"), HALF),
        ("a semicolon in front", listed(";content-type;host;x-amz-date"), HALF),
        ("a pattern", listed("*"), HALF),
        ("a list of 20,000 names", listed(&format!("{}content-type;host;x-amz-date", "a;".repeat(20_000))), HALF),
        (
            "the list twice",
            signed().edit("authorization", |text| text.replace("Signature=", "SignedHeaders=host, Signature=")),
            HALF,
        ),
        ("a list that was shortened", signed().edit("authorization", |text| text.replace("content-type;", "")), BAD),
        ("an unsigned x-amz-target", unlisted("x-amz-target", "a"), BAD),
        ("an unsigned x-amz-user-agent-of-mine", unlisted("x-amz-user-agent-of-mine", "aws-amplify"), BAD),
        ("an unsigned x-amz-content-sha256", unlisted("x-amz-content-sha256", &sha256(&ask(ONE).body)), BAD),
        ("an unsigned x-amz-meta", unlisted("X-Amz-Meta-Group", "admins"), BAD),
        ("an unsigned session token", unlisted("x-amz-security-token", BOB_TOKEN), UNKNOWN),
        (
            "the list's name in small letters",
            signed().edit("authorization", |text| text.replace("SignedHeaders=", "signedheaders=")),
            HALF,
        ),
    ];
    for (name, request, expected) in &rows {
        suite.row(&format!("signed headers: {name}"), request, *expected);
    }
}

fn payloads(suite: &mut Suite<'_>) {
    let hash = |value: &str| {
        let list = "content-type;host;x-amz-content-sha256;x-amz-date";
        let signer = Signer { payload: Some(value.into()), signed_headers: list.into(), ..ann() };
        signer.sign(ask(ONE).with("x-amz-content-sha256", value))
    };
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xabV*,M-\xaaT\xb2R\xaaV\xc8\xc8,Q\xa8U\xaa\x05\x00\xf3\xd6\x92\xe2\x11\x00\x00\x00";
    let rows = [
        ("UNSIGNED-PAYLOAD", hash("UNSIGNED-PAYLOAD"), BAD),
        ("UNSIGNED-PAYLOAD with another body", hash("UNSIGNED-PAYLOAD").body("{\"query\":\"{ forSigners }\"}"), BAD),
        ("unsigned-payload", hash("unsigned-payload"), BAD),
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", hash("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), BAD),
        ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", hash("STREAMING-UNSIGNED-PAYLOAD-TRAILER"), BAD),
        ("the hash of nothing", hash(&sha256(b"")), BAD),
        ("the hash of another body", hash(&sha256(b"{}")), BAD),
        ("the right hash in capitals", hash(&sha256(&ask(ONE).body).to_uppercase()), BAD),
        ("an empty hash", hash(""), BAD),
        ("a right hash of the body that is not sent", hash(&sha256(&ask(ONE).body)).body("{\"query\":\"{ forSigners }\"}"), BAD),
        ("the hash twice", hash(&sha256(&ask(ONE).body)).with("x-amz-content-sha256", sha256(&ask(ONE).body)), BAD),
        ("nothing signed for the body", by(|signer| signer.payload = Some(String::new())), BAD),
        ("UNSIGNED-PAYLOAD without its header", by(|signer| signer.payload = Some("UNSIGNED-PAYLOAD".into())), BAD),
        (
            "a compressed body, signed as plain",
            signed().body(gzip).with("content-encoding", "gzip"),
            Refused(415, "UnsupportedMediaTypeException"),
        ),
        ("a compressed body without a word", signed().body(gzip), BAD),
        (
            "chunks of AWS's own",
            {
                let body = String::from_utf8(ask(ONE).body).expect("text");
                let chunk =
                    format!("{:x};chunk-signature={}\r\n{body}\r\n0;chunk-signature={0}\r\n\r\n", body.len(), "0".repeat(64));
                hash("STREAMING-AWS4-HMAC-SHA256-PAYLOAD").body(chunk).with("content-encoding", "aws-chunked")
            },
            Refused(415, "UnsupportedMediaTypeException"),
        ),
    ];
    for (name, request, expected) in &rows {
        suite.row(&format!("payload: {name}"), request, *expected);
    }
}

fn queries(suite: &mut Suite<'_>) {
    // A presigned URL, as other services take it.
    let presigned = |offset: i64| {
        let mut request = Request::get(ONE, "/graphql", HIT);
        let signer = Signer { moment: moment(offset), signed_headers: "host".into(), ..ann() };
        let credential = encode(&format!("{}/{}/us-east-1/appsync/aws4_request", ANN.0, &signer.moment[..8]), "");
        request.target += &format!(
            "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={}&X-Amz-Expires=3600&X-Amz-SignedHeaders=host",
            signer.moment
        );
        let authorization = signer.authorization(&request);
        let signature = authorization.rsplit('=').next().expect("a signature").to_owned();
        request.target += &format!("&X-Amz-Signature={signature}");
        request
    };
    let rows = [
        ("a presigned URL", presigned(0), NO),
        ("a presigned URL of an hour ago", presigned(-3_000), NO),
        ("a presigned POST", presigned(0).method("POST").body(ask(ONE).body), NO),
        ("a presigned URL at an API of signatures only", presigned(0).set("host", TWO), NO),
        ("a signature in the header and in the query", ann().sign(presigned(0).with("x-x", "1")), BAD),
        ("the algorithm in the query", ann().sign(ask(ONE).target("/graphql?X-Amz-Algorithm=AWS4-HMAC-SHA256")), BAD),
        (
            "Authorization in the query",
            {
                let text = encode(&signed().header("authorization").expect("signed"), "");
                ask(ONE).target(&format!("/graphql?authorization={text}"))
            },
            NO,
        ),
        ("the date in the query", signed().without("x-amz-date").target(&format!("/graphql?X-Amz-Date={}", moment(0))), HALF),
    ];
    for (name, request, expected) in &rows {
        suite.row(name, request, *expected);
    }
}

fn sessions(suite: &mut Suite<'_>) {
    // A refusal says what should have been signed, and these are headers that nobody should read there.
    let secret = |name: &str, value: &str| with_signed(&[(name, value)]).body("{}");
    let token = |token: &str| signer(BOB).session(token).sign(ask(ONE));
    let rows = [
        ("with another body", bob().sign(ask(ONE)).body("{}"), BAD),
        ("with its key in signed headers and another body", secret("x-api-key", KEY), BAD),
        ("with a cookie in signed headers and another body", secret("cookie", "session=0123456789abcdef0123456789"), BAD),
        ("without its token", signer(BOB).sign(ask(ONE)), UNKNOWN),
        ("with an empty token", token(""), UNKNOWN),
        ("with another token", token("IQoJb3JpZ2luX2VjEotherotherotherother"), UNKNOWN),
        ("with its token and more", token(&format!("{BOB_TOKEN}=")), UNKNOWN),
        ("with its token cut off", token(&BOB_TOKEN[..40]), UNKNOWN),
        ("with its token in small letters", token(&BOB_TOKEN.to_lowercase()), UNKNOWN),
        ("with its token percent-encoded", token(&encode(BOB_TOKEN, "")), UNKNOWN),
        ("with its token unsigned", signer(BOB).sign(ask(ONE)).with("x-amz-security-token", BOB_TOKEN), BAD),
        ("with its token away after signing", bob().sign(ask(ONE)).without("x-amz-security-token"), UNKNOWN),
        ("with its token changed after signing", bob().sign(ask(ONE)).set("x-amz-security-token", "IQoJother"), UNKNOWN),
        ("with its token twice", bob().sign(ask(ONE)).with("x-amz-security-token", BOB_TOKEN), BAD),
        (
            "with its token in the query",
            { signer(BOB).sign(ask(ONE).target(&format!("/graphql?X-Amz-Security-Token={}", encode(BOB_TOKEN, "")))) },
            UNKNOWN,
        ),
        ("with 50 KB of token", token(&"a".repeat(50_000)), UNKNOWN),
        ("with the token of nobody's session, by a user", ann().session(BOB_TOKEN).sign(ask(ONE)), UNKNOWN),
        ("with an empty token, by a user", ann().session("").sign(ask(ONE)), UNKNOWN),
    ];
    for (name, request, expected) in &rows {
        suite.row(&format!("a session {name}"), request, *expected);
    }
}

fn principals(suite: &mut Suite<'_>) {
    let hit_twice = || Request::post(ONE, "/graphql", "{ a: hit ...f } fragment f on Query { b: hit }");
    let rows = [
        ("without a policy", signer(DAVE).sign(ask(ONE)), NO),
        ("without a policy, a mutation", signer(DAVE).sign(Request::post(ONE, "/graphql", "mutation { hit }")), NO),
        ("with a policy that denies", signer(ERIN).sign(ask(ONE)), NO),
        ("with a policy that denies, under other names", signer(ERIN).sign(hit_twice()), NO),
        ("with a policy that denies, a mutation", signer(ERIN).sign(Request::post(ONE, "/graphql", "mutation { hit }")), NO),
        ("with a policy for another API", signer(FAYE).sign(ask(ONE)), NO),
        ("with a policy for another API, by path", signer(FAYE).sign(ask(TWO).target("/apis/one/graphql")), NO),
        ("at a field for API keys", ann().sign(Request::post(ONE, "/graphql", "{ forKeys }")), Closed),
        (
            "at a field for API keys, with the key beside",
            ann().sign(Request::post(ONE, "/graphql", "{ forKeys }")).with("x-api-key", KEY),
            Closed,
        ),
        ("at a field for API keys of an API without", signer(CAROL).sign(Request::post(TWO, "/graphql", "{ forKeys }")), Closed),
    ];
    for (name, request, expected) in &rows {
        suite.row(&format!("a principal {name}"), request, *expected);
    }
}

fn other_api(suite: &mut Suite<'_>) {
    let shared = || signer(SHARED).sign(ask(ONE));
    let rows = [
        ("Ann at API Two", ann().sign(ask(TWO)), UNKNOWN),
        ("Ann at API Two, by path", ann().sign(ask(ONE).target("/apis/two/graphql")), UNKNOWN),
        ("Ann at API Two, by domain name", ann().sign(ask(TWO_DOMAIN)), UNKNOWN),
        ("Ann at API Two, by the target's host", ann().sign(ask(TWO)).target(&format!("http://{TWO}/graphql")), UNKNOWN),
        ("Carol at API One", signer(CAROL).sign(ask(ONE)), UNKNOWN),
        // Both APIs know this one: what binds the request to one of them is the host, which is signed.
        ("a request to One, sent to Two", shared().set("host", TWO), BAD),
        ("a request to One, sent to Two by domain name", shared().set("host", TWO_DOMAIN), BAD),
        ("a request to One, sent to Two by path", shared().target("/apis/two/graphql"), BAD),
        (
            "a request to One, sent to Two by the target's host",
            shared().target(&format!("http://{TWO}/graphql")),
            Refused(400, "BadRequestException"),
        ),
        (
            "a request to One, sent to Two by the target's domain name",
            shared().target(&format!("http://{TWO_DOMAIN}/graphql")),
            Refused(400, "BadRequestException"),
        ),
        (
            "a request to One, with the target's port",
            shared().target(&format!("http://{ONE}:81/graphql")),
            Refused(400, "BadRequestException"),
        ),
        (
            "a request to One, with a user in the target",
            shared().target(&format!("http://ann@{ONE}/graphql")),
            Refused(400, "BadRequestException"),
        ),
        (
            "a request to One, with another host in front",
            {
                let mut request = shared();
                request.headers.insert(0, ("Host".into(), TWO.into()));
                request
            },
            Refused(400, "BadRequestException"),
        ),
        ("a request to One, forwarded to Two", shared().set("host", TWO).with("x-forwarded-host", ONE), BAD),
    ];
    for (name, request, expected) in &rows {
        suite.row(name, request, *expected);
    }
}

/// A signature and an API key: the signature decides.
fn both(suite: &mut Suite<'_>) {
    let rows = [
        ("a wrong signature beside the right key", signed().body("{\"query\":\"{ forSigners }\"}").with("x-api-key", KEY), BAD),
        ("a late signature beside the right key", by(|signer| signer.moment = moment(-3_600)).with("x-api-key", KEY), BAD),
        ("an unknown signer beside the right key", signer(CAROL).sign(ask(ONE)).with("x-api-key", KEY), UNKNOWN),
        (
            "half a signature beside the right key",
            ask(ONE).with("authorization", "AWS4-HMAC-SHA256 x").with("x-api-key", KEY),
            HALF,
        ),
        (
            "the right key at an API of signatures, half a signature",
            ask(TWO).with("authorization", "AWS4-HMAC-SHA256 x").with("x-api-key", KEY),
            HALF,
        ),
    ];
    for (name, request, expected) in &rows {
        suite.row(name, request, *expected);
    }
}
