//! Requests of the wrong form, errors of the service, and time.

use super::*;

const TEMPLATE: &str = "MappingTemplate";
const SERVICE: &str = "DynamoDB:DynamoDbException";

#[tokio::test]
async fn requests_of_the_wrong_form_name_member_and_rule() {
    check_refused(
        &source("posts").await,
        &[
            ("null", TEMPLATE, "Expected JSON object for field '$' but got 'NULL' instead."),
            (r#""x""#, TEMPLATE, "Expected JSON object for field '$' but got 'STRING' instead."),
            (r#"{"payload":1}"#, TEMPLATE, "Value for field '$[operation]' not found."),
            (r#"{"operation":1}"#, TEMPLATE, "Expected JSON string for field '$[operation]' but got 'NUMBER' instead."),
            (r#"{"operation":"getItem"}"#, TEMPLATE, "Unsupported operation 'getItem'. The operations are GetItem, "),
            (r#"{"operation":"GetItem","version":"1"}"#, TEMPLATE, "Unsupported version '1'."),
            (r#"{"operation":"GetItem"}"#, TEMPLATE, "Value for field '$[key]' not found."),
            (r#"{"operation":"GetItem","key":"1"}"#, TEMPLATE, "Expected JSON object for field '$[key]' but got 'STRING' instead."),
            (
                r#"{"operation":"GetItem","key":{"id":"1"}}"#,
                TEMPLATE,
                "Expected JSON object for attribute value '$[key][id]' but got 'STRING' instead.",
            ),
            (
                r#"{"operation":"GetItem","key":{"id":{"S":"1"}},"consistentRead":"true"}"#,
                TEMPLATE,
                "Expected JSON boolean for field '$[consistentRead]' but got 'STRING' instead.",
            ),
            (r#"{"operation":"GetItem","key":{"id":{"S":"1"}},"filter":{}}"#, TEMPLATE, "Unsupported element '$[filter]'."),
            (r#"{"operation":"PutItem","key":{"id":{"S":"1"}},"item":{}}"#, TEMPLATE, "Unsupported element '$[item]'."),
            (r#"{"operation":"PutItem","key":{"id":{"S":"1"}},"_version":1}"#, TEMPLATE, "The field '$[_version]' is only supported on"),
            (r#"{"operation":"UpdateItem","key":{"id":{"S":"1"}}}"#, TEMPLATE, "Value for field '$[update]' not found."),
            (
                r#"{"operation":"UpdateItem","key":{"id":{"S":"1"}},"update":{}}"#,
                TEMPLATE,
                "Value for field '$[update][expression]' not found.",
            ),
            (
                r#"{"operation":"UpdateItem","key":{"id":{"S":"1"}},"update":{"expression":"SET a = :a"},"returnValues":"ALL_NEW"}"#,
                TEMPLATE,
                "Unsupported element '$[returnValues]'.",
            ),
            (
                r#"{"operation":"DeleteItem","key":{"id":{"S":"1"}},"condition":{"expression":"a","returnValuesOnConditionCheckFailure":false}}"#,
                TEMPLATE,
                "Unsupported element '$[condition][returnValuesOnConditionCheckFailure]'.",
            ),
            (
                r#"{"operation":"DeleteItem","key":{"id":{"S":"1"}},"condition":{"expression":"a","equalsIgnore":"v"}}"#,
                TEMPLATE,
                "Expected JSON array for field '$[condition][equalsIgnore]' but got 'STRING' instead.",
            ),
            (
                r#"{"operation":"DeleteItem","key":{"id":{"S":"1"}},"condition":{"expression":"a","equalsIgnore":[1]}}"#,
                TEMPLATE,
                "Expected the name of an attribute for field '$[condition][equalsIgnore][0]' but got 'NUMBER' instead.",
            ),
            (
                r#"{"operation":"DeleteItem","key":{"id":{"S":"1"}},"condition":{"expression":"a","conditionalCheckFailedHandler":{"strategy":"Custom","lambdaArn":"arn:x:y"}}}"#,
                TEMPLATE,
                "The field '$[condition][conditionalCheckFailedHandler][lambdaArn]' is neither the ARN nor the name of a function: arn:x:y.",
            ),
            (
                r#"{"operation":"DeleteItem","key":{"id":{"S":"1"}},"condition":{"expression":"a","conditionalCheckFailedHandler":{"strategy":"Custom"}}}"#,
                TEMPLATE,
                "Value for field '$[condition][conditionalCheckFailedHandler][lambdaArn]' not found.",
            ),
            (
                r#"{"operation":"DeleteItem","key":{"id":{"S":"1"}},"condition":{"expression":"a","conditionalCheckFailedHandler":{"strategy":"Reject","lambdaArn":"x"}}}"#,
                TEMPLATE,
                "The field '$[condition][conditionalCheckFailedHandler][lambdaArn]' must only be specified when",
            ),
            (
                r#"{"operation":"DeleteItem","key":{"id":{"S":"1"}},"condition":{"expression":"a","conditionalCheckFailedHandler":{"strategy":"Retry"}}}"#,
                TEMPLATE,
                "Unsupported value 'Retry' for field '$[condition][conditionalCheckFailedHandler][strategy]'.",
            ),
            (r#"{"operation":"Query"}"#, TEMPLATE, "Value for field '$[query]' not found."),
            (
                r#"{"operation":"Query","query":{"expression":"id = :i"},"select":"COUNT"}"#,
                TEMPLATE,
                "Unsupported value 'COUNT' for field '$[select]'.",
            ),
            (r#"{"operation":"Scan","limit":"10"}"#, TEMPLATE, "Expected JSON number for field '$[limit]' but got 'STRING' instead."),
            (r#"{"operation":"Scan","segment":1}"#, TEMPLATE, "Value for field '$[totalSegments]' not found."),
            (r#"{"operation":"Scan","totalSegments":1}"#, TEMPLATE, "Value for field '$[segment]' not found."),
            (r#"{"operation":"Scan","scanIndexForward":false}"#, TEMPLATE, "The field '$[scanIndexForward]' has no meaning for Scan"),
            (r#"{"operation":"Scan","nextToken":5}"#, TEMPLATE, "Expected JSON string for field '$[nextToken]'"),
            (r#"{"operation":"Sync","lastSync":1550000000000}"#, TEMPLATE, "The field '$[lastSync]' needs the delta table"),
            (r#"{"operation":"Sync","limit":1001}"#, TEMPLATE, "Expected a number from 1 to 1000 for field '$[limit]'"),
            (
                r#"{"version":"2017-02-28","operation":"BatchGetItem","tables":{"posts":{"keys":[{"id":{"S":"1"}}]}}}"#,
                TEMPLATE,
                "Unsupported operation 'BatchGetItem' for version 2017-02-28.",
            ),
            (r#"{"version":"2017-02-28","operation":"Sync"}"#, TEMPLATE, "Unsupported operation 'Sync' for version 2017-02-28."),
            (r#"{"operation":"BatchGetItem"}"#, TEMPLATE, "Value for field '$[tables]' not found."),
            (r#"{"operation":"BatchGetItem","tables":{}}"#, TEMPLATE, "Expected at least one table for field '$[tables]'."),
            (r#"{"operation":"BatchGetItem","tables":{"posts":{"keys":[]}}}"#, TEMPLATE, "RequestItem keys '$[tables][posts]' can't be empty"),
            (r#"{"operation":"BatchDeleteItem","tables":{"posts":[]}}"#, TEMPLATE, "RequestItem keys '$[tables][posts]' can't be empty"),
            (
                r#"{"operation":"BatchPutItem","tables":{"posts":[{"id":1}]}}"#,
                TEMPLATE,
                "Expected JSON object for attribute value '$[tables][posts][0][id]' but got 'NUMBER' instead.",
            ),
            (r#"{"operation":"TransactGetItems","transactItems":[]}"#, TEMPLATE, "Expected at least one item for field '$[transactItems]'."),
            (
                r#"{"operation":"TransactGetItems","transactItems":[{"key":{"id":{"S":"1"}}}]}"#,
                TEMPLATE,
                "Value for field '$[transactItems][0][table]' not found.",
            ),
            (
                r#"{"operation":"TransactWriteItems","transactItems":[{"table":"posts","operation":"Put","key":{"id":{"S":"1"}}}]}"#,
                TEMPLATE,
                "Unsupported operation 'Put' for field '$[transactItems][0][operation]'.",
            ),
            (
                r#"{"operation":"TransactWriteItems","transactItems":[{"table":"posts","operation":"ConditionCheck","key":{"id":{"S":"1"}}}]}"#,
                TEMPLATE,
                "Value for field '$[transactItems][0][condition]' not found.",
            ),
            (
                r#"{"operation":"TransactWriteItems","transactItems":[{"table":"posts","operation":"DeleteItem","key":{"id":{"S":"1"}},"condition":{"expression":"a","equalsIgnore":[]}}]}"#,
                TEMPLATE,
                "Unsupported element '$[transactItems][0][condition][equalsIgnore]'.",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_service_refuses_in_its_own_words() {
    let posts = source("posts").await;
    check_refused(
        &posts,
        &[
            (
                r#"{"operation":"GetItem","key":{"nosuch":{"S":"1"}}}"#,
                SERVICE,
                "The provided key element does not match the schema (Service: DynamoDb, Status Code: 400, Request ID: ",
            ),
            (r#"{"operation":"PutItem","key":{"id":{"S":""}}}"#, SERVICE, "One or more parameter values"),
            (
                r#"{"operation":"UpdateItem","key":{"id":{"S":"1"}},"update":{"expression":""}}"#,
                SERVICE,
                "Invalid UpdateExpression: The expression can not be empty;",
            ),
            (
                r#"{"operation":"UpdateItem","key":{"id":{"S":"1"}},"update":{"expression":"SET name = :n","expressionValues":{":n":{"S":"x"}}}}"#,
                SERVICE,
                "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: name",
            ),
            (
                r#"{"operation":"Query","query":{"expression":"id = :i","expressionValues":{":i":{"S":"1"}}},"index":"nosuch"}"#,
                SERVICE,
                "The table does not have the specified index: nosuch",
            ),
        ],
    )
    .await;
    check_refused(&posts.beside("nosuch"), &[(r#"{"operation":"Scan"}"#, "DynamoDB:ResourceNotFoundException", "")]).await;
    let large =
        value!({"operation": "PutItem", "key": {"id": {"S": "1"}}, "attributeValues": {"a": {"S": ("x".repeat(500_000))}}});
    let error = posts.invoke(large, &call()).await.expect_err("too large");
    assert!(error.message.starts_with("Item size has exceeded the maximum allowed size"), "{error}");
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_given_up_in_time() {
    let soon = Call::new(&"Query".into(), &"f".into(), Instant::now() + Duration::from_millis(50));
    for request in [
        r#"{"operation":"GetItem","key":{"id":{"S":"1"}}}"#,
        r#"{"operation":"Scan"}"#,
        r#"{"operation":"BatchGetItem","tables":{"posts":{"keys":[{"id":{"S":"1"}}]}}}"#,
        r#"{"operation":"TransactGetItems","transactItems":[{"table":"posts","key":{"id":{"S":"1"}}}]}"#,
    ] {
        let error = Scripted::new([]).source().invoke(json(request), &soon).await.expect_err("no answer");
        assert_eq!((error.error_type.as_str(), error.message.as_str()), ("ExecutionTimeout", "Execution timed out."));
    }
}
