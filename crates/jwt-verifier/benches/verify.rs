//! What a token costs: remembered, and anew by each algorithm.
//!
//! `cargo bench -p jwt-verifier`. Aims: 3 µs for a remembered token, 60 µs for RS256 anew. Counted is the processor time of the
//! verifying thread, so that a busy machine tells the same as an idle one.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use jwt_verifier::{KeyLocation, KeySource, KeySourceSettings, Rules, TokenDigest, Verifier, peek};
use rustix::time::{ClockId, clock_gettime};
use value::value;

#[path = "../tests/it/support.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod support;

use support::{Issuer, NOW, TestClock, key_set, keys};

fn verify(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let keys = keys();
    let set = key_set([keys.rsa.jwk("rsa"), keys.p256.jwk("p256"), keys.p521.jwk("p521"), keys.ed.jwk("ed")]);
    let issuer = runtime.block_on(Issuer::start(set));
    let location = KeyLocation::discovery(&issuer.url).expect("loopback");
    let source = Arc::new(KeySource::with(location, KeySourceSettings::default(), TestClock::new()));
    // What an access token of a user pool holds.
    let second = NOW / 1000;
    let claims = value!({
        "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "cognito:groups": ["editors", "admins"], "iss": (issuer.url.as_str()),
        "version": 2, "client_id": "1234567890abcdefghijklmnop", "origin_jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "event_id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "token_use": "access", "scope": "aws.cognito.signin.user.admin",
        "auth_time": second, "exp": (second + 3600), "iat": second, "jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "username": "ann"
    });
    let remembering = Verifier::new(Rules::default(), Arc::clone(&source)).expect("sound rules");
    let forgetful = Verifier::with_cache(Rules::default(), source, 0).expect("sound rules");
    let mut run = |name: &str, verifier: &Verifier, token: &str| {
        runtime.block_on(verifier.verify(token.as_bytes())).expect(name);
        criterion.bench_function(name, |bencher| {
            bencher.iter_custom(|rounds| {
                runtime.block_on(async {
                    let begin = processor_time();
                    for _ in 0..rounds {
                        black_box(verifier.verify(black_box(token.as_bytes())).await.is_ok());
                    }
                    processor_time() - begin
                })
            });
        });
    };
    let rs256 = keys.rsa.rs256("rsa", &claims);
    run("remembered", &remembering, &rs256);
    for (alg, kid, key) in [
        ("RS256", "rsa", &keys.rsa),
        ("PS256", "rsa", &keys.rsa),
        ("ES256", "p256", &keys.p256),
        ("ES512", "p521", &keys.p521),
        ("EdDSA", "ed", &keys.ed),
    ] {
        let token = key.token(alg, &value!({"alg": alg, "kid": kid}).to_json(), &claims.to_json());
        run(&format!("anew {alg}"), &forgetful, &token);
    }
    let mut run = |name: &str, work: &dyn Fn(&[u8])| {
        criterion.bench_function(name, |bencher| {
            bencher.iter_custom(|rounds| {
                let begin = processor_time();
                for _ in 0..rounds {
                    work(black_box(rs256.as_bytes()));
                }
                processor_time() - begin
            });
        });
    };
    run("digest", &|token| {
        black_box(TokenDigest::of(token));
    });
    run("peek", &|token| {
        black_box(peek(token, 16_384).is_ok());
    });
}

/// The processor time that this thread has used so far; `block_on` runs its future here.
fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("a span of time")
}

criterion_group!(benches, verify);
criterion_main!(benches);
