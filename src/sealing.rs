//! Texts that only this server can read and that nobody else can make: tokens that clients carry for us.
//!
//! A [`Sealer`] has one purpose, for which its key is derived from the server's secret
//! ([HKDF](https://www.rfc-editor.org/rfc/rfc5869) with SHA-256), so that a token of one purpose is worthless for another. A
//! sealed text is AES-256-GCM over a random nonce, in URL-safe base64; what it belongs to (an API, a table, an index) is its
//! context, which is authenticated and not stored.
//!
//! Random nonces of 96 bits allow for 2^32 texts per key before a repetition becomes likelier than 2^-32 (NIST SP 800-38D,
//! 8.3): a page of results every millisecond for 49 days; a repetition would reveal what keys of two items have in common.

use std::io::Result;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::definition::ServerSettings;
use crate::kept::{self, Kept};

/// The first byte: how the rest is to be read.
const VERSION: u8 = 1;
/// Separates these keys from whatever else may be derived from the same secret.
const SALT: &[u8] = b"syncgate sealing v1";
/// The shortest secret: 32 characters, which are 128 bits when they are random hexadecimal digits.
pub const SHORTEST_SECRET: usize = 32;
/// The file of the data folder that keeps the secret which the server made.
const FILE: &str = "secret";

/// Seals and opens texts of one purpose.
pub struct Sealer {
    key: LessSafeKey,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").finish_non_exhaustive()
    }
}

impl Sealer {
    /// The sealer of a purpose, a name such as `dynamodb nextToken`.
    #[must_use]
    pub fn derive(secret: &[u8], purpose: &str) -> Self {
        let pseudorandom_key = Salt::new(HKDF_SHA256, SALT).extract(secret);
        let info = [purpose.as_bytes()];
        let key_material = pseudorandom_key.expand(&info, &AES_256_GCM).expect("32 bytes are fewer than HKDF's 8,160");
        Self { key: LessSafeKey::new(UnboundKey::from(key_material)) }
    }

    /// The text that [`Sealer::open`] turns back into `plain`, in the same context only.
    #[must_use]
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> String {
        let nonce = kept::random::<NONCE_LEN>().expect("the system's random source works: TLS needs it as well");
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        let mut body = plain.to_vec();
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut body)
            .expect("what fits into memory is shorter than AES-GCM's 64 GiB");
        sealed.extend_from_slice(&body);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// What was sealed; `None` for anything that this sealer did not make in this context. Nothing says why, so nothing is
    /// learnt by trying, and the tag is compared in constant time.
    #[must_use]
    pub fn open(&self, context: &[u8], text: &str) -> Option<Vec<u8>> {
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (&version, rest) = sealed.split_first()?;
        if version != VERSION {
            return None;
        }
        let (nonce, body) = rest.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut body = body.to_vec();
        let length = self.key.open_in_place(nonce, Aad::from(context), &mut body).ok()?.len();
        body.truncate(length);
        Some(body)
    }
}

/// The secret that sealers and other keys are derived from: `[server] secret`, else the one kept in the data folder, which is
/// made when there is none. With `ephemeral` nothing is kept, and every call gives another one: ask once and share it.
///
/// # Errors
/// When the data folder cannot be read or written.
pub fn server_secret(settings: &ServerSettings) -> Result<Vec<u8>> {
    if let Some(secret) = &settings.secret {
        return Ok(secret.expose().as_bytes().to_vec());
    }
    let secret = if settings.ephemeral {
        create()?
    } else {
        kept::keep(&settings.data, &Kept { file: FILE, what: "a secret", create, is_valid })?
    };
    Ok(secret.into_bytes())
}

/// 256 random bits as text.
fn create() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(kept::random::<32>()?))
}

