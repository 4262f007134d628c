//! What the runtimes on an operating system have in common.

#[cfg(unix)]
mod socket_file;

#[cfg(unix)]
pub use socket_file::{SocketFile, listen_unix};

use std::io;
use std::net::IpAddr;

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
