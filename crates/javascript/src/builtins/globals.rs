//! Functions that are globals themselves (ECMA-262, 19.2).

use super::{arg, natives};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{Text, Val};
use crate::native::{ErrorKind, Native};
use crate::number;

/// What `encodeURIComponent` leaves as it is.
const UNRESERVED: &[u8] = b"-_.!~*'()";
/// What `encodeURI` leaves as it is beyond that, and `decodeURI` does not decode.
const RESERVED: &[u8] = b";/?:@&=+$,#";

pub(super) fn parse_int(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let text = ev.to_text(arg(arguments, 0))?;
    let radix = ev.to_int32(arg(arguments, 1))?;
    ev.work(text.bytes() / 64)?;
    Ok(Val::Number(number::parse_integer(&text.well_formed(), radix)))
}

pub(super) fn parse_float(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let text = ev.to_text(arg(arguments, 0))?;
    ev.work(text.bytes() / 64)?;
    Ok(Val::Number(number::parse_beginning(&text.well_formed())))
}

fn encode(ev: &mut Evaluator<'_>, value: Val, kept: &[u8]) -> Completion {
    let text = ev.to_text(value)?;
    let Text::Utf8 { text, .. } = &text else {
        return ev.throw(ErrorKind::UriError, "invalid character");
    };
    ev.work(text.len() / 16)?;
    ev.reserve(text.len() * 3)?;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || UNRESERVED.contains(&byte) || kept.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    Ok(ev.heap.string(encoded))
}

fn decode(ev: &mut Evaluator<'_>, value: Val, kept: &[u8]) -> Completion {
    let text = ev.to_text(value)?;
    let Text::Utf8 { text, .. } = &text else {
        // Lone surrogates stand for themselves; only what is escaped would change.
        return if text.to_units().contains(&u16::from(b'%')) {
            ev.throw(ErrorKind::UriError, "a text with a lone surrogate is not decoded")
        } else {
            Ok(ev.heap.text_value(text))
        };
    };
    ev.work(text.len() / 16)?;
    ev.reserve(text.len())?;
    let bytes = text.as_bytes();
    let hex = |at: usize| -> Option<u8> {
        let pair = bytes.get(at + 1..at + 3)?;
        let digit = |byte: u8| char::from(byte).to_digit(16);
        u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()
    };
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'%' {
            decoded.push(bytes[at]);
            at += 1;
            continue;
        }
        let Some(first) = hex(at) else { return ev.throw(ErrorKind::UriError, "expecting hex digit") };
        let length = match first {
            0..=0x7f => 1,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            _ => return ev.throw(ErrorKind::UriError, "malformed UTF-8"),
        };
        let mut sequence = [first, 0, 0, 0];
        for (place, kept) in sequence.iter_mut().enumerate().take(length).skip(1) {
            let byte = (bytes.get(at + place * 3) == Some(&b'%')).then(|| hex(at + place * 3)).flatten();
            let Some(byte) = byte else { return ev.throw(ErrorKind::UriError, "malformed UTF-8") };
            *kept = byte;
        }
        if std::str::from_utf8(&sequence[..length]).is_err() {
            return ev.throw(ErrorKind::UriError, "malformed UTF-8");
        }
        if length == 1 && kept.contains(&first) {
            decoded.extend_from_slice(&bytes[at..at + 3]);
        } else {
            decoded.extend_from_slice(&sequence[..length]);
        }
        at += length * 3;
    }
    Ok(ev.heap.string(String::from_utf8_lossy(&decoded)))
}

/// The global functions.
pub(super) static FUNCTIONS: &[Native] = natives! {
    "parseInt" / 2 => parse_int,
    "parseFloat" / 1 => parse_float,
    "isNaN" / 1 => |ev, _, arguments| Ok(Val::Bool(ev.to_number(arg(arguments, 0))?.is_nan())),
    "isFinite" / 1 => |ev, _, arguments| Ok(Val::Bool(ev.to_number(arg(arguments, 0))?.is_finite())),
    "encodeURIComponent" / 1 => |ev, _, arguments| encode(ev, arg(arguments, 0), b""),
    "encodeURI" / 1 => |ev, _, arguments| encode(ev, arg(arguments, 0), RESERVED),
    "decodeURIComponent" / 1 => |ev, _, arguments| decode(ev, arg(arguments, 0), b""),
    "decodeURI" / 1 => |ev, _, arguments| decode(ev, arg(arguments, 0), RESERVED),
};
