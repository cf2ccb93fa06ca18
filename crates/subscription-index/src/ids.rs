//! The ids of subscriptions that want the same events, given out without copying them one by one.
//!
//! They lie in shared blocks: a match takes a reference to each block and lets go of the lock, while inserting and removing copy
//! at most two blocks, and those only when somebody still reads them.

use std::sync::Arc;

/// How many ids share a block.
const BLOCK: usize = 256;

/// The ids of one entry of the index, in no particular order.
#[derive(Debug)]
pub(crate) enum Ids<Id> {
    /// The usual case of subscriptions with distinct arguments: nothing to share.
    One(Id),
    /// All blocks are full but the last, which is not empty.
    Many(Vec<Arc<Vec<Id>>>),
}

impl<Id: Clone> Ids<Id> {
    /// Adds an id and returns its position.
    pub(crate) fn push(&mut self, id: Id) -> usize {
        match self {
            Ids::One(first) => {
                *self = Ids::Many(vec![Arc::new(vec![first.clone(), id])]);
                1
            }
            Ids::Many(blocks) => {
                let full = blocks.len() * BLOCK;
                match blocks.last_mut() {
                    Some(last) if last.len() < BLOCK => {
                        let position = full - BLOCK + last.len();
                        Arc::make_mut(last).push(id);
                        position
                    }
                    _ => {
                        blocks.push(Arc::new(vec![id]));
                        full
                    }
                }
            }
        }
    }

    /// Removes the id at a position, where the last one then goes.
    pub(crate) fn remove(&mut self, position: usize) -> Removed<'_, Id> {
        let Ids::Many(blocks) = self else { return Removed::Last };
        let Some(last) = blocks.last_mut().and_then(|block| Arc::make_mut(block).pop()) else { return Removed::Last };
        if blocks.last().is_some_and(|block| block.is_empty()) {
            blocks.pop();
        }
        if blocks.is_empty() {
            return Removed::Last;
        }
        match blocks.get_mut(position / BLOCK).map(Arc::make_mut).and_then(|block| block.get_mut(position % BLOCK)) {
            Some(place) => {
                *place = last;
                Removed::Moved(place)
            }
            // It was the last one itself.
            None => Removed::End,
        }
    }
}

/// What [`Ids::remove`] left.
#[derive(Debug)]
pub(crate) enum Removed<'a, Id> {
    /// Nothing: it was the only one.
    Last,
    /// All others where they were.
    End,
    /// This one in the removed one's position.
    Moved(&'a Id),
}

/// The ids of the subscriptions that want an event; filled by [`Index::find`](crate::Index::find).
///
/// Meant to be kept for the next event. It holds no lock: subscriptions may come and go while it is read, it stays as it was.
#[derive(Debug)]
pub struct Matches<Id> {
    single: Vec<Id>,
    blocks: Vec<Arc<Vec<Id>>>,
    /// Room for the entries that match, kept like the others.
    pub(crate) entries: Vec<u32>,
}

impl<Id> Matches<Id> {
    /// No ids.
    #[must_use]
    pub fn new() -> Self {
        Matches { single: Vec::new(), blocks: Vec::new(), entries: Vec::new() }
    }

    /// Every id once, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &Id> {
        self.single.iter().chain(self.blocks.iter().flat_map(|block| block.iter()))
    }

    /// How many ids there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.single.len() + self.blocks.iter().map(|block| block.len()).sum::<usize>()
    }

    /// Whether nobody wants the event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.single.is_empty() && self.blocks.is_empty()
    }

    /// Lets go of all ids. Worth calling when the next event may be long in coming.
    pub fn clear(&mut self) {
        self.single.clear();
        self.blocks.clear();
        self.entries.clear();
    }
}

impl<Id: Clone> Matches<Id> {
    pub(crate) fn take(&mut self, ids: &Ids<Id>) {
        match ids {
            Ids::One(id) => self.single.push(id.clone()),
            Ids::Many(blocks) => self.blocks.extend_from_slice(blocks),
        }
    }
}

impl<Id> Default for Matches<Id> {
    fn default() -> Self {
        Matches::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(ids: &Ids<usize>) -> Vec<usize> {
        let mut matches = Matches::new();
        matches.take(ids);
        matches.iter().copied().collect()
    }

    #[test]
    fn blocks_stay_dense_whatever_is_removed() {
        // Positions as whoever uses it keeps them, from ids to places.
        let mut ids = Ids::One(0);
        let mut expected = vec![0];
        for id in 1..3 * BLOCK + 7 {
            assert_eq!(ids.push(id), expected.len());
            expected.push(id);
        }
        assert_eq!(listed(&ids), expected);
        let mut step = 5;
        while expected.len() > 1 {
            let position = (step * 31) % expected.len();
            expected.swap_remove(position);
            match ids.remove(position) {
                Removed::Moved(moved) => assert_eq!(*moved, expected[position]),
                Removed::End => assert_eq!(position, expected.len()),
                Removed::Last => panic!("{} are left", expected.len()),
            }
            assert_eq!(listed(&ids), expected);
            step += 1;
        }
        assert!(matches!(ids.remove(0), Removed::Last));
    }

    #[test]
    fn what_was_taken_stays_as_it_was() {
        let mut ids = Ids::One(0);
        (1..BLOCK + 2).for_each(|id| {
            ids.push(id);
        });
        let mut matches = Matches::new();
        matches.take(&ids);
        ids.remove(3);
        ids.remove(BLOCK);
        ids.push(9999);
        assert_eq!(matches.len(), BLOCK + 2);
        assert!(matches.iter().copied().eq(0..BLOCK + 2));
    }
}
