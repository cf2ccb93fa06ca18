//! Methods of arrays that call a function per element. The length is that of the beginning; elements are read when their turn comes,
//! and those that are gone by then are passed over (ECMA-262, 23.1.3).

use super::{arg, count, counted, element, length_of, source};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{ELEMENT_COST, Kind, ObjId, Val};

/// What all of these methods begin with: the array, its length, and the function with its `this`.
struct Calls {
    id: ObjId,
    length: usize,
    function: Val,
    receiver: Val,
    this: Val,
}

impl Calls {
    #[inline]
    fn new(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion<Self> {
        let id = source(ev, this)?;
        let function = arg(arguments, 0);
        if !ev.is_callable(function) {
            return ev.type_error("not a function");
        }
        Ok(Self { id, length: length_of(ev, id), function, receiver: arg(arguments, 1), this })
    }

    #[inline]
    fn call(&self, ev: &mut Evaluator<'_>, item: Val, at: usize) -> Completion {
        ev.call(self.function, self.receiver, &[item, count(at), self.this])
    }

    #[inline]
    fn test(&self, ev: &mut Evaluator<'_>, item: Val, at: usize) -> Completion<bool> {
        let answer = self.call(ev, item, at)?;
        Ok(ev.to_boolean(answer))
    }
}

pub(super) fn for_each(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let calls = Calls::new(ev, this, arguments)?;
    for at in 0..calls.length {
        if let Some(item) = ev.heap.element(calls.id, at) {
            calls.call(ev, item, at)?;
        }
    }
    Ok(Val::Undefined)
}

pub(super) fn map(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let calls = Calls::new(ev, this, arguments)?;
    ev.reserve(calls.length * ELEMENT_COST)?;
    let mut items = Vec::with_capacity(calls.length);
    for at in 0..calls.length {
        items.push(match ev.heap.element(calls.id, at) {
            Some(item) => calls.call(ev, item, at)?,
            None => Val::Undefined,
        });
    }
    Ok(counted(ev, items))
}

pub(super) fn filter(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let calls = Calls::new(ev, this, arguments)?;
    let mut items = Vec::new();
    for at in 0..calls.length {
        if let Some(item) = ev.heap.element(calls.id, at)
            && calls.test(ev, item, at)?
        {
            items.push(item);
        }
    }
    ev.reserve(items.len() * ELEMENT_COST)?;
    Ok(counted(ev, items))
}

pub(super) fn every(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let calls = Calls::new(ev, this, arguments)?;
    for at in 0..calls.length {
        if let Some(item) = ev.heap.element(calls.id, at)
            && !calls.test(ev, item, at)?
        {
            return Ok(Val::Bool(false));
        }
    }
    Ok(Val::Bool(true))
}

pub(super) fn some(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let calls = Calls::new(ev, this, arguments)?;
    for at in 0..calls.length {
        if let Some(item) = ev.heap.element(calls.id, at)
            && calls.test(ev, item, at)?
        {
            return Ok(Val::Bool(true));
        }
    }
    Ok(Val::Bool(false))
}

/// The first element, in the order of `places`, that the function accepts.
fn search(ev: &mut Evaluator<'_>, calls: &Calls, places: impl Iterator<Item = usize>) -> Completion<Option<(usize, Val)>> {
    for at in places {
        let item = element(ev, calls.id, at);
        if calls.test(ev, item, at)? {
            return Ok(Some((at, item)));
        }
    }
    Ok(None)
}

pub(super) fn find(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let calls = Calls::new(ev, this, arguments)?;
    Ok(search(ev, &calls, 0..calls.length)?.map(|(_, item)| item).unwrap_or_default())
}

pub(super) fn find_index(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let calls = Calls::new(ev, this, arguments)?;
    Ok(search(ev, &calls, 0..calls.length)?.map_or(Val::Number(-1.0), |(at, _)| count(at)))
}

pub(super) fn find_last(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let calls = Calls::new(ev, this, arguments)?;
    Ok(search(ev, &calls, (0..calls.length).rev())?.map(|(_, item)| item).unwrap_or_default())
}

pub(super) fn find_last_index(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let calls = Calls::new(ev, this, arguments)?;
    Ok(search(ev, &calls, (0..calls.length).rev())?.map_or(Val::Number(-1.0), |(at, _)| count(at)))
}

pub(super) fn flat_map(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    let calls = Calls::new(ev, this, arguments)?;
    let mut items = Vec::new();
    for at in 0..calls.length {
        let Some(item) = ev.heap.element(calls.id, at) else { continue };
        match calls.call(ev, item, at)? {
            list @ Val::Object(id) if matches!(ev.heap.obj(id).kind, Kind::Array(_) | Kind::HostList(_)) => {
                super::super::spread(ev, list, &mut items)?;
            }
            item => {
                ev.reserve(ELEMENT_COST)?;
                items.push(item);
            }
        }
    }
    Ok(counted(ev, items))
}

fn fold(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val], backwards: bool) -> Completion {
    let calls = Calls::new(ev, this, arguments)?;
    let mut sum = arguments.get(1).copied();
    for step in 0..calls.length {
        let at = if backwards { calls.length - 1 - step } else { step };
        let Some(item) = ev.heap.element(calls.id, at) else { continue };
        sum = Some(match sum {
            None => item,
            Some(sum) => ev.call(calls.function, Val::Undefined, &[sum, item, count(at), this])?,
        });
    }
    match sum {
        Some(sum) => Ok(sum),
        None => ev.type_error("empty array"),
    }
}

pub(super) fn reduce(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    fold(ev, this, arguments, false)
}

pub(super) fn reduce_right(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    fold(ev, this, arguments, true)
}
