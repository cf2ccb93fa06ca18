//! A GraphQL API (AppSync's `GraphqlApi` and what belongs to it): who may call it, its schema, its parts, its limits.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use value::Str;

use super::{DataSource, Function, Resolver, Secret};
use crate::diagnostic::{Place, Source};

/// One API.
#[derive(Clone, Debug)]
pub struct ApiDefinition {
    /// The API's id, a part of its address where several APIs are served.
    pub api_id: Str,
    /// The name for people.
    pub name: Str,
    /// The region that ARNs and signatures of this API name; absent: signatures may name any, ARNs say us-east-1.
    pub region: Option<Str>,
    /// The account in the API's ARN.
    pub account_id: Str,
    /// Hosts (custom domains) that belong to this API.
    pub domain_names: Vec<Str>,
    /// The default authorization mode.
    pub authentication: AuthenticationProvider,
    /// The further authorization modes.
    pub additional_authentication_providers: Vec<AuthenticationProvider>,
    /// The SDL documents; together they are the schema.
    pub schema: Vec<Arc<Source>>,
    /// Data sources by name.
    pub data_sources: IndexMap<Str, DataSource>,
    /// Pipeline functions by name.
    pub functions: IndexMap<Str, Function>,
    /// Resolvers, at most one per field.
    pub resolvers: Vec<Resolver>,
    /// API keys.
    pub api_keys: Vec<ApiKey>,
    /// Who may sign requests.
    pub iam_principals: Vec<IamPrincipal>,
    /// `ctx.env` of resolvers.
    pub environment_variables: IndexMap<Str, Str>,
    /// `introspectionConfig`: whether clients may introspect (`ENABLED`, `DISABLED`).
    pub introspection_config: bool,
    /// `queryDepthLimit`, 1 to 75; absent means no limit (AppSync's 0).
    pub query_depth_limit: Option<u32>,
    /// `resolverCountLimit`: how many resolvers may run for one request; AppSync's 0 is 10,000.
    pub resolver_count_limit: u32,
    /// The cache (AppSync's `ApiCache`), if there is one.
    pub api_cache: Option<ApiCache>,
    /// `logConfig`: what of each request is written to the log; absent: nothing in AppSync's form.
    pub log_config: Option<LogConfig>,
    /// Limits that AppSync fixes and Syncgate lets be changed.
    pub limits: Limits,
    /// Whether what works here but not on AWS is refused instead of warned about.
    pub strict: bool,
    /// The version of Velocity whose rules mapping templates follow.
    pub velocity: VelocityVersion,
    /// Where the API is defined, for findings about it as a whole.
    pub place: Option<Place>,
}

/// A version of Velocity. They differ in what counts as true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VelocityVersion {
    /// 1.7: all but null and false is true. AppSync's own error messages are those of this line.
    #[default]
    V1,
    /// 2.x: empty strings, lists and maps and zero are false, too.
    V2,
}

impl ApiDefinition {
    /// All authorization modes, the default one first.
    pub fn authentication_providers(&self) -> impl Iterator<Item = &AuthenticationProvider> {
        std::iter::once(&self.authentication).chain(&self.additional_authentication_providers)
    }

    /// What policies call it: `arn:aws:appsync:REGION:ACCOUNT:apis/ID`, with the partition that the region belongs to: a `Deny` of
    /// another partition's ARN would close nothing.
    #[must_use]
    pub fn arn(&self) -> String {
        let region = self.region.as_deref().unwrap_or("us-east-1");
        let partition = match region {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        format!("arn:{partition}:appsync:{region}:{}:apis/{}", self.account_id, self.api_id)
    }

    /// Whether a mode of this type is configured.
    #[must_use]
    pub fn allows(&self, authentication_type: AuthenticationType) -> bool {
        self.authentication_providers().any(|provider| provider.authentication_type() == authentication_type)
    }
}

/// `AuthenticationType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthenticationType {
    /// `API_KEY`
    ApiKey,
    /// `AWS_IAM`
    AwsIam,
    /// `OPENID_CONNECT`
    OpenIdConnect,
    /// `AMAZON_COGNITO_USER_POOLS`
    AmazonCognitoUserPools,
    /// `AWS_LAMBDA`
    AwsLambda,
}

impl AuthenticationType {
    /// AppSync's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "API_KEY",
            Self::AwsIam => "AWS_IAM",
            Self::OpenIdConnect => "OPENID_CONNECT",
            Self::AmazonCognitoUserPools => "AMAZON_COGNITO_USER_POOLS",
            Self::AwsLambda => "AWS_LAMBDA",
        }
    }

    /// The mode that AppSync calls `name`.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        let all = [Self::ApiKey, Self::AwsIam, Self::OpenIdConnect, Self::AmazonCognitoUserPools, Self::AwsLambda];
        all.into_iter().find(|mode| mode.name() == name)
    }
}

/// An authorization mode with its settings (AppSync's `AdditionalAuthenticationProvider`, or the default mode).
#[derive(Clone, Debug, PartialEq)]
pub enum AuthenticationProvider {
    /// `API_KEY`: the keys are [`ApiDefinition::api_keys`].
    ApiKey,
    /// `AWS_IAM`: signed requests.
    AwsIam,
    /// `OPENID_CONNECT`
    OpenIdConnect(OpenIdConnectConfig),
    /// `AMAZON_COGNITO_USER_POOLS`
    AmazonCognitoUserPools(UserPoolConfig),
    /// `AWS_LAMBDA`: a Lambda function decides.
    AwsLambda(LambdaAuthorizerConfig),
}

