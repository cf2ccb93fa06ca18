//! How keys are come by: discovery, rotation, and issuers that are down, slow, garbled or hostile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jwt_verifier::{Error, FetchError, KeyLocation, KeySource, KeySourceSettings, LocationError, Rules, Verifier};
use value::value;

use crate::support::{Issuer, Reply, SigningKey, TestClock, claims, key_set, keys};

struct Setup {
    issuer: Issuer,
    clock: Arc<TestClock>,
    verifier: Arc<Verifier>,
}

impl Setup {
    /// Discovery, an hour of freshness, an hour more without the issuer, nothing remembered.
    async fn new(key_set: String) -> Self {
        Self::with_deadline(key_set, Duration::from_secs(30)).await
    }

    async fn with_deadline(key_set: String, deadline: Duration) -> Self {
        let settings = KeySourceSettings {
            deadline,
            max_stale: Duration::from_secs(3600),
            max_response_bytes: 64 * 1024,
            ..KeySourceSettings::default()
        };
        let issuer = Issuer::start(key_set).await;
        let clock = TestClock::new();
        let location = KeyLocation::discovery(&issuer.url).expect("loopback");
        let source = KeySource::with(location, settings, clock.clone());
        let verifier = Verifier::with_cache(Rules::default(), Arc::new(source), 0).expect("sound rules");
        Self { issuer, clock, verifier: Arc::new(verifier) }
    }

    /// A day's token of this key under this `kid`.
    fn token(&self, key: &SigningKey, kid: &str) -> String {
        let mut claims = claims(&self.issuer.url);
        let day = crate::support::NOW / 1000 + 86_400;
        claims.as_object_mut().expect("an object").insert("exp", day);
        key.rs256(kid, &claims)
    }

    async fn outcome(&self, key: &SigningKey, kid: &str) -> Result<(), Error> {
        self.verifier.verify(self.token(key, kid).as_bytes()).await.map(|_| ())
    }
}

#[tokio::test]
async fn keys_are_fetched_once_and_only_when_needed() {
    let keys = keys();
    let setup = Setup::new(key_set([keys.rsa.jwk("a"), keys.other_rsa.jwk("b")])).await;
    assert_eq!(setup.verifier.verify(b"no token").await.err(), Some(Error::Malformed("a token has three parts")));
    assert_eq!(setup.issuer.requests(), [] as [&str; 0], "nothing is asked before a token needs it");
    for (key, kid) in [(&keys.rsa, "a"), (&keys.other_rsa, "b"), (&keys.rsa, "a")] {
        assert_eq!(setup.outcome(key, kid).await, Ok(()));
    }
    assert_eq!(setup.issuer.requests(), [Issuer::DISCOVERY, Issuer::KEYS]);
}

