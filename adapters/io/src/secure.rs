//! Encrypted streams over byte streams: box streams, and other formats of frames.

use crate::{MaybeSend, ReadStream, WriteStream, spare};
use futures_io::{AsyncRead, AsyncWrite};
use multiserver_core::box_stream::{Opener, Sealer};
use multiserver_core::frames::{Decoded, Decoder, Encoder, Error, OpenFrames, SealFrames};
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// How many reads without plaintext one poll makes before it yields to other tasks.
const IDLE_READS: usize = 32;

/// How many bytes are read at once to be dropped.
const DROPPED_AT_ONCE: usize = 4096;

/// An encrypted stream over a byte stream, both directions: a box stream, unless other frames are named.
///
/// - Reading yields plaintext; 0 bytes are the peer's goodbye. A stream below that ends without a goodbye, at whatever
///   byte, is an [`ErrorKind::UnexpectedEof`], and what was altered on its way an [`ErrorKind::InvalidData`].
/// - Writing seals as many frames as the buffer holds and writes on as far as the stream below takes them. Up to 64 KiB
///   may be held back until a flush.
/// - Closing says goodbye and ends the direction to the peer; reading goes on. Dropping sends no goodbye, and the peer
///   sees a truncated stream, which is an error.
/// - An idle stream has no buffer. It takes one of up to 66,080 bytes while there is something to decrypt, and one while there
///   is something to write; part of a frame keeps the first, and bytes that are not flushed the second. Each thread keeps one
///   of either kind for its next stream, with what was in it.
/// - The stream below is never closed, only dropped. The goodbye tells the peer all it needs, and peers in Node take
///   the end of a socket for the end of both directions: what they still have to send would be lost without an error.
///
/// # Cancel safety
/// The stream keeps its progress itself, not in futures: a read, write, flush or close whose future was dropped can be
/// called again, and nothing is lost or sent twice.
#[derive(Debug)]
pub struct SecureStream<S, O: OpenFrames = Opener, F: SealFrames = Sealer> {
    io: S,
    decoder: Decoder<O>,
    encoder: Encoder<F>,
}

/// The read half of a [`SecureStream`].
#[derive(Debug)]
pub struct SecureReader<R, O: OpenFrames = Opener> {
    io: R,
    decoder: Decoder<O>,
}

/// The write half of a [`SecureStream`].
#[derive(Debug)]
pub struct SecureWriter<W, F: SealFrames = Sealer> {
    io: W,
    encoder: Encoder<F>,
}

impl<S, O: OpenFrames, F: SealFrames> SecureStream<S, O, F> {
    /// The encrypted stream over this stream, with the sealer and the opener that a handshake yielded.
    #[must_use]
    pub const fn new(io: S, sealer: F, opener: O) -> Self {
        Self { io, decoder: Decoder::new(opener), encoder: Encoder::new(sealer) }
    }

    /// Splits this stream, where `split` splits the stream below; both halves continue where the stream was.
    #[must_use]
    pub fn into_split<R, W>(self, split: impl FnOnce(S) -> (R, W)) -> (SecureReader<R, O>, SecureWriter<W, F>) {
        let (read, write) = split(self.io);
        let reader = SecureReader { io: read, decoder: self.decoder };
        (reader, SecureWriter { io: write, encoder: self.encoder })
    }
}

impl<R, O: OpenFrames> SecureReader<R, O> {
    /// A reader over the read half of a stream that was split before.
    #[must_use]
    pub const fn new(io: R, opener: O) -> Self {
        Self { io, decoder: Decoder::new(opener) }
    }
}

impl<W, F: SealFrames> SecureWriter<W, F> {
    /// A writer over the write half of a stream that was split before.
    #[must_use]
    pub const fn new(io: W, sealer: F) -> Self {
        Self { io, encoder: Encoder::new(sealer) }
    }
}

impl<S: AsyncRead + Unpin, O: OpenFrames, F: SealFrames> AsyncRead for SecureStream<S, O, F> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        poll_read(&mut this.io, &mut this.decoder, cx, buffer)
    }
}

impl<R: AsyncRead + Unpin, O: OpenFrames> AsyncRead for SecureReader<R, O> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        poll_read(&mut this.io, &mut this.decoder, cx, buffer)
    }
}

