//! `Map` and `Set` (ECMA-262, 24.1 and 24.2): entries in order of insertion, with a hash index of their keys.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

use hashbrown::HashMap;

use super::iterate::{Iteration, next_entry};
use super::{arg, count, get, natives};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{ELEMENT_COST, Kind, ObjId, Text, Val};
use crate::native::{Builtin, Native, Prototype};

/// What an entry takes.
const ENTRY_COST: usize = 96;

/// The keys and values of a `Map`, or the values of a `Set`.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// A removed entry leaves its place, so that iterations under way stay where they are. Only at the front places go away.
    entries: VecDeque<Option<(Val, Val)>>,
    /// How many places went away. The places that `index` and iterations know count them too.
    gone: usize,
    index: HashMap<Key, usize>,
}

/// A key as `SameValueZero` compares it.
#[derive(Clone, Debug)]
enum Key {
    Undefined,
    Null,
    Bool(bool),
    /// The bits of a double; one zero, one NaN.
    Number(u64),
    Text(Text),
    Object(ObjId),
    /// The address of something built in.
    Fixed(usize),
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Key::Undefined, Key::Undefined) | (Key::Null, Key::Null) => true,
            (Key::Bool(left), Key::Bool(right)) => left == right,
            (Key::Number(left), Key::Number(right)) => left == right,
            (Key::Text(left), Key::Text(right)) => left == right,
            (Key::Object(left), Key::Object(right)) => left == right,
            (Key::Fixed(left), Key::Fixed(right)) => left == right,
            _ => false,
        }
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Key::Undefined | Key::Null => {}
            Key::Bool(value) => value.hash(state),
            Key::Number(bits) => bits.hash(state),
            Key::Text(Text::Utf8 { text, .. }) => text.hash(state),
            Key::Text(Text::Wide(units)) => units.hash(state),
            Key::Object(id) => id.hash(state),
            Key::Fixed(address) => address.hash(state),
        }
    }
}

fn key_of(ev: &mut Evaluator<'_>, value: Val) -> Completion<Key> {
    if let Some(number) = ev.as_double(value) {
        let number = if number.is_nan() { f64::NAN } else { number + 0.0 };
        return Ok(Key::Number(number.to_bits()));
    }
    Ok(match value {
        Val::Undefined | Val::Uninitialized | Val::Number(_) | Val::Exact(_) => Key::Undefined,
        Val::Null => Key::Null,
        Val::Bool(value) => Key::Bool(value),
        Val::String(id) => {
            let text = ev.text(id)?;
            ev.work(text.bytes() / 64)?;
            Key::Text(text)
        }
        Val::Object(id) => Key::Object(id),
        Val::Native(native) => Key::Fixed(std::ptr::from_ref(native).addr()),
        Val::Builtin(builtin) => Key::Fixed(std::ptr::from_ref(builtin).addr()),
        Val::Host(node) => Key::Fixed(std::ptr::from_ref(node).addr()),
    })
}

impl Table {
    /// The number of entries.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// The first entry at or after `at`, which then stands behind it.
    pub(super) fn next(&self, at: &mut usize) -> Option<(Val, Val)> {
        *at = (*at).max(self.gone);
        while let Some(entry) = self.entries.get(*at - self.gone) {
            *at += 1;
            if let Some(entry) = entry {
                return Some(*entry);
            }
        }
        None
    }

    fn get(&self, key: &Key) -> Option<Val> {
        self.index.get(key).and_then(|&at| self.entries.get(at - self.gone).copied().flatten()).map(|(_, value)| value)
    }

    /// Whether the key is new.
    fn set(&mut self, key: Key, name: Val, value: Val) -> bool {
        if let Some(&at) = self.index.get(&key) {
            if let Some(Some(entry)) = self.entries.get_mut(at - self.gone) {
                entry.1 = value;
            }
            return false;
        }
        self.index.insert(key, self.gone + self.entries.len());
        self.entries.push_back(Some((name, value)));
        true
    }

