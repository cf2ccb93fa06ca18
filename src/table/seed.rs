//! Writes files of items into tables: read on one thread, written in batches of 25, several under way.
//!
//! Items with the same key are written in the order of their file, because each key has its worker. What DynamoDB refuses of a
//! batch is written again item by item, which finds the item that is at fault; then all stops and says what was written.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash as _, Hasher as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dynamodb::{Dynamodb, Operation, ServiceError};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};
use value::{Object, Str, Value, value};

use super::ensure::listed;
use super::item_file::{self, Entry, Position, Write};
use super::{ItemFormat, key_attributes, names};
use crate::canonical::canonical;

/// The most items of one BatchWriteItem.
const BATCH: usize = 25;
/// The text of a batch, about, so that neither memory nor DynamoDB's 16 MB are exceeded.
const BATCH_BYTES: usize = 4 << 20;
/// Batches under way.
const WORKERS: usize = 4;
/// How often a batch is tried that is not taken whole; the pauses between double from 50 ms to 5 s, 25 s together.
const ATTEMPTS: u32 = 12;
/// How often progress is told.
const TICK: Duration = Duration::from_millis(200);

/// A file, and the table that its items go into; a file in the form of batch-write-item names its tables itself.
#[derive(Clone, Debug)]
pub struct SeedFile {
    /// Where it is.
    pub path: PathBuf,
    /// The table of its items.
    pub table: Option<Str>,
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of files read.
    pub bytes_read: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Items written.
    pub written: u64,
    /// Everything is written.
    pub is_done: bool,
}

/// What became of the files.
#[derive(Debug, Default)]
pub struct Seeded {
    /// Items written, by table.
    pub written: BTreeMap<Str, u64>,
    /// What stopped it.
    pub failure: Option<Failure>,
}

/// The first thing that was refused.
#[derive(Debug)]
pub struct Failure {
    /// File and line, or item.
    pub place: String,
    /// Why; DynamoDB's own sentence where it refused.
    pub message: String,
}

/// Writes the files in order and tells `progress` now and then, and once at the end.
pub async fn seed(
    service: Arc<dyn Dynamodb>,
    files: Vec<SeedFile>,
    format: Option<ItemFormat>,
    progress: &mut dyn FnMut(Progress),
) -> Seeded {
    let bytes = files.iter().filter_map(|file| std::fs::metadata(&file.path).ok()).map(|metadata| metadata.len()).sum();
    let shared = Arc::new(Shared { files, bytes, ..Shared::default() });
    let mut tasks = JoinSet::new();
    let mut batches = Vec::new();
    for _ in 0..WORKERS {
        let (sender, receiver) = mpsc::channel(1);
        batches.push(sender);
        tasks.spawn(work(Arc::clone(&service), receiver, Arc::clone(&shared)));
    }
    let feeder = Feeder { service, shared: Arc::clone(&shared), batches, pending: HashMap::new(), keys: HashMap::new() };
    tasks.spawn_blocking(move || feeder.run(format));
    let mut tick = interval(TICK);
    loop {
        tokio::select! {
            joined = tasks.join_next() => match joined {
                None => break,
                Some(Ok(())) => {}
                Some(Err(error)) => shared.fail(0, Position::File, format!("the work was given up: {error}")),
            },
            _ = tick.tick() => progress(shared.progress()),
        }
    }
    let is_done = shared.lock().failure.is_none();
    progress(Progress { is_done, ..shared.progress() });
    let mut state = shared.lock();
    let failure = state.failure.take().map(|(file, position, message)| {
        let path = shared.files.get(file).map(|file| file.path.display().to_string()).unwrap_or_default();
        Failure { place: format!("{path}{position}"), message }
    });
    Seeded { written: std::mem::take(&mut state.written), failure }
}

#[derive(Debug, Default)]
struct Shared {
    files: Vec<SeedFile>,
    bytes: u64,
    bytes_read: AtomicU64,
    /// DynamoDB has refused something: nothing more is begun.
    stopped: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    written: BTreeMap<Str, u64>,
    /// The one that comes first in the files: its file, its place, why.
    failure: Option<(usize, Position, String)>,
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn progress(&self) -> Progress {
        let written = self.lock().written.values().sum();
        Progress {
            bytes_read: self.bytes_read.load(Ordering::Relaxed).min(self.bytes),
            bytes: self.bytes,
            written,
            is_done: false,
        }
    }

    fn wrote(&self, table: &Str, items: u64) {
        if items > 0 {
            *self.lock().written.entry(Str::clone(table)).or_default() += items;
        }
    }

    fn fail(&self, file: usize, position: Position, message: String) {
        let mut state = self.lock();
        if state.failure.as_ref().is_none_or(|(other_file, other, _)| (file, position) < (*other_file, *other)) {
            state.failure = Some((file, position, message));
        }
    }
}

