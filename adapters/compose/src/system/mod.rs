//! Helpers that all runtimes on an operating system share.

#[cfg(unix)]
mod socket_file;

#[cfg(unix)]
pub use socket_file::{SocketFile, listen_unix};

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::time::Duration;

/// How long a TCP connection is idle before the system sends a keepalive probe.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(60);

/// How long the system waits for an answer before it sends the next probe.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// How many probes without an answer end the connection.
const KEEPALIVE_RETRIES: u32 = 4;

/// How many connections wait at a socket to be accepted, where the system has no lower bound of its own.
const BACKLOG: i32 = 1024;

/// Listens at this address on a port that other sockets may listen at as well (`SO_REUSEPORT`).
///
/// # Errors
/// The system has no such option, the address is not the machine's, or somebody else has its port and does not share it.
pub fn listen_tcp_sharing_port(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // As the standard library does: a server that comes back need not wait for connections of the one before.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    share_port(&socket)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(all(unix, not(any(target_os = "solaris", target_os = "illumos", target_os = "cygwin"))))]
fn share_port(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_port(true)
}

#[cfg(not(all(unix, not(any(target_os = "solaris", target_os = "illumos", target_os = "cygwin")))))]
fn share_port(_: &Socket) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system lets nobody share a port"))
}

/// Fills 32 bytes from the system's cryptographic generator.
///
/// # Errors
/// The system has no randomness to give.
pub fn random() -> io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

/// The addresses of the machine's network interfaces.
///
/// # Errors
/// The system does not tell.
pub fn interfaces() -> io::Result<Vec<IpAddr>> {
    Ok(if_addrs::get_if_addrs()?.iter().map(if_addrs::Interface::ip).collect())
}

/// Sets the options that every TCP connection has: small writes are not delayed (`TCP_NODELAY`), and keepalive is on, so
/// that a connection whose peer's machine or network is gone ends after two minutes without an answer (RFC 1122, section
/// 4.2.3.6).
///
/// An option that the system refuses to set is left as it is, without an error: if the socket is dead, its next use
/// fails.
pub fn tune_tcp<'s, S>(socket: &'s S)
where
    SockRef<'s>: From<&'s S>,
{
    let socket = SockRef::from(socket);
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_INTERVAL);
    let keepalive = keepalive.with_retries(KEEPALIVE_RETRIES);
    let tuned = [socket.set_tcp_nodelay(true), socket.set_tcp_keepalive(&keepalive)];
    for error in tuned.into_iter().filter_map(Result::err) {
        tracing::debug!("cannot set an option of a TCP socket: {error}");
    }
}
