//! MySQL and MariaDB.
//!
//! Both take a text where a number, a date or a UUID is wanted, so parameters are sent as what they are.
//!
//! The driver does not set TCP_NODELAY. A message that the server does not answer, which closing a prepared statement is, makes the
//! next one wait for the server's delayed acknowledgement: 40 ms on Linux. So no statement is closed while a request waits: the
//! statements of a connection are dropped all together, between requests ([`Engine::tidy`]).

mod columns;
mod decode;

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use sqlx::mysql::{MySqlArguments, MySqlConnectOptions, MySqlConnection, MySqlDatabaseError};
use sqlx::{Arguments, AssertSqlSafe, Column as _, ConnectOptions, Connection, Either, Executor, Row};
use value::Value;

use self::columns::Described;
use crate::field::{self, Parameter, Parameters};
use crate::outcome::{Room, Rows, results, updated};
use crate::pool::Engine;
use crate::scan::{self, Piece};
use crate::seed::{Ran, Script, Seed, TABLE, place, statements};
use crate::sqlite::refuse_transaction_control;
use crate::{DatabaseError, EngineKind, ErrorKind, Request, Settings, TypeHint};

/// How long ending a given-up session may take.
const RECOVER_TIMEOUT: Duration = Duration::from_secs(5);

/// Metadata kept, by the statement's text.
const MAX_DESCRIBED: usize = 500;

/// How long dropping a connection's prepared statements may take.
const TIDY_TIMEOUT: Duration = Duration::from_secs(2);

/// Prepared statements that one request may add: its own two, and looks into the catalog. The driver keeps so many more than the
/// settings say, for by itself it would close one in the middle of a request.
const STATEMENTS_OF_A_REQUEST: usize = 8;

/// Seconds that one seeding waits for another.
const SEED_WAIT: i64 = 30;

/// A MySQL or MariaDB database.
pub(crate) struct MySql {
    options: MySqlConnectOptions,
    max_result_bytes: usize,
    statement_cache: usize,
    /// The columns of results, by the statement's text and the types of its parameters.
    described: Mutex<HashMap<String, Arc<Described>>>,
    /// Counts changes of the schema, after which each connection drops the statements it prepared before.
    changes: AtomicU64,
}

impl std::fmt::Debug for MySql {
    /// Without the options: they hold the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MySql").finish_non_exhaustive()
    }
}

pub(crate) struct Lane {
    connection: MySqlConnection,
    process: u64,
    /// Whether a statement changed what the session is.
    touched: bool,
    /// [`MySql::changes`] when its prepared statements were last dropped.
    changes: u64,
}

impl MySql {
    pub(crate) fn new(url: &str, settings: &Settings) -> Result<Self, DatabaseError> {
        let options = MySqlConnectOptions::from_str(url)
            .map_err(|_| DatabaseError::bad_request("a MySQL database's URL is mysql://user:password@host:port/database"))?;
        // The server's own `sql_mode` holds, as on Aurora.
        let options = options
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .statement_cache_capacity(settings.statement_cache.saturating_add(STATEMENTS_OF_A_REQUEST))
            .disable_statement_logging();
        Ok(Self {
            options,
            max_result_bytes: settings.max_result_bytes,
            statement_cache: settings.statement_cache,
            described: Mutex::new(HashMap::new()),
            changes: AtomicU64::new(0),
        })
    }