    fn remove(&mut self, key: &Key) -> bool {
        let Some(at) = self.index.remove(key) else { return false };
        if let Some(entry) = self.entries.get_mut(at - self.gone) {
            *entry = None;
        }
        while let Some(None) = self.entries.front() {
            self.entries.pop_front();
            self.gone += 1;
        }
        true
    }

    fn clear(&mut self) {
        self.gone += self.entries.len();
        self.entries = VecDeque::new();
        self.index = HashMap::default();
    }
}

fn table<'v>(ev: &'v mut Evaluator<'_>, this: Val, is_map: bool) -> Completion<&'v mut Table> {
    let fits = |kind: &Kind| matches!((kind, is_map), (Kind::Map(_), true) | (Kind::Set(_), false));
    let id = match this {
        Val::Object(id) if fits(&ev.heap.obj(id).kind) => id,
        _ => return ev.type_error(if is_map { "not a Map" } else { "not a Set" }),
    };
    match &mut ev.heap.obj_mut(id).kind {
        Kind::Map(table) | Kind::Set(table) => Ok(table),
        _ => unreachable!("its kind was looked at"),
    }
}

fn put(ev: &mut Evaluator<'_>, this: Val, is_map: bool, name: Val, value: Val) -> Completion {
    table(ev, this, is_map)?;
    ev.work(1)?;
    let key = key_of(ev, name)?;
    // -0 is kept as 0.
    let name = match name {
        Val::Number(number) => Val::Number(number + 0.0),
        other => other,
    };
    if table(ev, this, is_map)?.set(key, name, value) {
        ev.reserve(ENTRY_COST)?;
    }
    Ok(this)
}

fn lookup(ev: &mut Evaluator<'_>, this: Val, is_map: bool, name: Val) -> Completion<Option<Val>> {
    let key = key_of(ev, name)?;
    Ok(table(ev, this, is_map)?.get(&key))
}

fn delete(ev: &mut Evaluator<'_>, this: Val, is_map: bool, name: Val) -> Completion {
    let key = key_of(ev, name)?;
    Ok(Val::Bool(table(ev, this, is_map)?.remove(&key)))
}

fn for_each(ev: &mut Evaluator<'_>, this: Val, is_map: bool, arguments: &[Val]) -> Completion {
    table(ev, this, is_map)?;
    let function = arg(arguments, 0);
    if !ev.is_callable(function) {
        return ev.type_error("not a function");
    }
    let (Val::Object(id), mut at) = (this, 0) else { return Ok(Val::Undefined) };
    while let Some((key, value)) = next_entry(ev, id, &mut at)? {
        ev.work(1)?;
        let value = if is_map { value } else { key };
        ev.call(function, arg(arguments, 1), &[value, key, this])?;
    }
    Ok(Val::Undefined)
}

#[derive(Clone, Copy)]
enum Part {
    Keys,
    Values,
    Entries,
}

fn list(ev: &mut Evaluator<'_>, this: Val, is_map: bool, part: Part) -> Completion {
    let length = table(ev, this, is_map)?.len();
    ev.work(length)?;
    ev.reserve(length * ELEMENT_COST)?;
    let (Val::Object(id), mut at) = (this, 0) else { return Ok(Val::Undefined) };
    let mut items = Vec::with_capacity(length);
    while let Some((key, value)) = next_entry(ev, id, &mut at)? {
        let value = if is_map { value } else { key };
        items.push(match part {
            Part::Keys => key,
            Part::Values => value,
            Part::Entries => ev.heap.array(vec![key, value]),
        });
    }
    Ok(ev.heap.array(items))
}

fn new_map(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let map = Val::Object(ev.heap.allocate(Kind::Map(Box::default())));
    let source = arg(arguments, 0);
    if !matches!(source, Val::Undefined | Val::Null) {
        let mut iteration = Iteration::new(ev, source)?;
        while let Some(entry) = iteration.next(ev)? {
            if crate::evaluate::coerce::is_primitive(entry) {
                return ev.type_error("not an object");
            }
            let (key, value) = (get(ev, entry, "0")?, get(ev, entry, "1")?);
            put(ev, map, true, key, value)?;
        }
    }
    Ok(map)
}

