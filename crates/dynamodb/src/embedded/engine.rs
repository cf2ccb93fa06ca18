//! The thread that owns the database, the one that makes its writes durable, and how calls reach them.
//!
//! The engine is synchronous and runs one call at a time whoever calls, so it gets one thread of its own with a bounded queue:
//! callers wait for room and for their answer without holding a worker of the runtime. The thread runs whatever is waiting,
//! one call after the other, each under `catch_unwind`.
//!
//! # Durability
//!
//! SQLite writes with `synchronous=NORMAL` (see [`super::defaults`]): a commit is in the operating system's hands when it returns, the write-ahead log
//! is synced before a checkpoint, and a power cut loses the end of the log and nothing else. For [`super::Durability::Disk`] a
//! second thread calls `sync_data` on the log and only then lets the answers go. While it syncs, the engine runs on; what was
//! written meanwhile shares the next sync. That is what `synchronous=FULL` promises, for the price of one sync for many writes.
//!
//! Reads and refusals do not wait for a sync. They may therefore show a write that is not on the disk yet and whose writer has
//! no answer yet; a power cut in that moment takes it back. Nobody was told that such a write was durable.

use std::fs::File;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as threads;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dynoxide::{Database, DynoxideError};
use tokio::sync::{mpsc, oneshot};

use super::lock::FileLock;
use super::{Durability, OpenError, defaults};

/// How many calls may wait; further callers wait for room.
const QUEUE: usize = 1_024;

/// How long answers wait for others while the thread has more to do.
const HOLD: Duration = Duration::from_micros(50);

/// Room for the deepest expression the checks let pass, in a build without optimisation as well.
pub(super) const STACK: usize = 64 << 20;

/// What is called on the engine's thread, with the database if it could be opened: it runs and says how to answer.
struct Job {
    run: Run,
    /// Whether it takes about as long as an answer may be held back.
    short: bool,
}

type Run = Box<dyn FnOnce(Option<&Database>) -> Done + Send>;

/// What a call leaves behind.
struct Done {
    /// Sends the answer, when it may go.
    answer: Box<dyn FnOnce(Result<(), Failure>) + Send>,
    /// Whether it must be on the disk first.
    wrote: bool,
    /// Whether the call panicked inside the engine.
    panicked: bool,
}

/// Why a call has no answer of the engine.
#[derive(Debug)]
pub(super) enum Failure {
    /// The engine refused or failed.
    Engine(DynoxideError),
    /// It panicked.
    Panic,
    /// The write could not be made durable.
    Sync(std::io::Error),
    /// The database is closed.
    Closed,
}

/// Where the tables are.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In memory, under a name that every connection of the process can open: when a call panics, its connection is thrown
    /// away, and the tables must not go with it.
    Memory(String),
    /// In a file.
    File(PathBuf, Durability),
}

impl Place {
    /// Refuses a file that something else wrote. SQLite would write over one of a single byte.
    fn check(&self) -> Result<(), OpenError> {
        const MAGIC: &[u8; 16] = b"SQLite format 3\0";
        let Self::File(path, _) = self else { return Ok(()) };
        // One that is not there is made, and one that cannot be read is SQLite's to tell.
        let Ok(file) = File::open(path) else { return Ok(()) };
        let mut start = Vec::with_capacity(MAGIC.len());
        if file.take(MAGIC.len() as u64).read_to_end(&mut start).is_err() {
            return Ok(());
        }
        // A process that dies while it makes the file may leave a first page without content, which the journal mends.
        let is_blank = start.iter().all(|byte| *byte == 0);
        if is_blank || start == MAGIC { Ok(()) } else { Err(OpenError::Damaged) }
    }

    /// What SQLite opens.
    fn name(&self) -> String {
        match self {
            Self::Memory(name) => format!("file:{name}?mode=memory&cache=shared"),
            Self::File(path, _) => path.to_string_lossy().into_owned(),
        }
    }

    /// Adds an index to the records of streams. The engine looks for the last one of a table before each write to it and has
    /// none, so that a write would read every record there is.
    fn index_streams(&self) -> rusqlite::Result<()> {
        rusqlite::Connection::open(self.name())?.execute_batch(
            "CREATE INDEX IF NOT EXISTS syncgate_stream_records
             ON _stream_records (table_name, CAST(sequence_number AS INTEGER))",
        )
    }

