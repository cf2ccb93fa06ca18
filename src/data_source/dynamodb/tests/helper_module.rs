//! The requests that `@aws-appsync/utils/dynamodb` builds, from resolver code to the table.

use appsync_js::{CompileOptions, Entry, Handler, Limits, compile};
use appsync_utils::Session;

use super::*;

/// What the code's request function returns.
fn built(expression: &str) -> Value {
    let text = format!(
        "import {{ util }} from '@aws-appsync/utils';\nimport * as ddb from '@aws-appsync/utils/dynamodb';\n\
         export function request(ctx) {{\nreturn {expression};\n}}\nexport function response(ctx) {{ return ctx.result; }}"
    );
    let compiled = compile(Entry { path: "code.js", text: &text }, &|_| None, &CompileOptions::default());
    let module = compiled.module.unwrap_or_else(|| panic!("{expression}: {:?}", compiled.findings));
    let limits = Limits { deadline: Duration::from_secs(20), ..Limits::default() };
    let evaluation = module.evaluate(Handler::Request, &Object::new(), &mut Session::system(Value::Null), &limits);
    evaluation.unwrap_or_else(|fault| panic!("{expression}: {fault}")).value
}

#[tokio::test]
async fn every_function_is_executed() {
    let posts = source("posts").await;
    for (expression, expected) in [
        ("ddb.get({ key: { id: 'id' } })", "null"),
        ("ddb.put({ key: { id: 'abc' }, item: { value: 10 } })", r#"{"id":"abc","value":10}"#),
        (
            "ddb.put({ key: { id: 't' }, item: { age: 1, values: [0], o: { a: 1 }, l: [1, 2] } })",
            r#"{"id":"t","age":1,"values":[0],"o":{"a":1},"l":[1,2]}"#,
        ),
        (
            "ddb.update({ key: { id: 't' }, update: { age: ddb.operations.increment(10) } })",
            r#"{"id":"t","age":11,"values":[0],"o":{"a":1},"l":[1,2]}"#,
        ),
        (
            "ddb.update({ key: { id: 't' }, update: { age: ddb.operations.decrement(1) } })",
            r#"{"id":"t","age":10,"values":[0],"o":{"a":1},"l":[1,2]}"#,
        ),
        (
            "ddb.update({ key: { id: 't' }, update: { age: ddb.operations.add(7) } })",
            r#"{"id":"t","age":7,"values":[0],"o":{"a":1},"l":[1,2]}"#,
        ),
        (
            "ddb.update({ key: { id: 't' }, update: { values: ddb.operations.append([1, 2]) } })",
            r#"{"id":"t","age":7,"values":[0,1,2],"o":{"a":1},"l":[1,2]}"#,
        ),
        (
            "ddb.update({ key: { id: 't' }, update: { values: ddb.operations.prepend([9]) } })",
            r#"{"id":"t","age":7,"values":[9,0,1,2],"o":{"a":1},"l":[1,2]}"#,
        ),
        (
            "ddb.update({ key: { id: 't' }, update: { values: ddb.operations.replace({ a: 10 }) } })",
            r#"{"id":"t","age":7,"values":{"a":10},"o":{"a":1},"l":[1,2]}"#,
        ),
        (
            "ddb.update({ key: { id: 't' }, update: { values: ddb.operations.remove() } })",
            r#"{"id":"t","age":7,"o":{"a":1},"l":[1,2]}"#,
        ),
        (
            "ddb.update({ key: { id: 't' }, update: { l: [ddb.operations.updateListItem('x', 1)], o: { a: 2 } } })",
            r#"{"id":"t","age":7,"o":{"a":2},"l":[1,"x"]}"#,
        ),
        (
            "ddb.update({ key: { id: 't' }, update: { age: 1, o: ddb.operations.remove() }, condition: { age: { eq: 7 } } })",
            r#"{"id":"t","age":1,"l":[1,"x"]}"#,
        ),
        ("ddb.get({ key: { id: 't' }, consistentRead: true, projection: ['age', 'l'] })", r#"{"age":1,"l":[1,"x"]}"#),
        ("ddb.remove({ key: { id: 't' }, condition: { age: { attributeExists: true } } })", r#"{"id":"t","age":1,"l":[1,"x"]}"#),
        (
            "ddb.scan({ limit: 10, filter: { value: { ge: 10 } }, projection: ['value'] })",
            r#"{"items":[{"value":10}],"nextToken":null,"scannedCount":1}"#,
        ),
        (
            "ddb.query({ query: { id: { eq: 'abc' } }, filter: { value: { between: [1, 20] } }, projection: ['value', 'id'], limit: 5, scanIndexForward: false })",
            r#"{"items":[{"value":10,"id":"abc"}],"nextToken":null,"scannedCount":1}"#,
        ),
        (
            "ddb.batchPut({ tables: { posts: [{ id: '1', n: 1 }], authors: [{ id: 'a' }] } })",
            r#"{"data":{"posts":[{"id":"1","n":1}],"authors":[{"id":"a"}]},"unprocessedItems":{"posts":[],"authors":[]}}"#,
        ),
        (
            "ddb.batchGet({ tables: { posts: { keys: [{ id: '2' }, { id: '1' }], consistentRead: true, projection: ['n'] } } })",
            r#"{"data":{"posts":[null,{"n":1}]},"unprocessedKeys":{"posts":[]}}"#,
        ),
        (
            "ddb.batchDelete({ tables: { authors: [{ id: 'a' }] } })",
            r#"{"data":{"authors":[{"id":"a"}]},"unprocessedKeys":{"authors":[]}}"#,
        ),
        (
            "ddb.transactWrite({ items: [{ putItem: { table: 'posts', key: { id: '5' }, item: { n: 1 } } },\
             { updateItem: { table: 'posts', key: { id: '1' }, update: { n: ddb.operations.increment() }, condition: { n: { eq: 1 } } } },\
             { deleteItem: { table: 'authors', key: { id: 'a' } } },\
             { conditionCheck: { table: 'posts', key: { id: '9' }, condition: { id: { attributeExists: false } } } }] })",
            r#"{"keys":[{"id":"5"},{"id":"1"},{"id":"a"},{"id":"9"}],"cancellationReasons":null}"#,
        ),
        (
            "ddb.transactGet({ items: [{ table: 'posts', key: { id: '1' } }, { table: 'authors', key: { id: 'a' } }] })",
            r#"{"items":[{"id":"1","n":2},null],"cancellationReasons":null}"#,
        ),
    ] {
        let request = built(expression);
        let result = posts.invoke(request.clone(), &call()).await.unwrap_or_else(|error| panic!("{request}: {error}"));
        assert_eq!(result, json(expected), "{request}");
    }
    let sync = posts.invoke(built("ddb.sync({ limit: 1, filter: { n: { ge: 0 } } })"), &call()).await.expect("a page");
    assert_eq!(sync.at(&["scannedCount"]), &value!(1));
}

#[tokio::test]
async fn typed_values_of_the_utilities_are_understood() {
    let posts = source("posts").await;
    let put = "{ operation: 'PutItem', key: { id: util.dynamodb.toDynamoDB('1') }, attributeValues: {\
        ...util.dynamodb.toMapValues({ n: 1.5, z: null, l: [1, 'a', { b: true }] }), ss: util.dynamodb.toStringSet(['b', 'a']),\
        ns: util.dynamodb.toNumberSet([2, 1]), bs: util.dynamodb.toBinarySet(['QQ==']), b: util.dynamodb.toBinary('QQ=='),\
        nul: util.dynamodb.toNull(), f: util.dynamodb.toS3Object('k', 'b', 'r') } }";
    posts.invoke(built(put), &call()).await.expect("written");
    let item = posts.done(r#"{"operation":"GetItem","key":{"id":{"S":"1"}}}"#).await;
    for (name, expected) in [
        ("n", "1.5"),
        ("z", "null"),
        ("l", r#"[1,"a",{"b":true}]"#),
        ("ss", r#"["a","b"]"#),
        ("ns", "[1,2]"),
        ("bs", r#"["QQ=="]"#),
        ("b", r#""QQ==""#),
        ("nul", "null"),
        ("f", r#""{\"s3\":{\"key\":\"k\",\"bucket\":\"b\",\"region\":\"r\"}}""#),
    ] {
        assert_eq!(item.get(name), Some(&json(expected)), "{name}");
    }
}

/// Requests as AppSync's own helper module was seen to build them.
#[tokio::test]
async fn recorded_requests_are_executed() {
    let posts = source("posts").await;
    let people = value!({"TableName": "people", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "name", "AttributeType": "S"}],
        "GlobalSecondaryIndexes": [{"IndexName": "nameIndex", "Projection": {"ProjectionType": "ALL"},
            "KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}]}]});
    posts.service.call(Operation::CreateTable, people).await.expect("a table");
    let put = r#"{"operation":"PutItem","key":{"id":{"S":"test"}},"attributeValues":{"values":{"L":[]},"name":{"S":"test"},"shift":{"N":10}}}"#;
    let update = |expression: &str, value: &str| {
        format!(
            r##"{{"key":{{"id":{{"S":"test"}}}},"operation":"UpdateItem","update":{{"expression":"{expression}",
                "expressionNames":{{"#expName_1":"values"}},"expressionValues":{{":expValue_1":{value}}}}}}}"##
        )
    };
    posts.done(put).await;
    let appended = r#"{"L":[{"N":1},{"N":2},{"N":3}]}"#;
    for (request, values) in [
        (update("SET #expName_1 = list_append(#expName_1, :expValue_1)", appended), "[1,2,3]"),
        (update("SET #expName_1 = list_append(:expValue_1, #expName_1)", appended), "[1,2,3,1,2,3]"),
        (update("SET #expName_1 = :expValue_1", r#"{"M":{"a":{"N":10}}}"#), r#"{"a":10}"#),
        (update("SET #expName_1 = :expValue_1", r#"{"N":10}"#), "10"),
        (update("SET #expName_1 = #expName_1 - :expValue_1", r#"{"N":10}"#), "0"),
        (update("SET #expName_1 = #expName_1 + :expValue_1", r#"{"N":10}"#), "10"),
    ] {
        assert_eq!(posts.done(&request).await.get("values"), Some(&json(values)), "{request}");
    }
    check(
        &posts,
        &[
            (r#"{"key":{"id":{"S":"id"}},"operation":"GetItem"}"#, "null"),
            (
                r#"{"attributeValues":{"value":{"N":10}},"key":{"id":{"S":"abc"}},"operation":"PutItem"}"#,
                r#"{"id":"abc","value":10}"#,
            ),
            (r#"{"key":{"id":{"S":"test"}},"operation":"DeleteItem"}"#, r#"{"id":"test","values":10,"name":"test","shift":10}"#),
        ],
    )
    .await;
    let error = posts.refused(r#"{"limit":10,"nextToken":"abc","operation":"Scan"}"#).await;
    assert_eq!(error.error_type, "DynamoDB:UserIllegalArgumentException", "the recorded token is none");
    let people = posts.beside("people");
    people.done(put).await;
    check(
        &people,
        &[(
            r##"{"filter":{"expression":"#shift = :shift","expressionNames":{"#shift":"shift"},"expressionValues":{":shift":{"N":10}}},
                "index":"nameIndex","operation":"Query","query":{"expression":"#name = :name","expressionNames":{"#name":"name"},
                "expressionValues":{":name":{"S":"test"}}},"select":"ALL_ATTRIBUTES"}"##,
            r#"{"items":[{"id":"test","values":[],"name":"test","shift":10}],"nextToken":null,"scannedCount":1}"#,
        )],
    )
    .await;
}
