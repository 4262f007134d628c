//! Logs peers that are not served, with a bound: anybody may fail as often as they like, and the log must not grow with
//! that.

use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The period after which the log sums up what happened.
const PERIOD: Duration = Duration::from_secs(60);

/// Why a peer is not served.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Outcome {
    /// Its handshake, or what it asked for after it, failed.
    Failed,
    /// It was refused because of its key.
    Refused,
    /// There was no slot for it, or a newcomer took its slot.
    NoRoom,
}

/// The counts of outcomes in the current period.
#[derive(Debug)]
struct Tally([AtomicU64; 3]);

static TALLY: Tally = Tally::new();

/// Logs the outcome of a peer: the first of each kind in a period as a warning, the others at a more detailed level.
pub(crate) fn log(outcome: Outcome, line: impl Display) {
    if TALLY.count(outcome) {
        tracing::warn!("{line}");
    } else {
        tracing::info!("{line}");
    }
}

/// Sums up each period in one line, for ever.
pub(crate) async fn sum_up() {
    loop {
        tokio::time::sleep(PERIOD).await;
        if let Some(summary) = TALLY.take() {
            tracing::warn!("{summary}");
        }
    }
}

impl Tally {
    const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; 3])
    }

    /// Counts an outcome, and returns whether it is the first of its kind in the period.
    fn count(&self, outcome: Outcome) -> bool {
        let [failed, refused, no_room] = &self.0;
        let counter = match outcome {
            Outcome::Failed => failed,
            Outcome::Refused => refused,
            Outcome::NoRoom => no_room,
        };
        let is_first = self.0.iter().all(|count| count.load(Ordering::Relaxed) == 0);
        counter.fetch_add(1, Ordering::Relaxed);
        is_first
    }

    /// The summary of the outcomes after the first of each kind; the counts start anew.
    fn take(&self) -> Option<String> {
        let [failed, refused, no_room] = self.0.each_ref().map(|count| count.swap(0, Ordering::Relaxed));
        let all = failed + refused + no_room;
        (all > 1).then(|| {
            format!(
                "in the last {} seconds, {all} peers did not get in: {failed} failed, {refused} were refused, {no_room} had \
                 no room; -v shows each",
                PERIOD.as_secs()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_one_of_a_period_is_shown_and_the_others_are_summed_up() {
        let tally = Tally::new();
        assert_eq!(tally.take(), None);
        assert!(tally.count(Outcome::Refused));
        assert_eq!(tally.take(), None, "it was shown in full");
        assert!(tally.count(Outcome::Failed));
        for outcome in [Outcome::Failed, Outcome::Refused, Outcome::NoRoom, Outcome::NoRoom] {
            assert!(!tally.count(outcome));
        }
        let summary = tally.take().unwrap();
        assert!(summary.contains("5 peers did not get in: 2 failed, 1 were refused, 2 had no room"), "{summary}");
        assert!(tally.count(Outcome::NoRoom), "another period");
    }
}
