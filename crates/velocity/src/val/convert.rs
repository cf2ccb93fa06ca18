//! Plain values to values of a template, and back.

use std::sync::Arc;

use value::{MAX_DEPTH, Number, Object, Str, Value};

use super::{ListRef, MapRef, Val};

/// More nodes than this are no result: lists that contain each other twice grow exponentially when written out.
const MAX_NODES: usize = 2_000_000;

impl From<&Value> for Val {
    /// Shares the value; containers are looked into when a template does.
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Val::Null,
            Value::Bool(value) => Val::Bool(*value),
            Value::Number(number) => Val::from(number),
            Value::String(text) => Val::Str(Str::clone(text)),
            Value::List(items) => Val::List(ListRef::foreign(Arc::clone(items))),
            Value::Object(object) => Val::Map(MapRef::foreign(Arc::clone(object))),
        }
    }
}

impl From<Value> for Val {
    fn from(value: Value) -> Self {
        Val::from(&value)
    }
}

impl From<&Number> for Val {
    fn from(number: &Number) -> Self {
        if let Some(long) = number.as_i64() {
            return i32::try_from(long).map_or(Val::Long(long), Val::Int);
        }
        number.as_u64().map_or_else(|| Val::Decimal(number.clone()), |long| Val::Big(i128::from(long)))
    }
}

/// The empty string, which methods without result answer: shared, as it is needed often.
fn empty_text() -> Val {
    thread_local! {
        static EMPTY: Str = Str::from("");
    }
    Val::Str(EMPTY.try_with(Str::clone).unwrap_or_default())
}

impl From<&str> for Val {
    fn from(text: &str) -> Self {
        if text.is_empty() { empty_text() } else { Val::Str(text.into()) }
    }
}

impl From<String> for Val {
    fn from(text: String) -> Self {
        Val::from(&*text)
    }
}

impl From<Str> for Val {
    fn from(text: Str) -> Self {
        Val::Str(text)
    }
}

impl From<bool> for Val {
    fn from(value: bool) -> Self {
        Val::Bool(value)
    }
}

impl From<i32> for Val {
    fn from(number: i32) -> Self {
        Val::Int(number)
    }
}

impl From<i64> for Val {
    fn from(number: i64) -> Self {
        Val::Long(number)
    }
}

impl From<f64> for Val {
    fn from(number: f64) -> Self {
        Val::Double(number)
    }
}

impl From<Vec<Val>> for Val {
    fn from(items: Vec<Val>) -> Self {
        Val::List(ListRef::new(items))
    }
}

impl From<MapRef> for Val {
    fn from(map: MapRef) -> Self {
        Val::Map(map)
    }
}

impl From<ListRef> for Val {
    fn from(list: ListRef) -> Self {
        Val::List(list)
    }
}

/// Why a value of a template has no plain form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// A container contains itself.
    #[error("A value contains itself")]
    Cycle,
    /// Nested beyond [`value::MAX_DEPTH`].
    #[error("A value is nested more than {MAX_DEPTH} levels deep")]
    Depth,
    /// Too many nodes.
    #[error("A value has more than {MAX_NODES} parts")]
    Size,
    /// A number that JSON cannot write.
    #[error("{0} is no JSON number")]
    Number(String),
    /// An object that has no plain form.
    #[error("An object of type {0} cannot be written as JSON")]
    Object(String),
}

impl Val {
    /// The plain value. What a template did not change is given back shared, not copied.
    ///
    /// # Errors
    /// [`ConvertError`] when there is no such value.
    pub fn to_value(&self) -> Result<Value, ConvertError> {
        Converter { path: Vec::new(), nodes: 0 }.convert(self)
    }
}

struct Converter {
    /// The containers around the present one.
    path: Vec<usize>,
    nodes: usize,
}

