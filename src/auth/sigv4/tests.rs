//! AWS's own test suite, and what it does not have: refusals.

use std::time::UNIX_EPOCH;

use http::{HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2015-08-30 12:36:00 UTC, the moment of the suite.
const MOMENT: u64 = 1_440_938_160;

struct Case {
    name: String,
    method: String,
    path: String,
    query: String,
    headers: HeaderMap,
    body: String,
}

impl Case {
    /// A request in the suite's form.
    fn parse(name: &str, text: &str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        // A value on several lines is one value; HTTP libraries unfold it.
        let head = head.replace("\n ", " ");
        let mut lines = head.lines();
        let line = lines.next().expect("a request line");
        let (method, rest) = line.split_once(' ').expect("a method");
        let target = rest.strip_suffix(" HTTP/1.1").expect("a version");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = HeaderMap::new();
        for line in lines.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').expect("a header");
            let name = HeaderName::from_bytes(name.to_lowercase().as_bytes()).expect("a name");
            headers.append(name, HeaderValue::from_bytes(value.trim().as_bytes()).expect("a value"));
        }
        let [method, path, query, body, name] = [method, path, query, body, name].map(str::to_owned);
        Self { name, method, path, query, headers, body }
    }

    fn request(&self) -> SignedRequest<'_> {
        SignedRequest {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: self.body.as_bytes(),
        }
    }

    fn verify_at(&self, seconds: u64) -> Result<Principal, SignatureError> {
        let scope = Scope { region: Some("us-east-1"), service: "service" };
        verify(&self.request(), scope, UNIX_EPOCH + Duration::from_secs(seconds), TOLERANCE, |id, token| {
            (id == "AKIDEXAMPLE" && token != Some("other"))
                .then(|| Credential { access_key_id: id.to_owned(), secret_access_key: SECRET.to_owned() })
        })
    }

    fn verify(&self) -> Result<Principal, SignatureError> {
        self.verify_at(MOMENT)
    }
}

/// The cases of the suite with their canonical requests, signed.
fn suite() -> Vec<(Case, String)> {
    let mut parts = include_str!("aws4_testsuite.txt").split("##### ").skip(1);
    let mut cases = Vec::new();
    while let (Some(request), Some(canonical), Some(authorization)) = (parts.next(), parts.next(), parts.next()) {
        let (name, text) = request.split_once('\n').expect("a name");
        let mut case = Case::parse(name, text.strip_suffix('\n').expect("a line"));
        let authorization = authorization.trim().strip_prefix("authz\n").expect("a signature");
        case.headers.insert("authorization", HeaderValue::from_str(authorization).expect("a value"));
        let canonical = canonical.strip_prefix("creq\n").and_then(|text| text.strip_suffix('\n')).expect("a request");
        cases.push((case, canonical.to_owned()));
    }
    cases
}

fn case(name: &str) -> Case {
    suite().into_iter().find(|(case, _)| case.name == name).expect("a case").0
}

#[test]
fn the_suite_of_aws_is_verified() {
    let cases = suite();
    assert_eq!(cases.len(), 34);
    for (case, expected) in cases {
        let authorization = Authorization::read(&case.headers, &case.query).expect("readable").expect("a signature");
        let signer = authorization.signer(&case.headers, Scope { region: None, service: "service" }).expect("a signer");
        let payload = sha256_hex(case.body.as_bytes());
        let canonical = canonical::request(&case.request(), &signer.signed_headers, &payload);
        assert_eq!(String::from_utf8_lossy(&canonical), expected, "{}", case.name);
        if case.name == "post-sts-token/post-sts-header-after" {
            // A token that is not signed is a choice of some services, not of ours.
            let error = case.verify().expect_err("refused");
            assert_eq!(error.to_string(), "'x-amz-security-token' must be a 'SignedHeader' in the AWS Authorization header.");
            continue;
        }
        let principal = case.verify().unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert_eq!(principal, Principal { access_key_id: "AKIDEXAMPLE".into(), region: "us-east-1".into() });
    }
}

#[test]
fn whatever_is_changed_after_signing_is_noticed() {
    type Change = fn(&mut Case);
    let changes: [(&str, Change); 7] = [
        ("the method", |case| case.method = "PUT".into()),
        ("the path", |case| case.path = "/other".into()),
        ("the query", |case| case.query = "Param1=value2".into()),
        ("the host", |case| drop(case.headers.insert("host", HeaderValue::from_static("evil.test")))),
        ("a signed header", |case| drop(case.headers.insert("content-type", HeaderValue::from_static("text/html")))),
        ("a value more", |case| assert!(case.headers.append("content-type", HeaderValue::from_static("text/html")))),
        ("the body", |case| case.body += "&Param2=value2"),
    ];
    for (what, change) in changes {
        let mut case = case("post-x-www-form-urlencoded");
        change(&mut case);
        let error = case.verify().expect_err(what);
        assert!(matches!(error, SignatureError::DoesNotMatch { .. }), "{what}: {error}");
        assert_eq!(error.code(), "InvalidSignatureException");
        assert!(!format!("{error:?}").contains(SECRET));
    }
}

