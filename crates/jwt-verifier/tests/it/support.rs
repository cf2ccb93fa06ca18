//! Signing keys, tokens, a clock that stands, and an issuer on a free port whose answers a test can change.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_verifier::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use value::{Value, value};

/// Second 1,800,000,000.
pub(crate) const NOW: i64 = 1_800_000_000_000;

/// A clock that a test sets.
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(NOW)))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn unix_millis(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A private key.
pub(crate) enum SigningKey {
    Rsa(Box<RsaKeyPair>),
    Ec(&'static str, EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// Keys that are made once for a test binary.
pub(crate) struct Keys {
    pub(crate) rsa: SigningKey,
    pub(crate) other_rsa: SigningKey,
    pub(crate) p256: SigningKey,
    pub(crate) p384: SigningKey,
    pub(crate) p521: SigningKey,
    pub(crate) ed: SigningKey,
}

pub(crate) fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let rsa = || SigningKey::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).expect("random numbers")));
        let ec = |curve, signing| SigningKey::Ec(curve, EcdsaKeyPair::generate(signing).expect("random numbers"));
        Keys {
            rsa: rsa(),
            other_rsa: rsa(),
            p256: ec("P-256", &ECDSA_P256_SHA256_FIXED_SIGNING),
            p384: ec("P-384", &ECDSA_P384_SHA384_FIXED_SIGNING),
            p521: ec("P-521", &ECDSA_P521_SHA512_FIXED_SIGNING),
            ed: SigningKey::Ed(Ed25519KeyPair::generate().expect("random numbers")),
        }
    })
}

impl SigningKey {
    /// The public half as a JSON Web Key.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Rsa(pair) => {
                let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
                let (n, e) = (encode(n.big_endian_without_leading_zero()), encode(e.big_endian_without_leading_zero()));
                value!({"kty": "RSA", "kid": kid, "n": n, "e": e})
            }
            Self::Ec(curve, pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at((pair.public_key().as_ref().len() - 1) / 2);
                value!({"kty": "EC", "kid": kid, "crv": (*curve), "x": (encode(x)), "y": (encode(y))})
            }
            Self::Ed(pair) => value!({"kty": "OKP", "kid": kid, "crv": "Ed25519", "x": (encode(pair.public_key()))}),
        }
    }

    /// Signs as `alg` asks; EC and Ed25519 keys know one way only.
    pub(crate) fn sign(&self, alg: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let encoding: &'static dyn RsaEncoding = match alg {
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    "PS256" => &RSA_PSS_SHA256,
                    "PS384" => &RSA_PSS_SHA384,
                    "PS512" => &RSA_PSS_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, message, &mut signature).expect("an RSA signature");
                signature
            }
            Self::Ec(_, pair) => pair.sign(&random, message).expect("an ECDSA signature").as_ref().to_vec(),
            Self::Ed(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// A token of this header and these claims, each given as text, signed as `alg` asks.
    pub(crate) fn token(&self, alg: &str, header: &str, claims: &str) -> String {
        let text = format!("{}.{}", encode(header), encode(claims));
        format!("{text}.{}", encode(self.sign(alg, text.as_bytes())))
    }

    /// An RS256 token with this `kid`.
    pub(crate) fn rs256(&self, kid: &str, claims: &Value) -> String {
        self.token("RS256", &value!({"alg": "RS256", "kid": kid}).to_json(), &claims.to_json())
    }
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Claims of a good token of this issuer, issued a minute ago, valid for an hour.
pub(crate) fn claims(issuer: &str) -> Value {
    let second = NOW / 1000;
    value!({"iss": issuer, "sub": "ann", "aud": "web", "iat": (second - 60), "exp": (second + 3540)})
}

pub(crate) fn key_set<const N: usize>(keys: [Value; N]) -> String {
    value!({"keys": (Vec::from(keys))}).to_json()
}

/// What the issuer answers under a path.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Status, further header lines, body.
    Answer(u16, &'static str, Vec<u8>),
    /// Takes the request and never answers.
    Silence,
    /// Begins an answer and never ends it.
    HalfAnAnswer,
    /// Closes the connection.
    HangUp,
}

impl Reply {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Answer(200, "", body.into())
    }
}

/// An issuer on a free port of this machine.
pub(crate) struct Issuer {
    pub(crate) url: String,
    replies: Arc<Mutex<HashMap<String, Reply>>>,
    requests: watch::Sender<Vec<String>>,
    server: JoinHandle<()>,
}

impl Issuer {
    pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";
    pub(crate) const KEYS: &str = "/keys";

    /// An issuer that publishes this key set.
    pub(crate) async fn start(key_set: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let document = value!({"issuer": (url.as_str()), "jwks_uri": (format!("{url}{}", Self::KEYS))}).to_json();
        let replies =
            HashMap::from([(Self::DISCOVERY.to_owned(), Reply::ok(document)), (Self::KEYS.to_owned(), Reply::ok(key_set))]);
        let (replies, requests) = (Arc::new(Mutex::new(replies)), watch::Sender::new(Vec::new()));
        let server = tokio::spawn(serve(listener, Arc::clone(&replies), requests.clone()));
        Self { url, replies, requests, server }
    }

    pub(crate) fn reply(&self, path: &str, reply: Reply) {
        self.replies.lock().expect("no panic").insert(path.to_owned(), reply);
    }

    /// All paths that were asked for, in order.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.borrow().clone()
    }

    /// How often the key set was asked for.
    pub(crate) fn key_requests(&self) -> usize {
        self.requests.borrow().iter().filter(|path| *path == Self::KEYS).count()
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, replies: Arc<Mutex<HashMap<String, Reply>>>, requests: watch::Sender<Vec<String>>) {
    let mut silent = Vec::new();
    while let Ok((mut socket, _)) = listener.accept().await {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            match socket.read_buf(&mut request).await {
                Ok(read) if read > 0 => {}
                _ => break,
            }
        }
        let path = String::from_utf8_lossy(&request).split(' ').nth(1).unwrap_or_default().to_owned();
        let reply = replies.lock().expect("no panic").get(&path).cloned();
        requests.send_modify(|requests| requests.push(path));
        let (status, headers, body) = match reply {
            Some(Reply::Answer(status, headers, body)) => (status, headers, body),
            None => (404, "", b"{}".to_vec()),
            Some(Reply::HangUp) => continue,
            Some(Reply::Silence) => {
                silent.push(socket);
                continue;
            }
            Some(Reply::HalfAnAnswer) => {
                let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"keys\":").await;
                silent.push(socket);
                continue;
            }
        };
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n", body.len());
        // A client may hang up on a large answer.
        let _ = socket.write_all(&[head.as_bytes(), &body].concat()).await;
        let _ = socket.shutdown().await;
    }
}
