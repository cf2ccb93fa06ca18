//! What is refused, and in which words.

use dynamodb::Operation::{CreateTable, DeleteItem, DeleteTable, DescribeTable, GetItem, PutItem, Scan, UpdateItem};

use super::{Case, Expected, case, gives, invalid, refuses};

pub(crate) fn cases() -> Vec<Case> {
    let put = |name, attributes: &str, expected| {
        case(name, PutItem, &format!(r#"{{"TableName":"items","Item":{{"id":{{"S":"x"}},{attributes}}}}}"#), expected)
    };
    let conditional = |name, condition: &str, rest: &str, expected| {
        let request = format!(r#"{{"TableName":"items","Item":{{"id":{{"S":"x"}}}},"ConditionExpression":"{condition}"{rest}}}"#);
        case(name, PutItem, &request, expected)
    };
    let not_found = |message| refuses("ResourceNotFoundException", message);
    vec![
        case(
            "an unknown table has no items",
            GetItem,
            r#"{"TableName":"nope","Key":{"id":{"S":"1"}}}"#,
            not_found("Requested resource not found"),
        ),
        case(
            "an unknown table takes no items",
            PutItem,
            r#"{"TableName":"nope","Item":{"id":{"S":"1"}}}"#,
            not_found("Requested resource not found"),
        ),
        case("an unknown table is not scanned", Scan, r#"{"TableName":"nope"}"#, not_found("Requested resource not found")),
        case(
            "an unknown table is not described",
            DescribeTable,
            r#"{"TableName":"nope"}"#,
            not_found("Requested resource not found: Table: nope not found"),
        ),
        case(
            "an unknown table is not deleted",
            DeleteTable,
            r#"{"TableName":"nope"}"#,
            not_found("Requested resource not found: Table: nope not found"),
        ),
        case(
            "a table is made once",
            CreateTable,
            r#"{"TableName":"items","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],
                "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}"#,
            refuses("ResourceInUseException", "Table already exists: items"),
        ),
        case(
            "a table's name is long enough",
            DescribeTable,
            r#"{"TableName":"t"}"#,
            Expected::RefusesWithCode("ValidationException"),
        ),
        case(
            "a key has the table's attributes",
            GetItem,
            r#"{"TableName":"items","Key":{"key":{"S":"1"}}}"#,
            invalid("The provided key element does not match the schema"),
        ),
        case(
            "a key has no others",
            DeleteItem,
            r#"{"TableName":"items","Key":{"id":{"S":"1"},"x":{"S":"1"}}}"#,
            invalid("The provided key element does not match the schema"),
        ),
        case(
            "a key has the table's type",
            GetItem,
            r#"{"TableName":"items","Key":{"id":{"N":"1"}}}"#,
            invalid("The provided key element does not match the schema"),
        ),
        case(
            "an item has its key",
            PutItem,
            r#"{"TableName":"items","Item":{"x":{"S":"1"}}}"#,
            invalid("One or more parameter values were invalid: Missing the key id in the item"),
        ),
        case(
            "an item's key has its type",
            PutItem,
            r#"{"TableName":"items","Item":{"id":{"N":"1"}}}"#,
            invalid("One or more parameter values were invalid: Type mismatch for key id expected: S actual: N"),
        ),
        case(
            "an item's key is not empty",
            PutItem,
            r#"{"TableName":"items","Item":{"id":{"S":""}}}"#,
            invalid(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: id",
            ),
        ),
        case(
            "a key is not empty",
            GetItem,
            r#"{"TableName":"items","Key":{"id":{"S":""}}}"#,
            invalid(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: id",
            ),
        ),
        case(
            "an index's key has its type",
            PutItem,
            r#"{"TableName":"orders","Item":{"customer":{"S":"c"},"number":{"N":"1"},"price":{"S":"1"}}}"#,
            Expected::RefusesWithCode("ValidationException"),
        ),
        put("a number is a number", r#""n":{"N":"abc"}"#, invalid("The parameter cannot be converted to a numeric value: abc")),
        put(
            "a number has 38 digits",
            r#""n":{"N":"1234567890123456789012345678901234567890"}"#,
            invalid("Attempting to store more than 38 significant digits in a Number"),
        ),
        put(
            "a number is not larger than 9.99e125",
            r#""n":{"N":"1e126"}"#,
            invalid("Number overflow. Attempting to store a number with magnitude larger than supported range"),
        ),
        put(
            "a number is not smaller than 1e-130",
            r#""n":{"N":"1e-131"}"#,
            invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range"),
        ),
        put(
            "a set is not empty",
            r#""s":{"SS":[]}"#,
            invalid("One or more parameter values were invalid: An string set  may not be empty"),
        ),
        put(
            "a set has an element once",
            r#""s":{"SS":["a","a"]}"#,
            invalid("One or more parameter values were invalid: Input collection [a, a] contains duplicates."),
        ),
        put("a set of numbers has a number once", r#""s":{"NS":["1","1.0"]}"#, invalid("Input collection contains duplicates")),
        put(
            "a value has a type",
            r#""s":{}"#,
            invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        ),
        put(
            "a value has one type",
            r#""s":{"S":"a","N":"1"}"#,
            invalid(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
            ),
        ),
        put("an item has 400 KB", &format!(r#""s":{{"S":"{}"}}"#, "x".repeat(400 * 1024 - 4)), gives("{}")),
        put(
            "an item has no more than 400 KB",
            &format!(r#""s":{{"S":"{}"}}"#, "x".repeat(400 * 1024 - 3)),
            invalid("Item size has exceeded the maximum allowed size"),
        ),
        case(
            "an item does not grow beyond 400 KB",
            UpdateItem,
            r#"{"TableName":"items","Key":{"id":{"S":"x"}},"UpdateExpression":"SET more = :more","ExpressionAttributeValues":{":more":{"S":"x"}}}"#,
            invalid("Item size to update has exceeded the maximum allowed size"),
        ),
        conditional(
            "a condition is an expression",
            "a = = :v",
            r#","ExpressionAttributeValues":{":v":{"N":"1"}}"#,
            invalid(r#"Invalid ConditionExpression: Syntax error; token: "=", near: "= = :v""#),
        ),
        conditional("a condition is not empty", "", "", invalid("Invalid ConditionExpression: The expression can not be empty;")),
        conditional(
            "a condition's reserved word wants a name",
            "attribute_exists(status)",
            "",
            invalid("Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: status"),
        ),
        conditional(
            "a value is defined",
            "a = :v",
            "",
            invalid(
                "Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute value: :v",
            ),
        ),
        conditional(
            "a name is defined",
            "attribute_exists(#a)",
            "",
            invalid(
                "Invalid ConditionExpression: An expression attribute name used in the document path is not defined; attribute name: #a",
            ),
        ),
        conditional(
            "a value is used",
            "attribute_not_exists(a)",
            r#","ExpressionAttributeValues":{":v":{"N":"1"}}"#,
            invalid("Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}"),
        ),
        conditional(
            "a name is used",
            "attribute_not_exists(a)",
            r##","ExpressionAttributeNames":{"#v":"v"}"##,
            invalid("Value provided in ExpressionAttributeNames unused in expressions: keys: {#v}"),
        ),
        conditional(
            "a function has its name",
            "attribute_exist(a)",
            "",
            invalid("Invalid ConditionExpression: Invalid function name; function: attribute_exist"),
        ),
        conditional(
            "a function has its operands",
            "attribute_exists(a, b)",
            "",
            invalid(
                "Invalid ConditionExpression: Incorrect number of operands for operator or function; operator or function: \
                 attribute_exists, number of operands: 2",
            ),
        ),
        conditional(
            "the ends of BETWEEN are in order",
            "a BETWEEN :two AND :one",
            r#","ExpressionAttributeValues":{":one":{"N":"1"},":two":{"N":"2"}}"#,
            invalid(
                "Invalid ConditionExpression: The BETWEEN operator requires upper bound to be greater than or equal to lower bound; \
                 lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}",
            ),
        ),
        case(
            "values belong to an expression",
            PutItem,
            r#"{"TableName":"items","Item":{"id":{"S":"x"}},"ExpressionAttributeValues":{":v":{"N":"1"}}}"#,
            invalid("ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null"),
        ),
        case(
            "a put returns the old item or nothing",
            PutItem,
            r#"{"TableName":"items","Item":{"id":{"S":"x"}},"ReturnValues":"ALL_NEW"}"#,
            invalid("ReturnValues can only be ALL_OLD or NONE"),
        ),
        case(
            "a projection's paths do not overlap",
            GetItem,
            r#"{"TableName":"items","Key":{"id":{"S":"x"}},"ProjectionExpression":"a.b, a"}"#,
            invalid(
                "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; \
                 path one: [a, b], path two: [a]",
            ),
        ),
    ]
}
