//! Methods of strings that take a pattern.
//!
//! AppSync hands a string as the pattern of `replace`, `replaceAll` and `split` to Java, whose regular expressions it takes. Without
//! special characters a pattern and a replacement mean the same in both, and are taken literally here. A `RegExp` is JavaScript's.

use std::sync::Arc;

use java_regex::{Found, JavaRegex, Matches, RegexError};

use super::super::build::Builder;
use super::super::{arg, clamp, regexp};
use super::{PART_COST, made, this_text};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{Kind, ObjId, Text, Val};
use crate::native::ErrorKind;

/// Whether Java reads something else than these characters.
fn is_special(pattern: &str) -> bool {
    pattern.bytes().any(|byte| b"\\^$.|?*+()[]{}".contains(&byte))
}

fn is_special_replacement(replacement: &str) -> bool {
    replacement.bytes().any(|byte| matches!(byte, b'\\' | b'$'))
}

fn as_regexp(ev: &Evaluator<'_>, value: Val) -> Option<ObjId> {
    match value {
        Val::Object(id) if matches!(ev.heap.obj(id).kind, Kind::RegExp(_)) => Some(id),
        _ => None,
    }
}

pub(super) fn replace(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val], first: bool) -> Completion {
    let (pattern, replacement) = (arg(arguments, 0), arg(arguments, 1));
    let text = this_text(ev, this)?;
    if let Some(id) = as_regexp(ev, pattern) {
        return regexp::replace(ev, id, &text, replacement, first);
    }
    let needle = ev.to_text(pattern)?;
    let calls = ev.is_callable(replacement);
    let template = if calls { Text::new("".into()) } else { ev.to_text(replacement)? };
    if matches!(pattern, Val::String(_)) && !calls && needle.units() > 0 {
        let (pattern, replacement) = (needle.well_formed(), template.well_formed());
        if is_special(&pattern) || is_special_replacement(&replacement) {
            return java_replace(ev, &text.well_formed(), &pattern, &replacement, first);
        }
    }
    let mut whole = Builder::default();
    let (mut end, mut from) = (0, 0);
    while let Some(at) = super::find(ev, &text, &needle, from)? {
        ev.work(1)?;
        whole.push(ev, &text.slice(end, at))?;
        let matched = regexp::Matched { start: at, end: at + needle.units(), groups: Vec::new(), names: None };
        if calls {
            let given = regexp::call_replacement(ev, replacement, &text, &matched)?;
            whole.push(ev, &given)?;
        } else {
            regexp::expand(ev, &template, &text, &matched, &mut whole)?;
        }
        end = at + needle.units();
        from = end.max(at + 1);
        if first || from > text.units() {
            break;
        }
    }
    whole.push(ev, &text.slice(end, text.units()))?;
    Ok(made(ev, whole.finish()))
}

/// Java's `replaceAll`, or `replaceFirst`; `$1` and `${name}` in the replacement are groups.
fn java_replace(ev: &mut Evaluator<'_>, text: &str, pattern: &str, replacement: &str, first: bool) -> Completion {
    let regex = java_regex(ev, pattern)?;
    let most = if first { 1 } else { usize::MAX };
    let mut out = String::new();
    let (mut end, mut counted) = (0, 0);
    let mut matches = regex.find_iter(text);
    for _ in 0..most {
        let Some(found) = next(ev, &mut matches)? else { break };
        out.push_str(&text[end..found.start()]);
        if let Err(fault) = found.expand(replacement, &mut out) {
            return refused(ev, &fault);
        }
        ev.reserve(out.len() - counted)?;
        counted = out.len();
        ev.work(1 + (found.end() - end) / 64)?;
        end = found.end();
    }
    out.push_str(&text[end..]);
    ev.reserve(out.len() - counted)?;
    Ok(ev.heap.string(out))
}

/// A pattern of Java's, on the evaluation's account whether it is good or not.
fn java_regex(ev: &mut Evaluator<'_>, pattern: &str) -> Completion<Arc<JavaRegex>> {
    ev.work(pattern.len() / 4)?;
    match java_regex::cached(pattern) {
        Ok(regex) => Ok(regex),
        Err(fault) => refused(ev, &fault),
    }
}

/// The next match. Its steps are counted as work while it is looked for, so a search that backtracks without end meets the limits.
fn next<'r, 't>(ev: &mut Evaluator<'_>, matches: &mut Matches<'r, 't>) -> Completion<Option<Found<'r, 't>>> {
    let mut ended = Ok(());
    let found = matches.next_watched(&mut |steps| {
        if ended.is_ok() {
            ended = ev.work(usize::try_from(steps / 8).unwrap_or(usize::MAX));
        }
        ended.is_ok()
    });
    ended?;
    match found.transpose() {
        Ok(found) => Ok(found),
        Err(fault) => refused(ev, &fault),
    }
}

