//! SQLite, in this process.
//!
//! Values have the type they are stored as, so does a field; only BOOLEAN columns show their 0 and 1 as booleans, and DECIMAL columns
//! their numbers as texts. SQLite keeps decimals as doubles, so 15 digits are exact; dates are what was stored.

mod columns;

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteOperation, SqliteRow, SqliteSynchronous,
};
use sqlx::{Arguments, AssertSqlSafe, ConnectOptions, Connection, Decode, Either, Executor, Row, TypeInfo, ValueRef};
use tokio::sync::OwnedMutexGuard;
use value::Value;

use self::columns::{Described, Shown, Table};
use crate::field::{self, Parameter, Parameters};
use crate::outcome::{Room, Rows, results, updated};
use crate::pool::Engine;
use crate::scan::{self, Piece};
use crate::seed::{Ran, Script, Seed, TABLE, place, statements};
use crate::{DatabaseError, EngineKind, ErrorKind, Request, Settings};

/// How long a write waits for another one's end.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The driver's words for the end of a connection's thread.
const WORKER_CRASHED: &str = "crashed background worker";

/// Instructions of SQLite's machine between two looks at whether it shall stop.
const PROGRESS_STEPS: i32 = 2_000;

/// Tables, and texts of statements, whose columns are remembered.
const MAX_CATALOG: usize = 500;

/// A SQLite database.
#[derive(Debug)]
pub(crate) struct Sqlite {
    options: SqliteConnectOptions,
    in_memory: bool,
    max_result_bytes: usize,
    /// The rows of `pragma_table_xinfo` by table; emptied by every statement that may change a schema.
    catalog: Mutex<HashMap<String, Arc<Table>>>,
    /// The columns of results by the statement's text; emptied likewise.
    described: Mutex<HashMap<String, Arc<Described>>>,
    /// Counts changes of the schema, so that each connection forgets the statements it prepared before: the driver takes a
    /// prepared statement's columns for fixed.
    changes: AtomicU64,
    /// Held by the request that writes. SQLite has one writer at a time anyway, and one that it makes wait sleeps in steps of
    /// milliseconds and is woken in no order. Taken before the connection, it also gives most writes the same one, whose pages
    /// are still right.
    writing: Arc<tokio::sync::Mutex<()>>,
}

pub(crate) struct Lane {
    connection: SqliteConnection,
    /// Set to stop what runs on the connection.
    stop: Arc<AtomicBool>,
    /// Whether a statement changed what the session is.
    touched: bool,
    /// [`Sqlite::changes`] when its prepared statements were last dropped.
    changes: u64,
    /// `PRAGMA schema_version`, by which changes of other processes are noticed.
    schema_version: i64,
    first_rows: FirstRows,
}

/// The first row that a statement inserted into each table: triggers may reach others. What a statement of many rows tells is the id of
/// the first, as Aurora MySQL does.
#[derive(Clone, Default)]
struct FirstRows(Arc<Mutex<Vec<(String, i64)>>>);

impl FirstRows {
    /// More tables than this are not noted.
    const MOST: usize = 16;

    fn rows(&self) -> MutexGuard<'_, Vec<(String, i64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, table: &str, id: i64) {
        let mut rows = self.rows();
        if rows.len() < Self::MOST && !rows.iter().any(|(known, _)| known == table) {
            rows.push((table.to_owned(), id));
        }
    }

    fn of(&self, table: &str) -> Option<i64> {
        self.rows().iter().find(|(known, _)| known.eq_ignore_ascii_case(table)).map(|(_, id)| *id)
    }
}

