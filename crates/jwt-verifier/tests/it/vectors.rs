//! Signatures of independent origin, and every algorithm against every key.

use std::sync::Arc;

use jwt_verifier::{Algorithm, Error, KeyLocation, KeySource, KeySourceSettings, Rules, Verifier};
use value::{Value, value};

use crate::support::{Issuer, NOW, SigningKey, TestClock, claims, key_set, keys};

/// A verifier of an issuer with this key set, whose tokens say `issuer`.
async fn verifier(key_set: String, issuer: Option<&str>) -> (Verifier, Issuer) {
    let site = Issuer::start(key_set).await;
    let location = KeyLocation::jwks(&format!("{}{}", site.url, Issuer::KEYS)).expect("loopback");
    let source = KeySource::with(location, KeySourceSettings::default(), TestClock::new());
    let rules = Rules { issuer: Some(issuer.unwrap_or(&site.url).to_owned()), ..Rules::default() };
    (Verifier::new(rules, Arc::new(source)).expect("sound rules"), site)
}

#[tokio::test]
async fn signatures_of_openssl_are_verified() {
    let vectors = Value::parse(include_bytes!("vectors.json")).expect("vectors.json, made by vectors.js");
    let published = value!({"keys": (vectors.at(&["keys"]))}).to_json();
    let (verifier, _site) = verifier(published, Some("https://issuer.example")).await;
    let tokens = vectors.at(&["tokens"]).as_list().expect("a list");
    assert_eq!(tokens.len(), Algorithm::ALL.len());
    for vector in tokens {
        let text = |name| vector.get(name).and_then(Value::as_str).expect(name);
        let (alg, token) = (text("alg"), text("token"));
        let verified = verifier.verify(token.as_bytes()).await.expect(alg);
        assert_eq!(verified.algorithm.name(), alg);
        assert_eq!(verified.claims.at(&["sub"]), &value!(format!("by {alg}")));
        assert_eq!(verified.valid_until, NOW + 3_600_000);
        // One bit of the signed text, of the signature.
        let (signed, signature) = token.rsplit_once('.').expect("three parts");
        let flipped = |text: &str| text.strip_prefix('A').map_or_else(|| format!("A{}", &text[1..]), |rest| format!("B{rest}"));
        let (header, body) = signed.split_once('.').expect("three parts");
        let changed = format!("{header}.{body}.{}", flipped(signature));
        assert_eq!(verifier.verify(changed.as_bytes()).await.err(), Some(Error::BadSignature), "{alg}");
        let swapped = body.replacen('i', "j", 1);
        let outcome = verifier.verify(format!("{header}.{swapped}.{signature}").as_bytes()).await;
        assert!(outcome.is_err(), "{alg}");
    }
}

