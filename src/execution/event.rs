//! Events: what subscribers hear of a mutation, as a value, and a subscription's answer written from one.
//!
//! An event is the mutation's written result (developer guide, "Real-time data": only what the mutation selected is sent), by
//! field name instead of response key, because a subscription selects fields and not another document's aliases. It is walked
//! out of the results of phase A in the order of phase B, so that both agree on which result belongs to which parent. Values
//! are coerced as phase B would write them; below interfaces and unions they say their concrete type, which the mutation need not
//! have selected.

use std::sync::{Arc, OnceLock};

use value::{Object, Str, Value};

use super::executor::{Request, Resolved, Results, is_read};
use super::plan::{FieldSource, Plan, PlanField, PlanType, type_name_of};
use super::writer::{self, TooLarge};
use crate::schema::{Scalar, TypeSystem};

/// What a mutation field gave, once it has succeeded.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The mutation field.
    pub mutation: Str,
    /// Its result.
    pub value: Value,
}

/// The events of the root fields of a mutation that succeeded and that are `wanted` by name, in order. A field that is selected
/// twice is an event each time.
#[must_use]
pub fn events(plan: &Plan, request: &Request<'_>, results: &Results, wanted: &dyn Fn(&str) -> bool) -> Vec<Event> {
    let mut walk = Walk { request, results, cursors: Vec::new() };
    let mut events = Vec::new();
    for field in plan.root.iter().filter(|field| is_read(field, request) && wanted(&field.name)) {
        // Each place in a document runs its own resolver, once.
        let Some(resolved) = results.fields[field.index].get().and_then(|results| results.first()) else { continue };
        if resolved.value.is_null() && !resolved.errors.is_empty() {
            continue;
        }
        walk.cursors.resize(plan.field_count, 0);
        if let Ok(value) = walk.value(&field.ty, &resolved.value) {
            // A result that could not be completed is a failure of the field, and its null is no result.
            if value.is_null() && !resolved.value.is_null() {
                continue;
            }
            events.push(Event { mutation: Str::clone(&field.name), value });
        }
    }
    events
}

/// A null where the type forbids one.
struct Violation;

struct Walk<'a> {
    request: &'a Request<'a>,
    results: &'a Results,
    /// The next result of each field.
    cursors: Vec<usize>,
}

impl<'a> Walk<'a> {
    /// All fields are walked even after a violation: results stay with their parents.
    fn object(&mut self, fields: &'a [PlanField], parent: &Value, type_name: Option<&Str>) -> Result<Value, Violation> {
        let mut object = Object::with_capacity(fields.len() + 1);
        let mut violated = false;
        if let Some(type_name) = type_name {
            object.insert("__typename", type_name);
        }
        for field in fields.iter().filter(|field| self.request.holds(field.condition)) {
            let value = match &field.source {
                FieldSource::TypeName(_) | FieldSource::Introspection(_) => continue,
                _ if !is_read(field, self.request) => nothing(&field.ty),
                FieldSource::Property => self.value(&field.ty, parent.get(&field.name).unwrap_or(&value::NULL)),
                FieldSource::Resolver(_) => {
                    let results = self.results;
                    let at = self.cursors[field.index];
                    self.cursors[field.index] += 1;
                    match results.fields[field.index].get().and_then(|results| results.get(at)) {
                        Some(resolved) => self.value(&field.ty, &resolved.value),
                        None => nothing(&field.ty),
                    }
                }
            };
            match value {
                Ok(value) => match object.get(&field.name) {
                    None => {
                        object.insert(Str::clone(&field.name), value);
                    }
                    Some(known) if is_repeated(fields, field, self.request) => {
                        let merged = merge(known, &value);
                        object.insert(Str::clone(&field.name), merged);
                    }
                    // With other arguments it has another value; the first is as good as any.
                    Some(_) => {}
                },
                Err(Violation) => violated = true,
            }
        }
        if violated { Err(Violation) } else { Ok(object.into()) }
    }

    fn value(&mut self, ty: &'a PlanType, value: &Value) -> Result<Value, Violation> {
        match ty {
            PlanType::NonNull(_) if value.is_null() => Err(Violation),
            PlanType::NonNull(inner) => self.present(inner, value),
            _ if value.is_null() => Ok(Value::Null),
            _ => Ok(self.present(ty, value).unwrap_or(Value::Null)),
        }
    }