fn is_valid(secret: &str) -> bool {
    secret.chars().count() >= SHORTEST_SECRET
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::Secret;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

    #[test]
    fn what_was_sealed_opens_in_its_context_only() {
        let sealer = Sealer::derive(SECRET, "tests");
        for plain in [&b""[..], b"x", &[0; 1000]] {
            let text = sealer.seal(b"api/posts", plain);
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')), "{text}");
            assert_eq!(sealer.open(b"api/posts", &text).as_deref(), Some(plain));
            assert_eq!(sealer.open(b"api/users", &text), None);
            assert_eq!(sealer.open(b"", &text), None);
            assert_eq!(Sealer::derive(SECRET, "tests").open(b"api/posts", &text).as_deref(), Some(plain), "derived again");
            assert_eq!(Sealer::derive(SECRET, "other").open(b"api/posts", &text), None);
            assert_eq!(Sealer::derive(b"another secret", "tests").open(b"api/posts", &text), None);
        }
        assert_ne!(sealer.seal(b"", b"same"), sealer.seal(b"", b"same"), "nonces differ");
    }

    #[test]
    fn tampered_texts_do_not_open() {
        let sealer = Sealer::derive(SECRET, "tests");
        let sealed = URL_SAFE_NO_PAD.decode(sealer.seal(b"context", b"plain text")).expect("base64");
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut tampered = sealed.clone();
                tampered[at] ^= 1 << bit;
                assert_eq!(sealer.open(b"context", &URL_SAFE_NO_PAD.encode(tampered)), None, "byte {at}, bit {bit}");
            }
            assert_eq!(sealer.open(b"context", &URL_SAFE_NO_PAD.encode(&sealed[..at])), None, "{at} bytes");
        }
        let longer = [&sealed[..], &[0]].concat();
        assert_eq!(sealer.open(b"context", &URL_SAFE_NO_PAD.encode(longer)), None);
        assert!(sealer.open(b"context", &URL_SAFE_NO_PAD.encode(&sealed)).is_some());
    }

    #[test]
    fn every_character_counts_and_has_one_spelling() {
        let sealer = Sealer::derive(SECRET, "tests");
        // Lengths of all three remainders, whose last characters have unused bits.
        for plain in ["a", "ab", "abc"] {
            let text = sealer.seal(b"", plain.as_bytes());
            for at in 0..text.len() {
                for other in ['A', 'Q', 'g', '_', '='] {
                    let mut changed = text.clone();
                    changed.replace_range(at..=at, other.encode_utf8(&mut [0; 4]));
                    assert!(changed == text || sealer.open(b"", &changed).is_none(), "{changed}");
                }
            }
        }
        for text in ["", "!", "not base64 at all", "AQ", "AQ==", "ä", &"A".repeat(38), &"A".repeat(10_000)] {
            assert_eq!(sealer.open(b"", text), None, "{text}");
        }
    }

    #[test]
    fn a_made_secret_is_kept_and_an_ephemeral_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let settings = ServerSettings { data: data.clone(), ..ServerSettings::default() };
        let first = server_secret(&settings).expect("a secret");
        assert_eq!(server_secret(&settings).expect("the same"), first);
        assert!(first.len() >= SHORTEST_SECRET);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(data.join(FILE)).expect("the file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let configured = ServerSettings { secret: Some(Secret::new("x".repeat(32))), ..settings.clone() };
        assert_eq!(server_secret(&configured).expect("that one"), "x".repeat(32).into_bytes());

        let nowhere = folder.path().join("nowhere");
        let ephemeral = ServerSettings { data: nowhere.clone(), ephemeral: true, ..settings.clone() };
        assert_ne!(server_secret(&ephemeral).expect("one"), server_secret(&ephemeral).expect("another"));
        assert!(!nowhere.exists(), "nothing is written");

        std::fs::write(data.join(FILE), "short\n").expect("a file");
        let error = server_secret(&settings).expect_err("no secret").to_string();
        assert!(error.contains("secret does not hold a secret; delete it to get a new one"), "{error}");
    }
}
