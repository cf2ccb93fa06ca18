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

/// What a definition says about an HTTP data source.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Name of the data source, for messages.
    pub name: String,
    /// `httpConfig.endpoint`: scheme, host, optionally port and a base path.
    pub endpoint: String,
    /// `httpConfig.authorizationConfig.authorizationType`, if there is one.
    pub authorization: Option<String>,
    /// How long one call may take, the whole body included.
    pub timeout: Duration,
    /// How many bytes of body an answer may have, counted after decompression.
    pub response_limit: usize,
}

impl HttpConfig {
    /// The defaults: 10 seconds, 5 MB.
    #[must_use]
    pub fn new(name: impl Into<String>, endpoint: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            endpoint: endpoint.into(),
            authorization: None,
            timeout: Duration::from_secs(10),
            response_limit: 5 * 1024 * 1024,
        }
    }
}

/// Why an HTTP data source cannot be served as defined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpConfigError {
    /// The endpoint is not a usable URL.
    #[error("data source {name}: endpoint '{endpoint}' {reason}")]
    Endpoint {
        /// The data source.
        name: String,
        /// What the definition says, without credentials.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The calls would have to be signed.
    #[error(
        "data source {name}: authorization type {authorization} is not supported yet for HTTP data sources, and calls without it \
         would fail; remove authorizationConfig or send the credential in params.headers"
    )]
    Authorization {
        /// The data source.
        name: String,
        /// The type that was asked for.
        authorization: String,
    },
}

/// The HTTP clients of a process, shared by its data sources so that connections are reused. A client is made at its first use:
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
    name: String,
    endpoint: Url,
    loopback: bool,
    timeout: Duration,
    response_limit: usize,
    clients: HttpClients,
}

impl HttpDataSource {
    /// The data source of a definition.
    ///
    /// # Errors
    /// [`HttpConfigError`] when the endpoint is no plain `http` or `https` URL, or an authorization is asked for.
    pub fn new(config: HttpConfig, clients: &HttpClients) -> Result<Self, HttpConfigError> {
        if let Some(authorization) = config.authorization {
            return Err(HttpConfigError::Authorization { name: config.name, authorization });
        }
        let endpoint = match target::parse_endpoint(&config.endpoint) {
            Ok(endpoint) => endpoint,
            Err(refused) => {
                return Err(HttpConfigError::Endpoint { name: config.name, endpoint: refused.shown, reason: refused.reason });
            }
        };
        let loopback = endpoint.host_str().is_some_and(is_loopback);
        Ok(Self {
            name: config.name,
            endpoint,
            loopback,
            timeout: config.timeout,
            response_limit: config.response_limit,
            clients: clients.clone(),
        })
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
            response::read(answer, self.response_limit, &self.name).await
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
        let origin = self.endpoint.origin().ascii_serialization();
        DataSourceError::new(
            "Http:ConnectionException",
            format!("Data source {} at {origin} cannot be reached: {cause}", self.name),
        )
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
