//! The service's own check of JSON types, before anything else about a request is looked at: one walk over the body along the
//! [shapes](super::shapes), in the order of the body. What does not fit is a `SerializationException` in the words of the Java
//! library behind the service.

use std::sync::Arc;

use dynamodb::Operation;
use value::{Str, Value};

use super::shapes::{Shape, Shapes, shapes};

/// The levels of lists and maps an attribute value may have.
const NESTING_LIMIT: usize = 32;

/// What the service says where a generic type is wanted and a scalar is found.
const NOT_A_CLASS: &str = "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class java.lang.Class \
     (sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and java.lang.Class are in module java.base of loader 'bootstrap')";
const MISPLACED_STRUCTURE: &str = "Start of structure or map found where not expected";

/// The `Message` of a `SerializationException`; the service sends none for some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mismatch(pub(super) Option<String>);

/// What the walk has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// The first attribute value that is nested deeper than the service allows.
    pub(super) deep: Option<Deep>,
    /// A whole number was written in another way, `1.0` for instance.
    pub(super) fraction: bool,
}

/// Where an attribute value stands that is nested too deep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deep {
    /// In an item, a key, a condition or a parameter.
    Plain,
    /// In `ExpressionAttributeValues`, under this name.
    ExpressionValue(Str),
    /// In `ExclusiveStartKey`.
    StartKey,
}

/// Checks the body of a request.
pub(super) fn check(operation: Operation, body: &Value) -> Result<Seen, Mismatch> {
    let shapes = shapes();
    let Some(request) = shapes.structure(&format!("{}Input", operation.name())) else { return Err(Mismatch(None)) };
    match body {
        Value::Object(_) => {}
        Value::List(_) => return Err(unrecognized(shapes, request)),
        _ => return Err(Mismatch(None)),
    }
    let mut walk = Walk { shapes, seen: Seen::default() };
    walk.check(request, body, Place::Member, 0)?;
    Ok(walk.seen)
}

/// Makes whole numbers of those that stand where the service wants one: it takes any and cuts off the fraction.
pub(super) fn cut_fractions(operation: Operation, body: &mut Value) {
    if let Some(request) = shapes().structure(&format!("{}Input", operation.name())) {
        cut_in(shapes(), request, body);
    }
}

/// Recursion is bounded as in [`Walk::check`].
fn cut_in(shapes: &Shapes, shape: Shape, value: &mut Value) {
    match (shape, value) {
        (Shape::Integer | Shape::Long, value @ Value::Number(_)) => {
            #[expect(clippy::cast_possible_truncation, reason = "cut off and bounded is what the service does")]
            let whole = value.as_i64().unwrap_or_else(|| value.as_f64().unwrap_or_default() as i64);
            *value = whole.into();
        }
        (Shape::Structure(structure), Value::Object(members)) if !shapes.is_attribute_value(shape) => {
            for (name, value) in Arc::make_mut(members).iter_mut() {
                if let Some(shape) = shapes.member(structure, name) {
                    cut_in(shapes, shape, value);
                }
            }
        }
        (Shape::Map(content), Value::Object(members)) => {
            Arc::make_mut(members).iter_mut().for_each(|(_, value)| cut_in(shapes, shapes.content_of(content), value));
        }
        (Shape::List(content), Value::List(items)) => {
            Arc::make_mut(items).iter_mut().for_each(|value| cut_in(shapes, shapes.content_of(content), value));
        }
        _ => {}
    }
}

/// Where a value stands, which the service's words depend on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A member of a structure.
    Member,
    /// In a list or map.
    Element,
}

struct Walk {
    shapes: &'static Shapes,
    seen: Seen,
}

