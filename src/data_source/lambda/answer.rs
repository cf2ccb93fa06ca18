//! What came back from a function, as a result or as AppSync's error. `Lambda:Unhandled`, `Lambda:ExecutionTimeoutException` and
//! `Lambda:IllegalArgument` are types that AppSync is known to give; an exception of Lambda's API gets its name after `Lambda:`
//! and the SDK's sentence, as those of other services do.

use value::Value;

use super::{FunctionAnswer, InvokeFault};
use crate::data_source::DataSourceError;

/// How much of an answer that cannot be read is shown, in characters.
const SHOWN: usize = 200;

/// The result of an invocation that was waited for.
pub(super) fn result(answer: &FunctionAnswer) -> Result<Value, DataSourceError> {
    if let Some(kind) = &answer.function_error {
        return Err(function_failed(kind, &answer.payload));
    }
    if answer.payload.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    Value::parse(&answer.payload).map_err(|error| {
        illegal_argument(format!("The function's answer is not JSON: {error}. It begins: {}", shown(&answer.payload)))
    })
}

/// The results of a batch: a list as long as the batch.
pub(super) fn results(answer: &FunctionAnswer, size: usize) -> Vec<Result<Value, DataSourceError>> {
    let wrong = |found: String| {
        let message =
            format!("BatchInvoke needs a list with one result for each of its {size} requests, in their order; {found}");
        Err(illegal_argument(message))
    };
    let all = match result(answer) {
        Ok(Value::List(items)) if items.len() == size => {
            return std::sync::Arc::unwrap_or_clone(items).into_iter().map(Ok).collect();
        }
        Ok(Value::List(items)) => wrong(format!("the function answered {}.", items.len())),
        Ok(other) => wrong(format!("the function answered no list but {}.", other.kind())),
        Err(error) => Err(error),
    };
    vec![all; size]
}

/// The function threw, its process ended, or its own time was up.
fn function_failed(kind: &str, payload: &[u8]) -> DataSourceError {
    let report = Value::parse(payload).unwrap_or_default();
    let message = match report.get("errorMessage") {
        Some(Value::String(message)) => message.as_ref().to_owned(),
        Some(other) if !other.is_null() => other.to_json(),
        _ => shown(payload),
    };
    // Lambda had the value `Handled` beside `Unhandled` once; whatever else an endpoint sends is no type of AppSync's.
    let error_type = if kind == "Handled" { "Lambda:Handled" } else { "Lambda:Unhandled" };
    lambda_error(error_type, message, report.get("errorType").cloned().unwrap_or_default())
}

/// There is no answer of the function.
pub(super) fn fault(fault: &InvokeFault) -> DataSourceError {
    match fault {
        InvokeFault::Timeout => lambda_error("Lambda:ExecutionTimeoutException", "Execution timed out.", Value::Null),
        InvokeFault::Refused { error_type, message, status, request_id } => {
            let request_id = request_id.as_deref().unwrap_or("null");
            let message = format!("{message} (Service: Lambda, Status Code: {status}, Request ID: {request_id})");
            lambda_error(format!("Lambda:{error_type}"), message, Value::Null)
        }
        InvokeFault::Unavailable(message) => lambda_error("Lambda:SdkClientException", message.as_str(), Value::Null),
        // What Lambda itself reports for such a function.
        InvokeFault::TooLarge { .. } => {
            lambda_error("Lambda:Unhandled", fault.to_string(), Value::from("Function.ResponseSizeTooLarge"))
        }
    }
}

/// An answer that is not what the caller can use.
pub(in crate::data_source) fn illegal_argument(message: String) -> DataSourceError {
    lambda_error("Lambda:IllegalArgument", message, Value::Null)
}

fn lambda_error(error_type: impl Into<String>, message: impl Into<String>, unhandled: Value) -> DataSourceError {
    DataSourceError { unhandled_error_type: Some(unhandled), ..DataSourceError::new(error_type, message) }
}

