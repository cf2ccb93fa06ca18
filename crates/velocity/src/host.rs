//! Objects that the surrounding program lends to a template.

use std::error::Error;

use crate::{MapRef, Val};

/// An object behind a reference such as `$util`: properties, methods, text.
///
/// Methods take `&self`, as several references may lead to one object; state goes into cells.
pub trait Host {
    /// The name of its type, for messages and as its text where nothing better is known.
    fn type_name(&self) -> &str;

    /// The property `name`, also of `["name"]` and of `get("name")`; `None` when there is no such property.
    fn get(&self, name: &str) -> Option<Val> {
        let _ = name;
        None
    }

    /// Sets a property; `false` when there is none of this name that may be set.
    ///
    /// # Errors
    /// Whatever the object wants to end the evaluation with.
    fn set(&self, name: &str, value: Val) -> Result<bool, HostError> {
        let _ = (name, value);
        Ok(false)
    }

    /// Calls a method; `None` when there is no such method for these arguments. A method without result answers
    /// `Some(Val::from(""))`, as Velocity prints nothing for it; `Some(Val::Null)` prints the reference's own text.
    ///
    /// # Errors
    /// Whatever the object wants to end the evaluation with; it comes out of it unchanged.
    fn call(&self, method: &str, args: &[Val]) -> Result<Option<Val>, HostError>;

    /// The work that the last call did beyond that of a call, some ten nanoseconds each; it counts towards the template's steps.
    fn take_work(&self) -> u64 {
        0
    }

    /// The value whose JSON text a method gives; `None` for one that gives anything else, which is then called. An output that is
    /// such a text as a whole need neither be written nor read ([`Template::evaluate_json`](crate::Template::evaluate_json)).
    ///
    /// # Errors
    /// As [`call`](Host::call).
    fn json(&self, method: &str, args: &[Val]) -> Option<Result<value::Value, HostError>> {
        let _ = (method, args);
        None
    }

    /// The object as a map, for methods of maps that only read and that [`call`](Host::call) does not know; `None` when it is none.
    fn as_map(&self) -> Option<MapRef> {
        None
    }

    /// What `#foreach` runs over; `None` when this is no collection.
    fn items(&self) -> Option<Vec<Val>> {
        self.as_map().map(|map| map.values())
    }

    /// Appends the object's text.
    fn to_text(&self, out: &mut String) {
        out.push_str(self.type_name());
    }

    /// The object as a plain value; `None` when it has no such form.
    fn to_value(&self) -> Option<value::Value> {
        None
    }
}

/// The error of a host object, carried through the evaluation unchanged.
#[derive(Debug)]
pub struct HostError(pub Box<dyn Error + Send + Sync>);

impl HostError {
    /// Wraps an error; a plain text will do.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        HostError(error.into())
    }
}
