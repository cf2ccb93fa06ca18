//! What a hub has to bring to subscribers, in order: publications of this process, and those of other nodes.
//!
//! Each source is in order by itself. Between the two, whatever this process had published when an event of another node came goes
//! first: who saw the answer of a mutation here and then made one there is heard in that order here. (Not the other way round: the
//! broker may be slower than any answer.) Neither source can starve the other.
//!
//! Publications of this process make their mutations wait when there are many. Those of other nodes wait in the broker, which has
//! room for so many bytes, and counts and logs what does not fit.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use broker::{Broker, Subject, Subscription};
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::counters::{Counters, Dropped};
use super::message;
use crate::api::Publication;

/// The other nodes that serve the same API.
#[derive(Debug)]
pub struct Peers {
    pub(super) broker: Arc<dyn Broker>,
    /// What the API is called there.
    pub(super) subject: Subject,
    /// What they publish; taken by the hub.
    incoming: Mutex<Option<Subscription>>,
}

impl Peers {
    /// From now on what other nodes publish is kept for the hub.
    #[must_use]
    pub fn join(broker: Arc<dyn Broker>, subject: Subject) -> Self {
        let incoming = Mutex::new(Some(broker.subscribe(&subject)));
        Self { broker, subject, incoming }
    }

    /// Waits until nothing that others publish can be missed any more. May wait for ever: the broker need not be there.
    pub async fn joined(&mut self) {
        if let Some(incoming) = self.incoming.get_mut().unwrap_or_else(PoisonError::into_inner) {
            incoming.active().await;
        }
    }

    /// Whether anybody may be listening.
    pub(super) fn hear(&self) -> bool {
        self.broker.reaches_others(&self.subject)
    }
}

/// A publication on its way.
pub(super) struct Queued {
    pub(super) publication: Publication,
    /// When it was published, or taken from the broker.
    pub(super) at: Instant,
    /// What it counts among those that make mutations wait; nothing when it is another node's.
    pub(super) weight: usize,
}

/// What this process puts into the inbox.
pub(super) enum Entry {
    Publication(Queued),
    /// Is told when everything before it has been brought to its subscribers.
    Flush(oneshot::Sender<()>),
}

impl Entry {
    /// The publication; whoever waits for a flush is told.
    fn into_publication(self) -> Option<Queued> {
        match self {
            Entry::Publication(queued) => Some(queued),
            Entry::Flush(done) => {
                // Whoever waited may have given up.
                let _ = done.send(());
                None
            }
        }
    }
}

/// Both sources.
pub(super) struct Inbox {
    own: mpsc::UnboundedReceiver<Entry>,
    remote: Option<Subscription>,
    /// One of another node, and how many of our own go before it.
    held: Option<(usize, Queued)>,
}

impl Inbox {
    pub(super) fn new(own: mpsc::UnboundedReceiver<Entry>, peers: Option<&Peers>) -> Self {
        let remote = peers.and_then(|peers| peers.incoming.lock().unwrap_or_else(PoisonError::into_inner).take());
        Self { own, remote, held: None }
    }

    /// The next one, to be brought to its subscribers before this is called again. Waits for ever when nothing can come any more.
    pub(super) async fn next(&mut self, api_id: &str, counters: &Counters) -> Queued {
        loop {
            if let Some((before, held)) = self.held.take() {
                if before > 0
                    && let Ok(own) = self.own.try_recv()
                {
                    self.held = Some((before - 1, held));
                    match own.into_publication() {
                        Some(own) => return own,
                        None => continue,
                    }
                }
                return held;
            }
            // Fair: whichever is ready, by chance.
            tokio::select! {
                Some(own) = self.own.recv() => {
                    if let Some(own) = own.into_publication() {
                        return own;
                    }
                }
                Some(message) = next_message(&mut self.remote) => match message::read(&message) {
                    Ok(publication) => {
                        counters.received();
                        self.held = Some((self.own.len(), Queued { publication, at: Instant::now(), weight: 0 }));
                    }
                    Err(reason) => unreadable(api_id, counters, &reason),
                },
                else => std::future::pending().await,
            }
        }
    }
}