/// Items of one table that are written together, no two with the same key.
struct Batch {
    table: Str,
    items: Vec<Pending>,
    bytes: usize,
}

struct Pending {
    key: String,
    write: Write,
    file: usize,
    position: Position,
    /// How many items of the files this is: a later one takes the place of an earlier one with its key.
    count: u64,
}

/// Reads the files and deals the items out.
struct Feeder {
    service: Arc<dyn Dynamodb>,
    shared: Arc<Shared>,
    batches: Vec<mpsc::Sender<Batch>>,
    pending: HashMap<usize, Batch>,
    keys: HashMap<Str, Vec<Str>>,
}

impl Feeder {
    /// Runs on a thread of its own: files are read here, and it waits where no worker is free.
    fn run(mut self, format: Option<ItemFormat>) {
        let shared = Arc::clone(&self.shared);
        let read = |bytes| {
            shared.bytes_read.fetch_add(bytes as u64, Ordering::Relaxed);
        };
        for (number, file) in shared.files.iter().enumerate() {
            let mut refused = None;
            let result = item_file::read(&file.path, format, &read, &mut |entry| {
                let position = entry.position;
                match self.take(entry, number, file.table.as_ref()) {
                    Ok(flow) => flow,
                    Err(message) => {
                        refused = Some((position, message));
                        ControlFlow::Break(())
                    }
                }
            });
            let fault = result.err().map(|fault| (fault.position, fault.message)).or(refused);
            if let Some((position, message)) = fault {
                shared.fail(number, position, message);
                break;
            }
            if shared.stopped.load(Ordering::Relaxed) {
                return;
            }
        }
        // What stands before a fault is written all the same.
        for (worker, batch) in std::mem::take(&mut self.pending) {
            let _ = self.batches[worker].blocking_send(batch);
        }
    }

