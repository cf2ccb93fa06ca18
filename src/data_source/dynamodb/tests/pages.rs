//! `Query`, `Scan` and `Sync`, and the tokens between their pages.

use super::*;

/// Ten readings of sensor `a`, two of `b`.
async fn readings() -> DynamodbDataSource {
    let readings = source("readings").await;
    for (sensor, count) in [("a", 10), ("b", 2)] {
        for at in 0..count {
            let kind = if at % 2 == 0 { "even" } else { "odd" };
            let put = value!({"operation": "PutItem", "key": {"sensor": {"S": sensor}, "at": {"N": at}},
                "attributeValues": {"kind": {"S": kind}, "value": {"N": (at * 10)}}});
            readings.invoke(put, &call()).await.expect("a reading");
        }
    }
    readings
}

const ALL_OF_A: &str = r#""query":{"expression":"sensor = :s","expressionValues":{":s":{"S":"a"}}}"#;

fn moments(result: &Value) -> Vec<i64> {
    result.at(&["items"]).as_list().unwrap_or_default().iter().filter_map(|item| item.at(&["at"]).as_i64()).collect()
}

#[tokio::test]
async fn queries_take_every_option() {
    let readings = readings().await;
    for (options, expected, scanned) in [
        (String::new(), (0..10).collect::<Vec<i64>>(), 10),
        (r#","scanIndexForward":false,"limit":3"#.into(), vec![9, 8, 7], 3),
        (r#","consistentRead":true,"limit":2.0,"nextToken":null,"filter":null"#.into(), vec![0, 1], 2),
        (
            r##","filter":{"expression":"#v >= :s","expressionNames":{"#v":"value"},"expressionValues":{":s":{"N":70}}}"##.into(),
            vec![7, 8, 9],
            10,
        ),
        (r#","select":"ALL_ATTRIBUTES","limit":1"#.into(), vec![0], 1),
        (
            r##","select":"SPECIFIC_ATTRIBUTES","limit":1,"projection":{"expression":"#a","expressionNames":{"#a":"at"}}"##
                .into(),
            vec![0],
            1,
        ),
    ] {
        let result = readings.done(&format!(r#"{{"version":"2018-05-29","operation":"Query",{ALL_OF_A}{options}}}"#)).await;
        assert_eq!((moments(&result), result.at(&["scannedCount"])), (expected, &value!(scanned)), "{options}");
    }
    check(
        &readings,
        &[(
            r##"{"operation":"Query","index":"by-kind","limit":10,"select":"ALL_PROJECTED_ATTRIBUTES","query":{"expression":"#k = :k AND #at > :at",
                "expressionNames":{"#k":"kind","#at":"at"},"expressionValues":{":k":{"S":"odd"},":at":{"N":6}}}}"##,
            r#"{"items":[{"kind":"odd","at":7,"sensor":"a"},{"kind":"odd","at":9,"sensor":"a"}],"nextToken":null,"scannedCount":2}"#,
        )],
    )
    .await;
}

#[tokio::test]
async fn scans_take_every_option() {
    let readings = readings().await;
    let all = readings.done(r#"{"version":"2017-02-28","operation":"Scan"}"#).await;
    assert_eq!((moments(&all).len(), all.at(&["nextToken"])), (12, &Value::Null));
    let mut seen = Vec::new();
    for segment in 0..3 {
        let result = readings.done(&format!(r#"{{"operation":"Scan","totalSegments":3,"segment":{segment}}}"#)).await;
        seen.extend(moments(&result));
    }
    assert_eq!(seen.len(), 12, "the segments are the table");
    let filtered = readings
        .done(r##"{"operation":"Scan","consistentRead":true,"filter":{"expression":"#at = :at","expressionNames":{"#at":"at"},"expressionValues":{":at":{"N":1}}},
            "projection":{"expression":"#at","expressionNames":{"#at":"value"}}}"##)
        .await;
    assert_eq!(filtered, json(r#"{"items":[{"value":10},{"value":10}],"nextToken":null,"scannedCount":12}"#));
    let index = readings.done(r#"{"operation":"Scan","index":"by-kind","limit":5}"#).await;
    assert_eq!(moments(&index).len(), 5);
}

/// All pages of a request, by its `nextToken`.
async fn pages(source: &DynamodbDataSource, request: &str) -> (Vec<Value>, Vec<String>) {
    let (mut pages, mut tokens) = (Vec::new(), Vec::new());
    let mut request = json(request);
    loop {
        let result = source.invoke(request.clone(), &call()).await.expect("a page");
        let token = result.at(&["nextToken"]).clone();
        pages.push(result);
        assert!(pages.len() < 20, "the pages do not end");
        let Some(text) = token.as_str() else { return (pages, tokens) };
        tokens.push(text.to_owned());
        request.as_object_mut().expect("an object").insert("nextToken", token);
    }
}

#[tokio::test]
async fn pages_continue_where_the_last_one_ended() {
    let readings = readings().await;
    for request in [
        format!(r#"{{"operation":"Query",{ALL_OF_A},"limit":4}}"#),
        format!(r#"{{"operation":"Query",{ALL_OF_A},"limit":4,"scanIndexForward":false}}"#),
        r#"{"operation":"Query","index":"by-kind","limit":2,"query":{"expression":"kind = :k","expressionValues":{":k":{"S":"even"}}}}"#.into(),
        r#"{"operation":"Scan","limit":5}"#.into(),
        r#"{"operation":"Scan","limit":2,"totalSegments":1,"segment":0}"#.into(),
        r#"{"operation":"Sync","limit":5}"#.into(),
    ] {
        let mut whole = json(&request);
        whole.as_object_mut().expect("an object").insert("limit", 100);
        let whole = readings.invoke(whole, &call()).await.expect("all items");
        let (pages, tokens) = pages(&readings, &request).await;
        assert!(!tokens.is_empty(), "{request}");
        let items: Vec<Value> = pages.iter().flat_map(|page| page.at(&["items"]).as_list().unwrap_or_default().to_vec()).collect();
        assert_eq!(Value::from(items), *whole.at(&["items"]), "{request}");
    }
}

#[tokio::test]
async fn a_token_works_only_where_it_was_given() {
    let readings = readings().await;
    let query = |rest: &str| json(&format!(r#"{{"operation":"Query",{ALL_OF_A}{rest}}}"#));
    let first = readings.invoke(query(r#","limit":2"#), &call()).await.expect("a page");
    let token = first.at(&["nextToken"]);
    // Another limit, direction or filter is the client's business.
    for rest in ["", r#","limit":5"#, r#","filter":{"expression":"attribute_exists(kind)"}"#] {
        let result = readings.invoke(with(query(rest), token), &call()).await.expect("the next page");
        assert_eq!(moments(&result)[0], 2, "{rest}");
    }
    let elsewhere = Call::new(&"Query".into(), &"others".into(), call().deadline);
    let other_api = DynamodbDataSource::new(Arc::clone(&readings.service), "readings".into(), tokens("other"));
    let other_table = readings.beside("posts");
    let posts_scan = json(r#"{"operation":"Scan"}"#);
    let forged = Value::from(token.as_str().unwrap_or_default().replace("\"a\"", "\"b\""));
    let index = json(
        r#"{"operation":"Query","index":"by-kind","query":{"expression":"kind = :k","expressionValues":{":k":{"S":"even"}}}}"#,
    );
    for (source, request, call, what) in [
        (&readings, with(query(""), &forged), &call(), "changed"),
        (&readings, with(query(""), &Value::from("abc")), &call(), "no token"),
        (&readings, with(query(""), &Value::from("")), &call(), "empty"),
        (&readings, with(query(""), token), &elsewhere, "another field"),
        (&other_api, with(query(""), token), &call(), "another API"),
        (&other_table, with(query(""), token), &call(), "another table"),
        (&readings, with(posts_scan, token), &call(), "another operation"),
        (&readings, with(index, token), &call(), "another index"),
    ] {
        let error = source.invoke(request, call).await.expect_err(what);
        assert_eq!(error.error_type, "DynamoDB:UserIllegalArgumentException", "{what}");
        assert!(error.message.ends_with("InvalidPaginationTokenException: Invalid pagination token given."), "{}", error.message);
    }
    let other_partition =
        json(r#"{"operation":"Query","query":{"expression":"sensor = :s","expressionValues":{":s":{"S":"b"}}}}"#);
    let error = readings.invoke(with(other_partition, token), &call()).await.expect_err("another partition");
    assert_eq!(error.error_type, "DynamoDB:DynamoDbException");
}

/// The request of the page that a token begins.
fn with(mut request: Value, token: &Value) -> Value {
    request.as_object_mut().expect("an object").insert("nextToken", token);
    request
}

#[tokio::test]
async fn a_token_belongs_to_its_segment() {
    let readings = readings().await;
    let scan = |rest: &str| json(&format!(r#"{{"operation":"Scan","limit":1{rest}}}"#));
    let segments = [r#","totalSegments":2,"segment":0"#, r#","totalSegments":2,"segment":1"#];
    let mut token = Value::Null;
    let mut of = 0;
    for (number, segment) in segments.iter().enumerate() {
        let page = readings.invoke(scan(segment), &call()).await.expect("a page");
        if !page.at(&["nextToken"]).is_null() {
            (token, of) = (page.at(&["nextToken"]).clone(), number);
        }
    }
    assert!(!token.is_null(), "one of the segments has more than a page");
    readings.invoke(with(scan(segments[of]), &token), &call()).await.expect("the next page");
    for elsewhere in [segments[1 - of], ""] {
        let error = readings.invoke(with(scan(elsewhere), &token), &call()).await.expect_err("another segment");
        assert_eq!(error.error_type, "DynamoDB:UserIllegalArgumentException", "{elsewhere}");
    }
}

#[tokio::test]
async fn sync_answers_from_the_base_table() {
    let readings = readings().await;
    let (pages, _) = pages(
        &readings,
        r##"{"version":"2018-05-29","operation":"Sync","limit":7,"lastSync":null,"basePartitionKey":"sensor","deltaIndexName":"i",
            "filter":{"expression":"#v > :v","expressionNames":{"#v":"value"},"expressionValues":{":v":{"N":20}}}}"##,
    )
    .await;
    assert_eq!(pages.iter().map(|page| moments(page).len()).sum::<usize>(), 7);
    let started: Vec<_> = pages.iter().map(|page| page.at(&["startedAt"]).as_i64()).collect();
    assert!(started[0].is_some_and(|moment| moment > 1_600_000_000_000));
    assert!(started.iter().all(|moment| *moment == started[0]), "{started:?}");
    assert_eq!(pages[0].at(&["scannedCount"]), &value!(7));
}