    async fn request(&self, lane: &mut Lane, request: &Request) -> Result<Value, DatabaseError> {
        if lane.changes != self.changes.load(Ordering::Relaxed) {
            self.drop_statements(lane).await?;
        }
        let mut parameters = Parameters::new(request);
        let mut prepared = Vec::with_capacity(request.statements.len());
        for text in &request.statements {
            prepared.push(Prepared::new(text, request, &mut parameters)?);
        }
        let transaction = prepared.len() > 1 || prepared.iter().any(|statement| statement.writes_and_reads);
        if transaction {
            simple(lane, "START TRANSACTION").await?;
        }
        let mut room = Room::new(self.max_result_bytes);
        let mut found = Vec::with_capacity(prepared.len());
        for statement in &prepared {
            match self.statement(lane, statement, &parameters, &mut room).await {
                Ok(result) => found.push(result),
                Err(error) => {
                    if transaction && !error.leaves_rows_behind() {
                        simple(lane, "ROLLBACK").await?;
                    }
                    return Err(error);
                }
            }
        }
        if transaction {
            simple(lane, "COMMIT").await?;
        }
        if prepared.iter().any(|statement| statement.changes_schema) {
            self.forget();
        }
        Ok(results(found))
    }

    async fn statement(
        &self,
        lane: &mut Lane,
        statement: &Prepared,
        parameters: &Parameters<'_>,
        room: &mut Room,
    ) -> Result<Value, DatabaseError> {
        lane.touched |= statement.session;
        let mut arguments = MySqlArguments::default();
        for at in &statement.order {
            bind(&mut arguments, parameters.get(*at))
                .map_err(|error| DatabaseError::new(ErrorKind::Internal, error.to_string()))?;
        }
        let mut described = None;
        if statement.reads {
            described = Some(self.describe(lane, &statement.key, &statement.sql).await?);
        }
        let mut rows = Rows::default();
        let (mut count, mut last_id) = (0, 0);
        let mut kinds: Vec<String> = Vec::new();
        let mut other_columns = None;
        let mut ended = false;
        {
            let mut stream = lane.connection.fetch_many(sqlx::query_with(AssertSqlSafe(&*statement.sql), arguments));
            while let Some(step) = stream.next().await {
                match step.map_err(|error| refused(&error))? {
                    Either::Left(result) => {
                        count = result.rows_affected();
                        last_id = result.last_insert_id();
                        ended |= !kinds.is_empty();
                    }
                    // A routine may give several results, each with columns of its own; an answer has a place for one.
                    Either::Right(_) if ended => {}
                    Either::Right(row) => {
                        if kinds.len() != row.len() {
                            kinds = row.columns().iter().map(|column| decode::kind(column.type_info()).to_owned()).collect();
                            if described.as_ref().is_some_and(|described| !described.fits(row.columns())) {
                                other_columns = Some(row.columns().to_vec());
                            }
                        }
                        let fields = kinds.iter().enumerate().map(|(at, kind)| decode::field(&row, at, kind));
                        rows.push(fields.collect::<Result<_, _>>()?, room)?;
                    }
                }
            }
        }
        if let Some(columns) = other_columns {
            // An expression over parameters has another type than preparing made believe, or somebody else changed the table: the
            // server has noticed, and the rows are right.
            described = Some(self.describe_columns(lane, &statement.key, &columns).await?);
        }
        Ok(match described.filter(|described| !described.is_empty()) {
            Some(described) => rows.finish(described.metadata.clone()),
            None => {
                let count = if statement.writes { count } else { 0 };
                let generated = match i64::try_from(last_id) {
                    Ok(id) if id > 0 && statement.inserts => vec![field::long(id)],
                    _ => Vec::new(),
                };
                updated(count, generated)
            }
        })
    }

    async fn drop_statements(&self, lane: &mut Lane) -> Result<(), DatabaseError> {
        let changes = self.changes.load(Ordering::Relaxed);
        lane.connection.clear_cached_statements().await.map_err(|error| refused(&error))?;
        lane.changes = changes;
        Ok(())
    }

    /// What is remembered of the schema may no longer be true.
    fn forget(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
        self.described().clear();
    }

