//! `java.util.List`, and the few methods of arrays.

use std::rc::Rc;

use super::{
    Answer, Members, PART, cast, collection, contains, found, has_places, int, java_class, list_place, null_pointer,
    out_of_bounds, threw, unsupported, view, void,
};
use crate::error::Fault;
use crate::limits::Meter;
use crate::val::{ListIter, ListKind, ListRef, Val, compare_numbers, java_equals};

pub(super) fn call(receiver: &Val, list: &ListRef, method: &str, args: &[Val], meter: &mut Meter<'_>) -> Answer {
    match (method, args) {
        ("size", []) => return found(int(list.len())),
        ("isEmpty", []) => return found(list.is_empty()),
        ("get" | "indexOf" | "lastIndexOf" | "subList", _) if !has_places(list) => return Ok(None),
        ("get", [index]) => {
            let Val::Int(number) = index else { return Ok(None) };
            let number = i64::from(*number);
            let place = if number < 0 { None } else { list_place(list, number) };
            return match place {
                Some(at) => Ok(Some(list.get(at).unwrap_or(Val::Null))),
                None => Err(out_of_bounds(receiver, method, number, list.len())),
            };
        }
        ("contains", [wanted]) => return found(contains(list.iter(), wanted, meter)?),
        ("set", [Val::Int(number), value]) if !matches!(list.kind(), ListKind::View(_)) => {
            let number = i64::from(*number);
            let place = if number < 0 { None } else { list_place(list, number) };
            return match place.and_then(|at| list.set(at, value.clone())) {
                Some(old) => found(old),
                None => Err(out_of_bounds(receiver, method, number, list.len())),
            };
        }
        ("iterator" | "listIterator", []) => return found(Val::Iterator(Rc::new(ListIter::new(list.clone())))),
        ("add" | "addAll" | "remove" | "removeAll" | "retainAll" | "clear", _) if list.kind() == ListKind::Array => {
            return Err(threw(receiver, method, "java.lang.UnsupportedOperationException"));
        }
        _ => {}
    }
    match (method, args) {
        ("indexOf", [wanted]) => position(list.iter().enumerate(), wanted, meter),
        ("lastIndexOf", [wanted]) => position((0..list.len()).rev().zip(list.iter().rev()), wanted, meter),
        ("containsAll" | "addAll" | "removeAll" | "retainAll", [Val::Null]) | ("addAll", [_, Val::Null]) => {
            let words = match method {
                "containsAll" => "Cannot invoke \"java.util.Collection.iterator()\" because \"c\" is null",
                "addAll" => "Cannot invoke \"java.util.Collection.toArray()\" because \"c\" is null",
                _ => "",
            };
            Err(null_pointer(receiver, method, words))
        }
        ("containsAll", [other]) => {
            let Some(other) = collection(other) else { return Ok(None) };
            let items = list.to_vec();
            let members = Members::new(&items, meter)?;
            for wanted in other.iter() {
                if !members.contains(&wanted, meter)? {
                    return found(false);
                }
            }
            found(true)
        }
        ("subList", [Val::Int(from), Val::Int(to)]) => {
            meter.work(list.len())?;
            let items = list.to_vec();
            let part = usize::try_from(*from).ok().zip(usize::try_from(*to).ok()).and_then(|(from, to)| items.get(from..to));
            let Some(part) = part else {
                let reason = if *from < 0 {
                    format!("java.lang.IndexOutOfBoundsException: fromIndex = {from}")
                } else if from > to {
                    format!("java.lang.IllegalArgumentException: fromIndex({from}) > toIndex({to})")
                } else {
                    format!("java.lang.IndexOutOfBoundsException: toIndex = {to}")
                };
                return Err(threw(receiver, method, reason));
            };
            meter.elements(part.len())?;
            found(Val::List(ListRef::of_kind(ListKind::View(PART), part.to_vec())))
        }
        ("ensureCapacity", [Val::Int(_)]) | ("trimToSize", []) => void(),
        ("clone", []) => {
            meter.elements(list.len())?;
            found(Val::List(ListRef::new(list.to_vec())))
        }
        ("toArray", []) => {
            meter.elements(list.len())?;
            found(Val::List(ListRef::of_kind(ListKind::Array, list.to_vec())))
        }
        ("hashCode", []) => {
            let is_set = java_class(receiver).ends_with("Set");
            let mut hash = i32::from(!is_set);
            for item in list.iter() {
                meter.work(1)?;
                let Some(item) = (if item.is_null() { Some(0) } else { crate::val::hash(&item) }) else {
                    return unsupported(receiver, method);
                };
                // Sets have no order.
                hash = if is_set { hash } else { hash.wrapping_mul(31) }.wrapping_add(item);
            }
            found(hash)
        }
        ("add" | "addAll" | "set" | "remove" | "removeAll" | "retainAll" | "clear" | "sort", _) => match list.kind() {
            ListKind::View(what) => Err(view(what, method)),
            _ => change(receiver, list, method, args, meter),
        },
        ("stream" | "parallelStream" | "forEach" | "removeIf" | "replaceAll" | "spliterator", _) => unsupported(receiver, method),
        _ => Ok(None),
    }
}

