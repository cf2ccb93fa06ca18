//! Recursion, from the calls between the named functions of a file.

use std::collections::{HashMap, HashSet};

use oxc::semantic::SymbolId;
use oxc::span::Span;

/// How many functions AppSync's message lists here; a longer way around ends in dots.
const MAX_LISTED: usize = 20;

/// A call of a named function.
pub(super) struct Call {
    /// The named function around it.
    pub(super) from: Option<SymbolId>,
    pub(super) to: SymbolId,
    pub(super) span: Span,
}

/// How a call takes part in recursion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A function calls itself.
    Itself,
    /// What is called calls the function around this call, over whatever others.
    Around,
    /// What is called is recursive, or calls what is.
    Before,
}

/// A call that takes part in recursion, with the functions on the way around by name, as AppSync lists them.
pub(super) struct Recursive {
    pub(super) call: Call,
    pub(super) part: Part,
    pub(super) path: String,
}

/// The calls that take part in recursion.
pub(super) fn recursive(calls: Vec<Call>, names: &HashMap<SymbolId, String>) -> Vec<Recursive> {
    let mut callees: HashMap<SymbolId, Vec<SymbolId>> = HashMap::new();
    let mut callers: HashMap<SymbolId, Vec<SymbolId>> = HashMap::new();
    let mut open_calls: HashMap<SymbolId, usize> = HashMap::new();
    for call in &calls {
        open_calls.entry(call.to).or_default();
        if let Some(from) = call.from {
            callees.entry(from).or_default().push(call.to);
            callers.entry(call.to).or_default().push(from);
            *open_calls.entry(from).or_default() += 1;
        }
    }
    // Functions that call nothing end; so do those that only call such, and so on. What remains leads into a circle.
    let mut ended: Vec<SymbolId> = open_calls.iter().filter(|(_, open)| **open == 0).map(|(symbol, _)| *symbol).collect();
    let mut endless: HashSet<SymbolId> = open_calls.keys().copied().collect();
    while let Some(symbol) = ended.pop() {
        endless.remove(&symbol);
        for caller in callers.get(&symbol).into_iter().flatten() {
            if let Some(open) = open_calls.get_mut(caller) {
                *open -= 1;
                if *open == 0 {
                    ended.push(*caller);
                }
            }
        }
    }
    let mut reachable: HashMap<SymbolId, HashSet<SymbolId>> = HashMap::new();
    let mut found = Vec::new();
    for call in calls {
        if !endless.contains(&call.to) {
            continue;
        }
        let reached = reachable.entry(call.to).or_insert_with(|| reached(call.to, &callees, &endless));
        let part = match call.from {
            Some(from) if from == call.to => Part::Itself,
            Some(from) if reached.contains(&from) => Part::Around,
            _ => Part::Before,
        };
        let path = path(&call, &callees, &endless, names);
        found.push(Recursive { call, part, path });
    }
    found
}

/// What `start` calls, over others too, of the functions that lead into a circle.
fn reached(start: SymbolId, callees: &HashMap<SymbolId, Vec<SymbolId>>, endless: &HashSet<SymbolId>) -> HashSet<SymbolId> {
    let mut seen = HashSet::from([start]);
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        for next in callees.get(&at).into_iter().flatten() {
            if endless.contains(next) && seen.insert(*next) {
                open.push(*next);
            }
        }
    }
    seen
}

/// The first way around that is found from a call, as AppSync writes it: `a <-b <-a`.
fn path(
    call: &Call,
    callees: &HashMap<SymbolId, Vec<SymbolId>>,
    endless: &HashSet<SymbolId>,
    names: &HashMap<SymbolId, String>,
) -> String {
    let mut way: Vec<SymbolId> = call.from.into_iter().collect();
    let mut at = call.to;
    let mut start = 0;
    while way.len() < MAX_LISTED {
        if let Some(seen) = way.iter().position(|symbol| *symbol == at) {
            start = seen;
            break;
        }
        way.push(at);
        let next = callees.get(&at).and_then(|next| next.iter().find(|next| endless.contains(next)));
        let Some(next) = next else { break };
        at = *next;
    }
    let closed = way.get(start) == Some(&at);
    way.drain(..start);
    way.push(at);
    let mut listed: Vec<&str> = way.iter().map(|symbol| names.get(symbol).map_or("Unknown", String::as_str)).collect();
    if !closed {
        listed.push("...");
    }
    listed.join(" <-")
}
