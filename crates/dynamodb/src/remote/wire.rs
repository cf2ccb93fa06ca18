//! One way through the SDK for all operations, past its typed shapes.
//!
//! A typed request would have to be built from our value and a typed response taken apart again; both would drop what this
//! version of the SDK does not know, and its checks for required members would answer in place of the service. So every call
//! travels as the operation that needs no input, `ListTables`, and an interceptor exchanges its serializer and deserializer for
//! [`Wire`], which sends and reads bodies as they are. All around it (endpoint, credentials, signature, retries, timeouts)
//! stays the SDK's. Retries look at status and error code, and those are the same for all operations.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
    BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::{BoxError, ErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::list_tables::{ListTablesError, ListTablesOutput};
use aws_smithy_runtime_api::client::interceptors::context::{Error, Input, Output};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, Metadata, OrchestratorError};
use aws_smithy_runtime_api::client::ser_de::{
    DeserializeResponse, SerializeRequest, SharedRequestSerializer, SharedResponseDeserializer,
};
use aws_smithy_types::body::SdkBody;
use value::Value;

use super::answer::Answer;
use super::connect::{Client, host};
use super::failure::failure;
use crate::{Operation, Response, ServiceError};

/// Sends one request and waits for its answer.
pub(super) async fn send(client: &Client, operation: Operation, mut request: Value) -> Result<Response, ServiceError> {
    make_idempotent(operation, &mut request);
    let mut body = Vec::with_capacity(256);
    request.write_json(&mut body);
    drop(request);
    let wire = Wire(Arc::new(Exchange {
        operation,
        body,
        place: Mutex::new(client.place.clone()),
        limit: client.limits.answer,
        answer: Mutex::new(None),
    }));
    let call = client.sdk.list_tables().customize().interceptor(wire.clone());
    match Box::pin(call.send()).await {
        Ok(_) | Err(SdkError::ServiceError(_)) => {
            let answer = wire.0.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
            answer.expect("the SDK says that there is an answer when `Wire` has read one, and at no other time")
        }
        Err(error) => Err(failure(&error, &wire.place(), client.limits)),
    }
}

/// Gives a transaction the token by which the service knows a repetition, as every SDK does: the SDK may send a request twice,
/// and a transaction sent twice would fail on its own work.
fn make_idempotent(operation: Operation, request: &mut Value) {
    if matches!(operation, Operation::TransactWriteItems | Operation::ExecuteTransaction)
        && let Some(request) = request.as_object_mut()
        && request.get("ClientRequestToken").is_none_or(Value::is_null)
    {
        request.insert("ClientRequestToken", uuid::Uuid::new_v4().to_string());
    }
}

/// One call on its way.
#[derive(Clone)]
struct Wire(Arc<Exchange>);

struct Exchange {
    operation: Operation,
    body: Vec<u8>,
    /// How many bytes an answer may have.
    limit: usize,
    /// Host and port of the last attempt.
    place: Mutex<String>,
    /// What the last attempt that was answered was answered.
    answer: Mutex<Option<Result<Response, ServiceError>>>,
}

impl std::fmt::Debug for Wire {
    /// Without the body: the SDK prints what it is configured with.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Wire").field(&self.0.operation).finish()
    }
}

impl Wire {
    fn place(&self) -> String {
        self.0.place.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "Wire"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let state = config.interceptor_state();
        state.store_put(Metadata::new(self.0.operation.name(), "DynamoDB"));
        state.store_put(SharedRequestSerializer::new(self.clone()));
        state.store_put(SharedResponseDeserializer::new(self.clone()));
        Ok(())
    }

    /// Streams are a service of their own, beside the other at AWS and in one with it at every emulator.
    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.0.operation.is_streams()
            && let Some(streams) = host(context.request().uri()).and_then(streams_host)
        {
            context.request_mut().set_uri(format!("https://{streams}/"))?;
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(host) = host(context.request().uri()) {
            host.clone_into(&mut self.0.place.lock().unwrap_or_else(PoisonError::into_inner));
        }
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response_mut().body_mut();
        let whole = std::mem::replace(body, SdkBody::taken());
        *body = SdkBody::from_body_1_x(http_body_util::Limited::new(whole, self.0.limit));
        Ok(())
    }
}