impl Converter {
    fn convert(&mut self, value: &Val) -> Result<Value, ConvertError> {
        self.count()?;
        Ok(match value {
            Val::Null => Value::Null,
            Val::Bool(value) => Value::Bool(*value),
            Val::Int(number) => Value::from(*number),
            Val::Long(number) => Value::from(*number),
            Val::Big(number) => Number::from_text(&number.to_string()).map_or(Value::Null, Value::Number),
            Val::Double(number) => {
                Value::Number(Number::from_f64(*number).ok_or_else(|| ConvertError::Number(number.to_string()))?)
            }
            Val::Decimal(number) => Value::Number(number.clone()),
            Val::Str(text) => Value::String(Str::clone(text)),
            Val::List(list) => self.within(list.address(), |this| this.list(list))?,
            Val::Map(map) => self.within(map.address(), |this| this.map(map))?,
            Val::Entry(entry) => {
                let value = self.convert(&entry.value())?;
                Value::from(Object::from_iter([(entry.key.to_text(), value)]))
            }
            Val::Host(host) => host.to_value().ok_or_else(|| ConvertError::Object(host.type_name().to_owned()))?,
            Val::Loop(_) | Val::Iterator(_) | Val::Block(_) => {
                return Err(ConvertError::Object(value.type_name().to_owned()));
            }
        })
    }

    /// As [`convert`](Self::convert), for a value that nobody else needs.
    fn convert_into(&mut self, value: Val) -> Result<Value, ConvertError> {
        match value {
            Val::Str(text) => {
                self.count()?;
                Ok(Value::String(text))
            }
            other => self.convert(&other),
        }
    }

    fn count(&mut self) -> Result<(), ConvertError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES { Err(ConvertError::Size) } else { Ok(()) }
    }

    fn within<T>(&mut self, address: usize, inner: impl FnOnce(&mut Self) -> Result<T, ConvertError>) -> Result<T, ConvertError> {
        if self.path.contains(&address) {
            return Err(ConvertError::Cycle);
        }
        if self.path.len() >= MAX_DEPTH {
            return Err(ConvertError::Depth);
        }
        self.path.push(address);
        let result = inner(self);
        self.path.pop();
        result
    }

    /// A foreign subtree: shared as it is, if it fits below what is above it.
    fn shared(&self, value: Value) -> Result<Value, ConvertError> {
        let room = MAX_DEPTH + 1 - self.path.len();
        // Foreign values keep the limit themselves; one that was moved deeper may break it.
        if self.path.len() > 1 && value.depth_up_to(room) > room { Err(ConvertError::Depth) } else { Ok(value) }
    }

    fn list(&mut self, list: &ListRef) -> Result<Value, ConvertError> {
        let origin = list.origin();
        if let Some(origin) = &origin
            && list.is_untouched()
        {
            return self.shared(Value::List(Arc::clone(origin)));
        }
        let mut items = Vec::with_capacity(list.len());
        for item in list.to_vec() {
            items.push(self.convert_into(item)?);
        }
        Ok(match origin {
            Some(origin) if origin.iter().zip(&items).all(|(old, new)| is_shared(old, new)) => Value::List(origin),
            _ => Value::List(Arc::new(items)),
        })
    }

    fn map(&mut self, map: &MapRef) -> Result<Value, ConvertError> {
        if let Some((object, touched)) = map.origin() {
            let mut changed = Vec::new();
            for (at, child) in touched {
                let new = self.convert(&child)?;
                if let Some((name, old)) = object.iter().nth(at)
                    && !is_shared(old, &new)
                {
                    changed.push((Str::clone(name), new));
                }
            }
            if changed.is_empty() {
                return self.shared(Value::Object(object));
            }
            let mut copy = (*object).clone();
            for (name, new) in changed {
                copy.insert(name, new);
            }
            return self.shared(Value::from(copy));
        }
        let mut object = Object::with_capacity(map.len());
        for (key, child) in map.entries() {
            object.insert(key.into_text(), self.convert_into(child)?);
        }
        Ok(Value::from(object))
    }
}

/// Whether `new` is `old` itself, or a scalar converted from it.
fn is_shared(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::List(a), Value::List(b)) => Arc::ptr_eq(a, b),
        (Value::Object(a), Value::Object(b)) => Arc::ptr_eq(a, b),
        (Value::List(_) | Value::Object(_), _) | (_, Value::List(_) | Value::Object(_)) => false,
        _ => true,
    }
}
