//! `java.util.List`, and the few methods of arrays.

use std::rc::Rc;

use super::{
    Answer, Members, PART, collection, contains, found, has_places, int, list_place, out_of_bounds, unsupported, view, void,
};
use crate::limits::Meter;
use crate::val::{ListIter, ListKind, ListRef, Val, java_equals};

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
        ("iterator", []) => return found(Val::Iterator(Rc::new(ListIter::new(list.clone())))),
        _ if list.kind() == ListKind::Array => return Ok(None),
        _ => {}
    }
    match (method, args) {
        ("indexOf", [wanted]) => position(list.iter().enumerate(), wanted, meter),
        ("lastIndexOf", [wanted]) => position((0..list.len()).rev().zip(list.iter().rev()), wanted, meter),
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
            let Some(part) = part else { return Err(out_of_bounds(receiver, method, i64::from(*to), items.len())) };
            meter.elements(part.len())?;
            found(Val::List(ListRef::of_kind(ListKind::View(PART), part.to_vec())))
        }
        ("toArray", []) => {
            meter.elements(list.len())?;
            found(Val::List(ListRef::of_kind(ListKind::Array, list.to_vec())))
        }
        ("hashCode", []) => {
            let mut hash = 1i32;
            for item in list.iter() {
                meter.work(1)?;
                let Some(item) = (if item.is_null() { Some(0) } else { crate::val::hash(&item) }) else {
                    return unsupported(receiver, method);
                };
                hash = hash.wrapping_mul(31).wrapping_add(item);
            }
            found(hash)
        }
        ("add" | "addAll" | "set" | "remove" | "removeAll" | "retainAll" | "clear" | "sort", _) => match list.kind() {
            ListKind::View(what) => Err(view(what, method)),
            _ => change(receiver, list, method, args, meter),
        },
        ("stream" | "parallelStream" | "listIterator" | "forEach" | "removeIf" | "replaceAll" | "spliterator", _) => {
            unsupported(receiver, method)
        }
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
                return Err(out_of_bounds(receiver, method, i64::from(*number), length));
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
                return Err(out_of_bounds(receiver, method, i64::from(*number), length));
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
        ("sort", _) => unsupported(receiver, method),
        _ => Ok(None),
    }
}

fn position(items: impl Iterator<Item = (usize, Val)>, wanted: &Val, meter: &mut Meter<'_>) -> Answer {
    for (at, item) in items {
        if java_equals(&item, wanted, meter)? {
            return found(int(at));
        }
    }
    found(-1)
}
