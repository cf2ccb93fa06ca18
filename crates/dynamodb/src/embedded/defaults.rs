//! What SQLite was built with.
//!
//! The engine opens its connection itself and lets nobody set pragmas on it, beside two fixed lists of its own. So the defaults that
//! suit these tables are compiled into SQLite: `.cargo/config.toml` of this workspace has them in `LIBSQLITE3_FLAGS`. A build
//! elsewhere may not have them, and would then run with `synchronous=FULL`, which is right and slow. Which it is, the library
//! itself says.

use std::sync::LazyLock;

use rusqlite::Connection;

/// Whether a database with a write-ahead log is opened with `synchronous=NORMAL` and a large cache.
pub(super) fn are_ours() -> bool {
    static OURS: LazyLock<bool> = LazyLock::new(|| {
        let ours = ["DEFAULT_WAL_SYNCHRONOUS=1", "DEFAULT_CACHE_SIZE=-65536"].iter().all(|option| was_built_with(option));
        if !ours {
            tracing::debug!("SQLite was built without LIBSQLITE3_FLAGS of Syncgate's .cargo/config.toml: its cache stays small");
        }
        ours
    });
    *OURS
}

fn was_built_with(option: &str) -> bool {
    let ask = || Connection::open_in_memory()?.query_row("SELECT sqlite_compileoption_used(?1)", [option], |row| row.get(0));
    // A library that does not say is not ours.
    ask().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a connection opened as the engine opens its own.
    fn pragmas(path: &std::path::Path) -> (String, i64, i64) {
        let connection = Connection::open(path).expect("opened");
        connection.pragma_update(None, "journal_mode", "WAL").expect("a log");
        connection.execute_batch("CREATE TABLE IF NOT EXISTS t (v); INSERT INTO t VALUES (1)").expect("a write");
        let ask = |pragma: &str| connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0)).expect("an answer");
        let mode = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).expect("an answer");
        (mode, ask("synchronous"), ask("cache_size"))
    }

    #[test]
    fn this_workspace_builds_sqlite_with_the_defaults_of_the_tables() {
        assert!(was_built_with("THREADSAFE=1"));
        assert!(!was_built_with("DEFAULT_WAL_SYNCHRONOUS=2"));
        assert!(are_ours(), "LIBSQLITE3_FLAGS of .cargo/config.toml did not reach the build");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tables.db");
        // A new file, and one that is opened again.
        for _ in 0..2 {
            assert_eq!(pragmas(&path), ("wal".to_owned(), 1, -65_536), "NORMAL, 64 MB");
        }
    }
}
