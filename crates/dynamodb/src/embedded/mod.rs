//! The engine in this process: tables in a file or in memory, DynamoDB's API over them.
//!
//! [`Embedded`] reads a request where it is called, runs it on the engine's own thread and writes the answer where it is waited
//! for, unless it may be long. `engine` holds the thread and how writes become durable, `fast`, `decode` and `encode` turn requests and answers into
//! the engine's types and back, `refusal` its errors into the service's, `corrections` puts right what the engine gets wrong, `sweep`
//! deletes expired items, `streams` puts right how streams are told, `lock` keeps a second process away.

mod corrections;
mod decode;
mod defaults;
mod encode;
mod engine;
mod fast;
mod lock;
mod names;
mod refusal;
mod streams;
mod sweep;
mod update_paths;
mod wording;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dynoxide::{Database, DynoxideError};
use futures_util::future::BoxFuture;
use value::{Str, Value};

use crate::request_id::request_id;
use crate::{Dynamodb, Operation, Response, ServiceError, checks};

use engine::{Engine, Place};
use fast::{Answer, Request};
use lock::FileLock;
use names::Location;
use sweep::Sweeper;

/// What an acknowledged write survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The death of the process, not of the machine: a power cut may take the last writes, and nothing else.
    #[default]
    Process,
    /// A power cut: acknowledged when it is on the disk. Writes at the same time share the wait.
    Disk,
}

/// Tables in this process. Clones are handles of the same tables; when the last one goes, the call under way is finished and
/// the file is closed, which dropping it waits for.
#[derive(Clone)]
pub struct Embedded {
    tables: Arc<Tables>,
    location: Arc<Location>,
}

struct Tables {
    // Fields are dropped in this order: no sweep may begin while the engine closes.
    sweeper: Sweeper,
    engine: Engine,
}

