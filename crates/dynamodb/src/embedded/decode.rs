//! A request's [`Value`] read by `serde`, without JSON in between.
//!
//! The engine's request types say how they are read through `Deserialize`; this is the other half. What is of the wrong kind
//! is refused here in DynamoDB's own words for it, marked the way the engine marks its refusals (see [`super::refusal`]), so
//! that one place turns both into a [`crate::ServiceError`].
//!
//! Recursion is bounded by the nesting of the value, which every door that makes one bounds (`value::MAX_DEPTH`).

use std::fmt::Display;

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use value::{Number, Str, Value};

/// Why a request could not be read: the engine's marked message or ours.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct DecodeError(pub(super) String);

impl serde::de::Error for DecodeError {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Reads a request.
pub(super) fn from_value<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<T, DecodeError> {
    T::deserialize(Node(value))
}

#[derive(Clone, Copy)]
struct Node<'de>(&'de Value);

impl Node<'_> {
    /// DynamoDB's refusal of this value where a `target` (a Java class of `java.lang`) belongs.
    fn mistyped(self, target: &str) -> DecodeError {
        let found = match self.0 {
            Value::Bool(true) => "TRUE_VALUE",
            Value::Bool(false) => "FALSE_VALUE",
            Value::Number(number) if is_decimal(number) => "DECIMAL_VALUE",
            Value::Number(_) => "NUMBER_VALUE",
            Value::String(_) if target == "Boolean" => return serialization("Unexpected token received from parser"),
            Value::String(_) => "STRING_VALUE",
            Value::List(_) => return serialization(&format!("Unrecognized collection type class java.lang.{target}")),
            Value::Object(_) => return serialization("Start of structure or map found where not expected"),
            Value::Null => return DecodeError(format!("invalid type: null, expected a {target}")),
        };
        serialization(&format!("{found} cannot be converted to {target}"))
    }

    /// Likewise where a list belongs, or (`class`) a map or structure.
    fn misshapen(self, class: Option<&str>) -> DecodeError {
        match (self.0, class) {
            (Value::Null, _) => DecodeError("invalid type: null, expected a collection".to_owned()),
            (Value::Object(_), _) => serialization("Start of structure or map found where not expected"),
            (Value::List(_), Some(class)) => serialization(&format!("Unrecognized collection type class {class}")),
            _ => serialization("Unexpected field type"),
        }
    }
}

fn serialization(message: &str) -> DecodeError {
    DecodeError(format!("SERIALIZATION:{message}"))
}

fn is_decimal(number: &Number) -> bool {
    !number.is_integer()
}

/// The class a structure of the API is in the service, which its refusals name.
fn structure_class(name: &str) -> String {
    let name = name.strip_suffix("Raw").unwrap_or(name);
    let name = match name {
        "CreateGsiAction" => "CreateGlobalSecondaryIndexAction",
        "UpdateGsiAction" => "UpdateGlobalSecondaryIndexAction",
        "DeleteGsiAction" => "DeleteGlobalSecondaryIndexAction",
        other => other,
    };
    format!("com.amazonaws.dynamodb.v20120810.{name}")
}

macro_rules! whole_numbers {
    ($($method:ident $visit:ident)*) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            match self.0 {
                Value::Number(_) => self.deserialize_any(visitor),
                _ => Err(self.mistyped("Long")),
            }
        }
    )* };
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(number), _) if number >= 0 => visitor.visit_u64(number.unsigned_abs()),
                (Some(number), _) => visitor.visit_i64(number),
                (_, Some(number)) => visitor.visit_u64(number),
                _ => visitor.visit_f64(number.as_f64()),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::List(items) => visitor.visit_seq(Items(items.iter())),
            Value::Object(object) => visitor.visit_map(Members { members: object.iter(), value: None }),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            Value::Bool(value) => visitor.visit_bool(*value),
            _ => Err(self.mistyped("Boolean")),
        }
    }

    whole_numbers! { deserialize_i8 v deserialize_i16 v deserialize_i32 v deserialize_i64 v deserialize_u8 v
    deserialize_u16 v deserialize_u32 v deserialize_u64 v deserialize_f32 v deserialize_f64 v }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            Value::String(text) => visitor.visit_borrowed_str(text),
            _ => Err(self.mistyped("String")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            Value::List(_) => self.deserialize_any(visitor),
            _ => Err(self.misshapen(None)),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            Value::Object(_) => self.deserialize_any(visitor),
            _ => Err(self.misshapen(Some("java.util.Map"))),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.0 {
            Value::Object(_) => self.deserialize_any(visitor),
            _ => Err(self.misshapen(Some(&structure_class(name)))),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(BorrowedStrDeserializer::new(text)),
            Value::Object(object) if object.len() == 1 => {
                let (name, value) = object.iter().next().expect("the object has one member");
                visitor.visit_enum(Variant { name, value })
            }
            _ => Err(self.mistyped("String")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { char bytes byte_buf unit unit_struct tuple tuple_struct identifier i128 u128 }
}

impl<'de> IntoDeserializer<'de, DecodeError> for Node<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

struct Items<'de>(std::slice::Iter<'de, Value>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, DecodeError> {
        self.0.next().map(|item| seed.deserialize(Node(item))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Members<'de> {
    members: value::Iter<'de>,
    value: Option<&'de Value>,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        let Some((key, value)) = self.members.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        seed.deserialize(Node(self.value.take().unwrap_or(&value::NULL)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.members.len())
    }
}

struct Variant<'de> {
    name: &'de Str,
    value: &'de Value,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), DecodeError> {
        let name: StrDeserializer<'_, DecodeError> = (**self.name).into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        Deserialize::deserialize(Node(self.value))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, DecodeError> {
        seed.deserialize(Node(self.value))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, DecodeError> {
        Node(self.value).deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, DecodeError> {
        Node(self.value).deserialize_map(visitor)
    }
}

#[cfg(test)]
mod tests {
    use dynoxide::actions::{get_item::GetItemRequest, put_item::PutItemRequest, query::QueryRequest};
    use value::value;

    use super::*;

    #[test]
    fn reads_what_the_engine_asks_for() {
        let request =
            value!({"TableName": "table", "Item": {"id": {"S": "1"}, "n": {"N": "12345678901234567890123456789012345678"}}});
        let read: PutItemRequest = from_value(&request).expect("a request");
        assert_eq!(read.item["n"], dynoxide::AttributeValue::N("12345678901234567890123456789012345678".into()));
        let read: QueryRequest =
            from_value(&value!({"TableName": "table", "Limit": 3, "ScanIndexForward": false})).expect("a request");
        assert_eq!((read.limit, read.scan_index_forward), (Some(3), false));
    }

    #[test]
    fn the_wrong_kind_is_named_as_the_service_names_it() {
        for (request, message) in [
            (value!({"TableName": 23}), "SERIALIZATION:NUMBER_VALUE cannot be converted to String"),
            (value!({"TableName": 2.5}), "SERIALIZATION:DECIMAL_VALUE cannot be converted to String"),
            (value!({"TableName": true}), "SERIALIZATION:TRUE_VALUE cannot be converted to String"),
            (value!({"TableName": ["a"]}), "SERIALIZATION:Unrecognized collection type class java.lang.String"),
            (value!({"TableName": {"a": 1}}), "SERIALIZATION:Start of structure or map found where not expected"),
            (value!({"AttributesToGet": "a"}), "SERIALIZATION:Unexpected field type"),
            (value!({"Key": "a"}), "SERIALIZATION:Unexpected field type"),
        ] {
            assert_eq!(from_value::<GetItemRequest>(&request).expect_err("a fault").0, message);
        }
    }
}
