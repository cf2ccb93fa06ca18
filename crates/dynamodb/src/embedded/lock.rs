//! One process per file of tables.
//!
//! SQLite lets several processes write one file and answers whoever comes in between with "busy"; the engine keeps a cache of
//! table definitions that another process would make stale. So whoever opens a file holds an exclusive lock on a file beside
//! it for as long as it is open; the operating system frees the lock when the process dies.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::OpenError;

/// How long a lock may be on its way out: another handle of this process may be closing the same file right now.
const PATIENCE: Duration = Duration::from_millis(250);

/// The lock, held until it is dropped.
#[derive(Debug)]
pub(super) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes the lock of the tables in `database`.
    pub(super) fn take(database: &Path) -> Result<Self, OpenError> {
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| OpenError::Lock(path.clone(), error))?;
        let since = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if since.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(10)),
                Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(database.to_owned())),
                Err(TryLockError::Error(error)) => return Err(OpenError::Lock(path, error)),
            }
        }
    }
}
