//! From values of the heap to values of the world, as `JSON.stringify` would see them.

use std::collections::HashMap;
use std::mem::size_of;
use std::sync::Arc;
use std::time::Instant;

use value::{MAX_DEPTH, Number, Object, Value};

use crate::heap::{Heap, Kind, ObjId, Text, Val, array_index};

/// Why a value of code cannot leave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is longer than its budget as JSON.
    TooLarge,
    /// There is no memory to make it.
    OutOfMemory,
    /// There is no time to make it.
    OutOfTime,
    /// It holds something that JSON does not have.
    Part {
        what: String,
        /// The way to it, innermost first.
        path: Vec<String>,
    },
}

impl Unfit {
    fn part(what: impl Into<String>) -> Self {
        Unfit::Part { what: what.into(), path: Vec::new() }
    }

    fn below(self, step: impl FnOnce() -> String) -> Self {
        match self {
            Unfit::Part { what, mut path } => {
                // A way of 200 steps says no more than its ends.
                if path.len() < 12 {
                    path.push(step());
                }
                Unfit::Part { what, path }
            }
            other => other,
        }
    }

    /// `root` and the way from there: `the result.items[2].then is a function`.
    pub(crate) fn describe(what: &str, path: &[String], root: &str) -> String {
        let way: String = path.iter().rev().map(String::as_str).collect();
        format!("{root}{way} {what}")
    }
}

/// Reads one value out of the heap.
pub(crate) struct Exporter<'h> {
    pub(crate) heap: &'h mut Heap,
    /// What a member that is `undefined` reads as: null for arguments of the host's functions, as AppSync's runtime has no
    /// `undefined` (recorded: a column set to `undefined` becomes NULL); nothing for results, as `JSON.stringify` leaves it out.
    pub(crate) keep_undefined: bool,
    /// Bytes of JSON that may still be read. What is referred to twice counts twice.
    budget: usize,
    /// Bytes of values that may still be made. What is referred to twice is made once.
    room: usize,
    deadline: Instant,
    /// What was read so far.
    spent: Spent,
    open: Vec<ObjId>,
    /// How many containers are around the innermost one that was read since somebody last looked.
    deepest: usize,
    /// The containers that were read, so that one is one outside as well however often it is referred to.
    known: HashMap<ObjId, Known>,
}

/// What an exporter did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    /// Values and keys.
    pub(crate) parts: usize,
    /// Bytes of JSON.
    pub(crate) json: usize,
    /// Bytes of values.
    pub(crate) bytes: usize,
}

/// A container that was read.
struct Known {
    value: Value,
    json: usize,
    /// How many levels of containers are in it.
    height: usize,
}

/// So many parts are read between two looks at the clock; from so many on, containers are remembered: in fewer there is little to
/// share.
const LOOK_EVERY: usize = 2048;
const REMEMBER_FROM: usize = 64;
/// What a list, an object and a remembered container take beside their members.
const LIST_COST: usize = 32 + size_of::<Vec<Value>>();
const OBJECT_COST: usize = 32 + size_of::<Object>();
const KNOWN_COST: usize = 2 * (size_of::<Known>() + size_of::<ObjId>());
/// What an entry of an object takes, its share of an index included.
const MEMBER_COST: usize = size_of::<(value::Str, Value)>() + 16;

impl<'h> Exporter<'h> {
    /// An exporter that reads up to `budget` bytes of JSON and makes up to `room` bytes of values.
    pub(crate) fn new(heap: &'h mut Heap, keep_undefined: bool, budget: usize, room: usize, deadline: Instant) -> Self {
        let (spent, known) = (Spent::default(), HashMap::new());
        Self { heap, keep_undefined, budget, room, deadline, spent, open: Vec::new(), deepest: 0, known }
    }

    /// What was read so far, also by a reading that failed.
    pub(crate) fn spent(&self) -> Spent {
        self.spent
    }

