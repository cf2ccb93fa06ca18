//! Which case files there are, and their text.

use std::io::Read;
use std::path::{Path, PathBuf};

use resolver_cases::{Language, MAX_FILE_BYTES};

use crate::diagnostic::Diagnostic;

/// Folders that hold other people's files.
pub(super) const FOREIGN: [&str; 2] = ["node_modules", "target"];

/// How deep folders are searched, and how many files and folders are looked at.
const DEEPEST: usize = 32;
const MOST_ENTRIES: usize = 200_000;

/// The text of a case file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseText {
    /// Its path, as it is shown.
    pub path: PathBuf,
    /// Its language, from its name.
    pub language: Language,
    /// Its text, or why there is none.
    pub text: Result<String, String>,
}

/// The case files among `paths` and in the folders among them, each once, by name; and what is wrong with the paths themselves.
#[must_use]
pub fn discover(paths: &[PathBuf]) -> (Vec<CaseText>, Vec<Diagnostic>) {
    let mut search = Search { files: Vec::new(), entries: 0, found: Vec::new() };
    for path in paths {
        match std::fs::metadata(path) {
            Ok(meta) if meta.is_dir() => search.folder(path, 0),
            Ok(_) => match language(path) {
                Some(language) => search.files.push((path.strip_prefix(".").unwrap_or(path).to_path_buf(), language)),
                None => {
                    let message = format!("{} is no case file", path.display());
                    let help = "Case files end in .test.yaml, .test.yml or .test.json.";
                    search.found.push(Diagnostic::error("no-case-file", message).help(help));
                }
            },
            Err(error) => {
                let message = format!("{} cannot be read: {error}", path.display());
                search
                    .found
                    .push(Diagnostic::error("missing-file", message).help("Paths are relative to the working directory."));
            }
        }
    }
    let Search { mut files, found, .. } = search;
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    files.dedup();
    let read = |(path, language): (PathBuf, Language)| CaseText { text: read(&path), path, language };
    (files.into_iter().map(read).collect(), found)
}

fn language(path: &Path) -> Option<Language> {
    Language::of_file(path.file_name()?.to_str()?)
}

/// The text of a file of bounded length. What is no file is not opened: a pipe would be waited for, a device never ends.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err("is no regular file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(format!("has more than {MAX_FILE_BYTES} bytes, which are the most: divide it into several files"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
        format!("is not UTF-8 text, from line {line} on")
    })
}

struct Search {
    files: Vec<(PathBuf, Language)>,
    entries: usize,
    found: Vec<Diagnostic>,
}

impl Search {
    fn folder(&mut self, folder: &Path, depth: usize) {
        if depth > DEEPEST || self.entries > MOST_ENTRIES {
            let message = format!("{}: the search for case files ends here", folder.display());
            let help =
                format!("It goes {DEEPEST} folders deep and looks at {MOST_ENTRIES} files: name a folder nearer to the cases.");
            self.found.push(Diagnostic::warning("search-ended", message).help(help));
            return;
        }
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                let message = format!("the folder {} cannot be read: {error}", folder.display());
                self.found.push(Diagnostic::warning("missing-file", message).help("Its cases are not run."));
                return;
            }
        };
        for entry in entries.flatten() {
            self.entries += 1;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            // A link to a folder is not followed: it may lead around in a circle.
            let Ok(kind) = entry.file_type() else { continue };
            // `./a` is shown as `a`.
            let path = if folder == Path::new(".") { PathBuf::from(name) } else { folder.join(name) };
            if kind.is_dir() {
                if !name.starts_with('.') && !FOREIGN.contains(&name) {
                    self.folder(&path, depth + 1);
                }
            } else if let Some(language) = Language::of_file(name) {
                self.files.push((path, language));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_not_opened_and_a_long_one_not_read_to_its_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe.test.yaml");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
        assert!(made.success());
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("zero.test.yaml")).expect("a link");
        let long = std::fs::File::create(folder.path().join("long.test.yaml")).expect("a file");
        long.set_len(1 << 40).expect("a sparse file");
        let (files, found) = discover(&[folder.path().to_path_buf(), pipe]);
        assert_eq!((files.len(), found), (3, Vec::new()));
        for file in files {
            let expected = if file.path.ends_with("long.test.yaml") { "more than 8388608 bytes" } else { "no regular file" };
            assert!(file.text.clone().is_err_and(|problem| problem.contains(expected)), "{file:?}");
        }
    }

    #[test]
    fn case_files_are_found_by_name_and_others_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        for path in [
            "b.test.yaml",
            "a.test.json",
            "a.json",
            ".test.yaml",
            "x/y/c.test.yml",
            "node_modules/n.test.yaml",
            ".git/g.test.yaml",
        ] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, b"cases: []\n").expect("a file");
        }
        std::fs::write(folder.path().join("bad.test.yaml"), b"a\n\xff").expect("a file");
        let (files, found) = discover(&[folder.path().to_path_buf(), folder.path().join("a.test.json")]);
        let names: Vec<_> =
            files.iter().map(|file| file.path.strip_prefix(folder.path()).expect("inside").display().to_string()).collect();
        assert_eq!(names, ["a.test.json", "b.test.yaml", "bad.test.yaml", "x/y/c.test.yml"]);
        assert_eq!(files[2].text, Err("is not UTF-8 text, from line 2 on".to_owned()));
        assert_eq!(found, []);
        let (files, found) = discover(&[folder.path().join("a.json"), folder.path().join("none")]);
        assert_eq!(
            (files.len(), found.iter().map(|found| found.rule).collect::<Vec<_>>()),
            (0, vec!["no-case-file", "missing-file"])
        );
    }
}
