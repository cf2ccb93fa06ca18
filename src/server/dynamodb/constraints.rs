//! Required members, which the service misses before it runs an operation: `1 validation error detected: Value null at 'requestItems'
//! failed to satisfy constraint: Member must not be null`. The first ten are reported at once, together with what is wrong in the enumerations
//! that most requests have.

use dynamodb::Operation;
use value::{Object, Value};

use super::shapes::{Shape, Shapes, shapes};

/// Enumerations that are told of beside missing members.
const ENUMERATIONS: [(&str, &str, &[&str]); 2] = [
    ("ReturnConsumedCapacity", "[INDEXES, TOTAL, NONE]", &["INDEXES", "TOTAL", "NONE"]),
    ("ReturnItemCollectionMetrics", "[SIZE, NONE]", &["SIZE", "NONE"]),
];

/// The service's sentence when required members are missing.
pub(super) fn missing(operation: Operation, body: &Value) -> Option<String> {
    let request = shapes().structure(&format!("{}Input", operation.name()))?;
    let mut found = Vec::new();
    walk(shapes(), request, body, "", &mut found);
    if found.is_empty() {
        return None;
    }
    let mut sentences = Vec::new();
    for (name, set, values) in ENUMERATIONS {
        if let Some(given) = body.get(name).and_then(Value::as_str).filter(|given| !values.contains(given)) {
            let place = lower_first(name);
            let constraint = format!("Member must satisfy enum value set: {set}");
            sentences.push(format!("Value '{given}' at '{place}' failed to satisfy constraint: {constraint}"));
        }
    }
    sentences.extend(
        found.iter().map(|place| format!("Value null at '{place}' failed to satisfy constraint: Member must not be null")),
    );
    let plural = if sentences.len() == 1 { "" } else { "s" };
    Some(format!("{} validation error{plural} detected: {}", sentences.len(), sentences.join("; ")))
}

/// How many missing members are told; more of them say nothing new.
const MOST: usize = 10;

/// Recursion is bounded by [`value::MAX_DEPTH`], and ends at attribute values.
fn walk(shapes: &Shapes, shape: Shape, value: &Value, place: &str, found: &mut Vec<String>) {
    match (shape, value) {
        (Shape::Structure(structure), Value::Object(members)) if !shapes.is_attribute_value(shape) => {
            let inside = |name: &str| if place.is_empty() { lower_first(name) } else { format!("{place}.{}", lower_first(name)) };
            for name in shapes.required(structure) {
                if found.len() < MOST && members.get(name).is_none_or(Value::is_null) {
                    found.push(inside(name));
                }
            }
            for (name, value) in structures(members) {
                if let Some(shape) = shapes.member(structure, name) {
                    walk(shapes, shape, value, &inside(name), found);
                }
            }
        }
        (Shape::Map(content), Value::Object(members)) => {
            let content = shapes.content_of(content);
            if !shapes.is_attribute_value(content) {
                for (name, value) in structures(members) {
                    walk(shapes, content, value, &format!("{place}.{name}.member"), found);
                }
            }
        }
        (Shape::List(content), Value::List(items)) => {
            let content = shapes.content_of(content);
            if !shapes.is_attribute_value(content) {
                for (at, value) in items.iter().enumerate().filter(|(_, value)| is_container(value)) {
                    walk(shapes, content, value, &format!("{place}.{}.member", at + 1), found);
                }
            }
        }
        _ => {}
    }
}

/// The members that have members.
fn structures(members: &Object) -> impl Iterator<Item = (&str, &Value)> {
    members.iter().map(|(name, value)| (&**name, value)).filter(|(_, value)| is_container(value))
}

fn is_container(value: &Value) -> bool {
    matches!(value, Value::Object(_) | Value::List(_))
}

/// A member's name as it stands in the service's messages.
fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_members_are_told_with_their_place() {
        let null = |place: &str| format!("Value null at '{place}' failed to satisfy constraint: Member must not be null");
        let check = |operation: &str, body: &str, places: &[&str]| {
            let operation = Operation::from_name(operation).expect(operation);
            let found = missing(operation, &Value::parse(body.as_bytes()).expect(body));
            let expected = (!places.is_empty()).then(|| {
                let plural = if places.len() == 1 { "" } else { "s" };
                let nulls: Vec<_> = places.iter().map(|place| null(place)).collect();
                format!("{} validation error{plural} detected: {}", places.len(), nulls.join("; "))
            });
            assert_eq!(found, expected, "{body}");
        };
        check("BatchGetItem", "{}", &["requestItems"]);
        check("BatchGetItem", r#"{"RequestItems":null}"#, &["requestItems"]);
        check("BatchGetItem", r#"{"RequestItems":{"a":{}}}"#, &["requestItems.a.member.keys"]);
        check("BatchGetItem", r#"{"RequestItems":{"a":{"Keys":[]}}}"#, &[]);
        let writes = r#"{"RequestItems":{"a":[{"DeleteRequest":{},"PutRequest":{"Item":{}}}]}}"#;
        check("BatchWriteItem", writes, &["requestItems.a.member.1.member.deleteRequest.key"]);
        let put = r#"{"TransactItems":[{},{"Put":{"Item":{"Get":{"S":"x"}}}}]}"#;
        check("TransactWriteItems", put, &["transactItems.2.member.put.tableName"]);
        check(
            "UpdateTable",
            r#"{"GlobalSecondaryIndexUpdates":[{"Update":{}}]}"#,
            &["globalSecondaryIndexUpdates.1.member.update.indexName"],
        );
        // Told by the service itself.
        check("GetItem", "{}", &[]);
        let operation = Operation::BatchGetItem;
        assert_eq!(
            missing(operation, &value::value!({"ReturnConsumedCapacity": "hi"})).expect("missing"),
            "2 validation errors detected: Value 'hi' at 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy enum \
             value set: [INDEXES, TOTAL, NONE]; Value null at 'requestItems' failed to satisfy constraint: Member must not be null"
        );
    }
}
