//! The steps that a direct resolver leaves to the service ("Direct Lambda Resolvers" in the resolver reference for Lambda): its
//! request is the whole context, its response what the reference gives as equivalent templates.

use value::Value;

use crate::data_source::DataSourceError;
use crate::execution::error::FieldError;

/// The message that takes the place of a function's own where it refuses its caller.
const UNAUTHORIZED: &str = "You are not authorized to make this call.";

/// `util.error(ctx.error.message, ctx.error.type, ctx.result)`, where the type is the one that the function gave.
pub(super) fn failure(error: DataSourceError) -> FieldError {
    let own = error.unhandled_error_type.as_ref().and_then(Value::as_str);
    let (message, error_type) = match own {
        Some("UnauthorizedException") => (UNAUTHORIZED.to_owned(), "UnauthorizedException".to_owned()),
        Some(own) => (error.message, own.to_owned()),
        None => (error.message, error.error_type),
    };
    FieldError { message, error_type: Some(error_type), data: error.data, error_info: error.error_info, detail: Value::Null }
}

/// An item of a batch: `{ data, errorMessage, errorType }`. Other members do not count, and what is no such object is null.
pub(super) fn item(result: &Value) -> Result<Value, Box<FieldError>> {
    let data = result.at(&["data"]).clone();
    // What a template's `#if` takes for true: anything but null and false.
    let message = match result.at(&["errorMessage"]) {
        Value::Null | Value::Bool(false) => return Ok(data),
        Value::String(message) => message.as_ref().to_owned(),
        other => other.to_json(),
    };
    let error_type = match result.at(&["errorType"]) {
        Value::Null => None,
        Value::String(error_type) => Some(error_type.as_ref().to_owned()),
        other => Some(other.to_json()),
    };
    Err(Box::new(FieldError { message, error_type, data, error_info: Value::Null, detail: Value::Null }))
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    #[test]
    fn items_are_data_or_errors() {
        let check = |item_: Value, expected: Result<Value, (&str, Option<&str>, Value)>| {
            let read = item(&item_).map_err(|error| (error.message, error.error_type, error.data));
            let expected = expected.map_err(|(message, kind, data)| (message.to_owned(), kind.map(str::to_owned), data));
            assert_eq!(read, expected, "{item_}");
        };
        check(value!({"data": [1], "errorMessage": null, "errorType": "T"}), Ok(value!([1])));
        check(value!({"data": 1, "errorMessage": "no", "errorType": "T", "x": 1}), Err(("no", Some("T"), value!(1))));
        check(value!({"errorMessage": ""}), Err(("", None, Value::Null)));
        check(value!({"errorMessage": false, "data": 2}), Ok(value!(2)));
        check(value!({"errorMessage": {"a": 1}, "errorType": 5}), Err(("{\"a\":1}", Some("5"), Value::Null)));
        for nothing in [value!(null), value!("text"), value!([1]), value!({"other": 1})] {
            check(nothing, Ok(Value::Null));
        }
    }

    #[test]
    fn a_function_s_error_keeps_its_type() {
        let check = |own: Option<Value>, expected: (&str, &str)| {
            let error = DataSourceError { unhandled_error_type: own, ..DataSourceError::new("Lambda:Unhandled", "no") };
            let error = failure(error);
            assert_eq!((error.error_type.as_deref(), error.message.as_str()), (Some(expected.0), expected.1));
        };
        check(Some(value!("CustomException")), ("CustomException", "no"));
        check(Some(value!("UnauthorizedException")), ("UnauthorizedException", UNAUTHORIZED));
        check(Some(Value::Null), ("Lambda:Unhandled", "no"));
        check(None, ("Lambda:Unhandled", "no"));
    }
}