impl Sqlite {
    pub(crate) fn new(url: &str, settings: &Settings) -> Result<Self, DatabaseError> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|_| DatabaseError::bad_request("a SQLite database's URL is sqlite:path/to/file.db or sqlite::memory:"))?;
        let path = options.get_filename().to_string_lossy().into_owned();
        let in_memory =
            path.contains(":memory:") || path.contains("mode=memory") || path.contains("sqlx-in-memory") || path.is_empty();
        let mut options = options
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .create_if_missing(true)
            .statement_cache_capacity(settings.statement_cache)
            .disable_statement_logging();
        // Choosing the journal is a write.
        let read_only = url
            .split_once('?')
            .is_some_and(|(_, query)| query.split('&').any(|pair| matches!(pair, "mode=ro" | "immutable=1" | "immutable=true")));
        if !in_memory && !read_only {
            let synchronous = if settings.durable { SqliteSynchronous::Full } else { SqliteSynchronous::Normal };
            options = options.journal_mode(SqliteJournalMode::Wal).synchronous(synchronous);
        }
        Ok(Self {
            options,
            in_memory,
            max_result_bytes: settings.max_result_bytes,
            catalog: Mutex::new(HashMap::new()),
            described: Mutex::new(HashMap::new()),
            changes: AtomicU64::new(0),
            writing: Arc::default(),
        })
    }

    pub(crate) fn in_memory(&self) -> bool {
        self.in_memory
    }

    async fn request(&self, lane: &mut Lane, request: &Request) -> Result<Value, DatabaseError> {
        self.refresh(lane).await?;
        let mut parameters = Parameters::new(request);
        let mut prepared = Vec::with_capacity(request.statements.len());
        for text in &request.statements {
            prepared.push(Prepared::new(text, request, &mut parameters)?);
        }
        let writes = prepared.iter().any(|statement| statement.writes || statement.changes_schema || !statement.reads);
        let transaction = prepared.len() > 1 || prepared.iter().any(|statement| statement.writes_and_reads);
        if transaction {
            // Taking the lock for writing at once cannot fail half way, as a later upgrade of a reading transaction can.
            let begin = if writes { "BEGIN IMMEDIATE" } else { "BEGIN" };
            simple(lane, begin).await?;
        }
        let mut room = Room::new(self.max_result_bytes);
        let mut found = Vec::with_capacity(prepared.len());
        for statement in prepared {
            self.refresh(lane).await?;
            match self.statement(lane, &statement, &parameters, &mut room).await {
                Ok(result) => found.push(result),
                Err(error) => {
                    if transaction && !error.leaves_rows_behind() {
                        // Some errors roll back by themselves.
                        let _ = simple(lane, "ROLLBACK").await;
                    }
                    return Err(error);
                }
            }
        }
        if transaction && let Err(error) = simple(lane, "COMMIT").await {
            // Deferred constraints are checked here, and leave the transaction open.
            let _ = simple(lane, "ROLLBACK").await;
            return Err(error);
        }
        Ok(results(found))
    }

    async fn statement(
        &self,
        lane: &mut Lane,
        statement: &Prepared<'_>,
        parameters: &Parameters<'_>,
        room: &mut Room,
    ) -> Result<Value, DatabaseError> {
        lane.touched |= statement.session;
        let mut arguments = SqliteArguments::default();
        for at in &statement.order {
            bind(&mut arguments, parameters.get(*at))
                .map_err(|error| DatabaseError::new(ErrorKind::Internal, error.to_string()))?;
        }
        let mut rows = Rows::default();
        let mut described = None;
        let mut done = None;
        if statement.reads {
            described = Some(self.describe(lane, &statement.sql).await?);
        }
        lane.first_rows.rows().clear();
        let query = sqlx::query_with(AssertSqlSafe(&*statement.sql), arguments);
        let mut changed = false;
        let mut stream = lane.connection.fetch_many(query);
        while let Some(step) = stream.next().await {
            match step.map_err(refused)? {
                Either::Left(result) => done = Some(result.rows_affected()),
                Either::Right(row) => {
                    let shown = match &described {
                        Some(described) => {
                            changed |= !described.fits(row.columns());
                            &described.shown[..]
                        }
                        None => &[],
                    };
                    rows.push(fields(&row, shown)?, room)?;
                }
            }
        }
        drop(stream);
        // Rows that only end are no result: the end is always told.
        let changes = done.ok_or_else(|| DatabaseError::driver(&sqlx::Error::WorkerCrashed))?;
        if statement.changes_schema || changed {
            self.forget();
        }
        if changed {
            // Another process changed the table since; SQLite itself has noticed, and the rows are right.
            self.refresh(lane).await?;
            described = Some(self.describe(lane, &statement.sql).await?);
        }
        if let Some(described) = described.filter(|described| !described.is_empty()) {
            return Ok(rows.finish(described.metadata.clone()));
        }
        // Outside of changes to rows the count is the one of the last change.
        let count = if statement.writes { changes } else { 0 };
        let mut generated = Vec::new();
        if count > 0
            && statement.inserts
            && let Some(table) = &statement.into
            && let Some(id) = lane.first_rows.of(columns::bare(table))
            && self.table(lane, table).await?.has_generated_id()
        {
            generated.push(field::long(id));
        }
        Ok(updated(count, generated))
    }

    /// Drops the statements that were prepared before a change of the schema.
    async fn refresh(&self, lane: &mut Lane) -> Result<(), DatabaseError> {
        let changes = self.changes.load(Ordering::Relaxed);
        if lane.changes != changes {
            lane.connection.clear_cached_statements().await.map_err(refused)?;
            // A connection reads the schema again when a statement runs, not when one is prepared.
            simple(lane, "SELECT count(*) FROM sqlite_schema").await?;
            lane.changes = changes;
        }
        Ok(())
    }

    /// What is remembered of the schema may no longer be true.
    fn forget(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
        self.catalog.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.described.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Whether a statement may write; what does not begin with a word that reads counts as one that does.
fn may_write(text: &str) -> bool {
    match &*scan::keyword(text, EngineKind::Sqlite) {
        "SELECT" | "VALUES" | "EXPLAIN" => false,
        "WITH" => scan::mentions(text, WRITING),
        _ => true,
    }
}

/// What a statement that begins with WITH may go on with.
const WRITING: &[&str] = &["insert", "replace", "update", "delete"];

/// A statement with its parameters numbered.
struct Prepared<'a> {
    sql: String,
    order: Vec<usize>,
    into: Option<&'a str>,
    reads: bool,
    writes: bool,
    inserts: bool,
    writes_and_reads: bool,
    changes_schema: bool,
    session: bool,
}

