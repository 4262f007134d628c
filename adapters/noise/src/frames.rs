//! The frames of `noise`: one direction of a stream, encrypted.

use crate::cipher::{Cipher, TAG_SIZE};
use multiserver_core::frames::{Error, Header, OpenBody, OpenFrames, SealFrames};
use std::fmt;

/// The bytes of a header: a length in big-endian order, and its tag.
pub const HEADER_SIZE: usize = 2 + TAG_SIZE;

/// The bytes of the tag after a body.
pub const TRAILER_SIZE: usize = TAG_SIZE;

/// The most bytes of plaintext in a frame.
pub const MAX_BODY_SIZE: usize = 4096;

/// The largest frame, in bytes: as large as that of a box stream.
pub const MAX_FRAME_SIZE: usize = HEADER_SIZE + MAX_BODY_SIZE + TRAILER_SIZE;

/// Encrypts one direction. The key is wiped on drop; dropping it without a goodbye makes the peer report a cut stream.
pub struct Sealer(Numbered);

/// Decrypts one direction. The key is wiped on drop.
pub struct Opener(Numbered);

/// The state that waits for the body that a header has announced.
pub struct BodyOpener {
    numbered: Numbered,
    length: usize,
}

/// A cipher and the number of its next message. 2^64 messages are never reached.
struct Numbered {
    cipher: Cipher,
    next: u64,
}

impl Numbered {
    fn new(key: &[u8; 32]) -> Self {
        Self { cipher: Cipher::new(key), next: 0 }
    }

    fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    fn seal(&mut self, message: &mut [u8]) -> [u8; TAG_SIZE] {
        let number = self.number();
        self.cipher.seal(number, &[], message)
    }

    fn open(&mut self, message: &mut [u8], tag: &[u8; TAG_SIZE], error: Error) -> Result<(), Error> {
        let number = self.number();
        self.cipher.open(number, &[], message, tag).map_err(|_| error)
    }

    fn seal_header(&mut self, length: u16) -> [u8; HEADER_SIZE] {
        let mut header = [0; HEADER_SIZE];
        if let Some((text, tag)) = header.split_first_chunk_mut::<2>() {
            *text = length.to_be_bytes();
            tag.copy_from_slice(&self.seal(text));
        }
        header
    }
}

impl Sealer {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(Numbered::new(key))
    }

    /// Encrypts a message without plaintext, before the first frame.
    pub(crate) fn seal_empty(&mut self) -> [u8; TAG_SIZE] {
        self.0.seal(&mut [])
    }
}

impl SealFrames for Sealer {
    const HEADER_SIZE: usize = HEADER_SIZE;
    const MAX_BODY_SIZE: usize = MAX_BODY_SIZE;
    const TRAILER_SIZE: usize = TRAILER_SIZE;
    type Goodbye = [u8; HEADER_SIZE];

    fn seal_frames(&mut self, frames: &mut [u8]) {
        for frame in frames.chunks_mut(MAX_FRAME_SIZE) {
            let length = frame.len().saturating_sub(HEADER_SIZE + TRAILER_SIZE);
            let header = self.0.seal_header(u16::try_from(length).unwrap_or(u16::MAX));
            if let Some((start, rest)) = frame.split_first_chunk_mut()
                && let Some((body, tag)) = rest.split_last_chunk_mut()
            {
                *start = header;
                *tag = self.0.seal(body);
            }
        }
    }

    fn goodbye(mut self) -> [u8; HEADER_SIZE] {
        self.0.seal_header(0)
    }
}

impl Opener {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(Numbered::new(key))
    }

    /// Opens a message without plaintext, before the first frame.
    pub(crate) fn open_empty(&mut self, tag: &[u8; TAG_SIZE]) -> Result<(), Error> {
        self.0.open(&mut [], tag, Error::ForgedHeader)
    }
}

impl OpenFrames for Opener {
    const HEADER_SIZE: usize = HEADER_SIZE;
    const TRAILER_SIZE: usize = TRAILER_SIZE;
    const MAX_FRAME_SIZE: usize = MAX_FRAME_SIZE;
    type Body = BodyOpener;
    type Ahead = ();

    fn open_header(mut self, header: &[u8], _: usize, (): &mut ()) -> Result<Header<BodyOpener>, Error> {
        let (length, tag) = header.split_first_chunk::<2>().ok_or(Error::Truncated)?;
        let (mut length, tag) = (*length, tag.first_chunk().ok_or(Error::Truncated)?);
        self.0.open(&mut length, tag, Error::ForgedHeader)?;
        match u16::from_be_bytes(length) {
            0 => Ok(Header::Goodbye),
            length if usize::from(length) > MAX_BODY_SIZE => Err(Error::BodyTooLong(length)),
            length => Ok(Header::Body(BodyOpener { numbered: self.0, length: usize::from(length) })),
        }
    }
}

impl OpenBody for BodyOpener {
    type Opener = Opener;
    type Ahead = ();

    fn size(&self) -> usize {
        self.length + TRAILER_SIZE
    }

    fn open(mut self, body: &mut [u8], (): &mut ()) -> Result<Opener, Error> {
        let wrong = Error::WrongBodyLength { expected: self.size(), given: body.len() };
        let (body, tag) = body.split_last_chunk_mut().filter(|(body, _)| body.len() == self.length).ok_or(wrong)?;
        self.numbered.open(body, tag, Error::ForgedBody)?;
        Ok(Opener(self.numbered))
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(..)")
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opener(..)")
    }
}

impl fmt::Debug for BodyOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BodyOpener({} bytes, ..)", self.length)
    }
}
