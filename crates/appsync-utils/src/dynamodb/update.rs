//! Update expressions from an object of new values and operations. Names and values are numbered: `#expName_1`, `:expValue_1`.

use std::collections::HashMap;

use value::{Number, Object, Str, Value, value};

use super::{is_set, to_attribute};
use crate::Failure;
use crate::arguments::Arguments;

/// Numbered placeholders of attribute names; a name that returns keeps its number.
#[derive(Default)]
pub(super) struct Names {
    names: Object,
    numbers: HashMap<Str, usize>,
}

impl Names {
    /// The path to an attribute; a segment may end in places of a list, `object[1]`.
    pub(super) fn path<'a>(&mut self, segments: impl Iterator<Item = &'a str>) -> String {
        let named = segments.map(|segment| {
            let (name, places) = segment.split_at(places(segment));
            self.name(name) + places
        });
        named.collect::<Vec<_>>().join(".")
    }

    pub(super) fn name(&mut self, segment: &str) -> String {
        let next = self.numbers.len() + 1;
        let number = *self.numbers.entry(segment.into()).or_insert(next);
        let name = format!("#expName_{number}");
        if number == next {
            self.names.insert(&*name, segment);
        }
        name
    }

    pub(super) fn into_object(self) -> Object {
        self.names
    }
}

/// Where the `[1][0]` at the end of a segment begin; its length without any.
fn places(segment: &str) -> usize {
    let mut end = segment.len();
    while let Some(open) = segment[..end].strip_suffix(']').and_then(|text| text.rfind('[')) {
        let digits = &segment[open + 1..end - 1];
        if open == 0 || digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
        end = open;
    }
    end
}

pub(super) fn operation(kind: &str, members: &[(&str, &Value)]) -> Result<Value, Failure> {
    let mut operation = Object::with_capacity(members.len() + 1);
    operation.insert("type", kind);
    for (name, value) in members {
        operation.insert(*name, *value);
    }
    Ok(operation.into())
}

/// `increment` and `decrement`, by one unless said otherwise.
pub(super) fn step(kind: &str, arguments: Arguments<'_>) -> Result<Value, Failure> {
    let by = if arguments.get(0).is_null() { Number::from(1i64) } else { arguments.number(0)?.clone() };
    operation(kind, &[("by", &by.into())])
}

/// `append` and `prepend`.
pub(super) fn items(kind: &str, arguments: Arguments<'_>) -> Result<Value, Failure> {
    arguments.list(0)?;
    operation(kind, &[("items", arguments.get(0))])
}

pub(super) fn list_item(arguments: Arguments<'_>) -> Result<Value, Failure> {
    if arguments.long(1)? < 0 {
        return Err(arguments.refuse("updateListItem expects an index from 0 on"));
    }
    operation("OPERATION_UPDATE_LIST_ITEM", &[("value", arguments.get(0)), ("index", arguments.get(1))])
}

#[derive(Default)]
struct Expression {
    names: Names,
    values: Object,
    set: Vec<String>,
    remove: Vec<String>,
}

/// `{expression, expressionNames, expressionValues}` for the `update` of a payload.
pub(super) fn expression(update: &Object) -> Result<Value, String> {
    let mut expression = Expression::default();
    for (attribute, value) in update {
        let path = expression.names.name(attribute);
        expression.attribute(&path, value)?;
    }
    let mut clauses = Vec::new();
    if !expression.set.is_empty() {
        clauses.push(format!("SET {}", expression.set.join(", ")));
    }
    if !expression.remove.is_empty() {
        clauses.push(format!("REMOVE {}", expression.remove.join(", ")));
    }
    Ok(value!({
        "expression": (clauses.join(" ")),
        "expressionNames": (expression.names.into_object()),
        "expressionValues": (expression.values)
    }))
}

impl Expression {
    fn bind(&mut self, value: &Value) -> String {
        let place = format!(":expValue_{}", self.values.len() + 1);
        self.values.insert(&*place, to_attribute(value));
        place
    }

    fn assign(&mut self, path: &str, value: &Value) {
        let place = self.bind(value);
        self.set.push(format!("{path} = {place}"));
    }

