//! Keys that a function in this process has: asked when a fetch would be, off the workers, and bound to their issuer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;

use jwt_verifier::{Error, FetchError, KeySource, KeySourceSettings, Rules, Verifier};
use value::{Value, value};

use crate::support::{NOW, SigningKey, TestClock, claims, keys};

const ISSUER: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example01";

/// What a provider answers next, and how it was asked.
#[derive(Clone)]
struct Provider {
    answer: Arc<Mutex<Result<Value, String>>>,
    calls: Arc<AtomicUsize>,
    threads: Arc<Mutex<Vec<ThreadId>>>,
}

impl Provider {
    fn new(jwks: Vec<Value>) -> Self {
        Self { answer: Arc::new(Mutex::new(Ok(value!({"keys": jwks})))), calls: Arc::default(), threads: Arc::default() }
    }

    fn set(&self, answer: Result<Value, String>) {
        *self.answer.lock().expect("no panic") = answer;
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn verifier(&self, clock: &Arc<TestClock>) -> Verifier {
        let provider = self.clone();
        let function = move || {
            provider.calls.fetch_add(1, Ordering::SeqCst);
            provider.threads.lock().expect("no panic").push(std::thread::current().id());
            provider.answer.lock().expect("no panic").clone()
        };
        let settings = KeySourceSettings::default();
        let source = KeySource::provided_with(ISSUER, Arc::new(function), settings, clock.clone());
        assert_eq!(source.location(), None);
        assert!(format!("{source:?}").contains(ISSUER));
        // Without an issuer in the rules: the source's own is compared.
        Verifier::with_cache(Rules::default(), Arc::new(source), 0).expect("a provided source knows its issuer")
    }
}

fn token(key: &SigningKey, kid: &str, issuer: &str) -> String {
    let mut claims = claims(issuer);
    claims.as_object_mut().expect("an object").insert("exp", NOW / 1000 + 86_400);
    key.rs256(kid, &claims)
}

async fn outcome(verifier: &Verifier, key: &SigningKey, kid: &str) -> Result<(), Error> {
    verifier.verify(token(key, kid, ISSUER).as_bytes()).await.map(|_| ())
}

#[tokio::test]
async fn provided_keys_are_asked_for_once_off_the_workers() {
    let (provider, clock) = (Provider::new(vec![keys().rsa.jwk("a")]), TestClock::new());
    let verifier = provider.verifier(&clock);
    assert_eq!(provider.calls(), 0, "nothing is asked before a token needs it");
    for _ in 0..3 {
        assert_eq!(outcome(&verifier, &keys().rsa, "a").await, Ok(()));
    }
    assert_eq!(provider.calls(), 1);
    // This test's runtime has one worker, the thread that runs the test.
    assert!(!provider.threads.lock().expect("no panic").contains(&std::thread::current().id()));
}

#[tokio::test]
async fn an_unknown_kid_asks_the_provider_again_but_not_too_often() {
    let (provider, clock) = (Provider::new(vec![keys().rsa.jwk("a")]), TestClock::new());
    let verifier = provider.verifier(&clock);
    assert_eq!(outcome(&verifier, &keys().rsa, "a").await, Ok(()));
    provider.set(Ok(value!({"keys": [(keys().other_rsa.jwk("b"))]})));
    assert_eq!(outcome(&verifier, &keys().other_rsa, "b").await, Err(Error::UnknownKey), "asked a moment ago");
    clock.advance(11);
    assert_eq!(outcome(&verifier, &keys().other_rsa, "b").await, Ok(()));
    assert_eq!(outcome(&verifier, &keys().rsa, "a").await, Err(Error::UnknownKey), "the old key is gone");
    assert_eq!(provider.calls(), 2);
}

#[tokio::test]
async fn provided_keys_pass_no_other_issuers_tokens() {
    let (provider, clock) = (Provider::new(vec![keys().rsa.jwk("a")]), TestClock::new());
    let verifier = provider.verifier(&clock);
    for issuer in ["https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example02", ""] {
        let refused = verifier.verify(token(&keys().rsa, "a", issuer).as_bytes()).await.err();
        assert_eq!(refused, Some(Error::WrongIssuer), "{issuer:?}");
    }
}

#[tokio::test]
async fn a_provider_without_keys_refuses_and_recovers() {
    let (provider, clock) = (Provider::new(vec![]), TestClock::new());
    let cases: [(Result<Value, String>, &str); 2] = [
        (Err("the folder is not writable".to_owned()), "the folder is not writable"),
        (Ok(value!({"key": "set"})), "the answer is no key set: no list `keys`"),
    ];
    let verifier = provider.verifier(&clock);
    for (answer, expected) in cases {
        provider.set(answer);
        let reason = FetchError::Provided { issuer: ISSUER.to_owned(), reason: expected.to_owned() };
        assert_eq!(outcome(&verifier, &keys().rsa, "a").await, Err(Error::KeysUnavailable(Arc::new(reason))));
        clock.advance(61);
    }
    provider.set(Ok(value!({"keys": [(keys().rsa.jwk("a"))]})));
    assert_eq!(outcome(&verifier, &keys().rsa, "a").await, Ok(()));
}

#[tokio::test]
async fn a_provider_that_panics_is_a_failure_of_its_issuer_only() {
    let source = KeySource::provided(ISSUER, Arc::new(|| panic!("a provider's own fault")));
    let verifier = Verifier::new(Rules::default(), Arc::new(source)).expect("sound rules");
    let second = i64::try_from(std::time::SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_secs()).expect("near");
    let claims = value!({"iss": ISSUER, "iat": (second - 1), "exp": (second + 60)});
    let refused = verifier.verify(keys().rsa.rs256("a", &claims).as_bytes()).await.err();
    assert!(matches!(refused, Some(Error::KeysUnavailable(_))), "{refused:?}");
}
