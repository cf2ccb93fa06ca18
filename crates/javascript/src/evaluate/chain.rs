//! Chains of members and calls.

use std::sync::atomic::AtomicU32;

use value::Str;

use super::{Abrupt, Completion, Evaluator};
use crate::builtins;
use crate::code::{Chain, Link, LinkKind, Method};
use crate::heap::Val;

impl<'e> Evaluator<'e> {
    #[inline(never)]
    pub(super) fn chain(&mut self, chain: &'e Chain) -> Completion {
        let mut links = &chain.links[..];
        let known = chain.linked.and_then(|(at, count)| Some((self.frame.file.linked[at as usize]?, count)));
        let mut value = match known {
            Some((value, count)) => {
                links = &links[count as usize..];
                value
            }
            None => self.evaluate(&chain.root)?,
        };
        let mut this = Val::Undefined;
        let mut left = links.iter();
        while let Some(link) = left.next() {
            if link.optional && is_nullish(value) {
                // What is left out ends with the chain, or with the parentheses around it.
                if !left.any(|link| matches!(link.kind, LinkKind::End)) {
                    return Ok(Val::Undefined);
                }
                (value, this) = (Val::Undefined, Val::Undefined);
                continue;
            }
            match &link.kind {
                LinkKind::Member { key, hint } => {
                    this = value;
                    value = match self.member(value, key, hint) {
                        Ok(value) => value,
                        Err(abrupt) => return self.failed(abrupt, chain, link, value),
                    };
                }
                LinkKind::Index(key) => {
                    let key = self.evaluate(key)?;
                    this = value;
                    value = match self.get(value, key) {
                        Ok(value) => value,
                        Err(abrupt) => return self.failed(abrupt, chain, link, value),
                    };
                }
                LinkKind::Method(method) => {
                    value = self.method(value, method, chain, link)?;
                    this = Val::Undefined;
                }
                LinkKind::End => {}
                LinkKind::Delete(key) => {
                    let key = self.key(key, link.at)?;
                    value = match self.delete(value, &key) {
                        Ok(deleted) => Val::Bool(deleted),
                        Err(abrupt) => return self.failed(abrupt, chain, link, value),
                    };
                }
                LinkKind::Call(args) => {
                    let base = self.stack.len();
                    self.push_args(args)?;
                    if !self.is_callable(value) {
                        self.stack.truncate(base);
                        return self.not_a_function(chain.start, link.end, link.at);
                    }
                    self.at = link.at;
                    let result = self.call_stacked(value, this, base);
                    value = self.placed(result, link.at)?;
                    this = Val::Undefined;
                }
            }
        }
        Ok(value)
    }

    /// `.name` of any value.
    #[inline]
    fn member(&mut self, object: Val, key: &Str, hint: &AtomicU32) -> Completion {
        if let Val::Object(id) = object
            && let Some(value) = self.heap.own_near(id, key, hint)
        {
            return Ok(value);
        }
        self.get_named(object, key)
    }

    /// `.name(arguments)`: the object's own function, or the built-in one of its kind.
    #[inline]
    fn method(&mut self, object: Val, method: &'e Method, chain: &'e Chain, link: &'e Link) -> Completion {
        let function = match (object, method.name) {
            (Val::Object(id), name) => match (self.heap.own_near(id, &method.key, &method.hint), name) {
                (Some(own), _) => own,
                (None, Some(name)) => match builtins::method(builtins::prototype_of(&self.heap, object), name) {
                    Some(native) => Val::Native(native),
                    None => self.get_named(object, &method.key)?,
                },
                (None, None) => self.get_named(object, &method.key)?,
            },
            (Val::String(_) | Val::Number(_), Some(name)) => {
                match builtins::method(builtins::prototype_of(&self.heap, object), name) {
                    Some(native) => Val::Native(native),
                    None => Val::Undefined,
                }
            }
            _ => match self.get_named(object, &method.key) {
                Ok(function) => function,
                Err(abrupt) => return self.failed(abrupt, chain, link, object),
            },
        };
        let base = self.stack.len();
        self.push_args(&method.args)?;
        if !self.is_callable(function) {
            self.stack.truncate(base);
            return self.not_a_function(chain.start, method.call_end, link.at);
        }
        self.at = link.at;
        let result = match function {
            Val::Native(native) => self.call_native(native.call, object, base),
            function => self.call_stacked(function, object, base),
        };
        self.placed(result, link.at)
    }

    #[cold]
    fn not_a_function(&mut self, start: u32, end: u32, at: u32) -> Completion {
        let message = match self.short_source(start, end) {
            Some(text) => format!("{text} is not a function"),
            None => "not a function".to_owned(),
        };
        let result = self.type_error(message);
        self.placed(result, at)
    }

    /// An error while a link was followed: it gets its place, and the text of what was null.
    #[cold]
    fn failed(&mut self, abrupt: Box<Abrupt>, chain: &Chain, link: &Link, object: Val) -> Completion {
        if let Abrupt::Throw { value: Val::Object(error), at: None } = &*abrupt
            && is_nullish(object)
        {
            self.remember_subject(*error, chain.start, link.end);
        }
        Err(self.place_abrupt(abrupt, link.at))
    }
}

/// Whether a value has no properties.
#[inline]
pub(super) fn is_nullish(value: Val) -> bool {
    matches!(value, Val::Undefined | Val::Null)
}
