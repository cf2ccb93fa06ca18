//! What an evaluation and the host functions it calls share.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::Instant;

use appsync_utils::{Failure, Session, SkipTo};
use value::{Number, Object, Value};

use super::{LimitKind, Limits};

/// One per engine, alive as long as it; filled anew for every evaluation.
pub(super) struct State {
    /// The caller's session, here while an evaluation runs.
    pub(super) session: RefCell<Option<Session>>,
    /// The members of `ctx` that are converted when they are read.
    pub(super) context: RefCell<Object>,
    /// What ended the handler. Nothing that code does afterwards changes it.
    pub(super) failure: RefCell<Option<Failure>>,
    /// The limit that was reached.
    pub(super) limit: Cell<Option<LimitKind>>,
    deadline: Cell<Option<Instant>>,
    /// Bytes that may still cross from code to the host in arguments and logs.
    pub(super) host_bytes: Cell<usize>,
    /// Numbers that a double does not hold, by the double they became; `None` where two share one.
    exact: RefCell<HashMap<u64, Option<Number>>>,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            session: RefCell::new(None),
            context: RefCell::new(Object::new()),
            failure: RefCell::new(None),
            limit: Cell::new(None),
            deadline: Cell::new(None),
            host_bytes: Cell::new(0),
            exact: RefCell::new(HashMap::new()),
        }
    }

    pub(super) fn begin(&self, context: &Object, limits: &Limits) {
        *self.context.borrow_mut() = context.clone();
        *self.failure.borrow_mut() = None;
        self.limit.set(None);
        self.deadline.set(Instant::now().checked_add(limits.deadline));
        self.host_bytes.set(limits.memory);
        self.exact.borrow_mut().clear();
    }

    pub(super) fn end(&self) {
        self.deadline.set(None);
        self.limit.set(None);
        *self.failure.borrow_mut() = None;
        *self.context.borrow_mut() = Object::new();
    }

    /// Takes the early return that ended the handler, if one did.
    pub(super) fn take_early_return(&self) -> Option<(Value, Option<SkipTo>)> {
        let mut failure = self.failure.borrow_mut();
        match failure.take() {
            Some(Failure::EarlyReturn { value, skip_to }) => Some((value, skip_to)),
            other => {
                *failure = other;
                None
            }
        }
    }

    /// Whether the engine must stop now: the time is up, or the handler has ended already.
    pub(super) fn interrupted(&self) -> bool {
        if self.failure.borrow().is_some() || self.limit.get() == Some(LimitKind::Deadline) {
            return true;
        }
        let late = self.deadline.get().is_some_and(|deadline| Instant::now() >= deadline);
        if late {
            self.limit.set(Some(LimitKind::Deadline));
        }
        late
    }

    /// The handler has ended: by a utility, or at a limit.
    pub(super) fn ended(&self) -> bool {
        self.failure.borrow().is_some() || self.limit.get().is_some()
    }

    /// Remembers a number whose digits its double loses.
    pub(super) fn remember(&self, number: &Number) {
        let mut exact = self.exact.borrow_mut();
        exact
            .entry(number.as_f64().to_bits())
            .and_modify(|known| {
                if known.as_ref() != Some(number) {
                    *known = None;
                }
            })
            .or_insert_with(|| Some(number.clone()));
    }

    /// The number that became this double, if it had more digits.
    pub(super) fn exact(&self, double: f64) -> Option<Number> {
        let exact = self.exact.borrow();
        if exact.is_empty() { None } else { exact.get(&double.to_bits()).cloned().flatten() }
    }
}
