//! Multi-protocol addresses and the secret handshake on tokio: the one crate to add.
//!
//! A client:
//! ```
//! use multiserver_tokio::{Multiserver, Net, Shs, generate_identity};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let suite = Net::bind("127.0.0.1:0").then(Shs::new(generate_identity()?));
//! # let server = Multiserver::builder().suite(suite).build()?.listen().await?;
//! # let address = server.address(multiserver_tokio::Scope::Device).ok_or("no address")?.to_string();
//! # tokio::spawn(server.serve(|_| async { Some(()) }, |connection, ()| async {
//! #     let (mut read, mut write) = connection.into_split();
//! #     tokio::io::copy(&mut read, &mut write).await.unwrap();
//! #     write.shutdown().await.unwrap();
//! # }));
//! let multiserver = Multiserver::builder().suite(Net::dial_only().then(Shs::new(generate_identity()?))).build()?;
//! let mut connection = multiserver.connect(&address.parse()?).await?; // "net:HOST:PORT~shs:KEY"
//! connection.write_all(b"hello").await?;
//! connection.shutdown().await?;
//! let mut answer = String::new();
//! connection.read_to_string(&mut answer).await?;
//! assert_eq!(answer, "hello");
//! # Ok(())
//! # }
//! ```
//! A server, which gives every byte back to whoever knows its address:
//! ```
//! use multiserver_tokio::{Multiserver, Net, Scope, Shs, generate_identity};
//! use tokio::io::AsyncWriteExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let suite = Net::bind("127.0.0.1:0").then(Shs::new(generate_identity()?));
//! let mut server = Multiserver::builder().suite(suite).build()?.listen().await?;
//! println!("{}", server.address(Scope::Device).ok_or("no address")?);
//! # server.handle().close(std::time::Duration::ZERO).await;
//! while let Some(incoming) = server.accept().await {
//!     tokio::spawn(async move {
//!         let request = incoming.handshake().await?; // The peer's key is proven, nothing is granted.
//!         println!("{:?}", request.peer()); // Dropping the request here would refuse the peer.
//!         let (mut read, mut write) = request.accept().await?.into_split();
//!         tokio::io::copy(&mut read, &mut write).await?;
//!         write.shutdown().await?;
//!         Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
//!     });
//! }
//! # Ok(())
//! # }
//! ```
//! [`Server::serve`](multiserver_compose::Server::serve) does the same in one call.
#![forbid(unsafe_code)]

mod compat;
mod connection;
mod runtime;

pub use connection::{Connection, ReadHalf, WriteHalf};
pub use runtime::Tokio;

pub use multiserver_compose::{
    Admission, Arrival, BoxFuture, BuildError, ConnectError, Context, Event, FailedAttempt, FailedListen, Failure,
    Handle, IncomingError, Limits, ListenError, Listener, Native, Net, Runtime, Shs, Stage, Suite, TcpListener,
    Transform, Transformed, Transport,
};
pub use multiserver_core as core;
pub use multiserver_core::address::{Address, MultiAddress, Scope};
pub use multiserver_core::keys::{KeyPair, NetworkKey, PublicKey};
pub use multiserver_io as io;

/// Several suites together, on tokio: see [`multiserver_compose::Multiserver`].
pub type Multiserver = multiserver_compose::Multiserver<Tokio>;

/// Collects the suites of a [`Multiserver`]: see [`multiserver_compose::Builder`].
pub type Builder = multiserver_compose::Builder<Tokio>;

/// A multiserver that listens: see [`multiserver_compose::Server`].
pub type Server = multiserver_compose::Server<Tokio>;

/// A peer of which nothing is proven: see [`multiserver_compose::Incoming`].
pub type Incoming = multiserver_compose::Incoming<Tokio>;

/// A peer before the door: see [`multiserver_compose::Request`].
pub type Request = multiserver_compose::Request<Tokio>;

/// Makes a new long-term identity.
///
/// # Errors
/// The system has no randomness to give.
pub fn generate_identity() -> std::io::Result<KeyPair> {
    multiserver_compose::generate_identity(&Tokio)
}
