//! Queries and scans: key conditions, filters, projections, pages, indexes.

use dynamodb::Operation::{PutItem, Query, Scan};

use super::{Case, case, gives, invalid};

/// Seven orders of one customer, one of another; stage, price and placed follow from the number.
fn order(customer: &str, number: i64) -> String {
    let stage = if number % 2 == 0 { "open" } else { "closed" };
    let price = number * 10;
    format!(
        r#"{{"customer":{{"S":"{customer}"}},"number":{{"N":"{number}"}},"stage":{{"S":"{stage}"}},"price":{{"N":"{price}"}},
            "placed":{{"S":"2026-01-0{}"}},"note":{{"S":"n{number}"}}}}"#,
        number.abs()
    )
}

fn numbers(numbers: &[i64]) -> String {
    let items: Vec<_> = numbers.iter().map(|number| format!(r#"{{"number":{{"N":"{number}"}}}}"#)).collect();
    format!(r#"{{"Items":[{}],"Count":{},"ScannedCount":{}}}"#, items.join(","), items.len(), items.len())
}

/// Key conditions on `number`, and which numbers of -1, 1, 2, 3, 4, 5, 9 they take.
const KEY_CONDITIONS: &[(&str, &str, &[i64])] = &[
    ("a partition comes in the order of numbers", "", &[-1, 1, 2, 3, 4, 5, 9]),
    ("a sort key is compared with =", " AND #n = :a", &[2]),
    ("a sort key is compared with <", " AND #n < :a", &[-1, 1]),
    ("a sort key is compared with <=", " AND #n <= :a", &[-1, 1, 2]),
    ("a sort key is compared with >", " AND #n > :a", &[3, 4, 5, 9]),
    ("a sort key is compared with >=", " AND #n >= :a", &[2, 3, 4, 5, 9]),
    ("a sort key is compared with BETWEEN", " AND #n BETWEEN :a AND :b", &[2, 3, 4]),
    ("a key condition may stand in parentheses", " AND (#n > :b)", &[5, 9]),
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, number) in
        ["-1", "1", "2", "3", "4", "5", "9"].map(|number| (Box::leak(format!("order {number} is put").into_boxed_str()), number))
    {
        let item = order("ann", number.parse().expect("a number"));
        cases.push(case(name, PutItem, &format!(r#"{{"TableName":"orders","Item":{item}}}"#), gives("{}")));
    }
    let other = order("bob", 1);
    cases.push(case(
        "the other customer's order is put",
        PutItem,
        &format!(r#"{{"TableName":"orders","Item":{other}}}"#),
        gives("{}"),
    ));

    for (name, condition, expected) in KEY_CONDITIONS {
        let mut values = r#"":c":{"S":"ann"}"#.to_owned();
        for (name, value) in [(":a", "2"), (":b", "4")] {
            if condition.contains(name) {
                values.push_str(&format!(r#","{name}":{{"N":"{value}"}}"#));
            }
        }
        cases.push(case(
            name,
            Query,
            &format!(
                r##"{{"TableName":"orders","KeyConditionExpression":"customer = :c{condition}","ProjectionExpression":"#n",
                    "ExpressionAttributeNames":{{"#n":"number"}},"ExpressionAttributeValues":{{{values}}}}}"##
            ),
            gives(&numbers(expected)),
        ));
    }

    let query = |name, rest: &str, expected| {
        let request = format!(
            r##"{{"TableName":"orders","KeyConditionExpression":"customer = :c","ExpressionAttributeNames":{{"#n":"number"}},
                "ProjectionExpression":"#n",{rest}}}"##
        );
        case(name, Query, &request, expected)
    };
    let ann = r#""ExpressionAttributeValues":{":c":{"S":"ann"}}"#;
    let key = |number: i64| format!(r#"{{"customer":{{"S":"ann"}},"number":{{"N":"{number}"}}}}"#);
    let page = |listed: &[i64], last: i64| numbers(listed).replacen('{', &format!(r#"{{"LastEvaluatedKey":{},"#, key(last)), 1);
    cases.extend([
        query("a query goes backwards", &format!(r#""ScanIndexForward":false,{ann}"#), gives(&numbers(&[9, 5, 4, 3, 2, 1, -1]))),
        query("a page ends with the key to go on from", &format!(r#""Limit":3,{ann}"#), gives(&page(&[-1, 1, 2], 2))),
        query(
            "the next page begins behind that key",
            &format!(r#""Limit":3,"ExclusiveStartKey":{},{ann}"#, key(2)),
            gives(&page(&[3, 4, 5], 5)),
        ),
        query(
            "the last page has no key",
            &format!(r#""Limit":3,"ExclusiveStartKey":{},{ann}"#, key(5)),
            gives(&numbers(&[9])),
        ),
        query(
            "a page that ends with the last item has a key all the same",
            &format!(r#""Limit":7,{ann}"#),
            gives(&page(&[-1, 1, 2, 3, 4, 5, 9], 9)),
        ),
        query(
            "a page backwards goes on backwards",
            &format!(r#""Limit":2,"ScanIndexForward":false,"ExclusiveStartKey":{},{ann}"#, key(4)),
            gives(&page(&[3, 2], 2)),
        ),
        query(
            "a filter takes out of what the limit let in",
            r#""Limit":4,"FilterExpression":"stage = :s AND price > :t",
                "ExpressionAttributeValues":{":c":{"S":"ann"},":s":{"S":"closed"},":t":{"N":"0"}}"#,
            gives(&format!(
                r#"{{"Items":[{{"number":{{"N":"1"}}}},{{"number":{{"N":"3"}}}}],"Count":2,"ScannedCount":4,"LastEvaluatedKey":{}}}"#,
                key(3)
            )),
        ),
        case(
            "COUNT gives numbers only",
            Query,
            &format!(r#"{{"TableName":"orders","KeyConditionExpression":"customer = :c","Select":"COUNT",{ann}}}"#),
            gives(r#"{"Count":7,"ScannedCount":7}"#),
        ),
        case(
            "an empty partition is empty",
            Query,
            r#"{"TableName":"orders","KeyConditionExpression":"customer = :c","ExpressionAttributeValues":{":c":{"S":"nobody"}}}"#,
            gives(r#"{"Items":[],"Count":0,"ScannedCount":0}"#),
        ),
        case(
            "a global index is queried in its own order",
            Query,
            r##"{"TableName":"orders","IndexName":"by_stage","KeyConditionExpression":":s = stage AND price < :t","ScanIndexForward":false,
                "ProjectionExpression":"customer, #n","ExpressionAttributeNames":{"#n":"number"},
                "ExpressionAttributeValues":{":s":{"S":"closed"},":t":{"N":"50"}},"Limit":1}"##,
            gives(
                r#"{"Items":[{"customer":{"S":"ann"},"number":{"N":"3"}}],"Count":1,"ScannedCount":1,
                "LastEvaluatedKey":{"stage":{"S":"closed"},"price":{"N":"30"},"customer":{"S":"ann"},"number":{"N":"3"}}}"#,
            ),
        ),
        case(
            "a global index goes on from a key with all its parts",
            Query,
            r##"{"TableName":"orders","IndexName":"by_stage","KeyConditionExpression":"stage = :s","Limit":1,
                "ExclusiveStartKey":{"stage":{"S":"open"},"price":{"N":"20"},"customer":{"S":"ann"},"number":{"N":"2"}},
                "ProjectionExpression":"#n","ExpressionAttributeNames":{"#n":"number"},"ExpressionAttributeValues":{":s":{"S":"open"}}}"##,
            gives(
                r#"{"Items":[{"number":{"N":"4"}}],"Count":1,"ScannedCount":1,
                "LastEvaluatedKey":{"stage":{"S":"open"},"price":{"N":"40"},"customer":{"S":"ann"},"number":{"N":"4"}}}"#,
            ),
        ),
        case(
            "an index of keys gives keys",
            Query,
            r#"{"TableName":"orders","IndexName":"keys_by_placed","KeyConditionExpression":"placed = :d","ExpressionAttributeValues":{":d":{"S":"2026-01-05"}}}"#,
            gives(
                r#"{"Items":[{"placed":{"S":"2026-01-05"},"customer":{"S":"ann"},"number":{"N":"5"}}],"Count":1,"ScannedCount":1}"#,
            ),
        ),
        case(
            "a local index gives what it includes, by the start of its sort key",
            Query,
            r#"{"TableName":"orders","IndexName":"by_placed","KeyConditionExpression":"customer = :c AND begins_with(placed, :d)",
                "ExpressionAttributeValues":{":c":{"S":"ann"},":d":{"S":"2026-01-09"}},"ConsistentRead":true}"#,
            gives(
                r#"{"Items":[{"placed":{"S":"2026-01-09"},"customer":{"S":"ann"},"number":{"N":"9"},"price":{"N":"90"}}],"Count":1,"ScannedCount":1}"#,
            ),
        ),
        case(
            "a local index fetches the rest from the table when asked",
            Query,
            r#"{"TableName":"orders","IndexName":"by_placed","KeyConditionExpression":"customer = :c AND placed > :d","Select":"ALL_ATTRIBUTES",
                "ExpressionAttributeValues":{":c":{"S":"ann"},":d":{"S":"2026-01-05"}}}"#,
            gives(&format!(r#"{{"Items":[{}],"Count":1,"ScannedCount":1}}"#, order("ann", 9))),
        ),
        case(
            "a scan takes everything",
            Scan,
            r#"{"TableName":"orders","Select":"COUNT"}"#,
            gives(r#"{"Count":8,"ScannedCount":8}"#),
        ),
        case(
            "a scan filters",
            Scan,
            r##"{"TableName":"orders","FilterExpression":"contains(note, :one) AND #n <> :minus","ProjectionExpression":"customer, #n",
                "ExpressionAttributeNames":{"#n":"number"},"ExpressionAttributeValues":{":one":{"S":"1"},":minus":{"N":"-1"}}}"##,
            gives(
                r#"{"Count":2,"ScannedCount":8,"Items":[{"customer":{"S":"ann"},"number":{"N":"1"}},{"customer":{"S":"bob"},"number":{"N":"1"}}]}"#,
            ),
        ),
        case(
            "a scan of an index sees what is in it",
            Scan,
            r#"{"TableName":"orders","IndexName":"by_stage","FilterExpression":"customer = :c","Select":"COUNT","ExpressionAttributeValues":{":c":{"S":"bob"}}}"#,
            gives(r#"{"Count":1,"ScannedCount":8}"#),
        ),
        query(
            "an unknown index is named",
            &format!(r#""IndexName":"nope",{ann}"#),
            invalid("The table does not have the specified index: nope"),
        ),
        case(
            "a global index is not read consistently",
            Query,
            r#"{"TableName":"orders","IndexName":"by_stage","KeyConditionExpression":"stage = :s","ConsistentRead":true,"ExpressionAttributeValues":{":s":{"S":"open"}}}"#,
            invalid("Consistent reads are not supported on global secondary indexes"),
        ),
        case(
            "a query wants the partition key",
            Query,
            r##"{"TableName":"orders","KeyConditionExpression":"#n = :a","ExpressionAttributeNames":{"#n":"number"},"ExpressionAttributeValues":{":a":{"N":"1"}}}"##,
            invalid("Query condition missed key schema element: customer"),
        ),
        case(
            "a partition key is equal or nothing",
            Query,
            r#"{"TableName":"orders","KeyConditionExpression":"customer > :c","ExpressionAttributeValues":{":c":{"S":"a"}}}"#,
            invalid("Query key condition not supported"),
        ),
        query(
            "a filter is not for keys",
            r#""FilterExpression":"customer = :c","ExpressionAttributeValues":{":c":{"S":"ann"}}"#,
            invalid("Filter Expression can only contain non-primary key attributes: Primary key attribute: customer"),
        ),
        query(
            "a limit is at least one",
            &format!(r#""Limit":0,{ann}"#),
            invalid(
                "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater \
                 than or equal to 1",
            ),
        ),
        case(
            "a segment is below the number of segments",
            Scan,
            r#"{"TableName":"orders","Segment":4,"TotalSegments":4}"#,
            invalid(
                "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 4 is not less than TotalSegments: 4",
            ),
        ),
    ]);
    cases
}
