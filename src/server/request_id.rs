//! Request ids: version 4 UUIDs in form. They have to be unique, not secret, so a fast generator per thread is enough; the
//! system's random source only seeds it.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use value::Str;

thread_local! {
    static STATE: Cell<(u64, u64)> = Cell::new((RandomState::new().hash_one(0), RandomState::new().hash_one(1)));
}

/// A new id, like `6b25d092-994a-49eb-a600-bb019b9602ea`.
pub(super) fn next() -> Str {
    let (high, low) = draw();
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&high.to_le_bytes());
    bytes[8..].copy_from_slice(&low.to_le_bytes());
    let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
    let mut text = uuid::Uuid::encode_buffer();
    Str::from(&*id.hyphenated().encode_lower(&mut text))
}

/// A new id in DynamoDB's form: 52 digits and capital letters.
pub(super) fn dynamodb() -> Str {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";
    let (first, second) = (draw(), draw());
    let words = [first.0, first.1, second.0, second.1];
    // Thirteen digits of five bits for each word of 64.
    let digits = words.iter().flat_map(|word| (0..13).map(move |digit| DIGITS[(word >> (digit * 5) & 31) as usize]));
    digits.map(char::from).collect::<String>().into()
}

fn draw() -> (u64, u64) {
    STATE.with(|state| {
        let (first, second) = state.get();
        let (first, second) = (first.wrapping_add(0x9e37_79b9_7f4a_7c15), second.wrapping_add(0xd1b5_4a32_d192_ed03));
        state.set((first, second));
        (mix(first), mix(second))
    })
}

/// The output function of SplitMix64: one-to-one, so that ids of one thread cannot meet before the counter wraps.
fn mix(state: u64) -> u64 {
    let mut z = state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_uuids_and_differ_across_threads() {
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(|| (0..1000).map(|_| next()).collect::<Vec<_>>())).collect();
        let ids: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().expect("ids")).collect();
        for id in &ids {
            assert_eq!(uuid::Uuid::parse_str(id).expect("a UUID").get_version_num(), 4);
        }
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 4000);
    }

    #[test]
    fn ids_of_dynamodb_have_its_form() {
        let ids: HashSet<_> = (0..1000).map(|_| dynamodb()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.len() == 52 && id.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())));
    }
}
