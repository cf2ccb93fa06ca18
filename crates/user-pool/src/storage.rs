//! Where a pool is kept: in memory, or as two files in a folder of its own.
//!
//! `users.json` is written as a whole to a neighbour and renamed, so that a crash leaves either the old or the new one.
//! `signing-key.pem` is made once. Both are readable by their owner only. The first change takes a lock that is held as long as
//! the pool lives: a second process may read and issue tokens, but not change.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::error::OpenError;
use crate::key::SigningKey;

/// Where pools are kept.
#[derive(Clone, Debug)]
pub enum Storage {
    /// Nowhere: everything is gone with the process.
    Memory,
    /// In folders below this one, one per pool, made when there is something to keep.
    Folder(PathBuf),
}

/// A larger file of users is none of ours.
const MAX_FILE: u64 = 256 * 1024 * 1024;

/// The files of one pool.
#[derive(Debug)]
pub(crate) struct PoolFiles {
    folder: Option<PathBuf>,
}

/// Held while the pool may be changed by this process.
#[derive(Debug)]
pub(crate) struct WriteLock(#[expect(dead_code, reason = "closing the file ends the lock")] Option<File>);

impl PoolFiles {
    /// The files of the pool with this id, which is a safe file name.
    pub(crate) fn new(storage: &Storage, pool: &str) -> Self {
        match storage {
            Storage::Memory => Self { folder: None },
            Storage::Folder(folder) => Self { folder: Some(folder.join(pool)) },
        }
    }

    /// The file of users, for messages.
    pub(crate) fn users_path(&self) -> PathBuf {
        self.folder.as_deref().map_or_else(PathBuf::new, |folder| folder.join("users.json"))
    }

    /// The saved users; `None` if there are none yet.
    pub(crate) fn read_users(&self) -> Result<Option<Vec<u8>>, OpenError> {
        if self.folder.is_none() {
            return Ok(None);
        }
        read(&self.users_path())
    }

    /// Saves the users.
    pub(crate) fn write_users(&self, content: &[u8]) -> Result<(), OpenError> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let (path, temporary) = (self.users_path(), folder.join("users.json.new"));
        let failed = |source| OpenError::File { path: path.clone(), action: "written", source };
        // What could not be read again is not written.
        if content.len() as u64 > MAX_FILE {
            return Err(failed(io::Error::other(format!("it would be larger than {MAX_FILE} bytes"))));
        }
        make_folder(folder)?;
        write_private(&temporary, content).map_err(failed)?;
        fs::rename(&temporary, &path).map_err(failed)?;
        // The rename itself is lost in a power failure unless the folder is synced, too.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    /// Takes the lock for changes.
    pub(crate) fn lock(&self) -> Result<WriteLock, OpenError> {
        let Some(folder) = &self.folder else { return Ok(WriteLock(None)) };
        make_folder(folder)?;
        let path = folder.join("lock");
        let opened = private().write(true).create(true).truncate(false).open(&path);
        let file = opened.map_err(|source| OpenError::File { path: path.clone(), action: "opened", source })?;
        match file.try_lock() {
            Ok(()) => Ok(WriteLock(Some(file))),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: folder.clone() }),
            Err(TryLockError::Error(source)) => Err(OpenError::File { path, action: "locked", source }),
        }
    }

    /// The pool's key, made if there is none. Two processes that make one at once agree on the first.
    pub(crate) fn signing_key(&self) -> Result<SigningKey, OpenError> {
        let Some(folder) = &self.folder else { return Ok(SigningKey::generate()) };
        let path = folder.join("signing-key.pem");
        if let Some(key) = read_key(&path)? {
            return Ok(key);
        }
        make_folder(folder)?;
        let key = SigningKey::generate();
        let temporary = folder.join(format!("signing-key.{}.new", crate::random::uuid()));
        let failed = |source| OpenError::File { path: path.clone(), action: "written", source };
        write_private(&temporary, key.to_pem().as_bytes()).map_err(failed)?;
        // A link fails if the name is taken, a rename would replace the other process' key.
        let linked = fs::hard_link(&temporary, &path);
        let removed = fs::remove_file(&temporary);
        match linked {
            Ok(()) => removed.map(|()| key).map_err(failed),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                read_key(&path)?.ok_or_else(|| failed(io::Error::other("it was removed while it was made")))
            }
            Err(error) => Err(failed(error)),
        }
    }
}

fn read_key(path: &Path) -> Result<Option<SigningKey>, OpenError> {
    let Some(content) = read(path)? else { return Ok(None) };
    let key = std::str::from_utf8(&content).ok().and_then(SigningKey::from_pem);
    match key {
        Some(key) => Ok(Some(key)),
        None => Err(OpenError::Content { path: path.to_owned(), reason: "no RSA key in PKCS#8 PEM form".to_owned() }),
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, OpenError> {
    let failed = |source| OpenError::File { path: path.to_owned(), action: "read", source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    restrict(&file).map_err(failed)?;
    let mut content = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut content).map_err(failed)?;
    if content.len() as u64 > MAX_FILE {
        return Err(OpenError::Content { path: path.to_owned(), reason: format!("it is larger than {MAX_FILE} bytes") });
    }
    Ok(Some(content))
}

fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = private().write(true).create(true).truncate(true).open(path)?;
    restrict(&file)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Takes the rights of others away from a file that was there before, copied or restored by somebody.
#[cfg(unix)]
fn restrict(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if file.metadata()?.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    file.set_permissions(fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn restrict(_file: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
fn private() -> OpenOptions {
    OpenOptions::new()
}

fn make_folder(folder: &Path) -> Result<(), OpenError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|source| OpenError::File { path: folder.to_owned(), action: "made", source })?;
    // The folder may lie in a repository, and `git add .` would take the key along. The pool works without this file, too.
    let ignored = folder.join(".gitignore");
    if !ignored.exists() {
        let _ = write_private(&ignored, b"# There are secrets in this folder.\n*\n");
    }
    Ok(())
}
