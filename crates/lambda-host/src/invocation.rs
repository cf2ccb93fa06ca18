//! One invocation as its caller sees it: request, answer, and the errors that kept it from running.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

/// What a caller sends.
#[derive(Clone, Debug, Default)]
pub struct InvokeRequest {
    /// The event as JSON text; empty stands for `{}`. It is not checked here: [`invoke_api`](fn@crate::invoke_api) does, and a
    /// caller who writes the JSON need not.
    pub payload: Bytes,
    /// `InvocationType`
    pub invocation_type: InvocationType,
    /// `ClientContext` as JSON text (already decoded from base64), for the handler's `context.clientContext`.
    pub client_context: Option<String>,
    /// The Cognito identity that a mobile SDK calls with, as JSON text, for the handler's `context.identity`.
    pub cognito_identity: Option<String>,
    /// `X-Amzn-Trace-Id`; `None` makes a new one that is not sampled.
    pub trace_id: Option<String>,
    /// When the caller stops waiting. The function itself runs on to its own timeout, as on AWS.
    pub deadline: Option<Instant>,
    /// `LogType: Tail`: give the last 4 KB of the log with the answer.
    pub log_tail: bool,
}

impl InvokeRequest {
    /// A `RequestResponse` invocation with this payload and nothing else.
    #[must_use]
    pub fn new(payload: impl Into<Bytes>) -> Self {
        Self { payload: payload.into(), ..Self::default() }
    }
}

/// `InvocationType` of Lambda's `Invoke`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InvocationType {
    /// Wait for the answer.
    #[default]
    RequestResponse,
    /// Queue the event and answer at once; a failing function is tried twice more.
    Event,
    /// Check that the function could be invoked, and do not.
    DryRun,
}

/// What an invocation came to. A function that failed is an `Invocation` too: `function_error` is set and the payload tells.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The function's answer, or the error object; empty for `Event` and `DryRun`.
    pub payload: Bytes,
    /// Set when the function failed.
    pub function_error: Option<FunctionError>,
    /// The last 4 KB of the log, when it was asked for.
    pub log_tail: Option<String>,
    /// The request id: what the handler sees as `awsRequestId`.
    pub request_id: String,
    /// `ExecutedVersion`: there are no published versions here, so always `$LATEST`.
    pub executed_version: &'static str,
    /// How long the handler ran.
    pub duration: Duration,
}

/// `X-Amz-Function-Error`. Lambda once had `Handled` besides; today every failure is `Unhandled`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FunctionError {
    /// The handler threw, the process ended, or the time was up.
    Unhandled,
}

impl FunctionError {
    /// The value of the header.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unhandled => "Unhandled",
        }
    }
}

/// Why a function did not run, or nobody waited for it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// No function of this name is registered.
    #[error("Function not found: {arn}")]
    FunctionNotFound {
        /// The ARN that was looked for.
        arn: String,
    },
    /// The payload is larger than the invocation type allows.
    #[error("{size} byte payload is too large for the {} invocation type (limit {limit} bytes)", match invocation_type {
        InvocationType::Event => "Event",
        InvocationType::RequestResponse | InvocationType::DryRun => "RequestResponse",
    })]
    RequestTooLarge {
        /// The payload's bytes.
        size: usize,
        /// The bytes that are allowed.
        limit: usize,
        /// For which type.
        invocation_type: InvocationType,
    },
    /// Trace id, client context or identity could not stand in a header of the Runtime API.
    #[error("the {what} holds a line break or another control character")]
    InvalidRequest {
        /// What is wrong.
        what: &'static str,
    },
    /// Every process is busy and the queue is full.
    #[error("Rate Exceeded.")]
    TooManyRequests,
    /// The caller's deadline passed. What already runs goes on.
    #[error("the caller's deadline passed before function `{function}` answered")]
    DeadlineExceeded {
        /// The function's name.
        function: String,
    },
    /// The program that runs the code is not on this machine.
    #[error("function `{function}` needs the program `{program}`, which was not found: install it, or set its path")]
    RuntimeNotFound {
        /// The function's name.
        function: String,
        /// The program.
        program: String,
    },
    /// The operating system refused a process, socket or pipe.
    #[error("function `{function}` could not be started: {reason}")]
    Start {
        /// The function's name.
        function: String,
        /// What the operating system said.
        reason: String,
    },
    /// The host was shut down, or the function was taken away while its invocation waited.
    #[error("function `{function}` was shut down")]
    Closed {
        /// The function's name.
        function: String,
    },
}
