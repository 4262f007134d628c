//! Box streams written out over RustCrypto's secretbox, one box at a time.
#![allow(dead_code, reason = "each target uses a part")]

use crypto_secretbox::aead::Aead;
use crypto_secretbox::{KeyInit, XSalsa20Poly1305};
use multiserver_core::box_stream::{Error, HEADER_SIZE, MAX_BODY_SIZE};

/// How many bytes a box has besides its content.
pub const TAG_SIZE: usize = 16;

/// A key, and the nonce of the next box.
#[derive(Clone)]
pub struct Boxes {
    cipher: XSalsa20Poly1305,
    nonce: [u8; 24],
}

impl Boxes {
    pub fn new(key: [u8; 32], nonce: [u8; 24]) -> Self {
        Self { cipher: XSalsa20Poly1305::new(&key.into()), nonce }
    }

    /// The next box: its tag, and behind it the encrypted content.
    pub fn seal(&mut self, content: &[u8]) -> Vec<u8> {
        let nonce = self.next_nonce();
        self.cipher.encrypt(&nonce.into(), content).unwrap()
    }

    /// The content of the next box, or `None` where it is forged.
    pub fn open(&mut self, sealed: &[u8]) -> Option<Vec<u8>> {
        let nonce = self.next_nonce();
        self.cipher.decrypt(&nonce.into(), sealed).ok()
    }

    /// A frame with this body, of which the header announces this length and this tag where they are given.
    pub fn frame_that_announces(&mut self, body: &[u8], length: Option<u16>, tag: Option<[u8; TAG_SIZE]>) -> Vec<u8> {
        let mut of_header = self.clone();
        self.next_nonce();
        let mut body_box = self.seal(body);
        let body = body_box.split_off(TAG_SIZE);
        let tag = tag.map_or(body_box, Vec::from);
        let length = length.unwrap_or_else(|| body.len().try_into().unwrap());
        let header = of_header.seal(&[&length.to_be_bytes()[..], &tag].concat());
        [header, body].concat()
    }

    /// The frame of this body.
    pub fn frame(&mut self, body: &[u8]) -> Vec<u8> {
        self.frame_that_announces(body, None, None)
    }

    pub fn goodbye(&mut self) -> Vec<u8> {
        self.seal(&[0; 18])
    }

    /// The plaintext of a whole stream up to its end, and what that end is.
    pub fn read_stream(&mut self, mut stream: &[u8]) -> (Vec<u8>, Result<(), Error>) {
        let mut plaintext = Vec::new();
        loop {
            let Some((header, rest)) = stream.split_at_checked(HEADER_SIZE) else {
                return (plaintext, Err(Error::Truncated));
            };
            let Some(header) = self.open(header) else { return (plaintext, Err(Error::ForgedHeader)) };
            if header == [0; 18] {
                return (plaintext, Ok(()));
            }
            let (length, tag) = header.split_first_chunk().unwrap();
            let length = u16::from_be_bytes(*length);
            if usize::from(length) > MAX_BODY_SIZE {
                return (plaintext, Err(Error::BodyTooLong(length)));
            }
            let Some((body, rest)) = rest.split_at_checked(usize::from(length)) else {
                return (plaintext, Err(Error::Truncated));
            };
            let Some(body) = self.open(&[tag, body].concat()) else { return (plaintext, Err(Error::ForgedBody)) };
            plaintext.extend(body);
            stream = rest;
        }
    }

    /// The nonce of this box, after which comes the next number in big-endian order.
    fn next_nonce(&mut self) -> [u8; 24] {
        let nonce = self.nonce;
        for byte in self.nonce.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
        nonce
    }
}