fn refused<T>(ev: &mut Evaluator<'_>, fault: &RegexError) -> Completion<T> {
    ev.throw(ErrorKind::Error, fault.to_string())
}

/// Java's `split`: empty parts at the end are left out, and a match of nothing at the start splits nothing off.
fn java_split(ev: &mut Evaluator<'_>, text: &str, pattern: &str) -> Completion<Vec<Val>> {
    let regex = java_regex(ev, pattern)?;
    let mut parts = Vec::new();
    let mut start = 0;
    // The number of parts up to the last one that is not empty.
    let mut kept = 0;
    let mut matches = regex.find_iter(text);
    while let Some(found) = next(ev, &mut matches)? {
        ev.work(1 + (found.end() - start) / 64)?;
        ev.reserve(PART_COST)?;
        if found.end() > 0 {
            parts.push(ev.heap.string(&text[start..found.start()]));
            if start < found.start() {
                kept = parts.len();
            }
            start = found.end();
        }
    }
    parts.push(ev.heap.string(&text[start..]));
    if start < text.len() {
        kept = parts.len();
    }
    parts.truncate(kept.max(1));
    Ok(parts)
}

pub(super) fn split(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let (separator, limit) = (arg(arguments, 0), arg(arguments, 1));
    let text = this_text(ev, this)?;
    if let Some(id) = as_regexp(ev, separator) {
        return regexp::split(ev, id, &text, limit);
    }
    if let Val::String(id) = separator {
        let pattern = ev.text(id)?.well_formed();
        if is_special(&pattern) {
            let mut parts = java_split(ev, &text.well_formed(), &pattern)?;
            if !matches!(limit, Val::Undefined) {
                let limit = super::super::relative(ev.to_integer(limit)?, parts.len());
                parts.truncate(limit);
            }
            return Ok(ev.heap.array(parts));
        }
    }
    let limit = match limit {
        Val::Undefined => u32::MAX as usize,
        given => ev.to_uint32(given)? as usize,
    };
    let needle = ev.to_text(separator)?;
    if limit == 0 {
        return Ok(ev.heap.array(Vec::new()));
    }
    if matches!(separator, Val::Undefined) {
        let whole = made(ev, text);
        return Ok(ev.heap.array(vec![whole]));
    }
    let mut parts = Vec::new();
    if needle.units() == 0 {
        // The units one by one.
        let units = text.to_units();
        ev.reserve(units.len().min(limit) * PART_COST)?;
        for unit in units.iter().take(limit) {
            ev.work(1)?;
            parts.push(ev.heap.text_value(Text::from_units(&[*unit])));
        }
        return Ok(ev.heap.array(parts));
    }
    match (&text, &needle) {
        (Text::Utf8 { text, .. }, Text::Utf8 { text: needle, .. }) => {
            for piece in text.split(&**needle).take(limit) {
                ev.work(1 + piece.len() / 64)?;
                ev.reserve(PART_COST + piece.len())?;
                parts.push(ev.heap.string(piece));
            }
        }
        _ => {
            let mut start = 0;
            while parts.len() < limit {
                let end = super::find(ev, &text, &needle, start)?;
                ev.reserve(PART_COST)?;
                parts.push(ev.heap.text_value(text.slice(start, end.unwrap_or(text.units()))));
                let Some(end) = end else { break };
                start = end + needle.units();
            }
        }
    }
    Ok(ev.heap.array(parts))
}

/// The `RegExp` that an argument is, or is made into.
fn to_regexp(ev: &mut Evaluator<'_>, value: Val, flags: &str) -> Completion<ObjId> {
    if let Some(id) = as_regexp(ev, value) {
        return Ok(id);
    }
    let source = match value {
        Val::Undefined => "".into(),
        given => ev.to_text(given)?.well_formed(),
    };
    match regexp::new_regexp(ev, &source, flags)? {
        Val::Object(id) => Ok(id),
        _ => ev.type_error("not a regular expression"),
    }
}

pub(super) fn match_(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    let id = to_regexp(ev, arg(arguments, 0), "")?;
    regexp::match_(ev, id, &text)
}

pub(super) fn match_all(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    let id = to_regexp(ev, arg(arguments, 0), "g")?;
    regexp::match_all(ev, id, &text)
}

pub(super) fn search(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let text = this_text(ev, this)?;
    let id = to_regexp(ev, arg(arguments, 0), "")?;
    let found = regexp::find(ev, id, &text, clamp(0.0, 0))?;
    Ok(found.map_or(Val::Number(-1.0), |matched| super::count(matched.start)))
}
