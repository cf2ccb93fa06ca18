//! Issuers of tokens that the suite plays: keys made for the run, tokens signed rightly or wrongly, and a server that publishes keys
//! and counts who asks.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, OnceLock};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use value::{Value, value};

/// The pairs of this run.
pub(crate) struct Keys {
    pub(crate) rsa: RsaKeyPair,
    pub(crate) ec: EcdsaKeyPair,
    /// The same secret as `ec`, for the other form of its signatures.
    pub(crate) ec_asn1: EcdsaKeyPair,
    /// Of user pool A and B.
    pub(crate) pool_a: RsaKeyPair,
    pub(crate) pool_b: RsaKeyPair,
    /// Of nobody here.
    pub(crate) attacker: RsaKeyPair,
}

pub(crate) fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let rsa = || RsaKeyPair::generate(KeySize::Rsa2048).expect("random numbers");
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).expect("random numbers");
        Keys {
            rsa: rsa(),
            ec: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref()).expect("a key"),
            ec_asn1: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref()).expect("a key"),
            pool_a: rsa(),
            pool_b: rsa(),
            attacker: rsa(),
        }
    })
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The public half as a JSON Web Key.
pub(crate) fn rsa_jwk(pair: &RsaKeyPair, kid: &str) -> Value {
    let key = pair.public_key();
    let n = base64url(key.modulus().big_endian_without_leading_zero());
    let e = base64url(key.exponent().big_endian_without_leading_zero());
    value!({"kty": "RSA", "use": "sig", "kid": kid, "n": n, "e": e})
}

fn ec_jwk(pair: &EcdsaKeyPair, kid: &str) -> Value {
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    value!({"kty": "EC", "crv": "P-256", "kid": kid, "x": (base64url(x)), "y": (base64url(y))})
}

/// The forms in which somebody could take a public key for a secret.
pub(crate) fn public_forms(pair: &RsaKeyPair) -> Vec<(&'static str, Vec<u8>)> {
    let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("a public key");
    let spki = spki.as_ref().to_vec();
    let pem = |label: &str, der: &[u8], end: &str| {
        let lines: Vec<String> =
            STANDARD.encode(der).as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----{end}", lines.join("\n")).into_bytes()
    };
    let pkcs1 = pair.public_key().as_ref().to_vec();
    let jwk = rsa_jwk(pair, "k");
    let n = jwk.at(&["n"]).as_str().expect("text").to_owned();
    vec![
        ("PEM", pem("PUBLIC KEY", &spki, "\n")),
        ("PEM without its last line feed", pem("PUBLIC KEY", &spki, "")),
        ("PKCS #1 in PEM", pem("RSA PUBLIC KEY", &pkcs1, "\n")),
        ("DER", spki),
        ("PKCS #1", pkcs1),
        ("the modulus", pair.public_key().modulus().big_endian_without_leading_zero().to_vec()),
        ("the modulus in Base64", n.into_bytes()),
        ("its JSON", jwk.to_json().into_bytes()),
        ("its key set", value!({"keys": [jwk]}).to_json().into_bytes()),
        ("nothing", Vec::new()),
    ]
}

/// How a token is signed.
pub(crate) enum By<'k> {
    Rs256(&'k RsaKeyPair),
    Rs512(&'k RsaKeyPair),
    Ps256(&'k RsaKeyPair),
    Es256,
    /// The form of X.509 instead of that of tokens.
    Es256Asn1,
    Hs256(&'k [u8]),
    Bytes(&'k [u8]),
}

/// A token of this header and these claims.
pub(crate) fn token(header: &str, claims: &str, by: &By<'_>) -> String {
    sign_text(&format!("{}.{}", base64url(header), base64url(claims)), by)
}

/// Header and claims as they are sent, with a signature.
pub(crate) fn sign_text(text: &str, by: &By<'_>) -> String {
    let random = SystemRandom::new();
    let rsa = |pair: &RsaKeyPair, encoding: &'static dyn RsaEncoding| {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &random, text.as_bytes(), &mut signature).expect("a signature");
        signature
    };
    let signature = match by {
        By::Rs256(pair) => rsa(pair, &RSA_PKCS1_SHA256),
        By::Rs512(pair) => rsa(pair, &RSA_PKCS1_SHA512),
        By::Ps256(pair) => rsa(pair, &RSA_PSS_SHA256),
        By::Es256 => keys().ec.sign(&random, text.as_bytes()).expect("a signature").as_ref().to_vec(),
        By::Es256Asn1 => keys().ec_asn1.sign(&random, text.as_bytes()).expect("a signature").as_ref().to_vec(),
        By::Hs256(secret) => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes()).as_ref().to_vec(),
        By::Bytes(bytes) => bytes.to_vec(),
    };
    format!("{text}.{}", base64url(signature))
}

/// The claims with some members replaced; null removes.
pub(crate) fn changed(claims: &Value, changes: &Value) -> String {
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

/// One server for all issuers, by path: an OpenID Connect provider below `/oidc`, user pools at `/us-east-1_PoolA` and `_PoolB`.
pub(crate) struct Issuers {
    pub(crate) address: SocketAddr,
    hits: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Issuers {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let keys = keys();
        let oidc = format!("http://{address}/oidc");
        let documents = BTreeMap::from([
            (
                "/oidc/.well-known/openid-configuration",
                value!({"issuer": (oidc.as_str()), "jwks_uri": (format!("{oidc}/keys"))}).to_json(),
            ),
            ("/oidc/keys", value!({"keys": [(rsa_jwk(&keys.rsa, "k")), (ec_jwk(&keys.ec, "e"))]}).to_json()),
            ("/us-east-1_PoolA/.well-known/jwks.json", value!({"keys": [(rsa_jwk(&keys.pool_a, "a"))]}).to_json()),
            ("/us-east-1_PoolB/.well-known/jwks.json", value!({"keys": [(rsa_jwk(&keys.pool_b, "b"))]}).to_json()),
        ]);
        let hits = Arc::new(Mutex::new(BTreeMap::new()));
        let counted = Arc::clone(&hits);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut head = Vec::new();
                let mut piece = [0; 1024];
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read(&mut piece) {
                        Ok(read @ 1..) => head.extend_from_slice(&piece[..read]),
                        _ => break,
                    }
                }
                let path = String::from_utf8_lossy(&head).split(' ').nth(1).unwrap_or_default().to_owned();
                *counted.lock().expect("no panic").entry(path.clone()).or_insert(0) += 1;
                let (status, body) = documents.get(path.as_str()).map_or((404, "{}"), |body| (200, body.as_str()));
                let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                let _ = stream.write_all((head + body).as_bytes());
            }
        });
        Self { address, hits }
    }

    pub(crate) fn oidc(&self) -> String {
        format!("http://{}/oidc", self.address)
    }

    pub(crate) fn pool(&self, name: &str) -> String {
        format!("http://{}/us-east-1_Pool{name}", self.address)
    }

    /// How often each path was asked for.
    pub(crate) fn hits(&self) -> BTreeMap<String, usize> {
        self.hits.lock().expect("no panic").clone()
    }
}
