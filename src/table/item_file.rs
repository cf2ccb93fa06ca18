//! Files of items: JSON Lines, lists, what the aws CLI prints and takes.
//!
//! Lines are read one at a time, so their number does not matter. A list is kept as text and parsed item by item; only what the
//! aws CLI prints or takes as one object is parsed whole.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;

use value::{Str, Value};

use super::item::ItemFormat;

/// The longest line: DynamoDB's largest item has 400 KB, whose JSON is at most some times as long.
const LONGEST_LINE: u64 = 16 << 20;
/// The largest file that is no JSON Lines.
const LARGEST_DOCUMENT: u64 = 256 << 20;
/// What `aws dynamodb scan` and `query` print beside `Items`.
const BESIDE_ITEMS: [&str; 6] = ["Items", "Count", "ScannedCount", "ConsumedCapacity", "LastEvaluatedKey", "NextToken"];

/// Something to be written.
pub(super) enum Write {
    /// An item.
    Put(Value),
    /// The key of an item that goes.
    Delete(Value),
}

/// An entry of a file.
pub(super) struct Entry {
    /// The table, where the file itself names it.
    pub(super) table: Option<Str>,
    pub(super) write: Write,
    pub(super) position: Position,
    /// Bytes of its text, about.
    pub(super) size: usize,
}

/// Where in a file something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Position {
    /// A line, from 1.
    Line(usize),
    /// An item of one object, from 1.
    Item(usize),
    /// The file as a whole.
    File,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, ":{line}"),
            Self::Item(item) => write!(f, ", item {item}"),
            Self::File => Ok(()),
        }
    }
}

/// Why a file cannot be read on.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) position: Position,
    pub(super) message: String,
}

fn fault(position: Position, message: impl Into<String>) -> Fault {
    Fault { position, message: message.into() }
}

/// Gives every entry of a file to `sink`, until it breaks. Bytes are reported to `progress` as they are read.
pub(super) fn read(
    path: &Path,
    format: Option<ItemFormat>,
    progress: &dyn Fn(usize),
    sink: &mut dyn FnMut(Entry) -> ControlFlow<()>,
) -> Result<(), Fault> {
    let file = File::open(path).map_err(|error| fault(Position::File, format!("cannot be read: {error}")))?;
    let mut text = BufReader::with_capacity(1 << 16, file);
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let is_lines = matches!(extension, "jsonl" | "ndjson");
    let first = start(&mut text)?;
    let mut reader = Reader { format, progress, sink };
    let read = match first {
        Some(b'[') if !is_lines => reader.list(&mut text),
        Some(b'{') if !is_lines => reader.objects(&mut text),
        // Also where the first blanks do not end: there are items on lines after them, or none.
        _ => reader.lines(&mut text, 1),
    };
    match read {
        Ok(()) | Err(Stop::Asked) => Ok(()),
        Err(Stop::Fault(fault)) => Err(fault),
    }
}

/// Skips a byte order mark; the first character that is not blank.
fn start(text: &mut impl BufRead) -> Result<Option<u8>, Fault> {
    let head = text.fill_buf().map_err(unreadable)?;
    if head.starts_with(&[0x1f, 0x8b]) {
        return Err(fault(Position::File, "is compressed with gzip: unpack it first, with gunzip"));
    }
    let mark = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let first = head[mark..].iter().find(|byte| !byte.is_ascii_whitespace()).copied();
    text.consume(mark);
    Ok(first)
}

#[allow(clippy::needless_pass_by_value)]
fn unreadable(error: io::Error) -> Fault {
    fault(Position::File, format!("cannot be read: {error}"))
}

enum Stop {
    /// The sink has enough.
    Asked,
    Fault(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

struct Reader<'a> {
    /// As asked for, or as the first item says.
    format: Option<ItemFormat>,
    progress: &'a dyn Fn(usize),
    sink: &'a mut dyn FnMut(Entry) -> ControlFlow<()>,
}

impl Reader<'_> {
    fn item(&mut self, item: Value, position: Position, size: usize) -> Result<(), Stop> {
        let format = *self.format.get_or_insert_with(|| ItemFormat::of(&item));
        let item = format.item(item).map_err(|message| fault(position, message))?;
        self.entry(Entry { table: None, write: Write::Put(item), position, size })
    }

