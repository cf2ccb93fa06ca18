//! `HTTP`: requests to one endpoint (resolver reference for HTTP).
//!
//! The definition fixes scheme, host and port; a resolver chooses the rest. `target` keeps it that way, `request` judges what
//! the resolver wrote, `response` reads the answer within time and size. Redirects are answers, not followed: they would leave
//! the endpoint.
//!
//! Differs from AppSync: names of response headers arrive in lower case, as HTTP/2 sends them, whatever the case on the wire.

mod request;
mod response;
mod target;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::{Client, Url};
use value::Value;

use self::request::HttpRequest;
use super::{Call, DataSource, DataSourceError};

/// How long one call may take, the whole body included (AppSync; seen in public reports).
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why an endpoint cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("endpoint '{endpoint}' {reason}")]
pub struct EndpointError {
    /// What the definition says, without credentials.
    pub endpoint: String,
    /// What is wrong with it.
    pub reason: String,
}

/// HTTP clients, to be shared by data sources so that they share connections and certificates. A client is made at its first use:
/// it reads the system's certificates, which a start should not wait for.
#[derive(Clone, Debug, Default)]
pub struct HttpClients {
    inner: Arc<Clients>,
}

#[derive(Debug, Default)]
struct Clients {
    /// Honours the proxy settings of the environment.
    outside: OnceLock<Client>,
    /// For endpoints on this machine, which no proxy can reach.
    loopback: OnceLock<Client>,
}

impl HttpClients {
    fn client(&self, loopback: bool) -> Result<&Client, reqwest::Error> {
        let slot = if loopback { &self.inner.loopback } else { &self.inner.outside };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let mut builder = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(Duration::from_secs(10))
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(64)
            .user_agent(concat!("syncgate/", env!("CARGO_PKG_VERSION")));
        if loopback {
            builder = builder.no_proxy();
        }
        let client = builder.build()?;
        Ok(slot.get_or_init(|| client))
    }
}

/// One HTTP endpoint.
#[derive(Debug)]
pub struct HttpDataSource {
    endpoint: Url,
    loopback: bool,
    timeout: Duration,
    response_limit: usize,
    clients: HttpClients,
}

impl HttpDataSource {
    /// The data source of `httpConfig.endpoint`: scheme, host, optionally port and a base path. An answer may have
    /// `response_limit` bytes of body, counted after decompression.
    ///
    /// # Errors
    /// [`EndpointError`] when the endpoint is no plain `http` or `https` URL.
    pub fn new(endpoint: &str, response_limit: usize) -> Result<Self, EndpointError> {
        let endpoint = target::parse_endpoint(endpoint)?;
        let loopback = endpoint.host_str().is_some_and(is_loopback);
        Ok(Self { endpoint, loopback, timeout: TIMEOUT, response_limit, clients: HttpClients::default() })
    }

    /// With another time limit than 10 seconds per call.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// With clients that other data sources use too.
    #[must_use]
    pub fn clients(mut self, clients: &HttpClients) -> Self {
        self.clients = clients.clone();
        self
    }

    fn origin(&self) -> String {
        self.endpoint.origin().ascii_serialization()
    }

    async fn call(&self, request: &Value, call: &Call) -> Result<Value, DataSourceError> {
        let request = HttpRequest::read(request, &self.endpoint)?;
        let client = self
            .clients
            .client(self.loopback)
            .map_err(|error| DataSourceError::new("Http:InternalFailure", format!("The HTTP client cannot start: {error}")))?;
        let mut outgoing = client.request(request.method, request.url).headers(request.headers);
        if let Some(body) = request.body {
            outgoing = outgoing.body(body);
        }
        // One deadline over connecting, head and body: an endpoint that drips its body is as slow as one that never answers.
        let deadline = call.deadline.min(Instant::now() + self.timeout);
        let answer = async {
            let answer = outgoing.send().await.map_err(|error| self.unreachable(&error))?;
            response::read(answer, self.response_limit, &self.origin()).await
        };
        match tokio::time::timeout_at(deadline.into(), answer).await {
            Ok(result) => result,
            Err(_) => Err(DataSourceError::new("Http:ExecutionTimeoutException", "execution timed out")),
        }
    }

    /// The cause at the end of the chain says what happened ("Connection refused"); the outer texts only repeat the URL.
    fn unreachable(&self, error: &reqwest::Error) -> DataSourceError {
        if error.is_timeout() {
            return DataSourceError::new("Http:ExecutionTimeoutException", "execution timed out");
        }
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        DataSourceError::new("Http:ConnectionException", format!("{} cannot be reached: {cause}", self.origin()))
    }
}

impl DataSource for HttpDataSource {
    fn invoke<'a>(&'a self, request: Value, call: &'a Call) -> BoxFuture<'a, Result<Value, DataSourceError>> {
        async move { self.call(&request, call).await }.boxed()
    }
}

/// `localhost`, its subdomains (RFC 6761) and loopback addresses.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse::<IpAddr>().map_or_else(|_| host == "localhost" || host.ends_with(".localhost"), |address| address.is_loopback())
}
