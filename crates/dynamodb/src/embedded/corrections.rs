//! What the engine gets wrong, put right around it, on its thread.
//!
//! Each function stands in for the engine's method of the same name. Whether there is anything to correct is seen from the
//! request in a few comparisons; only then is an expression or a table's definition looked at.
//!
//! - `TransactGetItems` returns the key with a projection that does not name it.
//! - `UPDATED_OLD` and `UPDATED_NEW` return the whole list for a path like `l[1]`; the service returns that element alone.
//! - An update that only removes makes an item where there is none; the service
//!   [does not](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html).
//! - In a transaction, an update may set or remove a part of the key.
//! - Keys of indexes are not bounded in length, and neither are names of key attributes.
//! - A segment of a scan accepts a start key of another one.

use std::collections::{BTreeMap, HashMap};

use dynoxide::actions::batch_write_item::{BatchWriteItemRequest, BatchWriteItemResponse};
use dynoxide::actions::create_table::{CreateTableRequest, CreateTableResponse};
use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::get_item::GetItemRequest;
use dynoxide::actions::put_item::{PutItemRequest, PutItemResponse};
use dynoxide::actions::scan::{ScanRequest, ScanResponse};
use dynoxide::actions::transact_get_items::{TransactGetItemsRequest, TransactGetItemsResponse};
use dynoxide::actions::transact_write_items::{
    TransactDelete, TransactUpdate, TransactWriteItemsRequest, TransactWriteItemsResponse,
};
use dynoxide::actions::update_item::{AttributeValueUpdate, UpdateItemRequest, UpdateItemResponse};
use dynoxide::actions::update_table::{UpdateTableRequest, UpdateTableResponse};
use dynoxide::errors::CancellationReason;
use dynoxide::storage::{compute_hash_prefix, hash_in_segment};
use dynoxide::{AttributeValue, Database, DynoxideError, Item};

use super::update_paths::{Step, Update, used};

type Names = Option<HashMap<String, String>>;
type Values = Option<HashMap<String, AttributeValue>>;

/// The longest key of an index's sort attribute, and the shortest limit of all.
const SORT_KEY: usize = 1_024;
const PARTITION_KEY: usize = 2_048;
/// What the key is called in conditions of ours.
const ALIAS: &str = "#syncgate_guard";
/// The longest name of a key attribute.
const KEY_NAME: usize = 255;

pub(super) fn put_item(database: &Database, request: PutItemRequest) -> Result<PutItemResponse, DynoxideError> {
    check_index_keys(database, &request.table_name, &request.item)?;
    database.put_item(request)
}

pub(super) fn batch_write_item(
    database: &Database,
    request: BatchWriteItemRequest,
) -> Result<BatchWriteItemResponse, DynoxideError> {
    for (table, writes) in &request.request_items {
        for put in writes.iter().filter_map(|write| write.put_request.as_ref()) {
            check_index_keys(database, table, &put.item)?;
        }
    }
    database.batch_write_item(request)
}

pub(super) fn update_item(database: &Database, request: UpdateItemRequest) -> Result<UpdateItemResponse, DynoxideError> {
    let update = request.update_expression.as_deref();
    if let Some(update) = update {
        check_updated_keys(
            database,
            &request.table_name,
            update,
            &request.expression_attribute_names,
            &request.expression_attribute_values,
        )?;
    }
    if let Some(updates) = &request.attribute_updates {
        let put = |(name, update): (&String, &AttributeValueUpdate)| {
            update.value.clone().filter(is_long).map(|value| (name.clone(), value))
        };
        check_index_keys(database, &request.table_name, &updates.iter().filter_map(put).collect())?;
    }
    let removes = match (update, &request.attribute_updates) {
        (Some(update), _) => only_removes(update, &request.expression_attribute_names, &request.key),
        (None, Some(updates)) => {
            let removes =
                |(name, update): (&String, &AttributeValueUpdate)| update.action == "DELETE" && !request.key.contains_key(name);
            !updates.is_empty() && updates.iter().all(removes)
        }
        (None, None) => false,
    };
    if removes && is_missing(database, &request.table_name, &request.key) {
        return remove_from_nothing(database, request);
    }
    let paths = update.filter(|update| update.contains('[')).and_then(|update| {
        let wanted = matches!(request.return_values.as_deref(), Some("UPDATED_OLD" | "UPDATED_NEW"));
        wanted.then(|| Update::read(update).paths(request.expression_attribute_names.as_ref()))
    });
    let mut answer = database.update_item(request)?;
    if let Some(paths) = paths
        && let Some(attributes) = answer.attributes.take()
    {
        let attributes = updated(attributes, &paths);
        answer.attributes = (!attributes.is_empty()).then_some(attributes);
    }
    Ok(answer)
}