    fn open(&self) -> Result<Database, DynoxideError> {
        match self {
            Self::Memory(_) => Database::new(&self.name()),
            Self::File(..) => {
                let database = Database::new(&self.name())?;
                if !defaults::are_ours() {
                    // SQLite opens with FULL; this is the engine's own way to NORMAL. It makes the cache small.
                    database.disable_bulk_loading()?;
                }
                Ok(database)
            }
        }
    }
}

/// The open database, shared with the sweeps of expired items.
#[derive(Default)]
pub(super) struct Current {
    /// `None` between a panic and the next call.
    database: Mutex<Option<Database>>,
    /// Whether a call has panicked on it: its lock is poisoned and a transaction may be open, which both go with its
    /// connection.
    broken: AtomicBool,
}

impl Current {
    /// The database, if it is open.
    pub(super) fn get(&self) -> Option<Database> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, database: Option<Database>) {
        *self.database.lock().unwrap_or_else(PoisonError::into_inner) = database;
    }

    /// Says that a call has panicked: the next one opens the database anew.
    pub(super) fn break_off(&self) {
        tracing::error!("a call panicked in the engine of the tables; its connection is opened anew");
        self.set(None);
        self.broken.store(true, Ordering::Release);
    }
}

/// The running engine. Dropping it finishes the call under way and closes the database; calls that nobody waits for any more are not made.
pub(super) struct Engine {
    calls: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    current: Arc<Current>,
}

impl Engine {
    /// Opens the database and starts the threads.
    pub(super) fn start(place: Place, lock: Option<FileLock>) -> Result<Self, OpenError> {
        place.check()?;
        let database = place.open().map_err(|error| refused(&error))?;
        place.index_streams().map_err(|error| OpenError::Database(without_paths(&error.to_string())))?;
        // Keeps the tables in memory while no other connection is open.
        let keeper = match &place {
            Place::Memory(_) => Some(place.open().map_err(|error| refused(&error))?),
            Place::File(..) => None,
        };
        let syncer = Syncer::of(&place)?;
        let current = Arc::new(Current::default());
        current.set(Some(database));
        let (calls, queue) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new().name("dynamodb".to_owned()).stack_size(STACK).spawn({
            let current = Arc::clone(&current);
            move || {
                serve(&place, &current, queue, syncer);
                drop(current);
                drop(keeper);
                drop(lock);
            }
        });
        Ok(Self { calls: Some(calls), thread: Some(thread.map_err(OpenError::Thread)?), current })
    }

    /// Runs `call` on the engine's thread. What `wrote` says is made durable before this returns.
    pub(super) async fn run<T, F>(&self, wrote: bool, short: bool, call: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&Database) -> Result<T, DynoxideError> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let run = Box::new(move |database: Option<&Database>| {
            if sender.is_closed() {
                // Nobody waits any more: a call that was given up before its turn is not made.
                return Done { answer: Box::new(|_| {}), wrote: false, panicked: false };
            }
            let outcome = catch_unwind(AssertUnwindSafe(|| database.map(call)));
            let (result, panicked) = match outcome {
                Ok(Some(result)) => (result.map_err(Failure::Engine), false),
                Ok(None) => (Err(Failure::Closed), false),
                Err(_) => (Err(Failure::Panic), true),
            };
            let wrote = wrote && result.is_ok();
            // Nobody may be waiting any more; then the answer has no reader.
            let answer = move |durable: Result<(), Failure>| {
                let _ = sender.send(match durable {
                    Ok(()) => result,
                    Err(failure) => Err(failure),
                });
            };
            Done { answer: Box::new(answer), wrote, panicked }
        });
        let calls = self.calls.as_ref().ok_or(Failure::Closed)?;
        calls.send(Job { run, short }).await.map_err(|_| Failure::Closed)?;
        receiver.await.map_err(|_| Failure::Closed)?
    }

    /// The database for a thread of its own: calls on it take turns with those of the engine's thread.
    pub(super) fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.calls = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the tables ended with a panic");
        }
    }
}

fn serve(place: &Place, current: &Current, mut queue: mpsc::Receiver<Job>, mut syncer: Option<Syncer>) {
    let mut database = current.get();
    let mut answers = Answers::default();
    loop {
        let job = match queue.try_recv() {
            Ok(job) => job,
            Err(_) => {
                answers.send();
                match queue.blocking_recv() {
                    Some(job) => job,
                    None => return,
                }
            }
        };
        if current.broken.swap(false, Ordering::Acquire) {
            database = None;
        }
        if database.is_none() {
            database = reopen(place, current, &mut syncer);
        }
        if !job.short {
            answers.send();
        }
        let done = (job.run)(database.as_ref());
        if done.panicked {
            current.break_off();
        }
        match &syncer {
            Some(syncer) if done.wrote => syncer.sync(done),
            _ => answers.hold(done),
        }
    }
}

