//! A multiserver that listens.

use crate::accept::{Accepted, Acceptor};
use crate::live::Live;
use crate::multiserver::Inner;
use crate::tally::{Counters, Served};
use crate::{Incoming, Listener, Native, Runtime};
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
    /// One for each listener, in the same order.
    acceptors: Vec<Acceptor>,
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
    served: Vec<Arc<Served>>,
    state: Mutex<State>,
}

struct State {
    /// Empty once the server is closed.
    listening: Vec<Listening>,
    waiting: Option<Waker>,
}

/// A suite that listens.
pub(crate) struct Listening {
    pub(crate) served: Arc<Served>,
    pub(crate) listener: Arc<dyn Listener>,
}

impl<R: Native> Server<R> {
    pub(crate) fn new(inner: Arc<Inner>, listening: Vec<Listening>) -> Self {
        let served: Vec<_> = listening.iter().map(|listening| Arc::clone(&listening.served)).collect();
        let acceptors = served.iter().map(|served| Acceptor::new(Arc::clone(served))).collect();
        let state = Mutex::new(State { listening, waiting: None });
        let shared = Arc::new(Shared { inner, live: Live::default(), served, state });
        Self { shared, acceptors, turn: 0, runtime: PhantomData }
    }

    /// Accepts the next peer, of which nothing is known yet but where it comes from; `None` once the server is closed.
    ///
    /// What a peer does wrong is no error here, and what keeps a suite from accepting is reported and tried again.
    /// While as many handshakes are under way as a suite's [`Limits`](crate::Limits) allow, it accepts nobody.
    ///
    /// # Cancel safety
    /// Dropping the future loses no peer.
    pub async fn accept(&mut self) -> Option<Incoming<R>> {
        poll_fn(|cx| self.poll_accept(cx)).await.map(Incoming::new)
    }

    /// Asks each listener in turn, from `turn` on.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Option<Accepted>> {
        let count = self.acceptors.len();
        for _ in 0..count {
            let index = self.turn % count;
            self.turn = index.wrapping_add(1);
            // No lock is held while a listener is polled or something is reported.
            let (Some(listener), Some(acceptor)) = (self.shared.listener(index), self.acceptors.get_mut(index)) else {
                return Poll::Ready(None);
            };
            if let Poll::Ready(accepted) = acceptor.poll_accept(&*listener, &self.shared, cx) {
                return Poll::Ready(Some(accepted));
            }
        }
        self.shared.poll_closed(cx).map(|()| None)
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

    /// What became of the peers of each suite so far, in the order the suites were added; it stays when the server is
    /// closed.
    #[must_use]
    pub fn counters(&self) -> Vec<Counters> {
        self.0.served.iter().map(|served| served.counters()).collect()
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
        let addresses = |listening: &Listening| listening.served.suite.over(listening.listener.addresses(scope));
        MultiAddress::new(state.listening.iter().flat_map(addresses))
    }

    fn listener(&self, index: usize) -> Option<Arc<dyn Listener>> {
        self.state().listening.get(index).map(|listening| Arc::clone(&listening.listener))
    }

    /// Closes the sockets that listen, and ends the wait for a peer.
    fn stop(&self) {
        let mut state = self.state();
        let listening = std::mem::take(&mut state.listening);
        let waiting = state.waiting.take();
        drop(state);
        drop(listening);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    /// Ready when the server is closed.
    fn poll_closed(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.listening.is_empty() {
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
