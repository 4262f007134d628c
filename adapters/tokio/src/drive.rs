//! The driver of handshakes, over tokio's stream traits.

use crate::compat::Compat;
use multiserver_core::handshake::Handshake;
use multiserver_io::DriveError;
use tokio::io::{AsyncRead, AsyncWrite};

/// Runs a handshake over a tokio stream and returns its output, as [`multiserver_io::drive`] does over a stream of
/// futures-io.
///
/// # Errors
/// The stream failed or ended, or the machine found a message of the peer invalid.
///
/// # Cancel safety
/// The machine keeps its progress: after the future is dropped, calling this again with the same machine and stream
/// continues where it stopped, and no byte is lost or sent twice.
pub async fn drive<H, S>(machine: &mut H, stream: &mut S) -> Result<H::Output, DriveError<H::Error>>
where
    H: Handshake,
    S: AsyncRead + AsyncWrite + Unpin,
{
    multiserver_io::drive(machine, &mut Compat(stream)).await
}
