//! Virtual time, and the events that are due later.

use std::collections::BTreeMap;
use std::time::Duration;

/// The events to come, in order of time; events that are due at the same time happen in the order in which they were
/// added.
pub(crate) struct Agenda<T> {
    now: Duration,
    added: u64,
    entries: BTreeMap<Key, T>,
}

/// One entry: when it is due, and which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) at: Duration,
    number: u64,
}

impl<T> Agenda<T> {
    pub(crate) const fn new() -> Self {
        Self { now: Duration::ZERO, added: 0, entries: BTreeMap::new() }
    }

    /// The time since the simulation began.
    pub(crate) const fn now(&self) -> Duration {
        self.now
    }

    pub(crate) fn add(&mut self, at: Duration, entry: T) -> Key {
        let key = Key { at: at.max(self.now), number: self.added };
        self.added = self.added.wrapping_add(1);
        self.entries.insert(key, entry);
        key
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.entries.get_mut(&key)
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        self.entries.remove(&key)
    }

    /// When the next event is due.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.entries.first_key_value().map(|(key, _)| key.at)
    }

    /// Advances the time to the next event, and takes that event.
    pub(crate) fn take_next(&mut self) -> Option<T> {
        let (key, entry) = self.entries.pop_first()?;
        self.now = key.at;
        Some(entry)
    }

    /// Advances the time to this point, before which no event is due.
    pub(crate) fn pass(&mut self, until: Duration) {
        self.now = self.now.max(until);
    }
}
