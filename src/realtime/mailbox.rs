//! What a connection's task is told by others: subscriptions that end from the server's side.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use super::subscriber::End;

/// The ends that a connection has not heard of yet. Each subscription ends once, so there are never more than it has of them.
#[derive(Debug)]
pub(super) struct Mailbox<K> {
    ended: Mutex<Vec<(K, End)>>,
    news: Notify,
}

impl<K> Default for Mailbox<K> {
    fn default() -> Self {
        Self { ended: Mutex::default(), news: Notify::new() }
    }
}

impl<K> Mailbox<K> {
    pub(super) fn put(&self, key: K, end: End) {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).push((key, end));
        self.news.notify_one();
    }

    /// Waits until there is something. Nothing is lost when the future is dropped.
    pub(super) async fn next(&self) -> Vec<(K, End)> {
        loop {
            let ended = std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner));
            if !ended.is_empty() {
                return ended;
            }
            self.news.notified().await;
        }
    }
}
