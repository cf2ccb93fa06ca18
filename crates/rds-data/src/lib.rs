//! The RDS Data API's `ExecuteStatement`, with its transactions, over databases that anybody can run.
//!
//! [`RdsData`] takes a [`Request`] of one or two SQL statements with named parameters and gives their results in the shapes of
//! the [API reference](https://docs.aws.amazon.com/rdsdataservice/latest/APIReference/), as AppSync hands them to a resolver.
//! [`Database`] is that over PostgreSQL, MySQL, MariaDB or SQLite; [`Database::seed`] brings a schema into one.
//!
//! Nothing here knows AppSync's resolvers, GraphQL or HTTP. Start reading in [`Database`]; `scan` understands SQL text as far as
//! finding its parameters needs, `pool` owns the connections, and each engine has a folder.

mod calendar;
mod database;
mod error;
mod field;
mod metadata;
mod mysql;
mod outcome;
mod pool;
mod postgres;
mod request;
mod scan;
mod seed;
mod settings;
mod sqlite;

use std::time::Instant;

use futures_util::future::BoxFuture;
use value::Value;

pub use database::Database;
pub use error::{DatabaseError, ErrorKind};
pub use request::{MAX_SQL_LENGTH, MAX_STATEMENTS, Request, TypeHint, Variable};
pub use seed::{Script, Seeded};
pub use settings::{EngineKind, Settings};

/// Whatever executes SQL statements as the RDS Data API does.
pub trait RdsData: Send + Sync + std::fmt::Debug {
    /// Runs the statements of one request in one transaction; the answer is
    /// `{"sqlStatementResults": [{"numberOfRecordsUpdated", "records", "columnMetadata" | "generatedFields"}]}`.
    ///
    /// When `deadline` passes, or the future is dropped, the statement is cancelled where it runs and nothing is kept of it.
    fn execute<'a>(&'a self, request: &'a Request, deadline: Instant) -> BoxFuture<'a, Result<Value, DatabaseError>>;
}
