//! Assignments, `++`, `--` and `delete`.

use value::Str;

use super::chain::is_nullish;
use super::{Completion, Evaluator};
use crate::code::{Assign, Delete, Key, LogicalAssign, Pattern, Target, Update};
use crate::heap::Val;

/// A target whose object and key are evaluated.
pub(super) enum Spot {
    Variable,
    Named(Val),
    Keyed(Val, Val),
}

impl<'e> Evaluator<'e> {
    #[inline(never)]
    pub(super) fn assign(&mut self, assign: &'e Assign) -> Completion {
        let Pattern::Assign(target) = &assign.target else {
            let value = self.evaluate(&assign.value)?;
            self.bind(&assign.target, value)?;
            return Ok(value);
        };
        let mut spot = self.place_of(target)?;
        let value = match assign.op {
            None => self.evaluate(&assign.value)?,
            Some(op) => {
                self.settle(&mut spot)?;
                let old = self.load(target, &spot)?;
                let right = self.evaluate(&assign.value)?;
                let value = self.binary(op, old, right);
                self.placed(value, assign.at)?
            }
        };
        self.store(target, spot, value)?;
        Ok(value)
    }

    #[inline(never)]
    pub(super) fn logical_assign(&mut self, assign: &'e LogicalAssign) -> Completion {
        let mut spot = self.place_of(&assign.target)?;
        self.settle(&mut spot)?;
        let old = self.load(&assign.target, &spot)?;
        if !self.goes_on(assign.op, old) {
            return Ok(old);
        }
        let value = self.evaluate(&assign.value)?;
        self.store(&assign.target, spot, value)?;
        Ok(value)
    }

    #[inline(never)]
    pub(super) fn update(&mut self, update: &'e Update) -> Completion {
        if let Target::Local(slot) = update.target {
            let at = self.frame.base + slot as usize;
            if let Val::Number(old) = self.stack[at] {
                self.stack[at] = Val::Number(old + update.by);
                return Ok(Val::Number(if update.prefix { old + update.by } else { old }));
            }
        }
        let mut spot = self.place_of(&update.target)?;
        self.settle(&mut spot)?;
        let old = self.load(&update.target, &spot)?;
        let old = self.to_number(old);
        let old = self.placed(old, update.at)?;
        self.store(&update.target, spot, Val::Number(old + update.by))?;
        Ok(Val::Number(if update.prefix { old + update.by } else { old }))
    }

    /// Evaluates the object and the key of a target.
    pub(super) fn place_of(&mut self, target: &'e Target) -> Completion<Spot> {
        let Target::Member { object, key, .. } = target else { return Ok(Spot::Variable) };
        let object = self.evaluate(object)?;
        match key {
            Key::Name { .. } => Ok(Spot::Named(object)),
            Key::Computed(key) => {
                let key = self.evaluate(key)?;
                Ok(Spot::Keyed(object, key))
            }
        }
    }

    /// Makes an object that is a key text, which what is read and then written does once (ECMA-262, 6.2.5.5).
    #[inline]
    fn settle(&mut self, spot: &mut Spot) -> Completion<()> {
        if let Spot::Keyed(object, key @ Val::Object(_)) = spot
            && !is_nullish(*object)
        {
            *key = Val::String(self.to_string(*key)?);
        }
        Ok(())
    }

    fn load(&mut self, target: &'e Target, spot: &Spot) -> Completion {
        match (target, spot) {
            (Target::Local(slot), _) => Ok(self.stack[self.frame.base + *slot as usize]),
            (Target::Variable { slot, name, at } | Target::Constant { slot, name, at }, _) => match self.slot(*slot) {
                Val::Uninitialized => self.uninitialized(name, *at),
                value => Ok(value),
            },
            (Target::Member { key: Key::Name { name, .. }, at, text, .. }, Spot::Named(object)) => {
                let value = self.get_named(*object, name);
                self.member_placed(value, *object, *at, *text)
            }
            (Target::Member { at, text, .. }, Spot::Keyed(object, key)) => {
                let value = self.get(*object, *key);
                self.member_placed(value, *object, *at, *text)
            }
            _ => Ok(Val::Undefined),
        }
    }

    pub(super) fn store(&mut self, target: &'e Target, spot: Spot, value: Val) -> Completion<()> {
        match (target, spot) {
            (Target::Local(slot), _) => {
                let at = self.frame.base + *slot as usize;
                self.stack[at] = value;
                Ok(())
            }
            (Target::Variable { slot, name, at }, _) => {
                if let Val::Uninitialized = self.slot(*slot) {
                    return self.uninitialized(name, *at);
                }
                self.set_slot(*slot, value);
                Ok(())
            }
            (Target::Constant { slot, name, at }, _) => {
                if let Val::Uninitialized = self.slot(*slot) {
                    return self.uninitialized(name, *at);
                }
                let result = self.type_error(format!("'{name}' is a constant"));
                self.placed(result, *at)
            }
            (Target::Member { key: Key::Name { name, .. }, at, text, .. }, Spot::Named(object)) => {
                let result = self.set_named(object, name, value);
                self.member_placed(result, object, *at, *text)
            }
            (Target::Member { at, text, .. }, Spot::Keyed(object, key)) => {
                let result = self.set(object, key, value);
                self.member_placed(result, object, *at, *text)
            }
            _ => Ok(()),
        }
    }

    /// Places what a member's object caused.
    #[inline]
    fn member_placed<T>(&mut self, result: Completion<T>, object: Val, at: u32, text: (u32, u32)) -> Completion<T> {
        match result {
            Ok(value) => Ok(value),
            Err(abrupt) => {
                if let super::Abrupt::Throw { value: Val::Object(error), at: None } = &*abrupt
                    && is_nullish(object)
                {
                    self.remember_subject(*error, text.0, text.1);
                }
                Err(self.place_abrupt(abrupt, at))
            }
        }
    }

    #[inline(never)]
    pub(super) fn delete_expression(&mut self, delete: &'e Delete) -> Completion {
        let object = self.evaluate(&delete.object)?;
        let key: Str = self.key(&delete.key, delete.at)?;
        let result = self.delete(object, &key);
        self.member_placed(result, object, delete.at, delete.text).map(Val::Bool)
    }
}
