//! A source of connections whose handshakes are complete, for servers such as axum's and hyper's.

use crate::{BoxFuture, Connection, Peer, Server};
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::task::JoinSet;

/// How many connections may be in their handshakes or waiting to be taken, unless the caller sets another bound.
const BOUND: usize = 256;

/// A server as a source of connections: the handshakes run concurrently, each in a task of its own, and each connection
/// is returned as soon as its handshake is complete.
///
/// With the feature `axum` it is a listener for `axum::serve`. With hyper, give each connection that
/// [`next`](Self::next) returns to `serve_connection`. Dropping it stops listening and ends the handshakes.
pub struct Connections<T> {
    server: Server,
    authorize: Arc<Authorize<T>>,
    entering: JoinSet<Option<(Connection, T)>>,
    bound: usize,
}

type Authorize<T> = dyn Fn(Peer) -> BoxFuture<'static, Option<T>> + Send + Sync;

impl<T: Send + 'static> Connections<T> {
    /// The connections of this server whose peers `authorize` accepts.
    ///
    /// `authorize` is given the peer, and returns whatever the application should know about it, or `None` to refuse
    /// it; see [`Incoming::authorize`](multiserver_compose::Incoming::authorize).
    pub fn new<A, F>(server: Server, authorize: A) -> Self
    where
        A: Fn(Peer) -> F + Send + Sync + 'static,
        F: Future<Output = Option<T>> + Send + 'static,
    {
        let authorize: Arc<Authorize<T>> = Arc::new(move |peer| Box::pin(authorize(peer)));
        Self { server, authorize, entering: JoinSet::new(), bound: BOUND }
    }

    /// Sets how many connections may be in their handshakes, or complete and waiting to be taken by
    /// [`next`](Self::next); 256 by default.
    ///
    /// The [limits](crate::Limits) of each suite hold as well. A bound of 0 counts as 1.
    #[must_use]
    pub fn bound(mut self, count: usize) -> Self {
        self.bound = count.max(1);
        self
    }

    /// The next connection whose handshake is complete, and what `authorize` returned about its peer; `None` once the
    /// server is closed and the last handshake has ended.
    ///
    /// # Panics
    /// Outside of tokio's runtime.
    ///
    /// # Cancel safety
    /// Dropping the future loses no peer.
    pub async fn next(&mut self) -> Option<(Connection, T)> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(Connection, T)>> {
        loop {
            match self.entering.poll_join_next(cx) {
                Poll::Ready(Some(Ok(Some(entered)))) => return Poll::Ready(Some(entered)),
                // A peer that failed or was refused, which was reported as an event, or an authorizer that panicked.
                Poll::Ready(Some(_)) => continue,
                Poll::Ready(None) | Poll::Pending => {}
            }
            if self.entering.len() >= self.bound {
                return Poll::Pending;
            }
            let Some(incoming) = ready!(pin!(self.server.accept()).poll(cx)) else {
                return if self.entering.is_empty() { Poll::Ready(None) } else { Poll::Pending };
            };
            let authorize = Arc::clone(&self.authorize);
            self.entering.spawn(async move { incoming.authorize(&*authorize).await.ok().flatten() });
        }
    }
}

impl<T> fmt::Debug for Connections<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("server", &self.server)
            .field("entering", &self.entering.len())
            .field("bound", &self.bound)
            .finish_non_exhaustive()
    }
}
