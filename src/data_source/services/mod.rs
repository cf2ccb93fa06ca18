//! From the definition of a data source to one that runs: what the data sources of all APIs of a process share (tables, clients,
//! the key of their tokens), and one line for each kind.

mod bedrock;
mod dynamodb;
mod eventbridge;
mod http;
mod lambda;
mod opensearch;
mod rds;

use std::sync::Arc;

use ::dynamodb::Dynamodb;
use lambda_host::LambdaHost;

use self::dynamodb::Tables;
use self::lambda::Lambda;
use super::lambda::Functions;
use super::{DataSource, NoneDataSource};
use crate::aws::AwsClients;
use crate::database::Databases;
use crate::definition::{self, ApiDefinition, DataSourceConfig, ServiceEndpoint};
use crate::diagnostic::Diagnostic;
use crate::event_bus::EventBuses;
use crate::http_client::{EndpointError, HttpClients};

/// The largest body that is read from a service when nothing else is said: AppSync's limit of a result.
const RESPONSE_LIMIT: usize = 5 << 20;

/// Handles that data sources are built with.
#[derive(Debug)]
pub struct Services {
    tables: Tables,
    lambda: Lambda,
    /// Connections and AWS's credential chain, for everything that is reached over the network.
    aws: AwsClients,
    databases: Arc<Databases>,
    event_buses: Arc<EventBuses>,
    /// The largest body that is read from a service, in bytes, decompressed.
    response_limit: usize,
}

impl Services {
    /// `tables` are those inside this process, `endpoint` is where tables are when a data source does not say.
    #[must_use]
    pub fn new(tables: Arc<dyn Dynamodb>, endpoint: ServiceEndpoint) -> Self {
        let aws = AwsClients::default();
        Self {
            tables: Tables::new(tables, endpoint),
            lambda: Lambda::new(aws.clone()),
            aws,
            databases: Arc::default(),
            event_buses: Arc::default(),
            response_limit: RESPONSE_LIMIT,
        }
    }

    /// With these SQL databases.
    #[must_use]
    pub fn databases(mut self, databases: Arc<Databases>) -> Self {
        self.databases = databases;
        self
    }

    /// With another limit than 5 MiB for the bodies that services answer with, decompressed.
    #[must_use]
    pub fn response_limit(mut self, bytes: u64) -> Self {
        self.response_limit = usize::try_from(bytes).unwrap_or(usize::MAX);
        self
    }

    /// With the functions of this process.
    #[must_use]
    pub fn functions(mut self, functions: Arc<LambdaHost>) -> Self {
        self.lambda.host = Some(functions);
        self
    }

    /// With the place where functions are when a data source does not say.
    #[must_use]
    pub fn lambda_endpoint(mut self, endpoint: ServiceEndpoint) -> Self {
        self.lambda.endpoint = endpoint;
        self
    }

    /// With functions of a test in place of this process's own.
    #[cfg(test)]
    pub(crate) fn fake_functions(mut self, fake: Arc<dyn super::lambda::Functions>) -> Self {
        self.lambda.fake = Some(fake);
        self
    }

    /// The functions of this process; `None` when the definition has none.
    #[must_use]
    pub fn function_host(&self) -> Option<&Arc<LambdaHost>> {
        self.lambda.host.as_ref()
    }

    /// Where functions are when a data source does not say.
    #[must_use]
    pub fn default_lambda_endpoint(&self) -> &ServiceEndpoint {
        &self.lambda.endpoint
    }

    /// The event buses of this process, closed until somebody opens them.
    #[must_use]
    pub fn event_buses(&self) -> &Arc<EventBuses> {
        &self.event_buses
    }

    /// The connections that data sources share.
    #[must_use]
    pub fn http_clients(&self) -> &HttpClients {
        self.aws.http()
    }

    /// Says what keys are derived from, before anything is served; a second time it has no effect.
    pub fn set_secret(&self, secret: &[u8]) {
        self.tables.set_secret(secret);
    }

    /// The place of the function that is the Lambda authorizer of `api`: in this process, or where functions are by default.
    ///
    /// # Errors
    /// A function that is none, or that is not known here; the place is left to the caller.
    pub fn authorizer(&self, function: &str, api: &ApiDefinition) -> Result<Arc<dyn Functions>, Diagnostic> {
        self.lambda.authorizer(function, api)
    }

    /// The data source that a definition describes.
    ///
    /// # Errors
    /// What in the definition keeps it from running; the place is left to the caller.
    pub fn data_source(&self, source: &definition::DataSource, api: &ApiDefinition) -> Result<Arc<dyn DataSource>, Diagnostic> {
        match &source.config {
            DataSourceConfig::None => Ok(Arc::new(NoneDataSource)),
            DataSourceConfig::Http(config) => http::data_source(source, config, &self.aws, self.response_limit),
            DataSourceConfig::AmazonDynamodb(config) => self.tables.data_source(source, config, api, &self.lambda),
            DataSourceConfig::AwsLambda(config) => self.lambda.data_source(source, config),
            DataSourceConfig::AmazonOpensearchService(config) | DataSourceConfig::AmazonElasticsearch(config) => {
                opensearch::data_source(source, config, &self.aws, self.response_limit)
            }
            DataSourceConfig::AmazonBedrockRuntime(config) => {
                bedrock::data_source(source, config, &self.aws, self.response_limit)
            }
            DataSourceConfig::RelationalDatabase(config) => {
                rds::data_source(source, config, &self.databases, &self.aws, self.response_limit)
            }
            DataSourceConfig::AmazonEventbridge(config) => {
                eventbridge::data_source(source, config, (&self.event_buses, &self.aws), self.response_limit)
            }
        }
    }
}

/// A data source that this version cannot serve as it is defined.
fn refused(source: &definition::DataSource, message: impl std::fmt::Display, help: impl Into<String>) -> Diagnostic {
    Diagnostic::error("unsupported-data-source", format!("data source {}: {message}", source.name)).help(help)
}

/// What an endpoint may be.
const ENDPOINT_HELP: &str = "An endpoint is an http:// or https:// URL without credentials, query or fragment.";

/// An endpoint that is none.
fn invalid_endpoint(source: &definition::DataSource, fault: &EndpointError) -> Diagnostic {
    Diagnostic::error("invalid-endpoint", format!("data source {}: {fault}", source.name)).help(ENDPOINT_HELP)
}
