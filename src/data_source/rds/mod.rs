//! `RELATIONAL_DATABASE`: one or two SQL statements in one transaction, and results in the RDS Data API's JSON (resolver reference for
//! RDS).
//!
//! A request is `{"statements": [...], "variableMap": {":name": value}, "variableTypeHintMap": {":name": "UUID"}}`, what templates write
//! and `@aws-appsync/utils/rds` builds. It runs on a database of the definition ([`RdsDataSource::database`]) or goes to the Data
//! API itself ([`RdsDataSource::data_api`], in `remote`). The result is `{"sqlStatementResults": [...]}` as AppSync hands it to
//! resolvers, an error has AppSync's form, which `error` gives it.

mod error;
mod remote;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rds_data::{RdsData, Request};
use value::Value;

use self::error::{refused_by_database, refused_request};
pub use self::remote::{Cluster, DataApi};
use super::{Call, DataSource, DataSourceError};

/// A place that SQL is sent to.
#[derive(Debug)]
pub struct RdsDataSource {
    backend: Backend,
}

#[derive(Debug)]
enum Backend {
    Database(Arc<dyn RdsData>),
    DataApi(Box<DataApi>),
}

impl RdsDataSource {
    /// The data source of a database that this process reaches itself.
    #[must_use]
    pub fn database(database: Arc<dyn RdsData>) -> Self {
        Self { backend: Backend::Database(database) }
    }

    /// The data source of a cluster behind the RDS Data API.
    #[must_use]
    pub fn data_api(api: DataApi) -> Self {
        Self { backend: Backend::DataApi(Box::new(api)) }
    }

    async fn call(&self, request: &Value, call: &Call) -> Result<Value, DataSourceError> {
        let request = Request::from_value(request).map_err(|error| refused_request(&error))?;
        match &self.backend {
            Backend::Database(database) => {
                database.execute(&request, call.deadline).await.map_err(|error| refused_by_database(&error))
            }
            Backend::DataApi(api) => api.execute(&request, call.deadline).await,
        }
    }
}

impl DataSource for RdsDataSource {
    fn invoke<'a>(&'a self, request: Value, call: &'a Call) -> BoxFuture<'a, Result<Value, DataSourceError>> {
        async move { self.call(&request, call).await }.boxed()
    }
}
