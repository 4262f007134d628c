//! The frames of a box stream: a header in a box of its own, then the body without its tag, which the header has.

use crate::Forged;
use crate::backend::{Key, KeyStream};
use crate::nonce::Nonce;
use core::fmt;
use zeroize::Zeroize;

/// The size of a frame's header, and of a goodbye, in bytes: a tag and 18 bytes.
pub const HEADER_SIZE: usize = TAG_SIZE + HEADER_CONTENT_SIZE;

/// The most bytes that the body of one frame holds.
pub const MAX_BODY_SIZE: usize = 4096;

/// The most bytes of one frame, header and body.
pub const MAX_FRAME_SIZE: usize = HEADER_SIZE + MAX_BODY_SIZE;

/// The bytes in a header's box: the length of the body, big-endian, and its tag.
pub(crate) const HEADER_CONTENT_SIZE: usize = 2 + TAG_SIZE;

const TAG_SIZE: usize = 16;

/// What the header of a frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// A body follows.
    Body {
        /// Its length in bytes; a peer that keeps to the protocol says no more than [`MAX_BODY_SIZE`].
        length: u16,
        /// The tag to open it with.
        tag: [u8; TAG_SIZE],
    },
    /// The direction ends here.
    Goodbye,
}

/// The key of one direction of a box stream and the nonce of its next box.
///
/// Each box takes the next nonce; a frame takes two, its header's first. Key and nonce are wiped on drop; there is no
/// `Clone`, so that no nonce serves twice.
pub struct FrameCipher {
    key: Key,
    nonce: Nonce,
}

impl FrameCipher {
    /// The cipher under this key whose first box has this nonce.
    #[must_use]
    pub fn new(key: [u8; 32], nonce: [u8; 24]) -> Self {
        let nonce = Nonce(nonce);
        Self { key: Key::new(key, &nonce), nonce }
    }

    /// Seals frames in place.
    ///
    /// `frames` has them one after the other, each with room for its header and then its body, which is plaintext
    /// before and ciphertext afterwards: all but the last are of [`MAX_FRAME_SIZE`]. What follows the last whole header
    /// is a body; bytes that are too few for a header and a body are wiped.
    pub fn seal_frames(&mut self, frames: &mut [u8]) {
        // A writer whose buffer is full comes here with nothing: no key stream is needed.
        if frames.is_empty() {
            return;
        }
        let mut stream = KeyStream::new();
        stream.plan_sealing(&self.nonce, plaintext_size(frames.len()));
        for frame in frames.chunks_mut(MAX_FRAME_SIZE) {
            match frame.split_first_chunk_mut() {
                Some((header, body)) if !body.is_empty() => *header = self.seal_next(&mut stream, body),
                _ => frame.zeroize(),
            }
        }
    }

    /// Seals one body of up to [`MAX_BODY_SIZE`] bytes in place and returns its header.
    pub fn seal_frame(&mut self, body: &mut [u8]) -> [u8; HEADER_SIZE] {
        let mut stream = KeyStream::new();
        stream.plan_sealing(&self.nonce, body.len());
        self.seal_next(&mut stream, body)
    }

    /// Seals the header that ends the direction.
    #[must_use]
    pub fn seal_goodbye(mut self) -> [u8; HEADER_SIZE] {
        let nonce = self.nonce.take();
        self.seal_header(&mut KeyStream::new(), &nonce, [0; HEADER_CONTENT_SIZE])
    }

    /// Opens a header; `ahead` may make key stream for frames that `bytes` bytes are at hand of, this header with them.
    ///
    /// # Errors
    /// The header is not the one sealed at this place.
    pub fn open_header(
        &mut self,
        ahead: &mut Ahead,
        header: &[u8; HEADER_SIZE],
        bytes: usize,
    ) -> Result<Header, Forged> {
        let nonce = self.nonce.take();
        ahead.stream.plan_opening(&nonce, ahead.body, bytes);
        let (tag, content) = header.split_first_chunk().unwrap_or_else(|| unreachable!("a header has a tag"));
        let mut content =
            *content.first_chunk::<HEADER_CONTENT_SIZE>().unwrap_or_else(|| unreachable!("18 bytes follow"));
        ahead.stream.open(&mut self.key, &nonce, &mut content, tag)?;
        if content == [0; HEADER_CONTENT_SIZE] {
            return Ok(Header::Goodbye);
        }
        let [high, low, tag @ ..] = content;
        Ok(Header::Body { length: u16::from_be_bytes([high, low]), tag })
    }

    /// Opens a body in place with the tag that its header has.
    ///
    /// # Errors
    /// The body is not the one that the header was sealed for; it is then as it was.
    pub fn open_body(&mut self, ahead: &mut Ahead, body: &mut [u8], tag: &[u8; TAG_SIZE]) -> Result<(), Forged> {
        let nonce = self.nonce.take();
        ahead.body = body.len();
        ahead.stream.open(&mut self.key, &nonce, body, tag)
    }

    fn seal_next(&mut self, stream: &mut KeyStream, body: &mut [u8]) -> [u8; HEADER_SIZE] {
        let (header_nonce, body_nonce) = (self.nonce.take(), self.nonce.take());
        let body_tag = stream.seal(&mut self.key, &body_nonce, body);
        let length = u16::try_from(body.len()).unwrap_or(u16::MAX).to_be_bytes();
        let mut content = [0; HEADER_CONTENT_SIZE];
        content.iter_mut().zip(length.iter().chain(&body_tag)).for_each(|(into, byte)| *into = *byte);
        self.seal_header(stream, &header_nonce, content)
    }

    fn seal_header(
        &mut self,
        stream: &mut KeyStream,
        nonce: &Nonce,
        mut content: [u8; HEADER_CONTENT_SIZE],
    ) -> [u8; HEADER_SIZE] {
        let tag = stream.seal(&mut self.key, nonce, &mut content);
        let mut header = [0; HEADER_SIZE];
        header.iter_mut().zip(tag.iter().chain(&content)).for_each(|(into, byte)| *into = *byte);
        header
    }
}

/// How many bytes of plaintext frames of so many bytes hold.
const fn plaintext_size(frames: usize) -> usize {
    frames.saturating_sub(frames.div_ceil(MAX_FRAME_SIZE) * HEADER_SIZE)
}

impl fmt::Debug for FrameCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FrameCipher(..)")
    }
}

/// Key stream that was made ahead for frames to open, of one [`FrameCipher`] alone.
///
/// It makes frames that are opened one right after the other cheaper, and is no state of the stream: a new one may
/// serve at any time. It is wiped on drop. Frames opened with one of another cipher are found forged.
pub struct Ahead {
    stream: KeyStream,
    /// How long the next body may be.
    body: usize,
}

impl Ahead {
    /// Nothing made yet.
    #[must_use]
    pub fn new() -> Self {
        Self { stream: KeyStream::new(), body: MAX_BODY_SIZE }
    }
}

impl Default for Ahead {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Ahead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ahead(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plaintext_is_what_is_left_without_headers() {
        let sizes = [0, 34, 35, MAX_FRAME_SIZE, MAX_FRAME_SIZE + 35, 3 * MAX_FRAME_SIZE];
        assert_eq!(sizes.map(plaintext_size), [0, 0, 1, 4096, 4097, 3 * 4096]);
    }
}
