use super::cipher::Cipher;
use super::{Error, HEADER_SIZE, MAX_BODY_SIZE, TAG_SIZE};
use core::fmt;

/// The reading half of a box stream, one header at a time.
///
/// ```text
/// Opener ─ open_header(34 bytes) ─▶ Opened::Goodbye: the clean end
///    ▲                                └ Opened::Body(BodyOpener): read len() bytes
///    └───────────── open(body) ───────────────┘
/// ```
/// Each step consumes the state; on error it is not given back: a stream with one bad byte cannot go on. The key is wiped on
/// drop.
pub struct Opener(Cipher);

/// What a header says is next.
#[derive(Debug)]
#[must_use = "the rest of the stream can only be opened through this"]
pub enum Opened {
    /// A body follows.
    Body(BodyOpener),
    /// The peer ended this direction cleanly; whatever bytes follow mean nothing.
    Goodbye,
}

/// The reading half where it waits for the body that a header announced.
pub struct BodyOpener {
    cipher: Cipher,
    length: u16,
    tag: [u8; TAG_SIZE],
}

impl Opener {
    /// The half that decrypts under this key, its first header under this nonce.
    #[must_use]
    pub const fn new(key: [u8; 32], nonce: [u8; 24]) -> Self {
        Self(Cipher::new(key, nonce))
    }

    /// Opens a header.
    ///
    /// # Errors
    /// [`Error::ForgedHeader`], or [`Error::BodyTooLong`] before a byte of that body needs to be read.
    pub fn open_header(self, header: &[u8; HEADER_SIZE]) -> Result<Opened, Error> {
        let Self(mut cipher) = self;
        let (tag, content) = header.split_first_chunk::<TAG_SIZE>().ok_or(Error::ForgedHeader)?;
        let mut content: [u8; HEADER_SIZE - TAG_SIZE] = content.try_into().map_err(|_| Error::ForgedHeader)?;
        let nonce = cipher.next_nonce();
        cipher.open(&nonce, &mut content, tag).map_err(|_| Error::ForgedHeader)?;
        if content == [0; HEADER_SIZE - TAG_SIZE] {
            return Ok(Opened::Goodbye);
        }
        let [high, low, tag @ ..] = content;
        let length = u16::from_be_bytes([high, low]);
        if usize::from(length) > MAX_BODY_SIZE {
            return Err(Error::BodyTooLong(length));
        }
        Ok(Opened::Body(BodyOpener { cipher, length, tag }))
    }
}

impl BodyOpener {
    /// The number of bytes of the body, 0 to 4096.
    ///
    /// No peer here writes an empty body; where one comes, it has to be opened like any other.
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
        if body.len() != self.len() {
            return Err(Error::WrongBodyLength { expected: self.len(), given: body.len() });
        }
        let Self { mut cipher, length: _, tag } = self;
        let nonce = cipher.next_nonce();
        cipher.open(&nonce, body, &tag).map_err(|_| Error::ForgedBody)?;
        Ok(Opener(cipher))
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
