//! Upper and lower case, and the normal forms of Unicode.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

use super::{arg, made, this_text};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{Text, Val};
use crate::native::ErrorKind;

/// Applies a function to all that is well-formed; lone surrogates stay where they are.
fn mapped(text: &Text, function: impl Fn(&str) -> String) -> Text {
    match text {
        Text::Utf8 { text, .. } => Text::new(function(text).into()),
        Text::Wide(units) => {
            let mut whole = Vec::with_capacity(units.len());
            let mut part = String::new();
            for character in char::decode_utf16(units.iter().copied()) {
                match character {
                    Ok(character) => part.push(character),
                    Err(lone) => {
                        whole.extend(function(&part).encode_utf16());
                        part.clear();
                        whole.push(lone.unpaired_surrogate());
                    }
                }
            }
            whole.extend(function(&part).encode_utf16());
            Text::from_units(&whole)
        }
    }
}

fn count(ev: &mut Evaluator<'_>, text: &Text) -> Completion<()> {
    ev.work(text.bytes() / 32)?;
    // A character becomes at most three.
    ev.reserve(if matches!(text, Text::Utf8 { ascii: true, .. }) { text.bytes() } else { text.bytes() * 3 })
}

pub(super) fn lower(ev: &mut Evaluator<'_>, this: Val, _: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    count(ev, &text)?;
    let lower = mapped(&text, str::to_lowercase);
    Ok(made(ev, lower))
}

pub(super) fn upper(ev: &mut Evaluator<'_>, this: Val, _: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    count(ev, &text)?;
    let upper = mapped(&text, str::to_uppercase);
    Ok(made(ev, upper))
}

pub(super) fn normalize(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    let form = match arg(arguments, 0) {
        Val::Undefined => "NFC".into(),
        given => ev.to_text(given)?.well_formed(),
    };
    ev.work(text.bytes() / 16)?;
    // A character becomes at most eighteen, but hardly ever.
    ev.reserve(text.bytes() * if matches!(text, Text::Utf8 { ascii: true, .. }) { 1 } else { 12 })?;
    let normal = match &*form {
        "NFC" => mapped(&text, |part| ComposingNormalizerBorrowed::new_nfc().normalize(part).into_owned()),
        "NFD" => mapped(&text, |part| DecomposingNormalizerBorrowed::new_nfd().normalize(part).into_owned()),
        "NFKC" => mapped(&text, |part| ComposingNormalizerBorrowed::new_nfkc().normalize(part).into_owned()),
        "NFKD" => mapped(&text, |part| DecomposingNormalizerBorrowed::new_nfkd().normalize(part).into_owned()),
        _ => return ev.throw(ErrorKind::RangeError, "bad normalization form"),
    };
    Ok(made(ev, normal))
}

/// The composed form, to compare.
pub(super) fn composed(text: &Text) -> Vec<u32> {
    let composed = mapped(text, |part| ComposingNormalizerBorrowed::new_nfc().normalize(part).into_owned());
    let units = composed.to_units();
    char::decode_utf16(units).map(|point| point.map_or_else(|lone| u32::from(lone.unpaired_surrogate()), u32::from)).collect()
}
