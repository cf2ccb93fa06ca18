//! Reads `[[database]]`.

use std::collections::HashMap;
use std::path::Path;

use rds_data::EngineKind;
use value::Str;

use super::files::Folder;
use super::server::some_time;
use super::table::{Report, Table};
use super::values::{OneOrMany, Problem, Spanned, within};
use crate::definition::{DatabaseDefinition, Secret, SqlScript};
use crate::diagnostic::Place;

/// Connections that one pool may have; a server of PostgreSQL has 100 by default.
const MOST_CONNECTIONS: i64 = 1_000;

/// The databases; of several with one name the first counts.
pub(super) fn databases(tables: Vec<Table<'_>>, root: &Path, folder: &Folder, report: &Report) -> Vec<DatabaseDefinition> {
    let mut read: Vec<DatabaseDefinition> = Vec::new();
    let mut places: HashMap<Str, Place> = HashMap::new();
    for table in tables {
        let place = table.place_of("name");
        let Some(definition) = definition(table, root, folder) else { continue };
        if let Some(first) = places.get(&definition.name) {
            let (line, column) = first.source.line_column(first.span.start);
            let message = format!(
                "two databases are called `{}`: the other one stands at {}:{line}:{column}",
                definition.name, first.source.path
            );
            report.error("duplicate-database", &place, message, "remove one of them, or give it a `name` of its own");
            continue;
        }
        places.insert(Str::clone(&definition.name), place);
        read.push(definition);
    }
    read
}

fn definition(mut table: Table<'_>, root: &Path, folder: &Folder) -> Option<DatabaseDefinition> {
    let defaults = rds_data::Settings::default();
    let place = table.place_of("name");
    table.require("name", "what data sources find it by, for instance name = \"club\"");
    let name = table.checked("name", name);
    let url: Option<Secret> = table.checked("url", |text: Str| url(text, root));
    let engine = engine(url.as_ref());
    let password: Option<Str> = table.optional("password");
    let connections = table.checked("max_connections", within(1..=MOST_CONNECTIONS));
    let definition = DatabaseDefinition {
        name: Str::from(""),
        password: password.map(Secret::new),
        max_connections: connections.unwrap_or(defaults.max_connections),
        acquire_timeout: table.checked("acquire_timeout", some_time).unwrap_or(defaults.acquire_timeout),
        connect_timeout: table.checked("connect_timeout", some_time).unwrap_or(defaults.connect_timeout),
        statement_timeout: table.checked("statement_timeout", some_time).unwrap_or(defaults.statement_timeout),
        idle_timeout: table.checked("idle_timeout", some_time).unwrap_or(defaults.idle_timeout),
        durable: table.or("durable", false),
        strict_parameter_types: table.or("strict_parameter_types", false),
        scripts: scripts(&mut table, folder),
        place: Some(place),
        url,
    };
    let without_effect: &[(&str, bool, &str)] = &[
        ("password", engine == Some(EngineKind::Sqlite), "SQLite knows no users"),
        ("durable", engine != Some(EngineKind::Sqlite), "the database's own settings decide"),
        ("strict_parameter_types", engine != Some(EngineKind::PostgreSql), "PostgreSQL alone has strict types of parameters"),
    ];
    for (key, applies, reason) in without_effect {
        if *applies && engine.is_some() && table.has(key) {
            let message = format!("`{}` has no effect here: {reason}", table.path(key));
            table.report.warning("without-effect", &table.place_of(key), message, "remove it");
        }
    }
    table.finish();
    Some(DatabaseDefinition { name: name?, ..definition })
}

/// The engine of a URL; the default is SQLite.
fn engine(url: Option<&Secret>) -> Option<EngineKind> {
    url.map_or(Some(EngineKind::Sqlite), |url| EngineKind::of_url(url.expose()))
}

/// A name that can be a file's, and the last part of an ARN.
fn name(text: Str) -> Result<Str, Problem> {
    let fits = !text.is_empty()
        && text.len() <= 63
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if fits {
        return Ok(text);
    }
    Err(Problem::new("must be 1 to 63 letters, digits, `-` and `_`").help("the identifier of an Aurora cluster fits"))
}

/// A URL of an engine that there is; the path of a SQLite file is relative to the configuration file. No message repeats it: it may
/// hold a password.
fn url(text: Str, root: &Path) -> Result<Secret, Problem> {
    let help = "postgres://user@host:5432/database, mysql://user@host:3306/database, sqlite:path/to/file.db or sqlite::memory:";
    let Some(engine) = EngineKind::of_url(&text) else {
        return Err(Problem::new("is not the URL of a database that is known here").help(help));
    };
    if engine == EngineKind::Sqlite {
        return Ok(Secret::new(sqlite_below(&text, root)));
    }
    rds_data::Database::open(&text, rds_data::Settings::default())
        .map_err(|error| Problem::new(format!("cannot be used: {error}")).help(help))?;
    Ok(Secret::new(text))
}

/// A SQLite URL whose file, if it has one, does not depend on the working directory.
fn sqlite_below(text: &str, root: &Path) -> String {
    let rest = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).unwrap_or(text);
    let (file, options) = rest.split_once('?').map_or((rest, ""), |(file, options)| (file, options));
    if file.is_empty() || file == ":memory:" || options.contains("mode=memory") || Path::new(file).is_absolute() {
        return text.to_owned();
    }
    // What the user wrote is part of a URL, the folder is not.
    let root = root.to_string_lossy().replace('%', "%25").replace('?', "%3F");
    let question = if options.is_empty() { "" } else { "?" };
    format!("sqlite:{}{question}{options}", Path::new(&root).join(file).to_string_lossy())
}

/// The files of statements, each once, in the order they were named.
fn scripts(table: &mut Table<'_>, folder: &Folder) -> Vec<SqlScript> {
    let patterns: Option<OneOrMany<Spanned<String>>> = table.optional("scripts");
    let mut scripts: Vec<SqlScript> = Vec::new();
    for pattern in patterns.map(|patterns| patterns.0).unwrap_or_default() {
        let found = folder.glob(&pattern.value).and_then(|names| {
            let read = names.into_iter().map(|name| Ok(SqlScript { source: folder.source(&name)?, name }));
            read.collect::<Result<Vec<_>, _>>()
        });
        match found {
            Ok(found) => {
                for script in found {
                    if scripts.iter().all(|known| known.name != script.name) {
                        scripts.push(script);
                    }
                }
            }
            Err(problem) => table.report.push(problem.diagnostic(Some(&pattern.place))),
        }
    }
    scripts
}
