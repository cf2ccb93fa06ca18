//! Methods of arrays that change them.

use super::{arg, count, counted, length_of, position, range, source, target};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{ELEMENT_COST, ObjId, Val};
use crate::native::ErrorKind;

/// The elements for change.
fn items<'v>(ev: &'v mut Evaluator<'_>, id: ObjId) -> &'v mut Vec<Val> {
    ev.heap.array_mut(id).expect("the methods here are for arrays")
}

/// Counts what an array grows by. A vector doubles its room, so growth is what counts.
#[inline]
fn grow(ev: &mut Evaluator<'_>, by: usize) -> Completion<()> {
    ev.reserve(by.saturating_mul(ELEMENT_COST))
}

/// `array.length = value`.
pub(crate) fn set_length(ev: &mut Evaluator<'_>, id: ObjId, value: Val) -> Completion<()> {
    let length = ev.to_number(value)?;
    if !(0.0..=super::MAX_LENGTH).contains(&length) || length.fract() != 0.0 || length.is_nan() {
        return ev.throw(ErrorKind::RangeError, "invalid array length");
    }
    let id = target(ev, Val::Object(id))?;
    let length = super::super::clamp(length, usize::MAX);
    let before = length_of(ev, id);
    grow(ev, length.saturating_sub(before))?;
    ev.work(length.saturating_sub(before) / 16)?;
    items(ev, id).resize(length, Val::Undefined);
    Ok(())
}

#[inline]
pub(super) fn push(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let id = target(ev, this)?;
    grow(ev, arguments.len())?;
    let items = items(ev, id);
    items.extend_from_slice(arguments);
    Ok(count(items.len()))
}

pub(super) fn pop(ev: &mut Evaluator<'_>, this: Val, _: &[Val]) -> Completion {
    let id = target(ev, this)?;
    Ok(items(ev, id).pop().unwrap_or_default())
}

pub(super) fn shift(ev: &mut Evaluator<'_>, this: Val, _: &[Val]) -> Completion {
    let id = target(ev, this)?;
    let length = length_of(ev, id);
    ev.work(length / 16)?;
    Ok(if length == 0 { Val::Undefined } else { items(ev, id).remove(0) })
}

pub(super) fn unshift(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let id = target(ev, this)?;
    ev.work(length_of(ev, id) / 16)?;
    grow(ev, arguments.len())?;
    let items = items(ev, id);
    items.splice(0..0, arguments.iter().copied());
    Ok(count(items.len()))
}

pub(super) fn reverse(ev: &mut Evaluator<'_>, this: Val, _: &[Val]) -> Completion {
    let id = target(ev, this)?;
    ev.work(length_of(ev, id) / 16)?;
    items(ev, id).reverse();
    Ok(this)
}

pub(super) fn fill(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let id = target(ev, this)?;
    let length = length_of(ev, id);
    let start = position(ev, arguments, 1, length, 0)?;
    let end = position(ev, arguments, 2, length, length)?;
    ev.work(end.saturating_sub(start) / 16)?;
    // The conversions above may have called code that froze the array or made it shorter.
    target(ev, this)?;
    let items = items(ev, id);
    let end = end.min(items.len());
    if let Some(part) = items.get_mut(start..end) {
        part.fill(arg(arguments, 0));
    }
    Ok(this)
}

pub(super) fn copy_within(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let id = target(ev, this)?;
    let length = length_of(ev, id);
    let to = position(ev, arguments, 0, length, 0)?;
    let start = position(ev, arguments, 1, length, 0)?;
    let end = position(ev, arguments, 2, length, length)?;
    // As in `fill`.
    target(ev, this)?;
    let items = items(ev, id);
    let end = end.min(items.len());
    let moved = end.saturating_sub(start).min(items.len().saturating_sub(to));
    if moved > 0 {
        items.copy_within(start..start + moved, to);
    }
    ev.work(moved / 16)?;
    Ok(this)
}

/// The part that `splice` removes: where it begins and how long it is.
fn removed(ev: &mut Evaluator<'_>, arguments: &[Val], length: usize) -> Completion<(usize, usize)> {
    let start = position(ev, arguments, 0, length, 0)?;
    let most = length - start;
    let removed = match arguments {
        [] => 0,
        [_] => most,
        [_, given, ..] => super::super::clamp(ev.to_integer(*given)?, most),
    };
    Ok((start, removed))
}

pub(super) fn splice(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let id = target(ev, this)?;
    let length = length_of(ev, id);
    let (start, removed) = removed(ev, arguments, length)?;
    let added = arguments.get(2..).unwrap_or_default();
    ev.work(length / 16)?;
    grow(ev, removed + added.len())?;
    let items = items(ev, id);
    let start = start.min(items.len());
    let end = (start + removed).min(items.len());
    let gone: Vec<Val> = items.splice(start..end, added.iter().copied()).collect();
    Ok(counted(ev, gone))
}

pub(super) fn to_spliced(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let id = source(ev, this)?;
    let length = length_of(ev, id);
    let (start, removed) = removed(ev, arguments, length)?;
    let added = arguments.get(2..).unwrap_or_default();
    grow(ev, added.len())?;
    let mut items = range(ev, id, 0, length)?;
    let start = start.min(items.len());
    let end = (start + removed).min(items.len());
    items.splice(start..end, added.iter().copied());
    Ok(counted(ev, items))
}
