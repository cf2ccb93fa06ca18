//! Typed values of requests to attribute values of the API, and attribute values of responses to plain values (resolver
//! reference, "Type system").
//!
//! A request may write `N` as a JSON number and `NULL` as null; the API wants text and true. What already has the API's form is
//! not copied. Responses are converted in place.

use std::sync::Arc;

use value::{Number, Object, Str, Value};

use super::fields::{Place, Read, json_type, refuse};
use super::wire::{self, single};

/// The attributes of an object in the API's form.
pub(super) fn attributes(value: &Value, place: &Place<'_>) -> Read<Value> {
    let Value::Object(object) = value else {
        return Err(refuse(format!("Expected JSON object for field '{place}' but got '{}' instead.", json_type(value))));
    };
    Ok(members(object, place)?.map_or_else(|| value.clone(), Value::from))
}

/// The members in the API's form; `None` when they have it already.
fn members(object: &Arc<Object>, place: &Place<'_>) -> Read<Option<Object>> {
    let mut changed: Option<Object> = None;
    for (name, value) in object.iter() {
        if let Some(wire) = attribute(value, &Place::Member(place, name))? {
            changed.get_or_insert_with(|| (**object).clone()).insert(Str::clone(name), wire);
        }
    }
    Ok(changed)
}

/// One attribute value in the API's form; `None` when it has it already. As deep as the value, which `value::MAX_DEPTH` bounds.
fn attribute(value: &Value, place: &Place<'_>) -> Read<Option<Value>> {
    let Value::Object(object) = value else {
        return Err(refuse(format!(
            "Expected JSON object for attribute value '{place}' but got '{}' instead.",
            json_type(value)
        )));
    };
    let mut entries = object.iter();
    let (Some((kind, content)), None) = (entries.next(), entries.next()) else {
        return Err(refuse(format!(
            "Expected exactly one type for attribute value '{place}', as in {{\"S\": \"text\"}}, but got {} instead.",
            object.len()
        )));
    };
    let wrong = |expected: &str| {
        refuse(format!(
            "Expected {expected} for attribute value '{place}' of type '{kind}' but got '{}' instead.",
            json_type(content)
        ))
    };
    match (&**kind, content) {
        ("S", Value::String(_)) | ("BOOL", Value::Bool(_)) => Ok(None),
        ("S", _) => Err(wrong("a string")),
        ("BOOL", _) => Err(wrong("true or false")),
        ("N", Value::String(_)) => Ok(None),
        ("N", Value::Number(number)) => Ok(Some(single(&wire::N, number_text(number)))),
        ("N", _) => Err(wrong("a number")),
        ("NULL", Value::Null) => Ok(Some(single(&wire::NULL, true))),
        ("NULL", Value::Bool(_)) => Ok(None),
        ("NULL", _) => Err(wrong("null or true")),
        ("B", Value::String(text)) => Ok(clean_base64(text).map(|clean| single(&wire::B, clean))),
        ("B", _) => Err(wrong("base64 text")),
        ("SS", Value::List(items)) if items.iter().all(|item| item.as_str().is_some()) => Ok(None),
        ("SS", _) => Err(wrong("a list of strings")),
        ("NS", Value::List(items)) if items.iter().all(|item| item.as_str().is_some()) => Ok(None),
        ("NS", Value::List(items)) => {
            let texts = items.iter().map(|item| match item {
                Value::Number(number) => Ok(Value::from(number_text(number))),
                Value::String(_) => Ok(item.clone()),
                _ => Err(wrong("a list of numbers")),
            });
            Ok(Some(single(&wire::NS, texts.collect::<Read<Vec<Value>>>()?)))
        }
        ("NS", _) => Err(wrong("a list of numbers")),
        ("BS", Value::List(items)) if items.iter().all(|item| item.as_str().is_some()) => {
            if items.iter().filter_map(Value::as_str).all(|text| clean_base64(text).is_none()) {
                return Ok(None);
            }
            let clean = |item: &Value| item.as_str().and_then(clean_base64).map_or_else(|| item.clone(), Value::from);
            Ok(Some(single(&wire::BS, items.iter().map(clean).collect::<Value>())))
        }
        ("BS", _) => Err(wrong("a list of base64 texts")),
        ("L", Value::List(items)) => {
            let mut changed: Option<Vec<Value>> = None;
            for (at, item) in items.iter().enumerate() {
                if let Some(wire) = attribute(item, &Place::Item(place, at))? {
                    changed.get_or_insert_with(|| items.to_vec())[at] = wire;
                }
            }
            Ok(changed.map(|items| typed(kind, items)))
        }
        ("L", _) => Err(wrong("a list of typed values")),
        ("M", Value::Object(object)) => Ok(members(object, place)?.map(|members| typed(kind, members))),
        ("M", _) => Err(wrong("an object of typed values")),
        _ => Err(refuse(format!(
            "Unsupported type '{kind}' for attribute value '{place}'. The types are S, N, B, BOOL, NULL, SS, NS, BS, L and M."
        ))),
    }
}

