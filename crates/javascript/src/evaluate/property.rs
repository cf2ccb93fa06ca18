//! Reading, writing and deleting properties of any value.

use value::Str;

use super::chain::is_nullish;
use super::{Completion, Evaluator};
use crate::builtins;
use crate::heap::{ELEMENT_COST, Kind, ObjId, Text, Val, array_index};
use crate::native::ErrorKind;

/// A position that is one of an array or a string.
#[inline]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "only what comes back the same is taken")]
fn position(number: f64) -> Option<usize> {
    let at = number as u32;
    #[expect(clippy::float_cmp, reason = "whole numbers are exact")]
    let exact = f64::from(at) == number && at != u32::MAX;
    exact.then_some(at as usize)
}

impl Evaluator<'_> {
    /// `object.key`.
    pub(crate) fn get_named(&mut self, object: Val, key: &str) -> Completion {
        match object {
            Val::Undefined | Val::Null => {
                let what = if matches!(object, Val::Null) { "null" } else { "undefined" };
                self.type_error(format!("cannot read property '{key}' of {what}"))
            }
            Val::Host(node) => match node.members.get(key) {
                Some(member) => Ok(Val::Host(member)),
                None => Ok(builtins::inherited(self, object, key).unwrap_or_default()),
            },
            _ => builtins::get(self, object, key),
        }
    }

    /// `name` and `length` of a function of the code.
    pub(crate) fn closure_member(&mut self, id: ObjId, key: &str) -> Option<Val> {
        let Kind::Closure(closure) = &self.heap.obj(id).kind else { return None };
        if let Some(own) = closure.properties.get(key) {
            return Some(own);
        }
        let code = &self.program.functions[closure.function as usize];
        Some(if key == "name" { self.heap.shared(&code.name) } else { Val::Number(f64::from(code.length)) })
    }

    /// The text of a function of the code.
    pub(super) fn function_source(&self, function: u32) -> &str {
        let code = &self.program.functions[function as usize];
        let file = self.program.files.get(code.file as usize);
        file.and_then(|file| file.text.get(code.text.0 as usize..code.text.1 as usize)).unwrap_or_default()
    }

    /// `object[key]`.
    #[inline]
    pub(crate) fn get(&mut self, object: Val, key: Val) -> Completion {
        if let (Val::Object(id), Val::Number(number)) = (object, key)
            && let Some(length) = self.heap.array_len(id)
            && let Some(at) = position(number)
        {
            return Ok(if at < length { self.heap.element(id, at).unwrap_or_default() } else { Val::Undefined });
        }
        self.get_slow(object, key)
    }

    fn get_slow(&mut self, object: Val, key: Val) -> Completion {
        if let (Val::String(id), Val::Number(number)) = (object, key)
            && let Some(at) = position(number)
        {
            let text = self.heap.text(id)?;
            if at >= text.units() {
                return Ok(Val::Undefined);
            }
            if matches!(text, Text::Utf8 { ascii: false, .. }) {
                let text = text.clone();
                let (unit, passed) = self.heap.slice_at(&text, at, at + 1);
                self.work(passed / 64)?;
                return Ok(self.heap.text_value(unit));
            }
            let unit = text.slice(at, at + 1);
            return Ok(self.heap.text_value(unit));
        }
        if is_nullish(object) {
            let key = self.to_text(key)?.well_formed();
            return self.get_named(object, &key);
        }
        let key = self.to_property_key(key)?;
        self.get_named(object, &key)
    }

    /// `object.key = value`.
    pub(crate) fn set_named(&mut self, object: Val, key: &Str, value: Val) -> Completion<()> {
        match object {
            Val::Object(id) => self.set_own(id, key, value),
            Val::Undefined | Val::Null => {
                let what = if matches!(object, Val::Null) { "null" } else { "undefined" };
                self.type_error(format!("cannot set property '{key}' of {what}"))
            }
            Val::Native(_) | Val::Builtin(_) | Val::Host(_) => {
                self.type_error(format!("cannot set property '{key}': built-in objects cannot be changed"))
            }
            _ => {
                let kind = self.type_of(object);
                self.type_error(format!("cannot set property '{key}' of a {kind}"))
            }
        }
    }

    fn set_own(&mut self, id: ObjId, key: &Str, value: Val) -> Completion<()> {
        if self.heap.obj(id).frozen {
            return self.type_error(format!("cannot set property '{key}' of a frozen object"));
        }
        if self.heap.array_len(id).is_some() {
            if let Some(at) = array_index(key) {
                return self.set_element(id, at as usize, value);
            }
            if &**key == "length" {
                return self.set_length(id, value);
            }
            return self.type_error(format!("cannot set property '{key}' of an array; use an object"));
        }
        if matches!(&**key, "name" | "length") && matches!(self.heap.obj(id).kind, Kind::Closure(_)) {
            return self.type_error(format!("cannot set property '{key}' of a function"));
        }
        if let Kind::RegExp(pattern) = &mut self.heap.obj_mut(id).kind
            && &**key == "lastIndex"
        {
            pattern.set_last_index(value);
            return Ok(());
        }
        if self.heap.set_own(id, key, value) {
            return Ok(());
        }
        self.type_error(format!("cannot set property '{key}' of this object"))
    }

    /// `object[key] = value`.
    pub(crate) fn set(&mut self, object: Val, key: Val, value: Val) -> Completion<()> {
        if let (Val::Object(id), Val::Number(number)) = (object, key)
            && self.heap.array_len(id).is_some()
            && let Some(at) = position(number)
        {
            if self.heap.obj(id).frozen {
                return self.type_error(format!("cannot set property '{at}' of a frozen object"));
            }
            return self.set_element(id, at, value);
        }
        let key = self.to_property_key(key)?;
        self.set_named(object, &key, value)
    }

    fn set_element(&mut self, id: ObjId, at: usize, value: Val) -> Completion<()> {
        let length = self.heap.array_len(id).unwrap_or_default();
        if at >= length {
            let more = at + 1 - length;
            self.reserve(more * ELEMENT_COST)?;
            self.work(more / 64)?;
        }
        if let Some(items) = self.heap.array_mut(id) {
            if at >= items.len() {
                items.resize(at + 1, Val::Undefined);
            }
            items[at] = value;
        }
        Ok(())
    }

    fn set_length(&mut self, id: ObjId, value: Val) -> Completion<()> {
        let number = self.to_number(value)?;
        let Some(length) = position(number) else {
            return self.throw(ErrorKind::RangeError, "invalid array length");
        };
        let old = self.heap.array_len(id).unwrap_or_default();
        if length > old {
            self.reserve((length - old) * ELEMENT_COST)?;
            self.work((length - old) / 64)?;
        }
        if let Some(items) = self.heap.array_mut(id) {
            items.resize(length, Val::Undefined);
        }
        Ok(())
    }

    /// `delete object[key]`.
    pub(crate) fn delete(&mut self, object: Val, key: &str) -> Completion<bool> {
        match object {
            Val::Object(id) => {
                if self.heap.obj(id).frozen {
                    return self.type_error(format!("cannot delete property '{key}' of a frozen object"));
                }
                if let Some(length) = self.heap.array_len(id) {
                    if key == "length" {
                        return self.type_error("cannot delete the length of an array");
                    }
                    if let Some(at) = array_index(key).map(|at| at as usize).filter(|at| *at < length)
                        && let Some(items) = self.heap.array_mut(id)
                    {
                        items[at] = Val::Undefined;
                    }
                    return Ok(true);
                }
                // Removing moves what stands behind it.
                let moved = self.heap.properties_mut(id).and_then(|properties| properties.remove(key));
                self.work(1 + moved.unwrap_or_default() / 16)?;
                Ok(true)
            }
            Val::Undefined | Val::Null => {
                let what = if matches!(object, Val::Null) { "null" } else { "undefined" };
                self.type_error(format!("cannot delete property '{key}' of {what}"))
            }
            Val::Native(_) | Val::Builtin(_) | Val::Host(_) => {
                self.type_error(format!("cannot delete property '{key}': built-in objects cannot be changed"))
            }
            _ => Ok(true),
        }
    }

    /// Whether a value has a property of its own.
    pub(crate) fn has_own(&mut self, object: Val, key: &str) -> Completion<bool> {
        if let Val::Host(node) = object {
            return Ok(node.members.contains_key(key));
        }
        if let Val::Object(id) = object
            && self.heap.own(id, key).is_some()
        {
            return Ok(true);
        }
        Ok(builtins::own_property(self, object, key)?.is_some())
    }

    /// `key in object`.
    pub(super) fn has_property(&mut self, key: Val, object: Val) -> Completion<bool> {
        if !matches!(object, Val::Object(_) | Val::Native(_) | Val::Builtin(_) | Val::Host(_)) {
            let kind = if matches!(object, Val::Null) { "null" } else { self.type_of(object) };
            return self.type_error(format!("the right side of 'in' is no object, but {kind}"));
        }
        let key = self.to_property_key(key)?;
        Ok(self.has_own(object, &key)? || builtins::inherited(self, object, &key).is_some())
    }
}
