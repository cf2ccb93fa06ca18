//! `RELATIONAL_DATABASE`: a database of the definition, or a cluster behind the RDS Data API.

use std::sync::Arc;

use super::{invalid_endpoint, refused};
use crate::aws::{AwsClients, ServiceSettings};
use crate::data_source::DataSource;
use crate::data_source::rds::{Cluster, DataApi, RdsDataSource};
use crate::database::Databases;
use crate::definition::{self, RdsHttpEndpointConfig, RelationalDatabaseConfig, ServiceEndpoint};
use crate::diagnostic::{Diagnostic, closest};

/// How `dbClusterIdentifier` of a cluster is written.
const ARN_FORM: &str = "arn:aws:rds:REGION:ACCOUNT:cluster:NAME";

/// The data source: `databases` are those of the definition.
pub(super) fn data_source(
    source: &definition::DataSource,
    config: &RelationalDatabaseConfig,
    databases: &Databases,
    aws: &AwsClients,
    response_limit: usize,
) -> Result<Arc<dyn DataSource>, Diagnostic> {
    let endpoint = match &config.endpoint {
        None | Some(ServiceEndpoint::Embedded) => return embedded(source, &config.rds_http_endpoint_config, databases),
        Some(ServiceEndpoint::Aws) => None,
        Some(ServiceEndpoint::Url(url)) => Some(Arc::clone(url)),
    };
    let settings = &config.rds_http_endpoint_config;
    let cluster = cluster(source, settings)?;
    // An ARN names its region; what stands beside it wins.
    let region = settings.aws_region.clone().or_else(|| {
        let region = cluster.resource_arn.split(':').nth(3).filter(|region| !region.is_empty());
        region.map(Into::into)
    });
    let service = aws.service(ServiceSettings {
        signing_name: "rds-data",
        endpoint_prefix: "rds-data",
        region,
        endpoint,
        credentials: config.credentials.clone(),
    });
    let service = service.map_err(|fault| invalid_endpoint(source, &fault))?;
    Ok(Arc::new(RdsDataSource::data_api(DataApi::new(service, cluster, response_limit))))
}

/// What the Data API needs to find a cluster and its user.
fn cluster(source: &definition::DataSource, settings: &RdsHttpEndpointConfig) -> Result<Cluster, Diagnostic> {
    let needed = |key: &str, value: &Option<Arc<str>>, help: &str| {
        value.clone().ok_or_else(|| {
            let message = format!("the RDS Data API needs `rds_http_endpoint_config.{key}`");
            refused(source, message, help)
        })
    };
    Ok(Cluster {
        resource_arn: needed(
            "db_cluster_identifier",
            &settings.db_cluster_identifier,
            &format!("Write the cluster's ARN: \"{ARN_FORM}\"."),
        )?,
        secret_arn: needed(
            "aws_secret_store_arn",
            &settings.aws_secret_store_arn,
            "Write the ARN of the secret that holds the database's user and password.",
        )?,
        database: settings.database_name.clone(),
        schema: settings.schema.clone(),
    })
}

/// The database of the definition: that of the cluster's name, else that of the database's name; without either the only one.
fn embedded(
    source: &definition::DataSource,
    settings: &RdsHttpEndpointConfig,
    databases: &Databases,
) -> Result<Arc<dyn DataSource>, Diagnostic> {
    let cluster = settings.db_cluster_identifier.as_deref().map(|arn| arn.rsplit(':').next().unwrap_or(arn));
    let wanted: Vec<&str> = [cluster, settings.database_name.as_deref()].into_iter().flatten().collect();
    let known: Vec<&str> = databases.names().collect();
    let found = match (&wanted[..], &known[..]) {
        ([], [only]) => databases.get(only),
        (wanted, _) => wanted.iter().find_map(|name| databases.get(name)),
    };
    if let Some(database) = found {
        return Ok(Arc::new(RdsDataSource::database(database)));
    }
    let example = wanted.first().copied().unwrap_or("main");
    let (message, help) = match (&wanted[..], &known[..]) {
        (_, []) => (
            "there is no [[database]]".to_owned(),
            format!(
                "Add one: [[database]] with name = \"{example}\"; without a url it is SQLite in the data folder. Or say that the cluster is on AWS: endpoint = \"aws\"."
            ),
        ),
        ([], _) => (
            format!("it does not say which of the databases it uses: {}", known.join(", ")),
            format!("Name it: rds_http_endpoint_config = {{ db_cluster_identifier = \"{}\" }}.", known[0]),
        ),
        (wanted, _) => {
            let near = wanted.iter().find_map(|name| closest(name, known.iter().copied()));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("The databases are: {}.", known.join(", ")),
            };
            (format!("there is no [[database]] called `{}`", wanted.join("` or `")), help)
        }
    };
    Err(Diagnostic::error("unknown-database", format!("data source {}: {message}", source.name)).help(help))
}