    /// The value; `undefined` becomes null.
    #[inline(always)]
    pub(crate) fn read(&mut self, value: Val) -> Result<Value, Unfit> {
        match value {
            Val::Undefined | Val::Null | Val::Uninitialized => {
                self.spend(4)?;
                Ok(Value::Null)
            }
            Val::Bool(value) => {
                self.spend(5)?;
                Ok(Value::Bool(value))
            }
            Val::Number(double) => {
                self.spend(8)?;
                Ok(Number::from_js(double).map_or(Value::Null, Value::Number))
            }
            Val::Exact(id) => {
                self.spend(8)?;
                Ok(Value::Number(self.heap.exact(id).clone()))
            }
            Val::String(id) => {
                let text = match self.heap.flat(id) {
                    Some(Text::Utf8 { text, .. }) => Arc::clone(text),
                    Some(Text::Wide(_)) => {
                        let bytes = self.heap.units(id) * 3;
                        self.take(bytes)?;
                        self.heap.text(id).map_err(|_| Unfit::OutOfMemory)?.well_formed()
                    }
                    None => self.heap.text(id).map_err(|_| Unfit::OutOfMemory)?.well_formed(),
                };
                self.spend(text.len() + 2)?;
                Ok(Value::String(text))
            }
            Val::Native(_) | Val::Builtin(_) | Val::Host(_) => Err(Unfit::part("is a function, which JSON does not have")),
            Val::Object(id) => self.container(id),
        }
    }

    #[inline(never)]
    fn container(&mut self, id: ObjId) -> Result<Value, Unfit> {
        if self.open.len() >= MAX_DEPTH {
            let cyclic = self.open.contains(&id);
            return Err(Unfit::part(if cyclic { "refers to itself" } else { "is nested deeper than 200 levels" }));
        }
        self.spend(2)?;
        let hides = self.heap.own_is_hiding(id);
        match &self.heap.obj(id).kind {
            // What code did not change goes out as it came in.
            Kind::HostObject(host) if host.is_untouched() && !hides => {
                let value = Value::Object(Arc::clone(&host.object));
                self.handed_on(&value, self.open.len())?;
                return Ok(value);
            }
            Kind::HostList(host) if host.is_untouched() => {
                let value = Value::List(Arc::clone(&host.items));
                self.handed_on(&value, self.open.len())?;
                return Ok(value);
            }
            Kind::Closure(_) => return Err(Unfit::part("is a function, which JSON does not have")),
            Kind::Map(_) | Kind::Set(_) => {
                return Err(Unfit::part("is a Map or a Set, which JSON does not have; use an object or a list"));
            }
            Kind::Date(time) => {
                let text = crate::builtins::iso_date(*time);
                self.spend(26)?;
                return Ok(text.map_or(Value::Null, Value::from));
            }
            _ => {}
        }
        if let Some(known) = self.known.get(&id) {
            if self.open.len() + known.height >= MAX_DEPTH {
                return Err(Unfit::part("is nested deeper than 200 levels"));
            }
            let (value, json) = (known.value.clone(), known.json);
            self.deepest = self.deepest.max(self.open.len() + known.height);
            self.spend(json)?;
            return Ok(value);
        }
        let (level, json) = (self.open.len(), self.spent.json);
        let outer = std::mem::replace(&mut self.deepest, level);
        self.open.push(id);
        let read = match &self.heap.obj(id).kind {
            Kind::Array(_) => self.list(id),
            Kind::HostList(host) => {
                let items = Arc::clone(&host.items);
                self.host_list(id, &items)
            }
            Kind::Plain(properties) if !properties.has_indices() && !hides => self.plain(id),
            Kind::HostObject(host) if !hides && !host.object.keys().any(|key| array_index(key).is_some()) => {
                let object = Arc::clone(&host.object);
                self.host_object(id, &object)
            }
            _ => self.object(id),
        };
        self.open.pop();
        let height = self.deepest - level;
        self.deepest = self.deepest.max(outer);
        if self.spent.parts >= REMEMBER_FROM
            && let Ok(value) = &read
        {
            self.take(KNOWN_COST)?;
            self.known.insert(id, Known { value: value.clone(), json: self.spent.json - json, height });
        }
        read
    }

    fn list(&mut self, id: ObjId) -> Result<Value, Unfit> {
        let count = self.heap.array_len(id).unwrap_or_default();
        self.spend(count)?;
        self.take(LIST_COST + count * size_of::<Value>())?;
        let mut items = Vec::with_capacity(count);
        for at in 0..count {
            let item = self.heap.element(id, at).unwrap_or_default();
            items.push(self.read(item).map_err(|unfit| unfit.below(|| format!("[{at}]")))?);
        }
        Ok(Value::from(items))
    }

    /// A list from outside, some of whose items code looked at.
    fn host_list(&mut self, id: ObjId, values: &[Value]) -> Result<Value, Unfit> {
        self.spend(values.len())?;
        self.take(LIST_COST + size_of_val(values))?;
        let mut items = Vec::with_capacity(values.len());
        for (at, value) in values.iter().enumerate() {
            items.push(self.host_member(id, at, value).map_err(|unfit| unfit.below(|| format!("[{at}]")))?);
        }
        Ok(Value::from(items))
    }

