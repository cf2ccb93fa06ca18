//! A database of any of the engines.

use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use value::Value;

use crate::mysql::MySql;
use crate::pool::Pool;
use crate::postgres::Postgres;
use crate::seed::{self, Script, Seeded};
use crate::sqlite::Sqlite;
use crate::{DatabaseError, EngineKind, RdsData, Request, Settings};

/// A database that is reached by its URL.
#[derive(Debug)]
pub struct Database {
    pools: Pools,
}

#[derive(Debug)]
enum Pools {
    Postgres(Pool<Postgres>),
    MySql(Pool<MySql>),
    Sqlite(Pool<Sqlite>),
}

impl Database {
    /// A database by URL: `postgres://user:password@host/database`, `mysql://...`, `mariadb://...`, `sqlite:path/to/file.db` or
    /// `sqlite::memory:`. TLS and the like are options of the URL as sqlx reads them (`sslmode=verify-full`,
    /// `ssl-mode=VERIFY_IDENTITY`). Connections are made when they are needed.
    ///
    /// # Errors
    /// When the URL is none of these, or has an option that is not known. No message repeats the URL.
    pub fn open(url: &str, settings: Settings) -> Result<Self, DatabaseError> {
        let size = settings.max_connections;
        refuse_unknown_options(url)?;
        let pools = match EngineKind::of_url(url) {
            Some(EngineKind::PostgreSql) => Pools::Postgres(Pool::new(Postgres::new(url, &settings)?, settings, size)),
            Some(EngineKind::MySql) => Pools::MySql(Pool::new(MySql::new(url, &settings)?, settings, size)),
            Some(EngineKind::Sqlite) => {
                let engine = Sqlite::new(url, &settings)?;
                let size = if engine.in_memory() { 1 } else { size };
                let settings = Settings { max_connections: size, ..settings };
                Pools::Sqlite(Pool::new(engine, settings, size))
            }
            None => {
                return Err(DatabaseError::bad_request(
                    "a database's URL begins with postgres://, mysql://, mariadb:// or sqlite:",
                ));
            }
        };
        Ok(Self { pools })
    }

    /// Which engine it is.
    #[must_use]
    pub fn engine(&self) -> EngineKind {
        match &self.pools {
            Pools::Postgres(_) => EngineKind::PostgreSql,
            Pools::MySql(_) => EngineKind::MySql,
            Pools::Sqlite(_) => EngineKind::Sqlite,
        }
    }

    /// Runs the scripts that were not run yet, each once and in a transaction of its own. What was run is kept in a table of the
    /// database, by name and hash; a script that was changed since is reported and not run again.
    ///
    /// # Errors
    /// What the database refuses, with the script's name and the line of the statement.
    pub async fn seed(&self, scripts: &[Script], deadline: Instant) -> Result<Vec<Seeded>, DatabaseError> {
        match &self.pools {
            Pools::Postgres(pool) => seed::run(pool, scripts, deadline).await,
            Pools::MySql(pool) => seed::run(pool, scripts, deadline).await,
            Pools::Sqlite(pool) => seed::run(pool, scripts, deadline).await,
        }
    }

    /// Waits for the requests under way and closes all connections; later requests are refused.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Postgres(pool) => pool.close().await,
            Pools::MySql(pool) => pool.close().await,
            Pools::Sqlite(pool) => pool.close().await,
        }
    }
}

/// The driver passes over options that it does not know, which would leave TLS unchecked for a misspelt `sslmode`, and shows their
/// values in the log. SQLite's refuses them itself.
fn refuse_unknown_options(url: &str) -> Result<(), DatabaseError> {
    let known: &[&str] = match EngineKind::of_url(url) {
        Some(EngineKind::PostgreSql) => POSTGRESQL_OPTIONS,
        Some(EngineKind::MySql) => MYSQL_OPTIONS,
        Some(EngineKind::Sqlite) | None => return Ok(()),
    };
    let Some((_, query)) = url.split_once('?') else { return Ok(()) };
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    let mut keys = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(key, _)| key));
    if keys.all(|key| key.is_empty() || known.contains(&key) || (key.starts_with("options[") && known.contains(&"options"))) {
        return Ok(());
    }
    // Which one is not said: after an unescaped `?` in a password it would be a part of that.
    Err(DatabaseError::bad_request(format!("an option of the database's URL is not known; those known are {}", known.join(", "))))
}

const POSTGRESQL_OPTIONS: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

const MYSQL_OPTIONS: &[&str] = &[
    "ssl-mode",
    "sslmode",
    "ssl-ca",
    "sslca",
    "ssl-cert",
    "sslcert",
    "ssl-key",
    "sslkey",
    "charset",
    "collation",
    "socket",
    "timezone",
    "time-zone",
];

impl RdsData for Database {
    fn execute<'a>(&'a self, request: &'a Request, deadline: Instant) -> BoxFuture<'a, Result<Value, DatabaseError>> {
        match &self.pools {
            Pools::Postgres(pool) => pool.execute(request, deadline).boxed(),
            Pools::MySql(pool) => pool.execute(request, deadline).boxed(),
            Pools::Sqlite(pool) => pool.execute(request, deadline).boxed(),
        }
    }
}
