//! The receiving end: events of other nodes wait here for the one who takes them.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::sync::watch;

/// Room that an empty queue keeps; what a burst needed beyond it is given back.
const KEPT: usize = 64;

/// The events that other nodes publish on one subject, each once. An idle one owns no buffer.
pub struct Subscription {
    queue: Arc<Queue>,
    leave: Option<Leave>,
}

/// Takes the queue from where events come.
type Leave = Box<dyn FnOnce(&Arc<Queue>) + Send + Sync>;

impl Subscription {
    pub(crate) fn new(queue: Arc<Queue>, leave: impl FnOnce(&Arc<Queue>) + Send + Sync + 'static) -> Self {
        Self { queue, leave: Some(Box::new(leave)) }
    }

    /// The next event; `None` once the broker was closed and everything before was taken. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Bytes> {
        std::future::poll_fn(|context| self.queue.poll(context)).await
    }

    /// Waits until the broker has the subscription for the first time: what is published from then on is received. May wait for ever
    /// while the broker is down.
    pub async fn active(&self) {
        // The sender lives in the queue, which lives.
        let _ = self.queue.active.subscribe().wait_for(|active| *active).await;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(leave) = self.leave.take() {
            leave(&self.queue);
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

pub(crate) struct Queue {
    inner: Mutex<Inner>,
    active: watch::Sender<bool>,
    max_bytes: usize,
}

#[derive(Default)]
struct Inner {
    events: VecDeque<Bytes>,
    bytes: usize,
    waker: Option<Waker>,
    closed: bool,
}

impl Queue {
    pub(crate) fn new(max_bytes: usize) -> Arc<Self> {
        Arc::new(Self { inner: Mutex::default(), active: watch::Sender::new(false), max_bytes })
    }

    pub(crate) fn activate(&self) {
        self.active.send_if_modified(|active| !std::mem::replace(active, true));
    }

    /// Whether the event was taken: not where more waits than is allowed. One event is always taken, whatever its size.
    pub(crate) fn push(&self, event: Bytes) -> bool {
        let mut inner = self.lock();
        let cost = cost(&event);
        if inner.closed || (!inner.events.is_empty() && inner.bytes + cost > self.max_bytes) {
            return false;
        }
        inner.bytes += cost;
        inner.events.push_back(event);
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    pub(crate) fn close(&self) {
        let waker = {
            let mut inner = self.lock();
            inner.closed = true;
            inner.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn poll(&self, context: &Context<'_>) -> Poll<Option<Bytes>> {
        let mut inner = self.lock();
        if let Some(event) = inner.events.pop_front() {
            inner.bytes -= cost(&event);
            if inner.events.is_empty() && inner.events.capacity() > KEPT {
                inner.events = VecDeque::new();
            }
            return Poll::Ready(Some(event));
        }
        if inner.closed {
            return Poll::Ready(None);
        }
        if !inner.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            inner.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a waiting event takes, with its place in the queue.
pub(crate) fn cost(event: &Bytes) -> usize {
    event.len() + 64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(queue: &Queue) -> Poll<Option<Bytes>> {
        queue.poll(&Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_full_queue_refuses_and_takes_again_when_it_has_room() {
        let queue = Queue::new(300);
        let event = |byte: u8| Bytes::from(vec![byte; 100]);
        assert!(queue.push(Bytes::from(vec![0; 1000])), "one is always taken");
        assert!(!queue.push(event(1)));
        assert_eq!(take(&queue), Poll::Ready(Some(Bytes::from(vec![0; 1000]))));
        assert!(queue.push(event(1)));
        assert!(!queue.push(event(2)));
        assert_eq!(take(&queue), Poll::Ready(Some(event(1))));
        assert_eq!(take(&queue), Poll::Pending);
    }

    #[test]
    fn a_closed_queue_gives_what_waits_and_ends() {
        let queue = Queue::new(300);
        assert!(queue.push(Bytes::from_static(b"a")));
        queue.close();
        assert!(!queue.push(Bytes::from_static(b"b")));
        assert_eq!(take(&queue), Poll::Ready(Some(Bytes::from_static(b"a"))));
        assert_eq!(take(&queue), Poll::Ready(None));
    }

    #[test]
    fn an_empty_queue_keeps_no_large_buffer() {
        let queue = Queue::new(usize::MAX);
        assert_eq!(queue.lock().events.capacity(), 0);
        for _ in 0..1000 {
            queue.push(Bytes::new());
        }
        while take(&queue).is_ready() {}
        assert!(queue.lock().events.capacity() <= KEPT);
    }
}
