//! Signature Version 4: any request is refused without the secret, and the one that was signed stays accepted in every spelling
//! that means the same, in no other.
//!
//! Input, by lines: method, path, query, then headers as `name: value` up to an empty line, then the body. A header
//! `authorization` without value gets a complete signature by nobody, so that the later checks are reached.

#![no_main]
#![allow(dead_code, reason = "the module is taken in by its path, and only its way in is used")]

use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

#[path = "../../src/auth/sigv4/mod.rs"]
pub mod sigv4;

use sigv4::{Credential, Scope, SignedRequest};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/appsync/aws4_request, \
                         SignedHeaders=host;x-amz-date, Signature=00000000000000000000000000000000000000000000000000000000000000ff";

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    let mut line = || {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let (line, more) = rest.split_at(end);
        rest = more.get(1..).unwrap_or_default();
        line
    };
    let [method, path, query] = [(); 3].map(|()| String::from_utf8_lossy(line()).into_owned());
    let mut headers = HeaderMap::new();
    loop {
        let line = line();
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { break };
        let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(line[colon + 1..].trim_ascii()))
        else {
            continue;
        };
        let value = if name == "authorization" && value.is_empty() { HeaderValue::from_static(SIGNATURE) } else { value };
        if headers.try_append(name, value).is_err() {
            return;
        }
    }
    let request = SignedRequest { method: &method, path: &path, query: &query, headers: &headers, body: rest };
    let scope = Scope { region: Some("us-east-1"), service: "appsync" };
    let now = UNIX_EPOCH + Duration::from_secs(1_440_938_160);
    let outcome = sigv4::verify(&request, scope, now, sigv4::TOLERANCE, |id, token| {
        (id == "AKIDEXAMPLE" && token.is_none())
            .then(|| Credential { access_key_id: id.to_owned(), secret_access_key: SECRET.to_owned() })
    });
    let error = outcome.expect_err("nobody signed this");
    // The fuzzer finds texts that are compared with; what the request itself says may be repeated.
    if !data.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()) {
        assert!(!error.to_string().contains(SECRET) && !format!("{error:?}").contains(SECRET));
    }
    assert!(!error.code().is_empty());
});
