//! `String` (ECMA-262, 22.1).
//!
//! `localeCompare` compares the code points of the composed forms: there is no collation. `toLocaleLowerCase` and
//! `toLocaleUpperCase` know no locale.

mod case;
mod pattern;
mod statics;

use super::build::Builder;
use super::{arg, clamp, count, natives, relative};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{ELEMENT_COST, Kind, MAX_STRING, OutOfMemory, Text, Val};
use crate::native::{Builtin, ErrorKind, Native, Prototype};

/// The string that a method is called on.
fn this_text(ev: &mut Evaluator<'_>, this: Val) -> Completion<Text> {
    match this {
        Val::Undefined | Val::Null => ev.type_error("cannot convert to object"),
        Val::String(id) => ev.text(id),
        other => ev.to_text(other),
    }
}

/// A new string that may be long.
fn made(ev: &mut Evaluator<'_>, text: Text) -> Val {
    ev.heap.text_value(text)
}

/// A part of a string.
fn part(ev: &mut Evaluator<'_>, text: &Text, start: usize, end: usize) -> Completion {
    if start == 0 && end >= text.units() {
        return Ok(made(ev, text.clone()));
    }
    let length = end.saturating_sub(start);
    ev.work(length / 64)?;
    ev.reserve(length)?;
    // Without ASCII a position is found by counting.
    let (part, passed) = ev.heap.slice_at(text, start, end);
    ev.work(passed / 64)?;
    Ok(made(ev, part))
}

/// A position argument; `missing` if there is none.
fn position(ev: &mut Evaluator<'_>, value: Val, length: usize, missing: usize) -> Completion<usize> {
    match value {
        Val::Undefined => Ok(missing),
        given => Ok(clamp(ev.to_integer(given)?, length)),
    }
}

fn relative_position(ev: &mut Evaluator<'_>, value: Val, length: usize, missing: usize) -> Completion<usize> {
    match value {
        Val::Undefined => Ok(missing),
        given => Ok(relative(ev.to_integer(given)?, length)),
    }
}

/// The place that an index names, if it is within the string.
fn place(ev: &mut Evaluator<'_>, value: Val, length: usize) -> Completion<Option<usize>> {
    let at = ev.to_integer(value)?;
    Ok(if at < 0.0 { None } else { Some(clamp(at, usize::MAX)).filter(|&at| at < length) })
}

fn at(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    let mut place = ev.to_integer(arg(arguments, 0))?;
    if place < 0.0 {
        #[expect(clippy::cast_precision_loss, reason = "lengths are below 2^32")]
        let length = text.units() as f64;
        place += length;
    }
    match self::place(ev, Val::Number(place), text.units())? {
        Some(at) => part(ev, &text, at, at + 1),
        None => Ok(Val::Undefined),
    }
}

fn char_at(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    match place(ev, arg(arguments, 0), text.units())? {
        Some(at) => part(ev, &text, at, at + 1),
        None => Ok(ev.heap.string("")),
    }
}

fn unit(ev: &mut Evaluator<'_>, text: &Text, at: usize) -> Completion<u16> {
    if !matches!(text, Text::Utf8 { ascii: false, .. }) {
        return Ok(text.unit(at).unwrap_or_default());
    }
    let (unit, passed) = ev.heap.unit_at(text, at);
    ev.work(passed / 64)?;
    Ok(unit.unwrap_or_default())
}

fn char_code_at(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    Ok(match place(ev, arg(arguments, 0), text.units())? {
        Some(at) => Val::Number(f64::from(unit(ev, &text, at)?)),
        None => Val::Number(f64::NAN),
    })
}

