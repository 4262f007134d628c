//! The traits that a runtime implements.

use crate::Connection;
use multiserver_core::keys::{Ephemeral, KeyPair, Seed};
use multiserver_io::{Duplex, MaybeSend, MaybeSync};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

/// A boxed future, as traits with `dyn` have to return them; `Send` on systems with threads.
#[cfg(not(target_family = "wasm"))]
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A boxed future, as traits with `dyn` have to return them; `Send` on systems with threads.
#[cfg(target_family = "wasm")]
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A browser's futures hold values that cannot leave their thread.
#[cfg(target_family = "wasm")]
const _: fn(std::rc::Rc<()>) -> BoxFuture<'static, std::rc::Rc<()>> = |value| Box::pin(std::future::ready(value));

/// Sockets, timers, tasks and randomness: everything that differs between runtimes, and between a real network and a
/// simulated one.
pub trait Runtime: MaybeSend + MaybeSync + 'static {
    /// Looks a host name up and returns its addresses, best first; an IP address is returned as it is.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;

    /// Opens a TCP connection, without delaying small writes (`TCP_NODELAY`) and with keepalive, so that a connection
    /// ends when the peer's network is gone.
    fn tcp_connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Duplex>>;

    /// Starts to listen for TCP connections; port 0 takes a free one.
    fn tcp_listen(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn TcpListener>>>;

    /// Starts to listen on a TCP socket that is open already, which it makes non-blocking; without an implementation
    /// sockets have to be opened by [`tcp_listen`](Self::tcp_listen).
    ///
    /// # Errors
    /// The runtime's sockets are not those of the system, or the system refuses.
    fn tcp_adopt(&self, socket: std::net::TcpListener) -> io::Result<Box<dyn TcpListener>> {
        let _ = socket;
        Err(cannot_adopt())
    }

    /// Connects to the Unix socket at this path; without an implementation there are no Unix sockets.
    fn unix_connect<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Duplex>> {
        let _ = path;
        Box::pin(async { Err(no_unix_sockets()) })
    }

    /// Starts to listen on a Unix socket at this path; without an implementation there are no Unix sockets.
    ///
    /// Only the file's owner can connect. A socket where connecting is refused is replaced, and nothing else is.
    /// Dropping the listener removes the file.
    fn unix_listen<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Box<dyn UnixListener>>> {
        let _ = path;
        Box::pin(async { Err(no_unix_sockets()) })
    }

    /// Starts to listen on a Unix socket that is open already, which it makes non-blocking and whose file it leaves alone;
    /// without an implementation sockets have to be opened by [`unix_listen`](Self::unix_listen).
    ///
    /// # Errors
    /// The runtime's sockets are not those of the system, or the system refuses.
    #[cfg(unix)]
    fn unix_adopt(&self, socket: std::os::unix::net::UnixListener) -> io::Result<Box<dyn UnixListener>> {
        let _ = socket;
        Err(cannot_adopt())
    }

    /// Ends when this much time has passed since the call, even if it is first polled later.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// The time of day, for [`Connection::since`].
    fn now(&self) -> SystemTime;

    /// Runs a future to its end in a task of its own. Of this crate, only
    /// [`Server::serve`](crate::Server::serve) asks for it.
    fn spawn(&self, future: BoxFuture<'static, ()>);

    /// Fills 32 bytes from a cryptographic generator.
    ///
    /// # Errors
    /// The system has no randomness to give.
    fn random(&self) -> io::Result<[u8; 32]>;

    /// The addresses of the machine's network interfaces.
    ///
    /// # Errors
    /// The system does not tell.
    fn interfaces(&self) -> io::Result<Vec<IpAddr>>;
}

impl dyn Runtime {
    /// A fresh key pair for one handshake.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn ephemeral(&self) -> io::Result<Ephemeral> {
        self.random().map(Ephemeral::from_random)
    }
}

/// A [`Runtime`] together with the type of its connections.
pub trait Native: Runtime {
    /// What [`connect`](crate::Multiserver::connect) and [`accept`](crate::Request::accept) return: a [`Connection`],
    /// or a type around one with the runtime's own stream traits.
    type Connection: From<Connection> + MaybeSend + 'static;
}

/// A listening TCP socket of a [`Runtime`].
pub trait TcpListener: MaybeSend + MaybeSync + 'static {
    /// Where it listens, with the port it really has.
    ///
    /// # Errors
    /// The system does not tell.
    fn local_address(&self) -> io::Result<SocketAddr>;

    /// Accepts a connection, with the options that [`Runtime::tcp_connect`] sets.
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<TcpArrival>>;
}

/// A connection that a [`TcpListener`] accepted.
#[derive(Debug)]
#[non_exhaustive]
pub struct TcpArrival {
    /// The connection.
    pub io: Duplex,
    /// Where it comes from.
    pub remote: SocketAddr,
    /// At which of the machine's own addresses it arrived; `None` when the system no longer tells.
    pub local: Option<SocketAddr>,
}

impl TcpArrival {
    /// The connection, where it comes from, and at which of the machine's own addresses it arrived.
    #[must_use]
    pub const fn new(io: Duplex, remote: SocketAddr, local: Option<SocketAddr>) -> Self {
        Self { io, remote, local }
    }
}

/// A listening Unix socket of a [`Runtime`].
pub trait UnixListener: MaybeSend + MaybeSync + 'static {
    /// Accepts a connection.
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Duplex>>;
}

/// Makes a new long-term identity from the runtime's randomness.
///
/// # Errors
/// The system has no randomness to give.
pub fn generate_identity(runtime: &impl Runtime) -> io::Result<KeyPair> {
    runtime.random().map(|random| KeyPair::from_seed(Seed::from_bytes(random)))
}

fn cannot_adopt() -> io::Error {
    let text = "this runtime cannot listen on a socket that is open already: bind to an address instead";
    io::Error::new(ErrorKind::Unsupported, text)
}

fn no_unix_sockets() -> io::Error {
    io::Error::new(ErrorKind::Unsupported, "this runtime has no Unix sockets")
}
