//! XSalsa20-Poly1305 by RustCrypto's crates: for whoever trusts those more, and where words have 32 bits.

use crate::Forged;
use crate::nonce::Nonce;
// Named only so that its feature `zeroize` is on.
use poly1305 as _;
use xsalsa20poly1305::aead::AeadInPlace;
use xsalsa20poly1305::{KeyInit, XSalsa20Poly1305};

/// The key of one direction.
pub(crate) struct Key(XSalsa20Poly1305);

impl Key {
    pub(crate) fn new(key: [u8; 32], _: &Nonce) -> Self {
        Self(XSalsa20Poly1305::new(&key.into()))
    }
}

/// Nothing: every box makes its key stream by itself.
pub(crate) struct KeyStream;

impl KeyStream {
    pub(crate) const fn new() -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "as of the native code, which makes key stream ahead")]
    pub(crate) const fn plan_sealing(&mut self, _: &Nonce, _: usize) {}

    #[expect(clippy::unused_self, reason = "as of the native code, which makes key stream ahead")]
    pub(crate) const fn plan_opening(&mut self, _: &Nonce, _: usize, _: usize) {}

    /// Encrypts the data in place and returns its tag.
    #[expect(clippy::unused_self, reason = "as of the native code, which makes key stream ahead")]
    pub(crate) fn seal(&mut self, key: &mut Key, nonce: &Nonce, data: &mut [u8]) -> [u8; 16] {
        key.0
            .encrypt_in_place_detached((&nonce.0).into(), b"", data)
            .map_or_else(|_| unreachable!("XSalsa20 takes any slice"), Into::into)
    }

    /// Checks the tag, then decrypts the data in place.
    #[expect(clippy::unused_self, reason = "as of the native code, which makes key stream ahead")]
    pub(crate) fn open(&mut self, key: &mut Key, nonce: &Nonce, data: &mut [u8], tag: &[u8; 16]) -> Result<(), Forged> {
        key.0.decrypt_in_place_detached((&nonce.0).into(), b"", data, tag.into()).map_err(|_| Forged)
    }
}