    fn described(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Described>>> {
        self.described.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A statement with its parameters as `?`.
struct Prepared {
    sql: String,
    /// What its columns are remembered by.
    key: String,
    order: Vec<usize>,
    reads: bool,
    writes: bool,
    inserts: bool,
    writes_and_reads: bool,
    changes_schema: bool,
    session: bool,
}

impl Prepared {
    fn new(text: &str, request: &Request, parameters: &mut Parameters<'_>) -> Result<Self, DatabaseError> {
        let statement = scan::statement(text, EngineKind::MySql, |name| request.position(name).is_some())?;
        let (mut sql, mut order) = (String::with_capacity(text.len()), Vec::new());
        for piece in &statement.pieces {
            match piece {
                Piece::Text(text) => sql.push_str(text),
                Piece::Parameter(name) => {
                    let at = parameters.find(name)?;
                    order.push(at);
                    sql.push_str(&place_of(parameters.get(at)));
                }
            }
        }
        let mut key = format!("{sql}\0");
        key.extend(order.iter().map(|at| parameters.get(*at).letter()));
        let keyword = &*statement.keyword;
        refuse_transaction_control(keyword)?;
        let inserts = matches!(keyword, "INSERT" | "REPLACE");
        let writes = inserts || matches!(keyword, "UPDATE" | "DELETE" | "WITH" | "LOAD");
        // A routine may do all of this out of sight.
        let session = matches!(keyword, "SET" | "USE" | "PREPARE" | "DEALLOCATE" | "LOCK" | "UNLOCK" | "HANDLER" | "XA" | "CALL")
            || scan::makes_temporary(text, keyword)
            || scan::mentions(text, &["get_lock"])
            || sets_variable(text);
        Ok(Self {
            sql,
            key,
            order,
            // Statements that change nothing but rows are spared the look at their columns.
            reads: !writes || statement.returning || keyword == "WITH",
            writes,
            inserts,
            writes_and_reads: keyword == "WITH" || (writes && statement.returning),
            changes_schema: matches!(keyword, "CREATE" | "ALTER" | "DROP" | "RENAME" | "USE" | "CALL"),
            session,
        })
    }
}

/// Whether `@name := ...` or `INTO @name` may stand in a text: such variables live as long as their session.
fn sets_variable(text: &str) -> bool {
    let follows_into = |at: usize| {
        let before = text[..at].trim_end().as_bytes();
        before.len().checked_sub(4).is_some_and(|start| before[start..].eq_ignore_ascii_case(b"into"))
    };
    text.match_indices('@').any(|(at, _)| text[at..].contains(":=") || follows_into(at))
}

/// The place of a parameter. A text compared with a DECIMAL would be compared as a double, so a hinted decimal becomes one.
fn place_of(parameter: &Parameter) -> String {
    /// MySQL's own limits.
    const MAX_DIGITS: usize = 65;
    const MAX_SCALE: usize = 30;
    if let Parameter::Hinted(TypeHint::Decimal, text) = parameter
        && let Some((_, whole, fraction)) = field::decimal(text)
        && fraction.len() <= MAX_SCALE
        && whole.len() + fraction.len() <= MAX_DIGITS
    {
        return format!("CAST(? AS DECIMAL({MAX_DIGITS},{}))", fraction.len());
    }
    "?".to_owned()
}

fn bind(arguments: &mut MySqlArguments, parameter: &Parameter) -> Result<(), sqlx::error::BoxDynError> {
    match parameter {
        Parameter::Null => arguments.add(None::<String>),
        Parameter::Boolean(boolean) => arguments.add(*boolean),
        Parameter::Long(long) => arguments.add(*long),
        Parameter::Double(double, _) => arguments.add(*double),
        Parameter::Text(text) | Parameter::Hinted(_, text) => arguments.add(&**text),
    }
}

async fn simple(lane: &mut Lane, sql: &'static str) -> Result<(), DatabaseError> {
    lane.connection.execute(sqlx::raw_sql(sql)).await.map(|_| ()).map_err(|error| refused(&error))
}

/// The error in the service's form, `message; Error code: 1146; SQLState: 42S02`.
fn refused(error: &sqlx::Error) -> DatabaseError {
    /// ER_QUERY_INTERRUPTED, ER_QUERY_TIMEOUT, ER_STATEMENT_TIMEOUT of MariaDB
    const INTERRUPTED: &[u16] = &[1317, 3024, 1969];
    /// ER_CON_COUNT_ERROR, ER_SERVER_SHUTDOWN, ER_CONNECTION_KILLED
    const UNAVAILABLE: &[u16] = &[1040, 1053, 1927];
    /// ER_DBACCESS_DENIED_ERROR, ER_ACCESS_DENIED_ERROR, ER_ACCESS_DENIED_NO_PASSWORD_ERROR
    const CREDENTIALS: &[u16] = &[1044, 1045, 1698];
    if matches!(error, sqlx::Error::Configuration(reason) if reason.to_string().starts_with("RSA")) {
        // Without TLS these two encrypt the password by RSA, which the driver here is built without.
        let message = "the server takes this user's password (caching_sha2_password, sha256_password) over TLS only";
        return DatabaseError::new(ErrorKind::DatabaseUnavailable, message);
    }
    let Some(found) = error.as_database_error().and_then(|found| found.try_downcast_ref::<MySqlDatabaseError>()) else {
        return DatabaseError::driver(error);
    };
    let number = found.number();
    if INTERRUPTED.contains(&number) {
        return DatabaseError::timeout();
    }
    let sqlstate = found.code().unwrap_or("HY000").to_owned();
    if CREDENTIALS.contains(&number) {
        return DatabaseError { code: Some(number.into()), ..DatabaseError::refused_credentials(&sqlstate) };
    }
    let kind = if UNAVAILABLE.contains(&number) { ErrorKind::DatabaseUnavailable } else { ErrorKind::Database };
    let message = format!("{}; Error code: {number}; SQLState: {sqlstate}", found.message());
    DatabaseError { kind, sqlstate: Some(sqlstate), code: Some(number.into()), message }
}

impl Engine for MySql {
    type Lane = Lane;

    fn connect(&self) -> BoxFuture<'_, Result<Lane, DatabaseError>> {
        async move {
            let mut connection = self.options.connect().await.map_err(|error| refused(&error))?;
            // As text: a statement that is prepared for one use is closed after it.
            let row = connection.fetch_one(sqlx::raw_sql("SELECT CAST(CONNECTION_ID() AS UNSIGNED)")).await;
            let process = row.and_then(|row| row.try_get::<u64, _>(0)).map_err(|error| refused(&error))?;
            Ok(Lane { connection, process, touched: false, changes: self.changes.load(Ordering::Relaxed) })
        }
        .boxed()
    }

    fn is_alive<'a>(&'a self, lane: &'a mut Lane) -> BoxFuture<'a, bool> {
        async move { lane.connection.ping().await.is_ok() }.boxed()
    }

    fn run<'a>(&'a self, lane: &'a mut Lane, request: &'a Request) -> BoxFuture<'a, Result<Value, DatabaseError>> {
        self.request(lane, request).boxed()
    }

