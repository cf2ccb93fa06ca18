//! Requests to AWS's services, signed: one client for all of them but DynamoDB, whose engine has its own.
//!
//! [`AwsClients`] holds what the services of a process share: connections, and AWS's credential chain, asked at the first request
//! that needs it. [`AwsService`] is one service at one place; it signs what it is given and gives back what was answered, whatever
//! the status. Nothing is retried. What a request means belongs to the data sources.
//!
//! Texts of errors and `Debug` forms hold no secret key, no session token and no signature.

mod credentials;
mod exception;
mod region;
mod service;
mod signer;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use value::Str;

use self::credentials::CredentialChain;
use self::region::EnvironmentRegion;
use crate::definition::AwsCredentials;
use crate::http_client::{EndpointError, ExchangeError, HttpClients};

pub(crate) use exception::Exception;
pub use service::AwsService;
pub(crate) use signer::Signer;

/// What services share: connections and AWS's credential chain. A clone shares both.
#[derive(Clone, Debug, Default)]
pub struct AwsClients {
    http: HttpClients,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    chain: CredentialChain,
    region: EnvironmentRegion,
}

impl AwsClients {
    /// With connections that others use too.
    #[must_use]
    pub fn new(http: HttpClients) -> Self {
        Self { http, shared: Arc::default() }
    }

    /// A service.
    ///
    /// # Errors
    /// [`EndpointError`] when the endpoint is no plain `http` or `https` URL, or the region no name of one.
    pub fn service(&self, settings: ServiceSettings) -> Result<AwsService, EndpointError> {
        AwsService::new(self, settings)
    }

    /// The connections.
    pub(crate) fn http(&self) -> &HttpClients {
        &self.http
    }
}

/// Where a service is and who calls it.
#[derive(Clone, Debug)]
pub struct ServiceSettings {
    /// The service's name in a signature, `lambda` for instance.
    pub signing_name: &'static str,
    /// The first label of AWS's own host.
    pub endpoint_prefix: &'static str,
    /// The region; `None` takes the environment's, and a call fails when that says none.
    pub region: Option<Str>,
    /// The URL; `None` is AWS's own host.
    pub endpoint: Option<Str>,
    /// Who calls; `None` takes AWS's usual chain, or a made-up key where the endpoint is on loopback and the environment has none.
    pub credentials: Option<AwsCredentials>,
}

/// A request to a service, not yet signed.
#[derive(Clone, Debug)]
pub struct AwsRequest {
    /// The method.
    pub method: Method,
    /// The path, percent-encoded; it begins with a slash.
    pub path: String,
    /// Parameters, not encoded.
    pub query: Vec<(String, String)>,
    /// Headers. Those of the signature and of the connection are added.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// What a service answered, decompressed.
#[derive(Clone, Debug)]
pub struct AwsResponse {
    /// The status, whatever it is.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Not answered before the deadline.
    #[error("execution timed out")]
    Timeout,
    /// Nothing was answered, or an answer that cannot be read; a sentence with the place.
    #[error("{0}")]
    Unreachable(String),
    /// The body is too large.
    #[error("The answer is larger than the limit of {limit} bytes.")]
    TooLarge {
        /// How many bytes are accepted.
        limit: usize,
    },
    /// Nothing to sign with; a sentence.
    #[error("{0}")]
    Credentials(String),
    /// Nowhere a region.
    #[error("No region is known: set aws_region (signing_region for HTTP) in the data source, or AWS_REGION in the environment.")]
    NoRegion,
    /// The request cannot be sent as it is; a sentence.
    #[error("{0}")]
    InvalidRequest(String),
}

impl SendError {
    /// What went wrong at `place`, as sentences.
    pub(crate) fn exchange(error: ExchangeError, place: &str) -> Self {
        match error {
            ExchangeError::Timeout => Self::Timeout,
            ExchangeError::TooLarge { limit } => Self::TooLarge { limit },
            other => Self::Unreachable(other.sentence(place)),
        }
    }
}
