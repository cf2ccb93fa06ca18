//! What waits to be sent: bounded, in order, kept until the broker has it.
//!
//! Events are numbered when they are published. What was handed to a connection stays at the front until the broker confirms it; when the
//! connection breaks before, it is sent again on the next one, and those who have it know its number. So are the last events that were
//! confirmed: a server that died may have had them and not passed them on. Where more waits than is allowed, the oldest unsent one goes:
//! for who looks at a screen, the newest event is worth most.

use std::collections::{BTreeSet, HashMap, VecDeque};

use bytes::Bytes;

use crate::envelope::{Envelope, HEAD, Kind, NodeId};
use crate::subject::Subject;
use crate::subscription::cost;

/// Most events of one batch, and most bytes; one event may be larger.
const BATCH_EVENTS: usize = 256;
const BATCH_BYTES: usize = 256 * 1024;
/// No further batch is handed out while so much is unconfirmed.
const WINDOW_EVENTS: usize = 4096;
const WINDOW_BYTES: usize = 2 * 1024 * 1024;
/// How much of what was confirmed is kept for the next connection.
const HISTORY_EVENTS: usize = 1024;
const HISTORY_BYTES: usize = 256 * 1024;
/// Room that an empty outbox keeps.
const KEPT: usize = 1024;

/// Messages that go out together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) messages: Vec<(Subject, Bytes)>,
    /// How many of them are events, to be confirmed.
    pub(crate) events: usize,
    /// Events that were dropped instead, for the server would not take them.
    pub(crate) refused: Vec<Subject>,
}

#[derive(Debug)]
pub(crate) struct Outbox {
    node: NodeId,
    max_bytes: usize,
    max_message: usize,
    events: VecDeque<Waiting>,
    bytes: usize,
    /// The first so many were handed out and are not confirmed.
    sent: usize,
    sent_bytes: usize,
    /// The last ones that were confirmed on this connection.
    history: VecDeque<Waiting>,
    history_bytes: usize,
    /// The first so many are history of the connection before.
    again: usize,
    last: HashMap<Subject, u64>,
    /// Hellos and beacons to send first.
    controls: BTreeSet<(Subject, Kind)>,
}

#[derive(Debug)]
struct Waiting {
    subject: Subject,
    sequence: u64,
    payload: Bytes,
}

impl Waiting {
    fn cost(&self) -> usize {
        cost(&self.payload)
    }
}

impl Outbox {
    pub(crate) fn new(node: NodeId, max_bytes: usize) -> Self {
        Self {
            node,
            max_bytes,
            max_message: usize::MAX,
            events: VecDeque::new(),
            bytes: 0,
            sent: 0,
            sent_bytes: 0,
            history: VecDeque::new(),
            history_bytes: 0,
            again: 0,
            last: HashMap::new(),
            controls: BTreeSet::new(),
        }
    }

    /// Takes an event, and says of which subjects one was dropped for it. Each dropped one leaves a gap in the numbers, for those who
    /// wait for it to count.
    pub(crate) fn push(&mut self, subject: &Subject, payload: Bytes) -> Vec<Subject> {
        let sequence = self.last.entry(subject.clone()).and_modify(|last| *last += 1).or_insert(1);
        let event = Waiting { subject: subject.clone(), sequence: *sequence, payload };
        let mut dropped = Vec::new();
        while self.bytes + event.cost() > self.max_bytes {
            // What was sent may have arrived: it is not dropped before it is known.
            let Some(oldest) = self.drop_unsent() else {
                dropped.push(event.subject);
                return dropped;
            };
            dropped.extend(oldest);
        }
        self.bytes += event.cost();
        self.events.push_back(event);
        dropped
    }

    /// Asks for a hello or a beacon on this subject. One waits at most.
    pub(crate) fn control(&mut self, subject: &Subject, kind: Kind) {
        self.controls.insert((subject.clone(), kind));
    }

    /// What is to be sent next: nothing where nothing waits, or where too much is unconfirmed.
    pub(crate) fn batch(&mut self) -> Batch {
        let mut batch = Batch::default();
        let mut bytes = 0;
        while batch.events < BATCH_EVENTS && self.sent < WINDOW_EVENTS && self.sent_bytes < WINDOW_BYTES {
            let Some(event) = self.events.get(self.sent) else { break };
            if HEAD + event.payload.len() > self.max_message {
                if let Some(event) = self.drop_unsent() {
                    batch.refused.extend(event);
                }
                continue;
            }
            if bytes > 0 && bytes + event.cost() > BATCH_BYTES {
                break;
            }
            bytes += event.cost();
            let kind = if self.sent < self.again { Kind::Again } else { Kind::Event };
            let envelope = Envelope { kind, node: self.node, sequence: event.sequence, payload: event.payload.clone() };
            batch.messages.push((event.subject.clone(), envelope.encode()));
            batch.events += 1;
            self.sent += 1;
            self.sent_bytes += event.cost();
        }
        // A beacon goes after the history: before it, all of that would be missing.
        if self.sent >= self.again {
            for (subject, kind) in std::mem::take(&mut self.controls) {
                let sequence = if kind == Kind::Beacon { self.settled(&subject) } else { 0 };
                let envelope = Envelope { kind, node: self.node, sequence, payload: Bytes::new() };
                batch.messages.push((subject, envelope.encode()));
            }
        }
        batch
    }

