//! The API key that a development server makes for itself and keeps in its data folder, so that clients configured once keep
//! working after a restart.

use std::io::Result;
use std::path::Path;

use crate::kept::{self, Kept};

/// Characters after the prefix, as AppSync writes its keys: 26 of a 32-letter alphabet are 130 random bits.
const LENGTH: usize = 26;
/// The file that keeps the key.
const FILE: &str = "api-key";
const PREFIX: &str = "da2-";
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const KEPT: Kept = Kept { file: FILE, what: "an API key", create: create_api_key, is_valid };

/// A new random key in AppSync's form: `da2-` and 26 lower-case letters and digits.
///
/// # Errors
/// When the system's random source fails.
pub fn create_api_key() -> Result<String> {
    let random = kept::random::<LENGTH>()?;
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
    kept::keep(data_dir, &KEPT)
}

/// The development key that a server keeps for the API whose data folder is `data_dir`, if it has made one.
///
/// # Errors
/// When the kept file cannot be read, or does not hold a key.
pub fn kept_api_key(data_dir: &Path) -> Result<Option<String>> {
    kept::read(data_dir, &KEPT)
}

fn is_valid(key: &str) -> bool {
    key.strip_prefix(PREFIX).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use std::fs;

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
        assert_eq!(kept_api_key(&data).expect("no key yet"), None);
        let first = keep(&data).expect("a key");
        assert_eq!(kept_api_key(&data).expect("the key"), Some(first.clone()));
        assert_eq!(keep(&data).expect("the same key"), first);
        assert_ne!(keep(&folder.path().join("other")).expect("another key"), first);
        let mut names: Vec<_> =
            fs::read_dir(&data).expect("the folder").map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        assert_eq!(names, [".gitignore", FILE], "no draft is left behind, and git takes nothing along");
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