    fn entry(&mut self, entry: Entry) -> Result<(), Stop> {
        match (self.sink)(entry) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Asked),
        }
    }

    /// An item on each line; blank lines are skipped.
    fn lines(&mut self, text: &mut impl BufRead, first: usize) -> Result<(), Stop> {
        let mut line = Vec::new();
        for number in first.. {
            line.clear();
            text.by_ref().take(LONGEST_LINE + 1).read_until(b'\n', &mut line).map_err(unreadable)?;
            if line.is_empty() {
                break;
            }
            if line.len() as u64 > LONGEST_LINE {
                return Err(fault(Position::Line(number), "the line is longer than 16 MiB").into());
            }
            (self.progress)(line.len());
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let item = Value::parse(&line).map_err(|error| {
                fault(Position::Line(number), format!("this is not JSON: {} at column {}", error.message, error.column))
            })?;
            self.item(item, Position::Line(number), line.len())?;
        }
        Ok(())
    }

    /// What begins with an object: JSON Lines if the first line is one that stands for itself, else a single object.
    fn objects(&mut self, text: &mut impl BufRead) -> Result<(), Stop> {
        let mut whole = Vec::new();
        let mut number = 0;
        while whole.iter().all(u8::is_ascii_whitespace) {
            whole.clear();
            let length = text.by_ref().take(LARGEST_DOCUMENT + 1).read_until(b'\n', &mut whole).map_err(unreadable)?;
            (self.progress)(length);
            number += 1;
            if length == 0 {
                return Ok(());
            }
        }
        if let Ok(first) = Value::parse(&whole) {
            if let Some(document) = Document::of(&first) {
                let rest = remaining(text, &mut whole)?;
                if whole[whole.len() - rest..].iter().all(u8::is_ascii_whitespace) {
                    return self.document(&document, whole.len());
                }
                let message = "after an object of the aws CLI nothing may follow; JSON Lines have an item on each line";
                return Err(fault(Position::Line(number + 1), message).into());
            }
            let size = whole.len();
            drop(whole);
            self.item(first, Position::Line(number), size)?;
            return self.lines(text, number + 1);
        }
        let rest = remaining(text, &mut whole)?;
        (self.progress)(rest);
        let parsed = Value::parse(&whole).map_err(|error| {
            let message = format!("this is not JSON: {} at column {}", error.message, error.column);
            fault(Position::Line(number + error.line - 1), message)
        })?;
        match Document::of(&parsed) {
            Some(document) => self.document(&document, whole.len()),
            None => {
                let message = "a file is a list of items, an item on each line, or an object that the aws CLI prints or takes";
                Err(fault(Position::File, message).into())
            }
        }
    }

    fn document(&mut self, document: &Document<'_>, size: usize) -> Result<(), Stop> {
        let mut number = 0;
        let size = size / document.count().max(1);
        match document {
            Document::Items(items) => {
                for item in *items {
                    number += 1;
                    self.item(item.clone(), Position::Item(number), size)?;
                }
            }
            Document::Batch(tables) => {
                for (table, requests) in tables {
                    for request in *requests {
                        number += 1;
                        let position = Position::Item(number);
                        let write = match (request.at(&["PutRequest", "Item"]), request.at(&["DeleteRequest", "Key"])) {
                            (item @ Value::Object(_), _) => Write::Put(item.clone()),
                            (_, key @ Value::Object(_)) => Write::Delete(key.clone()),
                            _ => return Err(fault(position, "a PutRequest has an Item, a DeleteRequest a Key").into()),
                        };
                        self.entry(Entry { table: Some(Str::clone(table)), write, position, size })?;
                    }
                }
            }
        }
        Ok(())
    }

    /// `[ITEM, …]`
    fn list(&mut self, text: &mut impl BufRead) -> Result<(), Stop> {
        let mut whole = Vec::new();
        remaining(text, &mut whole)?;
        let mut scan = Scan { text: &whole, at: 0, line: 1 };
        scan.skip_blanks();
        scan.at += 1;
        scan.skip_blanks();
        if scan.byte() == Some(b']') {
            scan.at += 1;
            return Ok(scan.end()?);
        }
        loop {
            scan.skip_blanks();
            let (start, line) = (scan.at, scan.line);
            let Some(end) = scan.element() else {
                return Err(fault(Position::Line(line), "this is not JSON: the list does not end").into());
            };
            let element = &whole[start..scan.at];
            let item = Value::parse(element).map_err(|error| {
                let message = format!("this is not JSON: {}", error.message);
                fault(Position::Line(line + error.line - 1), message)
            })?;
            (self.progress)(element.len());
            self.item(item, Position::Line(line), element.len())?;
            scan.at += 1;
            match end {
                b',' => {}
                b']' => return Ok(scan.end()?),
                _ => return Err(fault(Position::Line(scan.line), "this is not JSON: `}` closes nothing").into()),
            }
        }
    }
}

/// Appends the rest of a file; how long it is.
fn remaining(text: &mut impl BufRead, whole: &mut Vec<u8>) -> Result<usize, Fault> {
    let before = whole.len();
    text.by_ref().take(LARGEST_DOCUMENT + 1).read_to_end(whole).map_err(unreadable)?;
    if whole.len() as u64 > LARGEST_DOCUMENT {
        let message = "is larger than 256 MiB, which only JSON Lines may be: jq -c '.[]' items.json > items.jsonl";
        return Err(fault(Position::File, message));
    }
    Ok(whole.len() - before)
}

