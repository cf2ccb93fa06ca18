//! Functions of `String` itself.

use super::super::build::Builder;
use super::super::{arg, clamp, get};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{Text, Val};
use crate::native::ErrorKind;

pub(super) fn from_char_code(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let mut units = Vec::with_capacity(arguments.len());
    for &value in arguments {
        let [low, high, ..] = ev.to_uint32(value)?.to_le_bytes();
        units.push(u16::from_le_bytes([low, high]));
    }
    Ok(ev.heap.text_value(Text::from_units(&units)))
}

pub(super) fn from_code_point(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let mut units = Vec::with_capacity(arguments.len());
    for &value in arguments {
        let point = ev.to_number(value)?;
        if !(0.0..=1_114_111.0).contains(&point) || point.fract() != 0.0 {
            return ev.throw(ErrorKind::RangeError, "invalid code point");
        }
        let point = u32::try_from(clamp(point, 1_114_111)).unwrap_or_default();
        match char::from_u32(point) {
            Some(character) => units.extend_from_slice(character.encode_utf16(&mut [0; 2])),
            None => units.push(u16::try_from(point).unwrap_or_default()),
        }
    }
    Ok(ev.heap.text_value(Text::from_units(&units)))
}

/// `String.raw`: the parts of a template as they were written, with values between them.
pub(super) fn raw(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let template = arg(arguments, 0);
    if matches!(template, Val::Undefined | Val::Null) {
        return ev.type_error("cannot convert to object");
    }
    let parts = get(ev, template, "raw")?;
    if matches!(parts, Val::Undefined | Val::Null) {
        return ev.type_error("cannot convert to object");
    }
    let length = get(ev, parts, "length")?;
    let length = clamp(ev.to_integer(length)?, usize::MAX);
    let mut whole = Builder::default();
    for at in 0..length {
        ev.work(1)?;
        let part = get(ev, parts, &at.to_string())?;
        let part = ev.to_text(part)?;
        whole.push(ev, &part)?;
        if at + 1 < length
            && let Some(&value) = arguments.get(at + 1)
        {
            let text = ev.to_text(value)?;
            whole.push(ev, &text)?;
        }
    }
    Ok(ev.heap.text_value(whole.finish()))
}
