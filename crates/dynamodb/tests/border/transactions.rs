//! Transactions: all or nothing, and why nothing.

use dynamodb::Operation::{GetItem, PutItem, TransactGetItems, TransactWriteItems};

use super::{Case, Expected, case, gives, invalid, json, refuses};

fn cancelled(codes: &str, reasons: &str) -> Expected {
    Expected::Refuses(
        "TransactionCanceledException",
        format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"),
        json(&format!(r#"{{"CancellationReasons":{reasons}}}"#)),
    )
}

pub(crate) fn cases() -> Vec<Case> {
    let write =
        |name, items: &str, expected| case(name, TransactWriteItems, &format!(r#"{{"TransactItems":[{items}]}}"#), expected);
    let get = |name, items: &str, expected| case(name, TransactGetItems, &format!(r#"{{"TransactItems":[{items}]}}"#), expected);
    let one = |name, id: &str, expected| {
        case(name, GetItem, &format!(r#"{{"TableName":"items","Key":{{"id":{{"S":"{id}"}}}}}}"#), expected)
    };
    vec![
        case(
            "an item is there before transactions",
            PutItem,
            r#"{"TableName":"items","Item":{"id":{"S":"old"},"n":{"N":"1"}}}"#,
            gives("{}"),
        ),
        write(
            "a transaction puts, updates, deletes and checks",
            r#"{"Put":{"TableName":"items","Item":{"id":{"S":"new"},"n":{"N":"1"}},"ConditionExpression":"attribute_not_exists(id)"}},
                {"Update":{"TableName":"items","Key":{"id":{"S":"counter"}},"UpdateExpression":"ADD n :one","ExpressionAttributeValues":{":one":{"N":"1"}}}},
                {"Delete":{"TableName":"items","Key":{"id":{"S":"gone"}}}},
                {"ConditionCheck":{"TableName":"items","Key":{"id":{"S":"old"}},"ConditionExpression":"n = :one","ExpressionAttributeValues":{":one":{"N":"1"}}}},
                {"Put":{"TableName":"orders","Item":{"customer":{"S":"t"},"number":{"N":"1"}}}}"#,
            gives("{}"),
        ),
        get(
            "a transaction reads in order, nothing where nothing is",
            r#"{"Get":{"TableName":"items","Key":{"id":{"S":"counter"}}}},{"Get":{"TableName":"items","Key":{"id":{"S":"none"}}}},
                {"Get":{"TableName":"orders","Key":{"customer":{"S":"t"},"number":{"N":"1"}}}}"#,
            gives(
                r#"{"Responses":[{"Item":{"id":{"S":"counter"},"n":{"N":"1"}}},{},{"Item":{"customer":{"S":"t"},"number":{"N":"1"}}}]}"#,
            ),
        ),
        get(
            "a transaction's projection leaves the key out",
            r#"{"Get":{"TableName":"items","Key":{"id":{"S":"counter"}},"ProjectionExpression":"n"}}"#,
            gives(r#"{"Responses":[{"Item":{"n":{"N":"1"}}}]}"#),
        ),
        write(
            "one failed condition cancels all, with the reasons in order",
            r#"{"Update":{"TableName":"items","Key":{"id":{"S":"counter"}},"UpdateExpression":"ADD n :one","ExpressionAttributeValues":{":one":{"N":"1"}}}},
                {"Put":{"TableName":"items","Item":{"id":{"S":"old"}},"ConditionExpression":"attribute_not_exists(id)"}}"#,
            cancelled(
                "None, ConditionalCheckFailed",
                r#"[{"Code":"None"},{"Code":"ConditionalCheckFailed","Message":"The conditional request failed"}]"#,
            ),
        ),
        write(
            "reasons show items when asked",
            r#"{"ConditionCheck":{"TableName":"items","Key":{"id":{"S":"old"}},"ConditionExpression":"n > :five","ExpressionAttributeValues":{":five":{"N":"5"}},
                "ReturnValuesOnConditionCheckFailure":"ALL_OLD"}},
                {"Delete":{"TableName":"items","Key":{"id":{"S":"none"}},"ConditionExpression":"attribute_exists(id)",
                "ReturnValuesOnConditionCheckFailure":"ALL_OLD"}},
                {"Delete":{"TableName":"items","Key":{"id":{"S":"new"}}}}"#,
            cancelled(
                "ConditionalCheckFailed, ConditionalCheckFailed, None",
                r#"[{"Code":"ConditionalCheckFailed","Message":"The conditional request failed","Item":{"id":{"S":"old"},"n":{"N":"1"}}},
                {"Code":"ConditionalCheckFailed","Message":"The conditional request failed"},{"Code":"None"}]"#,
            ),
        ),
        one("a cancelled update did not happen", "counter", gives(r#"{"Item":{"id":{"S":"counter"},"n":{"N":"1"}}}"#)),
        one("a cancelled put did not happen", "old", gives(r#"{"Item":{"id":{"S":"old"},"n":{"N":"1"}}}"#)),
        one("a cancelled delete did not happen", "new", gives(r#"{"Item":{"id":{"S":"new"},"n":{"N":"1"}}}"#)),
        write(
            "an update that cannot be done cancels",
            r#"{"Update":{"TableName":"items","Key":{"id":{"S":"old"}},"UpdateExpression":"SET n = absent + :one","ExpressionAttributeValues":{":one":{"N":"1"}}}}"#,
            cancelled(
                "ValidationError",
                r#"[{"Code":"ValidationError","Message":"The provided expression refers to an attribute that does not exist in the item"}]"#,
            ),
        ),
        write(
            "an item is in a transaction once",
            r#"{"Put":{"TableName":"items","Item":{"id":{"S":"old"}}}},{"Delete":{"TableName":"items","Key":{"id":{"S":"old"}}}}"#,
            invalid("Transaction request cannot include multiple operations on one item"),
        ),
        write(
            "a transaction knows its tables",
            r#"{"Put":{"TableName":"nope","Item":{"id":{"S":"old"}}}}"#,
            refuses("ResourceNotFoundException", "Requested resource not found"),
        ),
        write("a transaction is not empty", "", Expected::RefusesWithCode("ValidationException")),
        case(
            "a transaction with a token is done",
            TransactWriteItems,
            r#"{"ClientRequestToken":"token-1","TransactItems":[{"Update":{"TableName":"items","Key":{"id":{"S":"counter"}},
                "UpdateExpression":"ADD n :one","ExpressionAttributeValues":{":one":{"N":"1"}}}}]}"#,
            gives("{}"),
        ),
        case(
            "a transaction with the same token is done already",
            TransactWriteItems,
            r#"{"ClientRequestToken":"token-1","TransactItems":[{"Update":{"TableName":"items","Key":{"id":{"S":"counter"}},
                "UpdateExpression":"ADD n :one","ExpressionAttributeValues":{":one":{"N":"1"}}}}]}"#,
            gives("{}"),
        ),
        one("and was done once", "counter", gives(r#"{"Item":{"id":{"S":"counter"},"n":{"N":"2"}}}"#)),
        case(
            "a token is for one transaction",
            TransactWriteItems,
            r#"{"ClientRequestToken":"token-1","TransactItems":[{"Delete":{"TableName":"items","Key":{"id":{"S":"counter"}}}}]}"#,
            Expected::RefusesWithCode("IdempotentParameterMismatchException"),
        ),
    ]
}
