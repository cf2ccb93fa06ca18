//! Destructuring.

use value::Str;

use super::chain::is_nullish;
use super::{Completion, Evaluator};
use crate::builtins::Iteration;
use crate::code::{ArrayPattern, Expr, Key, ObjectPattern, Pattern, PropertyPattern, Target};
use crate::heap::{ELEMENT_COST, Properties, Val};

impl<'e> Evaluator<'e> {
    /// Puts a value where a pattern says.
    #[inline]
    pub(super) fn bind(&mut self, pattern: &'e Pattern, value: Val) -> Completion<()> {
        match pattern {
            Pattern::Declare(slot) => {
                self.set_slot(*slot, value);
                Ok(())
            }
            Pattern::Assign(target) => {
                let place = self.place_of(target)?;
                self.store(target, place, value)
            }
            Pattern::Object(object) => self.bind_object(object, value),
            Pattern::Array(array) => self.bind_array(array, value),
        }
    }

    fn bind_object(&mut self, pattern: &'e ObjectPattern, value: Val) -> Completion<()> {
        if is_nullish(value) {
            let result = self.no_object(pattern, value);
            return self.placed(result, pattern.at);
        }
        let mut taken: Vec<Str> = Vec::new();
        for property in &pattern.properties {
            if let Pattern::Assign(target @ Target::Member { .. }) = &property.value {
                let key = self.key(&property.key, property.at)?;
                let place = self.place_of(target)?;
                let found = self.get_named(value, &key);
                let found = self.placed(found, property.at)?;
                let found = self.or_default(found, property.default.as_ref())?;
                self.store(target, place, found)?;
                taken.push(key);
                continue;
            }
            let found = self.property_of(property, value, pattern.rest.is_some().then_some(&mut taken))?;
            let found = self.or_default(found, property.default.as_ref())?;
            self.bind(&property.value, found)?;
        }
        if let Some(rest) = &pattern.rest {
            let others = self.heap.object(Properties::default());
            if let Val::Object(id) = others {
                self.copy_properties(value, id, &taken)?;
            }
            self.bind(rest, others)?;
        }
        Ok(())
    }

    fn property_of(&mut self, property: &'e PropertyPattern, value: Val, taken: Option<&mut Vec<Str>>) -> Completion {
        if let (Key::Name { name, hint }, Val::Object(id)) = (&property.key, value)
            && taken.is_none()
            && let Some(found) = self.heap.own_near(id, name, hint)
        {
            return Ok(found);
        }
        let key = self.key(&property.key, property.at)?;
        let found = self.get_named(value, &key);
        if let Some(taken) = taken {
            taken.push(key);
        }
        self.placed(found, property.at)
    }

    #[cold]
    fn no_object(&mut self, pattern: &ObjectPattern, value: Val) -> Completion<()> {
        let what = if matches!(value, Val::Null) { "null" } else { "undefined" };
        match pattern.properties.first().map(|property| &property.key) {
            Some(Key::Name { name, .. }) => self.type_error(format!("cannot read property '{name}' of {what}")),
            _ => self.type_error(format!("cannot take properties of {what}")),
        }
    }

    fn or_default(&mut self, value: Val, default: Option<&'e Expr>) -> Completion {
        match (value, default) {
            (Val::Undefined, Some(default)) => self.evaluate(default),
            _ => Ok(value),
        }
    }

    fn bind_array(&mut self, pattern: &'e ArrayPattern, value: Val) -> Completion<()> {
        let iteration = Iteration::new(self, value);
        let mut iteration = self.placed(iteration, pattern.at)?;
        let mut done = false;
        for element in &pattern.elements {
            // What is assigned to is evaluated before what is assigned (ECMA-262, 13.15.5.5).
            let member = match element {
                Some((Pattern::Assign(target @ Target::Member { .. }), default)) => {
                    Some((target, self.place_of(target)?, default.as_ref()))
                }
                _ => None,
            };
            let item = if done { None } else { iteration.next(self)? };
            done = item.is_none();
            if let Some((target, place, default)) = member {
                let item = self.or_default(item.unwrap_or_default(), default)?;
                self.store(target, place, item)?;
                continue;
            }
            if let Some((pattern, default)) = element {
                let item = self.or_default(item.unwrap_or_default(), default.as_ref())?;
                self.bind(pattern, item)?;
            }
        }
        if let Some(rest) = &pattern.rest {
            let mut others = Vec::new();
            while !done {
                match iteration.next(self)? {
                    Some(item) => {
                        self.reserve(ELEMENT_COST)?;
                        others.push(item);
                    }
                    None => done = true,
                }
            }
            let others = self.heap.array(others);
            self.bind(rest, others)?;
        }
        Ok(())
    }
}