/// Watches the stream below after the peer's goodbye; bytes that come before the goodbye are read and dropped.
impl<R, O> ReadStream for SecureReader<R, O>
where
    R: ReadStream + Unpin,
    O: OpenFrames + MaybeSend,
    O::Body: MaybeSend,
{
    fn has_goodbye(&self) -> bool {
        true
    }

    fn poll_closed(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while ready!(poll_read(&mut this.io, &mut this.decoder, cx, &mut [0; DROPPED_AT_ONCE]))? > 0 {}
        Pin::new(&mut this.io).poll_closed(cx)
    }
}

/// Implements `AsyncWrite`, which is the same for the whole stream and for its write half.
macro_rules! async_write {
    ($name:ident $(, $opener:ident)?) => {
        impl<W: AsyncWrite + Unpin $(, $opener: OpenFrames)?, F: SealFrames> AsyncWrite for $name<W $(, $opener)?, F> {
            fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
                let this = self.get_mut();
                poll_write(&mut this.io, &mut this.encoder, cx, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                let this = self.get_mut();
                ready!(poll_drain(&mut this.io, &mut this.encoder, cx))?;
                Pin::new(&mut this.io).poll_flush(cx)
            }

            fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.encoder.goodbye();
                self.poll_flush(cx)
            }
        }
    };
}

async_write!(SecureStream, O);
async_write!(SecureWriter);

/// Probes by a frame without a body, where the format has one.
impl<W: AsyncWrite + MaybeSend + Unpin, F: SealFrames + MaybeSend> WriteStream for SecureWriter<W, F> {
    fn poll_probe(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let has_something = self.encoder.empty_frame().map_err(into_io)?;
        if has_something && let Poll::Ready(flushed) = self.poll_flush(cx) {
            flushed?;
        }
        Poll::Ready(Ok(has_something))
    }
}

/// Reads plaintext with the thread's buffer, which goes back when nothing is left in it.
fn poll_read<R: AsyncRead + Unpin, O: OpenFrames>(
    io: &mut R,
    decoder: &mut Decoder<O>,
    cx: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<io::Result<usize>> {
    let read = poll_plaintext(io, decoder, cx, buffer);
    spare::from_decoder(decoder);
    read
}

fn poll_plaintext<R: AsyncRead + Unpin, O: OpenFrames>(
    io: &mut R,
    decoder: &mut Decoder<O>,
    cx: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<io::Result<usize>> {
    for _ in 0..IDLE_READS {
        match decoder.read(buffer).map_err(into_io)? {
            Decoded::Plaintext(count) => return Poll::Ready(Ok(count)),
            Decoded::Goodbye => return Poll::Ready(Ok(0)),
            Decoded::NeedInput => {
                spare::to_decoder(decoder);
                let count = ready!(Pin::new(&mut *io).poll_read(cx, decoder.buffer()))?;
                decoder.advance(count);
                if count == 0 {
                    decoder.end_of_input().map_err(into_io)?;
                }
            }
        }
    }
    // A peer can send empty frames for ever, and not every runtime preempts a task that is always ready.
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Seals as much as the encoder's buffer holds, and writes as much ciphertext as the stream below takes at once.
fn poll_write<W: AsyncWrite + Unpin, F: SealFrames>(
    io: &mut W,
    encoder: &mut Encoder<F>,
    cx: &mut Context<'_>,
    bytes: &[u8],
) -> Poll<io::Result<usize>> {
    loop {
        spare::to_encoder(encoder);
        let taken = encoder.write(bytes).map_err(into_io)?;
        let drained = poll_drain(io, encoder, cx)?;
        if taken > 0 || bytes.is_empty() {
            return Poll::Ready(Ok(taken));
        }
        ready!(drained);
    }
}

/// Writes until the stream below has all ciphertext; the buffer is the thread's then.
fn poll_drain<W: AsyncWrite + Unpin, F: SealFrames>(
    io: &mut W,
    encoder: &mut Encoder<F>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    while !encoder.ciphertext().is_empty() {
        let written = ready!(Pin::new(&mut *io).poll_write(cx, encoder.ciphertext()))?;
        if written == 0 {
            return Poll::Ready(Err(ErrorKind::WriteZero.into()));
        }
        encoder.advance(written);
    }
    spare::from_encoder(encoder);
    Poll::Ready(Ok(()))
}

fn into_io(error: Error) -> io::Error {
    let kind = if error == Error::Truncated {
        ErrorKind::UnexpectedEof
    } else if error == Error::Finished {
        ErrorKind::BrokenPipe
    } else {
        ErrorKind::InvalidData
    };
    io::Error::new(kind, error)
}
