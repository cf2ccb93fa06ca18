//! Request ids as DynamoDB makes them: 52 characters of `0-9A-Z`, the last ones always the same.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use value::Str;

/// The end of every id of the service.
const END: &str = "VV4KQNSO5AEMVJF66Q9ASUAAJG";

static SEED: LazyLock<[u64; 3]> = LazyLock::new(|| {
    let random = RandomState::new();
    [0, 1, 2].map(|number: u64| random.hash_one(number))
});
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A new id: unique in this process, not secret.
pub(crate) fn request_id() -> Str {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let mut text = [0; 52];
    let (start, end) = text.split_at_mut(26);
    end.copy_from_slice(END.as_bytes());
    // 13 digits hold all of 64 bits, and the first word is a bijection of the counter: no id comes twice.
    let words = [mix(number ^ SEED[0]), mix(number.wrapping_add(SEED[1]) ^ SEED[2])];
    for (part, mut word) in start.chunks_mut(13).zip(words) {
        for digit in part {
            *digit = DIGITS[(word % 36) as usize];
            word /= 36;
        }
    }
    std::str::from_utf8(&text).expect("the digits are ASCII").into()
}

/// The finaliser of SplitMix64: every input bit reaches every output bit, and no two inputs meet.
fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_look_like_the_services_and_never_repeat() {
        let mut seen = HashSet::new();
        for _ in 0..10_000 {
            let id = request_id();
            assert_eq!(id.len(), 52);
            assert!(id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()), "{id}");
            assert!(id.ends_with("AAJG"), "{id}");
            assert!(seen.insert(id));
        }
    }
}
