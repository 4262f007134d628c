//! Which directions of a connection have ended, and how the stream below is watched after that.

use multiserver_io::{BoxRead, BoxWrite, ReadStream};
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

/// What the halves of a connection share.
///
/// A half that was closed stays until the other direction ends too. Dropping it may end the socket. Peers in Node take
/// that for the end of both directions, and what they still have to send would be lost. A half that was read to its end
/// stays as long as the connection, to be watched.
#[derive(Default)]
pub(super) struct Ends {
    is_read: AtomicBool,
    state: Mutex<State>,
    watchers: Arc<Watchers>,
}

#[derive(Default)]
struct State {
    /// The half that was read to its end.
    read: Option<BoxRead>,
    /// The half that was closed.
    closed: Option<BoxWrite>,
    /// How the stream below has ended.
    below: Option<Result<(), ErrorKind>>,
}

/// The tasks that wait for the end of the stream below, since the stream itself keeps only one waker.
#[derive(Default)]
struct Watchers(Mutex<Vec<Waker>>);

impl Ends {
    /// Whether reading has come to its end; takes no lock.
    pub(super) fn is_read(&self) -> bool {
        self.is_read.load(Ordering::Acquire)
    }

    /// Reading has come to its end.
    pub(super) fn read(&self, half: BoxRead) {
        let mut state = self.state();
        state.closed = None;
        state.read = Some(half);
        drop(state);
        self.is_read.store(true, Ordering::Release);
        self.watchers.wake_all();
    }

    /// Reading has failed.
    pub(super) fn failed(&self, kind: ErrorKind) {
        self.state().below = Some(Err(kind));
        self.watchers.wake_all();
    }

    /// Writing has come to its end.
    pub(super) fn closed(&self, half: Option<BoxWrite>) {
        let mut state = self.state();
        state.closed = if state.read.is_some() { None } else { half };
    }

    /// Ready when reading has come to its end and the stream below has ended too.
    pub(super) fn poll_below(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        self.watchers.add(cx.waker());
        let mut state = self.state();
        if let Some(below) = state.below {
            return Poll::Ready(below.map_err(io::Error::from));
        }
        // Without a goodbye, the end that was read is the only one there is.
        let Some(read) = state.read.as_mut().filter(|read| read.has_goodbye()) else { return Poll::Pending };
        let waker = Waker::from(Arc::clone(&self.watchers));
        let below = ready!(read.as_mut().poll_closed(&mut Context::from_waker(&waker)));
        state.below = Some(below.as_ref().map_err(io::Error::kind).copied());
        Poll::Ready(below)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.watchers.wake_all();
    }
}

impl Watchers {
    fn add(&self, waker: &Waker) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !waiting.iter().any(|other| other.will_wake(waker)) {
            waiting.push(waker.clone());
        }
    }

    fn wake_all(&self) {
        let waiting = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl Wake for Watchers {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }
}