    /// Drops the oldest event that is not on its way. Gives its subject, unless the broker had it before; `None` where there is none.
    fn drop_unsent(&mut self) -> Option<Option<Subject>> {
        let event = self.events.remove(self.sent)?;
        self.bytes -= event.cost();
        if self.sent < self.again {
            self.again -= 1;
            return Some(None);
        }
        Some(Some(event.subject))
    }

    /// The broker has the first so many of what was handed out. Gives how many of them it did not have before.
    pub(crate) fn confirm(&mut self, events: usize) -> usize {
        let events = events.min(self.sent);
        let again = events.min(self.again);
        self.again -= again;
        for event in self.events.drain(..events) {
            let cost = event.cost();
            self.sent_bytes -= cost;
            self.bytes -= cost;
            self.history_bytes += cost;
            self.history.push_back(event);
        }
        self.sent -= events;
        while self.history.len() > HISTORY_EVENTS || self.history_bytes > HISTORY_BYTES {
            self.history_bytes -= self.history.pop_front().map_or(0, |event| event.cost());
        }
        if self.events.is_empty() && self.events.capacity() > KEPT {
            self.events = VecDeque::new();
        }
        events - again
    }

    /// The connection is another one: history and what is unconfirmed go again, and a beacon for each subject.
    pub(crate) fn rewind(&mut self, max_message: usize) {
        self.max_message = max_message;
        self.sent = 0;
        self.sent_bytes = 0;
        self.again += self.history.len();
        self.bytes += std::mem::take(&mut self.history_bytes);
        while let Some(event) = self.history.pop_back() {
            self.events.push_front(event);
        }
        self.controls = self.last.keys().map(|subject| (subject.clone(), Kind::Beacon)).collect();
    }

    /// Throws away what waits, and says how many events that were.
    pub(crate) fn clear(&mut self) -> usize {
        let lost = self.len();
        *self = Self { last: std::mem::take(&mut self.last), ..Self::new(self.node, self.max_bytes) };
        lost
    }

