//! `AMAZON_DYNAMODB`: requests of resolvers as operations of DynamoDB's API (resolver reference for DynamoDB).
//!
//! A data source has one table; batch and transaction requests name theirs. [`DynamodbDataSource`] reads the request strictly,
//! asks [`dynamodb::Dynamodb`], and gives plain values back. `item` has the operations on one item, `condition` what happens
//! when their condition fails and `handler` the functions that decide then, `read` has `Query` and `Scan`, `sync` `Sync`, `batch`
//! and `transact` the operations on many tables; `expression` and `convert` read the parts of a request, `next_token` seals the
//! ends of pages.
//!
//! The data source is unversioned: conflict detection needs a delta table and comes with versioned data sources.

mod batch;
mod condition;
mod convert;
mod error;
mod expression;
mod handler;
mod item;
mod next_token;
mod read;
mod sync;
#[cfg(test)]
mod tests;
mod transact;
mod wire;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use dynamodb::{Dynamodb, Operation};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use value::{Object, Str, Value};

use self::error::Failed;
use self::fields::{Fields, Place, Read, refuse};
pub use self::next_token::{NextTokens, SealTokens};
use super::lambda::Functions;
use super::{Call, DataSource, DataSourceError, fields};

/// The template versions of the reference.
const VERSIONS: [&str; 2] = ["2017-02-28", "2018-05-29"];

/// What a request's `operation` may be.
const OPERATIONS: &str = "GetItem, PutItem, UpdateItem, DeleteItem, Query, Scan, Sync, BatchGetItem, BatchPutItem, BatchDeleteItem, TransactGetItems, TransactWriteItems";

/// One table, and those that batch and transaction requests may name.
#[derive(Debug)]
pub struct DynamodbDataSource {
    service: Arc<dyn Dynamodb>,
    table_name: Str,
    tokens: NextTokens,
    permitted: Option<Arc<[Str]>>,
    /// Where `conditionalCheckFailedHandler`s are invoked.
    functions: Option<Arc<dyn Functions>>,
    aws_region: Str,
    /// Whether the log says already what `Sync` is here.
    sync_explained: AtomicBool,
}

impl DynamodbDataSource {
    /// The data source of `dynamodbConfig.tableName`.
    #[must_use]
    pub fn new(service: Arc<dyn Dynamodb>, table_name: Str, tokens: NextTokens) -> Self {
        Self {
            service,
            table_name,
            tokens,
            permitted: None,
            functions: None,
            aws_region: "us-east-1".into(),
            sync_explained: AtomicBool::new(false),
        }
    }

    /// With functions that `conditionalCheckFailedHandler`s may name.
    #[must_use]
    pub fn functions(mut self, functions: Arc<dyn Functions>) -> Self {
        self.functions = Some(functions);
        self
    }

    /// With the region that such functions are told.
    #[must_use]
    pub fn aws_region(mut self, aws_region: Str) -> Self {
        self.aws_region = aws_region;
        self
    }

    /// Restricts batch and transaction requests to the data source's own table and `tables`, where on AWS the data source's role
    /// decides. Without this they may name any table of the service.
    #[must_use]
    pub fn permitted_tables(mut self, tables: Arc<[Str]>) -> Self {
        self.permitted = Some(tables);
        self
    }

    async fn run(&self, request: &Value, call: &Call) -> Read<Value> {
        let fields = Fields::of(request, &Place::Root)?;
        let version = fields.text("version")?;
        if let Some(version) = version.filter(|version| !VERSIONS.contains(&&***version)) {
            return Err(refuse(format!(
                "Unsupported version '{version}'. DynamoDB data sources support the versions 2017-02-28 and 2018-05-29."
            )));
        }
        let operation = &**fields.required_text("operation")?;
        match operation {
            "GetItem" => return self.get_item(&fields, call).await,
            "PutItem" => return self.put_item(&fields, call).await,
            "UpdateItem" => return self.update_item(&fields, call).await,
            "DeleteItem" => return self.delete_item(&fields, call).await,
            "Query" => return self.query(&fields, call).await,
            "Scan" => return self.scan(&fields, call).await,
            _ => {}
        }
        // Boxed, for requests of one item or page need not carry the state of these.
        let many = match operation {
            "Sync" => self.sync(&fields, call).boxed(),
            "BatchGetItem" => self.batch_get_item(&fields, call).boxed(),
            "BatchPutItem" => self.batch_put_item(&fields, call).boxed(),
            "BatchDeleteItem" => self.batch_delete_item(&fields, call).boxed(),
            "TransactGetItems" => self.transact_get_items(&fields, call).boxed(),
            "TransactWriteItems" => self.transact_write_items(&fields, call).boxed(),
            other => return Err(refuse(format!("Unsupported operation '{other}'. The operations are {OPERATIONS}."))),
        };
        if version.is_some_and(|version| **version == *VERSIONS[0]) {
            return Err(refuse(format!(
                "Unsupported operation '{operation}' for version 2017-02-28. It needs version 2018-05-29."
            )));
        }
        many.await
    }

    /// A request of the API on the data source's table.
    fn on_table(&self, members: usize) -> Object {
        let mut request = Object::with_capacity(members + 1);
        wire::set(&mut request, &wire::TABLE_NAME, &self.table_name);
        request
    }

    /// Asks the service, within the time of the GraphQL request.
    async fn send(&self, operation: Operation, request: Object, call: &Call) -> Result<Value, Failed> {
        match tokio::time::timeout_at(call.deadline.into(), self.service.call(operation, request.into())).await {
            Ok(Ok(response)) => Ok(response.body),
            Ok(Err(error)) => Err(Failed::Service(Box::new(error))),
            Err(_) => Err(Failed::Deadline),
        }
    }

    /// Whether a batch or transaction request may name a table.
    fn permit(&self, action: &str, table: &Str) -> Read<()> {
        match &self.permitted {
            Some(tables) if *table != self.table_name && !tables.contains(table) => Err(error::denied(action, table)),
            _ => Ok(()),
        }
    }
}

impl DataSource for DynamodbDataSource {
    fn invoke<'a>(&'a self, request: Value, call: &'a Call) -> BoxFuture<'a, Result<Value, DataSourceError>> {
        async move { self.run(&request, call).await }.boxed()
    }
}
