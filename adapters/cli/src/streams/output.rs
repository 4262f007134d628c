//! Where a peer's bytes go, and how it learns whether these were all.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// Where a peer's bytes go; `shutdown` and a drop tell who reads them that this was all.
pub(crate) trait Output: AsyncWrite + Send + Unpin {
    /// Ends it in a way that tells who reads it, where that can be told, that something is missing.
    fn cut(self: Box<Self>);
}

/// An output that is cut by a drop before its shutdown: whatever ends it early must not look like the end of it all.
pub(crate) struct Unfinished(Option<Box<dyn Output>>);

impl Unfinished {
    pub(crate) fn new(output: impl Output + 'static) -> Self {
        Self(Some(Box::new(output)))
    }

    fn open(self: Pin<&mut Self>) -> io::Result<Pin<&mut Box<dyn Output>>> {
        self.get_mut().0.as_mut().map(Pin::new).ok_or_else(|| ErrorKind::BrokenPipe.into())
    }
}

impl AsyncWrite for Unfinished {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.open()?.poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.open()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().open()?.poll_shutdown(cx))?;
        self.0 = None;
        Poll::Ready(Ok(()))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(output) = self.0.take() {
            output.cut();
        }
    }
}