    /// An object whose entries are in the order in which they are enumerated.
    fn plain(&mut self, id: ObjId) -> Result<Value, Unfit> {
        let mut at = 0;
        self.take(OBJECT_COST)?;
        let mut members = Vec::new();
        while let Kind::Plain(properties) = &self.heap.obj(id).kind
            && let Some((key, item)) = properties.entries().get(at)
        {
            let item = *item;
            let key_of_item = Arc::clone(key);
            if at == 0 {
                let count = properties.len();
                self.take(count * MEMBER_COST)?;
                members.reserve_exact(count);
            }
            at += 1;
            if matches!(item, Val::Undefined) && !self.keep_undefined {
                continue;
            }
            let key = key_of_item;
            self.spend(key.len() + 4)?;
            let item = self.read(item).map_err(|unfit| unfit.below(|| format!(".{key}")))?;
            members.push((key, item));
        }
        Ok(Value::from(Object::from_distinct(members)))
    }

    /// An object from outside, some of whose members code looked at.
    fn host_object(&mut self, id: ObjId, object: &Object) -> Result<Value, Unfit> {
        self.take(OBJECT_COST + object.len() * MEMBER_COST)?;
        let mut members = Vec::with_capacity(object.len());
        for (at, (key, value)) in object.iter().enumerate() {
            self.spend(key.len() + 4)?;
            let item = self.host_member(id, at, value).map_err(|unfit| unfit.below(|| format!(".{key}")))?;
            members.push((Arc::clone(key), item));
        }
        Ok(Value::from(Object::from_distinct(members)))
    }

    /// The member or item at a place: what code made of it, or what it is.
    fn host_member(&mut self, id: ObjId, at: usize, value: &Value) -> Result<Value, Unfit> {
        let child = match &self.heap.obj(id).kind {
            Kind::HostObject(host) => host.child(at),
            Kind::HostList(host) => host.child(at),
            _ => None,
        };
        if let Some(child) = child {
            return self.container(child);
        }
        self.handed_on(value, self.open.len())?;
        Ok(value.clone())
    }

    fn object(&mut self, id: ObjId) -> Result<Value, Unfit> {
        let keys = self.heap.own_keys(id);
        self.take(OBJECT_COST + keys.len() * MEMBER_COST)?;
        let mut members = Object::with_capacity(keys.len());
        for key in keys {
            let item = self.heap.own(id, &key).unwrap_or_default();
            if matches!(item, Val::Undefined) && !self.keep_undefined {
                continue;
            }
            self.spend(key.len() + 4)?;
            let item = self.read(item).map_err(|unfit| unfit.below(|| format!(".{key}")))?;
            members.insert(key, item);
        }
        Ok(Value::from(members))
    }

    /// Counts a value that goes out as it is, inside of `level` containers: its size, and how deep it is nested.
    fn handed_on(&mut self, value: &Value, level: usize) -> Result<(), Unfit> {
        if matches!(value, Value::List(_) | Value::Object(_)) {
            self.deepest = self.deepest.max(level);
        }
        match value {
            Value::Null => self.spend(4),
            Value::Bool(_) => self.spend(5),
            Value::Number(_) => self.spend(8),
            Value::String(text) => self.spend(text.len() + 2),
            _ if level >= MAX_DEPTH => Err(Unfit::part("is nested deeper than 200 levels")),
            Value::List(items) => {
                self.spend(items.len() + 2)?;
                items.iter().try_for_each(|item| self.handed_on(item, level + 1))
            }
            Value::Object(object) => {
                self.spend(2)?;
                object.iter().try_for_each(|(key, item)| {
                    self.spend(key.len() + 4)?;
                    self.handed_on(item, level + 1)
                })
            }
        }
    }

    #[inline]
    fn spend(&mut self, bytes: usize) -> Result<(), Unfit> {
        self.budget = self.budget.checked_sub(bytes).ok_or(Unfit::TooLarge)?;
        self.spent.json += bytes;
        self.spent.parts += 1;
        if self.spent.parts.is_multiple_of(LOOK_EVERY) { self.look() } else { Ok(()) }
    }

    #[cold]
    fn look(&self) -> Result<(), Unfit> {
        if Instant::now() >= self.deadline { Err(Unfit::OutOfTime) } else { Ok(()) }
    }

    /// Counts bytes before a value is made of them.
    #[inline]
    fn take(&mut self, bytes: usize) -> Result<(), Unfit> {
        self.room = self.room.checked_sub(bytes).ok_or(Unfit::OutOfMemory)?;
        self.spent.bytes += bytes;
        Ok(())
    }
}
