//! `noise`: a second security protocol beside the secret handshake, for the same identities and networks.
//!
//! It is Noise XKpsk0 with X25519, ChaCha20-Poly1305 and SHA-256 (<https://noiseprotocol.org/noise.html>), and frames with the
//! manners of box streams. `SPECIFICATION.md` beside this crate has all of it on a page, with test vectors. A server that
//! offers both has both in one line:
//!
//! ```text
//! net:example.org:8008~shs:KEY;net:example.org:8009~noise:KEY
//! ```
//!
#![cfg_attr(feature = "transform", doc = "```")]
#![cfg_attr(not(feature = "transform"), doc = "```ignore")]
//! use multiserver_compose::{Builder, Native, Net, Shs};
//! use multiserver_core::keys::KeyPair;
//! use multiserver_noise::Noise;
//! use std::sync::Arc;
//!
//! fn both<R: Native>(builder: Builder<R>, identity: Arc<KeyPair>) -> Builder<R> {
//!     let shs = Net::bind("[::]:8008").then(Shs::new(Arc::clone(&identity)));
//!     let noise = Net::bind("[::]:8009").then(Noise::new(identity));
//!     builder.suite(shs).suite(noise)
//! }
//! ```
//! The machines [`ClientHandshake`], [`ServerHandshake`] and [`Accepting`] do no I/O: any driver of a
//! [`Handshake`](multiserver_core::handshake::Handshake) runs them. The Noise state machine is that of the crate `snow`, over
//! the same libraries for curves and hashes as the secret handshake. Nobody outside this project has reviewed it.
#![forbid(unsafe_code)]

mod cipher;
mod error;
mod frames;
mod layer;
mod machine;
mod primitives;
#[cfg(feature = "transform")]
mod transform;

pub use error::Error;
pub use frames::{BodyOpener, HEADER_SIZE, MAX_BODY_SIZE, MAX_FRAME_SIZE, Opener, Sealer, TRAILER_SIZE};
pub use layer::NoiseLayer;
pub use machine::{
    Accepting, Authenticated, CLIENT_AUTH_SIZE, ClientHandshake, HELLO_SIZE, Outcome, SERVER_ACCEPT_SIZE,
    ServerHandshake,
};
/// The messages have the names of those of the secret handshake.
pub use multiserver_core::shs::Message;
#[cfg(feature = "transform")]
pub use transform::Noise;
