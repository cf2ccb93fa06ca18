//! What invoking a function is, wherever functions are: in this process or behind Lambda's API.

use std::fmt;
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::BoxFuture;

/// A place that has functions. Whoever holds one may invoke every function of it.
pub trait Functions: Send + Sync + fmt::Debug {
    /// Invokes the function of this name or ARN with `payload`, JSON text. The answer is of use until `deadline`; a function that
    /// runs longer goes on without its caller, as on AWS.
    fn invoke<'a>(
        &'a self,
        function: &'a str,
        payload: Bytes,
        invocation: InvocationType,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<FunctionAnswer, InvokeFault>>;
}

/// `InvocationType` of Lambda's `Invoke`, as far as resolvers may choose it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InvocationType {
    /// Wait for the answer.
    #[default]
    RequestResponse,
    /// Hand the event over and do not wait.
    Event,
}

/// What a function answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionAnswer {
    /// Its result as JSON text, or the object with `errorType` and `errorMessage`; empty for an event.
    pub payload: Bytes,
    /// `X-Amz-Function-Error`: the function failed.
    pub function_error: Option<String>,
}

/// Why there is no answer of the function.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvokeFault {
    /// The service refused.
    #[error("{error_type}: {message}")]
    Refused {
        /// The exception's name in Lambda's API, such as `ResourceNotFoundException`.
        error_type: String,
        /// Its message.
        message: String,
        /// Its HTTP status.
        status: u16,
        /// `x-amzn-RequestId`, if there was one.
        request_id: Option<String>,
    },
    /// The deadline passed.
    #[error("Execution timed out.")]
    Timeout,
    /// The service cannot be called as it is configured, or it is not there.
    #[error("{0}")]
    Unavailable(String),
    /// The answer is larger than Lambda's limit.
    #[error("Response payload size exceeded maximum allowed payload size ({limit} bytes).")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
}
