//! PostgreSQL.
//!
//! The Data API sends a parameter with the type of its field: text, int8, float8 or bool, or the type its hint names. So do we
//! first, which makes valid here what is valid on Aurora, with the same meaning. Only where the server refuses these types, and
//! strictness is off, a parameter takes the type that the server infers for it, by a cast from text. `plan` tells how.

mod columns;
mod decode;
mod encode;
mod plan;

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use sqlx::postgres::{PgColumn, PgConnectOptions, PgConnection, PgDatabaseError, PgErrorPosition, PgTypeInfo};
use sqlx::{AssertSqlSafe, Column as _, ConnectOptions, Connection, Either, Executor, Row, SqlSafeStr, Statement as _};
use value::Value;

use self::plan::{Plan, Text};
use crate::field::Parameters;
use crate::outcome::{Room, Rows, results, updated};
use crate::pool::Engine;
use crate::seed::{Ran, Script, Seed, TABLE, place, statements};
use crate::{DatabaseError, EngineKind, ErrorKind, Request, Settings};

/// How long ending a given-up session may take.
const RECOVER_TIMEOUT: Duration = Duration::from_secs(5);

/// Plans kept; each belongs to one text and one combination of parameter types.
const MAX_PLANS: usize = 500;

/// A PostgreSQL database.
pub(crate) struct Postgres {
    options: PgConnectOptions,
    max_result_bytes: usize,
    strict: bool,
    plans: Mutex<HashMap<String, Arc<Plan>>>,
}

impl std::fmt::Debug for Postgres {
    /// Without the options: they hold the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}

pub(crate) struct Lane {
    connection: PgConnection,
    process: i32,
    /// Whether a statement may have changed what the session is, in a way that [`RESET`] takes back.
    touched: bool,
    /// Likewise, but nothing takes it back.
    spoiled: bool,
}

/// Settings, roles, cursors, temporary tables and locks that a statement may have left: the next request is somebody else's. What
/// the connection began with holds again.
const RESET: &str = "RESET SESSION AUTHORIZATION; RESET ALL; CLOSE ALL; UNLISTEN *; SELECT pg_advisory_unlock_all(); DISCARD TEMP; \
    DISCARD SEQUENCES";

/// Why a request failed on this attempt.
enum Failure {
    Final(DatabaseError),
    /// Something remembered of a statement no longer fits the schema; nothing of the request was kept, so it can run again.
    Stale(DatabaseError),
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        Self::Final(error)
    }
}

impl Postgres {
    pub(crate) fn new(url: &str, settings: &Settings) -> Result<Self, DatabaseError> {
        let options = PgConnectOptions::from_str(url).map_err(|_| {
            DatabaseError::bad_request("a PostgreSQL database's URL is postgres://user:password@host:port/database")
        })?;
        let options = options.statement_cache_capacity(settings.statement_cache).disable_statement_logging();
        Ok(Self {
            options,
            max_result_bytes: settings.max_result_bytes,
            strict: settings.strict_parameter_types,
            plans: Mutex::new(HashMap::new()),
        })
    }

    async fn request(&self, lane: &mut Lane, request: &Request) -> Result<Value, Failure> {
        let mut parameters = Parameters::new(request);
        let mut texts = Vec::with_capacity(request.statements.len());
        for text in &request.statements {
            texts.push(Text::new(text, request, &mut parameters)?);
        }
        let transaction = texts.len() > 1 || texts.iter().any(|text| text.writes_and_reads);
        let mut plans = Vec::with_capacity(texts.len());
        for (at, text) in texts.iter().enumerate() {
            match self.plan(lane, text, &parameters, false).await {
                Ok(plan) => plans.push(Some(plan)),
                Err(error) if at == 0 => return Err(error.into()),
                // The statement before may make what this one needs.
                Err(_) => plans.push(None),
            }
        }
        if transaction {
            simple(lane, "BEGIN").await?;
        }
        let mut room = Room::new(self.max_result_bytes);
        let mut found = Vec::with_capacity(texts.len());
        for (text, plan) in texts.iter().zip(plans) {
            match self.statement(lane, text, plan, &parameters, &mut room).await {
                Ok(result) => found.push(result),
                Err(failure) => {
                    let abandoned = matches!(&failure, Failure::Final(error) if error.leaves_rows_behind());
                    if transaction && !abandoned {
                        simple(lane, "ROLLBACK").await?;
                    }
                    return Err(failure);
                }
            }
        }
        if transaction {
            simple(lane, "COMMIT").await?;
        }
        if texts.iter().any(|text| text.changes_schema) {
            self.plans().clear();
        }
        Ok(results(found))
    }

