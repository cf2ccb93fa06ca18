//! `java.lang.String`. Places and lengths count UTF-16 units, as in Java; for ASCII text these are bytes.

use value::Str;

use super::{Answer, cast, found, int, null_pointer, text_arg, threw, unsupported};
use crate::error::Fault;
use crate::limits::Meter;
use crate::val::{ListKind, ListRef, Val, string_hash, text_of};

pub(super) fn call(receiver: &Val, text: &Str, method: &str, args: &[Val], meter: &mut Meter<'_>) -> Answer {
    meter.work(text.len() / 64)?;
    if (args.first().is_some_and(Val::is_null) || args.get(1).is_some_and(Val::is_null))
        && let Some(words) = null_argument(method, args)
    {
        return Err(null_pointer(receiver, method, words));
    }
    match (method, args) {
        ("length", []) => found(int(length(text))),
        ("isEmpty", []) => found(text.is_empty()),
        ("isBlank", []) => found(text.chars().all(char::is_whitespace)),
        ("trim", []) => made(text.trim_matches(|char| char <= ' '), meter),
        ("strip", []) => made(text.trim(), meter),
        ("stripLeading", []) => made(text.trim_start(), meter),
        ("stripTrailing", []) => made(text.trim_end(), meter),
        ("intern", []) => found(Str::clone(text)),
        ("toLowerCase", []) => made(&text.to_lowercase(), meter),
        ("toUpperCase", []) => made(&text.to_uppercase(), meter),
        ("hashCode", []) => found(string_hash(text)),
        ("substring", [Val::Int(from)]) => substring(receiver, text, i64::from(*from), None, meter),
        ("substring" | "subSequence", [Val::Int(from), Val::Int(to)]) => {
            substring(receiver, text, i64::from(*from), Some(i64::from(*to)), meter)
        }
        ("charAt", [Val::Int(at)]) => {
            let unit = usize::try_from(*at).ok().and_then(|at| unit_at(text, at));
            match unit {
                Some(unit) => made(&String::from_utf16_lossy(&[unit]), meter),
                None => Err(no_such_index(receiver, method, format_args!("String index out of range: {at}"))),
            }
        }
        ("codePointAt", [Val::Int(at)]) => {
            let char = usize::try_from(*at).ok().and_then(|at| text.get(byte_of(text, at)?..)?.chars().next());
            match char.and_then(|char| i32::try_from(u32::from(char)).ok()) {
                Some(code) => found(code),
                None => Err(no_such_index(receiver, method, format_args!("index {at}, length {}", length(text)))),
            }
        }
        ("codePointCount", [Val::Int(from), Val::Int(to)]) => {
            let units = usize::try_from(*from).ok().zip(usize::try_from(*to).ok());
            let bytes = units.and_then(|(from, to)| byte_of(text, from).zip(byte_of(text, to)));
            match bytes.and_then(|(from, to)| text.get(from..to)) {
                Some(part) => found(int(part.chars().count())),
                None => Err(threw(receiver, method, "java.lang.IndexOutOfBoundsException")),
            }
        }
        ("regionMatches", [Val::Int(at), Val::Str(other), Val::Int(from), Val::Int(count)]) => {
            found(region_matches(text, *at, other, *from, *count, false))
        }
        ("regionMatches", [Val::Bool(ignores_case), Val::Int(at), Val::Str(other), Val::Int(from), Val::Int(count)]) => {
            found(region_matches(text, *at, other, *from, *count, *ignores_case))
        }
        ("indexOf", [wanted]) => match needle(wanted) {
            Some(wanted) => found(place(text, text.find(&*wanted))),
            None => Ok(None),
        },
        ("lastIndexOf", [wanted]) => match needle(wanted) {
            Some(wanted) => found(place(text, text.rfind(&*wanted))),
            None => Ok(None),
        },
        ("indexOf", [wanted, Val::Int(from)]) => {
            let Some(wanted) = needle(wanted) else { return Ok(None) };
            let from = byte_of(text, usize::try_from(*from).unwrap_or(0)).unwrap_or(text.len());
            found(place(text, text[from..].find(&*wanted).map(|at| at + from)))
        }
        ("lastIndexOf", [wanted, Val::Int(from)]) => {
            let Some(wanted) = needle(wanted) else { return Ok(None) };
            let Ok(from) = usize::try_from(*from) else { return found(-1) };
            let last = byte_of(text, from).unwrap_or(text.len());
            let mut end = (last + wanted.len()).min(text.len());
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            found(place(text, text[..end].rfind(&*wanted)))
        }
        ("contains", [other]) => Ok(text_arg(other).map(|other| Val::Bool(text.contains(&**other)))),
        ("startsWith", [other]) => Ok(text_arg(other).map(|other| Val::Bool(text.starts_with(&**other)))),
        ("startsWith", [other, Val::Int(from)]) => {
            let rest = usize::try_from(*from).ok().and_then(|from| text.get(byte_of(text, from)?..));
            Ok(text_arg(other).map(|other| Val::Bool(rest.is_some_and(|rest| rest.starts_with(&**other)))))
        }
        ("endsWith", [other]) => Ok(text_arg(other).map(|other| Val::Bool(text.ends_with(&**other)))),
        ("contentEquals", [other]) => Ok(text_arg(other).map(|other| Val::Bool(text == other))),
        ("equalsIgnoreCase", [other]) => match other {
            Val::Null => found(false),
            other => Ok(text_arg(other).map(|other| Val::Bool(folded(text).eq(folded(other))))),
        },
        ("compareTo", [other]) if text_arg(other).is_none() => Err(cast(receiver, method, other, "java.lang.String")),
        ("compareTo", [other]) => {
            Ok(text_arg(other).map(|other| Val::Int(difference(text.encode_utf16(), other.encode_utf16()))))
        }
        ("compareToIgnoreCase", [other]) => Ok(text_arg(other).map(|other| {
            let units = |text: &str| folded(text).collect::<String>().encode_utf16().collect::<Vec<_>>();
            Val::Int(difference(units(text).into_iter(), units(other).into_iter()))
        })),
        ("concat", [other]) => match text_arg(other) {
            Some(other) => {
                meter.string(text.len() + other.len())?;
                found(format!("{text}{other}"))
            }
            None => Ok(None),
        },
        ("repeat", [Val::Int(count)]) => {
            let Ok(count) = usize::try_from(*count) else {
                let reason = format_args!("java.lang.IllegalArgumentException: count is negative: {count}");
                return Err(threw(receiver, method, reason));
            };
            meter.string(text.len().saturating_mul(count))?;
            found(text.repeat(count))
        }
        ("replace", [from, to]) => match (text_arg(from), text_arg(to)) {
            (Some(from), Some(to)) => replace(text, from, to, meter),
            _ => Ok(None),
        },
        ("matches", [pattern]) => match text_arg(pattern) {
            Some(pattern) => {
                meter.work(search_cost(text, pattern))?;
                let regex = java_regex::cached(pattern).map_err(|error| bad_pattern(receiver, method, error))?;
                let found_whole = metered(meter, |watch| regex.matches_whole_watched(text, watch))?;
                found(found_whole.map_err(|error| bad_pattern(receiver, method, error))?)
            }
            None => Ok(None),
        },
        ("replaceAll" | "replaceFirst", [pattern, to]) => match (text_arg(pattern), text_arg(to)) {
            (Some(pattern), Some(to)) => replace_pattern(receiver, text, method, pattern, to, meter),
            _ => Ok(None),
        },
        ("split", [pattern]) => match text_arg(pattern) {
            Some(pattern) => split(receiver, text, pattern, 0, meter),
            None => Ok(None),
        },
        ("split", [pattern, Val::Int(limit)]) => match text_arg(pattern) {
            Some(pattern) => split(receiver, text, pattern, *limit, meter),
            None => Ok(None),
        },
        ("toCharArray", []) => {
            meter.elements(length(text))?;
            let units = text.encode_utf16().map(|unit| Val::from(String::from_utf16_lossy(&[unit])));
            found(Val::List(ListRef::of_kind(ListKind::Array, units.collect())))
        }
        ("valueOf", [value]) => found(text_of(value, meter)?),
        ("join", [Val::Str(separator), items @ ..]) => match items {
            [Val::List(items)] => join(receiver, separator, &items.to_vec(), meter),
            items if items.iter().all(|item| matches!(item, Val::Str(_))) => join(receiver, separator, items, meter),
            _ => Ok(None),
        },
        ("format", [Val::Str(pattern), args @ ..]) => found(super::format::format(receiver, method, pattern, args, meter)?),
        ("formatted", args) => found(super::format::format(receiver, method, text, args, meter)?),
        ("getBytes", []) => {
            meter.elements(text.len())?;
            found(bytes(text))
        }
        (
            "getBytes" | "getChars" | "chars" | "codePoints" | "lines" | "indent" | "translateEscapes" | "transform"
            | "codePointBefore" | "offsetByCodePoints" | "stripIndent",
            _,
        ) => unsupported(receiver, method),
        _ => Ok(None),
    }
}

