//! Box streams: a byte stream in encrypted and authenticated frames, each direction on its own.
//!
//! ```text
//! frame   = header (34 bytes)  body (1 to 4096 bytes; empty ones are read, never written)
//! header  = box under nonce n of: length of the body (big-endian u16), tag of the body (16 bytes)
//! body    = ciphertext of the box under nonce n + 1, whose tag is in the header
//! goodbye = box under nonce n of 18 zero bytes
//! ```
//! A box is NaCl's secretbox, tag first. The goodbye is the only clean end; a stream that ends without one was cut.
//! The format is that of Scuttlebutt (<https://ssbc.github.io/scuttlebutt-protocol-guide/#box-stream>).
//!
//! [`Sealer`] and [`Opener`] do one frame at a time, in place, for protocols that have messages of their own.
//!
//! ```
//! use multiserver_core::box_stream::{Opened, Opener, Sealer};
//!
//! let (key, nonce) = ([1; 32], [2; 24]);
//! let mut sealer = Sealer::new(key, nonce);
//! let mut body = *b"hello";
//! let header = sealer.seal(&mut body)?;
//! let goodbye = sealer.goodbye();
//!
//! let Opened::Body(frame) = Opener::new(key, nonce).open_header(&header)? else { panic!("a frame was sealed") };
//! let opener = frame.open(&mut body)?;
//! assert_eq!(&body, b"hello");
//! assert!(matches!(opener.open_header(&goodbye)?, Opened::Goodbye));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Encoder`] and [`Decoder`] make a byte stream of them, over bounded buffers and without any I/O of their own.
//!
//! ```
//! use multiserver_core::box_stream::{Decoded, Decoder, Encoder, Opener, Sealer};
//!
//! let (key, nonce) = ([1; 32], [2; 24]);
//! let mut encoder = Encoder::new(Sealer::new(key, nonce));
//! encoder.write(b"hello")?;
//! encoder.goodbye();
//!
//! let mut decoder = Decoder::new(Opener::new(key, nonce));
//! let mut received = Vec::new();
//! loop {
//!     match decoder.decode()? {
//!         Decoded::Plaintext(bytes) => {
//!             received.extend_from_slice(bytes);
//!             let count = bytes.len();
//!             decoder.consume(count);
//!         }
//!         // Where a socket would be written on one side and read on the other.
//!         Decoded::NeedInput => {
//!             let count = decoder.feed(encoder.ciphertext());
//!             encoder.advance(count);
//!         }
//!         Decoded::Goodbye => break,
//!     }
//! }
//! assert_eq!(received, b"hello");
//! # Ok::<(), multiserver_core::box_stream::Error>(())
//! ```

mod decoder;
mod encoder;
mod opener;
mod sealer;

pub use decoder::{Decoded, Decoder};
pub use encoder::Encoder;
pub use multiserver_secretbox::frame::{HEADER_SIZE, MAX_BODY_SIZE, MAX_FRAME_SIZE};
pub use opener::{BodyOpener, Opened, Opener};
pub use sealer::{BodyLength, Sealer};

/// Why a direction of a box stream ended other than by its goodbye.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer's fault, or that of someone between: a header is not what the holder of the key wrote at this place.
    #[error("the header of a frame is forged, altered, or out of order: drop the connection")]
    ForgedHeader,
    /// The peer's fault, or that of someone between: a body is not the one that its header announced.
    #[error("the body of a frame is forged or altered: drop the connection")]
    ForgedBody,
    /// The peer's fault: a header with a valid tag announces more than [`MAX_BODY_SIZE`] bytes.
    #[error("a header announces a body of {0} bytes, over the limit of 4096: the peer does not keep to the protocol")]
    BodyTooLong(u16),
    /// The peer's fault, or that of someone between: the bytes ended before the goodbye.
    #[error("the stream ended without a goodbye: what came before is authentic, what is missing is unknown")]
    Truncated,
    /// The caller's fault: the slice to open does not have the length that the header announced.
    #[error("the header announced a body of {expected} bytes, the slice to open has {given}")]
    WrongBodyLength {
        /// What [`BodyOpener::len`] says, in bytes.
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
