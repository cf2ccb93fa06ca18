//! The listener: accepts connections within a bound, serves each in a task it owns, and stops gracefully.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};

use super::connection;
use super::disconnect::Lease;
use super::dynamodb::{self, TablesEndpoint};
use super::evaluation::{self, EvaluationCaller};
use super::event_bus;
use super::lambda::{self, FunctionsEndpoint};
use super::routes::Routes;
use super::service::{Entrance, Peer, Shared};
use super::stopping;
use super::upgrade::Switch;
use super::{Execute, Mode, ServedApi, Settings, Tls, upstream, user_pools};
use crate::api::Api;
use crate::event_bus::EventBuses;
use crate::user_pool::LocalUserPools;

/// A server that listens.
pub struct Server<E = Api> {
    listener: TcpListener,
    local_addr: SocketAddr,
    /// The DynamoDB endpoint's own port.
    tables: Option<TcpListener>,
    shared: Shared<E>,
}

/// Why a server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Two APIs claim the same name.
    #[error("{0}")]
    Routes(String),
    /// The address cannot be had.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

impl<E: Execute> Server<E> {
    /// Listens as `settings` say. Connections wait in the system's backlog until [`Server::run`].
    ///
    /// # Errors
    /// [`BindError`] when the address is taken, or two APIs claim one id or host.
    pub async fn bind(settings: Settings, apis: Vec<ServedApi<E>>) -> Result<Self, BindError> {
        let routes = Routes::new(apis).map_err(BindError::Routes)?;
        let (listener, local_addr) = listen(SocketAddr::new(settings.host, settings.port)).await?;
        let places = settings.realtime.max_connections.unwrap_or(settings.max_connections / 5 * 4);
        let websockets = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        let pages = (settings.mode == Mode::Development && local_addr.ip().is_loopback()).then(upstream::router);
        Ok(Self {
            listener,
            local_addr,
            tables: None,
            shared: Shared {
                routes,
                settings,
                pages,
                tables: None,
                functions: None,
                events: None,
                evaluation: None,
                user_pools: None,
                websockets,
                tls: None,
            },
        })
    }

    /// Adds the DynamoDB endpoint. In production, and beyond this machine, it exists only with credentials; without any this does
    /// nothing, see [`Self::has_tables`].
    ///
    /// # Errors
    /// [`BindError`] when its port is taken.
    pub async fn with_tables(mut self, tables: TablesEndpoint) -> Result<Self, BindError> {
        let Shared { settings, .. } = &self.shared;
        let port = tables.port;
        let Some(endpoint) = dynamodb::Endpoint::new(tables, settings.mode, self.local_addr.ip().is_loopback()) else {
            return Ok(self);
        };
        if let Some(port) = port {
            self.tables = Some(listen(SocketAddr::new(settings.host, port)).await?.0);
        }
        self.shared.tables = Some(endpoint);
        Ok(self)
    }

    /// Adds the Lambda endpoint. In production, and beyond this machine, it exists only with credentials; without any this does
    /// nothing, see [`Self::has_functions`].
    #[must_use]
    pub fn with_functions(mut self, functions: FunctionsEndpoint) -> Self {
        let loopback = self.local_addr.ip().is_loopback();
        self.shared.functions = lambda::Endpoint::new(functions, self.shared.settings.mode, loopback);
        self
    }

    /// Whether the Lambda endpoint is served.
    #[must_use]
    pub fn has_functions(&self) -> bool {
        self.shared.functions.is_some()
    }

    /// Adds the EventBridge endpoint, in development on a loopback address; elsewhere this does nothing.
    #[must_use]
    pub fn with_events(mut self, buses: Arc<EventBuses>) -> Self {
        let loopback = self.local_addr.ip().is_loopback();
        self.shared.events = event_bus::Endpoint::new(buses, self.shared.settings.mode, loopback);
        self
    }

    /// Adds the endpoint of `EvaluateCode` and `EvaluateMappingTemplate`. In production, and beyond this machine, it exists only for
    /// `callers`; without any this does nothing there.
    #[must_use]
    pub fn with_evaluation(mut self, callers: Vec<EvaluationCaller>) -> Self {
        let loopback = self.local_addr.ip().is_loopback();
        self.shared.evaluation = evaluation::Endpoint::new(callers, self.shared.settings.mode, loopback);
        self
    }

    /// Adds the Cognito endpoint, in development on a loopback address; elsewhere this does nothing.
    #[must_use]
    pub fn with_user_pools(mut self, pools: Arc<LocalUserPools>) -> Self {
        let loopback = self.local_addr.ip().is_loopback();
        self.shared.user_pools = user_pools::Endpoint::new(pools, self.shared.settings.mode, loopback);
        self
    }

