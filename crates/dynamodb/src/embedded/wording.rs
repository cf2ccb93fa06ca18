//! Which of the service's wordings an error has.
//!
//! In 2026 the service began to reword what is wrong with a request, in one region after the other: `1 validation error detected: `
//! before sentences about expressions, numbers and sets of single writes, `Value at 'TableName'` without the value, elements of sets
//! in quotes. The engine knows the new wording; users of the SDKs and the public suites know the one of 2024. This is the one place
//! that decides: everything refused has the wording of 2024.

use value::Value;

use crate::{Operation, ServiceError};

/// What may stand before a sentence.
pub(super) const ENVELOPE: &str = "1 validation error detected: ";

/// How the sentences begin that have always had it.
const ENVELOPED: [&str; 3] = ["Value '", "Value at ", "Value null"];

const CONSTRAINT: &str = "' failed to satisfy constraint: ";
const NUMBER: &str = "The parameter cannot be converted to a numeric value";
const SET: &str = "One or more parameter values were invalid: Input collection ";
const VALUES: &str = "ExpressionAttributeValues can only be specified when using expressions";
const SEGMENT: &str = "The Segment parameter is zero-based and must be less than parameter TotalSegments";

/// Gives the error of a request the wording of 2024.
pub(super) fn settle(error: &mut ServiceError, operation: Operation, request: &Value) {
    if &*error.code != "ValidationException" {
        return;
    }
    if let Some(rest) = error.message.strip_prefix(ENVELOPE)
        && !ENVELOPED.iter().any(|start| rest.starts_with(start))
    {
        error.message = rest.to_owned();
    }
    if let Some(message) = other_words(&error.message, operation, request) {
        error.message = message;
    }
}

fn other_words(message: &str, operation: Operation, request: &Value) -> Option<String> {
    if message.contains(CONSTRAINT) {
        // A query's limit had the new words before the others had them; the suites know it so.
        let is_known = operation == Operation::Query && message.contains("at 'Limit'");
        return (!is_known).then(|| with_values(message, request));
    }
    if message.strip_suffix(": ") == Some(NUMBER) {
        return Some(NUMBER.to_owned());
    }
    if let Some(rest) = message.strip_prefix(SET) {
        return set(rest);
    }
    if let Some(rest) = message.strip_prefix(VALUES) {
        let missing = match operation {
            Operation::PutItem | Operation::DeleteItem => "ConditionExpression is null",
            Operation::UpdateItem => "UpdateExpression and ConditionExpression are null",
            Operation::Scan => "FilterExpression is null",
            Operation::Query => "FilterExpression and KeyConditionExpression are null",
            _ => return None,
        };
        return (rest.is_empty() || rest.starts_with(": ")).then(|| format!("{VALUES}: {missing}"));
    }
    if message == SEGMENT {
        let (segment, total) = (shown(request.get("Segment")?)?, shown(request.get("TotalSegments")?)?);
        return Some(format!("{SEGMENT}: Segment: {segment} is not less than TotalSegments: {total}"));
    }
    None
}

/// `Value at 'Limit'` as `Value '0' at 'limit'`.
fn with_values(message: &str, request: &Value) -> String {
    const AT: &str = " at '";
    let mut worded = String::with_capacity(message.len() + 16);
    let mut rest = message;
    while let Some(at) = rest.find(AT) {
        let (before, after) = (&rest[..at], &rest[at + AT.len()..]);
        let member = after.split(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
        worded.push_str(before);
        rest = after;
        if after[member.len()..].starts_with(CONSTRAINT) && member.starts_with(|letter: char| letter.is_ascii_uppercase()) {
            let value = request.get(member).filter(|_| before.ends_with("Value")).and_then(shown);
            if let Some(value) = value {
                worded.push_str(&format!(" '{value}'"));
            }
            worded.push_str(AT);
            worded.push_str(&member[..1].to_ascii_lowercase());
            rest = &after[1..];
        } else {
            worded.push_str(AT);
        }
    }
    worded.push_str(rest);
    worded
}

/// A value as the service shows it in a sentence, where that is the same in every wording.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(members) if members.is_empty() => Some("{}".to_owned()),
        _ => None,
    }
}

