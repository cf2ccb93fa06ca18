//! The short way for the operations that are called most: requests built straight from the [`Value`], items written straight
//! into one.
//!
//! The long way, `serde`, reads every attribute value through a JSON tree of its own. The short way takes a request only when
//! nothing in it can be refused while it is read: members of the right kind, names and numbers of the plain form, sets that are
//! not empty. For anything else it gives up (`None`), and the long way finds the service's words for what is wrong. It never
//! refuses and never guesses, so both ways lead to the same request.

use std::collections::HashMap;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use dynoxide::actions::delete_item::{DeleteItemRequest, DeleteItemResponse};
use dynoxide::actions::get_item::{GetItemRequest, GetItemResponse};
use dynoxide::actions::put_item::{PutItemRequest, PutItemResponse};
use dynoxide::actions::query::{QueryRequest, QueryResponse};
use dynoxide::actions::update_item::{UpdateItemRequest, UpdateItemResponse};
use dynoxide::{AttributeValue, Item};
use serde::Serialize;
use serde::de::DeserializeOwned;
use value::{Object, Str, Value};

use super::decode::{DecodeError, from_value};
use super::encode::{EncodeError, to_value};

/// A request of the engine, read the shortest way there is.
pub(super) trait Request: DeserializeOwned {
    /// The short way, where there is one.
    fn plain(_request: &Object) -> Option<Self> {
        None
    }

    /// Reads the request.
    fn read(request: &Value) -> Result<Self, DecodeError> {
        match request.as_object().and_then(Self::plain) {
            Some(plain) => Ok(plain),
            None => from_value(request),
        }
    }
}

/// A response of the engine, written the shortest way there is.
pub(super) trait Answer: Serialize + Sized {
    /// Writes the response.
    fn write(self) -> Result<Value, EncodeError> {
        to_value(&self)
    }
}

type Attributes = HashMap<String, AttributeValue>;

/// A request whose members are read straight into its fields; any other member makes it one for the long way. So does a required
/// one that is absent or empty: the long way has the words for it.
macro_rules! plain {
    ($members:expr; $($required:literal => $field:ident = $read:expr,)* optional: $($name:literal => $other:ident = $as:expr,)*) => {{
        let mut plain = Self::default();
        for (name, value) in $members {
            // An absent member and null are the same.
            if value.is_null() {
                continue;
            }
            match &**name {
                $($required => plain.$field = $read(value)?,)*
                $($name => plain.$other = Some($as(value)?),)*
                _ => return None,
            }
        }
        if $(plain.$field.is_empty())||* {
            return None;
        }
        plain
    }};
}

/// What `ReturnValues` of a put or a deletion may be, and `ReturnValuesOnConditionCheckFailure`.
const OLD: &[&str] = &["NONE", "ALL_OLD"];

impl Request for GetItemRequest {
    fn plain(request: &Object) -> Option<Self> {
        Some(plain! { request.iter();
            "TableName" => table_name = table_name,
            "Key" => key = attributes,
            optional:
            "ConsistentRead" => consistent_read = Value::as_bool,
            "ProjectionExpression" => projection_expression = text,
            "ExpressionAttributeNames" => expression_attribute_names = texts,
        })
    }
}

impl Request for PutItemRequest {
    fn plain(request: &Object) -> Option<Self> {
        Some(plain! { request.iter();
            "TableName" => table_name = table_name,
            "Item" => item = attributes,
            optional:
            "ConditionExpression" => condition_expression = text,
            "ExpressionAttributeNames" => expression_attribute_names = texts,
            "ExpressionAttributeValues" => expression_attribute_values = attributes,
            "ReturnValues" => return_values = |value| one_of(value, OLD),
            "ReturnValuesOnConditionCheckFailure" => return_values_on_condition_check_failure = |value| one_of(value, OLD),
        })
    }
}

