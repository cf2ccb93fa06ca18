//! `conditionalCheckFailedHandler` of the strategy `Custom`: a function decides what becomes of a write whose condition failed
//! (reference, "Following the 'custom' strategy").

use bytes::Bytes;
use value::{Object, Str, Value};

use super::DynamodbDataSource;
use super::convert::with_numbers;
use super::fields::{Fields, Place, Read, refuse};
use crate::data_source::Call;
use crate::data_source::lambda;

/// What the function decided.
#[derive(Debug)]
pub(super) enum Decision {
    /// The write has failed.
    Reject,
    /// The failure is passed over: the result is the current item.
    Discard,
    /// The same operation on the same item again, with this request.
    Retry(Value),
}

impl DynamodbDataSource {
    /// Asks the function. `fields` is the request that failed, `current` the item with typed values.
    pub(super) async fn decide(&self, function: &Str, fields: &Fields<'_>, current: &Value, call: &Call) -> Read<Decision> {
        let Some(functions) = &self.functions else {
            return Err(refuse(format!(
                "The strategy 'Custom' needs the Lambda function {function}, and there are no functions here."
            )));
        };
        let resolver = [
            ("tableName", &self.table_name),
            ("awsRegion", &self.aws_region),
            ("parentType", &call.parent_type),
            ("field", &call.field),
            ("outputType", &call.output_type),
        ];
        let resolver: Object = resolver.into_iter().collect();
        let event = [
            ("arguments", call.arguments.clone()),
            ("requestMapping", Value::from(fields.object.clone())),
            ("currentValue", with_numbers(current.clone())),
            ("resolver", Value::from(resolver)),
            ("identity", call.identity.clone()),
        ];
        let mut payload = Vec::new();
        Value::from(event.into_iter().collect::<Object>()).write_json(&mut payload);
        let answer = lambda::ask(&**functions, function, Bytes::from(payload), call.deadline).await?;
        decision(&answer, fields)
    }
}

/// Reads `{ action, retryMapping? }`.
fn decision(answer: &Value, fields: &Fields<'_>) -> Read<Decision> {
    // The template is not to blame, as for what other functions answer.
    let unusable =
        |message: String| lambda::illegal_argument(format!("The conditionalCheckFailedHandler cannot be followed: {message}"));
    let outer = Fields::of(answer, &Place::Root).map_err(|error| unusable(error.message))?;
    let action = outer.required_text("action").map_err(|error| unusable(error.message))?;
    match &**action {
        "reject" => Ok(Decision::Reject),
        "discard" => Ok(Decision::Discard),
        "retry" => retry(&outer, fields).map(Decision::Retry).map_err(|error| unusable(error.message)),
        other => Err(unusable(format!("Unsupported action '{other}'. The actions are reject, discard, retry."))),
    }
}

/// The request with the parts that `retryMapping` replaces. Operation, key and version stay; a second failure is final, so its
/// condition has no handler. Without a condition of its own, or with one that has no expression, the write is not conditional.
fn retry(answer: &Fields<'_>, fields: &Fields<'_>) -> Read<Value> {
    let mapping = answer.required("retryMapping")?;
    let place = Place::Member(answer.place, "retryMapping");
    let mapping = Fields::of(mapping, &place)?;
    let replaced: &[&str] = match &**fields.required_text("operation")? {
        "PutItem" => &["attributeValues"],
        "UpdateItem" => &["update"],
        _ => &[],
    };
    let known: Vec<&str> = replaced.iter().copied().chain(["condition"]).collect();
    mapping.only(&known)?;
    let mut request = fields.object.clone();
    for name in replaced {
        request.insert(*name, mapping.required(name)?);
    }
    request.remove("condition");
    if let Some(condition) = mapping.optional("condition") {
        let place = Place::Member(mapping.place, "condition");
        let condition = Fields::of(condition, &place)?;
        condition.only(&["expression", "expressionNames", "expressionValues", "equalsIgnore", "consistentRead"])?;
        if condition.optional("expression").is_some() {
            request.insert("condition", condition.object.clone());
        }
    }
    Ok(request.into())
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    #[test]
    fn decisions_are_read_strictly() {
        let put = value!({"version": "2018-05-29", "operation": "PutItem", "key": {"id": {"S": "1"}},
            "attributeValues": {"a": {"N": 1}}, "condition": {"expression": "a = b"}});
        let delete = value!({"operation": "DeleteItem", "key": {"id": {"S": "1"}}, "condition": {"expression": "a = b"}});
        let check = |request: &Value, answer: Value, expected: &str| {
            let fields = Fields::of(request, &Place::Root).expect("an object");
            let read = match decision(&answer, &fields) {
                Ok(Decision::Retry(request)) => request.to_json(),
                Ok(other) => format!("{other:?}"),
                Err(error) => {
                    assert_eq!(error.error_type, "Lambda:IllegalArgument");
                    error.message.trim_start_matches("The conditionalCheckFailedHandler cannot be followed: ").to_owned()
                }
            };
            assert_eq!(read, expected, "{answer}");
        };
        check(&put, value!({"action": "reject"}), "Reject");
        check(&put, value!({"action": "discard", "other": 1}), "Discard");
        check(
            &put,
            value!({"action": "retry", "retryMapping": {"attributeValues": {"a": {"N": 2}}, "condition": {"expression": "a = c"}}}),
            r#"{"version":"2018-05-29","operation":"PutItem","key":{"id":{"S":"1"}},"attributeValues":{"a":{"N":2}},"condition":{"expression":"a = c"}}"#,
        );
        let unconditional = r#"{"operation":"DeleteItem","key":{"id":{"S":"1"}}}"#;
        check(&delete, value!({"action": "retry", "retryMapping": {"condition": {"consistentRead": true}}}), unconditional);
        check(&delete, value!({"action": "retry", "retryMapping": {}}), unconditional);
        for (request, answer, message) in [
            (&put, value!(null), "Expected JSON object for field '$' but got 'NULL' instead."),
            (&put, value!({}), "Value for field '$[action]' not found."),
            (&put, value!({"action": "Retry"}), "Unsupported action 'Retry'. The actions are reject, discard, retry."),
            (&put, value!({"action": "retry"}), "Value for field '$[retryMapping]' not found."),
            (
                &put,
                value!({"action": "retry", "retryMapping": {}}),
                "Value for field '$[retryMapping][attributeValues]' not found.",
            ),
            (&delete, value!({"action": "retry", "retryMapping": {"key": {}}}), "Unsupported element '$[retryMapping][key]'."),
            (
                &delete,
                value!({"action": "retry", "retryMapping": {"condition": {"conditionalCheckFailedHandler": {}}}}),
                "Unsupported element '$[retryMapping][condition][conditionalCheckFailedHandler]'.",
            ),
        ] {
            check(request, answer, message);
        }
    }
}