    fn is_reusable(&self, lane: &Lane, failed: Option<ErrorKind>) -> bool {
        !lane.touched && !matches!(failed, Some(ErrorKind::DatabaseUnavailable | ErrorKind::Internal))
    }

    fn is_untidy(&self, lane: &Lane) -> bool {
        let prepared = lane.connection.cached_statements_size();
        prepared > self.statement_cache || (prepared > 0 && lane.changes != self.changes.load(Ordering::Relaxed))
    }

    fn tidy(&self, mut lane: Lane) -> BoxFuture<'_, Option<Lane>> {
        async move {
            let tidied = async { self.drop_statements(&mut lane).await.is_ok() && lane.connection.ping().await.is_ok() };
            matches!(tokio::time::timeout(TIDY_TIMEOUT, tidied).await, Ok(true)).then_some(lane)
        }
        .boxed()
    }

    fn recover(&self, lane: Lane) -> BoxFuture<'_, Option<Lane>> {
        async move {
            let end = async {
                let mut connection = self.options.connect().await?;
                // The number is the server's own; KILL takes no parameter.
                connection.execute(sqlx::raw_sql(AssertSqlSafe(format!("KILL {}", lane.process)))).await?;
                connection.close().await
            };
            match tokio::time::timeout(RECOVER_TIMEOUT, end).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => tracing::warn!("a MySQL session with a given-up statement could not be ended"),
            }
            None
        }
        .boxed()
    }
}

