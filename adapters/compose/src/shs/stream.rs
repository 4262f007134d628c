//! The secret handshake over a stream of the caller's own, without addresses, suites or a runtime.

use super::ready::ReadyPairs;
use super::{Shs, layer_error, run_acceptance, run_client};
use crate::{LayerError, system};
use futures_io::{AsyncRead, AsyncWrite};
use multiserver_core::keys::PublicKey;
use multiserver_core::shs::{Authenticated, Outcome, Server, ServerHandshake};
use multiserver_io::{SecureReader, SecureStream, SecureWriter, drive};
use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Runs the client's side of the secret handshake over streams that the caller has opened.
#[derive(Debug, Clone)]
pub struct ShsConnector(Shs);

/// Runs the server's side of the secret handshake over streams that the caller has accepted.
#[derive(Debug, Clone)]
pub struct ShsAcceptor(Shs);

/// A client that has proven its key and waits to be accepted. Dropping this refuses the client without an answer.
pub struct ShsRequest<S> {
    authenticated: Authenticated,
    stream: S,
    ready: Arc<ReadyPairs>,
}

/// An encrypted stream between two ends that have proven their keys to each other.
///
/// It is read, written, flushed and closed as a [`SecureStream`] is.
pub struct ShsStream<S> {
    stream: SecureStream<S>,
    peer: PublicKey,
    channel_binding: [u8; 32],
}

impl ShsConnector {
    /// A connector with the identity and the network key of `shs`.
    #[must_use]
    pub const fn new(shs: Shs) -> Self {
        Self(shs)
    }

    /// Runs the handshake with the server that has this key.
    ///
    /// There is no deadline here: set one around it.
    ///
    /// # Errors
    /// The stream failed, the server does not have this key, or it [may have refused](LayerError::Refused) us.
    ///
    /// # Cancel safety
    /// Dropping the future drops the stream in it.
    pub async fn connect<S>(&self, server: &PublicKey, mut stream: S) -> Result<ShsStream<S>, LayerError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Shs { identity, network, ready } = &self.0;
        let outcome = run_client(Arc::clone(identity), server, network, ready, system::random, &mut stream).await?;
        Ok(ShsStream::new(stream, outcome))
    }
}

impl ShsAcceptor {
    /// An acceptor with the identity and the network key of `shs`.
    #[must_use]
    pub const fn new(shs: Shs) -> Self {
        Self(shs)
    }

    /// Runs the handshake until the client has proven its key and waits to be accepted.
    ///
    /// There is no deadline here, and no bound on how many handshakes run at once: set both around it.
    ///
    /// # Errors
    /// The stream failed, or the client has not proven who it is. Send it nothing, and drop the stream.
    ///
    /// # Cancel safety
    /// Dropping the future drops the stream in it.
    pub async fn handshake<S>(&self, mut stream: S) -> Result<ShsRequest<S>, LayerError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let server = Server::new(Arc::clone(&self.0.identity), &self.0.network);
        let mut handshake = ServerHandshake::new(server, self.0.ready.take(system::random)?);
        let authenticated = drive(&mut handshake, &mut stream).await.map_err(layer_error)?;
        Ok(ShsRequest { authenticated, stream, ready: Arc::clone(&self.0.ready) })
    }
}

