//! Multi-protocol addresses and the secret handshake on async-std: the one crate to add.
//!
//! A client:
//! ```
//! use multiserver_async_std::prelude::*;
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
//! use multiserver_async_std::prelude::*;
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
//! The crates of the other runtimes, `multiserver-tokio` and `multiserver-smol`, differ from this one in their names
//! only: a program that keeps to the [`prelude`] moves by changing its dependency and its `use` line.
//!
//! async-std itself is no longer developed (RUSTSEC-2025-0052 recommends smol). This crate is for programs that still
//! use it; new programs should use `multiserver-smol`, which has the same sockets and timers.
//!
//! Without addresses and suites, the secret handshake over a stream of your own:
//! ```
//! use multiserver_async_std::{KeyPair, LayerError, PublicKey, Shs, ShsConnector};
//! use async_std::io::{ReadExt, WriteExt};
//! use async_std::net::TcpStream;
//!
//! /// On the server's side an `ShsAcceptor` does the same, in two steps.
//! async fn ask(server: &PublicKey, identity: KeyPair) -> Result<String, LayerError> {
//!     let tcp = TcpStream::connect("127.0.0.1:8008").await?;
//!     let mut stream = ShsConnector::new(Shs::new(identity)).connect(server, tcp).await?;
//!     stream.write_all(b"hello").await?;
//!     stream.close().await?;
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer).await?;
//!     Ok(answer)
//! }
//! ```
#![forbid(unsafe_code)]

pub use async_std::io::{ReadExt as AsyncReadExt, WriteExt as AsyncWriteExt, copy};
use multiserver_async_io::{AsyncIo, Executor};
pub use multiserver_compose::io::drive;
pub use multiserver_compose::{Connection, ReadHalf, WriteHalf};
pub use multiserver_compose::{ShsAcceptor, ShsConnector, ShsRequest, ShsStream};

multiserver_compose::export_with_runtime!(AsyncStd);

/// The async-std runtime: its global executor, and async-io's sockets and timers.
pub type AsyncStd = AsyncIo<Global>;

/// async-std's global executor.
#[derive(Debug, Clone, Copy, Default)]
pub struct Global;

impl Executor for Global {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        async_std::task::spawn(future);
    }
}

/// Runs a future to its end in this thread, and returns what it returns.
///
/// # Errors
/// The future's own.
pub fn block_on<T, E: From<std::io::Error>>(future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    async_std::task::block_on(future)
}
