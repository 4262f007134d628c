use super::cipher::Cipher;
use super::{HEADER_SIZE, MAX_BODY_SIZE, TAG_SIZE};
use crate::bytes::concat;
use core::fmt;

/// The writing half of a box stream, one frame at a time.
///
/// ```text
/// Sealer ─ seal(body) ─▶ header, body now ciphertext; write the header, then the body
///    │ ▲──────────────────────┘
///    └─ goodbye() ─▶ the last 34 bytes of this direction; the Sealer is gone
/// ```
/// The key is wiped on drop. Dropping a `Sealer` without its goodbye makes the peer report a truncated stream.
pub struct Sealer(Cipher);

impl Sealer {
    /// The half that encrypts under this key, its first header under this nonce.
    ///
    /// The same key and nonce must never serve two sealers: equal nonces give the plaintexts away.
    #[must_use]
    pub const fn new(key: [u8; 32], nonce: [u8; 24]) -> Self {
        Self(Cipher::new(key, nonce))
    }

    /// Encrypts a body of 1 to 4096 bytes in place and returns the header to write before it.
    ///
    /// # Errors
    /// The body is empty or longer; it is then unchanged, and the `Sealer` can go on.
    pub fn seal(&mut self, body: &mut [u8]) -> Result<[u8; HEADER_SIZE], BodyLength> {
        match u16::try_from(body.len()) {
            Ok(length) if length != 0 && body.len() <= MAX_BODY_SIZE => Ok(self.seal_frame(length, body)),
            _ => Err(BodyLength(body.len())),
        }
    }

    /// Returns the goodbye that ends this direction cleanly: 34 bytes to write after everything else.
    #[must_use = "the peer takes a stream without its goodbye for a truncated one"]
    pub fn goodbye(mut self) -> [u8; HEADER_SIZE] {
        let nonce = self.0.next_nonce();
        let mut content = [0; HEADER_SIZE - TAG_SIZE];
        let tag = self.0.seal(&nonce, &mut content);
        concat([&tag, &content])
    }

    fn seal_frame(&mut self, length: u16, body: &mut [u8]) -> [u8; HEADER_SIZE] {
        let (header_nonce, body_nonce) = (self.0.next_nonce(), self.0.next_nonce());
        let body_tag = self.0.seal(&body_nonce, body);
        let mut content: [u8; HEADER_SIZE - TAG_SIZE] = concat([&length.to_be_bytes(), &body_tag]);
        let tag = self.0.seal(&header_nonce, &mut content);
        concat([&tag, &content])
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