impl<S> ShsRequest<S> {
    /// The client's key, which it has proven.
    #[must_use]
    pub const fn peer(&self) -> &PublicKey {
        self.authenticated.peer()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> ShsRequest<S> {
    /// Accepts the client.
    ///
    /// # Errors
    /// The stream failed.
    ///
    /// # Cancel safety
    /// Dropping the future drops the stream in it.
    pub async fn accept(self) -> Result<ShsStream<S>, LayerError> {
        let Self { authenticated, mut stream, ready } = self;
        let outcome = run_acceptance(authenticated, &ready, system::random, &mut stream).await?;
        Ok(ShsStream::new(stream, outcome))
    }
}

impl<S> ShsStream<S> {
    fn new(stream: S, outcome: Outcome) -> Self {
        let (peer, channel_binding) = (*outcome.peer(), *outcome.channel_binding());
        let (sealer, opener) = outcome.into_boxes();
        Self { stream: SecureStream::new(stream, sealer, opener), peer, channel_binding }
    }

    /// The peer's key, which it has proven.
    #[must_use]
    pub const fn peer(&self) -> &PublicKey {
        &self.peer
    }

    /// A value that only the two ends of this stream know. A protocol above can sign it to bind itself to this stream.
    #[must_use]
    pub const fn channel_binding(&self) -> &[u8; 32] {
        &self.channel_binding
    }

    /// Splits this stream, where `split` splits the stream below; both halves continue where the stream was.
    #[must_use]
    pub fn into_split_with<R, W>(self, split: impl FnOnce(S) -> (R, W)) -> (SecureReader<R>, SecureWriter<W>) {
        self.stream.into_split(split)
    }
}

impl<S: AsyncWrite + Unpin> ShsStream<S> {
    /// Flushes what was written, then tells the peer that nothing more will follow; what the peer sends can still be
    /// read.
    ///
    /// # Errors
    /// The stream failed.
    ///
    /// # Cancel safety
    /// After the future is dropped, calling this again continues where it stopped.
    pub async fn close(&mut self) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut self.stream).poll_close(cx)).await
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ShsStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ShsStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

impl<S> fmt::Debug for ShsRequest<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShsRequest").field("peer", self.peer()).finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for ShsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShsStream").field("peer", &self.peer).finish_non_exhaustive()
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use multiserver_core::keys::{KeyPair, Seed};
    use std::io::{ErrorKind, Read, Write};
    use std::os::unix::net::UnixStream;
    use std::pin::pin;
    use std::task::Waker;

    /// One end of a pair of sockets, which has itself polled again at once where it would block.
    struct Busy(UnixStream);

    fn pair() -> (Busy, Busy) {
        let (near, far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        far.set_nonblocking(true).unwrap();
        (Busy(near), Busy(far))
    }

    fn or_again<T>(cx: &Context<'_>, result: io::Result<T>) -> Poll<io::Result<T>> {
        match result {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            result => Poll::Ready(result),
        }
    }

    impl AsyncRead for Busy {
        fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
            or_again(cx, self.0.read(buffer))
        }
    }

    impl AsyncWrite for Busy {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            or_again(cx, self.0.write(bytes))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// Polls both by turns until both are done.
    fn both<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
        let (mut one, mut other) = (pin!(one), pin!(other));
        let (mut first, mut second) = (None, None);
        let mut cx = Context::from_waker(Waker::noop());
        loop {
            first = first.or_else(|| ready(one.as_mut().poll(&mut cx)));
            second = second.or_else(|| ready(other.as_mut().poll(&mut cx)));
            match (first, second) {
                (Some(first), Some(second)) => return (first, second),
                unfinished => (first, second) = unfinished,
            }
        }
    }

    fn ready<T>(poll: Poll<T>) -> Option<T> {
        match poll {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    fn shs(fill: u8) -> Shs {
        Shs::new(KeyPair::from_seed(Seed::from_bytes([fill; 32])))
    }

    #[test]
    fn a_completed_handshake_makes_a_pair_ready_on_both_sides() {
        let (alice, bob) = (shs(1), shs(2));
        let (connector, acceptor) = (ShsConnector::new(alice.clone()), ShsAcceptor::new(bob.clone()));
        let server = bob.identity.public();
        for _ in 0..3 {
            let (near, far) = pair();
            let accept = async { acceptor.handshake(far).await.unwrap().accept().await.unwrap() };
            let (near, far) = both(connector.connect(&server, near), accept);
            assert_eq!(near.unwrap().channel_binding(), far.channel_binding());
            assert_eq!((alice.ready.count(), bob.ready.count()), (1, 1), "each takes one and makes one");
        }
    }

    #[test]
    fn a_refused_client_makes_no_pair_ready() {
        let (alice, bob) = (shs(1), shs(2));
        let (connector, acceptor) = (ShsConnector::new(alice), ShsAcceptor::new(bob.clone()));
        let (near, far) = pair();
        let server = bob.identity.public();
        let refuse = async { drop(acceptor.handshake(far).await.unwrap()) };
        let (refused, ()) = both(connector.connect(&server, near), refuse);
        assert!(matches!(refused, Err(LayerError::Refused(_))));
        assert_eq!(bob.ready.count(), 0);
    }
}
