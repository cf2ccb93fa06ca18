//! `AWS_LAMBDA`: requests of resolvers as invocations of functions (resolver reference for Lambda).
//!
//! [`Functions`] is what a place with functions must be able to do; `embedded` and `remote` are the two there are.
//! [`LambdaDataSource`] reads requests (`request`), gathers those of many parents (`batch`) and makes AppSync's errors of what
//! came back (`answer`).

mod answer;
mod batch;
mod embedded;
#[cfg(test)]
pub(crate) mod fake;
mod functions;
mod remote;
mod request;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lambda_host::{EVENT_LIMIT, REQUEST_LIMIT};
use value::{Object, Str, Value};

use self::batch::LambdaBatch;
use self::request::{LambdaRequest, Operation};
use super::{Call, DataSource, DataSourceError, Gathering};
pub(super) use answer::illegal_argument;
pub use functions::{FunctionAnswer, Functions, InvocationType, InvokeFault};
pub use lambda_host::FunctionReference;
pub use remote::RemoteFunctions;

/// One function that resolvers invoke.
#[derive(Debug)]
pub struct LambdaDataSource {
    functions: Arc<dyn Functions>,
    /// `lambdaFunctionArn`
    function: Str,
}

impl LambdaDataSource {
    /// The data source of `lambdaConfig.lambdaFunctionArn`.
    #[must_use]
    pub fn new(functions: Arc<dyn Functions>, function: Str) -> Self {
        Self { functions, function }
    }

    async fn run(&self, request: &Value, call: &Call) -> Result<Value, DataSourceError> {
        let request = LambdaRequest::read(request)?;
        if request.operation == Operation::BatchInvoke {
            let mut results = LambdaBatch::of(self, &request).send(call).await;
            return results.pop().unwrap_or(Ok(Value::Null));
        }
        let mut payload = Vec::new();
        request.payload.write_json(&mut payload);
        let answer = self.send(Bytes::from(payload), request.invocation, call).await.map_err(|fault| answer::fault(&fault))?;
        match request.invocation {
            InvocationType::RequestResponse => answer::result(&answer),
            InvocationType::Event => Ok(Value::Null),
        }
    }

    /// Invokes the function with a payload that Lambda would take, within the time of the GraphQL request.
    async fn send(&self, payload: Bytes, invocation: InvocationType, call: &Call) -> Result<FunctionAnswer, InvokeFault> {
        invoke(&*self.functions, &self.function, payload, invocation, call.deadline).await
    }
}

/// Invokes a function within Lambda's limits and until `deadline`.
pub(crate) async fn invoke(
    functions: &dyn Functions,
    function: &str,
    payload: Bytes,
    invocation: InvocationType,
    deadline: std::time::Instant,
) -> Result<FunctionAnswer, InvokeFault> {
    let limit = payload_limit(invocation);
    if payload.len() > limit {
        return Err(too_large(payload.len(), limit));
    }
    // Who waited too long for its turn must not start a function that nobody waits for.
    if deadline <= std::time::Instant::now() {
        return Err(InvokeFault::Timeout);
    }
    let answer = functions.invoke(function, payload, invocation, deadline);
    tokio::time::timeout_at(deadline.into(), answer).await.unwrap_or(Err(InvokeFault::Timeout))
}

/// Invokes a function for another data source, and waits for its result.
pub(super) async fn ask(
    functions: &dyn Functions,
    function: &str,
    payload: Bytes,
    deadline: std::time::Instant,
) -> Result<Value, DataSourceError> {
    match invoke(functions, function, payload, InvocationType::RequestResponse, deadline).await {
        Ok(answer) => answer::result(&answer),
        Err(fault) => Err(answer::fault(&fault)),
    }
}

/// How many bytes a payload may have.
fn payload_limit(invocation: InvocationType) -> usize {
    match invocation {
        InvocationType::RequestResponse => REQUEST_LIMIT,
        InvocationType::Event => EVENT_LIMIT,
    }
}

/// What Lambda answers to a payload beyond its limit; it need not be sent for that.
fn too_large(bytes: usize, limit: usize) -> InvokeFault {
    InvokeFault::Refused {
        error_type: "RequestTooLargeException".to_owned(),
        message: format!("Request must be smaller than {limit} bytes for the InvokeFunction operation, and it has {bytes}"),
        status: 413,
        request_id: None,
    }
}

impl DataSource for LambdaDataSource {
    fn invoke<'a>(&'a self, request: Value, call: &'a Call) -> BoxFuture<'a, Result<Value, DataSourceError>> {
        async move { self.run(&request, call).await }.boxed()
    }

    fn gathering(&self) -> Option<&dyn Gathering> {
        Some(self)
    }

    /// A direct resolver: the function gets the whole context ("Direct Lambda request mapping template").
    fn direct_request(&self, context: Value, batching: bool) -> Option<Value> {
        let operation = if batching { "BatchInvoke" } else { "Invoke" };
        let members = [("operation", Value::from(operation)), ("payload", context)];
        Some(members.into_iter().collect::<Object>().into())
    }
}
