//! SQL databases that data sources of the type `RELATIONAL_DATABASE` use: `[[database]]`.

use std::sync::Arc;
use std::time::Duration;

use value::Str;

use super::Secret;
use crate::diagnostic::{Place, Source};

/// A database, on this machine or anywhere.
#[derive(Clone, Debug)]
pub struct DatabaseDefinition {
    /// `name`: what data sources find it by.
    pub name: Str,
    /// `url`: where it is. Default a SQLite file in the data folder. A password may be in it.
    pub url: Option<Secret>,
    /// `password`: instead of one in the URL.
    pub password: Option<Secret>,
    /// `max_connections`: how many there are at most. Default 8.
    pub max_connections: usize,
    /// `acquire_timeout`: how long a request waits for a free connection. Default `10s`.
    pub acquire_timeout: Duration,
    /// `connect_timeout`: how long making a connection may take. Default `10s`.
    pub connect_timeout: Duration,
    /// `statement_timeout`: how long the statements of a request may run. Default `45s`, the Data API's.
    pub statement_timeout: Duration,
    /// `idle_timeout`: how long a connection is kept that nobody needs. Default `10m`.
    pub idle_timeout: Duration,
    /// `durable`: whether acknowledged writes of a SQLite file survive a power cut, and not only the death of the process.
    pub durable: bool,
    /// `strict_parameter_types`: whether PostgreSQL refuses parameters that Aurora would refuse. Default `false`.
    pub strict_parameter_types: bool,
    /// `scripts`: what is run once in the database, in this order.
    pub scripts: Vec<SqlScript>,
    /// Where its name is written.
    pub place: Option<Place>,
}

/// A file of SQL statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlScript {
    /// What the database remembers it by: its path in the definition, with slashes.
    pub name: String,
    /// Its text.
    pub source: Arc<Source>,
}
