//! Conversions from Rust values.

use std::sync::Arc;

use crate::{Number, Object, Str, Value};

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

macro_rules! from_integers {
    ($($small:ty),*) => { $(
        impl From<$small> for Value {
            fn from(value: $small) -> Self {
                Value::Number(Number::from(i64::from(value)))
            }
        }
    )* };
}
from_integers!(i8, i16, i32, i64, u8, u16, u32);

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Value::Number(Number::from(value))
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Value::Number(Number::from(value as u64))
    }
}

impl From<f64> for Value {
    /// NaN and infinities become null, as in `JSON.stringify`.
    fn from(value: f64) -> Self {
        Number::from_f64(value).map_or(Value::Null, Value::Number)
    }
}

impl From<Number> for Value {
    fn from(value: Number) -> Self {
        Value::Number(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::String(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::String(value.into())
    }
}

impl From<Str> for Value {
    fn from(value: Str) -> Self {
        Value::String(value)
    }
}

impl From<&Str> for Value {
    fn from(value: &Str) -> Self {
        Value::String(Arc::clone(value))
    }
}

impl From<Object> for Value {
    fn from(value: Object) -> Self {
        Value::Object(Arc::new(value))
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Value::List(Arc::new(items.into_iter().map(Into::into).collect()))
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

impl From<&Value> for Value {
    fn from(value: &Value) -> Self {
        value.clone()
    }
}

impl<T: Into<Value>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Value::List(Arc::new(items.into_iter().map(Into::into).collect()))
    }
}
