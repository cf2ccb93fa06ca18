//! DynamoDB in this process: `[dynamodb]`.

use std::time::Duration;

use value::Str;

use super::{Secret, ServiceEndpoint};

/// The settings of the engine and of its HTTP endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DynamodbSettings {
    /// `endpoint`: where the tables are that data sources without an endpoint of their own use. Default `embedded`.
    pub endpoint: ServiceEndpoint,
    /// `durable`: whether acknowledged writes survive a power cut, and not only the death of the process. Default `false`.
    pub durable: bool,
    /// `port`: an own port of the HTTP endpoint, beside `/dynamodb/` on the server's; 0 lets the system choose. Default none.
    pub port: Option<u16>,
    /// `access_keys`: who may use the HTTP endpoint. In development on a loopback address everyone may.
    pub access_keys: Vec<AccessKey>,
    /// `expiry_interval`: how often items are looked for whose time to live has passed. Default `60s`.
    pub expiry_interval: Duration,
}

impl Default for DynamodbSettings {
    fn default() -> Self {
        Self {
            endpoint: ServiceEndpoint::Embedded,
            durable: false,
            port: None,
            access_keys: Vec::new(),
            expiry_interval: Duration::from_secs(60),
        }
    }
}

/// An access key of the HTTP endpoint: `[[dynamodb.access_keys]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// `access_key_id`: what requests name.
    pub access_key_id: Str,
    /// `secret_access_key`: what they are signed with.
    pub secret_access_key: Secret,
}
