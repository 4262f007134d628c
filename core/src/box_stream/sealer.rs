use super::{HEADER_SIZE, MAX_BODY_SIZE};
use crate::frames::SealFrames;
use core::fmt;
use multiserver_secretbox::frame::FrameCipher;

/// The writing half of a box stream, one frame at a time.
///
/// ```text
/// Sealer ─ seal(body) ─▶ header, body now ciphertext; write the header, then the body
///    │ ▲──────────────────────┘
///    └─ goodbye() ─▶ the last 34 bytes of this direction; the Sealer is gone
/// ```
/// The key is wiped on drop. Dropping a `Sealer` without its goodbye makes the peer report a truncated stream.
pub struct Sealer(FrameCipher);

impl Sealer {
    /// The half that encrypts under this key, its first header under this nonce.
    ///
    /// The same key and nonce must never serve two sealers: equal nonces give the plaintexts away.
    #[must_use]
    pub fn new(key: [u8; 32], nonce: [u8; 24]) -> Self {
        Self(FrameCipher::new(key, nonce))
    }

    /// Encrypts a body of 1 to 4096 bytes in place and returns the header to write before it.
    ///
    /// # Errors
    /// The body is empty or longer; it is then unchanged, and the `Sealer` can go on.
    pub fn seal(&mut self, body: &mut [u8]) -> Result<[u8; HEADER_SIZE], BodyLength> {
        match body.len() {
            1..=MAX_BODY_SIZE => Ok(self.0.seal_frame(body)),
            length => Err(BodyLength(length)),
        }
    }

    /// Returns the goodbye that ends this direction cleanly: 34 bytes to write after everything else.
    #[must_use = "the peer takes a stream without its goodbye for a truncated one"]
    pub fn goodbye(self) -> [u8; HEADER_SIZE] {
        self.0.seal_goodbye()
    }
}

impl SealFrames for Sealer {
    const HEADER_SIZE: usize = HEADER_SIZE;
    const MAX_BODY_SIZE: usize = MAX_BODY_SIZE;
    const TRAILER_SIZE: usize = 0;
    type Goodbye = [u8; HEADER_SIZE];

    fn seal_frames(&mut self, frames: &mut [u8]) {
        self.0.seal_frames(frames);
    }

    fn empty_frame(&mut self) -> Option<[u8; HEADER_SIZE]> {
        Some(self.0.seal_frame(&mut []))
    }

    fn goodbye(self) -> [u8; HEADER_SIZE] {
        self.0.seal_goodbye()
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(..)")
    }
}

/// The caller's fault: a body to seal was empty or over 4096 bytes. Holds its length in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame holds 1 to 4096 bytes, not {0}: leave out what is empty, split what is longer")]
pub struct BodyLength(pub usize);
