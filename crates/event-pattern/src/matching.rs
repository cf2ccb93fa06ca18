//! A compiled pattern and the walk over an event.
//!
//! EventBridge looks at an event as a flat list of fields, `detail.items.id` beside its value. Arrays leave no trace in these names:
//! a field has as many values as the arrays on its way hold. Two fields of a match must not come from different elements of
//! one array. That is what following the structure gives by itself: for an array, some element has to match the whole rest of the
//! pattern below it.
//!
//! Absent fields are judged in the order of their names, as EventBridge does. Elements count as chosen from the first field that is
//! there: an absent field before it must be absent from all elements ([`Scope`]), a later one only from those that were chosen.
//!
//! `$or` makes combinations, and any of them will do. They are one tree here, in which everything knows the [`Combinations`] that want
//! it, so that a walk judges all of them at once. Its time is that of one combination, not the sum.
//!
//! Differs from EventBridge in one corner: of a pattern that wants a field both as a value and as an object (`a` and `a.b`), the two
//! are not bound to one element of an array of arrays.

use std::cell::OnceCell;
use std::sync::Arc;

use value::{Object, Value};

use crate::combinations::Combinations;
use crate::matcher::Matcher;

/// What is wanted of a field and of those below it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    /// The combinations that want something here or below.
    used: Combinations,
    leaves: Vec<Leaf>,
    /// Those that want something below.
    below: Combinations,
    /// The fields below, in the order of their names.
    children: Vec<(Box<str>, Node)>,
    /// The node's number, in the order of [`Node::number`].
    id: usize,
}

/// The alternatives for a field's own value, of some combinations. Of each combination there is at most one.
#[derive(Clone, Debug)]
struct Leaf {
    combinations: Combinations,
    alternatives: Arc<[Matcher]>,
    /// Whether one of them is [`Matcher::Absent`].
    accepts_absence: bool,
}

/// How a field stands to the combinations that ask for it. With those in neither set there is nothing of it, which they want or accept.
#[derive(Clone, Copy, Debug, Default)]
struct Outcome {
    /// It is there, in whole or part, and as wanted.
    matching: Combinations,
    refusing: Combinations,
}

/// Where an absent field must be absent from: the outermost array of which no element was chosen yet. For each of the combinations it
/// may be another one; of several scopes that name a combination, the innermost counts.
struct Scope<'a> {
    combinations: Combinations,
    /// Without one, all elements on the way are chosen, and the field is absent if it is not there.
    array: Option<Array<'a>>,
    outer: Option<&'a Scope<'a>>,
}

struct Array<'a> {
    items: &'a [Value],
    /// What is wanted of it.
    node: &'a Node,
    /// Which nodes have a value in it, by their numbers from that of `node` on. Asked for only where it matters, once for the array.
    filled: OnceCell<Vec<bool>>,
}

impl Node {
    /// Adds what a combination wants of the field at a path; its last word on a path stands.
    pub(crate) fn insert(&mut self, combination: usize, path: &str, alternatives: &Arc<[Matcher]>) {
        self.used.insert(combination);
        let mut node = self;
        for part in path.split('.') {
            let at = match node.children.binary_search_by(|(name, _)| (**name).cmp(part)) {
                Ok(at) => at,
                Err(at) => {
                    node.children.insert(at, (part.into(), Node::default()));
                    at
                }
            };
            node.below.insert(combination);
            node = &mut node.children[at].1;
            node.used.insert(combination);
        }
        node.leaves.iter_mut().for_each(|leaf| leaf.combinations.remove(combination));
        match node.leaves.iter_mut().find(|leaf| Arc::ptr_eq(&leaf.alternatives, alternatives)) {
            Some(leaf) => leaf.combinations.insert(combination),
            None => {
                let accepts_absence = alternatives.iter().any(|alternative| matches!(alternative, Matcher::Absent));
                let mut combinations = Combinations::NONE;
                combinations.insert(combination);
                node.leaves.push(Leaf { combinations, alternatives: Arc::clone(alternatives), accepts_absence });
            }
        }
    }