/// What Java 17 says of a null that a method cannot do with.
fn null_argument(method: &str, args: &[Val]) -> Option<&'static str> {
    let second = args.first().is_some_and(|first| !first.is_null());
    Some(match (method, args.len(), second) {
        ("contains", 1, _) => "Cannot invoke \"java.lang.CharSequence.toString()\" because \"s\" is null",
        ("startsWith", 1 | 2, false) => "Cannot invoke \"String.length()\" because \"prefix\" is null",
        ("endsWith", 1, _) => "Cannot invoke \"String.length()\" because \"suffix\" is null",
        ("matches", 1, _) | ("replaceAll" | "replaceFirst", 2, false) => {
            "Cannot invoke \"String.isEmpty()\" because \"this.pattern\" is null"
        }
        ("replaceAll", 2, true) => "Cannot invoke \"String.length()\" because \"replacement\" is null",
        ("replaceFirst", 2, true) => "replacement",
        ("replace", 2, false) => "Cannot invoke \"java.lang.CharSequence.toString()\" because \"target\" is null",
        ("replace", 2, true) => "Cannot invoke \"java.lang.CharSequence.toString()\" because \"replacement\" is null",
        ("concat", 1, _) => "Cannot invoke \"String.isEmpty()\" because \"str\" is null",
        ("compareTo", 1, _) => "Cannot read field \"value\" because \"anotherString\" is null",
        ("compareToIgnoreCase", 1, _) => "Cannot read field \"value\" because \"s2\" is null",
        ("contentEquals", 1, _) => "Cannot invoke \"java.lang.CharSequence.length()\" because \"cs\" is null",
        ("split", 1 | 2, false) => "Cannot invoke \"String.length()\" because \"regex\" is null",
        ("indexOf", 1 | 2, false) => "Cannot invoke \"String.coder()\" because \"str\" is null",
        ("lastIndexOf", 1 | 2, false) => "Cannot read field \"value\" because \"tgtStr\" is null",
        _ => return None,
    })
}

