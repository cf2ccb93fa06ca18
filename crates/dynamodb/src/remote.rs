//! The service over the network: AWS or any endpoint.

use futures_util::future::BoxFuture;
use value::{Str, Value};

use crate::{Dynamodb, Operation, Response, ServiceError};

/// Where the service is and who calls it.
#[derive(Clone, Debug)]
pub struct RemoteSettings {
    /// The region; `None` takes the one of the environment.
    pub region: Option<Str>,
    /// A URL instead of AWS's own.
    pub endpoint: Option<Str>,
    /// The access key; `None` takes the usual chain: environment, profile, container, instance.
    pub credentials: Option<Credentials>,
}

/// An access key.
#[derive(Clone)]
pub struct Credentials {
    /// `AccessKeyId`
    pub access_key_id: Str,
    /// `SecretAccessKey`
    pub secret_access_key: Str,
    /// `SessionToken`
    pub session_token: Option<Str>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// DynamoDB over the network.
#[derive(Debug)]
pub struct Remote {
    _settings: RemoteSettings,
}

impl Remote {
    /// A client; nothing is sent before the first call.
    #[must_use]
    pub fn new(settings: RemoteSettings) -> Self {
        Self { _settings: settings }
    }
}

impl Dynamodb for Remote {
    fn call(&self, operation: Operation, _request: Value) -> BoxFuture<'_, Result<Response, ServiceError>> {
        let message = format!("{} over the network is not supported yet", operation.name());
        Box::pin(async { Err(ServiceError::new("InternalServerError", message, 500, "")) })
    }
}
