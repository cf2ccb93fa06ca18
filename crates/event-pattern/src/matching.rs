//! A compiled combination and the walk over an event.
//!
//! EventBridge looks at an event as a flat list of fields, `detail.items.id` beside its value. Arrays leave no trace in these names:
//! a field has as many values as the arrays on its way hold. Two fields of a match must not come from different elements of
//! one array. That is what following the structure gives by itself: for an array, some element has to match the whole rest of the
//! pattern below it.
//!
//! Absent fields are judged in the order of their names, as EventBridge does: one that comes before any field which is
//! there must be absent from all elements of an array, a later one only from the element that was chosen.
//!
//! Differs from EventBridge in one corner: of a pattern that wants a field both as a value and as an object (`a` and `a.b`), the two
//! are not bound to one element of an array of arrays.

use std::sync::Arc;

use value::{Object, Value};

use crate::matcher::Matcher;

/// What is wanted of a field and of those below it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    /// The alternatives for the field's own value, if the pattern asks for it.
    leaf: Option<Arc<[Matcher]>>,
    /// The fields below, by name.
    children: Vec<(Box<str>, Node)>,
}

/// How a field stands to a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It is there, in whole or part, and as wanted.
    Match,
    /// There is nothing of it, which is wanted or accepted.
    Absence,
    Refused,
}

impl Node {
    /// Adds what is wanted of the field at a path; the last word on a path stands.
    pub(crate) fn insert(&mut self, path: &str, leaf: Arc<[Matcher]>) {
        let mut node = self;
        for part in path.split('.') {
            let at = match node.children.binary_search_by(|(name, _)| (**name).cmp(part)) {
                Ok(at) => at,
                Err(at) => {
                    node.children.insert(at, (part.into(), Node::default()));
                    at
                }
            };
            node = &mut node.children[at].1;
        }
        node.leaf = Some(leaf);
    }

    pub(crate) fn matches_object(&self, object: &Object) -> bool {
        self.object(object) != Outcome::Refused
    }

    fn field(&self, value: Option<&Value>) -> Outcome {
        let Some(value) = value else { return self.absent() };
        let own = self.leaf.as_ref().map(|alternatives| own(alternatives, value));
        let below = if self.children.is_empty() { None } else { Some(self.below(value)) };
        match (own, below) {
            (Some(Outcome::Refused), _) | (_, Some(Outcome::Refused)) => Outcome::Refused,
            (Some(Outcome::Match), _) | (_, Some(Outcome::Match)) => Outcome::Match,
            _ => Outcome::Absence,
        }
    }

    /// The fields below a value.
    fn below(&self, value: &Value) -> Outcome {
        match value {
            Value::Object(object) => self.object(object),
            Value::List(items) => self.elements(items),
            _ => self.below_nothing(),
        }
    }

    fn object(&self, object: &Object) -> Outcome {
        let mut outcome = Outcome::Absence;
        for (name, child) in &self.children {
            match child.field(object.get(name)) {
                Outcome::Refused => return Outcome::Refused,
                Outcome::Match => outcome = Outcome::Match,
                Outcome::Absence => {}
            }
        }
        outcome
    }

    /// Some element of an array matches, or all of them have nothing of what is wanted.
    fn elements(&self, items: &[Value]) -> Outcome {
        let containers = || items.iter().filter(|item| matches!(item, Value::Object(_) | Value::List(_)));
        // Of each field: whether it is in no element at all. Asked for only where it matters, once for the array.
        let mut nowhere: Vec<Option<bool>> = vec![None; self.children.len()];
        let mut matches = |item: &Value| match item {
            Value::Object(object) => {
                let mut found = false;
                for ((name, child), nowhere) in self.children.iter().zip(&mut nowhere) {
                    match child.field(object.get(name)) {
                        Outcome::Refused => return false,
                        Outcome::Match => found = true,
                        Outcome::Absence if found => {}
                        Outcome::Absence => {
                            let absent = nowhere.get_or_insert_with(|| containers().all(|item| !child.is_in(name, item)));
                            if !*absent {
                                return false;
                            }
                        }
                    }
                }
                found
            }
            Value::List(inner) => self.elements(inner) == Outcome::Match,
            _ => false,
        };
        if containers().any(&mut matches) {
            return Outcome::Match;
        }
        let anywhere = self.children.iter().any(|(name, child)| containers().any(|item| child.is_in(name, item)));
        if anywhere { Outcome::Refused } else { self.below_nothing() }
    }

    /// Whether any value of this field is in an element.
    fn is_in(&self, name: &str, element: &Value) -> bool {
        match element {
            Value::Object(object) => object.get(name).is_some_and(|value| self.has_value(value)),
            Value::List(items) => items.iter().any(|item| self.is_in(name, item)),
            _ => false,
        }
    }

    fn has_value(&self, value: &Value) -> bool {
        let own = self.leaf.is_some() && has_scalar(value);
        own || self.children.iter().any(|(name, child)| child.is_in(name, value))
    }

    fn absent(&self) -> Outcome {
        if self.leaf.as_ref().is_some_and(|alternatives| !accept_absence(alternatives)) {
            return Outcome::Refused;
        }
        self.below_nothing()
    }

    fn below_nothing(&self) -> Outcome {
        let refused = self.children.iter().any(|(_, child)| child.absent() == Outcome::Refused);
        if refused { Outcome::Refused } else { Outcome::Absence }
    }
}

/// The field's own value against its alternatives. Only leaves are values: an object is none, an array is its elements.
fn own(alternatives: &[Matcher], value: &Value) -> Outcome {
    if any_scalar(value, &mut |scalar| alternatives.iter().any(|alternative| alternative.matches(scalar))) {
        return Outcome::Match;
    }
    if accept_absence(alternatives) && !has_scalar(value) { Outcome::Absence } else { Outcome::Refused }
}

fn accept_absence(alternatives: &[Matcher]) -> bool {
    alternatives.iter().any(|alternative| matches!(alternative, Matcher::Absent))
}

fn has_scalar(value: &Value) -> bool {
    any_scalar(value, &mut |_| true)
}

fn any_scalar(value: &Value, wanted: &mut dyn FnMut(&Value) -> bool) -> bool {
    match value {
        Value::Object(_) => false,
        Value::List(items) => items.iter().any(|item| any_scalar(item, wanted)),
        scalar => wanted(scalar),
    }
}
