//! What the service refuses, as the service says it.

use value::{Str, Value};

/// An error answered by DynamoDB.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ServiceError {
    /// The error code without its namespace, `ConditionalCheckFailedException` for instance.
    pub code: Str,
    /// The service's sentence.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
    /// `x-amzn-RequestId`
    pub request_id: Str,
    /// `Item` of a failed condition, where the request asked for it (`ReturnValuesOnConditionCheckFailure`).
    pub item: Option<Value>,
    /// `CancellationReasons` of a cancelled transaction, one for each of its items.
    pub cancellation_reasons: Vec<CancellationReason>,
}

/// Why an item of a transaction failed, `Code` being `None` where it did not.
#[derive(Clone, Debug, PartialEq)]
pub struct CancellationReason {
    /// `Code`
    pub code: Str,
    /// `Message`
    pub message: Option<Str>,
    /// `Item`
    pub item: Option<Value>,
}

impl ServiceError {
    /// An error without further members.
    #[must_use]
    pub fn new(code: impl Into<Str>, message: impl Into<String>, status: u16, request_id: impl Into<Str>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            status,
            request_id: request_id.into(),
            item: None,
            cancellation_reasons: Vec::new(),
        }
    }
}
