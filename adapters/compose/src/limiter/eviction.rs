//! Tells the holder of a slot that it has lost the slot.

use crate::held::Revoke;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// The signal from a limiter to a permit that its slot was given to a newcomer.
#[derive(Default)]
pub(super) struct Eviction(Mutex<EvictionState>);

#[derive(Default)]
struct EvictionState {
    is_evicted: bool,
    waker: Option<Waker>,
    /// Drops what the caller holds of the connection.
    socket: Option<Arc<dyn Revoke>>,
}

impl Eviction {
    pub(super) fn signal(&self) {
        let mut state = self.state();
        state.is_evicted = true;
        let (waker, socket) = (state.waker.take(), state.socket.take());
        drop(state);
        if let Some(socket) = socket {
            socket.revoke();
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Closes what the caller holds of the connection, and returns whether it held anything.
    pub(super) fn revoke(&self) -> bool {
        let socket = self.state().socket.clone();
        socket.is_some_and(|socket| socket.revoke())
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.is_evicted {
            return Poll::Ready(());
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Ends when the signal is given. Only one task at a time can await it.
    pub(super) fn signalled(self: &Arc<Self>) -> impl Future<Output = ()> + use<> {
        let eviction = Arc::clone(self);
        poll_fn(move |cx| eviction.poll(cx))
    }

    /// Drops this too when the slot is lost.
    pub(super) fn takes_along(&self, socket: Arc<dyn Revoke>) {
        self.state().socket = Some(socket);
    }

    fn state(&self) -> MutexGuard<'_, EvictionState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Eviction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Eviction").field("is_evicted", &self.state().is_evicted).finish_non_exhaustive()
    }
}
