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

mod opener;
mod sealer;

use crate::frames;
pub use crate::frames::{Decoded, Error};
pub use multiserver_secretbox::frame::{HEADER_SIZE, MAX_BODY_SIZE, MAX_FRAME_SIZE};
pub use opener::{BodyOpener, Opened, Opener};
pub use sealer::{BodyLength, Sealer};

/// The writing half of a box stream, buffered.
pub type Encoder = frames::Encoder<Sealer>;

/// The reading half of a box stream, buffered.
pub type Decoder = frames::Decoder<Opener>;