    /// Gives every node its number, parents before children; the answer is the next one. Must be called before anything is matched.
    pub(crate) fn number(&mut self, first: usize) -> usize {
        self.leaves.retain(|leaf| !leaf.combinations.is_empty());
        self.id = first;
        self.children.iter_mut().fold(first + 1, |next, (_, child)| child.number(next))
    }

    /// Whether some combination wants this object.
    pub(crate) fn matches_object(&self, object: &Object) -> bool {
        let refusing = self.object(object, self.used, None).refusing;
        !(self.used - refusing).is_empty()
    }

    /// `asked` holds combinations that use this node, here as below.
    fn field(&self, value: Option<&Value>, asked: Combinations, scope: Option<&Scope<'_>>) -> Outcome {
        #[cfg(test)]
        tests::VISITS.with(|visits| visits.set(visits.get() + 1));
        let Some(value) = value else { return Outcome { refusing: self.absent(asked, scope), ..Outcome::default() } };
        let mut outcome = Outcome::default();
        for leaf in &self.leaves {
            let asked = asked & leaf.combinations;
            if asked.is_empty() {
                continue;
            }
            if any_scalar(value, &mut |scalar| leaf.alternatives.iter().any(|alternative| alternative.matches(scalar))) {
                outcome.matching |= asked;
            } else if has_scalar(value) {
                outcome.refusing |= asked;
            } else {
                outcome.refusing |= leaf.absent(asked, self.id, scope);
            }
        }
        let asked = (asked & self.below) - outcome.refusing;
        if !asked.is_empty() {
            let below = match value {
                Value::Object(object) => self.object(object, asked, scope),
                Value::List(items) => self.array(items, asked, scope),
                _ => Outcome { refusing: self.below_absent(asked, scope), ..Outcome::default() },
            };
            outcome.matching |= below.matching;
            outcome.refusing |= below.refusing;
        }
        outcome.matching -= outcome.refusing;
        outcome
    }

    fn object(&self, object: &Object, asked: Combinations, scope: Option<&Scope<'_>>) -> Outcome {
        let mut outcome = Outcome::default();
        for (name, child) in &self.children {
            let asked = (asked & child.used) - outcome.refusing;
            if asked.is_empty() {
                continue;
            }
            let chosen = Scope { combinations: asked & outcome.matching, array: None, outer: scope };
            let scope = if scope.is_none() || chosen.combinations.is_empty() { scope } else { Some(&chosen) };
            let of_child = child.field(object.get(name), asked, scope);
            outcome.matching |= of_child.matching;
            outcome.refusing |= of_child.refusing;
        }
        outcome.matching -= outcome.refusing;
        outcome
    }

    /// Some element of an array matches, or all of them have nothing of what is wanted.
    fn array(&self, items: &[Value], asked: Combinations, outer: Option<&Scope<'_>>) -> Outcome {
        let array = Array { items, node: self, filled: OnceCell::new() };
        let scope = Scope { combinations: asked - unchosen(outer, asked), array: Some(array), outer };
        let matching = self.elements(items, asked, &scope);
        Outcome { matching, refusing: self.below_absent(asked - matching, Some(&scope)) }
    }

    /// The combinations that some element matches. An array in an array only groups elements: it leaves no name.
    fn elements(&self, items: &[Value], asked: Combinations, scope: &Scope<'_>) -> Combinations {
        let mut matching = Combinations::NONE;
        for item in items {
            let asked = asked - matching;
            if asked.is_empty() {
                break;
            }
            matching |= match item {
                Value::Object(object) => self.object(object, asked, Some(scope)).matching,
                Value::List(inner) => self.elements(inner, asked, scope),
                _ => Combinations::NONE,
            };
        }
        matching
    }

    /// The combinations that refuse this field's absence.
    fn absent(&self, asked: Combinations, scope: Option<&Scope<'_>>) -> Combinations {
        let mut refusing = Combinations::NONE;
        for leaf in &self.leaves {
            refusing |= leaf.absent(asked & leaf.combinations, self.id, scope);
        }
        refusing | self.below_absent((asked & self.below) - refusing, scope)
    }

    fn below_absent(&self, asked: Combinations, scope: Option<&Scope<'_>>) -> Combinations {
        let mut refusing = Combinations::NONE;
        for (_, child) in &self.children {
            let asked = (asked & child.used) - refusing;
            if !asked.is_empty() {
                refusing |= child.absent(asked, scope);
            }
        }
        refusing
    }

