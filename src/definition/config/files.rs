//! The folder of a configuration, and the only door to files.
//!
//! A definition may read what lies below the folder of its configuration file and nothing else: a path that leads out of it,
//! by `..` or by a symbolic link, is refused. Everything that was read is remembered, so that it can be watched.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::table::Report;
use super::values::Spanned;
use crate::diagnostic::{Diagnostic, Place, Source, closest};

/// The largest file that is read; AppSync's largest text, the schema, has 1 MB.
const LARGEST_FILE: u64 = 16 << 20;
/// How deep and how much a pattern may search.
const DEEPEST: usize = 32;
const MOST_ENTRIES: usize = 100_000;

/// Reads files below one folder.
pub(super) struct Folder {
    /// As the user knows it; empty for the working directory.
    root: PathBuf,
    canonical: PathBuf,
    sources: RefCell<HashMap<PathBuf, Arc<Source>>>,
    read: RefCell<BTreeSet<PathBuf>>,
}

/// Why a path cannot be read.
#[derive(Debug)]
pub(super) struct FileProblem {
    rule: &'static str,
    message: String,
    help: String,
}

impl FileProblem {
    fn new(rule: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { rule, message: message.into(), help: help.into() }
    }

    pub(super) fn diagnostic(self, place: Option<&Place>) -> Diagnostic {
        let diagnostic = Diagnostic::error(self.rule, self.message).help(self.help);
        match place {
            Some(place) => diagnostic.at(&place.source, place.span.clone()),
            None => diagnostic,
        }
    }
}

/// A member of a directory.
pub(super) struct DirectoryEntry {
    pub(super) name: String,
    pub(super) is_directory: bool,
}

impl Folder {
    pub(super) fn new(root: &Path) -> io::Result<Self> {
        let canonical = fs::canonicalize(if root.as_os_str().is_empty() { Path::new(".") } else { root })?;
        Ok(Self { root: root.into(), canonical, sources: RefCell::default(), read: RefCell::default() })
    }

    /// Everything that was read: files, and directories that were searched.
    pub(super) fn into_read(self) -> Vec<PathBuf> {
        self.read.into_inner().into_iter().collect()
    }

    /// The file a key names, reported at the key when it cannot be had.
    pub(super) fn named(&self, reference: &Spanned<String>, report: &Report) -> Option<Arc<Source>> {
        self.source(&reference.value).map_err(|problem| report.push(problem.diagnostic(Some(&reference.place)))).ok()
    }

    /// The text of a file; the same file is the same `Arc`.
    pub(super) fn source(&self, reference: &str) -> Result<Arc<Source>, FileProblem> {
        let relative = Self::inside(reference)?;
        let (path, canonical) = self.resolve(reference, &relative)?;
        if let Some(source) = self.sources.borrow().get(&canonical) {
            return Ok(Arc::clone(source));
        }
        self.load(reference, &path, canonical)
    }

    /// Where a file is that somebody else will read.
    pub(super) fn file(&self, reference: &str) -> Result<PathBuf, FileProblem> {
        let (path, canonical) = self.resolve(reference, &Self::inside(reference)?)?;
        if canonical.is_file() {
            return Ok(path);
        }
        Err(FileProblem::new("missing-file", format!("{reference} is not a file"), "name a file"))
    }

    /// Where a file or directory is that somebody else will read.
    pub(super) fn existing(&self, reference: &str) -> Result<PathBuf, FileProblem> {
        let (path, _) = self.resolve(reference, &Self::inside(reference)?)?;
        Ok(if path.as_os_str().is_empty() { PathBuf::from(".") } else { path })
    }

