//! A byte stream in two boxed halves.

use crate::MaybeSend;
use crate::plain::Plain;
use crate::read_stream::ReadStream;
use crate::write_stream::WriteStream;
use futures_io::{AsyncRead, AsyncWrite};
use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The read half of any byte stream.
pub type BoxRead = Pin<Box<dyn ReadStream>>;

/// The write half of any byte stream.
pub type BoxWrite = Pin<Box<dyn WriteStream>>;

/// A byte stream as layers pass it to each other: two owned halves without a lock between them.
///
/// A stream below may have a lock of its own between its halves, as TLS has.
///
/// Every layer keeps this contract, and may rely on the layer below keeping it:
/// - **Reading** 0 bytes means that the peer has ended its direction. If the direction was cut and the layer can tell,
///   reading fails instead. After the end, the read half [tells](ReadStream::poll_closed) when the peer is gone.
/// - **Writing** may hold bytes back until a flush: flush before waiting for an answer. A layer passes a flush on to
///   the layer below.
/// - **Closing** flushes, and ends the direction to the peer only: reading goes on. A layer with a goodbye of its own
///   sends it and leaves the stream below open; other layers close the stream below.
/// - **Dropping** a half that was not closed does not end its direction properly: if the layer has a goodbye, the peer
///   sees that the direction was cut. The stream below is dropped with the second half.
/// - After a half has returned an error, do not use that half any more.
pub struct Duplex {
    read: BoxRead,
    write: BoxWrite,
}

impl Duplex {
    /// The stream of these two halves, where the end of the read half is that of the stream below, and the write half
    /// cannot probe the peer.
    #[must_use]
    pub fn new(
        read: impl AsyncRead + MaybeSend + Unpin + 'static,
        write: impl AsyncWrite + MaybeSend + Unpin + 'static,
    ) -> Self {
        Self::of_streams(Plain(read), Plain(write))
    }

    /// The stream of these two halves: the read half can watch the stream below, and the write half probe the peer.
    #[must_use]
    pub fn of_streams(read: impl ReadStream + 'static, write: impl WriteStream + 'static) -> Self {
        Self { read: Box::pin(read), write: Box::pin(write) }
    }

    /// The two halves.
    #[must_use]
    pub fn into_halves(self) -> (BoxRead, BoxWrite) {
        (self.read, self.write)
    }
}

impl AsyncRead for Duplex {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.read.as_mut().poll_read(cx, buffer)
    }
}

impl AsyncWrite for Duplex {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write.as_mut().poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write.as_mut().poll_write_vectored(cx, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write.as_mut().poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write.as_mut().poll_close(cx)
    }
}

impl fmt::Debug for Duplex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Duplex").finish_non_exhaustive()
    }
}
