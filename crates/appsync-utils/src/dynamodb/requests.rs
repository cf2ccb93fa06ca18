//! The module `@aws-appsync/utils/dynamodb`: requests for the DynamoDB data source, without type mapping by hand.

use value::{Object, Value, value};

use super::update::{self, Names};
use super::{attributes, check_depth, to_attribute, to_dynamodb};
use crate::arguments::Arguments;
use crate::transform::dynamodb_filter;
use crate::{Failure, Utility};

pub(crate) const MODULE: &[Utility] = &[
    Utility::js("get", |_, values| build("get", "GetItem", values, &[Key, Same("consistentRead"), Projection])),
    Utility::js("put", |_, values| {
        build(
            "put",
            "PutItem",
            values,
            &[Key, Item, Condition, Same("customPartitionKey"), Same("populateIndexFields"), Same("_version")],
        )
    }),
    Utility::js("update", |_, values| {
        build(
            "update",
            "UpdateItem",
            values,
            &[Key, Update, Condition, Same("customPartitionKey"), Same("populateIndexFields"), Same("_version")],
        )
    }),
    Utility::js("remove", |_, values| {
        build(
            "remove",
            "DeleteItem",
            values,
            &[Key, Condition, Same("customPartitionKey"), Same("populateIndexFields"), Same("_version")],
        )
    }),
    Utility::js("query", |_, values| {
        build("query", "Query", values, &[KeyCondition, PAGE[0], PAGE[1], PAGE[2], PAGE[3], PAGE[4], PAGE[5], Filter, Projection])
    }),
    Utility::js("scan", |_, values| {
        build(
            "scan",
            "Scan",
            values,
            &[PAGE[0], PAGE[1], PAGE[2], PAGE[3], PAGE[4], PAGE[5], Same("totalSegments"), Same("segment"), Filter, Projection],
        )
    }),
    Utility::js("sync", |_, values| {
        build(
            "sync",
            "Sync",
            values,
            &[Same("basePartitionKey"), Same("deltaIndexName"), Same("limit"), Same("nextToken"), Same("lastSync"), Filter],
        )
    }),
    Utility::js("batchGet", |_, values| batch("batchGet", "BatchGetItem", values, batch_get_table)),
    Utility::js("batchPut", |_, values| batch("batchPut", "BatchPutItem", values, plain_table)),
    Utility::js("batchDelete", |_, values| batch("batchDelete", "BatchDeleteItem", values, plain_table)),
    Utility::js("transactGet", transact_get),
    Utility::js("transactWrite", transact_write),
    Utility::js("toStringSet", |_, values| super::set(Arguments::new("toStringSet", values), "SS")),
    Utility::js("toNumberSet", |_, values| super::set(Arguments::new("toNumberSet", values), "NS")),
    Utility::js("toBinarySet", |_, values| super::set(Arguments::new("toBinarySet", values), "BS")),
    Utility::js("operations.add", |_, values| {
        update::operation("OPERATION_ADD", &[("value", Arguments::new("operations.add", values).get(0))])
    }),
    Utility::js("operations.replace", |_, values| {
        update::operation("OPERATION_REPLACE", &[("value", Arguments::new("operations.replace", values).get(0))])
    }),
    Utility::js("operations.remove", |_, _| update::operation("OPERATION_REMOVE", &[])),
    Utility::js("operations.increment", |_, values| {
        update::step("OPERATION_INCREMENT", Arguments::new("operations.increment", values))
    }),
    Utility::js("operations.decrement", |_, values| {
        update::step("OPERATION_DECREMENT", Arguments::new("operations.decrement", values))
    }),
    Utility::js("operations.append", |_, values| update::items("OPERATION_APPEND", Arguments::new("operations.append", values))),
    Utility::js("operations.prepend", |_, values| {
        update::items("OPERATION_PREPEND", Arguments::new("operations.prepend", values))
    }),
    Utility::js("operations.updateListItem", |_, values| update::list_item(Arguments::new("operations.updateListItem", values))),
];

/// One part of a request and how it comes from the payload.
#[derive(Clone, Copy)]
enum Part {
    Key,
    Item,
    Update,
    KeyCondition,
    Condition,
    Filter,
    Projection,
    /// As it is, unless null.
    Same(&'static str),
}
use Part::{Condition, Filter, Item, Key, KeyCondition, Projection, Same, Update};

const PAGE: [Part; 6] =
    [Same("index"), Same("nextToken"), Same("limit"), Same("scanIndexForward"), Same("consistentRead"), Same("select")];

#[derive(Clone, Copy)]
struct Builder<'a> {
    name: &'static str,
    arguments: Arguments<'a>,
}

