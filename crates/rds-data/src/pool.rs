//! Connections: how many there are, who has one, and what becomes of one whose work was given up.
//!
//! A request that passes its deadline or whose future is dropped leaves a connection in the middle of a statement. Such a
//! connection goes to a task that cancels the statement where it runs; only then its place in the pool is free again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;
use value::Value;

use crate::{DatabaseError, ErrorKind, Request, Settings};

/// A connection that was idle for longer is asked whether it still lives.
const CHECK_AFTER: Duration = Duration::from_secs(1);

/// How long it may take to answer: firewalls forget connections without telling.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// What an engine does with its connections.
pub(crate) trait Engine: Send + Sync + std::fmt::Debug + 'static {
    /// A connection and what is known about it.
    type Lane: Send + 'static;

    /// Waits until a request may ask for a connection; it holds what it gets to its end. For an engine that lets requests of one kind
    /// run one after the other only: those that wait shall not do it with a connection in their hands.
    fn turn<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Option<OwnedMutexGuard<()>>> {
        std::future::ready(None).boxed()
    }

    /// Makes a connection.
    fn connect(&self) -> BoxFuture<'_, Result<Self::Lane, DatabaseError>>;

    /// Whether a connection that was idle still answers.
    fn is_alive<'a>(&'a self, lane: &'a mut Self::Lane) -> BoxFuture<'a, bool>;

    /// Runs a request.
    fn run<'a>(&'a self, lane: &'a mut Self::Lane, request: &'a Request) -> BoxFuture<'a, Result<Value, DatabaseError>>;

    /// Whether a connection may serve another request after one that ended so.
    fn is_reusable(&self, lane: &Self::Lane, failed: Option<ErrorKind>) -> bool;

    /// Whether an idle connection must stay, however long nobody needs it.
    fn must_keep_idle(&self) -> bool {
        false
    }

    /// Whether an error came from the connection alone, and nothing of the request was kept: then it may run again on another.
    fn may_run_again(&self, _: &DatabaseError) -> bool {
        false
    }

    /// Whether a connection needs [`Engine::tidy`] before its next request.
    fn is_untidy(&self, _: &Self::Lane) -> bool {
        false
    }

    /// Work on a connection that no request should wait for; gives the connection back if it can serve again.
    fn tidy(&self, lane: Self::Lane) -> BoxFuture<'_, Option<Self::Lane>> {
        std::future::ready(Some(lane)).boxed()
    }

    /// Stops what a connection still does; gives the connection back if it can serve again.
    fn recover(&self, lane: Self::Lane) -> BoxFuture<'_, Option<Self::Lane>>;
}

/// The connections to one database.
#[derive(Debug)]
pub(crate) struct Pool<E: Engine> {
    shared: Arc<Shared<E>>,
}

struct Shared<E: Engine> {
    engine: E,
    settings: Settings,
    places: Arc<Semaphore>,
    /// The most recently used last.
    idle: Mutex<Vec<(E::Lane, Instant)>>,
    /// Whether a task waits for idle connections to become old.
    reaping: AtomicBool,
}

impl<E: Engine> std::fmt::Debug for Shared<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("engine", &self.engine).field("free", &self.places.available_permits()).finish()
    }
}

impl<E: Engine> Pool<E> {
    pub(crate) fn new(engine: E, settings: Settings, max_connections: usize) -> Self {
        let places = Arc::new(Semaphore::new(max_connections.max(1)));
        Self {
            shared: Arc::new(Shared { engine, settings, places, idle: Mutex::new(Vec::new()), reaping: AtomicBool::new(false) }),
        }
    }

    pub(crate) fn engine(&self) -> &E {
        &self.shared.engine
    }

    /// Runs a request on a connection of its own until `deadline`.
    pub(crate) async fn execute(&self, request: &Request, deadline: Instant) -> Result<Value, DatabaseError> {
        match self.execute_once(request, deadline).await {
            Err(error) if self.shared.engine.may_run_again(&error) => self.execute_once(request, deadline).await,
            result => result,
        }
    }

    async fn execute_once(&self, request: &Request, deadline: Instant) -> Result<Value, DatabaseError> {
        let until = deadline.min(Instant::now() + self.shared.settings.acquire_timeout);
        let _turn = timeout_at(until.into(), self.shared.engine.turn(request))
            .await
            .map_err(|_| DatabaseError::new(ErrorKind::DatabaseUnavailable, "other requests that write did not end in time"))?;
        let mut lease = self.lease(deadline).await?;
        let until = deadline.min(Instant::now() + self.shared.settings.statement_timeout);
        let Some(lane) = lease.lane.as_mut() else { return Err(DatabaseError::new(ErrorKind::Internal, "no connection")) };
        let Ok(result) = timeout_at(until.into(), self.shared.engine.run(lane, request)).await else {
            return Err(DatabaseError::timeout());
        };
        if matches!(&result, Err(error) if error.leaves_rows_behind()) {
            // The next user of the connection would have to read them first.
            return result;
        }
        lease.end(result.as_ref().err().map(|error| error.kind));
        result
    }

