//! Reads `[api.data_sources.NAME]`.

use std::time::Duration;

use value::Str;

use super::server::some_time;
use super::table::Table;
use super::values::Problem;
use crate::definition::{
    ANSWER_TIMEOUT, AuthorizationConfig, AwsCredentials, AwsIamConfig, BedrockRuntimeConfig, DataSource, DataSourceConfig,
    DataSourceType, DeltaSyncConfig, DynamodbConfig, EventBridgeConfig, HttpConfig, LambdaConfig, OpenSearchAuthorization,
    OpenSearchServiceConfig, RdsHttpEndpointConfig, RelationalDatabaseConfig, Secret, ServiceEndpoint,
};
use crate::diagnostic::Place;
use crate::http_client::without_credentials;

const TYPES: [DataSourceType; 9] = [
    DataSourceType::None,
    DataSourceType::Http,
    DataSourceType::AmazonDynamodb,
    DataSourceType::AwsLambda,
    DataSourceType::RelationalDatabase,
    DataSourceType::AmazonOpensearchService,
    DataSourceType::AmazonElasticsearch,
    DataSourceType::AmazonEventbridge,
    DataSourceType::AmazonBedrockRuntime,
];

/// The parts of an access key.
const ACCESS_KEY: [&str; 3] = ["access_key_id", "secret_access_key", "session_token"];

/// A data source; `None` when it is too broken to stand for something, which was reported.
pub(super) fn read(name: &str, place: &Place, mut table: Table<'_>) -> Option<DataSource> {
    let types = TYPES.map(|data_source_type| (data_source_type.name(), data_source_type));
    table.require("type", "one of AppSync's data source types, for instance type = \"NONE\"");
    let data_source_type = table.choice("type", &types);
    let description = table.optional("description");
    table.without_effect(&["service_role_arn", "metrics_config"], "nothing on this machine reads it");
    let Some(data_source_type) = data_source_type else {
        // Which keys belong here depends on the type: no further findings about them.
        return None;
    };
    let config = match data_source_type {
        DataSourceType::None => Some(DataSourceConfig::None),
        DataSourceType::Http => http(&mut table).map(DataSourceConfig::Http),
        DataSourceType::AmazonDynamodb => dynamodb(&mut table).map(DataSourceConfig::AmazonDynamodb),
        DataSourceType::AwsLambda => lambda(&mut table).map(DataSourceConfig::AwsLambda),
        DataSourceType::RelationalDatabase => Some(DataSourceConfig::RelationalDatabase(relational_database(&mut table))),
        DataSourceType::AmazonOpensearchService => open_search(&mut table).map(DataSourceConfig::AmazonOpensearchService),
        DataSourceType::AmazonElasticsearch => open_search(&mut table).map(DataSourceConfig::AmazonElasticsearch),
        DataSourceType::AmazonEventbridge => event_bridge(&mut table).map(DataSourceConfig::AmazonEventbridge),
        DataSourceType::AmazonBedrockRuntime => Some(DataSourceConfig::AmazonBedrockRuntime(bedrock_runtime(&mut table))),
    };
    table.finish();
    Some(DataSource { name: name.into(), description, config: config?, place: Some(place.clone()) })
}

/// An `http://` or `https://` URL.
pub(super) fn url(text: Str) -> Result<Str, Problem> {
    let is_url = text
        .parse::<http::Uri>()
        .is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty()));
    if is_url {
        Ok(text)
    } else {
        Err(Problem::new(format!("is no URL: `{}`", without_credentials(&text)))
            .help("begin with http:// or https://, for instance https://api.example.com"))
    }
}

/// Where a service is reached: the engine in this process, AWS, or a URL.
pub(super) fn service_endpoint(table: &mut Table<'_>) -> Option<ServiceEndpoint> {
    table.checked("endpoint", |text: Str| match &*text {
        "embedded" => Ok(ServiceEndpoint::Embedded),
        "aws" => Ok(ServiceEndpoint::Aws),
        _ => url(text).map(ServiceEndpoint::Url).map_err(|problem| {
            problem.help("\"embedded\" for the engine inside Syncgate, \"aws\" for the service itself, or a URL")
        }),
    })
}

