//! Serves a server's peers in one call.

use crate::{Incoming, IncomingError, Native, Server};
use multiserver_core::keys::PublicKey;
use multiserver_io::{MaybeSend, MaybeSync};
use std::net::IpAddr;
use std::sync::Arc;

/// A peer that an authorizer decides about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// The key that the peer has proven; `None` where its suite proves none.
    pub key: Option<PublicKey>,
    /// The IP address that its connection comes from; `None` where there is none. It may be that of a proxy.
    pub source: Option<IpAddr>,
}

impl<R: Native> Server<R> {
    /// Serves until the server is closed: asks `authorize` about each peer, and passes the connections of those that it
    /// accepts to `handle`.
    ///
    /// `authorize` is given the [peer](Peer), and returns whatever the handler should know about it, or `None` to
    /// refuse it. It has to decide before the handshake's [deadline](crate::Limits::deadline).
    ///
    /// Each peer runs in a task of its own, which this spawns on the runtime. Errors of a peer are
    /// [reported](crate::Builder::report).
    ///
    /// # Cancel safety
    /// Dropping the future stops listening; the tasks of the peers go on.
    pub async fn serve<T, A, AF, H, HF>(mut self, authorize: A, handle: H)
    where
        T: MaybeSend + 'static,
        A: Fn(Peer) -> AF + MaybeSend + MaybeSync + 'static,
        AF: Future<Output = Option<T>> + MaybeSend,
        H: Fn(R::Connection, T) -> HF + MaybeSend + MaybeSync + 'static,
        HF: Future<Output = ()> + MaybeSend,
    {
        let runtime = self.runtime();
        let (authorize, handle) = (Arc::new(authorize), Arc::new(handle));
        while let Some(incoming) = self.accept().await {
            let (authorize, handle) = (Arc::clone(&authorize), Arc::clone(&handle));
            // In a box of its own, which is freed when the peer is in: a handshake takes more memory than a connection.
            let entering = Box::pin(async move { incoming.authorize(&*authorize).await });
            runtime.spawn(Box::pin(async move {
                let Ok(Some((connection, known))) = entering.await else { return };
                handle(connection, known).await;
            }));
        }
    }
}

impl<R: Native> Incoming<R> {
    /// Runs the handshake, asks `authorize` about the peer, and accepts it, all within the
    /// [deadline](crate::Limits::deadline).
    ///
    /// `authorize` is given the [peer](Peer). Its result is returned beside the connection; if it returns `None`, or
    /// nothing in time, the peer is refused and there is no connection.
    ///
    /// # Errors
    /// The peer failed to prove itself, went away or took too long. The error was reported as an event as well, so the
    /// caller need not handle it.
    ///
    /// # Cancel safety
    /// Dropping the future closes the socket.
    pub async fn authorize<T, F: Future<Output = Option<T>>>(
        self,
        authorize: impl FnOnce(Peer) -> F,
    ) -> Result<Option<(R::Connection, T)>, IncomingError> {
        let mut request = self.handshake().await?;
        let peer = Peer { key: request.peer().copied(), source: request.source() };
        match request.decide(authorize(peer)).await {
            Some(Some(known)) => Ok(Some((request.accept().await?, known))),
            Some(None) | None => {
                request.refuse().await;
                Ok(None)
            }
        }
    }
}