fn typed(kind: &Str, value: impl Into<Value>) -> Value {
    let mut object = Object::with_capacity(1);
    object.insert(Str::clone(kind), value);
    object.into()
}

fn number_text(number: &Number) -> String {
    let mut text = Vec::with_capacity(20);
    number.write(&mut text);
    String::from_utf8(text).expect("a JSON number is ASCII")
}

/// Characters outside the base64 alphabet are ignored (RFC 2045, as the reference says). `None` when there are none and the
/// padding is complete; what cannot be repaired is left to the service to refuse.
fn clean_base64(text: &str) -> Option<String> {
    let in_alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let digits = text.bytes().take_while(|byte| *byte != b'=').filter(in_alphabet).count();
    let padding = (4 - digits % 4) % 4;
    if text.len() == digits + padding && text.bytes().take(digits).all(|byte| in_alphabet(&byte)) {
        return None;
    }
    if padding == 3 {
        return None;
    }
    let mut clean: String = text.bytes().take_while(|byte| *byte != b'=').filter(in_alphabet).map(char::from).collect();
    clean.extend(std::iter::repeat_n('=', padding));
    Some(clean)
}

/// Turns the attributes of an item into plain values: sets become lists, binary stays base64 text, numbers keep every digit.
/// Anything that is no object, a missing item for instance, becomes null.
pub(super) fn plain_item(item: &mut Value) {
    match item.as_object_mut() {
        Some(object) => object.iter_mut().for_each(|(_, value)| plain(value)),
        None => *item = Value::Null,
    }
}

/// As [`plain_item`], by value.
pub(super) fn into_plain(mut item: Value) -> Value {
    plain_item(&mut item);
    item
}

/// An item's attributes with their types, as AppSync shows them to functions: numbers are numbers, `{ "N": 8 }`, where the service
/// itself has texts.
pub(super) fn with_numbers(mut item: Value) -> Value {
    item.as_object_mut().into_iter().flat_map(Object::iter_mut).for_each(|(_, attribute)| numbers(attribute));
    item
}

/// As deep as the value, which `value::MAX_DEPTH` bounds.
fn numbers(attribute: &mut Value) {
    for (kind, content) in attribute.as_object_mut().into_iter().flat_map(Object::iter_mut) {
        let replace = |text: &mut Value| {
            if let Value::String(digits) = text {
                *text = number(Str::clone(digits));
            }
        };
        match Kind::of(kind) {
            Kind::Number => replace(content),
            Kind::Numbers => content.as_list_mut().into_iter().flatten().for_each(replace),
            Kind::List => content.as_list_mut().into_iter().flatten().for_each(numbers),
            Kind::Map => content.as_object_mut().into_iter().flat_map(Object::iter_mut).for_each(|(_, inner)| numbers(inner)),
            Kind::Null | Kind::Same => {}
        }
    }
}

