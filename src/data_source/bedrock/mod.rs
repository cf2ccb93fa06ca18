//! `AMAZON_BEDROCK_RUNTIME` (resolver reference for Amazon Bedrock runtime): a model is called through `InvokeModel` or `Converse`.
//!
//! The result is the JSON that the operation answers: the model's own for `InvokeModel`, Bedrock's for `Converse`. AppSync waits 10
//! seconds. Errors look like those of DynamoDB, which are known: the class of the AWS SDK for Java, its message, and whose it is.

mod request;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use value::Value;

use super::{Call, DataSource, DataSourceError};
use crate::aws::{AwsResponse, AwsService, SendError};
use crate::definition::ANSWER_TIMEOUT;

/// Models behind one endpoint.
#[derive(Debug)]
pub struct BedrockRuntimeDataSource {
    service: AwsService,
    timeout: Duration,
    response_limit: usize,
}

impl BedrockRuntimeDataSource {
    /// The models of a service. An answer may have `response_limit` bytes, counted after decompression.
    #[must_use]
    pub fn new(service: AwsService, response_limit: usize) -> Self {
        Self { service, timeout: ANSWER_TIMEOUT, response_limit }
    }

    /// With another time limit than 10 seconds per call.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn call(&self, request: &Value, call: &Call) -> Result<Value, DataSourceError> {
        let request = request::read(request)?;
        let deadline = call.deadline.min(Instant::now() + self.timeout);
        let answer = self.service.send(request, deadline, self.response_limit).await.map_err(failed)?;
        if !answer.status.is_success() {
            return Err(refused(&answer));
        }
        Value::parse(&answer.body).map_err(|error| {
            let message = format!("Unable to unmarshall response: the model's answer is not JSON ({error}).");
            DataSourceError::new("BedrockRuntime:SdkClientException", message)
        })
    }
}

/// A call that got no answer.
fn failed(error: SendError) -> DataSourceError {
    match error {
        SendError::Timeout => DataSourceError::new("BedrockRuntime:ExecutionTimeoutException", "execution timed out"),
        SendError::Unreachable(cause) => {
            DataSourceError::new("BedrockRuntime:SdkClientException", format!("Unable to execute HTTP request: {cause}"))
        }
        other => DataSourceError::new("BedrockRuntime:SdkClientException", other.to_string()),
    }
}

/// An answer with a status of failure. What stands in for Bedrock need not speak its errors; then the status says what happened.
fn refused(answer: &AwsResponse) -> DataSourceError {
    let (code, sentence) = answer.sdk_exception("BedrockRuntime");
    DataSourceError::new(format!("BedrockRuntime:{}", class(&code, answer.status.as_u16())), sentence)
}

/// The class of an error code in the SDK, which has one for every error of the API's model; all others are the general one.
fn class(code: &str, status: u16) -> &'static str {
    const CLASSES: [&str; 11] = [
        "AccessDeniedException",
        "ConflictException",
        "InternalServerException",
        "ModelErrorException",
        "ModelNotReadyException",
        "ModelTimeoutException",
        "ResourceNotFoundException",
        "ServiceQuotaExceededException",
        "ServiceUnavailableException",
        "ThrottlingException",
        "ValidationException",
    ];
    match (CLASSES.iter().find(|class| **class == code), status) {
        (Some(class), _) => class,
        (None, 429) if code.is_empty() => "ThrottlingException",
        (None, 503) if code.is_empty() => "ServiceUnavailableException",
        _ => "BedrockRuntimeException",
    }
}

impl DataSource for BedrockRuntimeDataSource {
    fn invoke<'a>(&'a self, request: Value, call: &'a Call) -> BoxFuture<'a, Result<Value, DataSourceError>> {
        async move { self.call(&request, call).await }.boxed()
    }
}
