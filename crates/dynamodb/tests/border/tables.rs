//! What a table is told besides its items.

use dynamodb::Operation::{DescribeTimeToLive, ListTables, UpdateTimeToLive};

use super::{Case, case, gives, has};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case(
            "time to live is off at first",
            DescribeTimeToLive,
            r#"{"TableName":"items"}"#,
            gives(r#"{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}"#),
        ),
        case(
            "time to live is switched on",
            UpdateTimeToLive,
            r#"{"TableName":"items","TimeToLiveSpecification":{"AttributeName":"until","Enabled":true}}"#,
            gives(r#"{"TimeToLiveSpecification":{"AttributeName":"until","Enabled":true}}"#),
        ),
        case(
            "time to live is on then",
            DescribeTimeToLive,
            r#"{"TableName":"items"}"#,
            has(r#"{"TimeToLiveDescription":{"AttributeName":"until"}}"#),
        ),
        case("tables are listed by name", ListTables, "{}", gives(r#"{"TableNames":["items","orders"]}"#)),
        case(
            "tables are listed in pages",
            ListTables,
            r#"{"Limit":1}"#,
            gives(r#"{"TableNames":["items"],"LastEvaluatedTableName":"items"}"#),
        ),
    ]
}
