//! Multi-protocol addresses, the secret handshake, box streams and SOCKS5, as pure byte-in, byte-out code.
//!
//! ```
//! use multiserver_core::address::{MultiAddress, Shs};
//! use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, Seed};
//! use multiserver_core::shs::{Client, Server};
//!
//! // Fixed bytes so that the example repeats itself; yours are from a cryptographic generator.
//! let [alice, bob] = [1, 2].map(|fill| KeyPair::from_seed(Seed::from_bytes([fill; 32])));
//! let address: MultiAddress = format!("net:example.com:8008~shs:{}", bob.public()).parse()?;
//! let layer = address.addresses().next().and_then(|address| address.transforms().next()).ok_or("no shs")?;
//!
//! let client = Client::new(alice, &Shs::try_from(layer)?.key, &NetworkKey::SSB_MAIN)?;
//! let (client, hello) = client.start(Ephemeral::from_random([3; 32]));
//! let server = Server::new(bob, &NetworkKey::SSB_MAIN);
//! let (server, answer) = server.client_hello(&hello, Ephemeral::from_random([4; 32]))?;
//! let (client, proof) = client.server_hello(&answer)?;
//! let request = server.client_auth(&proof)?; // Its key is proven, nothing is granted: dropping would refuse it.
//! let (_session, accept) = request.accept();
//! client.server_accept(&accept)?; // Both ends have the keys of a box stream now.
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing here opens a socket, reads a clock, draws randomness or logs: callers pass in whatever varies. See
//! [`handshake`] for how to drive the protocols that exchange messages.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod address;
pub mod box_stream;
mod bytes;
pub mod frames;
pub mod handshake;
pub mod keys;
mod point;
pub mod shs;
pub mod socks5;
#[cfg(feature = "serde")]
mod text_serde;
