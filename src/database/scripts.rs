//! What `scripts` names: files of SQL that a database runs once.
//!
//! The database itself remembers the name and the hash of what it ran. A script that was changed since is reported and not run
//! again: whether its change fits the data that is there only its author knows.

use std::time::{Duration, Instant};

use rds_data::{Database, EngineKind, Script, Seeded};

use super::{Entry, at, named, open};
use crate::definition::{DatabaseDefinition, ServerDefinition};
use crate::diagnostic::Diagnostic;

/// How long all scripts of a database may take; an index over much data takes a while.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Runs the scripts of a database, those that it does not know yet.
pub(super) async fn run(entry: &Entry) -> Vec<Diagnostic> {
    run_in(&entry.database, &entry.definition).await
}

async fn run_in(database: &Database, definition: &DatabaseDefinition) -> Vec<Diagnostic> {
    if definition.scripts.is_empty() {
        return Vec::new();
    }
    let scripts = definition.scripts.iter().map(|script| Script { name: script.name.clone(), text: script.source.text.clone() });
    let scripts: Vec<_> = scripts.collect();
    match database.seed(&scripts, Instant::now() + TIMEOUT).await {
        Ok(seeded) => {
            let results = definition.scripts.iter().zip(seeded);
            let changed = results.filter(|(_, seeded)| *seeded == Seeded::Changed);
            changed
                .map(|(script, _)| {
                    let message = format!("{} was changed after it was run, and is not run again", script.name);
                    let help = "Write the change as a further script; to begin anew, remove the database.";
                    at(Diagnostic::warning("changed-script", named(definition, message)).help(help), definition)
                })
                .collect()
        }
        Err(error) => vec![refused(definition, &error)],
    }
}

/// The finding for scripts that did not run: in the script where the statement stands, else at the database.
fn refused(definition: &DatabaseDefinition, error: &rds_data::DatabaseError) -> Diagnostic {
    let diagnostic = Diagnostic::error("script-refused", named(definition, &error.message));
    for script in &definition.scripts {
        // The engine's message begins with the script and the line.
        let line = error.message.strip_prefix(&*script.name).and_then(|rest| rest.strip_prefix(", statement at line "));
        let Some((number, message)) = line.and_then(|rest| rest.split_once(": ")) else { continue };
        let Ok(number) = number.parse::<usize>() else { continue };
        let source = &script.source;
        let start: usize = source.text.split_inclusive('\n').take(number.saturating_sub(1)).map(str::len).sum();
        let length = source.text[start..].lines().next().map_or(0, str::len);
        let indent = source.text[start..].len() - source.text[start..].trim_start_matches([' ', '\t']).len();
        return Diagnostic::error("script-refused", named(definition, message))
            .help("Nothing of this script is kept where the database can take statements back; mend it and start again.")
            .at(source, start + indent.min(length)..start + length);
    }
    let help = "Scripts are run when the server starts, so the database must be there; without `scripts` it is asked at the first request.";
    at(diagnostic.help(help), definition)
}

/// Runs the scripts of SQLite databases in memory, so that SQLite judges them and nothing is touched. Others need their server.
pub async fn check(definition: &ServerDefinition) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for database in &definition.databases {
        let is_sqlite = database.url.as_ref().is_none_or(|url| EngineKind::of_url(url.expose()) == Some(EngineKind::Sqlite));
        if !is_sqlite || database.scripts.is_empty() {
            continue;
        }
        match open::open_in_memory(database) {
            Ok(opened) => {
                found.extend(run_in(&opened, database).await);
                opened.close().await;
            }
            Err(error) => found.push(refused(database, &error)),
        }
    }
    found
}