/// A refusal by header: what the vanilla request is changed to, and AWS's answer.
#[test]
fn refusals_are_worded_as_aws_words_them() {
    let header = |value: &str| format!("AWS4-HMAC-SHA256 {value}");
    let credential = "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
    let (signed, signature) = ("SignedHeaders=host;x-amz-date", format!("Signature={}", "0".repeat(64)));
    let with = |credential: &str| header(&format!("{credential}, {signed}, {signature}"));
    let cases: &[(&str, String, &str, &str)] = &[
        ("authorization", "Bearer x".into(), "MissingAuthenticationTokenException", "Request is missing Authentication Token"),
        ("authorization", "AWS4".into(), "MissingAuthenticationTokenException", "Request is missing Authentication Token"),
        (
            "authorization",
            header(credential),
            "IncompleteSignatureException",
            "Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. \
             Authorization=AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request",
        ),
        (
            "authorization",
            with(credential).replace("SHA256", "SHA512"),
            "IncompleteSignatureException",
            "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'. Only AWS4-HMAC-SHA256 is accepted.",
        ),
        (
            "authorization",
            with("Credential=AKIDEXAMPLE/20150830/us-east-1"),
            "IncompleteSignatureException",
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
             'AKIDEXAMPLE/20150830/us-east-1'",
        ),
        (
            "authorization",
            with("Credential=AKIDEXAMPLE/20150829/eu-west-1/s3/aws5_request"),
            "InvalidSignatureException",
            "Credential should be scoped to a valid region, not 'eu-west-1'. Credential should be scoped to correct service: \
             'service'. Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. Date in \
             Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150829' != '20150830', from \
             '20150830T123600Z'.",
        ),
        (
            "authorization",
            with("Credential=AKIDOTHER/20150830/us-east-1/service/aws4_request"),
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        (
            "authorization",
            with(credential).replace("host;", ""),
            "InvalidSignatureException",
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization header.",
        ),
        (
            "authorization",
            with(credential).replace("host;", "accept;host;x-a;"),
            "IncompleteSignatureException",
            "'accept' is named as a SignedHeader, but it does not exist in the HTTP request. 'x-a' is named as a SignedHeader, but \
             it does not exist in the HTTP request.",
        ),
        (
            "x-amz-target",
            "DynamoDB_20120810.DeleteTable".into(),
            "InvalidSignatureException",
            "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization header.",
        ),
        (
            "x-amz-date",
            "2015-08-30T12:36:00Z".into(),
            "IncompleteSignatureException",
            "Date must be in ISO-8601 'basic format'. Got '2015-08-30T12:36:00Z'. See http://en.wikipedia.org/wiki/ISO_8601",
        ),
        (
            "x-amz-security-token",
            "other".into(),
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
    ];
    for (name, value, code, message) in cases {
        let mut case = case("get-vanilla");
        case.headers.insert(*name, HeaderValue::from_str(value).expect("a value"));
        let error = case.verify().expect_err(value);
        assert_eq!((error.code(), error.to_string().as_str()), (*code, *message), "{name}: {value}");
    }
}

#[test]
fn clients_may_add_their_name_after_signing() {
    let mut case = case("get-vanilla");
    case.headers.insert("x-amz-user-agent", HeaderValue::from_static("aws-amplify/3.0.7"));
    assert!(case.verify().is_ok());
    case.headers.insert("x-amz-user-agents", HeaderValue::from_static("a"));
    assert!(matches!(case.verify(), Err(SignatureError::UnsignedHeaders(_))));
}

#[test]
fn clocks_may_differ_by_five_minutes() {
    let case = case("get-vanilla");
    for offset in [-300_i64, -1, 0, 299, 300] {
        assert!(case.verify_at(MOMENT.saturating_add_signed(offset)).is_ok(), "{offset}");
    }
    let text = |offset: i64| case.verify_at(MOMENT.saturating_add_signed(offset)).expect_err("refused").to_string();
    assert_eq!(text(301), "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)");
    assert_eq!(
        text(-301),
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)"
    );
}

#[test]
fn a_signature_is_in_the_header_only() {
    let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=b&X-Amz-Signature=c&X-Amz-SignedHeaders=host&X-Amz-Date=d";
    let mut both = case("get-vanilla");
    both.query = query.into();
    assert_eq!(both.verify(), Err(SignatureError::Ambiguous));
    let mut presigned = case("get-vanilla");
    presigned.headers.remove("authorization");
    assert_eq!(presigned.verify(), Err(SignatureError::MissingToken));
    presigned.query = query.into();
    assert_eq!(presigned.verify(), Err(SignatureError::Presigned));
    presigned.query = query.replace("&X-Amz-Date=d", "");
    assert_eq!(
        presigned.verify().expect_err("incomplete").to_string(),
        "AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters."
    );
    let mut twice = case("get-vanilla");
    twice.headers.append("authorization", HeaderValue::from_static("AWS4-x"));
    assert_eq!(twice.verify(), Err(SignatureError::Repeated("authorization")));
}

#[test]
fn the_payload_is_signed() {
    let check = |value: &str, expected: &SignatureError| {
        let mut case = case("get-vanilla");
        let signed = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                      SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=00";
        case.headers.insert("authorization", HeaderValue::from_static(signed));
        case.headers.insert("x-amz-content-sha256", HeaderValue::from_str(value).expect("a value"));
        assert_eq!(case.verify().as_ref(), Err(expected), "{value}");
    };
    check("UNSIGNED-PAYLOAD", &SignatureError::UnsignedPayload);
    check("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", &SignatureError::UnsignedPayload);
    check(&sha256_hex(b"other"), &SignatureError::PayloadMismatch);
}

#[test]
fn derived_keys_are_kept_for_their_own_scope_and_only_when_they_proved_right() {
    let keys = SigningKeys::default();
    let check = |case: &Case, secret: &str, seconds: u64| {
        let clock = (UNIX_EPOCH + Duration::from_secs(seconds), TOLERANCE);
        verify_with(&case.request(), Scope { region: None, service: "service" }, clock, Some(&keys), |_, _| {
            Some(secret.to_owned())
        })
    };
    let case = case("get-vanilla");
    assert!(check(&case, "another secret", MOMENT).is_err());
    assert_eq!(keys.count(), 0, "a wrong key is not kept");
    for _ in 0..2 {
        assert!(check(&case, SECRET, MOMENT).is_ok());
        assert_eq!(keys.count(), 1);
    }
    // A kept key opens nothing that its owner did not sign.
    let mut other = case_with(&case, |text| text.replace("us-east-1", "eu-west-1"));
    assert!(check(&other, SECRET, MOMENT).is_err());
    other = case_with(&case, |text| text.replace("AKIDEXAMPLE", "AKIDOTHER"));
    assert!(check(&other, "secret of somebody else", MOMENT).is_err());
    other = case_with(&case, str::to_owned);
    other.path = "/other".into();
    assert!(check(&other, SECRET, MOMENT).is_err());
    assert!(check(&case, SECRET, MOMENT + 301).is_err());
    assert_eq!(keys.count(), 1);
    for (case, _) in suite().into_iter().filter(|(case, _)| case.name != "post-sts-token/post-sts-header-after") {
        assert!(check(&case, SECRET, MOMENT).is_ok(), "{}", case.name);
    }
    assert_eq!(keys.count(), 1);
    let shown = format!("{keys:?}");
    assert_eq!(shown, "SigningKeys { .. }");
}

/// A case with another `Authorization` header.
fn case_with(case: &Case, change: impl Fn(&str) -> String) -> Case {
    let mut headers = case.headers.clone();
    let changed = change(headers["authorization"].to_str().expect("text"));
    headers.insert("authorization", HeaderValue::from_str(&changed).expect("a value"));
    let [name, method, path, query, body] = [&case.name, &case.method, &case.path, &case.query, &case.body].map(String::clone);
    Case { name, method, path, query, headers, body }
}

proptest! {
    /// Nothing that a header or a query can hold is accepted by chance, or ends in a panic.
    #[test]
    fn any_header_is_refused(
        authorization in "(AWS4-HMAC-SHA256 |AWS4-)?[ -~]{0,40}(Credential=[ -~]{0,20}(/[ -~]{0,8}){0,5}[, ])?(SignedHeaders=[a-z;]{0,9},)?(Signature=[0-9a-fé]{0,64})?",
        date in "[0-9TZ-]{0,17}|20150830T123600Z",
        path in "[ -~]{0,30}",
        query in "[ -~é]{0,40}",
    ) {
        let mut case = case("get-vanilla");
        case.path = path;
        case.query = query;
        case.headers.insert("x-amz-date", HeaderValue::from_str(&date).expect("a value"));
        case.headers.insert("authorization", HeaderValue::from_bytes(authorization.as_bytes()).expect("a value"));
        prop_assert!(case.verify().is_err());
    }
}
