//! Data sources (AppSync's `DataSource`), every kind as data. What this server cannot run it refuses later, by name.

use std::time::Duration;

use value::Str;

use super::Secret;
use crate::diagnostic::Place;

/// A data source.
#[derive(Clone, Debug)]
pub struct DataSource {
    /// `name`
    pub name: Str,
    /// `description`
    pub description: Option<Str>,
    /// `type`, with the settings of that type.
    pub config: DataSourceConfig,
    /// Where it is defined.
    pub place: Option<Place>,
}

impl DataSource {
    /// Its type.
    #[must_use]
    pub fn data_source_type(&self) -> DataSourceType {
        match self.config {
            DataSourceConfig::None => DataSourceType::None,
            DataSourceConfig::Http(_) => DataSourceType::Http,
            DataSourceConfig::AmazonDynamodb(_) => DataSourceType::AmazonDynamodb,
            DataSourceConfig::AwsLambda(_) => DataSourceType::AwsLambda,
            DataSourceConfig::RelationalDatabase(_) => DataSourceType::RelationalDatabase,
            DataSourceConfig::AmazonOpensearchService(_) => DataSourceType::AmazonOpensearchService,
            DataSourceConfig::AmazonElasticsearch(_) => DataSourceType::AmazonElasticsearch,
            DataSourceConfig::AmazonEventbridge(_) => DataSourceType::AmazonEventbridge,
            DataSourceConfig::AmazonBedrockRuntime(_) => DataSourceType::AmazonBedrockRuntime,
        }
    }
}

/// `DataSourceType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataSourceType {
    /// `NONE`
    None,
    /// `HTTP`
    Http,
    /// `AMAZON_DYNAMODB`
    AmazonDynamodb,
    /// `AWS_LAMBDA`
    AwsLambda,
    /// `RELATIONAL_DATABASE`
    RelationalDatabase,
    /// `AMAZON_OPENSEARCH_SERVICE`
    AmazonOpensearchService,
    /// `AMAZON_ELASTICSEARCH`
    AmazonElasticsearch,
    /// `AMAZON_EVENTBRIDGE`
    AmazonEventbridge,
    /// `AMAZON_BEDROCK_RUNTIME`
    AmazonBedrockRuntime,
}

impl DataSourceType {
    /// AppSync's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Http => "HTTP",
            Self::AmazonDynamodb => "AMAZON_DYNAMODB",
            Self::AwsLambda => "AWS_LAMBDA",
            Self::RelationalDatabase => "RELATIONAL_DATABASE",
            Self::AmazonOpensearchService => "AMAZON_OPENSEARCH_SERVICE",
            Self::AmazonElasticsearch => "AMAZON_ELASTICSEARCH",
            Self::AmazonEventbridge => "AMAZON_EVENTBRIDGE",
            Self::AmazonBedrockRuntime => "AMAZON_BEDROCK_RUNTIME",
        }
    }
}

/// The settings of a data source, by type. An `endpoint` that AppSync does not have says where the service is really reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataSourceConfig {
    /// `NONE`: the request is the answer.
    None,
    /// `HTTP`
    Http(HttpConfig),
    /// `AMAZON_DYNAMODB`
    AmazonDynamodb(DynamodbConfig),
    /// `AWS_LAMBDA`
    AwsLambda(LambdaConfig),
    /// `RELATIONAL_DATABASE`
    RelationalDatabase(RelationalDatabaseConfig),
    /// `AMAZON_OPENSEARCH_SERVICE`
    AmazonOpensearchService(OpenSearchServiceConfig),
    /// `AMAZON_ELASTICSEARCH`, the older name of the same.
    AmazonElasticsearch(OpenSearchServiceConfig),
    /// `AMAZON_EVENTBRIDGE`
    AmazonEventbridge(EventBridgeConfig),
    /// `AMAZON_BEDROCK_RUNTIME`
    AmazonBedrockRuntime(BedrockRuntimeConfig),
}

/// Where an AWS service is reached. The engine in this process is the default even where a region is given: definitions that
/// were copied from AWS carry one, and a laptop must not write to AWS by surprise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ServiceEndpoint {
    /// `embedded`: the engine in this process.
    #[default]
    Embedded,
    /// `aws`: the service itself.
    Aws,
    /// Anything that behaves like it, at an `http://` or `https://` URL.
    Url(Str),
}

/// An access key for a service that is reached over the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsCredentials {
    /// `access_key_id`
    pub access_key_id: Str,
    /// `secret_access_key`
    pub secret_access_key: Secret,
    /// `session_token`
    pub session_token: Option<Secret>,
}

/// `HttpDataSourceConfig`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpConfig {
    /// `endpoint`: an `http://` or `https://` URL; a request's `resourcePath` is appended.
    pub endpoint: Str,
    /// `authorizationConfig`
    pub authorization_config: Option<AuthorizationConfig>,
    /// `coalesce_gets`: GETs that are equal to one under way wait for its answer.
    pub coalesce_gets: bool,
    /// `timeout`: how long an answer may take; [`ANSWER_TIMEOUT`] by default.
    pub timeout: Duration,
}

