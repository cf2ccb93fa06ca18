//! Methods of arrays that read them and call nothing.

use super::{arg, count, counted, element, length_of, position, range, source};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{ELEMENT_COST, Kind, ObjId, Val};
use crate::native::ErrorKind;

/// What a level of nesting takes while `flat` is in it.
const LEVEL_COST: usize = 32;

pub(super) fn at(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let id = source(ev, this)?;
    let place = place(ev, arg(arguments, 0), length_of(ev, id))?;
    Ok(place.map(|at| element(ev, id, at)).unwrap_or_default())
}

/// A position counted from the end if negative; `None` outside.
fn place(ev: &mut Evaluator<'_>, value: Val, length: usize) -> Completion<Option<usize>> {
    #[expect(clippy::cast_precision_loss, reason = "lengths are below 2^32")]
    let count = length as f64;
    let mut at = ev.to_integer(value)?;
    if at < 0.0 {
        at += count;
    }
    Ok((at >= 0.0 && at < count).then(|| super::super::clamp(at, length)))
}

pub(super) fn with(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let id = source(ev, this)?;
    let length = length_of(ev, id);
    let Some(at) = place(ev, arg(arguments, 0), length)? else {
        return ev.throw(ErrorKind::RangeError, "out of bound");
    };
    let mut items = range(ev, id, 0, length)?;
    if let Some(item) = items.get_mut(at) {
        *item = arg(arguments, 1);
    }
    Ok(counted(ev, items))
}

pub(super) fn slice(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let id = source(ev, this)?;
    let length = length_of(ev, id);
    let start = position(ev, arguments, 0, length, 0)?;
    let end = position(ev, arguments, 1, length, length)?;
    let items = range(ev, id, start, end)?;
    Ok(counted(ev, items))
}

pub(super) fn concat(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let mut items = Vec::new();
    for &part in std::iter::once(&this).chain(arguments) {
        match part {
            Val::Object(id) if ev.heap.array_len(id).is_some() => super::super::spread(ev, part, &mut items)?,
            other => {
                ev.reserve(ELEMENT_COST)?;
                items.push(other);
            }
        }
    }
    Ok(counted(ev, items))
}

pub(super) fn flat(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let id = source(ev, this)?;
    let depth = match arg(arguments, 0) {
        Val::Undefined => 1.0,
        given => ev.to_integer(given)?,
    };
    let mut items = Vec::new();
    // Arrays under way with the next place in each. What goes round in circles ends at the limit of memory.
    let mut open: Vec<(ObjId, usize)> = vec![(id, 0)];
    while let Some((id, at)) = open.pop() {
        ev.work(1)?;
        let Some(item) = ev.heap.element(id, at) else { continue };
        open.push((id, at + 1));
        #[expect(clippy::cast_precision_loss, reason = "memory ends long before")]
        let is_open = open.len() as f64 <= depth;
        match item {
            Val::Object(inner) if is_open && matches!(ev.heap.obj(inner).kind, Kind::Array(_) | Kind::HostList(_)) => {
                ev.reserve(LEVEL_COST)?;
                open.push((inner, 0));
            }
            item => {
                ev.reserve(ELEMENT_COST)?;
                items.push(item);
            }
        }
    }
    Ok(counted(ev, items))
}

pub(super) fn includes(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let id = source(ev, this)?;
    let start = position(ev, arguments, 1, length_of(ev, id), 0)?;
    for at in start..length_of(ev, id) {
        ev.work(1)?;
        let item = element(ev, id, at);
        if ev.same_value_zero(item, arg(arguments, 0))? {
            return Ok(Val::Bool(true));
        }
    }
    Ok(Val::Bool(false))
}

pub(super) fn index_of(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let id = source(ev, this)?;
    let start = position(ev, arguments, 1, length_of(ev, id), 0)?;
    for at in start..length_of(ev, id) {
        ev.work(1)?;
        let item = element(ev, id, at);
        if ev.strict_equals(item, arg(arguments, 0))? {
            return Ok(count(at));
        }
    }
    Ok(Val::Number(-1.0))
}

pub(super) fn last_index_of(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let id = source(ev, this)?;
    let length = length_of(ev, id);
    let end = match arguments.get(1) {
        None => length,
        Some(&given) => {
            #[expect(clippy::cast_precision_loss, reason = "lengths are below 2^32")]
            let count = length as f64;
            let last = ev.to_integer(given)?;
            // The place after the last one to look at.
            super::super::clamp(if last < 0.0 { last + count } else { last } + 1.0, length)
        }
    };
    for at in (0..end).rev() {
        ev.work(1)?;
        if let Some(item) = ev.heap.element(id, at)
            && ev.strict_equals(item, arg(arguments, 0))?
        {
            return Ok(count(at));
        }
    }
    Ok(Val::Number(-1.0))
}

pub(super) fn to_reversed(ev: &mut Evaluator<'_>, this: Val, _: &[Val]) -> Completion {
    let id = source(ev, this)?;
    let length = length_of(ev, id);
    let mut items = range(ev, id, 0, length)?;
    items.reverse();
    Ok(counted(ev, items))
}

pub(super) fn keys(ev: &mut Evaluator<'_>, this: Val, _: &[Val]) -> Completion {
    let id = source(ev, this)?;
    let length = length_of(ev, id);
    ev.work(length / 4)?;
    ev.reserve(length * ELEMENT_COST)?;
    Ok(counted(ev, (0..length).map(count).collect()))
}

pub(super) fn values(ev: &mut Evaluator<'_>, this: Val, _: &[Val]) -> Completion {
    let id = source(ev, this)?;
    let length = length_of(ev, id);
    let items = range(ev, id, 0, length)?;
    Ok(counted(ev, items))
}

pub(super) fn entries(ev: &mut Evaluator<'_>, this: Val, _: &[Val]) -> Completion {
    let id = source(ev, this)?;
    let length = length_of(ev, id);
    ev.reserve(length * ELEMENT_COST)?;
    let mut items = Vec::with_capacity(length);
    for at in 0..length {
        ev.work(1)?;
        let item = element(ev, id, at);
        items.push(ev.heap.array(vec![count(at), item]));
    }
    Ok(counted(ev, items))
}
