//! A configuration as a tree that remembers where each part was written.
//!
//! TOML text, environment variables and flags end in the same tree, so one reader serves them all, and a wrong environment
//! variable is reported as precisely as a wrong line.

use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use toml_edit::{Document, Item, TableLike, Value};

use crate::diagnostic::{Diagnostic, Place, Source};

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) kind: Kind,
}

/// What a [`Node`] holds.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    String(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    /// A TOML date or time, as text.
    DateTime(String),
    /// The value of an environment variable or flag: a text that becomes what the key needs.
    Override(String),
    List(Vec<Node>),
    Table(IndexMap<String, Entry>),
}

/// A member of a table.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Where the key was written.
    pub(super) key: Place,
    pub(super) node: Node,
}

impl Kind {
    /// The kind in words, for messages.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Kind::String(_) => "a string",
            Kind::Integer(_) => "a whole number",
            Kind::Float(_) => "a decimal number",
            Kind::Boolean(_) => "a boolean",
            Kind::DateTime(_) => "a date",
            Kind::Override(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Table(_) => "a table",
        }
    }
}

/// Whether the value of `key` in the table `parent` is a secret. Its text is left out of the source that findings show,
/// wherever in its line they stand.
pub(super) fn is_secret(parent: &str, key: &str) -> bool {
    matches!(key, "secret" | "client_secret" | "access_key_id" | "secret_access_key" | "session_token" | "password")
        || (parent == "api_keys" && key == "id")
        // The variables of a function.
        || parent == "environment"
        // A password may be in it.
        || (parent == "database" && key == "url")
        || (parent == "realtime" && key == "broker")
}

/// Whether a text has secrets where a URL without any belongs: a name and a password before an `@`, or a key in its query.
pub(super) fn is_url_with_secrets(key: &str, text: &str) -> bool {
    matches!(key, "endpoint" | "http") && text.contains(['@', '?'])
}

/// Parses TOML. The parser stops at the first syntax error; nesting is bounded by it (80 levels).
pub(super) fn parse(source: &Arc<Source>) -> Result<Node, Diagnostic> {
    match Document::parse(source.text.as_str()) {
        Ok(document) => {
            let mut text = source.text.clone().into_bytes();
            hide_in(document.as_table(), "", &mut text);
            // Whole texts become asterisks, so that it is UTF-8 as before; every position stays.
            let text = String::from_utf8(text).unwrap_or_default();
            let source = Arc::new(Source { path: source.path.clone(), text });
            Ok(Converter { source: &source }.table(document.as_table(), 0..0))
        }
        Err(error) => {
            let message = error.message().lines().collect::<Vec<_>>().join("; ");
            let span = error.span().unwrap_or(0..0);
            Err(Diagnostic::error("syntax", format!("this is not TOML: {message}"))
                .help("see https://toml.io for the syntax")
                .at(source, span))
        }
    }
}

/// Overwrites the secret texts of a table.
fn hide_in(table: &dyn TableLike, parent: &str, text: &mut [u8]) {
    for (key, item) in table.iter() {
        match item {
            Item::Table(table) => hide_in(table, key, text),
            Item::ArrayOfTables(tables) => tables.iter().for_each(|table| hide_in(table, key, text)),
            Item::Value(value) => hide(value, parent, key, text),
            Item::None => {}
        }
    }
}

fn hide(value: &Value, parent: &str, key: &str, text: &mut [u8]) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| hide(item, parent, key, text)),
        Value::InlineTable(table) => hide_in(table, key, text),
        Value::String(written) if is_secret(parent, key) || is_url_with_secrets(key, written.value()) => {
            if let Some(written) = value.span().and_then(|span| text.get_mut(span)) {
                written.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b'*');
            }
        }
        _ => {}
    }
}

struct Converter<'a> {
    source: &'a Arc<Source>,
}

impl Converter<'_> {
    fn place(&self, span: Range<usize>) -> Place {
        Place { source: Arc::clone(self.source), span }
    }

    fn table(&self, table: &dyn TableLike, span: Range<usize>) -> Node {
        let entries = table
            .iter()
            .map(|(name, item)| {
                let key = table.key(name).and_then(toml_edit::Key::span).or_else(|| item.span()).unwrap_or_else(|| span.clone());
                let node = self.item(item, &key);
                (name.to_owned(), Entry { key: self.place(key), node })
            })
            .collect();
        Node { place: self.place(span), kind: Kind::Table(entries) }
    }

    fn item(&self, item: &Item, key: &Range<usize>) -> Node {
        let span = item.span().unwrap_or_else(|| key.clone());
        match item {
            Item::Table(table) => self.table(table, span),
            Item::ArrayOfTables(tables) => {
                let tables = tables.iter().map(|table| self.table(table, table.span().unwrap_or_else(|| key.clone())));
                Node { kind: Kind::List(tables.collect()), place: self.place(span) }
            }
            Item::Value(value) => self.value(value, key),
            Item::None => Node { place: self.place(span), kind: Kind::Table(IndexMap::new()) },
        }
    }

    fn value(&self, value: &Value, key: &Range<usize>) -> Node {
        let span = value.span().unwrap_or_else(|| key.clone());
        let kind = match value {
            Value::String(text) => Kind::String(text.value().clone()),
            Value::Integer(number) => Kind::Integer(*number.value()),
            Value::Float(number) => Kind::Float(*number.value()),
            Value::Boolean(boolean) => Kind::Boolean(*boolean.value()),
            Value::Datetime(datetime) => Kind::DateTime(datetime.value().to_string()),
            Value::Array(items) => Kind::List(items.iter().map(|item| self.value(item, &span)).collect()),
            Value::InlineTable(table) => return self.table(table, span),
        };
        Node { place: self.place(span), kind }
    }
}