impl Request for UpdateItemRequest {
    fn plain(request: &Object) -> Option<Self> {
        let plain: Self = plain! { request.iter();
            "TableName" => table_name = table_name,
            "Key" => key = attributes,
            optional:
            "UpdateExpression" => update_expression = text,
            "ConditionExpression" => condition_expression = text,
            "ExpressionAttributeNames" => expression_attribute_names = texts,
            "ExpressionAttributeValues" => expression_attribute_values = attributes,
            "ReturnValues" => return_values = |value| one_of(value, &["NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"]),
            "ReturnValuesOnConditionCheckFailure" => return_values_on_condition_check_failure = |value| one_of(value, OLD),
        };
        plain.update_expression.is_some().then_some(plain)
    }
}

impl Request for DeleteItemRequest {
    fn plain(request: &Object) -> Option<Self> {
        // Values of expressions are read late by the engine, and in the long way only.
        Some(plain! { request.iter();
            "TableName" => table_name = table_name,
            "Key" => key = attributes,
            optional:
            "ConditionExpression" => condition_expression = text,
            "ExpressionAttributeNames" => expression_attribute_names = texts,
            "ReturnValues" => return_values = |value| one_of(value, OLD),
            "ReturnValuesOnConditionCheckFailure" => return_values_on_condition_check_failure = |value| one_of(value, OLD),
        })
    }
}

impl Request for QueryRequest {
    fn plain(request: &Object) -> Option<Self> {
        // The start key is read late by the engine, and in the long way only.
        let forward = match request.get("ScanIndexForward") {
            None | Some(Value::Null) => true,
            Some(direction) => direction.as_bool()?,
        };
        let mut plain: Self = plain! { request.iter().filter(|(name, _)| &***name != "ScanIndexForward");
            "TableName" => table_name = table_name,
            optional:
            "KeyConditionExpression" => key_condition_expression = text,
            "FilterExpression" => filter_expression = text,
            "ProjectionExpression" => projection_expression = text,
            "ExpressionAttributeNames" => expression_attribute_names = texts,
            "ExpressionAttributeValues" => expression_attribute_values = attributes,
            "Limit" => limit = count,
            "Select" => select = text,
            "ConsistentRead" => consistent_read = Value::as_bool,
            "IndexName" => index_name = text,
        };
        plain.scan_index_forward = forward;
        plain.key_condition_expression.is_some().then_some(plain)
    }
}

fn table_name(value: &Value) -> Option<String> {
    let name = value.as_str()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    ((3..=255).contains(&name.len()) && name.bytes().all(plain)).then(|| name.to_owned())
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(ToOwned::to_owned)
}

fn one_of(value: &Value, known: &[&str]) -> Option<String> {
    text(value).filter(|text| known.contains(&text.as_str()))
}

fn count(value: &Value) -> Option<usize> {
    let count = value.as_i64().filter(|count| (1..=i64::from(i32::MAX)).contains(count))?;
    usize::try_from(count).ok()
}

fn texts(value: &Value) -> Option<HashMap<String, String>> {
    value.as_object()?.iter().map(|(name, value)| Some(((**name).to_owned(), text(value)?))).collect()
}

fn attributes(value: &Value) -> Option<Attributes> {
    value.as_object()?.iter().map(|(name, value)| Some(((**name).to_owned(), attribute(value)?))).collect()
}

/// An attribute value; its nesting was bounded before ([`crate::checks`]).
fn attribute(value: &Value) -> Option<AttributeValue> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    let (kind, value) = object.iter().next()?;
    Some(match &**kind {
        "S" => AttributeValue::S(text(value)?),
        "N" => AttributeValue::N(number(value)?),
        "BOOL" => AttributeValue::BOOL(value.as_bool()?),
        "NULL" => AttributeValue::NULL(value.as_bool().filter(|&null| null)?),
        "L" => AttributeValue::L(value.as_list()?.iter().map(attribute).collect::<Option<_>>()?),
        "M" => AttributeValue::M(attributes(value)?),
        "B" => AttributeValue::B(binary(value)?),
        "SS" => AttributeValue::SS(set(value, text)?),
        "NS" => AttributeValue::NS(set(value, number)?),
        "BS" => AttributeValue::BS(set(value, binary)?),
        _ => return None,
    })
}

