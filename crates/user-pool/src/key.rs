//! The key by which a pool signs its tokens: RSA with 2048 bits, made when it is first needed.

use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use value::{Value, value};

use crate::random;

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// A signing key.
pub(crate) struct SigningKey {
    pair: KeyPair,
    id: String,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKey({})", self.id)
    }
}

impl SigningKey {
    /// Makes a new key, which takes a tenth of a second or more.
    pub(crate) fn generate() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("the crypto library makes RSA keys");
        Self::from_pair(pair).expect("the crypto library encodes its own keys")
    }

    fn from_pair(pair: KeyPair) -> Option<Self> {
        let der = pair.public_key().as_ref();
        let (modulus, exponent) = public_numbers(der)?;
        // Cognito's key ids are 32 bytes in Base64, too.
        let id = random::base64(&random::sha256(der));
        Some(Self { modulus, exponent, id, pair })
    }

    /// The key as PKCS#8 in PEM.
    pub(crate) fn to_pem(&self) -> String {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().expect("the crypto library encodes its own keys");
        let text = random::base64(der.as_ref());
        let mut pem = format!("{PEM_BEGIN}\n");
        for line in text.as_bytes().chunks(64) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem.push_str(PEM_END);
        pem.push('\n');
        pem
    }

    /// What [`SigningKey::to_pem`] wrote, or a PKCS#8 RSA key of another tool.
    pub(crate) fn from_pem(pem: &str) -> Option<Self> {
        let (_, rest) = pem.split_once(PEM_BEGIN)?;
        let (body, _) = rest.split_once(PEM_END)?;
        let der = random::from_base64(&body.split_ascii_whitespace().collect::<String>())?;
        Self::from_pair(KeyPair::from_pkcs8(&der).ok()?)
    }

    /// The key's id, the `kid` of tokens.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Signs with RS256.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &aws_lc_rs::rand::SystemRandom::new(), message, &mut signature)
            .expect("the key signs and the buffer has the modulus' length");
        signature
    }

    /// Whether this key signed a message.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.pair.public_key().as_ref()).verify(message, signature).is_ok()
    }

    /// The public half as a JSON Web Key.
    pub(crate) fn jwk(&self) -> Value {
        value!({
            "alg": "RS256",
            "e": (random::base64_url(&self.exponent)),
            "kid": (self.id.as_str()),
            "kty": "RSA",
            "n": (random::base64_url(&self.modulus)),
            "use": "sig"
        })
    }
}

/// Modulus and exponent of an `RSAPublicKey` (RFC 8017, A.1.1): a DER sequence of two positive integers.
fn public_numbers(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (content, rest) = element(der, 0x30)?;
    let (modulus, content) = element(content, 0x02)?;
    let (exponent, content) = element(content, 0x02)?;
    let unsigned = |bytes: &[u8]| -> Vec<u8> { bytes.iter().copied().skip_while(|byte| *byte == 0).collect() };
    (rest.is_empty() && content.is_empty()).then(|| (unsigned(modulus), unsigned(exponent)))
}

/// The content of a DER element and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = if *length < 0x80 {
        (usize::from(*length), rest)
    } else {
        let count = usize::from(length & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let (bytes, rest) = rest.split_at_checked(count)?;
        (bytes.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte)), rest)
    };
    (*first == tag).then(|| rest.split_at_checked(length)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_pem_and_verifies_only_what_it_signed() {
        let key = SigningKey::generate();
        let again = SigningKey::from_pem(&key.to_pem()).expect("its own form");
        assert_eq!(key.id(), again.id());
        assert_eq!(key.jwk(), again.jwk());
        let signature = key.sign(b"message");
        assert!(again.verify(b"message", &signature));
        assert!(!again.verify(b"massage", &signature));
        assert!(!SigningKey::generate().verify(b"message", &signature));
        assert_eq!(key.modulus.len(), 256);
        assert_eq!(key.exponent, [1, 0, 1]);
        assert!(!format!("{key:?}").contains("PRIVATE"));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for pem in [
            "",
            PEM_BEGIN,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\n%\n-----END PRIVATE KEY-----",
        ] {
            assert!(SigningKey::from_pem(pem).is_none(), "{pem:?}");
        }
        for der in [
            &b""[..],
            b"\x30",
            b"\x30\x80",
            b"\x30\x85\x01\x01\x01\x01\x01",
            b"\x30\x03\x02\x01\x01",
            b"\x30\x84\xff\xff\xff\xff",
        ] {
            assert!(public_numbers(der).is_none(), "{der:?}");
        }
    }
}
