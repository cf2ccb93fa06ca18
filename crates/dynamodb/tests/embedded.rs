//! The engine in this process through the border, as every caller sees it: `call` with the API's requests.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use dynamodb::{Durability, Dynamodb, Embedded, OpenError, Operation, ServiceError};
use value::{Object, Value, value};

fn json(text: &str) -> Value {
    Value::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

async fn call(tables: &Embedded, operation: Operation, request: &Value) -> Result<Value, ServiceError> {
    let answer = tables.call(operation, request.clone()).await;
    let id = match &answer {
        Ok(answer) => answer.request_id.clone(),
        Err(error) => error.request_id.clone(),
    };
    assert_eq!(id.len(), 52, "{operation:?}");
    answer.map(|answer| answer.body)
}

async fn ok(tables: &Embedded, operation: Operation, request: &str) -> Value {
    call(tables, operation, &json(request)).await.unwrap_or_else(|error| panic!("{error}: {request}"))
}

async fn refused(tables: &Embedded, operation: Operation, request: &str) -> ServiceError {
    call(tables, operation, &json(request)).await.err().unwrap_or_else(|| panic!("accepted: {request}"))
}

const TABLE: &str = r#"{"TableName":"table","BillingMode":"PAY_PER_REQUEST",
    "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"},{"AttributeName":"g","AttributeType":"S"},{"AttributeName":"r","AttributeType":"S"}],
    "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],
    "GlobalSecondaryIndexes":[{"IndexName":"by-g","KeySchema":[{"AttributeName":"g","KeyType":"HASH"},{"AttributeName":"r","KeyType":"RANGE"}],
        "Projection":{"ProjectionType":"ALL"}}]}"#;

async fn tables() -> Embedded {
    let tables = Embedded::memory().unwrap();
    ok(&tables, Operation::CreateTable, TABLE).await;
    tables
}

