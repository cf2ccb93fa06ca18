//! Objects, arrays and template strings.

use value::Str;

use super::{Completion, Evaluator};
use crate::code::{Constant, Item, Key, ObjectLiteral, ObjectPart, Record, StringId, Template, TemplateTexts};
use crate::heap::{ELEMENT_COST, ObjId, Properties, Text, Val};

impl<'e> Evaluator<'e> {
    /// An object with constant keys.
    #[inline(never)]
    pub(super) fn record(&mut self, record: &'e Record) -> Completion {
        let mut table = self.heap.table(record.keys.len());
        for (key, value) in record.keys.iter().zip(&record.values) {
            let value = self.evaluate(value)?;
            table.push((Str::clone(key), value));
        }
        Ok(self.heap.object(Properties::of(table, record.has_indices)))
    }

    #[inline(never)]
    pub(super) fn object_literal(&mut self, literal: &'e ObjectLiteral) -> Completion {
        let table = self.heap.table(literal.parts.len());
        let made = self.heap.object(Properties::in_table(table));
        let Val::Object(id) = made else { return Ok(made) };
        for part in &literal.parts {
            match part {
                ObjectPart::Property(key, value, at) => {
                    let key = self.key(key, *at)?;
                    let value = self.evaluate(value)?;
                    self.heap.set_own(id, &key, value);
                }
                ObjectPart::Spread(source) => {
                    let source = self.evaluate(source)?;
                    self.copy_properties(source, id, &[])?;
                }
            }
        }
        Ok(made)
    }

    /// A property's name.
    #[inline]
    pub(super) fn key(&mut self, key: &'e Key, at: u32) -> Completion<Str> {
        match key {
            Key::Name { name, .. } => Ok(Str::clone(name)),
            Key::Computed(expression) => {
                let key = self.evaluate(expression)?;
                let key = self.to_property_key(key);
                self.placed(key, at)
            }
        }
    }

    /// Copies own enumerable properties, but those in `except`.
    #[inline(never)]
    pub(super) fn copy_properties(&mut self, source: Val, into: ObjId, except: &[Str]) -> Completion<()> {
        if let Val::Object(from) = source
            && self.heap.array_len(from).is_none()
        {
            let mut members = self.heap.own_members(from);
            self.work(members.len())?;
            self.reserve(members.len() * 16)?;
            if !except.is_empty() {
                members.retain(|(key, _)| !except.contains(key));
            }
            self.heap.extend(into, members);
            return Ok(());
        }
        for key in self.keys(source)? {
            if except.contains(&key) {
                continue;
            }
            let own = match source {
                Val::Object(id) => self.heap.own(id, &key),
                _ => None,
            };
            let value = match own {
                Some(value) => value,
                None => self.get_named(source, &key)?,
            };
            self.heap.set_own(into, &key, value);
        }
        Ok(())
    }

    #[inline(never)]
    pub(super) fn array(&mut self, items: &'e [Item]) -> Completion {
        let base = self.stack.len();
        self.push_spread(items)?;
        let mut items = self.heap.items(self.stack.len() - base);
        items.extend_from_slice(&self.stack[base..]);
        self.stack.truncate(base);
        if items.len() > 64 {
            self.heap.reserve(items.len() * ELEMENT_COST)?;
        }
        Ok(self.heap.array(items))
    }

    /// The list of texts that a tag gets, with `raw`: the texts as they are written (ECMA-262, 13.2.8.4).
    pub(super) fn template_texts(&mut self, texts: &'e TemplateTexts) -> Completion {
        self.reserve((texts.cooked.len() + texts.raw.len()) * ELEMENT_COST)?;
        let raw: Vec<Val> = texts.raw.iter().map(|text| self.constant(*text)).collect();
        let cooked = texts.cooked.iter().map(|text| text.map_or(Val::Undefined, |text| self.constant(text)));
        let cooked: Vec<Val> = cooked.collect();
        let raw = self.heap.array(raw);
        let mut extra = Properties::with_capacity(1);
        extra.set(&Str::from("raw"), raw);
        let extra = self.heap.object(extra);
        let list = self.heap.array(cooked);
        for made in [raw, list] {
            if let Val::Object(id) = made {
                self.heap.obj_mut(id).frozen = true;
            }
        }
        if let Val::Object(id) = list {
            self.heap.set_extra(id, extra);
        }
        Ok(list)
    }