pub(super) fn transact_write_items(
    database: &Database,
    mut request: TransactWriteItemsRequest,
) -> Result<TransactWriteItemsResponse, DynoxideError> {
    let mut of_key = Vec::new();
    for (at, action) in request.transact_items.iter_mut().enumerate() {
        if let Some(put) = &action.put {
            check_index_keys(database, &put.table_name, &put.item)?;
        }
        let Some(update) = &mut action.update else { continue };
        if let Some(attribute) = updated_key(update) {
            of_key.push((at, attribute, make_impossible(update)));
            continue;
        }
        let (names, values) = (&update.expression_attribute_names, &update.expression_attribute_values);
        check_updated_keys(database, &update.table_name, &update.update_expression, names, values)?;
        if only_removes(&update.update_expression, names, &update.key) && is_missing(database, &update.table_name, &update.key) {
            check_guarded(database, update)?;
            // Deleting what is not there checks the same condition and leaves nothing behind either.
            let condition = update.condition_expression.clone();
            let (names, values) = used_by(condition.as_deref(), names, values);
            action.delete = Some(TransactDelete {
                table_name: update.table_name.clone(),
                key: update.key.clone(),
                condition_expression: condition,
                expression_attribute_names: names,
                expression_attribute_values: values,
                return_values_on_condition_check_failure: update.return_values_on_condition_check_failure.clone(),
            });
            action.update = None;
        }
    }
    if of_key.is_empty() {
        return database.transact_write_items(request);
    }
    let items = request.transact_items.len();
    let mut reasons = vec![CancellationReason { code: "None".to_owned(), ..CancellationReason::default() }; items];
    if of_key.iter().all(|(.., impossible)| *impossible) {
        match database.transact_write_items(request) {
            Err(DynoxideError::TransactionCanceledException(_, found)) => reasons = found,
            Err(error) => return Err(error),
            Ok(_) => return Err(DynoxideError::InternalServerError("a transaction passed its guard".to_owned())),
        }
    }
    for (at, attribute, _) in of_key {
        if let Some(reason) =
            reasons.get_mut(at).filter(|reason| matches!(reason.code.as_str(), "None" | "ConditionalCheckFailed"))
        {
            *reason = CancellationReason {
                code: "ValidationError".to_owned(),
                message: Some(format!(
                    "One or more parameter values were invalid: Cannot update attribute {attribute}. This attribute is part of the key"
                )),
                item: None,
            };
        }
    }
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code.as_str()).collect();
    let message = format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{}]", codes.join(", "));
    Err(DynoxideError::TransactionCanceledException(message, reasons))
}

/// The part of the key that an update of a transaction would change.
fn updated_key(update: &TransactUpdate) -> Option<String> {
    let read = Update::read(&update.update_expression);
    read.paths(update.expression_attribute_names.as_ref()).into_iter().find_map(|path| match path.into_iter().next() {
        Some(Step::Name(name)) if update.key.contains_key(&name) => Some(name),
        _ => None,
    })
}

/// Makes an update fail at its condition, after all that is looked at before. Whether that can be done: see [`guarded`].
fn make_impossible(update: &mut TransactUpdate) -> bool {
    let Some(key) = update.key.keys().next().cloned() else { return false };
    let guard = format!("attribute_exists({ALIAS}) AND attribute_not_exists({ALIAS})");
    update.condition_expression = Some(match update.condition_expression.as_deref() {
        None => guard,
        Some(condition) if condition.trim_start().starts_with('(') || condition.len() > 3_900 => return false,
        Some(condition) => format!("({condition}) AND {guard}"),
    });
    update.return_values_on_condition_check_failure = None;
    update.expression_attribute_names.get_or_insert_default().insert(ALIAS.to_owned(), key);
    true
}

