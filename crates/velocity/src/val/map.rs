//! Maps, shared by reference, in insertion order.

use std::cell::{Cell, RefCell};
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use value::{Object, Str};

use super::Val;
use super::cycles::{self, Note};
use super::entries::Entries;

/// From so many touched members on, an object is converted as a whole: they are looked up one after the other.
const TOUCHED_AT_MOST: usize = 16;

/// A map that several values may share.
#[derive(Clone)]
pub struct MapRef(pub(super) Rc<MapCell>);

pub(super) struct MapCell {
    state: RefCell<MapState>,
    /// Whether it is noted as one that was given a container.
    noted: Cell<bool>,
}

/// Containers that were touched, by their place in the object.
pub(super) type Touched = Vec<(usize, Val)>;

enum MapState {
    /// As it came; the containers that were touched have an identity, by their place in it.
    Foreign {
        object: Arc<Object>,
        touched: Vec<(usize, Val)>,
    },
    Own(Entries),
}

/// The key of a map. From JSON it is a string; a map literal takes any scalar, and `1` and `"1"` are different keys.
#[derive(Clone, Debug)]
pub enum Key {
    /// `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// An `Integer`.
    Int(i32),
    /// A `Long`.
    Long(i64),
    /// Any other number, by its text.
    Number(Str),
    /// A string.
    Text(Str),
}

impl Key {
    /// The key that `value` makes; `None` for lists, maps and objects, which are no keys here.
    #[must_use]
    pub fn from_val(value: &Val) -> Option<Key> {
        Some(match value {
            Val::Null => Key::Null,
            Val::Bool(value) => Key::Bool(*value),
            Val::Int(number) => Key::Int(*number),
            Val::Long(number) => Key::Long(*number),
            Val::Str(text) => Key::Text(Str::clone(text)),
            Val::Big(_) | Val::Double(_) | Val::Decimal(_) => Key::Number(value.to_text().ok()?.into()),
            _ => return None,
        })
    }

    /// The key as a value.
    #[must_use]
    pub fn to_val(&self) -> Val {
        match self {
            Key::Null => Val::Null,
            Key::Bool(value) => Val::Bool(*value),
            Key::Int(number) => Val::Int(*number),
            Key::Long(number) => Val::Long(*number),
            Key::Number(text) => value::Number::from_text(text).map_or_else(|| Val::Str(Str::clone(text)), Val::Decimal),
            Key::Text(text) => Val::Str(Str::clone(text)),
        }
    }

    /// As [`to_text`](Key::to_text), without copying a reference.
    pub(super) fn into_text(self) -> Str {
        match self {
            Key::Number(text) | Key::Text(text) => text,
            other => other.to_text(),
        }
    }

