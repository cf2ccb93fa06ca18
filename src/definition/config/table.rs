//! The collecting reader: takes typed values out of a tree, and reports everything that does not fit.
//!
//! A [`Table`] remembers which keys it was asked for; [`Table::finish`] reports the others. Whatever is wrong is reported where
//! it stands and reading goes on, so that one run shows all there is to mend.

use std::cell::RefCell;

use indexmap::IndexMap;

use super::node::{Entry, Kind, Node};
use super::values::{FromNode, Problem, wrong_type};
use crate::diagnostic::{Diagnostic, Place, closest};

/// Collects findings.
#[derive(Debug, Default)]
pub(super) struct Report {
    found: RefCell<Vec<Diagnostic>>,
    /// The keys that each table was asked for, for the test that holds the reference page against them.
    #[cfg(test)]
    pub(super) asked: RefCell<std::collections::BTreeMap<String, std::collections::BTreeSet<&'static str>>>,
}

impl Report {
    pub(super) fn push(&self, diagnostic: Diagnostic) {
        self.found.borrow_mut().push(diagnostic);
    }

    /// An error at `place`, with the way out.
    pub(super) fn error(&self, rule: &'static str, place: &Place, message: impl Into<String>, help: impl Into<String>) {
        self.push(Diagnostic::error(rule, message).help(help).at(&place.source, place.span.clone()));
    }

    /// A warning at `place`, with the way out.
    pub(super) fn warning(&self, rule: &'static str, place: &Place, message: impl Into<String>, help: impl Into<String>) {
        self.push(Diagnostic::warning(rule, message).help(help).at(&place.source, place.span.clone()));
    }

    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.found.into_inner()
    }
}

/// A table being read.
pub(super) struct Table<'a> {
    pub(super) report: &'a Report,
    /// The dotted path, for messages: `api.data_sources.posts`; empty for the root.
    pub(super) name: String,
    /// Where the table begins.
    pub(super) place: Place,
    entries: &'a IndexMap<String, Entry>,
    known: Vec<&'static str>,
}

impl<'a> Table<'a> {
    /// Reads `node` as a table; anything else is reported.
    pub(super) fn new(report: &'a Report, name: String, node: &'a Node) -> Option<Self> {
        let Kind::Table(entries) = &node.kind else {
            wrong_type(node, &name, "a table").into_iter().for_each(|diagnostic| report.push(diagnostic));
            return None;
        };
        Some(Self { report, name, place: node.place.clone(), entries, known: Vec::new() })
    }

    /// The dotted path of a key.
    pub(super) fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// The node at `key`, unread.
    pub(super) fn node(&mut self, key: &'static str) -> Option<&'a Node> {
        self.known.push(key);
        self.entries.get(key).map(|entry| &entry.node)
    }

    /// Where the value of `key` stands; the table itself when it has no such key.
    pub(super) fn place_of(&self, key: &str) -> Place {
        self.entries.get(key).map_or_else(|| self.place.clone(), |entry| entry.node.place.clone())
    }

    /// Whether `key` was written.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// The value at `key`, if there is one and it fits.
    pub(super) fn optional<T: FromNode>(&mut self, key: &'static str) -> Option<T> {
        let node = self.node(key)?;
        match T::from_node(node, &self.path(key)) {
            Ok(value) => Some(value),
            Err(diagnostics) => {
                diagnostics.into_iter().for_each(|diagnostic| self.report.push(diagnostic));
                None
            }
        }
    }

    /// The value at `key`, or `default`.
    pub(super) fn or<T: FromNode>(&mut self, key: &'static str, default: T) -> T {
        self.optional(key).unwrap_or(default)
    }

    /// The value at `key`; its absence is reported with `help`.
    pub(super) fn required<T: FromNode>(&mut self, key: &'static str, help: &str) -> Option<T> {
        self.require(key, help);
        self.optional(key)
    }

    /// Reports the absence of `key`.
    pub(super) fn require(&self, key: &str, help: &str) {
        if !self.has(key) {
            self.report.error("missing-key", &self.place, format!("`{}` is missing", self.path(key)), help);
        }
    }

    /// The value at `key`, after a check or conversion of its own.
    pub(super) fn checked<T: FromNode, U>(
        &mut self,
        key: &'static str,
        check: impl FnOnce(T) -> Result<U, Problem>,
    ) -> Option<U> {
        let value = self.optional(key)?;
        match check(value) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.report.push(problem.diagnostic(&self.path(key), &self.place_of(key)));
                None
            }
        }
    }

    /// One of a fixed set of names.
    pub(super) fn choice<T: Clone>(&mut self, key: &'static str, choices: &[(&'static str, T)]) -> Option<T> {
        self.checked(key, |name: String| {
            choices.iter().find(|(choice, _)| *choice == name).map(|(_, value)| value.clone()).ok_or_else(|| {
                let names: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
                let help = match closest(&name, names.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("one of: {}", names.join(", ")),
                };
                Problem::new(format!("cannot be `{name}`")).help(help)
            })
        })
    }

    /// The table at `key`.
    pub(super) fn table(&mut self, key: &'static str) -> Option<Table<'a>> {
        let node = self.node(key)?;
        Table::new(self.report, self.path(key), node)
    }

    /// The tables at `key`: a single one, or a list of them.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Table<'a>> {
        let Some(node) = self.node(key) else { return Vec::new() };
        match &node.kind {
            Kind::List(items) => items.iter().filter_map(|item| Table::new(self.report, self.path(key), item)).collect(),
            _ => Table::new(self.report, self.path(key), node).into_iter().collect(),
        }
    }

    /// The members of the table at `key`, whose names are the user's own: name, place of the name, value.
    pub(super) fn members(&mut self, key: &'static str) -> Vec<(&'a str, &'a Place, &'a Node)> {
        let Some(table) = self.table(key) else { return Vec::new() };
        table.entries.iter().map(|(name, entry)| (name.as_str(), &entry.key, &entry.node)).collect()
    }

    /// Accepts keys that AppSync has and that mean nothing here, and says so.
    pub(super) fn without_effect(&mut self, keys: &[&'static str], reason: &str) {
        for key in keys {
            if let Some((_, entry)) = self.entries.get_key_value(*key) {
                self.report.warning("without-effect", &entry.key, format!("`{}` has no effect here", self.path(key)), reason);
            }
        }
        self.known.extend(keys);
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self) {
        #[cfg(test)]
        self.report.asked.borrow_mut().entry(self.name.clone()).or_default().extend(&self.known);
        for (name, entry) in self.entries {
            if self.known.contains(&name.as_str()) {
                continue;
            }
            let help = match closest(name, self.known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    let mut known = self.known.clone();
                    known.sort_unstable();
                    format!("the keys here are: {}", known.join(", "))
                }
            };
            self.report.error("unknown-key", &entry.key, format!("unknown key `{}`", self.path(name)), help);
        }
    }
}
