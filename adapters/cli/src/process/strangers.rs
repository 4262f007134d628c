//! What strangers do to a server: anybody may fail as often as they like, and the log must not grow with it.

use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often what happened is summed up.
const PERIOD: Duration = Duration::from_secs(60);

/// What came of a peer that is not served.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Outcome {
    /// It did not get through its handshake, or to what it came for.
    Failed,
    /// It was refused for who it is.
    Refused,
    /// There was no slot for it, or its slot was needed.
    NoRoom,
}

/// What came of peers in the period that runs.
#[derive(Debug)]
struct Tally([AtomicU64; 3]);

static TALLY: Tally = Tally::new();

/// Logs what came of a stranger: a warning for the first one in a period, and the others for who wants to know more.
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

    /// Counts one, and returns whether it is the first in the period.
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

    /// What happened beside the first one, and begins anew.
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
