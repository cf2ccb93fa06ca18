//! JSON Web Tokens: any bytes are refused, and of those claims that are signed only the right ones pass.
//!
//! Input: its first byte chooses. Even: the rest is the token. Odd: the rest is the claims' JSON, signed with the issuer's key
//! under a good header, so that everything behind the signature is reached. Three more than a multiple of four: header, a line
//! feed, claims, both signed.

#![no_main]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, LazyLock};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_verifier::{Clock, KeyLocation, KeySource, KeySourceSettings, Rules, Verifier, claim_strings, peek};
use libfuzzer_sys::fuzz_target;
use value::{Value, value};

const ISSUER: &str = "https://issuer.example";
/// Second 1,800,000,000.
const NOW: i64 = 1_800_000_000_000;

struct StandingClock;

impl Clock for StandingClock {
    fn unix_millis(&self) -> i64 {
        NOW
    }
}

struct World {
    runtime: tokio::runtime::Runtime,
    verifier: Verifier,
    key: Ed25519KeyPair,
}

/// A verifier whose issuer publishes one key.
static WORLD: LazyLock<World> = LazyLock::new(|| {
    let key = Ed25519KeyPair::generate().expect("random numbers");
    let jwk = value!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": (URL_SAFE_NO_PAD.encode(key.public_key()))});
    let key_set = value!({"keys": [jwk]}).to_json();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/keys", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", key_set.len());
            let _ = stream.write_all((head + &key_set).as_bytes());
        }
    });
    let source =
        KeySource::with(KeyLocation::jwks(&url).expect("loopback"), KeySourceSettings::default(), Arc::new(StandingClock));
    let rules = Rules {
        issuer: Some(ISSUER.into()),
        client: Some(Arc::new(|claims| claim_strings(claims, "aud").any(|audience| audience == "web"))),
        ..Rules::default()
    };
    let verifier = Verifier::with_cache(rules, Arc::new(source), 1 << 20).expect("sound rules");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    World { runtime, verifier, key }
});

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    let world = &*WORLD;
    let signed = |header: &[u8], claims: &[u8]| {
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(world.key.sign(text.as_bytes()))).into_bytes()
    };
    let is_signed = choice % 2 == 1;
    let token = match choice % 4 {
        1 => signed(br#"{"alg":"EdDSA","kid":"k"}"#, data),
        3 => {
            let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
            signed(&data[..end], data.get(end + 1..).unwrap_or_default())
        }
        _ => data.to_vec(),
    };
    let peeked = peek(&token, 16 * 1024);
    let verified = match world.runtime.block_on(world.verifier.verify(&token)) {
        Ok(verified) => verified,
        Err(error) => {
            let text = String::from_utf8_lossy(&token).into_owned();
            // The fuzzer finds our sentences and sends them; they have no three parts.
            let is_token = text.len() >= 40 && text.matches('.').count() > 1;
            assert!(!is_token || !error.to_string().contains(&text), "an error repeats the token");
            return;
        }
    };
    assert!(is_signed, "nobody signed this");
    assert_eq!(peeked.expect("what is verified looks like a token").issuer.as_deref(), Some(ISSUER));
    let claims = &verified.claims;
    assert_eq!(claims.get("iss").and_then(Value::as_str), Some(ISSUER));
    assert!(claim_strings(claims, "aud").any(|audience| audience == "web"));
    let number = |name: &str| claims.get(name).and_then(Value::as_f64);
    assert!(number("exp").expect("exp is required") * 1000.0 > NOW as f64);
    assert!(number("iat").expect("iat is required") * 1000.0 <= (NOW + 60_000) as f64);
    assert!(claims.get("nbf").is_none_or(|_| number("nbf").expect("a number") * 1000.0 <= (NOW + 60_000) as f64));
    // The same token again, from memory.
    let again = world.runtime.block_on(world.verifier.verify(&token)).expect("what passed once passes again");
    assert_eq!(again.claims.to_json(), claims.to_json());
});
