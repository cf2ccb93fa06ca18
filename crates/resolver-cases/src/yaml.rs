//! YAML text to [`Node`]s: the core schema of YAML 1.2, one document, everything that JSON has a value for.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};
use value::{MAX_DEPTH, Number, Str, Value};

use crate::finding::Finding;
use crate::node::{Entry, Kind, MAX_NODES, Node, Style, check_distinct, too_deep};

pub(crate) fn parse(text: &str) -> Result<Node, Finding> {
    let mut builder =
        Builder { text, offsets: Offsets::new(text), open: Vec::new(), anchors: HashMap::new(), nodes: 0, root: None };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| builder.syntax(&error))?;
        builder.event(event, span)?;
    }
    builder.root.ok_or_else(|| Finding::new("yaml-syntax", 0..0, "the file is empty", "a case file has a list of `cases`"))
}

struct Builder<'a> {
    text: &'a str,
    offsets: Offsets,
    open: Vec<Open>,
    /// By the parser's number of the anchor.
    anchors: HashMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
}

/// A collection that has not ended.
struct Open {
    start: usize,
    anchor: usize,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Object { entries: Vec<Entry>, key: Option<(Str, Range<usize>)> },
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Finding> {
        let span = self.offsets.at(span.start.index())..self.offsets.at(span.end.index());
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) if self.root.is_some() => {
                let help = "put all cases of a file into its one list of `cases`";
                Err(Finding::new("several-documents", span, "a second document begins here", help))
            }
            Event::DocumentStart(_) => Ok(()),
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(&text, style, tag.as_deref(), &span)?;
                let style = if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) { Style::Block } else { Style::Flow };
                let kept = self.text.get(span.clone()).unwrap_or_default();
                // The span of a block scalar ends where the next token begins.
                let end = if style == Style::Block { span.start + kept.trim_end().len() } else { span.end };
                self.add(Node { kind: Kind::Scalar(value), span: span.start..end, style }, anchor)
            }
            Event::Alias(id) => {
                let Some(node) = self.anchors.get(&id) else {
                    let help = "an alias names what stands complete before it";
                    return Err(Finding::new("invalid-alias", span, "this alias names what it is itself a part of", help));
                };
                self.nodes += node.count();
                let node = Node { kind: node.kind.clone(), span, style: Style::Alias };
                self.add(node, 0)
            }
            Event::SequenceStart(anchor, tag) => {
                untagged(tag.as_deref(), "seq", &span)?;
                self.open(span.start, anchor, Items::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                untagged(tag.as_deref(), "map", &span)?;
                self.open(span.start, anchor, Items::Object { entries: Vec::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&span),
        }
    }

    fn open(&mut self, start: usize, anchor: usize, items: Items) -> Result<(), Finding> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(start));
        }
        self.open.push(Open { start, anchor, items });
        Ok(())
    }

    fn close(&mut self, end: &Range<usize>) -> Result<(), Finding> {
        let Some(Open { start, anchor, items }) = self.open.pop() else { return Ok(()) };
        // A bracket ends flow collections; the end of a block is where the next token begins.
        let style = if end.is_empty() { Style::Block } else { Style::Flow };
        let last = match &items {
            Items::List(items) => items.last(),
            Items::Object { entries, .. } => entries.last().map(|entry| &entry.node),
        };
        let end = if style == Style::Flow { end.end } else { last.map_or(start, |node| node.span.end) };
        let kind = match items {
            Items::List(items) => Kind::List(items),
            Items::Object { entries, .. } => {
                check_distinct(&entries)?;
                Kind::Object(entries)
            }
        };
        self.add(Node { kind, span: start..end, style }, anchor)
    }

    /// A node is complete: it becomes a part of what is open.
    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Finding> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = format!("the file has more than {MAX_NODES} values, counting what its aliases stand for");
            return Err(Finding::new(
                "too-many-values",
                node.span,
                message,
                "divide it into several files, or use fewer aliases",
            ));
        }
        if node.style == Style::Alias && self.open.len() + depth(&node) > MAX_DEPTH {
            return Err(too_deep(node.span.start));
        }
        if anchor != 0 {
            self.nodes += node.count();
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.items) {
            None => self.root = Some(node),
            Some(Items::List(items)) => items.push(node),
            Some(Items::Object { entries, key }) => match key.take() {
                Some((key, key_span)) => entries.push(Entry { key, key_span, node }),
                None => *key = Some((key_of(&node)?, node.span)),
            },
        }
        Ok(())
    }

    fn syntax(&self, error: &ScanError) -> Finding {
        let at = self.offsets.at(error.marker().index());
        let message = error.info();
        let help = if message.contains("tab") {
            "indent with spaces"
        } else if message.contains("anchor") {
            "an alias `*name` needs an anchor `&name` before it; text that begins with * or & stands in quotes"
        } else if message.contains("recursion limit") {
            return too_deep(at);
        } else {
            "text with : # { } [ ] , & * ! | > % @ or quotes in it stands in quotes"
        };
        Finding::new("yaml-syntax", at..at, message, help)
    }
}

