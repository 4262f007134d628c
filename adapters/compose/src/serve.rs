//! Serving in one call.

use crate::{Native, Request, Server};
use multiserver_core::keys::PublicKey;
use std::sync::Arc;

impl<R: Native> Server<R> {
    /// Serves until the server is closed: asks `authorize` about each peer, and hands whoever it lets in to `handle`.
    ///
    /// `authorize` is given the peer's key, or `None` where its suite proves none, and returns whatever the handler
    /// should know about the peer, or `None` to refuse it. It has the time until the handshake's
    /// [deadline](crate::Limits::deadline).
    ///
    /// This is the only place that spawns: one task of the runtime for each peer. What goes wrong with a peer is
    /// [reported](crate::Builder::report).
    ///
    /// # Cancel safety
    /// Dropping the future stops listening; the tasks of the peers go on.
    pub async fn serve<T, A, AF, H, HF>(mut self, authorize: A, handle: H)
    where
        T: Send + 'static,
        A: Fn(Option<PublicKey>) -> AF + Send + Sync + 'static,
        AF: Future<Output = Option<T>> + Send,
        H: Fn(R::Connection, T) -> HF + Send + Sync + 'static,
        HF: Future<Output = ()> + Send,
    {
        let runtime = self.runtime();
        let (authorize, handle) = (Arc::new(authorize), Arc::new(handle));
        while let Some(incoming) = self.accept().await {
            let (authorize, handle) = (Arc::clone(&authorize), Arc::clone(&handle));
            runtime.spawn(Box::pin(async move {
                let Ok(mut request) = incoming.handshake().await else { return };
                let peer = request.peer().copied();
                let Some(Some(known)) = request.decide(authorize(peer)).await else { return };
                let Ok(connection) = Request::accept(request).await else { return };
                handle(connection, known).await;
            }));
        }
    }
}
