//! Time to live: a thread that deletes expired items.
//!
//! The engine sweeps page by page and lets whoever waits for the database go first in between, so a long sweep delays a call by
//! one page of it. What a sweep deletes leaves a record in the table's stream with the service as its author, as
//! [in the service](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::OpenError;
use super::engine::{Current, without_paths};

/// How often expired items are looked for, unless something else is said.
const EVERY: Duration = Duration::from_secs(60);

type Reply = oneshot::Sender<Result<usize, String>>;

/// What the thread is told.
enum Request {
    /// Sweep now.
    Sweep(Reply),
    /// Sweep at another pace from now on.
    Every(Duration),
}

/// The running thread; dropping it waits for the sweep that may be under way.
pub(super) struct Sweeper {
    requests: Option<SyncSender<Request>>,
    thread: Option<JoinHandle<()>>,
}

impl Sweeper {
    /// Starts it.
    pub(super) fn start(database: Arc<Current>) -> Result<Self, OpenError> {
        let (requests, queue) = sync_channel(16);
        let thread = std::thread::Builder::new().name("dynamodb-ttl".to_owned()).spawn(move || serve(&database, &queue));
        Ok(Self { requests: Some(requests), thread: Some(thread.map_err(OpenError::Thread)?) })
    }

    /// Sweeps now and says how many items were deleted.
    pub(super) async fn sweep(&self) -> Result<usize, String> {
        let (sender, receiver) = oneshot::channel();
        let requests = self.requests.as_ref().ok_or("the tables are closed")?;
        requests.try_send(Request::Sweep(sender)).map_err(|error| match error {
            TrySendError::Full(_) => "too many sweeps of expired items are waiting",
            TrySendError::Disconnected(_) => "the tables are closed",
        })?;
        receiver.await.map_err(|_| "the tables are closed".to_owned())?
    }
}

impl Sweeper {
    /// Sweeps this often from now on.
    pub(super) fn every(&self, interval: Duration) {
        if let Some(requests) = &self.requests {
            // The queue is open as long as this is there, and the thread takes from it.
            let _ = requests.send(Request::Every(interval));
        }
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(current: &Current, queue: &Receiver<Request>) {
    let mut every = EVERY;
    loop {
        let reply = match queue.recv_timeout(every) {
            Ok(Request::Every(interval)) => {
                every = interval;
                continue;
            }
            Ok(Request::Sweep(reply)) => Some(reply),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let database = current.get();
        let swept = match catch_unwind(AssertUnwindSafe(|| database.map_or(Ok(0), |database| database.sweep_ttl()))) {
            Ok(Ok(deleted)) => Ok(deleted),
            Ok(Err(error)) => Err(without_paths(&error.to_string())),
            Err(_) => {
                current.break_off();
                Err("a panic in the engine".to_owned())
            }
        };
        match &swept {
            Ok(0) => {}
            Ok(deleted) => tracing::debug!(deleted, "expired items were deleted"),
            Err(error) => tracing::error!(%error, "expired items could not be deleted"),
        }
        if let Some(reply) = reply {
            // Whoever asked may be gone.
            let _ = reply.send(swept);
        }
    }
}
