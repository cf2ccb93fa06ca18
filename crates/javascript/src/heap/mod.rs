//! The heap of one evaluation: everything that code makes lives in two arenas and goes with them.
//!
//! A [`Val`] is a copyable handle, so the evaluator counts no references, and circles of objects are nothing special. Nothing is
//! collected while code runs: an evaluation lasts milliseconds, and what it may take in all is bounded. Objects and lists from
//! outside are read where they are, and copied, one level at a time, when code first changes them; handed on untouched they go
//! out as the same shared value.

mod object;
mod properties;
mod strings;
mod text;

use std::sync::Arc;

use value::{Number, Str, Value};

pub(crate) use object::{Closure, HostList, HostObject, Kind, Obj};
pub(crate) use properties::{Properties, array_index};
pub(crate) use text::Text;
use text::{Cursor, Stored};

use crate::host::HostNode;
use crate::native::{Builtin, Native};

/// Integers from here on may share their double with another integer.
const SAFE: f64 = 9_007_199_254_740_992.0;

/// A value of the language.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Val {
    #[default]
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    /// A number from outside whose digits a double does not hold; code that computes sees its double.
    Exact(ExactId),
    String(StrId),
    Object(ObjId),
    /// A built-in function.
    Native(&'static Native),
    /// A built-in object or constructor: `Math`, `Object`.
    Builtin(&'static Builtin),
    /// A function or a namespace of the host.
    Host(&'static HostNode),
    /// A binding before its declaration ran (the temporal dead zone). Never seen by code.
    Uninitialized,
}

/// A string of the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StrId(u32);

/// An object of the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ObjId(u32);

/// An exact number of the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExactId(u32);

/// A variable that closures share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CellId(u32);

/// There is no memory left for what was asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutOfMemory;

/// The longest string in UTF-16 units.
pub(crate) const MAX_STRING: usize = 1 << 29;

/// All values of one evaluation.
#[derive(Debug)]
pub(crate) struct Heap {
    strings: Vec<Stored>,
    objects: Vec<Obj>,
    exact: Vec<Number>,
    cells: Vec<Val>,
    /// Where short strings are put together.
    scratch: String,
    /// Tables of objects that are gone, empty, for the next ones.
    spare_tables: Vec<Vec<(Str, Val)>>,
    /// Likewise, of arrays.
    spare_items: Vec<Vec<Val>>,
    cursor: Cursor,
    /// Members that can be read but are not enumerated, by object.
    hidden: Vec<(ObjId, &'static [&'static str])>,
    /// What arrays know beyond their elements, by array in order of creation: `index` and `groups` of a match.
    extras: Vec<(ObjId, Val)>,
    used: usize,
    limit: usize,
}

/// What a handle of the arenas takes beside its content.
const STRING_COST: usize = 40;
/// Texts up to this length stay in one piece once they are.
const SHORT: usize = 4096;
const OBJECT_COST: usize = 80;
/// What a property takes.
const PROPERTY_COST: usize = 40;
/// What a property takes of an object with so many that there is an index: vectors and tables double.
const INDEXED_PROPERTY_COST: usize = 96;
/// What an element of an array takes.
pub(crate) const ELEMENT_COST: usize = 16;

impl Heap {
    /// An empty heap that may grow to `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            strings: Vec::with_capacity(64),
            objects: Vec::with_capacity(32),
            exact: Vec::new(),
            cells: Vec::new(),
            scratch: String::new(),
            spare_tables: Vec::new(),
            spare_items: Vec::new(),
            cursor: Cursor::default(),
            hidden: Vec::new(),
            extras: Vec::new(),
            used: 0,
            limit,
        }
    }

    /// Forgets everything, and keeps some of the memory for the next evaluation.
    pub(crate) fn recycle(&mut self) {
        const KEPT: usize = 4096;
        /// So many tables and lists are kept, and none that has room for more entries.
        const SPARE: usize = 128;
        const SPARE_LENGTH: usize = 32;
        self.strings.clear();
        for object in self.objects.drain(..) {
            match object.kind {
                Kind::Plain(properties) => {
                    let mut table = properties.into_entries();
                    if self.spare_tables.len() < SPARE && (1..=SPARE_LENGTH).contains(&table.capacity()) {
                        table.clear();
                        self.spare_tables.push(table);
                    }
                }
                Kind::Array(mut items) if self.spare_items.len() < SPARE && (1..=SPARE_LENGTH).contains(&items.capacity()) => {
                    items.clear();
                    self.spare_items.push(items);
                }
                _ => {}
            }
        }
        self.exact.clear();
        self.cells.clear();
        self.scratch.clear();
        self.cursor = Cursor::default();
        self.hidden.clear();
        self.extras.clear();
        self.strings.shrink_to(KEPT);
        self.objects.shrink_to(KEPT);
        self.exact.shrink_to(KEPT);
        self.cells.shrink_to(KEPT);
        self.scratch.shrink_to(KEPT);
        self.hidden.shrink_to(KEPT);
        self.extras.shrink_to(KEPT);
        self.used = 0;
    }

    /// Bytes that can still be taken.
    pub(crate) fn remaining(&self) -> usize {
        self.limit.saturating_sub(self.used)
    }

    /// Bytes in use.
    pub(crate) fn used(&self) -> usize {
        self.used
    }

    /// Whether more is in use than allowed. Small allocations do not look; whoever runs code asks this often.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.used > self.limit
    }

    /// Counts `bytes` before they are taken. For everything whose size code chooses.
    #[inline]
    pub(crate) fn reserve(&mut self, bytes: usize) -> Result<(), OutOfMemory> {
        self.used = self.used.saturating_add(bytes);
        if self.used > self.limit { Err(OutOfMemory) } else { Ok(()) }
    }

    /// Gives back what was reserved for something that is gone.
    pub(crate) fn release(&mut self, bytes: usize) {
        self.used = self.used.saturating_sub(bytes);
    }

    #[inline]
    fn took(&mut self, bytes: usize) {
        self.used = self.used.saturating_add(bytes);
    }

    // Numbers.

    /// The double of an exact number.
    pub(crate) fn exact_as_f64(&self, id: ExactId) -> f64 {
        self.exact[id.0 as usize].as_f64()
    }

    /// An exact number.
    pub(crate) fn exact(&self, id: ExactId) -> &Number {
        &self.exact[id.0 as usize]
    }

    // Variables that closures share.

    pub(crate) fn new_cell(&mut self, value: Val) -> CellId {
        self.took(ELEMENT_COST);
        let id = CellId(u32::try_from(self.cells.len()).unwrap_or(u32::MAX));
        self.cells.push(value);
        id
    }

    #[inline]
    pub(crate) fn cell(&self, id: CellId) -> Val {
        self.cells[id.0 as usize]
    }

    #[inline]
    pub(crate) fn set_cell(&mut self, id: CellId, value: Val) {
        self.cells[id.0 as usize] = value;
    }

    // Objects.

    /// A new object of any kind. Its content is counted by whoever made it.
    #[inline]
    pub(crate) fn allocate(&mut self, kind: Kind) -> ObjId {
        self.took(OBJECT_COST);
        let id = ObjId(u32::try_from(self.objects.len()).unwrap_or(u32::MAX));
        self.objects.push(Obj::new(kind));
        id
    }

    /// An empty table of properties.
    #[inline]
    pub(crate) fn table(&mut self, capacity: usize) -> Vec<(Str, Val)> {
        match self.spare_tables.pop() {
            Some(mut table) => {
                table.reserve(capacity);
                table
            }
            None => Vec::with_capacity(capacity),
        }
    }

    /// An empty list of elements.
    #[inline]
    pub(crate) fn items(&mut self, capacity: usize) -> Vec<Val> {
        match self.spare_items.pop() {
            Some(mut items) => {
                items.reserve(capacity);
                items
            }
            None => Vec::with_capacity(capacity),
        }
    }

    /// Sets how many bytes an empty heap may take.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// A new plain object.
    #[inline]
    pub(crate) fn object(&mut self, properties: Properties) -> Val {
        self.took(properties.len() * PROPERTY_COST);
        Val::Object(self.allocate(Kind::Plain(properties)))
    }

    /// A new array.
    #[inline]
    pub(crate) fn array(&mut self, items: Vec<Val>) -> Val {
        self.took(items.len() * ELEMENT_COST);
        Val::Object(self.allocate(Kind::Array(items)))
    }

    #[inline]
    pub(crate) fn obj(&self, id: ObjId) -> &Obj {
        &self.objects[id.0 as usize]
    }

    #[inline]
    pub(crate) fn obj_mut(&mut self, id: ObjId) -> &mut Obj {
        &mut self.objects[id.0 as usize]
    }

    /// A value from outside. Lists and objects are not copied.
    #[inline]
    pub(crate) fn import(&mut self, value: &Value) -> Val {
        match value {
            Value::Null => Val::Null,
            Value::Bool(value) => Val::Bool(*value),
            Value::Number(number) => {
                let double = number.as_f64();
                if number.is_exact_in_f64() && double.abs() < SAFE {
                    return Val::Number(double);
                }
                self.took(ELEMENT_COST);
                let id = ExactId(u32::try_from(self.exact.len()).unwrap_or(u32::MAX));
                self.exact.push(number.clone());
                Val::Exact(id)
            }
            Value::String(text) => self.shared(text),
            Value::List(items) => Val::Object(self.allocate(Kind::HostList(HostList::new(Arc::clone(items))))),
            Value::Object(object) => Val::Object(self.allocate(Kind::HostObject(HostObject::new(Arc::clone(object))))),
        }
    }

    /// As [`import`](Self::import), of a value that nobody else needs.
    #[inline]
    pub(crate) fn take(&mut self, value: Value) -> Val {
        match value {
            Value::String(text) => {
                self.took(STRING_COST);
                self.store(Stored::Flat(Text::new(text)))
            }
            Value::List(items) => Val::Object(self.allocate(Kind::HostList(HostList::new(items)))),
            Value::Object(object) => Val::Object(self.allocate(Kind::HostObject(HostObject::new(object)))),
            scalar => self.import(&scalar),
        }
    }

    /// Lets members of an object be read, but not enumerated.
    pub(crate) fn hide(&mut self, id: ObjId, names: &'static [&'static str]) {
        self.obj_mut(id).hides = true;
        self.hidden.push((id, names));
    }

    /// Gives the array that was made last an object whose properties can be read as the array's own.
    pub(crate) fn set_extra(&mut self, array: ObjId, extra: Val) {
        self.took(ELEMENT_COST);
        let at = self.extras.partition_point(|(id, _)| id.0 < array.0);
        self.extras.insert(at, (array, extra));
    }

    /// The object that [`set_extra`](Self::set_extra) gave an array.
    pub(crate) fn extra(&self, array: ObjId) -> Option<Val> {
        self.extras.binary_search_by_key(&array.0, |(id, _)| id.0).ok().map(|at| self.extras[at].1)
    }

    /// Whether some members of an object are not enumerated.
    #[inline]
    pub(crate) fn own_is_hiding(&self, id: ObjId) -> bool {
        self.obj(id).hides
    }

    /// Whether a member is left out where an object is enumerated.
    #[inline]
    pub(crate) fn is_hidden(&self, id: ObjId, key: &str) -> bool {
        self.obj(id).hides && self.hidden.iter().any(|(of, names)| *of == id && names.contains(&key))
    }

    /// The own property `key` of an object that is no array; nothing inherited.
    #[inline]
    pub(crate) fn own(&mut self, id: ObjId, key: &str) -> Option<Val> {
        match &self.obj(id).kind {
            Kind::HostObject(host) => {
                let at = host.object.position(key)?;
                Some(self.host_member(id, at))
            }
            kind => kind.properties()?.get(key),
        }
    }

    /// The own property `key`, looked for at place `hint` first.
    #[inline]
    pub(crate) fn own_near(&mut self, id: ObjId, key: &str, hint: &std::sync::atomic::AtomicU32) -> Option<Val> {
        use std::sync::atomic::Ordering::Relaxed;
        let near = hint.load(Relaxed) as usize;
        match &self.obj(id).kind {
            Kind::Plain(properties) => {
                if let Some(value) = properties.get_at(near, key) {
                    return Some(value);
                }
                let at = properties.position(key)?;
                hint.store(u32::try_from(at).unwrap_or(0), Relaxed);
                properties.get_at(at, key)
            }
            Kind::HostObject(host) => {
                let mut at = near;
                host.object.get_near(key, &mut at)?;
                hint.store(u32::try_from(at).unwrap_or(0), Relaxed);
                Some(self.host_member(id, at))
            }
            _ => self.own(id, key),
        }
    }

    /// The member at place `at` of an object from outside; the same object each time.
    fn host_member(&mut self, id: ObjId, at: usize) -> Val {
        let Kind::HostObject(host) = &mut self.objects[id.0 as usize].kind else { return Val::Undefined };
        let Some((_, value)) = host.object.entry(at) else { return Val::Undefined };
        if !is_kept(value) {
            let value = value.clone();
            return self.take(value);
        }
        if let Some(known) = host.children.get(at) {
            return known;
        }
        let (value, members) = (value.clone(), host.object.len());
        let made = self.take(value);
        if let Kind::HostObject(host) = &mut self.objects[id.0 as usize].kind {
            host.children.set(at, made, members);
        }
        made
    }

    /// The element at `at` of an array; `None` beyond its end.
    #[inline]
    pub(crate) fn element(&mut self, id: ObjId, at: usize) -> Option<Val> {
        match &mut self.objects[id.0 as usize].kind {
            Kind::Array(items) => items.get(at).copied(),
            Kind::HostList(host) => {
                let value = host.items.get(at)?;
                if !is_kept(value) {
                    let value = value.clone();
                    return Some(self.take(value));
                }
                if let Some(known) = host.children.get(at) {
                    return Some(known);
                }
                let (value, count) = (value.clone(), host.items.len());
                let made = self.take(value);
                if let Kind::HostList(host) = &mut self.objects[id.0 as usize].kind {
                    host.children.set(at, made, count);
                }
                Some(made)
            }
            _ => None,
        }
    }

    /// The length of an array; `None` for anything else.
    #[inline]
    pub(crate) fn array_len(&self, id: ObjId) -> Option<usize> {
        match &self.obj(id).kind {
            Kind::Array(items) => Some(items.len()),
            Kind::HostList(host) => Some(host.items.len()),
            _ => None,
        }
    }

    /// All elements of an array. `None` for anything else.
    pub(crate) fn elements(&mut self, id: ObjId) -> Option<Vec<Val>> {
        match &self.obj(id).kind {
            Kind::Array(items) => Some(items.clone()),
            Kind::HostList(host) => {
                let count = host.items.len();
                Some((0..count).map(|at| self.element(id, at).unwrap_or_default()).collect())
            }
            _ => None,
        }
    }

    /// The elements of an array for change: a list from outside is copied first. The caller counts what it adds.
    pub(crate) fn array_mut(&mut self, id: ObjId) -> Option<&mut Vec<Val>> {
        if matches!(self.obj(id).kind, Kind::HostList(_)) {
            self.took(self.array_len(id)? * ELEMENT_COST);
            let items = self.elements(id)?;
            self.obj_mut(id).kind = Kind::Array(items);
        }
        match &mut self.obj_mut(id).kind {
            Kind::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The properties of an object for change: an object from outside is copied first, one level of it. A function or an array gets
    /// its first ones; `None` for an array, whose named properties nobody keeps.
    pub(crate) fn properties_mut(&mut self, id: ObjId) -> Option<&mut Properties> {
        if let Kind::HostObject(host) = &self.obj(id).kind {
            let object = Arc::clone(&host.object);
            let table = self.table(object.len() + 1);
            let mut properties = Properties::in_table(table);
            for (at, key) in object.keys().enumerate() {
                let value = self.host_member(id, at);
                properties.append(Str::clone(key), value);
            }
            self.took(properties.len() * PROPERTY_COST);
            self.obj_mut(id).kind = Kind::Plain(properties);
        }
        self.obj_mut(id).kind.properties_mut()
    }

    /// Sets an own property of an object that is no array. Whether the object takes properties.
    #[inline]
    pub(crate) fn set_own(&mut self, id: ObjId, key: &Str, value: Val) -> bool {
        let Some(properties) = self.properties_mut(id) else { return false };
        if properties.set(key, value) {
            // Few names are made up, and those are short: only of large objects the names count.
            let cost = if properties.is_indexed() { INDEXED_PROPERTY_COST + key.len() } else { PROPERTY_COST };
            self.took(cost);
        }
        true
    }

    /// Adds properties to an object that code made; their keys are different. Whether the object takes properties.
    pub(crate) fn extend(&mut self, id: ObjId, members: Vec<(Str, Val)>) -> bool {
        let Some(properties) = self.properties_mut(id) else { return false };
        let before = properties.len();
        if before == 0 {
            properties.reserve(members.len());
            members.into_iter().for_each(|(key, value)| properties.append(key, value));
        } else {
            members.into_iter().for_each(|(key, value)| {
                properties.set(&key, value);
            });
        }
        let added = properties.len() - before;
        self.took(added * PROPERTY_COST);
        true
    }

    /// The own enumerable properties of an object, in the language's order; those of an array are not among them.
    pub(crate) fn own_members(&mut self, id: ObjId) -> Vec<(Str, Val)> {
        match &self.obj(id).kind {
            Kind::Plain(properties) if !properties.has_indices() && !self.own_is_hiding(id) => {
                return properties.entries().to_vec();
            }
            Kind::HostObject(host) if !self.own_is_hiding(id) && !host.object.keys().any(|key| array_index(key).is_some()) => {
                let object = Arc::clone(&host.object);
                return object.keys().enumerate().map(|(at, key)| (Str::clone(key), self.host_member(id, at))).collect();
            }
            Kind::Array(_) | Kind::HostList(_) => return Vec::new(),
            _ => {}
        }
        let keys = self.own_keys(id);
        keys.into_iter()
            .map(|key| {
                let value = self.own(id, &key).unwrap_or_default();
                (key, value)
            })
            .collect()
    }

    /// At least as many as [`own_keys`](Self::own_keys) are.
    pub(crate) fn own_count(&self, id: ObjId) -> usize {
        match &self.obj(id).kind {
            Kind::Array(items) => items.len(),
            Kind::HostList(host) => host.items.len(),
            Kind::HostObject(host) => host.object.len(),
            kind => kind.properties().map_or(0, Properties::len),
        }
    }

    /// The names of the own enumerable properties of an object, in the language's order; indices of arrays are among them.
    pub(crate) fn own_keys(&self, id: ObjId) -> Vec<Str> {
        let mut keys = match &self.obj(id).kind {
            Kind::Array(items) => index_keys(items.len()),
            Kind::HostList(host) => index_keys(host.items.len()),
            Kind::HostObject(host) => {
                let has_indices = host.object.keys().any(|key| array_index(key).is_some());
                properties::ordered(host.object.keys(), has_indices)
            }
            kind => kind.properties().map(Properties::keys).unwrap_or_default(),
        };
        if matches!(self.obj(id).kind, Kind::Error(..)) {
            keys.retain(|key| !matches!(&**key, "message" | "cause"));
        }
        if self.obj(id).hides {
            keys.retain(|key| !self.is_hidden(id, key));
        }
        keys
    }
}

/// Whether what a member from outside becomes is kept: an object or a list, so that it is the same each time, and a string that takes
/// long to measure.
#[inline]
fn is_kept(value: &Value) -> bool {
    const EASY: usize = 64;
    match value {
        Value::List(_) | Value::Object(_) => true,
        Value::String(text) => text.len() > EASY,
        _ => false,
    }
}

fn index_keys(count: usize) -> Vec<Str> {
    (0..count).map(|at| at.to_string().into()).collect()
}
