//! What became of a suite's peers, in numbers.

use crate::event::Event;
use crate::{Failure, IncomingError};
use std::sync::atomic::{AtomicU64, Ordering};

/// What became of the peers that came through one suite since the server began to listen.
///
/// A peer that the caller dropped before its handshake was through is in none of these.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// The suite's name.
    pub suite: String,
    /// How many are on their way in now.
    pub pending: usize,
    /// How many were let in.
    pub accepted: u64,
    /// How many were proven or not in need of a proof, and refused by the caller.
    pub refused: u64,
    /// How many were closed at once, since proven peers from the same source had all the places that it may have.
    pub crowded: u64,
    /// How many lost their place to a newcomer before they were proven.
    pub evicted: u64,
    /// How many had not come in at the deadline.
    pub late: u64,
    /// How many failed in their handshake, or went away.
    pub failed: u64,
    /// How many times accepting failed, for all peers or for one.
    pub accept_errors: u64,
}

/// The numbers of one suite.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    accepted: AtomicU64,
    refused: AtomicU64,
    crowded: AtomicU64,
    evicted: AtomicU64,
    late: AtomicU64,
    failed: AtomicU64,
    accept_errors: AtomicU64,
}

impl Tally {
    /// Counts an event.
    pub(crate) fn count(&self, event: &Event<'_>) {
        if let Some(counter) = self.of(event) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The numbers so far, of the suite with this name, where so many are on their way in.
    pub(crate) fn counters(&self, suite: &str, pending: usize) -> Counters {
        let Self { accepted, refused, crowded, evicted, late, failed, accept_errors } = self;
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            suite: suite.to_owned(),
            pending,
            accepted: count(accepted),
            refused: count(refused),
            crowded: count(crowded),
            evicted: count(evicted),
            late: count(late),
            failed: count(failed),
            accept_errors: count(accept_errors),
        }
    }

    const fn of(&self, event: &Event<'_>) -> Option<&AtomicU64> {
        Some(match event {
            Event::AcceptFailed { .. } => &self.accept_errors,
            Event::Crowded { .. } => &self.crowded,
            Event::Failed(IncomingError { failure: Failure::Evicted { .. }, .. }) => &self.evicted,
            Event::Failed(IncomingError { failure: Failure::Deadline { .. }, .. }) => &self.late,
            Event::Failed(_) => &self.failed,
            Event::Refused { .. } => &self.refused,
            Event::Accepted { .. } => &self.accepted,
            Event::Unreachable { .. } => return None,
        })
    }
}