    /// A connection for work that is not a request; [`Lease::end`] must be called.
    pub(crate) async fn lease(&self, deadline: Instant) -> Result<Lease<E>, DatabaseError> {
        let shared = &self.shared;
        let until = deadline.min(Instant::now() + shared.settings.acquire_timeout);
        let place = match Arc::clone(&shared.places).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => match timeout_at(until.into(), Arc::clone(&shared.places).acquire_owned()).await {
                Ok(Ok(place)) => place,
                Ok(Err(_)) => return Err(DatabaseError::new(ErrorKind::DatabaseUnavailable, "the database was closed")),
                Err(_) => {
                    return Err(DatabaseError::new(
                        ErrorKind::DatabaseUnavailable,
                        format!("all {} connections to the database are in use", shared.size()),
                    ));
                }
            },
        };
        let mut lease = Lease { shared: Arc::clone(shared), lane: None, place: Some(place) };
        while let Some((mut lane, since)) = shared.take_idle() {
            let idle = since.elapsed();
            if idle > shared.settings.idle_timeout && !shared.engine.must_keep_idle() {
                continue;
            }
            let check = until.min(Instant::now() + CHECK_TIMEOUT);
            if idle <= CHECK_AFTER || matches!(timeout_at(check.into(), shared.engine.is_alive(&mut lane)).await, Ok(true)) {
                lease.lane = Some(lane);
                return Ok(lease);
            }
        }
        let until = deadline.min(Instant::now() + shared.settings.connect_timeout);
        match timeout_at(until.into(), shared.engine.connect()).await {
            Ok(lane) => lease.lane = Some(lane?),
            Err(_) => return Err(DatabaseError::new(ErrorKind::DatabaseUnavailable, "connecting to the database timed out")),
        }
        Ok(lease)
    }

    /// Lets nobody in any more, waits for what runs and closes the connections.
    pub(crate) async fn close(&self) {
        let size = u32::try_from(self.shared.size()).unwrap_or(u32::MAX);
        let _all = self.shared.places.acquire_many(size).await;
        self.shared.places.close();
        self.shared.idle().clear();
    }
}

impl<E: Engine> Shared<E> {
    fn size(&self) -> usize {
        // The settings hold what was asked for; a database in memory has one place all the same.
        self.settings.max_connections.max(1)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(E::Lane, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_idle(&self) -> Option<(E::Lane, Instant)> {
        self.idle().pop()
    }

    /// Keeps a connection until nobody needed it for long.
    fn keep(self: &Arc<Self>, lane: E::Lane) {
        self.idle().push((lane, Instant::now()));
        if self.engine.must_keep_idle() || self.reaping.swap(true, Ordering::AcqRel) {
            return;
        }
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(reap(Arc::downgrade(self)))),
            Err(_) => self.reaping.store(false, Ordering::Release),
        }
    }

    /// Closes what nobody needed for long; how long it is until the next connection is old.
    fn close_old(&self) -> Option<Duration> {
        let mut idle = self.idle();
        let fresh = idle.iter().position(|(_, since)| since.elapsed() < self.settings.idle_timeout).unwrap_or(idle.len());
        let old: Vec<_> = idle.drain(..fresh).collect();
        let next = idle.first().map(|(_, since)| self.settings.idle_timeout.saturating_sub(since.elapsed()));
        if next.is_none() {
            // Who keeps a connection from here on begins anew.
            self.reaping.store(false, Ordering::Release);
        }
        drop(idle);
        drop(old);
        next
    }
}

/// Closes idle connections when their time is over, until there are none. Holds no pool that nobody else holds.
async fn reap<E: Engine>(shared: Weak<Shared<E>>) {
    while let Some(next) = shared.upgrade().and_then(|shared| shared.close_old()) {
        tokio::time::sleep(next).await;
    }
}

/// A connection in use. Dropped before its [`Lease::end`], its work is cancelled.
pub(crate) struct Lease<E: Engine> {
    shared: Arc<Shared<E>>,
    pub(crate) lane: Option<E::Lane>,
    place: Option<OwnedSemaphorePermit>,
}

impl<E: Engine> Lease<E> {
    /// The work is done, well or with an error that the engine itself saw.
    pub(crate) fn end(mut self, failed: Option<ErrorKind>) {
        let Some(lane) = self.lane.take() else { return };
        if !self.shared.engine.is_reusable(&lane, failed) {
            return;
        }
        if self.shared.engine.is_untidy(&lane) {
            self.spawn(lane, |shared, lane| shared.engine.tidy(lane));
        } else {
            self.shared.keep(lane);
        }
    }

    /// Works on the connection apart from any request; only then its place is free again.
    fn spawn(
        &mut self,
        lane: E::Lane,
        work: impl FnOnce(&Shared<E>, E::Lane) -> BoxFuture<'_, Option<E::Lane>> + Send + 'static,
    ) {
        let (shared, place) = (Arc::clone(&self.shared), self.place.take());
        // Without a runtime, at its very end, the connection is only closed.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if let Some(lane) = work(&shared, lane).await
                && shared.engine.is_reusable(&lane, None)
            {
                shared.keep(lane);
            }
            drop(place);
        });
    }
}

impl<E: Engine> Drop for Lease<E> {
    fn drop(&mut self) {
        if let Some(lane) = self.lane.take() {
            self.spawn(lane, |shared, lane| shared.engine.recover(lane));
        }
    }
}
