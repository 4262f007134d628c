//! What follows a handshake: box streams, whose frames are made from primitives and may be false.

use multiserver_core::box_stream::{HEADER_SIZE, MAX_BODY_SIZE, Opened, Opener};
use multiserver_secretbox::seal;

/// What is sent after the handshake; a goodbye is the end of each that is not cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Nothing else.
    Goodbye,
    /// So many frames without a body.
    Empty(usize),
    /// A frame with a body of this length, which the format may not allow.
    Frame(usize),
    /// A frame without a body whose tag is false.
    FalseTag,
    /// A frame with one bit inverted, in its header or its body.
    Flip(usize),
    /// The same frame twice.
    Twice,
    /// Two frames, the second first.
    Swapped,
    /// The last message of the peer's handshake.
    Reflected,
    /// So many bytes of a frame and its goodbye, and then the end of the connection.
    Cut(usize),
}

/// The body of a frame where its length does not matter.
const BODY: &[u8] = b"hello";

/// How many bits there are to flip in a frame with that body.
pub(crate) const FRAME_BITS: usize = 8 * (HEADER_SIZE + BODY.len());

/// How many bytes that frame and its goodbye have: the header of a goodbye has no body.
pub(crate) const CUT_LENGTHS: usize = 2 * HEADER_SIZE + BODY.len();

impl Stream {
    /// Whether a peer may read it to its end.
    #[must_use]
    pub const fn is_sound(self) -> bool {
        match self {
            Self::Goodbye | Self::Empty(_) => true,
            Self::Frame(length) => length <= MAX_BODY_SIZE,
            Self::FalseTag | Self::Flip(_) | Self::Twice | Self::Swapped | Self::Reflected | Self::Cut(_) => false,
        }
    }

    /// The bytes under this key and first nonce; `last` is the last message of the peer's handshake.
    #[must_use]
    pub fn bytes(self, (key, nonce): ([u8; 32], [u8; 24]), last: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer { key, nonce };
        let mut bytes = match self {
            Self::Goodbye => Vec::new(),
            Self::Empty(count) => (0..count).flat_map(|_| sealer.frame(&[])).collect(),
            Self::Frame(length) => sealer.frame(&vec![b'x'; length]),
            Self::FalseTag => {
                let header = sealer.boxed(&[&[0, 0], [1; 16].as_slice()].concat());
                sealer.next_nonce();
                header
            }
            Self::Flip(bit) => {
                let mut frame = sealer.frame(BODY);
                if let Some(byte) = frame.get_mut(bit / 8) {
                    *byte ^= 1 << (bit % 8);
                }
                frame
            }
            Self::Twice => sealer.frame(BODY).repeat(2),
            Self::Swapped => {
                let first = sealer.frame(BODY);
                [sealer.frame(BODY), first].concat()
            }
            Self::Reflected => last.to_vec(),
            Self::Cut(_) => sealer.frame(BODY),
        };
        bytes.extend(sealer.boxed(&[0; 18]));
        if let Self::Cut(length) = self {
            bytes.truncate(length);
        }
        bytes
    }
}

/// Seals without a limit to what it seals.
struct Sealer {
    key: [u8; 32],
    nonce: [u8; 24],
}

impl Sealer {
    /// A box under the next nonce, its tag first.
    fn boxed(&mut self, plain: &[u8]) -> Vec<u8> {
        let (nonce, mut body) = (self.next_nonce(), plain.to_vec());
        let tag = seal(&self.key, &nonce, &mut body);
        [tag.as_slice(), &body].concat()
    }

    /// A header and its body, whatever its length is.
    fn frame(&mut self, plain: &[u8]) -> Vec<u8> {
        let header_nonce = self.next_nonce();
        let body = self.boxed(plain);
        let (tag, body) = body.split_at_checked(16).unwrap_or_default();
        let length = u16::try_from(plain.len()).unwrap_or(u16::MAX).to_be_bytes();
        let mut header = [&length, tag].concat();
        let header_tag = seal(&self.key, &header_nonce, &mut header);
        [header_tag.as_slice(), &header, body].concat()
    }

    /// The nonce that is due; the one after it is due next.
    fn next_nonce(&mut self) -> [u8; 24] {
        let due = self.nonce;
        for byte in self.nonce.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
        due
    }
}

/// Whether a peer's bytes under this key and first nonce are a box stream up to its goodbye.
#[must_use]
pub fn has_goodbye((key, nonce): ([u8; 32], [u8; 24]), mut bytes: &[u8]) -> bool {
    let mut opener = Opener::new(key, nonce);
    while let Some((header, rest)) = bytes.split_first_chunk::<HEADER_SIZE>() {
        let frame = match opener.open_header(header) {
            Ok(Opened::Goodbye) => return true,
            Ok(Opened::Body(frame)) => frame,
            Err(_) => return false,
        };
        let Some((body, rest)) = rest.split_at_checked(frame.len()) else { return false };
        match frame.open(&mut body.to_vec()) {
            Ok(next) => opener = next,
            Err(_) => return false,
        }
        bytes = rest;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: ([u8; 32], [u8; 24]) = ([1; 32], [0xff; 24]);

    #[test]
    fn core_reads_the_sound_streams_alone() {
        let sound = [Stream::Goodbye, Stream::Empty(3), Stream::Frame(1), Stream::Frame(4096)];
        for stream in sound {
            assert!(stream.is_sound() && has_goodbye(KEYS, &stream.bytes(KEYS, &[])), "{stream:?}");
        }
        let bad = [Stream::Frame(4097), Stream::Frame(65_535), Stream::FalseTag, Stream::Twice, Stream::Swapped];
        let flips = (0..FRAME_BITS).map(Stream::Flip);
        let cuts = (0..CUT_LENGTHS).map(Stream::Cut);
        for stream in bad.into_iter().chain(flips).chain(cuts).chain([Stream::Reflected]) {
            assert!(!stream.is_sound() && !has_goodbye(KEYS, &stream.bytes(KEYS, &[7; 80])), "{stream:?}");
        }
    }
}
