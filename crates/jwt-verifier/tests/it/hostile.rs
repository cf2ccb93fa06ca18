//! Tokens that must not pass, each with the reason it is told; none of the reasons repeats the token.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use jwt_verifier::{
    Error, FetchError, KeyLocation, KeySource, KeySourceSettings, LocationError, Rules, RulesError, Verifier, claim_strings,
};
use value::{Value, value};

use crate::support::{Issuer, NOW, SigningKey, TestClock, claims, encode, key_set, keys};

/// How a hostile token is signed.
enum Signed<'a> {
    By(&'a SigningKey),
    Hmac(Vec<u8>),
    Nothing,
    Text(&'static str),
}

fn build(header: &str, claims: &str, signed: &Signed<'_>) -> String {
    let text = format!("{}.{}", encode(header), encode(claims));
    let signature = match signed {
        Signed::By(key) => encode(key.sign("RS256", text.as_bytes())),
        Signed::Hmac(secret) => encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes())),
        Signed::Nothing => String::new(),
        Signed::Text(signature) => (*signature).to_owned(),
    };
    format!("{text}.{signature}")
}

/// The good claims with some members replaced; null removes.
fn changed(claims: &Value, changes: &Value) -> String {
    let mut claims = claims.clone();
    let object = claims.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
    }
    claims.to_json()
}

