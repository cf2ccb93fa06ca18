//! `JSON.stringify`, straight into one text.
//!
//! What came from outside and was not changed is written from there, without becoming objects of the heap. A number from outside
//! that a double does not hold keeps its digits, so that what passes through code arrives as it was.

use value::{MAX_DEPTH, Number, Str, Value, write_json_string};

use super::super::{get, object};
use crate::evaluate::{Completion, Evaluator};
use crate::heap::{Kind, ObjId, Properties, Text, Val, array_index};
use crate::native::ErrorKind;

/// Bytes that are written between two looks at the limits.
const CHUNK: usize = 4096;

const TOO_DEEP: &str = "JSON.stringify: the value is nested deeper than 200 levels";

/// What a value is called where it stands. Only code asks.
#[derive(Clone, Copy)]
enum Key<'k> {
    Name(&'k str),
    Index(usize),
}

impl Key<'_> {
    fn value(self, ev: &mut Evaluator<'_>) -> Val {
        match self {
            Key::Name(name) => ev.heap.string(name),
            Key::Index(at) => ev.heap.string(at.to_string()),
        }
    }
}

struct Writer {
    out: Vec<u8>,
    /// How much of it is counted.
    counted: usize,
    /// What a level is indented by.
    gap: Str,
    replacer: Val,
    /// The only keys that are written.
    list: Option<Vec<Str>>,
    open: Vec<ObjId>,
}

pub(super) fn stringify(ev: &mut Evaluator<'_>, value: Val, replacer: Val, space: Val) -> Completion<Option<Text>> {
    let mut writer =
        Writer { out: Vec::new(), counted: 0, gap: gap(ev, space)?, replacer: Val::Undefined, list: None, open: Vec::new() };
    if ev.is_callable(replacer) {
        writer.replacer = replacer;
    } else if let Val::Object(id) = replacer
        && ev.heap.array_len(id).is_some()
    {
        writer.list = Some(key_list(ev, id)?);
    }
    let holder = if writer.calls() {
        let mut root = Properties::with_capacity(1);
        root.set(&Str::from(""), value);
        ev.heap.object(root)
    } else {
        Val::Undefined
    };
    if !writer.write(ev, holder, Key::Name(""), value)? {
        return Ok(None);
    }
    writer.count(ev)?;
    // Only whole strings were written.
    let text = String::from_utf8(writer.out).unwrap_or_else(|fault| String::from_utf8_lossy(fault.as_bytes()).into_owned());
    Ok(Some(Text::new(text.into())))
}

fn gap(ev: &mut Evaluator<'_>, space: Val) -> Completion<Str> {
    Ok(match space {
        Val::Number(_) | Val::Exact(_) => {
            let width = ev.to_integer(space)?;
            " ".repeat(super::super::clamp(width, 10)).into()
        }
        Val::String(id) => {
            let text = ev.text(id)?;
            text.slice(0, text.units().min(10)).well_formed()
        }
        _ => "".into(),
    })
}

