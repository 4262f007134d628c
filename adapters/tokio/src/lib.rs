//! Multi-protocol addresses and the secret handshake on tokio: the one crate to add.
//!
//! A client:
//! ```
//! use multiserver_tokio::prelude::*;
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     block_on(async {
//! #       let suite = Net::bind("127.0.0.1:0").then(Shs::new(generate_identity()?));
//! #       let server = Multiserver::builder().suite(suite).build()?.listen().await?;
//! #       let address = server.address(Scope::Device).ok_or("no address")?.to_string();
//! #       spawn(server.serve(|_| async { Some(()) }, |connection, ()| async {
//! #           let (mut read, mut write) = connection.into_split();
//! #           copy(&mut read, &mut write).await.unwrap();
//! #           write.close().await.unwrap();
//! #       }));
//!         let suite = Net::dial_only().then(Shs::new(generate_identity()?));
//!         let multiserver = Multiserver::builder().suite(suite).build()?;
//!         let mut connection = multiserver.connect(&address.parse()?).await?; // "net:HOST:PORT~shs:KEY"
//!         connection.write_all(b"hello").await?;
//!         connection.close().await?;
//!         let mut answer = String::new();
//!         connection.read_to_string(&mut answer).await?;
//!         assert_eq!(answer, "hello");
//!         Ok(())
//!     })
//! }
//! ```
//! A server, which sends every byte back to each peer that knows its address:
//! ```
//! use multiserver_tokio::prelude::*;
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     block_on(async {
//!         let suite = Net::bind("127.0.0.1:0").then(Shs::new(generate_identity()?));
//!         let mut server = Multiserver::builder().suite(suite).build()?.listen().await?;
//!         println!("{}", server.address(Scope::Device).ok_or("no address")?);
//! #       server.handle().close(std::time::Duration::ZERO).await;
//!         while let Some(incoming) = server.accept().await {
//!             spawn(async move {
//!                 let Ok(request) = incoming.handshake().await else { return };
//!                 println!("{:?}", request.peer()); // Its key is proven, nothing is granted: dropping would refuse it.
//!                 let Ok(connection) = request.accept().await else { return };
//!                 let (mut read, mut write) = connection.into_split();
//!                 if copy(&mut read, &mut write).await.is_ok() {
//!                     let _ = write.close().await;
//!                 }
//!             });
//!         }
//!         Ok(())
//!     })
//! }
//! ```
//! [`Server::serve`](multiserver_compose::Server::serve) does the same in one call.
//!
//! The crates of the other runtimes, `multiserver-smol` and `multiserver-async-std`, differ from this one in their names
//! only: a program that keeps to the [`prelude`] moves by changing its dependency and its `use` line.
//!
//! Without addresses and suites, the secret handshake over a stream of your own:
//! ```
//! use multiserver_tokio::{KeyPair, LayerError, PublicKey, Shs, ShsConnector};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use tokio::net::TcpStream;
//!
//! /// On the server's side an `ShsAcceptor` does the same, in two steps.
//! async fn ask(server: &PublicKey, identity: KeyPair) -> Result<String, LayerError> {
//!     let tcp = TcpStream::connect("127.0.0.1:8008").await?;
//!     let mut stream = ShsConnector::new(Shs::new(identity)).connect(server, tcp).await?;
//!     stream.write_all(b"hello").await?;
//!     stream.shutdown().await?;
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer).await?;
//!     Ok(answer)
//! }
//! ```
#![forbid(unsafe_code)]

#[cfg(feature = "axum")]
pub mod axum;
mod compat;
mod connection;
mod connections;
mod drive;
mod runtime;
mod shs_stream;

pub use connection::{Connection, ReadHalf, WriteHalf};
pub use connections::Connections;
pub use drive::drive;
pub use runtime::Tokio;
pub use shs_stream::{ShsAcceptor, ShsConnector, ShsRequest, ShsStream};
pub use shs_stream::{ShsReadHalf, ShsWriteHalf};
pub use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};

multiserver_compose::export_with_runtime!(Tokio);

/// Runs a future to its end in a new multi-threaded runtime, and returns what it returns.
///
/// # Errors
/// The future's own, or the system has no more threads or descriptors to give.
///
/// # Panics
/// It is called within a runtime, where no other one can be started.
pub fn block_on<T, E: From<std::io::Error>>(future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    tokio::runtime::Runtime::new()?.block_on(future)
}

/// The README's code compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
