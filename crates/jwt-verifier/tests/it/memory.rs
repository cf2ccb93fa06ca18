//! The memory of verified tokens: what it spares, and what ends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jwt_verifier::{Error, KeyLocation, KeySource, KeySourceSettings, Rules, TokenDigest, Verifier, peek};

use crate::support::{Issuer, Reply, TestClock, claims, key_set, keys};

struct Setup {
    issuer: Issuer,
    clock: Arc<TestClock>,
    verifier: Verifier,
    /// How often a signature was verified: the client matcher runs right after.
    verified: Arc<AtomicUsize>,
}

impl Setup {
    async fn new(rules: Rules) -> Self {
        let issuer = Issuer::start(key_set([keys().rsa.jwk("a")])).await;
        let clock = TestClock::new();
        let location = KeyLocation::discovery(&issuer.url).expect("loopback");
        let source = KeySource::with(location, KeySourceSettings::default(), clock.clone());
        let verified = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&verified);
        let client = move |_: &value::Value| {
            counter.fetch_add(1, Ordering::SeqCst);
            true
        };
        let rules = Rules { client: Some(Arc::new(client)), ..rules };
        let verifier = Verifier::new(rules, Arc::new(source)).expect("sound rules");
        Self { issuer, clock, verifier, verified }
    }

    fn token(&self) -> String {
        keys().rsa.rs256("a", &claims(&self.issuer.url))
    }

    async fn outcome(&self, token: &str) -> Result<(), Error> {
        self.verifier.verify(token.as_bytes()).await.map(|_| ())
    }

    fn verified(&self) -> usize {
        self.verified.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_token_is_verified_once() {
    let setup = Setup::new(Rules::default()).await;
    let token = setup.token();
    let digest = TokenDigest::of(token.as_bytes());
    assert!(setup.verifier.remembered(&digest).is_none());
    let first = setup.verifier.verify(token.as_bytes()).await.expect("a good token");
    let second = setup.verifier.verify(token.as_bytes()).await.expect("a good token");
    assert!(Arc::ptr_eq(&first, &second));
    assert!(setup.verifier.remembered(&digest).is_some_and(|known| Arc::ptr_eq(&first, &known)));
    assert_eq!(setup.verified(), 1);
    // Another text of the same parts is another token.
    let other = format!("{token}A");
    assert!(setup.outcome(&other).await.is_err());
    assert_eq!(first.claims.at(&["sub"]), &value::value!("ann"));
    assert_eq!((&*first.key_id, first.token_type.as_deref()), ("a", None));
}

#[tokio::test]
async fn nothing_is_remembered_beyond_its_end() {
    let cases = [
        (Rules::default(), 3540, Error::Expired),
        (Rules { expiry_leeway: Duration::from_secs(10), ..Rules::default() }, 3550, Error::Expired),
        (Rules { issued_ttl: Some(Duration::from_secs(100)), ..Rules::default() }, 40, Error::IssuedTooLongAgo),
    ];
    for (rules, end, error) in cases {
        let setup = Setup::new(rules).await;
        let token = setup.token();
        assert_eq!(setup.outcome(&token).await, Ok(()));
        setup.clock.advance(end - 1);
        assert_eq!(setup.outcome(&token).await, Ok(()));
        setup.clock.advance(1);
        assert!(setup.verifier.remembered(&TokenDigest::of(token.as_bytes())).is_none());
        assert_eq!(setup.outcome(&token).await, Err(error));
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_a_token_early_again() {
    let setup = Setup::new(Rules::default()).await;
    let token = setup.token();
    assert_eq!(setup.outcome(&token).await, Ok(()));
    setup.clock.advance(-1000);
    assert_eq!(setup.outcome(&token).await, Err(Error::NotYetValid("iat")));
}

#[tokio::test]
async fn a_token_is_forgotten_with_its_key() {
    let keys = keys();
    // (the set that is published next, whether the remembered token still holds, how often a signature is verified in all)
    let same = key_set([keys.other_rsa.jwk("b"), keys.rsa.jwk("a")]);
    let gone = key_set([keys.other_rsa.jwk("b")]);
    let replaced = key_set([keys.other_rsa.jwk("a")]);
    for (next, expected) in [(same, Ok(())), (gone, Err(Error::UnknownKey)), (replaced, Err(Error::BadSignature))] {
        let setup = Setup::new(Rules::default()).await;
        let token = setup.token();
        assert_eq!(setup.outcome(&token).await, Ok(()));
        setup.issuer.reply(Issuer::KEYS, Reply::ok(next));
        setup.clock.advance(11);
        // An unknown `kid` makes the source look, and the remembered token feels it at once.
        let stranger = keys.rsa.rs256("stranger", &claims(&setup.issuer.url));
        assert_eq!(setup.outcome(&stranger).await, Err(Error::UnknownKey));
        assert_eq!(setup.issuer.key_requests(), 2);
        assert_eq!(setup.outcome(&token).await, expected);
        assert_eq!(setup.verified(), 1, "no second verification passes");
    }
}

#[tokio::test]
async fn remembered_tokens_do_not_keep_stale_keys_alive() {
    let rules = Rules { expiry_leeway: Duration::from_secs(7200), ..Rules::default() };
    let setup = Setup::new(rules).await;
    let token = setup.token();
    assert_eq!(setup.outcome(&token).await, Ok(()));
    setup.issuer.reply(Issuer::KEYS, Reply::ok(key_set([])));
    setup.clock.advance(3600);
    assert_eq!(setup.outcome(&token).await, Err(Error::UnknownKey));
    assert_eq!(setup.issuer.key_requests(), 2);
}

#[tokio::test]
async fn remembered_tokens_pass_while_the_issuer_is_down() {
    let rules = Rules { expiry_leeway: Duration::from_secs(7200), ..Rules::default() };
    let setup = Setup::new(rules).await;
    let token = setup.token();
    assert_eq!(setup.outcome(&token).await, Ok(()));
    setup.issuer.reply(Issuer::KEYS, Reply::HangUp);
    setup.clock.advance(3600);
    assert_eq!(setup.outcome(&token).await, Ok(()));
    assert_eq!(setup.verified(), 1, "the old keys vouch for it, and it was verified with them");
}

#[tokio::test]
async fn refused_tokens_are_not_remembered() {
    let setup = Setup::new(Rules::default()).await;
    let forged = keys().other_rsa.rs256("a", &claims(&setup.issuer.url));
    for _ in 0..3 {
        assert_eq!(setup.outcome(&forged).await, Err(Error::BadSignature));
        assert!(setup.verifier.remembered(&TokenDigest::of(forged.as_bytes())).is_none());
    }
    assert_eq!(setup.verified(), 0);
}

#[tokio::test]
async fn tokens_of_another_verifier_are_not_remembered_here() {
    let (one, other) = (Setup::new(Rules::default()).await, Setup::new(Rules::default()).await);
    let token = one.token();
    assert_eq!(one.outcome(&token).await, Ok(()));
    assert_eq!(other.outcome(&token).await, Err(Error::WrongIssuer));
    let claimed = peek(token.as_bytes(), 10_000).expect("a token").issuer;
    assert_eq!(claimed.as_deref(), Some(one.issuer.url.as_str()));
}