    /// The key as text, as it becomes the name of a JSON member.
    #[must_use]
    pub fn to_text(&self) -> Str {
        match self {
            Key::Null => "null".into(),
            Key::Bool(value) => value.to_string().into(),
            Key::Int(number) => number.to_string().into(),
            Key::Long(number) => number.to_string().into(),
            Key::Number(text) | Key::Text(text) => Str::clone(text),
        }
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Key::Text(text.into())
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Key::Null => state.write_u8(0),
            Key::Bool(value) => value.hash(state),
            Key::Int(number) => number.hash(state),
            Key::Long(number) => number.hash(state),
            Key::Number(text) | Key::Text(text) => (**text).hash(state),
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Key::Null, Key::Null) => true,
            (Key::Bool(a), Key::Bool(b)) => a == b,
            (Key::Int(a), Key::Int(b)) => a == b,
            (Key::Long(a), Key::Long(b)) => a == b,
            (Key::Number(a), Key::Number(b)) | (Key::Text(a), Key::Text(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Key {}

/// An entry of a map; it reads and writes through to it.
pub struct Entry {
    pub(crate) map: MapRef,
    pub(crate) key: Key,
}

impl Entry {
    /// The key.
    #[must_use]
    pub fn key(&self) -> Val {
        self.key.to_val()
    }

    /// The present value.
    #[must_use]
    pub fn value(&self) -> Val {
        self.map.get_key(&self.key).unwrap_or(Val::Null)
    }
}

impl MapRef {
    /// An empty map.
    #[must_use]
    pub fn new() -> Self {
        MapState::Own(Entries::new()).into()
    }

    /// An empty map with room for `capacity` entries.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        MapState::Own(Entries::with_capacity(capacity)).into()
    }

    pub(super) fn foreign(object: Arc<Object>) -> Self {
        MapState::Foreign { object, touched: Vec::new() }.into()
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        match &*self.0.state.borrow() {
            MapState::Foreign { object, .. } => object.len(),
            MapState::Own(entries) => entries.len(),
        }
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a string key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Val> {
        {
            let mut state = self.0.state.borrow_mut();
            match &mut *state {
                MapState::Own(entries) => return entries.get(name).cloned(),
                MapState::Foreign { object, touched } => {
                    let at = object.position(name)?;
                    let (_, member) = object.iter().nth(at)?;
                    if !matches!(member, value::Value::List(_) | value::Value::Object(_)) {
                        return Some(Val::from(member));
                    }
                    if let Some(found) = Self::touch(member, touched, at) {
                        return Some(found);
                    }
                }
            }
        }
        self.own(|entries| entries.get(name).cloned())
    }

    /// The value of a key.
    #[must_use]
    pub fn get_key(&self, key: &Key) -> Option<Val> {
        if let Key::Text(name) = key {
            return self.get(name);
        }
        match &*self.0.state.borrow() {
            MapState::Own(entries) => entries.get_key(key).cloned(),
            MapState::Foreign { .. } => None,
        }
    }

    /// The container `member` at place `at`, with its identity; none if the map should be converted as a whole.
    fn touch(member: &value::Value, touched: &mut Touched, at: usize) -> Option<Val> {
        if let Some((_, known)) = touched.iter().find(|(place, _)| *place == at) {
            return Some(known.clone());
        }
        if touched.len() >= TOUCHED_AT_MOST {
            return None;
        }
        let fresh = Val::from(member);
        touched.push((at, fresh.clone()));
        Some(fresh)
    }

    /// Sets an entry: a known key keeps its place. Returns the former value.
    pub fn insert(&self, key: Key, value: Val) -> Option<Val> {
        if value.is_container() && !self.0.noted.replace(true) {
            cycles::note(Note::Map(Rc::downgrade(&self.0)));
        }
        self.own(|entries| entries.insert(key, value))
    }

    /// Removes an entry; the others keep their order.
    pub fn remove(&self, key: &Key) -> Option<Val> {
        self.own(|entries| entries.remove(key))
    }

    /// Removes all entries.
    pub fn clear(&self) {
        let old = self.own(Entries::take_values);
        super::dismantle(old.into_iter());
    }

    /// Whether there is such a key.
    #[must_use]
    pub fn contains(&self, key: &Key) -> bool {
        match (&*self.0.state.borrow(), key) {
            (MapState::Foreign { object, .. }, Key::Text(name)) => object.contains_key(name),
            (MapState::Foreign { .. }, _) => false,
            (MapState::Own(entries), key) => entries.get_key(key).is_some(),
        }
    }

    /// The keys in order.
    #[must_use]
    pub fn keys(&self) -> Vec<Key> {
        match &*self.0.state.borrow() {
            MapState::Foreign { object, .. } => object.keys().map(|name| Key::Text(Str::clone(name))).collect(),
            MapState::Own(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
        }
    }

    /// The values in order, each shared.
    #[must_use]
    pub fn values(&self) -> Vec<Val> {
        self.own(|entries| entries.iter().map(|(_, value)| value.clone()).collect())
    }

    /// The entries in order, each shared.
    pub(crate) fn entries(&self) -> Vec<(Key, Val)> {
        self.own(|entries| entries.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    /// Whether both are the same map.
    #[must_use]
    pub fn is_same(&self, other: &MapRef) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn address(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    /// The object as it came with the containers in it that were touched, if the map itself is unchanged.
    pub(super) fn origin(&self) -> Option<(Arc<Object>, Touched)> {
        match &*self.0.state.borrow() {
            MapState::Foreign { object, touched } => Some((Arc::clone(object), touched.clone())),
            MapState::Own(_) => None,
        }
    }

    fn own<T>(&self, act: impl FnOnce(&mut Entries) -> T) -> T {
        let mut state = self.0.state.borrow_mut();
        if let MapState::Foreign { object, touched } = &mut *state {
            let members = object.iter().map(|(name, member)| (Key::Text(Str::clone(name)), Val::from(member)));
            let mut entries = Entries::from_distinct(members.collect());
            for (at, known) in std::mem::take(touched) {
                if let Some(slot) = entries.at_mut(at) {
                    *slot = known;
                }
            }
            *state = MapState::Own(entries);
        }
        match &mut *state {
            MapState::Own(entries) => act(entries),
            MapState::Foreign { .. } => act(&mut Entries::new()),
        }
    }

    /// Appends the containers in it; `false` while it is being changed.
    pub(super) fn containers(&self, found: &mut Vec<Val>) -> bool {
        let Ok(state) = self.0.state.try_borrow() else { return false };
        match &*state {
            MapState::Foreign { touched, .. } => found.extend(touched.iter().map(|(_, value)| value.clone())),
            MapState::Own(entries) => {
                found.extend(entries.iter().map(|(_, value)| value).filter(|value| value.is_container()).cloned());
            }
        }
        true
    }

    /// Whether it has containers, as far as a short look shows.
    pub(super) fn may_nest(&self) -> bool {
        self.0.state.try_borrow().map_or(true, |state| match &*state {
            MapState::Foreign { touched, .. } => !touched.is_empty(),
            MapState::Own(entries) => entries.len() > super::SHORT_LOOK || entries.iter().any(|(_, value)| value.is_container()),
        })
    }

    /// Moves all values out.
    pub(super) fn take_all(&self, taken: &mut Vec<Val>) {
        if let Ok(mut state) = self.0.state.try_borrow_mut() {
            match std::mem::replace(&mut *state, MapState::Own(Entries::new())) {
                MapState::Foreign { touched, .. } => taken.extend(touched.into_iter().map(|(_, value)| value)),
                MapState::Own(mut entries) => taken.extend(entries.take_values()),
            }
        }
    }

    /// Hands the values over if this is the last reference.
    pub(super) fn release(self, pending: &mut Vec<Val>) {
        if let Some(mut cell) = Rc::into_inner(self.0) {
            pending.extend(cell.take_containers());
        }
    }
}

impl From<MapState> for MapRef {
    fn from(state: MapState) -> Self {
        MapRef(Rc::new(MapCell { state: RefCell::new(state), noted: Cell::new(false) }))
    }
}

impl Default for MapRef {
    fn default() -> Self {
        Self::new()
    }
}

impl MapCell {
    /// Whether a container in it has containers itself, as far as a short look shows.
    fn is_deep(&mut self) -> bool {
        match self.state.get_mut() {
            MapState::Foreign { touched, .. } => touched.iter().any(|(_, value)| value.may_nest()),
            MapState::Own(entries) => entries.iter().any(|(_, value)| value.may_nest()),
        }
    }

    fn take_containers(&mut self) -> Vec<Val> {
        match self.state.get_mut() {
            MapState::Foreign { touched, .. } => std::mem::take(touched).into_iter().map(|(_, value)| value).collect(),
            MapState::Own(entries) if entries.iter().any(|(_, value)| value.is_container()) => {
                entries.take_values().into_iter().filter(Val::is_container).collect()
            }
            MapState::Own(_) => Vec::new(),
        }
    }
}

impl Drop for MapCell {
    fn drop(&mut self) {
        if self.is_deep() {
            super::dismantle(self.take_containers().into_iter());
        }
    }
}

impl<K: Into<Key>> FromIterator<(K, Val)> for MapRef {
    fn from_iter<I: IntoIterator<Item = (K, Val)>>(entries: I) -> Self {
        MapState::Own(entries.into_iter().map(|(key, value)| (key.into(), value)).collect()).into()
    }
}