/// Answers that have not been sent yet. To wake a sleeping worker costs as much as a small read, and one that is awake takes
/// further answers for nothing; so while there is more to run, answers go in groups.
#[derive(Default)]
struct Answers {
    held: Vec<Done>,
    since: Option<Instant>,
}

impl Answers {
    fn hold(&mut self, done: Done) {
        self.held.push(done);
        if self.since.get_or_insert_with(Instant::now).elapsed() >= HOLD {
            self.send();
        }
    }

    fn send(&mut self) {
        self.since = None;
        for done in self.held.drain(..) {
            (done.answer)(Ok(()));
        }
    }
}

fn reopen(place: &Place, current: &Current, syncer: &mut Option<Syncer>) -> Option<Database> {
    let opened = place.open().map_err(|error| error.to_string()).and_then(|opened| {
        // The last connection took its log with it; this one has another.
        *syncer = Syncer::of(place).map_err(|error| error.to_string())?;
        Ok(opened)
    });
    match opened {
        Ok(opened) => {
            current.set(Some(opened.clone()));
            Some(opened)
        }
        Err(error) => {
            tracing::error!(%error, "the tables cannot be opened again");
            None
        }
    }
}

/// The thread that makes writes durable.
struct Syncer {
    waiting: Option<threads::SyncSender<Done>>,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    /// The one for these tables, if their writes must be on the disk.
    fn of(place: &Place) -> Result<Option<Self>, OpenError> {
        match place {
            Place::File(path, Durability::Disk) => Self::start(path).map(Some),
            Place::File(_, Durability::Process) | Place::Memory(_) => Ok(None),
        }
    }

