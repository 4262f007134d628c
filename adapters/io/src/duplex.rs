//! Two halves of one byte stream, in boxes.

use crate::MaybeSend;
use crate::read_stream::{Plain, ReadStream};
use futures_io::{AsyncRead, AsyncWrite};
use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The half of a byte stream that is read, whatever is under it.
pub type BoxRead = Pin<Box<dyn ReadStream>>;

/// The half of a byte stream that is written, whatever is under it.
pub type BoxWrite = Pin<Box<dyn WriteStream>>;

/// The half of a byte stream that is written: what has [`AsyncWrite`] is one.
pub trait WriteStream: AsyncWrite + MaybeSend {}

impl<W: AsyncWrite + MaybeSend + ?Sized> WriteStream for W {}

/// A byte stream as layers hand it to each other: two owned halves with no lock between them.
///
/// Where the stream below has a lock between its halves, as TLS has, that lock is that stream's own.
///
/// Every layer keeps this contract, and may rely on the layer below to keep it:
/// - **Reading** 0 bytes is the peer's end of its direction. A direction that was cut is an error where the layer can
///   tell, never an end. After the end, the half that is read [tells](ReadStream::poll_closed) when the peer is gone.
/// - **Writing** may hold bytes back until a flush: whoever waits for an answer flushes first. A layer passes a flush on
///   to the layer below.
/// - **Closing** flushes, and ends the direction to the peer alone: reading goes on. A layer with a goodbye of its own
///   says it and leaves the stream below open; others close the stream below.
/// - **Dropping** a half that was not closed is no end: the peer of a layer with a goodbye sees that the direction was
///   cut. The stream below ends with its second half.
/// - After an error of a half, that half is of no more use.
pub struct Duplex {
    read: BoxRead,
    write: BoxWrite,
}

impl Duplex {
    /// The stream of these two halves, of which the end that is read is that of the stream below.
    #[must_use]
    pub fn new(
        read: impl AsyncRead + MaybeSend + Unpin + 'static,
        write: impl AsyncWrite + MaybeSend + 'static,
    ) -> Self {
        Self::of_streams(Plain(read), write)
    }

    /// The stream of these two halves, of which the one that is read knows of its end and what is below.
    #[must_use]
    pub fn of_streams(read: impl ReadStream + 'static, write: impl AsyncWrite + MaybeSend + 'static) -> Self {
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
