//! `GetItem`, `PutItem`, `UpdateItem`, `DeleteItem` and their conditions.

use super::*;

#[tokio::test]
async fn an_item_is_written_read_changed_and_deleted() {
    let posts = source("posts").await;
    check(
        &posts,
        &[
            (r#"{"operation":"GetItem","key":{"id":{"S":"1"}}}"#, "null"),
            (
                r##"{"version":"2017-02-28","operation":"PutItem","key":{"id":{"S":"1"}},"attributeValues":{
                    "title":{"S":"a"},"ups":{"N":1},"big":{"N":1234567890123456789012345678901234567.8},"tags":{"SS":["x"]},
                    "ns":{"NS":[3]},"bin":{"B":"QQ=="},"none":{"NULL":null},"on":{"BOOL":true},
                    "list":{"L":[{"N":1},{"M":{"k":{"S":"v"}}}]}}}"##,
                r#"{"id":"1","title":"a","ups":1,"big":1234567890123456789012345678901234567.8,"tags":["x"],"ns":[3],
                    "bin":"QQ==","none":null,"on":true,"list":[1,{"k":"v"}]}"#,
            ),
            (
                r#"{"version":"2018-05-29","operation":"GetItem","key":{"id":{"S":"1"}},"consistentRead":true}"#,
                r#"{"id":"1","title":"a","ups":1,"big":1234567890123456789012345678901234567.8,"tags":["x"],"ns":[3],
                    "bin":"QQ==","none":null,"on":true,"list":[1,{"k":"v"}]}"#,
            ),
            (
                r##"{"operation":"GetItem","key":{"id":{"S":"1"}},"projection":{"expression":"#t, #l[1].k","expressionNames":{"#t":"title","#l":"list"}}}"##,
                r#"{"title":"a","list":[{"k":"v"}]}"#,
            ),
            (
                r##"{"operation":"UpdateItem","key":{"id":{"S":"1"}},"update":{"expression":"SET #t = :t, ups = ups + :one REMOVE big, #l, bin",
                    "expressionNames":{"#t":"title","#l":"list"},"expressionValues":{":t":{"S":"b"},":one":{"N":1}}}}"##,
                r#"{"id":"1","title":"b","ups":2,"tags":["x"],"ns":[3],"none":null,"on":true}"#,
            ),
            (
                r#"{"operation":"UpdateItem","key":{"id":{"S":"2"}},"update":{"expression":"ADD n :n","expressionValues":{":n":{"N":5}}}}"#,
                r#"{"id":"2","n":5}"#,
            ),
            (r#"{"operation":"PutItem","key":{"id":{"S":"2"}}}"#, r#"{"id":"2"}"#),
            (r#"{"operation":"DeleteItem","key":{"id":{"S":"2"}}}"#, r#"{"id":"2"}"#),
            (r#"{"operation":"DeleteItem","key":{"id":{"S":"2"}}}"#, "null"),
            (
                r#"{"operation":"PutItem","key":{"id":{"S":"3"}},"attributeValues":{"id":{"S":"other"},"a":{"S":"b"}}}"#,
                r#"{"id":"3","a":"b"}"#,
            ),
            (
                r#"{"operation":"PutItem","key":{"id":{"S":"4"}},"populateIndexFields":true,"customPartitionKey":"x","_version":null}"#,
                r#"{"id":"4"}"#,
            ),
        ],
    )
    .await;
}

const FAILED: &str = "The conditional request failed (Service: DynamoDb, Status Code: 400, Request ID: ";

