//! The `Authorization` header and its company: which mode judges a request, and that none lets it in.
//!
//! Input: headers as `name: value` by lines up to an empty line, then the query.

#![no_main]

use std::sync::{Arc, LazyLock};

use http::{HeaderMap, HeaderName, HeaderValue};
use jwt_verifier::{KeyLocation, KeySource, Rules, Verifier};
use libfuzzer_sys::fuzz_target;
use syncgate::auth::{
    ApiKey, ApiKeys, Authenticator, CognitoIdentity, IamAuthenticator, Principal, TokenKind, TokenProvider, Way,
};

/// Nobody is asked for keys: a way is chosen without them.
const ISSUER: &str = "https://issuer.example";

/// An API, and whether it has keys, principals, and issuers.
type Modes = (Authenticator, bool, bool, bool);

/// One API of every combination of modes.
static APIS: LazyLock<Vec<Modes>> = LazyLock::new(|| {
    let keys = || ApiKeys::new([ApiKey::new("da2-fuzzfuzzfuzzfuzzfuzzfuzz01")]);
    let principal = Principal {
        name: "ann".into(),
        access_key_id: "AKIDEXAMPLE".into(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
        session_token: None,
        policies: Vec::new(),
        account_id: "123456789012".into(),
        user_arn: "arn:aws:iam::123456789012:user/ann".into(),
        username: "ann".into(),
        cognito: CognitoIdentity::default(),
    };
    let iam = || IamAuthenticator::new([principal.clone()], Some("us-east-1".into()));
    let tokens = || {
        let keys = KeySource::new(KeyLocation::discovery(ISSUER).expect("an issuer"));
        let verifier = Verifier::new(Rules::default(), Arc::new(keys)).expect("sound rules");
        vec![TokenProvider::new(ISSUER.into(), TokenKind::OpenIdConnect, verifier)]
    };
    let mut apis = Vec::new();
    for bits in 0..8 {
        let (has_keys, has_iam, has_tokens) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
        let mut api = Authenticator::new();
        if has_keys {
            api = api.api_keys(keys());
        }
        if has_iam {
            api = api.iam(iam());
        }
        if has_tokens {
            api = api.tokens(tokens(), false);
        }
        apis.push((api, has_keys, has_iam, has_tokens));
    }
    apis
});

fuzz_target!(|data: &[u8]| {
    let mut headers = HeaderMap::new();
    let mut lines = data.split(|byte| *byte == b'\n');
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(line[colon + 1..].trim_ascii()))
        else {
            continue;
        };
        if headers.try_append(name, value).is_err() {
            return;
        }
    }
    let query = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let credential = headers.get("authorization").map(|value| value.as_bytes().trim_ascii());
    for (api, has_keys, has_iam, has_tokens) in &*APIS {
        let chosen = api.way(&headers, &query);
        assert!(chosen.is_err() || headers.get_all("authorization").iter().count() < 2, "two of them are refused");
        match chosen {
            Ok(Way::ApiKey) => assert!(*has_keys && headers.contains_key("x-api-key")),
            Ok(Way::Iam) => assert!(*has_iam && credential.expect("a signature").starts_with(b"AWS4-")),
            Ok(Way::Token { token, issuer }) => {
                assert!(*has_tokens && credential.expect("a token").ends_with(token));
                assert_eq!(issuer.as_deref().map(|issuer| issuer.trim_end_matches('/')), Some(ISSUER));
            }
            Ok(Way::Remembered(_)) => panic!("nobody was let in before"),
            #[allow(unreachable_patterns, reason = "further modes are not configured here")]
            Ok(other) => panic!("{other:?} is not configured"),
            Err(fault) => {
                assert!(matches!(fault.status().as_u16(), 401 | 403));
                assert!(!fault.error_type().is_empty() && !fault.to_string().is_empty());
            }
        }
    }
});
