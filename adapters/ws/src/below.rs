//! The stream below a WebSocket, with what was read ahead of the library.

use crate::held::Held;
use futures_io::{AsyncRead, AsyncWrite};
use multiserver_io::Spare;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

/// How much is read from the stream at once, in bytes.
const READ_AT_ONCE: usize = 16 * 1024;

thread_local! {
    static SPARE: Spare = const { Spare::new() };
}

/// The stream below, which outlives the library's WebSocket over it: one that has grown can be replaced.
pub(crate) struct Below<S>(Arc<Mutex<Held<ReadAhead<S>>>>);

/// A stream that is read by more than is asked for, into the thread's buffer; only what is read ahead stays.
#[derive(Debug)]
pub(crate) struct ReadAhead<S> {
    io: S,
    buffer: Vec<u8>,
    ahead: Range<usize>,
}

impl<S> Below<S> {
    pub(crate) fn new(held: Held<ReadAhead<S>>) -> Self {
        Self(Arc::new(Mutex::new(held)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Held<ReadAhead<S>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Clone for Below<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> ReadAhead<S> {
    pub(crate) const fn new(io: S) -> Self {
        Self { io, buffer: Vec::new(), ahead: 0..0 }
    }

    /// Gives bytes that were read ahead, and the buffer back behind the last of them.
    fn give(&mut self, into: &mut [u8]) -> usize {
        let bytes = self.buffer.get(self.ahead.clone()).unwrap_or_default();
        let count = bytes.len().min(into.len());
        for (slot, byte) in into.iter_mut().zip(bytes) {
            *slot = *byte;
        }
        self.ahead.start += count;
        if self.ahead.is_empty() {
            Spare::keep(&SPARE, std::mem::take(&mut self.buffer));
            self.ahead = 0..0;
        }
        count
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ReadAhead<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if !into.is_empty() && this.ahead.is_empty() {
            this.buffer = Spare::take(&SPARE);
            this.buffer.resize(READ_AT_ONCE, 0);
            let read = Pin::new(&mut this.io).poll_read(cx, &mut this.buffer);
            if let Poll::Ready(Ok(count)) = read {
                this.ahead = 0..count.min(READ_AT_ONCE);
            } else {
                this.give(&mut []);
                ready!(read)?;
            }
        }
        Poll::Ready(Ok(this.give(into)))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ReadAhead<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_close(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Below<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.lock()).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Below<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.lock()).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_close(cx)
    }
}
