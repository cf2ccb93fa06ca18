//! The DynamoDB that a definition's tables are in.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use dynamodb::{Dynamodb, Operation, Remote, RemoteSettings, Response, ServiceError};
use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;
use value::Value;

use super::ensure::{ensure, missing};
use super::open::{OpenTablesError, open};
use crate::definition::{DataSource, DataSourceConfig, DynamodbSettings, ServerDefinition, ServerSettings, ServiceEndpoint};
use crate::diagnostic::Diagnostic;

/// Where `[dynamodb] endpoint` says that tables are: in the data folder, or behind an address.
#[derive(Clone, Debug)]
pub enum DefaultTables {
    /// In this process.
    Embedded(Arc<DataFolderTables>),
    /// At a URL.
    Remote(Remote),
}

/// The tables of the data folder, opened at the first call: a server without tables has neither a file nor a thread for them.
#[derive(Debug)]
pub struct DataFolderTables {
    server: ServerSettings,
    dynamodb: DynamodbSettings,
    opened: OnceCell<dynamodb::Embedded>,
}

impl DefaultTables {
    /// The tables of these settings; `embedded` are those of the data folder.
    #[must_use]
    pub fn new(embedded: &Arc<DataFolderTables>, dynamodb: &DynamodbSettings) -> Self {
        let endpoint = match &dynamodb.endpoint {
            ServiceEndpoint::Embedded => return Self::Embedded(Arc::clone(embedded)),
            ServiceEndpoint::Url(url) => Some(Arc::clone(url)),
            ServiceEndpoint::Aws => None,
        };
        Self::Remote(Remote::new(RemoteSettings { region: None, endpoint, credentials: None }))
    }

    /// Opens the file now, so that what is wrong with it is found at the start. There is nothing to open behind an address.
    ///
    /// # Errors
    /// When another process has it open, or the data folder does not let itself be used.
    pub async fn open(&self) -> Result<(), OpenTablesError> {
        match self {
            Self::Embedded(embedded) => embedded.open().await,
            Self::Remote(_) => Ok(()),
        }
    }
}

impl DataFolderTables {
    /// The tables of these settings.
    #[must_use]
    pub fn new(server: &ServerSettings, dynamodb: &DynamodbSettings) -> Self {
        Self { server: server.clone(), dynamodb: dynamodb.clone(), opened: OnceCell::new() }
    }

    /// Opens the file now, so that what is wrong with it is found at the start.
    ///
    /// # Errors
    /// When another process has it open, or the data folder does not let itself be used.
    pub async fn open(&self) -> Result<(), OpenTablesError> {
        self.tables().await.map(|_| ())
    }

    async fn tables(&self) -> Result<&dynamodb::Embedded, OpenTablesError> {
        let opened = self.opened.get_or_try_init(|| async {
            let (server, dynamodb) = (self.server.clone(), self.dynamodb.clone());
            let opening = tokio::task::spawn_blocking(move || open(&server, &dynamodb));
            opening.await.unwrap_or_else(|error| Err(OpenTablesError::Panic(error.to_string())))
        });
        opened.await
    }
}

impl Dynamodb for DataFolderTables {
    fn call(&self, operation: Operation, request: Value) -> BoxFuture<'_, Result<Response, ServiceError>> {
        Box::pin(async move {
            let tables = self.tables().await.map_err(|error| {
                tracing::error!(%error, "the tables cannot be opened");
                ServiceError::new("InternalServerError", "The tables cannot be opened; the server's log says why.", 500, "")
            })?;
            tables.call(operation, request).await
        })
    }
}

impl Dynamodb for DefaultTables {
    fn call(&self, operation: Operation, request: Value) -> BoxFuture<'_, Result<Response, ServiceError>> {
        match self {
            Self::Embedded(embedded) => embedded.call(operation, request),
            Self::Remote(remote) => remote.call(operation, request),
        }
    }
}

/// Opens what the definition needs, makes the tables that are missing, and says what is wrong with the others.
pub async fn prepare(embedded: &Arc<DataFolderTables>, definition: &ServerDefinition) -> Vec<Diagnostic> {
    let tables = DefaultTables::new(embedded, &definition.dynamodb);
    let default = &definition.dynamodb.endpoint;
    let own = |source: &DataSource| match &source.config {
        DataSourceConfig::AmazonDynamodb(config) => *config.endpoint.as_ref().unwrap_or(default) == ServiceEndpoint::Embedded,
        _ => false,
    };
    let used = (*default == ServiceEndpoint::Embedded && !definition.tables.is_empty())
        || definition.apis.iter().any(|api| api.data_sources.values().any(own));
    if used && let Err(error) = embedded.open().await {
        let help = match error {
            OpenTablesError::InUse(_) => {
                "stop the other server, or give this one a folder of its own with --data, or --ephemeral"
            }
            _ => "mend the data folder, name another with --data, or store nothing with --ephemeral",
        };
        return vec![Diagnostic::error("tables-not-opened", error.to_string()).help(help)];
    }
    let mut ensured = ensure(&tables, &definition.tables, &address(definition)).await;
    for name in &ensured.created {
        tracing::info!(table = %name, "made the table");
    }
    ensured.diagnostics.extend(missing(&tables, definition).await);
    ensured.diagnostics
}

/// The address at which the tables of a definition are reached, for commands that are shown.
#[must_use]
pub fn address(definition: &ServerDefinition) -> String {
    match &definition.dynamodb.endpoint {
        ServiceEndpoint::Embedded => own_address(&definition.server),
        ServiceEndpoint::Url(url) => url.to_string(),
        // The shell puts the region in.
        ServiceEndpoint::Aws => "https://dynamodb.$AWS_REGION.amazonaws.com".to_owned(),
    }
}

/// The address at which a server with these settings answers DynamoDB's API.
#[must_use]
pub fn own_address(server: &ServerSettings) -> String {
    let host = if server.host.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { server.host };
    format!("http://{}/dynamodb/", SocketAddr::new(host, server.port))
}
