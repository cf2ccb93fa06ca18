//! What becomes of an operation whose client goes away. A query is dropped with its connection, nobody will read it; a mutation
//! runs to its end, as on AppSync: half of its writes would be worse than all of them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

/// What the operations of one connection hold on to.
#[derive(Clone, Debug)]
pub(super) struct Lease {
    /// The place of the connection. An operation that outlives its connection keeps it, so that clients which come, ask and go
    /// cannot pile up work beyond the number of connections, and a shutdown waits for it.
    pub(super) _place: Arc<OwnedSemaphorePermit>,
    /// Set when the time for finishing has passed.
    pub(super) stopped: Arc<AtomicBool>,
}

/// An operation that is finished in the background when it is dropped early.
pub(super) struct Finish<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    operation: Option<Pin<Box<F>>>,
    /// Whether the operation may change something.
    writes: bool,
    lease: Lease,
}

impl<F> Finish<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    pub(super) fn new(operation: F, document: &str, lease: Lease) -> Self {
        // A document without this word has no mutation in it; one with it may have, and is finished to be safe.
        Self { operation: Some(Box::pin(operation)), writes: document.contains("mutation"), lease }
    }
}

impl<F> Future for Finish<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let operation = self.operation.as_mut().expect("a future is not polled after it is ready");
        let polled = operation.as_mut().poll(context);
        if polled.is_ready() {
            self.operation = None;
        }
        polled
    }
}

impl<F> Drop for Finish<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn drop(&mut self) {
        let Some(operation) = self.operation.take().filter(|_| self.writes) else { return };
        if self.lease.stopped.load(Ordering::Acquire) {
            tracing::warn!("a mutation was cut off by the shutdown");
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let lease = self.lease.clone();
            runtime.spawn(async move {
                operation.await;
                drop(lease);
            });
        }
    }
}
