//! Byte streams over message channels.

use crate::codec::{Decoder, Encoder, Error, Limits, Message};
use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};
use futures_sink::Sink;
use multiserver_io::Duplex;
use std::error;
use std::fmt;
use std::io::{self, Cursor, ErrorKind, Read as _};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The most bytes that one message carries: 64 KiB of base64 text, not counting the JSON around it.
const PIECE: usize = 48 << 10;

/// The byte stream over a pair of message queues: messages that come in, and where messages go out.
///
/// A channel can carry one byte stream only, since the messages are numbered from 1.
pub fn duplex<I, O>(incoming: I, outgoing: O) -> Duplex
where
    I: Stream<Item = String> + Send + Unpin + 'static,
    O: Sink<String, Error: Into<Box<dyn error::Error + Send + Sync>>> + Send + Unpin + 'static,
{
    Duplex::new(Reader::new(incoming, Limits::default()), Writer::new(outgoing))
}

/// The read half of a byte stream over messages.
///
/// The peer's `end` is the end of the stream. A violation of the protocol is an [`ErrorKind::InvalidData`] with an
/// [`Error`] as its source, a failure that the peer reports is an [`ErrorKind::ConnectionAborted`], and the end of the
/// queue without the peer's `end` is an [`ErrorKind::UnexpectedEof`]. A message is taken from the queue only when all
/// earlier bytes that are in order were read.
///
/// # Cancel safety
/// A read whose future was dropped can be called again, and nothing is lost.
pub struct Reader<I> {
    incoming: I,
    decoder: Decoder,
    state: State,
}

enum State {
    /// The bytes that are read next.
    Open(Cursor<Vec<u8>>),
    Ended,
    Broken(Error),
    Failed(Option<String>),
}

/// The write half of a byte stream over messages.
///
/// A write puts at most 48 KiB in a message of its own. Closing sends `end` and leaves the queue open; dropping sends
/// nothing, and the peer sees the end of the queue only.
///
/// # Cancel safety
/// A write, flush or close whose future was dropped can be called again, and nothing is lost or sent twice.
pub struct Writer<O> {
    outgoing: O,
    encoder: Encoder,
    is_closed: bool,
}

impl<I> Reader<I> {
    /// A reader of these messages, from message 1 on.
    #[must_use]
    pub fn new(incoming: I, limits: Limits) -> Self {
        Self { incoming, decoder: Decoder::new(limits), state: State::Open(Cursor::default()) }
    }
}

impl<O> Writer<O> {
    /// A writer to this queue, from message 1 on.
    #[must_use]
    pub const fn new(outgoing: O) -> Self {
        Self { outgoing, encoder: Encoder::new(), is_closed: false }
    }
}

impl<I: Stream<Item = String> + Unpin> AsyncRead for Reader<I> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        loop {
            match &mut this.state {
                State::Open(bytes) => {
                    let count = bytes.read(buffer)?;
                    if count > 0 {
                        return Poll::Ready(Ok(count));
                    }
                }
                State::Ended => return Poll::Ready(Ok(0)),
                State::Broken(error) => return Poll::Ready(Err(io::Error::new(ErrorKind::InvalidData, *error))),
                State::Failed(reason) => {
                    let failure = PeerFailed(reason.clone());
                    return Poll::Ready(Err(io::Error::new(ErrorKind::ConnectionAborted, failure)));
                }
            }
            this.state = match this.decoder.pop() {
                Some(Message::Data(bytes)) => State::Open(Cursor::new(bytes)),
                Some(Message::End) => State::Ended,
                Some(Message::Failed(reason)) => State::Failed(reason),
                None => {
                    let Some(text) = ready!(Pin::new(&mut this.incoming).poll_next(cx)) else {
                        return Poll::Ready(Err(io::Error::new(ErrorKind::UnexpectedEof, NoEnd)));
                    };
                    match this.decoder.push(&text) {
                        Ok(()) => continue,
                        Err(error) => State::Broken(error),
                    }
                }
            };
        }
    }
}

impl<O> AsyncWrite for Writer<O>
where
    O: Sink<String, Error: Into<Box<dyn error::Error + Send + Sync>>> + Unpin,
{
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.is_closed {
            return Poll::Ready(Err(io::Error::new(
                ErrorKind::BrokenPipe,
                "written after the channel was closed here",
            )));
        }
        let Some(piece) = bytes.chunks(PIECE).next() else { return Poll::Ready(Ok(0)) };
        ready!(Pin::new(&mut this.outgoing).poll_ready(cx)).map_err(broken)?;
        Pin::new(&mut this.outgoing).start_send(this.encoder.data(piece)).map_err(broken)?;
        Poll::Ready(Ok(piece.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.outgoing).poll_flush(cx).map_err(broken)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.is_closed {
            ready!(Pin::new(&mut this.outgoing).poll_ready(cx)).map_err(broken)?;
            Pin::new(&mut this.outgoing).start_send(this.encoder.end()).map_err(broken)?;
            this.is_closed = true;
        }
        Pin::new(&mut this.outgoing).poll_flush(cx).map_err(broken)
    }
}

impl<I> fmt::Debug for Reader<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl<O> fmt::Debug for Writer<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("is_closed", &self.is_closed).finish_non_exhaustive()
    }
}

/// The peer reports that something failed there.
#[derive(Debug, thiserror::Error)]
#[error("the peer ended the stream because something failed there{}", Because(.0))]
struct PeerFailed(Option<String>);

/// The queue ended before the peer sent `end`.
#[derive(Debug, thiserror::Error)]
#[error("the message channel ended and the peer had not said that it sends nothing more")]
struct NoEnd;

struct Because<'a>(&'a Option<String>);

impl fmt::Display for Because<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text is the peer's, so control characters are escaped instead of being sent to a terminal.
        self.0.as_deref().map_or(Ok(()), |reason| write!(f, ": {}", reason.escape_debug()))
    }
}

fn broken(error: impl Into<Box<dyn error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(ErrorKind::BrokenPipe, error)
}
