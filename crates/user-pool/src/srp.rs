//! The Secure Remote Password protocol (SRP-6a) in the form that Cognito and its client libraries speak.
//!
//! The group is RFC 3526's 3072-bit one with g = 2, the digest SHA-256. Numbers enter a digest as their shortest big-endian bytes
//! in two's complement (a zero byte before a leading one bit), because the first clients were written with Java's `BigInteger`.
//! The identity is the part of the pool id after `_` followed by the user name. From the premaster secret S both sides derive 16
//! bytes by HKDF and prove them by an HMAC over identity, secret block and time.
//!
//! The arithmetic is not constant-time: enough for a pool on the developer's own machine, not for a service on the internet.

use std::sync::LazyLock;

use aws_lc_rs::hmac;
use num_bigint::BigUint;
use serde::{Deserialize, Serialize};

use crate::random;

/// RFC 3526, group 15.
const N_HEX: &[u8] = b"\
FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD\
EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F\
83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B\
E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510\
15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7\
ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C\
BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF";

/// The longest `SRP_A` worth reading: N in hexadecimal and some leading zeros.
const MAX_HEX: usize = N_HEX.len() + 8;

struct Group {
    n: BigUint,
    g: BigUint,
    k: BigUint,
}

static GROUP: LazyLock<Group> = LazyLock::new(|| {
    let n = BigUint::parse_bytes(N_HEX, 16).expect("the constant is hexadecimal");
    let g = BigUint::from(2_u8);
    let k = BigUint::from_bytes_be(&random::sha256(&[signed_bytes(&n), signed_bytes(&g)].concat()));
    Group { n, g, k }
});

/// A number as Java's `BigInteger.toByteArray` writes it.
fn signed_bytes(number: &BigUint) -> Vec<u8> {
    let mut bytes = number.to_bytes_be();
    if bytes.first().is_some_and(|first| first & 0x80 != 0) {
        bytes.insert(0, 0);
    }
    bytes
}

/// A salt of random bytes. Clients differ in how they treat a leading zero digit or a leading one bit: it has neither.
fn salt_of(mut bytes: [u8; 16]) -> BigUint {
    bytes[0] = (bytes[0] & 0x7f) | 0x10;
    BigUint::from_bytes_be(&bytes)
}

/// What the pool keeps of a password: a salt and g^x mod N, both hexadecimal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verifier {
    salt: String,
    verifier: String,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Verifier(hidden)")
    }
}

impl Verifier {
    /// The verifier of a new password, with a salt of its own.
    pub(crate) fn new(identity: &str, password: &str) -> Self {
        Self::with_salt(identity, password, &salt_of(random::bytes()))
    }

    /// A verifier of no password, always the same for a user name that does not exist: see `prevent_user_existence_errors`.
    pub(crate) fn imaginary(secret: &[u8; 32], identity: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let mut salt = [0; 16];
        salt.copy_from_slice(&hmac::sign(&key, format!("salt {identity}").as_bytes()).as_ref()[..16]);
        let password = random::base64(hmac::sign(&key, format!("password {identity}").as_bytes()).as_ref());
        Self::with_salt(identity, &password, &salt_of(salt))
    }

    fn with_salt(identity: &str, password: &str, salt: &BigUint) -> Self {
        let inner = random::sha256(format!("{identity}:{password}").as_bytes());
        let x = BigUint::from_bytes_be(&random::sha256(&[signed_bytes(salt), inner.to_vec()].concat()));
        let verifier = GROUP.g.modpow(&x, &GROUP.n);
        Self { salt: salt.to_str_radix(16), verifier: verifier.to_str_radix(16) }
    }

    /// Whether this is the verifier of a password.
    pub(crate) fn matches(&self, identity: &str, password: &str) -> bool {
        let Some(salt) = BigUint::parse_bytes(self.salt.as_bytes(), 16) else { return false };
        let other = Self::with_salt(identity, password, &salt);
        random::same(self.verifier.as_bytes(), other.verifier.as_bytes())
    }
}

/// The server's side of one sign-in, between `SRP_B` and the proof.
pub(crate) struct Challenge {
    identity: String,
    client_public: BigUint,
    private: BigUint,
    public: BigUint,
    verifier: BigUint,
    salt: String,
    secret_block: Vec<u8>,
}

