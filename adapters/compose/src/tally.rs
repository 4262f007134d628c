//! Counts what became of a suite's peers.

use crate::event::Event;
use crate::{Failure, IncomingError};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// What became of the peers that came through one suite since the server began to listen.
///
/// A peer that the caller dropped before its handshake was through is in none of these, and neither is a load balancer's
/// health check or a request that was [answered](crate::Event::Answered).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerStats {
    /// The suite's name.
    pub suite: String,
    /// Peers whose handshakes are under way now.
    pub pending: usize,
    /// Peers that were accepted and whose connections are open now.
    pub connected: usize,
    /// Peers that were accepted.
    pub accepted: u64,
    /// Peers that completed the handshake, or needed none, and were refused by the application.
    pub refused: u64,
    /// Peers that were closed at once, since proven peers from the same source held all slots that the source may have.
    pub over_source_limit: u64,
    /// Peers that lost their slot to a newcomer before they were proven.
    pub evicted: u64,
    /// Peers whose deadline passed.
    pub timed_out: u64,
    /// Peers that failed in their handshake, or went away.
    pub failed: u64,
    /// Times that accepting failed, for all peers or for one.
    pub accept_errors: u64,
    /// When a peer was last accepted, by the runtime's clock; `None` if none was.
    pub last_accepted: Option<SystemTime>,
}

/// The counters of one suite.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    accepted: AtomicU64,
    refused: AtomicU64,
    over_source_limit: AtomicU64,
    evicted: AtomicU64,
    timed_out: AtomicU64,
    failed: AtomicU64,
    accept_errors: AtomicU64,
    last_accepted: Mutex<Option<SystemTime>>,
}

impl Tally {
    /// Counts an event, which happens now.
    pub(crate) fn count(&self, event: &Event<'_>, now: impl FnOnce() -> SystemTime) {
        if matches!(event, Event::Accepted { .. }) {
            *self.last_accepted.lock().unwrap_or_else(PoisonError::into_inner) = Some(now());
        }
        if let Some(counter) = self.of(event) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The counts so far of the suite with this name, which has this many handshakes under way and connections open.
    pub(crate) fn stats(&self, suite: &str, pending: usize, connected: usize) -> ServerStats {
        let Self { accepted, refused, over_source_limit, evicted, timed_out, failed, accept_errors, last_accepted } =
            self;
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ServerStats {
            suite: suite.to_owned(),
            pending,
            connected,
            accepted: count(accepted),
            refused: count(refused),
            over_source_limit: count(over_source_limit),
            evicted: count(evicted),
            timed_out: count(timed_out),
            failed: count(failed),
            accept_errors: count(accept_errors),
            last_accepted: *last_accepted.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    const fn of(&self, event: &Event<'_>) -> Option<&AtomicU64> {
        Some(match event {
            Event::AcceptFailed { .. } => &self.accept_errors,
            Event::OverSourceLimit { .. } => &self.over_source_limit,
            Event::Failed(IncomingError { failure: Failure::Evicted { .. }, .. }) => &self.evicted,
            Event::Failed(IncomingError { failure: Failure::Deadline { .. }, .. }) => &self.timed_out,
            Event::Failed(_) => &self.failed,
            Event::Refused { .. } => &self.refused,
            Event::Accepted { .. } => &self.accepted,
            Event::HealthCheck { .. } | Event::Answered { .. } | Event::Unreachable { .. } => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_last_peer_is_the_last_one_whatever_the_clock_says() {
        let tally = Tally::default();
        assert_eq!(tally.stats("net", 0, 0).last_accepted, None);
        // The clock is set forward by mistake, and back.
        for seconds in [0, 1 << 40, 7] {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            tally.count(&Event::Accepted { suite: "net", address: None }, || now);
            tally.count(&Event::Refused { suite: "net", address: None }, || panic!("nobody was accepted"));
            assert_eq!(tally.stats("net", 0, 0).last_accepted, Some(now));
        }
        assert_eq!(tally.stats("net", 0, 0).accepted, 3);
    }
}