    async fn statement(
        &self,
        lane: &mut Lane,
        text: &Text<'_>,
        plan: Option<(Arc<Plan>, bool)>,
        parameters: &Parameters<'_>,
        room: &mut Room,
    ) -> Result<Value, Failure> {
        lane.touched |= text.session;
        lane.spoiled |= text.prepared;
        let (plan, remembered) = match plan {
            Some(plan) => plan,
            None => self.plan(lane, text, parameters, true).await?,
        };
        if remembered && let Err(failure) = self.check(lane, &plan).await {
            self.plans().remove(&text.key);
            return Err(failure);
        }
        let arguments = encode::arguments(&plan, text, parameters)?;
        let mut rows = Rows::default();
        let mut count = 0;
        let mut stale = None;
        {
            let mut stream = lane.connection.fetch_many(sqlx::query_with(AssertSqlSafe(Arc::clone(&plan.sql)), arguments));
            while let Some(step) = stream.next().await {
                match step {
                    Ok(Either::Left(result)) => count = result.rows_affected(),
                    Ok(Either::Right(row)) => {
                        if !fits(row.columns(), &plan) {
                            return Err(other_columns().into());
                        }
                        let mut fields = Vec::with_capacity(plan.columns.len());
                        for (at, shape) in plan.columns.iter().enumerate() {
                            let raw = row.try_get_raw(at).map_err(|error| DatabaseError::driver(&error))?;
                            fields.push(shape.field(&raw)?);
                        }
                        rows.push(fields, room)?;
                    }
                    Err(error) => {
                        let found = refused(&error, &plan.places);
                        if remembered && rows.is_empty() && is_stale(&error) {
                            stale = Some(found);
                            break;
                        }
                        return Err(found.into());
                    }
                }
            }
        }
        if let Some(error) = stale {
            self.plans().remove(&text.key);
            return Err(Failure::Stale(error));
        }
        if let Some(unsupported) = plan.columns.iter().find_map(decode::Shape::unsupported) {
            return Err(DatabaseError::unsupported_type(unsupported).into());
        }
        Ok(if plan.has_rows {
            rows.finish(plan.metadata.clone())
        } else {
            updated(if text.writes { count } else { 0 }, Vec::new())
        })
    }

    /// Whether a remembered plan still fits, before anything runs. A connection that has the statement prepared already is not asked:
    /// the server itself refuses such a statement when its result would have become another.
    async fn check(&self, lane: &mut Lane, plan: &Plan) -> Result<(), Failure> {
        let types: Vec<_> = plan.slots.iter().map(|slot| PgTypeInfo::with_oid(slot.oid)).collect();
        let sql = AssertSqlSafe(Arc::clone(&plan.sql)).into_sql_str();
        match lane.connection.prepare_with(sql, &types).await {
            Ok(prepared) if fits(prepared.columns(), plan) => Ok(()),
            Ok(_) => Err(Failure::Stale(other_columns())),
            Err(error) if is_stale(&error) => Err(Failure::Stale(refused(&error, &plan.places))),
            Err(error) => Err(refused(&error, &plan.places).into()),
        }
    }

