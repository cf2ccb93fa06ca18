//! Reads `[api.data_sources.NAME]`.

use std::time::Duration;

use value::Str;

use super::table::Table;
use super::values::Problem;
use crate::definition::{
    AuthorizationConfig, AwsIamConfig, DataSource, DataSourceConfig, DataSourceType, DeltaSyncConfig, DynamodbConfig,
    EventBridgeConfig, HttpConfig, LambdaConfig, OpenSearchServiceConfig, RdsHttpEndpointConfig, RelationalDatabaseConfig,
};
use crate::diagnostic::Place;

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
        DataSourceType::AmazonBedrockRuntime => Some(DataSourceConfig::AmazonBedrockRuntime),
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
        Err(Problem::new(format!("is no URL: `{text}`"))
            .help("begin with http:// or https://, for instance https://api.example.com"))
    }
}

/// Where a service is reached: a URL, or the engine in this process.
fn service_endpoint(table: &mut Table<'_>) -> Option<Str> {
    table.checked("endpoint", |text: Str| {
        if &*text == "embedded" {
            return Ok(text);
        }
        url(text).map_err(|problem| problem.help("a URL, or \"embedded\" for the engine inside Syncgate"))
    })
}

fn http(table: &mut Table<'_>) -> Option<HttpConfig> {
    table.require("endpoint", "the URL that requests go to, for instance endpoint = \"https://api.example.com\"");
    let endpoint = table.checked("endpoint", url);
    let authorization_config = table.table("authorization_config").and_then(|mut table| {
        table.require("authorization_type", "AppSync knows \"AWS_IAM\"");
        let known = table.choice("authorization_type", &[("AWS_IAM", ())]);
        let mut config = AwsIamConfig { signing_region: None, signing_service_name: None };
        if let Some(mut table) = table.table("aws_iam_config") {
            config.signing_region = table.optional("signing_region");
            config.signing_service_name = table.optional("signing_service_name");
            table.finish();
        }
        table.finish();
        known.map(|()| AuthorizationConfig::AwsIam(config))
    });
    Some(HttpConfig { endpoint: endpoint?, authorization_config })
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
    let config = DynamodbConfig {
        table_name: Str::from(""),
        aws_region: table.optional("aws_region"),
        use_caller_credentials: table.or("use_caller_credentials", false),
        versioned: table.or("versioned", false),
        delta_sync_config,
        endpoint: service_endpoint(table),
    };
    Some(DynamodbConfig { table_name: table_name?, ..config })
}

fn lambda(table: &mut Table<'_>) -> Option<LambdaConfig> {
    let lambda_function_arn = table.required("lambda_function_arn", "the function's ARN");
    let endpoint = service_endpoint(table);
    Some(LambdaConfig { lambda_function_arn: lambda_function_arn?, endpoint })
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
    RelationalDatabaseConfig { rds_http_endpoint_config, endpoint: service_endpoint(table) }
}

fn open_search(table: &mut Table<'_>) -> Option<OpenSearchServiceConfig> {
    table.require("endpoint", "the URL of the domain");
    let endpoint = table.checked("endpoint", url);
    let aws_region = table.optional("aws_region");
    Some(OpenSearchServiceConfig { endpoint: endpoint?, aws_region })
}

fn event_bridge(table: &mut Table<'_>) -> Option<EventBridgeConfig> {
    let event_bus_arn = table.required("event_bus_arn", "the ARN of the event bus");
    let endpoint = service_endpoint(table);
    Some(EventBridgeConfig { event_bus_arn: event_bus_arn?, endpoint })
}