pub(super) fn transact_get_items(
    database: &Database,
    request: TransactGetItemsRequest,
) -> Result<TransactGetItemsResponse, DynoxideError> {
    let projected: Vec<_> = request
        .transact_items
        .iter()
        .map(|item| {
            let projection = item.get.projection_expression.as_deref()?;
            Some(top_names(projection, &item.get.expression_attribute_names))
        })
        .collect();
    let mut answer = database.transact_get_items(request)?;
    for (response, projected) in answer.responses.iter_mut().zip(projected) {
        if let (Some(item), Some(projected)) = (&mut response.item, projected) {
            item.retain(|name, _| projected.contains(name));
        }
    }
    Ok(answer)
}

pub(super) fn scan(database: &Database, request: ScanRequest) -> Result<ScanResponse, DynoxideError> {
    check_segment(database, &request)?;
    database.scan(request)
}

pub(super) fn create_table(database: &Database, request: CreateTableRequest) -> Result<CreateTableResponse, DynoxideError> {
    let definitions = request.attribute_definitions.iter().map(|definition| &definition.attribute_name);
    let keys = request.key_schema.iter().map(|key| &key.attribute_name);
    let faults: Vec<_> = long_names("attributeDefinitions", definitions).chain(long_names("keySchema", keys)).collect();
    refuse(&faults)?;
    database.create_table(request)
}

pub(super) fn update_table(database: &Database, request: UpdateTableRequest) -> Result<UpdateTableResponse, DynoxideError> {
    let definitions = request.attribute_definitions.iter().flatten().map(|definition| &definition.attribute_name);
    refuse(&long_names("attributeDefinitions", definitions).collect::<Vec<_>>())?;
    database.update_table(request)
}

fn long_names<'a>(member: &'a str, names: impl Iterator<Item = &'a String> + 'a) -> impl Iterator<Item = String> + 'a {
    names.enumerate().filter(|(_, name)| name.len() > KEY_NAME).map(move |(at, name)| {
        format!(
            "Value '{name}' at '{member}.{}.member.attributeName' failed to satisfy constraint: \
             Member must have length less than or equal to {KEY_NAME}",
            at + 1
        )
    })
}

fn refuse(faults: &[String]) -> Result<(), DynoxideError> {
    if faults.is_empty() {
        return Ok(());
    }
    let plural = if faults.len() == 1 { "" } else { "s" };
    Err(invalid(format!("{} validation error{plural} detected: {}", faults.len(), faults.join("; "))))
}

fn invalid(message: impl Into<String>) -> DynoxideError {
    DynoxideError::ValidationException(message.into())
}

fn is_long(value: &AttributeValue) -> bool {
    matches!(value, AttributeValue::S(text) if text.len() > SORT_KEY)
        || matches!(value, AttributeValue::B(bytes) if bytes.len() > SORT_KEY)
}

/// Refuses attributes that are keys of an index and longer than a key may be.
fn check_index_keys(database: &Database, table: &str, item: &Item) -> Result<(), DynoxideError> {
    if !item.values().any(is_long) {
        return Ok(());
    }
    // Whoever answers knows the words for a table that is not there.
    let Ok(Some(definition)) = database.get_table_metadata(table) else { return Ok(()) };
    for indexes in [definition.gsi_definitions, definition.lsi_definitions].into_iter().flatten() {
        let indexes: serde_json::Value =
            serde_json::from_str(&indexes).map_err(|error| DynoxideError::InternalServerError(error.to_string()))?;
        let keys = indexes.as_array().into_iter().flatten().filter_map(|index| index["KeySchema"].as_array()).flatten();
        for key in keys {
            let Some(value) = key["AttributeName"].as_str().and_then(|name| item.get(name)) else { continue };
            let length = match value {
                AttributeValue::S(text) => text.len(),
                AttributeValue::B(bytes) => bytes.len(),
                _ => 0,
            };
            if key["KeyType"] == "RANGE" && length > SORT_KEY {
                return Err(invalid(
                    "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
                ));
            }
            if length > PARTITION_KEY {
                return Err(invalid(
                    "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes",
                ));
            }
        }
    }
    Ok(())
}

/// Likewise for attributes an expression sets to a value of the request.
fn check_updated_keys(
    database: &Database,
    table: &str,
    update: &str,
    names: &Names,
    values: &Values,
) -> Result<(), DynoxideError> {
    let Some(values) = values.as_ref().filter(|values| values.values().any(is_long)) else { return Ok(()) };
    let update = Update::read(update);
    let set = update.set_values(names.as_ref()).filter_map(|(name, value)| Some((name, values.get(value)?.clone()))).collect();
    check_index_keys(database, table, &set)
}

