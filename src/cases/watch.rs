//! Whether files have changed: a look at the times and lengths of everything that cases may depend on.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What resolvers, schemas, definitions and cases are written in.
const EXTENSIONS: [&str; 13] =
    ["js", "mjs", "ts", "mts", "vtl", "vm", "graphql", "graphqls", "gql", "toml", "yaml", "yml", "json"];

/// How many files and folders are looked at, several times a second, and how deep.
const MOST_ENTRIES: usize = 20_000;
const DEEPEST: usize = 16;

/// What `files` and the files below `folders` look like from outside: another number, another state.
#[must_use]
pub fn fingerprint(folders: &[PathBuf], files: &[PathBuf]) -> u64 {
    let mut look = Look { hasher: DefaultHasher::new(), entries: 0 };
    for folder in folders {
        look.folder(folder, 0);
    }
    for file in files {
        look.file(file);
    }
    look.hasher.finish()
}

struct Look {
    hasher: DefaultHasher,
    entries: usize,
}

impl Look {
    fn file(&mut self, path: &Path) {
        let state = std::fs::metadata(path).ok().map(|meta| (meta.modified().unwrap_or(SystemTime::UNIX_EPOCH), meta.len()));
        (path, state).hash(&mut self.hasher);
    }

    fn folder(&mut self, folder: &Path, depth: usize) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        let mut entries: Vec<_> = entries.flatten().map(|entry| (entry.path(), entry.file_type())).collect();
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (path, kind) in entries {
            self.entries += 1;
            if self.entries > MOST_ENTRIES {
                return;
            }
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if kind.is_ok_and(|kind| kind.is_dir()) {
                if depth < DEEPEST && !name.starts_with('.') && !super::discover::FOREIGN.contains(&name) {
                    self.folder(&path, depth + 1);
                }
            } else if path.extension().and_then(|extension| extension.to_str()).is_some_and(|own| EXTENSIONS.contains(&own)) {
                self.file(&path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cases_depend_on_changes_the_fingerprint() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        let look = || fingerprint(&[folder.path().to_path_buf()], &[folder.path().join("data.bin")]);
        write("a/b.js", "1");
        let mut before = look();
        assert_eq!(before, look());
        for (path, text, changes) in [
            ("a/b.js", "22", true),
            ("a/c.test.yaml", "x", true),
            ("data.bin", "x", true),
            ("other.bin", "x", false),
            ("node_modules/d.js", "x", false),
            (".git/e.js", "x", false),
        ] {
            write(path, text);
            let after = look();
            assert_eq!(before != after, changes, "{path}");
            before = after;
        }
        std::fs::remove_file(folder.path().join("a/b.js")).expect("a file");
        assert_ne!(before, look());
    }
}