impl<'a> Prepared<'a> {
    fn new(text: &'a str, request: &Request, parameters: &mut Parameters<'_>) -> Result<Self, DatabaseError> {
        let statement = scan::statement(text, EngineKind::Sqlite, |name| request.position(name).is_some())?;
        let (mut sql, mut order) = (String::with_capacity(text.len() + 8), Vec::new());
        for piece in &statement.pieces {
            match piece {
                Piece::Text(text) => sql.push_str(text),
                Piece::Parameter(name) => {
                    let at = parameters.find(name)?;
                    let number = order.iter().position(|other| *other == at).unwrap_or_else(|| {
                        order.push(at);
                        order.len() - 1
                    });
                    sql.push_str(&format!("?{}", number + 1));
                }
            }
        }
        let keyword = &*statement.keyword;
        refuse_transaction_control(keyword)?;
        if matches!(keyword, "ATTACH" | "DETACH" | "VACUUM") {
            return Err(DatabaseError::bad_request(format!(
                "{keyword} is not supported: a request stays in its own database, and this reaches other files"
            )));
        }
        let inserts = matches!(keyword, "INSERT" | "REPLACE");
        let writes = inserts || matches!(keyword, "UPDATE" | "DELETE") || (keyword == "WITH" && scan::mentions(text, WRITING));
        Ok(Self {
            sql,
            order,
            into: statement.into,
            reads: matches!(keyword, "SELECT" | "VALUES" | "WITH" | "EXPLAIN" | "PRAGMA") || statement.returning,
            writes,
            inserts,
            writes_and_reads: writes && (keyword == "WITH" || statement.returning),
            changes_schema: matches!(keyword, "CREATE" | "ALTER" | "DROP" | "PRAGMA"),
            session: keyword == "PRAGMA" || scan::makes_temporary(text, keyword),
        })
    }
}

/// Transactions are the request's: a statement that ends one would leave the other statement outside.
pub(crate) fn refuse_transaction_control(keyword: &str) -> Result<(), DatabaseError> {
    if scan::CONTROLS_TRANSACTIONS.contains(&keyword) {
        return Err(DatabaseError::bad_request(format!(
            "{keyword} is not supported: the statements of a request run in one transaction of their own"
        )));
    }
    Ok(())
}

fn bind(arguments: &mut SqliteArguments, parameter: &Parameter) -> Result<(), sqlx::error::BoxDynError> {
    match parameter {
        Parameter::Null => arguments.add(None::<i64>),
        Parameter::Boolean(boolean) => arguments.add(*boolean),
        Parameter::Long(long) => arguments.add(*long),
        Parameter::Double(double, _) => arguments.add(*double),
        Parameter::Text(text) | Parameter::Hinted(_, text) => arguments.add(text.to_string()),
    }
}

/// The most digits after the point of a decimal; a declaration may say anything.
const MOST_DIGITS: usize = 38;

