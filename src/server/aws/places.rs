//! Places for requests with large bodies, which bound what they hold in memory together.
//!
//! A body has to be read before its signature can be verified, so whoever knows an access key id can make us read one. While a body
//! arrives, its place is therefore only lent: when all places are taken, the slowest body that has had its place for a while makes
//! room for a request that came in faster. Senders that stall cannot keep the others out.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// How many requests with a large body are held in memory at a time; further ones wait.
pub(in crate::server) const LARGE_BODIES: usize = 16;

/// How long a body has its place in any case. A body that flows is complete by then.
const GRACE: Duration = Duration::from_secs(1);

/// How often one that waits looks for a body that has to make room.
const LOOK: Duration = Duration::from_millis(100);

/// How many times slower a body must be than the one it makes room for.
const SLOWER: f64 = 2.0;

/// The place of a body that is complete, until this is dropped.
pub(in crate::server) type Place = OwnedSemaphorePermit;

/// The places of an endpoint.
#[derive(Debug)]
pub(in crate::server) struct Places {
    free: Arc<Semaphore>,
    lent: Mutex<Vec<Lent>>,
}

/// A place whose body is still arriving.
#[derive(Debug)]
struct Lent {
    place: Place,
    since: Instant,
    /// What has arrived since.
    bytes: u64,
    lost: Arc<Notify>,
}

impl Lent {
    fn rate(&self) -> f64 {
        rate(self.bytes, self.since.elapsed())
    }
}

/// Bytes in a second.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
pub(in crate::server) fn rate(bytes: u64, time: Duration) -> f64 {
    bytes as f64 / time.as_secs_f64().max(0.001)
}

/// The end of a time that begins now, however long it is said to be.
pub(in crate::server) fn deadline(time: Duration) -> Instant {
    const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
    Instant::now() + time.min(LONGEST)
}

impl Places {
    pub(in crate::server) fn new() -> Self {
        Self { free: Arc::new(Semaphore::new(LARGE_BODIES)), lent: Mutex::default() }
    }

    /// A place for a complete body, which goes before those that are arriving; `None` when none became free in `time`.
    pub(in crate::server) async fn take(&self, time: Duration) -> Option<Place> {
        self.take_at(f64::INFINITY, time).await
    }

    /// A place for a body that has arrived at `rate` so far; `None` when none became free in `time`.
    pub(in crate::server) async fn lend(&self, rate: f64, time: Duration) -> Option<Loan<'_>> {
        let place = self.take_at(rate, time).await?;
        let lost = Arc::new(Notify::new());
        self.lent().push(Lent { place, since: Instant::now(), bytes: 0, lost: Arc::clone(&lost) });
        Some(Loan { places: self, lost })
    }

    async fn take_at(&self, rate: f64, time: Duration) -> Option<Place> {
        let deadline = deadline(time);
        let mut free = pin!(Arc::clone(&self.free).acquire_owned());
        loop {
            // In turn as places become free.
            let next_look = deadline.min(Instant::now() + LOOK);
            if let Ok(place) = tokio::time::timeout_at(next_look, free.as_mut()).await {
                return place.ok();
            }
            if let Some(place) = self.take_from_slowest(rate) {
                return Some(place);
            }
            if Instant::now() >= deadline {
                return None;
            }
        }
    }

    fn take_from_slowest(&self, rate: f64) -> Option<Place> {
        let mut lent = self.lent();
        let old = lent.iter().enumerate().filter(|(_, lent)| lent.since.elapsed() >= GRACE);
        let (at, slowest) = old.map(|(at, lent)| (at, lent.rate())).min_by(|a, b| a.1.total_cmp(&b.1))?;
        if slowest * SLOWER >= rate {
            return None;
        }
        let Lent { place, lost, .. } = lent.swap_remove(at);
        lost.notify_one();
        Some(place)
    }

    fn lent(&self) -> MutexGuard<'_, Vec<Lent>> {
        self.lent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place that is lent to a body while it arrives.
pub(in crate::server) struct Loan<'a> {
    places: &'a Places,
    lost: Arc<Notify>,
}

impl Loan<'_> {
    /// Tells that so much has arrived.
    pub(in crate::server) fn add(&self, bytes: u64) {
        if let Some(lent) = self.places.lent().iter_mut().find(|lent| Arc::ptr_eq(&lent.lost, &self.lost)) {
            lent.bytes += bytes;
        }
    }

    /// Ends when the place is lost to a faster body.
    pub(in crate::server) async fn lost(&self) {
        self.lost.notified().await;
    }

    /// Keeps the place, as the body is complete; `None` if it is lost already.
    pub(in crate::server) fn keep(self) -> Option<Place> {
        self.end()
    }

    fn end(&self) -> Option<Place> {
        let mut lent = self.places.lent();
        let at = lent.iter().position(|lent| Arc::ptr_eq(&lent.lost, &self.lost))?;
        Some(lent.swap_remove(at).place)
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        drop(self.end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(150);

    #[tokio::test]
    async fn the_slowest_body_makes_room() {
        let places = Places::new();
        let mut loans = Vec::new();
        for _ in 0..LARGE_BODIES {
            loans.push(places.lend(1e6, SHORT).await.expect("a free place"));
        }
        assert!(places.take(SHORT).await.is_none(), "all have had their place for a moment only");
        tokio::time::sleep(GRACE).await;
        for (at, loan) in loans.iter().enumerate() {
            loan.add(if at == 7 { 1 << 10 } else { 1 << 30 });
        }
        assert!(places.lend(500.0, SHORT).await.is_none(), "one that is slower waits");
        let faster = places.lend(1e6, SHORT).await.expect("the place of the slowest");
        loans[7].lost().await;
        assert!(loans.remove(7).keep().is_none());
        let kept: Vec<_> = loans.into_iter().map(|loan| loan.keep().expect("a place")).collect();
        tokio::time::sleep(GRACE).await;
        let taken = places.take(SHORT).await.expect("the place of the one that is still arriving");
        assert!(faster.keep().is_none());
        assert!(places.take(SHORT).await.is_none(), "complete bodies keep their places");
        drop((taken, kept));
        assert_eq!(places.free.available_permits(), LARGE_BODIES);
    }
}