/// An object of the aws CLI.
enum Document<'a> {
    /// What scan and query print.
    Items(&'a [Value]),
    /// What batch-write-item takes.
    Batch(Vec<(&'a Str, &'a [Value])>),
}

impl<'a> Document<'a> {
    fn of(value: &'a Value) -> Option<Self> {
        let object = value.as_object().filter(|object| !object.is_empty())?;
        if let Some(items) = object.get("Items").and_then(Value::as_list)
            && object.keys().all(|key| BESIDE_ITEMS.contains(&&**key))
        {
            return Some(Self::Items(items));
        }
        let tables = object.get("RequestItems").and_then(Value::as_object).unwrap_or(object);
        let requests = tables.iter().map(|(table, requests)| {
            let requests = requests.as_list()?;
            requests.iter().all(is_request).then_some((table, requests))
        });
        requests.collect::<Option<_>>().map(Self::Batch)
    }

    fn count(&self) -> usize {
        match self {
            Self::Items(items) => items.len(),
            Self::Batch(tables) => tables.iter().map(|(_, requests)| requests.len()).sum(),
        }
    }
}

fn is_request(value: &Value) -> bool {
    let is_name = |name: &Str| matches!(&**name, "PutRequest" | "DeleteRequest");
    value.as_object().is_some_and(|object| object.len() == 1 && object.keys().all(is_name))
}

/// Finds where the items of a list end, without parsing them.
struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
}