impl Walk {
    /// Recursion is bounded by [`value::MAX_DEPTH`], which every parsed value keeps.
    fn check(&mut self, shape: Shape, value: &Value, place: Place, nesting: usize) -> Result<(), Mismatch> {
        match (shape, value) {
            // A null counts as absent.
            (_, Value::Null) => Ok(()),
            (Shape::Structure(structure), Value::Object(members)) => {
                let attribute = self.shapes.is_attribute_value(shape);
                for (name, value) in members.iter() {
                    if let Some(shape) = self.shapes.member(structure, name) {
                        let container = attribute && matches!(&**name, "L" | "M");
                        let nesting = nesting + usize::from(container);
                        if nesting >= NESTING_LIMIT && self.seen.deep.is_none() {
                            self.seen.deep = Some(Deep::Plain);
                        }
                        let shallow = self.seen.deep.is_none();
                        self.check(shape, value, Place::Member, nesting)?;
                        if shallow && !attribute {
                            self.name_deep(name, value);
                        }
                    }
                }
                Ok(())
            }
            (Shape::Map(content), Value::Object(members)) => {
                let content = self.shapes.content_of(content);
                members.values().try_for_each(|value| self.check(content, value, Place::Element, nesting))
            }
            (Shape::List(content), Value::List(items)) => {
                let content = self.shapes.content_of(content);
                items.iter().try_for_each(|value| self.check(content, value, Place::Element, nesting))
            }
            (Shape::Integer | Shape::Long, Value::Number(number)) => {
                self.seen.fraction |= number.as_i64().is_none();
                Ok(())
            }
            (Shape::String, Value::String(_)) => Ok(()),
            (Shape::Boolean, Value::Bool(_)) => Ok(()),
            (Shape::Boolean, Value::String(text)) if reads_as_boolean(text) => Ok(()),
            (Shape::Blob, Value::String(text)) => match base64_fault(text) {
                None => Ok(()),
                Some(fault) => Err(Mismatch(Some(fault))),
            },
            _ => Err(self.mismatch(shape, value, place)),
        }
    }

    /// Tells a deep value that was just found by the member it stands in.
    fn name_deep(&mut self, member: &str, value: &Value) {
        if self.seen.deep != Some(Deep::Plain) {
            return;
        }
        self.seen.deep = Some(match member {
            "ExclusiveStartKey" => Deep::StartKey,
            "ExpressionAttributeValues" => {
                let mut names = value.as_object().into_iter().flatten();
                let deep = names.find(|(_, value)| value.depth_up_to(2 * NESTING_LIMIT) > 2 * NESTING_LIMIT);
                Deep::ExpressionValue(deep.map_or_else(|| "".into(), |(name, _)| Str::clone(name)))
            }
            _ => Deep::Plain,
        });
    }

    fn mismatch(&self, shape: Shape, value: &Value, place: Place) -> Mismatch {
        let message = match (shape, value) {
            (_, Value::List(_)) => return unrecognized(self.shapes, shape),
            (_, Value::Object(_)) => MISPLACED_STRUCTURE.to_owned(),
            (Shape::List(_) | Shape::Map(_), _) if place == Place::Element => NOT_A_CLASS.to_owned(),
            (Shape::Structure(_), _) if place == Place::Element => "Unexpected value type in payload".to_owned(),
            (Shape::Structure(_) | Shape::List(_) | Shape::Map(_), _) => "Unexpected field type".to_owned(),
            (Shape::Blob, _) => "only base-64-encoded strings are convertible to bytes".to_owned(),
            (Shape::Boolean, Value::String(_)) => "Unexpected token received from parser".to_owned(),
            (scalar, value) => {
                let found = match value {
                    Value::Bool(true) => "TRUE_VALUE",
                    Value::Bool(false) => "FALSE_VALUE",
                    Value::Number(number) if number.is_integer() => "NUMBER_VALUE",
                    Value::Number(_) => "DECIMAL_VALUE",
                    _ => "STRING_VALUE",
                };
                let wanted = self.shapes.java_name(scalar);
                format!("{found} cannot be converted to {}", wanted.rsplit('.').next().unwrap_or(&wanted))
            }
        };
        Mismatch(Some(message))
    }
}

fn unrecognized(shapes: &Shapes, shape: Shape) -> Mismatch {
    let class = if matches!(shape, Shape::Map(_)) { "" } else { "class " };
    Mismatch(Some(format!("Unrecognized collection type {class}{}", shapes.java_name(shape))))
}

