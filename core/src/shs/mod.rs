//! The secret handshake, shs1 (Tarr 2015, as every implementation reads it): 64, 64, 112 and 80 bytes.
//!
//! Two peers that share a [network key](crate::keys::NetworkKey) prove their long-term keys to each other, the client
//! knowing the server's beforehand, and agree on the keys of two box streams. Nobody else learns who they are.
//!
//! ```text
//!  client                                                       server
//!  Client ─ start ──────── client hello (64) ─────────────────▶ Server ─ client_hello
//!  AwaitServerHello ◀───── server hello (64) ─────────────────  AwaitClientAuth
//!    ─ server_hello ────── client authenticate (112) ─────────▶   ─ client_auth
//!  AwaitServerAccept ◀──── server accept (80) ────────────────  Authenticated: drop it, or accept
//!    ─ server_accept                                              ─ accept
//!  Outcome                                                      Outcome
//! ```
//!
//! [`Client`] and [`Server`] start chains of states that consume themselves: a handshake that failed cannot go on, and
//! a refusal is silence. [`ClientHandshake`], [`ServerHandshake`] and [`Accepting`] are the same as machines for
//! drivers.
//!
//! # What it costs
//! Multiplications on the curve are nearly all of it; with AVX2 each takes some 20 µs, with AVX-512 IFMA 12. A server
//! makes its ephemeral pair (one, of the fixed base point) before a client comes; a client hello costs it two hashes and
//! no multiplication, and once its own hello is sent, two, for a client that has proven nothing but that it knows the
//! network key. A client authenticate message costs one box, and where that opens, a signature to verify (two) and one
//! multiplication; letting the client in costs a signature (one). What is needed for a message that is not there yet is
//! computed by `prepare`, while the other side works: on a client, one of its three products while its hello is
//! answered, and one while its proof is.
//!
//! IFMA is used where `curve25519-dalek` was built with `--cfg curve25519_dalek_backend="avx512"`, which
//! `.cargo/config.toml` of a program can say, and the processor has it.
//!
//! ```
//! use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, Seed};
//! use multiserver_core::shs::{Client, Server};
//!
//! // Fixed bytes so that the example repeats itself; yours come from a cryptographic generator.
//! let (alice, bob) = (KeyPair::from_seed(Seed::from_bytes([1; 32])), KeyPair::from_seed(Seed::from_bytes([2; 32])));
//! let (alice_key, bob_key) = (alice.public(), bob.public());
//!
//! let client = Client::new(alice, &bob_key, &NetworkKey::SSB_MAIN)?;
//! let server = Server::new(bob, &NetworkKey::SSB_MAIN);
//!
//! let (client, client_hello) = client.start(Ephemeral::from_random([3; 32]));
//! let (server, server_hello) = server.client_hello(&client_hello, Ephemeral::from_random([4; 32]))?;
//! let (client, client_auth) = client.server_hello(&server_hello)?;
//! let request = server.client_auth(&client_auth)?;
//! assert_eq!(request.peer(), &alice_key);
//! let (server, server_accept) = request.accept();
//! let client = client.server_accept(&server_accept)?;
//! assert_eq!(client.channel_binding(), server.channel_binding());
//!
//! let (mut sealer, _) = client.into_boxes();
//! let (_, opener) = server.into_boxes();
//! let mut body = *b"hello";
//! let header = sealer.seal(&mut body)?;
//! let multiserver_core::box_stream::Opened::Body(opener) = opener.open_header(&header)? else { panic!("a goodbye") };
//! opener.open(&mut body)?;
//! assert_eq!(&body, b"hello");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod client;
mod error;
mod machine;
mod outcome;
mod schedule;
mod server;
#[cfg(test)]
mod wycheproof;

pub use client::{AwaitServerAccept, AwaitServerHello, Client};
pub use error::{Error, Message};
pub use machine::{Accepting, ClientHandshake, ServerHandshake};
pub use outcome::{Outcome, SessionKeys};
pub use server::{Authenticated, AwaitClientAuth, Server};

/// The size of the client's and of the server's hello, in bytes.
pub const HELLO_SIZE: usize = 64;
/// The size of the client's authenticate message, in bytes.
pub const CLIENT_AUTH_SIZE: usize = 112;
/// The size of the server's accept message, in bytes.
pub const SERVER_ACCEPT_SIZE: usize = 80;
