//! A pool with a clock that stands still, a client of the SRP protocol, and a verifier of tokens that shares no code with the pool.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use num_bigint::BigUint;
use user_pool::{
    AuthFlow, Caller, ClientDefinition, Clock, Message, Options, PoolDefinition, Response, Secret, Storage, UserDefinition,
    UserPool, UserPools,
};
use value::{Value, value};

pub(crate) const POOL: &str = "eu-west-1_Example01";
pub(crate) const PASSWORD: &str = "Correct-horse-1";
pub(crate) const START: i64 = 1_700_000_000;

/// A clock that tests set.
pub(crate) struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn unix_millis(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Pools, the time, and the messages they sent.
pub(crate) struct Bench {
    pub(crate) pools: UserPools,
    clock: Arc<TestClock>,
    messages: Arc<Mutex<Vec<Message>>>,
}

/// A pool with the user `ann` and the clients `web` (everything allowed), `legacy` (tells that a user does not exist), `plain`
/// (Cognito's default flows) and `secret` (with a secret).
pub(crate) fn definition() -> PoolDefinition {
    let mut pool = PoolDefinition { case_sensitive: false, ..PoolDefinition::new(POOL) };
    let everything = |id: &str| ClientDefinition { auth_flows: BTreeSet::from(AuthFlow::ALL), ..ClientDefinition::new(id) };
    pool.clients = vec![
        everything("web"),
        ClientDefinition { prevent_user_existence_errors: false, ..everything("legacy") },
        ClientDefinition::new("plain"),
        ClientDefinition { secret: Some(Secret::new("hush")), ..everything("secret") },
    ];
    pool.users = vec![
        UserDefinition::new("ann")
            .with_password(PASSWORD)
            .with_attribute("email", "ann@example.com")
            .with_attribute("email_verified", "true")
            .with_attribute("custom:team", "blue")
            .in_group("editors"),
    ];
    pool
}

impl Bench {
    pub(crate) fn new(definition: PoolDefinition) -> Self {
        Self::in_storage(definition, Storage::Memory)
    }

    pub(crate) fn in_storage(definition: PoolDefinition, storage: Storage) -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(START * 1000)));
        let messages = Arc::new(Mutex::new(Vec::new()));
        let sent = Arc::clone(&messages);
        let options = Options {
            storage,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            messenger: Arc::new(move |message| sent.lock().expect("no panic").push(message.clone())),
        };
        Self { pools: UserPools::open(vec![definition], &options).expect("a good definition"), clock, messages }
    }

    pub(crate) fn pool(&self) -> &UserPool {
        self.pools.pool(POOL).expect("the pool")
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// The secret of the last message.
    pub(crate) fn last_message(&self) -> Message {
        self.messages.lock().expect("no panic").last().cloned().expect("a message")
    }

    pub(crate) fn send(&self, operation: &str, body: &Value, caller: Caller) -> Response {
        self.pools.handle(&format!("AWSCognitoIdentityProviderService.{operation}"), body.to_json().as_bytes(), caller)
    }

    /// Calls an operation that must succeed, as an administrator if its name says so.
    pub(crate) fn call(&self, operation: &str, body: impl Borrow<Value>) -> Value {
        let response = self.send(operation, body.borrow(), Caller::Administrator);
        assert_eq!(response.status, 200, "{operation}: {:?}", response.error);
        response.body
    }

    /// Calls an operation that must fail; the answer is `Type: message`.
    pub(crate) fn fail(&self, operation: &str, body: impl Borrow<Value>) -> String {
        let response = self.send(operation, body.borrow(), Caller::Administrator);
        let error = response.error.unwrap_or_else(|| panic!("{operation} succeeded: {}", response.body));
        assert_eq!(response.status, 400);
        assert_eq!(text(&response.body, &["__type"]), error.error_type.name());
        assert_eq!(text(&response.body, &["message"]), error.message);
        error.to_string()
    }

    /// Signs in by password.
    pub(crate) fn sign_in(&self, username: &str, password: &str) -> Value {
        self.call("InitiateAuth", by_password("web", username, password)).at(&["AuthenticationResult"]).clone()
    }

    /// The first half of a sign-in by SRP: the challenge, and what answers it.
    pub(crate) fn srp(&self, client: &str, username: &str, password: &str) -> (Value, Value) {
        let srp = SrpClient::new();
        let challenge = self.call(
            "InitiateAuth",
            value!({
                "AuthFlow": "USER_SRP_AUTH",
                "ClientId": client,
                "AuthParameters": { "USERNAME": username, "SRP_A": (srp.public.to_str_radix(16)) }
            }),
        );
        assert_eq!(text(&challenge, &["ChallengeName"]), "PASSWORD_VERIFIER");
        let parameters = challenge.at(&["ChallengeParameters"]).clone();
        let answer = value!({
            "ChallengeName": "PASSWORD_VERIFIER",
            "ClientId": client,
            "ChallengeResponses": (srp.responses(&parameters, password))
        });
        (parameters, answer)
    }
}

pub(crate) fn by_password(client: &str, username: &str, password: &str) -> Value {
    value!({
        "AuthFlow": "USER_PASSWORD_AUTH",
        "ClientId": client,
        "AuthParameters": { "USERNAME": username, "PASSWORD": password }
    })
}