    /// An operation, an object whose members are updated one by one, a list of item updates, or a plain value.
    fn attribute(&mut self, path: &str, value: &Value) -> Result<(), String> {
        match value {
            Value::Object(object) if is_set(object) => {
                self.assign(path, value);
                Ok(())
            }
            Value::Object(object) => match object.get("type").and_then(Value::as_str) {
                Some(kind) if kind.starts_with("OPERATION_") => self.operation(path, kind, object),
                _ if object.is_empty() => {
                    self.assign(path, value);
                    Ok(())
                }
                _ => object.iter().try_for_each(|(member, value)| {
                    let path = format!("{path}.{}", self.names.name(member));
                    self.attribute(&path, value)
                }),
            },
            Value::List(items) if items.iter().any(is_list_item) => items.iter().try_for_each(|item| {
                let index = item.get("index").and_then(Value::as_i64).filter(|index| *index >= 0 && is_list_item(item));
                let index = index.ok_or("a list of updateListItem operations must hold nothing else".to_owned())?;
                self.assign(&format!("{path}[{index}]"), item.at(&["value"]));
                Ok(())
            }),
            plain => {
                self.assign(path, plain);
                Ok(())
            }
        }
    }

    fn operation(&mut self, path: &str, kind: &str, operation: &Object) -> Result<(), String> {
        let member = |name: &str| operation.get(name).cloned().unwrap_or_default();
        match kind {
            "OPERATION_ADD" | "OPERATION_REPLACE" => self.assign(path, &member("value")),
            "OPERATION_REMOVE" => self.remove.push(path.to_owned()),
            "OPERATION_INCREMENT" | "OPERATION_DECREMENT" => {
                let sign = if kind == "OPERATION_INCREMENT" { '+' } else { '-' };
                let place = self.bind(&member("by"));
                self.set.push(format!("{path} = {path} {sign} {place}"));
            }
            "OPERATION_APPEND" => {
                let place = self.bind(&member("items"));
                self.set.push(format!("{path} = list_append({path}, {place})"));
            }
            "OPERATION_PREPEND" => {
                let place = self.bind(&member("items"));
                self.set.push(format!("{path} = list_append({place}, {path})"));
            }
            "OPERATION_UPDATE_LIST_ITEM" => {
                let index = operation.get("index").and_then(Value::as_i64).filter(|index| *index >= 0);
                let index = index.ok_or("updateListItem expects an index from 0 on".to_owned())?;
                self.assign(&format!("{path}[{index}]"), &member("value"));
            }
            other => return Err(format!("the update operation '{other}' is not known")),
        }
        Ok(())
    }
}

fn is_list_item(value: &Value) -> bool {
    value.at(&["type"]).as_str() == Some("OPERATION_UPDATE_LIST_ITEM")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn update_expressions() {
        let item = |value: i64, index: i64| value!({"type": "OPERATION_UPDATE_LIST_ITEM", "value": value, "index": index});
        for (update, expected) in [
            (value!({"a": 1, "b": null}), "SET #expName_1 = :expValue_1, #expName_2 = :expValue_2"),
            (
                value!({"a": {"b": 1, "c": {"type": "OPERATION_REMOVE"}}}),
                "SET #expName_1.#expName_2 = :expValue_1 REMOVE #expName_1.#expName_3",
            ),
            (value!({"a": [(item(1, 0)), (item(2, 3))]}), "SET #expName_1[0] = :expValue_1, #expName_1[3] = :expValue_2"),
            (value!({"a": {"a": 1}}), "SET #expName_1.#expName_1 = :expValue_1"),
            (value!({"a": (Value::List(Default::default()))}), "SET #expName_1 = :expValue_1"),
            (value!({"a": {"type": "post"}}), "SET #expName_1.#expName_2 = :expValue_1"),
        ] {
            let result = expression(update.as_object().expect("an object")).expect("an expression");
            assert_eq!(result.at(&["expression"]), &value!(expected), "{update}");
        }
        for wrong in
            [value!({"a": {"type": "OPERATION_BOGUS"}}), value!({"a": [(item(1, 0)), 2]}), value!({"a": [(item(1, -1))]})]
        {
            assert!(expression(wrong.as_object().expect("an object")).is_err(), "{wrong}");
        }
    }
}
