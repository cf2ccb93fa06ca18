//! Laws of the way in over arbitrary requests: what the fuzz targets look for longer.

use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use syncgate::auth::sigv4::{self, Credential, Scope, SignedRequest};
use syncgate::auth::{ApiKey, ApiKeys, Authenticator, CognitoIdentity, IamAuthenticator, Principal, Way};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn principal() -> Principal {
    Principal {
        name: "ann".into(),
        access_key_id: "AKIDEXAMPLE".into(),
        secret_access_key: SECRET.into(),
        session_token: None,
        policies: Vec::new(),
        account_id: "123456789012".into(),
        user_arn: "arn:aws:iam::123456789012:user/ann".into(),
        username: "ann".into(),
        cognito: CognitoIdentity::default(),
    }
}

/// Headers that the way in looks at, with values of any kind and of the kind that gets far.
fn headers() -> impl Strategy<Value = HeaderMap> {
    let names = ["authorization", "x-api-key", "x-amz-date", "date", "x-amz-security-token", "x-amz-content-sha256", "host", "x"];
    let value = prop_oneof![
        prop::collection::vec(any::<u8>().prop_filter("of a header", |byte| *byte >= 32 && *byte != 127), 0..60),
        "(AWS4-HMAC-SHA256|AWS4-|Bearer|) ?(Credential=AKIDEXAMPLE/20150830/us-east-1/appsync/aws4_request,? ?)?(SignedHeaders=[a-z;-]{0,20},? ?)?(Signature=[0-9a-f]{0,64})?"
            .prop_map(String::into_bytes),
        Just(b"20150830T123600Z".to_vec()),
        "da2-[a-z0-9]{0,26}".prop_map(String::into_bytes),
    ];
    prop::collection::vec((prop::sample::select(names.to_vec()), value), 0..8).prop_map(|headers| {
        let headers = headers
            .into_iter()
            .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::from_bytes(&value).ok()?)));
        let mut map = HeaderMap::new();
        headers.for_each(|(name, value)| {
            map.append(name, value);
        });
        map
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_way_is_one_that_is_configured(headers in headers(), query in "[ -~]{0,40}", modes in 0..4_u8) {
        let (has_keys, has_iam) = (modes & 1 != 0, modes & 2 != 0);
        let mut api = Authenticator::new();
        if has_keys {
            api = api.api_keys(ApiKeys::new([ApiKey::new("da2-properties")]));
        }
        if has_iam {
            api = api.iam(IamAuthenticator::new([principal()], Some("us-east-1".into())));
        }
        match api.way(&headers, &query) {
            Ok(Way::ApiKey) => prop_assert!(has_keys && headers.contains_key("x-api-key")),
            Ok(Way::Iam) => prop_assert!(has_iam && headers.get_all("authorization").iter().count() == 1),
            Ok(other) => prop_assert!(false, "{other:?} is not configured"),
            Err(fault) => prop_assert!(matches!(fault.status().as_u16(), 401 | 403)),
        }
    }

    #[test]
    fn nothing_is_signed_by_chance(headers in headers(), method in "[A-Z]{0,8}", path in "[ -~é]{0,30}", query in "[ -~é]{0,40}", body: Vec<u8>) {
        let request = SignedRequest { method: &method, path: &path, query: &query, headers: &headers, body: &body };
        let scope = Scope { region: Some("us-east-1"), service: "appsync" };
        let now = UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        let outcome = sigv4::verify(&request, scope, now, sigv4::TOLERANCE, |id, _| {
            Some(Credential { access_key_id: id.to_owned(), secret_access_key: SECRET.to_owned() })
        });
        let error = outcome.expect_err("nobody signed this");
        prop_assert!(!error.to_string().contains(SECRET) && !error.code().is_empty());
    }
}