fn build(name: &'static str, operation: &str, values: &[Value], parts: &[Part]) -> Result<Value, Failure> {
    let builder = Builder::new(name, values)?;
    let payload = builder.arguments.object(0)?;
    let mut request = Object::with_capacity(parts.len() + 1);
    request.insert("operation", operation);
    builder.add(payload, parts, &mut request)?;
    Ok(request.into())
}

impl<'a> Builder<'a> {
    fn new(name: &'static str, values: &'a [Value]) -> Result<Self, Failure> {
        let arguments = Arguments::new(name, values);
        check_depth(&arguments, arguments.get(0))?;
        Ok(Self { name, arguments })
    }

    fn add(self, payload: &Object, parts: &[Part], request: &mut Object) -> Result<(), Failure> {
        for part in parts {
            match part {
                Key => {
                    request.insert("key", attributes(self.required_object(payload, "key")?));
                }
                Item => {
                    request.insert("attributeValues", item_attributes(self.required_object(payload, "item")?));
                }
                Update => {
                    let update = self.required_object(payload, "update")?;
                    request.insert("update", update::expression(update).map_err(|fault| self.arguments.refuse(fault))?);
                }
                KeyCondition => {
                    let condition = self.required_object(payload, "query")?;
                    request.insert("query", key_condition(condition).map_err(|fault| self.arguments.refuse(fault))?);
                }
                Condition => self.filter(payload, "condition", request)?,
                Filter => self.filter(payload, "filter", request)?,
                Projection => self.projection(payload, request)?,
                Same(key) => {
                    if let Some(value) = payload.get(key).filter(|value| !value.is_null()) {
                        request.insert(*key, value);
                    }
                }
            }
        }
        Ok(())
    }

    fn required_object<'p>(self, payload: &'p Object, key: &str) -> Result<&'p Object, Failure> {
        let object = payload.get(key).and_then(Value::as_object);
        object.ok_or_else(|| self.arguments.refuse(format!("{} expects an object '{key}'", self.name)))
    }

    fn filter(self, payload: &Object, key: &'static str, request: &mut Object) -> Result<(), Failure> {
        let Some(filter) = payload.get(key).filter(|value| !value.is_null()) else { return Ok(()) };
        if filter.as_object().is_some_and(Object::is_empty) {
            return Ok(());
        }
        let expression = dynamodb_filter::render(filter)
            .ok_or_else(|| self.arguments.refuse(format!("{}: '{key}' is not a valid filter object: {filter}", self.name)))?;
        request.insert(key, expression);
        Ok(())
    }

    fn projection(self, payload: &Object, request: &mut Object) -> Result<(), Failure> {
        let Some(list) = payload.get("projection").filter(|value| !value.is_null()) else { return Ok(()) };
        let paths = list.as_list().map(|items| items.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
        let Some(Some(paths)) = paths else {
            return Err(self.arguments.refuse(format!("{} expects 'projection' to be a list of strings", self.name)));
        };
        if paths.is_empty() {
            return Ok(());
        }
        let mut names = Names::default();
        let paths: Vec<String> = paths.into_iter().map(|path| names.path(path.split('.'))).collect();
        request.insert("projection", value!({"expression": (paths.join(", ")), "expressionNames": (names.into_object())}));
        Ok(())
    }

    /// A list of items or keys, typed.
    fn typed_list(self, list: &Value) -> Result<Value, Failure> {
        let items = list
            .as_list()
            .map(|items| items.iter().map(|item| item.as_object().map(item_attributes)).collect::<Option<Vec<_>>>());
        match items {
            Some(Some(items)) => Ok(items.into()),
            _ => Err(self.arguments.refuse(format!("{} expects a list of objects, not {list}", self.name))),
        }
    }
}

/// The attributes of an item; sets stay sets.
fn item_attributes(item: &Object) -> Object {
    item.iter().map(|(name, value)| (name.clone(), to_attribute(value))).collect()
}

