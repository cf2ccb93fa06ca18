//! From the definition of a database to one that can be asked.

use std::path::{Path, PathBuf};

use rds_data::{Database, EngineKind, Settings};
use reqwest::Url;

use super::named;
use crate::definition::{DatabaseDefinition, ServerSettings};
use crate::diagnostic::Diagnostic;

/// The folder of default databases, in the data folder.
const FOLDER: &str = "databases";

/// The URL of a SQLite database that is gone with the process.
const MEMORY: &str = "sqlite::memory:";

/// A database that nobody is connected to yet.
pub(super) struct Opened {
    pub(super) database: Database,
    /// Words about where it is.
    pub(super) shown: String,
    /// The folder of a default database, which its file needs.
    pub(super) folder: Option<PathBuf>,
}

/// Reads where the database is. Touches nothing.
pub(super) fn open(definition: &DatabaseDefinition, server: &ServerSettings) -> Result<Opened, Diagnostic> {
    let mut folder = None;
    let (url, shown) = match &definition.url {
        Some(url) => with_password(definition, url.expose())?,
        None if server.ephemeral => (MEMORY.to_owned(), "SQLite, in memory".to_owned()),
        None => {
            let file = folder.insert(server.data.join(FOLDER)).join(format!("{}.db", definition.name));
            (file_url(&file), format!("SQLite, {}", file.display()))
        }
    };
    let database = Database::open(&url, settings(definition)).map_err(|error| {
        Diagnostic::error("invalid-database", named(definition, error.message))
            .help("See `url` in docs/reference/configuration.md.")
    })?;
    Ok(Opened { database, shown, folder })
}

/// A database in memory of the same settings: for scripts that are only to be judged.
pub(super) fn open_in_memory(definition: &DatabaseDefinition) -> Result<Database, rds_data::DatabaseError> {
    Database::open(MEMORY, settings(definition))
}

fn settings(definition: &DatabaseDefinition) -> Settings {
    Settings {
        max_connections: definition.max_connections,
        acquire_timeout: definition.acquire_timeout,
        connect_timeout: definition.connect_timeout,
        statement_timeout: definition.statement_timeout,
        idle_timeout: definition.idle_timeout,
        durable: definition.durable,
        strict_parameter_types: definition.strict_parameter_types,
        ..Settings::default()
    }
}

/// A URL with the definition's password, and what may be shown of it.
fn with_password(definition: &DatabaseDefinition, url: &str) -> Result<(String, String), Diagnostic> {
    let engine = match EngineKind::of_url(url) {
        Some(EngineKind::PostgreSql) => "PostgreSQL",
        Some(EngineKind::MySql) => "MySQL",
        Some(EngineKind::Sqlite) | None => {
            let place = if url.contains(":memory:") || url.contains("mode=memory") { "in memory" } else { "file" };
            return Ok((url.to_owned(), format!("SQLite, {place}")));
        }
    };
    let mut parsed = Url::parse(url).map_err(|_| {
        Diagnostic::error("invalid-database", named(definition, "the URL cannot be read")).help(
            "Special characters of a user's name and password are percent-encoded in a URL; `password` takes them as they are.",
        )
    })?;
    let place = parsed.host_str().map(|host| match parsed.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    });
    let shown = format!("{engine}, {}", place.unwrap_or_else(|| "a socket".to_owned()));
    let Some(password) = &definition.password else { return Ok((url.to_owned(), shown)) };
    parsed.set_password(Some(password.expose())).map_err(|()| {
        Diagnostic::error("invalid-database", named(definition, "a URL without a host takes no `password`"))
            .help("Name the host in the URL.")
    })?;
    Ok((parsed.to_string(), shown))
}

/// The URL of a file: what would be read as something else in it is percent-encoded.
fn file_url(file: &Path) -> String {
    format!("sqlite:{}", file.to_string_lossy().replace('%', "%25").replace('?', "%3F"))
}
