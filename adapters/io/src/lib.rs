//! Runs the sans-IO handshakes and box streams of `multiserver-core` over futures-io streams.
//!
//! [`drive`] runs any handshake; the outcome of a secret handshake makes a [`SecureStream`], whole or in halves. For
//! addresses, listening and connecting, add the crate of a runtime instead, such as `multiserver-tokio`.
//!
//! ```
//! use futures_io::{AsyncRead, AsyncWrite};
//! use multiserver_core::keys::{Ephemeral, KeyPair, NetworkKey, PublicKey};
//! use multiserver_core::shs::{Client, ClientHandshake};
//! use multiserver_io::{SecureStream, drive};
//! use std::io;
//!
//! /// Makes a secure stream to the server with this key; `random` serves once.
//! async fn secure<S: AsyncRead + AsyncWrite + Unpin>(
//!     mut stream: S,
//!     identity: KeyPair,
//!     server: &PublicKey,
//!     random: [u8; 32],
//! ) -> io::Result<SecureStream<S>> {
//!     let client = Client::new(identity, server, &NetworkKey::SSB_MAIN).map_err(io::Error::other)?;
//!     let mut handshake = ClientHandshake::new(client, Ephemeral::from_random(random));
//!     let (sealer, opener) = drive(&mut handshake, &mut stream).await?.into_boxes();
//!     Ok(SecureStream::new(stream, sealer, opener))
//! }
//! ```
#![forbid(unsafe_code)]

mod drive;
mod duplex;
mod maybe_send;
mod plain;
mod read_stream;
mod secure;
mod spare;
mod write_stream;

pub use drive::{DriveError, drive, drive_blocking};
pub use duplex::{BoxRead, BoxWrite, Duplex};
pub use maybe_send::{MaybeSend, MaybeSync};
pub use read_stream::{ReadStream, bytes_after_the_end};
pub use secure::{SecureReader, SecureStream, SecureWriter};
pub use spare::Spare;
pub use write_stream::WriteStream;