fn code_point_at(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    let Some(at) = place(ev, arg(arguments, 0), text.units())? else { return Ok(Val::Undefined) };
    let first = unit(ev, &text, at)?;
    let second = if at + 1 < text.units() { unit(ev, &text, at + 1)? } else { 0 };
    let point = if (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(&second) {
        0x1_0000 + ((u32::from(first) - 0xd800) << 10) + (u32::from(second) - 0xdc00)
    } else {
        u32::from(first)
    };
    Ok(Val::Number(f64::from(point)))
}

fn concat(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    if matches!(this, Val::Undefined | Val::Null) {
        return ev.type_error("String.prototype.concat called on null or undefined");
    }
    let mut whole = ev.to_string(this)?;
    for &value in arguments {
        let text = ev.to_string(value)?;
        if let Val::String(joined) = ev.heap.join(whole, text)? {
            whole = joined;
        }
    }
    Ok(Val::String(whole))
}

/// An argument that is looked for; a `RegExp` is refused (ECMA-262, 22.1.3.8).
fn needle(ev: &mut Evaluator<'_>, value: Val) -> Completion<Text> {
    if let Val::Object(id) = value
        && matches!(ev.heap.obj(id).kind, Kind::RegExp(_))
    {
        return ev.type_error("regexp not supported");
    }
    ev.to_text(value)
}

fn find(ev: &mut Evaluator<'_>, text: &Text, needle: &Text, from: usize) -> Completion<Option<usize>> {
    work_of_finding(ev, text, needle)?;
    Ok(text.find(needle, from))
}

/// Counts looking for a string in another one. What is not well-formed is compared unit by unit, of copies.
fn work_of_finding(ev: &mut Evaluator<'_>, text: &Text, needle: &Text) -> Completion<()> {
    let per_unit = if text.utf8().is_some() && needle.utf8().is_some() { 64 } else { 8 };
    ev.work((text.bytes() + needle.bytes()) / per_unit)
}

fn includes(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    let needle = needle(ev, arg(arguments, 0))?;
    let from = position(ev, arg(arguments, 1), text.units(), 0)?;
    Ok(Val::Bool(find(ev, &text, &needle, from)?.is_some()))
}

fn index_of(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    let needle = ev.to_text(arg(arguments, 0))?;
    let from = position(ev, arg(arguments, 1), text.units(), 0)?;
    Ok(find(ev, &text, &needle, from)?.map_or(Val::Number(-1.0), count))
}

fn last_index_of(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    let needle = ev.to_text(arg(arguments, 0))?;
    let from = ev.to_number(arg(arguments, 1))?;
    let Some(last) = text.units().checked_sub(needle.units()) else { return Ok(Val::Number(-1.0)) };
    let from = if from.is_nan() { last } else { clamp(from, last) };
    work_of_finding(ev, &text, &needle)?;
    Ok(text.find_last(&needle, from).map_or(Val::Number(-1.0), count))
}

fn starts_with(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    let needle = needle(ev, arg(arguments, 0))?;
    let from = position(ev, arg(arguments, 1), text.units(), 0)?;
    has_at(ev, &text, &needle, from)
}

fn ends_with(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    let needle = needle(ev, arg(arguments, 0))?;
    let end = position(ev, arg(arguments, 1), text.units(), text.units())?;
    match end.checked_sub(needle.units()) {
        Some(from) => has_at(ev, &text, &needle, from),
        None => Ok(Val::Bool(false)),
    }
}

fn has_at(ev: &mut Evaluator<'_>, text: &Text, needle: &Text, from: usize) -> Completion {
    ev.work((text.bytes() + needle.bytes()) / 64)?;
    let end = from + needle.units();
    Ok(Val::Bool(end <= text.units() && ev.heap.slice_at(text, from, end).0 == *needle))
}

fn locale_compare(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    let other = ev.to_text(arg(arguments, 0))?;
    ev.work((text.bytes() + other.bytes()) / 16)?;
    let order = case::composed(&text).cmp(&case::composed(&other));
    Ok(Val::Number(f64::from(order as i8)))
}

fn pad(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val], at_start: bool) -> Completion {
    let text = this_text(ev, this)?;
    let length = ev.to_integer(arg(arguments, 0))?;
    let length = clamp(length, usize::MAX);
    let missing = length.saturating_sub(text.units());
    let filler = match arg(arguments, 1) {
        Val::Undefined => Text::new(" ".into()),
        given => ev.to_text(given)?,
    };
    if missing == 0 || filler.units() == 0 {
        return Ok(made(ev, text));
    }
    let (times, rest) = (missing / filler.units(), missing % filler.units());
    let padding = repeated(ev, &filler, times)?;
    let mut whole = Builder::default();
    if !at_start {
        whole.push(ev, &text)?;
    }
    whole.push(ev, &padding)?;
    whole.push(ev, &filler.slice(0, rest))?;
    if at_start {
        whole.push(ev, &text)?;
    }
    Ok(made(ev, whole.finish()))
}

fn repeated(ev: &mut Evaluator<'_>, text: &Text, times: usize) -> Completion<Text> {
    if text.units().saturating_mul(times) > MAX_STRING {
        return Err(OutOfMemory.into());
    }
    let bytes = text.bytes().saturating_mul(times);
    ev.reserve(bytes)?;
    ev.work(bytes / 64)?;
    Ok(match text {
        Text::Utf8 { text, .. } => Text::new(text.repeat(times).into()),
        Text::Wide(units) => Text::from_units(&units.repeat(times)),
    })
}

fn repeat(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    let times = ev.to_integer(arg(arguments, 0))?;
    if times < 0.0 || times.is_infinite() {
        return ev.throw(ErrorKind::RangeError, "invalid repeat count");
    }
    let times = if text.units() == 0 { 0 } else { clamp(times, usize::MAX) };
    let whole = repeated(ev, &text, times)?;
    Ok(made(ev, whole))
}

fn slice(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    let length = text.units();
    let start = relative_position(ev, arg(arguments, 0), length, 0)?;
    let end = relative_position(ev, arg(arguments, 1), length, length)?;
    part(ev, &text, start, end)
}

