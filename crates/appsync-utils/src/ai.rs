//! The module `@aws-appsync/utils/ai`: requests for the Amazon Bedrock runtime data source.

use value::{Object, Value};

use crate::arguments::Arguments;
use crate::{Failure, Utility};

pub(crate) const MODULE: &[Utility] = &[
    Utility::js("invokeModel", |_, values| request("invokeModel", "InvokeModel", "body", values)),
    Utility::js("converse", |_, values| request("converse", "Converse", "messages", values)),
];

/// The payload with its operation; `modelId` and one further member are required.
fn request(name: &'static str, operation: &str, required: &str, values: &[Value]) -> Result<Value, Failure> {
    let arguments = Arguments::new(name, values);
    let payload = arguments.object(0)?;
    if payload.get("modelId").and_then(Value::as_str).is_none() {
        return Err(arguments.refuse(format!("{name} expects a string 'modelId'")));
    }
    if payload.get(required).is_none_or(Value::is_null) {
        return Err(arguments.refuse(format!("{name} expects '{required}'")));
    }
    let mut request = Object::with_capacity(payload.len() + 1);
    request.insert("operation", operation);
    for (key, value) in payload {
        if &**key != "operation" && !value.is_null() {
            request.insert(key.clone(), value.clone());
        }
    }
    Ok(request.into())
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    #[test]
    fn requests_carry_their_operation() {
        let body = value!({"modelId": "m", "body": {"prompt": "hi"}});
        let expected = value!({"operation": "InvokeModel", "modelId": "m", "body": {"prompt": "hi"}});
        assert_eq!(request("invokeModel", "InvokeModel", "body", &[body]), Ok(expected));
        assert!(request("converse", "Converse", "messages", &[value!({"modelId": "m"})]).is_err());
        assert!(request("converse", "Converse", "messages", &[]).is_err());
    }
}
