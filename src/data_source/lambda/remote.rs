//! Functions behind Lambda's `Invoke` API: AWS's own, or whatever answers like it at a URL.

use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use lambda_host::RESPONSE_LIMIT;
use value::Str;

use super::{FunctionAnswer, FunctionReference, Functions, InvocationType, InvokeFault};
use crate::aws::{AwsClients, AwsRequest, AwsResponse, AwsService, Exception, SendError, ServiceSettings};
use crate::definition::AwsCredentials;
use crate::http_client::{EndpointError, percent_encoded};
use crate::lineage;

/// Functions that are reached over the network.
#[derive(Clone, Debug)]
pub struct RemoteFunctions {
    clients: AwsClients,
    settings: ServiceSettings,
    service: AwsService,
}

impl RemoteFunctions {
    /// Functions at `endpoint`, or at AWS's own host. `region` is where a function is whose ARN does not say; with neither the
    /// environment's counts.
    ///
    /// # Errors
    /// [`EndpointError`] when the endpoint is no plain `http` or `https` URL, or the region none.
    pub fn new(
        clients: &AwsClients,
        endpoint: Option<Str>,
        region: Option<Str>,
        credentials: Option<AwsCredentials>,
    ) -> Result<Self, EndpointError> {
        let settings = ServiceSettings { signing_name: "lambda", endpoint_prefix: "lambda", region, endpoint, credentials };
        let service = clients.service(settings.clone())?;
        Ok(Self { clients: clients.clone(), settings, service })
    }

    /// The service in the region of the function's ARN.
    fn service(&self, function: &str) -> Result<AwsService, InvokeFault> {
        match FunctionReference::read(function).and_then(|reference| reference.region) {
            Some(region) if self.settings.region.as_deref() != Some(region) => {
                let settings = ServiceSettings { region: Some(region.into()), ..self.settings.clone() };
                self.clients.service(settings).map_err(|error| InvokeFault::Unavailable(error.to_string()))
            }
            _ => Ok(self.service.clone()),
        }
    }

    async fn send(
        &self,
        function: &str,
        payload: Bytes,
        invocation: InvocationType,
        deadline: Instant,
    ) -> Result<FunctionAnswer, InvokeFault> {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let invocation = match invocation {
            InvocationType::RequestResponse => "RequestResponse",
            InvocationType::Event => "Event",
        };
        lineage::write(&mut headers, lineage::depth());
        headers.insert(HeaderName::from_static("x-amz-invocation-type"), HeaderValue::from_static(invocation));
        let request = AwsRequest {
            method: Method::POST,
            // An ARN's colons are encoded, as SDKs send them.
            path: format!("/2015-03-31/functions/{}/invocations", percent_encoded(function)),
            query: Vec::new(),
            headers,
            body: payload,
        };
        match self.service(function)?.send(request, deadline, RESPONSE_LIMIT).await {
            Ok(response) => answer(response),
            Err(SendError::Timeout) => Err(InvokeFault::Timeout),
            Err(SendError::TooLarge { .. }) => Err(InvokeFault::TooLarge { limit: RESPONSE_LIMIT }),
            Err(other) => Err(InvokeFault::Unavailable(other.to_string())),
        }
    }
}

impl Functions for RemoteFunctions {
    fn invoke<'a>(
        &'a self,
        function: &'a str,
        payload: Bytes,
        invocation: InvocationType,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<FunctionAnswer, InvokeFault>> {
        self.send(function, payload, invocation, deadline).boxed()
    }
}

fn answer(response: AwsResponse) -> Result<FunctionAnswer, InvokeFault> {
    let header = |name: &str| response.headers.get(name).and_then(|value| value.to_str().ok());
    if response.status.is_success() {
        return Ok(FunctionAnswer { function_error: header("x-amz-function-error").map(str::to_owned), payload: response.body });
    }
    let Exception { code, message, request_id } = response.exception();
    let error_type = match code.as_str() {
        // The API's model has another name for what the service sends.
        "RequestEntityTooLargeException" => "RequestTooLargeException",
        name if !name.is_empty() && name.len() <= 100 && name.chars().all(|letter| letter.is_ascii_alphanumeric()) => name,
        _ => "LambdaException",
    };
    let message = message.unwrap_or_else(|| format!("The service answered with status {}.", response.status.as_u16()));
    Err(InvokeFault::Refused { error_type: error_type.to_owned(), message, status: response.status.as_u16(), request_id })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::StatusCode;

    use super::*;
    use crate::http_client::stub;

    #[tokio::test]
    async fn the_lineage_of_event_rules_is_sent_on() {
        let (url, mut arrived) = stub::endpoint(stub::answer("200 OK", b"{}")).await;
        let key = AwsCredentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: crate::definition::Secret::new(stub::SECRET),
            session_token: None,
        };
        let region = Some("eu-west-1".into());
        let functions = RemoteFunctions::new(&AwsClients::default(), Some(url.into()), region, Some(key)).expect("a URL");
        for depth in [0, 3] {
            let deadline = Instant::now() + Duration::from_secs(60);
            let invocation = functions.send("f", "{}".into(), InvocationType::Event, deadline);
            lineage::behind(depth, invocation).await.expect("an answer");
            let headers = arrived.recv().await.expect("a request").headers;
            assert_eq!((lineage::read(&headers), headers.contains_key(lineage::TRACE_HEADER)), (depth, depth > 0));
        }
    }

    #[test]
    fn answers_of_the_api_are_read() {
        let check = |status: u16,
                     headers: &[(&'static str, &'static str)],
                     body: &'static str,
                     expected: Result<(&str, Option<&str>), &str>| {
            let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            let status = StatusCode::from_u16(status).expect("a status");
            let read = answer(AwsResponse { status, headers: headers.collect(), body: body.into() });
            let read = read.map(|answer| (String::from_utf8(answer.payload.to_vec()).expect("text"), answer.function_error));
            let expected = expected.map(|(payload, error)| (payload.to_owned(), error.map(str::to_owned)));
            assert_eq!(read.map_err(|fault| fault.to_string()), expected.map_err(str::to_owned), "{status} {body}");
        };
        check(200, &[], "{\"a\":1}", Ok(("{\"a\":1}", None)));
        check(202, &[], "", Ok(("", None)));
        check(200, &[("x-amz-function-error", "Unhandled")], "{}", Ok(("{}", Some("Unhandled"))));
        check(
            404,
            &[("x-amzn-errortype", "ResourceNotFoundException:http://internal.amazon.com/x/")],
            "{\"Type\":\"User\",\"Message\":\"Function not found: f\"}",
            Err("ResourceNotFoundException: Function not found: f"),
        );
        check(
            413,
            &[("x-amzn-errortype", "RequestEntityTooLargeException")],
            "{\"message\":\"Request must be smaller\"}",
            Err("RequestTooLargeException: Request must be smaller"),
        );
        check(
            400,
            &[],
            "{\"__type\":\"com.amazon#InvalidParameterValueException\",\"message\":\"no\"}",
            Err("InvalidParameterValueException: no"),
        );
        check(503, &[], "<html>", Err("LambdaException: The service answered with status 503."));
        check(500, &[("x-amzn-errortype", "Weird Name!")], "{\"message\":\"no\"}", Err("LambdaException: no"));
    }
}
