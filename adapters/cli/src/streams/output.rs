//! Outputs for a peer's bytes, which can tell their reader whether the bytes are complete.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// An output for a peer's bytes; `shutdown` and a drop tell its reader that the bytes are complete.
pub(crate) trait Output: AsyncWrite + Send + Unpin {
    /// Ends the output so that its reader, if possible, learns that bytes are missing.
    fn cut(self: Box<Self>);
}

/// An output that is cut when it is dropped before its shutdown, so that an early end does not look like a complete
/// stream.
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
