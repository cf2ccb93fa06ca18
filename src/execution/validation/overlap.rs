//! The rule OverlappingFieldsCanBeMerged (specification §5.3.2), in two passes.
//!
//! graphql-java compares every pair of fields that share a response key, which is quadratic. Here a first pass decides for
//! each selection set whether there is *any* conflict: fields of one key are compared with one representative, and their
//! sub-selections are merged as a whole, each merged set once per document. That is near-linear. Only a set with a conflict
//! is looked at again pair by pair, for graphql-java's words and places. Both passes together stop at
//! [`MAX_OVERLAP_WORK`] selections with an error that names the limit.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use super::super::ast::{Argument, Field, Position, Selection};
use super::walk::{Walk, nullable};
use super::{MAX_ERRORS, MAX_EXPANDED_DEPTH, MAX_OVERLAP_WORK};
use crate::schema::TypeSystem;
use crate::schema::type_system::{TypeId, TypeKind, TypeRef};

/// What was looked at so far.
#[derive(Default)]
pub(super) struct Overlap<'a> {
    /// Pairs of fields (their addresses) compared word for word.
    compared: HashSet<(usize, usize)>,
    /// Sets of selection sets (their addresses) whose merge was looked at.
    merged: HashSet<Vec<usize>>,
    /// The addresses above are of parts of the document, which outlives this.
    document: std::marker::PhantomData<&'a Selection>,
    work: usize,
    conflicts: usize,
    limit_reported: bool,
}

/// A field and the types it is selected with.
struct Entry<'a> {
    field: &'a Field,
    ty: Option<&'a TypeRef>,
    parent: Option<TypeId>,
}

type Set<'a> = (&'a [Selection], Option<TypeId>);
type Fields<'a> = IndexMap<&'a str, Vec<Entry<'a>>>;

/// The work allowed is done.
struct Exhausted;

pub(super) fn overlapping_fields_can_be_merged<'a>(walk: &mut Walk<'a>, set: &'a [Selection], output: Option<TypeId>) {
    // A single selection conflicts with nothing; what is inside it is looked at on its own.
    if set.len() < 2 || walk.is_full() || walk.overlap.limit_reported {
        return;
    }
    let outcome = match has_conflict(walk, (set, output)) {
        Ok(false) => return,
        Ok(true) => report(walk, (set, output)),
        Err(exhausted) => Err(exhausted),
    };
    if outcome.is_err() {
        walk.overlap.limit_reported = true;
        let text = format!("The check of overlapping fields stops after {MAX_OVERLAP_WORK} selections");
        let location = match &set[0] {
            Selection::Field(field) => field.position,
            Selection::InlineFragment(fragment) => fragment.position,
            Selection::FragmentSpread(spread) => spread.position,
        };
        walk.error("DocumentLimitExceeded", &text, location);
    }
}

fn spend(walk: &mut Walk<'_>, amount: usize) -> Result<(), Exhausted> {
    walk.overlap.work += amount;
    if walk.overlap.work > MAX_OVERLAP_WORK { Err(Exhausted) } else { Ok(()) }
}

