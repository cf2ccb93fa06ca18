//! From when until when a certificate is valid: the one thing that the TLS library does not tell of a certificate.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// The time within which a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// Reads it from a certificate in DER (RFC 5280, section 4.1); `None` for anything else.
pub(super) fn validity(certificate: &[u8]) -> Option<Validity> {
    let certificate = &mut expect(&mut &*certificate, SEQUENCE)?;
    let fields = &mut expect(certificate, SEQUENCE)?;
    if fields.first() == Some(&VERSION) {
        expect(fields, VERSION)?;
    }
    // Serial number, signature algorithm, issuer.
    expect(fields, INTEGER)?;
    expect(fields, SEQUENCE)?;
    expect(fields, SEQUENCE)?;
    let validity = &mut expect(fields, SEQUENCE)?;
    Some(Validity { not_before: time(validity)?, not_after: time(validity)? })
}

/// The content of the next element, which must have this tag.
fn expect<'a>(bytes: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let (found, content) = element(bytes)?;
    (found == tag).then_some(content)
}

/// The next element: its tag and content (X.690, section 8.1).
fn element<'a>(bytes: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&[tag, first], mut rest) = bytes.split_first_chunk::<2>()?;
    let length = match first {
        0..=0x7f => usize::from(first),
        0x81..=0x84 => {
            let (digits, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
            rest = after;
            digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit))
        }
        _ => return None,
    };
    let (content, after) = rest.split_at_checked(length)?;
    *bytes = after;
    Some((tag, content))
}

fn time(bytes: &mut &[u8]) -> Option<Timestamp> {
    let (tag, text) = element(bytes)?;
    let text = text.strip_suffix(b"Z").filter(|text| text.iter().all(u8::is_ascii_digit))?;
    let number = |digits: &[u8]| digits.iter().fold(0_i16, |number, digit| number * 10 + i16::from(digit - b'0'));
    let (year, rest) = match (tag, text.len()) {
        (UTC_TIME, 12) => {
            let (year, rest) = text.split_at(2);
            // RFC 5280, section 4.1.2.5.1.
            let year = number(year);
            (if year >= 50 { 1900 + year } else { 2000 + year }, rest)
        }
        (GENERALIZED_TIME, 14) => {
            let (year, rest) = text.split_at(4);
            (number(year), rest)
        }
        _ => return None,
    };
    let mut parts = rest.chunks_exact(2).map(|digits| i8::try_from(number(digits)).unwrap_or_default());
    let mut part = || parts.next().unwrap_or_default();
    let time = DateTime::new(year, part(), part(), part(), part(), part(), 0).ok()?;
    // The end of the year 9999, which means "never", is later than the latest timestamp.
    Some(Offset::UTC.to_timestamp(time).unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An element with a short length.
    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).expect("short");
        let length = if length < 0x80 { vec![length] } else { vec![0x81, length] };
        [&[tag], &length[..], content].concat()
    }

    fn certificate(not_before: (u8, &str), not_after: (u8, &str)) -> Vec<u8> {
        let times = [der(not_before.0, not_before.1.as_bytes()), der(not_after.0, not_after.1.as_bytes())].concat();
        let fields = [
            der(VERSION, &der(INTEGER, &[2])),
            der(INTEGER, &[1; 20]),
            der(SEQUENCE, &[0; 10]),
            der(SEQUENCE, &[0; 90]),
            der(SEQUENCE, &times),
            der(SEQUENCE, &[]),
        ];
        der(SEQUENCE, &der(SEQUENCE, &fields.concat()))
    }

    #[test]
    fn both_forms_of_a_time_are_read() {
        for (tag, text, expected) in [
            (UTC_TIME, "260102030405Z", Some("2026-01-02T03:04:05Z")),
            (UTC_TIME, "500102030405Z", Some("1950-01-02T03:04:05Z")),
            (GENERALIZED_TIME, "20510102030405Z", Some("2051-01-02T03:04:05Z")),
            (UTC_TIME, "260132030405Z", None),
            (UTC_TIME, "2601020304Z", None),
            (UTC_TIME, "260102030405", None),
            (GENERALIZED_TIME, "260102030405Z", None),
            (INTEGER, "260102030405Z", None),
            (UTC_TIME, "2601020304\u{00e9}Z", None),
        ] {
            let read = validity(&certificate((UTC_TIME, "200101000000Z"), (tag, text))).map(|validity| validity.not_after);
            assert_eq!(read, expected.map(|time| time.parse().expect("a time")), "{tag} {text}");
        }
        let never = certificate((UTC_TIME, "200101000000Z"), (GENERALIZED_TIME, "99991231235959Z"));
        assert_eq!(validity(&never).map(|validity| validity.not_after), Some(Timestamp::MAX));
    }

    #[test]
    fn what_is_cut_off_or_changed_is_no_certificate_and_no_panic() {
        let whole = certificate((UTC_TIME, "200101000000Z"), (UTC_TIME, "300101000000Z"));
        assert!(validity(&whole).is_some());
        for end in 0..whole.len() {
            assert_eq!(validity(&whole[..end]), None, "{end}");
        }
        for at in 0..whole.len() {
            for byte in 0..=255 {
                let mut changed = whole.clone();
                changed[at] = byte;
                let _ = validity(&changed);
            }
        }
    }
}