/// Whether an update only removes what may be removed. The engine has the words for one that names a part of the key.
fn only_removes(update: &str, names: &Names, key: &Item) -> bool {
    // What sets mostly says so in its first word.
    let first = update.trim_start().get(..3).unwrap_or_default();
    if first.eq_ignore_ascii_case("set") || first.eq_ignore_ascii_case("add") {
        return false;
    }
    let update = Update::read(update);
    let of_key = |path: &Vec<Step>| matches!(path.first(), Some(Step::Name(name)) if key.contains_key(name));
    update.only_removes() && !update.paths(names.as_ref()).iter().any(of_key)
}

fn is_missing(database: &Database, table: &str, key: &Item) -> bool {
    let request = GetItemRequest { table_name: table.to_owned(), key: key.clone(), ..GetItemRequest::default() };
    database.get_item(request).is_ok_and(|answer| answer.item.is_none())
}

/// Refuses what is wrong with an update of a transaction, besides that its item is not there.
fn check_guarded(database: &Database, update: &TransactUpdate) -> Result<(), DynoxideError> {
    let request = UpdateItemRequest {
        table_name: update.table_name.clone(),
        key: update.key.clone(),
        update_expression: Some(update.update_expression.clone()),
        condition_expression: update.condition_expression.clone(),
        expression_attribute_names: update.expression_attribute_names.clone(),
        expression_attribute_values: update.expression_attribute_values.clone(),
        ..UpdateItemRequest::default()
    };
    guarded(request).map_or(Ok(()), |guarded| fail_guard(database, guarded))
}

/// Runs an update that cannot succeed: that it fails for its condition says that nothing else is wrong with it.
fn fail_guard(database: &Database, guarded: UpdateItemRequest) -> Result<(), DynoxideError> {
    match database.update_item(guarded) {
        Err(DynoxideError::ConditionalCheckFailedException(..)) => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(DynoxideError::InternalServerError("an update of a missing item passed its guard".to_owned())),
    }
}

/// An update that only removes, of an item that is not there: its condition is checked, nothing is made.
fn remove_from_nothing(database: &Database, request: UpdateItemRequest) -> Result<UpdateItemResponse, DynoxideError> {
    let condition = request.condition_expression.clone();
    let (names, values) =
        used_by(condition.as_deref(), &request.expression_attribute_names, &request.expression_attribute_values);
    let delete = DeleteItemRequest {
        table_name: request.table_name.clone(),
        key: request.key.clone(),
        condition_expression: condition,
        expression_attribute_names: names,
        expression_attribute_values: values,
        return_consumed_capacity: request.return_consumed_capacity.clone(),
        return_values_on_condition_check_failure: request.return_values_on_condition_check_failure.clone(),
        return_item_collection_metrics: request.return_item_collection_metrics.clone(),
        expected: request.expected.clone(),
        conditional_operator: request.conditional_operator.clone(),
        ..DeleteItemRequest::default()
    };
    if let Some(guarded) = guarded(request) {
        fail_guard(database, guarded)?;
    }
    let answer = database.delete_item(delete)?;
    Ok(UpdateItemResponse {
        attributes: None,
        consumed_capacity: answer.consumed_capacity,
        item_collection_metrics: answer.item_collection_metrics,
    })
}

/// The update under the condition that its item exists; `None` where the condition cannot be added to what is there.
fn guarded(mut request: UpdateItemRequest) -> Option<UpdateItemRequest> {
    let key = request.key.keys().next()?.clone();
    request.return_values = None;
    if request.update_expression.is_none() {
        if request.expected.is_some() || request.conditional_operator.is_some() {
            return None;
        }
        let mut expected = serde_json::Map::new();
        expected.insert(key, serde_json::json!({"ComparisonOperator": "NOT_NULL"}));
        request.expected = Some(expected.into());
        return Some(request);
    }
    let guard = format!("attribute_exists({ALIAS})");
    request.condition_expression = Some(match request.condition_expression.as_deref() {
        None => guard,
        // Brackets around brackets would be refused as redundant, and without them an OR would not be guarded.
        Some(condition) if condition.trim_start().starts_with('(') || condition.len() > 4_000 => return None,
        Some(condition) => format!("({condition}) AND {guard}"),
    });
    request.expression_attribute_names.get_or_insert_default().insert(ALIAS.to_owned(), key);
    Some(request)
}

