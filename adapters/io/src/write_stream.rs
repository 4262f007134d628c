//! The write half of a byte stream, and how to find out whether anybody is at its other end.

use crate::MaybeSend;
use futures_io::AsyncWrite;
use std::io;
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The write half of a byte stream, which may also probe the peer.
///
/// [`Duplex::new`](crate::Duplex::new) makes one of any [`AsyncWrite`].
pub trait WriteStream: AsyncWrite + MaybeSend {
    /// Writes something that the peer does not see, if this stream has that, as far as the stream below takes it at once.
    /// When the peer is gone, this fails: not the first time, perhaps, but once the peer's system has answered.
    ///
    /// Ready at once, with whether something is on its way: false says nothing about the peer.
    ///
    /// # Errors
    /// The stream failed, or was closed.
    fn poll_probe(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let _ = cx;
        Poll::Ready(Ok(false))
    }
}

impl<P: DerefMut<Target: WriteStream> + Unpin + MaybeSend> WriteStream for Pin<P> {
    fn poll_probe(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        self.get_mut().as_mut().poll_probe(cx)
    }
}
