//! Replacing and splitting with a `RegExp` (ECMA-262, 22.2.6.11 and 22.2.6.14), and what a replacement stands for.

use super::super::build::Builder;
use super::{Matched, all, count, exec, group_value, named_groups, pattern, search, units};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{ELEMENT_COST, ObjId, Text, Val};

/// `text.replace(pattern, replacement)`, or `replaceAll`.
pub(in super::super) fn replace(ev: &mut Evaluator<'_>, id: ObjId, text: &Text, replacement: Val, first: bool) -> Completion {
    let global = pattern(ev, id).has('g');
    if !first && !global {
        return ev.type_error("replaceAll must be called with a global RegExp");
    }
    let calls = ev.is_callable(replacement);
    let template = if calls { Text::new("".into()) } else { ev.to_text(replacement)? };
    let found = if global {
        let found = all(ev, id, text, 0)?;
        pattern(ev, id).last_index = Val::Number(0.0);
        found
    } else {
        exec(ev, id, text)?.into_iter().collect()
    };
    let mut whole = Builder::default();
    let mut end = 0;
    for matched in &found {
        ev.work(1)?;
        whole.push(ev, &text.slice(end, matched.start))?;
        if calls {
            let given = call_replacement(ev, replacement, text, matched)?;
            whole.push(ev, &given)?;
        } else {
            expand(ev, &template, text, matched, &mut whole)?;
        }
        end = matched.end;
    }
    whole.push(ev, &text.slice(end, text.units()))?;
    Ok(ev.heap.text_value(whole.finish()))
}

/// What a function gives for a match.
pub(in super::super) fn call_replacement(
    ev: &mut Evaluator<'_>,
    function: Val,
    text: &Text,
    matched: &Matched,
) -> Completion<Text> {
    let mut arguments = vec![group_value(ev, text, Some((matched.start, matched.end)))?];
    for group in &matched.groups {
        arguments.push(group_value(ev, text, *group)?);
    }
    arguments.push(count(matched.start));
    arguments.push(ev.heap.text_value(text.clone()));
    if matched.names.is_some() {
        arguments.push(named_groups(ev, text, matched)?);
    }
    let given = ev.call(function, Val::Undefined, &arguments)?;
    ev.to_text(given)
}

/// `GetSubstitution`: `$$`, `$&`, `` $` ``, `$'`, `$1`, `$<name>`.
pub(in super::super) fn expand(
    ev: &mut Evaluator<'_>,
    template: &Text,
    text: &Text,
    matched: &Matched,
    out: &mut Builder,
) -> Completion<()> {
    let Some(plain) = template.utf8().filter(|template| template.contains('$')) else {
        return out.push(ev, template);
    };
    let mut rest = plain;
    while let Some(at) = rest.find('$') {
        out.push_str(ev, &rest[..at])?;
        let after = &rest[at + 1..];
        let mut taken = 1;
        match after.as_bytes().first() {
            Some(b'$') => out.push_str(ev, "$")?,
            Some(b'&') => out.push(ev, &text.slice(matched.start, matched.end))?,
            Some(b'`') => out.push(ev, &text.slice(0, matched.start))?,
            Some(b'\'') => out.push(ev, &text.slice(matched.end, text.units()))?,
            Some(digit) if digit.is_ascii_digit() => {
                taken = numbered(ev, after.as_bytes(), text, matched, out)?;
            }
            Some(b'<') if matched.names.is_some() && after.contains('>') => {
                let end = after.find('>').unwrap_or(0);
                let name = &after[1..end];
                let number = matched.names.as_ref().and_then(|program| program.names.iter().find(|(known, _)| known == name));
                let group = number.and_then(|(_, number)| matched.groups.get(number - 1).copied().flatten());
                if let Some((start, end)) = group {
                    out.push(ev, &text.slice(start, end))?;
                }
                taken = end + 1;
            }
            _ => {
                out.push_str(ev, "$")?;
                taken = 0;
            }
        }
        rest = &after[taken..];
    }
    out.push_str(ev, rest)
}

/// `$1` or `$12`; the number of digits that were taken, 0 with a `$` written if there is no such group.
fn numbered(ev: &mut Evaluator<'_>, after: &[u8], text: &Text, matched: &Matched, out: &mut Builder) -> Completion<usize> {
    let digit = |at: usize| after.get(at).filter(|byte| byte.is_ascii_digit()).map(|byte| usize::from(byte - b'0'));
    let first = digit(0).unwrap_or_default();
    let two = digit(1).map(|second| (first * 10 + second, 2));
    let choice = two.into_iter().chain([(first, 1)]).find(|(number, _)| *number >= 1 && *number <= matched.groups.len());
    let Some((number, taken)) = choice else {
        out.push_str(ev, "$")?;
        return Ok(0);
    };
    if let Some((start, end)) = matched.groups.get(number - 1).copied().flatten() {
        out.push(ev, &text.slice(start, end))?;
    }
    Ok(taken)
}

/// `text.split(pattern, limit)`.
pub(in super::super) fn split(ev: &mut Evaluator<'_>, id: ObjId, text: &Text, limit: Val) -> Completion {
    let limit = match limit {
        Val::Undefined => u32::MAX as usize,
        given => ev.to_uint32(given)? as usize,
    };
    let mut parts = Vec::new();
    if limit == 0 {
        return Ok(ev.heap.array(parts));
    }
    let units = units(ev, text)?;
    if units.is_empty() {
        if search(ev, id, &units, 0, true)?.is_none() {
            parts.push(ev.heap.text_value(text.clone()));
        }
        return Ok(ev.heap.array(parts));
    }
    let unicode = pattern(ev, id).mode.unicode;
    let (mut start, mut from) = (0, 0);
    while from < units.len() {
        let Some(matched) = search(ev, id, &units, from, false)? else { break };
        if matched.start >= units.len() {
            break;
        }
        if matched.end == start || (matched.end == matched.start && matched.start == start) {
            from = super::next_place(&units, from.max(matched.start), unicode);
            continue;
        }
        ev.reserve(ELEMENT_COST)?;
        parts.push(group_value(ev, text, Some((start, matched.start)))?);
        if parts.len() == limit {
            return Ok(ev.heap.array(parts));
        }
        for group in &matched.groups {
            parts.push(group_value(ev, text, *group)?);
            if parts.len() == limit {
                return Ok(ev.heap.array(parts));
            }
        }
        start = matched.end;
        from = if matched.end == matched.start { super::next_place(&units, matched.end, unicode) } else { matched.end };
    }
    parts.push(group_value(ev, text, Some((start, text.units())))?);
    Ok(ev.heap.array(parts))
}