#[tokio::test]
async fn a_key_is_used_only_as_it_is_meant() {
    let keys = keys();
    let with = |key: &SigningKey, kid: &str, name: &str, member: Value| {
        let mut jwk = key.jwk(kid);
        jwk.as_object_mut().expect("an object").insert(name, member);
        jwk
    };
    let published = key_set([
        keys.rsa.jwk("rsa"),
        keys.p256.jwk("p256"),
        keys.p384.jwk("p384"),
        keys.p521.jwk("p521"),
        keys.ed.jwk("ed"),
        with(&keys.rsa, "only-ps384", "alg", value!("PS384")),
        with(&keys.rsa, "for-encryption", "use", value!("enc")),
        with(&keys.rsa, "encryption-alg", "alg", value!("RSA-OAEP")),
        with(&keys.rsa, "wraps", "key_ops", value!(["wrapKey"])),
        with(&keys.rsa, "verifies", "key_ops", value!(["verify"])),
        with(&keys.rsa, "no-operations", "key_ops", Value::from(Vec::<Value>::new())),
        with(&keys.rsa, "no-use", "use", value!(null)),
        with(&keys.rsa, "number-as-alg", "alg", value!(256)),
        with(&keys.rsa, "says-hs256", "alg", value!("HS256")),
        with(&keys.p256, "says-es384", "alg", value!("ES384")),
        with(&keys.ed, "ed25519", "alg", value!("Ed25519")),
        with(&keys.p256, "off-curve", "x", value!("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEV")),
        with(&keys.p256, "short", "x", value!("AAAA")),
        with(&keys.rsa, "even", "e", value!("AQAC")),
        with(&keys.rsa, "one", "e", value!("AQ")),
        with(&keys.rsa, "small", "n", value!(&*"_".repeat(170))),
        with(&keys.rsa, "huge", "n", value!(&*"_".repeat(1500))),
        with(&keys.rsa, "padded", "n", value!("====")),
        value!({"kty": "oct", "kid": "secret", "k": "c2VjcmV0"}),
        value!({"kty": "RSA", "kid": "empty"}),
        value!({"kty": "new", "kid": "unknown"}),
        value!("no object"),
    ]);
    let (verifier, site) = verifier(published, None).await;
    let rsa = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
    // Which algorithms a key of the set may be used with; none when it must be left aside.
    let cases: &[(&str, &SigningKey, &[&str])] = &[
        ("rsa", &keys.rsa, &rsa),
        ("verifies", &keys.rsa, &rsa),
        ("no-operations", &keys.rsa, &rsa),
        ("no-use", &keys.rsa, &rsa),
        ("number-as-alg", &keys.rsa, &[]),
        ("only-ps384", &keys.rsa, &["PS384"]),
        ("p256", &keys.p256, &["ES256"]),
        ("p384", &keys.p384, &["ES384"]),
        ("p521", &keys.p521, &["ES512"]),
        ("ed", &keys.ed, &["EdDSA"]),
        ("ed25519", &keys.ed, &["EdDSA"]),
        ("for-encryption", &keys.rsa, &[]),
        ("encryption-alg", &keys.rsa, &[]),
        ("wraps", &keys.rsa, &[]),
        ("says-hs256", &keys.rsa, &[]),
        ("says-es384", &keys.p256, &[]),
        ("off-curve", &keys.p256, &[]),
        ("short", &keys.p256, &[]),
        ("even", &keys.rsa, &[]),
        ("one", &keys.rsa, &[]),
        ("small", &keys.rsa, &[]),
        ("huge", &keys.rsa, &[]),
        ("padded", &keys.rsa, &[]),
        ("secret", &keys.rsa, &[]),
        ("empty", &keys.rsa, &[]),
        ("unknown", &keys.rsa, &[]),
    ];
    let claims = claims(&site.url).to_json();
    for (kid, key, fitting) in cases {
        for algorithm in Algorithm::ALL {
            let alg = algorithm.name();
            let token = key.token(alg, &value!({"alg": alg, "kid": (*kid)}).to_json(), &claims);
            let outcome = verifier.verify(token.as_bytes()).await.map(|verified| verified.algorithm);
            let expected = match fitting {
                [] => Err(Error::UnknownKey),
                _ if fitting.contains(&alg) => Ok(algorithm),
                _ => Err(Error::KeyMismatch),
            };
            assert_eq!(outcome, expected, "{kid} {alg}");
        }
    }
}

#[tokio::test]
async fn the_list_of_algorithms_is_obeyed() {
    let site = Issuer::start(key_set([keys().rsa.jwk("k")])).await;
    let source = Arc::new(KeySource::with(
        KeyLocation::discovery(&site.url).expect("loopback"),
        KeySourceSettings::default(),
        TestClock::new(),
    ));
    let rules = Rules { algorithms: vec![Algorithm::Ps256], ..Rules::default() };
    let verifier = Verifier::new(rules, Arc::clone(&source)).expect("sound rules");
    let claims = claims(&site.url).to_json();
    let token = |alg: &str| keys().rsa.token(alg, &value!({"alg": alg, "kid": "k"}).to_json(), &claims);
    assert!(verifier.verify(token("PS256").as_bytes()).await.is_ok());
    assert_eq!(verifier.verify(token("RS256").as_bytes()).await.err(), Some(Error::UnsupportedAlgorithm));
    let none = Rules { algorithms: Vec::new(), ..Rules::default() };
    assert!(Verifier::new(none, source).is_err());
}
