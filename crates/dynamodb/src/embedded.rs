//! The engine in this process.

use std::path::Path;

use dynoxide::Database;
use futures_util::future::BoxFuture;
use value::Value;

use crate::{Dynamodb, Operation, Response, ServiceError};

/// What an acknowledged write survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The death of the process, not of the machine.
    #[default]
    Process,
    /// A power cut: acknowledged when it is on the disk.
    Disk,
}

/// Tables in this process.
#[derive(Clone)]
pub struct Embedded {
    database: Database,
}

/// Why the tables could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct OpenError(String);

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded").finish_non_exhaustive()
    }
}

impl Embedded {
    /// Tables that are gone with the process.
    ///
    /// # Errors
    /// When the engine does not start.
    pub fn memory() -> Result<Self, OpenError> {
        Ok(Self { database: Database::memory().map_err(|error| OpenError(error.to_string()))? })
    }

    /// Tables kept in a file, which is made when missing.
    ///
    /// # Errors
    /// When the file cannot be read, written, or is none of ours.
    pub fn open(path: &Path, _durability: Durability) -> Result<Self, OpenError> {
        let database = Database::new(&path.to_string_lossy()).map_err(|error| OpenError(error.to_string()))?;
        Ok(Self { database })
    }
}

impl Dynamodb for Embedded {
    fn call(&self, operation: Operation, request: Value) -> BoxFuture<'_, Result<Response, ServiceError>> {
        let database = self.database.clone();
        Box::pin(async move {
            let run = tokio::task::spawn_blocking(move || run(&database, operation, &request));
            run.await.unwrap_or_else(|error| Err(ServiceError::new("InternalServerError", error.to_string(), 500, "")))
        })
    }
}

fn run(database: &Database, operation: Operation, request: &Value) -> Result<Response, ServiceError> {
    macro_rules! dispatch {
        ($($operation:ident => $method:ident,)*) => {
            match operation {
                $(Operation::$operation => {
                    let request = serde_json::from_value(serde_json::to_value(request).map_err(invalid)?).map_err(invalid)?;
                    let response = database.$method(request).map_err(refused)?;
                    serde_json::from_value(serde_json::to_value(response).map_err(invalid)?).map_err(invalid)?
                })*
            }
        };
    }
    let body: Value = dispatch! {
        BatchExecuteStatement => batch_execute_statement,
        BatchGetItem => batch_get_item,
        BatchWriteItem => batch_write_item,
        CreateTable => create_table,
        DeleteItem => delete_item,
        DeleteTable => delete_table,
        DescribeStream => describe_stream,
        DescribeTable => describe_table,
        DescribeTimeToLive => describe_time_to_live,
        ExecuteStatement => execute_statement,
        ExecuteTransaction => execute_transaction,
        GetItem => get_item,
        GetRecords => get_records,
        GetShardIterator => get_shard_iterator,
        ListStreams => list_streams,
        ListTables => list_tables,
        ListTagsOfResource => list_tags_of_resource,
        PutItem => put_item,
        Query => query,
        Scan => scan,
        TagResource => tag_resource,
        TransactGetItems => transact_get_items,
        TransactWriteItems => transact_write_items,
        UntagResource => untag_resource,
        UpdateItem => update_item,
        UpdateTable => update_table,
        UpdateTimeToLive => update_time_to_live,
    };
    Ok(Response { body, request_id: "".into() })
}

#[allow(clippy::needless_pass_by_value)]
fn invalid(error: serde_json::Error) -> ServiceError {
    let text = error.to_string();
    ServiceError::new("ValidationException", text.strip_prefix("VALIDATION:").unwrap_or(&text), 400, "")
}

#[allow(clippy::needless_pass_by_value)]
fn refused(error: dynoxide::DynoxideError) -> ServiceError {
    let code = error.error_type().rsplit('#').next().unwrap_or_default();
    let mut refused = ServiceError::new(code, error.to_string(), error.status_code(), "");
    let json: serde_json::Value = serde_json::from_str(&error.to_json()).unwrap_or_default();
    refused.item = json.get("Item").and_then(|item| serde_json::from_value(item.clone()).ok());
    if let Some(reasons) = json.get("CancellationReasons").and_then(|reasons| reasons.as_array()) {
        refused.cancellation_reasons = reasons
            .iter()
            .map(|reason| crate::CancellationReason {
                code: reason["Code"].as_str().unwrap_or("None").into(),
                message: reason["Message"].as_str().map(Into::into),
                item: reason.get("Item").and_then(|item| serde_json::from_value(item.clone()).ok()),
            })
            .collect();
    }
    refused
}