/// The next message of other nodes, if there are any.
async fn next_message(remote: &mut Option<Subscription>) -> Option<Bytes> {
    match remote {
        Some(remote) => remote.next().await,
        None => std::future::pending().await,
    }
}

/// Another version may speak otherwise, at length: only every doubling is logged.
fn unreadable(api_id: &str, counters: &Counters, reason: &str) {
    let count = counters.dropped(Dropped::Unreadable, 1);
    if count.is_power_of_two() {
        tracing::warn!(api = api_id, count, reason, "a message of another node cannot be read; is it of another version?");
    }
}

#[cfg(test)]
mod tests {
    use broker::{Exchange, Limits};
    use value::{Str, Value};

    use super::*;
    use crate::execution::event::Event;

    fn event(mutation: &str) -> Publication {
        Publication::Event(Event { mutation: Str::from(mutation), value: Value::Null })
    }

    fn name(queued: &Queued) -> &str {
        match &queued.publication {
            Publication::Event(event) => &event.mutation,
            Publication::Invalidation { subscription, .. } => subscription,
        }
    }

    #[tokio::test]
    async fn what_was_published_here_before_goes_before_what_comes_from_elsewhere() {
        let exchange = Exchange::new();
        let (here, there) = (exchange.join(Limits::default()), exchange.join(Limits::default()));
        let subject = Subject::new("syncgate.test").expect("a subject");
        let peers = Peers::join(here, subject.clone());
        let (queue, own) = mpsc::unbounded_channel();
        let mut inbox = Inbox::new(own, Some(&peers));
        let counters = Counters::default();
        // The choice between two that are ready is made by chance.
        for round in 0..100 {
            for number in 0..5 {
                let publication = event(&format!("own{number}"));
                queue
                    .send(Entry::Publication(Queued { publication, at: Instant::now(), weight: 1 }))
                    .unwrap_or_else(|_| panic!("a receiver"));
                counters.queued();
            }
            let (done, mut flushed) = oneshot::channel();
            queue.send(Entry::Flush(done)).unwrap_or_else(|_| panic!("a receiver"));
            there.publish(&subject, Bytes::from_static(b"of another version"));
            there.publish(&subject, message::write(&event("remote")));
            let mut order = Vec::new();
            for _ in 0..6 {
                let next = inbox.next("test", &counters).await;
                counters.dispatched(0, 0, next.at.elapsed());
                order.push(name(&next).to_owned());
            }
            assert_eq!(flushed.try_recv(), Ok(()), "round {round}");
            assert_eq!(order, ["own0", "own1", "own2", "own3", "own4", "remote"], "round {round}");
        }
        let counters = counters.snapshot();
        assert_eq!((counters.received, counters.published, counters.queue_depth), (100, 500, 0));
        assert!(counters.dropped.contains(&(Dropped::Unreadable, 100)), "{counters:?}");
    }

    #[tokio::test]
    async fn a_broker_that_is_closed_leaves_what_is_published_here() {
        let here = Exchange::new().join(Limits::default());
        let peers = Peers::join(Arc::clone(&here), Subject::new("syncgate.test").expect("a subject"));
        let (queue, own) = mpsc::unbounded_channel();
        let mut inbox = Inbox::new(own, Some(&peers));
        here.close(std::time::Duration::ZERO).await;
        for number in 0..10 {
            let publication = event(&format!("own{number}"));
            queue
                .send(Entry::Publication(Queued { publication, at: Instant::now(), weight: 1 }))
                .unwrap_or_else(|_| panic!("a receiver"));
            assert_eq!(name(&inbox.next("test", &Counters::default()).await), format!("own{number}"));
        }
    }
}
