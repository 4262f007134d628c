//! Counts the bytes that a connection carries.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many bytes a connection has carried each way, as its user read and wrote them, without what the layers add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Bytes that were read.
    pub received: u64,
    /// Bytes that were written; some of them may still wait for a flush.
    pub sent: u64,
}

/// Counts the bytes that a connection carries, wherever its halves are by now; cheap to clone.
///
/// It does not keep its connection alive. After the connection is dropped it reports the final totals.
#[derive(Debug, Clone)]
pub struct ByteCounter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    received: AtomicU64,
    sent: AtomicU64,
}

impl ByteCounter {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    /// How many bytes the connection has carried each way so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        let Counts { received, sent } = &*self.0;
        Traffic { received: received.load(Ordering::Relaxed), sent: sent.load(Ordering::Relaxed) }
    }

    pub(crate) fn receive(&self, bytes: usize) {
        add(&self.0.received, bytes);
    }

    pub(crate) fn send(&self, bytes: usize) {
        add(&self.0.sent, bytes);
    }
}

fn add(counter: &AtomicU64, bytes: usize) {
    // No system has pointers of more than 64 bits.
    counter.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
}