fn no_such_index(receiver: &Val, method: &str, words: std::fmt::Arguments<'_>) -> Fault {
    threw(receiver, method, format_args!("java.lang.StringIndexOutOfBoundsException: {words}"))
}

/// A pattern that is none.
fn bad_pattern(receiver: &Val, method: &str, error: impl std::fmt::Display) -> Fault {
    threw(receiver, method, format_args!("java.util.regex.PatternSyntaxException: {error}"))
}

/// A replacement that refers to what is not there.
fn bad_replacement(receiver: &Val, method: &str, words: &str) -> Fault {
    let exception = if words.starts_with("No group") { "IndexOutOfBounds" } else { "IllegalArgument" };
    threw(receiver, method, format_args!("java.lang.{exception}Exception: {words}"))
}

/// `getBytes()`: those of UTF-8, signed.
pub(super) fn bytes(text: &str) -> Val {
    let items = text.bytes().map(|byte| Val::Int(i32::from(byte.cast_signed())));
    Val::List(ListRef::of_kind(ListKind::Array, items.collect()))
}

fn region_matches(text: &str, at: i32, other: &str, from: i32, count: i32, ignores_case: bool) -> bool {
    let part = |text: &str, from: i32| {
        let units: Vec<u16> = text.encode_utf16().collect();
        let from = usize::try_from(from).ok()?;
        let to = from.checked_add(usize::try_from(count.max(0)).ok()?)?;
        units.get(from..to).map(String::from_utf16_lossy)
    };
    match (part(text, at), part(other, from)) {
        (Some(a), Some(b)) if ignores_case => folded(&a).eq(folded(&b)),
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

/// A new string, on the meter's account.
fn made(text: &str, meter: &mut Meter<'_>) -> Answer {
    meter.string(text.len())?;
    found(text)
}

/// The length in UTF-16 units.
fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// The byte at which UTF-16 unit `unit` begins; one in the midst of a pair counts for the next character.
fn byte_of(text: &str, unit: usize) -> Option<usize> {
    if text.is_ascii() {
        return (unit <= text.len()).then_some(unit);
    }
    let mut units = 0;
    for (at, char) in text.char_indices() {
        if units >= unit {
            return Some(at);
        }
        units += char.len_utf16();
    }
    (units >= unit).then_some(text.len())
}

fn unit_at(text: &str, at: usize) -> Option<u16> {
    if text.is_ascii() { text.as_bytes().get(at).map(|&byte| u16::from(byte)) } else { text.encode_utf16().nth(at) }
}

/// A byte's place as UTF-16 units, -1 for none.
fn place(text: &str, byte: Option<usize>) -> Val {
    byte.map_or(Val::Int(-1), |byte| int(length(&text[..byte])))
}

fn join(receiver: &Val, separator: &str, items: &[Val], meter: &mut Meter<'_>) -> Answer {
    let mut joined = String::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            joined.push_str(separator);
        }
        match item {
            Val::Str(text) => joined.push_str(text),
            Val::Null => joined.push_str("null"),
            other => return Err(cast(receiver, "join", other, "java.lang.CharSequence")),
        }
        meter.string(joined.len())?;
    }
    found(joined)
}