/// The fields of the sets by response key, fragments put in place, each fragment once. Without recursion, as chains of
/// fragments may be long.
fn collect<'a>(walk: &mut Walk<'a>, sets: &[Set<'a>]) -> Result<Fields<'a>, Exhausted> {
    let types = walk.types;
    let type_named = |name: &str| types.by_name(name).map(|(id, _)| id);
    let mut fields = Fields::new();
    let mut visited = HashSet::new();
    for (set, parent) in sets {
        let mut pending = vec![(set.iter(), *parent)];
        while let Some((selections, parent)) = pending.last_mut() {
            let parent = *parent;
            let Some(selection) = selections.next() else {
                pending.pop();
                continue;
            };
            spend(walk, 1)?;
            match selection {
                Selection::Field(field) => {
                    let definition = parent.and_then(|parent| types.field(parent, &field.name));
                    let ty = definition.map(|definition| &definition.ty);
                    fields.entry(field.response_key()).or_default().push(Entry { field, ty, parent });
                }
                Selection::InlineFragment(fragment) => {
                    let parent = match &fragment.type_condition {
                        Some(condition) => type_named(condition),
                        None => parent,
                    };
                    pending.push((fragment.selection_set.iter(), parent));
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = walk.fragments.get(&*spread.name)
                        && visited.insert(&*fragment.name)
                    {
                        pending.push((fragment.selection_set.iter(), type_named(&fragment.type_condition)));
                    }
                }
            }
        }
    }
    Ok(fields)
}

/// Whether any two fields of a set, or of the sets below it that merge, conflict.
fn has_conflict<'a>(walk: &mut Walk<'a>, set: Set<'a>) -> Result<bool, Exhausted> {
    let types = walk.types;
    let mut pending: Vec<Vec<Set<'a>>> = vec![vec![set]];
    while let Some(sets) = pending.pop() {
        for entries in collect(walk, &sets)?.values().filter(|entries| entries.len() > 1) {
            let first = &entries[0];
            let typed = entries.iter().find(|entry| entry.ty.is_some()).unwrap_or(first);
            let differs =
                |entry: &Entry<'_>| shape_conflict(first.ty, entry.ty).is_some() || leaf_conflict(types, typed.ty, entry.ty);
            if entries.iter().any(differs) {
                return Ok(true);
            }
            let (mut anywhere, mut by_object) = (Vec::new(), IndexMap::<TypeId, Vec<&Entry<'a>>>::new());
            for entry in entries {
                match object_type(types, entry.parent) {
                    Some(object) => by_object.entry(object).or_default().push(entry),
                    None => anywhere.push(entry),
                }
            }
            let mut groups: Vec<Vec<&Entry<'a>>> = Vec::new();
            if by_object.is_empty() {
                groups.push(anywhere);
            } else {
                for objects in by_object.into_values() {
                    spend(walk, anywhere.len())?;
                    groups.push(anywhere.iter().copied().chain(objects).collect());
                }
            }
            for group in groups {
                let typed = group.iter().find(|entry| entry.ty.is_some()).unwrap_or(&group[0]);
                if group[1..].iter().any(|entry| same_parent_conflict(group[0], typed, entry)) {
                    return Ok(true);
                }
                let below: Vec<Set<'a>> = group
                    .iter()
                    .filter(|entry| !entry.field.selection_set.is_empty())
                    .map(|entry| (&*entry.field.selection_set, entry.ty.map(TypeRef::named)))
                    .collect();
                if below.len() > 1 {
                    let mut addresses: Vec<usize> = below.iter().map(|(set, _)| set.as_ptr().addr()).collect();
                    addresses.sort_unstable();
                    if walk.overlap.merged.insert(addresses) {
                        pending.push(below);
                    }
                }
            }
        }
    }
    Ok(false)
}

/// The type, if it is an object type: two different ones can never both apply.
fn object_type(types: &TypeSystem, id: Option<TypeId>) -> Option<TypeId> {
    id.filter(|id| matches!(types.get(*id).kind, TypeKind::Object(_)))
}

fn same_parent_conflict(first: &Entry<'_>, typed: &Entry<'_>, entry: &Entry<'_>) -> bool {
    first.field.name != entry.field.name
        || !same_named(typed.ty, entry.ty)
        || !same_arguments(&first.field.arguments, &entry.field.arguments)
}

/// Whether the innermost types are the same; an unknown type is the same as any.
fn same_named(left: Option<&TypeRef>, right: Option<&TypeRef>) -> bool {
    left.zip(right).is_none_or(|(left, right)| left.named() == right.named())
}

fn leaf_conflict(types: &TypeSystem, left: Option<&TypeRef>, right: Option<&TypeRef>) -> bool {
    let leaf = |ty: Option<&TypeRef>| ty.is_some_and(|ty| types.get(ty.named()).is_leaf());
    (leaf(left) || leaf(right)) && !same_named(left, right)
}

/// How the wrappers of two types differ. An unknown type is a nullable one that is no list.
fn shape_conflict(left: Option<&TypeRef>, right: Option<&TypeRef>) -> Option<&'static str> {
    let (mut left, mut right) = (left, right);
    loop {
        if left.is_some_and(TypeRef::is_non_null) != right.is_some_and(TypeRef::is_non_null) {
            return Some("fields have different nullability shapes");
        }
        match (left.map(nullable), right.map(nullable)) {
            (Some(TypeRef::List(left_item)), Some(TypeRef::List(right_item))) => {
                left = Some(left_item);
                right = Some(right_item);
            }
            (Some(TypeRef::List(_)), _) | (_, Some(TypeRef::List(_))) => return Some("fields have different list shapes"),
            _ => return None,
        }
    }
}

