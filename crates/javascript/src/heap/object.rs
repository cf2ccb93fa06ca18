//! What an object of the heap is.

use std::sync::Arc;

use value::{Object, Value};

use super::{CellId, ObjId, Properties, Val};
use crate::native::ErrorKind;

/// An object.
#[derive(Debug)]
pub(crate) struct Obj {
    pub(crate) kind: Kind,
    /// `Object.freeze` was called.
    pub(crate) frozen: bool,
    /// Some members are not enumerated, see [`Heap::hide`](super::Heap::hide).
    pub(super) hides: bool,
}

impl Obj {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, frozen: false, hides: false }
    }
}

/// The kinds of objects.
#[derive(Debug)]
pub(crate) enum Kind {
    /// `{}`.
    Plain(Properties),
    /// An object from outside that code has not changed.
    HostObject(HostObject),
    /// `[]`; a place that was never set reads as `undefined`, there are no holes.
    Array(Vec<Val>),
    /// A list from outside that code has not changed.
    HostList(HostList),
    /// A function of the code.
    Closure(Box<Closure>),
    /// `Error` and its kin; `message` is a property.
    Error(ErrorKind, Properties),
    /// `Date`: milliseconds since 1970, or NaN.
    Date(f64),
    /// `Map`.
    Map(Box<crate::builtins::Table>),
    /// `Set`.
    Set(Box<crate::builtins::Table>),
    /// `RegExp`.
    RegExp(Box<crate::builtins::Pattern>),
}

/// A function of the code with the variables around it.
#[derive(Debug)]
pub(crate) struct Closure {
    /// Which of the program's functions.
    pub(crate) function: u32,
    /// The shared variables that it uses.
    pub(crate) captured: Box<[CellId]>,
    /// `this` of the place where an arrow function was made.
    pub(crate) this: Val,
    /// Properties that code gave it.
    pub(crate) properties: Properties,
}

/// An object from outside.
#[derive(Debug)]
pub(crate) struct HostObject {
    pub(crate) object: Arc<Object>,
    pub(super) children: Children,
}

impl HostObject {
    pub(super) fn new(object: Arc<Object>) -> Self {
        Self { object, children: Children::default() }
    }

    /// Whether none of its lists and objects was looked at, so that nothing in it can have changed.
    pub(crate) fn is_untouched(&self) -> bool {
        !self.children.opened
    }

    /// The object that the member at `at` became, if code looked at it.
    pub(crate) fn child(&self, at: usize) -> Option<ObjId> {
        match self.children.get(at) {
            Some(Val::Object(child)) => Some(child),
            _ => None,
        }
    }
}

/// A list from outside.
#[derive(Debug)]
pub(crate) struct HostList {
    pub(crate) items: Arc<Vec<Value>>,
    pub(super) children: Children,
}

impl HostList {
    pub(super) fn new(items: Arc<Vec<Value>>) -> Self {
        Self { items, children: Children::default() }
    }

    /// As [`HostObject::is_untouched`].
    pub(crate) fn is_untouched(&self) -> bool {
        !self.children.opened
    }

    /// As [`HostObject::child`].
    pub(crate) fn child(&self, at: usize) -> Option<ObjId> {
        match self.children.get(at) {
            Some(Val::Object(child)) => Some(child),
            _ => None,
        }
    }
}

/// What members became when code looked at them, by place: objects, which code may change, and long strings, which are the same
/// as outside and only need not be measured again.
#[derive(Debug, Default)]
pub(super) struct Children {
    known: Vec<Option<Val>>,
    /// Whether an object is among them.
    opened: bool,
}

impl Children {
    pub(super) fn get(&self, at: usize) -> Option<Val> {
        self.known.get(at).copied().flatten()
    }

    pub(super) fn set(&mut self, at: usize, child: Val, count: usize) {
        if self.known.is_empty() {
            self.known.resize(count, None);
        }
        self.opened = self.opened || matches!(child, Val::Object(_));
        if let Some(place) = self.known.get_mut(at) {
            *place = Some(child);
        }
    }
}

impl Kind {
    /// The properties, of kinds that keep them in a table.
    #[inline]
    pub(crate) fn properties(&self) -> Option<&Properties> {
        match self {
            Kind::Plain(properties) | Kind::Error(_, properties) => Some(properties),
            Kind::Closure(closure) => Some(&closure.properties),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn properties_mut(&mut self) -> Option<&mut Properties> {
        match self {
            Kind::Plain(properties) | Kind::Error(_, properties) => Some(properties),
            Kind::Closure(closure) => Some(&mut closure.properties),
            _ => None,
        }
    }
}