pub(crate) fn by_refresh_token(client: &str, token: &str) -> Value {
    value!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": client, "AuthParameters": { "REFRESH_TOKEN": token } })
}

/// The text at a path.
pub(crate) fn text<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    value.at(path).as_str().unwrap_or_else(|| panic!("no text at {path:?} in {value}"))
}

/// The client's side of the protocol, written from its description.
pub(crate) struct SrpClient {
    n: BigUint,
    private: BigUint,
    pub(crate) public: BigUint,
}

fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    digest::digest(&digest::SHA256, &parts.concat()).as_ref().to_vec()
}

/// A number as a two's complement integer, big-endian.
fn padded(number: &BigUint) -> Vec<u8> {
    let hex = number.to_str_radix(16);
    let hex = if hex.len() % 2 == 1 { format!("0{hex}") } else { hex };
    let hex = if hex.as_bytes()[0] >= b'8' { format!("00{hex}") } else { hex };
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal")).collect()
}

fn number(hex: &str) -> BigUint {
    BigUint::parse_bytes(hex.as_bytes(), 16).expect("hexadecimal")
}

impl SrpClient {
    pub(crate) fn new() -> Self {
        // RFC 3526: 2^3072 - 2^3008 - 1 + 2^64 * ([2^2942 pi] + 1690314); the digits of pi come from Machin's formula.
        let unity = BigUint::from(1_u8) << 3100_u32;
        let arctan = |inverse: u32| {
            let (mut power, mut positive, mut negative) = (&unity / inverse, BigUint::ZERO, BigUint::ZERO);
            for odd in (1_u32..).step_by(2) {
                if power == BigUint::ZERO {
                    break;
                }
                let term = &power / odd;
                if odd % 4 == 1 {
                    positive += term;
                } else {
                    negative += term;
                }
                power /= inverse * inverse;
            }
            positive - negative
        };
        let pi = (arctan(5) * 16_u32 - arctan(239) * 4_u32) >> (3100_u32 - 2942);
        let one = BigUint::from(1_u8);
        let n = (&one << 3072_u32) - (&one << 3008_u32) - &one + ((pi + 1_690_314_u32) << 64_u32);
        let mut random = [0; 32];
        aws_lc_rs::rand::fill(&mut random).expect("randomness");
        let private = BigUint::from_bytes_be(&random);
        let public = BigUint::from(2_u8).modpow(&private, &n);
        Self { n, private, public }
    }

    /// `ChallengeResponses` for a challenge.
    pub(crate) fn responses(&self, parameters: &Value, password: &str) -> Value {
        let user_id = text(parameters, &["USER_ID_FOR_SRP"]);
        let (b, salt) = (number(text(parameters, &["SRP_B"])), number(text(parameters, &["SALT"])));
        let g = BigUint::from(2_u8);
        let k = BigUint::from_bytes_be(&sha256(&[&padded(&self.n), &padded(&g)]));
        let u = BigUint::from_bytes_be(&sha256(&[&padded(&self.public), &padded(&b)]));
        let pool = POOL.split_once('_').expect("a pool id").1;
        let inner = sha256(&[format!("{pool}{user_id}:{password}").as_bytes()]);
        let x = BigUint::from_bytes_be(&sha256(&[&padded(&salt), &inner]));
        let base = (&b + &self.n * &k - &k * g.modpow(&x, &self.n)) % &self.n;
        let secret = base.modpow(&(&self.private + &u * &x), &self.n);
        let sign = |key: &[u8], message: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
        let extracted = sign(&padded(&u), &padded(&secret));
        let key = sign(extracted.as_ref(), b"Caldera Derived Key\x01");
        let block = text(parameters, &["SECRET_BLOCK"]);
        let timestamp = "Tue Nov 14 22:13:20 UTC 2023";
        let raw_block = STANDARD.decode(block).expect("Base64");
        let message = [pool.as_bytes(), user_id.as_bytes(), &raw_block, timestamp.as_bytes()].concat();
        let signature = sign(&key.as_ref()[..16], &message);
        value!({
            "USERNAME": user_id,
            "PASSWORD_CLAIM_SECRET_BLOCK": block,
            "PASSWORD_CLAIM_SIGNATURE": (STANDARD.encode(signature.as_ref())),
            "TIMESTAMP": timestamp
        })
    }
}

/// The claims of a token that the keys of a JWKS document verify.
pub(crate) fn verified(jwks: &Value, token: &str) -> Value {
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let (header, claims) = signed.split_once('.').expect("three parts");
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).expect("Base64");
    let header = Value::parse(&decode(header)).expect("a header");
    assert_eq!(text(&header, &["alg"]), "RS256");
    let keys = jwks.at(&["keys"]).as_list().expect("keys");
    let key = keys.iter().find(|key| key.get("kid") == header.get("kid")).expect("the key of the token");
    let (n, e) = (decode(text(key, &["n"])), decode(text(key, &["e"])));
    RsaPublicKeyComponents { n, e }
        .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &decode(signature))
        .expect("a good signature");
    Value::parse(&decode(claims)).expect("claims")
}

/// `SECRET_HASH`.
pub(crate) fn secret_hash(secret: &str, username: &str, client: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, format!("{username}{client}").as_bytes()).as_ref())
}