/// Texts that the service reads as a boolean, in any case.
fn reads_as_boolean(text: &str) -> bool {
    ["true", "t", "yes", "y", "1", "false", "f", "no", "n", "0"].iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Why a text is not base64, in the service's words (and spelling).
fn base64_fault(text: &str) -> Option<String> {
    let length = text.chars().count();
    if !length.is_multiple_of(4) {
        return Some(format!("Base64 encoded length is expected a multiple of 4 bytes but found: {length}"));
    }
    let digits = text.trim_end_matches('=');
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    if let Some(bad) = digits.chars().find(|char| !u8::try_from(*char).is_ok_and(is_digit)) {
        return Some(if bad == '=' {
            "Invalid last non-pad Base64 character dectected".to_owned()
        } else {
            format!("Invalid base 64 character: '{bad}'")
        });
    }
    // What is left over from the last digit must be zero bits.
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let last = digits.bytes().last().map_or(0, value);
    let sound = match text.len() - digits.len() {
        0 => true,
        1 => last.is_multiple_of(4),
        2 => last.is_multiple_of(16),
        _ => false,
    };
    (!sound).then(|| "Invalid last non-pad Base64 character dectected".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(operation: &str, body: &str) -> String {
        let operation = Operation::from_name(operation).expect(operation);
        match check(operation, &Value::parse(body.as_bytes()).expect(body)) {
            Ok(Seen { deep: None, fraction: false }) => "fits".into(),
            Ok(Seen { deep: None, fraction: true }) => "fits, with a fraction".into(),
            Ok(Seen { deep: Some(deep), .. }) => format!("fits, too deep: {deep:?}"),
            Err(Mismatch(message)) => message.unwrap_or_else(|| "no message".into()),
        }
    }

    #[test]
    fn every_place_has_its_words() {
        let attribute = "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue";
        for (operation, body, expected) in [
            ("GetItem", r#"{"TableName":"t","Key":{"id":{"S":"1"}},"Unknown":1,"ConsistentRead":null}"#, "fits"),
            ("GetItem", "[]", "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.GetItemInput"),
            ("GetItem", "1", "no message"),
            ("GetItem", r#"{"TableName":true}"#, "TRUE_VALUE cannot be converted to String"),
            ("GetItem", r#"{"TableName":-0}"#, "NUMBER_VALUE cannot be converted to String"),
            ("GetItem", r#"{"TableName":34.5}"#, "DECIMAL_VALUE cannot be converted to String"),
            ("GetItem", r#"{"TableName":[]}"#, "Unrecognized collection type class java.lang.String"),
            ("GetItem", r#"{"TableName":{}}"#, MISPLACED_STRUCTURE),
            ("GetItem", r#"{"ConsistentRead":"yEs"}"#, "fits"),
            ("GetItem", r#"{"ConsistentRead":"23"}"#, "Unexpected token received from parser"),
            ("GetItem", r#"{"ConsistentRead":23}"#, "NUMBER_VALUE cannot be converted to Boolean"),
            ("GetItem", r#"{"ConsistentRead":99999999999999999999}"#, "NUMBER_VALUE cannot be converted to Boolean"),
            ("GetItem", r#"{"ConsistentRead":[]}"#, "Unrecognized collection type class java.lang.Boolean"),
            ("GetItem", r#"{"Key":"a"}"#, "Unexpected field type"),
            (
                "GetItem",
                r#"{"Key":[]}"#,
                "Unrecognized collection type java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>",
            ),
            ("GetItem", r#"{"Key":{"a":"b"}}"#, "Unexpected value type in payload"),
            ("GetItem", r#"{"Key":{"a":[]}}"#, attribute),
            ("GetItem", r#"{"Key":{"a":{"L":[1]}}}"#, "Unexpected value type in payload"),
            ("GetItem", r#"{"Key":{"a":{"M":{"b":[]}}}}"#, attribute),
            ("GetItem", r#"{"Key":{"a":{"NULL":[]}}}"#, "Unrecognized collection type class java.lang.Boolean"),
            ("GetItem", r#"{"Key":{"a":{"SS":{}}}}"#, MISPLACED_STRUCTURE),
            ("GetItem", r#"{"Key":{"a":{"NS":[1]}}}"#, "NUMBER_VALUE cannot be converted to String"),
            ("GetItem", r#"{"AttributesToGet":"a"}"#, "Unexpected field type"),
            ("Query", r#"{"Limit":"1"}"#, "STRING_VALUE cannot be converted to Integer"),
            ("UpdateItem", r#"{"Expected":{"a":{"Value":"b"}}}"#, "Unexpected field type"),
            ("UpdateItem", r#"{"Expected":{"a":{"Value":[]}}}"#, attribute),
            ("BatchGetItem", r#"{"RequestItems":{"t":{"Keys":["a"]}}}"#, NOT_A_CLASS),
            ("BatchWriteItem", r#"{"RequestItems":{"t":1}}"#, NOT_A_CLASS),
            ("BatchWriteItem", r#"{"RequestItems":{"t":{}}}"#, MISPLACED_STRUCTURE),
            (
                "CreateTable",
                r#"{"ProvisionedThroughput":{"ReadCapacityUnits":false}}"#,
                "FALSE_VALUE cannot be converted to Long",
            ),
            // The first in the body is the one that is reported.
            ("GetItem", r#"{"Key":1,"TableName":1}"#, "Unexpected field type"),
            ("GetItem", r#"{"TableName":1,"Key":1}"#, "NUMBER_VALUE cannot be converted to String"),
        ] {
            assert_eq!(shown(operation, body), expected, "{operation} {body}");
        }
    }

    #[test]
    fn binary_is_base64() {
        let last = "Invalid last non-pad Base64 character dectected";
        for (text, expected) in [
            ("", "fits"),
            ("AAEC", "fits"),
            ("AA==", "fits"),
            ("AAE=", "fits"),
            ("23456", "Base64 encoded length is expected a multiple of 4 bytes but found: 5"),
            ("=+/=", last),
            ("+/+=", last),
            ("AB==", last),
            ("====", last),
            ("A*==", "Invalid base 64 character: '*'"),
        ] {
            assert_eq!(shown("GetItem", &format!(r#"{{"Key":{{"a":{{"B":"{text}"}}}}}}"#)), expected, "{text}");
        }
        let number = r#"{"Key":{"a":{"B":23}}}"#;
        assert_eq!(shown("GetItem", number), "only base-64-encoded strings are convertible to bytes");
    }

    #[test]
    fn nesting_is_counted_in_attribute_values_only() {
        let nested =
            |levels: usize| format!(r#"{{"Item":{{"a":{}{{"S":"x"}}{}}}}}"#, r#"{"L":["#.repeat(levels), "]}".repeat(levels));
        assert_eq!(shown("PutItem", &nested(31)), "fits");
        assert_eq!(shown("PutItem", &nested(32)), "fits, too deep: Plain");
        let value = r#"{"ExpressionAttributeValues":{":a":{"S":"x"},":b":"#.to_owned() + &nested(32)[13..];
        assert_eq!(shown("PutItem", &value), r#"fits, too deep: ExpressionValue(":b")"#);
        let key = nested(32).replace("Item", "ExclusiveStartKey");
        assert_eq!(shown("Query", &key), "fits, too deep: StartKey");
        assert_eq!(shown("PutItem", &format!(r#"{{"Other":{}{}}}"#, "[".repeat(150), "]".repeat(150))), "fits");
    }

    #[test]
    fn fractions_of_whole_numbers_are_cut_off() {
        let operation = Operation::CreateTable;
        let text = r#"{"ProvisionedThroughput":{"ReadCapacityUnits":1.9,"WriteCapacityUnits":-0},"Limit":1.5,"LocalSecondaryIndexes":[{}],
            "GlobalSecondaryIndexes":[{"ProvisionedThroughput":{"ReadCapacityUnits":99999999999999999999,"WriteCapacityUnits":2}}]}"#;
        assert_eq!(shown("CreateTable", text), "fits, with a fraction");
        let mut body = Value::parse(text.as_bytes()).expect("JSON");
        cut_fractions(operation, &mut body);
        let read = |path: &[&str]| body.at(path).to_json();
        assert_eq!(read(&["ProvisionedThroughput"]), r#"{"ReadCapacityUnits":1,"WriteCapacityUnits":0}"#);
        assert_eq!(read(&["Limit"]), "1.5");
        let units = format!(r#"[{{"ProvisionedThroughput":{{"ReadCapacityUnits":{},"WriteCapacityUnits":2}}}}]"#, i64::MAX);
        assert_eq!(read(&["GlobalSecondaryIndexes"]), units);
        assert_eq!(shown("Scan", r#"{"Limit":10}"#), "fits");
    }

    proptest! {
        /// Whatever JSON a body holds, and however members of the API are put together in it, there is an answer.
        #[test]
        fn any_body_is_judged(words in proptest::collection::vec(0..30_usize, 0..60), at in 0..Operation::ALL.len()) {
            const WORDS: [&str; 30] = [
                "{", "}", "[", "]", ":", ",", "1", "-0", "1.5", "true", "null", "\"x\"", "\"S\"", "\"M\"", "\"L\"", "\"B\"",
                "\"Key\"", "\"Item\"", "\"RequestItems\"", "\"Keys\"", "\"Limit\"", "\"TransactItems\"", "{\"Key\":{\"a\":",
                "{\"L\":[", "]}", "{\"M\":{\"a\":", "}}", "{\"TransactItems\":[{\"Put\":", "\"\\u00e9=\"", "\"AA==\"",
            ];
            let text: String = words.iter().map(|&word| WORDS[word]).collect();
            let operation = Operation::ALL[at];
            let cut = crate::server::dynamodb::nesting::cut(text.as_bytes());
            if let Ok(mut body) = Value::parse(text.as_bytes()) {
                prop_assert_eq!(cut.as_ref(), Some(&body));
                let judged = check(operation, &body);
                cut_fractions(operation, &mut body);
                prop_assert_eq!(check(operation, &body).is_ok(), judged.is_ok());
            }
        }
    }
}