impl Scan<'_> {
    fn byte(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while let Some(byte) = self.byte().filter(u8::is_ascii_whitespace) {
            self.line += usize::from(byte == b'\n');
            self.at += 1;
        }
    }

    /// Goes to the character that ends an element, and gives it.
    fn element(&mut self) -> Option<u8> {
        let mut depth = 0_usize;
        let mut in_string = false;
        loop {
            let byte = self.byte()?;
            match byte {
                b'\n' => self.line += 1,
                b'\\' if in_string => self.at += 1,
                b'"' => in_string = !in_string,
                _ if in_string => {}
                b'[' | b'{' => depth += 1,
                b',' | b']' | b'}' if depth == 0 => return Some(byte),
                b']' | b'}' => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
    }

    fn end(&mut self) -> Result<(), Fault> {
        self.skip_blanks();
        match self.byte() {
            None => Ok(()),
            Some(_) => Err(fault(Position::Line(self.line), "this is not JSON: the list has ended")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each entry as `table position json`, and the fault.
    fn entries(name: &str, text: &[u8], format: Option<ItemFormat>) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        let mut found = Vec::new();
        let read = read(&path, format, &|_| {}, &mut |entry| {
            let table = entry.table.as_deref().unwrap_or("-");
            let json = match &entry.write {
                Write::Put(item) => item.to_string(),
                Write::Delete(key) => format!("delete {key}"),
            };
            found.push(format!("{table}{} {json}", entry.position));
            ControlFlow::Continue(())
        });
        if let Err(fault) = read {
            found.push(format!("fault{} {}", fault.position, fault.message));
        }
        found
    }

    #[test]
    fn every_form_of_file_is_read() {
        let a = r#"{"id":{"S":"a"}}"#;
        let b = r#"{"id":{"S":"b"}}"#;
        let cases: [(&str, String, Vec<String>); 14] = [
            ("x.json", r#"[{"id":"a"},{"id":"b"}]"#.into(), vec![format!("-:1 {a}"), format!("-:1 {b}")]),
            ("x.json", " [\n {\"id\": \"a\"\n },\n\n{\"id\":\"b\"}\n]\n".into(), vec![format!("-:2 {a}"), format!("-:5 {b}")]),
            ("x.json", "[]".into(), vec![]),
            ("x.json", String::new(), vec![]),
            ("x.json", "\u{feff}[{\"id\":\"a\"}]".into(), vec![format!("-:1 {a}")]),
            ("x.jsonl", "{\"id\":\"a\"}\n\n{\"id\":\"b\"}".into(), vec![format!("-:1 {a}"), format!("-:3 {b}")]),
            ("x.json", "\n{\"id\":\"a\"}\n{\"id\":\"b\"}\n".into(), vec![format!("-:2 {a}"), format!("-:3 {b}")]),
            ("x.json", format!("{{\"Item\":{a}}}\n{{\"Item\":{b}}}\n"), vec![format!("-:1 {a}"), format!("-:2 {b}")]),
            ("x", format!("{a}\n"), vec![format!("-:1 {a}")]),
            ("x.json", format!("{{\"Items\":[{a},{b}],\"Count\":2}}"), vec![format!("-, item 1 {a}"), format!("-, item 2 {b}")]),
            (
                "x.json",
                format!("{{\n\"t\":[{{\"PutRequest\":{{\"Item\":{a}}}}}],\"u\":[{{\"DeleteRequest\":{{\"Key\":{b}}}}}]}}\n"),
                vec![format!("t, item 1 {a}"), format!("u, item 2 delete {b}")],
            ),
            (
                "x.json",
                format!("{{\"RequestItems\":{{\"t\":[{{\"PutRequest\":{{\"Item\":{a}}}}}]}}}}"),
                vec![format!("t, item 1 {a}")],
            ),
            // Quotes, escapes and brackets in texts end nothing.
            (
                "x.json",
                r#"[{"id":"]},\"[{\\"},{"id":"b"}]"#.into(),
                vec![r#"-:1 {"id":{"S":"]},\"[{\\"}}"#.into(), format!("-:1 {b}")],
            ),
            // The first item decides.
            (
                "x.jsonl",
                "{\"id\":\"a\"}\n{\"id\":{\"S\":\"b\"}}".into(),
                vec![format!("-:1 {a}"), r#"-:2 {"id":{"M":{"S":{"S":"b"}}}}"#.into()],
            ),
        ];
        for (name, text, expected) in cases {
            assert_eq!(entries(name, text.as_bytes(), None), expected, "{name}: {text}");
        }
        let plain = entries("x.jsonl", a.as_bytes(), Some(ItemFormat::Plain));
        assert_eq!(plain, [r#"-:1 {"id":{"M":{"S":{"S":"a"}}}}"#]);
    }

    #[test]
    fn faults_have_their_place() {
        let cases: [(&str, &[u8], &str); 13] = [
            ("x.jsonl", b"{\"a\":1}\n{\"a\":}\n", "fault:2 this is not JSON"),
            ("x.jsonl", b"{\"a\":1}\n[1]\n", "fault:2 an item is an object, not a list"),
            ("x.json", b"{\"a\":1}\nnonsense", "fault:2 this is not JSON"),
            ("x.json", b"{\"a\":\n 1,}", "fault:2 this is not JSON"),
            ("x.json", b"{\"a\":\n 1}", "fault a file is a list of items"),
            ("x.json", b"[{\"a\":1},\n{\"a\" 1}]", "fault:2 this is not JSON"),
            ("x.json", b"[{\"a\":1},\n", "fault:2 this is not JSON: the list does not end"),
            ("x.json", b"[{\"a\":1}]\n]", "fault:2 this is not JSON: the list has ended"),
            ("x.json", b"[{\"a\":1}}", "fault:1 this is not JSON: `}` closes nothing"),
            ("x.json", b"[{\"a\":1},]", "fault:1 this is not JSON"),
            ("x.json", b"[\n\n1]", "fault:3 an item is an object, not a number"),
            ("x.json", b"\x1f\x8b\x08", "fault is compressed with gzip"),
            ("x.json", b"[{\"a\":\"\xff\"}]", "fault:1 this is not JSON: invalid UTF-8"),
        ];
        for (name, text, expected) in cases {
            let found = entries(name, text, None);
            let last = found.last().expect("a fault");
            assert!(last.starts_with(expected), "{last} for {}", String::from_utf8_lossy(text));
        }
        assert!(entries("x.json", b"{\"t\":[{\"PutRequest\":{}}]}", None)[0].starts_with("fault, item 1 a PutRequest has"));
        let long = [b"{\"a\":1}\n\"".to_vec(), vec![b'x'; 17 << 20]].concat();
        assert_eq!(entries("x.jsonl", &long, None)[1], "fault:2 the line is longer than 16 MiB");
    }

    #[test]
    fn blanks_of_any_length_may_come_first() {
        let blanks = " \n".repeat(100_000);
        assert_eq!(entries("x.jsonl", format!("{blanks}{{\"a\":1}}").as_bytes(), None), [r#"-:100001 {"a":{"N":"1"}}"#]);
        assert_eq!(entries("x.json", blanks.as_bytes(), None), Vec::<String>::new());
    }

    #[test]
    fn damaged_files_are_read_without_panic() {
        let files = [
            ("x.json", r#"[{"id":"a\\\"","l":[1,[{}]]} , {"id":"b"}]"#),
            ("x.json", r#"{"t":[{"PutRequest":{"Item":{"id":{"S":"a"}}}},{"DeleteRequest":{"Key":{}}}]}"#),
            ("x.jsonl", "{\"Item\":{\"id\":{\"S\":\"ä\"}}}\n{\"id\":1}\n"),
        ];
        for (name, text) in files {
            for at in 0..text.len() {
                for byte in *b"\"\\{}[],:\n\xff" {
                    let mut damaged = text.as_bytes().to_vec();
                    damaged[at] = byte;
                    entries(name, &damaged, None);
                }
                entries(name, &text.as_bytes()[..at], None);
            }
        }
    }
}