/// Why no challenge could be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChallengeError {
    /// The client's public value is no hexadecimal number, too large, or divisible by N.
    PublicValue,
    /// What was stored is no verifier.
    Verifier,
}

impl Challenge {
    /// Answers a client's `SRP_A`.
    pub(crate) fn new(identity: String, verifier: &Verifier, srp_a: &str) -> Result<Self, ChallengeError> {
        Self::with(identity, verifier, srp_a, &random::bytes::<32>(), random::bytes::<64>().to_vec())
    }

    fn with(
        identity: String,
        verifier: &Verifier,
        srp_a: &str,
        private: &[u8],
        secret_block: Vec<u8>,
    ) -> Result<Self, ChallengeError> {
        let group = &*GROUP;
        if srp_a.is_empty() || srp_a.len() > MAX_HEX || !srp_a.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ChallengeError::PublicValue);
        }
        let client_public = BigUint::parse_bytes(srp_a.as_bytes(), 16).ok_or(ChallengeError::PublicValue)?;
        let zero = BigUint::ZERO;
        // With A = 0 modulo N the secret would be 0 whatever the password is (RFC 5054, 2.5.4).
        if &client_public % &group.n == zero {
            return Err(ChallengeError::PublicValue);
        }
        let salt = verifier.salt.clone();
        let verifier = BigUint::parse_bytes(verifier.verifier.as_bytes(), 16).ok_or(ChallengeError::Verifier)?;
        let private = BigUint::from_bytes_be(private);
        let public = (&group.k * &verifier + group.g.modpow(&private, &group.n)) % &group.n;
        Ok(Self { identity, client_public, private, public, verifier, salt, secret_block })
    }

    /// The `SALT` that the client gets.
    pub(crate) fn salt(&self) -> &str {
        &self.salt
    }

    /// The `SRP_B` that the client gets.
    pub(crate) fn public_value(&self) -> String {
        self.public.to_str_radix(16)
    }

    /// The `SECRET_BLOCK` that the client sends back.
    pub(crate) fn secret_block(&self) -> String {
        random::base64(&self.secret_block)
    }

    /// Whether `signature` proves that the client knows the password.
    pub(crate) fn verify(&self, timestamp: &str, signature: &[u8]) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.session_key());
        let message = [self.identity.as_bytes(), &self.secret_block, timestamp.as_bytes()].concat();
        hmac::verify(&key, &message, signature).is_ok()
    }

    fn session_key(&self) -> [u8; 16] {
        let n = &GROUP.n;
        let u_bytes = random::sha256(&[signed_bytes(&self.client_public), signed_bytes(&self.public)].concat());
        let u = BigUint::from_bytes_be(&u_bytes);
        let secret = (&self.client_public * self.verifier.modpow(&u, n)).modpow(&self.private, n);
        // HKDF (RFC 5869) with one block of output.
        let extracted = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &signed_bytes(&u)), &signed_bytes(&secret));
        let expanded = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, extracted.as_ref()), b"Caldera Derived Key\x01");
        let mut key = [0; 16];
        key.copy_from_slice(&expanded.as_ref()[..16]);
        key
    }
}

/// Whether a text is a time in the one form that Cognito takes: `EEE MMM d HH:mm:ss z yyyy` in English, UTC.
pub(crate) fn is_timestamp(text: &str) -> bool {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let number = |text: &str, length: std::ops::RangeInclusive<usize>, range: std::ops::RangeInclusive<u32>| {
        length.contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && text.parse().is_ok_and(|number| range.contains(&number))
    };
    let parts: Vec<&str> = text.split(' ').collect();
    let [weekday, month, day, time, zone, year] = parts[..] else { return false };
    let clock: Vec<&str> = time.split(':').collect();
    let [hours, minutes, seconds] = clock[..] else { return false };
    DAYS.contains(&weekday)
        && MONTHS.contains(&month)
        && number(day, 1..=2, 1..=31)
        && number(hours, 2..=2, 0..=23)
        && number(minutes, 2..=2, 0..=59)
        && number(seconds, 2..=2, 0..=60)
        && matches!(zone, "UTC" | "GMT")
        && number(year, 4..=4, 1..=9999)
}

#[cfg(test)]
#[path = "srp_tests.rs"]
mod tests;