    fn plans(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Plan>>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fits(columns: &[PgColumn], plan: &Plan) -> bool {
    columns.len() == plan.columns.len()
        && columns.iter().zip(&plan.oids).all(|(column, oid)| column.type_info().oid() == Some(*oid))
}

fn other_columns() -> DatabaseError {
    DatabaseError::new(ErrorKind::Internal, "a result has other columns than its statement")
}

/// Whether an error says that a statement was prepared for a schema of before: a result type that must not change, or a table,
/// column, type or function that went away. What a statement meets while it runs is none: running it again would do its work twice.
/// The first tells the place in the statement, or that its plan was looked at; a function tells its own text, and a name that is
/// looked up from a value (`regclass`) tells no place.
fn is_stale(error: &sqlx::Error) -> bool {
    let found = error.as_database_error().and_then(|found| found.try_downcast_ref::<PgDatabaseError>());
    found.is_some_and(|found| {
        let before_it_runs = found.position().is_some() || found.routine() == Some("RevalidateCachedQuery");
        let code = matches!(found.code(), "0A000" | "42P01" | "42703" | "42704" | "42883");
        before_it_runs && found.r#where().is_none() && code
    })
}

async fn simple(lane: &mut Lane, sql: &'static str) -> Result<(), DatabaseError> {
    lane.connection.execute(sql).await.map(|_| ()).map_err(|error| refused(&error, &plan::Places::default()))
}

/// The error in the service's form, `ERROR: message; Hint: ...; Position: n; SQLState: 42P01`. The position is one in the text of
/// the request, not in what was sent.
fn refused(error: &sqlx::Error, places: &plan::Places) -> DatabaseError {
    let Some(found) = error.as_database_error().and_then(|found| found.try_downcast_ref::<PgDatabaseError>()) else {
        return DatabaseError::driver(error);
    };
    let code = found.code();
    if code == "57014" {
        return DatabaseError::timeout();
    }
    if code.starts_with("28") {
        return DatabaseError::refused_credentials(code);
    }
    let severity = format!("{:?}", found.severity()).to_uppercase();
    let mut message = format!("{severity}: {}", found.message());
    if let Some(hint) = found.hint() {
        message.push_str(&format!("; Hint: {hint}"));
    }
    if let Some(PgErrorPosition::Original(position)) = found.position() {
        message.push_str(&format!("; Position: {}", places.original(position)));
    }
    message.push_str(&format!("; SQLState: {code}"));
    let gone = code.starts_with("08") || code.starts_with("57P") || code == "53300";
    let kind = if gone { ErrorKind::DatabaseUnavailable } else { ErrorKind::Database };
    DatabaseError { kind, sqlstate: Some(code.to_owned()), code: None, message }
}

impl Engine for Postgres {
    type Lane = Lane;

    fn connect(&self) -> BoxFuture<'_, Result<Lane, DatabaseError>> {
        async move {
            let places = plan::Places::default();
            let mut connection = self.options.connect().await.map_err(|error| refused(&error, &places))?;
            let process = sqlx::query_scalar("SELECT pg_backend_pid()")
                .persistent(false)
                .fetch_one(&mut connection)
                .await
                .map_err(|error| refused(&error, &places))?;
            Ok(Lane { connection, process, touched: false, spoiled: false })
        }
        .boxed()
    }

    fn is_alive<'a>(&'a self, lane: &'a mut Lane) -> BoxFuture<'a, bool> {
        async move { lane.connection.ping().await.is_ok() }.boxed()
    }

    fn run<'a>(&'a self, lane: &'a mut Lane, request: &'a Request) -> BoxFuture<'a, Result<Value, DatabaseError>> {
        async move {
            match self.request(lane, request).await {
                Ok(result) => Ok(result),
                Err(Failure::Final(error)) => Err(error),
                Err(Failure::Stale(_)) => {
                    lane.connection.clear_cached_statements().await.map_err(|error| DatabaseError::driver(&error))?;
                    match self.request(lane, request).await {
                        Ok(result) => Ok(result),
                        Err(Failure::Final(error) | Failure::Stale(error)) => Err(error),
                    }
                }
            }
        }
        .boxed()
    }

    fn is_reusable(&self, lane: &Lane, failed: Option<ErrorKind>) -> bool {
        !lane.spoiled && !matches!(failed, Some(ErrorKind::DatabaseUnavailable | ErrorKind::Internal))
    }

    fn is_untidy(&self, lane: &Lane) -> bool {
        lane.touched
    }

    fn tidy(&self, mut lane: Lane) -> BoxFuture<'_, Option<Lane>> {
        async move {
            let reset = tokio::time::timeout(RECOVER_TIMEOUT, lane.connection.execute(sqlx::raw_sql(RESET))).await;
            lane.touched = false;
            matches!(reset, Ok(Ok(_))).then_some(lane)
        }
        .boxed()
    }

    fn recover(&self, lane: Lane) -> BoxFuture<'_, Option<Lane>> {
        async move {
            let end = async {
                let mut connection = self.options.connect().await?;
                sqlx::query("SELECT pg_terminate_backend($1)").bind(lane.process).execute(&mut connection).await?;
                connection.close().await
            };
            match tokio::time::timeout(RECOVER_TIMEOUT, end).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => tracing::warn!("a PostgreSQL session with a given-up statement could not be ended"),
            }
            None
        }
        .boxed()
    }
}

