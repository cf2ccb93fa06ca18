//! `TransactGetItems` and `TransactWriteItems` over many tables.
//!
//! The result has `items` or `keys` in the order of the request and `cancellationReasons`, one of them null.

use dynamodb::{CancellationReason, Operation, ServiceError};
use value::{Object, Str, Value};

use super::convert::{attributes, into_plain};
use super::expression::Expressions;
use super::fields::{Fields, Place, Read, refuse};
use super::item::{typed, whole_item};
use super::wire::{self, Word, into_list, set, single, take};
use super::{DynamodbDataSource, Failed, error};
use crate::data_source::{Call, DataSourceError};

impl DynamodbDataSource {
    pub(super) async fn transact_get_items(&self, fields: &Fields<'_>, call: &Call) -> Read<Value> {
        let (items, place) = transact_items(fields)?;
        let mut requests = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let place = Place::Item(&place, at);
            let item = Fields::of(item, &place)?;
            item.only(&["table", "key", "projection"])?;
            let table = item.required_text("table")?;
            self.permit("GetItem", table).map_err(|denied| with_result(denied, &wire::ITEMS, Value::Null))?;
            let mut get = on_table(table);
            set(&mut get, &wire::KEY, typed(&item, "key")?);
            let mut expressions = Expressions::default();
            expressions.projection(&item, &mut get)?;
            expressions.finish(&mut get);
            requests.push(single(&wire::GET, get));
        }
        let mut request = Object::with_capacity(1);
        set(&mut request, &wire::TRANSACT_ITEMS, requests);
        let mut body =
            self.send(Operation::TransactGetItems, request, call).await.map_err(|failed| refused(failed, &wire::ITEMS))?;
        let items = into_list(take(&mut body, "Responses")).into_iter();
        let items: Vec<Value> = items.map(|mut response| into_plain(take(&mut response, "Item"))).collect();
        Ok(result(&wire::ITEMS, items.into(), Value::Null))
    }

    pub(super) async fn transact_write_items(&self, fields: &Fields<'_>, call: &Call) -> Read<Value> {
        let (items, place) = transact_items(fields)?;
        let mut requests = Vec::with_capacity(items.len());
        let mut keys = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let place = Place::Item(&place, at);
            let item = Fields::of(item, &place)?;
            let write = Write::read(&item)?;
            self.permit(write.action, write.table).map_err(|denied| with_result(denied, &wire::KEYS_RESULT, Value::Null))?;
            requests.push(single(write.word, write.request));
            keys.push(into_plain(write.key));
        }
        let mut request = Object::with_capacity(1);
        set(&mut request, &wire::TRANSACT_ITEMS, requests);
        self.send(Operation::TransactWriteItems, request, call).await.map_err(|failed| refused(failed, &wire::KEYS_RESULT))?;
        Ok(result(&wire::KEYS_RESULT, keys.into(), Value::Null))
    }
}

/// One write of a transaction.
struct Write<'a> {
    word: &'static Word,
    /// What IAM calls it.
    action: &'static str,
    table: &'a Str,
    key: Value,
    request: Object,
}

impl<'a> Write<'a> {
    fn read(item: &Fields<'a>) -> Read<Self> {
        let operation = &**item.required_text("operation")?;
        let (word, action, own): (&'static Word, _, &[&str]) = match operation {
            "PutItem" => (&wire::PUT, "PutItem", &["table", "operation", "key", "condition", "attributeValues"]),
            "UpdateItem" => (&wire::UPDATE, "UpdateItem", &["table", "operation", "key", "condition", "update"]),
            "DeleteItem" => (&wire::DELETE, "DeleteItem", &["table", "operation", "key", "condition"]),
            "ConditionCheck" => (&wire::CONDITION_CHECK, "ConditionCheckItem", &["table", "operation", "key", "condition"]),
            other => {
                return Err(refuse(format!(
                    "Unsupported operation '{other}' for field '{}[operation]'. The operations of a transaction are PutItem, \
                     UpdateItem, DeleteItem and ConditionCheck.",
                    item.place
                )));
            }
        };
        item.only(own)?;
        let table = item.required_text("table")?;
        let mut request = on_table(table);
        let key = attributes(item.required("key")?, &Place::Member(item.place, "key"))?;
        let mut expressions = Expressions::default();
        match operation {
            "PutItem" => set(&mut request, &wire::ITEM, whole_item(item, &key)?),
            _ => set(&mut request, &wire::KEY, &key),
        }
        match operation {
            "UpdateItem" => {
                item.required("update")?;
                expressions.section(item, "update", &wire::UPDATE_EXPRESSION, &mut request)?;
            }
            "ConditionCheck" => {
                item.required("condition")?;
            }
            _ => {}
        }
        condition(item, &mut expressions, &mut request)?;
        expressions.finish(&mut request);
        Ok(Self { word, action, table, key, request })
    }
}

/// "Transaction condition expressions": unlike those of single operations they have no handler, and a switch for the item.
fn condition(item: &Fields<'_>, expressions: &mut Expressions, request: &mut Object) -> Read<()> {
    let Some(section) = item.optional("condition") else { return Ok(()) };
    let place = Place::Member(item.place, "condition");
    let section = Fields::of(section, &place)?;
    section.only(&["expression", "expressionNames", "expressionValues", "returnValuesOnConditionCheckFailure"])?;
    let expression = expressions.expression(&section)?;
    set(request, &wire::CONDITION_EXPRESSION, expression);
    if section.boolean("returnValuesOnConditionCheckFailure")?.unwrap_or(true) {
        set(request, &wire::RETURN_VALUES_ON_FAILURE, &*wire::ALL_OLD);
    }
    Ok(())
}

fn transact_items<'a>(fields: &Fields<'a>) -> Read<(&'a [Value], Place<'a>)> {
    fields.only(&["version", "operation", "transactItems"])?;
    let (items, place) = fields.required_list("transactItems")?;
    if items.is_empty() {
        return Err(refuse(format!("Expected at least one item for field '{place}'.")));
    }
    Ok((items, place))
}

fn on_table(table: &Str) -> Object {
    let mut request = Object::with_capacity(7);
    set(&mut request, &wire::TABLE_NAME, table);
    request
}

fn result(word: &Word, values: Value, reasons: Value) -> Value {
    let mut result = Object::with_capacity(2);
    set(&mut result, word, values);
    set(&mut result, &wire::CANCELLATION_REASONS, reasons);
    result.into()
}

fn with_result(mut error: DataSourceError, word: &Word, reasons: Value) -> DataSourceError {
    error.data = result(word, Value::Null, reasons);
    error
}

/// A failed transaction; both members of the result are there whatever happened.
fn refused(failed: Failed, word: &Word) -> DataSourceError {
    match failed {
        Failed::Deadline => failed.into(),
        Failed::Service(mut failure) => {
            let reasons = reasons(&mut failure);
            with_result(error::service(&failure), word, reasons)
        }
    }
}

fn reasons(failure: &mut ServiceError) -> Value {
    if *failure.code != *"TransactionCanceledException" {
        return Value::Null;
    }
    std::mem::take(&mut failure.cancellation_reasons).into_iter().map(reason).collect()
}

fn reason(reason: CancellationReason) -> Value {
    let mut members = Object::with_capacity(3);
    if let Some(item) = reason.item {
        members.insert("item", into_plain(item));
    }
    members.insert("type", reason.code);
    members.insert("message", reason.message.unwrap_or_else(|| "None".into()));
    members.into()
}
