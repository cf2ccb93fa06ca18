//! A statement's result while it grows, under the limit of the whole request.

use std::sync::Arc;

use value::{Object, Value};

use crate::DatabaseError;

/// What the results of one request may still hold, in bytes of JSON.
#[derive(Debug)]
pub(crate) struct Room(usize);

impl Room {
    pub(crate) fn new(bytes: usize) -> Self {
        Self(bytes)
    }

    /// Takes room for something of about this size.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), DatabaseError> {
        match self.0.checked_sub(bytes) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(DatabaseError::too_large()),
        }
    }
}

/// The rows of one statement.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    records: Vec<Value>,
}

impl Rows {
    /// Adds a row of fields.
    pub(crate) fn push(&mut self, fields: Vec<Value>, room: &mut Room) -> Result<(), DatabaseError> {
        room.take(fields.iter().map(size).sum::<usize>() + 3)?;
        self.records.push(fields.into());
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The result of a statement that gives rows, even none.
    pub(crate) fn finish(self, columns: Value) -> Value {
        let mut object = Object::with_capacity(3);
        object.insert("numberOfRecordsUpdated", 0);
        object.insert("records", self.records);
        object.insert("columnMetadata", columns);
        object.into()
    }
}

/// The result of a statement that gives no rows.
pub(crate) fn updated(count: u64, generated: Vec<Value>) -> Value {
    let mut object = Object::with_capacity(2);
    object.insert("numberOfRecordsUpdated", count);
    object.insert("generatedFields", generated);
    object.into()
}

/// The results of all statements.
pub(crate) fn results(results: Vec<Value>) -> Value {
    let mut object = Object::with_capacity(1);
    object.insert("sqlStatementResults", Value::List(Arc::new(results)));
    object.into()
}

/// About how many bytes of JSON a field is; escapes are not counted.
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::List(items) => items.iter().map(|item| size(item) + 1).sum::<usize>() + 2,
        Value::Object(object) => object.iter().map(|(key, value)| key.len() + 4 + size(value)).sum::<usize>() + 2,
    }
}