    /// Events that the broker does not have.
    pub(crate) fn len(&self) -> usize {
        self.events.len() - self.again
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The last number of a subject that does not wait here any more, sent or dropped.
    fn settled(&self, subject: &Subject) -> u64 {
        let waiting = self.events.iter().skip(self.again).find(|event| event.subject == *subject);
        waiting.map_or_else(|| self.last.get(subject).copied().unwrap_or(0), |first| first.sequence - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn subject(name: &str) -> Subject {
        Subject::new(name).expect("a subject")
    }

    fn sequences(batch: &Batch) -> Vec<(String, u64)> {
        let sequence = |bytes: &Bytes| Envelope::decode(bytes).expect("an envelope").sequence;
        batch.messages.iter().map(|(subject, bytes)| (subject.to_string(), sequence(bytes))).collect()
    }

    #[test]
    fn what_is_unconfirmed_goes_again_in_order() {
        let mut outbox = Outbox::new(NodeId::new(1), 10_000);
        let (a, b) = (subject("a"), subject("b"));
        for subject in [&a, &b, &a] {
            assert!(outbox.push(subject, Bytes::from_static(b"x")).is_empty());
        }
        let all = [("a".to_owned(), 1), ("b".to_owned(), 1), ("a".to_owned(), 2)];
        assert_eq!(sequences(&outbox.batch()), all);
        assert_eq!(sequences(&outbox.batch()), []);
        assert_eq!(outbox.confirm(1), 1);
        outbox.rewind(usize::MAX);
        assert_eq!(outbox.len(), 2);
        let batch = outbox.batch();
        let kinds: Vec<_> =
            batch.messages.iter().filter_map(|(_, bytes)| Envelope::decode(bytes)).map(|envelope| envelope.kind).collect();
        assert_eq!(kinds, [Kind::Again, Kind::Event, Kind::Event, Kind::Beacon, Kind::Beacon]);
        assert_eq!(sequences(&batch), [&all[..], &[("a".to_owned(), 1), ("b".to_owned(), 0)]].concat());
        assert_eq!(outbox.confirm(2), 1);
        assert_eq!(outbox.confirm(1), 1);
        assert_eq!((outbox.len(), outbox.bytes()), (0, 0));
    }

    #[test]
    fn history_is_bounded_and_is_never_counted_as_lost() {
        let mut outbox = Outbox::new(NodeId::new(1), 200_000);
        let a = subject("a");
        for _ in 0..2_000 {
            assert!(outbox.push(&a, Bytes::new()).is_empty());
            assert_eq!(outbox.batch().events, 1);
            assert_eq!(outbox.confirm(1), 1);
        }
        assert_eq!((outbox.history.len(), outbox.len()), (HISTORY_EVENTS, 0));
        outbox.rewind(usize::MAX);
        assert_eq!((outbox.again, outbox.len()), (HISTORY_EVENTS, 0));
        assert_eq!(outbox.push(&a, Bytes::from(vec![0; 190_000])), [], "it makes room for what is new");
        assert_eq!((outbox.again < HISTORY_EVENTS, outbox.len()), (true, 1));
        assert_eq!(outbox.clear(), 1);
        assert_eq!(sequences(&outbox.batch()), []);
    }

    #[test]
    fn what_is_too_large_is_dropped_once() {
        let mut outbox = Outbox::new(NodeId::new(1), 10_000);
        let a = subject("a");
        for size in [1, 101, 2] {
            outbox.push(&a, Bytes::from(vec![0; size]));
        }
        outbox.rewind(HEAD + 100);
        let batch = outbox.batch();
        assert_eq!(sequences(&batch)[..2], [("a".to_owned(), 1), ("a".to_owned(), 3)]);
        assert_eq!(batch.refused, std::slice::from_ref(&a));
        assert_eq!((outbox.confirm(2), outbox.len(), outbox.bytes()), (2, 0, 0));
        // Another server takes less, and what it had not is nobody's loss.
        outbox.rewind(HEAD + 1);
        let batch = outbox.batch();
        assert_eq!((batch.events, batch.refused, outbox.len()), (1, Vec::new(), 0));
    }

    #[test]
    fn the_oldest_unsent_event_makes_room() {
        let mut outbox = Outbox::new(NodeId::new(1), 3 * 164);
        let a = subject("a");
        let event = || Bytes::from(vec![0; 100]);
        assert!(outbox.push(&a, event()).is_empty());
        assert_eq!(sequences(&outbox.batch()), [("a".to_owned(), 1)]);
        for dropped in [0, 0, 1, 1] {
            assert_eq!(outbox.push(&a, event()).len(), dropped);
        }
        assert_eq!(sequences(&outbox.batch()), [("a".to_owned(), 4), ("a".to_owned(), 5)]);
        assert_eq!(outbox.push(&a, event()), std::slice::from_ref(&a), "all the others are on their way");
        assert_eq!(outbox.push(&a, Bytes::from(vec![0; 10_000])), [a]);
    }

    #[test]
    fn a_beacon_names_what_does_not_wait_any_more() {
        let mut outbox = Outbox::new(NodeId::new(1), 10_000);
        let a = subject("a");
        let beacon = |outbox: &mut Outbox| {
            outbox.control(&a, Kind::Beacon);
            outbox.control(&a, Kind::Beacon);
            let messages = sequences(&outbox.batch());
            messages.last().map(|(_, sequence)| *sequence)
        };
        assert_eq!(beacon(&mut outbox), Some(0));
        outbox.push(&subject("a"), Bytes::new());
        assert_eq!(beacon(&mut outbox), Some(0));
        assert_eq!(beacon(&mut outbox), Some(0), "sent and not confirmed");
        outbox.confirm(1);
        assert_eq!(beacon(&mut outbox), Some(1));
    }

    proptest! {
        #[test]
        fn the_bounds_hold_and_nothing_is_sent_that_was_dropped(steps in proptest::collection::vec((0..5, 0..2000_usize), 1..400)) {
            let max = 20_000;
            let mut outbox = Outbox::new(NodeId::new(1), max);
            let a = subject("a");
            let (mut pushed, mut dropped, mut confirmed, mut on_the_way) = (0, 0, 0, 0);
            for (step, size) in steps {
                match step {
                    0..=2 => { pushed += 1; dropped += outbox.push(&a, Bytes::from(vec![0; size])).len(); }
                    3 => on_the_way += outbox.batch().events,
                    _ if size % 3 == 0 => { outbox.rewind(usize::MAX); on_the_way = 0; }
                    _ => { confirmed += outbox.confirm(on_the_way); on_the_way = 0; }
                }
                prop_assert!(outbox.bytes() <= max + HISTORY_BYTES && outbox.sent == on_the_way);
                prop_assert!(outbox.again <= outbox.events.len());
                prop_assert_eq!(outbox.sent_bytes, outbox.events.iter().take(outbox.sent).map(Waiting::cost).sum::<usize>());
                prop_assert_eq!(outbox.bytes(), outbox.events.iter().map(Waiting::cost).sum::<usize>());
                prop_assert_eq!(pushed, dropped + confirmed + outbox.len());
                prop_assert!(outbox.events.iter().is_sorted_by(|a, b| a.sequence < b.sequence));
            }
        }
    }
}
