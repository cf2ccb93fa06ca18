//! What every answer of the engine in this process keeps to, whichever operation gives it: the wording of its errors, the names of its
//! resources, and that there is one at all.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use dynamodb::{Dynamodb, Embedded, Operation, ServiceError};
use value::{Object, Value, value};

fn json(text: &str) -> Value {
    Value::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

async fn call(tables: &Embedded, operation: Operation, request: &Value) -> Result<Value, ServiceError> {
    tables.call(operation, request.clone()).await.map(|answer| answer.body)
}

async fn ok(tables: &Embedded, operation: Operation, request: &Value) -> Value {
    call(tables, operation, request).await.unwrap_or_else(|error| panic!("{error}: {request}"))
}

async fn refusal(tables: &Embedded, operation: Operation, request: &Value) -> String {
    match call(tables, operation, request).await {
        Ok(answer) => panic!("{operation:?} of {request} gave {answer}"),
        Err(error) => error.message,
    }
}

async fn tables() -> Embedded {
    let tables = Embedded::memory().unwrap();
    let create = r#"{"TableName":"table","BillingMode":"PAY_PER_REQUEST","StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"},
        "AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"},{"AttributeName":"g","AttributeType":"S"}],
        "KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],
        "GlobalSecondaryIndexes":[{"IndexName":"by-g","KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}]}"#;
    ok(&tables, Operation::CreateTable, &json(create)).await;
    tables
}

#[tokio::test]
async fn no_update_changes_a_key() {
    let tables = tables().await;
    const KEY: &str = "Cannot update attribute a. This attribute is part of the key";
    for (update, value, message) in [
        ("delete a :a", r#"{"SS":["x"]}"#, KEY),
        ("delete b :a remove a", r#"{"SS":["x"]}"#, KEY),
        ("remove a", "", KEY),
        ("remove b, a", "", KEY),
        ("REMOVE #k", "", KEY),
        ("SET a = :a", r#"{"S":"x"}"#, KEY),
        (
            "delete b :a",
            r#"{"S":"x"}"#,
            "Incorrect operand type for operator or function; operator: DELETE, operand type: STRING",
        ),
    ] {
        let mut request = json(r#"{"TableName":"table","Key":{"a":{"S":"missing"}}}"#);
        let members = request.as_object_mut().unwrap();
        members.insert("UpdateExpression", update);
        if !value.is_empty() {
            members.insert("ExpressionAttributeValues", value!({":a": (json(value))}));
        }
        if update.contains('#') {
            members.insert("ExpressionAttributeNames", value!({"#k": "a"}));
        }
        let said = refusal(&tables, Operation::UpdateItem, &request).await;
        assert!(said.contains(message), "{update}: {said}");
        let transaction = value!({"TransactItems": [{"Update": request}]});
        let said = refusal(&tables, Operation::TransactWriteItems, &transaction).await;
        assert!(said.contains(message) || said.ends_with("[ValidationError]"), "{update}: {said}");
    }
    let item = json(r#"{"TableName":"table","Item":{"a":{"S":"1"},"b":{"N":"1"}}}"#);
    ok(&tables, Operation::PutItem, &item).await;
    for (update, condition) in [
        ("SET a = b", ""),
        ("SET b = b REMOVE a", ""),
        ("ADD a b", ""),
        ("SET a = b", "attribute_exists(b)"),
        ("SET a = b", "(attribute_exists(b))"),
    ] {
        let mut request = json(r#"{"TableName":"table","Key":{"a":{"S":"1"}}}"#);
        request.as_object_mut().unwrap().insert("UpdateExpression", update);
        if !condition.is_empty() {
            request.as_object_mut().unwrap().insert("ConditionExpression", condition);
        }
        let check = json(
            r#"{"ConditionCheck":{"TableName":"table","Key":{"a":{"S":"2"}},"ConditionExpression":"attribute_not_exists(a)"}}"#,
        );
        let transaction = value!({"TransactItems": [check, {"Update": request}]});
        let error = call(&tables, Operation::TransactWriteItems, &transaction).await.err().unwrap_or_else(|| panic!("{update}"));
        let reasons: Vec<_> =
            error.cancellation_reasons.iter().map(|reason| (&*reason.code, reason.message.as_deref())).collect();
        let message = "One or more parameter values were invalid: Cannot update attribute a. This attribute is part of the key";
        if update.starts_with("ADD") {
            assert!(error.message.contains("Invalid UpdateExpression"), "{error}");
        } else {
            assert_eq!(reasons, [("None", None), ("ValidationError", Some(message))], "{error}");
            assert!(error.message.ends_with("[None, ValidationError]"), "{error}");
        }
    }
    assert_eq!(
        ok(&tables, Operation::DeleteItem, &json(r#"{"TableName":"table","Key":{"a":{"S":"1"}},"ReturnValues":"ALL_OLD"}"#))
            .await
            .at(&["Attributes"])
            .to_json(),
        item.at(&["Item"]).to_json()
    );
    let legacy = json(r#"{"TableName":"table","Key":{"a":{"S":"missing"}},"AttributeUpdates":{"a":{"Action":"DELETE"}}}"#);
    let said = refusal(&tables, Operation::UpdateItem, &legacy).await;
    assert!(said.contains(KEY), "{said}");
    assert_eq!(ok(&tables, Operation::Scan, &json(r#"{"TableName":"table"}"#)).await.at(&["Count"]).as_i64(), Some(0));
}

/// Every place of the API a value of the caller's may stand.
fn places(value: &Value) -> Vec<(Operation, Value)> {
    let item = value!({"a": {"S": "1"}, "v": (value.clone())});
    let values = value!({":v": (value.clone())});
    let put = value!({"Put": {"TableName": "table", "Item": (item.clone())}});
    let update = value!({"Update": {"TableName": "table", "Key": {"a": {"S": "1"}}, "UpdateExpression": "SET v = :v",
        "ExpressionAttributeValues": (values.clone())}});
    let legacy = value!({"v": {"ComparisonOperator": "EQ", "AttributeValueList": [(value.clone())]}});
    let statement = value!({"Statement": "SELECT * FROM \"table\" WHERE v = ?", "Parameters": [(value.clone())]});
    let key = value!({"a": (value.clone())});
    vec![
        (Operation::PutItem, value!({"TableName": "table", "Item": (item.clone())})),
        (
            Operation::PutItem,
            value!({"TableName": "table", "Item": {"a": {"S": "1"}}, "Expected": {"v": {"Value": (value.clone())}}}),
        ),
        (Operation::PutItem, value!({"TableName": "table", "Item": {"a": {"S": "1"}}, "Expected": (legacy.clone())})),
        (
            Operation::PutItem,
            value!({"TableName": "table", "Item": {"a": {"S": "1"}}, "ConditionExpression": "v = :v",
                "ExpressionAttributeValues": (values.clone())}),
        ),
        (
            Operation::UpdateItem,
            value!({"TableName": "table", "Key": {"a": {"S": "1"}}, "UpdateExpression": "SET v = :v",
                "ExpressionAttributeValues": (values.clone())}),
        ),
        (
            Operation::UpdateItem,
            value!({"TableName": "table", "Key": {"a": {"S": "1"}}, "AttributeUpdates": {"v": {"Value": (value.clone()), "Action": "PUT"}}}),
        ),
        (Operation::DeleteItem, value!({"TableName": "table", "Key": {"a": {"S": "1"}}, "Expected": (legacy.clone())})),
        (
            Operation::DeleteItem,
            value!({"TableName": "table", "Key": {"a": {"S": "1"}}, "ConditionExpression": "v = :v",
                "ExpressionAttributeValues": (values.clone())}),
        ),
        (Operation::GetItem, value!({"TableName": "table", "Key": (key.clone())})),
        (
            Operation::Query,
            value!({"TableName": "table", "KeyConditionExpression": "a = :v", "ExpressionAttributeValues": (values.clone())}),
        ),
        (
            Operation::Query,
            value!({"TableName": "table", "KeyConditions": {"a": {"ComparisonOperator": "EQ", "AttributeValueList": [(value.clone())]}}}),
        ),
        (
            Operation::Query,
            value!({"TableName": "table", "KeyConditions": {"a": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "1"}]}},
                "QueryFilter": (legacy.clone())}),
        ),
        (Operation::Scan, value!({"TableName": "table", "ScanFilter": legacy})),
        (Operation::Scan, value!({"TableName": "table", "FilterExpression": "v = :v", "ExpressionAttributeValues": values})),
        (Operation::Scan, value!({"TableName": "table", "ExclusiveStartKey": (key.clone())})),
        (Operation::BatchGetItem, value!({"RequestItems": {"table": {"Keys": [(key.clone())]}}})),
        (Operation::BatchWriteItem, value!({"RequestItems": {"table": [{"PutRequest": {"Item": item}}]}})),
        (Operation::BatchWriteItem, value!({"RequestItems": {"table": [{"DeleteRequest": {"Key": (key.clone())}}]}})),
        (Operation::TransactWriteItems, value!({"TransactItems": [put, update]})),
        (Operation::TransactGetItems, value!({"TransactItems": [{"Get": {"TableName": "table", "Key": key}}]})),
        (Operation::ExecuteStatement, statement.clone()),
        (Operation::BatchExecuteStatement, value!({"Statements": [(statement.clone())]})),
        (Operation::ExecuteTransaction, value!({"TransactStatements": [statement]})),
    ]
}

#[tokio::test]
async fn refused_values_carry_no_marks_of_the_engine() {
    let tables = tables().await;
    for text in [
        r#"{"N":"abc"}"#,
        r#"{"N":""}"#,
        r#"{"N":"1234567890123456789012345678901234567890"}"#,
        r#"{"N":"1e126"}"#,
        r#"{"N":"1e-131"}"#,
        r#"{"NS":["1","x"]}"#,
        r#"{"NS":[]}"#,
        r#"{"SS":["a","a"]}"#,
        r#"{"NULL":false}"#,
        r#"{"L":[{"N":"x"}]}"#,
        r#"{"M":{"x":{}}}"#,
        r#"{"B":"?"}"#,
        r#"{"S":1}"#,
        r#"{"S":"a","N":"1"}"#,
        r#"{"X":"a"}"#,
        "{}",
        r#""a""#,
    ] {
        let value = json(text);
        for (operation, request) in places(&value) {
            let answer = call(&tables, operation, &request).await;
            let said = match &answer {
                Ok(answer) => answer.to_json(),
                Err(error) => format!("{error} {:?}", error.cancellation_reasons),
            };
            for mark in ["VALIDATION", "SERIALIZATION", "AS_READ", "AttributeValue object", "dynoxide", " at line "] {
                assert!(!said.contains(mark), "{operation:?} of {request}: {said}");
            }
            // A batch of statements reports each one's error in its place.
            assert!(answer.is_err() || operation == Operation::BatchExecuteStatement, "{operation:?} of {request}: {said}");
        }
    }
    for (operation, request) in places(&json("{}")).into_iter().take(1) {
        let said = refusal(&tables, operation, &request).await;
        assert_eq!(said, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
    }
}

#[tokio::test]
async fn errors_have_the_wording_that_suites_know() {
    let tables = tables().await;
    for (operation, request, message) in [
        (
            Operation::PutItem,
            r#"{"TableName":"table","Item":{"a":{"S":"1"},"n":{"N":"abc"}}}"#,
            "The parameter cannot be converted to a numeric value: abc",
        ),
        (
            Operation::UpdateItem,
            r#"{"TableName":"table","Key":{"a":{"S":"1"}},"UpdateExpression":"SET b = "}"#,
            r#"Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "=""#,
        ),
        (
            Operation::DeleteItem,
            r#"{"TableName":"table","Key":{"a":{"S":"1"}},"ConditionExpression":"Size(a) = a"}"#,
            "Invalid ConditionExpression: Invalid function name; function: Size",
        ),
        (
            Operation::PutItem,
            r#"{"TableName":"table"}"#,
            "1 validation error detected: Value null at 'item' failed to satisfy constraint: Member must not be null",
        ),
    ] {
        assert_eq!(refusal(&tables, operation, &json(request)).await, message, "{request}");
    }
}

#[tokio::test]
async fn resources_are_named_as_in_a_region() {
    let tables = tables().await;
    let described = ok(&tables, Operation::DescribeTable, &json(r#"{"TableName":"table"}"#)).await;
    let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/table";
    assert_eq!(described.at(&["Table", "TableArn"]).as_str(), Some(arn));
    let indexes =
        described.at(&["Table", "GlobalSecondaryIndexes"]).as_list().unwrap()[0].at(&["IndexArn"]).as_str().unwrap().to_owned();
    assert_eq!(indexes, format!("{arn}/index/by-g"));

    let elsewhere = tables.clone().located("eu-west-1", "123456789012");
    let mut named = Vec::new();
    for tables in [&tables, &elsewhere] {
        let streams = ok(tables, Operation::ListStreams, &json("{}")).await;
        let stream = streams.at(&["Streams"]).as_list().unwrap()[0].at(&["StreamArn"]).as_str().unwrap().to_owned();
        let described = ok(tables, Operation::DescribeTable, &json(r#"{"TableName":"table"}"#)).await;
        assert_eq!(described.at(&["Table", "LatestStreamArn"]).as_str(), Some(&*stream));
        let table = described.at(&["Table", "TableArn"]).as_str().unwrap().to_owned();
        let described = ok(tables, Operation::DescribeStream, &value!({"StreamArn": (stream.as_str())})).await;
        assert_eq!(described.at(&["StreamDescription", "StreamArn"]).as_str(), Some(&*stream));
        let after = ok(tables, Operation::ListStreams, &value!({"ExclusiveStartStreamArn": (stream.as_str())})).await;
        assert_eq!(after.at(&["Streams"]).as_list().unwrap().len(), 0);
        ok(tables, Operation::TagResource, &value!({"ResourceArn": (table.as_str()), "Tags": [{"Key": "k", "Value": "v"}]}))
            .await;
        let item = value!({"a": {"S": (table.as_str())}});
        ok(tables, Operation::PutItem, &value!({"TableName": (table.as_str()), "Item": (item.clone())})).await;
        let write = value!({"TransactItems": [{"ConditionCheck": {"TableName": (table.as_str()), "Key": (item.clone()),
            "ConditionExpression": "attribute_exists(a)"}}]});
        ok(tables, Operation::TransactWriteItems, &write).await;
        let shard = described.at(&["StreamDescription", "Shards"]).as_list().unwrap()[0].at(&["ShardId"]).clone();
        let iterator = value!({"StreamArn": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"});
        let iterator = ok(tables, Operation::GetShardIterator, &iterator).await;
        let records = ok(tables, Operation::GetRecords, &iterator).await;
        let record = records.at(&["Records"]).as_list().unwrap().last().unwrap().clone();
        assert_eq!(record.at(&["dynamodb", "Keys"]).to_json(), item.to_json());
        named.push((table, record.at(&["awsRegion"]).as_str().unwrap().to_owned()));
    }
    assert_eq!(
        named,
        [
            (arn.to_owned(), "us-east-1".to_owned()),
            ("arn:aws:dynamodb:eu-west-1:123456789012:table/table".to_owned(), "eu-west-1".to_owned())
        ]
    );
}

/// Texts that make a recursive parser deep, long ones among them.
fn deep_texts() -> Vec<String> {
    let mut texts = Vec::new();
    for length in [1_000, 4_000, 8_000, 400_000] {
        for (open, middle, close) in [
            ("(", "a = a", ")"),
            ("NOT ", "a = a", ""),
            ("not(", "a = a", ")"),
            ("size(", "a", ")"),
            ("a[", "0", "]"),
            ("a.", "a", ""),
            ("-", "1", ""),
            ("a = a AND ", "a = a", ""),
            ("a = a OR (", "a = a", ")"),
            ("SET a = (", "a", ")"),
            ("SET a = if_not_exists(a,", "a", ")"),
            ("SELECT * FROM (", "t", ")"),
            ("SELECT * FROM \"table\" WHERE ", "a = 1", ""),
            ("[", "1", "]"),
            ("{'a':", "1", "}"),
            ("<<", "1", ">>"),
        ] {
            let times = length / (open.len() + close.len());
            let body = format!("{}{middle}{}", open.repeat(times), close.repeat(times));
            texts.push(format!("SELECT * FROM \"table\" WHERE {body}"));
            texts.push(format!("SELECT * FROM \"table\" WHERE a = {body}"));
            texts.push(format!("INSERT INTO \"table\" VALUE {{'a': '1', 'b': {body}}}"));
            texts.push(format!("UPDATE \"table\" SET b = {body} WHERE a = '1'"));
            texts.push(format!("SET b = {body}"));
            texts.push(body);
        }
    }
    texts
}

#[tokio::test]
async fn no_text_reaches_a_parser_too_deep() {
    let tables = tables().await;
    let key = || value!({"a": {"S": "1"}});
    for text in deep_texts() {
        let text = || text.as_str();
        let write = |name: &'static str, member: &'static str| {
            let mut action = value!({"TableName": "table"});
            let members = action.as_object_mut().unwrap();
            members.insert(if name == "Put" { "Item" } else { "Key" }, key());
            members.insert(member, text());
            let mut item = Object::new();
            item.insert(name, action);
            value!({"TransactItems": [(Value::from(item))]})
        };
        for (operation, request) in [
            (Operation::ExecuteStatement, value!({"Statement": (text())})),
            (Operation::BatchExecuteStatement, value!({"Statements": [{"Statement": (text())}]})),
            (Operation::ExecuteTransaction, value!({"TransactStatements": [{"Statement": (text())}]})),
            (Operation::PutItem, value!({"TableName": "table", "Item": (key()), "ConditionExpression": (text())})),
            (Operation::DeleteItem, value!({"TableName": "table", "Key": (key()), "ConditionExpression": (text())})),
            (Operation::UpdateItem, value!({"TableName": "table", "Key": (key()), "UpdateExpression": (text())})),
            (Operation::GetItem, value!({"TableName": "table", "Key": (key()), "ProjectionExpression": (text())})),
            (Operation::Query, value!({"TableName": "table", "KeyConditionExpression": (text())})),
            (Operation::Scan, value!({"TableName": "table", "FilterExpression": (text())})),
            (Operation::BatchGetItem, value!({"RequestItems": {"table": {"Keys": [(key())], "ProjectionExpression": (text())}}})),
            (
                Operation::TransactGetItems,
                value!({"TransactItems": [{"Get": {"TableName": "table", "Key": (key()), "ProjectionExpression": (text())}}]}),
            ),
            (Operation::TransactWriteItems, write("Put", "ConditionExpression")),
            (Operation::TransactWriteItems, write("Delete", "ConditionExpression")),
            (Operation::TransactWriteItems, write("ConditionCheck", "ConditionExpression")),
            (Operation::TransactWriteItems, write("Update", "UpdateExpression")),
        ] {
            // Whatever it is: an overflow would end this process, and a panic would say so.
            if let Err(error) = call(&tables, operation, &request).await {
                assert!(error.status == 400, "{operation:?} of {}: {error}", text());
            }
        }
    }
}

#[tokio::test]
async fn no_value_is_too_deep_wherever_it_stands() {
    let tables = tables().await;
    for kind in ["L", "M", "X"] {
        let mut value = value!({"S": "x"});
        // As deep as any door lets a value be.
        for _ in 0..90 {
            let mut object = Object::new();
            object.insert(kind, if kind == "M" { value!({"a": value}) } else { Value::from(vec![value]) });
            value = object.into();
        }
        for (operation, request) in places(&value) {
            let error = call(&tables, operation, &request).await.err().unwrap_or_else(|| panic!("{operation:?} took it"));
            assert_eq!(error.status, 400, "{operation:?}: {error}");
        }
        let unknown = value!({"TableName": "table", "Unknown": value});
        for &operation in Operation::ALL {
            // Some pass over members they do not know.
            if let Err(error) = call(&tables, operation, &unknown).await {
                assert_eq!(error.status, 400, "{operation:?}: {error}");
            }
        }
    }
}
