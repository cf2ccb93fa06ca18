//! Cycles of lists and maps, which counting references alone would never free.
//!
//! Only storing a container in one that exists already can close a cycle, so the containers that this happens to are noted, once
//! each and weakly. When a [`Context`](crate::Context) goes, those still alive are looked through: what they reach and nothing
//! from outside refers to is emptied (trial deletion, as in Bacon and Rajan's "Concurrent Cycle Collection in Reference Counted
//! Systems"). What is in use anywhere, by a result or by the surrounding program, stays as it is and is looked at again the next
//! time. Most templates close no cycle and leave a few dead notes, which cost a look each.
//!
//! What a [`Host`](crate::Host) holds cannot be looked into and counts as in use.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use super::list::ListCell;
use super::map::MapCell;
use super::{Entry, ListIter, ListRef, MapRef, Val};

/// As many notes may gather before they are looked through while a template runs.
const NOTES: usize = 1_024;

/// A container that was given another one.
pub(super) enum Note {
    List(Weak<ListCell>),
    Map(Weak<MapCell>),
}

struct Notes {
    notes: Vec<Note>,
    /// How many make a look worthwhile: twice those that survived the last one.
    most: usize,
}

thread_local! {
    static NOTED: RefCell<Notes> = const { RefCell::new(Notes { notes: Vec::new(), most: NOTES }) };
}

/// Notes a container that was given another one.
pub(super) fn note(note: Note) {
    // A thread that ends frees its values after its notes.
    let full = NOTED.try_with(|noted| {
        let mut noted = noted.borrow_mut();
        noted.notes.push(note);
        noted.notes.len() >= noted.most
    });
    if full == Ok(true) {
        collect();
    }
}

/// Frees the cycles among the noted containers that nothing else refers to.
pub(crate) fn collect() {
    let notes = NOTED.try_with(|noted| std::mem::take(&mut noted.borrow_mut().notes)).unwrap_or_default();
    if notes.is_empty() {
        return;
    }
    let mut graph = Graph::default();
    let mut alive = Vec::new();
    for note in notes {
        let container = match &note {
            Note::List(list) => list.upgrade().map(|cell| Val::List(ListRef(cell))),
            Note::Map(map) => map.upgrade().map(|cell| Val::Map(MapRef(cell))),
        };
        if let Some(container) = container {
            graph.add(container);
            alive.push(note);
        }
    }
    if !alive.is_empty() {
        graph.walk();
        graph.free_garbage();
    }
    drop(graph);
    alive.retain(|note| match note {
        Note::List(list) => list.strong_count() > 0,
        Note::Map(map) => map.strong_count() > 0,
    });
    let _ = NOTED.try_with(|noted| {
        let mut noted = noted.borrow_mut();
        noted.most = NOTES.max(alive.len() * 2);
        // Dropping hosts may have noted others.
        noted.notes.append(&mut alive);
    });
}

/// Containers and how they refer to each other.
#[derive(Default)]
struct Graph {
    nodes: Vec<Node>,
    places: HashMap<usize, usize>,
}

struct Node {
    /// Keeps it alive while it is looked at; counts as one reference.
    handle: Val,
    /// The nodes that it refers to; one that it refers to twice is in it twice.
    children: Vec<usize>,
    /// References from other nodes.
    referred: usize,
    in_use: bool,
}

impl Graph {
    /// The place of a container.
    fn add(&mut self, handle: Val) -> Option<usize> {
        let address = match &handle {
            Val::List(list) => list.address(),
            Val::Map(map) => map.address(),
            Val::Entry(entry) => Rc::as_ptr(entry).addr(),
            Val::Iterator(iterator) => Rc::as_ptr(iterator).addr(),
            _ => return None,
        };
        let nodes = &mut self.nodes;
        Some(*self.places.entry(address).or_insert_with(|| {
            nodes.push(Node { handle, children: Vec::new(), referred: 0, in_use: false });
            nodes.len() - 1
        }))
    }

    /// Adds all that is reached from the nodes.
    fn walk(&mut self) {
        let mut at = 0;
        let mut found = Vec::new();
        while at < self.nodes.len() {
            let seen = match &self.nodes[at].handle {
                Val::List(list) => list.containers(&mut found),
                Val::Map(map) => map.containers(&mut found),
                Val::Entry(entry) => {
                    found.push(Val::Map(entry.map.clone()));
                    true
                }
                Val::Iterator(iterator) => {
                    found.push(Val::List(iterator.list.clone()));
                    true
                }
                _ => true,
            };
            // What is being changed just now is in use.
            self.nodes[at].in_use = !seen;
            for child in found.drain(..) {
                if let Some(child) = self.add(child) {
                    self.nodes[child].referred += 1;
                    self.nodes[at].children.push(child);
                }
            }
            at += 1;
        }
    }

    /// Empties the nodes that are not reached from outside.
    fn free_garbage(&mut self) {
        let mut pending = Vec::new();
        for (at, node) in self.nodes.iter_mut().enumerate() {
            let references = match &node.handle {
                Val::List(list) => Rc::strong_count(&list.0),
                Val::Map(map) => Rc::strong_count(&map.0),
                Val::Entry(entry) => Rc::<Entry>::strong_count(entry),
                Val::Iterator(iterator) => Rc::<ListIter>::strong_count(iterator),
                _ => usize::MAX,
            };
            if node.in_use || references > node.referred + 1 {
                node.in_use = true;
                pending.push(at);
            }
        }
        while let Some(at) = pending.pop() {
            for place in 0..self.nodes[at].children.len() {
                let child = self.nodes[at].children[place];
                if !std::mem::replace(&mut self.nodes[child].in_use, true) {
                    pending.push(child);
                }
            }
        }
        let mut freed = Vec::new();
        for node in self.nodes.iter().filter(|node| !node.in_use) {
            match &node.handle {
                Val::List(list) => list.take_all(&mut freed),
                Val::Map(map) => map.take_all(&mut freed),
                // Entries and iterators go with what refers to them.
                _ => {}
            }
        }
        super::dismantle(freed.into_iter());
    }
}