/// What `indexOf` looks for: a string, or a character by its code.
fn needle(value: &Val) -> Option<std::borrow::Cow<'_, str>> {
    match value {
        Val::Str(text) => Some((&**text).into()),
        Val::Int(code) => Some(char::from_u32(u32::try_from(*code).ok()?)?.to_string().into()),
        _ => None,
    }
}

fn substring(receiver: &Val, text: &str, from: i64, to: Option<i64>, meter: &mut Meter<'_>) -> Answer {
    let length = length(text);
    let end = to.unwrap_or_else(|| i64::try_from(length).unwrap_or(i64::MAX));
    let bounds = usize::try_from(from).ok().zip(usize::try_from(end).ok()).filter(|(from, to)| from <= to && *to <= length);
    let Some((from, to)) = bounds else {
        return Err(no_such_index(receiver, "substring", format_args!("begin {from}, end {end}, length {length}")));
    };
    if text.is_ascii() {
        return made(&text[from..to], meter);
    }
    let units: Vec<u16> = text.encode_utf16().skip(from).take(to - from).collect();
    made(&String::from_utf16_lossy(&units), meter)
}

/// `String.CASE_INSENSITIVE_ORDER`: to upper case, then to lower, character by character.
fn folded(text: &str) -> impl Iterator<Item = char> {
    // Java folds one character to one: what becomes several stays as it is.
    fn single(original: char, mut folded: impl Iterator<Item = char>) -> char {
        match (folded.next(), folded.next()) {
            (Some(only), None) => only,
            _ => original,
        }
    }
    text.chars().map(|char| single(char, char.to_uppercase())).map(|char| single(char, char.to_lowercase()))
}

/// `compareTo`: the difference of the first units that differ, or of the lengths.
fn difference(mut left: impl Iterator<Item = u16>, mut right: impl Iterator<Item = u16>) -> i32 {
    let count = |rest: usize| i32::try_from(rest).unwrap_or(i32::MAX);
    loop {
        match (left.next(), right.next()) {
            (Some(a), Some(b)) if a == b => {}
            (Some(a), Some(b)) => return i32::from(a) - i32::from(b),
            (None, None) => return 0,
            (Some(_), None) => return count(left.count() + 1),
            (None, Some(_)) => return -count(right.count() + 1),
        }
    }
}

