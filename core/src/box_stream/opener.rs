use super::{Error, HEADER_SIZE, MAX_BODY_SIZE, MAX_FRAME_SIZE};
use crate::frames::{self, OpenBody, OpenFrames};
use core::fmt;
use multiserver_secretbox::frame::{Ahead, FrameCipher, Header};

/// The reading half of a box stream, one header at a time.
///
/// ```text
/// Opener ─ open_header(34 bytes) ─▶ Opened::Goodbye: the clean end
///    ▲                                └ Opened::Body(BodyOpener): read len() bytes
///    └───────────── open(body) ───────────────┘
/// ```
/// Each step consumes the state; on error it is not given back: a stream with one bad byte cannot go on. The key is wiped on
/// drop.
pub struct Opener(FrameCipher);

/// What a header says is next.
pub type Opened = frames::Header<BodyOpener>;

/// The reading half where it waits for the body that a header announced.
pub struct BodyOpener {
    cipher: FrameCipher,
    length: u16,
    tag: [u8; 16],
}

impl Opener {
    /// The half that decrypts under this key, its first header under this nonce.
    #[must_use]
    pub fn new(key: [u8; 32], nonce: [u8; 24]) -> Self {
        Self(FrameCipher::new(key, nonce))
    }

    /// Opens a header.
    ///
    /// # Errors
    /// [`Error::ForgedHeader`], or [`Error::BodyTooLong`] before a byte of that body needs to be read.
    pub fn open_header(self, header: &[u8; HEADER_SIZE]) -> Result<Opened, Error> {
        self.open_header_of(header, HEADER_SIZE, &mut Ahead::new())
    }

    /// Opens a header that `received` bytes of ciphertext begin with; `ahead` serves the frames among them.
    fn open_header_of(self, header: &[u8; HEADER_SIZE], received: usize, ahead: &mut Ahead) -> Result<Opened, Error> {
        let Self(mut cipher) = self;
        match cipher.open_header(ahead, header, received).map_err(|_| Error::ForgedHeader)? {
            Header::Goodbye => Ok(Opened::Goodbye),
            Header::Body { length, .. } if usize::from(length) > MAX_BODY_SIZE => Err(Error::BodyTooLong(length)),
            Header::Body { length, tag } => Ok(Opened::Body(BodyOpener { cipher, length, tag })),
        }
    }
}

impl BodyOpener {
    /// The number of bytes of the body, 0 to 4096.
    ///
    /// An empty body, such as that of [`Encoder::empty_frame`](crate::frames::Encoder::empty_frame), is opened like any other.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "this is no collection, and an empty body is no special case")]
    pub fn len(&self) -> usize {
        usize::from(self.length)
    }

    /// Decrypts the body in place and returns the state that waits for the next header.
    ///
    /// # Errors
    /// [`Error::ForgedBody`], or [`Error::WrongBodyLength`] where `body` does not have [`len`](Self::len) bytes.
    pub fn open(self, body: &mut [u8]) -> Result<Opener, Error> {
        self.open_with(body, &mut Ahead::new())
    }

    /// Opens the body with what `ahead` has for it.
    fn open_with(self, body: &mut [u8], ahead: &mut Ahead) -> Result<Opener, Error> {
        if body.len() != self.len() {
            return Err(Error::WrongBodyLength { expected: self.len(), given: body.len() });
        }
        let Self { mut cipher, length: _, tag } = self;
        cipher.open_body(ahead, body, &tag).map_err(|_| Error::ForgedBody)?;
        Ok(Opener(cipher))
    }
}

impl OpenFrames for Opener {
    const HEADER_SIZE: usize = HEADER_SIZE;
    const TRAILER_SIZE: usize = 0;
    const MAX_FRAME_SIZE: usize = MAX_FRAME_SIZE;
    type Body = BodyOpener;
    type Ahead = Ahead;

    fn open_header(self, header: &[u8], received: usize, ahead: &mut Ahead) -> Result<Opened, Error> {
        self.open_header_of(header.first_chunk().ok_or(Error::Truncated)?, received, ahead)
    }
}

impl OpenBody for BodyOpener {
    type Opener = Opener;
    type Ahead = Ahead;

    fn size(&self) -> usize {
        self.len()
    }

    fn open(self, body: &mut [u8], ahead: &mut Ahead) -> Result<Opener, Error> {
        self.open_with(body, ahead)
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