    /// Serves clients that speak TLS as well, on every port.
    #[must_use]
    pub fn with_tls(mut self, tls: Option<Tls>) -> Self {
        self.shared.tls = tls;
        self
    }

    /// Whether the Cognito endpoint is served.
    #[must_use]
    pub fn has_user_pools(&self) -> bool {
        self.shared.user_pools.is_some()
    }

    /// Whether the EventBridge endpoint is served.
    #[must_use]
    pub fn has_events(&self) -> bool {
        self.shared.events.is_some()
    }

    /// The address of the DynamoDB endpoint's own port.
    #[must_use]
    pub fn tables_addr(&self) -> Option<SocketAddr> {
        self.tables.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Whether the DynamoDB endpoint is served.
    #[must_use]
    pub fn has_tables(&self) -> bool {
        self.shared.tables.is_some()
    }

    /// Where the server listens; the port that was given for port 0.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until `shutdown` is done, then lets requests in flight finish within the configured grace.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let Self { listener, local_addr, tables, shared } = self;
        let shared = Arc::new(shared);
        let places = shared.settings.max_connections.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        let semaphore = Arc::new(Semaphore::new(places));
        let stopped = Arc::new(AtomicBool::new(false));
        let (stop, stopping) = stopping::channel();
        let mut connections = JoinSet::new();
        // Ends with this function: events go on while connections finish.
        let mut hubs = JoinSet::new();
        for hub in shared.routes.hubs() {
            hubs.spawn(hub.run());
        }
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = async {
                let place = Arc::clone(&semaphore).acquire_owned().await.expect("the semaphore is never closed");
                let (accepted, entrance) = tokio::select! {
                    accepted = accept(&listener) => (accepted, Entrance::Main),
                    accepted = accept_if(tables.as_ref()) => (accepted, Entrance::Tables),
                };
                (place, accepted, entrance)
            };
            let (place, (socket, address), entrance) = tokio::select! {
                () = &mut shutdown => break,
                Some(ended) = connections.join_next() => {
                    report(ended);
                    continue;
                }
                accepted = accepted => accepted,
            };
            let lease = Lease { _place: Arc::new(place), stopped: Arc::clone(&stopped) };
            let peer = Peer { address, lease, entrance, secure: false, switch: Switch::default() };
            connections.spawn(connection::serve(socket, Arc::clone(&shared), peer, stopping.clone()));
        }
        drop((listener, tables));
        let grace = shared.settings.shutdown_grace;
        tracing::info!(address = %local_addr, connections = connections.len(), "stopping");
        let finished = async {
            // Who is answered before the stop is heard before it, too.
            for hub in shared.routes.hubs() {
                hub.flush().await;
            }
            stop.send();
            while let Some(ended) = connections.join_next().await {
                report(ended);
            }
            // Operations that outlived their connections hold places.
            let places = u32::try_from(places).unwrap_or(u32::MAX);
            let _ = semaphore.acquire_many(places).await;
        };
        if tokio::time::timeout(grace, finished).await.is_err() {
            tracing::warn!(
                connections = connections.len(),
                grace_ms = grace.as_millis(),
                "connections were cut off at the end of the grace"
            );
            stopped.store(true, Ordering::Release);
            connections.shutdown().await;
        }
        for hub in shared.routes.hubs() {
            hub.flush().await;
            hub.log_counters();
        }
        // What they hold is let go before this returns: tables are closed with the last of them.
        hubs.shutdown().await;
    }
}

/// Opens a listener; port 0 takes a free one.
async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), BindError> {
    let listen = async {
        let listener = TcpListener::bind(address).await?;
        let local_addr = listener.local_addr()?;
        Ok((listener, local_addr))
    };
    listen.await.map_err(|source| BindError::Listen { address, source })
}

/// The next connection of a listener that need not be there.
async fn accept_if(listener: Option<&TcpListener>) -> (TcpStream, SocketAddr) {
    match listener {
        Some(listener) => accept(listener).await,
        None => std::future::pending().await,
    }
}

/// The next connection. Running out of file descriptors, and clients that are gone before they are accepted, must not end the
/// server; a pause keeps a lasting error from spinning.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    let mut pause = Duration::from_millis(1);
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(1));
            }
        }
    }
}

/// A connection's task ends by itself; what ends it otherwise is a bug worth a line.
fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection panicked");
    }
}