fn answer_timeout(table: &mut Table<'_>) -> Duration {
    table.checked("timeout", some_time).unwrap_or(ANSWER_TIMEOUT)
}

/// The access key for a service over the network.
fn credentials(table: &mut Table<'_>, endpoint: Option<&ServiceEndpoint>) -> Option<AwsCredentials> {
    for key in ACCESS_KEY {
        table.node(key);
    }
    let written = ACCESS_KEY.iter().find(|key| table.has(key))?;
    if endpoint.is_none_or(|endpoint| *endpoint == ServiceEndpoint::Embedded) {
        let message = format!("`{}` has no effect here: the engine inside Syncgate asks for none", table.path(written));
        let help = "remove it, or say where the service is: endpoint = \"aws\", or a URL";
        table.report.warning("without-effect", &table.place_of(written), message, help);
        return None;
    }
    own_credentials(table)
}

/// An access key, where one is of use.
pub(super) fn own_credentials(table: &mut Table<'_>) -> Option<AwsCredentials> {
    let access_key_id: Option<Str> = table.optional(ACCESS_KEY[0]);
    let secret_access_key: Option<Str> = table.optional(ACCESS_KEY[1]);
    let session_token: Option<Str> = table.optional(ACCESS_KEY[2]);
    ACCESS_KEY.iter().find(|key| table.has(key))?;
    table.require(ACCESS_KEY[0], "an access key has two parts: access_key_id and secret_access_key");
    table.require(ACCESS_KEY[1], "an access key has two parts: access_key_id and secret_access_key");
    Some(AwsCredentials {
        access_key_id: access_key_id?,
        secret_access_key: Secret::new(secret_access_key?),
        session_token: session_token.map(Secret::new),
    })
}

fn http(table: &mut Table<'_>) -> Option<HttpConfig> {
    table.require("endpoint", "the URL that requests go to, for instance endpoint = \"https://api.example.com\"");
    let endpoint = table.checked("endpoint", url);
    let authorization_config = table.table("authorization_config").and_then(|mut table| {
        table.require("authorization_type", "AppSync knows \"AWS_IAM\"");
        let known = table.choice("authorization_type", &[("AWS_IAM", ())]);
        let mut config = AwsIamConfig { signing_region: None, signing_service_name: None, credentials: None };
        table.require(
            "aws_iam_config",
            "aws_iam_config = { signing_region = \"us-east-1\", signing_service_name = \"execute-api\" }",
        );
        if let Some(mut table) = table.table("aws_iam_config") {
            config.signing_region = table.optional("signing_region");
            table.require(
                "signing_service_name",
                "the service's name in signatures, for instance \"execute-api\" for API Gateway",
            );
            config.signing_service_name = table.optional("signing_service_name");
            config.credentials = own_credentials(&mut table);
            table.finish();
        }
        table.finish();
        known.map(|()| AuthorizationConfig::AwsIam(config))
    });
    let coalesce_gets = table.or("coalesce_gets", false);
    let timeout = answer_timeout(table);
    Some(HttpConfig { endpoint: endpoint?, authorization_config, coalesce_gets, timeout })
}

fn dynamodb(table: &mut Table<'_>) -> Option<DynamodbConfig> {
    let table_name = table.required("table_name", "the name of the table");
    let delta_sync_config = table.table("delta_sync_config").and_then(|mut table| {
        let delta_sync_table_name = table.required("delta_sync_table_name", "the name of the delta table");
        // AppSync counts minutes: 43,200 and 1,440 are the defaults of its tools.
        let base_table_ttl = table.or("base_table_ttl", Duration::from_secs(43_200 * 60));
        let delta_sync_table_ttl = table.or("delta_sync_table_ttl", Duration::from_secs(1_440 * 60));
        table.finish();
        Some(DeltaSyncConfig { delta_sync_table_name: delta_sync_table_name?, base_table_ttl, delta_sync_table_ttl })
    });
    let endpoint = service_endpoint(table);
    let credentials = credentials(table, endpoint.as_ref());
    let config = DynamodbConfig {
        table_name: Str::from(""),
        aws_region: table.optional("aws_region"),
        use_caller_credentials: table.or("use_caller_credentials", false),
        versioned: table.or("versioned", false),
        delta_sync_config,
        endpoint,
        credentials,
    };
    Some(DynamodbConfig { table_name: table_name?, ..config })
}

