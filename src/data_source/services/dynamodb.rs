//! `AMAZON_DYNAMODB`: the tables inside this process, or those behind an endpoint.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use dynamodb::{Credentials, Dynamodb, Remote, RemoteSettings};
use value::Str;

use super::lambda::Lambda;
use super::{invalid_endpoint, refused};
use crate::data_source::DataSource;
use crate::data_source::dynamodb::{DynamodbDataSource, NextTokens, SealTokens};
use crate::definition::{self, ApiDefinition, AwsCredentials, DataSourceConfig, DynamodbConfig, ServiceEndpoint};
use crate::diagnostic::Diagnostic;
use crate::sealing::Sealer;

/// What the sealer's key is for.
const PURPOSE: &str = "AMAZON_DYNAMODB nextToken";

/// Seals page tokens. A definition is compiled before it is known to be served, and only then a secret is read or made.
#[derive(Debug, Default)]
struct TokenSealer(OnceLock<Sealer>);

impl TokenSealer {
    fn get(&self) -> &Sealer {
        // Without a secret, tokens end with the process.
        self.0.get_or_init(|| Sealer::derive(uuid::Uuid::new_v4().as_bytes(), PURPOSE))
    }
}

impl SealTokens for TokenSealer {
    fn seal(&self, context: &[u8], plain: &[u8]) -> String {
        self.get().seal(context, plain)
    }

    fn open(&self, context: &[u8], text: &str) -> Option<Vec<u8>> {
        self.get().open(context, text)
    }
}

/// What data sources of tables are built with.
#[derive(Debug)]
pub(super) struct Tables {
    embedded: Arc<dyn Dynamodb>,
    endpoint: ServiceEndpoint,
    sealer: Arc<TokenSealer>,
    /// Data sources that reach one place share its connections.
    remotes: Mutex<Vec<(Place, Remote)>>,
}

/// What a client is made from.
#[derive(Debug, PartialEq)]
struct Place {
    endpoint: ServiceEndpoint,
    aws_region: Option<Str>,
    credentials: Option<AwsCredentials>,
}

impl Tables {
    pub(super) fn new(embedded: Arc<dyn Dynamodb>, endpoint: ServiceEndpoint) -> Self {
        Self { embedded, endpoint, sealer: Arc::default(), remotes: Mutex::default() }
    }

    pub(super) fn set_secret(&self, secret: &[u8]) {
        self.sealer.0.get_or_init(|| Sealer::derive(secret, PURPOSE));
    }

    pub(super) fn data_source(
        &self,
        source: &definition::DataSource,
        config: &DynamodbConfig,
        api: &ApiDefinition,
        lambda: &Lambda,
    ) -> Result<Arc<dyn DataSource>, Diagnostic> {
        let unsupported = [
            (config.versioned, "versioned = true (conflict detection)", "versioned = false"),
            (config.use_caller_credentials, "use_caller_credentials = true", "use_caller_credentials = false"),
        ];
        if let Some((_, setting, help)) = unsupported.into_iter().find(|(is_set, ..)| *is_set) {
            return Err(refused(source, format!("{setting} is not supported yet"), format!("Write {help}.")));
        }
        // Invoked with the data source's own role, as the reference says.
        let functions = lambda.default_functions(config.aws_region.as_ref(), config.credentials.as_ref());
        let functions = functions.map_err(|fault| invalid_endpoint(source, &fault))?;
        let mut table = self.table(config, api).functions(functions);
        if let Some(region) = &config.aws_region {
            table = table.aws_region(Arc::clone(region));
        }
        Ok(Arc::new(table))
    }

    fn table(&self, config: &DynamodbConfig, api: &ApiDefinition) -> DynamodbDataSource {
        let tokens = NextTokens::new(Arc::clone(&api.api_id), Arc::clone(&self.sealer) as _);
        let endpoint = config.endpoint.as_ref().unwrap_or(&self.endpoint);
        let service = match endpoint {
            ServiceEndpoint::Embedded => Arc::clone(&self.embedded),
            ServiceEndpoint::Aws | ServiceEndpoint::Url(_) => Arc::new(self.remote(endpoint, config)),
        };
        let source = DynamodbDataSource::new(service, Arc::clone(&config.table_name), tokens);
        if *endpoint == ServiceEndpoint::Aws {
            // The role or user of the credentials decides there.
            return source;
        }
        // On AWS the data source's role says which tables a batch may name; here it is those of the API.
        let tables = api.data_sources.values().filter_map(|source| match &source.config {
            DataSourceConfig::AmazonDynamodb(config) => Some(Str::clone(&config.table_name)),
            _ => None,
        });
        source.permitted_tables(tables.collect())
    }

    fn remote(&self, endpoint: &ServiceEndpoint, config: &DynamodbConfig) -> Remote {
        let mut remotes = self.remotes.lock().unwrap_or_else(PoisonError::into_inner);
        let place =
            Place { endpoint: endpoint.clone(), aws_region: config.aws_region.clone(), credentials: config.credentials.clone() };
        if let Some((_, remote)) = remotes.iter().find(|(known, _)| *known == place) {
            return remote.clone();
        }
        let remote = Remote::new(RemoteSettings {
            region: config.aws_region.clone(),
            endpoint: match endpoint {
                ServiceEndpoint::Url(url) => Some(Arc::clone(url)),
                ServiceEndpoint::Embedded | ServiceEndpoint::Aws => None,
            },
            credentials: config.credentials.as_ref().map(|credentials| Credentials {
                access_key_id: Arc::clone(&credentials.access_key_id),
                secret_access_key: credentials.secret_access_key.expose().into(),
                session_token: credentials.session_token.as_ref().map(|token| token.expose().into()),
            }),
        });
        remotes.push((place, remote.clone()));
        remote
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(endpoint: Option<ServiceEndpoint>, region: &str) -> DynamodbConfig {
        DynamodbConfig {
            table_name: "t".into(),
            aws_region: Some(region.into()),
            use_caller_credentials: false,
            versioned: false,
            delta_sync_config: None,
            endpoint,
            credentials: None,
        }
    }

    #[test]
    fn data_sources_share_the_client_of_one_place() {
        let tables = dynamodb::Embedded::memory().expect("tables");
        let services = Tables::new(Arc::new(tables), ServiceEndpoint::Embedded);
        let url = ServiceEndpoint::Url("http://127.0.0.1:8000".into());
        services.remote(&url, &config(Some(url.clone()), "eu-west-1"));
        services.remote(&url, &config(None, "eu-west-1"));
        assert_eq!(services.remotes.lock().expect("no panic").len(), 1);
        services.remote(&url, &config(None, "us-east-1"));
        services.remote(&ServiceEndpoint::Aws, &config(None, "us-east-1"));
        assert_eq!(services.remotes.lock().expect("no panic").len(), 3);
    }
}