#[tokio::test]
async fn a_failed_condition_rejects_with_the_current_item() {
    let posts = source("posts").await;
    posts.done(r#"{"operation":"PutItem","key":{"id":{"S":"1"}},"attributeValues":{"v":{"N":8},"name":{"S":"Steve"}}}"#).await;
    let current = r#"{"id":"1","v":8,"name":"Steve"}"#;
    for (request, data) in [
        (r#"{"operation":"PutItem","key":{"id":{"S":"1"}},"condition":{"expression":"attribute_not_exists(id)"}}"#, current),
        (
            r#"{"operation":"PutItem","key":{"id":{"S":"1"}},"attributeValues":{"v":{"N":1}},"condition":{"expression":"attribute_not_exists(id)",
                "consistentRead":false,"conditionalCheckFailedHandler":{"strategy":"Reject"}}}"#,
            current,
        ),
        (r#"{"operation":"PutItem","key":{"id":{"S":"9"}},"condition":{"expression":"attribute_exists(id)"}}"#, "null"),
        (
            r##"{"operation":"UpdateItem","key":{"id":{"S":"1"}},"update":{"expression":"SET #n = :n","expressionNames":{"#n":"name"},
                "expressionValues":{":n":{"S":"x"}}},"condition":{"expression":"#n = :n","expressionNames":{"#n":"v"},"expressionValues":{":n":{"N":7}}}}"##,
            current,
        ),
        (
            r#"{"operation":"UpdateItem","key":{"id":{"S":"9"}},"update":{"expression":"SET a = :n","expressionValues":{":n":{"S":"x"}}},
                "condition":{"expression":"attribute_exists(id)"}}"#,
            "null",
        ),
        (
            r#"{"operation":"DeleteItem","key":{"id":{"S":"1"}},"condition":{"expression":"v = :v","expressionValues":{":v":{"N":1}}}}"#,
            current,
        ),
    ] {
        let error = posts.refused(request).await;
        assert_eq!(error.error_type, "DynamoDB:ConditionalCheckFailedException", "{request}");
        assert!(error.message.starts_with(FAILED), "{}", error.message);
        assert_eq!(error.data, json(data), "{request}");
    }
    check(&posts, &[(r#"{"operation":"GetItem","key":{"id":{"S":"1"}}}"#, current)]).await;
}

#[tokio::test]
async fn a_state_that_is_reached_already_is_success() {
    let posts = source("posts").await;
    posts
        .done(r#"{"operation":"PutItem","key":{"id":{"S":"1"}},"attributeValues":{"v":{"N":8},"tags":{"SS":["a","b"]},"n":{"N":"1.0"}}}"#)
        .await;
    check(
        &posts,
        &[
            // All of the item is the same, sets in any order and numbers by value.
            (
                r#"{"operation":"PutItem","key":{"id":{"S":"1"}},"attributeValues":{"n":{"N":1},"v":{"N":8.0},"tags":{"SS":["b","a"]}},
                    "condition":{"expression":"attribute_not_exists(id)"}}"#,
                r#"{"id":"1","v":8,"tags":["a","b"],"n":1}"#,
            ),
            // All but what is to be ignored; the answer is the item of the table.
            (
                r#"{"operation":"PutItem","key":{"id":{"S":"1"}},"attributeValues":{"n":{"N":1},"v":{"N":2},"tags":{"SS":["b","a"]}},
                    "condition":{"expression":"v = :v","expressionValues":{":v":{"N":1}},"equalsIgnore":["v"]}}"#,
                r#"{"id":"1","v":8,"tags":["a","b"],"n":1}"#,
            ),
            // What is to be deleted is not there.
            (r#"{"operation":"DeleteItem","key":{"id":{"S":"9"}},"condition":{"expression":"attribute_exists(id)"}}"#, "null"),
        ],
    )
    .await;
    let ignored = r#"{"operation":"PutItem","key":{"id":{"S":"1"}},"attributeValues":{"v":{"N":2}},
        "condition":{"expression":"attribute_not_exists(id)","equalsIgnore":["v"]}}"#;
    assert_eq!(posts.refused(ignored).await.error_type, "DynamoDB:ConditionalCheckFailedException");
}

#[tokio::test]
async fn an_endpoint_that_hands_out_no_item_is_asked_for_it() {
    let failed = || Err(service_error("ConditionalCheckFailedException", "The conditional request failed"));
    let item = || Ok(json(r#"{"Item":{"id":{"S":"1"}}}"#));
    let delete = r#"{"operation":"DeleteItem","key":{"id":{"S":"1"}},"condition":{"expression":"v = :v","expressionValues":{":v":{"N":1}},"consistentRead":false}}"#;
    let service = Scripted::new([failed(), item(), failed(), Ok(json("{}")), failed(), failed()]);
    let posts = service.source();
    let error = posts.refused(delete).await;
    assert_eq!(error.data, json(r#"{"id":"1"}"#));
    assert_eq!(
        service.asked()[1],
        (Operation::GetItem, json(r#"{"TableName":"posts","Key":{"id":{"S":"1"}},"ConsistentRead":false}"#))
    );
    assert_eq!(posts.done(delete).await, Value::Null);
    assert_eq!(
        posts.refused(delete).await.message,
        "The conditional request failed (Service: DynamoDb, Status Code: 400, Request ID: R1)"
    );
}

#[tokio::test]
async fn the_api_is_asked_in_its_own_words() {
    let service = Scripted::new((0..3).map(|_| Ok(json("{}"))));
    let posts = service.source();
    posts
        .done(r#"{"operation":"PutItem","key":{"id":{"S":"1"}},"attributeValues":{"n":{"N":1}},"condition":{"expression":"a"}}"#)
        .await;
    posts
        .done(
            r##"{"operation":"UpdateItem","key":{"id":{"S":"1"}},"update":{"expression":"SET #a = :a","expressionNames":{"#a":"x"},
            "expressionValues":{":a":{"N":1}}},"condition":{"expression":"#a = :a","expressionNames":{"#a":"y"},"expressionValues":{":a":{"N":2}}}}"##,
        )
        .await;
    posts.done(r#"{"operation":"DeleteItem","key":{"id":{"S":"1"}}}"#).await;
    let expected = [
        (
            Operation::PutItem,
            r#"{"TableName":"posts","Item":{"id":{"S":"1"},"n":{"N":"1"}},"ConditionExpression":"a","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}"#,
        ),
        (
            Operation::UpdateItem,
            r##"{"TableName":"posts","Key":{"id":{"S":"1"}},"UpdateExpression":"SET #a = :a","ConditionExpression":"#a_s2 = :a_s2",
                "ReturnValuesOnConditionCheckFailure":"ALL_OLD","ReturnValues":"ALL_NEW","ExpressionAttributeNames":{"#a":"x","#a_s2":"y"},
                "ExpressionAttributeValues":{":a":{"N":"1"},":a_s2":{"N":"2"}}}"##,
        ),
        (Operation::DeleteItem, r#"{"TableName":"posts","Key":{"id":{"S":"1"}},"ReturnValues":"ALL_OLD"}"#),
    ];
    assert_eq!(service.asked(), expected.map(|(operation, request)| (operation, json(request))));
}
