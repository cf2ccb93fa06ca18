//! Where a server is known to answer otherwise than AWS, and why the cases are right.
//!
//! The cases follow the API reference and the developer guide of DynamoDB. Neither has the texts of errors: there the wording
//! decides that the service had for years and that dynalite's authors captured. In 2026 the service began to reword some of
//! them, in one region after the other.

use super::Server::{Dynalite, Embedded, Moto};
use super::{Expected, Server, gives, has, invalid, refuses};

/// The known other answer of `server` to the case of that name.
pub(crate) fn of(server: Server, name: &str) -> Option<Expected> {
    all().into_iter().find(|(known, case, _)| *known == server && *case == name).map(|(_, _, answer)| answer)
}

/// The cases that some server answers otherwise.
pub(crate) fn names() -> Vec<&'static str> {
    all().into_iter().map(|(_, case, _)| case).collect()
}

fn all() -> Vec<(Server, &'static str, Expected)> {
    let failed = || refuses("ConditionalCheckFailedException", "The conditional request failed");
    vec![
        // dynalite is older than ReturnValuesOnConditionCheckFailure of single operations (2023).
        (Dynalite, "a failed put shows the item when asked", failed()),
        (Dynalite, "a failed update leaves the item and shows it when asked", failed()),
        // AWS names the table.
        (Dynalite, "a table is made once", refuses("ResourceInUseException", "")),
        // The wording of reads was brought into line with that of writes when empty attributes became allowed (2020).
        (
            Dynalite,
            "a key is not empty",
            invalid(
                "One or more parameter values were invalid: The AttributeValue for a key attribute cannot contain an empty string \
                 value. Key: id",
            ),
        ),
        // The words of the parser it is made with.
        (
            Dynalite,
            "a condition is an expression",
            invalid(r##"Invalid ConditionExpression: Syntax error; Expected "#", "(", ":", "_", or [a-zA-Z] but "=" found."##),
        ),
        // moto keeps numbers as they were written. AWS normalizes them: leading and trailing zeros are trimmed (developer guide,
        // "Supported data types and naming rules").
        (
            Moto,
            "an item comes back with its types, numbers in shortest form",
            gives(
                r#"{"Item":{"id":{"S":"1"},"s":{"S":"é🦀"},"empty":{"S":""},"n":{"N":"-1.50"},"b":{"B":"AAEC/w=="},
                "t":{"BOOL":true},"nil":{"NULL":true},"l":{"L":[{"N":"1"},{"S":"x"},{"L":[]}]},"m":{"M":{"a":{"M":{"b":{"S":"c"}}}}},
                "ss":{"SS":["a","b"]},"ns":{"NS":["1.0","2"]},"bs":{"BS":["AQ==","Ag=="]}}}"#,
            ),
        ),
        (
            Moto,
            "a projection takes nested places",
            gives(r#"{"Item":{"m":{"M":{"a":{"M":{"b":{"S":"c"}}}}},"l":{"L":[{"S":"x"}]},"n":{"N":"-1.50"}}}"#),
        ),
        (
            Moto,
            "numbers of 38 digits come back exactly",
            gives(
                r#"{"Item":{"long":{"N":"12345678901234567890123456789012345678"},
                "fraction":{"N":"0.12345678901234567890123456789012345678"},"zeros":{"N":"100.500"},"negative":{"N":"-0"},"e":{"N":"1E+2"}}}"#,
            ),
        ),
        (
            Moto,
            "numbers at the ends of the range come back written out",
            gives(r#"{"Item":{"huge":{"N":"9.9999999999999999999999999999999999999E+125"},"tiny":{"N":"1E-130"}}}"#),
        ),
        // A strongly consistent read takes a whole unit.
        (Moto, "consumed capacity is told when asked", has(r#"{"ConsumedCapacity":{"TableName":"items","CapacityUnits":0.5}}"#)),
        // Members that were not asked for.
        (Moto, "a transaction puts, updates, deletes and checks", unasked()),
        (Moto, "a transaction with a token is done", unasked()),
        (Moto, "a transaction with the same token is done already", unasked()),
        // moto looks at no ClientRequestToken.
        (Moto, "and was done once", gives(r#"{"Item":{"id":{"S":"counter"},"n":{"N":"3"}}}"#)),
        (Moto, "a token is for one transaction", unasked()),
        (Moto, "a transaction is not empty", unasked()),
        // AWS cancels with the reason ValidationError (API reference of TransactWriteItems, "Cancellation reason codes").
        (
            Moto,
            "an update that cannot be done cancels",
            invalid("The provided expression refers to an attribute that does not exist in the item"),
        ),
        // Only what the projection names is given (API reference of Get).
        (Moto, "a transaction's projection leaves the key out", with_key()),
        // UPDATED_NEW gives only the updated places (API reference of UpdateItem).
        // A query's limit has newer words, without the value.
        (
            Embedded,
            "a limit is at least one",
            invalid(
                "1 validation error detected: Value at 'Limit' failed to satisfy constraint: Member must have value greater than or \
                 equal to 1",
            ),
        ),
        // Words of the engine's own.
        (
            Embedded,
            "a function has its operands",
            invalid(r#"Invalid ConditionExpression: Syntax error; token: ",", near: "a, b""#),
        ),
    ]
}

fn unasked() -> Expected {
    gives(r#"{"ConsumedCapacity":[],"ItemCollectionMetrics":{}}"#)
}

fn with_key() -> Expected {
    gives(r#"{"Responses":[{"Item":{"id":{"S":"counter"},"n":{"N":"1"}}}]}"#)
}
