//! Small secrets that the server makes for itself and keeps in a file of the data folder, readable for the owner only, so that
//! what was derived from them still works after a restart.

use std::fs::{self, File, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write};
use std::path::Path;

use rand::TryRng;
use rand::rngs::SysRng;

/// What a kept file holds.
pub(crate) struct Kept {
    /// The name of the file.
    pub(crate) file: &'static str,
    /// What it is, for messages: "an API key".
    pub(crate) what: &'static str,
    /// Makes a new one: a single line of visible ASCII.
    pub(crate) create: fn() -> Result<String>,
    /// Whether a line read back is one.
    pub(crate) is_valid: fn(&str) -> bool,
}

/// The secret kept in the folder, or a new one that is kept from now on.
///
/// # Errors
/// When the folder cannot be written, or the kept file does not hold such a secret.
pub(crate) fn keep(folder: &Path, kept: &Kept) -> Result<String> {
    if let Some(secret) = read(folder, kept)? {
        leave_out_of_git(folder);
        return Ok(secret);
    }
    make_folder(folder)?;
    leave_out_of_git(folder);
    let path = folder.join(kept.file);
    let secret = (kept.create)()?;
    // The random part makes the draft's name ours alone, so two servers that start together cannot meet in it.
    let draft = folder.join(format!(".{}-{}", kept.file, uuid::Uuid::new_v4().simple()));
    let published = write_draft(&draft, &secret).and_then(|()| fs::hard_link(&draft, &path));
    let _ = fs::remove_file(&draft);
    match published {
        Ok(()) => Ok(secret),
        // Another process was faster; its secret counts.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read(folder, kept)?.ok_or(error),
        Err(error) => Err(Error::new(error.kind(), format!("cannot keep {} in {}: {error}", kept.what, path.display()))),
    }
}

/// Fills a buffer from the system's random source.
///
/// # Errors
/// When that fails.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0_u8; N];
    // The system's source itself: aws-lc's generator would first gather entropy of its own for 40 ms.
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| Error::other(format!("the system's random source failed: {error}")))?;
    Ok(bytes)
}

/// The secret kept in the folder, if there is one.
///
/// # Errors
/// When it cannot be read, or is no such secret.
pub(crate) fn read(folder: &Path, kept: &Kept) -> Result<Option<String>> {
    let path = folder.join(kept.file);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::new(error.kind(), format!("cannot read {}: {error}", path.display()))),
    };
    let secret = text.trim_end();
    if !(kept.is_valid)(secret) {
        let message = format!("{} does not hold {}; delete it to get a new one", path.display(), kept.what);
        return Err(Error::new(ErrorKind::InvalidData, message));
    }
    restrict(&path)?;
    Ok(Some(secret.to_owned()))
}

/// Writes a file for the owner only, in the place of one that may be there; who reads it meanwhile reads the old one or the new one.
pub(crate) fn replace(path: &Path, text: &str) -> Result<()> {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let draft = path.with_file_name(format!(".{name}-{}", uuid::Uuid::new_v4().simple()));
    let replaced = write_draft(&draft, text.trim_end()).and_then(|()| fs::rename(&draft, path));
    if replaced.is_err() {
        let _ = fs::remove_file(&draft);
    }
    replaced
}

/// Writes a file of the user's, in the place of one that may be there, whose rights it keeps; who reads it meanwhile, or after the
/// machine stopped, reads the old one or the new one. Through a link, what it leads to; a device or a pipe is written as it is.
pub(crate) fn write_whole(path: &Path, text: &str) -> Result<()> {
    let known = fs::metadata(path).ok();
    if known.as_ref().is_some_and(|known| !known.is_file()) {
        return fs::write(path, text);
    }
    let path = if known.is_some() { fs::canonicalize(path)? } else { path.to_path_buf() };
    // Without the file's own name, which may be as long as names may be.
    let draft = path.with_file_name(format!(".syncgate-{}", uuid::Uuid::new_v4().simple()));
    let write = || {
        if known.is_some() {
            // A file that may not be written must not be replaced either.
            OpenOptions::new().append(true).open(&path)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(&draft)?;
        if let Some(known) = &known {
            fs::set_permissions(&draft, known.permissions())?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &path)
    };
    let written = write();
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}

fn write_draft(path: &Path, secret: &str) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file: File = options.open(path)?;
    writeln!(file, "{secret}")?;
    file.sync_all()
}

/// Takes the rights of others away from a file that somebody copied or restored.
#[cfg(unix)]
pub(crate) fn restrict(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "a kept secret was readable for others; its mode is now 0600");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn restrict(_path: &Path) -> Result<()> {
    Ok(())
}

/// Keeps the folder out of a repository that it may lie in: `git add .` would take the secret along. Without this file the server
/// works as well.
pub(crate) fn leave_out_of_git(folder: &Path) {
    let path = folder.join(".gitignore");
    if !path.exists()
        && let Err(error) = fs::write(&path, "# Made by Syncgate: there are secrets in this folder.\n*\n")
    {
        tracing::warn!(path = %path.display(), %error, "the folder of secrets is not kept out of git");
    }
}

/// Makes a folder with those above it, for this user only: what is kept in it is nobody else's business.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_is_written_as_a_whole_and_keeps_its_rights() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let folder = tempfile::tempdir().expect("a folder");
        let (path, link) = (folder.path().join("a.yaml"), folder.path().join("link.yaml"));
        write_whole(&path, "one").expect("a new file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("rights");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        let before = fs::metadata(&path).expect("a file").ino();
        let mut reader = File::open(&path).expect("a reader");
        write_whole(&link, "two\n\n").expect("written");
        let mut read = String::new();
        std::io::Read::read_to_string(&mut reader, &mut read).expect("text");
        assert_eq!((read.as_str(), fs::read_to_string(&path).expect("text").as_str()), ("one", "two\n\n"));
        let after = fs::metadata(&path).expect("a file");
        assert_eq!((after.ino() == before, after.permissions().mode() & 0o777), (false, 0o640));
        assert!(fs::symlink_metadata(&link).expect("a link").is_symlink());
        write_whole(Path::new("/dev/null"), "x").expect("a device");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2, "no draft is left");
    }
}
