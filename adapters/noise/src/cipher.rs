//! ChaCha20-Poly1305 with the nonces of Noise.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};

/// The bytes of a tag.
pub(crate) const TAG_SIZE: usize = 16;

/// A key that encrypts or decrypts messages under numbered nonces (Noise, section 12.3). It is wiped on drop.
pub(crate) struct Cipher(ChaCha20Poly1305);

/// A message is not what the holder of the key wrote at this place.
#[derive(Debug)]
pub(crate) struct Forged;

impl Cipher {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(ChaCha20Poly1305::new(key.into()))
    }

    /// Encrypts a message in place and returns its tag. The same number must never serve twice.
    #[expect(clippy::expect_used, reason = "no message of 256 GiB is ever made")]
    pub(crate) fn seal(&self, number: u64, associated: &[u8], message: &mut [u8]) -> [u8; TAG_SIZE] {
        let sealed = self.0.encrypt_inout_detached(&nonce(number).into(), associated, message.into());
        sealed.expect("a message is shorter than 256 GiB").into()
    }

    /// Decrypts a message in place.
    pub(crate) fn open(
        &self,
        number: u64,
        associated: &[u8],
        message: &mut [u8],
        tag: &[u8; TAG_SIZE],
    ) -> Result<(), Forged> {
        let opened = self.0.decrypt_inout_detached(&nonce(number).into(), associated, message.into(), tag.into());
        opened.map_err(|_| Forged)
    }
}

/// Four zero bytes, then the number in little-endian order.
const fn nonce(number: u64) -> [u8; 12] {
    let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
    [0, 0, 0, 0, a, b, c, d, e, f, g, h]
}