fn lambda(table: &mut Table<'_>) -> Option<LambdaConfig> {
    let lambda_function_arn = table.required("lambda_function_arn", "the function's ARN");
    let endpoint = service_endpoint(table);
    let credentials = credentials(table, endpoint.as_ref());
    Some(LambdaConfig { lambda_function_arn: lambda_function_arn?, endpoint, credentials })
}

fn relational_database(table: &mut Table<'_>) -> RelationalDatabaseConfig {
    table.choice("relational_database_source_type", &[("RDS_HTTP_ENDPOINT", ())]);
    let mut rds_http_endpoint_config = RdsHttpEndpointConfig::default();
    if let Some(mut table) = table.table("rds_http_endpoint_config") {
        rds_http_endpoint_config = RdsHttpEndpointConfig {
            aws_region: table.optional("aws_region"),
            db_cluster_identifier: table.optional("db_cluster_identifier"),
            database_name: table.optional("database_name"),
            schema: table.optional("schema"),
            aws_secret_store_arn: table.optional("aws_secret_store_arn"),
        };
        table.finish();
    }
    let endpoint = service_endpoint(table);
    let credentials = credentials(table, endpoint.as_ref());
    RelationalDatabaseConfig { rds_http_endpoint_config, endpoint, credentials }
}

fn open_search(table: &mut Table<'_>) -> Option<OpenSearchServiceConfig> {
    table.require("endpoint", "the URL of the domain");
    let endpoint = table.checked("endpoint", url);
    let aws_region = table.optional("aws_region");
    let authorization = open_search_authorization(table);
    Some(OpenSearchServiceConfig { endpoint: endpoint?, aws_region, authorization })
}

/// What `authorization` says, or else which credentials are there.
fn open_search_authorization(table: &mut Table<'_>) -> Option<OpenSearchAuthorization> {
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Kind {
        AwsIam,
        Basic,
        None,
    }
    let kind = table.choice("authorization", &[("AWS_IAM", Kind::AwsIam), ("BASIC", Kind::Basic), ("NONE", Kind::None)]);
    let credentials = own_credentials(table);
    let username: Option<Str> = table.optional("username");
    let password: Option<Str> = table.optional("password");
    let suggested = if ACCESS_KEY.iter().any(|key| table.has(key)) {
        Some(Kind::AwsIam)
    } else {
        ["username", "password"].iter().any(|key| table.has(key)).then_some(Kind::Basic)
    };
    let kind = kind.or(suggested)?;
    let unused: &[&str] = match kind {
        Kind::AwsIam => &["username", "password"],
        Kind::Basic => &ACCESS_KEY,
        Kind::None => &["access_key_id", "secret_access_key", "session_token", "username", "password"],
    };
    if let Some(key) = unused.iter().find(|key| table.has(key)) {
        let message = format!("`{}` has no effect with this authorization", table.path(key));
        let help = "AWS_IAM has an access key, BASIC a username and a password, NONE nothing";
        table.report.warning("without-effect", &table.place_of(key), message, help);
    }
    match kind {
        Kind::AwsIam => Some(OpenSearchAuthorization::AwsIam(credentials)),
        Kind::None => Some(OpenSearchAuthorization::None),
        Kind::Basic => {
            table.require("username", "BASIC needs username and password");
            table.require("password", "BASIC needs username and password");
            Some(OpenSearchAuthorization::Basic { username: username?, password: Secret::new(password?) })
        }
    }
}

fn event_bridge(table: &mut Table<'_>) -> Option<EventBridgeConfig> {
    let event_bus_arn = table.required("event_bus_arn", "the ARN of the event bus");
    let endpoint = service_endpoint(table);
    let credentials = credentials(table, endpoint.as_ref());
    Some(EventBridgeConfig { event_bus_arn: event_bus_arn?, endpoint, credentials })
}

fn bedrock_runtime(table: &mut Table<'_>) -> BedrockRuntimeConfig {
    let aws_region = table.optional("aws_region");
    let endpoint = service_endpoint(table);
    let credentials = credentials(table, endpoint.as_ref());
    BedrockRuntimeConfig { aws_region, endpoint, credentials, timeout: answer_timeout(table) }
}
