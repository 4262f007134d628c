//! The driver of handshakes, over tokio's stream traits.

use crate::compat::Compat;
use multiserver_core::handshake::Handshake;
use multiserver_io::DriveError;
use tokio::io::{AsyncRead, AsyncWrite};

/// Runs a handshake over a tokio stream and returns what it yields, as [`multiserver_io::drive`] does over others.
///
/// # Errors
/// The stream failed or ended, or the machine objects to what the peer said.
///
/// # Cancel safety
/// Progress is kept in the machine: after a drop, calling it again with the same machine and stream goes on where it
/// was, and no byte is lost or sent twice.
pub async fn drive<H, S>(machine: &mut H, stream: &mut S) -> Result<H::Output, DriveError<H::Error>>
where
    H: Handshake,
    S: AsyncRead + AsyncWrite + Unpin,
{
    multiserver_io::drive(machine, &mut Compat(stream)).await
}
