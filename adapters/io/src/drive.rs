//! The one loop that runs handshakes.

use futures_io::{AsyncRead, AsyncWrite};
use multiserver_core::handshake::{Handshake, Step};
use std::error::Error;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;

/// Runs a handshake over a stream and returns what it yields.
///
/// It reads no byte past the handshake's last message, so nothing is left over when it returns.
///
/// # Errors
/// The stream's own errors as they are. What the machine objects to is the source of an [`ErrorKind::Other`], and the
/// machine's view of a stream that ended early is the source of an [`ErrorKind::UnexpectedEof`], also when the stream
/// itself says with an error of that kind that it was cut.
///
/// # Cancel safety
/// Progress is kept in the machine: after a drop, calling it again with the same machine and stream goes on where it
/// was, and no byte is lost or sent twice.
pub async fn drive<H, S>(machine: &mut H, stream: &mut S) -> io::Result<H::Output>
where
    H: Handshake<Error: Error + Send + Sync + 'static>,
    S: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    loop {
        match machine.step().map_err(io::Error::other)? {
            Step::Write(step) => {
                let written = poll_fn(|cx| Pin::new(&mut *stream).poll_write(cx, step.bytes())).await?;
                if written == 0 {
                    return Err(ErrorKind::WriteZero.into());
                }
                step.advance(written);
            }
            Step::Flush(step) => {
                poll_fn(|cx| Pin::new(&mut *stream).poll_flush(cx)).await?;
                step.done();
            }
            Step::Read(mut step) => {
                let read = match poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, step.buffer())).await {
                    Err(error) if error.kind() == ErrorKind::UnexpectedEof => 0,
                    read => read?,
                };
                if read == 0 {
                    return Err(io::Error::new(ErrorKind::UnexpectedEof, machine.end_of_input()));
                }
                step.advance(read);
            }
            Step::Done(output) => return Ok(output),
        }
    }
}
