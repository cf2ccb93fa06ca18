//! A case file as a tree that knows where each part stands: what YAML and JSON have in common.

use std::ops::Range;

use value::{MAX_DEPTH, Object, Str, Value};

use crate::finding::Finding;
use crate::{Language, json, yaml};

/// Bytes of a case file.
pub const MAX_FILE_BYTES: usize = 8 << 20;

/// How many values a file may hold once its aliases stand for what they name. A few lines of YAML can name billions.
pub(crate) const MAX_NODES: usize = 1_000_000;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// From its first byte to the one after its last, without comments and blanks around it. An alias has its own place.
    pub(crate) span: Range<usize>,
    pub(crate) style: Style,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Scalar(Value),
    List(Vec<Node>),
    Object(Vec<Entry>),
}

/// How a node is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// On lines of its own, by indentation.
    Block,
    /// In brackets, in quotes or bare.
    Flow,
    /// `*name`: its parts stand elsewhere.
    Alias,
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: Str,
    pub(crate) key_span: Range<usize>,
    pub(crate) node: Node,
}

impl Node {
    /// The value, without places.
    pub(crate) fn value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(items) => Value::from(items.iter().map(Node::value).collect::<Vec<_>>()),
            Kind::Object(entries) => {
                Value::from(entries.iter().map(|entry| (Str::clone(&entry.key), entry.node.value())).collect::<Object>())
            }
        }
    }

    /// The members, if this is an object.
    pub(crate) fn entries(&self) -> Option<&[Entry]> {
        match &self.kind {
            Kind::Object(entries) => Some(entries),
            _ => None,
        }
    }

    /// The member `key` of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries()?.iter().find(|entry| *entry.key == *key)
    }

    /// What the JSON value is called in messages.
    pub(crate) fn kind_name(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar(value) => value.kind(),
            Kind::List(_) => "list",
            Kind::Object(_) => "object",
        }
    }

    /// How many values this is.
    pub(crate) fn count(&self) -> usize {
        match &self.kind {
            Kind::Scalar(_) => 1,
            Kind::List(items) => 1 + items.iter().map(Node::count).sum::<usize>(),
            Kind::Object(entries) => 1 + entries.iter().map(|entry| entry.node.count()).sum::<usize>(),
        }
    }
}

/// Reads the text of a case file.
pub(crate) fn parse(text: &str, language: Language) -> Result<Node, Finding> {
    if text.len() > MAX_FILE_BYTES {
        let message = format!("the file has {} bytes, {MAX_FILE_BYTES} are the most", text.len());
        return Err(Finding::new("file-too-large", 0..0, message, "divide it into several files"));
    }
    match language {
        Language::Yaml => yaml::parse(text),
        Language::Json => json::parse(text),
    }
}

pub(crate) fn too_deep(at: usize) -> Finding {
    let message = format!("lists and objects are nested deeper than {MAX_DEPTH} levels");
    Finding::new("nested-too-deep", at..at, message, "values of resolvers have this limit, too")
}

/// A key that an object has already.
pub(crate) fn duplicate_key(key: &str, span: Range<usize>) -> Finding {
    Finding::new("duplicate-key", span, format!("`{key}` stands here a second time"), "remove one of them")
}

/// Looks for keys that stand twice, in an object of any size.
pub(crate) fn check_distinct(entries: &[Entry]) -> Result<(), Finding> {
    let mut seen = std::collections::HashSet::with_capacity(entries.len());
    match entries.iter().find(|entry| !seen.insert(&*entry.key)) {
        Some(entry) => Err(duplicate_key(&entry.key, entry.key_span.clone())),
        None => Ok(()),
    }
}
