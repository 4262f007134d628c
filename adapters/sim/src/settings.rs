//! The settings of the network.

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::time::Duration;

/// The settings of the network, where no link has its own.
pub(crate) struct Settings {
    pub(crate) latency: RangeInclusive<Duration>,
    pub(crate) segments: RangeInclusive<usize>,
    pub(crate) window: NonZeroUsize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            latency: Duration::from_millis(1)..=Duration::from_millis(20),
            segments: 1..=1460,
            window: NonZeroUsize::MIN.saturating_add(65_535),
        }
    }
}

/// A duration of this range; its lower end when the range is empty.
pub(crate) fn pick_duration(random: &mut fastrand::Rng, range: &RangeInclusive<Duration>) -> Duration {
    let spread = range.end().saturating_sub(*range.start());
    let nanoseconds = u64::try_from(spread.as_nanos()).unwrap_or(u64::MAX);
    range.start().saturating_add(Duration::from_nanos(random.u64(..=nanoseconds)))
}

/// A size of this range, at least 1; its lower end when the range is empty.
pub(crate) fn pick_size(random: &mut fastrand::Rng, range: &RangeInclusive<usize>) -> usize {
    let low = (*range.start()).max(1);
    random.usize(low..=(*range.end()).max(low))
}
