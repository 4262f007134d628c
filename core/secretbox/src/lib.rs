//! XSalsa20-Poly1305, NaCl's `secretbox`, in place and with a detached tag.
//!
//! The construction is Bernstein's (<https://nacl.cr.yp.to/secretbox.html>); the tag stands apart from the data, so
//! that callers lay out their messages themselves.
//!
//! ```
//! let (key, nonce) = ([1; 32], [2; 24]);
//! let mut data = *b"hello";
//! let tag = multiserver_secretbox::seal(&key, &nonce, &mut data);
//! multiserver_secretbox::open(&key, &nonce, &mut data, &tag)?;
//! assert_eq!(&data, b"hello");
//! # Ok::<(), multiserver_secretbox::Forged>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

// Named only so that its feature `zeroize` is on.
use poly1305 as _;
use xsalsa20poly1305::aead::AeadInPlace;
use xsalsa20poly1305::{KeyInit, XSalsa20Poly1305};

/// The tag is not that of this data under this key and nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forged;

impl core::fmt::Display for Forged {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the data was not sealed with this key and nonce, or was altered")
    }
}

impl core::error::Error for Forged {}

/// Encrypts `data` in place and returns its 16-byte tag.
///
/// A nonce (24 bytes) must serve one box only under the same key.
#[must_use]
pub fn seal(key: &[u8; 32], nonce: &[u8; 24], data: &mut [u8]) -> [u8; 16] {
    XSalsa20Poly1305::new(key.into())
        .encrypt_in_place_detached(nonce.into(), b"", data)
        .map_or_else(|_| unreachable!("XSalsa20 takes any slice"), Into::into)
}

/// Checks the tag (in constant time), then decrypts `data` in place.
///
/// # Errors
/// The tag is not that of this data; `data` is then as it was.
pub fn open(key: &[u8; 32], nonce: &[u8; 24], data: &mut [u8], tag: &[u8; 16]) -> Result<(), Forged> {
    XSalsa20Poly1305::new(key.into()).decrypt_in_place_detached(nonce.into(), b"", data, tag.into()).map_err(|_| Forged)
}