/// Why the tables could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Somebody else has the file open.
    #[error("the tables in {path} are in use by another process: stop it, or give this one a data folder of its own", path = .0.display())]
    InUse(PathBuf),
    /// The lock file cannot be written.
    #[error("cannot lock the tables with {path}: {1}", path = .0.display())]
    Lock(PathBuf, #[source] std::io::Error),
    /// What is in the file cannot be read.
    #[error("the file is damaged, or no file of tables")]
    Damaged,
    /// The engine refused the file.
    #[error("cannot open the tables: {0}")]
    Database(String),
    /// The file's log cannot be opened for syncing.
    #[error("cannot open the log of the tables: {0}")]
    Log(#[source] std::io::Error),
    /// No thread could be started.
    #[error("cannot start the thread of the tables: {0}")]
    Thread(#[source] std::io::Error),
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded").finish_non_exhaustive()
    }
}

impl Embedded {
    /// Tables that are gone with the last handle. Nothing is written to any file.
    ///
    /// # Errors
    /// When the engine does not start.
    pub fn memory() -> Result<Self, OpenError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("syncgate-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        Self::start(Place::Memory(name), None)
    }

    /// Tables kept in a file, which is made when missing, as are `-wal`, `-shm` and `.lock` files beside it.
    ///
    /// # Errors
    /// When the file is in use by another process, cannot be read or written, or is none of ours.
    pub fn open(path: &Path, durability: Durability) -> Result<Self, OpenError> {
        let lock = FileLock::take(path)?;
        Self::start(Place::File(path.to_owned(), durability), Some(lock))
    }

    fn start(place: Place, lock: Option<FileLock>) -> Result<Self, OpenError> {
        let engine = Engine::start(place, lock)?;
        let sweeper = Sweeper::start(engine.current())?;
        Ok(Self { tables: Arc::new(Tables { sweeper, engine }), location: Arc::default() })
    }

    /// Looks for items whose time to live has passed this often, instead of once a minute.
    #[must_use]
    pub fn expiry_interval(self, interval: std::time::Duration) -> Self {
        self.tables.sweeper.every(interval);
        self
    }

    /// Says in which region and account the tables are, as this handle and its clones name them in ARNs. The default is
    /// `us-east-1` and `000000000000`.
    #[must_use]
    pub fn located(self, region: &str, account: &str) -> Self {
        Self { location: Arc::new(Location::new(region, account)), ..self }
    }

    /// Deletes items whose time to live has passed, and says how many. This happens by itself, too.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn expire(&self) -> Result<usize, ServiceError> {
        self.tables.sweeper.sweep().await.map_err(|message| refusal::internal(&request_id(), &message))
    }

    async fn run<Q, A>(
        &self,
        operation: Operation,
        request: &Value,
        id: &Str,
        method: fn(&Database, Q) -> Result<A, DynoxideError>,
    ) -> Result<Value, ServiceError>
    where
        Q: Request + Send + 'static,
        A: Answer + Send + 'static,
    {
        let read = Q::read(request).map_err(|error| refusal::unreadable(operation, request, &error, id))?;
        let (wrote, short) = (writes(operation), is_short(operation));
        let refused = |failure| refusal::refused(operation, failure, id);
        let written = if short {
            self.tables.engine.run(wrote, short, move |database| method(database, read)).await.map_err(refused)?.write()
        } else {
            // What a long answer is made of is freed by the thread that made it: another one would wait for its allocator, item by
            // item, for longer than writing takes.
            let run = move |database: &Database| method(database, read).map(Answer::write);
            self.tables.engine.run(wrote, short, run).await.map_err(refused)?
        };
        written.map_err(|error| refusal::internal(id, &error.to_string()))
    }

    async fn answer(&self, operation: Operation, mut request: Value) -> Result<Response, ServiceError> {
        let id = request_id();
        match self.body(operation, &mut request, &id).await {
            Ok(body) => Ok(Response { body, request_id: id }),
            Err(mut error) => {
                error.request_id = id;
                wording::settle(&mut error, operation, &request);
                Err(error)
            }
        }
    }

    async fn body(&self, operation: Operation, request: &mut Value, id: &Str) -> Result<Value, ServiceError> {
        checks::check(operation, request)?;
        self.location.enter(operation, request);
        macro_rules! dispatch {
            ($($operation:ident => $method:path,)*) => {
                match operation {
                    $(Operation::$operation => self.run(operation, request, id, $method).await?,)*
                }
            };
        }
        let mut body = dispatch! {
            BatchExecuteStatement => Database::batch_execute_statement,
            BatchGetItem => Database::batch_get_item,
            BatchWriteItem => corrections::batch_write_item,
            CreateTable => corrections::create_table,
            DeleteItem => Database::delete_item,
            DeleteTable => Database::delete_table,
            DescribeStream => streams::describe_stream,
            DescribeTable => Database::describe_table,
            DescribeTimeToLive => Database::describe_time_to_live,
            ExecuteStatement => Database::execute_statement,
            ExecuteTransaction => Database::execute_transaction,
            GetItem => Database::get_item,
            GetRecords => streams::get_records,
            GetShardIterator => streams::get_shard_iterator,
            ListStreams => Database::list_streams,
            ListTables => Database::list_tables,
            ListTagsOfResource => Database::list_tags_of_resource,
            PutItem => corrections::put_item,
            Query => Database::query,
            Scan => corrections::scan,
            TagResource => Database::tag_resource,
            TransactGetItems => corrections::transact_get_items,
            TransactWriteItems => corrections::transact_write_items,
            UntagResource => Database::untag_resource,
            UpdateItem => corrections::update_item,
            UpdateTable => corrections::update_table,
            UpdateTimeToLive => Database::update_time_to_live,
        };
        self.location.leave(operation, &mut body);
        Ok(body)
    }
}

impl Dynamodb for Embedded {
    fn call(&self, operation: Operation, request: Value) -> BoxFuture<'_, Result<Response, ServiceError>> {
        Box::pin(self.answer(operation, request))
    }
}

/// Whether the operation may change anything, and so must wait for the disk.
fn writes(operation: Operation) -> bool {
    !matches!(
        operation,
        Operation::BatchGetItem
            | Operation::DescribeStream
            | Operation::DescribeTable
            | Operation::DescribeTimeToLive
            | Operation::GetItem
            | Operation::GetRecords
            | Operation::GetShardIterator
            | Operation::ListStreams
            | Operation::ListTables
            | Operation::ListTagsOfResource
            | Operation::Query
            | Operation::Scan
            | Operation::TransactGetItems
    )
}

/// Whether the operation touches one item: whoever comes before it may wait for it.
fn is_short(operation: Operation) -> bool {
    matches!(operation, Operation::DeleteItem | Operation::GetItem | Operation::PutItem | Operation::UpdateItem)
}
