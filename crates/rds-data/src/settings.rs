//! Where a database is, and the limits of its use.

use std::time::Duration;

/// The engines this crate speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// PostgreSQL
    PostgreSql,
    /// MySQL or MariaDB
    MySql,
    /// SQLite
    Sqlite,
}

/// Limits; the defaults are the RDS Data API's where it has any.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many connections there are at most. A database in memory always has one.
    pub max_connections: usize,
    /// How long a request waits for a free connection.
    pub acquire_timeout: Duration,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the statements of one request may run; the API's limit is 45 s.
    pub statement_timeout: Duration,
    /// How long an idle connection is kept.
    pub idle_timeout: Duration,
    /// The largest result of one request in bytes of JSON; the API's limit is 1 MiB.
    pub max_result_bytes: usize,
    /// Prepared statements kept on each connection.
    pub statement_cache: usize,
    /// SQLite: wait for the disk at the end of each transaction, so that it survives a power cut.
    pub durable: bool,
    /// PostgreSQL: refuse what Aurora refuses, a text compared with or stored into a column of another type without cast or hint.
    /// Otherwise such a parameter takes the type that the server infers.
    pub strict_parameter_types: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_connections: 8,
            acquire_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(45),
            idle_timeout: Duration::from_secs(600),
            max_result_bytes: 1 << 20,
            statement_cache: 200,
            durable: false,
            strict_parameter_types: false,
        }
    }
}

impl EngineKind {
    /// The engine that a URL names by its scheme.
    #[must_use]
    pub fn of_url(url: &str) -> Option<Self> {
        Some(match url.split_once(':')?.0 {
            "postgres" | "postgresql" => Self::PostgreSql,
            "mysql" | "mariadb" => Self::MySql,
            "sqlite" => Self::Sqlite,
            _ => return None,
        })
    }
}