impl Seed for MySql {
    const DIALECT: EngineKind = EngineKind::MySql;

    fn prepare<'a>(&'a self, lane: &'a mut Lane) -> BoxFuture<'a, Result<(), DatabaseError>> {
        async move {
            let sql = format!("CREATE TABLE IF NOT EXISTS {TABLE} (name VARCHAR(255) PRIMARY KEY, hash CHAR(32) NOT NULL)");
            lane.connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map(|_| ()).map_err(|error| refused(&error))
        }
        .boxed()
    }

    /// Statements that change the schema commit by themselves in MySQL: what a failed script did up to them stays.
    fn script<'a>(&'a self, lane: &'a mut Lane, script: &'a Script, hash: &'a str) -> BoxFuture<'a, Result<Ran, DatabaseError>> {
        async move {
            // No transaction holds a lock across such statements, a named lock does.
            let locked = sqlx::query_scalar::<_, Option<i64>>("SELECT GET_LOCK('rds_data_seed', ?)")
                .bind(SEED_WAIT)
                .fetch_one(&mut lane.connection)
                .await
                .map_err(|error| refused(&error))?;
            if locked != Some(1) {
                return Err(DatabaseError::timeout());
            }
            simple(lane, "START TRANSACTION").await?;
            let ran = one_script(lane, script, hash).await;
            simple(lane, if matches!(ran, Ok(Ran::Now)) { "COMMIT" } else { "ROLLBACK" }).await?;
            simple(lane, "DO RELEASE_LOCK('rds_data_seed')").await?;
            self.forget();
            // A script may have set anything for its session.
            lane.touched |= matches!(ran, Ok(Ran::Now));
            ran
        }
        .boxed()
    }
}

async fn one_script(lane: &mut Lane, script: &Script, hash: &str) -> Result<Ran, DatabaseError> {
    let known = sqlx::query_scalar::<_, String>(AssertSqlSafe(format!("SELECT hash FROM {TABLE} WHERE name = ?")))
        .bind(&script.name)
        .fetch_optional(&mut lane.connection)
        .await
        .map_err(|error| refused(&error))?;
    if let Some(known) = known {
        return Ok(Ran::Known(known));
    }
    let statements = statements::<MySql>(script)?;
    let home = sqlx::query_scalar::<_, Option<String>>("SELECT DATABASE()")
        .fetch_one(&mut lane.connection)
        .await
        .map_err(|error| refused(&error))?;
    let moves = statements.iter().any(|(_, statement)| scan::keyword(statement, EngineKind::MySql) == "USE");
    for (line, statement) in statements {
        let result = lane.connection.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await;
        result.map_err(|error| place(script, line, refused(&error)))?;
    }
    // A script may have gone to another database; what is remembered of it stays in this one.
    if let Some(home) = home.filter(|_| moves) {
        let name = home.replace('`', "``");
        let back = lane.connection.execute(sqlx::raw_sql(AssertSqlSafe(format!("USE `{name}`")))).await;
        back.map_err(|error| refused(&error))?;
    }
    sqlx::query(AssertSqlSafe(format!("INSERT INTO {TABLE} (name, hash) VALUES (?, ?)")))
        .bind(&script.name)
        .bind(hash)
        .execute(&mut lane.connection)
        .await
        .map_err(|error| refused(&error))?;
    Ok(Ran::Now)
}
