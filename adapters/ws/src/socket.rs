//! A byte stream over WebSocket messages.

use crate::state::State;
use crate::wakers::Half;
use crate::{Config, Timer};
use async_tungstenite::tungstenite::protocol::Role;
use futures_io::{AsyncRead, AsyncWrite};
use multiserver_io::{MaybeSend, ReadStream, WriteStream};
use std::fmt;
use std::io;
#[cfg(doc)]
use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

/// A byte stream over WebSocket messages. The [crate's documentation](crate) describes how it ends.
///
/// Reading yields the bytes of binary messages; 0 bytes are the peer's Close frame, and an end without one is an
/// [`ErrorKind::UnexpectedEof`]. Every write becomes one message of up to 128 KiB, which may be held back until a flush.
///
/// # Cancel safety
/// The stream keeps its progress itself, not in futures: a read, write, flush or close whose future was dropped can be
/// called again, and nothing is lost or sent twice.
pub struct WebSocket<S: AsyncRead + AsyncWrite + Unpin> {
    read: ReadHalf<S>,
    write: WriteHalf<S>,
}

/// The read half of a [`WebSocket`].
pub struct ReadHalf<S: AsyncRead + AsyncWrite + Unpin>(Arc<Mutex<State<S>>>);

/// The write half of a [`WebSocket`]. Dropping it sends the Close frame, as closing it does.
pub struct WriteHalf<S: AsyncRead + AsyncWrite + Unpin>(Arc<Mutex<State<S>>>);

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// The WebSocket over this stream, from which the bytes in `read` were read already.
    pub(crate) async fn new(io: S, read: Vec<u8>, role: Role, config: &Config, timer: &Timer) -> Self {
        let state = Arc::new(Mutex::new(State::new(io, read, role, config, timer).await));
        Self { read: ReadHalf(Arc::clone(&state)), write: WriteHalf(state) }
    }

    /// Bounds the peer's messages to 4 KiB until this is set. Set it when the peer is proven, so that only a proven
    /// peer makes this side assemble long messages. A longer message before that is the error
    /// [`LongBeforeProof`](crate::Error::LongBeforeProof).
    pub fn bound_until(&self, is_proven: Arc<AtomicBool>) {
        lock(&self.read.0).bound_until(is_proven);
    }

    /// The two halves, to be used from different tasks.
    #[must_use]
    pub fn into_split(self) -> (ReadHalf<S>, WriteHalf<S>) {
        (self.read, self.write)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Drop for ReadHalf<S> {
    fn drop(&mut self) {
        lock(&self.0).drop_half(Half::Read);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Drop for WriteHalf<S> {
    fn drop(&mut self) {
        lock(&self.0).drop_half(Half::Write);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for ReadHalf<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        lock(&self.0).poll_read(cx, buffer)
    }
}

/// The Close frame is a goodbye: until it is answered, the peer may still read what is sent.
impl<S: AsyncRead + AsyncWrite + Unpin + MaybeSend> ReadStream for ReadHalf<S> {
    fn has_goodbye(&self) -> bool {
        true
    }

    fn poll_closed(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        lock(&self.0).poll_closed(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WriteHalf<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        lock(&self.0).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        lock(&self.0).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        lock(&self.0).poll_close(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + MaybeSend> WriteStream for WriteHalf<S> {}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for WebSocket<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.read).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WebSocket<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.write).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_close(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> fmt::Debug for WebSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").finish_non_exhaustive()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> fmt::Debug for ReadHalf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadHalf").finish_non_exhaustive()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> fmt::Debug for WriteHalf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteHalf").finish_non_exhaustive()
    }
}

fn lock<S>(state: &Mutex<State<S>>) -> MutexGuard<'_, State<S>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
