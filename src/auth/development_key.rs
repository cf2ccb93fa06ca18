//! The API key that a development server makes for itself and keeps in its data folder, so that clients configured once keep
//! working after a restart.

use std::fs::{self, File, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write};
use std::path::Path;

/// Characters after the prefix, as AppSync writes its keys: 26 of a 32-letter alphabet are 130 random bits.
const LENGTH: usize = 26;
/// The file that keeps the key.
const FILE: &str = "api-key";
const PREFIX: &str = "da2-";
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A new random key in AppSync's form: `da2-` and 26 lower-case letters and digits.
///
/// # Errors
/// When the system's random source fails.
pub fn create_api_key() -> Result<String> {
    let mut random = [0_u8; LENGTH];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| Error::other("the system's random source failed"))?;
    let mut key = String::with_capacity(PREFIX.len() + LENGTH);
    key.push_str(PREFIX);
    key.extend(random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])));
    Ok(key)
}

/// The development key of the API whose data folder is `data_dir`: the one kept there, or a new one that is kept from now on,
/// readable for the owner only.
///
/// # Errors
/// When the folder cannot be written, or the kept file does not hold a key.
pub fn keep(data_dir: &Path) -> Result<String> {
    let path = data_dir.join(FILE);
    if let Some(key) = read(&path)? {
        return Ok(key);
    }
    fs::create_dir_all(data_dir)?;
    let key = create_api_key()?;
    // The random part makes the draft's name ours alone, so two servers that start together cannot meet in it.
    let draft = data_dir.join(format!(".{FILE}-{}", &create_api_key()?[PREFIX.len()..]));
    let published = write_draft(&draft, &key).and_then(|()| fs::hard_link(&draft, &path));
    let _ = fs::remove_file(&draft);
    match published {
        Ok(()) => Ok(key),
        // Another process was faster; its key counts.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read(&path)?.ok_or(error),
        Err(error) => Err(Error::new(error.kind(), format!("cannot keep the API key in {}: {error}", path.display()))),
    }
}

fn read(path: &Path) -> Result<Option<String>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::new(error.kind(), format!("cannot read {}: {error}", path.display()))),
    };
    let key = text.trim_end();
    let well_formed =
        key.strip_prefix(PREFIX).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric()));
    if !well_formed {
        let message = format!("{} does not hold an API key; delete it to get a new one", path.display());
        return Err(Error::new(ErrorKind::InvalidData, message));
    }
    restrict(path)?;
    Ok(Some(key.to_owned()))
}

fn write_draft(path: &Path, key: &str) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file: File = options.open(path)?;
    writeln!(file, "{key}")?;
    file.sync_all()
}

/// Takes the rights of others away from a file that somebody copied or restored.
#[cfg(unix)]
fn restrict(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "the API key was readable for others; its mode is now 0600");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn restrict(_path: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_look_like_appsyncs_and_differ() {
        let (one, two) = (create_api_key().expect("random"), create_api_key().expect("random"));
        assert_ne!(one, two);
        let rest = one.strip_prefix("da2-").expect("the prefix");
        assert_eq!(rest.len(), 26);
        assert!(rest.bytes().all(|byte| ALPHABET.contains(&byte)), "{rest}");
    }

    #[test]
    fn a_kept_key_is_reused() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let first = keep(&data).expect("a key");
        assert_eq!(keep(&data).expect("the same key"), first);
        assert_ne!(keep(&folder.path().join("other")).expect("another key"), first);
        assert_eq!(fs::read_dir(&data).expect("the folder").count(), 1, "no draft is left behind");
    }

    #[cfg(unix)]
    #[test]
    fn a_kept_key_is_readable_for_the_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE);
        let mode = || fs::metadata(&path).expect("the file").permissions().mode() & 0o777;
        let key = keep(folder.path()).expect("a key");
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("a wider mode");
        assert_eq!(keep(folder.path()).expect("the same key"), key);
        assert_eq!(mode(), 0o600);
    }

    #[test]
    fn a_file_without_a_key_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(FILE), "garbage\n").expect("a file");
        let error = keep(folder.path()).expect_err("no key");
        assert!(error.to_string().contains("api-key does not hold an API key"), "{error}");
    }
}