fn key_list(ev: &mut Evaluator<'_>, id: ObjId) -> Completion<Vec<Str>> {
    let mut keys: Vec<Str> = Vec::new();
    let length = ev.heap.array_len(id).unwrap_or_default();
    for at in 0..length {
        let item = ev.heap.element(id, at).unwrap_or_default();
        if !matches!(item, Val::String(_) | Val::Number(_) | Val::Exact(_)) {
            continue;
        }
        let key = ev.to_property_key(item)?;
        ev.work(keys.len() / 4 + 1)?;
        ev.reserve(key.len() + 16)?;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Ok(keys)
}

impl Writer {
    /// Whether code is called for each value.
    fn calls(&self) -> bool {
        !matches!(self.replacer, Val::Undefined)
    }

    /// Counts what was written since the last time.
    fn count(&mut self, ev: &mut Evaluator<'_>) -> Completion<()> {
        let new = self.out.len() - self.counted;
        self.counted = self.out.len();
        ev.reserve(new)?;
        ev.work(new / 32)
    }

    #[inline]
    fn look(&mut self, ev: &mut Evaluator<'_>) -> Completion<()> {
        if self.out.len() - self.counted > CHUNK { self.count(ev) } else { Ok(()) }
    }

    /// Writes one value; nothing, and `false`, for what JSON leaves out.
    fn write(&mut self, ev: &mut Evaluator<'_>, holder: Val, key: Key<'_>, value: Val) -> Completion<bool> {
        let mut value = value;
        if let Val::Object(id) = value
            && ev.heap.obj(id).kind.properties().is_some()
            && let Some(function) = ev.heap.own(id, "toJSON")
            && ev.is_callable(function)
        {
            let name = key.value(ev);
            value = ev.call(function, value, &[name])?;
        } else if let Val::Object(id) = value
            && let Kind::Date(time) = ev.heap.obj(id).kind
        {
            value = match super::super::iso_date(time) {
                Some(text) => ev.heap.string(text),
                None => Val::Null,
            };
        }
        if self.calls() {
            let name = key.value(ev);
            value = ev.call(self.replacer, holder, &[name, value])?;
        }
        match value {
            Val::Undefined | Val::Uninitialized => return Ok(false),
            Val::Null => self.out.extend_from_slice(b"null"),
            Val::Bool(true) => self.out.extend_from_slice(b"true"),
            Val::Bool(false) => self.out.extend_from_slice(b"false"),
            Val::Number(number) => self.number(number),
            Val::Exact(id) => ev.heap.exact(id).write(&mut self.out),
            Val::String(id) => {
                let text = ev.heap.text(id)?;
                let bytes = text.bytes();
                match text {
                    Text::Utf8 { text, .. } => write_json_string(text, &mut self.out),
                    Text::Wide(units) => wide_string(units, &mut self.out),
                }
                if bytes > CHUNK {
                    self.count(ev)?;
                }
            }
            Val::Object(id) => return self.container(ev, id),
            other if ev.is_callable(other) => return Ok(false),
            _ => self.out.extend_from_slice(b"{}"),
        }
        self.look(ev)?;
        Ok(true)
    }

    fn number(&mut self, number: f64) {
        if number.fract() == 0.0 && number.abs() < 1e15 {
            #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
            Number::from(number as i64).write(&mut self.out);
        } else if number.is_finite() {
            self.out.extend_from_slice(ryu_js::Buffer::new().format_finite(number).as_bytes());
        } else {
            self.out.extend_from_slice(b"null");
        }
    }

    fn line(&mut self, level: usize) {
        if !self.gap.is_empty() {
            self.out.push(b'\n');
            for _ in 0..level {
                self.out.extend_from_slice(self.gap.as_bytes());
            }
        }
    }

    fn key(&mut self, key: &str) {
        write_json_string(key, &mut self.out);
        self.out.push(b':');
        if !self.gap.is_empty() {
            self.out.push(b' ');
        }
    }

    fn container(&mut self, ev: &mut Evaluator<'_>, id: ObjId) -> Completion<bool> {
        if matches!(ev.heap.obj(id).kind, Kind::Closure(_)) {
            return Ok(false);
        }
        if self.open.contains(&id) {
            return ev.type_error("circular reference");
        }
        if self.open.len() >= MAX_DEPTH {
            return ev.throw(ErrorKind::RangeError, TOO_DEEP);
        }
        self.open.push(id);
        let is_array = ev.heap.array_len(id).is_some();
        self.out.push(if is_array { b'[' } else { b'{' });
        let some = if is_array { self.list_items(ev, id)? } else { self.members(ev, id)? };
        self.open.pop();
        if some {
            self.line(self.open.len());
        }
        self.out.push(if is_array { b']' } else { b'}' });
        self.look(ev)?;
        Ok(true)
    }

    /// Between two items, and before the first.
    fn separate(&mut self, is_first: bool) {
        if !is_first {
            self.out.push(b',');
        }
        self.line(self.open.len());
    }

    fn list_items(&mut self, ev: &mut Evaluator<'_>, id: ObjId) -> Completion<bool> {
        let length = ev.heap.array_len(id).unwrap_or_default();
        for at in 0..length {
            self.separate(at == 0);
            if !self.calls()
                && self.list.is_none()
                && let Kind::HostList(host) = &ev.heap.obj(id).kind
                && host.child(at).is_none()
                && let Some(value) = host.items.get(at)
            {
                if let Value::List(_) | Value::Object(_) = value {
                    let value = value.clone();
                    self.foreign(ev, &value)?;
                } else {
                    self.scalar(value);
                    self.look(ev)?;
                }
                continue;
            }
            let item = ev.heap.element(id, at).unwrap_or_default();
            let written = self.write(ev, Val::Object(id), Key::Index(at), item)?;
            if !written {
                self.out.extend_from_slice(b"null");
            }
        }
        Ok(length > 0)
    }

    fn members(&mut self, ev: &mut Evaluator<'_>, id: ObjId) -> Completion<bool> {
        if self.calls() || self.list.is_some() || ev.heap.own_is_hiding(id) {
            return self.named_members(ev, id);
        }
        match &ev.heap.obj(id).kind {
            Kind::Plain(properties) if !properties.has_indices() => self.plain_members(ev, id),
            Kind::HostObject(host) if !host.object.keys().any(|key| array_index(key).is_some()) => self.foreign_members(ev, id),
            _ => self.named_members(ev, id),
        }
    }

    /// The members of an object without index-like keys, in order of creation.
    fn plain_members(&mut self, ev: &mut Evaluator<'_>, id: ObjId) -> Completion<bool> {
        let mut is_first = true;
        let mut at = 0;
        while let Kind::Plain(properties) = &ev.heap.obj(id).kind {
            let Some((key, item)) = properties.entries().get(at) else { break };
            at += 1;
            let item = *item;
            if matches!(item, Val::Undefined) {
                continue;
            }
            let before = self.out.len();
            self.separate(is_first);
            self.key(key);
            // Only code asks for the key, and only an object has code.
            let written = if let Val::Object(_) = item {
                let key = Str::clone(key);
                self.write(ev, Val::Undefined, Key::Name(&key), item)?
            } else {
                self.write(ev, Val::Undefined, Key::Name(""), item)?
            };
            if written {
                is_first = false;
            } else {
                self.out.truncate(before);
                self.counted = self.counted.min(before);
            }
        }
        Ok(!is_first)
    }

    fn foreign_members(&mut self, ev: &mut Evaluator<'_>, id: ObjId) -> Completion<bool> {
        let Kind::HostObject(host) = &ev.heap.obj(id).kind else { return Ok(false) };
        let object = std::sync::Arc::clone(&host.object);
        let children: Vec<Option<ObjId>> =
            if host.is_untouched() { Vec::new() } else { (0..object.len()).map(|at| host.child(at)).collect() };
        let mut is_first = true;
        for (at, (key, value)) in object.iter().enumerate() {
            let before = self.out.len();
            self.separate(is_first);
            self.key(key);
            let written = match children.get(at).copied().flatten() {
                Some(child) => self.write(ev, Val::Undefined, Key::Name(key), Val::Object(child))?,
                None => {
                    self.foreign(ev, value)?;
                    true
                }
            };
            if written {
                is_first = false;
            } else {
                self.out.truncate(before);
                self.counted = self.counted.min(before);
            }
        }
        Ok(!is_first)
    }

    /// The members one by one: in the order of the list, or of the language.
    fn named_members(&mut self, ev: &mut Evaluator<'_>, id: ObjId) -> Completion<bool> {
        let keys = match &self.list {
            Some(list) => list.clone(),
            None => ev.heap.own_keys(id),
        };
        ev.reserve(keys.len() * 16)?;
        let mut is_first = true;
        for key in keys {
            ev.work(1)?;
            if self.list.is_some() && !object::has_own(ev, Val::Object(id), &key)? {
                continue;
            }
            let item = get(ev, Val::Object(id), &key)?;
            let before = self.out.len();
            self.separate(is_first);
            self.key(&key);
            if self.write(ev, Val::Object(id), Key::Name(&key), item)? {
                is_first = false;
            } else {
                self.out.truncate(before);
                self.counted = self.counted.min(before);
            }
        }
        Ok(!is_first)
    }

    fn scalar(&mut self, value: &Value) {
        match value {
            Value::Null | Value::List(_) | Value::Object(_) => self.out.extend_from_slice(b"null"),
            Value::Bool(true) => self.out.extend_from_slice(b"true"),
            Value::Bool(false) => self.out.extend_from_slice(b"false"),
            Value::Number(number) => {
                let double = number.as_f64();
                // As it would print once it was looked at.
                if number.is_exact_in_f64() && double.abs() < 9_007_199_254_740_992.0 {
                    self.number(double);
                } else {
                    number.write(&mut self.out);
                }
            }
            Value::String(text) => write_json_string(text, &mut self.out),
        }
    }

    /// A value from outside. Its nesting is bounded, but adds to that of what it is in.
    fn foreign(&mut self, ev: &mut Evaluator<'_>, value: &Value) -> Completion<()> {
        self.foreign_at(ev, value, self.open.len())
    }

    fn foreign_at(&mut self, ev: &mut Evaluator<'_>, value: &Value, level: usize) -> Completion<()> {
        if level >= MAX_DEPTH && matches!(value, Value::List(_) | Value::Object(_)) {
            return ev.throw(ErrorKind::RangeError, TOO_DEEP);
        }
        match value {
            Value::List(items) => {
                self.out.push(b'[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.out.push(b',');
                    }
                    self.line(level + 1);
                    self.foreign_at(ev, item, level + 1)?;
                }
                if !items.is_empty() {
                    self.line(level);
                }
                self.out.push(b']');
            }
            Value::Object(object) => {
                self.out.push(b'{');
                let mut members: Vec<(&Str, &Value)> = Vec::new();
                let has_indices = object.keys().any(|key| array_index(key).is_some());
                if has_indices {
                    members.extend(object.iter());
                    members.sort_by_key(|(key, _)| array_index(key).map_or(u64::MAX, u64::from));
                }
                let mut ordered = members.into_iter();
                let mut plain = object.iter();
                let mut is_first = true;
                while let Some((key, item)) = if has_indices { ordered.next() } else { plain.next() } {
                    if !is_first {
                        self.out.push(b',');
                    }
                    is_first = false;
                    self.line(level + 1);
                    self.key(key);
                    self.foreign_at(ev, item, level + 1)?;
                }
                if !is_first {
                    self.line(level);
                }
                self.out.push(b'}');
            }
            scalar => self.scalar(scalar),
        }
        self.look(ev)
    }
}

/// A string with lone surrogates, which are escaped (well-formed `JSON.stringify`).
fn wide_string(units: &[u16], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut quoted = Vec::new();
    for part in char::decode_utf16(units.iter().copied()) {
        match part {
            Ok(character) => {
                quoted.clear();
                write_json_string(character.encode_utf8(&mut [0; 4]), &mut quoted);
                out.extend_from_slice(&quoted[1..quoted.len() - 1]);
            }
            Err(lone) => out.extend_from_slice(format!("\\u{:04x}", lone.unpaired_surrogate()).as_bytes()),
        }
    }
    out.push(b'"');
}