#[tokio::test]
async fn hostile_tokens_are_refused_with_their_reason() {
    let keys = keys();
    let issuer = Issuer::start(key_set([keys.rsa.jwk("k"), keys.p256.jwk("ec")])).await;
    let source =
        KeySource::with(KeyLocation::discovery(&issuer.url).expect("loopback"), KeySourceSettings::default(), TestClock::new());
    let rules = Rules {
        issuer: Some(issuer.url.clone()),
        client: Some(Arc::new(|claims| {
            claim_strings(claims, "aud").chain(claim_strings(claims, "azp")).any(|client| client == "web")
        })),
        issued_ttl: Some(Duration::from_secs(7200)),
        ..Rules::default()
    };
    let verifier = Verifier::new(rules, Arc::new(source)).expect("sound rules");

    let good = claims(&issuer.url);
    let plain = good.to_json();
    let second = NOW / 1000;
    let by = Signed::By(&keys.rsa);
    let modulus = keys.rsa.jwk("k").at(&["n"]).as_str().expect("text").to_owned();
    let public_key = match &keys.rsa {
        SigningKey::Rsa(pair) => aws_lc_rs::signature::KeyPair::public_key(&**pair).as_ref().to_vec(),
        _ => Vec::new(),
    };
    let header = |members: &str| format!(r#"{{"alg":"RS256",{members}}}"#);
    let own_key = value!({"alg": "RS256", "kid": "k", "jwk": (keys.other_rsa.jwk("k")), "jku": (format!("{}/evil", issuer.url))});

    let good_header = header(r#""kid":"k","typ":"JWT""#);
    assert!(verifier.verify(build(&good_header, &plain, &by).as_bytes()).await.is_ok(), "the unchanged token passes");
    let by_azp = changed(&good, &value!({"aud": ["api"], "azp": "web"}));
    assert!(verifier.verify(build(&good_header, &by_azp, &by).as_bytes()).await.is_ok(), "`azp` counts as well");

    let cases: Vec<(&str, String, Error)> = vec![
        // The algorithm is not the token's to choose.
        ("alg none", build(r#"{"alg":"none","kid":"k"}"#, &plain, &Signed::Nothing), Error::UnsupportedAlgorithm),
        ("alg None, signed", build(r#"{"alg":"None","kid":"k"}"#, &plain, &by), Error::UnsupportedAlgorithm),
        ("alg nOnE", build(r#"{"alg":"nOnE"}"#, &plain, &Signed::Nothing), Error::UnsupportedAlgorithm),
        ("alg empty", build(r#"{"alg":"","kid":"k"}"#, &plain, &by), Error::UnsupportedAlgorithm),
        ("alg null", build(r#"{"alg":null,"kid":"k"}"#, &plain, &by), Error::UnsupportedAlgorithm),
        ("alg list", build(r#"{"alg":["RS256"],"kid":"k"}"#, &plain, &by), Error::UnsupportedAlgorithm),
        ("alg lower case", build(r#"{"alg":"rs256","kid":"k"}"#, &plain, &by), Error::UnsupportedAlgorithm),
        ("alg fullwidth", build(r#"{"alg":"ＲＳ256","kid":"k"}"#, &plain, &by), Error::UnsupportedAlgorithm),
        ("alg with blank", build(r#"{"alg":"RS256 ","kid":"k"}"#, &plain, &by), Error::UnsupportedAlgorithm),
        ("no alg", build(r#"{"kid":"k"}"#, &plain, &by), Error::Malformed("the header has no `alg`")),
        (
            "HMAC with the public key's DER",
            build(r#"{"alg":"HS256","kid":"k"}"#, &plain, &Signed::Hmac(public_key.clone())),
            Error::UnsupportedAlgorithm,
        ),
        (
            "HMAC with the modulus as text",
            build(r#"{"alg":"HS256","kid":"k"}"#, &plain, &Signed::Hmac(modulus.clone().into_bytes())),
            Error::UnsupportedAlgorithm,
        ),
        ("HMAC that says RS256", build(&good_header, &plain, &Signed::Hmac(public_key)), Error::BadSignature),
        (
            "HMAC with an empty secret",
            build(r#"{"alg":"HS512","kid":"k"}"#, &plain, &Signed::Hmac(vec![])),
            Error::UnsupportedAlgorithm,
        ),
        (
            "alg twice",
            build(r#"{"alg":"none","alg":"RS256","kid":"k"}"#, &plain, &by),
            Error::Malformed("the header has a member twice"),
        ),
        ("RS256 with an EC key", build(&header(r#""kid":"ec""#), &plain, &by), Error::KeyMismatch),
        ("ES256 with an RSA key", build(r#"{"alg":"ES256","kid":"k"}"#, &plain, &by), Error::KeyMismatch),
        // An ECDSA signature of zeros is valid for any text where it is not looked at (CVE-2022-21449).
        (
            "zeros",
            format!("{}.{}.{}", encode(r#"{"alg":"ES256","kid":"ec"}"#), encode(&plain), encode([0; 64])),
            Error::BadSignature,
        ),
        ("ES256 as DER", build(r#"{"alg":"ES256","kid":"ec"}"#, &plain, &Signed::Text("MAYCAQECAQE")), Error::BadSignature),
        // Signatures.
        ("no signature", build(&good_header, &plain, &Signed::Nothing), Error::BadSignature),
        ("short signature", build(&good_header, &plain, &Signed::Text("AAAA")), Error::BadSignature),
        ("another key", build(&good_header, &plain, &Signed::By(&keys.other_rsa)), Error::BadSignature),
        ("its own key", build(&own_key.to_json(), &plain, &Signed::By(&keys.other_rsa)), Error::BadSignature),
        (
            "x5u and x5c",
            build(&header(r#""kid":"k","x5u":"https://evil.example/c","x5c":["MIIB"]"#), &plain, &Signed::By(&keys.other_rsa)),
            Error::BadSignature,
        ),
        (
            "signature of other claims",
            {
                let other = build(&good_header, &changed(&good, &value!({"sub": "bob"})), &by);
                let signature = other.rsplit('.').next().unwrap_or_default();
                format!("{}.{}.{signature}", encode(&good_header), encode(&plain))
            },
            Error::BadSignature,
        ),
        // Key ids.
        ("no kid", build(r#"{"alg":"RS256"}"#, &plain, &by), Error::MissingKeyId),
        ("kid empty", build(&header(r#""kid":"""#), &plain, &by), Error::MissingKeyId),
        ("kid number", build(&header(r#""kid":1"#), &plain, &by), Error::MissingKeyId),
        ("kid path", build(&header(r#""kid":"../../../../dev/null""#), &plain, &by), Error::UnknownKey),
        ("kid file", build(&header(r#""kid":"file:///etc/passwd""#), &plain, &by), Error::UnknownKey),
        ("kid URL", build(&header(&format!(r#""kid":"{}/evil""#, issuer.url)), &plain, &by), Error::UnknownKey),
        ("kid SQL", build(&header(r#""kid":"k' OR '1'='1""#), &plain, &by), Error::UnknownKey),
        ("kid union", build(&header(r#""kid":"x' UNION SELECT 'c2VjcmV0';--""#), &plain, &by), Error::UnknownKey),
        ("kid command", build(&header(r#""kid":"k;touch /tmp/x""#), &plain, &by), Error::UnknownKey),
        ("kid NUL", build(&header(r#""kid":"k\u0000""#), &plain, &by), Error::UnknownKey),
        ("kid upper case", build(&header(r#""kid":"K""#), &plain, &by), Error::UnknownKey),
        ("kid cyrillic", build(&header(r#""kid":"к""#), &plain, &by), Error::UnknownKey),
        ("kid __proto__", build(&header(r#""kid":"__proto__""#), &plain, &by), Error::UnknownKey),
        ("kid huge", build(&header(&format!(r#""kid":"{}""#, "k".repeat(600))), &plain, &by), Error::MissingKeyId),
        // Header members that change what a token is.
        ("crit", build(&header(r#""kid":"k","crit":["exp"]"#), &plain, &by), Error::UnsupportedHeader("crit")),
        ("b64", build(&header(r#""kid":"k","b64":false"#), &plain, &by), Error::UnsupportedHeader("b64")),
        ("enc", build(&header(r#""kid":"k","enc":"A256GCM""#), &plain, &by), Error::UnsupportedHeader("enc")),
        ("zip", build(&header(r#""kid":"k","zip":"DEF""#), &plain, &by), Error::UnsupportedHeader("zip")),
        ("nested", build(&header(r#""kid":"k","cty":"JWT""#), &plain, &by), Error::UnsupportedHeader("cty")),
        ("logout token", build(&header(r#""kid":"k","typ":"logout+jwt""#), &plain, &by), Error::UnsupportedHeader("typ")),
        ("proof of possession", build(&header(r#""kid":"k","typ":"dpop+jwt""#), &plain, &by), Error::UnsupportedHeader("typ")),
        // Claims.
        ("expired", build(&good_header, &changed(&good, &value!({"exp": second})), &by), Error::Expired),
        (
            "expired, of a key long gone",
            build(&header(r#""kid":"old""#), &changed(&good, &value!({"exp": second})), &by),
            Error::Expired,
        ),
        ("no exp", build(&good_header, &changed(&good, &value!({"exp": null})), &by), Error::MissingClaim("exp")),
        ("exp text", build(&good_header, &changed(&good, &value!({"exp": "9999999999"})), &by), Error::InvalidClaim("exp")),
        (
            "exp beyond all numbers",
            build(&good_header, &plain.replace(&(second + 3540).to_string(), "1e400"), &by),
            Error::InvalidClaim("exp"),
        ),
        (
            "exp in milliseconds",
            build(&good_header, &changed(&good, &value!({"exp": (NOW * 1000)})), &by),
            Error::InvalidClaim("exp"),
        ),
        ("no iat", build(&good_header, &changed(&good, &value!({"iat": null})), &by), Error::MissingClaim("iat")),
        ("future iat", build(&good_header, &changed(&good, &value!({"iat": (second + 61)})), &by), Error::NotYetValid("iat")),
        ("future nbf", build(&good_header, &changed(&good, &value!({"nbf": (second + 61)})), &by), Error::NotYetValid("nbf")),
        ("old iat", build(&good_header, &changed(&good, &value!({"iat": (second - 7200)})), &by), Error::IssuedTooLongAgo),
        ("no iss", build(&good_header, &changed(&good, &value!({"iss": null})), &by), Error::MissingClaim("iss")),
        ("other iss", build(&good_header, &changed(&good, &value!({"iss": "https://evil.example"})), &by), Error::WrongIssuer),
        (
            "iss with slash",
            build(&good_header, &changed(&good, &value!({"iss": (format!("{}/", issuer.url))})), &by),
            Error::WrongIssuer,
        ),
        ("iss list", build(&good_header, &changed(&good, &value!({"iss": [(issuer.url.as_str())]})), &by), Error::WrongIssuer),
        ("no aud", build(&good_header, &changed(&good, &value!({"aud": null})), &by), Error::WrongClient),
        ("other aud", build(&good_header, &changed(&good, &value!({"aud": "website"})), &by), Error::WrongClient),
        ("aud look-alike", build(&good_header, &changed(&good, &value!({"aud": "wеb"})), &by), Error::WrongClient),
        ("aud nested", build(&good_header, &changed(&good, &value!({"aud": [["web"]]})), &by), Error::WrongClient),
        ("aud object", build(&good_header, &changed(&good, &value!({"aud": {"web": "web"}})), &by), Error::WrongClient),
        (
            "claim twice",
            build(&good_header, &plain.replacen('{', r#"{"sub":"admin","#, 1), &by),
            Error::Malformed("the claims have a member twice"),
        ),
        (
            "claim twice, spelled otherwise",
            build(&good_header, &plain.replacen('{', r#"{"s\u0075b":"admin","#, 1), &by),
            Error::Malformed("the claims have a member twice"),
        ),
        (
            "nested deeply",
            build(&good_header, &plain.replacen('{', &format!(r#"{{"x":{}{},"#, "[".repeat(30), "]".repeat(30)), 1), &by),
            Error::Malformed("the claims are nested too deeply"),
        ),
        (
            "nested without end",
            build(&good_header, &format!(r#"{{"x":{}"#, "[".repeat(8000)), &by),
            Error::Malformed("the claims are not JSON"),
        ),
        (
            "huge",
            build(&good_header, &changed(&good, &value!({"x": (&*"x".repeat(20_000))})), &by),
            Error::TooLong { limit: 16_384 },
        ),
        ("claims are a list", build(&good_header, "[]", &by), Error::Malformed("the claims are no JSON object")),
        ("claims are empty", build(&good_header, "", &by), Error::Malformed("the claims are not JSON")),
        // Form.
        ("empty", String::new(), Error::Malformed("a token has three parts")),
        ("Bearer", format!("Bearer {}", build(&good_header, &plain, &by)), Error::Malformed("the header is not base64url")),
        ("blank behind", format!("{} ", build(&good_header, &plain, &by)), Error::Malformed("the signature is not base64url")),
        (
            "newline inside",
            build(&good_header, &plain, &by).replacen('.', "\n.", 1),
            Error::Malformed("the header is not base64url"),
        ),
        ("padding", build(&good_header, &plain, &by) + "=", Error::Malformed("the signature is not base64url")),
        (
            "two tokens",
            [build(&good_header, &plain, &by), build(&good_header, &plain, &by)].join(","),
            Error::Malformed("a token has three parts"),
        ),
        ("encrypted", "a.b.c.d.e".into(), Error::Malformed("a token has three parts")),
        ("dots", "..".into(), Error::Malformed("the header is not JSON")),
        ("many dots", ".".repeat(16_000), Error::Malformed("a token has three parts")),
        ("unicode", "ａ.ｂ.ｃ".into(), Error::Malformed("the header is not base64url")),
    ];
    for (name, token, expected) in cases {
        let outcome = verifier.verify(token.as_bytes()).await;
        let error = outcome.expect_err(name);
        assert_eq!(error, expected, "{name}");
        let told = format!("{error} {error:?}");
        let parts = token.split('.').filter(|part| part.len() > 8);
        assert!(parts.into_iter().all(|part| !told.contains(part)), "{name}: the reason repeats the token");
    }
    for bytes in [&b"\xff\xfe.\xff.\xff"[..], b"\0.\0.\0", &[0xc3; 20_000]] {
        assert!(verifier.verify(bytes).await.is_err());
    }
    assert!(!issuer.requests().iter().any(|path| path.contains("evil")), "no address of a token is ever asked");
    assert_eq!(issuer.key_requests(), 1, "unknown key ids right after a fetch cause no other");
}

#[tokio::test]
async fn every_flipped_bit_is_noticed() {
    let issuer = Issuer::start(key_set([keys().p256.jwk("k")])).await;
    let location = KeyLocation::discovery(&issuer.url).expect("loopback");
    let source = KeySource::with(location, KeySourceSettings::default(), TestClock::new());
    let verifier = Verifier::new(Rules::default(), Arc::new(source)).expect("sound rules");
    let token = keys().p256.token("ES256", r#"{"alg":"ES256","kid":"k"}"#, &claims(&issuer.url).to_json());
    assert!(verifier.verify(token.as_bytes()).await.is_ok());
    for at in 0..token.len() {
        for bit in 0..8 {
            let mut bytes = token.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            assert!(verifier.verify(&bytes).await.is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[tokio::test]
async fn nothing_is_open_by_configuration() {
    let location = KeyLocation::jwks("http://127.0.0.1:1/keys").expect("loopback");
    let source = Arc::new(KeySource::new(location));
    assert_eq!(Verifier::new(Rules::default(), source).err(), Some(RulesError::NoIssuer));
    assert_eq!(KeyLocation::jwks("http://id.example/keys").err(), Some(LocationError::Scheme));
}

#[tokio::test]
async fn secrets_do_not_show() {
    let issuer = Issuer::start(key_set([keys().rsa.jwk("k")])).await;
    let source =
        KeySource::with(KeyLocation::discovery(&issuer.url).expect("loopback"), KeySourceSettings::default(), TestClock::new());
    let verifier = Verifier::new(Rules::default(), Arc::new(source)).expect("sound rules");
    let mut claims = claims(&issuer.url);
    claims.as_object_mut().expect("an object").insert("email", "ann@example.com");
    let token = keys().rsa.rs256("k", &claims);
    let verified = verifier.verify(token.as_bytes()).await.expect("a good token");
    let shown = format!("{verified:?} {verifier:?}");
    for secret in ["ann", token.rsplit('.').next().expect("a signature")] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let failure = Error::KeysUnavailable(Arc::new(FetchError::Interrupted));
    assert_eq!(failure.to_string(), "the issuer's keys are not available: the fetch was interrupted");
}