    /// Notes which of the nodes from here on have a value in `value`.
    fn fill(&self, value: &Value, first: usize, filled: &mut [bool]) {
        if !self.leaves.is_empty() && has_scalar(value) {
            filled[self.id - first] = true;
        }
        self.fill_below(value, first, filled);
    }

    fn fill_below(&self, value: &Value, first: usize, filled: &mut [bool]) {
        match value {
            Value::Object(object) => {
                for (name, child) in &self.children {
                    if let Some(value) = object.get(name) {
                        child.fill(value, first, filled);
                    }
                }
            }
            Value::List(items) => items.iter().for_each(|item| self.fill_below(item, first, filled)),
            _ => {}
        }
    }

    /// The number after that of the last node below.
    fn end(&self) -> usize {
        let mut node = self;
        while let Some((_, last)) = node.children.last() {
            node = last;
        }
        node.id + 1
    }
}

impl Leaf {
    /// Those of `asked` that refuse the absence of the field of a node.
    fn absent(&self, asked: Combinations, id: usize, scope: Option<&Scope<'_>>) -> Combinations {
        if !self.accepts_absence {
            return asked;
        }
        let mut refusing = Combinations::NONE;
        each_scope(scope, asked, |array, judged| {
            if array.has(id) {
                refusing |= judged;
            }
        });
        refusing
    }
}

/// Calls back with each array of which no element was chosen yet, and those of `asked` for which it is the scope.
fn each_scope(innermost: Option<&Scope<'_>>, mut asked: Combinations, mut found: impl FnMut(&Array<'_>, Combinations)) {
    let mut next = innermost;
    while let Some(scope) = next.filter(|_| !asked.is_empty()) {
        let judged = asked & scope.combinations;
        asked -= judged;
        if let Some(array) = scope.array.as_ref().filter(|_| !judged.is_empty()) {
            found(array, judged);
        }
        next = scope.outer;
    }
}

/// Those of `asked` that have a scope already.
fn unchosen(scope: Option<&Scope<'_>>, asked: Combinations) -> Combinations {
    let mut unchosen = Combinations::NONE;
    each_scope(scope, asked, |_, judged| unchosen |= judged);
    unchosen
}

impl Array<'_> {
    /// Whether a value of a node's field is in the array.
    fn has(&self, id: usize) -> bool {
        let first = self.node.id;
        let filled = self.filled.get_or_init(|| {
            let mut filled = vec![false; self.node.end() - first];
            self.items.iter().for_each(|item| self.node.fill_below(item, first, &mut filled));
            filled
        });
        filled[id - first]
    }
}

/// Only leaves are values of a field: an object is none, an array is its elements.
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use crate::EventPattern;
    use value::{Object, Value};

    thread_local! {
        /// How often a field was looked at.
        pub(super) static VISITS: Cell<usize> = const { Cell::new(0) };
    }

    /// Each `$or` doubles the combinations, and not the time.
    #[test]
    fn all_combinations_are_judged_in_one_walk() {
        let (depth, elements) = (9, 500);
        let or = r#""$or":[{"a":[1]},{"b":[1]}]"#;
        let pattern = (0..depth).fold(String::from(r#""z":[1]"#), |inner, _| format!(r#""m":{{{or},{inner}}}"#));
        let pattern = EventPattern::parse(format!("{{{pattern}}}").as_bytes()).expect("a pattern");
        let member = |mut object: Object, value: Value| {
            object.insert("m", value);
            Value::from(object)
        };
        let mut element = Value::Null;
        for _ in 0..depth {
            let mut object = Object::new();
            object.insert("a", 1);
            object.insert("b", 1);
            element = member(object, element);
        }
        let event = member(Object::new(), vec![element; elements].into());
        VISITS.set(0);
        assert!(!pattern.matches(&event));
        let fields = 3 * depth;
        assert!(
            (elements..=fields * elements + 1).contains(&VISITS.get()),
            "{} looks at {fields} fields of {elements} elements",
            VISITS.get()
        );
    }
}