type Table = fn(Builder<'_>, &Value) -> Result<Value, Failure>;

fn batch(name: &'static str, operation: &str, values: &[Value], table: Table) -> Result<Value, Failure> {
    let builder = Builder::new(name, values)?;
    let payload = builder.arguments.object(0)?;
    let mut tables = Object::new();
    for (name, part) in builder.required_object(payload, "tables")? {
        tables.insert(name.clone(), table(builder, part)?);
    }
    Ok(value!({"operation": operation, "tables": tables}))
}

fn plain_table(builder: Builder<'_>, list: &Value) -> Result<Value, Failure> {
    builder.typed_list(list)
}

fn batch_get_table(builder: Builder<'_>, part: &Value) -> Result<Value, Failure> {
    let Some(payload) = part.as_object() else {
        return Err(builder.arguments.refuse("batchGet expects an object with 'keys' for each table"));
    };
    let mut request = Object::new();
    request.insert("keys", builder.typed_list(payload.get("keys").unwrap_or(&Value::Null))?);
    builder.add(payload, &[Same("consistentRead"), Projection], &mut request)?;
    Ok(request.into())
}

fn transact_items<'a>(builder: Builder<'a>) -> Result<Vec<&'a Object>, Failure> {
    let list = builder.arguments.object(0)?.get("items").and_then(Value::as_list);
    let items = list.and_then(|items| items.iter().map(Value::as_object).collect::<Option<Vec<_>>>());
    items.ok_or_else(|| builder.arguments.refuse(format!("{} expects 'items' to be a list of objects", builder.name)))
}

fn transact_get(_: &mut crate::Session, values: &[Value]) -> Result<Value, Failure> {
    let builder = Builder::new("transactGet", values)?;
    let mut items = Vec::new();
    for item in transact_items(builder)? {
        let mut request = Object::new();
        builder.add(item, &[Same("table"), Key, Projection], &mut request)?;
        items.push(Value::from(request));
    }
    Ok(value!({"operation": "TransactGetItems", "transactItems": items}))
}

fn transact_write(_: &mut crate::Session, values: &[Value]) -> Result<Value, Failure> {
    let builder = Builder::new("transactWrite", values)?;
    let mut items = Vec::new();
    for item in transact_items(builder)? {
        let mut members = item.iter().filter(|(_, value)| !value.is_null());
        let (Some((kind, Value::Object(payload))), None) = (members.next(), members.next()) else {
            return Err(builder.arguments.refuse("transactWrite expects each item to have exactly one operation"));
        };
        let (operation, parts): (_, &[Part]) = match &**kind {
            "putItem" => ("PutItem", &[Same("table"), Key, Item, Condition]),
            "updateItem" => ("UpdateItem", &[Same("table"), Key, Update, Condition]),
            "deleteItem" => ("DeleteItem", &[Same("table"), Key, Condition]),
            "conditionCheck" => ("ConditionCheck", &[Same("table"), Key, Condition]),
            other => return Err(builder.arguments.refuse(format!("transactWrite does not know the operation '{other}'"))),
        };
        let mut request = Object::new();
        request.insert("operation", operation);
        builder.add(payload, parts, &mut request)?;
        items.push(Value::from(request));
    }
    Ok(value!({"operation": "TransactWriteItems", "transactItems": items}))
}

