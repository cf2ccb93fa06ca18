//! The packet ids of deliveries with QoS 1 that wait for their PUBACK. Their payloads do not wait: on one connection nothing is
//! sent twice, and a session does not outlive its connection.

use std::collections::HashSet;

/// Packet ids in use, at most as many as [`Limits::in_flight`](crate::Limits::in_flight).
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    ids: HashSet<u16>,
    last: u16,
}

/// What fewer entries take is not worth giving back.
const KEPT: usize = 64;

impl InFlight {
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// An id that is not in use, from 1 on, in turn; `None` when `limit` are.
    pub(crate) fn take(&mut self, limit: u16) -> Option<u16> {
        if self.ids.len() >= usize::from(limit) {
            return None;
        }
        // Fewer than 65535 are taken, so that one of as many is free.
        loop {
            self.last = self.last.checked_add(1).unwrap_or(1);
            if self.ids.insert(self.last) {
                return Some(self.last);
            }
        }
    }

    /// The client has it. An id that is not in use is nobody's: a client may answer late or twice.
    pub(crate) fn acknowledge(&mut self, id: u16) {
        if self.ids.remove(&id) && self.ids.is_empty() && self.ids.capacity() > KEPT {
            self.ids = HashSet::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_never_zero_and_never_in_use_twice() {
        let mut ids = InFlight::default();
        assert_eq!((ids.take(u16::MAX), ids.take(u16::MAX)), (Some(1), Some(2)));
        ids.acknowledge(1);
        for expected in 3..=u16::MAX {
            assert_eq!(ids.take(u16::MAX), Some(expected));
        }
        assert_eq!(ids.take(u16::MAX), Some(1), "2 waits still");
        assert_eq!((ids.take(u16::MAX), ids.len()), (None, 65_535), "all of them wait");
        ids.acknowledge(700);
        assert_eq!(ids.take(u16::MAX), Some(700));
    }

    #[test]
    fn the_limit_holds_and_acknowledging_makes_room() {
        let mut ids = InFlight::default();
        assert_eq!((ids.take(2), ids.take(2), ids.take(2), ids.take(0)), (Some(1), Some(2), None, None));
        ids.acknowledge(9);
        assert_eq!(ids.take(2), None);
        ids.acknowledge(1);
        assert_eq!((ids.take(2), ids.take(2)), (Some(3), None));
    }

    #[test]
    fn room_of_a_burst_is_given_back() {
        let mut ids = InFlight::default();
        for _ in 0..4096 {
            ids.take(4096).expect("room");
        }
        for id in 1..=4096 {
            ids.acknowledge(id);
        }
        assert_eq!((ids.len(), ids.ids.capacity()), (0, 0));
    }
}
