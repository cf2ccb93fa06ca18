//! `HTTP`: requests to one endpoint (resolver reference for HTTP).
//!
//! The definition fixes scheme, host and port; a resolver chooses the rest. `request` judges what the resolver wrote, `response`
//! shows the answer, `charset` knows how bodies become text. A signature, where one is configured, comes last. Redirects are
//! answers, not followed: they would leave the endpoint. Nothing is retried.
//!
//! Differs from AppSync: names of response headers arrive in lower case, as HTTP/2 sends them, whatever the case on the wire.

mod charset;
mod coalesce;
pub(super) mod parts;
mod request;
mod response;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::{Request, Url};
use value::{Str, Value};

use self::coalesce::{Key, UnderWay};
use self::request::HttpRequest;
use super::{Call, DataSource, DataSourceError};
use crate::aws::{AwsClients, SendError, Signer};
use crate::definition::{ANSWER_TIMEOUT, AwsCredentials};
use crate::http_client::{EndpointError, ExchangeError, HttpClients, is_local, parse_endpoint};
use crate::lineage;

/// One HTTP endpoint.
#[derive(Debug)]
pub struct HttpDataSource {
    endpoint: Url,
    caller: Caller,
    /// Equal GETs under way, if they are to be one.
    under_way: Option<UnderWay>,
}

/// What is needed to send a request, whoever waits for its answer.
#[derive(Clone, Debug)]
struct Caller {
    /// Scheme, host and port, for messages.
    origin: Str,
    timeout: Duration,
    response_limit: usize,
    clients: HttpClients,
    signer: Option<Signer>,
}

impl HttpDataSource {
    /// The data source of `httpConfig.endpoint`: scheme, host, optionally port and a base path. An answer may have
    /// `response_limit` bytes of body, counted after decompression.
    ///
    /// # Errors
    /// [`EndpointError`] when the endpoint is no plain `http` or `https` URL.
    pub fn new(endpoint: &str, response_limit: usize) -> Result<Self, EndpointError> {
        let endpoint = parse_endpoint(endpoint)?;
        let origin = endpoint.origin().ascii_serialization().into();
        let caller = Caller { origin, timeout: ANSWER_TIMEOUT, response_limit, clients: HttpClients::default(), signer: None };
        Ok(Self { endpoint, caller, under_way: None })
    }

    /// With another time limit than 10 seconds per call.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.caller.timeout = timeout;
        self
    }

    /// With clients that other data sources use too.
    #[must_use]
    pub fn clients(mut self, clients: &HttpClients) -> Self {
        self.caller.clients = clients.clone();
        self
    }

    /// With `authorizationConfig` `AWS_IAM`: requests are signed for `service`. What is not given says the environment.
    #[must_use]
    pub fn signed(mut self, aws: &AwsClients, service: &Str, region: Option<&Str>, credentials: Option<&AwsCredentials>) -> Self {
        self.caller.signer = Some(Signer::new(aws, Str::clone(service), region.cloned(), credentials, is_local(&self.endpoint)));
        self
    }

    /// Whether a GET that equals one under way, headers included, waits for that one's answer.
    #[must_use]
    pub fn coalesce_gets(mut self, coalesce: bool) -> Self {
        self.under_way = coalesce.then(UnderWay::default);
        self
    }

    async fn call(&self, request: &Value, call: &Call) -> Result<Value, DataSourceError> {
        let request = HttpRequest::read(request, &self.endpoint)?;
        let mut outgoing = Request::new(request.method, request.url);
        *outgoing.headers_mut() = request.headers;
        *outgoing.body_mut() = request.body.map(Into::into);
        let key = self.under_way.as_ref().zip(Key::of(&outgoing));
        lineage::write(outgoing.headers_mut(), lineage::depth());
        match key {
            Some((under_way, key)) => {
                // The one that began it may have less time than the next, so the exchange has its own.
                let caller = self.caller.clone();
                let mut is_first = false;
                let exchange = || {
                    is_first = true;
                    async move { caller.send(outgoing, Instant::now() + caller.timeout).await }.boxed()
                };
                let exchange = under_way.share(key, exchange);
                if !is_first {
                    call.is_shared();
                }
                tokio::time::timeout_at(call.deadline.into(), exchange).await.unwrap_or_else(|_| Err(timed_out()))
            }
            None => self.caller.send(outgoing, call.deadline.min(Instant::now() + self.caller.timeout)).await,
        }
    }
}

impl Caller {
    async fn send(&self, mut request: Request, deadline: Instant) -> Result<Value, DataSourceError> {
        if let Some(signer) = &self.signer {
            let signed = tokio::time::timeout_at(deadline.into(), signer.sign(&mut request)).await;
            signed.map_err(|_| timed_out())?.map_err(|error| unsigned(&error))?;
        }
        match self.clients.exchange(request, deadline, self.response_limit).await {
            Ok(answer) => {
                if let Some(signer) = &self.signer {
                    signer.answered(answer.status);
                }
                Ok(response::result(&answer))
            }
            Err(ExchangeError::Timeout) => Err(timed_out()),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn failed(&self, error: &ExchangeError) -> DataSourceError {
        let error_type = match error {
            ExchangeError::TooLarge { .. } => "Http:ResponseTooLargeException",
            ExchangeError::Client(_) => "Http:InternalFailure",
            _ => "Http:ConnectionException",
        };
        DataSourceError::new(error_type, error.sentence(&self.origin))
    }
}

fn timed_out() -> DataSourceError {
    DataSourceError::new("Http:ExecutionTimeoutException", "execution timed out")
}

/// A request that could not be signed, and was not sent.
fn unsigned(error: &SendError) -> DataSourceError {
    DataSourceError::new("Http:SigningException", error.to_string())
}

impl DataSource for HttpDataSource {
    fn invoke<'a>(&'a self, request: Value, call: &'a Call) -> BoxFuture<'a, Result<Value, DataSourceError>> {
        async move { self.call(&request, call).await }.boxed()
    }
}
