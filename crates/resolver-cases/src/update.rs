//! Snapshots rewritten where they stand.
//!
//! Only what differs is replaced: an object whose members stay the same ones is entered, so that comments and layout inside a
//! snapshot survive as far as they can. Everything else of the file stays byte by byte. What was written is read again, and the
//! file is given back only if it says exactly what it said before with the new snapshots in their places.

use std::ops::Range;

use value::Value;

use crate::node::{self, Entry, Kind, Node, Style};
use crate::{Language, yaml_text};

/// What is to be written into a case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Updates {
    /// Its `expect`.
    pub expect: Option<Value>,
    /// `request` of calls, by the place of the call.
    pub requests: Vec<(usize, Value)>,
}

impl Updates {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expect.is_none() && self.requests.is_empty()
    }
}

/// A case's snapshot cannot be rewritten where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotUpdated {
    /// The place of the case in its file.
    pub case: usize,
    /// Where it stands in the text.
    pub span: Range<usize>,
}

/// The text with the updates of cases, which are named by their places in the file. The order of `updates` does not matter.
///
/// # Errors
/// The first case whose snapshot cannot be rewritten: one that stands behind an alias, for instance.
pub fn update(text: &str, language: Language, updates: &[(usize, Updates)]) -> Result<String, NotUpdated> {
    if let Some(updated) = attempt(text, language, updates) {
        return Ok(updated);
    }
    // One of them at least is in the way; to name it is worth another look.
    let culprit = updates.iter().find(|one| attempt(text, language, std::slice::from_ref(one)).is_none());
    let case = culprit.or(updates.first()).map_or(0, |(case, _)| *case);
    let span = node::parse(text, language).ok().and_then(|root| Some(cases(&root)?.get(case)?.span.clone()));
    Err(NotUpdated { case, span: span.unwrap_or(0..0) })
}

fn cases(root: &Node) -> Option<&[Node]> {
    match &root.get("cases")?.node.kind {
        Kind::List(items) => Some(items),
        _ => None,
    }
}

fn attempt(text: &str, language: Language, updates: &[(usize, Updates)]) -> Option<String> {
    let root = node::parse(text, language).ok()?;
    let mut expected = root.value();
    let mut editor = Editor { text, language, edits: Vec::new() };
    for (at, updates) in updates {
        let case = cases(&root)?.get(*at)?;
        let member = |value: &mut Value, key: &str, new: &Value| Some(value.as_object_mut()?.insert(key, new));
        let expected = expected.as_object_mut()?.get_mut("cases")?.as_list_mut()?.get_mut(*at)?;
        if let Some(new) = &updates.expect {
            match case.get("expect") {
                Some(entry) => editor.replace_member(entry, case.style, new)?,
                None => editor.append_member(case, "expect", new)?,
            }
            member(expected, "expect", new)?;
        }
        for (call_at, new) in &updates.requests {
            let Kind::List(calls) = &case.get("calls")?.node.kind else { return None };
            let call = calls.get(*call_at)?;
            match call.get("request") {
                Some(entry) => editor.replace_member(entry, call.style, new)?,
                None => editor.insert_member(call, "request", new)?,
            }
            member(expected.as_object_mut()?.get_mut("calls")?.as_list_mut()?.get_mut(*call_at)?, "request", new)?;
        }
    }
    let updated = editor.applied()?;
    (node::parse(&updated, language).ok()?.value() == expected).then_some(updated)
}

/// Collects the edits of one text. `None` from its methods: this cannot be done.
struct Editor<'a> {
    text: &'a str,
    language: Language,
    edits: Vec<(Range<usize>, String)>,
}