fn replace(text: &str, from: &str, to: &str, meter: &mut Meter<'_>) -> Answer {
    let count = if from.is_empty() { text.chars().count() + 1 } else { text.matches(from).count() };
    meter.string(text.len().saturating_add(count.saturating_mul(to.len())))?;
    found(text.replace(from, to))
}

/// The work of looking for a pattern in a text.
fn search_cost(text: &str, pattern: &str) -> usize {
    text.len() / 8 + pattern.len() + 64
}

/// The work counted for each match, besides its steps.
const WORK_OF_MATCH: usize = 4;

/// A search whose steps are counted as work while it runs, so that one that backtracks without end meets the limits.
fn metered<T>(meter: &mut Meter<'_>, search: impl FnOnce(java_regex::Watch<'_>) -> T) -> Result<T, Fault> {
    let mut ended = Ok(());
    let found = search(&mut |steps| {
        if ended.is_ok() {
            ended = meter.work(usize::try_from(steps / 8).unwrap_or(usize::MAX));
        }
        ended.is_ok()
    });
    ended.map(|()| found)
}

fn replace_pattern(receiver: &Val, text: &str, method: &str, pattern: &str, to: &str, meter: &mut Meter<'_>) -> Answer {
    meter.work(search_cost(text, pattern))?;
    let failed = |error| bad_pattern(receiver, method, error);
    let regex = java_regex::cached(pattern).map_err(failed)?;
    let most = if method == "replaceFirst" { 1 } else { usize::MAX };
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    let mut matches = regex.find_iter(text);
    for _ in 0..most {
        let Some(part) = metered(meter, |watch| matches.next_watched(watch))? else { break };
        let part = part.map_err(failed)?;
        meter.work(WORK_OF_MATCH)?;
        out.push_str(&text[end..part.start()]);
        part.expand(to, &mut out).map_err(|error| bad_replacement(receiver, method, &error.to_string()))?;
        if out.len() > meter.limits.max_string {
            meter.string(out.len())?;
        }
        end = part.end();
    }
    out.push_str(&text[end..]);
    meter.string(out.len())?;
    found(out)
}

/// `split`: empty strings at the end are dropped where `limit` is 0; a match of nothing at the start splits nothing off.
fn split(receiver: &Val, text: &str, pattern: &str, limit: i32, meter: &mut Meter<'_>) -> Answer {
    let most = usize::try_from(limit).ok().filter(|&limit| limit > 0).unwrap_or(usize::MAX);
    let mut parts: Vec<&str> = Vec::new();
    let is_plain =
        pattern.chars().count() == 1 && !pattern.contains(['.', '$', '|', '(', ')', '[', '{', '^', '?', '*', '+', '\\']);
    if is_plain {
        parts = text.splitn(most, pattern).collect();
    } else {
        meter.work(search_cost(text, pattern))?;
        let failed = |error| bad_pattern(receiver, "split", error);
        let regex = java_regex::cached(pattern).map_err(failed)?;
        let mut start = 0;
        let mut matches = regex.find_iter(text);
        while parts.len() + 1 < most
            && let Some(separator) = metered(meter, |watch| matches.next_watched(watch))?
        {
            let separator = separator.map_err(failed)?;
            meter.work(WORK_OF_MATCH)?;
            if separator.end() > 0 {
                parts.push(&text[start..separator.start()]);
                start = separator.end();
            }
        }
        parts.push(&text[start..]);
    }
    if limit == 0 && parts.len() > 1 {
        while parts.last().is_some_and(|part| part.is_empty()) {
            parts.pop();
        }
    }
    meter.elements(parts.len())?;
    meter.memory(text.len())?;
    let items = parts.into_iter().map(Val::from).collect();
    Ok::<_, Fault>(Some(Val::List(ListRef::of_kind(ListKind::Array, items))))
}
