//! What waits for an answer for a while: challenges, codes, counts of failures. Bounded, gone with the process.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Entries that expire. When it is full, the oldest gives way.
pub(crate) struct Expiring<T> {
    capacity: usize,
    entries: Mutex<Entries<T>>,
}

struct Entries<T> {
    by_key: HashMap<String, Entry<T>>,
    /// Keys in the order of their insertion; numbers tell an entry from a later one of the same key.
    order: VecDeque<(u64, String)>,
    next: u64,
}

struct Entry<T> {
    value: T,
    number: u64,
    expires: i64,
}

/// What [`Expiring::take`] found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken<T> {
    Value(T),
    Expired,
    Unknown,
}

impl<T> Expiring<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, entries: Mutex::new(Entries { by_key: HashMap::new(), order: VecDeque::new(), next: 0 }) }
    }

    fn lock(&self) -> MutexGuard<'_, Entries<T>> {
        // Nothing in here is ever half changed.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an entry, in place of one of the same key.
    pub(crate) fn insert(&self, key: String, value: T, expires: i64) {
        let mut entries = self.lock();
        let entries = &mut *entries;
        let number = entries.next;
        entries.next += 1;
        entries.by_key.insert(key.clone(), Entry { value, number, expires });
        entries.order.push_back((number, key));
        while entries.by_key.len() > self.capacity {
            let Some((number, key)) = entries.order.pop_front() else { break };
            if entries.by_key.get(&key).is_some_and(|entry| entry.number == number) {
                entries.by_key.remove(&key);
            }
        }
        // Keys of entries that were taken stay in `order` until there are as many of them as there may be entries.
        if entries.order.len() > 2 * self.capacity {
            let by_key = &entries.by_key;
            entries.order.retain(|(number, key)| by_key.get(key).is_some_and(|entry| entry.number == *number));
        }
    }

    /// Removes an entry.
    pub(crate) fn take(&self, key: &str, now: i64) -> Taken<T> {
        match self.lock().by_key.remove(key) {
            Some(entry) if entry.expires > now => Taken::Value(entry.value),
            Some(_) => Taken::Expired,
            None => Taken::Unknown,
        }
    }

    /// Looks at an entry, and may change it.
    pub(crate) fn with<R>(&self, key: &str, now: i64, look: impl FnOnce(&mut T) -> R) -> Option<R> {
        let mut entries = self.lock();
        let entry = entries.by_key.get_mut(key)?;
        if entry.expires > now {
            return Some(look(&mut entry.value));
        }
        entries.by_key.remove(key);
        None
    }

    /// Removes an entry whether there is one or not.
    pub(crate) fn remove(&self, key: &str) {
        self.lock().by_key.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_taken_once_and_not_after_its_time() {
        let entries = Expiring::new(10);
        entries.insert("a".to_owned(), 1, 100);
        entries.insert("b".to_owned(), 2, 100);
        assert_eq!(entries.take("a", 99), Taken::Value(1));
        assert_eq!(entries.take("a", 99), Taken::Unknown);
        assert_eq!(entries.with("b", 99, |value| *value), Some(2));
        assert_eq!(entries.take("b", 100), Taken::Expired);
    }

    #[test]
    fn the_oldest_gives_way_and_nothing_grows_without_bound() {
        let entries = Expiring::new(3);
        for number in 0..1000 {
            entries.insert(format!("{}", number % 7), number, 100);
            if number % 2 == 0 {
                entries.take(&format!("{}", number % 5), 0);
            }
            let inner = entries.lock();
            assert!(inner.by_key.len() <= 3 && inner.order.len() <= 6);
        }
        for key in ["x", "y", "z", "w"] {
            entries.insert(key.to_owned(), 0, 100);
        }
        assert_eq!(entries.take("x", 0), Taken::Unknown);
        assert_eq!(entries.take("w", 0), Taken::Value(0));
    }
}
