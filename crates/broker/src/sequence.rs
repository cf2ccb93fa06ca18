//! Which numbers of which node have come: each event is told once, and what is missing is counted.

use std::collections::HashMap;

use crate::envelope::NodeId;

/// Nodes that are remembered per subject. Each restart of a node is a new one; the one that was silent for longest is forgotten.
const MAX_NODES: usize = 1024;
/// How far behind the newest a number may come and still be told from one that came before.
const WINDOW: u64 = u64::BITS as u64;

/// What an event's number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It is new, and so many before it are missing.
    New { missed: u64 },
    /// It was counted as missing, and came after all.
    Late,
    /// It came before, or so long ago that nobody can tell.
    Duplicate,
}

/// The numbers of every node on one subject.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    nodes: HashMap<NodeId, Seen>,
    clock: u64,
}

#[derive(Debug)]
struct Seen {
    highest: u64,
    /// Bit `n`: `highest - n` has come, or was sent before this node listened.
    came: u64,
    heard: u64,
}

impl Arrivals {
    /// An event has come.
    pub(crate) fn event(&mut self, node: NodeId, sequence: u64) -> Arrival {
        let Some(seen) = self.heard(node) else {
            // What it sent before was for those who listened then.
            self.remember(node, sequence);
            return Arrival::New { missed: 0 };
        };
        let Some(ahead) = sequence.checked_sub(seen.highest).filter(|ahead| *ahead > 0) else {
            let behind = seen.highest - sequence;
            if behind >= WINDOW || seen.came & (1 << behind) != 0 {
                return Arrival::Duplicate;
            }
            seen.came |= 1 << behind;
            return Arrival::Late;
        };
        seen.advance(ahead);
        seen.came |= 1;
        Arrival::New { missed: ahead - 1 }
    }

    /// An event has come that was sent before, on another connection.
    pub(crate) fn again(&mut self, node: NodeId, sequence: u64) -> Arrival {
        if self.nodes.contains_key(&node) { self.event(node, sequence) } else { Arrival::Duplicate }
    }

    /// A node says what its last number is. Gives how many before and with it are missing.
    pub(crate) fn beacon(&mut self, node: NodeId, sequence: u64) -> u64 {
        let Some(seen) = self.heard(node) else {
            self.remember(node, sequence);
            return 0;
        };
        let missed = sequence.saturating_sub(seen.highest);
        if missed > 0 {
            seen.advance(missed);
        }
        missed
    }

    fn heard(&mut self, node: NodeId) -> Option<&mut Seen> {
        self.clock += 1;
        let seen = self.nodes.get_mut(&node)?;
        seen.heard = self.clock;
        Some(seen)
    }

    fn remember(&mut self, node: NodeId, sequence: u64) {
        if self.nodes.len() >= MAX_NODES {
            let oldest = self.nodes.iter().min_by_key(|(_, seen)| seen.heard).map(|(node, _)| *node);
            oldest.map(|node| self.nodes.remove(&node));
        }
        self.nodes.insert(node, Seen { highest: sequence, came: u64::MAX, heard: self.clock });
    }
}

impl Seen {
    fn advance(&mut self, by: u64) {
        self.highest += by;
        self.came = u32::try_from(by).ok().and_then(|by| self.came.checked_shl(by)).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    const NODE: NodeId = NodeId::new(7);

    #[test]
    fn each_number_is_told_once_and_gaps_are_counted() {
        use Arrival::{Duplicate, Late, New};
        let mut arrivals = Arrivals::default();
        for (sequence, expected) in [
            (5, New { missed: 0 }),
            (5, Duplicate),
            (4, Duplicate),
            (6, New { missed: 0 }),
            (9, New { missed: 2 }),
            (8, Late),
            (8, Duplicate),
            (7, Late),
            (6, Duplicate),
            (100, New { missed: 90 }),
            (37, Late),
            (36, Duplicate),
            (u64::MAX, New { missed: u64::MAX - 101 }),
            (u64::MAX, Duplicate),
            (1, Duplicate),
        ] {
            assert_eq!(arrivals.event(NODE, sequence), expected, "{sequence}");
        }
        assert_eq!(arrivals.event(NodeId::new(8), 1), New { missed: 0 }, "nodes count for themselves");
    }

    #[test]
    fn a_beacon_tells_what_never_came() {
        let mut arrivals = Arrivals::default();
        assert_eq!(arrivals.beacon(NODE, 3), 0, "what was before this node listened is not missing");
        assert_eq!(arrivals.event(NODE, 5), Arrival::New { missed: 1 });
        assert_eq!(arrivals.beacon(NODE, 5), 0);
        assert_eq!(arrivals.beacon(NODE, 2), 0);
        assert_eq!(arrivals.beacon(NODE, 7), 2);
        assert_eq!(arrivals.event(NODE, 6), Arrival::Late);
        assert_eq!(arrivals.event(NODE, 8), Arrival::New { missed: 0 });
    }

    #[test]
    fn what_goes_again_is_for_those_who_were_there() {
        use Arrival::{Duplicate, New};
        let mut arrivals = Arrivals::default();
        arrivals.event(NODE, 3);
        let other = NodeId::new(8);
        for (node, sequence, expected) in
            [(NODE, 3, Duplicate), (NODE, 4, New { missed: 0 }), (other, 4, Duplicate), (other, 5, Duplicate)]
        {
            assert_eq!(arrivals.again(node, sequence), expected, "{node} {sequence}");
        }
    }

    #[test]
    fn nodes_that_are_gone_do_not_pile_up() {
        let mut arrivals = Arrivals::default();
        for node in 0..5000 {
            arrivals.event(NodeId::new(node), 1);
            arrivals.event(NODE, u64::try_from(node).expect("small") + 1);
        }
        assert_eq!(arrivals.nodes.len(), MAX_NODES);
        assert_eq!(arrivals.event(NODE, 1), Arrival::Duplicate, "one that speaks is remembered");
    }

    proptest! {
        #[test]
        fn nothing_is_told_twice_and_every_number_is_accounted_for(sequences in proptest::collection::vec(2_u64..200, 1..300)) {
            let mut arrivals = Arrivals::default();
            arrivals.event(NODE, 1);
            let (mut told, mut missed, mut late) = (HashSet::from([1]), 0, 0);
            for sequence in sequences {
                match arrivals.event(NODE, sequence) {
                    Arrival::New { missed: more } => { missed += more; prop_assert!(told.insert(sequence)); }
                    Arrival::Late => { late += 1; prop_assert!(told.insert(sequence)); }
                    Arrival::Duplicate => {}
                }
            }
            let highest = told.iter().copied().max().unwrap_or(0);
            prop_assert_eq!(told.len() as u64 + missed - late, highest);
        }
    }
}
