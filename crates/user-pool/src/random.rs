//! Randomness and the few encodings and digests that several files need.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rand::TryRng as _;
use rand::rngs::SysRng;
use uuid::Uuid;

/// `N` bytes from the system's generator.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The system's source itself: aws-lc's generator would first gather entropy of its own for 40 ms, when a pool is opened.
    SysRng.try_fill_bytes(&mut bytes).expect("the random source of the system works");
    bytes
}

/// A random identifier (version 4).
pub(crate) fn uuid() -> String {
    uuid_text(uuid_bytes())
}

/// A random identifier, as bytes.
pub(crate) fn uuid_bytes() -> [u8; 16] {
    uuid::Builder::from_random_bytes(bytes()).into_uuid().into_bytes()
}

/// An identifier that is always the same for the same parts; it looks like a random one, as Cognito's `sub` does.
pub(crate) fn derived_uuid(parts: &[&str]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&context.finish().as_ref()[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// Six decimal digits, as in a confirmation code.
pub(crate) fn digits() -> String {
    // The remainder's bias (2^64 against 10^6) is below one in 10^13.
    format!("{:06}", u64::from_be_bytes(bytes()) % 1_000_000)
}

/// A password that every password policy up to 20 characters accepts.
pub(crate) fn password() -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789-_+=.!?";
    let text: String = bytes::<16>().iter().map(|byte| char::from(ALPHABET[usize::from(byte % 64)])).collect();
    format!("{text}Aa1!")
}

/// The text of a UUID's bytes.
pub(crate) fn uuid_text(bytes: [u8; 16]) -> String {
    Uuid::from_bytes(bytes).to_string()
}

/// SHA-256.
pub(crate) fn sha256(data: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, data).as_ref());
    out
}

/// Base64 with padding.
pub(crate) fn base64(data: &[u8]) -> String {
    STANDARD.encode(data)
}

/// What [`base64`] wrote.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Base64 for URLs, without padding, as in tokens.
pub(crate) fn base64_url(data: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(data)
}

/// What [`base64_url`] wrote.
pub(crate) fn from_base64_url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Whether two texts are the same, in time that tells nothing about where they differ.
pub(crate) fn same(left: &[u8], right: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(left, right).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_identifiers_depend_on_every_part_and_on_where_parts_end() {
        assert_eq!(derived_uuid(&["pool", "ann"]), derived_uuid(&["pool", "ann"]));
        assert_ne!(derived_uuid(&["pool", "ann"]), derived_uuid(&["poolann", ""]));
        assert_ne!(derived_uuid(&["pool", "ann"]), derived_uuid(&["pool", "bob"]));
        assert_eq!(derived_uuid(&["pool", "ann"]).as_bytes()[14], b'4', "version 4");
    }

    #[test]
    fn codes_have_six_digits() {
        for _ in 0..100 {
            let code = digits();
            assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
        }
    }
}
