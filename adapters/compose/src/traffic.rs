//! How much a connection has carried.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many bytes a connection has carried each way, as its user wrote and read them, without what layers add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Bytes that were read.
    pub received: u64,
    /// Bytes that were written; some of them may still wait for a flush.
    pub sent: u64,
}

/// Counts for a [`Traffic`].
#[derive(Debug, Default)]
pub(crate) struct Meter {
    received: AtomicU64,
    sent: AtomicU64,
}

impl Meter {
    pub(crate) fn receive(&self, bytes: usize) {
        add(&self.received, bytes);
    }

    pub(crate) fn send(&self, bytes: usize) {
        add(&self.sent, bytes);
    }

    pub(crate) fn read(&self) -> Traffic {
        Traffic { received: self.received.load(Ordering::Relaxed), sent: self.sent.load(Ordering::Relaxed) }
    }
}

fn add(counter: &AtomicU64, bytes: usize) {
    // No system has pointers of more than 64 bits.
    counter.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
}
