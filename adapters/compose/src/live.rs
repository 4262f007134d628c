//! Counts guards that are alive, and waits until there are none.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// How many guards there are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Live(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    count: usize,
    waiting: Vec<Waker>,
}

/// Counts as alive until it is dropped.
#[derive(Debug)]
pub(crate) struct Guard(Live);

impl Live {
    pub(crate) fn guard(&self) -> Guard {
        self.state().count += 1;
        Guard(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.state().count
    }

    /// Ready when there is no guard.
    pub(crate) fn poll_none(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.count == 0 {
            return Poll::Ready(());
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            state.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.count = state.count.saturating_sub(1);
        let waiting = if state.count == 0 { std::mem::take(&mut state.waiting) } else { Vec::new() };
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }
}