/// A key condition: one operator for each key attribute, joined by AND.
fn key_condition(condition: &Object) -> Result<Value, String> {
    let (mut names, mut values) = (Names::default(), Object::new());
    let mut parts = Vec::new();
    for (attribute, operators) in condition {
        let operators = operators.as_object().ok_or_else(|| format!("the key '{attribute}' expects an object of operators"))?;
        for (operator, value) in operators {
            let name = names.name(attribute);
            let mut bind = |value: &Value| {
                let place = format!(":expValue_{}", values.len() + 1);
                values.insert(&*place, to_dynamodb(value));
                place
            };
            parts.push(match (&**operator, value) {
                ("eq", value) => format!("{name} = {}", bind(value)),
                ("lt", value) => format!("{name} < {}", bind(value)),
                ("le", value) => format!("{name} <= {}", bind(value)),
                ("gt", value) => format!("{name} > {}", bind(value)),
                ("ge", value) => format!("{name} >= {}", bind(value)),
                ("beginsWith", value) => format!("begins_with({name}, {})", bind(value)),
                ("between", Value::List(bounds)) if bounds.len() == 2 => {
                    format!("{name} BETWEEN {} AND {}", bind(&bounds[0]), bind(&bounds[1]))
                }
                (operator, _) => return Err(format!("the key condition '{attribute}.{operator}' is not supported")),
            });
        }
    }
    if parts.is_empty() {
        return Err("the key condition is empty".to_owned());
    }
    Ok(value!({"expression": (parts.join(" AND ")), "expressionNames": (names.into_object()), "expressionValues": values}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::session;

    fn call(name: &str, payload: &Value) -> Result<Value, Failure> {
        (crate::find(MODULE, name).expect(name).call)(&mut session(), std::slice::from_ref(payload))
    }

    #[test]
    fn requests() {
        for (name, payload, expected) in [
            (
                "get",
                value!({"key": {"id": 1}, "consistentRead": true, "projection": ["a", "b.c[1][0]"]}),
                value!({"operation": "GetItem", "key": {"id": {"N": 1}}, "consistentRead": true, "projection": {
                    "expression": "#expName_1, #expName_2.#expName_3[1][0]", "expressionNames": {"#expName_1": "a", "#expName_2": "b", "#expName_3": "c"}}}),
            ),
            (
                "put",
                value!({"key": {"id": "a"}, "item": {"s": {"SS": ["x"]}, "m": {"SS": "x"}}, "condition": {"id": {"attributeExists": false}}}),
                value!({"operation": "PutItem", "key": {"id": {"S": "a"}}, "attributeValues": {"s": {"SS": ["x"]}, "m": {"M": {"SS": {"S": "x"}}}}, "condition": {
                    "expression": "(attribute_not_exists(#id))", "expressionNames": {"#id": "id"}, "expressionValues": {}}}),
            ),
            (
                "query",
                value!({"query": {"id": {"eq": "a"}, "at": {"between": [1, 2]}}, "limit": 3, "index": null}),
                value!({"operation": "Query", "limit": 3, "query": {
                    "expression": "#expName_1 = :expValue_1 AND #expName_2 BETWEEN :expValue_2 AND :expValue_3",
                    "expressionNames": {"#expName_1": "id", "#expName_2": "at"},
                    "expressionValues": {":expValue_1": {"S": "a"}, ":expValue_2": {"N": 1}, ":expValue_3": {"N": 2}}}}),
            ),
            ("sync", value!({"limit": 1, "lastSync": 5}), value!({"operation": "Sync", "limit": 1, "lastSync": 5})),
            (
                "batchGet",
                value!({"tables": {"t": {"keys": [{"id": 1}], "consistentRead": true}}}),
                value!({"operation": "BatchGetItem", "tables": {"t": {"keys": [{"id": {"N": 1}}], "consistentRead": true}}}),
            ),
            (
                "batchPut",
                value!({"tables": {"t": [{"id": 1}]}}),
                value!({"operation": "BatchPutItem", "tables": {"t": [{"id": {"N": 1}}]}}),
            ),
            (
                "transactGet",
                value!({"items": [{"table": "t", "key": {"id": 1}}]}),
                value!({"operation": "TransactGetItems", "transactItems": [{"table": "t", "key": {"id": {"N": 1}}}]}),
            ),
            (
                "transactWrite",
                value!({"items": [{"deleteItem": {"table": "t", "key": {"id": 1}}}, {"putItem": {"table": "t", "key": {"id": 2}, "item": {"a": true}}}]}),
                value!({"operation": "TransactWriteItems", "transactItems": [
                    {"operation": "DeleteItem", "table": "t", "key": {"id": {"N": 1}}},
                    {"operation": "PutItem", "table": "t", "key": {"id": {"N": 2}}, "attributeValues": {"a": {"BOOL": true}}}]}),
            ),
        ] {
            assert_eq!(call(name, &payload), Ok(expected), "{name}");
        }
    }

    #[test]
    fn incomplete_payloads_are_refused_by_name() {
        for (name, payload, part) in [
            ("get", value!({}), "'key'"),
            ("put", value!({"key": {"id": 1}}), "'item'"),
            ("update", value!({"key": {"id": 1}}), "'update'"),
            ("query", value!({}), "'query'"),
            ("query", value!({"query": {"id": {"contains": 1}}}), "id.contains"),
            ("scan", value!({"filter": {"a": 1}}), "'filter'"),
            ("batchPut", value!({"tables": {"t": 1}}), "list of objects"),
            ("transactWrite", value!({"items": [{"bogus": {}}]}), "bogus"),
            ("transactWrite", value!({"items": [{}]}), "exactly one"),
        ] {
            let Err(Failure::Invalid { message, .. }) = call(name, &payload) else { panic!("{name} accepts {payload}") };
            assert!(message.contains(part), "{message}");
        }
        assert!(matches!(call("get", &Value::Null), Err(Failure::Invalid { .. })));
    }
}
