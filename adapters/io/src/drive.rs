//! The loop that runs any handshake, for futures and for threads.

use futures_io::{AsyncRead, AsyncWrite};
use multiserver_core::handshake::{Handshake, Step};
use std::error::Error;
use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Write};
use std::pin::Pin;

/// Why a handshake did not complete: the stream failed, or the machine did.
///
/// It converts into an [`io::Error`] whose source is the machine's error.
#[derive(Debug, thiserror::Error)]
pub enum DriveError<E> {
    /// The stream failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The peer's bytes ended too early, or the stream reported by an [`ErrorKind::UnexpectedEof`] that it was cut.
    /// This is the machine's error for that.
    #[error(transparent)]
    Closed(E),
    /// The machine found a message of the peer invalid, or was driven after its end.
    #[error(transparent)]
    Handshake(E),
}

impl<E: Error + Send + Sync + 'static> From<DriveError<E>> for io::Error {
    fn from(error: DriveError<E>) -> Self {
        match error {
            DriveError::Io(error) => error,
            DriveError::Closed(error) => Self::new(ErrorKind::UnexpectedEof, error),
            DriveError::Handshake(error) => Self::other(error),
        }
    }
}

/// Runs a handshake over a stream and returns its output.
///
/// It reads no byte past the handshake's last message, so nothing is left over when it returns.
///
/// # Errors
/// The stream failed or ended, or the machine objects to what the peer said.
///
/// # Cancel safety
/// The machine keeps its progress: after the future is dropped, calling this again with the same machine and stream
/// continues where it stopped, and no byte is lost or sent twice.
pub async fn drive<H, S>(machine: &mut H, stream: &mut S) -> Result<H::Output, DriveError<H::Error>>
where
    H: Handshake,
    S: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    loop {
        match machine.step().map_err(DriveError::Handshake)? {
            Step::Write(step) => {
                let written = poll_fn(|cx| Pin::new(&mut *stream).poll_write(cx, step.bytes())).await?;
                if written == 0 {
                    return Err(io::Error::from(ErrorKind::WriteZero).into());
                }
                step.advance(written);
            }
            Step::Flush(step) => {
                poll_fn(|cx| Pin::new(&mut *stream).poll_flush(cx)).await?;
                step.done();
                machine.prepare();
            }
            Step::Read(mut step) => {
                let read = poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, step.buffer())).await;
                match or_end(read)? {
                    0 => return Err(DriveError::Closed(machine.end_of_input())),
                    read => step.advance(read),
                }
            }
            Step::Done(output) => return Ok(output),
        }
    }
}

/// Runs a handshake over a blocking stream, such as a `TcpStream` of the standard library, as [`drive`] does over one of
/// futures.
///
/// # Errors
/// The stream failed or ended, or the machine objects to what the peer said.
pub fn drive_blocking<H, S>(machine: &mut H, stream: &mut S) -> Result<H::Output, DriveError<H::Error>>
where
    H: Handshake,
    S: Read + Write + ?Sized,
{
    loop {
        match machine.step().map_err(DriveError::Handshake)? {
            Step::Write(step) => match uninterrupted(|| stream.write(step.bytes()))? {
                0 => return Err(io::Error::from(ErrorKind::WriteZero).into()),
                written => step.advance(written),
            },
            Step::Flush(step) => {
                uninterrupted(|| stream.flush())?;
                step.done();
                machine.prepare();
            }
            Step::Read(mut step) => match or_end(uninterrupted(|| stream.read(step.buffer())))? {
                0 => return Err(DriveError::Closed(machine.end_of_input())),
                read => step.advance(read),
            },
            Step::Done(output) => return Ok(output),
        }
    }
}

/// Does this again as long as a signal interrupts it.
fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// How many bytes were read; a stream that was cut counts as ended.
fn or_end(read: io::Result<usize>) -> io::Result<usize> {
    match read {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(0),
        read => read,
    }
}
