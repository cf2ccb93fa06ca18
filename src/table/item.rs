//! Items in files: plain JSON or DynamoDB's.

use value::{Object, Str, Value, value};

/// The levels to which plain items may be nested before DynamoDB is asked, whose own limit is 32: each plain level becomes two.
const DEEPEST: usize = 64;

/// How the items of a file are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemFormat {
    /// `{"id": "1", "n": 3}`
    Plain,
    /// `{"id": {"S": "1"}, "n": {"N": "3"}}`, by itself or as `{"Item": …}`.
    Dynamodb,
}

impl ItemFormat {
    /// The format of a file by its first item: DynamoDB's if it has an attribute and each of them is an object with one member
    /// that is named after a type and has its form, else plain.
    #[must_use]
    pub fn of(item: &Value) -> Self {
        let is_typed = unwrapped(item).as_object().is_some_and(|item| !item.is_empty() && item.values().all(is_attribute_value));
        if is_typed { Self::Dynamodb } else { Self::Plain }
    }

    /// The item as DynamoDB takes it.
    pub(super) fn item(self, item: Value) -> Result<Value, String> {
        let item = match self {
            Self::Plain => item,
            Self::Dynamodb => unwrapped(&item).clone(),
        };
        let Value::Object(attributes) = &item else {
            return Err(format!("an item is an object, not a {}", item.kind()));
        };
        if self == Self::Dynamodb {
            return Ok(item);
        }
        if item.depth_up_to(DEEPEST) > DEEPEST {
            return Err("Nesting Levels have exceeded supported limits".into());
        }
        Ok(Value::from(members(attributes)))
    }
}

/// The item of `{"Item": {…}}`, a line of an export; anything else is itself.
fn unwrapped(item: &Value) -> &Value {
    match item.as_object() {
        Some(object) if object.len() == 1 => object.get("Item").filter(|inner| inner.as_object().is_some()).unwrap_or(item),
        _ => item,
    }
}

/// Whether this is `{"S": "text"}` or the like.
fn is_attribute_value(value: &Value) -> bool {
    let Some(object) = value.as_object().filter(|object| object.len() == 1) else { return false };
    object.iter().all(|(name, value)| match &**name {
        "S" | "N" | "B" => value.as_str().is_some(),
        "BOOL" | "NULL" => value.as_bool().is_some(),
        "SS" | "NS" | "BS" | "L" => value.as_list().is_some(),
        "M" => value.as_object().is_some(),
        _ => false,
    })
}

fn members(object: &Object) -> Object {
    let mut typed = Object::with_capacity(object.len());
    for (name, value) in object {
        typed.insert(Str::clone(name), attribute_value(value));
    }
    typed
}

/// A plain value as an attribute value; numbers keep every digit.
fn attribute_value(value: &Value) -> Value {
    match value {
        Value::Null => value!({ "NULL": true }),
        Value::Bool(value) => value!({ "BOOL": (*value) }),
        Value::Number(number) => value!({ "N": (number.to_string()) }),
        Value::String(text) => value!({ "S": (Str::clone(text)) }),
        Value::List(items) => value!({ "L": (items.iter().map(attribute_value).collect::<Vec<_>>()) }),
        Value::Object(object) => value!({ "M": (members(object)) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Value {
        Value::parse(text.as_bytes()).expect("JSON")
    }

    #[test]
    fn the_format_of_an_item_is_told_by_its_attributes() {
        use ItemFormat::{Dynamodb, Plain};
        let cases = [
            (r#"{"id":"1"}"#, Plain),
            (r#"{}"#, Plain),
            (r#"[]"#, Plain),
            (r#"{"id":{"S":"1"}}"#, Dynamodb),
            (r#"{"id":{"S":"1"},"n":{"N":"1"},"b":{"BOOL":true},"l":{"L":[]},"m":{"M":{}},"s":{"SS":["a"]}}"#, Dynamodb),
            (r#"{"id":{"S":"1"},"n":3}"#, Plain),
            (r#"{"id":{"S":1}}"#, Plain),
            (r#"{"id":{"S":"1","N":"1"}}"#, Plain),
            (r#"{"id":{"T":"1"}}"#, Plain),
            (r#"{"Item":{"id":{"S":"1"}}}"#, Dynamodb),
            (r#"{"Item":{"id":"1"}}"#, Plain),
            (r#"{"Item":"1"}"#, Plain),
        ];
        for (text, format) in cases {
            assert_eq!(ItemFormat::of(&parse(text)), format, "{text}");
        }
    }

    #[test]
    fn plain_items_become_attribute_values() {
        let plain = parse(r#"{"s":"","n":12345678901234567890.50,"e":1e-7,"t":true,"z":null,"l":[1,["a"]],"m":{"S":"x"}}"#);
        let typed = ItemFormat::Plain.item(plain).expect("an item").to_string();
        let expected = r#"{"s":{"S":""},"n":{"N":"12345678901234567890.50"},"e":{"N":"1e-7"},"t":{"BOOL":true},"z":{"NULL":true},"l":{"L":[{"N":"1"},{"L":[{"S":"a"}]}]},"m":{"M":{"S":{"S":"x"}}}}"#;
        assert_eq!(typed, expected);
    }

    #[test]
    fn dynamodb_items_stay_and_lose_their_wrapper() {
        for text in [r#"{"id":{"S":"1"}}"#, r#"{"Item":{"id":{"S":"1"}}}"#] {
            assert_eq!(ItemFormat::Dynamodb.item(parse(text)).expect("an item").to_string(), r#"{"id":{"S":"1"}}"#);
        }
    }

    #[test]
    fn what_is_no_item_is_refused() {
        for text in ["1", "[]", "null"] {
            assert!(ItemFormat::Plain.item(parse(text)).is_err(), "{text}");
            assert!(ItemFormat::Dynamodb.item(parse(text)).is_err(), "{text}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(199), "]".repeat(199));
        assert!(ItemFormat::Plain.item(parse(&deep)).expect_err("too deep").contains("Nesting Levels"));
    }
}
