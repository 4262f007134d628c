//! One waker for two halves that share a stream.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};

/// Wakes the tasks of both halves, whichever of them polled the stream below.
///
/// Reading also writes, to answer a ping, and a stream keeps only one waker for each direction: if it had the waker of
/// one task, the other task would wait for ever.
#[derive(Debug)]
pub(crate) struct Wakers {
    slots: Arc<Slots>,
    both: Waker,
}

/// Which half waits.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Half {
    Read,
    Write,
}

#[derive(Debug, Default)]
struct Slots(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    read: Option<Waker>,
    write: Option<Waker>,
}

impl Wakers {
    pub(crate) fn new() -> Self {
        let slots = Arc::<Slots>::default();
        Self { both: Waker::from(Arc::clone(&slots)), slots }
    }

    /// Notes that this half waits, and returns the waker to pass to the stream below.
    pub(crate) fn waiting(&self, half: Half, cx: &Context<'_>) -> Waker {
        let mut waiting = self.slots.waiting();
        let slot = match half {
            Half::Read => &mut waiting.read,
            Half::Write => &mut waiting.write,
        };
        match slot {
            Some(waker) => waker.clone_from(cx.waker()),
            None => *slot = Some(cx.waker().clone()),
        }
        self.both.clone()
    }

    /// The waker to pass to the stream below for the halves that wait already.
    pub(crate) const fn both(&self) -> &Waker {
        &self.both
    }
}

impl Slots {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Slots {
    fn wake(self: Arc<Self>) {
        let mut waiting = self.waiting();
        let (read, write) = (waiting.read.take(), waiting.write.take());
        drop(waiting);
        read.into_iter().chain(write).for_each(Waker::wake);
    }
}
