//! The words of DynamoDB's API that requests are built from, allocated once: building a request only counts references.

use std::sync::LazyLock;

use value::{Object, Str, Value};

/// A word of the API.
pub(super) type Word = LazyLock<Str>;

macro_rules! words {
    ($($name:ident = $text:literal;)*) => {
        $(pub(super) static $name: Word = LazyLock::new(|| Str::from($text));)*
    };
}

words! {
    ALL_NEW = "ALL_NEW";
    ALL_OLD = "ALL_OLD";
    CONDITION_CHECK = "ConditionCheck";
    CONDITION_EXPRESSION = "ConditionExpression";
    CONSISTENT_READ = "ConsistentRead";
    DELETE = "Delete";
    DELETE_REQUEST = "DeleteRequest";
    EXCLUSIVE_START_KEY = "ExclusiveStartKey";
    EXPRESSION_NAMES = "ExpressionAttributeNames";
    EXPRESSION_VALUES = "ExpressionAttributeValues";
    FILTER_EXPRESSION = "FilterExpression";
    GET = "Get";
    INDEX_NAME = "IndexName";
    ITEM = "Item";
    KEY = "Key";
    KEYS = "Keys";
    KEY_CONDITION_EXPRESSION = "KeyConditionExpression";
    LIMIT = "Limit";
    PROJECTION_EXPRESSION = "ProjectionExpression";
    PUT = "Put";
    PUT_REQUEST = "PutRequest";
    REQUEST_ITEMS = "RequestItems";
    RETURN_VALUES = "ReturnValues";
    RETURN_VALUES_ON_FAILURE = "ReturnValuesOnConditionCheckFailure";
    SCAN_INDEX_FORWARD = "ScanIndexForward";
    SEGMENT = "Segment";
    SELECT = "Select";
    TABLE_NAME = "TableName";
    TOTAL_SEGMENTS = "TotalSegments";
    TRANSACT_ITEMS = "TransactItems";
    UPDATE = "Update";
    UPDATE_EXPRESSION = "UpdateExpression";
    // Members of results.
    CANCELLATION_REASONS = "cancellationReasons";
    DATA = "data";
    ITEMS = "items";
    KEYS_RESULT = "keys";
    NEXT_TOKEN = "nextToken";
    SCANNED_COUNT = "scannedCount";
    STARTED_AT = "startedAt";
    // Attribute types.
    B = "B";
    BS = "BS";
    N = "N";
    NS = "NS";
    NULL = "NULL";
}

/// Sets a member.
pub(super) fn set(object: &mut Object, name: &Word, value: impl Into<Value>) {
    object.insert(Str::clone(name), value);
}

/// An object of one member.
pub(super) fn single(name: &Word, value: impl Into<Value>) -> Value {
    let mut object = Object::with_capacity(1);
    set(&mut object, name, value);
    object.into()
}

/// Takes a member out of a response; null when it is not there.
pub(super) fn take(body: &mut Value, name: &str) -> Value {
    body.as_object_mut().and_then(|object| object.get_mut(name)).map(std::mem::take).unwrap_or_default()
}

/// The items of a list, without a copy when nobody else holds it.
pub(super) fn into_list(value: Value) -> Vec<Value> {
    match value {
        Value::List(items) => std::sync::Arc::try_unwrap(items).unwrap_or_else(|shared| shared.to_vec()),
        _ => Vec::new(),
    }
}
