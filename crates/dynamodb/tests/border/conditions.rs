//! Conditions of writes, each against the same item.

use dynamodb::Operation::{DeleteItem, GetItem, PutItem, UpdateItem};

use super::{Case, Expected, case, gives, json, refuses};

/// Every operator and function once where it holds and once where it does not.
const CONDITIONS: &[(&str, &str, bool)] = &[
    ("= holds", "n = :five", true),
    ("= of another type fails", "n = :text", false),
    ("<> holds for an absent attribute", "absent <> :five", true),
    ("< fails", "n < :five", false),
    ("<= holds", "n <= :five", true),
    ("> fails for an absent attribute", "absent > :five", false),
    (">= holds", "n >= :five", true),
    ("BETWEEN takes its ends in", "n BETWEEN :five AND :ten", true),
    ("IN looks through a list", "s IN (:other, :text)", true),
    ("attribute_exists holds for a nested place", "attribute_exists(m.a)", true),
    ("attribute_exists fails for an absent one", "attribute_exists(m.b)", false),
    ("attribute_not_exists fails", "attribute_not_exists(id)", false),
    ("attribute_type tells types", "attribute_type(l, :type_l)", true),
    ("begins_with holds", "begins_with(s, :he)", true),
    ("contains looks into text", "contains(s, :ell)", true),
    ("contains looks into sets", "contains(ss, :he)", true),
    ("contains looks into lists", "contains(l, :five)", true),
    ("size counts", "size(s) = :five AND size(ss) = :two AND size(l) < :five", true),
    ("NOT binds closest, AND closer than OR", "NOT n = :five AND n = :ten OR s = :text", true),
    ("parentheses go first", "NOT (n = :five AND (n = :ten OR s = :text))", false),
    ("keywords are in any case", "n = :five and not (n = :ten oR absent = :ten)", true),
    ("two places are compared", "n < more", true),
];

const VALUES: &[(&str, &str)] = &[
    (":five", r#"{"N":"5"}"#),
    (":ten", r#"{"N":"10.0"}"#),
    (":two", r#"{"N":"2"}"#),
    (":text", r#"{"S":"hello"}"#),
    (":other", r#"{"S":"other"}"#),
    (":he", r#"{"S":"he"}"#),
    (":ell", r#"{"S":"ell"}"#),
    (":type_l", r#"{"S":"L"}"#),
];

fn failed() -> Expected {
    refuses("ConditionalCheckFailedException", "The conditional request failed")
}

fn failed_with(item: &str) -> Expected {
    let members = json(&format!(r#"{{"Item":{item}}}"#));
    Expected::Refuses("ConditionalCheckFailedException", "The conditional request failed".into(), members)
}

pub(crate) fn cases() -> Vec<Case> {
    let item = r#"{"id":{"S":"c"},"n":{"N":"5"},"more":{"N":"7"},"s":{"S":"hello"},"m":{"M":{"a":{"N":"1"}}},
        "l":{"L":[{"N":"5"},{"S":"x"}]},"ss":{"SS":["he","she"]}}"#;
    let mut cases = vec![case(
        "the item of all conditions is put",
        PutItem,
        &format!(r#"{{"TableName":"items","Item":{item}}}"#),
        gives("{}"),
    )];
    for (name, condition, holds) in CONDITIONS {
        let used = |name: &str| {
            condition.split(|end: char| !(end == ':' || end == '_' || end.is_ascii_alphanumeric())).any(|word| word == name)
        };
        let values: Vec<_> =
            VALUES.iter().filter(|(name, _)| used(name)).map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
        let values = match values.join(",") {
            none if none.is_empty() => none,
            some => format!(r#","ExpressionAttributeValues":{{{some}}}"#),
        };
        let request = format!(r#"{{"TableName":"items","Item":{item},"ConditionExpression":"{condition}"{values}}}"#);
        cases.push(case(name, PutItem, &request, if *holds { gives("{}") } else { failed() }));
    }
    cases.extend([
        case(
            "a failed put shows the item when asked",
            PutItem,
            r#"{"TableName":"items","Item":{"id":{"S":"c"}},"ConditionExpression":"attribute_not_exists(id)",
                "ReturnValuesOnConditionCheckFailure":"ALL_OLD"}"#,
            failed_with(item),
        ),
        case(
            "a failed delete leaves the item",
            DeleteItem,
            r#"{"TableName":"items","Key":{"id":{"S":"c"}},"ConditionExpression":"n = :six","ExpressionAttributeValues":{":six":{"N":"6"}}}"#,
            failed(),
        ),
        case(
            "a failed update leaves the item and shows it when asked",
            UpdateItem,
            r#"{"TableName":"items","Key":{"id":{"S":"c"}},"UpdateExpression":"SET n = :six","ConditionExpression":"n = :six",
                "ExpressionAttributeValues":{":six":{"N":"6"}},"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}"#,
            failed_with(item),
        ),
        case(
            "a failed update of an absent item makes none",
            UpdateItem,
            r#"{"TableName":"items","Key":{"id":{"S":"absent"}},"UpdateExpression":"SET n = :six",
                "ConditionExpression":"attribute_exists(id)","ExpressionAttributeValues":{":six":{"N":"6"}},
                "ReturnValuesOnConditionCheckFailure":"ALL_OLD"}"#,
            failed(),
        ),
        case(
            "after failed conditions everything is as before",
            GetItem,
            r#"{"TableName":"items","Key":{"id":{"S":"c"}}}"#,
            gives(&format!(r#"{{"Item":{item}}}"#)),
        ),
        case("and nothing was made", GetItem, r#"{"TableName":"items","Key":{"id":{"S":"absent"}}}"#, gives("{}")),
    ]);
    cases
}