fn depth(node: &Node) -> usize {
    match &node.kind {
        Kind::Scalar(_) => 0,
        Kind::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Kind::Object(entries) => 1 + entries.iter().map(|entry| depth(&entry.node)).max().unwrap_or(0),
    }
}

/// A key as text: a JSON object has no other keys.
fn key_of(node: &Node) -> Result<Str, Finding> {
    match &node.kind {
        Kind::Scalar(Value::String(text)) => Ok(Str::clone(text)),
        Kind::Scalar(value @ (Value::Number(_) | Value::Bool(_) | Value::Null)) => Ok(value.to_json().into()),
        _ => Err(Finding::new(
            "invalid-key",
            node.span.clone(),
            format!("a key is text, this is a {}", node.kind_name()),
            "text that begins with { or [ stands in quotes",
        )),
    }
}

fn untagged(tag: Option<&Tag>, own: &str, span: &Range<usize>) -> Result<(), Finding> {
    match tag {
        Some(tag) if !(tag.is_yaml_core_schema() && tag.suffix == own) => Err(unknown_tag(tag, span)),
        _ => Ok(()),
    }
}

fn unknown_tag(tag: &Tag, span: &Range<usize>) -> Finding {
    let (message, help) = (format!("the tag {tag} means nothing here"), "tags may be !!str, !!int, !!float, !!bool and !!null");
    Finding::new("unknown-tag", span.clone(), message, help)
}

/// The value of a scalar (YAML 1.2.2 §10.3.2, tag resolution of the core schema).
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: &Range<usize>) -> Result<Value, Finding> {
    let wanted = match tag {
        None if style == ScalarStyle::Plain => None,
        None => return Ok(Value::from(text)),
        Some(tag) if tag.is_yaml_core_schema() => Some(tag),
        Some(tag) => return Err(unknown_tag(tag, span)),
    };
    let resolved = plain(text, span)?;
    let Some(tag) = wanted else { return Ok(resolved) };
    let fits = match tag.suffix.as_str() {
        "str" => return Ok(Value::from(text)),
        "null" => resolved.is_null(),
        "bool" => resolved.as_bool().is_some(),
        "int" => resolved.as_i64().is_some() || resolved.as_number().and_then(Number::as_u64).is_some(),
        "float" => resolved.as_number().is_some(),
        _ => return Err(unknown_tag(tag, span)),
    };
    if fits {
        return Ok(resolved);
    }
    Err(Finding::new("invalid-value", span.clone(), format!("`{text}` is no {}", tag.suffix), "correct the value or the tag"))
}

/// Whether a bare scalar is text.
pub(crate) fn is_text(text: &str) -> bool {
    matches!(plain(text, &(0..0)), Ok(Value::String(_)))
}

fn plain(text: &str, span: &Range<usize>) -> Result<Value, Finding> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    // Nearly all numbers are written as in JSON, and stay exactly as they are written.
    if let Some(number) = Number::from_text(text) {
        return Ok(Value::Number(number));
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        let help = "JSON has no such number; text stands in quotes";
        return Err(Finding::new("invalid-value", span.clone(), format!("`{text}` is a number that resolvers never see"), help));
    }
    let radix = |prefix: &str, radix| {
        let digits = text.strip_prefix(prefix)?;
        digits.chars().all(|digit| digit.is_digit(radix)).then(|| u64::from_str_radix(digits, radix).ok())?
    };
    if let Some(number) = radix("0o", 8).or_else(|| radix("0x", 16)) {
        return Ok(Value::from(number));
    }
    Ok(relaxed(unsigned, text.starts_with('-')).map_or_else(|| Value::from(text), Value::Number))
}

/// A number as YAML allows beyond JSON: `+1`, `.5`, `1.`, `007`.
fn relaxed(unsigned: &str, negative: bool) -> Option<Number> {
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => unsigned.split_at(at),
        None => (unsigned, ""),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let mut text = String::with_capacity(unsigned.len() + 2);
    text.extend(negative.then_some('-'));
    text.push_str(if whole.is_empty() { "0" } else { whole });
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    text.push_str(exponent);
    Number::from_text(&text)
}

/// The parser counts characters, everything else counts bytes.
struct Offsets {
    /// The byte at which each character begins; empty where both are the same.
    bytes: Vec<u32>,
    len: usize,
}

impl Offsets {
    fn new(text: &str) -> Self {
        let bytes = if text.is_ascii() {
            Vec::new()
        } else {
            // Files are smaller than 4 GiB by far.
            text.char_indices().map(|(at, _)| u32::try_from(at).unwrap_or(u32::MAX)).collect()
        };
        Self { bytes, len: text.len() }
    }

    fn at(&self, character: usize) -> usize {
        if self.bytes.is_empty() {
            return character.min(self.len);
        }
        self.bytes.get(character).map_or(self.len, |&at| at as usize)
    }
}
