//! `RegExp` (ECMA-262, 22.2), with a matcher of its own, and what the methods of strings do with one.
//!
//! Java's patterns, which AppSync takes as strings, differ too much to be run by the same engine: positions here are UTF-16 units,
//! groups are forgotten in each round of a repetition, and a reference to a group that took no part matches.

mod parse;
mod program;
mod replace;
mod run;
mod set;

use std::sync::Arc;

use value::Str;

use super::{arg, clamp, count, natives};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{ELEMENT_COST, Kind, ObjId, Properties, Text, Val};
use crate::native::{Builtin, ErrorKind, Native, Prototype};

pub(super) use replace::{call_replacement, expand, replace, split};

/// A compiled `RegExp`.
#[derive(Debug)]
pub(crate) struct Pattern {
    source: Str,
    flags: Str,
    mode: run::Mode,
    program: Arc<program::Program>,
    last_index: Val,
    /// The long text that was searched last, as the matcher reads it: loops of `exec` take the same one each time.
    kept: Option<(Text, Arc<[u16]>)>,
    /// Bytes of memory that were counted for what is kept.
    counted: usize,
}

/// A match: begin and end, and those of its groups.
#[derive(Clone, Debug)]
pub(super) struct Matched {
    pub(super) start: usize,
    pub(super) end: usize,
    /// From group 1 on.
    pub(super) groups: Vec<Option<(usize, usize)>>,
    /// The names of groups, if there are any.
    pub(super) names: Option<Arc<program::Program>>,
}

impl Pattern {
    /// `/source/flags`.
    pub(crate) fn literal(&self) -> String {
        format!("/{}/{}", self.source, self.flags)
    }

    pub(super) fn source(&self) -> &str {
        &self.source
    }

    pub(super) fn flags(&self) -> &str {
        &self.flags
    }

    pub(super) fn last_index(&self) -> Val {
        self.last_index
    }

    /// Writes `lastIndex`.
    pub(crate) fn set_last_index(&mut self, value: Val) {
        self.last_index = value;
    }

    pub(super) fn flag_member(&self, name: &str) -> Option<bool> {
        let flag = match name {
            "global" => 'g',
            "ignoreCase" => 'i',
            "multiline" => 'm',
            "dotAll" => 's',
            "unicode" => 'u',
            "sticky" => 'y',
            "hasIndices" => 'd',
            _ => return None,
        };
        Some(self.has(flag))
    }

    fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }
}

/// A `RegExp` of a literal, or of `new RegExp`.
pub(crate) fn new_regexp(ev: &mut Evaluator<'_>, source: &str, flags: &str) -> Completion {
    ev.work(source.len() / 16)?;
    let (mode, program) = match compiled(source, flags) {
        Ok(compiled) => compiled,
        Err(message) => return ev.throw(ErrorKind::SyntaxError, message),
    };
    ev.reserve(source.len() + program.steps.len() * 24)?;
    // A slash and line ends are escaped so that the literal can be read again.
    let source = if source.is_empty() { "(?:)".into() } else { escaped(source) };
    let mut ordered: Vec<char> = flags.chars().collect();
    ordered.sort_unstable();
    let flags: String = ordered.into_iter().collect();
    let pattern = Pattern {
        source: source.into(),
        flags: flags.into(),
        mode,
        program: Arc::new(program),
        last_index: Val::Number(0.0),
        kept: None,
        counted: 0,
    };
    Ok(Val::Object(ev.heap.allocate(Kind::RegExp(Box::new(pattern)))))
}

/// What is wrong with a literal.
pub(crate) fn check_regexp(source: &str, flags: &str) -> Result<(), String> {
    compiled(source, flags).map(drop)
}

fn compiled(source: &str, flags: &str) -> Result<(run::Mode, program::Program), String> {
    let known = flags.chars().all(|flag| "gimsuy".contains(flag));
    let unique = flags.chars().enumerate().all(|(at, flag)| flags.chars().skip(at + 1).all(|other| other != flag));
    if !known || !unique {
        return Err(format!("invalid or unsupported regular expression flags: {flags}"));
    }
    let has = |flag: char| flags.contains(flag);
    let mode = run::Mode { ignore_case: has('i'), multi_line: has('m'), dot_all: has('s'), unicode: has('u') };
    match parse::parse(source, mode.unicode).and_then(program::compile) {
        Ok(program) => Ok((mode, program)),
        Err(fault) => Err(format!("invalid regular expression /{source}/: {fault}")),
    }
}