#[tokio::test]
async fn every_kind_of_value_survives_exactly() {
    let tables = tables().await;
    let item = r#"{"b":{"B":"AAEC/w=="},"bs":{"BS":["AA==","AQ=="]},"f":{"BOOL":false},"id":{"S":"1"},"l":{"L":[{"N":"1"},{"L":[]},{"M":{}}]},"m":{"M":{"é":{"S":""}}},"n":{"N":"-0.00012345678901234567890123456789012345678"},"ns":{"NS":["9","10","12345678901234567890123456789012345678"]},"ss":{"SS":["a","b"]},"z":{"NULL":true}}"#;
    ok(&tables, Operation::PutItem, &format!(r#"{{"TableName":"table","Item":{item}}}"#)).await;
    let read = ok(&tables, Operation::GetItem, r#"{"TableName":"table","Key":{"id":{"S":"1"}}}"#).await;
    assert_eq!(read.at(&["Item"]).to_json(), item);
    let scanned = ok(&tables, Operation::Scan, r#"{"TableName":"table"}"#).await;
    assert_eq!(
        scanned.at(&["Items"]).as_list().unwrap()[0].at(&["n"]).to_json(),
        r#"{"N":"-0.00012345678901234567890123456789012345678"}"#
    );
    for number in ["1e125", "1E-130", "99999999999999999999999999999999999999000"] {
        ok(
            &tables,
            Operation::PutItem,
            &format!(r#"{{"TableName":"table","Item":{{"id":{{"S":"n"}},"n":{{"N":"{number}"}}}}}}"#),
        )
        .await;
    }
    for (number, message) in
        [("123456789012345678901234567890123456789", "significant digits"), ("1e126", "overflow"), ("abc", "numeric value")]
    {
        let refused = refused(
            &tables,
            Operation::PutItem,
            &format!(r#"{{"TableName":"table","Item":{{"id":{{"S":"n"}},"n":{{"N":"{number}"}}}}}}"#),
        )
        .await;
        assert!(refused.message.contains(message), "{refused}");
    }
}

#[tokio::test]
async fn errors_are_the_services() {
    let tables = tables().await;
    ok(&tables, Operation::PutItem, r#"{"TableName":"table","Item":{"id":{"S":"1"},"v":{"N":"7"}}}"#).await;
    for (operation, request, code, message) in [
        (
            Operation::GetItem,
            r#"{"TableName":"none","Key":{"id":{"S":"1"}}}"#,
            "ResourceNotFoundException",
            "Requested resource not found",
        ),
        (
            Operation::GetItem,
            r#"{"TableName":"table","Key":{"x":{"S":"1"}}}"#,
            "ValidationException",
            "The provided key element does not match the schema",
        ),
        (
            Operation::PutItem,
            r#"{"TableName":"table","Item":{"id":{"S":"1"},"n":{"NULL":false}}}"#,
            "ValidationException",
            "One or more parameter values were invalid: Null attribute value types must have the value of true",
        ),
        (
            Operation::PutItem,
            r#"{"TableName":"table","Item":{"id":{"S":"1"},"n":{}}}"#,
            "ValidationException",
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        ),
        (
            Operation::PutItem,
            r#"{"TableName":"table","Item":{"id":{"S":5}}}"#,
            "SerializationException",
            "NUMBER_VALUE cannot be converted to String",
        ),
        (Operation::GetItem, r#"{"TableName":true}"#, "SerializationException", "TRUE_VALUE cannot be converted to String"),
        (
            Operation::GetItem,
            r#"{"TableName":"table"}"#,
            "ValidationException",
            "1 validation error detected: Value null at 'key' failed to satisfy constraint: Member must not be null",
        ),
    ] {
        let refused = refused(&tables, operation, request).await;
        assert_eq!((&*refused.code, refused.message.as_str(), refused.status), (code, message, 400), "{request}");
    }
    let failed = refused(
        &tables,
        Operation::PutItem,
        r#"{"TableName":"table","Item":{"id":{"S":"1"}},"ConditionExpression":"attribute_not_exists(id)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}"#,
    )
    .await;
    assert_eq!((&*failed.code, failed.message.as_str()), ("ConditionalCheckFailedException", "The conditional request failed"));
    assert_eq!(failed.item.unwrap().to_json(), r#"{"id":{"S":"1"},"v":{"N":"7"}}"#);
    let cancelled = refused(
        &tables,
        Operation::TransactWriteItems,
        r#"{"TransactItems":[{"Put":{"TableName":"table","Item":{"id":{"S":"2"}}}},
            {"Put":{"TableName":"table","Item":{"id":{"S":"1"}},"ConditionExpression":"attribute_not_exists(id)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}}]}"#,
    )
    .await;
    assert_eq!(&*cancelled.code, "TransactionCanceledException");
    let reasons: Vec<_> = cancelled.cancellation_reasons.iter().map(|reason| (&*reason.code, reason.item.is_some())).collect();
    assert_eq!(reasons, [("None", false), ("ConditionalCheckFailed", true)]);
    assert_eq!(ok(&tables, Operation::GetItem, r#"{"TableName":"table","Key":{"id":{"S":"2"}}}"#).await.to_json(), "{}");
}

#[tokio::test]
async fn transactions_are_idempotent() {
    let tables = tables().await;
    let request = |value: &str| {
        format!(
            r##"{{"ClientRequestToken":"token","TransactItems":[{{"Update":{{"TableName":"table","Key":{{"id":{{"S":"1"}}}},
            "UpdateExpression":"ADD n {value}","ExpressionAttributeValues":{{":one":{{"N":"1"}}}}}}}}]}}"##
        )
    };
    for _ in 0..3 {
        ok(&tables, Operation::TransactWriteItems, &request(":one")).await;
    }
    let read = ok(&tables, Operation::GetItem, r#"{"TableName":"table","Key":{"id":{"S":"1"}}}"#).await;
    assert_eq!(read.at(&["Item", "n", "N"]).as_str(), Some("1"));
    let other = refused(&tables, Operation::TransactWriteItems, &request("  :one")).await;
    assert_eq!(&*other.code, "IdempotentParameterMismatchException");
}

fn nested(kind: &str, levels: usize) -> Value {
    let mut value = value!({"S": "x"});
    for _ in 0..levels {
        let inside = if kind == "L" { Value::from(vec![value]) } else { value!({"M": value}) };
        let mut object = Object::new();
        object.insert(kind, inside);
        value = object.into();
    }
    value
}

/// Whatever is sent, the answer is an answer: the process lives, and soon.
#[tokio::test]
async fn hostile_input_gets_an_answer() {
    let tables = tables().await;
    let names = ["ConditionExpression", "FilterExpression", "KeyConditionExpression", "ProjectionExpression", "UpdateExpression"];
    let conditions = [
        "(".repeat(4_096),
        format!("{}a = :a{}", "(".repeat(2_040), ")".repeat(2_040)),
        format!("{}a = :a{}", "(".repeat(300), ")".repeat(300)),
        format!("{}a = :a", "NOT ".repeat(1_000)),
        format!("{}a = :a", "NOT ".repeat(2_000)),
        format!("{}a = :a", "NOT ".repeat(299)),
        format!("{}a = :a{}", "NOT (".repeat(299), ")".repeat(299)),
        vec!["a = :a"; 150].join(" OR "),
        vec!["a = :a"; 150].join(" AND "),
        format!("a{} = :a", "[0]".repeat(1_300)),
        format!("a{} = :a", ".b".repeat(2_000)),
        format!("a{} = :a", ".b".repeat(31)),
        format!("SET a = {}:a{}", "if_not_exists(a, ".repeat(230), ")".repeat(230)),
        format!("SET a = {}:a{}", "list_append(:a, ".repeat(240), ")".repeat(240)),
        format!("SET a{} = :a", "[0]".repeat(1_300)),
        format!("a IN ({})", vec![":a"; 1_300].join(",")),
        format!("{}a{} = :a", "size(".repeat(280), ")".repeat(280)),
        vec!["a[1]"; 800].join(","),
        "a,".repeat(2_000),
        "#".repeat(4_000),
        "\u{1F600}".repeat(1_000),
        "x".repeat(1 << 20),
    ];
    for name in names {
        for text in &conditions {
            let (operation, mut request) = match name {
                "FilterExpression" => (Operation::Scan, json(r#"{"TableName":"table"}"#)),
                "KeyConditionExpression" => (Operation::Query, json(r#"{"TableName":"table"}"#)),
                "ProjectionExpression" => (Operation::GetItem, json(r#"{"TableName":"table","Key":{"id":{"S":"1"}}}"#)),
                "UpdateExpression" => (Operation::UpdateItem, json(r#"{"TableName":"table","Key":{"id":{"S":"1"}}}"#)),
                _ => (Operation::PutItem, json(r#"{"TableName":"table","Item":{"id":{"S":"1"}}}"#)),
            };
            let object = request.as_object_mut().unwrap();
            object.insert(name, text.as_str());
            if operation != Operation::GetItem {
                object.insert("ExpressionAttributeValues", json(r#"{":a":{"S":"a"}}"#));
            }
            let answer = call(&tables, operation, &request).await;
            if text.len() > 4_096 {
                let message = answer.unwrap_err().message;
                assert!(message.contains("Expression size has exceeded the maximum allowed size;"), "{name}: {message}");
            }
        }
    }
    for levels in [31, 32, 33, 34, 60, 95] {
        for kind in ["L", "M"] {
            let deep = nested(kind, levels);
            for (operation, request) in [
                (Operation::PutItem, value!({"TableName": "table", "Item": {"id": {"S": "1"}, "a": (deep.clone())}})),
                (Operation::GetItem, value!({"TableName": "table", "Key": {"id": (deep.clone())}})),
                (Operation::DeleteItem, value!({"TableName": "table", "Key": {"id": (deep.clone())}})),
                (
                    Operation::UpdateItem,
                    value!({"TableName": "table", "Key": {"id": {"S": "1"}}, "UpdateExpression": "SET a = :a",
                    "ExpressionAttributeValues": {":a": (deep.clone())}}),
                ),
                (
                    Operation::UpdateItem,
                    value!({"TableName": "table", "Key": {"id": {"S": "1"}},
                    "AttributeUpdates": {"a": {"Action": "PUT", "Value": (deep.clone())}}}),
                ),
                (
                    Operation::PutItem,
                    value!({"TableName": "table", "Item": {"id": {"S": "1"}}, "Expected": {"a": {"Value": (deep.clone())}}}),
                ),
                (Operation::Scan, value!({"TableName": "table", "ExclusiveStartKey": {"id": (deep.clone())}})),
                (
                    Operation::Query,
                    value!({"TableName": "table", "KeyConditions": {"id": {"ComparisonOperator": "EQ",
                    "AttributeValueList": [(deep.clone())]}}}),
                ),
                (
                    Operation::BatchWriteItem,
                    value!({"RequestItems": {"table": [{"PutRequest": {"Item": {"id": {"S": "1"}, "a": (deep.clone())}}}]}}),
                ),
                (
                    Operation::TransactWriteItems,
                    value!({"TransactItems": [{"Put": {"TableName": "table", "Item": {"id": {"S": "1"}, "a": (deep.clone())}}}]}),
                ),
                (
                    Operation::ExecuteStatement,
                    value!({"Statement": "INSERT INTO \"table\" VALUE {'id':'p','a':?}", "Parameters": [(deep.clone())]}),
                ),
            ] {
                let answer = call(&tables, operation, &request).await;
                if levels > 33 {
                    let refused = answer.unwrap_err();
                    assert_eq!(&*refused.code, "ValidationException");
                    assert!(
                        refused.message.contains("Nesting Levels have exceeded supported limits"),
                        "{operation:?} {levels}: {refused}"
                    );
                }
            }
        }
    }
    for (open, close) in [("(", ")"), ("[", "]"), ("{'a':", "}"), ("<<", ">>"), ("NOT ", ""), ("-", "")] {
        for times in [20, 60, 290, 1_000, 4_000] {
            for statement in [
                format!("SELECT * FROM \"table\" WHERE id = {}1{}", open.repeat(times), close.repeat(times)),
                format!("SELECT * FROM \"table\" WHERE {}id = 'a'{}", open.repeat(times), close.repeat(times)),
                format!("INSERT INTO \"table\" VALUE {{'id':'a','b':{}1{}}}", open.repeat(times), close.repeat(times)),
                format!("UPDATE \"table\" SET a{} = 1 WHERE id = 'a'", "[0]".repeat(times)),
            ] {
                let _ = call(&tables, Operation::ExecuteStatement, &value!({"Statement": statement})).await;
            }
        }
    }
    let big = value!({"TableName": "table", "Item": {"id": {"S": "1"}, "a": {"S": ("x".repeat(15 << 20))}}});
    assert!(call(&tables, Operation::PutItem, &big).await.unwrap_err().message.contains("Item size has exceeded"));
    let big = value!({"TableName": "table", "Item": {"id": {"S": "1"}, "a": {"S": ("x".repeat(17 << 20))}}});
    assert_eq!(call(&tables, Operation::PutItem, &big).await.unwrap_err().status, 413);
    assert_eq!(ok(&tables, Operation::ListTables, "{}").await.to_json(), r#"{"TableNames":["table"]}"#);
}

#[tokio::test]
async fn expired_items_are_deleted_with_their_index_entries() {
    let tables = tables().await;
    ok(
        &tables,
        Operation::UpdateTimeToLive,
        r#"{"TableName":"table","TimeToLiveSpecification":{"AttributeName":"ttl","Enabled":true}}"#,
    )
    .await;
    ok(
        &tables,
        Operation::UpdateTable,
        r#"{"TableName":"table","StreamSpecification":{"StreamEnabled":true,"StreamViewType":"OLD_IMAGE"}}"#,
    )
    .await;
    for number in 0..100 {
        let ttl = if number % 2 == 0 { "1000" } else { "99999999999" };
        ok(
            &tables,
            Operation::PutItem,
            &format!(r#"{{"TableName":"table","Item":{{"id":{{"S":"{number}"}},"g":{{"S":"g"}},"r":{{"S":"{number}"}},"ttl":{{"N":"{ttl}"}}}}}}"#),
        )
        .await;
    }
    assert_eq!(tables.expire().await.unwrap(), 50);
    assert_eq!(tables.expire().await.unwrap(), 0);
    let count = |request: &'static str, operation| {
        let tables = tables.clone();
        async move { ok(&tables, operation, request).await.at(&["Count"]).as_i64() }
    };
    assert_eq!(count(r#"{"TableName":"table"}"#, Operation::Scan).await, Some(50));
    let by_index = r#"{"TableName":"table","IndexName":"by-g","KeyConditionExpression":"g = :g","ExpressionAttributeValues":{":g":{"S":"g"}}}"#;
    assert_eq!(count(by_index, Operation::Query).await, Some(50));
    let streams = ok(&tables, Operation::ListStreams, r#"{"TableName":"table"}"#).await;
    let arn = streams.at(&["Streams"]).as_list().unwrap()[0].at(&["StreamArn"]).to_json();
    let shards = ok(&tables, Operation::DescribeStream, &format!(r#"{{"StreamArn":{arn}}}"#)).await;
    let shard = shards.at(&["StreamDescription", "Shards"]).as_list().unwrap()[0].at(&["ShardId"]).to_json();
    let iterator = ok(
        &tables,
        Operation::GetShardIterator,
        &format!(r#"{{"StreamArn":{arn},"ShardId":{shard},"ShardIteratorType":"TRIM_HORIZON"}}"#),
    )
    .await;
    let records = ok(&tables, Operation::GetRecords, &iterator.to_json()).await;
    let removed =
        records.at(&["Records"]).as_list().unwrap().iter().filter(|record| record.at(&["eventName"]).as_str() == Some("REMOVE"));
    let service = value!({"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"});
    let by_service = removed.filter(|record| record.at(&["userIdentity"]) == &service).count();
    assert_eq!(by_service, 50);
}

#[tokio::test]
async fn files_survive_their_handle_and_belong_to_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tables.db");
    for (durability, id) in [(Durability::Process, "1"), (Durability::Disk, "2")] {
        let tables = Embedded::open(&path, durability).unwrap();
        if id == "1" {
            ok(&tables, Operation::CreateTable, TABLE).await;
        }
        ok(&tables, Operation::PutItem, &format!(r#"{{"TableName":"table","Item":{{"id":{{"S":"{id}"}}}}}}"#)).await;
        let second = Embedded::open(&path, durability).expect_err("in use");
        assert!(matches!(second, OpenError::InUse(_)), "{second}");
        assert!(second.to_string().contains("in use by another process"), "{second}");
        drop(tables);
        assert!(!folder.path().join("tables.db-wal").exists(), "the last handle leaves no log");
    }
    let tables = Embedded::open(&path, Durability::Process).unwrap();
    assert_eq!(ok(&tables, Operation::Scan, r#"{"TableName":"table"}"#).await.at(&["Count"]).as_i64(), Some(2));
    std::fs::write(folder.path().join("other.db"), vec![7; 4096]).unwrap();
    let other = Embedded::open(&folder.path().join("other.db"), Durability::Process).expect_err("no database");
    assert!(matches!(other, OpenError::Damaged), "{other}");
}

#[tokio::test]
async fn memory_writes_no_files_and_is_its_own() {
    let (one, other) = (tables().await, Embedded::memory().unwrap());
    ok(&one, Operation::PutItem, r#"{"TableName":"table","Item":{"id":{"S":"1"}}}"#).await;
    assert_eq!(ok(&other, Operation::ListTables, "{}").await.to_json(), r#"{"TableNames":[]}"#);
    let names = std::fs::read_dir(".").unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // What the tables in memory are called.
    assert_eq!(names.filter(|name| name.contains("syncgate-")).collect::<Vec<_>>(), [""; 0]);
}

#[tokio::test]
async fn writes_at_the_same_time_are_all_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tables.db");
    let tables = Embedded::open(&path, Durability::Disk).unwrap();
    ok(&tables, Operation::CreateTable, TABLE).await;
    let mut waiting = Vec::new();
    for number in 0..200 {
        let tables = tables.clone();
        waiting.push(tokio::spawn(async move {
            ok(&tables, Operation::PutItem, &format!(r#"{{"TableName":"table","Item":{{"id":{{"S":"{number}"}}}}}}"#)).await
        }));
    }
    drop(tables);
    for task in waiting {
        task.await.unwrap();
    }
    let tables = Embedded::open(&path, Durability::Process).unwrap();
    assert_eq!(ok(&tables, Operation::Scan, r#"{"TableName":"table"}"#).await.at(&["Count"]).as_i64(), Some(200));
}

async fn seeded() -> Embedded {
    let tables = tables().await;
    ok(
        &tables,
        Operation::PutItem,
        r#"{"TableName":"table","Item":{"id":{"S":"1"},"g":{"S":"g"},"a":{"S":"a"},"b":{"S":"b"},
            "l":{"L":[{"S":"zero"},{"S":"one"},{"S":"two"},{"S":"three"}]},"m":{"M":{"x":{"L":[{"N":"1"},{"N":"2"}]},"y":{"S":"y"}}}}}"#,
    )
    .await;
    tables
}

#[tokio::test]
async fn projections_return_what_they_name_and_no_more() {
    let tables = seeded().await;
    let get =
        |projection: &str| format!(r#"{{"TableName":"table","Key":{{"id":{{"S":"1"}}}},"ProjectionExpression":"{projection}"}}"#);
    for (projection, expected) in [
        ("a", r#"{"a":{"S":"a"}}"#),
        ("a, id", r#"{"a":{"S":"a"},"id":{"S":"1"}}"#),
        ("m.y", r#"{"m":{"M":{"y":{"S":"y"}}}}"#),
        ("l[1],l[3]", r#"{"l":{"L":[{"S":"one"},{"S":"three"}]}}"#),
    ] {
        let one = ok(&tables, Operation::GetItem, &get(projection)).await;
        assert_eq!(one.at(&["Item"]).to_json(), expected, "GetItem {projection}");
        let transaction = format!(r#"{{"TransactItems":[{{"Get":{}}}]}}"#, get(projection));
        let read = ok(&tables, Operation::TransactGetItems, &transaction).await;
        assert_eq!(
            read.at(&["Responses"]).as_list().unwrap()[0].at(&["Item"]).to_json(),
            expected,
            "TransactGetItems {projection}"
        );
        let batch =
            format!(r#"{{"RequestItems":{{"table":{{"Keys":[{{"id":{{"S":"1"}}}}],"ProjectionExpression":"{projection}"}}}}}}"#);
        let read = ok(&tables, Operation::BatchGetItem, &batch).await;
        assert_eq!(read.at(&["Responses", "table"]).as_list().unwrap()[0].to_json(), expected, "BatchGetItem {projection}");
        let scan = format!(r#"{{"TableName":"table","ProjectionExpression":"{projection}"}}"#);
        let read = ok(&tables, Operation::Scan, &scan).await;
        assert_eq!(read.at(&["Items"]).as_list().unwrap()[0].to_json(), expected, "Scan {projection}");
        let query = format!(
            r#"{{"TableName":"table","KeyConditionExpression":"id = :id","ExpressionAttributeValues":{{":id":{{"S":"1"}}}},"ProjectionExpression":"{projection}"}}"#
        );
        let read = ok(&tables, Operation::Query, &query).await;
        assert_eq!(read.at(&["Items"]).as_list().unwrap()[0].to_json(), expected, "Query {projection}");
    }
    let named = r##"{"TransactItems":[{"Get":{"TableName":"table","Key":{"id":{"S":"1"}},"ProjectionExpression":"#a, #m.#y",
        "ExpressionAttributeNames":{"#a":"a","#m":"m","#y":"y"}}},{"Get":{"TableName":"table","Key":{"id":{"S":"none"}},"ProjectionExpression":"a"}}]}"##;
    let read = ok(&tables, Operation::TransactGetItems, named).await;
    assert_eq!(read.at(&["Responses"]).to_json(), r#"[{"Item":{"a":{"S":"a"},"m":{"M":{"y":{"S":"y"}}}}},{}]"#);
}

#[tokio::test]
async fn updated_attributes_are_those_of_the_paths() {
    for (update, returned, expected) in [
        ("SET l[1] = :v", "UPDATED_NEW", r#"{"l":{"L":[{"S":"v"}]}}"#),
        ("SET l[1] = :v", "UPDATED_OLD", r#"{"l":{"L":[{"S":"one"}]}}"#),
        ("SET l[3] = :v, l[0] = :v", "UPDATED_OLD", r#"{"l":{"L":[{"S":"zero"},{"S":"three"}]}}"#),
        ("SET m.x[1] = :v", "UPDATED_NEW", r#"{"m":{"M":{"x":{"L":[{"S":"v"}]}}}}"#),
        ("SET m.x[1] = :v, m.y = :v", "UPDATED_OLD", r#"{"m":{"M":{"x":{"L":[{"N":"2"}]},"y":{"S":"y"}}}}"#),
        ("SET #l[2] = if_not_exists(l[9], :v), a = :v", "UPDATED_NEW", r#"{"a":{"S":"v"},"l":{"L":[{"S":"v"}]}}"#),
        ("REMOVE l[0] SET a = :v", "UPDATED_OLD", r#"{"a":{"S":"a"},"l":{"L":[{"S":"zero"}]}}"#),
        ("SET a = :v REMOVE b", "UPDATED_NEW", r#"{"a":{"S":"v"}}"#),
        ("SET m.y = :v", "UPDATED_NEW", r#"{"m":{"M":{"y":{"S":"v"}}}}"#),
        ("SET l[1] = :v", "NONE", "null"),
    ] {
        let tables = seeded().await;
        let names = if update.contains('#') { r##","ExpressionAttributeNames":{"#l":"l"}"## } else { "" };
        let request = format!(
            r#"{{"TableName":"table","Key":{{"id":{{"S":"1"}}}},"UpdateExpression":"{update}","ReturnValues":"{returned}",
                "ExpressionAttributeValues":{{":v":{{"S":"v"}}}}{names}}}"#
        );
        let answer = ok(&tables, Operation::UpdateItem, &request).await;
        assert_eq!(answer.at(&["Attributes"]).to_json(), expected, "{update} {returned}");
    }
}

#[tokio::test]
async fn function_names_are_case_sensitive() {
    let tables = seeded().await;
    let update = |expression: &str| {
        format!(
            r#"{{"TableName":"table","Key":{{"id":{{"S":"1"}}}},"UpdateExpression":"{expression}","ExpressionAttributeValues":{{":v":{{"L":[{{"S":"v"}}]}}}}}}"#
        )
    };
    for (expression, name) in [
        ("SET l = LIST_APPEND(l, :v)", "LIST_APPEND"),
        ("SET l = List_Append (l, :v)", "List_Append"),
        ("SET l = IF_NOT_EXISTS(l, :v)", "IF_NOT_EXISTS"),
        ("SET l = list_append(If_not_exists(l, :v), :v)", "If_not_exists"),
    ] {
        let refused = refused(&tables, Operation::UpdateItem, &update(expression)).await;
        assert_eq!(refused.message, format!("Invalid UpdateExpression: Invalid function name; function: {name}"), "{expression}");
        let transaction = format!(r#"{{"TransactItems":[{{"Update":{}}}]}}"#, update(expression));
        let refused = self::refused(&tables, Operation::TransactWriteItems, &transaction).await;
        assert!(refused.message.contains(&format!("Invalid function name; function: {name}")), "{refused}");
    }
    for (name, call) in [
        ("ATTRIBUTE_EXISTS", "ATTRIBUTE_EXISTS(a)"),
        ("Attribute_Not_Exists", "Attribute_Not_Exists(a)"),
        ("BEGINS_WITH", "BEGINS_WITH(a, :v)"),
        ("Contains", "Contains(a, :v)"),
        ("ATTRIBUTE_TYPE", "ATTRIBUTE_TYPE(a, :v)"),
        ("SIZE", "SIZE(a) = :v"),
    ] {
        for (operation, place) in [(Operation::Scan, "FilterExpression"), (Operation::PutItem, "ConditionExpression")] {
            let values = if call.contains(":v") { r#","ExpressionAttributeValues":{":v":{"S":"S"}}"# } else { "" };
            let item = if operation == Operation::PutItem { r#","Item":{"id":{"S":"1"}}"# } else { "" };
            let refused =
                refused(&tables, operation, &format!(r#"{{"TableName":"table"{item},"{place}":"{call}"{values}}}"#)).await;
            let message = refused.message.strip_prefix("1 validation error detected: ").unwrap_or(&refused.message);
            assert_eq!(message, format!("Invalid {place}: Invalid function name; function: {name}"));
        }
    }
    // Keywords are not.
    ok(&tables, Operation::UpdateItem, &update("set l = list_append(l, :v)")).await;
    // A quoted name is none, and neither is a keyword before a bracket.
    ok(
        &tables,
        Operation::Scan,
        r#"{"TableName":"table","FilterExpression":"NOT (a = :v) AND (b IN (:v))","ExpressionAttributeValues":{":v":{"S":"S"}}}"#,
    )
    .await;
}

#[tokio::test]
async fn keys_of_indexes_are_bounded_like_keys() {
    let tables = tables().await;
    let put = |g: usize, r: usize| {
        format!(
            r#"{{"TableName":"table","Item":{{"id":{{"S":"1"}},"g":{{"S":"{}"}},"r":{{"S":"{}"}}}}}}"#,
            "g".repeat(g),
            "r".repeat(r)
        )
    };
    let update = |g: usize| {
        format!(
            r#"{{"TableName":"table","Key":{{"id":{{"S":"1"}}}},"UpdateExpression":"SET g = :g, r = :g","ExpressionAttributeValues":{{":g":{{"S":"{}"}}}}}}"#,
            "g".repeat(g)
        )
    };
    ok(&tables, Operation::PutItem, &put(2_048, 1_024)).await;
    for (g, r) in [(2_049, 1), (1, 1_025)] {
        let refused = refused(&tables, Operation::PutItem, &put(g, r)).await;
        assert_eq!(&*refused.code, "ValidationException");
        assert!(refused.message.contains("size limit") || refused.message.contains("maximum size"), "{refused}");
        let batch =
            format!(r#"{{"RequestItems":{{"table":[{{"PutRequest":{}}}]}}}}"#, put(g, r).replace(r#""TableName":"table","#, ""));
        let refused = self::refused(&tables, Operation::BatchWriteItem, &batch).await;
        assert_eq!(&*refused.code, "ValidationException");
    }
    let refused = refused(&tables, Operation::UpdateItem, &update(1_025)).await;
    assert_eq!(&*refused.code, "ValidationException");
    ok(&tables, Operation::UpdateItem, &update(1_024)).await;
}

#[tokio::test]
async fn names_of_attributes_are_bounded() {
    let tables = tables().await;
    let create = |name: &str| {
        format!(
            r#"{{"TableName":"other","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{{"AttributeName":"{name}","AttributeType":"S"}}],
                "KeySchema":[{{"AttributeName":"{name}","KeyType":"HASH"}}]}}"#
        )
    };
    let refused = refused(&tables, Operation::CreateTable, &create(&"k".repeat(256))).await;
    assert_eq!(&*refused.code, "ValidationException");
    let put =
        |length: usize| format!(r#"{{"TableName":"table","Item":{{"id":{{"S":"1"}},"{}":{{"S":"x"}}}}}}"#, "n".repeat(length));
    ok(&tables, Operation::PutItem, &put(65_535)).await;
    let refused = self::refused(&tables, Operation::PutItem, &put(65_536)).await;
    assert_eq!(&*refused.code, "ValidationException", "{refused}");
    let update = |length: usize| {
        format!(
            r##"{{"TableName":"table","Key":{{"id":{{"S":"1"}}}},"UpdateExpression":"SET #n = :n","ExpressionAttributeNames":{{"#n":"{}"}},
                "ExpressionAttributeValues":{{":n":{{"S":"x"}}}}}}"##,
            "n".repeat(length)
        )
    };
    let refused = self::refused(&tables, Operation::UpdateItem, &update(65_536)).await;
    assert_eq!(&*refused.code, "ValidationException", "{refused}");
}

#[tokio::test]
async fn updates_that_only_remove_create_no_item() {
    for (update, values, created) in [
        ("REMOVE a", "", false),
        ("DELETE s :s", r#","ExpressionAttributeValues":{":s":{"SS":["x"]}}"#, false),
        ("SET a = :s", r#","ExpressionAttributeValues":{":s":{"SS":["x"]}}"#, true),
        ("ADD s :s", r#","ExpressionAttributeValues":{":s":{"SS":["x"]}}"#, true),
    ] {
        let tables = tables().await;
        let request = format!(r#"{{"TableName":"table","Key":{{"id":{{"S":"1"}}}},"UpdateExpression":"{update}"{values}}}"#);
        ok(&tables, Operation::UpdateItem, &request).await;
        let count = ok(&tables, Operation::Scan, r#"{"TableName":"table"}"#).await.at(&["Count"]).as_i64();
        assert_eq!(count, Some(i64::from(created)), "{update}");
    }
    let tables = tables().await;
    ok(&tables, Operation::UpdateItem, r#"{"TableName":"table","Key":{"id":{"S":"1"}}}"#).await;
    assert_eq!(ok(&tables, Operation::Scan, r#"{"TableName":"table"}"#).await.at(&["Count"]).as_i64(), Some(1));
}

#[tokio::test]
async fn a_segment_refuses_the_start_key_of_another() {
    let tables = tables().await;
    for number in 0..40 {
        ok(&tables, Operation::PutItem, &format!(r#"{{"TableName":"table","Item":{{"id":{{"S":"{number}"}}}}}}"#)).await;
    }
    let page = ok(&tables, Operation::Scan, r#"{"TableName":"table","TotalSegments":2,"Segment":0,"Limit":1}"#).await;
    let key = page.at(&["LastEvaluatedKey"]).to_json();
    let next =
        |segment: u8| format!(r#"{{"TableName":"table","TotalSegments":2,"Segment":{segment},"ExclusiveStartKey":{key}}}"#);
    ok(&tables, Operation::Scan, &next(0)).await;
    let refused = refused(&tables, Operation::Scan, &next(1)).await;
    assert_eq!(
        refused.message,
        "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: 2 Segment: 1"
    );
}
