//! A multiserver that listens.

use crate::accept::Acceptor;
use crate::held::Held;
use crate::incoming::Entry;
use crate::live::Live;
use crate::multiserver::Inner;
use crate::served::Served;
use crate::tally::ServerStats;
use crate::transport::Opening;
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
    /// The suites, each with the state of accepting on it.
    acceptors: Vec<Acceptor>,
    /// The suite to ask first.
    turn: usize,
    runtime: PhantomData<fn() -> R>,
}

/// A handle that tells where a [`Server`] listens, and can close it; cheap to clone.
#[derive(Debug, Clone)]
pub struct ServerHandle(Arc<Shared>);

/// The state that a server and its handles share.
pub(crate) struct Shared {
    pub(crate) inner: Arc<Inner>,
    pub(crate) live: Live,
    served: Vec<Arc<Served>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_closed: bool,
    waiting: Option<Waker>,
}

impl<R: Native> Server<R> {
    pub(crate) fn new(inner: Arc<Inner>, served: Vec<Arc<Served>>) -> Self {
        let acceptors = served.iter().map(|served| Acceptor::new(Arc::clone(served))).collect();
        let shared = Arc::new(Shared { inner, live: Live::default(), served, state: Mutex::default() });
        Self { shared, acceptors, turn: 0, runtime: PhantomData }
    }

    /// Accepts the next peer, of which only the source is known yet; `None` once the server is closed.
    ///
    /// A peer's faults are no error here. When a suite cannot accept, that is reported, and it tries again after a
    /// pause. A suite accepts nobody while as many handshakes are under way as its [`Limits`](crate::Limits) allow and
    /// none of them can be evicted.
    ///
    /// # Cancel safety
    /// Dropping the future loses no peer.
    pub async fn accept(&mut self) -> Option<Incoming<R>> {
        let accepted = poll_fn(|cx| self.poll_accept(cx)).await;
        accepted.map(|(entry, opening)| Incoming::new(entry, opening))
    }

    /// Asks each suite in turn, from `turn` on.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Option<(Entry, Held<Opening>)>> {
        let count = self.acceptors.len();
        for _ in 0..count {
            let index = self.turn % count;
            self.turn = index.wrapping_add(1);
            if let Some(acceptor) = self.acceptors.get_mut(index)
                && let Poll::Ready(accepted) = acceptor.poll_accept(&self.shared.live, cx)
            {
                return Poll::Ready(Some(accepted));
            }
        }
        self.shared.poll_closed(cx).map(|()| None)
    }

    /// The addresses at which it is reachable in this scope; `None` when there are none.
    #[must_use]
    pub fn address(&self, scope: Scope) -> Option<MultiAddress> {
        self.shared.address(scope)
    }

    pub(crate) fn runtime(&self) -> Arc<dyn Runtime> {
        Arc::clone(&self.shared.inner.runtime)
    }

    /// A handle that stays with the caller when the server is moved to the task that accepts.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        ServerHandle(Arc::clone(&self.shared))
    }
}

impl<R> Drop for Server<R> {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl ServerHandle {
    /// The addresses at which the server is reachable in this scope; `None` when there are none, or when it is closed.
    #[must_use]
    pub fn address(&self, scope: Scope) -> Option<MultiAddress> {
        self.0.address(scope)
    }

    /// How many peers are connected or in their handshakes.
    #[must_use]
    pub fn live(&self) -> usize {
        self.0.live.count()
    }

    /// The counts of each suite so far, in the order in which the suites were added; they can be read after the server
    /// is closed as well.
    #[must_use]
    pub fn stats(&self) -> Vec<ServerStats> {
        self.0.served.iter().map(|served| served.stats()).collect()
    }

    /// Stops listening, waits at most `grace` until every peer is gone, and returns how many peers are left. Their
    /// connections and handshakes belong to the tasks that hold them, and only these tasks can end them.
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
        MultiAddress::new(self.served.iter().flat_map(|served| served.addresses(scope)))
    }

    /// Closes the listening sockets, and wakes the task that waits for a peer.
    fn stop(&self) {
        self.served.iter().for_each(|served| served.stop());
        let mut state = self.state();
        state.is_closed = true;
        let waiting = state.waiting.take();
        drop(state);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    /// Ready when the server is closed.
    fn poll_closed(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.is_closed {
            return Poll::Ready(());
        }
        state.waiting = Some(cx.waker().clone());
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
