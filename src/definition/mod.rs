//! WHAT an API is: plain data that mirrors AppSync's own resource model, name by name.
//!
//! Nothing here runs, and nothing here does I/O beyond reading files. [`read`] (`config.toml`) is one front door to a
//! [`ServerDefinition`]; a control plane and importers are further doors to the same types, so these know neither TOML nor
//! files: every text is a [`Source`](crate::diagnostic::Source), and what a person wrote carries its
//! [`Place`](crate::diagnostic::Place), so that later steps can point at it.
//!
//! A border: the definition knows no runtime. Whether a data source can be run, whether a field exists, whether code is
//! allowed is judged where it is compiled.

mod api;
mod config;
mod data_source;
mod database;
mod dynamodb;
mod event_rule;
mod lambda;
mod realtime;
mod resolver;
mod secret;
mod server;
mod table;
mod user_pool;

pub use self::user_pool::UserPoolDefinition;
pub use api::{
    ApiCache, ApiCachingBehavior, ApiDefinition, ApiKey, AuthenticationProvider, AuthenticationType, DefaultAction,
    FieldLogLevel, IamPrincipal, LambdaAuthorizerConfig, Limits, LogConfig, OpenIdConnectConfig, UserPoolConfig, VelocityVersion,
};
pub(crate) use config::parse_duration;
pub use config::{Loaded, Overrides, read};
pub use data_source::{
    ANSWER_TIMEOUT, AuthorizationConfig, AwsCredentials, AwsIamConfig, BedrockRuntimeConfig, DataSource, DataSourceConfig,
    DataSourceType, DeltaSyncConfig, DynamodbConfig, EventBridgeConfig, HttpConfig, LambdaConfig, OpenSearchAuthorization,
    OpenSearchServiceConfig, RdsHttpEndpointConfig, RelationalDatabaseConfig, ServiceEndpoint,
};
pub use database::{DatabaseDefinition, SqlScript};
pub use dynamodb::{AccessKey, DynamodbSettings};
pub use event_rule::{EventInput, EventRule, EventTarget, EventTargetKind, GraphqlTarget, RetryPolicy, RuleIdentity};
pub use lambda::{LambdaFunction, LambdaRuntime, LambdaSettings};
pub use realtime::RealtimeSettings;
pub use resolver::{
    CachingConfig, ConflictDetection, ConflictHandler, Function, FunctionVersion, Resolver, ResolverKind, Runtime, SyncConfig,
};
pub use secret::Secret;
pub use server::{Cors, GivenCertificate, IpRange, Mode, NamedFile, ServerSettings, Tls};
pub use table::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, Projection, ProjectionType, ProvisionedThroughput,
    ScalarAttributeType, SecondaryIndex, StreamViewType, TableDefinition, TimeToLiveSpecification,
};

/// Everything one process serves.
#[derive(Clone, Debug)]
pub struct ServerDefinition {
    /// How it listens and what it bounds.
    pub server: ServerSettings,
    /// Subscriptions: `[realtime]`.
    pub realtime: RealtimeSettings,
    /// DynamoDB in this process: `[dynamodb]`.
    pub dynamodb: DynamodbSettings,
    /// Its tables: `[[table]]`, in the order they were written, names distinct.
    pub tables: Vec<TableDefinition>,
    /// Rules of the event buses in this process: `[[event_rule]]`, in the order they were written.
    pub event_rules: Vec<EventRule>,
    /// Lambda in this process: `[lambda]`.
    pub lambda: LambdaSettings,
    /// Its functions: `[[lambda_function]]`, in the order they were written, names distinct.
    pub lambda_functions: Vec<LambdaFunction>,
    /// SQL databases: `[[database]]`, in the order they were written, names distinct.
    pub databases: Vec<DatabaseDefinition>,
    /// User pools in this process: `[[user_pool]]`, in the order they were written, ids distinct. Development only.
    pub user_pools: Vec<UserPoolDefinition>,
    /// The APIs, at least one, in the order they were written.
    pub apis: Vec<ApiDefinition>,
}
