//! Batches and transactions.

use super::*;
use ::dynamodb::CancellationReason;

#[tokio::test]
async fn batches_keep_the_order_of_the_request() {
    let posts = source("posts").await;
    check(
        &posts,
        &[
            (
                r#"{"version":"2018-05-29","operation":"BatchPutItem","tables":{
                    "posts":[{"id":{"S":"1"},"t":{"S":"a"},"n":{"N":1}},{"id":{"S":"2"},"t":{"S":"b"}}],
                    "readings":[{"sensor":{"S":"x"},"at":{"N":1}},{"sensor":{"S":"x"},"at":{"N":2}}]}}"#,
                r#"{"data":{"posts":[{"id":"1","t":"a","n":1},{"id":"2","t":"b"}],"readings":[{"sensor":"x","at":1},{"sensor":"x","at":2}]},
                    "unprocessedItems":{"posts":[],"readings":[]}}"#,
            ),
            (
                r##"{"operation":"BatchGetItem","tables":{
                    "posts":{"keys":[{"id":{"S":"2"}},{"id":{"S":"9"}},{"id":{"S":"1"}}],"consistentRead":true,
                        "projection":{"expression":"#t","expressionNames":{"#t":"t"}}},
                    "readings":{"keys":[{"at":{"N":"2.0"},"sensor":{"S":"x"}},{"sensor":{"S":"x"},"at":{"N":1}}],
                        "projection":{"expression":"#at, sensor","expressionNames":{"#at":"at"}}},
                    "authors":[{"id":{"S":"1"}}]}}"##,
                r#"{"data":{"posts":[{"t":"b"},null,{"t":"a"}],"readings":[{"sensor":"x","at":2},{"sensor":"x","at":1}],"authors":[null]},
                    "unprocessedKeys":{"posts":[],"readings":[],"authors":[]}}"#,
            ),
            (
                r#"{"operation":"BatchDeleteItem","tables":{"posts":[{"id":{"S":"1"}},{"id":{"S":"9"}}]}}"#,
                r#"{"data":{"posts":[{"id":"1"},{"id":"9"}]},"unprocessedKeys":{"posts":[]}}"#,
            ),
            (
                r#"{"operation":"BatchGetItem","tables":{"posts":{"keys":[{"id":{"S":"1"}},{"id":{"S":"2"}}]}}}"#,
                r#"{"data":{"posts":[null,{"id":"2","t":"b"}]},"unprocessedKeys":{"posts":[]}}"#,
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_stays_unprocessed_is_in_the_result_beside_an_error() {
    let left = r#"{"Responses":{"posts":[{"id":{"S":"2"}}]},"UnprocessedKeys":{"posts":{"Keys":[{"id":{"S":"1"}}]}}}"#;
    let throttled = || service_error("ProvisionedThroughputExceededException", "Slow down");
    let get = r#"{"operation":"BatchGetItem","tables":{"posts":{"keys":[{"id":{"S":"1"}},{"id":{"S":"2"}}]},"authors":{"keys":[{"id":{"S":"1"}}]}}}"#;
    let expected =
        json(r#"{"data":{"posts":[null,{"id":"2"}],"authors":[null]},"unprocessedKeys":{"posts":[{"id":"1"}],"authors":[]}}"#);
    // The second attempt fails.
    let service = Scripted::new([Ok(json(left)), Err(throttled())]);
    let error = service.source().refused(get).await;
    assert_eq!(error.error_type, "DynamoDB:ProvisionedThroughputExceededException");
    assert_eq!(error.message, "Slow down (Service: DynamoDb, Status Code: 400, Request ID: R1)");
    assert_eq!(error.data, expected);
    assert_eq!(service.asked()[1].1, json(r#"{"RequestItems":{"posts":{"Keys":[{"id":{"S":"1"}}]}}}"#));
    // The attempts bring nothing.
    let nothing = r#"{"Responses":{},"UnprocessedKeys":{"posts":{"Keys":[{"id":{"S":"1"}}]}}}"#;
    let service = Scripted::new([left, nothing, nothing, nothing, nothing].map(|body| Ok(json(body))));
    let error = service.source().refused(get).await;
    assert_eq!(error.error_type, "DynamoDB:ProvisionedThroughputExceededException");
    assert_eq!((error.data, service.asked().len()), (expected, 3));
    // The second attempt brings the rest.
    let rest = r#"{"Responses":{"posts":[{"id":{"S":"1"},"n":{"N":"1"}}]},"UnprocessedKeys":{}}"#;
    let result = Scripted::new([left, rest].map(|body| Ok(json(body)))).source().done(get).await;
    assert_eq!(
        result,
        json(r#"{"data":{"posts":[{"id":"1","n":1},{"id":"2"}],"authors":[null]},"unprocessedKeys":{"posts":[],"authors":[]}}"#)
    );
    // Writes.
    let put_left = r#"{"UnprocessedItems":{"posts":[{"PutRequest":{"Item":{"n":{"N":"1"},"id":{"S":"1"}}}}]}}"#;
    let service = Scripted::new([Ok(json(put_left)), Err(throttled())]);
    let put = r#"{"operation":"BatchPutItem","tables":{"posts":[{"id":{"S":"1"},"n":{"N":1.0}},{"id":{"S":"2"}}]}}"#;
    let error = service.source().refused(put).await;
    assert_eq!(error.data, json(r#"{"data":{"posts":[null,{"id":"2"}]},"unprocessedItems":{"posts":[{"n":1,"id":"1"}]}}"#));
    let delete_left = r#"{"UnprocessedItems":{"posts":[{"DeleteRequest":{"Key":{"id":{"S":"2"}}}}]}}"#;
    let service = Scripted::new([Ok(json(delete_left)), Err(throttled())]);
    let delete = r#"{"operation":"BatchDeleteItem","tables":{"posts":[{"id":{"S":"1"}},{"id":{"S":"2"}}]}}"#;
    let error = service.source().refused(delete).await;
    assert_eq!(error.data, json(r#"{"data":{"posts":[{"id":"1"},null]},"unprocessedKeys":{"posts":[{"id":"2"}]}}"#));
}

#[tokio::test]
async fn a_batch_that_fails_has_a_result_of_the_same_shape() {
    let posts = source("posts").await;
    let get =
        r#"{"operation":"BatchGetItem","tables":{"posts":{"keys":[{"id":{"S":"1"}}]},"nosuch":{"keys":[{"id":{"S":"1"}}]}}}"#;
    let error = posts.refused(get).await;
    assert_eq!(error.error_type, "DynamoDB:ResourceNotFoundException");
    assert_eq!(
        error.data,
        json(r#"{"data":{"posts":[null],"nosuch":[null]},"unprocessedKeys":{"posts":[{"id":"1"}],"nosuch":[{"id":"1"}]}}"#)
    );
    let twice = r#"{"operation":"BatchGetItem","tables":{"posts":{"keys":[{"id":{"S":"1"}},{"id":{"S":"1"}}]}}}"#;
    let error = posts.refused(twice).await;
    assert_eq!(error.error_type, "DynamoDB:DynamoDbException");
    assert!(error.message.starts_with("Provided list of item keys contains duplicates"), "{}", error.message);
    let many = |operation: &str, count: usize| {
        let keys: Vec<Value> = (0..count).map(|at| value!({"id": {"S": (at.to_string())}})).collect();
        let table = if operation == "BatchGetItem" { value!({"keys": keys}) } else { Value::from(keys) };
        value!({"operation": operation, "tables": {"posts": table}})
    };
    for (operation, limit) in [("BatchGetItem", 100), ("BatchPutItem", 25), ("BatchDeleteItem", 25)] {
        assert!(posts.invoke(many(operation, limit), &call()).await.is_ok(), "{operation}");
        let error = posts.invoke(many(operation, limit + 1), &call()).await.expect_err(operation);
        assert_eq!(error.error_type, "DynamoDB:DynamoDbException", "{operation}: {error}");
    }
}

#[tokio::test]
async fn transactions_have_up_to_a_hundred_items() {
    let posts = source("posts").await;
    let request = |operation: &str, count: usize| {
        let item = |at: usize| match operation {
            "TransactGetItems" => value!({"table": "posts", "key": {"id": {"S": (at.to_string())}}}),
            _ => value!({"table": "posts", "operation": "PutItem", "key": {"id": {"S": (at.to_string())}}}),
        };
        value!({"operation": operation, "transactItems": ((0..count).map(item).collect::<Value>())})
    };
    for operation in ["TransactWriteItems", "TransactGetItems"] {
        let result = posts.invoke(request(operation, 100), &call()).await.expect(operation);
        let done = result.get("keys").or(result.get("items")).and_then(Value::as_list).expect("a list");
        assert!(done.len() == 100 && done[99] == json(r#"{"id":"99"}"#), "{operation}");
        let error = posts.invoke(request(operation, 101), &call()).await.expect_err(operation);
        assert_eq!(error.error_type, "DynamoDB:DynamoDbException", "{error}");
        assert!(error.message.contains("less than or equal to 100"), "{error}");
    }
}

#[tokio::test]
async fn transactions_write_all_or_nothing() {
    let posts = source("posts").await;
    check(
        &posts,
        &[
            (
                r#"{"version":"2018-05-29","operation":"TransactWriteItems","transactItems":[
                    {"table":"posts","operation":"PutItem","key":{"id":{"S":"1"}},"attributeValues":{"n":{"N":1}}},
                    {"table":"authors","operation":"UpdateItem","key":{"id":{"S":"a"}},"update":{"expression":"SET x = :x","expressionValues":{":x":{"N":5}}}},
                    {"table":"readings","operation":"PutItem","key":{"sensor":{"S":"s"},"at":{"N":1}}},
                    {"table":"posts","operation":"DeleteItem","key":{"id":{"S":"2"}}},
                    {"table":"posts","operation":"ConditionCheck","key":{"id":{"S":"3"}},"condition":{"expression":"attribute_not_exists(id)"}}]}"#,
                r#"{"keys":[{"id":"1"},{"id":"a"},{"sensor":"s","at":1},{"id":"2"},{"id":"3"}],"cancellationReasons":null}"#,
            ),
            (
                r##"{"operation":"TransactGetItems","transactItems":[
                    {"table":"authors","key":{"id":{"S":"a"}}},
                    {"table":"posts","key":{"id":{"S":"9"}}},
                    {"table":"posts","key":{"id":{"S":"1"}}}]}"##,
                r#"{"items":[{"id":"a","x":5},null,{"id":"1","n":1}],"cancellationReasons":null}"#,
            ),
        ],
    )
    .await;
    let failing = |switch: &str| {
        format!(
            r#"{{"operation":"TransactWriteItems","transactItems":[
            {{"table":"posts","operation":"PutItem","key":{{"id":{{"S":"1"}}}},"condition":{{"expression":"n = :n","expressionValues":{{":n":{{"N":2}}}}{switch}}}}},
            {{"table":"authors","operation":"DeleteItem","key":{{"id":{{"S":"a"}}}}}}]}}"#
        )
    };
    for (switch, item) in [
        ("", r#""item":{"id":"1","n":1},"#),
        (r#","returnValuesOnConditionCheckFailure":true"#, r#""item":{"id":"1","n":1},"#),
        (r#","returnValuesOnConditionCheckFailure":false"#, ""),
    ] {
        let error = posts.refused(&failing(switch)).await;
        assert_eq!(error.error_type, "DynamoDB:TransactionCanceledException");
        let message =
            "Transaction cancelled, please refer cancellation reasons for specific reasons [ConditionalCheckFailed, None]";
        assert!(error.message.starts_with(message), "{}", error.message);
        let reasons = format!(
            r#"{{"keys":null,"cancellationReasons":[{{{item}"type":"ConditionalCheckFailed","message":"The conditional request failed"}},
                {{"type":"None","message":"None"}}]}}"#
        );
        assert_eq!(error.data, json(&reasons), "{switch}");
    }
    check(&posts.beside("authors"), &[(r#"{"operation":"GetItem","key":{"id":{"S":"a"}}}"#, r#"{"id":"a","x":5}"#)]).await;
}

#[tokio::test]
async fn a_transaction_that_fails_has_both_members_of_its_result() {
    let mut cancelled = service_error("TransactionCanceledException", "Transaction cancelled");
    cancelled.cancellation_reasons = vec![
        CancellationReason { code: "TransactionConflict".into(), message: Some("busy".into()), item: None },
        CancellationReason { code: "None".into(), message: None, item: None },
    ];
    let get = r#"{"operation":"TransactGetItems","transactItems":[{"table":"posts","key":{"id":{"S":"1"}}},
        {"table":"posts","key":{"id":{"S":"2"}},"projection":{"expression":"a"}}]}"#;
    let service = Scripted::new([Err(cancelled), Err(service_error("ResourceNotFoundException", "No table"))]);
    let error = service.source().refused(get).await;
    assert_eq!(
        error.data,
        json(
            r#"{"items":null,"cancellationReasons":[{"type":"TransactionConflict","message":"busy"},{"type":"None","message":"None"}]}"#
        )
    );
    assert_eq!(
        service.asked()[0].1,
        json(
            r#"{"TransactItems":[{"Get":{"TableName":"posts","Key":{"id":{"S":"1"}}}},
                {"Get":{"TableName":"posts","Key":{"id":{"S":"2"}},"ProjectionExpression":"a"}}]}"#
        )
    );
    let error = service.source().refused(get).await;
    assert_eq!(error.data, json(r#"{"items":null,"cancellationReasons":null}"#));
    let posts = source("posts").await;
    let same = r#"{"operation":"TransactWriteItems","transactItems":[{"table":"posts","operation":"DeleteItem","key":{"id":{"S":"1"}}},
        {"table":"posts","operation":"DeleteItem","key":{"id":{"S":"1"}}}]}"#;
    let error = posts.refused(same).await;
    assert_eq!(
        (error.error_type.as_str(), error.data),
        ("DynamoDB:DynamoDbException", json(r#"{"keys":null,"cancellationReasons":null}"#))
    );
}

#[tokio::test]
async fn tables_that_are_not_permitted_are_denied_by_name() {
    let posts = source("posts").await.permitted_tables(Arc::from(["authors".into()]));
    for (request, action, data) in [
        (
            r#"{"operation":"BatchGetItem","tables":{"authors":{"keys":[{"id":{"S":"1"}}]},"readings":{"keys":[{"sensor":{"S":"1"},"at":{"N":1}}]}}}"#,
            "BatchGetItem",
            r#"{"data":{"authors":[null],"readings":[null]},"unprocessedKeys":{"authors":[{"id":"1"}],"readings":[{"sensor":"1","at":1}]}}"#,
        ),
        (
            r#"{"operation":"BatchPutItem","tables":{"posts":[{"id":{"S":"1"}}],"readings":[{"sensor":{"S":"1"},"at":{"N":1}}]}}"#,
            "BatchWriteItem",
            r#"{"data":{"posts":[null],"readings":[null]},"unprocessedItems":{"posts":[{"id":"1"}],"readings":[{"sensor":"1","at":1}]}}"#,
        ),
        (
            r#"{"operation":"TransactGetItems","transactItems":[{"table":"readings","key":{"id":{"S":"1"}}}]}"#,
            "GetItem",
            r#"{"items":null,"cancellationReasons":null}"#,
        ),
        (
            r#"{"operation":"TransactWriteItems","transactItems":[{"table":"readings","operation":"ConditionCheck","key":{"id":{"S":"1"}},
                "condition":{"expression":"attribute_exists(id)"}}]}"#,
            "ConditionCheckItem",
            r#"{"keys":null,"cancellationReasons":null}"#,
        ),
    ] {
        let error = posts.refused(request).await;
        assert_eq!(error.error_type, "DynamoDB:DynamoDbException");
        let part = format!(
            "is not authorized to perform: dynamodb:{action} on resource: arn:aws:dynamodb:us-east-1:000000000000:table/readings"
        );
        assert!(error.message.contains(&part), "{}", error.message);
        assert_eq!(error.data, json(data));
    }
    posts.done(r#"{"operation":"BatchPutItem","tables":{"posts":[{"id":{"S":"1"}}],"authors":[{"id":{"S":"1"}}]}}"#).await;
}