fn set<T>(value: &Value, member: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    let members = value.as_list().filter(|members| !members.is_empty())?;
    members.iter().map(member).collect()
}

fn binary(value: &Value) -> Option<Vec<u8>> {
    BASE64.decode(value.as_str()?).ok()
}

/// A number in plain notation with no more digits than the service keeps.
fn number(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits.len() <= 38 && all_digits(whole) && all_digits(fraction)).then(|| text.to_owned())
}

impl Answer for GetItemResponse {
    fn write(self) -> Result<Value, EncodeError> {
        Writer::default().answer(self.item, "Item", [("ConsumedCapacity", optional(self.consumed_capacity.as_ref())?)])
    }
}

macro_rules! writes {
    ($($answer:ident)*) => { $(
        impl Answer for $answer {
            fn write(self) -> Result<Value, EncodeError> {
                let others = [
                    ("ConsumedCapacity", optional(self.consumed_capacity.as_ref())?),
                    ("ItemCollectionMetrics", optional(self.item_collection_metrics.as_ref())?),
                ];
                Writer::default().answer(self.attributes, "Attributes", others)
            }
        }
    )* };
}
writes! { PutItemResponse UpdateItemResponse DeleteItemResponse }

impl Answer for QueryResponse {
    fn write(self) -> Result<Value, EncodeError> {
        let mut writer = Writer::default();
        let mut answer = Object::with_capacity(5);
        if let Some(items) = self.items {
            answer.insert("Items", items.into_iter().map(|item| writer.item(item)).collect::<Value>());
        }
        answer.insert("Count", self.count);
        answer.insert("ScannedCount", self.scanned_count);
        if let Some(key) = self.last_evaluated_key {
            answer.insert("LastEvaluatedKey", writer.item(key));
        }
        if let Some(capacity) = &self.consumed_capacity {
            answer.insert("ConsumedCapacity", to_value(capacity)?);
        }
        Ok(answer.into())
    }
}

fn optional<T: Serialize>(part: Option<&T>) -> Result<Option<Value>, EncodeError> {
    part.map(to_value).transpose()
}

/// The names of the types, shared by all values of all responses.
static TYPES: LazyLock<Types> = LazyLock::new(|| Types {
    s: "S".into(),
    n: "N".into(),
    b: "B".into(),
    ss: "SS".into(),
    ns: "NS".into(),
    bs: "BS".into(),
    l: "L".into(),
    m: "M".into(),
    flags: [typed("BOOL", false), typed("BOOL", true), typed("NULL", true)],
});

fn typed(kind: &str, value: bool) -> Value {
    let mut object = Object::with_capacity(1);
    object.insert(kind, value);
    object.into()
}

struct Types {
    s: Str,
    n: Str,
    b: Str,
    ss: Str,
    ns: Str,
    bs: Str,
    l: Str,
    m: Str,
    /// The only values there are of their types.
    flags: [Value; 3],
}

/// How many attribute names are remembered while a response is written.
const NAMES: usize = 32;

/// Writes items; attributes of the same name share their string within a response.
#[derive(Default)]
struct Writer {
    names: Vec<Str>,
    /// Where the next name is expected: items of a page have the same attributes, written in the same order.
    next: usize,
}