    fn present(&mut self, ty: &'a PlanType, value: &Value) -> Result<Value, Violation> {
        match (ty, value) {
            (PlanType::NonNull(inner), _) => self.present(inner, value),
            (PlanType::Scalar(scalar, _), _) => leaf(*scalar, value).ok_or(Violation),
            (PlanType::Enum(definition), Value::String(name)) if definition.values.contains(name) => Ok(value.clone()),
            (PlanType::Enum(_), _) => Err(Violation),
            (PlanType::List(item), Value::List(items)) => {
                let mut written = Vec::with_capacity(items.len());
                let mut violated = false;
                for value in items.iter() {
                    match self.value(item, value) {
                        Ok(value) => written.push(value),
                        Err(Violation) => violated = true,
                    }
                }
                if violated { Err(Violation) } else { Ok(written.into()) }
            }
            (PlanType::List(_), _) => Err(Violation),
            (PlanType::Object(_, fields), _) => self.object(fields, value, None),
            (PlanType::Abstract(selection), _) => {
                let found = type_name_of(value).and_then(|name| selection.by_type.get_key_value(name));
                let (name, fields) = found.ok_or(Violation)?;
                self.object(fields, value, Some(name))
            }
        }
    }
}

/// Whether a field asks for the same as the first one of its name, under another alias.
fn is_repeated(fields: &[PlanField], field: &PlanField, request: &Request<'_>) -> bool {
    let same = |other: &&PlanField| other.name == field.name && request.holds(other.condition);
    match (fields.iter().find(same).map(|first| &first.source), &field.source) {
        (Some(FieldSource::Property), FieldSource::Property) => true,
        (Some(FieldSource::Resolver(first)), FieldSource::Resolver(second)) => first.arguments == second.arguments,
        _ => false,
    }
}

/// One value of what was selected under two aliases.
fn merge(first: &Value, second: &Value) -> Value {
    match (first, second) {
        (Value::Null, other) => other.clone(),
        (Value::Object(first), Value::Object(second)) => {
            let mut merged = (**first).clone();
            for (name, value) in second.iter() {
                let value = first.get(name).map_or_else(|| value.clone(), |known| merge(known, value));
                merged.insert(Str::clone(name), value);
            }
            merged.into()
        }
        (Value::List(first), Value::List(second)) if first.len() == second.len() => {
            first.iter().zip(second.iter()).map(|(first, second)| merge(first, second)).collect()
        }
        (first, _) => first.clone(),
    }
}

/// A field that was not resolved.
fn nothing(ty: &PlanType) -> Result<Value, Violation> {
    if matches!(ty, PlanType::NonNull(_)) { Err(Violation) } else { Ok(Value::Null) }
}

/// A scalar's value as clients get it; `None` when it cannot be given.
fn leaf(scalar: Scalar, value: &Value) -> Option<Value> {
    match (scalar, value) {
        // Is encoded when it is written, and must not be twice.
        (Scalar::AwsJson | Scalar::Custom, _) => Some(value.clone()),
        (Scalar::String | Scalar::Id, Value::String(_)) | (Scalar::Boolean, Value::Bool(_)) => Some(value.clone()),
        _ => {
            let mut json = Vec::new();
            scalar.serialize(value, &mut json).ok()?;
            Value::parse(&json).ok()
        }
    }
}

/// Writes a subscription's answer to an event: `{"data":…}`, with errors where the event lacks what may not be null.
///
/// # Errors
/// [`TooLarge`] when it is larger than `limit` bytes.
pub fn write(
    type_system: &TypeSystem,
    plan: &Plan,
    request: &Request<'_>,
    value: &Value,
    limit: usize,
) -> Result<Vec<u8>, TooLarge> {
    let fields: Vec<OnceLock<Vec<Resolved>>> = (0..plan.field_count).map(|_| OnceLock::new()).collect();
    let mut parent = Object::with_capacity(plan.root.len());
    for field in &plan.root {
        match &field.source {
            FieldSource::Resolver(_) => {
                let _ = fields[field.index].set(vec![Resolved { value: value.clone(), errors: Vec::new() }]);
            }
            _ => {
                parent.insert(Arc::clone(&field.name), value.clone());
            }
        }
    }
    let results = Results { fields, limit_reached: false };
    writer::write_below(type_system, plan, request, (&parent.into(), &results), &[], limit)
}
