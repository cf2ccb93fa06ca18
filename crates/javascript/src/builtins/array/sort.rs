//! Sorting (ECMA-262, 23.1.3.30): stable, `undefined` last, by a function or by text.

use super::{arg, counted, length_of, range, source, target};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{ELEMENT_COST, Text, Val};

pub(super) fn sort(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    check(ev, arguments)?;
    let id = target(ev, this)?;
    let length = length_of(ev, id);
    let items = range(ev, id, 0, length)?;
    let sorted = sorted(ev, items, arg(arguments, 0))?;
    if ev.heap.obj(id).frozen {
        return ev.type_error("array is frozen");
    }
    // Comparing may have called code that changed the array; what was taken is what comes back.
    if let Some(items) = ev.heap.array_mut(id) {
        if items.len() < sorted.len() {
            items.resize(sorted.len(), Val::Undefined);
        }
        items[..sorted.len()].copy_from_slice(&sorted);
    }
    Ok(this)
}

pub(super) fn to_sorted(ev: &mut Evaluator<'_>, this: Val, arguments: &[Val]) -> Completion {
    check(ev, arguments)?;
    let id = source(ev, this)?;
    let length = length_of(ev, id);
    let items = range(ev, id, 0, length)?;
    let items = sorted(ev, items, arg(arguments, 0))?;
    Ok(counted(ev, items))
}

fn check(ev: &mut Evaluator<'_>, arguments: &[Val]) -> Completion<()> {
    match arg(arguments, 0) {
        Val::Undefined => Ok(()),
        function if ev.is_callable(function) => Ok(()),
        _ => ev.type_error("not a function"),
    }
}

fn sorted(ev: &mut Evaluator<'_>, mut items: Vec<Val>, function: Val) -> Completion<Vec<Val>> {
    let length = items.len();
    items.retain(|item| !matches!(item, Val::Undefined));
    ev.reserve(items.len() * ELEMENT_COST)?;
    let mut items = match function {
        Val::Undefined => by_text(ev, items)?,
        function => by_function(ev, items, function)?,
    };
    items.resize(length, Val::Undefined);
    Ok(items)
}

fn by_text(ev: &mut Evaluator<'_>, items: Vec<Val>) -> Completion<Vec<Val>> {
    let mut keyed: Vec<(Text, Val)> = Vec::with_capacity(items.len());
    for item in items {
        ev.reserve(2 * ELEMENT_COST)?;
        ev.work(1)?;
        keyed.push((ev.to_text(item)?, item));
    }
    ev.work(keyed.len() * (usize::BITS - keyed.len().leading_zeros()) as usize / 4)?;
    let places = (0..keyed.len()).collect();
    let places = merged(ev, places, |ev, left: usize, right| {
        let (left, right) = (&keyed[left].0, &keyed[right].0);
        if !left.is_same(right) {
            ev.work(left.bytes().min(right.bytes()) / 64)?;
        }
        Ok(left.compare(right).is_gt())
    })?;
    Ok(places.into_iter().map(|at| keyed[at].1).collect())
}

fn by_function(ev: &mut Evaluator<'_>, items: Vec<Val>, function: Val) -> Completion<Vec<Val>> {
    merged(ev, items, |ev, left, right| {
        let order = ev.call(function, Val::Undefined, &[left, right])?;
        // NaN counts as equal.
        Ok(ev.to_number(order)? > 0.0)
    })
}

/// A merge sort from the bottom up: what compares may end early, and may answer inconsistently. `is_after` tells whether the first
/// of two belongs behind the second.
fn merged<T: Copy>(
    ev: &mut Evaluator<'_>,
    items: Vec<T>,
    mut is_after: impl FnMut(&mut Evaluator<'_>, T, T) -> Completion<bool>,
) -> Completion<Vec<T>> {
    let length = items.len();
    let (mut from, mut into) = (items, Vec::with_capacity(length));
    let mut run = 1;
    while run < length {
        into.clear();
        let mut start = 0;
        while start < length {
            let (middle, end) = ((start + run).min(length), (start + 2 * run).min(length));
            let (mut left, mut right) = (start, middle);
            while left < middle && right < end {
                if is_after(ev, from[left], from[right])? {
                    into.push(from[right]);
                    right += 1;
                } else {
                    into.push(from[left]);
                    left += 1;
                }
            }
            into.extend_from_slice(&from[left..middle]);
            into.extend_from_slice(&from[right..end]);
            start = end;
        }
        std::mem::swap(&mut from, &mut into);
        run *= 2;
    }
    Ok(from)
}