impl Seed for Postgres {
    const DIALECT: EngineKind = EngineKind::PostgreSql;

    fn prepare<'a>(&'a self, lane: &'a mut Lane) -> BoxFuture<'a, Result<(), DatabaseError>> {
        async move {
            // Two sessions that make the same table at the same time would fail in the catalog.
            simple(lane, "SELECT pg_advisory_lock(7299841)").await?;
            let sql = format!("CREATE TABLE IF NOT EXISTS {TABLE} (name text PRIMARY KEY, hash text NOT NULL)");
            let made = lane.connection.execute(AssertSqlSafe(sql)).await;
            simple(lane, "SELECT pg_advisory_unlock(7299841)").await?;
            made.map(|_| ()).map_err(|error| refused(&error, &plan::Places::default()))
        }
        .boxed()
    }

    fn script<'a>(&'a self, lane: &'a mut Lane, script: &'a Script, hash: &'a str) -> BoxFuture<'a, Result<Ran, DatabaseError>> {
        async move {
            simple(lane, "BEGIN").await?;
            let ran = one_script(lane, script, hash).await;
            simple(lane, if matches!(ran, Ok(Ran::Now)) { "COMMIT" } else { "ROLLBACK" }).await?;
            self.plans().clear();
            // A script may have set anything for its session.
            lane.spoiled |= matches!(ran, Ok(Ran::Now));
            ran
        }
        .boxed()
    }
}

async fn one_script(lane: &mut Lane, script: &Script, hash: &str) -> Result<Ran, DatabaseError> {
    let refuse = |error: sqlx::Error| refused(&error, &plan::Places::default());
    simple(lane, "SELECT pg_advisory_xact_lock(7299841)").await?;
    let known = sqlx::query_scalar::<_, String>(AssertSqlSafe(format!("SELECT hash FROM {TABLE} WHERE name = $1")))
        .bind(&script.name)
        .fetch_optional(&mut lane.connection)
        .await
        .map_err(refuse)?;
    if let Some(known) = known {
        return Ok(Ran::Known(known));
    }
    let statements = statements::<Postgres>(script)?;
    // First, while the session is still ours: what `pg_dump` writes empties the search path.
    sqlx::query(AssertSqlSafe(format!("INSERT INTO {TABLE} (name, hash) VALUES ($1, $2)")))
        .bind(&script.name)
        .bind(hash)
        .execute(&mut lane.connection)
        .await
        .map_err(refuse)?;
    for (line, statement) in statements {
        let result = lane.connection.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await;
        result.map_err(|error| place(script, line, refuse(error)))?;
    }
    Ok(Ran::Now)
}