/// `["a", "a"] contains duplicates.` as `[a, a] contains duplicates.`
fn set(rest: &str) -> Option<String> {
    if rest == "contains duplicates." {
        return Some("Input collection contains duplicates".to_owned());
    }
    let (list, end) = rest.split_at_checked(rest.rfind(']')? + 1)?;
    let members: Vec<String> = serde_json::from_str(list).ok()?;
    Some(format!("{SET}[{}]{end}", members.join(", ")))
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    #[test]
    fn every_error_has_the_wording_of_2024() {
        let request =
            value!({"TableName": "", "Limit": 0, "RequestItems": {}, "Segment": 4, "TotalSegments": 4, "ReturnValues": "x"});
        for (operation, message, settled) in [
            (Operation::PutItem, "1 validation error detected: Invalid UpdateExpression: x", "Invalid UpdateExpression: x"),
            (
                Operation::PutItem,
                "1 validation error detected: Value provided in ExpressionAttributeNames unused",
                "Value provided in ExpressionAttributeNames unused",
            ),
            (
                Operation::GetItem,
                "1 validation error detected: Value null at 'key'",
                "1 validation error detected: Value null at 'key'",
            ),
            (
                Operation::GetItem,
                "1 validation error detected: Value '' at 'key'",
                "1 validation error detected: Value '' at 'key'",
            ),
            (
                Operation::Scan,
                "1 validation error detected: Value at 'Limit' failed to satisfy constraint: x",
                "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: x",
            ),
            (
                Operation::Query,
                "1 validation error detected: Value at 'Limit' failed to satisfy constraint: x",
                "1 validation error detected: Value at 'Limit' failed to satisfy constraint: x",
            ),
            (
                Operation::BatchGetItem,
                "1 validation error detected: Value at 'RequestItems.a.member.Keys' failed to satisfy constraint: x",
                "1 validation error detected: Value at 'RequestItems.a.member.Keys' failed to satisfy constraint: x",
            ),
            (
                Operation::PutItem,
                "3 validation errors detected: Value at 'TableName' failed to satisfy constraint: x; Value 'x' at 'ReturnValues' failed to \
                 satisfy constraint: [A]; Value 'é at 'Z' at 'b' failed to satisfy constraint: x",
                "3 validation errors detected: Value '' at 'tableName' failed to satisfy constraint: x; Value 'x' at 'returnValues' failed \
                 to satisfy constraint: [A]; Value 'é at 'Z' at 'b' failed to satisfy constraint: x",
            ),
            (
                Operation::BatchGetItem,
                "Value at 'RequestItems' failed to satisfy constraint: x",
                "Value '{}' at 'requestItems' failed to satisfy constraint: x",
            ),
            (Operation::PutItem, "The parameter cannot be converted to a numeric value: ", NUMBER),
            (
                Operation::PutItem,
                r#"One or more parameter values were invalid: Input collection ["a", "]\"", "é"] contains duplicates."#,
                r#"One or more parameter values were invalid: Input collection [a, ]", é] contains duplicates."#,
            ),
            (
                Operation::PutItem,
                r#"One or more parameter values were invalid: Input collection ["Yg==","Yg=="]of type BS contains duplicates."#,
                "One or more parameter values were invalid: Input collection [Yg==, Yg==]of type BS contains duplicates.",
            ),
            (
                Operation::PutItem,
                "One or more parameter values were invalid: Input collection contains duplicates.",
                "Input collection contains duplicates",
            ),
            (
                Operation::DeleteItem,
                VALUES,
                "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
            ),
            (
                Operation::Query,
                "ExpressionAttributeValues can only be specified when using expressions: FilterExpression is null and KeyConditionExpression \
                 is null",
                "ExpressionAttributeValues can only be specified when using expressions: FilterExpression and KeyConditionExpression are null",
            ),
            (
                Operation::Scan,
                SEGMENT,
                "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 4 is not less than \
                 TotalSegments: 4",
            ),
            (Operation::Scan, "2 validation errors detected: Value", "2 validation errors detected: Value"),
            (Operation::Scan, "Invalid", "Invalid"),
        ] {
            let mut error = ServiceError::new("ValidationException", message, 400, "");
            settle(&mut error, operation, &request);
            assert_eq!(error.message, settled);
        }
    }
}
