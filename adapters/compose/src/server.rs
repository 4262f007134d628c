//! A multiserver that listens.

use crate::accept::{Accepted, Listening};
use crate::live::Live;
use crate::multiserver::Inner;
use crate::{Incoming, Native, Runtime};
use multiserver_core::address::{MultiAddress, Scope};
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A multiserver that listens; dropping it stops that.
///
/// It has no task of its own: peers are accepted while [`accept`](Self::accept) is awaited, and their handshakes run
/// wherever [`Incoming::handshake`] is awaited.
pub struct Server<R> {
    shared: Arc<Shared>,
    /// The listener to ask first.
    turn: usize,
    runtime: PhantomData<fn() -> R>,
}

/// Knows where a [`Server`] listens, and closes it; cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle(Arc<Shared>);

/// What a server and its handles share.
pub(crate) struct Shared {
    pub(crate) inner: Arc<Inner>,
    pub(crate) live: Live,
    state: Mutex<State>,
}

struct State {
    /// Empty once the server is closed.
    listening: Vec<Listening>,
    acceptor: Option<Waker>,
}

impl<R: Native> Server<R> {
    pub(crate) fn new(inner: Arc<Inner>, listening: Vec<Listening>) -> Self {
        let state = Mutex::new(State { listening, acceptor: None });
        Self { shared: Arc::new(Shared { inner, live: Live::default(), state }), turn: 0, runtime: PhantomData }
    }

    /// Accepts the next peer, of which nothing is known yet but where it comes from; `None` once the server is closed.
    ///
    /// What a peer does wrong is no error here, and what keeps a suite from accepting is reported and tried again.
    /// While as many handshakes are under way as a suite's [`Limits`](crate::Limits) allow, it accepts nobody.
    ///
    /// # Cancel safety
    /// Dropping the future loses no peer.
    pub async fn accept(&mut self) -> Option<Incoming<R>> {
        let Self { shared, turn, .. } = self;
        poll_fn(|cx| shared.poll_accept(turn, cx)).await.map(Incoming::new)
    }

    /// Where it is found in this scope; `None` when nowhere.
    #[must_use]
    pub fn address(&self, scope: Scope) -> Option<MultiAddress> {
        self.shared.address(scope)
    }

    pub(crate) fn runtime(&self) -> Arc<dyn Runtime> {
        Arc::clone(&self.shared.inner.runtime)
    }

    /// A handle to keep when the server itself goes to the task that accepts.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle(Arc::clone(&self.shared))
    }
}

impl<R> Drop for Server<R> {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl Handle {
    /// Where the server is found in this scope; `None` when nowhere, or when it is closed.
    #[must_use]
    pub fn address(&self, scope: Scope) -> Option<MultiAddress> {
        self.0.address(scope)
    }

    /// How many peers are connected or on their way in.
    #[must_use]
    pub fn live(&self) -> usize {
        self.0.live.count()
    }

    /// Stops listening, waits until every peer is gone, for `grace` at the longest, and returns how many still are
    /// there: connections and handshakes belong to the tasks that hold them, and only these can end them.
    ///
    /// # Cancel safety
    /// The server stops listening at the first poll; dropping the future only ends the wait.
    pub async fn close(&self, grace: Duration) -> usize {
        let Self(shared) = self;
        shared.stop();
        let mut grace = shared.inner.runtime.sleep(grace);
        poll_fn(|cx| {
            if shared.live.poll_none(cx).is_ready() {
                return Poll::Ready(());
            }
            grace.as_mut().poll(cx)
        })
        .await;
        self.live()
    }
}

impl Shared {
    fn address(&self, scope: Scope) -> Option<MultiAddress> {
        let state = self.state();
        MultiAddress::new(state.listening.iter().flat_map(|listening| listening.addresses(scope)))
    }

    /// Closes the sockets that listen, and ends the wait for a peer.
    fn stop(&self) {
        let mut state = self.state();
        let listening = std::mem::take(&mut state.listening);
        let acceptor = state.acceptor.take();
        drop(state);
        drop(listening);
        if let Some(acceptor) = acceptor {
            acceptor.wake();
        }
    }

    /// Asks each listener in turn, from `turn` on.
    fn poll_accept(self: &Arc<Self>, turn: &mut usize, cx: &mut Context<'_>) -> Poll<Option<Accepted>> {
        let mut state = self.state();
        let count = state.listening.len();
        if count == 0 {
            return Poll::Ready(None);
        }
        for _ in 0..count {
            let index = *turn % count;
            *turn = index.wrapping_add(1);
            if let Some(listening) = state.listening.get_mut(index)
                && let Poll::Ready(accepted) = listening.poll_accept(self, cx)
            {
                return Poll::Ready(Some(accepted));
            }
        }
        state.acceptor = Some(cx.waker().clone());
        Poll::Pending
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R> fmt::Debug for Server<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("shared", &self.shared).finish_non_exhaustive()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("live", &self.live.count()).finish_non_exhaustive()
    }
}