/// The names and values a condition uses: the service refuses others.
fn used_by(condition: Option<&str>, names: &Names, values: &Values) -> (Names, Values) {
    let used: Vec<&str> = condition.map(used).unwrap_or_default();
    let names: HashMap<_, _> = names
        .iter()
        .flatten()
        .filter(|(name, _)| used.contains(&name.as_str()))
        .map(|(name, of)| (name.clone(), of.clone()))
        .collect();
    let values: HashMap<_, _> = values
        .iter()
        .flatten()
        .filter(|(name, _)| used.contains(&name.as_str()))
        .map(|(name, of)| (name.clone(), of.clone()))
        .collect();
    ((!names.is_empty()).then_some(names), (!values.is_empty()).then_some(values))
}

/// The attributes a projection names, without what is inside them.
fn top_names(projection: &str, names: &Names) -> Vec<String> {
    let top = |path: &str| {
        let name = path.trim().split(['.', '[', ' ', '\t', '\n', '\r']).next().unwrap_or_default();
        names.as_ref().and_then(|names| names.get(name)).cloned().unwrap_or_else(|| name.to_owned())
    };
    projection.split(',').map(top).collect()
}

/// What the paths of an update lead to. The engine has returned whole attributes where a path goes through a list.
fn updated(attributes: Item, paths: &[Vec<Step>]) -> Item {
    let pick_from = |(name, value): (String, AttributeValue)| {
        let inside: Vec<&[Step]> = paths
            .iter()
            .filter_map(|path| match path.split_first() {
                Some((Step::Name(top), rest)) if *top == name => Some(rest),
                _ => None,
            })
            .collect();
        let through_list = inside.iter().any(|path| path.iter().any(|step| matches!(step, Step::Index(_))));
        if !through_list {
            return Some((name, value));
        }
        Some((name, pick(&value, &inside)?))
    };
    attributes.into_iter().filter_map(pick_from).collect()
}

/// The parts of a value that paths lead to: elements of a list close up, in their order. Paths are at most 32 steps long
/// ([`crate::checks`]), which bounds the recursion.
fn pick(value: &AttributeValue, paths: &[&[Step]]) -> Option<AttributeValue> {
    let mut parts: BTreeMap<&Step, Vec<&[Step]>> = BTreeMap::new();
    for path in paths {
        match path.split_first() {
            None => return Some(value.clone()),
            Some((step, rest)) => parts.entry(step).or_default().push(rest),
        }
    }
    match value {
        AttributeValue::L(items) => {
            let picked: Vec<_> = parts
                .iter()
                .filter_map(|(step, paths)| match step {
                    Step::Index(at) => pick(items.get(*at)?, paths),
                    Step::Name(_) => None,
                })
                .collect();
            (!picked.is_empty()).then_some(AttributeValue::L(picked))
        }
        AttributeValue::M(members) => {
            let picked: HashMap<_, _> = parts
                .iter()
                .filter_map(|(step, paths)| match step {
                    Step::Name(name) => Some((name.clone(), pick(members.get(name)?, paths)?)),
                    Step::Index(_) => None,
                })
                .collect();
            (!picked.is_empty()).then_some(AttributeValue::M(picked))
        }
        _ => None,
    }
}

/// Refuses a start key that is not of the segment to scan.
fn check_segment(database: &Database, request: &ScanRequest) -> Result<(), DynoxideError> {
    let (Some(segment), Some(total)) = (request.segment, request.total_segments) else { return Ok(()) };
    // Others are refused by the engine; an index is cut by the key of its own.
    if segment >= total || total > 1_000_000 || request.index_name.is_some() {
        return Ok(());
    }
    let Some(start) = &request.exclusive_start_key_raw else { return Ok(()) };
    let Ok(Some(definition)) = database.get_table_metadata(&request.table_name) else { return Ok(()) };
    let schema: serde_json::Value =
        serde_json::from_str(&definition.key_schema).map_err(|error| DynoxideError::InternalServerError(error.to_string()))?;
    let partition = schema.as_array().into_iter().flatten().find(|key| key["KeyType"] == "HASH");
    let partition = partition.and_then(|key| key["AttributeName"].as_str()).unwrap_or_default();
    // A key that cannot be read has the engine's words.
    let Ok(value) = serde_json::from_value::<AttributeValue>(start[partition].clone()) else { return Ok(()) };
    if hash_in_segment(&compute_hash_prefix(&value), segment, total) {
        return Ok(());
    }
    Err(invalid(format!(
        "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. \
         TotalSegments: {total} Segment: {segment}"
    )))
}
