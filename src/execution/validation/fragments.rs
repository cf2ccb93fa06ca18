//! Rules on fragments: FragmentsOnCompositeType, NoFragmentCycles, NoUnusedFragments, PossibleFragmentSpreads.

use std::collections::{HashMap, HashSet};

use super::super::ast::{Document, FragmentDefinition, FragmentSpread, InlineFragment, Position, Selection};
use super::MAX_ERRORS;
use super::walk::Walk;
use crate::schema::TypeSystem;
use crate::schema::type_system::{TypeId, TypeKind};

/// Which definition spreads which fragments.
#[derive(Default)]
pub(super) struct Used<'a> {
    by_operations: Vec<&'a str>,
    by_fragment: HashMap<&'a str, Vec<&'a str>>,
    /// The fragment being walked; `None` inside an operation.
    current: Option<&'a str>,
}

impl<'a> Used<'a> {
    pub(super) fn begin_operation(&mut self) {
        self.current = None;
    }

    pub(super) fn begin_fragment(&mut self, name: &'a str) {
        self.current = Some(name);
        self.by_fragment.insert(name, Vec::new());
    }

    pub(super) fn spread(&mut self, name: &'a str) {
        match self.current {
            Some(fragment) => self.by_fragment.entry(fragment).or_default().push(name),
            None => self.by_operations.push(name),
        }
    }
}

pub(super) fn no_unused_fragments(walk: &mut Walk<'_>) {
    let mut reached = HashSet::new();
    let mut pending = walk.used_fragments.by_operations.clone();
    while let Some(name) = pending.pop() {
        if reached.insert(name) {
            pending.extend(walk.used_fragments.by_fragment.get(name).into_iter().flatten());
        }
    }
    for fragment in &walk.document.fragments {
        if !reached.contains(&*fragment.name) {
            walk.error("UnusedFragment", &format!("Unused fragment {}", fragment.name), fragment.position);
        }
    }
}

fn is_composite(types: &TypeSystem, id: TypeId) -> bool {
    matches!(types.get(id).kind, TypeKind::Object(_) | TypeKind::Interface { .. } | TypeKind::Union { .. })
}

pub(super) fn fragments_on_composite_type(walk: &mut Walk<'_>, condition: &str, what: &str, location: Position) {
    if let Some((id, _)) = walk.types.by_name(condition)
        && !is_composite(walk.types, id)
    {
        let text = format!("{what} type condition is invalid, must be on Object/Interface/Union");
        walk.error("InlineFragmentTypeConditionInvalid", &text, location);
    }
}

/// The spreads in every fragment definition; empty when no fragment leads back to itself.
pub(super) struct Cycles<'a> {
    spreads: HashMap<&'a str, Vec<&'a FragmentSpread>>,
}

impl<'a> Cycles<'a> {
    pub(super) fn new(document: &'a Document) -> Self {
        let spreads: HashMap<&str, Vec<_>> =
            document.fragments.iter().map(|fragment| (&*fragment.name, spreads(&fragment.selection_set))).collect();
        // Takes away fragments nobody spreads until none is left to take; what remains is on a cycle or below one.
        let mut spread_by: HashMap<&str, usize> = HashMap::new();
        for spread in spreads.values().flatten() {
            *spread_by.entry(&spread.name).or_default() += 1;
        }
        let mut free: Vec<&str> = spreads.keys().copied().filter(|name| !spread_by.contains_key(name)).collect();
        let mut taken = 0;
        while let Some(name) = free.pop() {
            taken += 1;
            for spread in &spreads[name] {
                let count = spread_by.entry(&spread.name).or_default();
                *count -= 1;
                if *count == 0 && spreads.contains_key(&*spread.name) {
                    free.push(&spread.name);
                }
            }
        }
        Self { spreads: if taken == spreads.len() { HashMap::new() } else { spreads } }
    }
}

/// Every way that leads from a fragment back to itself, each fragment entered once; the error names the spreads on the way.
pub(super) fn no_fragment_cycles<'a>(walk: &mut Walk<'a>, fragment: &'a FragmentDefinition) {
    let initial = &*fragment.name;
    let mut ways = Vec::new();
    if let Some(first) = walk.cycles.spreads.get(initial).filter(|_| !walk.is_full()) {
        let mut entered = HashSet::from([initial]);
        // One level per fragment on the way: its spreads still to look at. On the heap: a chain may be thousands long.
        let mut levels = vec![first.iter()];
        let mut way: Vec<Position> = Vec::new();
        while let Some(level) = levels.last_mut() {
            let Some(spread) = level.next() else {
                levels.pop();
                way.pop();
                continue;
            };
            if *spread.name == *initial {
                ways.push(way.clone());
                if ways.len() == MAX_ERRORS {
                    break;
                }
            } else if let Some(next) = walk.cycles.spreads.get(&*spread.name)
                && entered.insert(&spread.name)
            {
                way.push(spread.position);
                levels.push(next.iter());
            }
        }
    }
    for way in ways {
        walk.error_at("FragmentCycle", "Fragment cycles not allowed", way);
    }
}

/// The spreads anywhere in a selection set, in document order.
fn spreads(set: &[Selection]) -> Vec<&FragmentSpread> {
    let mut found = Vec::new();
    let mut pending = vec![set.iter()];
    while let Some(level) = pending.last_mut() {
        match level.next() {
            Some(Selection::FragmentSpread(spread)) => found.push(spread),
            Some(Selection::Field(field)) => pending.push(field.selection_set.iter()),
            Some(Selection::InlineFragment(fragment)) => pending.push(fragment.selection_set.iter()),
            None => drop(pending.pop()),
        }
    }
    found
}

pub(super) fn possible_inline_fragment(
    walk: &mut Walk<'_>,
    fragment: &InlineFragment,
    condition: Option<TypeId>,
    parent: Option<TypeId>,
) {
    impossible(walk, "Fragment", condition, parent, fragment.position);
}

pub(super) fn possible_fragment_spread(
    walk: &mut Walk<'_>,
    spread: &FragmentSpread,
    fragment: &FragmentDefinition,
    parent: Option<TypeId>,
) {
    let condition = walk.types.by_name(&fragment.type_condition).map(|(id, _)| id);
    impossible(walk, &format!("Fragment {}", spread.name), condition, parent, spread.position);
}

fn impossible(walk: &mut Walk<'_>, what: &str, condition: Option<TypeId>, parent: Option<TypeId>, location: Position) {
    let types = walk.types;
    if let (Some(condition), Some(parent)) = (condition, parent)
        && is_composite(types, condition)
        && !types.types_overlap(condition, parent)
    {
        let (parent, condition) = (&types.get(parent).name, &types.get(condition).name);
        let text = format!("{what} cannot be spread here as objects of type {parent} can never be of type {condition}");
        walk.error("InvalidFragmentType", &text, location);
    }
}