fn new_set(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let set = Val::Object(ev.heap.allocate(Kind::Set(Box::default())));
    let source = arg(arguments, 0);
    if !matches!(source, Val::Undefined | Val::Null) {
        let mut iteration = Iteration::new(ev, source)?;
        while let Some(value) = iteration.next(ev)? {
            put(ev, set, false, value, value)?;
        }
    }
    Ok(set)
}

/// `Map.groupBy`.
fn group_by(ev: &mut Evaluator<'_>, _: Val, arguments: &[Val]) -> Completion {
    let (source, function) = (arg(arguments, 0), arg(arguments, 1));
    if !ev.is_callable(function) {
        return ev.type_error("not a function");
    }
    let map = Val::Object(ev.heap.allocate(Kind::Map(Box::default())));
    let mut iteration = Iteration::new(ev, source)?;
    let mut at = 0;
    while let Some(item) = iteration.next(ev)? {
        let name = ev.call(function, Val::Undefined, &[item, count(at)])?;
        at += 1;
        match lookup(ev, map, true, name)? {
            Some(Val::Object(group)) => {
                ev.reserve(ELEMENT_COST)?;
                if let Some(items) = ev.heap.array_mut(group) {
                    items.push(item);
                }
            }
            _ => {
                let group = ev.heap.array(vec![item]);
                put(ev, map, true, name, group)?;
            }
        }
    }
    Ok(map)
}

/// `Map`.
pub(super) static MAP: Builtin = Builtin {
    name: "Map",
    call: None,
    construct: Some(new_map),
    functions: natives! { "groupBy" / 2 => group_by },
    numbers: &[],
    prototype: Some(Prototype::Map),
};

/// `Set`.
pub(super) static SET: Builtin =
    Builtin { name: "Set", call: None, construct: Some(new_set), functions: &[], numbers: &[], prototype: Some(Prototype::Set) };

/// `Map.prototype`.
pub(super) static MAP_METHODS: &[Native] = natives! {
    "get" / 1 => |ev, this, arguments| Ok(lookup(ev, this, true, arg(arguments, 0))?.unwrap_or_default()),
    "set" / 2 => |ev, this, arguments| put(ev, this, true, arg(arguments, 0), arg(arguments, 1)),
    "has" / 1 => |ev, this, arguments| Ok(Val::Bool(lookup(ev, this, true, arg(arguments, 0))?.is_some())),
    "delete" / 1 => |ev, this, arguments| delete(ev, this, true, arg(arguments, 0)),
    "clear" / 0 => |ev, this, _| {
        table(ev, this, true)?.clear();
        Ok(Val::Undefined)
    },
    "forEach" / 1 => |ev, this, arguments| for_each(ev, this, true, arguments),
    "keys" / 0 => |ev, this, _| list(ev, this, true, Part::Keys),
    "values" / 0 => |ev, this, _| list(ev, this, true, Part::Values),
    "entries" / 0 => |ev, this, _| list(ev, this, true, Part::Entries),
};

/// `Set.prototype`.
pub(super) static SET_METHODS: &[Native] = natives! {
    "add" / 1 => |ev, this, arguments| put(ev, this, false, arg(arguments, 0), arg(arguments, 0)),
    "has" / 1 => |ev, this, arguments| Ok(Val::Bool(lookup(ev, this, false, arg(arguments, 0))?.is_some())),
    "delete" / 1 => |ev, this, arguments| delete(ev, this, false, arg(arguments, 0)),
    "clear" / 0 => |ev, this, _| {
        table(ev, this, false)?.clear();
        Ok(Val::Undefined)
    },
    "forEach" / 1 => |ev, this, arguments| for_each(ev, this, false, arguments),
    "keys" / 0 => |ev, this, _| list(ev, this, false, Part::Keys),
    "values" / 0 => |ev, this, _| list(ev, this, false, Part::Values),
    "entries" / 0 => |ev, this, _| list(ev, this, false, Part::Entries),
};
