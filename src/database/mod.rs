//! The SQL databases of a definition, opened, filled and closed.
//!
//! [`Databases`] opens each of them without connecting; connections are made by the first request, so a definition without
//! databases costs nothing, and one with databases that nobody asks little. [`Databases::prepare`] runs what `scripts` names, each
//! file once; [`check`] judges the scripts of SQLite databases in memory. What a database is stands in `rds_data`.

mod open;
mod scripts;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rds_data::Database;
use value::Str;

use crate::definition::{DatabaseDefinition, ServerDefinition, ServerSettings};
use crate::diagnostic::Diagnostic;
use crate::kept;

pub use scripts::check;

/// How long connections get to end what they do when the server stops; requests have ended before.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The databases of a definition, by name.
#[derive(Debug, Default)]
pub struct Databases {
    all: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    definition: DatabaseDefinition,
    database: Arc<Database>,
    /// Where it is, without a password: what messages may show.
    shown: String,
    /// The folder of its file, when that is one of ours.
    folder: Option<PathBuf>,
}

impl Databases {
    /// Opens the databases of a definition, without connecting to any, together with what is wrong with them.
    #[must_use]
    pub fn new(definition: &ServerDefinition) -> (Self, Vec<Diagnostic>) {
        Self::open(&definition.databases, &definition.server)
    }

    fn open(definitions: &[DatabaseDefinition], server: &ServerSettings) -> (Self, Vec<Diagnostic>) {
        let (mut all, mut found) = (Vec::new(), Vec::new());
        for definition in definitions {
            match open::open(definition, server) {
                Ok(opened) => all.push(Entry {
                    definition: definition.clone(),
                    database: Arc::new(opened.database),
                    shown: opened.shown,
                    folder: opened.folder,
                }),
                Err(diagnostic) => found.push(at(diagnostic, definition)),
            }
        }
        (Self { all }, found)
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|entry| &*entry.definition.name)
    }

    /// The database of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Database>> {
        self.all.iter().find(|entry| *entry.definition.name == *name).map(|entry| Arc::clone(&entry.database))
    }

    /// Makes the folder of default databases and runs the scripts that were not run yet; says what went wrong.
    pub async fn prepare(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for entry in &self.all {
            if let Some(folder) = &entry.folder
                && let Err(error) = kept::make_folder(folder)
            {
                let message = named(&entry.definition, format!("cannot use {}: {error}", folder.display()));
                let help = "Check its permissions, or choose another folder with --data.";
                found.push(at(Diagnostic::error("data-folder", message).help(help), &entry.definition));
                continue;
            }
            found.extend(scripts::run(entry).await);
        }
        found
    }

    /// Closes the connections, for a server that stops.
    pub async fn close(&self) {
        let all = futures_util::future::join_all(self.all.iter().map(|entry| entry.database.close()));
        if tokio::time::timeout(CLOSE_TIMEOUT, all).await.is_err() {
            tracing::warn!("connections to databases did not end in time");
        }
    }

    /// `club (SQLite, in memory)`, or nothing when there is none.
    #[must_use]
    pub fn summary(&self) -> Option<String> {
        let shown: Vec<_> = self.all.iter().map(|entry| format!("{} ({})", entry.definition.name, entry.shown)).collect();
        if shown.is_empty() { None } else { Some(shown.join(", ")) }
    }
}

/// A finding at the place where the database is defined.
fn at(diagnostic: Diagnostic, definition: &DatabaseDefinition) -> Diagnostic {
    match &definition.place {
        Some(place) => diagnostic.at(&place.source, place.span.clone()),
        None => diagnostic,
    }
}

/// A message about a database, for the names of whose kind see `docs/reference/configuration.md`.
fn named(definition: &DatabaseDefinition, message: impl std::fmt::Display) -> String {
    let name: &Str = &definition.name;
    format!("database {name}: {message}")
}
