//! Batches of reads and writes.

use dynamodb::Operation::{BatchGetItem, BatchWriteItem, GetItem};

use super::{Case, Expected, case, gives, invalid, refuses};

pub(crate) fn cases() -> Vec<Case> {
    let put = |id: usize| format!(r#"{{"PutRequest":{{"Item":{{"id":{{"S":"b{id}"}},"n":{{"N":"{id}"}}}}}}}}"#);
    let puts = |count: usize| (0..count).map(put).collect::<Vec<_>>().join(",");
    let keys = |count: usize| (0..count).map(|id| format!(r#"{{"id":{{"S":"b{id}"}}}}"#)).collect::<Vec<_>>().join(",");
    vec![
        case(
            "25 items of two tables are written",
            BatchWriteItem,
            &format!(
                r#"{{"RequestItems":{{"items":[{}],"orders":[{{"PutRequest":{{"Item":{{"customer":{{"S":"b"}},"number":{{"N":"1"}}}}}}}}]}}}}"#,
                puts(24)
            ),
            gives(r#"{"UnprocessedItems":{}}"#),
        ),
        case(
            "items of two tables are read, absent ones left out",
            BatchGetItem,
            r#"{"RequestItems":{"items":{"Keys":[{"id":{"S":"b1"}},{"id":{"S":"none"}},{"id":{"S":"b2"}}],"ConsistentRead":true,
                "ProjectionExpression":"n"},"orders":{"Keys":[{"customer":{"S":"b"},"number":{"N":"1.0"}}]}}}"#,
            gives(
                r#"{"Responses":{"items":[{"n":{"N":"1"}},{"n":{"N":"2"}}],"orders":[{"customer":{"S":"b"},"number":{"N":"1"}}]},
                "UnprocessedKeys":{}}"#,
            ),
        ),
        case(
            "puts and deletes go together",
            BatchWriteItem,
            r#"{"RequestItems":{"items":[{"DeleteRequest":{"Key":{"id":{"S":"b1"}}}},{"DeleteRequest":{"Key":{"id":{"S":"none"}}}},
                {"PutRequest":{"Item":{"id":{"S":"b2"},"n":{"N":"22"}}}}]}}"#,
            gives(r#"{"UnprocessedItems":{}}"#),
        ),
        case("a batch deletes", GetItem, r#"{"TableName":"items","Key":{"id":{"S":"b1"}}}"#, gives("{}")),
        case(
            "a batch puts over",
            GetItem,
            r#"{"TableName":"items","Key":{"id":{"S":"b2"}}}"#,
            gives(r#"{"Item":{"id":{"S":"b2"},"n":{"N":"22"}}}"#),
        ),
        case(
            "a batch of absent items is empty",
            BatchGetItem,
            r#"{"RequestItems":{"items":{"Keys":[{"id":{"S":"none"}}]}}}"#,
            gives(r#"{"Responses":{"items":[]},"UnprocessedKeys":{}}"#),
        ),
        case(
            "a key is read once",
            BatchGetItem,
            r#"{"RequestItems":{"items":{"Keys":[{"id":{"S":"b2"}},{"id":{"S":"b2"}}]}}}"#,
            invalid("Provided list of item keys contains duplicates"),
        ),
        case(
            "a key is written once",
            BatchWriteItem,
            r#"{"RequestItems":{"items":[{"PutRequest":{"Item":{"id":{"S":"b2"}}}},{"DeleteRequest":{"Key":{"id":{"S":"b2"}}}}]}}"#,
            invalid("Provided list of item keys contains duplicates"),
        ),
        case(
            "a batch of writes has at most 25",
            BatchWriteItem,
            &format!(r#"{{"RequestItems":{{"items":[{}]}}}}"#, puts(26)),
            Expected::RefusesWithCode("ValidationException"),
        ),
        case(
            "a batch of reads has at most 100",
            BatchGetItem,
            &format!(r#"{{"RequestItems":{{"items":{{"Keys":[{}]}}}}}}"#, keys(101)),
            Expected::RefusesWithCode("ValidationException"),
        ),
        case("a batch is not empty", BatchGetItem, r#"{"RequestItems":{}}"#, Expected::RefusesWithCode("ValidationException")),
        case(
            "a batch with an unknown table does nothing",
            BatchWriteItem,
            r#"{"RequestItems":{"items":[{"DeleteRequest":{"Key":{"id":{"S":"b2"}}}}],"nope":[{"DeleteRequest":{"Key":{"id":{"S":"b2"}}}}]}}"#,
            refuses("ResourceNotFoundException", "Requested resource not found"),
        ),
        case(
            "a batch with a bad key does nothing",
            BatchWriteItem,
            r#"{"RequestItems":{"items":[{"DeleteRequest":{"Key":{"id":{"S":"b2"}}}},{"DeleteRequest":{"Key":{"id":{"N":"1"}}}}]}}"#,
            invalid("The provided key element does not match the schema"),
        ),
        case(
            "after refused batches everything is as before",
            GetItem,
            r#"{"TableName":"items","Key":{"id":{"S":"b2"}},"ProjectionExpression":"n"}"#,
            gives(r#"{"Item":{"n":{"N":"22"}}}"#),
        ),
    ]
}