    fn take(&mut self, entry: Entry, file: usize, table: Option<&Str>) -> Result<ControlFlow<()>, String> {
        if self.shared.stopped.load(Ordering::Relaxed) {
            return Ok(ControlFlow::Break(()));
        }
        let Some(table) = entry.table.as_ref().or(table) else {
            return Err("which table is it for? Say it with --table".into());
        };
        let key = self.key(table, &entry.write)?;
        let worker = worker(table, &key);
        let is_other = self.pending.get(&worker).is_some_and(|batch| batch.table != *table);
        if is_other && let Some(batch) = self.pending.remove(&worker) {
            self.send(worker, batch);
        }
        let new = || Batch { table: Str::clone(table), items: Vec::with_capacity(BATCH), bytes: 0 };
        let batch = self.pending.entry(worker).or_insert_with(new);
        batch.bytes += entry.size;
        let pending = Pending { key, write: entry.write, file, position: entry.position, count: 1 };
        // DynamoDB refuses a batch that has a key twice.
        match batch.items.iter_mut().find(|other| other.key == pending.key) {
            Some(other) => *other = Pending { count: other.count + 1, ..pending },
            None => batch.items.push(pending),
        }
        if batch.items.len() >= BATCH || batch.bytes >= BATCH_BYTES {
            let batch = self.pending.remove(&worker);
            batch.into_iter().for_each(|batch| self.send(worker, batch));
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Waits for the worker; one that has gone has said why.
    fn send(&self, worker: usize, batch: Batch) {
        let _ = self.batches[worker].blocking_send(batch);
    }

    /// The key of an item as text; parts that it does not have are left to DynamoDB to miss.
    fn key(&mut self, table: &Str, write: &Write) -> Result<String, String> {
        let (Write::Put(item) | Write::Delete(item)) = write;
        if !self.keys.contains_key(table) {
            let asked = Handle::current().block_on(async {
                match key_attributes(&*self.service, table).await {
                    Ok(Some(key)) => Ok(key),
                    Ok(None) => Err(no_such_table(&*self.service, table).await),
                    Err(error) => Err(error.message),
                }
            });
            let key = asked?;
            self.keys.insert(Str::clone(table), key);
        }
        Ok(key_text(&self.keys[table], item))
    }
}

/// Equal exactly for what DynamoDB takes for one key: `1` and `1.0` are.
fn key_text(key: &[Str], item: &Value) -> String {
    let parts = key.iter().filter_map(|name| Some((Str::clone(name), item.get(name)?.clone())));
    let mut attributes = Object::with_capacity(key.len());
    for (name, value) in parts {
        attributes.insert(name, value);
    }
    canonical(&Value::from(attributes))
}

/// What is said of a table that is not there.
pub(super) async fn no_such_table(service: &dyn Dynamodb, table: &str) -> String {
    match names(service).await {
        Ok(names) if names.is_empty() => format!("there is no table `{table}`, nor any other"),
        Ok(names) => {
            let names: Vec<&str> = names.iter().map(|name| &**name).collect();
            format!("there is no table `{table}`; there are: {}", listed(&names))
        }
        Err(error) => error.message,
    }
}

fn worker(table: &str, key: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    (table, key).hash(&mut hasher);
    usize::try_from(hasher.finish() % WORKERS as u64).unwrap_or_default()
}

/// Writes batches until there are no more, or something is refused.
async fn work(service: Arc<dyn Dynamodb>, mut batches: mpsc::Receiver<Batch>, shared: Arc<Shared>) {
    while let Some(batch) = batches.recv().await {
        if shared.stopped.load(Ordering::Relaxed) {
            return;
        }
        if let Err((file, position, message)) = write(&*service, &batch, &shared).await {
            shared.stopped.store(true, Ordering::Relaxed);
            shared.fail(file, position, message);
            return;
        }
    }
}

async fn write(service: &dyn Dynamodb, batch: &Batch, shared: &Shared) -> Result<(), (usize, Position, String)> {
    let requests = batch.items.iter().map(|pending| match &pending.write {
        Write::Put(item) => value!({ "PutRequest": { "Item": (item.clone()) } }),
        Write::Delete(key) => value!({ "DeleteRequest": { "Key": (key.clone()) } }),
    });
    let mut requests: Vec<Value> = requests.collect();
    let total: u64 = batch.items.iter().map(|pending| pending.count).sum();
    let mut last = "it was not taken";
    for attempt in 0..ATTEMPTS {
        pause(attempt).await;
        let mut tables = Object::new();
        tables.insert(Str::clone(&batch.table), Value::from(requests.clone()));
        match service.call(Operation::BatchWriteItem, value!({ "RequestItems": (Value::from(tables)) })).await {
            Ok(response) => {
                let unprocessed = response.body.at(&["UnprocessedItems", &batch.table]);
                requests = unprocessed.as_list().unwrap_or_default().to_vec();
                if requests.is_empty() {
                    shared.wrote(&batch.table, total);
                    return Ok(());
                }
            }
            Err(error) if is_passing(&error) => last = "the service is busy",
            Err(_) => return write_each(service, batch, shared).await,
        }
    }
    shared.wrote(&batch.table, total.saturating_sub(requests.len() as u64));
    let message = format!("{} items of the batch that begins here were tried {ATTEMPTS} times: {last}", requests.len());
    let first = &batch.items[0];
    Err((first.file, first.position, message))
}

/// Writes the items of a refused batch one by one, to the one that is at fault.
async fn write_each(service: &dyn Dynamodb, batch: &Batch, shared: &Shared) -> Result<(), (usize, Position, String)> {
    for pending in &batch.items {
        let table = Str::clone(&batch.table);
        let (operation, request) = match &pending.write {
            Write::Put(item) => (Operation::PutItem, value!({ "TableName": table, "Item": (item.clone()) })),
            Write::Delete(key) => (Operation::DeleteItem, value!({ "TableName": table, "Key": (key.clone()) })),
        };
        let mut attempt = 0;
        loop {
            pause(attempt).await;
            attempt += 1;
            match service.call(operation, request.clone()).await {
                Ok(_) => break,
                Err(error) if is_passing(&error) && attempt < ATTEMPTS => {}
                Err(error) => return Err((pending.file, pending.position, error.message)),
            }
        }
        shared.wrote(&batch.table, pending.count);
    }
    Ok(())
}

/// The pause before an attempt.
async fn pause(attempt: u32) {
    if attempt > 0 {
        let milliseconds = 50_u64 << (attempt - 1).min(10);
        sleep(Duration::from_millis(milliseconds.min(5_000))).await;
    }
}

/// Whether another attempt makes sense.
fn is_passing(error: &ServiceError) -> bool {
    let code = &*error.code;
    error.status >= 500
        || matches!(code, "ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded")
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::AtomicUsize;

    use dynamodb::{Embedded, Response};
    use futures_util::future::BoxFuture;

    use super::*;

    /// A service that takes two thirds of each batch and is busy every fourth time.
    #[derive(Debug)]
    struct Reluctant {
        engine: Embedded,
        calls: AtomicUsize,
    }

    impl Dynamodb for Reluctant {
        fn call(&self, operation: Operation, request: Value) -> BoxFuture<'_, Result<Response, ServiceError>> {
            if operation != Operation::BatchWriteItem {
                return self.engine.call(operation, request);
            }
            let call = self.calls.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                if call % 4 == 3 {
                    let message = "The level of configured provisioned throughput for the table was exceeded.";
                    return Err(ServiceError::new("ProvisionedThroughputExceededException", message, 400, ""));
                }
                let requests = request.at(&["RequestItems", "posts"]).as_list().expect("requests").to_vec();
                assert!(requests.len() <= BATCH, "{}", requests.len());
                let (taken, left) = requests.split_at((requests.len() * 2).div_ceil(3));
                let taken = value!({ "RequestItems": { "posts": (taken.to_vec()) } });
                let mut response = self.engine.call(operation, taken).await?;
                let left = if left.is_empty() { value!({}) } else { value!({ "posts": (left.to_vec()) }) };
                response.body = value!({ "UnprocessedItems": left });
                Ok(response)
            })
        }
    }

    async fn engine() -> Embedded {
        let engine = Embedded::memory().expect("an engine");
        let table = value!({
            "TableName": "posts",
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
            "BillingMode": "PAY_PER_REQUEST",
        });
        engine.call(Operation::CreateTable, table).await.expect("a table");
        engine
    }

    fn file(folder: &Path, name: &str, text: &str) -> SeedFile {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a file");
        SeedFile { path, table: Some("posts".into()) }
    }

    async fn count(engine: &Embedded) -> Option<i64> {
        let request = value!({ "TableName": "posts", "Select": "COUNT" });
        engine.call(Operation::Scan, request).await.expect("a count").body.at(&["Count"]).as_i64()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_not_taken_is_tried_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let lines: String = (0..120).map(|number| format!("{{\"id\":\"{number}\"}}\n")).collect();
        let files = vec![file(folder.path(), "a.jsonl", &lines)];
        let engine = engine().await;
        let service = Arc::new(Reluctant { engine: engine.clone(), calls: AtomicUsize::new(0) });
        let mut last = Progress::default();
        let seeded = seed(service, files, None, &mut |progress| last = progress).await;
        assert!(seeded.failure.is_none(), "{:?}", seeded.failure);
        assert_eq!(seeded.written.get("posts"), Some(&120));
        assert_eq!(count(&engine).await, Some(120));
        let bytes = lines.len() as u64;
        assert_eq!(last, Progress { bytes_read: bytes, bytes, written: 120, is_done: true });
    }

    #[test]
    fn keys_that_are_one_to_dynamodb_have_one_text() {
        let key = [Str::from("id"), Str::from("at")];
        let text = |item: &str| key_text(&key, &Value::parse(item.as_bytes()).expect("JSON"));
        for (left, right, equal) in [
            (r#"{"id":{"N":"1"},"at":{"S":"x"}}"#, r#"{"at":{"S":"x"},"v":{"N":"2"},"id":{"N":"1.0"}}"#, true),
            (r#"{"id":{"N":"100"},"at":{"N":"0"}}"#, r#"{"id":{"N":"1E+2"},"at":{"N":"-0.0"}}"#, true),
            (r#"{"id":{"S":"1"},"at":{"S":"x"}}"#, r#"{"id":{"S":"1.0"},"at":{"S":"x"}}"#, false),
            (r#"{"id":{"N":"1"}}"#, r#"{"at":{"N":"1"}}"#, false),
        ] {
            assert_eq!(text(left) == text(right), equal, "{left} {right}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nothing_is_read_after_the_file_that_failed() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = vec![
            file(folder.path(), "a.json", "[{\"id\":\"1\"},{\"id\":\"2\"}]"),
            file(folder.path(), "b.json", "[{\"id\":\"3\"},{]"),
            file(folder.path(), "c.json", "[{\"id\":\"4\"}]"),
        ];
        let engine = engine().await;
        let seeded = seed(Arc::new(engine.clone()), files, None, &mut |_| {}).await;
        let failure = seeded.failure.expect("b.json is broken");
        assert!(failure.place.ends_with("b.json:1"), "{failure:?}");
        assert_eq!((seeded.written.get("posts"), count(&engine).await), (Some(&3), Some(3)));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_delete_request_removes_what_was_put_before_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let item = |id: &str| format!("{{\"PutRequest\":{{\"Item\":{{\"id\":{{\"S\":\"{id}\"}}}}}}}}");
        let gone = "{\"DeleteRequest\":{\"Key\":{\"id\":{\"S\":\"1\"}}}}";
        let text = format!("{{\"posts\":[{},{},{gone}]}}", item("1"), item("2"));
        let engine = engine().await;
        let seeded = seed(Arc::new(engine.clone()), vec![file(folder.path(), "a.json", &text)], None, &mut |_| {}).await;
        assert!(seeded.failure.is_none(), "{:?}", seeded.failure);
        assert_eq!(count(&engine).await, Some(1));
    }
}
