//! `java.util.Map`.

use std::rc::Rc;

use super::{Answer, KEYS, VALUES, contains, found, int, no_key, null_pointer, unsupported, void};
use crate::limits::Meter;
use crate::val::{Entry, Key, ListKind, ListRef, MapRef, Val, java_equals};

pub(super) fn call(receiver: &Val, map: &MapRef, method: &str, args: &[Val], meter: &mut Meter<'_>) -> Answer {
    let key_of = |value: &Val| Key::from_val(value).ok_or_else(|| no_key(value));
    let view = |what, items| found(Val::List(ListRef::of_kind(ListKind::View(what), items)));
    match (method, args) {
        ("get", [Val::Str(name)]) => found(map.get(name).unwrap_or(Val::Null)),
        ("get", [key]) => found(Key::from_val(key).and_then(|key| map.get_key(&key)).unwrap_or(Val::Null)),
        ("getOrDefault", [key, default]) => {
            found(Key::from_val(key).and_then(|key| map.get_key(&key)).unwrap_or_else(|| default.clone()))
        }
        ("put", [key, value]) => {
            meter.elements(1)?;
            found(map.insert(key_of(key)?, value.clone()).unwrap_or(Val::Null))
        }
        ("putIfAbsent", [key, value]) => {
            let key = key_of(key)?;
            match map.get_key(&key) {
                None | Some(Val::Null) => {
                    meter.elements(1)?;
                    map.insert(key, value.clone());
                    found(Val::Null)
                }
                Some(present) => found(present),
            }
        }
        ("putAll", [Val::Null]) => {
            Err(null_pointer(receiver, method, "Cannot invoke \"java.util.Map.size()\" because \"m\" is null"))
        }
        ("putAll", [Val::Map(other)]) => {
            meter.elements(other.len())?;
            for key in other.keys() {
                let value = other.get_key(&key).unwrap_or(Val::Null);
                map.insert(key, value);
            }
            void()
        }
        ("remove", [key]) => {
            meter.work(map.len())?;
            found(Key::from_val(key).and_then(|key| map.remove(&key)).unwrap_or(Val::Null))
        }
        ("replace", [key, value]) => {
            let key = key_of(key)?;
            if map.contains(&key) { found(map.insert(key, value.clone()).unwrap_or(Val::Null)) } else { found(Val::Null) }
        }
        ("remove", [key, value]) => {
            meter.work(map.len())?;
            let Some(key) = Key::from_val(key) else { return found(false) };
            let is_it = match map.get_key(&key) {
                Some(present) => java_equals(&present, value, meter)?,
                None => false,
            };
            if is_it {
                map.remove(&key);
            }
            found(is_it)
        }
        ("replace", [key, old, value]) => {
            let key = key_of(key)?;
            let is_it = match map.get_key(&key) {
                Some(present) => java_equals(&present, old, meter)?,
                None => false,
            };
            if is_it {
                map.insert(key, value.clone());
            }
            found(is_it)
        }
        ("clone", []) => {
            meter.elements(map.len())?;
            found(Val::Map(map.entries().into_iter().collect()))
        }
        ("containsKey", [key]) => found(Key::from_val(key).is_some_and(|key| map.contains(&key))),
        ("containsValue", [value]) => {
            meter.work(map.len())?;
            found(contains(map.values().into_iter(), value, meter)?)
        }
        ("size", []) => found(int(map.len())),
        ("isEmpty", []) => found(map.is_empty()),
        ("clear", []) => {
            map.clear();
            void()
        }
        ("keySet", []) => {
            meter.elements(map.len())?;
            view(KEYS, map.keys().iter().map(Key::to_val).collect())
        }
        ("values", []) => {
            meter.elements(map.len())?;
            view(VALUES, map.values())
        }
        ("entrySet", []) => {
            meter.elements(map.len())?;
            let entry = |key| Val::Entry(Rc::new(Entry { map: map.clone(), key }));
            view("the entries of a map", map.keys().into_iter().map(entry).collect())
        }
        ("hashCode", []) => {
            let mut hash = 0i32;
            for key in map.keys() {
                meter.work(1)?;
                let value = map.get_key(&key).unwrap_or(Val::Null);
                let of = |value: &Val| if value.is_null() { Some(0) } else { crate::val::hash(value) };
                let (Some(key), Some(value)) = (of(&key.to_val()), of(&value)) else { return unsupported(receiver, method) };
                hash = hash.wrapping_add(key ^ value);
            }
            found(hash)
        }
        ("forEach" | "compute" | "computeIfAbsent" | "computeIfPresent" | "merge" | "replaceAll", _) => {
            unsupported(receiver, method)
        }
        _ => Ok(None),
    }
}
