//! What comes in parts because it is large, and scans in segments.

use std::collections::BTreeSet;

use dynamodb::{Dynamodb, Operation};
use value::{Object, Value, value};

const ITEMS: usize = 50;

/// Puts 50 items of 350 KB and reads them in every way that has a limit of bytes.
pub(crate) async fn check(dynamodb: &dyn Dynamodb) {
    let all: BTreeSet<String> = (0..ITEMS).map(|id| format!("large-{id:02}")).collect();
    let text = "x".repeat(350 * 1024);
    for id in &all {
        call(
            dynamodb,
            Operation::PutItem,
            value!({"TableName": "items", "Item": {"id": {"S": (id.as_str())}, "x": {"S": (text.as_str())}}}),
        )
        .await;
    }

    // 17 MB are more than a batch answers at once, which is 16 MB, and at AWS no more than 1 MB of each partition; dynalite acts as a
    // table of one partition.
    let keys: Value = all.iter().map(|id| value!({"id": {"S": (id.as_str())}})).collect();
    let mut asked = value!({"items": {"Keys": keys}});
    let mut seen = BTreeSet::new();
    let mut answers = 0;
    while asked.at(&["items", "Keys"]).as_list().is_some_and(|keys| !keys.is_empty()) {
        let answer = call(dynamodb, Operation::BatchGetItem, value!({"RequestItems": (&asked)})).await;
        assert!(answer.to_json().len() < 17 * 1024 * 1024, "an answer of more than 16 MB");
        let fresh = ids(answer.at(&["Responses", "items"]));
        assert!(!fresh.is_empty() && seen.is_disjoint(&fresh), "an answer brings on: {fresh:?}");
        seen.extend(fresh);
        asked = answer.at(&["UnprocessedKeys"]).clone();
        answers += 1;
    }
    assert_eq!(seen, all);
    assert!((2..=ITEMS / 2).contains(&answers), "{answers} answers");

    // A page ends with the item that goes beyond 1 MB, at the latest.
    let (seen, pages) = scan(dynamodb, &value!({"TableName": "items"}), 1_500_000).await;
    assert_eq!(seen, all);
    assert!((ITEMS / 4..=ITEMS / 2 + 1).contains(&pages), "{pages} pages");

    // Segments have nothing in common and leave nothing out. The size before the projection counts.
    let mut seen = BTreeSet::new();
    for segment in 0..3_i64 {
        let request = value!({"TableName": "items", "ProjectionExpression": "id", "Segment": segment, "TotalSegments": 3});
        let (part, _) = scan(dynamodb, &request, 10_000).await;
        assert!(seen.is_disjoint(&part), "segment {segment}: {part:?}");
        seen.extend(part);
    }
    assert_eq!(seen, all);
}

/// All ids that a scan gives, and in how many pages.
async fn scan(dynamodb: &dyn Dynamodb, request: &Value, most: usize) -> (BTreeSet<String>, usize) {
    let mut request: Object = request.as_object().expect("an object").clone();
    let (mut seen, mut pages) = (BTreeSet::new(), 0);
    loop {
        let answer = call(dynamodb, Operation::Scan, request.clone().into()).await;
        assert!(answer.to_json().len() < most, "a page of more than {most} bytes");
        let fresh = ids(answer.at(&["Items"]));
        assert!(seen.is_disjoint(&fresh), "an item comes twice: {fresh:?}");
        seen.extend(fresh);
        pages += 1;
        match answer.get("LastEvaluatedKey") {
            Some(key) => request.insert("ExclusiveStartKey", key),
            None => return (seen, pages),
        };
    }
}

fn ids(items: &Value) -> BTreeSet<String> {
    let ids = items.as_list().unwrap_or_default().iter().map(|item| item.at(&["id", "S"]).as_str());
    ids.map(|id| id.expect("a text").to_owned()).collect()
}

async fn call(dynamodb: &dyn Dynamodb, operation: Operation, request: Value) -> Value {
    let response = dynamodb.call(operation, request).await;
    response.unwrap_or_else(|error| panic!("{}: {error}", operation.name())).body
}
