//! Items as they are: put, read, deleted; every type of attribute.

use dynamodb::Operation::{DeleteItem, DescribeTable, GetItem, PutItem};

use super::{Case, case, gives, has};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case(
            "an item of every type is put",
            PutItem,
            r#"{"TableName":"items","Item":{"id":{"S":"1"},"s":{"S":"é🦀"},"empty":{"S":""},"n":{"N":"-1.50"},"b":{"B":"AAEC/w=="},
                "t":{"BOOL":true},"nil":{"NULL":true},"l":{"L":[{"N":"1"},{"S":"x"},{"L":[]}]},"m":{"M":{"a":{"M":{"b":{"S":"c"}}}}},
                "ss":{"SS":["b","a"]},"ns":{"NS":["2","1.0"]},"bs":{"BS":["AQ==","Ag=="]}}}"#,
            gives("{}"),
        ),
        case(
            "an item comes back with its types, numbers in shortest form",
            GetItem,
            r#"{"TableName":"items","Key":{"id":{"S":"1"}},"ConsistentRead":true}"#,
            gives(
                r#"{"Item":{"id":{"S":"1"},"s":{"S":"é🦀"},"empty":{"S":""},"n":{"N":"-1.5"},"b":{"B":"AAEC/w=="},
                "t":{"BOOL":true},"nil":{"NULL":true},"l":{"L":[{"N":"1"},{"S":"x"},{"L":[]}]},"m":{"M":{"a":{"M":{"b":{"S":"c"}}}}},
                "ss":{"SS":["a","b"]},"ns":{"NS":["1","2"]},"bs":{"BS":["AQ==","Ag=="]}}}"#,
            ),
        ),
        case("an absent item is no item", GetItem, r#"{"TableName":"items","Key":{"id":{"S":"none"}}}"#, gives("{}")),
        case(
            "a projection takes nested places",
            GetItem,
            r##"{"TableName":"items","Key":{"id":{"S":"1"}},"ProjectionExpression":"m.a.b, l[1], #n, absent","ExpressionAttributeNames":{"#n":"n"}}"##,
            gives(r#"{"Item":{"m":{"M":{"a":{"M":{"b":{"S":"c"}}}}},"l":{"L":[{"S":"x"}]},"n":{"N":"-1.5"}}}"#),
        ),
        case(
            "numbers of 38 digits are put",
            PutItem,
            r#"{"TableName":"items","Item":{"id":{"S":"n"},"long":{"N":"12345678901234567890123456789012345678"},
                "fraction":{"N":"0.12345678901234567890123456789012345678"},"huge":{"N":"9.9999999999999999999999999999999999999E+125"},
                "tiny":{"N":"1e-130"},"zeros":{"N":"00100.500"},"negative":{"N":"-0"},"e":{"N":"1E2"}}}"#,
            gives("{}"),
        ),
        case(
            "numbers of 38 digits come back exactly",
            GetItem,
            r##"{"TableName":"items","Key":{"id":{"S":"n"}},"ProjectionExpression":"#l, #f, zeros, negative, e",
                "ExpressionAttributeNames":{"#l":"long","#f":"fraction"}}"##,
            gives(
                r#"{"Item":{"long":{"N":"12345678901234567890123456789012345678"},
                "fraction":{"N":"0.12345678901234567890123456789012345678"},"zeros":{"N":"100.5"},"negative":{"N":"0"},"e":{"N":"100"}}}"#,
            ),
        ),
        case(
            "numbers at the ends of the range come back written out",
            GetItem,
            r#"{"TableName":"items","Key":{"id":{"S":"n"}},"ProjectionExpression":"huge, tiny"}"#,
            gives(&format!(
                r#"{{"Item":{{"huge":{{"N":"{}{}"}},"tiny":{{"N":"0.{}1"}}}}}}"#,
                "9".repeat(38),
                "0".repeat(88),
                "0".repeat(129)
            )),
        ),
        case(
            "putting again gives the old item when asked",
            PutItem,
            r#"{"TableName":"items","Item":{"id":{"S":"n"},"v":{"N":"2"}},"ReturnValues":"NONE"}"#,
            gives("{}"),
        ),
        case(
            "putting over gives the old item",
            PutItem,
            r#"{"TableName":"items","Item":{"id":{"S":"n"},"v":{"N":"3"}},"ReturnValues":"ALL_OLD"}"#,
            gives(r#"{"Attributes":{"id":{"S":"n"},"v":{"N":"2"}}}"#),
        ),
        case(
            "putting anew has no old item to give",
            PutItem,
            r#"{"TableName":"items","Item":{"id":{"S":"new"}},"ReturnValues":"ALL_OLD"}"#,
            gives("{}"),
        ),
        case(
            "deleting gives the old item",
            DeleteItem,
            r#"{"TableName":"items","Key":{"id":{"S":"n"}},"ReturnValues":"ALL_OLD"}"#,
            gives(r#"{"Attributes":{"id":{"S":"n"},"v":{"N":"3"}}}"#),
        ),
        case(
            "deleting what is not there does nothing",
            DeleteItem,
            r#"{"TableName":"items","Key":{"id":{"S":"n"}},"ReturnValues":"ALL_OLD"}"#,
            gives("{}"),
        ),
        case("a deleted item is gone", GetItem, r#"{"TableName":"items","Key":{"id":{"S":"n"}}}"#, gives("{}")),
        case(
            "consumed capacity is told when asked",
            GetItem,
            r#"{"TableName":"items","Key":{"id":{"S":"new"}},"ConsistentRead":true,"ReturnConsumedCapacity":"TOTAL"}"#,
            has(r#"{"Item":{"id":{"S":"new"}},"ConsumedCapacity":{"TableName":"items","CapacityUnits":1.0}}"#),
        ),
        case(
            "a table is described",
            DescribeTable,
            r#"{"TableName":"orders"}"#,
            has(r#"{"Table":{"TableName":"orders","TableStatus":"ACTIVE",
                "KeySchema":[{"AttributeName":"customer","KeyType":"HASH"},{"AttributeName":"number","KeyType":"RANGE"}]}}"#),
        ),
    ]
}
