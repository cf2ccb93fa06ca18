//! Lists, shared by reference.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use value::Value;

use super::Val;
use super::cycles::{self, Note};

/// A list that several values may share.
#[derive(Clone)]
pub struct ListRef(pub(super) Rc<ListCell>);

pub(super) struct ListCell {
    kind: ListKind,
    /// Whether it is noted as one that was given a container.
    noted: Cell<bool>,
    state: RefCell<ListState>,
}

/// What a list is in Java, which decides how it may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListKind {
    /// An `ArrayList`.
    List,
    /// An array: its length is fixed.
    Array,
    /// A part of a list, or the keys, values or entries of a map: may only be read here.
    View(&'static str),
}

enum ListState {
    /// As it came, not looked into as far as containers are concerned.
    Foreign(Arc<Vec<Value>>),
    /// Looked into: its containers have been given an identity. The origin is kept while nothing was changed here.
    Own { items: Vec<Val>, origin: Option<Arc<Vec<Value>>> },
}

impl ListRef {
    /// A new list.
    #[must_use]
    pub fn new(items: Vec<Val>) -> Self {
        Self::of_kind(ListKind::List, items)
    }

    pub(crate) fn of_kind(kind: ListKind, items: Vec<Val>) -> Self {
        ListRef(Rc::new(ListCell { kind, noted: Cell::new(false), state: RefCell::new(ListState::Own { items, origin: None }) }))
    }

    pub(super) fn foreign(items: Arc<Vec<Value>>) -> Self {
        ListRef(Rc::new(ListCell {
            kind: ListKind::List,
            noted: Cell::new(false),
            state: RefCell::new(ListState::Foreign(items)),
        }))
    }

    pub(crate) fn kind(&self) -> ListKind {
        self.0.kind
    }

    /// The number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        match &*self.0.state.borrow() {
            ListState::Foreign(items) => items.len(),
            ListState::Own { items, .. } => items.len(),
        }
    }

    /// Whether there is no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Val> {
        match &*self.0.state.borrow() {
            ListState::Own { items, .. } => return items.get(index).cloned(),
            ListState::Foreign(items) => match items.get(index)? {
                Value::List(_) | Value::Object(_) => {}
                scalar => return Some(Val::from(scalar)),
            },
        }
        self.look_into();
        match &*self.0.state.borrow() {
            ListState::Own { items, .. } => items.get(index).cloned(),
            ListState::Foreign(_) => None,
        }
    }

    /// Replaces the item at `index`; `None` when there is none.
    pub fn set(&self, index: usize, value: Val) -> Option<Val> {
        self.note(&value);
        self.change(|items| items.get_mut(index).map(|item| std::mem::replace(item, value)))
    }

    /// Appends an item.
    pub fn push(&self, value: Val) {
        self.note(&value);
        self.change(|items| items.push(value));
    }

    /// Inserts items before the one at `index`, which is at most the length.
    pub(crate) fn insert(&self, index: usize, more: Vec<Val>) {
        if let Some(container) = more.iter().find(|item| item.is_container()) {
            self.note(container);
        }
        self.change(|items| drop(items.splice(index..index, more)));
    }

    /// The items, each shared.
    #[must_use]
    pub fn to_vec(&self) -> Vec<Val> {
        self.look_into();
        match &*self.0.state.borrow() {
            ListState::Own { items, .. } => items.clone(),
            ListState::Foreign(_) => Vec::new(),
        }
    }

    /// The items one by one; none is copied ahead.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Val> + use<'_> {
        (0..self.len()).map(|at| self.get(at).unwrap_or(Val::Null))
    }

    /// Whether both are the same list.
    #[must_use]
    pub fn is_same(&self, other: &ListRef) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn address(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    /// The list as it came, if nothing was changed in it itself; its containers may have been.
    pub(super) fn origin(&self) -> Option<Arc<Vec<Value>>> {
        match &*self.0.state.borrow() {
            ListState::Foreign(items) => Some(Arc::clone(items)),
            ListState::Own { origin, .. } => origin.clone(),
        }
    }

    pub(super) fn is_untouched(&self) -> bool {
        matches!(*self.0.state.borrow(), ListState::Foreign(_))
    }

    /// Gives the containers in it an identity.
    fn look_into(&self) {
        let mut state = self.0.state.borrow_mut();
        if let ListState::Foreign(origin) = &*state {
            let items = origin.iter().map(Val::from).collect();
            *state = ListState::Own { items, origin: Some(Arc::clone(origin)) };
        }
    }

    /// Notes this list if `item`, which comes into it, could close a cycle.
    fn note(&self, item: &Val) {
        if item.is_container() && !self.0.noted.replace(true) {
            cycles::note(Note::List(Rc::downgrade(&self.0)));
        }
    }

    /// Appends the containers in it; `false` while it is being changed.
    pub(super) fn containers(&self, found: &mut Vec<Val>) -> bool {
        let Ok(state) = self.0.state.try_borrow() else { return false };
        if let ListState::Own { items, .. } = &*state {
            found.extend(items.iter().filter(|item| item.is_container()).cloned());
        }
        true
    }

    /// Whether it has containers, as far as a short look shows.
    pub(super) fn may_nest(&self) -> bool {
        self.0.state.try_borrow().map_or(true, |state| match &*state {
            ListState::Foreign(_) => false,
            ListState::Own { items, .. } => items.len() > super::SHORT_LOOK || items.iter().any(Val::is_container),
        })
    }

    /// Moves all items out.
    pub(super) fn take_all(&self, taken: &mut Vec<Val>) {
        if let Ok(mut state) = self.0.state.try_borrow_mut() {
            let empty = ListState::Own { items: Vec::new(), origin: None };
            if let ListState::Own { items, .. } = std::mem::replace(&mut *state, empty) {
                taken.extend(items);
            }
        }
    }

    /// Changes the items, without adding containers. `change` must not look at this list through another name.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Vec<Val>) -> T) -> T {
        self.look_into();
        let mut nothing = Vec::new();
        match &mut *self.0.state.borrow_mut() {
            ListState::Own { items, origin } => {
                *origin = None;
                change(items)
            }
            ListState::Foreign(_) => change(&mut nothing),
        }
    }

    /// Hands the items over if this is the last reference.
    pub(super) fn release(self, pending: &mut Vec<Val>) {
        if let Some(mut cell) = Rc::into_inner(self.0)
            && let ListState::Own { items, .. } = cell.state.get_mut()
        {
            pending.extend(std::mem::take(items).into_iter().filter(Val::is_container));
        }
    }
}

impl Drop for ListCell {
    fn drop(&mut self) {
        if let ListState::Own { items, .. } = self.state.get_mut()
            && items.iter().any(Val::may_nest)
        {
            super::dismantle(std::mem::take(items).into_iter());
        }
    }
}

impl FromIterator<Val> for ListRef {
    fn from_iter<I: IntoIterator<Item = Val>>(items: I) -> Self {
        ListRef::new(items.into_iter().collect())
    }
}

/// A `java.util.Iterator`.
#[doc(hidden)]
pub struct ListIter {
    pub(super) list: ListRef,
    next: Cell<usize>,
}

impl ListIter {
    pub(crate) fn new(list: ListRef) -> Self {
        ListIter { list, next: Cell::new(0) }
    }

    pub(crate) fn has_next(&self) -> bool {
        self.next.get() < self.list.len()
    }

    pub(crate) fn next(&self) -> Option<Val> {
        let item = self.list.get(self.next.get())?;
        self.next.set(self.next.get() + 1);
        Some(item)
    }
}