fn substring(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    let length = text.units();
    let start = position(ev, arg(arguments, 0), length, 0)?;
    let end = position(ev, arg(arguments, 1), length, length)?;
    part(ev, &text, start.min(end), start.max(end))
}

fn substr(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    let length = text.units();
    let start = relative_position(ev, arg(arguments, 0), length, 0)?;
    let taken = position(ev, arg(arguments, 1), length - start, length - start)?;
    part(ev, &text, start, start + taken)
}

fn is_space(unit: u16) -> bool {
    char::from_u32(u32::from(unit)).is_some_and(crate::number::is_space)
}

fn trim(ev: &mut Evaluator<'_>, this: Val, at_start: bool, at_end: bool) -> Completion {
    let text = this_text(ev, this)?;
    ev.work(text.bytes() / 64)?;
    let trimmed = match &text {
        Text::Utf8 { text: whole, .. } => {
            let mut rest: &str = whole;
            if at_start {
                rest = rest.trim_start_matches(crate::number::is_space);
            }
            if at_end {
                rest = rest.trim_end_matches(crate::number::is_space);
            }
            if rest.len() == whole.len() {
                return Ok(made(ev, text));
            }
            Text::new(rest.into())
        }
        Text::Wide(units) => {
            let (mut start, mut end) = (0, units.len());
            while at_start && start < end && is_space(units[start]) {
                start += 1;
            }
            while at_end && end > start && is_space(units[end - 1]) {
                end -= 1;
            }
            Text::from_units(&units[start..end])
        }
    };
    Ok(made(ev, trimmed))
}

fn same(ev: &mut Evaluator<'_>, this: Val, _: &[Val]) -> Completion {
    match this {
        Val::String(_) => Ok(this),
        _ => ev.type_error("not a string"),
    }
}

/// `String`. Objects that wrap strings are not offered: `new String()` refuses.
pub(super) static STRING: Builtin = Builtin {
    name: "String",
    call: Some(|ev, _, arguments| match arguments.first() {
        None => Ok(ev.heap.string("")),
        Some(&value) => Ok(Val::String(ev.to_string(value)?)),
    }),
    construct: Some(|ev, _, _| ev.type_error("new String is not supported: use String(value)")),
    functions: natives! {
        "fromCharCode" / 1 => statics::from_char_code,
        "fromCodePoint" / 1 => statics::from_code_point,
        "raw" / 1 => statics::raw,
    },
    numbers: &[],
    prototype: Some(Prototype::String),
};

/// `String.prototype`.
pub(super) static METHODS: &[Native] = natives! {
    "at" / 1 => at,
    "charAt" / 1 => char_at,
    "charCodeAt" / 1 => char_code_at,
    "codePointAt" / 1 => code_point_at,
    "concat" / 1 => concat,
    "endsWith" / 1 => ends_with,
    "includes" / 1 => includes,
    "indexOf" / 1 => index_of,
    "isWellFormed" / 0 => |ev, this, _| Ok(Val::Bool(this_text(ev, this)?.utf8().is_some())),
    "lastIndexOf" / 1 => last_index_of,
    "localeCompare" / 1 => locale_compare,
    "match" / 1 => pattern::match_,
    "matchAll" / 1 => pattern::match_all,
    "normalize" / 0 => case::normalize,
    "padEnd" / 1 => |ev, this, arguments| pad(ev, this, arguments, false),
    "padStart" / 1 => |ev, this, arguments| pad(ev, this, arguments, true),
    "repeat" / 1 => repeat,
    "replace" / 2 => |ev, this, arguments| pattern::replace(ev, this, arguments, true),
    "replaceAll" / 2 => |ev, this, arguments| pattern::replace(ev, this, arguments, false),
    "search" / 1 => pattern::search,
    "slice" / 2 => slice,
    "split" / 2 => pattern::split,
    "startsWith" / 1 => starts_with,
    "substr" / 2 => substr,
    "substring" / 2 => substring,
    "toLocaleLowerCase" / 0 => case::lower,
    "toLocaleUpperCase" / 0 => case::upper,
    "toLowerCase" / 0 => case::lower,
    "toString" / 0 => same,
    "toUpperCase" / 0 => case::upper,
    "toWellFormed" / 0 => |ev, this, _| {
        let text = this_text(ev, this)?.well_formed();
        Ok(made(ev, Text::new(text)))
    },
    "trim" / 0 => |ev, this, _| trim(ev, this, true, true),
    "trimEnd" / 0 => |ev, this, _| trim(ev, this, false, true),
    "trimLeft" / 0 => |ev, this, _| trim(ev, this, true, false),
    "trimRight" / 0 => |ev, this, _| trim(ev, this, false, true),
    "trimStart" / 0 => |ev, this, _| trim(ev, this, true, false),
    "valueOf" / 0 => same,
};

/// What an element of a list of strings takes beside the string.
const PART_COST: usize = ELEMENT_COST;
