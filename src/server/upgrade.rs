//! Connections that stop speaking HTTP: a request's handler leaves behind what its connection becomes, answers `101 Switching
//! Protocols`, and the connection goes on as that.
//!
//! It does so in the task that it has been served in from the start. The listener owns that task: the connection keeps its place
//! among `max_connections` for as long as it lives, a shutdown waits for it within the grace and then cuts it off.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::io::Io;
use super::stall::StallGuard;
use super::stopping::Stopping;

/// A connection after HTTP.
#[derive(Debug)]
pub(crate) struct Upgraded {
    /// The stream itself. Nothing bounds its reads and writes any more: a quiet WebSocket is no stalled answer.
    pub(crate) io: Io,
    /// What the client had already sent behind its request.
    pub(crate) read_ahead: Bytes,
    /// The signal that the server stops. Who does not end by itself then is cut off at the end of the grace.
    pub(crate) stopping: Stopping,
}

type Run = Box<dyn FnOnce(Upgraded) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// Where the handler of a request leaves what its connection becomes.
#[derive(Clone, Default)]
pub(super) struct Switch(Arc<Mutex<Option<(OnUpgrade, Run)>>>);

impl Switch {
    /// Has `run` called with the connection once the answer to this request is sent, which must be a 101. What `run` gives is the
    /// rest of the connection's life; to drop it is to end it. `false` when the request does not ask for another protocol.
    #[must_use]
    pub(super) fn arm<F>(&self, parts: &mut Parts, run: impl FnOnce(Upgraded) -> F + Send + 'static) -> bool
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Some(upgrade) = parts.extensions.remove::<OnUpgrade>() else { return false };
        let run: Run = Box::new(|upgraded| Box::pin(run(upgraded)));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((upgrade, run));
        true
    }

    /// The connection as what it has become, if its HTTP part ended with a 101.
    pub(super) async fn take(&self, stopping: Stopping) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let (upgrade, run) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        // Decided by now: hyper settles it before its connection ends.
        let upgraded = upgrade.await.ok()?;
        let parts = upgraded.downcast::<TokioIo<StallGuard<Io>>>().expect("the listener serves no other stream");
        // A copy, so that the buffer of the HTTP part goes with it.
        let read_ahead = Bytes::copy_from_slice(&parts.read_buf);
        Some(run(Upgraded { io: parts.io.into_inner().into_inner(), read_ahead, stopping }))
    }
}