fn fields(row: &SqliteRow, shown: &[Shown]) -> Result<Vec<Value>, DatabaseError> {
    let unreadable = |error: sqlx::error::BoxDynError| DatabaseError::new(ErrorKind::Internal, error.to_string());
    let fields = (0..row.len()).map(|at| {
        let raw = row.try_get_raw(at).map_err(|error| DatabaseError::driver(&error))?;
        if raw.is_null() {
            return Ok(field::null());
        }
        let kind = raw.type_info().into_owned();
        Ok(match kind.name() {
            "INTEGER" => match (<i64 as Decode<sqlx::Sqlite>>::decode(raw).map_err(unreadable)?, shown.get(at)) {
                (number @ (0 | 1), Some(Shown::Boolean)) => field::boolean(number == 1),
                (number, Some(Shown::Decimal { scale: Some(scale @ 1..) })) => {
                    field::string(format!("{number}.{:0<1$}", "", scale.min(&MOST_DIGITS)))
                }
                (number, Some(Shown::Decimal { .. })) => field::string(number.to_string()),
                (number, _) => field::long(number),
            },
            "REAL" => match (<f64 as Decode<sqlx::Sqlite>>::decode(raw).map_err(unreadable)?, shown.get(at)) {
                (number, Some(Shown::Decimal { scale: Some(scale) })) => {
                    field::string(format!("{number:.*}", *scale.min(&MOST_DIGITS)))
                }
                (number, Some(Shown::Decimal { scale: None })) => field::string(number.to_string()),
                (number, _) => field::double(number),
            },
            "TEXT" => field::string(<&str as Decode<sqlx::Sqlite>>::decode(raw).map_err(unreadable)?),
            _ => field::blob(<&[u8] as Decode<sqlx::Sqlite>>::decode(raw).map_err(unreadable)?),
        })
    });
    fields.collect()
}

async fn schema_version(lane: &mut Lane) -> Result<i64, DatabaseError> {
    let version = sqlx::query_scalar("PRAGMA schema_version").fetch_one(&mut lane.connection).await;
    version.map_err(refused)
}

async fn simple(lane: &mut Lane, sql: &'static str) -> Result<(), DatabaseError> {
    lane.connection.execute(sql).await.map(|_| ()).map_err(refused)
}

#[allow(clippy::needless_pass_by_value)]
fn refused(error: sqlx::Error) -> DatabaseError {
    const INTERRUPTED: &str = "9";
    let Some(found) = error.as_database_error() else { return DatabaseError::driver(&error) };
    if found.code().as_deref() == Some(INTERRUPTED) {
        return DatabaseError::timeout();
    }
    let code = found.code().and_then(|code| code.parse().ok());
    let message = match code {
        Some(code) => format!("{}; Error code: {code}", found.message()),
        None => found.message().to_owned(),
    };
    // SQLITE_CANTOPEN; the higher bits say why.
    let closed = code.is_some_and(|code| code & 0xff == 14);
    let kind = if closed { ErrorKind::DatabaseUnavailable } else { ErrorKind::Database };
    DatabaseError { kind, sqlstate: None, code, message }
}

impl Engine for Sqlite {
    type Lane = Lane;

    fn turn<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Option<OwnedMutexGuard<()>>> {
        // In memory there is one connection, which is turn enough.
        if self.in_memory || !request.statements.iter().any(|text| may_write(text)) {
            return std::future::ready(None).boxed();
        }
        Arc::clone(&self.writing).lock_owned().map(Some).boxed()
    }