    fn start(database: &Path) -> Result<Self, OpenError> {
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        let log = File::options().read(true).open(PathBuf::from(log)).map_err(OpenError::Log)?;
        // The names of the files must survive as well.
        if let Some(folder) = database.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(OpenError::Log)?;
        }
        let (waiting, queue) = threads::sync_channel::<Done>(QUEUE);
        let thread = std::thread::Builder::new().name("dynamodb-sync".to_owned());
        let thread = thread.spawn(move || acknowledge(&queue, || log.sync_data()));
        Ok(Self { waiting: Some(waiting), thread: Some(thread.map_err(OpenError::Thread)?) })
    }

    fn sync(&self, done: Done) {
        if let Some(waiting) = &self.waiting
            && let Err(threads::SendError(done)) = waiting.send(done)
        {
            (done.answer)(Err(Failure::Closed));
        }
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.waiting = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Answers writes once they are on the disk. A failed sync is final: the system may have dropped what it could not write and report
/// the next sync as a success, and a log with a gap ends there, so no later write can be promised.
fn acknowledge(written: &threads::Receiver<Done>, mut sync: impl FnMut() -> std::io::Result<()>) {
    let mut synced = Ok(());
    while let Ok(first) = written.recv() {
        let mut group = vec![first];
        group.extend(written.try_iter());
        if synced.is_ok() {
            synced = sync();
            if let Err(error) = &synced {
                tracing::error!(%error, "writes could not be synced to the disk; none is acknowledged until the tables are opened again");
            }
        }
        for done in group {
            (done.answer)(match &synced {
                Ok(()) => Ok(()),
                Err(error) => Err(Failure::Sync(std::io::Error::new(error.kind(), error.to_string()))),
            });
        }
    }
}

/// Why the engine did not open a database. What it says of a file that SQLite cannot read is advice to its own users.
fn refused(error: &DynoxideError) -> OpenError {
    let message = error.to_string();
    if ["not a valid SQLite database", "file is not a database", "malformed"].iter().any(|sign| message.contains(sign)) {
        return OpenError::Damaged;
    }
    OpenError::Database(without_paths(message.trim_start_matches("Internal error: ")))
}

/// A message of the engine or of SQLite without the paths in it, which are nobody's business over the network.
pub(super) fn without_paths(message: &str) -> String {
    let mut words = Vec::new();
    for word in message.split(' ') {
        let bare = word.trim_start_matches(['"', '\'', '(', '`']);
        words.push(if bare.starts_with('/') || bare.contains(":\\") || bare.contains(":/") { "…" } else { word });
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for (message, shown) in [
            ("unable to open database file: /home/me/data/tables.db", "unable to open database file: …"),
            ("disk I/O error", "disk I/O error"),
            ("cannot read '/a/b'", "cannot read …"),
            ("cannot read C:\\a\\b", "cannot read …"),
        ] {
            assert_eq!(without_paths(message), shown);
        }
    }

    #[test]
    fn after_a_failed_sync_nothing_is_acknowledged() {
        let (waiting, queue) = threads::sync_channel(8);
        let (answers, results) = threads::channel();
        let mut syncs = [Ok(()), Err(std::io::Error::other("the disk is gone")), Ok(())].into_iter();
        let thread = std::thread::spawn(move || acknowledge(&queue, || syncs.next().expect("no sync after a failed one")));
        let write = || {
            let answers = answers.clone();
            let answer = Box::new(move |durable: Result<(), Failure>| answers.send(durable.is_ok()).expect("the test listens"));
            waiting.send(Done { answer, wrote: true, panicked: false }).expect("the thread listens");
            results.recv().expect("an answer")
        };
        assert_eq!([write(), write(), write(), write()], [true, false, false, false]);
        drop(waiting);
        thread.join().expect("no panic");
    }

    #[tokio::test]
    async fn a_call_that_was_given_up_before_its_turn_is_not_made() {
        let engine = Arc::new(Engine::start(Place::Memory("given-up".to_owned()), None).expect("started"));
        let (release, held) = threads::channel::<()>();
        let (begun, begins) = oneshot::channel();
        let busy = tokio::spawn({
            let engine = Arc::clone(&engine);
            async move {
                let call = move |_: &Database| {
                    begun.send(()).expect("the test listens");
                    held.recv().expect("released");
                    Ok(())
                };
                engine.run(false, true, call).await.is_ok()
            }
        });
        begins.await.expect("the engine is busy");
        let made = Arc::new(AtomicBool::new(false));
        {
            let made = Arc::clone(&made);
            let call = engine.run(false, true, move |_: &Database| {
                made.store(true, Ordering::SeqCst);
                Ok(())
            });
            let mut call = Box::pin(call);
            assert!(futures_util::FutureExt::now_or_never(&mut call).is_none(), "it is queued");
        }
        release.send(()).expect("the engine listens");
        assert!(busy.await.expect("no panic"));
        assert!(engine.run(false, true, |_: &Database| Ok(())).await.is_ok(), "a later call has had its turn");
        assert!(!made.load(Ordering::SeqCst));
    }

    #[test]
    fn a_write_does_not_read_all_records_of_streams() {
        let folder = tempfile::tempdir().expect("a folder");
        for place in
            [Place::Memory("records-of-streams".to_owned()), Place::File(folder.path().join("tables.db"), Durability::Process)]
        {
            let engine = Engine::start(place.clone(), None).expect("started");
            let beside = rusqlite::Connection::open(place.name()).expect("the same tables");
            for asked in [
                "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = ?1",
                "SELECT id FROM _stream_records WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) > 7 \
                 ORDER BY CAST(sequence_number AS INTEGER) ASC",
            ] {
                let plan: String = beside
                    .query_row(&format!("EXPLAIN QUERY PLAN {asked}"), ["table"], |row| row.get("detail"))
                    .expect("a plan of one step, without sorting");
                assert!(plan.starts_with("SEARCH ") && plan.contains("INDEX syncgate_stream_records ("), "{plan}");
            }
            drop(engine);
        }
    }

    #[tokio::test]
    async fn a_panic_leaves_the_tables_and_the_thread() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, durability| Place::File(folder.path().join(name), durability);
        for place in [
            Place::Memory("a-panic-leaves".to_owned()),
            file("process.db", Durability::Process),
            file("disk.db", Durability::Disk),
        ] {
            let engine = Engine::start(place, None).expect("started");
            let create = r#"{"TableName":"table","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],
                "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}"#;
            let create = serde_json::from_str(create).expect("a request");
            engine.run(true, false, |database| database.create_table(create)).await.expect("created");
            let failure = engine.run(true, true, |_| -> Result<(), DynoxideError> { panic!("on purpose") }).await;
            assert!(matches!(failure, Err(Failure::Panic)), "{failure:?}");
            for sweep_panics in [false, true] {
                if sweep_panics {
                    engine.current().break_off();
                }
                let item = serde_json::from_str(r#"{"TableName":"table","Item":{"id":{"S":"1"}}}"#).expect("a request");
                engine.run(true, true, |database| database.put_item(item)).await.expect("the table is still there");
            }
        }
    }
}