impl Editor<'_> {
    fn applied(mut self) -> Option<String> {
        self.edits.sort_by_key(|(range, _)| (range.start, range.end));
        let ends = if self.text.contains("\r\n") { "\r\n" } else { "\n" };
        let mut updated = String::with_capacity(self.text.len() + 1024);
        let mut at = 0;
        for (range, new) in &self.edits {
            updated.push_str(self.text.get(at..range.start)?);
            updated.push_str(&if ends == "\n" { new.clone() } else { new.replace('\n', ends) });
            at = range.end;
        }
        updated.push_str(self.text.get(at..)?);
        Some(updated)
    }

    /// Gives a member another value. `parent` is how the object is written.
    fn replace_member(&mut self, entry: &Entry, parent: Style, new: &Value) -> Option<()> {
        if self.inside(&entry.node, new)? {
            return Some(());
        }
        match parent {
            Style::Alias => None,
            Style::Flow => self.replace_flow(&entry.node, new, entry.key_span.start),
            Style::Block => self.replace_block(entry, new),
        }
    }

    /// Writes the parts that differ; `false` where the whole must be replaced.
    fn inside(&mut self, old: &Node, new: &Value) -> Option<bool> {
        // An alias that says the new value, too, may stay.
        if old.value() == *new {
            return Some(true);
        }
        if old.style == Style::Alias {
            return Some(false);
        }
        match (&old.kind, new) {
            (Kind::Object(entries), Value::Object(object)) => {
                let is_same = entries.len() == object.len() && entries.iter().all(|entry| object.contains_key(&entry.key));
                if is_same {
                    for entry in entries {
                        self.replace_member(entry, old.style, object.get(&entry.key)?)?;
                    }
                }
                Some(is_same && !entries.is_empty())
            }
            (Kind::List(nodes), Value::List(items)) => {
                // The header of a literal block stands before its span: a list of which one changes is written as a whole.
                let is_literal = |node: &Node| node.style == Style::Block && matches!(node.kind, Kind::Scalar(_));
                let is_same = nodes.len() == items.len()
                    && !nodes.is_empty()
                    && !nodes.iter().zip(items.iter()).any(|(node, item)| is_literal(node) && node.value() != *item);
                if is_same {
                    for (node, item) in nodes.iter().zip(items.iter()) {
                        if self.inside(node, item)? {
                            continue;
                        }
                        match old.style {
                            Style::Flow => self.replace_flow(node, item, node.span.start)?,
                            _ => self.replace_item(node, item)?,
                        }
                    }
                }
                Some(is_same)
            }
            _ => Some(false),
        }
    }

    /// An item of a block list.
    fn replace_item(&mut self, old: &Node, new: &Value) -> Option<()> {
        let mut text = String::new();
        yaml_text::in_place(new, self.column(old.span.start), &mut text);
        self.edits.push((old.span.clone(), text));
        Some(())
    }

    /// A value between brackets, or in a JSON file, whose key begins at `key`.
    fn replace_flow(&mut self, old: &Node, new: &Value, key: usize) -> Option<()> {
        let text = self.flow(new, key);
        self.edits.push((old.span.clone(), text));
        Some(())
    }

    /// The value as JSON: on one line inside YAML, else laid out as the file is.
    fn flow(&self, new: &Value, key: usize) -> String {
        if self.language == Language::Yaml {
            return new.to_json();
        }
        let unit = self.unit();
        let indent = self.indent(key);
        let pretty = new.to_json_pretty();
        let mut lines = pretty.lines();
        let mut text = lines.next().unwrap_or_default().to_owned();
        for line in lines {
            let body = line.trim_start_matches(' ');
            let levels = (line.len() - body.len()) / 2;
            text.push('\n');
            text.push_str(indent);
            text.extend(std::iter::repeat_n(unit, levels));
            text.push_str(body);
        }
        text
    }

    /// What one level of a JSON file is indented by.
    fn unit(&self) -> &str {
        let mut indents = self.text.lines().map(|line| &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]);
        indents.find(|indent| !indent.is_empty()).unwrap_or("  ")
    }

    /// The value of a member whose key stands at the beginning of its line, or behind `- `.
    fn replace_block(&mut self, entry: &Entry, new: &Value) -> Option<()> {
        let colon = self.after_colon(entry)?;
        let old = &entry.node;
        let (start, mut end) = (old.span.start.max(colon), old.span.end.max(colon));
        // A comment on the line of the key stays there.
        let first_line = self.text.get(colon..start)?.split('\n').next().unwrap_or_default();
        let mut comment = first_line.find(" #").map(|at| first_line[at..].trim_end()).unwrap_or_default();
        let mut text = String::new();
        yaml_text::after_key(new, self.column(entry.key_span.start) + 2, "", &mut text);
        if text.contains('\n') {
            // One behind the old value would end up in or behind the last line of the new one.
            let rest = self.line_from(end);
            let behind = rest.trim_start();
            if behind.starts_with('#') {
                comment = rest.trim_end();
            }
            if behind.is_empty() || behind.starts_with('#') {
                end += rest.len();
            }
        }
        text.clear();
        yaml_text::after_key(new, self.column(entry.key_span.start) + 2, comment, &mut text);
        self.edits.push((colon..end, text));
        Some(())
    }

    /// The place behind the colon of a simple key.
    fn after_colon(&self, entry: &Entry) -> Option<usize> {
        let rest = self.text.get(entry.key_span.end..)?;
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        rest[blanks..].starts_with(':').then_some(entry.key_span.end + blanks + 1)
    }

    /// Adds a member behind the last one.
    fn append_member(&mut self, object: &Node, key: &str, new: &Value) -> Option<()> {
        let entries = object.entries()?;
        let (first, last) = (entries.first()?, entries.last()?);
        match object.style {
            Style::Alias => None,
            Style::Flow => {
                let own_line = self.indent(last.key_span.start).len() == self.column(last.key_span.start);
                let gap = if own_line { format!("\n{}", self.indent(last.key_span.start)) } else { " ".to_owned() };
                let value = self.flow(new, last.key_span.start);
                let key = if self.language == Language::Json { format!("\"{key}\"") } else { key.to_owned() };
                self.edits.push((last.node.span.end..last.node.span.end, format!(",{gap}{key}: {value}")));
                Some(())
            }
            Style::Block => {
                let column = self.column(first.key_span.start);
                let end = last.node.span.end.max(self.after_colon(last)?);
                let end = end + self.line_from(end).trim_end().len();
                let mut text = format!("\n{}{key}:", " ".repeat(column));
                yaml_text::after_key(new, column + 2, "", &mut text);
                self.edits.push((end..end, text));
                Some(())
            }
        }
    }

    /// Adds a member before the answer of a call.
    fn insert_member(&mut self, call: &Node, key: &str, new: &Value) -> Option<()> {
        let answer = call.get("result").or_else(|| call.get("error"))?;
        let at = answer.key_span.start;
        let text = match call.style {
            Style::Alias => return None,
            Style::Flow => {
                let own_line = self.indent(at).len() == self.column(at);
                let gap = if own_line { format!("\n{}", self.indent(at)) } else { " ".to_owned() };
                let key = if self.language == Language::Json { format!("\"{key}\"") } else { key.to_owned() };
                format!("{key}: {},{gap}", self.flow(new, at))
            }
            Style::Block => {
                let column = self.column(at);
                let mut text = format!("{key}:");
                yaml_text::after_key(new, column + 2, "", &mut text);
                text.push('\n');
                text.push_str(&" ".repeat(column));
                text
            }
        };
        self.edits.push((at..at, text));
        Some(())
    }

    /// In which column, from 0 and in characters, a place is.
    fn column(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        before[before.rfind('\n').map_or(0, |newline| newline + 1)..].chars().count()
    }

    /// What the line of a place is indented by.
    fn indent(&self, at: usize) -> &str {
        let before = self.text.get(..at).unwrap_or_default();
        let line = &self.text[before.rfind('\n').map_or(0, |newline| newline + 1)..];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }

    /// The rest of a line.
    fn line_from(&self, at: usize) -> &str {
        self.text.get(at..).and_then(|rest| rest.split(['\n', '\r']).next()).unwrap_or_default()
    }
}