    /// A template string, made in one piece where it is short.
    #[inline(never)]
    pub(super) fn template(&mut self, template: &'e Template) -> Completion {
        let base = self.stack.len();
        let mut bytes = 0;
        for (value, at) in &template.values {
            let value = self.evaluate(value)?;
            let value = match value {
                Val::String(_) | Val::Number(_) => value,
                other => {
                    let text = self.to_string(other);
                    Val::String(self.placed(text, *at)?)
                }
            };
            if let Val::String(id) = value {
                bytes += match self.heap.text(id)? {
                    Text::Utf8 { text, .. } => text.len(),
                    Text::Wide(_) => usize::MAX / 2,
                };
            }
            self.stack.push(value);
        }
        let strings = &self.program.strings;
        let first = self.frame.file.strings;
        let constant = |id: &StringId| match &strings[(first + id) as usize] {
            Constant::Text(text) => Some(text),
            Constant::Units(_) => None,
        };
        if bytes > 4096 || !template.strings.iter().all(|id| constant(id).is_some_and(|text| text.len() <= 4096)) {
            return self.long_template(template, base);
        }
        let values = &self.stack[base..];
        let made = self.heap.build(|heap, out| {
            for (at, id) in template.strings.iter().enumerate() {
                match at.checked_sub(1).and_then(|at| values.get(at)) {
                    Some(Val::String(id)) => out.push_str(heap.flat(*id).and_then(Text::utf8).unwrap_or_default()),
                    Some(Val::Number(number)) => crate::number::write(*number, out),
                    _ => {}
                }
                out.push_str(constant(id).map_or("", |text| text));
            }
            Ok(())
        });
        self.stack.truncate(base);
        made
    }

    /// A template string whose values, strings and numbers on the stack, are long, or not well-formed.
    #[inline(never)]
    fn long_template(&mut self, template: &'e Template, base: usize) -> Completion {
        let mut whole: Option<Val> = None;
        let mut buffer = String::new();
        for (at, string) in template.strings.iter().enumerate() {
            let constant = self.constant(*string);
            let value = at.checked_sub(1).map(|at| self.stack[base + at]);
            for piece in value.into_iter().chain([constant]) {
                let id = self.to_string(piece)?;
                let text = self.heap.text(id)?;
                match text {
                    Text::Utf8 { text, .. } if text.len() <= 4096 => buffer.push_str(text),
                    _ => {
                        whole = self.join_piece(whole, &mut buffer)?;
                        whole = self.join_values(whole, Val::String(id))?;
                    }
                }
            }
        }
        self.stack.truncate(base);
        if whole.is_none() {
            return Ok(self.heap.string(buffer));
        }
        whole = self.join_piece(whole, &mut buffer)?;
        Ok(whole.unwrap_or_default())
    }

    fn join_piece(&mut self, whole: Option<Val>, buffer: &mut String) -> Completion<Option<Val>> {
        if buffer.is_empty() {
            return Ok(whole);
        }
        let piece = self.heap.string(buffer.as_str());
        buffer.clear();
        self.join_values(whole, piece)
    }

    fn join_values(&mut self, whole: Option<Val>, piece: Val) -> Completion<Option<Val>> {
        match (whole, piece) {
            (Some(Val::String(left)), Val::String(right)) => Ok(Some(self.heap.join(left, right)?)),
            (_, piece) => Ok(Some(piece)),
        }
    }
}
