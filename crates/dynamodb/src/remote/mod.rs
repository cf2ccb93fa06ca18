//! The service over the network: AWS, or any endpoint that speaks its API.
//!
//! [`Remote`] leaves to the AWS SDK what the SDK is good at (credentials, regions, endpoints, signing, retries, connections) and
//! keeps its typed shapes out of the way: requests and responses pass as they are, see the `wire` module. Start here; `connect`
//! makes the client, `answer` reads what the service says, `failure` says what went wrong before there was an answer.

mod answer;
mod connect;
mod failure;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use value::{Str, Value};

use crate::{Dynamodb, Operation, Response, ServiceError};
use connect::Client;

/// Where the service is and who calls it.
#[derive(Clone, Debug)]
pub struct RemoteSettings {
    /// The region; `None` takes the one of the environment (`AWS_REGION`, the profile's, the instance's). An endpoint on this
    /// machine needs none: `us-east-1` stands for it, unless the environment or the profile names another.
    pub region: Option<Str>,
    /// A URL instead of AWS's own, `http://localhost:8000` for instance.
    pub endpoint: Option<Str>,
    /// The access key; `None` takes the usual chain: environment, profile, web identity, container, instance. Emulators want a
    /// signature but look at no key, so an endpoint on this machine is given a made-up key (`local`) when neither
    /// `AWS_ACCESS_KEY_ID` nor `AWS_PROFILE` is set.
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
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// DynamoDB over the network. Clones share one client with its connections.
///
/// An answer of the service is given as it is, errors with their own code, message and status. What goes wrong on the way has
/// the name that the AWS SDK for Java gives it, which is the SDK that AppSync's own messages come from: `SdkClientException`
/// (no credentials, no connection, an answer that is none of DynamoDB's) and `ApiCallTimeoutException`, both with status 0
/// because no answer came.
#[derive(Clone)]
pub struct Remote {
    inner: Arc<Inner>,
}

struct Inner {
    settings: RemoteSettings,
    limits: Limits,
    client: tokio::sync::OnceCell<Client>,
}

/// How long to wait, and for how much.
#[derive(Clone, Copy)]
struct Limits {
    /// For a connection.
    connect: Duration,
    /// For a call as a whole, all attempts taken together.
    call: Duration,
    /// How many bytes an answer may have.
    answer: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            call: Duration::from_secs(30),
            // The longest that DynamoDB answers is a `BatchGetItem` of 16 MB, counted in its own way: `{"N":"1"}` in a list counts
            // 3 bytes there and `{"NULL":true}` counts 2, so its JSON stays below 8 times that.
            answer: 128 * 1024 * 1024,
        }
    }
}

impl Remote {
    /// A client. Nothing is read or sent before the first call.
    #[must_use]
    pub fn new(settings: RemoteSettings) -> Self {
        Self::with_limits(settings, Limits::default())
    }

    fn with_limits(settings: RemoteSettings, limits: Limits) -> Self {
        Self { inner: Arc::new(Inner { settings, limits, client: tokio::sync::OnceCell::new() }) }
    }
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

impl Dynamodb for Remote {
    fn call(&self, operation: Operation, request: Value) -> BoxFuture<'_, Result<Response, ServiceError>> {
        Box::pin(async move {
            let Inner { settings, limits, client } = &*self.inner;
            connect::check_endpoint(settings)?;
            let client = client.get_or_init(|| connect::connect(settings, *limits)).await;
            wire::send(client, operation, request).await
        })
    }
}

#[cfg(test)]
mod tests;