impl SerializeRequest for Wire {
    fn serialize_input(&self, _input: Input, _config: &mut ConfigBag) -> Result<HttpRequest, BoxError> {
        let Exchange { operation, body, .. } = &*self.0;
        let service = if operation.is_streams() { "DynamoDBStreams_20120810" } else { "DynamoDB_20120810" };
        let mut request = HttpRequest::new(SdkBody::from(body.as_slice()));
        request.set_method("POST")?;
        request.set_uri("/")?;
        let headers = request.headers_mut();
        headers.insert("content-type", "application/x-amz-json-1.0");
        headers.insert("content-length", body.len().to_string());
        headers.insert("x-amz-target", format!("{service}.{}", operation.name()));
        Ok(request)
    }
}

impl DeserializeResponse for Wire {
    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        _config: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        let header = |name: &str| response.headers().get(name);
        let answer = Answer {
            place: &self.place(),
            status: response.status().as_u16(),
            request_id: header("x-amzn-requestid").unwrap_or_default(),
            error_type: header("x-amzn-errortype"),
            content_type: header("content-type"),
            body: response.body().bytes().unwrap_or_default(),
        }
        .read();
        // What the SDK gets is what its retries look at.
        let outcome = match &answer {
            Ok(_) => Ok(Output::erase(ListTablesOutput::builder().build())),
            Err(error) => {
                let error = ErrorMetadata::builder().code(&*error.code).message(&error.message).build();
                Err(OrchestratorError::operation(Error::erase(ListTablesError::generic(error))))
            }
        };
        *self.0.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        outcome
    }
}

/// Where the Streams of a region are, given where its DynamoDB is; `None` for a place that is not AWS's.
/// <https://docs.aws.amazon.com/general/latest/gr/ddb.html>
fn streams_host(host: &str) -> Option<String> {
    if !host.starts_with("dynamodb.") && !host.starts_with("dynamodb-fips.") {
        return None;
    }
    // Dual-stack names end in `api.aws` and have a hyphen where the others have a dot.
    if host.ends_with(".api.aws") || host.ends_with(".api.amazonwebservices.com.cn") {
        return Some(format!("streams-{host}"));
    }
    (host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn")).then(|| format!("streams.{host}"))
}

#[cfg(test)]
mod tests {
    use value::value;

    use super::*;

    #[test]
    fn streams_of_aws_have_a_host_of_their_own() {
        for (host, expected) in [
            ("dynamodb.eu-west-1.amazonaws.com", Some("streams.dynamodb.eu-west-1.amazonaws.com")),
            ("dynamodb-fips.us-east-1.amazonaws.com", Some("streams.dynamodb-fips.us-east-1.amazonaws.com")),
            ("dynamodb.cn-north-1.amazonaws.com.cn", Some("streams.dynamodb.cn-north-1.amazonaws.com.cn")),
            ("dynamodb.us-east-1.api.aws", Some("streams-dynamodb.us-east-1.api.aws")),
            ("dynamodb.localhost:4000", None),
            ("localhost:8000", None),
            ("evil.example.com", None),
        ] {
            assert_eq!(streams_host(host).as_deref(), expected, "{host}");
        }
    }

    #[test]
    fn transactions_are_given_a_token_unless_they_have_one() {
        let token = |operation, mut request: Value| {
            make_idempotent(operation, &mut request);
            request.get("ClientRequestToken").and_then(Value::as_str).map(str::to_owned)
        };
        assert_eq!(token(Operation::PutItem, value!({})), None);
        assert_eq!(token(Operation::TransactWriteItems, value!({"ClientRequestToken": "mine"})).as_deref(), Some("mine"));
        let one = token(Operation::TransactWriteItems, value!({})).expect("a token");
        let other = token(Operation::ExecuteTransaction, value!({"ClientRequestToken": null})).expect("a token");
        assert_ne!(one, other);
        assert_eq!(one.len(), 36);
    }
}