impl AuthenticationProvider {
    /// Its type.
    #[must_use]
    pub fn authentication_type(&self) -> AuthenticationType {
        match self {
            Self::ApiKey => AuthenticationType::ApiKey,
            Self::AwsIam => AuthenticationType::AwsIam,
            Self::OpenIdConnect(_) => AuthenticationType::OpenIdConnect,
            Self::AmazonCognitoUserPools(_) => AuthenticationType::AmazonCognitoUserPools,
            Self::AwsLambda(_) => AuthenticationType::AwsLambda,
        }
    }
}

/// `OpenIDConnectConfig`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenIdConnectConfig {
    /// `issuer`: the URL whose discovery document names the keys; equal to the token's `iss`.
    pub issuer: Str,
    /// `clientId`: a pattern that the token's `aud` or `azp` must match.
    pub client_id: Option<Str>,
    /// `iatTTL`: how long a token is valid after it was issued.
    pub iat_ttl: Option<Duration>,
    /// `authTTL`: how long a token is valid after its user signed in.
    pub auth_ttl: Option<Duration>,
}

/// `UserPoolConfig` (`CognitoUserPoolConfig` of an additional provider).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserPoolConfig {
    /// `userPoolId`
    pub user_pool_id: Str,
    /// `awsRegion`
    pub aws_region: Str,
    /// `appIdClientRegex`: a pattern that the token's client must match.
    pub app_id_client_regex: Option<Str>,
    /// `defaultAction`: what fields without directive do; of the default mode only.
    pub default_action: DefaultAction,
    /// The issuer where it is not Cognito's own address of the pool (emulators). Not AppSync's.
    pub issuer: Option<Str>,
}

/// `DefaultAction` of a user pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DefaultAction {
    /// `ALLOW`
    #[default]
    Allow,
    /// `DENY`
    Deny,
}

/// `LambdaAuthorizerConfig`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LambdaAuthorizerConfig {
    /// `authorizerUri`: the function's ARN.
    pub authorizer_uri: Str,
    /// `authorizerResultTtlInSeconds`: how long an answer is remembered, 0 to 3,600 seconds; by default not at all.
    pub authorizer_result_ttl: Duration,
    /// `identityValidationExpression`: a pattern that the token must match before the function is asked.
    pub identity_validation_expression: Option<Str>,
}

/// An `ApiKey`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// `id`: the key itself, as clients send it.
    pub id: Secret,
    /// `expires`; absent means never, which AppSync does not have.
    pub expires: Option<jiff::Timestamp>,
    /// `description`
    pub description: Option<Str>,
}

/// Somebody who may sign requests in the mode `AWS_IAM`: `[[api.iam_principals]]`. AppSync finds these in IAM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IamPrincipal {
    /// `name`: what it is called here.
    pub name: Str,
    /// `access_key_id`, `secret_access_key`, `session_token`.
    pub credentials: super::AwsCredentials,
    /// `policies`: what it may do.
    pub policies: Vec<iam_policy::Policy>,
    /// `account_id`: `ctx.identity.accountId`; by default the API's.
    pub account_id: Str,
    /// `user_arn`: `ctx.identity.userArn`; by default that of an IAM user of this name.
    pub user_arn: Str,
    /// `username`: `ctx.identity.username`; by default the name.
    pub username: Str,
    /// `cognito_identity_pool_id`
    pub cognito_identity_pool_id: Option<Str>,
    /// `cognito_identity_id`
    pub cognito_identity_id: Option<Str>,
    /// `cognito_identity_auth_type`: `authenticated` or `unauthenticated`.
    pub cognito_identity_auth_type: Option<Str>,
    /// `cognito_identity_auth_provider`
    pub cognito_identity_auth_provider: Option<Str>,
}

/// `LogConfig`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// `fieldLogLevel`
    pub field_log_level: FieldLogLevel,
    /// `excludeVerboseContent`: no headers, no context, no results of evaluations. Default `false`.
    pub exclude_verbose_content: bool,
}

/// `FieldLogLevel`: what is logged about fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldLogLevel {
    /// Nothing.
    None,
    /// What belongs to fields in error.
    Error,
    /// Also what resolvers log as information.
    Info,
    /// Also what resolvers log for debugging.
    Debug,
    /// Everything.
    All,
}

/// `ApiCache`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiCache {
    /// `apiCachingBehavior`
    pub api_caching_behavior: ApiCachingBehavior,
    /// `ttl`: 1 to 3,600 seconds.
    pub ttl: Duration,
}

/// `apiCachingBehavior` of an [`ApiCache`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiCachingBehavior {
    /// `FULL_REQUEST_CACHING`: every resolver's result is cached.
    FullRequestCaching,
    /// `PER_RESOLVER_CACHING`: only resolvers with a caching configuration.
    PerResolverCaching,
    /// `OPERATION_LEVEL_CACHING`: whole responses.
    OperationLevelCaching,
}

/// Limits that AppSync fixes: `[api.limits]`. The defaults are AppSync's; values above them work here, not on AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `query_tokens`: tokens of a query document. Default 15,000.
    pub query_tokens: u32,
    /// `evaluation_result`: bytes of one evaluated template or handler result. Default `5MiB`.
    pub evaluation_result: u64,
    /// `loop_iterations`: turns of one `#foreach`. Default 1,000.
    pub loop_iterations: u32,
    /// `code_characters`: characters of a resolver's code. Default 32,768.
    pub code_characters: u32,
    /// `template_characters`: characters of a mapping template. Default 65,536.
    pub template_characters: u32,
    /// `pipeline_functions`: functions of one pipeline. Default 10.
    pub pipeline_functions: u32,
    /// `schema_size`: bytes of the schema. Default `1MiB`.
    pub schema_size: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            query_tokens: 15_000,
            evaluation_result: 5 << 20,
            loop_iterations: 1_000,
            code_characters: 32_768,
            template_characters: 65_536,
            pipeline_functions: 10,
            schema_size: 1 << 20,
        }
    }
}
