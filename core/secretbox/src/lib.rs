//! XSalsa20-Poly1305, NaCl's `secretbox`, in place and with a detached tag.
//!
//! The construction is Bernstein's (<https://nacl.cr.yp.to/secretbox.html>); the tag stands apart from the data, so
//! that callers lay out their messages themselves.
//!
//! [`frame`] seals and opens the frames of a box stream, where boxes that follow each other share work.
//!
//! ```
//! let (key, nonce) = ([1; 32], [2; 24]);
//! let mut data = *b"hello";
//! let tag = multiserver_secretbox::seal(&key, &nonce, &mut data);
//! multiserver_secretbox::open(&key, &nonce, &mut data, &tag)?;
//! assert_eq!(&data, b"hello");
//! # Ok::<(), multiserver_secretbox::Forged>(())
//! ```
//!
//! # Backends
//! The code is chosen while it runs, by what the processor has: AVX-512, AVX2, NEON, or plain Rust. Where words have 32 bits,
//! RustCrypto's crates do the work. A build can choose less by `RUSTFLAGS='--cfg multiserver_secretbox_backend="…"'`:
//! `avx2` leaves AVX-512 out, `portable` is plain Rust, and `rustcrypto` leaves all to RustCrypto's crates. No branch and
//! no index depends on a secret in any of them.
#![no_std]

#[cfg(test)]
extern crate std;

pub mod frame;
#[cfg(not(any(multiserver_secretbox_backend = "rustcrypto", not(target_pointer_width = "64"))))]
mod native;
mod nonce;
#[cfg(any(multiserver_secretbox_backend = "rustcrypto", not(target_pointer_width = "64")))]
mod rustcrypto;

#[cfg(not(any(multiserver_secretbox_backend = "rustcrypto", not(target_pointer_width = "64"))))]
use native as backend;
#[cfg(any(multiserver_secretbox_backend = "rustcrypto", not(target_pointer_width = "64")))]
use rustcrypto as backend;

use backend::{Key, KeyStream};
use nonce::Nonce;

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
    let nonce = Nonce(*nonce);
    KeyStream::new().seal(&mut Key::new(*key, &nonce), &nonce, data)
}

/// Checks the tag (in constant time), then decrypts `data` in place.
///
/// # Errors
/// The tag is not that of this data; `data` is then as it was.
pub fn open(key: &[u8; 32], nonce: &[u8; 24], data: &mut [u8], tag: &[u8; 16]) -> Result<(), Forged> {
    let nonce = Nonce(*nonce);
    KeyStream::new().open(&mut Key::new(*key, &nonce), &nonce, data, tag)
}