#[tokio::test]
async fn many_tokens_at_once_wait_for_one_fetch() {
    let setup = Arc::new(Setup::new(key_set([keys().rsa.jwk("a")])).await);
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let setup = Arc::clone(&setup);
            tokio::spawn(async move { setup.outcome(&keys().rsa, "a").await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.expect("no panic"), Ok(()));
    }
    assert_eq!(setup.issuer.key_requests(), 1);
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_take_the_fetch_along() {
    let setup = Setup::new(key_set([keys().rsa.jwk("a")])).await;
    let token = setup.token(&keys().rsa, "a");
    {
        let mut gone = Box::pin(setup.verifier.verify(token.as_bytes()));
        // Polled once, so that the fetch runs, then dropped.
        assert!(tokio::time::timeout(Duration::ZERO, &mut gone).await.is_err());
    }
    assert_eq!(setup.outcome(&keys().rsa, "a").await, Ok(()));
    assert_eq!(setup.issuer.key_requests(), 1);
}

#[tokio::test]
async fn a_rotated_key_is_found_by_its_kid_and_the_old_one_dies() {
    let keys = keys();
    let setup = Setup::new(key_set([keys.rsa.jwk("old")])).await;
    assert_eq!(setup.outcome(&keys.rsa, "old").await, Ok(()));
    setup.issuer.reply(Issuer::KEYS, Reply::ok(key_set([keys.other_rsa.jwk("new")])));
    setup.clock.advance(11);
    assert_eq!(setup.outcome(&keys.rsa, "old").await, Ok(()), "nobody looked yet");
    assert_eq!(setup.outcome(&keys.other_rsa, "new").await, Ok(()));
    assert_eq!(setup.issuer.key_requests(), 2);
    assert_eq!(setup.outcome(&keys.rsa, "old").await, Err(Error::UnknownKey));
}

#[tokio::test]
async fn random_kids_do_not_hammer_the_issuer() {
    let setup = Setup::new(key_set([keys().rsa.jwk("a")])).await;
    assert_eq!(setup.outcome(&keys().rsa, "a").await, Ok(()));
    for second in 0..60 {
        for attempt in 0..5 {
            assert_eq!(setup.outcome(&keys().rsa, &format!("{second}-{attempt}")).await, Err(Error::UnknownKey));
        }
        setup.clock.advance(1);
    }
    assert_eq!(setup.issuer.key_requests(), 6, "once in ten seconds");
    assert_eq!(setup.outcome(&keys().rsa, "a").await, Ok(()));
}

#[tokio::test]
async fn freshness_follows_the_issuer_within_bounds() {
    // (header line, seconds that keys must be fresh, seconds after which they must not be)
    for (header, fresh, stale) in [
        ("", 2870, 3610),
        ("cache-control: public, max-age=1000\r\n", 790, 1010),
        ("cache-control: max-age=1\r\n", 230, 310),
        ("cache-control: no-store\r\n", 230, 310),
        ("cache-control: max-age=99999999\r\n", 69_000, 86_390),
    ] {
        let published = key_set([keys().rsa.jwk("a")]);
        let setup = Setup::new(String::new()).await;
        setup.issuer.reply(Issuer::KEYS, Reply::Answer(200, header, published.into_bytes()));
        assert_eq!(setup.outcome(&keys().rsa, "a").await, Ok(()));
        setup.clock.advance(fresh);
        assert_eq!(setup.outcome(&keys().rsa, "a").await, Ok(()));
        assert_eq!(setup.issuer.key_requests(), 1, "{header}");
        setup.clock.advance(stale - fresh);
        assert_eq!(setup.outcome(&keys().rsa, "a").await, Ok(()));
        // The last case's keys are ripe and not stale: the token lives a day only. There the fetch runs beside.
        let fetched = tokio::time::timeout(Duration::from_secs(5), async {
            while setup.issuer.key_requests() < 2 {
                tokio::task::yield_now().await;
            }
        });
        assert!(fetched.await.is_ok(), "{header}");
    }
}

#[tokio::test]
async fn ripe_keys_serve_while_new_ones_come() {
    let keys = keys();
    let setup = Setup::new(key_set([keys.rsa.jwk("a")])).await;
    assert_eq!(setup.outcome(&keys.rsa, "a").await, Ok(()));
    setup.issuer.reply(Issuer::KEYS, Reply::Silence);
    setup.clock.advance(3000);
    let at_once = tokio::time::timeout(Duration::ZERO, setup.outcome(&keys.rsa, "a")).await;
    assert_eq!(at_once, Ok(Ok(())), "no wait for a fetch that never ends");
}

#[tokio::test]
async fn stale_keys_are_replaced_before_they_serve_again() {
    let keys = keys();
    let setup = Setup::new(key_set([keys.rsa.jwk("a")])).await;
    assert_eq!(setup.outcome(&keys.rsa, "a").await, Ok(()));
    setup.issuer.reply(Issuer::KEYS, Reply::ok(key_set([])));
    setup.clock.advance(3600);
    assert_eq!(setup.outcome(&keys.rsa, "a").await, Err(Error::UnknownKey), "the issuer withdrew all keys");
}

#[tokio::test]
async fn cached_keys_serve_while_the_issuer_is_down_but_not_for_ever() {
    let setup = Setup::new(key_set([keys().rsa.jwk("a")])).await;
    assert_eq!(setup.outcome(&keys().rsa, "a").await, Ok(()));
    setup.issuer.reply(Issuer::DISCOVERY, Reply::Answer(503, "", b"{}".to_vec()));
    setup.clock.advance(3600);
    for _ in 0..10 {
        assert_eq!(setup.outcome(&keys().rsa, "a").await, Ok(()));
    }
    let asked = setup.issuer.requests().len();
    assert_eq!(asked, 3, "one attempt, then a pause");
    setup.clock.advance(3599);
    assert_eq!(setup.outcome(&keys().rsa, "a").await, Ok(()));
    setup.clock.advance(1);
    let outcome = tokio::time::timeout(Duration::from_secs(5), async {
        loop {
            // The attempt of the last call may still run; afterwards there are no keys any more.
            match setup.outcome(&keys().rsa, "a").await {
                Ok(()) => tokio::task::yield_now().await,
                Err(error) => return error,
            }
        }
    });
    let url = format!("{}{}", setup.issuer.url, Issuer::DISCOVERY);
    let failure = FetchError::Status { url, status: 503 };
    assert_eq!(outcome.await.expect("an end"), Error::KeysUnavailable(Arc::new(failure)));
    // It comes back.
    let document = value!({"issuer": (setup.issuer.url.as_str()), "jwks_uri": (format!("{}{}", setup.issuer.url, Issuer::KEYS))});
    setup.issuer.reply(Issuer::DISCOVERY, Reply::ok(document.to_json()));
    setup.clock.advance(61);
    assert_eq!(setup.outcome(&keys().rsa, "a").await, Ok(()));
}

#[tokio::test]
async fn a_silent_issuer_delays_one_token_and_not_the_others() {
    let deadline = Duration::from_secs(2);
    let setup = Setup::with_deadline(key_set([keys().rsa.jwk("a")]), deadline).await;
    assert_eq!(setup.outcome(&keys().rsa, "a").await, Ok(()));
    setup.issuer.reply(Issuer::DISCOVERY, Reply::Silence);
    setup.clock.advance(3600);
    let begin = Instant::now();
    assert_eq!(setup.outcome(&keys().rsa, "a").await, Ok(()), "after the deadline the old keys serve");
    assert!(begin.elapsed() >= deadline);
    for _ in 0..5 {
        // Past the pause: the next attempt runs beside.
        setup.clock.advance(120);
        let at_once = tokio::time::timeout(Duration::ZERO, setup.outcome(&keys().rsa, "a")).await;
        assert_eq!(at_once, Ok(Ok(())));
    }
}

#[tokio::test]
async fn failures_are_remembered_for_a_growing_pause() {
    let setup = Setup::new(key_set([keys().rsa.jwk("a")])).await;
    setup.issuer.reply(Issuer::DISCOVERY, Reply::HangUp);
    let mut attempts = Vec::new();
    for second in 0..130 {
        let before = setup.issuer.requests().len();
        assert!(matches!(setup.outcome(&keys().rsa, "a").await, Err(Error::KeysUnavailable(_))));
        if setup.issuer.requests().len() > before {
            attempts.push(second);
        }
        setup.clock.advance(1);
    }
    assert_eq!(attempts, [0, 1, 3, 7, 15, 31, 63, 123]);
}

#[tokio::test]
async fn an_issuer_that_cannot_be_used_gives_a_clear_error_in_time() {
    let big = vec![b' '; 65 * 1024];
    let many = format!(r#"{{"keys":[{}]}}"#, vec!["{}"; 257].join(","));
    let discovery = |members: &str| Reply::ok(format!("{{{members}}}"));
    let (keys_at, discovery_at) = (Issuer::KEYS, Issuer::DISCOVERY);
    let cases: Vec<(&str, Reply, &str)> = vec![
        (discovery_at, Reply::Silence, "did not answer within 400 ms"),
        (keys_at, Reply::Silence, "did not answer within 400 ms"),
        (keys_at, Reply::HalfAnAnswer, "did not answer within 400 ms"),
        (keys_at, Reply::HangUp, "GET "),
        (discovery_at, Reply::Answer(404, "", b"{}".to_vec()), "status 404"),
        (keys_at, Reply::Answer(500, "", b"{}".to_vec()), "status 500"),
        (keys_at, Reply::Answer(204, "", Vec::new()), "status 204"),
        (keys_at, Reply::ok(big.clone()), "larger than 65536 bytes"),
        (discovery_at, Reply::ok(big), "larger than 65536 bytes"),
        (keys_at, Reply::ok("<html>"), "not JSON: expected a JSON value at line 1 column 1"),
        (keys_at, Reply::ok(b"\xff".to_vec()), "not JSON"),
        (keys_at, Reply::ok("[".repeat(10_000)), "not JSON"),
        (keys_at, Reply::ok("{}"), "no key set"),
        (keys_at, Reply::ok(r#"{"keys":{}}"#), "no key set"),
        (keys_at, Reply::ok(many), "more than 256 keys"),
        (discovery_at, discovery(""), "no text `issuer`"),
        (discovery_at, discovery(r#""issuer":"x""#), "no text `jwks_uri`"),
        (discovery_at, discovery(r#""issuer":"x","jwks_uri":7"#), "no text `jwks_uri`"),
        (discovery_at, discovery(r#""issuer":"x","jwks_uri":"keys""#), "not an absolute URL"),
        (discovery_at, discovery(r#""issuer":"x","jwks_uri":"http://keys.example/""#), "must begin with https://"),
        (discovery_at, discovery(r#""issuer":"x","jwks_uri":"file:///etc/passwd""#), "must begin with https://"),
        (discovery_at, discovery(r#""issuer":"x","jwks_uri":"http://u:p@127.0.0.1/""#), "user name or password"),
        (keys_at, Reply::Answer(302, "location: http://keys.example/\r\n", Vec::new()), "redirect refused"),
        (keys_at, Reply::Answer(302, "location: /keys\r\n", Vec::new()), "more than 3 redirects"),
        (keys_at, Reply::Answer(302, "", Vec::new()), "status 302"),
    ];
    for (path, reply, expected) in cases {
        let deadline = if expected.contains("400 ms") { Duration::from_millis(400) } else { Duration::from_secs(30) };
        let setup = Setup::with_deadline(key_set([keys().rsa.jwk("a")]), deadline).await;
        setup.issuer.reply(path, reply);
        let error = setup.outcome(&keys().rsa, "a").await.expect_err(expected);
        assert!(matches!(error, Error::KeysUnavailable(_)), "{expected}: {error}");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
    }
    let nobody = KeyLocation::discovery("http://127.0.0.1:1").expect("loopback");
    let verifier =
        Verifier::new(Rules::default(), Arc::new(KeySource::with(nobody, KeySourceSettings::default(), TestClock::new())));
    let token = keys().rsa.rs256("a", &claims("http://127.0.0.1:1"));
    let error = verifier.expect("sound rules").verify(token.as_bytes()).await.expect_err("nobody listens");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn redirects_within_this_machine_are_followed() {
    let setup = Setup::new(String::new()).await;
    setup.issuer.reply(Issuer::KEYS, Reply::Answer(302, "location: /moved\r\n", Vec::new()));
    setup.issuer.reply("/moved", Reply::ok(key_set([keys().rsa.jwk("a")])));
    assert_eq!(setup.outcome(&keys().rsa, "a").await, Ok(()));
}

#[tokio::test]
async fn garbage_does_not_displace_good_keys() {
    let setup = Setup::new(key_set([keys().rsa.jwk("a")])).await;
    assert_eq!(setup.outcome(&keys().rsa, "a").await, Ok(()));
    setup.issuer.reply(Issuer::KEYS, Reply::ok("oops"));
    setup.clock.advance(11);
    let unknown = setup.outcome(&keys().rsa, "new").await;
    assert!(matches!(unknown, Err(Error::KeysUnavailable(_))), "whether the key exists is not known: {unknown:?}");
    assert_eq!(setup.outcome(&keys().rsa, "a").await, Ok(()));
}

#[tokio::test]
async fn the_discovered_issuer_must_be_the_tokens() {
    let setup = Setup::new(key_set([keys().rsa.jwk("a")])).await;
    let other = value!({"issuer": "https://other.example", "jwks_uri": (format!("{}{}", setup.issuer.url, Issuer::KEYS))});
    setup.issuer.reply(Issuer::DISCOVERY, Reply::ok(other.to_json()));
    assert_eq!(setup.outcome(&keys().rsa, "a").await, Err(Error::WrongIssuer));
    let token = keys().rsa.rs256("a", &claims("https://other.example"));
    assert!(setup.verifier.verify(token.as_bytes()).await.is_ok());
}

#[tokio::test]
async fn the_first_of_two_keys_with_one_kid_counts() {
    let keys = keys();
    let setup = Setup::new(key_set([keys.rsa.jwk("a"), keys.other_rsa.jwk("a"), keys.rsa.jwk("a")])).await;
    assert_eq!(setup.outcome(&keys.rsa, "a").await, Ok(()));
    assert_eq!(setup.outcome(&keys.other_rsa, "a").await, Err(Error::BadSignature));
}

#[test]
fn a_source_outlives_the_runtime_that_fetched_for_it() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (first, second) = (runtime(), runtime());
    let setup = second.block_on(Setup::new(key_set([keys().rsa.jwk("a")])));
    let token = setup.token(&keys().rsa, "a");
    first.block_on(async {
        let begun = tokio::time::timeout(Duration::ZERO, setup.verifier.verify(token.as_bytes())).await;
        assert!(begun.is_err(), "the issuer's runtime stands still");
    });
    drop(first);
    assert_eq!(second.block_on(setup.outcome(&keys().rsa, "a")), Ok(()));
}

#[test]
fn locations_are_judged_before_anything_is_asked() {
    for (url, error) in [("http://id.example", LocationError::Scheme), ("id.example", LocationError::NotAUrl)] {
        assert_eq!(KeyLocation::discovery(url), Err(error.clone()));
        assert_eq!(KeyLocation::jwks(url), Err(error));
    }
}