    fn connect(&self) -> BoxFuture<'_, Result<Lane, DatabaseError>> {
        async move {
            let mut connection = self.options.connect().await.map_err(refused)?;
            let stop = Arc::new(AtomicBool::new(false));
            let seen = Arc::clone(&stop);
            let mut handle = connection.lock_handle().await.map_err(refused)?;
            handle.set_progress_handler(PROGRESS_STEPS, move || !seen.load(Ordering::Relaxed));
            let first_rows = FirstRows::default();
            let noted = first_rows.clone();
            handle.set_update_hook(move |change| {
                if matches!(change.operation, SqliteOperation::Insert) {
                    noted.note(change.table, change.rowid);
                }
            });
            drop(handle);
            let mut lane = Lane { connection, stop, touched: false, changes: 0, schema_version: 0, first_rows };
            lane.schema_version = schema_version(&mut lane).await?;
            Ok(lane)
        }
        .boxed()
    }

    fn is_alive<'a>(&'a self, lane: &'a mut Lane) -> BoxFuture<'a, bool> {
        if self.in_memory {
            // It is gone with its connection, which is this one and no other process's: nothing to find out, nothing that a caller
            // who goes away meanwhile could lose.
            return std::future::ready(true).boxed();
        }
        async move {
            match schema_version(lane).await {
                Ok(version) => {
                    if version != lane.schema_version {
                        lane.schema_version = version;
                        self.forget();
                    }
                    true
                }
                Err(_) => false,
            }
        }
        .boxed()
    }

    fn must_keep_idle(&self) -> bool {
        // What is in memory ends with its connection.
        self.in_memory
    }

    fn may_run_again(&self, error: &DatabaseError) -> bool {
        // The driver's thread ends when a statement that it prepared gives more columns than before, after another process
        // changed the table. Its transaction is rolled back with the connection.
        let lost = error.kind == ErrorKind::DatabaseUnavailable && error.message.contains(WORKER_CRASHED);
        if lost {
            self.forget();
        }
        lost && !self.in_memory
    }

    fn run<'a>(&'a self, lane: &'a mut Lane, request: &'a Request) -> BoxFuture<'a, Result<Value, DatabaseError>> {
        self.request(lane, request).boxed()
    }

    fn is_reusable(&self, lane: &Lane, failed: Option<ErrorKind>) -> bool {
        let unsound = matches!(failed, Some(ErrorKind::DatabaseUnavailable | ErrorKind::Internal));
        // Closing the one connection would lose a database in memory.
        self.in_memory || !(lane.touched || unsound)
    }

    fn recover(&self, mut lane: Lane) -> BoxFuture<'_, Option<Lane>> {
        async move {
            lane.stop.store(true, Ordering::Relaxed);
            // It waits behind what is being stopped. Where no transaction is open this fails, which is as good.
            let _ = simple(&mut lane, "ROLLBACK").await;
            lane.stop.store(false, Ordering::Relaxed);
            // What was given up may have been done all the same, and nobody was there to forget the schema before it.
            let version = schema_version(&mut lane).await.ok()?;
            if version != lane.schema_version {
                lane.schema_version = version;
                self.forget();
            }
            Some(lane)
        }
        .boxed()
    }
}

impl Seed for Sqlite {
    const DIALECT: EngineKind = EngineKind::Sqlite;

    fn prepare<'a>(&'a self, lane: &'a mut Lane) -> BoxFuture<'a, Result<(), DatabaseError>> {
        async move {
            let sql = format!("CREATE TABLE IF NOT EXISTS {TABLE} (name TEXT PRIMARY KEY, hash TEXT NOT NULL)");
            lane.connection.execute(AssertSqlSafe(sql)).await.map(|_| ()).map_err(refused)
        }
        .boxed()
    }

    fn script<'a>(&'a self, lane: &'a mut Lane, script: &'a Script, hash: &'a str) -> BoxFuture<'a, Result<Ran, DatabaseError>> {
        async move {
            simple(lane, "BEGIN IMMEDIATE").await?;
            let ran = one_script(lane, script, hash).await;
            let end = if matches!(ran, Ok(Ran::Now)) { "COMMIT" } else { "ROLLBACK" };
            let ended = simple(lane, end).await;
            self.forget();
            let ran = ran?;
            if let Err(error) = ended {
                let _ = simple(lane, "ROLLBACK").await;
                return Err(error);
            }
            // A script may have set anything for its session.
            lane.touched |= matches!(ran, Ran::Now);
            Ok(ran)
        }
        .boxed()
    }
}

async fn one_script(lane: &mut Lane, script: &Script, hash: &str) -> Result<Ran, DatabaseError> {
    let known = sqlx::query_scalar::<_, String>(AssertSqlSafe(format!("SELECT hash FROM {TABLE} WHERE name = ?1")))
        .bind(&script.name)
        .fetch_optional(&mut lane.connection)
        .await
        .map_err(refused)?;
    if let Some(known) = known {
        return Ok(Ran::Known(known));
    }
    for (line, statement) in statements::<Sqlite>(script)? {
        let result = lane.connection.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await;
        result.map_err(|error| place(script, line, refused(error)))?;
    }
    sqlx::query(AssertSqlSafe(format!("INSERT INTO {TABLE} (name, hash) VALUES (?1, ?2)")))
        .bind(&script.name)
        .bind(hash)
        .execute(&mut lane.connection)
        .await
        .map_err(refused)?;
    Ok(Ran::Now)
}
