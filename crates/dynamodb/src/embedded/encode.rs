//! A response written by `serde` into a [`Value`], without JSON in between.
//!
//! Members of structures keep the order the engine writes them in; those of maps, which the engine keeps in hash maps, are
//! sorted by name, so that the same answer has the same bytes every time.

use std::fmt::Display;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant, Serializer,
};
use value::{Number, Object, Str, Value};

/// Why a response could not be written: a map's key that is no string.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct EncodeError(String);

impl serde::ser::Error for EncodeError {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Writes a response.
pub(super) fn to_value<T: Serialize + ?Sized>(response: &T) -> Result<Value, EncodeError> {
    response.serialize(Writer)
}

struct Writer;

impl Serializer for Writer {
    type Ok = Value;
    type Error = EncodeError;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Members;
    type SerializeStruct = Members;
    type SerializeStructVariant = Members;

    fn serialize_bool(self, value: bool) -> Result<Value, EncodeError> {
        Ok(value.into())
    }

    fn serialize_i8(self, value: i8) -> Result<Value, EncodeError> {
        Ok(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<Value, EncodeError> {
        Ok(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<Value, EncodeError> {
        Ok(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<Value, EncodeError> {
        Ok(value.into())
    }

    fn serialize_u8(self, value: u8) -> Result<Value, EncodeError> {
        Ok(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<Value, EncodeError> {
        Ok(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<Value, EncodeError> {
        Ok(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<Value, EncodeError> {
        Ok(value.into())
    }

    fn serialize_f32(self, value: f32) -> Result<Value, EncodeError> {
        self.serialize_f64(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Result<Value, EncodeError> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn serialize_char(self, value: char) -> Result<Value, EncodeError> {
        Ok(value.to_string().into())
    }

    fn serialize_str(self, value: &str) -> Result<Value, EncodeError> {
        Ok(value.into())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Value, EncodeError> {
        Ok(value.iter().copied().collect())
    }

    fn serialize_none(self) -> Result<Value, EncodeError> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, EncodeError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, EncodeError> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, EncodeError> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Value, EncodeError> {
        Ok(variant.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Value, EncodeError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, EncodeError> {
        Ok(tagged(variant, to_value(value)?))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Items, EncodeError> {
        Ok(Items { items: Vec::with_capacity(length.unwrap_or(0)), variant: None })
    }

    fn serialize_tuple(self, length: usize) -> Result<Items, EncodeError> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Items, EncodeError> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Items, EncodeError> {
        Ok(Items { items: Vec::with_capacity(length), variant: Some(variant) })
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Members, EncodeError> {
        Ok(Members { members: Vec::with_capacity(length.unwrap_or(0)), key: None, sorted: true, variant: None })
    }

    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Members, EncodeError> {
        Ok(Members { members: Vec::with_capacity(length), key: None, sorted: false, variant: None })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Members, EncodeError> {
        Ok(Members { members: Vec::with_capacity(length), key: None, sorted: false, variant: Some(variant) })
    }
}

fn tagged(variant: &'static str, value: Value) -> Value {
    let mut object = Object::with_capacity(1);
    object.insert(variant, value);
    object.into()
}

struct Items {
    items: Vec<Value>,
    variant: Option<&'static str>,
}

impl Items {
    fn push<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), EncodeError> {
        self.items.push(to_value(item)?);
        Ok(())
    }

    fn finish(self) -> Value {
        let list = Value::List(self.items.into());
        match self.variant {
            Some(variant) => tagged(variant, list),
            None => list,
        }
    }
}

macro_rules! sequences {
    ($($name:ident $method:ident)*) => { $(
        impl $name for Items {
            type Ok = Value;
            type Error = EncodeError;

            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), EncodeError> {
                self.push(item)
            }

            fn end(self) -> Result<Value, EncodeError> {
                Ok(self.finish())
            }
        }
    )* };
}
sequences! { SerializeSeq serialize_element SerializeTuple serialize_element SerializeTupleStruct serialize_field
SerializeTupleVariant serialize_field }

struct Members {
    members: Vec<(Str, Value)>,
    key: Option<Str>,
    sorted: bool,
    variant: Option<&'static str>,
}

impl Members {
    fn finish(mut self) -> Value {
        if self.sorted && self.members.len() > 1 {
            self.members.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        }
        let object: Value = self.members.into_iter().collect::<Object>().into();
        match self.variant {
            Some(variant) => tagged(variant, object),
            None => object,
        }
    }
}

impl SerializeMap for Members {
    type Ok = Value;
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        match to_value(key)? {
            Value::String(key) => self.key = Some(key),
            other => return Err(EncodeError(format!("a {} cannot be the name of a member", other.kind()))),
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        let key = self.key.take().ok_or_else(|| EncodeError("a member has no name".to_owned()))?;
        self.members.push((key, to_value(value)?));
        Ok(())
    }

    fn end(self) -> Result<Value, EncodeError> {
        Ok(self.finish())
    }
}

macro_rules! structures {
    ($($name:ident)*) => { $(
        impl $name for Members {
            type Ok = Value;
            type Error = EncodeError;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), EncodeError> {
                self.members.push((key.into(), to_value(value)?));
                Ok(())
            }

            fn end(self) -> Result<Value, EncodeError> {
                Ok(self.finish())
            }
        }
    )* };
}
structures! { SerializeStruct SerializeStructVariant }

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[derive(serde::Serialize)]
    struct Answer {
        second: Option<u32>,
        first: HashMap<String, Kind>,
        units: f64,
    }

    #[derive(serde::Serialize)]
    enum Kind {
        Plain,
        Pair(u8, u8),
        One(i64),
        Named { name: String },
    }

    #[test]
    fn structures_keep_their_order_and_maps_are_sorted() {
        let first = [("d", Kind::Plain), ("a", Kind::Pair(1, 2)), ("c", Kind::One(-3)), ("b", Kind::Named { name: "n".into() })];
        let first = first.map(|(key, kind)| (key.to_owned(), kind)).into();
        let written = to_value(&Answer { second: None, first, units: 0.5 }).expect("a value").to_json();
        assert_eq!(
            written,
            r#"{"second":null,"first":{"a":{"Pair":[1,2]},"b":{"Named":{"name":"n"}},"c":{"One":-3},"d":"Plain"},"units":0.5}"#
        );
    }

    #[test]
    fn names_must_be_strings() {
        let fault = to_value(&HashMap::from([(1, 2)])).expect_err("no string");
        assert_eq!(fault.to_string(), "a number cannot be the name of a member");
    }
}
