//! Identifiers: UUID version 4, ULID, KSUID.

use value::Value;

use crate::{Failure, Session, Utility};

pub(crate) const TABLE: &[Utility] =
    &[Utility::both("autoId", auto_id), Utility::both("autoUlid", auto_ulid), Utility::both("autoKsuid", auto_ksuid)];

fn auto_id(session: &mut Session, _: &[Value]) -> Result<Value, Failure> {
    let mut bytes = [0; 16];
    session.ids.fill(&mut bytes);
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string().into())
}

/// 48 bits of milliseconds and 80 random bits, in Crockford's base 32.
fn auto_ulid(session: &mut Session, _: &[Value]) -> Result<Value, Failure> {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut bytes = [0; 16];
    session.ids.fill(&mut bytes[6..]);
    let millis = session.clock.now_ms().max(0).to_be_bytes();
    bytes[..6].copy_from_slice(&millis[2..]);
    let bits = u128::from_be_bytes(bytes);
    let text: String =
        (0..26).rev().map(|at| char::from(DIGITS[usize::try_from((bits >> (at * 5)) & 31).expect("below 32")])).collect();
    Ok(text.into())
}

/// Seconds since 2014-05-13T16:53:20Z in 32 bits and 128 random bits, as 27 digits of base 62.
fn auto_ksuid(session: &mut Session, _: &[Value]) -> Result<Value, Failure> {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const EPOCH_SECONDS: i64 = 1_400_000_000;
    let mut bytes = [0; 20];
    session.ids.fill(&mut bytes[4..]);
    let seconds = u32::try_from((session.clock.now_ms().div_euclid(1000) - EPOCH_SECONDS).max(0)).unwrap_or(u32::MAX);
    bytes[..4].copy_from_slice(&seconds.to_be_bytes());
    let mut text = [b'0'; 27];
    for digit in text.iter_mut().rev() {
        let mut remainder = 0u32;
        for byte in &mut bytes {
            let current = remainder * 256 + u32::from(*byte);
            *byte = u8::try_from(current / 62).expect("the quotient of a remainder below 62 and a byte is a byte");
            remainder = current % 62;
        }
        *digit = DIGITS[usize::try_from(remainder).expect("below 62")];
    }
    Ok(text.iter().copied().map(char::from).collect::<String>().into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::testing::FixedClock;
    use crate::{IdSource, SystemIds};

    struct Every(u8);

    impl IdSource for Every {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn ids_have_their_standard_form() {
        let make = |byte, ms, call: fn(&mut Session, &[Value]) -> Result<Value, Failure>| {
            let mut session = Session::new(Arc::new(FixedClock(ms)), Arc::new(Every(byte)), Value::Null);
            call(&mut session, &[]).expect("an id").as_str().expect("text").to_owned()
        };
        assert_eq!(make(0, 0, auto_id), "00000000-0000-4000-8000-000000000000");
        assert_eq!(make(255, 0, auto_id), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        // The timestamp of the ULID specification's example.
        assert_eq!(make(0, 1_469_918_176_385, auto_ulid), "01ARYZ6S410000000000000000");
        assert_eq!(make(255, (1 << 48) - 1, auto_ulid), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
        assert_eq!(make(0, 1_400_000_000_000, auto_ksuid), "000000000000000000000000000");
        assert_eq!(make(255, (1_400_000_000 + i64::from(u32::MAX)) * 1000, auto_ksuid), "aWgEPTl1tmebfsQzFP4bxwgy80V");
    }

    #[test]
    fn ids_differ() {
        let mut session = Session::new(Arc::new(FixedClock(0)), Arc::new(SystemIds), Value::Null);
        for utility in TABLE {
            assert_ne!((utility.call)(&mut session, &[]), (utility.call)(&mut session, &[]), "{}", utility.name);
        }
    }
}
