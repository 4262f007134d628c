//! The read half of a byte stream, and how to watch the stream below after its end.

use crate::MaybeSend;
use futures_io::AsyncRead;
use std::io::{self, ErrorKind};
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The read half of a byte stream, which can also watch the stream below after the end was read.
///
/// [`Duplex::new`](crate::Duplex::new) makes one of any [`AsyncRead`].
pub trait ReadStream: AsyncRead + MaybeSend {
    /// Whether this stream has a goodbye: an end of its own, apart from the end of the stream below.
    ///
    /// Without a goodbye, the end of the stream below is the end of this stream, and a peer that has ended its own
    /// direction may still read. After a goodbye, the end of the stream below mostly means that the peer is gone. A peer
    /// can end its direction below as well and still read, as npm multiserver does over TCP:
    /// [`WriteStream::poll_probe`](crate::WriteStream::poll_probe) finds out.
    fn has_goodbye(&self) -> bool {
        false
    }

    /// Ready when the stream below has ended; poll it only after reading this stream has come to its end.
    ///
    /// While it is polled, the stream below also does what keeps it alive, such as answering pings.
    ///
    /// # Errors
    /// The stream below failed, or bytes came after the end.
    fn poll_closed(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl<P: DerefMut<Target: ReadStream> + Unpin + MaybeSend> ReadStream for Pin<P> {
    fn has_goodbye(&self) -> bool {
        (**self).has_goodbye()
    }

    fn poll_closed(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().as_mut().poll_closed(cx)
    }
}

/// The error of [`ReadStream::poll_closed`] when bytes come after the end.
#[must_use]
pub fn bytes_after_the_end() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "bytes came after the peer's goodbye")
}
