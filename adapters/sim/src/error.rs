//! Why a simulation cannot go on.

use std::time::Duration;

/// Why a simulation cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// All tasks wait and no event is due: on real machines this would be a hang.
    #[error(
        "deadlock at {at:?}: the future and {tasks} tasks wait, no timer is set and no packet is under way ({held} are \
         held back by cuts): something waits without a deadline for what will not come"
    )]
    Deadlock {
        /// The virtual time.
        at: Duration,
        /// The spawned tasks that have not ended.
        tasks: usize,
        /// The packets that wait until a cut is healed.
        held: usize,
    },
    /// Tasks run again and again without any time passing.
    #[error(
        "livelock at {at:?}: tasks were run {polls} times and no time has passed: one of them wakes itself for ever"
    )]
    Livelock {
        /// The virtual time.
        at: Duration,
        /// How often a task was run at this time.
        polls: u64,
    },
    /// Events go on, and the future does not end.
    #[error("the future had not ended after {0:?} of virtual time, which is the limit: what it waits for never comes")]
    TooLong(
        /// The virtual time that passed.
        Duration,
    ),
    /// The simulation was run by a task within it, or by two threads at once.
    #[error("this simulation runs already: inside it, await the future instead")]
    Running,
}
