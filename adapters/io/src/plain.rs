//! Halves of a byte stream without a goodbye and without probes.

use crate::read_stream::{ReadStream, bytes_after_the_end};
use crate::{MaybeSend, WriteStream};
use futures_io::{AsyncRead, AsyncWrite};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// How many bytes are read at once where no bytes are expected.
const UNEXPECTED: usize = 64;

/// A half whose end is the end of its bytes.
#[derive(Debug)]
pub(crate) struct Plain<S>(pub(crate) S);

impl<R: AsyncRead + Unpin> AsyncRead for Plain<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<R: AsyncRead + MaybeSend + Unpin> ReadStream for Plain<R> {
    fn poll_closed(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let count = ready!(Pin::new(&mut self.0).poll_read(cx, &mut [0; UNEXPECTED]))?;
        Poll::Ready(if count == 0 { Ok(()) } else { Err(bytes_after_the_end()) })
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Plain<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}

impl<W: AsyncWrite + MaybeSend + Unpin> WriteStream for Plain<W> {}
