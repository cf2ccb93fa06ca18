//! `conditionalCheckFailedHandler` with functions that answer by closure.

use super::*;
use crate::data_source::lambda::fake::{FakeFunctions, throws};

const FUNCTION: &str = "arn:aws:lambda:eu-west-1:1:function:decide";

/// A table with one item, and a function that decides.
async fn source_with(functions: &Arc<FakeFunctions>) -> DynamodbDataSource {
    let source = source("posts").await.functions(Arc::clone(functions) as _).aws_region("eu-west-1".into());
    source
        .done(r#"{"operation":"PutItem","key":{"id":{"S":"1"}},"attributeValues":{"name":{"S":"Steve"},"version":{"N":8}}}"#)
        .await;
    source
}

fn put(version: i64, expected: i64) -> String {
    value!({
        "version": "2018-05-29", "operation": "PutItem", "key": {"id": {"S": "1"}},
        "attributeValues": {"name": {"S": "Anna"}, "version": {"N": version}},
        "condition": {
            "expression": "version = :v", "expressionValues": {":v": {"N": expected}},
            "conditionalCheckFailedHandler": {"strategy": "Custom", "lambdaArn": FUNCTION}
        }
    })
    .to_json()
}

#[tokio::test]
async fn the_function_sees_what_failed() {
    let functions = FakeFunctions::giving(|_| value!({"action": "reject"}));
    let source = source_with(&functions).await;
    let identity = value!({"sub": "me"});
    let call = call().on_behalf(value!({"id": "1"}), &identity, &"Post".into());
    let request = json(&put(2, 1));
    let error = source.invoke(request.clone(), &call).await.expect_err("rejected");
    assert_eq!(error.error_type, "DynamoDB:ConditionalCheckFailedException");
    assert_eq!(error.data, value!({"id": "1", "name": "Steve", "version": 8}), "the current item");
    let asked = functions.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].function, FUNCTION);
    let event = &asked[0].event;
    let keys: Vec<&str> = event.as_object().expect("an object").keys().map(|key| &**key).collect();
    assert_eq!(keys, ["arguments", "requestMapping", "currentValue", "resolver", "identity"]);
    assert_eq!(event.at(&["arguments"]), &value!({"id": "1"}));
    assert_eq!(event.at(&["requestMapping"]), &request);
    assert_eq!(event.at(&["currentValue"]), &value!({"id": {"S": "1"}, "name": {"S": "Steve"}, "version": {"N": 8}}));
    assert_eq!(
        event.at(&["resolver"]).to_json(),
        r#"{"tableName":"posts","awsRegion":"eu-west-1","parentType":"Query","field":"posts","outputType":"Post"}"#
    );
    assert_eq!(event.at(&["identity"]), &identity);
}

#[tokio::test]
async fn a_discarded_write_gives_the_current_item() {
    let functions = FakeFunctions::giving(|_| value!({"action": "discard"}));
    let source = source_with(&functions).await;
    assert_eq!(source.done(&put(2, 1)).await, value!({"id": "1", "name": "Steve", "version": 8}));
    let delete =
        put(2, 1).replace("PutItem", "DeleteItem").replace(r#""attributeValues":{"name":{"S":"Anna"},"version":{"N":2}},"#, "");
    assert_eq!(source.done(&delete).await, value!({"id": "1", "name": "Steve", "version": 8}));
    let get = r#"{"operation":"GetItem","key":{"id":{"S":"1"}}}"#;
    assert_eq!(source.done(get).await, value!({"id": "1", "name": "Steve", "version": 8}), "nothing was written");
}

#[tokio::test]
async fn a_retry_writes_what_the_function_says_once() {
    let functions = FakeFunctions::giving(|event| {
        let current = event.at(&["currentValue", "version"]);
        value!({"action": "retry", "retryMapping": {
            "attributeValues": {"name": {"S": "Anna"}, "version": {"N": "9"}},
            "condition": {"expression": "version = :v", "expressionValues": {":v": (current.clone())}}
        }})
    });
    let source = source_with(&functions).await;
    assert_eq!(source.done(&put(2, 1)).await, value!({"id": "1", "name": "Anna", "version": 9}));
    assert_eq!(functions.asked().len(), 1);

    // The second failure is final.
    let functions = FakeFunctions::giving(|_| {
        value!({"action": "retry", "retryMapping": {
            "attributeValues": {"name": {"S": "Anna"}},
            "condition": {"expression": "version = :v", "expressionValues": {":v": {"N": 77}}}
        }})
    });
    let source = source_with(&functions).await;
    assert_eq!(source.refused(&put(2, 1)).await.error_type, "DynamoDB:ConditionalCheckFailedException");
    assert_eq!(functions.asked().len(), 1);

    let functions = FakeFunctions::giving(|_| {
        value!({"action": "retry", "retryMapping": {"update": {
            "expression": "SET #n = :n", "expressionNames": {"#n": "name"}, "expressionValues": {":n": {"S": "Updated"}}
        }}})
    });
    let source = source_with(&functions).await;
    let update = value!({
        "operation": "UpdateItem", "key": {"id": {"S": "1"}},
        "update": {"expression": "REMOVE version"},
        "condition": {
            "expression": "version = :v", "expressionValues": {":v": {"N": 1}},
            "conditionalCheckFailedHandler": {"strategy": "Custom", "lambdaArn": "decide"}
        }
    });
    assert_eq!(source.done(&update.to_json()).await, value!({"id": "1", "name": "Updated", "version": 8}));
}

#[tokio::test]
async fn functions_are_asked_only_when_needed_and_may_fail() {
    let functions = FakeFunctions::new(|_, _| throws("Error", "undecided"));
    let source = source_with(&functions).await;
    assert_eq!(source.done(&put(9, 8)).await.at(&["version"]), &value!(9), "the condition held");
    assert_eq!(source.done(&put(9, 1)).await.at(&["version"]), &value!(9), "it is there already");
    assert!(functions.asked().is_empty());
    let error = source.refused(&put(2, 1)).await;
    assert_eq!((error.error_type.as_str(), error.message.as_str()), ("Lambda:Unhandled", "undecided"));
    let nobody = super::source("posts").await;
    nobody.done(r#"{"operation":"PutItem","key":{"id":{"S":"1"}}}"#).await;
    let error = nobody.refused(&put(2, 1)).await;
    assert!(error.message.contains("there are no functions here"), "{}", error.message);
}
