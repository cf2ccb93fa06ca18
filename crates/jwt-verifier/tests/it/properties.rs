//! Laws over arbitrary bytes: nothing panics, nothing passes that was not signed.

use std::sync::{Arc, OnceLock};

use jwt_verifier::{KeyLocation, KeySource, KeySourceSettings, Rules, Verifier, claim_strings, peek};
use proptest::prelude::*;
use tokio::runtime::Runtime;
use value::{Value, value};

use crate::support::{Issuer, TestClock, claims, encode, key_set, keys};

struct World {
    runtime: Runtime,
    verifier: Verifier,
    issuer: Issuer,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let issuer = runtime.block_on(Issuer::start(key_set([keys().p256.jwk("k")])));
        let location = KeyLocation::discovery(&issuer.url).expect("loopback");
        let source = KeySource::with(location, KeySourceSettings::default(), TestClock::new());
        let verifier = Verifier::new(Rules::default(), Arc::new(source)).expect("sound rules");
        World { runtime, verifier, issuer }
    })
}

fn passes(token: &[u8]) -> bool {
    world().runtime.block_on(world().verifier.verify(token)).is_ok()
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".{0,4}", inner), 0..4)
                .prop_map(|members| Value::from(members.into_iter().collect::<value::Object>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(!passes(&bytes));
        let _ = peek(&bytes, 300);
    }

    #[test]
    fn arbitrary_parts_are_refused(header in any::<Vec<u8>>(), claims in any::<Vec<u8>>(), signature in any::<Vec<u8>>()) {
        let token = format!("{}.{}.{}", encode(header), encode(claims), encode(signature));
        prop_assert!(!passes(token.as_bytes()));
    }

    #[test]
    fn arbitrary_json_without_a_signature_is_refused(kid in ".{0,8}", member in json(), signature in prop::collection::vec(any::<u8>(), 64)) {
        let header = value!({"alg": "ES256", "kid": (kid.as_str()), "x": (&member)}).to_json();
        let token = format!("{}.{}.{}", encode(header), encode(claims(&world().issuer.url).to_json()), encode(signature));
        prop_assert!(!passes(token.as_bytes()));
    }

    #[test]
    fn signed_claims_arrive_unchanged(name in "x.{0,4}", member in json()) {
        let mut expected = claims(&world().issuer.url);
        expected.as_object_mut().expect("an object").insert(name.as_str(), &member);
        let token = keys().p256.token("ES256", r#"{"alg":"ES256","kid":"k"}"#, &expected.to_json());
        let verified = world().runtime.block_on(world().verifier.verify(token.as_bytes()));
        prop_assert_eq!(verified.map(|verified| verified.claims.to_json()), Ok(expected.to_json()));
        prop_assert!(claim_strings(&expected, &name).count() <= 4);
    }

    #[test]
    fn signed_claims_of_any_type_do_not_panic(iss in json(), aud in json(), exp in json(), iat in json(), nbf in json()) {
        let claims = value!({"iss": iss, "aud": aud, "exp": exp, "iat": iat, "nbf": nbf}).to_json();
        let token = keys().p256.token("ES256", r#"{"alg":"ES256","kid":"k"}"#, &claims);
        prop_assert!(!passes(token.as_bytes()));
    }
}
