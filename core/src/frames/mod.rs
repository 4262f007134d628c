//! A byte stream in encrypted and authenticated frames, whatever their format: buffers, progress and errors.
//!
//! ```text
//! frame   = header  body  trailer: sizes that the format sets, but for the body, which has up to a number of bytes
//! goodbye = a header that says that this direction ends here; the only clean end
//! ```
//! A format is a pair of [`SealFrames`] and [`OpenFrames`], one for each direction. [`box_stream`](crate::box_stream) is
//! that of the secret handshake; another security protocol brings its own, and has the same manners over it.

mod decoder;
mod encoder;

pub use decoder::{Decoded, Decoder};
pub use encoder::Encoder;

/// Encrypts one direction of a stream, in frames.
pub trait SealFrames: Sized + Unpin {
    /// How many bytes of a frame come before its body.
    const HEADER_SIZE: usize;

    /// The most bytes of plaintext in one frame.
    const MAX_BODY_SIZE: usize;

    /// How many bytes of a frame come after its body.
    const TRAILER_SIZE: usize;

    /// The largest frame, in bytes.
    const MAX_FRAME_SIZE: usize = Self::HEADER_SIZE + Self::MAX_BODY_SIZE + Self::TRAILER_SIZE;

    /// The goodbye, as bytes.
    type Goodbye: AsRef<[u8]>;

    /// Encrypts frames in place that stand one after the other, all but the last full, none empty: each has the plaintext of
    /// its body, and zeros where its header and its trailer go.
    fn seal_frames(&mut self, frames: &mut [u8]);

    /// A frame without a body, which the peer does not see, as many bytes as a goodbye; `None` if the format has none.
    fn empty_frame(&mut self) -> Option<Self::Goodbye> {
        None
    }

    /// The bytes that end this direction cleanly, after which nothing is encrypted: not more than a header and a trailer.
    fn goodbye(self) -> Self::Goodbye;
}

/// Decrypts one direction of a stream, in frames. An error consumes it: a stream with one bad byte cannot go on.
pub trait OpenFrames: Sized + Unpin {
    /// How many bytes of a frame come before its body.
    const HEADER_SIZE: usize;

    /// How many bytes of a frame come after its body.
    const TRAILER_SIZE: usize;

    /// The largest frame, in bytes.
    const MAX_FRAME_SIZE: usize;

    /// The state between a header and its body.
    type Body: OpenBody<Opener = Self, Ahead = Self::Ahead> + Unpin;

    /// What is made ahead while one header or body is opened, for those after it among the bytes at hand; `()` for nothing.
    type Ahead: Default;

    /// Opens a header, [`HEADER_SIZE`](Self::HEADER_SIZE) bytes, which `received` bytes of ciphertext begin with.
    ///
    /// # Errors
    /// The header is not authentic, or announces too long a body.
    fn open_header(self, header: &[u8], received: usize, ahead: &mut Self::Ahead) -> Result<Header<Self::Body>, Error>;
}

/// Decrypts the body that a header has announced.
pub trait OpenBody {
    /// The state that waits for the next header.
    type Opener;

    /// As [`OpenFrames::Ahead`].
    type Ahead;

    /// How many bytes of body and trailer to read: not more than a largest frame has.
    fn size(&self) -> usize;

    /// Decrypts the body in place, whose trailer stands after it.
    ///
    /// # Errors
    /// The body is not the one that was announced.
    fn open(self, body: &mut [u8], ahead: &mut Self::Ahead) -> Result<Self::Opener, Error>;
}

/// What a header says is next.
#[derive(Debug)]
#[must_use = "the rest of the stream can only be opened through this"]
pub enum Header<B> {
    /// A body follows.
    Body(B),
    /// The peer ended this direction cleanly; whatever bytes follow mean nothing.
    Goodbye,
}

/// Why a direction of a stream ended other than by its goodbye.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer's fault, or that of someone between: a header is not what the holder of the key wrote at this place.
    #[error("the header of a frame is forged, altered, or out of order: drop the connection")]
    ForgedHeader,
    /// The peer's fault, or that of someone between: a body is not the one that its header announced.
    #[error("the body of a frame is forged or altered: drop the connection")]
    ForgedBody,
    /// The peer's fault: a header with a valid tag announces more than 4096 bytes, the limit of box streams and of others alike.
    #[error("a header announces a body of {0} bytes, over the limit of 4096: the peer does not keep to the protocol")]
    BodyTooLong(u16),
    /// The peer's fault, or that of someone between: the bytes ended before the goodbye.
    #[error("the stream ended without a goodbye: what came before is authentic, what is missing is unknown")]
    Truncated,
    /// The caller's fault: the slice to open does not have the length that the header announced.
    #[error("the header announced a body of {expected} bytes, the slice to open has {given}")]
    WrongBodyLength {
        /// What the header announced, in bytes.
        expected: usize,
        /// The length of the slice, in bytes.
        given: usize,
    },
    /// The caller's fault: this direction is over, by an earlier error or a goodbye.
    #[error("this direction of the stream is over: nothing can be written or read after a goodbye or an error")]
    Finished,
}

impl Error {
    /// Whether the peer, or someone between, is to blame; otherwise the caller is.
    #[must_use]
    pub const fn is_peers_fault(&self) -> bool {
        match self {
            Self::ForgedHeader | Self::ForgedBody | Self::BodyTooLong(_) | Self::Truncated => true,
            Self::WrongBodyLength { .. } | Self::Finished => false,
        }
    }
}
