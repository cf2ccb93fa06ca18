//! Update expressions and what they return.

use dynamodb::Operation::{GetItem, PutItem, UpdateItem};

use super::{Case, case, gives, invalid};

pub(crate) fn cases() -> Vec<Case> {
    let put = |name, item: &str| case(name, PutItem, &format!(r#"{{"TableName":"items","Item":{item}}}"#), gives("{}"));
    let update = |name, id: &str, rest: &str, expected| {
        let request = format!(r#"{{"TableName":"items","Key":{{"id":{{"S":"{id}"}}}},{rest}}}"#);
        case(name, UpdateItem, &request, expected)
    };
    vec![
        update(
            "an update makes a missing item",
            "u",
            r#""UpdateExpression":"SET a = :a","ExpressionAttributeValues":{":a":{"N":"1"}},"ReturnValues":"ALL_NEW""#,
            gives(r#"{"Attributes":{"id":{"S":"u"},"a":{"N":"1"}}}"#),
        ),
        update(
            "an update without an expression makes the key only",
            "bare",
            r#""ReturnValues":"ALL_NEW""#,
            gives(r#"{"Attributes":{"id":{"S":"bare"}}}"#),
        ),
        put(
            "the item of all updates is put",
            r#"{"id":{"S":"u"},"n":{"N":"10"},"l":{"L":[{"S":"a"},{"S":"b"},{"S":"c"}]},"m":{"M":{"x":{"N":"1"},"y":{"N":"2"}}},
                "ss":{"SS":["a","b"]},"ns":{"NS":["1","2"]}}"#,
        ),
        update(
            "numbers are added and subtracted exactly",
            "u",
            r#""UpdateExpression":"SET n = n - :x, big = :big + :one",
                "ExpressionAttributeValues":{":x":{"N":"0.1"},":big":{"N":"10000000000000000000000000000000000000"},":one":{"N":"1"}},
                "ReturnValues":"UPDATED_NEW""#,
            gives(r#"{"Attributes":{"n":{"N":"9.9"},"big":{"N":"10000000000000000000000000000000000001"}}}"#),
        ),
        update(
            "if_not_exists keeps and sets",
            "u",
            r#""UpdateExpression":"SET n = if_not_exists(n, :x), fresh = if_not_exists(fresh, :x) + :x",
                "ExpressionAttributeValues":{":x":{"N":"2"}},"ReturnValues":"UPDATED_NEW""#,
            gives(r#"{"Attributes":{"n":{"N":"9.9"},"fresh":{"N":"4"}}}"#),
        ),
        update(
            "list_append works on both ends",
            "u",
            r#""UpdateExpression":"SET l = list_append(:z, list_append(l, :d))",
                "ExpressionAttributeValues":{":z":{"L":[{"S":"z"}]},":d":{"L":[{"S":"d"}]}},"ReturnValues":"UPDATED_OLD""#,
            gives(r#"{"Attributes":{"l":{"L":[{"S":"a"},{"S":"b"},{"S":"c"}]}}}"#),
        ),
        update(
            "right sides are read before anything is written",
            "u",
            r#""UpdateExpression":"SET m.x = m.y, m.y = m.x","ReturnValues":"ALL_OLD""#,
            gives(
                r#"{"Attributes":{"id":{"S":"u"},"n":{"N":"9.9"},"big":{"N":"10000000000000000000000000000000000001"},"fresh":{"N":"4"},
                "l":{"L":[{"S":"z"},{"S":"a"},{"S":"b"},{"S":"c"},{"S":"d"}]},"m":{"M":{"x":{"N":"1"},"y":{"N":"2"}}},
                "ss":{"SS":["a","b"]},"ns":{"NS":["1","2"]}}}"#,
            ),
        ),
        update(
            "UPDATED_NEW of a nested place gives that place",
            "u",
            r#""UpdateExpression":"SET m.z = :x","ExpressionAttributeValues":{":x":{"N":"3"}},"ReturnValues":"UPDATED_NEW""#,
            gives(r#"{"Attributes":{"m":{"M":{"z":{"N":"3"}}}}}"#),
        ),
        update(
            "UPDATED_NEW of a list element gives that element",
            "u",
            r#""UpdateExpression":"SET l[1] = :x","ExpressionAttributeValues":{":x":{"S":"A"}},"ReturnValues":"UPDATED_NEW""#,
            gives(r#"{"Attributes":{"l":{"L":[{"S":"A"}]}}}"#),
        ),
        update(
            "a list element beyond the end is appended",
            "u",
            r#""UpdateExpression":"SET l[99] = :x REMOVE l[0]","ExpressionAttributeValues":{":x":{"S":"end"}}"#,
            gives("{}"),
        ),
        update(
            "ADD counts up and joins sets, DELETE takes out",
            "u",
            r#""UpdateExpression":"ADD n :x, ns :three, visits :x DELETE ss :a",
                "ExpressionAttributeValues":{":x":{"N":"0.1"},":three":{"NS":["2","3"]},":a":{"SS":["a","q"]}},"ReturnValues":"UPDATED_NEW""#,
            gives(r#"{"Attributes":{"n":{"N":"10"},"ns":{"NS":["1","2","3"]},"visits":{"N":"0.1"},"ss":{"SS":["b"]}}}"#),
        ),
        update(
            "the last element of a set takes the attribute with it",
            "u",
            r#""UpdateExpression":"DELETE ss :b REMOVE big, fresh, absent","ExpressionAttributeValues":{":b":{"SS":["b"]}}"#,
            gives("{}"),
        ),
        case(
            "the item is what all updates made of it",
            GetItem,
            r#"{"TableName":"items","Key":{"id":{"S":"u"}}}"#,
            gives(
                r#"{"Item":{"id":{"S":"u"},"n":{"N":"10"},"visits":{"N":"0.1"},"l":{"L":[{"S":"A"},{"S":"b"},{"S":"c"},{"S":"d"},{"S":"end"}]},
                "m":{"M":{"x":{"N":"2"},"y":{"N":"1"},"z":{"N":"3"}}},"ns":{"NS":["1","2","3"]}}}"#,
            ),
        ),
        update(
            "the key is not for updating",
            "u",
            r#""UpdateExpression":"SET id = :x","ExpressionAttributeValues":{":x":{"S":"v"}}"#,
            invalid("One or more parameter values were invalid: Cannot update attribute id. This attribute is part of the key"),
        ),
        update(
            "paths must not overlap",
            "u",
            r#""UpdateExpression":"SET m = :x, m.x = :x","ExpressionAttributeValues":{":x":{"N":"1"}}"#,
            invalid(
                "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; \
                 path one: [m], path two: [m, x]",
            ),
        ),
        update(
            "text is not added to",
            "u",
            r#""UpdateExpression":"SET n = n + :x","ExpressionAttributeValues":{":x":{"S":"1"}}"#,
            invalid(
                "Invalid UpdateExpression: Incorrect operand type for operator or function; operator or function: +, operand type: S",
            ),
        ),
        update(
            "a number is not added to what is a list",
            "u",
            r#""UpdateExpression":"SET l = l + :x","ExpressionAttributeValues":{":x":{"N":"1"}}"#,
            invalid("An operand in the update expression has an incorrect data type"),
        ),
        update(
            "what is absent is not read",
            "u",
            r#""UpdateExpression":"SET n = absent + :x","ExpressionAttributeValues":{":x":{"N":"1"}}"#,
            invalid("The provided expression refers to an attribute that does not exist in the item"),
        ),
        update(
            "what is absent has no places in it",
            "u",
            r#""UpdateExpression":"SET absent.a = :x","ExpressionAttributeValues":{":x":{"N":"1"}}"#,
            invalid("The document path provided in the update expression is invalid for update"),
        ),
        update(
            "a reserved word wants a name",
            "u",
            r#""UpdateExpression":"SET Name = :x","ExpressionAttributeValues":{":x":{"N":"1"}}"#,
            invalid("Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: Name"),
        ),
        update(
            "a function of an update is not in capitals",
            "u",
            r#""UpdateExpression":"SET l = LIST_APPEND(l, :x)","ExpressionAttributeValues":{":x":{"L":[]}}"#,
            invalid("Invalid UpdateExpression: Invalid function name; function: LIST_APPEND"),
        ),
        update(
            "a clause stands once",
            "u",
            r#""UpdateExpression":"SET a = :x SET b = :x","ExpressionAttributeValues":{":x":{"N":"1"}}"#,
            invalid("Invalid UpdateExpression: The \"SET\" section can only be used once in an update expression;"),
        ),
    ]
}
