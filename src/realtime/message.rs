//! Publications between nodes, as JSON: `{"mutation":…,"value":…}` or `{"subscription":…,"payload":…}`. Every node compares and
//! writes by its own definition, so that nodes with an older and a newer one get along.

use bytes::Bytes;
use value::{Object, Str, Value};

use crate::api::Publication;
use crate::execution::event::Event;

/// The message of a publication.
pub(super) fn write(publication: &Publication) -> Bytes {
    let (kind, name, content, value) = match publication {
        Publication::Event(event) => ("mutation", &event.mutation, "value", &event.value),
        Publication::Invalidation { subscription, payload } => ("subscription", subscription, "payload", payload),
    };
    let mut message = Object::with_capacity(2);
    message.insert(kind, name);
    message.insert(content, value.clone());
    Value::from(message).to_json().into()
}

/// The publication in a message.
///
/// # Errors
/// Why it is none.
pub(super) fn read(message: &[u8]) -> Result<Publication, String> {
    let message = Value::parse(message).map_err(|error| error.to_string())?;
    let name = |key| message.get(key).and_then(Value::as_str).map(Str::from);
    let content = |key| message.get(key).cloned().ok_or_else(|| format!("without `{key}`"));
    match (name("mutation"), name("subscription")) {
        (Some(mutation), None) => Ok(Publication::Event(Event { mutation, value: content("value")? })),
        (None, Some(subscription)) => Ok(Publication::Invalidation { subscription, payload: content("payload")? }),
        _ => Err("neither an event nor an invalidation".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    #[test]
    fn a_publication_arrives_as_it_was() {
        let event = Event {
            mutation: "send".into(),
            value: value!({"id": "1", "n": (Value::parse(b"12345678901234567890123").expect("a number")), "list": [null]}),
        };
        for publication in [
            Publication::Event(event),
            Publication::Event(Event { mutation: "clear".into(), value: Value::Null }),
            Publication::Invalidation { subscription: "onSend".into(), payload: value!({"room": "a"}) },
        ] {
            assert_eq!(read(&write(&publication)), Ok(publication));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for message in
            ["", "[]", "{}", r#"{"mutation":1,"value":1}"#, r#"{"mutation":"a"}"#, r#"{"mutation":"a","subscription":"b"}"#]
        {
            assert!(read(message.as_bytes()).is_err(), "{message}");
        }
    }
}