impl Writer {
    fn answer<const N: usize>(
        mut self,
        item: Option<Item>,
        name: &str,
        others: [(&'static str, Option<Value>); N],
    ) -> Result<Value, EncodeError> {
        let mut answer = Object::with_capacity(1 + N);
        if let Some(item) = item {
            answer.insert(name, self.item(item));
        }
        for (name, value) in others {
            if let Some(value) = value {
                answer.insert(name, value);
            }
        }
        Ok(answer.into())
    }

    fn name(&mut self, name: &str) -> Str {
        let known = |at: usize, names: &[Str]| names.get(at).filter(|known| ***known == *name).cloned();
        if let Some(shared) = known(self.next, &self.names) {
            self.next += 1;
            return shared;
        }
        if let Some(at) = self.names.iter().position(|known| **known == *name) {
            self.next = at + 1;
            return Str::clone(&self.names[at]);
        }
        let shared: Str = name.into();
        if self.names.len() < NAMES {
            self.names.push(Str::clone(&shared));
            self.next = self.names.len();
        }
        shared
    }

    /// An item, its attributes sorted by name: the engine's hash maps have another order every time.
    fn item(&mut self, item: Item) -> Value {
        let mut attributes: Vec<_> = item.into_iter().collect();
        attributes.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let mut object = Object::with_capacity(attributes.len());
        // Past the last name the first one follows: that of the next item.
        self.next %= self.names.len().max(1);
        for (name, value) in attributes {
            let name = self.name(&name);
            object.insert(name, self.attribute(value));
        }
        object.into()
    }

    fn attribute(&mut self, value: AttributeValue) -> Value {
        let types = &*TYPES;
        let (kind, value) = match value {
            AttributeValue::S(text) => (&types.s, text.into()),
            AttributeValue::N(text) => (&types.n, text.into()),
            AttributeValue::B(bytes) => (&types.b, BASE64.encode(bytes).into()),
            AttributeValue::BOOL(value) => return types.flags[usize::from(value)].clone(),
            // The engine stores no other.
            AttributeValue::NULL(_) => return types.flags[2].clone(),
            // The engine stores sets in the order in which the service returns them.
            AttributeValue::SS(members) => (&types.ss, members.into()),
            AttributeValue::NS(members) => (&types.ns, members.into()),
            AttributeValue::BS(members) => (&types.bs, members.into_iter().map(|member| BASE64.encode(member)).collect()),
            AttributeValue::L(items) => (&types.l, items.into_iter().map(|item| self.attribute(item)).collect()),
            AttributeValue::M(item) => (&types.m, self.item(item)),
        };
        let mut object = Object::with_capacity(1);
        object.insert(Str::clone(kind), value);
        object.into()
    }
}

macro_rules! long_way {
    ($($module:ident $request:ident $answer:ident)*) => { $(
        impl Request for dynoxide::actions::$module::$request {}
        impl Answer for dynoxide::actions::$module::$answer {}
    )* };
}
impl Request for dynoxide::actions::get_records::GetRecordsRequest {}
long_way! {
    batch_execute_statement BatchExecuteStatementRequest BatchExecuteStatementResponse
    batch_get_item BatchGetItemRequest BatchGetItemResponse
    batch_write_item BatchWriteItemRequest BatchWriteItemResponse
    create_table CreateTableRequest CreateTableResponse
    delete_table DeleteTableRequest DeleteTableResponse
    describe_stream DescribeStreamRequest DescribeStreamResponse
    describe_table DescribeTableRequest DescribeTableResponse
    describe_time_to_live DescribeTimeToLiveRequest DescribeTimeToLiveResponse
    execute_statement ExecuteStatementRequest ExecuteStatementResponse
    execute_transaction ExecuteTransactionRequest ExecuteTransactionResponse
    get_shard_iterator GetShardIteratorRequest GetShardIteratorResponse
    list_streams ListStreamsRequest ListStreamsResponse
    list_tables ListTablesRequest ListTablesResponse
    list_tags_of_resource ListTagsOfResourceRequest ListTagsOfResourceResponse
    scan ScanRequest ScanResponse
    tag_resource TagResourceRequest TagResourceResponse
    transact_get_items TransactGetItemsRequest TransactGetItemsResponse
    transact_write_items TransactWriteItemsRequest TransactWriteItemsResponse
    untag_resource UntagResourceRequest UntagResourceResponse
    update_table UpdateTableRequest UpdateTableResponse
    update_time_to_live UpdateTimeToLiveRequest UpdateTimeToLiveResponse
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    fn same<T: Request + std::fmt::Debug>(request: &Value, short: bool) {
        let plain = T::plain(request.as_object().expect("an object"));
        assert_eq!(plain.is_some(), short, "{request}");
        if let (Some(plain), Ok(read)) = (plain, from_value::<T>(request)) {
            // Maps of the engine print in any order.
            let sorted = |request: &T| {
                let mut text: Vec<char> = format!("{request:?}").chars().collect();
                text.sort_unstable();
                text
            };
            assert_eq!(sorted(&plain), sorted(&read), "{request}");
        }
    }

    #[test]
    fn both_ways_read_the_same_request() {
        let item = value!({
            "s": {"S": "é"}, "n": {"N": "-12.50"}, "b": {"B": "AAEC"}, "t": {"BOOL": true}, "z": {"NULL": true},
            "ss": {"SS": ["b", "a"]}, "ns": {"NS": ["10", "9"]}, "bs": {"BS": ["AQ==", "AA=="]},
            "l": {"L": [{"M": {"x": {"S": ""}}}, {"L": [{"S": "x"}]}]}, "m": {"M": {}}
        });
        let names = value!({"#a": "a"});
        same::<GetItemRequest>(
            &value!({"TableName": "table", "Key": (item.clone()), "ConsistentRead": true, "AttributesToGet": null}),
            true,
        );
        same::<PutItemRequest>(
            &value!({"TableName": "table", "Item": (item.clone()), "ConditionExpression": "#a = :a", "ExpressionAttributeNames": (names.clone()),
                "ExpressionAttributeValues": (item.clone()), "ReturnValues": "ALL_OLD", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}),
            true,
        );
        same::<UpdateItemRequest>(
            &value!({"TableName": "table", "Key": (item.clone()), "UpdateExpression": "SET a = :a", "ReturnValues": "UPDATED_NEW"}),
            true,
        );
        same::<DeleteItemRequest>(&value!({"TableName": "table", "Key": (item.clone()), "ReturnValues": "ALL_OLD"}), true);
        same::<QueryRequest>(
            &value!({"TableName": "table", "IndexName": "index", "KeyConditionExpression": "a = :a", "ExpressionAttributeValues": item,
                "Limit": 25, "ScanIndexForward": false, "Select": "COUNT"}),
            true,
        );
    }

    #[test]
    fn the_short_way_leaves_what_may_be_refused() {
        for value in [
            value!({"S": 1}),
            value!({"N": "1e3"}),
            value!({"N": ""}),
            value!({"N": "1."}),
            value!({"N": "123456789012345678901234567890123456789"}),
            value!({"NULL": false}),
            value!({"SS": (Vec::<Value>::new())}),
            value!({"B": "?"}),
            value!({"S": "a", "N": "1"}),
            value!({"X": "a"}),
            value!({}),
            value!("a"),
        ] {
            same::<PutItemRequest>(&value!({"TableName": "table", "Item": {"a": value}}), false);
        }
        same::<PutItemRequest>(&value!({"TableName": "t", "Item": {}}), false);
        same::<PutItemRequest>(&value!({"TableName": "table", "Item": {}, "Expected": {}}), false);
        same::<QueryRequest>(&value!({"TableName": "table", "KeyConditionExpression": "a = :a", "Limit": 0}), false);
    }

    #[test]
    fn both_ways_write_the_same_answer() {
        let item = value!({"a": {"S": "é"}, "b": {"N": "1"}, "c": {"L": [{"M": {"x": {"B": "AAEC"}, "y": {"NULL": true}}}]},
            "d": {"SS": ["a", "b"]}, "e": {"NS": ["9", "10"]}, "f": {"BS": ["AA==", "AQ=="]}, "g": {"BOOL": false}});
        let read = || attributes(&item).expect("attributes");
        let answer = || GetItemResponse { item: Some(read()), consumed_capacity: None };
        assert_eq!(answer().write().expect("a value").to_json(), to_value(&answer()).expect("a value").to_json());
        assert_eq!(GetItemResponse::default().write().expect("a value").to_json(), "{}");
        let answer =
            || QueryResponse { items: Some(vec![read(), read()]), count: 2, scanned_count: 3, ..QueryResponse::default() };
        assert_eq!(answer().write().expect("a value").to_json(), to_value(&answer()).expect("a value").to_json());
    }
}
