//! Multi-protocol addresses, the secret handshake, box streams, and SOCKS5, as pure byte-in, byte-out
//! code.
//!
//! Nothing here opens a socket, reads a clock, draws randomness or logs: what varies is an argument. See
//! [`handshake`] for how everything with a dialogue is driven.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod address;
pub mod box_stream;
mod bytes;
pub mod handshake;
pub mod keys;
mod point;
pub mod shs;
pub mod socks5;
#[cfg(feature = "serde")]
mod text_serde;
