//! The one JSON value of Syncgate.
//!
//! Everything that flows through a request is a [`Value`]: arguments, data source answers, resolver results. It keeps what
//! AppSync keeps (the order of keys, every digit of a number) and is cheap to clone, because strings, lists and objects are
//! shared. Reading JSON text is in [`Value::parse`], writing it in [`Value::write_json`]; the `serde` bridges are for
//! configuration and tests, not for the hot path.
//!
//! Every door that makes a value from foreign input enforces [`MAX_DEPTH`], so recursive walks and drops cannot overflow the
//! stack.

mod convert;
mod number;
mod object;
mod parse;
mod serde_bridge;
mod write;

use std::sync::Arc;

pub use number::Number;
pub use object::{IntoIter, Iter, Object};
pub use parse::ParseError;
pub use write::write_json_string;

/// A shared string.
pub type Str = Arc<str>;

/// How deeply lists and objects may be nested in any value, counted in containers: `[[1]]` is 2 deep.
pub const MAX_DEPTH: usize = 200;

/// A JSON value: exact numbers, insertion order, cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, exact.
    Number(Number),
    /// A string.
    String(Str),
    /// An array.
    List(Arc<Vec<Value>>),
    /// An object, in insertion order.
    Object(Arc<Object>),
}

/// The shared null that look-ups of absent members return.
pub static NULL: Value = Value::Null;

impl Value {
    /// Whether this is `null`.
    #[inline]
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The boolean, if this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, if this is one.
    #[must_use]
    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The number as an `i64`, if this is an integer in its range.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number().and_then(Number::as_i64)
    }

    /// The number as the nearest double, if this is a number.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        self.as_number().map(Number::as_f64)
    }

    /// The string, if this is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(value) => Some(value),
            _ => None,
        }
    }

    /// The items, if this is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The object, if this is one.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The items for change, copied first if they are shared.
    pub fn as_list_mut(&mut self) -> Option<&mut Vec<Value>> {
        match self {
            Value::List(items) => Some(Arc::make_mut(items)),
            _ => None,
        }
    }

    /// The object for change, copied (one level) first if it is shared.
    pub fn as_object_mut(&mut self) -> Option<&mut Object> {
        match self {
            Value::Object(object) => Some(Arc::make_mut(object)),
            _ => None,
        }
    }

    /// The member `key` of an object; `None` when this is no object or has no such member.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_object()?.get(key)
    }

    /// The member at a path of keys, or null where there is none.
    ///
    /// ```
    /// # use value::value;
    /// assert_eq!(value!({"a": {"b": 1}}).at(&["a", "b"]), &value!(1));
    /// ```
    #[must_use]
    pub fn at(&self, path: &[&str]) -> &Value {
        let mut current = self;
        for key in path {
            match current.get(key) {
                Some(next) => current = next,
                None => return &NULL,
            }
        }
        current
    }

    /// The JSON name of this value's kind, for messages: `null`, `boolean`, `number`, `string`, `list`, `object`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::List(_) => "list",
            Value::Object(_) => "object",
        }
    }

    /// Reads JSON text (RFC 8259). Numbers stay exact, of a repeated key the last value wins.
    ///
    /// # Errors
    /// [`ParseError`] with line and column: bad syntax, invalid UTF-8, a lone surrogate, or nesting beyond [`MAX_DEPTH`].
    pub fn parse(text: &[u8]) -> Result<Value, ParseError> {
        parse::parse(text)
    }

    /// Appends this value as compact JSON.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        write::write(self, out);
    }

    /// This value as compact JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = Vec::with_capacity(64);
        self.write_json(&mut out);
        String::from_utf8(out).expect("JSON is written from strings and ASCII only")
    }

    /// This value as JSON with two blanks of indentation.
    #[must_use]
    pub fn to_json_pretty(&self) -> String {
        let mut out = Vec::with_capacity(256);
        write::write_pretty(self, 0, &mut out);
        String::from_utf8(out).expect("JSON is written from strings and ASCII only")
    }

    /// How deeply containers are nested here; stops counting at `limit + 1`.
    #[must_use]
    pub fn depth_up_to(&self, limit: usize) -> usize {
        fn walk(value: &Value, level: usize, limit: usize) -> usize {
            if level > limit {
                return level;
            }
            match value {
                Value::List(items) => items.iter().map(|item| walk(item, level + 1, limit)).max().unwrap_or(level + 1),
                Value::Object(object) => object.values().map(|item| walk(item, level + 1, limit)).max().unwrap_or(level + 1),
                _ => level,
            }
        }
        walk(self, 0, limit)
    }
}

impl std::fmt::Display for Value {
    /// Compact JSON.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_json())
    }
}

/// Builds a [`Value`] from JSON-like syntax; any expression that converts into a value may stand in it.
#[macro_export]
macro_rules! value {
    (null) => { $crate::Value::Null };
    ([ $($item:tt),* $(,)? ]) => { $crate::Value::from(vec![ $( $crate::value!($item) ),* ]) };
    ({ $($key:literal : $item:tt),* $(,)? }) => {{
        #[allow(unused_mut)]
        let mut object = $crate::Object::new();
        $( object.insert($key, $crate::value!($item)); )*
        $crate::Value::from(object)
    }};
    (- $other:literal) => { $crate::Value::from(-$other) };
    ($other:expr) => { $crate::Value::from($other) };
}
