//! Multi-protocol addresses and the secret handshake on smol: the one crate to add.
//!
//! A client:
//! ```
//! use multiserver_smol::prelude::*;
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
//! use multiserver_smol::prelude::*;
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
//! The crates of the other runtimes, `multiserver-tokio` and `multiserver-async-std`, differ from this one in their names
//! only: a program that keeps to the [`prelude`] moves by changing its dependency and its `use` line.
//!
//! Without addresses and suites, the secret handshake over a stream of your own:
//! ```
//! use multiserver_smol::{KeyPair, LayerError, PublicKey, Shs, ShsConnector};
//! use smol::io::{AsyncReadExt, AsyncWriteExt};
//! use smol::net::TcpStream;
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

use multiserver_async_io::{AsyncIo, Executor};
pub use multiserver_compose::io::drive;
pub use multiserver_compose::{Connection, ReadHalf, WriteHalf};
pub use multiserver_compose::{ShsAcceptor, ShsConnector, ShsRequest, ShsStream};
pub use smol::io::{AsyncReadExt, AsyncWriteExt, copy};

multiserver_compose::export_with_runtime!(Smol);

/// The smol runtime: its global executor, and async-io's sockets and timers.
pub type Smol = AsyncIo<Global>;

/// smol's global executor.
#[derive(Debug, Clone, Copy, Default)]
pub struct Global;

impl Executor for Global {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        smol::spawn(future).detach();
    }
}

/// Runs a future to its end in this thread, and returns what it returns.
///
/// # Errors
/// The future's own.
pub fn block_on<T, E: From<std::io::Error>>(future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    smol::block_on(future)
}
