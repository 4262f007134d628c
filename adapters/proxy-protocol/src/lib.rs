//! Reads the header of the PROXY protocol, by which a load balancer tells a server who connects: versions 1 and 2 of
//! HAProxy's `proxy-protocol.txt`, from any futures-io stream.
//!
//! The protocol is a machine, [`Header`], that never asks for a byte behind the header; [`read_header`] runs it over a
//! stream. A multiserver does so by itself where it was told which balancers to believe:
//! `Net::proxy_protocol_from`, as the crates of the runtimes have it.
//!
//! ```
//! use futures_io::{AsyncRead, AsyncWrite};
//! use multiserver_proxy_protocol::read_header;
//! use std::io;
//! use std::net::SocketAddr;
//!
//! /// Where a connection comes from that a balancer at `balancer` has passed on.
//! async fn source<S: AsyncRead + AsyncWrite + Unpin>(io: &mut S, balancer: SocketAddr) -> io::Result<SocketAddr> {
//!     Ok(read_header(io).await?.map_or(balancer, |proxied| proxied.source))
//! }
//! ```
#![forbid(unsafe_code)]

mod error;
mod header;

pub use error::Error;
pub use header::{Header, Proxied};

use futures_io::{AsyncRead, AsyncWrite};
use multiserver_io::{DriveError, drive};

/// Reads a header, and no byte behind it; `None` when the balancer speaks for itself, as in a health check, or does not
/// know the addresses.
///
/// It waits for as long as the header takes: give it a deadline.
///
/// # Errors
/// The stream failed or ended, or what it begins with is no header.
///
/// # Cancel safety
/// Not cancel safe: what was read of the header is forgotten. A [`Header`] of your own under [`drive`] can be resumed.
pub async fn read_header<S>(stream: &mut S) -> Result<Option<Proxied>, DriveError<Error>>
where
    S: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    drive(&mut Header::new(), stream).await
}