    /// The text of the configuration file itself. Its user named it: a link may lead it anywhere.
    pub(super) fn configuration(&self, path: &Path) -> Result<Arc<Source>, FileProblem> {
        let name = path.to_string_lossy();
        let canonical = fs::canonicalize(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                FileProblem::new("missing-file", format!("there is no file {name}"), "an API is defined in a config.toml")
            }
            _ => FileProblem::new("unreadable-file", format!("cannot read {name}: {error}"), "check its permissions"),
        })?;
        self.load(&name, path, canonical)
    }

    fn load(&self, reference: &str, path: &Path, canonical: PathBuf) -> Result<Arc<Source>, FileProblem> {
        let unreadable = |error: io::Error| {
            FileProblem::new("unreadable-file", format!("cannot read {reference}: {error}"), "check its permissions")
        };
        if !fs::metadata(&canonical).map_err(unreadable)?.is_file() {
            return Err(FileProblem::new("missing-file", format!("{reference} is not a file"), "name a file"));
        }
        self.read.borrow_mut().insert(path.into());
        let mut bytes = Vec::new();
        let file = fs::File::open(&canonical).map_err(unreadable)?;
        file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > LARGEST_FILE {
            return Err(FileProblem::new(
                "file-too-large",
                format!("{reference} is larger than 16 MiB"),
                "is it the right file?",
            ));
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| FileProblem::new("not-utf8", format!("{reference} is not UTF-8 text"), "save it as UTF-8"))?;
        let source = Arc::new(Source { path: path.to_string_lossy().into_owned(), text });
        self.sources.borrow_mut().insert(canonical, Arc::clone(&source));
        Ok(source)
    }

    /// The members of a directory by name; an absent directory has none.
    pub(super) fn entries(&self, directory: &str) -> Result<Vec<DirectoryEntry>, FileProblem> {
        let relative = Self::inside(directory)?;
        if !self.root.join(&relative).exists() {
            return Ok(Vec::new());
        }
        let (path, canonical) = self.resolve(directory, &relative)?;
        self.read.borrow_mut().insert(path);
        let failed = |error: io::Error| {
            FileProblem::new("unreadable-file", format!("cannot read {directory}: {error}"), "check its permissions")
        };
        let mut entries = Vec::new();
        for entry in fs::read_dir(canonical).map_err(failed)?.take(MOST_ENTRIES) {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let is_directory = fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir());
            entries.push(DirectoryEntry { name, is_directory });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Whether a directory is there.
    pub(super) fn is_directory(&self, directory: &str) -> bool {
        Self::inside(directory).is_ok_and(|relative| self.root.join(relative).is_dir())
    }

    /// The files that a pattern such as `schema/**/*.graphql` means, sorted; relative to the folder.
    pub(super) fn glob(&self, pattern: &str) -> Result<Vec<String>, FileProblem> {
        let relative = Self::inside(pattern)?;
        let normal = slashed(&relative);
        if !normal.contains(['*', '?', '[', '{']) {
            return Ok(vec![normal]);
        }
        let matcher = globset::GlobBuilder::new(&normal)
            .literal_separator(true)
            .build()
            .map_err(|error| {
                FileProblem::new(
                    "invalid-value",
                    format!("`{pattern}` is no pattern: {}", error.kind()),
                    "for instance schema/*.graphql",
                )
            })?
            .compile_matcher();
        // Searching begins where the pattern's fixed part ends.
        let fixed = normal.split('/').take_while(|part| !part.contains(['*', '?', '[', '{', '\\']));
        let start = fixed.collect::<Vec<_>>().join("/");
        let mut found = Vec::new();
        let mut visited = BTreeSet::new();
        let mut pending = vec![(start, 0)];
        while let Some((directory, depth)) = pending.pop() {
            // A link to a directory above would never end.
            let here = self.root.join(&directory);
            if depth > DEEPEST || visited.len() > MOST_ENTRIES || !fs::canonicalize(here).is_ok_and(|path| visited.insert(path)) {
                continue;
            }
            for entry in self.entries(&directory)? {
                let path = if directory.is_empty() { entry.name.clone() } else { format!("{directory}/{}", entry.name) };
                if entry.is_directory {
                    if !entry.name.starts_with('.') && entry.name != "node_modules" {
                        pending.push((path, depth + 1));
                    }
                } else if matcher.is_match(&path) {
                    found.push(path);
                }
            }
        }
        found.sort();
        if found.is_empty() {
            return Err(FileProblem::new(
                "missing-file",
                format!("`{pattern}` matches no file"),
                "paths are relative to this file",
            ));
        }
        Ok(found)
    }

    /// A path as the user knows it.
    pub(super) fn shown(&self, relative: &Path) -> PathBuf {
        self.root.join(relative)
    }

    /// Where a relative path leads, outside refused.
    fn resolve(&self, reference: &str, relative: &Path) -> Result<(PathBuf, PathBuf), FileProblem> {
        let path = self.shown(relative);
        let joined = if path.as_os_str().is_empty() { Path::new(".") } else { &path };
        let canonical = fs::canonicalize(joined).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                let help = match self.neighbour(relative) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "paths are relative to the configuration file".into(),
                };
                FileProblem::new("missing-file", format!("there is no file {reference}"), help)
            }
            _ => FileProblem::new("unreadable-file", format!("cannot read {reference}: {error}"), "check its permissions"),
        })?;
        if canonical.starts_with(&self.canonical) {
            return Ok((path, canonical));
        }
        let message = format!("{reference} is a link to a place outside the folder of the configuration");
        Err(FileProblem::new("path-escape", message, "copy it into the folder"))
    }

    /// A file in the same directory with nearly the same name.
    fn neighbour(&self, relative: &Path) -> Option<String> {
        let directory = relative.parent()?;
        let entries = self.entries(&slashed(directory)).ok()?;
        let near = closest(relative.file_name()?.to_str()?, entries.iter().map(|entry| entry.name.as_str()))?;
        Some(slashed(&directory.join(near)))
    }

    /// The path without `.` and `..`; one that leaves the folder on its way is refused, whether it exists or not.
    fn inside(reference: &str) -> Result<PathBuf, FileProblem> {
        let escape = || {
            let message = format!("{reference} leads outside the folder of the configuration");
            FileProblem::new("path-escape", message, "files of a definition stay below the folder of its configuration file")
        };
        let mut relative = PathBuf::new();
        for component in Path::new(reference).components() {
            match component {
                Component::Normal(part) => relative.push(part),
                Component::CurDir => {}
                Component::ParentDir if relative.pop() => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(escape()),
            }
        }
        Ok(relative)
    }
}

fn slashed(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
