//! The functions of this process: those of `[[lambda_function]]`, run by `lambda-host`.

use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lambda_host::{InvokeError, InvokeRequest, LambdaHost};

use super::{FunctionAnswer, FunctionReference, Functions, InvocationType, InvokeFault};
use crate::lineage;

impl Functions for LambdaHost {
    fn invoke<'a>(
        &'a self,
        function: &'a str,
        payload: Bytes,
        invocation: InvocationType,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<FunctionAnswer, InvokeFault>> {
        let invocation_type = match invocation {
            InvocationType::RequestResponse => lambda_host::InvocationType::RequestResponse,
            InvocationType::Event => lambda_host::InvocationType::Event,
        };
        let deadline = Some(deadline.into());
        let trace_id = lineage::trace_header(lineage::depth());
        let request = InvokeRequest { payload, invocation_type, deadline, trace_id, ..InvokeRequest::default() };
        async move {
            // There is one version of a function here: an ARN with an alias means that one.
            let name = FunctionReference::read(function).map_or(function, |reference| reference.name);
            match LambdaHost::invoke(self, name, request).await {
                Ok(answer) => Ok(FunctionAnswer {
                    payload: answer.payload,
                    function_error: answer.function_error.map(|error| error.as_str().to_owned()),
                }),
                Err(error) => Err(fault(&error)),
            }
        }
        .boxed()
    }
}

/// The exception of Lambda's API that says this. Where programs and code lie on this machine is not for callers of an API: what names
/// a path goes to the log.
fn fault(error: &InvokeError) -> InvokeFault {
    let message = match error {
        InvokeError::Start { function, .. } => {
            tracing::error!("{error}");
            format!("function `{function}` could not be started; the server's log says why")
        }
        InvokeError::RuntimeNotFound { function, program } if program.contains('/') => {
            tracing::error!("{error}");
            format!("the program that runs function `{function}` was not found; the server's log names it")
        }
        _ => error.to_string(),
    };
    let (error_type, status) = match error {
        InvokeError::DeadlineExceeded { .. } => return InvokeFault::Timeout,
        InvokeError::FunctionNotFound { .. } => ("ResourceNotFoundException", 404),
        InvokeError::RequestTooLarge { .. } => ("RequestTooLargeException", 413),
        InvokeError::InvalidRequest { .. } => ("InvalidRequestContentException", 400),
        InvokeError::TooManyRequests => ("TooManyRequestsException", 429),
        InvokeError::RuntimeNotFound { .. } => ("InvalidRuntimeException", 502),
        _ => ("ServiceException", 500),
    };
    InvokeFault::Refused { error_type: error_type.to_owned(), message, status, request_id: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_host_are_exceptions_of_lambda() {
        let check = |error: &InvokeError, expected: &str| assert_eq!(fault(error).to_string(), expected);
        let arn = "arn:aws:lambda:us-east-1:0:function:f".to_owned();
        let expected = format!("ResourceNotFoundException: Function not found: {arn}");
        check(&InvokeError::FunctionNotFound { arn }, &expected);
        check(&InvokeError::TooManyRequests, "TooManyRequestsException: Rate Exceeded.");
        let start = InvokeError::Start { function: "f".to_owned(), reason: "`node` in `/home/ann/f`: denied".to_owned() };
        check(&start, "ServiceException: function `f` could not be started; the server's log says why");
        let program = |program: &str| InvokeError::RuntimeNotFound { function: "f".to_owned(), program: program.to_owned() };
        let expected = "InvalidRuntimeException: the program that runs function `f` was not found; the server's log names it";
        check(&program("/home/ann/bin/node"), expected);
        let expected =
            "InvalidRuntimeException: function `f` needs the program `node`, which was not found: install it, or set its path";
        check(&program("node"), expected);
        check(&InvokeError::DeadlineExceeded { function: "f".to_owned() }, "Execution timed out.");
    }
}
