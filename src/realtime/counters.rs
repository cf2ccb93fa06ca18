//! What there is to tell of an API's subscribers: logged when the server stops, and what a metrics endpoint will show. Counting costs an addition, wherever it happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use broker::{Broker, State};
use websocket_server::SendError;

/// Why something did not reach a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// The connection was gone, or closing.
    Closed,
    /// The client read too slowly; its connection was closed for it.
    SlowConsumer,
    /// The payload was larger than `payload_limit`; the client got an error instead.
    TooLarge,
    /// The broker could not carry it to the other nodes. Counted for all APIs of this process together.
    Broker,
    /// Another node published it, and it did not arrive here, or was not taken in time. Counted for all APIs of this process together.
    Missed,
    /// Another node's, of a version that cannot be read here.
    Unreadable,
}

impl From<SendError> for Dropped {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Closed => Dropped::Closed,
            SendError::Overflowed => Dropped::SlowConsumer,
        }
    }
}

const REASONS: usize = 6;
/// Latencies are counted by powers of two of a microsecond; the last one has everything above 34 s.
const BUCKETS: usize = 26;

/// The counters of one API.
#[derive(Debug, Default)]
pub struct Counters {
    connections: AtomicU64,
    subscriptions: AtomicU64,
    published: AtomicU64,
    received: AtomicU64,
    matched: AtomicU64,
    delivered: AtomicU64,
    dropped: [AtomicU64; REASONS],
    queued: AtomicU64,
    latency: [AtomicU64; BUCKETS],
    /// Which counts by itself.
    broker: Option<Arc<dyn Broker>>,
}

/// The counters at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Connections that are open.
    pub connections: u64,
    /// Subscriptions that are live.
    pub subscriptions: u64,
    /// Events and invalidations of this process.
    pub published: u64,
    /// Events and invalidations of other nodes.
    pub received: u64,
    /// Pairs of an event and a subscription that it matched.
    pub matched: u64,
    /// Those that were handed to their connection.
    pub delivered: u64,
    /// Those that were not, and what the broker did not carry, by [`Dropped`].
    pub dropped: Vec<(Dropped, u64)>,
    /// Events that wait to be brought to subscribers.
    pub queue_depth: u64,
    /// How many events took at most that many microseconds from publication to their last frame.
    pub latency: Vec<(u64, u64)>,
    /// Whether the broker is connected; `None` without one.
    pub broker_connected: Option<bool>,
    /// Events that wait to be sent to other nodes, of all APIs of this process.
    pub broker_waiting: u64,
}

impl Counters {
    pub(super) fn new(broker: Option<Arc<dyn Broker>>) -> Self {
        Self { broker, ..Self::default() }
    }

    pub(super) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn disconnected(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whoever has an acknowledgement is counted: this is read by mutations that began after it.
    pub(super) fn subscribed(&self) {
        self.subscriptions.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn has_subscriptions(&self) -> bool {
        self.subscriptions.load(Ordering::SeqCst) > 0
    }

    pub(super) fn unsubscribed(&self) {
        self.subscriptions.fetch_sub(1, Ordering::SeqCst);
    }

    pub(super) fn queued(&self) {
        self.published.fetch_add(1, Ordering::Relaxed);
        self.queued.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
        self.queued.fetch_add(1, Ordering::Relaxed);
    }

    /// One event has been brought to all whom it concerned.
    pub(super) fn dispatched(&self, matched: usize, delivered: usize, took: Duration) {
        self.queued.fetch_sub(1, Ordering::Relaxed);
        self.matched.fetch_add(matched as u64, Ordering::Relaxed);
        self.delivered.fetch_add(delivered as u64, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        let bucket = (u64::BITS - (micros - 1).leading_zeros()) as usize;
        self.latency[bucket.min(BUCKETS - 1)].fetch_add(1, Ordering::Relaxed);
    }

    /// Gives how many there were with these.
    pub(super) fn dropped(&self, why: Dropped, count: u64) -> u64 {
        self.dropped[why as usize].fetch_add(count, Ordering::Relaxed) + count
    }

    /// What they are now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let carried = self.broker.as_ref().map(|broker| broker.counters()).unwrap_or_default();
        let lost = carried.lost;
        let dropped = |why| match why {
            Dropped::Broker => lost.overflow + lost.too_large + lost.closed,
            // What was missed and came late was brought to subscribers after all.
            Dropped::Missed => lost.missed.saturating_sub(carried.late) + lost.slow_subscription + lost.malformed,
            Dropped::Closed | Dropped::SlowConsumer | Dropped::TooLarge | Dropped::Unreadable => {
                read(&self.dropped[why as usize])
            }
        };
        let reasons =
            [Dropped::Closed, Dropped::SlowConsumer, Dropped::TooLarge, Dropped::Broker, Dropped::Missed, Dropped::Unreadable];
        Snapshot {
            connections: read(&self.connections),
            subscriptions: read(&self.subscriptions),
            published: read(&self.published),
            received: read(&self.received),
            matched: read(&self.matched),
            delivered: read(&self.delivered),
            dropped: reasons.into_iter().map(|why| (why, dropped(why))).collect(),
            queue_depth: read(&self.queued),
            latency: self.latency.iter().enumerate().map(|(bucket, count)| (1 << bucket, read(count))).collect(),
            broker_connected: self.broker.as_ref().map(|broker| broker.state() == State::Connected),
            broker_waiting: carried.waiting,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_go_to_the_bucket_that_holds_them() {
        let counters = Counters::default();
        for (micros, bucket) in [(0, 1), (1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (1_000, 1_024), (u64::MAX / 2_000, 1 << 25)] {
            counters.queued();
            let before = counters.snapshot().latency;
            counters.dispatched(1, 1, Duration::from_micros(micros));
            let after = counters.snapshot().latency;
            let changed: Vec<u64> =
                before.iter().zip(&after).filter(|(before, after)| before != after).map(|(_, (bound, _))| *bound).collect();
            assert_eq!(changed, [bucket], "{micros}");
        }
        assert_eq!(counters.snapshot().queue_depth, 0);
    }

    #[tokio::test]
    async fn what_a_broker_loses_is_counted_here_too() {
        // Nobody listens on port 1.
        let limits = broker::Limits { outgoing_bytes: 300, ..broker::Limits::default() };
        let broker = broker::connect("nats://127.0.0.1:1", limits).expect("a broker that is down");
        let counters = Counters::new(Some(Arc::clone(&broker)));
        let subject = broker::Subject::new("syncgate.test").expect("a subject");
        for _ in 0..5 {
            broker.publish(&subject, bytes::Bytes::from_static(&[0; 36]));
        }
        let snapshot = counters.snapshot();
        assert!(snapshot.dropped.contains(&(Dropped::Broker, 2)), "{snapshot:?}");
        assert_eq!((snapshot.broker_connected, snapshot.broker_waiting), (Some(false), 3));
        assert_eq!(broker.close(Duration::ZERO).await, 3);
        let snapshot = counters.snapshot();
        assert!(snapshot.dropped.contains(&(Dropped::Broker, 5)), "{snapshot:?}");
        assert!(snapshot.dropped.contains(&(Dropped::Missed, 0)), "{snapshot:?}");
        assert_eq!(Counters::default().snapshot().broker_connected, None);
    }
}