/// As deep as the value, which `value::MAX_DEPTH` bounds.
fn plain(attribute: &mut Value) {
    let Value::Object(object) = attribute else { return };
    // What others hold too, a part of the resolver's request for instance, is read; copying its type would be for nothing.
    let content = match Arc::get_mut(object) {
        Some(own) => own.iter_mut().next().map(|(kind, content)| (Kind::of(kind), std::mem::take(content))),
        None => object.iter().next().map(|(kind, content)| (Kind::of(kind), content.clone())),
    };
    let Some((kind, content)) = content else { return };
    *attribute = match (kind, content) {
        (Kind::Number, Value::String(text)) => number(text),
        (Kind::Numbers, mut list) => {
            for item in list.as_list_mut().into_iter().flatten() {
                if let Value::String(text) = std::mem::take(item) {
                    *item = number(text);
                }
            }
            list
        }
        (Kind::Null, _) => Value::Null,
        (Kind::List, mut list) => {
            list.as_list_mut().into_iter().flatten().for_each(plain);
            list
        }
        (Kind::Map, mut object) => {
            plain_item(&mut object);
            object
        }
        (_, content) => content,
    };
}

/// The types that differ from their plain values.
#[derive(Clone, Copy)]
enum Kind {
    Number,
    Numbers,
    Null,
    List,
    Map,
    Same,
}

impl Kind {
    fn of(name: &str) -> Self {
        match name {
            "N" => Self::Number,
            "NS" => Self::Numbers,
            "NULL" => Self::Null,
            "L" => Self::List,
            "M" => Self::Map,
            _ => Self::Same,
        }
    }
}

