//! Notices that a function's code changed.
//!
//! A snapshot is every file's path, size and time of change. Folders of installed packages and of tools are left out: walking tens
//! of thousands of files at each check would cost more than it tells, and installing a package changes the lock file beside it.
//!
//! A folder of very many files is no folder of code (a handler in a home folder, say): it is looked through as far as a number of files,
//! and the log says so once.
//!
//! Files that a handler writes into its own code folder count as changes, too, and the log names them: on AWS that folder cannot be
//! written to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Folders that are not looked into, besides those whose name begins with a dot: `.git`, `.venv`, a server's own data.
const LEFT_OUT: [&str; 4] = ["node_modules", "__pycache__", "venv", "target"];
/// A folder with more files is looked through as far as this many.
const MOST_FILES: usize = 10_000;
/// Looking takes at most one part in so many of the time: a folder that takes long is looked through less often.
const REST: u32 = 10;

/// Size and time of change of every file.
type Snapshot = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

/// The last snapshot of a code folder and when the next one is due.
#[derive(Debug)]
pub(crate) struct Watch {
    folder: PathBuf,
    /// Folders in it that are not looked into.
    left_out: Vec<PathBuf>,
    most_files: usize,
    interval: Duration,
    checking: AtomicBool,
    warned: AtomicBool,
    last: Mutex<Last>,
}

#[derive(Debug)]
struct Last {
    next: Instant,
    /// None before the first look, which comes before the first process.
    snapshot: Option<Snapshot>,
    /// A change that nobody was told yet: who looked may have stopped waiting meanwhile.
    untold: Option<PathBuf>,
}

impl Watch {
    pub(crate) fn new(folder: &Path, left_out: &[PathBuf], interval: Duration) -> Self {
        Self {
            // So that it and what is left out of it are spelled alike.
            folder: std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()),
            left_out: left_out.iter().filter_map(|folder| std::path::absolute(folder).ok()).collect(),
            most_files: MOST_FILES,
            interval,
            checking: AtomicBool::new(false),
            warned: AtomicBool::new(false),
            last: Mutex::new(Last { next: Instant::now(), snapshot: None, untold: None }),
        }
    }

    /// A file that changed since the last look, if it is time to look again. One caller looks, others go on meanwhile.
    pub(crate) async fn changed(self: &Arc<Self>) -> Option<PathBuf> {
        {
            let mut last = self.last();
            if last.untold.is_some() {
                return last.untold.take();
            }
            if Instant::now() < last.next || self.checking.swap(true, Ordering::AcqRel) {
                return None;
            }
        }
        let watch = Arc::clone(self);
        let look = tokio::task::spawn_blocking(move || watch.look());
        look.await.ok()?;
        self.last().untold.take()
    }

    fn look(&self) {
        let started = Instant::now();
        let (snapshot, is_whole) = self.snapshot();
        if !is_whole && !self.warned.swap(true, Ordering::Relaxed) {
            let (folder, files) = (self.folder.display(), self.most_files);
            tracing::warn!(%folder, files, "a code folder has more files than are looked through: changes in the rest are not noticed");
        }
        let mut last = self.last();
        let changed = last.snapshot.as_ref().and_then(|old| difference(old, &snapshot));
        // Who asks for a look at every invocation gets it.
        let rest = if self.interval.is_zero() { Duration::ZERO } else { started.elapsed() * REST };
        *last = Last { next: Instant::now() + self.interval.max(rest), snapshot: Some(snapshot), untold: changed };
        self.checking.store(false, Ordering::Release);
    }

    /// The folder as it is, and whether that is all of it.
    fn snapshot(&self) -> (Snapshot, bool) {
        let mut folders = vec![self.folder.clone()];
        let mut files = Snapshot::new();
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                let Ok(kind) = entry.file_type() else { continue };
                if kind.is_dir() {
                    // Not through links, which may lead round in circles.
                    let (name, path) = (entry.file_name(), entry.path());
                    let is_hidden = name.as_encoded_bytes().starts_with(b".");
                    if !is_hidden && !LEFT_OUT.iter().any(|left_out| name == *left_out) && !self.left_out.contains(&path) {
                        folders.push(path);
                    }
                } else if let Ok(metadata) = std::fs::metadata(entry.path()) {
                    if files.len() == self.most_files {
                        return (files, false);
                    }
                    files.insert(entry.path(), (metadata.len(), metadata.modified().ok()));
                }
            }
        }
        (files, true)
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that is in one snapshot only, or not the same in both.
fn difference(old: &Snapshot, new: &Snapshot) -> Option<PathBuf> {
    let changed = new.iter().find(|(path, state)| old.get(*path) != Some(state)).map(|(path, _)| path);
    changed.or_else(|| old.keys().find(|path| !new.contains_key(*path))).cloned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_change_is_told_although_who_looked_went_away() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let watch = Arc::new(Watch::new(folder.path(), &[], Duration::ZERO));
        let file = folder.path().join("index.js");
        assert_eq!(watch.changed().await, None, "the first look has nothing to compare with");
        // A look can be done before who asked for it waits; then he is told, and goes away another time.
        let mut text = String::new();
        loop {
            text.push('1');
            fs::write(&file, &text).expect("the folder is writable");
            if watch.changed().now_or_never().is_none() {
                break;
            }
        }
        while watch.checking.load(Ordering::Acquire) {
            tokio::task::yield_now().await;
        }
        assert_eq!(watch.changed().await, Some(file));
        assert_eq!(watch.changed().await, None, "once");
    }

    #[test]
    fn a_snapshot_sees_new_changed_and_removed_files() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| fs::write(path(name), text).expect("the folder is writable");
        fs::create_dir_all(path("lib")).and_then(|()| fs::create_dir_all(path("node_modules"))).expect("it is writable");
        write("index.js", "1");
        let watch = Watch::new(folder.path(), &[path("data")], Duration::ZERO);
        let (mut last, _) = watch.snapshot();
        let mut check = |what: &str, expected: Option<&str>| {
            let (now, is_whole) = watch.snapshot();
            assert!(is_whole);
            assert_eq!(difference(&last, &now), expected.map(path), "{what}");
            last = now;
        };
        check("nothing", None);
        write("node_modules/package.js", "1");
        check("installed packages are left out", None);
        fs::create_dir(path(".syncgate")).expect("it is writable");
        write(".syncgate/dynamodb.db", "1");
        check("hidden folders are left out", None);
        fs::create_dir(path("data")).expect("it is writable");
        write("data/dynamodb.db", "1");
        check("folders that were named are left out", None);
        write("lib/a.js", "1");
        check("a new file", Some("lib/a.js"));
        write("lib/a.js", "22");
        check("a changed file", Some("lib/a.js"));
        fs::remove_file(path("lib/a.js")).expect("it is there");
        check("a removed file", Some("lib/a.js"));
    }

    #[test]
    fn a_snapshot_ends_at_a_number_of_files() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for at in 0..5 {
            let inner = folder.path().join(at.to_string());
            fs::create_dir(&inner).and_then(|()| fs::write(inner.join("file"), "1")).expect("the folder is writable");
        }
        for (most_files, expected) in [(4, (4, false)), (5, (5, true)), (6, (5, true))] {
            let watch = Watch { most_files, ..Watch::new(folder.path(), &[], Duration::ZERO) };
            let (files, is_whole) = watch.snapshot();
            assert_eq!((files.len(), is_whole), expected);
            watch.look();
            assert_eq!(watch.warned.load(Ordering::Relaxed), !is_whole);
        }
    }
}
