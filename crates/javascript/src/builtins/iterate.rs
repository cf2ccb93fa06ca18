//! What `for…of`, spread and destructuring see of a value (ECMA-262, 7.4).
//!
//! There are no iterator objects: `keys`, `entries`, `values` and `matchAll` give arrays. Arrays, maps and sets are read as they
//! are at each step, strings by code point.

use super::table::Table;
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{ELEMENT_COST, Kind, ObjId, Text, Val};

/// An iteration under way.
#[derive(Debug)]
pub(crate) enum Iteration {
    Array { id: ObjId, at: usize },
    Text { text: Text, at: usize },
    Map { id: ObjId, at: usize },
    Set { id: ObjId, at: usize },
}

impl Iteration {
    /// Begins to iterate; what is not iterable throws a `TypeError`.
    pub(crate) fn new(ev: &mut Evaluator<'_>, value: Val) -> Completion<Iteration> {
        match value {
            Val::String(id) => return Ok(Iteration::Text { text: ev.text(id)?, at: 0 }),
            Val::Object(id) => match &ev.heap.obj(id).kind {
                Kind::Array(_) | Kind::HostList(_) => return Ok(Iteration::Array { id, at: 0 }),
                Kind::Map(_) => return Ok(Iteration::Map { id, at: 0 }),
                Kind::Set(_) => return Ok(Iteration::Set { id, at: 0 }),
                _ => {}
            },
            _ => {}
        }
        let what = ev.kind_name(value);
        ev.type_error(format!("{what} is not iterable"))
    }

    /// The next value.
    #[inline]
    pub(crate) fn next(&mut self, ev: &mut Evaluator<'_>) -> Completion<Option<Val>> {
        ev.work(1)?;
        match self {
            Iteration::Array { id, at } => {
                let found = ev.heap.element(*id, *at);
                *at += 1;
                Ok(found)
            }
            Iteration::Text { text, at } => {
                let Some(point) = next_point(text, at) else { return Ok(None) };
                Ok(Some(ev.heap.text_value(point)))
            }
            Iteration::Map { id, at } => {
                let Some((key, value)) = next_entry(ev, *id, at)? else { return Ok(None) };
                Ok(Some(ev.heap.array(vec![key, value])))
            }
            Iteration::Set { id, at } => Ok(next_entry(ev, *id, at)?.map(|(key, _)| key)),
        }
    }
}

/// The next entry of a map or set at or after `at`. Places of removed entries that are passed over count as work.
pub(super) fn next_entry(ev: &mut Evaluator<'_>, id: ObjId, at: &mut usize) -> Completion<Option<(Val, Val)>> {
    let (Kind::Map(table) | Kind::Set(table)) = &ev.heap.obj(id).kind else { return Ok(None) };
    let before = *at;
    let entry = Table::next(table, at);
    ev.work((*at - before) / 16)?;
    Ok(entry)
}

/// The code point at the place `at`, which is a byte of UTF-8 or a unit of what is not; a lone surrogate stands for itself.
fn next_point(text: &Text, at: &mut usize) -> Option<Text> {
    match text {
        Text::Utf8 { text, .. } => {
            let character = text.get(*at..)?.chars().next()?;
            *at += character.len_utf8();
            let mut bytes = [0; 4];
            Some(Text::new((&*character.encode_utf8(&mut bytes)).into()))
        }
        Text::Wide(units) => {
            let first = *units.get(*at)?;
            let is_pair =
                (0xd800..0xdc00).contains(&first) && units.get(*at + 1).is_some_and(|second| (0xdc00..0xe000).contains(second));
            let length = if is_pair { 2 } else { 1 };
            let point = Text::from_units(&units[*at..*at + length]);
            *at += length;
            Some(point)
        }
    }
}

/// Appends everything that an iteration of `value` gives.
pub(crate) fn spread(ev: &mut Evaluator<'_>, value: Val, into: &mut Vec<Val>) -> Completion<()> {
    if let Val::Object(id) = value
        && let Some(length) = ev.heap.array_len(id)
    {
        ev.work(length)?;
        ev.reserve(length * ELEMENT_COST)?;
        if let Kind::Array(items) = &ev.heap.obj(id).kind {
            into.extend_from_slice(items);
        } else {
            into.extend((0..length).map(|at| ev.heap.element(id, at).unwrap_or_default()));
        }
        return Ok(());
    }
    let mut iteration = Iteration::new(ev, value)?;
    while let Some(item) = iteration.next(ev)? {
        ev.reserve(ELEMENT_COST)?;
        into.push(item);
    }
    Ok(())
}
