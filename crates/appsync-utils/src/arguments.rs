//! Reading a utility's arguments, with messages that name the utility, the argument and what came instead.

use value::{NULL, Number, Object, Str, Value};

use crate::Failure;

/// The arguments of one call. A missing argument reads as null: JavaScript's `undefined` arrives as either.
#[derive(Clone, Copy)]
pub(crate) struct Arguments<'a> {
    utility: &'static str,
    values: &'a [Value],
}

impl<'a> Arguments<'a> {
    pub(crate) fn new(utility: &'static str, values: &'a [Value]) -> Self {
        Self { utility, values }
    }

    pub(crate) fn get(&self, at: usize) -> &'a Value {
        self.values.get(at).unwrap_or(&NULL)
    }

    pub(crate) fn count(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn refuse(&self, message: impl Into<String>) -> Failure {
        Failure::invalid(self.utility, message)
    }

    fn expected(&self, at: usize, what: &str) -> Failure {
        let given = self.get(at).kind();
        self.refuse(format!("{} expects {what} as argument {}, not {given}", self.utility, at + 1))
    }

    pub(crate) fn str(&self, at: usize) -> Result<&'a str, Failure> {
        self.get(at).as_str().ok_or_else(|| self.expected(at, "a string"))
    }

    pub(crate) fn optional_str(&self, at: usize) -> Result<Option<&'a str>, Failure> {
        match self.get(at) {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text)),
            _ => Err(self.expected(at, "a string or nothing")),
        }
    }

    /// A string, or the text of a scalar, as a method with a `String` parameter receives it.
    pub(crate) fn text(&self, at: usize) -> Result<Str, Failure> {
        match self.get(at) {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string().into()),
            Value::Bool(flag) => Ok(flag.to_string().into()),
            _ => Err(self.expected(at, "a string")),
        }
    }

    pub(crate) fn number(&self, at: usize) -> Result<&'a Number, Failure> {
        self.get(at).as_number().ok_or_else(|| self.expected(at, "a number"))
    }

    /// A whole number; fractions are cut as Java's `longValue` does.
    pub(crate) fn long(&self, at: usize) -> Result<i64, Failure> {
        let number = self.number(at)?;
        if let Some(whole) = number.to_whole_i64() {
            return Ok(whole);
        }
        let double = number.as_f64().trunc();
        #[expect(clippy::cast_possible_truncation, reason = "saturates, as Java's conversion does")]
        Ok(double as i64)
    }

    pub(crate) fn bool(&self, at: usize) -> Result<bool, Failure> {
        self.get(at).as_bool().ok_or_else(|| self.expected(at, "a boolean"))
    }

    pub(crate) fn list(&self, at: usize) -> Result<&'a [Value], Failure> {
        self.get(at).as_list().ok_or_else(|| self.expected(at, "a list"))
    }

    pub(crate) fn object(&self, at: usize) -> Result<&'a Object, Failure> {
        self.get(at).as_object().ok_or_else(|| self.expected(at, "an object"))
    }
}