/// How long AppSync waits for the whole answer of a model ("only supports synchronous invocations that complete within 10 seconds") or
/// of an HTTP endpoint (seen in public reports).
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// `AuthorizationConfig` of an HTTP data source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizationConfig {
    /// `AWS_IAM`: requests are signed with Signature Version 4.
    AwsIam(AwsIamConfig),
}

/// `AwsIamConfig`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsIamConfig {
    /// `signingRegion`
    pub signing_region: Option<Str>,
    /// `signingServiceName`
    pub signing_service_name: Option<Str>,
    /// `access_key_id`, `secret_access_key`, `session_token`: who signs; `None` takes AWS's usual chain.
    pub credentials: Option<AwsCredentials>,
}

/// `DynamodbDataSourceConfig`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DynamodbConfig {
    /// `tableName`
    pub table_name: Str,
    /// `awsRegion`
    pub aws_region: Option<Str>,
    /// `useCallerCredentials`
    pub use_caller_credentials: bool,
    /// `versioned`: conflict detection and resolution.
    pub versioned: bool,
    /// `deltaSyncConfig`
    pub delta_sync_config: Option<DeltaSyncConfig>,
    /// Where the service is reached; `None` is where `[dynamodb]` says.
    pub endpoint: Option<ServiceEndpoint>,
    /// `access_key_id`, `secret_access_key`, `session_token`: who calls it there; `None` takes AWS's usual chain.
    pub credentials: Option<AwsCredentials>,
}

/// `DeltaSyncConfig`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeltaSyncConfig {
    /// `deltaSyncTableName`
    pub delta_sync_table_name: Str,
    /// `baseTableTTL`: how long an item stays after it was deleted.
    pub base_table_ttl: Duration,
    /// `deltaSyncTableTTL`: how long a change stays in the delta table.
    pub delta_sync_table_ttl: Duration,
}

/// `LambdaDataSourceConfig`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LambdaConfig {
    /// `lambdaFunctionArn`
    pub lambda_function_arn: Str,
    /// Where the service is reached; `None` is where its own section of the definition says.
    pub endpoint: Option<ServiceEndpoint>,
    /// `access_key_id`, `secret_access_key`, `session_token`: who calls it there; `None` takes AWS's usual chain.
    pub credentials: Option<AwsCredentials>,
}

/// `RelationalDatabaseDataSourceConfig`; its only source type is `RDS_HTTP_ENDPOINT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationalDatabaseConfig {
    /// `rdsHttpEndpointConfig`
    pub rds_http_endpoint_config: RdsHttpEndpointConfig,
    /// Where the service is reached; `None` is where its own section of the definition says.
    pub endpoint: Option<ServiceEndpoint>,
    /// `access_key_id`, `secret_access_key`, `session_token`: who calls it there; `None` takes AWS's usual chain.
    pub credentials: Option<AwsCredentials>,
}

/// `RdsHttpEndpointConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RdsHttpEndpointConfig {
    /// `awsRegion`
    pub aws_region: Option<Str>,
    /// `dbClusterIdentifier`: the cluster's ARN.
    pub db_cluster_identifier: Option<Str>,
    /// `databaseName`
    pub database_name: Option<Str>,
    /// `schema`
    pub schema: Option<Str>,
    /// `awsSecretStoreArn`
    pub aws_secret_store_arn: Option<Str>,
}

/// `OpenSearchServiceDataSourceConfig` and `ElasticsearchDataSourceConfig`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSearchServiceConfig {
    /// `endpoint`: the domain's URL.
    pub endpoint: Str,
    /// `awsRegion`
    pub aws_region: Option<Str>,
    /// `authorization`: how requests say who calls; `None` is what the endpoint suggests.
    pub authorization: Option<OpenSearchAuthorization>,
}

/// How requests to OpenSearch say who calls. AppSync always signs; a container on a developer's machine knows no signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenSearchAuthorization {
    /// `AWS_IAM`: signed, with `access_key_id`, `secret_access_key`, `session_token`; `None` takes AWS's usual chain.
    AwsIam(Option<AwsCredentials>),
    /// `BASIC`: `username` and `password`, of the internal user database.
    Basic {
        /// `username`
        username: Str,
        /// `password`
        password: Secret,
    },
    /// `NONE`: nothing is said.
    None,
}

/// `EventBridgeDataSourceConfig`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventBridgeConfig {
    /// `eventBusArn`
    pub event_bus_arn: Str,
    /// Where the service is reached; `None` is where its own section of the definition says.
    pub endpoint: Option<ServiceEndpoint>,
    /// `access_key_id`, `secret_access_key`, `session_token`: who calls it there; `None` takes AWS's usual chain.
    pub credentials: Option<AwsCredentials>,
}

/// A model service. AppSync's definition has no settings for it; here it says where it is and who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BedrockRuntimeConfig {
    /// `aws_region`
    pub aws_region: Option<Str>,
    /// `endpoint`: the service itself (`aws`) or a URL; there is none inside Syncgate.
    pub endpoint: Option<ServiceEndpoint>,
    /// `access_key_id`, `secret_access_key`, `session_token`: who calls it there; `None` takes AWS's usual chain.
    pub credentials: Option<AwsCredentials>,
    /// `timeout`: how long an answer may take; [`ANSWER_TIMEOUT`] by default.
    pub timeout: Duration,
}