fn same_arguments(left: &[Argument], right: &[Argument]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let same = |(left, right): (&Argument, &Argument)| left.name == right.name && left.value == right.value;
    if left.iter().zip(right).all(same) {
        return true;
    }
    // Of a repeated argument the first counts here, as in graphql-java.
    let by_name: HashMap<&str, &Argument> = right.iter().rev().map(|argument| (&*argument.name, argument)).collect();
    left.iter().all(|argument| by_name.get(&*argument.name).is_some_and(|other| other.value == argument.value))
}

/// A conflict in graphql-java's words.
struct Conflict {
    reason: String,
    locations: Vec<Position>,
}

/// Notes the conflicts of a set, pair by pair.
fn report<'a>(walk: &mut Walk<'a>, set: Set<'a>) -> Result<(), Exhausted> {
    let fields = collect(walk, &[set])?;
    let mut found = Vec::new();
    let outcome = conflicts(walk, &fields, 0, &mut found);
    for conflict in found {
        walk.error_at("FieldsConflict", &conflict.reason, conflict.locations);
    }
    outcome
}

fn conflicts<'a>(walk: &mut Walk<'a>, fields: &Fields<'a>, depth: usize, found: &mut Vec<Conflict>) -> Result<(), Exhausted> {
    for (key, entries) in fields {
        for (index, left) in entries.iter().enumerate() {
            for right in &entries[index + 1..] {
                if walk.overlap.conflicts >= MAX_ERRORS || depth > MAX_EXPANDED_DEPTH {
                    return Ok(());
                }
                spend(walk, 1)?;
                if let Some(conflict) = conflict(walk, key, left, right, depth)? {
                    walk.overlap.conflicts += 1;
                    found.push(conflict);
                }
            }
        }
    }
    Ok(())
}

fn conflict<'a>(
    walk: &mut Walk<'a>,
    key: &str,
    left: &Entry<'a>,
    right: &Entry<'a>,
    depth: usize,
) -> Result<Option<Conflict>, Exhausted> {
    let address = |entry: &Entry<'a>| std::ptr::from_ref(entry.field).addr();
    let pair = (address(left).min(address(right)), address(left).max(address(right)));
    if !walk.overlap.compared.insert(pair) {
        return Ok(None);
    }
    let types = walk.types;
    let locations = vec![left.field.position, right.field.position];
    let conflict = |reason: String| Ok(Some(Conflict { reason: format!("{key}: {reason}"), locations: locations.clone() }));
    let name = |ty: Option<&TypeRef>| ty.map_or("null", |ty| &*types.get(ty.named()).name);
    let differing_types = || format!("they return differing types {} and {}", name(left.ty), name(right.ty));
    if let Some(reason) = shape_conflict(left.ty, right.ty) {
        return conflict(reason.to_owned());
    }
    if leaf_conflict(types, left.ty, right.ty) {
        return conflict(differing_types());
    }
    let parents = (object_type(types, left.parent), object_type(types, right.parent));
    if matches!(parents, (Some(left), Some(right)) if left != right) {
        return Ok(None);
    }
    if left.field.name != right.field.name {
        return conflict(format!("{} and {} are different fields", left.field.name, right.field.name));
    }
    if !same_named(left.ty, right.ty) {
        return conflict(differing_types());
    }
    if !same_arguments(&left.field.arguments, &right.field.arguments) {
        return conflict("they have differing arguments".to_owned());
    }
    if left.field.selection_set.is_empty() || right.field.selection_set.is_empty() {
        return Ok(None);
    }
    let below = |entry: &Entry<'a>| (&*entry.field.selection_set, entry.ty.map(TypeRef::named));
    let fields = collect(walk, &[below(left), below(right)])?;
    let mut inner = Vec::new();
    conflicts(walk, &fields, depth + 1, &mut inner)?;
    if inner.is_empty() {
        return Ok(None);
    }
    let reasons: Vec<&str> = inner.iter().map(|conflict| &*conflict.reason).collect();
    let reason = format!("{key}: ({})", reasons.join(", "));
    let locations = locations.into_iter().chain(inner.iter().flat_map(|conflict| conflict.locations.iter().copied())).collect();
    Ok(Some(Conflict { reason, locations }))
}
