//! The crate against real databases: SQLite in this process, PostgreSQL and MariaDB from the system's packages.

mod builders;
mod mysql;
mod postgres;
mod rules;
#[path = "../servers.rs"]
mod servers;
mod sqlite;

use std::time::{Duration, Instant};

use rds_data::{Database, DatabaseError, RdsData, Request, Settings};
use value::{Value, value};

/// Runs a test on a runtime of its own.
pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(test);
}

/// A moment that no test should reach.
pub(crate) fn later() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

pub(crate) fn open(url: &str) -> Database {
    Database::open(url, Settings::default()).expect("a database")
}

/// An empty list.
pub(crate) fn none() -> Value {
    Value::List(Default::default())
}

pub(crate) fn memory() -> Database {
    open("sqlite::memory:")
}

pub(crate) fn postgres() -> Option<Database> {
    let server = servers::postgres()?;
    Some(open(&server.url))
}

pub(crate) fn mysql() -> Option<Database> {
    let server = servers::mariadb()?;
    Some(open(&server.url))
}

/// Every engine there is.
pub(crate) fn all() -> Vec<Database> {
    [Some(memory()), postgres(), mysql()].into_iter().flatten().collect()
}

pub(crate) async fn execute(database: &Database, request: &Value) -> Result<Value, DatabaseError> {
    database.execute(&Request::from_value(request)?, later()).await
}

/// The results of statements with parameters that must succeed.
pub(crate) async fn results(database: &Database, statements: &[&str], variables: Value, hints: Value) -> Value {
    let request = value!({"statements": (statements.to_vec()), "variableMap": variables, "variableTypeHintMap": hints});
    match execute(database, &request).await {
        Ok(result) => result.at(&["sqlStatementResults"]).clone(),
        Err(error) => panic!("{statements:?}: {error:?}"),
    }
}

/// The records of one statement.
pub(crate) async fn records(database: &Database, sql: &str, variables: Value) -> Value {
    let results = results(database, &[sql], variables, value!({})).await;
    results.as_list().and_then(|results| results[0].get("records")).cloned().unwrap_or_default()
}

/// Runs statements without results, one after the other.
pub(crate) async fn script(database: &Database, statements: &[&str]) {
    for sql in statements {
        results(database, &[sql], value!({}), value!({})).await;
    }
}

pub(crate) async fn refusal(database: &Database, sql: &str, variables: Value) -> DatabaseError {
    let request = value!({"statements": [sql], "variableMap": variables});
    execute(database, &request).await.expect_err(sql)
}