/// The number of that text; the text itself, should an endpoint write numbers that JSON cannot (`+1`).
fn number(text: Str) -> Value {
    Number::from_text(&text).map_or(Value::String(text), Value::Number)
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    fn parsed(text: &str) -> Value {
        Value::parse(text.as_bytes()).expect("JSON")
    }

    #[test]
    fn typed_values_become_attribute_values_and_plain_values() {
        for (typed, wire, plain) in [
            (r#"{"S":"x"}"#, r#"{"S":"x"}"#, r#""x""#),
            (r#"{"N":12}"#, r#"{"N":"12"}"#, "12"),
            (r#"{"N":"12.50"}"#, r#"{"N":"12.50"}"#, "12.50"),
            (
                r#"{"N":12345678901234567890123456789012345678}"#,
                r#"{"N":"12345678901234567890123456789012345678"}"#,
                "12345678901234567890123456789012345678",
            ),
            (r#"{"BOOL":false}"#, r#"{"BOOL":false}"#, "false"),
            (r#"{"NULL":null}"#, r#"{"NULL":true}"#, "null"),
            (r#"{"SS":["a","b"]}"#, r#"{"SS":["a","b"]}"#, r#"["a","b"]"#),
            (r#"{"NS":[1,"2",0.1]}"#, r#"{"NS":["1","2","0.1"]}"#, "[1,2,0.1]"),
            (r#"{"B":"SGVs\nbG8"}"#, r#"{"B":"SGVsbG8="}"#, r#""SGVsbG8=""#),
            (r#"{"BS":["SGVsbG8=","QQ=="]}"#, r#"{"BS":["SGVsbG8=","QQ=="]}"#, r#"["SGVsbG8=","QQ=="]"#),
            (r#"{"BS":["SGVsbG8=","QQ"]}"#, r#"{"BS":["SGVsbG8=","QQ=="]}"#, r#"["SGVsbG8=","QQ=="]"#),
            (
                r#"{"L":[{"S":"a"},{"N":1},{"L":[]},{"M":{"z":{"NULL":null},"y":{"S":"k"}}}]}"#,
                r#"{"L":[{"S":"a"},{"N":"1"},{"L":[]},{"M":{"z":{"NULL":true},"y":{"S":"k"}}}]}"#,
                r#"["a",1,[],{"z":null,"y":"k"}]"#,
            ),
            (r#"{"M":{}}"#, r#"{"M":{}}"#, "{}"),
        ] {
            let typed = value!({"a": (parsed(typed))});
            let converted = attributes(&typed, &Place::Root).expect("typed values");
            assert_eq!(converted.to_json(), format!("{{\"a\":{wire}}}"));
            assert_eq!(into_plain(converted).to_json(), format!("{{\"a\":{plain}}}"));
        }
    }

    #[test]
    fn functions_see_types_and_numbers() {
        let item = value!({"n": {"N": "8"}, "s": {"S": "8"}, "ns": {"NS": ["1", "2.50"]}, "x": {"N": "+1"},
            "l": {"L": [{"N": "1"}, {"M": {"N": {"N": "2"}, "b": {"BOOL": true}}}]}, "none": {"NULL": true}});
        assert_eq!(
            with_numbers(item).to_json(),
            concat!(
                r#"{"n":{"N":8},"s":{"S":"8"},"ns":{"NS":[1,2.50]},"x":{"N":"+1"},"#,
                r#""l":{"L":[{"N":1},{"M":{"N":{"N":2},"b":{"BOOL":true}}}]},"none":{"NULL":true}}"#
            )
        );
        assert_eq!(with_numbers(Value::Null), Value::Null);
    }

    #[test]
    fn what_has_the_form_of_the_api_is_not_copied() {
        let typed = value!({"a": {"S": "x"}, "b": {"L": [{"N": "1"}]}});
        let (Value::Object(before), Value::Object(after)) = (&typed, attributes(&typed, &Place::Root).expect("typed")) else {
            panic!("not objects");
        };
        assert!(Arc::ptr_eq(before, &after));
    }

    #[test]
    fn untyped_values_are_refused_by_place() {
        for (typed, message) in [
            (r#""x""#, "Expected JSON object for attribute value '$[key][a]' but got 'STRING' instead."),
            ("null", "Expected JSON object for attribute value '$[key][a]' but got 'NULL' instead."),
            ("[1]", "Expected JSON object for attribute value '$[key][a]' but got 'ARRAY' instead."),
            ("{}", "Expected exactly one type for attribute value '$[key][a]', as in {\"S\": \"text\"}, but got 0 instead."),
            (
                r#"{"S":"a","N":1}"#,
                "Expected exactly one type for attribute value '$[key][a]', as in {\"S\": \"text\"}, but got 2 instead.",
            ),
            (r#"{"S":null}"#, "Expected a string for attribute value '$[key][a]' of type 'S' but got 'NULL' instead."),
            (r#"{"N":true}"#, "Expected a number for attribute value '$[key][a]' of type 'N' but got 'BOOLEAN' instead."),
            (
                r#"{"NS":[null]}"#,
                "Expected a list of numbers for attribute value '$[key][a]' of type 'NS' but got 'ARRAY' instead.",
            ),
            (
                r#"{"BOOL":"true"}"#,
                "Expected true or false for attribute value '$[key][a]' of type 'BOOL' but got 'STRING' instead.",
            ),
            (
                r#"{"M":{"b":{"L":["x"]}}}"#,
                "Expected JSON object for attribute value '$[key][a][b][0]' but got 'STRING' instead.",
            ),
            (
                r#"{"X":1}"#,
                "Unsupported type 'X' for attribute value '$[key][a]'. The types are S, N, B, BOOL, NULL, SS, NS, BS, L and M.",
            ),
        ] {
            let key = value!({"a": (parsed(typed))});
            let error = attributes(&key, &Place::Member(&Place::Root, "key")).expect_err(typed);
            assert_eq!((error.error_type.as_str(), error.message.as_str()), ("MappingTemplate", message));
        }
    }
}
