//! Opens the tables of the data folder.

use std::io;
use std::path::PathBuf;

use dynamodb::{Durability, Embedded, OpenError};

use crate::definition::{DynamodbSettings, ServerSettings};
use crate::kept;

/// The file of the tables, in the data folder.
const FILE: &str = "dynamodb.db";

/// Why tables cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenTablesError {
    /// Somebody else has them.
    #[error("another process uses the tables in {}", .0.display())]
    InUse(PathBuf),
    /// Opening them went wrong in a way that is a defect of ours.
    #[error("the tables could not be opened: {0}")]
    Panic(String),
    /// The data folder cannot be used.
    #[error("cannot use {}: {source}", path.display())]
    Folder {
        /// What was tried.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// The file cannot be opened as tables.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: OpenError,
    },
}

/// Opens the tables of the data folder, which is made when missing; with `ephemeral`, tables that are gone with the process.
///
/// # Errors
/// When another process has them open, or the data folder does not let itself be used.
pub fn open(server: &ServerSettings, dynamodb: &DynamodbSettings) -> Result<Embedded, OpenTablesError> {
    if server.ephemeral {
        let opened = Embedded::memory().map_err(|source| OpenTablesError::File { path: "memory".into(), source })?;
        return Ok(opened.expiry_interval(dynamodb.expiry_interval));
    }
    kept::make_folder(&server.data).map_err(|source| {
        // The system's words are that the file exists.
        let taken = server.data.is_file();
        let source = if taken { io::Error::new(io::ErrorKind::NotADirectory, "it is a file, not a folder") } else { source };
        OpenTablesError::Folder { path: server.data.clone(), source }
    })?;
    let path = server.data.join(FILE);
    let durability = if dynamodb.durable { Durability::Disk } else { Durability::Process };
    let opened = Embedded::open(&path, durability).map_err(|source| match source {
        OpenError::InUse(_) => OpenTablesError::InUse(server.data.clone()),
        OpenError::Lock(path, source) => OpenTablesError::Folder { path, source },
        source => OpenTablesError::File { path, source },
    })?;
    Ok(opened.expiry_interval(dynamodb.expiry_interval))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn one_process_at_a_time_has_the_tables() {
        let folder = tempfile::tempdir().expect("a folder");
        let server = ServerSettings { data: folder.path().join("data"), ..ServerSettings::default() };
        let dynamodb = DynamodbSettings::default();
        let tables = open(&server, &dynamodb).expect("tables");
        assert!(matches!(open(&server, &dynamodb), Err(OpenTablesError::InUse(_))));
        drop(tables);
        open(&server, &dynamodb).expect("they are free again");

        let file = folder.path().join("file");
        fs::write(&file, "").expect("a file");
        let error = open(&ServerSettings { data: file, ..server }, &dynamodb).expect_err("a file is no folder");
        assert!(matches!(error, OpenTablesError::Folder { .. }), "{error}");
    }

    #[test]
    fn ephemeral_tables_leave_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let server = ServerSettings { data: data.clone(), ephemeral: true, ..ServerSettings::default() };
        open(&server, &DynamodbSettings::default()).expect("tables");
        assert!(!data.exists());
    }
}