fn change(receiver: &Val, list: &ListRef, method: &str, args: &[Val], meter: &mut Meter<'_>) -> Answer {
    let length = list.len();
    match (method, args) {
        ("add", [value]) => {
            meter.elements(1)?;
            list.push(value.clone());
            found(true)
        }
        ("add", [Val::Int(number), value]) => {
            meter.elements(1)?;
            meter.work(length)?;
            let Some(at) = usize::try_from(*number).ok().filter(|at| *at <= length) else {
                return Err(no_place(receiver, method, *number, length));
            };
            list.insert(at, vec![value.clone()]);
            void()
        }
        ("addAll", [other]) => {
            let Some(other) = collection(other) else { return Ok(None) };
            meter.elements(other.len())?;
            let more = other.to_vec();
            let changed = !more.is_empty();
            list.insert(length, more);
            found(changed)
        }
        ("addAll", [Val::Int(number), other]) => {
            let Some(other) = collection(other) else { return Ok(None) };
            let Some(at) = usize::try_from(*number).ok().filter(|at| *at <= length) else {
                return Err(no_place(receiver, method, *number, length));
            };
            meter.elements(other.len())?;
            meter.work(length)?;
            let more = other.to_vec();
            let changed = !more.is_empty();
            list.insert(at, more);
            found(changed)
        }
        // An `Integer` is a place, every other value an item.
        ("remove", [Val::Int(number)]) => {
            meter.work(length)?;
            let Some(at) = usize::try_from(*number).ok().filter(|at| *at < length) else {
                return Err(out_of_bounds(receiver, method, i64::from(*number), length));
            };
            found(list.change(|items| items.remove(at)))
        }
        ("remove", [wanted]) => {
            let mut at = None;
            for (place, item) in list.iter().enumerate() {
                if java_equals(&item, wanted, meter)? {
                    at = Some(place);
                    break;
                }
            }
            if let Some(at) = at {
                meter.work(length)?;
                drop(list.change(|items| items.remove(at)));
            }
            found(at.is_some())
        }
        ("removeAll" | "retainAll", [other]) => {
            let Some(other) = collection(other) else { return Ok(None) };
            let keep_members = method == "retainAll";
            let other = other.to_vec();
            let members = Members::new(&other, meter)?;
            let mut kept = Vec::with_capacity(length);
            for item in list.iter() {
                if members.contains(&item, meter)? == keep_members {
                    kept.push(item);
                }
            }
            let changed = kept.len() != length;
            meter.elements(kept.len())?;
            drop(list.change(|items| std::mem::replace(items, kept)));
            found(changed)
        }
        ("clear", []) => {
            drop(list.change(std::mem::take));
            void()
        }
        ("sort", [Val::Null]) => {
            meter.work(length.saturating_mul(8))?;
            let mut sorted = list.to_vec();
            if let Some(first) = sorted.first() {
                let class = java_class(first);
                // Java notices what has no order while it sorts.
                let of_a_class = |value: &Val| {
                    java_class(value) == class && (value.is_number() || matches!(value, Val::Str(_) | Val::Bool(_)))
                };
                if let Some(other) = sorted.iter().find(|value| !of_a_class(value)) {
                    return Err(cast(receiver, method, first, java_class(other)));
                }
            }
            sorted.sort_by(|a, b| match (a, b) {
                (Val::Str(a), Val::Str(b)) => a.encode_utf16().cmp(b.encode_utf16()),
                (Val::Bool(a), Val::Bool(b)) => a.cmp(b),
                _ => compare_numbers(a, b).unwrap_or(std::cmp::Ordering::Equal),
            });
            drop(list.change(|items| std::mem::replace(items, sorted)));
            void()
        }
        ("sort", _) => unsupported(receiver, method),
        _ => Ok(None),
    }
}

/// `add` and `addAll` have words of their own for a place that there is not.
fn no_place(receiver: &Val, method: &str, index: i32, length: usize) -> Fault {
    threw(receiver, method, format_args!("java.lang.IndexOutOfBoundsException: Index: {index}, Size: {length}"))
}

fn position(items: impl Iterator<Item = (usize, Val)>, wanted: &Val, meter: &mut Meter<'_>) -> Answer {
    for (at, item) in items {
        if java_equals(&item, wanted, meter)? {
            return found(int(at));
        }
    }
    found(-1)
}