fn shown(payload: &[u8]) -> String {
    String::from_utf8_lossy(payload).trim().chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    fn answer(payload: &'static str, function_error: Option<&str>) -> FunctionAnswer {
        FunctionAnswer { payload: payload.into(), function_error: function_error.map(str::to_owned) }
    }

    #[test]
    fn answers_become_results_or_appsync_s_errors() {
        let check = |payload: &'static str, error: Option<&str>, expected: Result<Value, (&str, &str, Value)>| {
            let result = result(&answer(payload, error))
                .map_err(|error| (error.error_type, error.message, error.unhandled_error_type.expect("of Lambda")));
            let expected = expected.map_err(|(error_type, message, own)| (error_type.to_owned(), message.to_owned(), own));
            assert_eq!(result, expected, "{payload}");
        };
        check(r#"{"a": 1.50}"#, None, Ok(value!({"a": 1.50})));
        check("null", None, Ok(Value::Null));
        check(" ", None, Ok(Value::Null));
        let unhandled = Some("Unhandled");
        check(
            r#"{"errorMessage": "no", "errorType": "Custom", "trace": []}"#,
            unhandled,
            Err(("Lambda:Unhandled", "no", value!("Custom"))),
        );
        check(r#"{"errorMessage": "no"}"#, Some("Handled"), Err(("Lambda:Handled", "no", Value::Null)));
        check(r#"{"errorMessage": {"a": 1}}"#, unhandled, Err(("Lambda:Unhandled", r#"{"a":1}"#, Value::Null)));
        check(r#"{"errorType": "T"}"#, unhandled, Err(("Lambda:Unhandled", r#"{"errorType": "T"}"#, value!("T"))));
        check("<html>", Some("Other"), Err(("Lambda:Unhandled", "<html>", Value::Null)));
        let error = result(&answer("<html>", None)).expect_err("no JSON");
        assert_eq!(error.error_type, "Lambda:IllegalArgument");
        assert!(error.message.starts_with("The function's answer is not JSON: "), "{}", error.message);
        assert!(error.message.ends_with("It begins: <html>"), "{}", error.message);
    }

    #[test]
    fn a_batch_is_answered_item_by_item_or_fails_as_a_whole() {
        assert_eq!(results(&answer("[1, null]", None), 2), [Ok(value!(1)), Ok(Value::Null)]);
        for (payload, ending) in [
            ("[1]", "3 requests, in their order; the function answered 1."),
            ("[1,2,3,4]", "the function answered 4."),
            (r#"{"data": 1}"#, "the function answered no list but object."),
            ("null", "the function answered no list but null."),
        ] {
            let results = results(&answer(payload, None), 3);
            assert_eq!(results.len(), 3);
            for result in results {
                let error = result.expect_err(payload);
                assert_eq!(error.error_type, "Lambda:IllegalArgument");
                assert!(error.message.ends_with(ending), "{}", error.message);
            }
        }
        let failed = results(&answer(r#"{"errorMessage": "down"}"#, Some("Unhandled")), 2);
        assert!(failed.iter().all(|result| result.as_ref().is_err_and(|error| error.message == "down")) && failed.len() == 2);
    }

    #[test]
    fn faults_have_appsync_s_types() {
        let check = |given: InvokeFault, error_type: &str, message: &str| {
            let error = fault(&given);
            assert_eq!((error.error_type.as_str(), error.message.as_str()), (error_type, message));
        };
        check(InvokeFault::Timeout, "Lambda:ExecutionTimeoutException", "Execution timed out.");
        let refused = InvokeFault::Refused {
            error_type: "TooManyRequestsException".to_owned(),
            message: "Rate Exceeded.".to_owned(),
            status: 429,
            request_id: None,
        };
        let message = "Rate Exceeded. (Service: Lambda, Status Code: 429, Request ID: null)";
        check(refused, "Lambda:TooManyRequestsException", message);
        check(InvokeFault::Unavailable("No.".to_owned()), "Lambda:SdkClientException", "No.");
        let message = "Response payload size exceeded maximum allowed payload size (9 bytes).";
        check(InvokeFault::TooLarge { limit: 9 }, "Lambda:Unhandled", message);
    }
}
