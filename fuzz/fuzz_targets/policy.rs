//! Policy documents of IAM: any text is a policy or refused, and a policy decides about any action and resource, in bounded time.
//!
//! Input: the document, a line feed, the action, a line feed, the resource; what is missing is AppSync's.

#![no_main]

use iam_policy::{Decision, Policy, decide};
use libfuzzer_sys::fuzz_target;
use value::Value;

const FIELD: &str = "arn:aws:appsync:eu-west-1:123456789012:apis/club/types/Query/fields/members";

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(3, |byte| *byte == b'\n');
    let Ok(document) = Value::parse(parts.next().unwrap_or_default()) else { return };
    let text = |part: Option<&[u8]>, default: &str| {
        part.map_or_else(|| default.to_owned(), |part| String::from_utf8_lossy(part).into_owned())
    };
    let (action, resource) = (text(parts.next(), "appsync:GraphQL"), text(parts.next(), FIELD));
    let everything = |effect: &str| {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"{effect}","Action":"*","Resource":"*"}}}}"#);
        Policy::read(&Value::parse(text.as_bytes()).expect("JSON")).expect("a policy")
    };
    let policy = match Policy::read(&document) {
        Ok(policy) => policy,
        Err(faults) => {
            assert!(!faults.is_empty(), "a refusal says why");
            return;
        }
    };
    let decision = decide([&policy], &action, &resource);
    // Deny wins, whatever stands before or behind it.
    let (allow, deny) = (everything("Allow"), everything("Deny"));
    assert_eq!(decide([&policy, &deny], &action, &resource), Decision::ExplicitlyDenied);
    assert_eq!(decide([&deny, &policy], &action, &resource), Decision::ExplicitlyDenied);
    // What allows everything changes silence only.
    let expected = if decision == Decision::ExplicitlyDenied { decision } else { Decision::Allowed };
    assert_eq!(decide([&policy, &allow], &action, &resource), expected);
    // Without a statement that allows, nothing is allowed.
    if decision == Decision::Allowed {
        assert!(document.to_json().contains("Allow"), "allowed by a policy that never says so");
    }
});