fn escaped(source: &str) -> String {
    let (mut out, mut in_class) = (String::with_capacity(source.len()), false);
    let mut rest = source.chars();
    while let Some(character) = rest.next() {
        match character {
            '\\' => {
                out.push('\\');
                out.extend(rest.next());
                continue;
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '/' if !in_class => out.push('\\'),
            '\n' => {
                out.push_str("\\n");
                continue;
            }
            '\r' => {
                out.push_str("\\r");
                continue;
            }
            _ => {}
        }
        out.push(character);
    }
    out
}

fn pattern<'v>(ev: &'v mut Evaluator<'_>, id: ObjId) -> &'v mut Pattern {
    match &mut ev.heap.obj_mut(id).kind {
        Kind::RegExp(pattern) => pattern,
        _ => unreachable!("whoever asks has looked"),
    }
}

/// The first match at or after `from`, whatever `lastIndex` says.
pub(super) fn find(ev: &mut Evaluator<'_>, id: ObjId, text: &Text, from: usize) -> Completion<Option<Matched>> {
    let units = units(ev, text)?;
    search(ev, id, &units, from, false)
}

/// A string as the matcher reads it.
fn units(ev: &mut Evaluator<'_>, text: &Text) -> Completion<Vec<u16>> {
    ev.work(text.bytes() / 32)?;
    if text.bytes() > 4096 {
        // It is let go at the end of the call, but it counts: many large ones take time.
        ev.work(text.bytes() / 32)?;
    }
    Ok(text.to_units())
}

/// As [`units`]; those of a long text are kept for the next call.
fn kept_units(ev: &mut Evaluator<'_>, id: ObjId, text: &Text) -> Completion<Arc<[u16]>> {
    const LONG: usize = 512;
    if let Some((kept, units)) = &pattern(ev, id).kept
        && kept.is_same(text)
    {
        return Ok(Arc::clone(units));
    }
    let units: Arc<[u16]> = units(ev, text)?.into();
    if text.bytes() >= LONG {
        let bytes = units.len() * 2;
        let more = bytes.saturating_sub(pattern(ev, id).counted);
        ev.reserve(more)?;
        let pattern = pattern(ev, id);
        pattern.counted += more;
        pattern.kept = Some((text.clone(), Arc::clone(&units)));
    }
    Ok(units)
}

fn search(ev: &mut Evaluator<'_>, id: ObjId, units: &[u16], from: usize, sticky: bool) -> Completion<Option<Matched>> {
    let pattern = pattern(ev, id);
    let (program, mode) = (Arc::clone(&pattern.program), pattern.mode);
    let mut at = from;
    while at <= units.len() {
        ev.work(1)?;
        if let Some(mut groups) = run::run(ev, &program, mode, units, at)? {
            let (start, end) = groups.first().copied().flatten().unwrap_or((at, at));
            if !groups.is_empty() {
                groups.remove(0);
            }
            let names = (!program.names.is_empty()).then_some(program);
            return Ok(Some(Matched { start, end, groups, names }));
        }
        if sticky {
            break;
        }
        at = next_place(units, at, mode.unicode);
    }
    Ok(None)
}

/// The place after `at`, where a search goes on (`AdvanceStringIndex`).
fn next_place(units: &[u16], at: usize, unicode: bool) -> usize {
    let is_pair = unicode
        && units.get(at).is_some_and(|unit| (0xd800..0xdc00).contains(unit))
        && units.get(at + 1).is_some_and(|unit| (0xdc00..0xe000).contains(unit));
    at + if is_pair { 2 } else { 1 }
}

/// `RegExpBuiltinExec` without the array: minds and moves `lastIndex`.
fn exec(ev: &mut Evaluator<'_>, id: ObjId, text: &Text) -> Completion<Option<Matched>> {
    let (global, sticky, last) = {
        let pattern = pattern(ev, id);
        (pattern.has('g'), pattern.has('y'), pattern.last_index)
    };
    let last = ev.to_integer(last)?;
    let from = if global || sticky { clamp(last, usize::MAX) } else { 0 };
    // Only these go on in the same text.
    let units = if global || sticky { kept_units(ev, id, text)? } else { units(ev, text)?.into() };
    let found = if from > units.len() { None } else { search(ev, id, &units, from, sticky)? };
    if global || sticky {
        let last_index = found.as_ref().map_or(Val::Number(0.0), |matched| count(matched.end));
        pattern(ev, id).last_index = last_index;
    }
    Ok(found)
}

/// A part of a text as a value; `undefined` for a group that took no part.
fn group_value(ev: &mut Evaluator<'_>, text: &Text, group: Option<(usize, usize)>) -> Completion {
    match group {
        Some((start, end)) => {
            ev.reserve(end.saturating_sub(start))?;
            Ok(ev.heap.text_value(text.slice(start, end)))
        }
        None => Ok(Val::Undefined),
    }
}

/// `groups` of a match.
fn named_groups(ev: &mut Evaluator<'_>, text: &Text, matched: &Matched) -> Completion {
    let Some(program) = &matched.names else { return Ok(Val::Undefined) };
    let mut properties = Properties::with_capacity(program.names.len());
    for (name, number) in &program.names {
        let group = matched.groups.get(number - 1).copied().flatten();
        let value = group_value(ev, text, group)?;
        properties.set(&Str::from(&**name), value);
    }
    Ok(ev.heap.object(properties))
}

/// The array that `exec` gives.
fn match_array(ev: &mut Evaluator<'_>, text: &Text, matched: &Matched) -> Completion {
    let mut items = vec![group_value(ev, text, Some((matched.start, matched.end)))?];
    for group in &matched.groups {
        ev.reserve(ELEMENT_COST)?;
        items.push(group_value(ev, text, *group)?);
    }
    let groups = named_groups(ev, text, matched)?;
    let input = ev.heap.text_value(text.clone());
    let mut extra = Properties::with_capacity(3);
    extra.set(&"index".into(), count(matched.start));
    extra.set(&"input".into(), input);
    extra.set(&"groups".into(), groups);
    let extra = ev.heap.object(extra);
    let array = ev.heap.array(items);
    if let Val::Object(array) = array {
        ev.heap.set_extra(array, extra);
    }
    Ok(array)
}

/// All matches from the beginning (or from `lastIndex`, for `matchAll`), one after the other.
fn all(ev: &mut Evaluator<'_>, id: ObjId, text: &Text, from: usize) -> Completion<Vec<Matched>> {
    let units = units(ev, text)?;
    let (unicode, sticky) = {
        let pattern = pattern(ev, id);
        (pattern.mode.unicode, pattern.has('y'))
    };
    let mut found = Vec::new();
    let mut at = from;
    while at <= units.len() {
        let Some(matched) = search(ev, id, &units, at, sticky)? else { break };
        ev.reserve(48 + matched.groups.len() * 24)?;
        at = if matched.end == matched.start { next_place(&units, matched.end, unicode) } else { matched.end };
        found.push(matched);
    }
    Ok(found)
}

/// `text.match(pattern)`.
pub(super) fn match_(ev: &mut Evaluator<'_>, id: ObjId, text: &Text) -> Completion {
    if !pattern(ev, id).has('g') {
        return match exec(ev, id, text)? {
            Some(matched) => match_array(ev, text, &matched),
            None => Ok(Val::Null),
        };
    }
    let found = all(ev, id, text, 0)?;
    pattern(ev, id).last_index = Val::Number(0.0);
    if found.is_empty() {
        return Ok(Val::Null);
    }
    let mut items = Vec::with_capacity(found.len());
    for matched in found {
        items.push(group_value(ev, text, Some((matched.start, matched.end)))?);
    }
    Ok(ev.heap.array(items))
}

/// `text.matchAll(pattern)`, as an array.
pub(super) fn match_all(ev: &mut Evaluator<'_>, id: ObjId, text: &Text) -> Completion {
    if !pattern(ev, id).has('g') {
        return ev.type_error("regexp must have the 'g' flag");
    }
    let last = pattern(ev, id).last_index;
    let from = clamp(ev.to_integer(last)?, usize::MAX);
    let found = all(ev, id, text, from)?;
    let mut items = Vec::with_capacity(found.len());
    for matched in found {
        items.push(match_array(ev, text, &matched)?);
    }
    Ok(ev.heap.array(items))
}

fn this_regexp(ev: &mut Evaluator<'_>, this: Val) -> Completion<ObjId> {
    match this {
        Val::Object(id) if matches!(ev.heap.obj(id).kind, Kind::RegExp(_)) => Ok(id),
        _ => ev.type_error("not a regular expression"),
    }
}

fn exec_method(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let id = this_regexp(ev, this)?;
    let text = ev.to_text(arg(arguments, 0))?;
    match exec(ev, id, &text)? {
        Some(matched) => match_array(ev, &text, &matched),
        None => Ok(Val::Null),
    }
}

fn construct(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let (given, flags) = (arg(arguments, 0), arg(arguments, 1));
    let (source, own_flags) = match given {
        Val::Object(id) if matches!(ev.heap.obj(id).kind, Kind::RegExp(_)) => {
            let pattern = pattern(ev, id);
            (Str::clone(&pattern.source), Str::clone(&pattern.flags))
        }
        Val::Undefined => ("".into(), "".into()),
        other => (ev.to_text(other)?.well_formed(), "".into()),
    };
    let flags = match flags {
        Val::Undefined => own_flags,
        given => ev.to_text(given)?.well_formed(),
    };
    new_regexp(ev, &source, &flags)
}

/// `RegExp`.
pub(super) static REGEXP: Builtin = Builtin {
    name: "RegExp",
    call: Some(construct),
    construct: Some(construct),
    functions: &[],
    numbers: &[],
    prototype: Some(Prototype::RegExp),
};

/// `RegExp.prototype`.
pub(super) static METHODS: &[Native] = natives! {
    "exec" / 1 => exec_method,
    "test" / 1 => |ev, this, arguments| {
        let id = this_regexp(ev, this)?;
        let text = ev.to_text(arg(arguments, 0))?;
        Ok(Val::Bool(exec(ev, id, &text)?.is_some()))
    },
    "toString" / 0 => |ev, this, _| {
        let id = this_regexp(ev, this)?;
        let text = pattern(ev, id).literal();
        Ok(ev.heap.string(text))
    },
};
